"""From an order plan to the values of a sale order. Reads Odoo in batch, writes nothing."""

from dataclasses import dataclass, field
from datetime import UTC

from odoo import Command

from ..core import money
from ..core.order_lines import PlannedLine, odoo_price
from ..core.order_needs import SETTINGS, Known
from ..core.packs import explode, is_pack

DISCOUNT_PRECISION = "Discount"


@dataclass
class Lookup:
    """What a batch of orders needs of Odoo, found in a handful of queries.

    variants: {GID: product}. warehouses: {location GID: warehouse}. taxes: {key: tax}.
    products: {setting: product}. pricelists: {currency: pricelist}. currencies: active.
    carriers: {delivery key: delivery method} of those that somebody chose one for.
    packs: {GID: core.packs' components} of variants that are more than one piece.
    contained: {Odoo ID: product} of what they hold.
    """

    variants: dict = field(default_factory=dict)
    warehouses: dict = field(default_factory=dict)
    taxes: dict = field(default_factory=dict)
    products: dict = field(default_factory=dict)
    pricelists: dict = field(default_factory=dict)
    currencies: set = field(default_factory=set)
    carriers: dict = field(default_factory=dict)
    packs: dict = field(default_factory=dict)
    contained: dict = field(default_factory=dict)

    @classmethod
    def of(cls, backend, plans):
        env = backend.env
        lines = [line for plan in plans for line in plan.lines]
        # sudo: links and mappings are read by whoever works for the store
        links = (
            env["shopify.product.product"]
            .sudo()
            ._find(backend, {line.variant_gid for line in lines if line.variant_gid})
        )
        packs = {gid: link._components() for gid, link in links.items()}
        packs = {gid: parts for gid, parts in packs.items() if is_pack(parts)}
        contained = env["product.product"].browse(
            {part.key for parts in packs.values() for part in parts}
        )
        return cls(
            packs=packs,
            contained={product.id: product for product in contained},
            variants={gid: link.odoo_id.sudo(False) for gid, link in links.items()},
            warehouses=_warehouses(
                backend, {g for p in plans for g in p.location_gids}
            ),
            taxes=env["shopify.mapping.tax"]._taxes(
                backend, {str(key) for plan in plans for key in plan.tax_keys()}
            ),
            products=_products(backend),
            carriers=env["shopify.mapping.delivery"]._carriers(
                backend, {line.delivery for line in lines if line.delivery}
            ),
            pricelists=_pricelists(backend),
            currencies=set(
                env["res.currency"]
                .search([("name", "in", list({plan.currency for plan in plans}))])
                .mapped("name")
            ),
        )

    def known(self):
        return Known(
            variants=frozenset(self.variants),
            locations=frozenset(self.warehouses),
            taxes=frozenset(self.taxes),
            currencies=frozenset(self.currencies),
            pricelists=frozenset(self.pricelists),
            products=frozenset(self.products),
            deliveries=frozenset(self.carriers),
        )

    def parts(self, plan):
        """The order's lines as Odoo has them: packs taken apart, the rest as it is."""
        return [part for line in plan.lines for part in self._parts_of(line, plan)]

    def _parts_of(self, line, plan):
        components = self.packs.get(line.variant_gid)
        if not components:
            return [Part(line, self.product_id(line))]
        shares = explode(line, components, plan.digits)
        return [
            Part(share, component.key, component.quantity, True)
            for share, component in zip(shares, components, strict=True)
        ]

    def lacks(self, line):
        """Whether the line is a variant's that is linked to no product."""
        return bool(line.variant_gid) and line.variant_gid not in self.variants

    def product_id(self, line):
        """ID of the variant's product; for what is none, of the one that the store names;
        0 where it names none (any more)."""
        if line.variant_gid:
            return self.variants[line.variant_gid].id
        if line.delivery in self.carriers:
            # sudo: a carrier may be closed to the sync user, its product isn't
            return self.carriers[line.delivery].sudo().product_id.id
        product = self.products.get(SETTINGS.get(line.kind))
        return product.id if product else 0


@dataclass(frozen=True)
class Part:
    """A line of the sale order. per_pack: pieces of it in one unit of Shopify's line,
    of which it is a part (`of_pack`) or the whole."""

    line: PlannedLine
    product_id: int
    per_pack: int = 1
    of_pack: bool = False

    @property
    def key(self):
        return f"{self.line.gid} {self.product_id}"

    def link_values(self):
        """Values of its link beside the order's and the order line's."""
        return {
            "shopify_gid": self.line.gid,
            "kind": self.line.kind,
            "variant_gid": self.line.variant_gid,
            "component_id": self.product_id if self.of_pack else False,
            "per_pack": self.per_pack,
            "amounts": self.line.amounts(),
        }


def _warehouses(backend, gids):
    rows = (
        backend.env["shopify.mapping.location"]
        .sudo()
        .search(
            [
                ("backend_id", "=", backend.id),
                ("shopify_gid", "in", list(gids)),
                ("warehouse_id", "!=", False),
            ]
        )
    )
    return {row.shopify_gid: row.warehouse_id.sudo(False) for row in rows}


def _products(backend):
    store = backend.sudo()
    products = {
        name: store[name]
        for name in set(SETTINGS.values()) - {"delivery_carrier_id"}
        if store[name]
    }
    if store.delivery_carrier_id:
        products["delivery_carrier_id"] = store.delivery_carrier_id.product_id
    return {name: product.sudo(False) for name, product in products.items()}


def _pricelists(backend):
    """{currency: pricelist}; the store's own goes before those for other currencies."""
    store = backend.sudo()
    return {
        pricelist.currency_id.name: pricelist.sudo(False)
        for pricelist in [*store.pricelist_ids, *store.pricelist_id]
    }


def order_values(backend, plan, lookup, partners):
    """Values of the sale order of a plan.

    partners: (partner, invoice partner, delivery partner). No salesperson: Odoo would
    mail the assignment. No payment term: what was agreed was agreed in Shopify, and a
    partner's discount for early payment would change the tax.
    """
    partner, invoice_partner, delivery_partner = partners
    pricelist = lookup.pricelists[plan.currency]
    digits = backend.env["decimal.precision"].precision_get(DISCOUNT_PRECISION)
    values = {
        "company_id": backend.company_id.id,
        "partner_id": partner.id,
        "partner_invoice_id": invoice_partner.id,
        "partner_shipping_id": delivery_partner.id,
        "pricelist_id": pricelist.id,
        "client_order_ref": plan.name,
        "date_order": plan.created_at.astimezone(UTC).replace(tzinfo=None),
        "user_id": False,
        "payment_term_id": False,
        "order_line": [
            Command.create(
                _line_values(plan, part, lookup, digits) | {"sequence": place}
            )
            for place, part in enumerate(lookup.parts(plan), 10)
        ],
    }
    warehouse = _warehouse(backend, plan, lookup)
    if warehouse:
        values["warehouse_id"] = warehouse.id
    shipping = plan.of_kind("shipping")
    if shipping:
        carrier = lookup.carriers.get(shipping[0].delivery)
        values["carrier_id"] = (carrier or backend.sudo().delivery_carrier_id).id
    return values


def _warehouse(backend, plan, lookup):
    """That of the location Shopify assigned. An order split over several locations has
    one warehouse in Odoo: the store's own if it is among them, else the first."""
    found = [lookup.warehouses[gid] for gid in plan.location_gids]
    default = backend.sudo().default_warehouse_id
    return default if default in found or not found else found[0]


def _line_values(plan, part, lookup, discount_digits):
    line = part.line
    price, percent = odoo_price(line, discount_digits)
    taxes = _odoo_taxes(line, lookup)
    currency = lookup.pricelists[plan.currency].currency_id
    values = {
        "product_id": part.product_id,
        "name": _description(plan, part, lookup, shown_as_percent=bool(percent)),
        "product_uom_qty": line.quantity,
        "price_unit": float(price),
        # Anything but the price itself: equal ones mean "computed", and Odoo then takes
        # the list price as soon as somebody changes the quantity.
        "technical_price_unit": 0.0 if price else 1.0,
        "discount": float(percent),
        "tax_ids": [Command.set([tax.id for tax in taxes])],
    }
    if line.kind == "shipping":
        values["is_delivery"] = True
    if taxes:
        values["extra_tax_data"] = _exact_taxes(line, values, taxes, currency)
    return values


def _odoo_taxes(line, lookup):
    """{Odoo tax: amount}; two taxes of Shopify may be one in Odoo."""
    amounts = {}
    for tax in line.taxes:
        odoo_tax = lookup.taxes[str(tax.key)]
        amounts[odoo_tax] = amounts.get(odoo_tax, money.ZERO) + tax.amount
    return amounts


def _exact_taxes(line, values, taxes, currency):
    """Shopify's amounts in the form in which Odoo keeps amounts set by hand; they go on
    to invoices and credit notes. See account.tax `_import_base_line_extra_tax_data`."""
    base = float(line.untaxed)
    return {
        "currency_id": currency.id,
        "price_unit": values["price_unit"],
        "discount": values["discount"],
        "quantity": values["product_uom_qty"],
        "rate": 1.0,
        "manual_total_excluded_currency": base,
        "manual_total_excluded": base,
        "manual_tax_amounts": {
            str(tax.id): {
                "tax_amount_currency": float(amount),
                "tax_amount": float(amount),
                "base_amount_currency": base,
                "base_amount": base,
            }
            for tax, amount in taxes.items()
        },
    }


def _description(plan, part, lookup, shown_as_percent):
    """What the customer bought, as Shopify called it, and discounts by name. Of a pack
    the component's own name goes first."""
    line = part.line
    title = f"{line.title} - {line.variant_title}" if line.variant_title else line.title
    if part.of_pack:
        title = f"{lookup.contained[part.product_id].display_name} ({title})"
    notes = [
        f"{part.title or plan.name}: -{money.text(part.amount, plan.digits)}"
        for part in line.discounts
        if part.title or not shown_as_percent
    ]
    return "\n".join([title or line.label or line.kind, *notes])
