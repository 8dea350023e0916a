"""What Odoo has of what a store's flows need; the verdict on it is core.readiness'."""

from odoo import fields

from ..api import scopes as api_scopes
from ..core import gate
from ..core.customers import AddressPlan, state_codes
from ..core.readiness import LATER, Choice, Facts, Seen, readiness
from ..core.taxes import parse_key


class ReadinessReader:
    """Reads one store, in a number of queries that its size doesn't change."""

    def __init__(self, backend):
        # sudo: names of taxes, journals and warehouses are told to whoever looks after
        # the store; what they may open is their own rights' matter
        self._backend = backend.sudo()
        self.env = self._backend.env
        self.seen = Seen.from_json(self._backend._seen_row().seen)

    def items(self):
        """{flow: its items}, as core.readiness judges them."""
        return readiness(self.facts(), self.seen)

    def facts(self):
        backend = self._backend
        rows = self._locations()
        return Facts(
            problem=self._problem(),
            is_new=backend.state == "draft",
            scopes=self._scopes(),
            gates=self._gates(),
            unowned=frozenset(row.flow for row in backend.flow_ids if not row.owner_id),
            settings={
                "pricelist": backend.pricelist_id.name or "",
                "warehouse": backend.default_warehouse_id.name or "",
                "carrier": backend.delivery_carrier_id.name or "",
            },
            taxes=self.taxes(),
            locations=tuple(
                _choice(row, row.name, row.warehouse_id, row.proposal_id)
                for row in rows
            ),
            places=self._places(rows),
            gateways=self._gateways(),
            deliveries=self._deliveries(),
            currencies=self._currencies(),
            countries=self._countries(),
            states=self._states(),
            variants=backend._count_waits("variant"),
            keeps_buyers_currency=backend.money == "presentment",
            mails_deliveries=backend.company_id.stock_move_email_validation,
            fulfilments_off=backend._flow_policy("fulfilments") == "off",
        )

    def taxes(self):
        """Those that are known, and those that orders stopped for."""
        rows = self._rows("shopify.mapping.tax")
        found = [
            Choice(
                row.key,
                row._tax_key().describe(),
                row.tax_id.name if row.tax_id.active else "",
                row.proposal_ids.name if len(row.proposal_ids) == 1 else "",
            )
            for row in rows
        ]
        known = {choice.key for choice in found}
        waited = self.env["shopify.sync.wait"]._read_group(
            self._backend._open_waits("tax"), ["key"]
        )
        keys = sorted({key.removeprefix("tax:") for (key,) in waited} - known)
        return tuple(found + [Choice(key, _tax_label(key)) for key in keys])

    def shown_locations(self):
        return self._places(self._locations())

    # === PARTS === #

    def _problem(self):
        backend = self._backend
        if backend.state == "draft":
            return self.env._("the store is not connected yet")
        if backend.state == "hold":
            return backend.hold_message or self.env._("the store is on hold")
        return ""

    def _scopes(self):
        flows = [*self._backend.flow_ids.mapped("flow"), *LATER]
        granted = (self._backend.granted_scopes or "").split(",")
        missing = {flow: {} for flow in flows}
        for entry in api_scopes.blocked(granted, flows):
            if entry.feature.essential and entry.feature.flow in missing:
                missing[entry.feature.flow].update(dict.fromkeys(entry.scopes))
        return {flow: tuple(scopes) for flow, scopes in missing.items()}

    def _gates(self):
        """Flows that wait for their gate, and aren't let through by a manager."""
        today = fields.Date.today()
        return {
            row.flow: row.gate_text
            for row in self._backend.flow_ids
            if row.gate_state != "open"
            and not gate.is_overridden(row.gate_override_until, today)
        }

    def _rows(self, model):
        return self.env[model].search([("backend_id", "=", self._backend.id)])

    def _locations(self):
        return self.env["shopify.mapping.location"].search(
            [
                ("backend_id", "=", self._backend.id),
                ("is_active", "=", True),
                ("is_service", "=", False),
                ("gone_at", "=", False),
            ]
        )

    def _places(self, rows):
        return tuple(
            _choice(row, row.name, row.location_id, row.proposal_id) for row in rows
        )

    def _gateways(self):
        return tuple(
            Choice(
                row.gateway,
                row.gateway,
                row.journal_id.name or "",
                row.proposal_id.name or "",
            )
            for row in self._rows("shopify.mapping.payment")
        )

    def _deliveries(self):
        return tuple(
            Choice(
                row.key,
                row.title,
                row.carrier_id.name if row.carrier_id.active else "",
            )
            for row in self._rows("shopify.mapping.delivery")
        )

    def _currencies(self):
        """All but the shop's own, whose pricelist is a setting."""
        backend = self._backend
        own = {p.currency_id.name: p.name for p in backend.pricelist_ids}
        own |= {p.currency_id.name: p.name for p in backend.pricelist_id}
        names = {*self.seen.currencies, *self.seen.offered_currencies}
        names.discard(backend.shop_currency_id.name)
        only = backend._only_pricelists(names - own.keys())
        return tuple(
            Choice(
                name,
                name,
                own.get(name, ""),
                only[name].name if name in only else "",
            )
            for name in sorted(names)
        )

    def _countries(self):
        """Those that orders went to, and those that the shop offers and Odoo lacks."""
        codes = {*self.seen.countries, *self.seen.offered_countries}
        here = {
            country.code: country.name
            for country in self.env["res.country"].search([("code", "in", list(codes))])
        }
        return tuple(
            Choice(code, code, here.get(code, ""))
            for code in sorted(codes)
            if code in self.seen.countries or code not in here
        )

    def _states(self):
        places = {key: key.split("-", 1) for key in self.seen.states}
        rows = self.env["res.country.state"].search(
            [("country_id.code", "in", [country for country, _code in places.values()])]
        )
        here = {(row.country_id.code, row.code): row.name for row in rows}
        choices = []
        for key, (country, code) in sorted(places.items()):
            address = AddressPlan(country_code=country, province_code=code)
            names = [here.get((country, each)) for each in state_codes(address)]
            choices.append(Choice(key, key, next(filter(None, names), "")))
        return tuple(choices)


def _choice(row, label, value, proposal):
    return Choice(
        row.shopify_gid,
        label,
        value.display_name if value else "",
        proposal.display_name if proposal else "",
    )


def _tax_label(key):
    try:
        return parse_key(key).describe()
    except ValueError:
        return key
