"""Write-back: every link's Odoo ID in a protected metafield of its Shopify record.

A mark is two metafields, the plain ID and the proof. Each is compared-and-set with what
was just read, and read back afterwards; only then does a link count as verified.
"""

from odoo import api, fields, models
from odoo.tools import split_every

from ..api.errors import (
    AccessDeniedError,
    ConflictError,
    MissingError,
    ReadOnlyError,
    RejectedError,
    ShopifyError,
)
from ..core import identity
from ..core.failures import Failure
from ..core.outcome import Change, Outcome
from .remote_failure import remote_failure
from .remote_nodes import read_nodes

# metafieldsSet takes 25 values; a record needs two.
RECORDS_A_CALL = 12
IDS_A_READ = 250
LINKS = {
    "Product": "shopify.product.template",
    "ProductVariant": "shopify.product.product",
    "Customer": "shopify.res.partner",
    "Company": "shopify.company",
    "CompanyLocation": "shopify.company.location",
    "Order": "shopify.sale.order",
    "DraftOrder": "shopify.draft.order",
    "Collection": "shopify.product.tag",
    "Location": "shopify.mapping.location",
}
READ, WRITE = "metafields/read_marks", "metafields/set"
# Which record holds an Odoo ID in Shopify.
OWNERS = {
    "Product": "metafields/owner_product",
    "ProductVariant": "metafields/owner_variant",
    "Customer": "metafields/owner_customer",
    "Order": "metafields/owner_order",
    "Collection": "metafields/owner_collection",
    "Location": "metafields/owner_location",
}
TAKEN_CODES = {"TAKEN", "CAPABILITY_VIOLATION"}


class ShopifyMark(models.AbstractModel):
    _name = "shopify.mark"
    _description = "Shopify Write Back"

    @api.model
    def _describe_exports(self, backend, subjects):
        """What lists show of these: {subject: facts}."""
        facts = {}
        for kind, same in _by_type(subjects).items():
            # sudo: links are closed to everybody's hands
            model = self.env[LINKS[kind]].sudo()
            links = model._find(backend, [subject.key for subject in same])
            records = model.browse(link.id for link in links.values())._marked_records()
            for subject in same:
                record = records.get(links.get(subject.key))
                name = record.display_name if record else subject.key
                facts[subject] = {"record_name": name}
        return facts

    @api.model
    def _database(self):
        # sudo: server parameters are closed to the sync user
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")

    @api.model
    def _export(self, backend, client, subjects):
        """Mark these subjects' Shopify records: {subject: Outcome | Failure}."""
        wanted, ends = self._wanted(backend, subjects)
        mutation = self.env["shopify.mutation"]
        # Those that aren't linked (any more) too: nothing else ends their open writes.
        names = [subject.name for subject in subjects]
        still_open = mutation._open_for(backend, names)
        current = self._read(client, wanted) if wanted else {}
        todo = {}
        for subject, (link, proof) in wanted.items():
            end, plan = self._decide(link, proof, current[subject])
            if end is None:
                todo[subject] = plan
            else:
                ends[subject] = end
        if todo:
            ends.update(self._write(backend, client, wanted, todo))
        # A compared set is settled by reading: what an earlier write did is seen above.
        settled = [write.uuid for write in still_open]
        mutation._close_after_commit(settled)
        self._note_verified(wanted, ends)
        return self._unless_withheld(ends)

    @api.model
    def _unless_withheld(self, ends):
        """The ends, where each type says what it means that Shopify refuses."""
        return {
            subject: self.env[LINKS[subject.type]]._unless_withheld(end)
            if isinstance(end, Failure)
            else end
            for subject, end in ends.items()
        }

    @api.model
    def _wanted(self, backend, subjects):
        """-> ({subject: (link, Proof)}, {subject: Outcome} for those without a link)"""
        wanted, ends = {}, {}
        database = self._database()
        for subject_type, group in _by_type(subjects).items():
            # sudo: links are closed to everybody's hands
            model = self.env[LINKS[subject_type]].sudo()
            links = model._find(backend, [subject.key for subject in group])
            proofs = model.browse([link.id for link in links.values()])._proofs(
                database
            )
            for subject in group:
                link = links.get(subject.key)
                if link and link in proofs:
                    wanted[subject] = (link, proofs[link])
                else:
                    ends[subject] = Outcome(
                        "excluded",
                        self.env._("Not linked (any more): nothing to mark."),
                    )
        return wanted, ends

    @api.model
    def _read(self, client, subjects):
        """{subject: Mark; None where Shopify has no such record; a Failure where it
        withholds it}"""
        gids = [subject.key for subject in subjects]
        nodes = read_nodes(client, READ, gids, IDS_A_READ)
        return {
            subject: (
                identity.mark_from_node(node)
                if isinstance(node := nodes[subject.key], dict)
                else node
            )
            for subject in subjects
        }

    @api.model
    def _decide(self, link, proof, mark):
        """-> (end, None) or (None, plan)"""
        if isinstance(mark, Failure):
            return mark, None
        if mark is None:
            return link._unseen(), None
        plan = identity.decide_mark(mark, proof, proof.value, link._proof_left())
        if plan.kind == "stop":
            return Failure(plan.reason_code, plan.params), None
        if plan.kind == "already":
            return Outcome("unchanged", self.env._("Odoo ID verified.")), None
        return None, plan

    @api.model
    def _write(self, backend, client, wanted, todo):
        """Send the marks, at most 12 records a call, and read them back."""
        ends = {}
        for part in split_every(RECORDS_A_CALL, list(todo)):
            ends.update(self._write_part(backend, client, wanted, todo, list(part)))
        written = [subject for subject in todo if subject not in ends]
        if not written:
            return ends
        now_there = self._read(client, written)
        for subject in written:
            _link, proof = wanted[subject]
            ends[subject] = self._verified(proof, now_there[subject])
        return ends

    @api.model
    def _verified(self, proof, mark):
        """The end of a mark that was just written, by what is read now."""
        if isinstance(mark, Failure):
            return mark
        wrong = identity.verify_mark(mark or identity.NO_MARK, proof, proof.value)
        return wrong or Outcome(
            "synced",
            self.env._("Odoo ID %s written and verified.", proof.ids[0]),
            (Change("Odoo ID in Shopify", None, str(proof.ids[0])),),
        )

    @api.model
    def _write_part(self, backend, client, wanted, todo, part):
        """One call, again without those that Shopify refuses. Ends only of failures."""
        ends = {}
        while part:
            inputs = [
                (subject, item)
                for subject in part
                for item in identity.mark_inputs(
                    subject.key,
                    todo[subject],
                    wanted[subject][1],
                    wanted[subject][1].value,
                )
            ]
            try:
                key, _answer = self.env["shopify.mutation"]._perform(
                    backend,
                    client,
                    WRITE,
                    {"metafields": [item for _subject, item in inputs]},
                    [subject.name for subject in part],
                )
            except (ConflictError, MissingError, RejectedError) as error:
                # Nothing of the call was written; those that aren't meant go again.
                refused = {inputs[row][0] for row in error.rows} or set(part)
                for subject in refused:
                    ends[subject] = self._refusal(
                        backend, client, subject, error, wanted[subject][1]
                    )
                part = [subject for subject in part if subject not in refused]
                continue
            except AccessDeniedError as error:
                # A scope is missing for one type: the others must not wait for it.
                kinds = _by_type(part)
                if len(kinds) == 1:
                    return ends | dict.fromkeys(part, remote_failure(backend, error))
                for same in kinds.values():
                    ends.update(self._write_part(backend, client, wanted, todo, same))
                return ends
            except ReadOnlyError:
                return ends | {s: self._simulated(wanted[s][1]) for s in part}
            except ShopifyError as error:
                return ends | dict.fromkeys(part, remote_failure(backend, error))
            self.env["shopify.mutation"]._close_after_commit([key])
            break
        return ends

    @api.model
    def _simulated(self, proof):
        """The end of a mark that a copy of the database would have written."""
        return Outcome(
            "simulated",
            self.env._("Would have written Odoo ID %s.", proof.ids[0]),
            (Change("Odoo ID in Shopify", None, str(proof.ids[0])),),
        )

    @api.model
    def _refusal(self, backend, client, subject, error, proof):
        """Why Shopify refused this record's mark."""
        if isinstance(error, ConflictError) and error.codes & TAKEN_CODES:
            return self._taken(backend, client, subject, proof)
        # Compared and found changed, or its owner is gone since it was read.
        owners = any("ownerId" in refused.field for refused in error.user_errors)
        if isinstance(error, ConflictError) or owners:
            return Failure("changed_meanwhile")
        return remote_failure(backend, error)

    @api.model
    def _taken(self, backend, client, subject, proof):
        """Another record of Shopify has this Odoo ID: which? Of some types Shopify tells
        no owner of an ID."""
        owner = None
        if subject.type in OWNERS:
            try:
                answer = client.execute(OWNERS[subject.type], {"value": proof.value})
            except ShopifyError as unread:
                return remote_failure(backend, unread)
            owner = answer.data["owner"]
        if owner and owner["id"] == subject.key:
            # Ours after all: the refusal was about another record of the call.
            return Failure("changed_meanwhile")
        other = owner["id"] if owner else self.env._("another record")
        return Failure("mark_refused", {"value": proof.value, "other": other})

    @api.model
    def _note_verified(self, wanted, ends):
        """Both sides were read as equal: say so on the links, with what stands there."""
        by_model = {}
        for subject, (link, proof) in wanted.items():
            end = ends.get(subject)
            if not isinstance(end, Outcome) or end.kind == "simulated":
                continue
            by_model.setdefault(link._name, []).append(link.id)
            if link.marked_proof != proof.to_json():
                link._as_engine().marked_proof = proof.to_json()
        for model, ids in by_model.items():
            self.env[model].browse(ids)._as_engine().write(
                {"verified_at": fields.Datetime.now()}
            )


def _by_type(subjects):
    """{Shopify type: its subjects, in their order}"""
    found = {}
    for subject in subjects:
        found.setdefault(subject.type, []).append(subject)
    return found
