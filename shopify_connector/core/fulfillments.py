"""Decide what a delivery done in Odoo becomes in Shopify, or why nothing is sent.

What counts is quantities: a line's units shipped in Odoo minus its units fulfilled in
Shopify are due. So a parcel that somebody entered in Shopify by hand isn't sent again,
and neither is one that was sent by a worker which died before noting it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .failures import NeedsReview
from .settle import NOT_APPLIED, Timing, Verdict, applied, ask_person, wait

# Array limit of any Admin API input; "Shopify API limits".
LINES_PER_REQUEST = 250
OPERATION = "fulfillments/create"
CAN_FULFIL = "CREATE_FULFILLMENT"
ENDED = frozenset({"CLOSED", "CANCELLED", "INCOMPLETE"})
# A fulfilment in one of these states fulfils nothing.
VOID = frozenset({"CANCELLED", "ERROR", "FAILURE"})
WITH_A_SERVICE = frozenset({"SUBMITTED", "ACCEPTED", "CANCELLATION_REQUESTED"})


# --- What was read -------------------------------------------------------------------


@dataclass(frozen=True)
class OpenLine:
    """A line of a fulfilment order; `line` is the order line's GID."""

    gid: str
    line: str
    remaining: int


@dataclass(frozen=True)
class FulfillmentOrder:
    gid: str
    status: str
    location: str
    location_name: str
    actions: frozenset[str] = frozenset()
    holds: tuple[str, ...] = ()
    service: str = ""
    lines: tuple[OpenLine, ...] = ()

    @property
    def usable(self) -> bool:
        return CAN_FULFIL in self.actions and not self.service


@dataclass(frozen=True)
class Fulfillment:
    """`lines`: units by order line GID."""

    gid: str
    status: str
    location: str
    lines: Mapping[str, int]
    numbers: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        return self.status not in VOID


@dataclass(frozen=True)
class RemoteOrder:
    gid: str
    name: str
    fulfillment_orders: tuple[FulfillmentOrder, ...] = ()
    fulfillments: tuple[Fulfillment, ...] = ()

    def fulfilled(self) -> Counter:
        """Units fulfilled by order line GID."""
        units: Counter = Counter()
        for fulfillment in self.fulfillments:
            if fulfillment.counts:
                units.update(fulfillment.lines)
        return units


@dataclass(frozen=True)
class ShippedLine:
    """One order line in a done delivery. `quantity`: units of this delivery;
    `shipped`: of all done deliveries of the line, returns taken off.
    """

    line: str
    quantity: int
    shipped: int
    title: str = ""


@dataclass(frozen=True)
class Tracking:
    number: str = ""
    company: str = ""
    url: str = ""


@dataclass(frozen=True)
class PickingFacts:
    """A done delivery of one order from one location. `location` is the GID."""

    name: str
    order_name: str
    location: str
    location_name: str
    lines: tuple[ShippedLine, ...]
    tracking: Tracking = Tracking()


@dataclass(frozen=True)
class FulfillmentPlan:
    """What to send for one delivery.

    input: `$fulfillment` of graphql/fulfillments/create, None when nothing is due.
    before: plain facts to store with the intent, for `settle_fulfillment`.
    more: lines remain for another request; read and plan again after this one.
    covered: fulfilments already in Shopify that hold nothing but what this delivery
        ships, so each may stand for it.
    """

    input: dict[str, Any] | None
    before: dict[str, Any]
    more: bool = False
    covered: tuple[str, ...] = ()


def read_order(node: Mapping[str, Any]) -> RemoteOrder:
    """An order of graphql/fulfillments/orders_of_order, with all pages joined."""
    return RemoteOrder(
        gid=node["id"],
        name=node["name"],
        fulfillment_orders=tuple(
            _fulfillment_order(entry) for entry in node["fulfillmentOrders"]["nodes"]
        ),
        fulfillments=tuple(_fulfillment(entry) for entry in node["fulfillments"]),
    )


def _fulfillment_order(node: Mapping[str, Any]) -> FulfillmentOrder:
    assigned = node["assignedLocation"]
    location = assigned.get("location") or {}
    return FulfillmentOrder(
        gid=node["id"],
        status=node["status"],
        location=location.get("id") or "",
        location_name=assigned.get("name") or "",
        actions=frozenset(entry["action"] for entry in node["supportedActions"]),
        holds=tuple(
            entry.get("reasonNotes") or entry["displayReason"]
            for entry in node["fulfillmentHolds"]
        ),
        service=_service(node, location, assigned),
        lines=tuple(
            OpenLine(line["id"], line["lineItem"]["id"], line["remainingQuantity"])
            for line in node["lineItems"]["nodes"]
        ),
    )


def _service(node, location, assigned) -> str:
    """Who fulfils it instead of the merchant; "" if nobody else does.

    A location that we may not read (null) belongs to somebody else's app.
    """
    theirs = location.get("isFulfillmentService", not location)
    if theirs or node["requestStatus"] in WITH_A_SERVICE:
        return assigned.get("name") or "?"
    return ""


def _fulfillment(node: Mapping[str, Any]) -> Fulfillment:
    lines: Counter = Counter()
    for entry in node["fulfillmentLineItems"]["nodes"]:
        lines[entry["lineItem"]["id"]] += entry["quantity"] or 0
    return Fulfillment(
        gid=node["id"],
        status=node["status"],
        location=(node.get("location") or {}).get("id") or "",
        lines=dict(lines),
        numbers=tuple(t["number"] for t in node["trackingInfo"] if t.get("number")),
    )


# --- The plan --------------------------------------------------------------------------


def plan_fulfillment(facts: PickingFacts, order: RemoteOrder) -> FulfillmentPlan:
    """Decide what to send for a done delivery.

    Raises NeedsReview when units are due that Shopify doesn't let us fulfil from this
    location: held, closed, with a service, elsewhere, or fewer than shipped. Nothing is
    sent then, not even for the other lines: a delivery is one parcel.
    """
    due = _due(facts, order)
    covered = _covered(facts, order)
    if not due:
        return FulfillmentPlan(None, {}, covered=covered)
    chosen = _allocate(facts, order, due)
    part = chosen[:LINES_PER_REQUEST]
    return FulfillmentPlan(
        input=_input(facts, part),
        before=_before(facts, order, part),
        more=len(chosen) > len(part),
        covered=covered,
    )


def _due(facts: PickingFacts, order: RemoteOrder) -> Counter:
    """Units to fulfil by order line: shipped in Odoo and not yet fulfilled in Shopify,
    at most those of this delivery.
    """
    quantity: Counter = Counter()
    shipped: dict[str, int] = {}
    for line in facts.lines:
        quantity[line.line] += line.quantity
        shipped[line.line] = line.shipped
    fulfilled = order.fulfilled()
    return +Counter(
        {
            line: min(units, shipped[line] - fulfilled[line])
            for line, units in quantity.items()
        }
    )


def _covered(facts: PickingFacts, order: RemoteOrder) -> tuple[str, ...]:
    """Fulfilments that may be this very delivery: none of a unit more than it ships."""
    mine: Counter = Counter()
    for line in facts.lines:
        mine[line.line] += line.quantity
    return tuple(
        entry.gid
        for entry in order.fulfillments
        if entry.counts and entry.lines and Counter(entry.lines) <= mine
    )


@dataclass(frozen=True)
class _Part:
    fulfillment_order: str
    open_line: OpenLine
    units: int


def _allocate(facts, order, due: Counter) -> list[_Part]:
    """Take each line's units from the open fulfilment orders at the location."""
    here = [fo for fo in order.fulfillment_orders if fo.location == facts.location]
    parts = []
    left = Counter(due)
    for entry in here:
        if not entry.usable:
            continue
        for line in entry.lines:
            units = min(left[line.line], line.remaining)
            if units > 0:
                parts.append(_Part(entry.gid, line, units))
                left[line.line] -= units
    left = +left
    if left:
        raise _stop(facts, order, due, left)
    return parts


def _stop(facts, order, due: Counter, left: Counter) -> NeedsReview:
    """Why the units in `left` can't be fulfilled; the most telling reason first."""
    holding = [
        entry
        for entry in order.fulfillment_orders
        if any(left[line.line] and line.remaining for line in entry.lines)
    ]
    here = [entry for entry in holding if entry.location == facts.location]
    blocked = [entry for entry in here if not entry.usable]
    served = [entry for entry in blocked or holding if entry.service]
    if served:
        return NeedsReview("fulfillment_third_party", service=served[0].service)
    waiting = [entry for entry in blocked if entry.status not in ENDED]
    if waiting:
        return NeedsReview(
            "fulfillment_order_held", problem=_hold_text(waiting[0]) or "not open"
        )
    if not here and holding:
        return NeedsReview(
            "fulfillment_not_found",
            order=facts.order_name,
            location=facts.location_name or facts.location,
        )
    if not holding and left == due:
        return NeedsReview("fulfillment_order_closed")
    titles = {line.line: line.title or line.line for line in facts.lines}
    return NeedsReview(
        "fulfillment_mismatch",
        shipped=_units_text(titles, {line: due[line] for line in left}),
        open=_units_text(titles, {line: due[line] - left[line] for line in left}),
    )


def _hold_text(entry: FulfillmentOrder) -> str:
    if entry.holds:
        return "; ".join(entry.holds)
    return "scheduled for later" if entry.status == "SCHEDULED" else ""


def _units_text(titles: Mapping[str, str], units: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {titles[line]}" for line, count in units.items())


def _input(facts: PickingFacts, parts: Iterable[_Part]) -> dict[str, Any]:
    by_order: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        by_order.setdefault(part.fulfillment_order, []).append(
            {"id": part.open_line.gid, "quantity": part.units}
        )
    data: dict[str, Any] = {
        "lineItemsByFulfillmentOrder": [
            {"fulfillmentOrderId": gid, "fulfillmentOrderLineItems": lines}
            for gid, lines in by_order.items()
        ],
        "notifyCustomer": False,
    }
    tracking = {name: value for name, value in vars(facts.tracking).items() if value}
    if tracking:
        data["trackingInfo"] = tracking
    return data


def with_fulfillment(
    order: RemoteOrder, gid: str, before: Mapping[str, Any]
) -> RemoteOrder:
    """The order after one of our requests was carried out, without reading it again.

    before: the plan's `before`. An order that was read later holds it already.
    """
    if any(fulfillment.gid == gid for fulfillment in order.fulfillments):
        return order
    made = Fulfillment(
        gid, "SUCCESS", before["location"], before["lines"], (before["number"],)
    )
    sent = before["sent"]
    return replace(
        order,
        fulfillments=(*order.fulfillments, made),
        fulfillment_orders=tuple(
            replace(
                entry,
                lines=tuple(
                    replace(line, remaining=line.remaining - sent.get(line.gid, 0))
                    for line in entry.lines
                ),
            )
            for entry in order.fulfillment_orders
        ),
    )


# --- After a lost answer -----------------------------------------------------------------


def _before(facts, order: RemoteOrder, parts: list[_Part]) -> dict[str, Any]:
    units: Counter = Counter()
    for part in parts:
        units[part.open_line.line] += part.units
    return {
        "location": facts.location,
        "number": facts.tracking.number,
        "lines": dict(units),
        "sent": {part.open_line.gid: part.units for part in parts},
        "remaining": {part.open_line.gid: part.open_line.remaining for part in parts},
        "fulfillments": [f.gid for f in order.fulfillments],
    }


def settle_fulfillment(
    before: Mapping[str, Any],
    order: RemoteOrder,
    timing: Timing,
    unchanged_since: datetime | None = None,
) -> Verdict:
    """Judge a `fulfillmentCreate` whose answer was lost.

    before: a plan's `before`. order: read now. unchanged_since: when an earlier read
    found nothing changed; it takes two such reads, the margin apart, to say that it was
    not carried out. Nothing in a fulfilment can be marked as ours, so whatever is
    neither exactly what was sent nor no change at all goes to a person.
    """
    new = [f for f in order.fulfillments if f.gid not in before["fulfillments"]]
    ours = [f for f in new if f.counts and _is_what_was_sent(f, before)]
    if len(ours) == 1:
        return applied(ours[0].gid)
    if new:
        names = ", ".join(fulfillment.gid for fulfillment in new)
        return ask_person(OPERATION, f"there are other new fulfilments: {names}")
    remaining = {
        line.gid: line.remaining
        for entry in order.fulfillment_orders
        for line in entry.lines
    }
    if any(remaining.get(gid) != units for gid, units in before["remaining"].items()):
        return ask_person(OPERATION, "what is left to fulfil has changed since")
    return _still_unchanged(timing, unchanged_since)


def new_fulfillments(before: Mapping[str, Any], order: RemoteOrder) -> tuple[str, ...]:
    """GIDs of what was fulfilled since a request was planned; not what fulfils nothing.

    before: the plan's `before`. order: read now.
    """
    known = before["fulfillments"]
    return tuple(f.gid for f in order.fulfillments if f.counts and f.gid not in known)


def likely_fulfillments(
    before: Mapping[str, Any], order: RemoteOrder
) -> tuple[str, ...]:
    """The new ones that may be what a request asked for, when a person says that it was
    carried out: exactly what was sent; else the same units, or the same tracking number.
    """
    names = new_fulfillments(before, order)
    new = [f for f in order.fulfillments if f.gid in names]
    exact = [f for f in new if _is_what_was_sent(f, before)]
    number = before["number"]
    close = [
        f
        for f in new
        if dict(f.lines) == dict(before["lines"]) or (number and number in f.numbers)
    ]
    return tuple(f.gid for f in exact or close)


def _still_unchanged(timing: Timing, since: datetime | None) -> Verdict:
    if since is None:
        return wait(max(timing.final_at, timing.now + timing.margin))
    final_at = max(timing.final_at, since + timing.margin)
    return NOT_APPLIED if timing.now >= final_at else wait(final_at)


def _is_what_was_sent(fulfillment: Fulfillment, before: Mapping[str, Any]) -> bool:
    number = before["number"]
    return (
        fulfillment.location == before["location"]
        and dict(fulfillment.lines) == dict(before["lines"])
        and (not number or number in fulfillment.numbers)
    )
