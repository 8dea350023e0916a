from datetime import UTC, datetime, timedelta

import pytest

from api.auth import RenewingToken, StaticToken, Token, client_credentials
from api.errors import (
    AuthError,
    MissingError,
    ShopifyError,
    ThrottledError,
    TransientError,
)

from .scripted_shop import ScriptedShop, answer, raw, reset

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = 86_399
GRANT = {"access_token": "shpat_new", "scope": "read_orders,write_orders"}
SECRET = "shpss_very-secret"


def sign_in(step):
    with ScriptedShop([step]) as shop:
        token = client_credentials(
            "demo", "client-1", SECRET, now=NOW, base_url=shop.url
        )
    return token, shop


def failure_of(step):
    with pytest.raises(ShopifyError) as caught:
        sign_in(step)
    return caught.value


def test_grant_is_asked_as_a_form_and_counted_from_before_the_request():
    token, shop = sign_in(answer(**GRANT, expires_in=DAY))

    (request,) = shop.requests
    assert request.path == "/demo/admin/oauth/access_token"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == (
        b"grant_type=client_credentials&client_id=client-1"
        b"&client_secret=shpss_very-secret"
    )
    assert token == Token(
        "shpat_new",
        ("read_orders", "write_orders"),
        NOW,
        NOW + timedelta(seconds=DAY),
    )


@pytest.mark.parametrize(
    ("step", "kind", "failure"),
    [
        (answer(code=400, error="invalid_client"), AuthError, "sign_in_failed"),
        (answer(code=401), AuthError, "sign_in_failed"),
        (answer(code=403), AuthError, "sign_in_failed"),
        (answer(code=404), MissingError, "shop_not_found"),
        (answer(code=423), AuthError, "shop_closed"),
        (answer(code=429), ThrottledError, "throttled"),
        (raw(b"", code=302, headers={"Location": "/"}), MissingError, "shop_moved"),
        (answer(code=503), TransientError, "shopify_down"),
        (reset, TransientError, "network_timeout"),
        (raw(b"<html>"), TransientError, "shopify_down"),
        (answer(access_token="", expires_in=DAY), TransientError, "shopify_down"),
        (answer(**GRANT), TransientError, "shopify_down"),
        (answer(**GRANT, expires_in=0), TransientError, "shopify_down"),
    ],
)
def test_refused_sign_in_says_why(step, kind, failure):
    error = failure_of(step)

    assert (type(error), error.failure) == (kind, failure)
    assert error.outcome == "not_applied"


def test_wrong_secret_is_named_in_shopifys_word_and_not_shown():
    error = failure_of(answer(code=400, error="invalid_client"))

    assert "invalid_client" in str(error)
    assert SECRET not in str(error) + repr(error)


def test_token_is_not_in_its_repr():
    token, _shop = sign_in(answer(**GRANT, expires_in=DAY))

    assert "shpat_new" not in repr(token) + str(token)


def token_at(name, seconds=100):
    return Token(name, (), NOW, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(("age", "due"), [(0, False), (79, False), (80, True)])
def test_token_is_due_at_four_fifths_of_its_life(age, due):
    assert token_at("a").needs_renewal(NOW + timedelta(seconds=age)) is due


class Issuer:
    def __init__(self):
        self.now, self.issued = NOW, 0

    def fetch(self):
        self.issued += 1
        return Token(
            f"tok-{self.issued}", (), self.now, self.now + timedelta(seconds=100)
        )


def test_token_is_kept_until_due_and_then_replaced_ahead_of_time():
    issuer = Issuer()
    provider = RenewingToken(issuer.fetch, lambda: issuer.now)

    assert [provider.current(), provider.current()] == ["tok-1", "tok-1"]
    issuer.now += timedelta(seconds=80)

    assert provider.current() == "tok-2"


def test_refused_token_that_somebody_renewed_already_is_not_renewed_again():
    issuer = Issuer()
    provider = RenewingToken(issuer.fetch, lambda: issuer.now)
    first = provider.current()

    assert provider.renew(first) == "tok-2"
    assert provider.renew(first) == "tok-2"
    assert issuer.issued == 2


def test_pasted_token_is_trimmed():
    assert StaticToken(" shpat_1\n").current() == "shpat_1"


@pytest.mark.parametrize("nothing", ["", "  ", None])
def test_no_pasted_token_is_a_sign_in_failure(nothing):
    with pytest.raises(AuthError):
        StaticToken(nothing).current()
