"""A person's answer to a cause, for all its items: retry, postpone, hand over, close."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.roles import OPERATOR, check_role
from ..models.shopify_forecast import LOOKED_AT


class ShopifyCauseAct(models.TransientModel):
    _name = "shopify.cause.act"
    _description = "Answer to a Cause"

    cause_ids = fields.Many2many("shopify.cause", string="Causes")
    cause_count = fields.Integer("Causes Chosen", compute="_compute_counts")
    item_count = fields.Integer("Items", compute="_compute_counts")
    act = fields.Selection(
        [
            ("retry", "Retry: look at both sides again and go on"),
            ("postpone", "Postpone: they come back by themselves"),
            ("hand_over", "Hand over to somebody"),
            ("close", "Close without syncing"),
        ],
        "What To Do",
        required=True,
        default="retry",
    )
    forecast = fields.Text("A Retry Would", compute="_compute_forecast")
    idle = fields.Char("Not Now", compute="_compute_forecast")
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
        help="Looks after everything of this cause, also what stops for it later.",
    )
    reason = fields.Char(help="Kept in the history of each record.")

    @api.depends("cause_ids")
    def _compute_counts(self):
        for wizard in self:
            wizard.cause_count = len(wizard.cause_ids)
            wizard.item_count = sum(wizard.cause_ids.mapped("item_count"))

    @api.depends("cause_ids")
    def _compute_forecast(self):
        for wizard in self:
            items = wizard.cause_ids._items(limit=LOOKED_AT)
            lines = items._forecast_lines() if items else []
            if wizard.item_count > LOOKED_AT:
                lines.append(
                    self.env._("… and so on for %s more", wizard.item_count - LOOKED_AT)
                )
            wizard.forecast = "\n".join(lines)
            wizard.idle = items and items._why_idle()

    def action_apply(self):
        self.ensure_one()
        if self.act == "retry":
            return self.cause_ids._retry()
        check_role(self.env, OPERATOR)
        getattr(self, f"_apply_{self.act}")()
        return {"type": "ir.actions.act_window_close"}

    def _apply_postpone(self):
        if self.hours < 1:
            raise UserError(self.env._("Postpone it by an hour at least."))
        self.cause_ids._postpone(self.hours)

    def _apply_hand_over(self):
        if not self.user_id:
            raise UserError(self.env._("Choose who takes it over."))
        self.cause_ids._hand_over(self.user_id)

    def _apply_close(self):
        reason = (self.reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why: others will want to know."))
        self.cause_ids._close(reason)
