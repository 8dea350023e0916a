"""Causes that stop a sync, as other connectors' guides and bug lists name them: each has
a reason here, of the kind that its cure needs."""

import pytest

from core.failures import CATALOGUE

PASSES, SET_UP, GRANT = {"temporary"}, {"configuration"}, {"permission"}
DECIDE, DISAGREE = {"data"}, {"conflict"}

# cause: (reasons, separated by blanks; of which kinds)
ROOT_CAUSES = {
    "Shopify throttles": ("throttled", PASSES),
    "Odoo's limits, its database is busy": ("database_busy", PASSES),
    "network time-out, nothing sent": ("network_timeout not_sent", PASSES),
    "network time-out, outcome unknown": ("outcome_unknown", PASSES),
    "Odoo was down for a while": ("odoo_down", PASSES),
    "Shopify has an error of its own": ("shopify_down outcome_unknown", PASSES),
    "burst over capacity": ("backlog_high", PASSES),
    "credentials are refused": ("sign_in_failed", GRANT),
    "store is closed or its domain wrong": ("store_unreachable", SET_UP),
    "version is not answered any more": ("api_version_changed", SET_UP),
    "scope is missing": ("scope_missing", GRANT),
    "right in Odoo or record rule is missing": ("odoo_access_missing", GRANT),
    "wrong or no company": ("company_differs", SET_UP),
    "company is closed to the user": ("company_access_missing", GRANT),
    "location is not mapped": ("location_unknown", SET_UP),
    "warehouses are pooled in one location": ("location_pooled", SET_UP),
    "tax is not mapped": ("tax_unmapped", SET_UP),
    "tax is counted twice": ("tax_counted_twice", SET_UP),
    "kind of order has no record type or journal": (
        "rule_incomplete payment_unmapped",
        SET_UP,
    ),
    "product for shipping, tip, duty or fee is missing": (
        "delivery_product_missing tip_product_missing fee_product_missing",
        SET_UP,
    ),
    "firewall blocks": ("host_blocked", SET_UP),
    "custom module blocks a write": ("odoo_refused", DECIDE),
    "product or variant is not linked": ("product_unmapped variant_unmapped", DECIDE),
    "variant is matched to the wrong product": (
        "identity_conflict identity_claimed_twice",
        DISAGREE,
    ),
    "record exists twice": ("duplicate_record", DISAGREE),
    "copy of a linked record": ("identity_copied", DISAGREE),
    "contact is split by form of name or e-mail": ("ambiguous_match", DECIDE),
    "historical product is deleted": ("line_product_deleted", DECIDE),
    "variant is archived or merged": (
        "link_record_archived link_record_deleted",
        DISAGREE,
    ),
    "refund finds no original line": ("refund_line_missing", DECIDE),
    "refund comes before its order": ("order_not_imported", DECIDE),
    "company's order is on a person": ("company_unlinked", DECIDE),
    "country or state is unknown": ("country_unknown state_unknown", DECIDE),
    "sale would be overwritten by a stock push": ("unexplained_stock_drop", DISAGREE),
    "stock changed between reading and writing": ("stock_changed_meanwhile", PASSES),
    "tracking is late": ("tracking_missing", PASSES),
    "image is refused": ("image_refused", DECIDE),
    "scheduled run did not run": ("schedule_stopped", SET_UP),
}
# What others got wrong where stopping is right: number of the bug, or what happened.
BUGS = {
    "1: two variants share a SKU": ("ambiguous_match", DECIDE),
    "5: two workers link one record": ("link_taken", DISAGREE),
    "6: linked contacts are merged": ("link_record_deleted", DISAGREE),
    "7: mark was changed by an admin": ("mark_overwritten identity_unproven", DISAGREE),
    "8: nothing is read for a linked record": ("shopify_record_gone", DECIDE),
    "15: order without a customer": ("order_without_customer", SET_UP),
    "20: duties have no product": ("fee_product_missing", SET_UP),
    "21: total is off by 5.00": ("total_differs", DECIDE),
    "22: custom line without a product": ("custom_line_product_missing", SET_UP),
    "23: product of a line was deleted": ("line_product_deleted", DECIDE),
    "31: imported order is edited": ("changed_in_shopify", DISAGREE),
    "32: two currencies in one order": ("order_currency_differs", SET_UP),
    "32: currency without a pricelist": ("pricelist_missing currency_inactive", SET_UP),
    "35: one bad item of 250": ("stock_item_rejected", DECIDE),
    "36: sold between read and write": ("stock_changed_meanwhile", PASSES),
    "37: time-out after it was applied": ("outcome_unknown", PASSES),
    "38: unknown user error": ("shopify_refused", DECIDE),
    "44: held fulfilment order": ("fulfillment_order_held", DECIDE),
    "44: third party fulfils": ("fulfillment_third_party", DISAGREE),
    "45: fulfilment refused for bad data": ("shopify_refused", DECIDE),
    "46: worker dies after the answer": ("outcome_unknown outcome_needs_person", None),
    "49: refund while its payment is pending": ("refund_pending", PASSES),
    "51: money is refunded, goods are not back": ("refund_restock_open", DECIDE),
    "52: line of a refund is unlinked": ("refund_line_missing", DECIDE),
    "56: payout doesn't add up": ("payout_differs", DECIDE),
    "62: webhook can't be read": ("webhook_malformed", DECIDE),
    "64: scope for drafts is missing": ("scope_missing", GRANT),
    "66: database was copied": ("store_on_hold copy_writes_nothing", SET_UP),
    "68: another API version answers": ("api_version_changed", SET_UP),
    "70: app was uninstalled": ("app_uninstalled", SET_UP),
    "personal data is withheld": ("protected_data_withheld", GRANT),
    "order is older than the app may read": ("order_too_old", GRANT),
    "refunded before it was imported": ("refunded_before_import", DECIDE),
    "backup was restored": ("links_not_rebuilt", SET_UP),
    "unknown error": ("defect", {"defect"}),
}
# Where a blind retry would do harm: it must look first, or a person must.
NOT_BLINDLY = """identity_conflict identity_copied identity_claimed_twice duplicate_record
    outcome_needs_person mark_refused link_record_deleted"""


@pytest.mark.parametrize("cause", {**ROOT_CAUSES, **BUGS})
def test_cause_has_its_reason(cause):
    codes, kinds = {**ROOT_CAUSES, **BUGS}[cause]

    found = [CATALOGUE[code] for code in codes.split()]
    assert found
    assert kinds is None or {reason.nature for reason in found} <= kinds


@pytest.mark.parametrize("code", NOT_BLINDLY.split())
def test_what_a_blind_retry_would_make_worse_is_not_called_safe(code):
    assert not CATALOGUE[code].retry_safe


@pytest.mark.parametrize("code", ["throttled", "database_busy", "shopify_down"])
def test_what_passes_by_itself_asks_nobody_to_do_anything(code):
    assert CATALOGUE[code].fix == "none"
    assert "Nothing to do" in CATALOGUE[code].message
