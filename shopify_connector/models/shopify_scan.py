"""A read of the whole store: Shopify writes it to files, we stream them into rows.

It works in steps (shopify.steps): with each lot of lines the place in the file is kept
where the next one begins.
"""

from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..api import bulk
from ..api import scopes as api_scopes
from ..api.errors import AccessDeniedError, ShopifyError
from ..core import failures
from .match_judge import Judge
from .remote_failure import remote_failure
from .roles import MANAGER, OPERATOR, check_role
from .scan_reader import LONGEST_PAUSE, ScanReader
from .shopify_match import TYPES

OPEN_STATES = ("asked", "reading", "comparing")
# What each type's reading takes; also the order of comparing: a product is what its
# variants belong to.
SCOPES = {
    "Location": "read_locations",
    "ProductVariant": "read_products",
    "Product": "read_products",
    "Collection": "read_products",
    "Customer": "read_customers",
    "Company": "read_customers",
    "CompanyLocation": "read_customers",
    "Order": "read_orders",
}
# Not there in a shop without companies (B2B).
COMPANY_TYPES = ("Company", "CompanyLocation")
# Old orders are no matter of matching, and may be millions.
USUAL_TYPES = {
    "matching": (
        "Location",
        "ProductVariant",
        "Product",
        "Collection",
        "Customer",
        *COMPANY_TYPES,
    ),
    "audit": tuple(SCOPES),
    "rebuild": tuple(SCOPES),
    "remark": tuple(SCOPES),
}


class ShopifyScan(models.Model):
    _name = "shopify.scan"
    _inherit = "shopify.steps"
    _description = "Store Scan"
    _order = "id desc"
    _open_states = OPEN_STATES

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    purpose = fields.Selection(
        [("matching", "Matching"), ("audit", "Audit"), ("rebuild", "Rebuild")],
        required=True,
        default="matching",
    )
    state = fields.Selection(
        [
            ("asked", "Asked"),
            ("reading", "Reading"),
            ("comparing", "Comparing"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="asked",
        index=True,
    )
    started_at = fields.Datetime(default=fields.Datetime.now, required=True)
    done_at = fields.Datetime()
    part_ids = fields.One2many("shopify.scan.part", "scan_id", "Parts")
    match_ids = fields.One2many("shopify.match", "scan_id", "Rows")
    progress = fields.Float(compute="_compute_progress", help="Percent.")
    counts = fields.Json(help="Rows by Shopify type and verdict.")

    _open_uniq = models.UniqueIndex(
        "(backend_id, purpose) WHERE state IN ('asked', 'reading', 'comparing')",
        "The store is being read already.",
    )

    @api.depends("purpose", "started_at")
    def _compute_display_name(self):
        labels = dict(self._fields["purpose"]._description_selection(self.env))
        for scan in self:
            at = format_datetime(self.env, scan.started_at) if scan.started_at else ""
            scan.display_name = f"{labels[scan.purpose]} {at}".strip()

    @api.depends("state", "part_ids.read_count", "part_ids.compared_count")
    def _compute_progress(self):
        for scan in self:
            if scan.state == "done":
                scan.progress = 100.0
                continue
            parts = scan.part_ids
            done = sum(part._share_done() for part in parts)
            scan.progress = round(100.0 * done / len(parts), 1) if parts else 0.0

    # === LIFE === #

    def _step(self, client, stop_at):
        """Do the next thing. Seconds until there is more to do, None for never."""
        if self.state == "asked":
            self.state = "reading"
        if self.state == "reading":
            return self._read(client, stop_at)
        return self._compare()

    def _read(self, client, stop_at):
        parts = self.part_ids.filtered(lambda part: part.state in READING_STATES)
        reader = self._reader(client, stop_at)
        busy = None
        for part in parts:
            if busy and part.state == "asked":
                continue
            try:
                with self._refusals_of(part):
                    if reader.advance(part):
                        return 0
            except bulk.BulkBusyError as error:
                busy = error
        if busy and not parts.filtered(lambda part: part.state == "running"):
            raise busy
        # The rest of ours takes the places of those that run, one by one.
        if parts.filtered(lambda part: part.state in READING_STATES):
            return reader.pause(parts)
        self.state = "comparing"
        # The planner knows nothing yet of rows that came by the hundred thousand.
        self.env.cr.execute("ANALYZE shopify_match")
        return 0

    @contextmanager
    def _refusals_of(self, part):
        """A type that we may not read is left out; the others go on."""
        try:
            yield
        except AccessDeniedError as error:
            reason = failures.render(remote_failure(self.backend_id, error))
            part._fail(reason)

    def _compare(self):
        judge = self._judge()
        for shopify_type in self._types_in_turn():
            part = self.part_ids.filtered(
                lambda part, kind=shopify_type: part.shopify_type == kind
            )
            if part.state == "read":
                judge.advance(part)
                return 0
        self._finish()
        return None

    def _reader(self, client, stop_at):
        """Who brings the store's records here."""
        return ScanReader(self, client, stop_at)

    def _judge(self):
        """Who compares this scan's rows with Odoo."""
        return Judge(self)

    def _types_in_turn(self):
        return SCOPES

    def _finish(self):
        self.env.cr.execute(
            "SELECT shopify_type, verdict, count(*) FROM shopify_match"
            " WHERE scan_id = %s GROUP BY 1, 2",
            [self.id],
        )
        counts = {}
        for shopify_type, verdict, count in self.env.cr.fetchall():
            counts.setdefault(shopify_type, {})[verdict] = count
        failed = self.part_ids.filtered(lambda part: part.state == "failed")
        self.write(
            {
                "state": "failed" if failed == self.part_ids else "done",
                "done_at": fields.Datetime.now(),
                "counts": counts,
                "message": " ".join(filter(None, failed.mapped("message"))) or False,
            }
        )

    def _after(self, error):
        """What takes all places ends by itself, be it after days: nothing is broken."""
        if isinstance(error, bulk.BulkBusyError):
            self.message = self._problem(error)
            return LONGEST_PAUSE
        return super()._after(error)

    def _problem(self, error):
        if isinstance(error, bulk.BulkBusyError):
            return self.env._(
                "Shopify is busy with other reads of this app. Goes on by itself."
            )
        return super()._problem(error)

    def _fail(self, message):
        self.done_at = fields.Datetime.now()
        return super()._fail(message)

    def action_cancel(self):
        """Stop reading. What was read stays to be looked at; nothing was changed."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        for scan in self.sudo():  # sudo: scans are written by the engine only
            if scan.state not in OPEN_STATES:
                continue
            scan.write({"state": "cancelled", "done_at": fields.Datetime.now()})
            running = scan.part_ids.filtered(
                lambda part: part.state == "running" and part.bulk_gid
            )
            if running and scan.backend_id.state == "connected":
                scan._cancel_remote(running)
        return True

    def _cancel_remote(self, parts):
        try:
            with self.backend_id._client() as client:
                for part in parts:
                    bulk.cancel(client, part.bulk_gid)
        except ShopifyError as error:
            # It ends by itself, and nobody reads its result.
            self.message = failures.render(remote_failure(self.backend_id, error))


class ShopifyScanPart(models.Model):
    _name = "shopify.scan.part"
    _description = "Part of a Store Scan"
    _order = "scan_id desc, id"
    _rec_name = "shopify_type"

    scan_id = fields.Many2one(
        "shopify.scan", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="scan_id.company_id", store=True, index=True, precompute=True
    )
    shopify_type = fields.Selection(TYPES, "Records", required=True)
    state = fields.Selection(
        [
            ("asked", "Asked"),
            ("running", "Being Written by Shopify"),
            ("ready", "Being Read"),
            ("read", "Read"),
            ("compared", "Compared"),
            ("failed", "Failed"),
        ],
        required=True,
        default="asked",
    )
    bulk_key = fields.Char(help="Our own name for Shopify's operation, kept before.")
    bulk_gid = fields.Char()
    bulk_url = fields.Char(groups="base.group_system", help="Whoever has it may read.")
    tries = fields.Integer(help="How often its operation had to be started anew.")
    object_count = fields.Integer("In Shopify", help="As Shopify says.")
    read_count = fields.Integer("Read")
    # A file may be larger than an integer column counts; a double is exact to 2^53.
    read_offset = fields.Float(help="Byte of the file where the next lot begins.")
    compared_to = fields.Integer(help="ID of the last row compared.")
    compared_count = fields.Integer("Compared")
    stage = fields.Char(help="What is compared now: rows, twice, odoo.")
    key_report = fields.Json(help="How far each match key can be trusted.")
    message = fields.Char()

    _type_uniq = models.UniqueIndex(
        "(scan_id, shopify_type)", "The scan reads this type already."
    )

    def _share_done(self):
        """0 to 1; reading and comparing count half each."""
        self.ensure_one()
        if self.state in ("compared", "failed"):
            return 1.0
        read = 1.0 if self.state == "read" else 0.0
        if self.state == "ready" and self.object_count:
            read = min(1.0, self.read_count / self.object_count)
        compared = min(1.0, self.compared_count / self.read_count) if read == 1 else 0.0
        return (read + compared) / 2

    def _fail(self, message):
        self.write({"state": "failed", "message": message})


READING_STATES = ("asked", "running", "ready")


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _scan(self, purpose="matching", types=None):
        """Begin to read the whole store, in jobs; returns the scan.

        An open one of this purpose is returned instead of a second. Raises UserError for
        a store that isn't connected, and one whose scopes let us read none of it.
        """
        self.ensure_one()
        scans = self.env["shopify.scan"].sudo()  # sudo: written by the engine only
        running = scans.search(
            [
                ("backend_id", "=", self.id),
                ("purpose", "=", purpose),
                ("state", "in", OPEN_STATES),
            ]
        )
        if running:
            return running
        if self.state != "connected":
            raise UserError(self.env._("Connect the store %s first.", self.name))
        granted = (self.sudo().granted_scopes or "").split(",")
        wanted = types or USUAL_TYPES[purpose]
        if not self.sudo().has_companies:
            wanted = [kind for kind in wanted if kind not in COMPANY_TYPES]
        readable = [
            kind for kind in wanted if not api_scopes.missing(granted, [SCOPES[kind]])
        ]
        if not readable:
            raise UserError(
                self.env._(
                    "Shopify lets this app read none of it. Scopes that are missing: %s",
                    ", ".join(sorted({SCOPES[kind] for kind in wanted})),
                )
            )
        scan = scans.create(
            {
                "backend_id": self.id,
                "purpose": purpose,
                "part_ids": [
                    fields.Command.create({"shopify_type": kind}) for kind in readable
                ],
            }
        )
        scan._enqueue_step()
        return scan

    def action_scan(self):
        """Read the store for the worksheet, and show that."""
        check_role(self.env, MANAGER)
        self.check_access("read")
        for backend in self:
            backend._scan("matching")
        return self[:1].action_open_matching()
