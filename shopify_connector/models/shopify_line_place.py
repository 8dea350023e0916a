"""Where Shopify has an order line fulfilled from: units open and done a location.

Kept from what the order's last read said. Stock needs it: an open unit is Shopify's own
demand, which it takes off itself; a fulfilled one has left Shopify's number. Units are
the line's: of a pack, packs, kept once for each component.
"""

from collections import Counter

from odoo import api, fields, models


class ShopifyLinePlace(models.Model):
    _name = "shopify.line.place"
    _description = "Shopify Order Line at a Location"
    _order = "id"
    _log_access = False

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, precompute=True
    )
    line_link_id = fields.Many2one(
        "shopify.sale.order.line", "Order Line Link", required=True, ondelete="cascade"
    )
    product_id = fields.Many2one("product.product", required=True, ondelete="restrict")
    variant_gid = fields.Char(
        "Shopify Variant ID", help="Whose demand it is: what Shopify has taken off."
    )
    location_gid = fields.Char("Shopify Location ID", required=True)
    open_units = fields.Integer("Left to Fulfil")
    fulfilled_units = fields.Integer("Fulfilled")
    is_closed = fields.Boolean(
        help="Fulfilled in Shopify and delivered in Odoo: it changes nothing any more."
    )

    _once = models.UniqueIndex("(line_link_id, location_gid)")
    _unsettled = models.Index(
        "(backend_id, product_id, location_gid) WHERE is_closed IS NOT TRUE"
    )

    @api.model
    def _wanted(self, backend, orders):
        """{(line link ID, location GID): (product ID, open, fulfilled)} of RemoteOrders,
        for their linked lines.
        """
        opened, done = Counter(), Counter()
        for order in orders:
            for entry in order.fulfillment_orders:
                for line in entry.lines:
                    opened[line.line, entry.location] += line.remaining
            for entry in order.fulfillments:
                for line, units in entry.lines.items() if entry.counts else ():
                    done[line, entry.location] += units
        links = self.env["shopify.sale.order.line"]._parts(
            backend, {line for line, _place in {**opened, **done}}
        )
        return {
            (link.id, place): (
                link.odoo_id.product_id.id,
                opened[line, place],
                done[line, place],
            )
            for line, place in {**opened, **done}
            for link in (links.get(line, ()) if place else ())
        }

    @api.model
    def _of_orders(self, order_links):
        """{(line link ID, location GID): row}"""
        rows = self.search([("line_link_id.order_link_id", "in", order_links.ids)])
        return {(row.line_link_id.id, row.location_gid): row for row in rows}

    @api.model
    def _differing(self, backend, orders, order_links):
        """GIDs of those orders whose reading isn't what is kept.

        orders: RemoteOrders; order_links: {order GID: link}, of linked ones only.
        """
        links = self.env["shopify.sale.order"].browse(
            [link.id for link in order_links.values()]
        )
        kept = {
            key: (row.open_units, row.fulfilled_units)
            for key, row in self._of_orders(links).items()
        }
        wanted = self._wanted(backend, orders)
        changed = {
            key[0]
            for key in {*kept, *wanted}
            if kept.get(key, (0, 0)) != wanted.get(key, (0, 0, 0))[1:]
        }
        lines = self.env["shopify.sale.order.line"].browse(changed)
        return set(lines.order_link_id.mapped("shopify_gid"))

    @api.model
    def _note(self, backend, orders, order_links):
        """Keep what these orders' reading said, and have the stock concerned compared.

        Arguments as in `_differing`.
        """
        links = self.env["shopify.sale.order"].browse(
            [link.id for link in order_links.values()]
        )
        kept = self._of_orders(links)
        wanted = self._wanted(backend, orders)
        changed = self.browse()
        for key, row in kept.items():
            _product, opened, done = wanted.pop(key, (0, 0, 0))
            if (row.open_units, row.fulfilled_units) != (opened, done):
                changed |= row
                row.write(
                    {"open_units": opened, "fulfilled_units": done, "is_closed": False}
                )
        lines = self.env["shopify.sale.order.line"]
        changed |= self.create(
            [
                {
                    "backend_id": backend.id,
                    "line_link_id": line_link,
                    "variant_gid": lines.browse(line_link).variant_gid,
                    "location_gid": place,
                    "product_id": product,
                    "open_units": opened,
                    "fulfilled_units": done,
                }
                for (line_link, place), (product, opened, done) in wanted.items()
                if product
            ]
        )
        self.env["shopify.stock.level"]._note_products(changed.product_id.ids)
        return changed
