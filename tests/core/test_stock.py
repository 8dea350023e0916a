"""What a stock push writes, level by level and call by call."""

from dataclasses import dataclass, replace

import pytest

from core.stock import (
    Agreement,
    ComponentFacts,
    LevelFacts,
    LineAtPlace,
    ShopifyLevel,
    WriteRow,
    add_line,
    batches,
    plan_level,
    plan_push,
    read_level,
    set_input,
    settle_row,
    sort_refusal,
)

SHELF = "gid://shopify/Location/1"
SHIRT = "gid://shopify/InventoryItem/7"


def facts(**changes):
    base = LevelFacts(
        item=SHIRT,
        location=SHELF,
        on_hand=10,
        odoo_on_hand=10,
        fulfilled=3,
        fulfilled_before=3,
        agreed=Agreement(10, 3),
        item_name="SHIRT-M",
        location_name="Rotterdam",
    )
    return replace(base, **changes)


def row(number, quantity=5, change_from=4, location=SHELF):
    item = f"gid://shopify/InventoryItem/{number:04}"
    return WriteRow(item, location, quantity, change_from)


@dataclass(frozen=True)
class UserError:
    field: tuple[str, ...]
    code: str
    message: str


# --- One level -----------------------------------------------------------------------


def test_equal_sides_write_nothing_and_keep_the_agreement():
    plan = plan_level(facts())

    assert (plan.kind, plan.quantity, plan.agreement) == ("equal", None, None)


def test_a_receipt_in_odoo_raises_shopify_with_the_number_it_replaces():
    plan = plan_level(facts(odoo_on_hand=14))

    assert (plan.kind, plan.quantity, plan.change_from) == ("set", 14, 10)
    assert plan.agreement == Agreement(14, 3)


def test_demand_of_others_and_the_buffer_are_taken_off():
    plan = plan_level(facts(odoo_on_hand=14, other_demand=2, buffer=1))

    assert plan.quantity == 11


def test_open_orders_of_the_store_are_not_taken_off_since_shopify_does():
    # Shopify's three open orders are in neither argument: it sells on hand − committed.
    plan = plan_level(facts(odoo_on_hand=10))

    assert plan.kind == "equal"


def test_shipped_but_not_fulfilled_units_are_not_lowered_a_second_time():
    plan = plan_level(facts(odoo_on_hand=8, shipped=2))

    assert (plan.kind, plan.quantity, plan.target) == ("equal", None, 10)


def test_shipped_units_do_not_justify_a_raise():
    plan = plan_level(facts(odoo_on_hand=9, shipped=2))

    assert (plan.kind, plan.quantity, plan.target) == ("hold", None, 11)
    assert plan.reason is None


def test_a_receipt_beside_shipped_units_raises_by_what_is_there():
    plan = plan_level(facts(odoo_on_hand=13, shipped=2))

    assert (plan.kind, plan.quantity) == ("set", 13)


def test_units_fulfilled_in_shopify_and_still_in_odoo_are_taken_off():
    plan = plan_level(
        facts(
            on_hand=8,
            undelivered=2,
            fulfilled=5,
            fulfilled_before=5,
        )
    )

    assert (plan.kind, plan.target, plan.quantity) == ("equal", 8, None)


def test_a_drop_that_odoo_cannot_explain_is_not_raised_over():
    plan = plan_level(facts(on_hand=7))

    assert (plan.kind, plan.quantity, plan.missing) == ("lower_only", None, 3)
    assert plan.agreement is None
    assert plan.reason.code == "unexplained_stock_drop"
    assert dict(plan.reason.params) == {"item": "SHIRT-M", "found": 7, "expected": 10}


def test_a_drop_does_not_forbid_lowering_and_stays_open_after_it():
    plan = plan_level(facts(on_hand=7, odoo_on_hand=4))

    assert (plan.kind, plan.quantity, plan.change_from) == ("lower_only", 4, 7)
    assert plan.agreement == Agreement(7, 3)
    after = facts(on_hand=4, odoo_on_hand=9, agreed=plan.agreement)
    assert plan_level(after).missing == 3


def test_a_drop_is_explained_once_its_fulfilment_is_imported():
    plan = plan_level(facts(on_hand=7, undelivered=3, fulfilled=6, fulfilled_before=6))

    assert (plan.kind, plan.reason) == ("equal", None)


def test_a_drop_is_not_forgotten_when_both_sides_happen_to_be_equal():
    plan = plan_level(facts(on_hand=7, odoo_on_hand=7))

    assert (plan.kind, plan.agreement, plan.missing) == ("lower_only", None, 3)


def test_a_person_s_go_takes_the_drop_as_it_is():
    plan = plan_level(facts(on_hand=7, accepted=True))

    assert (plan.kind, plan.quantity, plan.agreement) == ("set", 10, Agreement(10, 3))


def test_a_rise_in_shopify_is_set_back_to_odoo_s_stock():
    plan = plan_level(facts(on_hand=12))

    assert (plan.kind, plan.quantity, plan.agreement) == ("set", 10, Agreement(10, 3))


def test_the_first_push_may_lower():
    plan = plan_level(facts(agreed=None, odoo_on_hand=4))

    assert (plan.kind, plan.quantity, plan.agreement) == ("set", 4, Agreement(4, 3))


def test_the_first_push_agrees_where_both_sides_are_equal():
    plan = plan_level(facts(agreed=None))

    assert (plan.kind, plan.agreement) == ("equal", Agreement(10, 3))


def test_the_first_push_asks_before_it_raises():
    plan = plan_level(facts(agreed=None, on_hand=2))

    assert (plan.kind, plan.quantity, plan.agreement) == ("lower_only", None, None)
    assert plan.reason.code == "stock_first_push"
    assert dict(plan.reason.params) == {
        "location": "Rotterdam",
        "found": 2,
        "target": 10,
    }


def test_the_first_push_raises_after_a_person_s_go():
    plan = plan_level(facts(agreed=None, on_hand=2, accepted=True))

    assert (plan.kind, plan.quantity, plan.agreement) == ("set", 10, Agreement(10, 3))


def test_an_item_not_stocked_at_the_location_counts_as_none_there():
    plan = plan_level(facts(agreed=None, on_hand=None, odoo_on_hand=0))

    assert (plan.kind, plan.quantity) == ("equal", None)


def test_a_level_that_vanished_is_a_drop():
    plan = plan_level(facts(on_hand=None))

    assert (plan.kind, plan.missing) == ("lower_only", 10)


def test_untracked_in_shopify_stops_with_its_reason():
    plan = plan_level(facts(tracked=False, odoo_on_hand=2))

    assert (plan.kind, plan.quantity) == ("hold", None)
    assert plan.reason.code == "stock_not_tracked"


def test_an_agreement_is_not_renewed_when_a_fulfilment_came_in_between():
    # Shopify was read before the fulfilment, Odoo after it.
    plan = plan_level(
        facts(on_hand=10, odoo_on_hand=10, fulfilled=4, fulfilled_before=3)
    )

    assert (plan.kind, plan.agreement) == ("equal", None)


def test_less_than_nothing_is_shown_as_nothing():
    plan = plan_level(facts(odoo_on_hand=1, other_demand=4))

    assert (plan.target, plan.quantity) == (-3, 0)


@pytest.mark.parametrize("on_hand", [0, -2])
def test_no_negative_number_is_ever_sent(on_hand):
    level = facts(on_hand=on_hand, odoo_on_hand=-1, agreed=Agreement(on_hand, 3))

    assert plan_level(level).quantity is None


@pytest.mark.parametrize(
    ("odoo_on_hand", "target"),
    [(2.9, 2), (3.0000000001, 3), (2.9999999999, 3), (0.1 + 0.2 + 0.7, 1)],
)
def test_only_whole_units_that_are_there_are_offered(odoo_on_hand, target):
    assert plan_level(facts(odoo_on_hand=odoo_on_hand)).target == target


# --- Many levels ---------------------------------------------------------------------


def level(number, **changes):
    return facts(item=f"gid://shopify/InventoryItem/{number:04}", **changes)


def test_nothing_to_write_makes_no_call():
    plan = plan_push([level(n) for n in range(300)])

    assert plan.writes == ()
    assert len(plan.levels) == 300


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (250, [250]), (251, [250, 1]), (500, [250, 250])]
)
def test_full_calls_are_followed_by_no_empty_one(count, sizes):
    plan = plan_push([level(n, odoo_on_hand=12) for n in range(count)])

    assert [len(rows) for rows in plan.writes] == sizes


def test_a_call_has_rows_of_one_location_in_a_stable_order():
    other = "gid://shopify/Location/2"
    levels = [
        level(3, odoo_on_hand=12),
        level(1, odoo_on_hand=12, location=other),
        level(2, odoo_on_hand=12),
    ]

    plan = plan_push(levels)

    assert plan == plan_push(list(reversed(levels)))
    assert [[r.item[-1] + r.location[-1] for r in rows] for rows in plan.writes] == [
        ["21", "31"],
        ["12"],
    ]


def test_two_variants_of_one_inventory_item_are_both_held():
    plan = plan_push([level(1, odoo_on_hand=12), level(1, odoo_on_hand=2), level(2)])

    held = plan.levels[(level(1).item, SHELF)]
    assert (held.kind, held.reason.code) == ("hold", "stock_item_rejected")
    assert plan.writes == ()


def test_no_rows_no_batches():
    assert batches([]) == ()


def test_the_input_carries_the_number_each_row_replaces():
    data = set_input([row(1)], "gid://odoo-connector/StockPush/abc")

    assert data == {
        "name": "on_hand",
        "reason": "correction",
        "referenceDocumentUri": "gid://odoo-connector/StockPush/abc",
        "quantities": [
            {
                "inventoryItemId": "gid://shopify/InventoryItem/0001",
                "locationId": SHELF,
                "quantity": 5,
                "changeFromQuantity": 4,
            }
        ],
    }


def test_a_level_is_read_by_the_names_of_its_quantities():
    node = {
        "id": SHIRT,
        "tracked": True,
        "inventoryLevel": {
            "quantities": [
                {"name": "committed", "quantity": 2},
                {"name": "on_hand", "quantity": 9},
                {"name": "available", "quantity": 7},
            ]
        },
    }

    assert read_level(node) == ShopifyLevel(SHIRT, True, 9, 7, 2)


def test_a_level_that_is_not_stocked_reads_as_none():
    node = {"id": SHIRT, "tracked": True, "inventoryLevel": None}

    assert read_level(node) == ShopifyLevel(SHIRT, True, None)


# --- Refusals and lost answers ---------------------------------------------------------


def test_one_bad_item_of_250_stands_alone():
    rows = [row(n) for n in range(250)]
    error = UserError(
        ("input", "quantities", "17", "inventoryItemId"),
        "NON_MUTABLE_INVENTORY_ITEM",
        "The item is a bundle.",
    )

    refusal = sort_refusal(rows, [error])

    assert dict(refusal.bad) == {rows[17]: "The item is a bundle."}
    assert refusal.rest == tuple(rows[:17] + rows[18:])
    assert (refusal.stale, refusal.whole) == ((), "")


def test_a_stale_row_is_set_apart_from_a_bad_one():
    rows = [row(1), row(2), row(3)]
    errors = [
        UserError(("input", "quantities", "0"), "CHANGE_FROM_QUANTITY_STALE", "moved"),
        UserError(("input", "quantities", "2"), "INVALID_LOCATION", "no such place"),
    ]

    refusal = sort_refusal(rows, errors)

    assert refusal.stale == (rows[0],)
    assert dict(refusal.bad) == {rows[2]: "no such place"}
    assert refusal.rest == (rows[1],)


def test_stale_without_a_row_makes_every_row_doubtful():
    rows = [row(1), row(2)]
    error = UserError(("input",), "CHANGE_FROM_QUANTITY_STALE", "moved")

    refusal = sort_refusal(rows, [error])

    assert (refusal.stale, refusal.rest) == (tuple(rows), ())


@pytest.mark.parametrize(
    "path", [None, ("input", "reason"), ("input", "quantities", "9")]
)
def test_an_error_that_names_no_row_counts_none_as_written(path):
    rows = [row(1), row(2)]

    refusal = sort_refusal(rows, [UserError(path, "SOMETHING_NEW", "not today")])

    assert refusal.whole == "not today"
    assert (refusal.rest, dict(refusal.bad), refusal.stale) == ((), {}, ())


KEPT, WANTED = Agreement(4, 0), Agreement(5, 0)


@pytest.mark.parametrize(
    ("on_hand", "outcome", "agreement"),
    [
        (5, "applied", WANTED),
        (4, "not_applied", KEPT),
        (3, "unclear", WANTED),
        (None, "unclear", WANTED),
    ],
)
def test_a_lost_answer_is_settled_by_the_number_found(on_hand, outcome, agreement):
    settled = settle_row(row(1), KEPT, WANTED, on_hand)

    assert (settled.outcome, settled.agreement) == (outcome, agreement)


def test_an_unclear_lowering_keeps_the_agreement_that_hides_nothing():
    settled = settle_row(row(1, quantity=2), KEPT, Agreement(2, 0), 1)

    assert settled.agreement == KEPT


# --- A line that a vendor ships to the customer --------------------------------------


def test_pieces_a_vendor_sent_take_nothing_off_the_place():
    line = LineAtPlace(True, 1, opened=0, fulfilled=2, left=0, dropped=2)

    found = add_line(ComponentFacts(1, odoo_on_hand=100), line)

    assert (found.undelivered, found.shipped) == (0, 0)
    assert line.is_settled


def test_a_vendors_pieces_never_count_as_shipped_from_the_place():
    line = LineAtPlace(True, 1, opened=2, fulfilled=0, left=0, dropped=2)

    found = add_line(ComponentFacts(1, odoo_on_hand=100), line)

    assert (found.undelivered, found.shipped) == (0, 0)


def test_units_fulfilled_beyond_what_a_vendor_sent_are_still_to_be_delivered():
    line = LineAtPlace(True, 2, opened=0, fulfilled=3, left=1, dropped=2)

    assert add_line(ComponentFacts(2), line).undelivered == 3
