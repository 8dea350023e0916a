"""What a finished sync of one subject did."""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["synced", "unchanged", "excluded", "simulated"]
KINDS = ("synced", "unchanged", "excluded", "simulated")


@dataclass(frozen=True)
class Change:
    """One field that differed; `before` and `after` as a person would read them."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Outcome:
    """synced: something was written on either side; unchanged: both sides agreed and
    nothing was written; excluded: a rule keeps the record out, `note` names the rule;
    simulated: a copy of the database would have written `changes`, and didn't.
    """

    kind: Kind
    note: str = ""
    changes: tuple[Change, ...] = ()

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"no such outcome: {self.kind!r}")
        if self.kind == "excluded" and not self.note:
            raise ValueError("an excluded record must name the rule that excludes it")


def synced(note: str = "", changes: tuple[Change, ...] = ()) -> Outcome:
    return Outcome("synced", note, tuple(changes))


def unchanged(note: str = "") -> Outcome:
    return Outcome("unchanged", note)


def simulated(note: str = "", changes: tuple[Change, ...] = ()) -> Outcome:
    return Outcome("simulated", note, tuple(changes))


def excluded(rule: str) -> Outcome:
    return Outcome("excluded", rule)
