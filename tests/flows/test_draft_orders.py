"""A completed draft order carries the Odoo ID of the sales order that it became."""

from odoo.exceptions import UserError

from .sync_case import SyncCase

SCOPE = "write_draft_orders"


class DraftCase(SyncCase):
    def setUp(self):
        super().setUp()
        self.grant(SCOPE)
        self.backend._heal()
        self.run_syncs()
        self.start_counting()

    def grant(self, *scopes):
        before = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, before)
        self.shop.set_scopes([*before, *scopes])
        with self.backend._client() as client:
            self.backend._check_scopes(client)

    def draft(self, **order):
        order = {"taxes": [], "email": "ada@example.com"} | order
        lines = [{"variant": "SOCKS", "quantity": 1}]
        return self.shop.create_draft_order(lines, **order)

    def completed(self, **order):
        """A draft and the order that it has become; neither is read yet."""
        draft = self.draft(**order)
        return draft, self.shop.complete_draft_order(draft["id"])

    def linked(self, **order):
        draft, order = self.completed(**order)
        self.sync(order)
        self.assertDone(order["id"])
        return draft, order

    def draft_link(self, draft):
        return self.env["shopify.draft.order"].search(
            [("shopify_gid", "=", draft["id"])]
        )

    def read_draft(self, draft):
        self.read_again("orders", draft["id"], kind="DraftOrder")

    def open_rows(self):
        return self.syncs(subject_type="DraftOrder").filtered(
            lambda row: row.state in ("review", "waiting")
        )


class TestDraftOrders(DraftCase):
    def test_a_completed_draft_carries_its_orders_id_once_the_order_is_linked(self):
        draft, order = self.linked()
        sale = self.sale_order(order)
        link = self.draft_link(draft)

        self.assertEqual(link.odoo_id, sale)
        self.assertEqual(self.marked(draft["id"]), str(sale.id))
        proof = self.proof(draft["id"])
        self.assertEqual((proof["model"], proof["ids"]), ("sale.order", [sale.id]))
        self.assertEqual(proof["token"], link.token)
        self.assertTrue(link.verified_at)
        # Its order carries the ID too, by a link of its own.
        self.assertEqual(self.marked(order["id"]), str(sale.id))

    def test_the_second_read_writes_nothing(self):
        draft, order = self.linked()
        self.start_counting()
        self.read_draft(draft)
        self.read_again("orders", order["id"])

        self.assertDone(draft["id"], "unchanged")
        self.assertEqual(self.written(), {})

    def test_nothing_is_made_of_an_open_draft(self):
        draft = self.draft()
        before = self.env["sale.order"].search_count([])
        self.read_draft(draft)

        self.assertDone(draft["id"], "excluded")
        self.assertIn("open draft", self.row(draft["id"]).note)
        self.assertFalse(self.draft_link(draft))
        self.assertEqual(self.env["sale.order"].search_count([]), before)
        self.assertEqual(self.written(), {})

    def test_a_draft_read_before_its_order_is_linked_when_the_order_comes(self):
        draft, order = self.completed()
        self.read_draft(draft)
        self.assertDone(draft["id"], "excluded")

        self.sync(order)
        self.assertEqual(self.draft_link(draft).odoo_id, self.sale_order(order))

    def test_draft_and_order_of_one_batch_are_both_linked(self):
        draft, order = self.completed()
        self.ask("orders", draft["id"], kind="DraftOrder")
        self.trigger(order)
        self.drain("records")

        self.assertEqual(self.draft_link(draft).odoo_id, self.sale_order(order))

    def test_the_webhook_of_a_draft_is_subscribed_to_and_read(self):
        topics = {row["topic"] for row in self.shop.of_type("WebhookSubscription")}
        self.assertIn("DRAFT_ORDERS_UPDATE", topics)

    def test_the_nightly_list_finds_a_draft_that_no_webhook_told_of(self):
        draft, _order = self.linked()
        self.draft_link(draft)._as_engine().unlink()
        self.backend._cron_reconcile(hours=2)
        self.run_syncs()
        self.assertFalse(self.draft_link(draft))

        self.backend._cron_reconcile(hours=72)
        self.run_syncs()
        self.assertTrue(self.draft_link(draft))
        self.assertEqual(
            self.marked(draft["id"]), str(self.draft_link(draft).odoo_id.id)
        )

    def test_all_pages_of_the_list_are_read(self):
        drafts = [self.linked()[0] for _number in range(3)]
        self.env["shopify.draft.order"].search([])._as_engine().unlink()
        with self.backend._client() as client:
            self.assertIsNone(self.backend._list_drafts(client, None, None))
        self.assertEqual(
            set(self.triggers().mapped("subject_key")), {d["id"] for d in drafts}
        )

    def test_a_lost_link_is_restored_by_the_mark(self):
        draft, order = self.linked()
        link = self.draft_link(draft)
        link._as_engine().unlink()
        self.read_draft(draft)

        self.assertEqual(self.draft_link(draft).odoo_id, self.sale_order(order))
        self.assertEqual(self.marked(draft["id"]), str(self.sale_order(order).id))

    def test_a_mark_that_names_another_order_stops(self):
        draft, _order = self.linked()
        _other, other_order = self.linked()
        other = self.draft_link(_other)
        proof = self.proof(_other["id"])
        self.shop.delete_draft_order(_other["id"])
        other._as_engine().unlink()
        self.draft_link(draft)._as_engine().unlink()
        self.mark(draft["id"], str(self.sale_order(other_order).id), proof)
        self.read_draft(draft)

        self.assertReview(draft["id"], "identity_conflict")
        self.assertFalse(self.draft_link(draft))

    def test_a_mark_changed_by_another_stops_and_is_not_overwritten(self):
        draft, _order = self.linked()
        proof = self.proof(draft["id"]) | {"token": "somebody else's"}
        self.mark(draft["id"], "7", proof)
        self.read_draft(draft)

        self.assertReview(draft["id"], "identity_conflict")
        self.assertEqual(self.marked(draft["id"]), "7")

    def test_a_mark_that_was_removed_is_written_again(self):
        draft, order = self.linked()
        self.mark(draft["id"])
        self.read_draft(draft)

        self.assertEqual(self.marked(draft["id"]), str(self.sale_order(order).id))

    def test_the_draft_follows_an_order_that_was_relinked(self):
        draft, order = self.linked()
        copy = self.sale_order(order).copy()
        self.link(order)._relink(copy, "the right one")
        self.run_syncs()

        self.assertEqual(self.draft_link(draft).odoo_id, copy)
        self.assertEqual(self.marked(draft["id"]), str(copy.id))

    def test_an_old_draft_follows_its_order_too(self):
        """The list of the last days doesn't show it."""
        draft, order = self.linked()
        self.emulator.advance(30 * 24 * 3600)
        copy = self.sale_order(order).copy()
        self.link(order)._relink(copy, "the right one")
        self.run_syncs()

        self.assertEqual(self.draft_link(draft).odoo_id, copy)
        self.assertEqual(self.marked(draft["id"]), str(copy.id))

    def test_the_draft_is_unlinked_with_its_order_and_linked_with_it_again(self):
        draft, order = self.linked()
        sale = self.sale_order(order)
        for wanted in (sale, sale.copy()):
            self.link(order)._unlink_chosen("the wrong one")
            self.run_syncs()
            self.assertFalse(self.draft_link(draft))
            self.assertIsNone(self.marked(draft["id"]))
            self.assertFalse(self.open_rows())

            self.env["shopify.sale.order"]._link_chosen(
                self.backend, order["id"], wanted, "this one"
            )
            self.run_syncs()
            self.assertEqual(self.draft_link(draft).odoo_id, wanted)
            self.assertEqual(self.marked(draft["id"]), str(wanted.id))

    def test_an_order_that_was_unlinked_can_be_deleted_though_it_was_a_draft(self):
        draft, order = self.linked()
        sale = self.sale_order(order)
        self.link(order)._unlink_chosen("the wrong one")
        self.run_syncs()
        sale._action_cancel()
        sale.unlink()

        self.assertFalse(sale.exists())
        self.assertIsNone(self.marked(draft["id"]))

    def test_deleted_in_shopify_is_noted_and_the_link_kept(self):
        draft, _order = self.linked()
        self.shop.delete_draft_order(draft["id"])
        with self.backend._client() as client:
            counts = self.backend._compare_linked(client)
        self.run_syncs()

        self.assertEqual(counts["DraftOrder"]["gone"], 1)
        self.assertTrue(self.draft_link(draft).gone_at)
        self.assertDone(draft["id"])

    def test_a_draft_is_not_linked_by_hand(self):
        draft, _order = self.linked()
        other = self.sale_order(self.linked()[1])
        with self.assertRaisesRegex(UserError, "relink the order"):
            self.draft_link(draft)._relink(other, "by hand")

    def test_the_wizard_sends_to_the_orders_link(self):
        draft, _order = self.linked()
        wizard = self.env["shopify.relink.wizard"].create(
            {
                "backend_id": self.backend.id,
                "shopify_type": "DraftOrder",
                "shopify_gid": draft["id"],
                "reason": "by hand",
                "token_seen": self.draft_link(draft).token,
            }
        )
        self.assertFalse(wizard.preview)
        with self.assertRaisesRegex(UserError, "follows the link"):
            wizard._apply_relink(self.draft_link(draft))

    def test_the_search_box_finds_it_by_its_order(self):
        draft, order = self.linked()
        number = str(self.sale_order(order).id)
        found = self.env["shopify.sync"].search([("anything", "=", number)])
        self.assertIn(draft["id"], found.mapped("subject_key"))

    def test_crashed_after_the_write_the_next_run_finds_the_mark(self):
        draft, order = self.linked()
        link = self.draft_link(draft)
        # The write arrived, and nobody wrote down that it had.
        link._as_engine().write({"verified_at": False, "marked_proof": False})
        self.start_counting()
        self.read_again("orders", draft["id"], kind="DraftOrder", direction="mark")

        self.assertEqual(self.written(), {})
        self.assertTrue(link.verified_at)
        self.assertEqual(link.odoo_id, self.sale_order(order))


class TestWithoutTheScope(SyncCase):
    def draft(self):
        draft = self.shop.create_draft_order(
            [{"variant": "SOCKS", "quantity": 1}], taxes=[], email="ada@example.com"
        )
        return draft, self.shop.complete_draft_order(draft["id"])

    def test_the_order_comes_and_the_draft_is_left_alone(self):
        draft, order = self.draft()
        self.sync(order)
        self.assertDone(order["id"])
        self.backend._cron_reconcile(hours=None)
        self.run_syncs()

        self.assertFalse(self.row(draft["id"]))
        self.assertIsNone(self.marked(draft["id"]))
        self.assertNotIn("DraftOrdersChanged", self.operations())

    def test_a_webhook_that_comes_all_the_same_stops_nothing(self):
        draft, _order = self.draft()
        self.read_again("orders", draft["id"], kind="DraftOrder")

        row = self.assertDone(draft["id"], "excluded")
        self.assertIn("write_draft_orders", row.note)
        self.assertFalse(self.flow("orders").paused_at)

    def test_the_table_of_scopes_says_what_is_off(self):
        from odoo.addons.shopify_connector.api import scopes

        off = scopes.blocked(self.shop.app.scopes, ["orders"])
        self.assertIn(
            ("Odoo ID on draft orders", ("write_draft_orders",)),
            [(entry.feature.label, entry.scopes) for entry in off],
        )

    def test_a_scope_that_is_taken_away_later_stops_no_other_mark(self):
        before = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, before)
        self.shop.set_scopes([*before, "write_draft_orders"])
        with self.backend._client() as client:
            self.backend._check_scopes(client)
        draft, order = self.draft()
        self.sync(order)
        link = self.env["shopify.draft.order"].search([])
        self.assertEqual(link.shopify_gid, draft["id"])
        self.shop.set_scopes(before)
        with self.backend._client() as client:
            self.backend._check_scopes(client)
        self.mark(draft["id"])
        with self.backend._client() as client:
            self.backend._compare_linked(client)
        self.run_syncs()

        self.assertFalse(self.flow("orders").paused_at)
        self.assertFalse(self.row(draft["id"], "mark").state == "review")

    def with_scope(self):
        before = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, before)
        self.shop.set_scopes([*before, "write_draft_orders"])
        with self.backend._client() as client:
            self.backend._check_scopes(client)
        return before

    def test_a_scope_that_went_unnoticed_stops_no_order(self):
        """Granted scopes are looked up hourly; until then Shopify refuses."""
        before = self.with_scope()
        draft, order = self.draft()
        self.sync(order)
        for taken in (before, [s for s in before if "draft_orders" not in s]):
            with self.subTest(left=len(taken)):
                self.mark(draft["id"])
                self.shop.set_scopes(taken)
                self.ask("orders", draft["id"], kind="DraftOrder", direction="mark")
                self.ask("orders", draft["id"], kind="DraftOrder")
                self.run_syncs()

                self.assertDone(draft["id"], "excluded", direction="mark")
                self.assertFalse(self.flow("orders").paused_at)
                self.shop.set_scopes([*before, "write_draft_orders"])

    def operations(self):
        return {request.operation for request in self.shop.request_log()}
