"""A failed export leaves a row in review, and its retry does that very export.

What the export had written is rolled back with it; the row must not be.
"""

from unittest.mock import patch

from odoo.addons.stock_delivery.models.stock_picking import StockPicking

from .stock_case import StockCase
from .sync_case import SyncHelpers


class ExportCase(SyncHelpers, StockCase):
    def setUp(self):
        super().setUp()
        self.granted = sorted(self.shop.app.scopes)

    def without_scope(self, word):
        self.addCleanup(self.shop.set_scopes, self.granted)
        self.shop.set_scopes([scope for scope in self.granted if word not in scope])

    def fulfillments(self):
        return self.shop.of_type("Fulfillment")

    def sent(self, mutation):
        return list(self.shop.mutations_applied).count(mutation)

    def picking_row(self, picking):
        return self.syncs(subject_type="stock.picking", subject_key=str(picking.id))

    def assertStops(self, row, code):
        self.assertEqual((row.state, row.reason_code), ("review", code))
        self.assertTrue(row.message)

    def break_database(self, table):
        """The database refuses new rows of a table, as a full disk would."""
        self.env.flush_all()
        self.env.cr.execute(
            "CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no space left'; END $$"
        )
        self.env.cr.execute(
            f"CREATE TRIGGER test_refuse BEFORE INSERT ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION test_refuse()"
        )

    def mend_database(self, table):
        self.env.cr.execute(f"DROP TRIGGER test_refuse ON {table}")


class TestFulfilmentFails(ExportCase):
    def test_refused_by_shopify_and_done_by_the_retry(self):
        sale = self.imported([("SHIRT", 2)])
        self.without_scope("write_merchant_managed_fulfillment_orders")
        picking = self.deliver(sale)
        self.run_syncs()

        row = self.picking_row(picking)
        self.assertStops(row, "scope_missing")
        self.assertIn(picking.name, row.message)
        self.assertEqual(self.fulfillments(), [])
        self.assertFalse(picking.shopify_binding_ids)
        self.assertEqual(picking.state, "done")

        self.shop.set_scopes(self.granted)
        self.flow("fulfilments").action_resume()
        row.action_retry()
        self.run_syncs()

        self.assertEqual((row.state, row.outcome), ("done", "synced"))
        [made] = self.fulfillments()
        self.assertEqual(picking.shopify_binding_ids.shopify_gid, made["id"])

    def test_error_of_another_module_stops_one_delivery_and_the_rest_goes(self):
        sales = [self.imported([("SHIRT", 1)]) for _number in range(3)]
        pickings = [sale.picking_ids for sale in sales]
        bad = pickings[1]
        compute = StockPicking._compute_carrier_tracking_url

        def broken(records):
            if bad.id in records.ids:
                raise KeyError("carrier_settings")
            return compute(records)

        with patch.object(StockPicking, "_compute_carrier_tracking_url", broken):
            for sale in sales:
                self.deliver(sale)
            self.run_syncs()

        row = self.picking_row(bad)
        self.assertStops(row, "defect")
        self.assertIn("KeyError: 'carrier_settings'", row.traceback)
        self.assertEqual(len(self.fulfillments()), 2)
        self.assertFalse(bad.shopify_binding_ids)

        row.action_retry()
        self.run_syncs()

        self.assertEqual((row.state, row.outcome), ("done", "synced"))
        self.assertEqual(len(self.fulfillments()), 3)
        self.assertEqual(len(bad.shopify_binding_ids), 1)

    def test_link_that_could_not_be_written_is_written_by_the_retry(self):
        """Shopify has the fulfilment, and our own rows about it were rolled back."""
        sale = self.imported([("SHIRT", 2)])
        self.break_database("shopify_stock_picking")
        picking = self.deliver(sale)
        self.run_syncs()

        row = self.picking_row(picking)
        self.assertStops(row, "defect")
        self.assertIn("no space left", row.traceback)
        self.assertEqual(len(self.fulfillments()), 1)
        self.assertFalse(picking.shopify_binding_ids)

        self.mend_database("shopify_stock_picking")
        row.action_retry()
        self.run_syncs()

        self.assertEqual(row.state, "done")
        [made] = self.fulfillments()
        self.assertEqual(picking.shopify_binding_ids.shopify_gid, made["id"])
        self.assertEqual(self.sent("fulfillmentCreate"), 1)

    def test_failed_twice_still_waits_for_its_retry(self):
        sale = self.imported([("SHIRT", 2)])
        self.shop.hold_fulfillment_order(
            self.shop.of_type("FulfillmentOrder")[-1]["id"]
        )
        picking = self.deliver(sale)
        self.run_syncs()
        row = self.picking_row(picking)
        first = row.reason_code
        self.assertEqual(row.state, "review")

        row.action_retry()
        self.run_syncs()

        self.assertEqual((row.state, row.reason_code), ("review", first))
        self.assertEqual(row.attempt_count, 2)
        self.shop.release_fulfillment_order(
            self.shop.of_type("FulfillmentOrder")[-1]["id"]
        )
        row.action_retry()
        self.run_syncs()
        self.assertEqual((row.state, row.outcome), ("done", "synced"))
        self.assertEqual(self.sent("fulfillmentCreate"), 1)

    def test_delivery_that_was_taken_back_exports_nothing(self):
        sale = self.imported([("SHIRT", 2)])
        try:
            with self.env.cr.savepoint():
                self.deliver(sale)
                raise ZeroDivisionError
        except ZeroDivisionError:
            self.env.invalidate_all()

        self.run_syncs()

        self.assertFalse(self.picking_row(sale.picking_ids))
        self.assertEqual(self.fulfillments(), [])


class TestStockFails(ExportCase):
    def test_refused_by_shopify_and_pushed_by_the_retry(self):
        self.without_scope("write_inventory")
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()

        row = self.level_sync("SHIRT")
        self.assertStops(row, "scope_missing")
        self.assertEqual(self.on_hand("SHIRT"), 100)

        self.shop.set_scopes(self.granted)
        self.flow("stock").action_resume()
        row.action_retry()
        self.run_syncs()

        self.assertEqual((row.state, row.outcome), ("done", "synced"))
        self.assertEqual(self.on_hand("SHIRT"), 105)
        self.assertEqual(self.sent("inventorySetQuantities"), 1)

    def test_closed_by_a_person_is_left_by_the_nightly_comparison(self):
        self.without_scope("write_inventory")
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()
        self.shop.set_scopes(self.granted)
        self.flow("stock").action_resume()
        row = self.level_sync("SHIRT")
        row.action_close("Counted by hand")

        self.env["shopify.stock.level"]._trigger_all(self.backend, "nightly")
        self.run_syncs()

        self.assertEqual(row.state, "cancelled")
        self.assertEqual(self.on_hand("SHIRT"), 100)

        self.receive(self.products["SHIRT"], 1)
        self.run_syncs()

        self.assertEqual((row.state, row.outcome), ("done", "synced"))
        self.assertEqual(self.on_hand("SHIRT"), 106)

    def test_bookkeeping_that_was_rolled_back_is_settled_by_the_retry(self):
        self.env.flush_all()
        self.env.cr.execute(
            "ALTER TABLE shopify_stock_level ADD CONSTRAINT test_refuse"
            " CHECK (agreed_on_hand IS DISTINCT FROM 105)"
        )
        self.receive(self.products["SHIRT"], 5)
        self.run_syncs()

        row = self.level_sync("SHIRT")
        self.assertStops(row, "defect")
        self.assertEqual(self.on_hand("SHIRT"), 105)

        self.env.cr.execute(
            "ALTER TABLE shopify_stock_level DROP CONSTRAINT test_refuse"
        )
        row.action_retry()
        self.run_syncs()

        self.assertEqual(row.state, "done")
        self.assertEqual(self.on_hand("SHIRT"), 105)
        self.assertEqual(self.sent("inventorySetQuantities"), 1)
