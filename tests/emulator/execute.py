"""Runs one validated document against a shop with the registered resolvers."""

import sys
import traceback

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    execute_sync,
    get_named_type,
    is_composite_type,
)
from graphql.execution.values import get_directive_values

from . import access
from .args import Args
from .errors import NotEmulated, TopLevelError
from .paging import connection
from .registry import FIELDS, MUTATIONS, QUERIES, Context
from .schema import schema

MAXIMUM_ENTRIES = 250


def run(ctx: Context, document, variables: dict, operation_name) -> ExecutionResult:
    """Execute; the caller holds the shop's lock."""
    return execute_sync(
        schema(),
        document,
        context_value=ctx,
        variable_values=variables,
        operation_name=operation_name,
        field_resolver=resolve,
        type_resolver=lambda value, _info, _abstract: value["__typename"],
    )


def resolve(source, info, **arguments):
    ctx = info.context
    try:
        return _resolve(ctx, source, info, arguments)
    except GraphQLError:
        raise
    except Exception as bug:
        traceback.print_exc(file=sys.stderr)
        ctx.shop.emulator.bugs.append(traceback.format_exc())
        where = f"{info.parent_type.name}.{info.field_name}"
        message = f"emulator bug at {where}: {type(bug).__name__}: {bug}"
        raise TopLevelError(message, "EMULATOR_BUG") from bug


def _resolve(ctx, source, info, arguments):
    parent, name = info.parent_type.name, info.field_name
    returned = get_named_type(info.return_type)
    access.check(ctx, parent, name, returned.name)
    args = Args(arguments)
    _limit_arrays(arguments)
    if parent == "Mutation":
        value = _mutate(ctx, name, args, arguments, info)
    elif parent == "QueryRoot":
        value = _query(ctx, name, args)
    else:
        value = _field(ctx, info.parent_type, name, source, args)
    value = _shape(ctx, value, info.return_type, returned, args)
    if parent != "Mutation":
        _refuse_unread(f"{parent}.{name}", args, info.parent_type.fields[name])
    if access.withheld(ctx, parent, name):
        return _nothing(info.return_type)
    return value


def _query(ctx, name, args):
    function = QUERIES.get(name)
    if function is None:
        raise NotEmulated(f"QueryRoot.{name}")
    return function(ctx, args)


def _field(ctx, parent_type, name, source, args):
    for typename in (parent_type.name, *(i.name for i in parent_type.interfaces)):
        function = FIELDS.get((typename, name))
        if function is not None:
            return function(ctx, source, args)
    if name not in source:
        raise NotEmulated(f"{parent_type.name}.{name}")
    return source[name]


def _mutate(ctx, name, args, arguments, info):
    if name not in MUTATIONS:
        raise NotEmulated(f"Mutation.{name}")
    function, idempotent = MUTATIONS[name]
    key = _idempotency_key(info)
    if key is not None and not idempotent:
        raise NotEmulated(f"@idempotent on {name}")

    def apply():
        ctx.shop.emulator.faults.pause_inside(ctx, name)
        payload = function(ctx, args)
        if not payload.get("userErrors"):
            ctx.shop.mutations_applied.append(name)
            _refuse_unread(f"Mutation.{name}", args, info.parent_type.fields[name])
        return payload

    if not idempotent:
        return apply()
    from . import idempotency

    return idempotency.execute(ctx, name, key, arguments, apply)


def _idempotency_key(info) -> str | None:
    directive = schema().get_directive("idempotent")
    for node in info.field_nodes:
        values = get_directive_values(directive, node, info.variable_values)
        if values is not None:
            return values["key"]
    return None


def _shape(ctx, value, return_type, named, args):
    """GIDs to live objects, lists to connections, where the schema says so."""
    if not is_composite_type(named):
        return value
    if named.name.endswith("Connection") and isinstance(value, list | tuple):
        return connection(value, args, ctx)
    if isinstance(value, list | tuple):
        inner = return_type
        while isinstance(inner, GraphQLNonNull):
            inner = inner.of_type
        objects = [_object(ctx, item) for item in value]
        if isinstance(inner, GraphQLList) and isinstance(inner.of_type, GraphQLNonNull):
            return [item for item in objects if item is not None]
        return objects
    return _object(ctx, value)


def _object(ctx, value):
    if isinstance(value, str):
        return ctx.get(value)
    if isinstance(value, dict) and value.get("__typename") == "Order":
        return value if access.visible(ctx, value) else None
    return value


def _nothing(return_type):
    """Null where the schema allows it, else the emptiest value."""
    if not isinstance(return_type, GraphQLNonNull):
        return None
    inner = return_type.of_type
    if isinstance(inner, GraphQLList):
        return []
    if get_named_type(inner).name.endswith("Connection"):
        blank = dict.fromkeys(("startCursor", "endCursor"))
        more = {"hasNextPage": False, "hasPreviousPage": False}
        return {"nodes": [], "edges": [], "pageInfo": {**blank, **more}}
    return ""


def _refuse_unread(where: str, args: Args, field) -> None:
    for path in args.unread():
        if _default(field.args, path) != _given(args, path):
            raise NotEmulated(f"{where}(… {path}:)")


def _limit_arrays(value) -> None:
    """Shopify takes at most 250 entries in any input array."""
    if isinstance(value, list) and len(value) > MAXIMUM_ENTRIES:
        message = f"The input array size of {len(value)} is greater than the maximum"
        raise TopLevelError(f"{message} allowed of 250.", "MAX_INPUT_SIZE_EXCEEDED")
    if isinstance(value, dict):
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        _limit_arrays(inner)


def _default(inputs, path: str):
    """What the schema puts in by itself when the argument is left out."""
    names = path.split(".")
    for name in names[:-1]:
        inputs = get_named_type(inputs[name].type).fields
    return inputs[names[-1]].default_value


def _given(args, path: str):
    """The value under a path; of a list of inputs, the first that has it."""
    value = args
    for name in path.split("."):
        rows = value if isinstance(value, list) else [value]
        value = next((dict.get(row, name) for row in rows if dict.get(row, name)), None)
    return value
