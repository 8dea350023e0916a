"""A preview of any sync: shown is what a real run then does, and nothing remains of it."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from ...models import shopify_dry_run
from .stock_case import StockCase
from .sync_case import SyncCase

# Reading costs points, and may renew a token; the preview itself lies in its own rows.
NOT_COMPARED = {
    "shopify_bucket",
    "shopify_token",
    "shopify_dry_run",
    "shopify_dry_run_line",
}
OTHERS = (
    "account_move",
    "account_move_line",
    "bus_bus",
    "ir_sequence",
    "mail_mail",
    "mail_message",
    "product_product",
    "product_template",
    "queue_job",
    "res_partner",
    "sale_order",
    "sale_order_line",
    "stock_move",
    "stock_move_line",
    "stock_picking",
    "stock_quant",
)


class DryRunHelpers:
    def setUp(self):
        super().setUp()
        self.operator = new_test_user(
            self.env,
            "dry_operator",
            "shopify_connector.group_operator",
        )

    def database(self):
        """What every table of ours and of the flows holds, and where documents' numbers
        stand."""
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE 'shopify\\_%'"
            " AND schemaname = current_schema()"
        )
        ours = {name for (name,) in cr.fetchall()} - NOT_COMPARED
        self.assertIn("shopify_mutation", ours)
        found = {}
        for table in sorted(ours.union(OTHERS)):
            cr.execute(
                f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text))"
                f' FROM "{table}" t'
            )
            found[table] = cr.fetchone()
        cr.execute(
            "SELECT sequencename, last_value FROM pg_sequences"
            " WHERE sequencename LIKE 'ir\\_sequence\\_%'"
        )
        found["numbers"] = sorted(cr.fetchall())
        return found

    def preview(self, *subjects):
        """Preview these (flow, direction, type, key), and see that nothing came of it."""
        before, sent = self.database(), len(self.shop.mutations_applied)
        wizards = self.env["shopify.dry.run"].with_user(self.operator)
        backend = self.backend.with_user(self.operator)
        action = wizards._open({backend: list(subjects)})
        wizard = wizards.browse(action["res_id"])
        self.env.invalidate_all()
        after = self.database()
        self.assertEqual(
            {name for name, held in after.items() if held != before[name]}, set()
        )
        self.assertEqual(len(self.shop.mutations_applied), sent)
        return wizard

    def shown(self, wizard, kind):
        return [
            tuple(row)
            for line in wizard.line_ids
            for section in line.sections
            if section["kind"] == kind
            for row in section["rows"]
        ]

    def kinds(self, wizard):
        return wizard.line_ids.mapped("kind")


class TestDryRun(DryRunHelpers, SyncCase):
    # --- what is shown is what a run then does ---

    def test_new_order_is_shown_with_its_records_and_made_so(self):
        order = self.order([("SHIRT", 2)])
        wizard = self.preview(("orders", "in", "Order", order["id"]))
        self.assertEqual(self.kinds(wizard), ["does"])
        created = self.shown(wizard, "created")
        self.assertEqual(created[0], ("Sales order", f"{order['name']}, USD"))
        *_taxes, tax, total = self.shown(wizard, "totals")
        self.assertEqual((tax[1], total[1]), (tax[2], total[2]))
        records = self.shown(wizard, "records")
        self.assertIn(("model:sale.order", "S(new): Sales Order"), records)
        models = {label.removeprefix("model:") for label, _name in records}
        bound = {gid for _label, gid, _record in self.shown(wizard, "bound")}
        self.assertIn(order["id"], bound)

        before = self.records() | {"stock.picking": self.count("stock.picking")}
        wizard.action_do()
        self.run_syncs()

        self.assertDone(order["id"])
        sale = self.sale_order(order)
        self.assertEqual(f"{sale.amount_total:.2f}", total[2])
        self.assertEqual(sale.state, "sale")
        made = {
            model
            for model in before
            if not model.startswith("shopify.") and self.count(model) > before[model]
        }
        self.assertEqual(made, models & set(before))
        self.assertEqual(
            len(sale.picking_ids),
            len([1 for label, _name in records if label == "model:stock.picking"]),
        )

    def count(self, model):
        return self.env[model].with_context(active_test=False).search_count([])

    def test_known_order_has_nothing_to_do(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        wizard = self.preview(("orders", "in", "Order", order["id"]))
        self.assertEqual(self.kinds(wizard), ["nothing"])
        self.assertFalse(wizard.may_do)
        with self.assertRaisesRegex(UserError, "Nothing of this"):
            wizard.action_do()

    def test_order_that_would_stop_says_why(self):
        self.make_variant("HAT", "5.00", linked=False)
        self.set_policy("products", "off")
        order = self.order([("HAT", 1)])
        wizard = self.preview(("orders", "in", "Order", order["id"]))
        self.assertEqual(self.kinds(wizard), ["stops"])
        self.assertIn(order["name"], wizard.line_ids.note)
        self.assertFalse(wizard.may_do)
        self.sync(order)
        self.assertEqual(self.row(order["id"]).message, wizard.line_ids.note)

    def test_product_and_customer_are_made_as_shown(self):
        mug = self.mug()
        ada = self.shop.create_customer(firstName="Ada", email="new@example.com")
        wizard = self.preview(
            ("products", "in", "Product", mug["id"]),
            ("customers", "in", "Customer", ada["id"]),
        )
        self.assertEqual(self.kinds(wizard), ["does", "does"])
        self.assertIn(("Variant", "MUG, 9.50"), self.shown(wizard, "created"))
        self.assertIn(("E-mail", "new@example.com"), self.shown(wizard, "created"))
        # What follows by itself is told too.
        self.assertIn((mug["id"], "flow:products/mark"), self.shown(wizard, "next"))
        wizard.action_do()
        self.run_syncs()
        self.assertDone(mug["id"])
        self.assertDone(ada["id"])
        self.assertEqual(self.variant_link(mug).odoo_id.default_code, "MUG")
        event = self.events(mug["id"])[-1]
        self.assertEqual(event.caused_by_id, self.operator)
        self.assertIn("as its preview showed it", event.cause_label)

    def test_mark_is_shown_and_then_written(self):
        mug = self.mug()
        self.read_again("products", mug["id"])
        self.mark(mug["id"])
        value = str(self.product_link(mug).odoo_id.id)
        wizard = self.preview(("products", "mark", "Product", mug["id"]))
        self.assertEqual(self.shown(wizard, "sent"), [("Odoo ID in Shopify", value)])
        self.assertIsNone(self.marked(mug["id"]))
        wizard.action_do()
        self.run_syncs()
        self.assertEqual(self.marked(mug["id"]), value)

    def test_change_is_shown_field_by_field(self):
        place = self.env["shopify.mapping.location"].search(
            [("backend_id", "=", self.backend.id)]
        )
        self.shop.objects[place.shopify_gid]["name"] = "Second street"
        wizard = self.preview(("stock", "in", "Location", place.shopify_gid))
        self.assertIn(
            ("Name", place.name, "Second street"),
            [row for row in self.shown(wizard, "updated")],
        )

    # --- each by itself ---

    def test_one_subject_hides_nothing_of_the_next(self):
        first = self.order([("SHIRT", 1)], email="same@example.com")
        second = self.order([("SHIRT", 1)], email="same@example.com")
        both = self.preview(
            ("orders", "in", "Order", first["id"]),
            ("orders", "in", "Order", second["id"]),
        )
        alone = self.preview(("orders", "in", "Order", second["id"]))
        self.assertEqual(both.line_ids[1].digest, alone.line_ids.digest)

    # --- what changes between ---

    def test_what_changed_since_it_was_shown_is_asked_again(self):
        mug = self.mug()
        wizard = self.preview(("products", "in", "Product", mug["id"]))
        odoo = self.odoo_product()
        before = self.records()
        wizard.action_do()
        self.run_syncs()
        row = self.assertReview(mug["id"], "to_accept")
        self.assertIn("it changed since it was previewed", row.message)
        self.assertEqual(self.records(), before)
        row.with_user(self.operator).action_accept()
        self.run_syncs()
        self.assertDone(mug["id"])
        self.assertEqual(self.variant_link(mug).odoo_id, odoo)

    def test_go_outlives_a_passing_failure(self):
        mug = self.mug()
        wizard = self.preview(("products", "in", "Product", mug["id"]))
        wizard.action_do()
        self.shop.fault("internal_error", operation="ProductsImport", times=None)
        self.run_syncs()
        row = self.row(mug["id"])
        self.assertEqual((row.state, row.is_accepted), ("waiting", True))
        self.assertEqual(row.shown_digest, wizard.line_ids.digest)
        self.shop.clear_faults()
        self.odoo_product()
        self.flow("products").action_resume()
        self.time_passes(row)
        self.wake()
        self.run_syncs()
        self.assertReview(mug["id"], "to_accept")

    def test_review_mode_needs_no_second_go(self):
        self.set_policy("products", "review")
        mug = self.mug()
        self.read_again("products", mug["id"])
        self.assertReview(mug["id"], "to_accept")
        wizard = self.preview(("products", "in", "Product", mug["id"]))
        self.assertEqual(self.kinds(wizard), ["does"])
        wizard.action_do()
        self.run_syncs()
        self.assertDone(mug["id"])

    # --- when nothing may run ---

    def test_flow_that_is_off_is_previewed_but_not_done(self):
        self.set_policy("products", "off")
        mug = self.mug()
        wizard = self.preview(("products", "in", "Product", mug["id"]))
        self.assertEqual(self.kinds(wizard), ["does"])
        self.assertIn("is off", wizard.why_not_now)
        with self.assertRaisesRegex(UserError, "is off"):
            wizard.action_do()

    def test_paused_flow_does_it_once_it_is_resumed(self):
        self.flow("products").write(
            {"paused_at": "2026-01-01", "paused_message": "too many defects"}
        )
        mug = self.mug()
        wizard = self.preview(("products", "in", "Product", mug["id"]))
        self.assertIn("too many defects", wizard.why_not_now)
        wizard.action_do()
        self.run_syncs()
        self.assertFalse(self.product_link(mug))
        self.flow("products").action_resume()
        self.run_syncs()
        self.assertDone(mug["id"])

    def test_store_on_hold_is_not_read(self):
        self.backend._hold("store_on_hold", "another database writes")
        with self.assertRaisesRegex(UserError, "another database writes"):
            self.preview(("products", "in", "Product", self.mug()["id"]))

    def test_reading_copy_previews_and_notes_nothing(self):
        mug = self.mug()
        self.read_again("products", mug["id"])
        self.mark(mug["id"])
        self.backend.sudo().write({"state": "copy", "copy_reads": True})
        wizard = self.preview(("products", "mark", "Product", mug["id"]))
        self.assertEqual(self.kinds(wizard), ["does"])
        self.assertIn("copy", wizard.why_not_now)

    # --- who, and how many ---

    def test_more_than_twenty_are_refused(self):
        wanted = [
            ("products", "in", "Product", f"gid://shopify/Product/{n}")
            for n in range(21)
        ]
        with self.assertRaisesRegex(UserError, "21 records"):
            self.preview(*wanted)

    def test_what_would_take_too_long_is_left_and_said(self):
        self.startPatcher(patch.object(shopify_dry_run, "SECONDS", 0.0))
        wizard = self.preview(("products", "in", "Product", self.mug()["id"]))
        self.assertEqual(self.kinds(wizard), ["late"])
        self.assertFalse(wizard.may_do)

    def test_only_operators_preview(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        user = new_test_user(self.env, "dry_user", "shopify_connector.group_user")
        with self.assertRaises(AccessError):
            self.row(order["id"]).with_user(user).action_dry_run()

    def test_buttons_on_items_and_on_records_open_it(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        by_row = self.row(order["id"]).with_user(self.operator).action_dry_run()
        self.operator.group_ids |= self.env.ref(
            "sales_team.group_sale_salesman_all_leads"
        )
        sale = self.sale_order(order).with_user(self.operator)
        by_record = sale.action_shopify_dry_run()
        for action in (by_row, by_record):
            wizard = self.env[action["res_model"]].browse(action["res_id"])
            self.assertIn(order["id"], wizard.line_ids.mapped("subject_key"))
        form = Form(wizard.with_user(self.operator))
        self.assertIn(order["name"], form.html)


class TestDryRunOut(DryRunHelpers, StockCase):
    def subject(self, sku):
        return ("stock", "out", "shopify.stock.level", str(self.level(sku).id))

    def test_stock_is_shown_and_then_written(self):
        self.receive(self.products["SHIRT"], -30)
        self.env["shopify.trigger"].search([]).unlink()
        wizard = self.preview(self.subject("SHIRT"))
        ((_name, before, after),) = self.shown(wizard, "changed")
        self.assertEqual((before, after), ("100", "70"))
        self.assertEqual(self.on_hand("SHIRT"), 100)
        wizard.action_do()
        self.run_syncs()
        self.assertEqual(self.on_hand("SHIRT"), 70)

    def test_stock_in_review_is_done_by_one_go(self):
        self.backend.flow_ids.filtered(lambda f: f.flow == "stock").policy = "review"
        self.run_syncs()
        self.receive(self.products["SHIRT"], -30)
        self.env["shopify.trigger"].search([]).unlink()
        wizard = self.preview(self.subject("SHIRT"))
        self.assertEqual(self.shown(wizard, "changed")[0][1:], ("100", "70"))
        wizard.action_do()
        self.run_syncs()
        self.assertEqual(self.on_hand("SHIRT"), 70)

    def test_equal_stock_has_nothing_to_do(self):
        wizard = self.preview(self.subject("SOCKS"))
        self.assertEqual(self.kinds(wizard), ["nothing"])

    def test_fulfilment_is_shown_and_then_sent(self):
        sale = self.imported([("SHIRT", 2), ("SOCKS", 1)])
        picking = self.deliver(sale)
        wizard = self.preview(("fulfilments", "out", "stock.picking", str(picking.id)))
        sent = self.shown(wizard, "sent")
        self.assertIn(("Line", "2 × SHIRT"), sent)
        self.assertIn(("Line", "1 × SOCKS"), sent)
        self.assertFalse(self.fulfillments())
        wizard.action_do()
        self.run_syncs()
        (made,) = self.fulfillments()
        self.assertEqual(made["status"], "SUCCESS")
        self.assertEqual(self.order_status(sale), "FULFILLED")
