"""Lists by `query:` and `sortKey:`, read from the index that lags behind.

A hit tells which objects the index believes to match; the fields of the answer are
read live, and an object deleted meanwhile is left out.

    @query("orders")
    def orders(ctx, args):
        return search(ctx, "Order", args, default_sort="PROCESSED_AT")
"""

import re
from collections.abc import Callable
from datetime import timedelta

from . import clock
from .errors import NotEmulated, TopLevelError
from .paging import decode, encode, page
from .search_syntax import All, Not, Some, Term, parse

FILTERS: dict[tuple[str, str], Callable[[dict, str, str], bool]] = {}
FREE_TEXT: dict[str, tuple[str, ...]] = {}  # type -> keys that free text looks into
SORT_KEYS: dict[tuple[str, str], Callable[[dict], object]] = {}


def filter_(typename: str, *names: str):
    """Register `fn(row, op, value) -> bool` for a search field of a type."""

    def register(function):
        for name in names:
            FILTERS[typename, name] = function
        return function

    return register


def search(ctx, typename: str, args, default_sort: str = "ID", only=None) -> dict:
    """A connection. `only(row)` limits the rows before the query does."""
    tree = parse(args.get("query") or "")
    sort = args.get("sortKey") or default_sort
    backwards = bool(args.get("reverse"))
    rows = [
        row
        for row in ctx.shop.indexed(typename)
        if (only is None or only(row)) and _matches(ctx, typename, tree, row)
    ]
    key = _sort_key(typename, sort)
    rows.sort(key=key, reverse=backwards)
    edges = []
    for row in rows:
        live = ctx.get(row["id"])
        if live is not None:
            cursor = {"sort": sort, "back": backwards, "at": list(key(row))}
            edges.append((encode(cursor), live))
    return page(edges, args, ctx, _placer(sort, backwards))


def _placer(sort: str, backwards: bool):
    def place(edges, cursor: str, after: bool) -> int:
        """First edge behind the cursor's value: rows may have moved since."""
        wanted = decode(cursor)
        if not isinstance(wanted, dict) or "at" not in wanted:
            raise TopLevelError(
                "Invalid cursor for current pagination sort.", "BAD_REQUEST"
            )
        if (wanted["sort"], wanted["back"]) != (sort, backwards):
            raise TopLevelError(
                "Invalid cursor for current pagination sort.", "BAD_REQUEST"
            )
        for index, (known, _node) in enumerate(edges):
            here = decode(known)["at"]
            beyond = here < wanted["at"] if backwards else here > wanted["at"]
            if beyond or (not after and here == wanted["at"]):
                return index
        return len(edges)

    return place


# -- sorting --


def number(gid: str) -> int:
    """The number in a GID."""
    return int(gid.rpartition("/")[2])


def _sort_key(typename: str, sort: str):
    plain = {
        "ID": lambda row: number(row["id"]),
        "CREATED_AT": lambda row: row["createdAt"],
        "UPDATED_AT": lambda row: row["updatedAt"],
        "PROCESSED_AT": lambda row: row["processedAt"],
        "TITLE": lambda row: row["title"].lower(),
        "NAME": lambda row: row["name"].lower(),
        "SKU": lambda row: row.get("sku") or "",
        "RELEVANCE": lambda row: number(row["id"]),
    }
    first = SORT_KEYS.get((typename, sort)) or plain.get(sort)
    if first is None:
        raise NotEmulated(f"sortKey {sort} of {typename}")
    return lambda row: (first(row), number(row["id"]))


# -- matching --


def _matches(ctx, typename: str, tree, row) -> bool:
    if tree is None:
        return True
    if isinstance(tree, All):
        return all([_matches(ctx, typename, part, row) for part in tree.parts])
    if isinstance(tree, Some):
        return any([_matches(ctx, typename, part, row) for part in tree.parts])
    if isinstance(tree, Not):
        return not _matches(ctx, typename, tree.part, row)
    return _term(ctx, typename, tree, row)


def _term(ctx, typename: str, term: Term, row) -> bool:
    if term.field.startswith("metafields."):
        # Since 2026-10 an error instead of unfiltered rows.
        message = f"{term.field} has no definition that can be filtered by."
        raise TopLevelError(message, "BAD_USER_INPUT")
    if not term.field:
        words = FREE_TEXT.get(typename)
        if words is None:
            raise NotEmulated(f"free text search of {typename}")
        texts = [str(row.get(key) or "") for key in words]
        return any(text_matches(text, term.value) for text in texts)
    function = FILTERS.get((typename, term.field)) or COMMON.get(term.field)
    if function is None:
        raise NotEmulated(f"search field {term.field} of {typename}")
    return bool(function(row, term.op, term.value))


def compare(found, op: str, wanted) -> bool:
    if found is None:
        return False
    return {
        "=": found == wanted,
        ">": found > wanted,
        "<": found < wanted,
        ">=": found >= wanted,
        "<=": found <= wanted,
    }[op]


def by_moment(key: str):
    """A time filter to the second; a bare date with `=` means that whole day."""

    def matches(row, op, value):
        if row.get(key) is None:
            return False
        found, wanted = clock.parse(row[key]), _moment(value)
        if op == "=" and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return wanted <= found < wanted + timedelta(days=1)
        return compare(found, op, wanted)

    return matches


def by_day(key: str):
    """A time filter that only knows whole days (customers)."""

    def matches(row, op, value):
        if row.get(key) is None:
            return False
        return compare(row[key][:10], op, clock.text(_moment(value))[:10])

    return matches


def by_text(*keys: str):
    """Equal without case, `*` at the end as prefix; several keys: any of them."""

    def matches(row, op, value):
        return any(text_matches(str(row.get(key) or ""), value, True) for key in keys)

    return matches


def by_tag(row, op, value):
    return value.lower() in [tag.lower() for tag in row.get("tags") or ()]


def by_id(row, op, value):
    return compare(number(row["id"]), op, number(value))


def text_matches(text: str, wanted: str, whole: bool = False) -> bool:
    text, wanted = text.lower(), wanted.lower()
    if wanted == "*":
        return bool(text)
    if wanted.endswith("*"):
        start = wanted[:-1]
        return text.startswith(start) or (
            not whole and any(word.startswith(start) for word in text.split())
        )
    return text == wanted if whole else wanted in text


def _moment(value: str):
    try:
        return clock.parse(value)
    except ValueError:
        message = f"Invalid search field value: {value!r} is no time."
        raise TopLevelError(message, "BAD_USER_INPUT") from None


COMMON = {
    "id": by_id,
    "updated_at": by_moment("updatedAt"),
    "created_at": by_moment("createdAt"),
    "tag": by_tag,
}
