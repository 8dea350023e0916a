"""`productSet` that creates, and `customerCreate`: what Shopify refuses is refused."""

import pytest

DEFINE = """mutation($type: MetafieldOwnerType!) { metafieldDefinitionCreate(definition: {
    name: "Odoo", namespace: "$app:odoo", key: "id", type: "id", ownerType: $type,
    access: {admin: MERCHANT_READ}}) { userErrors { code message } } }"""
PRODUCT = """mutation($input: ProductSetInput!) { productSet(input: $input) {
    product { id } userErrors { field code message } } }"""
CUSTOMER = """mutation($input: CustomerInput!) { customerCreate(input: $input) {
    customer { id firstName
        odoo: metafield(namespace: "$app:odoo", key: "id") { value } }
    userErrors { field message } } }"""
MINE = [{"namespace": "$app:odoo", "key": "id", "type": "id", "value": "5"}]


@pytest.fixture
def defined(ask):
    for kind in ("PRODUCT", "PRODUCTVARIANT", "CUSTOMER"):
        ask(DEFINE, type=kind)


def option(name, *values):
    return {"name": name, "values": [{"name": value} for value in values]}


def variant(**values):
    named = [{"optionName": name, "name": value} for name, value in values.items()]
    return {"optionValues": named}


def refused(ask, shop, **given):
    answer = ask(PRODUCT, input={"title": "Cup", **given})["productSet"]
    assert answer["product"] is None
    assert shop.of_type("Product") == shop.of_type("ProductVariant") == []
    assert "productSet" not in shop.mutations_applied
    return [error["code"] for error in answer["userErrors"]]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"title": " "}, "INVALID_PRODUCT"),
        ({"variants": [variant(Size="S")]}, "PRODUCT_OPTIONS_INPUT_MISSING"),
        ({"productOptions": [option("Size", "S")]}, "VARIANTS_INPUT_MISSING"),
        (
            {
                "productOptions": [option(name, "x") for name in "ABCD"],
                "variants": [variant(A="x", B="x", C="x", D="x")],
            },
            "OPTIONS_OVER_LIMIT",
        ),
        (
            {
                "productOptions": [option("Size", "S"), option("size", "S")],
                "variants": [variant(Size="S", size="S")],
            },
            "DUPLICATED_OPTION_NAME",
        ),
        (
            {"productOptions": [option("Size", "S", "s")], "variants": [variant()]},
            "DUPLICATED_OPTION_VALUE",
        ),
        (
            {"productOptions": [option("Size")], "variants": [variant()]},
            "OPTION_VALUES_MISSING",
        ),
        (
            {
                "productOptions": [option("Size", "S")],
                "variants": [variant(Colour="S")],
            },
            "OPTION_DOES_NOT_EXIST",
        ),
        (
            {"productOptions": [option("Size", "S")], "variants": [variant(Size="M")]},
            "OPTION_VALUE_DOES_NOT_EXIST",
        ),
        (
            {
                "productOptions": [option("Size", "S")],
                "variants": [variant(Size="S"), variant(Size="S")],
            },
            "INVALID_VARIANT",
        ),
    ],
)
def test_product_that_cannot_be_is_refused_whole(ask, shop, given, code):
    assert refused(ask, shop, **given) == [code]


def test_two_variants_of_one_odoo_id_are_refused_whole(ask, shop, defined):
    variants = [variant(Size=size) | {"metafields": MINE} for size in "SM"]

    codes = refused(
        ask, shop, productOptions=[option("Size", "S", "M")], variants=variants
    )

    assert codes == ["INVALID_METAFIELD"]


def test_customer_is_created_with_its_metafields(ask, shop, defined):
    given = {"email": "ada@example.com", "firstName": "Ada", "metafields": MINE}

    answer = ask(CUSTOMER, input=given)["customerCreate"]

    assert answer["userErrors"] == []
    assert answer["customer"]["firstName"] == "Ada"
    assert answer["customer"]["odoo"] == {"value": "5"}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"email": "Ada@example.com"}, ["email"]),
        ({"phone": "+4545454545"}, ["phone"]),
        ({"email": "no address"}, ["email"]),
        ({"phone": "4545 4545", "email": "b@example.com"}, ["phone"]),
        ({"note": "nobody"}, []),
        ({"email": "b@example.com", "metafields": MINE}, ["metafields", "value"]),
    ],
)
def test_customer_that_is_taken_or_nobody_is_refused(ask, shop, defined, given, path):
    known = {"email": "ada@example.com", "phone": "+4545454545", "metafields": MINE}
    ask(CUSTOMER, input=known)

    answer = ask(CUSTOMER, input=given)["customerCreate"]

    assert answer["customer"] is None
    assert [error["field"] for error in answer["userErrors"]] == [path]
    assert len(shop.of_type("Customer")) == 1


def test_customer_needs_the_scope(ask, shop):
    shop.set_scopes(["read_customers"])

    assert ask.codes(CUSTOMER, input={"email": "a@example.com"}) == ["ACCESS_DENIED"]
