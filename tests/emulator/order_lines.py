"""The objects below an order: lines, shipping, taxes, duties, discounts, addresses."""

from __future__ import annotations

from decimal import Decimal

from .customers import make_address
from .money import Bag, money, read, rounded, total, written
from .order_pricing import Discount, OrderSpec, Priced, Tax

APPLICATION_TYPES = {
    "code": "DiscountCodeApplication",
    "automatic": "AutomaticDiscountApplication",
    "title": "ManualDiscountApplication",
}


def address(shop, given: dict | None) -> dict | None:
    """A snapshot address with a GID of its own; `countryCode` is two letters."""
    if given is None:
        return None
    facts = {key: given[key] for key in given if key not in ("__typename", "id")}
    return make_address(shop, **facts)


def tax_line(tax: Tax, amount: Bag, order: dict) -> dict:
    return {
        "__typename": "TaxLine",
        "title": tax.title,
        "rate": float(tax.rate),
        "ratePercentage": float(tax.rate * 100),
        "source": tax.source,
        "channelLiable": tax.channel_liable,
        "priceSet": written(amount, order),
    }


def tax_lines(taxes: tuple[Tax, ...], priced: Pair, order: dict) -> list[dict]:
    return [
        tax_line(tax, Bag(shop, buyer), order)
        for tax, shop, buyer in zip(
            taxes, priced.shop.taxes, priced.buyer.taxes, strict=True
        )
    ]


class Pair:
    """One priced thing in both currencies; attributes are bags."""

    def __init__(self, shop: Priced, buyer: Priced):
        self.shop = shop
        self.buyer = buyer

    def bag(self, name: str) -> Bag:
        return Bag(getattr(self.shop, name), getattr(self.buyer, name))

    @property
    def duties(self) -> list[Pair]:
        pairs = zip(self.shop.duties, self.buyer.duties, strict=True)
        return [Pair(*pair) for pair in pairs]

    def allocations(self, applications: list[dict], order: dict) -> list[dict]:
        buyer = dict(self.buyer.allocations)
        shop = dict(self.shop.allocations)
        return [
            {
                "__typename": "DiscountAllocation",
                "allocatedAmountSet": written(
                    Bag(shop.get(index, Decimal(0)), buyer.get(index, Decimal(0))),
                    order,
                ),
                "discountApplication": applications[index],
            }
            for index in sorted({*shop, *buyer})
        ]


def applications(spec: OrderSpec, order: dict) -> list[dict]:
    return [
        _application(index, discount, order)
        for index, discount in enumerate(spec.discounts)
    ]


def _application(index: int, discount: Discount, order: dict) -> dict:
    label = discount.label
    kind = next((key for key in APPLICATION_TYPES if key in label), "title")
    title = label.get(kind, "Discount")
    if discount.percent:
        value = {
            "__typename": "PricingPercentageValue",
            "percentage": float(discount.value),
        }
    else:
        value = money(discount.value, order["currencyCode"])
    return {
        "__typename": APPLICATION_TYPES[kind],
        "index": index,
        "allocationMethod": "EACH" if discount.each else "ACROSS",
        "targetSelection": "ALL" if discount.over_order else "EXPLICIT",
        "targetType": discount.target,
        "value": value,
        "code" if kind == "code" else "title": title,
        "description": label.get("description"),
    }


def line_item(shop, order: dict, line: dict, spec, pair: Pair, apps) -> dict:
    """A line with its money; the quantities that move are kept by `order_totals`."""
    tip = "tip" in line
    made = shop.add(
        "LineItem",
        title=line["title"],
        variantTitle=_variant_title(line),
        name=" - ".join(filter(None, (line["title"], _variant_title(line)))),
        sku=line.get("sku"),
        vendor=line.get("vendor"),
        product=line.get("product"),
        variant=line["variant"],
        quantity=line["quantity"],
        isGiftCard=line.get("gift_card", False),
        taxable=bool(spec.taxes) or line.get("taxable", not tip),
        requiresShipping=not tip and line.get("requires_shipping", True),
        merchantEditable=not tip,
        customAttributes=attributes(line.get("attributes")),
        originalUnitPriceSet=written(pair.bag("unit"), order),
        originalTotalSet=written(pair.bag("original"), order),
        discountAllocations=pair.allocations(apps, order),
        taxLines=tax_lines(spec.taxes, pair, order),
        duties=_duties(shop, order, line, spec, pair),
        lineItemGroup=_group(shop, line.get("group")),
        sellingPlan=None,
        contract=None,
        staffMember=None,
        image=None,
        weight=line.get("weight"),
    )
    made.update(
        _order=order["id"],
        _tip=tip,
        _net=pair.bag("net"),
        _fulfilled=0,
        _taken=0,
        _gone=0,
        _taken_net=Bag(),
        _taken_taxes=[Bag() for _ in made["taxLines"]],
        _location=line.get("location"),
    )
    return made


def _variant_title(line: dict) -> str | None:
    title = line.get("variant_title")
    return None if title == "Default Title" else title


def _group(shop, given: dict | None) -> dict | None:
    """Lines of one bundle share the same dict in the input, and so one group."""
    if given is None:
        return None
    if "id" not in given:
        given["id"] = shop.new_gid("LineItemGroup")
    return {
        "__typename": "LineItemGroup",
        "id": given["id"],
        "title": given["title"],
        "quantity": given.get("quantity", 1),
        "variantId": given.get("variant"),
        "variantSku": given.get("sku"),
        "productId": given.get("product"),
        "customAttributes": [],
    }


def _duties(shop, order: dict, line: dict, spec, pair: Pair) -> list[dict]:
    return [
        {
            "__typename": "Duty",
            "id": shop.new_gid("Duty"),
            "harmonizedSystemCode": given.get("hs_code"),
            "countryCodeOfOrigin": given.get("origin"),
            "price": written(priced.bag("net"), order),
            "taxLines": tax_lines(duty.taxes, priced, order),
        }
        for given, duty, priced in zip(
            line.get("duties", ()), spec.duties, pair.duties, strict=True
        )
    ]


def shipping_line(shop, order: dict, line: dict, spec, pair: Pair, apps) -> dict:
    price = written(pair.bag("net"), order)
    return {
        "__typename": "ShippingLine",
        "id": shop.new_gid("ShippingLine"),
        "title": line.get("title", "Standard"),
        "code": line.get("code", line.get("title", "Standard")),
        "source": line.get("source", "shopify"),
        "custom": line.get("custom", False),
        "carrierIdentifier": line.get("carrier"),
        "deliveryCategory": None,
        "phone": None,
        "shippingRateHandle": None,
        "originalPriceSet": written(pair.bag("original"), order),
        "discountedPriceSet": price,
        "currentDiscountedPriceSet": price,
        "isRemoved": False,
        "discountAllocations": pair.allocations(apps, order),
        "taxLines": tax_lines(spec.taxes, pair, order),
        "_net": pair.bag("net"),
        "_taken_net": Bag(),
        "_taken_taxes": [Bag() for _ in spec.taxes],
    }


def additional_fee(shop, order: dict, fee: dict, spec, pair: Pair) -> dict:
    return {
        "__typename": "AdditionalFee",
        "id": shop.new_gid("AdditionalFee"),
        "name": fee["name"],
        "price": written(pair.bag("net"), order),
        "taxLines": tax_lines(spec.taxes, pair, order),
    }


def attributes(given: dict | None) -> list[dict]:
    return [
        {"__typename": "Attribute", "key": key, "value": value}
        for key, value in (given or {}).items()
    ]


def unit_price(bag: Bag, quantity: int, order: dict) -> Bag:
    """An "approximate" unit price: rounded, so never to be multiplied again."""
    return Bag(
        rounded(bag.shop / quantity, order["currencyCode"]),
        rounded(bag.buyer / quantity, order["presentmentCurrencyCode"]),
    )


def taxes_of(thing: dict) -> Bag:
    """All taxes of a line, a shipping line, a duty or a fee, before returns."""
    return total(read(line["priceSet"]) for line in thing["taxLines"])
