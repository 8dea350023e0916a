"""Sales agreements: what each event of an order did to the merchant's sales.

One entry an event, itemised by line (shopify.md section 10.2). Quantities and amounts
of returns are negative.
"""

from __future__ import annotations

from .money import NOTHING, Bag, read, total, written

PARENTS = {
    "ShippingLineSale": "shippingLine",
    "DutySale": "duty",
    "AdditionalFeeSale": "additionalFee",
}


def add(shop, of: dict, typename: str, reason: str, sales: list, **more) -> None:
    of["agreements"].append(
        {
            "__typename": typename,
            "id": shop.new_gid("SalesAgreement"),
            "happenedAt": shop.timestamp(),
            "reason": reason,
            "app": None,
            "user": None,
            "sales": sales,
            **more,
        }
    )


def of_order(shop, order: dict) -> None:
    lines = [shop.objects[gid] for gid in order["lineItems"]]
    sales = [placed(shop, order, line) for line in lines]
    sales += [
        sale(shop, order, "ShippingLineSale", "SHIPPING", "ORDER", line, 1)
        for line in order["_shipping"]
    ]
    for line in lines:
        sales += [_extra(shop, order, "DutySale", "DUTY", d) for d in line["duties"]]
    for fee in order["additionalFees"]:
        sales.append(_extra(shop, order, "AdditionalFeeSale", "ADDITIONAL_FEE", fee))
    add(shop, order, "OrderAgreement", "ORDER", sales, order=order["id"])


def placed(shop, order: dict, line: dict, action: str = "ORDER") -> dict:
    return sale(shop, order, *kind(line), action, line, line["quantity"])


def kind(line: dict) -> tuple[str, str]:
    if line["_tip"]:
        return "TipSale", "TIP"
    if line["isGiftCard"]:
        return "GiftCardSale", "GIFT_CARD"
    return "ProductSale", "PRODUCT"


def sale(shop, order: dict, typename, line_type, action, line: dict, quantity) -> dict:
    """The whole of a line or a shipping line, sold."""
    taxes = [read(tax["priceSet"]) for tax in line["taxLines"]]
    return entry(
        shop,
        order,
        typename,
        line_type,
        action,
        line,
        quantity,
        line["_net"],
        taxes,
        total(read(a["allocatedAmountSet"]) for a in line["discountAllocations"]),
    )


def entry(
    shop,
    order: dict,
    typename: str,
    line_type: str,
    action: str,
    source: dict | None,
    quantity: int | None,
    net: Bag,
    taxes: list[Bag],
    discount: Bag = NOTHING,
) -> dict:
    """`source` is what was sold: a line, a shipping line, a duty, a fee or nothing."""
    tax = total(taxes)
    amount = net if order["taxesIncluded"] else net + tax
    tax_lines = source["taxLines"] if source else []
    return {
        "__typename": typename,
        "id": shop.new_gid("Sale"),
        "actionType": action,
        "lineType": line_type,
        "quantity": quantity,
        "totalAmount": written(amount, order),
        "totalTaxAmount": written(tax, order),
        "totalDiscountAmountBeforeTaxes": written(discount, order),
        "totalDiscountAmountAfterTaxes": written(discount, order),
        "taxes": [
            {
                "__typename": "SaleTax",
                "id": shop.new_gid("SaleTax"),
                "amount": written(bag, order),
                "taxLine": tax_line,
            }
            for bag, tax_line in zip(taxes, tax_lines, strict=True)
        ],
        **_parent(typename, source),
    }


def _parent(typename: str, source: dict | None) -> dict:
    if source is None:
        return {}
    key = PARENTS.get(typename, "lineItem")
    if key == "lineItem":
        return {key: source["id"]}
    if key == "additionalFee":
        return {key: {**source, "__typename": "SaleAdditionalFee"}}
    return {key: source}


def _extra(shop, order: dict, typename: str, line_type: str, charge: dict) -> dict:
    """A duty or an additional fee of the order."""
    taxes = [read(tax["priceSet"]) for tax in charge["taxLines"]]
    return entry(
        shop,
        order,
        typename,
        line_type,
        "ORDER",
        charge,
        None,
        read(charge["price"]),
        taxes,
    )
