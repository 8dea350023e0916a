"""Linked Odoo records: whatever is done to them keeps the links right, or is refused
with the reason."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user
from odoo.tools import convert, mute_logger
from odoo.tools.convert import ParseError

from .sync_case import SyncCase


class TestProtection(SyncCase):
    def setUp(self):
        super().setUp()
        self.item = self.shop.create_product(
            title="Cap",
            options=["Size"],
            variants=[
                {"sku": f"CAP-{size}", "price": "10.00", "options": [size]}
                for size in ("S", "M")
            ],
        )
        self.buyer = self.shop.create_customer(email="ada@x.org", first_name="Ada")
        self.read_again("products", self.item["id"])
        self.read_again("customers", self.buyer["id"])
        self.bought = self.order([("SHIRT", 1)])
        self.sync(self.bought)
        self.place = self.env["shopify.mapping.location"].search([], limit=1)

    def links(self):
        """One of each kind."""
        return (
            self.product_link(self.item),
            self.variant_link(self.item)[0],
            self.customer_link(self.buyer),
            self.link(self.bought),
            self.place,
        )

    def state(self):
        self.env.invalidate_all()
        return [
            (link._name, link.id, link.shopify_gid, link._record().id, link.token)
            for link in self.links()
        ]

    def people(self):
        return (
            new_test_user(
                self.env,
                "boss",
                "shopify_connector.group_manager,base.group_system,"
                "sales_team.group_sale_manager,stock.group_stock_manager",
            ),
            self.env.ref("base.user_admin"),
            self.env.ref("base.user_root"),
        )

    # --- the links themselves ---

    def test_no_user_writes_makes_or_removes_a_link_by_rpc(self):
        before = self.state()
        for user in self.people():
            for link in self.links():
                model = self.env[link._name].with_user(user)
                with self.subTest(user=user.login, model=link._name):
                    for call in (
                        lambda m=model, i=link.id: m.browse(i).write(
                            {"shopify_gid": "gid://shopify/Product/1"}
                        ),
                        lambda m=model, i=link.id: m.browse(i).web_save(
                            {"token": "x"}, {"token": {}}
                        ),
                        lambda m=model, i=link.id: m.browse(i).unlink(),
                        lambda m=model, i=link.id: m.browse(i).copy(),
                        lambda m=model: m.name_create("gid://shopify/Product/1"),
                        lambda m=model: m.create(
                            {
                                "backend_id": self.backend.id,
                                "shopify_gid": "gid://shopify/Product/1",
                            }
                        ),
                    ):
                        # AccessError is a UserError.
                        with self.assertRaises(UserError), self.env.cr.savepoint():
                            call()
        self.assertEqual(self.state(), before)

    def test_import_neither_writes_nor_makes_links(self):
        before = self.state()
        with mute_logger("odoo.models", "odoo.orm.models"):
            for user in self.people():
                for link in self.links():
                    model = self.env[link._name].with_user(user)
                    for fields, row in (
                        ([".id", "token"], [str(link.id), "x"]),
                        (
                            ["backend_id/.id", "shopify_gid"],
                            [str(self.backend.id), "gid://shopify/Product/1"],
                        ),
                    ):
                        with self.subTest(user=user.login, model=link._name):
                            found = model.load(fields, [row])
                            self.assertFalse(found["ids"])
                            self.assertTrue(found["messages"])
        self.assertEqual(self.state(), before)

    def test_data_files_of_a_module_dont_write_links(self):
        before = self.state()
        for link in self.links():
            name = f"link_{link._table}"
            self.env["ir.model.data"].create(
                {"module": "base", "name": name, "model": link._name, "res_id": link.id}
            )
            xml = f"""<odoo><record id="base.{name}" model="{link._name}">
                <field name="token">x</field></record></odoo>"""
            with (
                self.subTest(model=link._name),
                self.assertRaises(ParseError),
                mute_logger("odoo.tools.convert"),
                self.env.cr.savepoint(),
            ):
                convert.convert_xml_import(
                    self.env, "base", _File(xml), idref={}, mode="update"
                )
        self.assertEqual(self.state(), before)

    # --- linked records ---

    def test_forms_of_linked_records_save_and_keep_the_links(self):
        before = self.state()
        for link in self.links()[:3]:
            record = link._record()
            with self.subTest(model=record._name):
                with Form(record) as form:
                    form.name = "Renamed"
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    record.web_save(
                        {"shopify_binding_ids": [Command.delete(link.id)]}, {"id": {}}
                    )
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    record.web_save(
                        {"shopify_binding_ids": [Command.clear()]}, {"id": {}}
                    )
        self.assertEqual(self.state(), before)

    def test_import_updates_linked_records_and_keeps_the_links(self):
        before = self.state()
        for link in self.links()[:3]:
            record = link._record()
            found = record.load([".id", "name"], [[str(record.id), "Imported"]])
            self.assertEqual(found["ids"], [record.id])
            self.assertEqual(record.name, "Imported")
        self.assertEqual(self.state(), before)

    def test_deletion_is_refused_naming_store_and_shopify_id(self):
        before = self.state()
        # Odoo itself keeps a confirmed one.
        self.sale_order(self.bought).state = "cancel"
        for link in self.links():
            record = link._record()
            with (
                self.subTest(model=record._name),
                self.assertRaises(UserError) as refused,
                self.env.cr.savepoint(),
            ):
                record.unlink()
            said = str(refused.exception)
            self.assertIn(link.shopify_gid, said)
            self.assertIn(self.backend.name, said)
        self.assertEqual(self.state(), before)

    def test_copies_are_not_linked(self):
        before = self.state()
        for link in self.links()[:4]:
            self.assertFalse(link._record().copy().shopify_binding_ids)
        self.assertEqual(self.state(), before)

    def test_archived_records_keep_their_links(self):
        before = self.state()
        for link in self.links()[:3]:
            link._record().action_archive()
        self.assertEqual(self.state(), before)

    def test_company_of_a_linked_record_stays_that_of_its_store(self):
        other = self.env["res.company"].create({"name": "Elsewhere Inc"})
        before = self.state()
        for link in self.links()[:3]:
            record = link._record()
            with (
                self.subTest(model=record._name),
                self.assertRaisesRegex(UserError, "Unlink it first|Elsewhere"),
                self.env.cr.savepoint(),
            ):
                record.company_id = other
            record.company_id = self.company
            record.company_id = False
        self.assertEqual(self.state(), before)

    def test_unit_of_a_linked_product_stays_pieces(self):
        template = self.product_link(self.item).odoo_id
        with self.assertRaisesRegex(UserError, "counts pieces"):
            template.uom_id = self.env.ref("uom.product_uom_dozen")

    def test_value_taken_from_a_product_archives_the_linked_variant(self):
        template = self.product_link(self.item).odoo_id
        line = template.attribute_line_ids[:1]
        gone = line.value_ids[0]
        linked = self.variant_link(self.item)
        lost = linked.odoo_id.filtered(
            lambda v: (
                gone
                in v.product_template_attribute_value_ids.product_attribute_value_id
            )
        )
        self.assertEqual(len(lost), 1)

        line.value_ids = [Command.unlink(gone.id)]

        self.assertTrue(lost.exists())
        self.assertFalse(lost.active)
        self.assertEqual(len(linked.exists()), 2)
        self.assertIn(lost, linked.odoo_id)

    def test_attribute_line_taken_from_a_product_loses_no_link(self):
        template = self.product_link(self.item).odoo_id
        linked = self.variant_link(self.item)
        kept = [(link.id, link.odoo_id.id) for link in linked]

        template.attribute_line_ids = [Command.clear()]

        self.env.invalidate_all()
        self.assertEqual([(link.id, link.odoo_id.id) for link in linked.exists()], kept)

    # --- in Shopify ---

    def test_mark_cleared_by_another_route_is_found_and_written_again(self):
        for link in self.links()[:4]:
            kept = self.marked(link.shopify_gid), self.proof(link.shopify_gid)
            self.assertTrue(all(kept), link)
            self.mark(link.shopify_gid)
            self.compare()
            now = self.marked(link.shopify_gid), self.proof(link.shopify_gid)
            self.assertEqual(now, kept)

    def test_mark_changed_by_another_route_is_found_and_named(self):
        for link in self.links()[:4]:
            gid = link.shopify_gid
            self.mark(gid, "4711", self.proof(gid) | {"ids": [4711]})
            self.compare()
            row = self.row(gid, "mark")
            self.assertEqual(
                (row.state, row.reason_code), ("review", "identity_conflict")
            )
            self.assertEqual(self.marked(gid), "4711")

    def compare(self):
        with self.backend._client() as client:
            self.backend._compare_linked(client)
        self.run_syncs()


class _File:
    """What Odoo's loader wants of an opened data file."""

    name = "links.xml"

    def __init__(self, text):
        self._data = text.encode()

    def read(self, *_size):
        data, self._data = self._data, b""
        return data
