"""Links can't be edited by hand, by any route; linked records stay."""

from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from ..common import ShopifyCase


class TestLinkProtection(ShopifyCase):
    def setUp(self):
        super().setUp()
        self.item = self.shop.create_product(
            title="Mug", variants=[{"sku": "MUG", "price": "10.00", "tracked": False}]
        )
        self.buyer = self.shop.create_customer(email="ada@x.org", first_name="Ada")
        self.env["shopify.trigger"]._insert(
            self.backend,
            [
                ("products", "in", "Product", self.item["id"]),
                ("customers", "in", "Customer", self.buyer["id"]),
            ],
            "test",
        )
        self.run_syncs()
        self.variant = self.find("shopify.product.product", self.item["variants"][0])
        self.product = self.find("shopify.product.template", self.item["id"])
        self.customer = self.find("shopify.res.partner", self.buyer["id"])

    def find(self, model, gid):
        found = self.env[model].search([("shopify_gid", "=", gid)])
        self.assertEqual(len(found), 1)
        return found

    def links(self):
        return self.variant, self.product, self.customer

    def state(self):
        return [
            link.read(["shopify_gid", "odoo_id", "token"], load=None)
            for link in self.links()
        ]

    def manager(self):
        return new_test_user(
            self.env, "boss", "shopify_connector.group_manager,base.group_system"
        )

    def other(self, link):
        return link.odoo_id.copy()

    def test_code_cant_move_a_link(self):
        before = self.state()

        for link in self.links():
            with self.assertRaises(UserError):
                link.write({"odoo_id": self.other(link).id})
            with self.assertRaises(UserError):
                link.write({"shopify_gid": "gid://shopify/Product/1"})

        self.assertEqual(self.state(), before)

    def test_superuser_and_a_forged_context_cant_either(self):
        before = self.state()

        for link in self.links():
            forged = link.sudo().with_context(
                shopify_engine=True, shopify_importing=True
            )
            with self.assertRaises(UserError):
                forged.write({"shopify_gid": "gid://shopify/Product/1"})
            with self.assertRaises(UserError):
                forged.unlink()

        self.assertEqual(self.state(), before)

    def test_link_cant_be_made_copied_or_removed(self):
        for link in self.links():
            with self.assertRaises(UserError):
                link.create(
                    {
                        "backend_id": self.backend.id,
                        "shopify_gid": "gid://shopify/Product/1",
                        "odoo_id": self.other(link).id,
                    }
                )
            with self.assertRaises(UserError):
                link.copy()
            with self.assertRaises(UserError):
                link.unlink()
            self.assertTrue(link.exists())

    def test_manager_cant_write_links_by_rpc(self):
        boss, before = self.manager(), self.state()

        for link in self.links():
            # AccessError is a UserError.
            with self.assertRaises(UserError):
                link.with_user(boss).write({"shopify_gid": "gid://shopify/Product/1"})
            with self.assertRaises(UserError):
                link.with_user(boss).unlink()

        self.assertEqual(self.state(), before)

    def test_import_cant_write_links(self):
        boss, before = self.manager(), self.state()

        with mute_logger("odoo.models"):
            for link in self.links():
                result = (
                    self.env[link._name]
                    .with_user(boss)
                    .load(
                        [".id", "shopify_gid"],
                        [[str(link.id), "gid://shopify/Product/1"]],
                    )
                )
                self.assertFalse(result["ids"])

        self.assertEqual(self.state(), before)

    def test_product_form_cant_write_links(self):
        before = self.state()

        with self.assertRaises(UserError):
            self.variant.odoo_id.write(
                {"shopify_binding_ids": [(1, self.variant.id, {"shopify_gid": "x"})]}
            )
        with Form(self.variant.odoo_id) as form:
            form.name = "Renamed"

        self.assertEqual(self.state(), before)

    def test_parts_of_a_link_are_closed_too(self):
        for link, name, value in (
            (self.variant, "inventory_item_gid", "gid://shopify/InventoryItem/1"),
            (self.variant, "product_gid", "gid://shopify/Product/1"),
            (self.product, "made_here", False),
            (self.customer, "kind", "contact"),
            (self.customer, "match_key", "eve@x.org"),
            (self.customer, "token", "guessed"),
        ):
            with self.subTest(field=name), self.assertRaises(UserError):
                link.write({name: value})

    def test_linked_records_cant_be_deleted(self):
        for link in self.links():
            with self.assertRaisesRegex(UserError, "linked to Shopify"):
                link.odoo_id.unlink()
            self.assertTrue(link.odoo_id.exists())

    def test_linked_records_can_be_archived(self):
        for link in self.links():
            link.odoo_id.action_archive()

            self.assertFalse(link.odoo_id.active)
            self.assertTrue(link.exists())

    def test_copy_of_a_linked_record_is_not_linked(self):
        for link in self.links():
            self.assertFalse(link.odoo_id.copy().shopify_binding_ids)

    def test_two_customers_of_a_store_cant_be_merged(self):
        other = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        self.env["shopify.trigger"]._insert(
            self.backend, [("customers", "in", "Customer", other["id"])], "test"
        )
        self.run_syncs()
        eve = self.find("shopify.res.partner", other["id"])
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})

        with self.assertRaisesRegex(UserError, "different customers"):
            wizard._merge((self.customer.odoo_id | eve.odoo_id).ids)

        self.assertEqual(len((self.customer | eve).exists().odoo_id), 2)

    def test_merged_contact_takes_its_link_along(self):
        twin = self.env["res.partner"].create({"name": "Ada", "email": "ada@x.org"})
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})

        wizard._merge((self.customer.odoo_id | twin).ids, twin)

        self.assertEqual(self.customer.odoo_id, twin)

    def test_one_odoo_record_has_one_link_in_a_store(self):
        for link in self.links():
            with self.assertRaisesRegex(UserError, "already"):
                link._link_chosen(
                    self.backend, "gid://shopify/Thing/1", link.odoo_id, "again"
                )
