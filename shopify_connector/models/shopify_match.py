"""The worksheet: a row for each Shopify record of a scan, and for each Odoo record that
nothing in Shopify stands for.

A verdict is of the moment when the scan compared; what is linked, the link tables say.
"""

from odoo import fields, models

TYPES = [
    ("Product", "Products"),
    ("ProductVariant", "Variants"),
    ("Collection", "Collections"),
    ("Customer", "Customers"),
    ("Company", "Companies"),
    ("CompanyLocation", "Company Locations"),
    ("Order", "Orders"),
    ("Location", "Locations"),
]
VERDICTS = [
    ("linked", "Linked"),
    ("proposed", "Proposed"),
    ("ambiguous", "Several Candidates"),
    ("conflict", "In Conflict"),
    ("only_shopify", "Only in Shopify"),
    ("only_odoo", "Only in Odoo"),
]


class ShopifyMatch(models.Model):
    _name = "shopify.match"
    _description = "Matching"
    _order = "scan_id desc, id"
    _rec_name = "name"
    # Rows are made by the hundred thousand, and belong to their scan.
    _log_access = False

    scan_id = fields.Many2one(
        "shopify.scan", required=True, readonly=True, ondelete="cascade"
    )
    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    shopify_type = fields.Selection(TYPES, "Records", required=True, readonly=True)
    shopify_gid = fields.Char("Shopify ID", readonly=True)
    parent_gid = fields.Char("Belongs To", readonly=True)
    name = fields.Char(readonly=True)
    sku = fields.Char("SKU", readonly=True)
    sku_key = fields.Char(readonly=True, help="The SKU as it is compared.")
    barcode = fields.Char(readonly=True)
    email = fields.Char("E-mail", readonly=True)
    reference = fields.Char(readonly=True)
    facts = fields.Json(readonly=True, help="What tells it from records alike.")
    mark_value = fields.Char("Odoo ID in Shopify", readonly=True)
    mark_proof = fields.Char(readonly=True)
    remote_updated_at = fields.Char("Changed in Shopify", readonly=True)
    remote_active = fields.Boolean("Active in Shopify", readonly=True)
    verdict = fields.Selection(VERDICTS, readonly=True)
    reason_code = fields.Char(readonly=True)
    reason_params = fields.Json(readonly=True)
    key_used = fields.Char(
        readonly=True, help="What they agree in: sku, barcode, email, mark, variants …"
    )
    odoo_model = fields.Char(readonly=True)
    odoo_id = fields.Many2oneReference(
        "Odoo Record",
        model_field="odoo_model",
        readonly=True,
        help="Linked or proposed; or the one that is only in Odoo.",
    )
    candidate_ids = fields.One2many(
        "shopify.match.candidate", "match_id", "Candidates", readonly=True
    )
    decision = fields.Selection(
        [
            ("todo", "To Decide"),
            ("accepted", "Accepted"),
            ("chosen", "Chosen"),
            ("create_here", "Create in Odoo"),
            ("create_there", "Create in Shopify"),
            ("never", "Never"),
        ],
        readonly=True,
        default="todo",
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    decision_error = fields.Char(readonly=True)

    _gid_uniq = models.UniqueIndex(
        "(scan_id, shopify_gid) WHERE shopify_gid IS NOT NULL",
        "This Shopify record is in the scan already.",
    )
    _odoo_uniq = models.UniqueIndex(
        "(scan_id, odoo_model, odoo_id) WHERE shopify_gid IS NULL",
        "This Odoo record is in the scan already.",
    )
    _verdicts = models.Index("(scan_id, shopify_type, verdict, decision)")
    _steps = models.Index("(scan_id, shopify_type, id)")
    _parents = models.Index("(scan_id, parent_gid) WHERE parent_gid IS NOT NULL")
    _skus = models.Index("(scan_id, shopify_type, sku_key) WHERE sku_key IS NOT NULL")
    _barcodes = models.Index(
        "(scan_id, shopify_type, barcode) WHERE barcode IS NOT NULL"
    )
    _emails = models.Index("(scan_id, shopify_type, email) WHERE email IS NOT NULL")
    _references = models.Index(
        "(scan_id, shopify_type, reference) WHERE reference IS NOT NULL"
    )
    _proofs = models.Index(
        "(scan_id, shopify_type, mark_value) WHERE mark_value IS NOT NULL"
    )
    _odoo_ids = models.Index("(scan_id, odoo_model, odoo_id) WHERE odoo_id IS NOT NULL")


class ShopifyMatchCandidate(models.Model):
    _name = "shopify.match.candidate"
    _description = "Candidate"
    _order = "match_id, id"
    _log_access = False

    match_id = fields.Many2one(
        "shopify.match", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    odoo_model = fields.Char(readonly=True)
    odoo_id = fields.Many2oneReference(
        "Odoo Record", model_field="odoo_model", readonly=True
    )
    shopify_gid = fields.Char("Shopify ID", readonly=True)
    why = fields.Char(readonly=True, help="The key that they share.")
    taken_by = fields.Char(readonly=True, help="What it is linked to already.")


class ShopifyMatchNever(models.Model):
    _name = "shopify.match.never"
    _description = "Never Linked"
    _order = "id desc"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="backend_id.company_id", store=True)
    shopify_type = fields.Selection(TYPES, "Records", required=True)
    shopify_gid = fields.Char("Shopify ID")
    odoo_model = fields.Char()
    odoo_id = fields.Many2oneReference("Odoo Record", model_field="odoo_model")
    reason = fields.Char(required=True)
    user_id = fields.Many2one(
        "res.users", required=True, default=lambda self: self.env.user
    )

    _gid_uniq = models.UniqueIndex(
        "(backend_id, shopify_gid) WHERE shopify_gid IS NOT NULL",
        "It is said already that this record is never linked.",
    )
    _odoo_uniq = models.UniqueIndex(
        "(backend_id, odoo_model, odoo_id) WHERE odoo_id <> 0",
        "It is said already that this record is never linked.",
    )
    _one_side = models.Constraint(
        "CHECK ((shopify_gid IS NOT NULL) <> (COALESCE(odoo_id, 0) <> 0))",
        "Name the Shopify record or the Odoo record.",
    )
