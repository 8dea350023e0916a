"""Acts on a lot of the worksheet's rows: read again, decide again, link, and say so.

A scan may be days old. So what is accepted is looked at anew on both sides, and decided
by the table that the scan and the imports use; a row that has changed stays undecided and
says what is new. All of Shopify is read before anything is written.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC

from odoo import fields
from odoo.exceptions import UserError

from ..core import identity, matching, orders, takeover
from ..core.failures import Failure, NeedsReview, message_values
from .link_maker import LinkMaker, declared
from .match_judge import Judge
from .remote_nodes import read_nodes
from .scan_reader import ScanReader
from .shopify_sale_order import TOO_OLD
from .takeover_judge import order_here, order_there, own_proof

READ = "matching/read"
# The cost of `nodes` may grow with their number, and 1000 points are a request's limit.
IDS_A_REQUEST = 125
ROWS_A_LOT = 500
# Products first: the links of their variants name them.
LINKED_HERE = ("Product", "ProductVariant", "Customer", "Order")
LINKED_HERE += ("Company", "CompanyLocation", "Collection")
# Stops that a person's choice settles; every other one says that the choice is wrong.
CHOICE_SETTLES = ("ambiguous_match", "match_taken", "unlinked_by_hand")


class FreshJudge(Judge):
    """Decides about some rows of a scan as things are now."""

    def look(self, kind, rows, owners):
        """rows: {GID: shopify.match}. -> ({GID: Decision}, {GID: Candidates})"""
        self._owners_read = owners
        ids = {gid: row.id for gid, row in rows.items()}
        keys = {
            gid: {name: row[name] or "" for name in ("sku", "barcode", "email")}
            | dict.fromkeys(("reference", "external"), row.reference or "")
            for gid, row in rows.items()
        }
        marks = {gid: (row.mark_value, row.mark_proof) for gid, row in rows.items()}
        candidates = self._candidates(kind, ids, keys)
        decisions = self._decide(kind, ids, marks, candidates)
        return identity.several_claim(
            {
                gid: identity.Decision("stop", "changed_meanwhile")
                if isinstance(found, identity.NeedsLookup)
                else found
                for gid, found in decisions.items()
            },
            candidates,
        ), candidates

    def _owners(self, kind, marks):
        """Asked of Shopify this moment, not of the scan."""
        return self._owners_read

    def keep(self, kind, judged, candidates):
        self._write(kind, judged, candidates)


@dataclass
class Look:
    """What the rows of one type are now. nodes: as Shopify answered; owners: see
    shopify.binding `_read_owners`."""

    rows: dict
    nodes: dict
    owners: dict


def _alone(kind, nodes):
    """Products without their variants, which have rows of their own."""
    if kind != "Product":
        return nodes
    return {
        gid: node | {"variants": {"nodes": []}} if isinstance(node, dict) else node
        for gid, node in nodes.items()
    }


class Decider:
    """Acts on rows of one scan, in the name of one person."""

    def __init__(self, scan, user, reason=""):
        self._scan = scan
        self._backend = scan.backend_id
        self._user = user
        self._reason = reason
        self.env = scan.env
        self._judge = FreshJudge(scan)

    # === ACCEPTING WHAT IS PROPOSED === #

    def accept(self, rows):
        """Link each row to the record that it is proposed for, if that still holds."""
        for kind, look in self._read(rows).items():
            proposed = {row: row.odoo_id for row in look.rows.values()}
            self._settle(kind, look, proposed, "accepted")

    def choose(self, row, record):
        """Link this row to the record that a person chose. Raises UserError where the
        marks, or another link, say that it is something else."""
        for kind, look in self._read(row).items():
            self._settle(kind, look, {row: record.id}, "chosen")
        if row.decision_error:
            raise UserError(row.decision_error)

    def _read(self, rows):
        """{type: Look}, all of it before the first write."""
        looks = {}
        with self._backend._client() as client:
            for kind in LINKED_HERE:
                part = rows.filtered(lambda row, kind=kind: row.shopify_type == kind)
                by_gid = {row.shopify_gid: row for row in part if row.shopify_gid}
                if not by_gid:
                    continue
                nodes = read_nodes(client, READ, by_gid, IDS_A_REQUEST)
                owners = self._judge._model(kind)._read_owners(
                    self._backend, client, _alone(kind, nodes)
                )
                looks[kind] = Look(by_gid, nodes, owners)
        return looks

    def _settle(self, kind, look, wanted, decision):
        """wanted: {row: Odoo ID}"""
        self.env.flush_all()
        left = self._withheld(look)
        judged = self._compare(kind, look)
        may = self._holds if decision == "accepted" else self._may_choose
        for row, now in judged.items():
            if not may(now, wanted[row]):
                left[row] = self._now(now)
        pairs = {row: odoo_id for row, odoo_id in wanted.items() if row not in left}
        linked = {row for row, now in judged.items() if now.verdict == "linked"}
        if decision == "chosen":
            linked |= self._move_gone(kind, pairs)
        left |= self._refused(kind, pairs, look.nodes)
        new = {r: i for r, i in pairs.items() if r not in left and r not in linked}
        left |= self._bind(kind, new)
        self._note(kind, {r: i for r, i in new.items() if r not in left}, decision)
        self._decided(kind, {r: i for r, i in pairs.items() if r not in left}, decision)
        self._leave(left)

    def _compare(self, kind, look):
        """{row: Judged} as things are now, and the rows say so."""
        there = {g: n for g, n in look.nodes.items() if isinstance(n, dict)}
        if not there:
            return {}
        ScanReader(self._scan, None, 0)._insert(kind, there.values())
        self._rows([row.id for row in look.rows.values()]).invalidate_recordset()
        rows = {gid: look.rows[gid] for gid in there}
        decisions, candidates = self._judge.look(kind, rows, look.owners)
        judged = {
            rows[gid]: matching.judge(
                found, candidates[gid].key if gid in candidates else ""
            )
            for gid, found in decisions.items()
        }
        self._judge.keep(
            kind,
            {row.id: now for row, now in judged.items()},
            {rows[gid].id: found for gid, found in candidates.items()},
        )
        return judged

    def _withheld(self, look):
        """{row: why} of what Shopify no longer has, or doesn't show."""
        return {
            look.rows[gid]: self._unseen(look.rows[gid], node)
            for gid, node in look.nodes.items()
            if not isinstance(node, dict)
        }

    def _unseen(self, row, node):
        """node: None or a Failure, as Shopify answered."""
        if node is None and row.shopify_type == "Order":
            created = (row.facts or {}).get("created")
            limit = self.env["shopify.sale.order"]._shown_since(self._backend)
            if (
                created
                and limit
                and orders.parse_time(created) < limit.replace(tzinfo=UTC)
            ):
                node = TOO_OLD
        if isinstance(node, Failure):
            return self._said(node)
        return self.env._("Gone in Shopify since it was read.")

    def _said(self, failure):
        template = self.env._(failure.reason.message)
        return template % message_values(failure, self.env._("This record"))

    @staticmethod
    def _holds(judged, odoo_id):
        """Whether the proposal is still what the table says; or linked so meanwhile."""
        return judged.verdict in ("proposed", "linked") and judged.odoo_id == odoo_id

    @staticmethod
    def _may_choose(judged, odoo_id):
        """A person may choose where keys leave it open, not against a mark or a link."""
        if judged.verdict == "linked" or judged.key == "mark":
            return judged.odoo_id == odoo_id
        if judged.failure:
            return judged.failure.code in CHOICE_SETTLES
        return True

    def _now(self, judged):
        """What it is now, in plain words."""
        if judged.failure:
            return self.env._("Not linked: %s", self._said(judged.failure))
        if judged.verdict == "linked":
            return self.env._("Linked meanwhile to the Odoo ID %s.", judged.odoo_id)
        if judged.verdict == "proposed":
            return self.env._(
                "Changed since it was compared: now it fits the Odoo ID %s.",
                judged.odoo_id,
            )
        return self.env._("Changed since it was compared: nothing in Odoo fits now.")

    def _refused(self, kind, pairs, nodes):
        """{row: why} where the record is not the person's, or not this store's, to use,
        or isn't the order that Shopify has."""
        model = self.env[self._judge._model(kind)._model_marked()]
        records = model.browse(set(pairs.values())).exists()
        seen = set(records.with_user(self._user)._filtered_access("read").ids)
        unit = self.env.ref("uom.product_uom_unit")
        companies = self._companies_of(kind, pairs)
        refused = {}
        for row, odoo_id in pairs.items():
            # Whoever is asked first has all of them read.
            record = model.browse(odoo_id).with_prefetch(records.ids)
            if record not in records or odoo_id not in seen:
                refused[row] = self.env._(
                    "The Odoo ID %s is gone, or you have no access to it.", odoo_id
                )
            elif self._is_foreign(record):
                refused[row] = self.env._(
                    "%(record)s belongs to %(company)s; this store works for %(own)s.",
                    record=record.display_name,
                    company=record.company_id.name,
                    own=self._backend.company_id.name,
                )
            elif kind == "ProductVariant" and record.uom_id != unit:
                refused[row] = self.env._(
                    "%(product)s is kept in %(unit)s; Shopify counts pieces.",
                    product=record.display_name,
                    unit=record.uom_id.name,
                )
            elif kind == "CompanyLocation":
                other = self._other_company(companies.get(row.parent_gid), record)
                refused |= {row: other} if other else {}
            elif kind == "Order":
                differs = self._order_differs(nodes[row.shopify_gid], record)
                refused |= {row: differs} if differs else {}
        return refused | self._taken(kind, model, pairs)

    def _companies_of(self, kind, rows):
        """{GID: link} of the companies whose places these rows are."""
        if kind != "CompanyLocation":
            return {}
        companies = self.env["shopify.company"].sudo()  # sudo: see LinkMaker
        return companies._find(self._backend, {row.parent_gid for row in rows})

    def _other_company(self, company, partner):
        """Why this contact is no place of that company, if linked; "" when it may be."""
        places = self._judge._model("CompanyLocation")
        if not company or places._is_below(partner, company.odoo_id.id):
            return ""
        return self.env._(
            "%(place)s isn't below %(company)s, the contact of its company.",
            place=partner.display_name,
            company=company.odoo_id.display_name,
        )

    def _is_foreign(self, record):
        company = record.company_id if "company_id" in record._fields else None
        return company and company != self._backend.company_id

    def _order_differs(self, node, sale):
        """Why these aren't one order: neither the number nor a person's word tells as
        much as number and total together."""
        company = str(self._backend.company_id.id)
        found = takeover.verify("Order", order_there(node), order_here(sale), company)
        if found.kind == "confirmed":
            return ""
        labels = [self.env._(takeover.FIELD_LABELS[name]) for name in found.fields]
        return self.env._(
            "%(order)s is another order than Shopify's: %(fields)s differ.",
            order=sale.display_name,
            fields=", ".join(labels),
        )

    def _taken(self, kind, model, pairs):
        """{row: why} where one record, one link would be broken: by a link that is
        there, or within this very lot."""
        links = self._judge._model(kind)
        others = links._links_of(self._backend, set(pairs.values()))
        shared = declared(self._backend, kind)
        by_record = defaultdict(list)
        for row, odoo_id in pairs.items():
            by_record[odoo_id].append(row)
        taken = {}
        for odoo_id, rows in by_record.items():
            other = others.get(odoo_id)
            gids = {row.shopify_gid for row in rows}
            if other:
                gids.add(other.shopify_gid)
            if len(gids) < 2 or odoo_id in shared:
                continue
            for row in rows:
                if other and other.shopify_gid == row.shopify_gid:
                    continue
                taken[row] = self.env._(
                    "%(record)s stands for %(others)s already: one record, one link.",
                    record=model.browse(odoo_id).display_name,
                    others=", ".join(sorted(gids - {row.shopify_gid})),
                )
        return taken

    def _move_gone(self, kind, pairs):
        """What was made anew in Shopify is the same record of ours: its link, whose own
        Shopify record is gone, moves. The rows that have one then."""
        links = self._judge._model(kind)
        others = links._links_of(self._backend, set(pairs.values()))
        moved = set()
        for row, odoo_id in pairs.items():
            other = others.get(odoo_id)
            if other and other.gone_at and other.shopify_gid != row.shopify_gid:
                reason = self._reason or self.env._("chosen by hand")
                other._relink_gid(row.shopify_gid, reason)
                moved.add(row)
        return moved

    # === LINKING === #

    def _bind(self, kind, pairs):
        """Link these. {row: why} of those that can't be: somebody was faster."""
        errors = LinkMaker(self._backend, kind).bind(
            {row: self._vals(kind, row, odoo_id) for row, odoo_id in pairs.items()},
            # Its lines are paired when it is read, or it goes to review.
            read_again=kind == "Order",
        )
        return {row: self._problem(error) for row, error in errors.items()}

    def _problem(self, error):
        if isinstance(error, NeedsReview):
            return self._said(error.failure)
        if isinstance(error, UserError):
            return str(error)
        return self.env._(
            "Either side was linked by somebody else this very moment. Look again."
        )

    def _vals(self, kind, row, odoo_id):
        record_field = self._judge._model(kind)._record_field
        vals = {"shopify_gid": row.shopify_gid, record_field: odoo_id}
        facts = row.facts or {}
        if kind == "ProductVariant":
            vals |= {
                "product_gid": row.parent_gid,
                "inventory_item_gid": facts.get("inventory_item") or False,
                "label": row.sku or row.name,
            }
            proof = identity.parse_proof(row.mark_proof or None)
            if own_proof(self.env, row.mark_value, proof, odoo_id):
                vals["proof"] = proof
        if kind == "Customer":
            vals["kind"] = "customer"
        if kind == "Order":
            vals["name"] = row.name
        return vals

    def _note(self, kind, pairs, decision):
        """History: who linked what."""
        model = self.env[self._judge._model(kind)._model_marked()]
        LinkMaker(self._backend, kind).note(
            [
                (
                    row.shopify_gid,
                    row.name,
                    self._user,
                    self.env._(
                        "Linked to %(record)s (Odoo ID %(id)s) in Matching: %(reason)s",
                        record=record.display_name,
                        id=record.id,
                        reason=self._why(row, decision),
                    ),
                )
                for row, odoo_id in pairs.items()
                for record in model.browse(odoo_id).with_prefetch(pairs.values())
            ]
        )

    def _why(self, row, decision):
        if self._reason:
            return self._reason
        if decision == "chosen":
            return self.env._("chosen by hand")
        label = self.env._(matching.KEY_LABELS.get(row.key_used) or row.key_used or "?")
        return self.env._("accepted, equal by %s", label)

    # === WHAT THE ROWS SAY THEN === #

    def _rows(self, ids):
        return self.env["shopify.match"].browse(ids)

    def _decided(self, kind, pairs, decision):
        """pairs: {row: Odoo ID} of rows that are linked now."""
        if not pairs:
            return
        odoo_model = self._judge._model(kind)._model_marked()
        said = [decision, self._user.id, fields.Datetime.now(), odoo_model]
        self.env.cr.execute_values(
            "UPDATE shopify_match m SET verdict = 'linked', decision = v.decision,"
            " decided_by_id = v.user_id, decided_at = v.at, odoo_model = v.model,"
            " odoo_id = v.odoo_id, decision_error = NULL, reason_code = NULL,"
            " reason_params = NULL"
            " FROM (VALUES %s) AS v(id, odoo_id, decision, user_id, at, model)"
            " WHERE m.id = v.id",
            [(row.id, odoo_id, *said) for row, odoo_id in pairs.items()],
            page_size=ROWS_A_LOT,
        )
        self._rows([row.id for row in pairs]).invalidate_recordset()
        self.env["shopify.match.candidate"].invalidate_model()
        self._drop_only_odoo(odoo_model, list(pairs.values()))

    def _drop_only_odoo(self, odoo_model, odoo_ids):
        """A record that is linked now isn't only in Odoo."""
        self.env["shopify.match"].search(
            [
                ("scan_id", "=", self._scan.id),
                ("shopify_gid", "=", False),
                ("odoo_model", "=", odoo_model),
                ("odoo_id", "in", odoo_ids),
            ]
        ).unlink()

    def _leave(self, left):
        """left: {row: why} of rows that stay undecided."""
        self._rows([row.id for row in left]).invalidate_recordset()
        for row, why in left.items():
            row.decision_error = why
