"""Fulfilment by API and by the merchant's hand."""

from __future__ import annotations

from . import fulfillment_orders as routing
from . import fulfillments
from .errors import NotEmulated
from .order_changes import changed
from .order_input import find
from .refunds import line_of
from .registry import field, merchant, mutation, query, user_error


def _refusal(refused: fulfillments.Refused) -> dict:
    return {
        "fulfillment": None,
        "userErrors": [user_error(str(refused), refused.path)],
    }


@mutation("fulfillmentCreate")
def fulfillment_create(ctx, args):
    data = args["fulfillment"]
    args.accept("message")
    if data.get("originAddress"):
        raise NotEmulated("FulfillmentInput.originAddress")
    try:
        chosen = fulfillments.check(ctx.shop, data["lineItemsByFulfillmentOrder"])
        if not all(routing.seen(ctx, entry, "write") for entry, _rows in chosen):
            raise fulfillments.Refused("Fulfillment order does not exist.")
    except fulfillments.Refused as refused:
        return _refusal(refused)
    made = fulfillments.send(
        ctx.shop,
        chosen,
        data.get("trackingInfo"),
        quiet=not data.get("notifyCustomer"),
    )
    return {"fulfillment": made["id"], "userErrors": []}


@mutation("fulfillmentTrackingInfoUpdate")
def tracking_update(ctx, args):
    quiet = not args.get("notifyCustomer")
    tracking = args["trackingInfoInput"]
    found = _fulfillment(ctx, args["fulfillmentId"])
    if found is None:
        return _refusal(fulfillments.Refused("Fulfillment not found."))
    if found["status"] == "CANCELLED":
        return _refusal(fulfillments.Refused("Fulfillment is cancelled."))
    fulfillments.retrack(ctx.shop, found, tracking, quiet)
    return {"fulfillment": found["id"], "userErrors": []}


@mutation("fulfillmentCancel")
def fulfillment_cancel(ctx, args):
    found = _fulfillment(ctx, args["id"])
    if found is None:
        return _refusal(fulfillments.Refused("Fulfillment not found."))
    try:
        fulfillments.cancel(ctx.shop, found)
    except fulfillments.Refused as refused:
        return _refusal(refused)
    return {"fulfillment": found["id"], "userErrors": []}


def _fulfillment(ctx, gid: str) -> dict | None:
    found = ctx.get(gid)
    return found if found and found["__typename"] == "Fulfillment" else None


@mutation("fulfillmentOrderHold")
def fulfillment_order_hold(ctx, args):
    data = args["fulfillmentHold"]
    data.accept("notifyMerchant", "externalId")
    if data.get("fulfillmentOrderLineItems"):
        raise NotEmulated("FulfillmentOrderHoldInput.fulfillmentOrderLineItems")
    nothing = dict.fromkeys(
        ("fulfillmentHold", "fulfillmentOrder", "remainingFulfillmentOrder")
    )
    found = ctx.get(args["id"])
    error = _hold_error(ctx, found, data.get("handle"))
    if error:
        return {**nothing, "userErrors": [error]}
    made = routing.hold(
        ctx.shop,
        found,
        data["reason"],
        ctx.app,
        handle=data.get("handle"),
        reasonNotes=data.get("reasonNotes"),
    )
    changed(ctx.shop, ctx.shop.objects[found["order"]])
    return {
        **nothing,
        "fulfillmentHold": made,
        "fulfillmentOrder": found["id"],
        "userErrors": [],
    }


def _hold_error(ctx, found: dict | None, handle: str | None) -> dict | None:
    if found is None or found["__typename"] != "FulfillmentOrder":
        return user_error(
            "Fulfillment order not found.", ["id"], "FULFILLMENT_ORDER_NOT_FOUND"
        )
    if found["status"] in routing.ENDED:
        return user_error("The order is not holdable.", ["id"], "INVALID_STATE")
    ours = [h for h in found["fulfillmentHolds"] if h["_app"] == ctx.app.gid]
    if any(hold["handle"] == handle for hold in ours):
        return user_error(
            "The handle is taken by another hold of this app.",
            ["fulfillmentHold", "handle"],
            "DUPLICATE_FULFILLMENT_HOLD_HANDLE",
        )
    return None


@mutation("fulfillmentOrderReleaseHold")
def fulfillment_order_release(ctx, args):
    args.accept("externalId")
    found = ctx.get(args["id"])
    if found is None or found["status"] != "ON_HOLD":
        error = user_error("The order is not on hold.", ["id"], "INVALID_STATE")
        return {"fulfillmentOrder": None, "userErrors": [error]}
    routing.release(ctx.shop, found, args.get("holdIds"))
    changed(ctx.shop, ctx.shop.objects[found["order"]])
    return {"fulfillmentOrder": found["id"], "userErrors": []}


# -- the merchant's hand ----------------------------------------------------------


@merchant("merchant_fulfill")
def merchant_fulfill(
    shop, order: str, lines=None, tracking: dict | None = None, location=None
) -> list[dict]:
    """Send in Shopify's admin: all that is open, or {"line", "quantity"} rows.

    One fulfilment a location and fulfilment order that can be sent together.
    """
    found = shop.require(order, "Order")
    place = find(shop, "Location", "name", location)["id"] if location else None
    wanted = None
    if lines is not None:
        wanted = {
            line_of(shop, found, row["line"])["id"]: row["quantity"] for row in lines
        }
    by_location: dict[str, list[dict]] = {}
    for entry in routing.of_order(shop, found, *routing.OPEN_STATES):
        if place in (None, entry["_location"]):
            rows = _rows_to_send(shop, entry, wanted)
            if rows:
                by_location.setdefault(entry["_location"], []).append(
                    {
                        "fulfillmentOrderId": entry["id"],
                        "fulfillmentOrderLineItems": rows,
                    }
                )
    if wanted and any(wanted.values()):
        raise ValueError(f"not that many open units: {wanted}")
    return [
        fulfillments.send(shop, fulfillments.check(shop, chosen), tracking)
        for chosen in by_location.values()
    ]


def _rows_to_send(shop, entry: dict, wanted: dict | None) -> list[dict]:
    """What of a fulfilment order to send; takes it off `wanted`."""
    rows = []
    for row in routing.rows(shop, entry):
        units = row["remainingQuantity"]
        if wanted is not None:
            units = min(units, wanted.get(row["lineItem"], 0))
            if units:
                wanted[row["lineItem"]] -= units
        if units:
            rows.append({"id": row["id"], "quantity": units})
    return rows


@merchant("cancel_fulfillment")
def cancel_fulfillment(shop, fulfillment: str) -> dict:
    found = shop.require(fulfillment, "Fulfillment")
    fulfillments.cancel(shop, found)
    return found


@merchant("track_fulfillment")
def track_fulfillment(shop, fulfillment: str, tracking: dict) -> dict:
    found = shop.require(fulfillment, "Fulfillment")
    fulfillments.retrack(shop, found, tracking)
    return found


@merchant("hold_fulfillment_order")
def hold_fulfillment_order(shop, fulfillment_order: str, reason="OTHER") -> dict:
    found = shop.require(fulfillment_order, "FulfillmentOrder")
    routing.hold(shop, found, reason)
    changed(shop, shop.objects[found["order"]])
    return found


@merchant("release_fulfillment_order")
def release_fulfillment_order(shop, fulfillment_order: str) -> dict:
    found = shop.require(fulfillment_order, "FulfillmentOrder")
    routing.release(shop, found, None)
    changed(shop, shop.objects[found["order"]])
    return found


@merchant("move_fulfillment_order")
def move_fulfillment_order(
    shop, fulfillment_order: str, location: str, rows: dict | None = None
) -> dict:
    """To another location: all that is left, or {row GID: units}."""
    found = shop.require(fulfillment_order, "FulfillmentOrder")
    place = find(shop, "Location", "name", location)["id"]
    order = shop.objects[found["order"]]
    moved = routing.move(shop, order, found, place, rows)
    changed(shop, order)
    return moved


# -- reading ----------------------------------------------------------------------


@field("FulfillmentOrder", "supportedActions")
def supported_actions(ctx, entry, args):
    return [
        {"action": action, "externalUrl": None}
        for action in routing.ACTIONS.get(entry["status"], ())
    ]


@field("FulfillmentHold", "heldByRequestingApp")
def held_by_requesting_app(ctx, hold, args):
    return hold["_app"] == ctx.app.gid


@field("Fulfillment", "trackingInfo")
def tracking_list(ctx, fulfillment, args):
    return fulfillment["trackingInfo"][: args.get("first")]


@query("fulfillment")
def one_fulfillment(ctx, args):
    return _fulfillment(ctx, args["id"])


@query("fulfillmentOrder")
def one_fulfillment_order(ctx, args):
    found = ctx.get(args["id"])
    return found if found and found["__typename"] == "FulfillmentOrder" else None
