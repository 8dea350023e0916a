"""`orderCancel` by an app, and the order's timeline (question 15)."""

from .order_edits import cancel_order
from .paging import connection
from .registry import field, mutation, query, user_error


@mutation("orderCancel")
def order_cancel(ctx, args):
    """Done at once; its job reads as done. A repeat is refused or taken as if it were
    the first (switch)."""
    args.accept("notifyCustomer", "refundMethod")
    order = ctx.get(args["orderId"])
    refund = args.get("refund")
    if args.get("refundMethod"):
        refund = args["refundMethod"].get("originalPaymentMethodsRefund")
    answer = {"job": None, "userErrors": [], "orderCancelUserErrors": []}
    if order is None or order["__typename"] != "Order":
        return answer | _refused("Order does not exist", "NOT_FOUND")
    reason, restock, note = args["reason"], args["restock"], args.get("staffNote")
    if order["cancelledAt"] is None:
        try:
            cancel_order(ctx.shop, order["id"], reason, restock, bool(refund), note)
        except ValueError as error:
            return answer | _refused(str(error), "INVALID")
    elif ctx.shop.switches.repeated_cancel_is_refused:
        return answer | _refused("Order has already been cancelled", "INVALID")
    return answer | {"job": {"id": ctx.shop.new_gid("Job"), "done": True}}


def _refused(message: str, code: str) -> dict:
    """Both lists of the payload tell; the older one has no codes."""
    error = user_error(message, ["orderId"], code)
    return {"orderCancelUserErrors": [error], "userErrors": [error]}


@query("job")
def job(_ctx, args):
    return {"id": args["id"], "done": True}


@field("Order", "events")
def events(ctx, order, args):
    args.accept("sortKey")
    return connection(order.get("_events", []), args, ctx)
