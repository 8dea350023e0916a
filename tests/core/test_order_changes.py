import json

import pytest

from core.order_changes import (
    Difference,
    changed_failure,
    compare_imported,
    digest,
    facts_from_node,
)
from core.order_lines import Reading
from core.orders import plan_order

from .order_nodes import (
    POLICY,
    address,
    bag,
    custom_line,
    discount,
    line,
    order,
    shipping,
)

READING = Reading("shop", False, 2)


def base(**changes):
    return order(
        line(1, 2, "20.00", discountAllocations=[discount("4.00")]),
        line(2),
        delivery=[shipping("5.00")],
        total="51.00",
        **changes,
    )


def facts(node):
    return facts_from_node(node, "EUR", READING)


def compared(node):
    return compare_imported(facts(base()), facts(node))


def test_plan_carries_the_facts_of_its_node():
    plan = plan_order(base(), POLICY)

    assert plan.facts == facts(base())
    assert plan.digest == digest(facts(base()))


@pytest.mark.parametrize(
    "changes",
    [
        {"updatedAt": "2026-11-21T00:00:00Z"},
        {"note": "Ring twice", "tags": ["vip"]},
        {"displayFinancialStatus": "PAID"},
        {"odooId": {"value": "42"}, "odooProof": {"value": "{}"}},
        {"currentTotalPriceSet": bag("51.0")},
    ],
    ids=["time", "note", "paid", "mark", "zeros"],
)
def test_what_sells_nothing_else_is_no_change(changes):
    assert digest(facts(base(**changes))) == digest(facts(base()))


def test_facts_survive_storage_as_json():
    stored = json.loads(json.dumps(facts(base())))

    assert compare_imported(stored, facts(base())) == ()
    assert digest(stored) == digest(facts(base()))


def test_facts_hold_no_personal_data():
    text = json.dumps(facts(base()))

    assert "ada" not in text.lower()
    assert "Kade" not in text


def test_removed_unit_names_line_quantity_and_total():
    node = base(currentTotalPriceSet=bag("33.00"))
    node["lineItems"]["nodes"][0]["currentQuantity"] = 1

    assert compared(node) == (
        Difference("total", "51", "33"),
        Difference("quantity of SHIRT-1", 2, 1),
    )


def test_added_line_is_named_with_its_price():
    node = base(currentTotalPriceSet=bag("56.00"))
    node["lineItems"]["nodes"].append(custom_line(3, "5.00"))

    assert compared(node) == (
        Difference("total", "51", "56"),
        Difference("new line Engraving", None, "1 × 5"),
    )


def test_changed_shipping_and_discount_are_named():
    node = base()
    node["lineItems"]["nodes"][0]["discountAllocations"] = []
    node["shippingLines"]["nodes"] = []

    assert compared(node) == (
        Difference("price of SHIRT-1", "36", "40"),
        Difference("line Standard removed", "5", None),
    )


def test_new_address_is_named_without_being_shown():
    node = base(shippingAddress=address(address1="Plein 2"))

    assert compared(node) == (
        Difference("delivery address", "as imported", "another one"),
    )


def test_address_written_differently_is_the_same_one():
    node = base(shippingAddress=address(address1=" KADE  1"))

    assert compared(node) == ()


def test_withheld_personal_data_is_no_change():
    node = base(email=None, billingAddress=None, shippingAddress=None, customer=None)

    assert compared(node) == ()


def test_cancelled_order_is_a_change():
    node = base(cancelledAt="2026-11-21T08:00:00Z")

    assert compared(node) == (Difference("cancelled", None, "2026-11-21T08:00:00Z"),)


def test_deleted_variant_is_no_change_of_the_order():
    node = base()
    node["lineItems"]["nodes"][0]["variant"] = None

    assert compared(node) == ()


def test_refund_after_import_is_a_change_once():
    node = base(totalRefundedSet=bag("10.00"))

    assert compared(node) == (Difference("refunded amount", "0", "10"),)


def test_stop_lists_the_fields_and_both_values():
    failure = changed_failure([Difference("total", "51", "33")])

    assert failure.code == "changed_in_shopify"
    assert failure.params == {
        "fields": ["total"],
        "differences": [["total", "51", "33"]],
    }
