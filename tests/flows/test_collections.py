"""A collection is linked to the product tag that a person chose, and carries its ID."""

from odoo.exceptions import UserError
from odoo.tests import Form

from .sync_case import SyncCase


class CollectionCase(SyncCase):
    def setUp(self):
        super().setUp()
        self.summer = self.shop.create_collection("Summer")
        self.gid = self.summer["id"]
        self.tag = self.env["product.tag"].create({"name": "Sommer"})

    def link(self):
        return self.env["shopify.product.tag"].search([("shopify_gid", "=", self.gid)])

    def linked(self):
        link = self.env["shopify.product.tag"]._link_chosen(
            self.backend, self.gid, self.tag, "the summer range"
        )
        self.run_syncs()
        return link

    def read(self):
        self.read_again("products", self.gid, kind="Collection")

    def scan(self, purpose):
        """The store is read and compared, past all that a scan waits for."""
        scan = self.backend._scan(purpose)
        for _wait in range(20):
            self.run_syncs()
            if scan.state == "done":
                return scan
            self.jobs_come_due()
        raise AssertionError((scan.state, scan.message))

    def scanned(self):
        """The worksheet's row of the collection."""
        scan = self.scan("matching")
        return scan.match_ids.filtered(lambda row: row.shopify_gid == self.gid)


class TestCollections(CollectionCase):
    def test_a_linked_collection_carries_the_tags_id(self):
        link = self.linked()

        self.assertEqual(self.marked(self.gid), str(self.tag.id))
        proof = self.proof(self.gid)
        self.assertEqual((proof["model"], proof["ids"]), ("product.tag", [self.tag.id]))
        self.assertTrue(link.verified_at)
        self.assertDone(self.gid, direction="mark")

    def test_the_second_read_writes_nothing(self):
        self.linked()
        self.read()
        self.start_counting()
        self.read()

        self.assertDone(self.gid, "unchanged")
        self.assertEqual(self.written(), {})
        self.assertEqual(self.tag.name, "Sommer")

    def test_an_unlinked_collection_is_not_imported_nor_matched_by_its_name(self):
        self.tag.name = "Summer"
        before = self.env["product.tag"].search_count([])
        self.read()

        self.assertDone(self.gid, "excluded")
        self.assertFalse(self.link())
        self.assertEqual(self.env["product.tag"].search_count([]), before)

    def test_a_mark_that_was_removed_is_written_again(self):
        self.linked()
        self.mark(self.gid)
        self.read()
        self.assertEqual(self.marked(self.gid), str(self.tag.id))

    def test_a_mark_changed_by_another_stops_and_is_not_overwritten(self):
        self.linked()
        proof = self.proof(self.gid) | {"ids": [self.tag.id + 1]}
        self.mark(self.gid, str(self.tag.id + 1), proof)
        self.read()

        self.assertReview(self.gid, "identity_conflict")
        self.assertEqual(self.marked(self.gid), str(self.tag.id + 1))

    def test_a_lost_link_is_restored_by_the_mark(self):
        self.linked()._as_engine().unlink()
        self.read()

        self.assertEqual(self.link().odoo_id, self.tag)
        self.assertEqual(self.marked(self.gid), str(self.tag.id))

    def test_deleted_in_shopify_is_noted_and_the_link_kept(self):
        link = self.linked()
        self.shop.delete_collection(self.gid)
        with self.backend._client() as client:
            self.backend._compare_linked(client)
        self.run_syncs()

        self.assertTrue(link.gone_at)
        self.assertEqual(link.odoo_id, self.tag)

    def test_an_id_that_another_collection_has_is_refused_and_its_owner_named(self):
        other = self.shop.create_collection("Winter")
        self.shop.set_metafield(other["id"], "$app:odoo", "id", str(self.tag.id))
        self.linked()

        row = self.row(self.gid, "mark")
        self.assertEqual(row.reason_code, "mark_refused")
        self.assertEqual(row.reason_params["other"], other["id"])


class TestCollectionLinks(CollectionCase):
    def test_a_linked_tag_is_not_deleted(self):
        self.linked()
        with self.assertRaisesRegex(UserError, "linked to a collection"):
            self.tag.unlink()

    def test_one_tag_one_collection(self):
        self.linked()
        other = self.shop.create_collection("Winter")
        with self.assertRaisesRegex(UserError, "one record, one link"):
            self.env["shopify.product.tag"]._link_chosen(
                self.backend, other["id"], self.tag, "the same"
            )

    def test_relinked_to_another_tag_its_mark_follows(self):
        link = self.linked()
        other = self.env["product.tag"].create({"name": "Sommer 2"})
        link._relink(other, "it was the other one")
        self.run_syncs()

        self.assertEqual(link.odoo_id, other)
        self.assertEqual(self.marked(self.gid), str(other.id))

    def test_the_wizard_relinks_a_collection(self):
        self.linked()
        other = self.env["product.tag"].create({"name": "Sommer 2"})
        action = self.link().action_relink()
        model = self.env[action["res_model"]].with_context(**action["context"])
        form = Form(model)
        form.tag_id = other
        form.reason = "it was the other one"
        wizard = form.save()
        self.assertIn("Sommer 2", wizard.preview)
        wizard.action_apply()
        self.assertEqual(self.link().odoo_id, other)

    def test_unlinked_its_mark_is_removed_and_it_stays_apart(self):
        self.linked()._unlink_chosen("no range of ours")
        self.run_syncs()
        self.read()

        self.assertIsNone(self.marked(self.gid))
        self.assertIsNone(self.proof(self.gid))
        self.assertFalse(self.link())


class TestCollectionMatching(CollectionCase):
    def test_the_worksheet_shows_it_only_in_shopify_whatever_its_name(self):
        self.tag.name = "Summer"
        row = self.scanned()

        self.assertEqual(
            (row.shopify_type, row.name, row.verdict),
            ("Collection", "Summer", "only_shopify"),
        )
        self.assertFalse(row.candidate_ids)

    def test_a_chosen_tag_is_linked_and_marked(self):
        row = self.scanned()
        row._choose(self.tag, "the summer range")
        self.run_syncs()

        self.assertEqual((row.verdict, row.odoo_id), ("linked", self.tag.id))
        self.assertEqual(self.link().odoo_id, self.tag)
        self.assertEqual(self.marked(self.gid), str(self.tag.id))

    def test_create_here_makes_a_tag_with_the_title(self):
        row = self.scanned()
        row._do_create_here("", self.env.user)
        self.run_syncs()

        self.assertEqual(self.link().odoo_id.name, "Summer")
        self.assertEqual(self.marked(self.gid), str(self.link().odoo_id.id))

    def test_create_here_stops_where_a_tag_has_that_name(self):
        self.tag.name = "Summer"
        row = self.scanned()
        row._do_create_here("", self.env.user)
        self.run_syncs()

        self.assertReview(self.gid, "odoo_refused")
        self.assertFalse(self.link())

    def test_a_linked_collection_is_linked_in_the_worksheet(self):
        self.linked()
        row = self.scanned()
        self.assertEqual((row.verdict, row.odoo_id), ("linked", self.tag.id))

    def test_the_audit_finds_a_mark_that_is_missing_and_repairs_it(self):
        self.linked()
        self.mark(self.gid)
        scan = self.scan("audit")

        self.assertEqual(scan.sides["Collection"]["links"], 1)
        self.assertEqual(self.marked(self.gid), str(self.tag.id))
