"""What a text typed into the one search box may mean. Every reading is returned."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from .gid import GidError, build, parse

_NUMBER = re.compile(r"#?([1-9][0-9]{0,18})\Z")
_ORDER_NAME = re.compile(r"#\S{1,40}\Z")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+\Z")
_ODOO_RECORD = re.compile(r"([a-z_]+(?:\.[a-z_0-9]+)+)\s*[, (]\s*([1-9][0-9]*)\)?\Z")
_ADMIN_HOST = "admin.shopify.com"
_SHOP_HOST = re.compile(r"([a-z0-9][a-z0-9-]*)\.myshopify\.com\Z")

# Path segments of Shopify's admin and what the number after them is.
_ADMIN_TYPES = {
    "products": "Product",
    "variants": "ProductVariant",
    "orders": "Order",
    "draft_orders": "DraftOrder",
    "customers": "Customer",
    "collections": "Collection",
    "locations": "Location",
    "companies": "Company",
}

Kind = Literal["gid", "shopify_number", "odoo_id", "order_name", "email", "text"]


@dataclass(frozen=True)
class SearchTerm:
    """One reading of what was typed.

    kind and value: gid (the whole ID), shopify_number (a number of any type), odoo_id
    (the number), order_name ("#1042"), email (lower case), text (as typed: a SKU, an
    Odoo order number). type: Shopify's type of a gid, or the Odoo model of an odoo_id;
    empty when the text doesn't say. shop: the store's handle when a URL names it.
    """

    kind: Kind
    value: str
    type: str = ""
    shop: str = ""


def parse_search(text: str) -> tuple[SearchTerm, ...]:
    """All readings of a text, the most telling first; none of an empty text.

    "1042" may be a number of either side and, without its sign, an order: all three
    are returned and whoever searches shows what each finds.
    """
    text = " ".join((text or "").split())
    if not text:
        return ()
    for reader in (_read_gid, _read_url, _read_record, _read_email, _read_number):
        terms = reader(text)
        if terms:
            return terms
    name = (SearchTerm("order_name", text),) if _ORDER_NAME.match(text) else ()
    return (*name, SearchTerm("text", text))


def _read_gid(text: str) -> tuple[SearchTerm, ...]:
    try:
        gid = parse(text)
    except GidError:
        return ()
    return (SearchTerm("gid", str(gid), gid.type),)


def _read_url(text: str) -> tuple[SearchTerm, ...]:
    """A page of Shopify's admin, in the new form or the store's own; the innermost
    object first (a variant before its product)."""
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
        host = (url.hostname or "").lower()
    except ValueError:
        return ()
    segments = [unquote(part) for part in url.path.split("/") if part]
    if host == _ADMIN_HOST and segments[:1] == ["store"] and len(segments) > 1:
        return _terms_of_path(segments[2:], segments[1].lower())
    shop = _SHOP_HOST.match(host)
    if shop and segments[:1] == ["admin"]:
        return _terms_of_path(segments[1:], shop[1])
    return ()


def _terms_of_path(segments: list[str], shop: str) -> tuple[SearchTerm, ...]:
    terms = [
        SearchTerm("gid", build(_ADMIN_TYPES[kind], number), _ADMIN_TYPES[kind], shop)
        for kind, number in zip(segments, segments[1:], strict=False)
        if kind in _ADMIN_TYPES and _is_number(number)
    ]
    return tuple(reversed(terms))


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[1-9][0-9]*", text))


def _read_record(text: str) -> tuple[SearchTerm, ...]:
    """`sale.order,42` or `sale.order 42`, as our own screens and marks show it."""
    match = _ODOO_RECORD.match(text)
    return (SearchTerm("odoo_id", match[2], match[1]),) if match else ()


def _read_email(text: str) -> tuple[SearchTerm, ...]:
    return (SearchTerm("email", text.lower()),) if _EMAIL.match(text) else ()


def _read_number(text: str) -> tuple[SearchTerm, ...]:
    match = _NUMBER.match(text)
    if not match:
        return ()
    name = SearchTerm("order_name", f"#{match[1]}")
    if text.startswith("#"):
        return (name, SearchTerm("text", text))
    number = match[1]
    ids = (SearchTerm("shopify_number", number), SearchTerm("odoo_id", number))
    return (*ids, name, SearchTerm("text", text))
