"""How far behind a store is: stock on its way to Shopify, and points left to send with.

Both stand on the overview, which is opened often and with many stores: one query each
for all stores, and none whose work grows with what waits or what was ever done.
"""

from datetime import timedelta

from babel.dates import format_timedelta

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import babel_locale_parse, get_lang

from ..api import throttle
from .shopify_trigger import LIFTED, PRIORITY

PUSH = "inventory/set_quantities"
# Drains take seconds; a passing reason ends after minutes.
LATE = timedelta(minutes=15)
# Of the points; below it requests wait for each other.
LOW = 0.1
DEFAULT_PRIORITY = 20


class ShopifyMutation(models.Model):
    _inherit = "shopify.mutation"

    # The constant is PUSH; an index can't take it as a parameter.
    _last_push = models.Index(
        "(backend_ref, id) WHERE operation = 'inventory/set_quantities'"
        " AND state IN ('applied', 'settled')"
    )


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    _stock_waiting = models.Index(
        "(backend_id, first_failed_at) WHERE drain_group = 'stock'"
        " AND state = 'waiting'"
    )


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    stock_waits_since = fields.Datetime(
        compute="_compute_stock_health",
        help="When the oldest stock change was made that Shopify doesn't know yet.",
    )
    stock_pushed_at = fields.Datetime(
        "Last Stock Sent",
        compute="_compute_stock_health",
        help="When Shopify last took stock numbers from Odoo.",
    )
    stock_lag = fields.Char(
        "Stock",
        compute="_compute_stock_lag",
        help="How long the oldest stock change has been waiting to reach Shopify.",
    )
    stock_is_late = fields.Boolean(compute="_compute_stock_lag")
    api_budget = fields.Char(
        "Shopify's Limit",
        compute="_compute_api_budget",
        help="Shopify grants each store so many points and gives some back each second. "
        "Requests that find too few wait; nothing is lost.",
    )
    api_is_low = fields.Boolean(compute="_compute_api_budget")

    # === STOCK === #

    @api.depends_context("uid")
    def _compute_stock_health(self):
        found = self._stock_times()
        for backend in self:
            since, pushed = found.get(backend.id, (None, None))
            backend.stock_waits_since = since
            backend.stock_pushed_at = pushed

    def _stock_times(self):
        """{store's ID: (since when the oldest change waits, when one was last sent)}

        Plain SQL for its LIMITs; it tells times only, of stores that the reader sees.
        """
        if not self.ids:
            return {}
        self.env["shopify.sync"].flush_model(
            ["backend_id", "drain_group", "state", "first_failed_at"]
        )
        priority = PRIORITY.get("stock", DEFAULT_PRIORITY)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT store.id,
                       least(
                           (SELECT created_at FROM shopify_trigger
                             WHERE backend_id = store.id AND drain_group = 'stock'
                               AND priority = %(usual)s
                             ORDER BY id LIMIT 1),
                           (SELECT created_at FROM shopify_trigger
                             WHERE backend_id = store.id AND drain_group = 'stock'
                               AND priority = %(lifted)s
                             ORDER BY id LIMIT 1),
                           (SELECT first_failed_at FROM shopify_sync
                             WHERE backend_id = store.id AND drain_group = 'stock'
                               AND state = 'waiting' AND first_failed_at IS NOT NULL
                             ORDER BY first_failed_at LIMIT 1)),
                       (SELECT coalesce(sent_at, created_at) FROM shopify_mutation
                         WHERE backend_ref = store.id AND operation = %(push)s
                           AND state IN ('applied', 'settled')
                         ORDER BY id DESC LIMIT 1)
                  FROM unnest(%(stores)s) AS store (id)
                """,
                usual=priority,
                lifted=LIFTED,
                push=PUSH,
                stores=self.ids,
            )
        )
        return {store: (since, pushed) for store, since, pushed in rows}

    @api.depends("stock_waits_since")
    @api.depends_context("lang")
    def _compute_stock_lag(self):
        now = fields.Datetime.now()
        for backend in self:
            since = backend.stock_waits_since
            waited = max(now - since, timedelta()) if since else timedelta()
            backend.stock_is_late = waited > LATE
            backend.stock_lag = (
                self.env._(
                    "a change has been waiting for %s", self._duration_text(waited)
                )
                if since
                else self.env._("nothing waits")
            )

    def _duration_text(self, duration):
        locale = babel_locale_parse(get_lang(self.env).code)
        return format_timedelta(duration, threshold=1.5, locale=locale)

    # === POINTS === #

    @api.depends_context("uid", "lang")
    def _compute_api_budget(self):
        states = self._bucket_states()
        for backend in self:
            state, now = states.get(backend.id, (None, 0.0))
            # Before the first answer nobody knows how many points the plan has.
            if state is None:
                backend.api_budget = self.env._("not known yet")
                backend.api_is_low = False
                continue
            left = max(0.0, throttle.free(state, now))
            backend.api_is_low = left < LOW * state.maximum
            backend.api_budget = self._budget_text(throttle.advance(state, now), left)

    def _bucket_states(self):
        """{store's ID: (its bucket, the database's time in seconds)}, those that have
        one. Plain SQL, as the bucket's own: it is nobody's to read, and tells numbers
        only, of stores that the reader sees."""
        if not self.ids:
            return {}
        rows = self.env.execute_query(
            SQL(
                "SELECT backend_ref, state, extract(epoch FROM clock_timestamp())"
                " FROM shopify_bucket WHERE backend_ref = ANY(%s)",
                self.ids,
            )
        )
        return {
            store: (throttle.BucketState.from_dict(state), float(now))
            for store, state, now in rows
            if state
        }

    def _budget_text(self, state, left):
        text = self.env._(
            "%(left)s of %(all)s points left, %(rate)s back a second",
            left=f"{left:.0f}",
            all=f"{state.maximum:.0f}",
            rate=f"{state.restore_rate:.0f}",
        )
        under_way = len(state.reservations)
        if not under_way:
            return text
        return self.env._(
            "%(points)s; requests waiting or under way: %(count)s",
            points=text,
            count=under_way,
        )

    # === BUTTONS === #

    def action_open_stock(self):
        return self._open_rows("action_stock", {})
