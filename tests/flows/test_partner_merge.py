"""Odoo's own merge wizard: no Shopify link is lost, doubled, or left to SQL."""

import json
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user

from ..common import ShopifyCase
from .sync_case import SyncHelpers


class TestPartnerMerge(SyncHelpers, ShopifyCase):
    def setUp(self):
        super().setUp()
        self.ada = self.shop.create_customer(email="ada@x.org", first_name="Ada")
        self.eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        self.read_again("customers", self.ada["id"], self.eve["id"])
        self.adas, self.eves = map(self.customer_link, (self.ada, self.eve))
        self.first, self.second = self.adas.odoo_id, self.eves.odoo_id

    def plain(self, **values):
        return self.env["res.partner"].create(
            {"name": "Ada", "email": "ada@x.org"} | values
        )

    def merge(self, partners, into, user=None, **values):
        """As from the list of contacts: Action → Merge."""
        model = self.env["base.partner.merge.automatic.wizard"].with_user(
            user or self.env.user
        )
        wizard = model.with_context(
            active_model="res.partner", active_ids=partners.ids
        ).create({})
        self.assertEqual(wizard.partner_ids, partners)
        with Form(wizard) as form:
            form.dst_partner_id = into
            for name, value in values.items():
                setattr(form, name, value)
        wizard.action_merge()
        self.env.invalidate_all()

    def assertMarked(self, gid, record):
        self.assertEqual(self.marked(gid), record and str(record.id))
        self.assertEqual((self.proof(gid) or {}).get("ids"), record and [record.id])

    def users(self):
        """A salesperson who never saw a store, one who has, and the administrator."""
        common = "base.group_user,base.group_partner_manager"
        return (
            new_test_user(self.env, "clerk", common),
            new_test_user(self.env, "user", f"{common},shopify_connector.group_user"),
            self.env.ref("base.user_admin"),
        )

    def test_link_follows_into_the_contact_that_is_kept(self):
        for user in self.users():
            with self.subTest(user=user.login):
                twin, before = self.plain(), self.adas.odoo_id
                token = self.adas.token
                self.merge(before | twin, twin, user)

                self.assertFalse(before.exists())
                self.assertEqual(self.adas.odoo_id, twin)
                self.assertNotEqual(self.adas.token, token)
                self.run_syncs()
                self.assertMarked(self.ada["id"], twin)
                self.read_again("customers", self.ada["id"])
                self.assertDone(self.ada["id"], "unchanged")
                said = self.events(self.ada["id"]).mapped("message")
                self.assertTrue(any("contacts merged" in (t or "") for t in said))

    def test_linked_contact_takes_in_a_plain_one(self):
        twin = self.plain()
        self.merge(self.first | twin, self.first)

        self.run_syncs()
        self.assertEqual(self.adas.odoo_id, self.first)
        self.assertMarked(self.ada["id"], self.first)

    def test_plain_contacts_merge_as_ever(self):
        one, two = self.plain(), self.plain()
        self.merge(one | two, one)
        self.assertFalse(two.exists())

    def test_two_customers_of_a_store_stay_apart(self):
        self.second.email = "ada@x.org"
        for user in self.users():
            with (
                self.subTest(user=user.login),
                self.assertRaisesRegex(UserError, "different customers.*testshop"),
            ):
                self.merge(self.first | self.second, self.first, user)
            self.assertEqual(self.adas.odoo_id, self.first)
            self.assertEqual(self.eves.odoo_id, self.second)

    def merged_as_aliases(self):
        self.merge(self.first | self.second, self.first, shopify_keep_aliases=True)
        self.run_syncs()

    def test_one_person_with_two_accounts_keeps_both(self):
        self.merged_as_aliases()

        self.assertFalse(self.second.exists())
        self.assertEqual(self.eves.odoo_id, self.first)
        self.assertEqual(self.eves.alias_of_id, self.adas)
        self.assertMarked(self.ada["id"], self.first)
        self.assertMarked(self.eve["id"], None)

    def test_what_comes_in_for_an_alias_is_the_contacts(self):
        self.merged_as_aliases()
        count = self.env["res.partner"].search_count([])
        self.start_counting()
        self.read_again("customers", self.ada["id"], self.eve["id"])

        for item in (self.ada, self.eve):
            self.assertDone(item["id"], "unchanged")
        self.assertEqual(self.written(), {})
        self.assertEqual(self.env["res.partner"].search_count([]), count)
        self.assertMarked(self.eve["id"], None)

    def test_weekly_comparison_leaves_aliases_alone(self):
        self.merged_as_aliases()
        with self.backend._client() as client:
            counts = self.backend._compare_linked(client)["Customer"]
        self.assertEqual((counts["linked"], counts["unmarked"]), (4, 0))

    def compared(self):
        with self.backend._client() as client:
            counts = self.backend._compare_linked(client)["Customer"]
        self.run_syncs()
        return counts["unmarked"]

    def test_weekly_comparison_removes_our_old_mark_from_an_alias(self):
        """As a copy of the database, or a backup of the shop, may bring it back."""
        self.merged_as_aliases()
        own = self.eves._own_proof()
        self.mark(self.eve["id"], own.value, own.to_json())

        self.assertEqual(self.compared(), 1)

        self.assertMarked(self.eve["id"], None)
        self.assertIsNone(self.proof(self.eve["id"]))
        self.assertMarked(self.ada["id"], self.first)
        self.assertEqual(self.compared(), 0)

    def test_mark_of_another_contact_on_an_alias_is_left_and_reported(self):
        self.merged_as_aliases()
        other = self.plain(name="Somebody else")
        own = json.loads(self.eves._own_proof().to_json())
        self.mark(self.eve["id"], str(other.id), own | {"ids": [other.id]})

        self.assertEqual(self.compared(), 1)

        self.assertMarked(self.eve["id"], other)
        row = self.syncs(subject_key=self.eve["id"], direction="mark")
        self.assertEqual((row.state, row.reason_code), ("review", "identity_conflict"))
        self.assertIn(f"ID {other.id}", row.message)

    def test_alias_is_split_off_again(self):
        self.merged_as_aliases()
        again = self.plain(name="Eve")
        self.eves._split(again, "two people after all")
        self.run_syncs()

        self.assertFalse(self.eves.alias_of_id)
        self.assertMarked(self.eve["id"], again)
        self.assertMarked(self.ada["id"], self.first)

    def test_aliases_follow_when_their_contact_is_merged(self):
        self.merged_as_aliases()
        twin = self.plain()
        self.merge(self.first | twin, twin)
        self.run_syncs()

        self.assertEqual((self.adas | self.eves).odoo_id, twin)
        self.assertEqual(self.eves.alias_of_id, self.adas)
        self.assertMarked(self.ada["id"], twin)

    def test_main_link_with_aliases_is_not_unlinked(self):
        self.merged_as_aliases()
        with self.assertRaisesRegex(UserError, "further accounts"):
            self.adas._unlink_chosen("wrong")

    def test_guests_and_addresses_follow(self):
        links = self.env["shopify.res.partner"]
        children = self.env["res.partner"].create(
            [
                {"name": "Home", "parent_id": parent.id, "type": "delivery"}
                for parent in (self.first, self.plain(name="Guest"))
            ]
        )
        guest = children[1].parent_id
        rows = links._as_engine().create(
            [
                {
                    "backend_id": self.backend.id,
                    "kind": "contact",
                    "match_key": key,
                    "parent_partner_id": child.parent_id.id,
                    "odoo_id": child.id,
                }
                for child, key in (
                    (children[0], "same"),
                    (children[1], "same"),
                    (children[1], "only there"),
                )
            ]
            + [
                {
                    "backend_id": self.backend.id,
                    "kind": "customer",
                    "match_key": "guest@x.org",
                    "odoo_id": guest.id,
                }
            ]
        )
        self.merge(self.first | guest, self.first)

        kept = rows.exists()
        self.assertEqual(
            sorted(kept.mapped("match_key")), ["guest@x.org", "only there", "same"]
        )
        self.assertEqual(kept.parent_partner_id, self.first)
        self.assertEqual(
            kept.filtered(lambda r: r.kind == "customer").odoo_id, self.first
        )

    def test_automatic_merge_leaves_customers_apart_and_does_the_rest(self):
        self.second.email = "ada@x.org"
        twins = self.plain(email="twin@x.org") | self.plain(email="twin@x.org")
        wizard = self.env["base.partner.merge.automatic.wizard"].create(
            {"group_by_email": True, "maximum_group": 100}
        )
        self.env.flush_all()
        # Odoo's process commits after each group, which a test may not.
        with patch.object(self.env.cr, "commit", self.env.flush_all):
            wizard.action_start_automatic_process()

        self.assertEqual(len(twins.exists()), 1)
        self.assertEqual(self.adas.odoo_id, self.first)
        self.assertEqual(self.eves.odoo_id, self.second)
        self.assertIn(self.eve["id"], wizard.shopify_skipped)
        self.assertEqual(wizard.state, "finished")

    def elsewhere(self):
        other = self.env["res.company"].create({"name": "Elsewhere Inc"})
        self.env.user.company_ids = [Command.link(other.id)]
        return other

    def run_automatic(self, act="action_start_automatic_process", **values):
        wizard = self.env["base.partner.merge.automatic.wizard"].create(
            {"group_by_email": True, "maximum_group": 100} | values
        )
        self.env.flush_all()
        with patch.object(self.env.cr, "commit", self.env.flush_all):
            getattr(wizard, act)()
        self.env.invalidate_all()
        return wizard

    def unmergeable(self):
        """A linked contact, and a twin of another company that Odoo would keep."""
        twin = self.plain(company_id=self.elsewhere().id)
        # Odoo keeps the one that is active, and made first.
        self.env.cr.execute(
            "UPDATE res_partner SET create_date = create_date - interval '1 day'"
            " WHERE id = %s",
            [twin.id],
        )
        self.env.invalidate_all()
        return twin

    def test_automatic_merge_names_what_its_links_forbid_and_does_the_rest(self):
        twin = self.unmergeable()
        twins = self.plain(email="twin@x.org") | self.plain(email="twin@x.org")

        wizard = self.run_automatic()

        self.assertEqual(len(twins.exists()), 1)
        self.assertTrue(twin.exists())
        self.assertEqual(self.adas.odoo_id, self.first)
        self.assertIn("Elsewhere Inc", wizard.shopify_skipped)
        self.assertIn(f"Ada ({self.first.id})", wizard.shopify_skipped)
        self.assertEqual(wizard.state, "finished")
        self.assertFalse(wizard.line_ids)

    def test_group_whose_link_refuses_is_undone_and_the_rest_goes_on(self):
        """Odoo merges bank accounts before the links are looked at."""
        twin = self.unmergeable()
        twins = self.plain(email="twin@x.org") | self.plain(email="twin@x.org")
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "1", "partner_id": self.first.id}
        )

        self.run_automatic()

        self.assertEqual(bank.partner_id, self.first)
        self.assertEqual(twin.exists(), twin)
        self.assertEqual(len(twins.exists()), 1)

    def test_merge_of_everything_names_what_was_left_apart(self):
        """Odoo does it in a second wizard that nobody sees."""
        (self.first | self.second).write(
            {"email": "ada@x.org", "name": "Ada", "vat": "BE0477472701"}
        )

        wizard = self.run_automatic("action_update_all_process")

        self.assertEqual(self.adas.odoo_id, self.first)
        self.assertEqual(self.eves.odoo_id, self.second)
        self.assertIn(self.eve["id"], wizard.shopify_skipped)

    def keep_both(self, user):
        model = self.env["base.partner.merge.automatic.wizard"].with_user(user)
        wizard = model.with_context(
            active_model="res.partner", active_ids=(self.first | self.second).ids
        ).create({"shopify_keep_aliases": True, "dst_partner_id": self.first.id})
        wizard.action_merge()
        self.env.invalidate_all()

    def test_only_a_shopify_manager_makes_accounts_of_one_person(self):
        self.second.email = "ada@x.org"
        for role in (None, "user", "operator"):
            groups = "base.group_user,base.group_partner_manager"
            if role:
                groups += f",shopify_connector.group_{role}"
            user = new_test_user(self.env, f"merger_{role}", groups)
            with (
                self.subTest(role=role),
                self.assertRaisesRegex(UserError, "Only a Shopify manager"),
                self.env.cr.savepoint(),
            ):
                self.keep_both(user)
            self.assertEqual(self.eves.odoo_id, self.second)
        manager = new_test_user(
            self.env,
            "merger",
            "base.group_user,base.group_partner_manager,"
            "shopify_connector.group_manager",
        )

        self.keep_both(manager)

        self.assertEqual(self.eves.alias_of_id, self.adas)

    def test_manager_of_another_companys_store_only_is_refused(self):
        self.second.email = "ada@x.org"
        other = self.env["res.company"].create({"name": "Elsewhere Inc"})
        manager = new_test_user(
            self.env,
            "stranger",
            "base.group_user,base.group_partner_manager,"
            "shopify_connector.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )

        with self.assertRaisesRegex(UserError, "Only a Shopify manager of that store"):
            self.keep_both(manager)

        self.assertEqual(self.eves.odoo_id, self.second)

    def test_only_managers_are_offered_the_choice(self):
        for role, offered in (("operator", False), ("manager", True)):
            user = new_test_user(
                self.env,
                f"looks_{role}",
                "base.group_user,base.group_partner_manager,"
                f"shopify_connector.group_{role}",
            )
            model = self.env["base.partner.merge.automatic.wizard"].with_user(user)
            arch = model.get_view(view_type="form")["arch"]
            shown = '<field name="shopify_keep_aliases"' in arch
            self.assertEqual(shown, offered)

    def test_contact_of_another_company_is_refused(self):
        other = self.env["res.company"].create({"name": "Elsewhere Inc"})
        self.env.user.company_ids = [Command.link(other.id)]
        twin = self.plain(company_id=other.id)
        with self.assertRaisesRegex(UserError, "Elsewhere Inc"):
            self.merge(self.first | twin, twin)
        self.assertEqual(self.adas.odoo_id, self.first)
