"""Trouble on demand: faults and gates at fixed points of a request.

Points of a request: `before` (received, nothing done), `during` (inside a mutation,
nothing written), `after` (applied and committed, answer not sent).
"""

import random
import threading
from dataclasses import dataclass, field
from itertools import count

GATE_LIMIT = 300  # seconds a request is held at most
KINDS = {
    "reset_before": "before",  # connection reset, nothing applied
    "reset_after": "after",  # applied, answer lost
    "timeout_before": "before",  # hangs `seconds`, then closes; nothing applied
    "timeout_after": "after",  # applied, hangs `seconds`, then closes
    "late": "before",  # hangs `seconds`, then applies (its client has gone)
    "delay": "before",  # answers after `seconds`
    "status_before": "before",  # HTTP `status` (default 500), nothing applied
    "status_after": "after",  # applied, answers HTTP `status`
    "internal_error": "before",  # 200 with INTERNAL_SERVER_ERROR, nothing applied
    "internal_error_after": "after",  # applied, 200 with INTERNAL_SERVER_ERROR
    "throttle": "before",  # THROTTLED
    "truncate": "after",  # applied, half the body, then a reset
    "half_json": "after",  # applied, 200 with half of the JSON
    "garbage": "after",  # applied, 200 with HTML
    "revoked_token": "before",  # 401
    "missing_scope": "before",  # this scope (`scope`) is missing for this request
    "null_customer_data": "before",  # personal data withheld for this request
    "version": "after",  # X-Shopify-API-Version names `version`
}


@dataclass
class Fault:
    """`operation`: name of the operation or of a root field; None = any."""

    kind: str
    operation: str | None = None
    times: int | None = 1  # None = always
    probability: float = 1.0
    seed: int = 0
    seconds: float = 30.0
    status: int = 500
    scope: str | None = None
    version: str = "2027-01"
    skip: int = 0  # let that many matching requests pass first
    happened: int = 0
    _random: random.Random = field(default=None, repr=False)

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are {sorted(KINDS)}")
        self._random = random.Random(self.seed)

    def strikes(self, names: set[str]) -> bool:
        if self.operation is not None and self.operation not in names:
            return False
        if self.times is not None and self.happened >= self.times:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self._random.random() >= self.probability:
            return False
        self.happened += 1
        return True


class Gate:
    """Stops matching requests at a point until released; or only watches them."""

    def __init__(self, number, shop, operation, point, times, hold):
        self.number, self.shop, self.operation = number, shop, operation
        self.point, self.times, self.hold = point, times, hold
        self.claimed = self.reached = 0
        self.applies = True
        self._changed = threading.Condition()
        self._open = not hold

    def matches(self, shop, names: set[str], point: str) -> bool:
        if shop is not self.shop or point != self.point:
            return False
        if self.operation is not None and self.operation not in names:
            return False
        return self.times is None or self.claimed < self.times

    def arrive(self) -> bool:
        """Wait here. False: the request is to be dropped as if never received."""
        with self._changed:
            self.reached += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._open, GATE_LIMIT)
            return self.applies

    def wait_reached(self, timeout: float = 10, times: int = 1) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.reached >= times, timeout)

    def release(self, apply: bool = True) -> None:
        """Let them go on; `apply=False` cuts the connection of those held `before`."""
        with self._changed:
            self.applies = apply
            self._open = True
            self._changed.notify_all()

    def describe(self) -> dict:
        return {"gate": self.number, "reached": self.reached, "open": self._open}


class Faults:
    """All faults and gates of an emulator."""

    def __init__(self):
        self._lock = threading.Lock()
        self._numbers = count(1)
        self.planned: list[tuple[object, Fault]] = []
        self.gates: dict[int, Gate] = {}

    def plan(self, shop, kind: str, **options) -> Fault:
        fault = Fault(kind, **options)
        with self._lock:
            self.planned.append((shop, fault))
        return fault

    def strike(self, shop, names: set[str], point: str) -> list[Fault]:
        """The faults that hit this request at this point."""
        with self._lock:
            return [
                fault
                for owner, fault in self.planned
                if owner is shop and KINDS[fault.kind] == point and fault.strikes(names)
            ]

    def gate(self, shop, operation, point, times, hold) -> Gate:
        if point not in ("before", "during", "after"):
            raise ValueError(f"no point {point!r}")
        with self._lock:
            gate = Gate(next(self._numbers), shop, operation, point, times, hold)
            self.gates[gate.number] = gate
        return gate

    def pass_point(self, shop, names: set[str], point: str) -> bool:
        """Stop at each gate of this point; False if the request is to be dropped."""
        with self._lock:
            gates = [g for g in self.gates.values() if g.matches(shop, names, point)]
            for gate in gates:
                gate.claimed += 1
        return all([gate.arrive() for gate in gates])

    def pause_inside(self, ctx, mutation: str) -> None:
        """The point `during`: others may use the shop while this one is held."""
        names = {mutation, ctx.operation_name}
        with self._lock:
            held = any(
                gate.matches(ctx.shop, names, "during") for gate in self.gates.values()
            )
        if not held:
            return
        ctx.shop.lock.release()
        try:
            self.pass_point(ctx.shop, names, "during")
        finally:
            ctx.shop.lock.acquire()

    def clear(self, shop=None) -> None:
        """Forget faults and open every gate, of one shop or of all."""
        with self._lock:
            self.planned = [
                pair
                for pair in self.planned
                if shop is not None and pair[0] is not shop
            ]
            gates = [g for g in self.gates.values() if shop in (None, g.shop)]
            for gate in gates:
                del self.gates[gate.number]
        for gate in gates:
            gate.release()
