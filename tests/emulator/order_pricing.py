"""What an order costs: discounts spread to the cent, taxes rounded per line and tax.

Pure: an `OrderSpec` in shop currency and a rate give a `PricedOrder` in one currency.
The order of work is the checkout's: line discounts, then discounts over the whole
order, then each tax on what is left of each line (shopify.md section 10.3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from .money import ZERO, rounded, split

LINES, SHIPPING = "LINE_ITEM", "SHIPPING_LINE"


@dataclass(frozen=True)
class Tax:
    title: str
    rate: Decimal
    channel_liable: bool = False
    source: str = "Shopify"


@dataclass(frozen=True)
class Discount:
    """`value` is a percentage (10 = 10 %) or an amount in shop currency.

    `only` lists the positions it applies to; None means all of the target. `each`
    takes a fixed amount off every unit instead of spreading it.
    """

    value: Decimal
    percent: bool = False
    target: str = LINES
    only: tuple[int, ...] | None = None
    each: bool = False
    label: dict = field(default_factory=dict, compare=False)

    @property
    def over_order(self) -> bool:
        return self.only is None and not self.each


@dataclass(frozen=True)
class Charge:
    """A price with its taxes: a shipping line, a duty, a fee."""

    price: Decimal
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True)
class LineSpec:
    price: Decimal
    quantity: int
    taxes: tuple[Tax, ...] = ()
    discountable: bool = True
    duties: tuple[Charge, ...] = ()


@dataclass(frozen=True)
class OrderSpec:
    lines: tuple[LineSpec, ...]
    shipping: tuple[Charge, ...] = ()
    fees: tuple[Charge, ...] = ()
    discounts: tuple[Discount, ...] = ()
    taxes_included: bool = False


@dataclass(frozen=True)
class Priced:
    """`allocations` = (position of the discount, amount); `taxes` as in the spec."""

    unit: Decimal
    original: Decimal
    allocations: tuple[tuple[int, Decimal], ...]
    net: Decimal
    taxes: tuple[Decimal, ...]
    duties: tuple[Priced, ...] = ()


@dataclass(frozen=True)
class PricedOrder:
    lines: tuple[Priced, ...]
    shipping: tuple[Priced, ...]
    fees: tuple[Priced, ...]


def price_order(spec: OrderSpec, currency: str, rate: Decimal) -> PricedOrder:
    def local(amount: Decimal) -> Decimal:
        return rounded(amount * rate, currency)

    units = [local(line.price) for line in spec.lines]
    originals = [u * line.quantity for u, line in zip(units, spec.lines, strict=True)]
    postage = [local(charge.price) for charge in spec.shipping]
    on_lines = _allocate(
        spec.discounts,
        LINES,
        _discountable(originals, spec.lines),
        [line.quantity for line in spec.lines],
        currency,
        rate,
    )
    on_shipping = _allocate(
        spec.discounts, SHIPPING, postage, [1] * len(postage), currency, rate
    )

    def priced(unit_price, original, allocations, taxes, duties=()) -> Priced:
        net = original - sum((amount for _, amount in allocations), ZERO)
        amounts = taxed(net, taxes, spec.taxes_included, currency)
        return Priced(
            unit_price, original, tuple(allocations), net, amounts, tuple(duties)
        )

    def charged(charge: Charge) -> Priced:
        price = local(charge.price)
        return priced(price, price, (), charge.taxes)

    return PricedOrder(
        lines=tuple(
            priced(
                units[i],
                originals[i],
                on_lines[i],
                line.taxes,
                [charged(duty) for duty in line.duties],
            )
            for i, line in enumerate(spec.lines)
        ),
        shipping=tuple(
            priced(postage[i], postage[i], on_shipping[i], charge.taxes)
            for i, charge in enumerate(spec.shipping)
        ),
        fees=tuple(charged(fee) for fee in spec.fees),
    )


def _discountable(originals, lines) -> list[Decimal]:
    pairs = zip(originals, lines, strict=True)
    return [amount if line.discountable else ZERO for amount, line in pairs]


def taxed(
    net: Decimal, taxes: tuple[Tax, ...], included: bool, currency: str
) -> tuple[Decimal, ...]:
    """Each tax of one line, rounded alone; included taxes share the price's tax."""
    divisor = 1 + sum((tax.rate for tax in taxes), ZERO) if included else Decimal(1)
    return tuple(rounded(net * tax.rate / divisor, currency) for tax in taxes)


def _allocate(discounts, target, bases, quantities, currency, rate):
    """Per position the (discount, amount) pairs; never below zero."""
    left = list(bases)
    result: list[list[tuple[int, Decimal]]] = [[] for _ in bases]
    line_first = sorted(
        range(len(discounts)), key=lambda index: discounts[index].over_order
    )
    for index in line_first:
        discount = discounts[index]
        if discount.target != target:
            continue
        shares = _shares(discount, left, quantities, currency, rate)
        for position, amount in enumerate(shares):
            if amount:
                result[position].append((index, amount))
                left[position] -= amount
    return result


def _shares(discount, left, quantities, currency, rate) -> list[Decimal]:
    chosen = range(len(left)) if discount.only is None else discount.only
    weights = [amount if i in chosen else ZERO for i, amount in enumerate(left)]
    if discount.each:
        value = rounded(discount.value * rate, currency)
        return [
            min(weight, value * quantity)
            for weight, quantity in zip(weights, quantities, strict=True)
        ]
    if discount.percent:
        if discount.only is not None:
            return [rounded(w * discount.value / 100, currency) for w in weights]
        taken = rounded(sum(weights, ZERO) * discount.value / 100, currency)
    else:
        taken = rounded(discount.value * rate, currency)
    return split(min(taken, sum(weights, ZERO)), weights, currency)
