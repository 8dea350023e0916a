"""Review mode: what would be done is shown, and what is done is what was accepted."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from .sync_case import SyncCase


class TestPreviews(SyncCase):
    def setUp(self):
        super().setUp()
        self.backend.flow_ids.policy = "review"
        self.operator = new_test_user(
            self.env, "preview_operator", "shopify_connector.group_operator"
        )

    def waiting(self, gid, direction="in"):
        """The row of an item that waits for a person, as an operator sees it."""
        row = self.row(gid, direction)
        self.assertEqual((row.state, row.reason_code), ("review", "to_accept"))
        return row.with_user(self.operator)

    def shown(self, row, kind):
        return [
            tuple(each)
            for section in row.preview
            if section["kind"] == kind
            for each in section["rows"]
        ]

    # --- what is shown, flow by flow ---

    def test_product_shows_links_and_what_would_be_made(self):
        odoo = self.odoo_product()
        mug = self.mug()
        hat = self.mug("HAT", "Hat")
        self.read_again("products", mug["id"], hat["id"])
        self.assertEqual(
            self.shown(self.waiting(mug["id"]), "linked"),
            [
                (
                    "Product",
                    "Mug",
                    f"{odoo.product_tmpl_id.display_name} "
                    f"(ID {odoo.product_tmpl_id.id})",
                ),
                ("Variant", "MUG", f"{odoo.display_name} (ID {odoo.id})"),
            ],
        )
        self.assertEqual(
            self.shown(self.waiting(hat["id"]), "created"),
            [("Product", "Hat"), ("Variant", "HAT, 9.50")],
        )

    def test_customer_shows_the_contact_it_would_be_and_why(self):
        partner = self.env["res.partner"].create(
            {"name": "Ada B.", "email": "ada@example.com"}
        )
        ada = self.shop.create_customer(firstName="Ada", email="ada@example.com")
        bob = self.shop.create_customer(firstName="Bob", email="bob@example.com")
        self.read_again("customers", ada["id"], bob["id"])
        self.assertEqual(
            self.shown(self.waiting(ada["id"]), "linked")[0],
            ("Existing contact", "Ada", f"Ada B. (ID {partner.id})"),
        )
        made = dict(self.shown(self.waiting(bob["id"]), "created"))
        self.assertEqual(made["New contact"], "Bob")
        self.assertEqual(made["E-mail"], "bob@example.com")
        self.assertIn("nobody in Odoo", made["Because"])

    def test_order_shows_lines_taxes_buyer_and_totals_of_both_sides(self):
        order = self.order([("SHIRT", 2)])
        self.sync(order)
        row = self.waiting(order["id"])
        sale, *lines = self.shown(row, "created")
        self.assertEqual(sale, ("Sales order", f"{order['name']}, USD"))
        self.assertTrue(lines[0][1].startswith("2 × Shirt of the season"))
        self.assertIn(("E-mail", "ada@example.com"), lines)
        *taxes, tax, total = self.shown(row, "totals")
        self.assertEqual(len(taxes), 1)
        self.assertEqual(tax[1], tax[2])
        self.assertEqual(total[1], total[2])
        html = row.preview_html
        self.assertIn(total[1], html)
        self.assertIn("<th>Shopify</th><th>Odoo</th>", html)

    def test_what_others_wrote_is_escaped(self):
        mug = self.mug(title="<script>alert(1)</script>")
        self.read_again("products", mug["id"])
        html = self.waiting(mug["id"]).preview_html
        self.assertNotIn("<script>", html)
        self.assertIn("&lt;script&gt;", html)

    # --- who sees it ---

    def test_names_and_amounts_are_for_operators_only(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        user = new_test_user(self.env, "previewer", "shopify_connector.group_user")
        row = self.row(order["id"]).with_user(user)
        with self.assertRaises(AccessError):
            row.read(["preview"])
        with self.assertRaises(AccessError):
            row.read(["preview_html"])
        with self.assertRaises(AccessError):
            row.action_accept()
        with self.assertRaises(AccessError):
            row.action_refuse()
        self.assertNotIn("preview", row.reason_params)
        self.assertNotIn("preview", self.events(order["id"])[-1].reason_params)
        form = Form(row, view="shopify_connector.view_sync_form")
        self.assertNotIn("preview_html", form._view["fields"])

    # --- accepting ---

    def test_accepting_does_what_was_shown(self):
        hats = [self.mug(f"HAT-{n}", f"Hat {n}") for n in range(3)]
        self.read_again("products", *[hat["id"] for hat in hats])
        rows = self.env["shopify.sync"]
        for hat in hats:
            rows |= self.waiting(hat["id"])
        rows.action_accept()
        self.run_syncs()
        for hat in hats:
            self.assertDone(hat["id"])
        self.assertEqual(set(rows.mapped("preview")), {False})

    def test_plan_that_changed_since_it_was_accepted_asks_again(self):
        mug = self.mug()
        self.read_again("products", mug["id"])
        row = self.waiting(mug["id"])
        odoo = self.odoo_product()
        before = self.records()
        row.action_accept()
        self.run_syncs()
        row = self.waiting(mug["id"])
        self.assertIn("it changed since it was accepted", row.message)
        self.assertIn(f"(ID {odoo.id})", self.shown(row, "linked")[1][2])
        self.assertEqual(self.records(), before)
        row.action_accept()
        self.run_syncs()
        self.assertDone(mug["id"])
        self.assertEqual(self.variant_link(mug).odoo_id, odoo)

    def test_form_that_showed_an_older_plan_accepts_only_that(self):
        mug = self.mug()
        self.read_again("products", mug["id"])
        seen = self.row(mug["id"]).preview_digest
        self.odoo_product()
        self.read_again("products", mug["id"])
        row = self.waiting(mug["id"])
        row.with_context(preview_seen=seen).action_accept()
        self.run_syncs()
        self.waiting(mug["id"])
        self.assertFalse(self.variant_link(mug))

    # --- refusing ---

    def refuse(self, *rows):
        rows = self.env["shopify.sync"].union(*rows)
        action = rows.action_refuse()
        act = self.env[action["res_model"]].with_user(self.operator)
        act = act.with_context(**action["context"]).create({"reason": "Not ours"})
        act.action_apply()

    def test_refused_ones_come_again_only_when_what_would_be_done_changes(self):
        mug, hat = self.mug(), self.mug("HAT", "Hat")
        self.read_again("products", mug["id"], hat["id"])
        self.refuse(self.waiting(mug["id"]), self.waiting(hat["id"]))
        row = self.row(mug["id"])
        self.assertEqual((row.state, row.close_reason), ("cancelled", "Not ours"))
        # A change that changes nothing of the plan.
        before = row.remote_updated_at
        self.emulator.advance(60)
        self.shop.edit_product(mug["id"], status="DRAFT")
        self.read_again("products", mug["id"])
        self.assertEqual(row.state, "cancelled")
        updated_at = self.shop.get_object(mug["id"])["updatedAt"]
        self.assertNotEqual(updated_at, before)
        self.assertEqual(row.remote_updated_at, updated_at)
        self.emulator.advance(60)
        self.shop.edit_product(mug["id"], title="Better mug")
        self.read_again("products", mug["id"])
        self.waiting(mug["id"])
        # Who asks for it gets it shown again.
        self.row(hat["id"]).action_retry()
        self.run_syncs()
        self.waiting(hat["id"])

    def test_only_what_waits_for_a_person_can_be_refused(self):
        mug = self.mug()
        self.set_policy("products", "automatic")
        self.read_again("products", mug["id"])
        with self.assertRaisesRegex(UserError, "Nothing here waits"):
            self.row(mug["id"]).action_refuse()

    # --- known records ---

    def test_known_records_go_on_and_change_nothing_in_odoo(self):
        mug = self.mug()
        self.set_policy("products", "automatic")
        self.read_again("products", mug["id"])
        name = self.product_link(mug).odoo_id.name
        self.set_policy("products", "review")
        self.shop.edit_product(mug["id"], title="Better mug")
        self.read_again("products", mug["id"])
        self.assertDone(mug["id"], "unchanged")
        self.assertEqual(self.product_link(mug).odoo_id.name, name)

    # --- cost ---

    def test_previews_of_a_batch_cost_the_same_for_one_and_for_many(self):
        def queries(orders):
            self.ask("orders", *[order["id"] for order in orders])
            self.env.flush_all()
            start = self.env.cr.sql_log_count
            self.run_syncs()
            return self.env.cr.sql_log_count - start

        first = queries([self.order([("SHIRT", 1)], email="a@example.com")])
        few = queries(
            [self.order([("SHIRT", 1)], email=f"b{n}@example.com") for n in range(2)]
        )
        many = queries(
            [self.order([("SHIRT", 1)], email=f"c{n}@example.com") for n in range(12)]
        )
        self.assertGreater(first, 0)
        # Rows, waits and history of ten more items, nothing for their previews.
        self.assertLessEqual(many - few, 3 * 10)
