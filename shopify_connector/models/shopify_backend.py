"""A store: where it is, who works for it, its choices, and the doors to its engine.

No flow logic here: a flow lives with its record type.
"""

import hashlib
import logging
import os
import secrets
import time
from collections import defaultdict
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.queue_job.job import Job

from ..api import domain as shop_domain
from ..api.client import Client
from ..api.throttle import LONGEST_WAIT
from ..core import failures, gid
from ..core.failures import NeedsReview
from .shopify_flow import FLOWS
from .shopify_mark import LINKS
from .shopify_trigger import GROUPS
from .short_transaction import short_transaction

_logger = logging.getLogger(__name__)

# queue_job: the lower number goes first.
JOB_PRIORITY = {"fulfil": 5, "records": 10, "stock": 15, "mark": 20}
RAISED_PRIORITY = 1
RAISE_AFTER = timedelta(seconds=60)
# A later try within this many seconds gets a job of its own; the minute cron has the rest.
SUCCESSOR_WITHIN = 60
# Server parameters (Settings → Technical → System Parameters), in seconds or days.
PARAMETERS = {
    "connect_timeout": 5.0,
    "read_timeout": 60.0,
    "intent_max_age": 5.0,
    "verdict_wait": 60.0,
    "lease_interval": 600.0,
    "history_days": 180.0,
}
# How long a flow rests after a store-wide reason that passes by itself.
REST = timedelta(minutes=2)


class NewJob(Job):
    """A job that can't be stored yet, so storing it needn't look for it first: a
    webhook's answer waits for this."""

    def db_record(self):
        return self.env["queue.job"]


class ShopifyBackend(models.Model):
    _name = "shopify.backend"
    _description = "Shopify Store"
    _order = "name"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    shop_domain = fields.Char(
        "Shopify Domain", required=True, help="For example my-store.myshopify.com"
    )
    state = fields.Selection(
        [("draft", "Not connected"), ("connected", "Connected"), ("hold", "On hold")],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    hold_reason = fields.Char(readonly=True, copy=False)
    hold_message = fields.Char(readonly=True, copy=False)

    # --- signing in; secrets are for managers and never leave the server ---
    auth_kind = fields.Selection(
        [
            ("client_credentials", "App with client ID and secret"),
            ("token", "Access token"),
        ],
        "Connect With",
        required=True,
        default="client_credentials",
    )
    client_id = fields.Char("Client ID", groups="shopify_connector.group_manager")
    client_secret = fields.Char(groups="shopify_connector.group_manager", copy=False)
    access_token = fields.Char(groups="shopify_connector.group_manager", copy=False)
    webhook_key = fields.Char(
        groups="shopify_connector.group_manager",
        copy=False,
        default=lambda self: secrets.token_urlsafe(24),
        help="Part of this store's own webhook address. Only the body of a webhook is "
        "signed, so the address says which store it is for.",
    )

    # --- what Shopify said when connected ---
    shop_gid = fields.Char(readonly=True, copy=False)
    app_gid = fields.Char(readonly=True, copy=False)
    plan_name = fields.Char("Plan", readonly=True, copy=False)
    shop_currency_id = fields.Many2one("res.currency", readonly=True, copy=False)
    shop_timezone = fields.Char(readonly=True, copy=False)
    granted_scopes = fields.Char(readonly=True, copy=False)
    connected_at = fields.Datetime(readonly=True, copy=False)
    api_version_seen = fields.Char(readonly=True, copy=False)

    # --- where it lands ---
    sync_user_id = fields.Many2one(
        "res.users",
        "Sync User",
        required=True,
        default=lambda self: self.env.ref(
            "shopify_connector.user_sync", raise_if_not_found=False
        ),
        help="Syncs run as this user; what it may not do stops with that reason.",
    )
    lang = fields.Selection(lambda self: self.env["res.lang"].get_installed())
    pricelist_id = fields.Many2one("product.pricelist", check_company=True)
    default_warehouse_id = fields.Many2one("stock.warehouse", check_company=True)
    delivery_carrier_id = fields.Many2one("delivery.carrier", "Delivery Method")
    tip_product_id = fields.Many2one("product.product", "Product for Tips")
    custom_product_id = fields.Many2one("product.product", "Product for Custom Lines")
    duty_product_id = fields.Many2one("product.product", "Product for Duties")
    fee_product_id = fields.Many2one("product.product", "Product for Fees")

    # --- choices ---
    flow_ids = fields.One2many("shopify.flow", "backend_id", "Flows")
    location_ids = fields.One2many(
        "shopify.mapping.location", "backend_id", "Locations"
    )
    orders_since = fields.Datetime(
        "Import Orders From",
        help="Orders placed earlier are left out. By default the moment of connecting.",
    )
    order_confirm = fields.Selection(
        [("draft", "Leave as quotation"), ("confirm", "Confirm")],
        "Imported Orders",
        required=True,
        default="confirm",
    )
    money = fields.Selection(
        [("shop", "The shop's currency"), ("presentment", "The buyer's currency")],
        "Order Currency",
        required=True,
        default="shop",
    )
    import_test_orders = fields.Boolean(
        help="Test orders are left out unless this is set."
    )
    product_policy = fields.Selection(
        [
            ("link_only", "Link to existing products only"),
            ("create", "Create products that Odoo lacks"),
        ],
        "New Products",
        required=True,
        default="link_only",
    )
    match_by = fields.Selection(
        [
            ("sku,barcode", "SKU, then barcode"),
            ("barcode,sku", "Barcode, then SKU"),
            ("sku", "SKU"),
            ("barcode", "Barcode"),
        ],
        "Match Variants By",
        required=True,
        default="sku,barcode",
    )
    stock_buffer = fields.Float(
        help="Pieces never offered in Shopify, for what several channels sell at once."
    )
    last_webhook_at = fields.Datetime(readonly=True, copy=False)

    _domain_uniq = models.UniqueIndex(
        "(shop_domain) WHERE active", "This Shopify store is set up already."
    )

    # === MAKING === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["shop_domain"] = self._normal_domain(vals.get("shop_domain"))
        backends = super().create(vals_list)
        backends._open_companies()
        self.env["shopify.flow"].create(
            [
                {"backend_id": backend.id, "flow": flow}
                for backend in backends
                for flow, _label in FLOWS
                if flow not in backend.flow_ids.mapped("flow")
            ]
        )
        return backends

    def write(self, vals):
        if "shop_domain" in vals:
            vals = {**vals, "shop_domain": self._normal_domain(vals["shop_domain"])}
            changed = self.filtered(lambda b: b.shop_domain != vals["shop_domain"])
            if changed.filtered("shop_gid"):
                raise UserError(
                    self.env._(
                        "A connected store keeps its domain: its links belong to that "
                        "shop. Set up another store instead."
                    )
                )
        if "company_id" in vals and self.filtered("shop_gid"):
            raise UserError(self.env._("A connected store keeps its company."))
        result = super().write(vals)
        if {"company_id", "sync_user_id"} & set(vals):
            self._open_companies()
        self._release_settings(vals)
        return result

    def _release_settings(self, vals):
        """What waited for a choice that is made now goes on."""
        keys = [f"setting:{name}" for name, value in vals.items() if value]
        if vals.get("pricelist_id"):
            keys += [
                f"pricelist:{name}"
                for name in self.pricelist_id.currency_id.mapped("name")
            ]
        for backend in self if keys else ():
            backend._release(keys)

    def _open_companies(self):
        """Let the connector's own user work in these stores' companies. A user that
        somebody chose gets no rights by itself: what it lacks is said."""
        own = self.env.ref("shopify_connector.user_sync", raise_if_not_found=False)
        for backend in self.filtered(lambda b: b.sync_user_id == own):
            # sudo: users belong to administrators
            own.sudo().company_ids |= backend.company_id

    @api.model
    def _normal_domain(self, text):
        try:
            return shop_domain.normalise(text)
        except shop_domain.DomainError as error:
            raise ValidationError(str(error)) from error

    @api.model
    def _parameter(self, name):
        """A server parameter as a number; see PARAMETERS."""
        # sudo: server parameters are closed to ordinary users, these aren't secret
        text = (
            self.env["ir.config_parameter"]
            .sudo()
            .get_param(f"shopify_connector.{name}")
        )
        return float(text) if text else PARAMETERS[name]

    def _flow_policy(self, flow):
        # sudo: any user's act may concern a flow
        row = self.sudo().flow_ids.filtered(lambda f: f.flow == flow)
        return row.policy or "off"

    def _flow_owner(self, flow):
        return self.sudo().flow_ids.filtered(lambda f: f.flow == flow).owner_id

    # === TALKING === #

    def _is_at_home(self):
        """Whether this database lives where it did when the store was connected. A copy
        holds the store before it sends a single request."""
        problem = self.env["shopify.lease"]._local_problem(self)
        if problem:
            self._hold("store_on_hold", problem)
        return not problem

    def _client(self, longest_wait=LONGEST_WAIT):
        """The one door to this store, for the length of one job.

        longest_wait: seconds to wait for points. A drain says 0: it waits before it
        claims anything, never within a batch.
        """
        store = self.sudo()  # the sync user may not read secrets, but works with them
        return Client(
            shop=store.shop_domain,
            token=self.env["shopify.token"]._provider(store),
            base_url=self._base_url(),
            bucket=self.env["shopify.bucket"]._of(store),
            connect_timeout=self._parameter("connect_timeout"),
            read_timeout=self._parameter("read_timeout"),
            longest_wait=longest_wait,
        )

    @api.model
    def _base_url(self):
        """Where requests go instead of Shopify, from the server's environment only."""
        return os.environ.get("SHOPIFY_CONNECTOR_API_URL") or None

    def _admin_url(self, shopify_gid):
        """Page of a record in Shopify's admin, or False where there is none."""
        self.ensure_one()
        try:
            return gid.admin_url(self.shop_domain, shopify_gid)
        except ValueError:
            return False

    def _check_may_write(self):
        """Raise unless this database may write to the shop now."""
        if self.sudo().state != "connected":
            raise NeedsReview(
                "store_on_hold",
                problem=self.sudo().hold_message or self.env._("it is not connected"),
            )

    def _hold(self, code, message):
        """Stop all work for these stores, for a reason that a person must clear."""
        self.sudo().write(
            {"state": "hold", "hold_reason": code, "hold_message": message}
        )
        for backend in self:
            backend._note_event("store", code, message)

    def _note_event(self, kind, outcome, message):
        self.env["shopify.event"].sudo().create(
            {
                "backend_id": self.id,
                "kind": kind,
                "outcome": outcome,
                "message": message,
                "caused_by_id": self.env.uid,
            }
        )

    # === THE QUEUE === #

    def _drain(self, group):
        """Job: see shopify.sync `_drain`."""
        self.ensure_one()
        if self.sudo().state == "connected" and self.sudo().active:
            self.env["shopify.sync"]._drain(self, group)

    def _enqueue(self, group):
        """See to it that a drain of this group starts soon.

        The identity key spares jobs, nothing more: a job that is starting right now may
        swallow this one with a snapshot older than our trigger; the minute cron sees it.
        """
        job = self._new_drain(group)
        if not job.job_record_with_same_identity_key():
            job.store()

    def _new_drain(self, group):
        """A job that drains this group, not stored yet: to be, unless there is one of its
        identity key that hasn't begun."""
        return NewJob(
            self._as_queue_user()._drain,
            args=(group,),
            priority=JOB_PRIORITY[group],
            identity_key=self._drain_key(group),
            description=f"Shopify {self.name}: {group}",
        )

    def _drain_key(self, group):
        return f"shopify/drain/{self.id}/{group}"

    def _as_queue_user(self):
        """As whoever owns the drain jobs: the superuser, for whoever causes a trigger,
        the drain works as the sync user. In the store's company, and without the mail
        thread of a job's form: a webhook's answer waits for this."""
        return self.with_user(SUPERUSER_ID).with_context(
            allowed_company_ids=self.sudo().company_id.ids, tracking_disable=True
        )

    def _enqueue_successor(self, group, not_before=0):
        """After a drain: go on now, at the next try's time, or not at all.

        not_before: seconds until there are points to work with.
        """
        wait = self._due_in(group)
        if wait is None:
            return
        wait = max(wait, not_before)
        if wait <= 0:
            self._enqueue(group)
        elif wait <= SUCCESSOR_WITHIN:
            self._as_queue_user().with_delay(
                priority=JOB_PRIORITY[group],
                eta=int(wait) + 1,
                # Keyed by its time: a job for later must swallow no earlier one.
                identity_key=f"shopify/drain/{self.id}/{group}/{_slot(wait)}",
                description=f"Shopify {self.name}: {group}, later",
            )._drain(group)

    def _due_in(self, group):
        """Seconds until something of this group is due; None if nothing ever is."""
        # A flow that was just resumed, or a row just postponed, counts already.
        self.env["shopify.flow"].flush_model()
        self.env["shopify.sync"].flush_model()
        self.env.cr.execute(
            """
            WITH runnable AS (
                SELECT flow FROM shopify_flow
                 WHERE backend_id = %(backend)s AND policy <> 'off' AND paused_at IS NULL)
            SELECT CASE WHEN EXISTS (
                SELECT 1 FROM shopify_trigger
                 WHERE backend_id = %(backend)s AND drain_group = %(group)s
                   AND flow IN (SELECT flow FROM runnable)) THEN 0
            ELSE (SELECT extract(epoch FROM
                         min(next_attempt_at) - now() AT TIME ZONE 'UTC')
                    FROM shopify_sync
                   WHERE backend_id = %(backend)s AND drain_group = %(group)s
                     AND state = 'waiting' AND flow IN (SELECT flow FROM runnable))
            END
            """,
            {"backend": self.id, "group": group},
        )
        seconds = self.env.cr.fetchone()[0]
        return None if seconds is None else float(seconds)

    def _enqueue_due(self):
        for backend in self:
            for group in GROUPS:
                wait = backend._due_in(group)
                if wait is not None and wait <= 0:
                    backend._enqueue(group)

    def _advisory_key(self, what):
        """A lock number for something of this store, the same in every worker."""
        text = f"shopify_connector/{self.id}/{what}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], signed=True)

    @api.model
    def _for_each_store(self, act):
        """Call act(store) for each connected store that lives here, each in a
        transaction of its own: one store's error must not stop the others' cron.

        What fails is noted in that store's history, and tried again by the next run.
        """
        for store in self.search([("state", "=", "connected")]):
            try:
                with self.env.registry.cursor() as cr:
                    backend = store.with_env(self.env(cr=cr))
                    if backend._is_at_home():
                        act(backend)
            except Exception as error:
                _logger.exception("Scheduled work for Shopify store %s", store.id)
                with short_transaction(self.env.registry) as cr:
                    store.with_env(self.env(cr=cr))._note_event(
                        "store", "schedule failed", f"{type(error).__name__}: {error}"
                    )

    @api.model
    def _cron_wake(self):
        """The last net, every minute: wake what is due and has no job, re-test what
        waits, and raise drains that stand in the queue for long."""
        self._for_each_store(lambda backend: backend._wake())
        self._raise_old_drains()

    def _wake(self):
        self.flow_ids._resume_rested()
        self._wake_open_writes()
        self._retest_waits()
        self._enqueue_due()
        self._drop_ended_claims()

    def _wake_open_writes(self):
        """A worker may die between its commit and closing its remote write; the
        subject's next run closes it, so there must be one."""
        names = self.env["shopify.mutation"]._abandoned(self)
        flows = {"stock.picking": "fulfilments", "shopify.stock.level": "stock"}
        subjects = []
        for name in names:
            direction, subject_type, key = name.split("/", 2)
            if direction == "mark":
                flow = self.env[LINKS[subject_type]]._flow
            elif direction == "out":
                flow = flows[subject_type]
            else:
                continue  # the store's own writes are settled when it is mended
            subjects.append((flow, direction, subject_type, key))
        self.env["shopify.trigger"]._insert_missing(self, subjects, "reconcile")

    @api.model
    def _raise_old_drains(self):
        """Let drains that stand for long go before any younger job.

        SQL, since the job runner may take any of these jobs at this moment: it must
        neither wait for us nor make this cron start over.
        """
        with short_transaction(self.env.registry, read_committed=True) as cr:
            cr.execute(
                """
                UPDATE queue_job SET priority = %s WHERE id IN (
                    SELECT id FROM queue_job
                     WHERE model_name = %s AND method_name = '_drain'
                       AND state = 'pending' AND priority > %s AND date_created < %s
                       AND (eta IS NULL OR eta < now() AT TIME ZONE 'UTC')
                       FOR NO KEY UPDATE SKIP LOCKED)
                """,
                [
                    RAISED_PRIORITY,
                    self._name,
                    RAISED_PRIORITY,
                    fields.Datetime.now() - RAISE_AFTER,
                ],
            )

    def _drain_failed(self, exc_name=None, exc_message=None, exc_info=None):
        """queue_job's on-fail hook: the drain itself broke. Must never raise, or the
        failure is lost and the job goes round for ever."""
        try:
            with self.env.cr.savepoint():
                self._note_event("store", "defect", f"{exc_name}: {exc_message}"[:500])
        except Exception:
            _logger.exception("A failed drain could not be noted")

    def _drop_ended_claims(self):
        """Notes of batches that committed, by workers that died before dropping them."""
        with short_transaction(self.env.registry, read_committed=True) as cr:
            cr.execute(
                """
                DELETE FROM shopify_claim WHERE id IN (
                    SELECT c.id FROM shopify_claim c
                     WHERE c.backend_ref = %s
                       AND EXISTS (SELECT 1 FROM shopify_sync s
                                    WHERE s.last_batch = c.batch)
                       FOR UPDATE SKIP LOCKED)
                """,
                [self.id],
            )

    # === WAITING AND RELEASING === #

    def _release(self, keys):
        """Something appeared that subjects may be waiting for: look at them again."""
        self.ensure_one()
        if not keys:
            return 0
        waits = (
            self.env["shopify.sync.wait"]
            .sudo()  # any user's mapping may release another's sync
            .search([("key", "in", list(keys)), ("sync_id.backend_id", "=", self.id)])
        )
        rows = waits.sync_id.filtered(lambda s: s.state in ("review", "waiting"))
        if rows:
            self.env["shopify.trigger"].sudo()._insert(
                self, rows._subjects(), "released"
            )
        return len(rows)

    def _retest_waits(self):
        """Release waits whose key has appeared by a way that told nobody."""
        waits = (
            self.env["shopify.sync.wait"]
            .sudo()
            .search(
                [
                    ("is_present", "=", False),
                    ("sync_id.backend_id", "=", self.id),
                    ("sync_id.state", "in", ("review", "waiting")),
                ]
            )
        )
        present = self._present(set(waits.mapped("key")))
        rows = waits.filtered(lambda wait: wait.key in present).sync_id
        self.env["shopify.trigger"].sudo()._insert_missing(
            self, rows._subjects(), "released"
        )

    def _present(self, keys):
        """Those of these waits-on keys that are there now; one look-up a kind."""
        by_kind = defaultdict(set)
        for key in keys:
            kind, _sep, value = key.partition(":")
            by_kind[kind].add(value)
        present = set()
        for kind, values in by_kind.items():
            test = getattr(self, f"_present_{kind}", None)
            if test:
                present |= {f"{kind}:{value}" for value in test(values)}
        return present

    def _present_links(self, model, gids):
        return self.env[model].sudo()._find(self, gids).keys()

    def _present_variant(self, gids):
        return self._present_links("shopify.product.product", gids)

    def _present_product(self, gids):
        return self._present_links("shopify.product.template", gids)

    def _present_customer(self, gids):
        return self._present_links("shopify.res.partner", gids)

    def _present_order(self, gids):
        return self._present_links("shopify.sale.order", gids)

    def _present_location(self, gids):
        rows = (
            self.env["shopify.mapping.location"]
            .sudo()
            .search([("backend_id", "=", self.id), ("shopify_gid", "in", list(gids))])
        )
        return rows.filtered("warehouse_id").mapped("shopify_gid")

    def _present_tax(self, keys):
        rows = (
            self.env["shopify.mapping.tax"]
            .sudo()
            .search([("backend_id", "=", self.id), ("key", "in", list(keys))])
        )
        return rows.filtered("tax_id").mapped("key")

    def _present_scope(self, scopes):
        granted = set((self.sudo().granted_scopes or "").split(","))
        return scopes & granted

    def _present_setting(self, names):
        return [name for name in names if name in self._fields and self.sudo()[name]]

    def _present_pricelist(self, currencies):
        return currencies & {self.sudo().pricelist_id.currency_id.name}

    # === PAUSING === #

    def _pause_where_needed(self, results):
        """Store-wide reasons stop their flow, counted over everything that stands.

        results: {subject: (end, facts)} of a batch that is committed.
        """
        by_cause = {}
        for subject, (end, _facts) in results.items():
            if not isinstance(end, failures.Failure):
                continue
            if end.reason.store_wide or end.reason.nature == "defect":
                by_cause[subject.flow, failures.cause_key(end)] = end
        if not by_cause:
            return
        # sudo: the engine's own books
        rows = (
            self.env["shopify.sync"]
            .sudo()
            .search_fetch(
                [
                    ("backend_id", "=", self.id),
                    ("cause_key", "in", [cause for _flow, cause in by_cause]),
                    ("state", "in", ("review", "waiting")),
                ],
                ["flow", "cause_key", "subject_key"],
            )
        )
        by_flow = defaultdict(list)
        for row in rows:
            failure = by_cause.get((row.flow, row.cause_key))
            if failure:
                by_flow[row.flow].append((row.subject_key, failure))
        for flow, failed in by_flow.items():
            pause = failures.breaker(failed)
            if pause:
                self._pause(flow, pause.failure)

    def _pause(self, flow, failure):
        """Stop a flow: until a person or the fix resumes it, or, for a reason that
        passes by itself, for a short rest.

        By a transaction of its own: two groups of one store may pause one flow.
        """
        temporary = failure.reason.nature == "temporary"
        now = fields.Datetime.now()
        with short_transaction(self.env.registry, read_committed=True) as cr:
            cr.execute(
                "UPDATE shopify_flow SET paused_at = %s, rests_until = %s,"
                " paused_reason = %s, paused_message = %s"
                " WHERE backend_id = %s AND flow = %s AND paused_at IS NULL",
                [
                    now,
                    now + REST if temporary else None,
                    failure.code,
                    failures.render(failure, self.sudo().name),
                    self.id,
                    flow,
                ],
            )
            if cr.rowcount:
                self.with_env(self.env(cr=cr))._note_event(
                    "store", failure.code, failures.render(failure, flow)
                )
        self.env["shopify.flow"].invalidate_model()

    def _pause_all(self, failure):
        """The store can't be worked for at all, for this reason: all flows rest."""
        for flow in self.sudo().flow_ids.mapped("flow"):
            self._pause(flow, failure)

    def _resume_paused(self, codes, only_paused=False):
        """A fix is there: flows paused for these reasons go on, and what stopped for
        them is looked at again (only_paused: only where flows were)."""
        # sudo: whoever brought the fix
        rows = self.sudo().flow_ids.filtered(lambda f: f.paused_reason in codes)
        if rows:
            rows._resume()
        elif only_paused:
            return
        stopped = (
            self.env["shopify.sync"]
            .sudo()
            .search(
                [
                    ("backend_id", "=", self.id),
                    ("reason_code", "in", list(codes)),
                    ("state", "=", "review"),
                ]
            )
        )
        self.env["shopify.trigger"].sudo()._insert(
            self, stopped._subjects(), "released"
        )

    # === RETENTION === #

    @api.model
    def _cron_retention(self):
        """Drop history after its time, and what was written of settled Shopify writes:
        both may hold personal data."""
        days = int(self._parameter("history_days"))
        self.env["shopify.event"]._gc(days)
        self.env["shopify.mutation"]._trim(days)
        self.env["shopify.claim"]._gc(days)


def _slot(wait):
    """The five seconds in which something due in `wait` seconds falls."""
    return int((time.time() + wait) // 5)
