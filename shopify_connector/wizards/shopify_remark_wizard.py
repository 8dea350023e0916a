"""Write all Odoo IDs to Shopify again: asks why, and says what will happen."""

from odoo import fields, models

from ..models.roles import MANAGER, check_role


class ShopifyRemarkWizard(models.TransientModel):
    _name = "shopify.remark.wizard"
    _description = "Write All IDs Again"

    backend_id = fields.Many2one("shopify.backend", "Store", required=True)
    reason = fields.Char(help="Kept in the store's history.")

    def action_apply(self):
        self.ensure_one()
        check_role(self.env, MANAGER)
        return self.backend_id._write_marks_again(self.reason)._open()
