import pytest

from core import gid


def test_a_gid_is_taken_apart_and_put_together_unchanged():
    text = "gid://shopify/ProductVariant/4711"

    parsed = gid.parse(text)

    assert parsed == gid.Gid("ProductVariant", 4711)
    assert str(parsed) == text == gid.build("ProductVariant", "4711")


def test_parameters_behind_a_gid_are_no_part_of_the_identity():
    parsed = gid.parse("gid://shopify/InventoryLevel/5?inventory_item_id=7")

    assert str(parsed) == "gid://shopify/InventoryLevel/5"


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        4711,
        "4711",
        "gid://shopify/Product/",
        "gid://shopify/Product/0",
        "gid://shopify/Product/01",
        "gid://shopify/Product/-1",
        "gid://shopify/Product/1/2",
        "gid://shopify/Product/1\n",
        "gid://other/Product/1",
        " gid://shopify/Product/1",
    ],
)
def test_what_is_no_gid_is_refused(text):
    with pytest.raises(gid.GidError):
        gid.parse(text)


def test_a_gid_of_another_type_is_refused():
    with pytest.raises(gid.GidError, match="is a Order, not a Product"):
        gid.parse("gid://shopify/Order/1", "Product")


@pytest.mark.parametrize("number", [0, -1, "1.0", "x", "", "1?x=2"])
def test_a_gid_is_not_built_from_a_bad_number(number):
    with pytest.raises(gid.GidError):
        gid.build("Order", number)


@pytest.mark.parametrize(
    ("type", "path"),
    [
        ("Product", "products/9"),
        ("Order", "orders/9"),
        ("Customer", "customers/9"),
        ("Location", "settings/locations/9"),
    ],
)
def test_each_kind_opens_its_own_admin_page(type, path):
    url = gid.admin_url("my-store.myshopify.com", gid.build(type, 9))

    assert url == f"https://admin.shopify.com/store/my-store/{path}"


def test_a_variant_opens_under_its_product():
    url = gid.admin_url(
        "my-store.myshopify.com",
        "gid://shopify/ProductVariant/2",
        "gid://shopify/Product/1",
    )

    assert url == "https://admin.shopify.com/store/my-store/products/1/variants/2"


@pytest.mark.parametrize("type", ["ProductVariant", "Fulfillment"])
def test_what_has_no_page_says_so(type):
    with pytest.raises(gid.NoAdminPage):
        gid.admin_url("my-store.myshopify.com", gid.build(type, 2))


@pytest.mark.parametrize("domain", ["my-store.com", "", None, "a.b.myshopify.com"])
def test_other_domains_have_no_admin_page(domain):
    with pytest.raises(ValueError, match="not a myshopify.com domain"):
        gid.admin_url(domain, "gid://shopify/Order/1")
