"""Money of orders: discounts, taxes and totals to the smallest unit."""

from decimal import Decimal

import pytest

from .money import Bag, read, split, text, total
from .order_pricing import Charge, Discount, LineSpec, OrderSpec, Tax, price_order

VAT = [{"title": "VAT", "rate": "0.19"}]


def amount(order, name):
    return order[name]["shopMoney"]["amount"]


def line(shop, order, position=0):
    return shop.get(order["lineItems"][position])


@pytest.fixture
def variant(shop):
    made = shop.create_product(
        title="Shirt", variants=[{"sku": "S-1", "price": "10.00", "stock": 50}]
    )
    return made["variants"][0]


def test_shares_sum_to_the_total_whatever_the_remainders():
    assert split(Decimal("10.00"), [Decimal(1)] * 3, "EUR") == [
        Decimal("3.34"),
        Decimal("3.33"),
        Decimal("3.33"),
    ]
    assert split(Decimal(100), [Decimal(1)] * 3, "JPY") == [34, 33, 33]


def test_amounts_are_printed_with_one_decimal_at_least():
    assert [text(Decimal(v)) for v in ("30.00", "11.25", "0", "-5.10", "1000")] == [
        "30.0",
        "11.25",
        "0.0",
        "-5.1",
        "1000.0",
    ]


def test_line_discount_comes_before_the_discount_over_the_order():
    spec = OrderSpec(
        lines=(LineSpec(Decimal(100), 1), LineSpec(Decimal(100), 1)),
        discounts=(
            Discount(Decimal(10), percent=True),
            Discount(Decimal(50), only=(0,)),
        ),
    )
    priced = price_order(spec, "EUR", Decimal(1))
    assert priced.lines[0].allocations == ((1, Decimal("50.00")), (0, Decimal("5.00")))
    assert priced.lines[1].allocations == ((0, Decimal("10.00")),)


def test_excluded_tax_is_rounded_per_line_and_tax():
    two = (Tax("State", Decimal("0.0625")), Tax("City", Decimal("0.01125")))
    spec = OrderSpec(lines=(LineSpec(Decimal("9.99"), 1, two),) * 3)
    priced = price_order(spec, "USD", Decimal(1))
    assert priced.lines[0].taxes == (Decimal("0.62"), Decimal("0.11"))


def test_included_taxes_share_the_price():
    two = (Tax("A", Decimal("0.10")), Tax("B", Decimal("0.10")))
    spec = OrderSpec(
        lines=(LineSpec(Decimal("12.00"), 1, two),),
        shipping=(Charge(Decimal("6.00"), two[:1]),),
        taxes_included=True,
    )
    priced = price_order(spec, "EUR", Decimal(1))
    assert priced.lines[0].taxes == (Decimal("1.00"), Decimal("1.00"))
    assert priced.shipping[0].taxes == (Decimal("0.55"),)


def test_order_with_tax_included_and_a_code_over_the_order(shop, variant):
    order = shop.create_order(
        lines=[{"variant": variant, "quantity": 3}, {"title": "Engraving", "price": 7}],
        shipping=[{"title": "DHL", "price": "4.90"}],
        discounts=[{"percent": 10, "code": "TEN"}],
        taxes=VAT,
        taxes_included=True,
    )
    assert amount(order, "subtotalPriceSet") == "33.3"
    assert amount(order, "totalShippingPriceSet") == "4.9"
    assert amount(order, "totalPriceSet") == "38.2"
    assert amount(order, "totalTaxSet") == "6.1"  # 4.31 + 1.01 + 0.78
    assert amount(order, "totalDiscountsSet") == "3.7"
    assert order["discountCodes"] == ["TEN"]
    assert amount(line(shop, order), "totalDiscountSet") == "0.0"


def test_tax_on_top_is_part_of_the_total(shop, variant):
    order = shop.create_order(
        lines=[{"variant": variant, "quantity": 3}],
        shipping=[{"price": "5.00"}],
        taxes=VAT,
        taxes_included=False,
    )
    assert amount(order, "subtotalPriceSet") == "30.0"
    assert amount(order, "totalTaxSet") == "6.65"  # 5.70 + 0.95
    assert amount(order, "totalPriceSet") == "41.65"
    assert [tax["priceSet"]["shopMoney"]["amount"] for tax in order["taxLines"]] == [
        "6.65"
    ]


def test_presentment_amounts_are_rounded_on_their_own_and_sum_up(shop, variant):
    order = shop.create_order(
        lines=[{"variant": variant, "quantity": 3}],
        shipping=[{"price": "4.90"}],
        discounts=[{"amount": "1.00", "title": "Sorry"}],
        taxes=VAT,
        taxes_included=True,
        presentment_currency="JPY",
        rate="163.37",
    )
    whole = read(order["totalPriceSet"])
    assert whole == Bag(Decimal("33.9"), Decimal(5540))
    parts = [order["subtotalPriceSet"], order["totalShippingPriceSet"]]
    assert total(map(read, parts)) == whole


def test_tip_gift_card_duty_and_fee_reach_the_total_but_not_the_subtotal(shop, variant):
    order = shop.create_order(
        lines=[
            {"variant": variant, "duties": [{"price": "2.00", "hs_code": "610910"}]},
            {"tip": "3.00"},
        ],
        fees=[{"name": "Eco", "price": "0.50"}],
        taxes=VAT,
        taxes_included=False,
    )
    assert amount(order, "subtotalPriceSet") == "10.0"
    assert amount(order, "totalTipReceivedSet") == "3.0"
    assert amount(order, "currentTotalDutiesSet") == "2.0"
    assert amount(order, "totalTaxSet") == "1.9"
    assert amount(order, "totalPriceSet") == "17.4"
    tip = line(shop, order, 1)
    assert order["nonFulfillableLineItems"] == [tip["id"]]
    assert tip["taxLines"] == []


def test_fixed_discount_on_each_unit_never_makes_a_line_negative(shop, variant):
    order = shop.create_order(
        lines=[
            {
                "variant": variant,
                "quantity": 2,
                "discounts": [{"amount": "12.00", "each": True, "title": "Gift"}],
            }
        ]
    )
    assert amount(order, "totalPriceSet") == "0.0"
    assert order["displayFinancialStatus"] == "PAID"
    assert order["_transactions"] == []


def test_partial_refunds_of_a_line_end_exactly_at_its_total(shop, variant):
    order = shop.create_order(
        lines=[{"variant": variant, "quantity": 3}],
        discounts=[{"amount": "0.01", "title": "Cent"}],
        taxes=VAT,
        taxes_included=False,
    )
    for _time in range(3):
        shop.refund_order(order["id"], lines=[{"line": 0, "quantity": 1}])
    rows = [shop.get(gid)["refundLineItems"][0] for gid in order["_refunds"]]
    assert [row["subtotalSet"]["shopMoney"]["amount"] for row in rows] == [
        "10.0",
        "9.99",
        "10.0",
    ]
    assert amount(order, "currentTotalPriceSet") == "0.0"
    assert amount(order, "currentTotalTaxSet") == "0.0"
    assert amount(order, "totalOutstandingSet") == "0.0"
    assert order["displayFinancialStatus"] == "REFUNDED"


def test_placed_figures_stay_when_units_are_refunded(shop, variant):
    order = shop.create_order(lines=[{"variant": variant, "quantity": 2}])
    shop.refund_order(order["id"], lines=[{"line": 0, "quantity": 1}])
    assert amount(order, "totalPriceSet") == "20.0"
    assert amount(order, "originalTotalPriceSet") == "20.0"
    assert amount(order, "currentTotalPriceSet") == "10.0"
    assert line(shop, order)["quantity"] == 2
    assert line(shop, order)["currentQuantity"] == 1


def test_shipping_refund_in_two_parts_gives_back_all_its_tax(shop, variant):
    order = shop.create_order(
        lines=[{"variant": variant}],
        shipping=[{"price": "5.00"}],
        taxes=VAT,
        taxes_included=False,
    )
    shop.refund_order(order["id"], shipping="2.00")
    assert amount(order, "currentShippingPriceSet") == "3.0"
    shop.refund_order(order["id"], shipping=True)
    assert amount(order, "totalRefundedSet") == "5.95"
    assert amount(order, "currentTotalTaxSet") == "1.9"
    assert amount(order, "currentTotalPriceSet") == "11.9"


@pytest.mark.parametrize(("lowers", "current"), [(False, "10.0"), (True, "7.0")])
def test_goodwill_refund_has_an_adjustment_and_no_lines(shop, variant, lowers, current):
    shop.switches.goodwill_lowers_current_total = lowers
    order = shop.create_order(lines=[{"variant": variant}])
    made = shop.refund_order(order["id"], amount="3.00")
    adjustment = made["orderAdjustments"][0]
    assert amount(adjustment, "amountSet") == "-3.0"
    assert adjustment["reason"] == "REFUND_DISCREPANCY"
    assert amount(order, "refundDiscrepancySet") == "-3.0"
    assert amount(order, "currentTotalPriceSet") == current
    assert order["displayFinancialStatus"] == "PARTIALLY_REFUNDED"


def test_pending_refund_moves_no_money_until_it_is_settled(shop, variant):
    order = shop.create_order(lines=[{"variant": variant}])
    made = shop.refund_order(order["id"], lines=[{"line": 0}], status="PENDING")
    assert amount(order, "totalRefundedSet") == "0.0"
    assert order["displayFinancialStatus"] == "PAID"
    shop.settle_refund(made["id"])
    assert amount(order, "totalRefundedSet") == "10.0"
    assert order["displayFinancialStatus"] == "REFUNDED"


def test_agreements_sum_to_the_current_total(shop, variant):
    order = shop.create_order(
        lines=[{"variant": variant, "quantity": 4}, {"tip": "2.00"}],
        shipping=[{"price": "5.00"}],
        discounts=[{"percent": 7, "code": "SEVEN"}],
        taxes=VAT,
        taxes_included=False,
    )
    shop.edit_order(order["id"], remove=[{"line": 0, "quantity": 1}])
    shop.refund_order(order["id"], lines=[{"line": 0, "quantity": 1}], shipping="1.50")
    shop.edit_order(order["id"], add=[{"title": "Wrap", "price": "1.99"}], taxes=VAT)
    shop.edit_order(
        order["id"],
        increase=[{"line": 2, "quantity": 2}],
        add_shipping=[{"title": "Express", "price": "9.00"}],
        taxes=VAT,
    )
    shop.edit_order(order["id"], remove_shipping=True)
    sales = [sale for entry in order["agreements"] for sale in entry["sales"]]
    assert total(read(sale["totalAmount"]) for sale in sales) == read(
        order["currentTotalPriceSet"]
    )
    assert [entry["reason"] for entry in order["agreements"]] == [
        "ORDER",
        "ORDER_EDIT",
        "REFUND",
        "ORDER_EDIT",
        "ORDER_EDIT",
        "ORDER_EDIT",
    ]


def test_overridden_figures_stay_wrong_after_later_acts(shop, variant):
    order = shop.create_order(
        lines=[{"variant": variant}], overrides={"totalPriceSet": "9.99"}
    )
    shop.note_order(order["id"], "changed")
    assert amount(order, "totalPriceSet") == "9.99"
