"""Access tokens: pasted ones, and those of the client-credentials grant.

A Dev Dashboard app asks for a token with its client ID and secret; it lives 24 hours
and there is no refresh token. A legacy custom app has a pasted one that never expires.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import requests

from . import domain
from .errors import AuthError, MissingError, ThrottledError, TransientError
from .redact import Secret, secrets_in
from .session import open_session

# Renewed when this share of its life has passed, well ahead of the end.
RENEW_AT = 0.8
TIMEOUT = (5.0, 20.0)


@dataclass(frozen=True)
class Token:
    """An access token and what it is good for; times are those of the caller's clock."""

    access_token: str = field(repr=False)
    scopes: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime

    @property
    def renew_at(self) -> datetime:
        return self.issued_at + RENEW_AT * (self.expires_at - self.issued_at)

    def needs_renewal(self, now: datetime) -> bool:
        return now >= self.renew_at


class TokenProvider(Protocol):
    """Where the client gets its token from, and what it does when one is refused."""

    def current(self) -> str:
        """The token to use now. Raises AuthError if there is none."""

    def renew(self, rejected: str) -> str:
        """Another token than `rejected`, which Shopify refused with HTTP 401.

        If somebody else renewed meanwhile, theirs. Raises AuthError if there is none.
        """


class StaticToken:
    """A pasted token: it can't be renewed."""

    def __init__(self, token: str):
        self._token = Secret(token)

    def current(self) -> str:
        if not self._token:
            raise AuthError("no access token")
        return self._token.reveal()

    def renew(self, rejected: str) -> str:
        raise AuthError("Shopify refuses the access token: paste a new one")


class RenewingToken:
    """Tokens of a grant, kept in memory and shared by the threads of one process.

    fetch: asks for a new one, e.g. a call of `client_credentials`.
    """

    def __init__(self, fetch: Callable[[], Token], clock: Callable[[], datetime]):
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None

    def current(self) -> str:
        with self._lock:
            if self._token is None or self._token.needs_renewal(self._clock()):
                self._token = self._fetch()
            return self._token.access_token

    def renew(self, rejected: str) -> str:
        with self._lock:
            if self._token is None or self._token.access_token == rejected:
                self._token = self._fetch()
            return self._token.access_token


def client_credentials(
    shop: str,
    client_id: str,
    client_secret: str,
    *,
    now: datetime,
    base_url: str | None = None,
    session: requests.Session | None = None,
    timeout: tuple[float, float] = TIMEOUT,
) -> Token:
    """Ask for a new token. Its life is counted from `now`, taken before the request.

    Raises AuthError (`sign_in_failed`: wrong ID or secret, or the app isn't installed
    there), MissingError (`shop_not_found`, `shop_moved`), ThrottledError, or
    TransientError.
    """
    url = domain.token_url(domain.endpoint(shop, base_url))
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
    }
    try:
        status, content = _post(session, url, form, timeout)
    except OSError as error:
        said = secrets_in(f"{type(error).__name__}: {error}", [client_secret])
        raise TransientError(
            f"no answer to the sign-in, {said}", failure="network_timeout"
        ) from None
    _raise_for_status(status, content)
    return _read_token(content, now)


def _post(
    session: requests.Session | None,
    url: str,
    form: dict[str, str],
    timeout: tuple[float, float],
) -> tuple[int, dict[str, Any]]:
    """HTTP status and JSON content; no response object, which would hold its socket."""
    used = session or open_session(url)
    try:
        response = used.post(
            url,
            data=form,
            headers={"Accept": "application/json"},
            timeout=timeout,
            allow_redirects=False,
        )
        return response.status_code, _json(response)
    finally:
        if session is None:
            used.close()


def _raise_for_status(status: int, content: dict[str, Any]) -> None:
    if status == 200:
        return
    said = f"HTTP {status}"
    if status == 404:
        raise MissingError(f"{said}: no such shop", failure="shop_not_found")
    if 300 <= status < 400:
        raise MissingError(
            f"{said}: the shop answers from another address", failure="shop_moved"
        )
    if status in (402, 423):
        raise AuthError(f"{said}: the shop is closed", failure="shop_closed")
    if status == 429:
        raise ThrottledError(f"{said}: too many sign-ins")
    if 400 <= status < 500:
        detail = _error_word(content)
        raise AuthError(f"{said}: client ID or secret refused{detail}")
    raise TransientError(f"{said} to the sign-in")


def _read_token(content: dict[str, Any], now: datetime) -> Token:
    access_token = content.get("access_token")
    seconds = content.get("expires_in")
    if not isinstance(access_token, str) or not access_token:
        raise TransientError("the sign-in's answer holds no token")
    if not isinstance(seconds, (int, float)) or seconds <= 0:
        raise TransientError("the sign-in's answer names no life time")
    scopes = str(content.get("scope") or "").replace(",", " ").split()
    return Token(access_token, tuple(scopes), now, now + timedelta(seconds=seconds))


def _error_word(content: dict[str, Any]) -> str:
    """`error` of the grant's answer: a fixed word such as invalid_client."""
    word = content.get("error")
    return f" ({word})" if isinstance(word, str) and len(word) < 60 else ""


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
