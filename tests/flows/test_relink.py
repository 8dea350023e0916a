"""Links changed by a person: both sides follow, and each act can be undone."""

import json
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user
from odoo.tools import SQL

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

    def test_move_shows_and_reads_the_other_record_first(self):
        again = self.shop.create_customer(email="again@x.org", first_name="Again")
        self.shop.delete_customer(self.ada["id"])
        wizard = self.wizard(self.link, "move", other_gid=again["id"])

        self.assertIn(f"{again['id']} (Again)", wizard.preview)
        wizard.action_apply()
        self.assertEqual(self.link.shopify_gid, again["id"])

    def test_mistyped_or_foreign_id_changes_nothing(self):
        mug = self.mug()
        self.shop.delete_customer(self.ada["id"])
        for mode in ("move", "split"):
            for gid, said in (
                ("gid://shopify/Customer/999999999", "There is no gid"),
                (mug["id"], "not of the same kind"),
                ("Customer 12", "no Shopify ID"),
            ):
                values = {"partner_id": self.other} if mode == "split" else {}
                wizard = self.wizard(self.link, mode, other_gid=gid, **values)
                self.assertIn(said, wizard.preview)
                with self.subTest(mode=mode, gid=gid):
                    with (
                        self.assertRaisesRegex(UserError, said),
                        self.env.cr.savepoint(),
                    ):
                        wizard.action_apply()
                    self.assertEqual(self.link.shopify_gid, self.ada["id"])
                    self.assertEqual(self.link.odoo_id, self.first)

    def test_shopify_out_of_reach_is_said_in_plain_words(self):
        wizard = self.wizard(
            self.link, "move", other_gid="gid://shopify/Customer/999999999"
        )
        self.shop.fault("status_before", status=500)

        with self.assertRaises(UserError), self.env.cr.savepoint():
            wizard.action_apply()

        self.assertEqual(self.link.shopify_gid, self.ada["id"])

    def test_unlinked_record_that_is_gone_is_not_linked_again(self):
        gid = self.ada["id"]
        self.link._unlink_chosen("wrong one")
        self.settle()
        row = self.assertReview(gid, "unlinked_by_hand")
        action = row.action_fix()
        model = self.env[action["res_model"]].with_context(**action["context"])
        form = Form(model)
        form.partner_id = self.first
        form.reason = "right after all"
        wizard = form.save()
        self.shop.delete_customer(gid)

        with self.assertRaisesRegex(UserError, "There is no"), self.env.cr.savepoint():
            wizard.action_apply()

        self.assertFalse(self.customer_link(self.ada))

    def test_second_person_is_told_that_the_link_has_changed(self):
        third = self.env["res.partner"].create({"name": "Third"})
        mine = self.wizard(self.link, "relink", partner_id=self.other)
        theirs = self.wizard(self.link, "relink", partner_id=third)
        mine.action_apply()

        with self.assertRaisesRegex(UserError, "since you opened it"):
            theirs.action_apply()

        self.assertEqual(self.link.odoo_id, self.other)

    def test_mark_of_a_moved_links_old_record_is_closed_in_the_book(self):
        """It was under way when its record went, and nothing is linked to that now."""
        gid = self.ada["id"]
        book = self.env["shopify.mutation"]
        subject = f"mark/Customer/{gid}"
        book._note(
            self.backend, "k" * 32, "metafields/set", {}, [subject], None, "intent"
        )
        again = self.shop.create_customer(email="again@x.org", first_name="Again")
        self.shop.delete_customer(gid)
        self.wizard(self.link, "move", other_gid=again["id"]).action_apply()
        self.settle()
        book.search([("uuid", "=", "k" * 32)]).created_at -= timedelta(hours=1)

        self.wake()
        self.run_syncs()

        self.assertEqual(book._open_for(self.backend, [subject]), [])
        self.wake()
        self.assertFalse(self.triggers(gid))
        self.assertMarked(again["id"], self.first)

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

    def as_new(self, gid):
        """From the list: what mends an unlinked record's stop."""
        action = self.assertReview(gid, "unlinked_by_hand").action_fix()
        model = self.env[action["res_model"]].with_context(**action["context"])
        form = Form(model)
        form.mode = "new"
        form.reason = "another one"
        return form.save()

    def test_unlinked_product_treated_as_new_comes_in_with_its_variants(self):
        gid, variant = self.item["id"], self.variant.shopify_gid
        first = self.variant.odoo_id
        self.wizard(self.product, "unlink").action_apply()
        self.settle()
        self.read_again("products", gid)
        before = self.records()

        self.as_new(gid).action_apply()
        self.settle()

        after = self.records()
        more = {name: after[name] - before[name] for name in after}
        self.assertEqual(
            {name: count for name, count in more.items() if count},
            {
                "product.template": 1,
                "product.product": 1,
                "shopify.product.template": 1,
                "shopify.product.product": 1,
            },
        )
        made = self.variant_link(self.item).odoo_id
        self.assertNotEqual(made, first)
        self.assertMarked(variant, made)
        self.assertMarked(gid, made.product_tmpl_id)
        self.assertEqual(self.product_link(self.item).odoo_id, made.product_tmpl_id)
        self.read_again("products", gid)
        self.assertDone(gid, "unchanged")
        self.assertEqual(self.records(), after)
        self.assertIn("unlinked from", self.told("Product", gid))

    def test_treated_as_new_before_its_marks_were_removed(self):
        gid, variant = self.item["id"], self.variant.shopify_gid
        self.product._unlink_chosen("wrong one")
        with self.backend._client() as client:
            self.env["shopify.product.template"]._treat_as_new(
                self.backend, client, gid, "another one"
            )
        for _time in range(2):
            self.settle()

        made = self.variant_link(self.item).odoo_id
        self.assertMarked(variant, made)
        self.assertMarked(gid, made.product_tmpl_id)
        self.assertFalse(self.env["shopify.parted"].search([]))

    def test_unlinked_variant_alone_is_what_its_item_is_about(self):
        gid, variant = self.item["id"], self.variant.shopify_gid
        first = self.variant.odoo_id
        self.wizard(self.variant, "unlink").action_apply()
        self.settle()
        wizard = self.as_new(gid)

        self.assertEqual(
            (wizard.shopify_type, wizard.shopify_gid), ("ProductVariant", variant)
        )
        before = self.records()
        wizard.action_apply()
        self.settle()

        # Odoo holds a product without options once: a person links the variant.
        row = self.assertReview(gid, "variant_unmapped")
        self.assertEqual(self.records(), before)
        self.assertEqual(row._wait_keys(), [f"variant:{variant}"])
        self.env["shopify.product.product"]._link_chosen(
            self.backend, variant, first, "right after all"
        )
        self.settle()
        self.assertDone(gid, "unchanged")
        self.assertMarked(variant, first)

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

    def test_location_is_never_treated_as_new(self):
        wizard = self.wizard(self.place, "new")

        with self.assertRaisesRegex(UserError, "is linked"):
            wizard.action_apply()
        with (
            self.backend._client() as client,
            self.assertRaisesRegex(UserError, "can't be treated as new"),
        ):
            self.place._treat_as_new(
                self.backend, client, self.place.shopify_gid, "wrong"
            )

    def test_location_of_no_warehouse_is_refused(self):
        alone = self.env["stock.location"].create(
            {"name": "Alone", "location_id": False, "company_id": self.company.id}
        )
        before = self.place.location_id

        with self.assertRaisesRegex(UserError, "belongs to no warehouse"):
            self.place._relink(alone, "wrong one")

        self.assertEqual(self.place.location_id, before)


class TestAffected(RelinkCase):
    """What an act on a link has looked at again, in a store with much to review."""

    def setUp(self):
        super().setUp()
        self.ada = self.shop.create_customer(email="ada@x.org", first_name="Ada")
        self.read_again("customers", self.ada["id"])
        self.link = self.customer_link(self.ada)
        self.first = self.link.odoo_id

    def fill(self, count, params, start=0):
        """So many open items, stopped for this."""
        self.env.cr.execute(
            "INSERT INTO shopify_sync (backend_id, company_id, flow, direction,"
            " drain_group, subject_type, subject_key, state, nature, reason_code,"
            " reason_params, priority)"
            " SELECT %s, %s, 'orders', 'in', 'records', 'Order',"
            "        'gid://shopify/Order/' || n, 'review', 'conflict',"
            "        'identity_conflict', %s, 20"
            "   FROM generate_series(%s, %s) n",
            [
                self.backend.id,
                self.company.id,
                json.dumps(params),
                7_000_000 + start,
                7_000_000 + start + count - 1,
            ],
        )
        self.env.invalidate_all()

    def affected(self):
        rows, count = self.link._open_syncs(limit=20)
        return len(rows), count

    def test_only_whole_names_count(self):
        self.fill(1, {"ours": f"Ada (res.partner {self.first.id})"})
        self.fill(1, {"other": self.ada["id"]}, 1)
        for place, text in enumerate(
            (
                f"res.partner {self.first.id}0",
                f"shopify.res.partner {self.first.id}",
                f"{self.ada['id']}0",
            )
        ):
            self.fill(1, {"ours": text}, 2 + place)

        self.assertEqual(self.affected(), (2, 2))

    def test_preview_takes_as_many_queries_for_5000_items_as_for_50(self):
        params = {"ours": f"res.partner {self.first.id}"}
        self.fill(50, params)
        few = self.queries_of_preview()
        self.fill(4950, params, start=50)

        self.assertEqual(self.queries_of_preview(), few)

    def queries_of_preview(self):
        wizard = self.wizard(self.link, "relink")
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.assertTrue(wizard.preview)
        self.assertLessEqual(len(wizard.affected_ids), 20)
        return self.env.cr.sql_log_count - before

    def test_number_is_of_all_and_the_list_is_short(self):
        self.fill(5000, {"ours": f"res.partner {self.first.id}"})
        wizard = self.wizard(self.link, "relink")

        self.assertEqual(wizard.affected_count, 5000)
        self.assertEqual(len(wizard.affected_ids), 20)

    def test_each_look_has_an_index(self):
        self.fill(5000, {"ours": "res.partner 1"})
        self.env.cr.execute(
            "UPDATE shopify_sync SET state = 'done' WHERE subject_key NOT LIKE %s",
            ["gid://shopify/Order/70000%"],
        )
        self.env.cr.execute("ANALYZE shopify_sync, shopify_sync_wait")
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        query = self.link._affected(())
        self.env.cr.execute(SQL("EXPLAIN %s SELECT id FROM affected", query))
        plan = "\n".join(line for (line,) in self.env.cr.fetchall())

        self.assertIn("shopify_sync_open_stops", plan)
        self.assertNotIn("Seq Scan", plan)
        self.env.cr.execute("SET LOCAL enable_seqscan = on")

    def test_all_are_looked_at_again(self):
        self.fill(5000, {"ours": f"res.partner {self.first.id}"})
        other = self.env["res.partner"].create({"name": "Other"})

        self.link._relink(other, "wrong one")

        self.assertEqual(
            self.env["shopify.trigger"].search_count(
                [("subject_type", "=", "Order"), ("cause", "=", "relinked")]
            ),
            5000,
        )
