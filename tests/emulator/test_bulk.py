"""Bulk queries: life, limits, result lines."""

import json

import pytest
import requests

RUN = """mutation($q: String!) { bulkOperationRunQuery(query: $q) {
    bulkOperation { id status } userErrors { code message } } }"""
POLL = """query($id: ID!) { bulkOperation(id: $id) { status errorCode objectCount
    rootObjectCount url partialDataUrl } }"""
PRODUCTS = """{ products { edges { node { id title
    variants { edges { node { id sku } } } } } } }"""


@pytest.fixture
def stocked(shop):
    for name in ("A", "B"):
        shop.create_product(
            title=name,
            options=["Size"],
            variants=[
                {"options": ["S"], "sku": f"{name}-S"},
                {"options": ["M"], "sku": f"{name}-M"},
            ],
        )


def start(ask, query=PRODUCTS):
    return ask(RUN, q=query)["bulkOperationRunQuery"]


def test_result_lines_name_their_parents(ask, shop, stocked):
    gid = start(ask)["bulkOperation"]["id"]

    done = ask(POLL, id=gid)["bulkOperation"]
    lines = [
        json.loads(x) for x in requests.get(done["url"], timeout=5).text.splitlines()
    ]

    assert (done["status"], done["objectCount"], done["rootObjectCount"]) == (
        "COMPLETED", "6", "2",
    )  # fmt: skip
    assert [row.get("title") or row["sku"] for row in lines] == [
        "A", "B", "A-S", "A-M", "B-S", "B-M",
    ]  # fmt: skip
    assert lines[2]["__parentId"] == lines[0]["id"]


def test_it_runs_until_its_time_is_over(ask, shop, emulator, stocked):
    shop.set_bulk_time(60)
    topics = []
    shop.listen(lambda topic, _obj: topics.append(topic))
    started = start(ask)["bulkOperation"]

    assert started["status"] == "CREATED"
    assert ask(POLL, id=started["id"])["bulkOperation"]["status"] == "RUNNING"
    emulator.advance(60)
    assert ask(POLL, id=started["id"])["bulkOperation"]["status"] == "COMPLETED"
    assert topics == ["BULK_OPERATIONS_FINISH"]


def test_empty_result_has_no_url(ask):
    done = ask(POLL, id=start(ask)["bulkOperation"]["id"])["bulkOperation"]

    assert (done["status"], done["objectCount"], done["url"]) == (
        "COMPLETED",
        "0",
        None,
    )


def test_sixth_at_once_is_refused(ask, shop):
    shop.set_bulk_time(60)
    for _ in range(5):
        assert start(ask)["userErrors"] == []

    assert start(ask)["userErrors"][0]["code"] == "OPERATION_IN_PROGRESS"


def test_failed_one_leaves_its_first_half(ask, shop, stocked):
    shop.set_bulk_time(0)
    gid = start(ask)["bulkOperation"]["id"]
    shop.fail_bulk(gid)

    failed = ask(POLL, id=gid)["bulkOperation"]

    assert (failed["status"], failed["errorCode"], failed["url"]) == (
        "FAILED", "INTERNAL_SERVER_ERROR", None,
    )  # fmt: skip
    lines = requests.get(failed["partialDataUrl"], timeout=5).text.splitlines()
    assert len(lines) == 3


def test_cancelled_one_ends_cancelled(ask, shop):
    shop.set_bulk_time(60)
    gid = start(ask)["bulkOperation"]["id"]
    cancel = """mutation($id: ID!) { bulkOperationCancel(id: $id) {
        bulkOperation { status } userErrors { message } } }"""

    answer = ask(cancel, id=gid)["bulkOperationCancel"]

    assert answer["bulkOperation"] == {"status": "CANCELING"}
    assert ask(POLL, id=gid)["bulkOperation"]["status"] == "CANCELED"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ shop { name } }", "at least one connection"),
        ("{ products { nonsense } }", "Cannot query field"),
        (
            "{ orders { edges { node { id refunds { id refundLineItems { edges"
            " { node { quantity } } } } } } } }",
            "within a list",
        ),
        (
            "{ products { edges { node { title variants { edges { node"
            " { id } } } } } } }",
            "must select its 'id'",
        ),
        (
            "{ products { edges { node { id variants { edges { node { id metafields"
            " { edges { node { id } } } } } } } } } }",
            None,
        ),
    ],
)
def test_query_that_cannot_be_bulk_is_refused(ask, query, message):
    errors = start(ask, query)["userErrors"]

    if message is None:
        assert errors[0]["message"].endswith("more than 2 levels.")
    else:
        assert message in errors[0]["message"]
