"""How far behind a store is, and what Shopify says of orders: shown to people."""

import json
from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.tests import new_test_user

from ..common import ShopifyCase
from .order_case import OrderCase
from .stock_case import StockCase


class TestHealth(ShopifyCase):
    def setUp(self):
        super().setUp()
        self.now = fields.Datetime.now()
        self.env.cr.execute("DELETE FROM shopify_trigger")
        self.user = new_test_user(self.env, "reader", "shopify_connector.group_user")
        self.store = self.backend.with_user(self.user)

    def stock_trigger(self, minutes, priority=20, group="stock"):
        self.env.cr.execute(
            "INSERT INTO shopify_trigger (backend_id, drain_group, flow, direction,"
            " subject_type, subject_key, priority, cause, created_at) VALUES (%s, %s,"
            " 'stock', 'out', 'shopify.stock.level', '1', %s, 'test', %s)",
            [self.backend.id, group, priority, self.now - timedelta(minutes=minutes)],
        )

    def fill_bucket(self, available, reservations=()):
        self.env.cr.execute("DELETE FROM shopify_bucket")
        self.env.cr.execute(
            "INSERT INTO shopify_bucket (backend_ref, state) SELECT %s,"
            " jsonb_set(%s, '{as_of}', to_jsonb(extract(epoch FROM now()) + 60))",
            [
                self.backend.id,
                json.dumps(
                    {
                        "maximum": 2000.0,
                        "available": available,
                        "restore_rate": 100.0,
                        "as_of": 0.0,
                        "reservations": [list(held) for held in reservations],
                        "last_id": 9,
                    }
                ),
            ],
        )

    def test_nothing_waits_where_no_stock_changed(self):
        self.stock_trigger(90, group="records")

        self.assertEqual(self.store.stock_lag, "nothing waits")
        self.assertFalse(self.store.stock_is_late)

    def test_lag_is_the_age_of_the_oldest_waiting_stock_change(self):
        self.stock_trigger(3, priority=5)
        self.stock_trigger(40)
        self.stock_trigger(7)

        self.assertEqual(
            self.store.stock_lag, "a change has been waiting for 40 minutes"
        )
        self.assertTrue(self.store.stock_is_late)

    def test_lag_of_some_minutes_is_not_late(self):
        self.stock_trigger(5, priority=5)

        self.assertEqual(
            self.store.stock_lag, "a change has been waiting for 5 minutes"
        )
        self.assertFalse(self.store.stock_is_late)

    def test_stock_that_shopify_could_not_take_waits_since_the_first_try(self):
        self.stock_trigger(2)
        self.env["shopify.sync"].sudo().create(
            {
                "backend_id": self.backend.id,
                "flow": "stock",
                "direction": "out",
                "drain_group": "stock",
                "subject_type": "shopify.stock.level",
                "subject_key": "1",
                "state": "waiting",
                "first_failed_at": self.now - timedelta(hours=3),
            }
        )

        self.assertEqual(self.store.stock_lag, "a change has been waiting for 3 hours")

    def test_budget_tells_points_left_and_what_comes_back(self):
        self.fill_bucket(1500.0)

        self.assertEqual(
            self.store.api_budget, "1500 of 2000 points left, 100 back a second"
        )
        self.assertFalse(self.store.api_is_low)

    def test_budget_counts_what_is_promised_as_gone(self):
        late = 9e12
        self.fill_bucket(1500.0, [(8, 900.0, late), (9, 500.0, late)])

        self.assertEqual(
            self.store.api_budget,
            "100 of 2000 points left, 100 back a second; "
            "requests waiting or under way: 2",
        )
        self.assertTrue(self.store.api_is_low)

    def test_budget_is_not_known_before_the_first_request(self):
        self.env.cr.execute("DELETE FROM shopify_bucket")

        self.assertEqual(self.store.api_budget, "not known yet")
        self.assertFalse(self.store.api_is_low)

    def test_overview_takes_as_many_queries_for_three_stores_as_for_one(self):
        others = self.env["shopify.backend"].create(
            [
                {"name": f"Shop {n}", "shop_domain": f"shop-{n}.myshopify.com"}
                for n in (1, 2)
            ]
        )
        names = ["stock_lag", "stock_pushed_at", "api_budget"]

        def queries(stores):
            self.env.flush_all()
            self.env.invalidate_all()
            stores.mapped("name")
            before = self.env.cr.sql_log_count
            stores.read(names)
            return self.env.cr.sql_log_count - before

        queries(self.backend)  # what is cached for good
        self.assertEqual(queries(self.backend | others), queries(self.backend))

    def test_what_needs_review_is_the_first_figure_and_one_press_away(self):
        views = self.store.get_views([(False, "kanban")])["views"]
        tree = etree.fromstring(views["kanban"]["arch"])

        (row,) = tree.xpath("//t[@t-name='card']//div[contains(@class, 'row')]")
        first = row.find("a")

        self.assertEqual(first.get("name"), "action_open_review")
        self.assertEqual(first.find(".//field").get("name"), "cause_count")
        action = self.store.action_open_review()
        self.assertEqual(action["res_model"], "shopify.cause")
        self.assertEqual(action["context"]["search_default_person"], 1)


class TestStockSent(StockCase):
    def test_last_stock_sent_is_when_shopify_took_it(self):
        self.env["shopify.mutation"].invalidate_model()
        writes = self.env["shopify.mutation"].search(
            [("operation", "=", "inventory/set_quantities")], limit=1
        )
        before = self.backend.stock_pushed_at
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()
        self.backend.invalidate_recordset()

        latest = self.env["shopify.mutation"].search(
            [("operation", "=", "inventory/set_quantities")], limit=1
        )
        self.assertGreater(latest.id, writes.id or 0)
        self.assertEqual(
            self.backend.stock_pushed_at, latest.sent_at or latest.created_at
        )
        self.assertGreaterEqual(self.backend.stock_pushed_at, before or latest.sent_at)
        self.assertEqual(self.backend.stock_lag, "nothing waits")


class TestOrderStatus(OrderCase):
    def setUp(self):
        super().setUp()
        self.user = new_test_user(
            self.env,
            "reader",
            "shopify_connector.group_user,sales_team.group_sale_salesman_all_leads",
        )

    def row(self, order):
        return (
            self.env["shopify.sync"]
            .with_user(self.user)
            .search([("subject_key", "=", order["id"]), ("direction", "=", "in")])
        )

    def statuses(self, record):
        return record.payment_status, record.fulfilment_status

    def test_order_shows_what_shopify_says_of_payment_and_fulfilment(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)

        link = self.link(order).with_user(self.user)

        self.assertEqual(self.statuses(self.row(order)), ("paid", "unfulfilled"))
        self.assertEqual(self.statuses(link), ("paid", "unfulfilled"))

    def test_order_that_waits_for_its_payment_shows_it_too(self):
        order = self.order([("SHIRT", 1)], payment="pending")
        self.sync(order)

        self.assertEqual(self.row(order).state, "waiting")
        self.assertEqual(self.row(order).payment_status, "pending")

    def test_status_moves_with_the_next_reading_and_changes_no_order(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        written = self.sale_order(order).write_date
        self.shop.merchant_fulfill(order["id"])
        self.sync(order)

        self.assertEqual(self.statuses(self.row(order)), ("paid", "fulfilled"))
        self.assertEqual(self.sale_order(order).write_date, written)

    def test_status_that_no_version_had_yet_is_another_one(self):
        order = self.order([("SHIRT", 1)])
        facts = self.env["shopify.sale.order"]._describe(
            order["id"],
            {
                "id": order["id"],
                "name": "#1",
                "currencyCode": "USD",
                "currentTotalPriceSet": {"shopMoney": {"amount": "1.00"}},
                "displayFinancialStatus": "HAGGLED",
                "displayFulfillmentStatus": None,
            },
        )

        self.assertEqual(facts["payment_status"], "other")
        self.assertFalse(facts["fulfilment_status"])

    def test_links_are_found_by_status(self):
        open_order, sent = self.order([("SHIRT", 1)]), self.order([("SHIRT", 1)])
        self.shop.merchant_fulfill(sent["id"])
        self.sync(open_order, sent)
        links = self.env["shopify.sale.order"].with_user(self.user)

        found = links.search([("fulfilment_status", "=", "unfulfilled")])

        self.assertEqual(found, self.link(open_order))
        self.assertEqual(
            links.search_count([("payment_status", "in", ("paid", "pending"))]), 2
        )

    def test_orders_are_grouped_by_payment(self):
        paid, pending = (
            self.order([("SHIRT", 1)]),
            self.order([("SHIRT", 1)], payment="pending"),
        )
        self.sync(paid, pending)
        rows = self.env["shopify.sync"].with_user(self.user)

        groups = rows._read_group(
            [("subject_type", "=", "Order"), ("direction", "=", "in")],
            ["payment_status"],
            ["__count"],
        )

        self.assertEqual(dict(groups), {"paid": 1, "pending": 1})

    def test_statuses_of_many_links_are_read_together(self):
        orders = [self.order([("SHIRT", 1)]) for _n in range(3)]
        self.sync(*orders)
        links = self.env["shopify.sale.order"].search([])

        def queries(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.read(["payment_status", "fulfilment_status"])
            return self.env.cr.sql_log_count - before

        queries(links)
        self.assertEqual(len(links), 3)
        self.assertEqual(queries(links), queries(links[:1]))
