"""Rows of both decision tables of docs/identity.md, on real records of both sides.

The inbound rows of customers and products are in test_identity_flow.py; here are those
of orders, what needs a damaged database, and the outbound table, through the flow that
makes products in Shopify. A contract test compares docs and tests.
"""

from odoo.tools import mute_logger

from .sync_case import SyncCase
from .test_create_there import CreateCase

ELSEWHERE = "00000000-0000-0000-0000-000000000000"
OTHER_BIRTH = "2020-01-01 00:00:00.000001"


class TestDamagedDatabase(SyncCase):
    """A record is gone though its link isn't: only past Odoo, and past PostgreSQL."""

    def lose(self, record):
        """Delete the row as a half restored table would lack it."""
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT conrelid::regclass, conname FROM pg_constraint
                WHERE contype = 'f' AND confrelid = %s::regclass""",
            [record._table],
        )
        for table, name in self.env.cr.fetchall():
            self.env.cr.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        self.env.cr.execute(f"DELETE FROM {record._table} WHERE id = %s", [record.id])
        self.env.invalidate_all(flush=False)

    def test_linked_to_a_deleted_record_stops(self):
        customer = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        self.read_again("customers", customer["id"])
        self.lose(self.customer_link(customer).odoo_id)
        contacts = self.env["res.partner"].search_count([])
        self.start_counting()

        with mute_logger("odoo.sql_db"):
            self.read_again("customers", customer["id"])

        self.assertReview(customer["id"], "link_record_deleted")
        self.assertEqual(self.written(), {})
        self.assertEqual(self.env["res.partner"].search_count([]), contacts)


class TestOrderRows(SyncCase):
    """Of the inbound table: whatever stands in Shopify, never a second sale order."""

    def setUp(self):
        super().setUp()
        self.bought = self.order([("SHIRT", 1)])
        self.sync(self.bought)
        self.gid = self.bought["id"]
        self.made = self.sale_order(self.bought)
        self.start_counting()
        self.before = self.records()

    def claim(self, order, **changed):
        """Let the order carry the mark of `self.bought`, changed."""
        self.mark(order["id"], str(self.made.id), self.proof(self.gid) | changed)
        self.before = self.records()
        self.start_counting()

    def unlink(self):
        link = self.link(self.bought)
        link.line_ids._as_engine().unlink()
        link._as_engine().unlink()
        self.before = self.records()

    def assertStopped(self, code, order=None):
        self.assertReview((order or self.bought)["id"], code)
        self.assertEqual(self.records(), self.before)
        self.assertEqual(self.written(), {})

    def test_linked_order_that_agrees_is_updated(self):
        self.sync(self.bought)

        self.assertDone(self.gid, "unchanged")
        self.assertEqual(self.records(), self.before)
        self.assertEqual(self.written(), {})

    def test_linked_order_whose_mark_was_cleared_is_marked_again(self):
        kept = self.marked(self.gid), self.proof(self.gid)
        self.mark(self.gid)

        self.sync(self.bought)

        self.assertDone(self.gid)
        self.assertEqual((self.marked(self.gid), self.proof(self.gid)), kept)
        self.assertEqual(self.records(), self.before)

    def test_linked_order_with_its_id_but_no_proof_stops(self):
        self.mark(self.gid, str(self.made.id), None)

        self.sync(self.bought)

        self.assertStopped("identity_unproven")

    def test_linked_order_marked_by_another_database_stops(self):
        self.claim(self.bought, database=ELSEWHERE)

        self.sync(self.bought)

        self.assertStopped("identity_foreign_database")

    def test_linked_order_with_another_birth_stops(self):
        self.claim(self.bought, birth=OTHER_BIRTH)

        self.sync(self.bought)

        self.assertStopped("identity_birth_differs")

    def test_linked_order_with_another_links_token_stops(self):
        self.claim(self.bought, token="f" * 16)

        self.sync(self.bought)

        self.assertStopped("identity_conflict")

    def test_linked_order_that_is_gone_in_shopify_keeps_its_link(self):
        self.shop.delete_order(self.gid)

        self.sync(self.bought)

        self.assertTrue(self.link(self.bought).gone_at)
        self.assertEqual(self.sale_order(self.bought), self.made)
        self.assertEqual(self.records(), self.before)

    def test_unlinked_order_with_our_mark_is_restored_and_not_made_again(self):
        self.unlink()

        self.sync(self.bought)

        self.assertDone(self.gid)
        self.assertEqual(self.sale_order(self.bought), self.made)
        self.assertEqual(self.records()["sale.order"], self.before["sale.order"])
        self.assertEqual(self.proof(self.gid)["token"], self.link(self.bought).token)

    def test_order_that_took_the_mark_of_a_gone_one_stops(self):
        other = self.order([("SHIRT", 1)])
        self.claim(other)
        self.shop.delete_order(self.gid)

        self.sync(other)

        self.assertStopped("identity_original_gone", other)

    def test_order_marked_as_a_deleted_record_stops(self):
        other = self.order([("SHIRT", 1)])
        self.mark(
            other["id"], "2000000000", self.proof(self.gid) | {"ids": [2000000000]}
        )

        self.sync(other)

        self.assertStopped("identity_record_gone", other)

    def test_order_marked_as_a_record_with_another_birth_stops(self):
        other = self.order([("SHIRT", 1)])
        self.claim(other, birth=OTHER_BIRTH)

        self.sync(other)

        self.assertStopped("identity_birth_differs", other)

    def test_two_orders_with_one_mark_in_one_batch_stop_both(self):
        self.unlink()
        other = self.order([("SHIRT", 1)])
        self.claim(other)

        self.sync(self.bought, other)

        self.assertStopped("identity_claimed_twice")
        self.assertStopped("identity_claimed_twice", other)

    def test_order_with_a_proof_alone_is_a_new_one(self):
        other = self.order([("SHIRT", 1)])
        self.mark(other["id"], None, self.proof(self.gid))

        self.sync(other)

        self.assertDone(other["id"])
        made = self.sale_order(other)
        self.assertNotEqual(made, self.made)
        self.assertEqual(self.marked(other["id"]), str(made.id))
        self.assertEqual(self.sale_order(self.bought), self.made)


class TestVariantAlone(SyncCase):
    def test_variant_linked_without_its_product_is_gone_with_it(self):
        ours = self.odoo_product()
        mug = self.mug()
        self.env["shopify.product.product"]._bind(
            self.backend,
            [
                {
                    "shopify_gid": mug["variants"][0],
                    "odoo_id": ours.id,
                    "product_gid": mug["id"],
                }
            ],
        )
        self.run_syncs()
        link = self.variant_link(mug)
        self.shop.delete_product(mug["id"])

        self.read_again("products", mug["id"])

        self.assertDone(mug["id"])
        self.assertTrue(link.gone_at)
        self.assertEqual(link.odoo_id, ours)


class TestOutboundTable(CreateCase):
    """An Odoo product that should be in Shopify, through the flow that makes it there:
    linked or not, found by its ID or not, and none, one or several there with its SKU.
    The table holds for the product and for its variant alike."""

    def setUp(self):
        super().setUp()
        self.item = self.mug("KEY")
        self.read_again("products", self.item["id"])
        self.gids = {"product": self.item["id"], "variant": self.item["variants"][0]}
        self.product = self.variant_link(self.item).odoo_id
        self.template = self.product.product_tmpl_id
        self.records = {"product": self.template, "variant": self.product}
        self.ours = {kind: self.proof(gid) for kind, gid in self.gids.items()}
        # Out of the way: only what a test places there has the product's SKU.
        self.shop.edit_variant(self.gids["variant"], sku="ANOTHER")
        unlike = self.mug("UNLIKE", title="Unlike")
        self.others = {"product": unlike["id"], "variant": unlike["variants"][0]}
        self.start_counting()

    # --- what is there ---

    def unlink(self):
        """As if the links had been lost here; nothing stands in Shopify either."""
        links = self.variant_link(self.item)
        self.env["shopify.stock.level"].sudo().search(
            [("variant_link_id", "in", links.ids)]
        ).unlink()
        links._as_engine().unlink()
        self.product_link(self.item)._as_engine().unlink()
        for gid in self.gids.values():
            self.mark(gid)

    def carry(self, kind, gid, **changed):
        """Let an object carry the record's ID with this proof."""
        if gid != self.gids[kind]:
            self.mark(self.gids[kind])
        record = self.records[kind]
        self.mark(gid, str(record.id), self.ours[kind] | changed)

    def carry_without_proof(self, kind, gid):
        self.mark(self.gids[kind])
        self.mark(gid, str(self.records[kind].id), None)

    def key_holders(self, count):
        return [self.mug("KEY", title=f"Of that SKU {n}") for n in range(count)]

    def assertStops(self, code):
        self.start_counting()
        self.make(self.template)
        self.assertEqual(self.end(self.template), ("review", code))
        self.assertEqual(self.written(), {})

    def assertStopsForEach(self, code, place):
        """Once with the product's own mark so placed, once with its variant's."""
        for kind in ("product", "variant"):
            kept = {
                gid: (self.marked(gid), self.proof(gid))
                for gid in (self.gids[kind], self.others[kind])
            }
            place(kind)
            self.assertStops(code)
            for gid, mark in kept.items():
                self.mark(gid, *mark)

    # --- not linked ---

    def test_outbound_unlinked_and_nothing_found(self):
        self.unlink()

        self.make(self.template)

        self.assertEqual(self.end(self.template), ("done", "synced"))
        self.assertEqual(self.written(), {"productSet": 1})
        [made] = self.there(self.template.name)[1:]
        self.assertBothSides(self.template, made)

    def test_outbound_unlinked_and_one_has_its_sku(self):
        self.unlink()
        [there] = self.key_holders(1)

        self.make(self.template)

        self.assertEqual(self.end(self.template), ("done", "synced"))
        self.assertBothSides(self.template, there)
        self.assertNotIn("productSet", self.written())

    def test_outbound_unlinked_and_several_have_its_sku(self):
        self.unlink()
        self.key_holders(2)

        self.assertStops("ambiguous_match")

    def test_outbound_unlinked_and_nothing_found_where_nothing_may_be_created(self):
        self.unlink()

        self.make(self.template, cause="nobody asked")

        self.assertEqual(self.end(self.template), ("done", "excluded"))
        self.assertEqual(self.written(), {})

    def test_outbound_unlinked_in_review_is_proposed(self):
        self.unlink()
        [there] = self.key_holders(1)
        self.set_policy("products", "review")

        self.make(self.template, cause="retry")
        self.assertEqual(self.end(self.template), ("review", "to_accept"))
        self.assertEqual(self.written(), {})

        self.end_row(self.template).action_accept()
        self.run_syncs()
        self.assertEqual(self.template_link(self.template).shopify_gid, there["id"])

    def test_outbound_unlinked_and_found_by_its_id(self):
        for kind in ("product", "variant"):
            with self.subTest(kind):
                self.unlink()
                self.carry(kind, self.others[kind])
                self.key_holders(2)

                self.make(self.template)

                self.assertEqual(self.end(self.template), ("done", "synced"))
                link = self.template_link(self.template)
                self.assertEqual(link.shopify_gid, self.others["product"])
                self.assertEqual(
                    self.marked(self.others["product"]), str(self.template.id)
                )
                self.assertNotIn("productSet", self.written())
                self.env["shopify.product.product"].search(
                    [("product_gid", "=", self.others["product"])]
                )._as_engine().unlink()
                link._as_engine().unlink()
                for gid in self.others.values():
                    self.mark(gid)

    def test_outbound_unlinked_and_found_with_a_foreign_proof(self):
        self.unlink()

        self.assertStopsForEach(
            "identity_foreign_database",
            lambda kind: self.carry(kind, self.others[kind], database=ELSEWHERE),
        )

    def test_outbound_unlinked_and_found_without_a_proof(self):
        self.unlink()

        self.assertStopsForEach(
            "identity_unproven",
            lambda kind: self.carry_without_proof(kind, self.others[kind]),
        )

    def test_outbound_unlinked_and_found_with_another_birth(self):
        self.unlink()

        self.assertStopsForEach(
            "identity_birth_differs",
            lambda kind: self.carry(kind, self.others[kind], birth=OTHER_BIRTH),
        )

    def test_outbound_unlinked_and_found_on_what_is_linked_to_another(self):
        self.unlink()
        hat = self.odoo_product("HAT")
        self.env["shopify.product.product"]._bind(
            self.backend,
            [
                {
                    "shopify_gid": self.others["variant"],
                    "odoo_id": hat.id,
                    "product_gid": self.others["product"],
                }
            ],
        )
        self.env["shopify.product.template"]._bind(
            self.backend,
            [
                {
                    "shopify_gid": self.others["product"],
                    "odoo_id": hat.product_tmpl_id.id,
                }
            ],
        )
        self.run_syncs()

        self.assertStopsForEach(
            "identity_conflict", lambda kind: self.carry(kind, self.others[kind])
        )

    def test_outbound_only_candidate_is_linked_to_another(self):
        self.unlink()
        [taken] = self.key_holders(1)
        self.env["shopify.product.product"]._bind(
            self.backend,
            [
                {
                    "shopify_gid": taken["variants"][0],
                    "odoo_id": self.odoo_product("HAT").id,
                    "product_gid": taken["id"],
                }
            ],
        )
        self.run_syncs()

        self.assertStops("match_taken")

    def test_outbound_another_odoo_product_has_the_key(self):
        self.unlink()
        twin = self.odoo_product("KEY", name="The twin")

        self.assertStops("ambiguous_match")
        message = self.end_row(self.template).message
        self.assertIn(f"The twin (ID {twin.product_tmpl_id.id})", message)

    # --- linked ---

    def test_outbound_linked_and_nothing_found(self):
        for gid in self.gids.values():
            self.mark(gid)
        self.key_holders(2)

        self.make(self.template)

        self.assertEqual(self.end(self.template), ("done", "unchanged"))
        self.assertBothSides(self.template, self.item)
        self.assertNotIn("productSet", self.written())

    def test_outbound_linked_and_found_there(self):
        self.key_holders(2)

        self.make(self.template)

        self.assertEqual(self.end(self.template), ("done", "unchanged"))
        self.assertEqual(self.written(), {})

    def test_outbound_linked_and_found_there_with_a_foreign_proof(self):
        self.assertStopsForEach(
            "identity_foreign_database",
            lambda kind: self.carry(kind, self.gids[kind], database=ELSEWHERE),
        )

    def test_outbound_linked_and_found_there_without_a_proof(self):
        self.assertStopsForEach(
            "identity_unproven",
            lambda kind: self.carry_without_proof(kind, self.gids[kind]),
        )

    def test_outbound_linked_and_found_there_with_another_birth(self):
        self.assertStopsForEach(
            "identity_birth_differs",
            lambda kind: self.carry(kind, self.gids[kind], birth=OTHER_BIRTH),
        )

    def test_outbound_linked_and_found_there_with_another_links_token(self):
        self.assertStopsForEach(
            "identity_conflict",
            lambda kind: self.carry(kind, self.gids[kind], token="f" * 16),
        )

    def test_outbound_linked_and_found_elsewhere(self):
        self.assertStopsForEach(
            "identity_claimed_twice",
            lambda kind: self.carry(kind, self.others[kind]),
        )

    def test_outbound_linked_and_found_elsewhere_with_a_foreign_proof(self):
        self.assertStopsForEach(
            "identity_foreign_database",
            lambda kind: self.carry(kind, self.others[kind], database=ELSEWHERE),
        )

    def test_outbound_linked_and_found_elsewhere_without_a_proof(self):
        self.assertStopsForEach(
            "identity_unproven",
            lambda kind: self.carry_without_proof(kind, self.others[kind]),
        )

    def test_outbound_linked_and_found_elsewhere_with_another_birth(self):
        self.assertStopsForEach(
            "identity_birth_differs",
            lambda kind: self.carry(kind, self.others[kind], birth=OTHER_BIRTH),
        )

    # --- either ---

    def test_outbound_with_an_open_write_settles_first(self):
        desk = self.desk()
        self.shop.fault("reset_before", operation="productSet")
        self.make(desk)

        # Whatever else there is now, it isn't decided before that is known.
        self.mug("DESK", title="Desk by hand")
        self.passes(desk)
        self.assertEqual(self.end(desk), ("waiting", "outcome_unknown"))
        self.assertFalse(self.template_link(desk))

        self.grow_old()
        self.passes(desk)
        self.assertEqual(self.end(desk), ("done", "synced"))
        self.assertBothSides(desk, *self.there("Desk by hand"))
        self.assertNotIn("productSet", self.written())
