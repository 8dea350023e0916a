"""What an arriving webhook asks to be looked at, and which topics we subscribe to.

A payload is only a hint: nothing but its IDs is read. Shape of payloads: REST JSON
with a numeric `id` and mostly `admin_graphql_api_id` (shopify.dev "Webhooks delivery
structure").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .failures import NeedsReview
from .gid import GidError, build, parse


class Subject(NamedTuple):
    """What may be out of date. gid is empty for the store itself (flow "store")."""

    flow: str
    direction: str
    shopify_type: str
    gid: str


@dataclass(frozen=True)
class Wanted:
    """A topic we subscribe to.

    scope: without it Shopify refuses the subscription. scheduled_read: what finds the
    same change when the webhook never comes. include_fields: all that Shopify may send;
    empty means the whole payload, for topics whose payload is not fit for a selection.
    feature: what a shop must have beside the scope ("companies": B2B).
    """

    topic: str
    flow: str
    scope: str
    scheduled_read: str
    include_fields: tuple[str, ...] = ("id", "admin_graphql_api_id", "updated_at")
    feature: str = ""


def topic_name(topic: str) -> str:
    """`orders/create` of the header as `ORDERS_CREATE` of the API."""
    return topic.strip().replace("/", "_").upper()


def subjects_of(topic: str, payload: Any) -> tuple[Subject, ...]:
    """The subjects a delivery points to; none for a topic we don't know.

    Raises NeedsReview("webhook_malformed") when the payload doesn't name them.
    """
    name = topic_name(topic)
    reader = _READERS.get(name)
    if reader is None:
        return ()
    if not isinstance(payload, Mapping):
        raise _malformed(name, "it is no JSON object")
    return reader(name, payload)


def _malformed(topic: str, problem: str) -> NeedsReview:
    return NeedsReview("webhook_malformed", topic=topic, problem=problem)


def _own(flow: str, type: str) -> Callable:
    """The object of the topic itself, by its GID or else its number."""

    def read(topic: str, payload: Mapping[str, Any]) -> tuple[Subject, ...]:
        gid = payload.get("admin_graphql_api_id")
        if gid is None:
            return (Subject(flow, "in", type, _gid(topic, payload, "id", type)),)
        try:
            parsed = parse(gid, type)
        except GidError:
            problem = f"admin_graphql_api_id is no ID of a {type}"
            raise _malformed(topic, problem) from None
        return (Subject(flow, "in", type, str(parsed)),)

    return read


def _other(flow: str, type: str, key: str, inside: str = "") -> Callable:
    """Another object that the payload names by number, perhaps one level down."""

    def read(topic: str, payload: Mapping[str, Any]) -> tuple[Subject, ...]:
        inner = payload.get(inside) if inside else None
        source = inner if isinstance(inner, Mapping) else payload
        return (Subject(flow, "in", type, _gid(topic, source, key, type)),)

    return read


def _gid(topic: str, payload: Mapping[str, Any], key: str, type: str) -> str:
    number = payload.get(key)
    if not isinstance(number, int | str):
        raise _malformed(topic, f"{key} is missing")
    try:
        return build(type, number)
    except GidError:
        raise _malformed(topic, f"{key} is no number") from None


def _store(topic: str, payload: Mapping[str, Any]) -> tuple[Subject, ...]:
    return (Subject("store", "in", "Shop", ""),)


_READERS: dict[str, Callable] = {
    "ORDERS_CREATE": _own("orders", "Order"),
    "ORDERS_UPDATED": _own("orders", "Order"),
    "ORDERS_CANCELLED": _own("orders", "Order"),
    "ORDERS_DELETE": _own("orders", "Order"),
    "ORDERS_EDITED": _other("orders", "Order", "order_id", inside="order_edit"),
    # What happens to an order's refunds and fulfilments is read with the order.
    "DRAFT_ORDERS_UPDATE": _own("orders", "DraftOrder"),
    "REFUNDS_CREATE": _other("orders", "Order", "order_id"),
    "FULFILLMENTS_CREATE": _other("orders", "Order", "order_id"),
    "FULFILLMENTS_UPDATE": _other("orders", "Order", "order_id"),
    "PRODUCTS_CREATE": _own("products", "Product"),
    "PRODUCTS_UPDATE": _own("products", "Product"),
    "PRODUCTS_DELETE": _own("products", "Product"),
    "CUSTOMERS_CREATE": _own("customers", "Customer"),
    "CUSTOMERS_UPDATE": _own("customers", "Customer"),
    "CUSTOMERS_DELETE": _own("customers", "Customer"),
    "COMPANIES_CREATE": _own("customers", "Company"),
    "COMPANIES_UPDATE": _own("customers", "Company"),
    "COMPANIES_DELETE": _own("customers", "Company"),
    "COMPANY_LOCATIONS_CREATE": _own("customers", "CompanyLocation"),
    "COMPANY_LOCATIONS_UPDATE": _own("customers", "CompanyLocation"),
    "COMPANY_LOCATIONS_DELETE": _own("customers", "CompanyLocation"),
    "INVENTORY_LEVELS_UPDATE": _other("stock", "InventoryItem", "inventory_item_id"),
    "LOCATIONS_CREATE": _own("stock", "Location"),
    "LOCATIONS_UPDATE": _own("stock", "Location"),
    "LOCATIONS_DELETE": _own("stock", "Location"),
    "LOCATIONS_ACTIVATE": _own("stock", "Location"),
    "LOCATIONS_DEACTIVATE": _own("stock", "Location"),
    "APP_UNINSTALLED": _store,
    "APP_SCOPES_UPDATE": _store,
}

_CHANGED_ORDERS = "orders changed in the last 2 hours, every 5 minutes"
_CHANGED_PRODUCTS = "products changed in the last 2 hours, every 5 minutes"
_CHANGED_CUSTOMERS = "customers changed since the day before, every 5 minutes"
_DRAFTS = "completed draft orders of the last 3 days, every night"
_CHANGED_COMPANIES = "companies changed in the last 2 hours, every 5 minutes"
_CHANGED_BRANCHES = "company locations changed in the last 2 hours, every 5 minutes"
_LINKED_ORDERS = "weekly comparison of all linked orders by ID"
_LINKED_PRODUCTS = "weekly comparison of all linked products by ID"
_LINKED_CUSTOMERS = "weekly comparison of all linked customers by ID"
_LINKED_COMPANIES = "weekly comparison of all linked companies by ID"
_LINKED_BRANCHES = "weekly comparison of all linked company locations by ID"
_LOCATIONS = "list of all locations, hourly and when connecting"
_LEVELS = "nightly comparison of all stock levels, and before each push"
_CONNECTION = "connection check, hourly"

_OF_ORDER = ("id", "order_id", "updated_at")


def _of_companies(topic: str, scheduled_read: str) -> Wanted:
    fields = ("id", "admin_graphql_api_id", "updated_at")
    return Wanted(
        topic, "customers", "read_customers", scheduled_read, fields, "companies"
    )


WANTED_TOPICS: dict[str, Wanted] = {
    wanted.topic: wanted
    for wanted in (
        Wanted("ORDERS_CREATE", "orders", "read_orders", _CHANGED_ORDERS),
        Wanted("ORDERS_UPDATED", "orders", "read_orders", _CHANGED_ORDERS),
        Wanted("ORDERS_EDITED", "orders", "read_orders", _CHANGED_ORDERS, ()),
        Wanted("ORDERS_CANCELLED", "orders", "read_orders", _CHANGED_ORDERS),
        Wanted("ORDERS_DELETE", "orders", "read_orders", _LINKED_ORDERS, ("id",)),
        # Shopify asks for reading only; without writing nothing is done with a draft.
        Wanted("DRAFT_ORDERS_UPDATE", "orders", "write_draft_orders", _DRAFTS),
        Wanted("REFUNDS_CREATE", "orders", "read_orders", _CHANGED_ORDERS, _OF_ORDER),
        Wanted(
            "FULFILLMENTS_CREATE",
            "orders",
            "read_fulfillments",
            _CHANGED_ORDERS,
            _OF_ORDER,
        ),
        Wanted(
            "FULFILLMENTS_UPDATE",
            "orders",
            "read_fulfillments",
            _CHANGED_ORDERS,
            _OF_ORDER,
        ),
        Wanted("PRODUCTS_CREATE", "products", "read_products", _CHANGED_PRODUCTS),
        Wanted("PRODUCTS_UPDATE", "products", "read_products", _CHANGED_PRODUCTS),
        Wanted(
            "PRODUCTS_DELETE", "products", "read_products", _LINKED_PRODUCTS, ("id",)
        ),
        Wanted("CUSTOMERS_CREATE", "customers", "read_customers", _CHANGED_CUSTOMERS),
        Wanted("CUSTOMERS_UPDATE", "customers", "read_customers", _CHANGED_CUSTOMERS),
        Wanted(
            "CUSTOMERS_DELETE",
            "customers",
            "read_customers",
            _LINKED_CUSTOMERS,
            ("id", "admin_graphql_api_id"),
        ),
        _of_companies("COMPANIES_CREATE", _CHANGED_COMPANIES),
        _of_companies("COMPANIES_UPDATE", _CHANGED_COMPANIES),
        _of_companies("COMPANIES_DELETE", _LINKED_COMPANIES),
        _of_companies("COMPANY_LOCATIONS_CREATE", _CHANGED_BRANCHES),
        _of_companies("COMPANY_LOCATIONS_UPDATE", _CHANGED_BRANCHES),
        _of_companies("COMPANY_LOCATIONS_DELETE", _LINKED_BRANCHES),
        Wanted(
            "INVENTORY_LEVELS_UPDATE",
            "stock",
            "read_inventory",
            _LEVELS,
            ("inventory_item_id", "location_id", "updated_at"),
        ),
        Wanted("LOCATIONS_CREATE", "stock", "read_locations", _LOCATIONS),
        Wanted("LOCATIONS_UPDATE", "stock", "read_locations", _LOCATIONS),
        Wanted("LOCATIONS_DELETE", "stock", "read_locations", _LOCATIONS, ("id",)),
        Wanted("LOCATIONS_ACTIVATE", "stock", "read_locations", _LOCATIONS),
        Wanted("LOCATIONS_DEACTIVATE", "stock", "read_locations", _LOCATIONS),
        Wanted("APP_UNINSTALLED", "store", "", _CONNECTION, ("id",)),
        Wanted("APP_SCOPES_UPDATE", "store", "", _CONNECTION, ()),
    )
}


def wanted_topics(
    flows: set[str], scopes: set[str], features: set[str] = frozenset()
) -> tuple[Wanted, ...]:
    """The topics to subscribe to, for the flows that are on, the scopes granted and
    what the shop has."""
    return tuple(
        wanted
        for wanted in WANTED_TOPICS.values()
        if wanted.flow in {"store", *flows}
        and _is_granted(wanted.scope, scopes)
        and wanted.feature in {"", *features}
    )


def _is_granted(scope: str, scopes: set[str]) -> bool:
    """`write_x` implies `read_x`; some topics need no scope."""
    return not scope or bool(scopes & {scope, scope.replace("read_", "write_", 1)})
