"""The book of idempotency keys, and a second request while the first still runs."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from . import idempotency
from .conftest import Asker
from .idempotency import CONCURRENT, DONE, FAILED, KeyBook, KeyRefused
from .test_inventory import SET, codes, items, payload, place, rows

__all__ = ["items", "place"]  # fixtures for this module too
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def begin(book, digest="a", now=NOW, reuse=False, mutation="m"):
    return book.begin(mutation, "key", digest, now, reuse)


def test_running_key_is_refused_as_concurrent():
    book = KeyBook()
    assert begin(book) is None
    with pytest.raises(KeyRefused) as refused:
        begin(book)
    assert refused.value.code == CONCURRENT


def test_done_key_gives_its_record_until_24_hours_have_passed():
    book = KeyBook()
    begin(book)
    book.finish("m", "key", DONE, {"x": 1})
    assert begin(book, now=NOW + timedelta(hours=23, minutes=59))["result"] == {"x": 1}
    assert begin(book, now=NOW + timedelta(hours=24)) is None


def test_failed_key_is_reusable_only_when_told_so():
    book = KeyBook()
    begin(book)
    book.finish("m", "key", FAILED)
    with pytest.raises(KeyRefused):
        begin(book)
    assert begin(book, digest="other", reuse=True) is None


def test_same_key_on_another_mutation_is_another_key():
    book = KeyBook()
    begin(book)
    assert begin(book, mutation="other") is None


def test_all_sixteen_mutations_are_known():
    assert len(idempotency.DEMANDING) == 16


def test_second_request_meets_the_first_one_still_running(
    emulator, shop, ask, items, place
):
    gate = shop.hold("inventorySetQuantities", point="during").number
    variables = {"input": payload(rows(items[:1], place)), "key": "k1"}
    answers = []
    first = threading.Thread(
        target=lambda: answers.append(Asker(emulator, shop)(SET, **variables))
    )
    first.start()
    assert shop.wait_gate(gate)
    second = ask(SET, **variables)["inventorySetQuantities"]
    shop.release_gate(gate)
    first.join(10)
    assert codes(second) == [CONCURRENT]
    assert codes(answers[0]["inventorySetQuantities"]) == []
    assert shop.stock(items[0], place)["on_hand"] == 7
