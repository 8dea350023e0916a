"""Connections: nodes, edges and pageInfo of a list."""

import base64
import json

from .errors import bad_request

MAXIMUM = 250


def connection(items, args, ctx) -> dict:
    """One page of `items` (dicts or GIDs) by first/last/after/before/reverse."""
    rows = list(items)
    if args.get("reverse"):
        rows.reverse()
    edges = [(_cursor(item, place), item) for place, item in enumerate(rows)]
    return page(edges, args, ctx, _place)


def page(edges: list[tuple[str, object]], args, ctx, place) -> dict:
    """A page of (cursor, node) pairs; `place(edges, cursor)` -> index of the first
    edge after that cursor."""
    first, last = size(args, ctx)
    after, before = args.get("after"), args.get("before")
    start = place(edges, after, True) if after else 0
    stop = place(edges, before, False) if before else len(edges)
    chosen = edges[start:stop]
    if ctx.bulk:
        first = len(chosen)
    if first is not None:
        cut = chosen[:first]
        has_next, has_previous = len(chosen) > first, start > 0
    else:
        cut = chosen[-last:] if last else []
        has_next, has_previous = stop < len(edges), len(chosen) > last
    return {
        "nodes": [node for _cursor, node in cut],
        "edges": [{"cursor": cursor, "node": node} for cursor, node in cut],
        "pageInfo": {
            "hasNextPage": has_next,
            "hasPreviousPage": has_previous,
            "startCursor": cut[0][0] if cut else None,
            "endCursor": cut[-1][0] if cut else None,
        },
    }


def size(args, ctx) -> tuple[int | None, int | None]:
    """first and last, exactly one of them given and within Shopify's limit."""
    first, last = args.get("first"), args.get("last")
    if ctx.bulk:
        return None, None
    if (first is None) == (last is None):
        raise bad_request("you must provide one of first or last")
    for name, number in (("first", first), ("last", last)):
        if number is not None and not 0 <= number <= MAXIMUM:
            raise bad_request(f"{name} must be between 0 and {MAXIMUM}")
    return first, last


def encode(value) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def decode(cursor: str):
    try:
        return json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError:
        raise bad_request(f"invalid cursor {cursor!r}") from None


def _cursor(item, place: int) -> str:
    gid = item if isinstance(item, str) else (item or {}).get("id")
    return encode({"place": place, "id": gid})


def _place(edges, cursor: str, after: bool) -> int:
    wanted = decode(cursor)
    if not isinstance(wanted, dict) or "place" not in wanted:
        raise bad_request("this cursor belongs to another list")
    for place, (known, _node) in enumerate(edges):
        if wanted["id"] is not None and decode(known)["id"] == wanted["id"]:
            return place + 1 if after else place
    return min(wanted["place"] + (1 if after else 0), len(edges))
