import pytest

from core.search import SearchTerm, parse_search

PRODUCT = SearchTerm("gid", "gid://shopify/Product/1", "Product", "x")
VARIANT = SearchTerm("gid", "gid://shopify/ProductVariant/2", "ProductVariant", "x")


@pytest.mark.parametrize("text", ["", "   ", None])
def test_nothing_typed_means_nothing(text):
    assert parse_search(text) == ()


def test_a_gid_is_only_that():
    assert parse_search(" gid://shopify/Order/5 ") == (
        SearchTerm("gid", "gid://shopify/Order/5", "Order"),
    )


def test_a_bare_number_may_be_of_either_side_or_an_order():
    assert parse_search("1042") == (
        SearchTerm("shopify_number", "1042"),
        SearchTerm("odoo_id", "1042"),
        SearchTerm("order_name", "#1042"),
        SearchTerm("text", "1042"),
    )


@pytest.mark.parametrize("text", ["#1042", "#EU-1042", "#1042-A"])
def test_an_order_name_is_read_as_such(text):
    assert parse_search(text) == (
        SearchTerm("order_name", text),
        SearchTerm("text", text),
    )


def test_an_email_is_compared_in_lower_case():
    assert parse_search("Ann+Shop@Example.ORG") == (
        SearchTerm("email", "ann+shop@example.org"),
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://admin.shopify.com/store/x/products/1/variants/2",
        "admin.shopify.com/store/x/products/1/variants/2?ref=a#b",
        "https://x.myshopify.com/admin/products/1/variants/2",
        "x.myshopify.com/admin/products/1/variants/2/",
    ],
)
def test_a_variants_page_gives_the_variant_and_its_product(url):
    assert parse_search(url) == (VARIANT, PRODUCT)


@pytest.mark.parametrize(
    ("path", "gid", "type"),
    [
        ("orders/7", "gid://shopify/Order/7", "Order"),
        ("customers/7", "gid://shopify/Customer/7", "Customer"),
        ("settings/locations/7", "gid://shopify/Location/7", "Location"),
        ("draft_orders/7", "gid://shopify/DraftOrder/7", "DraftOrder"),
    ],
)
def test_an_admin_page_names_its_record_and_store(path, gid, type):
    terms = parse_search(f"https://admin.shopify.com/store/my-shop/{path}")

    assert terms == (SearchTerm("gid", gid, type, "my-shop"),)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/store/x/products/1",
        "https://admin.shopify.com/store/x/apps/1",
        "https://admin.shopify.com/store/x/products/new",
        "https://x.myshopify.com/products/1",
        "https://x.myshopify.com/en/products/1",
    ],
)
def test_any_other_address_is_plain_text(url):
    assert parse_search(url) == (SearchTerm("text", url),)


@pytest.mark.parametrize("text", ["sale.order,42", "sale.order 42", "sale.order (42)"])
def test_an_odoo_record_is_read_with_its_model(text):
    assert parse_search(text) == (SearchTerm("odoo_id", "42", "sale.order"),)


@pytest.mark.parametrize("text", ["S00042", "SHIRT-M", "http://[", "0", "007", "a@b"])
def test_what_fits_nothing_is_searched_as_text(text):
    assert parse_search(text) == (SearchTerm("text", text),)
