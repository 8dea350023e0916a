"""Who looks after a stop."""

from collections.abc import Hashable, Set


def looks_after(
    chosen: Hashable | None,
    flow_owner: Hashable | None,
    manager: Hashable | None,
    away: Set[Hashable],
) -> Hashable | None:
    """The person a stop is shown to: whom it was handed to, else the flow's owner; while
    that one is away, the store's manager. None means that nobody looks after it.

    away: those who can't be asked now, archived users among them.
    """
    first = chosen or flow_owner
    if first and first not in away:
        return first
    return manager if manager and manager not in away else None
