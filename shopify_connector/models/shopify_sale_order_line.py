"""Links of order lines: what fulfilments and refunds find their lines by.

A line of a pack has a link for each of its components, as it was taken apart by.
"""

from odoo import api, fields, models


class ShopifySaleOrderLine(models.Model):
    _name = "shopify.sale.order.line"
    _inherit = "shopify.binding"
    _description = "Shopify Order Line Link"

    _shopify_type = "LineItem"
    _flow = "orders"
    _marked = False

    odoo_id = fields.Many2one(
        "sale.order.line", "Order Line", required=True, index=True, ondelete="restrict"
    )
    order_link_id = fields.Many2one(
        "shopify.sale.order",
        required=True,
        index=True,
        ondelete="cascade",
    )
    kind = fields.Char(help="What the line is in Shopify: variant, shipping, tip …")
    variant_gid = fields.Char("Shopify Variant ID", help="As it came in.")
    component_id = fields.Many2one(
        "product.product",
        ondelete="restrict",
        help="Of a pack: which of its products this order line is.",
    )
    per_pack = fields.Integer(
        "Pieces a Pack", default=1, help="In one unit of Shopify's line."
    )

    amounts = fields.Json(
        help="Price, discounts and taxes as they came, see core/order_lines."
    )

    # One line, one order line; of a pack one for each component.
    _gid_uniq = models.UniqueIndex(
        "(backend_id, shopify_gid, coalesce(component_id, 0))",
        "This Shopify record is linked already.",
    )

    _odoo_uniq = models.UniqueIndex(
        "(backend_id, odoo_id)", "This order line is linked already."
    )

    @api.model
    def _parts(self, backend, gids):
        """{GID: its links} of this store, in one query: several of a pack."""
        links = self.search(
            [("backend_id", "=", backend.id), ("shopify_gid", "in", list(gids))],
            order="id",
        )
        return dict(links.grouped("shopify_gid").items())
