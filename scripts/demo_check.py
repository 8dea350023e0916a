"""Compares both sides with demo/expected.json, and one moment with another.

Reads Odoo by RPC and the emulator by its control address; of the connector's own tables
only what people see: the reasons in To review.
"""

from decimal import Decimal

# Everything a sync may write, beside the connector's own books.
WATCHED = (
    "res.partner",
    "product.template",
    "product.product",
    "product.attribute.value",
    "sale.order",
    "sale.order.line",
    "stock.picking",
    "stock.move",
    "stock.quant",
    "account.move",
)
# "app--<number>--odoo.id" as the shop keeps it.
MARK = "--odoo.id"


def end_state(odoo, emulator, expected: dict) -> list[str]:
    """Every difference, in words."""
    shop = expected["shop"]
    found = {
        "orders": _orders(odoo, emulator, shop, expected["orders"]),
        "products": _products(odoo, emulator, shop, expected["products"]),
        "stock": _stock(emulator, shop, expected["stock"]),
        "fulfilments": _fulfilments(emulator, shop, expected["fulfilments"]),
        "partners": _partners(odoo, expected["partners"]),
        "mail": _no_mail(odoo),
    }
    return [f"{kind}: {text}" for kind, texts in found.items() for text in texts]


# --- orders -----------------------------------------------------------------------------


def _orders(odoo, emulator, shop, expected):
    remote = {
        order["name"]: order
        for order in emulator.call("list_objects", shop, typename="Order")
    }
    if set(remote) != set(expected):
        yield f"{sorted(set(remote) ^ set(expected))} are on one side only"
    for name, wanted in expected.items():
        gid = remote[name]["id"]
        for problem in _order(odoo, emulator, shop, name, gid, wanted):
            yield f"{name} ({wanted['why']}): {problem}"


def _order(odoo, emulator, shop, name, gid, wanted):
    order = odoo.order(name)
    for state in ("review", "waiting"):
        if state in wanted:
            yield from _stopped(odoo, gid, order, state, wanted[state])
            return
    if not wanted.get("imported"):
        if order:
            yield f"is in Odoo as {order['name']}"
        return
    if not order:
        yield f"is not in Odoo: {_why_not(odoo, gid)}"
        return
    yield from _figures(order, wanted)
    yield from _mark(emulator, shop, gid, order["id"])


def _stopped(odoo, gid, order, state, code):
    """It waits for a person (review) or for Shopify (waiting), for this reason."""
    if order:
        yield f"is in Odoo as {order['name']}, expected {state}: {code}"
        return
    rows = [("subject_key", "=", gid), ("direction", "=", "in"), ("state", "=", state)]
    if _why_not(odoo, gid) != code or not odoo.read("shopify.sync", rows, "state"):
        yield f"expected {state}: {code}, found {_why_not(odoo, gid)}"


def _why_not(odoo, gid):
    rows = odoo.read(
        "shopify.sync",
        [("subject_key", "=", gid), ("direction", "=", "in")],
        "state",
        "reason_code",
        "note",
    )
    return "; ".join(
        row["reason_code"] or f"{row['state']} {row['note'] or ''}" for row in rows
    )


def _figures(order, wanted):
    found = {
        "total": _money(order["amount_total"]),
        "tax": _money(order["amount_tax"]),
        "lines": len(order["order_line"]),
        "state": order["state"],
        "currency": order["currency_id"][1],
    }
    asked = {"state": "sale", "currency": "EUR"} | {
        key: wanted[key] for key in ("total", "tax", "lines") if key in wanted
    }
    for key, value in asked.items():
        if found[key] != value:
            yield f"{key} is {found[key]}, expected {value}"
    if "warehouse" in wanted and wanted["warehouse"] != order["warehouse_id"][1]:
        yield f"warehouse is {order['warehouse_id'][1]}, not {wanted['warehouse']}"


def _money(amount: float) -> str:
    return str(Decimal(str(amount)).quantize(Decimal("0.01")))


def _mark(emulator, shop, gid, odoo_id):
    marked = _marked_id(emulator, shop, gid)
    if marked != str(odoo_id):
        yield f"Shopify holds the Odoo ID {marked}, expected {odoo_id}"


def _marked_id(emulator, shop, gid):
    """The Odoo ID in the record's protected metafield, or None."""
    fields = emulator.call("get_object", shop, gid=gid)["_metafields"]
    return next(
        (value for key, value in fields.items() if key.endswith(MARK)),
        None,
    )


# --- products, stock, deliveries, partners, mail --------------------------------------------


def _products(odoo, emulator, shop, expected):
    for product in emulator.call("list_objects", shop, typename="Product"):
        title = product["title"]
        wanted = expected["review"].get(title)
        problems = (
            _unlinked(odoo, emulator, shop, product, wanted)
            if wanted
            else _linked(odoo, emulator, shop, product, expected)
        )
        for problem in problems:
            yield f"{title}: {problem}"
    total = odoo.call("product.template", "search_count", [("sale_ok", "=", True)])
    if total != expected["sold_products_in_odoo"]:
        yield f"{total} products in Odoo, expected {expected['sold_products_in_odoo']}"


def _unlinked(odoo, emulator, shop, product, code):
    if _why_not(odoo, product["id"]) != code:
        yield f"expected review: {code}, found {_why_not(odoo, product['id'])}"
    for gid in [product["id"], *product["variants"]]:
        if _marked_id(emulator, shop, gid):
            yield f"{gid} was marked"


def _linked(odoo, emulator, shop, product, expected):
    template = _marked_id(emulator, shop, product["id"])
    if not template:
        yield f"not marked: {_why_not(odoo, product['id'])}"
        return
    for gid in product["variants"]:
        variant = emulator.call("get_object", shop, gid=gid)
        item = emulator.call("get_object", shop, gid=variant["inventoryItem"])
        marked = _marked_id(emulator, shop, gid)
        found = odoo.read(
            "product.product",
            [("id", "=", int(marked or 0))],
            "default_code",
            "product_tmpl_id",
            "is_storable",
            "type",
        )
        if not found:
            yield f"variant {gid} carries the Odoo ID {marked}, which is no variant"
            continue
        if (found[0]["default_code"] or None) != (item["sku"] or None):
            yield f"{item['sku']} is linked to {found[0]['default_code']}"
        if found[0]["product_tmpl_id"][0] != int(template):
            yield f"{item['sku']} is linked to a variant of another product"
        kind = "service" if not item["requiresShipping"] else "consu"
        if found[0]["type"] != kind:
            yield f"{item['sku']} is of type {found[0]['type']}, expected {kind}"
        if kind == "consu" and found[0]["is_storable"] != item["tracked"]:
            yield f"{item['sku']}: stock kept is {found[0]['is_storable']}"


def _stock(emulator, shop, expected):
    items = _gids(emulator, shop, "InventoryItem", "sku")
    places = _gids(emulator, shop, "Location", "name")
    for location, by_sku in expected.items():
        for sku, wanted in by_sku.items():
            found = emulator.call(
                "stock", shop, thing=items[sku], location=places[location]
            )
            for name, quantity in wanted.items():
                if found[name] != quantity:
                    yield (
                        f"{sku} at {location}: {name} is {found[name]}, "
                        f"expected {quantity}"
                    )


def _gids(emulator, shop, typename, key):
    objects = emulator.call("list_objects", shop, typename=typename)
    return {each[key]: each["id"] for each in objects}


def _fulfilments(emulator, shop, expected):
    orders = {
        order["name"]: order
        for order in emulator.call("list_objects", shop, typename="Order")
    }
    for name, wanted in expected.items():
        order = orders[name]
        if order["displayFulfillmentStatus"] != wanted["status"]:
            yield f"{name} is {order['displayFulfillmentStatus']}"
        if "tracking" in wanted:
            sent = [
                emulator.call("get_object", shop, gid=gid)
                for gid in order["_fulfillments"]
            ]
            numbers = [entry["number"] for one in sent for entry in one["trackingInfo"]]
            if numbers != wanted["tracking"]:
                yield f"{name}: tracking numbers {numbers}"


def _partners(odoo, expected):
    for email, count in expected.items():
        found = odoo.call(
            "res.partner",
            "search_count",
            [("email", "=ilike", email), ("parent_id", "=", False)],
        )
        if found != count:
            yield f"{found} contacts with the e-mail {email}, expected {count}"


def _no_mail(odoo):
    for mail in odoo.read("mail.mail", [], "subject", "email_to"):
        yield f"a mail was written to {mail['email_to']}: {mail['subject']}"


# --- a second sync -------------------------------------------------------------------------


def traces(odoo, emulator) -> dict:
    """What would differ if anything were written on either side."""
    rows = {}
    for model in WATCHED:
        last = odoo.read(model, [], "write_date", order="write_date desc", limit=1)
        rows[model] = (
            odoo.call(model, "search_count", []),
            last[0]["write_date"] if last else None,
        )
    shops = emulator.call("digest")
    applied = {name: emulator.call("applied", name, app_data=False) for name in shops}
    return {"odoo": rows, "shopify": shops, "applied": applied}


def first_sync_wrote(after: dict):
    if not all(after["applied"].values()):
        yield "the first sync wrote nothing to Shopify"
    if not after["odoo"]["sale.order"][0]:
        yield "the first sync wrote no sale order"


def nothing_written(before: dict, after: dict):
    for model, trace in before["odoo"].items():
        if after["odoo"][model] != trace:
            yield f"the second sync wrote {model}: {trace} became {after['odoo'][model]}"
    for name, calls in before["applied"].items():
        more = after["applied"][name][len(calls) :]
        if more:
            yield f"the second sync wrote to Shopify: {', '.join(more)}"
    if before["shopify"] != after["shopify"]:
        yield "the second sync changed the shop"
