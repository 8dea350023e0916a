"""Which line of a standing sale order is which line of the Shopify order."""

from decimal import Decimal

import pytest

from core.order_pairs import Difference, Standing, Wanted, match_lines, pair_lines

SHIRT, SOCKS, POST = 1, 2, 3


def wanted(gid, product=SHIRT, quantity=1, subtotal="10.00", sure=True):
    return Wanted(gid, product, Decimal(quantity), Decimal(subtotal), sure)


def standing(key, product=SHIRT, quantity=1, subtotal="10.00", price="10.00"):
    return Standing(key, product, Decimal(quantity), Decimal(subtotal), Decimal(price))


def test_lines_are_paired_by_product_whatever_their_order():
    pairs = pair_lines(
        [wanted("a", SHIRT), wanted("b", SOCKS)],
        [standing(8, SOCKS), standing(9, SHIRT)],
    )

    assert pairs == {"a": 9, "b": 8}


def test_equal_amounts_are_equal_however_they_are_written():
    assert pair_lines([wanted("a", subtotal="10")], [standing(9)]) == {"a": 9}


def test_quantity_and_subtotal_tell_lines_of_one_product_apart():
    pairs = pair_lines(
        [wanted("a", quantity=2), wanted("b"), wanted("c", subtotal="9.00")],
        [standing(7), standing(8, subtotal="9.00"), standing(9, quantity=2)],
    )

    assert pairs == {"a": 9, "b": 7, "c": 8}


def test_twins_are_paired_in_order():
    pairs = pair_lines([wanted("a"), wanted("b")], [standing(8), standing(9)])

    assert pairs == {"a": 8, "b": 9}


def test_candidates_that_differ_pair_nothing():
    lines = [standing(8), standing(9, price="12.50")]

    assert pair_lines([wanted("a"), wanted("b")], lines) is None


def test_missing_line_pairs_nothing():
    assert pair_lines([wanted("a"), wanted("b")], [standing(8)]) is None


def test_line_left_over_pairs_nothing():
    assert pair_lines([wanted("a")], [standing(8), standing(9, SOCKS)]) is None


def test_another_product_pairs_nothing():
    assert pair_lines([wanted("a", SHIRT)], [standing(8, SOCKS)]) is None


def test_charge_whose_product_was_chosen_anew_is_paired_by_its_amount():
    pairs = pair_lines(
        [wanted("post", POST, sure=False), wanted("a", SHIRT)],
        [standing(8, SHIRT), standing(9, 4)],
    )

    assert pairs == {"post": 9, "a": 8}


def test_charge_prefers_the_line_of_its_product():
    pairs = pair_lines(
        [wanted("tip", 4, sure=False), wanted("post", POST, sure=False)],
        [standing(8, POST), standing(9, 4)],
    )

    assert pairs == {"tip": 9, "post": 8}


@pytest.mark.parametrize(
    "lines, difference",
    [
        ([standing(8)], None),
        ([], Difference("missing", "a")),
        ([standing(8, SOCKS)], Difference("missing", "a")),
        ([standing(8, quantity=2)], Difference("missing", "a")),
        ([standing(8, subtotal="9.99")], Difference("missing", "a")),
        ([standing(8), standing(9, price="11.00")], Difference("unclear", "a")),
        ([standing(8), standing(9, SOCKS)], Difference("extra", key=9)),
    ],
)
def test_first_line_that_differs_is_named(lines, difference):
    _pairs, found = match_lines([wanted("a")], lines)

    assert found == difference


def test_line_too_many_is_named_though_the_others_fit():
    pairs, found = match_lines(
        [wanted("a"), wanted("b")], [standing(7), standing(8), standing(9)]
    )

    assert pairs == {"a": 7, "b": 8}
    assert found == Difference("extra", key=9)
