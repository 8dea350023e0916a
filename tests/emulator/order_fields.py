"""Reading orders: what isn't a plain key of the stored order or line."""

from __future__ import annotations

from .errors import NotEmulated
from .fulfillment_orders import ENDED, seen
from .live_search import matching
from .money import read, total, written
from .registry import field, query
from .search import FREE_TEXT, by_moment, by_text, filter_, search


@query("order")
def one_order(ctx, args):
    found = ctx.get(args["id"])
    return found if found and found["__typename"] == "Order" else None


@query("orders")
def orders(ctx, args):
    """From the index that lags; PROCESSED_AT is the default order."""
    if args.get("savedSearchId"):
        raise NotEmulated("orders(savedSearchId:)")
    return search(ctx, "Order", args, default_sort="PROCESSED_AT")


@query("ordersCount")
def orders_count(ctx, args):
    if args.get("query") or args.get("savedSearchId"):
        raise NotEmulated("ordersCount(query:)")
    args.accept("limit")
    return {"count": len(ctx.shop.of_type("Order")), "precision": "EXACT"}


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
    every = [ctx.shop.objects[gid] for gid in order["_fulfillment_orders"]]
    entries = [one for one in every if seen(ctx, one)]
    text = args.get("query")
    if args.get("displayable"):
        entries = [one for one in entries if one["status"] not in ENDED]
    return matching(ctx, "FulfillmentOrder", entries, text)


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
    """The channel that sold: its own app, not the one that asks."""
    pos = order["sourceName"] == "pos"
    return {
        "__typename": "OrderApp",
        "id": f"gid://shopify/App/{129785 if pos else 580111}",
        "name": "Point of Sale" if pos else "Online Store",
    }


@field("Order", "purchasingEntity")
def purchasing_entity(ctx, order, args):
    """The customer; business customers (companies) aren't emulated."""
    return order["customer"]


@field("Order", "agreements")
def agreements(ctx, order, args):
    return matching(ctx, "SalesAgreement", order["agreements"], args.get("query"))


@field("Order", "taxLines")
def order_taxes(ctx, order, args):
    """Those of line items only, one for each title and rate."""
    found = {}
    for line in order["lineItems"]:
        for tax in ctx.shop.objects[line]["taxLines"]:
            found.setdefault((tax["title"], tax["rate"]), []).append(tax)
    return [
        {
            **same[0],
            "priceSet": written(total(read(t["priceSet"]) for t in same), order),
        }
        for same in found.values()
    ]


@field("LineItem", "taxLines")
def line_taxes(ctx, line, args):
    return line["taxLines"][: args.get("first")]


@field("LineItem", "discountedTotalSet")
def discounted_total(ctx, line, args):
    with_codes = args.get("withCodeDiscounts")
    return line["_total_with_codes" if with_codes else "_total_without_codes"]


@filter_("Order", "status")
def by_status(row, op, value):
    return {
        "any": True,
        "open": not row["closedAt"] and not row["cancelledAt"],
        "closed": bool(row["closedAt"]),
        "cancelled": bool(row["cancelledAt"]),
        "not_closed": not row["closedAt"],
    }[value.lower()]


@filter_("Order", "financial_status")
def by_financial_status(row, op, value):
    return row["displayFinancialStatus"].lower() == value.lower()


@filter_("Order", "fulfillment_status")
def by_fulfillment_status(row, op, value):
    shipped = {"shipped": "fulfilled", "partial": "partially_fulfilled"}
    wanted = shipped.get(value.lower(), value.lower())
    return row["displayFulfillmentStatus"].lower() == wanted


@filter_("Order", "test")
def by_test(row, op, value):
    return row["test"] == (value.lower() == "true")


@filter_("Order", "customer_id")
def by_customer(row, op, value):
    return (row["customer"] or "").rpartition("/")[2] == value


@filter_("FulfillmentOrder", "status")
def by_order_status(row, op, value):
    return row["status"].lower() == value.lower()


FREE_TEXT["Order"] = ("name", "email")
filter_("Order", "name")(by_text("name"))
filter_("Order", "email")(by_text("email"))
filter_("Order", "source_name")(by_text("sourceName"))
filter_("Order", "processed_at")(by_moment("processedAt"))
