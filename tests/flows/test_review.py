"""To review: what a stop says, where its fix leads, and what every ID finds."""

from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user

from ..common import ShopifyCase
from .order_case import OrderCase


class TestStop(OrderCase):
    """An order whose product isn't linked, seen by the person who mends it."""

    store_values = {"product_policy": "link_only"}

    def setUp(self):
        super().setUp()
        self.operator = new_test_user(
            self.env,
            "shopify_operator",
            "shopify_connector.group_operator,sales_team.group_sale_manager",
        )
        belt = self.shop.create_product("Belt", [{"sku": "BELT", "price": "15.00"}])
        self.belt = belt["variants"][0]
        self.variants["BELT"] = self.belt
        self.orders = [self.order([("BELT", 1)]), self.order([("BELT", 2)])]
        self.sync(*self.orders)
        self.row = self.row_of(self.orders[0])

    def row_of(self, order):
        row = self.syncs(subject_key=order["id"], direction="in")
        return row.with_user(self.operator)

    def odoo_belt(self):
        return self.env["product.product"].create(
            {"name": "Leather belt", "default_code": "LB-1", "is_storable": True}
        )

    def wizard(self, row=None):
        action = (row or self.row).action_fix()
        self.assertEqual(action["res_model"], "shopify.link.wizard")
        return Form(
            self.env[action["res_model"]]
            .with_user(self.operator)
            .with_context(**action["context"])
        )

    def link_by_hand(self, product):
        form = self.wizard()
        with form.line_ids.edit(0) as line:
            line.product_id = product
        form.reason = "It is the leather one"
        return form.save().action_link()

    def test_four_answers(self):
        row = self.row
        self.assertEqual(row.state, "review")
        self.assertIn(f"Order {self.orders[0]['name']}", row.message)
        self.assertIn("is not linked to an Odoo product", row.message)
        self.assertEqual(row.missing, "a link for the variant BELT")
        self.assertEqual(row.nature, "data")
        self.assertIn("Safe", row.retry_text)
        self.assertTrue(row.retry_safe)
        self.assertEqual(row.subject_key, self.orders[0]["id"])
        self.assertFalse(row.odoo_ref)
        self.assertTrue(
            row.shopify_url.endswith(f"/orders/{self.orders[0]['id'].split('/')[-1]}")
        )

    def test_items_of_one_cause_share_one_headline(self):
        other = self.row_of(self.orders[1])

        self.assertTrue(self.row.headline)
        self.assertEqual(self.row.headline, other.headline)
        self.assertEqual(self.row.cause_count, 2)

    def test_groups_come_most_harmful_first(self):
        groups = self.env["shopify.sync"].web_read_group(
            [("state", "in", ("review", "waiting"))],
            ["headline"],
            ["weight:max", "__count"],
            order="weight desc",
        )["groups"]

        weights = [group["weight:max"] for group in groups]
        self.assertEqual(weights, sorted(weights, reverse=True))
        self.assertEqual(groups[0]["headline"], self.row.headline)
        self.assertEqual(groups[0]["__count"], 2)

    def test_linking_by_hand_releases_all_that_waited(self):
        belt = self.odoo_belt()

        answer = self.link_by_hand(belt)
        self.run_syncs()

        self.assertEqual(answer["params"]["type"], "success")
        for order in self.orders:
            self.assertDone(order["id"])
            self.assertEqual(self.sale_order(order).order_line.product_id[:1], belt)
        self.assertEqual(
            (belt.name, belt.default_code), ("Leather belt", "LB-1"), "link only"
        )

    def test_hand_made_link_says_who_and_why_in_history(self):
        belt = self.odoo_belt()

        self.link_by_hand(belt)

        event = self.env["shopify.event"].search(
            [("subject_key", "=", self.belt), ("kind", "=", "person")]
        )
        self.assertEqual(event.caused_by_id, self.operator)
        self.assertIn("It is the leather one", event.message)

    def test_link_wizard_links_only_what_the_stop_asks_for(self):
        wizard = self.wizard()
        with wizard.line_ids.edit(0) as line:
            line.product_id = self.odoo_belt()
        wizard = wizard.save()
        wizard.line_ids.shopify_gid = "gid://shopify/ProductVariant/1"

        with self.assertRaisesRegex(UserError, "doesn't ask for a link"):
            wizard.action_link()

        links = self.env["shopify.product.product"].search(
            [("shopify_gid", "=", "gid://shopify/ProductVariant/1")]
        )
        self.assertFalse(links)

    def test_link_wizard_without_a_choice_links_nothing(self):
        with self.assertRaisesRegex(UserError, "Choose at least one"):
            self.wizard().save().action_link()

    def test_link_wizard_refuses_another_companys_product(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        belt = self.odoo_belt()
        self.operator.company_ids += company
        wizard = self.wizard()
        with wizard.line_ids.edit(0) as line:
            line.product_id = belt
        wizard = wizard.save()
        belt.company_id = company

        with self.assertRaisesRegex(UserError, "belongs to Elsewhere"):
            wizard.action_link()

    def test_retry_all_asks_for_every_item_of_the_cause(self):
        self.row.action_retry_cause()

        triggers = self.env["shopify.trigger"].search([("cause", "=", "retry")])
        self.assertEqual(
            set(triggers.mapped("subject_key")), {order["id"] for order in self.orders}
        )

    def test_retry_while_the_flow_is_off_says_so(self):
        self.backend.flow_ids.filtered(lambda f: f.flow == "orders").policy = "off"

        answer = self.row.action_retry()

        self.assertEqual(answer["params"]["type"], "warning")
        self.assertIn("the flow Orders is off", answer["params"]["message"])

    def test_retry_while_the_store_is_on_hold_says_so(self):
        self.backend.write({"state": "hold", "hold_message": "a copy"})

        answer = self.row.action_retry()

        self.assertEqual(answer["params"]["type"], "warning")
        self.assertIn("is not connected or on hold", answer["params"]["message"])

    def test_user_sees_the_stop_without_a_button_that_decides(self):
        user = new_test_user(self.env, "shopify_looker", "shopify_connector.group_user")

        self.assertEqual(self.row.fix_label, "Link product")
        self.assertFalse(self.row.with_user(user).fix_label)
        self.assertEqual(self.row.with_user(user).message, self.row.message)

    def test_timeline_shows_attempts_and_people(self):
        self.row.action_postpone(1)

        self.assertEqual(self.row.event_ids[0].outcome_label, "Postponed")
        self.assertEqual(self.row.event_ids[0].caused_by_id, self.operator)
        self.assertTrue(self.row.event_ids[1].failed)
        self.assertTrue(self.row.event_ids[1].request_id)

    def test_report_for_support_holds_ids_and_no_personal_data(self):
        text = self.row.support_text

        self.assertIn(self.orders[0]["id"], text)
        self.assertIn(self.backend.shop_domain, text)
        self.assertIn(self.row.event_ids[0].request_id, text)
        for personal in ("ada@example.com", "Ada", "Byron", "Main Street"):
            self.assertNotIn(personal, text)

    def test_search_for_the_missing_variant_finds_what_waits_for_it(self):
        number = self.belt.rsplit("/", 1)[1]
        for text in (self.belt, number):
            rows = self.env["shopify.sync"].search([("anything", "ilike", text)])
            self.assertLessEqual(
                {order["id"] for order in self.orders}, set(rows.mapped("subject_key"))
            )

    # --- answers of a person ---

    def act(self, act, **values):
        action = self.row.with_context(act=act).action_ask()
        wizard = self.env["shopify.sync.act"].with_user(self.operator)
        return wizard.with_context(**action["context"]).create(values).action_apply()

    def test_postponed_item_waits_and_comes_back(self):
        self.act("postpone", hours=3)

        self.assertEqual(self.row.state, "waiting")
        self.assertTrue(self.row.next_attempt_at)

    def test_item_handed_over_has_its_new_owner(self):
        self.act("hand_over", user_id=self.operator.id)

        self.assertEqual(self.row.owner_id, self.operator)

    def test_hand_over_without_a_person_changes_nothing(self):
        with self.assertRaisesRegex(UserError, "Choose who"):
            self.act("hand_over")

        self.assertFalse(self.row.owner_id)

    def test_closing_asks_why(self):
        with self.assertRaisesRegex(UserError, "Say why"):
            self.act("close")
        self.assertEqual(self.row.state, "review")

        self.act("close", reason="Sold by phone")

        self.assertEqual(self.row.state, "cancelled")
        self.assertEqual(self.row.close_reason, "Sold by phone")
        self.assertEqual(self.row.event_ids[0].message, "Sold by phone")


class TestSearchBox(OrderCase):
    """One box: whatever a person has at hand finds the row."""

    def setUp(self):
        super().setUp()
        self.shop_order = self.order([("SHIRT", 1)])
        self.other = self.order([("SOCKS", 1)], email="bob@example.com")
        self.sync(self.shop_order, self.other)
        self.sale = self.sale_order(self.shop_order)
        self.number = self.shop_order["id"].rsplit("/", 1)[1]

    def find(self, text):
        rows = self.env["shopify.sync"].search(
            [("anything", "ilike", text), ("direction", "=", "in")]
        )
        return set(rows.mapped("subject_key"))

    def assertFinds(self, text):
        found = self.find(text)
        self.assertIn(self.shop_order["id"], found, text)
        self.assertNotIn(self.other["id"], found, text)

    def test_gid(self):
        self.assertFinds(self.shop_order["id"])

    def test_shopify_number(self):
        self.assertFinds(self.number)

    def test_admin_url(self):
        handle = self.shop.domain.split(".")[0]
        self.assertFinds(
            f"https://admin.shopify.com/store/{handle}/orders/{self.number}"
        )

    def test_admin_url_of_another_shop_finds_nothing(self):
        url = f"https://admin.shopify.com/store/elsewhere/orders/{self.number}"
        self.assertNotIn(self.shop_order["id"], self.find(url))

    def test_order_name_with_its_sign(self):
        self.assertFinds(self.shop_order["name"])

    def test_odoo_id_with_its_model(self):
        self.assertFinds(f"sale.order,{self.sale.id}")
        self.assertFinds(f"sale.order {self.sale.id}")

    def test_odoo_id_alone(self):
        self.assertIn(self.shop_order["id"], self.find(str(self.sale.id)))

    def test_odoo_id_of_another_model_is_not_meant(self):
        found = self.find(f"res.partner,{self.sale.id}")
        self.assertNotIn(self.shop_order["id"], found)

    def test_number_of_the_sale_order(self):
        self.assertFinds(self.sale.name)

    def test_email(self):
        self.assertFinds("Ada@Example.com")

    def test_sku_finds_the_product(self):
        variant = self.variants["SHIRT"]
        product_gid = (
            self.env["shopify.product.product"]
            .search([("shopify_gid", "=", variant)])
            .product_gid
        )
        self.read_product(product_gid)
        self.assertIn(product_gid, self.find("SHIRT"))
        self.assertIn(product_gid, self.find(variant))

    def read_product(self, gid):
        self.env["shopify.trigger"]._insert(
            self.backend, [("products", "in", "Product", gid)], "test"
        )
        self.run_syncs()

    def test_nothing_typed_finds_everything(self):
        self.assertLessEqual({self.shop_order["id"], self.other["id"]}, self.find(""))

    def test_nonsense_finds_nothing(self):
        self.assertFalse(self.find("zzz-no-such-thing"))


class TestEveryReason(ShopifyCase):
    """Each entry of the catalogue reads well on the screen, and its fix leads somewhere."""

    def setUp(self):
        super().setUp()
        self.operator = new_test_user(
            self.env, "shopify_operator", "shopify_connector.group_manager"
        )

    def row(self, reason, number, **values):
        return self.env["shopify.sync"].create(
            {
                "backend_id": self.backend.id,
                "flow": "orders",
                "direction": "in",
                "drain_group": "records",
                "subject_type": "Order",
                "subject_key": f"gid://shopify/Order/{number}",
                "record_name": f"#{number}",
                "state": "review",
                "reason_code": reason.code,
                "reason_params": {name: f"<{name}>" for name in reason.params},
                "cause_key": reason.code,
                "nature": reason.nature,
                **values,
            }
        )

    def catalogue(self):
        from odoo.addons.shopify_connector.core.reasons import CATALOGUE

        return list(CATALOGUE.values())

    def test_every_reason_reads_as_a_sentence_without_a_code(self):
        for number, reason in enumerate(self.catalogue(), 1000):
            with self.subTest(reason.code):
                row = self.row(reason, number).with_user(self.operator)
                for text in (row.message, row.retry_text):
                    self.assertTrue(text)
                    self.assertNotIn("%(", text)
                    self.assertNotIn(reason.code, text)

    def test_every_fix_leads_somewhere_or_says_plainly_why_not(self):
        for number, reason in enumerate(self.catalogue(), 1000):
            with self.subTest(reason.code):
                row = self.row(reason, number).with_user(self.operator)
                try:
                    action = row.action_fix()
                except UserError as error:
                    self.assertIn("Nothing exists in Odoo", str(error))
                    continue
                self.assertIn(
                    action["type"],
                    (
                        "ir.actions.act_window",
                        "ir.actions.act_url",
                        "ir.actions.client",
                    ),
                )
                model = action.get("res_model")
                if model:
                    self.assertIn(model, self.env)

    def test_comparison_sets_both_sides_side_by_side(self):
        (reason,) = [r for r in self.catalogue() if r.code == "total_differs"]
        row = self.row(
            reason,
            7,
            reason_params={
                "shopify_total": "USD 10.00",
                "odoo_total": "USD 10.10",
                "difference": "USD 0.10",
            },
        )

        table = row.comparison

        self.assertIn("<td>USD 10.00</td><td>USD 10.10</td>", table)
        self.assertEqual(row.action_fix()["target"], "new")

    def test_values_in_a_comparison_are_text_and_never_markup(self):
        (reason,) = [r for r in self.catalogue() if r.code == "changed_in_shopify"]
        row = self.row(reason, 7, reason_params={"fields": ["<img src=x onerror=y>"]})

        self.assertNotIn("<img", row.comparison)

    def test_missing_tax_opens_its_row_ready_to_be_chosen(self):
        (reason,) = [r for r in self.catalogue() if r.code == "tax_unmapped"]
        row = self.row(reason, 7)
        self.env["shopify.sync.wait"].create(
            {"sync_id": row.id, "key": "tax:VAT|0.21|included"}
        )

        self.assertEqual(row.missing, "an Odoo tax for VAT 21 %, included in the price")
        row.with_user(self.operator).action_fix()

        tax = self.backend.tax_ids
        self.assertEqual((tax.title, tax.rate, tax.included), ("VAT", 0.21, True))
        self.assertFalse(tax.tax_id)
        row.action_fix()
        self.assertEqual(self.backend.tax_ids, tax)


class TestUnknownOutcome(ShopifyCase):
    """Shopify didn't answer and shows no proof: a person looks and says."""

    def setUp(self):
        super().setUp()
        self.run_syncs()
        self.operator = new_test_user(
            self.env, "shopify_operator", "shopify_connector.group_operator"
        )
        self.row = self.env["shopify.sync"].create(
            {
                "backend_id": self.backend.id,
                "flow": "fulfilments",
                "direction": "out",
                "drain_group": "fulfil",
                "subject_type": "stock.picking",
                "subject_key": "12",
                "record_name": "WH/OUT/00012",
                "state": "review",
                "reason_code": "outcome_needs_person",
                "reason_params": {"operation": "fulfillments/create", "problem": "two"},
                "cause_key": "outcome_needs_person",
                "nature": "conflict",
            }
        )
        with self._own_cursors():
            self.key, _at = self.env["shopify.mutation"]._intend(
                self.backend,
                "a" * 32,
                "fulfillments/create",
                {"x": 1},
                ["out/stock.picking/12"],
                {},
            )
            self.env["shopify.mutation"]._store_outcome(
                self.key, "unknown", error="reset"
            )

        self._grow_old("1 hour")

    def _grow_old(self, age):
        self.env.cr.execute(
            "UPDATE shopify_mutation SET created_at = created_at - %s::interval"
            " WHERE uuid = %s",
            [age, self.key],
        )

    def say(self, **values):
        row = self.row.with_user(self.operator)
        action = row.action_fix()
        wizard = self.env["shopify.sync.act"].with_user(self.operator)
        wizard = wizard.with_context(**action["context"]).create(values)
        with self._own_cursors():
            wizard.action_apply()

    def write(self):
        self.env.invalidate_all()
        return self.env["shopify.mutation"].search([("uuid", "=", self.key)])

    def test_it_was_done_closes_and_sends_nothing(self):
        self.say(verdict="done", reason="Seen in Shopify")

        self.assertEqual(self.write().state, "settled")
        self.assertEqual(self.row.state, "cancelled")
        self.assertFalse(self.env["shopify.trigger"].search([("cause", "=", "retry")]))

    def test_it_was_not_done_sends_anew(self):
        self.say(verdict="not_done", reason="Nothing there")

        self.assertEqual(self.write().state, "not_applied")
        trigger = self.env["shopify.trigger"].search([("cause", "=", "retry")])
        self.assertEqual(trigger.subject_key, "12")

    def test_retention_keeps_what_an_open_write_is_settled_by(self):
        self._grow_old("400 days")

        with self._own_cursors():
            self.env["shopify.mutation"]._trim(180)
        self.assertEqual(self.write().variables, {"x": 1})

        with self._own_cursors():
            self.env["shopify.mutation"]._close([self.key])
            self.env["shopify.mutation"]._trim(180)
        self.assertFalse(self.write().variables)

    def test_without_a_verdict_nothing_changes(self):
        with self.assertRaisesRegex(UserError, "what you found"):
            self.say(reason="hm")

        self.assertEqual(self.write().state, "unknown")
        self.assertEqual(self.row.state, "review")
