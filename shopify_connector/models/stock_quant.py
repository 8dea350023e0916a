"""Thin hook: a quantity changed, so the stores' stock may be out of date."""

from odoo import api, models


class StockQuant(models.Model):
    _inherit = "stock.quant"

    @api.model_create_multi
    def create(self, vals_list):
        quants = super().create(vals_list)
        self.env["shopify.stock.level"]._note_products(quants.product_id.ids)
        return quants

    def write(self, vals):
        result = super().write(vals)
        if "quantity" in vals or "location_id" in vals:
            self.env["shopify.stock.level"]._note_products(self.product_id.ids)
        return result

    def unlink(self):
        self.env["shopify.stock.level"]._note_products(self.product_id.ids)
        return super().unlink()
