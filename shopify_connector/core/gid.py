"""Shopify's global IDs: taking them apart, building them, and their admin pages."""

import re
from dataclasses import dataclass
from urllib.parse import quote

_GID = re.compile(r"gid://shopify/([A-Za-z][A-Za-z0-9]*)/([1-9][0-9]*)(?:\?.*)?\Z")
_SHOP_DOMAIN = re.compile(r"([a-z0-9][a-z0-9-]*)\.myshopify\.com\Z")

# Path below https://admin.shopify.com/store/<handle>/ of each type that has a page.
_ADMIN_PATHS = {
    "Product": "products",
    "Order": "orders",
    "DraftOrder": "draft_orders",
    "Customer": "customers",
    "Collection": "collections",
    "Location": "settings/locations",
    "Company": "companies",
}


class GidError(ValueError):
    """The text is no Shopify ID of the kind asked for."""


class NoAdminPage(ValueError):
    """Shopify's admin has no page of its own for this kind of object."""


@dataclass(frozen=True, order=True)
class Gid:
    """`gid://shopify/Product/1` as type "Product" and number 1."""

    type: str
    number: int

    def __str__(self) -> str:
        return f"gid://shopify/{self.type}/{self.number}"


def parse(text: str, type: str | None = None) -> Gid:
    """Take a GID apart; with `type`, refuse any other. Raises GidError.

    Parameters after the number (`?inventory_item_id=…`, inventory levels) are no part
    of the identity here and are dropped.
    """
    match = _GID.match(text) if isinstance(text, str) else None
    if not match:
        raise GidError(f"not a Shopify ID: {text!r}")
    gid = Gid(match[1], int(match[2]))
    if type is not None and gid.type != type:
        raise GidError(f"{text!r} is a {gid.type}, not a {type}")
    return gid


def build(type: str, number: int | str) -> str:
    """The GID text of a type and a positive number. Raises GidError."""
    text = f"gid://shopify/{type}/{number}"
    if str(parse(text)) != text:
        raise GidError(f"not a Shopify ID: {text!r}")
    return text


def store_handle(shop_domain: str) -> str:
    """`my-store` of `my-store.myshopify.com`. Raises ValueError for other domains."""
    match = _SHOP_DOMAIN.match(shop_domain or "")
    if not match:
        raise ValueError(f"not a myshopify.com domain: {shop_domain!r}")
    return match[1]


def admin_url(shop_domain: str, gid: str, product_gid: str | None = None) -> str:
    """The page of an object in Shopify's admin.

    A variant's page lies under its product, so it needs `product_gid` too. Raises
    GidError for a bad ID, NoAdminPage for a kind (or a lone variant) without a page.
    """
    handle = quote(store_handle(shop_domain))
    return f"https://admin.shopify.com/store/{handle}/{_admin_path(gid, product_gid)}"


def _admin_path(gid: str, product_gid: str | None) -> str:
    parsed = parse(gid)
    if parsed.type == "ProductVariant":
        if not product_gid:
            raise NoAdminPage("the page of a variant needs its product's ID")
        product = parse(product_gid, "Product")
        return f"products/{product.number}/variants/{parsed.number}"
    if parsed.type not in _ADMIN_PATHS:
        raise NoAdminPage(f"Shopify's admin has no page for a {parsed.type}")
    return f"{_ADMIN_PATHS[parsed.type]}/{parsed.number}"
