"""Bulk operations: started by a mutation, answered as JSON lines at a URL.

Limits kept: five at once, one to five connections, two levels deep, no connection
inside a plain list, an id beside every nested connection. With `groupObjects: false`
all parents come before all children, so that nobody relies on them being adjacent.
"""

import json
from datetime import timedelta

from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    TypeInfo,
    get_named_type,
    validate,
    visit,
)
from graphql import parse as parse_document
from graphql.language import OperationDefinitionNode
from graphql.language.visitor import Visitor
from graphql.utilities import TypeInfoVisitor

from . import bulk_mutations, clock, execute
from .errors import NotEmulated
from .paging import connection
from .registry import Context, merchant, mutation, query, user_error
from .schema import schema
from .search import by_text, filter_, search

MAXIMUM_RUNNING, MAXIMUM_CONNECTIONS, MAXIMUM_DEPTH = 5, 5, 2
OPEN = ("CREATED", "RUNNING", "CANCELING")
KEPT = timedelta(days=7)


@mutation("bulkOperationRunQuery")
def run_query(ctx, args):
    text, grouped = args["query"], args["groupObjects"]
    problem = _problem(ctx, text)
    if problem:
        code, message = problem
        error = user_error(message, ["query"], code)
        return {"bulkOperation": None, "userErrors": [error]}
    return {"bulkOperation": _start(ctx, "QUERY", text, grouped), "userErrors": []}


@mutation("bulkOperationRunMutation")
def run_mutation(ctx, args):
    """`clientIdentifier` is taken and, as no field of the operation shows it, dropped."""
    args.accept("clientIdentifier")
    text, path = args["mutation"], args["stagedUploadPath"]
    error = bulk_mutations.problem(ctx, text, path)
    if not error and _full(ctx, "MUTATION"):
        message = "A bulk mutation for this app and shop is already in progress"
        error = user_error(message, None, "OPERATION_IN_PROGRESS")
    if error:
        return {"bulkOperation": None, "userErrors": [error]}
    operation = _start(ctx, "MUTATION", text, args["groupObjects"], path)
    return {"bulkOperation": operation, "userErrors": []}


def _start(ctx, kind: str, text: str, grouped: bool, path: str | None = None) -> dict:
    return ctx.shop.add(
        "BulkOperation",
        query=text,
        status="CREATED",
        type=kind,
        errorCode=None,
        completedAt=None,
        fileSize=None,
        objectCount="0",
        rootObjectCount="0",
        url=None,
        partialDataUrl=None,
        _grouped=grouped,
        _path=path,
        _app=ctx.app.client_id,
        _base_url=ctx.base_url,
        _ready=_ready(ctx, kind),
        _fail=None,
        _text=None,
    )


def _ready(ctx, kind: str) -> str:
    """When it will be done; one that has to wait begins when an earlier one is done."""
    begins = ctx.shop.now()
    ends = sorted(clock.parse(row["_ready"]) for row in _unfinished(ctx, kind))
    if len(ends) >= MAXIMUM_RUNNING:
        begins = ends[len(ends) - MAXIMUM_RUNNING]
    return clock.text(begins + timedelta(seconds=_seconds(ctx.shop)))


@mutation("bulkOperationCancel")
def cancel(ctx, args):
    operation = _own(ctx, args["id"])
    if operation is None:
        error = user_error("Bulk operation does not exist", ["id"])
        return {"bulkOperation": None, "userErrors": [error]}
    _advance(ctx.shop, operation)
    if operation["status"] not in OPEN:
        message = (
            f"A bulk operation cannot be canceled when it is {operation['status']}"
        )
        error = user_error(message.lower(), None)
        return {"bulkOperation": operation, "userErrors": [error]}
    operation["status"] = "CANCELING"
    return {"bulkOperation": operation, "userErrors": []}


@query("bulkOperation")
def one(ctx, args):
    operation = _own(ctx, args["id"])
    if operation:
        _advance(ctx.shop, operation)
    return operation


@query("bulkOperations")
def several(ctx, args):
    for operation in ctx.shop.of_type("BulkOperation"):
        _advance(ctx.shop, operation)
    args.accept("sortKey")
    if args.get("query") or ctx.shop.search_lag:
        return search(ctx, "BulkOperation", args, default_sort="CREATED_AT")
    rows = ctx.shop.of_type("BulkOperation")
    return connection([row for row in rows if _own(ctx, row["id"])], args, ctx)


filter_("BulkOperation", "status")(by_text("status"))


def result_file(shop, name: str) -> str | None:
    """The lines of a finished operation; files live seven days."""
    with shop.lock:
        operation = shop.get(f"gid://shopify/BulkOperation/{name.split('.')[0]}")
        if operation is None or operation["_text"] is None:
            return None
        age = shop.now() - clock.parse(operation["completedAt"])
        return operation["_text"] if age <= KEPT else None


@merchant("set_bulk_time")
def set_bulk_time(shop, seconds: float):
    """How long bulk operations started from now on take (emulator's clock)."""
    shop.bulk_seconds = seconds


@merchant("fail_bulk")
def fail_bulk(shop, gid: str, code: str = "INTERNAL_SERVER_ERROR"):
    """Let an operation fail half way: partialDataUrl holds the first half."""
    shop.require(gid, "BulkOperation")["_fail"] = code


def _seconds(shop) -> float:
    return getattr(shop, "bulk_seconds", None) or 0


def _own(ctx, gid: str) -> dict | None:
    found = ctx.shop.get(gid)
    if not found or found["__typename"] != "BulkOperation":
        return None
    return found if found["_app"] == ctx.app.client_id else None


# -- may it start? --


def _unfinished(ctx, kind: str) -> list[dict]:
    rows = [
        row
        for row in ctx.shop.of_type("BulkOperation")
        if row["_app"] == ctx.app.client_id and row["type"] == kind
    ]
    for row in rows:
        _advance(ctx.shop, row)
    return [row for row in rows if row["status"] in OPEN]


def _full(ctx, kind: str) -> bool:
    """Is a further one refused? Five run at once; the sixth may also wait (switch)."""
    running = len(_unfinished(ctx, kind))
    return running >= MAXIMUM_RUNNING and not ctx.shop.switches.sixth_bulk_waits


def _problem(ctx, text: str):
    if _full(ctx, "QUERY"):
        message = "A bulk query operation for this app and shop is already in progress"
        return "OPERATION_IN_PROGRESS", message
    try:
        document = parse_document(text)
    except GraphQLError as error:
        return "INVALID", f"Invalid bulk query: {error.message}"
    errors = validate(schema(), document)
    if errors:
        return "INVALID", f"Invalid bulk query: {errors[0].message}"
    if any(
        isinstance(node, OperationDefinitionNode) and node.variable_definitions
        for node in document.definitions
    ):
        return "INVALID", "Bulk queries take no variables"
    return _shape_problem(document)


def _shape_problem(document):
    shape = _Shape()
    types = TypeInfo(schema())
    visit(document, TypeInfoVisitor(types, shape.bound(types)))
    if not shape.connections:
        return "INVALID", "Bulk queries must contain at least one connection."
    if shape.connections > MAXIMUM_CONNECTIONS:
        return "INVALID", "Bulk queries cannot contain more than 5 connections."
    if shape.deepest > MAXIMUM_DEPTH:
        return (
            "INVALID",
            "Bulk queries cannot contain connections with more than 2 levels.",
        )
    if shape.in_list:
        return (
            "INVALID",
            f"Connection fields within a list are not supported: {shape.in_list}",
        )
    if shape.root:
        return (
            "INVALID",
            f"Bulk queries cannot contain the top level field {shape.root}.",
        )
    if shape.missing_id:
        return "INVALID", "The parent of a nested connection must select its 'id'."
    return None


class _Shape(Visitor):
    """Counts connections and where they hang."""

    def __init__(self):
        super().__init__()
        self.connections = self.deepest = 0
        self.in_list = self.root = self.missing_id = None
        self._open: list[tuple[bool, bool]] = []  # (is connection, is plain list)
        self._types = None

    def bound(self, types) -> "_Shape":
        self._types = types
        return self

    def enter_field(self, node, *_):
        kind = self._types.get_type()
        connects = get_named_type(kind).name.endswith("Connection") if kind else False
        parent = self._types.get_parent_type()
        plain = kind is not None and _is_list(kind) and node.name.value not in PARTS
        if (
            parent
            and parent.name == "QueryRoot"
            and node.name.value in ("node", "nodes")
        ):
            self.root = node.name.value
        if connects:
            self.connections += 1
            depth = 1 + sum(is_connection for is_connection, _plain in self._open)
            self.deepest = max(self.deepest, depth)
            if any(in_list for _connection, in_list in self._open):
                self.in_list = node.name.value
        self._check_id(node, plain)
        self._open.append((connects, plain))

    def leave_field(self, *_):
        self._open.pop()

    def _check_id(self, node, _plain):
        """A row that has a connection below it must carry its id."""
        selections = node.selection_set.selections if node.selection_set else ()
        names = {s.name.value for s in selections if s.kind == "field"}
        kind = self._types.get_type()
        fields = getattr(get_named_type(kind), "fields", {}) if kind else {}
        nested = any(
            get_named_type(fields[name].type).name.endswith("Connection")
            for name in names
            if name in fields
        )
        is_row = node.name.value in ("node", "nodes")
        if nested and is_row and "id" not in names:
            self.missing_id = node.name.value


PARTS = ("nodes", "edges")


def _is_list(kind) -> bool:
    while isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    return isinstance(kind, GraphQLList)


# -- running --


def _advance(shop, operation) -> None:
    """Move an operation on as the clock says."""
    due = shop.now() >= clock.parse(operation["_ready"])
    if operation["status"] == "CANCELING":
        operation.update(status="CANCELED", completedAt=shop.timestamp())
    elif operation["status"] in ("CREATED", "RUNNING"):
        if due:
            _finish(shop, operation)
        else:
            operation["status"] = "RUNNING"


def _finish(shop, operation) -> None:
    app = shop.apps[operation["_app"]]
    operation["completedAt"] = shop.timestamp()
    ctx = Context(shop=shop, app=app, bulk=True, base_url=operation["_base_url"])
    if operation["type"] == "MUTATION":
        ctx.bulk = False
        rows = bulk_mutations.run_lines(ctx, operation["query"], operation["_path"])
        _publish(operation, rows, len(rows))
        _tell(shop, operation)
        return
    result = execute.run(ctx, parse_document(operation["query"]), {}, None)
    if result.errors:
        codes = {(error.extensions or {}).get("code") for error in result.errors}
        denied = "ACCESS_DENIED" in codes
        operation["status"] = "FAILED"
        operation["errorCode"] = "ACCESS_DENIED" if denied else "INTERNAL_SERVER_ERROR"
        operation["_error"] = str(result.errors[0])
        if "NOT_EMULATED" in codes:
            raise NotEmulated(result.errors[0].message.partition(": ")[2])
    else:
        rows, roots = _lines(result.data, operation["_grouped"])
        _publish(operation, rows, roots)
    _tell(shop, operation)


def _tell(shop, operation) -> None:
    shop.index(operation)
    shop.emit("BULK_OPERATIONS_FINISH", operation)


def _publish(operation, rows: list[dict], roots: int) -> None:
    failed = operation["_fail"]
    if failed:
        rows = rows[: len(rows) // 2]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    name = operation["id"].rpartition("/")[2]
    url = f"{operation['_base_url']}/bulk/{name}.jsonl" if rows else None
    operation.update(
        status="FAILED" if failed else "COMPLETED",
        errorCode=failed,
        objectCount=str(len(rows)),
        rootObjectCount=str(roots),
        fileSize=str(len(text)) if rows else None,
        url=None if failed else url,
        partialDataUrl=url if failed else None,
        _text=text if rows else None,
    )


def _lines(data: dict, grouped: bool) -> tuple[list[dict], int]:
    """JSON lines of an answer and how many of them are root objects."""
    parents, children = [], []
    for value in data.values():
        for row in _rows(value):
            below: list[dict] = []
            parents.append(_flat(row, below, children if not grouped else None))
            if grouped:
                parents.extend(below)
    roots = sum("__parentId" not in row for row in parents)
    return parents + children, roots


def _flat(row: dict, below: list, apart: list | None) -> dict:
    """The row without its connections; their rows go to `below` or `apart`."""
    line = {}
    target = below if apart is None else apart
    for key, value in row.items():
        if not _is_connection(value):
            line[key] = value
            continue
        for child in _rows(value):
            deeper: list[dict] = []
            flat = _flat(child, deeper, apart)
            target.append(flat | {"__parentId": row["id"]})
            target.extend(deeper)
    return line


def _rows(value) -> list[dict]:
    if not _is_connection(value):
        return []
    if "nodes" in value:
        return value["nodes"]
    return [edge["node"] for edge in value["edges"]]


def _is_connection(value) -> bool:
    return isinstance(value, dict) and ("nodes" in value or "edges" in value)
