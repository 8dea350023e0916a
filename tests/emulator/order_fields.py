"""Reading orders: what isn't a plain key of the stored order or line."""

from __future__ import annotations

from .fulfillment_orders import ENDED
from .registry import field, query



@query("order")
def one_order(ctx, args):
    found = ctx.get(args["id"])
    return found if found and found["__typename"] == "Order" else None


@query("refund")
def one_refund(ctx, args):
    found = ctx.get(args["id"])
    return found if found and found["__typename"] == "Refund" else None


@field("Order", "transactions")
def transactions(ctx, order, args):
    entries = [ctx.shop.objects[gid] for gid in order["_transactions"]]
    if args.get("capturable"):
        entries = [one for one in entries if one["manuallyCapturable"]]
    return entries[: args.get("first")]


@field("Order", "refunds")
def refunds(ctx, order, args):
    return order["_refunds"][: args.get("first")]


@field("Order", "fulfillments")
def fulfillments(ctx, order, args):
    return order["_fulfillments"][: args.get("first")]


@field("Order", "fulfillmentOrders")
def fulfillment_orders(ctx, order, args):
    entries = [ctx.shop.objects[gid] for gid in order["_fulfillment_orders"]]
    text = args.get("query")
    if args.get("displayable"):
        entries = [one for one in entries if one["status"] not in ENDED]
    if text:
        from .search import matches

        entries = [one for one in entries if matches(one, text)]
    return entries


@field("Order", "shippingLines")
def shipping_lines(ctx, order, args):
    if args.get("includeRemovals"):
        return order["_shipping"]
    return [line for line in order["_shipping"] if not line["isRemoved"]]


@field("Order", "shippingLine")
def shipping_line(ctx, order, args):
    left = [line for line in order["_shipping"] if not line["isRemoved"]]
    return left[0] if left else None


@field("Order", "app")
def order_app(ctx, order, args):
    return None


@field("Order", "purchasingEntity")
def purchasing_entity(ctx, order, args):
    """The customer; business customers (companies) aren't emulated."""
    return order["customer"]


@field("Order", "agreements")
def agreements(ctx, order, args):
    text = args.get("query")
    if not text:
        return order["agreements"]
    from .search import matches

    return [one for one in order["agreements"] if matches(one, text)]


@field("LineItem", "taxLines")
def line_taxes(ctx, line, args):
    return line["taxLines"][: args.get("first")]


@field("LineItem", "discountedTotalSet")
def discounted_total(ctx, line, args):
    with_codes = args.get("withCodeDiscounts")
    return line["_total_with_codes" if with_codes else "_total_without_codes"]
