"""Decide who a customer, a guest and an address are, and what a new contact holds."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .content import digest
from .failures import NeedsReview
from .identity import Mark, mark_from_node

# Kinds of shopify.res.partner rows.
CUSTOMER = "customer"
CONTACT = "contact"

_SPACE = re.compile(r"\s+")
_NOT_DIGIT = re.compile(r"[^0-9]")


# --- Normal forms ------------------------------------------------------------------


def normal_email(text: str | None) -> str:
    """The e-mail as Shopify keeps it: trimmed, lower-case, plus-tag kept; "" if none.

    An address with a plus-tag is another customer to Shopify, so it is one here.
    """
    return (text or "").strip().lower()


def normal_phone(text: str | None) -> str:
    """Digits with a leading + if there was one: "+45 4545 4545" is "+4545454545"."""
    trimmed = (text or "").strip()
    digits = _NOT_DIGIT.sub("", trimmed)
    return f"+{digits}" if digits and trimmed.startswith("+") else digits


def full_name(first: str | None, last: str | None) -> str:
    """One name of Shopify's two; "" when both are missing."""
    return _clean(f"{first or ''} {last or ''}")


def _clean(text: str | None) -> str:
    return _SPACE.sub(" ", text or "").strip()


# --- Addresses ---------------------------------------------------------------------


@dataclass(frozen=True)
class AddressPlan:
    """An address as a contact would hold it. Every field is text, "" for none.

    country_code: ISO 3166-1 alpha-2, upper case. province_code: as Shopify gives it.
    """

    name: str = ""
    company: str = ""
    street: str = ""
    street2: str = ""
    city: str = ""
    zip: str = ""
    province_code: str = ""
    country_code: str = ""
    phone: str = ""

    def key(self) -> str:
        """Equal for addresses that differ in white space, case or the phone's
        punctuation only; 64 hexadecimal digits.

        The name counts: two people behind one door are two addressees.
        """
        parts = asdict(self) | {"phone": normal_phone(self.phone)}
        plain = [_clean(parts[name]).casefold() for name in sorted(parts)]
        return digest(plain)

    def place_key(self) -> str:
        """Like key(), without who receives it: does a partner live there already?

        Without the province too: Odoo lists those of few countries only.
        """
        left_out = dict.fromkeys(("name", "company", "phone", "province_code"), "")
        return AddressPlan(**(asdict(self) | left_out)).key()

    @property
    def is_empty(self) -> bool:
        return not any(asdict(self).values())

    @property
    def has_place(self) -> bool:
        """Whether there is anything that a parcel could be sent to."""
        return any((self.street, self.street2, self.city, self.zip, self.country_code))


def address_from_node(node: Mapping[str, Any] | None) -> AddressPlan | None:
    """The plan of a MailingAddress; None when it is null or holds nothing.

    node: {firstName lastName name company address1 address2 city zip provinceCode
    countryCodeV2 phone}; any of them may be null (protected data) or not asked for.
    """
    if not node:
        return None
    name = full_name(node.get("firstName"), node.get("lastName"))
    plan = AddressPlan(
        name=name or _clean(node.get("name")),
        company=_clean(node.get("company")),
        street=_clean(node.get("address1")),
        street2=_clean(node.get("address2")),
        city=_clean(node.get("city")),
        zip=_clean(node.get("zip")),
        province_code=_clean(node.get("provinceCode")).upper(),
        country_code=_clean(node.get("countryCodeV2")).upper(),
        phone=_clean(node.get("phone")),
    )
    return None if plan.is_empty else plan


def state_codes(address: AddressPlan) -> tuple[str, ...]:
    """Codes under which Odoo may know the province, likeliest first.

    Shopify writes some with the country in front ("JP-13"), Odoo never does.
    """
    code = address.province_code
    if not code:
        return ()
    bare = code.removeprefix(f"{address.country_code}-")
    return (code,) if bare == code else (bare, code)


def resolve_country(
    address: AddressPlan,
    countries: Mapping[str, int],
    states: Mapping[tuple[int, str], int],
) -> tuple[int | None, int | None]:
    """Odoo's country and state of an address.

    countries: ID by code; states: ID by (country ID, code). Odoo lists states of few
    countries only, so an unknown one is left empty. Raises NeedsReview for a country
    that Odoo doesn't know: a parcel without one goes nowhere.
    """
    if not address.country_code:
        return None, None
    country = countries.get(address.country_code)
    if country is None:
        raise NeedsReview("country_unknown", country=address.country_code)
    found = (states.get((country, code)) for code in state_codes(address))
    return country, next((state for state in found if state), None)


# --- Customers ---------------------------------------------------------------------


@dataclass(frozen=True)
class CustomerPlan:
    """Who a customer is, with or without an account.

    gid: None for a guest, who is known by e-mail only. name: never empty.
    withheld: Shopify told neither name, e-mail nor phone (protected customer data);
    the name then is only a stand-in and must not overwrite a better one.
    """

    gid: str | None
    name: str
    email: str = ""
    phone: str = ""
    company: str = ""
    address: AddressPlan | None = None
    withheld: bool = False
    updated_at: str = ""
    mark: Mark | None = field(default=None, compare=False)
    node: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def match_key(self) -> str:
        """What a buyer without an account is recognised by; "" when nothing does.

        The e-mail; without one (a sale over the counter) the phone number, else the
        very same name at the very same address.
        """
        if self.email:
            return self.email
        if self.phone:
            return f"phone:{normal_phone(self.phone)}"
        if self.address and self.address.name and self.address.has_place:
            return f"address:{self.address.key()}"
        return ""

    def values_shown(self) -> dict[str, str]:
        """What is compared with Odoo, as a person reads it."""
        if self.withheld:
            return {}
        shown = {"name": self.name, "e-mail": self.email}
        shown["phone"] = normal_phone(self.phone)
        return shown | address_shown(self.address)

    def digest(self) -> str:
        """Equal while nothing changed that a sync looks at."""
        return digest(self.values_shown())


def address_shown(address: AddressPlan | None) -> dict[str, str]:
    """An address as a person reads it, field by field."""
    address = address or AddressPlan()
    return {
        "street": ", ".join(filter(None, (address.street, address.street2))),
        "ZIP": address.zip,
        "city": address.city,
        "country": address.country_code,
    }


def customer_from_node(node: Mapping[str, Any], stand_in: str = "") -> CustomerPlan:
    """The plan of a Customer.

    node: answer of graphql/customers/import.graphql, or the `customer` of an order:
    {id firstName lastName defaultEmailAddress{emailAddress}
    defaultPhoneNumber{phoneNumber} defaultAddress{…} addressesV2(first: 1){nodes{…}}
    updatedAt} and the two marks.
    stand_in: name for a customer about whom Shopify tells nothing, e.g. "#1042".
    A customer without a default address gets the first one.
    """
    email = normal_email((node.get("defaultEmailAddress") or {}).get("emailAddress"))
    phone = _clean((node.get("defaultPhoneNumber") or {}).get("phoneNumber"))
    address = address_from_node(node.get("defaultAddress")) or _first_address(node)
    name = full_name(node.get("firstName"), node.get("lastName"))
    address_name = address.name if address else ""
    known = name or address_name or email or phone
    return CustomerPlan(
        gid=node["id"],
        name=known or stand_in or f"Shopify customer {node['id'].rpartition('/')[2]}",
        email=email,
        phone=phone or (address.phone if address else ""),
        company=address.company if address else "",
        address=address,
        withheld=not known,
        updated_at=node.get("updatedAt") or "",
        mark=mark_from_node(node),
        node=node,
    )


def _first_address(node: Mapping[str, Any]) -> AddressPlan | None:
    nodes = (node.get("addressesV2") or {}).get("nodes") or ()
    return next(filter(None, map(address_from_node, nodes)), None)


def guest(
    email: str | None,
    phone: str | None,
    billing: AddressPlan | None,
    shipping: AddressPlan | None,
    stand_in: str,
) -> CustomerPlan:
    """The plan of a buyer without an account, from what the order itself tells.

    stand_in: the order's name, used when Shopify withholds everything else.
    """
    address = billing or shipping
    mail = normal_email(email)
    number = _clean(phone) or (address.phone if address else "")
    known = (address.name or address.company if address else "") or mail or number
    return CustomerPlan(
        gid=None,
        name=known or stand_in,
        email=mail,
        phone=number,
        company=address.company if address else "",
        address=address,
        withheld=not known,
    )


# --- Which contacts an order needs -------------------------------------------------


@dataclass(frozen=True)
class Contacts:
    """Addresses that need a contact of their own; None: the partner itself will do."""

    invoice: AddressPlan | None
    delivery: AddressPlan | None


def contacts_for(
    own: AddressPlan | None,
    billing: AddressPlan | None,
    shipping: AddressPlan | None,
) -> Contacts:
    """Which of an order's addresses differ from the partner's own one.

    own: the partner's address as it stands in Odoo. An order's addresses are
    snapshots: they never change the partner, they become contacts below it.
    An order without a delivery address (a voucher) is delivered where it is billed.
    """
    invoice = _unless_at(own, billing)
    delivery = invoice if not _useful(shipping) else _unless_at(own, shipping)
    return Contacts(invoice=invoice, delivery=delivery)


def _unless_at(own: AddressPlan | None, other: AddressPlan | None):
    if not _useful(other):
        return None
    if own and own.place_key() == other.place_key() and _same_addressee(own, other):
        return None
    return other


def _useful(address: AddressPlan | None) -> bool:
    return bool(address and address.has_place)


def _same_addressee(own: AddressPlan, other: AddressPlan) -> bool:
    """Missing on either side is no difference: a snapshot often leaves it out."""
    return all(
        not mine or not theirs or mine.casefold() == theirs.casefold()
        for mine, theirs in (
            (_clean(own.name), _clean(other.name)),
            (_clean(own.company), _clean(other.company)),
            (normal_phone(own.phone), normal_phone(other.phone)),
        )
    )


# --- Matching ----------------------------------------------------------------------


def index_by_email(partners: Iterable[tuple[int, str]]) -> dict[str, tuple[int, ...]]:
    """(partner ID, e-mail) of possible matches as IDs by normal e-mail.

    Exact only: Shopify's own search is tokenised and answers with other people.
    """
    found: dict[str, list[int]] = {}
    for partner_id, email in partners:
        key = normal_email(email)
        if key:
            found.setdefault(key, []).append(partner_id)
    return {key: tuple(sorted(set(ids))) for key, ids in found.items()}


def keys_held_twice(plans: Iterable[CustomerPlan]) -> dict[str, tuple[str, ...]]:
    """Match keys that several Shopify customers of a batch share, with their GIDs.

    Guests don't count: they may be one of the customers.
    """
    holders: dict[str, set[str]] = {}
    for plan in plans:
        if plan.match_key and plan.gid:
            holders.setdefault(plan.match_key, set()).add(plan.gid)
    return {key: tuple(sorted(gids)) for key, gids in holders.items() if len(gids) > 1}
