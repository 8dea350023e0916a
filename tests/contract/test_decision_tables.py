"""Each row of the decision tables in docs/identity.md is shown by a test in tests/flows,
with real records on both sides; a row without one, or a test that is gone, fails here."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "identity.md"

TESTS = {
    "In 1": """linked_and_agreeing_is_updated linked_order_that_agrees_is_updated""",
    "In 2": """linked_and_cleared_is_marked_again
        linked_order_whose_mark_was_cleared_is_marked_again""",
    "In 3": """read_between_relink_and_mark_does_not_stop""",
    "In 4": """only_the_first_carries_the_id_and_both_are_verified""",
    "In 5": """linked_but_marked_as_another_record_stops
        linked_with_its_id_but_no_proof_stops linked_with_an_unreadable_proof_stops
        linked_but_marked_by_another_database_stops
        linked_with_another_links_token_stops linked_with_another_birth_stops
        linked_but_marked_as_another_order_stops
        linked_order_with_its_id_but_no_proof_stops
        linked_order_marked_by_another_database_stops
        linked_order_with_another_links_token_stops
        linked_order_with_another_birth_stops""",
    "In 6": """linked_and_archived_goes_on_and_stays_archived""",
    "In 7": """linked_to_a_deleted_record_stops""",
    "In 8": """gone_in_shopify_keeps_link_and_record
        linked_order_that_is_gone_in_shopify_keeps_its_link""",
    "In 9": """withheld_for_a_scope_is_a_permission_stop_and_never_gone
        order_that_shopify_hides_for_its_age_is_not_called_gone""",
    "In 10": """unlinked_with_our_mark_and_a_free_record_is_restored
        unlinked_order_with_our_mark_is_restored_and_not_made_again""",
    "In 11": """copy_of_a_linked_record_stops copy_of_a_linked_order_stops
        copy_whose_original_is_gone_stops_and_offers_to_relink
        order_that_took_the_mark_of_a_gone_one_stops""",
    "In 12": """mark_of_a_deleted_record_stops
        mark_of_a_record_with_another_birth_stops
        order_marked_as_a_deleted_record_stops
        order_marked_as_a_record_with_another_birth_stops""",
    "In 13": """mark_of_another_database_stops mark_of_another_companys_record_stops
        mark_of_another_model_stops id_without_a_proof_stops
        unlinked_order_of_another_database_makes_no_second_one""",
    "In 14": """proof_without_an_id_claims_nothing_and_is_replaced
        order_with_a_proof_alone_is_a_new_one""",
    "In 15": """two_records_with_one_mark_in_one_batch_stop_both
        two_orders_with_one_mark_in_one_batch_stop_both""",
    "Key 1": """unknown_key_is_created
        unknown_key_where_products_are_only_linked_is_unmapped""",
    "Key 2": """one_match_is_linked
        one_match_in_review_is_proposed_and_linked_when_accepted""",
    "Key 3": """match_that_is_linked_already_stops""",
    "Key 4": """several_matches_stop duplicate_that_kept_the_sku_stops_and_the_original_goes_on""",
    "Key 5": """archived_contact_of_the_email_stops_and_is_named
        living_contact_wins_over_an_archived_one
        archived_product_of_the_sku_stops_and_is_named""",
    "Key 6": """two_products_of_one_odoo_product_link_variants_and_ask_which_it_is
        sku_of_one_and_barcode_of_another_stop_both""",
    "Key 7": """second_variant_of_a_product_is_refused_until_declared_shared""",
    "Out 1": """outbound_with_an_open_write_settles_first""",
    "Out 2": """outbound_linked_and_found_there""",
    "Out 3": """outbound_linked_and_nothing_found""",
    "Out 4": """outbound_linked_and_found_there_with_a_foreign_proof
        outbound_linked_and_found_there_without_a_proof
        outbound_linked_and_found_there_with_another_birth
        outbound_linked_and_found_there_with_another_links_token""",
    "Out 5": """outbound_linked_and_found_elsewhere""",
    "Out 6": """outbound_linked_and_found_elsewhere_with_a_foreign_proof
        outbound_linked_and_found_elsewhere_without_a_proof
        outbound_linked_and_found_elsewhere_with_another_birth""",
    "Out 7": """outbound_unlinked_and_found_by_its_id""",
    "Out 8": """outbound_unlinked_and_found_with_a_foreign_proof
        outbound_unlinked_and_found_without_a_proof
        outbound_unlinked_and_found_with_another_birth""",
    "Out 9": """outbound_unlinked_and_found_on_what_is_linked_to_another""",
    "Out 10": """outbound_unlinked_and_nothing_found
        outbound_unlinked_and_one_has_its_sku
        outbound_unlinked_and_several_have_its_sku
        outbound_unlinked_and_nothing_found_where_nothing_may_be_created
        outbound_unlinked_in_review_is_proposed
        outbound_only_candidate_is_linked_to_another
        outbound_another_odoo_product_has_the_key""",
}


def _rows():
    """Names of the rows, as the tables have them in their first column."""
    return re.findall(r"(?m)^\| ((?:In|Key|Out) \d+) \|", DOCS.read_text())


def _found():
    """Names of all tests within Odoo, without "test_"."""
    texts = (path.read_text() for path in (ROOT / "tests" / "flows").glob("test_*.py"))
    return {
        name for text in texts for name in re.findall(r"(?m)^    def test_(\w+)", text)
    }


def test_the_tables_have_the_rows_that_are_tested():
    assert _rows() == list(TESTS)


@pytest.mark.parametrize("row", TESTS)
def test_row_has_its_tests(row):
    missing = set(TESTS[row].split()) - _found()

    assert TESTS[row].split() and not missing


def test_each_test_of_the_outbound_table_belongs_to_a_row():
    named = {name for names in TESTS.values() for name in names.split()}

    assert {name for name in _found() if name.startswith("outbound_")} <= named
