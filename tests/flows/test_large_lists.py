"""200,000 rows: the lists of the review desk ask few questions, and read no whole table."""

import json
from functools import partial
from unittest.mock import patch

from lxml import etree

from odoo.sql_db import Cursor
from odoo.tests import new_test_user

from odoo.addons.shopify_connector.models.shopify_order_table import LIST_ORDER

from .order_case import OrderCase

ROWS = 200_000
PAGE = 80
TABLES = ("shopify_sync", "shopify_event", "shopify_cause", "shopify_sync_wait")
# A table below that is read whole by right.
LARGE = 15_000
ORDERS = [("subject_type", "=", "Order"), ("direction", "=", "in")]
OPEN = [("state", "in", ("review", "waiting"))]
# Of 200 orders: 170 excluded, 18 synced, 8 in review for one of 40 causes, 4 waiting.
_FILL = """
INSERT INTO shopify_sync (
       backend_id, company_id, flow, direction, drain_group, subject_type, subject_key,
       priority, record_name, amount, currency, state, outcome, note, reason_code,
       reason_params, cause_key, headline, weight, nature, next_attempt_at,
       attempt_count, first_failed_at, payment_status, fulfilment_status, placed_at,
       last_run_at, create_date, write_date)
SELECT %(backend)s, %(company)s, 'orders', 'in', 'records', 'Order',
       'gid://shopify/Order/' || 7000000000 + n, 10, '#' || 100000 + n, n %% 500, 'USD',
       kind, CASE kind WHEN 'done' THEN CASE WHEN n %% 200 < 170 THEN 'excluded'
                                             ELSE 'synced' END END,
       CASE kind WHEN 'done' THEN 'rule ' || n %% 3 END,
       CASE WHEN kind = 'review' THEN 'variant_unmapped'
            WHEN kind = 'waiting' THEN 'order_not_paid' END,
       CASE WHEN kind = 'review'
            THEN jsonb_build_object('variant', 'V' || cause, 'gid', 9000000000 + cause)
            WHEN kind = 'waiting' THEN jsonb_build_object('status', 'pending') END,
       CASE WHEN kind <> 'done' THEN kind || ':' || cause END,
       CASE WHEN kind <> 'done' THEN kind || ' for cause ' || cause END,
       CASE WHEN kind <> 'done' THEN 50 ELSE 0 END,
       CASE kind WHEN 'review' THEN 'configuration' WHEN 'waiting' THEN 'temporary' END,
       CASE kind WHEN 'waiting' THEN now() END, 1, CASE WHEN kind <> 'done' THEN now() END,
       'paid', 'unfulfilled', now() - n * interval '1 minute', now(), now(), now()
  FROM (SELECT n, n / 200 %% 40 AS cause,
               CASE WHEN n %% 200 < 188 THEN 'done'
                       WHEN n %% 200 < 196 THEN 'review' ELSE 'waiting' END AS kind
          FROM generate_series(1, %(rows)s) AS n) AS made
"""
# One line each of what stands open, and of as many that don't.
_HISTORY = """
INSERT INTO shopify_event (
       backend_id, company_id, kind, flow, direction, subject_type, subject_key,
       outcome, failed, create_date)
SELECT backend_id, company_id, 'attempt', flow, direction, subject_type, subject_key,
       'tried', true, now()
  FROM shopify_sync WHERE backend_id = %(backend)s
   AND subject_type = 'Order' AND priority = 10 AND right(subject_key, 2) >= '88'
"""
_SOLVED = """
INSERT INTO shopify_cause (
       backend_id, company_id, cause_key, name, reason_code, reason_params, nature,
       weight, flow, flows, first_at, solved_at)
SELECT %(backend)s, %(company)s, 'solved:' || n, 'Solved ' || n, 'variant_unmapped',
       jsonb_build_object('variant', n, 'gid', n), 'configuration', n %% 90, 'orders',
       'orders', now(), now()
  FROM generate_series(1, %(solved)s) AS n
"""


class TestLargeLists(OrderCase):
    """One store, many orders; 6 in 100 of them stand open."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        values = {
            "backend": cls.backend.id,
            "company": cls.company.id,
            "rows": ROWS,
            "solved": ROWS // 100,
        }
        cls.env.flush_all()
        cls.env.cr.execute(_FILL, values)
        cls.env.cr.execute(
            "INSERT INTO shopify_sync_wait (sync_id, key)"
            " SELECT id, 'variant:gid://shopify/ProductVariant/' ||"
            "        (reason_params ->> 'gid')"
            "   FROM shopify_sync WHERE backend_id = %(backend)s AND state = 'review'",
            values,
        )
        cls.env.cr.execute(_HISTORY, values)
        cls.env.cr.execute(_SOLVED, values)
        for table in TABLES:
            cls.env.cr.execute(f"ANALYZE {table}")
        cls.env["shopify.cause"]._refresh(cls.backend)
        cls.user = new_test_user(
            cls.env,
            "resolver",
            "shopify_connector.group_operator,sales_team.group_sale_salesman_all_leads",
        )

    def setUp(self):
        super().setUp()
        self.rows = self.env["shopify.sync"].with_user(self.user)

    def measured(self, act, most):
        """What `act` returns. It may ask `most` times, and never read one of our tables
        whole."""
        asked, execute = [], Cursor.execute

        def note(cursor, query, params=None, log_exceptions=True):
            asked.append(cursor.mogrify(query, params).decode())
            return execute(cursor, query, params, log_exceptions)

        self.env.flush_all()
        # Who asks, and what he may, is known to a server at work.
        act()
        self.env.invalidate_all()
        with patch.object(Cursor, "execute", note):
            found = act()
        self.assertLessEqual(len(asked), most, "\n\n".join(asked))
        ours = [text for text in asked if any(table in text for table in TABLES)]
        self.assertTrue(ours, "nothing was asked")
        for text in ours:
            self.assertNoScan(text)
        return found

    def assertNoScan(self, text):
        if not text.lstrip().upper().startswith(("SELECT", "WITH")):
            return
        self.env.cr.execute("EXPLAIN (FORMAT JSON) " + text.replace("%", "%%"), ())
        (plan,) = self.env.cr.fetchone()
        scanned = [
            node["Relation Name"]
            for node in _nodes(plan[0]["Plan"])
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in TABLES
        ]
        large = [name for name in scanned if self.is_large(name)]
        self.assertEqual(large, [], f"{text}\n{json.dumps(plan)}")

    def is_large(self, table):
        self.env.cr.execute(
            "SELECT reltuples FROM pg_class WHERE relname = %s", [table]
        )
        return self.env.cr.fetchone()[0] > LARGE

    def page(self, view, domain, order, model="shopify.sync"):
        """As the web client opens a list: its fields, one page, the count."""
        model = self.env[model].with_user(self.user)
        view = self.env.ref(f"shopify_connector.{view}")
        arch = etree.fromstring(model.get_view(view.id, view.type)["arch"])
        names = [node.get("name") for node in arch.iter("field")]
        return {
            "model": model,
            "specification": {
                name: (
                    {"fields": {"display_name": {}}}
                    if model._fields[name].type in ("many2one", "reference")
                    else {}
                )
                for name in names
            },
            "domain": domain,
            "order": order,
        }

    def open(self, page, limit=PAGE):
        return page["model"].web_search_read(
            page["domain"],
            page["specification"],
            limit=limit,
            order=page["order"],
            count_limit=10_001,
        )

    def orders(self, *domain, view="view_order_list"):
        page = self.page(view, [*ORDERS, *domain], LIST_ORDER)
        return page | {"model": page["model"].with_context(shopify_list="orders")}

    # --- orders ---

    def test_every_tab_of_the_orders_opens(self):
        for status in ("synced", "waiting", "review", "excluded", "cancelled"):
            page = self.orders(("status", "=", status))
            with self.subTest(status):
                found = self.measured(partial(self.open, page), most=14)
                wanted = 0 if status == "cancelled" else PAGE
                self.assertEqual(len(found["records"]), wanted)

        found = self.measured(partial(self.open, self.orders()), most=14)
        self.assertEqual((len(found["records"]), found["length"]), (PAGE, 10_001))

    def test_tabs_of_the_orders_are_counted(self):
        shown = self.measured(
            lambda: self.rows.search_panel_select_range(
                "status", search_domain=ORDERS, enable_counters=True
            ),
            most=8,
        )

        counts = {tab["id"]: tab.get("__count") for tab in shown["values"]}
        self.assertEqual(
            counts,
            {"synced": None, "excluded": None, "waiting": 4000, "review": 8000},
        )

    def test_page_of_orders_asks_as_much_as_one_order(self):
        page = self.orders(("status", "=", "review"))

        def queries(limit):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.open(page, limit)
            return self.env.cr.sql_log_count - before

        queries(PAGE)
        self.assertEqual(queries(PAGE), queries(2))

    def test_cards_of_orders_open(self):
        page = self.orders(view="view_order_kanban")

        found = self.measured(partial(self.open, page, 40), most=14)

        self.assertEqual(len(found["records"]), 40)

    # --- search ---

    def found(self, text, *domain, most=20):
        search = [*domain, ("anything", "ilike", text)]
        return self.measured(lambda: self.rows.search(search, limit=PAGE), most)

    def test_any_number_or_address_is_found(self):
        gid = "gid://shopify/Order/7000150000"
        admin = "https://admin.shopify.com/store/testshop/orders/7000150000"
        for text in ("#250000", "250000", gid, "7000150000", admin):
            with self.subTest(text):
                self.assertEqual(self.found(text, *ORDERS).subject_key, gid)

    def test_what_nothing_has_is_answered_too(self):
        for text in ("ada@example.com", "SHIRT-XXL", "7", "S00042"):
            with self.subTest(text):
                self.assertFalse(self.found(text))

    def test_missing_variant_finds_what_waits_for_it(self):
        found = self.found("gid://shopify/ProductVariant/9000000028", *OPEN, most=6)

        self.assertEqual(len(found), PAGE)

    def test_part_of_a_name_is_found(self):
        for name, text, count in (
            ("record_name", "10018", 12),
            ("headline", "cause 17", 300),
        ):
            with self.subTest(name):
                found = self.measured(
                    partial(self.rows.search, [(name, "ilike", text)]), most=2
                )
                self.assertEqual(len(found), count)

    # --- to review ---

    def test_causes_open(self):
        page = self.page(
            "view_cause_list",
            [("stage", "in", ("person", "itself"))],
            "weight desc, first_at, id",
            "shopify.cause",
        )

        found = self.measured(partial(self.open, page), most=14)

        self.assertEqual(len(found["records"]), PAGE)

    def test_cause_is_found_by_what_waits_for_it(self):
        causes = self.env["shopify.cause"].with_user(self.user)

        found = self.measured(
            lambda: causes.search([("anything", "ilike", "#100188")]), most=10
        )

        self.assertEqual(found.item_count, 200)

    def test_items_of_causes_open(self):
        page = self.page("view_sync_review_list", OPEN, "weight desc")

        found = self.measured(partial(self.open, page), most=14)

        self.assertEqual(len(found["records"]), PAGE)

    def test_items_by_cause_open(self):
        groups = self.measured(
            lambda: self.rows._read_group(
                OPEN, ["headline"], ["weight:max", "__count"], order="weight:max desc"
            ),
            most=2,
        )

        self.assertEqual(sum(count for _name, _weight, count in groups), 12_000)

    def test_items_of_one_cause_open(self):
        row = self.rows.search([*OPEN, ("state", "=", "review")], limit=1)
        domain = row._same_cause_domain()

        found = self.measured(lambda: self.rows.search(domain, limit=PAGE), most=2)

        self.assertEqual(len(found), PAGE)

    def test_one_item_opens_with_its_history(self):
        row = self.rows.search([*OPEN, ("state", "=", "review")], limit=1)

        self.measured(
            lambda: row.read(["message", "event_ids", "cause_count"]), most=12
        )

        self.assertEqual(len(row.event_ids), 1)

    def test_overview_is_counted(self):
        store = self.backend.with_user(self.user)
        names = ["waiting_count", "review_count", "cause_count"]

        (found,) = self.measured(lambda: store.read(names), most=14)

        self.assertEqual((found["waiting_count"], found["review_count"]), (4000, 8000))


def _nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
