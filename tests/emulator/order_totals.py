"""All figures of an order that follow from its lines, refunds and transactions.

`recompute` runs after every act, so that the stored order always holds what the API
would show (shopify.md section 10.1).
"""

from __future__ import annotations

from collections.abc import Iterable

from .money import NOTHING, Bag, part, read, total, written
from .order_lines import taxes_of, unit_price

PAID_KINDS = frozenset({"SALE", "CAPTURE"})


def recompute(shop, order: dict) -> None:
    lines = [shop.objects[gid] for gid in order["lineItems"]]
    for line in lines:
        _line(shop, order, line)
    for shipping in order["_shipping"]:
        _shipping(order, shipping)
    _placed(shop, order, lines)
    _current(order, lines)
    _quantities(order, lines)
    _payments(shop, order)
    _fulfilment(shop, order, lines)
    _closing(order)
    order.update(order["_overrides"])


def open_quantity(line: dict) -> int:
    """Units neither refunded nor removed."""
    return line["quantity"] - line["_taken"]


def unfulfilled(line: dict) -> int:
    return 0 if line["_tip"] else line["quantity"] - line["_fulfilled"] - line["_gone"]


def tax_sum(things: Iterable[dict]) -> Bag:
    return total(taxes_of(thing) for thing in things)


def _line(shop, order: dict, line: dict) -> None:
    quantity = line["quantity"]
    discounts = [
        (read(entry["allocatedAmountSet"]), entry["discountApplication"])
        for entry in line["discountAllocations"]
    ]
    original = read(line["originalTotalSet"])
    of_line = total(
        amount for amount, source in discounts if source["targetSelection"] != "ALL"
    )
    without_codes = total(
        amount
        for amount, source in discounts
        if source["targetSelection"] != "ALL"
        and source["__typename"] != "DiscountCodeApplication"
    )
    line["_total_with_codes"] = written(original - of_line, order)
    line["_total_without_codes"] = written(original - without_codes, order)
    current = line["_net"] - line["_taken_net"]
    if order["taxesIncluded"]:
        current = current - (taxes_of(line) - total(line["_taken_taxes"]))
    line.update(
        currentQuantity=open_quantity(line),
        refundableQuantity=open_quantity(line),
        unfulfilledQuantity=unfulfilled(line),
        nonFulfillableQuantity=quantity if line["_tip"] else line["_gone"],
        restockable=bool(line["variant"]) and open_quantity(line) > 0,
        totalDiscountSet=written(of_line, order),
        discountedUnitPriceSet=written(
            unit_price(original - without_codes, quantity, order), order
        ),
        discountedUnitPriceAfterAllDiscountsSet=written(
            unit_price(line["_net"], quantity, order), order
        ),
        unfulfilledDiscountedTotalSet=written(
            part(original - without_codes, unfulfilled(line), quantity, order), order
        ),
        unfulfilledOriginalTotalSet=written(
            part(original, unfulfilled(line), quantity, order), order
        ),
        priceAfterAllDiscountsBeforeTaxesSet=written(current, order),
    )


def _shipping(order: dict, line: dict) -> None:
    left = NOTHING if line["isRemoved"] else line["_net"] - line["_taken_net"]
    line["currentDiscountedPriceSet"] = written(left, order)


def _duties(lines: list[dict]) -> list[dict]:
    return [duty for line in lines for duty in line["duties"]]


def _tax_when_excluded(order: dict, tax: Bag) -> Bag:
    return NOTHING if order["taxesIncluded"] else tax


def placed_total(order: dict, lines: list[dict]) -> Bag:
    """What the buyer owes for these lines with all shipping, duties and fees."""
    duties, fees = _duties(lines), order["additionalFees"]
    charged = tax_sum((*lines, *order["_shipping"], *duties, *fees))
    return (
        total(line["_net"] for line in lines)
        + total(line["_net"] for line in order["_shipping"])
        + total(read(extra["price"]) for extra in (*duties, *fees))
        + _tax_when_excluded(order, charged)
    )


def _placed(shop, order: dict, lines: list[dict]) -> None:
    goods = [line for line in lines if not line["_tip"]]
    duties, fees = _duties(lines), order["additionalFees"]
    taxed = (*lines, *order["_shipping"], *duties, *fees)
    all_discounts = [
        (read(entry["allocatedAmountSet"]), entry["discountApplication"])
        for thing in (*lines, *order["_shipping"])
        for entry in thing["discountAllocations"]
    ]
    cart = total(
        amount for amount, source in all_discounts if source["targetSelection"] == "ALL"
    )
    figures = {
        "subtotalPriceSet": total(line["_net"] for line in goods),
        "totalShippingPriceSet": total(line["_net"] for line in order["_shipping"]),
        "totalTaxSet": tax_sum(taxed),
        "totalPriceSet": placed_total(order, lines),
        "totalDiscountsSet": total(amount for amount, _source in all_discounts),
        "cartDiscountAmountSet": cart,
        "totalTipReceivedSet": total(line["_net"] for line in lines if line["_tip"]),
    }
    order.update({name: written(bag, order) for name, bag in figures.items()})
    order["taxLines"] = _merged_taxes(order, taxed, lambda line, index: NOTHING)
    order.setdefault("originalTotalPriceSet", order["totalPriceSet"])
    if not shop.switches.total_price_follows_edits:
        order["totalPriceSet"] = order["originalTotalPriceSet"]


def _current(order: dict, lines: list[dict]) -> None:
    goods = [line for line in lines if not line["_tip"]]
    duties, fees = _duties(lines), order["additionalFees"]
    shipping = order["_shipping"]
    line_tax = total(taxes_of(line) - total(line["_taken_taxes"]) for line in lines)
    shipping_tax = total(_current_shipping_tax(line) for line in shipping)
    tax = line_tax + shipping_tax + tax_sum((*duties, *fees))
    postage = total(read(line["currentDiscountedPriceSet"]) for line in shipping)
    extras = total(read(extra["price"]) for extra in (*duties, *fees))
    subtotal = total(line["_net"] - line["_taken_net"] for line in goods)
    tips = total(line["_net"] - line["_taken_net"] for line in lines if line["_tip"])
    figures = {
        "currentSubtotalPriceSet": subtotal,
        "currentShippingPriceSet": postage,
        "currentTotalTaxSet": tax,
        "currentTotalPriceSet": subtotal
        + postage
        + tips
        + extras
        + _tax_when_excluded(order, tax)
        - order["_goodwill"],
        "currentTotalDiscountsSet": _current_discounts(order, lines, False),
        "currentCartDiscountAmountSet": _current_discounts(order, lines, True),
    }
    order.update({name: written(bag, order) for name, bag in figures.items()})
    order["currentTaxLines"] = _merged_taxes(
        order, (*lines, *shipping, *duties, *fees), _taken_tax
    )
    for name, items in (("Duties", duties), ("AdditionalFees", fees)):
        amount = total(read(item["price"]) for item in items)
        stored = written(amount, order) if items else None
        order[f"currentTotal{name}Set"] = stored
        order[f"originalTotal{name}Set"] = stored


def _current_shipping_tax(line: dict) -> Bag:
    return (
        NOTHING if line["isRemoved"] else taxes_of(line) - total(line["_taken_taxes"])
    )


def _taken_tax(thing: dict, index: int) -> Bag:
    if thing.get("isRemoved"):
        return read(thing["taxLines"][index]["priceSet"])
    return thing["_taken_taxes"][index] if "_taken_taxes" in thing else NOTHING


def _current_discounts(order: dict, lines: list[dict], cart_only: bool) -> Bag:
    amounts = []
    for thing in (*lines, *order["_shipping"]):
        if thing.get("isRemoved"):
            continue
        for entry in thing["discountAllocations"]:
            over_order = entry["discountApplication"]["targetSelection"] == "ALL"
            if over_order or not cart_only:
                amount = read(entry["allocatedAmountSet"])
                if "quantity" in thing:
                    open_units = open_quantity(thing)
                    amount = part(amount, open_units, thing["quantity"], order)
                amounts.append(amount)
    return total(amounts)


def _merged_taxes(order: dict, things, taken) -> list[dict]:
    """One line a (title, rate), as the order's own tax lines are."""
    merged: dict[tuple, dict] = {}
    sums: dict[tuple, Bag] = {}
    for thing in things:
        for index, line in enumerate(thing["taxLines"]):
            key = line["title"], line["rate"]
            amount = read(line["priceSet"]) - taken(thing, index)
            merged.setdefault(key, line)
            sums[key] = sums.get(key, NOTHING) + amount
    return [
        {**line, "priceSet": written(sums[key], order)} for key, line in merged.items()
    ]


def _quantities(order: dict, lines: list[dict]) -> None:
    counted = [line for line in lines if not line["_tip"]]
    order["subtotalLineItemsQuantity"] = sum(line["quantity"] for line in counted)
    order["currentSubtotalLineItemsQuantity"] = sum(map(open_quantity, counted))
    order["requiresShipping"] = any(line["requiresShipping"] for line in lines)
    order["restockable"] = any(line["restockable"] for line in lines)
    order["nonFulfillableLineItems"] = [
        line["id"]
        for line in lines
        if line["_tip"] or line["nonFulfillableQuantity"] == line["quantity"]
    ]


def paid(transactions: list[dict], kinds=PAID_KINDS) -> Bag:
    return total(
        read(entry["amountSet"])
        for entry in transactions
        if entry["kind"] in kinds and entry["status"] == "SUCCESS"
    )


def _payments(shop, order: dict) -> None:
    entries = [shop.objects[gid] for gid in order["_transactions"]]
    received = paid(entries) - paid(entries, frozenset({"CHANGE"}))
    refunded = paid(entries, frozenset({"REFUND"}))
    authorised = _authorised(entries)
    owed = read(order["currentTotalPriceSet"])
    net = received - refunded
    figures = {
        "totalReceivedSet": received,
        "totalRefundedSet": refunded,
        "netPaymentSet": net,
        "totalOutstandingSet": owed - net,
        "totalCapturableSet": authorised,
        "totalRefundedShippingSet": total(
            line["_taken_net"] for line in order["_shipping"]
        ),
        "refundDiscrepancySet": order["_discrepancy"],
    }
    order.update({name: written(bag, order) for name, bag in figures.items()})
    order["displayFinancialStatus"] = _financial(
        entries, received, refunded, authorised, read(order["totalPriceSet"]), owed
    )
    order.update(
        capturable=bool(authorised),
        canMarkAsPaid=(owed - net).shop > 0 and not order["cancelledAt"],
        fullyPaid=received.shop >= owed.shop,
        unpaid=not received,
        refundable=net.shop > 0,
        paymentGatewayNames=list(dict.fromkeys(entry["gateway"] for entry in entries)),
    )


def _authorised(entries: list[dict]) -> Bag:
    """Authorised, neither captured nor voided."""
    ended = {
        entry["parentTransaction"]
        for entry in entries
        if entry["kind"] in ("CAPTURE", "VOID") and entry["status"] == "SUCCESS"
    }
    return total(
        read(entry["amountSet"])
        for entry in entries
        if entry["kind"] == "AUTHORIZATION"
        and entry["status"] == "SUCCESS"
        and entry["id"] not in ended
    )


def _financial(entries, received, refunded, authorised, placed, owed) -> str:
    if refunded:
        complete = refunded.shop >= received.shop
        return "REFUNDED" if complete else "PARTIALLY_REFUNDED"
    if any(entry["kind"] == "VOID" for entry in entries) and not received:
        return "VOIDED"
    if received.shop >= min(placed.shop, owed.shop) and (received or not owed):
        return "PAID"
    if received:
        return "PARTIALLY_PAID"
    return "AUTHORIZED" if authorised else "PENDING"


def _fulfilment(shop, order: dict, lines: list[dict]) -> None:
    shippable = [line for line in lines if not line["_tip"]]
    sent = sum(line["_fulfilled"] for line in shippable)
    left = sum(unfulfilled(line) for line in shippable)
    orders = [shop.objects[gid] for gid in order["_fulfillment_orders"]]
    held = any(entry["status"] == "ON_HOLD" for entry in orders)
    if not shippable:
        status = "FULFILLED"
    elif sent and not left:
        status = "FULFILLED"
    elif sent:
        status = "PARTIALLY_FULFILLED"
    else:
        status = "ON_HOLD" if held else "UNFULFILLED"
    order["displayFulfillmentStatus"] = status
    order["fulfillable"] = left > 0 and not order["cancelledAt"]
    count = len(order["_fulfillments"])
    order["fulfillmentsCount"] = {"count": count, "precision": "EXACT"}
    transactions = len(order["_transactions"])
    order["transactionsCount"] = {"count": transactions, "precision": "EXACT"}


def _closing(order: dict) -> None:
    order["closed"] = order["closedAt"] is not None
    order["merchantEditable"] = not order["cancelledAt"]
    reason = ["The order is cancelled."] if order["cancelledAt"] else []
    order["merchantEditableErrors"] = reason
