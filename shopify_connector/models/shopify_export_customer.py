"""Making customers in Shopify."""

from ..core import exports, identity, matching
from ..core.customers import normal_email
from ..core.exports import PersonFacts
from ..core.identity import Candidates
from .remote_nodes import read_nodes
from .shopify_export_steps import Export, look_up, token_of

OWNERS, HOLDERS = "customers/create_owners", "customers/create_holders"
A_REQUEST = 20


class CustomerExport(Export):
    write = "customers/create"
    root, made = "customerCreate", "customer"
    flow = "customers"
    word = "Contact"

    def facts(self, record):
        return PersonFacts(
            id=record.id,
            name=record.name or "",
            email=_email(record),
            phone=record.phone or "",
            is_company=record.is_company,
        )

    def owners(self, records):
        found = look_up(
            self.client, OWNERS, [str(key) for key in records.ids], A_REQUEST
        )
        return {
            int(value): (node["id"], identity.mark_from_node(node))
            for value, node in found.items()
        }

    def candidates(self, records):
        """In Shopify an e-mail is one customer's; in Odoo several may share it."""
        emails = {record.id: _email(record) for record in records}
        if "email" not in self.backend._match_keys("Customer"):
            return {
                key: Candidates(key=self._label(), value=email)
                for key, email in emails.items()
            }
        wanted = [email for email in emails.values() if email]
        found = look_up(self.client, HOLDERS, wanted, A_REQUEST)
        here, _archived = self.links.sudo(False)._partners_by_email(
            self.backend, set(wanted)
        )
        return {
            record.id: self._candidates(record, emails[record.id], found, here)
            for record in records
        }

    def _candidates(self, record, email, found, here):
        node = found.get(email)
        apart = self.parted(record).mapped("shopify_gid")
        gids = (node["id"],) if node and node["id"] not in apart else ()
        links = self.links._find(self.backend, gids)
        return Candidates(
            odoo_ids=tuple(here.get(email, ())),
            remote_gids=gids,
            key=self._label(),
            value=email,
            taken={gid: link.odoo_id.display_name for gid, link in links.items()},
        )

    def _label(self):
        return self.env._(matching.KEY_LABELS["email"])

    def input(self, record, key):
        facts = self.facts(record)
        proof = identity.Proof(
            self.database,
            record._name,
            (record.id,),
            self.births[record._name, record.id],
            key,
        )
        given = exports.customer_input(facts, proof)
        return given, 0.0, exports.person_rows(facts)

    def read_whole(self, gid):
        return read_nodes(self.client, "metafields/read_marks", [gid], 1)[gid]

    def bind(self, record, gid, node):
        token = token_of(identity.mark_from_node(node))
        self.links._bind(
            self.backend, [{"shopify_gid": gid, "odoo_id": record.id, **token}]
        )
        self.read_in(gid)

    def read_in(self, gid):
        self.env["shopify.trigger"].sudo()._insert(
            self.backend, [("customers", "in", "Customer", gid)], "linked"
        )


def _email(record):
    return normal_email(record.email_normalized)
