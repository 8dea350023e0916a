from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from core.orders import (
    OrderPolicy,
    exclusion,
    needs_refunds,
    plan_order,
    unpaid,
)

from .order_nodes import (
    POLICY,
    address,
    bag,
    discount,
    line,
    order,
    refund,
    refunded_line,
    stop,
    tax,
)


def test_line_removed_before_the_import_is_left_out():
    node = order(
        line(1, taxLines=[tax("2.10")]),
        line(2, currentQuantity=0, taxLines=[tax("2.10")]),
        total="12.10",
        tax="2.10",
    )

    plan = plan_order(node, POLICY)

    assert [each.gid for each in plan.lines] == ["gid://shopify/LineItem/1"]


def test_partly_removed_line_bears_its_share_of_discount_and_tax():
    node = order(
        line(
            1,
            3,
            "10.00",
            currentQuantity=2,
            discountAllocations=[discount("3.01")],
            taxLines=[tax("5.67")],
        ),
        total="21.77",
        tax="3.78",
    )

    plan = plan_order(node, POLICY)

    assert plan.lines[0].quantity == 2
    assert plan.lines[0].discount == Decimal("2.01")
    assert plan.lines[0].tax == Decimal("3.78")
    assert plan.lines[0].removed == 1


def test_refund_of_unshipped_units_is_subtracted_once():
    node = order(
        line(1, taxLines=[tax("2.10")]),
        line(2, currentQuantity=0, taxLines=[tax("2.10")]),
        total="12.10",
        tax="2.10",
        totalRefundedSet=bag("12.10"),
        refunds=[refund(refunded_line(2, 1, "10.00", "2.10"))],
    )

    plan = plan_order(node, POLICY)

    assert plan.total == Decimal("12.10")
    assert len(plan.lines) == 1


@pytest.mark.parametrize(
    "refunds",
    [
        [refund()],
        [refund(refunded_line(1, how="RETURN"))],
        [refund(refunded_line(1, how="NO_RESTOCK"))],
        [refund(refunded_line(1), orderAdjustments={"nodes": [{"id": "x"}]})],
        [refund(refunded_line(1), refundShippingLines={"nodes": [{"id": "x"}]})],
        [refund(refunded_line(1, subtotal="4.00"))],
        [],
    ],
    ids=["goodwill", "returned", "kept", "adjusted", "shipping", "partly", "unknown"],
)
def test_any_other_refund_stops_with_its_amount(refunds):
    node = order(
        line(1, 2, currentQuantity=1),
        total="10.00",
        totalRefundedSet=bag("10.00"),
        refunds=refunds,
    )

    failure = stop(node)

    assert failure.code == "refunded_before_import"
    assert failure.params == {"amount": "10.00 EUR"}


def test_refunds_are_asked_for_only_when_something_left_the_order():
    whole = order(line(), total="10.00")

    assert not needs_refunds(whole)
    assert needs_refunds(whole | {"totalRefundedSet": bag("1.00")})
    assert needs_refunds(order(line(1, 2, currentQuantity=1), total="10.00"))


def test_unconfirmed_order_waits():
    failure = stop(order(line(), total="10.00", confirmed=False))

    assert failure.code == "order_not_confirmed"
    assert failure.reason.nature == "temporary"


@pytest.mark.parametrize(
    ("status", "waits"),
    [
        ("PENDING", True),
        ("EXPIRED", True),
        ("VOIDED", True),
        ("AUTHORIZED", False),
        ("PARTIALLY_PAID", False),
        ("PAID", False),
        ("PARTIALLY_REFUNDED", False),
        ("REFUNDED", False),
        (None, False),
    ],
)
def test_unpaid_order_waits_unless_the_store_takes_it(status, waits):
    node = order(line(), total="10.00", displayFinancialStatus=status)

    failure = unpaid(node, POLICY)

    assert (failure is not None) is waits
    assert unpaid(node, replace(POLICY, unpaid="import")) is None
    if failure:
        assert failure.code == "order_not_paid"
        assert failure.params == {"status": status.lower()}
        assert failure.reason.nature == "temporary"
        assert failure.reason.delays == (60, 360, 1440)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, ""),
        ({"test": True}, "It is a test order; rule: leave test orders out"),
        (
            {"cancelledAt": "2026-11-20T10:00:00Z"},
            "It was cancelled before it came to Odoo; rule: leave these out",
        ),
        (
            {"createdAt": "2026-10-31T23:59:59Z"},
            "It was created before 2026-11-01; rule: only orders from then on",
        ),
    ],
)
def test_order_is_left_out_by_a_named_rule(changes, rule):
    policy = OrderPolicy(digits=POLICY.digits, start=datetime(2026, 11, 1, tzinfo=UTC))

    assert exclusion(order(line(), total="10.00", **changes), policy) == rule


def test_test_orders_come_in_if_the_store_wants_them():
    policy = OrderPolicy(digits=POLICY.digits, test_orders="import")
    node = order(line(), total="10.00", test=True)

    assert exclusion(node, policy) == ""
    assert plan_order(node, policy).is_test


def test_withheld_customer_is_never_taken_for_a_guest():
    node = order(line(), total="10.00", withheld=["customer"])

    failure = stop(node)

    assert failure.code == "scope_missing"
    assert failure.params["scope"] == "read_customers"
    assert failure.waits_on == ("scope:read_customers",)


def test_guest_is_known_by_e_mail():
    plan = plan_order(order(line(), total="10.00", email=" Ada@Example.com"), POLICY)

    assert plan.customer.gid is None
    assert plan.customer.match_key == "ada@example.com"
    assert plan.customer.name == "Ada Byron"


def test_customer_is_known_by_id():
    customer = {
        "id": "gid://shopify/Customer/7",
        "firstName": "Grace",
        "lastName": "Hopper",
        "defaultEmailAddress": {"emailAddress": "grace@example.com"},
        "odooId": None,
        "odooProof": None,
    }

    plan = plan_order(order(line(), total="10.00", customer=customer), POLICY)

    assert plan.customer.gid == "gid://shopify/Customer/7"
    assert plan.customer.name == "Grace Hopper"


def test_order_without_any_personal_data_is_named_after_itself():
    node = order(
        line(),
        total="10.00",
        email=None,
        billingAddress=None,
        shippingAddress=None,
    )

    plan = plan_order(node, POLICY)

    assert plan.customer.name == "#1042"
    assert plan.customer.withheld
    assert plan.bill_to is plan.ship_to is None


def test_billing_and_delivery_are_kept_apart():
    node = order(line(), total="10.00", shippingAddress=address(address1="Plein 2"))

    plan = plan_order(node, POLICY)

    assert (plan.bill_to.street, plan.ship_to.street) == ("Kade 1", "Plein 2")


def part(location, status="OPEN"):
    place = {"id": location} if location else None
    return {"status": status, "assignedLocation": {"location": place}}


def test_locations_are_those_of_living_parts_once_each():
    one, two = "gid://shopify/Location/1", "gid://shopify/Location/2"
    parts = [part(one, "CANCELLED"), part(two), part(two), part(None)]
    node = order(line(), total="10.00", fulfillmentOrders={"nodes": parts})

    assert plan_order(node, POLICY).location_gids == (two,)


def test_payments_are_kept_as_told():
    node = order(
        line(),
        total="10.00",
        transactions=[
            {
                "id": "gid://shopify/OrderTransaction/1",
                "kind": "SALE",
                "status": "SUCCESS",
                "gateway": "shopify_payments",
                "processedAt": "2026-11-20T09:12:30Z",
                "amountSet": bag("10.00"),
            }
        ],
    )

    (payment,) = plan_order(node, POLICY).payments

    assert (payment.kind, payment.status, payment.amount) == (
        "SALE",
        "SUCCESS",
        Decimal("10.00"),
    )
