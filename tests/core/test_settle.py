from datetime import UTC, datetime, timedelta

import pytest

from core.marks import Mark, Proof
from core.settle import (
    ASK_AGAIN,
    NOT_APPLIED,
    Timing,
    applied,
    settle,
    settle_created,
    settle_idempotent,
    wait,
)

SENT = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
TIMEOUT = timedelta(seconds=60)
ORDER = "gid://shopify/Order/1"
ITEM, SHOP = "gid://shopify/InventoryItem/1", "gid://shopify/Location/9"
PROOF = Proof("db", "product.template", (42,), "none", "t")


def after(seconds):
    return Timing(SENT, SENT + timedelta(seconds=seconds), TIMEOUT)


SOON, LATE = after(119), after(120)
WAIT = wait(SENT + timedelta(seconds=120))


def metafields(*rows):
    common = {"ownerId": ORDER, "namespace": "$app:odoo"}
    return {"metafields": [{**common, **row} for row in rows]}


def key(name):
    return ORDER, "$app:odoo", name


ID = {"key": "id", "type": "id", "value": "42", "compareDigest": None}
JSON = {"key": "proof", "type": "json", "value": '{"a":1,"b":2}'}
DEFINITION = {"definition": {"key": "id", "ownerType": "ORDER"}}
SUBSCRIPTION = {
    "topic": "ORDERS_CREATE",
    "webhookSubscription": {"uri": "https://x/hook", "includeFields": ["id"]},
}
QUANTITIES = {
    "input": {
        "name": "on_hand",
        "quantities": [
            {
                "inventoryItemId": ITEM,
                "locationId": SHOP,
                "quantity": 5,
                "changeFromQuantity": 7,
            }
        ],
    }
}
ABSENT = [
    ("metafieldsSet", metafields(ID), {key("id"): None}),
    ("metafieldsSet", metafields(ID), {}),
    ("metafieldsSet", metafields(ID), {key("id"): "43"}),
    ("metafieldDefinitionCreate", DEFINITION, None),
    ("webhookSubscriptionCreate", SUBSCRIPTION, []),
    ("inventorySetQuantities", QUANTITIES, {(ITEM, SHOP): 7}),
    ("inventorySetQuantities", QUANTITIES, {(ITEM, SHOP): None}),
]


@pytest.mark.parametrize(("kind", "sent", "found"), ABSENT)
def test_not_applied_is_never_said_before_it_can_no_longer_arrive(kind, sent, found):
    assert settle(kind, sent, found, SOON) == WAIT
    assert settle(kind, sent, found, LATE) == NOT_APPLIED


def test_metafields_that_read_as_sent_were_written():
    found = {key("id"): "42", key("proof"): '{ "b": 2, "a": 1 }'}

    assert settle("metafieldsSet", metafields(ID, JSON), found, SOON) == applied(ORDER)


@pytest.mark.parametrize("proof", ['{"a":1}', "not json", None])
def test_one_differing_metafield_means_none_was_written_by_us(proof):
    found = {key("id"): "42", key("proof"): proof}

    assert settle("metafieldsSet", metafields(ID, JSON), found, LATE) == NOT_APPLIED


def test_a_definition_that_exists_was_made():
    gid = "gid://shopify/MetafieldDefinition/3"

    assert settle("metafieldDefinitionCreate", DEFINITION, gid, SOON) == applied(gid)


def test_a_subscription_is_known_by_topic_address_and_filter():
    same = {"id": "a", "topic": "ORDERS_CREATE", "uri": "https://x/hook", "filter": ""}
    others = [
        {**same, "id": "b", "topic": "ORDERS_UPDATED"},
        {**same, "id": "c", "uri": "https://y/hook"},
        {**same, "id": "d", "filter": "id:1"},
    ]

    verdict = settle("webhookSubscriptionCreate", SUBSCRIPTION, [*others, same], SOON)

    assert verdict == applied("a")
    assert settle("webhookSubscriptionCreate", SUBSCRIPTION, others, SOON) == WAIT


def test_a_subscription_made_twice_is_reported_with_both():
    same = {"topic": "ORDERS_CREATE", "uri": "https://x/hook", "filter": None}
    found = [{**same, "id": "a"}, {**same, "id": "b"}]

    verdict = settle("webhookSubscriptionCreate", SUBSCRIPTION, found, SOON)

    assert verdict == applied("a", "b")


def test_stock_that_reads_as_sent_was_written():
    found = {(ITEM, SHOP): 5}

    assert settle("inventorySetQuantities", QUANTITIES, found, SOON) == applied(ITEM)


def test_a_write_that_nothing_can_prove_goes_to_a_person():
    verdict = settle("orderInvoiceSend", {}, None, LATE)

    assert verdict.kind == "ask_person"
    assert verdict.failure.code == "outcome_needs_person"
    assert verdict.failure.params["operation"] == "orderInvoiceSend"


@pytest.mark.parametrize(
    ("hours", "asks_again"), [(0, True), (19.9, True), (20, False)]
)
def test_the_same_key_is_asked_again_only_while_it_surely_lives(hours, asks_again):
    verdict = settle_idempotent("refundCreate", after(hours * 3600))

    assert (verdict == ASK_AGAIN) == asks_again
    assert verdict.kind in ("ask_again", "ask_person")


def test_what_carries_our_whole_mark_was_created_by_us():
    owner = ("gid://shopify/Product/1", Mark("42", "d", PROOF, "d"))

    assert settle_created("productSet", PROOF, owner, SOON) == applied(owner[0])
    assert settle_created("productSet", PROOF, None, SOON) == WAIT
    assert settle_created("productSet", PROOF, None, LATE) == NOT_APPLIED


def test_a_strangers_object_with_our_id_is_never_adopted():
    foreign = Proof("other db", "product.template", (42,), "none", "t")
    for proof in (foreign, None):
        owner = ("gid://shopify/Product/1", Mark("42", "d", proof, "d"))
        assert settle_created("productSet", PROOF, owner, LATE).kind == "ask_person"


def test_the_wait_is_a_parameter():
    timing = Timing(SENT, SENT, timedelta(0), margin=timedelta(0))

    assert settle("metafieldDefinitionCreate", DEFINITION, None, timing) == NOT_APPLIED
