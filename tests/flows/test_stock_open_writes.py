"""Stock writes whose end nobody recorded, about items that are pushed no more."""

from datetime import timedelta

from odoo import fields

from .stock_case import StockCase


class TestStockOpenWrites(StockCase):
    """One write of two items lost its answer, then an item is left out."""

    def lose_answer(self, fault, **units):
        for sku, more in units.items():
            self.receive(self.products[sku], more)
        self.shop.fault(fault, operation="inventorySetQuantities")
        self.run_syncs()
        [write] = self.open_writes()
        self.assertEqual(len(write.subjects), len(units))
        self.forget_requests()

    def open_writes(self):
        return self.env["shopify.mutation"].search(
            [
                ("operation", "=", "inventory/set_quantities"),
                ("state", "in", ("intent", "unknown", "applied")),
            ]
        )

    def link_of(self, sku):
        return self.level(sku).variant_link_id

    def unlink(self, *skus):
        """Returns the IDs of the levels that went with the links."""
        gone = self.level(*skus).ids
        for sku in skus:
            self.link_of(sku)._unlink_chosen("wrong one")
        self.assertFalse(self.env["shopify.stock.level"].browse(gone).exists())
        return gone

    def wake_after(self, **time):
        """The minute cron, that much later."""
        writes = self.open_writes()
        writes.created_at -= timedelta(**time)
        self.env.flush_all()
        self.env["shopify.backend"]._cron_wake()
        self.run_syncs()

    def asked_again(self, level_ids):
        self.env.flush_all()
        self.backend._wake_open_writes()
        return self.env["shopify.trigger"].search(
            [("subject_key", "in", [str(i) for i in level_ids])]
        )

    def test_unlinked_item_ends_a_shared_write_for_the_living_one_by_reading(self):
        self.lose_answer("reset_after", SHIRT=5, SOCKS=3)
        gone = self.unlink("SHIRT")

        self.wake_after(hours=1)

        self.assertFalse(self.open_writes())
        self.assertFalse(self.asked_again(gone))
        socks = self.level("SOCKS")
        self.assertEqual(self.on_hand("SOCKS"), 103)
        self.assertEqual((socks.is_agreed, socks.agreed_on_hand), (True, 103))
        self.assertEqual(self.written(), [])

    def test_applied_write_is_agreed_for_the_living_one_when_the_gone_one_runs(self):
        """The worker died between Shopify's answer and its own commit."""
        self.lose_answer("reset_after", SHIRT=5, SOCKS=3)
        self.env["shopify.mutation"]._close(
            self.open_writes().mapped("uuid"), "applied"
        )
        self.env.invalidate_all()
        socks = self.level("SOCKS")
        self.assertEqual(socks.agreed_on_hand, 100)
        [gone] = self.unlink("SHIRT")

        self.env["shopify.stock.level"]._insert_triggers(
            self.backend, [gone], "reconcile"
        )
        self.run_syncs()

        self.assertEqual(socks.agreed_on_hand, 103)
        self.assertFalse(self.open_writes())

    def test_write_that_may_still_arrive_stays_open_for_the_living_one(self):
        self.lose_answer("reset_before", SHIRT=5, SOCKS=3)
        [gone] = self.unlink("SHIRT")

        self.env["shopify.stock.level"]._insert_triggers(
            self.backend, [gone], "reconcile"
        )
        self.run_syncs()

        self.assertEqual(len(self.open_writes()), 1)
        self.assertEqual(self.level("SOCKS").agreed_on_hand, 100)
        self.assertLevel("SOCKS", "outcome_unknown")
        self.days_pass(minutes=5)
        self.push("SOCKS")
        self.assertFalse(self.open_writes())
        self.assertEqual(self.on_hand("SOCKS"), 103)
        self.assertEqual(self.level("SOCKS").agreed_on_hand, 103)

    def test_write_about_unlinked_items_only_is_set_aside_at_once(self):
        self.lose_answer("reset_before", SHIRT=5)
        gone = self.unlink("SHIRT")

        self.wake_after(hours=1)

        self.assertFalse(self.open_writes())
        self.assertFalse(self.asked_again(gone))
        self.assertEqual(self.written(), [])

    def test_item_that_shopify_counts_no_more_is_settled_by_reading(self):
        self.lose_answer("reset_after", SHIRT=5)
        self.link_of("SHIRT")._as_engine().tracked = False
        ids = self.level("SHIRT").ids

        self.wake_after(hours=1)

        self.assertFalse(self.open_writes())
        self.assertFalse(self.asked_again(ids))
        self.assertEqual(self.level("SHIRT").agreed_on_hand, 105)
        self.assertLevelDone("SHIRT", "excluded")

    def test_item_that_is_gone_in_shopify_is_settled_after_the_wait(self):
        self.lose_answer("reset_after", SHIRT=5)
        self.shop.delete_product(
            self.shop.get_object(self.variants["SHIRT"])["product"]
        )
        self.link_of("SHIRT")._as_engine().gone_at = fields.Datetime.now()

        self.wake_after(hours=1)

        self.assertFalse(self.open_writes())
        self.assertLevelDone("SHIRT", "excluded")

    def test_item_without_an_inventory_item_is_not_read(self):
        self.lose_answer("reset_after", SHIRT=5)
        self.link_of("SHIRT")._as_engine().write(
            {"inventory_item_gid": False, "tracked": False}
        )

        self.wake_after(hours=1)

        self.assertFalse(self.open_writes())
        self.assertLevelDone("SHIRT", "excluded")
