"""The client and the emulator, which shares no code with it, mean the same things."""

from datetime import UTC, datetime

import pytest

from api.auth import RenewingToken, StaticToken, client_credentials
from api.client import Client
from api.errors import (
    AccessDeniedError,
    AuthError,
    ConflictError,
    MissingError,
    ThrottledError,
    UnknownOutcomeError,
)
from tests.emulator import Emulator

MARK = {"namespace": "$app:odoo", "key": "lease", "type": "json", "value": "{}"}


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def shop(emulator):
    number = len(emulator.shops)
    return emulator.add_shop(f"shop-{number}", token=f"shpat_{number}")


@pytest.fixture
def client(emulator, shop):
    token = StaticToken(f"shpat_{len(emulator.shops) - 1}")
    with Client(shop.name, token, base_url=emulator.url_template) as opened:
        yield opened


def write_lease(client, value="{}", digest=None):
    app = client.execute("app/lease_read").data["currentAppInstallation"]["id"]
    entry = {**MARK, "ownerId": app, "value": value, "compareDigest": digest}
    return client.execute("metafields/set", {"metafields": [entry]})


def lease(client):
    return client.execute("app/lease_read").data["currentAppInstallation"]["metafield"]


def test_connection_check_reads_shop_and_scopes(client, shop):
    data = client.execute("shop/connect").data

    assert data["shop"]["myshopifyDomain"] == f"{shop.name}.myshopify.com"
    granted = data["currentAppInstallation"]["accessScopes"]
    assert {"handle": "write_orders"} in granted


def test_sign_in_with_client_credentials(emulator):
    shop = emulator.add_shop("granted", client_id="app", client_secret="hidden")

    def fetch():
        return client_credentials(
            "granted",
            "app",
            "hidden",
            now=datetime.now(UTC),
            base_url=emulator.url_template,
        )

    token = RenewingToken(fetch, lambda: datetime.now(UTC))
    with Client("granted", token, base_url=emulator.url_template) as client:
        first = token.current()
        client.execute("shop/connect")
        emulator.faults.plan(shop, "revoked_token")
        client.execute("shop/connect")

    assert token.current() != first


def test_sign_in_with_a_wrong_secret(emulator):
    emulator.add_shop("locked", client_id="app", client_secret="hidden")

    with pytest.raises(AuthError):
        client_credentials(
            "locked",
            "app",
            "wrong",
            now=datetime.now(UTC),
            base_url=emulator.url_template,
        )


def test_unknown_shop_is_missing(emulator):
    with Client("nobody", StaticToken("x"), base_url=emulator.url_template) as client:
        with pytest.raises(MissingError) as caught:
            client.execute("shop/connect")

    assert caught.value.failure == "shop_not_found"


@pytest.mark.parametrize(
    ("fault", "applied"),
    [
        ("reset_before", False),
        ("reset_after", True),
        ("status_before", False),
        ("status_after", True),
        ("internal_error", False),
        ("internal_error_after", True),
        ("truncate", True),
        ("half_json", True),
        ("garbage", True),
    ],
)
def test_lost_answer_of_a_write_is_unknown_applied_or_not(
    emulator, client, shop, fault, applied
):
    emulator.faults.plan(shop, fault, operation="MetafieldsSet")

    with pytest.raises(UnknownOutcomeError):
        write_lease(client)

    assert (lease(client) is not None) is applied


def test_throttled_write_is_not_applied(emulator, client, shop):
    emulator.faults.plan(shop, "throttle", operation="MetafieldsSet")

    with pytest.raises(ThrottledError) as caught:
        write_lease(client)

    assert 0 < caught.value.retry_after < 60
    assert lease(client) is None


def test_compare_and_set_against_a_stale_digest_is_a_conflict(client):
    write_lease(client, '{"counter": 1}')

    with pytest.raises(ConflictError) as caught:
        write_lease(client, '{"counter": 2}')
    assert caught.value.outcome == "not_applied"

    found = lease(client)
    assert found["value"] == '{"counter": 1}'
    write_lease(client, '{"counter": 3}', digest=found["compareDigest"])
    assert lease(client)["value"] == '{"counter": 3}'


def test_scope_that_is_missing_is_named(emulator, client, shop):
    emulator.faults.plan(shop, "missing_scope", scope="read_locations", times=None)
    emulator.faults.plan(shop, "missing_scope", scope="read_inventory", times=None)

    with pytest.raises(AccessDeniedError) as caught:
        client.execute("locations/list")

    assert caught.value.outcome == "not_applied"
    assert "read_locations" in caught.value.scopes


def test_other_version_in_the_answer_is_seen(emulator, client, shop):
    emulator.faults.plan(shop, "version", operation="ShopConnect")

    answer = client.execute("shop/connect")

    assert answer.version_changed
    assert client.version_seen == "2027-01"


def test_points_of_the_bucket_follow_the_emulator(client):
    answer = client.execute("shop/connect")

    assert answer.cost.requested == 6
    assert client._bucket.state.maximum == answer.cost.status.maximum
    assert client._bucket.state.reservations == ()
