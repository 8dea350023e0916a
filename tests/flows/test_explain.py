"""Explain: what a record went through on both sides, in plain words, for its reader."""

import re
from html import unescape

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from .sync_case import SyncCase


def plain(html):
    """A page's text, its white space made single."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", str(html or ""))).split())


class ExplainCase(SyncCase):
    def setUp(self):
        super().setUp()
        more = "sales_team.group_sale_salesman_all_leads,stock.group_stock_user"
        self.user = self.someone("user", more)
        self.operator = self.someone("operator", more)

    def someone(self, role, more):
        return new_test_user(
            self.env, f"explain_{role}", f"shopify_connector.group_{role},{more}"
        )

    def explain(self, record, user=None):
        """The page behind a record's button."""
        action = record.with_user(user or self.operator).action_shopify_explain()
        return self.page(action, user)

    def page(self, action, user=None):
        pages = self.env["shopify.explain"].with_user(user or self.operator)
        return pages.browse(action["res_id"])

    def typed(self, text, user=None):
        pages = self.env["shopify.explain"].with_user(user or self.operator)
        return pages.create({"query": text})

    def by_webhook(self, order):
        self.trigger(order, cause="webhook orders/create")
        self.run_syncs()


class TestExplainOrder(ExplainCase):
    def setUp(self):
        super().setUp()
        self.placed = self.order([("SHIRT", 2), ("SOCKS", 1)])
        self.by_webhook(self.placed)
        self.made = self.sale_order(self.placed)

    def test_order_tells_shopify_first_then_odoo_then_the_id_written_back(self):
        text = plain(self.explain(self.made).story)

        steps = [
            "Made in Shopify (webhook orders/create",
            f"Brought into Odoo: {self.made.name} = ",
            "Sales order: – → " + self.made.name,
            "Odoo ID in Shopify: – → " + str(self.made.id),
        ]
        places = [text.find(step) for step in steps]
        self.assertNotIn(-1, places, text)
        self.assertEqual(places, sorted(places), text)
        self.assertIn("metafields/set: Shopify did it", text)

    def test_writes_are_named_by_the_try_that_sent_them(self):
        mark = self.events(self.placed["id"], "mark")
        [uuid] = mark.write_uuids

        write = self.env["shopify.mutation"].search([("uuid", "=", uuid)])

        self.assertEqual(write.operation, "metafields/set")
        self.assertIn(f"mark/Order/{self.placed['id']}", write.subjects)
        self.assertFalse(self.events(self.placed["id"]).write_uuids)

    def test_try_that_settles_an_earlier_write_names_it(self):
        [uuid] = self.events(self.placed["id"], "mark").write_uuids
        write = self.env["shopify.mutation"].search([("uuid", "=", uuid)]).sudo()
        write.write({"state": "unknown", "error": "no answer"})

        self.read_again("orders", self.placed["id"], direction="mark")

        self.assertEqual(write.state, "settled")
        self.assertIn(uuid, self.events(self.placed["id"], "mark")[-1].write_uuids)
        self.assertIn("so it was done once", plain(self.explain(self.made).story))

    def test_times_of_cause_and_change_are_kept(self):
        event = self.events(self.placed["id"])

        self.assertTrue(event.asked_at)
        self.assertLessEqual(event.asked_at, event.create_date)
        self.assertTrue(event.happened_at)

    def test_customer_and_delivery_stand_in_the_orders_story(self):
        ada = self.shop.create_customer(firstName="Ada", lastName="Byron")
        placed = self.order([("SHIRT", 1)], customer=ada["id"])
        self.by_webhook(placed)
        made = self.sale_order(placed)
        picking = made.picking_ids
        picking.move_ids.quantity = 1
        picking.move_ids.picked = True
        picking.with_context(skip_backorder=True).button_validate()
        self.run_syncs()

        text = plain(self.explain(made).story)

        self.assertIn("Customer Ada Byron:", text)
        self.assertIn(f"Delivery {picking.name}: Written to Shopify", text)

    def test_products_past_isnt_the_orders_story(self):
        product = self.made.order_line[:1].product_id
        link = product.shopify_binding_ids
        self.env["shopify.event"].create(
            {
                "backend_id": self.backend.id,
                "kind": "attempt",
                "direction": "in",
                "subject_type": "Product",
                "subject_key": link.product_gid,
                "record_name": "Bygone",
                "outcome": "synced",
            }
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE shopify_event SET create_date = create_date - interval '2 days'"
            " WHERE record_name = 'Bygone'"
        )
        self.env.invalidate_all()

        self.assertNotIn("Bygone", plain(self.explain(self.made).story))
        self.assertIn("Brought into Odoo", plain(self.explain(product).story))

    def test_every_line_tells_its_amount_and_they_add_up_to_shopifys_total(self):
        page = self.explain(self.made)
        text = plain(page.amounts)

        self.assertTrue(page.is_in_odoo)
        self.assertEqual(page.action_open_record()["res_id"], self.made.id)
        # 2 x 20.00 and 1 x 9.99, both with 15 %.
        self.assertIn("2 × 20.00", text)
        self.assertIn("Sales Tax 15 %: 6.00", text)
        self.assertIn("46.00 46.00", text)
        self.assertIn("1 × 9.99", text)
        self.assertIn("11.49 11.49", text)
        self.assertIn("The lines add up to Shopify's total", text)
        self.assertIn("57.49 57.49", text)
        for line in self.link(self.placed).line_ids:
            self.assertIn(line.shopify_gid, text)

    def test_discount_is_named_with_its_code(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        link = self.link(order).line_ids[:1]
        link.amounts = link.amounts | {"discounts": [["SUMMER10", "4.00"]]}

        self.assertIn(
            "− 4.00 discount SUMMER10",
            plain(self.explain(self.sale_order(order)).amounts),
        )

    def test_amount_changed_in_odoo_since_stands_out(self):
        self.made.order_line[:1].write({"price_unit": 21.0})

        self.assertIn("changed in Odoo since", plain(self.explain(self.made).amounts))

    def test_invoice_tells_the_story_of_its_order(self):
        invoice = self.made._create_invoices()
        accountant = self.someone("manager", "account.group_account_invoice")

        self.assertTrue(invoice.with_user(accountant).shopify_is_known)
        page = self.explain(invoice, accountant)

        self.assertIn(f"Brought into Odoo: {self.made.name}", plain(page.story))
        self.assertFalse(self.env["account.move"].new({}).shopify_is_known)

    def test_invoice_shows_no_amounts_of_an_order_that_its_reader_may_not_see(self):
        invoice = self.made._create_invoices()
        accountant = new_test_user(
            self.env,
            "explain_books",
            "shopify_connector.group_user,account.group_account_invoice",
        )
        rule = self.env.ref("sale.sale_order_personal_rule")
        rule.write({"groups": [(4, self.env.ref("account.group_account_invoice").id)]})
        self.made.user_id = self.operator

        self.assertFalse(self.explain(invoice, accountant).amounts)

    def test_values_are_hidden_below_operators(self):
        shown = plain(self.explain(self.made, self.operator).story)
        hidden = plain(self.explain(self.made, self.user).story)

        self.assertIn("Sales order: –", shown)
        self.assertNotIn("Sales order: –", hidden)
        self.assertIn("What changed is shown to Shopify operators", hidden)

    def test_order_that_its_reader_may_not_see_is_refused(self):
        clerk = new_test_user(self.env, "explain_clerk", "shopify_connector.group_user")
        with self.assertRaises(AccessError):
            self.explain(self.made, clerk).story  # noqa: B018
        # Whoever isn't a Shopify user can't even ask.
        nobody = new_test_user(
            self.env, "explain_nobody", "sales_team.group_sale_salesman"
        )
        with self.assertRaises(AccessError):
            self.made.with_user(nobody).action_shopify_explain()

    def test_page_of_somebody_else_is_closed(self):
        page = self.explain(self.made)

        with self.assertRaises(AccessError):
            page.with_user(self.user).read(["query"])

    def test_any_order_takes_the_same_number_of_queries(self):
        big = self.order([("SHIRT", 1), ("SOCKS", 1)] * 6)
        self.sync(big)
        small, big = self.made, self.sale_order(big)
        # What is read once and kept, such as templates, counts for neither.
        self.queries(small)

        self.assertEqual(self.queries(small), self.queries(big))
        self.assertLess(self.queries(big), 60)

    def queries(self, order):
        page = self.explain(order)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        page.story  # noqa: B018
        return self.env.cr.sql_log_count - before

    def test_page_prints_what_it_shows(self):
        page = self.explain(self.made)
        html, kind = (
            self.env["ir.actions.report"]
            .with_user(self.operator)
            ._render_qweb_html("shopify_connector.report_explain", page.ids)
        )

        self.assertEqual(kind, "html")
        text = plain(html.decode())
        self.assertIn("Brought into Odoo", text)
        self.assertIn("57.49", text)

    def test_what_shopify_answered_late_is_told_as_done_once(self):
        mark = self.events(self.placed["id"], "mark")
        self.env["shopify.mutation"].search(
            [("uuid", "in", mark.write_uuids)]
        ).sudo().error = "no answer"

        self.assertIn("so it was done once", plain(self.explain(self.made).story))


class TestExplainStop(ExplainCase):
    store_values = {"product_policy": "link_only"}

    def setUp(self):
        super().setUp()
        self.belt = self.shop.create_product(
            "Belt", [{"sku": "BELT", "price": "15.00"}]
        )
        self.variants["BELT"] = self.belt["variants"][0]
        self.stopped = self.order([("BELT", 1)])
        self.by_webhook(self.stopped)
        self.row = self.assertReview(self.stopped["id"], "variant_unmapped")

    def test_stopped_order_says_what_to_do_and_opens_the_fix(self):
        page = self.typed(self.stopped["id"])

        self.assertEqual(page.open_id, self.row)
        self.assertEqual(page.open_message, self.row.message)
        self.assertEqual(page.fix_label, self.row.fix_label)
        self.assertEqual(
            page.action_fix()["res_model"],
            self.row.with_user(self.operator).action_fix()["res_model"],
        )
        self.assertIn("Stopped #", plain(page.story))
        self.assertEqual(page.action_open_row()["res_id"], self.row.id)
        self.assertFalse(page.is_in_odoo)
        with self.assertRaises(UserError):
            page.action_open_record()

    def test_product_that_it_waits_for_stands_in_its_story(self):
        self.assertIn("Product Belt:", plain(self.typed(self.stopped["id"]).story))

    def test_fix_is_told_with_who_made_it_and_how_long_it_stood(self):
        belt = self.odoo_product("BELT")
        self.env["shopify.product.product"].with_user(self.operator).sudo()._bind(
            self.backend.with_user(self.operator).sudo(),
            [
                {
                    "shopify_gid": self.variants["BELT"],
                    "odoo_id": belt.id,
                    "product_gid": self.belt["id"],
                    "label": "BELT",
                }
            ],
        )
        self.run_syncs()

        page = self.explain(self.sale_order(self.stopped))
        text = plain(page.story)

        self.assertIn(
            "What it waited for is there now: the variant [BELT] Odoo mug was linked "
            f"({self.operator.name}).",
            text,
        )
        self.assertIn("It had stopped 1 times since", text)
        self.assertFalse(page.open_id)
        with self.assertRaises(UserError):
            page.action_fix()

    def test_what_a_person_did_is_told_with_his_name(self):
        self.row.with_user(self.operator).action_close("A test order")

        self.assertIn(
            f"{self.operator.name}: A test order",
            plain(self.typed(self.stopped["id"]).story),
        )

    def test_retry_of_a_person_is_told(self):
        self.row.with_user(self.operator).action_retry()
        self.run_syncs()

        self.assertIn(
            f"{self.operator.name} asked for another try.",
            plain(self.typed(self.stopped["id"]).story),
        )

    def test_row_opens_its_own_story(self):
        page = self.page(self.row.with_user(self.operator).action_explain())

        self.assertEqual(page.title, self.stopped["name"])
        self.assertIn("Stopped #", plain(page.story))


class TestExplainAnything(ExplainCase):
    def setUp(self):
        super().setUp()
        self.placed = self.order([("SHIRT", 1)])
        self.by_webhook(self.placed)
        self.made = self.sale_order(self.placed)
        self.number = self.placed["id"].rsplit("/", 1)[-1]

    def test_any_name_of_an_order_finds_it(self):
        shop = self.shop.domain
        for text in (
            self.placed["id"],
            self.placed["name"],
            self.made.name,
            f"sale.order {self.made.id}",
            f"sale.order,{self.made.id}",
            f"https://{shop}/admin/orders/{self.number}",
            f"  {self.placed['id']} ",
        ):
            with self.subTest(text):
                page = self.typed(text)
                self.assertIn("Brought into Odoo", plain(page.story), text)
                self.assertEqual(page.title, self.made.display_name)
                self.assertFalse(page.choice_ids)

    def test_variant_that_has_no_sync_of_its_own_is_found_by_its_link(self):
        page = self.typed(self.variants["SHIRT"])

        self.assertEqual(page.title, self.made.order_line.product_id.display_name)

    def test_text_of_several_records_asks_which_one(self):
        other = self.order([("SOCKS", 1)])
        self.sync(other)

        page = self.typed("ada@example.com")

        self.assertFalse(page.story)
        self.assertLessEqual(
            {self.placed["id"], other["id"]}, set(page.choice_ids.mapped("subject_key"))
        )
        row = page.choice_ids.filtered(lambda r: r.subject_key == other["id"])
        again = self.page(row.action_explain())
        self.assertIn(self.sale_order(other).name, plain(again.story))

    def test_text_that_is_nowhere_says_so(self):
        page = self.typed("gid://shopify/Order/999999999999")

        self.assertTrue(page.is_empty)
        self.assertFalse(page.story or page.title or page.choice_ids or page.is_in_odoo)
        self.assertEqual(page.display_name, "Explain")

    def test_empty_page_opens_and_tells_as_soon_as_something_is_typed(self):
        pages = self.env["shopify.explain"].with_user(self.operator)
        with Form(pages, "shopify_connector.view_explain_form") as form:
            self.assertFalse(form.title)
            form.query = self.placed["name"]
            self.assertEqual(form.title, self.made.display_name)

    def test_typing_another_text_forgets_the_record_before(self):
        page = self.explain(self.made)
        page.query = "nothing like it at all"
        page.action_explain()

        self.assertTrue(page.is_empty)

    def test_what_somebody_wrote_in_shopify_is_shown_as_text(self):
        self.env["shopify.event"].create(
            {
                "backend_id": self.backend.id,
                "kind": "person",
                "subject_type": "Order",
                "subject_key": self.placed["id"],
                "record_name": "<b>x</b>",
                "outcome": "closed",
                "message": "<script>alert(1)</script>",
            }
        )
        story = str(self.explain(self.made).story)

        self.assertNotIn("<script>", story)
        self.assertIn("&lt;script&gt;", story)

    def test_link_opens_its_records_story(self):
        page = self.page(
            self.link(self.placed).with_user(self.operator).action_explain()
        )

        self.assertEqual(page.title, self.made.display_name)
