"""A report for support holds what was said, and nobody's data."""

import json
import traceback

from hypothesis import given
from hypothesis import strategies as st

from api.redact import MASK
from api.support import about, cleaned, params, short, trace, wait_key, words

PLANTED = (
    "Ada",
    "Byron",
    "ada@example.com",
    "+31612345678",
    "1 Main Street",
    "Springfield",
    "62701",
    "119.00",
    "shpat_0123456789abcdef",
    "s3cret-of-the-app",
)


def leaks(shown):
    text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
    return [value for value in PLANTED if value in text]


def test_ids_times_codes_and_counts_stay():
    node = {
        "__typename": "Order",
        "id": "gid://shopify/Order/4711",
        "updatedAt": "2026-11-24T09:12:00Z",
        "displayFinancialStatus": "PAID",
        "currencyCode": "EUR",
        "lineItems": {"nodes": [{"quantity": 2, "title": "Ada's shirt"}]},
        "test": False,
        "note": None,
    }
    assert cleaned(node) == node | {
        "lineItems": {"nodes": [{"quantity": 2, "title": MASK}]}
    }


def test_refusal_of_shopify_keeps_its_code_and_field_but_not_its_words():
    error = {
        "field": ["input", "0", "email"],
        "code": "TAKEN",
        "message": "ada@example.com has already been taken",
    }
    assert cleaned({"userErrors": [error]}) == {
        "userErrors": [
            {"field": ["input", "0", "email"], "code": "TAKEN", "message": MASK}
        ]
    }


def test_code_of_a_discount_is_no_code_of_ours():
    assert cleaned({"code": "ADA"}) == {"code": MASK}


def test_amounts_are_masked_as_text_and_as_numbers():
    assert cleaned({"amount": "119.00", "price": 119.0, "total": 119}) == {
        "amount": MASK,
        "price": MASK,
        "total": MASK,
    }


def test_key_that_is_a_value_is_masked_too():
    assert cleaned({"ada@example.com": True}) == {f"{MASK}1": True}


JSON_KEYS = st.sampled_from(
    "id name code status kind field message note title email key state count quantity"
    " createdAt __typename value namespace first input userErrors".split()
)


def nests(values):
    return st.recursive(
        values,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(JSON_KEYS | values.filter(bool), inner, max_size=4)
        ),
        max_leaves=12,
    )


# A planted value alone, within a text, or as a key, anywhere in an answer. Of a code's
# keys only what looks like no code can be told to be none, so no bare word stands there.
FOUND_ANYWHERE = st.sampled_from([v for v in PLANTED if not v.isalpha()])
WITHIN = st.builds("{} {}".format, st.sampled_from(PLANTED), st.sampled_from(PLANTED))


@given(nests(FOUND_ANYWHERE | WITHIN))
def test_no_planted_value_gets_through_wherever_it_stands(answer):
    assert not leaks(cleaned(answer))
    assert not leaks(params({"problem": str(answer), "status": "x", "other": answer}))


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.sampled_from(PLANTED))
def test_no_planted_value_gets_through_within_an_errors_words(noise, value):
    assert not leaks(words(f"{noise} {value} {noise}"))


def test_error_keeps_its_ordinary_words():
    text = "invalid literal for int() with base 10: 'Ada'"
    assert words(text) == f"invalid literal for int() with {MASK}'"
    assert words("unsupported operand type: 'NoneType' and 'str'") == (
        "unsupported operand type: 'NoneType' and 'str'"
    )


def raised(error):
    try:
        raise error
    except Exception as caught:
        return "".join(traceback.format_exception(caught))


def test_traceback_keeps_places_and_types():
    lines = trace(raised(ValueError("no e-mail ada@example.com for Ada Byron")))
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].startswith('  File "') and lines[1].endswith("in raised")
    assert lines[2].strip() == "raise error"
    assert lines[-1].startswith("ValueError: no ")
    assert not leaks(lines)


def test_message_of_many_lines_is_masked_whole():
    error = ValueError("DETAIL:  Key\n    (email)=(ada@example.com)\n  Ada exists")
    lines = trace(raised(error))
    assert not leaks(lines)
    assert "exists" in lines[-1]


def test_folders_of_the_machine_are_left_out():
    [line] = trace('  File "/home/ada/odoo/addons/sale/models/x.py", line 7, in f')
    assert line == '  File "addons/sale/models/x.py", line 7, in f'


def test_parameters_of_our_own_making_stay():
    given_params = {
        "scope": "read_orders, write_orders",
        "fingerprint": "KeyError@sale_order.py:_plan",
        "operation": "orders/import",
        "variant": "gid://shopify/ProductVariant/7",
        "candidate": "product.product 42",
        "shopify_total": "119.00 EUR",
        "customer": "Ada",
        "fields": ["Ada"],
        "times": 3,
    }
    assert params(given_params) == given_params | {
        "shopify_total": MASK,
        "customer": MASK,
        "fields": [MASK],
    }


def test_what_is_waited_for_keeps_its_kind():
    assert wait_key("variant:gid://shopify/ProductVariant/7") == (
        "variant:gid://shopify/ProductVariant/7"
    )
    assert wait_key("scope:read_orders") == "scope:read_orders"
    assert wait_key("tax:Ada's tax|0.21") == f"tax:{MASK}"


def test_answer_about_many_is_cut_to_the_one():
    nodes = [{"id": f"gid://shopify/Order/{n}", "note": "x"} for n in (1, 2)]
    assert about({"nodes": nodes}, "gid://shopify/Order/2") == [nodes[1]]
    assert about({"shop": None}, "gid://shopify/Order/2") == {"shop": None}


def test_very_long_answer_is_left_out():
    assert short(["x" * 30_000]) == "left out: too long"
    assert short(["x"]) == ["x"]
