"""Orders come in once, as they are, and stop with a reason otherwise."""

from datetime import datetime, timedelta

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form

from .order_case import TAX, OrderCase


class TestOrderImport(OrderCase):
    def test_paid_order_becomes_a_confirmed_sale_order(self):
        order = self.order([("SHIRT", 2), ("SOCKS", 1)], name="#2042")

        self.sync(order)

        self.assertDone(order["id"])
        sale = self.sale_order(order)
        self.assertEqual(sale.state, "sale")
        self.assertEqual(sale.client_order_ref, "#2042")
        self.assertNotEqual(sale.name, "#2042")
        self.assertEqual(sale.warehouse_id, self.warehouse)
        self.assertEqual(sale.pricelist_id, self.backend.pricelist_id)
        self.assertEqual(
            [
                (li.product_id.default_code, li.product_uom_qty)
                for li in sale.order_line
            ],
            [("SHIRT", 2.0), ("SOCKS", 1.0)],
        )
        self.assertEqual(sale.order_line.tax_ids, self.tax)
        self.assertAmounts(sale, "57.49", "7.50")
        self.assertEqual(len(sale.picking_ids), 1)

    def test_order_keeps_the_time_it_was_placed_at(self):
        self.backend.orders_since = "2026-01-01"
        order = self.order([("SHIRT", 1)], created_at="2026-03-01T23:30:00-05:00")

        self.sync(order)

        self.assertEqual(self.sale_order(order).date_order, datetime(2026, 3, 2, 4, 30))

    def test_lines_are_linked_to_shopifys(self):
        order = self.order([("SHIRT", 2)], shipping=[{"title": "Post", "price": "5"}])

        self.sync(order)

        links = self.link(order).line_ids.sorted("id")
        gids = [*order["lineItems"], order["_shipping"][0]["id"]]
        self.assertEqual(links.mapped("shopify_gid"), gids)
        self.assertEqual(links.mapped("kind"), ["variant", "shipping"])
        self.assertEqual(links.odoo_id, self.sale_order(order).order_line)

    def test_odoo_id_is_written_to_the_order_and_verified(self):
        order = self.order([("SHIRT", 1)])

        self.sync(order)

        link = self.link(order)
        self.assertTrue(link.verified_at)
        self.assertDone(order["id"], direction="mark")
        values = [
            field["value"]
            for (owner, _namespace, key), field in self.shop.metafields.items()
            if owner == order["id"] and key == "id"
        ]
        self.assertEqual(values, [str(link.sale_order_id.id)])

    def test_second_sync_writes_nothing_on_either_side(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        sale = self.sale_order(order)
        before = (sale.write_date, self.link(order).write_date)
        mutations = len(self.shop.mutations_applied)

        self.sync(order)

        self.assertDone(order["id"], "unchanged")
        self.assertEqual((sale.write_date, self.link(order).write_date), before)
        self.assertEqual(len(self.shop.mutations_applied), mutations)

    def test_many_triggers_of_one_order_make_one_sale_order(self):
        order = self.order([("SHIRT", 1)])
        for _time in range(3):
            self.trigger(order)

        self.run_syncs()

        self.assertEqual(
            self.env["sale.order"].search_count(
                [("client_order_ref", "=", order["name"])]
            ),
            1,
        )

    def test_thirty_orders_all_come(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(30)]

        self.sync(*orders)

        self.assertEqual(len({self.sale_order(order).id for order in orders}), 30)
        self.assertEqual({self.sale_order(order).state for order in orders}, {"sale"})

    def test_line_pages_are_read_to_the_end(self):
        lines = [
            {"title": f"Engraving {number}", "price": "0.10"} for number in range(120)
        ]
        self.backend.custom_product_id = self.env["product.product"].create(
            {"name": "Extra", "type": "service"}
        )

        sale = self.imported(lines, taxes=[])

        self.assertEqual(len(sale.order_line), 120)
        self.assertEqual(sale.order_line[119].name, "Engraving 119")
        self.assertAmounts(sale, "12.00", "0.00")

    def test_order_can_stay_a_quotation(self):
        self.backend.order_confirm = "draft"

        sale = self.imported([("SHIRT", 1)], created_at=None)

        self.assertEqual(sale.state, "draft")
        self.assertFalse(sale.picking_ids)

    def test_import_is_quiet(self):
        mails = self.env["mail.mail"].search_count([])

        sale = self.imported([("SHIRT", 1)])

        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        self.assertFalse(sale.user_id)
        self.assertFalse(sale.message_follower_ids)

    def test_warehouse_is_that_of_the_assigned_location(self):
        other = self.env["stock.warehouse"].create({"name": "East", "code": "EAST"})
        self.env["shopify.mapping.location"].search(
            [("backend_id", "=", self.backend.id)]
        ).warehouse_id = other

        sale = self.imported([("SHIRT", 1)])

        self.assertEqual(sale.warehouse_id, other)
        self.assertEqual(sale.picking_ids.picking_type_id.warehouse_id, other)

    def test_mapped_taxes_stay_whatever_fiscal_position_odoo_finds(self):
        exempt = self.make_tax("Exempt", 0.0)
        position = self.env["account.fiscal.position"].create(
            {
                "name": "All exempt",
                "auto_apply": True,
                "country_id": self.env.ref("base.us").id,
            }
        )
        exempt.fiscal_position_ids = position
        exempt.original_tax_ids = self.tax | self.company.account_sale_tax_id

        sale = self.imported([("SHIRT", 1)])

        self.assertEqual(sale.fiscal_position_id, position)
        self.assertEqual(sale.order_line.tax_ids, self.tax)

    def test_price_stays_when_a_person_changes_the_quantity(self):
        self.backend.order_confirm = "draft"
        sale = self.imported([("SHIRT", 1)])

        with Form(sale) as form, form.order_line.edit(0) as line:
            line.product_uom_qty = 3

        self.assertEqual(sale.order_line.price_unit, 20.0)
        self.assertAmounts(sale, "69.00", "9.00")

    def test_free_line_stays_free_when_its_quantity_changes(self):
        self.backend.order_confirm = "draft"
        sale = self.imported([{"variant": "SHIRT", "quantity": 1, "price": "0.00"}])

        sale.order_line.product_uom_qty = 3

        self.assertEqual(sale.order_line.price_unit, 0.0)

    def test_linked_order_cannot_be_deleted(self):
        self.backend.order_confirm = "draft"
        sale = self.imported([("SHIRT", 1)])

        with self.assertRaisesRegex(UserError, "came from Shopify"):
            sale.unlink()

        self.assertTrue(sale.exists())

    def test_line_from_shopify_cannot_be_deleted_and_the_reason_is_said(self):
        self.backend.order_confirm = "draft"
        sale = self.imported([("SHIRT", 1), ("SOCKS", 1)])
        by_hand = sale.order_line[0].copy({"order_id": sale.id})

        with self.assertRaisesRegex(UserError, "SHIRT.* came from Shopify"):
            sale.order_line[0].unlink()
        by_hand.unlink()

        self.assertEqual(len(sale.order_line), 2)

    def test_quotation_confirmed_by_hand_keeps_the_time_it_was_placed_at(self):
        self.backend.orders_since = "2026-01-01"
        self.backend.order_confirm = "draft"
        sale = self.imported([("SHIRT", 1)], created_at="2026-03-01T23:30:00-05:00")
        other = sale.copy()

        (sale | other).action_confirm()

        self.assertEqual(sale.state, "sale")
        self.assertEqual(sale.date_order, datetime(2026, 3, 2, 4, 30))
        self.assertGreater(other.date_order, datetime(2026, 3, 3))

    def test_link_cannot_be_changed_by_hand(self):
        sale = self.imported([("SHIRT", 1)])
        other = sale.copy()

        with self.assertRaisesRegex(UserError, "by hand"):
            sale.shopify_binding_ids.sale_order_id = other
        with self.assertRaisesRegex(UserError, "by hand"):
            sale.shopify_binding_ids.unlink()

        self.assertFalse(other.shopify_binding_ids)


class TestOrderLeftOut(OrderCase):
    """Rules keep an order out, and say so."""

    def assertExcluded(self, order, rule):
        row = self.assertDone(order["id"], "excluded")
        self.assertIn(rule, row.note)
        self.assertNoOrder(order)

    def test_test_order_is_left_out(self):
        order = self.order([("SHIRT", 1)], test=True)

        self.sync(order)

        self.assertExcluded(order, "test order")

    def test_test_order_comes_in_if_the_store_says_so(self):
        self.backend.import_test_orders = True

        sale = self.imported([("SHIRT", 1)], test=True)

        self.assertTrue(sale.shopify_binding_ids.is_test)

    def test_order_cancelled_before_its_import_is_left_out(self):
        order = self.order([("SHIRT", 1)])
        self.shop.cancel_order(order["id"])

        self.sync(order)

        self.assertExcluded(order, "cancelled before")

    def test_order_from_before_the_start_is_left_out(self):
        start = self.backend.orders_since - timedelta(days=1)
        order = self.order([("SHIRT", 1)], created_at=start.isoformat() + "Z")

        self.sync(order)

        self.assertExcluded(order, "only orders from then on")

    def test_unconfirmed_order_waits_and_then_comes(self):
        order = self.order([("SHIRT", 1)], confirmed=False)
        self.sync(order)
        row = self.syncs(subject_key=order["id"], direction="in")
        self.assertEqual(
            (row.state, row.reason_code), ("waiting", "order_not_confirmed")
        )
        self.assertNoOrder(order)

        self.shop.set_order(order["id"], confirmed=True)
        self.sync(order)

        self.assertDone(order["id"])


class TestUnpaidOrder(OrderCase):
    """By default an order comes when it is paid, or its payment is assured."""

    def assertWaits(self, order, status):
        row = self.syncs(subject_key=order["id"], direction="in")
        self.assertEqual((row.state, row.reason_code), ("waiting", "order_not_paid"))
        self.assertEqual(row.reason_params, {"status": status})
        self.assertNoOrder(order)
        return row

    def test_unpaid_order_waits_and_comes_when_it_is_paid(self):
        order = self.order([("SHIRT", 1)], payment="pending")
        self.sync(order)
        row = self.assertWaits(order, "pending")
        self.assertGreater(
            row.next_attempt_at, fields.Datetime.now() + timedelta(minutes=50)
        )

        self.shop.mark_paid(order["id"])
        self.sync(order)

        self.assertDone(order["id"])
        self.assertEqual(self.sale_order(order).state, "sale")

    def test_expired_and_voided_orders_wait(self):
        for status in ("EXPIRED", "VOIDED"):
            order = self.order(
                [("SHIRT", 1)], overrides={"displayFinancialStatus": status}
            )

            self.sync(order)

            self.assertWaits(order, status.lower())

    def test_authorised_and_partly_paid_orders_come(self):
        for status in ("AUTHORIZED", "PARTIALLY_PAID"):
            sale = self.imported(
                [("SHIRT", 1)], overrides={"displayFinancialStatus": status}
            )

            self.assertEqual(sale.state, "sale")

    def test_store_can_take_unpaid_orders_like_paid_ones(self):
        order = self.order([("SHIRT", 1)], payment="pending")
        self.sync(order)
        self.assertWaits(order, "pending")

        self.backend.unpaid_orders = "import"
        self.run_syncs()

        self.assertDone(order["id"])
        self.assertTrue(self.sale_order(order))


class TestBuyersCurrency(OrderCase):
    """Orders kept in the buyer's currency take that currency's pricelist."""

    def setUp(self):
        super().setUp()
        self.backend.money = "presentment"
        self.shop.presentment_rates.update(EUR="0.90", GBP="0.80")
        currencies = self.env["res.currency"].with_context(active_test=False)
        found = currencies.search([("name", "in", ("EUR", "GBP"))])
        found.active = True
        self.pricelists = {
            currency.name: self.env["product.pricelist"].create(
                {"name": currency.name, "currency_id": currency.id}
            )
            for currency in found
        }

    def test_orders_in_several_currencies_wait_for_their_pricelists_and_come(self):
        orders = {
            code: self.order([("SHIRT", 1)], presentment_currency=code)
            for code in ("EUR", "GBP")
        }
        dollars = self.order([("SHIRT", 1)])
        self.sync(dollars, *orders.values())
        self.assertDone(dollars["id"])
        for order in orders.values():
            self.assertReview(order["id"], "pricelist_missing")

        self.backend.pricelist_ids = self.pricelists["EUR"] | self.pricelists["GBP"]
        self.run_syncs()

        for code, total in (("EUR", "20.70"), ("GBP", "18.40")):
            sale = self.sale_order(orders[code])
            self.assertEqual(sale.currency_id.name, code)
            self.assertEqual(sale.pricelist_id, self.pricelists[code])
            self.assertEqual(f"{sale.amount_total:.2f}", total)

    def test_two_pricelists_of_one_currency_are_refused(self):
        twin = self.pricelists["EUR"].copy()

        with self.assertRaisesRegex(ValidationError, "EUR"):
            self.backend.pricelist_ids = self.pricelists["EUR"] | twin


class TestOrderStops(OrderCase):
    """What is missing is named at once; the fix releases what waited."""

    def test_all_missing_mappings_are_named_at_once(self):
        self.make_variant("CAP", "5.00", linked=False)
        locations = self.env["shopify.mapping.location"].search(
            [("backend_id", "=", self.backend.id)]
        )
        locations.warehouse_id = False
        order = self.order([("CAP", 1)], taxes=[{"title": "VAT", "rate": "0.2"}])
        self.backend.flow_ids.filtered(lambda f: f.flow == "products").policy = "off"

        self.sync(order)

        row = self.assertReview(order["id"], "variant_unmapped")
        self.assertEqual(
            set(row.wait_ids.mapped("key")),
            {
                f"variant:{self.variants['CAP']}",
                f"product:{self.shop.objects[self.variants['CAP']]['product']}",
                f"location:{locations.shopify_gid}",
                "tax:VAT|0.2|excluded",
            },
        )
        self.assertNoOrder(order)

    def test_mapping_the_tax_releases_the_order(self):
        order = self.order([("SHIRT", 1)], taxes=[{"title": "VAT", "rate": "0.2"}])
        self.sync(order)
        self.assertReview(order["id"], "tax_unmapped")

        row = self.env["shopify.mapping.tax"]._for_key(self.backend, "VAT|0.2|excluded")
        row.tax_id = self.make_tax("VAT 20", 20.0)
        self.run_syncs()

        self.assertDone(order["id"])
        self.assertAmounts(self.sale_order(order), "24.00", "4.00")

    def test_linking_the_variant_releases_its_orders(self):
        self.backend.flow_ids.filtered(lambda f: f.flow == "products").policy = "off"
        product = self.make_variant("CAP", "5.00", linked=False)
        orders = [self.order([("CAP", 1)]), self.order([("CAP", 2)])]
        self.sync(*orders)
        for order in orders:
            self.assertReview(order["id"], "variant_unmapped")

        self.link_variant("CAP", product, False)
        self.run_syncs()

        self.assertEqual(
            [self.sale_order(order).order_line.product_uom_qty for order in orders],
            [1.0, 2.0],
        )

    def test_line_whose_product_was_deleted_stops_its_order_only(self):
        self.make_variant("CAP", "5.00")
        bad = self.order([("CAP", 1), ("SHIRT", 1)])
        good = self.order([("SHIRT", 1)])
        self.shop.delete_product(self.shop.objects[self.variants["CAP"]]["product"])

        self.sync(bad, good)

        self.assertReview(bad["id"], "line_product_deleted")
        self.assertNoOrder(bad)
        self.assertDone(good["id"])

    def test_custom_line_takes_the_product_that_the_store_names(self):
        order = self.order([{"title": "Engraving", "price": "5.00"}])
        self.sync(order)
        self.assertReview(order["id"], "custom_line_product_missing")

        product = self.env["product.product"].create(
            {"name": "Extra", "type": "service"}
        )
        self.backend.custom_product_id = product
        self.sync(order)

        line = self.sale_order(order).order_line
        self.assertEqual((line.product_id, line.name), (product, "Engraving"))

    def test_one_bad_order_of_a_batch_stands_alone(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(7)]
        self.shop.set_order(
            orders[3]["id"],
            currentTotalPriceSet=self.money("11.50"),
        )

        self.sync(*orders)

        self.assertReview(orders[3]["id"], "total_differs")
        self.assertNoOrder(orders[3])
        for order in orders[:3] + orders[4:]:
            self.assertDone(order["id"])

    def money(self, amount):
        money = {"amount": amount, "currencyCode": "USD"}
        return {"shopMoney": money, "presentmentMoney": money}

    def test_flow_in_review_shows_the_order_before_it_comes(self):
        self.backend.flow_ids.filtered(lambda f: f.flow == "orders").policy = "review"
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        row = self.assertReview(order["id"], "to_accept")
        self.assertNoOrder(order)

        row.action_accept()
        self.run_syncs()

        self.assertDone(order["id"])
        self.assertTrue(self.sale_order(order))


class TestOrderChanged(OrderCase):
    """What happens in Shopify after the import."""

    def assertChanged(self, order, *fields):
        row = self.assertReview(order["id"], "changed_in_shopify")
        self.assertEqual(row.reason_params["fields"], list(fields))

    def test_note_and_tags_change_nothing(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        self.shop.note_order(order["id"], "Ring twice")
        self.shop.tag_order(order["id"], add=["vip"])

        self.sync(order)

        self.assertDone(order["id"], "unchanged")

    def test_removed_unit_goes_to_review_and_odoo_stays(self):
        order = self.order([("SHIRT", 2)])
        self.sync(order)
        sale = self.sale_order(order)
        self.shop.edit_order(
            order["id"], remove=[{"line": order["lineItems"][0], "quantity": 1}]
        )

        self.sync(order)

        row = self.assertReview(order["id"], "changed_in_shopify")
        self.assertIn("quantity of SHIRT", row.reason_params["fields"])
        self.assertEqual(sale.order_line.product_uom_qty, 2.0)
        self.assertAmounts(sale, "46.00", "6.00")

    def test_cancelled_order_goes_to_review_and_stays_confirmed(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        self.shop.cancel_order(order["id"])

        self.sync(order)

        row = self.assertReview(order["id"], "changed_in_shopify")
        self.assertIn("cancelled", row.reason_params["fields"])
        self.assertEqual(self.sale_order(order).state, "sale")

    def test_new_delivery_address_goes_to_review(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        self.shop.change_shipping_address(order["id"], {"address1": "2 Side Street"})

        self.sync(order)

        self.assertChanged(order, "delivery address")

    def test_change_that_is_undone_ends_the_review(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        for street in ("2 Side Street", "1 Main Street"):
            self.shop.change_shipping_address(order["id"], {"address1": street})
            self.sync(order)

        self.assertDone(order["id"], "unchanged")

    def test_deleted_order_keeps_its_link_and_says_so(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        self.shop.delete_order(order["id"])

        self.sync(order)

        link = self.link(order)
        self.assertTrue(link.gone_at)
        self.assertEqual(link.sale_order_id.state, "sale")

    def test_link_lost_in_odoo_is_restored_from_the_mark(self):
        order = self.order([("SHIRT", 2)])
        self.sync(order)
        sale = self.sale_order(order)
        self.link(order).line_ids._as_engine().unlink()
        self.link(order)._as_engine().unlink()

        self.sync(order)

        self.assertDone(order["id"])
        self.assertEqual(self.sale_order(order), sale)
        self.assertEqual(self.link(order).line_ids.odoo_id, sale.order_line)

    def lose_link(self, order):
        self.link(order).line_ids._as_engine().unlink()
        self.link(order)._as_engine().unlink()

    def linked_lines(self, order):
        return {link.shopify_gid: link.odoo_id for link in self.link(order).line_ids}

    def test_restored_lines_are_paired_by_product_whatever_their_order(self):
        order = self.order([("SHIRT", 2), ("SOCKS", 2)])
        self.sync(order)
        sale = self.sale_order(order)
        shirt, socks = sale.order_line
        self.lose_link(order)
        shirt.sequence, socks.sequence = 99, 1
        self.env.invalidate_all()

        self.sync(order)

        self.assertDone(order["id"])
        self.assertEqual(
            self.linked_lines(order),
            dict(zip(order["lineItems"], (shirt, socks), strict=True)),
        )

    def test_section_and_note_of_a_person_dont_hinder_restoring(self):
        order = self.order([("SHIRT", 2), ("SHIRT", 2)])
        self.sync(order)
        sale = self.sale_order(order)
        goods = sale.order_line
        self.lose_link(order)
        sale.order_line = [
            Command.create({"display_type": kind, "name": kind, "sequence": 1})
            for kind in ("line_section", "line_note")
        ]

        self.sync(order)

        self.assertDone(order["id"])
        self.assertEqual(
            self.linked_lines(order),
            dict(zip(order["lineItems"], goods, strict=True)),
        )

    def test_restoring_stops_when_a_line_stands_for_another_product(self):
        self.backend.order_confirm = "draft"
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        line = self.sale_order(order).order_line
        other = self.make_variant("CAP", "20.00")
        self.lose_link(order)
        extra = line.extra_tax_data
        line.product_id = other
        line.write(
            {
                "price_unit": 20.0,
                "tax_ids": [Command.set(self.tax.ids)],
                "extra_tax_data": extra,
            }
        )

        self.sync(order)

        self.assertChanged(order, "lines")
        self.assertFalse(self.link(order))

    def test_order_edited_before_its_import_comes_as_it_stands(self):
        order = self.order([("SHIRT", 2), ("SOCKS", 1)])
        self.shop.edit_order(
            order["id"], remove=[{"line": order["lineItems"][0], "quantity": 1}]
        )
        self.shop.edit_order(
            order["id"], add=[{"variant": "SOCKS", "quantity": 2}], taxes=[TAX]
        )

        self.sync(order)

        self.assertDone(order["id"])
        self.assertEqual(
            [
                (line.product_id.default_code, line.product_uom_qty)
                for line in self.sale_order(order).order_line
            ],
            [("SHIRT", 1.0), ("SOCKS", 1.0), ("SOCKS", 2.0)],
        )

    def test_refund_before_the_import_is_subtracted_once(self):
        order = self.order([("SHIRT", 2), ("SOCKS", 1)])
        self.shop.refund_order(
            order["id"],
            lines=[{"line": order["lineItems"][0], "quantity": 1, "restock": "cancel"}],
        )

        self.sync(order)

        self.assertDone(order["id"])
        self.assertAmounts(self.sale_order(order), "34.49", "4.50")

    def test_goodwill_refund_before_the_import_stops(self):
        order = self.order([("SHIRT", 1)])
        self.shop.refund_order(order["id"], amount="3.00")

        self.sync(order)

        row = self.assertReview(order["id"], "refunded_before_import")
        self.assertEqual(row.reason_params["amount"], "3.00 USD")
        self.assertNoOrder(order)
