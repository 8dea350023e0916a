"""Rows of both decision tables of docs/identity.md, on real records of both sides.

The inbound rows of customers and products are in test_identity_flow.py; here are those
of orders, and what needs a damaged database. No flow goes by the outbound table yet, so
the facts are read here, from Odoo and by the add-on's own requests from the emulator,
and given to `decide_outbound`. A contract test compares docs and tests.
"""

from contextlib import suppress

from odoo.tools import mute_logger

from odoo.addons.shopify_connector.api.errors import UnknownOutcomeError
from odoo.addons.shopify_connector.core.identity import (
    Candidates,
    OutboundFacts,
    Owner,
    Proof,
    decide_outbound,
    mark_from_node,
)
from odoo.addons.shopify_connector.models.product_reader import search_skus
from odoo.addons.shopify_connector.models.remote_nodes import read_nodes

from .sync_case import SyncCase

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


class TestOutboundTable(SyncCase):
    """An Odoo product that should be in Shopify: linked or not, found by its ID or not,
    and none, one or several variants there with its SKU."""

    def setUp(self):
        super().setUp()
        self.item = self.mug("KEY")
        self.read_again("products", self.item["id"])
        self.gid = self.item["variants"][0]
        self.product = self.variant_link(self.item).odoo_id
        self.ours = self.proof(self.gid)
        # Out of the way: only what a test places there has the product's SKU.
        self.shop.edit_variant(self.gid, sku="ANOTHER")
        self.other = self.mug("UNLIKE")["variants"][0]

    # --- the facts, as a flow would read them ---

    def facts(self, **options):
        links = self.env["shopify.product.product"].sudo()
        link = links._links_of(self.backend, self.product.ids).get(self.product.id)
        with self.backend._client() as client:
            owner = self._owner(client, links)
            found = search_skus(client, [self.product.default_code])
        gids = found.get(self.product.default_code, [])
        return OutboundFacts(
            expected=self._expected(link),
            linked_gid=link and link.shopify_gid,
            owner=owner,
            candidates=Candidates(
                odoo_ids=tuple(
                    self.env["product.product"]
                    .search([("default_code", "=", self.product.default_code)])
                    .ids
                ),
                remote_gids=tuple(gids),
                key="SKU",
                value=self.product.default_code,
                taken={
                    gid: each.odoo_id.display_name
                    for gid, each in links._find(self.backend, gids).items()
                },
            ),
            open_intent=bool(
                self.env["shopify.mutation"]._open_for(self.backend, [self._name()])
            ),
            **{"may_create": True, **options},
        )

    def _owner(self, client, links):
        answer = client.execute(
            "metafields/owner_variant", {"value": str(self.product.id)}
        )
        if not answer.data["owner"]:
            return None
        gid = answer.data["owner"]["id"]
        node = read_nodes(client, "metafields/read_marks", [gid], 1)[gid]
        linked = links._find(self.backend, [gid]).get(gid)
        return Owner(gid, mark_from_node(node), linked and linked.odoo_id.id)

    def _expected(self, link):
        database = self.env["shopify.mark"]._database()
        if link:
            return link._proofs(database)[link]
        births = self.env["shopify.product.product"]._births([self.product])
        model = "product.product"
        birth = births[model, self.product.id]
        return Proof(database, model, (self.product.id,), birth, "none yet")

    def _name(self):
        return f"out/ProductVariant/{self.product.id}"

    # --- what is there ---

    def unlink(self):
        """As if the link had been lost here; nothing stands in Shopify either."""
        links = self.variant_link(self.item)
        self.env["shopify.stock.level"].sudo().search(
            [("variant_link_id", "in", links.ids)]
        ).unlink()
        links._as_engine().unlink()
        self.mark(self.gid)

    def carry(self, gid, **changed):
        """Let a variant carry the product's ID with this proof."""
        if gid != self.gid:
            self.mark(self.gid)
        self.mark(gid, str(self.product.id), self.ours | changed)

    def carry_without_proof(self, gid):
        self.mark(self.gid)
        self.mark(gid, str(self.product.id), None)

    def assertRow(self, *ends, **options):
        """The decisions with no, one and several variants of the SKU in Shopify."""
        ends = ends if len(ends) == 3 else ends * 3
        decisions = []
        for end in ends:
            decision = decide_outbound(self.facts(**options))
            self.assertIn(end, (decision.action, decision.reason_code))
            if decision.action == "stop":
                self.assertEqual(decision.failure.code, end)
            decisions.append(decision)
            self.mug("KEY", title="One more of that SKU")
        return decisions

    # --- not linked ---

    def test_outbound_unlinked_and_nothing_found(self):
        self.unlink()

        none, one, _several = self.assertRow("create", "adopt", "ambiguous_match")

        self.assertEqual(none.odoo_id, self.product.id)
        self.assertIn(one.gid, self.shop.objects)
        self.assertEqual(self.shop.get(one.gid)["sku"], "KEY")

    def test_outbound_unlinked_and_nothing_found_where_nothing_may_be_created(self):
        self.unlink()

        self.assertRow("unmapped", "adopt", "ambiguous_match", may_create=False)

    def test_outbound_unlinked_in_review_is_proposed(self):
        self.unlink()

        self.assertRow("create", "propose", "ambiguous_match", propose=True)

    def test_outbound_unlinked_and_found_by_its_id(self):
        self.unlink()
        self.carry(self.other)

        for decision in self.assertRow("adopt"):
            self.assertEqual((decision.gid, decision.mark_again), (self.other, True))

    def test_outbound_unlinked_and_found_with_a_foreign_proof(self):
        self.unlink()
        self.carry(self.other, database=ELSEWHERE)

        self.assertRow("identity_foreign_database")

    def test_outbound_unlinked_and_found_without_a_proof(self):
        self.unlink()
        self.carry_without_proof(self.other)

        self.assertRow("identity_unproven")

    def test_outbound_unlinked_and_found_with_another_birth(self):
        self.unlink()
        self.carry(self.other, birth=OTHER_BIRTH)

        self.assertRow("identity_birth_differs")

    def test_outbound_unlinked_and_found_on_what_is_linked_to_another(self):
        self.unlink()
        self.env["shopify.product.product"]._bind(
            self.backend,
            [{"shopify_gid": self.other, "odoo_id": self.odoo_product("HAT").id}],
        )
        self.carry(self.other)

        self.assertRow("identity_conflict")

    def test_outbound_only_candidate_is_linked_to_another(self):
        self.unlink()
        [taken] = self.mug("KEY", title="Taken")["variants"]
        self.env["shopify.product.product"]._bind(
            self.backend,
            [{"shopify_gid": taken, "odoo_id": self.odoo_product("HAT").id}],
        )

        decision = decide_outbound(self.facts())

        self.assertEqual(decision.reason_code, "match_taken")

    def test_outbound_another_odoo_product_has_the_key(self):
        self.unlink()
        twin = self.odoo_product("KEY")

        decision = decide_outbound(self.facts())

        self.assertEqual(decision.reason_code, "ambiguous_match")
        self.assertIn(f"product.product {twin.id}", decision.params["candidates"])

    # --- linked ---

    def test_outbound_linked_and_nothing_found(self):
        self.mark(self.gid)

        for decision in self.assertRow("update"):
            self.assertEqual((decision.gid, decision.mark_again), (self.gid, True))

    def test_outbound_linked_and_found_there(self):
        for decision in self.assertRow("update"):
            self.assertEqual((decision.gid, decision.mark_again), (self.gid, False))

    def test_outbound_linked_and_found_there_with_a_foreign_proof(self):
        self.carry(self.gid, database=ELSEWHERE)

        self.assertRow("identity_foreign_database")

    def test_outbound_linked_and_found_there_without_a_proof(self):
        self.carry_without_proof(self.gid)

        self.assertRow("identity_unproven")

    def test_outbound_linked_and_found_there_with_another_birth(self):
        self.carry(self.gid, birth=OTHER_BIRTH)

        self.assertRow("identity_birth_differs")

    def test_outbound_linked_and_found_there_with_another_links_token(self):
        self.carry(self.gid, token="f" * 16)

        self.assertRow("identity_conflict")

    def test_outbound_linked_and_found_elsewhere(self):
        self.carry(self.other)

        self.assertRow("identity_claimed_twice")

    def test_outbound_linked_and_found_elsewhere_with_a_foreign_proof(self):
        self.carry(self.other, database=ELSEWHERE)

        self.assertRow("identity_foreign_database")

    def test_outbound_linked_and_found_elsewhere_without_a_proof(self):
        self.carry_without_proof(self.other)

        self.assertRow("identity_unproven")

    def test_outbound_linked_and_found_elsewhere_with_another_birth(self):
        self.carry(self.other, birth=OTHER_BIRTH)

        self.assertRow("identity_birth_differs")

    # --- either ---

    def test_outbound_with_an_open_write_settles_first(self):
        gid = self.other
        rows = [
            {
                "ownerId": gid,
                "namespace": "$app:odoo",
                "key": "id",
                "type": "id",
                "value": "4711",
                "compareDigest": None,
            }
        ]
        self.shop.fault("reset_after", operation="metafieldsSet")
        # Not assertRaises: Odoo's rolls back, and with it the book of writes.
        with self.backend._client() as client, suppress(UnknownOutcomeError):
            self.env["shopify.mutation"]._perform(
                self.backend,
                client,
                "metafields/set",
                {"metafields": rows},
                [self._name()],
            )
        self.emulator.faults.clear()

        self.assertRow("settle_first")
        self.unlink()
        self.assertRow("settle_first")
        self.assertEqual(self.marked(gid), "4711", "it was applied, unknown to us")
