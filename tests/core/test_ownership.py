from decimal import Decimal
from itertools import product

import pytest

from core.ownership import UNSYNCED, FieldDecision, merge

BASE, NEW, OTHER = "base", "new", "other"


def outcome(decision):
    return decision.action, decision.value, decision.target


@pytest.mark.parametrize("owner", ["shopify", "odoo"])
def test_a_change_by_the_owner_is_copied(owner):
    sides = {"shopify": (NEW, BASE), "odoo": (BASE, NEW)}[owner]
    target = {"shopify": "odoo", "odoo": "shopify"}[owner]

    assert outcome(merge(BASE, *sides, owner)) == ("copy", NEW, target)


@pytest.mark.parametrize("owner", ["shopify", "odoo"])
def test_a_change_on_the_other_side_is_left_or_put_back_by_rule(owner):
    sides = {"shopify": (BASE, NEW), "odoo": (NEW, BASE)}[owner]
    target = {"shopify": "odoo", "odoo": "shopify"}[owner]

    assert outcome(merge(BASE, *sides, owner)) == ("leave", None, None)
    put_back = merge(BASE, *sides, owner, on_other="put_back")
    assert outcome(put_back) == ("put_back", BASE, target)
    assert put_back.overwritten == NEW


def test_changed_on_both_sides_stops_unless_the_owner_shall_win():
    assert merge(BASE, NEW, OTHER, "shopify") == FieldDecision("stop")

    won = merge(BASE, NEW, OTHER, "shopify", "owner")
    assert outcome(won) == ("ledger", NEW, "odoo")
    assert won.overwritten == OTHER


def test_the_same_change_on_both_sides_is_agreement():
    assert merge(BASE, NEW, NEW, "shopify").action == "leave"


@pytest.mark.parametrize("empty", [None, False, "", ()])
def test_the_first_sync_fills_what_is_empty(empty):
    assert outcome(merge(UNSYNCED, NEW, empty, "shopify")) == ("copy", NEW, "odoo")
    assert outcome(merge(UNSYNCED, NEW, empty, "first")) == ("copy", NEW, "odoo")


@pytest.mark.parametrize("present", ["other", 0, Decimal("0.00")])
def test_the_first_sync_never_silently_overwrites_what_is_there(present):
    assert merge(UNSYNCED, NEW, present, "shopify").action == "stop"
    assert merge(UNSYNCED, NEW, present, "first").action == "leave"


def test_a_synced_none_is_a_value_and_not_a_first_sync():
    assert outcome(merge(None, NEW, None, "shopify")) == ("copy", NEW, "odoo")
    assert outcome(merge(None, None, NEW, "shopify")) == ("leave", None, None)


def test_after_the_first_write_both_sides_go_their_own_way():
    for shopify, odoo in ((NEW, BASE), (BASE, NEW), (NEW, OTHER)):
        assert merge(BASE, shopify, odoo, "first").action == "leave"


def test_a_first_write_from_odoo_goes_to_shopify():
    decision = merge(UNSYNCED, None, NEW, "first", source="odoo")

    assert outcome(decision) == ("copy", NEW, "shopify")


def test_a_field_never_to_be_written_is_never_written():
    values = (UNSYNCED, None, BASE, NEW)
    for base, shopify, odoo in product(values, (None, BASE, NEW), (None, BASE, NEW)):
        for rule, other in product(("owner", "stop"), ("leave", "put_back")):
            decision = merge(base, shopify, odoo, "never", rule, on_other=other)
            assert (decision.action, decision.writes) == ("leave", False)


def test_only_the_side_that_does_not_own_a_field_is_written():
    values = (None, BASE, NEW, OTHER)
    for base, shopify, odoo in product((UNSYNCED, *values), values, values):
        for owner, rule in product(("shopify", "odoo"), ("owner", "stop")):
            decision = merge(base, shopify, odoo, owner, rule, on_other="put_back")
            mine, theirs = (shopify, odoo) if owner == "shopify" else (odoo, shopify)
            if decision.writes:
                assert decision.target != owner
                assert decision.value == mine != theirs
            elif mine != theirs:
                assert decision.action == "stop"
