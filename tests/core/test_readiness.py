"""What a flow needs before it starts: from facts, one list a flow, with what it stops."""

import pytest

from core.readiness import (
    Choice,
    Facts,
    Item,
    Seen,
    collect,
    in_the_way,
    readiness,
    shown,
)

READY = Facts(
    settings={"pricelist": "Shop EUR", "warehouse": "Main", "carrier": "Post"}
)
SHOP = {
    "currencyCode": "EUR",
    "enabledPresentmentCurrencies": ["EUR", "CAD"],
    "shipsToCountries": ["DE", "XK"],
}


def node(**values):
    return {
        "taxesIncluded": True,
        "currencyCode": "EUR",
        "presentmentCurrencyCode": "EUR",
        "paymentGatewayNames": ["klarna"],
        "shippingAddress": {"countryCodeV2": "US", "provinceCode": "NY"},
        "taxLines": [{"title": "VAT", "rate": 0.19, "channelLiable": False}],
        "shippingLines": {"nodes": [line()]},
        **values,
    }


def line(title="Express", code="EXP", source="shopify", **values):
    return {
        "title": title,
        "code": code,
        "source": source,
        "isRemoved": False,
        "taxLines": [],
        **values,
    }


def of(flow, facts=READY, seen=None):
    return readiness(facts, seen or Seen())[flow]


def states(items):
    return {item.key or item.kind: item.state for item in items}


# --- what the shop has shown ---


def test_orders_are_counted_once_for_each_thing_they_name():
    seen = collect(
        SHOP,
        [
            node(),
            node(paymentGatewayNames=["klarna", "klarna", "gift_card"]),
            node(presentmentCurrencyCode="CAD", shippingAddress=None),
        ],
    )

    assert seen.orders == 3
    assert seen.gateways == {"gift_card": 1, "klarna": 3}
    assert seen.currencies == {"CAD": 1, "EUR": 2}
    assert seen.countries == {"US": 2}
    assert seen.states == {"US-NY": 2}
    assert seen.taxes == {"VAT|0.19|included": 3}
    assert seen.deliveries == {"shopify|EXP": 3}
    assert seen.titles == {"shopify|EXP": "Express"}
    assert seen.offered_countries == ("DE", "XK")


def test_removed_shipping_counts_for_nothing_and_taxes_of_shipping_do():
    gone = line("Pick-up", "PICK", isRemoved=True)
    taxed = line(taxLines=[{"title": "Freight", "rate": 0.07, "channelLiable": None}])

    seen = collect(SHOP, [node(taxLines=[], shippingLines={"nodes": [gone, taxed]})])

    assert seen.deliveries == {"shopify|EXP": 1}
    assert seen.taxes == {"Freight|0.07|included": 1}


def test_one_way_of_sending_in_two_languages_is_one():
    seen = collect(
        SHOP,
        [node(), node(shippingLines={"nodes": [line("Expresszustellung")]})],
    )

    assert seen.deliveries == {"shopify|EXP": 2}


def test_way_without_code_is_told_by_its_title():
    seen = collect(SHOP, [node(shippingLines={"nodes": [line("By | bike", None)]})])

    assert seen.deliveries == {"shopify|By / bike": 1}


def test_shipped_orders_without_any_address_tell_that_addresses_are_withheld():
    hidden, digital = node(shippingAddress=None), node(shippingLines={"nodes": []})

    assert not collect(SHOP, [hidden]).has_addresses
    assert collect(SHOP, [hidden, node()]).has_addresses
    assert collect(SHOP, [digital | {"shippingAddress": None}]).has_addresses
    assert collect(SHOP, []).has_addresses


def test_country_in_front_of_a_province_is_taken_off():
    address = {"countryCodeV2": "JP", "provinceCode": "JP-13"}

    assert collect(SHOP, [node(shippingAddress=address)]).states == {"JP-13": 1}


def test_seen_comes_back_from_json_as_it_was():
    seen = collect(SHOP, [node(shippingAddress=None)], is_whole=False)

    assert Seen.from_json(seen.as_json()) == seen
    assert Seen.from_json(None) == Seen()
    assert Seen.from_json({**seen.as_json(), "of another version": 1}) == seen


# --- the verdict ---


def test_store_that_has_all_lacks_nothing():
    for flow in ("orders", "customers", "products", "stock", "fulfilments"):
        assert [item for item in of(flow) if item.is_open] == []


def test_tax_is_found_proposed_or_missing_and_needed_to_start():
    facts = Facts(
        settings=READY.settings,
        taxes=(
            Choice("a", "VAT 19 %", "19% USt"),
            Choice("b", "VAT 7 %", proposal="7% USt"),
            Choice("c", "GST 5 %"),
        ),
    )

    items = [item for item in of("orders", facts) if item.kind == "tax"]

    assert states(items) == {"a": "found", "b": "proposed", "c": "missing"}
    assert [item.key for item in in_the_way(items)] == ["b", "c"]
    assert items[1].value == "7% USt"


@pytest.mark.parametrize("name", ["pricelist", "warehouse", "carrier"])
def test_setting_that_is_missing_is_in_the_way_of_orders_only(name):
    facts = Facts(settings={**READY.settings, name: ""})

    assert [item.kind for item in in_the_way(of("orders", facts))] == [name]
    assert in_the_way(of("stock", facts)) == ()


def test_location_is_needed_for_stock_and_stops_only_its_own_orders():
    facts = Facts(
        settings=READY.settings,
        locations=(Choice("l", "Berlin"),),
        places=(Choice("l", "Berlin"),),
    )

    assert [item.kind for item in in_the_way(of("stock", facts))] == ["location"]
    assert in_the_way(of("orders", facts)) == ()
    assert [item.kind for item in of("orders", facts) if item.is_open] == ["location"]


def test_way_of_sending_without_a_method_goes_by_the_stores_own_and_is_no_gap():
    facts = Facts(
        settings=READY.settings,
        deliveries=(Choice("x", "Express", "DHL"), Choice("s", "Standard")),
    )

    express, standard = (i for i in of("orders", facts) if i.kind == "delivery")

    assert (express.state, express.value) == ("found", "DHL")
    assert (standard.state, standard.value) == ("proposed", "Post")
    assert not standard.is_open


def test_other_currencies_are_needed_only_where_orders_keep_them():
    cad, gbp = Choice("CAD", "CAD"), Choice("GBP", "GBP")
    seen = Seen(orders=9, currencies={"CAD": 4})
    for keeps, expected in (
        (False, {"CAD": ("not_needed", False), "GBP": ("not_needed", False)}),
        (True, {"CAD": ("missing", True), "GBP": ("missing", False)}),
    ):
        facts = Facts(
            settings=READY.settings,
            currencies=(cad, gbp),
            keeps_buyers_currency=keeps,
        )
        items = [i for i in of("orders", facts, seen) if i.kind == "currency"]
        assert {i.key: (i.state, i.required) for i in items} == expected
        assert items[0].orders == 4


def test_country_that_odoo_lacks_is_missing_and_a_state_is_not_needed():
    facts = Facts(
        settings=READY.settings,
        countries=(Choice("XK", "XK"), Choice("US", "US", "United States")),
        states=(Choice("XK-1", "XK-1"), Choice("US-NY", "US-NY", "New York")),
    )

    for flow in ("orders", "customers"):
        items = [i for i in of(flow, facts) if i.kind in ("country", "state")]
        assert states(items) == {
            "XK": "missing",
            "US": "found",
            "XK-1": "not_needed",
            "US-NY": "found",
        }
        assert in_the_way(items) == ()


def test_gift_card_needs_no_journal_and_a_gateway_is_counted_with_its_orders():
    facts = Facts(
        settings=READY.settings,
        gateways=(
            Choice("gift_card", "gift_card"),
            Choice("klarna", "klarna"),
            Choice("paypal", "paypal", "Bank"),
        ),
    )
    seen = Seen(orders=412, gateways={"klarna": 37, "gift_card": 2})

    items = of("payments", facts, seen)

    assert states(items) == {
        "klarna": "missing",
        "paypal": "found",
        "gift_card": "not_needed",
    }
    assert items[0].orders == 37
    # No flow of this version uses them.
    assert all(item.kind != "payment" for item in of("orders", facts, seen))


def test_missing_permission_is_named_with_its_own_flow():
    facts = Facts(settings=READY.settings, scopes={"payouts": ("read_x",)})

    assert of("payouts", facts) == (
        Item("scope", "read_x", "read_x", "missing", required=True),
    )
    assert of("orders", facts)[0].kind == "pricelist"


def test_store_that_was_never_connected_starts_nothing_and_one_on_hold_may_be_set():
    new = Facts(problem="not connected", is_new=True, settings=READY.settings)
    held = Facts(problem="on hold", settings=READY.settings)

    assert [i.label for i in in_the_way(of("products", new))] == ["not connected"]
    assert in_the_way(of("products", held)) == ()
    assert of("products", held)[0].is_open


def test_shut_gate_owner_and_mails_are_told_and_keep_no_mapping_from_being_complete():
    facts = Facts(
        settings=READY.settings,
        gates={"stock": "2 block automatic stock"},
        unowned=frozenset({"stock"}),
        variants=6,
        fulfilments_off=True,
        mails_deliveries=True,
    )

    items = of("stock", facts)

    assert [i.kind for i in items if i.is_open] == [
        "fulfilments_off",
        "variant",
        "gate",
        "owner",
    ]
    assert in_the_way(items) == ()
    assert [i.kind for i in of("fulfilments", facts)] == ["mails"]


# --- what the test of the connection doesn't show ---


def test_nothing_is_shown_before_it_happened():
    assert [
        (each.key, each.ok)
        for each in shown(first_order="", locations=(), taxes=(), retry="")
    ] == [
        ("company", False),
        ("locations", False),
        ("taxes", False),
        ("retries", False),
    ]


def test_one_location_or_tax_that_lacks_leaves_all_unshown():
    both = (Choice("a", "Berlin", "WH"), Choice("b", "Ghent"))

    assert not shown(first_order="", locations=both, taxes=both, retry="")[1].ok
    one = shown(first_order="", locations=both[:1], taxes=both[:1], retry="")
    assert [each.detail for each in one] == ["", "Berlin = WH", "Berlin = WH", ""]
