"""A store in which orders have all they need: linked variants, taxes, a location."""

from odoo import Command

from ..common import ShopifyCase

TAX = {"title": "Sales Tax", "rate": "0.15"}


class OrderCase(ShopifyCase):
    """`order(…)` places one in the shop; `sync(order)` brings it here."""

    taxes_included = False

    def setUp(self):
        super().setUp()
        self.variants = {}
        self.tax = self.make_tax("Sales 15", 15.0)
        self.map_tax(TAX["title"], 0.15, self.tax)
        self.warehouse = self.backend.default_warehouse_id
        locations = self.env["shopify.mapping.location"].search(
            [("backend_id", "=", self.backend.id)]
        )
        locations.warehouse_id = self.warehouse
        for sku, price in (("SHIRT", "20.00"), ("SOCKS", "9.99")):
            self.make_variant(sku, price)

    def make_tax(self, name, percent, included=None):
        included = self.taxes_included if included is None else included
        return self.env["account.tax"].create(
            {
                "name": name,
                "amount": percent,
                "amount_type": "percent",
                "type_tax_use": "sale",
                "price_include_override": "tax_included"
                if included
                else "tax_excluded",
                "company_id": self.company.id,
            }
        )

    def map_tax(self, title, rate, tax, included=None):
        return self.env["shopify.mapping.tax"].create(
            {
                "backend_id": self.backend.id,
                "title": title,
                "rate": rate,
                "included": self.taxes_included if included is None else included,
                "tax_id": tax.id,
            }
        )

    def make_variant(self, sku, price, linked=True):
        """A product on both sides, linked unless told."""
        product = self.shop.create_product(
            f"{sku.title()} of the season",
            [{"sku": sku, "price": price, "stock": 100}],
        )
        self.variants[sku] = product["variants"][0]
        odoo_product = self.env["product.product"].create(
            {
                "name": sku,
                "default_code": sku,
                "type": "consu",
                "is_storable": True,
                "list_price": 77.0,
                # A tax of its own that no order may pick up.
                "taxes_id": [Command.set(self.company.account_sale_tax_id.ids)],
            }
        )
        if linked:
            self.link_variant(sku, odoo_product, product["id"])
        return odoo_product

    def link_variant(self, sku, odoo_product, product_gid):
        return self.env["shopify.product.product"]._bind(
            self.backend,
            [
                {
                    "shopify_gid": self.variants[sku],
                    "odoo_id": odoo_product.id,
                    "product_gid": product_gid,
                    "label": sku,
                }
            ],
        )

    def order(self, lines, **values):
        """lines: (SKU, quantity) or dicts as the emulator takes them."""
        lines = [
            {"variant": line[0], "quantity": line[1]}
            if isinstance(line, tuple)
            else line
            for line in lines
        ]
        values = {
            "taxes": [TAX],
            "taxes_included": self.taxes_included,
            "email": "ada@example.com",
            "shipping_address": {
                "firstName": "Ada",
                "lastName": "Byron",
                "address1": "1 Main Street",
                "city": "Springfield",
                "zip": "62701",
                "provinceCode": "IL",
                "countryCodeV2": "US",
            },
            **values,
        }
        return self.shop.create_order(lines, **values)

    def trigger(self, *orders, cause="test"):
        self.env["shopify.trigger"]._insert(
            self.backend,
            [("orders", "in", "Order", order["id"]) for order in orders],
            cause,
        )

    def sync(self, *orders):
        self.trigger(*orders)
        self.run_syncs()

    def link(self, order):
        return self.env["shopify.sale.order"].search(
            [("shopify_gid", "=", order["id"])]
        )

    def sale_order(self, order):
        return self.link(order).sale_order_id

    def imported(self, lines, **values):
        """Place an order, bring it here, return its sale order."""
        order = self.order(lines, **values)
        self.sync(order)
        self.assertDone(order["id"])
        return self.sale_order(order)

    def assertAmounts(self, sale_order, total, tax):
        self.assertEqual(
            (f"{sale_order.amount_total:.2f}", f"{sale_order.amount_tax:.2f}"),
            (total, tax),
        )

    def assertNoOrder(self, order):
        self.assertFalse(self.link(order))
        self.assertFalse(
            self.env["sale.order"].search([("client_order_ref", "=", order["name"])])
        )
