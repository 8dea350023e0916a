"""One GraphQL request: version, token, faults, validation, cost, execution, answer."""

import json
import time
import uuid
from dataclasses import dataclass, field

from graphql import GraphQLError, parse, validate
from graphql.language import FieldNode, OperationDefinitionNode
from graphql.utilities import get_operation_ast

from . import cost, execute
from .faults import Fault
from .registry import Context
from .requests_log import Request
from .schema import SUPPORTED, schema

MAX_BODY = 10 * 1024 * 1024


@dataclass
class Answer:
    """What goes back over HTTP; `cut`: close the connection without answering."""

    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    cut: bool = False
    truncate: bool = False


def served_version(asked: str) -> str:
    """Unknown and retired versions fall forward to the oldest supported one."""
    return asked if asked in SUPPORTED else SUPPORTED[0]


class Endpoint:
    """Answers `/{shop}/admin/api/<version>/graphql.json`."""

    def __init__(self, emulator):
        self.emulator = emulator
        self._validated: dict[str, tuple] = {}

    def handle(self, shop, version: str, token, body: bytes, base_url: str) -> Answer:
        request_id = str(uuid.uuid4())
        headers = {
            "X-Request-Id": request_id,
            "X-Shopify-API-Version": served_version(version),
        }
        answer = self._answer(shop, headers, token, body, base_url)
        answer.headers = headers | answer.headers
        return answer

    def _answer(self, shop, headers, token, body, base_url) -> Answer:
        refused = self._refused(shop, token)
        if refused:
            return refused
        app = self.emulator.app_of_token(shop, token)
        try:
            asked = _read_body(body)
            document, errors = self._validate(asked["query"])
        except (ValueError, GraphQLError) as error:
            return _errors(400 if isinstance(error, ValueError) else 200, [error])
        if errors:
            self._log_invalid(shop, asked, errors)
            return _errors(200, errors)
        operation = get_operation_ast(document, asked.get("operationName"))
        if operation is None:
            return _errors(200, [GraphQLError("Unknown operation named or none given")])
        request = _log_entry(shop, asked, operation)
        request.request_id = headers["X-Request-Id"]
        started = time.monotonic()
        try:
            ctx = Context(
                shop=shop,
                app=app,
                api_version=headers["X-Shopify-API-Version"],
                operation_name=request.operation,
                base_url=base_url,
            )
            return self._with_faults(ctx, document, asked, request)
        finally:
            request.seconds = time.monotonic() - started

    def _refused(self, shop, token) -> Answer | None:
        status = shop.switches.shop_status
        if status != 200:
            return _errors(status, [GraphQLError(STATUS_TEXT.get(status, "Refused"))])
        if self.emulator.app_of_token(shop, token) is None:
            return _unauthorised()
        return None

    def _validate(self, text: str):
        if text not in self._validated:
            document = parse(text)
            self._validated[text] = document, validate(schema(), document)
        return self._validated[text]

    def _log_invalid(self, shop, asked, errors) -> None:
        entry = Request(
            operation=asked.get("operationName"),
            query=asked["query"],
            variables=asked.get("variables") or {},
            fields=[],
            kind="invalid",
            started=shop.timestamp(),
            outcome="invalid",
            errors=[error.message for error in errors],
        )
        shop.requests.append(entry)

    # -- faults --

    def _with_faults(self, ctx, document, asked, request) -> Answer:
        faults = self.emulator.faults
        request.cost = cost.requested_cost(
            schema(),
            document,
            request.variables,
            operation_name=asked.get("operationName"),
            value_objects=ctx.shop.switches.value_objects,
        )
        names = {request.operation, *request.fields}
        if not faults.pass_point(ctx.shop, names, "before"):
            request.outcome = "dropped"
            return Answer(cut=True)
        for fault in faults.strike(ctx.shop, names, "before"):
            answer = self._before(fault, ctx, request)
            if answer is not None:
                request.outcome = fault.kind
                if fault.kind == "reset_before":
                    self._maybe_late(ctx, document, asked, request)
                return answer
        answer = self._execute(ctx, document, asked, request)
        faults.pass_point(ctx.shop, names, "after")
        for fault in faults.strike(ctx.shop, names, "after"):
            request.outcome = fault.kind
            answer = self._after(fault, answer)
        return answer

    def _before(self, fault: Fault, ctx, request) -> Answer | None:
        """An answer instead of the execution, or None to go on."""
        if fault.kind in ("timeout_before", "late", "delay"):
            self.emulator.sleep(fault.seconds)
        if fault.kind in ("reset_before", "timeout_before"):
            return Answer(cut=True)
        if fault.kind == "status_before":
            return _status(fault.status)
        if fault.kind == "internal_error":
            return _internal_error()
        if fault.kind == "throttle":
            return self._throttled(ctx, request, request.cost)
        if fault.kind == "revoked_token":
            return _unauthorised()
        if fault.kind == "missing_scope":
            ctx.denied_scopes.add(fault.scope)
        if fault.kind == "null_customer_data":
            ctx.customer_data = "level1"
        return None

    def _after(self, fault: Fault, answer: Answer) -> Answer:
        if fault.kind == "timeout_after":
            self.emulator.sleep(fault.seconds)
        if fault.kind in ("reset_after", "timeout_after"):
            return Answer(cut=True)
        if fault.kind == "status_after":
            return _status(fault.status)
        if fault.kind == "internal_error_after":
            return _internal_error()
        if fault.kind == "truncate":
            answer.truncate = True
        if fault.kind == "half_json":
            answer.body = answer.body[: len(answer.body) // 2]
        if fault.kind == "garbage":
            answer.body = b"<html><body>Something went wrong</body></html>"
        if fault.kind == "version":
            answer.headers["X-Shopify-API-Version"] = fault.version
        return answer

    def _maybe_late(self, ctx, document, asked, request) -> None:
        """A cut request may still run (switch): the client can't know."""
        if ctx.shop.switches.cut_request_applies_late:
            self.emulator.later(
                lambda: self._execute(ctx, document, asked, request), seconds=1
            )

    # -- execution --

    def _execute(self, ctx, document, asked, request) -> Answer:
        shop, variables = ctx.shop, asked.get("variables") or {}
        counting = {
            "operation_name": asked.get("operationName"),
            "value_objects": shop.switches.value_objects,
        }
        wanted = request.cost
        if wanted > cost.MAXIMUM and request.kind == "query":
            request.outcome = "max_cost"
            message = f"Query cost is {wanted}, which exceeds the single query max cost"
            error = GraphQLError(message, extensions={"code": "MAX_COST_EXCEEDED"})
            return _errors(200, [error])
        bucket = self.emulator.bucket(shop, ctx.app)
        with shop.lock:
            if not bucket.take(wanted, shop.now()):
                return self._throttled(ctx, request, wanted)
            before = len(shop.mutations_applied)
            result = execute.run(ctx, document, variables, asked.get("operationName"))
            request.applied = shop.mutations_applied[before:]
            spent = min(
                wanted,
                cost.actual_cost(
                    schema(), document, variables, result.data or {}, **counting
                ),
            )
            bucket.give_back(wanted - spent, shop.now())
            status = bucket.status(shop.now())
        request.errors = [error.formatted for error in result.errors or ()]
        request.outcome = "errors" if result.errors else "ok"
        body = result.formatted
        body["extensions"] = {
            "cost": {
                "requestedQueryCost": wanted,
                "actualQueryCost": spent,
                "throttleStatus": status,
            }
        }
        if ctx.warnings:
            body["extensions"]["search"] = ctx.warnings
        return _json(200, body)

    def _throttled(self, ctx, request, wanted: int) -> Answer:
        bucket = self.emulator.bucket(ctx.shop, ctx.app)
        request.outcome = "throttled"
        body = {
            "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
            "extensions": {
                "cost": {
                    "requestedQueryCost": wanted,
                    "actualQueryCost": None,
                    "throttleStatus": bucket.status(ctx.shop.now()),
                }
            },
        }
        answer = _json(ctx.shop.switches.throttle_status, body)
        if answer.status == 429:
            answer.headers["Retry-After"] = "2.0"
        request.status = answer.status
        return answer


STATUS_TEXT = {
    402: "Unavailable Shop",
    403: "Forbidden",
    423: "Locked",
    429: "Too Many Requests",
}


def _read_body(body: bytes) -> dict:
    asked = json.loads(body)
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        raise ValueError("body must be an object with a query")
    if not isinstance(asked.get("variables") or {}, dict):
        raise ValueError("variables must be an object")
    return asked


def _log_entry(shop, asked, operation: OperationDefinitionNode) -> Request:
    fields = [
        node.name.value
        for node in operation.selection_set.selections
        if isinstance(node, FieldNode)
    ]
    entry = Request(
        operation=operation.name.value if operation.name else None,
        query=asked["query"],
        variables=asked.get("variables") or {},
        fields=fields,
        kind=operation.operation.value,
        started=shop.timestamp(),
    )
    shop.requests.append(entry)
    return entry


def _json(status: int, body) -> Answer:
    text = json.dumps(body).encode()
    return Answer(status, text, {"Content-Type": "application/json; charset=utf-8"})


def _errors(status: int, errors) -> Answer:
    rows = [
        error.formatted
        if isinstance(error, GraphQLError)
        else {"message": str(error), "extensions": {"code": "BAD_REQUEST"}}
        for error in errors
    ]
    return _json(status, {"errors": rows})


def _unauthorised() -> Answer:
    text = (
        "[API] Invalid API key or access token (unrecognized login or wrong password)"
    )
    return _json(401, {"errors": text})


def _status(status: int) -> Answer:
    text = b"<html><body>error</body></html>"
    headers = {"Content-Type": "text/html"}
    if status == 429:
        headers["Retry-After"] = "2.0"
    return Answer(status, text, headers)


def _internal_error() -> Answer:
    row = {
        "message": "Internal error. Looks like something went wrong on our end.",
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": str(uuid.uuid4())},
    }
    return _json(200, {"errors": [row]})
