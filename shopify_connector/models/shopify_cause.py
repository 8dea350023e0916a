"""What people work at: one row a cause, however many items it holds up.

A cause is a reason and the thing that is missing; one fix releases all its items. Its
row keeps what outlives them: since when, who looks after it, what was done. How many
items wait, and whether any does, is read from the items themselves.
"""

import logging
from collections import defaultdict

from psycopg2 import OperationalError
from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..core import failures
from ..core.failures import FLOW_WEIGHTS, Failure
from .shopify_flow import FLOWS
from .shopify_sync_record import plain_params
from .short_transaction import short_transaction

_logger = logging.getLogger(__name__)

STAGES = [
    ("person", "Needs a person"),
    ("itself", "Passes by itself"),
    ("solved", "Solved"),
]

# Of one cause's items; `c` is the cause.
_ITEMS = SQL("s.backend_id = c.backend_id AND s.cause_key = c.cause_key")
_UPSERT = """
    INSERT INTO shopify_cause AS c (
           backend_id, company_id, cause_key, name, reason_code, reason_params, nature,
           weight, flow, flows, owner_id, first_at, create_date, write_date)
    SELECT store.id, store.company_id, new.*,
           now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM shopify_backend store
      JOIN (%(new)s) new ON true
     WHERE store.id = %(backend)s
        ON CONFLICT (backend_id, cause_key) DO UPDATE
       SET weight = greatest(c.weight, EXCLUDED.weight),
           flow = CASE WHEN c.weight < EXCLUDED.weight
                       THEN EXCLUDED.flow ELSE c.flow END,
           flows = array_to_string(ARRAY(
                       SELECT DISTINCT unnest(string_to_array(c.flows, ',')
                                           || string_to_array(EXCLUDED.flows, ','))
                        ORDER BY 1), ','),
           first_at = CASE WHEN c.solved_at IS NULL
                           THEN c.first_at ELSE EXCLUDED.first_at END,
           owner_id = CASE WHEN c.solved_at IS NULL
                           THEN c.owner_id ELSE EXCLUDED.owner_id END,
           solved_at = NULL,
           write_date = EXCLUDED.write_date
     WHERE c.solved_at IS NOT NULL OR c.weight < EXCLUDED.weight
        OR NOT string_to_array(EXCLUDED.flows, ',') <@ string_to_array(c.flows, ',')
"""
# The causes that have open items, by one index probe each.
_OPEN_KEYS = """
    WITH RECURSIVE found (cause_key) AS (
        (SELECT min(cause_key) FROM shopify_sync
          WHERE backend_id = %(backend)s AND state IN ('review', 'waiting'))
        UNION ALL
        SELECT (SELECT min(s.cause_key) FROM shopify_sync s
                 WHERE s.backend_id = %(backend)s AND s.state IN ('review', 'waiting')
                   AND s.cause_key > found.cause_key)
          FROM found WHERE found.cause_key IS NOT NULL
    )
    SELECT cause_key FROM found WHERE cause_key IS NOT NULL
"""


class ShopifyCause(models.Model):
    _name = "shopify.cause"
    _description = "Shopify Cause"
    # An activity needs a thread for those who follow it.
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "weight desc, first_at, id"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True
    )
    cause_key = fields.Char(required=True)
    name = fields.Char("Cause", required=True, help="In the store's language.")
    reason_code = fields.Char("Reason", required=True)
    reason_params = fields.Json()
    nature = fields.Selection(
        lambda self: self.env["shopify.sync"]._fields["nature"].selection,
        "Kind",
        required=True,
    )
    weight = fields.Integer(help="The more harmful, the higher.", aggregator="max")
    flow = fields.Selection(FLOWS, help="The most harmful flow that it holds up.")
    flows = fields.Char(help="All that it holds up.")
    owner_id = fields.Many2one("res.users", index=True)
    handed_to_id = fields.Many2one(
        "res.users", help="Whom a person gave it to; the owner while he isn't away."
    )
    first_at = fields.Datetime("Since", required=True)
    solved_at = fields.Datetime("Solved On", help="When its last item went through.")

    headline = fields.Char(compute="_compute_headline")
    stage = fields.Selection(STAGES, compute="_compute_live", search="_search_stage")
    item_count = fields.Integer("Items", compute="_compute_live")
    waits_text = fields.Char("What Waits", compute="_compute_live")
    next_attempt_at = fields.Datetime("Next Try", compute="_compute_live")
    owner_label = fields.Char("Looked After by", compute="_compute_owner_label")
    anything = fields.Char(
        "ID, number, e-mail or admin URL",
        compute="_compute_anything",
        search="_search_anything",
        help="Of anything that waits: Odoo ID, Shopify ID, order name, e-mail or a "
        "pasted admin address.",
    )

    _cause = models.UniqueIndex("(backend_id, cause_key)", "A cause has one row.")
    _harm = models.Index("(weight DESC, first_at, id)")
    _unsolved = models.Index("(backend_id) WHERE solved_at IS NULL")

    # === WRITTEN BY THE ENGINE === #

    @api.model
    def _note(self, backend, results):
        """Note the causes of a batch that is committed.

        By a transaction of its own: two workers may meet the same cause, and neither may
        fail for it. What can't be noted now is completed by the minute cron.

        results: {subject: (end, facts)}
        """
        found = {}
        for subject, (end, _facts) in results.items():
            if isinstance(end, Failure):
                key = failures.cause_key(end)
                _failure, flows = found.setdefault(key, (end, set()))
                flows.add(subject.flow)
        if not found:
            return
        handed = self._handed_over(backend, [failure for failure, _f in found.values()])
        values = SQL(", ").join(
            # In one order: two workers that meet the same causes mustn't wait crosswise.
            self._values(backend, key, failure, flows, handed.get(key))
            for key, (failure, flows) in sorted(found.items(), key=lambda each: each[0])
        )
        try:
            with short_transaction(self.env.registry, read_committed=True) as cr:
                self._upsert(cr, backend, SQL("VALUES %s", values))
        except OperationalError:
            _logger.info("Causes of store %s are left to the cron", backend.id)

    @api.model
    def _values(self, backend, key, failure, flows, chosen):
        flow = max(flows, key=lambda each: FLOW_WEIGHTS.get(each, 0))
        owner = backend._owner_of(chosen or self.env["res.users"], flow)
        return SQL(
            "(%s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s::int, %s::timestamp)",
            key,
            self.env["shopify.sync"]._headline(failure),
            failure.code,
            Json(plain_params(failure)),
            failure.reason.nature,
            failures.impact(failure, flow),
            flow,
            ",".join(sorted(flows)),
            owner.id or None,
            fields.Datetime.now(),
        )

    @api.model
    def _upsert(self, cr, backend, new):
        cr.execute(SQL(_UPSERT, new=new, backend=backend.id))

    @api.model
    def _refresh(self, backend):
        """Every minute: complete what workers noted, let owners follow, and see what is
        solved. Returns the causes that are solved since the last time."""
        self.env.flush_all()
        with short_transaction(self.env.registry, read_committed=True) as cr:
            self._add_missing(cr, backend)
            backend._move_owners(cr)
            self._move_causes(cr, backend)
            solved_ids = self._mark_solved(cr, backend)
        self.env.invalidate_all()
        return self.browse(solved_ids)

    def _add_missing(self, cr, backend):
        """Causes of items whose worker died before noting them, or that are open again."""
        cr.execute(SQL(_OPEN_KEYS, backend=backend.id))
        keys = [key for (key,) in cr.fetchall()]
        cr.execute(
            "SELECT cause_key FROM shopify_cause WHERE backend_id = %s"
            " AND cause_key = ANY(%s) AND solved_at IS NULL",
            [backend.id, keys],
        )
        missing = list(set(keys) - {key for (key,) in cr.fetchall()})
        if not missing:
            return
        new = SQL(
            """
            SELECT s.cause_key, (array_agg(s.headline ORDER BY s.weight DESC, s.id))[1],
                   (array_agg(s.reason_code ORDER BY s.weight DESC, s.id))[1],
                   (array_agg(s.reason_params ORDER BY s.weight DESC, s.id))[1],
                   (array_agg(s.nature ORDER BY s.weight DESC, s.id))[1],
                   max(s.weight),
                   (array_agg(s.flow ORDER BY s.weight DESC, s.id))[1],
                   string_agg(DISTINCT s.flow, ','),
                   (array_agg(s.owner_id ORDER BY s.weight DESC, s.id))[1],
                   min(coalesce(s.first_failed_at, s.last_run_at,
                                now() AT TIME ZONE 'UTC'))
              FROM shopify_sync s
             WHERE s.backend_id = %s AND s.cause_key = ANY(%s)
               AND s.state IN ('review', 'waiting')
               AND s.reason_code IS NOT NULL AND s.nature IS NOT NULL
               AND s.headline IS NOT NULL
             GROUP BY s.cause_key
            """,
            backend.id,
            missing,
        )
        self._upsert(cr, backend, new)

    def _move_causes(self, cr, backend):
        """Each open cause's owner: whom it was given to, else who acts for its flow."""
        nobody = self.env["res.users"]
        cr.execute(
            "SELECT id, flow, handed_to_id, owner_id FROM shopify_cause"
            " WHERE backend_id = %s AND solved_at IS NULL",
            [backend.id],
        )
        owners, moved = {}, defaultdict(list)
        for cause_id, flow, handed_to_id, before_id in cr.fetchall():
            case = handed_to_id, flow
            if case not in owners:
                chosen = nobody.browse(handed_to_id or ())
                owners[case] = backend._owner_of(chosen, flow).id or None
            if owners[case] != before_id:
                moved[owners[case]].append(cause_id)
        for owner_id, ids in moved.items():
            cr.execute(
                "UPDATE shopify_cause SET owner_id = %s WHERE id = ANY(%s)",
                [owner_id, ids],
            )

    def _mark_solved(self, cr, backend):
        cr.execute(
            SQL(
                """
                UPDATE shopify_cause c
                   SET solved_at = now() AT TIME ZONE 'UTC', handed_to_id = NULL
                 WHERE c.backend_id = %s AND c.solved_at IS NULL
                   AND NOT EXISTS (SELECT FROM shopify_sync s WHERE %s
                                      AND s.state IN ('review', 'waiting'))
                RETURNING c.id
                """,
                backend.id,
                _ITEMS,
            )
        )
        return [cause_id for (cause_id,) in cr.fetchall()]

    @api.model
    def _handed_over(self, backend, stops):
        """Whom the causes of these failures were given to: {cause key: user}"""
        keys = {failures.cause_key(failure) for failure in stops}
        if not keys:
            return {}
        causes = self.sudo().search_fetch(  # sudo: the engine's own books
            [
                ("backend_id", "=", backend.id),
                ("cause_key", "in", list(keys)),
                ("handed_to_id", "!=", False),
            ],
            ["cause_key", "handed_to_id"],
        )
        return {cause.cause_key: cause.handed_to_id for cause in causes}

    @api.model
    def _gc(self, days):
        """Drop what was solved before history begins."""
        old = fields.Datetime.subtract(fields.Datetime.now(), days=days)
        self.sudo().search([("solved_at", "<", old)]).unlink()  # sudo: of every store

    # === WHAT IT SAYS === #

    def _failure(self):
        """Its reason; None for one that an older version knew."""
        self.ensure_one()
        try:
            return Failure(self.reason_code, self.reason_params or {})
        except ValueError:
            return None

    @api.depends("reason_code", "reason_params")
    @api.depends_context("lang")
    def _compute_headline(self):
        for cause in self:
            failure = cause._failure()
            told = failure and self.env["shopify.sync"]._headline(failure)
            cause.headline = told or cause.name

    @api.depends("owner_id")
    @api.depends_context("lang", "uid")
    def _compute_owner_label(self):
        for cause in self:
            # sudo: a name, whatever company the person works for
            name = cause.owner_id.sudo().name
            cause.owner_label = name or self.env._("Nobody")

    @api.depends_context("lang", "uid")
    def _compute_live(self):
        """From the items that are open now, in one query for all causes of a page."""
        found = defaultdict(list)
        for cause_id, *part in self._count_items():
            found[cause_id].append(part)
        for cause in self:
            parts = found[cause.id]
            states = {state for _kind, _currency, state, *_rest in parts}
            cause.stage = (
                "person" if "review" in states else "itself" if states else "solved"
            )
            cause.item_count = sum(part[3] for part in parts)
            cause.waits_text = self._in_words(parts)
            tries = [part[5] for part in parts if part[5]]
            cause.next_attempt_at = min(tries, default=False)

    def _count_items(self):
        """-> [(cause's ID, record type, currency, state, items, amount, next try)]"""
        if not self.ids:
            return []
        self.env["shopify.sync"].flush_model()
        self.flush_model(["backend_id", "cause_key"])
        return self.env.execute_query(
            SQL(
                """
                SELECT c.id, s.subject_type, s.currency, s.state, count(*),
                       sum(s.amount), min(s.next_attempt_at)
                  FROM shopify_cause c
                  JOIN shopify_sync s ON %s AND s.state IN ('review', 'waiting')
                 WHERE c.id = ANY(%s)
                 GROUP BY c.id, s.subject_type, s.currency, s.state
                """,
                _ITEMS,
                self.ids,
            )
        )

    @api.model
    def _in_words(self, parts):
        """ "23 orders · 1,204.50 EUR" """
        counts, amounts = defaultdict(int), defaultdict(float)
        for kind, currency, _state, count, amount, _next in parts:
            counts[kind] += count
            if amount and currency:
                amounts[currency] += amount
        largest_first = sorted(counts.items(), key=lambda each: -each[1])
        said = [self._counted(kind, count) for kind, count in largest_first]
        said += [
            f"{formatLang(self.env, amount, digits=2)} {currency}"
            for currency, amount in sorted(amounts.items())
        ]
        return " · ".join(said)

    @api.model
    def _counted(self, kind, count):
        one = count == 1
        match kind:
            case "Order":
                return self.env._("1 order") if one else self.env._("%s orders", count)
            case "Product" | "product.template":
                return (
                    self.env._("1 product") if one else self.env._("%s products", count)
                )
            case "Customer" | "res.partner":
                return (
                    self.env._("1 contact") if one else self.env._("%s contacts", count)
                )
            case "stock.picking":
                return (
                    self.env._("1 delivery")
                    if one
                    else self.env._("%s deliveries", count)
                )
            case "shopify.stock.level":
                return (
                    self.env._("stock of 1 item")
                    if one
                    else self.env._("stock of %s items", count)
                )
        return self.env._("1 record") if one else self.env._("%s records", count)

    # === SEARCH === #

    @api.model
    def _search_stage(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.env["shopify.sync"].flush_model(["state", "cause_key", "backend_id"])
        review, is_open = self._having("review"), self._having("review", "waiting")
        stages = {"person": review, "itself": is_open & ~review, "solved": ~is_open}
        return Domain.OR(stages[stage] for stage in value)

    @api.model
    def _having(self, *states):
        """Causes with an item in one of these states."""

        def to_sql(_model, alias, _query):
            return SQL(
                "EXISTS (SELECT FROM shopify_sync s WHERE s.backend_id = %s"
                " AND s.cause_key = %s AND s.state IN %s)",
                SQL.identifier(alias, "backend_id"),
                SQL.identifier(alias, "cause_key"),
                states,
            )

        return Domain.custom(to_sql=to_sql)

    def _compute_anything(self):
        self.anything = False

    @api.model
    def _search_anything(self, operator, value):
        """By anything that finds an open item, and by the words of the cause itself."""
        if operator not in ("=", "ilike", "like") or not isinstance(value, str):
            return NotImplemented
        items = self.env["shopify.sync"]._search(
            [("anything", operator, value), ("state", "in", ("review", "waiting"))]
        )

        def to_sql(_model, alias, _query):
            return SQL(
                "(%s, %s) IN %s",
                SQL.identifier(alias, "backend_id"),
                SQL.identifier(alias, "cause_key"),
                items.subselect(
                    SQL.identifier("shopify_sync", "backend_id"),
                    SQL.identifier("shopify_sync", "cause_key"),
                ),
            )

        return Domain("name", "ilike", value.strip()) | Domain.custom(to_sql=to_sql)
