"""One record's story, told from its History; and what each amount of an order is made of.

Everything here is said in templates with values (`Saying`), which the shell translates.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from . import money
from .failures import Failure, message_values
from .reasons import CATALOGUE
from .reasons.reason import _

Side = Literal["shopify", "odoo", "person", "store"]
Tone = Literal["plain", "good", "stop"]
# How long after an order came in a step of its customer or products still belongs to it:
# their IDs are written back in that time.
AFTERMATH = timedelta(hours=1)
# Relations whose steps belong to a story only in the time that `window` names.
NARROW = ("customer", "product")


@dataclass(frozen=True)
class Saying:
    """text: an English template with %(name)s; values may be times and sayings."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Write:
    """A write to Shopify. state: as in the book of writes. error: "" for none."""

    operation: str
    state: str
    request_id: str = ""
    error: str = ""


@dataclass(frozen=True)
class Event:
    """One row of History. Times are UTC without a zone; by, record: names.

    relation: "itself", or what the subject is to the record the story is about.
    changes: (field, before, after), None where its reader may not see them.
    happened_at: the last change in Shopify that this try read. asked_at: when its first
    cause came. params: of the reason, where it stopped. appeared: in words, what it had
    waited for and was there with this try.
    """

    id: int
    at: datetime
    kind: str
    type: str = ""
    key: str = ""
    record: str = ""
    relation: str = "itself"
    direction: str = ""
    causes: tuple[str, ...] = ()
    appeared: str = ""
    by: str = ""
    outcome: str = ""
    failed: bool = False
    message: str = ""
    params: Mapping[str, Any] | None = None
    changes: tuple[tuple[str, Any, Any], ...] | None = ()
    happened_at: datetime | None = None
    asked_at: datetime | None = None
    request_id: str = ""
    writes: tuple[Write, ...] = ()

    @property
    def subject(self) -> tuple[str, str, str]:
        return (self.direction, self.type, self.key)


@dataclass(frozen=True)
class Step:
    """One line of the story. times: how often in a row; until: the last time."""

    at: datetime
    side: Side
    said: Saying
    tone: Tone = "plain"
    relation: str = "itself"
    record: str = ""
    type: str = ""
    details: tuple[Saying, ...] = ()
    changes: tuple[tuple[str, Any, Any], ...] | None = ()
    times: int = 1
    until: datetime | None = None

    @property
    def repeated(self) -> "Saying | None":
        if self.times == 1:
            return None
        text = _("%(times)s times, the last one %(until)s")
        return Saying(text, {"times": self.times, "until": self.until})


def tell(events: Iterable[Event]) -> tuple[Step, ...]:
    """The story, first things first.

    Of a customer and of products only what happened while the order came in. Tries that
    ended alike, one after the other, are one step.
    """
    found = sorted(events, key=lambda event: event.id)
    came_in = window(found)
    found = [event for event in found if _concerns(event, came_in)]
    steps: list[Step] = []
    past: dict[tuple[str, str, str], list[Event]] = {}
    ends: dict[tuple[str, str, str], int] = {}
    for event in found:
        before = past.setdefault(event.subject, [])
        if before and _repeats(before[-1], event):
            last = steps[ends[event.subject]]
            again = replace(last, times=last.times + 1, until=event.at)
            steps[ends[event.subject]] = again
        else:
            steps += _steps(event, before)
            ends[event.subject] = len(steps) - 1
        before.append(event)
    return tuple(sorted(steps, key=lambda step: step.at))


# --- What belongs to the story ---------------------------------------------------------


def window(events: Sequence[Event]) -> tuple[datetime, datetime] | None:
    """While the record itself came in; None when it has no History."""
    own = [
        each for each in events if each.relation == "itself" and each.kind != "store"
    ]
    if not own:
        return None
    first = min(each.asked_at or each.at for each in own)
    done = [each.at for each in own if each.outcome == "synced"]
    return first, (done[0] + AFTERMATH if done else datetime.max)


def _concerns(event: Event, came_in: tuple[datetime, datetime] | None) -> bool:
    if event.relation not in NARROW:
        return True
    return came_in is not None and came_in[0] <= event.at <= came_in[1]


def _repeats(last: Event, event: Event) -> bool:
    """The same try with the same end, and nobody asked for it."""
    if event.kind != "attempt" or last.kind != "attempt":
        return False
    same = (last.outcome, last.message) == (event.outcome, event.message)
    dull = event.failed or event.outcome == "unchanged"
    return same and dull and not event.changes and not _asked_by_person(event)


def _asked_by_person(event: Event) -> bool:
    return bool(event.by) and bool(_BY_PEOPLE & set(event.causes))


# --- One row of History ----------------------------------------------------------------


def _steps(event: Event, before: Sequence[Event]) -> list[Step]:
    common = {
        "relation": event.relation,
        "record": event.record,
        "type": event.type,
    }
    if event.kind == "person":
        who = event.by or _SOMEBODY
        said = Saying(_("%(who)s: %(message)s"), {"who": who, "message": event.message})
        return [Step(event.at, "person", said, changes=event.changes, **common)]
    if event.kind != "attempt":
        side: Side = "store" if event.kind == "store" else "odoo"
        said = _ended(event)
        tone: Tone = "stop" if event.failed else "plain"
        return [Step(event.at, side, said, tone, changes=event.changes, **common)]
    ended = Step(
        event.at,
        "odoo" if event.direction == "in" else "shopify",
        _ended(event),
        _tone(event),
        details=(*_overcome(event, before), *map(_write, event.writes)),
        changes=event.changes,
        **common,
    )
    came = _came(event, before)
    return [replace(came, **common), ended] if came else [ended]


def _tone(event: Event) -> Tone:
    if event.failed:
        return "stop"
    return "good" if event.outcome == "synced" else "plain"


_ENDS = {
    ("in", "synced"): _("Brought into Odoo."),
    ("in", "unchanged"): _("Read again: both sides agree, nothing was written."),
    ("out", "synced"): _("Written to Shopify."),
    ("out", "unchanged"): _("Compared with Shopify: nothing was to be written."),
    ("mark", "synced"): _("Odoo's ID was written to Shopify, and read back."),
    ("mark", "unchanged"): _("Odoo's ID in Shopify is right."),
}
_WITH_MESSAGE = {
    "in": _("Brought into Odoo: %(message)s"),
    "out": _("Written to Shopify: %(message)s"),
    "mark": _("Odoo's ID was written to Shopify: %(message)s"),
}
_SOMEBODY = Saying(_("Somebody"))


def _ended(event: Event) -> Saying:
    """What came of it."""
    if event.failed:
        return _stopped(event)
    if event.outcome in ("excluded", "simulated"):
        text = {
            "excluded": _("Left out: %(message)s"),
            "simulated": _("Simulated, not written: %(message)s"),
        }[event.outcome]
        return Saying(text, {"message": event.message})
    if event.message and event.outcome == "synced" and event.direction in _WITH_MESSAGE:
        return Saying(_WITH_MESSAGE[event.direction], {"message": event.message})
    text = _ENDS.get((event.direction, event.outcome))
    if text and not event.message:
        return Saying(text)
    return Saying("%(message)s", {"message": event.message or event.outcome})


def _stopped(event: Event) -> Saying:
    """The catalogue's words where the row kept what they name, else its own."""
    if event.outcome in CATALOGUE and event.params is not None:
        try:
            failure = Failure(event.outcome, event.params)
        except ValueError:
            failure = None  # the reason names more than it did then
        if failure:
            values = message_values(failure, event.record or event.key)
            return Saying(failure.reason.message, values)
    return Saying("%(message)s", {"message": event.message or event.outcome})


def _overcome(event: Event, before: Sequence[Event]) -> list[Saying]:
    """How long it had stood still before it went through."""
    if event.failed:
        return []
    stops: list[Event] = []
    for each in reversed(before):
        if each.kind == "attempt" and not each.failed:
            break
        stops += [each] if each.failed else []
    if not stops:
        return []
    values = {"times": len(stops), "since": stops[-1].at}
    return [Saying(_("It had stopped %(times)s times since %(since)s."), values)]


_WRITES = {
    "intent": _("%(operation)s: being sent, no answer yet"),
    "applied": _("%(operation)s: Shopify did it"),
    "settled": _("%(operation)s: Shopify did it"),
    "not_applied": _("%(operation)s: Shopify didn't do it"),
    "unknown": _(
        "%(operation)s: Shopify's answer never came; what became of it is looked up "
        "before anything is sent again"
    ),
    "simulated": _("%(operation)s: not sent, this database is a copy"),
}
_LATE = _(
    "%(operation)s: Shopify answered late or not at all; it was looked up before "
    "anything was sent again, so it was done once"
)


def _write(write: Write) -> Saying:
    late = write.state == "settled" and write.error
    text = _LATE if late else _WRITES.get(write.state, "%(operation)s: %(state)s")
    values = {"operation": write.operation, "state": write.state}
    if not write.request_id:
        return Saying(text, values)
    return Saying(
        _("%(write)s (request %(request)s)"),
        {"write": Saying(text, values), "request": write.request_id},
    )


# --- Why it was looked at --------------------------------------------------------------

# The topic's last word -> what happened in Shopify.
_NEWS = {
    "create": _("Made in Shopify"),
    "update": _("Changed in Shopify"),
    "updated": _("Changed in Shopify"),
    "edited": _("Changed in Shopify"),
    "paid": _("Paid in Shopify"),
    "cancelled": _("Cancelled in Shopify"),
    "fulfilled": _("Fulfilled in Shopify"),
    "partially_fulfilled": _("Fulfilled in part in Shopify"),
    "delete": _("Deleted in Shopify"),
}
_SCHEDULES = {
    "reconcile": _("found by comparing"),
    "comparison": _("found by comparing"),
    "nightly": _("found by the nightly comparison"),
}
# Causes of our own side, the most telling first.
_CAUSES = {
    "retry": _("%(who)s asked for another try."),
    "accepted": _("%(who)s accepted what was shown."),
    "shown": _("%(who)s had it done as its preview showed it."),
    "released": _("What it waited for is there now: %(appeared)s (%(who)s)."),
    "waited for": _("An order waits for it."),
    "delivered": _("The delivery was done (%(who)s)."),
    "invoices": _("The order's invoices changed (%(who)s)."),
    "relinked": _("The link was changed (%(who)s)."),
}
_BY_PEOPLE = frozenset({"retry", "accepted", "shown"})
# A link's first mark needs no reason of its own.
_SILENT = frozenset({"linked"})


def _came(event: Event, before: Sequence[Event]) -> Step | None:
    """What made us look; None where the end alone tells it all."""
    if event.outcome == "unchanged":
        return None
    own = next((cause for cause in _CAUSES if cause in event.causes), None)
    who = event.by or Saying(_("the connector"))
    at = min(event.asked_at or event.at, event.at)
    if own == "retry" and not event.by:
        return None  # it came due by itself
    if own:
        side: Side = "person" if own in _BY_PEOPLE else "odoo"
        values = {"who": who, "appeared": event.appeared}
        return Step(at, side, Saying(_CAUSES[own], values))
    if event.direction == "in":
        return _news(event, before, at)
    others = [cause for cause in event.causes if cause not in _SILENT]
    if event.direction == "mark" or not others:
        return None
    return Step(at, "odoo", Saying(_("Changed in Odoo (%(who)s)."), {"who": who}))


def _news(event: Event, before: Sequence[Event], at: datetime) -> Step | None:
    """Something happened in Shopify."""
    topic = next((c for c in event.causes if c.startswith("webhook ")), None)
    schedule = next((c for c in event.causes if c in _SCHEDULES), None)
    if not topic and not schedule:
        return None
    is_first = not before
    happened = event.happened_at
    known = bool(happened) and happened <= at
    verb = topic.rsplit("/", 1)[-1] if topic else "create" if is_first else "updated"
    how: Any = (
        Saying(_("webhook %(topic)s"), {"topic": topic.removeprefix("webhook ")})
        if topic
        else Saying(_SCHEDULES[schedule])
    )
    news = Saying(_NEWS.get(verb, _("Changed in Shopify")))
    if not known:
        return Step(
            at,
            "shopify",
            Saying(_("%(news)s (%(how)s)"), {"news": news, "how": how}),
        )
    later = span(at - happened)
    text = _("%(news)s (%(how)s, %(later)s later here)")
    values = {"news": news, "how": how, "later": later}
    return Step(happened, "shopify", Saying(text, values))


def span(time: timedelta) -> Saying:
    """A length of time in its largest whole unit."""
    seconds = max(0, int(time.total_seconds()))
    for size, text in (
        (86400, _("%(number)s days")),
        (3600, _("%(number)s h")),
        (60, _("%(number)s min")),
    ):
        if seconds >= 2 * size:
            return Saying(text, {"number": seconds // size})
    return Saying(_("%(number)s s"), {"number": seconds})


# --- Amounts ---------------------------------------------------------------------------

KINDS: Mapping[str, str] = {
    "variant": _("Product"),
    "gift_card": _("Gift card"),
    "custom": _("Line without a product"),
    "tip": _("Tip"),
    "shipping": _("Shipping"),
    "duty": _("Duties"),
    "fee": _("Fee"),
    "rounding": _("Cash rounding"),
}


@dataclass(frozen=True)
class LineFacts:
    """A line's link. amounts: as order_lines keeps them, None of a link from before they
    were kept. odoo: the line's total in Odoo now, with tax; None where it is hidden."""

    gid: str
    kind: str
    amounts: Mapping[str, Any] | None
    odoo: Decimal | None = None


@dataclass(frozen=True)
class AmountRow:
    """why: what makes the amount, piece by piece. differs: Odoo has another one now."""

    gid: str
    kind: str
    label: str
    why: tuple[Saying, ...]
    shopify: str
    odoo: str
    differs: bool


@dataclass(frozen=True)
class Amounts:
    """shopify: the order's total there. adds_up: the lines make it to the smallest unit;
    None where a line keeps no amounts."""

    rows: tuple[AmountRow, ...]
    lines: str
    shopify: str
    odoo: str
    adds_up: bool | None


def amounts(
    lines: Sequence[LineFacts], total: Decimal, digits: int, odoo: Decimal | None = None
) -> Amounts:
    """total: the order's in Shopify as it came in; odoo: the order's in Odoo now."""
    known = [Decimal(line.amounts["total"]) for line in lines if line.amounts]
    summed = sum(known, money.ZERO)
    whole = len(known) == len(lines) and bool(lines)
    return Amounts(
        rows=tuple(_amount_row(line, digits) for line in lines),
        lines=money.text(summed, digits),
        shopify=money.text(total, digits),
        odoo="" if odoo is None else money.text(odoo, digits),
        adds_up=money.same(summed, total, digits) if whole else None,
    )


def _amount_row(line: LineFacts, digits: int) -> AmountRow:
    kept = line.amounts
    shopify = Decimal(kept["total"]) if kept else None
    both = shopify is not None and line.odoo is not None
    return AmountRow(
        gid=line.gid,
        kind=line.kind,
        label=(kept or {}).get("label") or "",
        why=tuple(_why(kept, digits)) if kept else (),
        shopify="" if shopify is None else money.text(shopify, digits),
        odoo="" if line.odoo is None else money.text(line.odoo, digits),
        differs=both and not money.same(shopify, line.odoo, digits),
    )


def _why(kept: Mapping[str, Any], digits: int) -> Iterable[Saying]:
    def shown(amount: str) -> str:
        return money.text(Decimal(amount), digits)

    price = {"quantity": kept["quantity"], "price": shown(kept["unit_price"])}
    yield Saying("%(quantity)s × %(price)s", price)
    for title, amount in kept["discounts"]:
        values = {"amount": shown(amount), "title": title}
        text = (
            _("− %(amount)s discount %(title)s")
            if title
            else _("− %(amount)s discount")
        )
        yield Saying(text, values)
    for tax, amount in kept["taxes"]:
        yield Saying("%(tax)s: %(amount)s", {"tax": tax, "amount": shown(amount)})
    if kept["removed"]:
        text = _("%(removed)s removed in Shopify before the import")
        yield Saying(text, {"removed": kept["removed"]})
