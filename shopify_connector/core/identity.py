"""Which Odoo record a Shopify object is, and the other way round, or why to stop.

Both tables of decisions live here: inbound (a Shopify object was read) and outbound
(an Odoo record should be in Shopify). What a mark is, see marks.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .failures import Failure
from .marks import (
    NAMESPACE,
    NO_MARK,
    BadProof,
    Mark,
    MarkPlan,
    Proof,
    alias_conflict,
    decide_mark,
    disagreement,
    label,
    mark_from_node,
    mark_inputs,
    named_by,
    parse_proof,
    proof_quantities,
    rivals,
    verify_mark,
)
from .reasons.reason import _

__all__ = [
    "alias_conflict",
    "NAMESPACE",
    "NO_CANDIDATES",
    "NO_MARK",
    "BadProof",
    "Candidates",
    "Decision",
    "InboundFacts",
    "LinkedRecord",
    "Mark",
    "MarkPlan",
    "MarkedRecord",
    "NeedsLookup",
    "OutboundFacts",
    "Owner",
    "Proof",
    "decide_inbound",
    "decide_mark",
    "decide_outbound",
    "mark_from_node",
    "mark_inputs",
    "parse_proof",
    "proof_quantities",
    "rivals",
    "several_claim",
    "verify_mark",
]

RecordState = Literal["alive", "archived", "deleted"]
RemoteState = Literal["present", "gone", "denied"]
OwnerState = Literal["alive", "gone", "denied", "unknown"]

CLEARED = _("The Odoo ID had been removed in Shopify; it is written again.")
NEVER_LINKED = _("Gone in Shopify, and it was never linked.")


# --- Facts and decisions -----------------------------------------------------------


@dataclass(frozen=True)
class Candidates:
    """Records that share a stable key with the one at hand.

    key: what is compared, as shown to people ("SKU"); value: its value. odoo_ids and
    remote_gids may hold the record at hand itself. taken: of the candidates, those
    that are linked to something else already, with what. archived_ids: archived
    records that share the key; they count only where no other record does. shared: of
    the candidates, those that a manager declared shared: several objects may mean one.
    """

    odoo_ids: tuple[int, ...] = ()
    remote_gids: tuple[str, ...] = ()
    key: str = ""
    value: str = ""
    taken: Mapping[int | str, str] = field(default_factory=dict)
    archived_ids: tuple[int, ...] = ()
    shared: frozenset[int] = frozenset()

    @property
    def is_shared(self) -> bool:
        return len(self.odoo_ids) == 1 and self.odoo_ids[0] in self.shared


NO_CANDIDATES = Candidates()


@dataclass(frozen=True)
class LinkedRecord:
    """The link of a GID and the Odoo record behind it.

    ids: all IDs of a pack, main one first. marked: our mark was seen on it before.
    previous: the proof we wrote last, when the link has changed since (relinked by a
    person, other components) and the object may still carry it. alias: the record's
    main link is another one; an alias carries no mark. quantities, shared, invoices: as
    in the proof.
    """

    ids: tuple[int, ...]
    birth: str
    token: str
    state: RecordState = "alive"
    marked: bool = False
    previous: Proof | None = None
    name: str = ""
    alias: bool = False
    quantities: tuple[int, ...] = ()
    shared: bool = False
    invoices: tuple[int, ...] = ()


@dataclass(frozen=True)
class MarkedRecord:
    """What this database knows about the record that an unlinked object's mark names.

    foreign_company: name of the company it belongs to when that isn't the store's.
    linked_gid: what it is linked to in this store; owner: whether that still exists.
    """

    state: RecordState
    birth: str = ""
    foreign_company: str = ""
    linked_gid: str | None = None
    owner: OwnerState = "unknown"
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class InboundFacts:
    """All that decides about one Shopify object.

    rivals: other GIDs whose whole mark names the same record. denial: why Shopify
    withholds the object, when `remote` is "denied". propose: a match by key is shown
    to a person instead of linked. archived: what happens to a linked record that was
    archived in Odoo.
    """

    gid: str
    model: str
    database: str
    remote: RemoteState = "present"
    mark: Mark = NO_MARK
    link: LinkedRecord | None = None
    marked: MarkedRecord | None = None
    rivals: tuple[str, ...] = ()
    candidates: Candidates = NO_CANDIDATES
    denial: Failure | None = None
    may_create: bool = False
    propose: bool = False
    archived: Literal["update", "stop"] = "stop"


Action = Literal[
    "update",
    "update_and_mark",
    "restore",
    "link",
    "propose",
    "create",
    "adopt",
    "unmapped",
    "mark_gone",
    "settle_first",
    "stop",
]


@dataclass(frozen=True)
class Decision:
    """What to do with one record.

    Inbound: update, update_and_mark, restore (link again what the mark proves), link
    (by key), propose (the same, to a person), create (in Odoo), unmapped (nothing
    matches and the flow may not create), mark_gone (keep the link; without odoo_id it
    never had one), stop. Outbound: update, create (in Shopify), adopt (link `gid`),
    propose, unmapped, settle_first (an earlier write has no known outcome), stop.
    """

    action: Action
    reason_code: str | None = None
    odoo_id: int | None = None
    note: str = ""
    mark_again: bool = False
    gid: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    waits_on: tuple[str, ...] = ()

    @property
    def failure(self) -> Failure | None:
        """The reason of a stop, ready to be stored."""
        if self.reason_code is None:
            return None
        return Failure(self.reason_code, self.params, self.waits_on)


@dataclass(frozen=True)
class NeedsLookup:
    """More must be read first: the Odoo record with this ID ("record"), or whether
    the Shopify object with this GID still exists ("owner")."""

    what: Literal["record", "owner"]
    key: int | str


def _stop(code: str, **params: Any) -> Decision:
    return Decision("stop", code, params=params)


# --- Inbound -----------------------------------------------------------------------


def decide_inbound(facts: InboundFacts) -> Decision | NeedsLookup:
    """What a Shopify object means for Odoo. Never raises; a stop has its reason."""
    if facts.remote == "denied":
        return _denied(facts)
    if facts.remote == "gone":
        return _gone(facts)
    if facts.link is not None:
        return _linked(facts, facts.link)
    if facts.mark.value is not None:
        return _marked(facts)
    # A proof without an ID comes with Shopify's "Duplicate" and claims nothing.
    return _by_key(facts)


def _denied(facts: InboundFacts) -> Decision:
    denial = facts.denial or Failure("scope_missing", {"scope": facts.model})
    return Decision("stop", denial.code, params=denial.params, waits_on=denial.waits_on)


def _gone(facts: InboundFacts) -> Decision:
    if facts.link is None:
        return Decision("mark_gone", note=NEVER_LINKED)
    return Decision("mark_gone", odoo_id=facts.link.ids[0])


def _linked(facts: InboundFacts, link: LinkedRecord) -> Decision:
    ours = label(facts.model, link.ids[0], link.name)
    if link.state == "deleted":
        return _stop("link_record_deleted", ours=ours)
    code = _linked_disagreement(facts, link)
    if code:
        return _identity_stop(code, facts, ours)
    if link.state == "archived" and facts.archived == "stop":
        return _stop("link_record_archived", ours=ours)
    cleared = facts.mark.value is None
    if link.alias and cleared:
        return Decision("update", odoo_id=link.ids[0])
    if link.shared and facts.mark.proof == _expected(facts, link):
        # Its ID stands on another object: here the proof alone is the whole mark.
        return Decision("update", odoo_id=link.ids[0])
    if cleared or _is_previous(facts, link):
        note = CLEARED if cleared and link.marked else ""
        return Decision("update_and_mark", None, link.ids[0], note, mark_again=True)
    if facts.mark.proof != _expected(facts, link):
        # Its invoices have changed; which order it is hasn't.
        return Decision("update_and_mark", odoo_id=link.ids[0], mark_again=True)
    return Decision("update", odoo_id=link.ids[0])


def _expected(facts: InboundFacts, link: LinkedRecord) -> Proof:
    return Proof(
        facts.database,
        facts.model,
        link.ids,
        link.birth,
        link.token,
        link.quantities,
        link.shared,
        link.invoices,
    )


def _is_previous(facts: InboundFacts, link: LinkedRecord) -> bool:
    """The mark is the one we wrote before the link changed."""
    old, mark = link.previous, facts.mark
    if old is None or old.names_as(_expected(facts, link)):
        return False
    return mark.value == old.value and old.names_as(mark.proof)


def _linked_disagreement(facts: InboundFacts, link: LinkedRecord) -> str | None:
    expected = _expected(facts, link)
    if facts.mark.value is not None:
        claimed = "identity_claimed_twice" if facts.rivals else None
        if _is_previous(facts, link):
            return claimed
        return disagreement(facts.mark, expected) or claimed
    # Before its first mark a linked copy still carries the original's proof; after
    # it, whatever isn't our own proof came from somebody else.
    proof = facts.mark.proof
    if not link.marked or proof is None or expected.names_as(proof):
        return None
    if link.previous is not None and link.previous.names_as(proof):
        return None
    return "identity_conflict"


def _marked(facts: InboundFacts) -> Decision | NeedsLookup:
    """Not linked here, but Shopify's object carries an Odoo ID."""
    proof = facts.mark.proof
    if not isinstance(proof, Proof):
        return _identity_stop("identity_unproven", facts)
    if proof.database != facts.database:
        return _identity_stop("identity_foreign_database", facts)
    if proof.model != facts.model or facts.mark.value != proof.value:
        return _identity_stop("identity_unproven", facts)
    if facts.marked is None:
        return NeedsLookup("record", proof.ids[0])
    code = _marked_disagreement(facts, facts.marked, proof)
    return _identity_stop(code, facts) if code else _proven(facts, facts.marked)


def _marked_disagreement(
    facts: InboundFacts, record: MarkedRecord, proof: Proof
) -> str | None:
    if record.state == "deleted":
        return "identity_record_gone"
    if record.birth != proof.birth:
        return "identity_birth_differs"
    if record.foreign_company:
        return "identity_foreign_company"
    return "identity_claimed_twice" if facts.rivals else None


def _proven(facts: InboundFacts, record: MarkedRecord) -> Decision | NeedsLookup:
    """The mark is ours; what remains is whether its record is free."""
    odoo_id = facts.mark.proof.ids[0]
    if record.linked_gid is not None:
        return _owned(facts, record, record.linked_gid)
    if record.state == "archived" and facts.archived == "stop":
        return _stop(
            "link_record_archived", ours=label(facts.model, odoo_id, record.name)
        )
    return Decision("restore", odoo_id=odoo_id, mark_again=True)


def _owned(
    facts: InboundFacts, record: MarkedRecord, owner: str
) -> Decision | NeedsLookup:
    if owner == facts.gid:
        # The link is there after all: the facts were read at two different moments.
        return _identity_stop("identity_conflict", facts)
    if record.owner == "unknown":
        return NeedsLookup("owner", owner)
    if record.owner == "denied":
        return _denied(facts)
    code = "identity_copied" if record.owner == "alive" else "identity_original_gone"
    return _identity_stop(code, facts, other=owner)


def _by_key(facts: InboundFacts) -> Decision:
    candidates = facts.candidates
    remote = tuple(gid for gid in candidates.remote_gids if gid != facts.gid)
    # Somebody archived it, and may want it back or a new one: neither is ours to say.
    archived = candidates.archived_ids if not candidates.odoo_ids else ()
    if candidates.is_shared:
        return _one_match(facts, candidates.odoo_ids[0])
    if len(candidates.odoo_ids) > 1 or remote or archived:
        ids = (*candidates.odoo_ids, *archived)
        return _ambiguous(
            candidates, (*(label(facts.model, id) for id in ids), *remote)
        )
    if candidates.odoo_ids:
        return _one_match(facts, candidates.odoo_ids[0])
    if facts.may_create:
        return Decision("create", mark_again=True)
    return Decision("unmapped")


def several_claim(
    decisions: Mapping[str, Decision], candidates: Mapping[str, Candidates]
) -> dict[str, Decision]:
    """The decisions about a batch of one type, with those stopped that would link one
    Odoo record to several objects; each stop names the others.

    Each object alone had one free record. Which of them it is can't be known by the
    order in which they were read. A record that is declared shared is for all of them.
    """
    claims: dict[int | None, list[str]] = {}
    for gid, decision in decisions.items():
        is_shared = candidates.get(gid, NO_CANDIDATES).is_shared
        if decision.action in ("link", "restore") and not is_shared:
            claims.setdefault(decision.odoo_id, []).append(gid)
    several = {gid: gids for gids in claims.values() if len(gids) > 1 for gid in gids}
    return {
        gid: _ambiguous(
            candidates.get(gid, NO_CANDIDATES),
            [other for other in several[gid] if other != gid],
        )
        if gid in several
        else decision
        for gid, decision in decisions.items()
    }


def _one_match(facts: InboundFacts, odoo_id: int) -> Decision:
    taken_by = facts.candidates.taken.get(odoo_id)
    if taken_by is not None and not facts.candidates.is_shared:
        candidate = label(facts.model, odoo_id)
        return _taken(facts.candidates, candidate, taken_by)
    if facts.propose:
        return Decision("propose", odoo_id=odoo_id)
    return Decision("link", odoo_id=odoo_id, mark_again=True)


def _ambiguous(candidates: Candidates, others: Iterable[str]) -> Decision:
    return _stop(
        "ambiguous_match",
        key=candidates.key,
        value=candidates.value,
        candidates=list(others),
    )


def _taken(candidates: Candidates, candidate: str, other: str) -> Decision:
    return _stop(
        "match_taken",
        key=candidates.key,
        value=candidates.value,
        candidate=candidate,
        other=other,
    )


def _identity_stop(
    code: str, facts: InboundFacts, ours: str = "", other: str = ""
) -> Decision:
    """A stop that names all it knows; each message picks what it needs."""
    record = facts.marked
    return _stop(
        code,
        ours=ours,
        theirs=named_by(facts.mark, record.name if record else ""),
        other=other or ", ".join(facts.rivals),
        database=getattr(facts.mark.proof, "database", ""),
        company=record.foreign_company if record else "",
    )


# --- Outbound ----------------------------------------------------------------------


@dataclass(frozen=True)
class Owner:
    """The Shopify object that a look-up by the Odoo ID found.

    linked_to: the Odoo record it is linked to here, if any.
    """

    gid: str
    mark: Mark
    linked_to: int | None = None


@dataclass(frozen=True, kw_only=True)
class OutboundFacts:
    """All that decides about one Odoo record that should be in Shopify.

    expected: its proof; the token counts only when it is linked. owner: the answer of
    the look-up by ID, which goes before any key. open_intent: an earlier creating
    write has no settled outcome.
    """

    expected: Proof
    linked_gid: str | None = None
    owner: Owner | None = None
    candidates: Candidates = NO_CANDIDATES
    open_intent: bool = False
    may_create: bool = False
    propose: bool = False


def decide_outbound(facts: OutboundFacts) -> Decision:
    """What an Odoo record means for Shopify. Never raises; a stop has its reason."""
    if facts.open_intent:
        return Decision("settle_first", gid=facts.linked_gid)
    code = _owner_disagreement(facts)
    if code:
        return _outbound_stop(code, facts)
    odoo_id = facts.expected.ids[0]
    if facts.linked_gid is not None:
        unmarked = facts.owner is None
        return Decision(
            "update", odoo_id=odoo_id, gid=facts.linked_gid, mark_again=unmarked
        )
    if facts.owner is not None:
        return Decision("adopt", odoo_id=odoo_id, gid=facts.owner.gid, mark_again=True)
    return _outbound_by_key(facts)


def _owner_disagreement(facts: OutboundFacts) -> str | None:
    owner = facts.owner
    if owner is None:
        return None
    same_link = owner.gid == facts.linked_gid
    # The ID of a shared record is the first object's; this one has the proof alone.
    bearer = replace(facts.expected, shared=False)
    expected = facts.expected if same_link else bearer
    code = disagreement(owner.mark, expected, compare_token=same_link)
    if code:
        return code
    if facts.linked_gid is not None and not same_link:
        return None if facts.expected.shared else "identity_claimed_twice"
    if owner.linked_to not in (None, facts.expected.ids[0]):
        return "identity_conflict"
    return None


def _outbound_by_key(facts: OutboundFacts) -> Decision:
    candidates = facts.candidates
    odoo_id = facts.expected.ids[0]
    others = tuple(id for id in candidates.odoo_ids if id != odoo_id)
    if len(candidates.remote_gids) > 1 or others:
        labels = (label(facts.expected.model, id) for id in others)
        return _ambiguous(candidates, (*candidates.remote_gids, *labels))
    if not candidates.remote_gids:
        return Decision("create" if facts.may_create else "unmapped", odoo_id=odoo_id)
    gid = candidates.remote_gids[0]
    if gid in candidates.taken:
        return _taken(candidates, gid, candidates.taken[gid])
    if facts.propose:
        return Decision("propose", odoo_id=odoo_id, gid=gid)
    return Decision("adopt", odoo_id=odoo_id, gid=gid, mark_again=True)


def _outbound_stop(code: str, facts: OutboundFacts) -> Decision:
    expected, owner = facts.expected, facts.owner
    return _stop(
        code,
        ours=label(expected.model, expected.ids[0]),
        theirs=named_by(owner.mark),
        other=owner.gid,
        database=getattr(owner.mark.proof, "database", ""),
    )
