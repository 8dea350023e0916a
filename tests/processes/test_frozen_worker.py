"""A worker that stands still, is given up, and wakes when its work is done by another."""

import time

import pytest

from .crash_cases import FulfillmentCase, MarkCase, StockCase

INTENT_MAX_AGE = 3
SERVER = {"jobs": 6}


@pytest.mark.parametrize("kind", [FulfillmentCase, StockCase, MarkCase])
def test_worker_resumed_after_another_took_over_sends_nothing(world, kind):
    world.set_parameters(intent_max_age=INTENT_MAX_AGE)
    case = kind(world)
    store, document = case.store, case.document
    store.wait_idle()
    sent = case.applied()
    world.ask(store.id, "after_intent", document, "stop")
    case.provoke()
    pid = world.wait_point(store.id, "after_intent", document)
    stopped = time.monotonic()

    assert world.cut_connections(pid) > 0
    case.recover()
    assert case.applied() == sent + 1
    time.sleep(max(0, INTENT_MAX_AGE + 1 - (time.monotonic() - stopped)))
    asked = len(store.shop("request_log", operation=case.operation))
    world.resume(pid)
    world.wait_until(lambda: store.resting(pid), f"worker {pid} has no job", 30)

    assert len(store.shop("request_log", operation=case.operation)) == asked
    case.again()
    assert case.applied() == sent + 1
    assert case.wrong() == []
    assert store.open_writes() == []
    assert store.duplicates() == []
