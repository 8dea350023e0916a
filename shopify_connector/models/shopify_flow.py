"""One business flow of one store: its policy, its owner, and whether it is paused."""

from odoo import fields, models
from odoo.fields import Domain

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
    paused_cause = fields.Char(readonly=True, help="What its stops have in common.")
    paused_params = fields.Json(readonly=True)
    rests = fields.Integer(readonly=True, help="Rests in a row, each longer.")
    resumed_at = fields.Datetime(
        readonly=True, help="When its last rest ended by itself."
    )

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

    def _resume(self, by_itself=False):
        """Go on, and look again at what stopped for the reason of the pause."""
        stopped = self._stopped_for_the_pause()
        self.write(
            {
                "paused_at": False,
                "rests_until": False,
                "paused_reason": False,
                "paused_message": False,
                "paused_cause": False,
                "paused_params": False,
                **(
                    {"resumed_at": fields.Datetime.now()}
                    if by_itself
                    else {"resumed_at": False, "rests": 0}
                ),
            }
        )
        for backend in self.backend_id:
            rows = stopped.filtered(lambda row, store=backend: row.backend_id == store)
            self.env["shopify.trigger"]._insert(backend, rows._subjects(), "released")
            backend._enqueue_due()

    def _stopped_for_the_pause(self):
        """The items of these flows that stopped for what pauses them. What a person
        postponed stays postponed."""
        # sudo: the engine's own books
        rows = self.env["shopify.sync"].sudo()
        domains = [
            Domain("backend_id", "=", flow.backend_id.id)
            & Domain("flow", "=", flow.flow)
            & Domain("cause_key", "=", flow.paused_cause)
            for flow in self.sudo()
            if flow.paused_cause
        ]
        if not domains:
            return rows
        stands = Domain("state", "=", "review") | (
            Domain("state", "=", "waiting") & Domain("nature", "=", "temporary")
        )
        return rows.search(Domain.OR(domains) & stands)
