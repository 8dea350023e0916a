"""What a company that buys in the shop (B2B), and each of its locations, is in Odoo."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .content import digest
from .customers import AddressPlan, address_shown, full_name, normal_phone
from .matching import normal_key

KEY = "external"


@dataclass(frozen=True)
class CompanyPlan:
    """A Company, or a CompanyLocation, as a contact would hold it. "" for no text.

    reference: Shopify's `externalId`, in Odoo the contact's reference. parent_gid: the
    company of a location. role: a contact's type in Odoo, for locations.
    """

    gid: str
    name: str
    reference: str = ""
    phone: str = ""
    address: AddressPlan | None = None
    parent_gid: str = ""
    parent_name: str = ""
    role: str = ""
    updated_at: str = ""

    def digest(self) -> str:
        """Equal when nothing that a contact holds is different."""
        told = asdict(self)
        del told["updated_at"]
        return digest(told)

    def values_shown(self) -> dict[str, str]:
        """What Shopify says, by the names that people read; the company of a location
        is its link's matter."""
        told = {"name": self.name, "reference": self.reference}
        if self.parent_gid:
            told |= {"phone": normal_phone(self.phone)} | address_shown(self.address)
        return told


def company_from_node(node: Mapping[str, Any]) -> CompanyPlan:
    """node: {id name externalId updatedAt} of a Company."""
    return CompanyPlan(
        gid=node["id"],
        name=_text(node["name"]) or _numbered(node),
        reference=_text(node["externalId"]),
        updated_at=node.get("updatedAt") or "",
    )


def location_from_node(node: Mapping[str, Any]) -> CompanyPlan:
    """node: {id name externalId phone updatedAt company{id name} shippingAddress
    billingAddress} of a CompanyLocation.

    Goods go to its shipping address, so it becomes a delivery contact; one that has a
    billing address alone is a contact of no special kind.
    """
    shipping = address_from_node(node["shippingAddress"])
    address = shipping or address_from_node(node["billingAddress"])
    return CompanyPlan(
        gid=node["id"],
        name=_text(node["name"]) or _numbered(node),
        reference=_text(node["externalId"]),
        phone=_text(node["phone"]) or (address.phone if address else ""),
        address=address,
        parent_gid=node["company"]["id"],
        parent_name=_text(node["company"]["name"]),
        role="delivery" if shipping else "other",
        updated_at=node.get("updatedAt") or "",
    )


def address_from_node(node: Mapping[str, Any] | None) -> AddressPlan | None:
    """The plan of a CompanyAddress; None when it is null or names no place.

    node: {recipient firstName lastName companyName address1 address2 city zip zoneCode
    countryCode phone}; names differ from those of a MailingAddress.
    """
    if not node:
        return None
    name = full_name(node.get("firstName"), node.get("lastName"))
    plan = AddressPlan(
        name=_text(node.get("recipient")) or name,
        company=_text(node.get("companyName")),
        street=_text(node.get("address1")),
        street2=_text(node.get("address2")),
        city=_text(node.get("city")),
        zip=_text(node.get("zip")),
        province_code=_text(node.get("zoneCode")).upper(),
        country_code=_text(node.get("countryCode")).upper(),
        phone=_text(node.get("phone")),
    )
    return plan if plan.has_place else None


def references_held_twice(plans: Iterable[CompanyPlan]) -> dict[str, tuple[str, ...]]:
    """References that several companies (or locations) of a batch share, with their
    GIDs. Shopify's are unique; blanks around them may not be."""
    holders: dict[str, set[str]] = {}
    for plan in plans:
        key = normal_key(KEY, plan.reference)
        if key:
            holders.setdefault(key, set()).add(plan.gid)
    return {key: tuple(sorted(gids)) for key, gids in holders.items() if len(gids) > 1}


def _text(value: str | None) -> str:
    return " ".join((value or "").split())


def _numbered(node: Mapping[str, Any]) -> str:
    return f"Shopify company {node['id'].rpartition('/')[2]}"
