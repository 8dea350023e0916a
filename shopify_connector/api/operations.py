"""The documents of graphql/: which there are, what each costs, how one is sent."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).resolve().parent.parent / "graphql"

_NAME = re.compile(r"[a-z_]+/[a-z0-9_]+\Z")
_COST = re.compile(r"# cost: (\d+(?:\.\d+)?)\b")
_HEAD = re.compile(r"^(query|mutation)\s+([A-Z]\w*)", re.MULTILINE)
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


@dataclass(frozen=True)
class Operation:
    """One named query or mutation, as in its file.

    cost: points it reserves before it runs, by Shopify's published rules.
    idempotent: it carries `@idempotent` and needs the variable `idempotencyKey`.
    """

    name: str
    operation_name: str
    text: str
    cost: float
    kind: Literal["query", "mutation"]
    idempotent: bool

    @property
    def is_write(self) -> bool:
        return self.kind == "mutation"


@functools.cache
def load(name: str) -> Operation:
    """The operation `<area>/<file stem>`. Raises ValueError if there is none such."""
    path = FOLDER / f"{name}.graphql"
    if not _NAME.match(name) or not path.is_file():
        raise ValueError(f"no operation {name!r} in graphql/")
    return parse(name, path.read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Operation:
    """Read one document. Raises ValueError without a cost or without a name."""
    cost = _COST.match(text)
    body = _COMMENT.sub("", text).strip()
    head = _HEAD.search(body)
    if not cost or not head:
        raise ValueError(f"{name}: first line '# cost: N', then one named operation")
    return Operation(
        name=name,
        operation_name=head[2],
        text=body,
        cost=float(cost[1]),
        kind=head[1],
        idempotent="@idempotent(" in body,
    )


@functools.cache
def names() -> tuple[str, ...]:
    """All operations, sorted."""
    files = FOLDER.glob("*/*.graphql")
    return tuple(sorted(f"{file.parent.name}/{file.stem}" for file in files))


def mutations() -> tuple[str, ...]:
    """All operations that write, sorted."""
    return tuple(name for name in names() if load(name).is_write)


def request_body(operation: Operation, variables: Mapping[str, Any]) -> bytes:
    """The bytes to send: equal variables give equal bytes.

    Shopify compares a repeated idempotency key with the former request, so the order
    in which a database gives keys back must not matter. Raises ValueError if the
    idempotency key is missing, TypeError for what JSON can't hold.
    """
    if operation.idempotent and not variables.get("idempotencyKey"):
        raise ValueError(f"{operation.name} needs the variable idempotencyKey")
    content = {
        "operationName": operation.operation_name,
        "query": operation.text,
        "variables": dict(variables),
    }
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()
