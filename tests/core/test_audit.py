"""What an audit says of each decision of the table."""

import pytest

from core.audit import KINDS, Finding, Seen, Side, find, is_whole
from core.identity import Decision
from core.marks import NO_MARK, BadProof, Mark, Proof

OURS = Proof("db", "product.product", (7,), "birth", "token")


def seen(mark=NO_MARK, is_linked=True):
    return Seen("gid", "product.product", "db", mark, is_linked)


def stop(code, **params):
    return Decision("stop", code, params=params)


MARKED = Mark("7", "d", OURS, "d")
ALONE = Mark(None, None, OURS, "d")


def test_link_that_agrees_is_no_finding():
    assert find(Decision("update", odoo_id=7), seen(MARKED)) is None


def test_mark_that_lacks_is_written_by_itself():
    assert find(Decision("update_and_mark", odoo_id=7), seen()) == Finding(
        "missing", "mark"
    )


def test_mark_from_before_the_link_changed_is_replaced_by_itself():
    finding = find(Decision("update_and_mark", odoo_id=8), seen(MARKED))
    assert finding == Finding("different", "mark")


def test_lost_link_is_restored_by_itself():
    finding = find(Decision("restore", odoo_id=7), seen(MARKED, is_linked=False))
    assert finding == Finding("orphaned", "read")


def test_linked_record_that_is_gone_is_read_again():
    finding = find(Decision("mark_gone", odoo_id=7), seen())
    assert finding == Finding("orphaned", "read", "shopify_record_gone")


def test_gone_record_without_link_is_no_finding():
    assert find(Decision("mark_gone"), seen(is_linked=False)) is None


@pytest.mark.parametrize(
    ("code", "is_linked", "kind"),
    [
        ("identity_conflict", True, "different"),
        ("identity_unproven", True, "different"),
        ("identity_unproven", False, "foreign"),
        ("identity_birth_differs", True, "different"),
        ("identity_birth_differs", False, "orphaned"),
        ("identity_foreign_database", True, "foreign"),
        ("identity_foreign_database", False, "foreign"),
        ("identity_foreign_company", False, "foreign"),
        ("identity_claimed_twice", True, "two_in_one"),
        ("identity_claimed_twice", False, "two_in_one"),
        ("identity_copied", False, "copied"),
        ("identity_original_gone", False, "orphaned"),
        ("identity_record_gone", False, "orphaned"),
        ("link_record_deleted", True, "orphaned"),
    ],
)
def test_stop_is_for_a_person_with_its_reason(code, is_linked, kind):
    finding = find(stop(code, other="gid2"), seen(MARKED, is_linked))
    assert finding == Finding(kind, "", code, {"other": "gid2"}, "gid2")
    assert kind in KINDS


def test_what_a_person_has_parted_is_no_finding():
    assert find(stop("unlinked_by_hand"), seen(MARKED, is_linked=False)) is None


def test_proof_of_ours_alone_is_a_copy_whatever_its_keys_say():
    for decision in (Decision("unmapped"), Decision("create"), stop("match_taken")):
        assert find(decision, seen(ALONE, is_linked=False)).kind == "copied"


def test_proof_alone_of_another_database_is_foreign():
    proof = Proof("else", "product.product", (7,), "birth", "token")
    finding = find(Decision("unmapped"), seen(Mark(proof=proof), is_linked=False))
    assert (finding.kind, finding.code) == ("foreign", "identity_foreign_database")


def test_proof_alone_that_cant_be_read_is_foreign():
    mark = Mark(proof=BadProof("x"))
    finding = find(Decision("unmapped"), seen(mark, is_linked=False))
    assert (finding.kind, finding.code) == ("foreign", "identity_unproven")


def test_lost_link_of_a_shared_product_is_for_a_person():
    proof = Proof("db", "product.product", (7,), "birth", "token", shared=True)
    finding = find(Decision("unmapped"), seen(Mark(proof=proof), is_linked=False))
    assert (finding.kind, finding.repair) == ("orphaned", "")


def test_record_that_nobody_linked_is_no_finding():
    for decision in (Decision("unmapped"), stop("ambiguous_match")):
        assert find(decision, seen(is_linked=False)) is None


def test_audit_is_whole_only_if_every_link_is_explained():
    side = Side(remote=9, links=5, agreeing=1, found=1, gone=1, withheld=1, fresh=1)
    assert is_whole({"Product": side})
    assert not is_whole({"Product": Side(remote=9, links=5, agreeing=4)})


def test_type_that_was_not_read_matters_where_it_has_links():
    assert is_whole({"Order": Side(is_read=False)})
    assert not is_whole({"Order": Side(links=1, is_read=False)})
