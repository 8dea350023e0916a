"""One row a subject: where it stands now. And the drain, the only code that runs syncs.

Reading order: `_drain` (the job) → `_claim` → `_run` → `_record`.
"""

import time

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.queue_job.exception import RetryableJobError

from ..api.throttle import LONGEST_WAIT
from ..core.failures import Failure
from . import shopify_claim
from .sync_errors import is_link_race, leaves_the_job
from .sync_subject import BATCH, DRAIN_SECONDS, LOOKAHEAD, PROBE, Subject


class ShopifySync(models.Model):
    _name = "shopify.sync"
    _description = "Shopify Sync"
    _order = "weight desc, id desc"
    _rec_name = "record_name"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True
    )
    flow = fields.Char(required=True, index=True)
    direction = fields.Selection(
        [("in", "Into Odoo"), ("out", "To Shopify"), ("mark", "Write Back")],
        required=True,
    )
    drain_group = fields.Char(required=True)
    subject_type = fields.Char("Record Type", required=True)
    subject_key = fields.Char("Record Key", required=True, index=True)
    priority = fields.Integer(default=20)
    record_name = fields.Char("Record")
    amount = fields.Float(help="What is at stake, in the store's currency.")
    currency = fields.Char()

    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("done", "Done"),
            ("review", "Needs Review"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        index=True,
    )
    outcome = fields.Selection(
        [
            ("synced", "Synced"),
            ("unchanged", "Unchanged"),
            ("excluded", "Excluded"),
            ("simulated", "Simulated: not written"),
        ]
    )
    note = fields.Char(help="The rule that excluded it, or what was done.")
    reason_code = fields.Char("Reason", index=True)
    reason_params = fields.Json()
    cause_key = fields.Char(index=True)
    last_cause_key = fields.Char(help="Kept when it went through: what it stopped for.")
    weight = fields.Integer()
    nature = fields.Selection(
        [
            ("temporary", "Passes by itself"),
            ("configuration", "Needs set-up"),
            ("permission", "Not allowed"),
            ("data", "Needs a decision"),
            ("conflict", "The two sides disagree"),
            ("defect", "Defect"),
        ],
        "Kind",
    )
    traceback = fields.Text(groups="shopify_connector.group_operator")
    next_attempt_at = fields.Datetime("Next Try")
    attempt_count = fields.Integer()
    first_failed_at = fields.Datetime("Since")
    owner_id = fields.Many2one("res.users", index=True)
    handed_to_id = fields.Many2one(
        "res.users", help="Whom a person gave it to; the owner while he isn't away."
    )
    wait_ids = fields.One2many("shopify.sync.wait", "sync_id", "Waits On")
    remote_updated_at = fields.Char(
        help="Shopify's updatedAt as read with the last run that came to an end."
    )
    is_read_early = fields.Boolean(
        help="Read so soon after its last change in Shopify that another one may bear "
        "the same time: the next comparison reads it once more."
    )
    last_batch = fields.Char()
    last_run_at = fields.Datetime("Last Sync")
    close_reason = fields.Char()
    is_accepted = fields.Boolean(
        help="A person accepted it, and a passing reason made it wait."
    )

    _subject = models.UniqueIndex(
        "(backend_id, direction, subject_type, subject_key)",
        "A subject has one sync row.",
    )
    _due = models.Index(
        "(backend_id, drain_group, next_attempt_at) WHERE state = 'waiting'"
    )
    _open = models.Index("(state, weight) WHERE state IN ('review', 'waiting')")
    _batch = models.Index("(last_batch) WHERE last_batch IS NOT NULL")
    _open_cause = models.Index(
        "(backend_id, cause_key, state) WHERE state IN ('review', 'waiting')"
    )
    _last_cause = models.Index(
        "(backend_id, last_cause_key) WHERE last_cause_key IS NOT NULL"
    )

    # === THE JOB === #

    @api.model
    def _drain(self, backend, group):
        """Work through what is due for one store and group, for a few seconds.

        Runs in a job marked Allow Commit: one transaction a batch. Whatever remains is
        left to a successor job, which stands behind other stores' jobs.
        """
        self = self._as_sync_user(backend)
        backend = backend.with_env(self.env)
        stop_at = time.monotonic() + DRAIN_SECONDS
        ended, wait = [], 0
        try:
            with backend._client(longest_wait=0.0) as client:
                if not backend._may_work(client):
                    return
                while time.monotonic() < stop_at:
                    wait = self._wait_for_points(client, group)
                    if wait:
                        break
                    # The claim must be its transaction's first statement.
                    # pylint: disable=invalid-commit; the job allows it
                    self.env.cr.commit()
                    subjects = self._claim(backend, group)
                    if subjects is None:
                        self.env["shopify.claim"]._note(backend, group, [], ended)
                        raise RetryableJobError(
                            "Another drain of this store and group is at work",
                            seconds=2,
                            ignore_retry=True,
                        )
                    if not subjects:
                        # Somebody else may hold what is due: no hurry then.
                        wait = 1
                        break
                    ended = self._work(backend, group, client, subjects, ended)
        except Exception as error:
            if is_link_race(error):
                raise RetryableJobError(
                    "Another worker linked the same record first", seconds=1
                ) from error
            raise
        self.env["shopify.claim"]._note(backend, group, [], ended)
        backend._enqueue_successor(group, not_before=wait)

    @api.model
    def _wait_for_points(self, client, group):
        """Wait briefly for the points of the next batch, before anything is claimed.

        Returns 0, or the seconds that they are still away: the successor's job then.
        """
        for _try in range(2):
            wait = client.seconds_away(PROBE[group])
            if not 0 < wait <= LONGEST_WAIT:
                return wait
            time.sleep(wait)
        return LONGEST_WAIT

    @api.model
    def _as_sync_user(self, backend):
        backend = backend.sudo()  # any job user may look up who works for the store
        user = backend.sync_user_id
        # Made anew: whoever caused the job must not decide how its work is done.
        context = {
            "allowed_company_ids": backend.company_id.ids,
            "lang": backend.lang or user.lang,
            "tz": "UTC",
            "tracking_disable": True,
            "shopify_job": self.env.context.get("job_uuid"),
        }
        return self.with_env(self.env(user=user.id, su=False, context=context))

    @api.model
    def _work(self, backend, group, client, subjects, ended):
        """One batch, one transaction: note, run, record, commit. Returns the names of
        the subjects that came to an end; `ended` are those of the batch before."""
        claims = self.env["shopify.claim"]
        broken = claims._broken(backend, [subject.name for subject in subjects])
        subjects, given_up = self._spare_the_breaking(subjects, broken)
        batch = claims._note(
            backend, group, [subject.name for subject in subjects], ended
        )
        started = time.monotonic()
        results = {subject: (failure, {}) for subject, failure in given_up.items()}
        try:
            results.update(self._run(backend, client, subjects))
            # A note left behind would have the next try given up at once.
            claims._forget(backend, [subject.name for subject in given_up])
            self._record(backend, results, batch, time.monotonic() - started, client)
            # pylint: disable=invalid-commit; the job allows it
            self.env.cr.commit()  # the drain's contract: one transaction a batch
        except Exception as error:
            if batch and is_link_race(error):
                # Who lost a race for a link wins at the second try, whose end drops the
                # note. A violation that comes each time is found by its notes, like
                # what kills its worker; they also bound how often this is repeated.
                claims._refused(batch, error.diag.constraint_name or "")
                raise RetryableJobError(
                    "Another worker linked the same record first",
                    seconds=1,
                    ignore_retry=True,
                ) from error
            if leaves_the_job(error):
                claims._drop(batch)
            raise
        backend._pause_where_needed(results)
        self.env["shopify.cause"]._note(backend, results)
        return [subject.name for subject in results]

    @api.model
    def _spare_the_breaking(self, subjects, broken):
        """Split off what broke its batches: -> (subjects to run, {subject: Failure}).

        After two broken batches a subject runs alone, so that the third try names it;
        then a person looks.
        """
        given_up = {
            subject: self._breaks(subject, broken[subject.name])
            for subject in subjects
            if subject.name in broken
            and broken[subject.name].times >= shopify_claim.REVIEW_AFTER
        }
        rest = [subject for subject in subjects if subject not in given_up]
        suspects = [
            subject
            for subject in rest
            if subject.name in broken
            and broken[subject.name].times >= shopify_claim.ALONE_AFTER
        ]
        # The others stay claimed by nobody: their triggers are read by the next batch.
        return (suspects[:1] or rest), given_up

    @api.model
    def _breaks(self, subject, broken):
        """The reason for what no try came to an end with."""
        if broken.index:
            rule = self.env["shopify.claim"]._rule_of(broken.index)
            return Failure(
                "link_taken",
                {"rule": rule, "index": broken.index, "times": broken.times},
            )
        return Failure(
            "defect",
            {
                "error": self.env._("the worker died %s times", broken.times),
                "fingerprint": f"died:{subject.name}",
            },
        )

    # === CLAIM === #

    @api.model
    def _claim(self, backend, group, limit=None):
        """Lock the next due subjects, in the transaction's first statement.

        Every row of a subject that the snapshot shows must be locked: with only a later
        trigger locked, a second worker would get in with an old snapshot. A subject of
        which one row is held by somebody else is left alone. Returns None when another
        drain of this store and group is at work.

        FOR NO KEY UPDATE: FOR UPDATE would block other sessions' foreign-key checks.
        """
        limit = limit or BATCH[group]
        self.env.cr.execute(
            SQL(
                """
    WITH gate AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(%(lock)s) AS ok),
    runnable AS (
        SELECT flow FROM shopify_flow
         WHERE backend_id = %(backend)s AND policy <> 'off' AND paused_at IS NULL
    ),
    due AS (
        (SELECT direction, subject_type, subject_key, priority, id AS age
           FROM shopify_trigger
          WHERE backend_id = %(backend)s AND drain_group = %(group)s
            AND flow IN (SELECT flow FROM runnable)
          ORDER BY priority, id LIMIT %(lookahead)s)
        UNION ALL
        (SELECT direction, subject_type, subject_key, priority, 0
           FROM shopify_sync
          WHERE backend_id = %(backend)s AND drain_group = %(group)s
            AND flow IN (SELECT flow FROM runnable)
            AND state = 'waiting' AND next_attempt_at <= now() AT TIME ZONE 'UTC'
          ORDER BY priority, next_attempt_at LIMIT %(limit)s)
    ),
    picked AS (
        SELECT direction, subject_type, subject_key,
               min(priority) AS priority, min(age) AS age
          FROM due WHERE (SELECT ok FROM gate)
         GROUP BY 1, 2, 3 ORDER BY 4, 5 LIMIT %(limit)s
    ),
    locked_trigger AS (
        SELECT t.id FROM shopify_trigger t
          JOIN picked p USING (direction, subject_type, subject_key)
         WHERE t.backend_id = %(backend)s
           FOR NO KEY UPDATE OF t SKIP LOCKED
    ),
    locked_sync AS (
        SELECT s.id FROM shopify_sync s
          JOIN picked p USING (direction, subject_type, subject_key)
         WHERE s.backend_id = %(backend)s
           FOR NO KEY UPDATE OF s SKIP LOCKED
    )
    SELECT p.direction, p.subject_type, p.subject_key, p.priority, g.ok,
           s.id, s.attempt_count, coalesce(s.flow, (min(t.flow))),
           array_agg(t.id) FILTER (WHERE t.id IS NOT NULL),
           array_agg(DISTINCT t.cause) FILTER (WHERE t.id IS NOT NULL),
           max(t.user_id), coalesce(s.state, ''), coalesce(s.remote_updated_at, ''),
           coalesce(s.reason_code, ''), coalesce(s.is_accepted, false),
           min(t.created_at), count(t.id) = count(lt.id) AND (s.id IS NULL OR ls.id IS NOT NULL)
      FROM gate g
      LEFT JOIN picked p ON true
      LEFT JOIN shopify_trigger t
             ON t.backend_id = %(backend)s AND t.direction = p.direction
            AND t.subject_type = p.subject_type AND t.subject_key = p.subject_key
      LEFT JOIN locked_trigger lt ON lt.id = t.id
      LEFT JOIN shopify_sync s
             ON s.backend_id = %(backend)s AND s.direction = p.direction
            AND s.subject_type = p.subject_type AND s.subject_key = p.subject_key
      LEFT JOIN locked_sync ls ON ls.id = s.id
     GROUP BY p.direction, p.subject_type, p.subject_key, p.priority, p.age, g.ok,
              s.id, ls.id, s.attempt_count, s.flow, s.state, s.remote_updated_at,
              s.reason_code, s.is_accepted
     ORDER BY p.priority, p.age
                """,
                lock=backend._advisory_key(f"drain/{group}"),
                backend=backend.id,
                group=group,
                lookahead=limit * LOOKAHEAD,
                limit=limit,
            )
        )
        rows = self.env.cr.fetchall()
        if not rows[0][4]:
            return None
        return [
            Subject(
                flow=flow,
                direction=direction,
                type=subject_type,
                key=key,
                trigger_ids=tuple(trigger_ids or ()),
                causes=tuple(causes or ("retry",)),
                user_id=user_id or 0,
                sync_id=sync_id or 0,
                attempts=attempts or 0,
                priority=priority,
                state=state,
                remote_updated_at=remote_updated_at,
                reason_code=reason_code,
                was_accepted=was_accepted,
                asked_at=asked_at,
            )
            for (
                direction,
                subject_type,
                key,
                priority,
                _ok,
                sync_id,
                attempts,
                flow,
                trigger_ids,
                causes,
                user_id,
                state,
                remote_updated_at,
                reason_code,
                was_accepted,
                asked_at,
                whole,
            ) in rows
            if key is not None and whole
        ]


class ShopifySyncWait(models.Model):
    _name = "shopify.sync.wait"
    _description = "Shopify Sync Waits On"
    _log_access = False

    sync_id = fields.Many2one(
        "shopify.sync", required=True, index=True, ondelete="cascade"
    )
    key = fields.Char(required=True, index=True)
    is_present = fields.Boolean(
        help="It was there when the subject stopped: its presence releases nothing."
    )

    _once = models.UniqueIndex("(sync_id, key)")
