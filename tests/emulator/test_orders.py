"""Orders as the API shows them, and what merchants and buyers do to them."""

import pytest

from .money import read

VAT = [{"title": "VAT", "rate": "0.19"}]
READ = """query($id: ID!) { order(id: $id) {
    id name updatedAt displayFinancialStatus displayFulfillmentStatus cancelledAt edited
    cancellation { staffNote } customer { id } email
    totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount } }
    shippingAddress { name city countryCodeV2 }
    lineItems(first: 10) { nodes { id sku quantity currentQuantity isGiftCard
      variant { id } product { id }
      discountAllocations { allocatedAmountSet { shopMoney { amount } }
        discountApplication { index targetType ... on DiscountCodeApplication { code }
          value { ... on MoneyV2 { amount } ... on PricingPercentageValue {
            percentage } } } }
      taxLines { title rate priceSet { shopMoney { amount } } } } }
    shippingLines(first: 5) { nodes { title isRemoved } }
    nonFulfillableLineItems(first: 5) { nodes { id } }
    transactions(first: 5) { kind status gateway amountSet { shopMoney { amount } } }
    refunds(first: 5) { id
      refundLineItems(first: 5) { nodes { quantity restockType } } }
    purchasingEntity { ... on Customer { id } }
    agreements(first: 5) { nodes { __typename reason ... on OrderAgreement {
      sales(first: 5) { nodes { __typename lineType
        ... on ProductSale { lineItem { id } } } } } } }
} }"""
UPDATED = """query($text: String) { orders(
    first: 50, sortKey: UPDATED_AT, query: $text) { nodes { id updatedAt } } }"""


@pytest.fixture
def product(shop):
    return shop.create_product(
        title="Shirt",
        options=["Size"],
        variants=[
            {"sku": "S-1", "price": "10.00", "options": ["S"], "stock": 20},
            {"sku": "S-2", "price": "12.00", "options": ["M"], "stock": 20},
        ],
    )


@pytest.fixture
def place(shop):
    return shop.of_type("Location")[0]["id"]


def stock(shop, product, place):
    quantities = shop.stock(product["variants"][0], place)
    return tuple(quantities[name] for name in ("available", "committed", "on_hand"))


def test_api_shows_the_order_with_everything_below_it(shop, ask, product):
    ann = shop.create_customer(
        email="ann@example.com",
        first_name="Ann",
        addresses=[{"firstName": "Ann", "lastName": "Lee", "city": "Bonn"}],
    )
    order = shop.create_order(
        lines=[{"variant": "S-1", "quantity": 2}],
        customer="ann@example.com",
        shipping=[{"title": "DHL", "price": "4.90"}],
        discounts=[{"percent": 10, "code": "TEN"}],
        taxes=VAT,
    )
    got = ask(READ, id=order["id"])["order"]
    line = got["lineItems"]["nodes"][0]
    assert got["name"] == "#1001"
    assert got["customer"] == got["purchasingEntity"] == {"id": ann["id"]}
    assert got["email"] == "ann@example.com"
    assert got["shippingAddress"]["name"] == "Ann Lee"
    assert got["totalPriceSet"]["shopMoney"] == {
        "amount": "22.9",
        "currencyCode": "EUR",
    }
    assert line["variant"] == {"id": product["variants"][0]}
    assert line["discountAllocations"] == [
        {
            "allocatedAmountSet": {"shopMoney": {"amount": "2.0"}},
            "discountApplication": {
                "index": 0,
                "targetType": "LINE_ITEM",
                "code": "TEN",
                "value": {"percentage": 10.0},
            },
        }
    ]
    assert line["taxLines"][0]["priceSet"]["shopMoney"]["amount"] == "2.87"
    assert got["transactions"][0] == {
        "kind": "SALE",
        "status": "SUCCESS",
        "gateway": "shopify_payments",
        "amountSet": {"shopMoney": {"amount": "22.9"}},
    }
    assert got["agreements"]["nodes"][0]["sales"]["nodes"][0] == {
        "__typename": "ProductSale",
        "lineType": "PRODUCT",
        "lineItem": {"id": line["id"]},
    }


def test_what_is_not_emulated_says_so(shop, ask, product):
    order = shop.create_order(lines=[{"variant": "S-1"}])
    codes = ask.codes(
        "query($id: ID!) { order(id: $id) { id statusPageUrl } }", id=order["id"]
    )
    assert codes == ["NOT_EMULATED"]


def test_guest_order_has_no_customer(shop, ask, product):
    order = shop.create_order(lines=[{"variant": "S-1"}], email="guest@example.com")
    got = ask(READ, id=order["id"])["order"]
    assert (got["customer"], got["purchasingEntity"]) == (None, None)
    assert got["email"] == "guest@example.com"


def test_deleted_variant_is_null_on_its_line(shop, ask, product):
    order = shop.create_order(lines=[{"variant": "S-1"}])
    shop.delete_product(product["id"])
    line = ask(READ, id=order["id"])["order"]["lineItems"]["nodes"][0]
    assert (line["variant"], line["product"], line["sku"]) == (None, None, "S-1")


def test_placing_commits_and_fulfilling_takes_away(shop, product, place):
    order = shop.create_order(lines=[{"variant": "S-1", "quantity": 3}])
    assert stock(shop, product, place) == (17, 3, 20)
    shop.merchant_fulfill(order["id"])
    assert stock(shop, product, place) == (17, 0, 17)
    assert order["displayFulfillmentStatus"] == "FULFILLED"
    assert order["closedAt"] is not None


def test_untracked_variant_moves_no_stock(shop, place):
    made = shop.create_product(
        title="Song", variants=[{"sku": "D", "price": "1", "tracked": False}]
    )
    shop.create_order(lines=[{"variant": "D", "quantity": 3}])
    assert stock(shop, made, place) == (0, 0, 0)


def test_pos_sale_is_paid_and_handed_over_at_once(shop, product, place):
    order = shop.pos_sale(lines=[{"variant": "S-1"}], location=place)
    assert stock(shop, product, place) == (19, 0, 19)
    assert order["sourceName"] == "pos"
    assert order["retailLocation"] == place
    assert order["shippingAddress"] is None
    assert order["displayFulfillmentStatus"] == "FULFILLED"
    entry = shop.get(order["_fulfillment_orders"][0])
    assert entry["deliveryMethod"]["methodType"] == "RETAIL"


@pytest.mark.parametrize(
    ("restock", "expected"),
    [("cancel", (20, 0, 20)), ("no_restock", (19, 0, 19))],
)
def test_refund_before_sending_frees_the_reservation(
    shop, product, place, restock, expected
):
    order = shop.create_order(lines=[{"variant": "S-1"}])
    shop.refund_order(order["id"], lines=[{"line": 0, "restock": restock}])
    assert stock(shop, product, place) == expected
    assert shop.get(order["_fulfillment_orders"][0])["status"] == "CLOSED"


def test_return_brings_sent_units_back(shop, product, place):
    order = shop.create_order(lines=[{"variant": "S-1", "quantity": 2}])
    shop.merchant_fulfill(order["id"])
    made = shop.refund_order(
        order["id"], lines=[{"line": 0, "quantity": 1, "restock": "return"}]
    )
    assert stock(shop, product, place) == (19, 0, 19)
    assert made["refundLineItems"][0]["location"] == place


def test_only_unsent_units_can_be_cancelled(shop, product):
    order = shop.create_order(lines=[{"variant": "S-1"}], fulfilled=True)
    with pytest.raises(ValueError, match="weren't sent"):
        shop.refund_order(order["id"], lines=[{"line": 0, "restock": "cancel"}])


def test_cancelled_order_is_refunded_restocked_and_closed(shop, ask, product, place):
    order = shop.create_order(
        lines=[{"variant": "S-1", "quantity": 2}],
        shipping=[{"price": "5.00"}],
        taxes=VAT,
        taxes_included=False,
    )
    shop.cancel_order(order["id"], reason="CUSTOMER", note="changed her mind")
    got = ask(READ, id=order["id"])["order"]
    assert stock(shop, product, place) == (20, 0, 20)
    assert got["cancellation"] == {"staffNote": "changed her mind"}
    assert got["displayFinancialStatus"] == "REFUNDED"
    assert got["lineItems"]["nodes"][0]["currentQuantity"] == 0
    assert got["refunds"][0]["refundLineItems"]["nodes"] == [
        {"quantity": 2, "restockType": "CANCEL"}
    ]
    assert read(order["totalRefundedSet"]) == read(order["totalPriceSet"])
    assert not read(order["currentTotalPriceSet"])
    assert shop.get(order["_fulfillment_orders"][0])["status"] == "CANCELLED"


def test_cancelling_an_authorised_order_voids_it(shop, product):
    order = shop.create_order(lines=[{"variant": "S-1"}], payment="authorized")
    assert order["displayFinancialStatus"] == "AUTHORIZED"
    shop.cancel_order(order["id"])
    assert order["displayFinancialStatus"] == "VOIDED"


def test_capture_pays_what_was_authorised(shop, product):
    order = shop.create_order(lines=[{"variant": "S-1"}], payment="authorized")
    shop.capture_order(order["id"])
    assert order["displayFinancialStatus"] == "PAID"
    assert order["totalCapturableSet"]["shopMoney"]["amount"] == "0.0"


def test_pending_order_is_paid_by_hand(shop, product):
    order = shop.create_order(
        lines=[{"variant": "S-1"}], payment="pending", gateway="bank_transfer"
    )
    assert order["displayFinancialStatus"] == "PENDING"
    shop.mark_paid(order["id"])
    assert order["displayFinancialStatus"] == "PAID"
    assert len(order["_transactions"]) == 1


def test_part_payment_is_partially_paid(shop, product):
    order = shop.create_order(lines=[{"variant": "S-1"}], payment=[{"amount": "4.00"}])
    assert order["displayFinancialStatus"] == "PARTIALLY_PAID"
    assert order["totalOutstandingSet"]["shopMoney"]["amount"] == "6.0"


def test_edit_adds_a_line_and_removes_unsent_units(shop, ask, product, place):
    order = shop.create_order(lines=[{"variant": "S-1", "quantity": 3}])
    shop.edit_order(
        order["id"],
        add=[{"variant": "S-2"}],
        remove=[{"line": 0, "quantity": 2}],
    )
    got = ask(READ, id=order["id"])["order"]
    assert [
        (row["sku"], row["quantity"], row["currentQuantity"])
        for row in got["lineItems"]["nodes"]
    ] == [("S-1", 3, 1), ("S-2", 1, 1)]
    assert got["edited"] is True
    assert order["currentTotalPriceSet"]["shopMoney"]["amount"] == "22.0"
    assert order["originalTotalPriceSet"]["shopMoney"]["amount"] == "30.0"
    assert order["totalOutstandingSet"]["shopMoney"]["amount"] == "-8.0"
    assert stock(shop, product, place) == (19, 1, 20)


def test_edit_adds_units_of_a_line_at_its_price_and_tax(shop, product, place):
    order = shop.create_order(lines=[{"variant": "S-1"}], taxes=VAT)
    shop.edit_order(order["id"], increase=[{"line": 0, "quantity": 2}])
    assert shop.get(order["lineItems"][0])["quantity"] == 3
    assert order["currentTotalPriceSet"]["shopMoney"]["amount"] == "30.0"
    assert order["currentTotalTaxSet"]["shopMoney"]["amount"] == "4.79"
    assert stock(shop, product, place) == (17, 3, 20)
    assert [
        shop.get(row)["totalQuantity"]
        for gid in order["_fulfillment_orders"]
        for row in shop.get(gid)["lineItems"]
    ] == [1, 2]


def test_total_price_follows_edits_or_stays_the_original(shop, product):
    shop.switches.total_price_follows_edits = False
    order = shop.create_order(lines=[{"variant": "S-1"}])
    shop.edit_order(order["id"], add=[{"variant": "S-2"}])
    assert order["totalPriceSet"]["shopMoney"]["amount"] == "10.0"
    assert order["currentTotalPriceSet"]["shopMoney"]["amount"] == "22.0"


@pytest.mark.parametrize(("shows", "count"), [(True, 1), (False, 0)])
def test_units_removed_by_an_edit_may_show_as_a_refund(shop, product, shows, count):
    shop.switches.edit_removal_shows_refund = shows
    order = shop.create_order(lines=[{"variant": "S-1", "quantity": 3}])
    shop.edit_order(order["id"], remove=[{"line": "S-1", "quantity": 1}])
    assert len(order["_refunds"]) == count
    assert order["currentTotalPriceSet"]["shopMoney"]["amount"] == "20.0"


def test_removed_shipping_is_listed_only_with_removals(shop, ask, product):
    order = shop.create_order(
        lines=[{"variant": "S-1"}], shipping=[{"title": "DHL", "price": "5.00"}]
    )
    shop.edit_order(order["id"], remove_shipping=True)
    assert ask(READ, id=order["id"])["order"]["shippingLines"]["nodes"] == []
    removed = ask(
        """query($id: ID!) { order(id: $id) { shippingLines(
        first: 5, includeRemovals: true) { nodes { title isRemoved } } } }""",
        id=order["id"],
    )
    assert removed["order"]["shippingLines"]["nodes"] == [
        {"title": "DHL", "isRemoved": True}
    ]
    assert order["currentTotalPriceSet"]["shopMoney"]["amount"] == "10.0"


def test_changed_order_is_found_by_updated_at_after_the_lag(
    shop, ask, emulator, product
):
    old = shop.create_order(lines=[{"variant": "S-1"}])
    shop.set_search_lag(seconds=600)
    emulator.advance(3600)
    shop.tag_order(old["id"], add=["vip"])
    text = f"updated_at:>='{shop.timestamp()}'"
    assert ask(UPDATED, text=text)["orders"]["nodes"] == []
    emulator.advance(601)
    assert ask(UPDATED, text=text)["orders"]["nodes"] == [
        {"id": old["id"], "updatedAt": "2026-11-24T11:00:00Z"}
    ]


def test_deleted_order_reads_as_null(shop, ask, product):
    order = shop.create_order(lines=[{"variant": "S-1"}])
    shop.delete_order(order["id"])
    assert ask(READ, id=order["id"])["order"] is None


def test_unknown_argument_of_create_order_is_refused(shop, product):
    with pytest.raises(TypeError, match="adress"):
        shop.create_order(lines=[{"variant": "S-1"}], adress={})
    assert shop.of_type("Order") == []


def test_orders_taxes_are_those_of_its_lines_once_for_each_title_and_rate(
    shop, ask, product
):
    order = shop.create_order(
        lines=[{"variant": "S-1"}, {"variant": "S-1"}],
        shipping=[{"title": "DHL", "price": "5.00"}],
        taxes=[{"title": "VAT", "rate": "0.2"}],
        taxes_included=False,
    )
    text = """query($id: ID!) { order(id: $id) {
        taxLines { title rate priceSet { shopMoney { amount } } }
        lineItems(first: 5) { nodes { taxLines {
            priceSet { shopMoney { amount } } } } }
        shippingLines(first: 1) { nodes { taxLines { title } } } } }"""

    read = ask(text, id=order["id"])["order"]

    (tax,) = read["taxLines"]
    parts = [
        float(line["taxLines"][0]["priceSet"]["shopMoney"]["amount"])
        for line in read["lineItems"]["nodes"]
    ]
    assert (tax["title"], tax["rate"]) == ("VAT", 0.2)
    assert float(tax["priceSet"]["shopMoney"]["amount"]) == sum(parts) > 0
    assert read["shippingLines"]["nodes"][0]["taxLines"] == [{"title": "VAT"}]


def test_shop_names_the_countries_it_ships_to(shop, ask):
    shop.edit_shop(shipsToCountries=["BE"])

    assert ask("{ shop { shipsToCountries } }")["shop"] == {"shipsToCountries": ["BE"]}
