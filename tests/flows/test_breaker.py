"""The breaker's way back: by one cheap read, by the fix that shows, by one click."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import new_test_user

from odoo.addons.sale.models.sale_order import SaleOrder

from .sync_case import SyncCase


def broken(_orders):
    raise KeyError("loyalty_card")


class BreakerCase(SyncCase):
    def setUp(self):
        super().setUp()
        self.orders = self.flow("orders")

    def shopify_is_down(self, operation=None):
        options = {"operation": operation} if operation else {}
        self.shop.fault("status_before", times=None, status=503, **options)

    def five_fail_for_shopify(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(5)]
        self.shopify_is_down()
        self.sync(*orders)
        self.assertEqual(self.orders.paused_reason, "shopify_down")
        return orders

    def five_meet_a_defect(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(5)]
        with patch.object(SaleOrder, "action_confirm", broken):
            self.sync(*orders)
        self.assertEqual(self.orders.paused_reason, "defect")
        return orders

    def rest_ends(self):
        self.orders.rests_until = fields.Datetime.now() - timedelta(seconds=1)
        self.wake()
        self.run_syncs()

    def rest_minutes(self):
        left = self.orders.rests_until - fields.Datetime.now()
        return round(left / timedelta(minutes=1))

    def sent(self):
        return [request.operation for request in self.shop.requests]


class TestRest(BreakerCase):
    def test_while_shopify_is_down_each_rest_ends_with_one_read_and_is_longer(self):
        orders = self.five_fail_for_shopify()
        self.assertEqual(self.rest_minutes(), 2)
        self.time_passes(self.syncs(state="waiting"))
        for minutes in (4, 8, 16, 32, 32):
            before = len(self.shop.requests)

            self.rest_ends()

            self.assertEqual(self.rest_minutes(), minutes)
            self.assertEqual(self.sent()[before:], ["ShopConnect"])
        self.assertEqual(
            self.env["shopify.event"].search_count(
                [("outcome", "=", "shopify_down"), ("kind", "=", "store")]
            ),
            1,
            "said once, however often it rests on",
        )

        self.shop.clear_faults()
        self.rest_ends()

        self.assertFalse(self.orders.paused_at)
        for order in orders:
            self.assertDone(order["id"])

    def test_flow_that_stops_again_right_after_its_rest_rests_longer(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(5)]
        self.shopify_is_down("OrdersImport")
        self.sync(*orders)
        self.assertEqual(self.rest_minutes(), 2)

        self.rest_ends()

        self.assertEqual(self.orders.paused_reason, "shopify_down")
        self.assertEqual(self.rest_minutes(), 4)

    def test_after_a_persons_resume_rests_begin_anew(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(5)]
        self.shopify_is_down("OrdersImport")
        self.sync(*orders)
        self.rest_ends()
        self.assertEqual(self.orders.rests, 2)

        self.orders.action_resume()
        self.run_syncs()

        self.assertEqual((self.orders.rests, self.rest_minutes()), (1, 2))

    def test_what_used_up_its_tries_goes_on_with_the_flow(self):
        orders = self.five_fail_for_shopify()
        tired = self.row(orders[0]["id"])
        tired.sudo().write({"state": "review", "next_attempt_at": False})
        self.shop.clear_faults()

        self.rest_ends()

        self.assertDone(orders[0]["id"])


class TestFixShows(BreakerCase):
    def test_renewed_secret_is_tried_at_once_and_resumes_the_flow(self):
        secret = self.backend.client_secret
        orders = [self.order([("SOCKS", 1)]) for _number in range(3)]
        self.shop.revoke_tokens()
        self.shop.rotate_secret("an entirely new secret")
        self.addCleanup(self.shop.rotate_secret, secret)
        self.sync(*orders)
        self.assertEqual(self.orders.paused_reason, "sign_in_failed")

        self.backend.client_secret = "still a wrong secret"
        self.run_syncs()
        self.assertEqual(self.orders.paused_reason, "sign_in_failed")
        self.assertEqual(self.backend.state, "connected")

        self.backend.client_secret = "an entirely new secret"
        self.run_syncs()

        self.assertFalse(self.orders.paused_at)
        for order in orders:
            self.assertDone(order["id"])

    def test_scope_taken_and_granted_again_resumes_without_a_webhook(self):
        scopes = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, scopes)
        order = self.order([("SOCKS", 1)])
        self.shop.set_scopes([s for s in scopes if "orders" not in s])
        self.sync(order)
        self.assertEqual(self.orders.paused_reason, "scope_missing")
        self.assertNotIn("read_orders", self.backend.granted_scopes.split(","))

        self.shop.set_scopes(scopes)
        self.env["shopify.backend"]._cron_check()
        self.run_syncs()

        self.assertFalse(self.orders.paused_at)
        self.assertDone(order["id"])

    def test_access_to_the_company_is_seen_within_a_minute(self):
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
        mine = self.backend.sync_user_id
        self.backend.sync_user_id = user
        self.sync(order)
        self.assertEqual(self.orders.paused_reason, "company_access_missing")

        self.backend.sync_user_id = mine
        self.wake()
        self.run_syncs()

        self.assertDone(order["id"])


class TestResume(BreakerCase):
    def test_resume_retries_what_the_defect_stopped_and_nothing_else(self):
        self.set_policy("products", "off")
        self.make_variant("CAP", "5.00", linked=False)
        other = self.order([("CAP", 1)])
        self.sync(other)
        stopped = self.assertReview(other["id"], "variant_unmapped")
        tries = stopped.attempt_count
        orders = self.five_meet_a_defect()

        self.backend.action_resume_flows()
        self.run_syncs()

        for order in orders:
            self.assertDone(order["id"])
        self.assertFalse(self.orders.paused_at)
        self.assertEqual(self.row(other["id"]).attempt_count, tries)

    def test_resume_leaves_what_a_person_postponed(self):
        orders = self.five_meet_a_defect()
        self.row(orders[0]["id"]).action_postpone(hours=5)

        self.orders.action_resume()
        self.run_syncs()

        self.assertEqual(self.row(orders[0]["id"]).state, "waiting")
        self.assertDone(orders[1]["id"])

    def test_defect_that_is_still_there_pauses_again(self):
        self.five_meet_a_defect()

        with patch.object(SaleOrder, "action_confirm", broken):
            self.orders.action_resume()
            self.run_syncs()

        self.assertEqual(self.orders.paused_reason, "defect")

    def test_banner_says_what_since_when_and_how_much_waits(self):
        orders = self.five_meet_a_defect()
        more = [self.order([("SHIRT", 1)]) for _number in range(2)]
        self.sync(*more)

        store = self.backend
        self.assertIn("Orders paused: ", store.paused_message)
        self.assertIn("loyalty_card", store.paused_message)
        self.assertIn("Since ", store.paused_details)
        self.assertIn("records that wait: 7", store.paused_details)
        action = store.action_open_paused()
        rows = self.env["shopify.sync"].search(action["domain"])
        self.assertEqual(
            set(rows.mapped("subject_key")), {order["id"] for order in orders}
        )

    def test_rest_says_when_it_looks_again(self):
        self.five_fail_for_shopify()

        self.assertIn("looks again by itself at", self.backend.paused_details)


class TestManagerIsTold(BreakerCase):
    def setUp(self):
        super().setUp()
        self.manager = new_test_user(
            self.env, "store_manager", "shopify_connector.group_manager"
        )
        self.backend.manager_id = self.manager

    def asked(self):
        return self.env["mail.activity"].search(
            [("res_model", "=", "shopify.backend"), ("res_id", "=", self.backend.id)]
        )

    def test_manager_is_asked_once_and_no_more_when_flows_run_again(self):
        self.five_meet_a_defect()
        self.wake()
        self.wake()

        asked = self.asked()
        self.assertEqual(asked.user_id, self.manager)
        self.assertIn("Orders paused", asked.summary)

        self.orders.action_resume()
        self.wake()
        self.assertFalse(self.asked())

    def test_what_the_manager_marked_done_is_not_asked_again(self):
        self.five_meet_a_defect()
        self.wake()
        self.asked().action_feedback()

        self.wake()

        self.assertFalse(self.asked())

    def test_short_rest_asks_nobody_and_a_long_one_does(self):
        self.five_fail_for_shopify()
        self.wake()
        self.assertFalse(self.asked())

        self.orders.rests = 5
        self.wake()

        self.assertEqual(self.asked().user_id, self.manager)

    def test_manager_who_is_away_is_not_asked(self):
        self.manager._shopify_set_away(fields.Date.today())
        self.five_meet_a_defect()

        self.wake()

        self.assertFalse(self.asked())
