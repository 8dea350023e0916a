"""What a retry would do: said from live facts, for each way a subject can stand."""

import pytest

from core.forecast import Facts, by_kind, forecast


def said(**facts):
    found = forecast(Facts(**facts))
    return found.text % {"record": found.record}


def test_linked_order_is_updated_and_nothing_is_created():
    text = said(direction="in", type="Order", link="there", record="S00042")
    assert text == "Updates S00042; creates nothing."


def test_order_without_link_creates_one_sales_order():
    text = said(direction="in", type="Order")
    assert text == "Creates one sales order: nothing exists in Odoo yet."


def test_link_whose_record_was_deleted_creates_nothing():
    for direction, kind in (("in", "Order"), ("out", "stock.picking")):
        text = said(direction=direction, type=kind, link="gone")
        assert "creates nothing" in text


def test_fulfilment_is_checked_before_it_is_sent():
    text = said(direction="out", type="stock.picking", link="there", record="WH/OUT/1")
    assert text == "Sends one fulfilment; checked first whether it is there already."


def test_unanswered_request_is_asked_about_whatever_else_is_true():
    for link in ("there", "none"):
        text = said(direction="out", type="stock.picking", link=link, unanswered=1)
        assert text.startswith("Asks Shopify first")


def test_flow_in_review_does_nothing_until_accepted():
    text = said(direction="in", type="Order", asks_first=True)
    assert "nothing is done until somebody accepts it" in text


def test_known_record_of_a_flow_in_review_is_updated():
    text = said(
        direction="in", type="Order", link="there", record="S1", asks_first=True
    )
    assert text == "Updates S1; creates nothing."


def test_mark_writes_an_id_and_nothing_else():
    assert said(direction="mark", type="Order", link="there").startswith(
        "Writes Odoo's"
    )


@pytest.mark.parametrize("kind", ["Location", "Collection"])
def test_what_only_gets_read_creates_no_record(kind):
    assert "creates no record" in said(direction="in", type=kind)


def test_many_are_counted_by_kind_most_frequent_first():
    new = forecast(Facts("in", "Order"))
    known = [forecast(Facts("in", "Order", "there", f"S{n}")) for n in (1, 2, 3)]

    found = by_kind([new, *known])

    assert [(each.key, count) for each, count in found] == [
        ("update", 3),
        ("make Order", 1),
    ]
    assert found[0][0].many % {"count": 3} == (
        "updates what is linked, creating nothing: 3"
    )
