"""Bulk operations: Shopify writes a whole type to a file, read here line by line.

    key = new_key()                       # to be kept before `start`
    running = bulk.find(client, key) or bulk.start(client, "bulk/variants", key)
    state = bulk.status(client, running.gid)
    for line in bulk.lines(state.url, offset=0):
        ...                               # line.row; line.offset: where to go on

Starting one changes no data, so a start of unknown outcome is settled by a look: our
key is part of the query's name, and Shopify keeps the query's text.
"""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from . import domain, operations
from .client import CONNECT_TIMEOUT, READ_TIMEOUT, USER_AGENT, Client
from .errors import MissingError, RejectedError, ShopifyError, TransientError
from .session import open_session

RUN, STATUS, RECENT, CANCEL = "bulk/run", "bulk/status", "bulk/recent", "bulk/cancel"
OPEN = frozenset({"CREATED", "RUNNING", "CANCELING"})
# Bytes held at once, beside the line at hand; and the longest line that is believed.
CHUNK = 64 * 1024
LONGEST_LINE = 4 * 1024 * 1024
_KEY = re.compile(r"[0-9a-f]{32}\Z")
_RANGE = re.compile(r"bytes (\d+)-")


class BulkBusyError(TransientError):
    """Five bulk queries of this app run at once already: wait, and start then."""

    failure = "bulk_busy"


class BulkFailedError(ShopifyError):
    """It ended without its whole result: `status`, `code` as Shopify says, and what it
    wrote until then, if anything, at `partial_url`."""

    failure = "bulk_failed"

    def __init__(self, message: str, *, status: str, code: str, partial_url, **facts):
        super().__init__(message, **facts)
        self.status, self.code, self.partial_url = status, code, partial_url


class BulkExpiredError(ShopifyError):
    """The result isn't at its address any more: files live seven days. Start anew."""

    failure = "bulk_expired"


class BulkCutError(TransientError):
    """The file broke off: go on from the last line's offset."""

    failure = "bulk_cut"


@dataclass(frozen=True)
class BulkOperation:
    """As Shopify tells it. objects: lines of the result, None while it runs.

    url: None where there is nothing to read, be it unfinished or empty.
    """

    gid: str
    status: str
    objects: int = 0
    url: str | None = None
    code: str = ""
    partial_url: str | None = None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_completed(self) -> bool:
        return self.status == "COMPLETED"

    def check(self) -> "BulkOperation":
        """Itself; raises BulkFailedError if it ended otherwise than completed."""
        if self.is_open or self.is_completed:
            return self
        raise BulkFailedError(
            f"{self.gid} is {self.status} {self.code}".strip(),
            status=self.status,
            code=self.code,
            partial_url=self.partial_url,
            operation=RUN,
        )


@dataclass(frozen=True)
class Line:
    """One object, and the byte of the file at which the next one begins."""

    row: dict[str, Any]
    offset: int


def new_key() -> str:
    """What an operation will be found by, whatever becomes of its start."""
    return uuid.uuid4().hex


def query_text(name: str, key: str) -> str:
    """A document of graphql/bulk as it is started: its name carries the key."""
    if not _KEY.match(key):
        raise ValueError(f"not a key of bulk.new_key: {key!r}")
    operation = operations.load(name)
    head = f"query {operation.operation_name}"
    return operation.text.replace(head, f"{head}_{key}", 1)


def start(client: Client, name: str, key: str) -> BulkOperation:
    """Start the bulk query `name`. Raises BulkBusyError, or what the client raises.

    After UnknownOutcomeError it may run: `find` tells.
    """
    try:
        answer = client.execute(RUN, {"query": query_text(name, key)})
    except RejectedError as error:
        if "OPERATION_IN_PROGRESS" in error.codes:
            raise BulkBusyError(
                str(error), operation=RUN, request_id=error.request_id
            ) from None
        raise
    return _read(answer.data["bulkOperationRunQuery"]["bulkOperation"])


def find(client: Client, key: str) -> BulkOperation | None:
    """The newest operation that carries this key, if there is one."""
    for node in client.execute(RECENT).data["bulkOperations"]["nodes"]:
        if key in (node["query"] or ""):
            return _read(node)
    return None


def status(client: Client, gid: str) -> BulkOperation:
    """Where an operation stands. Raises BulkExpiredError if Shopify has forgotten it."""
    node = client.execute(STATUS, {"id": gid}).data["bulkOperation"]
    if node is None:
        raise BulkExpiredError(f"{gid} is not known any more", operation=STATUS)
    return _read(node)


def cancel(client: Client, gid: str) -> bool:
    """Ask Shopify to stop; False where there was nothing to stop."""
    try:
        client.execute(CANCEL, {"id": gid})
    except (RejectedError, MissingError):
        return False
    return True


def _read(node: dict[str, Any]) -> BulkOperation:
    return BulkOperation(
        gid=node["id"],
        status=node["status"],
        objects=int(node.get("objectCount") or 0),
        url=node.get("url"),
        code=node.get("errorCode") or "",
        partial_url=node.get("partialDataUrl"),
    )


# --- The result --------------------------------------------------------------------


def lines(
    url: str,
    offset: int = 0,
    timeout: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
) -> Iterator[Line]:
    """The objects of a result from byte `offset` on, however large it is.

    The address is Shopify's storage, another host than the shop: it says itself who may
    read, and gets no token. Raises BulkExpiredError, BulkCutError (go on from the last
    line), TransientError, or ShopifyError for an address that isn't https.
    """
    _check_address(url)
    session = open_session(url)
    # Without .netrc: it could add a password to this request.
    session.auth = _no_auth
    try:
        with _get(session, url, offset, timeout) as response:
            if response.status_code == 416:
                _check_end(response, offset)
                return
            skip = offset - _starts_at(response, offset)
            yield from _split(_body(response), offset, skip)
    finally:
        session.close()


def _check_address(url: str) -> None:
    if urlsplit(url).scheme == "https" or domain.is_loopback(url):
        return
    raise ShopifyError("a bulk result's address isn't https", operation=STATUS)


def _no_auth(request):
    return request


def _get(session, url, offset, timeout) -> requests.Response:
    # Offsets count the bytes of the file itself, not of a compressed form.
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    try:
        response = session.get(
            url, headers=headers, stream=True, timeout=timeout, allow_redirects=False
        )
    except OSError as error:
        # Told in words: the exception holds the address, which lets anybody read.
        raise TransientError(
            f"no answer from Shopify's storage ({type(error).__name__})",
            failure="network_timeout",
        ) from None
    if response.status_code in (200, 206, 416):
        return response
    status = response.status_code
    response.close()
    if status in (400, 401, 403, 404, 410):
        raise BulkExpiredError(f"Shopify's storage answers HTTP {status}")
    raise TransientError(f"Shopify's storage answers HTTP {status}")


def _check_end(response: requests.Response, offset: int) -> None:
    """Nothing begins at `offset`: fine where the file ends exactly there."""
    if response.headers.get("Content-Range") != f"bytes */{offset}":
        raise BulkExpiredError(f"the file has no byte {offset}: it is another one")


def _starts_at(response: requests.Response, offset: int) -> int:
    """The byte at which the body begins: a server may ignore what was asked."""
    if response.status_code != 206:
        return 0
    found = _RANGE.match(response.headers.get("Content-Range") or "")
    start = int(found[1]) if found else -1
    if not 0 <= start <= offset:
        raise TransientError("Shopify's storage answers another part than was asked")
    return start


def _body(response: requests.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_content(CHUNK)
    except OSError as error:
        raise BulkCutError(f"the file broke off ({type(error).__name__})") from None


def _split(chunks: Iterator[bytes], offset: int, skip: int) -> Iterator[Line]:
    """skip: bytes before `offset` that come all the same."""
    rest = b""
    for chunk in chunks:
        if skip:
            chunk, skip = chunk[skip:], max(0, skip - len(chunk))
        *whole, rest = (rest + chunk).split(b"\n")
        for text in whole:
            offset += len(text) + 1
            if text.strip():
                yield Line(_parsed(text), offset)
        if len(rest) > LONGEST_LINE:
            raise BulkCutError("a line of the file has no end")
    if rest.strip():
        # Shopify ends every line; one that can be read was cut off exactly at its end.
        yield Line(_parsed(rest), offset + len(rest))


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise BulkCutError("a line of the file can't be read")
    return row
