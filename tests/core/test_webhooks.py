import pytest

from core.failures import NeedsReview
from core.gid import build
from core.webhooks import (
    WANTED_TOPICS,
    Subject,
    subjects_of,
    topic_name,
    wanted_topics,
)

OWN = {
    "ORDERS_CREATE": ("orders", "Order"),
    "ORDERS_UPDATED": ("orders", "Order"),
    "ORDERS_CANCELLED": ("orders", "Order"),
    "ORDERS_DELETE": ("orders", "Order"),
    "PRODUCTS_CREATE": ("products", "Product"),
    "PRODUCTS_UPDATE": ("products", "Product"),
    "PRODUCTS_DELETE": ("products", "Product"),
    "CUSTOMERS_CREATE": ("customers", "Customer"),
    "CUSTOMERS_UPDATE": ("customers", "Customer"),
    "CUSTOMERS_DELETE": ("customers", "Customer"),
    "LOCATIONS_CREATE": ("stock", "Location"),
    "LOCATIONS_UPDATE": ("stock", "Location"),
    "LOCATIONS_DELETE": ("stock", "Location"),
    "LOCATIONS_ACTIVATE": ("stock", "Location"),
    "LOCATIONS_DEACTIVATE": ("stock", "Location"),
}
OF_ORDER = ["REFUNDS_CREATE", "FULFILLMENTS_CREATE", "FULFILLMENTS_UPDATE"]
ORDER_9 = (Subject("orders", "in", "Order", "gid://shopify/Order/9"),)


@pytest.mark.parametrize(("topic", "expected"), OWN.items())
def test_a_topic_asks_for_its_own_object(topic, expected):
    flow, type = expected
    wanted = (Subject(flow, "in", type, build(type, 5)),)

    assert subjects_of(topic, {"id": 5}) == wanted
    assert subjects_of(topic, {"admin_graphql_api_id": build(type, 5)}) == wanted


@pytest.mark.parametrize("topic", OF_ORDER)
def test_what_belongs_to_an_order_asks_for_the_order(topic):
    assert subjects_of(topic, {"id": 5, "order_id": 9}) == ORDER_9


@pytest.mark.parametrize("payload", [{"order_edit": {"order_id": 9}}, {"order_id": 9}])
def test_an_edit_asks_for_the_edited_order(payload):
    assert subjects_of("orders/edited", payload) == ORDER_9


def test_a_stock_change_asks_for_its_item():
    payload = {"inventory_item_id": 3, "location_id": 4, "available": 2}

    assert subjects_of("inventory_levels/update", payload) == (
        Subject("stock", "in", "InventoryItem", "gid://shopify/InventoryItem/3"),
    )


@pytest.mark.parametrize("topic", ["app/uninstalled", "app/scopes_update"])
def test_a_message_about_the_app_is_the_stores(topic):
    assert subjects_of(topic, {}) == (Subject("store", "in", "Shop", ""),)


def test_an_unknown_topic_asks_for_nothing():
    assert subjects_of("themes/update", {"id": 1}) == ()


def test_header_and_api_name_a_topic_alike():
    assert topic_name(" orders/create") == topic_name("ORDERS_CREATE")


@pytest.mark.parametrize(
    "payload",
    [None, [], "x", 5, {}, {"id": None}, {"id": "x"}, {"id": True}, {"id": -1}]
    + [{"id": 1.5}, {"id": {}}, {"id": 5, "admin_graphql_api_id": "x"}]
    + [{"id": 5, "admin_graphql_api_id": "gid://shopify/Product/5"}],
)
def test_a_malformed_payload_is_said_and_never_guessed(payload):
    with pytest.raises(NeedsReview) as caught:
        subjects_of("orders/create", payload)

    assert caught.value.code == "webhook_malformed"
    assert caught.value.params["topic"] == "ORDERS_CREATE"


@pytest.mark.parametrize("topic", [*OF_ORDER, "ORDERS_EDITED"])
def test_without_its_order_a_payload_is_malformed(topic):
    with pytest.raises(NeedsReview):
        subjects_of(topic, {"id": 5, "order_edit": None})


@pytest.mark.parametrize("wanted", WANTED_TOPICS.values(), ids=lambda w: w.topic)
def test_every_topic_has_a_scheduled_read_and_the_fields_it_needs(wanted):
    assert wanted.scheduled_read
    number = dict.fromkeys(wanted.include_fields or ("id", "order_id"), 7)
    number.pop("admin_graphql_api_id", None)

    assert len(subjects_of(wanted.topic, number)) == 1


def test_no_topic_asks_shopify_for_personal_data():
    harmless = {"id", "admin_graphql_api_id", "updated_at", "order_id"}
    harmless |= {"inventory_item_id", "location_id"}

    asked = {
        field for wanted in WANTED_TOPICS.values() for field in wanted.include_fields
    }

    assert asked <= harmless


def test_only_flows_that_are_on_and_allowed_are_subscribed():
    topics = {w.topic for w in wanted_topics({"products"}, {"write_products"})}

    assert topics == {
        "PRODUCTS_CREATE",
        "PRODUCTS_UPDATE",
        "PRODUCTS_DELETE",
        "APP_UNINSTALLED",
        "APP_SCOPES_UPDATE",
    }
    assert not any(w.flow == "orders" for w in wanted_topics({"orders"}, set()))


@pytest.mark.parametrize(
    "topic, kind",
    [
        ("companies/create", "Company"),
        ("companies/update", "Company"),
        ("companies/delete", "Company"),
        ("company_locations/create", "CompanyLocation"),
        ("company_locations/update", "CompanyLocation"),
        ("company_locations/delete", "CompanyLocation"),
    ],
)
@pytest.mark.parametrize("by", ["id", "admin_graphql_api_id"])
def test_companies_and_their_locations_are_read_themselves(topic, kind, by):
    gid = f"gid://shopify/{kind}/7"
    payload = {by: 7 if by == "id" else gid}

    assert subjects_of(topic, payload) == (("customers", "in", kind, gid),)


def test_companies_are_subscribed_to_only_where_the_shop_has_them():
    def topics(**more):
        wanted = wanted_topics({"customers"}, {"read_customers"}, **more)
        return {each.topic for each in wanted if each.topic.startswith("COMPAN")}

    assert topics() == set()
    assert len(topics(features={"companies"})) == 6
