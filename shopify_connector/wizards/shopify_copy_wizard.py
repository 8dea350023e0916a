"""Which database is live? Says what was seen, and carries out a manager's answer."""

from datetime import datetime

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_datetime

from ..models.roles import MANAGER, check_role


class ShopifyCopyWizard(models.TransientModel):
    _name = "shopify.copy.wizard"
    _description = "Which Database Is Live"

    backend_id = fields.Many2one("shopify.backend", "Store", required=True)
    store_name = fields.Char(related="backend_id.name")
    store_state = fields.Selection(related="backend_id.state")
    # Looked at once, when the wizard opens.
    seen = fields.Json(compute="_compute_seen", store=True, precompute=True)
    signs = fields.Html("What Was Seen", compute="_compute_signs", sanitize=False)
    answer = fields.Selection(
        [
            ("live", "This is the live one"),
            ("copy", "This is a copy, for tests or to look things up"),
        ],
        "This Database",
    )
    origin = fields.Selection(
        [
            ("moved", "It was moved here, or is as it was: nothing is missing"),
            ("backup", "It was restored from an older backup"),
        ],
        "How It Came Here",
        compute="_compute_origin",
        store=True,
        precompute=True,
        readonly=False,
    )
    rebuild = fields.Boolean(
        "Rebuild Links Now",
        default=True,
        help="Links made since the backup are read from the Odoo IDs in Shopify.",
    )
    copy_reads = fields.Boolean(
        "Read From Shopify",
        compute="_compute_copy_reads",
        store=True,
        precompute=True,
        readonly=False,
        help="Records of Shopify are read into this copy. Nothing is ever written.",
    )
    reason = fields.Char(help="Kept in the store's history.")
    typed_name = fields.Char("Type the Store's Name")

    @api.depends("backend_id")
    def _compute_copy_reads(self):
        for wizard in self:
            wizard.copy_reads = wizard.backend_id.copy_reads

    @api.depends("seen")
    def _compute_origin(self):
        for wizard in self:
            seen = wizard.seen or {}
            is_behind = bool(seen.get("found")) and not seen["is_ours"]
            wizard.origin = "backup" if is_behind else "moved"

    # === WHAT WAS SEEN === #

    @api.depends("backend_id")
    def _compute_seen(self):
        for wizard in self:
            wizard.seen = False
            if wizard.backend_id:
                check_role(self.env, MANAGER)
                wizard.backend_id.check_access("write")
                seen, problem = wizard.backend_id._look_for_signs()
                wizard.seen = {**seen, "problem": problem}

    @api.depends("seen")
    @api.depends_context("lang", "tz")
    def _compute_signs(self):
        for wizard in self:
            wizard.signs = wizard.seen and wizard._signs_html(wizard.seen)

    def _signs_html(self, seen):
        lines = [*self._held_line(), self._place_line(seen), self._lease_line(seen)]
        if seen["problem"]:
            lines[-1] = self.env._(
                "Shopify could not be asked now: %s", seen["problem"]
            )
        items = Markup("").join(Markup("<li>%s</li>") % line for line in lines)
        return Markup("<ul>%s</ul>") % items

    def _held_line(self):
        store = self.backend_id
        if not store.held_at:
            return []
        return [
            self.env._(
                "On hold since %(time)s: %(reason)s.",
                time=format_datetime(self.env, store.held_at, dt_format="short"),
                reason=store.hold_message or "",
            )
        ]

    def _place_line(self, seen):
        if not seen["noted"]:
            return self.env._(
                "No place is noted for this database: it was neutralised, or the store "
                "was never connected from it."
            )
        if list(seen["noted"]) != list(seen["here"]):
            return self.env._(
                "This database lives in another place than when the store was "
                "connected. Was it moved, restored from a backup, or copied?"
            )
        return self.env._(
            "This database lives where it did when the store was connected."
        )

    def _lease_line(self, seen):
        found = seen["found"]
        if not found:
            return self.env._("Shopify holds no note of any database's writes.")
        facts = {
            "time": self._shop_time(seen["written_at"]),
            "found": found.get("counter", 0),
            "ours": seen["ours"],
        }
        if seen["is_ours"]:
            return self.env._(
                "The last database that wrote to the store was this one, or the one it "
                "was copied from at that very moment: at %(time)s, number %(found)s.",
                **facts,
            )
        return self.env._(
            "Another database wrote to the store at %(time)s: its writes were number "
            "%(found)s, the last of this one number %(ours)s. Either it is alive still, "
            "or this one is an older backup of it.",
            **facts,
        )

    def _shop_time(self, text):
        if not text:
            return self.env._("an unknown time")
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return format_datetime(self.env, moment.replace(tzinfo=None), dt_format="short")

    # === DOING IT === #

    def action_apply(self):
        self.ensure_one()
        check_role(self.env, MANAGER)
        if self.answer == "copy":
            self.backend_id._become_copy(self.copy_reads, self.reason)
        elif self.answer == "live":
            return self._go_live()
        else:
            raise UserError(self.env._("Say what this database is."))
        return _reload()

    def _go_live(self):
        store = self.backend_id
        if (self.typed_name or "").strip() != store.name:
            raise UserError(
                self.env._(
                    "Type the store's name, %s, to say that you mean it.", store.name
                )
            )
        is_backup = self.origin == "backup"
        store._become_live(self.reason, is_backup)
        if is_backup and self.rebuild:
            return store._begin_rebuild() or _reload()
        return _reload()


class ShopifyRebuildSkip(models.TransientModel):
    _name = "shopify.rebuild.skip"
    _description = "Links After a Restore"

    backend_id = fields.Many2one("shopify.backend", "Store", required=True)
    may_rebuild = fields.Boolean(compute="_compute_may_rebuild")
    reason = fields.Char(help="Kept in the store's history.")

    @api.depends("backend_id")
    def _compute_may_rebuild(self):
        for wizard in self:
            wizard.may_rebuild = wizard.backend_id._can_rebuild()

    def action_rebuild(self):
        self.ensure_one()
        check_role(self.env, MANAGER)
        return self.backend_id._begin_rebuild() or _reload()

    def action_skip(self):
        self.ensure_one()
        self.backend_id._skip_rebuild(self.reason)
        return _reload()


def _reload():
    """The store's form has other banners now."""
    return {"type": "ir.actions.client", "tag": "soft_reload"}
