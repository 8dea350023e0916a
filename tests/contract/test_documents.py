"""Every GraphQL document of the add-on against the official schema of its version."""

import re

import pytest
from graphql import (
    GraphQLEnumType,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    validate,
    visit,
)
from graphql.validation import NoDeprecatedCustomRule, specified_rules

from api import enums, operations
from api.version import API_VERSION
from tests.emulator.cost import requested_cost
from tests.emulator.schema import VERSION, schema

# shopify.md 5.1: these refuse to run without the directive, no other may carry it.
IDEMPOTENT = frozenset(
    """
    inventoryActivate inventoryAdjustQuantities inventoryMoveQuantities
    inventorySetOnHandQuantities inventorySetQuantities inventoryShipmentAddItems
    inventoryShipmentCreate inventoryShipmentCreateInTransit inventoryShipmentReceive
    inventoryTransferCreate inventoryTransferCreateAsReadyToShip
    inventoryTransferDuplicate inventoryTransferSetItems locationActivate
    locationDeactivate refundCreate
    """.split()
)
DEAREST = 1000
NAMES = operations.names()

pytestmark = pytest.mark.parametrize("name", NAMES)


def source(name: str) -> str:
    return (operations.FOLDER / f"{name}.graphql").read_text(encoding="utf-8")


def definition(name: str) -> OperationDefinitionNode:
    """The document's one operation; fragments may stand beside it."""
    (found,) = (
        node
        for node in parse(source(name)).definitions
        if isinstance(node, OperationDefinitionNode)
    )
    return found


def fields(name: str) -> list[tuple[str, str, object]]:
    """(answer key, field name, named type) of every selected field."""
    info, found = TypeInfo(schema()), []

    class Collect(Visitor):
        def enter_field(self, node, *_args):
            key = (node.alias or node.name).value
            found.append((key, node.name.value, get_named_type(info.get_type())))

    visit(parse(source(name)), TypeInfoVisitor(info, Collect()))
    return found


def test_valid_in_the_pinned_version_without_deprecated_fields(name):
    assert VERSION == API_VERSION

    rules = [*specified_rules, NoDeprecatedCustomRule]
    errors = validate(schema(), parse(source(name)), rules)

    assert [error.message for error in errors] == []


def test_one_operation_with_a_name_of_its_own(name):
    own = definition(name).name.value

    same = [each for each in NAMES if operations.load(each).operation_name == own]
    assert re.fullmatch(r"([A-Z][a-z0-9]*)+", own)
    assert same == [name]


def test_first_line_states_the_cost_shopify_reserves(name):
    operation = operations.load(name)

    cost = requested_cost(schema(), source(name), {})

    assert operation.cost == cost
    assert cost <= DEAREST


def test_text_sent_is_the_document_without_its_comments(name):
    operation = operations.load(name)

    assert validate(schema(), parse(operation.text)) == []
    assert "#" not in re.sub(r'"[^"]*"', "", operation.text)


def test_idempotency_key_exactly_where_shopify_demands_it(name):
    for field in definition(name).selection_set.selections:
        keys = [d for d in field.directives if d.name.value == "idempotent"]
        wanted = field.name.value in IDEMPOTENT
        assert len(keys) == wanted
        for directive in keys:
            (argument,) = directive.arguments
            assert argument.value.name.value == "idempotencyKey"
    assert operations.load(name).idempotent == ("$idempotencyKey" in source(name))


def test_a_mutation_is_alone_and_asks_for_every_user_error(name):
    if not operations.load(name).is_write:
        return
    (field,) = definition(name).selection_set.selections
    assert field.alias is None

    payload = get_named_type(schema().mutation_type.fields[field.name.value].type)
    wanted = {key for key in payload.fields if key.lower().endswith("usererrors")}
    asked = {
        selection.name.value
        for selection in field.selection_set.selections
        if selection.alias is None
    }
    assert wanted and wanted <= asked


def test_enum_values_the_client_knows_are_the_schemas(name):
    for key, _field, kind in fields(name):
        if key in enums.KNOWN and isinstance(kind, GraphQLEnumType):
            enum, values = enums.KNOWN[key]
            assert (kind.name, set(kind.values)) == (enum, set(values))


def test_marks_are_read_under_their_aliases_from_our_namespace(name):
    marks = re.findall(
        r'(\w+: )?metafield\(namespace: "([^"]+)", key: "(\w+)"', source(name)
    )
    for alias, namespace, metafield in marks:
        wanted = {"id": "odooId: ", "proof": "odooProof: ", "lease": ""}[metafield]
        assert (alias, namespace) == (wanted, "$app:odoo")
