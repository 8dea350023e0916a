"""One conversation with one shop: sends an operation, returns its answer or raises.

    with Client(shop, StaticToken(token), bucket=MemoryBucket()) as client:
        answer = client.execute("orders/import", {"ids": gids})

No write is ever repeated by itself, save after HTTP 401, which Shopify answers before
it executes anything. A read is repeated once if the connection breaks.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import requests

from . import deadline, domain, operations, version
from .answer import Answer, Reply, to_answer
from .auth import TokenProvider
from .deadline import TimedBody, TooLate
from .errors import (
    AuthError,
    NotSentError,
    ReadOnlyError,
    ThrottledError,
    TransientError,
    UnknownOutcomeError,
    VersionError,
)
from .operations import Operation
from .redact import secrets_in
from .session import open_session
from .throttle import LONGEST_WAIT, Bucket, Grant, MemoryBucket

_logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0
USER_AGENT = "odoo-shopify-connector"
# A header can hold nothing else; checked here because requests quotes the bad header.
_TOKEN = re.compile(r"[\x21-\x7e]+\Z")


class Client:
    """Sends operations to one shop; not shared between threads.

    clock: seconds, as api/deadline.now; `send_before` is a time of this clock.
    longest_wait: seconds to wait for points before ThrottledError. keep: share of the
    bucket left to others, for work that can wait. read_only: refuse every mutation, for
    a copy of the database; no switch of the client takes that back. refused: the list
    in which a preview collects the writes that it would have sent; such a client is
    read-only, and nothing of them is kept elsewhere.
    """

    def __init__(
        self,
        shop: str,
        token: TokenProvider,
        *,
        base_url: str | None = None,
        bucket: Bucket | None = None,
        clock: Callable[[], float] = deadline.now,
        sleep: Callable[[float], None] = time.sleep,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        longest_wait: float = LONGEST_WAIT,
        keep: float = 0.0,
        read_only: bool = False,
        refused: list[Any] | None = None,
    ):
        self.shop = domain.normalise(shop)
        self.url = domain.graphql_url(domain.endpoint(shop, base_url))
        self.version_seen: str | None = None
        # Of the last answer, for support; and how many writes were tried.
        self.last_request_id = ""
        self.mutations_sent = 0
        # Requests with their answers, where whoever works with the client asks for them
        # by a list; as they came, so nobody stores them uncleaned (api/support).
        self.kept: list[dict[str, Any]] | None = None
        # Shopify's clock less ours, at most, by the last answer that told its time.
        self._shop_ahead: float | None = None
        self._token = token
        self._bucket = bucket or MemoryBucket(clock=clock)
        self._clock = clock
        self._sleep = sleep
        self._timeout = (connect_timeout, read_timeout)
        self._longest_wait = longest_wait
        self._keep = keep
        self._read_only = read_only or refused is not None
        self.refused = refused
        self._session = open_session(self.url)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def __repr__(self):
        return f"<Client {self.shop}>"

    def close(self) -> None:
        self._session.close()

    @property
    def version_changed(self) -> bool:
        """Whether some answer came from another API version than the pinned one."""
        return version.differs(self.version_seen)

    @property
    def read_only(self) -> bool:
        """Whether every mutation is refused."""
        return self._read_only

    def now(self) -> float:
        """Seconds by the client's own clock; only differences mean anything."""
        return self._clock()

    def shop_time(self, at: float) -> datetime | None:
        """What Shopify's clock showed, at the least, when ours showed `at`; None before
        an answer told.

        With `at` taken before a read, whatever was read is no older than this: neither a
        slow answer nor a wrong clock of this machine makes it seem younger.
        """
        if self._shop_ahead is None:
            return None
        return datetime.fromtimestamp(self._shop_ahead + at, UTC)

    def reserve(
        self, name: str, *, cost: float | None = None, wait: bool = True
    ) -> Grant:
        """Take the points of one operation now, to execute it later with `grant`.

        For work that claims or writes in between: a wait belongs before that. Raises
        ThrottledError if the points are further away than `longest_wait` (with
        wait=False: not there now); nothing is held then.
        """
        operation = operations.load(name)
        self._refuse_if_read_only(operation)
        points = operation.cost if cost is None else cost
        longest = self._longest_wait if wait else 0.0
        grant = self._bucket.reserve(points, longest, self._keep)
        if grant.reservation is None:
            raise ThrottledError(
                f"the store is out of points for {grant.wait:.1f} s",
                retry_after=grant.wait,
                operation=name,
            )
        if grant.wait > 0:
            self._sleep(grant.wait)
        return grant

    def seconds_away(self, name: str) -> float:
        """How long until there are points for one operation; nothing is held."""
        return self._bucket.away(operations.load(name).cost, self._keep)

    def release(self, grant: Grant) -> None:
        """Give back what was reserved for an operation that isn't sent after all."""
        self._bucket.settle(grant.reservation, None, spent=False)

    def execute(
        self,
        name: str,
        variables: Mapping[str, Any] | None = None,
        *,
        send_before: float | None = None,
        grant: Grant | None = None,
        cost: float | None = None,
    ) -> Answer:
        """Send `<area>/<operation>` and return its answer; a write's means *applied*.

        send_before: latest time, by the client's clock, at which the body may leave.
        cost: points, where the variables make it dearer than the document states.
        Raises what api/errors draws; `.outcome` says whether a write may have happened.
        """
        operation = operations.load(name)
        self._refuse_if_read_only(operation)
        self._refuse_if_version_changed(operation)
        content = operations.request_body(operation, variables or {})
        if grant is None:
            grant = self.reserve(name, cost=cost)
        reply = self._exchange(operation, content, send_before, grant)
        if self.kept is not None:
            self.kept.append(
                {
                    "operation": name,
                    "variables": dict(variables or {}),
                    "status": reply.status,
                    "answer": reply.content,
                    "request_id": reply.request_id,
                }
            )
        return to_answer(reply)

    def _exchange(
        self,
        operation: Operation,
        content: bytes,
        send_before: float | None,
        grant: Grant,
    ) -> Reply:
        """Send, and settle the points whichever way it ends."""
        spent, status = False, None
        self.mutations_sent += operation.is_write
        try:
            reply = self._send_signed_in(operation, content, send_before)
            status = reply.cost.status
            spent = reply.status == 200 or reply.status >= 500
        except TransientError as error:
            spent = not isinstance(error, NotSentError)
            raise
        finally:
            self._bucket.settle(grant.reservation, status, spent=spent)
        self.version_seen = reply.api_version or self.version_seen
        self.last_request_id = reply.request_id or self.last_request_id
        return reply

    def _send_signed_in(
        self, operation: Operation, content: bytes, send_before: float | None
    ) -> Reply:
        token = self._token.current()
        reply = self._send(operation, content, send_before, token)
        if reply.status == 401:
            token = self._token.renew(rejected=token)
            reply = self._send(operation, content, send_before, token)
        return reply

    def _send(
        self,
        operation: Operation,
        content: bytes,
        send_before: float | None,
        token: str,
    ) -> Reply:
        """Send once, a read twice. Raises NotSentError, UnknownOutcomeError or
        TransientError."""
        body = TimedBody(content, send_before, self._clock)
        try:
            return self._post(operation, body, token)
        except OSError as error:
            # A time-out isn't repeated: it would hold the worker twice as long.
            if operation.is_write or isinstance(error, requests.Timeout):
                raise _no_answer(operation, body, error, token) from None
        body = TimedBody(content, send_before, self._clock)
        try:
            return self._post(operation, body, token)
        except OSError as error:
            raise _no_answer(operation, body, error, token) from None

    def _post(self, operation: Operation, body: TimedBody, token: str) -> Reply:
        """One request. Raises OSError as the HTTP stack does, or NotSentError."""
        started = self._clock()
        try:
            body.check()
            response = self._session.post(
                self.url,
                data=body,
                headers=_headers(token),
                timeout=self._timeout,
                allow_redirects=False,
            )
        except TooLate:
            raise NotSentError(
                "too late to send", operation=operation.name, failure="sent_too_late"
            ) from None
        reply = Reply.read(
            operation, response.status_code, response.headers, response.content
        )
        if reply.dated is not None:
            self._shop_ahead = reply.dated - self._clock()
        _logger.debug(
            "%s %s: HTTP %s, %s points, %d ms, request %s",
            self.shop,
            operation.name,
            reply.status,
            reply.cost.requested,
            1000 * (self._clock() - started),
            reply.request_id,
        )
        return reply

    def _refuse_if_read_only(self, operation: Operation) -> None:
        if operation.is_write and self._read_only:
            raise ReadOnlyError(
                "this database is a copy: nothing is written to the store",
                operation=operation.name,
            )

    def _refuse_if_version_changed(self, operation: Operation) -> None:
        if operation.is_write and self.version_changed:
            raise VersionError(
                f"Shopify answers as {self.version_seen} instead of "
                f"{version.API_VERSION}: writes are stopped",
                operation=operation.name,
            )


def _headers(token: str) -> dict[str, str]:
    if not _TOKEN.match(token):
        raise AuthError("the access token is empty or holds spaces or odd characters")
    return {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-Shopify-Access-Token": token,
    }


def _no_answer(
    operation: Operation, body: TimedBody, error: OSError, token: str
) -> TransientError:
    """What an exception of the HTTP stack means.

    The stack's exceptions hold the request with its headers: they are retold in words
    and not chained.
    """
    facts = {"operation": operation.name}
    said = secrets_in(f"{type(error).__name__}: {error}", [token])
    if not body.started:
        return NotSentError(f"not sent, {said}", **facts)
    if operation.is_write:
        return UnknownOutcomeError(f"no answer, {said}", **facts)
    return TransientError(f"no answer, {said}", failure="network_timeout", **facts)
