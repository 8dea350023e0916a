"""Why to look: one small row for each cause to read a subject again.

Insert-only. Nothing updates a trigger, so whoever inserts one never waits for, nor
collides with, a worker that is busy with the same subject. The worker that handled the
subject deletes exactly the rows that its snapshot showed.
"""

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.queue_job.job import ENQUEUED, PENDING, WAIT_DEPENDENCIES

NOT_BEGUN = (WAIT_DEPENDENCIES, PENDING, ENQUEUED)
GROUPS = ("fulfil", "records", "stock", "mark")
# Within a group, what people wait for first.
PRIORITY = {"orders": 10, "products": 30, "customers": 40}
LIFTED = 5


def group_of(flow, direction):
    """The drain group that a subject belongs to."""
    if direction == "mark":
        return "mark"
    if direction == "out":
        return {"stock": "stock", "fulfilments": "fulfil"}.get(flow, "records")
    return "records"


class ShopifyTrigger(models.Model):
    _name = "shopify.trigger"
    _description = "Shopify Trigger"
    _order = "priority, id"
    _log_access = False

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="backend_id.company_id")
    drain_group = fields.Char(required=True)
    flow = fields.Char(required=True)
    direction = fields.Selection(
        [("in", "Into Odoo"), ("out", "To Shopify"), ("mark", "Write Back")],
        required=True,
    )
    subject_type = fields.Char(required=True)
    subject_key = fields.Char(required=True)
    priority = fields.Integer(required=True, default=30)
    cause = fields.Char(required=True)
    delivery_id = fields.Char()
    user_id = fields.Integer(help="Who caused it; no foreign key, so nothing waits.")
    created_at = fields.Datetime(required=True)

    _due = models.Index("(backend_id, drain_group, priority, id)")
    _subject = models.Index("(backend_id, subject_key, direction, subject_type)")
    # One delivery may name several subjects: each once.
    _delivery = models.UniqueIndex(
        "(backend_id, delivery_id, direction, subject_type, subject_key)"
        " WHERE delivery_id IS NOT NULL"
    )

    def init(self):
        # A busy server makes more triggers in a month than 32 bits can number.
        self.env.cr.execute(
            "SELECT data_type FROM information_schema.columns"
            " WHERE table_name = 'shopify_trigger' AND column_name = 'id'"
        )
        if self.env.cr.fetchone()[0] != "bigint":
            self.env.cr.execute("ALTER TABLE shopify_trigger ALTER id TYPE bigint")
            self.env.cr.execute("ALTER SEQUENCE shopify_trigger_id_seq AS bigint")

    @api.model
    def _insert_missing(self, backend, subjects, cause):
        """Insert only for subjects that no trigger waits for yet: what a schedule finds
        again and again must not pile up while nobody works it off. Should that trigger
        be taken this very moment, the next pass finds the subject again."""
        subjects = list(subjects)
        self.env.cr.execute(
            "SELECT direction, subject_type, subject_key FROM shopify_trigger"
            " WHERE backend_id = %s AND subject_key = ANY(%s)",
            [backend.id, [str(subject[3]) for subject in subjects]],
        )
        waiting = set(self.env.cr.fetchall())
        missing = [
            subject
            for subject in subjects
            if (subject[1], subject[2], str(subject[3])) not in waiting
        ]
        return self._insert(backend, missing, cause)

    @api.model
    def _insert(self, backend, subjects, cause, delivery_id=None, lift=False):
        """Note that subjects may be out of date, and wake the drains that serve them.

        subjects: iterable of (flow, direction, type, key); key is a GID, or for
        direction "out" the record's ID as text. A flow that is off gets no trigger:
        switching it on reads everything again.

        Any user's act may cause a trigger, so this writes past access rights; it is
        plain SQL because a webhook's answer waits for it (one statement looks at the
        flow, inserts, and looks for a job), and because ON CONFLICT makes a second
        delivery of one webhook a no-op.
        """
        rows = dict.fromkeys(
            (flow, direction, subject_type, str(key))
            for flow, direction, subject_type, key in subjects
        )
        if not rows:
            return 0
        values = SQL(", ").join(
            SQL(
                "(%s, %s, %s, %s, %s, %s, %s)",
                place,
                group_of(flow, direction),
                flow,
                direction,
                subject_type,
                key,
                LIFTED if lift else PRIORITY.get(flow, 20),
            )
            for place, (flow, direction, subject_type, key) in enumerate(rows)
        )
        self.env["shopify.flow"].flush_model(["backend_id", "flow", "policy"])
        self.env["queue.job"].flush_model(["identity_key", "state"])
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO shopify_trigger (backend_id, drain_group, flow, direction,
                       subject_type, subject_key, priority, cause, delivery_id,
                       user_id, created_at)
                SELECT on_flow.backend_id, cause.drain_group, cause.flow,
                       cause.direction, cause.type, cause.key, cause.priority,
                       %(cause)s, %(delivery)s, %(user)s, now() AT TIME ZONE 'UTC'
                  FROM (VALUES %(values)s) AS cause
                       (place, drain_group, flow, direction, type, key, priority)
                  JOIN shopify_flow on_flow
                    ON on_flow.backend_id = %(backend)s
                   AND on_flow.flow = cause.flow AND on_flow.policy <> 'off'
                 ORDER BY cause.place
                    ON CONFLICT DO NOTHING
                RETURNING drain_group, EXISTS (
                       SELECT FROM queue_job
                        WHERE identity_key = %(drain)s || shopify_trigger.drain_group
                          AND state IN %(not_begun)s)
                """,
                values=values,
                backend=backend.id,
                cause=cause,
                delivery=delivery_id,
                user=self.env.uid,
                drain=backend._drain_key(""),
                not_begun=NOT_BEGUN,
            )
        )
        made = self.env.cr.fetchall()
        for group, has_job in dict.fromkeys(made):
            backend._enqueue(group, seen=has_job)
        return len(made)
