"""The endpoint: tokens, versions, validation, what isn't emulated, scopes."""

import pytest
import requests

from .conftest import TOKEN, Asker

SHOP = "{ shop { name } }"


def test_answer_names_its_version_and_request(ask):
    answer = ask.post(SHOP)

    assert answer.status_code == 200
    assert answer.headers["X-Shopify-API-Version"] == "2026-10"
    assert len(answer.headers["X-Request-Id"]) == 36
    assert answer.json()["data"] == {"shop": {"name": "Demo"}}


def test_retired_version_falls_forward_to_the_oldest_supported(emulator, shop):
    answer = Asker(emulator, shop, version="2024-01").post(SHOP)

    assert answer.headers["X-Shopify-API-Version"] == "2026-01"


def test_wrong_token_is_401_and_runs_nothing(emulator, shop):
    answer = Asker(emulator, shop, token="shpat_wrong").post(SHOP)

    assert answer.status_code == 401
    assert shop.requests == []


def test_unknown_shop_is_404(emulator, shop):
    url = f"{emulator.url}/other/admin/api/2026-10/graphql.json"

    answer = requests.post(url, json={"query": SHOP}, timeout=5)

    assert answer.status_code == 404


def test_shop_is_found_by_its_full_domain(emulator, shop):
    url = f"{emulator.url}/demo.myshopify.com/admin/api/2026-10/graphql.json"

    answer = requests.post(
        url,
        json={"query": SHOP},
        headers={"X-Shopify-Access-Token": TOKEN},
        timeout=5,
    )

    assert answer.json()["data"]["shop"]["name"] == "Demo"


def test_frozen_shop_is_402(ask, shop):
    shop.switch(shop_status=402)

    assert ask.post(SHOP).status_code == 402


def test_field_outside_the_schema_is_refused_before_execution(ask, shop):
    answer = ask.post("{ shop { nonsense } }").json()

    assert "data" not in answer
    assert shop.requests[-1].outcome == "invalid"


def test_missing_variable_is_refused(ask):
    answer = ask.post("query($id: ID!) { product(id: $id) { id } }").json()

    assert "$id" in answer["errors"][0]["message"]


def test_field_that_is_not_emulated_says_so(ask):
    answer = ask.post("{ shop { name currencyFormats { moneyFormat } } }").json()

    assert answer["errors"][0]["message"] == "not emulated: Shop.currencyFormats"
    assert answer["errors"][0]["extensions"]["code"] == "NOT_EMULATED"


def test_mutation_that_is_not_emulated_changes_nothing(ask, shop):
    before = shop.digest()

    codes = ask.codes(
        'mutation { productDelete(input: {id: "gid://shopify/Product/1"}) '
        "{ deletedProductId } }"
    )

    assert codes == ["NOT_EMULATED"]
    assert shop.digest() == before
    assert shop.mutations_applied == []


def test_argument_that_nobody_reads_is_not_ignored(ask):
    query = '{ products(first: 1, savedSearchId: "gid://shopify/SavedSearch/1")'

    assert ask.codes(query + " { nodes { id } } }") == ["NOT_EMULATED"]


def test_missing_scope_gives_null_with_the_path(emulator):
    shop = emulator.add_shop("poor", token=TOKEN, scopes=["read_products"])
    ask = Asker(emulator, shop)

    answer = ask.post(
        '{ shop { name } customer(id: "gid://shopify/Customer/1") { id } }'
    )

    body = answer.json()
    assert body["data"] == {"shop": {"name": "Poor"}, "customer": None}
    assert body["errors"][0]["path"] == ["customer"]
    assert body["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def test_write_scope_implies_reading(emulator):
    shop = emulator.add_shop("writer", token=TOKEN, scopes=["write_products"])

    data = Asker(emulator, shop)("{ products(first: 1) { nodes { id } } }")

    assert data == {"products": {"nodes": []}}


def test_mutation_without_scope_is_denied_and_not_applied(emulator):
    shop = emulator.add_shop("reader", token=TOKEN, scopes=["read_products"])
    product = shop.create_product(title="Cup")
    row = {"ownerId": product["id"], "namespace": "x1", "key": "key", "value": "1",
           "type": "json"}  # fmt: skip
    query = """mutation($rows: [MetafieldsSetInput!]!) {
        metafieldsSet(metafields: $rows) { userErrors { code } } }"""

    assert Asker(emulator, shop).codes(query, rows=[row]) == ["ACCESS_DENIED"]
    assert shop.metafields == {}


def test_personal_data_is_null_without_approval(ask, shop):
    gid = shop.create_customer(email="eve@example.com", first_name="Eve")["id"]
    shop.switch(protected_customer_data="level1")
    query = """query($id: ID!) { customer(id: $id) {
        id firstName displayName defaultEmailAddress { emailAddress } tags } }"""

    assert ask(query, id=gid)["customer"] == {
        "id": gid,
        "firstName": None,
        "displayName": "",
        "defaultEmailAddress": None,
        "tags": [],
    }


def test_connection_needs_a_page_size(ask):
    assert ask.codes("{ products { nodes { id } } }") == ["BAD_REQUEST"]
    assert ask.codes("{ products(first: 251) { nodes { id } } }") == ["BAD_REQUEST"]


def test_client_credentials_token_lives_24_hours(emulator, shop):
    url = f"{emulator.url}/demo/admin/oauth/access_token"
    form = {
        "grant_type": "client_credentials",
        "client_id": "client-demo",
        "client_secret": "secret-demo",
    }

    granted = requests.post(url, data=form, timeout=5).json()
    asker = Asker(emulator, shop, token=granted["access_token"])

    assert granted["expires_in"] == 86399
    assert "write_products" in granted["scope"].split(",")
    assert asker.post(SHOP).status_code == 200
    emulator.advance(86400)
    assert asker.post(SHOP).status_code == 401


def test_wrong_client_secret_gets_no_token(emulator, shop):
    url = f"{emulator.url}/demo/admin/oauth/access_token"
    form = {"grant_type": "client_credentials", "client_id": "client-demo",
            "client_secret": "guess"}  # fmt: skip

    answer = requests.post(url, data=form, timeout=5)

    assert answer.status_code == 401
    assert shop.app.tokens == {TOKEN: None}


def test_two_shops_know_nothing_of_each_other(emulator, shop):
    other = emulator.add_shop("other", token=TOKEN)
    gid = other.create_product(title="Cup")["id"]

    query = "query($id: ID!) { product(id: $id) { id } }"

    assert Asker(emulator, shop)(query, id=gid) == {"product": None}
    assert Asker(emulator, other)(query, id=gid) == {"product": {"id": gid}}


def test_251_ids_are_refused(ask):
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    assert ask.codes(query, ids=["gid://shopify/Product/1"] * 251) == [
        "MAX_INPUT_SIZE_EXCEEDED"
    ]


def test_old_orders_need_a_scope_of_their_own(emulator, shop, ask):
    order = shop.create_order(lines=[{"title": "Thing", "price": "1.00"}])
    query = "query($id: ID!) { order(id: $id) { id } }"
    emulator.advance(61 * 86400)

    assert ask(query, id=order["id"]) == {"order": {"id": order["id"]}}
    shop.set_scopes(["read_orders"])
    assert ask(query, id=order["id"]) == {"order": None}


def test_reinstalled_app_may_have_lost_its_metafields(emulator, shop, ask):
    gid = shop.create_product(title="Cup")["id"]
    shop.switch(reinstall_keeps_app_data=False)
    shop.set_metafield(gid, "$app:odoo", "proof", "{}", "json")

    shop.uninstall_app()
    assert ask.post(SHOP).status_code == 401
    shop.reinstall_app(token=TOKEN)

    assert ask.post(SHOP).status_code == 200
    assert shop.metafields == {}


def test_reset_shop_is_as_new(emulator, shop):
    twin = emulator.add_shop("twin")
    shop.create_product(title="Cup")
    shop.reset()

    assert shop.count_objects() == twin.count_objects()
    assert shop.requests == []


def test_nodes_of_a_type_without_scope_are_null(emulator):
    shop = emulator.add_shop("narrow", token=TOKEN, scopes=["read_products"])
    product = shop.create_product(title="Cup")
    customer = shop.create_customer(email="eve@example.com")
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    ids = [product["id"], customer["id"]]
    body = Asker(emulator, shop).post(query, {"ids": ids}).json()

    assert body["data"]["nodes"] == [{"id": product["id"]}, None]
    assert body["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert body["errors"][0]["path"] == ["nodes", 1, "id"]


def test_stopped_emulator_answers_nobody_and_starts_again(emulator, shop, ask):
    assert ask.post(SHOP).status_code == 200

    emulator.stop()
    with pytest.raises(requests.ConnectionError):
        ask.post(SHOP)
    emulator.start()

    assert ask(SHOP) == {"shop": {"name": "Demo"}}


def test_restored_shop_is_as_it_was_saved(shop, ask):
    kept = shop.create_product(title="Kept", variants=[{"sku": "K"}])["id"]
    saved, before = shop.save(), shop.digest()
    shop.edit_product(kept, title="Changed")
    shop.create_product(title="More")

    shop.restore(saved)

    assert shop.digest() == before
    found = ask("{ products(first: 5) { nodes { title variants(first: 1) { nodes {"
                " sku } } } } }")["products"]["nodes"]  # fmt: skip
    assert found == [{"title": "Kept", "variants": {"nodes": [{"sku": "K"}]}}]
