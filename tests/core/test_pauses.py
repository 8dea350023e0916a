"""How long a flow rests, and that it rests longer each time it stops again."""

from datetime import datetime, timedelta

from core.pauses import rest, which_rest

NOW = datetime(2026, 11, 24, 12, 0)


def test_each_rest_in_a_row_is_twice_as_long_up_to_half_an_hour():
    minutes = [rest(number) / timedelta(minutes=1) for number in range(1, 8)]
    assert minutes == [2, 4, 8, 16, 32, 32, 32]


def test_rest_that_was_never_counted_is_the_first():
    assert rest(0) == timedelta(minutes=2)


def test_hundredth_rest_is_no_longer_than_the_longest():
    assert rest(100) == timedelta(minutes=32)


def test_flow_that_stops_again_soon_goes_on_counting():
    assert which_rest(2, NOW - timedelta(minutes=14, seconds=59), NOW) == 3


def test_flow_that_worked_for_a_quarter_of_an_hour_begins_anew():
    assert which_rest(4, NOW - timedelta(minutes=15), NOW) == 1


def test_flow_that_a_person_resumed_begins_anew():
    assert which_rest(4, None, NOW) == 1
