"""A store whose stock is linked: goods on both sides, a location, a warehouse."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields

from .order_case import OrderCase


class StockCase(OrderCase):
    """Variants start with 100 pieces in Shopify and in Odoo, both sides agreed."""

    def setUp(self):
        super().setUp()
        self.place = self.env["shopify.mapping.location"].search(
            [("backend_id", "=", self.backend.id)]
        )
        for product in self.products.values():
            self.receive(product, 100)
        self.run_syncs()
        self.forget_requests()

    def make_variant(self, sku, price, linked=True):
        product = super().make_variant(sku, price, linked)
        self.products = {**getattr(self, "products", {}), sku: product}
        return product

    def link_variant(self, sku, odoo_product, product_gid):
        item = self.shop.get_object(self.variants[sku])["inventoryItem"]
        return self.env["shopify.product.product"]._bind(
            self.backend,
            [
                {
                    "shopify_gid": self.variants[sku],
                    "odoo_id": odoo_product.id,
                    "product_gid": product_gid,
                    "label": sku,
                    "inventory_item_gid": item,
                    "tracked": True,
                }
            ],
        )

    # --- doing things ---

    def receive(self, product, units):
        """Goods come in (or go, if negative) by an inventory count."""
        location = self.warehouse.lot_stock_id
        quants = self.env["stock.quant"].with_context(inventory_mode=True)
        there = sum(
            quants.search(
                [("product_id", "=", product.id), ("location_id", "=", location.id)]
            ).mapped("quantity")
        )
        quants.create(
            {
                "product_id": product.id,
                "location_id": location.id,
                "inventory_quantity": there + units,
            }
        ).action_apply_inventory()

    def sell_in_odoo(self, product, units):
        """An order of another channel, confirmed."""
        order = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Shop Next"}).id,
                "warehouse_id": self.warehouse.id,
                "order_line": [
                    fields.Command.create(
                        {"product_id": product.id, "product_uom_qty": units}
                    )
                ],
            }
        )
        order.action_confirm()
        return order

    def deliver(self, sale_order, **units):
        """Validate the open delivery, of these units by SKU, else of all."""
        picking = sale_order.picking_ids.filtered(lambda p: p.state == "assigned")
        if units:
            for move in picking.move_ids:
                move.quantity = units.get(move.product_id.default_code, 0)
        picking.move_ids.picked = True
        picking.with_context(skip_backorder=True).button_validate()
        self.assertEqual(picking.state, "done")
        return picking

    def counter_sale(self, sku, units):
        """Sold and handed over in the merchant's own shop."""
        return self.shop.pos_sale(
            [{"variant": sku, "quantity": units}],
            self.place.name,
            email="ada@example.com",
        )

    def push(self, *skus):
        """Compare these items now."""
        self.level(*skus)._trigger("test")
        self.run_syncs()

    def forget_requests(self):
        self.requests_before = len(self.shop.mutations_applied)

    def days_pass(self, **time):
        """Odoo's clock stands that much later from here on."""
        now = fields.Datetime.now() + timedelta(**time)
        self.startPatcher(patch.object(fields.Datetime, "now", lambda *_args: now))

    # --- looking ---

    def level(self, *skus):
        products = [self.products[sku].id for sku in skus or self.products]
        return self.env["shopify.stock.level"].search(
            [("product_id", "in", products)], order="id"
        )

    def on_hand(self, sku):
        return self.shop.stock(self.variants[sku], self.place.shopify_gid)["on_hand"]

    def available(self, sku):
        return self.shop.stock(self.variants[sku], self.place.shopify_gid)["available"]

    def written(self):
        """Names of the mutations that Shopify has applied since the start."""
        applied = list(self.shop.mutations_applied)[self.requests_before :]
        return [name for name in applied if not name.startswith("metafield")]

    def level_sync(self, sku):
        level = self.level(sku)
        return self.syncs(subject_type=level._name, subject_key=str(level.id))

    def assertLevel(self, sku, code):
        row = self.level_sync(sku)
        self.assertEqual(row.reason_code, code)
        return row

    def assertLevelDone(self, sku, outcome):
        row = self.level_sync(sku)
        self.assertEqual(
            (row.state, row.outcome, row.reason_code), ("done", outcome, False)
        )

    def order_status(self, sale):
        """By the units: what is left of the order's fulfilment orders."""
        left = sent = 0
        for gid in self.shop.get_object(self.gid(sale))["lineItems"]:
            line = self.shop.get_object(gid)
            sent += line["_fulfilled"]
            left += line["quantity"] - line["_fulfilled"]
        if not left:
            return "FULFILLED"
        return "PARTIALLY_FULFILLED" if sent else "UNFULFILLED"

    def fulfillments(self):
        return self.shop.of_type("Fulfillment")

    def gid(self, sale):
        return sale.shopify_binding_ids.shopify_gid
