"""One row a subject: where it stands now. And the drain, the only code that runs syncs.

Reading order: `_drain` (the job) → `_claim` → `_run` → `_record`.
"""

import logging
import random
import time
import traceback
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_datetime

from odoo.addons.queue_job.exception import RetryableJobError

from ..api.errors import AuthError, ShopifyError, ThrottledError
from ..api.throttle import LONGEST_WAIT
from ..core import failures
from ..core.failures import Failure, NeedsReview
from ..core.outcome import Outcome
from . import shopify_claim
from .remote_failure import remote_failure
from .roles import OPERATOR, check_role
from .shopify_binding import Nodes
from .shopify_trigger import PRIORITY, group_of
from .short_transaction import is_concurrency

_logger = logging.getLogger(__name__)

# Who handles a subject, by direction and type; in the order in which one batch writes.
HANDLERS = {
    ("in", "Location"): "shopify.mapping.location",
    ("in", "Product"): "shopify.product.template",
    ("in", "Customer"): "shopify.res.partner",
    ("in", "Order"): "shopify.sale.order",
    ("out", "stock.picking"): "shopify.stock.picking",
    ("out", "shopify.stock.level"): "shopify.stock.level",
}
BATCH = {"records": 20, "fulfil": 20, "mark": 24, "stock": 250}
# A drain stops after this long and lets other stores' jobs go first.
DRAIN_SECONDS = 5
# The dearest request of a batch: its points must be there before it is claimed.
PROBE = {
    "records": "orders/import",
    "fulfil": "fulfillments/orders_of_order",
    "stock": "inventory/levels",
    "mark": "metafields/set",
}
# Triggers looked at to fill one batch: a subject may have many.
LOOKAHEAD = 10


# Causes that bring no news, only certainty.
SCHEDULED = frozenset({"reconcile", "comparison", "nightly", "released"})
# The result of a subject that a person closed: its row stays as it is.
CLOSED = object()


@dataclass(frozen=True)
class Subject:
    """What a sync is about. `key` is a GID, or an Odoo ID as text for "out"."""

    flow: str
    direction: str
    type: str
    key: str
    trigger_ids: tuple = ()
    causes: tuple = ()
    user_id: int = 0
    sync_id: int = 0
    attempts: int = 0
    priority: int = 20
    state: str = ""
    remote_updated_at: str = ""
    reason_code: str = ""
    was_accepted: bool = False

    @property
    def name(self):
        return f"{self.direction}/{self.type}/{self.key}"

    def closed_for(self, updated_at):
        """A person closed it, and nothing changed since.

        updated_at: Shopify's, as just read; None for what goes to Shopify: there only a
        scheduled comparison is no news.
        """
        if self.state != "cancelled" or {"retry", "accepted"} & set(self.causes):
            return False
        if self.direction != "in":
            return set(self.causes) <= SCHEDULED
        return bool(updated_at) and updated_at == self.remote_updated_at

    @property
    def accepted(self):
        """A person said that this one may go; it holds until the run comes to an end."""
        return self.was_accepted or "accepted" in self.causes


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
        [("synced", "Synced"), ("unchanged", "Unchanged"), ("excluded", "Excluded")]
    )
    note = fields.Char(help="The rule that excluded it, or what was done.")
    reason_code = fields.Char("Reason", index=True)
    reason_params = fields.Json()
    cause_key = fields.Char("Cause Key", index=True)
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
    owner_id = fields.Many2one("res.users", "Owner", index=True)
    wait_ids = fields.One2many("shopify.sync.wait", "sync_id", "Waits On")
    remote_updated_at = fields.Char(
        help="Shopify's updatedAt as read with the last run that came to an end."
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
                    self.env.cr.commit()
                    subjects = self._claim(backend, group)
                    if subjects is None:
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
            if _is_link_race(error):
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
        }
        return self.with_env(self.env(user=user.id, su=False, context=context))

    @api.model
    def _work(self, backend, group, client, subjects, ended):
        """One batch, one transaction: note, run, record, commit. Returns the names of
        the subjects that came to an end; `ended` are those of the batch before."""
        deaths = self.env["shopify.claim"]._deaths(
            backend, [subject.name for subject in subjects]
        )
        subjects, dead = self._spare_the_deadly(subjects, deaths)
        batch = self.env["shopify.claim"]._note(
            backend, group, [subject.name for subject in subjects], ended
        )
        started = time.monotonic()
        results = {subject: (failure, {}) for subject, failure in dead.items()}
        try:
            results.update(self._run(backend, client, subjects))
            self._record(backend, results, batch, time.monotonic() - started, client)
            self.env.cr.commit()  # the drain's contract: one transaction a batch
        except Exception as error:
            if _leaves_the_job(error):
                self.env["shopify.claim"]._drop(batch)
            raise
        backend._pause_where_needed(results)
        return [subject.name for subject in results]

    @api.model
    def _spare_the_deadly(self, subjects, deaths):
        """Split off what killed its worker: -> (subjects to run, {subject: Failure}).

        After two deaths a subject runs alone, so that the third names it; then a person
        looks.
        """
        dead = {
            subject: Failure(
                "defect",
                {
                    "error": self.env._(
                        "the worker died %s times", deaths[subject.name]
                    ),
                    "fingerprint": f"died:{subject.name}",
                },
            )
            for subject in subjects
            if deaths.get(subject.name, 0) >= shopify_claim.REVIEW_AFTER
        }
        rest = [subject for subject in subjects if subject not in dead]
        suspects = [
            s for s in rest if deaths.get(s.name, 0) >= shopify_claim.ALONE_AFTER
        ]
        # The others stay claimed by nobody: their triggers are read by the next batch.
        return (suspects[:1] or rest), dead

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
           count(t.id) = count(lt.id) AND (s.id IS NULL OR ls.id IS NOT NULL)
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
                whole,
            ) in rows
            if key is not None and whole
        ]

    # === RUN === #

    @api.model
    def _run(self, backend, client, subjects):
        """-> {subject: (Outcome | Failure, facts)}; facts describe the record."""
        by_handler = defaultdict(list)
        for subject in subjects:
            model = (
                "shopify.mark"
                if subject.direction == "mark"
                else HANDLERS[subject.direction, subject.type]
            )
            by_handler[subject.direction == "in", model].append(subject)
        inbound = {model: part for (into, model), part in by_handler.items() if into}
        results = self._run_in(backend, client, inbound)
        for (into, model), part in by_handler.items():
            if not into:
                results.update(self._run_out(backend, client, model, part))
        return results

    @api.model
    def _run_in(self, backend, client, inbound):
        """Into Odoo: read everything from Shopify, then plan and write.

        inbound: {handler: subjects}. What others refer to is written first, so that an
        order finds the product that came in the same batch.
        """
        results, fetched = {}, {}
        order = list(dict.fromkeys(HANDLERS.values()))
        for model in sorted(inbound, key=order.index):
            by_key = {subject.key: subject for subject in inbound[model]}
            nodes, failed = self._read(self.env[model], backend, client, list(by_key))
            results.update((by_key[key], (end, {})) for key, end in failed.items())
            if nodes:
                by_key = {key: by_key[key] for key in nodes}
                fetched[model] = (by_key, nodes)
        for model, (by_key, nodes) in fetched.items():
            results.update(self._write_in(self.env[model], backend, nodes, by_key))
        return results

    @api.model
    def _read(self, model, backend, client, keys):
        """-> (Nodes, {key: Failure}). Reads split safely: what one object breaks must
        not hold up the others. A shop that is down isn't asked for each of them."""
        try:
            nodes = model._fetch(backend, client, keys)
            return Nodes(nodes, model._read_owners(backend, client, nodes)), {}
        except Exception as error:
            if _leaves_the_job(error):
                raise
            if len(keys) == 1 or _is_everybodys(error):
                failure = self._failure_of(backend, error, keys[0])
                return None, dict.fromkeys(keys, failure)
        found, failed = Nodes({}, {}), {}
        half = len(keys) // 2
        for part in (keys[:half], keys[half:]):
            if not found and _is_down(failed):
                failed |= dict.fromkeys(part, next(iter(failed.values())))
                continue
            nodes, more = self._read(model, backend, client, part)
            failed |= more
            if nodes:
                found.update(nodes)
                found.owners.update(nodes.owners)
        return found, failed

    @api.model
    def _write_in(self, model, backend, nodes, by_key):
        facts, broken = {}, {}
        for key in by_key:
            try:
                facts[key] = model._describe(key, nodes.get(key))
            except Exception as error:
                facts[key] = {}
                broken[key] = self._local_failure(backend, error, key)
        closed = {
            key
            for key, subject in by_key.items()
            if subject.closed_for(facts[key].get("updated_at"))
        }
        found = dict.fromkeys(closed, CLOSED) | broken
        todo = nodes.only([key for key in by_key if key not in found])
        if todo:
            found.update(self._plan_and_apply(model, backend, todo, by_key))
        return {by_key[key]: (found[key], facts[key]) for key in by_key}

    @api.model
    def _plan_and_apply(self, model, backend, nodes, by_key):
        """-> {key: Outcome | Failure}. A local error splits the batch until the bad
        subject stands alone with its reason; the rest is written."""
        try:
            with self.env.cr.savepoint():
                plans = model._plan(backend, nodes)
                stopped = {
                    key: self._withheld(backend, by_key[key], plan)
                    for key, plan in plans.items()
                }
                found = {key: stop for key, stop in stopped.items() if stop}
                todo = {key: plan for key, plan in plans.items() if key not in found}
                if todo:
                    found.update(model._apply(backend, todo))
                missing = set(nodes) - set(found)
                if missing:
                    raise AssertionError(
                        f"{model._name} answered nothing for {missing}"
                    )
                self.env.flush_all()
            return found
        except Exception as error:
            if _leaves_the_job(error):
                raise
            if len(nodes) == 1:
                return {key: self._local_failure(backend, error, key) for key in nodes}
        keys = list(nodes)
        half = len(keys) // 2
        found = {}
        for part in (keys[:half], keys[half:]):
            found.update(self._plan_and_apply(model, backend, nodes.only(part), by_key))
        return found

    @api.model
    def _withheld(self, backend, subject, plan):
        """What keeps this plan from being carried out, if anything does."""
        if isinstance(plan, Failure | Outcome):
            return plan
        in_review = backend._flow_policy(subject.flow) == "review"
        if in_review and not subject.accepted and getattr(plan, "creates", True):
            return Failure(
                "to_accept",
                {"summary": getattr(plan, "summary", "") or ""},
            )
        return None

    @api.model
    def _run_out(self, backend, client, model_name, subjects):
        """To Shopify. Handlers return each subject's end; what they raise ends all of
        them, since after a remote write nothing may be split."""
        model = self.env[model_name]
        if model_name == "shopify.mark":
            records, by_record = subjects, {subject: subject for subject in subjects}
        else:
            by_record = {int(subject.key): subject for subject in subjects}
            records = model._subjects(backend, list(by_record))
        closed = [s for s in subjects if s.closed_for(None)]
        if closed:
            ends = {subject: (CLOSED, {}) for subject in closed}
            rest = [s for s in subjects if s not in ends]
            if rest:
                ends.update(self._run_out(backend, client, model_name, rest))
            return ends
        sent_before = client.mutations_sent
        try:
            with self.env["shopify.mutation"]._bookkeeping():
                found = model._export(backend, client, records)
        except Exception as error:
            if _leaves_the_job(error):
                raise
            if len(subjects) > 1 and client.mutations_sent == sent_before:
                results = {}
                for subject in subjects:
                    results.update(
                        self._run_out(backend, client, model_name, [subject])
                    )
                return results
            failure = self._failure_of(backend, error, subjects[0].key)
            return {subject: (failure, {}) for subject in subjects}
        facts = model._describe_exports(backend, subjects)
        return {
            subject: (found[key], facts.get(subject, {}))
            for key, subject in by_record.items()
        }

    # === FAILURES === #

    @api.model
    def _failure_of(self, backend, error, key):
        if isinstance(error, ShopifyError):
            return remote_failure(backend.sudo(), error)
        return self._local_failure(backend, error, key)

    @api.model
    def _local_failure(self, backend, error, key):
        """The reason for what planning or writing raised."""
        if isinstance(error, NeedsReview):
            return error.failure
        if isinstance(error, AccessError):
            return Failure(
                "company_access_missing",
                {
                    "company": backend.sudo().company_id.display_name,
                    "user": self.env.user.display_name,
                    "detail": str(error.args[0] if error.args else error),
                },
            )
        if isinstance(error, UserError):
            return Failure("odoo_refused", {"problem": str(error.args[0])})
        _logger.warning(
            "Sync of %s stopped by an unexpected error", key, exc_info=error
        )
        return Failure(
            "defect",
            {
                "error": f"{type(error).__name__}: {error}"[:500],
                "fingerprint": _fingerprint(error),
                "traceback": "".join(traceback.format_exception(error))[-6000:],
            },
        )

    # === RECORD === #

    @api.model
    def _record(self, backend, results, batch, seconds, client):
        """Write each subject's end and delete exactly the triggers that were claimed."""
        sudo = self.sudo()  # the engine's own books, closed to the sync user's hands
        now = fields.Datetime.now()
        share = int(1000 * seconds / max(1, len(results)))
        events, creates, waits = [], [], {}
        flows = {row.flow: row for row in backend.sudo().flow_ids}
        trigger_ids = [i for subject in results for i in subject.trigger_ids]
        results = {s: end for s, end in results.items() if end[0] is not CLOSED}
        for subject, (result, facts) in results.items():
            vals = self._row_values(backend, subject, result, facts, flows, now)
            vals.update(last_batch=batch, last_run_at=now)
            if subject.sync_id:
                sudo.browse(subject.sync_id).write(vals)
            else:
                creates.append((subject, self._subject_values(backend, subject) | vals))
            if isinstance(result, Failure):
                waits[subject] = result.waits_on
            elif result.kind == "unchanged" and set(subject.causes) <= SCHEDULED:
                continue  # a schedule found nothing: no history
            events.append(
                self._event_values(
                    backend, subject, result, facts, share, batch, client
                )
            )
        created = sudo.create([vals for _subject, vals in creates])
        rows = {s: sudo.browse(s.sync_id) for s in results if s.sync_id}
        rows.update(
            {subject: row for (subject, _v), row in zip(creates, created, strict=True)}
        )
        self._record_waits(backend, rows, waits)
        self.env["shopify.event"].sudo().create(events)
        if trigger_ids:
            self.env.cr.execute(
                "DELETE FROM shopify_trigger WHERE id = ANY(%s)", [trigger_ids]
            )
        self.env.flush_all()

    @api.model
    def _subject_values(self, backend, subject):
        return {
            "backend_id": backend.id,
            "flow": subject.flow,
            "direction": subject.direction,
            "drain_group": group_of(subject.flow, subject.direction),
            "subject_type": subject.type,
            "subject_key": subject.key,
            "priority": PRIORITY.get(subject.flow, 20),
        }

    @api.model
    def _row_values(self, backend, subject, result, facts, flows, now):
        vals = {
            key: facts[key]
            for key in ("record_name", "amount", "currency")
            if key in facts
        }
        if isinstance(result, Outcome):
            return vals | {
                "state": "done",
                "outcome": result.kind,
                "note": result.note,
                "reason_code": False,
                "reason_params": False,
                "cause_key": False,
                "headline": False,
                "weight": 0,
                "nature": False,
                "traceback": False,
                "next_attempt_at": False,
                "attempt_count": 0,
                "first_failed_at": False,
                "is_accepted": False,
                "remote_updated_at": facts.get("updated_at") or False,
            }
        reason = failures.CATALOGUE[result.code]
        # Tries with this very reason: another one starts its own count.
        same = subject.reason_code == result.code
        attempts = subject.attempts + 1 if same else 1
        decision = failures.decide(result, attempts, now, random.random())
        retry_at = getattr(decision, "when", None)
        row = flows.get(subject.flow)
        params = {k: v for k, v in result.params.items() if k != "traceback"}
        vals |= {
            "state": "waiting" if retry_at else "review",
            "outcome": False,
            "note": False,
            "reason_code": result.code,
            "reason_params": params,
            "cause_key": failures.cause_key(result),
            "weight": failures.impact(result, subject.flow),
            "headline": self._headline(result),
            "nature": reason.nature,
            "traceback": result.params.get("traceback") or False,
            "next_attempt_at": retry_at or False,
            "attempt_count": attempts,
            "is_accepted": bool(subject.accepted and retry_at),
        }
        # Whoever a stop was handed to keeps it, however often it stops again.
        if not (subject.attempts and self.sudo().browse(subject.sync_id).owner_id):
            vals["owner_id"] = row.owner_id.id if row else False
        if facts.get("updated_at"):
            vals["remote_updated_at"] = facts["updated_at"]
        if not subject.attempts:
            vals["first_failed_at"] = now
        return vals

    @api.model
    def _event_values(self, backend, subject, result, facts, share, batch, client):
        failed = isinstance(result, Failure)
        return {
            "backend_id": backend.id,
            "kind": "attempt",
            "flow": subject.flow,
            "direction": subject.direction,
            "subject_type": subject.type,
            "subject_key": subject.key,
            "record_name": facts.get("record_name"),
            "cause": ", ".join(subject.causes),
            "caused_by_id": subject.user_id or False,
            "outcome": result.code if failed else result.kind,
            "failed": failed,
            "message": (
                failures.render(result, facts.get("record_name") or subject.key)
                if failed
                else result.note
            ),
            "reason_params": (
                {k: v for k, v in result.params.items() if k != "traceback"}
                if failed
                else False
            ),
            "changes": (
                []
                if failed
                else [
                    [c.field, _text(c.before), _text(c.after)] for c in result.changes
                ]
            ),
            "duration_ms": share,
            "request_id": client.last_request_id or False,
            "batch": batch,
        }

    @api.model
    def _record_waits(self, backend, rows, waits):
        ids = [row.id for row in rows.values()]
        if ids:
            self.env["shopify.sync.wait"].sudo().search(
                [("sync_id", "in", ids)]
            ).unlink()
        present = backend._present({key for keys in waits.values() for key in keys})
        vals = [
            # What is there already isn't what holds this subject up.
            {"sync_id": rows[subject].id, "key": key, "is_present": key in present}
            for subject, keys in waits.items()
            for key in dict.fromkeys(keys)
        ]
        if vals:
            self.env["shopify.sync.wait"].sudo().create(vals)
        # What an order waits for goes before the other products.
        wanted = {
            key.split(":", 1)[1]
            for subject, keys in waits.items()
            for key in keys
            # What waits for its own link would call itself for ever.
            if key.startswith("product:") and key != f"product:{subject.key}"
        }
        if wanted:
            self.env["shopify.trigger"].sudo()._insert(
                backend,
                [("products", "in", "Product", gid) for gid in sorted(wanted)],
                "waited for",
                lift=True,
            )

    # === WHAT PEOPLE DO === #

    def _hold(self):
        """Lock these rows, or say that they are being processed."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        self.env.cr.execute(
            "SELECT id FROM shopify_sync WHERE id = ANY(%s)"
            " FOR NO KEY UPDATE SKIP LOCKED",
            [self.ids],
        )
        if len(self.env.cr.fetchall()) != len(self):
            raise UserError(
                self.env._(
                    "This record is being processed right now. Try again shortly."
                )
            )
        self.invalidate_recordset()

    def _subjects(self):
        return [
            (row.flow, row.direction, row.subject_type, row.subject_key) for row in self
        ]

    def action_retry(self):
        """Read both sides again and go on from what is true now."""
        self.check_access("read")
        for backend, rows in self.grouped("backend_id").items():
            self.env["shopify.trigger"].sudo()._insert(
                backend, rows._subjects(), "retry"
            )
        return self._released_notification(len(self))

    def action_accept(self):
        """Let these items of a flow in review go on."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        rows = self.filtered(lambda row: row.reason_code == "to_accept")
        for backend, part in rows.grouped("backend_id").items():
            self.env["shopify.trigger"].sudo()._insert(
                backend, part._subjects(), "accepted"
            )
        return self._released_notification(len(rows))

    def action_postpone(self, hours=24):
        """Put these aside; they come back by themselves."""
        self._hold()
        when = fields.Datetime.now() + timedelta(hours=hours)
        self.sudo().write({"state": "waiting", "next_attempt_at": when})
        self._note_person(
            "postponed",
            self.env._("Postponed until %s", format_datetime(self.env, when)),
        )

    def action_close(self, reason):
        """End these without syncing; they run again only when something changes."""
        self._hold()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: others will want to know."))
        self.sudo().write(
            {"state": "cancelled", "next_attempt_at": False, "close_reason": reason}
        )
        self._note_person("closed", reason)

    def action_hand_over(self, user):
        self._hold()
        self.sudo().write({"owner_id": user.id})
        self._note_person("handed over", user.display_name)

    def _note_person(self, outcome, message):
        self.env["shopify.event"].sudo().create(
            [
                {
                    "backend_id": row.backend_id.id,
                    "kind": "person",
                    "flow": row.flow,
                    "direction": row.direction,
                    "subject_type": row.subject_type,
                    "subject_key": row.subject_key,
                    "record_name": row.record_name,
                    "caused_by_id": self.env.uid,
                    "outcome": outcome,
                    "message": message,
                }
                for row in self
            ]
        )


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


def _fingerprint(error):
    """The same for the same defect: its type and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = (
        f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].name}" if frames else ""
    )
    return f"{type(error).__name__}@{place}"


def _is_everybodys(error):
    """What no single object can have caused. A time-out counts: to wait for another one
    with each half would outlive the worker."""
    return (
        isinstance(error, AuthError | ThrottledError)
        or getattr(error, "failure", "") == "network_timeout"
    )


def _is_down(failed):
    """Two objects, each read alone, failed for a passing reason: it isn't theirs."""
    return len(failed) > 1 and all(
        failure.reason.nature == "temporary" for failure in failed.values()
    )


def _text(value):
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _is_link_race(error):
    """Whether two workers made the same link or sync row: the index decided, the loser
    starts again and finds it."""
    return (
        isinstance(error, IntegrityError)
        and error.pgcode == "23505"
        and (error.diag.table_name or "").startswith("shopify_")
    )


def _leaves_the_job(error):
    """Errors that no savepoint may swallow: the whole transaction is out of date."""
    if isinstance(error, RetryableJobError) or _is_link_race(error):
        return True
    return is_concurrency(error)
