import json

from hypothesis import given
from hypothesis import strategies as st

from api.throttle import (
    LAPSE,
    BucketState,
    MemoryBucket,
    ThrottleStatus,
    free,
    reserve,
    retry_after,
    settle,
)


def bucket(available=100.0, rate=10.0, maximum=1000.0, as_of=0.0):
    return BucketState(maximum, available, rate, as_of)


def test_points_there_are_granted_at_once():
    state, grant = reserve(bucket(100), 60, now=0)

    assert (grant.wait, grant.reservation) == (0.0, 1)
    assert free(state, 0) == 40


def test_two_workers_do_not_take_the_same_points():
    state, first = reserve(bucket(100), 60, now=0)
    _state, second = reserve(state, 60, now=0)

    assert first.wait == 0.0
    assert second.wait == 2.0


def test_wait_beyond_patience_holds_nothing():
    state, grant = reserve(bucket(0), 60, now=0, longest_wait=2.0)

    assert (grant.wait, grant.reservation) == (6.0, None)
    assert state.reservations == ()


def test_waiting_restores_points_once():
    state, grant = reserve(bucket(0), 20, now=0)
    assert grant.wait == 2.0

    assert free(state, 2) == 0
    assert free(state, 2) == 0
    state, second = reserve(state, 20, now=2)
    assert second.wait == 2.0


def test_points_never_exceed_the_bucket():
    assert free(bucket(990), now=500) == 1000


def test_answer_replaces_our_guess_but_not_others_reservations():
    state, mine = reserve(bucket(100), 60, now=0)
    state, _other = reserve(state, 30, now=0)

    status = ThrottleStatus(2000, 1500, 100)
    state = settle(state, mine.reservation, status, now=1)

    assert (state.maximum, state.restore_rate) == (2000, 100)
    assert free(state, 1) == 1470


def test_sent_without_answer_counts_as_spent():
    state, grant = reserve(bucket(100), 60, now=0)

    state = settle(state, grant.reservation, None, now=0, spent=True)

    assert free(state, 0) == 40


def test_never_sent_gives_its_points_back():
    state, grant = reserve(bucket(100), 60, now=0)

    state = settle(state, grant.reservation, None, now=0, spent=False)

    assert free(state, 0) == 100


def test_reservation_of_a_dead_worker_lapses():
    state, _grant = reserve(bucket(1000), 600, now=0)

    assert free(state, LAPSE - 1) == 400
    assert free(state, LAPSE) == 1000


def test_settling_twice_changes_nothing_more():
    state, grant = reserve(bucket(100), 60, now=0)
    once = settle(state, grant.reservation, None, now=0)

    assert settle(once, grant.reservation, None, now=0) == once


def test_work_that_can_wait_leaves_a_share_for_the_rest():
    _state, urgent = reserve(bucket(250), 100, now=0)
    _state, patient = reserve(bucket(250), 100, now=0, keep=0.2)

    assert urgent.wait == 0.0
    assert patient.wait == 5.0


def test_cost_above_the_bucket_asks_for_a_full_one():
    _state, grant = reserve(bucket(1000), 5000, now=0)

    assert grant.wait == 0.0


def test_clock_of_another_server_slightly_behind_restores_nothing_twice():
    state, _grant = reserve(bucket(0, as_of=100.0), 10, now=101)
    state, _grant = reserve(state, 1, now=100)

    assert free(state, 101) == bucket(0).available + 10 - 11


def test_clock_set_back_far_starts_anew():
    state, _grant = reserve(bucket(0, as_of=10_000.0), 5, now=10.0)

    assert state.as_of == 10.0
    assert free(state, 11.0) == 5


def test_state_survives_a_row_of_json():
    state, _grant = reserve(bucket(100), 60, now=3)

    stored = json.loads(json.dumps(state.to_dict()))

    assert BucketState.from_dict(stored) == state
    assert BucketState.from_dict(None) == BucketState()


def test_unreadable_status_is_none():
    assert ThrottleStatus.read(None) is None
    assert ThrottleStatus.read({"maximumAvailable": 1}) is None
    zero = {"maximumAvailable": 0, "currentlyAvailable": 0, "restoreRate": 0}
    assert ThrottleStatus.read(zero) is None


def test_refused_request_waits_for_its_missing_points():
    assert retry_after(110, ThrottleStatus(2000, 10, 100)) == 1.0
    assert retry_after(11, ThrottleStatus(2000, 10, 100)) == 0.1
    assert retry_after(5, ThrottleStatus(2000, 10, 100)) == 0.1
    assert retry_after(9999, ThrottleStatus(1000, 0, 100)) == 10.0


def test_memory_bucket_keeps_its_state_between_calls():
    now = [0.0]
    shared = MemoryBucket(bucket(100), clock=lambda: now[0])

    first = shared.reserve(80)
    assert shared.reserve(80, longest_wait=1.0).reservation is None
    shared.settle(first.reservation, None, spent=False)

    assert shared.reserve(80).wait == 0.0


@given(
    st.lists(
        st.tuples(
            st.floats(0, 5),  # seconds later
            st.integers(1, 400),  # cost
            st.booleans(),  # its answer comes before the next wish
        ),
        max_size=30,
    )
)
def test_shopify_never_has_to_refuse_what_we_granted(wishes):
    """Against a real bucket that starts full and is charged when a request arrives."""
    now, real, charged_at = 0.0, 1000.0, 0.0
    state = BucketState(1000.0, 1000.0, 50.0, 0.0)
    open_requests = []
    for later, cost, answered in wishes:
        now += later
        state, grant = reserve(state, cost, now)
        if grant.reservation is None:
            continue
        now += grant.wait
        real = min(1000.0, real + (now - charged_at) * 50.0) - cost
        charged_at = now
        assert real >= -1e-6
        open_requests.append(grant.reservation)
        if answered:
            status = ThrottleStatus(1000.0, real, 50.0)
            state = settle(state, open_requests.pop(0), status, now)


def test_away_tells_the_wait_and_takes_nothing():
    bucket = MemoryBucket(
        BucketState(maximum=1000, available=100, restore_rate=50), clock=lambda: 0.0
    )
    assert (bucket.away(100), bucket.away(150), bucket.away(5000)) == (0.0, 1.0, 18.0)
    assert bucket.reserve(100, longest_wait=0.0).wait == 0.0
    assert bucket.away(100) == 2.0
