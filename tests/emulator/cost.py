"""What a document costs, by the published and the community-confirmed rules.

Scalar 0, object 1, connection 2 + floor(2 ln(max(2, N))) x one node (1 + its fields),
N = 0 costs 2; a plain list counts once; an abstract type as its dearest possible type;
a mutation 10 plus the connections in its payload (productSet has its own surcharges,
not emulated). `value_objects="low"` leaves value objects free, "high" counts every
object.
"""

import math

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    parse,
    value_from_ast_untyped,
)
from graphql.language import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    VariableNode,
)

MAXIMUM = 1000  # points a single query may ask for
MUTATION = 10
UNKNOWN_SIZE = 250  # a page size whose variable has neither value nor default
FREE = frozenset(
    "MoneyBag MoneyV2 MailingAddress Attribute Weight InventoryItemMeasurement "
    "PageInfo".split()
)


def requested_cost(
    schema,
    document,
    variables: dict | None = None,
    *,
    operation_name: str | None = None,
    value_objects: str = "low",
) -> int:
    """Points asked for before execution. `document` is text or a parsed document."""
    counter = _Counter(schema, document, variables, operation_name, value_objects)
    return counter.total(_MISSING)


def actual_cost(
    schema, document, variables, data, *, operation_name=None, value_objects="low"
) -> int:
    """Points for what really came back: null is free, a page counts its rows."""
    counter = _Counter(schema, document, variables, operation_name, value_objects)
    return counter.total(data)


_MISSING = object()  # no answer yet: count what is asked for


class _Counter:
    def __init__(self, schema, document, variables, operation_name, value_objects):
        if isinstance(document, str):
            document = parse(document)
        self.schema = schema
        self.free = FREE if value_objects == "low" else frozenset()
        self.fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self.operation = next(
            node
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
            and operation_name in (None, node.name.value if node.name else None)
        )
        self.variables = self._defaults() | (variables or {})

    def _defaults(self) -> dict:
        return {
            node.variable.name.value: value_from_ast_untyped(node.default_value)
            for node in self.operation.variable_definitions
            if node.default_value is not None
        }

    def total(self, data) -> int:
        root = self.schema.get_root_type(self.operation.operation)
        selections = [self.operation.selection_set]
        if self.operation.operation.value != "mutation":
            return self._children(root, selections, data)
        mutations = self._fields(root, selections)
        return sum(
            MUTATION + self._payload(self._type(root, nodes), nodes, _under(data, key))
            for key, nodes in mutations.items()
        )

    def _payload(self, typename, nodes, data) -> int:
        """The payload of a mutation: its plain objects are within the 10 points,
        unless every object is counted."""
        kind = get_named_type(typename)
        if self.free == frozenset():
            return self._children(kind, _sets(nodes), data)
        cost = 0
        if not isinstance(kind, GraphQLObjectType):
            return 0
        for key, inner in self._fields(kind, _sets(nodes)).items():
            below = _under(data, key)
            named = get_named_type(self._type(kind, inner))
            if named.name.endswith("Connection"):
                cost += self._connection(kind, named, inner, below)
            else:
                rows = below if isinstance(below, list) else [below]
                cost += max(
                    (self._payload(named, inner, row) for row in rows), default=0
                )
        return cost

    # -- selections --

    def _children(self, parent, selection_sets, data) -> int:
        return sum(
            self._field(parent, nodes, _under(data, key))
            for key, nodes in self._fields(parent, selection_sets).items()
        )

    def _field(self, parent, nodes, data) -> int:
        returned = self._type(parent, nodes)
        named = get_named_type(returned) if returned is not None else None
        if named is None or data is None or not _is_composite(named):
            return 0
        if named.name.endswith("Connection"):
            return self._connection(parent, named, nodes, data)
        rows = data if isinstance(data, list) else [data]
        own = 0 if named.name in self.free else 1
        return max((self._object(named, nodes, row, own) for row in rows), default=0)

    def _object(self, named, nodes, data, own: int) -> int:
        if data is None:
            return 0
        possible = [named]
        if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            possible = self.schema.get_possible_types(named)
        costs = (self._children(kind, _sets(nodes), data) for kind in possible)
        return own + max(costs, default=0)

    def _connection(self, parent, named, nodes, data) -> int:
        node_cost, rest, rows = 0, 0, None
        for key, inner in self._fields(named, _sets(nodes)).items():
            below = _under(data, key)
            name = inner[0].name.value
            if name not in ("nodes", "edges"):
                rest += self._field(named, inner, below)
                continue
            if isinstance(below, list):
                rows = len(below)
            node_cost += self._rows(named, name, inner, below)
        number = self._size(parent, nodes[0]) if rows is None else rows
        return 2 + multiplier(number) * max(1, node_cost) + rest

    def _rows(self, connection, name, nodes, data) -> int:
        """Cost of one row below `nodes`, or below `edges { node }`."""
        if name == "nodes":
            return self._field(connection, nodes, data)
        edge = get_named_type(connection.fields["edges"].type)
        below = _MISSING if data is _MISSING else [row["node"] for row in data
                                                   if isinstance(row, dict)
                                                   and "node" in row]  # fmt: skip
        for inner in self._fields(edge, _sets(nodes)).values():
            if inner[0].name.value == "node":
                return self._field(edge, inner, below)
        return 1

    def _size(self, parent, node) -> int:
        for argument in node.arguments:
            if argument.name.value in ("first", "last"):
                if isinstance(argument.value, VariableNode):
                    number = self.variables.get(argument.value.name.value, Undefined)
                    if number is Undefined:
                        return UNKNOWN_SIZE
                else:
                    number = value_from_ast_untyped(argument.value)
                if number is not None:
                    return number
        return UNKNOWN_SIZE

    def _type(self, parent, nodes):
        field = getattr(parent, "fields", {}).get(nodes[0].name.value)
        return field.type if field else None

    def _fields(self, parent, selection_sets) -> dict[str, list[FieldNode]]:
        """Fields by answer key that apply to `parent`, fragments merged."""
        found: dict[str, list[FieldNode]] = {}
        for selection_set in selection_sets:
            self._collect(parent, selection_set, found)
        return found

    def _collect(self, parent, selection_set, found) -> None:
        for selection in selection_set.selections if selection_set else ():
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = (selection.alias or selection.name).value
                found.setdefault(key, []).append(selection)
                continue
            if isinstance(selection, FragmentSpreadNode):
                selection = self.fragments[selection.name.value]
            condition = selection.type_condition
            if condition is None or self._applies(parent, condition.name.value):
                self._collect(parent, selection.selection_set, found)

    def _applies(self, parent, name: str) -> bool:
        if parent.name == name:
            return True
        kind = self.schema.type_map[name]
        return isinstance(kind, GraphQLInterfaceType | GraphQLUnionType) and (
            self.schema.is_sub_type(kind, parent)
        )

    def _included(self, node) -> bool:
        for directive in node.directives:
            if directive.name.value in ("skip", "include"):
                value = directive.arguments[0].value
                if isinstance(value, VariableNode):
                    wanted = self.variables.get(value.name.value, True)
                else:
                    wanted = value.value
                if bool(wanted) == (directive.name.value == "skip"):
                    return False
        return True


def multiplier(number: int) -> int:
    """0 -> 0, 1 -> 1, 10 -> 4, 50 -> 7, 100 -> 9, 250 -> 11."""
    return math.floor(2 * math.log(max(2, number))) if number > 0 else 0


def _is_composite(kind) -> bool:
    return isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)


def _sets(nodes):
    return [node.selection_set for node in nodes]


def _under(data, key):
    if data is _MISSING:
        return _MISSING
    return data.get(key) if isinstance(data, dict) else None
