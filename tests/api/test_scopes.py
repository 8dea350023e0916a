import re

import pytest

from api import scopes

ALL_FLOWS = (
    "orders customers products stock fulfilments refunds payments payouts".split()
)


def test_write_contains_read():
    assert scopes.missing(["write_orders"], ["read_orders", "write_orders"]) == ()


def test_read_does_not_contain_write():
    assert scopes.missing(["read_orders"], ["read_orders", "write_orders"]) == (
        "write_orders",
    )


def test_missing_keeps_the_order_asked_and_names_each_once():
    asked = ["write_products", "read_orders", "write_products"]

    assert scopes.missing([], asked) == ("write_products", "read_orders")


def test_scope_of_an_unfamiliar_form_among_the_granted_does_no_harm():
    granted = ["customer_read_orders", "read_orders", ""]

    assert scopes.missing(granted, ["read_orders"]) == ()


def test_granted_spelled_with_spaces_counts():
    assert scopes.missing([" read_orders "], ["read_orders"]) == ()


def test_blocked_features_name_their_scopes():
    granted = ["write_products", "read_inventory", "read_locations"]

    blocked = {
        entry.feature.code: entry.scopes
        for entry in scopes.blocked(granted, ["products", "stock"])
    }

    assert blocked == {
        "mark_locations": ("write_locations",),
        "stock": ("write_inventory",),
    }


def test_flow_that_is_off_blocks_nothing():
    codes = {entry.feature.flow for entry in scopes.blocked([], ["products"])}

    assert codes == {"", "products"}


def test_wanted_asks_for_the_strongest_only():
    assert scopes.wanted(["customers"]) == ("read_locations", "write_customers")


def test_everything_wanted_blocks_nothing():
    granted = scopes.wanted(ALL_FLOWS, optional=True)

    assert scopes.blocked(granted, ALL_FLOWS) == ()


@pytest.mark.parametrize("feature", scopes.FEATURES, ids=lambda each: each.code)
def test_features_are_well_formed(feature):
    assert feature.flow in ("", *ALL_FLOWS)
    assert feature.scopes
    assert all(re.fullmatch(r"(read|write)_[a-z_]+", each) for each in feature.scopes)
