"""Does a webhook address answer? Asked from here, so it proves the way in, not Shopify's.

It shows a wrong base address, a proxy that drops the path, or a database filter that
hides the database: what mostly keeps webhooks out.
"""

import time

from .session import open_session
from .signature import sign

TIMEOUT = (3.0, 5.0)
BODY = b"{}"


def seconds_to_answer(url: str, secret: str) -> float | None:
    """Send a signed delivery without content; None unless it is answered with 200."""
    started = time.monotonic()
    session = open_session(url)
    try:
        response = session.post(
            url,
            data=BODY,
            headers={
                "Content-Type": "application/json",
                "X-Shopify-Hmac-Sha256": sign(BODY, secret),
            },
            timeout=TIMEOUT,
            allow_redirects=False,
        )
    except OSError:
        return None
    finally:
        session.close()
    return time.monotonic() - started if response.status_code == 200 else None
