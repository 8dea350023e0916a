"""Reasons of the catalogue that no other flow test reaches, each through a real flow.
`four_answers` checks what is stored; `reasons_reached` has the whole list."""

import json
from threading import Thread
from unittest.mock import patch

from odoo import Command
from odoo.tests import new_test_user

from odoo.addons.sale.models.sale_order import SaleOrder

from ...core.exports import OPTIONS, VARIANTS
from ...models.stock_push import PASSES
from ..emulator import cost
from .stock_case import StockCase
from .sync_case import SyncCase
from .test_copy import CopyHelpers
from .test_create_there import CreateCase
from .test_lease import LeaseCase
from .test_marks import MarkCase


class ReasonHelpers:
    def set_parameter(self, name, value):
        self.env["ir.config_parameter"].sudo().set_param(
            f"shopify_connector.{name}", value
        )

    def assertPaused(self, code, flows=None):
        """Each of these flows rests for this reason, and says so plainly."""
        for flow in flows or self.backend.flow_ids:
            self.assertEqual(flow.paused_reason, code)
            self.assert_store_answers(code, flow.paused_message)

    def assertHeld(self, code):
        self.assertEqual((self.backend.state, self.backend.hold_reason), ("hold", code))
        self.assert_store_answers(code, self.backend.hold_message)


class TestConnectionReasons(ReasonHelpers, SyncCase):
    def test_shop_that_is_out_of_reach_is_tried_again(self):
        self.set_parameter("read_timeout", "0.5")
        order = self.order([("SHIRT", 1)])
        self.shop.fault("timeout_before", operation="OrdersImport", seconds=1.0)

        self.sync(order)

        row = self.row(order["id"])
        self.assertEqual((row.state, row.reason_code), ("waiting", "network_timeout"))
        self.time_passes(row)
        self.wake()
        self.run_syncs()
        self.assertDone(order["id"])

    def test_what_was_held_up_is_not_sent(self):
        order = self.order([("SHIRT", 1)])
        self.set_parameter("intent_max_age", "-1")

        self.sync(order)

        row = self.row(order["id"], "mark")
        self.assertEqual((row.state, row.reason_code), ("waiting", "not_sent"))
        self.assertIsNone(self.marked(order["id"]))

    def test_shop_that_answers_in_another_version(self):
        order = self.order([("SHIRT", 1)])
        self.shop.fault("version", times=None)

        self.sync(order)

        row = self.row(order["id"], "mark")
        self.assertEqual(
            (row.state, row.reason_code), ("review", "api_version_changed")
        )
        self.assertIn("2027-01", row.message)
        self.assertIsNone(self.marked(order["id"]))

    def test_shop_that_is_frozen(self):
        order = self.order([("SHIRT", 1)])
        self.addCleanup(self.shop.switch, shop_status=200)
        self.shop.switch(shop_status=402)

        self.sync(order)

        row = self.assertReview(order["id"], "store_unreachable")
        self.assertIn(self.backend.shop_domain, row.message)

    def test_request_larger_than_shopify_allows(self):
        order = self.order([("SHIRT", 1)])
        with patch.object(cost, "MAXIMUM", 20):
            self.sync(order)

        self.assertReview(order["id"], "request_too_expensive")
        self.assertNoOrder(order)

    def test_sync_user_without_the_company(self):
        order = self.order([("SHIRT", 1)])
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.backend.sync_user_id = new_test_user(
            self.env,
            "elsewhere",
            "shopify_connector.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )

        self.sync(order)

        self.assertPaused("company_access_missing")
        self.assertFalse(self.row(order["id"]))

    def test_sync_user_who_may_not_make_orders(self):
        order = self.order([("SHIRT", 1)])
        may_not = new_test_user(
            self.env,
            "weak",
            "shopify_connector.group_manager,sales_team.group_sale_salesman,"
            "base.group_partner_manager",
        )
        access = self.env["ir.model.access"].search(
            [("model_id.model", "=", "sale.order"), ("perm_create", "=", True)]
        )
        access.perm_create = False
        self.backend.sync_user_id = may_not

        self.sync(order)

        row = self.assertReview(order["id"], "odoo_access_missing")
        self.assertIn("may not create Sales Order", row.message)
        self.assertNoOrder(order)

    def test_app_that_was_removed(self):
        self.shop.uninstall_app()
        self.addCleanup(self.shop.reinstall_app)

        self.backend._enqueue_check()
        self.run_syncs()

        self.assertHeld("app_uninstalled")

    def test_field_of_the_ids_that_was_altered(self):
        altered = self.shop.definitions["ORDER", self._namespace(), "id"]
        altered.update(_type="single_line_text_field")
        altered["type"] = altered["type"] | {"name": "single_line_text_field"}

        self.env["shopify.backend"]._cron_heal()
        self.env.invalidate_all()

        self.assertPaused("mark_definition_altered")

    def test_webhook_that_cannot_be_read(self):
        status = self.backend._take_webhook("ORDERS_UPDATED", b"not json", "delivery")

        self.assertEqual(status, 400)
        event = self.env["shopify.event"].search(
            [
                ("backend_id", "=", self.backend.id),
                ("outcome", "=", "webhook_malformed"),
            ]
        )
        self.assertIn("finds the same change", event.message)
        self.assert_store_answers("webhook_malformed", event.message)


class TestLeaseReasons(ReasonHelpers, LeaseCase):
    def test_store_that_another_database_took(self):
        moved = self.lease() | {"counter": 90, "nonce": "0123456789abcdef"}
        self.metafield()["value"] = json.dumps(moved, sort_keys=True)

        self.read_again("products", self.mug()["id"])

        ReasonHelpers.assertHeld(self, "store_on_hold")


class TestRestoredReasons(ReasonHelpers, CopyHelpers, SyncCase):
    def test_restored_backup_rests(self):
        self.hold()

        self.become_live(origin="backup", rebuild=False)
        self.run_syncs()

        self.assertPaused("links_not_rebuilt")


class TestEngineReasons(SyncCase):
    def test_unknown_error_is_plain_for_users_and_whole_for_support(self):
        order = self.order([("SHIRT", 1)])

        def broken(_orders):
            raise KeyError("loyalty_card")

        with patch.object(SaleOrder, "action_confirm", broken):
            self.sync(order)

        row = self.assertReview(order["id"], "defect")
        looker = new_test_user(self.env, "looker", "shopify_connector.group_user")
        operator = new_test_user(self.env, "solver", "shopify_connector.group_operator")
        read = row.with_user(looker)
        self.assertIn("an error that the connector doesn't know", read.message)
        for text in (read.message, read.headline, read.support_text, read.comparison):
            self.assertNotIn("Traceback", text)
            self.assertNotIn("File ", text)
        self.assertNotIn("traceback", read.read()[0])
        self.assertIn("KeyError: 'loyalty_card'", row.with_user(operator).traceback)
        self.assertIn("in broken", row.with_user(operator).support_text)
        events = self.events(order["id"])
        self.assertNotIn("Traceback", str(events.mapped("message")))
        self.assertNotIn("Traceback", str(events.sudo().mapped("reason_params")))

    def test_link_that_an_index_refuses_each_time(self):
        order = self.order([("SHIRT", 1)])
        claims = self.env["shopify.claim"]
        for _time in range(3):
            batch = claims._note(self.backend, "records", [f"in/Order/{order['id']}"])
            claims._refused(batch, "shopify_sale_order_gid_uniq")

        self.sync(order)

        self.assertReview(order["id"], "link_taken")
        self.assertNoOrder(order)


class TestMarkReasons(MarkCase):
    def test_mark_that_reads_otherwise_than_written(self):
        order = self.order([("SHIRT", 1)])
        gate = self.shop.hold("MetafieldsSet", point="after")

        def overwrite():
            gate.wait_reached(10)
            self.mark(order["id"], "4711", self.proof(order["id"]))
            gate.release()

        thread = Thread(target=overwrite)
        thread.start()
        self.addCleanup(thread.join)

        self.sync(order)

        row = self.row(order["id"], "mark")
        self.assertEqual((row.state, row.reason_code), ("review", "mark_overwritten"))
        self.assertIn("reads 4711", row.message)


class TestOrderReasons(SyncCase):
    def test_order_in_a_currency_that_odoo_has_off(self):
        self.backend.money = "presentment"
        self.shop.presentment_rates.update(NOK="9.00")
        currencies = self.env["res.currency"].with_context(active_test=False)
        currencies.search([("name", "=", "NOK")]).active = False
        order = self.order([("SHIRT", 1)], presentment_currency="NOK")

        self.sync(order)

        self.assertReview(order["id"], "currency_inactive")
        self.assertNoOrder(order)

    def test_shipping_without_a_product(self):
        self.backend.delivery_carrier_id = False
        order = self.order(
            [("SHIRT", 1)], shipping=[{"title": "Express post", "price": "5.00"}]
        )

        self.sync(order)

        row = self.assertReview(order["id"], "delivery_product_missing")
        self.assertIn("Express post", row.message)
        self.assertNoOrder(order)

    def test_duties_without_a_product(self):
        self.backend.duty_product_id = False
        order = self.order(
            [{"variant": "SHIRT", "quantity": 1, "duties": [{"price": "3.00"}]}]
        )

        self.sync(order)

        row = self.assertReview(order["id"], "fee_product_missing")
        self.assertIn("duties of", row.message)
        self.assertNoOrder(order)


class TestStockReasons(StockCase):
    def test_item_that_shopify_does_not_track(self):
        self.shop.edit_variant(self.variants["SHIRT"], tracked=False)
        self.receive(self.products["SHIRT"], 5)

        self.push("SHIRT")

        self.assertLevel("SHIRT", "stock_not_tracked")

    def test_stock_that_changes_at_every_try(self):
        gates = [self.shop.hold("inventorySetQuantities")]

        def count_each_time():
            for number in range(PASSES):
                gates[number].wait_reached(20)
                self.shop.set_stock(
                    self.variants["SHIRT"], self.place.shopify_gid, 101 + number
                )
                gates.append(self.shop.hold("inventorySetQuantities"))
                gates[number].release()
            gates[-1].release()

        thread = Thread(target=count_each_time)
        thread.start()
        self.addCleanup(thread.join)
        self.receive(self.products["SHIRT"], 5)

        self.push("SHIRT")

        row = self.level_sync("SHIRT")
        self.assertEqual(
            (row.state, row.reason_code), ("waiting", "stock_changed_meanwhile")
        )

    def picking_stop(self, picking):
        row = self.syncs(subject_type="stock.picking", subject_key=str(picking.id))
        self.assertEqual(row.state, "review")
        self.assertEqual(self.fulfillments(), [])
        return row.reason_code

    def test_delivery_of_more_than_shopify_has_open(self):
        order = self.order([("SHIRT", 2)])
        self.sync(order)
        self.shop.edit_order(
            order["id"], remove=[{"line": order["lineItems"][0], "quantity": 1}]
        )

        picking = self.deliver(self.sale_order(order))
        self.run_syncs()

        self.assertEqual(self.picking_stop(picking), "fulfillment_mismatch")

    def test_order_that_a_service_fulfils(self):
        sale = self.imported([("SHIRT", 2)])
        service = {
            "id": self.shop.new_gid("FulfillmentService"),
            "serviceName": "Parcel Partner",
        }
        place = self.shop.create_location("Partner", fulfillmentService=service)
        (entry,) = self.shop.of_type("FulfillmentOrder")
        self.shop.move_fulfillment_order(entry["id"], place["id"])

        picking = self.deliver(sale)
        self.run_syncs()

        self.assertEqual(self.picking_stop(picking), "fulfillment_third_party")


class TestExportReasons(CreateCase):
    def template(self, *attributes, create_variant="always", **values):
        """A product with these attributes, each a list of values."""
        lines = []
        for number, names in enumerate(attributes):
            attribute = self.env["product.attribute"].create(
                {
                    "name": f"Attribute {number}",
                    "create_variant": create_variant,
                    "value_ids": [Command.create({"name": name}) for name in names],
                }
            )
            lines.append(
                Command.create(
                    {
                        "attribute_id": attribute.id,
                        "value_ids": [Command.set(attribute.value_ids.ids)],
                    }
                )
            )
        return self.env["product.template"].create(
            {"name": "Cup", "attribute_line_ids": lines, **values}
        )

    def assertStops(self, template, code):
        self.make(template)
        self.assertEqual(self.end(template), ("review", code))
        self.assertEqual(self.written(), {})

    def test_more_variants_than_are_made_together(self):
        sizes = [str(size) for size in range(VARIANTS // 10 + 1)]
        cup = self.template(sizes, [f"c{number}" for number in range(10)])

        self.assertStops(cup, "export_too_many_variants")

    def test_more_attributes_than_shopify_holds(self):
        cup = self.template(*[["a", "b"]] * (OPTIONS + 1))

        self.assertStops(cup, "export_too_many_options")

    def test_attribute_that_makes_no_variants(self):
        cup = self.template(["a", "b"], create_variant="no_variant")

        self.assertStops(cup, "export_attribute")

    def test_values_that_read_alike(self):
        self.assertStops(self.template(["Red", "red"]), "export_values_alike")

    def test_combo_has_no_counterpart(self):
        combo = self.env["product.combo"].create(
            {
                "name": "Drinks",
                "combo_item_ids": [
                    Command.create({"product_id": self.odoo_product("CUP").id})
                ],
            }
        )
        menu = self.template(type="combo", combo_ids=[Command.set(combo.ids)])

        self.assertStops(menu, "export_kind")
