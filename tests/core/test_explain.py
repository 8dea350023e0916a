"""The story of a record, and the reason of each amount."""

from datetime import datetime, timedelta
from decimal import Decimal

from core import explain
from core.explain import Event, LineFacts, Saying, Write

NINE = datetime(2026, 11, 24, 9, 12)
ORDER = {"type": "Order", "key": "gid://shopify/Order/1", "record": "#1042"}


def at(minutes, seconds=0):
    return NINE + timedelta(minutes=minutes, seconds=seconds)


def attempt(id, minutes, **values):
    values = {"kind": "attempt", "direction": "in", **ORDER, **values}
    return Event(id=id, at=at(minutes), **values)


def shown(saying):
    """A saying in English, times as hours and minutes."""
    values = {
        name: shown(value)
        if isinstance(value, Saying)
        else f"{value:%H:%M}"
        if isinstance(value, datetime)
        else value
        for name, value in saying.values.items()
    }
    return saying.text % values


def told(*events):
    return [
        (f"{step.at:%H:%M}", step.side, shown(step.said))
        for step in explain.tell(events)
    ]


STOP = {
    "outcome": "variant_unmapped",
    "failed": True,
    "message": "as it was written down",
}


def test_order_by_webhook_is_told_with_its_delay_and_what_it_became():
    event = attempt(
        1,
        1,
        causes=("webhook orders/create",),
        outcome="synced",
        message="S00042 = 119.00 EUR",
        happened_at=at(0),
        asked_at=at(0, 3),
    )
    assert told(event) == [
        ("09:12", "shopify", "Made in Shopify (webhook orders/create, 3 s later here)"),
        ("09:13", "odoo", "Brought into Odoo: S00042 = 119.00 EUR"),
    ]


def test_what_a_schedule_found_says_so_and_how_late():
    first = attempt(1, 0, causes=("webhook orders/create",), outcome="synced")
    event = attempt(
        2,
        30,
        causes=("reconcile",),
        outcome="changed",
        message="x",
        happened_at=at(10),
        asked_at=at(25),
    )
    assert told(first, event)[2] == (
        "09:22",
        "shopify",
        "Changed in Shopify (found by comparing, 15 min later here)",
    )


def test_clock_of_shopify_ahead_of_ours_gives_no_negative_delay():
    event = attempt(
        1,
        0,
        causes=("webhook orders/create",),
        outcome="synced",
        happened_at=at(5),
        asked_at=at(0),
    )
    assert told(event)[0] == (
        "09:12",
        "shopify",
        "Made in Shopify (webhook orders/create)",
    )


def test_five_equal_stops_are_one_step_with_their_number():
    stops = [attempt(n, n, causes=("retry",), **STOP) for n in range(1, 6)]
    [step] = explain.tell(stops)
    assert (step.times, step.at, step.until) == (5, at(1), at(5))
    assert step.tone == "stop"


def test_stops_of_one_record_are_folded_past_steps_of_another():
    customer = attempt(
        2, 2, outcome="synced", type="Customer", key="c", record="Ada", causes=("x",)
    )
    steps = explain.tell(
        [attempt(1, 1, causes=("a",), **STOP), customer]
        + [attempt(3, 3, causes=("a",), **STOP)]
    )
    assert [(step.record, step.times) for step in steps] == [("#1042", 2), ("Ada", 1)]


def test_another_try_that_a_person_asked_for_is_a_step_of_its_own():
    first = attempt(1, 1, causes=("webhook orders/create",), **STOP)
    again = attempt(2, 5, causes=("retry",), by="Ada", **STOP)
    assert told(first, again)[2:] == [
        ("09:17", "person", "Ada asked for another try."),
        ("09:17", "odoo", "as it was written down"),
    ]


def test_success_after_stops_says_how_long_it_stood_and_who_mended_it():
    events = [
        attempt(1, 1, causes=("webhook orders/create",), **STOP),
        attempt(2, 4, causes=("retry",), **STOP),
        attempt(
            3, 9, causes=("released",), by="Grace", outcome="synced", appeared="a tax"
        ),
    ]
    steps = explain.tell(events)
    assert shown(steps[-2].said) == "What it waited for is there now: a tax (Grace)."
    assert [shown(each) for each in steps[-1].details] == [
        "It had stopped 2 times since 09:13."
    ]


def test_stop_is_told_in_the_catalogues_words_where_what_they_name_was_kept():
    event = attempt(
        1,
        1,
        outcome="order_not_paid",
        failed=True,
        message="kept",
        params={"status": "pending"},
    )
    text = shown(explain.tell([event])[0].said)
    assert "pending" in text and "kept" not in text


def test_stop_whose_facts_are_hidden_keeps_the_words_written_down():
    event = attempt(1, 1, params=None, **STOP)
    assert shown(explain.tell([event])[0].said) == "as it was written down"


def test_stop_of_a_reason_that_is_no_more_keeps_the_words_written_down():
    event = attempt(1, 1, outcome="bygone", failed=True, message="Was so", params={})
    assert shown(explain.tell([event])[0].said) == "Was so"


def test_write_with_a_lost_answer_is_told_as_done_once():
    lost = Write("metafields/set", "settled", "req-7", error="no answer")
    event = attempt(1, 1, direction="mark", outcome="synced", writes=(lost,))
    [step] = explain.tell([event])
    assert step.side == "shopify"
    assert [shown(each) for each in step.details] == [
        "metafields/set: Shopify answered late or not at all; it was looked up before "
        "anything was sent again, so it was done once (request req-7)"
    ]


def test_every_state_of_the_book_of_writes_has_words():
    for state in (
        "intent",
        "applied",
        "not_applied",
        "unknown",
        "settled",
        "simulated",
    ):
        event = attempt(1, 1, outcome="synced", writes=(Write("a/b", state),))
        [step] = explain.tell([event])
        assert shown(step.details[0]).startswith("a/b: ")
        assert state not in ("not_applied",) or "didn't" in shown(step.details[0])


def test_customers_steps_belong_to_an_order_only_while_it_came_in():
    customer = {
        "type": "Customer",
        "key": "c",
        "record": "Ada",
        "relation": "customer",
        "outcome": "synced",
    }
    events = [
        attempt(1, -60, **customer),
        attempt(2, 0, causes=("webhook orders/create",), outcome="synced"),
        attempt(3, 5, **customer),
        attempt(4, 90, **customer),
    ]
    assert [step.at for step in explain.tell(events) if step.record == "Ada"] == [at(5)]


def test_deliveries_belong_to_an_order_for_ever():
    delivery = attempt(
        2, 9000, relation="delivery", direction="out", type="stock.picking", key="7"
    )
    steps = explain.tell([attempt(1, 0, outcome="synced"), delivery])
    assert steps[-1].relation == "delivery"


def test_changes_stay_hidden_where_they_were_hidden():
    [step] = explain.tell([attempt(1, 1, outcome="synced", changes=None)])
    assert step.changes is None


def test_person_is_named_with_what_he_did():
    event = Event(1, NINE, "person", by="Ada", message="Closed: a test", **ORDER)
    assert told(event) == [("09:12", "person", "Ada: Closed: a test")]


def test_time_spans_are_told_in_whole_units():
    spans = {0: "0 s", 119: "119 s", 120: "2 min", 7199: "119 min", 7200: "2 h"}
    for seconds, text in spans.items():
        assert shown(explain.span(timedelta(seconds=seconds))) == text
    assert shown(explain.span(timedelta(days=3))) == "3 days"
    assert shown(explain.span(timedelta(seconds=-4))) == "0 s"


KEPT = {
    "label": "SHIRT",
    "title": "Shirt",
    "quantity": 2,
    "unit_price": "20.00",
    "discounts": [["SUMMER10", "4.00"]],
    "taxes": [["Sales Tax 15 %", "5.40"]],
    "removed": 1,
    "total": "41.40",
}


def line(odoo="41.40", amounts=KEPT):
    return LineFacts("gid://shopify/LineItem/1", "variant", amounts, Decimal(odoo))


def test_amount_is_told_piece_by_piece_as_shopify_shared_it_out():
    found = explain.amounts([line()], Decimal("41.40"), 2, Decimal("41.40"))
    [row] = found.rows
    assert [shown(each) for each in row.why] == [
        "2 × 20.00",
        "− 4.00 discount SUMMER10",
        "Sales Tax 15 %: 5.40",
        "1 removed in Shopify before the import",
    ]
    assert (row.shopify, row.odoo, row.differs) == ("41.40", "41.40", False)
    assert (found.lines, found.shopify, found.adds_up) == ("41.40", "41.40", True)


def test_one_cent_between_lines_and_total_is_said():
    assert explain.amounts([line()], Decimal("41.41"), 2).adds_up is False


def test_line_that_was_changed_in_odoo_since_stands_out():
    found = explain.amounts([line(odoo="41.39")], Decimal("41.40"), 2)
    assert found.rows[0].differs
    assert found.adds_up is True


def test_order_of_before_amounts_were_kept_claims_nothing():
    found = explain.amounts([line(), line(amounts=None)], Decimal("41.40"), 2)
    assert found.adds_up is None
    assert (found.rows[1].shopify, found.rows[1].why) == ("", ())
    assert explain.amounts([], Decimal("0"), 2).adds_up is None
