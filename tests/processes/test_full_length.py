"""Once with the time-outs that ship: what the other tests shorten."""

import time

import pytest

from .crash_cases import FulfillmentCase

pytestmark = pytest.mark.long
FULL = {"connect_timeout": 5, "read_timeout": 60, "verdict_wait": 60}


def test_write_of_unknown_outcome_is_made_again_only_when_it_can_no_longer_arrive(
    world,
):
    case = FulfillmentCase(world)
    store = case.store
    store.wait_idle()
    world.set_parameters(**FULL)
    sent = case.applied()
    world.ask(store.id, "after_intent", case.document, "kill")
    case.provoke()
    started = time.monotonic()
    world.kill(world.wait_point(store.id, "after_intent", case.document))

    store.wait_idle(300)

    assert time.monotonic() - started >= 120
    assert case.applied() == sent + 1
    assert case.wrong() == []
    assert store.open_writes() == []
