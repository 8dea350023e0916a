"""Removing our mark from what isn't linked any more, and from aliases.

Shopify's `metafieldsDelete` takes no digest to compare with. So the mark is read
immediately before, removed only if it is the very one that we wrote, and read back. What
could come in between is only this connector itself, whose work on one subject the engine
serialises: merchants may only read our fields, other apps not even that.
"""

from odoo import api, fields, models

from ..api.errors import ReadOnlyError, ShopifyError
from ..core import identity
from ..core.failures import Failure
from ..core.outcome import Change, Outcome
from .remote_failure import remote_failure
from .shopify_mark import LINKS
from .sync_subject import Subject

DELETE = "metafields/delete"


class ShopifyMark(models.AbstractModel):
    _inherit = "shopify.mark"

    @api.model
    def _export(self, backend, client, subjects):
        """See shopify.mark; those that may carry no mark lose ours."""
        old = self._to_clear(backend, subjects)
        rest = [subject for subject in subjects if subject not in old]
        ends = super()._export(backend, client, rest) if rest else {}
        if old:
            ends |= self._unless_withheld(self._clear(backend, client, old))
        return ends

    @api.model
    def _to_clear(self, backend, subjects):
        """{subject: Proofs that are ours to remove} of those without a right to one."""
        gids = [subject.key for subject in subjects]
        parted = self.env["shopify.parted"].sudo()._of(backend, gids)
        aliases = self._aliases(backend, gids)
        found = {}
        for subject in subjects:
            # sudo: links are closed to everybody's hands
            links = self.env[LINKS[subject.type]].sudo()
            if subject.key in aliases:
                found[subject] = aliases[subject.key]._stale_proofs()
            elif subject.key in parted and not links._find(backend, [subject.key]):
                found[subject] = _known(_proof_of(parted[subject.key]))
        return found

    @api.model
    def _aliases(self, backend, gids):
        """{GID: link} of further accounts of a contact: the main one has its ID."""
        links = self.env["shopify.res.partner"].sudo()._find(backend, gids)
        return {gid: link for gid, link in links.items() if link.alias_of_id}

    @api.model
    def _clear(self, backend, client, old):
        """Remove these marks: {subject: Outcome | Failure}."""
        mutation = self.env["shopify.mutation"]
        still_open = mutation._open_for(backend, [subject.name for subject in old])
        current = self._read(client, old)
        ends = {
            subject: self._clear_one(backend, client, subject, proofs, current[subject])
            for subject, proofs in old.items()
        }
        mutation._close_after_commit([write.uuid for write in still_open])
        self._note_cleared(backend, ends)
        return ends

    @api.model
    def _clear_one(self, backend, client, subject, proofs, mark):
        if isinstance(mark, Failure):
            return mark
        if mark is None or (mark.value is None and mark.proof is None):
            return Outcome("unchanged", self.env._("It carries no Odoo ID."))
        proof = mark.proof
        ours = any(known.names_as(proof) for known in proofs)
        if not ours or mark.value not in (None, proof.value):
            return self._not_ours(backend, subject, mark)
        keys = [
            {"ownerId": subject.key, "namespace": identity.NAMESPACE, "key": key}
            for key in ("id", "proof")
        ]
        mutation = self.env["shopify.mutation"]
        try:
            uuid, _answer = mutation._perform(
                backend, client, DELETE, {"metafields": keys}, [subject.name]
            )
        except ReadOnlyError:
            return Outcome(
                "simulated",
                self.env._("Would have removed Odoo ID %s.", proof.value),
                (Change("Odoo ID in Shopify", proof.value, None),),
            )
        except ShopifyError as error:
            return remote_failure(backend, error)
        mutation._close_after_commit([uuid])
        left = self._read(client, [subject])[subject]
        if isinstance(left, Failure):
            return left
        if left and left.value is not None:
            return Failure("mark_overwritten", {"value": "", "found": left.value})
        return Outcome(
            "synced",
            self.env._("Odoo ID %s removed in Shopify.", proof.value),
            (Change("Odoo ID in Shopify", proof.value, None),),
        )

    @api.model
    def _not_ours(self, backend, subject, mark):
        """The end of a mark that stands where we may write none, and isn't ours to
        remove: on a further account it says something wrong of a linked contact."""
        alias = self._aliases(backend, [subject.key]).get(subject.key)
        if alias:
            return identity.alias_conflict(mark, alias._own_proof())
        note = self.env._("It carries an Odoo ID that isn't ours: left alone.")
        return Outcome("excluded", note)

    @api.model
    def _note_cleared(self, backend, ends):
        gone = [
            subject.key
            for subject, end in ends.items()
            if isinstance(end, Outcome) and end.kind != "simulated"
        ]
        for rows in self.env["shopify.parted"].sudo()._of(backend, gone).values():
            rows.write({"is_cleared": True})
        for link in self._aliases(backend, gone).values():
            link._as_engine().write(
                {"marked_proof": False, "verified_at": fields.Datetime.now()}
            )

    @api.model
    def _taken(self, backend, client, subject, proof):
        """See shopify.mark; a mark that we ourselves left behind, on what is now linked
        to something else or to nothing, makes room."""
        end = super()._taken(backend, client, subject, proof)
        other = end.params.get("other", "") if end.code == "mark_refused" else ""
        if not other.startswith("gid://"):
            return end
        stale = self._left_behind(backend, subject.type, other, proof.value)
        if stale is None:
            return end
        place = Subject(subject.flow, "mark", subject.type, other)
        cleared = self._clear(backend, client, {place: (stale,)})[place]
        if isinstance(cleared, Failure):
            return cleared
        return Failure("changed_meanwhile") if cleared.kind == "synced" else end

    @api.model
    def _left_behind(self, backend, kind, gid, value):
        """The proof of ours that stands there without a right to, or None."""
        link = self.env[LINKS[kind]].sudo()._find(backend, [gid]).get(gid)
        if not link:
            return _proof_of(
                self.env["shopify.parted"].sudo()._of(backend, [gid]).get(gid)
            )
        proof = link._proof_left()
        [record] = link._marked_records().values()
        is_own = str(record.id) == value and not self._aliases(backend, [gid])
        return None if is_own or proof is None or proof.value != value else proof


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _enqueue_comparison(self, shopify_type, last_id=0, eta=None):
        """Marks to be removed, asked for while the flow was off, are not forgotten."""
        if not last_id:
            rows = (
                self.env["shopify.parted"]
                .sudo()
                .search(
                    [
                        ("backend_id", "=", self.id),
                        ("shopify_type", "=", shopify_type),
                        ("is_cleared", "=", False),
                        ("proof", "!=", False),
                        ("mode", "=", "unlinked"),
                    ]
                )
            )
            flow = self.env[LINKS[shopify_type]]._flow
            self.env["shopify.trigger"].sudo()._insert_missing(
                self,
                [(flow, "mark", shopify_type, row.shopify_gid) for row in rows],
                "comparison",
            )
        return super()._enqueue_comparison(shopify_type, last_id, eta)


def _known(*proofs):
    return tuple(proof for proof in proofs if proof is not None)


def _proof_of(rows):
    proof = identity.parse_proof((rows and rows[0].proof) or None)
    return proof if isinstance(proof, identity.Proof) else None
