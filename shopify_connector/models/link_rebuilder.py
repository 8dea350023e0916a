"""Makes lost links again from the proofs in Shopify: no record is made, none touched."""

from dataclasses import replace

from psycopg2 import IntegrityError

from odoo.exceptions import UserError

from ..core import audit, identity, matching
from ..core.identity import Proof
from .audit_finder import Auditor, decide, find_all, node_of

LINKS_A_LOT = 500
# Findings of an audit that are no lost link.
NOT_LOST = ("missing", "copied")

_COLUMNS = (
    "id, shopify_gid, mark_value, mark_proof, parent_gid, name, sku, facts,"
    " remote_updated_at"
)


class Rebuilder(Auditor):
    """Links again what the marks of one scan's rows prove, a lot at a time."""

    def __init__(self, scan):
        super().__init__(scan)
        self._names["lot"] = LINKS_A_LOT

    def _keys(self, part):
        part.write({"stage": "rows", "compared_to": 0, "compared_count": 0})

    def _rows(self, part):
        rows = self._lot(part, "true")
        if not rows:
            part.write({"stage": "shared", "compared_to": 0})
            return
        kind, model = part.shopify_type, self._model(part.shopify_type)
        nodes = {
            gid: node_of(gid, r["mark_value"], r["mark_proof"])
            for gid, r in rows.items()
        }
        marks = {gid: (r["mark_value"], r["mark_proof"]) for gid, r in rows.items()}
        ids = {gid: row["id"] for gid, row in rows.items()}
        others = self._rival_nodes(kind, ids, marks)
        owners = self._owners(kind, marks)
        decisions = decide(model, self._backend, nodes | others, owners)
        decisions = {gid: _settled(decisions[gid]) for gid in rows}
        todo = {g: rows[g] for g, d in decisions.items() if d.action == "restore"}
        refused = self._restore(part, todo)
        restored = set(todo) - set(refused)
        rest = {gid: node for gid, node in nodes.items() if gid not in todo}
        found = find_all(model, self._backend, rest, decisions)
        found = {g: f for g, f in found.items() if f.kind not in NOT_LOST}
        self._insert_findings(kind, found | refused, state="review")
        self._write(
            kind,
            {
                ids[gid]: matching.Judged("linked", decision.odoo_id)
                if gid in restored
                else matching.judge(decision)
                for gid, decision in decisions.items()
            },
            {},
        )
        kept = sum(
            d.action in ("update", "update_and_mark") for d in decisions.values()
        )
        self._count(part, rows, restored=len(restored), kept=kept)

    def _lot(self, part, where):
        rows = self._all(
            f"SELECT {_COLUMNS} FROM shopify_match WHERE scan_id = %(scan)s"
            " AND shopify_type = %(kind)s AND id > %(after)s"
            f" AND shopify_gid IS NOT NULL AND {where} ORDER BY id LIMIT %(lot)s",
            kind=part.shopify_type,
            after=part.compared_to,
        )
        names = _COLUMNS.split(", ")
        return {row[1]: dict(zip(names, row, strict=True)) for row in rows}

    def _count(self, part, rows, **more):
        tally = dict(part.tally or {})
        for name, count in more.items():
            tally[name] = tally.get(name, 0) + count
        part.write(
            {
                "tally": tally,
                "compared_to": max(row["id"] for row in rows.values()),
                "compared_count": min(part.read_count, part.compared_count + len(rows)),
            }
        )

    # === FURTHER OBJECTS OF SHARED PRODUCTS === #

    def _shared(self, part):
        """These carry a proof alone; the manager's declaration is the other half."""
        model = self._model(part.shopify_type)
        rows = {}
        if "shared_id" in model._fields:
            rows = self._lot(
                part, "mark_value IS NULL AND mark_proof LIKE '%%\"shared\":true%%'"
            )
        if not rows:
            part.write({"state": "compared", "stage": False})
            return
        proofs = {gid: identity.parse_proof(r["mark_proof"]) for gid, r in rows.items()}
        proofs = {gid: p for gid, p in proofs.items() if isinstance(p, Proof)}
        known = model._find(self._backend, rows)
        marks = {
            gid: identity.Mark(str(proof.ids[0]), "", replace(proof, shared=False))
            for gid, proof in proofs.items()
            if gid not in known
        }
        declared = model._declarations(
            self._backend.id, [proofs[gid].ids[0] for gid in marks]
        )
        marked = model._marked_facts(self._backend, marks, known, {})
        todo = {
            gid: rows[gid]
            for gid, mark in marks.items()
            if mark.proof.ids[0] in declared
            and self._decide_shared(model, gid, mark, marked[gid]) == "restore"
        }
        refused = self._restore(part, todo)
        lost = {
            gid: audit.Finding("orphaned", "", "identity_unproven", {"theirs": ""})
            for gid in marks
            if gid not in todo
        }
        # The first stage has listed them among those without an ID.
        self.env["shopify.audit.finding"].search(
            [
                ("scan_id", "=", self._scan.id),
                ("shopify_gid", "in", list(marks)),
            ]
        ).unlink()
        self._insert_findings(part.shopify_type, lost | refused, state="review")
        self._count(part, rows, restored=len(todo) - len(refused))

    def _decide_shared(self, model, gid, mark, record):
        facts = identity.InboundFacts(
            gid=gid,
            model=model._model_marked(),
            database=self.env["shopify.mark"]._database(),
            mark=mark,
            # Another link has the record: that is what "shared" says.
            marked=replace(record, linked_gid=None),
            archived="update",
        )
        return identity.decide_inbound(facts).action

    # === LINKING === #

    def _restore(self, part, rows):
        """Link these by their proofs: {GID: Finding} of those that can't be."""
        if not rows:
            return {}
        kind, model = part.shopify_type, self._model(part.shopify_type)
        proofs = {gid: identity.parse_proof(r["mark_proof"]) for gid, r in rows.items()}
        refused = self._without_components(kind, proofs)
        rows = {gid: row for gid, row in rows.items() if gid not in refused}
        values = model._rebuilt_values(self._backend, rows, proofs)
        if values:
            self._backend._rest_stock()
        for gid, each in values.items():
            each |= {
                "token": proofs[gid].token,
                "marked_proof": proofs[gid].to_json(),
                "verified_at": self._scan.started_at,
            }
        try:
            with self.env.cr.savepoint():
                model._rebind(self._backend, values, proofs)
        except (IntegrityError, UserError):
            # One of them: find out which.
            refused |= self._one_by_one(model, values, proofs)
        return refused

    def _one_by_one(self, model, values, proofs):
        refused = {}
        for gid, each in values.items():
            try:
                with self.env.cr.savepoint():
                    model._rebind(self._backend, {gid: each}, proofs)
            except (IntegrityError, UserError) as error:
                rule = str(error).strip().splitlines()[0]
                params = {"rule": rule, "times": 1, "index": ""}
                refused[gid] = audit.Finding("two_in_one", "", "link_taken", params)
        return refused

    def _without_components(self, kind, proofs):
        """Packs of which a further product is gone."""
        if kind != "ProductVariant":
            return {}
        ids = {id for proof in proofs.values() for id in proof.ids[1:]}
        there = set(self.env["product.product"].browse(ids).exists().ids)
        return {
            gid: audit.Finding(
                "orphaned",
                "",
                "identity_record_gone",
                {"theirs": f"product.product {', '.join(map(str, gone))}"},
            )
            for gid, proof in proofs.items()
            if (gone := [id for id in proof.ids[1:] if id not in there])
        }


def _settled(decision):
    if isinstance(decision, identity.NeedsLookup):
        # A link appeared between two queries.
        return identity.Decision("stop", "changed_meanwhile")
    return decision
