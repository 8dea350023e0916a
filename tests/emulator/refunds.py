"""Giving back: refunds with or without lines, shipping, money and restocking."""

from __future__ import annotations

from decimal import Decimal

from . import agreements, inventory
from . import fulfillment_orders as routing
from .money import NOTHING, Bag, converted, part, read, total, written
from .order_changes import changed
from .order_lines import unit_price
from .order_totals import open_quantity, unfulfilled
from .orders import transaction
from .registry import merchant

RESTOCK = {"cancel": "CANCEL", "return": "RETURN", "no_restock": "NO_RESTOCK"}


@merchant("refund_order")
def refund_order(
    shop,
    order: str,
    lines=(),
    shipping: str | bool | None = None,
    amount: str | None = None,
    note: str | None = None,
    status: str = "SUCCESS",
    gateway: str | None = None,
) -> dict:
    """Refund some lines, the shipping (True = all of it), or only an `amount`.

    A line is {"line": GID or position, "quantity", "restock": cancel | return |
    no_restock, "location"}. Without `amount` the money is what the lines and the
    shipping come to; "0" moves no money; `status` PENDING leaves it on its way.
    """
    found = shop.require(order, "Order")
    made = record(shop, found, note)
    taken = [take(shop, found, made, entry) for entry in lines]
    posted = _shipping(shop, found, made, shipping) if shipping else []
    expected = total(bag for bag, _sale in (*taken, *posted))
    money = expected if amount is None else converted(Decimal(str(amount)), found)
    sales = [sale for _bag, sale in (*taken, *posted)]
    sales += _adjust(shop, found, made, expected - money)
    if money:
        _pay_back(shop, found, made, money, status, gateway)
    finish(shop, found, made, sales)
    return made


def record(shop, order: dict, note: str | None = None) -> dict:
    """An empty refund of the order."""
    made = shop.add(
        "Refund",
        order=order["id"],
        note=note,
        processedAt=shop.timestamp(),
        refundLineItems=[],
        refundShippingLines=[],
        orderAdjustments=[],
        transactions=[],
        duties=[],
        staffMember=None,
        totalRefundedSet=written(NOTHING, order),
        **{"return": None},
    )
    order["_refunds"].append(made["id"])
    return made


def finish(shop, order: dict, made: dict, sales: list[dict]) -> None:
    agreements.add(shop, order, "RefundAgreement", "REFUND", sales, refund=made["id"])
    shop.emit("REFUNDS_CREATE", made)
    changed(shop, order)


def line_of(shop, order: dict, reference: str | int) -> dict:
    """A line by GID, position or SKU."""
    if isinstance(reference, int):
        return shop.objects[order["lineItems"][reference]]
    lines = [shop.objects[gid] for gid in order["lineItems"]]
    return next(one for one in lines if reference in (one["id"], one["sku"]))


def take(shop, order: dict, made: dict, entry: dict) -> tuple[Bag, dict]:
    """Take units out of a line: the money they come to, and their sale."""
    line = line_of(shop, order, entry["line"])
    units = entry.get("quantity", open_quantity(line))
    if not 0 < units <= open_quantity(line):
        raise ValueError(f"{units} of {open_quantity(line)} open units of {line['id']}")
    net, taxes = share(order, line, units)
    kind = RESTOCK[entry.get("restock", "no_restock")]
    location = _restock(shop, order, line, units, kind, entry.get("location"))
    made["refundLineItems"].append(
        {
            "__typename": "RefundLineItem",
            "id": shop.new_gid("RefundLineItem"),
            "lineItem": line["id"],
            "quantity": units,
            "restockType": kind,
            "restocked": kind != "NO_RESTOCK",
            "location": location if kind != "NO_RESTOCK" else None,
            "priceSet": written(unit_price(net, units, order), order),
            "subtotalSet": written(net, order),
            "totalTaxSet": written(total(taxes), order),
        }
    )
    sale = agreements.entry(
        shop,
        order,
        *agreements.kind(line),
        "RETURN",
        line,
        -units,
        -net,
        [-tax for tax in taxes],
    )
    return _with_tax(order, net, taxes), sale


def share(order: dict, line: dict, units: int) -> tuple[Bag, list[Bag]]:
    """Net and taxes of the next `units`; the last unit takes what rounding left."""
    upto = line["_taken"] + units
    net = part(line["_net"], upto, line["quantity"], order) - line["_taken_net"]
    taxes = []
    for index, tax in enumerate(line["taxLines"]):
        whole = part(read(tax["priceSet"]), upto, line["quantity"], order)
        taxes.append(whole - line["_taken_taxes"][index])
    line["_taken"] = upto
    line["_taken_net"] = line["_taken_net"] + net
    line["_taken_taxes"] = [
        before + tax for before, tax in zip(line["_taken_taxes"], taxes, strict=True)
    ]
    return net, taxes


def _with_tax(order: dict, net: Bag, taxes: list[Bag]) -> Bag:
    return net if order["taxesIncluded"] else net + total(taxes)


def _restock(shop, order, line, units: int, kind: str, location: str | None):
    """Move the stock of taken units; the location it came back to."""
    unsent = unfulfilled(line)
    if kind == "RETURN":
        place = location or _sent_from(shop, order)
        item = inventory.tracked_item(shop, line["variant"])
        if item:
            inventory.move(shop, item, place, available=units)
        return place
    if kind == "CANCEL" and units > unsent:
        raise ValueError("only units that weren't sent can be cancelled")
    cut = min(units, unsent)
    places = routing.cut(shop, order, line, cut, restock=kind == "CANCEL")
    line["_gone"] += cut
    return places[0] if places else None


def _sent_from(shop, order: dict) -> str:
    if order["_fulfillments"]:
        return shop.objects[order["_fulfillments"][0]]["location"]
    return shop.objects[order["_fulfillment_orders"][0]]["_location"]


def _shipping(shop, order: dict, made: dict, wanted) -> list[tuple[Bag, dict]]:
    """Give back shipping: all of it, or an amount from the first lines on."""
    left = None if wanted is True else converted(Decimal(str(wanted)), order)
    result = []
    for line in order["_shipping"]:
        open_net = line["_net"] - line["_taken_net"]
        net = open_net if left is None or left.shop > open_net.shop else left
        left = None if left is None else left - net
        if not net:
            continue
        taxes = _shipping_taxes(order, line, net)
        made["refundShippingLines"].append(
            {
                "__typename": "RefundShippingLine",
                "id": shop.new_gid("RefundShippingLine"),
                "shippingLine": line,
                "subtotalAmountSet": written(net, order),
                "taxAmountSet": written(total(taxes), order),
            }
        )
        sale = agreements.entry(
            shop,
            order,
            "ShippingLineSale",
            "SHIPPING",
            "RETURN",
            line,
            -1 if net == open_net else None,
            -net,
            [-tax for tax in taxes],
        )
        result.append((_with_tax(order, net, taxes), sale))
    return result


def _shipping_taxes(order: dict, line: dict, net: Bag) -> list[Bag]:
    before = line["_taken_net"]
    line["_taken_net"] = after = before + net
    taxes = []
    for index, tax in enumerate(line["taxLines"]):
        whole = read(tax["priceSet"])
        if after == line["_net"]:
            upto = whole
        else:
            upto = converted(whole.shop * after.shop / line["_net"].shop, order)
        taxes.append(upto - line["_taken_taxes"][index])
        line["_taken_taxes"][index] = upto
    return taxes


def _adjust(shop, order: dict, made: dict, gap: Bag) -> list[dict]:
    """What makes lines and shipping equal to the money: negative = given on top."""
    if not gap:
        return []
    made["orderAdjustments"].append(
        {
            "__typename": "OrderAdjustment",
            "id": shop.new_gid("OrderAdjustment"),
            "reason": "REFUND_DISCREPANCY",
            "amountSet": written(gap, order),
            "taxAmountSet": written(NOTHING, order),
        }
    )
    order["_discrepancy"] = order["_discrepancy"] + gap
    if shop.switches.goodwill_lowers_current_total:
        order["_goodwill"] = order["_goodwill"] - gap
    if not shop.switches.agreements_sum_to_current_total:
        return []
    return [
        agreements.entry(
            shop,
            order,
            "AdjustmentSale",
            "ADJUSTMENT",
            "RETURN",
            None,
            None,
            gap,
            [],
        )
    ]


def _pay_back(shop, order: dict, made: dict, money: Bag, status, gateway) -> None:
    entries = [shop.objects[gid] for gid in order["_transactions"]]
    parents = [one for one in entries if one["kind"] in ("SALE", "CAPTURE")]
    parent = parents[0] if parents else None
    paid = transaction(
        shop,
        order,
        money,
        "REFUND",
        gateway or (parent["gateway"] if parent else "manual"),
        status=status,
        parent=parent["id"] if parent else None,
    )
    made["transactions"].append(paid["id"])
    made["totalRefundedSet"] = written(money, order)


@merchant("settle_refund")
def settle_refund(shop, refund: str, status: str = "SUCCESS") -> dict:
    """The payment provider ends a pending refund."""
    made = shop.require(refund, "Refund")
    for gid in made["transactions"]:
        entry = shop.objects[gid]
        if entry["status"] == "PENDING":
            entry["status"] = status
            shop.touch(entry)
            shop.emit("ORDER_TRANSACTIONS_CREATE", entry)
    shop.touch(made)
    changed(shop, shop.objects[made["order"]])
    return made
