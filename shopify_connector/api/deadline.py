"""Until when a request may be sent, by a clock that a stopped process can't stop."""

import time
from collections.abc import Callable, Iterator

# Counts while the process is stopped and, unlike CLOCK_MONOTONIC, while the machine
# sleeps. Shared by all processes of one machine, so a parent may set the deadline.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Seconds since the machine started; only differences mean anything."""
    return time.clock_gettime(_CLOCK)


class TooLate(Exception):
    """Raised inside the HTTP stack; never an OSError, which that stack would retell."""


class TimedBody:
    """A request's body that starts in time or not at all.

    http.client writes the header lines, then calls read(): this is the last statement
    of ours before the body goes to the kernel. The headers alone make Shopify do
    nothing. Between this look at the clock and the kernel taking the bytes lie
    microseconds in which a stop isn't noticed; a verdict "not applied" therefore also
    waits (see core/settle).
    """

    def __init__(
        self,
        content: bytes,
        send_before: float | None = None,
        clock: Callable[[], float] = now,
    ):
        self._content = content
        self._send_before = send_before
        self._clock = clock
        self.started = False

    def check(self) -> None:
        """Raise TooLate once the deadline has passed."""
        if self._send_before is not None and self._clock() >= self._send_before:
            raise TooLate

    def read(self, size: int = -1) -> bytes:
        """The whole body the first time, whatever `size`; then nothing."""
        if self.started:
            return b""
        self.check()
        self.started = True
        return self._content

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[bytes]:
        # requests takes a body for a stream only if it can be iterated.
        yield self.read()
