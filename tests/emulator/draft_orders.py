"""Draft orders: a merchant writes one, and completes it, which makes an order."""

from __future__ import annotations

from .errors import NotEmulated
from .registry import merchant, query
from .search import by_text, filter_, search

SOURCE = "shopify_draft_order"


@merchant("create_draft_order")
def create_draft_order(shop, lines: list[dict], **order):
    """An open draft. lines, order: what `create_order` takes, kept until it is
    completed; the draft's own sums aren't emulated."""
    number = 1 + len(shop.of_type("DraftOrder"))
    draft = shop.add(
        "DraftOrder",
        name=f"#D{number}",
        status="OPEN",
        completedAt=None,
        invoiceSentAt=None,
        note2=order.get("note"),
        email=order.get("email"),
        customer=order.get("customer"),
        tags=list(order.get("tags", ())),
        order=None,
        _lines=lines,
        _order=order,
    )
    shop.emit("DRAFT_ORDERS_CREATE", draft)
    return draft


@merchant("complete_draft_order")
def complete_draft_order(shop, gid: str):
    """The draft becomes an order, which is returned."""
    draft = shop.require(gid, "DraftOrder")
    if draft["status"] == "COMPLETED":
        raise ValueError(f"{draft['name']} is completed already")
    order = shop.create_order(draft["_lines"], source_name=SOURCE, **draft["_order"])
    draft.update(status="COMPLETED", completedAt=shop.timestamp(), order=order["id"])
    shop.touch(draft)
    shop.emit("DRAFT_ORDERS_UPDATE", draft)
    return order


@merchant("delete_draft_order")
def delete_draft_order(shop, gid: str):
    """Its order, if it has become one, stays."""
    draft = shop.require(gid, "DraftOrder")
    shop.delete(draft)
    shop.emit("DRAFT_ORDERS_DELETE", draft)


@query("draftOrder")
def one(ctx, args):
    found = ctx.get(args["id"])
    return found if found and found["__typename"] == "DraftOrder" else None


@query("draftOrders")
def several(ctx, args):
    """From the index that lags, by ID unless told."""
    if args.get("savedSearchId"):
        raise NotEmulated("draftOrders(savedSearchId:)")
    return search(ctx, "DraftOrder", args)


filter_("DraftOrder", "status")(by_text("status"))
