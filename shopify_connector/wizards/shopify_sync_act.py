"""A person's answers to a stop: postpone, hand over, close, or settle what is unknown."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.roles import OPERATOR, check_role


class ShopifySyncAct(models.TransientModel):
    _name = "shopify.sync.act"
    _description = "Answer to a Stop"

    sync_ids = fields.Many2many("shopify.sync", string="Items")
    count = fields.Integer("How Many", compute="_compute_count")
    act = fields.Selection(
        [
            ("postpone", "Postpone: it comes back by itself"),
            ("hand_over", "Hand over to somebody"),
            ("close", "Close without syncing"),
        ],
        "What To Do",
        required=True,
        default="postpone",
    )
    is_settling = fields.Boolean("Says What Shopify Did")
    verdict = fields.Selection(
        [
            ("done", "I looked in Shopify: it was done"),
            ("not_done", "I looked in Shopify: it was not done"),
        ],
        "What You Found",
    )
    found = fields.Char(
        "Its Shopify ID",
        help="Only if several fulfilments in Shopify fit: which one is this delivery's.",
    )
    hours = fields.Integer("For How Many Hours", default=24)
    user_id = fields.Many2one(
        "res.users",
        "To",
        domain=lambda self: [
            (
                "all_group_ids",
                "in",
                self.env.ref("shopify_connector.group_user").ids,
            ),
            ("share", "=", False),
        ],
    )
    reason = fields.Char(help="Kept in the history of the record.")

    @api.depends("sync_ids")
    def _compute_count(self):
        for wizard in self:
            wizard.count = len(wizard.sync_ids)

    def action_apply(self):
        self.ensure_one()
        check_role(self.env, OPERATOR)
        if self.is_settling:
            self._apply_verdict()
        else:
            getattr(self, f"_apply_{self.act}")()
        return {"type": "ir.actions.act_window_close"}

    def _apply_postpone(self):
        if self.hours < 1:
            raise UserError(self.env._("Postpone it by an hour at least."))
        self.sync_ids.action_postpone(self.hours)

    def _apply_hand_over(self):
        if not self.user_id:
            raise UserError(self.env._("Choose who takes it over."))
        self.sync_ids.action_hand_over(self.user_id)

    def _apply_close(self):
        self.sync_ids.action_close(self._said_why())

    def _apply_verdict(self):
        if not self.verdict:
            raise UserError(self.env._("Say what you found in Shopify."))
        reason = self._said_why()
        for row in self.sync_ids:
            row._settle_by_person(self.verdict == "done", reason, self.found)

    def _said_why(self):
        reason = (self.reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why: others will want to know."))
        return reason
