"""Stock by API: compare-and-set, its refusals, and what the key directive demands."""

import pytest

from .conftest import Asker

SET = """mutation($input: InventorySetQuantitiesInput!, $key: String!) {
    inventorySetQuantities(input: $input) @idempotent(key: $key) {
      inventoryAdjustmentGroup { id reason referenceDocumentUri
        changes { name delta quantityAfterChange item { id } location { id } } }
      userErrors { field message code } } }"""
LEVELS = """query($item: ID!, $place: ID!) {
    inventoryItem(id: $item) {
      inventoryLevel(locationId: $place) { id isActive
        quantities(names: ["available", "committed", "on_hand"]) { name quantity } }
      inventoryLevels(first: 5) { nodes { location { id } } } }
    location(id: $place) { inventoryLevels(first: 5) { nodes { item { id } } } } }"""


@pytest.fixture
def place(shop):
    return shop.of_type("Location")[0]["id"]


@pytest.fixture
def items(shop):
    return [
        shop.get(
            shop.create_product(
                title=f"P{n}", variants=[{"sku": f"P{n}", "price": "1", "stock": 10}]
            )["variants"][0]
        )["inventoryItem"]
        for n in range(3)
    ]


def rows(items, place, quantity=7, before=10):
    return [
        {
            "inventoryItemId": item,
            "locationId": place,
            "quantity": quantity,
            "changeFromQuantity": before,
        }
        for item in items
    ]


def payload(quantities, name="on_hand", **more):
    return {
        "name": name,
        "reason": "correction",
        "referenceDocumentUri": "gid://odoo-connector/StockPush/1",
        "quantities": quantities,
        **more,
    }


def push(ask, quantities, key="k1", **more):
    return ask(SET, input=payload(quantities, **more), key=key)[
        "inventorySetQuantities"
    ]


def codes(answer):
    return [error["code"] for error in answer["userErrors"]]


def on_hand(shop, items, place):
    return [shop.stock(item, place)["on_hand"] for item in items]


def test_set_on_hand_moves_available_and_leaves_committed(shop, ask, items, place):
    shop.create_order(lines=[{"variant": "P0", "quantity": 2}])
    answer = push(ask, rows(items[:1], place, 15))
    assert codes(answer) == []
    group = answer["inventoryAdjustmentGroup"]
    assert group["referenceDocumentUri"] == "gid://odoo-connector/StockPush/1"
    assert {(c["name"], c["delta"]) for c in group["changes"]} == {
        ("available", 5),
        ("on_hand", 5),
    }
    got = ask(LEVELS, item=items[0], place=place)["inventoryItem"]["inventoryLevel"]
    assert [row["quantity"] for row in got["quantities"]] == [13, 2, 15]


def test_set_available_is_compared_with_available(shop, ask, items, place):
    shop.create_order(lines=[{"variant": "P0", "quantity": 2}])
    assert codes(push(ask, rows(items[:1], place), name="available")) == [
        "CHANGE_FROM_QUANTITY_STALE"
    ]
    assert codes(push(ask, rows(items[:1], place, 7, 8), "k2", name="available")) == []
    assert shop.stock(items[0], place)["on_hand"] == 9


def test_levels_are_listed_from_item_and_from_location(ask, items, place):
    got = ask(LEVELS, item=items[0], place=place)
    nodes = got["inventoryItem"]["inventoryLevels"]["nodes"]
    assert nodes == [{"location": {"id": place}}]
    at_place = got["location"]["inventoryLevels"]["nodes"]
    assert [row["item"]["id"] for row in at_place] == items


def test_item_never_stocked_at_a_location_has_no_level(shop, ask, items):
    other = shop.create_location("Shop")["id"]
    got = ask(LEVELS, item=items[0], place=other)["inventoryItem"]
    assert got["inventoryLevel"] is None
    assert codes(push(ask, rows(items[:1], other, 4, 0))) == []
    assert shop.stock(items[0], other)["on_hand"] == 4


@pytest.mark.parametrize(
    ("fails_all", "after"), [(True, [10, 10, 10]), (False, [7, 10, 7])]
)
def test_one_stale_row_fails_all_or_alone(shop, ask, items, place, fails_all, after):
    shop.switches.stale_row_fails_all = fails_all
    quantities = rows(items, place)
    quantities[1]["changeFromQuantity"] = 9
    answer = push(ask, quantities)
    assert answer["userErrors"][0]["code"] == "CHANGE_FROM_QUANTITY_STALE"
    assert answer["userErrors"][0]["field"] == [
        "input",
        "quantities",
        "1",
        "changeFromQuantity",
    ]
    assert on_hand(shop, items, place) == after


def test_null_before_skips_the_comparison(shop, ask, items, place):
    assert codes(push(ask, rows(items[:1], place, 3, None))) == []
    assert shop.stock(items[0], place)["on_hand"] == 3


def test_missing_before_is_refused_before_anything_runs(shop, ask, items, place):
    quantities = rows(items, place)
    del quantities[2]["changeFromQuantity"]
    variables = {"input": payload(quantities), "key": "k1"}
    assert ask.codes(SET, **variables) == ["INVALID_FIELD_ARGUMENTS"]
    assert on_hand(shop, items, place) == [10, 10, 10]
    assert shop.mutations_applied == []


def test_same_item_and_location_twice_is_refused(shop, ask, items, place):
    answer = push(ask, rows([items[0], items[0]], place))
    assert codes(answer) == ["NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"]
    assert on_hand(shop, items, place) == [10, 10, 10]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "committed"}, "INVALID_NAME"),
        ({"reason": "because"}, "INVALID_REASON"),
        ({"referenceDocumentUri": "no uri"}, "INVALID_REFERENCE_DOCUMENT"),
    ],
)
def test_wrong_header_is_refused(shop, ask, items, place, change, code):
    assert codes(push(ask, rows(items, place), **change)) == [code]
    assert on_hand(shop, items, place) == [10, 10, 10]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": -1}, "INVALID_QUANTITY_NEGATIVE"),
        ({"quantity": 1_000_000_001}, "INVALID_QUANTITY_TOO_HIGH"),
        (
            {"inventoryItemId": "gid://shopify/InventoryItem/1"},
            "INVALID_INVENTORY_ITEM",
        ),
        ({"locationId": "gid://shopify/Location/1"}, "INVALID_LOCATION"),
    ],
)
def test_wrong_row_is_refused(ask, items, place, change, code):
    assert codes(push(ask, [rows(items[:1], place)[0] | change])) == [code]


def test_more_than_250_rows_are_refused(ask, items, place):
    variables = {"input": payload(rows(items[:1] * 251, place)), "key": "k1"}
    assert ask.codes(SET, **variables) == ["MAX_INPUT_SIZE_EXCEEDED"]


def test_unchanged_quantity_has_no_group(ask, items, place):
    answer = push(ask, rows(items[:1], place, 10))
    assert answer == {"inventoryAdjustmentGroup": None, "userErrors": []}


def test_request_without_the_directive_is_a_bad_request(shop, ask, items, place):
    without = SET.replace("@idempotent(key: $key)", "").replace(", $key: String!", "")
    variables = {"input": payload(rows(items, place))}
    assert ask.codes(without, **variables) == ["BAD_REQUEST"]
    assert ask.codes(SET, **variables, key=" ") == ["BAD_REQUEST"]
    assert on_hand(shop, items, place) == [10, 10, 10]


def test_same_key_and_variables_are_applied_once(shop, ask, items, place):
    first = push(ask, rows(items[:1], place, 7))
    shop.adjust_stock(items[0], place, 3)
    again = push(ask, rows(items[:1], place, 7))
    assert (
        again["inventoryAdjustmentGroup"]["id"]
        == (first["inventoryAdjustmentGroup"]["id"])
    )
    assert codes(again) == []
    assert shop.stock(items[0], place)["on_hand"] == 10


def test_same_key_with_other_variables_is_a_mismatch(shop, ask, items, place):
    push(ask, rows(items[:1], place, 7))
    answer = push(ask, rows(items[:1], place, 8, 7))
    assert codes(answer) == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    assert shop.stock(items[0], place)["on_hand"] == 7


@pytest.mark.parametrize(
    ("burnt", "code"),
    [
        (True, "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"),
        (False, "CHANGE_FROM_QUANTITY_STALE"),
    ],
)
def test_key_of_a_failed_attempt_is_burnt_or_not(ask, shop, items, place, burnt, code):
    shop.switches.failed_key_is_burnt = burnt
    push(ask, rows(items[:1], place, 7, 9))
    assert codes(push(ask, rows(items[:1], place, 7, 9))) == [code]


def test_after_24_hours_a_key_is_a_new_one(shop, emulator, ask, items, place):
    push(ask, rows(items[:1], place, 7, None))
    shop.adjust_stock(items[0], place, 5)
    emulator.advance(24 * 3600)
    assert codes(push(ask, rows(items[:1], place, 7, None))) == []
    assert shop.stock(items[0], place)["on_hand"] == 7


def test_keys_of_two_shops_are_apart(emulator, ask, shop, items, place):
    other = emulator.add_shop("other", token="shpat_other")
    product = other.create_product(
        title="P", variants=[{"sku": "P", "price": "1", "stock": 10}]
    )
    item = other.get(product["variants"][0])["inventoryItem"]
    there = other.of_type("Location")[0]["id"]
    push(ask, rows(items[:1], place))
    answer = push(Asker(emulator, other, "shpat_other"), rows([item], there))
    assert codes(answer) == []


def test_deleted_product_takes_its_levels_along(shop, ask, items, place):
    gid = shop.of_type("Product")[0]["id"]
    shop.delete_product(gid)
    got = ask(LEVELS, item=items[0], place=place)
    assert got["inventoryItem"] is None
    listed = got["location"]["inventoryLevels"]["nodes"]
    assert [row["item"]["id"] for row in listed] == items[1:]
