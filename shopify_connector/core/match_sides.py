"""The worksheet's two sides: what each says, and where they differ."""

from collections.abc import Mapping
from typing import Any

from .matching import KEY_LABELS, normal_key
from .reasons.reason import _

# What is shown of a record, in this order; of facts only those that both sides have
# can differ.
LABELS = {
    "name": _("name"),
    "sku": KEY_LABELS["sku"],
    "barcode": KEY_LABELS["barcode"],
    "email": KEY_LABELS["email"],
    "reference": KEY_LABELS["reference"],
    "options": _("options"),
    "price": _("price"),
    "total": _("total"),
    "vendor": _("vendor"),
    "type": _("type"),
    "variants": KEY_LABELS["variants"],
    "products": _("products"),
    "company": _("company"),
    "city": _("city"),
    "country": _("country"),
    "phone": _("phone"),
    "orders": _("orders"),
    "status": _("status"),
    "created": _("created"),
}
_KEYS = ("sku", "barcode", "email", "reference")
# An Odoo product says its own date and price list: these tell twins apart, they are no
# contradiction.
_NOT_COMPARED = ("created", "status", "orders", "vendor", "type")


def shown(values: Mapping[str, Any]) -> dict[str, str]:
    """The values that there are, as text, in the order of LABELS."""
    return {
        name: text for name in LABELS if (text := _text(name, values.get(name))) != ""
    }


def _text(name: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value if each != "Default Title")
    if name == "status":
        return str(value).replace("_", " ").lower()
    if name == "created":
        return str(value)[:10]
    if name in ("price", "total"):
        return _amount(str(value))
    return str(value)


def _amount(text: str) -> str:
    """Without zeros that mean nothing: 9.5 and 9.50 are one price."""
    whole, dot, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}" if dot else f"{text}.00"


def differences(
    shopify: Mapping[str, Any], odoo: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    """{name: (Shopify's, Odoo's)} where both sides say something and it isn't the same.

    Keys are compared as they are matched, other text without regard to case and outer
    blanks.
    """
    left, right = shown(shopify), shown(odoo)
    return {
        name: (left[name], right[name])
        for name in left
        if name in right
        and name not in _NOT_COMPARED
        and _comparable(name, left[name]) != _comparable(name, right[name])
    }


def _comparable(name: str, text: str) -> str:
    if name in _KEYS:
        return normal_key(name, text)
    if name == "phone":
        return "".join(char for char in text if char.isdigit())
    return " ".join(text.split()).lower()
