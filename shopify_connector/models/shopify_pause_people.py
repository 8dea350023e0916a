"""What people see of a pause: the banner, and one activity for the store's manager."""

from odoo import api, fields, models
from odoo.tools import SQL, format_datetime

from ..core.failures import Failure
from ..core.pauses import TELL_AT_REST

# Counted up to here; nobody waits for the banner to count a million.
A_LOT = 10000
_WAITING = """
    SELECT count(*) FROM (
        (SELECT direction, subject_type, subject_key FROM shopify_trigger
          WHERE backend_id = %(backend)s AND flow = ANY(%(flows)s) LIMIT %(limit)s)
         UNION
        (SELECT direction, subject_type, subject_key FROM shopify_sync
          WHERE backend_id = %(backend)s AND flow = ANY(%(flows)s)
            AND (state = 'waiting' OR state = 'review' AND cause_key = ANY(%(causes)s))
          LIMIT %(limit)s)) found
"""


class ShopifyBackend(models.Model):
    _name = "shopify.backend"
    # An activity needs a thread for those who follow it.
    _inherit = ["shopify.backend", "mail.thread", "mail.activity.mixin"]

    paused_message = fields.Char("Paused", compute="_compute_paused_message")
    paused_details = fields.Char("Meanwhile", compute="_compute_paused_details")
    paused_has_items = fields.Boolean(compute="_compute_paused_details")

    # === THE BANNER === #

    @api.depends("flow_ids.paused_at", "flow_ids.paused_message")
    @api.depends_context("lang")
    def _compute_paused_message(self):
        """Each reason once, with the flows that it pauses."""
        for backend in self:
            paused = backend.flow_ids.filtered("paused_at")
            said = paused.grouped(lambda flow: flow._why_paused())
            backend.paused_message = (
                " ".join(
                    self.env._(
                        "%(flows)s paused: %(reason)s",
                        flows=", ".join(flows._flow_labels()),
                        reason=reason,
                    )
                    for reason, flows in said.items()
                )
                or False
            )

    @api.depends("flow_ids.paused_at", "flow_ids.rests_until")
    @api.depends_context("lang", "tz")
    def _compute_paused_details(self):
        """Since when, what waits, and what happens next."""
        for backend in self:
            paused = backend.flow_ids.filtered("paused_at")
            parts = paused._details() if paused else []
            backend.paused_details = " · ".join(parts) or False
            backend.paused_has_items = bool(paused._stopped_for_the_pause())

    def action_open_paused(self):
        """What stopped for the reason of the pause."""
        self.ensure_one()
        self.check_access("read")
        flows = self.flow_ids.filtered("paused_at")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "shopify_connector.action_review"
        )
        return action | {
            "domain": [("id", "in", flows._stopped_for_the_pause().ids)],
            "context": {"shopify_review": 1},
        }

    # === THE MANAGER IS ASKED === #

    def _wake(self):
        result = super()._wake()
        self._tell_manager()
        return result

    def _tell_manager(self):
        """One activity while flows are paused for what doesn't seem to pass by itself;
        made once a pause, and done when they go on."""
        kind = self.env.ref("shopify_connector.activity_paused")
        asked = self.env["mail.activity"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "=", self.id),
                ("activity_type_id", "=", kind.id),
            ]
        )
        paused = self.flow_ids.filtered("paused_at")
        if not paused:
            if asked:
                asked.action_feedback(feedback=self.env._("The flows run again."))
            return
        manager = self._whom_to_tell()
        if asked:
            if manager:
                asked.filtered(lambda a: a.user_id != manager).user_id = manager
            return
        stays = paused.filtered(
            lambda flow: not flow.rests_until or flow.rests >= TELL_AT_REST
        )
        if stays and manager and not self._was_told(kind, manager, stays):
            self.with_context(mail_activity_quick_update=True).activity_schedule(
                act_type_xmlid="shopify_connector.activity_paused",
                summary=self.paused_message,
                user_id=manager.id,
            )

    def _whom_to_tell(self):
        """The manager, if he is there and may open the store; else nobody."""
        user = self._looks_after(self.env["res.users"], self.env["res.users"])
        may = user and user.has_group("shopify_connector.group_user")
        return user if may and self.company_id in user.company_ids else user.browse()

    def _was_told(self, kind, manager, flows):
        """Whether the manager marked it done already, during this very pause."""
        return bool(
            self.env["mail.activity"]
            .with_context(active_test=False)
            .search_count(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", self.id),
                    ("activity_type_id", "=", kind.id),
                    ("user_id", "=", manager.id),
                    ("create_date", ">=", min(flows.mapped("paused_at"))),
                ],
                limit=1,
            )
        )


class ShopifyFlow(models.Model):
    _inherit = "shopify.flow"

    def _why_paused(self):
        """The reason, in the reader's language."""
        self.ensure_one()
        try:
            failure = Failure(self.paused_reason, self.paused_params or {})
        except (KeyError, ValueError):
            return self.paused_message or ""
        return self.backend_id._why_paused(failure)

    def _details(self):
        since = format_datetime(self.env, min(self.mapped("paused_at")))
        parts = [self.env._("Since %s", since)]
        count = self._count_waiting()
        if count:
            count = self.env._("more than %s", A_LOT) if count > A_LOT else count
            parts.append(self.env._("records that wait: %s", count))
        rests = [until for until in self.mapped("rests_until") if until]
        if rests:
            when = format_datetime(self.env, min(rests))
            parts.append(self.env._("looks again by itself at %s", when))
        return parts

    def _count_waiting(self):
        """Records of these flows, all of one store, that a resume would bring on."""
        # SQL: a user sees how many there are, whatever these are about
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                _WAITING,
                backend=self.backend_id.id,
                flows=self.mapped("flow"),
                causes=[cause for cause in self.mapped("paused_cause") if cause],
                limit=A_LOT + 1,
            )
        )[0][0]
