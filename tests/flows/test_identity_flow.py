"""The inbound table of identity, row by row, with real records on both sides.

A stop leaves everything as it was: links, records, and what stands in Shopify.
"""

from odoo.exceptions import UserError

from .sync_case import SyncCase

ELSEWHERE = "00000000-0000-0000-0000-000000000000"


class IdentityTable:
    """The rows that all record types share. `self.item` is linked and marked."""

    about = model = scope = None

    def setUp(self):
        super().setUp()
        self.item = self.make(1)
        self.gid = self.item["id"]
        self.read_again(self.about, self.gid)
        self.made = self.link(self.item).odoo_id
        self.start_counting()
        self.before = self.records()

    def read(self, *items):
        self.read_again(self.about, *(item["id"] for item in items or (self.item,)))

    def ours(self, **changed):
        return self.proof(self.gid) | changed

    def claim(self, item, **changed):
        """Let an object carry the mark of `self.item`, changed."""
        self.mark(item["id"], self.marked(self.gid), self.ours(**changed))
        self.before = self.records()
        self.start_counting()

    def assertStopped(self, code, item=None):
        item = item or self.item
        row = self.assertReview(item["id"], code)
        self.assertEqual(self.records(), self.before)
        # Subscriptions to what the app may no longer hear are no merchant's records.
        written = [name for name in self.written() if "webhookSubscr" not in name]
        self.assertEqual(written, [])
        return row

    def marks(self, item):
        return self.marked(item["id"]), self.proof(item["id"])

    # --- linked ---

    def test_linked_and_agreeing_is_updated(self):
        link = self.link(self.item)
        stamps = (link.write_date, self.made.write_date)

        self.read()

        self.assertDone(self.gid, "unchanged")
        self.assertEqual(self.records(), self.before)
        self.assertEqual(self.written(), {})
        self.assertEqual((link.write_date, self.made.write_date), stamps)

    def test_linked_and_cleared_is_marked_again(self):
        kept = self.marks(self.item)
        self.mark(self.gid)

        self.read()

        self.assertDone(self.gid, "unchanged")
        self.assertEqual(self.marks(self.item), kept)
        self.assertIn("had been removed", self.row(self.gid).note)

    def test_linked_but_marked_as_another_record_stops(self):
        other = self.ours(ids=[self.made.id + 1000])
        self.mark(self.gid, str(self.made.id + 1000), other)

        self.read()

        row = self.assertStopped("identity_conflict")
        self.assertIn(str(self.made.id), row.message)
        self.assertIn(str(self.made.id + 1000), row.message)
        self.assertEqual(self.marks(self.item), (str(self.made.id + 1000), other))

    def test_linked_with_its_id_but_no_proof_stops(self):
        self.mark(self.gid, str(self.made.id), None)

        self.read()

        self.assertStopped("identity_unproven")

    def test_linked_with_an_unreadable_proof_stops(self):
        self.mark(self.gid, str(self.made.id), '{"database": 7}')

        self.read()

        self.assertStopped("identity_unproven")

    def test_linked_but_marked_by_another_database_stops(self):
        self.mark(self.gid, str(self.made.id), self.ours(database=ELSEWHERE))

        self.read()

        row = self.assertStopped("identity_foreign_database")
        self.assertIn(ELSEWHERE, row.message)

    def test_linked_with_another_links_token_stops(self):
        self.mark(self.gid, str(self.made.id), self.ours(token="f" * 16))

        self.read()

        self.assertStopped("identity_conflict")

    def test_linked_with_another_birth_stops(self):
        self.mark(
            self.gid, str(self.made.id), self.ours(birth="2020-01-01 00:00:00.000001")
        )

        self.read()

        self.assertStopped("identity_birth_differs")

    def test_linked_and_archived_goes_on_and_stays_archived(self):
        self.made.active = False

        self.read()

        self.assertDone(self.gid, "unchanged")
        self.assertFalse(self.made.active)
        self.assertEqual(self.records(), self.before)

    def test_linked_record_cannot_be_deleted(self):
        with self.assertRaises(UserError):
            self.made.unlink()

        self.assertTrue(self.made.exists())

    def test_gone_in_shopify_keeps_link_and_record(self):
        self.remove(self.item)

        self.read()

        link = self.link(self.item)
        self.assertDone(self.gid)
        self.assertTrue(link.gone_at)
        self.assertEqual(link.odoo_id, self.made)
        self.assertTrue(self.made.active)
        since = link.gone_at
        self.read()
        self.assertDone(self.gid, "unchanged")
        self.assertEqual(link.gone_at, since)

    def test_withheld_for_a_scope_is_a_permission_stop_and_never_gone(self):
        granted = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, granted)
        self.shop.set_scopes(
            [s for s in granted if s.split("_", 1)[1] != self.scope.split("_", 1)[1]]
        )

        self.read()

        row = self.assertStopped("scope_missing")
        self.assertIn(self.scope, row.wait_ids.mapped("key")[0])
        self.assertEqual(row.nature, "permission")
        self.assertFalse(self.link(self.item).gone_at)

    # --- not linked, but marked ---

    def test_unlinked_with_our_mark_and_a_free_record_is_restored(self):
        self.unlink(self.item)
        self.change_key(self.made)
        before = self.records()

        self.read()

        self.assertDone(self.gid)
        self.assertEqual(self.link(self.item).odoo_id, self.made)
        self.assertEqual(self.records()[self.model], before[self.model])
        self.assertEqual(self.marked(self.gid), str(self.made.id))
        self.assertEqual(self.proof(self.gid)["token"], self.link(self.item).token)

    def test_copy_of_a_linked_record_stops(self):
        copy = self.make(2)
        self.claim(copy)

        self.read(copy)

        row = self.assertStopped("identity_copied", copy)
        self.assertIn(self.row(self.gid).record_name, row.message)
        self.assertEqual(self.link(self.item).odoo_id, self.made)
        self.assertFalse(self.link(copy))

    def test_copy_whose_original_is_gone_stops_and_offers_to_relink(self):
        copy = self.make(2)
        self.claim(copy)
        self.remove(self.item)

        self.read(copy)

        row = self.assertStopped("identity_original_gone", copy)
        self.assertIn(self.row(self.gid).record_name, row.message)
        self.assertEqual(row._failure().reason.fix, "relink")

    def test_original_that_may_not_be_read_is_never_called_gone(self):
        copy = self.make(2)
        self.claim(copy)
        self.shop.fault(
            "missing_scope", operation="MetafieldsReadMarks", scope=self.scope
        )

        self.read(copy)

        self.assertStopped("scope_missing", copy)

    def test_two_records_with_one_mark_in_one_batch_stop_both(self):
        self.unlink(self.item)
        copy = self.make(2)
        self.claim(copy)

        self.read(self.item, copy)

        self.assertStopped("identity_claimed_twice")
        row = self.assertStopped("identity_claimed_twice", copy)
        self.assertIn(self.row(self.gid).record_name, row.message)

    def test_mark_of_a_deleted_record_stops(self):
        copy = self.make(2)
        self.claim(copy, ids=[2000000000])
        self.mark(copy["id"], "2000000000", self.ours(ids=[2000000000]))

        self.read(copy)

        row = self.assertStopped("identity_record_gone", copy)
        self.assertIn("2000000000", row.message)

    def test_mark_of_a_record_with_another_birth_stops(self):
        """After a restored backup Odoo hands out an ID again."""
        copy = self.make(2)
        self.claim(copy, birth="2020-01-01 00:00:00.000001")

        self.read(copy)

        self.assertStopped("identity_birth_differs", copy)

    def test_mark_of_another_database_stops(self):
        copy = self.make(2)
        self.claim(copy, database=ELSEWHERE)

        self.read(copy)

        row = self.assertStopped("identity_foreign_database", copy)
        self.assertIn(ELSEWHERE, row.message)

    def test_mark_of_another_companys_record_stops(self):
        other = self.env["res.company"].create({"name": "Elsewhere Inc"})
        self.unlink(self.item)
        self.move_to(other)
        self.before = self.records()

        self.read()

        row = self.assertStopped("identity_foreign_company")
        self.assertIn("Elsewhere Inc", row.message)

    def test_mark_of_another_model_stops(self):
        copy = self.make(2)
        self.claim(copy, model="res.country")

        self.read(copy)

        self.assertStopped("identity_unproven", copy)

    def test_id_without_a_proof_stops(self):
        copy = self.make(2)
        self.mark(copy["id"], str(self.made.id), None)
        self.before = self.records()
        self.start_counting()

        self.read(copy)

        row = self.assertStopped("identity_unproven", copy)
        self.assertIn(str(self.made.id), row.message)

    def test_proof_without_an_id_claims_nothing_and_is_replaced(self):
        """Shopify's Duplicate copies the proof, but not the unique ID."""
        copy = self.make(2)
        self.mark(copy["id"], None, self.ours())

        self.read(copy)

        self.assertDone(copy["id"])
        made = self.link(copy).odoo_id
        self.assertNotEqual(made, self.made)
        self.assertEqual(self.marked(copy["id"]), str(made.id))
        self.assertEqual(self.proof(copy["id"])["ids"], [made.id])
        self.assertTrue(self.link(copy).verified_at)

    # --- neither: the stable key ---

    def test_unknown_key_is_created(self):
        fresh = self.make(3)

        self.read(fresh)

        self.assertDone(fresh["id"])
        self.assertEqual(self.records()[self.model], self.before[self.model] + 1)

    def test_one_match_is_linked(self):
        fresh, match = self.make(3), self.match(3)
        before = self.records()[self.model]

        self.read(fresh)

        self.assertDone(fresh["id"])
        self.assertEqual(self.link(fresh).odoo_id, match)
        self.assertEqual(self.records()[self.model], before)

    def test_several_matches_stop(self):
        fresh = self.make(3)
        self.match(3)
        self.match(3)
        self.before = self.records()

        self.read(fresh)

        row = self.assertStopped("ambiguous_match", fresh)
        self.assertEqual(len(row.reason_params["candidates"]), 2)

    def test_one_match_in_review_is_proposed_and_linked_when_accepted(self):
        self.set_policy(self.about, "review")
        fresh, match = self.make(3), self.match(3)
        self.before = self.records()

        self.read(fresh)
        self.assertStopped("to_accept", fresh).action_accept()
        self.run_syncs()

        self.assertDone(fresh["id"])
        self.assertEqual(self.link(fresh).odoo_id, match)

    def test_gone_before_it_was_ever_linked_is_left_out(self):
        fresh = self.make(3)
        self.remove(fresh)

        self.read(fresh)

        self.assertDone(fresh["id"], "excluded")
        self.assertEqual(self.records(), self.before)


class TestCustomerIdentity(IdentityTable, SyncCase):
    about, model = "customers", "res.partner"
    scope = "read_customers"

    def make(self, number):
        return self.shop.create_customer(
            email=f"buyer{number}@example.com",
            first_name="Buyer",
            last_name=str(number),
        )

    def match(self, number):
        return self.env["res.partner"].create(
            {"name": "Ours", "email": f"Buyer{number}@example.com"}
        )

    def link(self, item):
        return self.customer_link(item)

    def unlink(self, item):
        self.link(item)._as_engine().unlink()
        self.env["shopify.res.partner"].search(
            [("odoo_id", "=", self.made.id)]
        )._as_engine().unlink()

    def remove(self, item):
        self.shop.delete_customer(item["id"])

    def change_key(self, partner):
        partner.email = "moved@example.com"

    def move_to(self, company):
        self.made.company_id = company

    def test_match_that_is_linked_already_stops(self):
        """The contact took over another customer's e-mail."""
        self.made.email = "buyer3@example.com"
        fresh = self.make(3)
        self.before = self.records()

        self.read(fresh)

        row = self.assertStopped("match_taken", fresh)
        self.assertIn(self.row(self.gid).record_name, row.message)


class TestProductIdentity(IdentityTable, SyncCase):
    about, model = "products", "product.template"
    scope = "read_products"

    def make(self, number):
        return self.mug(sku=f"CUP-{number}", title=f"Cup {number}")

    def match(self, number):
        return self.odoo_product(sku=f"CUP-{number}").product_tmpl_id

    def link(self, item):
        return self.product_link(item)

    def unlink(self, item):
        variants = self.variant_link(item)
        self.env["shopify.stock.level"].sudo().search(
            [("variant_link_id", "in", variants.ids)]
        ).unlink()
        variants._as_engine().unlink()
        self.link(item)._as_engine().unlink()

    def remove(self, item):
        self.shop.delete_product(item["id"])

    def change_key(self, template):
        template.default_code = "RENAMED"

    def move_to(self, company):
        self.made.company_id = company

    def test_duplicate_made_in_shopify_is_a_new_product(self):
        copy = self.shop.duplicate_product(self.gid)
        self.shop.edit_variant(copy["variants"][0], sku="CUP-COPY")
        self.assertEqual(self.marks(copy), (None, self.ours()))

        self.read(copy)

        self.assertDone(copy["id"])
        made = self.link(copy).odoo_id
        self.assertNotEqual(made, self.made)
        self.assertEqual(self.marked(copy["id"]), str(made.id))
        self.assertEqual(
            self.marked(copy["variants"][0]), str(made.product_variant_id.id)
        )
        self.assertEqual(self.marked(self.gid), str(self.made.id))

    def test_duplicate_that_kept_the_sku_stops_and_the_original_goes_on(self):
        copy = self.shop.duplicate_product(self.gid)
        self.before = self.records()

        self.read(copy, self.item)

        self.assertDone(self.gid, "unchanged")
        row = self.row(copy["id"])
        self.assertEqual(row.state, "review")
        self.assertIn(row.reason_code, ("match_taken", "ambiguous_match"))
        self.assertEqual(self.records(), self.before)

    def test_unknown_key_where_products_are_only_linked_is_unmapped(self):
        self.backend.product_policy = "link_only"
        fresh = self.make(3)

        self.read(fresh)

        self.assertStopped("product_unmapped", fresh)

    def test_variant_marked_as_another_record_stops_its_product(self):
        gid = self.item["variants"][0]
        self.mark(gid, "4711", self.proof(gid) | {"ids": [4711]})

        self.read()

        self.assertStopped("identity_conflict")
        self.assertEqual(self.marked(gid), "4711")


class TestOrderIdentity(SyncCase):
    """The rows that matter most for orders: never a second sale order."""

    def setUp(self):
        super().setUp()
        self.bought = self.order([("SHIRT", 1)])
        self.sync(self.bought)
        self.gid = self.bought["id"]
        self.made = self.sale_order(self.bought)
        self.start_counting()
        self.before = self.records()

    def assertStopped(self, code, order=None):
        row = self.assertReview((order or self.bought)["id"], code)
        self.assertEqual(self.records(), self.before)
        self.assertEqual(self.written(), {})
        return row

    def test_linked_but_marked_as_another_order_stops(self):
        self.mark(self.gid, "4711", self.proof(self.gid) | {"ids": [4711]})

        self.sync(self.bought)

        self.assertStopped("identity_conflict")

    def test_unlinked_order_of_another_database_makes_no_second_one(self):
        other = self.order([("SHIRT", 1)])
        self.mark(other["id"], "4711", self.proof(self.gid) | {"database": ELSEWHERE})

        self.sync(other)

        self.assertStopped("identity_foreign_database", other)

    def test_copy_of_a_linked_order_stops(self):
        other = self.order([("SHIRT", 1)])
        self.mark(other["id"], str(self.made.id), self.proof(self.gid))

        self.sync(other)

        row = self.assertStopped("identity_copied", other)
        self.assertIn(self.row(self.gid).record_name, row.message)

    def test_order_that_shopify_hides_for_its_age_is_not_called_gone(self):
        granted = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, granted)
        recent = [scope for scope in granted if scope != "read_all_orders"]
        self.shop.set_scopes(recent)
        self.backend.granted_scopes = ",".join(recent)
        self.made.date_order = "2025-01-01 10:00:00"
        self.shop.set_order(self.gid, createdAt="2025-01-01T10:00:00Z")

        self.sync(self.bought)

        self.assertStopped("order_too_old")
        self.assertFalse(self.link(self.bought).gone_at)

    def test_order_that_was_read_once_and_never_linked_is_not_called_gone(self):
        granted = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, granted)
        recent = [scope for scope in granted if scope != "read_all_orders"]
        self.set_policy("products", "off")
        self.make_variant("CAP", "5.00", linked=False)
        self.before = self.records()
        stuck = self.order([("CAP", 1)])
        self.sync(stuck)
        self.assertStopped("variant_unmapped", stuck)
        self.shop.set_scopes(recent)
        self.backend.granted_scopes = ",".join(recent)
        self.shop.set_order(stuck["id"], createdAt="2025-01-01T10:00:00Z")

        for _time in range(2):
            self.sync(stuck)

            row = self.assertStopped("order_too_old", stuck)
            self.assertEqual(row.wait_ids.mapped("key"), ["scope:read_all_orders"])

    def test_unlinked_order_that_was_never_read_is_left_out_when_shopify_has_none(self):
        granted = sorted(self.shop.app.scopes)
        recent = [scope for scope in granted if scope != "read_all_orders"]
        self.backend.granted_scopes = ",".join(recent)
        never = self.order([("SHIRT", 1)])
        self.shop.delete_order(never["id"])

        self.sync(never)

        self.assertDone(never["id"], "excluded")

    def test_order_whose_customer_is_claimed_by_another_database_stops(self):
        customer = self.shop.create_customer(email="eve@example.com", first_name="Eve")
        self.mark(
            customer["id"],
            "7",
            self.proof(self.gid)
            | {"model": "res.partner", "ids": [7], "database": ELSEWHERE},
        )
        order = self.order([("SHIRT", 1)], customer=customer["id"])

        self.sync(order)

        row = self.assertStopped("identity_foreign_database", order)
        self.assertIn(f"customer:{customer['id']}", row.wait_ids.mapped("key"))


class TestTwoStores(SyncCase):
    """Links are a store's own: one Odoo product may stand in two shops."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_shop = cls.emulator.add_shop("second", currency="USD")
        cls.other_shop.webhook_mode("manual")
        cls.other_store = cls._make_store(cls.other_shop)
        cls.other_store.action_connect()

    def other_mug(self, **values):
        row = {"sku": "MUG", "price": "9.50", **values}
        return self.other_shop.create_product(title="Mug", variants=[row])

    def read_in_other(self, *items):
        self.env["shopify.trigger"]._insert(
            self.other_store,
            [("products", "in", "Product", item["id"]) for item in items],
            "test",
        )
        self.run_syncs()

    def test_one_product_is_linked_once_in_each_store(self):
        ours, mug, other = self.odoo_product(), self.mug(), self.other_mug()

        self.read_again("products", mug["id"])
        self.read_in_other(other)

        links = self.env["shopify.product.product"].search([("odoo_id", "=", ours.id)])
        self.assertEqual(
            {link.backend_id: link.shopify_gid for link in links},
            {
                self.backend: mug["variants"][0],
                self.other_store: other["variants"][0],
            },
        )
        self.assertEqual(
            self.env["product.product"].search([("default_code", "=", "MUG")]), ours
        )
        theirs = self.other_shop.get_object(other["variants"][0])["_metafields"]
        self.assertIn(str(ours.id), theirs.values())
        self.assertEqual(self.marked(mug["variants"][0]), str(ours.id))

    def test_same_buyer_in_two_stores_is_one_contact(self):
        customers = [
            shop.create_customer(email="eve@example.com", first_name="Eve")
            for shop in (self.shop, self.other_shop)
        ]

        self.read_again("customers", customers[0]["id"])
        self.env["shopify.trigger"]._insert(
            self.other_store,
            [("customers", "in", "Customer", customers[1]["id"])],
            "test",
        )
        self.run_syncs()

        partner = self.env["res.partner"].search([("email", "=", "eve@example.com")])
        self.assertEqual(len(partner), 1)
        links = self.env["shopify.res.partner"].search(
            [("odoo_id", "=", partner.id), ("shopify_gid", "!=", False)]
        )
        self.assertEqual(links.backend_id, self.backend | self.other_store)

    def test_one_store_on_hold_leaves_the_other_at_work(self):
        self.backend._hold("store_on_hold", "a test")
        mug, other = self.mug(), self.other_mug()

        self.ask("products", mug["id"])
        self.read_in_other(other)

        self.assertFalse(self.row(mug["id"]))
        row = self.env["shopify.sync"].search(
            [
                ("backend_id", "=", self.other_store.id),
                ("subject_key", "=", other["id"]),
                ("direction", "=", "in"),
            ]
        )
        self.assertEqual(row.state, "done")
