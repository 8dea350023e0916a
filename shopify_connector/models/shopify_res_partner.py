"""Links of customers, and of what has no Shopify ID: guests and addresses.

A row of kind "customer" with a Shopify ID is a store's link. Rows with a match key
instead say, for a whole company, which contact an e-mail or an address means; their
unique index lets two stores that meet the same buyer at once make one contact.
"""

from dataclasses import dataclass, replace

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import customers, identity
from ..core.customers import CONTACT, CUSTOMER, AddressPlan, CustomerPlan
from ..core.failures import NeedsReview
from ..core.identity import Candidates
from ..core.outcome import Change, Outcome
from .link_content import note_pairs, write_if_new
from .remote_nodes import read_nodes

CUSTOMERS_A_REQUEST = 100
# Protected customer data: Shopify may withhold these, and a customer is one without.
PERSONAL = frozenset(
    {
        "firstName",
        "lastName",
        "defaultEmailAddress",
        "defaultPhoneNumber",
        "defaultAddress",
        "addressesV2",
    }
)
PROTECTED = {"kind", "match_key", "parent_partner_id"}


@dataclass(frozen=True)
class PersonPlan:
    """Which contact a buyer is.

    partner_id: None while it is to be made. link: its store link is new; claim: its
    match key isn't kept for the company yet. action: the decision, as identity.py has it.
    """

    person: CustomerPlan
    partner_id: int | None = None
    link: bool = False
    claim: bool = False
    mark_again: bool = False
    summary: str = ""
    action: str = ""

    @property
    def creates(self):
        return self.partner_id is None or self.link


@dataclass(frozen=True)
class GonePlan:
    """Shopify has no such customer any more; the link is kept."""

    link_id: int
    creates: bool = False


class Places:
    """Odoo's countries and states of a batch of addresses, in two queries."""

    def __init__(self, env, addresses):
        codes = {address.country_code for address in addresses if address} - {""}
        countries = env["res.country"].search([("code", "in", list(codes))])
        self._countries = {country.code: country.id for country in countries}
        self._states = {
            (state.country_id.id, state.code): state.id
            for state in env["res.country.state"].search(
                [("country_id", "in", countries.ids)]
            )
        }

    def of(self, address):
        """IDs of country and state, or None; raises NeedsReview for a country that
        Odoo lacks."""
        if address is None:
            return None, None
        return customers.resolve_country(address, self._countries, self._states)


class ShopifyResPartner(models.Model):
    _name = "shopify.res.partner"
    _inherit = "shopify.binding"
    _description = "Shopify Customer Link"

    _shopify_type = "Customer"
    _flow = "customers"

    shopify_gid = fields.Char(required=False)
    odoo_id = fields.Many2one(
        "res.partner", "Contact", required=True, index=True, ondelete="restrict"
    )
    kind = fields.Selection(
        [
            (CUSTOMER, "Customer"),
            (CONTACT, "Address"),
        ],
        required=True,
        default=CUSTOMER,
    )
    match_key = fields.Char(
        copy=False,
        help="What a buyer without an account, or an address, is recognised by.",
    )
    parent_partner_id = fields.Many2one(
        "res.partner", "Address Of", index="btree_not_null", ondelete="restrict"
    )
    withheld = fields.Boolean(
        "Personal Data Withheld",
        readonly=True,
        help="Shopify told neither name, e-mail nor phone.",
    )

    _odoo_uniq = models.UniqueIndex(
        "(backend_id, kind, odoo_id) WHERE shopify_gid IS NOT NULL",
        "This contact stands for another Shopify customer of the store already.",
    )
    _match_uniq = models.UniqueIndex(
        "(company_id, COALESCE(parent_partner_id, 0), kind, match_key)"
        " WHERE match_key IS NOT NULL",
        "This buyer or address is known already.",
    )
    _identified = models.Constraint(
        "CHECK (num_nonnulls(shopify_gid, match_key) = 1)",
        "A link has a Shopify ID or a match key.",
    )

    def write(self, vals):
        if PROTECTED & set(vals):
            self._check_engine()
        return super().write(vals)

    @api.model
    def _links_of(self, backend, record_ids):
        links = self.search(
            [
                ("backend_id", "=", backend.id),
                ("odoo_id", "in", list(record_ids)),
                ("kind", "=", CUSTOMER),
                ("shopify_gid", "!=", False),
            ]
        )
        return {link.odoo_id.id: link for link in links}

    # === FETCH, PLAN, APPLY: CUSTOMERS ON THEIR OWN === #

    @api.model
    def _fetch(self, backend, client, gids):
        return read_nodes(
            client, "customers/import", gids, CUSTOMERS_A_REQUEST, PERSONAL
        )

    @api.model
    def _describe(self, gid, node):
        facts = super()._describe(gid, node)
        if isinstance(node, dict):
            facts["record_name"] = customers.customer_from_node(node).name
        return facts

    @api.model
    def _plan(self, backend, nodes):
        people = {
            gid: customers.customer_from_node(node)
            for gid, node in nodes.items()
            if isinstance(node, dict)
        }
        decisions = self._decide(backend, people, nodes, nodes.owners)
        gone = [gid for gid, found in decisions.items() if found.action == "mark_gone"]
        links = self._find(backend, gone)
        plans = self._person_plans(backend, people, decisions)
        for gid in nodes:
            if gid in links:
                plans[gid] = GonePlan(links[gid].id)
            elif gid in gone:
                plans[gid] = Outcome("excluded", decisions[gid].note)
            elif gid not in plans:
                plans[gid] = decisions[gid].failure
        return plans

    @api.model
    def _apply(self, backend, plans):
        gone = {gid: p for gid, p in plans.items() if isinstance(p, GonePlan)}
        todo = {gid: p for gid, p in plans.items() if isinstance(p, PersonPlan)}
        ends = {
            gid: self.browse(plan.link_id)._note_gone() for gid, plan in gone.items()
        }
        self._make_people(backend, todo)
        links = self._find(backend, todo)
        # Marks that somebody removed in Shopify are written again.
        cleared = [links[gid].id for gid, plan in todo.items() if plan.mark_again]
        self.browse(cleared)._ask_for_marks("cleared")
        for gid, plan in todo.items():
            ends[gid] = links[gid]._end(plan)
        return ends

    def _end(self, plan):
        return end_of_contact(self, plan, self._note_person(plan.person))

    def _note_person(self, person):
        """Keep what both sides say now; returns the differences that are new."""
        partner = self.odoo_id
        odoo = {
            "name": partner.name or "",
            "e-mail": customers.normal_email(partner.email_normalized or partner.email),
            "phone": customers.normal_phone(partner.phone),
        }
        odoo |= customers.address_shown(address_of(partner))
        changes = note_pairs(self, person.values_shown(), odoo)
        write_if_new(
            self,
            {
                "content_digest": person.digest(),
                "gone_at": False,
                "withheld": person.withheld,
            },
        )
        return changes

    # === WHO IT IS === #

    @api.model
    def _decide(self, backend, people, nodes, owners):
        """core.identity's decision for everybody: {key of `people`: Decision}.

        people: {GID, or the key of a guest: CustomerPlan}; nodes: of those with a GID,
        as fetched, null and withheld ones too.
        """
        candidates = self._candidates(backend, people)
        decisions = self._inbound_decisions(
            backend, nodes, candidates, owners, may_create=True, archived="update"
        )
        guests = {}
        for key, person in people.items():
            if person.gid is None:
                guests[key] = self._decide_guest(candidates[key])
        decisions = {key: settled(found) for key, found in decisions.items()}
        # A guest may be the customer of the same batch.
        return identity.several_claim(decisions, candidates) | guests

    @api.model
    def _decide_guest(self, candidates):
        """A guest has neither link nor mark: the match key alone decides, and a
        contact that is linked to an account may be a guest's as well."""
        facts = identity.InboundFacts(
            gid="",
            model="res.partner",
            database="",
            candidates=replace(candidates, taken={}, remote_gids=()),
            may_create=bool(candidates.value),
        )
        decision = identity.decide_inbound(facts)
        if decision.action == "unmapped":
            return identity.Decision("stop", "order_without_customer")
        return decision

    @api.model
    def _candidates(self, backend, people):
        """Contacts with the very same e-mail or match key: {key: Candidates}."""
        claims = self._claims(backend, [p.match_key for p in people.values()])
        emails = {p.email for p in people.values() if p.email}
        if "email" not in backend._match_keys("Customer"):
            emails = set()  # the store matches no customer by it
        by_email, archived = self._partners_by_email(backend, emails - set(claims))
        twice = customers.keys_held_twice(people.values())
        ids = {
            key: self._candidate_ids(person, claims, by_email)
            for key, person in people.items()
        }
        linked = self._links_of(backend, {id for found in ids.values() for id in found})
        return {
            key: Candidates(
                odoo_ids=ids[key],
                remote_gids=twice.get(person.match_key, ()),
                key=self.env._("e-mail") if person.email else self.env._("match key"),
                value=person.match_key,
                taken={
                    id: linked[id].shopify_gid
                    for id in ids[key]
                    if id in linked and linked[id].shopify_gid != person.gid
                },
                archived_ids=archived.get(person.email, ()),
            )
            for key, person in people.items()
        }

    @api.model
    def _candidate_ids(self, person, claims, by_email):
        if person.match_key in claims:
            return (claims[person.match_key],)
        return by_email.get(person.email, ())

    @api.model
    def _claims(self, backend, keys):
        """{match key: partner ID} as kept for the company, whichever store made it."""
        rows = self.sudo().search(
            [
                ("company_id", "=", backend.company_id.id),
                ("kind", "=", CUSTOMER),
                ("match_key", "in", list(filter(None, keys))),
            ]
        )
        return {row.match_key: row.odoo_id.id for row in rows}

    @api.model
    def _partners_by_email(self, backend, emails):
        """({e-mail: IDs of contacts}, {e-mail: IDs of archived ones})"""
        # Addresses below a contact may carry its e-mail; they are nobody on their own.
        partners = (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search(
                [
                    ("email_normalized", "in", list(emails)),
                    ("type", "=", "contact"),
                    ("company_id", "in", [False, backend.company_id.id]),
                ]
            )
        )
        living = partners.filtered("active")
        return tuple(
            customers.index_by_email((p.id, p.email_normalized) for p in part)
            for part in (living, partners - living)
        )

    @api.model
    def _person_plans(self, backend, people, decisions):
        """{key: PersonPlan | Failure} of everybody in `people`."""
        claims = self._claims(backend, [p.match_key for p in people.values()])
        places = Places(self.env, [person.address for person in people.values()])
        plans = {}
        for key, person in people.items():
            decision = decisions[key]
            plans[key] = decision.failure or PersonPlan(
                person=person,
                partner_id=decision.odoo_id,
                link=bool(person.gid)
                and decision.action in ("link", "restore", "create"),
                claim=bool(person.match_key) and person.match_key not in claims,
                mark_again=decision.action == "update_and_mark",
                summary=self._summary(person, decision),
                action=decision.action,
            )
            if isinstance(plans[key], PersonPlan) and decision.odoo_id is None:
                try:
                    places.of(person.address)
                except NeedsReview as stop:
                    plans[key] = stop.failure
        return plans

    @api.model
    def _summary(self, person, decision):
        if decision.odoo_id is None:
            return self.env._("A contact will be made for %s", person.name)
        partner = self.env["res.partner"].browse(decision.odoo_id)
        return self.env._(
            "%(customer)s will be linked to %(partner)s",
            customer=person.name,
            partner=partner.display_name,
        )

    # === MAKING AND LINKING === #

    @api.model
    def _make_people(self, backend, plans):
        """{key: partner}; makes the missing ones, links, and keeps the match keys.

        Guests and customers of one batch that share a match key are one person.
        """
        slots = {key: plan.person.match_key or key for key, plan in plans.items()}
        known = {
            slots[key]: plan.partner_id
            for key, plan in plans.items()
            if plan.partner_id
        }
        # A customer's own data say more than what a guest's order tells.
        order = sorted(plans, key=lambda key: plans[key].person.gid is None)
        missing = {}
        for key in order:
            if slots[key] not in known:
                missing.setdefault(slots[key], plans[key].person)
        places = Places(self.env, [person.address for person in missing.values()])
        created = self.env["res.partner"].create(
            [self._partner_vals(person, places) for person in missing.values()]
        )
        known.update(zip(missing, created.ids, strict=True))
        partners = {
            key: self.env["res.partner"].browse(plan.partner_id or known[slots[key]])
            for key, plan in plans.items()
        }
        self._bind_people(backend, plans, partners)
        return partners

    @api.model
    def _bind_people(self, backend, plans, partners):
        claims = {
            plan.person.match_key: partners[key].id
            for key, plan in plans.items()
            if plan.claim
        }
        # The match keys first: another store that met the same buyer is noticed here.
        self._as_engine().create(
            [
                {
                    "backend_id": backend.id,
                    "kind": CUSTOMER,
                    "match_key": match_key,
                    "odoo_id": partner_id,
                }
                for match_key, partner_id in claims.items()
            ]
        )
        self._bind(
            backend,
            [
                {
                    "shopify_gid": plan.person.gid,
                    "odoo_id": partners[key].id,
                    "kind": CUSTOMER,
                    "withheld": plan.person.withheld,
                }
                for key, plan in plans.items()
                if plan.link
            ],
        )

    @api.model
    def _partner_vals(self, person: CustomerPlan, places):
        return {
            **self._address_vals(person.address, places),
            "name": person.name,
            "email": person.email or False,
            "phone": person.phone or False,
            "company_name": person.company or False,
            "company_id": False,
            "customer_rank": 1,
        }

    @api.model
    def _address_vals(self, address: AddressPlan | None, places):
        country, state = places.of(address)
        address = address or AddressPlan()
        return {
            "street": address.street or False,
            "street2": address.street2 or False,
            "city": address.city or False,
            "zip": address.zip or False,
            "country_id": country or False,
            "state_id": state or False,
        }

    # === A PERSON'S CHOICE === #

    @api.model
    def _link_chosen(self, backend, gid, record, reason):
        """See shopify.binding; a guest, who has no Shopify ID, is named by match key."""
        if gid.startswith("gid://"):
            return super()._link_chosen(backend, gid, record, reason)
        if gid in self._claims(backend, [gid]):
            raise UserError(self.env._("It is settled already who %s is.", gid))
        link = self._as_engine().create(
            {
                "backend_id": backend.id,
                "kind": CUSTOMER,
                "match_key": gid,
                "odoo_id": record.id,
            }
        )
        backend._note_event(
            "person",
            "linked",
            self.env._(
                "Guest %(key)s is %(record)s: %(reason)s",
                key=gid,
                record=record.display_name,
                reason=reason,
            ),
        )
        backend._release([f"customer:{gid}"])
        return self.browse(link.id)


def address_of(partner):
    """A contact's own address as core compares it; None if it has none."""
    address = AddressPlan(
        name=partner.name or "",
        company=partner.company_name or partner.parent_id.name or "",
        street=partner.street or "",
        street2=partner.street2 or "",
        city=partner.city or "",
        zip=partner.zip or "",
        province_code=partner.state_id.code or "",
        country_code=partner.country_id.code or "",
        phone=partner.phone or "",
    )
    return address if address.has_place else None


def end_of_contact(link, plan, changes):
    """The Outcome of a contact's sync; changes: differences that are new."""
    if plan.creates:
        linked = Change(link.env._("Contact"), None, link.odoo_id.display_name)
        return Outcome("synced", plan.summary, (*changes, linked))
    notes = []
    if plan.mark_again and link.verified_at:
        notes.append(link.env._(identity.CLEARED))
    if changes:
        notes.append(
            link.env._("Differences are left: contacts are written once only.")
        )
    return Outcome("unchanged", " ".join(notes), changes)


def settled(decision):
    """See shopify.product.template: facts of two moments are read again."""
    if isinstance(decision, identity.NeedsLookup):
        return identity.Decision("stop", "changed_meanwhile")
    return decision
