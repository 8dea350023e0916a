"""How long a flow rests for a reason that passes by itself, and when a person hears."""

from datetime import datetime, timedelta

FIRST_REST = timedelta(minutes=2)
LONGEST_REST = timedelta(minutes=32)
# Stopped again so soon after a rest, nothing was better: the next rest is longer.
CALM = timedelta(minutes=15)
# From this rest on, half an hour has passed, and it may not pass by itself after all.
TELL_AT_REST = 5


def rest(number: int) -> timedelta:
    """How long the number-th rest in a row is; 1 is the first, each twice as long."""
    return min(FIRST_REST * 2 ** min(max(number, 1) - 1, 10), LONGEST_REST)


def which_rest(before: int, resumed_at: datetime | None, now: datetime) -> int:
    """Which rest in a row begins now.

    before: how many there were. resumed_at: when the last of them ended by itself, None
    after a person's resume or when there was none.
    """
    if resumed_at is None or now - resumed_at >= CALM:
        return 1
    return before + 1
