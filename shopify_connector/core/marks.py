"""What we keep on a Shopify object to say which Odoo record it is.

A mark is the plain Odoo ID (`id` metafield, for people) and beside it a proof (`proof`
metafield, JSON) which says which record that really is.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .failures import Failure

NAMESPACE = "$app:odoo"


# --- The mark ----------------------------------------------------------------------


@dataclass(frozen=True)
class Proof:
    """Which Odoo record an ID means.

    database: `database.uuid`. ids: the main record first, then a pack's components.
    birth: `create_date` of the main record as text with six decimals, or "none".
    token: random, made with the link. quantities: pieces of each of `ids` in one unit
    sold; empty where it is one of each, so that a proof from before packs had
    quantities stays what it was. shared: the record is declared shared and its ID stands
    on another Shopify object, so this one carries the proof alone. invoices: of a sales
    order, its invoices and credit notes, in ascending order; told beside the order, which
    alone says what the mark means.
    """

    database: str
    model: str
    ids: tuple[int, ...]
    birth: str
    token: str
    quantities: tuple[int, ...] = ()
    shared: bool = False
    invoices: tuple[int, ...] = ()

    def to_json(self) -> str:
        """The same text for the same proof, so that it can be compared as text."""
        content = {
            "birth": self.birth,
            "database": self.database,
            "ids": list(self.ids),
            "model": self.model,
            "token": self.token,
        }
        if self.quantities:
            content["quantities"] = list(self.quantities)
        if self.shared:
            content["shared"] = True
        if self.invoices:
            content["invoices"] = list(self.invoices)
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    @property
    def value(self) -> str | None:
        """The plain Odoo ID as the `id` metafield holds it; None where it holds none."""
        return None if self.shared else str(self.ids[0])

    def names_as(self, other: Any) -> bool:
        """Whether `other` is a proof of the same link. Invoices come and go meanwhile."""
        return isinstance(other, Proof) and replace(other, invoices=()) == replace(
            self, invoices=()
        )


def proof_quantities(quantities: Iterable[int]) -> tuple[int, ...]:
    """Pieces of each ID as a proof states them: not at all where it is one of each."""
    found = tuple(quantities)
    return () if all(quantity == 1 for quantity in found) else found


@dataclass(frozen=True)
class BadProof:
    """A proof that can't be read; it proves nothing and is never taken for absent."""

    text: str


def parse_proof(text: str | None) -> Proof | BadProof | None:
    """Read a proof; None when there is none."""
    if text is None:
        return None
    try:
        raw = json.loads(text)
        return _checked_proof(raw)
    except (ValueError, TypeError, KeyError, RecursionError):
        return BadProof(str(text))


def _checked_proof(raw: Any) -> Proof:
    texts = [raw[name] for name in ("database", "model", "birth", "token")]
    ids = raw["ids"]
    if not all(isinstance(text, str) and text for text in texts):
        raise ValueError("a part of the proof is missing")
    if not isinstance(ids, list) or not ids or not all(map(_is_id, ids)):
        raise ValueError("the proof names no record")
    quantities = raw.get("quantities", [])
    if not isinstance(quantities, list) or not all(map(_is_id, quantities)):
        raise ValueError("the proof's quantities are no whole numbers")
    if quantities and len(quantities) != len(ids):
        raise ValueError("the proof needs one quantity for each record")
    shared = raw.get("shared", False)
    if not isinstance(shared, bool):
        raise ValueError("the proof doesn't say whether the record is shared")
    invoices = raw.get("invoices", [])
    if not isinstance(invoices, list) or not all(map(_is_id, invoices)):
        raise ValueError("the proof's invoices are no IDs")
    database, model, birth, token = texts
    return Proof(
        database,
        model,
        tuple(ids),
        birth,
        token,
        quantities=proof_quantities(quantities),
        shared=shared,
        invoices=tuple(invoices),
    )


def _is_id(value: Any) -> bool:
    return type(value) is int and value > 0


@dataclass(frozen=True)
class Mark:
    """What a Shopify object carries; digests as Shopify gave them."""

    value: str | None = None
    value_digest: str | None = None
    proof: Proof | BadProof | None = None
    proof_digest: str | None = None


NO_MARK = Mark()


def mark_from_node(node: Mapping[str, Any]) -> Mark:
    """The mark of a node read with the aliases `odooId` and `odooProof`.

    Raises KeyError when the document didn't ask for them: "not asked" must never
    look like "not marked".
    """
    odoo_id, odoo_proof = node["odooId"] or {}, node["odooProof"] or {}
    return Mark(
        value=odoo_id.get("value"),
        value_digest=odoo_id.get("compareDigest"),
        proof=parse_proof(odoo_proof.get("value")),
        proof_digest=odoo_proof.get("compareDigest"),
    )


def disagreement(
    mark: Mark, expected: Proof, *, compare_token: bool = True
) -> str | None:
    """The reason why this mark, which has a value, does not mean `expected`.

    None when all of it agrees. The token is compared only while the link exists.
    """
    proof = mark.proof
    if not isinstance(proof, Proof):
        # A value of its own and no proof: it isn't even ours to read.
        return (
            "identity_unproven" if mark.value == expected.value else "identity_conflict"
        )
    if proof.database != expected.database:
        return "identity_foreign_database"
    if _content(proof) != _content(expected) or mark.value != expected.value:
        return "identity_conflict"
    if proof.birth != expected.birth:
        return "identity_birth_differs"
    return (
        "identity_conflict" if compare_token and proof.token != expected.token else None
    )


def _content(proof: Proof) -> tuple:
    return (proof.model, proof.ids, proof.quantities, proof.shared)


def rivals(marks: Mapping[str, Mark]) -> dict[str, tuple[str, ...]]:
    """For each GID, the others whose whole mark names the same Odoo record.

    A proof without an ID (a product duplicated in Shopify) claims nothing.
    """
    claims: dict[tuple, list[str]] = {}
    for gid, mark in marks.items():
        if mark.value is not None and isinstance(mark.proof, Proof):
            record = (mark.proof.database, mark.proof.model, mark.proof.ids[0])
            claims.setdefault(record, []).append(gid)
    return {
        gid: tuple(other for other in gids if other != gid)
        for gids in claims.values()
        if len(gids) > 1
        for gid in gids
    }


def named_by(mark: Mark, name: str = "") -> str:
    """The record that a mark names, as shown to people."""
    if isinstance(mark.proof, Proof) and mark.value in (None, str(mark.proof.ids[0])):
        return label(mark.proof.model, mark.proof.ids[0], name)
    return name or f"ID {mark.value}"


def label(model: str, odoo_id: int, name: str = "") -> str:
    return f"{name} ({model} {odoo_id})" if name else f"{model} {odoo_id}"


# --- Write-back of the mark --------------------------------------------------------


@dataclass(frozen=True)
class MarkPlan:
    """write: both values are new; repair: replace what we find, by its digest;
    already: nothing to do; stop: the object means another record.

    Digests are what `metafieldsSet` expects to replace; None means "must not exist".
    """

    kind: Literal["write", "repair", "already", "stop"]
    value_digest: str | None = None
    proof_digest: str | None = None
    reason_code: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failure(self) -> Failure | None:
        if self.reason_code is None:
            return None
        return Failure(self.reason_code, self.params)


def decide_mark(
    current: Mark,
    wanted: Proof,
    value: str | None,
    previous: Proof | None = None,
) -> MarkPlan:
    """How to make a Shopify object carry `value` and `wanted`; value None: no ID, for
    its record is shared and another object has it.

    previous: the proof that we ourselves wrote last, if any; what equals it may be
    replaced even when the link now goes to another record.
    """
    digests = (current.value_digest, current.proof_digest)
    if current.value == value and current.proof == wanted:
        return MarkPlan("already", *digests)
    if current.value is None and current.proof is None:
        return MarkPlan("write")
    # An ID that another object is to have isn't ours to take away here.
    superfluous = value is None and current.value is not None
    is_ours = current.value is None or _is_old_mark(current, wanted, value, previous)
    if is_ours and not superfluous:
        return MarkPlan("repair", *digests)
    code = disagreement(current, wanted, compare_token=False) or "identity_conflict"
    params = {
        "ours": label(wanted.model, wanted.ids[0]),
        "theirs": named_by(current),
        "database": getattr(current.proof, "database", ""),
    }
    return MarkPlan("stop", None, None, code, params)


def alias_conflict(mark: Mark, own: Proof | None) -> Failure:
    """Why the mark on a further account of a contact can't be removed: it isn't ours.

    own: what the account would carry were it the main one; None if its contact is gone.
    """
    code = disagreement(mark, own) if own else None
    return Failure(
        code or "identity_conflict",
        {
            "ours": label(own.model, own.ids[0]) if own else "",
            "theirs": named_by(mark),
            "database": getattr(mark.proof, "database", ""),
        },
    )


def _is_old_mark(
    current: Mark, wanted: Proof, value: str | None, previous: Proof | None
) -> bool:
    """Ours, from before its token or components changed, or as we left it."""
    proof = current.proof
    if not isinstance(proof, Proof):
        return False
    if previous is not None and proof.names_as(previous):
        return current.value == previous.value
    return current.value == value and _same_main_record(proof, wanted)


def _same_main_record(one: Proof, other: Proof) -> bool:
    return (one.database, one.model, one.ids[0], one.birth) == (
        other.database,
        other.model,
        other.ids[0],
        other.birth,
    )


def mark_inputs(
    gid: str, plan: MarkPlan, wanted: Proof, value: str | None
) -> list[dict]:
    """The two `MetafieldsSetInput` of a plan of kind write or repair; of a shared
    record's further objects only the proof's.
    """
    common = {"ownerId": gid, "namespace": NAMESPACE}
    odoo_id = {
        **common,
        "key": "id",
        "type": "id",
        "value": value,
        "compareDigest": plan.value_digest,
    }
    proof = {
        **common,
        "key": "proof",
        "type": "json",
        "value": wanted.to_json(),
        "compareDigest": plan.proof_digest,
    }
    return [proof] if value is None else [odoo_id, proof]


def verify_mark(current: Mark, wanted: Proof, value: str | None) -> Failure | None:
    """What is wrong with a mark that we have just written; None when it stands."""
    if current.value == value and current.proof == wanted:
        return None
    found = current.value if current.value != value else named_by(current)
    wanted_id = value or str(wanted.ids[0])
    return Failure(
        "mark_overwritten", {"value": wanted_id, "found": found or "nothing"}
    )
