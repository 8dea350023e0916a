"""Keys, verdicts and rows of the worksheet."""

import pytest

from core import matching
from core.identity import Decision


@pytest.mark.parametrize(
    "key, text, normal",
    [
        ("sku", " AbC-1\u00a0", "abc-1"),
        ("sku", "A B", "a b"),
        ("barcode", " Ab1 ", "Ab1"),
        ("reference", "#1001 ", "#1001"),
        ("email", " Ada+X@Example.com", "ada+x@example.com"),
        ("sku", None, ""),
        ("barcode", " \t", ""),
    ],
)
def test_key_as_it_is_compared(key, text, normal):
    assert matching.normal_key(key, text) == normal


# All that any of these reasons needs.
PARAMS = dict.fromkeys("key value candidates candidate other theirs ours".split(), "x")


def stop(code):
    return Decision("stop", code, params=PARAMS)


@pytest.mark.parametrize(
    "decision, verdict, key",
    [
        (Decision("update", odoo_id=1), "linked", ""),
        (Decision("update_and_mark", odoo_id=1), "linked", ""),
        (Decision("link", odoo_id=1), "proposed", "sku"),
        (Decision("propose", odoo_id=1), "proposed", "sku"),
        (Decision("restore", odoo_id=1), "proposed", "mark"),
        (Decision("create"), "only_shopify", ""),
        (Decision("unmapped"), "only_shopify", ""),
        (stop("ambiguous_match"), "ambiguous", "sku"),
        (stop("match_taken"), "ambiguous", "sku"),
        (stop("identity_copied"), "conflict", ""),
        (stop("link_record_deleted"), "conflict", ""),
    ],
)
def test_verdict_of_each_decision(decision, verdict, key):
    judged = matching.judge(decision, "sku")

    assert (judged.verdict, judged.key) == (verdict, key)
    assert (judged.failure is not None) == (decision.action == "stop")


def test_gone_record_is_no_row():
    with pytest.raises(ValueError):
        matching.judge(Decision("mark_gone"))


def test_record_that_several_rows_claim_is_nobodys():
    claims = {"a": (1, "sku"), "b": (1, "barcode"), "c": (2, "sku")}

    judged = matching.claimed_twice(claims)

    assert {gid: found.verdict for gid, found in judged.items()} == {
        "a": "ambiguous",
        "b": "ambiguous",
    }
    assert judged["a"].failure.params["candidates"] == ["b"]


def test_keys_are_ordered_and_a_name_never_counts():
    rows = [(20, "sku", True), (10, "barcode", True), (5, "name", True)]

    assert matching.ordered_keys("ProductVariant", rows) == ("barcode", "sku")
    assert matching.ordered_keys("ProductVariant", [(1, "sku", False)]) == ()
    assert matching.ordered_keys("Product", rows) == ()
