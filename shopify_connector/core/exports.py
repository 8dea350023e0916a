"""What a new Shopify product or customer holds, or why it can't be made.

Only for creating: the inputs name no identifier, so nothing that is there can be changed
by them. Each new object carries its Odoo ID and proof from its first moment.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from .customers import normal_phone
from .failures import NeedsReview
from .marks import NAMESPACE, Proof, parse_proof
from .matching import normal_key
from .preview import Kind, Preview, Section
from .products import price_text

# One synchronous productSet; a product may hold 2048 variants, in several requests.
VARIANTS = 100
# Options of a product, by Shopify's schema (ProductSetInput.productOptions).
OPTIONS = 3
# productSet's surcharges, by the same texts: points a variant, and a metafield.
VARIANT_POINTS, METAFIELD_POINTS = 0.2, 0.4
# Without options a product has this one.
_NO_OPTION = ("Title", "Default Title")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")


# --- Products ----------------------------------------------------------------------


@dataclass(frozen=True)
class AttributeFacts:
    """An attribute of a product and its values in use.

    makes_variants: else what it is gets said on the order line. is_custom: the buyer
    writes a text of his own.
    """

    name: str
    values: tuple[str, ...]
    makes_variants: bool = True
    is_custom: bool = False


@dataclass(frozen=True)
class VariantFacts:
    """values: of each attribute that makes variants, in their order. price: in the
    company's currency. weight: kilograms."""

    id: int
    values: tuple[str, ...] = ()
    sku: str = ""
    barcode: str = ""
    price: Decimal = Decimal(0)
    weight: Decimal = Decimal(0)


@dataclass(frozen=True)
class ProductFacts:
    """A product of Odoo with its living variants.

    unit: "" for pieces. is_stocked: Odoo keeps its stock.
    """

    id: int
    name: str
    kind: Literal["goods", "service", "combo"]
    is_stocked: bool
    attributes: tuple[AttributeFacts, ...]
    variants: tuple[VariantFacts, ...]
    currency: str
    shop_currency: str
    unit: str = ""

    def label(self, variant: VariantFacts) -> str:
        return variant.sku or " / ".join(variant.values) or self.name


def check_product(facts: ProductFacts) -> None:
    """Raise NeedsReview for what has no counterpart in Shopify."""
    if facts.kind == "combo":
        raise NeedsReview("export_kind")
    if facts.unit:
        raise NeedsReview("unit_differs", product=facts.name, unit=facts.unit)
    if facts.currency != facts.shop_currency:
        raise NeedsReview(
            "export_currency_differs",
            currency=facts.currency,
            shop_currency=facts.shop_currency,
        )
    _check_attributes(facts)
    _check_variants(facts)


def _check_attributes(facts):
    for attribute in facts.attributes:
        chosen = not attribute.makes_variants and len(attribute.values) > 1
        if chosen or attribute.is_custom:
            raise NeedsReview("export_attribute", attribute=attribute.name)
    options = _options(facts)
    if len(options) > OPTIONS:
        raise NeedsReview("export_too_many_options", count=len(options), limit=OPTIONS)
    _check_apart([option.name for option in options])
    for option in options:
        _check_apart(option.values)


def _check_variants(facts):
    if not facts.variants:
        raise NeedsReview("export_without_variants")
    if len(facts.variants) > VARIANTS:
        count = len(facts.variants)
        raise NeedsReview("export_too_many_variants", count=count, limit=VARIANTS)
    _check_apart([" / ".join(variant.values) for variant in facts.variants])


def _check_apart(names: Iterable[str]) -> None:
    seen = set()
    for name in names:
        plain = " ".join(name.split()).casefold()
        if plain in seen:
            raise NeedsReview("export_values_alike", values=name or "–")
        seen.add(plain)


def _options(facts) -> list[AttributeFacts]:
    """A text that is the same for all variants and chosen by nobody is left out."""
    return [attribute for attribute in facts.attributes if attribute.makes_variants]


def product_input(
    facts: ProductFacts, proof: Proof, variant_proofs: Mapping[int, Proof]
) -> dict[str, Any]:
    """The `ProductSetInput` of a new product, a draft: nobody sees it in the shop until
    a person publishes it. Raises NeedsReview.

    variant_proofs: by Odoo ID, one for each variant.
    """
    check_product(facts)
    options = _options(facts)
    names = [option.name for option in options] or [_NO_OPTION[0]]
    used = [option.values for option in options] or [(_NO_OPTION[1],)]
    return {
        "title": facts.name,
        "status": "DRAFT",
        "productOptions": [
            {"name": name, "values": [{"name": value} for value in values]}
            for name, values in zip(names, used, strict=True)
        ],
        "variants": [
            _variant_input(facts, variant, names, variant_proofs[variant.id])
            for variant in facts.variants
        ],
        "metafields": metafield_inputs(proof),
    }


def _variant_input(facts, variant, names, proof) -> dict[str, Any]:
    values = variant.values or (_NO_OPTION[1],)
    given = {
        "optionValues": [
            {"optionName": name, "name": value}
            for name, value in zip(names, values, strict=True)
        ],
        "price": price_text(variant.price),
        "inventoryItem": _item_input(facts, variant),
        "metafields": metafield_inputs(proof),
    }
    keys = {"sku": variant.sku.strip(), "barcode": variant.barcode.strip()}
    return given | {name: value for name, value in keys.items() if value}


def _item_input(facts, variant) -> dict[str, Any]:
    item: dict[str, Any] = {
        "tracked": facts.is_stocked,
        "requiresShipping": facts.kind == "goods",
    }
    if variant.weight:
        weight = {"unit": "KILOGRAMS", "value": float(variant.weight)}
        item["measurement"] = {"weight": weight}
    return item


def product_points(product: Mapping[str, Any]) -> float:
    """What productSet adds to the document's own cost for this input."""
    variants = product["variants"]
    fields = [row for each in (product, *variants) for row in each["metafields"]]
    return VARIANT_POINTS * len(variants) + METAFIELD_POINTS * len(fields)


# --- Customers ---------------------------------------------------------------------


@dataclass(frozen=True)
class PersonFacts:
    """A contact of Odoo. email: in its normal form. phone: as people wrote it."""

    id: int
    name: str
    email: str
    phone: str = ""
    is_company: bool = False


def customer_input(facts: PersonFacts, proof: Proof) -> dict[str, Any]:
    """The `CustomerInput` of a new customer. Raises NeedsReview.

    Odoo has one name for Shopify's two: the last word is the last name, a company has
    only that. Shopify refuses numbers without a country, so these are left out.
    """
    if not facts.email:
        raise NeedsReview("export_without_email")
    words = facts.name.split()
    first = [] if facts.is_company else words[:-1]
    phone = normal_phone(facts.phone)
    given = {
        "email": facts.email,
        "firstName": " ".join(first),
        "lastName": " ".join(words[len(first) :]),
        "phone": phone if _E164.match(phone) else "",
    }
    given = {name: value for name, value in given.items() if value}
    return {**given, "metafields": metafield_inputs(proof)}


# --- What carries the identity ------------------------------------------------------


def metafield_inputs(proof: Proof) -> list[dict[str, str]]:
    """The two `MetafieldInput` of a new object; see marks.mark_inputs for old ones."""
    rows = (("id", "id", str(proof.ids[0])), ("proof", "json", proof.to_json()))
    return [
        {"namespace": NAMESPACE, "key": key, "type": kind, "value": value}
        for key, kind, value in rows
    ]


def proof_sent(given: Mapping[str, Any]) -> Proof | None:
    """The proof that an input gave its new object; None if it holds none."""
    for row in given.get("metafields") or ():
        if row["key"] == "proof":
            proof = parse_proof(row["value"])
            return proof if isinstance(proof, Proof) else None
    return None


# --- Who has the same key in Shopify ------------------------------------------------


def product_holders(
    facts: ProductFacts, nodes: Iterable[Mapping[str, Any]], keys: Sequence[str]
) -> tuple[str, str, dict[str, str]]:
    """Products of Shopify that hold a key of these variants: (key, value, {product GID:
    variant GID}); ("", "", {}) if there are none.

    nodes: variants as the search found them, which is fuzzy: each is compared here. The
    first key of `keys` that finds any counts.
    """
    nodes = list(nodes)
    for key in keys:
        wanted = {normal_key(key, getattr(each, key)) for each in facts.variants}
        wanted.discard("")
        found, value = {}, ""
        for node in nodes:
            if (held := normal_key(key, node[key])) in wanted:
                found.setdefault(node["product"]["id"], node["id"])
                value = value or held
        if found:
            return key, value, found
    return "", "", {}


# --- Shown first, in review ---------------------------------------------------------


def preview(kind: Kind, rows: Iterable[Sequence[str]]) -> Preview:
    """rows: (label, value), or (label, Shopify's, Odoo's) of what would be linked."""
    return Preview((Section(kind, tuple(tuple(row) for row in rows)),))


def product_rows(facts: ProductFacts) -> list[tuple[str, str]]:
    """What a person reads of a product that would be made."""
    rows = [("Product", facts.name)]
    for variant in facts.variants:
        told = [variant.sku, *variant.values, variant.barcode]
        told.append(f"{price_text(variant.price)} {facts.currency}")
        rows.append(("Variant", ", ".join(filter(None, told))))
    return rows


def person_rows(facts: PersonFacts) -> list[tuple[str, str]]:
    """The same of a customer."""
    rows = [("Contact", facts.name), ("E-mail", facts.email), ("Phone", facts.phone)]
    return [(label, value) for label, value in rows if value]
