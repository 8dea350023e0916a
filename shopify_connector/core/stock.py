"""Decide what a stock push writes: Shopify's on hand of one item at one location.

Shopify sells `available` = on hand − committed and keeps `committed` itself, so a push
sets on hand only. Quantities are whole units. The order of reading is part of the rule:
Shopify first, then Odoo, then the write, which Shopify refuses if its number has moved
(`changeFromQuantity`, 2026-10 schema).

What is promised: a push never lifts Shopify's available above the physical stock minus
every demand that Shopify or Odoo held when Odoo was read. tests/core/test_stock_states
walks every order of events to check it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from .failures import Failure
from .packs import whole

# Array limit of any Admin API input; "Shopify API limits".
ROWS_PER_WRITE = 250
STALE_CODES = frozenset({"CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE"})

Kind = Literal["set", "lower_only", "equal", "hold"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """The last moment both sides agreed: Shopify's on hand, and the units of the item
    that Odoo knew to be fulfilled in Shopify at the location, ever.
    """

    on_hand: int
    fulfilled: int

    @property
    def total(self) -> int:
        """Doesn't change when a fulfilment happens and Odoo learns of it."""
        return self.on_hand + self.fulfilled


@dataclass(frozen=True, slots=True)
class ShopifyLevel:
    """One item at one location, as read. `on_hand` None: not stocked there."""

    item: str
    tracked: bool
    on_hand: int | None
    available: int | None = None
    committed: int | None = None


@dataclass(frozen=True, slots=True)
class ComponentFacts:
    """Stock of one product of a pack at one location, in its own pieces; the fields are
    those of LevelFacts. per_pack: pieces in one pack.

    other_demand holds all that isn't this very variant's demand in Shopify, so also what
    is sold of the component alone or in other packs: Shopify has not committed it here.
    """

    per_pack: int = 1
    odoo_on_hand: float = 0
    shipped: float = 0
    undelivered: float = 0
    other_demand: float = 0


@dataclass(frozen=True, slots=True)
class LevelFacts:
    """What is known of one item at one location. `item`, `location` are GIDs.

    on_hand: Shopify's, read before everything below (None: not stocked there).
    odoo_on_hand: physical stock by Odoo's books at the mapped locations.
    shipped: delivered in Odoo from there for Shopify's demand, not yet fulfilled.
    undelivered: fulfilled in Shopify there, not yet delivered in Odoo.
    other_demand: open demand there of everything that isn't Shopify's demand at this
        location of this store: by demand, not by reservation.
    fulfilled: units known to be fulfilled in Shopify there, ever.
    fulfilled_before: the same, as known before Shopify was read.
    accepted: a person looked at this level and gave the go.
    components: what a pack is made of; Odoo's figures are taken from them then. The
        buffer is of each component's pieces. Everything of Shopify's is in packs.
    """

    item: str
    location: str
    on_hand: int | None
    odoo_on_hand: float
    shipped: float = 0
    undelivered: float = 0
    other_demand: float = 0
    buffer: float = 0
    fulfilled: int = 0
    fulfilled_before: int | None = None
    agreed: Agreement | None = None
    accepted: bool = False
    tracked: bool = True
    item_name: str = ""
    location_name: str = ""
    components: tuple[ComponentFacts, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return (self.item, self.location)


@dataclass(frozen=True, slots=True)
class LevelPlan:
    """What a push does to one level.

    kind: set = write `quantity`; equal = both sides agree, nothing to write; hold =
        they differ for a reason that passes or is named; lower_only = raising is
        forbidden until `reason` is gone (`quantity` is set where it lowers).
    target: on hand that Odoo's books ask for.
    agreement: to be kept once the write is confirmed, or at once when there is none
        to do; None = keep what is stored.
    missing: units that left Shopify's stock and that Odoo can't explain.
    """

    kind: Kind
    target: int
    quantity: int | None = None
    change_from: int | None = None
    agreement: Agreement | None = None
    reason: Failure | None = None
    missing: int = 0

    @property
    def writes(self) -> bool:
        return self.quantity is not None


@dataclass(frozen=True, slots=True)
class WriteRow:
    """One row of `inventorySetQuantities`."""

    item: str
    location: str
    quantity: int
    change_from: int

    @property
    def key(self) -> tuple[str, str]:
        return (self.item, self.location)


@dataclass(frozen=True)
class PushPlan:
    """`levels` by (item GID, location GID); `writes` in calls of at most 250 rows of
    one location, in a stable order; empty when nothing is to be written.
    """

    levels: Mapping[tuple[str, str], LevelPlan]
    writes: tuple[tuple[WriteRow, ...], ...]


@dataclass(frozen=True)
class Refusal:
    """What Shopify's user errors say about the rows of one refused call.

    bad: rows that can't be written, with Shopify's words; stale: rows whose number
    moved since it was read; rest: to be sent again with a new key; whole: an error that
    names no row, so that no row may be counted as written.
    """

    bad: Mapping[WriteRow, str]
    stale: tuple[WriteRow, ...]
    rest: tuple[WriteRow, ...]
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one row of a write whose outcome was not told."""

    outcome: Literal["applied", "not_applied", "unclear"]
    agreement: Agreement | None


# --- What a line means for a level -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineAtPlace:
    """A Shopify order line at a location, seen from a product that it ships.

    is_own: it is of the variant whose level is looked at; else of another variant of
    the store that holds the same product. opened, fulfilled: Shopify's units of the
    line, each of per_pack pieces. left: pieces gone from there by done moves of Odoo;
    demand: of its open moves from there. dropped: pieces of its fulfilments that never
    were in Odoo's stock, as a vendor sent them to the customer.
    """

    is_own: bool
    per_pack: int
    opened: int
    fulfilled: int
    left: float
    dropped: float = 0
    demand: float = 0

    @property
    def undelivered(self) -> float:
        return max(0, self.fulfilled * self.per_pack - self.left - self.dropped)

    @property
    def shipped(self) -> float:
        ahead = max(0, self.left - self.fulfilled * self.per_pack)
        return min(self.opened * self.per_pack, ahead)

    @property
    def is_settled(self) -> bool:
        return not self.opened and not self.undelivered and not self.demand


def add_line(facts: ComponentFacts, line: LineAtPlace) -> ComponentFacts:
    """The facts with this line, whose open moves `other_demand` holds already.

    An own unit that Shopify holds open there, or that it says has left, is none of the
    others' demand; of a pack that was taken apart by more pieces than it has now, only
    the present ones are held. For another variant's line Shopify took nothing off this
    one, so all that it needs from there is demand, whether Odoo has moves for it or
    only Shopify holds it.
    """
    if not line.is_own:
        needed = (line.opened + line.fulfilled) * line.per_pack - line.left
        more = max(0, needed - line.demand)
        return replace(facts, other_demand=facts.other_demand + more)
    held = line.opened * min(line.per_pack, facts.per_pack)
    theirs = min(line.demand, held + line.undelivered)
    return replace(
        facts,
        shipped=facts.shipped + line.shipped,
        undelivered=facts.undelivered + line.undelivered,
        other_demand=facts.other_demand - theirs,
    )


# --- One level -----------------------------------------------------------------------


def plan_level(facts: LevelFacts) -> LevelPlan:
    """Decide for one level. Total: never raises on whole or fractional quantities."""
    ceiling, target = _bounds(facts)
    if not facts.tracked:
        return LevelPlan("hold", target, reason=_not_tracked(facts))
    on_hand = facts.on_hand or 0
    missing = _missing(facts)
    quantity = _quantity(on_hand, ceiling, target)
    if missing:
        return _under_a_drop(facts, target, quantity, missing)
    if facts.agreed is None and not facts.accepted:
        return _without_agreement(facts, target, quantity)
    if quantity is None:
        return _nothing_to_write(facts, target)
    return _set(facts, target, quantity)


def _bounds(facts: LevelFacts) -> tuple[int, int]:
    """(raise up to, lower down to): the target without and with what was shipped.

    A shipped unit is gone from Odoo but still on hand for Shopify until the fulfilment
    is sent, so stock isn't lowered for it. It can't justify a raise: its order may have
    been cancelled in Shopify meanwhile, and then Shopify already offers the unit again.
    Of a pack there are as many as its scarcest component allows.
    """
    parts = facts.components or (_as_component(facts),)
    bounds = [_bounds_of_part(part, facts.buffer) for part in parts]
    return min(low for low, _high in bounds), min(high for _low, high in bounds)


def _as_component(facts: LevelFacts) -> ComponentFacts:
    return ComponentFacts(
        1, facts.odoo_on_hand, facts.shipped, facts.undelivered, facts.other_demand
    )


def _bounds_of_part(part: ComponentFacts, buffer: float) -> tuple[int, int]:
    free = part.odoo_on_hand - part.undelivered - part.other_demand - buffer
    return whole(free / part.per_pack), whole((free + part.shipped) / part.per_pack)


def _missing(facts: LevelFacts) -> int:
    """Units that left Shopify's stock since the last agreement without Odoo's knowing.

    A fulfilment lowers on hand there and raises `fulfilled` here, so their sum only
    falls for what Odoo has not imported yet.
    """
    if facts.agreed is None or facts.accepted:
        return 0
    return max(0, facts.agreed.total - (facts.on_hand or 0) - facts.fulfilled)


def _quantity(on_hand: int, ceiling: int, target: int) -> int | None:
    """The number to write; None if the present one may stay. Shopify takes no
    negative ones.
    """
    if on_hand > max(target, 0):
        return max(target, 0)
    if on_hand < ceiling and ceiling >= 0:
        return ceiling
    return None


def _under_a_drop(facts, target, quantity, missing) -> LevelPlan:
    """Lower only. Our own lowering moves the agreement along, so that the gap stays
    open until Odoo knows what left; renewing it would forget the missing units.
    """
    on_hand = facts.on_hand or 0
    reason = Failure(
        "unexplained_stock_drop",
        {
            "item": facts.item_name or facts.item,
            "found": on_hand,
            "expected": on_hand + missing,
        },
    )
    if quantity is None or quantity > on_hand:
        return LevelPlan("lower_only", target, reason=reason, missing=missing)
    moved = Agreement(facts.agreed.on_hand + quantity - on_hand, facts.agreed.fulfilled)
    return LevelPlan(
        "lower_only", target, quantity, on_hand, moved, reason, missing=missing
    )


def _without_agreement(facts, target, quantity) -> LevelPlan:
    """The first push may lower or find both sides equal; raising needs a person's go,
    since nothing says what Shopify's number already left out.
    """
    on_hand = facts.on_hand or 0
    if quantity is None:
        return _nothing_to_write(facts, target)
    if quantity < on_hand:
        return _set(facts, target, quantity)
    reason = Failure(
        "stock_first_push",
        {
            "location": facts.location_name or facts.location,
            "found": on_hand,
            "target": quantity,
        },
    )
    return LevelPlan("lower_only", target, reason=reason)


def _set(facts, target, quantity) -> LevelPlan:
    agreement = Agreement(quantity, facts.fulfilled)
    return LevelPlan("set", target, quantity, facts.on_hand or 0, agreement)


def _nothing_to_write(facts, target) -> LevelPlan:
    """Equal, or between the two bounds until a fulfilment is sent.

    No write checks that Shopify's number still holds, so the agreement is renewed only
    if Odoo learned of no fulfilment since before it was read: otherwise it would count
    one that the number doesn't contain yet.
    """
    on_hand = facts.on_hand or 0
    equal = on_hand == target or (on_hand == 0 and target < 0)
    first = facts.agreed is None
    renewed = None
    if facts.fulfilled_before == facts.fulfilled and (equal or not first):
        renewed = Agreement(on_hand, facts.fulfilled)
    if renewed == facts.agreed:
        renewed = None
    return LevelPlan("equal" if equal else "hold", target, agreement=renewed)


def _not_tracked(facts: LevelFacts) -> Failure:
    return Failure("stock_not_tracked", {"item": facts.item_name or facts.item})


# --- Many levels ---------------------------------------------------------------------


def plan_push(levels: Iterable[LevelFacts]) -> PushPlan:
    """Plan every level and cut the writes into calls.

    Two levels of one inventory item at one location (two linked variants share it) would
    overwrite each other: both are held with a reason.
    """
    levels = list(levels)
    seen = Counter(facts.key for facts in levels)
    plans = {
        facts.key: plan_level(facts) if seen[facts.key] == 1 else _shared(facts)
        for facts in levels
    }
    rows = sorted(
        (
            WriteRow(item, location, plan.quantity, plan.change_from)
            for (item, location), plan in plans.items()
            if plan.writes
        ),
        key=lambda row: (row.location, row.item),
    )
    return PushPlan(plans, batches(rows))


def _shared(facts: LevelFacts) -> LevelPlan:
    reason = Failure(
        "stock_item_rejected",
        {
            "item": facts.item_name or facts.item,
            "problem": "several linked variants share one inventory item",
        },
    )
    return LevelPlan("hold", _bounds(facts)[1], reason=reason)


def batches(rows: Sequence[WriteRow]) -> tuple[tuple[WriteRow, ...], ...]:
    """Rows by location, at most 250 together. No rows, no call."""
    by_location: dict[str, list[WriteRow]] = {}
    for row in rows:
        by_location.setdefault(row.location, []).append(row)
    return tuple(
        tuple(group[start : start + ROWS_PER_WRITE])
        for group in by_location.values()
        for start in range(0, len(group), ROWS_PER_WRITE)
    )


def set_input(rows: Sequence[WriteRow], reference: str) -> dict[str, Any]:
    """`$input` of graphql/inventory/set_quantities.

    reference: a URI that the merchant sees in the stock history beside the change.
    """
    return {
        "name": "on_hand",
        "reason": "correction",
        "referenceDocumentUri": reference,
        "quantities": [
            {
                "inventoryItemId": row.item,
                "locationId": row.location,
                "quantity": row.quantity,
                "changeFromQuantity": row.change_from,
            }
            for row in rows
        ],
    }


def read_level(node: Mapping[str, Any]) -> ShopifyLevel:
    """An InventoryItem of graphql/inventory/levels."""
    level = node.get("inventoryLevel")
    found = {
        quantity["name"]: quantity["quantity"]
        for quantity in (level or {}).get("quantities", ())
    }
    return ShopifyLevel(
        item=node["id"],
        tracked=bool(node["tracked"]),
        on_hand=found.get("on_hand"),
        available=found.get("available"),
        committed=found.get("committed"),
    )


# --- After a refusal or a lost answer --------------------------------------------------


def sort_refusal(rows: Sequence[WriteRow], errors: Iterable[Any]) -> Refusal:
    """Which rows of a refused call are to blame.

    errors: user errors with `field` (path as text, e.g. input, quantities, "3"), `code`
    and `message`. Whether Shopify wrote the other rows is not promised either way, so
    `rest` is read again before it is sent again (`settle_row`).
    """
    bad: dict[WriteRow, str] = {}
    stale: list[WriteRow] = []
    whole: list[str] = []
    for error in errors:
        row = _row_of(rows, error.field)
        if error.code in STALE_CODES:
            stale.extend(rows if row is None else [row])
        elif row is None:
            whole.append(error.message)
        else:
            bad[row] = f"{bad[row]}; {error.message}" if row in bad else error.message
    unsure = dict.fromkeys(row for row in stale if row not in bad)
    rest = () if whole else tuple(r for r in rows if r not in bad and r not in unsure)
    return Refusal(bad, tuple(unsure), rest, "; ".join(whole))


def _row_of(rows: Sequence[WriteRow], path: Sequence[str] | None) -> WriteRow | None:
    """The row that a path such as input.quantities.3.quantity points at."""
    steps = list(path or ())
    if "quantities" not in steps:
        return None
    after = steps[steps.index("quantities") + 1 :]
    index = int(after[0]) if after and str(after[0]).isdigit() else None
    return rows[index] if index is not None and index < len(rows) else None


def settle_row(
    row: WriteRow, kept: Agreement | None, wanted: Agreement | None, on_hand: int | None
) -> Settled:
    """Whether a row was written, from Shopify's number read after it.

    kept, wanted: the agreement before the write and the one it would have made. Where
    the number tells neither, the higher one is kept: it may forbid a raise for longer
    than needed, and never hides that something left.
    """
    if on_hand == row.quantity:
        return Settled("applied", wanted)
    if on_hand == row.change_from:
        return Settled("not_applied", kept)
    if kept is None or wanted is None:
        return Settled("unclear", kept)
    return Settled("unclear", max(kept, wanted, key=lambda a: a.total))
