import string
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from core.failures import (
    CATALOGUE,
    FLOW_WEIGHTS,
    Failure,
    NeedsReview,
    RetryAt,
    Review,
    breaker,
    cause_key,
    decide,
    impact,
    render,
    render_headline,
    render_retry,
)

NOW = datetime(2026, 11, 3, 9, 0)
NATURES = {"temporary", "configuration", "permission", "data", "conflict", "defect"}
ROLES = {"user", "operator", "manager", "finance", "warehouse", "developer"}
REASONS = pytest.mark.parametrize("reason", CATALOGUE.values(), ids=lambda r: r.code)


def failure(code, **params):
    """A failure of this reason; what its texts name gets its own name as value."""
    named = {name: name.upper() for name in CATALOGUE[code].params}
    return Failure(code, {**named, **params})


def unmapped(variant):
    return Failure("variant_unmapped", {"variant": variant}, (f"variant:{variant}",))


# --- The catalogue -----------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    """
    variant_unmapped product_unmapped customer_unmapped company_access_missing
    location_unknown throttled tax_unmapped pricelist_missing currency_inactive
    delivery_product_missing tip_product_missing gift_card_product_missing
    custom_line_product_missing setting_missing total_differs tax_differs
    identity_conflict identity_copied identity_original_gone identity_claimed_twice
    identity_foreign_database identity_foreign_company identity_record_gone
    identity_birth_differs link_record_deleted link_record_archived
    shopify_record_gone ambiguous_match scope_missing order_too_old
    protected_data_withheld changed_in_shopify unexplained_stock_drop unit_differs
    shopify_down network_timeout outcome_unknown outcome_needs_person sign_in_failed
    api_version_changed store_on_hold app_uninstalled webhook_malformed
    country_unknown order_without_customer order_currency_differs
    fulfillment_order_held fulfillment_order_closed fulfillment_mismatch
    fulfillment_not_found stock_item_rejected stock_changed_meanwhile
    stock_not_tracked mark_refused mark_overwritten to_accept defect database_busy
    location_pooled tax_counted_twice rule_incomplete odoo_refused duplicate_record
    line_product_deleted refund_line_missing company_unlinked tracking_missing
    image_refused schedule_stopped backlog_high link_taken
    """.split(),
)
def test_the_case_has_its_own_reason(code):
    assert CATALOGUE[code].code == code


@REASONS
def test_a_reason_answers_the_four_questions(reason):
    shown = failure(reason.code)

    assert render(shown, "Order #1042").strip()
    assert render_headline(shown).strip()
    assert render_retry(shown).endswith(".")
    assert reason.nature in NATURES
    assert reason.owner_role in ROLES
    assert 0 <= reason.weight <= 100


@REASONS
def test_a_reason_speaks_plainly(reason):
    text = render(failure(reason.code))

    assert reason.code not in text
    assert text[0] in string.ascii_uppercase
    assert "%(" not in text and "None" not in text
    for bad in ("Error:", "failed", "invalid", "userError", "THROTTLED"):
        assert bad not in reason.message


@REASONS
def test_what_does_not_pass_by_itself_names_a_fix(reason):
    if reason.nature != "temporary" and reason.code != "host_blocked":
        assert reason.fix != "none"
    assert bool(reason.fix_label) == (reason.fix != "none")


@REASONS
def test_an_unsafe_retry_says_under_which_condition(reason):
    first_word = reason.retry_text.split()[0].strip(":,.")

    assert first_word in (("Safe",) if reason.retry_safe else ("Not", "Only"))


def test_a_message_names_record_and_missing_thing():
    assert render(unmapped("SHIRT-M"), "Order #1042") == (
        "Order #1042 stopped because the variant SHIRT-M is not linked to an Odoo "
        "product. Nothing was written."
    )
    assert render_headline(unmapped("SHIRT-M")) == (
        "Variant SHIRT-M is not linked to an Odoo product"
    )


def test_several_things_read_as_a_list():
    changed = Failure("changed_in_shopify", {"fields": ["shipping address", "note"]})

    assert "by itself: shipping address, note." in render(changed)


def test_text_from_outside_is_never_taken_for_a_template():
    text = render(unmapped("50%(record)s %s"), "#1")

    assert "the variant 50%(record)s %s is not" in text


# --- Raising -----------------------------------------------------------------------


def test_a_reason_that_is_not_in_the_catalogue_is_refused():
    with pytest.raises(ValueError, match="no such reason: 'oops'"):
        NeedsReview("oops")


def test_a_message_without_its_facts_is_refused():
    with pytest.raises(ValueError, match="tax_differs needs odoo_tax, shopify_tax"):
        NeedsReview("tax_differs", difference="0.01")


def test_the_raised_reason_is_the_stored_one():
    with pytest.raises(NeedsReview) as caught:
        raise NeedsReview(
            "tax_unmapped", tax="VAT 21%", line="gid://1", waits_on=["tax:VAT|0.21"]
        )

    stored = caught.value.failure
    assert stored == Failure(
        "tax_unmapped", {"tax": "VAT 21%", "line": "gid://1"}, ("tax:VAT|0.21",)
    )
    assert NeedsReview.of(stored).failure == stored


def test_parameters_become_plain_json_values():
    params = {"variant": Decimal("0.10"), "seen": NOW, "ids": {3, 1}, "extra": None}

    assert Failure("variant_unmapped", params).params == {
        "variant": "0.10",
        "seen": "2026-11-03 09:00:00",
        "ids": [1, 3],
        "extra": None,
    }


# --- Retry or review ---------------------------------------------------------------


@REASONS
def test_only_what_passes_by_itself_is_tried_again(reason):
    decision = decide(failure(reason.code, retry_after=None), attempts=1, now=NOW)

    assert isinstance(decision, RetryAt) == (reason.nature == "temporary")


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [(1, 1), (2, 2), (3, 5), (4, 15), (5, 30), (6, 60), (7, 60), (47, 60)],
)
def test_each_retry_waits_longer_than_the_one_before(attempts, minutes):
    decision = decide(failure("shopify_down"), attempts, NOW)

    assert decision == RetryAt(NOW + timedelta(minutes=minutes))


def test_after_the_last_automatic_try_a_person_is_asked():
    last = CATALOGUE["shopify_down"].max_attempts

    assert decide(failure("shopify_down"), last, NOW) == Review()
    assert decide(failure("shopify_down"), last - 1, NOW) != Review()


def test_a_throttled_request_waits_exactly_as_long_as_shopify_needs():
    decision = decide(Failure("throttled", {"retry_after": 7.5}), 3, NOW)

    assert decision == RetryAt(NOW + timedelta(seconds=7.5))


@pytest.mark.parametrize("retry_after", [0, -3, 0.2])
def test_a_throttled_request_never_comes_back_at_once(retry_after):
    decision = decide(Failure("throttled", {"retry_after": retry_after}), 1, NOW)

    assert decision == RetryAt(NOW + timedelta(seconds=1))


def test_jitter_lengthens_a_delay_by_a_fifth_at_most():
    decision = decide(failure("database_busy"), 3, NOW, jitter=1.0)

    assert decision == RetryAt(NOW + timedelta(minutes=6))


# --- Grouping, weight, breaker -----------------------------------------------------


def test_stops_with_one_missing_thing_share_a_cause():
    one = Failure("variant_unmapped", {"variant": "M"}, ("variant:gid://1",))
    two = Failure("variant_unmapped", {"variant": "Medium"}, ("variant:gid://1",))
    third = Failure("variant_unmapped", {"variant": "M"}, ("variant:gid://2",))

    assert cause_key(one) == cause_key(two) == "variant_unmapped|variant:gid://1"
    assert cause_key(third) != cause_key(one)


def test_without_a_waits_on_key_the_named_thing_is_the_cause():
    refused = failure("odoo_access_missing", user="Bot", operation="create", model="x")

    assert cause_key(refused) == "odoo_access_missing|Bot|create|x"
    assert cause_key(failure("total_differs")) == "total_differs"


def test_a_refund_stop_is_listed_above_an_image():
    image = impact(failure("image_refused"), "products")

    for code in ("variant_unmapped", "total_differs", "shopify_refused"):
        assert impact(failure(code), "refunds") > impact(failure(code), "stock")
        assert impact(failure(code), "orders") > impact(failure(code), "stock")
        assert impact(failure(code), "stock") > image
    assert FLOW_WEIGHTS["stock"] > FLOW_WEIGHTS["products"]


def test_a_refused_sign_in_pauses_the_flow_at_once():
    pause = breaker([("order:1", failure("sign_in_failed"))])

    assert (pause.failure.code, pause.subjects) == ("sign_in_failed", 1)


def test_one_missing_mapping_never_pauses_a_flow():
    many = [(f"order:{n}", unmapped("gid://1")) for n in range(500)]

    assert breaker(many) is None


@pytest.mark.parametrize(("subjects", "pauses"), [(4, False), (5, True)])
def test_one_defect_on_five_subjects_pauses_the_flow(subjects, pauses):
    defect = failure("defect", error="KeyError: 'x'", fingerprint="abc")

    pause = breaker([(f"order:{n}", defect) for n in range(subjects)])

    assert (pause is not None) == pauses


def test_different_defects_do_not_add_up():
    failures = [(f"o:{n}", failure("defect", fingerprint=f"f{n}")) for n in range(9)]

    assert breaker(failures) is None


def test_the_same_subject_is_counted_once():
    down = failure("shopify_down")

    assert breaker([("order:1", down)] * 9) is None
    assert breaker([(f"order:{n}", down) for n in range(5)]).subjects == 5
