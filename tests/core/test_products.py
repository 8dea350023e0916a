"""What a Shopify product is in Odoo, and which Odoo variant each variant means."""

from decimal import Decimal

import pytest

from core import products
from core.products import Match, MatchIndex, OdooVariant, OptionPlan, PricePlan


def variant_node(number, sku="", values=None, **changed):
    item = {
        "id": f"gid://shopify/InventoryItem/{number}",
        "sku": sku or None,
        "tracked": True,
        "requiresShipping": True,
        "duplicateSkuCount": 0,
        "measurement": {"weight": {"unit": "GRAMS", "value": 250.0}},
    }
    item |= changed.pop("item", {})
    values = values or {"Title": "Default Title"}
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "position": number,
        "sku": sku or None,
        "barcode": None,
        "price": "19.90",
        "requiresComponents": False,
        "selectedOptions": [{"name": n, "value": v} for n, v in values.items()],
        "inventoryItem": item,
        "odooId": None,
        "odooProof": None,
    } | changed


def product_node(*variants, options=None, **changed):
    options = options or {"Title": ["Default Title"]}
    return {
        "id": "gid://shopify/Product/1",
        "title": "Shirt",
        "status": "ACTIVE",
        "isGiftCard": False,
        "updatedAt": "2026-11-20T08:00:00Z",
        "options": [{"name": n, "values": v} for n, v in options.items()],
        "variants": {"nodes": list(variants), "pageInfo": {"hasNextPage": False}},
        "odooId": None,
        "odooProof": None,
    } | changed


def gid(number):
    return f"gid://shopify/ProductVariant/{number}"


SIZES = {"Size": ["S", "M"], "Color": ["Red", "Blue"]}


def shirt(**prices):
    """A full matrix of two options; prices by "S/Red" …"""
    nodes = [
        variant_node(
            number,
            sku=f"SHIRT-{number}",
            values={"Size": size, "Color": color},
            price=prices.get(f"{size}/{color}", "19.90"),
        )
        for number, (size, color) in enumerate(
            [("S", "Red"), ("S", "Blue"), ("M", "Red"), ("M", "Blue")], start=1
        )
    ]
    return products.plan_product(product_node(*nodes, options=SIZES))


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


# --- Matching ----------------------------------------------------------------------


def match(plan, *odoo, keys=products.MATCH_KEYS, others=()):
    found = products.match_variants([plan, *others], MatchIndex(odoo), keys)
    return found[plan.variants[0].gid]


def mug(sku="MUG", barcode=None, number=1, **item):
    return products.plan_product(
        product_node(
            variant_node(number, sku=sku, barcode=barcode, item=item),
            id=f"gid://shopify/Product/{number}",
        )
    )


def test_equal_sku_is_one_match():
    found = match(mug(), OdooVariant(5, 50, sku="MUG"), OdooVariant(6, 60, sku="CUP"))

    assert found == Match((5,), (), "sku", "MUG")
    assert found.is_unique


def test_two_odoo_variants_of_one_sku_are_both_candidates():
    found = match(mug(), OdooVariant(6, 60, sku="MUG"), OdooVariant(5, 50, sku="MUG"))

    assert found == Match((5, 6), (), "sku", "MUG")
    assert not found.is_unique


def test_two_shopify_variants_of_one_sku_are_no_match():
    found = match(mug(), OdooVariant(5, 50, sku="MUG"), others=[mug(number=2)])

    assert found == Match((5,), (gid(2),), "sku", "MUG")
    assert not found.is_unique


def test_variant_found_by_a_search_in_shopify_counts_too():
    index = MatchIndex([OdooVariant(5, 50, sku="MUG")])

    found = products.match_variants(
        [mug()], index, seen={("sku", "MUG"): [gid(1), gid(9)]}
    )

    assert found[gid(1)] == Match((5,), (gid(9),), "sku", "MUG")


def test_search_is_worth_it_only_for_a_shared_sku_that_odoo_has_once():
    index = MatchIndex(
        [
            OdooVariant(5, 50, sku="MUG"),
            OdooVariant(6, 60, sku="CUP"),
            OdooVariant(7, 70, sku="CUP"),
            OdooVariant(8, 80, sku="JUG"),
        ]
    )
    plans = [
        mug(duplicateSkuCount=1),
        mug("CUP", number=2, duplicateSkuCount=1),
        mug("JUG", number=3, duplicateSkuCount=0),
        mug("POT", number=4, duplicateSkuCount=1),
    ]

    assert products.shared_skus(plans, index) == ("MUG",)


def test_barcode_finds_what_the_sku_does_not():
    found = match(mug(barcode="40063813"), OdooVariant(5, 50, barcode="40063813"))

    assert found == Match((5,), (), "barcode", "40063813")


def test_sku_and_barcode_of_two_products_contradict_each_other():
    plan = mug(barcode="40063813")

    found = match(
        plan, OdooVariant(5, 50, sku="MUG"), OdooVariant(6, 60, barcode="40063813")
    )

    assert found == Match((5, 6), (), "sku", "MUG")


def test_empty_sku_matches_nothing():
    assert match(mug(sku=""), OdooVariant(5, 50, sku="")) == Match((), (), "", "")


def test_keys_of_a_batch_name_each_value_once():
    keys = products.keys_of([mug(barcode="1"), mug(number=2), mug(sku="", number=3)])

    assert keys == {"sku": ("MUG",), "barcode": ("1",)}


def test_matches_in_two_odoo_products_name_both():
    plan = shirt()
    index = MatchIndex([OdooVariant(5, 50), OdooVariant(6, 60), OdooVariant(7, 60)])

    templates = products.template_of(plan, {gid(1): 5, gid(2): 6, gid(3): 7}, index)

    assert templates == (50, 60)


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
