"""A tax without its Odoo tax is proposed one, and never given one."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .order_case import OrderCase


class TestTaxProposal(OrderCase):
    def setUp(self):
        super().setUp()
        self.taxed = self.order(
            [("SHIRT", 1)], taxes=[{"title": "VAT", "rate": "0.07"}]
        )
        self.sync(self.taxed)
        row = self.assertReview(self.taxed["id"], "tax_unmapped")
        row.action_fix()
        self.mapping = self.env["shopify.mapping.tax"].search([("title", "=", "VAT")])

    def test_fitting_taxes_are_shown_and_none_is_taken(self):
        fitting = self.make_tax("Seven", 7.0)
        self.make_tax("Seven inside", 7.0, included=True)
        self.mapping.invalidate_recordset()

        self.assertEqual(self.mapping.proposal_ids, fitting)
        self.assertFalse(self.mapping.tax_id)
        self.assertNoOrder(self.taxed)

    def test_taking_the_only_one_lets_the_order_go_on(self):
        fitting = self.make_tax("Seven", 7.0)
        self.mapping.invalidate_recordset()

        self.mapping.action_take_proposal()
        self.run_syncs()

        self.assertEqual(self.mapping.tax_id, fitting)
        self.assertEqual(
            self.sale_order(self.taxed).order_line.tax_ids.filtered("amount"), fitting
        )

    def test_of_several_a_person_chooses(self):
        self.make_tax("Seven", 7.0)
        self.make_tax("Seven too", 7.0)
        self.mapping.invalidate_recordset()

        with self.assertRaisesRegex(UserError, "2 taxes would fit"):
            self.mapping.action_take_proposal()
        self.assertFalse(self.mapping.tax_id)

    def test_an_operator_may_not_take_it(self):
        self.make_tax("Seven", 7.0)
        operator = new_test_user(
            self.env, "tax_operator", "shopify_connector.group_operator"
        )

        with self.assertRaises(AccessError):
            self.mapping.with_user(operator).action_take_proposal()
        self.assertFalse(self.mapping.tax_id)
