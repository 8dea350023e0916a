"""Which keys a store's records are matched by, and which of them counts first.

The worksheet and the imports read the same rows. A name is no key and can't be made one.
"""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..core import matching

KEYS = [
    ("sku", "SKU"),
    ("barcode", "Barcode"),
    ("email", "E-mail"),
    ("reference", "Reference"),
    ("external", "External Reference"),
]
# The expression of a key in Odoo's table, as an index has it and every look-up says it:
# the same as core.matching.normal_key, in SQL.
BLANKS = r"E' \t\r\n\u00a0'"
ODOO_KEYS = {
    "sku": ("product_product", f"lower(btrim(%s.default_code, {BLANKS}))"),
    "barcode": ("product_product", f"btrim(%s.barcode, {BLANKS})"),
    "email": ("res_partner", "%s.email_normalized"),
    "reference": ("sale_order", f"btrim(%s.client_order_ref, {BLANKS})"),
    "external": ("res_partner", f"btrim(%s.ref, {BLANKS})"),
}


def key_sql(key, alias):
    """SQL of the key of an Odoo record, comparable with the rows of a scan."""
    return ODOO_KEYS[key][1] % alias


class ShopifyMatchKey(models.Model):
    _name = "shopify.match.key"
    _description = "Match Key"
    _order = "backend_id, shopify_type, sequence, id"
    _rec_name = "key"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="backend_id.company_id", store=True)
    shopify_type = fields.Selection(
        [
            ("ProductVariant", "Variants"),
            ("Customer", "Customers"),
            ("Order", "Orders"),
            ("Company", "Companies"),
            ("CompanyLocation", "Company Locations"),
        ],
        "Records",
        required=True,
    )
    key = fields.Selection(KEYS, required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)

    _key_uniq = models.UniqueIndex(
        "(backend_id, shopify_type, key)", "This key is in the list already."
    )

    def init(self):
        for key, (table, _expression) in ODOO_KEYS.items():
            # pylint: disable=sql-injection; constants of this file
            value = SQL(key_sql(key, table))
            self.env.cr.execute(
                SQL(
                    "CREATE INDEX IF NOT EXISTS %s ON %s ((%s)) WHERE %s <> ''",
                    SQL.identifier(f"shopify_key_{key}"),
                    SQL.identifier(table),
                    value,
                    value,
                )
            )

    @api.constrains("shopify_type", "key", "active")
    def _check_key(self):
        for row in self:
            if row.key not in matching.KEYS[row.shopify_type]:
                raise ValidationError(
                    self.env._("%s is no key of these records.", row.key)
                )
        for backend in self.backend_id:
            if not backend._match_keys("ProductVariant"):
                raise ValidationError(
                    self.env._(
                        "Keep at least one key for variants: without any, each would "
                        "be made anew."
                    )
                )


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    match_key_ids = fields.One2many(
        "shopify.match.key",
        "backend_id",
        "Match Keys",
        context={"active_test": False},
    )
    match_by = fields.Selection(
        store=False,
        compute="_compute_match_by",
        inverse="_inverse_match_by",
        readonly=False,
    )

    @api.model_create_multi
    def create(self, vals_list):
        backends = super().create(vals_list)
        backends._ensure_match_keys()
        return backends

    def _ensure_match_keys(self):
        """The usual keys in the usual order, where the store has none of that name."""
        for backend in self:
            # sudo: whoever makes a store gets its keys
            rows = backend.sudo().with_context(active_test=False).match_key_ids
            there = {(row.shopify_type, row.key) for row in rows}
            self.env["shopify.match.key"].sudo().create(
                [
                    {
                        "backend_id": backend.id,
                        "shopify_type": shopify_type,
                        "key": key,
                        "sequence": 10 * place,
                    }
                    for shopify_type, keys in matching.KEYS.items()
                    for place, key in enumerate(keys, 1)
                    if (shopify_type, key) not in there
                ]
            )

    def _match_keys(self, shopify_type):
        """The keys that count for these records, the preferred one first."""
        self.ensure_one()
        # sudo: read by the sync user
        rows = self.sudo().with_context(active_test=False).match_key_ids
        return matching.ordered_keys(
            shopify_type,
            [
                (row.sequence, row.key, row.active)
                for row in rows
                if row.shopify_type == shopify_type
            ],
        )

    @api.depends("match_key_ids.sequence", "match_key_ids.active", "match_key_ids.key")
    def _compute_match_by(self):
        for backend in self:
            backend.match_by = ",".join(backend._match_keys("ProductVariant")) or False

    def _inverse_match_by(self):
        for backend in self:
            wanted = (backend.match_by or "").split(",")
            backend._ensure_match_keys()
            # sudo: a manager's choice in the store's form
            rows = backend.sudo().with_context(active_test=False).match_key_ids
            rows = rows.filtered(lambda row: row.shopify_type == "ProductVariant")
            by_key = {row.key: row for row in rows}
            # Those that are wanted first: one must be active at any moment.
            order = [*wanted, *(key for key in by_key if key not in wanted)]
            for place, key in enumerate(order, 1):
                by_key[key].write({"active": key in wanted, "sequence": 10 * place})
