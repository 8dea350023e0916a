"""Changing an order that was placed: edits, cancellation, payment, small facts."""

from __future__ import annotations

from decimal import Decimal

from . import agreements, refunds
from . import fulfillment_orders as routing
from .money import Bag, read, times, written
from .order_changes import changed, note_event
from .order_input import charge, line_spec, resolve_line
from .order_lines import Pair, address, line_item, shipping_line
from .order_pricing import OrderSpec, Tax, price_order, taxed
from .order_totals import unfulfilled
from .orders import raw, transaction
from .registry import merchant


@merchant("edit_order")
def edit_order(
    shop,
    order: str,
    add=(),
    remove=(),
    increase=(),
    add_shipping=(),
    taxes=(),
    restock: bool = True,
    remove_shipping: bool = False,
    staff_note: str | None = None,
) -> dict:
    """A committed order edit.

    `add` and `add_shipping`: lines as in `create_order`, taxed with `taxes`; `remove`:
    {"line" (GID, position or SKU), "quantity"} of units not yet sent; `increase`: the
    same, for more units of a line without discounts.
    """
    found = shop.require(order, "Order")
    sales = [_remove(shop, found, entry, restock) for entry in remove]
    if remove_shipping:
        sales += [_drop_shipping(shop, found, line) for line in found["_shipping"]]
    grown = [_grow(shop, found, entry) for entry in increase]
    sales += [sale for _line, _units, sale in grown]
    added = [_add(shop, found, line, taxes) for line in add]
    sales += [agreements.placed(shop, found, line) for line in added]
    for given in add_shipping:
        sales.append(_add_shipping(shop, found, given, taxes))
    pairs = [(line, units) for line, units, _sale in grown]
    pairs += [(line, line["quantity"]) for line in added]
    routing.route_units(shop, found, pairs)
    found["edited"] = True
    note_event(shop, found, "order_edited", staff_note)
    agreements.add(shop, found, "OrderEditAgreement", "ORDER_EDIT", sales)
    changed(shop, found)
    shop.emit("ORDERS_EDITED", found)
    return found


def _add(shop, order: dict, given: dict, taxes) -> dict:
    line = resolve_line(shop, given)
    spec = line_spec(line, taxes)
    alone = OrderSpec(lines=(spec,), taxes_included=order["taxesIncluded"])
    pair = Pair(
        price_order(alone, order["currencyCode"], Decimal(1)).lines[0],
        price_order(
            alone, order["presentmentCurrencyCode"], Decimal(order["_rate"])
        ).lines[0],
    )
    made = line_item(shop, order, line, spec, pair, [])
    order["lineItems"].append(made["id"])
    return made


def _grow(shop, order: dict, entry: dict) -> tuple[dict, int, dict]:
    """More units of a line at its price: the line, the units and their sale."""
    line, units = refunds.line_of(shop, order, entry["line"]), entry["quantity"]
    if line["discountAllocations"]:
        raise ValueError("not emulated: more units of a discounted line")
    before = line["_net"], [read(tax["priceSet"]) for tax in line["taxLines"]]
    quantity = line["quantity"] + units
    line["_net"] = times(read(line["originalUnitPriceSet"]), quantity)
    line["quantity"] = quantity
    line["originalTotalSet"] = written(line["_net"], order)
    _tax_again(order, line)
    after = [read(tax["priceSet"]) for tax in line["taxLines"]]
    sale = agreements.entry(
        shop,
        order,
        *agreements.kind(line),
        "UPDATE",
        line,
        units,
        line["_net"] - before[0],
        [new - old for new, old in zip(after, before[1], strict=True)],
    )
    return line, units, sale


def _tax_again(order: dict, line: dict) -> None:
    taxes = tuple(
        Tax(tax["title"], Decimal(str(tax["rate"]))) for tax in line["taxLines"]
    )
    included, net = order["taxesIncluded"], line["_net"]
    both = zip(
        taxed(net.shop, taxes, included, order["currencyCode"]),
        taxed(net.buyer, taxes, included, order["presentmentCurrencyCode"]),
        strict=True,
    )
    for tax, (shop, buyer) in zip(line["taxLines"], both, strict=True):
        tax["priceSet"] = written(Bag(shop, buyer), order)


def _add_shipping(shop, order: dict, given: dict, taxes) -> dict:
    spec = charge(given, taxes)
    alone = OrderSpec(lines=(), shipping=(spec,), taxes_included=order["taxesIncluded"])
    pair = Pair(
        price_order(alone, order["currencyCode"], Decimal(1)).shipping[0],
        price_order(
            alone, order["presentmentCurrencyCode"], Decimal(order["_rate"])
        ).shipping[0],
    )
    line = shipping_line(shop, order, given, spec, pair, [])
    order["_shipping"].append(line)
    return agreements.sale(
        shop, order, "ShippingLineSale", "SHIPPING", "ORDER", line, 1
    )


def _drop_shipping(shop, order: dict, line: dict) -> dict:
    line["isRemoved"] = True
    taxes = [read(tax["priceSet"]) for tax in line["taxLines"]]
    left = [tax - taken for tax, taken in zip(taxes, line["_taken_taxes"], strict=True)]
    return agreements.entry(
        shop,
        order,
        "ShippingLineSale",
        "SHIPPING",
        "RETURN",
        line,
        -1,
        line["_taken_net"] - line["_net"],
        [-tax for tax in left],
    )


def _remove(shop, order: dict, entry: dict, restock: bool) -> dict:
    line = refunds.line_of(shop, order, entry["line"])
    units = entry.get("quantity", unfulfilled(line))
    if not 0 < units <= unfulfilled(line):
        raise ValueError("only units that weren't sent can be removed")
    kind = "cancel" if restock else "no_restock"
    wanted = {"line": line["id"], "quantity": units, "restock": kind}
    if not shop.switches.edit_removal_shows_refund:
        unseen = {"refundLineItems": []}
        return refunds.take(shop, order, unseen, wanted)[1]
    made = refunds.record(shop, order)
    _money, sale = refunds.take(shop, order, made, wanted)
    shop.emit("REFUNDS_CREATE", made)
    return sale


@merchant("cancel_order")
def cancel_order(
    shop,
    order: str,
    reason: str = "CUSTOMER",
    restock: bool = True,
    refund: bool = True,
    note: str | None = None,
) -> dict:
    """Cancel an order of which nothing was sent; open authorisations are voided."""
    found = shop.require(order, "Order")
    if found["cancelledAt"]:
        raise ValueError("the order is cancelled already")
    if routing_active(shop, found):
        raise ValueError("an order with fulfilments can't be cancelled")
    lines = [shop.objects[gid] for gid in found["lineItems"]]
    left = [
        {"line": line["id"], "restock": "cancel" if restock else "no_restock"}
        for line in lines
        if line["currentQuantity"]
    ]
    found.update(
        cancelledAt=shop.timestamp(),
        closedAt=shop.timestamp(),
        cancelReason=reason,
        cancellation={"__typename": "OrderCancellation", "staffNote": note},
    )
    paid = read(found["netPaymentSet"])
    _void(shop, found)
    if left:
        money = None if refund and paid else "0"
        refunds.refund_order(shop, order, left, shipping=True, amount=money)
    for entry in routing.of_order(shop, found):
        if entry["status"] not in ("INCOMPLETE", "CANCELLED"):
            entry["status"] = "CANCELLED"
            shop.touch(entry)
            shop.emit("FULFILLMENT_ORDERS_CANCELLED", entry)
    shop.emit("ORDERS_CANCELLED", found)
    changed(shop, found)
    return found


def routing_active(shop, order: dict) -> bool:
    sent = [shop.objects[gid] for gid in order["_fulfillments"]]
    return any(one["status"] == "SUCCESS" for one in sent)


def _void(shop, order: dict) -> None:
    open_sum = read(order["totalCapturableSet"])
    if open_sum:
        parent = _authorisation(shop, order)
        transaction(
            shop, order, open_sum, "VOID", parent["gateway"], parent=parent["id"]
        )


def _authorisation(shop, order: dict) -> dict:
    entries = [shop.objects[gid] for gid in order["_transactions"]]
    return next(one for one in entries if one["kind"] == "AUTHORIZATION")


@merchant("capture_order")
def capture_order(shop, order: str) -> dict:
    """Collect what was authorised."""
    found = shop.require(order, "Order")
    parent = _authorisation(shop, found)
    amount = read(found["totalCapturableSet"])
    transaction(shop, found, amount, "CAPTURE", parent["gateway"], parent=parent["id"])
    return _paid(shop, found)


@merchant("mark_paid")
def mark_paid(shop, order: str, gateway: str = "manual") -> dict:
    """The merchant says that what is still owed came in."""
    found = shop.require(order, "Order")
    pending = [
        shop.objects[gid]
        for gid in found["_transactions"]
        if shop.objects[gid]["status"] == "PENDING"
    ]
    for entry in pending:
        entry["status"] = "SUCCESS"
        shop.emit("ORDER_TRANSACTIONS_CREATE", entry)
    owed: Bag = read(found["totalOutstandingSet"])
    if not pending and owed:
        transaction(shop, found, owed, "SALE", gateway)
    return _paid(shop, found)


def _paid(shop, order: dict) -> dict:
    changed(shop, order)
    if order["displayFinancialStatus"] == "PAID":
        shop.emit("ORDERS_PAID", order)
    return order


@merchant("change_shipping_address")
def change_shipping_address(shop, order: str, given: dict) -> dict:
    """`given` changes keys of the present address."""
    found = shop.require(order, "Order")
    before = dict(found["shippingAddress"] or {})
    before.pop("name", None)
    found["shippingAddress"] = address(shop, {**before, **given})
    found["displayAddress"] = found["shippingAddress"]
    found["billingAddressMatchesShippingAddress"] = False
    changed(shop, found)
    return found


@merchant("tag_order")
def tag_order(shop, order: str, add=(), remove=()) -> dict:
    found = shop.require(order, "Order")
    kept = [tag for tag in found["tags"] if tag not in remove]
    found["tags"] = sorted({*kept, *add})
    changed(shop, found)
    return found


@merchant("note_order")
def note_order(shop, order: str, note: str | None) -> dict:
    found = shop.require(order, "Order")
    found["note"] = note
    changed(shop, found)
    return found


@merchant("set_order")
def set_order(shop, order: str, **fields) -> dict:
    """Raw values for fields of the API, also when figures are computed anew."""
    found = shop.require(order, "Order")
    found["_overrides"] = {**found["_overrides"], **raw(found, fields)}
    changed(shop, found)
    return found


@merchant("delete_order")
def delete_order(shop, order: str) -> None:
    """Shopify deletes an order (archived or cancelled ones, by the merchant)."""
    found = shop.require(order, "Order")
    shop.emit("ORDERS_DELETE", found)
    shop.delete(found)
