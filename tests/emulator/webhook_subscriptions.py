"""Webhook subscriptions by API: create, change, delete, list; each app sees its own."""

from __future__ import annotations

from urllib.parse import urlparse

from . import access
from .errors import NotEmulated
from .registry import field, mutation, query, user_error

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
NAME_LIMIT = 50
# First word(s) of a topic -> the scope that its subscribers need.
TOPIC_SCOPES = {
    "FULFILLMENT_ORDERS": "read_merchant_managed_fulfillment_orders",
    "FULFILLMENT_HOLDS": "read_merchant_managed_fulfillment_orders",
    "FULFILLMENTS": "read_fulfillments",
    "ORDER_TRANSACTIONS": "read_orders",
    "ORDERS": "read_orders",
    "REFUNDS": "read_orders",
    "RETURNS": "read_returns",
    "DRAFT_ORDERS": "read_draft_orders",
    "PRODUCTS": "read_products",
    "COLLECTIONS": "read_products",
    "VARIANTS": "read_products",
    "INVENTORY": "read_inventory",
    "LOCATIONS": "read_locations",
    "CUSTOMERS_MERGE": "read_customer_merge",
    "CUSTOMERS": "read_customers",
    "COMPANIES": "read_customers",
    "COMPANY": "read_customers",
    "DISPUTES": "read_shopify_payments_disputes",
    "PAYMENT_TERMS": "read_payment_terms",
}


def topic_scope(topic: str) -> str | None:
    return next(
        (scope for start, scope in TOPIC_SCOPES.items() if topic.startswith(start)),
        None,
    )


def of_app(ctx) -> list[dict]:
    every = ctx.shop.of_type("WebhookSubscription")
    return [one for one in every if one["_app"] == ctx.app.client_id]


@mutation("webhookSubscriptionCreate")
def create(ctx, args):
    topic, data = args["topic"], args["webhookSubscription"]
    values = _values(data)
    errors = _topic_errors(ctx, topic) + _value_errors(values)
    if not errors and _taken(ctx, topic, values):
        errors = [_error("Address for this topic has already been taken")]
    if errors:
        return {"webhookSubscription": None, "userErrors": errors}
    made = ctx.shop.add(
        "WebhookSubscription",
        topic=topic,
        apiVersion={
            "__typename": "ApiVersion",
            "handle": ctx.api_version,
            "displayName": ctx.api_version,
            "supported": True,
        },
        _app=ctx.app.client_id,
        _failures=0,
        **values,
    )
    return {"webhookSubscription": made["id"], "userErrors": []}


@mutation("webhookSubscriptionUpdate")
def update(ctx, args):
    found = _own(ctx, args["id"])
    data = args["webhookSubscription"]
    values = _values(data)
    if found is None:
        error = user_error("Webhook subscription does not exist", ["id"])
        return {"webhookSubscription": None, "userErrors": [error]}
    given = {key: value for key, value in values.items() if key in dict.keys(data)}
    errors = _value_errors({**found, **given})
    if errors:
        return {"webhookSubscription": None, "userErrors": errors}
    found.update(given)
    ctx.shop.touch(found)
    return {"webhookSubscription": found["id"], "userErrors": []}


@mutation("webhookSubscriptionDelete")
def delete(ctx, args):
    found = _own(ctx, args["id"])
    if found is None:
        error = user_error("Webhook subscription does not exist", ["id"])
        return {"deletedWebhookSubscriptionId": None, "userErrors": [error]}
    ctx.shop.delete(found)
    return {"deletedWebhookSubscriptionId": found["id"], "userErrors": []}


def _own(ctx, gid: str) -> dict | None:
    return next((one for one in of_app(ctx) if one["id"] == gid), None)


def _values(data) -> dict:
    """The input as stored; `callbackUrl` is the older name of `uri`."""
    for unsupported in ("metafieldNamespaces", "metafields"):
        if data.get(unsupported):
            raise NotEmulated(f"WebhookSubscriptionInput.{unsupported}")
    if data.get("filter"):
        raise NotEmulated("WebhookSubscriptionInput.filter")
    if data.get("format", "JSON") not in (None, "JSON"):
        raise NotEmulated("WebhookSubscriptionFormat.XML")
    return {
        "uri": data.get("uri") or data.get("callbackUrl"),
        "format": "JSON",
        "filter": None,
        "name": data.get("name"),
        "includeFields": list(data.get("includeFields") or []),
        "metafieldNamespaces": [],
        "metafields": [],
    }


def _error(message: str, key: str = "callbackUrl") -> dict:
    return user_error(message, ["webhookSubscription", key])


def _topic_errors(ctx, topic: str) -> list[dict]:
    scope = topic_scope(topic)
    if scope is None or access.granted(ctx.scopes, scope):
        return []
    message = "You cannot create a webhook subscription with the specified topic"
    return [user_error(message, ["topic"])]


def _value_errors(values: dict) -> list[dict]:
    if not values["uri"]:
        return [_error("Address can't be blank")]
    parsed = urlparse(values["uri"])
    if not parsed.hostname:
        return [_error("Address is invalid")]
    if parsed.scheme != "https" and parsed.hostname not in LOOPBACK:
        return [_error(f"Address protocol {parsed.scheme}:// is not supported")]
    if len(values["name"] or "") > NAME_LIMIT:
        return [_error("Name is too long (maximum is 50 characters)", "name")]
    return []


def _taken(ctx, topic: str, values: dict) -> bool:
    return any(
        (one["topic"], one["uri"], one["filter"])
        == (topic, values["uri"], values["filter"])
        for one in of_app(ctx)
    )


@query("webhookSubscription")
def one_subscription(ctx, args):
    return _own(ctx, args["id"])


@query("webhookSubscriptions")
def subscriptions(ctx, args):
    topics, uri = args.get("topics"), args.get("uri") or args.get("callbackUrl")
    if args.get("query"):
        raise NotEmulated("webhookSubscriptions(query:)")
    args.accept("sortKey", "format")
    return [
        one
        for one in of_app(ctx)
        if (not topics or one["topic"] in topics) and uri in (None, one["uri"])
    ]


@query("webhookSubscriptionsCount")
def subscriptions_count(ctx, args):
    if args.get("query"):
        raise NotEmulated("webhookSubscriptionsCount(query:)")
    args.accept("limit")
    return {"count": len(of_app(ctx)), "precision": "EXACT"}


@field("WebhookSubscription", "endpoint")
def endpoint(ctx, subscription, args):
    return {
        "__typename": "WebhookHttpEndpoint",
        "callbackUrl": subscription["uri"],
    }


@field("WebhookSubscription", "callbackUrl")
def callback_url(ctx, subscription, args):
    return subscription["uri"]
