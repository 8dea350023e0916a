"""An order's proof in Shopify lists the order's invoices and credit notes, as they are."""

from .sync_case import SyncCase


class TestInvoiceIds(SyncCase):
    def setUp(self):
        super().setUp()
        self.placed = self.order([("SOCKS", 2)])
        self.gid = self.placed["id"]
        self.sync(self.placed)
        self.assertDone(self.gid)
        self.sale = self.sale_order(self.placed)
        # Invoiced as ordered: no delivery comes first.
        self.sale.order_line.product_id.invoice_policy = "order"

    def invoice(self):
        invoice = self.sale._create_invoices()
        self.run_syncs()
        return invoice

    def listed(self):
        return self.proof(self.gid).get("invoices")

    def without_list(self):
        """The proof as it stood before invoices were listed."""
        proof = self.proof(self.gid)
        del proof["invoices"]
        self.mark(self.gid, str(self.sale.id), proof)
        self.run_syncs()

    def test_a_new_invoice_stands_in_the_proof(self):
        self.assertIsNone(self.listed())
        invoice = self.invoice()

        self.assertEqual(self.listed(), [invoice.id])
        self.assertEqual(self.marked(self.gid), str(self.sale.id))
        self.assertDone(self.gid, direction="mark")

    def test_an_order_that_shopify_hides_for_its_age_is_left_alone(self):
        granted = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, granted)
        recent = [scope for scope in granted if scope != "read_all_orders"]
        self.shop.set_scopes(recent)
        self.backend.granted_scopes = ",".join(recent)
        self.sale.date_order = "2025-01-01 10:00:00"
        self.shop.set_order(self.gid, createdAt="2025-01-01T10:00:00Z")

        self.invoice()
        self.assertDone(self.gid, direction="mark")

        self.read_again("orders", self.gid, direction="mark", kind="Order")
        row = self.row(self.gid, "mark")
        self.assertEqual((row.state, row.reason_code), ("review", "order_too_old"))

    def test_an_unlinked_order_loses_the_mark_though_its_invoice_was_not_noted(self):
        """The mark with the invoice arrived, and its worker died before noting it."""
        link = self.link(self.placed)
        before = link.marked_proof
        self.invoice()
        link._as_engine().marked_proof = before
        link._unlink_chosen("another order")
        self.run_syncs()

        self.assertIsNone(self.marked(self.gid))
        self.assertIsNone(self.proof(self.gid))

    def test_a_posted_invoice_and_its_credit_note_are_both_listed(self):
        invoice = self.invoice()
        invoice.action_post()
        credit = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        self.run_syncs()

        self.assertEqual(self.listed(), [invoice.id, credit.id])

    def test_a_deleted_invoice_is_gone_from_the_proof(self):
        invoice = self.invoice()
        invoice.unlink()
        self.run_syncs()

        self.assertIsNone(self.listed())
        self.assertEqual(self.marked(self.gid), str(self.sale.id))

    def test_a_cancelled_invoice_is_gone_and_comes_back_with_its_draft(self):
        invoice = self.invoice()
        invoice.button_cancel()
        self.run_syncs()
        self.assertIsNone(self.listed())

        invoice.button_draft()
        self.run_syncs()
        self.assertEqual(self.listed(), [invoice.id])

    def test_an_invoice_made_by_hand_asks_for_no_mark(self):
        self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.sale.partner_id.id,
                "invoice_line_ids": [(0, 0, {"name": "By hand", "price_unit": 1})],
            }
        )
        self.assertFalse(self.triggers())

    def test_the_second_sync_writes_nothing(self):
        self.invoice()
        self.read_again("orders", self.gid)
        self.start_counting()
        self.read_again("orders", self.gid)
        self.ask("orders", self.gid, direction="mark")
        self.run_syncs()

        self.assertDone(self.gid, "unchanged")
        self.assertDone(self.gid, "unchanged", direction="mark")
        self.assertEqual(self.written(), {})

    def test_an_order_marked_before_invoices_were_listed_is_marked_again(self):
        invoice = self.invoice()
        self.without_list()
        self.read_again("orders", self.gid)

        self.assertEqual(self.row(self.gid).state, "done")
        self.assertEqual(self.listed(), [invoice.id])

    def test_the_weekly_comparison_finds_a_list_that_differs(self):
        invoice = self.invoice()
        self.without_list()
        with self.backend._client() as client:
            counts = self.backend._compare_linked(client)
        self.run_syncs()

        self.assertEqual(counts["Order"], {"linked": 1, "gone": 0, "unmarked": 1})
        self.assertEqual(self.listed(), [invoice.id])

    def test_a_mark_without_its_id_is_written_again_whatever_it_lists(self):
        invoice = self.invoice()
        proof = self.proof(self.gid) | {"invoices": [invoice.id, invoice.id + 1]}
        self.mark(self.gid, None, proof)
        self.read_again("orders", self.gid)

        self.assertEqual(self.row(self.gid).state, "done")
        self.assertEqual(self.marked(self.gid), str(self.sale.id))
        self.assertEqual(self.listed(), [invoice.id])

    def test_a_lost_link_is_restored_whatever_invoices_the_proof_lists(self):
        invoice = self.invoice()
        self.link(self.placed).line_ids._as_engine().unlink()
        self.link(self.placed)._as_engine().unlink()
        invoice.unlink()
        self.read_again("orders", self.gid)

        self.assertEqual(self.sale_order(self.placed), self.sale)
        self.assertIsNone(self.listed())

    def test_invoices_of_a_batch_are_read_by_one_query(self):
        others = [self.order([("SHIRT", 1)]) for _number in range(3)]
        self.sync(*others)
        sales = self.sale | self.env["sale.order"].browse(
            [self.sale_order(other).id for other in others]
        )
        sales.order_line.product_id.invoice_policy = "order"
        sales._create_invoices(grouped=True)
        links = sales.shopify_binding_ids
        self.env.flush_all()
        links.mapped("sale_order_id")

        with self.assertQueryCount(1):
            found = links._invoice_ids()
        self.assertEqual([len(ids) for ids in found.values()], [1, 1, 1, 1])

    def test_the_search_box_finds_the_order_by_its_invoice(self):
        invoice = self.invoice()
        invoice.action_post()
        self.run_syncs()

        for text in (invoice.name, f"account.move,{invoice.id}"):
            found = self.env["shopify.sync"].search([("anything", "=", text)])
            self.assertIn(self.gid, found.mapped("subject_key"), text)
