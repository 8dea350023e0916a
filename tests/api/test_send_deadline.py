"""A write that comes too late isn't sent: shown with a really stopped process."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from api import deadline, operations
from api.auth import StaticToken
from api.client import Client
from api.errors import NotSentError

from .scripted_shop import DELETED, ScriptedShop, answer

WRITE = "webhooks/delete"
ID = {"id": "gid://shopify/WebhookSubscription/1"}
FOLDER = Path(operations.FOLDER).parent

# Stops itself at the place named by its argument, with a deadline 0.2 s ahead.
CHILD = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from api import deadline
from api.client import Client
from api.errors import ShopifyError
from api.throttle import MemoryBucket

def stop():
    os.kill(os.getpid(), signal.SIGSTOP)

class Token:
    def current(self):
        if sys.argv[3] == "before the connection":
            stop()
        return "tok"

def clock():
    # Called by TimedBody.check, called by TimedBody.read: the headers are out.
    if sys._getframe(2).f_code.co_name == "read":
        if sys.argv[3] == "between headers and body":
            stop()
    return deadline.now()

client = Client(
    "demo", Token(), base_url=sys.argv[2], clock=clock, bucket=MemoryBucket()
)
try:
    client.execute(
        "webhooks/delete", {"id": "gid://x/1"}, send_before=deadline.now() + 0.2
    )
    print("applied")
except ShopifyError as error:
    print(type(error).__name__, error.failure, error.outcome)
"""


def run_child(shop, place):
    """Output of the child, stopped at `place` until its deadline has passed."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(FOLDER), shop.url, place],
        stdout=subprocess.PIPE,
        text=True,
    )
    if place != "nowhere":
        _pid, state = os.waitpid(child.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(state)
        threading.Event().wait(0.3)
        os.kill(child.pid, signal.SIGCONT)
    output, _errors = child.communicate(timeout=20)
    return output.strip()


@pytest.mark.parametrize(
    ("place", "connections"),
    [("before the connection", 0), ("between headers and body", 1)],
)
def test_process_stopped_past_the_deadline_sends_no_byte_of_the_body(
    place, connections
):
    with ScriptedShop([answer(DELETED)]) as shop:
        said = run_child(shop, place)
        for _each in range(connections):
            assert shop.arrived.acquire(timeout=10)

    assert said == "NotSentError sent_too_late not_applied"
    assert [request.body for request in shop.requests] == [b""] * connections
    assert len(shop.steps) == 1 - connections


def test_process_that_is_not_stopped_sends():
    with ScriptedShop([answer(DELETED)]) as shop:
        said = run_child(shop, "nowhere")

    assert said == "applied"
    assert shop.requests[0].json["variables"] == {"id": "gid://x/1"}


def test_deadline_counts_from_headers_to_body_on_the_given_clock():
    """The headers leave in time, the body would not: the server never sees it."""
    times = iter([0.0, 0.0, 5.0])
    with ScriptedShop([answer(DELETED)]) as shop:
        with Client(
            "demo",
            StaticToken("tok"),
            base_url=shop.url,
            bucket=Bottomless(),
            clock=lambda: next(times),
        ) as client:
            with pytest.raises(NotSentError) as caught:
                client.execute(WRITE, ID, send_before=5.0)
        assert shop.arrived.acquire(timeout=10)

    assert caught.value.failure == "sent_too_late"
    assert [request.body for request in shop.requests] == [b""]


def test_body_is_read_in_one_piece():
    body = deadline.TimedBody(b"x" * 100_000, send_before=2.0, clock=lambda: 1.0)

    assert len(body.read(8192)) == 100_000
    assert body.read(8192) == b""


class Bottomless:
    """A bucket that always has points and asks no clock."""

    def reserve(self, cost, longest_wait, keep):
        from api.throttle import Grant

        return Grant(0.0, 1, cost)

    def settle(self, reservation, status, *, spent):
        pass
