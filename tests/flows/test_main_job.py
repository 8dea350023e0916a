"""The main job, whole, under each set of answers that Shopify's documents leave open."""

from .order_case import TAX
from .stock_case import StockCase


class MainJob(StockCase):
    """One pass over everything; the sub-classes choose how Shopify behaves."""

    # Whether the plain IDs of two record types may stand for one another in Shopify.
    ids_apart = True

    def use_switches(self):
        """How this shop answers the open questions."""

    def setUp(self):
        super().setUp()
        self.use_switches()
        self.set_up_orders()

    def set_up_orders(self):
        self.cap = self.shop.create_product(
            "Cap",
            options=["Size"],
            variants=[
                {"options": [size], "sku": f"CAP-{size}", "price": "12.50", "stock": 30}
                for size in ("S", "M", "L")
            ],
        )
        self.shop.create_customer(
            email="eve@example.com", first_name="Eve", last_name="Moss"
        )
        shipping = [{"title": "Standard", "price": "4.90", "taxes": [TAX]}]
        self.orders = [
            self.order([("SHIRT", 2), ("CAP-M", 3)], customer="eve@example.com"),
            self.order([("SOCKS", 1)], email="guest@example.com", shipping=shipping),
            self.order(
                [("CAP-S", 3)],
                email="guest@example.com",
                discounts=[{"amount": "10.00", "title": "TEN"}],
            ),
        ]

    def everything_once(self):
        self.backend.action_sync_now()
        self.run_syncs()

    def test_both_sides_agree_and_a_second_pass_writes_nothing(self):
        self.everything_once()
        sales = [self.sale_order(order) for order in self.orders]
        self.assertTotals(sales)
        cap = sales[0].order_line.product_id.filtered(
            lambda product: product.default_code == "CAP-M"
        )
        self.receive(cap, 30)
        sales[0].picking_ids.action_assign()
        self.deliver(sales[0])
        self.receive(self.products["SOCKS"], 7)
        self.run_syncs()

        self.assertEqual(self.order_status(sales[0]), "FULFILLED")
        self.assertEqual(len(self.fulfillments()), 1)
        self.assertEqual(self.on_hand("SOCKS"), 107)
        self.assertMarks()
        self.assertOneOfEach()

        written = len(self.shop.mutations_applied)
        before = self.env["sale.order"].search_count([])
        self.everything_once()
        self.assertEqual(len(self.shop.mutations_applied), written)
        self.assertEqual(self.env["sale.order"].search_count([]), before)

    # --- looking ---

    def assertTotals(self, sales):
        for order, sale in zip(self.orders, sales, strict=True):
            total = order["totalPriceSet"]["shopMoney"]["amount"]
            tax = order["totalTaxSet"]["shopMoney"]["amount"]
            self.assertEqual(
                (f"{sale.amount_total:.2f}", f"{sale.amount_tax:.2f}"),
                (f"{float(total):.2f}", f"{float(tax):.2f}"),
                order["name"],
            )

    def assertMarks(self):
        """Every mark was read back, or stands in review as refused."""
        marks = self.syncs(direction="mark")
        self.assertGreater(len(marks), 10)
        refused = marks.filtered(lambda row: row.state != "done")
        if self.ids_apart:
            self.assertFalse(refused.mapped("reason_code"))
        else:
            self.assertLessEqual(set(refused.mapped("reason_code")), {"mark_refused"})

    def assertOneOfEach(self):
        partners = self.env["res.partner"].search(
            [("email_normalized", "in", ["eve@example.com", "guest@example.com"])]
        )
        accounts = partners.filtered(lambda partner: not partner.parent_id)
        self.assertEqual(
            sorted(accounts.mapped("email_normalized")),
            ["eve@example.com", "guest@example.com"],
        )
        for order in self.orders:
            self.assertEqual(
                self.env["sale.order"].search_count(
                    [("client_order_ref", "=", order["name"])]
                ),
                1,
            )


class TestMainJob(MainJob):
    pass


class TestMainJobUnfavourable(MainJob):
    """All open questions answered the hard way at once.

    Among them: one ID may be used once in the whole namespace. Then a variant's ID and a
    product's get in each other's way; the second is refused, shown, and harms nothing.
    """

    ids_apart = False

    def use_switches(self):
        self.shop.unfavourable()


class TestMainJobUnfavourableWholeCallsFail(TestMainJobUnfavourable):
    """The two answers about one stale row exclude each other: here the other one."""

    def use_switches(self):
        super().use_switches()
        self.shop.switch(stale_row_fails_all=True)


del MainJob
