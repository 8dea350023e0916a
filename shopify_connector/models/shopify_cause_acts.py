"""What people do with a cause: fix it, or answer for all its items at once."""

from collections import Counter

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .roles import OPERATOR, check_role
from .shopify_forecast import LOOKED_AT
from .shopify_sync_fix import COMPARE, FIXES

OPEN = ("review", "waiting")
ITEMS_SHOWN = 100
TIMELINE = 50
# Fixes that are about one item, and release no other.
ONE_BY_ONE = (
    "action_compare",
    "action_accept",
    "action_relink",
    "action_settle",
    "action_report",
    "action_open_in_shopify",
    "action_open_in_odoo",
)


class ShopifyCause(models.Model):
    _inherit = "shopify.cause"

    fix_label = fields.Char("Fix", compute="_compute_fix_label")
    missing = fields.Char("What Is Missing", compute="_compute_missing")
    retry_text = fields.Char("Is a Retry Safe?", compute="_compute_retry_text")
    forecast = fields.Text(
        "A Retry Would",
        compute="_compute_forecast",
        help="By how both sides are linked right now. Each retry looks again itself.",
    )
    item_ids = fields.Many2many(
        "shopify.sync",
        string="Its Items",
        compute="_compute_item_ids",
        help="The most harmful ones first; all of them by “Items”.",
    )
    all_count = fields.Integer(
        "Ever Held Up", compute="_compute_item_ids", help="Those that went through too."
    )
    blocker_count = fields.Integer("Waits For", compute="_compute_blocker_count")
    event_ids = fields.Many2many(
        "shopify.event", string="What Was Done", compute="_compute_event_ids"
    )

    # === SHOWN === #

    @api.depends("reason_code")
    @api.depends_context("lang", "uid")
    def _compute_fix_label(self):
        syncs = self.env["shopify.sync"]
        for cause in self:
            failure = cause._failure()
            label = failure and syncs._label_of_fix(failure.reason)
            if label and cause.item_count > 1 and cause._is_one_by_one():
                label = self.env._("Open the items")
            cause.fix_label = label if cause.stage != "solved" else False

    def _is_one_by_one(self):
        return FIXES.get(self._failure().reason.fix, COMPARE) in ONE_BY_ONE

    @api.depends_context("lang")
    def _compute_missing(self):
        for cause in self:
            cause.missing = cause._items(limit=1).missing

    @api.depends("reason_code")
    @api.depends_context("lang")
    def _compute_retry_text(self):
        for cause in self:
            failure = cause._failure()
            cause.retry_text = failure and self.env["shopify.sync"]._translate(
                failure.reason.retry_text, failure, self.env._("an item")
            )

    @api.depends_context("lang", "uid")
    def _compute_forecast(self):
        for cause in self:
            items = cause._items(limit=LOOKED_AT)
            cause.forecast = "\n".join(items._forecast_lines()) if items else False

    @api.depends_context("uid")
    def _compute_item_ids(self):
        syncs = self.env["shopify.sync"]
        for cause in self:
            cause.item_ids = cause._items(limit=ITEMS_SHOWN)
            cause.all_count = syncs.search_count([("cause_id", "=", cause.id)])

    def _compute_event_ids(self):
        for cause in self:
            cause.event_ids = self.env["shopify.event"].search(
                [
                    ("backend_id", "=", cause.backend_id.id),
                    ("cause_key", "=", cause.cause_key),
                ],
                limit=TIMELINE,
            )

    @api.depends_context("uid")
    def _compute_blocker_count(self):
        for cause in self:
            cause.blocker_count = len(cause._items(limit=1)._blockers())

    def _items(self, limit=None):
        """The open items of these causes, those that need a person and the most harmful
        first."""
        domain = Domain.OR(
            Domain("backend_id", "=", cause.backend_id.id)
            & Domain("cause_key", "=", cause.cause_key)
            for cause in self
        )
        return self.env["shopify.sync"].search(
            domain & Domain("state", "in", OPEN),
            limit=limit,
            order="state, weight desc, id",
        )

    # === BUTTONS === #

    def action_fix(self):
        """Go to what mends this cause."""
        self.ensure_one()
        self.check_access("read")
        failure = self._failure()
        items = self._items(limit=2)
        if not items or failure is None:
            return self.action_open_items()
        if len(items) > 1 and self._is_one_by_one():
            return self.action_open_items()
        return items[0].action_fix()

    def action_open_items(self):
        """All items that the same fix releases, those that went through too."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "shopify_connector.action_cause_items"
        )
        context = {"active_id": self.id, "search_default_open": 1, "shopify_review": 1}
        return action | {
            "name": self.headline,
            "domain": [("cause_id", "=", self.id)],
            "context": context if self.item_count else {"active_id": self.id},
        }

    def action_open_blocker(self):
        """What these items wait for, where that is a stop of its own."""
        self.ensure_one()
        return self._items(limit=1).action_open_blocker()

    def action_ask(self):
        """Retry, postpone, hand over or close: asks what it needs."""
        act = self.env.context.get("act", "retry")
        if act != "retry":
            check_role(self.env, OPERATOR)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What should happen?"),
            "res_model": "shopify.cause.act",
            "view_mode": "form",
            "target": "new",
            "context": {"default_cause_ids": self.ids, "default_act": act},
        }

    # === ANSWERS FOR ALL ITEMS === #

    def _retry(self):
        """Look at all items of these causes again."""
        self.check_access("read")
        items = self._items()
        answer = items.action_retry()
        self._note_act("retried", self.env._("%s items", len(items)))
        return answer

    def _postpone(self, hours):
        self._act(
            "postponed", self.env._("For %s hours", hours), "action_postpone", hours
        )

    def _close(self, reason):
        self._act("closed", reason, "action_close", reason)

    def _act(self, outcome, message, method, value):
        """One answer for all items. Each tells it in its own history; the cause's tells
        it once."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        items = self._items().with_context(shopify_cause_act=True)
        getattr(items, method)(value)
        self._note_act(outcome, message)

    def _hand_over(self, user):
        """Give these causes to somebody: what waits, and what stops for them later.

        What a worker is busy with this moment gets its owner from that worker.
        """
        check_role(self.env, OPERATOR)
        self.check_access("read")
        for backend, causes in self.grouped("backend_id").items():
            owner = backend._looks_after(user, self.env["res.users"])
            # sudo: checked above; causes are written by the engine only
            causes.sudo().write({"handed_to_id": user.id, "owner_id": owner.id})
            self.env["shopify.sync"].flush_model()
            self.env.cr.execute(
                SQL(
                    "UPDATE shopify_sync SET handed_to_id = %s, owner_id = %s"
                    " WHERE id IN (SELECT id FROM shopify_sync WHERE backend_id = %s"
                    " AND cause_key = ANY(%s) AND state IN %s"
                    " FOR NO KEY UPDATE SKIP LOCKED)",
                    user.id,
                    owner.id or None,
                    backend.id,
                    causes.mapped("cause_key"),
                    OPEN,
                )
            )
        self.env["shopify.sync"].invalidate_model(["handed_to_id", "owner_id"])
        self._note_act("handed over", user.display_name)

    @api.model
    def _note_released(self, backend, items, key):
        """What a cause was about is there: say so where people look for it."""
        counts = Counter(
            row.cause_key
            for row in items
            if row.cause_key == f"{row.reason_code}|{key}"
        )
        causes = self.sudo().search_fetch(  # sudo: the engine's own books
            [("backend_id", "=", backend.id), ("cause_key", "in", list(counts))]
        )
        for cause in causes:
            cause._note_act(
                "released",
                self.env._(
                    "%(count)s items go on: %(what)s",
                    count=counts[cause.cause_key],
                    what=self.env["shopify.sync"]._appeared(key),
                ),
                kind="change",
            )

    def _note_act(self, outcome, message, kind="person"):
        """Into History, and so onto the causes' timelines."""
        self.env["shopify.event"].sudo().create(
            [
                {
                    "backend_id": cause.backend_id.id,
                    "kind": kind,
                    "flow": cause.flow,
                    "cause_key": cause.cause_key,
                    "record_name": cause.name,
                    "caused_by_id": self.env.uid,
                    "outcome": outcome,
                    "message": message,
                }
                for cause in self
            ]
        )


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    cause_id = fields.Many2one(
        "shopify.cause",
        "Stopped For",
        compute="_compute_cause_id",
        search="_search_cause_id",
        help="The cause it stops for, or last stopped for.",
    )
    blocker_count = fields.Integer("Waits For", compute="_compute_blocker_count")

    @api.depends("backend_id", "last_cause_key")
    def _compute_cause_id(self):
        keys = [key for key in self.mapped("last_cause_key") if key]
        causes = self.env["shopify.cause"].search_fetch(
            [("backend_id", "in", self.backend_id.ids), ("cause_key", "in", keys)],
            ["backend_id", "cause_key"],
        )
        found = {(cause.backend_id.id, cause.cause_key): cause for cause in causes}
        for row in self:
            row.cause_id = found.get((row.backend_id.id, row.last_cause_key))

    @api.model
    def _search_cause_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        causes = self.env["shopify.cause"].browse([each for each in value if each])
        return Domain.OR(
            Domain("backend_id", "=", cause.backend_id.id)
            & Domain("last_cause_key", "=", cause.cause_key)
            for cause in causes.exists()
        )

    def _compute_blocker_count(self):
        for row in self:
            row.blocker_count = len(row._blockers())

    def _blockers(self):
        """Stops of their own that this one waits for: an order for its product."""
        keys = [key.split(":", 1)[1] for key in self.wait_ids.mapped("key")]
        if not keys:
            return self.browse()
        return self.search(
            [
                ("backend_id", "in", self.backend_id.ids),
                ("subject_key", "in", keys),
                ("state", "in", OPEN),
                ("id", "not in", self.ids),
            ]
        )
