"""Buying: `create_order` and its special forms, payments, and what they set off.

Lines, discounts, shipping and payments are plain dicts, so that a JSON file or
`/_control` can give them; ORDERS.md shows the forms.
"""

from __future__ import annotations

from decimal import Decimal

from . import agreements, fulfillment_orders
from .money import Bag, converted, read, written
from .order_input import find, order_spec, resolve_line
from .order_lines import (
    Pair,
    additional_fee,
    address,
    applications,
    attributes,
    line_item,
    shipping_line,
)
from .order_pricing import price_order
from .order_totals import recompute
from .registry import merchant

PLAIN = {
    "phone": None,
    "note": None,
    "poNumber": None,
    "sourceIdentifier": None,
    "customerLocale": "en",
    "taxExempt": False,
    "estimatedTaxes": False,
    "confirmed": True,
    "test": False,
    "dutiesIncluded": False,
}


@merchant("create_order")
def create_order(
    shop,
    lines: list[dict],
    shipping=(),
    discounts=(),
    fees=(),
    taxes=(),
    taxes_included: bool | None = None,
    customer: str | None = None,
    email: str | None = None,
    shipping_address: dict | None = None,
    billing_address: dict | None = None,
    presentment_currency: str | None = None,
    rate: str | None = None,
    payment: str | list[dict] = "paid",
    gateway: str = "shopify_payments",
    location: str | None = None,
    source_name: str = "web",
    method: str = "SHIPPING",
    tags=(),
    custom_attributes: dict | None = None,
    name: str | None = None,
    created_at: str | None = None,
    fulfilled: bool = False,
    cash_rounding: str | None = None,
    overrides: dict | None = None,
    **plain,
) -> dict:
    """A buyer places an order; its figures are computed as the checkout does.

    Taxes are included in prices where the shop says so. `overrides` sets fields of
    the stored order to raw values (`raw`), to make figures that don't agree. `plain`
    are the keys of `PLAIN` in their GraphQL names.
    """
    unknown = set(plain) - set(PLAIN)
    if unknown:
        raise TypeError(f"create_order takes no {', '.join(sorted(unknown))}")
    if taxes_included is None:
        taxes_included = shop.of_type("Shop")[0]["taxesIncluded"]
    found = find(shop, "Customer", "_email", customer) if customer else None
    order = _header(shop, found, email, created_at, name)
    order.update(
        {**PLAIN, **plain},
        tags=list(tags),
        sourceName=source_name,
        taxesIncluded=taxes_included,
        customAttributes=attributes(custom_attributes),
        presentmentCurrencyCode=presentment_currency or shop.currency,
        _rate=_rate(shop, presentment_currency, rate),
        _method=method,
        _cash_rounding=cash_rounding or "0",
        _overrides={},
    )
    _addresses(shop, order, shipping_address, billing_address)
    given = [resolve_line(shop, line) for line in lines]
    spec = order_spec(given, shipping, fees, discounts, taxes, taxes_included)
    _content(shop, order, given, shipping, fees, spec)
    place = find(shop, "Location", "name", location)["id"] if location else None
    fulfillment_orders.route(shop, order, place)
    recompute(shop, order)
    _pay(shop, order, payment, gateway)
    agreements.of_order(shop, order)
    order["_overrides"] = raw(order, overrides or {})
    recompute(shop, order)
    _announce(shop, order, found)
    if fulfilled:
        shop.merchant_fulfill(order["id"])
    return order


def _header(shop, customer, email, created_at, name) -> dict:
    last = next(reversed(shop.objects.by_type.get("Order", {}).values()), None)
    number = last["number"] + 1 if last else 1001
    created = created_at or shop.timestamp()
    contact = email or (customer or {}).get("_email")
    return shop.add(
        "Order",
        createdAt=created,
        processedAt=created,
        number=number,
        name=name or _name(shop, number),
        confirmationNumber=f"C{number:08d}",
        currencyCode=shop.currency,
        customer=customer["id"] if customer else None,
        email=contact,
        cancelledAt=None,
        cancelReason=None,
        cancellation=None,
        closedAt=None,
        edited=False,
        returnStatus="NO_RETURN",
        returns=[],
        agreements=[],
        paymentTerms=None,
        merchantOfRecordApp=None,
        staffMember=None,
        clientIp=None,
        retailLocation=None,
        shopifyProtect=None,
        alerts=[],
        disputes=[],
        risk={
            "__typename": "OrderRiskSummary",
            "recommendation": "NONE",
            "assessments": [],
        },
        canNotifyCustomer=bool(contact),
        customerAcceptsMarketing=False,
        _transactions=[],
        _refunds=[],
        _fulfillments=[],
        _fulfillment_orders=[],
        _goodwill=Bag(),
        _discrepancy=Bag(),
    )


def _name(shop, number: int) -> str:
    settings = shop.of_type("Shop")[0]
    prefix = settings["orderNumberFormatPrefix"]
    return f"{prefix}{number}{settings['orderNumberFormatSuffix']}"


def _rate(shop, currency: str | None, rate: str | None) -> str:
    if currency in (None, shop.currency):
        return "1"
    return str(rate or shop.presentment_rates[currency])


def _addresses(shop, order: dict, shipping: dict | None, billing: dict | None) -> None:
    customer = shop.get(order["customer"])
    known = customer["_addresses"] if customer else []
    to = address(shop, shipping or (known[0] if known else None))
    bill = address(shop, billing or to)
    order.update(
        shippingAddress=to,
        billingAddress=bill,
        displayAddress=to or bill,
        billingAddressMatchesShippingAddress=not billing or billing == shipping,
    )


def _content(shop, order: dict, given, shipping, fees, spec) -> None:
    """Lines, shipping, fees and discounts, in both currencies."""
    rate = Decimal(order["_rate"])
    in_shop = price_order(spec, order["currencyCode"], Decimal(1))
    for_buyer = price_order(spec, order["presentmentCurrencyCode"], rate)
    apps = applications(spec, order)
    order["discountApplications"] = apps
    codes = [app["code"] for app in apps if "code" in app]
    order["discountCodes"] = codes
    order["discountCode"] = codes[0] if codes else None

    def pairs(kind: str) -> list[Pair]:
        both = zip(getattr(in_shop, kind), getattr(for_buyer, kind), strict=True)
        return [Pair(*pair) for pair in both]

    order["lineItems"] = [
        line_item(shop, order, line, line_spec, pair, apps)["id"]
        for line, line_spec, pair in zip(given, spec.lines, pairs("lines"), strict=True)
    ]
    order["_shipping"] = [
        shipping_line(shop, order, line, charge, pair, apps)
        for line, charge, pair in zip(
            shipping, spec.shipping, pairs("shipping"), strict=True
        )
    ]
    order["additionalFees"] = [
        additional_fee(shop, order, fee, charge, pair)
        for fee, charge, pair in zip(fees, spec.fees, pairs("fees"), strict=True)
    ]
    rounding = converted(Decimal(order["_cash_rounding"]), order)
    order["totalCashRoundingAdjustment"] = {
        "__typename": "CashRoundingAdjustment",
        "paymentSet": written(rounding, order),
        "refundSet": written(Bag(), order),
    }


def _pay(shop, order: dict, payment: str | list[dict], gateway: str) -> None:
    """ "paid", "authorized", "pending" or a list of {kind, status, amount, gateway}."""
    if isinstance(payment, list):
        for entry in payment:
            values = {"gateway": gateway, "kind": "SALE", **entry}
            transaction(
                shop, order, converted(Decimal(values.pop("amount")), order), **values
            )
        return
    owed = read(order["totalPriceSet"])
    if payment == "pending":
        transaction(shop, order, owed, "SALE", gateway, status="PENDING")
    elif payment == "authorized":
        transaction(shop, order, owed, "AUTHORIZATION", gateway)
    elif payment == "paid" and owed:
        transaction(shop, order, owed, "SALE", gateway)
    elif payment not in ("none", "paid"):
        raise ValueError(f"unknown payment {payment!r}")


def transaction(
    shop,
    order: dict,
    amount: Bag,
    kind: str,
    gateway: str,
    status="SUCCESS",
    parent=None,
) -> dict:
    """A payment of the order. Tells webhooks only what has ended."""
    manual = gateway in ("manual", "cash", "bank_transfer")
    made = shop.add(
        "OrderTransaction",
        kind=kind,
        status=status,
        gateway=gateway,
        formattedGateway=gateway.replace("_", " ").title(),
        manualPaymentGateway=manual,
        manuallyCapturable=kind == "AUTHORIZATION",
        multiCapturable=False,
        amountSet=written(amount, order),
        amountRoundingSet=None,
        totalUnsettledSet=written(amount if kind == "AUTHORIZATION" else Bag(), order),
        processedAt=shop.timestamp(),
        test=order["test"],
        order=order["id"],
        parentTransaction=parent,
        paymentId=f"{order['name']}.{len(order['_transactions']) + 1}",
        authorizationExpiresAt=None,
        currencyExchangeAdjustment=None,
        device=None,
        errorCode=None,
        location=None,
        user=None,
    )
    order["_transactions"].append(made["id"])
    if status in ("SUCCESS", "FAILURE", "ERROR"):
        shop.emit("ORDER_TRANSACTIONS_CREATE", made)
    return made


def raw(order: dict, overrides: dict) -> dict:
    """Raw values for fields; a text for a `…Set` is an amount in shop currency."""
    return {
        name: written(converted(Decimal(value), order), order)
        if name.endswith("Set") and isinstance(value, str)
        else value
        for name, value in overrides.items()
    }


def _announce(shop, order: dict, customer: dict | None) -> None:
    shop.index(order)
    shop.emit("ORDERS_CREATE", order)
    if order["displayFinancialStatus"] == "PAID":
        shop.emit("ORDERS_PAID", order)
    for gid in order["_fulfillment_orders"]:
        shop.emit("FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE", shop.objects[gid])
    products = {shop.objects[gid]["product"] for gid in order["lineItems"]}
    for gid in filter(None, sorted(products, key=str)):
        shop.emit("PRODUCTS_UPDATE", shop.objects[gid])
    if customer:
        shop.touch(customer)
        shop.emit("CUSTOMERS_UPDATE", customer)


@merchant("pos_sale")
def pos_sale(shop, lines: list[dict], location: str, **more) -> dict:
    """A sale over the counter: paid and handed over at once, no shipping address."""
    place = find(shop, "Location", "name", location)["id"]
    more = {"gateway": "cash", **more}
    order = create_order(
        shop, lines, location=place, source_name="pos", method="RETAIL", **more
    )
    order["retailLocation"] = place
    shop.merchant_fulfill(order["id"])
    return order
