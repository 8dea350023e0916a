"""Packs: one Shopify variant that stands for several pieces or several Odoo products.

An order line of a pack becomes one line for each product in it. Nothing is lost and
nothing is made on the way: amounts are shared out to the cent, and pieces are folded
back into whole packs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

from . import money
from .order_lines import Discount, PlannedLine
from .taxes import TaxAmount


@dataclass(frozen=True)
class Component:
    """One product of a pack.

    key: the product's Odoo ID. quantity: pieces of it in one pack. price: its list
    price a piece, in any currency that is the same for the whole pack: a weight.
    """

    key: int
    quantity: int
    price: Decimal = money.ZERO


@dataclass(frozen=True)
class PackPart(PlannedLine):
    """The share of one component in an order line. Its unit price may have no end
    (10.00 for 3), so what is exact is the amount.
    """

    amount: Decimal = money.ZERO

    @property
    def gross(self) -> Decimal:
        return self.amount


# --- Orders --------------------------------------------------------------------------


def is_pack(components: Sequence[Component]) -> bool:
    """Whether there is anything to take apart: several products, or several pieces."""
    return len(components) > 1 or any(part.quantity != 1 for part in components)


def explode(
    line: PlannedLine, components: Sequence[Component], digits: int
) -> tuple[PackPart, ...]:
    """The line as one part for each component, in their order.

    Price, each discount and each tax are shared out so that the parts add up to the
    line's exactly: the price by list price, or by pieces where nothing has a price;
    discounts by what is left to pay, so that none goes below zero; taxes by what is
    paid. digits: decimals of the currency.
    """
    by_price = [part.price * part.quantity for part in components]
    weights = by_price if any(by_price) else [part.quantity for part in components]
    gross = _share(line.gross, weights, digits)
    discounts, left = _share_discounts(line.discounts, gross, digits)
    paid = left if any(left) else gross if any(gross) else weights
    taxes = [_share(tax.amount, _not_negative(paid), digits) for tax in line.taxes]
    common = {field.name: getattr(line, field.name) for field in fields(PlannedLine)}
    return tuple(
        PackPart(
            **common
            | {
                "quantity": line.quantity * part.quantity,
                "unit_price": gross[place] / (line.quantity * part.quantity),
                "amount": gross[place],
                "discounts": discounts[place],
                "taxes": tuple(
                    TaxAmount(tax.key, shares[place])
                    for tax, shares in zip(line.taxes, taxes, strict=True)
                ),
            }
        )
        for place, part in enumerate(components)
    )


def _share(amount: Decimal, weights, digits: int) -> tuple[Decimal, ...]:
    """Shares to the cent; what is finer than a cent stays with the first part."""
    whole = money.rounded(amount, digits)
    first, *others = money.allocate(whole, weights, digits)
    return (first + amount - whole, *others)


def _share_discounts(discounts, gross, digits: int):
    """-> (discounts of each part, what is left to pay of each)"""
    left = list(gross)
    found: list[list[Discount]] = [[] for _part in gross]
    for discount in discounts:
        shares = _share(discount.amount, _not_negative(left), digits)
        for place, share in enumerate(shares):
            left[place] -= share
            if share:
                found[place].append(Discount(discount.title, share))
    return [tuple(each) for each in found], left


def _not_negative(weights):
    return [max(weight, money.ZERO) for weight in weights]


# --- Stock and deliveries -------------------------------------------------------------


def availability(pieces: Mapping[int, float], per_pack: Mapping[int, int]) -> int:
    """How many packs can be made of these pieces: the scarcest component decides.

    Both by component key. Negative where something is owed.
    """
    return min(whole(pieces.get(key, 0) / count) for key, count in per_pack.items())


def fold(pieces: Mapping[int, float], per_pack: Mapping[int, int]) -> int:
    """How many whole packs these delivered or returned pieces are; a pack of which
    something is still missing is none yet.
    """
    return max(0, availability(pieces, per_pack))


def folded_by(
    pieces: Mapping[int, float],
    all_pieces: Mapping[int, float],
    per_pack: Mapping[int, int],
) -> int:
    """How many packs became whole by `pieces`, which are part of `all_pieces`."""
    before = {key: all_pieces.get(key, 0) - pieces.get(key, 0) for key in per_pack}
    return fold(all_pieces, per_pack) - fold(before, per_pack)


def whole(quantity: float) -> int:
    """Whole units that are really there; float noise of Odoo's sums is cut first."""
    return math.floor(round(quantity, 6))
