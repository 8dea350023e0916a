import pytest

from api.domain import DomainError, endpoint, graphql_url, handle, normalise, token_url


@pytest.mark.parametrize(
    "text",
    [
        "my-store",
        "My-Store",
        " my-store.myshopify.com ",
        "https://my-store.myshopify.com",
        "http://my-store.myshopify.com/",
        "https://my-store.myshopify.com/admin/products?page=2",
        "admin.shopify.com/store/my-store",
        "https://admin.shopify.com/store/my-store/orders/1",
        "https://admin.shopify.com/store/my-store?x=1",
    ],
)
def test_what_people_paste_becomes_the_shops_address(text):
    assert normalise(text) == "my-store.myshopify.com"
    assert handle(text) == "my-store"


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "   ",
        "www.my-store.com",
        "my-store.com",
        "my-store.myshopify.com.evil.com",
        "evil.com/my-store.myshopify.com",
        "evil.com#my-store.myshopify.com",
        "evil.com?my-store.myshopify.com",
        "evil@my-store.myshopify.com",
        "my-store.myshopify.com@evil.com",
        "my-store.myshopify.com:8080",
        "a.my-store.myshopify.com",
        "my_store.myshopify.com",
        "-my-store.myshopify.com",
        "my store",
        "my-store.myshopify.com\nevil.com",
        "myshopify.com",
        "127.0.0.1",
        "localhost/../my-store.myshopify.com",
        "admin.shopify.com",
        "admin.shopify.com/store/",
        "ftp://my-store.myshopify.com",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(DomainError):
        normalise(text)


def test_endpoint_is_the_shops_own_host():
    assert endpoint("my-store") == "https://my-store.myshopify.com"


@pytest.mark.parametrize(
    "template",
    [
        "http://127.0.0.1:8089/{shop}",
        "http://localhost:8089/{shop}/",
        "http://[::1]:8089/{shop}",
    ],
)
def test_template_on_this_machine_is_honoured(template):
    base = endpoint("my-store.myshopify.com", template)

    assert base == template.replace("{shop}", "my-store").rstrip("/")


@pytest.mark.parametrize(
    "template",
    [
        "https://example.com/{shop}",
        "http://127.0.0.1.example.com/{shop}",
        "http://127.0.0.1@example.com/{shop}",
        "http://{shop}.example.com",
        "http://10.0.0.1/{shop}",
        "//example.com/{shop}",
        "127.0.0.1:8089/{shop}",
        "ftp://127.0.0.1/{shop}",
    ],
)
def test_template_that_leaves_this_machine_is_refused(template):
    with pytest.raises(DomainError):
        endpoint("my-store", template)


def test_addresses_of_the_two_doors():
    base = endpoint("my-store")

    assert graphql_url(base) == f"{base}/admin/api/2026-10/graphql.json"
    assert token_url(base) == f"{base}/admin/oauth/access_token"
