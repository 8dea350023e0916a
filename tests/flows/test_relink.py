"""Links changed by a person: both sides follow, and each act can be undone."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from .sync_case import SyncCase


class RelinkCase(SyncCase):
    def wizard(self, link, mode, user=None, **values):
        """Through the form, as a person does; returns it unapplied."""
        action = link.action_relink()
        model = self.env[action["res_model"]].with_context(**action["context"])
        form = Form(model.with_user(user or self.env.user))
        form.mode = mode
        for name, value in {"reason": "wrong one", **values}.items():
            setattr(form, name, value)
        return form.save()

    def user(self, role):
        return new_test_user(
            self.env,
            f"the_{role}",
            f"shopify_connector.group_{role},sales_team.group_sale_salesman",
        )

    def settle(self):
        """Let the engine do all there is, past every short wait."""
        self.run_syncs()
        waiting = self.syncs(state="waiting")
        if waiting:
            self.time_passes(waiting)
            self.wake()
            self.jobs_come_due()
            self.run_syncs()

    def assertMarked(self, gid, record):
        self.assertEqual(self.marked(gid), record and str(record.id))
        self.assertEqual((self.proof(gid) or {}).get("ids"), record and [record.id])

    def told(self, kind, key):
        """What History says last about this record."""
        events = self.env["shopify.event"].search(
            [
                ("subject_type", "=", kind),
                ("subject_key", "=", str(key)),
                ("kind", "=", "person"),
            ],
            limit=1,
        )
        return events.message or ""


class TestRelinkCustomer(RelinkCase):
    def setUp(self):
        super().setUp()
        self.ada = self.shop.create_customer(email="ada@x.org", first_name="Ada")
        self.read_again("customers", self.ada["id"])
        self.link = self.customer_link(self.ada)
        self.first = self.link.odoo_id
        self.other = self.env["res.partner"].create({"name": "The other Ada"})

    def test_relink_moves_link_mark_and_history(self):
        token = self.link.token
        self.wizard(self.link, "relink", partner_id=self.other).action_apply()
        self.settle()

        self.assertEqual(self.link.odoo_id, self.other)
        self.assertNotEqual(self.link.token, token)
        self.assertMarked(self.ada["id"], self.other)
        self.assertEqual(self.proof(self.ada["id"])["token"], self.link.token)
        self.assertTrue(self.link.verified_at)
        self.assertDone(self.ada["id"], "unchanged")
        for kind, key in (
            ("Customer", self.ada["id"]),
            ("res.partner", self.first.id),
        ):
            self.assertIn(f"instead of Ada (ID {self.first.id})", self.told(kind, key))
            self.assertIn("wrong one", self.told(kind, key))

    def test_read_between_relink_and_mark_does_not_stop(self):
        self.link._relink(self.other, "wrong one")

        self.drain("records")

        self.assertDone(self.ada["id"], "unchanged")
        self.settle()
        self.assertMarked(self.ada["id"], self.other)

    def test_relinked_twice_before_the_mark_is_written(self):
        third = self.env["res.partner"].create({"name": "Third"})
        self.link._relink(self.other, "one")
        self.link._relink(third, "two")
        self.settle()

        self.assertMarked(self.ada["id"], third)

    def test_relink_back_undoes_it(self):
        self.link._relink(self.other, "one")
        self.settle()
        self.link._relink(self.first, "back")
        self.settle()

        self.assertMarked(self.ada["id"], self.first)
        self.assertDone(self.ada["id"], "unchanged")

    def test_relink_to_a_linked_record_is_refused(self):
        eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        self.read_again("customers", eve["id"])
        linked = self.customer_link(eve).odoo_id

        with self.assertRaisesRegex(UserError, "one record, one link"):
            self.link._relink(linked, "wrong one")

        self.assertEqual(self.link.odoo_id, self.first)

    def test_two_customers_exchange_their_contacts(self):
        """Each needs the ID that still stands on the other in Shopify."""
        eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        self.read_again("customers", eve["id"])
        eves = self.customer_link(eve)
        second = eves.odoo_id
        self.link._relink(self.other, "aside")
        eves._relink(self.first, "exchange")
        self.link._relink(second, "exchange")
        for _time in range(4):
            self.settle()

        self.assertMarked(self.ada["id"], second)
        self.assertMarked(eve["id"], self.first)

    def test_no_reason_no_change(self):
        with self.assertRaisesRegex(UserError, "Say why"):
            self.link._relink(self.other, "  ")
        self.assertEqual(self.link.odoo_id, self.first)

    def test_mark_that_somebody_else_wrote_meanwhile_is_not_replaced(self):
        gid = self.ada["id"]
        strange = self.proof(gid) | {"database": "0" * 8}
        self.mark(gid, "4711", strange)
        self.link._relink(self.other, "wrong one")
        self.settle()

        self.assertEqual(self.proof(gid), strange)
        self.assertReview(gid, "identity_foreign_database")

    def test_unlink_removes_the_mark_and_stays_apart(self):
        gid = self.ada["id"]
        self.wizard(self.link, "unlink").action_apply()
        self.settle()

        self.assertFalse(self.customer_link(self.ada))
        self.assertMarked(gid, None)
        self.assertTrue(self.first.exists())
        self.read_again("customers", gid)
        row = self.assertReview(gid, "unlinked_by_hand")
        self.assertIn("wrong one", row.message)
        self.assertIn("Unlinked from Ada", self.told("Customer", gid))
        self.assertIn("Unlinked from Ada", self.told("res.partner", self.first.id))

    def test_unlinked_is_linked_again_from_review(self):
        gid = self.ada["id"]
        self.link._unlink_chosen("wrong one")
        self.settle()
        row = self.assertReview(gid, "unlinked_by_hand")
        action = row.action_fix()
        model = self.env[action["res_model"]].with_context(**action["context"])
        form = Form(model)
        form.partner_id = self.first
        form.reason = "right after all"
        form.save().action_apply()
        self.settle()

        self.assertEqual(self.customer_link(self.ada).odoo_id, self.first)
        self.assertMarked(gid, self.first)
        self.assertDone(gid, "unchanged")

    def test_unlink_leaves_a_strangers_mark_alone(self):
        gid = self.ada["id"]
        strange = self.proof(gid) | {"database": "0" * 8}
        self.mark(gid, "4711", strange)
        self.link._unlink_chosen("wrong one")
        self.settle()

        self.assertEqual(self.proof(gid), strange)

    def test_split_gives_it_a_contact_of_its_own(self):
        self.wizard(self.link, "split").action_apply()
        self.settle()

        self.assertNotEqual(self.link.odoo_id, self.first)
        self.assertFalse(self.link.odoo_id.email)
        self.assertMarked(self.ada["id"], self.link.odoo_id)
        self.assertTrue(self.first.exists())

    def test_split_links_the_second_customer_in_the_same_step(self):
        """Two customers of the shop were one contact here."""
        eve = self.shop.create_customer(email="", first_name="Eve")
        self.first.name = "Eve"

        self.wizard(
            self.link, "split", partner_id=self.other, other_gid=eve["id"]
        ).action_apply()
        for _time in range(3):
            self.settle()

        self.assertEqual(self.link.odoo_id, self.other)
        self.assertEqual(self.customer_link(eve).odoo_id, self.first)
        self.assertMarked(self.ada["id"], self.other)
        self.assertMarked(eve["id"], self.first)
        self.assertDone(eve["id"], "unchanged")

    def test_split_with_a_second_customer_that_is_linked_changes_nothing(self):
        eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        self.read_again("customers", eve["id"])
        wizard = self.wizard(
            self.link, "split", partner_id=self.other, other_gid=eve["id"]
        )

        with (
            self.assertRaisesRegex(UserError, "linked to Eve already"),
            self.env.cr.savepoint(),
        ):
            wizard.action_apply()

        self.assertEqual(self.link.odoo_id, self.first)

    def test_copy_treated_as_new_gets_a_contact_of_its_own(self):
        copy = self.shop.create_customer(email="copy@x.org", first_name="Copy")
        self.mark(copy["id"], self.marked(self.ada["id"]), self.proof(self.ada["id"]))
        self.read_again("customers", copy["id"])
        row = self.assertReview(copy["id"], "identity_copied")
        action = row.action_fix()
        model = self.env[action["res_model"]].with_context(**action["context"])
        form = Form(model)
        self.assertEqual(form.mode, "new")
        form.reason = "a copy"
        form.save().action_apply()
        # Shopify holds the ID once only: the copy's goes first.
        self.settle()

        made = self.customer_link(copy).odoo_id
        self.assertNotEqual(made, self.first)
        self.assertMarked(copy["id"], made)
        self.assertEqual(self.link.odoo_id, self.first)
        self.assertMarked(self.ada["id"], self.first)

    def test_link_moves_from_the_gone_original(self):
        again = self.shop.create_customer(email="again@x.org", first_name="Again")
        self.mark(again["id"], self.marked(self.ada["id"]), self.proof(self.ada["id"]))
        self.shop.delete_customer(self.ada["id"])
        self.read_again("customers", again["id"])
        row = self.assertReview(again["id"], "identity_original_gone")
        action = row.action_fix()
        model = self.env[action["res_model"]].with_context(**action["context"])
        form = Form(model)
        self.assertEqual((form.mode, form.other_gid), ("move", again["id"]))
        form.reason = "made anew"
        form.save().action_apply()
        self.settle()

        self.assertEqual(self.link.shopify_gid, again["id"])
        self.assertEqual(self.link.odoo_id, self.first)
        self.assertMarked(again["id"], self.first)
        self.assertDone(again["id"], "unchanged")

    def test_link_of_what_is_still_there_does_not_move(self):
        again = self.shop.create_customer(email="again@x.org", first_name="Again")

        with self.assertRaisesRegex(UserError, "still exists"):
            self.wizard(self.link, "move", other_gid=again["id"]).action_apply()

        self.assertEqual(self.link.shopify_gid, self.ada["id"])

    def test_operator_relinks_and_only_a_manager_unlinks_or_splits(self):
        operator = self.user("operator")
        for mode in ("unlink", "split"):
            with self.assertRaises(AccessError):
                self.wizard(self.link, mode, operator).action_apply()
        self.wizard(self.link, "relink", operator, partner_id=self.other).action_apply()
        self.assertEqual(self.link.odoo_id, self.other)
        self.wizard(self.link, "unlink", self.user("manager")).action_apply()
        self.assertFalse(self.link.exists())

    def test_wizard_shows_now_and_then(self):
        wizard = self.wizard(self.link, "relink", partner_id=self.other)

        for text in (
            self.ada["id"],
            f"Ada (ID {self.first.id})",
            f"The other Ada (ID {self.other.id})",
        ):
            self.assertIn(text, wizard.preview)


class TestRelinkProduct(RelinkCase):
    def setUp(self):
        super().setUp()
        self.item = self.mug()
        self.read_again("products", self.item["id"])
        self.product = self.product_link(self.item)
        self.variant = self.variant_link(self.item)

    def test_relinked_product_takes_its_variant_along(self):
        other = self.odoo_product(sku="OTHER")
        self.wizard(
            self.product, "relink", template_id=other.product_tmpl_id
        ).action_apply()
        self.settle()

        self.assertEqual(self.product.odoo_id, other.product_tmpl_id)
        self.assertEqual(self.variant.odoo_id, other)
        self.assertMarked(self.item["id"], other.product_tmpl_id)
        self.assertMarked(self.variant.shopify_gid, other)

    def test_stock_of_a_relinked_variant_begins_anew(self):
        levels = self.env["shopify.stock.level"].search(
            [("variant_link_id", "=", self.variant.id)]
        )
        levels.write({"is_agreed": True, "agreed_on_hand": 7})
        other = self.odoo_product(sku="OTHER")

        self.wizard(self.variant, "relink", product_id=other).action_apply()

        levels = self.env["shopify.stock.level"].search(
            [("variant_link_id", "=", self.variant.id)]
        )
        self.assertTrue(all(level.product_id == other for level in levels))
        self.assertFalse(any(levels.mapped("is_agreed")))

    def test_unlinked_product_is_not_made_again(self):
        before = self.records()
        gid, variant = self.item["id"], self.variant.shopify_gid
        self.wizard(self.product, "unlink").action_apply()
        self.settle()
        self.read_again("products", gid)

        self.assertReview(gid, "unlinked_by_hand")
        after = self.records()
        self.assertEqual(after["product.product"], before["product.product"])
        self.assertFalse(self.product_link(self.item))
        self.assertFalse(self.variant_link(self.item))
        self.assertMarked(gid, None)
        self.assertMarked(variant, None)

    def test_unlinked_variant_waits_in_its_products_item(self):
        """A variant is read with its product: it has no subject of its own."""
        product = self.variant.odoo_id
        self.wizard(self.variant, "unlink").action_apply()
        self.settle()

        self.assertFalse(self.variant_link(self.item))
        self.assertMarked(self.item["variants"][0], None)
        self.assertReview(self.item["id"], "unlinked_by_hand")
        self.assertTrue(product.exists())

    def test_variant_made_anew_takes_over_the_link_of_the_gone_one(self):
        product = self.variant.odoo_id
        self.shop.delete_product(self.item["id"])
        self.read_again("products", self.item["id"])
        self.assertTrue(self.variant.gone_at)
        again = self.mug()
        self.read_again("products", again["id"])
        [gid] = again["variants"]

        self.env["shopify.product.product"]._link_chosen(
            self.backend, gid, product, "made anew"
        )
        self.env["shopify.product.template"]._link_chosen(
            self.backend, again["id"], product.product_tmpl_id, "made anew"
        )
        self.read_again("products", again["id"])
        self.settle()

        self.assertEqual(self.variant.shopify_gid, gid)
        self.assertEqual(self.variant.odoo_id, product)
        self.assertEqual(self.variant.product_gid, again["id"])
        self.assertMarked(gid, product)
        self.assertDone(again["id"], "unchanged")

    def test_product_of_another_unit_cant_be_chosen(self):
        dozen = self.odoo_product(
            sku="DOZEN", uom_id=self.env.ref("uom.product_uom_dozen").id
        )
        with self.assertRaisesRegex(UserError, "counts pieces"):
            self.variant._relink(dozen, "wrong one")


class TestRelinkOrder(RelinkCase):
    def setUp(self):
        super().setUp()
        self.bought = self.order([("SHIRT", 1)])
        self.sync(self.bought)
        self.made = self.sale_order(self.bought)
        self.order_link = self.link(self.bought)

    def test_order_is_relinked_line_by_line(self):
        twin = self.made.copy()
        self.wizard(self.order_link, "relink", order_id=twin).action_apply()
        self.settle()

        self.assertEqual(self.order_link.sale_order_id, twin)
        self.assertEqual(self.order_link.line_ids.odoo_id.order_id, twin)
        self.assertMarked(self.bought["id"], twin)

    def test_another_order_is_refused(self):
        other = self.made.copy()
        other.order_line[:1].product_uom_qty = 5

        with self.assertRaisesRegex(UserError, "isn't the same order"):
            self.order_link._relink(other, "wrong one")

        self.assertEqual(self.order_link.sale_order_id, self.made)

    def test_unlinked_order_makes_no_second_one(self):
        count = self.env["sale.order"].search_count([])
        self.wizard(self.order_link, "unlink").action_apply()
        self.settle()
        self.sync(self.bought)

        self.assertReview(self.bought["id"], "unlinked_by_hand")
        self.assertEqual(self.env["sale.order"].search_count([]), count)
        self.assertMarked(self.bought["id"], None)


class TestRelinkLocation(RelinkCase):
    def setUp(self):
        super().setUp()
        self.place = self.env["shopify.mapping.location"].search(
            [("backend_id", "=", self.backend.id)], limit=1
        )
        self.settle()
        self.second = self.env["stock.warehouse"].create(
            {"name": "Second", "code": "SEC2", "company_id": self.company.id}
        )

    def test_location_is_relinked_and_marked(self):
        stock = self.second.lot_stock_id
        self.wizard(self.place, "relink", location_id=stock).action_apply()
        self.settle()

        self.assertEqual(self.place.location_id, stock)
        self.assertMarked(self.place.shopify_gid, stock)

    def test_orders_go_to_the_warehouse_of_the_relinked_location(self):
        shelf = self.env["stock.location"].create(
            {"name": "Shelf", "location_id": self.second.lot_stock_id.id}
        )

        self.wizard(self.place, "relink", location_id=shelf).action_apply()
        self.settle()

        self.assertEqual(self.place.warehouse_id, self.second)
        self.assertEqual(self.place.location_id, shelf)
        bought = self.order([("SHIRT", 1)])
        self.sync(bought)
        self.assertEqual(self.sale_order(bought).warehouse_id, self.second)

    def test_location_of_no_warehouse_is_refused(self):
        alone = self.env["stock.location"].create(
            {"name": "Alone", "location_id": False, "company_id": self.company.id}
        )
        before = self.place.location_id

        with self.assertRaisesRegex(UserError, "belongs to no warehouse"):
            self.place._relink(alone, "wrong one")

        self.assertEqual(self.place.location_id, before)
