"""The list of orders: every order of the store, what became of it, and by which rule."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from odoo.addons.shopify_connector.models import order_lister, scan_reader
from odoo.addons.shopify_connector.models.shopify_order_table import (
    STATUS_DOMAINS,
    SYNCED_AT_ONCE,
)

from ..common import ShopifyHttpCase
from .sync_case import SyncCase

ORDERS = [("subject_type", "=", "Order"), ("direction", "=", "in")]


class OrderTableCase(SyncCase):
    def setUp(self):
        super().setUp()
        self.rows = self.env["shopify.sync"]
        self.user = new_test_user(self.env, "reader", "shopify_connector.group_user")
        self.operator = new_test_user(
            self.env,
            "resolver",
            "shopify_connector.group_operator,sales_team.group_sale_salesman_all_leads",
        )

    def old_order(self, days=30, **values):
        """Placed so many days before the store's start date."""
        placed = self.backend.orders_since - timedelta(days=days)
        return self.order(
            [("SHIRT", 1)], created_at=f"{placed:%Y-%m-%dT%H:%M:%SZ}", **values
        )

    def list_orders(self):
        """Ask for the list and let it be read to the end; its scan."""
        self.backend.with_user(self.operator).action_list_orders()
        scan = self.env["shopify.scan"].search([("purpose", "=", "orders")], limit=1)
        self.finish(scan)
        self.assertEqual(scan.state, "done", scan.message)
        return scan

    def finish(self, scan, rounds=20):
        for _round in range(rounds):
            if scan.state not in ("asked", "reading", "comparing"):
                return
            self.jobs_come_due()
            self.run_syncs()
        raise AssertionError(f"still {scan.state}: {scan.message}")


class TestOlderOrders(OrderTableCase):
    def test_order_before_the_start_date_is_listed_with_the_rule(self):
        old = self.old_order(
            name="#0950",
            payment="pending",
            billing_address={"firstName": "Grace", "lastName": "Hopper"},
        )

        self.list_orders()

        row = self.assertDone(old["id"], "excluded")
        day = self.backend.orders_since.date().isoformat()
        self.assertEqual(
            row.message,
            f"It was created before {day}; rule: only orders from then on",
        )
        self.assertEqual(
            (row.record_name, row.status, row.amount, row.currency),
            ("#0950", "excluded", 23.0, "USD"),
        )
        self.assertEqual(
            (row.payment_status, row.fulfilment_status), ("pending", "unfulfilled")
        )
        self.assertEqual(row.placed_at, self.backend.orders_since - timedelta(days=30))
        self.assertEqual(row.buyer_name, "Grace Hopper")
        self.assertEqual((row.company_id, row.flow), (self.company, "orders"))
        self.assertNoOrder(old)

    def test_each_rule_is_named(self):
        cancelled = self.order([("SHIRT", 1)])
        self.shop.cancel_order(cancelled["id"])
        test = self.order([("SHIRT", 1)], test=True)

        self.list_orders()

        self.assertEqual(
            [self.row(order["id"]).note for order in (cancelled, test)],
            [
                "It was cancelled before it came to Odoo; rule: leave these out",
                "It is a test order; rule: leave test orders out",
            ],
        )

    def test_list_leaves_what_the_engine_has_read_as_it_is(self):
        synced, waits = (
            self.order([("SHIRT", 1)]),
            self.order([("SHIRT", 1)], payment="pending"),
        )
        self.sync(synced, waits)
        rows = self.row(synced["id"]) | self.row(waits["id"])
        names = ("state", "outcome", "note", "last_run_at", "reason_code", "write_date")
        before = rows.read(names)

        self.list_orders()

        self.assertEqual(rows.read(names), before)
        self.assertEqual(len(self.syncs(subject_type="Order", direction="in")), 2)

    def test_row_that_a_person_closed_stays_closed(self):
        old = self.old_order()
        self.list_orders()
        self.row(old["id"]).with_user(self.operator).action_close("Not ours")

        self.list_orders()

        self.assertEqual(self.row(old["id"]).state, "cancelled")

    def test_second_list_tells_the_status_anew(self):
        old = self.old_order(payment="pending")
        self.list_orders()
        self.shop.mark_paid(old["id"])

        self.list_orders()

        self.assertEqual(self.row(old["id"]).payment_status, "paid")

    def test_order_that_no_rule_keeps_out_is_read_and_imported_by_the_engine(self):
        missed = self.order([("SHIRT", 1)])

        scan = self.list_orders()
        self.assertIn("1 that no rule keeps out", scan.conclusion)
        self.run_syncs()

        self.assertDone(missed["id"])
        self.assertTrue(self.sale_order(missed))

    def test_flow_that_is_off_is_the_rule_until_it_is_on(self):
        self.set_policy("orders", "off")
        order = self.order([("SHIRT", 1)])

        self.list_orders()
        row = self.assertDone(order["id"], "excluded")
        self.assertEqual(
            row.note, "The flow Orders is off; rule: nothing comes in then"
        )
        self.assertNoOrder(order)
        self.set_policy("orders", "automatic")
        self.run_syncs()

        self.assertDone(order["id"])
        self.assertTrue(self.sale_order(order))

    def test_list_brings_no_order_and_writes_nothing_to_shopify(self):
        for days in range(1, 6):
            self.old_order(days)
        before = self.records()

        self.list_orders()

        self.assertEqual(self.records(), before)
        self.assertEqual(self.written(), {"bulkOperationRunQuery": 1})
        self.assertFalse(self.triggers())
        self.assertFalse(self.env["shopify.match"].search([]))

    def test_list_that_is_killed_goes_on_where_it_was(self):
        orders = [self.old_order(days) for days in range(1, 6)]
        lots = patch.object(scan_reader, "ROWS_A_LOT", 2)
        lots.start()
        self.addCleanup(lots.stop)
        scan = self.backend._scan(order_lister.PURPOSE, (order_lister.TYPE,))
        insert, calls = order_lister.OrderLister._insert, []

        def die_at_second(lister, kind, nodes):
            calls.append(len(nodes))
            insert(lister, kind, nodes)
            if len(calls) == 2:
                raise RuntimeError("killed")

        with (
            patch.object(order_lister.OrderLister, "_insert", die_at_second),
            self.assertRaisesRegex(RuntimeError, "killed"),
        ):
            self.step(scan)
        self.assertEqual(
            (scan.part_ids.read_count, self.rows.search_count(ORDERS)), (2, 2)
        )
        self.finish(scan)

        self.assertEqual(scan.state, "done", scan.message)
        self.assertEqual(
            set(self.rows.search(ORDERS).mapped("subject_key")),
            {order["id"] for order in orders},
        )
        self.assertEqual(scan.part_ids.read_count, 5)

    def step(self, scan):
        """One job of it, in a transaction of its own, which an exception undoes."""
        self.env.flush_all()
        try:
            with self.env.registry.cursor() as cr:
                root = self.env.ref("base.user_root")
                scan.with_env(self.env(cr=cr, user=root))._step_job()
        finally:
            self.env.invalidate_all()

    def test_without_the_permission_the_end_says_how_far_the_list_goes(self):
        scan = self.list_orders()
        self.assertNotIn("60 days", scan.conclusion)
        granted = self.backend.sudo().granted_scopes.split(",")
        granted.remove("read_all_orders")
        self.backend.sudo().granted_scopes = ",".join(granted)

        scan = self.list_orders()

        self.assertIn("last 60 days only", scan.conclusion)

    def test_users_may_not_ask_for_the_list(self):
        with self.assertRaises(AccessError):
            self.rows.with_user(self.user).action_list_older_orders()

    def test_list_of_a_store_that_is_not_connected_is_refused_in_words(self):
        self.backend.state = "hold"

        with self.assertRaisesRegex(UserError, "Connect a store first"):
            self.rows.with_user(self.operator).action_list_older_orders()


class TestOrderRows(OrderTableCase):
    def tabs(self, **kwargs):
        shown = self.rows.with_user(self.user).search_panel_select_range(
            "status", search_domain=ORDERS, enable_counters=True, **kwargs
        )
        return {tab["id"]: tab.get("__count") for tab in shown["values"]}

    def test_tabs_count_what_is_in_them(self):
        good = self.order([("SHIRT", 1)])
        waits = self.order([("SHIRT", 1)], payment="pending")
        left_out = self.order([("SHIRT", 1)], test=True)
        stops = self.order([{"title": "Unknown", "price": "5.00", "quantity": 1}])
        self.sync(good, waits, left_out, stops)

        self.assertEqual(
            self.tabs(), {"synced": 1, "excluded": 1, "waiting": 1, "review": 1}
        )
        for name, order in (
            ("synced", good),
            ("waiting", waits),
            ("excluded", left_out),
            ("review", stops),
        ):
            found = self.rows.with_user(self.user).search(
                [*ORDERS, ("status", "=", name)]
            )
            self.assertEqual(found.subject_key, order["id"], name)
            self.assertEqual(found.status, name)

    def test_tabs_count_within_what_is_searched(self):
        one, two = self.order([("SHIRT", 1)]), self.order([("SHIRT", 1)])
        self.sync(one, two)

        tabs = self.tabs(filter_domain=[("anything", "ilike", one["id"])])

        self.assertEqual(tabs["synced"], 1)

    def test_count_that_would_read_everything_is_left_out(self):
        module = "odoo.addons.shopify_connector.models.shopify_order_table.COUNTED"
        self.sync(self.order([("SHIRT", 1)]), self.order([("SHIRT", 1)]))

        with patch(module, 1):
            self.assertIsNone(self.tabs()["synced"])
        with patch(module, 2):
            self.assertEqual(self.tabs()["synced"], 2)

    def test_every_status_has_a_tab(self):
        statuses = dict(self.rows._fields["status"].selection)

        self.assertEqual(set(STATUS_DOMAINS), set(statuses))

    def test_not_in_a_tab_is_the_rest(self):
        good = self.order([("SHIRT", 1)])
        waits = self.order([("SHIRT", 1)], payment="pending")
        self.sync(good, waits)

        found = self.rows.search([*ORDERS, ("status", "!=", "synced")])

        self.assertEqual(found.subject_key, waits["id"])

    def test_order_shows_when_it_was_placed_and_whom_it_is_for(self):
        order = self.order([("SHIRT", 1)], created_at="2026-11-20T10:00:00+02:00")
        self.backend.orders_since = datetime(2026, 11, 1)
        self.sync(order)
        row = self.row(order["id"])

        self.assertEqual(
            row.placed_at.replace(tzinfo=UTC), datetime(2026, 11, 20, 8, tzinfo=UTC)
        )
        self.assertEqual(row.buyer_name, "Ada Byron")
        seen = row.with_user(self.operator)
        self.assertEqual(seen.order_label, self.sale_order(order).name)
        self.assertEqual(
            seen.customer_label, self.sale_order(order).partner_id.display_name
        )

    def test_customer_of_an_order_that_is_not_here_shows_to_operators_only(self):
        order = self.order([("SHIRT", 1)], payment="pending")
        self.sync(order)
        row = self.row(order["id"])

        self.assertEqual(row.with_user(self.operator).customer_label, "Ada Byron")
        self.assertFalse(row.with_user(self.user).customer_label)
        with self.assertRaises(AccessError):
            row.with_user(self.user).read(["buyer_name"])

    def test_order_that_the_reader_may_not_see_is_not_named(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        seen = self.row(order["id"]).with_user(self.user)

        self.assertFalse(seen.order_label)
        self.assertFalse(seen.customer_label)

    def test_invoices_are_named_and_opened(self):
        accountant = new_test_user(
            self.env,
            "accountant",
            "shopify_connector.group_user,account.group_account_invoice,"
            "sales_team.group_sale_salesman_all_leads",
        )
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        row = self.row(order["id"]).with_user(accountant)
        self.assertFalse(row.invoice_label)
        with self.assertRaisesRegex(UserError, "no invoice in Odoo yet"):
            row.action_open_invoice()

        sale = self.sale_order(order)
        sale.order_line.qty_delivered = 1
        invoice = sale._create_invoices()
        invoice.action_post()
        row.invalidate_recordset()

        self.assertIn(invoice.name, row.invoice_label)
        action = row.action_open_invoice()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("account.move", invoice.id)
        )
        self.assertFalse(row.with_user(self.user).invoice_label)

    def test_more_orders_take_no_more_queries(self):
        orders = [self.order([("SHIRT", 1)]) for _n in range(6)]
        self.sync(*orders)
        rows = self.rows.with_user(self.operator).search(ORDERS)
        names = (
            "customer_label",
            "order_label",
            "invoice_label",
            "status",
            "message",
            "shopify_url",
        )

        def queries(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.read(names)
            return self.env.cr.sql_log_count - before

        queries(rows)
        self.assertEqual(len(rows), 6)
        self.assertEqual(queries(rows), queries(rows[:1]))


class TestSyncFromTheList(OrderTableCase):
    def test_left_out_order_is_read_again_and_the_rule_still_decides(self):
        left_out = self.order([("SHIRT", 1)], test=True)
        old = self.old_order()
        self.sync(left_out)
        self.list_orders()
        rows = self.row(left_out["id"]) | self.row(old["id"])

        said = rows.with_user(self.user).action_sync_orders()
        self.assertIn("2 of them are left out by a rule", said["params"]["message"])
        self.run_syncs()

        for order in (left_out, old):
            self.assertDone(order["id"], "excluded")
            self.assertNoOrder(order)
        self.assertTrue(self.row(old["id"]).last_run_at)

    def test_left_out_order_comes_in_once_the_rule_lets_it(self):
        left_out = self.order([("SHIRT", 1)], test=True)
        self.sync(left_out)
        self.backend.import_test_orders = True

        self.row(left_out["id"]).with_user(self.user).action_sync_orders()
        self.run_syncs()

        self.assertDone(left_out["id"])
        self.assertTrue(self.sale_order(left_out))

    def test_synced_order_says_nothing_of_rules(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)

        said = self.row(order["id"]).with_user(self.user).action_sync_orders()

        self.assertNotIn("left out", said["params"]["message"])

    def test_too_many_at_once_are_refused(self):
        rows = self.rows.browse(range(1, SYNCED_AT_ONCE + 2))

        with self.assertRaisesRegex(UserError, "at most 1000"):
            rows.with_user(self.user).action_sync_orders()


class TestOrderTour(ShopifyHttpCase):
    def test_operator_lists_older_orders_and_reads_why_they_are_left_out(self):
        self.backend.location_ids.warehouse_id = self.backend.default_warehouse_id
        new_test_user(
            self.env,
            "shopify_tour",
            "shopify_connector.group_operator,sales_team.group_sale_salesman_all_leads",
        )
        belt = self.shop.create_product("Belt", [{"sku": "BELT", "price": "15.00"}])
        lines = [{"variant": belt["variants"][0], "quantity": 1}]
        new = self.shop.create_order(lines, name="#1001", email="ada@example.com")
        placed = self.backend.orders_since - timedelta(days=9)
        old = self.shop.create_order(
            lines, name="#0950", created_at=f"{placed:%Y-%m-%dT%H:%M:%SZ}"
        )
        self.env["shopify.trigger"]._insert(
            self.backend, [("orders", "in", "Order", new["id"])], "test"
        )
        self.run_syncs()
        self.assertDone(new["id"])

        self.start_tour("/odoo/shopify-orders", "shopify_orders", login="shopify_tour")
        for _round in range(5):
            self.env.cr.execute("UPDATE queue_job SET eta = NULL WHERE eta IS NOT NULL")
            self.run_syncs()
        self.start_tour(
            "/odoo/shopify-orders", "shopify_older_orders", login="shopify_tour"
        )
        self.run_syncs()

        row = self.assertDone(old["id"], "excluded")
        self.assertTrue(row.last_run_at)
