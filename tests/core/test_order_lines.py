from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.order_lines import Discount, odoo_price
from core.orders import OrderPolicy, plan_order
from core.taxes import TaxKey

from .order_nodes import (
    ORDER,
    POLICY,
    bag,
    custom_line,
    discount,
    line,
    order,
    shipping,
    stop,
    tax,
)


def kinds(plan):
    return [(each.kind, each.total) for each in plan.lines]


def test_plain_order_is_planned_line_by_line():
    node = order(
        line(1, 2, "20.00", taxLines=[tax("8.40")]),
        line(2, 1, "10.00", taxLines=[tax("2.10")]),
        delivery=[shipping("5.00", taxLines=[tax("1.05")])],
        total="66.55",
        tax="11.55",
    )

    plan = plan_order(node, POLICY)

    assert kinds(plan) == [
        ("variant", Decimal("48.40")),
        ("variant", Decimal("12.10")),
        ("shipping", Decimal("6.05")),
    ]
    assert plan.lines[0].variant_gid == "gid://shopify/ProductVariant/1"
    assert plan.lines[0].untaxed == Decimal("40.00")
    assert plan.lines[0].label == "SHIRT-1"
    assert (plan.name, plan.currency, plan.total) == ("#1042", "EUR", Decimal("66.55"))
    assert plan.created_at == datetime(2026, 11, 20, 9, 12, 30, tzinfo=UTC)
    assert plan.tax_keys() == (TaxKey("BTW", Decimal("0.21"), False),)


def test_order_time_is_turned_to_utc():
    node = order(line(), total="10.00", createdAt="2026-11-20T01:30:00+05:00")

    plan = plan_order(node, POLICY)

    assert plan.created_at == datetime(2026, 11, 19, 20, 30, tzinfo=UTC)


def test_included_tax_is_taken_out_of_the_price_as_shopify_rounded_it():
    node = order(
        line(1, 3, "9.99", taxLines=[tax("5.20")]),
        taxesIncluded=True,
        total="29.97",
        tax="5.20",
    )

    plan = plan_order(node, POLICY)

    assert plan.lines[0].untaxed == Decimal("24.77")
    assert plan.lines[0].total == Decimal("29.97")


def test_line_and_order_discounts_are_both_subtracted():
    node = order(
        line(
            1,
            2,
            "20.00",
            discountAllocations=[
                discount("4.00"),
                discount("1.33", title="Welcome"),
                discount("0.00", title="Nothing"),
            ],
            taxLines=[tax("7.28")],
        ),
        total="41.95",
        tax="7.28",
    )

    plan = plan_order(node, POLICY)

    assert plan.lines[0].discounts == (
        Discount("SUMMER10", Decimal("4.00")),
        Discount("Welcome", Decimal("1.33")),
    )
    assert plan.lines[0].untaxed == Decimal("34.67")


def test_fully_discounted_line_stays_at_zero():
    node = order(
        line(1, 1, "10.00", discountAllocations=[discount("10.00")]),
        line(2),
        total="10.00",
    )

    plan = plan_order(node, POLICY)

    assert kinds(plan) == [("variant", Decimal("0.00")), ("variant", Decimal("10.00"))]


@pytest.mark.parametrize("off", ["0.01", "-0.01", "5.00"])
def test_total_off_by_any_unit_stops_with_both_amounts(off):
    node = order(line(), total=Decimal("10.00") + Decimal(off))

    failure = stop(node)

    assert failure.code == "total_differs"
    assert failure.params["shopify_total"] == f"{Decimal('10.00') + Decimal(off)} EUR"
    assert failure.params["odoo_total"] == "10.00 EUR"
    assert failure.params["difference"] == f"{-Decimal(off)} EUR"


def test_tax_off_by_one_cent_stops_though_the_total_agrees():
    node = order(
        line(1, 1, "12.10", taxLines=[tax("2.10")]),
        taxesIncluded=True,
        total="12.10",
        tax="2.11",
    )

    failure = stop(node)

    assert failure.code == "tax_differs"
    assert failure.params == {
        "shopify_tax": "2.11 EUR",
        "odoo_tax": "2.10 EUR",
        "difference": "-0.01 EUR",
    }


def test_yen_are_compared_without_decimals():
    node = order(
        line(1, 3, "550.0", taxLines=[tax("150.0", 0.1)]),
        currencyCode="JPY",
        taxesIncluded=True,
        total="1650.0",
        tax="150.0",
    )

    plan = plan_order(node, POLICY)

    assert plan.lines[0].untaxed == 1500
    assert plan.amount_text(plan.total) == "1650 JPY"
    assert stop(node | {"currentTotalPriceSet": bag("1651")}).code == "total_differs"


def test_one_currency_is_used_throughout():
    """Lines, discount, shipping, tax and total all come from the buyer's currency."""
    node = order(
        line(
            1,
            1,
            "10.00",
            originalUnitPriceSet=bag("10.00", "11.00"),
            discountAllocations=[
                {"allocatedAmountSet": bag("1.00", "1.10"), "discountApplication": {}}
            ],
            taxLines=[tax("1.80") | {"priceSet": bag("1.80", "1.98")}],
        ),
        delivery=[
            shipping(
                originalPriceSet=bag("5.00", "5.50"),
                discountedPriceSet=bag("5.00", "5.50"),
                currentDiscountedPriceSet=bag("5.00", "5.50"),
            )
        ],
        total="15.80",
        presentmentCurrencyCode="USD",
        currentTotalPriceSet=bag("15.80", "17.38"),
        currentTotalTaxSet=bag("1.80", "1.98"),
    )

    in_shop = plan_order(node, POLICY)
    paid = plan_order(node, OrderPolicy(digits=POLICY.digits, side="presentment"))

    assert (in_shop.currency, in_shop.total) == ("EUR", Decimal("15.80"))
    assert (paid.currency, paid.total) == ("USD", Decimal("17.38"))
    assert kinds(paid) == [("variant", Decimal("11.88")), ("shipping", Decimal("5.50"))]


def test_currency_that_odoo_does_not_know_stops():
    failure = stop(order(line(), total="10.00", currencyCode="XTS"))

    assert failure.code == "currency_inactive"
    assert failure.waits_on == ("pricelist:XTS",)


def test_three_hundred_lines_are_three_hundred_lines():
    lines = [line(number, 1, "0.10") for number in range(1, 301)]

    plan = plan_order(order(*lines, total="30.00"), POLICY)

    assert len(plan.lines) == 300
    assert plan.lines[299].gid == "gid://shopify/LineItem/300"


def test_taxes_are_included_order_by_order():
    included = order(line(taxLines=[tax("1.74")]), taxesIncluded=True, total="10.00")
    excluded = order(line(taxLines=[tax("2.10")]), taxesIncluded=False, total="12.10")

    first = plan_order(included | {"currentTotalTaxSet": bag("1.74")}, POLICY)
    second = plan_order(excluded | {"currentTotalTaxSet": bag("2.10")}, POLICY)

    assert [str(key) for key in first.tax_keys()] == ["BTW|0.21|included"]
    assert [str(key) for key in second.tax_keys()] == ["BTW|0.21|excluded"]


@given(
    lines=st.lists(
        st.tuples(st.integers(1, 9), st.integers(0, 99999), st.integers(0, 30)),
        min_size=1,
        max_size=12,
    ),
    included=st.booleans(),
)
def test_sums_of_lines_are_always_the_totals_or_the_order_stops(lines, included):
    """Whatever the cents: what is planned is what Shopify says."""
    nodes, total, taxes = [], Decimal(0), Decimal(0)
    for number, (quantity, cents, rate) in enumerate(lines, 1):
        price = Decimal(cents) / 100
        charged = Decimal(int(price * rate)) / 100 * quantity
        nodes.append(
            line(number, quantity, price, taxLines=[tax(charged, rate / 100, "T")])
        )
        total += price * quantity + (0 if included else charged)
        taxes += charged

    node = order(*nodes, total=total, tax=taxes, taxesIncluded=included)
    plan = plan_order(node, POLICY)

    assert sum(each.total for each in plan.lines) == plan.total == total
    assert sum(each.tax for each in plan.lines) == plan.tax == taxes
    wrong = node | {"currentTotalPriceSet": bag(total + Decimal("0.01"))}
    assert stop(wrong).code == "total_differs"


def test_free_shipping_is_a_line_at_zero():
    node = order(line(), delivery=[shipping("4.95", discounted="0.00")], total="10.00")

    plan = plan_order(node, POLICY)

    assert kinds(plan)[1] == ("shipping", Decimal("0.00"))
    assert plan.lines[1].unit_price == Decimal("4.95")


def test_removed_shipping_line_is_no_part_of_the_order():
    node = order(
        line(),
        delivery=[shipping("4.95", isRemoved=True), shipping("2.00", number=2)],
        total="12.00",
    )

    plan = plan_order(node, POLICY)

    assert [each.gid for each in plan.of_kind("shipping")] == [
        "gid://shopify/ShippingLine/2"
    ]


def test_shipping_line_without_id_gets_one_from_the_order():
    node = order(line(), delivery=[shipping("2.00", id=None)], total="12.00")

    assert plan_order(node, POLICY).lines[1].gid == f"{ORDER}#shipping1"


def tip_line(number=9, amount="2.00", **changes):
    return custom_line(
        number,
        amount,
        title="Tip",
        requiresShipping=False,
        nonFulfillableQuantity=1,
        **changes,
    )


def test_tip_is_its_own_kind_and_the_next_line_is_not_flagged():
    node = order(
        tip_line(1),
        custom_line(2, "5.00"),
        line(3),
        total="17.00",
        totalTipReceivedSet=bag("2.00"),
    )

    plan = plan_order(node, POLICY)

    assert [each.kind for each in plan.lines] == ["tip", "custom", "variant"]


def test_line_called_tip_in_an_order_without_tips_is_a_custom_line():
    node = order(tip_line(1), total="2.00")

    assert plan_order(node, POLICY).lines[0].kind == "custom"


def test_tip_that_is_no_line_gets_one():
    node = order(line(), total="12.00", totalTipReceivedSet=bag("2.00"))

    plan = plan_order(node, POLICY)

    assert kinds(plan) == [("variant", Decimal("10.00")), ("tip", Decimal("2.00"))]
    assert plan.lines[1].gid == f"{ORDER}#tip"


def test_duties_and_fees_agree_without_a_rounding_line():
    duty = {
        "id": "gid://shopify/Duty/1",
        "price": bag("3.00"),
        "taxLines": [tax("0.63")],
    }
    fee = {
        "id": "gid://shopify/AdditionalFee/1",
        "name": "Handling",
        "price": bag("1.50"),
        "taxLines": [],
    }
    node = order(
        line(duties=[duty]),
        total="17.13",
        tax="0.63",
        additionalFees=[fee],
        totalTipReceivedSet=bag("2.00"),
    )

    plan = plan_order(node, POLICY)

    assert kinds(plan) == [
        ("variant", Decimal("10.00")),
        ("duty", Decimal("3.63")),
        ("fee", Decimal("1.50")),
        ("tip", Decimal("2.00")),
    ]


def test_duties_in_the_price_are_not_charged_again():
    duty = {"id": "gid://shopify/Duty/1", "price": bag("3.00"), "taxLines": []}
    node = order(line(duties=[duty]), total="10.00", dutiesIncluded=True)

    assert kinds(plan_order(node, POLICY)) == [("variant", Decimal("10.00"))]


def test_cash_rounding_of_the_payment_leaves_the_order_alone():
    node = order(
        line(1, 1, "9.98"),
        total="9.98",
        totalCashRoundingAdjustment={"paymentSet": bag("0.02")},
    )

    plan = plan_order(node, POLICY)

    assert kinds(plan) == [("variant", Decimal("9.98"))]
    assert plan.payment_rounding == Decimal("0.02")


def test_cash_rounding_within_the_total_is_a_line():
    node = order(
        line(1, 1, "9.98"),
        total="10.00",
        totalCashRoundingAdjustment={"paymentSet": bag("0.02")},
    )

    plan = plan_order(node, POLICY)

    assert kinds(plan)[1] == ("rounding", Decimal("0.02"))
    assert plan.payment_rounding == 0


def test_gift_card_is_told_from_goods():
    node = order(line(isGiftCard=True), total="10.00")

    assert plan_order(node, POLICY).lines[0].kind == "gift_card"


def priced(quantity, price, off):
    node = order(
        line(1, quantity, price, discountAllocations=[discount(off)]),
        total=Decimal(price) * quantity - Decimal(off),
    )
    return plan_order(node, POLICY).lines[0]


@pytest.mark.parametrize(
    ("quantity", "price", "off", "expected"),
    [
        (1, "40.00", "4.00", ("40.00", "10")),
        (2, "20.00", "0.00", ("20.00", "0")),
        (1, "10.00", "10.00", ("10.00", "100")),
        (1, "59.90", "5.00", ("54.90", "0")),
    ],
)
def test_percentage_is_used_only_where_it_is_exact(quantity, price, off, expected):
    shown = odoo_price(priced(quantity, price, off), 2)

    assert shown == tuple(map(Decimal, expected))


def test_three_for_ten_keeps_all_digits_of_the_unit_price():
    price, percent = odoo_price(priced(3, "4.00", "2.00"), 2)

    assert percent == 0
    assert round(price * 3, 10) == 10


def test_each_amount_explains_itself():
    node = order(
        line(
            1,
            1,
            "40.00",
            discountAllocations=[discount("4.00")],
            taxLines=[tax("7.56")],
        ),
        total="43.56",
        tax="7.56",
    )

    assert plan_order(node, POLICY).explain() == (
        (
            "SHIRT-1",
            "1 × 40.00 · − 4.00 discount SUMMER10 · BTW 21 %: 7.56 · = 43.56",
        ),
    )
