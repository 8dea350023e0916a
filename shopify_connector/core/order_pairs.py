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


@dataclass(frozen=True)
class Difference:
    """The first line that keeps two orders from being the same.

    kind: `missing`, no standing line is this one of Shopify's (gid); `unclear`, several
    that differ from each other may be; `extra`, a standing line (key) is none of
    Shopify's.
    """

    kind: str
    gid: str = ""
    key: int = 0


def pair_lines(
    wanted: Sequence[Wanted], standing: Sequence[Standing]
) -> dict[str, int] | None:
    """{GID: key of the standing line}; None unless each has exactly one of the other.

    Lines that are the same in all respects are paired in their order.
    """
    pairs, difference = match_lines(wanted, standing)
    return None if difference else pairs


def match_lines(
    wanted: Sequence[Wanted], standing: Sequence[Standing]
) -> tuple[dict[str, int], Difference | None]:
    """The same, and what differs: (pairs until then, the difference or None)."""
    left, pairs = list(standing), {}
    # What is sure goes first, and leaves less to choose from.
    for line in sorted(wanted, key=lambda each: not each.sure):
        candidates = _candidates(line, left)
        if not candidates:
            return pairs, Difference("missing", line.gid)
        if len({each.kind for each in candidates}) != 1:
            return pairs, Difference("unclear", line.gid)
        pairs[line.gid] = candidates[0].key
        left.remove(candidates[0])
    return pairs, Difference("extra", key=left[0].key) if left else None


def _candidates(line: Wanted, left: Sequence[Standing]) -> list[Standing]:
    alike = [
        each
        for each in left
        if (each.quantity, each.subtotal) == (line.quantity, line.subtotal)
    ]
    same = [each for each in alike if each.product == line.product]
    return same if line.sure else same or alike
