"""Decide which sale order a Shopify order becomes, or why it becomes none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from . import money
from .customers import (
    AddressPlan,
    CustomerPlan,
    address_from_node,
    customer_from_node,
    guest,
)
from .failures import Failure, NeedsReview
from .order_changes import Facts, digest, facts_from_node
from .order_lines import (
    PlannedLine,
    Reading,
    charge_lines,
    extra_line,
    goods_lines,
    shipping_lines,
)
from .taxes import TaxKey

# Shopify's OrderDisplayFinancialStatus in which no payment is made or assured.
UNPAID = frozenset({"PENDING", "EXPIRED", "VOIDED"})


@dataclass(frozen=True)
class OrderPolicy:
    """A store's choices that a plan depends on.

    side: which currency orders are kept in. digits: decimals by currency code.
    start: orders created before it are left out; None takes all. test_orders:
    "exclude" or "import". unpaid: orders that nobody paid "wait", or "import".
    """

    digits: Mapping[str, int]
    side: money.Side = "shop"
    start: datetime | None = None
    test_orders: Literal["exclude", "import"] = "exclude"
    unpaid: Literal["wait", "import"] = "wait"


@dataclass(frozen=True)
class Payment:
    """One payment transaction as Shopify tells it; kind and status are its words."""

    gid: str
    kind: str
    status: str
    gateway: str
    amount: Decimal
    processed_at: str


@dataclass(frozen=True)
class OrderPlan:
    """The sale order that should exist.

    created_at: aware, UTC. currency: of every amount here, chosen once (`side` says
    which half of Shopify's amounts it is). total, tax: Shopify's, equal to the sums of
    the lines. location_gids: where Shopify wants it shipped from, most lines first.
    facts: what the import applies, kept to see later changes; their digest tells an
    echo. payment_rounding: cash rounding of the payment, when no part of the total.
    """

    gid: str
    name: str
    created_at: datetime
    updated_at: str
    currency: str
    digits: int
    side: money.Side
    taxes_included: bool
    customer: CustomerPlan
    bill_to: AddressPlan | None
    ship_to: AddressPlan | None
    lines: tuple[PlannedLine, ...]
    location_gids: tuple[str, ...]
    total: Decimal
    tax: Decimal
    financial_status: str = ""
    payments: tuple[Payment, ...] = ()
    payment_rounding: Decimal = money.ZERO
    note: str = ""
    tags: tuple[str, ...] = ()
    po_number: str = ""
    source: str = ""
    is_test: bool = False
    facts: Facts = field(default_factory=dict, compare=False, repr=False)

    @property
    def digest(self) -> str:
        return digest(self.facts)

    @property
    def untaxed(self) -> Decimal:
        return self.total - self.tax

    def of_kind(self, kind: str) -> tuple[PlannedLine, ...]:
        return tuple(line for line in self.lines if line.kind == kind)

    def tax_keys(self) -> tuple[TaxKey, ...]:
        """Every tax of the order, once."""
        return tuple(dict.fromkeys(tax.key for li in self.lines for tax in li.taxes))

    def amount_text(self, amount: Decimal) -> str:
        return f"{money.text(amount, self.digits)} {self.currency}"

    def explain(self) -> tuple[tuple[str, str], ...]:
        """(line, why its amount is what it is), for people."""
        return tuple((line.label, self._reason(line)) for line in self.lines)

    def _reason(self, line: PlannedLine) -> str:
        def shown(amount: Decimal) -> str:
            return money.text(amount, self.digits)

        parts = [f"{line.quantity} × {shown(line.unit_price)}"]
        parts += [
            f"− {shown(discount.amount)} discount {discount.title}".rstrip()
            for discount in line.discounts
        ]
        parts += [f"{tax.key.describe()}: {shown(tax.amount)}" for tax in line.taxes]
        if line.removed:
            parts.append(f"{line.removed} removed in Shopify before the import")
        return " · ".join([*parts, f"= {shown(line.total)}"])


# --- Before a plan -----------------------------------------------------------------


def exclusion(node: Mapping[str, Any], policy: OrderPolicy) -> str:
    """The rule that keeps a new order out of Odoo; "" when none does."""
    if node.get("test") and policy.test_orders == "exclude":
        return "It is a test order; rule: leave test orders out"
    if node.get("cancelledAt"):
        return "It was cancelled before it came to Odoo; rule: leave these out"
    created = parse_time(node["createdAt"])
    if policy.start and created < policy.start:
        day = policy.start.date().isoformat()
        return f"It was created before {day}; rule: only orders from then on"
    return ""


def unpaid(node: Mapping[str, Any], policy: OrderPolicy) -> Failure | None:
    """The stop of a new order whose payment is neither made nor assured.

    An order that Shopify tells no status of is taken.
    """
    status = node.get("displayFinancialStatus")
    if policy.unpaid == "import" or status not in UNPAID:
        return None
    return Failure(
        "order_not_paid", {"status": status.lower()}, ("setting:unpaid_orders",)
    )


def needs_refunds(node: Mapping[str, Any]) -> bool:
    """Whether the plan must know the order's refunds: something left the order."""
    refunded = money.of_bag(node.get("totalRefundedSet"), "shop")
    return bool(refunded) or any(
        line["currentQuantity"] != line["quantity"]
        for line in node["lineItems"]["nodes"]
    )


def parse_time(text: str) -> datetime:
    """Shopify's time stamp as an aware time in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def currency_of(node: Mapping[str, Any], side: money.Side) -> str:
    return node["currencyCode" if side == "shop" else "presentmentCurrencyCode"]


def reading_of(node: Mapping[str, Any], side: money.Side, digits: int) -> Reading:
    return Reading(side=side, included=bool(node["taxesIncluded"]), digits=digits)


# --- The plan ----------------------------------------------------------------------


def plan_order(node: Mapping[str, Any], policy: OrderPolicy) -> OrderPlan:
    """Decide which sale order a Shopify order becomes.

    node: an order of graphql/orders/import.graphql with all pages of its lines, and
    `refunds` of graphql/orders/refunds.graphql where needs_refunds() says so; `withheld`
    names fields that are null for want of a permission.
    The order is taken as it stands now: units that were removed before the import are
    no part of it. Raises NeedsReview when the order isn't confirmed yet, a permission
    is missing, money went back other than for removed units, or the lines don't make
    the order's total and tax to the smallest unit.
    """
    if node.get("confirmed") is False:
        raise NeedsReview("order_not_confirmed")
    _stop_if_customer_is_withheld(node)
    currency = currency_of(node, policy.side)
    if currency not in policy.digits:
        raise NeedsReview(
            "currency_inactive",
            currency=currency,
            waits_on=(f"pricelist:{currency}",),
        )
    reading = reading_of(node, policy.side, policy.digits[currency])
    _stop_if_refunded(node, reading, currency)
    lines, rounding = _all_lines(node, reading)
    bill_to = address_from_node(node.get("billingAddress"))
    ship_to = address_from_node(node.get("shippingAddress"))
    plan = OrderPlan(
        gid=node["id"],
        name=node["name"],
        created_at=parse_time(node["createdAt"]),
        updated_at=node["updatedAt"],
        currency=currency,
        digits=reading.digits,
        side=policy.side,
        taxes_included=reading.included,
        customer=_customer(node, bill_to, ship_to),
        bill_to=bill_to,
        ship_to=ship_to,
        lines=lines,
        location_gids=assigned_locations(node),
        total=reading.amount(node["currentTotalPriceSet"]),
        tax=reading.amount_or_zero(node.get("currentTotalTaxSet")),
        financial_status=node.get("displayFinancialStatus") or "",
        payments=_payments(node, reading),
        payment_rounding=rounding,
        note=node.get("note") or "",
        tags=tuple(node.get("tags") or ()),
        po_number=node.get("poNumber") or "",
        source=node.get("sourceName") or "",
        is_test=bool(node.get("test")),
        facts=facts_from_node(node, currency, reading),
    )
    check_totals(
        plan,
        total=sum((line.total for line in lines), money.ZERO),
        tax=sum((line.tax for line in lines), money.ZERO),
    )
    return plan


def check_totals(plan: OrderPlan, total: Decimal, tax: Decimal) -> None:
    """Stop unless these sums are Shopify's to the smallest unit.

    Used twice: for the lines as planned, and for the order as Odoo computed it.
    """
    if not money.same(total, plan.total, plan.digits):
        raise NeedsReview(
            "total_differs",
            shopify_total=plan.amount_text(plan.total),
            odoo_total=plan.amount_text(total),
            difference=plan.amount_text(total - plan.total),
        )
    if not money.same(tax, plan.tax, plan.digits):
        raise NeedsReview(
            "tax_differs",
            shopify_tax=plan.amount_text(plan.tax),
            odoo_tax=plan.amount_text(tax),
            difference=plan.amount_text(tax - plan.tax),
        )


def _all_lines(
    node: Mapping[str, Any], reading: Reading
) -> tuple[tuple[PlannedLine, ...], Decimal]:
    """The lines, and the cash rounding that only the payment bears.

    Shopify rounds the payment, as a rule, and leaves the order's total alone. Where
    the total includes it, it is a line like any other charge.
    """
    lines = [
        *goods_lines(node, reading),
        *charge_lines(node, reading),
        *shipping_lines(node, reading),
    ]
    adjustment = node.get("totalCashRoundingAdjustment") or {}
    rounding = reading.amount_or_zero(adjustment.get("paymentSet"))
    gap = reading.amount(node["currentTotalPriceSet"]) - sum(
        (line.total for line in lines), money.ZERO
    )
    if rounding and gap == rounding:
        line = extra_line(node["id"], "rounding", "Cash rounding", rounding, reading)
        return (*lines, line), money.ZERO
    return tuple(lines), rounding


def _customer(
    node: Mapping[str, Any], bill_to: AddressPlan | None, ship_to: AddressPlan | None
) -> CustomerPlan:
    customer = node.get("customer")
    if customer:
        return customer_from_node(customer, stand_in=node["name"])
    return guest(node.get("email"), node.get("phone"), bill_to, ship_to, node["name"])


def assigned_locations(node: Mapping[str, Any]) -> tuple[str, ...]:
    """Locations that Shopify ships this order from, in the order of its parts."""
    parts = (node.get("fulfillmentOrders") or {}).get("nodes") or ()
    found = (
        ((part.get("assignedLocation") or {}).get("location") or {}).get("id")
        for part in parts
        if part.get("status") != "CANCELLED"
    )
    return tuple(dict.fromkeys(gid for gid in found if gid))


def _payments(node: Mapping[str, Any], reading: Reading) -> tuple[Payment, ...]:
    return tuple(
        Payment(
            gid=transaction["id"],
            kind=transaction["kind"],
            status=transaction["status"],
            gateway=transaction.get("gateway") or "",
            amount=reading.amount(transaction["amountSet"]),
            processed_at=transaction.get("processedAt") or "",
        )
        for transaction in node.get("transactions") or ()
    )


# --- Stops -------------------------------------------------------------------------


def _stop_if_customer_is_withheld(node: Mapping[str, Any]) -> None:
    """A customer without name or address is one; no customer at all would be a guest,
    and a second record."""
    if "customer" in node.get("withheld", ()) and not node.get("customer"):
        raise NeedsReview(
            "scope_missing", scope="read_customers", waits_on=("scope:read_customers",)
        )


def _stop_if_refunded(node: Mapping[str, Any], reading: Reading, currency: str) -> None:
    """Money that went back for units that left the order unshipped is no trouble: the
    order as it stands has neither. Any other refund is the refund flow's.
    """
    if not needs_refunds(node):
        return
    refunds = node.get("refunds") or ()
    refunded = reading.amount_or_zero(node.get("totalRefundedSet"))
    removed = sum((_removed_amount(refund, reading) for refund in refunds), money.ZERO)
    pure = all(_only_removes(refund) for refund in refunds)
    if not pure or refunded not in (money.ZERO, removed):
        amount = f"{money.text(refunded, reading.digits)} {currency}"
        raise NeedsReview("refunded_before_import", amount=amount)


def _only_removes(refund: Mapping[str, Any]) -> bool:
    lines = _nodes(refund, "refundLineItems")
    beside = _nodes(refund, "orderAdjustments") + _nodes(refund, "refundShippingLines")
    unshipped = all(line.get("restockType") == "CANCEL" for line in lines)
    return bool(lines) and unshipped and not beside


def _removed_amount(refund: Mapping[str, Any], reading: Reading) -> Decimal:
    """With tax; a refund's subtotal is in the sense of the order's prices."""
    return sum(
        (
            reading.amount(line["subtotalSet"])
            + (
                money.ZERO
                if reading.included
                else reading.amount_or_zero(line.get("totalTaxSet"))
            )
            for line in _nodes(refund, "refundLineItems")
        ),
        money.ZERO,
    )


def _nodes(parent: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return (parent.get(name) or {}).get("nodes") or []
