"""Which line of a standing sale order is which line of the Shopify order."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Wanted:
    """A line of the Shopify order.

    product: the Odoo product that stands for it; 0 for none. subtotal: after discounts,
    without tax. sure: the product is linked to it; else the store once chose one for
    lines of this kind, and may have chosen anew since.
    """

    gid: str
    product: int
    quantity: Decimal
    subtotal: Decimal
    sure: bool = True


@dataclass(frozen=True)
class Standing:
    """A line of the sale order; `price` is its unit price."""

    key: int
    product: int
    quantity: Decimal
    subtotal: Decimal
    price: Decimal

    @property
    def kind(self) -> tuple[int, Decimal, Decimal, Decimal]:
        """Equal for lines of which nothing tells which is which."""
        return (self.product, self.quantity, self.subtotal, self.price)


def pair_lines(
    wanted: Sequence[Wanted], standing: Sequence[Standing]
) -> dict[str, int] | None:
    """{GID: key of the standing line}; None unless each has exactly one of the other.

    Lines that are the same in all respects are paired in their order.
    """
    left, pairs = list(standing), {}
    # What is sure goes first, and leaves less to choose from.
    for line in sorted(wanted, key=lambda each: not each.sure):
        candidates = _candidates(line, left)
        if len({each.kind for each in candidates}) != 1:
            return None
        pairs[line.gid] = candidates[0].key
        left.remove(candidates[0])
    return None if left else pairs


def _candidates(line: Wanted, left: Sequence[Standing]) -> list[Standing]:
    alike = [
        each
        for each in left
        if (each.quantity, each.subtotal) == (line.quantity, line.subtotal)
    ]
    same = [each for each in alike if each.product == line.product]
    return same if line.sure else same or alike
