"""Making in Shopify what only Odoo has: the steps that all record types share.

Look before anything is sent, by the outbound table of core/identity.py: what an earlier
write did, who holds the Odoo ID, who has the same key. What is made carries ID and proof
from its first moment, so that a lost answer is settled by looking the ID up.
"""

from dataclasses import replace
from datetime import UTC, timedelta

from odoo import fields

from ..api.errors import ConflictError, ReadOnlyError, RejectedError, ShopifyError
from ..core import exports, identity, settle
from ..core.failures import Failure, NeedsReview
from ..core.identity import OutboundFacts, Owner, Proof
from ..core.outcome import Change, Outcome
from .remote_failure import remote_failure
from .remote_nodes import read_nodes, scope_failure

READ = "metafields/read_marks"
IDS_A_READ = 250


class Export:
    """Works on the records of one type that one drain holds; `run` gives their ends.

    A subclass names the write and its field in the answer, reads Odoo and Shopify, and
    makes the links.
    """

    write = ""  # the document
    root, made = "", ""  # the mutation's field, and the record's in its payload
    flow = ""
    word = ""  # what previews call it, see core/preview.WORDS

    def __init__(self, env, backend, client, records, links):
        self.env = env
        self.backend = backend
        self.client = client
        self.records = records
        self.links = links.sudo()  # sudo: links are closed to the sync user's hands
        self.mutations = env["shopify.mutation"]
        self.database = env["shopify.mark"]._database()
        self.ends = {}
        # Those that other companies have.
        self.foreign = records.browse()
        # As read: what people said, births, links, who holds which ID.
        self.asked, self.births, self.known, self.held = {}, {}, {}, {}

    # --- What a record type says ---

    def facts(self, record):
        """What core/exports.py takes of it."""
        raise NotImplementedError

    def owners(self, records):
        """{ID: (GID, Mark)} of who holds these records' Odoo IDs, asked live."""
        raise NotImplementedError

    def candidates(self, records):
        """{ID: Candidates} by the store's match keys; a Failure where Shopify withholds
        them."""
        raise NotImplementedError

    def stopped_below(self, record, linked):
        """Why the records below it (variants) allow nothing; None if they do."""
        return None

    def input(self, record, key):
        """-> (the mutation's input, points beside the document's own, preview rows)"""
        raise NotImplementedError

    def read_whole(self, gid):
        """The record as the write's own answer shows it."""
        raise NotImplementedError

    def bind(self, record, gid, node):
        """Link what we made, as the write's answer shows it."""
        raise NotImplementedError

    def read_in(self, gid):
        """Have what was found there read: the way in does the rest."""
        raise NotImplementedError

    def linked_note(self, record):
        return self.env._("Linked already; nothing to make.")

    # --- Running ---

    def run(self):
        there = self._leave_out()
        self.asked = self._what_people_said(there)
        self.births = self.links._births(there)
        writes = self._open_writes()
        for record in self.foreign.filtered(lambda each: each.id in writes):
            self._close_moved(record, writes[record.id])
        for record in there.filtered(lambda each: each.id in writes):
            if self._decide(record, open_intent=True).action == "settle_first":
                end = self._settle(record, writes[record.id])
                if end:
                    self.ends[record.id] = end
        rest = there.filtered(lambda record: record.id not in self.ends)
        self._work(rest)
        self.links._show_in_worksheet(self.backend, self.records, self.ends)
        return self.ends

    def _work(self, records):
        if not records:
            return
        self.known = self.links._links_of(self.backend, records.ids)
        self.held = self.owners(records)
        decisions = {}
        for record in records:
            linked = record.id in self.known
            stop = self.stopped_below(record, linked)
            decisions[record] = stop or self._decide(record)
        free = records.browse(
            [
                record.id
                for record, decision in decisions.items()
                if getattr(decision, "action", "") in ("create", "unmapped")
            ]
        )
        if free:
            found = self.candidates(free)
            for record in free:
                decisions[record] = self._decide_by_key(record, found[record.id])
        decisions |= self._claimed_twice(decisions)
        for record, decision in decisions.items():
            self.ends[record.id] = self._act(record, decision)

    def _claimed_twice(self, decisions):
        """{record: why it stops} of those that would all be linked to one and the same:
        which of them it is can't be known by their order."""
        claims = {}
        for record, decision in decisions.items():
            if getattr(decision, "action", "") in ("adopt", "propose"):
                claims.setdefault(decision.gid, []).append(record)
        return {
            record: Failure(
                "ambiguous_match",
                {
                    "key": self.env._("Shopify ID"),
                    "value": gid,
                    "candidates": [f"{each._name} {each.id}" for each in records],
                },
            )
            for gid, records in claims.items()
            if len(records) > 1
            for record in records
        }

    def _leave_out(self):
        """The records that may be made; the others get their ends."""
        there = self.records.exists()
        gone = self.records - there
        for record in gone:
            self.ends[record.id] = Outcome(
                "excluded", self.env._("The record is gone in Odoo.")
            )
        if gone:
            names = [self.name(record.id) for record in gone]
            for write in self.mutations._open_for(self.backend, names):
                self.mutations._close_after_commit([write.uuid])
        company = self.backend.company_id
        # sudo: to say whose it is
        self.foreign = there.sudo().filtered(
            lambda each: each.company_id and each.company_id != company
        )
        for record in self.foreign:
            self.ends[record.id] = Failure(
                "company_differs",
                {
                    "other": f"{record._name} {record.id}",
                    "company": record.company_id.display_name,
                    "store_company": company.display_name,
                },
            )
        return there.filtered(lambda record: record.id not in self.ends)

    def name(self, record_id):
        return f"out/{self.records._name}/{record_id}"

    def _open_writes(self):
        """{ID: its writes whose end isn't recorded, oldest first}"""
        names = {self.name(record.id): record.id for record in self.records}
        found = {}
        for write in self.mutations._open_for(self.backend, list(names)):
            for name in write.subjects:
                if name in names:
                    found.setdefault(names[name], []).append(write)
        return found

    def _what_people_said(self, records):
        """{ID: (sync row or None, causes of this run)}"""
        self.env.cr.execute(
            "SELECT subject_key, array_agg(DISTINCT cause) FROM shopify_trigger"
            " WHERE backend_id = %s AND direction = 'out' AND subject_type = %s"
            " AND subject_key = ANY(%s) GROUP BY subject_key",
            [self.backend.id, records._name, [str(key) for key in records.ids]],
        )
        causes = {int(key): set(found) for key, found in self.env.cr.fetchall()}
        rows = self.env["shopify.sync"]._rows_out(
            self.backend, records._name, records.ids
        )
        return {
            key: (rows.get(key, (None, False))[0], causes.get(key, set()))
            for key in records.ids
        }

    def _accepted(self, record):
        row, causes = self.asked[record.id]
        return "accepted" in causes or bool(row and row.is_accepted)

    def _may_create(self, record):
        """Only what a person asked for is made, now or in an earlier try."""
        row, causes = self.asked[record.id]
        before = row and row.state in ("waiting", "review")
        return self._accepted(record) or "retry" in causes or bool(before)

    # --- Deciding ---

    def _decide(self, record, candidates=identity.NO_CANDIDATES, **more):
        link, held = self.known.get(record.id), self.held.get(record.id)
        owner = self._owner(self.links, *held) if held else None
        in_review = self.backend._flow_policy(self.flow) == "review"
        return identity.decide_outbound(
            OutboundFacts(
                expected=self.expected(self.links, record, link, owner),
                linked_gid=link.shopify_gid if link else None,
                owner=owner,
                candidates=candidates,
                may_create=self._may_create(record),
                propose=in_review and not self._accepted(record),
                **more,
            )
        )

    def expected(self, links, record, link, owner=None):
        """The proof of a record. The token counts only once the link was verified: until
        then the mark in Shopify may be the one from before the link."""
        proofs = link._proofs(self.database) if link else {}
        if link not in proofs:
            birth = self.births.get((record._name, record.id), "none")
            return Proof(self.database, record._name, (record.id,), birth, "none yet")
        proof = proofs[link]
        there = owner.mark.proof if owner else None
        if isinstance(there, Proof) and there in (proof, link._proof_left()):
            return there
        if isinstance(there, Proof) and not link.verified_at:
            return replace(proof, token=there.token)
        return proof

    def _owner(self, links, gid, mark):
        linked = links._find(self.backend, [gid]).get(gid)
        record = linked and linked._marked_records()[linked]
        return Owner(gid, mark, record.id if record else None)

    def _decide_by_key(self, record, candidates):
        """The table's last row. The one candidate is looked at first: the search may be
        late, and whoever carries a mark isn't known by its key."""
        if isinstance(candidates, Failure):
            return candidates
        decision = self._decide(record, candidates)
        if decision.action not in ("adopt", "propose"):
            return decision
        gid = decision.gid
        node = read_nodes(self.client, READ, [gid], IDS_A_READ)[gid]
        if isinstance(node, Failure):
            return node
        if node is None:
            return self._decide(record, replace(candidates, remote_gids=()))
        mark = identity.mark_from_node(node)
        if mark.value is None:
            return decision
        self.held[record.id] = (gid, mark)
        return self._decide(record, candidates)

    def parted(self, record):
        """GIDs that a person parted from this record: they are no candidates."""
        rows = self.env["shopify.parted"].sudo()  # sudo: kept by people
        return rows.search(
            [
                ("backend_id", "=", self.backend.id),
                ("odoo_model", "=", record._name),
                ("odoo_id", "=", record.id),
            ]
        )

    # --- Acting ---

    def _act(self, record, decision):
        if isinstance(decision, Failure | Outcome):
            return decision
        match decision.action:
            case "stop":
                return decision.failure
            case "update":
                return self.linked(record, decision)
            case "unmapped":
                return Outcome(
                    "excluded",
                    self.env._("Nothing in Shopify fits, and nobody asked to make it."),
                )
            case "adopt" | "propose":
                return self._adopt(record, decision)
            case "create":
                return self._create(record)
        raise AssertionError(f"no such action here: {decision.action}")

    def linked(self, record, decision):
        if decision.mark_again:
            self.known[record.id]._ask_for_marks("cleared")
        return Outcome("unchanged", self.linked_note(record))

    def _adopt(self, record, decision):
        """Link what is there already; that it is read again does the rest."""
        gid = decision.gid
        apart = self.parted(record).filtered(lambda row: row.shopify_gid == gid)
        if apart:
            return self._kept_apart(record, apart)
        if decision.action == "propose":
            summary = self.env._("it will be linked to %s", gid)
            rows = [(self.word, gid, record.display_name)]
            stop = self._withheld(record, "linked", rows, summary)
            if stop:
                return stop
        held = self.held.get(record.id)
        # A mark of ours that stands there goes on to count, token and all.
        token = token_of(held[1]) if held and held[0] == gid else {}
        self.links._bind(
            self.backend, [{"shopify_gid": gid, "odoo_id": record.id, **token}]
        )
        self.read_in(gid)
        note = self.env._("It was there already: linked, not made.")
        change = Change(self.env._("Shopify"), None, gid)
        return Outcome("synced", note, (change,))

    def _kept_apart(self, record, rows):
        if "unlinked" in rows.mapped("mode"):
            return rows._stop().failure
        params = {"value": str(record.id), "other": rows[0].shopify_gid}
        return Failure("mark_refused", params)

    def _create(self, record):
        if not record.active:
            return Outcome("excluded", self.env._("It is archived in Odoo."))
        key = self.mutations._new_key()
        try:
            given, surcharge, rows = self.input(record, key)
        except NeedsReview as stop:
            return stop.failure
        apart = self.parted(record).filtered(lambda row: row.mode == "unlinked")
        if apart:
            return self._kept_apart(record, apart)
        summary = self.env._("it will be made in Shopify")
        stop = self._withheld(record, "sent", rows, summary)
        if stop:
            return stop
        try:
            _key, answer = self.mutations._perform(
                self.backend,
                self.client,
                self.write,
                {"input": given},
                [self.name(record.id)],
                {"id": record.id},
                key=key,
                surcharge=surcharge,
            )
        except ReadOnlyError:
            return Outcome("simulated", self.env._("Would have made it in Shopify."))
        except (ConflictError, RejectedError) as error:
            return self._refused(record, error)
        except ShopifyError as error:
            return remote_failure(self.backend, error)
        end = self._link_made(record, answer.data[self.root][self.made])
        self.mutations._close_after_commit([key])
        return end

    def _withheld(self, record, kind, rows, summary):
        """In review a person sees first what would be done."""
        row, causes = self.asked[record.id]
        if self.backend._flow_policy(self.flow) != "review":
            return None
        return self.env["shopify.sync"]._unless_accepted(
            row,
            exports.preview(kind, rows),
            summary,
            accepted=self._accepted(record),
            anew=bool({"retry", "accepted"} & causes),
        )

    def _refused(self, record, error):
        """Shopify has a unique value already: whose? Somebody was faster, or the look-up
        is behind. It is asked once more; what stays unexplained is looked at later."""
        self.held.update(self.owners(record))
        decision = self.stopped_below(record, False) or self._decide(record)
        if getattr(decision, "action", "") == "create":
            decision = self._decide_by_key(record, self.candidates(record)[record.id])
        if getattr(decision, "action", "") != "create":
            return self._act(record, decision)
        if any("metafields" in refused.field for refused in error.user_errors):
            return Failure("changed_meanwhile")
        return remote_failure(self.backend, error)

    # --- Writes whose end isn't recorded ---

    def _settle(self, record, writes):
        """The record's end; None when it may be decided anew."""
        end = None
        for write in writes:
            end, state = self._settle_one(record, write)
            if not state:
                return end
            self.mutations._close_after_commit([write.uuid], state)
        return end

    def _settle_one(self, record, write):
        """-> (end or None, the state that the write ends in; None: it stays open)"""
        if write.state == "applied":
            node = write.answer[self.root][self.made]
            return self._link_made(record, node), "settled"
        held = self.owners(record).get(record.id)
        link = self.links._links_of(self.backend, record.ids).get(record.id)
        if held and link and link.shopify_gid == held[0]:
            # The way in found it first, and the link has a token of its own by now.
            return self._made(held[0]), "settled"
        verdict = settle.settle_created(
            self.root,
            exports.proof_sent(write.variables["input"]),
            held,
            self._timing(write),
        )
        if verdict.kind == "applied":
            node = self.read_whole(verdict.gids[0])
            if isinstance(node, dict):
                return self._link_made(record, node), "settled"
            return node or Failure("shopify_record_gone"), None
        if verdict.kind == "not_applied":
            return None, "not_applied"
        if verdict.kind == "wait":
            wait = (verdict.until - self._now()).total_seconds()
            params = {"operation": self.write, "retry_after": max(1.0, wait)}
            return Failure("outcome_unknown", params), None
        return verdict.failure, None

    def _close_moved(self, record, writes):
        """What was being made when the record went to another company isn't linked. If it
        is there, the way in says whose it is."""
        for write in writes:
            if write.state == "applied":
                verdict = settle.applied(write.answer[self.root][self.made]["id"])
            else:
                verdict = settle.settle_created(
                    self.root,
                    exports.proof_sent(write.variables["input"]),
                    self.owners(record).get(record.id),
                    self._timing(write),
                )
            if verdict.kind == "applied":
                self.read_in(verdict.gids[0])
                self.mutations._close_after_commit([write.uuid])
            elif verdict.kind == "not_applied":
                self.mutations._close_after_commit([write.uuid], "not_applied")
            elif verdict.failure:
                self.ends[record.id] = verdict.failure

    def _timing(self, write):
        return settle.Timing(
            sent_at=write.created_at.replace(tzinfo=UTC),
            now=self._now(),
            timeout=timedelta(seconds=self.backend._parameter("read_timeout")),
            margin=timedelta(seconds=self.backend._parameter("verdict_wait")),
        )

    def _now(self):
        return fields.Datetime.now().replace(tzinfo=UTC)

    def _link_made(self, record, node):
        """Links of what we made, once: the way in may have found it first."""
        gid = node["id"]
        known = self.links._find(self.backend, [gid]).get(gid)
        if not known and record.id not in self.links._links_of(
            self.backend, record.ids
        ):
            self.bind(record, gid, node)
        return self._made(gid)

    def _made(self, gid):
        change = Change(self.env._("Shopify"), None, gid)
        return Outcome("synced", self.made_note(), (change,))

    def made_note(self):
        return self.env._("Made in Shopify.")


def look_up(client, operation, values, size):
    """{value: node} of a document that asks for `size` values at once, as v0, v1 …"""
    values, found = list(dict.fromkeys(values)), {}
    for start in range(0, len(values), size):
        part = values[start : start + size]
        asked = {f"v{place}": value for place, value in enumerate(part)}
        answer = client.execute(operation, asked)
        if answer.denied:
            # What isn't shown may be there all the same.
            raise NeedsReview.of(scope_failure(answer.denied, answer.denied_scopes))
        found.update(
            (value, answer.data[name])
            for name, value in asked.items()
            if answer.data[name]
        )
    return found


def token_of(mark):
    """The link's token as it went with the mark: {} if there is none to read."""
    proof = mark.proof if mark else None
    return {"token": proof.token} if isinstance(proof, Proof) else {}
