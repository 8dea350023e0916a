"""The store that the benches work on: one shop, its products and customers linked.

Everything an order needs is known, so that an order costs what an order costs.
"""

import json
import urllib.request

from odoo.fields import Command

TAX = {"title": "Sales Tax", "rate": "0.15"}
PRODUCTS, CUSTOMERS = 30, 20
SHOP = "bench"


class Emulator:
    """The emulated Shopify, another process, spoken to at its control address."""

    def __init__(self, address: str):
        self._address = address + "/_control"

    def call(self, call: str, shop: str | None = None, **args):
        body = json.dumps({"shop": shop, "call": call, "args": args}).encode()
        with urllib.request.urlopen(self._address, body, timeout=120) as answer:
            return json.load(answer)["result"]


def make_shop(emulator) -> None:
    emulator.call("add_shop", name=SHOP, currency="USD", client_secret="secret-bench")
    emulator.call("webhook_mode", SHOP, mode="manual")
    # The budget is no subject here: waiting for points costs no processor time.
    emulator.call("set_bucket", SHOP, points=1e6, size=1e6, rate=1e6)


def make_store(here, emulator) -> int:
    """Connect, map the tax and the location, link products; the store's ID."""
    with here.env() as env:
        backend = env["shopify.backend"].create(
            {
                "name": "Bench",
                "shop_domain": f"{SHOP}.myshopify.com",
                "client_id": f"client-{SHOP}",
                "client_secret": f"secret-{SHOP}",
            }
        )
        env.cr.commit()
        backend.action_connect()
        flows = backend.flow_ids
        # Measured is the work, not the wait for links.
        flows.write(
            {
                "gate_override_reason": "Bench",
                "gate_override_until": "9999-12-31",
            }
        )
        flows.filtered(lambda f: f.flow in ("orders", "customers")).policy = "automatic"
        _map(env, backend)
        store = backend.id
    link_products(here, emulator, store, PRODUCTS, "GOODS")
    return store


def _map(env, backend) -> None:
    tax = env["account.tax"].create(
        {
            "name": "Sales 15",
            "amount": 15.0,
            "type_tax_use": "sale",
            "price_include_override": "tax_excluded",
            "company_id": backend.company_id.id,
        }
    )
    env["shopify.mapping.tax"].create(
        {
            "backend_id": backend.id,
            "title": TAX["title"],
            "rate": 0.15,
            "included": False,
            "tax_id": tax.id,
        }
    )
    places = env["shopify.mapping.location"].search([("backend_id", "=", backend.id)])
    places.warehouse_id = backend.default_warehouse_id


def link_products(here, emulator, store: int, count: int, prefix: str) -> list[int]:
    """Goods on both sides, 1,000 pieces each, linked. IDs of the links."""
    gids = []
    # Shopify takes 100 values an option here, so 100 variants a product.
    for first in range(0, count, 100):
        numbers = range(first, min(first + 100, count))
        product = emulator.call(
            "create_product",
            SHOP,
            title=f"{prefix} {first}",
            options=["Number"],
            variants=[
                {
                    "options": [str(number)],
                    "sku": f"{prefix}-{number}",
                    "price": f"{10 + number % 40}.90",
                    "stock": 1000,
                }
                for number in numbers
            ],
        )
        for gid in product["variants"]:
            variant = emulator.call("get_object", SHOP, gid=gid)
            gids.append((gid, product["id"], variant["inventoryItem"], variant["sku"]))
    with here.env() as env:
        backend = env["shopify.backend"].browse(store)
        products = env["product.product"].create(
            [
                {
                    "name": sku,
                    "default_code": sku,
                    "type": "consu",
                    "is_storable": True,
                    "list_price": 77.0,
                }
                for _gid, _product, _item, sku in gids
            ]
        )
        location = backend.default_warehouse_id.lot_stock_id
        for product in products:
            env["stock.quant"]._update_available_quantity(product, location, 1000)
        links = env["shopify.product.product"]._bind(
            backend,
            [
                {
                    "shopify_gid": gid,
                    "odoo_id": product.id,
                    "product_gid": product_gid,
                    "label": sku,
                    "inventory_item_gid": item,
                    "tracked": True,
                }
                for (gid, product_gid, item, sku), product in zip(
                    gids, products, strict=True
                )
            ],
        )
        return links.ids


class Buyers:
    """Places orders in the shop: 3 lines, shipping, one of the known customers."""

    def __init__(self, emulator):
        self._emulator = emulator
        self._placed = 0

    def order(self) -> str:
        """Place one; its GID."""
        number, self._placed = self._placed, self._placed + 1
        buyer = number % CUSTOMERS
        lines = [
            {
                "variant": f"GOODS-{(number + 7 * place) % PRODUCTS}",
                "quantity": place + 1,
            }
            for place in range(3)
        ]
        address = {
            "firstName": "Ada",
            "lastName": f"Buyer {buyer}",
            "address1": f"{buyer} Main Street",
            "city": "Springfield",
            "zip": "62701",
            "provinceCode": "IL",
            "countryCodeV2": "US",
        }
        return self._emulator.call(
            "create_order",
            SHOP,
            lines=lines,
            shipping=[{"title": "Parcel", "price": "4.95"}],
            taxes=[TAX],
            taxes_included=False,
            email=f"buyer{buyer}@example.com",
            shipping_address=address,
            billing_address=address,
        )["id"]


def trigger(here, store: int, gids) -> None:
    """What webhooks of these orders would leave behind."""
    with here.env() as env:
        env["shopify.trigger"]._insert(
            env["shopify.backend"].browse(store),
            [("orders", "in", "Order", gid) for gid in gids],
            "bench",
        )


def same_order(order) -> dict:
    """Values to create a sale order like this one, as any script would."""
    return {
        "company_id": order.company_id.id,
        "partner_id": order.partner_id.id,
        "partner_invoice_id": order.partner_invoice_id.id,
        "partner_shipping_id": order.partner_shipping_id.id,
        "pricelist_id": order.pricelist_id.id,
        "warehouse_id": order.warehouse_id.id,
        "carrier_id": order.carrier_id.id,
        "client_order_ref": order.client_order_ref,
        "date_order": order.date_order,
        "user_id": False,
        "payment_term_id": False,
        "order_line": [
            Command.create(
                {
                    "product_id": line.product_id.id,
                    "name": line.name,
                    "product_uom_qty": line.product_uom_qty,
                    "price_unit": line.price_unit,
                    "discount": line.discount,
                    "tax_ids": [Command.set(line.tax_ids.ids)],
                    "is_delivery": line.is_delivery,
                }
            )
            for line in order.order_line
        ],
    }


def requests_since(emulator, before: int) -> dict:
    """{operation: [requests, points]} that the shop has seen after the first `before`."""
    found = {}
    for row in emulator.call("request_log", SHOP, since=before):
        counts = found.setdefault(row["operation"], [0, 0])
        counts[0] += 1
        counts[1] += row["cost"]
    return found


def requests_so_far(emulator) -> int:
    return len(emulator.call("request_log", SHOP))
