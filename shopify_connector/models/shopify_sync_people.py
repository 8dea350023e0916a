"""What people do with a sync: retry, accept, postpone, close, hand over."""

from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from .roles import OPERATOR, check_role


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

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
        for backend, rows in self.grouped("backend_id").items():
            owner = backend._looks_after(user, self.env["res.users"])
            rows.sudo().write({"handed_to_id": user.id, "owner_id": owner.id})
        self._note_person("handed over", user.display_name)

    def _note_person(self, outcome, message):
        # What is said of a whole cause stands on its timeline once, not for each item.
        of_cause = self.env.context.get("shopify_cause_act")
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
                    "cause_key": not of_cause and row.cause_key,
                    "caused_by_id": self.env.uid,
                    "outcome": outcome,
                    "message": message,
                }
                for row in self
            ]
        )
