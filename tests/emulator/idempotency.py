"""`@idempotent(key:)`: the directive some mutations demand (shopify.md section 5.1).

One record a (mutation, key): a second request with the same variables isn't executed
again but answered from current data; other variables, a first attempt still running
and a failed first attempt have codes of their own. Records live 24 h.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from .errors import bad_request
from .store import RESET_HOOKS

LIFETIME = timedelta(hours=24)
RUNNING, DONE, FAILED = "running", "done", "failed"
CONCURRENT = "IDEMPOTENCY_CONCURRENT_REQUEST"
MISMATCH = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
PREVIOUS_FAILED = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"

DEMANDING = frozenset(
    """
    inventoryAdjustQuantities inventorySetQuantities inventorySetOnHandQuantities
    inventoryMoveQuantities inventoryActivate inventoryTransferCreate
    inventoryTransferCreateAsReadyToShip inventoryTransferDuplicate
    inventoryTransferSetItems inventoryShipmentCreate inventoryShipmentCreateInTransit
    inventoryShipmentAddItems inventoryShipmentReceive locationActivate
    locationDeactivate refundCreate
    """.split()
)

# The other fields of the payloads, null when the key is refused.
PAYLOADS = {
    "inventoryActivate": ("inventoryLevel",),
    "inventoryAdjustQuantities": ("inventoryAdjustmentGroup",),
    "inventorySetQuantities": ("inventoryAdjustmentGroup",),
    "refundCreate": ("order", "refund"),
}

MESSAGES = {
    CONCURRENT: "A request with this idempotency key is still being processed.",
    MISMATCH: "This idempotency key was used with different parameters.",
    PREVIOUS_FAILED: "A previous attempt with this idempotency key failed.",
}


class KeyRefused(Exception):
    """The mutation isn't executed; its payload carries this code."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(MESSAGES[code])


class KeyBook:
    """The idempotency records of one shop. Thread-safe without the shop's lock, so
    that a second request can be told "still running" while the first one is held."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[tuple[str, str], dict] = {}

    def begin(
        self, mutation: str, key: str, digest: str, now: datetime, reuse_failed: bool
    ) -> dict | None:
        """Start an attempt; the earlier record when it is done, else None.

        Raises `KeyRefused` with one of the three codes.
        """
        with self._lock:
            record = self._records.get((mutation, key))
            if record is not None and now - record["at"] >= LIFETIME:
                record = None
            if record is None or (record["state"] == FAILED and reuse_failed):
                self._records[mutation, key] = {
                    "state": RUNNING,
                    "digest": digest,
                    "at": now,
                    "result": None,
                }
                return None
            if record["digest"] != digest:
                raise KeyRefused(MISMATCH)
            if record["state"] == RUNNING:
                raise KeyRefused(CONCURRENT)
            if record["state"] == FAILED:
                raise KeyRefused(PREVIOUS_FAILED)
            return record

    def finish(self, mutation: str, key: str, state: str, result=None) -> None:
        with self._lock:
            self._records[mutation, key].update(state=state, result=result)

    def clear(self) -> None:
        with self._lock:
            self._records.clear()


def book_of(shop) -> KeyBook:
    book = shop.__dict__.get("idempotency_keys")
    if book is None:
        book = shop.idempotency_keys = KeyBook()
    return book


RESET_HOOKS.append(lambda shop: book_of(shop).clear())


def check(mutation: str, key: str | None) -> None:
    """The request-level refusals: no directive, or a blank key."""
    if key is None:
        raise bad_request(
            f"The @idempotent directive is required for {mutation} but was not given."
        )
    if not key.strip():
        raise bad_request("The idempotency key can't be blank.")


def execute(ctx, mutation: str, key: str | None, args: dict, fn: Callable[[], dict]):
    """Run `fn` once a key. `fn` returns the payload (a dict with `userErrors`).

    A payload with user errors counts as a failed attempt. A payload may hold a
    `_replay` callable, which builds the answer of a repeat from current data.
    """
    check(mutation, key)
    book = book_of(ctx.shop)
    switches = ctx.shop.switches
    digest = json.dumps(args, sort_keys=not switches.key_order_counts, default=str)
    try:
        earlier = book.begin(
            mutation, key, digest, ctx.shop.now(), not switches.failed_key_is_burnt
        )
    except KeyRefused as refused:
        return _refusal(mutation, refused)
    if earlier is not None:
        payload = earlier["result"]
        return payload["_replay"]() if "_replay" in payload else payload
    try:
        payload = fn()
    except BaseException:
        book.finish(mutation, key, FAILED)
        raise
    failed = bool(payload.get("userErrors"))
    book.finish(mutation, key, FAILED if failed else DONE, payload)
    return payload


def _refusal(mutation: str, refused: KeyRefused) -> dict:
    error = {"field": None, "message": str(refused), "code": refused.code}
    return {**dict.fromkeys(PAYLOADS[mutation]), "userErrors": [error]}
