"""Every order of events around a stock push, on the real rule and on broken ones."""

from dataclasses import replace

import pytest

from core.stock import Agreement, plan_level

from .stock_model import THE_RULE, Budget, Rule, start, walk

WORLDS = {
    "two orders, another channel, a receipt, a cancellation": (
        (2,),
        Budget(sales=2, units=2, receipts=1, other_sales=1, cancels=1),
    ),
    "an order, a sale at the counter, everything else": (
        (2,),
        Budget(sales=1, units=2, counter_sales=1, receipts=1, other_sales=1, cancels=1),
    ),
    "two locations, an order of two pieces delivered from the other one": (
        (2, 1),
        Budget(sales=1, units=2, counter_sales=1, receipts=1, cancels=1, reroutes=1),
    ),
    "two locations, two orders": (
        (1, 1),
        Budget(sales=2, receipts=1, cancels=1, reroutes=1),
    ),
}
# Small enough to be quick, with everything that a broken rule needs to fail.
SMALL = (
    (2,),
    Budget(sales=2, counter_sales=1, receipts=1, other_sales=1, cancels=1),
)


def report(capsys, name, result):
    with capsys.disabled():
        print(
            f"\n  {name}: {result.states} states, {result.pushes} writes, "
            f"{result.lifts} lifts"
        )


@pytest.mark.parametrize("name", WORLDS)
def test_no_push_oversells_and_drained_flows_agree(name, capsys):
    result = walk(start(*WORLDS[name]))

    report(capsys, name, result)
    assert result.violation == ""
    # The walk would prove nothing if it hardly pushed.
    assert result.states > 15_000
    assert result.lifts > 1_000


# --- The same walk finds every known mistake -----------------------------------------


def available_as_odoo_knows_it(facts, known_open):
    return int(facts.odoo_on_hand - facts.other_demand - known_open), None


def on_hand_as_odoo_books_it(facts, _known_open):
    quantity = int(facts.odoo_on_hand - facts.other_demand)
    return (None if quantity == facts.on_hand else quantity), None


def drops_are_ignored(facts, _known_open):
    plan = plan_level(replace(facts, agreed=Agreement(-99, 0)))
    return plan.quantity, None


def shipped_units_justify_a_raise(facts, _known_open):
    counted = replace(facts, odoo_on_hand=facts.odoo_on_hand + facts.shipped, shipped=0)
    plan = plan_level(counted)
    return plan.quantity, plan.agreement.total if plan.agreement else None


def a_drop_is_forgotten_after_our_own_write(facts, _known_open):
    plan = plan_level(facts)
    if plan.missing and plan.quantity is not None:
        return plan.quantity, plan.quantity + facts.fulfilled
    return plan.quantity, plan.agreement.total if plan.agreement else None


def a_drop_is_forgotten_when_both_happen_to_be_equal(facts, _known_open):
    plan = plan_level(facts)
    if plan.missing and facts.on_hand == plan.target:
        return None, facts.on_hand + facts.fulfilled
    return plan.quantity, plan.agreement.total if plan.agreement else None


def an_agreement_trusts_a_number_read_before_a_fulfilment(facts, known_open):
    unchecked = replace(facts, fulfilled_before=facts.fulfilled)
    return THE_RULE.decide(unchecked, known_open)


def fulfilments_made_in_shopify_are_not_taken_off(facts, known_open):
    return THE_RULE.decide(replace(facts, undelivered=0), known_open)


BROKEN = [
    Rule("pushing available", available_as_odoo_knows_it, sets_available=True),
    Rule("pushing on hand as booked", on_hand_as_odoo_books_it),
    Rule("no rule for drops", drops_are_ignored),
    Rule("raising for shipped units", shipped_units_justify_a_raise),
    Rule("forgetting a drop when lowering", a_drop_is_forgotten_after_our_own_write),
    Rule(
        "forgetting a drop when equal", a_drop_is_forgotten_when_both_happen_to_be_equal
    ),
    Rule("ignoring undelivered", fulfilments_made_in_shopify_are_not_taken_off),
    Rule("Odoo read first", THE_RULE.decide, odoo_first=True),
    Rule("no comparison at the write", THE_RULE.decide, compares=False),
]


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.name)
def test_a_broken_rule_oversells_in_the_same_world(rule, capsys):
    result = walk(start(*SMALL), rule, drained=False)

    report(capsys, rule.name, result)
    assert result.violation.startswith("oversold:")


def test_the_rule_holds_in_the_world_that_breaks_the_others(capsys):
    result = walk(start(*SMALL))

    report(capsys, THE_RULE.name, result)
    assert result.violation == ""


def test_an_unchecked_agreement_leaves_both_sides_apart_for_ever():
    rule = Rule("hasty", an_agreement_trusts_a_number_read_before_a_fulfilment)

    result = walk(start(*SMALL), rule)

    assert result.violation.startswith("drained:")
