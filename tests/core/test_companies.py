from core import companies
from core.companies import CompanyPlan
from core.customers import AddressPlan

ADDRESS = {
    "recipient": " Goods  In ",
    "firstName": "Ada",
    "lastName": "Byron",
    "companyName": "Acme",
    "address1": "3 Dock Road",
    "address2": None,
    "city": "London",
    "zip": "E16 1AA",
    "zoneCode": "eng",
    "countryCode": "GB",
    "phone": "+44 20 7946 0001",
}


def company(**values):
    return {
        "id": "gid://shopify/Company/7",
        "name": "Acme",
        "externalId": "C-1",
        "updatedAt": "2026-11-24T10:00:00Z",
        **values,
    }


def location(**values):
    return {
        "id": "gid://shopify/CompanyLocation/8",
        "name": "Harbour",
        "externalId": None,
        "phone": None,
        "updatedAt": "2026-11-24T10:00:00Z",
        "company": {"id": "gid://shopify/Company/7", "name": "Acme"},
        "shippingAddress": ADDRESS,
        "billingAddress": None,
        **values,
    }


def test_company_is_its_name_and_reference():
    assert companies.company_from_node(company()) == CompanyPlan(
        gid="gid://shopify/Company/7",
        name="Acme",
        reference="C-1",
        updated_at="2026-11-24T10:00:00Z",
    )


def test_company_without_a_name_gets_one():
    plan = companies.company_from_node(company(name=" ", externalId=None))

    assert (plan.name, plan.reference) == ("Shopify company 7", "")


def test_location_is_where_goods_go():
    plan = companies.location_from_node(location())

    assert plan.address == AddressPlan(
        name="Goods In",
        company="Acme",
        street="3 Dock Road",
        city="London",
        zip="E16 1AA",
        province_code="ENG",
        country_code="GB",
        phone="+44 20 7946 0001",
    )
    assert (plan.role, plan.phone) == ("delivery", "+44 20 7946 0001")
    assert (plan.parent_gid, plan.parent_name) == ("gid://shopify/Company/7", "Acme")


def test_location_that_is_billed_only_is_no_delivery_address():
    plan = companies.location_from_node(
        location(shippingAddress=None, billingAddress=ADDRESS)
    )

    assert (plan.role, plan.address.street) == ("other", "3 Dock Road")


def test_location_without_any_address_has_none():
    plan = companies.location_from_node(location(shippingAddress=None))

    assert (plan.role, plan.address) == ("other", None)


def test_recipient_missing_the_person_is_named():
    plan = companies.address_from_node({**ADDRESS, "recipient": None})

    assert plan.name == "Ada Byron"


def test_its_own_phone_comes_before_that_of_its_address():
    plan = companies.location_from_node(location(phone="+44 1"))

    assert plan.phone == "+44 1"


def test_digest_is_of_what_a_contact_holds():
    plan = companies.location_from_node(location())
    later = companies.location_from_node(location(updatedAt="2027-01-01T00:00:00Z"))
    moved = companies.location_from_node(
        location(shippingAddress={**ADDRESS, "city": "Leeds"})
    )

    assert plan.digest() == later.digest()
    assert plan.digest() != moved.digest()


def test_references_that_two_share_are_named_blanks_apart():
    plans = [
        CompanyPlan("gid://shopify/Company/1", "A", " C-1"),
        CompanyPlan("gid://shopify/Company/2", "B", "C-1"),
        CompanyPlan("gid://shopify/Company/3", "C", "c-1"),
        CompanyPlan("gid://shopify/Company/4", "D"),
        CompanyPlan("gid://shopify/Company/5", "E"),
    ]

    assert companies.references_held_twice(plans) == {
        "C-1": ("gid://shopify/Company/1", "gid://shopify/Company/2")
    }
