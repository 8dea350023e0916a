import pytest

from api.redact import MASK, SENSITIVE_KEYS, Secret, mask, secrets_in


@pytest.mark.parametrize("key", sorted(SENSITIVE_KEYS))
def test_secret_keys_are_masked_however_spelled(key):
    for spelled in (key, key.upper(), key.replace("_", "-")):
        assert mask({spelled: "s3cret"}) == {spelled: MASK}


def test_token_inside_a_text_is_masked():
    assert secrets_in("got shpat_abc123 here") == f"got {MASK} here"
    assert mask(["shpss_abc"]) == [MASK]


def test_given_secret_inside_a_text_is_masked():
    assert secrets_in("key=hunter2&x=1", ["hunter2", ""]) == f"key={MASK}&x=1"


def test_personal_data_is_masked_and_ids_codes_and_amounts_stay():
    order = {
        "id": "gid://shopify/Order/1",
        "name": "#1001",
        "email": "ann@example.com",
        "total": "12.50",
        "customer": {
            "id": "gid://shopify/Customer/2",
            "displayName": "Ann Onym",
            "defaultEmailAddress": {"emailAddress": "ann@example.com"},
        },
        "shippingAddress": {
            "name": "Ann Onym",
            "city": "Ulm",
            "countryCode": "DE",
            "lines": ["Ann", "Ring 1"],
        },
    }

    assert mask(order) == {
        "id": "gid://shopify/Order/1",
        "name": "#1001",
        "email": MASK,
        "total": "12.50",
        "customer": {
            "id": "gid://shopify/Customer/2",
            "displayName": MASK,
            "defaultEmailAddress": {"emailAddress": MASK},
        },
        "shippingAddress": {
            "name": MASK,
            "city": MASK,
            "countryCode": "DE",
            "lines": [MASK, MASK],
        },
    }


def test_personal_data_may_be_kept_but_never_secrets():
    content = {"email": "ann@example.com", "token": "t"}

    assert mask(content, personal=False) == {"email": "ann@example.com", "token": MASK}


def test_masking_leaves_the_original_alone():
    content = {"token": "t", "rows": [{"email": "a@b.c"}]}

    mask(content)

    assert content == {"token": "t", "rows": [{"email": "a@b.c"}]}


def test_empty_and_absent_values_stay_visible_as_such():
    assert mask({"token": "", "email": None, "phone": ""}) == {
        "token": "",
        "email": None,
        "phone": "",
    }


def test_secret_shows_only_on_demand():
    secret = Secret(" hunter2 ")

    assert secret.reveal() == "hunter2"
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret == Secret("hunter2")
    assert not Secret(None)
