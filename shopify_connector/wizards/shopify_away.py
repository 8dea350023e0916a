"""Somebody is away: the store's manager looks after their stops meanwhile."""

from odoo import api, fields, models

from ..models.roles import MANAGER, has_role


class ShopifyAway(models.TransientModel):
    _name = "shopify.away"
    _description = "Away from Shopify"

    user_id = fields.Many2one(
        "res.users",
        "Who",
        required=True,
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
    )
    until = fields.Date(
        "Away Until",
        help="The last day, for example of a holiday. Empty: back again.",
    )
    may_choose = fields.Boolean(compute="_compute_may_choose")

    @api.depends_context("uid")
    def _compute_may_choose(self):
        self.may_choose = has_role(self.env, MANAGER)

    @api.onchange("user_id")
    def _onchange_user(self):
        # sudo: another's absence is no secret to who needs them
        self.until = self.user_id.sudo().shopify_away_until

    def action_apply(self):
        self.ensure_one()
        self.user_id._shopify_set_away(self.until)
        return {"type": "ir.actions.act_window_close"}
