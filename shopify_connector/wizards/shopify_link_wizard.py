"""Choose by hand which Odoo record a Shopify record is. Changes links, nothing else."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.roles import OPERATOR, check_role

CHOICES = {
    "variant": "product_id",
    "product": "template_id",
    "customer": "partner_id",
    "company": "partner_id",
    "company_location": "partner_id",
}
LINK_MODELS = {
    "variant": "shopify.product.product",
    "product": "shopify.product.template",
    "customer": "shopify.res.partner",
    "company": "shopify.company",
    "company_location": "shopify.company.location",
}
KINDS = {
    "Product": "product",
    "Customer": "customer",
    "Company": "company",
    "CompanyLocation": "company_location",
}
# Kinds that are contacts in Odoo.
CONTACTS = ("customer", "company", "company_location")


class ShopifyLinkWizard(models.TransientModel):
    _name = "shopify.link.wizard"
    _description = "Choose What to Link"

    sync_id = fields.Many2one("shopify.sync", required=True)
    company_id = fields.Many2one(related="sync_id.backend_id.company_id")
    message = fields.Char(related="sync_id.message")
    line_ids = fields.One2many("shopify.link.wizard.line", "wizard_id", "Links")
    reason = fields.Char(help="Kept in the history of the record.")
    kinds = fields.Char(compute="_compute_kinds")
    has_contacts = fields.Boolean(compute="_compute_kinds")
    has_candidates = fields.Boolean(compute="_compute_kinds")

    @api.depends("line_ids.kind", "line_ids.candidates")
    def _compute_kinds(self):
        for wizard in self:
            kinds = [kind for kind in wizard.line_ids.mapped("kind") if kind]
            wizard.kinds = ",".join(sorted(set(kinds)))
            wizard.has_contacts = bool(set(kinds) & set(CONTACTS))
            wizard.has_candidates = any(wizard.line_ids.mapped("candidates"))

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        sync = self.env["shopify.sync"].browse(values.get("sync_id"))
        values["line_ids"] = [(0, 0, line) for line in self._asked(sync)]
        return values

    @api.model
    def _asked(self, sync):
        """What this sync needs a link for, as values of lines."""
        params = sync.reason_params or {}
        candidates = params.get("candidates") or ""
        if isinstance(candidates, list):
            candidates = ", ".join(sync._named(each) for each in candidates)
        asked = []
        for key in sync._wait_keys():
            kind, _sep, gid = key.partition(":")
            if kind in CHOICES:
                asked.append((kind, gid))
        own_kind = KINDS.get(sync.subject_type)
        if not asked and own_kind:
            asked.append((own_kind, sync.subject_key))
        named = params.get("variant") or params.get("product") or params.get("customer")
        # One thing is missing: the reason's name is its name. Of several, GIDs tell.
        name = (named or sync.record_name) if len(asked) == 1 else ""
        return [
            {
                "kind": kind,
                "shopify_gid": gid,
                "name": str(name or ""),
                "candidates": candidates,
            }
            for kind, gid in asked
        ]

    def action_link(self):
        """Link what was chosen; the syncs that waited for it run."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self.sync_id.check_access("read")
        chosen = self.line_ids.filtered(lambda line: line._chosen())
        if not chosen:
            raise UserError(self.env._("Choose at least one Odoo record."))
        asked = {(a["kind"], a["shopify_gid"]) for a in self._asked(self.sync_id)}
        for line in chosen:
            if (line.kind, line.shopify_gid) not in asked:
                raise UserError(
                    self.env._(
                        "This item doesn't ask for a link of %s.", line.shopify_gid
                    )
                )
            line._link(self.sync_id, self.reason or self.env._("chosen by hand"))
        # The link lets all that waited for it go on, this one among them or not.
        self.sync_id.action_retry()
        return self.sync_id._released_notification(max(1, self.sync_id.cause_count))


class ShopifyLinkWizardLine(models.TransientModel):
    _name = "shopify.link.wizard.line"
    _description = "Choose What to Link: One Record"

    wizard_id = fields.Many2one(
        "shopify.link.wizard", required=True, ondelete="cascade"
    )
    kind = fields.Selection(
        [
            ("variant", "Variant"),
            ("product", "Product"),
            ("customer", "Customer"),
            ("company", "Company"),
            ("company_location", "Company Location"),
        ],
        required=True,
        readonly=True,
    )
    name = fields.Char("In Shopify", readonly=True)
    shopify_gid = fields.Char("Shopify ID", required=True, readonly=True)
    candidates = fields.Char(readonly=True)
    product_id = fields.Many2one("product.product", "Product Variant")
    template_id = fields.Many2one("product.template", "Product")
    partner_id = fields.Many2one("res.partner", "Customer")

    def _chosen(self):
        self.ensure_one()
        return self[CHOICES[self.kind]]

    def _link(self, sync, reason):
        record = self._chosen()
        record.check_access("read")
        self._check_company(sync.backend_id, record)
        links = self.env[LINK_MODELS[self.kind]]
        links._link_chosen(sync.backend_id, self.shopify_gid, record, reason)

    def _check_company(self, backend, record):
        company = record.company_id
        if company and company != backend.company_id:
            raise UserError(
                self.env._(
                    "%(record)s belongs to %(company)s; this store works for %(own)s.",
                    record=record.display_name,
                    company=company.display_name,
                    own=backend.company_id.display_name,
                )
            )
