"""How work gets into the queue and out of it again: drains, successors, the minute cron."""

import logging
import time
from datetime import timedelta
from functools import partial

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL, config

from odoo.addons.queue_job.job import Job
from odoo.addons.queue_job.jobrunner.runner import _channels

from ..core.capacity import workers_missing
from .shopify_mark import LINKS
from .shopify_trigger import GROUPS, NOT_BEGUN
from .short_transaction import short_transaction
from .sync_subject import HANDLERS

_logger = logging.getLogger(__name__)

# queue_job: the lower number goes first.
JOB_PRIORITY = {"fulfil": 5, "records": 10, "stock": 15, "mark": 20}
RAISED_PRIORITY = 1
RAISE_AFTER = timedelta(seconds=60)
# A later try within this many seconds gets a job of its own; the minute cron has the rest.
SUCCESSOR_WITHIN = 60
# Keys in the cursor's hooks: drains that this transaction has enqueued,
OWN_DRAINS = "shopify_own_drains"
# drains that others enqueued, to see whether they wait still,
LOOK_AGAIN = "shopify_look_again"
# and who calls that look, when not the commit itself.
LOOK_BY = "shopify_look_by"


class NewJob(Job):
    """A job that isn't stored yet. It is stored by one statement, past create(), which
    takes three times as long: a webhook's answer waits for this."""

    def store(self):
        jobs = self.env["queue.job"]
        row = {
            name: jobs._fields[name].convert_to_column_insert(value, jobs)
            for name, value in self._store_values(create=True).items()
        }
        self.env.cr.execute(
            SQL(
                "INSERT INTO queue_job (%s) VALUES %s",
                SQL(", ").join(map(SQL.identifier, row)),
                tuple(row.values()),
            )
        )


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _register_hook(self):
        """Say at the server's start when busy jobs would leave webhooks no worker."""
        super()._register_hook()
        if "queue_job" not in config["server_wide_modules"]:
            return  # no job runner here: an upgrade, a shell, a test
        channels = _channels()
        missing = workers_missing(config["workers"], channels)
        if missing:
            _logger.warning(
                "Shopify: %s workers for the channels %r: while all job slots are busy, "
                "webhooks and people wait. Start with workers = %s or more.",
                config["workers"],
                channels,
                config["workers"] + missing,
            )

    def _drain(self, group):
        """Job: see shopify.sync `_drain`."""
        self.ensure_one()
        if self._is_working() and self.sudo().active:
            self.env["shopify.sync"]._drain(self, group)

    def _enqueue(self, group, seen=None):
        """See to it that a drain of this group starts soon.

        seen: whether this transaction has just seen one waiting to begin; else it looks.
        The identity key spares jobs, nothing more. The job that was seen may begin with
        a snapshot older than our triggers, and end, before we commit: so after the
        commit it is looked for again. Should we die in between, the minute cron sees it.
        """
        job = self._new_drain(group)
        if seen is None:
            seen = bool(job.job_record_with_same_identity_key())
        hooks = self.env.cr.postcommit
        own = hooks.data.setdefault(OWN_DRAINS, set())
        if not seen:
            own.add(job.identity_key)
            job.store()
        elif job.identity_key not in own:
            self._look_again_after_commit(group)

    def _look_again_after_commit(self, group):
        hooks = self.env.cr.postcommit
        if LOOK_AGAIN not in hooks.data:
            hooks.data[LOOK_AGAIN] = again = {}
            registry = self.env.registry

            def look():
                by = hooks.data.get(LOOK_BY)
                if by:
                    by(partial(look_again, registry, again))
                else:
                    look_again(registry, again)

            hooks.add(look)
        hooks.data[LOOK_AGAIN][self._drain_key(group)] = self.id, group

    def _look_again_by(self, later):
        """Let `later` call this transaction's second look: whoever waits for an answer
        needn't wait for it.

        later: called after the commit with the look, a callable without arguments.
        """
        self.env.cr.postcommit.data[LOOK_BY] = later

    def _new_drain(self, group):
        """A job that drains this group, not stored yet: to be, unless there is one of its
        identity key that hasn't begun."""
        return NewJob(
            self._as_queue_user()._drain,
            args=(group,),
            priority=JOB_PRIORITY[group],
            identity_key=self._drain_key(group),
            description=f"Shopify {self._facts().name}: {group}",
        )

    def _drain_key(self, group):
        return f"shopify/drain/{self.id}/{group}"

    def _as_queue_user(self):
        """As whoever owns the drain jobs: the superuser, for whoever causes a trigger,
        the drain works as the sync user. In the store's company, and without the mail
        thread of a job's form: a webhook's answer waits for this."""
        return self.with_user(SUPERUSER_ID).with_context(
            allowed_company_ids=[self._facts().company_id], tracking_disable=True
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

    @api.model
    def _for_each_store(self, act, domain=None):
        """Call act(store) for each store at work (or of the domain) that lives here, each
        in a transaction of its own: one store's error must not stop the others' cron.

        What fails is noted in that store's history, and tried again by the next run.
        """
        for store in self.search(domain or self._working_stores()):
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
        self._wake_open_writes()
        self._retest_waits()
        self._enqueue_due()
        self._drop_ended_claims()

    def _wake_open_writes(self):
        """A worker may die between its commit and closing its remote write; the
        subject's next run closes it, so there must be one."""
        subjects = []
        for name in self.env["shopify.mutation"]._abandoned(self):
            direction, _slash, subject = name.partition("/")
            subject_type, _slash, key = subject.partition("/")
            if direction == "mark":
                model = LINKS.get(subject_type)
            else:
                model = HANDLERS.get((direction, subject_type))
            # The store's own writes are settled when it is mended; what a later version
            # wrote has no handler here.
            if model in self.env:
                flow = self.env[model]._flow
                subjects.append((flow, direction, subject_type, key))
        self.env["shopify.trigger"]._insert_missing(
            self, self._unless_asked(subjects), "reconcile"
        )

    def _unless_asked(self, subjects):
        """Without those whose open write only a person can settle, and was asked to."""
        # sudo: the engine's own books
        rows = (
            self.env["shopify.sync"]
            .sudo()
            .search(
                [
                    ("backend_id", "=", self.id),
                    ("state", "=", "review"),
                    ("reason_code", "=", "outcome_needs_person"),
                ]
            )
        )
        asked = {(row.direction, row.subject_type, row.subject_key) for row in rows}
        return [subject for subject in subjects if subject[1:] not in asked]

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


def look_again(registry, drains):
    """Enqueue those drains of which no job waits to begin.

    drains: {identity key: (store's ID, group)}
    """
    with registry.cursor() as cr:
        cr.execute(
            """
            SELECT key FROM unnest(%s) key WHERE NOT EXISTS (
                   SELECT FROM queue_job
                    WHERE identity_key = key AND state IN %s)
            """,
            [list(drains), NOT_BEGUN],
        )
        stores = api.Environment(cr, SUPERUSER_ID, {})["shopify.backend"]
        for (key,) in cr.fetchall():
            store_id, group = drains[key]
            stores.browse(store_id)._new_drain(group).store()


def _slot(wait):
    """The five seconds in which something due in `wait` seconds falls."""
    return int((time.time() + wait) // 5)
