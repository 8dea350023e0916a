"""The webhook address is tried, and what answers must be us."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from api import probe

NONCE = "0123abcd"


@pytest.fixture
def receiver():
    """(address, [status, text or None to echo])"""
    answer = [200, None]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            text = body if answer[1] is None else answer[1]
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/probe", answer
    server.shutdown()
    server.server_close()


def test_our_own_answer_is_timed(receiver):
    url, _answer = receiver

    assert 0 <= probe.seconds_to_answer(url, NONCE, NONCE) < 5


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_any_other_status_is_none(receiver, status):
    url, answer = receiver
    answer[0] = status

    assert probe.seconds_to_answer(url, NONCE, NONCE) is None


def test_somebody_elses_page_is_none(receiver):
    url, answer = receiver
    answer[1] = b"<html>Welcome</html>"

    assert probe.seconds_to_answer(url, NONCE, NONCE) is None


def test_nobody_there_is_none():
    assert probe.seconds_to_answer("http://127.0.0.1:9/probe", NONCE, NONCE) is None
