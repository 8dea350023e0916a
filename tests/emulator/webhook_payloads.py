"""Bodies of webhooks: REST-shaped JSON as it stood when the event happened.

Only what receivers are known to read is there: ids, times, states, sums and lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC
from zoneinfo import ZoneInfo

from . import clock, inventory


def number(gid: str | None) -> int | None:
    return int(gid.rpartition("/")[2].partition("?")[0]) if gid else None


def local(shop, text: str | None) -> str | None:
    """A time as webhooks print it: in the shop's own zone, with its offset."""
    if text is None:
        return None
    zone = next((one.get("ianaTimezone") for one in shop.of_type("Shop")), None)
    moment = clock.parse(text).astimezone(ZoneInfo(zone) if zone else UTC)
    return moment.isoformat(timespec="seconds")


def _base(shop, obj: dict) -> dict:
    return {
        "id": number(obj["id"]),
        "admin_graphql_api_id": obj["id"],
        "created_at": local(shop, obj.get("createdAt")),
        "updated_at": local(shop, obj.get("updatedAt")),
    }


def _amount(stored: dict | None) -> str | None:
    return stored["shopMoney"]["amount"] if stored else None


def order(shop, obj: dict) -> dict:
    lines = [shop.objects[gid] for gid in obj["lineItems"]]
    return {
        **_base(shop, obj),
        "name": obj["name"],
        "order_number": obj["number"],
        "email": obj["email"],
        "currency": obj["currencyCode"],
        "total_price": _amount(obj["totalPriceSet"]),
        "current_total_price": _amount(obj["currentTotalPriceSet"]),
        "total_tax": _amount(obj["totalTaxSet"]),
        "taxes_included": obj["taxesIncluded"],
        "financial_status": obj["displayFinancialStatus"].lower(),
        "fulfillment_status": obj["displayFulfillmentStatus"].lower(),
        "cancelled_at": local(shop, obj["cancelledAt"]),
        "cancel_reason": obj["cancelReason"],
        "note": obj["note"],
        "tags": ", ".join(obj["tags"]),
        "source_name": obj["sourceName"],
        "customer": {"id": number(obj["customer"])} if obj["customer"] else None,
        "line_items": [_line(line) for line in lines],
    }


def _line(line: dict) -> dict:
    return {
        "id": number(line["id"]),
        "admin_graphql_api_id": line["id"],
        "title": line["title"],
        "sku": line["sku"],
        "quantity": line["quantity"],
        "current_quantity": line["currentQuantity"],
        "price": _amount(line["originalUnitPriceSet"]),
        "product_id": number(line["product"]),
        "variant_id": number(line["variant"]),
    }


def only_id(shop, obj: dict) -> dict:
    """Deletions tell no more than the number."""
    return {"id": number(obj["id"])}


def product(shop, obj: dict) -> dict:
    return {
        **_base(shop, obj),
        "title": obj["title"],
        "handle": obj.get("handle"),
        "vendor": obj["vendor"],
        "status": obj["status"].lower(),
    }


def customer(shop, obj: dict) -> dict:
    return {
        **_base(shop, obj),
        "email": obj["_email"],
        "first_name": obj.get("firstName"),
        "last_name": obj.get("lastName"),
    }


def merge(shop, obj: dict) -> dict:
    return {
        "admin_graphql_api_customer_kept_id": obj["kept"],
        "admin_graphql_api_customer_deleted_id": obj["gone"],
    }


def level(shop, obj: dict) -> dict:
    return {
        "inventory_item_id": number(obj["item"]),
        "location_id": number(obj["location"]),
        "available": inventory.quantity(obj, "available"),
        "updated_at": local(shop, obj["updatedAt"]),
        "admin_graphql_api_id": obj["id"],
    }


def transaction(shop, obj: dict) -> dict:
    return {
        **_base(shop, obj),
        "order_id": number(obj["order"]),
        "parent_id": number(obj["parentTransaction"]),
        "kind": obj["kind"].lower(),
        "status": obj["status"].lower(),
        "gateway": obj["gateway"],
        "amount": _amount(obj["amountSet"]),
    }


def refund(shop, obj: dict) -> dict:
    return {**_base(shop, obj), "order_id": number(obj["order"]), "note": obj["note"]}


def fulfillment(shop, obj: dict) -> dict:
    numbers = [entry["number"] for entry in obj["trackingInfo"] if entry["number"]]
    return {
        **_base(shop, obj),
        "order_id": number(obj["order"]),
        "location_id": number(obj["location"]),
        "status": obj["status"].lower(),
        "name": obj["name"],
        "tracking_number": numbers[0] if numbers else None,
        "tracking_numbers": numbers,
    }


def fulfillment_order(shop, obj: dict) -> dict:
    return {"fulfillment_order": {"id": obj["id"], "status": obj["status"].lower()}}


def bulk_operation(shop, obj: dict) -> dict:
    return {
        "admin_graphql_api_id": obj["id"],
        "status": obj["status"].lower(),
        "type": obj.get("type", "QUERY").lower(),
        "error_code": obj.get("errorCode"),
        "created_at": local(shop, obj.get("createdAt")),
        "completed_at": local(shop, obj.get("completedAt")),
    }


def shop_body(shop, obj: dict) -> dict:
    return {
        "id": number(obj["id"]) if "id" in obj else shop.app.number,
        "name": shop.name,
        "domain": shop.domain,
        "myshopify_domain": shop.domain,
        "currency": shop.currency,
    }


def scopes(shop, obj: dict) -> dict:
    return {"id": shop.app.number, "current": sorted(shop.app.scopes), **obj}


BUILDERS: dict[str, Callable] = {
    "Order": order,
    "Product": product,
    "Customer": customer,
    "CustomerMerge": merge,
    "InventoryLevel": level,
    "OrderTransaction": transaction,
    "Refund": refund,
    "Fulfillment": fulfillment,
    "FulfillmentOrder": fulfillment_order,
    "BulkOperation": bulk_operation,
    "Shop": shop_body,
    "AppScopes": scopes,
}


def body(shop, topic: str, obj: dict) -> dict:
    """The whole payload of an event, before `includeFields`."""
    if topic.endswith("_DELETE"):
        return only_id(shop, obj)
    return BUILDERS.get(obj["__typename"], _base)(shop, obj)


def chosen(payload: dict, fields: Iterable[str]) -> dict:
    """Only the named fields; `a.b` reaches into objects and lists. None = all."""
    names = list(fields)
    if not names:
        return payload
    result: dict = {}
    for name in names:
        head, _dot, rest = name.partition(".")
        if head not in payload:
            continue
        value = payload[head]
        result[head] = _merged(result.get(head), _reached(value, rest))
    return result


def _reached(value, rest: str):
    if not rest or value is None:
        return value
    if isinstance(value, list):
        return [_reached(item, rest) for item in value]
    return chosen(value, [rest]) if isinstance(value, dict) else value


def _merged(before, value):
    if isinstance(before, dict) and isinstance(value, dict):
        return {**before, **value}
    if isinstance(before, list) and isinstance(value, list):
        return [_merged(a, b) for a, b in zip(before, value, strict=True)]
    return value
