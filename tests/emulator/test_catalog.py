"""Products, customers, locations and the CSV, as the API shows them."""

from pathlib import Path

import pytest

CSV = """Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,\
Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Grams,\
Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,\
Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,\
Variant Barcode,Image Src,Gift Card,Status
cup,Cup,<b>Blue</b> cup,Acme,Kitchen,"new, blue",true,Size,Small,,,,,,200,shopify,,deny,\
5,,true,true,,https://x.example/1.jpg,false,active
cup,,,,,,,,Large,,,,,,300,shopify,,deny,7.5,9,true,true,,,,
cup,,,,,,,,,,,,,,,,,,,,,,,https://x.example/2.jpg,,
"""

PRODUCT = """query($id: ID!) { product(id: $id) {
    title handle status description tags isGiftCard hasOnlyDefaultVariant
    options { name position values }
    variants(first: 10) { nodes { title position sku price compareAtPrice
        selectedOptions { name value }
        inventoryItem { sku tracked requiresShipping measurement { weight {
            unit value } } } } } } }"""


def test_default_variant_of_a_product_without_options(ask, shop):
    gid = shop.create_product(title="Mug", variants=[{"sku": "MUG", "price": "3.00"}])

    found = ask(PRODUCT, id=gid["id"])["product"]

    assert found["hasOnlyDefaultVariant"] is True
    assert found["options"] == [
        {"name": "Title", "position": 1, "values": ["Default Title"]}
    ]
    assert found["variants"]["nodes"][0]["selectedOptions"] == [
        {"name": "Title", "value": "Default Title"}
    ]


def test_csv_gives_products_with_variants_and_without_skus(ask, shop, tmp_path):
    path = Path(tmp_path, "products.csv")
    path.write_text(CSV)

    [gid] = shop.load_csv(str(path))

    found = ask(PRODUCT, id=gid)["product"]
    assert found["description"] == "Blue cup"
    assert found["tags"] == ["new", "blue"]
    assert found["options"] == [
        {"name": "Size", "position": 1, "values": ["Small", "Large"]}
    ]
    assert [
        (row["title"], row["sku"], row["price"], row["compareAtPrice"])
        for row in found["variants"]["nodes"]
    ] == [("Small", None, "5.00", None), ("Large", None, "7.50", "9")]
    assert found["variants"]["nodes"][1]["inventoryItem"] == {
        "sku": None,
        "tracked": True,
        "requiresShipping": True,
        "measurement": {"weight": {"unit": "KILOGRAMS", "value": 0.3}},
    }


def test_two_variants_cannot_have_the_same_options(shop):
    rows = [{"options": ["S"]}, {"options": ["S"]}]

    with pytest.raises(ValueError, match="has a variant"):
        shop.create_product(title="Shirt", options=["Size"], variants=rows)


def test_same_sku_twice_is_counted(ask, shop):
    first = shop.create_product(title="A", variants=[{"sku": "X"}])
    shop.create_product(title="B", variants=[{"sku": "X"}])
    query = """query($id: ID!) { productVariant(id: $id) {
        inventoryItem { duplicateSkuCount } } }"""

    found = ask(query, id=first["variants"][0])["productVariant"]

    assert found["inventoryItem"]["duplicateSkuCount"] == 1


def test_edits_move_updated_at_and_announce_themselves(shop, emulator):
    product = shop.create_product(title="A", variants=[{"sku": "X"}])
    topics = []
    shop.listen(lambda topic, obj: topics.append((topic, obj["id"])))
    emulator.advance(1)

    shop.edit_variant(product["variants"][0], sku="Y", price="2.00")

    item = shop.get(product["variants"][0])["inventoryItem"]
    assert topics == [
        ("INVENTORY_ITEMS_UPDATE", item),
        ("PRODUCTS_UPDATE", product["id"]),
    ]
    assert shop.get(item)["sku"] == "Y"
    assert product["updatedAt"] == "2026-11-24T10:00:01Z"


def test_deleted_product_is_gone_with_its_variants_and_items(ask, shop):
    product = shop.create_product(title="A", variants=[{"sku": "X"}])
    variant = product["variants"][0]
    item = shop.get(variant)["inventoryItem"]

    shop.delete_product(product["id"])

    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert ask(query, ids=[product["id"], variant, item]) == {
        "nodes": [None, None, None]
    }


def test_customer_with_default_address(ask, shop):
    customer = shop.create_customer(
        email="eve@example.com",
        first_name="Eve",
        last_name="Doe",
        addresses=[{"address1": "Street 1", "city": "Bonn", "zip": "53111"}],
    )
    query = """query($id: ID!) { customer(id: $id) { displayName numberOfOrders
        defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber }
        defaultAddress { city countryCodeV2 formatted }
        addressesV2(first: 5) { nodes { zip } } } }"""

    assert ask(query, id=customer["id"])["customer"] == {
        "displayName": "Eve Doe",
        "numberOfOrders": "0",
        "defaultEmailAddress": {"emailAddress": "eve@example.com"},
        "defaultPhoneNumber": None,
        "defaultAddress": {
            "city": "Bonn",
            "countryCodeV2": "DE",
            "formatted": ["Street 1", "53111 Bonn", "Germany"],
        },
        "addressesV2": {"nodes": [{"zip": "53111"}]},
    }


def test_email_belongs_to_one_customer(shop):
    shop.create_customer(email="eve@example.com")

    with pytest.raises(ValueError, match="already been taken"):
        shop.create_customer(email="EVE@example.com")


def test_inactive_and_service_locations_are_listed_only_when_asked(ask, shop):
    shop.create_location(name="Closed", isActive=False)
    service = {"id": shop.new_gid("FulfillmentService"), "serviceName": "3PL"}
    shop.create_location(name="Partner", fulfillmentService=service)
    query = """query($all: Boolean!) { locations(first: 9, includeInactive: $all,
        includeLegacy: $all) { nodes { name } } }"""

    few = ask(query, all=False)["locations"]["nodes"]
    many = ask(query, all=True)["locations"]["nodes"]

    assert [row["name"] for row in few] == ["Main warehouse"]
    assert [row["name"] for row in many] == ["Closed", "Main warehouse", "Partner"]
