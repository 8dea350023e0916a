"""The official Admin schema 2026-10 and its published access table, read once."""

import gzip
import json
import os
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema, build_client_schema

VERSION = "2026-10"
# Versions served in November 2026; older ones fall forward to the oldest of them.
SUPPORTED = ("2026-01", "2026-04", "2026-07", "2026-10")
FILE_NAME = f"admin_{VERSION}.json.gz"


@cache
def _published() -> dict:
    named = os.environ.get("SHOPIFY_SCHEMA")
    root = Path(__file__).resolve().parents[2]
    path = Path(named) if named else root / ".local" / "cache" / FILE_NAME
    with gzip.open(path) as stream:
        return json.load(stream)


@cache
def schema() -> GraphQLSchema:
    """The schema with scalars that refuse malformed values."""
    built = build_client_schema(_published()["data"])
    for name, check in SCALAR_CHECKS.items():
        scalar = built.type_map[name]
        scalar.parse_value = _parser(name, check)
    return built


@cache
def access_table() -> dict[tuple[str, str | None], frozenset[str]]:
    """Scopes of which one is enough, by (type, None) or (type, field)."""
    items = _published()["offline_scopes"]["items"]
    return {
        (item["typeName"], item.get("fieldName")): frozenset(item["offlineScopes"])
        for item in items
        if item["offlineScopes"]
    }


def _parser(name, check):
    def parse(value):
        if not check(value):
            raise GraphQLError(f"{value!r} is no {name}")
        return value

    return parse


def _is_decimal(value) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False


def _is_url(value) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def _is_moment(value) -> bool:
    from .clock import parse

    try:
        return isinstance(value, str) and bool(parse(value))
    except ValueError:
        return False


SCALAR_CHECKS = {
    "Decimal": _is_decimal,
    "Money": _is_decimal,
    "URL": _is_url,
    "DateTime": _is_moment,
    "Date": _is_moment,
}
