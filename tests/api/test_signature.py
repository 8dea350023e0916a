import pytest

from api.signature import sign, verify

BODY = b'{"id": 1, "note": "caf\xc3\xa9"}'
# openssl dgst -sha256 -hmac secret-1 -binary | base64
SIGNED = "JwLig6OOfeaqbhzDyZFXCfkS+ihpi6MWCovKEwUd/m4="


def test_signature_equals_what_openssl_computes():
    assert sign(BODY, "secret-1") == SIGNED
    assert verify(BODY, SIGNED, ["secret-1"])


def test_changed_body_is_refused():
    assert not verify(BODY + b" ", SIGNED, ["secret-1"])


def test_another_stores_secret_is_refused():
    assert not verify(BODY, SIGNED, ["secret-2"])


def test_former_secret_is_accepted_during_its_rotation():
    assert verify(BODY, SIGNED, ["secret-new", "secret-1"])


@pytest.mark.parametrize("header", [None, "", "x", "é", SIGNED[:-1], SIGNED.lower()])
def test_missing_or_malformed_header_is_refused(header):
    assert not verify(BODY, header, ["secret-1"])


@pytest.mark.parametrize("secrets", [[], [""], [None]])
def test_store_without_secret_accepts_nothing(secrets):
    assert not verify(BODY, sign(BODY, ""), secrets)


def test_bytes_that_are_no_text_can_be_signed():
    assert verify(b"\xff\xfe", sign(b"\xff\xfe", "secret-1"), ["secret-1"])
