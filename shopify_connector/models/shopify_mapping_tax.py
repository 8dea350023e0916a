"""Which Odoo tax stands for a tax of Shopify: one row a title, rate and inclusion."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.taxes import TaxKey, parse_key
from .roles import MANAGER, check_role

RATE_DIGITS = 9


class ShopifyMappingTax(models.Model):
    _name = "shopify.mapping.tax"
    _description = "Shopify Tax Mapping"
    _order = "backend_id, title, rate, id"
    _rec_name = "title"
    _check_company_auto = True

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    title = fields.Char("Name in Shopify", required=True)
    rate = fields.Float(
        digits=(12, RATE_DIGITS),
        required=True,
        help="Share of the price: 0.21 is 21 %.",
    )
    included = fields.Boolean(
        "In the Price", help="Shopify's prices hold this tax; so must those of the tax."
    )
    channel_liable = fields.Boolean(
        "Paid by Marketplace",
        help="The sales channel pays it to the state, so it goes to another account.",
    )
    tax_id = fields.Many2one(
        "account.tax",
        "Odoo Tax",
        check_company=True,
        ondelete="restrict",
        domain="[('type_tax_use', '=', 'sale'), ('amount_type', '=', 'percent')]",
    )
    proposal_ids = fields.Many2many(
        "account.tax",
        string="Would Fit",
        compute="_compute_proposal_ids",
        help="Sales taxes of the company with this rate, in or on top of the price as "
        "in Shopify. Proposed, never taken by itself.",
    )
    key = fields.Char(compute="_compute_key", store=True, precompute=True, index=True)

    _key_uniq = models.UniqueIndex(
        "(backend_id, key)", "This Shopify tax has its row already."
    )

    @api.depends("title", "rate", "included", "channel_liable")
    def _compute_key(self):
        for row in self:
            row.key = str(row._tax_key())

    def _tax_key(self):
        rate = Decimal(f"{self.rate:.{RATE_DIGITS}f}").normalize()
        title = " ".join((self.title or "").split())
        return TaxKey(title, rate + 0, self.included, self.channel_liable)

    @api.depends("rate", "included", "company_id", "tax_id")
    def _compute_proposal_ids(self):
        missing = self.filtered(lambda row: not row.tax_id)
        proposals = missing._proposals() if missing else {}
        for row in self:
            row.proposal_ids = proposals.get(row, self.env["account.tax"])

    def action_take_proposal(self):
        """Take the one tax that fits; what waited for it goes on."""
        check_role(self.env, MANAGER)
        for row in self:
            row.check_access("write")
            if len(row.proposal_ids) != 1:
                raise UserError(
                    self.env._("%s taxes would fit: choose one.", len(row.proposal_ids))
                )
            row.tax_id = row.proposal_ids

    @api.constrains("tax_id", "rate", "included")
    def _check_tax(self):
        """A tax that computes otherwise would show other amounts as soon as a person
        changes the order."""
        for row in self.filtered("tax_id"):
            problem = row._problem(row.tax_id)
            if problem:
                raise ValidationError(problem)

    def _problem(self, tax):
        names = {"tax": tax.display_name, "key": self._tax_key().describe()}
        if tax.type_tax_use != "sale" or tax.amount_type != "percent":
            return self.env._("%(tax)s is no sales tax in percent.", **names)
        if tax.price_include != self.included:
            return self.env._(
                "%(tax)s and Shopify's %(key)s differ in whether prices hold the tax.",
                **names,
            )
        if round(tax.amount - 100 * self.rate, 4):
            return self.env._(
                "%(tax)s has another rate than Shopify's %(key)s.", **names
            )
        return None

    # === WRITING RELEASES WHAT WAITED === #

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows._release()
        return rows

    def write(self, vals):
        result = super().write(vals)
        self._release()
        return result

    def _release(self):
        for backend, rows in self.filtered("tax_id").grouped("backend_id").items():
            backend._release([f"tax:{row.key}" for row in rows])

    # === LOOKING UP === #

    @api.model
    def _taxes(self, backend, keys):
        """{key: Odoo tax} of those that are mapped, in one query."""
        # sudo: mappings are read by whoever works for the store
        rows = self.sudo().search_fetch(
            [
                ("backend_id", "=", backend.id),
                ("key", "in", list(keys)),
                ("tax_id.active", "=", True),
            ],
            ["key", "tax_id"],
        )
        return {row.key: row.tax_id.sudo(False) for row in rows}

    @api.model
    def _for_key(self, backend, key):
        """The row of a key, made without a tax if there is none: the button *Set tax*
        opens it. Raises ValueError for a text that is no key."""
        row = self.search([("backend_id", "=", backend.id), ("key", "=", key)])
        if row:
            return row
        tax_key = parse_key(key)
        return self.create(
            {
                "backend_id": backend.id,
                "title": tax_key.title,
                "rate": float(tax_key.rate),
                "included": tax_key.included,
                "channel_liable": tax_key.channel_liable,
            }
        )

    def _proposals(self):
        """{row: sales taxes of the company that fit}; a person chooses."""
        taxes = self.env["account.tax"].search(
            [
                ("company_id", "in", self.company_id.ids),
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "percent"),
            ]
        )
        return {
            row: taxes.filtered(
                lambda tax, row=row: (
                    tax.company_id == row.company_id and not row._problem(tax)
                )
            )
            for row in self
        }
