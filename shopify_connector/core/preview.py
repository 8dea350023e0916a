"""What a sync would do, shown to the person who accepts it.

A preview is plain data, kept with the sync's row. Its digest tells whether what is about
to be done is still what was accepted.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from . import money
from .companies import CompanyPlan
from .customers import AddressPlan, CustomerPlan
from .fulfillments import PickingFacts
from .orders import OrderPlan
from .product_links import LinkPlan
from .reasons.reason import _

Kind = Literal[
    "created",
    "linked",
    "changed",
    "sent",
    "totals",
    "stopped",
    "updated",
    "records",
    "posted",
    "bound",
    "next",
]

TITLES: Mapping[str, str] = {
    "created": _("Made in Odoo"),
    "linked": _("Linked"),
    "changed": _("Changed in Shopify"),
    "sent": _("Written to Shopify"),
    "totals": _("Totals"),
    "stopped": _("Not done yet"),
    # Of a dry run, as found in the database before it is rolled back.
    "updated": _("Changed in Odoo"),
    "records": _("New records in Odoo"),
    "posted": _("Posted or done in Odoo"),
    "bound": _("Links made"),
    "next": _("Goes on by itself afterwards"),
}
# Words of previews that are translated when they are shown; others are names.
WORDS = (
    _("Product"),
    _("Variant"),
    _("Contact"),
    _("New contact"),
    _("Existing contact"),
    _("Sales order"),
    _("E-mail"),
    _("Phone"),
    _("Company"),
    _("Address"),
    _("Billed to"),
    _("Delivered to"),
    _("Line"),
    _("Tax"),
    _("Total"),
    _("Tax in total"),
    _("On hand"),
    _("Order"),
    _("From"),
    _("Tracking"),
    _("Because"),
    _("External reference"),
    _("Belongs to"),
)


@dataclass(frozen=True)
class Section:
    """rows: (label, value), or (label, before, after). With before and after, the
    "totals" are Shopify's and Odoo's."""

    kind: Kind
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Preview:
    sections: tuple[Section, ...]

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {"kind": each.kind, "rows": [list(row) for row in each.rows]}
            for each in self.sections
        ]


def digest(shown: Sequence[Mapping[str, Any]]) -> str:
    """Equal while what would be done is the same; of a preview as JSON."""
    text = json.dumps(shown, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _preview(*sections: tuple[Kind, Iterable[Sequence[str]]]) -> Preview:
    """Without the sections that are empty."""
    found = [(kind, tuple(tuple(row) for row in rows)) for kind, rows in sections]
    return Preview(tuple(Section(kind, rows) for kind, rows in found if rows))


# --- Each flow ---------------------------------------------------------------------


def of_product(
    plan: LinkPlan, template_name: str, variant_names: Mapping[int, str]
) -> Preview:
    """template_name: of the Odoo product; "" while it is to be made. variant_names: of
    the Odoo variants that get a link, by ID."""
    made, linked = [], []
    if plan.make_template:
        made.append(("Product", plan.product.title))
    elif plan.link_template:
        linked.append(("Product", plan.product.title, template_name))
    labels = {variant.gid: variant.label() for variant in plan.product.variants}
    for variant in plan.make:
        told = [variant.label(), *variant.values, variant.barcode, str(variant.price)]
        made.append(("Variant", ", ".join(dict.fromkeys(filter(None, told)))))
    for gid, odoo_id in plan.link.items():
        linked.append(("Variant", labels.get(gid, gid), variant_names[odoo_id]))
    stopped = [("Variant", stop.reason.title) for stop in plan.stops]
    return _preview(("created", made), ("linked", linked), ("stopped", stopped))


@dataclass(frozen=True)
class Buyer:
    """Which contact a person is.

    known_as: the contact in Odoo; "" for one that is to be made. action: identity.py's,
    which says why. stop: the title of what keeps the contact from being made or found.
    """

    person: CustomerPlan
    known_as: str = ""
    action: str = ""
    stop: str = ""


# Why it is this contact, by the action that was decided.
_WHY = {
    "link": _("it has the same e-mail, or is the same buyer as before"),
    "restore": _("Shopify holds its Odoo ID"),
    "update": _("they are linked"),
    "update_and_mark": _("they are linked"),
    "create": _("nobody in Odoo has this e-mail, or is this buyer"),
}


def of_person(buyer: Buyer) -> Preview:
    return _preview(*_buyer_sections(buyer))


def _buyer_sections(buyer):
    person, why = buyer.person, ("Because", _WHY.get(buyer.action, ""))
    if buyer.stop:
        return [("stopped", [("Contact", person.name, buyer.stop)])]
    if buyer.known_as:
        name = ("Existing contact", person.name, buyer.known_as)
        return [("linked", [name, why])]
    rows = [
        ("New contact", person.name),
        ("E-mail", person.email),
        ("Phone", person.phone),
        ("Company", person.company),
        ("Address", address_text(person.address)),
        why,
    ]
    return [("created", [row for row in rows if row[1]])]


def of_company(company: CompanyPlan, known_as: str, action: str) -> Preview:
    """A company or company location. known_as, action: as a Buyer's."""
    why = ("Because", _WHY_COMPANY.get(action, ""))
    if known_as:
        return _preview(("linked", [("Existing contact", company.name, known_as), why]))
    rows = [
        ("New contact", company.name),
        ("External reference", company.reference),
        ("Belongs to", company.parent_name),
        ("Phone", company.phone),
        ("Address", address_text(company.address)),
        why,
    ]
    return _preview(("created", [row for row in rows if row[1]]))


_WHY_COMPANY = {
    "link": _("it has the same external reference"),
    "restore": _WHY["restore"],
    "create": _("no contact in Odoo has this external reference"),
}


def address_text(address: AddressPlan | None) -> str:
    if address is None:
        return ""
    place = " ".join(filter(None, (address.zip, address.city)))
    told = (
        address.name,
        address.company,
        address.street,
        address.street2,
        place,
        address.province_code,
        address.country_code,
    )
    return ", ".join(filter(None, told))


def of_order(plan: OrderPlan, buyer: Buyer) -> Preview:
    """The totals of Odoo are the sums of the lines as they would be written; Odoo's own
    sums are compared again when the order is made.
    """

    def shown(amount):
        return money.text(amount, plan.digits)

    rows = [("Sales order", f"{plan.name}, {plan.currency}")]
    for line in plan.lines:
        title = " ".join(filter(None, (line.title, line.variant_title)))
        sku = f" [{line.sku}]" if line.sku else ""
        rows.append(("Line", f"{line.quantity} × {title}{sku}: {shown(line.total)}"))
    rows += [
        (label, text)
        for label, text in (
            ("Billed to", address_text(plan.bill_to)),
            ("Delivered to", address_text(plan.ship_to)),
        )
        if text
    ]
    total = sum((line.total for line in plan.lines), money.ZERO)
    tax = sum((line.tax for line in plan.lines), money.ZERO)
    totals = [
        *_tax_rows(plan),
        ("Tax in total", shown(plan.tax), shown(tax)),
        ("Total", shown(plan.total), shown(total)),
    ]
    return _preview(
        ("created", rows),
        *_buyer_sections(buyer),
        ("totals", totals),
    )


def _tax_rows(plan):
    """What each tax comes to."""
    sums = {}
    for line in plan.lines:
        for tax in line.taxes:
            key = tax.key.describe()
            sums[key] = sums.get(key, money.ZERO) + tax.amount
    return [("Tax", name, money.text(sums[name], plan.digits)) for name in sums]


def of_stock(item: str, before: int, after: int) -> Preview:
    """item: with its location."""
    return _preview(("changed", [(item, str(before), str(after))]))


def of_fulfillments(
    places: Iterable[tuple[PickingFacts, Mapping[str, int]]],
) -> Preview:
    """places: a delivery's facts from each location, and what is due to be sent of it
    now: units by line GID."""
    return _preview(
        *(("sent", _sent_rows(facts, units)) for facts, units in places if units)
    )


def _sent_rows(facts, units):
    titles = {line.line: line.title or line.line for line in facts.lines}
    tracking = facts.tracking
    told = " ".join(filter(None, (tracking.company, tracking.number, tracking.url)))
    rows = [("Order", facts.order_name), ("From", facts.location_name)]
    rows += [
        ("Line", f"{units[gid]} × {titles.get(gid, gid)}") for gid in sorted(units)
    ]
    return [*rows, ("Tracking", told)] if told else rows
