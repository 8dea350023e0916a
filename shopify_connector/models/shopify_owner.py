"""Who looks after stops: the flow's owner, and the store's manager while he is away."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import SQL

from ..core.failures import cause_key
from ..core.owners import looks_after
from .roles import MANAGER, has_role


class ResUsers(models.Model):
    _inherit = "res.users"

    shopify_away_until = fields.Date(
        "Away from Shopify Until",
        help="Until this day, included, the store's manager looks after your Shopify "
        "stops. For example the last day of a holiday.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return [*super().SELF_READABLE_FIELDS, "shopify_away_until"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return [*super().SELF_WRITEABLE_FIELDS, "shopify_away_until"]

    def _shopify_is_away(self):
        """Whether this user can't be asked now."""
        self.ensure_one()
        user = self.sudo()  # another's absence is no secret to who needs him
        until = user.shopify_away_until
        return not user.active or bool(until and until >= fields.Date.today())

    def _shopify_set_away(self, until):
        """Say until when this user is away, None: he is back."""
        self.ensure_one()
        if self != self.env.user and not has_role(self.env, MANAGER):
            raise AccessError(
                self.env._("Only Shopify managers may say that somebody else is away.")
            )
        # sudo: checked above; a Shopify manager needn't administer users
        self.sudo().shopify_away_until = until or False


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    manager_id = fields.Many2one(
        "res.users",
        "Store Manager",
        help="Looks after the stops of flows without an owner, and of owners who are "
        "away or left.",
    )

    def _looks_after(self, chosen, flow_owner):
        """The user that a stop is shown to, empty for nobody. Both are users, or empty."""
        users = chosen | flow_owner | self.sudo().manager_id
        away = {user.id for user in users if user._shopify_is_away()}
        user_id = looks_after(chosen.id, flow_owner.id, self.sudo().manager_id.id, away)
        return self.env["res.users"].browse(user_id or ())

    def _owner_of(self, chosen, flow):
        """Who looks after a stop of this flow that was given to `chosen`, or to none."""
        # sudo: the engine's own books
        row = self.sudo().flow_ids.filtered(lambda each: each.flow == flow)
        return self._looks_after(chosen, row.owner_id)

    def _move_owners(self, cr):
        """Let open stops follow their owners, their absence and their return.

        cr: a short transaction of its own, at READ COMMITTED. What a worker is busy
        with gets its owner from that worker.
        """
        self.ensure_one()
        nobody = self.env["res.users"]
        for flow in self.flow_ids:
            owner, before = (
                self._looks_after(nobody, flow.owner_id),
                flow.acting_owner_id,
            )
            if owner != before:
                mine = SQL("flow = %s AND handed_to_id IS NULL", flow.flow)
                self._move_stops(cr, mine, owner)
                cr.execute(
                    "UPDATE shopify_flow SET acting_owner_id = %s WHERE id = %s",
                    [owner.id or None, flow.id],
                )
        cr.execute(
            "SELECT DISTINCT handed_to_id, owner_id FROM shopify_sync"
            " WHERE backend_id = %s AND handed_to_id IS NOT NULL"
            " AND state IN ('review', 'waiting')",
            [self.id],
        )
        for chosen_id, before_id in cr.fetchall():
            chosen = nobody.browse(chosen_id)
            owner, before = self._looks_after(chosen, nobody), nobody.browse(before_id)
            if owner != before:
                self._move_stops(cr, SQL("handed_to_id = %s", chosen_id), owner)

    def _move_stops(self, cr, which, owner):
        cr.execute(
            SQL(
                """
                UPDATE shopify_sync SET owner_id = %(owner)s WHERE id IN (
                    SELECT id FROM shopify_sync
                     WHERE backend_id = %(backend)s AND %(which)s
                       AND state IN ('review', 'waiting')
                       AND owner_id IS DISTINCT FROM %(owner)s
                       FOR NO KEY UPDATE SKIP LOCKED)
                """,
                owner=owner.id or None,
                backend=self.id,
                which=which,
            )
        )

    @api.constrains("manager_id")
    def _check_manager_sees_the_store(self):
        for backend in self:
            manager = backend.manager_id.sudo()
            if manager and backend.company_id not in manager.company_ids:
                raise ValidationError(
                    self.env._(
                        "%(user)s can't see %(company)s. Choose somebody who can.",
                        user=manager.name,
                        company=backend.company_id.name,
                    )
                )


class ShopifyFlow(models.Model):
    _inherit = "shopify.flow"

    acting_owner_id = fields.Many2one(
        "res.users",
        "Looked After by",
        readonly=True,
        help="The owner, or the store's manager while the owner is away. Kept up to "
        "date every minute.",
    )


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    _handed = models.Index("(backend_id, handed_to_id) WHERE handed_to_id IS NOT NULL")

    @api.model
    def _owners_of(self, backend, failures):
        """Whose the stops of a batch are: {subject: (owner's ID, handed to's ID)}.

        Whoever a stop or its cause was handed to keeps it, however often it stops again.

        failures: {subject: Failure}
        """
        # sudo: the engine's own books
        rows = self.sudo().browse([s.sync_id for s in failures if s.sync_id])
        handed = {row.id: row.handed_to_id for row in rows}
        causes = self.env["shopify.cause"]._handed_over(backend, failures.values())
        nobody = self.env["res.users"]
        found = {}
        for subject, failure in failures.items():
            chosen = handed.get(subject.sync_id) or nobody
            chosen = chosen or causes.get(cause_key(failure), nobody)
            owner = backend._owner_of(chosen, subject.flow)
            found[subject] = owner.id, chosen.id
        return found
