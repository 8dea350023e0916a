"""What a read is worth that followed its change closely."""

from datetime import UTC, datetime, timedelta

from core.freshness import is_final

CHANGED = "2026-11-24T10:00:00Z"
SECOND = datetime(2026, 11, 24, 10, tzinfo=UTC)


def test_read_within_the_second_of_the_change_is_not_final():
    assert is_final(CHANGED, SECOND + timedelta(milliseconds=999)) is False


def test_read_is_final_from_ten_seconds_on():
    assert is_final(CHANGED, SECOND + timedelta(seconds=9.999)) is False
    assert is_final(CHANGED, SECOND + timedelta(seconds=10)) is True


def test_read_by_a_clock_before_the_change_is_not_final():
    assert is_final(CHANGED, SECOND - timedelta(days=1)) is False


def test_offset_of_the_stamp_counts():
    assert is_final("2026-11-24T12:00:00+02:00", SECOND) is False
    assert is_final("2026-11-24T08:00:00-02:00", SECOND) is False
    assert is_final("2026-11-24T11:00:00+02:00", SECOND) is True


def test_without_a_stamp_or_a_clock_nothing_is_read_again():
    assert is_final(None, SECOND) is True
    assert is_final("", SECOND) is True
    assert is_final(CHANGED, None) is True
