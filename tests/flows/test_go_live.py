"""The six cases that decide whether a store may go live."""

from .sync_case import SyncCase


class TestGoLive(SyncCase):
    def test_retry_after_product_creation(self):
        """The worker dies when the product is in Odoo and not yet marked in Shopify."""
        mug = self.mug()
        self.ask("products", mug["id"])
        self.drain("records")
        self.lose_jobs("mark")
        made, before = self.product_link(mug).odoo_id, self.records()
        self.assertEqual(made.name, "Mug")
        self.assertIsNone(self.marked(mug["id"]))

        self.row(mug["id"]).action_retry()
        self.run_syncs()
        self.row(mug["id"]).action_retry()
        self.run_syncs()

        self.assertEqual(self.records(), before)
        self.assertEqual(self.product_link(mug).odoo_id, made)
        self.assertEqual(self.marked(mug["id"]), str(made.id))
        self.assertEqual(
            self.marked(mug["variants"][0]), str(made.product_variant_id.id)
        )
        self.assertEqual(self.written(), {"metafieldsSet": 1})
        self.assertDone(mug["id"], "unchanged")

    def test_retry_after_order_creation(self):
        """The worker dies when the order is in Odoo and not yet marked in Shopify."""
        order = self.order([("SHIRT", 2)], name="#7001")
        self.trigger(order)
        self.drain("records")
        self.lose_jobs("mark")
        sale, before = self.sale_order(order), self.records()
        self.assertEqual(sale.state, "sale")
        self.assertIsNone(self.marked(order["id"]))

        self.row(order["id"]).action_retry()
        self.run_syncs()
        self.row(order["id"]).action_retry()
        self.run_syncs()

        self.assertEqual(self.records(), before)
        self.assertEqual(
            self.env["sale.order"].search([("client_order_ref", "=", "#7001")]), sale
        )
        self.assertEqual(self.sale_order(order), sale)
        self.assertEqual(len(sale.picking_ids), 1)
        self.assertEqual(self.marked(order["id"]), str(sale.id))
        self.assertEqual(self.written(), {"metafieldsSet": 1})
        self.assertDone(order["id"], "unchanged")

    def test_update_existing_customer(self):
        """A contact of ours with the buyer's e-mail is used, and stays as it is."""
        partner = self.env["res.partner"].create(
            {
                "name": "A. Byron (our best)",
                "email": "Ada@Example.com",
                "street": "9 Our Lane",
                "comment": "Calls on Mondays",
            }
        )
        customer = self.shop.create_customer(
            email="ada@example.com", first_name="Ada", last_name="Byron"
        )
        fields = ["name", "email", "phone", "street", "city", "comment", "country_id"]
        before = partner.read(fields)

        order = self.order([("SHIRT", 1)], customer=customer["id"])
        self.sync(order)
        self.row(order["id"]).action_retry()
        self.run_syncs()

        self.assertDone(order["id"], "unchanged")
        self.assertEqual(self.customer_link(customer).odoo_id, partner)
        self.assertEqual(self.sale_order(order).partner_id, partner)
        self.assertEqual(partner.read(fields), before)
        self.assertEqual(
            self.env["res.partner"].search(
                [("email_normalized", "=", "ada@example.com"), ("type", "=", "contact")]
            ),
            partner,
        )
        self.assertEqual(self.marked(customer["id"]), str(partner.id))
        self.assertEqual(
            self.shop.get_object(customer["id"])["firstName"], customer["firstName"]
        )

    def test_variant_with_several_odoo_ids(self):
        """Two Odoo products claim one variant: nothing is written until a person says
        which; then what waited for it runs."""
        first, second = self.odoo_product(), self.odoo_product(name="The blue one")
        mug = self.mug()
        order = self.order([(mug["variants"][0], 3)], taxes=[])
        before = self.records()

        self.ask("products", mug["id"])
        self.trigger(order)
        self.run_syncs()

        stop = self.assertReview(mug["id"], "ambiguous_match")
        self.assertEqual(
            stop.reason_params["candidates"],
            [f"product.product {first.id}", f"product.product {second.id}"],
        )
        self.assertReview(order["id"], "variant_unmapped")
        self.assertEqual(self.records(), before)
        self.assertEqual(self.written(), {})

        wizard = (
            self.env["shopify.link.wizard"]
            .with_context(default_sync_id=self.row(order["id"]).id)
            .create({"reason": "It is the blue one"})
        )
        wizard.line_ids.filtered(
            lambda line: line.kind == "variant"
        ).product_id = second
        wizard.action_link()
        self.run_syncs()

        self.assertEqual(self.variant_link(mug).odoo_id, second)
        self.assertDone(mug["id"])
        self.assertDone(order["id"])
        line = self.sale_order(order).order_line
        self.assertEqual((line.product_id, line.product_uom_qty), (second, 3.0))
        self.assertEqual(self.marked(mug["variants"][0]), str(second.id))

        # Both belong together after all: from now on the variant stands for a pack.
        pack = (
            self.env["shopify.pack.wizard"]
            .with_context(default_link_id=self.variant_link(mug).id)
            .create({"reason": "Sold as a set"})
        )
        pack.line_ids = [(0, 0, {"product_id": first.id, "quantity": 2})]
        pack.action_apply()
        self.run_syncs()
        set_order = self.order([(mug["variants"][0], 3)], taxes=[])
        self.sync(set_order)

        sale = self.sale_order(set_order)
        self.assertEqual(
            [(line.product_id, line.product_uom_qty) for line in sale.order_line],
            [(second, 3.0), (first, 6.0)],
        )
        self.assertAmounts(sale, "28.50", "0.00")
        proof = self.proof(mug["variants"][0])
        self.assertEqual(
            (proof["ids"], proof["quantities"]), ([second.id, first.id], [1, 2])
        )
        self.read_again("orders", order["id"])
        self.assertDone(order["id"], "unchanged")
        self.assertEqual(
            self.sale_order(order).order_line.mapped("product_uom_qty"), [3.0]
        )

    def test_manual_edit_of_visible_product_field(self):
        """Products are written once: the edit stays, the difference is in History."""
        mug = self.mug()
        self.read_again("products", mug["id"])
        template = self.product_link(mug).odoo_id
        template.name = "Mug, our own words"
        self.shop.edit_product(mug["id"], title="Mug for tea")
        self.start_counting()

        self.read_again("products", mug["id"])
        self.read_again("products", mug["id"])

        self.assertEqual(template.name, "Mug, our own words")
        self.assertEqual(self.shop.get_object(mug["id"])["title"], "Mug for tea")
        self.assertEqual(self.written(), {})
        self.assertEqual(
            [event.changes or [] for event in self.events(mug["id"])][1:],
            [[["name", "Mug, our own words", "Mug for tea"]], []],
        )
        self.assertDone(mug["id"], "unchanged")

    def test_fails_on_purpose_because_the_tax_mapping_is_removed(self):
        """The stop says which order, what is missing, whose turn it is, and whether a
        retry is safe; once mended, the same records go on."""
        self.sync(self.order([("SOCKS", 1)]))
        mapping = self.env["shopify.mapping.tax"].search(
            [("backend_id", "=", self.backend.id)]
        )
        mapping.unlink()
        order = self.order([("SHIRT", 2)], name="#7002")
        self.sync(order)

        row = self.assertReview(order["id"], "tax_unmapped")
        self.assertIn("#7002", row.message)
        self.assertIn("Sales Tax", row.message)
        self.assertEqual(row.missing, "an Odoo tax for Sales Tax 15 %")
        self.assertEqual(row.nature, "configuration")
        self.assertTrue(row.retry_safe)
        self.assertTrue(row.retry_text)
        self.assertTrue(row.fix_label)
        self.assertNoOrder(order)
        # Retrying without the fix says the same again, and writes nothing.
        row.action_retry()
        self.run_syncs()
        self.assertReview(order["id"], "tax_unmapped")
        self.assertEqual(row.attempt_count, 2)
        stopped_at = self.records()

        self.map_tax("Sales Tax", 0.15, self.tax)
        self.run_syncs()
        row.action_retry()
        self.run_syncs()

        self.assertEqual(self.assertDone(order["id"], "unchanged"), row)
        sale = self.sale_order(order)
        self.assertAmounts(sale, "46.00", "6.00")
        self.assertEqual(len(sale.picking_ids), 1)
        self.assertEqual(
            self.records(),
            stopped_at
            | {
                "sale.order": stopped_at["sale.order"] + 1,
                "shopify.sale.order": stopped_at["shopify.sale.order"] + 1,
            },
        )
        self.assertEqual(self.marked(order["id"]), str(sale.id))
