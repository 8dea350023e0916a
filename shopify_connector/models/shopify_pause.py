"""The breaker: store-wide reasons pause a flow, and their fix resumes it.

What ends a pause: `shopify_pause_end`.
"""

from collections import defaultdict

from psycopg2.extras import Json

from odoo import fields, models
from odoo.tools import SQL

from ..core import failures, pauses
from .shopify_sync_record import plain_params
from .short_transaction import short_transaction


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

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
        now = fields.Datetime.now()
        message = self._why_paused(failure)
        with short_transaction(self.env.registry, read_committed=True) as cr:
            cr.execute(
                "SELECT id, rests, resumed_at FROM shopify_flow WHERE backend_id = %s"
                " AND flow = %s AND paused_at IS NULL FOR NO KEY UPDATE",
                [self.id, flow],
            )
            found = cr.fetchone()
            if found:
                flow_id, rests, resumed_at = found
                values = {
                    "paused_at": now,
                    "paused_reason": failure.code,
                    "paused_message": message,
                    "paused_cause": failures.cause_key(failure),
                    "paused_params": Json(plain_params(failure)),
                }
                if failure.reason.nature == "temporary":
                    number = pauses.which_rest(rests or 0, resumed_at, now)
                    values |= {
                        "rests": number,
                        "rests_until": now + pauses.rest(number),
                    }
                columns = SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in values.items()
                )
                cr.execute(
                    SQL("UPDATE shopify_flow SET %s WHERE id = %s", columns, flow_id)
                )
                self.with_env(self.env(cr=cr))._note_event(
                    "store", failure.code, message
                )
        self.env["shopify.flow"].invalidate_model()
        if found and failure.code == "scope_missing":
            # So that the scope counts as new when it is granted again.
            self._enqueue_probe()

    def _why_paused(self, failure):
        """The reason of a pause, in the reader's language."""
        return self.env["shopify.sync"]._translate(
            failure.reason.message, failure, self.sudo().name
        )

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
