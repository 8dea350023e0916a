import json

import pytest

from api import operations

TEXT = """# cost: 12.5, why
# More words.
mutation DoIt($idempotencyKey: String!) {
  # inside
  doIt @idempotent(key: $idempotencyKey) { id }
}
"""


def test_document_is_read_with_its_cost_kind_and_name():
    operation = operations.parse("area/do_it", TEXT)

    assert operation.cost == 12.5
    assert (operation.kind, operation.operation_name) == ("mutation", "DoIt")
    assert operation.is_write and operation.idempotent
    assert "#" not in operation.text


@pytest.mark.parametrize(
    "text",
    [
        "query Q { shop { id } }",
        "# cost: 1\n{ shop { id } }",
        "# cost: x\nquery Q { a }",
    ],
)
def test_document_without_cost_or_name_is_refused(text):
    with pytest.raises(ValueError):
        operations.parse("area/bad", text)


@pytest.mark.parametrize(
    "name", ["shop/nothing", "../graphql/shop/connect", "shop/../shop/connect", "", "/"]
)
def test_unknown_operation_is_refused(name):
    with pytest.raises(ValueError):
        operations.load(name)


def test_every_file_is_listed_and_loads():
    listed = operations.names()

    assert "metafields/set" in listed and "shop/connect" in listed
    assert set(operations.mutations()) < set(listed)
    assert "metafields/set" in operations.mutations()
    assert "shop/connect" not in operations.mutations()


def test_body_holds_name_text_and_variables():
    operation = operations.load("webhooks/delete")

    sent = json.loads(operations.request_body(operation, {"id": "gid://x/1"}))

    assert sent == {
        "operationName": "WebhooksDelete",
        "query": operation.text,
        "variables": {"id": "gid://x/1"},
    }


@pytest.mark.parametrize("variables", [{}, {"idempotencyKey": ""}])
def test_write_that_needs_a_key_is_refused_without_one(variables):
    operation = operations.parse("area/do_it", TEXT)

    with pytest.raises(ValueError):
        operations.request_body(operation, variables)


def test_what_json_cannot_hold_is_refused():
    operation = operations.load("webhooks/delete")

    with pytest.raises(ValueError):
        operations.request_body(operation, {"id": float("nan")})
    with pytest.raises(TypeError):
        operations.request_body(operation, {"id": object()})
