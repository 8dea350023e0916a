"""The breaker: store-wide reasons pause a flow, and their fix resumes it."""

import logging
from collections import defaultdict
from datetime import timedelta

from odoo import fields, models

from ..core import failures
from .short_transaction import short_transaction

_logger = logging.getLogger(__name__)

# How long a flow rests after a store-wide reason that passes by itself.
REST = timedelta(minutes=2)


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
