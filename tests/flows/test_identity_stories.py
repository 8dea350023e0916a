"""Short stories of the identity machine, each of which only one rule keeps from going
wrong: docs/testing.md names the rule whose removal each of them notices.

After every step everything is checked that the random stories check.
"""

from contextlib import contextmanager

from .identity_machine import machine_of
from .identity_wider import WiderMachine
from .test_identity_property import IdentityProperty

FIRST = 0


class StoryCase(IdentityProperty):
    @contextmanager
    def story(self):
        """A store at work, with two linked products, a customer and an order."""
        machine = machine_of(self, WiderMachine)()
        machine.begin()
        try:
            yield machine
        finally:
            machine.put_back()

    def first(self, machine, kind):
        """GID of the first linked record of a type."""
        return machine.world.a_link(kind, FIRST).shopify_gid

    def number(self, machine, kind, gid):
        """How an act is told to pick this very object."""
        return machine.world.remote(kind).index(gid)

    def chosen(self, machine, kind, record):
        """The same for an Odoo record."""
        records = [machine.world.a_record(kind, pick) for pick in range(20)]
        return records.index(record)

    def lost(self, mark, code):
        """The link of the customer is lost, its mark no more ours: it stays apart."""
        with self.story() as machine:
            gid = self.first(machine, "Customer")
            machine.a_link_is_lost(kind="Customer", pick=FIRST, mark=mark)

            with machine.world.step("read"):
                self.read_again("customers", gid)

            self.assertReview(gid, code)


class TestIdentityStories(StoryCase):
    # --- What the mark says ---

    def test_id_handed_out_again_to_another_contact_is_not_linked(self):
        self.lost("of another birth", "identity_birth_differs")

    def test_mark_of_another_database_is_not_linked(self):
        self.lost("foreign", "identity_foreign_database")

    def test_mark_without_a_readable_proof_is_not_linked(self):
        self.lost("unreadable", "identity_unproven")

    def test_lost_link_is_restored_by_its_own_mark(self):
        with self.story() as machine:
            before = machine.world.proven()
            gid = self.first(machine, "Customer")
            machine.a_link_is_lost(kind="Customer", pick=FIRST, mark="as it is")

            with machine.world.step("read"):
                self.read_again("customers", gid)

            record, _token = machine.world.proven()[gid]
            self.assertEqual(record, before[gid][0])

    def test_copy_with_the_mark_of_a_linked_one_is_not_linked(self):
        with self.story() as machine:
            machine.new_record_takes_the_mark_of_a_linked_one("Customer", FIRST)
            machine.an_hour_passes()

            self.assertReview(machine.world.remote("Customer")[-1], "identity_copied")

    def test_altered_mark_of_a_linked_one_is_in_review(self):
        with self.story() as machine:
            gid = self.first(machine, "Customer")
            pick = self.number(machine, "Customer", gid)
            machine.mark_is_altered("Customer", pick, "foreign")
            machine.record_is_read("Customer", pick)

            self.assertReview(gid, "identity_foreign_database")

    def test_strangers_mark_is_not_overwritten_after_a_relink(self):
        with self.story() as machine:
            gid = self.first(machine, "Customer")
            pick = self.number(machine, "Customer", gid)
            machine.contact_is_made_in_odoo("cy@x.org")
            machine.mark_is_altered("Customer", pick, "foreign")
            mark = machine.world.mark(gid)
            machine.person_relinks("Customer", FIRST, -1)
            machine.an_hour_passes()

            self.assertEqual(machine.world.mark(gid), mark)
            row = self.row(gid, "mark")
            self.assertEqual(
                (row.state, row.reason_code), ("review", "identity_foreign_database")
            )

    def test_cleared_mark_of_a_variant_is_written_again_though_its_product_is_not_linked(
        self,
    ):
        with self.story() as machine:
            machine.one_product_here_is_two_in_shopify(7)
            machine.an_hour_passes()
            gid = machine.world.remote("ProductVariant")[-1]
            mark = machine.world.mark(gid)
            self.assertTrue(all(mark))
            machine.mark_is_cleared("ProductVariant", -1, "both")

            machine.an_hour_passes()

            self.assertEqual(machine.world.mark(gid), mark)

    # --- One record, one link ---

    def test_two_new_ones_that_mean_one_product_stop_both(self):
        with self.story() as machine:
            machine.one_product_here_is_two_in_shopify(7)
            machine.an_hour_passes()

            for gid in machine.world.remote("Product")[-2:]:
                self.assertReview(gid, "ambiguous_match")

    def test_second_product_of_a_linked_sku_is_not_linked(self):
        with self.story() as machine:
            link = machine.world.a_link("ProductVariant", -1)
            sku = link.odoo_id.default_code
            pick = self.number(machine, "ProductVariant", link.shopify_gid)
            machine.sku_changes_in_shopify(pick, "BAG")
            machine.product_is_made_in_shopify(sku, 1)
            machine.an_hour_passes()

            gid = machine.world.remote("Product")[-1]
            self.assertReview(gid, "match_taken")

    def test_sku_of_two_products_in_odoo_is_for_a_person(self):
        with self.story() as machine:
            machine.product_is_made_in_odoo("BAG")
            machine.product_is_made_in_odoo("BAG")
            machine.product_is_made_in_shopify("BAG", 1)
            machine.an_hour_passes()

            gid = machine.world.remote("Product")[-1]
            self.assertReview(gid, "ambiguous_match")

    def test_relink_to_a_linked_record_is_refused(self):
        with self.story() as machine:
            machine.person_relinks("Product", FIRST, 1)

            self.assertEqual(machine.world.refused, 1)

    # --- What people decide ---

    def test_product_with_linked_variants_is_not_made_a_second_time(self):
        with self.story() as machine:
            gid = self.first(machine, "Product")
            pick = self.number(machine, "Product", gid)
            machine.a_link_is_lost("Product", FIRST, "of another birth")
            machine.person_treats_as_new("Product", pick)
            machine.an_hour_passes()

            self.assertEqual(machine.world.refused, 0)
            self.assertReview(gid, "match_taken")

    def test_unlinked_pair_stays_apart(self):
        with self.story() as machine:
            gid = self.first(machine, "Customer")
            machine.person_unlinks("Customer", FIRST)
            machine.an_hour_passes()
            machine.record_is_read("Customer", self.number(machine, "Customer", gid))

            self.assertReview(gid, "unlinked_by_hand")

    def test_merged_contact_takes_the_link_and_a_new_mark(self):
        with self.story() as machine:
            gid = self.first(machine, "Customer")
            machine.contact_is_made_in_odoo("cy@x.org")
            kept = machine.world.a_record("Customer", -1)
            machine.contacts_are_merged_in_odoo(-1, FIRST, False)
            machine.an_hour_passes()

            self.assertEqual(machine.world.refused, 0)
            self.assertEqual(self.marked(gid), str(kept.id))

    def test_further_account_of_a_merged_contact_carries_no_id(self):
        with self.story() as machine:
            machine.customer_is_made_in_shopify("bob@x.org")
            machine.an_hour_passes()
            gids = machine.world.remote("Customer")
            links = [machine.world.a_link("Customer", n) for n in (0, 1)]
            picks = [self.chosen(machine, "Customer", link.odoo_id) for link in links]
            machine.contacts_are_merged_in_odoo(*picks, True)
            machine.an_hour_passes()

            self.assertEqual(machine.world.refused, 0, machine.world.done)
            self.assertEqual([self.marked(gid) for gid in gids].count(None), 1)

    def test_flow_in_review_makes_nothing_that_nobody_accepted(self):
        with self.story() as machine:
            machine.flow_gets_a_policy("products", "review")
            machine.all_jobs_run()
            machine.product_is_made_in_shopify("BAG", 1)
            machine.an_hour_passes()
            gid = machine.world.remote("Product")[-1]
            self.assertReview(gid, "to_accept")

            machine.previews_are_accepted(FIRST, True)
            machine.all_jobs_run()

            self.assertDone(gid)

    def test_stale_proposal_is_not_accepted(self):
        with self.story() as machine:
            machine.flow_gets_a_policy("products", "review")
            machine.all_jobs_run()
            machine.product_is_made_in_odoo("BAG")
            machine.product_is_made_in_shopify("BAG", 1)
            machine.store_is_scanned(True)
            gid = machine.world.remote("ProductVariant")[-1]
            rows = machine.world.worksheet().filtered(
                lambda row: row.shopify_gid == gid
            )
            self.assertEqual(rows.verdict, "proposed")
            machine.product_is_made_in_odoo("BAG")

            machine.proposals_are_accepted(FIRST, "all")

            self.assertEqual((rows.verdict, rows.decision), ("ambiguous", "todo"))
            self.assertNotIn(gid, [link["gid"] for link in machine.world.links()])

    # --- What became of it ---

    def test_deleted_customer_is_noted_as_gone(self):
        with self.story() as machine:
            machine.customer_is_made_in_shopify("bob@x.org")
            machine.an_hour_passes()
            machine.customer_is_deleted_in_shopify(-1, False)
            machine.an_hour_passes()

            self.assertTrue(machine.world.a_link("Customer", -1).gone_at)

    def test_audit_finds_what_no_webhook_told(self):
        with self.story() as machine:
            machine.customer_is_made_in_shopify("bob@x.org")
            machine.an_hour_passes()
            machine.customer_is_deleted_in_shopify(-1, False)
            machine.webhooks_are_lost()

            machine.store_is_audited()

            self.assertTrue(machine.world.a_link("Customer", -1).gone_at)

    def test_rebuild_restores_all_links_with_their_tokens(self):
        with self.story() as machine:
            machine.all_links_are_lost(True)

            self.assertEqual(machine.world.refused, 0)


class TestStockStory(StoryCase):
    def setUp(self):
        super().setUp()
        self.set_policy("stock", "automatic")
        self.set_policy("fulfilments", "automatic")
        self.run_syncs()

    def test_relinked_variant_gets_the_stock_of_its_new_product(self):
        with self.story() as machine:
            link = machine.world.a_link("ProductVariant", -1)
            place = machine.shop.of_type("Location")[0]["id"]
            old = link.odoo_id
            machine.product_is_made_in_odoo("BAG")
            new = machine.world.a_record("ProductVariant", -1)
            self.assertNotEqual(old, new)
            pick = self.chosen(machine, "ProductVariant", old)
            machine.goods_are_counted_in_odoo(pick, 0)
            machine.stock_is_compared()
            machine.stock_of_odoo_is_accepted()
            machine.all_jobs_run()
            stock = lambda: machine.shop.stock(link.shopify_gid, place)  # noqa: E731
            self.assertGreater(stock()["on_hand"], 900)

            machine.person_relinks("ProductVariant", -1, -1)
            machine.goods_are_counted_in_odoo(-1, 0)
            machine.stock_of_odoo_is_accepted()
            machine.all_jobs_run()

            self.assertEqual(link.odoo_id, new)
            self.assertEqual(stock()["on_hand"], 1000 * (1 + new.id % 97))
