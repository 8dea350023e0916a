"""Both tables of identity, row by row, and what must hold for every combination."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.failures import CATALOGUE, Failure
from core.identity import (
    NO_MARK,
    BadProof,
    Candidates,
    Decision,
    InboundFacts,
    LinkedRecord,
    Mark,
    MarkedRecord,
    NeedsLookup,
    OutboundFacts,
    Owner,
    Proof,
    decide_inbound,
    decide_outbound,
    several_claim,
)

G, G2 = "gid://shopify/Product/1", "gid://shopify/Product/2"
MODEL, DB, BIRTH = "product.template", "our-db", "2026-11-03 09:00:00.123456"
OURS = Proof(DB, MODEL, (42,), BIRTH, "token")
LINK = LinkedRecord((42,), BIRTH, "token", marked=True)
FREE = MarkedRecord("alive", BIRTH)


def but(one, **parts):
    return type(one)(**{**one.__dict__, **parts})


def carried(value, proof):
    return Mark(value, value and "digest-v", proof, proof and "digest-p")


OUR_MARK = carried("42", OURS)


def decide(**facts):
    return decide_inbound(InboundFacts(gid=G, model=MODEL, database=DB, **facts))


def stopped(code, **facts):
    decision = decide(**facts)
    assert (decision.action, decision.reason_code) == ("stop", code)
    assert decision.failure.code == code
    return decision


# --- Inbound: an order's invoices have changed since it was marked --------------------

BILLED = Proof(DB, MODEL, (42,), BIRTH, "token", invoices=(7,))
BILLED_LINK = but(LINK, invoices=(7,))


@pytest.mark.parametrize(
    "there, link",
    [
        (OURS, BILLED_LINK),
        (BILLED, LINK),
        (but(BILLED, invoices=(7, 8)), BILLED_LINK),
        (OURS, but(BILLED_LINK, previous=OURS)),
        (BILLED, but(LINK, previous=BILLED)),
    ],
)
def test_other_invoices_are_marked_again_and_never_a_stop(there, link):
    assert decide(link=link, mark=carried("42", there)) == Decision(
        "update_and_mark", odoo_id=42, mark_again=True
    )


def test_equal_invoices_are_an_update():
    link = but(BILLED_LINK, previous=BILLED)
    assert decide(link=link, mark=carried("42", BILLED)).action == "update"


@pytest.mark.parametrize("previous", [None, OURS, BILLED])
def test_a_proof_without_its_id_is_ours_whatever_it_lists(previous):
    link = but(LINK, previous=previous)
    decision = decide(link=link, mark=carried(None, but(BILLED, invoices=(8,))))
    assert decision.action == "update_and_mark"


def test_invoices_dont_excuse_another_token():
    stolen = but(BILLED, token="somebody else's")
    stopped("identity_conflict", link=BILLED_LINK, mark=carried("42", stolen))


# --- Inbound: the object is linked -------------------------------------------------


def test_linked_and_both_sides_agree_is_an_update():
    assert decide(link=LINK, mark=OUR_MARK) == Decision("update", odoo_id=42)


def test_alias_without_a_mark_is_an_update_and_is_never_marked():
    assert decide(link=but(LINK, alias=True)) == Decision("update", odoo_id=42)


def test_alias_that_still_carries_the_mark_we_left_is_handed_to_the_write_back():
    old = but(OURS, ids=(7,))
    alias = but(LINK, alias=True, previous=old)

    decision = decide(link=alias, mark=carried("7", old))

    assert (decision.action, decision.mark_again) == ("update_and_mark", True)


def test_alias_with_a_strangers_mark_stops():
    stopped(
        "identity_conflict",
        link=but(LINK, alias=True),
        mark=carried("7", but(OURS, ids=(7,))),
    )


def test_linked_with_the_mark_cleared_is_updated_marked_and_noted():
    decision = decide(link=LINK, mark=NO_MARK)

    assert (decision.action, decision.odoo_id) == ("update_and_mark", 42)
    assert decision.mark_again and "removed in Shopify" in decision.note


def test_linked_and_not_marked_yet_is_updated_without_a_note():
    decision = decide(link=but(LINK, marked=False), mark=NO_MARK)

    assert (decision.action, decision.note) == ("update_and_mark", "")


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        (carried("43", but(OURS, ids=(43,))), "identity_conflict"),
        (carried("43", OURS), "identity_conflict"),
        (carried("42", but(OURS, token="other")), "identity_conflict"),
        (carried("42", but(OURS, ids=(42, 7))), "identity_conflict"),
        (carried("42", but(OURS, model="res.partner")), "identity_conflict"),
        (carried("42", but(OURS, birth="none")), "identity_birth_differs"),
        (carried("42", but(OURS, database="x")), "identity_foreign_database"),
        (carried("42", None), "identity_unproven"),
        (carried("42", BadProof("{")), "identity_unproven"),
        (carried("43", None), "identity_conflict"),
        (carried(None, but(OURS, database="x")), "identity_conflict"),
        (carried(None, BadProof("{")), "identity_conflict"),
    ],
)
def test_linked_and_the_two_sides_disagree_stops(mark, code):
    stopped(code, link=LINK, mark=mark)


def test_a_linked_copy_keeps_the_originals_proof_until_its_first_mark():
    copied = carried(None, but(OURS, ids=(7,)))

    decision = decide(link=but(LINK, marked=False), mark=copied)

    assert (decision.action, decision.mark_again) == ("update_and_mark", True)


def test_a_link_moved_by_a_person_still_meets_its_old_mark():
    old = but(OURS, ids=(7,), token="old")

    decision = decide(link=but(LINK, previous=old), mark=carried("7", old))

    assert (decision.action, decision.odoo_id) == ("update_and_mark", 42)


def test_linked_to_an_archived_record_follows_the_flows_rule():
    archived = but(LINK, state="archived")

    stopped("link_record_archived", link=archived, mark=OUR_MARK)
    updated = decide(link=archived, mark=OUR_MARK, archived="update")
    assert updated == Decision("update", odoo_id=42)


@pytest.mark.parametrize("mark", [NO_MARK, OUR_MARK, carried("9", None)])
def test_linked_to_a_deleted_record_stops(mark):
    stopped("link_record_deleted", link=but(LINK, state="deleted"), mark=mark)


def test_linked_and_gone_in_shopify_keeps_the_link():
    decision = decide(link=LINK, remote="gone")

    assert decision == Decision("mark_gone", odoo_id=42)


@pytest.mark.parametrize("link", [LINK, None])
@pytest.mark.parametrize(
    "denial",
    [
        Failure("order_too_old", {"days": 60}),
        Failure("scope_missing", {"scope": "read_orders"}, ("scope:read_orders",)),
    ],
)
def test_withheld_by_shopify_is_a_permission_and_never_gone(link, denial):
    decision = decide(link=link, remote="denied", denial=denial)

    assert decision.failure == denial
    assert denial.reason.nature == "permission"


def test_withheld_without_a_stated_reason_is_still_a_permission():
    stopped("scope_missing", link=LINK, remote="denied")


# --- Inbound: the object isn't linked, and marked ----------------------------------


def test_our_mark_and_a_free_record_restores_the_link():
    decision = decide(mark=OUR_MARK, marked=FREE)

    assert decision == Decision("restore", odoo_id=42, mark_again=True)


def test_our_mark_goes_before_any_key():
    several = Candidates((1, 2), (G, G2), "SKU", "A")

    assert decide(mark=OUR_MARK, marked=FREE, candidates=several).action == "restore"


def test_our_mark_on_a_copy_of_a_living_object_stops():
    taken = but(FREE, linked_gid=G2, owner="alive")

    decision = stopped("identity_copied", mark=OUR_MARK, marked=taken)

    assert decision.params["other"] == G2
    assert CATALOGUE["identity_copied"].fix == "treat_as_new"


def test_our_mark_whose_former_object_is_gone_stops_and_offers_to_relink():
    taken = but(FREE, linked_gid=G2, owner="gone")

    stopped("identity_original_gone", mark=OUR_MARK, marked=taken)
    assert CATALOGUE["identity_original_gone"].fix == "relink"


def test_whether_the_former_object_lives_is_looked_up_and_not_guessed():
    taken = but(FREE, linked_gid=G2)

    assert decide(mark=OUR_MARK, marked=taken) == NeedsLookup("owner", G2)
    withheld = but(taken, owner="denied")
    stopped("scope_missing", mark=OUR_MARK, marked=withheld)


def test_the_marked_record_is_looked_up_and_not_guessed():
    assert decide(mark=OUR_MARK) == NeedsLookup("record", 42)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (MarkedRecord("deleted"), "identity_record_gone"),
        (but(FREE, birth="2020-01-01 00:00:00.000000"), "identity_birth_differs"),
        (but(FREE, foreign_company="NL"), "identity_foreign_company"),
        (but(FREE, state="archived"), "link_record_archived"),
        (but(FREE, linked_gid=G), "identity_conflict"),
    ],
)
def test_our_mark_on_a_record_that_does_not_fit_stops(record, code):
    stopped(code, mark=OUR_MARK, marked=record)


def test_an_archived_record_is_restored_when_the_flow_says_so():
    archived = but(FREE, state="archived")

    decision = decide(mark=OUR_MARK, marked=archived, archived="update")

    assert decision.action == "restore"


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        (carried("42", but(OURS, database="x")), "identity_foreign_database"),
        (carried("42", None), "identity_unproven"),
        (carried("42", BadProof("{")), "identity_unproven"),
        (carried("43", OURS), "identity_unproven"),
        (carried("42", but(OURS, model="res.partner")), "identity_unproven"),
    ],
)
def test_a_mark_that_is_not_ours_stops(mark, code):
    stopped(code, mark=mark, marked=FREE, may_create=True)


def test_two_objects_that_prove_one_record_both_stop():
    stopped("identity_claimed_twice", mark=OUR_MARK, marked=FREE, rivals=(G2,))
    stopped("identity_claimed_twice", mark=OUR_MARK, link=LINK, rivals=(G2,))


# --- Inbound: neither linked nor marked --------------------------------------------


@pytest.mark.parametrize("proof", [None, OURS, BadProof("{")])
@pytest.mark.parametrize(
    ("candidates", "facts", "action"),
    [
        (Candidates(), {"may_create": True}, "create"),
        (Candidates(), {"may_create": False}, "unmapped"),
        (Candidates((), (G,)), {"may_create": True}, "create"),
        (Candidates((5,)), {}, "link"),
        (Candidates((5,), (G,)), {"may_create": True}, "link"),
        (Candidates((5,)), {"propose": True}, "propose"),
    ],
)
def test_without_an_id_the_stable_key_decides(proof, candidates, facts, action):
    decision = decide(mark=carried(None, proof), candidates=candidates, **facts)

    assert decision.action == action
    assert decision.odoo_id == (candidates.odoo_ids or (None,))[0]
    assert decision.mark_again == (action in ("create", "link"))


@pytest.mark.parametrize(
    "candidates",
    [
        Candidates((5, 6), (), "SKU", "A"),
        Candidates((5, 6), (G,), "SKU", "A"),
        Candidates((5,), (G, G2), "SKU", "A"),
        Candidates((), (G2,), "SKU", "A"),
        Candidates((5, 6), (), "SKU", "A", {5: G2}),
    ],
)
def test_several_candidates_on_either_side_stop(candidates):
    decision = stopped("ambiguous_match", candidates=candidates, may_create=True)

    for odoo_id in candidates.odoo_ids:
        assert f"{MODEL} {odoo_id}" in decision.params["candidates"]


def test_the_only_candidate_linked_elsewhere_stops():
    taken = Candidates((5,), (G,), "SKU", "A", {5: G2})

    decision = stopped("match_taken", candidates=taken, may_create=True)

    assert decision.params["other"] == G2


def test_gone_and_never_linked_has_nothing_to_keep():
    assert decide(remote="gone").odoo_id is None


# --- Inbound: all combinations -----------------------------------------------------

PROOFS = st.sampled_from(
    [None, BadProof("{"), OURS]
    + [but(OURS, **part) for part in ({"database": "x"}, {"model": "m"})]
    + [but(OURS, **part) for part in ({"ids": (7,)}, {"birth": "none"}, {"token": "o"})]
)
MARKS = st.builds(carried, st.sampled_from([None, "42", "7", "x"]), PROOFS)
STATES = st.sampled_from(["alive", "archived", "deleted"])
LINKS = st.none() | st.builds(
    LinkedRecord,
    st.sampled_from([(42,), (42, 7), (7,)]),
    st.sampled_from([BIRTH, "none"]),
    st.sampled_from(["token", "o"]),
    STATES,
    st.booleans(),
    st.sampled_from([None, but(OURS, ids=(7,))]),
)
RECORDS = st.none() | st.builds(
    MarkedRecord,
    STATES,
    st.sampled_from([BIRTH, "none", ""]),
    st.sampled_from(["", "NL"]),
    st.sampled_from([None, G, G2]),
    st.sampled_from(["alive", "gone", "denied", "unknown"]),
)
CANDIDATES = st.builds(
    Candidates,
    st.sampled_from([(), (5,), (5, 6)]),
    st.sampled_from([(), (G,), (G2,), (G, G2)]),
    st.just("SKU"),
    st.just("A"),
    st.sampled_from([{}, {5: G2}]),
)
FACTS = st.builds(
    InboundFacts,
    gid=st.just(G),
    model=st.just(MODEL),
    database=st.just(DB),
    remote=st.sampled_from(["present", "present", "present", "gone", "denied"]),
    mark=MARKS,
    link=LINKS,
    marked=RECORDS,
    rivals=st.sampled_from([(), (G2,)]),
    candidates=CANDIDATES,
    denial=st.sampled_from([None, Failure("order_too_old", {"days": 60})]),
    may_create=st.booleans(),
    propose=st.booleans(),
    archived=st.sampled_from(["update", "stop"]),
)
# The same examples in every run: a red build must be red again.
PROPERTY = settings(max_examples=500, deadline=None, derandomize=True, database=None)
LINKING = ("update", "update_and_mark", "restore", "link")


def proof_fits(facts):
    """Written anew, on purpose unlike the code: may this mark go with this record?"""
    link, mark = facts.link, facts.mark
    if mark.value is None:
        return (
            link is None or not link.marked or mark.proof is None or _names(link, mark)
        )
    if link and link.previous and mark.proof == link.previous:
        return mark.value == str(link.previous.ids[0])
    if not isinstance(mark.proof, Proof) or mark.value != str(mark.proof.ids[0]):
        return False
    return _names(link, mark) if link else _names_record(facts)


def _names(link, mark):
    wanted = (DB, MODEL, link.ids, link.birth, link.token)
    return mark.proof == Proof(*wanted) or mark.proof == link.previous


def _names_record(facts):
    proof, record = facts.mark.proof, facts.marked
    ours = (proof.database, proof.model) == (DB, MODEL)
    free = record and record.linked_gid is None and not record.foreign_company
    return bool(ours and free and record.birth == proof.birth)


@PROPERTY
@given(FACTS)
def test_every_combination_has_an_answer_and_a_stop_its_reason(facts):
    decision = decide_inbound(facts)

    if isinstance(decision, NeedsLookup):
        assert facts.link is None and facts.mark.value is not None
        return
    assert (decision.action == "stop") == (decision.failure is not None)


@PROPERTY
@given(FACTS)
def test_nothing_is_updated_or_linked_against_its_proof(facts):
    decision = decide_inbound(facts)

    if isinstance(decision, Decision) and decision.action in LINKING:
        assert facts.remote == "present"
        assert proof_fits(facts)
        assert not (facts.rivals and facts.mark.value is not None)


@PROPERTY
@given(FACTS)
def test_nothing_is_created_while_there_is_a_candidate_or_a_mark(facts):
    decision = decide_inbound(facts)

    if isinstance(decision, Decision) and decision.action == "create":
        assert facts.may_create
        assert facts.link is None and facts.mark.value is None
        assert not facts.candidates.odoo_ids
        assert set(facts.candidates.remote_gids) <= {G}


# --- Outbound: the whole table -----------------------------------------------------

# Row: is the Odoo record linked; what the look-up by its ID found and whose proof that
# carries. Then what happens with 0, 1 and several candidates by key. All of it for no
# earlier write open; with one open every cell is "settle_first".
OUTBOUND = """
linked    found                 0         1         several
no        nothing               create    adopt     ambiguous_match
no        other+ours            adopt     adopt     adopt
no        other+foreign         foreign   foreign   foreign
no        other+unproven        unproven  unproven  unproven
no        other+born            born      born      born
no        other+linked          conflict  conflict  conflict
yes       nothing               update    update    update
yes       same+ours             update    update    update
yes       same+foreign          foreign   foreign   foreign
yes       same+unproven         unproven  unproven  unproven
yes       same+born             born      born      born
yes       same+token            conflict  conflict  conflict
yes       other+ours            twice     twice     twice
yes       other+foreign         foreign   foreign   foreign
yes       other+unproven        unproven  unproven  unproven
yes       other+born            born      born      born
"""
CODES = {
    "ambiguous_match": "ambiguous_match",
    "foreign": "identity_foreign_database",
    "unproven": "identity_unproven",
    "born": "identity_birth_differs",
    "conflict": "identity_conflict",
    "twice": "identity_claimed_twice",
}
PROOF_OF = {
    "ours": OURS,
    "foreign": but(OURS, database="x"),
    "unproven": None,
    "born": but(OURS, birth="none"),
    "token": but(OURS, token="other"),
    "linked": OURS,
}
G3 = "gid://shopify/Product/3"
BY_KEY = {
    "0": Candidates((42,), (), "SKU", "A"),
    "1": Candidates((42,), (G3,), "SKU", "A"),
    "several": Candidates((42,), (G2, G3), "SKU", "A"),
}


def _cells():
    header, *rows = (line.split() for line in OUTBOUND.strip().splitlines())
    for linked, found, *cells in rows:
        for candidates, cell in zip(header[2:], cells, strict=True):
            yield pytest.param(
                linked, found, candidates, cell, id=f"{linked}-{found}-{candidates}"
            )


def _owner(found):
    if found == "nothing":
        return None
    where, whose = found.split("+")
    mark = carried("42", PROOF_OF[whose])
    return Owner(G if where == "same" else G2, mark, 7 if whose == "linked" else None)


def outbound(linked, found, candidates, **facts):
    return OutboundFacts(
        expected=OURS,
        linked_gid=G if linked == "yes" else None,
        owner=_owner(found),
        candidates=BY_KEY[candidates],
        may_create=True,
        **facts,
    )


@pytest.mark.parametrize(("linked", "found", "candidates", "cell"), _cells())
def test_outbound_row(linked, found, candidates, cell):
    decision = decide_outbound(outbound(linked, found, candidates))

    if cell in CODES:
        assert (decision.action, decision.reason_code) == ("stop", CODES[cell])
        assert decision.failure.code == CODES[cell]
    else:
        assert (decision.action, decision.reason_code) == (cell, None)


@pytest.mark.parametrize(("linked", "found", "candidates", "cell"), _cells())
def test_an_open_write_is_settled_before_anything_else(linked, found, candidates, cell):
    facts = outbound(linked, found, candidates, open_intent=True)

    assert decide_outbound(facts).action == "settle_first"


def test_an_update_goes_to_the_linked_object_and_marks_it_when_unmarked():
    marked = decide_outbound(outbound("yes", "same+ours", "0"))
    unmarked = decide_outbound(outbound("yes", "nothing", "0"))

    assert (marked.gid, marked.mark_again) == (G, False)
    assert (unmarked.gid, unmarked.mark_again) == (G, True)


def test_the_id_finds_the_object_before_the_key_does():
    assert decide_outbound(outbound("no", "other+ours", "1")).gid == G2
    assert decide_outbound(outbound("no", "nothing", "1")).gid == G3


def test_a_link_lost_here_is_found_again_whatever_its_old_token():
    owner = Owner(G2, carried("42", PROOF_OF["token"]))

    decision = decide_outbound(OutboundFacts(expected=OURS, owner=owner))

    assert (decision.action, decision.gid, decision.mark_again) == ("adopt", G2, True)


def test_outbound_in_review_only_proposes():
    decision = decide_outbound(outbound("no", "nothing", "1", propose=True))

    assert (decision.action, decision.gid) == ("propose", G3)


def test_outbound_creates_only_where_the_flow_may():
    facts = OutboundFacts(expected=OURS, may_create=False)

    assert decide_outbound(facts).action == "unmapped"


@pytest.mark.parametrize(
    ("candidates", "code"),
    [
        (Candidates((42,), (G3,), "SKU", "A", {G3: "x"}), "match_taken"),
        (Candidates((42, 43), (), "SKU", "A"), "ambiguous_match"),
        (Candidates((42, 43), (G3,), "SKU", "A"), "ambiguous_match"),
    ],
)
def test_outbound_never_shares_a_key(candidates, code):
    facts = OutboundFacts(expected=OURS, candidates=candidates, may_create=True)

    assert decide_outbound(facts).failure.code == code


# --- A batch: one record, one object -----------------------------------------------


def test_archived_candidate_stops_and_is_named():
    candidates = Candidates((), (), "SKU", "A", archived_ids=(42,))

    decision = stopped("ambiguous_match", candidates=candidates, may_create=True)

    assert decision.params == {
        "key": "SKU",
        "value": "A",
        "candidates": [f"{MODEL} 42"],
    }


def test_living_candidate_wins_over_an_archived_one():
    candidates = Candidates((43,), (), "SKU", "A", archived_ids=(42,))

    assert decide(candidates=candidates).odoo_id == 43


def test_two_objects_of_a_batch_that_claim_one_record_stop_and_name_each_other():
    by_sku = Candidates((42,), (), "SKU", "A")
    by_barcode = Candidates((42,), (), "barcode", "1")
    decisions = {
        G: Decision("link", odoo_id=42),
        G2: Decision("restore", odoo_id=42),
        "other": Decision("link", odoo_id=43),
        "new": Decision("create"),
        "linked": Decision("update", odoo_id=42),
    }

    found = several_claim(decisions, {G: by_sku, G2: by_barcode})

    assert {key: one.reason_code for key, one in found.items()} == {
        G: "ambiguous_match",
        G2: "ambiguous_match",
        "other": None,
        "new": None,
        "linked": None,
    }
    assert found[G].params == {"key": "SKU", "value": "A", "candidates": [G2]}
    assert found[G2].params == {"key": "barcode", "value": "1", "candidates": [G]}
    assert found[G].odoo_id is None


# --- Packs and shared records ------------------------------------------------------

PACK = but(OURS, ids=(42, 7), quantities=(1, 2))
PACK_LINK = but(LINK, ids=(42, 7), quantities=(1, 2))
COPY = but(OURS, shared=True)
COPY_LINK = but(LINK, shared=True)


def test_pack_whose_proof_names_all_its_ids_and_quantities_is_an_update():
    assert decide(link=PACK_LINK, mark=carried("42", PACK)).action == "update"


def test_pack_with_another_quantity_in_its_proof_stops():
    other = but(PACK, quantities=(1, 3))

    stopped("identity_conflict", link=PACK_LINK, mark=carried("42", other))


def test_contents_changed_here_are_marked_again():
    link = but(PACK_LINK, previous=OURS)

    decision = decide(link=link, mark=OUR_MARK)

    assert (decision.action, decision.mark_again) == ("update_and_mark", True)


def test_shared_records_further_object_carries_the_proof_alone():
    decision = decide(link=COPY_LINK, mark=carried(None, COPY))

    assert decision == Decision("update", odoo_id=42)


@pytest.mark.parametrize("mark", [NO_MARK, carried(None, but(OURS, ids=(7,)))])
def test_shared_records_further_object_is_marked_until_its_proof_stands(mark):
    decision = decide(link=but(COPY_LINK, marked=False), mark=mark)

    assert (decision.action, decision.mark_again) == ("update_and_mark", True)


def test_further_object_with_somebody_elses_proof_or_an_id_stops():
    stopped("identity_conflict", link=COPY_LINK, mark=carried(None, OURS))
    stopped("identity_conflict", link=COPY_LINK, mark=carried("42", COPY))


def test_unlinked_proof_of_a_shared_record_claims_no_more_than_a_duplicates():
    for candidates in (Candidates(), Candidates(odoo_ids=(42,), taken={42: G2})):
        assert decide(
            mark=carried(None, COPY), candidates=candidates, may_create=True
        ) == decide(candidates=candidates, may_create=True)


def test_record_declared_shared_is_linked_though_taken_and_though_others_share_its_key():
    candidates = Candidates(
        odoo_ids=(42,), remote_gids=(G, G2), taken={42: G2}, shared=frozenset({42})
    )

    assert decide(candidates=candidates).action == "link"
    assert decide(candidates=candidates, propose=True).action == "propose"
    stopped("ambiguous_match", candidates=but(candidates, odoo_ids=(42, 7)))
    stopped("ambiguous_match", candidates=but(candidates, shared=frozenset()))


def test_several_may_claim_only_what_is_declared_shared():
    link = Decision("link", odoo_id=42)
    shared = Candidates(odoo_ids=(42,), shared=frozenset({42}))
    both = {G: link, G2: link}

    assert several_claim(both, {G: shared, G2: shared}) == both
    stops = several_claim(both, {G: Candidates(odoo_ids=(42,))})
    assert {d.reason_code for d in stops.values()} == {"ambiguous_match"}


def test_outbound_further_object_of_a_shared_record_is_updated_not_a_rival():
    facts = OutboundFacts(
        expected=COPY, linked_gid=G, owner=Owner(G2, OUR_MARK, linked_to=42)
    )

    assert decide_outbound(facts).action == "update"
    assert decide_outbound(but(facts, expected=OURS)).action == "stop"
