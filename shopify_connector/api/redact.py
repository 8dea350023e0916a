"""What never appears in a log, an error or a repr, declared once."""

import re
from collections.abc import Iterable
from typing import Any

MASK = "•••"

# Compared in lower case with "-" read as "_".
SENSITIVE_KEYS = frozenset(
    {
        "access_token",
        "accesstoken",
        "api_key",
        "api_secret",
        "authorization",
        "client_secret",
        "clientsecret",
        "password",
        "refresh_token",
        "secret",
        "token",
        "x_shopify_access_token",
        "x_shopify_hmac_sha256",
    }
)
# Personal data wherever it stands.
PERSONAL_KEYS = frozenset(
    {
        "address1",
        "address2",
        "email",
        "emailaddress",
        "firstname",
        "first_name",
        "lastname",
        "last_name",
        "latitude",
        "longitude",
        "note",
        "phone",
        "phonenumber",
        "zip",
    }
)
# Below these every text is personal, save IDs and codes.
PERSONAL_PARENTS = frozenset(
    {
        "address",
        "addresses",
        "addressesv2",
        "billingaddress",
        "customer",
        "defaultaddress",
        "shippingaddress",
    }
)
_HARMLESS = re.compile(r"(id|gid|code|codev2|typename|country)\Z")
_TOKEN = re.compile(r"shp[a-z]{2}_[A-Za-z0-9]+")


def secrets_in(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with Shopify tokens, and the given secrets, masked."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, MASK)
    return _TOKEN.sub(MASK, text)


def mask(value: Any, *, personal: bool = True) -> Any:
    """A copy of JSON-like data that may be logged.

    personal: also mask names, addresses, phones, e-mails (keep IDs, codes, amounts).
    """
    return _mask(value, personal, inside_person=False)


def _mask(value: Any, personal: bool, inside_person: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: _mask_entry(str(key), entry, personal, inside_person)
            for key, entry in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_mask(entry, personal, inside_person) for entry in value]
    if isinstance(value, str):
        return MASK if inside_person and value else secrets_in(value)
    return value


def _mask_entry(key: str, value: Any, personal: bool, inside_person: bool) -> Any:
    word = key.lower().replace("-", "_")
    if word in SENSITIVE_KEYS:
        return MASK if value else value
    if personal and word in PERSONAL_KEYS:
        return MASK if value else value
    if _HARMLESS.search(word) and isinstance(value, str):
        return secrets_in(value)
    return _mask(
        value, personal, inside_person or (personal and word in PERSONAL_PARENTS)
    )


class Secret:
    """A text that shows only where `.reveal()` is called: not in repr, str or format."""

    __slots__ = ("_text",)

    def __init__(self, text: str | None):
        self._text = (text or "").strip()

    def reveal(self) -> str:
        return self._text

    def __bool__(self):
        return bool(self._text)

    def __eq__(self, other):
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self):
        return hash(self._text)

    def __repr__(self):
        return f"<Secret {MASK}>"

    __str__ = __repr__
