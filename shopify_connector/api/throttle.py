"""The bucket of points of one store: who may send how soon. Arithmetic only.

Shopify's leaky bucket must hold a request's whole stated cost before it runs, fills
again at `restore_rate` points a second, and each answer tells what it holds. All
workers of a store share one bucket, so what is on its way counts as gone until it is
answered or has lapsed. The shell keeps `BucketState.to_dict()` in one row; scripts use
`MemoryBucket`. Times are seconds of any one clock.
"""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from . import deadline

# Before the first answer: less than the smallest plan has, so nothing is overdrawn.
FIRST_MAXIMUM = 1000.0
FIRST_RATE = 50.0
# Longer than connect and read time-outs together: by then the request is over.
LAPSE = 90.0
LONGEST_WAIT = 2.0


@dataclass(frozen=True)
class ThrottleStatus:
    """`extensions.cost.throttleStatus` of an answer, in points and points a second."""

    maximum: float
    available: float
    restore_rate: float

    @classmethod
    def read(cls, node: Any) -> "ThrottleStatus | None":
        """None for an answer that carries none, or nonsense."""
        try:
            status = cls(
                float(node["maximumAvailable"]),
                float(node["currentlyAvailable"]),
                float(node["restoreRate"]),
            )
        except (KeyError, TypeError, ValueError):
            return None
        return status if status.maximum > 0 and status.restore_rate > 0 else None


@dataclass(frozen=True)
class Reservation:
    """Points on their way, given up at `lapses_at` if nobody settles them."""

    id: int
    cost: float
    lapses_at: float


@dataclass(frozen=True)
class Grant:
    """Answer to a wish for points.

    wait: seconds until they are there. reservation: None if that is longer than the
    asker would wait; then nothing is held.
    """

    wait: float
    reservation: int | None
    cost: float = 0.0


@dataclass(frozen=True)
class BucketState:
    """What is known of a bucket at `as_of`; `available` without the reservations."""

    maximum: float = FIRST_MAXIMUM
    available: float = FIRST_MAXIMUM
    restore_rate: float = FIRST_RATE
    as_of: float = 0.0
    reservations: tuple[Reservation, ...] = ()
    last_id: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "maximum": self.maximum,
            "available": self.available,
            "restore_rate": self.restore_rate,
            "as_of": self.as_of,
            "reservations": [
                [held.id, held.cost, held.lapses_at] for held in self.reservations
            ],
            "last_id": self.last_id,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any] | None) -> "BucketState":
        """The state of `to_dict`; of nothing, the cautious first state."""
        if not stored:
            return cls()
        held = tuple(Reservation(*entry) for entry in stored["reservations"])
        return cls(**{**stored, "reservations": held})


def advance(state: BucketState, now: float) -> BucketState:
    """Restore what has leaked back since `as_of`, once, and drop what has lapsed.

    A lapsed request is long over, and its points have leaked back meanwhile. A clock
    some seconds behind (another server) restores nothing twice; one that was set back
    further starts anew.
    """
    passed = max(0.0, now - state.as_of)
    set_back = state.as_of - now > LAPSE
    return replace(
        state,
        available=min(state.maximum, state.available + passed * state.restore_rate),
        as_of=now if set_back else max(now, state.as_of),
        reservations=tuple(r for r in state.reservations if r.lapses_at > now),
    )


def free(state: BucketState, now: float) -> float:
    """Points that nobody has taken; below 0 when more is promised than is there."""
    state = advance(state, now)
    return state.available - sum(held.cost for held in state.reservations)


def away(state: BucketState, cost: float, now: float, *, keep: float = 0.0) -> float:
    """Seconds until `cost` points are there; see `reserve` for `keep`."""
    needed = min(cost + keep * state.maximum, state.maximum)
    return max(0.0, (needed - free(state, now)) / state.restore_rate)


def reserve(
    state: BucketState,
    cost: float,
    now: float,
    *,
    longest_wait: float = LONGEST_WAIT,
    keep: float = 0.0,
) -> tuple[BucketState, Grant]:
    """Take `cost` points, or tell how many seconds they are away (0: there now).

    keep: share (0 to 1) of the bucket to leave for others, for work that can wait.
    A cost above the bucket's size is asked of a full one: Shopify refuses it, we don't.
    """
    state = advance(state, now)
    wait = away(state, cost, now, keep=keep)
    if wait > longest_wait:
        return state, Grant(wait, None, cost)
    number = state.last_id + 1
    held = Reservation(number, cost, now + wait + LAPSE)
    state = replace(state, reservations=(*state.reservations, held), last_id=number)
    return state, Grant(wait, number, cost)


def settle(
    state: BucketState,
    reservation: int | None,
    status: ThrottleStatus | None,
    now: float,
    *,
    spent: bool = True,
) -> BucketState:
    """Close a reservation with what the answer says of the bucket.

    status: None if no answer told; then the points count as gone if `spent` (sent,
    fate unknown), else they go back (never sent). Others' reservations stay: Shopify
    may have charged some of them already, which errs on the careful side.
    """
    state = advance(state, now)
    mine = next((r for r in state.reservations if r.id == reservation), None)
    others = tuple(r for r in state.reservations if r.id != reservation)
    state = replace(state, reservations=others)
    if status:
        return replace(
            state,
            maximum=status.maximum,
            available=min(status.available, status.maximum),
            restore_rate=status.restore_rate,
        )
    if spent and mine:
        return replace(state, available=state.available - mine.cost)
    return state


def retry_after(requested: float, status: ThrottleStatus | None) -> float:
    """Seconds until a refused request may be sent: whole points, rounded up to 0.1 s."""
    if status is None:
        return LONGEST_WAIT
    short = min(requested, status.maximum) - status.available
    return max(0.1, math.ceil(10 * short / status.restore_rate) / 10)


class Bucket(Protocol):
    """What the client asks of a bucket, wherever it is kept."""

    def away(self, cost: float, keep: float) -> float: ...

    def reserve(self, cost: float, longest_wait: float, keep: float) -> Grant: ...

    def settle(
        self, reservation: int | None, status: ThrottleStatus | None, *, spent: bool
    ) -> None: ...


class MemoryBucket:
    """A bucket for one process, shared by its threads."""

    def __init__(
        self,
        state: BucketState | None = None,
        clock: Callable[[], float] = deadline.now,
    ):
        self._clock = clock
        self._lock = threading.Lock()
        self.state = state or BucketState(as_of=clock())

    def away(self, cost: float, keep: float = 0.0) -> float:
        with self._lock:
            return away(self.state, cost, self._clock(), keep=keep)

    def reserve(
        self, cost: float, longest_wait: float = LONGEST_WAIT, keep: float = 0.0
    ) -> Grant:
        with self._lock:
            self.state, grant = reserve(
                self.state, cost, self._clock(), longest_wait=longest_wait, keep=keep
            )
        return grant

    def settle(
        self,
        reservation: int | None,
        status: ThrottleStatus | None = None,
        *,
        spent: bool = True,
    ) -> None:
        with self._lock:
            self.state = settle(
                self.state, reservation, status, self._clock(), spent=spent
            )
