"""A shop over real HTTP that answers exactly what a test tells it to, in turn."""

import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DELETED = {"webhookSubscriptionDelete": {"deletedWebhookSubscriptionId": "gid://x/1"}}
SHOP = {"shop": {"name": "Demo"}}


class _Server(ThreadingHTTPServer):
    # Closing waits for every connection, so that `requests` is complete afterwards.
    daemon_threads = False


@dataclass
class Request:
    """What arrived; `body` is what was readable before the other side closed."""

    path: str
    headers: dict
    body: bytes
    connection: tuple

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class ScriptedShop:
    """`steps` are used up one a request; each gets the HTTP handler."""

    steps: list
    requests: list = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __enter__(self):
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                step = shop.steps.pop(0)
                if getattr(step, "before_body", False):
                    shop._note(self, b"")
                    step(self)
                    return
                body = self.rfile.read(length)
                shop._note(self, body)
                if len(body) == length:
                    step(self)
                else:
                    self.close_connection = True

            def log_message(self, *_args):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,)).start()
        return self

    def __exit__(self, *_exc):
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def _note(self, handler, body):
        headers = {key.lower(): value for key, value in handler.headers.items()}
        self.requests.append(
            Request(handler.path, headers, body, handler.client_address)
        )
        self.arrived.release()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}/{{shop}}"


def status(available=1990.0, maximum=2000.0, rate=100.0):
    return {
        "maximumAvailable": maximum,
        "currentlyAvailable": available,
        "restoreRate": rate,
    }


def answer(data=None, *, code=200, headers=None, cost=None, **content):
    """A step that answers JSON; `errors=` and so on stand beside `data`."""
    if data is not None:
        content["data"] = data
    if cost:
        content["extensions"] = {"cost": cost}
    return raw(json.dumps(content).encode(), code=code, headers=headers)


def raw(body: bytes, *, code=200, headers=None, length=None):
    """A step that answers these bytes; a larger `length` makes it a truncated body."""

    def step(handler):
        names = {"X-Shopify-API-Version": "2026-10", **(headers or {})}
        # `send_response` adds a Date of its own.
        respond = (
            handler.send_response_only if "Date" in names else handler.send_response
        )
        respond(code)
        handler.send_header("X-Request-Id", "req-1")
        for name, value in names.items():
            if value is not None:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(length or len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        if length:
            handler.close_connection = True

    return step


def reset(handler):
    """A step that tears the connection down instead of answering."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
    handler.close_connection = True


def hang(shop_ready):
    """A step that answers nothing until the shop is closed.

    shop_ready: called late, for the shop is made with its steps.
    """

    def step(handler):
        shop_ready().let_go.wait(20)
        handler.close_connection = True

    return step
