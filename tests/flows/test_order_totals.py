"""Total and tax of every imported order are Shopify's, to the smallest unit."""

from odoo import Command

from .order_case import TAX, OrderCase

STATE = {"title": "State Tax", "rate": "0.0625"}
COUNTY = {"title": "County Tax", "rate": "0.0175"}


class TestOrderTotals(OrderCase):
    def setUp(self):
        super().setUp()
        self.state = self.make_tax("State", 6.25)
        self.county = self.make_tax("County", 1.75)
        self.map_tax("State Tax", 0.0625, self.state)
        self.map_tax("County Tax", 0.0175, self.county)

    def agreed(self, lines, **values):
        """Import an order; its amounts must be those that Shopify shows."""
        order = self.order(lines, **values)
        self.sync(order)
        self.assertDone(order["id"])
        sale = self.sale_order(order)
        self.assertAmounts(
            sale,
            f"{float(order['currentTotalPriceSet']['shopMoney']['amount']):.2f}",
            f"{float(order['currentTotalTaxSet']['shopMoney']['amount']):.2f}",
        )
        return sale

    def test_two_taxes_rounded_line_by_line(self):
        sale = self.agreed(
            [("SOCKS", 1), ("SOCKS", 1), ("SOCKS", 3)], taxes=[STATE, COUNTY]
        )

        self.assertEqual(sale.order_line.tax_ids, self.state | self.county)

    def test_order_discount_that_does_not_divide(self):
        sale = self.agreed(
            [("SOCKS", 3), ("SHIRT", 1)],
            discounts=[{"amount": "10.00", "code": "TEN"}],
        )

        self.assertIn("TEN: -", sale.order_line[0].name)

    def test_exact_percentage_shows_as_discount(self):
        sale = self.agreed(
            [("SHIRT", 2)], discounts=[{"percent": 10, "code": "SUMMER10"}]
        )

        line = sale.order_line
        self.assertEqual((line.price_unit, line.discount), (20.0, 10.0))

    def test_fully_discounted_line_stays_on_the_order(self):
        sale = self.agreed(
            [
                {
                    "variant": "SHIRT",
                    "quantity": 1,
                    "discounts": [{"percent": 100, "code": "FREE"}],
                },
                ("SOCKS", 1),
            ]
        )

        self.assertEqual(sale.order_line.mapped("price_total")[0], 0.0)
        self.assertEqual(len(sale.order_line), 2)

    def test_shipping_is_a_delivery_line_with_its_own_tax(self):
        sale = self.agreed(
            [("SHIRT", 1)],
            shipping=[{"title": "Post", "price": "4.95", "taxes": [STATE]}],
        )

        delivery = sale.order_line.filtered("is_delivery")
        self.assertEqual(delivery.tax_ids, self.state)
        self.assertEqual(
            delivery.product_id, self.backend.delivery_carrier_id.product_id
        )
        self.assertEqual(sale.carrier_id, self.backend.delivery_carrier_id)

    def test_tip_duties_and_fees_each_have_a_line(self):
        for field in ("tip_product_id", "duty_product_id", "fee_product_id"):
            self.backend[field] = self.env["product.product"].create(
                {"name": field, "type": "service"}
            )

        sale = self.agreed(
            [
                {"variant": "SHIRT", "quantity": 1, "duties": [{"price": "3.00"}]},
                {"tip": "2.00"},
            ],
            fees=[{"name": "Handling", "price": "1.50"}],
        )

        self.assertEqual(
            set(sale.order_line.product_id.mapped("name")),
            {"SHIRT", "tip_product_id", "duty_product_id", "fee_product_id"},
        )

    def test_tip_without_product_stops_and_names_the_amount(self):
        order = self.order([("SHIRT", 1), {"tip": "2.00"}])

        self.sync(order)

        row = self.assertReview(order["id"], "tip_product_missing")
        self.assertEqual(row.reason_params, {"amount": "2.00 USD"})
        self.assertNoOrder(order)

    def test_total_off_by_one_cent_goes_to_review_and_writes_no_order(self):
        order = self.order([("SHIRT", 1)])
        self.shop.set_order(order["id"], currentTotalPriceSet=_bag("23.01"))

        self.sync(order)

        row = self.assertReview(order["id"], "total_differs")
        self.assertEqual(row.reason_params["shopify_total"], "23.01 USD")
        self.assertEqual(row.reason_params["odoo_total"], "23.00 USD")
        self.assertNoOrder(order)

    def test_tax_off_by_one_cent_goes_to_review_and_writes_no_order(self):
        order = self.order([("SHIRT", 1)])
        self.shop.set_order(order["id"], currentTotalTaxSet=_bag("3.01"))

        self.sync(order)

        self.assertReview(order["id"], "tax_differs")
        self.assertNoOrder(order)

    def test_amount_that_odoo_computes_otherwise_stops_the_order(self):
        """The last check is on Odoo's own figures, after the order was made."""
        # Changed after it was mapped: a group can't take Shopify's amount.
        self.tax.write(
            {
                "amount_type": "group",
                "children_tax_ids": [Command.set(self.make_tax("Ten", 10.0).ids)],
            }
        )
        order = self.order([("SHIRT", 1)])

        self.sync(order)

        row = self.assertReview(order["id"], "total_differs")
        self.assertEqual(row.reason_params["shopify_total"], "23.00 USD")
        self.assertEqual(row.reason_params["odoo_total"], "22.00 USD")
        self.assertNoOrder(order)

    def test_discount_for_early_payment_is_no_part_of_a_paid_order(self):
        terms = self.env["account.payment.term"].create(
            {
                "name": "2 % in 10 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": "mixed",
            }
        )
        self.env["res.partner"].create(
            {
                "name": "Ada Byron",
                "email": "ada@example.com",
                "property_payment_term_id": terms.id,
            }
        )

        sale = self.agreed([("SHIRT", 1)])

        self.assertFalse(sale.payment_term_id)

    def test_invoice_has_the_same_total_and_tax(self):
        sale = self.agreed(
            [("SOCKS", 3), ("SHIRT", 1)],
            taxes=[STATE, COUNTY],
            discounts=[{"amount": "10.00", "code": "TEN"}],
            shipping=[{"title": "Post", "price": "4.95"}],
        )
        sale.order_line.product_id.invoice_policy = "order"

        invoice = sale._create_invoices()

        self.assertEqual(
            (invoice.amount_total, invoice.amount_tax),
            (sale.amount_total, sale.amount_tax),
        )

    def test_rounding_method_of_the_company_does_not_matter(self):
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method

            self.agreed([("SOCKS", 1)] * 5, taxes=[STATE, COUNTY])


class TestIncludedTaxes(OrderCase):
    taxes_included = True

    def test_prices_that_hold_the_tax(self):
        sale = self.imported(
            [("SOCKS", 3), ("SHIRT", 1)],
            shipping=[{"title": "Post", "price": "4.95"}],
            discounts=[{"amount": "7.77", "code": "ODD"}],
        )

        self.assertEqual(f"{sale.amount_total:.2f}", "47.15")
        self.assertEqual(sale.order_line[1].tax_ids, self.tax)

    def test_both_ways_in_one_store(self):
        excluded = self.make_tax("Sales 15 on top", 15.0, included=False)
        self.map_tax(TAX["title"], 0.15, excluded, included=False)

        on_top = self.imported([("SHIRT", 1)], taxes_included=False)
        within = self.imported([("SHIRT", 1)])

        self.assertAmounts(on_top, "23.00", "3.00")
        self.assertAmounts(within, "20.00", "2.61")

    def test_tax_that_computes_otherwise_cannot_be_mapped(self):
        excluded = self.make_tax("On top", 15.0, included=False)

        with self.assertRaisesRegex(Exception, "whether prices hold the tax"):
            self.map_tax("Another", 0.15, excluded)
        with self.assertRaisesRegex(Exception, "another rate"):
            self.map_tax("Another", 0.16, self.tax)


def _bag(amount):
    money = {"amount": amount, "currencyCode": "USD"}
    return {"shopMoney": money, "presentmentMoney": money}
