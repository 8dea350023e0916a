"""A read of the whole store: Shopify writes it to files, we stream them into rows.

Work is done in short jobs, each lot committed together with the place in the file where
the next one begins. So a scan can be killed anywhere, and goes on there.
"""

import math
import time
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from ..api import bulk
from ..api import scopes as api_scopes
from ..api.errors import (
    AccessDeniedError,
    ShopifyError,
    ThrottledError,
    TransientError,
)
from ..core import failures
from .match_judge import Judge
from .remote_failure import remote_failure
from .roles import MANAGER, OPERATOR, check_role
from .scan_reader import ScanReader
from .shopify_match import TYPES
from .shopify_queue import JOB_PRIORITY

OPEN_STATES = ("asked", "reading", "comparing")
# What each type's reading takes; also the order of comparing: a product is what its
# variants belong to.
SCOPES = {
    "Location": "read_locations",
    "ProductVariant": "read_products",
    "Product": "read_products",
    "Customer": "read_customers",
    "Order": "read_orders",
}
# Old orders are no matter of matching, and may be millions.
USUAL_TYPES = {
    "matching": ("Location", "ProductVariant", "Product", "Customer"),
    "audit": tuple(SCOPES),
    "rebuild": tuple(SCOPES),
    "remark": tuple(SCOPES),
}
# A job works this long, well within a worker's limits.
STEP_SECONDS = 20
# Seconds to wait when something must pass by itself, doubled each time.
FIRST_WAIT, LONGEST_WAIT = 15, 300
MOST_TROUBLES = 20


class ShopifyScan(models.Model):
    _name = "shopify.scan"
    _description = "Store Scan"
    _order = "id desc"

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
    message = fields.Char(help="What it waits for, or why it failed.")
    troubles = fields.Integer(help="Times in a row that it had to wait for Shopify.")
    counts = fields.Json(help="Rows by Shopify type and verdict.")

    _open_uniq = models.UniqueIndex(
        "(backend_id, purpose) WHERE state IN ('asked', 'reading', 'comparing')",
        "The store is being read already.",
    )

    @api.depends("purpose", "started_at")
    def _compute_display_name(self):
        labels = dict(self._fields["purpose"]._description_selection(self.env))
        for scan in self:
            scan.display_name = f"{labels[scan.purpose]} {scan.started_at}"

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

    def _enqueue_step(self, wait=0):
        """Have a job go on with it, in `wait` seconds."""
        self.ensure_one()
        self.with_user(SUPERUSER_ID).with_delay(
            priority=JOB_PRIORITY["mark"],
            eta=math.ceil(wait) or None,
            identity_key=f"shopify/scan/{self.id}",
            description=f"Shopify {self.backend_id.name}: read the store",
        )._step_job()

    def _step_job(self):
        """Job: work for a while, each lot committed; a successor has the rest."""
        self.ensure_one()
        if not self._take():
            return
        backend = self.backend_id
        if backend.state != "connected" or not backend._is_at_home():
            return  # the minute cron goes on when it is connected again
        wait = self._work_guarded()
        # pylint: disable=invalid-commit; the job allows it
        self.env.cr.commit()
        if wait is not None:
            # Only now: a job of this key that is still waiting would swallow it.
            self._enqueue_step(wait)

    def _take(self):
        """Whether it is ours to work on: open, and in nobody else's hands."""
        self.flush_recordset()
        self.env.cr.execute(
            "SELECT id FROM shopify_scan WHERE id = %s AND state = ANY(%s)"
            " FOR NO KEY UPDATE SKIP LOCKED",
            [self.id, list(OPEN_STATES)],
        )
        return bool(self.env.cr.fetchone())

    def _work_guarded(self):
        """Seconds until it goes on; None when it is over."""
        try:
            with self.backend_id._client() as client:
                wait = self._work(client, time.monotonic() + STEP_SECONDS)
        except ThrottledError as error:
            return error.retry_after + 1
        except TransientError as error:
            return self._wait_for(error)
        except ShopifyError as error:
            self._fail(failures.render(remote_failure(self.backend_id, error)))
            return None
        if wait is not None and (self.troubles or self.message):
            self.write({"troubles": 0, "message": False})
        return wait

    def _work(self, client, stop_at):
        while True:
            wait = self._step(client, stop_at)
            # pylint: disable=invalid-commit; the job allows it
            self.env.cr.commit()  # a lot that is done stays done
            if wait is None or wait > 0 or time.monotonic() > stop_at:
                return wait
            if not self._take():
                return None  # cancelled meanwhile

    def _step(self, client, stop_at):
        """Do the next thing. Seconds until there is more to do, None for never."""
        if self.state == "asked":
            self.state = "reading"
        if self.state == "reading":
            return self._read(client, stop_at)
        return self._compare()

    def _read(self, client, stop_at):
        parts = self.part_ids.filtered(lambda part: part.state in READING_STATES)
        reader = ScanReader(self, client, stop_at)
        for part in parts:
            with self._refusals_of(part):
                if reader.advance(part):
                    self.troubles = 0
                    return 0
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

    def _wait_for(self, error):
        """Wait for what passes by itself, longer each time, and give up in the end."""
        # What this lot has begun to write goes with it.
        self.env.cr.rollback()
        self.troubles += 1
        if isinstance(error, bulk.BulkBusyError):
            message = self.env._(
                "Shopify is busy with other reads of this app. Goes on by itself."
            )
        else:
            message = failures.render(remote_failure(self.backend_id, error))
        if self.troubles > MOST_TROUBLES:
            self._fail(message)
            return None
        self.message = message
        return min(LONGEST_WAIT, FIRST_WAIT * 2 ** (self.troubles - 1))

    def _fail(self, message):
        self.write(
            {"state": "failed", "done_at": fields.Datetime.now(), "message": message}
        )

    def _step_failed(self, exc_name=None, exc_message=None, exc_info=None):
        """queue_job's on-fail hook: the step itself broke, and would again."""
        self._fail(f"{exc_name}: {exc_message}"[:500])
        self.backend_id._note_event("store", "defect", self.message)

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

    def _wake(self):
        result = super()._wake()
        self._wake_scans()
        return result

    def _wake_scans(self):
        """A scan whose job was lost goes on; one that has a job keeps it."""
        scans = self.env["shopify.scan"].search(
            [("backend_id", "=", self.id), ("state", "in", OPEN_STATES)]
        )
        for scan in scans:
            scan._enqueue_step()
