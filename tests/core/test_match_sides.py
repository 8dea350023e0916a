"""Both sides of a row of the worksheet, and what differs."""

from core.match_sides import LABELS, differences, shown


def test_only_what_is_there_is_shown_in_one_order():
    values = {"status": "ACTIVE", "price": "9.5", "sku": "A", "barcode": "", "x": 1}

    assert shown(values) == {"sku": "A", "price": "9.50", "status": "active"}
    assert list(shown(values)) == [name for name in LABELS if name in shown(values)]


def test_prices_are_the_same_whatever_their_zeros():
    assert differences({"price": "9.50"}, {"price": 9.5}) == {}
    assert differences({"price": "9"}, {"price": 9.0}) == {}
    assert differences({"price": "9.50"}, {"price": 9.51}) == {
        "price": ("9.50", "9.51")
    }


def test_keys_differ_as_they_are_matched():
    assert differences({"sku": "a-1"}, {"sku": " A-1 "}) == {}
    assert differences({"barcode": "a"}, {"barcode": "A"}) == {"barcode": ("a", "A")}


def test_what_one_side_does_not_say_is_no_difference():
    assert differences({"barcode": "1"}, {"barcode": ""}) == {}


def test_names_differ_but_for_letters_and_blanks():
    assert differences({"name": "Blue  Mug"}, {"name": "blue mug"}) == {}
    assert differences({"name": "Mug"}, {"name": "Cup"}) == {"name": ("Mug", "Cup")}


def test_default_title_is_no_option():
    assert shown({"options": ["Default Title"]}) == {}
    assert shown({"options": ["S", "Red"]}) == {"options": "S, Red"}


def test_dates_and_states_tell_apart_but_contradict_nothing():
    left = {"created": "2026-01-02T03:04:05Z", "status": "ACTIVE"}

    assert differences(left, {"created": "2020-01-01", "status": "x"}) == {}
    assert shown(left)["created"] == "2026-01-02"


def test_phones_differ_by_their_digits_only():
    assert differences({"phone": "+31 6 12"}, {"phone": "+31612"}) == {}
