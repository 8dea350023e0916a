"""Sending: fulfilments, their tracking and their cancellation.

The same functions serve the API's mutations and the merchant's own hand.
"""

from __future__ import annotations

from . import fulfillment_orders as routing
from . import inventory
from .money import part, read, written
from .order_changes import changed
from .order_totals import unfulfilled


class Refused(Exception):
    """The fulfilment can't be made; the message and the path of the input."""

    def __init__(self, message: str, *path: str):
        self.path = ["fulfillment", *path]
        super().__init__(message)


def check(shop, wanted: list[dict]) -> list[tuple[dict, list[tuple[dict, int]]]]:
    """`wanted` as in the API: per fulfilment order its lines, or None for all.

    The (fulfilment order, [(row, units)]) pairs to send; raises Refused.
    """
    if not wanted:
        raise Refused("Line items by fulfillment order can't be empty.")
    chosen = [_chosen(shop, entry) for entry in wanted]
    if len({order["order"] for order, _rows in chosen}) > 1:
        raise Refused("All fulfillment orders must belong to the same order.")
    if len({order["_location"] for order, _rows in chosen}) > 1:
        raise Refused("All fulfillment orders must be assigned to the same location.")
    if len({order["id"] for order, _rows in chosen}) < len(chosen):
        raise Refused("A fulfillment order can be given only once.")
    return chosen


def _chosen(shop, entry: dict) -> tuple[dict, list[tuple[dict, int]]]:
    gid = entry["fulfillmentOrderId"]
    found = shop.get(gid)
    if found is None or found["__typename"] != "FulfillmentOrder":
        raise Refused("Fulfillment order does not exist.")
    if found["status"] not in routing.OPEN_STATES:
        status = found["status"].lower()
        number = found["legacyResourceId"]
        raise Refused(
            f"Fulfillment order {number} has an unfulfillable status= {status}."
        )
    members = {row["id"]: row for row in routing.rows(shop, found)}
    given = entry.get("fulfillmentOrderLineItems")
    if not given:
        left = [(row, row["remainingQuantity"]) for row in members.values()]
        return found, [pair for pair in left if pair[1]]
    pairs = []
    for row in given:
        if row["id"] not in members:
            raise Refused("Fulfillment order line item does not exist.")
        left = members[row["id"]]["remainingQuantity"]
        if not 0 < row["quantity"] <= left:
            raise Refused("Invalid fulfillment order line item quantity requested.")
        pairs.append((members[row["id"]], row["quantity"]))
    if len({row["id"] for row, _units in pairs}) < len(pairs):
        raise Refused("A fulfillment order line item can be given only once.")
    return found, pairs


def send(shop, chosen, tracking: dict | None = None, quiet: bool = True) -> dict:
    """Make the fulfilment of checked lines: stock leaves, the order moves on."""
    order = shop.objects[chosen[0][0]["order"]]
    location = chosen[0][0]["_location"]
    rows = [pair for _order, pairs in chosen for pair in pairs]
    made = shop.add(
        "Fulfillment",
        name=f"{order['name']}.{len(order['_fulfillments']) + 1}",
        order=order["id"],
        location=location,
        status="SUCCESS",
        displayStatus="FULFILLED",
        trackingInfo=tracking_info(tracking),
        totalQuantity=sum(units for _row, units in rows),
        requiresShipping=any(row["requiresShipping"] for row, _units in rows),
        service=None,
        originAddress=None,
        deliveredAt=None,
        estimatedDeliveryAt=None,
        inTransitAt=None,
        events=[],
        fulfillmentOrders=[entry["id"] for entry, _pairs in chosen],
        _notified=not quiet,
    )
    made["fulfillmentLineItems"] = [
        _line(shop, order, row, units)["id"] for row, units in rows
    ]
    order["_fulfillments"].append(made["id"])
    for entry, pairs in chosen:
        _take(shop, entry, pairs, location)
        entry["fulfillments"].append(made["id"])
    shop.emit("FULFILLMENTS_CREATE", made)
    changed(shop, order)
    _tell(shop, order)
    return made


def _line(shop, order: dict, row: dict, units: int) -> dict:
    line = shop.objects[row["lineItem"]]
    share = {
        key: part(read(line[source]), units, line["quantity"], order)
        for key, source in (
            ("discountedTotalSet", "_total_without_codes"),
            ("originalTotalSet", "originalTotalSet"),
        )
    }
    return shop.add(
        "FulfillmentLineItem",
        lineItem=line["id"],
        quantity=units,
        **{key: written(bag, order) for key, bag in share.items()},
    )


def _take(shop, entry: dict, pairs, location: str) -> None:
    for row, units in pairs:
        line = shop.objects[row["lineItem"]]
        row["remainingQuantity"] -= units
        line["_fulfilled"] += units
        item = inventory.tracked_item(shop, line["variant"])
        if item:
            inventory.move(shop, item, location, committed=-units)
    entry["status"] = "IN_PROGRESS"
    routing.refresh(shop, entry)


def _tell(shop, order: dict) -> None:
    lines = [shop.objects[gid] for gid in order["lineItems"]]
    whole = not any(unfulfilled(line) for line in lines)
    shop.emit("ORDERS_FULFILLED" if whole else "ORDERS_PARTIALLY_FULFILLED", order)


def tracking_info(given: dict | None) -> list[dict]:
    """Tracking as stored: one entry a number, or one with only company or URL."""
    if not given:
        return []
    numbers = given.get("numbers") or [given.get("number")]
    urls = given.get("urls") or [given.get("url")]
    count = max(len(numbers), len(urls))
    padded = zip(
        numbers + [None] * (count - len(numbers)),
        urls + [None] * (count - len(urls)),
        strict=True,
    )
    company = given.get("company")
    return [
        {
            "__typename": "FulfillmentTrackingInfo",
            "number": number,
            "url": url,
            "company": company,
        }
        for number, url in padded
        if number or url or company
    ]


def retrack(shop, fulfillment: dict, tracking: dict, quiet: bool = True) -> None:
    fulfillment["trackingInfo"] = tracking_info(tracking)
    fulfillment["_notified"] = fulfillment["_notified"] or not quiet
    shop.touch(fulfillment)
    shop.emit("FULFILLMENTS_UPDATE", fulfillment)
    changed(shop, shop.objects[fulfillment["order"]])


def cancel(shop, fulfillment: dict) -> None:
    """Undo a fulfilment: its units are committed again in a new fulfilment order."""
    if fulfillment["status"] == "CANCELLED":
        raise Refused("Fulfillment is already cancelled.")
    order = shop.objects[fulfillment["order"]]
    location = fulfillment["location"]
    fulfillment.update(status="CANCELLED", displayStatus="CANCELED")
    pairs = []
    for gid in fulfillment["fulfillmentLineItems"]:
        row = shop.objects[gid]
        line = shop.objects[row["lineItem"]]
        line["_fulfilled"] -= row["quantity"]
        pairs.append((line, row["quantity"]))
        item = inventory.tracked_item(shop, line["variant"])
        if item:
            inventory.move(shop, item, location, committed=row["quantity"])
    method = shop.objects[fulfillment["fulfillmentOrders"][0]]["_method"]
    routing.make(shop, order, location, method, pairs)
    shop.touch(fulfillment)
    shop.emit("FULFILLMENTS_UPDATE", fulfillment)
    changed(shop, order)
