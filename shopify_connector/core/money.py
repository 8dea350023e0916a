"""Amounts: exact decimals, compared and shared out to a currency's smallest unit.

No function here knows a currency: the number of its digits is passed in (2 for EUR, 0
for JPY, 3 for KWD).
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Literal

Side = Literal["shop", "presentment"]
ZERO = Decimal(0)


class MoneyError(ValueError):
    """The text is no amount."""


def parse(text: str | None) -> Decimal:
    """Shopify's decimal text as an exact number.

    Raises MoneyError for anything else: a float has lost digits already, and a null
    amount is a missing one, never zero.
    """
    if not isinstance(text, str):
        raise MoneyError(f"no amount: {text!r}")
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise MoneyError(f"no amount: {text!r}") from error
    if not amount.is_finite():
        raise MoneyError(f"no amount: {text!r}")
    return amount


def of_bag(bag: Mapping[str, Any] | None, side: Side) -> Decimal | None:
    """One side of a MoneyBag; None where Shopify sent null.

    bag: {"shopMoney": {"amount": "1.00"}, "presentmentMoney": {…}}.
    """
    if bag is None:
        return None
    return parse(bag[f"{side}Money"]["amount"])


def unit(digits: int) -> Decimal:
    """The smallest amount of a currency: 0.01 for 2 digits, 1 for 0."""
    return Decimal(1).scaleb(-digits)


def rounded(amount: Decimal, digits: int) -> Decimal:
    """Half away from zero, as Shopify and Odoo round."""
    return amount.quantize(unit(digits), rounding=ROUND_HALF_UP)


def same(first: Decimal, second: Decimal, digits: int) -> bool:
    """Equal to the smallest unit; half a unit is a difference, not a rounding."""
    return abs(first - second) < unit(digits) / 2


def text(amount: Decimal, digits: int) -> str:
    """For people: "1204.50"; never an exponent, never "-0.00"."""
    shown = rounded(amount, digits)
    return f"{shown if shown else abs(shown):f}"


def allocate(
    total: Decimal, weights: Sequence[Decimal | int], digits: int
) -> tuple[Decimal, ...]:
    """Share an amount out by weight, so that the shares add up to it exactly.

    Each share is its part rounded down, and the units left over go to the largest
    remainders, the first of equal ones first. Weights that are all zero share alike.
    Raises MoneyError when there is nothing to share among, a weight is negative, or
    the total is finer than the currency's unit.
    """
    if not weights or any(weight < 0 for weight in weights):
        raise MoneyError("weights must be given and not be negative")
    units = total.scaleb(digits)
    if units != units.to_integral_value():
        raise MoneyError(f"{total} is finer than {unit(digits)}")
    shares = _share_units(int(abs(units)), [Decimal(weight) for weight in weights])
    sign = -1 if total < 0 else 1
    return tuple(unit(digits) * sign * share for share in shares)


def _share_units(count: int, weights: Sequence[Decimal]) -> list[int]:
    # Integers on a common scale: Decimal division would round at 28 digits.
    scale = max(max(0, -weight.as_tuple().exponent) for weight in weights)
    parts = [int(weight.scaleb(scale)) for weight in weights]
    if not any(parts):
        parts = [1] * len(parts)
    divisor = sum(parts)
    shares = [count * part // divisor for part in parts]
    remainders = [count * part % divisor for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda i: (-remainders[i], i))
    for index in by_remainder[: count - sum(shares)]:
        shares[index] += 1
    return shares
