"""What each line of a Shopify order becomes: goods, shipping, tips and other charges."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from . import money
from .taxes import TaxAmount, tax_amounts, total

Kind = Literal[
    "variant", "gift_card", "custom", "tip", "shipping", "duty", "fee", "rounding"
]


@dataclass(frozen=True)
class Reading:
    """How amounts of one order are read.

    side: which half of each MoneyBag. included: prices hold the tax. digits: of the
    currency.
    """

    side: money.Side
    included: bool
    digits: int

    def amount(self, bag: Mapping[str, Any] | None) -> Decimal:
        """Raises MoneyError for a null: an order's own amounts never are."""
        value = money.of_bag(bag, self.side)
        if value is None:
            raise money.MoneyError("an amount of the order is null")
        return value

    def amount_or_zero(self, bag: Mapping[str, Any] | None) -> Decimal:
        return money.of_bag(bag, self.side) or money.ZERO


@dataclass(frozen=True)
class Discount:
    """A reduction of one line, positive, and what Shopify calls it ("SUMMER10")."""

    title: str
    amount: Decimal


@dataclass(frozen=True)
class PlannedLine:
    """One line of the sale order.

    gid: the line's own Shopify ID; of a shipping line without one, the order's with a
    number. unit_price: before discounts, with or without tax as `included` says.
    discounts, taxes: exact amounts of the whole line, never per unit.
    variant_gid, product_gid: None for what is no product of the shop (any more).
    delivery: of a shipping line, the key that a mapping is found by.
    """

    gid: str
    kind: Kind
    title: str
    quantity: int
    unit_price: Decimal
    included: bool
    discounts: tuple[Discount, ...] = ()
    taxes: tuple[TaxAmount, ...] = ()
    variant_gid: str | None = None
    product_gid: str | None = None
    variant_title: str = ""
    sku: str = ""
    removed: int = 0
    delivery: str = ""

    @property
    def gross(self) -> Decimal:
        return self.unit_price * self.quantity

    @property
    def discount(self) -> Decimal:
        return sum((part.amount for part in self.discounts), money.ZERO)

    @property
    def tax(self) -> Decimal:
        return total(self.taxes)

    @property
    def charged(self) -> Decimal:
        """After discounts, in the prices' own sense of tax."""
        return self.gross - self.discount

    @property
    def untaxed(self) -> Decimal:
        return self.charged - self.tax if self.included else self.charged

    @property
    def total(self) -> Decimal:
        return self.untaxed + self.tax

    @property
    def label(self) -> str:
        """What people call the line: its SKU, else its title."""
        return self.sku or self.title

    def amounts(self) -> dict[str, Any]:
        """What makes the line's amount, as plain JSON that is kept with the line's link;
        amounts are text, exact."""
        return {
            "label": self.label,
            "title": self.title,
            "quantity": self.quantity,
            "unit_price": _exact(self.unit_price),
            "discounts": [[each.title, _exact(each.amount)] for each in self.discounts],
            "taxes": [
                [each.key.describe(), _exact(each.amount)] for each in self.taxes
            ],
            "removed": self.removed,
            "total": _exact(self.total),
        }


def _exact(amount: Decimal) -> str:
    return f"{amount:f}"


def odoo_price(line: PlannedLine, discount_digits: int) -> tuple[Decimal, Decimal]:
    """(unit price, discount in percent) that give Odoo the exact line amount.

    A percentage is stored with few digits (two, as a rule), so it is used only where
    it is exact: 40.00 less 10 %. Otherwise the price is the one really charged for a
    unit, with all its digits (3 for 10.00), which also holds when a part is invoiced.
    """
    if not line.discount:
        return line.unit_price, money.ZERO
    if line.gross:
        percent = money.rounded(100 * line.discount / line.gross, discount_digits)
        if line.gross * (100 - percent) == 100 * line.charged:
            return line.unit_price, percent
    return line.charged / line.quantity, money.ZERO


# --- Lines of a node ---------------------------------------------------------------


def goods_lines(node: Mapping[str, Any], reading: Reading) -> list[PlannedLine]:
    """Products, custom lines, gift cards and tips that are lines in Shopify.

    A line whose units were all removed before the import is left out; of one that
    lost some, discount and taxes are shared out by units, and the order's totals
    prove the result or stop it.
    """
    tips = tip_gids(node, reading)
    lines = (_goods_line(line, reading, tips) for line in node["lineItems"]["nodes"])
    return [line for line in lines if line.quantity]


def _goods_line(
    node: Mapping[str, Any], reading: Reading, tips: frozenset[str]
) -> PlannedLine:
    variant = node.get("variant") or {}
    kept = node["currentQuantity"]
    removed = node["quantity"] - kept
    share = _Share(kept, removed, reading.digits)
    return PlannedLine(
        gid=node["id"],
        kind="tip" if node["id"] in tips else _kind(node),
        title=node.get("title") or "",
        variant_title=node.get("variantTitle") or "",
        quantity=kept,
        unit_price=reading.amount(node["originalUnitPriceSet"]),
        included=reading.included,
        discounts=tuple(
            Discount(part.title, share.of(part.amount))
            for part in _discounts(node.get("discountAllocations"), reading)
        ),
        taxes=tuple(
            TaxAmount(tax.key, share.of(tax.amount))
            for tax in tax_amounts(node.get("taxLines"), reading.included, reading.side)
        ),
        variant_gid=variant.get("id"),
        product_gid=(node.get("product") or {}).get("id"),
        sku=node.get("sku") or "",
        removed=removed,
    )


@dataclass(frozen=True)
class _Share:
    """The part of a line's amount that its remaining units bear.

    Shopify's allocations and tax lines include removed units.
    """

    kept: int
    removed: int
    digits: int

    def of(self, amount: Decimal) -> Decimal:
        if not self.removed:
            return amount
        return money.allocate(amount, (self.kept, self.removed), self.digits)[0]


def _kind(node: Mapping[str, Any]) -> Kind:
    if node.get("isGiftCard"):
        return "gift_card"
    return "variant" if node.get("variant") else "custom"


def tip_gids(node: Mapping[str, Any], reading: Reading) -> frozenset[str]:
    """Which lines are tips.

    Shopify doesn't say so on the line: they are lines of no product that can't be
    fulfilled, and together they make the order's total of tips. If they don't, none
    is taken for a tip by its looks.
    """
    tip = reading.amount_or_zero(node.get("totalTipReceivedSet"))
    candidates = {
        line["id"]: reading.amount(line["originalUnitPriceSet"]) * line["quantity"]
        for line in node["lineItems"]["nodes"]
        if tip and _kind(line) == "custom" and _is_unfulfillable(line)
    }
    return frozenset(candidates) if sum(candidates.values()) == tip else frozenset()


def _is_unfulfillable(line: Mapping[str, Any]) -> bool:
    return not line.get("requiresShipping") and line["quantity"] == line.get(
        "nonFulfillableQuantity"
    )


def shipping_lines(node: Mapping[str, Any], reading: Reading) -> list[PlannedLine]:
    """Delivery as charged. A removed shipping line is no longer part of the order."""
    return [
        PlannedLine(
            gid=line.get("id") or f"{node['id']}#shipping{number}",
            kind="shipping",
            title=line.get("title") or "",
            quantity=1,
            unit_price=reading.amount(line["originalPriceSet"]),
            included=reading.included,
            discounts=_shipping_discount(line, reading),
            taxes=tax_amounts(line.get("taxLines"), reading.included, reading.side),
            delivery=delivery_key(line),
        )
        for number, line in enumerate(_nodes(node.get("shippingLines")), 1)
        if not line.get("isRemoved")
    ]


def delivery_key(line: Mapping[str, Any]) -> str:
    """What makes two shipping lines the same way of sending: {source code title}.

    The title is in the buyer's language, so it counts only where there is no code.
    """
    name = line.get("code") or line.get("title") or ""
    parts = (line.get("source") or "", name)
    return "|".join(" ".join(part.split()).replace("|", "/") for part in parts)


def _shipping_discount(
    line: Mapping[str, Any], reading: Reading
) -> tuple[Discount, ...]:
    # The discounted price also holds cart-wide discounts, the allocations may not.
    original = reading.amount(line["originalPriceSet"])
    amount = original - reading.amount(line["discountedPriceSet"])
    named = _discounts(line.get("discountAllocations"), reading)
    if sum(part.amount for part in named) == amount:
        return named
    return (Discount("", amount),) if amount else ()


def charge_lines(node: Mapping[str, Any], reading: Reading) -> list[PlannedLine]:
    """Duties, additional fees, and a tip that is no line in Shopify."""
    return [
        *_duty_lines(node, reading),
        *_fee_lines(node, reading),
        *_tip_beside_lines(node, reading),
    ]


def _duty_lines(node: Mapping[str, Any], reading: Reading) -> list[PlannedLine]:
    if node.get("dutiesIncluded"):
        return []
    return [
        _charge(duty, "duty", f"Duties: {line.get('title') or ''}", reading)
        for line in node["lineItems"]["nodes"]
        if line["currentQuantity"]
        for duty in line.get("duties") or ()
    ]


def _fee_lines(node: Mapping[str, Any], reading: Reading) -> list[PlannedLine]:
    return [
        _charge(fee, "fee", fee.get("name") or "Additional fee", reading)
        for fee in node.get("additionalFees") or ()
    ]


def _charge(
    node: Mapping[str, Any], kind: Kind, title: str, reading: Reading
) -> PlannedLine:
    return PlannedLine(
        gid=node["id"],
        kind=kind,
        title=title,
        quantity=1,
        unit_price=reading.amount(node["price"]),
        included=reading.included,
        taxes=tax_amounts(node.get("taxLines"), reading.included, reading.side),
    )


def _tip_beside_lines(node: Mapping[str, Any], reading: Reading) -> list[PlannedLine]:
    tip = reading.amount_or_zero(node.get("totalTipReceivedSet"))
    if not tip or tip_gids(node, reading):
        return []
    return [extra_line(node["id"], "tip", "Tip", tip, reading)]


def extra_line(
    order_gid: str, kind: Kind, title: str, amount: Decimal, reading: Reading
) -> PlannedLine:
    """A part of the total that Shopify keeps as a bare amount of the order."""
    return PlannedLine(
        gid=f"{order_gid}#{kind}",
        kind=kind,
        title=title,
        quantity=1,
        unit_price=amount,
        included=reading.included,
    )


def _discounts(
    allocations: Iterable[Mapping[str, Any]] | None, reading: Reading
) -> tuple[Discount, ...]:
    """Line and order discounts alike: Shopify has shared them out to the cent."""
    parts = (
        Discount(
            _discount_title(part.get("discountApplication") or {}),
            reading.amount(part["allocatedAmountSet"]),
        )
        for part in allocations or ()
    )
    return tuple(part for part in parts if part.amount)


def _discount_title(application: Mapping[str, Any]) -> str:
    return application.get("code") or application.get("title") or ""


def _nodes(connection: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return (connection or {}).get("nodes") or []
