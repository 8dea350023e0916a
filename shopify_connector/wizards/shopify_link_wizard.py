"""Choose by hand which Odoo record a Shopify record is. Changes links, nothing else."""

from odoo import api, fields, models
from odoo.exceptions import UserError

CHOICES = {"variant": "product_id", "product": "template_id", "customer": "partner_id"}
LINK_MODELS = {
    "variant": "shopify.product.product",
    "product": "shopify.product.template",
    "customer": "shopify.res.partner",
}


class ShopifyLinkWizard(models.TransientModel):
    _name = "shopify.link.wizard"
    _description = "Choose What to Link"

    sync_id = fields.Many2one("shopify.sync", "Sync", required=True)
    backend_id = fields.Many2one(related="sync_id.backend_id")
    company_id = fields.Many2one(related="backend_id.company_id")
    message = fields.Char(related="sync_id.message")
    line_ids = fields.One2many("shopify.link.wizard.line", "wizard_id", "Links")
    reason = fields.Char(
        required=True, help="Kept in the history of both records.", default="Chosen by hand"
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        sync = self.env["shopify.sync"].browse(values.get("sync_id"))
        values["line_ids"] = [
            (0, 0, {"kind": kind, "shopify_gid": gid, "candidates": candidates})
            for kind, gid, candidates in self._asked(sync)
        ]
        return values

    @api.model
    def _asked(self, sync):
        """What this sync needs a link for: [(kind, gid, candidates as text)]."""
        params = sync.reason_params or {}
        candidates = params.get("candidates") or ""
        if isinstance(candidates, list):
            candidates = ", ".join(str(each) for each in candidates)
        asked = []
        for key in sync.wait_ids.mapped("key"):
            kind, _sep, gid = key.partition(":")
            if kind in CHOICES:
                asked.append((kind, gid, candidates))
        kind = {"Product": "product", "Customer": "customer"}.get(sync.subject_type)
        if not asked and kind:
            asked.append((kind, sync.subject_key, candidates))
        return asked

    def action_link(self):
        """Link what was chosen; the syncs that waited for it run."""
        self.ensure_one()
        chosen = self.line_ids.filtered("record_ref")
        if not chosen:
            raise UserError(self.env._("Choose at least one Odoo record."))
        for line in chosen:
            model = self.env[LINK_MODELS[line.kind]]
            model._link_chosen(
                self.backend_id, line.shopify_gid, line._chosen(), self.reason
            )
        return self.sync_id.action_retry()


class ShopifyLinkWizardLine(models.TransientModel):
    _name = "shopify.link.wizard.line"
    _description = "Choose What to Link: One Record"

    wizard_id = fields.Many2one("shopify.link.wizard", required=True, ondelete="cascade")
    kind = fields.Selection(
        [("variant", "Variant"), ("product", "Product"), ("customer", "Customer")],
        required=True,
        readonly=True,
    )
    shopify_gid = fields.Char("Shopify ID", required=True, readonly=True)
    candidates = fields.Char("Candidates", readonly=True)
    product_id = fields.Many2one("product.product", "Product Variant")
    template_id = fields.Many2one("product.template", "Product")
    partner_id = fields.Many2one("res.partner", "Customer")
    record_ref = fields.Integer(compute="_compute_record_ref")

    @api.depends("kind", "product_id", "template_id", "partner_id")
    def _compute_record_ref(self):
        for line in self:
            line.record_ref = line._chosen().id

    def _chosen(self):
        self.ensure_one()
        return self[CHOICES[self.kind]]
