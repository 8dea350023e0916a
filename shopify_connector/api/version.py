"""Which Admin API this add-on speaks."""

# Released October 2026, served until October 2027 at the earliest. Raised by a commit
# of its own, after every document was validated against the next schema.
API_VERSION = "2026-10"


def differs(answered: str | None, asked: str = API_VERSION) -> bool:
    """Whether Shopify fell forward: it answers a retired version with another one.

    answered: header X-Shopify-API-Version; an answer without it proves nothing.
    """
    return bool(answered) and answered != asked
