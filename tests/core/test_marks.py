import json
from dataclasses import replace

import pytest

from core.marks import (
    NO_MARK,
    BadProof,
    Mark,
    MarkPlan,
    Proof,
    alias_conflict,
    decide_mark,
    disagreement,
    mark_from_node,
    mark_inputs,
    parse_proof,
    rivals,
    verify_mark,
)

GID = "gid://shopify/Order/1"
OURS = Proof("db", "sale.order", (42, 7), "2026-11-03 09:00:00.123456", "token")
FOREIGN = Proof("other", "sale.order", (42, 7), OURS.birth, "token")


def carried(value, proof):
    return Mark(value, value and "digest-v", proof, proof and "digest-p")


# --- Reading and writing a proof ---------------------------------------------------


def test_a_proof_reads_back_as_it_was_written():
    assert parse_proof(OURS.to_json()) == OURS
    assert OURS.value == "42"


def test_the_same_proof_is_always_the_same_text():
    assert OURS.to_json() == (
        '{"birth":"2026-11-03 09:00:00.123456","database":"db","ids":[42,7],'
        '"model":"sale.order","token":"token"}'
    )


def test_no_proof_is_none_and_an_unreadable_one_is_not():
    assert parse_proof(None) is None
    assert parse_proof("") == BadProof("")


def _changed(**parts):
    return json.dumps({**json.loads(OURS.to_json()), **parts})


@pytest.mark.parametrize(
    "text",
    ["{", "null", "[]", "5", '"x"', "{}", "[" * 5000]
    + [_changed(ids=ids) for ids in ([], [0], [-1], [True], ["1"], [1.5], 1, None)]
    + [_changed(**{name: ""}) for name in ("database", "model", "birth", "token")]
    + [_changed(**{name: 5}) for name in ("database", "model", "birth", "token")],
)
def test_a_proof_with_anything_wrong_proves_nothing(text):
    assert parse_proof(text) == BadProof(text)


def test_a_node_without_metafields_is_unmarked():
    assert mark_from_node({"odooId": None, "odooProof": None}) == NO_MARK


def test_a_mark_is_read_with_its_digests():
    node = {
        "odooId": {"value": "42", "compareDigest": "a"},
        "odooProof": {"value": OURS.to_json(), "compareDigest": "b"},
    }

    assert mark_from_node(node) == Mark("42", "a", OURS, "b")


@pytest.mark.parametrize("missing", ["odooId", "odooProof"])
def test_not_asked_for_is_never_taken_for_unmarked(missing):
    node = {"odooId": None, "odooProof": None}
    del node[missing]

    with pytest.raises(KeyError):
        mark_from_node(node)


def test_only_whole_marks_of_one_record_are_rivals():
    marks = {
        "a": carried("42", OURS),
        "b": carried("42", OURS),
        "duplicate": carried(None, OURS),
        "foreign": carried("42", FOREIGN),
        "unreadable": carried("42", BadProof("x")),
        "none": NO_MARK,
    }

    assert rivals(marks) == {"a": ("b",), "b": ("a",)}


# --- Write-back --------------------------------------------------------------------


def other(**parts):
    return Proof(**{**OURS.__dict__, **parts})


MARK_TABLE = [
    # what is there, plan
    (NO_MARK, MarkPlan("write", None, None)),
    (carried("42", OURS), MarkPlan("already", "digest-v", "digest-p")),
    (carried("42", other(token="old")), MarkPlan("repair", "digest-v", "digest-p")),
    (carried("42", other(ids=(42,))), MarkPlan("repair", "digest-v", "digest-p")),
    (carried(None, OURS), MarkPlan("repair", None, "digest-p")),
    (carried(None, FOREIGN), MarkPlan("repair", None, "digest-p")),
    (carried(None, BadProof("x")), MarkPlan("repair", None, "digest-p")),
]
STOPS = [
    (carried("42", None), "identity_unproven"),
    (carried("42", BadProof("x")), "identity_unproven"),
    (carried("43", None), "identity_conflict"),
    (carried("43", OURS), "identity_conflict"),
    (carried("43", other(ids=(43,))), "identity_conflict"),
    (carried("42", other(model="res.partner")), "identity_conflict"),
    (carried("42", FOREIGN), "identity_foreign_database"),
    (carried("42", other(birth="none")), "identity_birth_differs"),
]


@pytest.mark.parametrize(("current", "plan"), MARK_TABLE)
def test_our_mark_is_written_where_nobody_elses_is(current, plan):
    assert decide_mark(current, OURS, "42") == plan


@pytest.mark.parametrize(("current", "code"), STOPS)
def test_a_mark_that_means_another_record_is_never_replaced(current, code):
    plan = decide_mark(current, OURS, "42")

    assert (plan.kind, plan.reason_code) == ("stop", code)
    assert plan.failure.code == code


def test_a_link_moved_by_a_person_replaces_exactly_what_we_wrote_before():
    before = other(ids=(99,), token="old")

    moved = decide_mark(carried("99", before), OURS, "42", previous=before)
    touched = decide_mark(
        carried("99", other(ids=(99,), token="x")), OURS, "42", previous=before
    )

    assert moved == MarkPlan("repair", "digest-v", "digest-p")
    assert touched.kind == "stop"


def test_both_values_say_what_they_expect_to_replace():
    plan = decide_mark(carried(None, FOREIGN), OURS, "42")

    assert mark_inputs(GID, plan, OURS, "42") == [
        {
            "ownerId": GID,
            "namespace": "$app:odoo",
            "key": "id",
            "type": "id",
            "value": "42",
            "compareDigest": None,
        },
        {
            "ownerId": GID,
            "namespace": "$app:odoo",
            "key": "proof",
            "type": "json",
            "value": OURS.to_json(),
            "compareDigest": "digest-p",
        },
    ]


def test_a_written_mark_is_verified_as_read():
    assert verify_mark(carried("42", OURS), OURS, "42") is None
    for found in (NO_MARK, carried("42", FOREIGN), carried("43", OURS)):
        assert verify_mark(found, OURS, "42").code == "mark_overwritten"


# --- Packs and shared records ------------------------------------------------------

SINGLE = Proof("db", "product.product", (5,), "none", "t")
GIFT_BOX = Proof("db", "product.product", (5, 6), "none", "t", (1, 2))
FURTHER = Proof("db", "product.product", (5,), "none", "t", shared=True)


def test_proof_states_quantities_and_sharing_only_where_there_are_any():
    assert SINGLE.to_json() == (
        '{"birth":"none","database":"db","ids":[5],"model":"product.product","token":"t"}'
    )
    assert GIFT_BOX.to_json() == (
        '{"birth":"none","database":"db","ids":[5,6],"model":"product.product",'
        '"quantities":[1,2],"token":"t"}'
    )
    for proof in (SINGLE, GIFT_BOX, FURTHER):
        assert parse_proof(proof.to_json()) == proof


def test_one_of_each_is_the_same_proof_as_none_stated():
    text = GIFT_BOX.to_json().replace("[1,2]", "[1,1]")

    assert parse_proof(text) == Proof("db", "product.product", (5, 6), "none", "t")


@pytest.mark.parametrize("quantities", ["[1]", "[1,0]", '["1",2]', "[1,2,3]", "{}"])
def test_proof_with_unusable_quantities_proves_nothing(quantities):
    text = GIFT_BOX.to_json().replace("[1,2]", quantities)

    assert isinstance(parse_proof(text), BadProof)


def test_changed_contents_repair_our_own_mark():
    plan = decide_mark(Mark("5", "d1", SINGLE, "d2"), GIFT_BOX, GIFT_BOX.value)

    assert (plan.kind, plan.value_digest, plan.proof_digest) == ("repair", "d1", "d2")


def test_further_object_of_a_shared_record_gets_the_proof_alone():
    assert FURTHER.value is None
    plan = decide_mark(Mark(), FURTHER, FURTHER.value)

    [item] = mark_inputs("gid://shopify/ProductVariant/1", plan, FURTHER, None)
    assert (plan.kind, item["key"]) == ("write", "proof")
    assert verify_mark(Mark(None, None, FURTHER, "d"), FURTHER, None) is None
    assert verify_mark(Mark("5", "d", FURTHER, "d"), FURTHER, None).code == (
        "mark_overwritten"
    )


def test_id_on_a_further_object_is_never_taken_away_silently():
    plan = decide_mark(Mark("5", "d1", SINGLE, "d2"), FURTHER, None, previous=SINGLE)

    assert (plan.kind, plan.reason_code) == ("stop", "identity_conflict")


def test_the_next_object_gets_the_id_when_the_first_is_gone():
    plan = decide_mark(Mark(None, None, FURTHER, "d2"), SINGLE, "5", previous=FURTHER)

    assert (plan.kind, plan.value_digest, plan.proof_digest) == ("repair", None, "d2")


# --- A mark on a further account of a contact ---------------------------------------


@pytest.mark.parametrize(
    "mark, code",
    [
        (carried("9", replace(OURS, ids=(9,))), "identity_conflict"),
        (carried("42", FOREIGN), "identity_foreign_database"),
        (carried("42", None), "identity_unproven"),
        (carried("9", None), "identity_conflict"),
        (carried("42", replace(OURS, birth="another")), "identity_birth_differs"),
        (carried("42", BadProof("{")), "identity_unproven"),
        (carried(None, OURS), "identity_conflict"),
    ],
)
def test_a_strangers_mark_on_a_further_account_says_whose_it_is(mark, code):
    failure = alias_conflict(mark, OURS)

    assert failure.code == code
    assert failure.params["ours"] == "sale.order 42"


def test_a_mark_on_an_account_without_its_contact_is_a_conflict():
    failure = alias_conflict(carried("42", FOREIGN), None)

    assert (failure.code, failure.params["ours"]) == ("identity_conflict", "")
    assert failure.params["database"] == "other"


# --- An order's invoices -------------------------------------------------------------

BILLED = replace(OURS, invoices=(7, 9))


def test_invoices_stand_in_the_proof_and_are_read_back():
    assert json.loads(BILLED.to_json())["invoices"] == [7, 9]
    assert parse_proof(BILLED.to_json()) == BILLED


def test_a_proof_without_invoices_is_what_it_was_before_there_were_any():
    assert "invoices" not in json.loads(OURS.to_json())


@pytest.mark.parametrize("invoices", [7, "7", [0], ["7"], [True], None, {}])
def test_a_list_of_invoices_that_holds_no_ids_proves_nothing(invoices):
    text = json.dumps(json.loads(OURS.to_json()) | {"invoices": invoices})

    assert parse_proof(text) == BadProof(text)


@pytest.mark.parametrize(
    "there, wanted", [(OURS, BILLED), (BILLED, OURS), (BILLED, replace(BILLED))]
)
def test_other_invoices_are_no_disagreement(there, wanted):
    assert disagreement(carried("42", there), wanted) is None
    assert there.names_as(wanted)


@pytest.mark.parametrize("there, wanted", [(OURS, BILLED), (BILLED, OURS)])
def test_a_mark_with_other_invoices_is_replaced_by_its_digest(there, wanted):
    plan = decide_mark(carried("42", there), wanted, "42")

    assert (plan.kind, plan.proof_digest) == (
        "repair",
        carried("42", there).proof_digest,
    )


def test_invoices_of_the_mark_that_was_left_dont_matter_after_a_relink():
    wanted = replace(OURS, ids=(43,), token="new")
    plan = decide_mark(carried("42", BILLED), wanted, "43", previous=OURS)

    assert plan.kind == "repair"


@pytest.mark.parametrize("part", [{"token": "t"}, {"birth": "b"}, {"ids": (43,)}])
def test_equal_invoices_make_no_other_record_ours(part):
    other = replace(BILLED, **part)

    assert not BILLED.names_as(other)
    assert disagreement(carried(other.value, other), BILLED) is not None
