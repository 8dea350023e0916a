"""The gate of a flow: when it may run by itself."""

from datetime import date

import pytest

from core import gate
from core.gate import Coverage

VARIANTS = Coverage(
    "ProductVariant", known=1210, linked=1204, undecided=2, unlinked=6, ordered=1
)
PRODUCTS = Coverage("Product", known=300, linked=299, unlinked=1)
PLACES = Coverage("Location", known=2, linked=2)
ALL = (VARIANTS, PRODUCTS, PLACES)


def judged(flow, *coverages, scanned=True, threshold=100.0):
    return gate.judge(flow, coverages, scanned=scanned, threshold=threshold)


def test_each_unlinked_variant_blocks_stock_and_orders():
    assert judged("stock", *ALL).state == "closed"
    assert judged("stock", *ALL).blocking == 6
    assert judged("orders", *ALL).blocking == 6


def test_products_are_blocked_only_by_what_a_person_must_decide():
    verdict = judged("products", *ALL)
    assert (verdict.state, verdict.blocking) == ("closed", 2)
    free = Coverage("ProductVariant", known=50, linked=0, unlinked=50)
    assert judged("products", free).state == "open"


def test_companies_count_for_customers_where_the_shop_has_any():
    people = Coverage("Customer", known=4, linked=4)
    firms = Coverage("Company", known=2, linked=1, undecided=1, unlinked=1)

    assert judged("customers", people).as_json("customers") == [["Customer", 4, 4, 0]]
    verdict = judged("customers", people, firms)
    assert (verdict.state, verdict.blocking) == ("closed", 1)
    assert verdict.as_json("customers") == [
        ["Customer", 4, 4, 0],
        ["Company", 1, 2, 1],
    ]


def test_deliveries_are_blocked_only_by_variants_that_orders_wait_for():
    assert judged("fulfilments", *ALL).blocking == 1
    unordered = Coverage("ProductVariant", known=9, linked=3, unlinked=6)
    assert judged("fulfilments", unordered).state == "open"


def test_a_location_without_a_place_in_odoo_blocks_stock_but_no_order():
    full = Coverage("ProductVariant", known=9, linked=9)
    place = Coverage("Location", known=2, linked=1, unlinked=1, undecided=1)
    assert judged("stock", full, place).state == "closed"
    assert judged("orders", full, place).state == "open"


@pytest.mark.parametrize("flow", ["orders", "stock"])
def test_a_store_that_was_never_read_is_not_matched_yet(flow):
    full = Coverage("ProductVariant", known=9, linked=9)
    assert judged(flow, full, scanned=False).state == "unknown"
    assert judged(flow, scanned=False, threshold=0).state == "unknown"


@pytest.mark.parametrize("flow", ["products", "customers", "fulfilments"])
def test_flows_that_make_links_need_no_scan(flow):
    assert judged(flow, scanned=False).state == "open"


def test_an_empty_store_that_was_read_is_open():
    assert judged("stock").state == "open"


def test_a_share_that_only_rounds_up_to_the_threshold_is_too_small():
    nearly = Coverage("ProductVariant", known=30000, linked=29999, unlinked=1)
    assert judged("orders", nearly).state == "closed"
    assert judged("orders", nearly, threshold=99.9).state == "open"


def test_exactly_the_threshold_is_enough():
    exact = Coverage("ProductVariant", known=1000, linked=999, unlinked=1)
    assert judged("orders", exact, threshold=99.9).state == "open"
    assert judged("orders", exact, threshold=99.91).state == "closed"


def test_every_type_must_reach_it_many_of_one_make_up_for_none_of_the_other():
    many = Coverage("ProductVariant", known=10000, linked=10000)
    none = Coverage("Location", known=1, unlinked=1)
    assert judged("stock", many, none, threshold=90).state == "closed"


TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("policy", "state", "until", "does"),
    [
        ("automatic", "open", None, "automatic"),
        ("automatic", "closed", None, "review"),
        ("automatic", "unknown", None, "review"),
        ("automatic", "closed", date(2026, 11, 24), "automatic"),
        ("automatic", "closed", date(2026, 11, 23), "review"),
        ("review", "closed", None, "review"),
        ("review", "open", None, "review"),
        ("off", "closed", None, "off"),
    ],
)
def test_what_a_flow_does(policy, state, until, does):
    assert gate.effective(policy, state, until, TODAY) == does


def test_counts_kept_say_linked_known_and_blocking():
    assert judged("stock", *ALL).as_json("stock") == [
        ["ProductVariant", 1204, 1210, 6],
        ["Location", 2, 2, 0],
    ]
