"""The contacts that orders need: who buys, who is billed, where it goes."""

from odoo import api, models

from ..core import customers
from ..core.customers import CONTACT
from ..core.failures import Failure, NeedsReview
from .shopify_res_partner import Places, address_of


class ShopifyResPartner(models.Model):
    _inherit = "shopify.res.partner"

    @api.model
    def _ensure_for_orders(self, backend, plans, owners=None):
        """The contacts of a batch of orders, made or linked where need be.

        plans: core OrderPlan each, with gid, customer (CustomerPlan), bill_to and
        ship_to. owners: what `_read_owners` found about the customers' marks.
        Returns {order GID: (partner, invoice partner, delivery partner) | Failure}; an
        order whose buyer stops doesn't stop the others.
        """
        people = {_person_key(plan): plan.customer for plan in plans}
        nodes = {p.gid: p.node for p in people.values() if p.gid}
        decisions = self._decide(backend, people, nodes, owners)
        found = self._person_plans(backend, people, decisions)
        places = Places(self.env, [a for p in plans for a in (p.bill_to, p.ship_to)])
        ends = {}
        for plan in plans:
            stop = self._buyer_stop(plan, found[_person_key(plan)], places)
            if stop:
                ends[plan.gid] = stop
        going = [plan for plan in plans if plan.gid not in ends]
        wanted = {_person_key(plan): found[_person_key(plan)] for plan in going}
        partners = self._make_people(backend, wanted)
        self._note_new_people(backend, wanted)
        return ends | self._ensure_contacts(
            backend, [(plan, partners[_person_key(plan)]) for plan in going]
        )

    @api.model
    def _buyer_stop(self, plan, found, places):
        """Why this order can't have its contacts; None when it can."""
        if isinstance(found, Failure):
            who = plan.customer.gid or plan.customer.match_key
            waits = [*found.waits_on, *([f"customer:{who}"] if who else [])]
            return Failure(found.code, found.params, tuple(dict.fromkeys(waits)))
        for address in (plan.bill_to, plan.ship_to):
            try:
                places.of(address)
            except NeedsReview as stop:
                return stop.failure
        return None

    @api.model
    def _note_new_people(self, backend, plans):
        links = self._find(backend, [p.person.gid for p in plans.values() if p.link])
        for plan in plans.values():
            if plan.person.gid in links:
                links[plan.person.gid]._note_person(plan.person)

    # === ADDRESSES === #

    @api.model
    def _ensure_contacts(self, backend, wanted):
        """wanted: list of (order plan, partner).
        -> {order GID: (partner, invoice partner, delivery partner)}"""
        contacts = {
            plan.gid: customers.contacts_for(
                address_of(partner), plan.bill_to, plan.ship_to
            )
            for plan, partner in wanted
        }
        needed = {}
        for plan, partner in wanted:
            for kind in ("invoice", "delivery"):
                address = getattr(contacts[plan.gid], kind)
                if address:
                    needed.setdefault((partner.id, address.key()), (kind, address))
        known = self._known_contacts(backend, needed)
        known.update(self._make_contacts(backend, needed, known))

        def contact(partner, address):
            if address is None:
                return partner
            return self.env["res.partner"].browse(known[partner.id, address.key()])

        return {
            plan.gid: (
                partner,
                contact(partner, contacts[plan.gid].invoice),
                contact(partner, contacts[plan.gid].delivery),
            )
            for plan, partner in wanted
        }

    @api.model
    def _known_contacts(self, backend, needed):
        """{(partner ID, address key): contact ID}"""
        rows = self.sudo().search(
            [
                ("company_id", "=", backend.company_id.id),
                ("kind", "=", CONTACT),
                ("parent_partner_id", "in", [partner for partner, _key in needed]),
                ("match_key", "in", [key for _partner, key in needed]),
            ]
        )
        return {
            (row.parent_partner_id.id, row.match_key): row.odoo_id.id for row in rows
        }

    @api.model
    def _make_contacts(self, backend, needed, known):
        missing = {pair: need for pair, need in needed.items() if pair not in known}
        places = Places(self.env, [address for _kind, address in missing.values()])
        created = self.env["res.partner"].create(
            [
                {
                    **self._address_vals(address, places),
                    "parent_id": partner_id,
                    "type": kind,
                    "name": address.name or address.company,
                    "company_name": address.company or False,
                    "phone": address.phone or False,
                }
                for (partner_id, _key), (kind, address) in missing.items()
            ]
        )
        made = dict(zip(missing, created.ids, strict=True))
        self._as_engine().create(
            [
                {
                    "backend_id": backend.id,
                    "kind": CONTACT,
                    "match_key": key,
                    "parent_partner_id": partner_id,
                    "odoo_id": contact_id,
                }
                for (partner_id, key), contact_id in made.items()
            ]
        )
        return made


def _person_key(plan):
    """What tells buyers of a batch apart: account, else match key, else the order."""
    return plan.customer.gid or plan.customer.match_key or plan.gid
