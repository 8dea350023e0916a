"""Who wins when a field differs: three-way, against what was synced last."""

from dataclasses import dataclass
from typing import Any, Literal

from .reasons.reason import _

Owner = Literal["shopify", "odoo", "first", "never"]
Side = Literal["shopify", "odoo"]

OVERWRITTEN = _("Changed on both sides; the owner's value was taken.")
LEFT = _("Changed on the side that doesn't own it; left as it is.")
FIRST_ONLY = _("Written once only; later changes are left as they are.")
NEVER = _("Never written by the connector.")


class _Unsynced:
    """There is no last synced value; None is one."""

    def __repr__(self) -> str:
        return "UNSYNCED"


UNSYNCED = _Unsynced()


@dataclass(frozen=True)
class FieldDecision:
    """What happens to one field.

    action: copy (write `value` to `target`), put_back (the same, over a change on the
    side that doesn't own it), ledger (the same, and `overwritten` goes into the
    ledger), leave, stop (both changed, a person decides).
    """

    action: Literal["copy", "leave", "put_back", "stop", "ledger"]
    value: Any = None
    target: Side | None = None
    overwritten: Any = None
    note: str = ""

    @property
    def writes(self) -> bool:
        return self.target is not None


def merge(
    base: Any,
    shopify: Any,
    odoo: Any,
    owner: Owner,
    on_conflict: Literal["owner", "stop"] = "stop",
    *,
    on_other: Literal["leave", "put_back"] = "leave",
    source: Side = "shopify",
) -> FieldDecision:
    """Decide one field from its last synced value (or UNSYNCED) and both present ones.

    Values are compared as they are, so bring them into one form first (Decimal, not
    text; None for empty). source: where a field of owner "first" comes from.
    """
    if owner == "never":
        return FieldDecision("leave", note=NEVER)
    if shopify == odoo:
        return FieldDecision("leave")
    if owner == "first":
        return _first_only(base, shopify, odoo, source)
    mine, theirs = (shopify, odoo) if owner == "shopify" else (odoo, shopify)
    target: Side = "odoo" if owner == "shopify" else "shopify"
    return _owned(base, mine, theirs, target, on_conflict, on_other)


def _first_only(base: Any, shopify: Any, odoo: Any, source: Side) -> FieldDecision:
    given, present = (shopify, odoo) if source == "shopify" else (odoo, shopify)
    if base is UNSYNCED and _is_empty(present):
        return FieldDecision(
            "copy", given, "odoo" if source == "shopify" else "shopify"
        )
    return FieldDecision("leave", note=FIRST_ONLY)


def _owned(
    base: Any,
    mine: Any,
    theirs: Any,
    target: Side,
    on_conflict: str,
    on_other: str,
) -> FieldDecision:
    if base is UNSYNCED and _is_empty(theirs):
        return FieldDecision("copy", mine, target)
    # Without a last synced value nobody can say who changed it: both may have.
    if theirs == base:
        return FieldDecision("copy", mine, target)
    if mine == base:
        if on_other == "leave":
            return FieldDecision("leave", note=LEFT)
        return FieldDecision("put_back", mine, target, theirs)
    if on_conflict == "stop":
        return FieldDecision("stop")
    return FieldDecision("ledger", mine, target, theirs, OVERWRITTEN)


def _is_empty(value: Any) -> bool:
    """Nothing there to lose. A number is a value, zero too."""
    return value is None or value is False or value == "" or value == ()
