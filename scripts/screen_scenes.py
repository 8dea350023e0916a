"""Brings a running demo into the states that recovery and matching are for.

Each scene says what a person did on either side, and which page or dialog shows it.
Runs once a demo: a take-over in the database says that it ran.
"""

import base64
import json
import time
import urllib.request

SHOP = "fernandflax"
STORE = 1
LONGEST = 60


class Desk:
    """Calls Odoo as the person who is logged in, and the emulator by its control."""

    def __init__(self, page, address: str):
        self.page = page
        self.address = address
        override = self.read("shopify.backend", [], "api_url_override")
        self.emulator = override[0]["api_url_override"].rpartition("/")[0]

    def call(self, model: str, method: str, *args, **kw):
        return self._post("call_kw", model, method, *args, **kw)

    def press(self, model: str, method: str, *ids: int) -> dict:
        """The action that a button gives, as the web client gets it."""
        return self._post("call_button", model, method, list(ids))

    def _post(self, route, model, method, *args, **kw):
        params = {"model": model, "method": method, "args": args, "kwargs": kw}
        answer = self.page.request.post(
            f"{self.address}/web/dataset/{route}/{model}/{method}",
            data={"jsonrpc": "2.0", "params": params},
        ).json()
        if "error" in answer:
            raise AssertionError(
                f"{model}.{method}: {answer['error']['data']['message']}"
            )
        return answer.get("result")

    def read(self, model: str, domain, *fields, **kw) -> list[dict]:
        return self.call(model, "search_read", domain, fields=list(fields), **kw)

    def one(self, model: str, *domain) -> int:
        found = self.call(model, "search", list(domain), limit=1)
        if not found:
            raise AssertionError(f"no {model} for {domain}")
        return found[0]

    def shop(self, call: str, **args):
        body = json.dumps({"shop": SHOP, "call": call, "args": args}).encode()
        request = urllib.request.Request(
            f"{self.emulator}/_control", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["result"]

    def product_gid(self, title: str) -> str:
        found = self.shop("list_objects", typename="Product")
        return next(each["id"] for each in found if each["title"] == title)

    def wait(self, what: str, condition):
        deadline = time.monotonic() + LONGEST
        while not (answer := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}")
            time.sleep(0.3)
        return answer

    def wait_scan(self) -> None:
        busy = [("state", "in", ["asked", "reading", "comparing"])]
        self.wait(
            "the scan", lambda: not self.call("shopify.scan", "search_count", busy)
        )


def arrange(desk: Desk) -> None:
    """All scenes, once."""
    if desk.call("shopify.takeover", "search_count", []):
        return
    accidents(desk)
    for method in ("action_scan", "action_audit", "action_rebuild_links"):
        desk.call("shopify.backend", method, [STORE])
        desk.wait_scan()
    duplicates(desk)
    previews(desk)
    take_over(desk)


def accidents(desk: Desk) -> None:
    """A product copied in Shopify, another deleted there, an Odoo ID changed there."""
    desk.shop("duplicate_product", gid=desk.product_gid("Wool Scarf"))
    gone = desk.shop("get_object", gid=desk.product_gid("Fern Poster"))
    desk.shop("delete_variant", gid=gone["variants"][0])
    mug = desk.shop("get_object", gid=desk.product_gid("Stoneware Mug"))
    desk.shop(
        "set_metafield",
        owner=mug["variants"][0],
        namespace="$app:odoo",
        key="id",
        value="999999",
    )


def duplicates(desk: Desk) -> None:
    """A contact, an order and a product entered a second time by hand."""
    desk.call(
        "res.partner",
        "create",
        {"name": "A. de Vries", "email": "Anna@example.com", "phone": "+31 30 1234567"},
    )
    order = desk.one("sale.order", ("client_order_ref", "=", "#1002"))
    copy = desk.call("sale.order", "copy", [order])
    desk.call("sale.order", "write", copy, {"client_order_ref": "#1002"})
    desk.call(
        "product.product",
        "create",
        {"name": "Apron of linen", "default_code": "apron", "list_price": 28},
    )
    desk.call("shopify.backend", "action_look_for_duplicates", [STORE])


def previews(desk: Desk) -> None:
    """Orders and customers in review: two orders and a change wait to be accepted."""
    flows = desk.call(
        "shopify.flow", "search", [("flow", "in", ["orders", "customers"])]
    )
    desk.call("shopify.flow", "write", flows, {"policy": "review"})
    address = {
        "firstName": "Nora",
        "lastName": "Smit",
        "address1": "Prinsengracht 1",
        "city": "Amsterdam",
        "zip": "1015 DK",
        "countryCode": "NL",
    }
    orders = [
        desk.shop(
            "create_order",
            lines=[{"variant": sku, "quantity": 2}, {"variant": "SPOON"}],
            email="nora@example.com",
            shipping_address=address,
            shipping=[{"title": "Standard", "price": "4.95"}],
            taxes=[{"title": "BTW", "rate": "0.21"}],
            taxes_included=True,
        )["id"]
        for sku in ("APRON", "MUG-SEA")
    ]
    waiting = [("subject_key", "in", orders), ("reason_code", "=", "to_accept")]
    desk.wait(
        "the previews",
        lambda: desk.call("shopify.sync", "search_count", waiting) == len(orders),
    )


def take_over(desk: Desk) -> None:
    """Another connector's links from a file: right, wrong and unreadable ones."""
    pegs_gid, napkin, mat = (
        desk.shop("get_object", gid=desk.product_gid(title))["variants"][0]
        for title in ("Clothes Pegs", "Linen Napkin", "Door Mat")
    )
    pegs = desk.one("product.product", ("default_code", "=", "PEGS"))
    wrong = desk.one("product.product", ("default_code", "=", "WRAP"))
    mats = desk.one("product.product", ("default_code", "=", "MAT"))
    lines = ["shopify_id,type,odoo_id"]
    lines += [f"{pegs_gid},variant,{pegs}", f"{napkin},variant,{wrong}"]
    lines += [f"{mat},variant,{mats}", "999999999,variant,1", "nonsense,variant,1"]
    run = desk.call(
        "shopify.takeover",
        "create",
        {
            "origin": "file",
            "filename": "links-of-the-old-connector.csv",
            "file": base64.b64encode("\n".join(lines).encode()).decode(),
        },
    )
    desk.call("shopify.takeover", "action_check", [run])
    desk.wait(
        "the take-over",
        lambda: desk.read("shopify.takeover", [("state", "=", "checked")], "state"),
    )


# === WHAT BUTTONS OPEN === #


def actions(desk: Desk) -> dict:
    """{name of the picture: the action that a button gives}"""
    [flow] = desk.call("shopify.flow", "search", [("flow", "=", "stock")])
    scans = desk.read(
        "shopify.scan", [("purpose", "!=", "matching")], "purpose", order="id"
    )
    found = {
        scan["purpose"]: _window("shopify.scan", "Audits", res_id=scan["id"])
        for scan in scans
    }
    [run] = desk.call("shopify.takeover", "search", [])
    preview = desk.one("shopify.sync", ("reason_code", "=", "to_accept"))
    return found | {
        "preview": _window("shopify.sync", "To Review", res_id=preview),
        "take-over-lines": desk.press("shopify.takeover", "action_lines", run),
        "missing": desk.press("shopify.backend", "action_gate_rows", STORE),
        "run-anyway": desk.press("shopify.flow", "action_gate_override", flow),
        "write-again": _dialog(
            "shopify.remark.wizard",
            "Write all IDs to Shopify again",
            default_backend_id=STORE,
        ),
        "set-up": desk.press("shopify.backend", "action_connect_wizard", STORE),
        **_changes_of_links(desk),
    }


def _changes_of_links(desk: Desk) -> dict:
    variants, products = "shopify.product.product", "shopify.product.template"
    people = desk.call(
        "res.partner", "search", [("email", "=ilike", "anna@example.com")]
    )
    customer = desk.one("shopify.res.partner", ("odoo_id", "in", people))
    apron = desk.one(variants, ("odoo_id.default_code", "=", "APRON"))
    mug = desk.one(variants, ("odoo_id.default_code", "=", "MUG-SEA"))
    scarf = desk.one(products, ("odoo_id.name", "=", "Wool Scarf"))
    second = desk.one("product.product", ("default_code", "=", "apron"))

    def change(model, link, mode, **values):
        action = desk.press(model, "action_relink", link)
        action["context"] |= {"default_mode": mode, **values}
        return action

    return {
        "relink": change(variants, apron, "relink", default_product_id=second),
        "unlink": change("shopify.res.partner", customer, "unlink"),
        "split": change(variants, mug, "split"),
        "move": change(products, scarf, "move"),
        "merge-contacts": _dialog(
            "base.partner.merge.automatic.wizard",
            "Merge contacts",
            active_model="res.partner",
            active_ids=people,
        ),
        "pack": _dialog(
            "shopify.pack.wizard", "What This Variant Stands For", default_link_id=mug
        ),
        "shared": _dialog("shopify.shared.wizard", "Declare a Product Shared"),
    }


def _window(model: str, name: str, **values) -> dict:
    return {
        "type": "ir.actions.act_window",
        "name": name,
        "res_model": model,
        "views": [[False, "form"]],
        **values,
    }


def _dialog(model: str, name: str, **context) -> dict:
    return _window(model, name, target="new", context=context)
