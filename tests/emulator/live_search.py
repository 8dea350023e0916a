"""`query:` on lists below one object, which are read live and not from the index."""

from __future__ import annotations

from .search import _matches
from .search_syntax import parse


def matching(ctx, typename: str, rows: list[dict], text: str | None) -> list[dict]:
    tree = parse(text or "")
    return [row for row in rows if _matches(ctx, typename, tree, row)]
