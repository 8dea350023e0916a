"""Amounts: decimals rounded to a currency's own digits, and money bags.

A bag holds one amount twice: in the shop's currency and in the buyer's. Both are
computed from the buyer's checkout with the currency's own rounding, so that the sums
are exact in either currency (shopify.md section 10.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
NO_DIGITS = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"})
THREE_DIGITS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 1, 0.01 or 0.001."""
    if currency in NO_DIGITS:
        return Decimal(1)
    return Decimal("0.001") if currency in THREE_DIGITS else Decimal("0.01")


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(unit(currency), ROUND_HALF_UP)


def split(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Shares of `total` in proportion to `weights`, summing to it to the cent."""
    whole = sum(weights, ZERO)
    if not whole:
        return [ZERO for _ in weights]
    step = unit(currency)
    exact = [total * weight / whole for weight in weights]
    shares = [share.quantize(step, ROUND_DOWN) for share in exact]
    missing = int((total - sum(shares, ZERO)) / step)
    by_remainder = sorted(
        range(len(weights)), key=lambda i: abs(exact[i] - shares[i]), reverse=True
    )
    for index in by_remainder[: abs(missing)]:
        shares[index] += step if missing > 0 else -step
    return shares


@dataclass(frozen=True)
class Bag:
    """One amount in the shop's currency and in the buyer's."""

    shop: Decimal = ZERO
    buyer: Decimal = ZERO

    def __add__(self, other: Bag) -> Bag:
        return Bag(self.shop + other.shop, self.buyer + other.buyer)

    def __sub__(self, other: Bag) -> Bag:
        return Bag(self.shop - other.shop, self.buyer - other.buyer)

    def __neg__(self) -> Bag:
        return Bag(-self.shop, -self.buyer)

    def __bool__(self) -> bool:
        return bool(self.shop or self.buyer)


NOTHING = Bag()


def total(bags: Iterable[Bag]) -> Bag:
    result = NOTHING
    for bag in bags:
        result = result + bag
    return result


def times(bag: Bag, quantity: int) -> Bag:
    return Bag(bag.shop * quantity, bag.buyer * quantity)


def text(amount: Decimal) -> str:
    """A decimal as the API prints it: no more digits than needed, at least one."""
    plain = format(amount.normalize() + ZERO, "f")
    return plain if "." in plain else plain + ".0"


def money(amount: Decimal, currency: str) -> dict:
    return {"__typename": "MoneyV2", "amount": text(amount), "currencyCode": currency}


def written(bag: Bag, order: Mapping) -> dict:
    """A bag as stored on objects, in the two currencies of its order."""
    return {
        "__typename": "MoneyBag",
        "shopMoney": money(bag.shop, order["currencyCode"]),
        "presentmentMoney": money(bag.buyer, order["presentmentCurrencyCode"]),
    }


def read(stored: Mapping | None) -> Bag:
    if stored is None:
        return NOTHING
    return Bag(
        Decimal(stored["shopMoney"]["amount"]),
        Decimal(stored["presentmentMoney"]["amount"]),
    )


def part(bag: Bag, quantity: int, of: int, order: Mapping) -> Bag:
    """The share of `quantity` units out of `of`, rounded in each currency."""
    share = Decimal(quantity) / Decimal(of)
    return Bag(
        rounded(bag.shop * share, order["currencyCode"]),
        rounded(bag.buyer * share, order["presentmentCurrencyCode"]),
    )


def converted(amount: Decimal, order: Mapping) -> Bag:
    """An amount in shop currency, with the buyer's at the order's rate."""
    rate = Decimal(order.get("_rate", "1"))
    return Bag(
        rounded(amount, order["currencyCode"]),
        rounded(amount * rate, order["presentmentCurrencyCode"]),
    )
