"""HTTP on the loopback interface: GraphQL, tokens, bulk files, control calls."""

import json
import re
import socket
import struct
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from . import control
from .graphql_http import MAX_BODY, Answer, Endpoint, _json
from .tokens import grant

GRAPHQL = re.compile(r"^/(?P<shop>[^/]+)/admin/api/(?P<version>[^/]+)/graphql\.json$")
TOKEN = re.compile(r"^/(?P<shop>[^/]+)/admin/oauth/access_token$")
STAGED = re.compile(r"^/(?P<shop>[^/]+)/staged$")
BULK = re.compile(r"^/(?P<shop>[^/]+)/bulk/(?P<file>[^/]+)$")


RANGE = re.compile(r"bytes=(\d+)-\Z")
JSONL = {"Content-Type": "application/jsonl"}


def _part(body: bytes, asked: str | None) -> Answer:
    """A file from the byte that was asked for on, as storage hosts answer."""
    found = RANGE.match(asked or "")
    if not found:
        return Answer(200, body, JSONL)
    first, size = int(found[1]), len(body)
    if first >= size:
        return Answer(416, b"", JSONL | {"Content-Range": f"bytes */{size}"})
    span = f"bytes {first}-{size - 1}/{size}"
    return Answer(206, body[first:], JSONL | {"Content-Range": span})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, emulator, port: int = 0):
        self.emulator = emulator
        self.endpoint = Endpoint(emulator)
        super().__init__(("127.0.0.1", port), Handler)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that goes away is normal here; everything else is printed."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self):
        super().handle_one_request()
        if self.server.emulator.stopped:  # a kept connection must not outlive us
            self.close_connection = True

    def do_POST(self):
        if self.server.emulator.stopped:
            self._reset()
            return
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self._send(_json(413, {"errors": "Payload too large"}))
            return
        body = self.rfile.read(length)
        path = urlsplit(self.path).path
        if path == "/_control":
            self._send(control.handle(self.server.emulator, body))
        elif found := GRAPHQL.match(path):
            self._send(self._graphql(found, body))
        elif found := TOKEN.match(path):
            self._send(self._token(found, body))
        elif found := STAGED.match(path):
            self._send(self._upload(found, body))
        else:
            self._send(_json(404, {"errors": "Not Found"}))

    def do_GET(self):
        if found := BULK.match(urlsplit(self.path).path):
            self._send(self._bulk(found))
        elif self.path == "/_control":
            self._send(_json(200, {"shops": sorted(self.server.emulator.shops)}))
        else:
            self._send(_json(404, {"errors": "Not Found"}))

    def _graphql(self, found, body) -> Answer:
        emulator = self.server.emulator
        shop = emulator.find_shop(found["shop"])
        if shop is None:
            return _json(404, {"errors": "Not Found"})
        if not self.headers.get("Content-Type", "").startswith("application/json"):
            return _json(415, {"errors": "Content-Type must be application/json"})
        return self.server.endpoint.handle(
            shop,
            found["version"],
            self.headers.get("X-Shopify-Access-Token"),
            body,
            f"http://{self.headers.get('Host')}/{found['shop']}",
        )

    def _token(self, found, body) -> Answer:
        emulator = self.server.emulator
        shop = emulator.find_shop(found["shop"])
        if shop is None:
            return _json(404, {"errors": "Not Found"})
        if self.headers.get("Content-Type", "").startswith("application/json"):
            asked = json.loads(body)
        else:
            asked = {k: v[0] for k, v in parse_qs(body.decode()).items()}
        faults = emulator.faults.strike(shop, {"access_token"}, "before")
        if any(fault.kind == "reset_before" for fault in faults):
            return Answer(cut=True)
        for fault in faults:
            if fault.kind == "status_before":
                return _json(fault.status, {"errors": "fault"})
        return _json(*grant(emulator, shop, asked))

    def _upload(self, found, body) -> Answer:
        from .bulk_mutations import take_upload

        shop = self.server.emulator.find_shop(found["shop"])
        kind = self.headers.get("Content-Type", "")
        taken = shop is not None and take_upload(shop, kind, body)
        return Answer(201 if taken else 403)

    def _bulk(self, found) -> Answer:
        from .bulk import result_file

        shop = self.server.emulator.find_shop(found["shop"])
        text = result_file(shop, found["file"]) if shop else None
        if text is None:
            return _json(404, {"errors": "Not Found"})
        faults = self.server.emulator.faults.strike(shop, {"bulk_file"}, "after")
        cut = any(fault.kind == "truncate" for fault in faults)
        answer = _part(text.encode(), self.headers.get("Range"))
        return replace(answer, truncate=True) if cut else answer

    def _send(self, answer: Answer) -> None:
        if answer.cut:
            self._reset()
            return
        body = answer.body
        if answer.truncate:
            body = body[: len(body) // 2]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(body)
        if answer.truncate:
            self._reset()

    def _reset(self) -> None:
        """Close with a TCP reset, as a broken connection looks to the client."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.connection.close()

    def date_time_string(self, timestamp=None):
        """The header `Date`: Shopify's clock, so the emulator's."""
        if timestamp is None:
            timestamp = self.server.emulator.clock.now().timestamp()
        return super().date_time_string(timestamp)

    def log_message(self, *_args):
        """Quiet: the shop's request log is the log."""
