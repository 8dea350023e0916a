"""What a Shopify product is in Odoo."""

from decimal import Decimal

import pytest

from core import products
from core.products import OptionPlan, PricePlan

from .product_nodes import SIZES, gid, product_node, shirt, variant_node

# --- The plan ----------------------------------------------------------------------


def test_product_with_the_default_variant_only_has_no_options():
    plan = products.plan_product(product_node(variant_node(1, sku=" MUG ")))

    assert plan.options == ()
    assert [(v.gid, v.values, v.sku) for v in plan.variants] == [(gid(1), (), "MUG")]


def test_real_option_named_title_is_kept():
    node = product_node(
        variant_node(1, values={"Title": "Sir"}), options={"Title": ["Sir"]}
    )

    assert products.plan_product(node).options == (OptionPlan("Title", ("Sir",)),)


def test_options_and_values_keep_shopifys_order():
    plan = shirt()

    assert plan.options == (
        OptionPlan("Size", ("S", "M")),
        OptionPlan("Color", ("Red", "Blue")),
    )
    assert [variant.values for variant in plan.variants] == [
        ("S", "Red"),
        ("S", "Blue"),
        ("M", "Red"),
        ("M", "Blue"),
    ]
    assert plan.is_full_matrix


def test_option_value_that_no_variant_uses_is_left_out():
    node = product_node(
        variant_node(1, values={"Size": "M"}), options={"Size": ["S", "M", "L"]}
    )

    assert products.plan_product(node).options == (OptionPlan("Size", ("M",)),)


def test_missing_combination_is_no_full_matrix():
    node = product_node(
        variant_node(1, values={"Size": "S", "Color": "Red"}),
        variant_node(2, values={"Size": "M", "Color": "Blue"}),
        options=SIZES,
    )

    assert not products.plan_product(node).is_full_matrix


def test_variants_of_further_pages_belong_to_the_plan():
    first = variant_node(1, values={"Size": "S"})
    second = variant_node(2, values={"Size": "M"})
    node = product_node(first, options={"Size": ["S", "M"]})

    plan = products.plan_product(node, [second])

    assert [variant.gid for variant in plan.variants] == [gid(1), gid(2)]
    assert plan.options == (OptionPlan("Size", ("S", "M")),)


@pytest.mark.parametrize(
    "item, kind, stocked",
    [
        ({"tracked": True, "requiresShipping": True}, "goods", True),
        ({"tracked": False, "requiresShipping": True}, "goods", False),
        ({"tracked": True, "requiresShipping": False}, "service", False),
        ({"tracked": False, "requiresShipping": False}, "service", False),
    ],
)
def test_tracked_goods_are_stocked_and_unshipped_things_are_services(
    item, kind, stocked
):
    plan = products.plan_product(product_node(variant_node(1, item=item)))

    assert (plan.kind, plan.is_stocked) == (kind, stocked)


def test_gift_card_is_a_service_whatever_its_variant_says():
    plan = products.plan_product(product_node(variant_node(1), isGiftCard=True))

    assert (plan.kind, plan.is_stocked) == ("service", False)


def test_bundle_has_no_stock_of_its_own():
    plan = products.plan_product(product_node(variant_node(1, requiresComponents=True)))

    assert (plan.kind, plan.is_stocked) == ("goods", False)


def test_one_tracked_variant_makes_the_product_stocked():
    node = product_node(
        variant_node(1, values={"Size": "S"}, item={"tracked": False}),
        variant_node(2, values={"Size": "M"}),
        options={"Size": ["S", "M"]},
    )

    plan = products.plan_product(node)

    assert plan.is_stocked
    assert [variant.is_stocked for variant in plan.variants] == [False, True]


@pytest.mark.parametrize(
    "weight, expected",
    [
        ({"unit": "GRAMS", "value": 250.0}, "0.25"),
        ({"unit": "KILOGRAMS", "value": 1.5}, "1.5"),
        ({"unit": "POUNDS", "value": 2.0}, "0.90718474"),
        ({"unit": "OUNCES", "value": 16.0}, "0.45359237"),
        ({"unit": "STONES", "value": 1.0}, "0"),
        (None, "0"),
    ],
)
def test_weight_is_in_kilograms(weight, expected):
    item = {"measurement": {"weight": weight}}

    plan = products.plan_product(product_node(variant_node(1, item=item)))

    assert plan.variants[0].weight == Decimal(expected)


def test_nulls_everywhere_still_make_a_plan():
    node = product_node(
        variant_node(
            1,
            price=None,
            item={"id": None, "sku": None, "measurement": None, "tracked": None},
        ),
        title=None,
        status=None,
        updatedAt=None,
    )

    plan = products.plan_product(node)

    assert (plan.title, plan.variants[0].price) == ("1", Decimal(0))


def test_digest_changes_with_content_and_not_with_the_time():
    plan = products.plan_product(product_node(variant_node(1, sku="MUG")))
    later = products.plan_product(
        product_node(variant_node(1, sku="MUG"), updatedAt="2026-11-21T08:00:00Z")
    )
    dearer = products.plan_product(
        product_node(variant_node(1, sku="MUG", price="20.00"))
    )

    assert later.digest() == plan.digest()
    assert dearer.digest() != plan.digest()


# --- Prices ------------------------------------------------------------------------


def test_one_price_needs_no_extras():
    assert products.plan_prices(shirt()) == PricePlan(Decimal("19.90"), {}, True)


def test_price_by_size_becomes_an_extra_of_the_size():
    plan = shirt(**{"M/Red": "24.90", "M/Blue": "24.90"})

    assert products.plan_prices(plan) == PricePlan(
        Decimal("19.90"), {("Size", "M"): Decimal("5.00")}, True
    )


def test_price_of_a_single_combination_is_not_exact():
    plan = shirt(**{"M/Blue": "24.90"})

    assert products.plan_prices(plan) == PricePlan(Decimal("19.90"), {}, False)
