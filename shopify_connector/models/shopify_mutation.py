"""Remote writes, noted before they are sent.

`_perform` is the only way to write to Shopify. Order: the intent is committed → the
request goes out → the outcome is committed as soon as it is read → the job's own
transaction writes the link. So whatever dies, what was asked and what came back is
known, and the next run settles it before it asks for anything new.

Rows are written only by short transactions of their own. Through the job's cursor an
update would hit no row, silently: under REPEATABLE READ its snapshot is older than the
row. And they hold plain values, no foreign keys: a key to something that a job writes
would make these transactions wait for that very job.
"""

import json
import uuid
from contextlib import contextmanager

from odoo import api, fields, models

from ..api import deadline, operations
from ..api.errors import ReadOnlyError, ShopifyError
from .short_transaction import short_transaction

# Key in the cursor's hooks: writes to close after the commit.
CLOSING = "shopify_closing"
# And: {subject: uuids} of the writes that this transaction sent or found open.
TOUCHED = "shopify_touched"
OPEN_STATES = ("intent", "unknown", "applied")


class ShopifyMutation(models.Model):
    _name = "shopify.mutation"
    _description = "Shopify Write"
    _order = "id desc"
    _rec_name = "operation"
    _log_access = False

    uuid = fields.Char(required=True, index=True)
    backend_ref = fields.Integer(required=True, index=True)
    company_ref = fields.Integer(required=True, index=True)
    backend_id = fields.Many2one("shopify.backend", compute="_compute_backend_id")
    operation = fields.Char(required=True)
    subjects = fields.Json(required=True)
    variables = fields.Json(groups="shopify_connector.group_operator")
    before = fields.Json(help="Facts that the read-back compares with.")
    idempotency_key = fields.Char()
    state = fields.Selection(
        [
            ("intent", "Being sent"),
            ("applied", "Applied, not yet recorded"),
            ("not_applied", "Not applied"),
            ("unknown", "Outcome unknown"),
            ("settled", "Recorded"),
            ("simulated", "Simulated"),
        ],
        required=True,
    )
    answer = fields.Json(groups="shopify_connector.group_operator")
    error = fields.Char()
    request_id = fields.Char()
    created_at = fields.Datetime(required=True)
    sent_at = fields.Datetime()
    settled_at = fields.Datetime()

    _open = models.Index(
        "(backend_ref, id) WHERE state IN ('intent', 'unknown', 'applied')"
    )

    _retention = models.Index("(created_at) WHERE variables IS NOT NULL")

    def _compute_backend_id(self):
        for row in self:
            row.backend_id = row.backend_ref

    def init(self):
        self.env.cr.execute(
            "CREATE INDEX IF NOT EXISTS shopify_mutation_open_subjects"
            " ON shopify_mutation USING gin (subjects)"
            " WHERE state IN ('intent', 'unknown', 'applied')"
        )

    # === SENDING === #

    @api.model
    def _perform(
        self,
        backend,
        client,
        operation,
        variables,
        subjects,
        before=None,
        *,
        key=None,
        surcharge=0.0,
    ):
        """Send one mutation: intent, request, outcome. Returns (uuid, Answer).

        subjects: names of what it is about, so that their next run finds it.
        key: the uuid, where the variables hold it already (see `_new_key`). surcharge:
        points that these variables cost beside what the document states.
        From a copy of the database nothing is sent: it is noted as simulated, and
        ReadOnlyError raised. For a preview the client keeps what would be sent.
        Raises what the client raises; after UnknownOutcomeError nobody may send the same
        again before `_open_for` has settled it.
        The caller writes the link in its own transaction and names the uuid to
        `_settle_after_commit`, or the next run does.
        """
        key = key or self._new_key()
        self._touch(key, subjects)
        variables = dict(variables)
        if operations.load(operation).idempotent:
            variables.setdefault("idempotencyKey", key)
        if client.refused is not None:
            client.refused.append((operation, variables, tuple(subjects), before))
        elif client.read_only:
            self._note(backend, key, operation, variables, subjects, None, "simulated")
        if client.read_only:
            raise ReadOnlyError(
                "a copy of the database writes nothing", operation=operation
            )
        # The points first: an intent must not grow old while it waits for them.
        cost = operations.load(operation).cost + surcharge
        grant = client.reserve(operation, cost=cost)
        try:
            intent = self._intend(backend, key, operation, variables, subjects, before)
        except BaseException:
            client.release(grant)
            raise
        return key, self._send(client, intent, operation, variables, grant)

    @api.model
    def _new_key(self):
        return uuid.uuid4().hex

    @api.model
    def _intend(self, backend, key, operation, variables, subjects, before):
        """Commit the intent; returns when it was made, as (uuid, boot clock)."""
        backend._check_may_write()
        self._note(backend, key, operation, variables, subjects, before, "intent")
        return key, deadline.now()

    @api.model
    def _note(self, backend, key, operation, variables, subjects, before, state):
        """Commit a row of the book."""
        with self._short_transaction() as cr:
            if state == "intent":
                self._refuse_if_copy(cr, backend, operation)
            cr.execute(
                "INSERT INTO shopify_mutation (uuid, backend_ref, company_ref, operation,"
                " subjects, variables, before, idempotency_key, state, created_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s,"
                " now() AT TIME ZONE 'UTC')",
                [
                    key,
                    backend.id,
                    backend.company_id.id,
                    operation,
                    json.dumps(list(subjects)),
                    json.dumps(variables),
                    json.dumps(before or {}),
                    variables.get("idempotencyKey"),
                    state,
                ],
            )

    @api.model
    def _refuse_if_copy(self, cr, backend, operation):
        """A manager may have called this database a copy since the job began: its client
        and its snapshot are older, this cursor isn't."""
        cr.execute(
            "SELECT FROM shopify_backend WHERE id = %s AND state = 'copy'", [backend.id]
        )
        if cr.rowcount:
            raise ReadOnlyError(
                "this database is a copy since a moment ago", operation=operation
            )

    @api.model
    def _send(self, client, intent, operation, variables, grant=None):
        """Send, and commit what came of it before anybody acts on it."""
        key, made_at = intent
        max_age = self.env["shopify.backend"]._parameter("intent_max_age")
        try:
            answer = client.execute(
                operation, variables, send_before=made_at + max_age, grant=grant
            )
        except ShopifyError as error:
            self._store_outcome(
                key, error.outcome, error=str(error), request_id=error.request_id
            )
            raise
        except BaseException as error:
            self._store_outcome(key, "unknown", error=type(error).__name__)
            raise
        self._store_outcome(
            key, "applied", answer=answer.data, request_id=answer.request_id
        )
        return answer

    @api.model
    def _store_outcome(self, key, state, answer=None, error=None, request_id=None):
        with self._short_transaction() as cr:
            cr.execute(
                "UPDATE shopify_mutation SET state = %s, answer = %s, error = %s,"
                " request_id = %s, sent_at = coalesce(sent_at, created_at)"
                " WHERE uuid = %s",
                [
                    state,
                    json.dumps(answer) if answer is not None else None,
                    error,
                    request_id,
                    key,
                ],
            )

    def _short_transaction(self):
        return short_transaction(self.env.registry)

    # === SETTLING === #

    @api.model
    def _open_for(self, backend, subjects):
        """Writes about these subjects whose end isn't recorded yet, oldest first.

        Called by the worker that holds the subjects, from a fresh transaction, so that
        what a dead worker committed a moment ago is seen.
        """
        with self._short_transaction() as cr:
            cr.execute(
                "SELECT id FROM shopify_mutation"
                " WHERE backend_ref = %s AND state IN ('intent', 'unknown', 'applied')"
                " AND subjects ?| %s ORDER BY id",
                [backend.id, list(subjects)],
            )
            ids = [row[0] for row in cr.fetchall()]
            fields_read = (
                "uuid operation subjects variables before idempotency_key state answer"
                " created_at request_id"
            ).split()
            # Past access rights: the engine's own book, read for its own decision.
            rows = self.with_env(self.env(cr=cr)).sudo().browse(ids).read(fields_read)
        for row in rows:
            self._touch(row["uuid"], row["subjects"])
        return [OpenWrite(**{name: row[name] for name in fields_read}) for row in rows]

    # === FOR HISTORY === #

    @api.model
    def _touch(self, key, subjects):
        """Keep in mind, until this transaction ends, that a write was about these."""
        touched = self.env.cr.postcommit.data.setdefault(TOUCHED, {})
        for subject in subjects:
            touched.setdefault(subject, {})[key] = True

    @api.model
    def _touched(self, subject):
        """uuids of the writes about a subject, oldest first; False for none."""
        touched = self.env.cr.postcommit.data.get(TOUCHED, {})
        return list(touched.get(subject, ())) or False

    @api.model
    def _remember(self, key, facts):
        """Add what a read-back has found so far to a write's "before" facts."""
        with self._short_transaction() as cr:
            cr.execute(
                "UPDATE shopify_mutation SET before = coalesce(before, '{}') || %s"
                " WHERE uuid = %s",
                [json.dumps(facts), key],
            )

    @api.model
    def _close(self, keys, state="settled"):
        """Note that these writes' ends are recorded on the links."""
        if not keys:
            return
        with self._short_transaction() as cr:
            cr.execute(
                "UPDATE shopify_mutation SET state = %s,"
                " settled_at = now() AT TIME ZONE 'UTC' WHERE uuid = ANY(%s)",
                [state, list(keys)],
            )

    @api.model
    def _close_after_commit(self, keys, state="settled"):
        """Close once the job's transaction, which holds the link, is committed.

        If the worker dies in between, the next run of the subject finds the write still
        open and the link there, and closes it.
        """
        keys = list(keys)
        if not keys:
            return
        hooks = self.env.cr.postcommit
        if CLOSING not in hooks.data:
            hooks.data[CLOSING] = closing = []
            registry, uid = self.env.registry, self.env.uid

            def close():
                with registry.cursor() as cr:
                    book = api.Environment(cr, uid, {})["shopify.mutation"]
                    for some, end in closing:
                        book._close(some, end)

            hooks.add(close)
        hooks.data[CLOSING].append((keys, state))

    @api.model
    @contextmanager
    def _bookkeeping(self):
        """A savepoint for what records remote writes. Hooks outlive a savepoint, so what
        was to be closed within it is forgotten with it: the next run settles that."""
        closing = self.env.cr.postcommit.data
        kept = len(closing.get(CLOSING, ()))
        try:
            with self.env.cr.savepoint():
                yield
                self.env.flush_all()
        except BaseException:
            del closing.get(CLOSING, [])[kept:]
            raise

    @api.model
    def _abandoned(self, backend):
        """Names of the subjects of writes that stand open for longer than any worker
        takes: each needs a run that settles them."""
        self.env.cr.execute(
            "SELECT DISTINCT s FROM shopify_mutation,"
            " LATERAL jsonb_array_elements_text(subjects) AS s"
            " WHERE backend_ref = %s AND state IN ('intent', 'unknown', 'applied')"
            " AND created_at < now() AT TIME ZONE 'UTC' - interval '10 minutes'",
            [backend.id],
        )
        return [name for (name,) in self.env.cr.fetchall()]

    @api.model
    def _trim(self, days):
        """Forget what old writes held (it may be personal data); the rows stay, with
        their outcome. One whose end isn't recorded keeps what it will be settled by."""
        with self._short_transaction() as cr:
            cr.execute(
                "UPDATE shopify_mutation SET variables = NULL, answer = NULL,"
                " before = NULL WHERE variables IS NOT NULL AND state <> ALL(%s)"
                " AND created_at <"
                " now() AT TIME ZONE 'UTC' - make_interval(days => %s)",
                [list(OPEN_STATES), days],
            )


class OpenWrite:
    """A remote write whose end isn't recorded: the row's plain values."""

    def __init__(self, **values):
        self.__dict__.update(values)
