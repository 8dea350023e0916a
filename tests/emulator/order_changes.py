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


def note_event(shop, order: dict, action: str, note: str | None) -> None:
    """A line of the timeline. Whether it shows the staff's note is a switch."""
    shown = note if note and shop.switches.edit_note_shows_in_timeline else ""
    order.setdefault("_events", []).append(
        {
            "__typename": "BasicEvent",
            "id": shop.new_gid("BasicEvent"),
            "action": action,
            "createdAt": shop.timestamp(),
            "message": " ".join(["This order was edited.", shown]).strip(),
            "subjectId": order["id"],
            "subjectType": "ORDER",
        }
    )
