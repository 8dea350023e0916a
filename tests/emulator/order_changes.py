"""What every change of an order ends with."""

from __future__ import annotations

from .order_totals import recompute

SETTLED = frozenset({"PAID", "PARTIALLY_REFUNDED", "REFUNDED", "VOIDED"})


def changed(shop, order: dict) -> None:
    """Figures follow, the search index hears of it, webhooks go out.

    An order that is sent and paid is archived, as shops do by default.
    """
    recompute(shop, order)
    done = order["displayFulfillmentStatus"] == "FULFILLED"
    if done and order["displayFinancialStatus"] in SETTLED and not order["closedAt"]:
        order["closedAt"] = shop.timestamp()
        order["closed"] = True
    shop.touch(order)
    shop.emit("ORDERS_UPDATED", order)
