"""Which fields of a document's answer Shopify may send as null."""

import copy

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLList,
    GraphQLNonNull,
    InlineFragmentNode,
    OperationDefinitionNode,
    get_named_type,
    parse,
)

from ..emulator.schema import schema

EACH = "*"


def nullable_paths(document, typename):
    """Paths below an object of this type, as tuples of answer keys; EACH is an element
    of a list. `document`: text whose root holds objects by `... on <typename>`."""
    tree = parse(document)
    fragments = {
        node.name.value: node
        for node in tree.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    [operation] = [
        node for node in tree.definitions if isinstance(node, OperationDefinitionNode)
    ]
    walk = _Walk(fragments)
    walk.object(operation.selection_set, schema().query_type, ())
    return sorted(
        {path[2:] for path in walk.found if path[:2] == ("nodes", typename)} - {()}
    )


class _Walk:
    def __init__(self, fragments):
        self.fragments = fragments
        self.found = []

    def object(self, selection_set, parent, path):
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                self.field(node, parent, path)
                continue
            if not isinstance(node, InlineFragmentNode):
                node = self.fragments[node.name.value]
            on = node.type_condition
            kind = schema().type_map[on.name.value] if on else parent
            # Objects of a root list are told apart by their type.
            below = (*path, kind.name) if path == ("nodes",) else path
            self.object(node.selection_set, kind, below)

    def field(self, node, parent, path):
        name = node.name.value
        if name == "__typename":
            return
        kind = parent.fields[name].type
        here = (*path, (node.alias or node.name).value)
        if not isinstance(kind, GraphQLNonNull):
            self.found.append(here)
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLList) and here != ("nodes",):
            here = (*here, EACH)
        if node.selection_set:
            self.object(node.selection_set, get_named_type(kind), here)


def with_null(node, path):
    """A copy with null at the path, in the first element of each list on the way; None
    where the node has no such place, or has null there already."""
    node = copy.deepcopy(node)
    place = node
    for key in path[:-1]:
        if key == EACH:
            if not place:
                return None
            place = place[0]
        else:
            place = place.get(key)
        if place is None:
            return None
    if not isinstance(place, dict) or place.get(path[-1]) is None:
        return None
    place[path[-1]] = None
    return node
