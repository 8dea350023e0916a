"""Links of companies that buy in the shop (B2B), and of their locations.

A company is a contact that is a company, each location a contact below it. Both are
found by their external reference, Odoo's `ref`, and by nothing that people may share.
"""

from dataclasses import dataclass, replace

from odoo import api, fields, models
from odoo.tools import SQL

from ..api.errors import AccessDeniedError
from ..core import companies, customers, identity, preview
from ..core.companies import CompanyPlan
from ..core.failures import Failure, NeedsReview
from ..core.identity import Candidates
from ..core.matching import KEY_LABELS, normal_key
from ..core.outcome import Outcome
from .link_content import note_pairs, write_if_new
from .remote_nodes import read_nodes
from .shopify_match_key import key_sql
from .shopify_res_partner import (
    GonePlan,
    Places,
    address_of,
    end_of_contact,
    settled,
)

RECORDS_A_REQUEST = 100


@dataclass(frozen=True)
class LinkPlan:
    """Which contact a company or location is.

    partner_id: None while it is to be made. parent_id: the contact of its company.
    link: its link is new. mark_again: somebody removed its mark in Shopify. action: the
    decision, as identity.py has it.
    """

    company: CompanyPlan
    partner_id: int | None = None
    parent_id: int | None = None
    link: bool = False
    mark_again: bool = False
    summary: str = ""
    action: str = ""

    @property
    def creates(self):
        return self.link


class ShopifyCompanyRecord(models.AbstractModel):
    _name = "shopify.company.record"
    _inherit = "shopify.binding"
    _description = "Shopify Company or Company Location Link"

    _flow = "customers"
    # The document that reads these, and what takes a node apart.
    _operation = None
    _reader = None

    odoo_id = fields.Many2one(
        "res.partner", "Contact", required=True, index=True, ondelete="restrict"
    )

    _odoo_uniq = models.UniqueIndex(
        "(backend_id, odoo_id)",
        "This contact stands for another company of the store already.",
    )

    # === FETCH, PLAN, APPLY === #

    @api.model
    def _fetch(self, backend, client, gids):
        return read_nodes(client, self._operation, gids, RECORDS_A_REQUEST)

    @api.model
    def _plan(self, backend, nodes):
        found = {
            gid: self._reader(node)
            for gid, node in nodes.items()
            if isinstance(node, dict)
        }
        decisions = self._decide(backend, found, nodes)
        gone = [gid for gid, made in decisions.items() if made.action == "mark_gone"]
        links = self._find(backend, gone)
        plans = self._link_plans(backend, found, decisions)
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
        todo = {gid: p for gid, p in plans.items() if isinstance(p, LinkPlan)}
        ends = {
            gid: self.browse(plan.link_id)._note_gone()
            for gid, plan in plans.items()
            if isinstance(plan, GonePlan)
        }
        self._make(backend, {gid: plan for gid, plan in todo.items() if plan.link})
        links = self._find(backend, todo)
        cleared = [links[gid].id for gid, plan in todo.items() if plan.mark_again]
        self.browse(cleared)._ask_for_marks("cleared")
        return ends | {gid: links[gid]._end(plan) for gid, plan in todo.items()}

    def _end(self, plan):
        return end_of_contact(self, plan, self._note_content(plan.company))

    def _note_content(self, company):
        """Keep what both sides say now; returns the differences that are new."""
        partner = self.odoo_id
        odoo = CompanyPlan(
            gid=company.gid,
            name=partner.name or "",
            reference=(partner.ref or "").strip(),
            phone=partner.phone or "",
            address=address_of(partner) if company.parent_gid else None,
            parent_gid=company.parent_gid,
        )
        changes = note_pairs(self, company.values_shown(), odoo.values_shown())
        write_if_new(self, {"content_digest": company.digest(), "gone_at": False})
        return changes

    # === WHO IT IS === #

    @api.model
    def _decide(self, backend, found, nodes):
        """core.identity's decision for each of `nodes`: {GID: Decision}.

        found: {GID: CompanyPlan} of those that Shopify showed.
        """
        candidates = self._candidates(backend, found)
        decisions = self._inbound_decisions(
            backend,
            nodes,
            candidates,
            nodes.owners,
            may_create=True,
            archived="update",
        )
        return identity.several_claim(
            {gid: settled(decision) for gid, decision in decisions.items()}, candidates
        )

    @api.model
    def _candidates(self, backend, found):
        """Contacts with the very same external reference: {GID: Candidates}."""
        if companies.KEY not in backend._match_keys(self._shopify_type):
            return {}
        keys = {
            gid: normal_key(companies.KEY, plan.reference)
            for gid, plan in found.items()
        }
        living, archived = self._partners_by_reference(backend, set(keys.values()))
        twice = companies.references_held_twice(found.values())
        linked = self._links_of(backend, [id for ids in living.values() for id in ids])
        return {
            gid: Candidates(
                odoo_ids=living.get(key, ()),
                remote_gids=twice.get(key, ()),
                key=self.env._(KEY_LABELS[companies.KEY]),
                value=key,
                taken={
                    id: linked[id].shopify_gid
                    for id in living.get(key, ())
                    if id in linked and linked[id].shopify_gid != gid
                },
                archived_ids=archived.get(key, ()),
            )
            for gid, key in keys.items()
            if key
        }

    @api.model
    def _partners_by_reference(self, backend, keys):
        """({reference: IDs of contacts}, {reference: IDs of archived ones})"""
        expression = SQL(key_sql(companies.KEY, "o"))  # pylint: disable=sql-injection
        rows = self.env.execute_query(
            SQL(
                "SELECT o.id, %s FROM res_partner o"
                " WHERE %s = ANY(%s) AND %s <> '' ORDER BY o.id",
                expression,
                expression,
                sorted(keys - {""}),
                expression,
            )
        )
        reachable = self.env["res.partner"].with_context(active_test=False)
        reachable = reachable.search(
            [
                ("id", "in", [row_id for row_id, _key in rows]),
                ("company_id", "in", [False, backend.company_id.id]),
                *self._candidate_domain(),
            ]
        )
        active = {partner.id: partner.active for partner in reachable}
        living, archived = {}, {}
        for row_id, key in rows:
            if row_id in active:
                side = living if active[row_id] else archived
                side[key] = (*side.get(key, ()), row_id)
        return living, archived

    @api.model
    def _candidate_domain(self):
        """Which contacts one of these may be."""
        raise NotImplementedError

    @api.model
    def _link_plans(self, backend, found, decisions):
        """{GID: LinkPlan | Failure} of everything in `found`."""
        places = Places(self.env, [plan.address for plan in found.values()])
        parents = self._parents(backend, found)
        plans = {}
        for gid, company in found.items():
            decision = decisions[gid]
            plans[gid] = decision.failure or LinkPlan(
                company=company,
                partner_id=decision.odoo_id,
                parent_id=parents.get(company.parent_gid),
                link=decision.action in ("link", "restore", "create"),
                mark_again=decision.action == "update_and_mark",
                summary=self._summary(company, decision),
                action=decision.action,
            )
            if not decision.failure and decision.odoo_id is None:
                plans[gid] = self._stop(company, parents, places) or plans[gid]
        return plans

    @api.model
    def _parents(self, backend, found):
        """{GID of a company: ID of its contact}"""
        return {}

    @api.model
    def _stop(self, company, parents, places):
        """Why its contact can't be made; None when it can."""
        if company.parent_gid and company.parent_gid not in parents:
            return Failure(
                "company_not_imported",
                {"company": company.parent_name or company.parent_gid},
                (f"company:{company.parent_gid}",),
            )
        try:
            places.of(company.address)
        except NeedsReview as stop:
            return stop.failure
        return None

    @api.model
    def _summary(self, company, decision):
        if decision.odoo_id is None:
            return self.env._("A contact will be made for %s", company.name)
        partner = self.env["res.partner"].browse(decision.odoo_id)
        return self.env._(
            "%(company)s will be linked to %(partner)s",
            company=company.name,
            partner=partner.display_name,
        )

    @api.model
    def _previews(self, backend, plans):
        partners = self.env["res.partner"].browse(
            {plan.partner_id for plan in plans.values() if plan.partner_id}
        )
        names = {each.id: f"{each.display_name} (ID {each.id})" for each in partners}
        return {
            gid: preview.of_company(
                plan.company, names.get(plan.partner_id, ""), plan.action
            )
            for gid, plan in plans.items()
        }

    # === MAKING AND LINKING === #

    @api.model
    def _make(self, backend, plans):
        """Make the contacts that are missing, and link all of them."""
        missing = {gid: plan for gid, plan in plans.items() if plan.partner_id is None}
        places = Places(self.env, [plan.company.address for plan in missing.values()])
        created = self.env["res.partner"].create(
            [self._partner_vals(plan, places) for plan in missing.values()]
        )
        made = dict(zip(missing, created.ids, strict=True))
        self._bind(
            backend,
            [
                {"shopify_gid": gid, "odoo_id": plan.partner_id or made[gid]}
                for gid, plan in plans.items()
            ],
        )

    @api.model
    def _partner_vals(self, plan, places):
        return {
            "name": plan.company.name,
            "ref": plan.company.reference or False,
            "company_id": False,
        }

    def _copy_of_record(self):
        copy = self.sudo().odoo_id.copy({"name": self.odoo_id.name, "ref": False})
        return copy.sudo(False)


class ShopifyCompany(models.Model):
    _name = "shopify.company"
    _inherit = "shopify.company.record"
    _description = "Shopify Company Link"

    _shopify_type = "Company"
    _operation = "companies/import"
    _reader = staticmethod(companies.company_from_node)

    @api.model
    def _candidate_domain(self):
        return [("parent_id", "=", False)]

    @api.model
    def _partner_vals(self, plan, places):
        values = super()._partner_vals(plan, places)
        return values | {"is_company": True, "customer_rank": 1}


class ShopifyCompanyLocation(models.Model):
    _name = "shopify.company.location"
    _inherit = "shopify.company.record"
    _description = "Shopify Company Location Link"

    _shopify_type = "CompanyLocation"
    _operation = "companies/locations"
    _reader = staticmethod(companies.location_from_node)

    @api.model
    def _candidate_domain(self):
        return [("parent_id", "!=", False)]

    @api.model
    def _candidates(self, backend, found):
        """Contacts below the company's own only: each company may call its places what
        another one calls them."""
        parents = self._parents(backend, found)
        candidates = super()._candidates(backend, found)
        partners = self.env["res.partner"]
        every = [i for c in candidates.values() for i in (*c.odoo_ids, *c.archived_ids)]

        def below(gid, ids):
            parent_id = parents.get(found[gid].parent_gid)
            same = partners.browse(ids).with_prefetch(every)
            return tuple(same.filtered(lambda p: self._is_below(p, parent_id)).ids)

        return {
            gid: replace(
                each,
                odoo_ids=below(gid, each.odoo_ids),
                archived_ids=below(gid, each.archived_ids),
            )
            for gid, each in candidates.items()
        }

    @api.model
    def _is_below(self, partner, parent_id):
        """Whether the contact stands below that one, at any depth."""
        above = partner.parent_id
        while above and above.id != parent_id:
            above = above.parent_id
        return bool(above)

    @api.model
    def _parents(self, backend, found):
        gids = {plan.parent_gid for plan in found.values()}
        links = self.env["shopify.company"]._find(backend, gids)
        return {gid: link.odoo_id.id for gid, link in links.items()}

    @api.model
    def _partner_vals(self, plan, places):
        address = plan.company.address or customers.AddressPlan()
        country, state = places.of(plan.company.address)
        return super()._partner_vals(plan, places) | {
            "parent_id": plan.parent_id,
            "type": plan.company.role,
            "phone": plan.company.phone or False,
            "street": address.street or False,
            "street2": address.street2 or False,
            "city": address.city or False,
            "zip": address.zip or False,
            "country_id": country or False,
            "state_id": state or False,
        }


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    has_companies = fields.Boolean(
        "Companies (B2B)",
        readonly=True,
        copy=False,
        help="Whether Shopify lets this app see companies: the shop's plan must have "
        "them, and the app may read customers. Looked up when connecting and hourly.",
    )

    def _note_companies(self, client):
        """See whether the shop has companies. Returns whether they appeared just now:
        then their definitions and webhooks must be made."""
        self.ensure_one()
        try:
            client.execute("companies/available", {})
        except AccessDeniedError:
            found = False
        else:
            found = True
        if found == self.has_companies:
            return False
        self.has_companies = found
        if found:
            self._ensure_match_keys()
            self._enqueue_reconcile(flows=["customers"])
            text = self.env._("The shop has companies (B2B): they are synced too.")
        else:
            text = self.env._(
                "Shopify shows no companies (B2B) any more: they aren't synced. Links "
                "are kept."
            )
        self._note_event("store", "companies", text)
        return found

    def _present_company(self, gids):
        return self._present_links("shopify.company", gids)
