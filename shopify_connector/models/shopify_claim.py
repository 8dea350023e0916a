"""Which batch is being worked on right now, seen by everybody.

A worker's own transaction can't tell others what it holds, and its claim dies with it.
So before it works, a batch notes its subjects here by a short transaction of its own.
What finds the note and no outcome knows that a worker died over those subjects, or that
the database refused what they came to.
"""

import uuid
from dataclasses import dataclass

from odoo import api, fields, models

from .short_transaction import short_transaction

# A subject whose batch broke this often is run alone; after that it goes to review.
ALONE_AFTER = 2
REVIEW_AFTER = 3


@dataclass(frozen=True)
class Broken:
    """Tries without an outcome. index: the unique index that refused the last one;
    empty when its worker died."""

    times: int = 0
    index: str = ""


class ShopifyClaim(models.Model):
    _name = "shopify.claim"
    _description = "Shopify Claim"
    _log_access = False

    batch = fields.Char(required=True, index=True)
    backend_ref = fields.Integer(required=True, index=True)
    drain_group = fields.Char(required=True)
    job_uuid = fields.Char(help="The queue job that works on it.")
    subject = fields.Char(required=True, index=True)
    started_at = fields.Datetime(required=True)
    refused_by = fields.Char(help="The unique index that refused what was written.")

    @api.model
    def _note(self, backend, group, subjects, ended=()):
        """Commit a note of `subjects`; drop all notes of those that came to an end.

        Both are lists of subject texts. Returns the new batch's name, None if empty.
        """
        batch = uuid.uuid4().hex if subjects else None
        with short_transaction(self.env.registry, read_committed=True) as cr:
            if ended:
                cr.execute(
                    "DELETE FROM shopify_claim"
                    " WHERE backend_ref = %s AND subject = ANY(%s)",
                    [backend.id, list(ended)],
                )
            if subjects:
                cr.execute(
                    "INSERT INTO shopify_claim"
                    " (batch, backend_ref, drain_group, job_uuid, subject, started_at)"
                    " SELECT %s, %s, %s, %s, s, now() AT TIME ZONE 'UTC'"
                    " FROM unnest(%s) AS s",
                    [
                        batch,
                        backend.id,
                        group,
                        self.env.context.get("shopify_job"),
                        subjects,
                    ],
                )
        return batch

    @api.model
    def _broken(self, backend, subjects):
        """The earlier notes of these subjects that have no outcome: {subject: Broken}.

        Only called by the worker that holds the subjects, so every note found is of a
        batch that is over. A batch that committed its outcome wrote its name on the
        sync rows, whatever happened to its note.
        """
        self.env.cr.execute(
            """
            SELECT c.subject, count(*),
                   coalesce((array_agg(c.refused_by ORDER BY c.id DESC))[1], '')
              FROM shopify_claim c
             WHERE c.backend_ref = %s AND c.subject = ANY(%s)
               AND NOT EXISTS (
                   SELECT 1 FROM shopify_sync s
                    WHERE s.backend_id = c.backend_ref AND s.last_batch = c.batch)
             GROUP BY c.subject
            """,
            [backend.id, list(subjects)],
        )
        return {
            subject: Broken(times, index)
            for subject, times, index in self.env.cr.fetchall()
        }

    @api.model
    def _gc(self, days):
        """Forget notes of subjects that nobody ever ran again."""
        self.env.cr.execute(
            "DELETE FROM shopify_claim WHERE started_at <"
            " now() AT TIME ZONE 'UTC' - make_interval(days => %s)",
            [days],
        )

    @api.model
    def _drop(self, batch):
        """Take a batch's note back: its worker lives, and starts the batch again."""
        with short_transaction(self.env.registry, read_committed=True) as cr:
            cr.execute("DELETE FROM shopify_claim WHERE batch = %s", [batch])

    @api.model
    def _forget(self, backend, subjects):
        """Drop the notes of those whose end is being recorded, together with it."""
        self.env.cr.execute(
            "DELETE FROM shopify_claim WHERE backend_ref = %s AND subject = ANY(%s)",
            [backend.id, list(subjects)],
        )

    @api.model
    def _refused(self, batch, index):
        """A batch's worker lives, but this unique index refused what it wrote."""
        with short_transaction(self.env.registry, read_committed=True) as cr:
            cr.execute(
                "UPDATE shopify_claim SET refused_by = %s WHERE batch = %s",
                [index, batch],
            )

    @api.model
    def _rule_of(self, index):
        """What a unique index of ours stands for, in words; its name if none says it."""
        for model in self.env.registry.values():
            if index in model._table_objects:
                rule = model._table_objects[index]
                text = rule.get_error_message(self.env[model._name])
                return text or f"{index}."
        return f"{index}."
