"""Every open question of the platform can be answered in both ways, and it shows."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
import requests

from . import Switches

README = Path(__file__).with_name("README.md")
SOURCE = Path(__file__).with_name("switches.py")
NUMBERED = re.compile(r"^    # (\d+): ")
NAMED = re.compile(r"^    (\w+): (?:bool|str|int) = ")
HTTP_STATES = {"throttle_status", "shop_status"}  # of no question
SPACE = "app--1001--odoo"


def table() -> dict[int, set[str]]:
    """{number: its switches} as README.md lists them."""
    rows = re.findall(r"^\| (\d+) \| .+ \| (.+) \|$", README.read_text(), re.M)
    known = {item.name for item in fields(Switches)}
    return {int(no): set(re.findall(r"`(\w+)`", names)) & known for no, names in rows}


def commented() -> dict[int, set[str]]:
    """{number: its switches} as the comments of switches.py say."""
    found, number = {}, None
    for line in SOURCE.read_text().partition("@classmethod")[0].splitlines():
        if match := NUMBERED.match(line):
            number = int(match[1])
        elif match := NAMED.match(line):
            if match[1] not in HTTP_STATES:
                found.setdefault(number, set()).add(match[1])
    return found


def test_every_question_has_a_switch_and_every_switch_a_question():
    assert sorted(table()) == list(range(1, 17))
    assert table() == commented()


def test_unfavourable_answers_are_of_the_same_kind():
    plain, hard = Switches(), Switches.unfavourable()
    for item in fields(Switches):
        usual, other = getattr(plain, item.name), getattr(hard, item.name)
        assert type(usual) is type(other), item.name


# -- 1: upserts --

DEFINE = """mutation($type: MetafieldOwnerType!) { metafieldDefinitionCreate(definition: {
    name: "Odoo", namespace: "$app:odoo", key: "id", type: "id", ownerType: $type,
    access: {admin: MERCHANT_READ}}) { userErrors { code message } } }"""
PRODUCT_SET = """mutation($input: ProductSetInput!, $by: ProductSetIdentifiers) {
    productSet(input: $input, identifier: $by) { product { id title
        odoo: metafield(namespace: "$app:odoo", key: "id") { value } }
        userErrors { code message } } }"""
CUSTOMER_SET = """mutation($input: CustomerSetInput!, $by: CustomerSetIdentifiers) {
    customerSet(input: $input, identifier: $by) { customer { id firstName
        odoo: metafield(namespace: "$app:odoo", key: "id") { value } }
        userErrors { code message } } }"""
CUSTOM = {"customId": {"namespace": "$app:odoo", "key": "id", "value": "17"}}


@pytest.fixture
def defined(ask):
    for kind in ("PRODUCT", "PRODUCTVARIANT", "CUSTOMER"):
        ask(DEFINE, type=kind)


@pytest.mark.parametrize(("writes", "found"), [(True, {"value": "17"}), (False, None)])
def test_upsert_by_unknown_custom_id_creates_and_may_not_write_it(
    ask, shop, defined, writes, found
):
    shop.switch(upsert_writes_custom_id=writes)

    product = ask(PRODUCT_SET, input={"title": "Cup"}, by=CUSTOM)["productSet"]
    customer = ask(CUSTOMER_SET, input={"email": "a@example.com"}, by=CUSTOM)

    assert product["product"]["odoo"] == found
    assert customer["customerSet"]["customer"]["odoo"] == found


def test_customer_set_that_creates_none_says_not_found(ask, shop, defined):
    shop.switch(customer_set_creates=False)

    answer = ask(CUSTOMER_SET, input={"email": "a@example.com"}, by=CUSTOM)

    assert answer["customerSet"]["customer"] is None
    assert answer["customerSet"]["userErrors"][0]["code"] == "NOT_FOUND"
    assert shop.of_type("Customer") == []


def test_customer_set_changes_whom_it_finds(ask, shop):
    gid = shop.create_customer(email="a@example.com", first_name="Ann")["id"]

    answer = ask(CUSTOMER_SET, input={"firstName": "Eve"}, by={"id": gid})

    assert answer["customerSet"]["customer"]["firstName"] == "Eve"
    assert shop.get(gid)["_email"] == "a@example.com"


def test_product_set_creates_variants_with_their_metafields(ask, shop, defined):
    own = {"namespace": "$app:odoo", "key": "id"}
    given = {
        "title": "Cup",
        "productOptions": [{"name": "Size", "values": [{"name": "S"}, {"name": "L"}]}],
        "variants": [
            {
                "optionValues": [{"optionName": "Size", "name": size}],
                "sku": f"CUP-{size}",
                "price": "5.00",
                "metafields": [own | {"value": size}],
            }
            for size in ("S", "L")
        ],
        "metafields": [own | {"value": "4"}],
    }

    answer = ask(PRODUCT_SET, input=given)["productSet"]

    assert answer["userErrors"] == []
    assert answer["product"]["odoo"] == {"value": "4"}
    variants = shop.of_type("ProductVariant")
    assert [(v["sku"], v["price"]) for v in variants] == [
        ("CUP-S", "5.00"),
        ("CUP-L", "5.00"),
    ]
    assert shop.metafields[variants[1]["id"], SPACE, "id"]["value"] == "L"


@pytest.mark.parametrize(
    ("code", "shown"),
    [("TAKEN", "INVALID_METAFIELD"), ("CAPABILITY_VIOLATION", "CAPABILITY_VIOLATION")],
)
def test_product_set_with_a_taken_id_creates_nothing(ask, shop, defined, code, shown):
    shop.switch(duplicate_id_code=code)
    mine = [{"namespace": "$app:odoo", "key": "id", "value": "4"}]
    ask(PRODUCT_SET, input={"title": "Cup", "metafields": mine})

    answer = ask(PRODUCT_SET, input={"title": "Mug", "metafields": mine})["productSet"]

    assert [error["code"] for error in answer["userErrors"]] == [shown]
    assert [row["title"] for row in shop.of_type("Product")] == ["Cup"]


# -- 7: what productSet deletes --


@pytest.mark.parametrize(
    ("everything", "left"),
    [(False, {"other.size", "app--77.mark"}), (True, set())],
)
def test_product_set_with_metafields_deletes_those_it_does_not_name(
    ask, shop, defined, everything, left
):
    shop.switch(product_set_drops_all_metafields=everything)
    gid = shop.create_product("Cup")["id"]
    for namespace in ("other", "app--77"):
        key = "size" if namespace == "other" else "mark"
        shop.set_metafield(gid, namespace, key, "x")
    shop.set_metafield(gid, "$app:odoo", "proof", "{}", "json")
    mine = {"namespace": "$app:odoo", "key": "id", "value": "4"}

    ask(PRODUCT_SET, input={"metafields": [mine]}, by={"id": gid})

    found = {f"{key[1]}.{key[2]}" for key in shop.metafields if key[0] == gid}
    assert found == left | {f"{SPACE}.id"}


def test_product_set_without_metafields_deletes_none(ask, shop, defined):
    shop.switch(product_set_drops_all_metafields=True)
    gid = shop.create_product("Cup")["id"]
    shop.set_metafield(gid, "other", "size", "x")

    ask(PRODUCT_SET, input={"title": "Mug"}, by={"id": gid})

    assert shop.get(gid)["title"] == "Mug"
    assert (gid, "other", "size") in shop.metafields


# -- 8: merged customers --

CUSTOMER = """query($id: ID!) { customer(id: $id) { id
    odoo: metafield(namespace: "$app:odoo", key: "id") { value } } }"""


@pytest.fixture
def two(ask, shop, defined):
    """GIDs of two customers with the IDs 1 and 2; the second one has an order."""
    gids = []
    for number in ("1", "2"):
        email = f"eve{number}@example.com"
        gid = shop.create_customer(email=email)["id"]
        shop.set_metafield(gid, "$app:odoo", "id", number)
        gids.append(gid)
    shop.create_product("Cup", variants=[{"sku": "CUP", "price": "5.00"}])
    shop.create_order(lines=[{"variant": "CUP"}], customer="eve2@example.com")
    return gids


@pytest.mark.parametrize(("whose", "value"), [("survivor", "1"), ("loser", "2")])
def test_merged_customer_keeps_one_identity(ask, shop, two, whose, value):
    shop.switch(merge_keeps_identity_of=whose)

    shop.merge_customers(*two)

    found = ask(CUSTOMER, id=two[0])["customer"]
    assert found["odoo"] == {"value": value}
    assert [order["customer"] for order in shop.of_type("Order")] == [two[0]]


@pytest.mark.parametrize("redirects", [False, True])
def test_gid_of_the_merged_customer_leads_to_null_or_to_the_survivor(
    ask, shop, two, redirects
):
    shop.switch(merged_customer_redirects=redirects)

    shop.merge_customers(*two)

    found = ask(CUSTOMER, id=two[1])["customer"]
    assert (found and found["id"]) == (two[0] if redirects else None)


def test_merge_tells_which_customer_was_kept(shop, two):
    topics = {}
    shop.listen(lambda topic, obj: topics.update({topic: dict(obj)}))

    shop.merge_customers(*two)

    told = topics["CUSTOMERS_MERGE"]
    assert (told["kept"], told["gone"]) == tuple(two)


# -- 10: bulk mutations --

STAGE = """mutation { stagedUploadsCreate(input: [{resource: BULK_MUTATION_VARIABLES,
    filename: "rows.jsonl", mimeType: "text/jsonl", httpMethod: POST}]) {
    stagedTargets { url parameters { name value } } userErrors { message } } }"""
RUN = """mutation($m: String!, $path: String!) { bulkOperationRunMutation(
    mutation: $m, stagedUploadPath: $path) { bulkOperation { id }
    userErrors { code } } }"""
RUN_QUERY = """mutation($q: String!) { bulkOperationRunQuery(query: $q) {
    bulkOperation { id } userErrors { code } } }"""
POLL = """query($id: ID!) { bulkOperation(id: $id) { status type objectCount url } }"""
TITLES = """mutation($input: ProductSetInput!) { productSet(input: $input) {
    product { title } userErrors { message } } }"""
STOCK = """mutation($input: InventorySetQuantitiesInput!, $key: String!) {
    inventorySetQuantities(input: $input) @idempotent(key: $key) {
    userErrors { code } } }"""


def upload(ask, rows) -> str:
    target = ask(STAGE)["stagedUploadsCreate"]["stagedTargets"][0]
    form = {row["name"]: row["value"] for row in target["parameters"]}
    text = "".join(json.dumps(row) + "\n" for row in rows)
    sent = requests.post(target["url"], data=form, files={"file": text}, timeout=5)
    assert sent.status_code == 201
    return form["key"]


def lines_of(ask, gid) -> list[dict]:
    done = ask(POLL, id=gid)["bulkOperation"]
    assert (done["status"], done["type"]) == ("COMPLETED", "MUTATION")
    text = requests.get(done["url"], timeout=5).text
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("ordered", "numbers"), [(True, [0, 1, 2]), (False, [2, 1, 0])]
)
def test_each_line_is_applied_and_its_result_names_it(ask, shop, ordered, numbers):
    shop.switch(bulk_lines_in_order=ordered)
    path = upload(ask, [{"input": {"title": f"P{n}"}} for n in range(3)])

    started = ask(RUN, m=TITLES, path=path)["bulkOperationRunMutation"]
    lines = lines_of(ask, started["bulkOperation"]["id"])

    assert [line["__lineNumber"] for line in lines] == numbers
    for line in lines:
        title = line["data"]["productSet"]["product"]["title"]
        assert title == f"P{line['__lineNumber']}"
    assert sorted(row["title"] for row in shop.of_type("Product")) == ["P0", "P1", "P2"]


@pytest.mark.parametrize("takes", [True, False])
def test_idempotency_key_a_line_is_taken_or_refused(ask, shop, takes):
    shop.switch(bulk_takes_idempotency_keys=takes)
    cup = shop.create_product("Cup", variants=[{"sku": "CUP", "stock": 5}])
    item = shop.get(cup["variants"][0])["inventoryItem"]
    place = shop.of_type("Location")[0]["id"]
    row = {"inventoryItemId": item, "locationId": place, "quantity": 7}
    row["changeFromQuantity"] = 5
    wanted = {"name": "available", "reason": "correction", "quantities": [row]}
    path = upload(ask, [{"input": wanted, "key": "k1"}] * 2)

    started = ask(RUN, m=STOCK, path=path)["bulkOperationRunMutation"]

    if not takes:
        assert started["userErrors"] == [{"code": "INVALID_MUTATION"}]
        return
    lines = lines_of(ask, started["bulkOperation"]["id"])
    # The second line has the key of the first: answered again, not applied again.
    found = [line["data"]["inventorySetQuantities"]["userErrors"] for line in lines]
    assert found == [[], []]
    assert shop.mutations_applied.count("inventorySetQuantities") == 1


@pytest.mark.parametrize("kind", ["query", "mutation"])
def test_sixth_operation_waits_for_the_first_to_end(ask, shop, emulator, kind):
    shop.switch(sixth_bulk_waits=True)
    shop.set_bulk_time(60)
    path = upload(ask, [{"input": {"title": "P"}}])

    def start():
        if kind == "query":
            query = "{ products { edges { node { id } } } }"
            return ask(RUN_QUERY, q=query)["bulkOperationRunQuery"]
        return ask(RUN, m=TITLES, path=path)["bulkOperationRunMutation"]

    gids = []
    for _number in range(6):
        answer = start()
        assert answer["userErrors"] == []
        gids.append(answer["bulkOperation"]["id"])

    emulator.advance(60)
    status = [ask(POLL, id=gid)["bulkOperation"]["status"] for gid in gids]
    assert status == ["COMPLETED"] * 5 + ["RUNNING"]
    emulator.advance(60)
    assert ask(POLL, id=gids[5])["bulkOperation"]["status"] == "COMPLETED"


def test_bulk_mutation_without_its_file_is_refused(ask):
    answer = ask(RUN, m=TITLES, path="tmp/1/bulk/rows.jsonl")

    errors = answer["bulkOperationRunMutation"]["userErrors"]
    assert errors == [{"code": "NO_SUCH_FILE"}]


# -- 12: payouts --

PAYOUTS = """query($q: String) { shopifyPaymentsAccount {
    payouts(first: 5) { nodes { id legacyResourceId net { amount } status } }
    balanceTransactions(first: 5, query: $q) { nodes { type amount { amount }
        fee { amount } net { amount } associatedPayout { id } } } } }"""
ROWS = [
    {"type": "CHARGE", "amount": "100.00", "fee": "2.00"},
    {"type": "REFUND", "amount": "30.00"},
]


@pytest.fixture
def payer(shop):
    shop.app.scopes |= {"read_shopify_payments"}
    return shop


def entries(ask, query=None):
    found = ask(PAYOUTS, q=query)["shopifyPaymentsAccount"]
    return found["payouts"]["nodes"], found["balanceTransactions"]["nodes"]


@pytest.mark.parametrize(
    ("negative_refunds", "negative_fees", "amounts", "fees"),
    [
        (True, False, ["100.00", "-30.00"], ["2.00", "0.00"]),
        (False, True, ["100.00", "30.00"], ["-2.00", "0.00"]),
    ],
)
def test_signs_of_refunds_and_fees_differ_and_the_net_does_not(
    ask, payer, negative_refunds, negative_fees, amounts, fees
):
    payer.switch(
        payment_refunds_are_negative=negative_refunds,
        payment_fees_are_negative=negative_fees,
    )
    payer.pay_out(ROWS)

    [payout], rows = entries(ask)

    assert payout["net"]["amount"] == "68.00"
    assert [row["amount"]["amount"] for row in rows] == amounts
    assert [row["fee"]["amount"] for row in rows] == fees
    assert [row["net"]["amount"] for row in rows] == ["98.00", "-30.00"]


@pytest.mark.parametrize("takes_gid", [False, True])
def test_payout_filter_takes_the_number_or_the_gid(ask, payer, takes_gid):
    payer.switch(payout_filter_takes_gid=takes_gid)
    payout = payer.pay_out(ROWS)
    payer.pay_out(ROWS[:1])

    by_number = entries(ask, f"payments_transfer_id:{payout['legacyResourceId']}")[1]
    by_gid = entries(ask, f"payments_transfer_id:'{payout['id']}'")[1]

    assert (len(by_number), len(by_gid)) == ((0, 2) if takes_gid else (2, 0))


@pytest.mark.parametrize("own", [False, True])
def test_payouts_may_need_a_scope_of_their_own(ask, payer, own):
    payer.switch(payouts_need_own_scope=own)
    payer.app.scopes -= {"read_shopify_payments_payouts"}

    if own:
        assert "ACCESS_DENIED" in ask.codes(PAYOUTS)
    else:
        assert entries(ask) == ([], [])


# -- 15: cancelling again, notes of edits --

CANCEL = """mutation($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER,
    restock: true, refund: true, staffNote: "by Odoo") { job { done }
    orderCancelUserErrors { code } } }"""
ORDER = """query($id: ID!) { order(id: $id) { cancelledAt cancellation { staffNote }
    events(first: 5) { nodes { message } } } }"""


@pytest.fixture
def order(shop):
    shop.create_product("Cup", variants=[{"sku": "CUP", "price": "5.00", "stock": 9}])
    return shop.create_order(lines=[{"variant": "CUP"}])["id"]


@pytest.mark.parametrize("refused", [True, False])
def test_order_cancelled_again_is_refused_or_answered_alike(ask, shop, order, refused):
    shop.switch(repeated_cancel_is_refused=refused)
    first = ask(CANCEL, id=order)["orderCancel"]
    refunds = len(shop.of_type("Refund"))

    again = ask(CANCEL, id=order)["orderCancel"]

    assert first == {"job": {"done": True}, "orderCancelUserErrors": []}
    if refused:
        assert again["orderCancelUserErrors"] == [{"code": "INVALID"}]
    else:
        assert again == first
    assert len(shop.of_type("Refund")) == refunds == 1
    assert ask(ORDER, id=order)["order"]["cancellation"] == {"staffNote": "by Odoo"}


@pytest.mark.parametrize(
    ("shows", "message"),
    [(False, "This order was edited."), (True, "This order was edited. token-7")],
)
def test_note_of_an_edit_may_show_in_the_timeline(ask, shop, order, shows, message):
    shop.switch(edit_note_shows_in_timeline=shows)

    shop.edit_order(order, add=[{"variant": "CUP"}], staff_note="token-7")

    assert ask(ORDER, id=order)["order"]["events"]["nodes"] == [{"message": message}]
