"""Which Admin API this add-on speaks, and for how long Shopify serves it."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

# Released October 2026, served until October 2027 at the earliest. Raised by a commit
# of its own, after every document was validated against the next schema.
API_VERSION = "2026-10"


def differs(answered: str | None, asked: str = API_VERSION) -> bool:
    """Whether Shopify fell forward: it answers a retired version with another one.

    answered: header X-Shopify-API-Version; an answer without it proves nothing.
    """
    return bool(answered) and answered != asked


def served_until(version: str = API_VERSION) -> date:
    """The first day on which Shopify may stop serving a version `YYYY-MM`: a year after
    its release ("at least 12 months", shopify.dev "About Shopify API versioning")."""
    year, month = version.split("-")
    return date(int(year) + 1, int(month), 1)


def is_served(offered: Iterable[Mapping[str, Any]], version: str = API_VERSION) -> bool:
    """Whether Shopify says that it supports a version.

    offered: `publicApiVersions`, each {handle, supported}.
    """
    return any(entry["handle"] == version and entry["supported"] for entry in offered)
