"""The worksheet: which keys count, what a row of a bulk result says, its verdict.

Whether a record is linked, fits or is in conflict is decided in identity.py alone; here
that decision becomes the verdict that people read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .customers import full_name, normal_email
from .failures import Failure
from .identity import Candidates, Decision, several_claim
from .reasons.reason import _

# --- Keys --------------------------------------------------------------------------

# What may be compared, by Shopify type, in the order that a new store prefers. Names
# are no key: two shirts may well have one. A product is what its variants belong to.
KEYS = {
    "ProductVariant": ("sku", "barcode"),
    "Customer": ("email",),
    "Order": ("reference",),
    "Company": ("external",),
    "CompanyLocation": ("external",),
}
KEY_LABELS = {
    "sku": _("SKU"),
    "barcode": _("barcode"),
    "email": _("e-mail"),
    "reference": _("reference"),
    "external": _("external reference"),
    "variants": _("variants"),
    "mark": _("Odoo ID"),
}
# White space around a key, as people paste it; within a key it counts.
BLANKS = " \t\r\n\u00a0"


def normal_key(key: str, text: str | None) -> str:
    """The value as it is compared; "" where there is none, which matches nothing.

    SKU: without regard to case, as Shopify itself compares SKUs. Barcode and reference:
    as they are, for in some codes the case tells. E-mail: as Shopify keeps it.
    """
    trimmed = (text or "").strip(BLANKS)
    if key == "sku":
        return trimmed.lower()
    return normal_email(trimmed) if key == "email" else trimmed


# --- Rows --------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """What is kept of one Shopify record. Keys are raw, "" for none; `facts` tell twins
    apart and are for people."""

    gid: str
    name: str
    parent_gid: str = ""
    sku: str = ""
    barcode: str = ""
    email: str = ""
    reference: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    mark_value: str = ""
    mark_proof: str = ""
    updated_at: str = ""
    active: bool = True


def row_from_node(shopify_type: str, node: Mapping[str, Any]) -> Row:
    """A line of the documents of graphql/bulk, or a node of locations/list."""
    return _READERS[shopify_type](node)


def _common(node, **more) -> Row:
    return Row(
        gid=node["id"],
        mark_value=_value(node, "odooId"),
        mark_proof=_value(node, "odooProof"),
        updated_at=node.get("updatedAt") or "",
        **more,
    )


def _value(node, name) -> str:
    return (node.get(name) or {}).get("value") or ""


def _under(node, *path):
    for name in path:
        node = (node or {}).get(name)
    return node


def _told(**facts) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value not in (None, "", [])}


def _product(node) -> Row:
    return _common(
        node,
        name=node["title"] or "",
        active=node["status"] == "ACTIVE",
        facts=_told(
            vendor=node["vendor"],
            type=node["productType"],
            status=node["status"],
            created=node["createdAt"],
            variants=_under(node, "variantsCount", "count"),
        ),
    )


def _variant(node) -> Row:
    product = node["product"] or {}
    options = [option["value"] for option in node["selectedOptions"] or ()]
    title = product.get("title") or ""
    told = [value for value in options if value != "Default Title"]
    return _common(
        node,
        name=f"{title} ({', '.join(told)})" if told else title,
        parent_gid=product.get("id") or "",
        sku=node["sku"] or "",
        barcode=node["barcode"] or "",
        active=product.get("status", "ACTIVE") == "ACTIVE",
        facts=_told(
            options=options,
            price=node["price"],
            vendor=product.get("vendor"),
            status=product.get("status"),
            inventory_item=_under(node, "inventoryItem", "id"),
            tracked=_under(node, "inventoryItem", "tracked"),
            stocked=_is_stocked(node) or None,
        ),
    )


def _is_stocked(node) -> bool:
    """As core.products has it: Odoo keeps its stock. A bundle's follows its parts."""
    item = node.get("inventoryItem") or {}
    is_bundle = node.get("requiresComponents")
    return bool(item.get("tracked") and item.get("requiresShipping") and not is_bundle)


def _collection(node) -> Row:
    return _common(
        node,
        name=node["title"],
        facts=_told(products=_under(node, "productsCount", "count")),
    )


def _customer(node) -> Row:
    email = _under(node, "defaultEmailAddress", "emailAddress") or ""
    name = full_name(node["firstName"], node["lastName"])
    return _common(
        node,
        name=name or email,
        email=email,
        facts=_told(
            phone=_under(node, "defaultPhoneNumber", "phoneNumber"),
            city=_under(node, "defaultAddress", "city"),
            country=_under(node, "defaultAddress", "countryCodeV2"),
            company=_under(node, "defaultAddress", "company"),
            orders=node["numberOfOrders"],
            created=node["createdAt"],
        ),
    )


def _order(node) -> Row:
    money = _under(node, "totalPriceSet", "shopMoney") or {}
    return _common(
        node,
        name=node["name"],
        email=node["email"] or "",
        reference=node["name"],
        active=not node["cancelledAt"],
        facts=_told(
            total=money.get("amount"),
            currency=money.get("currencyCode"),
            created=node["createdAt"],
            payment=node["displayFinancialStatus"],
        ),
    )


def _company(node) -> Row:
    return _common(
        node,
        name=node["name"],
        reference=node["externalId"] or "",
        facts=_told(created=node["createdAt"]),
    )


def _company_location(node) -> Row:
    return _common(
        node,
        name=node["name"],
        parent_gid=node["company"]["id"],
        reference=node["externalId"] or "",
        facts=_told(
            company=node["company"]["name"],
            phone=node["phone"],
            city=_under(node, "shippingAddress", "city"),
            country=_under(node, "shippingAddress", "countryCode"),
            created=node["createdAt"],
        ),
    )


def _location(node) -> Row:
    return _common(
        node,
        name=node["name"],
        active=node["isActive"],
        facts=_told(
            city=_under(node, "address", "city"),
            country=_under(node, "address", "countryCode"),
            service=node["isFulfillmentService"] or None,
        ),
    )


_READERS = {
    "Product": _product,
    "ProductVariant": _variant,
    "Collection": _collection,
    "Customer": _customer,
    "Company": _company,
    "CompanyLocation": _company_location,
    "Order": _order,
    "Location": _location,
}


# --- Verdicts ----------------------------------------------------------------------

Verdict = Literal[
    "linked", "proposed", "ambiguous", "only_shopify", "only_odoo", "conflict"
]
_LINKED = ("update", "update_and_mark")
_UNDECIDED = ("ambiguous_match", "match_taken")


@dataclass(frozen=True)
class Judged:
    """A row's verdict. failure: why it is ambiguous or in conflict."""

    verdict: Verdict
    odoo_id: int | None = None
    key: str = ""
    failure: Failure | None = None


def judge(decision: Decision, key: str = "") -> Judged:
    """What people read of a decision of identity.decide_inbound.

    key: the stable key that found the candidates, as in KEYS.
    """
    if decision.action in _LINKED:
        return Judged("linked", decision.odoo_id)
    if decision.action == "restore":
        return Judged("proposed", decision.odoo_id, "mark")
    if decision.action in ("link", "propose"):
        return Judged("proposed", decision.odoo_id, key)
    if decision.action in ("create", "unmapped"):
        return Judged("only_shopify")
    undecided = decision.reason_code in _UNDECIDED
    if decision.action == "stop":
        verdict = "ambiguous" if undecided else "conflict"
        return Judged(verdict, None, key if undecided else "", decision.failure)
    raise ValueError(f"a row of Shopify can't be decided as {decision.action}")


def claimed_twice(
    claims: Mapping[str, tuple[int, str]],
    candidates: Mapping[str, Candidates] | None = None,
) -> dict[str, Judged]:
    """Rows of a whole read that are each proposed for one Odoo record, of which several
    name the same: those are ambiguous, each with the others' IDs.

    claims: (Odoo ID, key) by GID; candidates: with key and value as people read them.
    Rows that share theirs with nobody are left out.
    """
    decisions = {
        gid: Decision("link", odoo_id=odoo_id)
        for gid, (odoo_id, _key) in claims.items()
    }
    return {
        gid: judge(decision, claims[gid][1])
        for gid, decision in several_claim(decisions, candidates or {}).items()
        if decision.action == "stop"
    }


# --- Keys that aren't unique --------------------------------------------------------


@dataclass(frozen=True)
class KeyReport:
    """How far a key can be trusted, told before it is used.

    blank: Shopify records without one. shopify_twice, odoo_twice: values that stand on
    several records of that side; examples: some of them.
    """

    key: str
    blank: int = 0
    shopify_twice: int = 0
    odoo_twice: int = 0
    examples: tuple[str, ...] = ()

    @property
    def is_unique(self) -> bool:
        return not (self.shopify_twice or self.odoo_twice)

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "blank": self.blank,
            "shopify_twice": self.shopify_twice,
            "odoo_twice": self.odoo_twice,
            "examples": list(self.examples),
        }


def ordered_keys(
    shopify_type: str, configured: Iterable[tuple[int, str, bool]]
) -> tuple[str, ...]:
    """The keys that count for a type, the preferred one first.

    configured: (sequence, key, active) as the store has them; what isn't a key of the
    type, a name above all, never counts.
    """
    known = KEYS.get(shopify_type, ())
    ranked = sorted(
        (sequence, known.index(key), key)
        for sequence, key, active in configured
        if active and key in known
    )
    return tuple(dict.fromkeys(key for _sequence, _place, key in ranked))


def first_telling(
    keys: Sequence[str], found: Mapping[str, Sequence[int]], asked: Mapping[str, str]
) -> tuple[str, str]:
    """(key, value) to show: the first that found something, else the first asked."""
    told = [key for key in keys if found.get(key)]
    shown = (told or [key for key in keys if asked.get(key)] or [""])[0]
    return shown, asked.get(shown, "")
