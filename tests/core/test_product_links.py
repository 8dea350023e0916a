"""Which Odoo variant each Shopify variant means, and what is linked or made."""

from core import product_links, products
from core.failures import Failure
from core.identity import Candidates, Decision
from core.outcome import Change
from core.product_links import LinkPlan, Match, MatchIndex, OdooVariant, plan_links

from .product_nodes import gid, product_node, shirt, variant_node

# --- Matching ----------------------------------------------------------------------


def match(plan, *odoo, keys=product_links.MATCH_KEYS, others=()):
    found = product_links.match_variants([plan, *others], MatchIndex(odoo), keys)
    return found[plan.variants[0].gid]


def mug(sku="MUG", barcode=None, number=1, **item):
    return products.plan_product(
        product_node(
            variant_node(number, sku=sku, barcode=barcode, item=item),
            id=f"gid://shopify/Product/{number}",
        )
    )


def test_equal_sku_is_one_match():
    found = match(mug(), OdooVariant(5, 50, sku="MUG"), OdooVariant(6, 60, sku="CUP"))

    assert found == Match((5,), (), "sku", "MUG")
    assert found.is_unique


def test_two_odoo_variants_of_one_sku_are_both_candidates():
    found = match(mug(), OdooVariant(6, 60, sku="MUG"), OdooVariant(5, 50, sku="MUG"))

    assert found == Match((5, 6), (), "sku", "MUG")
    assert not found.is_unique


def test_two_shopify_variants_of_one_sku_are_no_match():
    found = match(mug(), OdooVariant(5, 50, sku="MUG"), others=[mug(number=2)])

    assert found == Match((5,), (gid(2),), "sku", "MUG")
    assert not found.is_unique


def test_variant_found_by_a_search_in_shopify_counts_too():
    index = MatchIndex([OdooVariant(5, 50, sku="MUG")])

    found = product_links.match_variants(
        [mug()], index, seen={("sku", "MUG"): [gid(1), gid(9)]}
    )

    assert found[gid(1)] == Match((5,), (gid(9),), "sku", "MUG")


def test_search_is_worth_it_only_for_a_shared_sku_that_odoo_has_once():
    index = MatchIndex(
        [
            OdooVariant(5, 50, sku="MUG"),
            OdooVariant(6, 60, sku="CUP"),
            OdooVariant(7, 70, sku="CUP"),
            OdooVariant(8, 80, sku="JUG"),
        ]
    )
    plans = [
        mug(duplicateSkuCount=1),
        mug("CUP", number=2, duplicateSkuCount=1),
        mug("JUG", number=3, duplicateSkuCount=0),
        mug("POT", number=4, duplicateSkuCount=1),
    ]

    assert product_links.shared_skus(plans, index) == ("MUG",)


def test_barcode_finds_what_the_sku_does_not():
    found = match(mug(barcode="40063813"), OdooVariant(5, 50, barcode="40063813"))

    assert found == Match((5,), (), "barcode", "40063813")


def test_sku_and_barcode_of_two_products_contradict_each_other():
    plan = mug(barcode="40063813")

    found = match(
        plan, OdooVariant(5, 50, sku="MUG"), OdooVariant(6, 60, barcode="40063813")
    )

    assert found == Match((5, 6), (), "sku", "MUG")


def test_archived_odoo_variant_is_found_only_where_no_other_is():
    archived = OdooVariant(5, 50, sku="MUG", archived=True)

    alone = match(mug(), archived)
    beside = match(mug(), archived, OdooVariant(6, 60, sku="MUG"))

    assert alone == Match((), (), "sku", "MUG", archived_ids=(5,))
    assert beside == Match((6,), (), "sku", "MUG")


def test_archived_odoo_variant_spares_no_search_for_a_shared_sku():
    index = MatchIndex(
        [
            OdooVariant(5, 50, sku="MUG", archived=True),
            OdooVariant(6, 60, sku="MUG"),
        ]
    )

    assert product_links.shared_skus([mug(duplicateSkuCount=1)], index) == ("MUG",)


def test_product_is_made_for_the_first_key_that_the_store_matches_by():
    [variant] = mug(barcode="1").variants

    assert product_links.made_key(variant, ("sku", "barcode")) == "sku:mug"
    assert product_links.made_key(variant, ("barcode", "sku")) == "barcode:1"
    assert product_links.made_key(variant, ("barcode",)) == "barcode:1"


def test_key_that_the_store_does_not_match_by_is_none_to_be_made_for():
    [variant] = mug().variants

    assert product_links.made_key(variant, ("barcode",)) == ""


def test_empty_sku_matches_nothing():
    assert match(mug(sku=""), OdooVariant(5, 50, sku="")) == Match((), (), "", "")


def test_keys_of_a_batch_name_each_value_once():
    keys = product_links.keys_of(
        [mug(barcode="1"), mug(number=2), mug(sku="", number=3)]
    )

    assert keys == {"sku": ("mug",), "barcode": ("1",)}


def test_sku_in_other_letters_and_blanks_is_the_same_sku():
    found = match(mug(sku=" mug "), OdooVariant(5, 50, sku="MUG"))

    assert found.odoo_ids == (5,)


def test_barcode_in_other_letters_is_another_barcode():
    found = match(mug(sku="", barcode="ab1"), OdooVariant(5, 50, barcode="AB1"))

    assert found.odoo_ids == ()


def test_matches_in_two_odoo_products_name_both():
    plan = shirt()
    index = MatchIndex([OdooVariant(5, 50), OdooVariant(6, 60), OdooVariant(7, 60)])

    templates = product_links.template_of(
        plan, {gid(1): 5, gid(2): 6, gid(3): 7}, index
    )

    assert templates == (50, 60)


# --- Links -------------------------------------------------------------------------


def decisions(plan, **by_number):
    """Decisions of a plan's variants by number (v1=…); all others say "create"."""
    found = {
        variant.gid: Decision("create", mark_again=True) for variant in plan.variants
    }
    for number, decision in by_number.items():
        found[gid(int(number.strip("v")))] = decision
    return found


STOP = Decision(
    "stop",
    "ambiguous_match",
    params={"key": "SKU", "value": "SHIRT-2", "candidates": ["one", "two"]},
)
INDEX = MatchIndex(
    [
        OdooVariant(5, 50, name="Shirt S"),
        OdooVariant(6, 50, name="Shirt M"),
        OdooVariant(9, 90, name="Rope", unit="m"),
    ]
)


def unmapped(number, label):
    return Failure("variant_unmapped", {"variant": label}, (f"variant:{gid(number)}",))


def test_unknown_product_is_made_with_all_its_variants():
    plan = shirt()

    found = plan_links(plan, Decision("create"), decisions(plan), INDEX)

    assert found == LinkPlan(
        product=plan, link_template=True, make_template=True, make=plan.variants
    )
    assert found.creates


def test_unknown_product_stops_where_only_links_are_allowed():
    plan = shirt()

    found = plan_links(plan, Decision("unmapped"), decisions(plan), INDEX)

    assert found == Failure("product_unmapped", {"product": "Shirt"})


def test_adopted_product_is_linked_and_nothing_else():
    plan = mug()
    link = Decision("link", odoo_id=5)

    found = plan_links(
        plan, Decision("link", odoo_id=50), decisions(plan, v1=link), INDEX
    )

    assert found == LinkPlan(
        product=plan, template_id=50, link_template=True, link={gid(1): 5}
    )


def test_variant_without_counterpart_is_never_added_to_an_adopted_product():
    plan = shirt()
    known = {f"v{n}": Decision("link", odoo_id=n + 4) for n in (1, 2)}

    found = plan_links(
        plan, Decision("link", odoo_id=50), decisions(plan, **known), INDEX
    )

    assert found.link == {gid(1): 5, gid(2): 6}
    assert found.make == ()
    assert found.stops == (unmapped(3, "SHIRT-3"), unmapped(4, "SHIRT-4"))


def test_ambiguous_variant_stops_the_whole_new_product():
    plan = shirt()
    known = {"v1": Decision("link", odoo_id=5), "v2": STOP}

    found = plan_links(
        plan, Decision("link", odoo_id=50), decisions(plan, **known), INDEX
    )

    assert found == Failure("ambiguous_match", STOP.params, (f"variant:{gid(2)}",))


def test_ambiguous_new_variant_of_a_linked_product_leaves_the_others_going():
    plan = shirt()
    known = {f"v{n}": Decision("update", odoo_id=5) for n in (1, 3)}
    known |= {"v2": STOP, "v4": Decision("link", odoo_id=6)}

    found = plan_links(
        plan, Decision("update", odoo_id=50), decisions(plan, **known), INDEX
    )

    assert found.link == {gid(4): 6}
    assert found.stops == (
        Failure("ambiguous_match", STOP.params, (f"variant:{gid(2)}",)),
    )


def test_matches_in_two_odoo_products_link_the_variants_and_ask_for_the_product():
    plan = mug()
    several = Decision(
        "stop",
        "ambiguous_match",
        params={"key": "variants", "value": "MUG", "candidates": ["Mug", "Cup"]},
    )

    found = plan_links(
        plan, several, decisions(plan, v1=Decision("link", odoo_id=5)), INDEX
    )

    assert found == LinkPlan(product=plan, link={gid(1): 5}, stops=(several.failure,))


def test_disagreement_about_the_product_stops_everything():
    plan = mug()
    conflict = Decision(
        "stop", "identity_conflict", params={"ours": "Mug", "theirs": "Cup"}
    )

    found = plan_links(
        plan, conflict, decisions(plan, v1=Decision("link", odoo_id=5)), INDEX
    )

    assert found == conflict.failure


def test_new_variant_is_added_to_a_product_that_was_made_here():
    plan = shirt()
    known = {f"v{n}": Decision("update", odoo_id=5) for n in (1, 2, 3)}

    found = plan_links(
        plan,
        Decision("update", odoo_id=50),
        decisions(plan, **known),
        INDEX,
        made_here=True,
    )

    assert found == LinkPlan(product=plan, template_id=50, make=(plan.variants[3],))


def test_linked_product_without_news_changes_nothing():
    plan = mug()
    same = Decision("update", odoo_id=5)

    found = plan_links(
        plan, Decision("update", odoo_id=50), decisions(plan, v1=same), INDEX
    )

    assert found == LinkPlan(product=plan, template_id=50)
    assert not found.creates


def test_cleared_marks_are_asked_for_again():
    plan = mug()
    cleared = Decision("update_and_mark", odoo_id=5, mark_again=True)
    product = Decision("update_and_mark", odoo_id=50, mark_again=True)

    found = plan_links(plan, product, decisions(plan, v1=cleared), INDEX)

    assert found.mark_again == (plan.gid, gid(1))
    assert not found.creates


def test_cleared_mark_of_a_variant_is_asked_for_though_its_product_is_not_linked_yet():
    plan = mug()
    cleared = Decision("update_and_mark", odoo_id=5, mark_again=True)

    for product in (Decision("link", odoo_id=50), STOP):
        found = plan_links(plan, product, decisions(plan, v1=cleared), INDEX)

        assert found.mark_again == (gid(1),)


def test_product_is_not_made_anew_while_a_variant_of_it_is_linked():
    plan = mug()
    linked = Decision("update", odoo_id=5)

    found = plan_links(
        plan, Decision("create", mark_again=True), decisions(plan, v1=linked), INDEX
    )

    assert (found.code, found.params["candidate"], found.params["other"]) == (
        "match_taken",
        "Shirt S",
        gid(1),
    )


def test_product_kept_in_another_unit_stops():
    plan = mug()
    rope = Decision("link", odoo_id=9)

    found = plan_links(
        plan, Decision("link", odoo_id=90), decisions(plan, v1=rope), INDEX
    )

    assert found == Failure(
        "unit_differs", {"product": "Rope", "unit": "m"}, (f"variant:{gid(1)}",)
    )


def test_barcode_that_odoo_has_already_is_a_conflict():
    plan = mug(barcode="40063813")
    index = MatchIndex([OdooVariant(5, 50, barcode="40063813", name="Cup")])
    matches = product_links.match_variants([plan], index, ("barcode",))

    found = product_links.barcode_conflict(plan.variants, index, matches)

    assert found == Failure(
        "ambiguous_match",
        {"key": "barcode", "value": "40063813", "candidates": ["Cup"]},
    )


def test_barcode_that_nobody_has_is_none():
    plan = mug(barcode="40063813")
    matches = product_links.match_variants([plan], INDEX, ("barcode",))

    assert product_links.barcode_conflict(plan.variants, INDEX, matches) is None


def test_candidates_say_which_are_archived():
    index = MatchIndex([OdooVariant(5, 50, sku="MUG", archived=True)])

    found = product_links.candidates_of(
        product_links.match_variants([mug()], index), index
    )

    assert found == {gid(1): Candidates((), (), "SKU", "MUG", archived_ids=(5,))}


def test_candidates_say_which_of_them_are_taken():
    plan = mug()
    index = MatchIndex([OdooVariant(5, 50, sku="MUG", linked_gid=gid(8))])
    matches = product_links.match_variants([plan], index)

    found = product_links.candidates_of(matches, index)

    assert found == {
        gid(1): Candidates(odoo_ids=(5,), key="SKU", value="MUG", taken={5: gid(8)})
    }
    assert found[gid(1)].remote_gids == ()


# --- Differences -------------------------------------------------------------------


def test_difference_is_shown_when_it_begins_and_not_each_time():
    shopify, odoo = {"name": "Shirt", "SKU": "S"}, {"name": "Blouse", "SKU": "S"}

    first = product_links.new_differences(shopify, odoo, None)
    noted = product_links.pairs(shopify, odoo)
    again = product_links.new_differences(shopify, odoo, noted)

    assert first == (Change("name", "Blouse", "Shirt"),)
    assert again == ()


def test_difference_that_moves_on_is_shown_again():
    noted = {"price": ["19.90", "21.00"]}

    found = product_links.new_differences(
        {"price": "20.90"}, {"price": "21.00"}, noted, "SHIRT-1"
    )

    assert found == (Change("SHIRT-1: price", "21.00", "20.90"),)


def test_field_that_odoo_doesnt_tell_is_no_difference():
    assert product_links.new_differences({"price": "1.00"}, {}, None) == ()
