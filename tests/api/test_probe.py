"""The webhook address is tried with a signed delivery."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from api import probe, signature

SECRET = "a secret"


@pytest.fixture
def receiver():
    """(address, list of whether each delivery was signed, function to set the status)"""
    seen, status = [], [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            given = self.headers["X-Shopify-Hmac-Sha256"]
            seen.append(signature.verify(body, given, [SECRET]))
            self.send_response(status[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", seen, status
    server.shutdown()
    server.server_close()


def test_an_answer_with_200_is_timed(receiver):
    url, seen, _status = receiver

    seconds = probe.seconds_to_answer(url, SECRET)

    assert 0 <= seconds < 5
    assert seen == [True]


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_any_other_answer_is_none(receiver, status):
    url, _seen, answers = receiver
    answers[0] = status

    assert probe.seconds_to_answer(url, SECRET) is None


def test_nobody_there_is_none():
    assert probe.seconds_to_answer("http://127.0.0.1:9/hook", SECRET) is None
