"""Cost of documents and the bucket, against the published and traced numbers."""

import pytest

from . import cost
from .schema import schema


def price(text, variables=None, **options):
    return cost.requested_cost(schema(), text, variables, **options)


@pytest.mark.parametrize(
    ("size", "factor"),
    [(0, 0), (1, 1), (5, 3), (10, 4), (25, 6), (50, 7), (100, 9), (250, 11)],
)
def test_page_size_counts_with_its_logarithm(size, factor):
    assert cost.multiplier(size) == factor


def test_traced_example_of_nested_connection():
    query = """{ product(id: "1") { variants(first: 250) { nodes {
        inventoryItem { id } } } } }"""

    assert price(query) == 25


def test_flat_pages_as_in_the_table():
    query = """query($n: Int) { products(first: $n) { nodes {
        id updatedAt metafield(namespace: "a", key: "b") { value } } } }"""

    assert price(query, {"n": 100}) == 20
    assert price(query, {"n": 250}) == 24
    assert price(query) == 24


def test_edges_cost_like_nodes():
    query = "{ products(first: 100) { edges { cursor node { id } } } }"

    assert price(query) == 11


def test_value_objects_are_free_or_counted():
    query = '{ order(id: "1") { totalPriceSet { shopMoney { amount } } } }'

    assert price(query) == 1
    assert price(query, value_objects="high") == 3


def test_abstract_type_costs_its_dearest_type():
    query = """query($ids: [ID!]!) { nodes(ids: $ids) {
        ... on InventoryItem { inventoryLevel(locationId: "1") {
            quantities(names: ["available"]) { quantity } } }
        ... on Product { id } } }"""

    assert price(query) == 3


def test_same_field_in_two_fragments_counts_once():
    query = """{ product(id: "1") { ...A ...B } }
        fragment A on Product { metafield(namespace: "a", key: "b") { id } }
        fragment B on Product { metafield(namespace: "a", key: "b") { value } }"""

    assert price(query) == 2


def test_mutation_costs_ten():
    query = """mutation($rows: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $rows)
        { metafields { id } userErrors { code } } }"""

    assert price(query) == 10


def test_skipped_fields_are_free():
    query = """query($all: Boolean!) { shop { name } products(first: 10)
        @include(if: $all) { nodes { id } } }"""

    assert price(query, {"all": False}) == 1
    assert price(query, {"all": True}) == 7


def test_query_over_1000_points_is_refused(ask):
    query = """{ products(first: 250) { nodes { variants(first: 250) { nodes {
        id metafields(first: 250) { nodes { id } } } } } } }"""

    assert ask.codes(query) == ["MAX_COST_EXCEEDED"]


def test_answer_gives_back_what_was_not_used(ask, shop):
    shop.create_product(title="Cup")

    body = ask.post("{ products(first: 250) { nodes { id } } }").json()

    assert body["extensions"]["cost"] == {
        "requestedQueryCost": 13,
        "actualQueryCost": 3,
        "throttleStatus": {
            "maximumAvailable": 2000.0,
            "currentlyAvailable": 1997,
            "restoreRate": 100.0,
        },
    }


def test_empty_bucket_throttles_and_applies_nothing(ask, shop, emulator):
    shop.set_bucket(points=5)
    product = shop.create_product(title="Cup")
    row = {"ownerId": product["id"], "namespace": "custom", "key": "note",
           "type": "json", "value": "1"}  # fmt: skip
    query = """mutation($rows: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $rows)
        { userErrors { code } } }"""

    answer = ask.post(query, {"rows": [row]})

    assert answer.status_code == 200
    assert "data" not in answer.json()
    assert answer.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert answer.json()["extensions"]["cost"]["requestedQueryCost"] == 10
    assert answer.json()["extensions"]["cost"]["actualQueryCost"] is None
    assert shop.metafields == {}
    emulator.advance(0.05)
    assert ask(query, rows=[row]) == {"metafieldsSet": {"userErrors": []}}
