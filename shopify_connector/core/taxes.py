"""Tax lines of Shopify: the key that a mapping is found by, and sums for each key."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import money

SEPARATOR = "|"


@dataclass(frozen=True)
class TaxKey:
    """What makes two taxes of Shopify the same one for the books.

    rate: share of the price, 0.21 for 21 %. included: the price holds the tax.
    channel_liable: a marketplace pays it to the state, so it goes to another account.
    The country is no part of it: one title and rate mean one tax of one store.
    """

    title: str
    rate: Decimal
    included: bool
    channel_liable: bool = False

    def __str__(self) -> str:
        parts = [
            self.title.replace(SEPARATOR, "/"),
            _plain(self.rate),
            "included" if self.included else "excluded",
        ]
        return SEPARATOR.join(parts + ["channel"] * self.channel_liable)

    @property
    def percentage(self) -> Decimal:
        return self.rate * 100

    def describe(self) -> str:
        """For people: "BTW 21 %, included in the price"."""
        parts = [f"{self.title} {_plain(self.percentage)} %"]
        if self.included:
            parts.append("included in the price")
        if self.channel_liable:
            parts.append("paid by the marketplace")
        return ", ".join(parts)


@dataclass(frozen=True)
class TaxAmount:
    """A tax as Shopify charged it; amount in the plan's currency."""

    key: TaxKey
    amount: Decimal


def tax_key(line: Mapping[str, Any], included: bool) -> TaxKey:
    """The key of a TaxLine: {title rate channelLiable}.

    included: the order's `taxesIncluded`; one shop sells both ways. A null rate (a tax
    that an app put there as an amount) is rate zero. A null `channelLiable` is unknown
    liability, which Shopify's own merchants bear.
    """
    rate = line.get("rate")
    return TaxKey(
        title=" ".join((line.get("title") or "").split()),
        # str() first: the text of the float is what Shopify wrote, its binary isn't.
        rate=Decimal(str(rate)).normalize() if rate else Decimal(0),
        included=included,
        channel_liable=bool(line.get("channelLiable")),
    )


def parse_key(text: str) -> TaxKey:
    """The other way round. Raises ValueError for a text that is no key."""
    title, rate, side, *rest = text.split(SEPARATOR)
    if side not in ("included", "excluded") or rest not in ([], ["channel"]):
        raise ValueError(f"no tax key: {text!r}")
    return TaxKey(title, Decimal(rate), side == "included", bool(rest))


def tax_amounts(
    lines: Iterable[Mapping[str, Any]] | None, included: bool, side: money.Side
) -> tuple[TaxAmount, ...]:
    """Tax lines as amounts, those of one key added up, in the order of first sight.

    Two tax lines of one key on one line (a state's and a county's with equal titles)
    are one tax to Odoo, which holds each tax once a line.
    """
    return grouped(
        TaxAmount(tax_key(line, included), money.of_bag(line["priceSet"], side))
        for line in lines or ()
    )


def grouped(amounts: Iterable[TaxAmount]) -> tuple[TaxAmount, ...]:
    sums: dict[TaxKey, Decimal] = {}
    for tax in amounts:
        sums[tax.key] = sums.get(tax.key, money.ZERO) + tax.amount
    return tuple(TaxAmount(key, amount) for key, amount in sums.items())


def total(amounts: Iterable[TaxAmount]) -> Decimal:
    return sum((tax.amount for tax in amounts), money.ZERO)


def _plain(number: Decimal) -> str:
    """0.21 and never 2.1E-1; 10 and never 1E+1."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
