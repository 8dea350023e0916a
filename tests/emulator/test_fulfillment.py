"""Fulfilment orders and fulfilments: what may be sent, and what sending does."""

import pytest

CREATE = """mutation($fulfillment: FulfillmentInput!) {
    fulfillmentCreate(fulfillment: $fulfillment) {
      fulfillment { id status totalQuantity
        trackingInfo(first: 5) { number company url }
        fulfillmentLineItems(first: 5) { nodes { quantity lineItem { id } } }
        location { id } }
      userErrors { field message } } }"""
TRACK = """mutation($id: ID!, $tracking: FulfillmentTrackingInput!) {
    fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking,
      notifyCustomer: false) {
      fulfillment { trackingInfo(first: 5) { number } } userErrors { message } } }"""
CANCEL = """mutation($id: ID!) { fulfillmentCancel(id: $id) {
    fulfillment { status } userErrors { message } } }"""
HOLD = """mutation($id: ID!, $hold: FulfillmentOrderHoldInput!) {
    fulfillmentOrderHold(id: $id, fulfillmentHold: $hold) {
      fulfillmentHold { id handle heldByRequestingApp } userErrors { code } } }"""
RELEASE = """mutation($id: ID!, $holds: [ID!]) {
    fulfillmentOrderReleaseHold(id: $id, holdIds: $holds) {
      fulfillmentOrder { status } userErrors { code } } }"""
READ = """query($id: ID!) { order(id: $id) { displayFulfillmentStatus
    fulfillmentOrders(first: 10) { nodes { id status supportedActions { action }
      assignedLocation { location { id } name countryCode }
      lineItems(first: 10) { nodes { id remainingQuantity totalQuantity
        lineItem { id sku } } } } }
    fulfillments(first: 10) { id status } } }"""


@pytest.fixture
def places(shop):
    shop.create_location("Shop")
    return [location["id"] for location in shop.of_type("Location")]


@pytest.fixture
def variants(shop, places):
    made = shop.create_product(
        title="Shirt",
        options=["Size"],
        variants=[
            {"sku": "A", "price": "10", "options": ["A"], "stock": {places[0]: 9}},
            {"sku": "B", "price": "10", "options": ["B"], "stock": {places[1]: 9}},
        ],
    )
    return made["variants"]


@pytest.fixture
def order(shop, variants):
    return shop.create_order(lines=[{"variant": "A", "quantity": 3}])


def read(ask, order):
    return ask(READ, id=order["id"])["order"]


def wanted(entry, quantity=None, **more):
    rows = [
        {"id": row["id"], "quantity": quantity or row["remainingQuantity"]}
        for row in entry["lineItems"]["nodes"]
    ]
    one = {"fulfillmentOrderId": entry["id"], "fulfillmentOrderLineItems": rows}
    return {"lineItemsByFulfillmentOrder": [one], **more}


def create(ask, fulfillment):
    return ask(CREATE, fulfillment=fulfillment)["fulfillmentCreate"]


def message(answer):
    return [error["message"] for error in answer["userErrors"]]


def test_order_splits_by_the_location_that_has_the_stock(shop, ask, places, variants):
    order = shop.create_order(lines=[{"variant": "A"}, {"variant": "B"}])
    entries = read(ask, order)["fulfillmentOrders"]["nodes"]
    assert [entry["assignedLocation"]["location"]["id"] for entry in entries] == places
    assert [entry["status"] for entry in entries] == ["OPEN", "OPEN"]
    assert "CREATE_FULFILLMENT" in [
        row["action"] for row in entries[0]["supportedActions"]
    ]


def test_fulfilment_takes_quantities_and_keeps_tracking(shop, ask, order, places):
    entry = read(ask, order)["fulfillmentOrders"]["nodes"][0]
    tracking = {"number": "JD1", "company": "DHL", "url": "https://dhl.example/JD1"}
    answer = create(ask, wanted(entry, 2, trackingInfo=tracking))
    made = answer["fulfillment"]
    assert answer["userErrors"] == []
    assert (made["status"], made["totalQuantity"]) == ("SUCCESS", 2)
    assert made["trackingInfo"] == [tracking]
    assert made["location"] == {"id": places[0]}
    after = read(ask, order)
    assert after["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    entry = after["fulfillmentOrders"]["nodes"][0]
    row = entry["lineItems"]["nodes"][0]
    assert (entry["status"], row["remainingQuantity"], row["totalQuantity"]) == (
        "IN_PROGRESS",
        1,
        3,
    )
    assert shop.stock(order_variant(shop, order), places[0])["committed"] == 1


def order_variant(shop, order):
    return shop.get(order["lineItems"][0])["variant"]


def test_whole_fulfilment_closes_the_fulfilment_order(ask, order):
    entry = read(ask, order)["fulfillmentOrders"]["nodes"][0]
    one = {"fulfillmentOrderId": entry["id"]}
    create(ask, {"lineItemsByFulfillmentOrder": [one]})
    after = read(ask, order)
    assert after["displayFulfillmentStatus"] == "FULFILLED"
    assert after["fulfillmentOrders"]["nodes"][0]["status"] == "CLOSED"
    assert after["fulfillmentOrders"]["nodes"][0]["supportedActions"] == []


def test_exact_repeat_is_refused_when_nothing_is_left(ask, order):
    entry = read(ask, order)["fulfillmentOrders"]["nodes"][0]
    create(ask, wanted(entry))
    answer = create(ask, wanted(entry))
    number = entry["id"].rpartition("/")[2]
    assert answer["fulfillment"] is None
    assert message(answer) == [
        f"Fulfillment order {number} has an unfulfillable status= closed."
    ]
    assert len(read(ask, order)["fulfillments"]) == 1


def test_exact_repeat_of_a_part_is_applied_again(ask, order):
    entry = read(ask, order)["fulfillmentOrders"]["nodes"][0]
    create(ask, wanted(entry, 1))
    create(ask, wanted(entry, 1))
    assert len(read(ask, order)["fulfillments"]) == 2


@pytest.mark.parametrize("quantity", [4, -1])
def test_wrong_quantity_is_refused(shop, ask, order, quantity):
    entry = read(ask, order)["fulfillmentOrders"]["nodes"][0]
    assert message(create(ask, wanted(entry, quantity))) == [
        "Invalid fulfillment order line item quantity requested."
    ]
    assert order["_fulfillments"] == []


def test_fulfilment_orders_of_other_kinds_of_locations_are_out_of_reach(
    shop, ask, order, places
):
    entry = read(ask, order)["fulfillmentOrders"]["nodes"][0]
    shop.edit_location(places[0], isFulfillmentService=True)
    assert message(create(ask, wanted(entry))) == ["Fulfillment order does not exist."]
    shop.app.scopes -= {"read_third_party_fulfillment_orders"}
    assert read(ask, order)["fulfillmentOrders"]["nodes"] == []
    assert order["_fulfillments"] == []


def test_two_locations_or_two_orders_in_one_call_are_refused(shop, ask, variants):
    first = shop.create_order(lines=[{"variant": "A"}, {"variant": "B"}])
    second = shop.create_order(lines=[{"variant": "A"}])
    here, there = read(ask, first)["fulfillmentOrders"]["nodes"]
    other = read(ask, second)["fulfillmentOrders"]["nodes"][0]

    def both(one, two):
        rows = [wanted(x)["lineItemsByFulfillmentOrder"][0] for x in (one, two)]
        return message(create(ask, {"lineItemsByFulfillmentOrder": rows}))

    assert both(here, there) == [
        "All fulfillment orders must be assigned to the same location."
    ]
    assert both(here, other) == [
        "All fulfillment orders must belong to the same order."
    ]


def test_held_order_is_refused_until_released(ask, order):
    entry = read(ask, order)["fulfillmentOrders"]["nodes"][0]
    hold = {"reason": "OTHER", "handle": "h1"}
    held = ask(HOLD, id=entry["id"], hold=hold)["fulfillmentOrderHold"]
    assert held["fulfillmentHold"]["heldByRequestingApp"] is True
    again = ask(HOLD, id=entry["id"], hold=hold)["fulfillmentOrderHold"]
    assert again["userErrors"] == [{"code": "DUPLICATE_FULFILLMENT_HOLD_HANDLE"}]
    assert message(create(ask, wanted(entry))) != []
    ask(RELEASE, id=entry["id"], holds=[held["fulfillmentHold"]["id"]])
    assert message(create(ask, wanted(entry))) == []


def test_cancelled_fulfilment_opens_a_new_order_and_commits_again(
    shop, ask, order, places
):
    entry = read(ask, order)["fulfillmentOrders"]["nodes"][0]
    made = create(ask, wanted(entry))["fulfillment"]
    answer = ask(CANCEL, id=made["id"])["fulfillmentCancel"]
    assert answer["fulfillment"] == {"status": "CANCELLED"}
    after = read(ask, order)
    assert after["displayFulfillmentStatus"] == "UNFULFILLED"
    assert [row["status"] for row in after["fulfillmentOrders"]["nodes"]] == [
        "CLOSED",
        "OPEN",
    ]
    levels = shop.stock(order_variant(shop, order), places[0])
    assert (levels["available"], levels["committed"], levels["on_hand"]) == (6, 3, 9)
    again = ask(CANCEL, id=made["id"])["fulfillmentCancel"]
    assert message(again) == ["Fulfillment is already cancelled."]


def test_tracking_is_replaced(ask, order):
    entry = read(ask, order)["fulfillmentOrders"]["nodes"][0]
    made = create(ask, wanted(entry, trackingInfo={"number": "1"}))["fulfillment"]
    answer = ask(TRACK, id=made["id"], tracking={"numbers": ["2", "3"]})
    assert answer["fulfillmentTrackingInfoUpdate"]["fulfillment"] == {
        "trackingInfo": [{"number": "2"}, {"number": "3"}]
    }


def test_merchant_sends_part_and_then_the_rest(shop, ask, order):
    made = shop.merchant_fulfill(order["id"], lines=[{"line": "A", "quantity": 1}])
    assert made[0]["totalQuantity"] == 1
    assert shop.merchant_fulfill(order["id"])[0]["totalQuantity"] == 2
    assert read(ask, order)["displayFulfillmentStatus"] == "FULFILLED"


@pytest.mark.parametrize("part", [None, 1])
def test_move_takes_the_reservation_along(shop, ask, order, places, part):
    entry = read(ask, order)["fulfillmentOrders"]["nodes"][0]
    rows = {entry["lineItems"]["nodes"][0]["id"]: part} if part else None
    moved = shop.move_fulfillment_order(entry["id"], places[1], rows)
    assert (moved["id"] == entry["id"]) == (part is None)
    variant, units = order_variant(shop, order), part or 3
    assert shop.stock(variant, places[1])["committed"] == units
    assert shop.stock(variant, places[0])["committed"] == 3 - units
    assert moved["assignedLocation"]["location"] == places[1]


def test_lines_that_need_no_shipping_have_their_own_fulfilment_order(shop, variants):
    shop.create_product(
        title="Card",
        isGiftCard=True,
        variants=[
            {"sku": "C", "price": "50", "requiresShipping": False, "tracked": False}
        ],
    )
    order = shop.create_order(
        lines=[{"variant": "A"}, {"variant": "C"}, {"tip": "1.00"}]
    )
    entries = [shop.get(gid) for gid in order["_fulfillment_orders"]]
    assert [entry["deliveryMethod"]["methodType"] for entry in entries] == [
        "SHIPPING",
        "NONE",
    ]
    assert shop.get(order["lineItems"][1])["isGiftCard"] is True
