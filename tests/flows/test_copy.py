"""A manager says which database is live; a copy reads, and writes nothing."""

import json
from pathlib import Path

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user
from odoo.tools import file_path

from odoo.addons.shopify_connector.api import operations
from odoo.addons.shopify_connector.api.errors import ReadOnlyError, ShopifyError

from ..common import ShopifyCase
from .stock_case import StockCase
from .sync_case import SyncCase, SyncHelpers
from .test_rebuild import RebuildCase

MANAGER = "shopify_connector.group_manager"


class CopyHelpers:
    """Mixed into a case that has a connected store."""

    def hold(self):
        self.backend._hold("store_on_hold", "a test")

    def remote(self):
        """All that is in Shopify, and each mutation that it ever carried out."""
        return self.shop.snapshot(), list(self.shop.mutations_applied)

    def moved_on(self, **values):
        """Another database wrote to the store since."""
        field = self.shop.metafields[
            self.shop.app.installation_gid,
            f"app--{self.shop.app.number}--odoo",
            "lease",
        ]
        value = json.loads(field["value"]) | {"counter": 90, "nonce": "f" * 16} | values
        field["value"] = json.dumps(value, sort_keys=True)
        return value

    def lives_elsewhere(self):
        self.env.cr.execute(
            "UPDATE shopify_lease SET database_oid = '1' WHERE backend_ref = %s",
            [self.backend.id],
        )

    def wizard(self, **values):
        wizard = self.env["shopify.copy.wizard"]
        return wizard.create({"backend_id": self.backend.id, **values})

    def become_copy(self, reads=True):
        self.hold()
        self.wizard(answer="copy", copy_reads=reads).action_apply()

    def become_live(self, **values):
        values = {"reason": "moved", "typed_name": self.backend.name} | values
        return self.wizard(answer="live", **values).action_apply()

    def store_events(self, outcome):
        return self.env["shopify.event"].search(
            [("backend_id", "=", self.backend.id), ("outcome", "=", outcome)]
        )

    def simulated(self, operation=None):
        domain = [("backend_ref", "=", self.backend.id), ("state", "=", "simulated")]
        if operation:
            domain.append(("operation", "=", operation))
        return self.env["shopify.mutation"].search(domain, order="id")


class TestWhichIsLive(CopyHelpers, SyncCase):
    # --- what is said ---

    def test_wizard_says_that_the_database_lives_elsewhere(self):
        self.lives_elsewhere()
        self.hold()

        wizard = self.wizard()

        self.assertIn("lives in another place", wizard.signs)
        self.assertIn("was this one", wizard.signs)
        self.assertIn("On hold since", wizard.signs)
        self.assertEqual(wizard.origin, "moved")

    def test_wizard_says_who_wrote_when_and_how_far_each_is(self):
        ours = self.env["shopify.lease"]._signs(self.backend, None)["ours"]
        self.moved_on()
        self.hold()

        wizard = self.wizard()

        self.assertIn("Another database wrote to the store at", wizard.signs)
        self.assertIn(f"number 90, the last of this one number {ours}.", wizard.signs)
        self.assertIn("lives where it did", wizard.signs)
        self.assertEqual(wizard.origin, "backup")

    def test_wizard_opens_and_says_so_when_shopify_cant_be_asked(self):
        self.hold()
        self.shop.fault("status_before", operation="AppLeaseRead", times=5)

        wizard = self.wizard()

        self.assertIn("could not be asked", wizard.signs)

    def test_opening_the_wizard_changes_nothing_in_shopify(self):
        self.lives_elsewhere()
        self.hold()
        before = self.remote()

        self.assertTrue(self.wizard().signs)

        self.assertEqual(self.remote(), before)

    # --- it is the live one ---

    def test_live_needs_a_reason_and_the_stores_name(self):
        self.hold()
        lease = self.remote()
        for values in ({"reason": " "}, {"typed_name": "another"}):
            with self.assertRaises(UserError):
                self.become_live(**values)

            self.assertEqual(self.backend.state, "hold")
        self.assertEqual(self.remote(), lease)

    def test_live_takes_the_lease_and_goes_on(self):
        found = self.moved_on()
        self.hold()
        mug = self.mug()
        self.ask("products", mug["id"])

        self.become_live(origin="moved")
        self.run_syncs()

        self.assertEqual(self.backend.state, "connected")
        self.assertFalse(self.backend.hold_message)
        signs = self.env["shopify.lease"]._signs(self.backend, self.backend._client())
        self.assertTrue(signs["is_ours"])
        self.assertGreater(signs["found"]["counter"], found["counter"])
        self.assertDone(mug["id"])
        self.assertIn("moved", self.store_events("lease taken").message)

    def test_live_while_shopify_is_down_leaves_the_store_on_hold(self):
        self.hold()
        self.shop.fault("status_before", operation="MetafieldsSet", times=5)

        with self.assertRaises(ShopifyError), self.env.cr.savepoint():
            self.become_live()

        self.backend.invalidate_recordset()
        self.assertEqual(self.backend.state, "hold")

    def test_restored_backup_waits_until_its_links_are_rebuilt(self):
        self.hold()
        mug = self.mug()
        self.ask("products", mug["id"])

        self.become_live(origin="backup", rebuild=False)
        self.run_syncs()
        self.wake()
        self.run_syncs()

        self.assertEqual(self.backend.state, "connected")
        self.assertTrue(self.backend.waits_for_rebuild)
        self.assertFalse(self.product_link(mug))
        with self.assertRaises(UserError):
            self.backend.flow_ids.action_resume()
        with self.assertRaises(UserError):
            self.backend._skip_rebuild(" ")

        self.backend._skip_rebuild("nothing was linked since")
        self.run_syncs()

        self.assertFalse(self.backend.waits_for_rebuild)
        self.assertTrue(self.product_link(mug))
        self.assertIn("nothing was", self.store_events("rebuild skipped").message)

    def test_restored_backup_pauses_flows_that_were_paused_for_something_else(self):
        self.flow("orders").write(
            {"paused_at": "2026-01-01", "paused_reason": "sign_in_failed"}
        )
        self.hold()

        self.become_live(origin="backup", rebuild=False)

        reasons = set(self.backend.flow_ids.mapped("paused_reason"))
        self.assertEqual(reasons, {"links_not_rebuilt"})

    # --- it is a copy ---

    def test_sync_of_a_copy_reads_and_changes_nothing_in_shopify(self):
        mug = self.mug()
        self.become_copy()
        before = self.remote()

        self.backend.action_sync_now()
        self.env["shopify.backend"]._cron_heal()
        self.env["shopify.backend"]._cron_reconcile()
        self.env["shopify.backend"]._cron_check()
        self.env["shopify.backend"]._cron_compare_linked()
        self.wake()
        self.run_syncs()

        self.assertEqual(self.remote(), before)
        self.assertEqual(self.written(), {})
        self.assertDone(mug["id"])
        link = self.product_link(mug)
        self.assertEqual(link.odoo_id.name, "Mug")
        self.assertFalse(link.verified_at)
        row = self.assertDone(mug["id"], "simulated", "mark")
        self.assertEqual(row.status, "simulated")
        self.assertIn(str(link.odoo_id.id), row.note)
        event = self.events(mug["id"], "mark")[-1]
        self.assertEqual(event.outcome, "simulated")
        self.assertEqual(
            event.changes, [["Odoo ID in Shopify", None, str(link.odoo_id.id)]]
        )
        self.assertTrue(self.simulated("metafields/set"))
        self.assertFalse(
            self.env["shopify.mutation"].search([("state", "=", "intent")])
        )

    def test_copy_that_does_not_read_sends_no_request(self):
        mug = self.mug()
        self.become_copy(reads=False)
        sent = len(self.shop.requests)

        self.ask("products", mug["id"])
        self.env["shopify.backend"]._cron_heal()
        self.env["shopify.backend"]._cron_reconcile()
        self.env["shopify.backend"]._cron_check()
        self.wake()
        self.run_syncs()

        self.assertEqual(len(self.shop.requests), sent)
        self.assertFalse(self.product_link(mug))

    def test_reading_is_switched_by_the_same_wizard(self):
        mug = self.mug()
        self.become_copy(reads=False)
        self.ask("products", mug["id"])

        self.wizard(answer="copy", copy_reads=True).action_apply()
        self.run_syncs()

        self.assertTrue(self.product_link(mug))
        self.assertEqual(len(self.store_events("copy")), 2)

    def test_no_mutation_leaves_a_copy_by_any_door(self):
        self.become_copy()
        before = self.remote()
        sent = len(self.shop.requests)
        book = self.env["shopify.mutation"]
        with self.backend._client() as client:
            for name in operations.mutations():
                with self.assertRaises(ReadOnlyError):
                    client.execute(name, {"idempotencyKey": "1"})
                # Not by assertRaises, whose savepoint would undo the note.
                try:
                    book._perform(self.backend, client, name, {}, [f"test/{name}"])
                except ReadOnlyError:
                    continue
                self.fail(f"{name} was sent")
            with self.assertRaises(ReadOnlyError):
                client.reserve("metafields/set")
            with self.assertRaises(ReadOnlyError):
                self.env["shopify.lease"]._take(self.backend, client)

        # Only the lease was read.
        self.assertLessEqual(len(self.shop.requests) - sent, 2)
        self.assertEqual(self.remote(), before)
        self.assertEqual(
            self.simulated().mapped("operation"), list(operations.mutations())
        )

    def test_worker_that_began_before_the_store_became_a_copy_sends_nothing(self):
        mug = self.mug()
        self.read_again("products", mug["id"])
        link = self.product_link(mug)
        with self.backend._client() as client:
            # Behind the back of the running worker's cache and client.
            self.env.cr.execute(
                "UPDATE shopify_backend SET state = 'copy' WHERE id = %s",
                [self.backend.id],
            )
            before = self.remote()
            with self.assertRaises(ReadOnlyError):
                self.env["shopify.mutation"]._perform(
                    self.backend, client, "metafields/set", {"metafields": []}, ["x"]
                )
        self.assertEqual(self.remote(), before)
        self.assertTrue(link.verified_at)

    def test_copy_does_not_ask_shopify_for_a_file_of_the_whole_store(self):
        scan = self.backend._scan()
        self.become_copy()
        sent = len(self.shop.requests)

        with self.assertRaisesRegex(UserError, "is a copy"):
            self.backend._scan()
        self.env["shopify.backend"]._cron_audit()
        self.jobs_come_due()
        self.run_syncs()

        self.assertEqual(scan.state, "cancelled")
        self.assertFalse(
            [r for r in list(self.shop.requests)[sent:] if "ulk" in r.operation]
        )
        self.assertFalse(self.store_events("schedule failed"))

    def test_copy_is_not_connected_again_by_another_route(self):
        self.become_copy()
        manager = new_test_user(self.env, "copy manager", groups=MANAGER)
        store = self.backend.with_user(manager)

        for act in (
            store.action_connect,
            lambda: store.write({"state": "connected"}),
            lambda: store.write({"copy_reads": False}),
        ):
            with self.assertRaises(UserError):
                act()

        self.backend._hold("app_uninstalled", "removed")
        self.assertEqual(self.backend.state, "copy")

    def test_store_on_hold_as_a_copy_is_not_connected_again_past_the_question(self):
        self.hold()

        with self.assertRaisesRegex(UserError, "which one is live"):
            self.backend.action_connect()

        self.assertEqual(self.backend.state, "hold")

    def test_copy_becomes_live_and_writes_what_it_simulated(self):
        mug = self.mug()
        self.become_copy()
        self.ask("products", mug["id"])
        self.run_syncs()
        self.assertIsNone(self.marked(mug["id"]))

        self.become_live()
        self.run_syncs()

        self.assertEqual(self.backend.state, "connected")
        self.assertEqual(self.marked(mug["id"]), str(self.product_link(mug).odoo_id.id))
        self.assertDone(mug["id"], "synced", "mark")

    def test_copy_with_a_new_database_id_reads_what_is_linked_and_can_become_live(self):
        """Odoo's database manager renews `database.uuid` of what is called a copy."""
        mug = self.mug()
        self.read_again("products", mug["id"])
        self.env["ir.config_parameter"].sudo().set_param("database.uuid", "renewed")
        self.become_copy()
        self.shop.edit_product(mug["id"], title="Large mug")

        self.read_again("products", mug["id"])
        self.read_again("products", mug["id"], direction="mark")

        self.assertEqual(self.row(mug["id"]).state, "done")
        self.assertDone(mug["id"], "simulated", "mark")
        self.become_live()
        self.run_syncs()
        self.assertDone(mug["id"], "synced", "mark")
        self.assertEqual(self.proof(mug["id"])["database"], "renewed")

    def test_lists_tell_a_copy_by_its_name(self):
        self.become_copy()

        self.assertEqual(self.backend.display_name, f"{self.backend.name} (copy)")

    # --- roles ---

    def test_only_a_manager_says_which_is_live(self):
        self.hold()
        before = self.remote()
        for role in ("group_user", "group_operator"):
            user = new_test_user(
                self.env, f"copy {role}", groups=f"shopify_connector.{role}"
            )
            store = self.backend.with_user(user)
            for act in (
                store.action_copy_wizard,
                store.action_rebuild_or_skip,
                lambda store=store: store._become_live("mine"),
                lambda store=store: store._become_copy(True),
                lambda store=store: store._skip_rebuild("no"),
                lambda user=user: (
                    self.env["shopify.copy.wizard"]
                    .with_user(user)
                    .create({"backend_id": self.backend.id})
                ),
            ):
                with self.assertRaises(AccessError):
                    act()

        self.assertEqual(self.backend.state, "hold")
        self.assertEqual(self.remote(), before)

    def test_manager_does_it_by_the_form(self):
        self.hold()
        manager = new_test_user(self.env, "copy manager", groups=MANAGER)
        action = self.backend.with_user(manager).action_copy_wizard()
        wizard = self.env["shopify.copy.wizard"].with_user(manager)

        with Form(wizard.with_context(**action["context"])) as form:
            self.assertIn("lives where it did", form.signs)
            form.answer = "live"
            form.reason = "restarted"
            form.typed_name = self.backend.name
        form.record.action_apply()

        self.assertEqual(self.backend.state, "connected")
        self.assertEqual(self.store_events("lease taken").caused_by_id, manager)

    def test_store_at_work_is_not_asked(self):
        for act in (
            lambda: self.backend._become_live("no"),
            lambda: self.backend._become_copy(True),
        ):
            with self.assertRaises(UserError):
                act()
        self.assertEqual(self.backend.state, "connected")


class TestRestoredBackup(CopyHelpers, RebuildCase):
    def test_links_made_since_the_backup_come_back_before_anything_runs(self):
        before, counts = self.links(), self.counts()
        # The backup is older than the links, and Shopify has moved on.
        self.empty_tables()
        self.moved_on()
        self.lives_elsewhere()
        self.assertFalse(self.backend._is_at_home())

        self.become_live(rebuild=True)
        scan = self.env["shopify.scan"].search([("purpose", "=", "rebuild")])
        self.assertTrue(self.backend.waits_for_rebuild)
        self.finish(scan)

        self.assertEqual(scan.state, "done", scan.message)
        self.assertEqual(self.links(), before)
        self.assertEqual(self.counts(), counts)
        self.assertFalse(self.backend.waits_for_rebuild)
        self.assertFalse(any(self.backend.flow_ids.mapped("paused_at")))

    def test_rebuild_can_be_begun_from_the_banner_later(self):
        self.empty_tables()
        self.hold()
        self.become_live(origin="backup", rebuild=False)

        action = self.backend.action_rebuild_or_skip()
        later = self.env["shopify.rebuild.skip"].with_context(action["context"])
        later.create({}).action_rebuild()

        self.assertTrue(self.env["shopify.scan"].search([("purpose", "=", "rebuild")]))
        self.assertTrue(self.backend.waits_for_rebuild)


class TestNeutralised(CopyHelpers, SyncHelpers, ShopifyCase):
    def test_neutralised_database_is_a_copy_without_secrets(self):
        draft = self.env["shopify.backend"].create(
            {"name": "Draft", "shop_domain": "draft"}
        )
        self.env.flush_all()
        sent = len(self.shop.requests)
        path = file_path("shopify_connector/data/neutralize.sql")
        self.env.cr.execute(Path(path).read_text())
        self.env.invalidate_all()

        self.env["shopify.backend"]._cron_reconcile()
        self.wake()
        self.run_syncs()

        self.assertEqual((self.backend.state, draft.state), ("copy", "draft"))
        self.assertFalse(self.backend.copy_reads)
        self.assertFalse(self.backend.client_secret)
        self.assertFalse(self.backend.hold_message)
        self.assertEqual(len(self.shop.requests), sent)
        self.assertIn("neutralised", self.wizard().signs)


class TestCopyOfStock(CopyHelpers, StockCase):
    def test_stock_of_a_copy_is_simulated(self):
        self.become_copy()
        before = self.remote()
        self.receive(self.products["SHIRT"], 5)

        self.run_syncs()

        self.assertEqual(self.remote(), before)
        row = self.level_sync("SHIRT")
        self.assertEqual((row.state, row.outcome), ("done", "simulated"))
        self.assertEqual(row.note, "Would have written 105 instead of 100.")
        level = self.level("SHIRT")
        self.assertFalse(level.pushed_at)
        self.assertEqual(level.on_hand_seen, 100)
        self.assertEqual(len(self.simulated("inventory/set_quantities")), 1)

        self.become_live()
        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 105)
        self.assertLevelDone("SHIRT", "synced")

    def test_fulfilment_of_a_copy_is_simulated_and_links_nothing(self):
        sale = self.imported([("SHIRT", 3)])
        self.become_copy()
        before = self.remote()

        picking = self.deliver(sale)
        self.run_syncs()

        self.assertEqual(self.remote(), before)
        row = self.syncs(subject_type="stock.picking", subject_key=str(picking.id))
        self.assertEqual((row.state, row.outcome), ("done", "simulated"))
        self.assertFalse(
            self.env["shopify.stock.picking"].search([("odoo_id", "=", picking.id)])
        )
        event = self.env["shopify.event"].search(
            [("subject_key", "=", str(picking.id))], order="id desc", limit=1
        )
        self.assertEqual(event.outcome, "simulated")
        self.assertIn("3 × gid://shopify/LineItem/", event.changes[0][2])
        self.assertEqual(len(self.simulated("fulfillments/create")), 1)

        self.become_live()
        self.run_syncs()

        self.assertEqual(self.order_status(sale), "FULFILLED")
