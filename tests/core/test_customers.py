"""Who a customer, a guest and an address are."""

import pytest

from core import customers
from core.customers import AddressPlan, CustomerPlan
from core.failures import NeedsReview

HOME = {
    "firstName": "Ada",
    "lastName": "Byron",
    "name": "Ada Byron",
    "company": None,
    "address1": "1 Dorset Street",
    "address2": None,
    "city": "London",
    "zip": "W1U 4EG",
    "provinceCode": "ENG",
    "countryCodeV2": "GB",
    "phone": "+44 20 7946 0000",
}
HOME_PLAN = AddressPlan(
    name="Ada Byron",
    street="1 Dorset Street",
    city="London",
    zip="W1U 4EG",
    province_code="ENG",
    country_code="GB",
    phone="+44 20 7946 0000",
)


def customer_node(**values):
    return {
        "id": "gid://shopify/Customer/7",
        "firstName": "Ada",
        "lastName": "Byron",
        "updatedAt": "2026-11-20T08:00:00Z",
        "defaultEmailAddress": {"emailAddress": "Ada@Example.com"},
        "defaultPhoneNumber": {"phoneNumber": "+442079460000"},
        "defaultAddress": HOME,
        "odooId": None,
        "odooProof": None,
    } | values


@pytest.mark.parametrize(
    "text, expected",
    [
        (" Ada@Example.COM ", "ada@example.com"),
        ("ada+shop@example.com", "ada+shop@example.com"),
        ("", ""),
        (None, ""),
    ],
)
def test_email_is_trimmed_and_lowered_and_keeps_its_plus_tag(text, expected):
    assert customers.normal_email(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("+45 4545 4545", "+4545454545"),
        ("(020) 7946-0000", "02079460000"),
        ("+", ""),
        (None, ""),
    ],
)
def test_phone_is_compared_without_separators(text, expected):
    assert customers.normal_phone(text) == expected


def test_address_is_read_field_by_field():
    assert customers.address_from_node(HOME) == HOME_PLAN


def test_name_of_an_address_falls_back_to_its_single_field():
    plan = customers.address_from_node({"name": "  Ada   Byron ", "city": "London"})

    assert plan == AddressPlan(name="Ada Byron", city="London")


@pytest.mark.parametrize("node", [None, {}, dict.fromkeys(HOME)])
def test_address_without_anything_is_no_address(node):
    assert customers.address_from_node(node) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"street": " 1  dorset   STREET"},
        {"zip": "w1u 4eg"},
        {"phone": "+442079460000"},
    ],
)
def test_key_ignores_case_white_space_and_phone_separators(changed):
    other = AddressPlan(**{**HOME_PLAN.__dict__, **changed})

    assert other.key() == HOME_PLAN.key()


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Annabella Byron"},
        {"company": "Engine Ltd"},
        {"street": "2 Dorset Street"},
        {"street2": "1 Dorset Street", "street": ""},
        {"city": "Londonderry"},
        {"zip": ""},
        {"country_code": "US"},
        {"phone": "+44 20 7946 0001"},
    ],
)
def test_key_differs_when_the_address_does(changed):
    other = AddressPlan(**{**HOME_PLAN.__dict__, **changed})

    assert other.key() != HOME_PLAN.key()


def test_key_stays_the_same_for_ever():
    """Stored in databases: a new key would make every contact a second time."""
    assert HOME_PLAN.key() == (
        "2f278c956025518540acabf2a6ba7b35c3bb3597a263161d3dedc7eb2e5fc097"
    )


COUNTRIES = {"GB": 1, "JP": 2, "US": 3}
STATES = {(2, "13"): 20, (3, "CA"): 30}


@pytest.mark.parametrize(
    "country, province, expected",
    [
        ("US", "CA", (3, 30)),
        ("JP", "JP-13", (2, 20)),
        ("GB", "ENG", (1, None)),
        ("", "CA", (None, None)),
    ],
)
def test_country_and_state_are_found_by_code(country, province, expected):
    address = AddressPlan(country_code=country, province_code=province)

    assert customers.resolve_country(address, COUNTRIES, STATES) == expected


def test_country_unknown_to_odoo_stops():
    address = AddressPlan(name="Ada Byron", city="Georgetown", country_code="AC")

    with pytest.raises(NeedsReview) as stop:
        customers.resolve_country(address, COUNTRIES, STATES)

    assert stop.value.code == "country_unknown"
    assert stop.value.params["country"] == "AC"


def test_customer_is_read_with_normal_email():
    plan = customers.customer_from_node(customer_node())

    assert plan == CustomerPlan(
        gid="gid://shopify/Customer/7",
        name="Ada Byron",
        email="ada@example.com",
        phone="+442079460000",
        address=HOME_PLAN,
        updated_at="2026-11-20T08:00:00Z",
    )
    assert plan.match_key == "ada@example.com"


def test_customer_without_default_address_gets_the_first_one():
    node = customer_node(defaultAddress=None, addressesV2={"nodes": [HOME]})

    assert customers.customer_from_node(node).address == HOME_PLAN


@pytest.mark.parametrize(
    "missing, name",
    [
        ({"firstName": None}, "Byron"),
        ({"firstName": None, "lastName": None}, "Ada Byron"),
        (
            {"firstName": None, "lastName": None, "defaultAddress": None},
            "ada@example.com",
        ),
        (
            {
                "firstName": None,
                "lastName": None,
                "defaultAddress": None,
                "defaultEmailAddress": None,
            },
            "+442079460000",
        ),
    ],
)
def test_name_falls_back_to_what_is_known(missing, name):
    plan = customers.customer_from_node(customer_node(**missing))

    assert (plan.name, plan.withheld) == (name, False)


WITHHELD = {
    "firstName": None,
    "lastName": None,
    "defaultEmailAddress": None,
    "defaultPhoneNumber": None,
    "defaultAddress": None,
}


def test_withheld_customer_bears_the_orders_name():
    plan = customers.customer_from_node(customer_node(**WITHHELD), stand_in="#1042")

    assert (plan.name, plan.withheld) == ("#1042", True)


def test_withheld_customer_without_an_order_bears_its_number():
    plan = customers.customer_from_node(customer_node(**WITHHELD))

    assert (plan.name, plan.withheld) == ("Shopify customer 7", True)


def test_guest_is_named_by_the_billing_address_and_known_by_email():
    ship = AddressPlan(name="Charles Babbage", street="Walworth", country_code="GB")

    plan = customers.guest(" Ada@example.com", None, HOME_PLAN, ship, "#1042")

    assert plan == CustomerPlan(
        gid=None,
        name="Ada Byron",
        email="ada@example.com",
        phone="+44 20 7946 0000",
        address=HOME_PLAN,
    )


@pytest.mark.parametrize(
    "email, phone, address, key",
    [
        ("Ada@x.org", "+45 1", HOME_PLAN, "ada@x.org"),
        (None, "+45 4545 4545", HOME_PLAN, "phone:+4545454545"),
        (None, None, AddressPlan(name="Ada", city="London"), None),
        (None, None, AddressPlan(name="Ada"), ""),
        (None, None, AddressPlan(city="London"), ""),
    ],
)
def test_guest_is_recognised_by_the_best_that_is_known(email, phone, address, key):
    if key is None:
        key = f"address:{address.key()}"

    assert customers.guest(email, phone, address, None, "#1").match_key == key


def test_guest_about_whom_nothing_is_told_bears_the_orders_name():
    plan = customers.guest(None, None, None, None, "#1042")

    assert (plan.name, plan.withheld, plan.match_key) == ("#1042", True, "")


SHIP = AddressPlan(
    name="Charles Babbage", street="Walworth", city="London", country_code="GB"
)


def test_addresses_of_the_partner_itself_need_no_contact():
    contacts = customers.contacts_for(HOME_PLAN, HOME_PLAN, HOME_PLAN)

    assert contacts == customers.Contacts(invoice=None, delivery=None)


def test_another_delivery_address_becomes_a_contact():
    contacts = customers.contacts_for(HOME_PLAN, HOME_PLAN, SHIP)

    assert contacts == customers.Contacts(invoice=None, delivery=SHIP)


def test_province_that_odoo_doesnt_list_is_no_difference():
    own = AddressPlan(**{**HOME_PLAN.__dict__, "province_code": ""})

    contacts = customers.contacts_for(own, HOME_PLAN, HOME_PLAN)

    assert contacts == customers.Contacts(invoice=None, delivery=None)


def test_partner_without_address_gets_contacts_for_both():
    contacts = customers.contacts_for(None, HOME_PLAN, SHIP)

    assert contacts == customers.Contacts(invoice=HOME_PLAN, delivery=SHIP)


def test_order_without_delivery_address_goes_where_it_is_billed():
    contacts = customers.contacts_for(SHIP, HOME_PLAN, None)

    assert contacts == customers.Contacts(invoice=HOME_PLAN, delivery=HOME_PLAN)


def test_same_door_another_person_is_another_contact():
    neighbour = AddressPlan(**{**HOME_PLAN.__dict__, "name": "Annabella Byron"})

    contacts = customers.contacts_for(HOME_PLAN, HOME_PLAN, neighbour)

    assert contacts == customers.Contacts(invoice=None, delivery=neighbour)


def test_phone_left_out_of_a_snapshot_is_no_other_addressee():
    snapshot = AddressPlan(**{**HOME_PLAN.__dict__, "phone": ""})

    contacts = customers.contacts_for(HOME_PLAN, snapshot, snapshot)

    assert contacts == customers.Contacts(invoice=None, delivery=None)


def test_email_matches_only_exactly():
    index = customers.index_by_email(
        [(1, "Mail@test.ch"), (2, "claro@bluewin.ch"), (3, "mail@test.ch "), (4, "")]
    )

    assert index == {"mail@test.ch": (1, 3), "claro@bluewin.ch": (2,)}


def test_two_customers_of_one_email_are_named():
    def plan(number, email):
        gid = number and f"gid://shopify/Customer/{number}"
        return CustomerPlan(gid=gid, name="Ada", email=email)

    twice = customers.keys_held_twice(
        [plan(1, "a@x.org"), plan(2, "a@x.org"), plan(3, "b@x.org"), plan(0, "b@x.org")]
    )

    assert twice == {
        "a@x.org": ("gid://shopify/Customer/1", "gid://shopify/Customer/2")
    }


def test_two_customers_without_email_are_named_by_what_else_they_share():
    def plan(number, **who):
        return CustomerPlan(gid=f"gid://shopify/Customer/{number}", **who)

    ada = CustomerPlan(gid=None, name="Ada", address=HOME_PLAN)
    twice = customers.keys_held_twice(
        [
            plan(1, name="Ada", phone="+44 20 7946"),
            plan(2, name="Bea", phone="+44207946"),
            plan(3, name="Ada", address=HOME_PLAN),
            plan(4, name="Ada", address=HOME_PLAN),
            plan(5, name="Nobody"),
            plan(6, name="Nobody"),
            ada,
        ]
    )

    assert twice == {
        "phone:+44207946": ("gid://shopify/Customer/1", "gid://shopify/Customer/2"),
        ada.match_key: ("gid://shopify/Customer/3", "gid://shopify/Customer/4"),
    }


def test_withheld_customer_shows_nothing_to_compare():
    plan = customers.customer_from_node(customer_node(**WITHHELD))

    assert plan.values_shown() == {}


def test_digest_changes_with_what_is_shown_only():
    plan = customers.customer_from_node(customer_node())
    later = customers.customer_from_node(customer_node(updatedAt="2026-11-21T08:00Z"))
    moved = customers.customer_from_node(
        customer_node(defaultAddress={**HOME, "city": "Bath"})
    )

    assert later.digest() == plan.digest()
    assert moved.digest() != plan.digest()
