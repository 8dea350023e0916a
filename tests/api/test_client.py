import json
import logging
import socket
import traceback

import pytest

from api import operations
from api.auth import StaticToken
from api.client import Client
from api.errors import (
    AuthError,
    MissingError,
    NotSentError,
    RejectedError,
    ShopifyError,
    ThrottledError,
    TransientError,
    UnknownOutcomeError,
    VersionError,
)
from api.throttle import BucketState, MemoryBucket

from .scripted_shop import DELETED, SHOP, ScriptedShop, answer, hang, raw, reset, status

TOKEN = "shpat_0123456789abcdef"
WRITE, READ = "webhooks/delete", "shop/connect"
ID = {"id": "gid://shopify/WebhookSubscription/1"}


def client_of(shop, token=None, **options):
    return Client("demo", token or StaticToken(TOKEN), base_url=shop.url, **options)


def run(*steps, name=WRITE, token=None, **options):
    """(answer or error, the shop) of one operation against these steps."""
    with ScriptedShop(list(steps)) as shop:
        with client_of(shop, token, **options) as client:
            try:
                return client.execute(name, ID if name == WRITE else {}), shop
            except ShopifyError as error:
                return error, shop


# -- applied ------------------------------------------------------------------------


def test_request_names_version_token_and_operation():
    result, shop = run(answer(SHOP), name=READ)

    (request,) = shop.requests
    assert request.path == "/demo/admin/api/2026-10/graphql.json"
    assert request.headers["x-shopify-access-token"] == TOKEN
    assert request.headers["content-type"] == "application/json"
    assert request.json["operationName"] == "ShopConnect"
    assert request.json["variables"] == {}
    assert result.data == SHOP


def test_answer_carries_cost_request_and_version():
    cost = {
        "requestedQueryCost": 10,
        "actualQueryCost": 10,
        "throttleStatus": status(available=1990),
    }

    result, _shop = run(answer(DELETED, cost=cost))

    assert (result.cost.requested, result.cost.actual) == (10, 10)
    assert result.cost.status.available == 1990
    assert (result.request_id, result.api_version) == ("req-1", "2026-10")
    assert result.operation == WRITE
    assert result.warnings == ()


def test_two_operations_share_one_connection_that_closing_ends():
    with ScriptedShop([answer(SHOP), answer(SHOP)]) as shop:
        with client_of(shop) as client:
            client.execute(READ)
            client.execute(READ)

    assert len({request.connection for request in shop.requests}) == 1


# -- not applied --------------------------------------------------------------------


def test_connection_refused_is_not_sent():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/{{shop}}"

        with Client("demo", StaticToken(TOKEN), base_url=url) as client:
            with pytest.raises(NotSentError) as caught:
                client.execute(WRITE, ID)

    assert caught.value.outcome == "not_applied"
    assert caught.value.operation == WRITE


@pytest.mark.parametrize(
    ("code", "kind", "failure"),
    [
        (400, RejectedError, "invalid_request"),
        (402, AuthError, "shop_closed"),
        (403, AuthError, "shop_closed"),
        (404, MissingError, "shop_not_found"),
        (413, RejectedError, "invalid_request"),
        (423, AuthError, "shop_closed"),
        (429, ThrottledError, "throttled"),
        (430, TransientError, "shopify_down"),
    ],
)
def test_status_that_refuses_leaves_nothing_applied(code, kind, failure):
    error, shop = run(answer(code=code, errors="No"))

    assert type(error) is kind
    assert (error.outcome, error.failure) == ("not_applied", failure)
    assert error.request_id == "req-1"
    assert len(shop.requests) == 1


def test_redirect_is_an_error_and_is_not_followed():
    with ScriptedShop([answer(SHOP)]) as elsewhere:
        target = elsewhere.url.replace("{shop}", "other")
        error, _shop = run(raw(b"", code=301, headers={"Location": target}))

    assert (type(error), error.failure) == (MissingError, "shop_moved")
    assert elsewhere.requests == []


def test_throttled_write_tells_the_wait_and_is_not_sent_again():
    cost = {"requestedQueryCost": 10, "throttleStatus": status(available=4, rate=2)}
    refusal = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]

    error, shop = run(answer(errors=refusal, cost=cost))

    assert type(error) is ThrottledError
    assert error.retry_after == 3.0
    assert error.outcome == "not_applied"
    assert len(shop.requests) == 1


def test_429_with_retry_after_waits_at_least_that_long():
    error, _shop = run(answer(code=429, headers={"Retry-After": "7.5"}))

    assert (type(error), error.retry_after) == (ThrottledError, 7.5)


# -- unknown ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        reset,
        answer(code=500, errors="Internal"),
        answer(code=502),
        answer(code=503),
        answer(code=504),
        raw(b"", code=303),
        raw(b'{"data":{"webhookSub', length=400),
        raw(b"<html>Sorry</html>"),
        raw(b""),
        raw(b"[]"),
        raw(b"{}"),
        raw(b'{"data":null}'),
        raw(b'{"data":{"webhookSubscriptionDelete":null}}'),
    ],
    ids=lambda step: getattr(step, "__name__", ""),
)
def test_write_without_readable_verdict_is_unknown_and_sent_once(step):
    error, shop = run(step)

    assert type(error) is UnknownOutcomeError
    assert (error.outcome, error.failure) == ("unknown", "outcome_unknown")
    assert len(shop.requests) == 1


def test_write_that_times_out_is_unknown_and_sent_once():
    with ScriptedShop([hang(lambda: shop)]) as shop:
        with client_of(shop, read_timeout=0.1) as client:
            with pytest.raises(UnknownOutcomeError):
                client.execute(WRITE, ID)

        assert len(shop.requests) == 1


@pytest.mark.parametrize(
    "step",
    [answer(code=503), raw(b"<html>"), raw(b'{"data":{"sho', length=99)],
)
def test_read_without_answer_is_never_unknown(step):
    error, shop = run(step, name=READ)

    assert type(error) is TransientError
    assert error.outcome == "not_applied"
    assert len(shop.requests) == 1


def test_read_is_repeated_once_when_the_connection_breaks():
    result, shop = run(reset, answer(SHOP), name=READ)

    assert result.data == SHOP
    assert len(shop.requests) == 2


def test_read_gives_up_after_the_second_broken_connection():
    error, shop = run(reset, reset, answer(SHOP), name=READ)

    assert (type(error), error.failure) == (TransientError, "network_timeout")
    assert len(shop.requests) == 2


def test_read_that_times_out_is_not_repeated():
    with ScriptedShop([hang(lambda: shop), answer(SHOP)]) as shop:
        with client_of(shop, read_timeout=0.1) as client:
            with pytest.raises(TransientError) as caught:
                client.execute(READ)

        assert len(shop.requests) == 1
    assert caught.value.failure == "network_timeout"


# -- sign-in ------------------------------------------------------------------------


class Renewable:
    """Gives out tok-1, then tok-2 …"""

    def __init__(self):
        self.rejected = []

    def current(self):
        return f"tok-{len(self.rejected) + 1}"

    def renew(self, rejected):
        self.rejected.append(rejected)
        return self.current()


def test_refused_token_is_renewed_once_and_the_write_repeated_once():
    token = Renewable()

    result, shop = run(answer(code=401), answer(DELETED), token=token)

    assert result.data == DELETED
    sent = [request.headers["x-shopify-access-token"] for request in shop.requests]
    assert sent == ["tok-1", "tok-2"]
    assert shop.requests[0].body == shop.requests[1].body
    assert token.rejected == ["tok-1"]


def test_second_refused_token_is_a_sign_in_failure():
    token = Renewable()

    error, shop = run(answer(code=401), answer(code=401), token=token)

    assert (type(error), error.failure) == (AuthError, "sign_in_failed")
    assert error.outcome == "not_applied"
    assert len(shop.requests) == 2


def test_pasted_token_that_is_refused_is_not_tried_again():
    error, shop = run(answer(code=401, errors="Invalid API key"))

    assert (type(error), error.failure) == (AuthError, "sign_in_failed")
    assert len(shop.requests) == 1


@pytest.mark.parametrize("bad", ["shpat_1 2", "shpat_1\nX-Evil: 1", "shpät_1"])
def test_token_unfit_for_a_header_is_named_without_showing_it(bad):
    error, shop = run(answer(SHOP), token=StaticToken(bad))

    assert type(error) is AuthError
    assert bad not in str(error)
    assert shop.requests == []


# -- version ------------------------------------------------------------------------


def test_write_answered_by_another_version_says_so_and_the_next_is_not_sent():
    fallen = answer(DELETED, headers={"X-Shopify-API-Version": "2027-01"})
    with ScriptedShop([fallen, answer(DELETED)]) as shop:
        with client_of(shop) as client:
            first = client.execute(WRITE, ID)
            with pytest.raises(VersionError) as caught:
                client.execute(WRITE, ID)

            assert client.version_seen == "2027-01"
    assert first.version_changed
    assert [notice.code for notice in first.warnings] == ["api_version_changed"]
    assert caught.value.outcome == "not_applied"
    assert len(shop.requests) == 1


def test_reads_go_on_when_another_version_answers():
    fallen = answer(SHOP, headers={"X-Shopify-API-Version": "2027-01"})
    with ScriptedShop([fallen, fallen]) as shop:
        with client_of(shop) as client:
            client.execute(READ)
            again = client.execute(READ)

    assert again.version_changed


def test_answer_without_version_header_proves_no_change():
    silent = answer(SHOP, headers={"X-Shopify-API-Version": None})

    result, _shop = run(silent, name=READ)

    assert (result.api_version, result.version_changed) == (None, False)
    assert result.warnings == ()


# -- points -------------------------------------------------------------------------


class Clock:
    """Time that passes only by waiting."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def bucket_with(available, clock):
    state = BucketState(2000.0, available, 10.0, clock.now)
    return MemoryBucket(state, clock)


def test_short_wait_for_points_is_slept_before_sending():
    clock = Clock()
    bucket = bucket_with(0.0, clock)

    result, shop = run(answer(DELETED), bucket=bucket, clock=clock, sleep=clock.sleep)

    assert result.data == DELETED
    assert clock.slept == [1.0]


def test_long_wait_for_points_is_handed_back_unsent():
    clock = Clock()
    bucket = bucket_with(-15.0, clock)

    error, shop = run(answer(DELETED), bucket=bucket, clock=clock, sleep=clock.sleep)

    assert (type(error), error.retry_after) == (ThrottledError, 2.5)
    assert (clock.slept, shop.requests) == ([], [])
    assert bucket.state.reservations == ()


def test_answer_sets_the_bucket_and_closes_the_reservation():
    clock = Clock()
    bucket = bucket_with(500.0, clock)
    cost = {"requestedQueryCost": 10, "throttleStatus": status(available=77)}

    run(answer(DELETED, cost=cost), bucket=bucket, clock=clock)

    assert (bucket.state.available, bucket.state.reservations) == (77, ())


def test_points_of_a_write_with_unknown_outcome_count_as_spent():
    clock = Clock()
    bucket = bucket_with(500.0, clock)

    run(reset, bucket=bucket, clock=clock)

    assert (bucket.state.available, bucket.state.reservations) == (490.0, ())


def test_points_of_a_refused_sign_in_go_back():
    clock = Clock()
    bucket = bucket_with(500.0, clock)

    run(answer(code=401), bucket=bucket, clock=clock)

    assert (bucket.state.available, bucket.state.reservations) == (500.0, ())


def test_points_reserved_ahead_are_used_once():
    clock = Clock()
    bucket = bucket_with(10.0, clock)
    with ScriptedShop([answer(DELETED)]) as shop:
        with client_of(shop, bucket=bucket, clock=clock) as client:
            grant = client.reserve(WRITE)
            client.execute(WRITE, ID, grant=grant)
            with pytest.raises(ThrottledError):
                client.reserve(WRITE, wait=False)

    assert bucket.state.available == 0.0


def test_released_points_are_free_again():
    clock = Clock()
    bucket = bucket_with(10.0, clock)
    with ScriptedShop([]) as shop:
        with client_of(shop, bucket=bucket, clock=clock) as client:
            client.release(client.reserve(WRITE))

            assert client.reserve(WRITE, wait=False).wait == 0.0


# -- what is sent -------------------------------------------------------------------


def test_variables_in_another_order_are_the_same_bytes():
    operation = operations.load("metafields/set")
    first = {"metafields": [{"key": "id", "value": "1", "ownerId": "gid://x/1"}]}
    second = {"metafields": [{"ownerId": "gid://x/1", "value": "1", "key": "id"}]}

    assert operations.request_body(operation, first) == operations.request_body(
        operation, second
    )


# -- secrets ------------------------------------------------------------------------


def test_no_log_error_or_repr_shows_the_token(caplog):
    caplog.set_level(logging.DEBUG)
    texts = []
    steps = [answer(SHOP), answer(code=403, errors=f"bad {TOKEN}"), reset]
    with ScriptedShop([*steps, raw(TOKEN.encode())]) as shop:
        token = StaticToken(TOKEN)
        with client_of(shop, token) as client:
            client.execute(READ)
            for _step in range(3):
                try:
                    client.execute(WRITE, ID)
                except ShopifyError as error:
                    texts += [repr(error), str(error), traceback.format_exc()]
            texts += [repr(client), repr(token), str(token.__dict__)]

    assert len(texts) == 12
    assert "shop/connect" in caplog.text
    assert TOKEN not in "".join(texts) + caplog.text


def test_log_shows_no_variables(caplog):
    caplog.set_level(logging.DEBUG)

    run(answer(DELETED))

    assert "WebhookSubscription/1" not in caplog.text
    assert json.dumps(ID) not in caplog.text


# -- Shopify's clock ----------------------------------------------------------------


def test_shopifys_clock_is_known_by_its_date_and_never_too_late():
    clock = Clock()
    step = answer(SHOP, headers={"Date": "Tue, 24 Nov 2026 12:00:07 GMT"})
    with ScriptedShop([step]) as shop:
        with client_of(shop, clock=clock) as client:
            client.execute(READ, {})
            answered = client.now()
            clock.now += 30

            assert client.shop_time(answered).isoformat() == "2026-11-24T12:00:07+00:00"
            before = client.shop_time(answered - 2.5)
            assert before.isoformat() == "2026-11-24T12:00:04.500000+00:00"


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_without_a_readable_date_shopifys_clock_is_unknown(date):
    clock = Clock()
    with ScriptedShop([answer(SHOP, headers={"Date": date})]) as shop:
        with client_of(shop, clock=clock) as client:
            assert client.shop_time(clock.now) is None
            client.execute(READ, {})
            assert client.shop_time(clock.now) is None
