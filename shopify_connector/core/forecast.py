"""What a retry would do, in words, from how the two sides are linked right now."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Link = Literal["there", "gone", "none"]


def _(text: str) -> str:
    """Marks a text for the translation extractor; the shell translates it."""
    return text


@dataclass(frozen=True)
class Facts:
    """A stopped subject as it stands now.

    link: whether it is linked to an Odoo record ("gone": linked, and the record was
    deleted). record: that record's name. unanswered: requests to Shopify about it that
    got no answer yet. asks_first: the flow is in review, so a person accepts first.
    """

    direction: Literal["in", "out", "mark"]
    type: str
    link: Link = "none"
    record: str = ""
    unanswered: int = 0
    asks_first: bool = False


@dataclass(frozen=True)
class Forecast:
    """key: equal for subjects that the retry treats alike. text: one subject's, with
    %(record)s. many: for a number of them, with %(count)s."""

    key: str
    text: str
    many: str
    record: str = ""


# What a retry of these makes when nothing is linked yet: (one, many).
_MAKES = {
    "Order": (
        _("Creates one sales order: nothing exists in Odoo yet."),
        _("creates sales orders, of which none exists yet: %(count)s"),
    ),
    "DraftOrder": (
        _("Creates nothing: it is linked once its order is in Odoo."),
        _("links draft orders whose order is in Odoo: %(count)s"),
    ),
    "Product": (
        _(
            "Looks for the product in Odoo and links it; makes one only if none fits and "
            "the store may create products."
        ),
        _("links products, or makes those that Odoo lacks: %(count)s"),
    ),
    "Customer": (
        _("Looks for the contact in Odoo and links it; makes one only if none fits."),
        _("links contacts, or makes those that Odoo lacks: %(count)s"),
    ),
    "Company": (
        _("Looks for the contact in Odoo and links it; makes one only if none fits."),
        _("links contacts, or makes those that Odoo lacks: %(count)s"),
    ),
    "CompanyLocation": (
        _("Looks for the address in Odoo and links it; makes one only if none fits."),
        _("links addresses, or makes those that Odoo lacks: %(count)s"),
    ),
}
_READS = (
    _("Reads it from Shopify again; creates no record in Odoo."),
    _("read again from Shopify, creating nothing: %(count)s"),
)
_SENDS = {
    "stock.picking": (
        _("Sends one fulfilment; checked first whether it is there already."),
        _("sends fulfilments, each checked first for being there: %(count)s"),
    ),
    "shopify.stock.level": (
        _("Sends the stock as it is now; what is equal already is not sent."),
        _("sends stock as it is now: %(count)s"),
    ),
}
_CREATES_THERE = (
    _("Creates it in Shopify; checked first by its ID whether it is there already."),
    _("creates in Shopify, each checked first for being there: %(count)s"),
)
_UPDATES = (
    _("Updates %(record)s; creates nothing."),
    _("updates what is linked, creating nothing: %(count)s"),
)
_STOPS = (
    _("Its Odoo record was deleted: stops again and asks, creates nothing."),
    _("stops again, since the Odoo record was deleted: %(count)s"),
)
_ASKS = (
    _("Asks Shopify first what became of the last request; sends nothing twice."),
    _("asks Shopify first what became of the last request: %(count)s"),
)
_SHOWS = (
    _("Shows anew what would be done; nothing is done until somebody accepts it."),
    _("shown anew, waiting to be accepted: %(count)s"),
)
_MARKS = (
    _("Writes Odoo's ID to the Shopify record, if it isn't there; nothing else."),
    _("writes Odoo's ID where it is missing: %(count)s"),
)


def forecast(facts: Facts) -> Forecast:
    """What a retry of this subject would do, by how things stand now.

    A retry looks itself once more before it writes: this text never decides anything.
    """
    key, (text, many) = _which(facts)
    return Forecast(key, text, many, facts.record)


def _which(facts: Facts) -> tuple[str, tuple[str, str]]:
    if facts.direction == "mark":
        return "mark", _MARKS
    if facts.unanswered:
        return "ask", _ASKS
    if facts.asks_first and facts.link == "none":
        return "show", _SHOWS
    if facts.direction == "out":
        return _out(facts)
    if facts.link == "there":
        return "update", _UPDATES
    if facts.link == "gone":
        return "stop", _STOPS
    if facts.type in _MAKES:
        return f"make {facts.type}", _MAKES[facts.type]
    return "read", _READS


def _out(facts: Facts) -> tuple[str, tuple[str, str]]:
    if facts.link == "gone":
        return "stop", _STOPS
    if facts.type in _SENDS:
        return f"send {facts.type}", _SENDS[facts.type]
    return "create there", _CREATES_THERE


def by_kind(forecasts: Iterable[Forecast]) -> list[tuple[Forecast, int]]:
    """The kinds among many forecasts, most frequent first, each with its number."""
    forecasts = list(forecasts)
    counts = Counter(each.key for each in forecasts)
    examples = {each.key: each for each in reversed(forecasts)}
    return [(examples[key], count) for key, count in counts.most_common()]
