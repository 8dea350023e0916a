"""Was this webhook signed with one of the app's secrets?"""

import base64
import hashlib
import hmac
from collections.abc import Iterable


def sign(raw_body: bytes, secret: str) -> str:
    """Header X-Shopify-Hmac-Sha256 as Shopify computes it, over the raw bytes."""
    digest = hmac.new(secret.encode(), raw_body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def verify(raw_body: bytes, header: str | None, secrets: Iterable[str]) -> bool:
    """Whether one of `secrets` signed the body, in constant time.

    After a rotation Shopify may sign with the former secret for up to an hour: pass
    both. Empty secrets are skipped, so a store without one accepts nothing. Only the
    body is signed: topic and shop domain stay unproven.
    """
    given = (header or "").strip().encode("utf-8", "replace")
    # Every secret is tried: the time taken doesn't tell which one matched.
    matches = [
        hmac.compare_digest(sign(raw_body, secret).encode(), given)
        for secret in secrets
        if secret
    ]
    return any(matches)
