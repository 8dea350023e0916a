"""Which host a shop is, and nothing but that host."""

import re
from urllib.parse import urlsplit

from .version import API_VERSION

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com\Z")
_ADMIN = re.compile(r"(?:https?://)?admin\.shopify\.com/store/([a-z0-9-]+)(?:[/?#]|\Z)")


class DomainError(ValueError):
    """Not the address of a Shopify shop; the message is fit for a form."""


def normalise(text: str | None) -> str:
    """`<handle>.myshopify.com` out of what people paste.

    Takes `my-store`, `https://my-store.myshopify.com/admin` and
    `admin.shopify.com/store/my-store/…`. A shop's own domain (www.…) can't be told
    from any other host, so it raises DomainError like everything else.
    """
    # Imported late: the package is large, and only its text functions are wanted here.
    from shopify.utils.shop_url import sanitize_shop_domain

    given = (text or "").strip().lower()
    admin = _ADMIN.match(given)
    domain = sanitize_shop_domain(admin[1] if admin else given)
    if not domain or not _SHOP.match(domain):
        raise DomainError(
            "Enter the shop's myshopify.com address, for example "
            "my-store.myshopify.com."
        )
    return domain


def handle(shop: str) -> str:
    """`my-store` of `my-store.myshopify.com`."""
    return normalise(shop).removesuffix(".myshopify.com")


def is_loopback(url: str) -> bool:
    """Whether `url` stays on this machine."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.hostname in LOOPBACK_HOSTS


def endpoint(shop: str, base_url: str | None = None) -> str:
    """Base address of a shop, without a slash at its end.

    base_url: template such as `http://127.0.0.1:8089/{shop}`, where {shop} becomes the
    shop's handle. Raises DomainError for a template that leaves this machine: a token
    must never go to a host that somebody wrote into the environment.
    """
    name = handle(shop)
    if not base_url:
        return f"https://{name}.myshopify.com"
    if not is_loopback(base_url.replace("{shop}", name)):
        raise DomainError("SHOPIFY_CONNECTOR_API_URL may only name this machine.")
    return base_url.replace("{shop}", name).rstrip("/")


def graphql_url(base: str, version: str = API_VERSION) -> str:
    return f"{base}/admin/api/{version}/graphql.json"


def token_url(base: str) -> str:
    return f"{base}/admin/oauth/access_token"
