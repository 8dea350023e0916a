"""Identity metafields: definitions, types, uniqueness, compare-and-set, look-ups."""

import pytest

from .conftest import Asker

DEFINE = """mutation($definition: MetafieldDefinitionInput!) {
    metafieldDefinitionCreate(definition: $definition) {
        createdDefinition { namespace key type { name } access { admin } }
        userErrors { code field } } }"""
SET = """mutation($rows: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $rows) {
    metafields { value compareDigest } userErrors { code elementIndex } } }"""
READ = """query($id: ID!) { node(id: $id) { ... on Product {
    odooId: metafield(namespace: "$app:odoo", key: "id") { value compareDigest }
    proof: metafield(namespace: "$app:odoo", key: "proof") { value } } } }"""
FIND = """query($value: String!) { productByIdentifier(identifier: {customId: {
    namespace: "$app:odoo", key: "id", value: $value}}) { id } }"""


def definition(**changes):
    return {
        "name": "Odoo ID",
        "namespace": "$app:odoo",
        "key": "id",
        "type": "id",
        "ownerType": "PRODUCT",
        "access": {"admin": "MERCHANT_READ"},
    } | changes


def row(gid, value="5", key="id", **more):
    return {"ownerId": gid, "namespace": "$app:odoo", "key": key, "value": value} | more


def codes(data):
    return [error["code"] for error in data["metafieldsSet"]["userErrors"]]


@pytest.fixture
def defined(ask):
    ask(DEFINE, definition=definition())
    ask(DEFINE, definition=definition(key="proof", type="json", name="Proof"))


@pytest.fixture
def gids(shop, defined):
    return [shop.create_product(title=f"Product {n}")["id"] for n in range(3)]


def test_app_namespace_is_stored_under_the_apps_number(ask):
    created = ask(DEFINE, definition=definition())["metafieldDefinitionCreate"]

    assert created["createdDefinition"] == {
        "namespace": "app--1001--odoo",
        "key": "id",
        "type": {"name": "id"},
        "access": {"admin": "MERCHANT_READ"},
    }


def test_second_definition_of_the_same_key_is_taken(ask, defined):
    refused = ask(DEFINE, definition=definition())["metafieldDefinitionCreate"]

    assert refused["createdDefinition"] is None
    assert refused["userErrors"][0]["code"] == "TAKEN"


def test_value_is_found_by_identifier(ask, gids):
    ask(SET, rows=[row(gids[0])])

    assert ask(FIND, value="5") == {"productByIdentifier": {"id": gids[0]}}
    assert ask(FIND, value="6") == {"productByIdentifier": None}


def test_look_up_without_definition_is_an_error(ask):
    assert ask.codes(FIND, value="5") == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("code", ["TAKEN", "CAPABILITY_VIOLATION"])
def test_value_of_another_owner_is_refused(ask, shop, gids, code):
    shop.switch(duplicate_id_code=code)
    ask(SET, rows=[row(gids[0])])

    assert codes(ask(SET, rows=[row(gids[1])])) == [code]
    assert ask(READ, id=gids[1])["node"]["odooId"] is None


def test_one_bad_row_of_three_writes_nothing(ask, shop, gids):
    rows = [row(gids[0], "1"), row(gids[1], "1"), row(gids[2], "3")]

    answer = ask(SET, rows=rows)["metafieldsSet"]

    assert answer["metafields"] is None
    assert answer["userErrors"] == [{"code": "TAKEN", "elementIndex": 1}]
    assert shop.metafields == {}


def test_null_digest_means_only_if_absent(ask, gids):
    assert codes(ask(SET, rows=[row(gids[0], "1", compareDigest=None)])) == []
    again = ask(SET, rows=[row(gids[0], "2", compareDigest=None)])

    assert codes(again) == ["STALE_OBJECT"]
    assert ask(READ, id=gids[0])["node"]["odooId"]["value"] == "1"


def test_digest_must_be_that_of_the_present_value(ask, gids):
    first = ask(SET, rows=[row(gids[0], "1")])["metafieldsSet"]["metafields"][0]
    ask(SET, rows=[row(gids[0], "2")])

    stale = ask(SET, rows=[row(gids[0], "3", compareDigest=first["compareDigest"])])
    fresh = ask(READ, id=gids[0])["node"]["odooId"]["compareDigest"]

    assert codes(stale) == ["STALE_OBJECT"]
    assert codes(ask(SET, rows=[row(gids[0], "3", compareDigest=fresh)])) == []


def test_malformed_digest_has_its_own_code(ask, gids):
    answer = ask(SET, rows=[row(gids[0], compareDigest="abc")])

    assert codes(answer) == ["INVALID_COMPARE_DIGEST"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "json"}, "INVALID_TYPE"),
        ({"key": "proof", "value": "{"}, "INVALID_VALUE"),
        ({"value": " "}, "BLANK"),
        ({"key": "other"}, "BLANK"),
        ({"ownerId": "gid://shopify/Product/1"}, "INVALID"),
    ],
)
def test_bad_row_is_refused_with_its_code(ask, gids, change, code):
    assert codes(ask(SET, rows=[row(gids[0]) | change])) == [code]


def test_26_rows_are_too_many(ask, gids):
    answer = ask(SET, rows=[row(gids[0])] * 26)

    assert codes(answer) == ["LESS_THAN_OR_EQUAL_TO"]


def test_installation_takes_a_value_without_definition(ask, shop):
    gid = ask("{ currentAppInstallation { id } }")["currentAppInstallation"]["id"]
    lease = row(gid, '{"counter": 1}', key="lease", type="json", compareDigest=None)

    assert codes(ask(SET, rows=[lease])) == []
    query = """{ currentAppInstallation {
        metafield(namespace: "$app:odoo", key: "lease") { value } } }"""
    found = ask(query)["currentAppInstallation"]["metafield"]
    assert found == {"value": '{"counter": 1}'}


def test_another_app_sees_and_writes_nothing_of_ours(emulator, shop, ask, gids):
    ask(SET, rows=[row(gids[0])])
    shop.install_app(client_id="other", client_secret="s", token="shpat_other")
    stranger = Asker(emulator, shop, token="shpat_other")

    assert stranger(READ, id=gids[0])["node"]["odooId"] is None
    ours = row(gids[0], namespace="app--1001--odoo")
    assert codes(stranger(SET, rows=[ours])) == ["APP_NOT_AUTHORIZED"]


def test_merchant_cannot_edit_a_read_only_value(shop, ask, gids):
    ask(SET, rows=[row(gids[0])])

    with pytest.raises(PermissionError):
        shop.merchant_edit_metafield(gids[0], "app--1001--odoo", "id", "6")

    assert ask(READ, id=gids[0])["node"]["odooId"]["value"] == "5"


def test_duplicate_copies_the_proof_but_not_the_id(ask, shop, gids):
    ask(SET, rows=[row(gids[0]), row(gids[0], '{"a": 1}', key="proof")])

    copy = shop.duplicate_product(gids[0])

    assert ask(READ, id=copy["id"])["node"] == {
        "odooId": None,
        "proof": {"value": '{"a": 1}'},
    }


@pytest.mark.parametrize("freed", [True, False])
def test_value_of_a_deleted_owner_is_free_by_switch(ask, shop, gids, freed):
    shop.switch(deleted_owner_frees_id=freed)
    ask(SET, rows=[row(gids[0])])
    shop.delete_product(gids[0])

    assert codes(ask(SET, rows=[row(gids[1])])) == ([] if freed else ["TAKEN"])


@pytest.mark.parametrize("touches", [True, False])
def test_write_moves_updated_at_by_switch(emulator, ask, shop, gids, touches):
    shop.switch(metafield_write_touches_owner=touches)
    topics = []
    shop.listen(lambda topic, _obj: topics.append(topic))
    emulator.advance(60)

    ask(SET, rows=[row(gids[0])])

    moved = shop.get(gids[0])["updatedAt"] == "2026-11-24T10:01:00Z"
    assert (moved, topics) == (touches, ["PRODUCTS_UPDATE"] if touches else [])


def test_definition_goes_only_with_its_values(ask, shop, gids):
    ask(SET, rows=[row(gids[0])])
    delete = """mutation($all: Boolean!) { metafieldDefinitionDelete(
        identifier: {ownerType: PRODUCT, namespace: "$app:odoo", key: "id"},
        deleteAllAssociatedMetafields: $all) { userErrors { code } } }"""

    refused = ask(delete, all=False)["metafieldDefinitionDelete"]["userErrors"]
    assert refused == [{"code": "ID_TYPE_DELETION_ERROR"}]
    assert len(shop.metafields) == 1
    assert ask(delete, all=True)["metafieldDefinitionDelete"]["userErrors"] == []
    assert shop.metafields == {}


def test_altered_access_is_put_back_by_update(ask, shop, defined):
    shop.alter_definition("PRODUCT", "$app:odoo", "id", "MERCHANT_READ_WRITE")
    update = """mutation($definition: MetafieldDefinitionUpdateInput!) {
        metafieldDefinitionUpdate(definition: $definition) {
            updatedDefinition { access { admin } } userErrors { code } } }"""
    wanted = {"ownerType": "PRODUCT", "namespace": "$app:odoo", "key": "id",
              "access": {"admin": "MERCHANT_READ"}}  # fmt: skip

    answer = ask(update, definition=wanted)["metafieldDefinitionUpdate"]

    assert answer["updatedDefinition"] == {"access": {"admin": "MERCHANT_READ"}}
