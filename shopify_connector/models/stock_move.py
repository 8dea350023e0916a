"""Thin hook: demand for a product appeared, changed or ended."""

from odoo import api, models

DEMAND = {"state", "product_uom_qty", "product_id", "location_id", "location_dest_id"}


class StockMove(models.Model):
    _inherit = "stock.move"

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        moves._note_demand()
        return moves

    def write(self, vals):
        result = super().write(vals)
        if DEMAND & set(vals):
            self._note_demand()
        return result

    def unlink(self):
        self._note_demand()
        return super().unlink()

    def _note_demand(self):
        self.env["shopify.stock.level"]._note_products(self.product_id.ids)
