"""What a done delivery sends to Shopify, and what becomes of a lost answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.failures import NeedsReview
from core.fulfillments import (
    Fulfillment,
    FulfillmentOrder,
    OpenLine,
    PickingFacts,
    RemoteOrder,
    ShippedLine,
    Tracking,
    likely_fulfillments,
    new_fulfillments,
    plan_fulfillment,
    read_order,
    settle_fulfillment,
    with_fulfillment,
)
from core.settle import Timing

HERE, THERE = "gid://shopify/Location/1", "gid://shopify/Location/2"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def line_gid(number):
    return f"gid://shopify/LineItem/{number}"


def fulfillment_order(number=1, lines=((1, 2),), **changes):
    """An open one at HERE; `lines`: (order line, units left)."""
    base = FulfillmentOrder(
        gid=f"gid://shopify/FulfillmentOrder/{number}",
        status="OPEN",
        location=HERE,
        location_name="Rotterdam",
        actions=frozenset({"CREATE_FULFILLMENT", "HOLD"}),
        lines=tuple(
            OpenLine(
                f"gid://shopify/FulfillmentOrderLineItem/{number}{line:03}",
                line_gid(line),
                units,
            )
            for line, units in lines
        ),
    )
    return replace(base, **changes)


def fulfillment(number=9, lines=((1, 2),), **changes):
    base = Fulfillment(
        gid=f"gid://shopify/Fulfillment/{number}",
        status="SUCCESS",
        location=HERE,
        lines={line_gid(line): units for line, units in lines},
    )
    return replace(base, **changes)


def order(*fulfillment_orders, fulfillments=()):
    return RemoteOrder(
        "gid://shopify/Order/5", "#1042", fulfillment_orders, tuple(fulfillments)
    )


def delivery(*lines, tracking=None):
    """`lines`: (order line, units here, units shipped in all)."""
    return PickingFacts(
        name="WH/OUT/00031",
        order_name="#1042",
        location=HERE,
        location_name="Rotterdam",
        lines=tuple(
            ShippedLine(line_gid(line), units, shipped, f"SHIRT-{line}")
            for line, units, shipped in lines
        ),
        tracking=tracking or Tracking(),
    )


def sent(plan):
    """{order line's fulfilment-order line number: units}"""
    return {
        entry["id"].rsplit("/", 1)[1]: entry["quantity"]
        for group in plan.input["lineItemsByFulfillmentOrder"]
        for entry in group["fulfillmentOrderLineItems"]
    }


# --- What is sent ----------------------------------------------------------------------


def test_a_whole_delivery_lists_its_lines_and_mails_nobody():
    plan = plan_fulfillment(delivery((1, 2, 2)), order(fulfillment_order()))

    assert plan.input == {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1",
                "fulfillmentOrderLineItems": [
                    {"id": "gid://shopify/FulfillmentOrderLineItem/1001", "quantity": 2}
                ],
            }
        ],
        "notifyCustomer": False,
    }
    assert plan.more is False


def test_tracking_names_only_what_is_known():
    tracking = Tracking(number="3S123", company="PostNL")

    plan = plan_fulfillment(
        delivery((1, 2, 2), tracking=tracking), order(fulfillment_order())
    )

    assert plan.input["trackingInfo"] == {"number": "3S123", "company": "PostNL"}


def test_a_partial_delivery_sends_its_part():
    plan = plan_fulfillment(
        delivery((1, 3, 3)), order(fulfillment_order(lines=((1, 5), (2, 1))))
    )

    assert sent(plan) == {"1001": 3}


def test_the_second_partial_delivery_sends_the_rest():
    plan = plan_fulfillment(
        delivery((1, 2, 5)),
        order(
            fulfillment_order(lines=((1, 2),)),
            fulfillments=[fulfillment(lines=((1, 3),))],
        ),
    )

    assert sent(plan) == {"1001": 2}


def test_same_product_on_two_lines_goes_to_the_right_lines():
    remote = order(fulfillment_order(lines=((1, 1), (2, 4))))

    plan = plan_fulfillment(delivery((2, 4, 4), (1, 1, 1)), remote)

    assert sent(plan) == {"1001": 1, "1002": 4}


def test_one_line_in_two_moves_is_added_up():
    plan = plan_fulfillment(delivery((1, 1, 2), (1, 1, 2)), order(fulfillment_order()))

    assert sent(plan) == {"1001": 2}


def test_a_line_spread_over_two_fulfilment_orders_takes_from_both():
    remote = order(
        fulfillment_order(1, ((1, 1),)),
        fulfillment_order(2, ((1, 2),)),
    )

    plan = plan_fulfillment(delivery((1, 3, 3)), remote)

    assert sent(plan) == {"1001": 1, "2001": 2}
    assert len(plan.input["lineItemsByFulfillmentOrder"]) == 2


def test_fulfilment_orders_of_other_locations_are_left_alone():
    remote = order(
        fulfillment_order(1, ((1, 2),), location=THERE),
        fulfillment_order(2, ((1, 2),)),
    )

    plan = plan_fulfillment(delivery((1, 2, 2)), remote)

    assert sent(plan) == {"2001": 2}


def test_more_than_250_lines_make_two_requests_and_lose_nothing():
    numbers = range(1, 301)
    facts = delivery(*((number, 1, 1) for number in numbers))
    remote = order(fulfillment_order(lines=tuple((n, 1) for n in numbers)))

    first = plan_fulfillment(facts, remote)
    rest = with_fulfillment(remote, "gid://shopify/Fulfillment/9", first.before)
    second = plan_fulfillment(facts, rest)

    assert (len(sent(first)), first.more) == (250, True)
    assert (len(sent(second)), second.more) == (50, False)
    assert not set(sent(first)) & set(sent(second))


def test_what_was_sent_is_known_without_reading_again():
    facts, remote = delivery((1, 2, 2)), order(fulfillment_order(lines=((1, 5),)))
    plan = plan_fulfillment(facts, remote)

    after = with_fulfillment(remote, "gid://shopify/Fulfillment/9", plan.before)

    assert after.fulfillment_orders[0].lines[0].remaining == 3
    assert after.fulfilled() == {line_gid(1): 2}
    assert plan_fulfillment(facts, after).input is None


def test_an_order_read_later_holds_what_was_sent_already():
    facts, remote = delivery((1, 2, 2)), order(fulfillment_order(lines=((1, 5),)))
    plan = plan_fulfillment(facts, remote)
    later = with_fulfillment(remote, "gid://shopify/Fulfillment/9", plan.before)

    assert with_fulfillment(later, "gid://shopify/Fulfillment/9", plan.before) == later


# --- What is not sent again ------------------------------------------------------------


def test_what_shopify_has_fulfilled_already_is_not_sent_again():
    plan = plan_fulfillment(
        delivery((1, 2, 2)),
        order(
            fulfillment_order(lines=((1, 0),), status="CLOSED", actions=frozenset()),
            fulfillments=[fulfillment()],
        ),
    )

    assert plan.input is None
    assert plan.covered == ("gid://shopify/Fulfillment/9",)


def test_a_parcel_entered_by_hand_in_shopify_counts_as_this_one():
    plan = plan_fulfillment(
        delivery((1, 1, 1)),
        order(
            fulfillment_order(lines=((1, 1),)),
            fulfillments=[fulfillment(lines=((1, 1),))],
        ),
    )

    assert plan.input is None


@pytest.mark.parametrize("lines", [((1, 3),), ((1, 2), (2, 1))])
def test_a_parcel_of_more_than_this_delivery_is_not_its_own(lines):
    plan = plan_fulfillment(
        delivery((1, 2, 2)), order(fulfillments=[fulfillment(lines=lines)])
    )

    assert plan.covered == ()


def test_only_the_rest_is_sent_when_a_part_was_fulfilled_by_hand():
    plan = plan_fulfillment(
        delivery((1, 2, 2)),
        order(
            fulfillment_order(lines=((1, 1),)),
            fulfillments=[fulfillment(lines=((1, 1),))],
        ),
    )

    assert sent(plan) == {"1001": 1}


def test_a_cancelled_fulfilment_fulfils_nothing():
    plan = plan_fulfillment(
        delivery((1, 2, 2)),
        order(fulfillment_order(), fulfillments=[fulfillment(status="CANCELLED")]),
    )

    assert sent(plan) == {"1001": 2}
    assert plan.covered == ()


def test_units_that_came_back_are_not_fulfilled():
    plan = plan_fulfillment(delivery((1, 2, 0)), order(fulfillment_order()))

    assert plan.input is None


# --- Stops -------------------------------------------------------------------------------


def stopped(facts, remote):
    with pytest.raises(NeedsReview) as caught:
        plan_fulfillment(facts, remote)
    return caught.value


def test_a_held_order_stops_with_the_reason_of_the_hold():
    held = fulfillment_order(
        status="ON_HOLD", actions=frozenset({"RELEASE_HOLD"}), holds=("Fraud check",)
    )

    stop = stopped(delivery((1, 2, 2)), order(held))

    assert (stop.code, stop.params["problem"]) == (
        "fulfillment_order_held",
        "Fraud check",
    )


def test_a_scheduled_order_waits_for_its_day():
    later = fulfillment_order(status="SCHEDULED", actions=frozenset({"MOVE"}))

    stop = stopped(delivery((1, 2, 2)), order(later))

    assert stop.params["problem"] == "scheduled for later"


def test_a_service_fulfils_its_own_orders():
    theirs = fulfillment_order(service="Fast Parcels", actions=frozenset())

    stop = stopped(delivery((1, 2, 2)), order(theirs))

    assert (stop.code, stop.params["service"]) == (
        "fulfillment_third_party",
        "Fast Parcels",
    )


def test_a_closed_order_stops():
    closed = fulfillment_order(lines=((1, 0),), status="CANCELLED", actions=frozenset())

    assert stopped(delivery((1, 2, 2)), order(closed)).code == (
        "fulfillment_order_closed"
    )


def test_an_order_assigned_elsewhere_stops():
    elsewhere = fulfillment_order(location=THERE, location_name="Antwerp")

    stop = stopped(delivery((1, 2, 2)), order(elsewhere))

    assert (stop.code, stop.params["order"], stop.params["location"]) == (
        "fulfillment_not_found",
        "#1042",
        "Rotterdam",
    )


def test_more_shipped_than_ordered_stops_and_names_both():
    stop = stopped(delivery((1, 3, 3)), order(fulfillment_order()))

    assert stop.code == "fulfillment_mismatch"
    assert (stop.params["shipped"], stop.params["open"]) == (
        "3 × SHIRT-1",
        "2 × SHIRT-1",
    )


def test_one_line_that_does_not_fit_stops_the_whole_delivery():
    remote = order(fulfillment_order(lines=((1, 2), (2, 1))))

    assert stopped(delivery((1, 2, 2), (2, 5, 5)), remote).code == (
        "fulfillment_mismatch"
    )


# --- Reading -----------------------------------------------------------------------------


def node():
    return {
        "id": "gid://shopify/Order/5",
        "name": "#1042",
        "fulfillmentOrders": {
            "nodes": [
                {
                    "id": "gid://shopify/FulfillmentOrder/1",
                    "status": "OPEN",
                    "requestStatus": "UNSUBMITTED",
                    "supportedActions": [{"action": "CREATE_FULFILLMENT"}],
                    "assignedLocation": {
                        "name": "Rotterdam",
                        "location": {"id": HERE, "isFulfillmentService": False},
                    },
                    "fulfillmentHolds": [],
                    "lineItems": {
                        "nodes": [
                            {
                                "id": "gid://shopify/FulfillmentOrderLineItem/1001",
                                "remainingQuantity": 2,
                                "lineItem": {"id": line_gid(1)},
                            }
                        ]
                    },
                }
            ]
        },
        "fulfillments": [
            {
                "id": "gid://shopify/Fulfillment/9",
                "status": "SUCCESS",
                "location": {"id": HERE},
                "trackingInfo": [{"number": "3S1"}, {"number": None}],
                "fulfillmentLineItems": {
                    "nodes": [
                        {"quantity": 1, "lineItem": {"id": line_gid(1)}},
                        {"quantity": None, "lineItem": {"id": line_gid(2)}},
                    ]
                },
            }
        ],
    }


def test_an_order_is_read_as_it_is_answered():
    read = read_order(node())

    assert read.fulfillment_orders == (
        fulfillment_order(actions=frozenset({"CREATE_FULFILLMENT"})),
    )
    assert read.fulfillments == (fulfillment(lines=((1, 1), (2, 0)), numbers=("3S1",)),)


def test_a_location_that_we_may_not_see_belongs_to_a_service():
    answer = node()
    answer["fulfillmentOrders"]["nodes"][0]["assignedLocation"]["location"] = None

    assert read_order(answer).fulfillment_orders[0].service == "Rotterdam"


def test_a_request_that_a_service_accepted_is_the_service_s():
    answer = node()
    answer["fulfillmentOrders"]["nodes"][0]["requestStatus"] = "ACCEPTED"

    assert read_order(answer).fulfillment_orders[0].usable is False


def test_null_where_shopify_may_send_null_is_read():
    answer = node()
    answer["fulfillments"][0]["location"] = None

    assert read_order(answer).fulfillments[0].location == ""


# --- A lost answer -------------------------------------------------------------------------

WANTED = delivery((1, 2, 2), tracking=Tracking(number="3S123"))


def before(remote=None):
    return plan_fulfillment(WANTED, remote or order(fulfillment_order())).before


def timing(after):
    return Timing(
        sent_at=NOON,
        now=NOON + timedelta(seconds=after),
        timeout=timedelta(seconds=60),
    )


def closed(fulfillments):
    return order(
        fulfillment_order(lines=((1, 0),), status="CLOSED"), fulfillments=fulfillments
    )


def test_exactly_what_was_sent_is_ours():
    found = closed([fulfillment(numbers=("3S123",))])

    verdict = settle_fulfillment(before(), found, timing(5))

    assert (verdict.kind, verdict.gids) == (
        "applied",
        ("gid://shopify/Fulfillment/9",),
    )


@pytest.mark.parametrize(
    "other",
    [
        fulfillment(numbers=("other",)),
        fulfillment(lines=((1, 1),), numbers=("3S123",)),
        fulfillment(location=THERE, numbers=("3S123",)),
        fulfillment(status="CANCELLED", numbers=("3S123",)),
    ],
)
def test_another_new_fulfilment_goes_to_a_person(other):
    verdict = settle_fulfillment(before(), closed([other]), timing(500))

    assert verdict.kind == "ask_person"
    assert other.gid in verdict.failure.params["problem"]


def test_two_that_fit_go_to_a_person():
    found = closed(
        [fulfillment(8, numbers=("3S123",)), fulfillment(9, numbers=("3S123",))]
    )

    assert settle_fulfillment(before(), found, timing(5)).kind == "ask_person"


def test_one_that_was_there_before_is_not_ours():
    old = fulfillment(8, numbers=("3S123",), lines=((1, 0),))
    there = order(fulfillment_order(), fulfillments=[old])

    verdict = settle_fulfillment(before(there), there, timing(5))

    assert verdict.kind == "wait"


def test_changed_remainder_without_a_fulfilment_goes_to_a_person():
    found = order(fulfillment_order(lines=((1, 1),)))

    assert settle_fulfillment(before(), found, timing(500)).kind == "ask_person"


def test_no_change_is_read_twice_before_it_is_believed():
    unchanged = order(fulfillment_order())

    early = settle_fulfillment(before(), unchanged, timing(5))
    first = settle_fulfillment(before(), unchanged, timing(300))
    soon = settle_fulfillment(
        before(), unchanged, timing(330), NOON + timedelta(seconds=300)
    )
    late = settle_fulfillment(
        before(), unchanged, timing(360), NOON + timedelta(seconds=300)
    )

    assert (early.kind, early.until) == ("wait", NOON + timedelta(seconds=120))
    assert (first.kind, first.until) == ("wait", NOON + timedelta(seconds=360))
    assert (soon.kind, soon.until) == ("wait", NOON + timedelta(seconds=360))
    assert late.kind == "not_applied"


def test_no_change_is_not_believed_while_the_request_may_still_arrive():
    unchanged = order(fulfillment_order())

    verdict = settle_fulfillment(before(), unchanged, timing(119), NOON)

    assert (verdict.kind, verdict.until) == ("wait", NOON + timedelta(seconds=120))


def test_exactly_what_was_sent_is_likelier_than_the_same_units_elsewhere():
    facts = before()
    sent = facts["lines"]
    exact = fulfillment(8, numbers=(facts["number"],))
    exact = replace(exact, lines=sent)
    elsewhere = replace(exact, gid="gid://shopify/Fulfillment/9", location=THERE)
    void = replace(exact, gid="gid://shopify/Fulfillment/10", status="CANCELLED")
    found = order(fulfillment_order(), fulfillments=[elsewhere, exact, void])

    assert likely_fulfillments(facts, found) == (exact.gid,)
    assert new_fulfillments(facts, found) == (elsewhere.gid, exact.gid)


def test_same_units_or_same_number_may_be_it_and_nothing_else():
    facts = before()
    units = replace(fulfillment(8), lines=facts["lines"], location=THERE)
    number = fulfillment(9, lines=((1, 77),), numbers=(facts["number"],))
    other = fulfillment(10, lines=((1, 77),))
    found = order(fulfillment_order(), fulfillments=[units, number, other])

    assert likely_fulfillments(facts, found) == (units.gid, number.gid)
