"""Links of order lines: what fulfilments and refunds find their lines by."""

from odoo import fields, models


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

    _odoo_uniq = models.UniqueIndex(
        "(backend_id, odoo_id)", "This order line is linked already."
    )
