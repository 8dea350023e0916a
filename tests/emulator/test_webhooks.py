"""Outgoing webhooks: signature, payload, retries, and everything that goes wrong."""

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from . import webhooks

CREATE = """mutation(
    $topic: WebhookSubscriptionTopic!, $hook: WebhookSubscriptionInput!) {
    webhookSubscriptionCreate(topic: $topic, webhookSubscription: $hook) {
      webhookSubscription { id topic uri includeFields format filter name
        apiVersion { handle } }
      userErrors { field message } } }"""
LIST = """query($topics: [WebhookSubscriptionTopic!]) {
    webhookSubscriptions(first: 10, topics: $topics) { nodes { id topic uri } } }"""


class Receiver:
    """An HTTP endpoint that notes what it gets and answers as told."""

    def __init__(self):
        self.got, self.status, self.headers = [], 200, {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, dict(self.headers), body))
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(
            target=self.server.serve_forever, args=(0.01,), daemon=True
        ).start()
        self.uri = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    @property
    def bodies(self):
        return [json.loads(body) for _path, _headers, body in self.got]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    started = Receiver()
    yield started
    started.close()


@pytest.fixture
def product(shop):
    return shop.create_product(
        title="Shirt", variants=[{"sku": "S-1", "price": "10.00", "stock": 5}]
    )


@pytest.fixture
def subscribe(shop, ask, receiver):
    shop.webhook_mode("manual")

    def create(topic="ORDERS_CREATE", uri=None, **more):
        hook = {"uri": uri or receiver.uri, **more}
        answer = ask(CREATE, topic=topic, hook=hook)["webhookSubscriptionCreate"]
        assert answer["userErrors"] == []
        return answer["webhookSubscription"]

    return create


def subscriptions(ask):
    return ask(LIST)["webhookSubscriptions"]["nodes"]


def place(shop):
    return shop.create_order(lines=[{"variant": "S-1"}], email="ann@example.com")


def test_delivery_is_signed_over_its_raw_body(shop, subscribe, receiver, product):
    subscribe()
    order = place(shop)
    assert shop.deliver_webhooks() == 1
    path, headers, body = receiver.got[0]
    digest = hmac.new(shop.client_secret.encode(), body, hashlib.sha256).digest()
    assert headers["X-Shopify-Hmac-Sha256"] == base64.b64encode(digest).decode()
    assert headers["X-Shopify-Topic"] == "orders/create"
    assert headers["X-Shopify-Shop-Domain"] == "demo.myshopify.com"
    assert headers["X-Shopify-API-Version"] == "2026-10"
    assert headers["X-Shopify-Triggered-At"] == "2026-11-24T10:00:00Z"
    assert headers["X-Shopify-Webhook-Id"] != headers["X-Shopify-Event-Id"]
    assert "X-Shopify-Name" not in headers
    assert path == "/hook"
    assert json.loads(body)["admin_graphql_api_id"] == order["id"]


def test_payload_is_rest_shaped_with_the_shops_local_times(
    shop, subscribe, receiver, product
):
    subscribe()
    order = place(shop)
    shop.deliver_webhooks()
    got = receiver.bodies[0]
    assert got["id"] == int(order["legacyResourceId"])
    assert got["updated_at"] == "2026-11-24T11:00:00+01:00"
    assert got["email"] == "ann@example.com"
    assert got["line_items"][0]["variant_id"] == webhooks.payloads.number(
        product["variants"][0]
    )


def test_only_included_fields_are_sent(shop, subscribe, receiver, product):
    subscribe(includeFields=["id", "admin_graphql_api_id", "line_items.sku"])
    order = place(shop)
    shop.deliver_webhooks()
    assert receiver.bodies == [
        {
            "id": int(order["legacyResourceId"]),
            "admin_graphql_api_id": order["id"],
            "line_items": [{"sku": "S-1"}],
        }
    ]


def test_body_is_that_of_the_moment_of_the_event(shop, subscribe, receiver, product):
    subscribe("ORDERS_UPDATED", includeFields=["note"])
    order = place(shop)
    for note in ("one", "two"):
        shop.note_order(order["id"], note)
    shop.deliver_webhooks()
    assert receiver.bodies == [{"note": "one"}, {"note": "two"}]


@pytest.mark.parametrize(
    ("topic", "act", "expected"),
    [
        ("ORDERS_CANCELLED", "cancel", "orders/cancelled"),
        ("ORDERS_DELETE", "delete", "orders/delete"),
        ("ORDERS_EDITED", "edit", "orders/edited"),
        ("REFUNDS_CREATE", "refund", "refunds/create"),
        ("FULFILLMENTS_CREATE", "fulfill", "fulfillments/create"),
        ("FULFILLMENT_ORDERS_PLACED_ON_HOLD", "hold", None),
        ("INVENTORY_LEVELS_UPDATE", "fulfill", "inventory_levels/update"),
        ("ORDERS_FULFILLED", "fulfill", "orders/fulfilled"),
        ("PRODUCTS_UPDATE", "rename", "products/update"),
        ("PRODUCTS_DELETE", "drop", "products/delete"),
        ("APP_UNINSTALLED", "uninstall", "app/uninstalled"),
    ],
)
def test_acts_send_their_topic(
    shop, subscribe, receiver, product, topic, act, expected
):
    order = place(shop)
    subscribe(topic)
    {
        "cancel": lambda: shop.cancel_order(order["id"]),
        "delete": lambda: shop.delete_order(order["id"]),
        "edit": lambda: shop.edit_order(order["id"], remove=[{"line": 0}]),
        "refund": lambda: shop.refund_order(order["id"], amount="1.00"),
        "fulfill": lambda: shop.merchant_fulfill(order["id"]),
        "hold": lambda: shop.hold_fulfillment_order(order["_fulfillment_orders"][0]),
        "rename": lambda: shop.edit_product(product["id"], title="Tee"),
        "drop": lambda: shop.delete_product(product["id"]),
        "uninstall": lambda: shop.uninstall_app(),
    }[act]()
    assert shop.deliver_webhooks() == 1
    topics = [headers["X-Shopify-Topic"] for _path, headers, _body in receiver.got]
    assert topics == [expected or "fulfillment_orders/placed_on_hold"]


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        ("ORDERS_PARTIALLY_FULFILLED", "orders/partially_fulfilled"),
        ("ORDER_TRANSACTIONS_CREATE", "order_transactions/create"),
        ("BULK_OPERATIONS_FINISH", "bulk_operations/finish"),
        ("APP_SCOPES_UPDATE", "app/scopes_update"),
        (
            "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE",
            "fulfillment_orders/order_routing_complete",
        ),
    ],
)
def test_topic_header_names_resource_and_event(topic, text):
    assert webhooks.header_topic(topic) == text


def test_one_event_over_two_subscriptions_has_one_event_id(
    shop, subscribe, receiver, product
):
    subscribe()
    subscribe(uri=receiver.uri + "/second", name="second")
    place(shop)
    shop.deliver_webhooks()
    first, second = (headers for _path, headers, _body in receiver.got)
    assert first["X-Shopify-Event-Id"] == second["X-Shopify-Event-Id"]
    assert first["X-Shopify-Webhook-Id"] != second["X-Shopify-Webhook-Id"]
    assert second["X-Shopify-Name"] == "second"


def test_failed_delivery_is_retried_with_growing_gaps(
    shop, emulator, subscribe, receiver, product
):
    subscribe()
    receiver.status = 500
    order = place(shop)
    shop.deliver_webhooks()
    shop.note_order(order["id"], "later")
    emulator.advance(59)
    assert shop.deliver_webhooks() == 0
    emulator.advance(1)
    receiver.status = 204
    assert shop.deliver_webhooks() == 1
    assert receiver.got[0][2] == receiver.got[1][2]
    assert shop.webhook_deliveries()[0]["attempts"] == ["500", "204"]
    assert shop.webhook_deliveries()[0]["state"] == "delivered"


@pytest.mark.parametrize("stable", [True, False])
def test_webhook_id_across_retries_is_a_switch(
    shop, emulator, subscribe, receiver, product, stable
):
    shop.switches.webhook_id_stable_across_retries = stable
    subscribe()
    receiver.status = 500
    place(shop)
    shop.deliver_webhooks()
    emulator.advance(60)
    shop.deliver_webhooks()
    first, second = (h["X-Shopify-Webhook-Id"] for _p, h, _b in receiver.got)
    assert (first == second) is stable


def test_redirect_is_a_failure_unless_followed(shop, subscribe, receiver, product):
    subscribe()
    receiver.status = 302
    receiver.headers = {"Location": receiver.uri + "/moved"}
    place(shop)
    shop.deliver_webhooks()
    assert shop.webhook_deliveries()[0]["attempts"] == ["302"]
    assert [path for path, _headers, _body in receiver.got] == ["/hook"]


def test_nobody_listening_is_a_failure(shop, subscribe, product):
    subscribe(uri="http://127.0.0.1:9/hook")
    place(shop)
    shop.deliver_webhooks()
    assert shop.webhook_deliveries()[0]["attempts"] == ["ConnectionRefusedError"]


def test_subscription_dies_after_eight_vain_retries(
    shop, emulator, ask, subscribe, receiver, product
):
    subscribe()
    receiver.status = 500
    place(shop)
    for _retry in range(8):
        shop.deliver_webhooks()
        assert len(subscriptions(ask)) == 1
        emulator.advance(2 * 3600)
    shop.deliver_webhooks()
    assert len(receiver.got) == 9
    assert subscriptions(ask) == []
    place(shop)
    assert shop.deliver_webhooks() == 0


def test_by_attempts_eight_failures_in_a_row_kill_the_subscription(
    shop, ask, subscribe, receiver, product
):
    shop.switches.webhook_dies_by = "attempts"
    subscribe()
    receiver.status = 500
    for _order in range(7):
        place(shop)
    shop.deliver_webhooks()
    assert len(subscriptions(ask)) == 1
    place(shop)
    shop.deliver_webhooks()
    assert subscriptions(ask) == []


def test_dropped_delivery_never_arrives(shop, subscribe, receiver, product):
    subscribe()
    shop.plan_webhooks(drop=True, times=1)
    place(shop)
    place(shop)
    shop.deliver_webhooks()
    assert len(receiver.got) == 1
    assert [one["state"] for one in shop.webhook_deliveries()] == [
        "dropped",
        "delivered",
    ]


def test_copies_share_the_webhook_id(shop, subscribe, receiver, product):
    subscribe()
    shop.plan_webhooks(copies=3, topics=["ORDERS_CREATE"])
    place(shop)
    shop.deliver_webhooks()
    ids = {headers["X-Shopify-Webhook-Id"] for _path, headers, _body in receiver.got}
    assert (len(receiver.got), len(ids)) == (3, 1)


def test_delayed_delivery_waits_on_the_emulators_clock(
    shop, emulator, subscribe, receiver, product
):
    subscribe()
    shop.plan_webhooks(delay=86400)
    place(shop)
    assert shop.deliver_webhooks() == 0
    emulator.advance(86400)
    assert shop.deliver_webhooks() == 1


def test_reordered_deliveries_all_arrive_out_of_order(
    shop, subscribe, receiver, product
):
    subscribe(includeFields=["order_number"])
    shop.plan_webhooks(reorder=True, seed=1)
    for _order in range(5):
        place(shop)
    shop.deliver_webhooks()
    numbers = [body["order_number"] for body in receiver.bodies]
    assert sorted(numbers) == [1001, 1002, 1003, 1004, 1005]
    assert numbers != sorted(numbers)


def test_background_thread_posts_by_itself(shop, ask, receiver, product):
    ask(CREATE, topic="ORDERS_CREATE", hook={"uri": receiver.uri})
    place(shop)
    place(shop)
    assert shop.wait_webhooks(5)
    assert len(receiver.got) == 2


def test_same_topic_and_address_is_taken(ask, subscribe, receiver):
    subscribe()
    answer = ask(CREATE, topic="ORDERS_CREATE", hook={"uri": receiver.uri})
    assert answer["webhookSubscriptionCreate"] == {
        "webhookSubscription": None,
        "userErrors": [
            {
                "field": ["webhookSubscription", "callbackUrl"],
                "message": "Address for this topic has already been taken",
            }
        ],
    }


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        (None, "Address can't be blank"),
        ("nothing", "Address is invalid"),
        ("http://odoo.example/x", "Address protocol http:// is not supported"),
    ],
)
def test_wrong_address_is_refused(ask, uri, message):
    answer = ask(CREATE, topic="ORDERS_CREATE", hook={"uri": uri})
    errors = answer["webhookSubscriptionCreate"]["userErrors"]
    assert [error["message"] for error in errors] == [message]


def test_topic_needs_its_scope(shop, ask, receiver):
    shop.app.scopes -= {"read_orders", "write_orders"}
    answer = ask(CREATE, topic="ORDERS_CREATE", hook={"uri": receiver.uri})
    assert answer["webhookSubscriptionCreate"]["webhookSubscription"] is None
    assert subscriptions(ask) == []


def test_update_and_delete(ask, subscribe, receiver):
    made = subscribe(includeFields=["id"])
    ask(
        """mutation($id: ID!, $hook: WebhookSubscriptionInput!) {
        webhookSubscriptionUpdate(id: $id, webhookSubscription: $hook) {
          webhookSubscription { id } userErrors { message } } }""",
        id=made["id"],
        hook={"uri": receiver.uri + "/new"},
    )
    assert subscriptions(ask) == [
        {"id": made["id"], "topic": "ORDERS_CREATE", "uri": receiver.uri + "/new"}
    ]
    delete = """mutation($id: ID!) { webhookSubscriptionDelete(id: $id) {
        deletedWebhookSubscriptionId userErrors { message } } }"""
    answer = ask(delete, id=made["id"])["webhookSubscriptionDelete"]
    assert answer == {"deletedWebhookSubscriptionId": made["id"], "userErrors": []}
    assert subscriptions(ask) == []


def test_uninstalled_app_has_no_access_and_no_subscriptions(
    shop, ask, subscribe, receiver
):
    subscribe("APP_UNINSTALLED")
    shop.uninstall_app()
    assert shop.deliver_webhooks() == 1
    assert ask.post(LIST).status_code == 401
    assert shop.of_type("WebhookSubscription") == []


def test_restoring_a_saved_state_takes_waiting_deliveries_back(
    shop, subscribe, receiver, product
):
    subscribe()
    saved = shop.save()
    place(shop)
    shop.restore(saved)
    assert shop.deliver_webhooks() == 0
    assert receiver.got == []
