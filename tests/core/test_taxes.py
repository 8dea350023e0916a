from decimal import Decimal

import pytest

from core.taxes import TaxAmount, TaxKey, parse_key, tax_amounts, tax_key, total

from .order_nodes import tax

BTW = TaxKey("BTW", Decimal("0.21"), False)


def test_key_names_title_rate_and_inclusion():
    assert str(tax_key(tax("2.10"), False)) == "BTW|0.21|excluded"
    assert str(tax_key(tax("2.10"), True)) == "BTW|0.21|included"


def test_tax_that_the_marketplace_pays_has_its_own_key():
    assert str(tax_key(tax("2.10", liable=True), False)) == "BTW|0.21|excluded|channel"


def test_unknown_liability_is_the_merchants():
    assert tax_key(tax("1.00", liable=None), False) == BTW


@pytest.mark.parametrize("rate", [0.0825, 0.07, 0.2, 0.1 + 0.2])
def test_rate_is_what_shopify_wrote(rate):
    key = tax_key(tax("1.00", rate=rate), False)

    assert float(key.rate) == rate
    assert parse_key(str(key)) == key


def test_missing_rate_is_zero():
    assert tax_key(tax("1.00", rate=None), False).rate == 0


def test_title_cannot_break_the_key():
    key = tax_key(tax("1.00", title=" State | County  tax"), True)

    assert str(key) == "State / County tax|0.21|included"


@pytest.mark.parametrize("text", ["BTW", "BTW|x|included", "BTW|0.2|maybe", "a|1|b|c"])
def test_text_that_is_no_key_is_refused(text):
    with pytest.raises((ValueError, ArithmeticError)):
        parse_key(text)


def test_equal_keys_on_one_line_add_up_in_order():
    lines = [tax("1.00", 0.05, "GST"), tax("2.00"), tax("0.50", 0.05, "GST")]

    amounts = tax_amounts(lines, False, "shop")

    assert amounts == (
        TaxAmount(TaxKey("GST", Decimal("0.05"), False), Decimal("1.50")),
        TaxAmount(BTW, Decimal("2.00")),
    )
    assert total(amounts) == Decimal("3.50")


def test_people_read_percent():
    key = TaxKey("Sales tax", Decimal("0.0825"), True, True)

    assert key.describe() == (
        "Sales tax 8.25 %, included in the price, paid by the marketplace"
    )
    assert TaxKey("VAT", Decimal("0.1"), False).describe() == "VAT 10 %"
