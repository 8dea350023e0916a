"""The gate of a flow: how much of a store must be linked before it runs by itself.

A store whose records aren't linked yet has everything to lose by speed: an order that
names an unknown product stops, and stock pushed for half of a shop lies about the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

State = Literal["unknown", "closed", "open"]

# Whose links count for a flow, the one that people read first in front.
TYPES: Mapping[str, tuple[str, ...]] = {
    "products": ("ProductVariant", "Product"),
    "customers": ("Customer", "Company", "CompanyLocation"),
    "orders": ("ProductVariant",),
    "stock": ("ProductVariant", "Location"),
    "fulfilments": ("ProductVariant",),
}
# Which of the unlinked records hold a flow up.
#   undecided: those that a person must decide about. What a flow may link or make by
#     itself is its work, and no reason to keep it from it.
#   unlinked: every one.
#   ordered: those that an order waits for. A delivery ships lines of imported orders
#     only, and those are linked; what no order names can't be sent.
COUNTS: Mapping[str, str] = {
    "products": "undecided",
    "customers": "undecided",
    "orders": "unlinked",
    "stock": "unlinked",
    "fulfilments": "ordered",
}
# Nothing is said of these where the shop has none of the kind.
WHERE_THERE = frozenset({"Company", "CompanyLocation"})
# These would be guessing before the whole store was read.
NEEDS_SCAN = frozenset({"orders", "stock"})
ALL = 100.0


@dataclass(frozen=True)
class Coverage:
    """What is known of one record type of a store.

    known: active records of the store, linked: those of them with a link now. The other
    three are counts of unlinked ones, see COUNTS.
    """

    type: str
    known: int = 0
    linked: int = 0
    undecided: int = 0
    unlinked: int = 0
    ordered: int = 0

    def blocking(self, flow: str) -> int:
        """How many of them hold this flow up."""
        return getattr(self, COUNTS[flow])


@dataclass(frozen=True)
class Verdict:
    """Whether a flow may run by itself, and the counts that say why."""

    state: State
    coverages: tuple[Coverage, ...] = ()
    blocking: int = 0

    def as_json(self, flow: str) -> list[list]:
        """[type, linked, known, blocking] for each type."""
        return [
            [each.type, each.linked, each.known, each.blocking(flow)]
            for each in self.coverages
        ]


def judge(
    flow: str,
    coverages: Iterable[Coverage],
    *,
    scanned: bool,
    threshold: float = ALL,
) -> Verdict:
    """Decide a flow's gate.

    coverages: of the flow's types at least, of those in WHERE_THERE only where the shop
    has any. scanned: the whole store was read once, as
    far as these types go. threshold: per cent of each type's known records that must
    not hold the flow up.
    """
    by_type = {each.type: each for each in coverages}
    mine = tuple(
        by_type.get(kind, Coverage(kind))
        for kind in TYPES[flow]
        if kind in by_type or kind not in WHERE_THERE
    )
    blocking = sum(each.blocking(flow) for each in mine)
    if flow in NEEDS_SCAN and not scanned:
        return Verdict("unknown", mine, blocking)
    wide = all(reaches(each, flow, threshold) for each in mine)
    return Verdict("open" if wide else "closed", mine, blocking)


def reaches(coverage: Coverage, flow: str, threshold: float) -> bool:
    """Exactly, not as shown: 99.996 % is less than 100 %."""
    ready = coverage.known - coverage.blocking(flow)
    # As text, or 99.9 would be a little more than it says.
    return ready * 100 >= Decimal(str(threshold)) * coverage.known


def is_overridden(until: date | None, today: date) -> bool:
    """The day itself counts."""
    return bool(until) and today <= until


def effective(policy: str, state: State, until: date | None, today: date) -> str:
    """What a flow does: "off", "review" or "automatic".

    policy: as chosen. It stays; while the gate isn't open, automatic is review.
    until: the last day of an override.
    """
    if policy == "automatic" and state != "open" and not is_overridden(until, today):
        return "review"
    return policy
