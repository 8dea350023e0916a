"""Links: which Odoo record is which Shopify object, and the guard around them."""

import secrets
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core import identity
from ..core.failures import Failure
from ..core.outcome import Outcome
from .remote_nodes import read_nodes

# Only this very object opens the guard: it can't come in by RPC, import or a context
# that a user wrote.
_ENGINE = object()
PROTECTED = {
    "backend_id",
    "shopify_gid",
    "odoo_id",
    "sale_order_id",
    "move_id",
    "token",
    "verified_at",
    "marked_proof",
    "gone_at",
}


class ShopifyBinding(models.AbstractModel):
    _name = "shopify.binding"
    _description = "Shopify Link"
    _order = "id desc"
    _rec_name = "shopify_gid"

    # The type in the GID, and the flow whose policy counts.
    _shopify_type = None
    _flow = None
    # Whether the type holds metafields, so that its Odoo ID is written back.
    _marked = True
    # The field that holds the Odoo record.
    _record_field = "odoo_id"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    shopify_gid = fields.Char("Shopify ID", required=True, index=True, copy=False)
    token = fields.Char(copy=False, help="Random; proves this very link in Shopify.")
    verified_at = fields.Datetime(
        "Link Verified", copy=False, help="When both sides were last read as equal."
    )
    marked_proof = fields.Char(
        copy=False, help="The proof as last seen in Shopify, written by ourselves."
    )
    gone_at = fields.Datetime(
        "Gone in Shopify", copy=False, help="Since when Shopify has no such record."
    )
    synced_values = fields.Json(copy=False, help="Field values as last synced.")
    content_digest = fields.Char(copy=False, help="Of the content as last synced.")
    remote_updated_at = fields.Char(copy=False)
    shopify_url = fields.Char("In Shopify", compute="_compute_shopify_url")

    _gid_uniq = models.UniqueIndex(
        "(backend_id, shopify_gid)", "This Shopify record is linked already."
    )

    @api.depends("shopify_gid", "backend_id")
    def _compute_shopify_url(self):
        for link in self:
            link.shopify_url = link.backend_id._admin_url(link.shopify_gid)

    # === GUARD === #

    @api.model_create_multi
    def create(self, vals_list):
        self._check_engine()
        for vals in vals_list:
            vals.setdefault("token", secrets.token_hex(8))
        return super().create(vals_list)

    def write(self, vals):
        if PROTECTED & set(vals):
            self._check_engine()
        return super().write(vals)

    def unlink(self):
        self._check_engine()
        return super().unlink()

    def copy(self, default=None):
        self._check_engine()
        return super().copy(default)

    def _check_engine(self):
        if self.env.context.get("shopify_engine") is not _ENGINE:
            raise UserError(
                self.env._(
                    "Links between Odoo and Shopify can't be made, changed or removed by "
                    "hand: a wrong link makes duplicates. Open the record's sync in "
                    "Shopify → To review and choose there what it should be linked to."
                )
            )

    def _as_engine(self):
        """These links, open to the connector's own code, past access rights: people may
        not write links, whoever they are."""
        return self.sudo().with_context(shopify_engine=_ENGINE)

    # === THE FLOWS' COMMON STEPS === #

    @api.model
    def _fetch(self, backend, client, gids):
        """Read these objects from Shopify: {gid: node}; None if it has none such, a
        Failure if it withholds it (scope, age)."""
        raise NotImplementedError

    @api.model
    def _plan(self, backend, nodes):
        """Decide: {gid: plan | Failure | Outcome}. Reads Odoo in batch, writes nothing.

        nodes: a `Nodes`. A plan's `creates` says whether a flow in review shows it to a
        person first, its `summary` what that person reads.
        """
        raise NotImplementedError

    @api.model
    def _apply(self, backend, plans):
        """Write what the plans say: {gid: Outcome | Failure}."""
        raise NotImplementedError

    @api.model
    def _describe(self, gid, node):
        """What lists show of the record, kept on its sync row."""
        node = node if isinstance(node, dict) else {}
        name = node.get("name") or node.get("title") or node.get("displayName")
        facts = {"updated_at": node.get("updatedAt")}
        if name or not node:
            facts["record_name"] = name or gid
        return facts

    @api.model
    def _find(self, backend, gids):
        """{gid: link} of this store, in one query."""
        links = self.search(
            [("backend_id", "=", backend.id), ("shopify_gid", "in", list(gids))]
        )
        return {link.shopify_gid: link for link in links}

    @api.model
    def _bind(self, backend, vals_list):
        """Link records, ask for their marks, and release what waited for them.

        vals_list: each with shopify_gid and odoo_id (or the model's own link field).
        """
        links = self._as_engine().create(
            [{"backend_id": backend.id, **vals} for vals in vals_list]
        )
        links._ask_for_marks("linked")
        backend._release(
            [f"{self._wait_prefix()}:{link.shopify_gid}" for link in links]
        )
        return self.browse(links.ids)

    @api.model
    def _link_chosen(self, backend, gid, record, reason):
        """Link what a person chose, nothing else touched. Returns the link.

        Raises UserError, naming the other side, where either is linked already.
        """
        link = self.sudo()._find(backend, [gid]).get(gid)
        if link:
            raise UserError(
                self.env._(
                    "%(gid)s is linked to %(record)s already. Relink it there.",
                    gid=gid,
                    record=link._marked_records()[link].display_name,
                )
            )
        other = self.sudo()._taken_by(backend, record)
        if other and other.gone_at:
            # Made anew in Shopify: the same record of ours, under another ID.
            other._relink_gid(gid, reason)
            return self.browse(other.id)
        if other:
            raise UserError(
                self.env._(
                    "%(record)s is linked to %(gid)s in this store already: one record, "
                    "one link.",
                    record=record.display_name,
                    gid=other.shopify_gid,
                )
            )
        link = self._bind(
            backend, [{"shopify_gid": gid, self._record_field: record.id}]
        )
        self.env["shopify.event"].sudo().create(
            {
                "backend_id": backend.id,
                "kind": "person",
                "flow": self._flow,
                "direction": "in",
                "subject_type": self._shopify_type,
                "subject_key": gid,
                "record_name": record.display_name,
                "caused_by_id": self.env.uid,
                "outcome": "linked",
                "message": self.env._(
                    "Linked to %(record)s (Odoo ID %(id)s) by hand: %(reason)s",
                    record=record.display_name,
                    id=record.id,
                    reason=reason,
                ),
            }
        )
        return link

    @api.model
    def _taken_by(self, backend, record):
        """The link that forbids another one of this record, if there is one."""
        return self._links_of(backend, record.ids).get(record.id)

    @api.model
    def _wait_prefix(self):
        return {"ProductVariant": "variant"}.get(
            self._shopify_type, (self._shopify_type or "").lower()
        )

    def _note_gone(self):
        """Shopify has no such record any more: said once, and the link stays."""
        note = self.env._("Gone in Shopify; the link is kept.")
        if self.gone_at:
            return Outcome("unchanged", note)
        self._as_engine().write({"gone_at": fields.Datetime.now()})
        return Outcome("synced", note)

    def _ask_for_marks(self, cause):
        """Insert a trigger to write each link's Odoo ID into Shopify."""
        if not self._marked:
            return
        for backend, links in self.grouped("backend_id").items():
            self.env["shopify.trigger"].sudo()._insert(
                backend,
                [
                    (self._flow, "mark", self._shopify_type, link.shopify_gid)
                    for link in links
                    if link.shopify_gid
                ],
                cause,
            )

    def _unseen(self):
        """What it means that Shopify shows nothing for this link."""
        return Failure("shopify_record_gone")

    @api.model
    def _unless_withheld(self, failure):
        """How a record ends that Shopify didn't let us mark, for this reason."""
        return failure

    def _proof_left(self):
        """The proof that we ourselves left in Shopify, None if there is none."""
        self.ensure_one()
        proof = identity.parse_proof(self.marked_proof or None)
        return proof if isinstance(proof, identity.Proof) else None

    def _marked_records(self):
        """The Odoo record whose ID stands in Shopify: {link: record}."""
        return {link: link.odoo_id for link in self}

    def _mark_ids(self):
        """All Odoo IDs that the link stands for, main one first: {link: ids}."""
        return {link: [record.id] for link, record in self._marked_records().items()}

    @api.model
    def _model_marked(self):
        """The Odoo model whose ID stands in Shopify."""
        return self._fields["odoo_id"].comodel_name

    def _proofs(self, database):
        """{link: Proof} of the links' living records, in one query a model."""
        records = self._marked_records()
        births = self._births([r for r in records.values() if r])
        all_ids = self._mark_ids()
        return {
            link: identity.Proof(
                database=database,
                model=record._name,
                ids=tuple(all_ids[link]),
                birth=births[record._name, record.id],
                token=link.token or "",
            )
            for link, record in records.items()
            if record and (record._name, record.id) in births
        }

    @api.model
    def _births(self, records):
        """{(model, id): birth}; records that are gone are missing.

        As text from PostgreSQL: Odoo's own dates drop the microseconds, which tell a
        record from another that got the same ID after a restore.
        """
        by_table = defaultdict(set)
        for record in records:
            by_table[record._name].add(record.id)
        births = {}
        for model, ids in by_table.items():
            self.env.cr.execute(
                SQL(
                    "SELECT id, to_char(create_date, 'YYYY-MM-DD HH24:MI:SS.US')"
                    " FROM %s WHERE id = ANY(%s)",
                    SQL.identifier(self.env[model]._table),
                    list(ids),
                )
            )
            for record_id, birth in self.env.cr.fetchall():
                births[model, record_id] = birth or "none"
        return births

    # === DECIDING === #

    @api.model
    def _identity_nodes(self, nodes):
        """Nodes that carry marks of their own: {link model: {gid: node}}."""
        return {self._name: {g: n for g, n in nodes.items() if isinstance(n, dict)}}

    @api.model
    def _read_owners(self, backend, client, nodes):
        """Where a mark names a record that is linked to another GID: is that one still
        there? {gid: "alive" | "gone"}; asked of Shopify, so before any write."""
        asked = set()
        for model, part in self._identity_nodes(nodes).items():
            marks = {gid: identity.mark_from_node(node) for gid, node in part.items()}
            asked |= self.env[model].sudo()._other_gids(backend, marks)
        if not asked:
            return {}
        found = read_nodes(client, "metafields/read_marks", sorted(asked), 250)
        return {gid: owner_state(node) for gid, node in found.items()}

    @api.model
    def _other_gids(self, backend, marks):
        known = self._find(backend, list(marks))
        ids = [
            mark.proof.ids[0]
            for gid, mark in marks.items()
            if gid not in known and isinstance(mark.proof, identity.Proof)
        ]
        if not ids:
            return set()
        return {link.shopify_gid for link in self._links_of(backend, ids).values()}

    @api.model
    def _links_of(self, backend, record_ids):
        """{Odoo ID: link} in this store."""
        links = self.search(
            [("backend_id", "=", backend.id), ("odoo_id", "in", list(record_ids))]
        )
        return {link.odoo_id.id: link for link in links}

    @api.model
    def _inbound_decisions(
        self, backend, nodes, candidates=None, owners=None, **options
    ):
        """core.identity's decision for each node, with the facts read in batch.

        nodes: {gid: node | None (gone) | Failure (withheld)}; candidates: {gid:
        Candidates}; owners: what `_read_owners` found; options: may_create, propose,
        archived, as in InboundFacts.
        """
        database = self.env["shopify.mark"]._database()
        present = {g: n for g, n in nodes.items() if isinstance(n, dict)}
        marks = {gid: identity.mark_from_node(node) for gid, node in present.items()}
        rivals = identity.rivals(marks)
        links = self._find(backend, list(nodes))
        linked = self.browse([link.id for link in links.values()])._linked_records()
        marked = self._marked_facts(backend, marks, links, owners or {})
        decisions = {}
        for gid, node in nodes.items():
            decisions[gid] = identity.decide_inbound(
                identity.InboundFacts(
                    gid=gid,
                    model=self._model_marked(),
                    database=database,
                    remote=_remote_state(node),
                    mark=marks.get(gid, identity.NO_MARK),
                    link=linked.get(links.get(gid)),
                    marked=marked.get(gid),
                    rivals=rivals.get(gid, ()),
                    candidates=(candidates or {}).get(gid, identity.NO_CANDIDATES),
                    denial=node if isinstance(node, Failure) else None,
                    **options,
                )
            )
        return decisions

    def _linked_records(self):
        """{link: LinkedRecord}"""
        records = self._marked_records()
        births = self._births([record for record in records.values() if record])
        ids = self._mark_ids()
        found = {}
        for link, record in records.items():
            birth = births.get((record._name, record.id))
            found[link] = identity.LinkedRecord(
                ids=tuple(ids[link]),
                birth=birth or "",
                token=link.token or "",
                state=_record_state(record) if birth else "deleted",
                marked=bool(link.verified_at),
                previous=link._proof_left(),
                name=record.display_name if birth else "",
            )
        return found

    @api.model
    def _marked_facts(self, backend, marks, links, owners):
        """{gid: MarkedRecord} for unlinked nodes whose mark names a record of ours."""
        claims = {
            gid: mark.proof.ids[0]
            for gid, mark in marks.items()
            if gid not in links and isinstance(mark.proof, identity.Proof)
        }
        if not claims:
            return {}
        model = self._model_marked()
        records = self.env[model].sudo().browse(set(claims.values()))
        births = self._births(records)
        others = self._links_of(backend, list(claims.values()))
        # Walked once, so that all are read at once.
        by_id = {record.id: record for record in records}
        found = {}
        for gid, record_id in claims.items():
            record = by_id[record_id]
            birth = births.get((model, record_id))
            if birth is None:
                found[gid] = identity.MarkedRecord(state="deleted")
                continue
            company = record.company_id if "company_id" in record._fields else None
            foreign = company and company != backend.company_id
            other = others.get(record_id)
            found[gid] = identity.MarkedRecord(
                state=_record_state(record),
                birth=birth,
                foreign_company=company.display_name if foreign else "",
                linked_gid=other.shopify_gid if other else None,
                owner=owners.get(other.shopify_gid, "unknown") if other else "unknown",
                name=record.display_name,
            )
        return found


def _record_state(record):
    archived = "active" in record._fields and not record.active
    return "archived" if archived else "alive"


def _remote_state(node):
    if node is None:
        return "gone"
    return "denied" if isinstance(node, Failure) else "present"


def owner_state(node):
    """What is withheld is not gone."""
    if node is None:
        return "gone"
    return "denied" if isinstance(node, Failure) else "alive"


class Nodes(dict):
    """{gid: node} as fetched, with what else had to be asked of Shopify beforehand.

    owners: see `_read_owners`.
    """

    def __init__(self, nodes, owners):
        super().__init__(nodes)
        self.owners = owners

    def only(self, keys):
        return Nodes({key: self[key] for key in keys}, self.owners)
