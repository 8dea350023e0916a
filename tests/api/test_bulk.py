"""Bulk operations against the emulator: starting, finding, reading, and what goes wrong."""

import json
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from api import bulk, operations
from api.auth import StaticToken
from api.client import Client
from api.errors import ShopifyError, TransientError, UnknownOutcomeError
from tests.emulator import Emulator


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def shop(emulator):
    number = len(emulator.shops)
    return emulator.add_shop(f"bulk-{number}", token=f"shpat_{number}")


@pytest.fixture
def client(emulator, shop):
    token = StaticToken(f"shpat_{len(emulator.shops) - 1}")
    with Client(shop.name, token, base_url=emulator.url_template) as opened:
        yield opened


def stock_up(shop, count=3):
    for number in range(count):
        shop.create_product(
            title=f"P{number}", variants=[{"sku": f"S-{number}", "price": "1.00"}]
        )


def run(client, document="bulk/variants"):
    """Start one and see it finished; its state."""
    return bulk.status(client, bulk.start(client, document, bulk.new_key()).gid)


@pytest.mark.parametrize(
    "name", ["bulk/products", "bulk/variants", "bulk/customers", "bulk/orders"]
)
def test_every_bulk_document_runs_and_keeps_the_limits_of_bulk_queries(client, name):
    done = run(client, name)

    assert (done.status, done.objects, done.url) == ("COMPLETED", 0, None)


def test_every_object_is_a_line_with_its_keys_and_marks(client, shop):
    stock_up(shop)

    done = run(client)
    rows = [line.row for line in bulk.lines(done.url)]

    assert done.objects == 3
    assert [row["sku"] for row in rows] == ["S-0", "S-1", "S-2"]
    assert {row["odooId"] for row in rows} == {None}


def test_the_key_is_in_the_name_of_the_query_and_only_a_key_is(client):
    key = bulk.new_key()

    text = bulk.query_text("bulk/orders", key)

    assert text.startswith(f"query BulkOrders_{key} {{")
    with pytest.raises(ValueError):
        bulk.query_text("bulk/orders", "x} mutation {")


def test_start_without_an_answer_is_found_by_its_key(client, shop):
    key = bulk.new_key()
    shop.fault("reset_after", operation="BulkRun")

    with pytest.raises(UnknownOutcomeError):
        bulk.start(client, "bulk/variants", key)

    assert bulk.find(client, key).status in ("CREATED", "COMPLETED")
    assert bulk.find(client, bulk.new_key()) is None


def test_start_that_never_arrived_is_not_found(client, shop):
    key = bulk.new_key()
    shop.fault("reset_before", operation="BulkRun")

    with pytest.raises(UnknownOutcomeError):
        bulk.start(client, "bulk/variants", key)

    assert bulk.find(client, key) is None


def test_sixth_operation_has_to_wait(client, shop):
    shop.set_bulk_time(60)
    for _each in range(5):
        bulk.start(client, "bulk/variants", bulk.new_key())

    with pytest.raises(bulk.BulkBusyError) as caught:
        bulk.start(client, "bulk/variants", bulk.new_key())

    assert isinstance(caught.value, TransientError)
    assert caught.value.outcome == "not_applied"


def test_operation_that_failed_half_way_names_its_partial_file(client, shop):
    stock_up(shop, 4)
    gid = bulk.start(client, "bulk/variants", bulk.new_key()).gid
    shop.fail_bulk(gid)

    with pytest.raises(bulk.BulkFailedError) as caught:
        bulk.status(client, gid).check()

    assert (caught.value.status, caught.value.code) == (
        "FAILED",
        "INTERNAL_SERVER_ERROR",
    )
    assert len(list(bulk.lines(caught.value.partial_url))) == 2


def test_cancelled_operation_is_no_result(client, shop):
    shop.set_bulk_time(60)
    gid = bulk.start(client, "bulk/variants", bulk.new_key()).gid

    assert bulk.cancel(client, gid) is True
    with pytest.raises(bulk.BulkFailedError):
        bulk.status(client, gid).check()
    assert bulk.cancel(client, gid) is False


def test_reading_goes_on_at_any_line(client, shop):
    stock_up(shop, 5)
    url = run(client).url
    whole = list(bulk.lines(url))

    rests = [[e.row["sku"] for e in bulk.lines(url, one.offset)] for one in whole]

    assert rests == [
        [f"S-{number}" for number in range(place, 5)] for place in range(1, 6)
    ]


def test_place_beyond_the_end_is_another_file(client, shop):
    stock_up(shop, 1)
    url = run(client).url
    (only,) = bulk.lines(url)

    with pytest.raises(bulk.BulkExpiredError):
        list(bulk.lines(url, only.offset + 1))


def test_connection_that_breaks_is_a_cut_and_the_rest_is_read_afterwards(client, shop):
    stock_up(shop, 6)
    url = run(client).url
    shop.fault("truncate", operation="bulk_file")
    seen = []

    with pytest.raises(bulk.BulkCutError):
        for line in bulk.lines(url):
            seen.append(line)
    rest = list(bulk.lines(url, seen[-1].offset if seen else 0))

    skus = [line.row["sku"] for line in (*seen, *rest)]
    assert skus == [f"S-{number}" for number in range(6)]


def test_lines_before_a_cut_are_given_first(storage):
    line = json.dumps({"id": "x" * 500}).encode() + b"\n"
    storage.body = line * 1000
    storage.short_by = 200_000
    seen = []

    with pytest.raises(bulk.BulkCutError):
        for each in bulk.lines(storage.url):
            seen.append(each)

    assert len(seen) > 400
    assert seen[-1].offset == len(line) * len(seen)


def test_result_older_than_a_week_is_expired(client, shop, emulator):
    stock_up(shop, 1)
    url = run(client).url
    emulator.advance(8 * 24 * 3600)

    with pytest.raises(bulk.BulkExpiredError):
        list(bulk.lines(url))


def test_operation_that_shopify_forgot_is_expired(client):
    with pytest.raises(bulk.BulkExpiredError):
        bulk.status(client, "gid://shopify/BulkOperation/1")


@pytest.mark.parametrize(
    "url", ["http://storage.googleapis.com/x.jsonl", "ftp://127.0.0.1/x", "/etc/passwd"]
)
def test_address_that_is_not_https_is_never_asked(url):
    with pytest.raises(ShopifyError):
        list(bulk.lines(url))


class _Storage(BaseHTTPRequestHandler):
    """Another storage host: knows no ranges, and notes what it was told."""

    body = b""
    short_by = 0
    seen: list = []

    def do_GET(self):
        self.seen.append(dict(self.headers))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body[: len(self.body) - self.short_by])

    def log_message(self, *_args):
        pass


@pytest.fixture
def storage():
    class Handler(_Storage):
        seen: list = []

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    Handler.url = f"http://127.0.0.1:{server.server_address[1]}/x.jsonl"
    yield Handler
    server.shutdown()
    server.server_close()


def test_storage_without_ranges_is_skipped_through(storage):
    storage.body = b'{"n":1}\n{"n":2}\n{"n":3}\n'

    assert [line.row["n"] for line in bulk.lines(storage.url, 8)] == [2, 3]


def test_storage_gets_no_token_and_no_cookie(storage):
    storage.body = b'{"n":1}\n'

    list(bulk.lines(storage.url))

    (headers,) = storage.seen
    assert {name.lower() for name in headers} <= {
        "host", "user-agent", "accept", "accept-encoding", "connection",
    }  # fmt: skip
    assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("body", [b'{"n":1}\n{"n":', b"[1]\n", b"<html>\n"])
def test_line_that_is_no_object_is_a_cut(storage, body):
    storage.body = body

    with pytest.raises(bulk.BulkCutError):
        list(bulk.lines(storage.url))


def test_file_without_a_last_line_break_loses_nothing(storage):
    storage.body = b'{"n":1}\n{"n":2}'

    assert [line.offset for line in bulk.lines(storage.url)] == [8, 15]


def test_fifty_megabytes_are_read_in_less_than_one(storage):
    line = json.dumps({"id": "x" * 500}).encode() + b"\n"
    storage.body = line * 100_000
    tracemalloc.start()
    before, _peak = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()

    count = sum(1 for _line in bulk.lines(storage.url))

    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 1_000_000


def test_bulk_documents_are_queries_without_variables():
    for name in operations.names():
        if name in ("bulk/products", "bulk/variants", "bulk/customers", "bulk/orders"):
            text = operations.load(name).text
            assert "$" not in text.replace("$app:odoo", "")
