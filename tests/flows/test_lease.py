"""Only the living database writes to the store; a copy of it goes on hold by itself."""

import json

from odoo.addons.queue_job.exception import RetryableJobError

from .sync_case import SyncCase


class LeaseCase(SyncCase):
    def setUp(self):
        super().setUp()
        self.env["shopify.lease"]._forget_here()
        self.env["ir.config_parameter"].sudo().set_param(
            "shopify_connector.lease_interval", "0"
        )

    def lease(self):
        """What Shopify holds, as a dict."""
        return json.loads(self.metafield()["value"])

    def metafield(self):
        return self.shop.metafields[
            self.shop.app.installation_gid, self._namespace(), "lease"
        ]

    def column(self, name):
        self.env.cr.execute(
            f"SELECT {name} FROM shopify_lease WHERE backend_ref = %s",
            [self.backend.id],
        )
        return self.env.cr.fetchone()[0]

    def sync_something(self):
        mug = self.mug()
        self.read_again("products", mug["id"])
        return mug

    def assertHeld(self, mug, word):
        self.assertEqual(
            (self.backend.state, self.backend.hold_reason), ("hold", "store_on_hold")
        )
        self.assertIn(word, self.backend.hold_message)
        self.assertFalse(self.row(mug["id"]))
        self.assertFalse(self.product_link(mug))
        self.assertEqual(self.written(), {})


class TestLease(LeaseCase):
    def test_connecting_takes_it_and_both_sides_agree(self):
        lease = self.lease()

        self.assertEqual(
            lease["database"],
            self.env["ir.config_parameter"].sudo().get_param("database.uuid"),
        )
        self.assertEqual(self.column("confirmed"), lease)
        self.assertEqual(self.column("sent")[-1], lease)

    def test_each_look_moves_it_on(self):
        counter = self.lease()["counter"]

        self.assertDone(self.sync_something()["id"])

        self.assertGreater(self.lease()["counter"], counter)
        self.assertEqual(self.column("confirmed"), self.lease())

    def test_within_ten_minutes_shopify_is_not_asked_again(self):
        self.env["ir.config_parameter"].sudo().set_param(
            "shopify_connector.lease_interval", "600"
        )
        self.sync_something()
        before = len(self.shop.request_log("AppLeaseRead"))

        self.read_again("products", self.mug(sku="CUP", title="Cup")["id"])

        self.assertEqual(len(self.shop.request_log("AppLeaseRead")), before)

    def test_database_in_another_place_is_held_before_any_request(self):
        """A dump that was restored, or a clone: same UUID, another oid."""
        for column in ("database_oid", "system_identifier"):
            self.env.cr.execute(
                f"UPDATE shopify_lease SET {column} = '1' WHERE backend_ref = %s",
                [self.backend.id],
            )
            mug = self.mug(sku=column, title=column)
            before = len(self.shop.requests)

            self.read_again("products", mug["id"])

            self.assertHeld(mug, "copy")
            self.assertEqual(len(self.shop.requests), before)
            self.backend._become_live("a test")
            self.start_counting()

    def test_copy_of_a_whole_machine_is_held_by_the_lease_in_shopify(self):
        """The original has moved on since the copy was made."""
        moved = self.lease() | {"counter": 90, "nonce": "0123456789abcdef"}
        self.metafield()["value"] = json.dumps(moved, sort_keys=True)
        mug = self.mug()

        self.read_again("products", mug["id"])

        self.assertHeld(mug, "another copy")
        self.assertEqual(self.lease(), moved)

    def test_value_that_was_sent_and_whose_answer_was_lost_is_known_again(self):
        self.shop.fault("reset_after", operation="MetafieldsSet")
        with self.backend._client() as client:
            try:
                self.backend._may_work(client)
            except RetryableJobError as later:
                self.assertGreaterEqual(later.seconds, 1)
            else:
                self.fail("nobody knows yet whether we may work")
        self.assertEqual(self.backend.state, "connected")
        self.assertEqual(self.lease(), self.column("sent")[-1])
        self.assertNotEqual(self.lease(), self.column("confirmed"))

        mug = self.sync_something()

        self.assertEqual(self.backend.state, "connected")
        self.assertDone(mug["id"])
        self.assertEqual(self.column("confirmed"), self.lease())

    def test_lease_that_somebody_removed_holds_the_store(self):
        del self.shop.metafields[
            self.shop.app.installation_gid, self._namespace(), "lease"
        ]
        mug = self.mug()

        self.read_again("products", mug["id"])

        self.assertHeld(mug, "lease")

    def test_store_on_hold_writes_nothing_by_any_route(self):
        mug = self.sync_something()
        link = self.product_link(mug)
        self.backend._hold("store_on_hold", "a test")
        self.mark(mug["id"])
        self.start_counting()

        link._ask_for_marks("test")
        self.run_syncs()
        self.env["shopify.backend"]._cron_heal()
        self.env["shopify.backend"]._cron_reconcile()
        self.wake()
        self.run_syncs()

        self.assertEqual(self.written(), {})
        self.assertIsNone(self.marked(mug["id"]))

    def test_manager_takes_it_over_and_work_goes_on(self):
        moved = self.lease() | {"counter": 90, "nonce": "0123456789abcdef"}
        self.metafield()["value"] = json.dumps(moved, sort_keys=True)
        mug = self.mug()
        self.read_again("products", mug["id"])
        self.assertEqual(self.backend.state, "hold")

        self.backend._become_live("a test")
        self.run_syncs()

        self.assertEqual(self.backend.state, "connected")
        self.assertDone(mug["id"])
        self.assertGreater(self.lease()["counter"], 90)
        # Who had it before is refused from now on.
        self.assertNotEqual(self.lease()["nonce"], moved["nonce"])

    def test_store_that_was_never_connected_here_may_not_write(self):
        self.env.cr.execute(
            "DELETE FROM shopify_lease WHERE backend_ref = %s", [self.backend.id]
        )
        mug = self.mug()

        self.read_again("products", mug["id"])

        self.assertHeld(mug, "never connected")
