"""From the plain arguments of `create_order` to a priced order.

References are GIDs, or what people know: a variant's SKU, a location's name, a
customer's e-mail. Amounts are decimal strings in shop currency.
"""

from __future__ import annotations

from decimal import Decimal

from .order_pricing import LINES, Charge, Discount, LineSpec, OrderSpec, Tax

TYPES = {"lines": LINES, "shipping": "SHIPPING_LINE"}


def find(shop, typename: str, key: str, reference: str) -> dict:
    """The object with this GID, or the only one whose `key` equals it."""
    found = shop.objects.get(reference)
    if found is not None:
        return found
    matches = [obj for obj in shop.of_type(typename) if obj.get(key) == reference]
    if len(matches) != 1:
        raise KeyError(f"{len(matches)} objects {typename} with {key} {reference!r}")
    return matches[0]


def taxes(given) -> tuple[Tax, ...]:
    return tuple(
        Tax(
            tax["title"],
            Decimal(str(tax["rate"])),
            tax.get("channel_liable", False),
            tax.get("source", "Shopify"),
        )
        for tax in given
    )


def charge(given: dict, default_taxes) -> Charge:
    return Charge(
        Decimal(str(given["price"])), taxes(given.get("taxes", default_taxes))
    )


def discount(given: dict, only: tuple[int, ...] | None = None) -> Discount:
    """{"percent": 10} or {"amount": "5"}; "title", "code" or "automatic" name it."""
    percent = "percent" in given
    chosen = given.get("lines", only)
    return Discount(
        value=Decimal(str(given["percent"] if percent else given["amount"])),
        percent=percent,
        target=TYPES[given.get("target", "lines")],
        only=None if chosen is None else tuple(chosen),
        each=given.get("each", False),
        label=given,
    )


def resolve_line(shop, given: dict) -> dict:
    """The line with its variant's own facts filled in (custom lines have none)."""
    reference = given.get("variant")
    if reference is None:
        line = {"title": "Tip", **given} if "tip" in given else dict(given)
        line.setdefault("price", given.get("tip"))
        return {"quantity": 1, "variant": None, **line}
    variant = find(shop, "ProductVariant", "sku", reference)
    product = shop.objects[variant["product"]]
    item = shop.objects[variant["inventoryItem"]]
    facts = {
        "price": variant["price"],
        "title": product["title"],
        "variant_title": variant["title"],
        "sku": item["sku"],
        "vendor": product["vendor"],
        "product": product["id"],
        "taxable": variant["taxable"],
        "gift_card": product.get("isGiftCard", False),
        "requires_shipping": item["requiresShipping"],
        "weight": item["measurement"]["weight"],
    }
    return {"quantity": 1, **facts, **given, "variant": variant["id"]}


def _variant(shop, reference: str) -> dict:
    """The variant with this GID, or the first of the only item with this SKU."""
    if reference.startswith("gid://"):
        return shop.require(reference, "ProductVariant")
    return shop.objects[find(shop, "InventoryItem", "sku", reference)["_variants"][0]]


def line_spec(line: dict, default_taxes) -> LineSpec:
    tip_or_card = "tip" in line or line.get("gift_card", False)
    taxable = line.get("taxable", True) and not tip_or_card
    return LineSpec(
        price=Decimal(str(line["price"])),
        quantity=line["quantity"],
        taxes=taxes(line.get("taxes", default_taxes if taxable else ())),
        discountable=not tip_or_card,
        duties=tuple(charge(duty, ()) for duty in line.get("duties", ())),
    )


def order_spec(
    lines: list[dict], shipping, fees, discounts, default_taxes, taxes_included: bool
) -> OrderSpec:
    """Line discounts become discounts of the order that name their line."""
    of_lines = [
        discount(given, (index,))
        for index, line in enumerate(lines)
        for given in line.get("discounts", ())
    ]
    of_shipping = [
        discount({**given, "target": "shipping"}, (index,))
        for index, line in enumerate(shipping)
        for given in line.get("discounts", ())
    ]
    return OrderSpec(
        lines=tuple(line_spec(line, default_taxes) for line in lines),
        shipping=tuple(charge(line, default_taxes) for line in shipping),
        fees=tuple(charge(fee, ()) for fee in fees),
        discounts=(*of_lines, *of_shipping, *map(discount, discounts)),
        taxes_included=taxes_included,
    )
