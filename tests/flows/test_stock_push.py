"""Odoo's stock in Shopify: never more than is there, and every stop explains itself."""

import threading

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .stock_case import StockCase


class TestStockPush(StockCase):
    # --- plain pushes ---

    def test_equal_sides_agree_without_a_write(self):
        self.assertTrue(all(self.level().mapped("is_agreed")))
        self.assertLevelDone("SHIRT", "unchanged")
        self.assertEqual(self.written(), [])

    def test_a_receipt_raises_shopify(self):
        self.receive(self.products["SHIRT"], 5)

        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 105)
        self.assertLevelDone("SHIRT", "synced")
        self.assertEqual(self.written(), ["inventorySetQuantities"])

    def test_an_order_of_another_channel_is_taken_off_before_it_is_reserved(self):
        order = self.sell_in_odoo(self.products["SHIRT"], 130)
        order.picking_ids.do_unreserve()

        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 0)

    def test_a_cancelled_order_of_another_channel_is_offered_again(self):
        order = self.sell_in_odoo(self.products["SHIRT"], 30)
        self.run_syncs()
        self.assertEqual(self.on_hand("SHIRT"), 70)

        order._action_cancel()
        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 100)

    def test_an_order_of_the_shop_is_taken_off_once(self):
        order = self.order([("SHIRT", 3)])
        self.sync(order)

        self.push("SHIRT")

        self.assertEqual((self.on_hand("SHIRT"), self.available("SHIRT")), (100, 97))
        self.assertEqual(self.written(), [])

    def test_delivery_and_fulfilment_leave_nothing_to_push(self):
        sale = self.imported([("SHIRT", 3)])

        self.deliver(sale)
        self.run_syncs()

        self.assertEqual((self.on_hand("SHIRT"), self.available("SHIRT")), (97, 97))
        self.assertEqual(self.written(), ["fulfillmentCreate"])
        self.assertLevelDone("SHIRT", "unchanged")

    def test_shipped_units_are_not_lowered_twice_while_their_fulfilment_waits(self):
        sale = self.imported([("SHIRT", 3)])
        self._hold_fulfilments()

        self.deliver(sale)
        self.run_syncs()

        self.assertEqual((self.on_hand("SHIRT"), self.available("SHIRT")), (100, 97))
        self.assertLevelDone("SHIRT", "unchanged")

    def test_the_buffer_is_never_offered(self):
        self.backend.stock_buffer = 4

        self.push("SHIRT")

        self.assertEqual(self.on_hand("SHIRT"), 96)

    def test_several_items_share_one_write(self):
        for product in self.products.values():
            self.receive(product, 1)

        self.run_syncs()

        self.assertEqual(self.written(), ["inventorySetQuantities"])
        self.assertEqual((self.on_hand("SHIRT"), self.on_hand("SOCKS")), (101, 101))

    def test_second_push_writes_nothing(self):
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()
        self.forget_requests()

        self.push()

        self.assertEqual(self.written(), [])

    # --- what Shopify did without us ---

    def test_a_counter_sale_not_imported_yet_is_not_raised_over(self):
        self.shop.set_search_lag(1800)
        self.counter_sale("SHIRT", 3)
        self.receive(self.products["SHIRT"], 5)

        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 97)
        row = self.assertLevel("SHIRT", "unexplained_stock_drop")
        self.assertEqual(row.state, "review")
        self.assertEqual(
            row.reason_params, {"item": "SHIRT", "found": 97, "expected": 100}
        )
        self.assertEqual(self.level("SHIRT").missing, 3)

    def test_the_import_of_the_counter_sale_ends_the_stop(self):
        self.shop.set_search_lag(1800)
        order = self.counter_sale("SHIRT", 3)
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()

        self.sync(order)

        self.assertEqual(self.on_hand("SHIRT"), 102)
        self.assertLevelDone("SHIRT", "synced")

    def test_a_drop_that_reconcile_explains_is_pushed_without_anybody(self):
        self.counter_sale("SHIRT", 3)
        self.receive(self.products["SHIRT"], 5)

        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 102)
        self.assertLevelDone("SHIRT", "synced")

    def test_a_fulfilment_made_in_shopify_is_not_counted_as_stock(self):
        order = self.order([("SHIRT", 3)])
        self.sync(order)
        self.shop.merchant_fulfill(order["id"])

        self.sync(order)
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()

        self.assertEqual((self.on_hand("SHIRT"), self.available("SHIRT")), (102, 102))

    def test_delivering_what_shopify_fulfilled_changes_nothing(self):
        order = self.order([("SHIRT", 3)])
        self.sync(order)
        self.shop.merchant_fulfill(order["id"])
        self.sync(order)
        self.forget_requests()

        self.deliver(self.sale_order(order))
        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 97)
        self.assertEqual(self.written(), [])

    def test_the_merchants_raise_is_set_back(self):
        self.shop.set_stock(self.variants["SHIRT"], self.place.shopify_gid, 120)

        self.push("SHIRT")

        self.assertEqual(self.on_hand("SHIRT"), 100)

    def test_a_persons_go_takes_a_drop_as_it_is(self):
        self.shop.set_search_lag(1800)
        self.shop.set_stock(self.variants["SHIRT"], self.place.shopify_gid, 90)
        self.push("SHIRT")
        row = self.assertLevel("SHIRT", "unexplained_stock_drop")

        row.action_accept()
        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 100)
        self.assertFalse(self.level("SHIRT").is_accepted)

    def test_a_go_covers_only_the_number_that_was_seen(self):
        self.shop.set_search_lag(1800)
        self.shop.set_stock(self.variants["SHIRT"], self.place.shopify_gid, 90)
        self.push("SHIRT")
        row = self.assertLevel("SHIRT", "unexplained_stock_drop")
        self.shop.set_stock(self.variants["SHIRT"], self.place.shopify_gid, 85)

        row.action_accept()
        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 85)
        row = self.assertLevel("SHIRT", "unexplained_stock_drop")
        self.assertEqual(row.reason_params["found"], 85)
        row.action_accept()
        self.run_syncs()
        self.assertEqual(self.on_hand("SHIRT"), 100)

    def test_a_go_that_came_after_the_drop_was_gone_covers_no_later_drop(self):
        self.shop.set_search_lag(1800)
        self.shop.set_stock(self.variants["SHIRT"], self.place.shopify_gid, 90)
        self.push("SHIRT")
        row = self.assertLevel("SHIRT", "unexplained_stock_drop")
        self.shop.set_stock(self.variants["SHIRT"], self.place.shopify_gid, 100)
        row.action_accept()
        self.run_syncs()
        self.assertFalse(self.level("SHIRT").is_accepted)

        self.shop.set_stock(self.variants["SHIRT"], self.place.shopify_gid, 90)
        self.push("SHIRT")

        self.assertEqual(self.on_hand("SHIRT"), 90)
        self.assertLevel("SHIRT", "unexplained_stock_drop")

    def test_sold_between_read_and_write_is_read_again_not_forced(self):
        gate = self.shop.hold("inventorySetQuantities", point="before")
        sold = threading.Thread(target=self._sell_while_held, args=(gate,))
        sold.start()
        self.receive(self.products["SHIRT"], 5)

        self.run_syncs()
        sold.join()

        # 105 less the two sold: the sale was found and imported meanwhile.
        self.assertEqual(self.on_hand("SHIRT"), 103)
        self.assertEqual(self.emulator.bugs, [])

    def _sell_while_held(self, gate):
        gate.wait_reached(20)
        self.counter_sale("SHIRT", 2)
        gate.release()

    def _hold_fulfilments(self):
        for entry in self.shop.of_type("FulfillmentOrder"):
            self.shop.hold_fulfillment_order(entry["id"], reason="OTHER")

    # --- refusals ---

    def test_one_bad_item_stands_alone_and_the_others_are_written(self):
        self.receive(self.products["SOCKS"], 2_000_000_000)
        self.receive(self.products["SHIRT"], 5)

        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 105)
        self.assertEqual(self.on_hand("SOCKS"), 100)
        self.assertLevelDone("SHIRT", "synced")
        row = self.assertLevel("SOCKS", "stock_item_rejected")
        self.assertIn("1,000,000,000", row.reason_params["problem"])
        keys = {
            request.variables["idempotencyKey"]
            for request in self.shop.request_log("inventorySetQuantities")
        }
        self.assertEqual(len(keys), 2)

    def test_rows_written_beside_a_bad_one_are_recognised(self):
        self.shop.switch(stale_row_fails_all=False)
        self.receive(self.products["SOCKS"], 2_000_000_000)
        self.receive(self.products["SHIRT"], -5)

        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 95)
        self.assertEqual(self.level("SHIRT").missing, 0)
        self.assertLevelDone("SHIRT", "unchanged")
        self.assertLevel("SOCKS", "stock_item_rejected")

    def test_missing_permission_names_the_scope(self):
        scopes = list(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, scopes)
        self.shop.set_scopes([s for s in scopes if "inventory" not in s])

        self.push("SHIRT")

        row = self.assertLevel("SHIRT", "scope_missing")
        self.assertIn("read_inventory", row.wait_ids.mapped("key")[0])

    def test_a_deleted_item_stops(self):
        self.shop.delete_product(
            self.shop.get_object(self.variants["SHIRT"])["product"]
        )

        self.push("SHIRT")

        self.assertLevel("SHIRT", "shopify_record_gone")

    # --- lost answers ---

    def test_a_lost_answer_is_settled_by_reading(self):
        self.receive(self.products["SHIRT"], 5)
        self.shop.fault("reset_after", operation="inventorySetQuantities")
        self.run_syncs()
        self.assertLevel("SHIRT", "outcome_unknown")

        self.push("SHIRT")

        self.assertEqual(self.on_hand("SHIRT"), 105)
        self.assertLevelDone("SHIRT", "unchanged")
        self.assertEqual(self.level("SHIRT").agreed_on_hand, 105)
        self.assertEqual(self.written(), ["inventorySetQuantities"])

    def test_a_request_that_may_still_arrive_is_waited_for(self):
        self.receive(self.products["SHIRT"], 5)
        self.shop.fault("reset_before", operation="inventorySetQuantities")
        self.run_syncs()

        self.push("SHIRT")

        row = self.assertLevel("SHIRT", "outcome_unknown")
        self.assertGreater(row.next_attempt_at, fields.Datetime.now())
        self.assertEqual(self.on_hand("SHIRT"), 100)
        self.assertEqual(self._unknown_writes(), 1)

    def test_after_the_wait_it_is_decided_anew(self):
        self.receive(self.products["SHIRT"], 5)
        self.shop.fault("reset_before", operation="inventorySetQuantities")
        self.run_syncs()
        self.receive(self.products["SHIRT"], 1)
        self.days_pass(minutes=5)

        self.push("SHIRT")

        self.assertEqual(self.on_hand("SHIRT"), 106)
        self.assertLevelDone("SHIRT", "synced")

    def _unknown_writes(self):
        return self.env["shopify.mutation"].search_count(
            [("state", "=", "unknown"), ("operation", "=", "inventory/set_quantities")]
        )

    # --- rules ---

    def test_stock_waits_while_fulfilments_are_off(self):
        self._policy("fulfilments", "off")
        self.receive(self.products["SHIRT"], 5)

        self.run_syncs()

        self.assertLevel("SHIRT", "stock_needs_fulfilments")
        self.assertEqual(self.written(), [])

    def test_switching_fulfilments_on_pushes_what_waited(self):
        self._policy("fulfilments", "off")
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()

        self._policy("fulfilments", "automatic")
        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 105)

    def test_in_review_nothing_is_written_until_a_person_accepts(self):
        self._policy("stock", "review")
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()
        row = self.assertLevel("SHIRT", "to_accept")
        self.assertEqual(self.on_hand("SHIRT"), 100)
        (shown,) = row.preview
        self.assertEqual(
            (shown["kind"], shown["rows"][0][1:]), ("changed", ["100", "105"])
        )

        row.action_accept()
        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 105)

    def test_in_review_a_lowering_under_a_drop_shows_the_drop(self):
        self._policy("stock", "review")
        self.shop.set_search_lag(1800)
        self.shop.set_stock(self.variants["SHIRT"], self.place.shopify_gid, 90)
        self.receive(self.products["SHIRT"], -15)

        self.run_syncs()

        self.assertLevel("SHIRT", "unexplained_stock_drop")
        self.assertEqual(self.on_hand("SHIRT"), 90)

    def test_in_review_another_number_than_the_accepted_one_is_shown_again(self):
        self._policy("stock", "review")
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()
        row = self.assertLevel("SHIRT", "to_accept")
        self.receive(self.products["SHIRT"], 2)
        row.action_accept()
        self.run_syncs()
        row = self.assertLevel("SHIRT", "to_accept")
        self.assertEqual(self.on_hand("SHIRT"), 100)
        self.assertEqual(row.preview[0]["rows"][0][1:], ["100", "107"])
        row.action_accept()
        self.run_syncs()
        self.assertEqual(self.on_hand("SHIRT"), 107)

    def test_in_review_a_refused_change_stays_away_until_its_numbers_change(self):
        self._policy("stock", "review")
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()
        row = self.assertLevel("SHIRT", "to_accept")
        row.action_close("Counted wrongly")
        # The same number once more, by another movement.
        self.receive(self.products["SHIRT"], 3)
        self.receive(self.products["SHIRT"], -3)
        self.run_syncs()
        self.assertEqual(row.state, "cancelled")
        self.receive(self.products["SHIRT"], 3)
        self.run_syncs()
        self.assertLevel("SHIRT", "to_accept")
        self.assertEqual(self.on_hand("SHIRT"), 100)

    def test_in_review_a_go_that_found_nothing_to_do_covers_no_later_change(self):
        self._policy("stock", "review")
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()
        row = self.assertLevel("SHIRT", "to_accept")
        self.receive(self.products["SHIRT"], -5)
        row.action_accept()
        self.run_syncs()
        self.assertLevelDone("SHIRT", "unchanged")

        self.receive(self.products["SHIRT"], 7)
        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 100)
        self.assertLevel("SHIRT", "to_accept")

    def test_a_new_variant_asks_before_its_first_raise(self):
        product = self.make_variant("HAT", "5.00")
        self.receive(product, 130)
        self.run_syncs()
        row = self.assertLevel("HAT", "stock_first_push")
        self.assertEqual(self.on_hand("HAT"), 100)

        row.action_accept()
        self.run_syncs()

        self.assertEqual(self.on_hand("HAT"), 130)

    def test_a_managers_go_covers_all_first_pushes(self):
        for sku in ("HAT", "SCARF"):
            self.receive(self.make_variant(sku, "5.00"), 130)
        self.run_syncs()

        self.backend.action_accept_stock()
        self.run_syncs()

        self.assertEqual((self.on_hand("HAT"), self.on_hand("SCARF")), (130, 130))

    def test_a_managers_go_covers_what_was_never_compared(self):
        self.receive(self.make_variant("HAT", "5.00"), 130)

        self.backend.action_accept_stock()
        self.run_syncs()

        self.assertEqual(self.on_hand("HAT"), 130)

    def test_only_operators_give_the_go(self):
        self.receive(self.make_variant("HAT", "5.00"), 130)
        self.run_syncs()
        row = self.assertLevel("HAT", "stock_first_push")
        user = new_test_user(self.env, "looker", "shopify_connector.group_user")

        with self.assertRaises(AccessError):
            row.with_user(user).action_accept()
        with self.assertRaises(AccessError):
            self.backend.with_user(user).action_accept_stock()

        self.run_syncs()
        self.assertEqual(self.on_hand("HAT"), 100)

    def test_a_product_in_another_unit_stops(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        product = self.make_variant("EGGS", "5.00", linked=False)
        product.uom_id = dozen
        gid = self.shop.get_object(self.variants["EGGS"])["product"]
        self.link_variant("EGGS", product, gid)

        self.run_syncs()

        self.assertLevel("EGGS", "unit_differs")

    def test_a_location_without_warehouse_shows_nothing(self):
        other = self.shop.create_location("Annex")
        with self._own_cursors(), self.backend._client() as client:
            self.env["shopify.mapping.location"]._refresh(self.backend, client)
        row = self.env["shopify.mapping.location"].search(
            [("shopify_gid", "=", other["id"])]
        )

        self.assertFalse(self._levels_at(row))

        annex = self.env["stock.warehouse"].create({"name": "Annex", "code": "ANX"})
        row.warehouse_id = annex
        self.assertEqual(len(self._levels_at(row)), 2)

    def test_the_same_stock_cannot_be_shown_at_two_locations(self):
        other = self.shop.create_location("Annex")
        with self._own_cursors(), self.backend._client() as client:
            self.env["shopify.mapping.location"]._refresh(self.backend, client)
        row = self.env["shopify.mapping.location"].search(
            [("shopify_gid", "=", other["id"])]
        )

        with self.assertRaisesRegex(Exception, "offered twice"):
            row.location_id = self.warehouse.lot_stock_id

    def _levels_at(self, row):
        return self.env["shopify.stock.level"].search(
            [("location_link_id", "=", row.id)]
        )

    def test_an_order_delivered_from_another_warehouse_counts_there(self):
        other = self.shop.create_location("Annex")
        with self._own_cursors(), self.backend._client() as client:
            self.env["shopify.mapping.location"]._refresh(self.backend, client)
        row = self.env["shopify.mapping.location"].search(
            [("shopify_gid", "=", other["id"])]
        )
        annex = self.env["stock.warehouse"].create({"name": "Annex", "code": "ANX"})
        row.warehouse_id = annex
        self.env["stock.quant"].with_context(inventory_mode=True).create(
            {
                "product_id": self.products["SHIRT"].id,
                "location_id": annex.lot_stock_id.id,
                "inventory_quantity": 10,
            }
        ).action_apply_inventory()
        self.run_syncs()
        self.syncs(reason_code="stock_first_push").action_accept()
        self.run_syncs()
        self.backend.order_confirm = "draft"
        sale = self.imported([("SHIRT", 3)])

        sale.warehouse_id = annex
        sale.action_confirm()
        self.run_syncs()

        at_annex = self.shop.stock(self.variants["SHIRT"], other["id"])
        self.assertEqual(at_annex["on_hand"], 7)
        self.assertEqual((self.on_hand("SHIRT"), self.available("SHIRT")), (100, 97))

    def _policy(self, flow, policy):
        with self._own_cursors():
            self.backend.flow_ids.filtered(lambda f: f.flow == flow).policy = policy
