"""Reads objects from Shopify by their IDs, telling "gone" from "withheld"."""

from collections.abc import Iterable

from ..core.failures import Failure


def read_nodes(
    client,
    operation: str,
    gids: Iterable[str],
    size: int,
    optional: frozenset[str] = frozenset(),
) -> dict:
    """{gid: node; None where Shopify has no such object; a Failure where it withholds
    it or a part of it that the plan needs}.

    operation: a document with `nodes(ids: $ids)`; `size` objects a request.
    optional: fields of the object that a plan can do without; what is withheld of
    them is null in the node and named in its entry `withheld`.
    """
    gids, nodes = list(gids), {}
    for start in range(0, len(gids), size):
        part = gids[start : start + size]
        answer = client.execute(operation, {"ids": part})
        for place, node in enumerate(answer.data["nodes"]):
            paths = [path[2:] for path in answer.denied if path[:2] == ("nodes", place)]
            nodes[part[place]] = _usable(node, paths, answer.denied_scopes, optional)
    return nodes


def _usable(node, paths, scopes, optional):
    if not paths:
        return node
    # A null that only a permission makes is no empty value.
    if node is None or {path[:1] for path in paths} - {(name,) for name in optional}:
        return scope_failure(paths, scopes)
    return node | {"withheld": sorted({path[0] for path in paths})}


def scope_failure(paths, scopes) -> Failure:
    """The stop for what Shopify refuses to show."""
    fields = sorted({".".join(map(str, path)) for path in paths})
    return Failure(
        "scope_missing",
        {"scope": ", ".join(scopes) or ", ".join(filter(None, fields)) or "?"},
        tuple(f"scope:{scope}" for scope in scopes),
    )
