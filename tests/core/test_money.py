from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import money


@pytest.mark.parametrize("bad", ["", "1,50", "NaN", "Infinity", "€5", None, 1.5, 3])
def test_what_is_no_decimal_text_is_refused(bad):
    with pytest.raises(money.MoneyError):
        money.parse(bad)


def test_text_is_kept_to_the_last_digit():
    assert money.parse("1204567.89") == Decimal("1204567.89")


def test_each_side_of_a_bag_is_read_by_name():
    bag = {"shopMoney": {"amount": "10.0"}, "presentmentMoney": {"amount": "1650"}}

    assert money.of_bag(bag, "shop") == Decimal("10.0")
    assert money.of_bag(bag, "presentment") == Decimal("1650")
    assert money.of_bag(None, "shop") is None


@pytest.mark.parametrize(
    ("amount", "digits", "expected"),
    [("2.345", 2, "2.35"), ("-2.345", 2, "-2.35"), ("1650.5", 0, "1651")],
)
def test_halves_round_away_from_zero(amount, digits, expected):
    assert money.rounded(Decimal(amount), digits) == Decimal(expected)


@pytest.mark.parametrize(
    ("first", "second", "digits", "expected"),
    [
        ("10.00", "10.01", 2, False),
        ("10.00", "10.004", 2, True),
        ("10.00", "10.005", 2, False),
        ("1650", "1651", 0, False),
        ("1.500", "1.501", 3, False),
    ],
)
def test_amounts_are_compared_to_the_smallest_unit(first, second, digits, expected):
    assert money.same(Decimal(first), Decimal(second), digits) is expected


@pytest.mark.parametrize(
    ("amount", "digits", "expected"),
    [("1E+3", 2, "1000.00"), ("-0.001", 2, "0.00"), ("7", 0, "7"), ("-5", 2, "-5.00")],
)
def test_text_for_people_has_the_currency_digits(amount, digits, expected):
    assert money.text(Decimal(amount), digits) == expected


def test_three_for_ten_shares_to_the_cent():
    shares = money.allocate(Decimal("10.00"), (1, 1, 1), 2)

    assert shares == (Decimal("3.34"), Decimal("3.33"), Decimal("3.33"))


def test_left_over_units_go_to_the_largest_remainders():
    # 1.00 by 1:1:4 is 0.1667, 0.1667, 0.6667: the one unit over goes to the third.
    shares = money.allocate(Decimal("0.99"), (1, 1, 4), 2)

    assert shares == (Decimal("0.17"), Decimal("0.16"), Decimal("0.66"))


def test_weights_of_zero_share_alike():
    assert money.allocate(Decimal("0.03"), (0, 0), 2) == (
        Decimal("0.02"),
        Decimal("0.01"),
    )


@pytest.mark.parametrize(
    ("total", "weights", "digits"),
    [("1.00", (), 2), ("1.00", (1, -1), 2), ("1.001", (1, 1), 2), ("0.5", (1,), 0)],
)
def test_a_share_that_cannot_be_exact_is_refused(total, weights, digits):
    with pytest.raises(money.MoneyError):
        money.allocate(Decimal(total), weights, digits)


@given(
    units=st.integers(-(10**12), 10**12),
    weights=st.lists(
        st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=4),
        min_size=1,
        max_size=30,
    ),
    digits=st.sampled_from([0, 2, 3]),
)
def test_shares_always_add_up_and_stay_within_a_unit(units, weights, digits):
    total = Decimal(units).scaleb(-digits)

    shares = money.allocate(total, weights, digits)

    assert sum(shares) == total
    whole = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        part = total * weight / whole if whole else total / len(weights)
        assert abs(share - part) < money.unit(digits) * Decimal("1.0001")
