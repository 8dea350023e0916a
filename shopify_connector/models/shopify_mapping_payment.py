"""Which journal takes what a payment gateway of Shopify has received."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.readiness import CASH, NO_MONEY
from .roles import MANAGER, check_role

JOURNAL_TYPES = ("bank", "cash", "credit")


class ShopifyMappingPayment(models.Model):
    _name = "shopify.mapping.payment"
    _description = "Shopify Payment Mapping"
    _order = "backend_id, gateway, id"
    _rec_name = "gateway"
    _check_company_auto = True

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    gateway = fields.Char(
        "Name in Shopify",
        required=True,
        help="As Shopify writes it on orders: “shopify_payments”, “Klarna”, “manual”.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        ondelete="restrict",
        domain=f"[('type', 'in', {JOURNAL_TYPES})]",
        help="Where its money arrives, for example a bank account. Used once payments "
        "are brought into Odoo, which this version doesn't do yet.",
    )
    proposal_id = fields.Many2one(
        "account.journal",
        "Would Fit",
        compute="_compute_proposal_id",
        help="The company's only bank account in the shop's currency; for cash the only "
        "cash register. Proposed, never taken by itself.",
    )

    _gateway_uniq = models.UniqueIndex(
        "(backend_id, gateway)", "This payment gateway has its row already."
    )

    @api.depends("journal_id", "gateway", "company_id")
    def _compute_proposal_id(self):
        for backend, rows in self.grouped("backend_id").items():
            only = {kind: backend._only_journal(kind) for kind in ("bank", "cash")}
            for row in rows:
                open_ = not row.journal_id and row.gateway not in NO_MONEY
                kind = "cash" if row.gateway in CASH else "bank"
                row.proposal_id = only[kind] if open_ else False

    def action_take_proposal(self):
        """Take the journal that is proposed."""
        check_role(self.env, MANAGER)
        self.check_access("write")
        for row in self:
            if not row.proposal_id:
                raise UserError(self.env._("Nothing is proposed: choose a journal."))
            row.journal_id = row.proposal_id

    @api.model
    def _ensure(self, backend, gateways):
        """A row for each of these gateways, without a journal where it is new."""
        # sudo: an empty row chooses nothing; choosing is the manager's
        rows = self.sudo()
        known = rows.search(
            [("backend_id", "=", backend.id), ("gateway", "in", list(gateways))]
        ).mapped("gateway")
        rows.create(
            [
                {"backend_id": backend.id, "gateway": gateway}
                for gateway in gateways
                if gateway not in known
            ]
        )


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _only_journal(self, kind):
        """The company's only journal of this type in the shop's currency, or none."""
        self.ensure_one()
        currency = self.shop_currency_id
        # sudo: its name is shown to whoever looks after the store
        journals = self.env["account.journal"].sudo()
        found = journals.search(
            [("company_id", "=", self.company_id.id), ("type", "=", kind)]
        ).filtered(
            lambda row: (row.currency_id or row.company_id.currency_id) == currency
        )
        return (found if len(found) == 1 else found.browse()).sudo(False)
