"""A person's answers to a stop: postpone, hand over, or close without syncing."""

from odoo import fields, models
from odoo.exceptions import UserError


class ShopifySyncAct(models.TransientModel):
    _name = "shopify.sync.act"
    _description = "Postpone, Hand Over or Close"

    sync_ids = fields.Many2many("shopify.sync", string="Items")
    act = fields.Selection(
        [
            ("postpone", "Postpone: it comes back by itself"),
            ("hand_over", "Hand over to somebody"),
            ("close", "Close without syncing"),
        ],
        required=True,
        default="postpone",
    )
    hours = fields.Integer("For how many hours", default=24)
    user_id = fields.Many2one("res.users", "To", domain=[("share", "=", False)])
    reason = fields.Char(help="Kept in the history of the record.")

    def action_apply(self):
        self.ensure_one()
        if self.act == "postpone":
            self.sync_ids.action_postpone(max(1, self.hours))
        elif self.act == "hand_over":
            if not self.user_id:
                raise UserError(self.env._("Choose who takes it over."))
            self.sync_ids.action_hand_over(self.user_id)
        else:
            if not (self.reason or "").strip():
                raise UserError(
                    self.env._("Say why it is closed: others will want to know.")
                )
            self.sync_ids.action_close(self.reason)
        return {"type": "ir.actions.act_window_close"}
