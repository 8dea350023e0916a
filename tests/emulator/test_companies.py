"""Companies (B2B): there only where the plan has them, with locations and contacts."""

import pytest

COMPANIES = """query($q: String) { companies(first: 10, query: $q) { nodes {
    name externalId
    locations(first: 10) { nodes { name externalId
        shippingAddress { address1 companyName countryCode } } }
    mainContact { customer { firstName } } } } }"""


def test_shop_without_them_refuses(ask):
    [error] = ask.post(COMPANIES).json()["errors"]

    assert error["extensions"]["code"] == "ACCESS_DENIED"
    assert "B2B" in error["message"]


def test_company_with_locations_and_contacts(ask, shop):
    shop.set_b2b()
    eve = shop.create_customer(email="eve@example.com", first_name="Eve")
    shop.create_company(
        "Acme",
        external_id="C-1",
        locations=[
            {
                "name": "Harbour",
                "external_id": "L-1",
                "shipping_address": {"address1": "3 Dock Road", "countryCode": "GB"},
            }
        ],
        contacts=[eve["id"]],
    )

    [found] = ask(COMPANIES, q="external_id:C-1")["companies"]["nodes"]

    assert found == {
        "name": "Acme",
        "externalId": "C-1",
        "locations": {
            "nodes": [
                {
                    "name": "Harbour",
                    "externalId": "L-1",
                    "shippingAddress": {
                        "address1": "3 Dock Road",
                        "companyName": "Acme",
                        "countryCode": "GB",
                    },
                }
            ]
        },
        "mainContact": {"customer": {"firstName": "Eve"}},
    }


def test_external_id_belongs_to_one_company(shop):
    shop.create_company("Acme", external_id="C-1")

    with pytest.raises(ValueError, match="C-1 has already been taken"):
        shop.create_company("Bolt", external_id="C-1")


def test_a_company_takes_its_locations_along_when_it_goes(shop):
    company = shop.create_company("Acme", locations=[{"name": "Harbour"}])

    shop.delete_company(company["id"])

    assert shop.of_type("Company") == shop.of_type("CompanyLocation") == []
