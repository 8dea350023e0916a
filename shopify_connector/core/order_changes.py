"""What of a Shopify order was brought to Odoo, and what of it differs since.

Facts are plain JSON, kept on the link. They hold no personal data: people and
addresses stand in them as hashes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .customers import address_from_node, normal_email
from .failures import Failure
from .order_lines import Reading

Facts = dict[str, Any]

# What people call the parts of the facts.
_LABELS = {
    "currency": "currency",
    "customer": "customer",
    "email": "e-mail",
    "bill_to": "billing address",
    "ship_to": "delivery address",
    "total": "total",
    "tax": "tax",
    "refunded": "refunded amount",
    "cancelled": "cancelled",
}
# Shopify withholds these without permission; a null there says nothing.
_PERSONAL = frozenset({"customer", "email", "bill_to", "ship_to"})
_LINE_LABELS = {"quantity": "quantity", "charged": "price", "tax": "tax"}


@dataclass(frozen=True)
class Difference:
    """A part of the order that reads differently now; before/after None: not there."""

    field: str
    before: Any
    after: Any


def facts_from_node(node: Mapping[str, Any], currency: str, reading: Reading) -> Facts:
    """Everything that an import applies, and everything that would change it.

    Notes, tags and payments aren't among them: they change all the time without
    changing what was sold. Works for every order, also for one that an import would
    stop at.
    """
    customer = node.get("customer") or {}
    email = normal_email(node.get("email"))
    return {
        "currency": currency,
        "customer": customer.get("id"),
        "email": _hash(email) if email else None,
        "bill_to": _address(node.get("billingAddress")),
        "ship_to": _address(node.get("shippingAddress")),
        "lines": {
            line["id"]: _line_facts(line, reading)
            for line in node["lineItems"]["nodes"]
        },
        "shipping": {
            line.get("id") or f"{node['id']}#shipping{number}": {
                "title": line.get("title") or "",
                "charged": _plain(reading.amount(line["currentDiscountedPriceSet"])),
                "tax": _sum(line.get("taxLines"), "priceSet", reading),
            }
            for number, line in enumerate(_nodes(node.get("shippingLines")), 1)
            if not line.get("isRemoved")
        },
        "total": _plain(reading.amount(node["currentTotalPriceSet"])),
        "tax": _plain(reading.amount_or_zero(node.get("currentTotalTaxSet"))),
        "refunded": _plain(reading.amount_or_zero(node.get("totalRefundedSet"))),
        "cancelled": node.get("cancelledAt"),
    }


def digest(facts: Mapping[str, Any]) -> str:
    """Equal for equal facts; 64 hexadecimal digits."""
    return _hash(json.dumps(facts, sort_keys=True, separators=(",", ":")))


def compare_imported(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> tuple[Difference, ...]:
    """How the order of today differs from the one that was imported.

    What Shopify doesn't tell any more (protected data, a lost scope) is no change.
    """
    return (
        *_header_differences(old, new),
        *_line_differences(old.get("lines") or {}, new.get("lines") or {}),
        *_line_differences(old.get("shipping") or {}, new.get("shipping") or {}),
    )


def changed_failure(differences: Iterable[Difference]) -> Failure:
    """The stop that shows them to a person."""
    found = tuple(differences)
    return Failure(
        "changed_in_shopify",
        {
            "fields": [difference.field for difference in found],
            "differences": [
                [difference.field, difference.before, difference.after]
                for difference in found
            ],
        },
    )


def _header_differences(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterable[Difference]:
    for name, label in _LABELS.items():
        before, after = old.get(name), new.get(name)
        if before == after or (name in _PERSONAL and after is None):
            continue
        if name in _PERSONAL and name != "customer":
            before, after = "as imported" if before else None, "another one"
        yield Difference(label, before, after)


def _line_differences(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> Iterable[Difference]:
    for gid in [*old, *(gid for gid in new if gid not in old)]:
        before, after = old.get(gid), new.get(gid)
        title = (after or before)["title"]
        if before is None:
            yield Difference(f"new line {title}", None, _line_text(after))
        elif after is None:
            yield Difference(f"line {title} removed", _line_text(before), None)
        else:
            yield from _one_line(title, before, after)


def _one_line(
    title: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterable[Difference]:
    for name, label in _LINE_LABELS.items():
        if before.get(name) != after.get(name):
            yield Difference(f"{label} of {title}", before.get(name), after.get(name))


def _line_text(line: Mapping[str, Any]) -> str:
    quantity = line.get("quantity")
    return f"{quantity} × {line['charged']}" if quantity else str(line["charged"])


def _line_facts(node: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """The price is the one of all units ordered; what left shows in the quantity."""
    gross = reading.amount(node["originalUnitPriceSet"]) * node["quantity"]
    allocations = node.get("discountAllocations") or ()
    discount = sum(reading.amount(part["allocatedAmountSet"]) for part in allocations)
    return {
        "title": node.get("sku") or node.get("title") or "",
        "quantity": node["currentQuantity"],
        "charged": _plain(gross - discount),
        "tax": _sum(node.get("taxLines"), "priceSet", reading),
    }


def _address(node: Mapping[str, Any] | None) -> str | None:
    address = address_from_node(node)
    return address.key() if address else None


def _sum(nodes: Iterable[Mapping[str, Any]] | None, bag: str, reading: Reading) -> str:
    return _plain(sum(reading.amount(node[bag]) for node in nodes or ()))


def _plain(amount: Any) -> str:
    """One text an amount: "20.00", "20.0" and "20" are no difference."""
    text = f"{amount:f}"
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if plain in ("-0", "") else plain


def _nodes(connection: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return (connection or {}).get("nodes") or []


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
