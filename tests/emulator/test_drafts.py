"""Draft orders and collections, as the API shows them."""

import pytest

SCOPES = ["read_products", "write_products", "read_orders", "read_customers"]
DRAFTS = """query($text: String) { draftOrders(first: 10, query: $text,
    sortKey: UPDATED_AT) { nodes { id name status order { id sourceName } } } }"""
COLLECTIONS = """{ collections(first: 10) { nodes { id title handle
    productsCount { count } } } }"""
MARK = """mutation($rows: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $rows) {
    metafields { value } userErrors { code message } } }"""


def mark(gid, value="42"):
    row = {"ownerId": gid, "namespace": "$app:odoo", "key": "id", "type": "id"}
    return [row | {"value": value}]


def define(shop, ask, owner):
    definition = {
        "name": "Odoo ID",
        "namespace": "$app:odoo",
        "key": "id",
        "type": "id",
        "ownerType": owner,
    }
    ask(
        "mutation($d: MetafieldDefinitionInput!) { metafieldDefinitionCreate("
        "definition: $d) { userErrors { code } } }",
        d=definition,
    )


def draft(shop):
    return shop.create_draft_order([{"title": "By hand", "price": "5.00"}])


def test_a_completed_draft_names_its_order(ask, shop):
    open_one, done = draft(shop), draft(shop)
    order = shop.complete_draft_order(done["id"])

    rows = ask(DRAFTS, text="status:completed")["draftOrders"]["nodes"]

    assert rows == [
        {
            "id": done["id"],
            "name": "#D2",
            "status": "COMPLETED",
            "order": {"id": order["id"], "sourceName": "shopify_draft_order"},
        }
    ]
    rows = ask(DRAFTS, text="status:open")["draftOrders"]["nodes"]
    assert [row["id"] for row in rows] == [open_one["id"]]
    with pytest.raises(ValueError, match="completed already"):
        shop.complete_draft_order(done["id"])


def test_drafts_need_their_scope(ask, shop):
    draft(shop)
    shop.set_scopes(SCOPES)

    assert ask.codes(DRAFTS) == ["ACCESS_DENIED"]


def test_marking_a_draft_needs_the_right_to_write_it(ask, shop):
    row = draft(shop)
    define(shop, ask, "DRAFTORDER")
    assert ask.codes(MARK, rows=mark(row["id"])) == ["ACCESS_DENIED"]

    shop.set_scopes([*SCOPES, "write_draft_orders"])
    answer = ask(MARK, rows=mark(row["id"]))["metafieldsSet"]
    assert answer == {"metafields": [{"value": "42"}], "userErrors": []}


def test_a_collection_counts_its_products_and_is_found_by_its_id(ask, shop):
    cup = shop.create_product(title="Cup")
    made = shop.create_collection("Summer 26", products=[cup["id"]])
    twin = shop.create_collection("Summer 26")
    define(shop, ask, "COLLECTION")
    ask(MARK, rows=mark(made["id"]))

    rows = ask(COLLECTIONS)["collections"]["nodes"]
    assert [(row["handle"], row["productsCount"]["count"]) for row in rows] == [
        ("summer-26", 1),
        ("summer-26-1", 0),
    ]
    found = ask(
        """{ collectionByIdentifier(identifier: { customId: {
        namespace: "$app:odoo", key: "id", value: "42" } }) { id } }"""
    )
    assert found["collectionByIdentifier"] == {"id": made["id"]}
    answer = ask(MARK, rows=mark(twin["id"]))["metafieldsSet"]
    assert [error["code"] for error in answer["userErrors"]] == ["TAKEN"]


def test_a_deleted_collection_reads_as_null(ask, shop):
    made = shop.create_collection("Summer")
    shop.delete_collection(made["id"])

    found = ask("query($id: ID!) { collection(id: $id) { title } }", id=made["id"])
    assert found == {"collection": None}
