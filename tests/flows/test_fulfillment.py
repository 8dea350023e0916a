"""A done delivery becomes one fulfilment in Shopify, whatever gets lost on the way."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import new_test_user

from .stock_case import StockCase


class TestFulfillment(StockCase):
    # --- sending ---

    def test_a_done_delivery_fulfils_its_order(self):
        sale = self.imported([("SHIRT", 2), ("SOCKS", 1)])

        picking = self.deliver(sale)
        self.run_syncs()

        (made,) = self.fulfillments()
        self.assertEqual(self.units(made), {"SHIRT": 2, "SOCKS": 1})
        self.assertEqual(picking.shopify_binding_ids.shopify_gid, made["id"])
        self.assertPicking(picking, "synced")
        self.assertEqual(self.order_status(sale), "FULFILLED")

    def test_tracking_goes_along_and_shopify_mails_nobody(self):
        sale = self.imported([("SHIRT", 2)])
        picking = sale.picking_ids
        picking.carrier_id = self.backend.delivery_carrier_id
        picking.carrier_tracking_ref = "3SABC123"

        self.deliver(sale)
        self.run_syncs()

        (made,) = self.fulfillments()
        (tracking,) = made["trackingInfo"]
        self.assertEqual(tracking["number"], "3SABC123")
        self.assertEqual(tracking["company"], self.backend.delivery_carrier_id.name)
        self.assertFalse(made["_notified"])

    def test_a_part_and_then_the_rest(self):
        sale = self.imported([("SHIRT", 5)])

        self.deliver(sale, SHIRT=2)
        self.run_syncs()
        self.assertEqual(self.order_status(sale), "PARTIALLY_FULFILLED")
        self.deliver(sale)
        self.run_syncs()

        self.assertEqual(
            [self.units(made) for made in self.fulfillments()],
            [{"SHIRT": 2}, {"SHIRT": 3}],
        )
        self.assertEqual(self.order_status(sale), "FULFILLED")

    def test_two_deliveries_done_together_are_two_fulfilments(self):
        sale = self.imported([("SHIRT", 5)])

        self.deliver(sale, SHIRT=2)
        self.deliver(sale)
        self.run_syncs()

        self.assertEqual(
            sorted(self.units(made)["SHIRT"] for made in self.fulfillments()), [2, 3]
        )
        self.assertEqual(len(sale.picking_ids.shopify_binding_ids), 2)

    def test_same_product_on_two_lines_goes_to_the_right_lines(self):
        order = self.order([("SHIRT", 1), ("SHIRT", 4)])
        self.sync(order)
        sale = self.sale_order(order)
        first, second = sale.picking_ids.move_ids.sorted(
            lambda move: move.sale_line_id.product_uom_qty
        )

        second.quantity, first.quantity = 4, 0
        sale.picking_ids.move_ids.picked = True
        sale.picking_ids.with_context(skip_backorder=True).button_validate()
        self.run_syncs()

        (made,) = self.fulfillments()
        rows = [self.shop.get_object(gid) for gid in made["fulfillmentLineItems"]]
        self.assertEqual(
            [(row["lineItem"], row["quantity"]) for row in rows],
            [(order["lineItems"][1], 4)],
        )

    def test_second_run_sends_nothing(self):
        sale = self.imported([("SHIRT", 2)])
        picking = self.deliver(sale)
        self.run_syncs()
        self.forget_requests()

        self.again(picking)

        self.assertEqual(self.written(), [])
        self.assertPicking(picking, "unchanged")

    def test_many_orders_of_one_batch_are_each_fulfilled_once(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(12)]
        self.sync(*orders)

        for order in orders:
            self.deliver(self.sale_order(order))
        self.run_syncs()

        self.assertEqual(len(self.fulfillments()), 12)
        reads = self.shop.request_log("FulfillmentsOrdersOfOrder")
        self.assertLess(len(reads), 12)

    def test_a_parcel_entered_by_hand_in_shopify_is_not_sent_again(self):
        sale = self.imported([("SHIRT", 2)])
        self.shop.merchant_fulfill(self.gid(sale))
        self.forget_requests()

        picking = self.deliver(sale)
        self.run_syncs()

        (made,) = self.fulfillments()
        self.assertEqual(self.written(), [])
        self.assertEqual(picking.shopify_binding_ids.shopify_gid, made["id"])

    def test_deliveries_of_others_are_none_of_shopifys(self):
        sale = self.sell_in_odoo(self.products["SHIRT"], 2)

        picking = self.deliver(sale)
        self.run_syncs()

        self.assertFalse(self.picking_sync(picking))
        self.assertEqual(self.fulfillments(), [])

    def test_a_warehouse_user_without_shopify_rights_ships_undisturbed(self):
        sale = self.imported([("SHIRT", 2)])
        user = new_test_user(self.env, "packer", "stock.group_stock_user")

        picking = sale.picking_ids.with_user(user)
        picking.move_ids.picked = True
        picking.button_validate()
        self.run_syncs()

        self.assertEqual(sale.picking_ids.state, "done")
        self.assertEqual(len(self.fulfillments()), 1)

    def test_another_deliverys_parcel_is_not_taken_for_this_one(self):
        sale = self.imported([("SHIRT", 5)])
        self.shop.merchant_fulfill(self.gid(sale))

        first = self.deliver(sale, SHIRT=2)
        self.run_syncs()

        self.assertPicking(first, "unchanged")
        self.assertFalse(first.shopify_binding_ids)

    def test_what_a_vendor_ships_is_fulfilled_from_the_orders_warehouse(self):
        sale = self.imported([("SHIRT", 2)])
        picking = sale.picking_ids
        picking.do_unreserve()
        picking.location_id = self.env.ref("stock.stock_location_suppliers")
        picking.move_ids.location_id = picking.location_id
        picking.action_assign()

        self.deliver(sale)
        self.run_syncs()

        (made,) = self.fulfillments()
        self.assertEqual(self.units(made), {"SHIRT": 2})

    def test_a_dropship_delivery_is_fulfilled_and_counted_once(self):
        sale = self.imported([("SHIRT", 2)])
        picking = self._as_dropship(sale.picking_ids)

        self.deliver(sale)
        self.run_syncs()

        (made,) = self.fulfillments()
        self.assertEqual(self.units(made), {"SHIRT": 2})
        self.assertPicking(picking, "synced")
        # Shopify took them from its location, which never held them: they come back.
        self.push("SHIRT")
        self.assertEqual(self.products["SHIRT"].qty_available, 100)
        self.assertEqual(self.on_hand("SHIRT"), 100)
        self.forget_requests()
        self.push("SHIRT")
        self.assertEqual(self.written(), [])

    def test_a_dropship_delivery_that_told_nobody_is_found_at_night(self):
        sale = self.imported([("SHIRT", 2)])
        picking = self._as_dropship(sale.picking_ids)
        with patch.object(type(picking), "_ask_for_fulfillments", lambda *_args: None):
            self.deliver(sale)

        picking.shopify_binding_ids._trigger_undelivered(self.backend, "schedule")
        self.run_syncs()

        self.assertEqual(len(self.fulfillments()), 1)

    def _as_dropship(self, picking):
        """From the vendor to the customer, by a type as Odoo's dropshipping makes."""
        picking.do_unreserve()
        kind = picking.picking_type_id.copy({"sequence_code": "DROP"})
        # The module that adds this code may not be installed.
        kind.flush_recordset()
        self.env.cr.execute(
            "UPDATE stock_picking_type SET code = 'dropship' WHERE id = %s", [kind.id]
        )
        self.env.invalidate_all()
        picking.picking_type_id = kind
        picking.location_id = self.env.ref("stock.stock_location_suppliers")
        picking.move_ids.location_id = picking.location_id
        picking.action_assign()
        self.assertEqual(picking.picking_type_code, "dropship")
        return picking

    # --- deliveries that told nobody ---

    def test_a_delivery_done_while_fulfilments_were_off_is_sent_when_they_are_on(self):
        sale = self.imported([("SHIRT", 2)])
        flow = self.backend.flow_ids.filtered(lambda f: f.flow == "fulfilments")
        flow.policy = "off"
        picking = self.deliver(sale)
        self.run_syncs()
        self.assertEqual(self.fulfillments(), [])

        flow.policy = "automatic"
        self.run_syncs()

        (made,) = self.fulfillments()
        self.assertEqual(picking.shopify_binding_ids.shopify_gid, made["id"])

    def test_a_delivery_that_nobody_noted_is_found_at_night(self):
        sale = self.imported([("SHIRT", 2)])
        picking = self.deliver(sale)
        self._forget_triggers(picking)

        self.backend._compare_stock()
        self.run_syncs()

        self.assertEqual(len(self.fulfillments()), 1)
        self.assertPicking(picking, "synced")

    def test_what_shopify_fulfilled_itself_is_not_asked_for_again_at_night(self):
        sale = self.imported([("SHIRT", 5)])
        self.shop.merchant_fulfill(self.gid(sale))
        picking = self.deliver(sale, SHIRT=2)
        self.run_syncs()
        self.assertPicking(picking, "unchanged")

        self.backend._compare_stock()

        self.assertFalse(self._triggers(picking))

    def test_a_delivery_that_stands_in_review_is_not_asked_for_again_at_night(self):
        sale = self.imported([("SHIRT", 2)])
        self.shop.cancel_order(self.gid(sale))
        picking = self.deliver(sale)
        self.run_syncs()
        self.assertEqual(self.picking_sync(picking).state, "review")

        self.backend._compare_stock()

        self.assertFalse(self._triggers(picking))

    def test_a_delivery_whose_order_was_linked_later_is_found_at_night(self):
        sale = self.imported([("SHIRT", 2)])
        links = self.env["shopify.sale.order.line"].search([])
        kept = [
            {
                "shopify_gid": link.shopify_gid,
                "odoo_id": link.odoo_id.id,
                "order_link_id": link.order_link_id.id,
                "kind": link.kind,
            }
            for link in links
        ]
        links._as_engine().unlink()
        picking = self.deliver(sale)
        self.run_syncs()
        self.assertPicking(picking, "excluded")
        links._bind(self.backend, kept)

        self.backend._compare_stock()
        self.run_syncs()

        self.assertPicking(picking, "synced")

    def _triggers(self, picking):
        return self.env["shopify.trigger"].search(
            [
                ("subject_type", "=", "stock.picking"),
                ("subject_key", "=", str(picking.id)),
            ]
        )

    def _forget_triggers(self, picking):
        self._triggers(picking).unlink()

    # --- stops ---

    def test_a_held_order_stops_and_goes_on_after_the_release(self):
        sale = self.imported([("SHIRT", 2)])
        (entry,) = self.shop.of_type("FulfillmentOrder")
        self.shop.hold_fulfillment_order(entry["id"], reason="HIGH_RISK_OF_FRAUD")
        picking = self.deliver(sale)
        self.run_syncs()
        row = self.picking_sync(picking)
        self.assertEqual(
            (row.state, row.reason_code), ("review", "fulfillment_order_held")
        )
        self.assertEqual(row.reason_params["problem"], "High risk of fraud")
        self.assertEqual(self.fulfillments(), [])

        self.shop.release_fulfillment_order(entry["id"])
        row.action_retry()
        self.run_syncs()

        self.assertEqual(len(self.fulfillments()), 1)
        self.assertPicking(picking, "synced")

    def test_an_order_moved_to_another_location_stops(self):
        sale = self.imported([("SHIRT", 2)])
        other = self.shop.create_location("Annex")
        (entry,) = self.shop.of_type("FulfillmentOrder")
        self.shop.move_fulfillment_order(entry["id"], other["id"])

        picking = self.deliver(sale)
        self.run_syncs()

        row = self.picking_sync(picking)
        self.assertEqual(row.reason_code, "fulfillment_not_found")
        self.assertEqual(self.fulfillments(), [])

    def test_an_order_cancelled_in_shopify_stops(self):
        sale = self.imported([("SHIRT", 2)])
        self.shop.cancel_order(self.gid(sale))

        picking = self.deliver(sale)
        self.run_syncs()

        self.assertEqual(
            self.picking_sync(picking).reason_code, "fulfillment_order_closed"
        )

    def test_missing_permission_names_the_scope(self):
        sale = self.imported([("SHIRT", 2)])
        scopes = list(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, scopes)
        self.shop.set_scopes([s for s in scopes if "fulfillment" not in s])

        picking = self.deliver(sale)
        self.run_syncs()

        row = self.picking_sync(picking)
        self.assertEqual((row.state, row.reason_code), ("review", "scope_missing"))
        self.assertEqual(picking.state, "done")

    def test_in_review_a_person_accepts_first(self):
        sale = self.imported([("SHIRT", 2)])
        flow = self.backend.flow_ids.filtered(lambda f: f.flow == "fulfilments")
        flow.policy = "review"
        picking = self.deliver(sale)
        self.run_syncs()
        row = self.picking_sync(picking)
        self.assertEqual(row.reason_code, "to_accept")
        self.assertEqual(self.fulfillments(), [])
        (shown,) = row.preview
        self.assertEqual(shown["kind"], "sent")
        self.assertIn(["Line", "2 × SHIRT"], shown["rows"])

        row.action_accept()
        self.run_syncs()

        self.assertEqual(len(self.fulfillments()), 1)

    def test_a_persons_go_outlives_a_passing_failure(self):
        sale = self.imported([("SHIRT", 2)])
        flow = self.backend.flow_ids.filtered(lambda f: f.flow == "fulfilments")
        flow.policy = "review"
        picking = self.deliver(sale)
        self.run_syncs()
        row = self.picking_sync(picking)
        self.shop.fault("throttle", operation="fulfillmentCreate", times=None)
        row.action_accept()
        self.run_syncs()
        self.assertEqual((row.state, self.fulfillments()), ("waiting", []))
        self.assertNotEqual(row.reason_code, "to_accept")

        self.emulator.faults.clear()
        self.shop.set_bucket(points=1000.0)
        self.again(picking)

        self.assertEqual(len(self.fulfillments()), 1)
        self.assertPicking(picking, "synced")
        self.assertFalse(row.is_accepted)

    def test_a_go_holds_for_one_fulfilment_and_not_the_next(self):
        sale = self.imported([("SHIRT", 5)])
        flow = self.backend.flow_ids.filtered(lambda f: f.flow == "fulfilments")
        flow.policy = "review"
        first = self.deliver(sale, SHIRT=2)
        self.run_syncs()
        self.picking_sync(first).action_accept()
        self.run_syncs()

        second = self.deliver(sale)
        self.run_syncs()

        self.assertEqual(len(self.fulfillments()), 1)
        self.assertEqual(self.picking_sync(second).reason_code, "to_accept")

    # --- lost answers ---

    def test_a_lost_answer_is_found_in_shopify_and_linked(self):
        sale = self.imported([("SHIRT", 2)])
        self.shop.fault("reset_after", operation="fulfillmentCreate")
        picking = self.deliver(sale)
        self.run_syncs()
        self.assertEqual(self.picking_sync(picking).reason_code, "outcome_unknown")
        self.assertFalse(picking.shopify_binding_ids)

        self.again(picking)

        (made,) = self.fulfillments()
        self.assertEqual(picking.shopify_binding_ids.shopify_gid, made["id"])
        self.assertEqual(self.on_hand("SHIRT"), 98)

    def test_a_lost_request_is_sent_again_after_two_looks(self):
        sale = self.imported([("SHIRT", 2)])
        self.shop.fault("reset_before", operation="fulfillmentCreate")
        picking = self.deliver(sale)
        self.run_syncs()

        self.again(picking)
        self.assertEqual(self.picking_sync(picking).reason_code, "outcome_unknown")
        self.days_pass(minutes=5)
        self.again(picking)
        self.assertEqual(self.fulfillments(), [])
        self.days_pass(minutes=10)
        self.again(picking)

        self.assertEqual(len(self.fulfillments()), 1)
        self.assertPicking(picking, "synced")

    def test_an_answer_that_nobody_can_tell_goes_to_a_person(self):
        sale = self.imported([("SHIRT", 2)])
        self.shop.fault("reset_before", operation="fulfillmentCreate")
        picking = self.deliver(sale)
        self.run_syncs()
        self.shop.merchant_fulfill(
            self.gid(sale), lines=[{"line": "SHIRT", "quantity": 1}]
        )

        self.again(picking)

        row = self.picking_sync(picking)
        self.assertEqual(
            (row.state, row.reason_code), ("review", "outcome_needs_person")
        )
        self.assertEqual(len(self.fulfillments()), 1)

    def test_while_one_is_open_its_sibling_sends_nothing(self):
        sale = self.imported([("SHIRT", 5)])
        self.shop.fault("reset_before", operation="fulfillmentCreate")
        first = self.deliver(sale, SHIRT=2)
        self.run_syncs()

        second = self.deliver(sale)
        self.run_syncs()

        self.assertEqual(
            {self.picking_sync(p).reason_code for p in first | second},
            {"outcome_unknown"},
        )
        self.assertEqual(self.fulfillments(), [])

    def test_a_persons_answer_releases_the_siblings(self):
        first, second = self._two_that_nobody_can_tell()

        self._say(first, was_done=False)
        self.run_syncs()

        # One of five was fulfilled by hand.
        self.assertEqual(
            sorted(self.units(made)["SHIRT"] for made in self.fulfillments()), [1, 2, 2]
        )
        self.assertPicking(first, "synced")
        self.assertPicking(second, "synced")

    def test_the_answer_may_be_given_at_a_sibling(self):
        first, second = self._two_that_nobody_can_tell()

        self._say(second, was_done=False)
        self.run_syncs()

        self.assertPicking(first, "synced")
        self.assertPicking(second, "synced")

    def test_done_said_at_a_sibling_closes_the_one_that_was_asked_for(self):
        first, second = self._two_that_nobody_can_tell()

        self._say(second, was_done=True)
        self.run_syncs()

        self.assertEqual(self.picking_sync(first).state, "cancelled")
        self.assertPicking(second, "synced")

    def test_done_links_the_fulfilment_that_fits(self):
        first, hand, gids = self._lost_among_others([1, 2])

        self._say(first, was_done=True)

        self.assertEqual(first.shopify_binding_ids.shopify_gid, gids[1])
        self.assertEqual(self.picking_sync(first).state, "cancelled")
        self.assertEqual(hand, first)

    def test_several_that_fit_are_told_apart_by_a_person(self):
        first, _hand, gids = self._lost_among_others([2, 2])

        with self.assertRaisesRegex(UserError, f"{gids[0]}, {gids[1]}"):
            self._say(first, was_done=True)
        self.assertFalse(first.shopify_binding_ids)
        self.assertEqual(len(self.picking_sync(first)._open_writes()), 1)
        self._say(first, was_done=True, found=gids[1].rpartition("/")[2])

        self.assertEqual(first.shopify_binding_ids.shopify_gid, gids[1])

    def test_an_id_of_something_else_is_refused(self):
        first, _hand, _gids = self._lost_among_others([1, 2])

        for found in ("gid://shopify/Order/1", "999999"):
            with self.assertRaises(UserError):
                self._say(first, was_done=True, found=found)

        self.assertFalse(first.shopify_binding_ids)

    def _lost_among_others(self, units):
        """A request without an answer, and fulfilments entered by hand meanwhile."""
        sale = self.imported([("SHIRT", 5)])
        self.shop.fault("reset_before", operation="fulfillmentCreate")
        picking = self.deliver(sale, SHIRT=2)
        self.run_syncs()
        for count in units:
            self.shop.merchant_fulfill(
                self.gid(sale), lines=[{"line": "SHIRT", "quantity": count}]
            )
        self.days_pass(minutes=5)
        return picking, picking, [made["id"] for made in self.fulfillments()]

    def test_no_answer_is_taken_while_the_request_may_still_arrive(self):
        first, _second = self._two_that_nobody_can_tell(minutes=0)

        with self.assertRaisesRegex(UserError, r"again at \d\d:\d\d"):
            self._say(first, was_done=False)

        self.assertEqual(len(self.picking_sync(first)._open_writes()), 1)

    def _two_that_nobody_can_tell(self, minutes=5):
        sale = self.imported([("SHIRT", 5)])
        self.shop.fault("reset_before", operation="fulfillmentCreate")
        first = self.deliver(sale, SHIRT=2)
        self.run_syncs()
        self.shop.merchant_fulfill(
            self.gid(sale), lines=[{"line": "SHIRT", "quantity": 1}]
        )
        second = self.deliver(sale)
        self.days_pass(minutes=minutes)
        (first | second)._trigger_fulfillments("test")
        self.run_syncs()
        for picking in first | second:
            self.assertEqual(
                self.picking_sync(picking).reason_code, "outcome_needs_person"
            )
        return first, second

    def _say(self, picking, was_done, found=""):
        operator = self.env["res.users"].search([("login", "=", "answerer")])
        operator = operator or new_test_user(
            self.env, "answerer", "shopify_connector.group_operator"
        )
        row = self.picking_sync(picking).with_user(operator)
        with self._own_cursors():
            row._settle_by_person(was_done, "I looked", found)

    def test_an_answer_stored_but_not_linked_is_linked_by_the_next_run(self):
        sale = self.imported([("SHIRT", 2)])
        picking = self.deliver(sale)
        self.run_syncs()
        # As if the worker had died between Shopify's answer and its own commit.
        picking.shopify_binding_ids._as_engine().unlink()

        self.again(picking)

        (made,) = self.fulfillments()
        self.assertEqual(picking.shopify_binding_ids.shopify_gid, made["id"])

    # --- helpers ---

    def units(self, fulfillment):
        """{SKU: units} of a fulfilment in Shopify."""
        rows = [
            self.shop.get_object(gid) for gid in fulfillment["fulfillmentLineItems"]
        ]
        return {
            self.shop.get_object(row["lineItem"])["sku"]: row["quantity"]
            for row in rows
        }

    def picking_sync(self, picking):
        return self.syncs(subject_type="stock.picking", subject_key=str(picking.id))

    def again(self, picking):
        picking._trigger_fulfillments("test")
        self.run_syncs()

    def assertPicking(self, picking, outcome):
        row = self.picking_sync(picking)
        self.assertEqual((row.state, row.outcome), ("done", outcome), row.reason_code)
