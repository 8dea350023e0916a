"""Decide what a Shopify product is in Odoo: its kind, options, variants and prices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from .content import digest
from .identity import Mark, mark_from_node

Kind = Literal["goods", "service"]

# Shopify gives a product without options this one option, value and variant.
_NO_OPTION = ("Title", "Default Title")
# WeightUnit of the Admin API 2026-10, in kilograms.
_KILOGRAMS = {
    "KILOGRAMS": Decimal(1),
    "GRAMS": Decimal("0.001"),
    "POUNDS": Decimal("0.45359237"),
    "OUNCES": Decimal("0.028349523125"),
}


def price_text(price: Decimal | float) -> str:
    """A price as compared: 19.9 and "19.90" read the same."""
    return str(Decimal(str(price)).quantize(Decimal("0.01")))


# --- The product as it should be ---------------------------------------------------


@dataclass(frozen=True)
class OptionPlan:
    """An option ("Size") and its values in Shopify's order."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class VariantPlan:
    """One variant. `values` are its option values in the product's order of options,
    empty for a product without options. price: in the shop's currency.
    weight: kilograms. shared_sku: Shopify counts items of this SKU; whether it counts
    this one too is not documented, so it only says that a look is worthwhile.
    """

    gid: str
    inventory_item_gid: str
    values: tuple[str, ...]
    sku: str
    barcode: str
    price: Decimal
    weight: Decimal
    tracked: bool
    needs_shipping: bool
    is_bundle: bool
    shared_sku: int = field(default=0, compare=False)
    mark: Mark | None = field(default=None, compare=False)

    @property
    def is_stocked(self) -> bool:
        """Whether Odoo keeps this variant's stock. A bundle's follows its parts."""
        return self.tracked and self.needs_shipping and not self.is_bundle

    def key(self, name: str) -> str:
        return {"sku": self.sku, "barcode": self.barcode}[name]

    def label(self) -> str:
        """How people call it: its SKU, else its options, else its number."""
        return self.sku or " / ".join(self.values) or self.gid.rpartition("/")[2]

    def values_shown(self) -> dict[str, str]:
        """What is compared with Odoo, as a person reads it."""
        return {
            "SKU": self.sku,
            "barcode": self.barcode,
            "price": price_text(self.price),
            "stock tracked": "yes" if self.is_stocked else "no",
        }


@dataclass(frozen=True)
class ProductPlan:
    """A product with all its variants, in Shopify's order."""

    gid: str
    title: str
    options: tuple[OptionPlan, ...]
    variants: tuple[VariantPlan, ...]
    is_gift_card: bool
    status: str
    updated_at: str
    mark: Mark | None = field(default=None, compare=False)

    @property
    def kind(self) -> Kind:
        """Goods if any variant is a thing that is shipped."""
        shipped = any(variant.needs_shipping for variant in self.variants)
        return "goods" if shipped and not self.is_gift_card else "service"

    @property
    def is_stocked(self) -> bool:
        """Odoo has one setting for all variants: one stocked variant makes it true."""
        stocked = any(variant.is_stocked for variant in self.variants)
        return stocked and self.kind == "goods"

    @property
    def is_full_matrix(self) -> bool:
        """Whether every combination of option values exists as a variant."""
        size = 1
        for option in self.options:
            size *= len(option.values)
        return size == len(self.variants)

    def values_shown(self) -> dict[str, str]:
        return {"name": self.title}

    def digest(self) -> str:
        """Equal while nothing changed that a sync looks at."""
        return digest(
            [
                self.values_shown(),
                [[option.name, *option.values] for option in self.options],
                [
                    [
                        variant.gid,
                        variant.inventory_item_gid,
                        variant.values,
                        variant.values_shown(),
                    ]
                    for variant in self.variants
                ],
                self.kind,
                self.is_stocked,
            ]
        )


def plan_product(
    node: Mapping[str, Any], more_variants: Iterable[Mapping[str, Any]] = ()
) -> ProductPlan:
    """The plan of a Product.

    node: answer of graphql/products/import.graphql; more_variants: the nodes of
    further pages (graphql/products/variants.graphql). Text is trimmed; a null is "".
    """
    nodes = [*node["variants"]["nodes"], *more_variants]
    options = _options(node, nodes)
    gift_card = bool(node.get("isGiftCard"))
    names = [option.name for option in options]
    return ProductPlan(
        gid=node["id"],
        title=_clean(node.get("title")) or node["id"].rpartition("/")[2],
        options=options,
        variants=tuple(_variant(item, names, gift_card) for item in nodes),
        is_gift_card=gift_card,
        status=node.get("status") or "",
        updated_at=node.get("updatedAt") or "",
        mark=mark_from_node(node),
    )


def _options(node, variant_nodes) -> tuple[OptionPlan, ...]:
    """Options that some variant uses; none for a product with only the default one."""
    used: dict[str, dict[str, None]] = {}
    for variant in variant_nodes:
        for selected in variant.get("selectedOptions") or ():
            used.setdefault(selected["name"], {})[selected["value"]] = None
    if list(used) == [_NO_OPTION[0]] and list(used["Title"]) == [_NO_OPTION[1]]:
        return ()
    plans = []
    for option in node.get("options") or ():
        values = used.get(option["name"], {})
        ordered = [value for value in option.get("values") or () if value in values]
        ordered += [value for value in values if value not in ordered]
        if ordered:
            plans.append(OptionPlan(option["name"], tuple(ordered)))
    return tuple(plans)


def _variant(node, option_names, gift_card) -> VariantPlan:
    item = node.get("inventoryItem") or {}
    selected = {
        chosen["name"]: chosen["value"] for chosen in node.get("selectedOptions") or ()
    }
    return VariantPlan(
        gid=node["id"],
        inventory_item_gid=item.get("id") or "",
        values=tuple(selected.get(name, "") for name in option_names),
        sku=_clean(item.get("sku") or node.get("sku")),
        barcode=_clean(node.get("barcode")),
        price=Decimal(str(node.get("price") or "0")),
        weight=_kilograms(item),
        tracked=bool(item.get("tracked")),
        needs_shipping=bool(item.get("requiresShipping")) and not gift_card,
        is_bundle=bool(node.get("requiresComponents")),
        shared_sku=int(item.get("duplicateSkuCount") or 0),
        mark=mark_from_node(node),
    )


def _kilograms(item) -> Decimal:
    """Weight in kilograms; 0 for none and for a unit that isn't known here."""
    weight = (item.get("measurement") or {}).get("weight") or {}
    factor = _KILOGRAMS.get(weight.get("unit") or "", Decimal(0))
    return Decimal(str(weight.get("value") or 0)) * factor


def _clean(text: Any) -> str:
    return str(text).strip() if text else ""


# --- Prices ------------------------------------------------------------------------


@dataclass(frozen=True)
class PricePlan:
    """base: the lowest price. extras: what an option value adds, by (option, value).

    exact: base and extras give every variant's price; Odoo can't say others.
    """

    base: Decimal
    extras: Mapping[tuple[str, str], Decimal]
    exact: bool


def plan_prices(plan: ProductPlan) -> PricePlan:
    """Variant prices in Odoo's terms: one price, plus extras of one option's values."""
    prices = {variant.values: variant.price for variant in plan.variants}
    base = min(prices.values(), default=Decimal(0))
    if all(price == base for price in prices.values()):
        return PricePlan(base, {}, True)
    for place, option in enumerate(plan.options):
        by_value = _price_by_value(prices, place)
        if by_value is not None:
            extras = {
                (option.name, value): price - base
                for value, price in by_value.items()
                if price != base
            }
            return PricePlan(base, extras, True)
    return PricePlan(base, {}, False)


def _price_by_value(prices, place) -> dict[str, Decimal] | None:
    """Price by the value at `place`, or None if that value alone doesn't settle it."""
    found: dict[str, Decimal] = {}
    for values, price in prices.items():
        if found.setdefault(values[place], price) != price:
            return None
    return found
