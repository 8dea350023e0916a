"""What changed in Shopify is found without any webhook."""

from datetime import datetime, timedelta

from odoo import fields

from ..emulator.clock import Clock
from .sync_case import SyncCase


class ReconcileCase(SyncCase):
    def setUp(self):
        super().setUp()
        self.backend.action_sync_now()
        self.run_syncs()
        # Marks changed their owners once more; read late enough, nothing differs then.
        self.emulator.advance(60)
        self.backend.action_sync_now()
        self.run_syncs()
        self.start_counting()
        self.asked = len(self.shop.requests)

    def reconcile(self, hours=2):
        """Look once, and let the syncs run; returns which records were triggered."""
        self.env.flush_all()
        self.env["shopify.backend"]._cron_reconcile(hours)
        for job in self._due_jobs().filtered(
            lambda j: j.method_name == "_reconcile_job"
        ):
            self._run_job(job.uuid)
        self.env.invalidate_all()
        found = self.triggers().filtered(lambda t: t.cause == "reconcile")
        keys = found.mapped("subject_key")
        self.run_syncs()
        return keys

    def stop_shopify_clock(self):
        """All that happens until `advance` bears one time."""
        running = self.emulator.clock
        self.emulator.clock = stopped = Clock(running.now(), frozen=True)

        def go_on():
            running.advance((stopped.now() - running.now()).total_seconds())
            self.emulator.clock = running

        self.addCleanup(go_on)

    def queries(self, operation):
        return [
            request.variables["query"]
            for request in self.shop.request_log(operation, since=self.asked)
        ]


class TestReconcile(ReconcileCase):
    def test_nothing_changed_triggers_nothing(self):
        self.assertEqual(self.reconcile(), [])
        self.assertEqual(self.written(), {})

    def test_every_kind_of_change_is_found(self):
        mug = self.mug()
        customer = self.shop.create_customer(email="ada@example.com", first_name="Ada")
        order = self.order([("SHIRT", 1)], customer=customer["id"])

        found = self.reconcile()

        self.assertEqual(
            sorted(found), sorted([mug["id"], customer["id"], order["id"]])
        )
        for item in (mug, customer, order):
            self.assertDone(item["id"])

    def test_object_that_the_index_shows_late_is_found_later(self):
        self.shop.set_search_lag(1800)
        mug = self.mug()
        self.assertEqual(self.reconcile(), [])

        self.emulator.advance(1900)

        self.assertEqual(self.reconcile(), [mug["id"]])
        self.assertDone(mug["id"])

    def test_late_one_is_found_though_newer_ones_were_read_before_it(self):
        """No watermark: what shows up behind the newest one read is compared too."""
        self.shop.search_lag = lambda obj: 1800 if obj.get("title") == "Late" else 0
        late = self.mug(sku="LATE", title="Late")
        self.emulator.advance(60)
        newer = self.mug(sku="NEW", title="New")
        self.assertEqual(self.reconcile(), [newer["id"]])

        self.emulator.advance(1900)

        self.assertIn(late["id"], self.reconcile())
        self.assertDone(late["id"])

    def test_updated_at_is_compared_for_equality_not_for_order(self):
        mug = self.mug()
        self.reconcile()
        self.emulator.advance(60)
        self.reconcile()
        self.assertEqual(self.reconcile(), [])
        row = self.row(mug["id"])
        self.assertTrue(row.remote_updated_at)

        for other in ("2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z", False):
            row.sudo().remote_updated_at = other
            self.assertEqual(self.reconcile(), [mug["id"]], other)
            self.assertEqual(
                row.remote_updated_at, self.shop.get_object(mug["id"])["updatedAt"]
            )

    def test_window_is_two_hours_and_customers_are_asked_by_whole_days(self):
        self.reconcile()

        since = fields.Datetime.now() - timedelta(hours=2)
        [products] = self.queries("ProductsChanged")
        [customers] = self.queries("CustomersChanged")
        asked = datetime.fromisoformat(products.split("'")[1].rstrip("Z"))
        self.assertLess(abs(asked - since), timedelta(seconds=30))
        self.assertEqual(
            customers, f"updated_at:>='{since.date().isoformat()}T00:00:00Z'"
        )

    def test_customer_changed_early_in_the_day_is_found(self):
        customer = self.shop.create_customer(email="eve@example.com", first_name="Eve")

        self.assertEqual(self.reconcile(hours=0), [customer["id"]])

    def test_orders_from_before_the_start_are_not_listed(self):
        since = self.backend.orders_since
        old = self.order(
            [("SHIRT", 1)], created_at=f"{since - timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"
        )
        new = self.order([("SHIRT", 1)])

        counts = self.backend._reconcile(hours=None, flows=["orders"])
        self.run_syncs()

        self.assertEqual(counts["orders"], {"listed": 1, "triggered": 1})
        self.assertFalse(self.row(old["id"]))
        self.assertDone(new["id"])

    def test_counts_say_how_many_were_listed_and_how_many_differ(self):
        for number in range(3):
            self.mug(sku=f"M{number}", title=f"M{number}")

        first = self.backend._reconcile(hours=None, flows=["products"])
        self.run_syncs()
        self.emulator.advance(60)
        self.backend._reconcile(hours=None, flows=["products"])
        self.run_syncs()
        last = self.backend._reconcile(hours=None, flows=["products"])

        # SHIRT and SOCKS are listed too.
        self.assertEqual(first, {"products": {"listed": 5, "triggered": 3}})
        self.assertEqual(last, {"products": {"listed": 5, "triggered": 0}})

    def test_all_pages_are_listed(self):
        for number in range(260):
            self.shop.create_customer(email=f"b{number}@example.com")

        counts = self.backend._reconcile(hours=None, flows=["customers"])

        self.assertEqual(counts, {"customers": {"listed": 260, "triggered": 260}})

    def test_flow_that_is_off_is_not_asked_for(self):
        self.set_policy("products", "off")

        self.reconcile()

        self.assertEqual(self.queries("ProductsChanged"), [])
        self.assertEqual(len(self.queries("OrdersChanged")), 1)

    def test_trouble_with_one_list_is_noted_and_the_others_are_read(self):
        self.shop.fault("status_before", operation="ProductsChanged", times=None)
        customer = self.shop.create_customer(email="eve@example.com", first_name="Eve")

        found = self.reconcile()

        self.assertEqual(found, [customer["id"]])
        events = self.env["shopify.event"].search(
            [("backend_id", "=", self.backend.id), ("kind", "=", "store")]
        )
        self.assertIn("products", " ".join(events.mapped("message")))

    def test_what_is_in_review_is_looked_at_again_only_when_it_changed(self):
        self.odoo_product()
        self.odoo_product()
        mug = self.mug()
        self.reconcile()
        self.assertReview(mug["id"], "ambiguous_match")
        self.emulator.advance(60)
        self.reconcile()

        self.assertEqual(self.reconcile(), [])

        self.emulator.advance(60)
        self.shop.edit_product(mug["id"], title="Mug for tea")
        self.assertEqual(self.reconcile(), [mug["id"]])

    def test_order_that_was_paid_is_found_though_its_webhook_was_lost(self):
        order = self.order([("SHIRT", 1)], payment="pending")
        self.reconcile()
        self.assertEqual(self.row(order["id"]).reason_code, "order_not_paid")
        self.emulator.advance(60)
        self.reconcile()
        self.assertEqual(self.reconcile(), [])

        self.emulator.advance(60)
        self.shop.mark_paid(order["id"])

        self.assertEqual(self.reconcile(), [order["id"]])
        self.assertDone(order["id"])

    def test_order_that_was_confirmed_is_found_though_its_webhook_was_lost(self):
        order = self.order([("SHIRT", 1)], confirmed=False)
        self.reconcile()
        self.assertEqual(self.row(order["id"]).reason_code, "order_not_confirmed")

        self.emulator.advance(60)
        self.shop.set_order(order["id"], confirmed=True)

        self.assertEqual(self.reconcile(), [order["id"]])
        self.assertDone(order["id"])


class TestSecondOfTheRead(ReconcileCase):
    """Shopify's times are whole seconds: `updatedAt` doesn't show a second change
    within the second in which we read the first."""

    def setUp(self):
        super().setUp()
        self.stop_shopify_clock()

    def test_second_change_within_the_second_of_our_read_is_found_without_its_webhook(
        self,
    ):
        mug = self.mug()
        self.reconcile()
        row = self.row(mug["id"])
        self.assertEqual(row.record_name, "Mug")

        self.shop.edit_product(mug["id"], title="Mug for tea")
        updated_at = self.shop.get_object(mug["id"])["updatedAt"]
        self.assertEqual(row.remote_updated_at, updated_at)
        self.emulator.advance(60)

        self.assertEqual(self.reconcile(), [mug["id"]])
        self.assertEqual(row.record_name, "Mug for tea")
        self.assertEqual(row.remote_updated_at, updated_at)

    def test_order_paid_within_the_second_of_our_read_is_found(self):
        order = self.order([("SHIRT", 1)], payment="pending")
        self.reconcile()
        self.assertEqual(self.row(order["id"]).reason_code, "order_not_paid")

        self.shop.mark_paid(order["id"])
        self.emulator.advance(60)

        self.assertEqual(self.reconcile(), [order["id"]])
        self.assertDone(order["id"])

    def test_quiet_store_is_read_once_more_and_never_again(self):
        mug = self.mug()
        customer = self.shop.create_customer(email="ada@example.com", first_name="Ada")
        order = self.order([("SHIRT", 1)], customer=customer["id"])
        new = sorted([mug["id"], customer["id"], order["id"]])
        self.assertEqual(sorted(self.reconcile()), new)
        # SHIRT was touched by the order, customers by theirs.
        self.emulator.advance(60)
        self.assertLessEqual(set(new), set(self.reconcile()))
        asked = len(self.shop.requests)

        for hours in (2, 2, 72, None):
            self.emulator.advance(300)
            self.assertEqual(self.reconcile(hours), [], hours)

        for operation in ("ProductsImport", "CustomersImport", "OrdersImport"):
            self.assertEqual(self.shop.request_log(operation, since=asked), [])

    def test_it_is_not_read_once_more_while_that_would_be_too_early_as_well(self):
        mug = self.mug()
        self.reconcile()

        self.emulator.advance(5)
        self.assertEqual(self.reconcile(), [])
        self.assertTrue(self.row(mug["id"]).is_read_early)

        self.emulator.advance(10)
        self.assertEqual(self.reconcile(), [mug["id"]])
        self.assertFalse(self.row(mug["id"]).is_read_early)

    def test_wrong_clock_of_the_server_changes_nothing(self):
        """The emulator's clock is hours ahead of Odoo's here, as it may be behind."""
        self.emulator.advance(7000)
        mug = self.mug()
        self.reconcile()
        self.assertTrue(self.row(mug["id"]).is_read_early)

        self.emulator.advance(60)

        self.assertEqual(self.reconcile(), [mug["id"]])
        self.assertEqual(self.reconcile(), [])

    def test_what_a_person_closed_stays_closed(self):
        self.odoo_product()
        self.odoo_product()
        mug = self.mug()
        self.reconcile()
        row = self.row(mug["id"])
        self.assertTrue(row.is_read_early)
        row.sudo().state = "cancelled"

        self.emulator.advance(60)

        self.assertEqual(self.reconcile(), [])


class TestComparison(ReconcileCase):
    """Weekly, every linked record by its ID: what no list of changes shows."""

    def compare(self):
        self.env["shopify.backend"]._cron_compare_linked()
        self.run_syncs()

    def test_deleted_product_is_found_without_its_webhook(self):
        mug = self.mug()
        self.reconcile()
        self.shop.delete_product(mug["id"])
        self.assertEqual(self.reconcile(), [])

        self.compare()

        self.assertTrue(self.product_link(mug).gone_at)
        self.assertTrue(self.product_link(mug).odoo_id.exists())

    def test_variant_deleted_in_shopify_is_found_by_its_link_alone(self):
        mug = self.shop.create_product(
            title="Mug",
            options=["Size"],
            variants=[{"options": ["S"], "sku": "A"}, {"options": ["M"], "sku": "B"}],
        )
        self.reconcile()
        gone = mug["variants"][1]
        link = self.env["shopify.product.product"].search([("shopify_gid", "=", gone)])
        self.shop.delete_variant(gone)
        self.assertFalse(link.gone_at)

        self.compare()

        self.assertTrue(link.gone_at)
        self.assertFalse(self.product_link(mug).gone_at)

    def test_mark_that_was_altered_past_us_stops_and_is_not_overwritten(self):
        mug = self.mug()
        self.reconcile()
        self.mark(mug["id"], "4711", self.proof(mug["id"]) | {"ids": [4711]})

        self.compare()

        row = self.row(mug["id"], "mark")
        self.assertEqual((row.state, row.reason_code), ("review", "identity_conflict"))
        self.assertEqual(self.marked(mug["id"]), "4711")
