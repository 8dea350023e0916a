"""The emulator's time: real by default, moved forward by tests."""

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """Aware UTC time that can be frozen and advanced."""

    def __init__(self, start: datetime | str | None = None, frozen: bool = False):
        if isinstance(start, str):
            start = parse(start)
        self._frozen_at = (start or datetime.now(UTC)) if frozen else None
        self._offset = timedelta()
        if start is not None and not frozen:
            self._offset = start - datetime.now(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return (self._frozen_at or datetime.now(UTC)) + self._offset

    def advance(self, seconds: float) -> datetime:
        with self._lock:
            self._offset += timedelta(seconds=seconds)
        return self.now()


def text(moment: datetime) -> str:
    """Shopify's DateTime: UTC, whole seconds (`2026-11-24T10:00:00Z`)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(value: str) -> datetime:
    """ISO date or time (with offset, Z or none = UTC) to an aware datetime."""
    moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
