"""Does a webhook address answer? Asked from here, so it proves the way in, not Shopify's.

It shows a wrong base address, a proxy that drops the path, or a database filter that
hides the database: what mostly keeps webhooks out.
"""

import time

from .session import open_session

TIMEOUT = (3.0, 5.0)


def seconds_to_answer(url: str, nonce: str, expected: str) -> float | None:
    """Post `nonce`; None unless it is answered with 200 and the text `expected`, which
    only this very database knows."""
    started = time.monotonic()
    session = open_session(url)
    try:
        response = session.post(
            url,
            data=nonce.encode(),
            headers={"Content-Type": "text/plain"},
            timeout=TIMEOUT,
            allow_redirects=False,
        )
    except OSError:
        return None
    finally:
        session.close()
    if response.status_code != 200 or response.text != expected:
        return None
    return time.monotonic() - started
