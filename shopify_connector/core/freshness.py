"""Whether what was read is the last that its `updatedAt` can stand for.

Shopify's times are whole seconds: two changes within one bear the same `updatedAt`. So a
read that follows the first of them at once may have missed the second.
"""

from datetime import UTC, datetime, timedelta

# Beyond the second itself: clocks of Shopify's machines that differ, and a change that is
# stamped before it is committed, or that reaches the machine which was read late.
MARGIN = timedelta(seconds=10)


def is_final(updated_at: str | None, at: datetime | None) -> bool:
    """Whether no change later than `at` can still bear this `updatedAt`.

    updated_at: as Shopify writes it, e.g. `2026-11-24T10:00:00Z`. at: an aware time by
    Shopify's clock. Where one of them is missing there is nothing to be told: True.
    """
    if not updated_at or at is None:
        return True
    stamped = datetime.fromisoformat(updated_at)
    if stamped.tzinfo is None:
        stamped = stamped.replace(tzinfo=UTC)
    return at >= stamped + MARGIN
