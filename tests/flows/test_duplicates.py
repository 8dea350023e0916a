"""Records made twice since go-live: found, told, and left to a person."""

import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .sync_case import SyncCase


class DuplicateCase(SyncCase):
    def setUp(self):
        super().setUp()
        self.service = self.env["product.product"].create(
            {"name": "Anything", "type": "service"}
        )

        # All of a test is one transaction, which began before the store was connected.
        self.backend.connected_at = fields.Datetime.now() - timedelta(days=1)

    def look(self):
        self.backend._look_for_duplicates()
        return self.rows()

    def rows(self, state="todo"):
        return self.env["shopify.duplicate"].search([("state", "=", state)])

    def sale(self, reference, total=10.0, **values):
        return self.env["sale.order"].create(
            {
                "partner_id": self.partner("Buyer").id,
                "client_order_ref": reference,
                "order_line": [
                    (
                        0,
                        0,
                        {
                            "product_id": self.service.id,
                            "price_unit": total,
                            "tax_ids": False,
                        },
                    )
                ],
                **values,
            }
        )

    def partner(self, name, **values):
        return self.env["res.partner"].create({"name": name, **values})

    def bind(self, model, number, record, **values):
        links = self.env[model]
        gid = f"gid://shopify/{links._shopify_type}/{number}"
        return links._bind(
            self.backend,
            [{"shopify_gid": gid, links._record_field: record.id, **values}],
        )

    def bind_customer(self, number, partner):
        return self.bind("shopify.res.partner", number, partner, kind="customer")


class TestDuplicatesFound(DuplicateCase):
    def test_same_order_reference(self):
        first, second = self.sale("#1001"), self.sale(" #1001")
        self.sale("#1002")
        self.bind("shopify.sale.order", 7001, first)

        row = self.look()

        self.assertEqual(
            (row.kind, row.key, row.record_a, row.record_b),
            ("reference", "#1001", first.id, second.id),
        )
        self.assertIn(first.name, row.sides)
        self.assertIn("cancel", row.then)

    def test_same_buyer_amount_and_minute(self):
        now = fields.Datetime.now().replace(second=1)
        buyer = self.partner("Buyer")
        same = {"partner_id": buyer.id, "date_order": now}
        first = self.sale("#1", **same)
        second = self.sale(False, **{**same, "date_order": now.replace(second=50)})
        self.sale(False, total=11.0, **same)
        self.bind("shopify.sale.order", 7001, first)

        row = self.look()

        self.assertEqual(
            (row.kind, row.record_a, row.record_b), ("amount", first.id, second.id)
        )

    def test_two_orders_of_shopify_that_are_alike_are_two(self):
        buyer, now = self.partner("Buyer"), fields.Datetime.now()
        for number in (1, 2):
            sale = self.sale(f"#{number}", partner_id=buyer.id, date_order=now)
            self.bind("shopify.sale.order", 7000 + number, sale)

        self.assertFalse(self.look())

    def test_same_email_of_two_contacts(self):
        ada = self.partner("Ada", email="ada@x.org")
        again = self.partner("A. Byron", email="ADA@x.org ")
        self.bind_customer(7001, ada)

        row = self.look()

        self.assertEqual(
            (row.kind, row.key, row.record_a, row.record_b),
            ("email", "ada@x.org", ada.id, again.id),
        )

    def test_company_its_people_and_addresses_may_share_an_email(self):
        firm = self.partner("Firm", is_company=True, email="info@firm.org")
        ada = self.partner("Ada", parent_id=firm.id, email="info@firm.org")
        self.partner("Bob", parent_id=firm.id, email="info@firm.org")
        self.partner("Dock", parent_id=ada.id, type="delivery", email="info@firm.org")
        self.bind_customer(7001, ada)
        self.bind_customer(7002, firm)

        self.assertFalse(self.look())

    def test_contacts_of_another_company_are_none(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        ada = self.partner("Ada", email="ada@x.org")
        self.partner("Ada", email="ada@x.org", company_id=elsewhere.id)
        self.bind_customer(7001, ada)

        self.assertFalse(self.look())

    def test_same_sku_and_same_barcode(self):
        mug, again = self.odoo_product("MUG"), self.odoo_product("mug ")
        self.bind("shopify.product.product", 7001, mug)

        row = self.look()

        self.assertEqual(
            (row.kind, row.record_a, row.record_b), ("sku", mug.id, again.id)
        )

    def test_without_a_link_or_from_before_going_live_there_is_none(self):
        self.odoo_product("CUP"), self.odoo_product("CUP")
        mug, again = self.odoo_product("MUG"), self.odoo_product("MUG")
        self.bind("shopify.product.product", 7001, mug)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE product_product SET create_date = %s WHERE id IN %s",
            ["2020-01-01", (mug.id, again.id)],
        )

        self.assertFalse(self.look())

    def test_statements_use_the_indexes_of_the_keys(self):
        names = self.env["shopify.duplicate"]._names(self.backend)
        # In a small table any index is as good as another.
        many = range(400)
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n}@x.org"} for n in many]
        )
        self.env["product.product"].create(
            [
                {"name": f"I{n}", "default_code": f"I{n}", "barcode": f"77{n}"}
                for n in many
            ]
        )
        self.env["sale.order"].create(
            [{"partner_id": p.id, "client_order_ref": f"#{p.id}"} for p in partners]
        )
        self.env.flush_all()
        self.env.cr.execute("ANALYZE res_partner, product_product, sale_order")
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        from odoo.addons.shopify_connector.models import shopify_duplicate as module

        for kind, index in (
            ("reference", "shopify_key_reference"),
            ("sku", "shopify_key_sku"),
            ("barcode", "shopify_key_barcode"),
            ("email", "email"),
        ):
            key, query = module._QUERIES[kind]
            self.env.cr.execute(
                "EXPLAIN (FORMAT JSON) " + module._NEW.format(key=key, query=query),
                names | {"kind": kind},
            )
            self.assertIn(index, json.dumps(self.env.cr.fetchone()[0]), kind)


class TestDuplicatesDecided(DuplicateCase):
    def setUp(self):
        super().setUp()
        self.manager = new_test_user(
            self.env,
            "the_manager",
            "shopify_connector.group_manager,sales_team.group_sale_manager,"
            "base.group_partner_manager",
        )
        self.ada = self.partner("Ada", email="ada@x.org")
        self.again = self.partner("Ada", email="ada@x.org")
        self.link_ada = self.bind_customer(7001, self.ada)

    def test_new_ones_are_counted_and_told_once(self):
        row = self.look()
        self.look()

        self.assertEqual(len(row), 1)
        self.backend.invalidate_recordset()
        self.assertEqual(self.backend.duplicate_count, 1)
        activity = self.backend.duplicate_activity_id
        self.assertIn("ada@x.org", activity.note)
        self.assertTrue(activity.user_id.has_group("shopify_connector.group_manager"))

    def test_not_a_duplicate_is_remembered_with_its_reason(self):
        row = self.look().with_user(self.manager)
        action = row.action_two()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.manager)
            .with_context(**action["context"])
        )
        wizard.create({"reason": "two sisters"}).action_apply()

        self.assertFalse(self.look())
        self.assertEqual(
            (row.state, row.reason, row.decided_by_id),
            ("two", "two sisters", self.manager),
        )

    def test_merge_of_contacts_keeps_the_link_and_settles_the_pair(self):
        row = self.look()
        action = row.with_user(self.manager).action_keep_b()
        wizard = (
            self.env[action["res_model"]].with_context(**action["context"]).create({})
        )
        self.assertEqual(wizard.dst_partner_id, self.again)
        self.assertEqual(wizard.partner_ids, self.ada | self.again)
        wizard.action_merge()
        self.look()

        self.assertFalse(self.ada.exists())
        self.assertEqual(self.link_ada.odoo_id, self.again)
        self.assertEqual(row.state, "settled")

    def test_keeping_the_other_order_opens_the_relink_of_its_link(self):
        first, second = self.sale("#1001"), self.sale("#1001")
        link = self.bind("shopify.sale.order", 7002, first)
        row = self.look().filtered(lambda row: row.kind == "reference")

        action = row.with_user(self.manager).action_keep_b()

        self.assertEqual(action["res_model"], "shopify.relink.wizard")
        context = action["context"]
        self.assertEqual(context["default_shopify_gid"], link.shopify_gid)
        self.assertEqual(context["default_order_id"], second.id)
        self.assertEqual(link.sale_order_id, first)

        first.action_cancel()
        row.with_user(self.manager).action_recheck()
        self.assertEqual(row.state, "settled")

    def test_what_a_user_may_not_read_is_not_shown(self):
        sale = self.sale("#1001")
        self.sale("#1001")
        self.bind("shopify.sale.order", 7002, sale)
        user = new_test_user(self.env, "the_user", "shopify_connector.group_user")
        self.look()
        row = self.rows().filtered(lambda row: row.kind == "reference")

        seen = row.with_user(user)

        self.assertEqual((seen.name_a, seen.name_b), (False, False))
        self.assertNotIn(sale.name, seen.sides)

    def test_a_user_only_looks(self):
        user = new_test_user(self.env, "the_user", "shopify_connector.group_user")
        row = self.look().with_user(user)

        self.assertIn("ada@x.org", row.sides)
        self.assertEqual(row.name_a, "Ada")
        for act in ("action_keep_a", "action_two", "action_recheck"):
            with self.assertRaises(AccessError):
                getattr(row, act)()
