import json
from dataclasses import replace
from decimal import Decimal

import pytest

from core import exports
from core.exports import (
    AttributeFacts,
    PersonFacts,
    ProductFacts,
    VariantFacts,
    customer_input,
    product_holders,
    product_input,
    product_points,
)
from core.failures import NeedsReview
from core.marks import Proof

DATABASE = "11111111-2222-3333-4444-555555555555"
TOKEN = "0123456789abcdef"


def proof(model, odoo_id):
    return Proof(DATABASE, model, (odoo_id,), "2026-01-02 03:04:05.678901", TOKEN)


PRODUCT = proof("product.template", 7)


def variant(odoo_id, *values, **more):
    return VariantFacts(odoo_id, values, **{"price": Decimal("9.5"), **more})


def facts(*variants, **more):
    known = {
        "id": 7,
        "name": "Mug",
        "kind": "goods",
        "is_stocked": True,
        "attributes": (),
        "variants": variants or (variant(70, sku="MUG"),),
        "currency": "USD",
        "shop_currency": "USD",
    }
    return ProductFacts(**(known | more))


def made(told):
    proofs = {each.id: proof("product.product", each.id) for each in told.variants}
    return product_input(told, PRODUCT, proofs)


def stopped(told):
    with pytest.raises(NeedsReview) as stop:
        made(told)
    return stop.value.failure


def metafields(rows):
    assert {row["namespace"] for row in rows} == {"$app:odoo"}
    return {row["key"]: (row["type"], row["value"]) for row in rows}


# --- Products ----------------------------------------------------------------------


def test_product_without_attributes_is_a_draft_with_the_one_default_variant():
    given = made(facts(variant(70, sku=" MUG ", barcode="4006381333931")))

    assert given["title"] == "Mug"
    assert given["status"] == "DRAFT"
    assert given["productOptions"] == [
        {"name": "Title", "values": [{"name": "Default Title"}]}
    ]
    [only] = given["variants"]
    assert only["optionValues"] == [{"optionName": "Title", "name": "Default Title"}]
    assert (only["sku"], only["barcode"], only["price"]) == (
        "MUG",
        "4006381333931",
        "9.50",
    )
    assert only["inventoryItem"] == {"tracked": True, "requiresShipping": True}


def test_nothing_in_the_input_could_name_a_product_that_is_there():
    given = made(facts())

    assert "id" not in given and "handle" not in given
    assert "identifier" not in json.dumps(given)


def test_product_and_each_variant_carry_their_id_and_proof():
    size = AttributeFacts("Size", ("S", "M"))
    given = made(facts(variant(70, "S"), variant(71, "M"), attributes=(size,)))

    assert metafields(given["metafields"]) == {
        "id": ("id", "7"),
        "proof": ("json", PRODUCT.to_json()),
    }
    assert [metafields(row["metafields"])["id"] for row in given["variants"]] == [
        ("id", "70"),
        ("id", "71"),
    ]
    assert exports.proof_sent(given) == PRODUCT
    assert exports.proof_sent(given["variants"][1]) == proof("product.product", 71)


def test_options_and_values_stand_in_odoos_order():
    size = AttributeFacts("Size", ("M", "S"))
    colour = AttributeFacts("Colour", ("red",))
    given = made(
        facts(
            variant(70, "S", "red"), variant(71, "M", "red"), attributes=(size, colour)
        )
    )

    assert given["productOptions"] == [
        {"name": "Size", "values": [{"name": "M"}, {"name": "S"}]},
        {"name": "Colour", "values": [{"name": "red"}]},
    ]
    assert given["variants"][0]["optionValues"] == [
        {"optionName": "Size", "name": "S"},
        {"optionName": "Colour", "name": "red"},
    ]


def test_empty_keys_are_left_out():
    [only] = made(facts(variant(70)))["variants"]

    assert "sku" not in only and "barcode" not in only


def test_service_is_neither_shipped_nor_counted():
    given = made(facts(kind="service", is_stocked=False))

    assert given["variants"][0]["inventoryItem"] == {
        "tracked": False,
        "requiresShipping": False,
    }


def test_weight_is_told_in_kilograms():
    given = made(facts(variant(70, weight=Decimal("0.35"))))

    assert given["variants"][0]["inventoryItem"]["measurement"] == {
        "weight": {"unit": "KILOGRAMS", "value": 0.35}
    }


def test_points_grow_with_variants_and_metafields():
    size = AttributeFacts("Size", ("S", "M"))
    given = made(facts(variant(70, "S"), variant(71, "M"), attributes=(size,)))

    assert product_points(given) == pytest.approx(2 * 0.2 + 6 * 0.4)


def test_a_text_of_one_value_that_makes_no_variant_is_left_out():
    note = AttributeFacts("Care", ("by hand",), makes_variants=False)

    assert made(facts(attributes=(note,)))["productOptions"][0]["name"] == "Title"


SIZES = tuple(str(number) for number in range(101))


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (facts(kind="combo"), "export_kind"),
        (facts(unit="kg"), "unit_differs"),
        (facts(shop_currency="EUR"), "export_currency_differs"),
        (replace(facts(), variants=()), "export_without_variants"),
        (
            facts(
                attributes=(AttributeFacts("Engraving", ("a", "b"), False),),
            ),
            "export_attribute",
        ),
        (
            facts(
                variant(70, "a"),
                attributes=(AttributeFacts("Text", ("a",), is_custom=True),),
            ),
            "export_attribute",
        ),
        (
            facts(
                variant(70, *"abcd"),
                attributes=tuple(AttributeFacts(name, (name,)) for name in "abcd"),
            ),
            "export_too_many_options",
        ),
        (
            facts(
                *(variant(number, size) for number, size in enumerate(SIZES, 70)),
                attributes=(AttributeFacts("Size", SIZES),),
            ),
            "export_too_many_variants",
        ),
        (
            facts(
                variant(70, "red"),
                variant(71, "Red "),
                attributes=(AttributeFacts("Colour", ("red", "Red ")),),
            ),
            "export_values_alike",
        ),
    ],
)
def test_what_shopify_has_no_place_for_stops_with_its_reason(told, code):
    assert stopped(told).code == code


def test_the_limit_itself_is_allowed():
    told = facts(
        *(variant(number, size) for number, size in enumerate(SIZES[:100], 70)),
        attributes=(AttributeFacts("Size", SIZES[:100]),),
    )

    assert len(made(told)["variants"]) == 100


# --- Who has the same key ------------------------------------------------------------


def node(gid, product, sku="", barcode=None):
    return {"id": gid, "sku": sku, "barcode": barcode, "product": {"id": product}}


def test_holders_are_compared_here_whatever_the_search_found():
    found = product_holders(
        facts(variant(70, sku="MUG-1")),
        [node("v1", "p1", "mug-1 "), node("v2", "p2", "MUG-10"), node("v3", "p3")],
        ("sku", "barcode"),
    )

    assert found == ("sku", "mug-1", {"p1": "v1"})


def test_two_variants_of_one_product_are_one_candidate():
    told = facts(variant(70, sku="A"), variant(71, sku="B"))

    found = product_holders(
        told, [node("v1", "p1", "A"), node("v2", "p1", "B")], ("sku",)
    )

    assert found[2] == {"p1": "v1"}


def test_the_next_key_is_asked_where_the_first_finds_nothing():
    told = facts(variant(70, sku="A", barcode="123"))

    found = product_holders(told, [node("v1", "p1", "B", "123")], ("sku", "barcode"))

    assert found == ("barcode", "123", {"p1": "v1"})


def test_what_has_no_key_has_no_holder():
    assert product_holders(facts(variant(70)), [node("v1", "p1")], ("sku",)) == (
        "",
        "",
        {},
    )


# --- Customers ----------------------------------------------------------------------


def person(**more):
    known = {"id": 5, "name": "Ada Byron", "email": "ada@example.com"}
    return customer_input(PersonFacts(**(known | more)), proof("res.partner", 5))


def test_customer_has_email_names_and_mark():
    given = person(phone="+45 4545 4545")

    assert metafields(given.pop("metafields"))["id"] == ("id", "5")
    assert given == {
        "email": "ada@example.com",
        "firstName": "Ada",
        "lastName": "Byron",
        "phone": "+4545454545",
    }


@pytest.mark.parametrize(
    ("name", "is_company", "names"),
    [
        ("Ada", False, ("", "Ada")),
        ("Augusta Ada  Byron", False, ("Augusta Ada", "Byron")),
        ("Byron and Sons", True, ("", "Byron and Sons")),
    ],
)
def test_one_name_becomes_two_that_read_the_same(name, is_company, names):
    given = person(name=name, is_company=is_company)

    assert (given.get("firstName", ""), given["lastName"]) == names


@pytest.mark.parametrize("phone", ["4545 4545", "+0123456789", "+12", ""])
def test_phone_that_shopify_would_refuse_is_left_out(phone):
    assert "phone" not in person(phone=phone)


def test_customer_without_email_stops():
    with pytest.raises(NeedsReview) as stop:
        person(email="")

    assert stop.value.code == "export_without_email"
