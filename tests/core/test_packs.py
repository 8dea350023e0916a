"""Packs are taken apart without losing a cent, and folded back without inventing one."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.order_lines import Discount, PlannedLine, odoo_price
from core.packs import Component, availability, explode, fold, folded_by, is_pack
from core.taxes import TaxAmount, TaxKey

VAT = TaxKey("VAT", Decimal("0.21"), False)
CITY = TaxKey("City", Decimal("0.015"), False)
GIFT = (
    Component(1, 1, Decimal("20")),
    Component(2, 2, Decimal("10")),
    Component(3, 1, Decimal("3.33")),
)


def planned(price="20.00", quantity=3, discounts=(), taxes=(), included=False):
    return PlannedLine(
        gid="gid://shopify/LineItem/1",
        kind="variant",
        title="Gift box",
        quantity=quantity,
        unit_price=Decimal(price),
        included=included,
        discounts=tuple(Discount("OFF", Decimal(each)) for each in discounts),
        taxes=tuple(
            TaxAmount(key, Decimal(each))
            for key, each in zip((VAT, CITY), taxes, strict=False)
        ),
        variant_gid="gid://shopify/ProductVariant/1",
    )


def test_price_goes_by_list_prices_and_pieces_multiply():
    parts = explode(planned(), GIFT, 2)

    assert [part.quantity for part in parts] == [3, 6, 3]
    assert [str(part.gross) for part in parts] == ["27.70", "27.69", "4.61"]
    assert {part.gid for part in parts} == {"gid://shopify/LineItem/1"}


def test_without_list_prices_it_goes_by_pieces():
    parts = explode(planned("10.00", 1), [Component(1, 1), Component(2, 3)], 2)

    assert [str(part.gross) for part in parts] == ["2.50", "7.50"]


def test_discount_and_each_tax_are_shared_out():
    line = planned("0.10", 1, discounts=["0.03"], taxes=["0.02", "0.01"])

    parts = explode(line, [Component(1, 1, Decimal(1)), Component(2, 1, Decimal(1))], 2)

    assert [str(part.discount) for part in parts] == ["0.02", "0.01"]
    assert [[str(tax.amount) for tax in part.taxes] for part in parts] == [
        ["0.01", "0.00"],
        ["0.01", "0.01"],
    ]
    assert all([tax.key for tax in part.taxes] == [VAT, CITY] for part in parts)


@pytest.mark.parametrize("digits", [0, 2, 3])
def test_currencies_without_cents_or_with_three_decimals(digits):
    parts = explode(planned("100", 1), [Component(i, 1) for i in (1, 2, 3)], digits)

    assert sum(part.gross for part in parts) == 100


CENTS = st.integers(0, 5000).map(lambda cents: Decimal(cents) / 100)
COMPONENTS = st.lists(st.tuples(st.integers(1, 4), CENTS), min_size=1, max_size=4).map(
    lambda rows: [Component(key, *row) for key, row in enumerate(rows, 1)]
)


@given(
    price=CENTS,
    quantity=st.integers(1, 7),
    components=COMPONENTS,
    shares=st.lists(st.integers(0, 100), max_size=3),
    taxes=st.lists(st.integers(0, 300), max_size=2),
    included=st.booleans(),
)
def test_parts_add_up_exactly(price, quantity, components, shares, taxes, included):
    left, discounts = price * quantity, []
    for share in shares:
        amount = (left * share / 100).quantize(Decimal("0.01"), "ROUND_DOWN")
        discounts.append(amount)
        left -= amount
    line = planned(
        price, quantity, discounts, [Decimal(tax) / 100 for tax in taxes], included
    )

    parts = explode(line, components, 2)

    assert sum(part.gross for part in parts) == line.gross
    assert sum(part.discount for part in parts) == line.discount
    for place, tax in enumerate(line.taxes):
        assert sum(part.taxes[place].amount for part in parts) == tax.amount
    assert sum(part.total for part in parts) == line.total
    assert all(part.charged >= 0 for part in parts)
    for part in parts:
        unit, percent = odoo_price(part, 2)
        shown = float(unit) * part.quantity * (1 - float(percent) / 100)
        assert abs(shown - float(part.charged)) < 0.001


def test_what_is_a_pack():
    assert not is_pack([Component(1, 1)])
    assert is_pack([Component(1, 2)])
    assert is_pack([Component(1, 1), Component(2, 1)])


def test_the_scarcest_component_decides():
    assert availability({1: 10, 2: 9}, {1: 1, 2: 2}) == 4
    assert availability({1: 10}, {1: 1, 2: 2}) == 0
    assert availability({1: 10, 2: -1}, {1: 1, 2: 2}) == -1
    assert availability({1: 0.1 + 0.2 + 2.7}, {1: 3}) == 1


def test_a_pack_that_lacks_a_piece_is_none_yet():
    assert fold({1: 2, 2: 3}, {1: 1, 2: 2}) == 1
    assert fold({1: 2}, {1: 1, 2: 2}) == 0
    assert fold({1: -1, 2: 4}, {1: 1, 2: 2}) == 0


@given(
    first=st.tuples(st.integers(0, 5), st.integers(0, 9)),
    second=st.tuples(st.integers(0, 5), st.integers(0, 9)),
)
def test_deliveries_one_after_the_other_fold_to_what_they_are_together(first, second):
    per_pack = {1: 1, 2: 2}
    a = dict(zip((1, 2), first, strict=True))
    both = {key: a[key] + more for key, more in zip((1, 2), second, strict=True)}
    rest = {key: both[key] - a[key] for key in both}

    assert fold(a, per_pack) + folded_by(rest, both, per_pack) == fold(both, per_pack)
