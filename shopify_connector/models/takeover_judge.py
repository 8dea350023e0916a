"""Judges what another connector claims, lot by lot, and links what is confirmed.

Both sides are read anew: Shopify's object by its ID, Odoo's record by its own. Where they
say the same, core.identity still decides, as for an import; only then is it linked. All
of Shopify is read before anything is written.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal

from ..core import identity, takeover
from ..core.failures import Failure, NeedsReview
from ..core.takeover import Facts, Verdict
from .link_maker import LinkMaker, declared
from .remote_nodes import read_nodes
from .shopify_binding import owner_state
from .shopify_mark import LINKS

# Objects a request, by the cost of the document.
READS = {"Product": ("takeover/products", 60)}
READ = ("takeover/read", 200)


@dataclass(frozen=True)
class Said:
    """What a line says then. verdict: see shopify.takeover.line."""

    verdict: str
    fields: tuple[str, ...] = ()
    message: str = ""
    failure: Failure | None = None
    odoo_id: int = 0
    there: str = ""
    here: str = ""


def own_proof(env, value, proof, odoo_id):
    """Whether the mark means this variant of ours: a link that was lost, whose pack's
    contents stand in the proof."""
    return (
        isinstance(proof, identity.Proof)
        and proof.database == env["shopify.mark"]._database()
        and proof.model == "product.product"
        and proof.ids[0] == odoo_id
        and value == str(odoo_id)
    )


def order_here(sale):
    """What a sales order says of itself."""
    amount = Decimal(str(sale.currency_id.round(sale.amount_total)))
    return Facts(
        references=(sale.client_order_ref or "", sale.name or ""),
        totals=frozenset({(sale.currency_id.name, amount)}),
        company=str(sale.company_id.id),
    )


def order_there(node):
    """What Shopify's order says of itself; its total as paid and as edited since."""
    return Facts(
        references=(node["name"],),
        totals=frozenset(
            (money["currencyCode"], Decimal(money["amount"]))
            for bag in (node["totalPriceSet"], node["currentTotalPriceSet"])
            for money in (bag["shopMoney"], bag["presentmentMoney"])
        ),
    )


class TakeoverJudge:
    """For the lines of one type, of one store."""

    def __init__(self, backend, kind):
        self.env = backend.env
        self._backend = backend
        self._kind = kind
        # sudo: the job works for the store, whoever asked for it
        self._links = self.env[LINKS[kind]].sudo()
        self._model = takeover.MODELS[kind]

    @classmethod
    def lot(cls, kind):
        return READS.get(kind, READ)[1]

    def judge(self, client, lines):
        """-> ({line: Said}, {GID: node}); nothing is written."""
        operation, size = READS.get(self._kind, READ)
        gids = sorted(set(lines.mapped("shopify_gid")))
        nodes = read_nodes(client, operation, gids, size)
        nodes = {gid: self._of_kind(node) for gid, node in nodes.items()}
        owners = self._owners(client, nodes)
        ids = self._records(lines)
        here = self._here(set(ids.values()) - {0})
        said = {
            line: self._compare(nodes[line.shopify_gid], ids[line], here)
            for line in lines
        }
        said |= self._at_odds(said)
        confirmed = {
            line.shopify_gid: ids[line]
            for line, each in said.items()
            if each.verdict == "confirmed"
        }
        decided = self._decide(nodes, confirmed, owners)
        for line, each in said.items():
            if each.verdict == "confirmed":
                said[line] = self._after(decided[line.shopify_gid], each)
        return said, nodes

    def _at_odds(self, said):
        """{line: Said} of confirmed lines that name several records for one object:
        Odoo has it twice, and which of them it is only a person knows."""
        records = defaultdict(set)
        for line, each in said.items():
            if each.verdict == "confirmed":
                records[line.shopify_gid].add(each.odoo_id)
        return {
            line: replace(each, verdict="contradicted", fields=("claimed_twice",))
            for line, each in said.items()
            if each.verdict == "confirmed" and len(records[line.shopify_gid]) > 1
        }

    def _of_kind(self, node):
        """An ID of another kind of record is no record of this one."""
        wrong = isinstance(node, dict) and node["__typename"] != self._kind
        return None if wrong else node

    def _owners(self, client, nodes):
        marks = {
            gid: identity.mark_from_node(node)
            for gid, node in nodes.items()
            if isinstance(node, dict)
        }
        others = self._links._other_gids(self._backend, marks)
        if not others:
            return {}
        read = read_nodes(client, "metafields/read_marks", sorted(others), 250)
        return {gid: owner_state(node) for gid, node in read.items()}

    # === ODOO'S SIDE === #

    def _records(self, lines):
        """{line: ID of the record of our model that it names; 0 where that isn't one}"""
        found = {}
        for model, part in lines.grouped("odoo_model").items():
            ids = set(part.mapped("odoo_id"))
            leads = (
                {id: id for id in ids}
                if model == self._model
                else self._from_templates(ids)
                if model == "product.template"
                else self._from_invoices(ids)
            )
            found |= {line: leads.get(line.odoo_id, 0) for line in part}
        return found

    def _from_templates(self, ids):
        """A product of one variant is that variant."""
        templates = self.env["product.template"].sudo().browse(ids).exists()
        return {
            template.id: template.product_variant_ids.id
            for template in templates.with_context(active_test=False)
            if len(template.product_variant_ids) == 1
        }

    def _from_invoices(self, ids):
        """An invoice of one sales order is that order's."""
        moves = self.env["account.move"].sudo().browse(ids).exists()
        orders = {move.id: move.line_ids.sale_line_ids.order_id for move in moves}
        return {id: found.id for id, found in orders.items() if len(found) == 1}

    def _here(self, ids):
        """{ID: (record, Facts)} of those that exist."""
        records = self.env[self._model].sudo().browse(ids).exists()
        return {record.id: (record, self._facts_here(record)) for record in records}

    def _facts_here(self, record):
        company = {"company": str(record.company_id.id) if record.company_id else ""}
        if self._kind == "ProductVariant":
            return Facts(
                sku=record.default_code or "", barcode=record.barcode or "", **company
            )
        if self._kind == "Product":
            skus = record.product_variant_ids.mapped("default_code")
            return Facts(skus=tuple(sku or "" for sku in skus), **company)
        if self._kind == "Customer":
            return Facts(email=record.email or "", **company)
        return order_here(record)

    # === SHOPIFY'S SIDE === #

    def _facts_there(self, node):
        if self._kind == "ProductVariant":
            return Facts(sku=node["sku"] or "", barcode=node["barcode"] or "")
        if self._kind == "Product":
            variants = node["variants"]
            if variants["pageInfo"]["hasNextPage"]:
                return Facts(skus=None)
            return Facts(skus=tuple(row["sku"] or "" for row in variants["nodes"]))
        if self._kind == "Customer":
            return Facts(
                email=(node["defaultEmailAddress"] or {}).get("emailAddress") or ""
            )
        return order_there(node)

    def _name_there(self, node):
        if not isinstance(node, dict):
            return ""
        if self._kind == "ProductVariant":
            return f"{(node['product'] or {}).get('title') or ''} / {node['title']}"
        return node.get("name") or node.get("title") or node.get("displayName") or ""

    # === BOTH === #

    def _compare(self, node, odoo_id, here):
        record, facts = here.get(odoo_id, (None, None))
        own = str(self._backend.company_id.id)
        # Whoever asks may not be of that company.
        foreign = facts and facts.company not in ("", own)
        names = {
            "odoo_id": odoo_id,
            "there": self._name_there(node),
            "here": record.display_name if record and not foreign else "",
        }
        if isinstance(node, Failure):
            return Said("unverifiable", failure=node, **names)
        if not odoo_id:
            return Said("unverifiable", message=takeover.SEVERAL_RECORDS, **names)
        found = takeover.verify(
            self._kind,
            None if node is None else self._facts_there(node),
            facts,
            own,
        )
        if found == Verdict("confirmed") and self._in_other_unit(record):
            return Said("refused", message=takeover.NOT_IN_PIECES, **names)
        return Said(found.kind, fields=found.fields, **names)

    def _in_other_unit(self, record):
        return self._kind == "ProductVariant" and (
            record.uom_id != self.env.ref("uom.product_uom_unit")
        )

    def _decide(self, nodes, confirmed, owners):
        """{GID: Decision} of those where both sides agree, by the imports' table."""
        taken = self._links._links_of(self._backend, set(confirmed.values()))
        records = self.env[self._model].sudo().browse(set(confirmed.values()))
        archived = set()
        if "active" in records._fields:
            archived = set(records.filtered(lambda record: not record.active).ids)
        label = self.env._("take-over")
        shared = declared(self._backend, self._kind)
        candidates = {
            gid: identity.Candidates(
                odoo_ids=() if odoo_id in archived else (odoo_id,),
                archived_ids=(odoo_id,) if odoo_id in archived else (),
                key=label,
                value=gid,
                taken={odoo_id: taken[odoo_id].shopify_gid}
                if odoo_id in taken and taken[odoo_id].shopify_gid != gid
                else {},
                shared=shared & {odoo_id},
            )
            for gid, odoo_id in confirmed.items()
        }
        decisions = self._links._inbound_decisions(
            self._backend,
            {gid: nodes[gid] for gid in confirmed},
            candidates,
            owners,
            archived="update",
        )
        return identity.several_claim(
            {
                gid: identity.Decision("stop", "changed_meanwhile")
                if isinstance(found, identity.NeedsLookup)
                else found
                for gid, found in decisions.items()
            },
            candidates,
        )

    def _after(self, decision, said):
        """What a confirmed line is once the table has decided."""
        if decision.failure:
            return replace(said, verdict="refused", failure=decision.failure)
        if decision.odoo_id != said.odoo_id:
            # Linked, or marked by ourselves, as another record.
            return replace(said, verdict="contradicted", fields=("linked_to_other",))
        if decision.action in ("update", "update_and_mark"):
            return replace(said, verdict="linked")
        return said

    # === LINKING === #

    def link(self, said, nodes):
        """Link the confirmed ones; the records themselves aren't touched.

        -> {line: Said} of all, as they are now.
        """
        pairs = {
            line: each for line, each in said.items() if each.verdict == "confirmed"
        }
        maker = LinkMaker(self._backend, self._kind)
        errors = maker.bind(
            {
                line: self._vals(nodes[line.shopify_gid], each.odoo_id)
                for line, each in pairs.items()
            },
            # Customers as they are; the lines of an order are paired when it is read,
            # or it goes to review.
            read_again=self._kind != "Customer",
        )
        for line, each in pairs.items():
            said[line] = (
                self._refusal(each, errors[line])
                if line in errors
                else replace(each, verdict="linked")
            )
        maker.note(
            [
                (line.shopify_gid, each.there or each.here, *self._told(line, each))
                for line, each in pairs.items()
                if line not in errors
            ]
        )
        return said

    @staticmethod
    def _refusal(each, error):
        if isinstance(error, NeedsReview):
            return replace(each, verdict="refused", failure=error.failure)
        return replace(each, verdict="refused", message=takeover.TAKEN_JUST_NOW)

    def _told(self, line, each):
        """(who let it be linked, what History says)"""
        message = self.env._(
            "Linked to %(record)s (Odoo ID %(id)s), taken over from %(origin)s and "
            "confirmed by both sides.",
            record=each.here,
            id=each.odoo_id,
            origin=line.source,
        )
        return line.takeover_id.linked_by_id, message

    def _vals(self, node, odoo_id):
        vals = {"shopify_gid": node["id"], self._links._record_field: odoo_id}
        if self._kind == "ProductVariant":
            vals |= {
                "product_gid": (node["product"] or {}).get("id") or False,
                "inventory_item_gid": (node["inventoryItem"] or {}).get("id") or False,
                "label": node["sku"] or self._name_there(node),
            }
            mark = identity.mark_from_node(node)
            if own_proof(self.env, mark.value, mark.proof, odoo_id):
                vals["proof"] = mark.proof
        if self._kind == "Customer":
            vals["kind"] = "customer"
        if self._kind == "Order":
            vals["name"] = node["name"]
        return vals
