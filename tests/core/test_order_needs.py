import pytest

from core.order_needs import SETTINGS, Known, missing
from core.orders import plan_order

from .order_nodes import (
    POLICY,
    bag,
    custom_line,
    line,
    order,
    shipping,
    tax,
)


def part(location, status="OPEN"):
    place = {"id": location} if location else None
    return {"status": status, "assignedLocation": {"location": place}}


def known(plan, **without):
    """Everything this plan needs, less what the test takes away."""
    everything = Known(
        variants=frozenset(each.variant_gid for each in plan.lines),
        locations=frozenset(plan.location_gids),
        taxes=frozenset(map(str, plan.tax_keys())),
        currencies=frozenset({"EUR"}),
        pricelists=frozenset({"EUR"}),
        products=frozenset(SETTINGS.values()),
    )
    return Known(**{**everything.__dict__, **without})


def test_nothing_is_missing_when_all_is_mapped():
    plan = plan_order(order(line(), total="10.00", delivery=[]), POLICY)

    assert missing(plan, known(plan)) is None


def test_all_missing_things_are_named_at_once():
    location = "gid://shopify/Location/1"
    node = order(
        line(1, taxLines=[tax("2.10")]),
        line(2),
        custom_line(3, "5.00"),
        delivery=[shipping("1.00")],
        total="28.10",
        tax="2.10",
        fulfillmentOrders={"nodes": [part(location)]},
    )
    plan = plan_order(node, POLICY)

    failure = missing(plan, Known(currencies=frozenset({"EUR"})))

    assert failure.code == "variant_unmapped"
    assert failure.params["variant"] == "SHIRT-1"
    assert failure.waits_on == (
        "variant:gid://shopify/ProductVariant/1",
        "product:gid://shopify/Product/5",
        "variant:gid://shopify/ProductVariant/2",
        f"location:{location}",
        "tax:BTW|0.21|excluded",
        "pricelist:EUR",
        "setting:custom_product_id",
        "setting:delivery_carrier_id",
    )


@pytest.mark.parametrize(
    ("node", "code", "params"),
    [
        (
            order(custom_line(), total="5.00"),
            "custom_line_product_missing",
            {"line": "Engraving"},
        ),
        (
            order(line(variant=None), total="10.00"),
            "line_product_deleted",
            {"line": "Shirt 1"},
        ),
        (
            order(line(variant=None, product=None, isGiftCard=True), total="10.00"),
            "line_product_deleted",
            {"line": "Shirt 1"},
        ),
        (
            order(line(), total="12.00", totalTipReceivedSet=bag("2.00")),
            "tip_product_missing",
            {"amount": "2.00 EUR"},
        ),
        (
            order(
                line(),
                total="11.50",
                additionalFees=[
                    {
                        "id": "gid://shopify/AdditionalFee/1",
                        "name": "Handling",
                        "price": bag("1.50"),
                        "taxLines": [],
                    }
                ],
            ),
            "fee_product_missing",
            {"component": "an additional fee", "amount": "1.50 EUR"},
        ),
        (
            order(line(), total="14.95", delivery=[shipping()]),
            "delivery_product_missing",
            {"shipping": "Standard"},
        ),
    ],
)
def test_line_of_no_product_stops_and_names_the_component(node, code, params):
    plan = plan_order(node, POLICY)

    failure = missing(plan, known(plan, products=frozenset()))

    assert (failure.code, failure.params) == (code, params)


def test_pricelist_and_currency_are_told_apart():
    plan = plan_order(order(line(), total="10.00"), POLICY)

    assert missing(plan, known(plan, pricelists=frozenset())).code == (
        "pricelist_missing"
    )
    assert missing(plan, known(plan, currencies=frozenset())).code == (
        "currency_inactive"
    )


def test_shipping_with_a_delivery_method_of_its_own_needs_none_of_the_store():
    sent = shipping("1.00") | {"source": "shopify", "code": "EXP"}
    plan = plan_order(order(line(), total="11.00", delivery=[sent]), POLICY)
    without = frozenset(SETTINGS.values()) - {"delivery_carrier_id"}

    assert missing(plan, known(plan, products=without)).code == (
        "delivery_product_missing"
    )
    assert (
        missing(
            plan,
            known(plan, products=without, deliveries=frozenset({"shopify|EXP"})),
        )
        is None
    )
