"""One business flow of one store: its policy, its owner, and whether it is paused."""

from odoo import fields, models

from .roles import OPERATOR, check_role

FLOWS = [
    ("orders", "Orders"),
    ("customers", "Customers"),
    ("products", "Products"),
    ("stock", "Stock"),
    ("fulfilments", "Fulfilments"),
]
POLICIES = [("off", "Off"), ("review", "Review"), ("automatic", "Automatic")]


class ShopifyFlow(models.Model):
    _name = "shopify.flow"
    _description = "Shopify Flow"
    _order = "backend_id, id"
    _rec_name = "flow"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="backend_id.company_id", store=True)
    flow = fields.Selection(FLOWS, required=True, readonly=True)
    policy = fields.Selection(
        POLICIES,
        required=True,
        default="off",
        help="Off: changes are not read. Review: each new item waits until a person "
        "accepts it. Automatic: changes are applied as they come. Orders make the "
        "contacts they need, whatever the customers flow says.",
    )
    owner_id = fields.Many2one(
        "res.users", "Retry Owner", help="Who looks after the stops of this flow."
    )
    paused_at = fields.Datetime(readonly=True)
    rests_until = fields.Datetime(
        readonly=True, help="When a pause for a passing reason ends by itself."
    )
    paused_reason = fields.Char("Reason Code", readonly=True)
    paused_message = fields.Char("Paused Because", readonly=True)

    _flow_uniq = models.Constraint(
        "UNIQUE(backend_id, flow)", "A store has each flow once."
    )

    def write(self, vals):
        switched_on = self.browse()
        if vals.get("policy") in ("review", "automatic"):
            switched_on = self.filtered(lambda flow: flow.policy == "off")
        result = super().write(vals)
        # What changed while the flow was off reached nobody: read it now.
        for flow in switched_on:
            flow.backend_id._reconcile_requested(flow.flow)
        return result

    def action_resume(self):
        """Run the flow again. Whatever stopped it will stop it again if it is there."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        # sudo: an operator ends a pause, though only a manager sets flows up
        self.sudo()._resume()

    def _resume(self):
        self.write(
            {
                "paused_at": False,
                "rests_until": False,
                "paused_reason": False,
                "paused_message": False,
            }
        )
        for backend in self.backend_id:
            backend._enqueue_due()

    def _resume_rested(self):
        now = fields.Datetime.now()
        rested = self.filtered(lambda f: f.rests_until and f.rests_until <= now)
        if rested:
            rested._resume()
