"""What a sync row says to people: headline, what is missing, its kind, and the retry."""

from odoo import api, fields, models

from ..core import failures
from ..core.failures import Failure
from ..core.taxes import parse_key
from .shopify_mark import LINKS

ODOO_MODELS = (
    "product.template",
    "product.product",
    "res.partner",
    "sale.order",
    "account.move",
    "stock.picking",
    "stock.location",
    "stock.warehouse",
    "shopify.stock.level",
)
TIMELINE = 50


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    weight = fields.Integer(aggregator="max")
    attempt_count = fields.Integer(aggregator=False)
    headline = fields.Char(
        "Cause", index=True, help="The same for all items that one fix releases."
    )
    message = fields.Char("What Happened", compute="_compute_texts")
    missing = fields.Char("What Is Missing", compute="_compute_texts")
    retry_text = fields.Char("Is a Retry Safe?", compute="_compute_texts")
    retry_safe = fields.Boolean(compute="_compute_texts")
    status = fields.Selection(
        [
            ("synced", "Synced"),
            ("simulated", "Simulated"),
            ("excluded", "Excluded"),
            ("waiting", "Waiting"),
            ("review", "Needs Review"),
            ("cancelled", "Closed"),
        ],
        compute="_compute_status",
    )
    shopify_url = fields.Char("In Shopify", compute="_compute_shopify_url")
    odoo_ref = fields.Reference(
        "_odoo_models", "In Odoo", compute="_compute_odoo_ref", compute_sudo=False
    )
    odoo_record_id = fields.Integer("Odoo ID", compute="_compute_odoo_ref")
    cause_count = fields.Integer("Items of This Cause", compute="_compute_cause_count")
    event_ids = fields.Many2many(
        "shopify.event", string="What Happened So Far", compute="_compute_event_ids"
    )

    # === TEXTS === #

    def _failure(self):
        """The row's reason, None for a row that isn't stopped."""
        self.ensure_one()
        if not self.reason_code:
            return None
        return Failure(self.reason_code, self.reason_params or {})

    @api.depends("reason_code", "reason_params", "record_name", "wait_ids.key", "note")
    @api.depends_context("lang")
    def _compute_texts(self):
        for row in self:
            row.missing = ", ".join(row._missing_text(key) for key in row._wait_keys())
            failure = row._failure()
            if failure is None:
                row.update(
                    {"message": row.note, "retry_text": False, "retry_safe": True}
                )
                continue
            reason = failure.reason
            record = row._record_label()
            row.message = self._translate(reason.message, failure, record)
            row.retry_text = self._translate(reason.retry_text, failure, record)
            row.retry_safe = reason.retry_safe

    @api.model
    def _translate(self, text, failure, record):
        """A text of the catalogue, in the reader's language."""
        values = failures.message_values(failure, record)
        for name in failure.reason.params:
            value = failure.params[name]
            if isinstance(value, list):
                values[name] = ", ".join(self._named(each) for each in value)
            elif isinstance(value, str):
                values[name] = self._named(value)
        template = self.env._(text)
        return template % values

    @api.model
    def _headline(self, failure):
        reason = failure.reason
        return self._translate(reason.headline or reason.title, failure, "")

    def _record_label(self):
        """ "Order #1042", as messages call the record."""
        name = self.record_name or self.subject_key.rpartition("/")[2]
        return self._kind_label(self.subject_type, name)

    @api.model
    def _kind_label(self, kind, name):
        kinds = {
            "Order": self.env._("Order %s", name),
            "DraftOrder": self.env._("Draft order %s", name),
            "Collection": self.env._("Collection %s", name),
            "Customer": self.env._("Customer %s", name),
            "Company": self.env._("Company %s", name),
            "CompanyLocation": self.env._("Company location %s", name),
            "Product": self.env._("Product %s", name),
            "ProductVariant": self.env._("Variant %s", name),
            "Location": self.env._("Location %s", name),
            "product.template": self.env._("Product %s", name),
            "res.partner": self.env._("Contact %s", name),
            "stock.picking": self.env._("Delivery %s", name),
            "Fulfillment": self.env._("Fulfilment %s", name),
            "shopify.stock.level": self.env._("The stock of %s", name),
        }
        return kinds.get(kind, name)

    def _wait_keys(self):
        """What a person has to mend. An order that waits for a variant also waits for
        its product to be read, which the connector does by itself."""
        keys = self.wait_ids.mapped("key")
        if any(key.startswith("variant:") for key in keys):
            keys = [key for key in keys if not key.startswith("product:")]
        return keys

    def _missing_text(self, key):
        """A waits-on key in words."""
        kind, _sep, value = key.partition(":")
        name = value
        if value.startswith("gid:"):
            name = self._short_name(value) or value.rpartition("/")[2]
        match kind:
            case "variant":
                return self.env._("a link for the variant %s", name)
            case "product":
                return self.env._("a link for the product %s", name)
            case "customer":
                return self.env._("a link for the customer %s", name)
            case "company":
                return self.env._("a link for the company %s", name)
            case "order":
                return self.env._("the import of the order %s", name)
            case "location":
                return self.env._("a warehouse for %s", self._location_label(value))
            case "tax":
                return self.env._("an Odoo tax for %s", _tax_label(value))
            case "scope":
                return self.env._("the permission %s in Shopify", value)
            case "pricelist":
                return self.env._("a pricelist in %s", value)
            case "setting":
                field = self.env["shopify.backend"]._fields.get(value)
                label = field._description_string(self.env) if field else value
                return self.env._("the store's setting “%s”", label)
        return key

    @api.model
    def _appeared(self, key):
        """A waits-on key that is there now, in words that end a wait."""
        kind, _sep, value = key.partition(":")
        if kind == "variant":
            link = self.env["shopify.product.product"].search(
                [("shopify_gid", "=", value)], limit=1
            )
            name = link.odoo_id.sudo().display_name or value
            return self.env._("the variant %s was linked", name)
        return self.env._("there is now %s", self._missing_text(key))

    def _location_label(self, gid):
        name = self._location_name(gid)
        return f"“{name}”" if name else gid

    def _location_name(self, gid):
        """A location's ID is one of its kind in all of Shopify, so it needs no store."""
        row = self.env["shopify.mapping.location"].search(
            [("shopify_gid", "=", gid)], limit=1
        )
        return row.name or None

    @api.depends("state", "outcome")
    def _compute_status(self):
        for row in self:
            if row.state != "done":
                row.status = row.state
            else:
                told = row.outcome in ("excluded", "simulated")
                row.status = row.outcome if told else "synced"

    @api.depends("cause_key", "backend_id")
    def _compute_cause_count(self):
        counts = {
            (backend.id, cause): count
            for backend, cause, count in self._read_group(
                [
                    ("backend_id", "in", self.backend_id.ids),
                    ("cause_key", "in", self.filtered("cause_key").mapped("cause_key")),
                    ("state", "in", ("review", "waiting")),
                ],
                ["backend_id", "cause_key"],
                ["__count"],
            )
        }
        for row in self:
            row.cause_count = counts.get((row.backend_id.id, row.cause_key), 0)

    # === BOTH SIDES === #

    @api.model
    def _odoo_models(self):
        return [
            (name, self.env["ir.model"]._get(name).name)
            for name in ODOO_MODELS
            if name in self.env
        ]

    @api.depends("subject_key", "direction", "wait_ids.key")
    def _compute_shopify_url(self):
        for row in self:
            row.shopify_url = row._page_in_shopify()

    def _page_in_shopify(self):
        """Its own page; where the admin has none, that of what it belongs to."""
        keys = [self.subject_key or ""]
        keys += [key.partition(":")[2] for key in self.wait_ids.mapped("key")]
        pages = (
            self.backend_id._admin_url(key) for key in keys if key.startswith("gid:")
        )
        return next((page for page in pages if page), False)

    @api.depends("subject_type", "subject_key")
    @api.depends_context("uid")
    def _compute_odoo_ref(self):
        for row, record in self._odoo_records().items():
            # A record that its reader may not see is named by its ID alone.
            shown = record and record._filtered_access("read")
            row.odoo_ref = f"{record._name},{record.id}" if shown else False
            row.odoo_record_id = record.id if record else 0

    def _odoo_records(self):
        """{row: the record on Odoo's side, or None}, in one query a record type."""
        found = dict.fromkeys(self)
        for (backend, direction, kind), rows in self.grouped(
            lambda row: (row.backend_id, row.direction, row.subject_type)
        ).items():
            if direction == "out":
                found.update(rows._records_out(kind))
            elif kind in LINKS:
                # sudo: which record it is, is no secret; reading it is checked apart
                links = self.env[LINKS[kind]].sudo()
                links = links._find(backend, rows.mapped("subject_key"))
                all_links = self.env[LINKS[kind]].sudo()
                all_links = all_links.browse([link.id for link in links.values()])
                records = all_links._marked_records()
                for row in rows & self:
                    link = links.get(row.subject_key)
                    record = records.get(link) if link else None
                    found[row] = record.sudo(False) if record else None
        return found

    def _records_out(self, model):
        if model not in self.env:
            return {}
        ids = {row: int(row.subject_key) for row in self if row.subject_key.isdigit()}
        there = set(self.env[model].sudo().browse(ids.values()).exists().ids)
        return {
            row: self.env[model].browse(record_id)
            for row, record_id in ids.items()
            if record_id in there
        }

    def _odoo_record(self):
        """The record on Odoo's side, None if there is none (yet)."""
        self.ensure_one()
        return self._odoo_records()[self]

    # === FOR SUPPORT === #

    def _compute_event_ids(self):
        for row in self:
            row.event_ids = self.env["shopify.event"].search(
                [
                    ("backend_id", "=", row.backend_id.id),
                    ("subject_type", "=", row.subject_type),
                    ("subject_key", "=", row.subject_key),
                ],
                limit=TIMELINE,
            )

    def _subject_name(self):
        """As the engine's books call the subject."""
        self.ensure_one()
        return f"{self.direction}/{self.subject_type}/{self.subject_key}"

    def _names_of_writes(self):
        """What writes about this record are found by."""
        return [self._subject_name()]

    def _stopped_with(self):
        """Further rows that wait for the outcome of these writes."""
        return self.browse()

    def _open_writes(self):
        """Shopify writes about this record whose end isn't recorded, newest first."""
        self.ensure_one()
        # sudo: the book belongs to operators; only outcomes are taken from it
        writes = self.env["shopify.mutation"].sudo()
        self.env.cr.execute(
            "SELECT id FROM shopify_mutation WHERE backend_ref = %s"
            " AND state IN ('intent', 'unknown', 'applied')"
            " AND subjects ?| %s ORDER BY id DESC",
            [self.backend_id.id, self._names_of_writes()],
        )
        return writes.browse([row[0] for row in self.env.cr.fetchall()])


def _tax_label(key):
    try:
        return parse_key(key).describe()
    except (ValueError, ArithmeticError):
        return key
