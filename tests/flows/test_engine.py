"""The engine: what it claims, how a stop stands alone, and what releases it."""

from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError, OperationalError
from psycopg2.errorcodes import SERIALIZATION_FAILURE, UNIQUE_VIOLATION

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import UserError
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import SQL, mute_logger

from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.sale.models.sale_order import SaleOrder

from ..common import ShopifyCase
from .sync_case import SyncCase

SECRETS = ("client_secret", "access_token", "webhook_key")


@tagged("post_install", "-at_install")
class TestClaim(BaseCase):
    """With real connections: what one transaction holds, another must see as held."""

    def setUp(self):
        super().setUp()
        self.registry = self._registry()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            backend = env["shopify.backend"].create(
                {"name": "Claims", "shop_domain": "claims.myshopify.com"}
            )
            ShopifyCase._let_through(backend)
            backend.flow_ids.policy = "automatic"
            self.backend_id = backend.id
        self.addCleanup(self._forget)

    @staticmethod
    def _registry():
        from odoo.modules.registry import Registry

        return Registry(get_db_name())

    def _forget(self):
        with self.registry.cursor() as cr:
            for table in ("trigger", "sync", "event"):
                cr.execute(
                    SQL(
                        "DELETE FROM %s WHERE backend_id = %s",
                        SQL.identifier(f"shopify_{table}"),
                        self.backend_id,
                    )
                )
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["shopify.backend"].browse(self.backend_id).unlink()

    def trigger(self, *keys):
        """As `_insert` does, without a job: a runner of this machine might take it."""
        with self.registry.cursor() as cr:
            for key in keys:
                cr.execute(
                    "INSERT INTO shopify_trigger (backend_id, drain_group, flow,"
                    " direction, subject_type, subject_key, priority, cause, created_at)"
                    " VALUES (%s, 'records', 'products', 'in', 'Product', %s, 30, 'test',"
                    " now() AT TIME ZONE 'UTC')",
                    [self.backend_id, key],
                )

    def claim(self, cr):
        """{key: number of triggers claimed}, None if another drain is at work."""
        env = api.Environment(cr, SUPERUSER_ID, {})
        backend = env["shopify.backend"].browse(self.backend_id)
        subjects = env["shopify.sync"]._claim(backend, "records")
        if subjects is None:
            return None
        return {subject.key: len(subject.trigger_ids) for subject in subjects}

    def test_subject_of_which_one_row_is_held_is_left_alone(self):
        for _time in range(3):
            self.trigger("held")
        self.trigger("free")
        with self.registry.cursor() as other:
            other.execute(
                "SELECT id FROM shopify_trigger WHERE backend_id = %s"
                " AND subject_key = 'held' ORDER BY id LIMIT 1 FOR NO KEY UPDATE",
                [self.backend_id],
            )
            with self.registry.cursor() as cr:
                self.assertEqual(self.claim(cr), {"free": 1})
                cr.rollback()

        with self.registry.cursor() as cr:
            self.assertEqual(self.claim(cr), {"held": 3, "free": 1})
            cr.rollback()

    def test_subject_whose_sync_row_is_held_is_left_alone(self):
        self.trigger("held", "free")
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            row = env["shopify.sync"].create(
                {
                    "backend_id": self.backend_id,
                    "flow": "products",
                    "direction": "in",
                    "drain_group": "records",
                    "subject_type": "Product",
                    "subject_key": "held",
                    "state": "done",
                }
            )
        with self.registry.cursor() as other:
            other.execute(
                "SELECT id FROM shopify_sync WHERE id = %s FOR NO KEY UPDATE", [row.id]
            )
            with self.registry.cursor() as cr:
                self.assertEqual(self.claim(cr), {"free": 1})
                cr.rollback()

    def test_one_drain_at_a_time_for_a_store_and_group(self):
        self.trigger("one")
        with self.registry.cursor() as first, self.registry.cursor() as second:
            self.assertEqual(self.claim(first), {"one": 1})
            self.assertIsNone(self.claim(second))
            first.rollback()
            second.rollback()

    def test_trigger_goes_in_at_once_while_its_subject_is_claimed(self):
        self.trigger("one")
        with self.registry.cursor() as worker:
            self.assertEqual(self.claim(worker), {"one": 1})
            with self.registry.cursor() as cr:
                cr.execute("SET LOCAL lock_timeout = '200ms'")
                env = api.Environment(cr, SUPERUSER_ID, {})
                inserted = env["shopify.trigger"]._insert(
                    env["shopify.backend"].browse(self.backend_id),
                    [("products", "in", "Product", "one")],
                    "test",
                )
                cr.rollback()
            self.assertEqual(inserted, 1)
            worker.rollback()


class TestTriggers(SyncCase):
    def test_exactly_the_claimed_triggers_are_deleted(self):
        mug = self.mug()
        self.ask("products", mug["id"])
        self.ask("products", mug["id"])
        with self.env.registry.cursor() as cr, self.backend._client() as client:
            sync = self.env(cr=cr)["shopify.sync"]._as_sync_user(self.backend)
            backend = self.backend.with_env(sync.env)
            subjects = sync._claim(backend, "records")
            self.ask("products", mug["id"], cause="meanwhile")
            sync._work(backend, "records", client, subjects, None)

        left = self.triggers(mug["id"]).filtered(lambda t: t.direction == "in")
        self.assertEqual(left.mapped("cause"), ["meanwhile"])
        self.run_syncs()
        self.assertEqual(
            [event.cause for event in self.events(mug["id"])], ["test", "meanwhile"]
        )
        self.assertFalse(self.triggers())

    def test_each_attempt_leaves_an_event_with_its_cause_and_who_asked(self):
        order = self.order([("SHIRT", 1)], taxes=[{"title": "VAT", "rate": "0.2"}])
        self.sync(order)
        person = self.env["res.users"].create(
            {
                "name": "Olga",
                "login": "olga",
                "group_ids": [
                    fields.Command.link(
                        self.env.ref("shopify_connector.group_operator").id
                    )
                ],
            }
        )
        self.row(order["id"]).with_user(person).action_retry()
        self.run_syncs()

        events = self.events(order["id"])
        self.assertEqual(
            [(e.kind, e.cause, e.outcome, e.failed) for e in events],
            [
                ("attempt", "test", "tax_unmapped", True),
                ("attempt", "retry", "tax_unmapped", True),
            ],
        )
        self.assertEqual(events[1].caused_by_id, person)
        self.assertTrue(all(events.mapped("request_id")))
        self.assertIn("VAT", events[0].message)

    def test_order_that_waits_for_a_product_lifts_it(self):
        mug = self.mug()
        order = self.order([(mug["variants"][0], 1)], taxes=[])
        self.trigger(order)
        with self.env.registry.cursor() as cr, self.backend._client() as client:
            sync = self.env(cr=cr)["shopify.sync"]._as_sync_user(self.backend)
            backend = self.backend.with_env(sync.env)
            sync._work(
                backend, "records", client, sync._claim(backend, "records"), None
            )
        trigger = self.triggers(mug["id"])
        self.assertEqual((trigger.cause, trigger.priority), ("waited for", 5))
        self.assertLess(trigger.priority, 10, "goes before any other order")

        self.run_syncs()

        self.assertDone(order["id"])
        self.assertEqual(
            self.sale_order(order).order_line.product_id,
            self.variant_link(mug).odoo_id,
        )

    def test_flow_that_is_off_takes_no_trigger_and_is_read_when_switched_on(self):
        self.set_policy("products", "off")
        mug = self.mug()
        self.ask("products", mug["id"])
        self.assertFalse(self.triggers())

        self.set_policy("products", "automatic")
        self.run_syncs()

        self.assertDone(mug["id"])
        self.assertEqual(self.events(mug["id"]).mapped("cause"), ["reconcile"])


class TestStops(SyncCase):
    def fail_for(self, *names):
        """Another module of this Odoo breaks when it confirms these orders."""
        confirm = SaleOrder.action_confirm

        def broken(orders):
            if set(names) & set(orders.mapped("client_order_ref")):
                raise KeyError("loyalty_card")
            return confirm(orders)

        self.startPatcher(patch.object(SaleOrder, "action_confirm", broken))

    def test_one_bad_order_of_twenty_stops_alone(self):
        orders = [self.order([("SOCKS", 1)], name=f"#B{n}") for n in range(20)]
        self.fail_for("#B13")

        self.sync(*orders)

        self.assertReview(orders[13]["id"], "defect")
        self.assertNoOrder(orders[13])
        good = [order for order in orders if order is not orders[13]]
        self.assertEqual(
            [self.sale_order(order).state for order in good], ["sale"] * 19
        )
        requests = self.shop.request_log("OrdersImport")
        self.assertEqual(
            [len(request.variables["ids"]) for request in requests][-2:], [10, 10]
        )

    def test_unknown_error_is_a_defect_with_its_traceback(self):
        self.fail_for("#D1")
        order = self.order([("SHIRT", 1)], name="#D1")

        self.sync(order)

        row = self.assertReview(order["id"], "defect")
        self.assertIn("KeyError: 'loyalty_card'", row.traceback)
        self.assertIn("in broken", row.traceback)
        self.assertNotIn("traceback", row.reason_params)
        self.assertEqual(row.nature, "defect")
        self.assertEqual(
            row.reason_params["fingerprint"], "KeyError@test_engine.py:broken"
        )
        self.assertFalse(self.flow("orders").paused_at)

    def test_stop_answers_all_four_questions(self):
        locations = self.env["shopify.mapping.location"].search(
            [("backend_id", "=", self.backend.id)]
        )
        locations.warehouse_id = False
        self.flow("orders").owner_id = self.env.ref("base.user_admin")
        orders = [self.order([("SHIRT", n)], name=f"#L{n}") for n in (1, 2)]

        self.sync(*orders)

        rows = self.syncs(direction="in", subject_type="Order", state="review")
        self.assertEqual(sorted(rows.mapped("record_name")), ["#L1", "#L2"])
        for row in rows:
            # which record, and what is missing
            self.assertIn(row.record_name, row.message)
            self.assertEqual(
                row.wait_ids.mapped("key"), [f"location:{locations.shopify_gid}"]
            )
            self.assertIn(locations.name, row.missing)
            # temporary or configuration; is a retry safe; who owns it
            self.assertEqual(row.nature, "configuration")
            self.assertTrue(row.retry_safe)
            self.assertTrue(row.retry_text)
            self.assertEqual(row.owner_id, self.env.ref("base.user_admin"))
            self.assertTrue(row.first_failed_at)
        # One fix, one line: both stand under the same headline.
        self.assertEqual(len(set(rows.mapped("cause_key"))), 1)
        self.assertEqual(len(set(rows.mapped("headline"))), 1)
        self.assertEqual(rows.mapped("cause_count"), [2, 2])
        self.assertEqual(
            sorted(zip(rows.mapped("record_name"), rows.mapped("amount"), strict=True)),
            [("#L1", 23.0), ("#L2", 46.0)],
        )

    def test_naming_the_warehouse_releases_what_waited_for_it(self):
        locations = self.env["shopify.mapping.location"].search(
            [("backend_id", "=", self.backend.id)]
        )
        locations.warehouse_id = False
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        self.assertReview(order["id"], "location_unknown")

        locations.warehouse_id = self.warehouse
        self.run_syncs()

        self.assertDone(order["id"])
        self.assertIn("released", self.events(order["id"])[-1].cause)

    def test_setting_releases_what_waited_for_it(self):
        order = self.order([{"title": "Engraving", "price": "5.00"}], taxes=[])
        self.sync(order)
        self.assertReview(order["id"], "custom_line_product_missing")

        self.backend.custom_product_id = self.env["product.product"].create(
            {"name": "Extra", "type": "service"}
        )
        self.run_syncs()

        self.assertDone(order["id"])

    def test_minute_cron_releases_what_appeared_and_told_nobody(self):
        order = self.order([("SHIRT", 1)], taxes=[{"title": "VAT", "rate": "0.2"}])
        self.sync(order)
        row = self.env["shopify.mapping.tax"]._for_key(self.backend, "VAT|0.2|excluded")
        tax = self.make_tax("VAT 20", 20.0)
        self.env.cr.execute(
            "UPDATE shopify_mapping_tax SET tax_id = %s WHERE id = %s", [tax.id, row.id]
        )
        self.env.invalidate_all()
        self.run_syncs()
        self.assertReview(order["id"], "tax_unmapped")

        self.wake()
        self.run_syncs()

        self.assertDone(order["id"])

    def test_throttled_batch_waits_whole_and_is_not_split(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(4)]
        before = len(self.shop.requests)
        self.shop.fault("throttle", operation="OrdersImport", times=None)

        self.sync(*orders)

        rows = self.syncs(direction="in", subject_type="Order")
        self.assertEqual(set(rows.mapped("state")), {"waiting"})
        self.assertEqual(set(rows.mapped("reason_code")), {"throttled"})
        self.assertEqual(rows.mapped("attempt_count"), [1] * 4)
        now = fields.Datetime.now()
        for row in rows:
            self.assertGreater(row.next_attempt_at, now - timedelta(seconds=5))
            self.assertLess(row.next_attempt_at, now + timedelta(minutes=2))
        asked = [
            r for r in self.shop.requests[before:] if r.operation == "OrdersImport"
        ]
        self.assertEqual(len(asked), 1)
        self.assertFalse(self.flow("orders").paused_at)

        self.shop.clear_faults()
        self.time_passes(rows)
        self.wake()
        self.run_syncs()

        self.assertEqual(set(rows.mapped("state")), {"done"})
        self.assertEqual(set(rows.mapped("attempt_count")), {0})

    def test_shop_that_is_down_is_not_asked_for_each_record(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(20)]
        before = len(self.shop.requests)
        self.shop.fault(
            "status_before", operation="OrdersImport", times=None, status=503
        )

        self.sync(*orders)

        asked = [
            r for r in self.shop.requests[before:] if r.operation == "OrdersImport"
        ]
        self.assertLessEqual(len(asked), 6)
        rows = self.syncs(direction="in", subject_type="Order")
        self.assertEqual(set(rows.mapped("reason_code")), {"shopify_down"})

    def test_secrets_are_in_no_table_that_people_read(self):
        order = self.order([("SHIRT", 1)])
        self.shop.revoke_tokens()
        self.shop.rotate_secret("an entirely new secret")
        self.addCleanup(self.shop.rotate_secret, self.backend.client_secret)
        self.sync(order)
        self.assertEqual(self.row(order["id"]).reason_code, "sign_in_failed")

        known = [self.backend[name] for name in SECRETS if self.backend[name]]
        self.env.cr.execute("SELECT access_token FROM shopify_token")
        known += [token for (token,) in self.env.cr.fetchall() if token]
        self.assertGreater(len(known), 2)
        for table in ("sync", "event", "mutation", "flow", "trigger"):
            text = self.all_of(f"shopify_{table}")
            for secret in known:
                if table == "mutation" and secret == self.backend.webhook_key:
                    continue  # the address that Shopify was told holds it
                self.assertNotIn(secret, text, table)
        for secret in known:
            self.assertNotIn(secret, self.all_of("queue_job"))

    def all_of(self, table):
        self.env.flush_all()
        self.env.cr.execute(
            SQL("SELECT string_agg(t::text, ' ') FROM %s AS t", SQL.identifier(table))
        )
        return self.env.cr.fetchone()[0] or ""


class TestBreaker(SyncCase):
    def test_failed_sign_in_pauses_the_flow_once_and_resuming_goes_on(self):
        secret = self.backend.client_secret
        orders = [self.order([("SOCKS", 1)]) for _number in range(3)]
        self.shop.revoke_tokens()
        self.shop.rotate_secret("an entirely new secret")
        self.addCleanup(self.shop.rotate_secret, secret)
        self.sync(*orders)

        flow = self.flow("orders")
        self.assertEqual(flow.paused_reason, "sign_in_failed")
        self.assertFalse(flow.rests_until)
        self.assertFalse(self.flow("products").paused_at)
        later = self.order([("SHIRT", 1)])
        before = len(self.shop.requests)
        self.sync(later)
        self.assertFalse(self.row(later["id"]), "nothing of a paused flow is tried")
        self.assertEqual(len(self.shop.requests), before)

        self.backend.client_secret = "an entirely new secret"
        flow.action_resume()
        self.row(orders[0]["id"]).action_retry()
        self.run_syncs()

        self.assertDone(later["id"])
        self.assertDone(orders[0]["id"])
        self.assertFalse(flow.paused_at)

    def test_many_stops_of_one_variant_pause_nothing(self):
        self.set_policy("products", "off")
        self.make_variant("CAP", "5.00", linked=False)
        orders = [self.order([("CAP", 1)]) for _number in range(8)]
        good = self.order([("SHIRT", 1)])

        self.sync(*orders, good)

        rows = self.syncs(direction="in", reason_code="variant_unmapped")
        self.assertEqual(len(rows), 8)
        self.assertEqual(len(set(rows.mapped("cause_key"))), 1)
        self.assertFalse(self.flow("orders").paused_at)
        self.assertDone(good["id"])

    def test_one_defect_on_five_orders_pauses_their_flow(self):
        def broken(_orders):
            raise KeyError("loyalty_card")

        orders = [self.order([("SOCKS", 1)]) for _number in range(5)]
        with patch.object(SaleOrder, "action_confirm", broken):
            self.sync(*orders[:4])
            self.assertFalse(self.flow("orders").paused_at)
            self.sync(orders[4])

        self.assertEqual(self.flow("orders").paused_reason, "defect")

    def test_passing_trouble_rests_the_flow_and_it_resumes_by_itself(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(5)]
        self.shop.fault(
            "status_before", operation="OrdersImport", times=None, status=503
        )
        self.sync(*orders)
        flow = self.flow("orders")
        self.assertEqual(flow.paused_reason, "shopify_down")
        self.assertTrue(flow.rests_until)

        self.shop.clear_faults()
        flow.rests_until = fields.Datetime.now() - timedelta(seconds=1)
        self.time_passes(self.syncs(state="waiting"))
        self.wake()
        self.run_syncs()

        self.assertFalse(flow.paused_at)
        for order in orders:
            self.assertDone(order["id"])

    def test_sync_user_without_the_company_rests_every_flow_and_claims_nothing(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        user = self.env["res.users"].create(
            {
                "name": "Sync elsewhere",
                "login": "elsewhere",
                "company_id": other.id,
                "company_ids": [fields.Command.set(other.ids)],
            }
        )
        order = self.order([("SHIRT", 1)])
        self.backend.sync_user_id = user

        self.sync(order)

        self.assertEqual(
            set(self.backend.flow_ids.mapped("paused_reason")),
            {"company_access_missing"},
        )
        self.assertFalse(self.row(order["id"]))
        self.assertEqual(len(self.triggers(order["id"])), 1)

        self.backend.sync_user_id = self.env.ref("shopify_connector.user_sync")
        self.backend.flow_ids.action_resume()
        self.run_syncs()

        self.assertDone(order["id"])


class TestPeople(SyncCase):
    """What a person does with a stop."""

    def stopped(self, name="#P1"):
        order = self.order(
            [("SHIRT", 1)], name=name, taxes=[{"title": "VAT", "rate": "0.2"}]
        )
        self.sync(order)
        return order, self.assertReview(order["id"], "tax_unmapped")

    def test_closed_runs_again_only_when_its_content_changed(self):
        order, row = self.stopped()
        row.action_close("Invoiced by hand")
        attempts = len(self.events(order["id"]))
        self.map_tax("VAT", 0.2, self.make_tax("VAT 20", 20.0))

        self.sync(order)

        self.assertEqual(row.state, "cancelled")
        self.assertFalse(self.triggers())
        self.assertEqual(len(self.events(order["id"])), attempts)
        self.assertNoOrder(order)

        self.emulator.advance(60)
        self.shop.note_order(order["id"], "Ring twice")
        self.sync(order)

        self.assertEqual(self.assertDone(order["id"]), row)
        self.assertTrue(self.sale_order(order))

    def test_closing_says_who_and_why(self):
        order, row = self.stopped()

        row.action_close("Invoiced by hand")

        event = self.events(order["id"])[-1]
        self.assertEqual(
            (event.kind, event.outcome, event.message, event.caused_by_id),
            ("person", "closed", "Invoiced by hand", self.env.user),
        )
        self.assertEqual(row.close_reason, "Invoiced by hand")

    def test_person_may_retry_what_was_closed(self):
        order, row = self.stopped()
        row.action_close("Too early")
        self.map_tax("VAT", 0.2, self.make_tax("VAT 20", 20.0))

        row.action_retry()
        self.run_syncs()

        self.assertDone(order["id"])

    def test_postponed_comes_back_by_itself_and_not_before(self):
        order, row = self.stopped()
        self.map_tax("VAT", 0.2, self.make_tax("VAT 20", 20.0))
        self.triggers().unlink()
        now = fields.Datetime.now()

        row.action_postpone(hours=3)
        self.wake()
        self.triggers().unlink()
        self.run_syncs()

        self.assertEqual(row.state, "waiting")
        self.assertLess(
            abs(row.next_attempt_at - now - timedelta(hours=3)), timedelta(minutes=1)
        )
        self.assertNoOrder(order)

        self.time_passes(row)
        self.wake()
        self.run_syncs()

        self.assertDone(order["id"])

    def test_handed_over_stays_with_its_new_owner(self):
        self.flow("orders").owner_id = self.env.ref("base.user_admin")
        order, row = self.stopped()
        olga = self.env["res.users"].create({"name": "Olga", "login": "olga"})

        row.action_hand_over(olga)
        row.action_retry()
        self.run_syncs()

        self.assertReview(order["id"], "tax_unmapped")
        self.assertEqual(row.owner_id, olga)
        handed = self.events(order["id"]).filtered(lambda e: e.kind == "person")
        self.assertEqual((handed.outcome, handed.message), ("handed over", "Olga"))

    def test_close_needs_a_reason(self):
        _order, row = self.stopped()
        act = self.env["shopify.sync.act"].create(
            {"sync_ids": [fields.Command.set(row.ids)], "act": "close", "reason": " "}
        )

        with self.assertRaisesRegex(UserError, "Say why"):
            act.action_apply()

        self.assertEqual(row.state, "review")

    def test_flow_in_review_writes_nothing_until_accepted_one_or_many(self):
        self.set_policy("products", "review")
        mugs = [self.mug(sku=f"MUG-{n}", title=f"Mug {n}") for n in range(4)]
        before = self.records()

        self.read_again("products", *[mug["id"] for mug in mugs])

        rows = [self.assertReview(mug["id"], "to_accept") for mug in mugs]
        self.assertEqual(self.records(), before)
        self.assertEqual(self.written(), {})
        self.assertIn("Mug 2", rows[2].message)

        rows[0].action_accept()
        self.run_syncs()

        self.assertDone(mugs[0]["id"])
        self.assertEqual(
            self.records()["product.template"], before["product.template"] + 1
        )
        # Asking again accepts nothing.
        self.read_again("products", mugs[1]["id"])
        self.assertReview(mugs[1]["id"], "to_accept")

        (rows[1] | rows[2] | rows[3]).action_accept()
        self.run_syncs()

        for mug in mugs:
            self.assertDone(mug["id"])
        self.assertEqual(
            self.records()["product.template"], before["product.template"] + 4
        )

    def test_accepting_does_nothing_for_a_stop_of_another_kind(self):
        order, row = self.stopped()

        row.action_accept()

        self.assertFalse(self.triggers(order["id"]))


class TestDeadWorkers(SyncCase):
    """A worker that dies leaves its note and no outcome."""

    def test_an_open_write_of_the_stores_own_does_not_stop_the_minute_cron(self):
        self.env.cr.execute(
            "INSERT INTO shopify_mutation (uuid, backend_ref, company_ref, operation,"
            " subjects, state, created_at) VALUES (%s, %s, %s, 'webhooks/delete',"
            """ '["store/webhook/delete", "store/anything"]', 'unknown', %s)""",
            [
                "7d7f2c1e",
                self.backend.id,
                self.company.id,
                fields.Datetime.now() - timedelta(minutes=11),
            ],
        )
        order = self.order([("SOCKS", 1)])
        self.lose_jobs("records")
        self.ask("orders", order["id"])
        self.env["queue.job"].search([("state", "!=", "done")]).unlink()

        self.backend._wake()

        self.assertTrue(self.jobs("records"))

    def die_over(self, *gids, times=1):
        names = [f"in/Order/{gid}" for gid in gids]
        for _time in range(times):
            self.env["shopify.claim"]._note(self.backend, "records", names)

    def notes(self):
        return self.env["shopify.claim"].search([("backend_ref", "=", self.backend.id)])

    def test_after_one_death_all_run_together(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(3)]
        self.die_over(orders[1]["id"])

        self.sync(*orders)

        batches = {self.row(order["id"]).last_batch for order in orders}
        self.assertEqual(len(batches), 1)

    def test_after_two_deaths_a_subject_runs_alone(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(3)]
        self.die_over(orders[1]["id"], times=2)

        self.sync(*orders)

        batch = [self.row(order["id"]).last_batch for order in orders]
        self.assertEqual(batch[0], batch[2])
        self.assertNotEqual(batch[1], batch[0])
        for order in orders:
            self.assertDone(order["id"])

    def test_after_three_deaths_a_person_looks_and_the_others_go_on(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(3)]
        self.die_over(orders[1]["id"], times=3)

        self.sync(*orders)

        row = self.assertReview(orders[1]["id"], "defect")
        self.assertIn("3 times", row.message)
        self.assertNoOrder(orders[1])
        self.assertDone(orders[0]["id"])
        self.assertDone(orders[2]["id"])

        row.action_retry()
        self.run_syncs()

        self.assertDone(orders[1]["id"])

    def work_until(self, statement):
        """One batch of an order whose confirming meets what the database says to this
        statement. Returns the error that left the batch."""

        def broken(orders):
            orders.env.cr.execute(statement)

        order = self.order([("SOCKS", 1)])
        self.ask("orders", order["id"])
        with self.env.registry.cursor() as cr, self.backend._client() as client:
            sync = self.env(cr=cr)["shopify.sync"]._as_sync_user(self.backend)
            backend = self.backend.with_env(sync.env)
            subjects = sync._claim(backend, "records")
            # Caught here: a test's cursors are savepoints within each other, so what
            # rolls this one back would undo the note, too.
            try:
                with (
                    patch.object(SaleOrder, "action_confirm", broken),
                    mute_logger("odoo.sql_db"),
                ):
                    sync._work(backend, "records", client, subjects, None)
            except RetryableJobError as error:
                return error.__cause__
            except (IntegrityError, OperationalError) as error:
                return error
        raise AssertionError("no error left the batch")

    def test_violation_of_a_link_keeps_the_note(self):
        """A race lost is won at the second try, whose end drops the note. What happens
        again each time is found by its notes, as what kills its worker is."""
        error = self.work_until(
            "UPDATE shopify_product_product SET shopify_gid = 'the same'"
        )

        self.assertEqual(error.pgcode, UNIQUE_VIOLATION)
        self.assertEqual(
            self.notes().mapped("refused_by"), [error.diag.constraint_name]
        )

    def test_transaction_out_of_date_takes_the_note_back(self):
        error = self.work_until(
            "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$"
        )

        self.assertEqual(error.pgcode, SERIALIZATION_FAILURE)
        self.assertFalse(self.notes())

    def test_notes_of_what_came_to_an_end_are_gone(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(3)]

        self.sync(*orders)

        self.assertFalse(self.notes())
