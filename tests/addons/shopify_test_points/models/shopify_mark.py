"""A point before a record's Odoo ID is written to Shopify."""

from odoo import api, models

from ..points import pass_point


class ShopifyMark(models.AbstractModel):
    _inherit = "shopify.mark"

    @api.model
    def _export(self, backend, client, subjects):
        for subject in subjects:
            pass_point(backend.id, "before_mark", subject.key.rsplit("/", 1)[-1])
        return super()._export(backend, client, subjects)
