"""Fulfilment orders: one order's lines by assigned location (shopify.md section 13).

Routing commits stock; holding, moving and cutting change what may be sent.
"""

from __future__ import annotations

from . import inventory
from .access import granted

OPEN_STATES = frozenset({"OPEN", "IN_PROGRESS"})
ENDED = frozenset({"CLOSED", "CANCELLED", "INCOMPLETE"})
ACTIONS = {
    "OPEN": ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", "SPLIT"),
    "IN_PROGRESS": ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "HOLD", "MARK_AS_OPEN"),
    "SCHEDULED": ("MARK_AS_OPEN", "MOVE"),
    "ON_HOLD": ("RELEASE_HOLD", "HOLD", "MOVE"),
}


def route(shop, order: dict, place: str | None = None) -> None:
    """Assign every line that can be sent to a location and commit its stock."""
    lines = [shop.objects[gid] for gid in order["lineItems"]]
    route_units(shop, order, [(line, line["quantity"]) for line in lines], place)


def route_units(shop, order: dict, pairs, place: str | None = None) -> None:
    """Assign (line, units) pairs; tips are never sent."""
    by_target: dict[tuple[str, str], list[tuple[dict, int]]] = {}
    for line, units in pairs:
        if line["_tip"]:
            continue
        location = _location_for(shop, line, units, place)
        method = order["_method"] if line["requiresShipping"] else "NONE"
        by_target.setdefault((location, method), []).append((line, units))
        commit(shop, line, location, units)
    for (location, method), members in by_target.items():
        make(shop, order, location, method, members)


def _location_for(shop, line: dict, units: int, place: str | None) -> str:
    """The given place, else the first active location that has the stock."""
    named = line["_location"] or place
    places = [loc for loc in shop.of_type("Location") if loc["isActive"]]
    if named:
        return next(p["id"] for p in places if named in (p["id"], p["name"]))
    selling = [p["id"] for p in places if p["fulfillsOnlineOrders"]]
    item = inventory.tracked_item(shop, line["variant"])
    for location in selling if item else ():
        stock = inventory.find_level(shop, item, location)
        if stock and inventory.quantity(stock, "available") >= units:
            return location
    return selling[0]


def commit(shop, line: dict, location: str, units: int) -> None:
    """Reserve units (negative: free them) of a line at a location."""
    item = inventory.tracked_item(shop, line["variant"])
    if item and units:
        inventory.move(shop, item, location, available=-units, committed=units)


def make(shop, order: dict, location: str, method: str, rows) -> dict:
    """A new open fulfilment order of (line, units) pairs."""
    made = shop.add(
        "FulfillmentOrder",
        status="OPEN",
        requestStatus="UNSUBMITTED",
        order=order["id"],
        orderId=order["id"],
        orderName=order["name"],
        orderProcessedAt=order["processedAt"],
        assignedLocation=_assigned(shop, location),
        deliveryMethod={
            "__typename": "DeliveryMethod",
            "id": shop.new_gid("DeliveryMethod"),
            "methodType": method,
            "additionalInformation": None,
            "brandedPromise": None,
            "maxDeliveryDateTime": None,
            "minDeliveryDateTime": None,
            "presentedName": _presented_name(order),
            "serviceCode": _service_code(order),
            "sourceReference": None,
        },
        destination=_destination(shop, order),
        fulfillAt=shop.timestamp(),
        fulfillBy=None,
        fulfillmentHolds=[],
        fulfillments=[],
        internationalDuties=None,
        merchantRequests=[],
        channelId=None,
        _location=location,
        _method=method,
    )
    made["lineItems"] = [_row(shop, order, line, units)["id"] for line, units in rows]
    order["_fulfillment_orders"].append(made["id"])
    return made


def _presented_name(order: dict) -> str | None:
    return order["_shipping"][0]["title"] if order["_shipping"] else None


def _service_code(order: dict) -> str | None:
    return order["_shipping"][0]["code"] if order["_shipping"] else None


def _row(shop, order: dict, line: dict, units: int) -> dict:
    variant = shop.get(line["variant"])
    return shop.add(
        "FulfillmentOrderLineItem",
        lineItem=line["id"],
        totalQuantity=units,
        remainingQuantity=units,
        inventoryItemId=variant["inventoryItem"] if variant else None,
        productTitle=line["title"],
        variant=line["variant"],
        variantTitle=line["variantTitle"],
        vendor=line["vendor"],
        sku=line["sku"],
        requiresShipping=line["requiresShipping"],
        shippingLine=order["_shipping"][0] if order["_shipping"] else None,
        image=None,
        warnings=[],
        weight=line["weight"],
    )


def _assigned(shop, location: str) -> dict:
    found = shop.objects[location]
    where = found["address"]
    keys = ("address1", "address2", "city", "phone", "province", "zip")
    return {
        "__typename": "FulfillmentOrderAssignedLocation",
        "location": location,
        "name": found["name"],
        "countryCode": where["countryCode"],
        **{key: where[key] for key in keys},
    }


def _destination(shop, order: dict) -> dict | None:
    where = order["shippingAddress"]
    if where is None:
        return None
    keys = "address1 address2 city company firstName lastName phone province zip"
    return {
        "__typename": "FulfillmentOrderDestination",
        "id": shop.new_gid("FulfillmentOrderDestination"),
        "countryCode": where["countryCodeV2"],
        "email": order["email"],
        "location": None,
        **{key: where[key] for key in keys.split()},
    }


def seen(ctx, fulfillment_order: dict, verb: str = "read") -> bool:
    """Do the app's scopes reach fulfilment orders at a location of this kind?"""
    location = ctx.shop.objects[fulfillment_order["_location"]]
    kind = "third_party" if location["isFulfillmentService"] else "merchant_managed"
    return granted(ctx.scopes, f"{verb}_{kind}_fulfillment_orders")


def rows(shop, fulfillment_order: dict) -> list[dict]:
    return [shop.objects[gid] for gid in fulfillment_order["lineItems"]]


def remaining(shop, fulfillment_order: dict) -> int:
    return sum(row["remainingQuantity"] for row in rows(shop, fulfillment_order))


def of_order(shop, order: dict, *statuses: str) -> list[dict]:
    found = [shop.objects[gid] for gid in order["_fulfillment_orders"]]
    return [one for one in found if not statuses or one["status"] in statuses]


def refresh(shop, fulfillment_order: dict) -> None:
    """Close a fulfilment order that has nothing left to send."""
    if not remaining(shop, fulfillment_order):
        if fulfillment_order["status"] not in ENDED:
            fulfillment_order["status"] = "CLOSED"
    shop.touch(fulfillment_order)


def cut(shop, order: dict, line: dict, units: int, restock: bool) -> list[str]:
    """Take `units` not yet sent of a line out of its fulfilment orders.

    Their reservation ends; restocked units are available again. The location of each
    fulfilment order that lost units, in order.
    """
    places = []
    for entry in of_order(shop, order):
        for row in rows(shop, entry):
            taken = min(units, row["remainingQuantity"])
            if row["lineItem"] != line["id"] or not taken:
                continue
            row["remainingQuantity"] -= taken
            row["totalQuantity"] -= taken
            units -= taken
            places.append(entry["_location"])
            _uncommit(shop, line, entry["_location"], taken, restock)
            refresh(shop, entry)
    if units:
        raise ValueError(f"{units} units of {line['id']} can't be taken out")
    return places


def _uncommit(shop, line: dict, location: str, units: int, restock: bool) -> None:
    item = inventory.tracked_item(shop, line["variant"])
    if item:
        back = units if restock else 0
        inventory.move(shop, item, location, available=back, committed=-units)


def hold(shop, fulfillment_order: dict, reason: str, app=None, **facts) -> dict:
    """Put on hold; the hold made. `handle` and `reasonNotes` are optional facts."""
    made = {
        "__typename": "FulfillmentHold",
        "id": shop.new_gid("FulfillmentHold"),
        "reason": reason,
        "displayReason": reason.replace("_", " ").capitalize(),
        "reasonNotes": facts.get("reasonNotes"),
        "handle": facts.get("handle"),
        "heldByApp": app.gid if app else None,
        "_app": app.gid if app else None,
    }
    fulfillment_order["fulfillmentHolds"].append(made)
    fulfillment_order["status"] = "ON_HOLD"
    shop.touch(fulfillment_order)
    shop.emit("FULFILLMENT_ORDERS_PLACED_ON_HOLD", fulfillment_order)
    return made


def release(shop, fulfillment_order: dict, hold_ids: list[str] | None) -> None:
    kept = [
        one
        for one in fulfillment_order["fulfillmentHolds"]
        if hold_ids and one["id"] not in hold_ids
    ]
    fulfillment_order["fulfillmentHolds"] = kept
    if not kept:
        sent = bool(fulfillment_order["fulfillments"])
        fulfillment_order["status"] = "IN_PROGRESS" if sent else "OPEN"
    shop.touch(fulfillment_order)
    shop.emit("FULFILLMENT_ORDERS_HOLD_RELEASED", fulfillment_order)


def move(shop, order: dict, source: dict, location: str, wanted=None) -> dict:
    """Move units (all that is left, or {row GID: units}) to another location.

    A whole move keeps the fulfilment order; a partial one makes a new one there.
    """
    chosen = {
        row["id"]: row["remainingQuantity"] if wanted is None else wanted[row["id"]]
        for row in rows(shop, source)
        if (wanted is None or row["id"] in wanted) and row["remainingQuantity"]
    }
    pairs = []
    for row in rows(shop, source):
        units = chosen.get(row["id"], 0)
        if units:
            line = shop.objects[row["lineItem"]]
            commit(shop, line, source["_location"], -units)
            commit(shop, line, location, units)
            pairs.append((row, line, units))
    if (
        sum(units for _row, _line, units in pairs) == remaining(shop, source)
        and not (source["fulfillments"])
    ):
        source["assignedLocation"] = _assigned(shop, location)
        source["_location"] = location
        moved = source
    else:
        for row, _line, units in pairs:
            row["remainingQuantity"] -= units
            row["totalQuantity"] -= units
        sold = [(line, units) for _row, line, units in pairs]
        moved = make(shop, order, location, source["_method"], sold)
        refresh(shop, source)
    shop.touch(moved)
    shop.emit("FULFILLMENT_ORDERS_MOVED", moved)
    return moved
