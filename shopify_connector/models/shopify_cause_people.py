"""One activity a cause, for whoever looks after it, made and ended by the minute cron."""

from odoo import api, fields, models
from odoo.tools import SQL

# More of them come with the next minutes.
A_LOT = 200


class ShopifyCause(models.Model):
    _inherit = "shopify.cause"

    @api.model
    def _tell_owners(self, backend):
        """One open activity for each cause that needs a person, its owner's.

        Made once an owner and occurrence: what its owner marked done isn't asked again.
        Taken back when all items pass by themselves for now; done when they are through.
        """
        self.env.flush_all()
        kind = self.env.ref("shopify_connector.activity_to_review")
        wanted, moved, gone = self._activities_due(backend, kind)
        self._ask_owners(kind, wanted)
        activities = self.env["mail.activity"].with_context(
            mail_activity_quick_update=True
        )
        for activity_id, user_id in moved:
            activities.browse(activity_id).user_id = user_id
        activities.browse(gone).unlink()

    def _end_activities(self):
        """These causes are solved."""
        kind = self.env.ref("shopify_connector.activity_to_review")
        activities = self.env["mail.activity"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("activity_type_id", "=", kind.id),
            ]
        )
        if activities:
            activities.action_feedback(feedback=self.env._("Solved: nothing waits."))

    @api.model
    def _activities_due(self, backend, kind):
        """-> ([(cause's ID, owner's ID)] without an activity, [(activity's ID, its new
        user's ID)], [IDs of activities that nobody needs now])"""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.id, c.owner_id, a.id, a.user_id, needs.a_person
                  FROM shopify_cause c
                  JOIN LATERAL (SELECT EXISTS (
                       SELECT FROM shopify_sync s
                        WHERE s.backend_id = c.backend_id AND s.cause_key = c.cause_key
                          AND s.state = 'review') AS a_person) needs ON true
                  LEFT JOIN mail_activity a
                    ON a.res_model = %(model)s AND a.res_id = c.id AND a.active
                   AND a.activity_type_id = %(kind)s
                 WHERE c.backend_id = %(backend)s AND c.solved_at IS NULL
                   AND CASE
                       WHEN a.id IS NOT NULL
                       THEN NOT needs.a_person OR a.user_id IS DISTINCT FROM c.owner_id
                       ELSE needs.a_person AND c.owner_id = ANY(%(may_see)s)
                            AND NOT EXISTS (
                            SELECT FROM mail_activity told
                             WHERE told.res_model = %(model)s AND told.res_id = c.id
                               AND told.activity_type_id = %(kind)s
                               AND told.user_id = c.owner_id
                               AND told.create_date >= c.first_at)
                       END
                 ORDER BY c.weight DESC, c.id
                 LIMIT %(limit)s
                """,
                model=self._name,
                kind=kind.id,
                backend=backend.id,
                may_see=self._who_may_see(backend),
                limit=A_LOT,
            )
        )
        wanted = [(c, owner) for c, owner, a, _user, _needs in rows if not a]
        moved = [
            (a, owner) for _c, owner, a, _u, needs in rows if a and owner and needs
        ]
        gone = [a for _c, owner, a, _u, needs in rows if a and not (owner and needs)]
        return wanted, moved, gone

    @api.model
    def _who_may_see(self, backend):
        """IDs of the owners who can open the store's causes."""
        owners = self._read_group(
            [
                ("backend_id", "=", backend.id),
                ("solved_at", "=", False),
                ("owner_id", "!=", False),
            ],
            ["owner_id"],
        )
        return [
            user.id
            for (user,) in owners
            if user.has_group("shopify_connector.group_user")
            and backend.company_id in user.company_ids
        ]

    @api.model
    def _ask_owners(self, kind, wanted):
        today = fields.Date.context_today(self)
        model = self.env["ir.model"]._get(self._name)
        causes = self.browse([cause_id for cause_id, _user_id in wanted])
        # No e-mail: a store may meet a hundred causes at once.
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(
            [
                {
                    "res_model_id": model.id,
                    "res_id": cause.id,
                    "activity_type_id": kind.id,
                    "summary": cause.headline,
                    "user_id": user_id,
                    "date_deadline": today,
                }
                for cause, (_cause_id, user_id) in zip(causes, wanted, strict=True)
            ]
        )


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _wake(self):
        result = super()._wake()
        self._look_after_causes()
        return result

    def _look_after_causes(self):
        """Complete the causes, let their owners follow, and end what is solved."""
        causes = self.env["shopify.cause"]
        solved = causes._refresh(self)
        solved._note_act("solved", self.env._("Nothing waits any more"), kind="change")
        solved._end_activities()
        causes._tell_owners(self)

    @api.model
    def _cron_retention(self):
        result = super()._cron_retention()
        self.env["shopify.cause"]._gc(int(self._parameter("history_days")))
        return result
