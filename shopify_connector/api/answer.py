"""Reads one HTTP answer of Shopify: the data, or the error that says what happened.

Pure: status, headers and bytes in. For a write it keeps three outcomes apart. The rule
for GraphQL errors is the specification's: an answer without the entry `data` was never
executed; one with `data: null` was.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from . import enums, errors, throttle, version
from .operations import Operation

Path = tuple[str | int, ...]

# Nothing was executed, though Shopify names a path. shopify.md section 2.
_REFUSED_CODES = frozenset(
    {"BAD_REQUEST", "INVALID_FIELD_ARGUMENTS", "MAX_COST_EXCEEDED"}
)
_CONFLICT_CODES = frozenset(
    {
        "CAPABILITY_VIOLATION",
        "CHANGE_FROM_QUANTITY_STALE",
        "INVALID_COMPARE_DIGEST",
        "STALE_OBJECT",
        "TAKEN",
    }
)
_MISSING_CODE = re.compile(r"(\A|_)(NOT_FOUND|DOES_NOT_EXIST)(_|\Z)")
# The verdict on this key's first attempt is open, or lost: not a refusal.
_OPEN_CODES = frozenset(
    {
        "IDEMPOTENCY_CONCURRENT_REQUEST",
        "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
        "INTERNAL_ERROR",
        "INTERNAL_SERVER_ERROR",
        "UNEXPECTED_ERROR",
    }
)
_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+")
_SHOP_CLOSED = {402: "unpaid", 403: "refused", 423: "locked"}


@dataclass(frozen=True)
class Cost:
    """Points of one request. `actual` is None where Shopify didn't execute it."""

    requested: float | None = None
    actual: float | None = None
    status: throttle.ThrottleStatus | None = None

    @classmethod
    def read(cls, content: Any) -> "Cost":
        """From an answer's `extensions.cost`; empty where there is none."""
        extensions = content.get("extensions") if isinstance(content, dict) else None
        node = extensions.get("cost") if isinstance(extensions, dict) else None
        if not isinstance(node, dict):
            return cls()
        return cls(
            node.get("requestedQueryCost"),
            node.get("actualQueryCost"),
            throttle.ThrottleStatus.read(node.get("throttleStatus")),
        )


@dataclass(frozen=True)
class Notice:
    """Something worth showing that spoils nothing.

    code: `api_version_changed`, `unknown_value`, `cost_above_stated`.
    """

    code: str
    text: str


@dataclass(frozen=True)
class Answer:
    """A usable answer. For a write: it was applied.

    data: GraphQL `data` as sent. denied: paths that are null only because we may not
    see them, e.g. ("nodes", 0, "customer"); such a null is not an empty value.
    """

    data: dict[str, Any]
    denied: tuple[Path, ...] = ()
    denied_scopes: tuple[str, ...] = ()
    cost: Cost = field(default_factory=Cost)
    request_id: str = ""
    api_version: str | None = None
    operation: str = ""
    warnings: tuple[Notice, ...] = ()

    @property
    def version_changed(self) -> bool:
        return version.differs(self.api_version)

    def denied_under(self, *path: str | int) -> tuple[Path, ...]:
        """Denied paths at or below `path`, or above it."""
        return tuple(
            each
            for each in self.denied
            if all(a == b for a, b in zip(each, path, strict=False))
        )


@dataclass(frozen=True)
class Reply:
    """One HTTP answer as it came. `content` is None where the body is no JSON object."""

    operation: Operation
    status: int
    headers: Mapping[str, str]
    content: dict[str, Any] | None
    cost: Cost

    @classmethod
    def read(
        cls, operation: Operation, status: int, headers: Mapping[str, str], body: bytes
    ) -> "Reply":
        try:
            content = json.loads(body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            content = None
        return cls(operation, status, headers, content, Cost.read(content))

    @property
    def request_id(self) -> str:
        return self.headers.get("X-Request-Id") or ""

    @property
    def api_version(self) -> str | None:
        return self.headers.get("X-Shopify-API-Version")

    @property
    def dated(self) -> float | None:
        """When Shopify answered, by its own clock: Unix time in whole seconds, cut off.
        A server that has a clock must say so (RFC 9110, 6.6.1)."""
        try:
            return parsedate_to_datetime(self.headers.get("Date") or "").timestamp()
        except ValueError:
            return None

    @property
    def facts(self) -> dict[str, str]:
        return {"operation": self.operation.name, "request_id": self.request_id}


def to_answer(reply: Reply) -> Answer:
    """The answer, or raise one of api/errors."""
    _raise_for_status(reply)
    content = reply.content
    if content is None or not ("data" in content or content.get("errors")):
        raise _no_verdict(reply, "the answer can't be read")
    data = content.get("data")
    listed = _graphql_errors(content)
    denied, scopes = _raise_for_errors(reply, data, listed)
    if not isinstance(data, dict):
        raise _no_verdict(reply, "the answer holds no data")
    if reply.operation.is_write:
        _raise_for_user_errors(reply, data)
    return Answer(
        data=data,
        denied=denied,
        denied_scopes=scopes,
        cost=reply.cost,
        request_id=reply.request_id,
        api_version=reply.api_version,
        operation=reply.operation.name,
        warnings=tuple(_notices(reply, data)),
    )


def _raise_for_status(reply: Reply) -> None:
    status, facts = reply.status, reply.facts
    if status == 200:
        return
    said = f"HTTP {status}{_reason(reply)}"
    if status == 401:
        raise errors.AuthError(f"{said}: the access token is refused", **facts)
    if status in _SHOP_CLOSED:
        message = f"{said}: the shop is {_SHOP_CLOSED[status]}"
        raise errors.AuthError(message, failure="shop_closed", **facts)
    if status == 404:
        message = f"{said}: no such shop, or no such API version"
        raise errors.MissingError(message, failure="shop_not_found", **facts)
    if status == 429:
        raise _throttled(reply)
    if status == 430:
        raise errors.TransientError(f"{said}: held up by Shopify", **facts)
    if status >= 500 or status in (303, 408) or status < 300:
        raise _no_verdict(reply, said)
    if status < 400:
        # Not followed: a token must not travel to where an answer points.
        message = f"{said}: the shop answers from another address"
        raise errors.MissingError(message, failure="shop_moved", **facts)
    raise errors.RejectedError(said, failure="invalid_request", **facts)


def _reason(reply: Reply) -> str:
    """Shopify's own words beside a status, if it has any."""
    listed = _graphql_errors(reply.content or {})
    return "".join(f" ({error.get('message')})" for error in listed[:1])


def _raise_for_errors(
    reply: Reply, data: Any, listed: list[dict[str, Any]]
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """What was denied within a usable answer; raise if it isn't usable."""
    codes = {_code(error) for error in listed}
    if not listed:
        return (), ()
    if "THROTTLED" in codes:
        raise _throttled(reply)
    message = "; ".join(str(error.get("message") or "") for error in listed)
    if not _executed(reply, data, listed):
        raise _refused(reply, listed, message)
    if codes == {"ACCESS_DENIED"}:
        return _denied(reply, data, listed, message)
    raise _no_verdict(reply, message)


def _executed(reply: Reply, data: Any, listed: list[dict[str, Any]]) -> bool:
    """Whether Shopify began to carry the request out."""
    if "data" not in (reply.content or {}):
        return False
    if any(_code(error) == "INTERNAL_SERVER_ERROR" for error in listed):
        return True
    if _holds_payload(data):
        return True
    # Nothing came back. A refusal names the root field itself, or no path at all; a
    # longer path means that the field ran and something below it failed.
    if any(len(error.get("path") or ()) > 1 for error in listed):
        return True
    known = _REFUSED_CODES | {"ACCESS_DENIED"}
    return any(_code(error) not in known for error in listed)


def _refused(reply: Reply, listed: list[dict[str, Any]], message: str) -> Exception:
    codes = {_code(error) for error in listed}
    if "INTERNAL_SERVER_ERROR" in codes:
        return _no_verdict(reply, message)
    if "ACCESS_DENIED" in codes:
        return _access_denied(reply, listed, message)
    if "SHOP_INACTIVE" in codes:
        return errors.AuthError(message, failure="shop_closed", **reply.facts)
    word = "query_too_costly" if "MAX_COST_EXCEEDED" in codes else "invalid_request"
    return errors.RejectedError(message, failure=word, **reply.facts)


def _denied(
    reply: Reply, data: Any, listed: list[dict[str, Any]], message: str
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    if not _holds_payload(data):
        if reply.operation.is_write:
            raise _no_verdict(reply, message)
        raise _access_denied(reply, listed, message)
    return tuple(_path(error) for error in listed), _scopes(listed)


def _access_denied(
    reply: Reply, listed: list[dict[str, Any]], message: str
) -> errors.AccessDeniedError:
    return errors.AccessDeniedError(
        message,
        scopes=_scopes(listed),
        paths=tuple(_path(error) for error in listed),
        **reply.facts,
    )


def _raise_for_user_errors(reply: Reply, data: dict[str, Any]) -> None:
    for payload in data.values():
        if not isinstance(payload, dict):
            # Without errors a root field can't be null: nobody knows what happened.
            raise _no_verdict(reply, "the mutation returned nothing")
        found = tuple(_user_errors(payload))
        if found:
            raise _for_user_errors(reply, found, payload)


def _user_errors(payload: Mapping[str, Any]) -> Iterable[errors.UserError]:
    """Entries of every list named …userErrors: `orderCancelUserErrors` and so on."""
    for key, entries in payload.items():
        if key.lower().endswith("usererrors"):
            for entry in entries or ():
                yield errors.UserError(
                    field=tuple(str(part) for part in entry.get("field") or ()),
                    code=entry.get("code") or "",
                    message=entry.get("message") or "",
                    element=entry.get("elementIndex"),
                )


def _for_user_errors(
    reply: Reply, found: tuple[errors.UserError, ...], payload: dict[str, Any]
) -> errors.ShopifyError:
    codes = {error.code for error in found}
    if codes & _OPEN_CODES or any(_speaks_of_key(error) for error in found):
        return _no_verdict(reply, "; ".join(str(error) for error in found))
    facts = {"user_errors": found, "payload": payload, **reply.facts}
    if codes & _CONFLICT_CODES:
        return errors.ConflictError(**facts)
    if all(_MISSING_CODE.search(code) for code in codes):
        return errors.MissingError(**facts)
    if "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED" in codes:
        return errors.RejectedError(failure="idempotency_key_spent", **facts)
    return errors.RejectedError(**facts)


def _speaks_of_key(error: errors.UserError) -> bool:
    """refundCreate's user errors have no code: only their text tells."""
    return not error.code and "idempoten" in error.message.lower()


def _no_verdict(reply: Reply, message: str) -> errors.TransientError:
    """No usable answer: for a write the outcome is open, for a read nothing is lost."""
    kind = errors.TransientError
    if reply.operation.is_write:
        kind = errors.UnknownOutcomeError
    return kind(message, **reply.facts)


def _throttled(reply: Reply) -> errors.ThrottledError:
    requested = reply.cost.requested or reply.operation.cost
    seconds = throttle.retry_after(requested, reply.cost.status)
    try:
        seconds = max(seconds, float(reply.headers.get("Retry-After") or 0))
    except ValueError:
        pass  # an HTTP date: the computed wait is good enough
    return errors.ThrottledError(
        f"out of points for {seconds:g} s", retry_after=seconds, **reply.facts
    )


def _notices(reply: Reply, data: dict[str, Any]) -> Iterable[Notice]:
    if version.differs(reply.api_version):
        yield Notice(
            "api_version_changed",
            f"asked {version.API_VERSION}, answered {reply.api_version}",
        )
    stated, charged = reply.operation.cost, reply.cost.requested
    if charged is not None and charged > stated:
        yield Notice("cost_above_stated", f"stated {stated:g}, charged {charged:g}")
    for path, value in enums.unknown(data):
        yield Notice("unknown_value", f"{value} at {'.'.join(map(str, path))}")


def _graphql_errors(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = content.get("errors") or []
    if isinstance(listed, str):
        return [{"message": listed}]
    if isinstance(listed, dict):
        listed = [listed]
    return [e if isinstance(e, dict) else {"message": str(e)} for e in listed]


def _code(error: Mapping[str, Any]) -> str:
    extensions = error.get("extensions")
    return (extensions.get("code") or "") if isinstance(extensions, dict) else ""


def _path(error: Mapping[str, Any]) -> Path:
    return tuple(error.get("path") or ())


def _scopes(listed: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for error in listed:
        extensions = error.get("extensions")
        needed = (
            extensions.get("requiredAccess") if isinstance(extensions, dict) else ""
        )
        for scope in _SCOPE.findall(f"{needed or ''} {error.get('message') or ''}"):
            found[scope] = None
    return tuple(found)


def _holds_payload(data: Any) -> bool:
    return isinstance(data, dict) and any(value is not None for value in data.values())
