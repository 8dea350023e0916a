"""What a stop means: its reason, when to try again, and when to ask a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .reasons import CATALOGUE, Reason

__all__ = [
    "CATALOGUE",
    "FLOW_WEIGHTS",
    "Failure",
    "NeedsReview",
    "Pause",
    "Reason",
    "RetryAt",
    "Review",
    "breaker",
    "cause_key",
    "decide",
    "impact",
    "render",
    "render_headline",
    "render_retry",
]

# Added to a reason's weight when stops are sorted: a refund touches the books, a late
# price hardly anyone.
FLOW_WEIGHTS = {
    "refunds": 60,
    "payments": 55,
    "fulfilments": 50,
    "orders": 45,
    "stock": 40,
    "payouts": 30,
    "customers": 15,
    "products": 10,
}
# One and the same defect on this many subjects is the store's, not the subjects'.
DEFECT_SUBJECTS = 5
JITTER_SHARE = 0.2


@dataclass(frozen=True)
class Failure:
    """A stop of one subject: a catalogue code, what its message names, and the keys
    (`variant:<gid>`, `tax:<key>` …) whose appearance makes a new try worthwhile.

    Parameters are plain JSON values. Raises ValueError for an unknown code or when a
    parameter that the message names is missing.
    """

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    waits_on: tuple[str, ...] = ()

    def __post_init__(self):
        if self.code not in CATALOGUE:
            raise ValueError(f"no such reason: {self.code!r}")
        missing = self.reason.params - set(self.params)
        if missing:
            raise ValueError(f"{self.code} needs {', '.join(sorted(missing))}")
        plain = {name: _plain(value) for name, value in self.params.items()}
        object.__setattr__(self, "params", plain)
        object.__setattr__(self, "waits_on", tuple(self.waits_on))

    @property
    def reason(self) -> Reason:
        return CATALOGUE[self.code]


class NeedsReview(Exception):
    """The one exception of core: this subject stops, the others go on."""

    def __init__(self, code: str, /, *, waits_on: Iterable[str] = (), **params: Any):
        self.failure = Failure(code, params, tuple(waits_on))
        super().__init__(render(self.failure))

    @property
    def code(self) -> str:
        return self.failure.code

    @property
    def params(self) -> Mapping[str, Any]:
        return self.failure.params

    @property
    def waits_on(self) -> tuple[str, ...]:
        return self.failure.waits_on

    @classmethod
    def of(cls, failure: Failure) -> "NeedsReview":
        return cls(failure.code, waits_on=failure.waits_on, **failure.params)


def _plain(value: Any) -> Any:
    """A JSON value that reads the same: amounts and dates become text."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [_plain(item) for item in items]
    return str(value)


# --- Texts -------------------------------------------------------------------------


def render(failure: Failure, record: str = "This record") -> str:
    """The English message. The shell renders a translated template the same way,
    with `template % message_values(failure, record)`.
    """
    return failure.reason.message % message_values(failure, record)


def render_headline(failure: Failure) -> str:
    """One line for all items that share this cause."""
    reason = failure.reason
    return (reason.headline or reason.title) % message_values(failure)


def render_retry(failure: Failure, record: str = "This record") -> str:
    return failure.reason.retry_text % message_values(failure, record)


def message_values(failure: Failure, record: str = "This record") -> dict[str, Any]:
    values = {name: _text(value) for name, value in failure.params.items()}
    return {"record": record, **values}


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else value


# --- Decisions ---------------------------------------------------------------------


@dataclass(frozen=True)
class RetryAt:
    """Passes by itself: the next try."""

    when: datetime


@dataclass(frozen=True)
class Review:
    """A person is needed."""


def decide(
    failure: Failure, attempts: int, now: datetime, jitter: float = 0.0
) -> RetryAt | Review:
    """What happens after a failed try.

    attempts: tries so far with this reason, this one included (1 after the first).
    jitter: 0 to 1, drawn by the caller; lengthens the delay by up to a fifth, so that
    subjects stopped together don't come back together.
    """
    reason = failure.reason
    if reason.nature != "temporary" or attempts >= reason.max_attempts:
        return Review()
    delay = _delay(failure, attempts)
    return RetryAt(now + delay * (1 + JITTER_SHARE * jitter))


def _delay(failure: Failure, attempts: int) -> timedelta:
    """A time named by the other side goes first; else the reason's own, growing."""
    retry_after = failure.params.get("retry_after")
    if retry_after is not None:
        return timedelta(seconds=max(float(retry_after), 1.0))
    delays = failure.reason.delays
    return timedelta(minutes=delays[min(max(attempts, 1), len(delays)) - 1])


def cause_key(failure: Failure) -> str:
    """Equal for all stops that one fix releases: the reason and the missing thing.

    A subject that waits on several things is grouped under the first one it names.
    """
    if failure.waits_on:
        return f"{failure.code}|{failure.waits_on[0]}"
    things = (str(failure.params[name]) for name in failure.reason.cause)
    return "|".join((failure.code, *things))


def impact(failure: Failure, flow: str) -> int:
    """How far up a stop is listed; higher is more harmful."""
    return failure.reason.weight + FLOW_WEIGHTS.get(flow, 0)


@dataclass(frozen=True)
class Pause:
    """The flow pauses for this cause, seen on so many subjects."""

    failure: Failure
    cause: str
    subjects: int


def breaker(failures: Iterable[tuple[str, Failure]]) -> Pause | None:
    """Whether a flow pauses: (subject key, its present failure) of recent tries.

    Only what concerns the whole store pauses it; a reason keyed to one variant,
    location or tax never does, however many subjects it groups.
    """
    by_cause: dict[str, tuple[Failure, set[str]]] = {}
    for subject, failure in failures:
        _first, subjects = by_cause.setdefault(cause_key(failure), (failure, set()))
        subjects.add(subject)
    pauses = [
        Pause(failure, cause, len(subjects))
        for cause, (failure, subjects) in by_cause.items()
        if _pauses(failure.reason, len(subjects))
    ]
    return max(pauses, key=lambda pause: (pause.subjects, pause.cause), default=None)


def _pauses(reason: Reason, subjects: int) -> bool:
    if reason.nature == "defect":
        return subjects >= DEFECT_SUBJECTS
    return reason.store_wide and subjects >= reason.pause_after
