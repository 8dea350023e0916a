"""What an audit says of one record: both sides were read in full, do they agree?

Whether they do is decided in identity.py alone; here its decision becomes a finding that
people read, and what may be done about it without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .identity import Decision
from .marks import BadProof, Mark, Proof, named_by
from .reasons.reason import _

Kind = Literal["missing", "different", "copied", "orphaned", "two_in_one", "foreign"]
KINDS: dict[str, str] = {
    "missing": _("No Odoo ID in Shopify"),
    "different": _("The sides disagree"),
    "copied": _("Copy in Shopify"),
    "orphaned": _("One side is missing"),
    "two_in_one": _("Two for one record"),
    "foreign": _("Another database's mark"),
}
# mark: the engine writes the Odoo ID; read: the record is read from Shopify, which links
# it again by its proof, or notes that it is gone. Both look again before they write.
Repair = Literal["", "mark", "read"]

# Stops of the decision table: what they are for a record that is linked, and for one
# that isn't. None: a person has decided, or nothing is wrong with any ID.
_BY_CODE: dict[str, tuple[Kind | None, Kind | None]] = {
    "identity_conflict": ("different", "different"),
    "identity_birth_differs": ("different", "orphaned"),
    "identity_unproven": ("different", "foreign"),
    "identity_foreign_database": ("foreign", "foreign"),
    "identity_foreign_company": ("foreign", "foreign"),
    "identity_claimed_twice": ("two_in_one", "two_in_one"),
    "identity_copied": ("copied", "copied"),
    "identity_original_gone": ("orphaned", "orphaned"),
    "identity_record_gone": ("orphaned", "orphaned"),
    "link_record_deleted": ("orphaned", "orphaned"),
    # Read at two moments; whoever looks again knows.
    "changed_meanwhile": ("different", "different"),
    "unlinked_by_hand": (None, None),
}


@dataclass(frozen=True)
class Seen:
    """What was read of one Shopify record. mark: NO_MARK where a person has said that
    it means nothing."""

    gid: str
    model: str
    database: str
    mark: Mark
    is_linked: bool


@dataclass(frozen=True)
class Finding:
    """One thing that isn't as it should be; other: the other GID of two."""

    kind: Kind
    repair: Repair = ""
    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    other: str = ""


def find(decision: Decision, seen: Seen) -> Finding | None:
    """What the decision of identity.decide_inbound says of a record that was read or is
    gone; None where all is well."""
    if decision.action == "update":
        return None
    if decision.action == "mark_gone":
        is_ours = seen.is_linked
        return Finding("orphaned", "read", "shopify_record_gone") if is_ours else None
    if decision.action == "update_and_mark":
        kind = "missing" if seen.mark.value is None else "different"
        return Finding(kind, "mark")
    if decision.action == "restore":
        return Finding("orphaned", "read")
    if decision.reason_code in _BY_CODE:
        kind = _BY_CODE[decision.reason_code][0 if seen.is_linked else 1]
        return kind and Finding(
            kind,
            "",
            decision.reason_code,
            decision.params,
            decision.params.get("other", ""),
        )
    return None if seen.is_linked else _proof_alone(seen)


def _proof_alone(seen: Seen) -> Finding | None:
    """A proof without an ID: what Shopify's "Duplicate" leaves on the copy."""
    proof = seen.mark.proof
    theirs = named_by(seen.mark) if isinstance(proof, Proof) else ""
    if proof is None or seen.mark.value is not None:
        return None
    if isinstance(proof, BadProof):
        return Finding("foreign", "", "identity_unproven", {"theirs": theirs})
    params = {"theirs": theirs, "database": proof.database}
    if proof.database != seen.database or proof.model != seen.model:
        return Finding("foreign", "", "identity_foreign_database", params)
    if proof.shared:
        # It was a further object of a shared product.
        return Finding("orphaned", "", "identity_unproven", params)
    return Finding("copied", "", "", params)


@dataclass(frozen=True)
class Side:
    """Of one Shopify type: how many records Shopify listed, and what became of the links
    that are here.

    agreeing: read as equal; found: something is still to be settled; gone: known to be
    gone; withheld: Shopify doesn't show them to this app; fresh: made since the listing
    began. is_read: the whole list was read.
    """

    remote: int = 0
    links: int = 0
    agreeing: int = 0
    found: int = 0
    gone: int = 0
    withheld: int = 0
    fresh: int = 0
    is_read: bool = True

    @property
    def unexplained(self) -> int:
        """Links of which nothing is said: 0, or the audit has a gap."""
        told = self.agreeing + self.found + self.gone + self.withheld + self.fresh
        return self.links - told


def is_whole(sides: Mapping[str, Side]) -> bool:
    """Whether all that is linked was compared. A type that was not read matters where
    it has links."""
    return all(
        side.is_read and not side.unexplained
        for side in sides.values()
        if side.is_read or side.links
    )
