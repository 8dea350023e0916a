"""Small orders as Shopify answers them; each test names only what it is about."""

import pytest

from core.failures import NeedsReview
from core.orders import OrderPolicy, plan_order

ORDER = "gid://shopify/Order/1042"
POLICY = OrderPolicy(digits={"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3})


def bag(amount, presentment=None):
    """A MoneyBag; both sides equal unless told."""
    return {
        "shopMoney": {"amount": str(amount)},
        "presentmentMoney": {"amount": str(presentment or amount)},
    }


def tax(amount, rate=0.21, title="BTW", liable=False):
    return {
        "title": title,
        "rate": rate,
        "channelLiable": liable,
        "priceSet": bag(amount),
    }


def discount(amount, **application):
    return {
        "allocatedAmountSet": bag(amount),
        "discountApplication": application or {"code": "SUMMER10"},
    }


def line(number=1, quantity=1, price="10.00", **changes):
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "title": f"Shirt {number}",
        "variantTitle": "M",
        "sku": f"SHIRT-{number}",
        "quantity": quantity,
        "currentQuantity": quantity,
        "nonFulfillableQuantity": 0,
        "requiresShipping": True,
        "isGiftCard": False,
        "variant": {"id": f"gid://shopify/ProductVariant/{number}"},
        "product": {"id": "gid://shopify/Product/5"},
        "originalUnitPriceSet": bag(price),
        "discountAllocations": [],
        "taxLines": [],
        "duties": [],
    } | changes


def custom_line(number=9, price="5.00", **changes):
    """A line of no product: an engraving, a tip."""
    plain = {
        "variant": None,
        "product": None,
        "sku": None,
        "variantTitle": None,
        "title": "Engraving",
    }
    return line(number, 1, price, **(plain | changes))


def shipping(price="4.95", number=1, discounted=None, **changes):
    charged = discounted or price
    return {
        "id": f"gid://shopify/ShippingLine/{number}",
        "title": "Standard",
        "isRemoved": False,
        "originalPriceSet": bag(price),
        "discountedPriceSet": bag(charged),
        "currentDiscountedPriceSet": bag(charged),
        "discountAllocations": [],
        "taxLines": [],
    } | changes


def address(**changes):
    return {
        "firstName": "Ada",
        "lastName": "Byron",
        "company": None,
        "address1": "Kade 1",
        "address2": None,
        "city": "Utrecht",
        "zip": "3511 AB",
        "provinceCode": None,
        "countryCodeV2": "NL",
        "phone": None,
    } | changes


def order(*lines, total, tax="0.00", delivery=(), **changes):
    return {
        "id": ORDER,
        "name": "#1042",
        "createdAt": "2026-11-20T09:12:30Z",
        "updatedAt": "2026-11-20T09:12:31Z",
        "cancelledAt": None,
        "confirmed": True,
        "test": False,
        "currencyCode": "EUR",
        "presentmentCurrencyCode": "EUR",
        "taxesIncluded": False,
        "dutiesIncluded": False,
        "email": "ada@example.com",
        "phone": None,
        "billingAddress": address(),
        "shippingAddress": address(),
        "customer": None,
        "currentTotalPriceSet": bag(total),
        "currentTotalTaxSet": bag(tax),
        "totalRefundedSet": bag("0.00"),
        "totalTipReceivedSet": bag("0.00"),
        "totalCashRoundingAdjustment": {"paymentSet": bag("0.00")},
        "additionalFees": [],
        "fulfillmentOrders": {"nodes": []},
        "transactions": [],
        "shippingLines": {"nodes": list(delivery)},
        "lineItems": {"nodes": list(lines)},
    } | changes


def refund(*lines, **changes):
    return {
        "id": "gid://shopify/Refund/1",
        "refundLineItems": {"nodes": list(lines)},
        "refundShippingLines": {"nodes": []},
        "orderAdjustments": {"nodes": []},
    } | changes


def refunded_line(number=1, quantity=1, subtotal="10.00", tax="0.00", how="CANCEL"):
    return {
        "quantity": quantity,
        "restockType": how,
        "lineItem": {"id": f"gid://shopify/LineItem/{number}"},
        "subtotalSet": bag(subtotal),
        "totalTaxSet": bag(tax),
    }


def stop(node, policy=POLICY):
    """The failure that planning ends in."""
    with pytest.raises(NeedsReview) as caught:
        plan_order(node, policy)
    return caught.value.failure
