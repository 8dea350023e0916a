"""Say that two records are two, and why."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class ShopifyDuplicateWizard(models.TransientModel):
    _name = "shopify.duplicate.wizard"
    _description = "Not a Duplicate"

    duplicate_ids = fields.Many2many("shopify.duplicate", readonly=True)
    reason = fields.Char(required=True, help="Remembered: the pair isn't shown again.")

    def action_apply(self):
        self.ensure_one()
        reason = (self.reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why: others will want to know."))
        self.duplicate_ids._are_two(reason)
        return {"type": "ir.actions.act_window_close"}


class MergePartnerAutomatic(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def default_get(self, fields_list):
        """See Odoo's, which proposes one to keep; here a person has said which."""
        values = super().default_get(fields_list)
        kept = self.env.context.get("shopify_keep_partner_id")
        if kept and "dst_partner_id" in fields_list:
            values["dst_partner_id"] = kept
        return values
