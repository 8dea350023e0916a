"""Changing links by a person's decision: relink, move, unlink, split, treat as new.

Only links change here, in one transaction; Shopify's marks follow by the engine, which
knows the mark that was left (`marked_proof`) and replaces or removes nothing else.
Whoever calls has checked roles: these methods can't be called by RPC.
"""

import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every

from ..api.errors import ShopifyError
from ..core import failures, identity
from ..core.failures import Failure
from ..core.marks import label
from ..core.matching import row_from_node
from .remote_failure import remote_failure
from .remote_nodes import read_nodes
from .shopify_mark import LINKS, READ
from .shopify_relink_order import PATIENCE

# What tells a person which record it is.
NAMES = "matching/read"

# What a reason's params name: a Shopify record, or an Odoo record as `label` has it.
# Whole names only: customer 1 isn't customer 12.
NAMED = r"gid://shopify/[A-Za-z]+/[0-9]+|[a-z0-9_]+(?:\.[a-z0-9_]+)+ [0-9]+"
SUBJECTS_A_CALL = 2000


class ShopifyBinding(models.AbstractModel):
    _inherit = "shopify.binding"

    # === THE ACTS === #

    def _relink(self, record, reason):
        """Let this link's Shopify record be another Odoo record."""
        self.ensure_one()
        reason = self._said(reason)
        self._hold_syncs()
        before = self._record()
        self._check_choice(self.backend_id, record)
        if record == before:
            raise UserError(
                self.env._("It is linked to %s already.", record.display_name)
            )
        self._move_to(record)
        self._note_link(
            "relinked",
            self.env._(
                "Linked to %(new)s (ID %(new_id)s) instead of %(old)s (ID %(old_id)s): "
                "%(reason)s. To undo it, relink it to ID %(old_id)s.",
                new=record.display_name,
                new_id=record.id,
                old=before.display_name,
                old_id=before.id,
                reason=reason,
            ),
            before,
        )
        self._look_again("relinked", before)

    def _relink_gid(self, gid, reason):
        """Let another Shopify record be this link's Odoo record: the old one is gone."""
        self.ensure_one()
        reason = self._said(reason)
        self._hold_syncs(gid)
        if not self.gone_at:
            raise UserError(
                self.env._(
                    "%s still exists in Shopify, as far as is known: its link stays. "
                    "Sync it once if it was deleted there.",
                    self.shopify_gid,
                )
            )
        taken = self._find(self.backend_id, [gid]).get(gid)
        if taken:
            raise UserError(
                self.env._(
                    "%(gid)s is linked to %(record)s already.",
                    gid=gid,
                    record=taken._record().display_name,
                )
            )
        old_gid = self.shopify_gid
        self._note_link("moved", self._moved_text(old_gid, gid, reason))
        self._as_engine().write(
            {
                "shopify_gid": gid,
                "gone_at": False,
                "remote_updated_at": False,
                **self._fresh_proof(),
            }
        )
        self.env["shopify.parted"].sudo()._of(self.backend_id, [gid]).get(
            gid, self.env["shopify.parted"]
        ).sudo().unlink()
        self._moved()
        self._note_link("moved", self._moved_text(old_gid, gid, reason), self._record())
        self.backend_id._release([f"{self._wait_prefix()}:{gid}"])
        self._look_again("relinked")

    def _moved_text(self, old_gid, gid, reason):
        return self.env._(
            "The link of %(record)s (ID %(id)s) moved from %(old)s, which is gone in "
            "Shopify, to %(new)s: %(reason)s.",
            record=self._record().display_name,
            id=self._record().id,
            old=old_gid,
            new=gid,
            reason=reason,
        )

    def _unlink_chosen(self, reason):
        """End this link. Neither record is deleted; they stay apart until a person links
        them again, and our mark is removed in Shopify."""
        self.ensure_one()
        reason = self._said(reason)
        links = [self, *self._unlinked_with()]
        for link in links:
            link._check_may_unlink(links)
            link._hold_syncs()
        for link in links:
            record = link._record()
            link._note_link(
                "unlinked",
                self.env._(
                    "Unlinked from %(record)s (ID %(id)s): %(reason)s. To undo it, link "
                    "them again: Shopify → To review, %(gid)s.",
                    record=record.display_name,
                    id=record.id,
                    reason=reason,
                    gid=link.shopify_gid,
                ),
                record,
            )
        marks = [(link._flow, "mark", *link._subject()) for link in links]
        reads = [
            (self._flow, "in", *subject) for subject in [self._reads_in()] if subject
        ]
        subjects = self._affected_subjects()
        others = self._unlinked_with()
        subjects += others._affected_subjects() if others else []
        for link in links:
            link._part("unlinked", link._left_proof(), reason)
        backend = self.backend_id
        # Variants go before their product, lines go with their order.
        for link in reversed(links):
            link._as_engine().unlink()
        self._ask_anew(backend, [*marks, *reads, *subjects], "unlinked")

    def _split(self, record, reason, other_gid=None):
        """Two that were made one: this Shopify record gets an Odoo record of its own,
        `record` or else a copy of the present one, without its keys. The present one is
        then the other Shopify record's, if that is named. Returns the record."""
        self.ensure_one()
        reason = self._said(reason)
        before = self._record()
        record = record or self._copy_of_record()
        self._relink(record, reason)
        if other_gid:
            links = self.browse()._link_chosen(
                self.backend_id, other_gid, before, reason
            )
            links._look_again("linked")
        return record

    @api.model
    def _treat_as_new(self, backend, client, gid, reason):
        """A copy in Shopify stands for nothing in Odoo yet, whatever its mark says.

        Reads it from Shopify, with all that it brings, so that exactly the marks that
        were seen are the ones that mean nothing. Raises UserError where none does.
        """
        reason = self._said(reason)
        subject, parts = self._read_with_parts(backend, client, gid)
        parted = self.env["shopify.parted"].sudo()
        values, told = [], parted.browse()
        for model, part in parts.items():
            links = self.env[model].sudo()
            linked = links._find(backend, part)
            free = {each: node for each, node in part.items() if each not in linked}
            values += links._marks_disowned(free, reason)
            for rows in parted._of(backend, free).values():
                told |= rows
        if not values and not told:
            raise UserError(
                self.env._("%s carries no Odoo ID that stands in its way.", gid)
            )
        text = self._new_text(values, told, reason)
        records = {(each["odoo_model"], each["odoo_id"]) for each in values}
        records |= {(row.odoo_model, row.odoo_id) for row in told}
        told.write({"mode": "new"})
        parted._part(backend, values)
        self.env["shopify.event"].sudo().create(
            [
                self._event_of(backend, kind, key, "new", text)
                for kind, key in [(self._shopify_type, gid), *sorted(records)]
            ]
        )
        self.env["shopify.trigger"].sudo()._insert(
            backend, [(self._flow, "in", *subject)], "retry"
        )

    @api.model
    def _read_with_parts(self, backend, client, gid):
        """-> (the subject that this is read by, {link model: {GID: node}} of all that
        bears a mark of its own). Raises UserError where there is none such."""
        never = self.env._("Records of this kind can't be treated as new.")
        try:
            node = self._fetch(backend, client, [gid])[gid]
        except NotImplementedError as error:
            raise UserError(never) from error
        if isinstance(node, Failure) or node is None:
            raise UserError(self.env._("%s can't be read in Shopify now.", gid))
        parts = self._identity_nodes({gid: node})
        if not parts:
            raise UserError(never)
        return (self._shopify_type, gid), parts

    @api.model
    def _marks_disowned(self, nodes, reason):
        """Values of the pairs that marks of ours on these would make."""
        database, model = self.env["shopify.mark"]._database(), self._model_marked()
        proofs = {
            gid: identity.mark_from_node(node).proof for gid, node in nodes.items()
        }
        return [
            self._parted_values("new", gid, proof, reason)
            for gid, proof in proofs.items()
            if isinstance(proof, identity.Proof)
            and (proof.database, proof.model) == (database, model)
        ]

    @api.model
    def _new_text(self, values, told, reason):
        if values:
            record = label(values[0]["odoo_model"], values[0]["odoo_id"])
            return self.env._(
                "Treated as new, though it carried the Odoo ID of %(record)s: "
                "%(reason)s. To undo it, unlink it and link it to that record.",
                record=record,
                reason=reason,
            )
        return self.env._(
            "Treated as new after it was unlinked from %(record)s: %(reason)s. To undo "
            "it, unlink it and link it to that record.",
            record=label(told[0].odoo_model, told[0].odoo_id),
            reason=reason,
        )

    # === WHAT SHOPIFY SAYS === #

    @api.model
    def _ask(self, backend, question):
        """What Shopify answers to `question(client)`; its errors in plain words."""
        # sudo: the engine's door; whoever links may not read the store's secrets
        store = backend.sudo()
        try:
            with store._client(longest_wait=PATIENCE) as client:
                return question(client)
        except ShopifyError as error:
            failure = remote_failure(store, error)
            raise UserError(failures.render(failure, store.name)) from error

    @api.model
    def _name_in_shopify(self, backend, gid):
        """What the record is called there, read now. Raises UserError where there is
        none such."""
        node = self._ask(
            backend, lambda client: read_nodes(client, NAMES, [gid], 1)[gid]
        )
        if isinstance(node, Failure):
            raise UserError(failures.render(node, backend.sudo().name))
        if node is None:
            raise UserError(
                self.env._("There is no %s in Shopify (any more): look it up.", gid)
            )
        return self._name_of(backend, node) or gid

    @api.model
    def _name_of(self, backend, node):
        row = row_from_node(self._shopify_type, node)
        return ", ".join(filter(None, [row.name, row.sku]))

    # === PARTS OF THEM === #

    def _record(self):
        self.ensure_one()
        return self._marked_records()[self]

    def _subject(self):
        return self._shopify_type, self.shopify_gid

    @api.model
    def _said(self, reason):
        reason = (reason or "").strip().rstrip(".")
        if not reason:
            raise UserError(self.env._("Say why: others will want to know."))
        return reason

    def _look_if_gone(self, client):
        """Read from Shopify, now, whether this link's record is gone there. What it only
        withholds (old orders) looks the same, and isn't."""
        if self.gone_at or self.backend_id._withheld_links(self):
            return
        nodes = read_nodes(client, READ, [self.shopify_gid], 1)
        if nodes[self.shopify_gid] is None:
            self._as_engine().gone_at = fields.Datetime.now()

    def _hold_syncs(self, *gids):
        """Nobody may be at work on these: their facts would be of another moment."""
        names = [self.shopify_gid, *gids]
        rows = (
            self.env["shopify.sync"]
            .sudo()  # a lock, whoever may see them
            .search(
                [
                    ("backend_id", "=", self.backend_id.id),
                    ("subject_type", "=", self._shopify_type),
                    ("subject_key", "in", names),
                ]
            )
        )
        if rows:
            rows._hold()

    @api.model
    def _check_choice(self, backend, record):
        """Raise UserError where this record can't be what the Shopify record is."""
        record.ensure_one()
        company = record.company_id if "company_id" in record._fields else None
        if company and company != backend.company_id:
            raise UserError(
                self.env._(
                    "%(record)s belongs to %(other)s, the store to %(company)s.",
                    record=record.display_name,
                    other=company.name,
                    company=backend.company_id.name,
                )
            )
        other = self.sudo()._links_of(backend, record.ids).get(record.id)
        if other and other != self:
            raise UserError(
                self.env._(
                    "%(record)s is linked to %(gid)s in this store already: one record, "
                    "one link. Unlink or relink that one first.",
                    record=record.display_name,
                    gid=other.shopify_gid,
                )
            )

    def _move_to(self, record):
        """Write the new record, with a new token: the old mark is known as the previous
        one and is replaced."""
        self._as_engine().write(
            {
                **self._record_values(record),
                **self._fresh_proof(),
                **self._forgotten(),
            }
        )
        self._moved()

    def _record_values(self, record):
        return {self._record_field: record.id}

    def _fresh_proof(self):
        return {
            "token": secrets.token_hex(8),
            "verified_at": False,
            "marked_proof": self._left_proof(),
        }

    def _forgotten(self):
        """What was known of both sides' values holds for the old pair only."""
        return {"synced_values": False, "content_digest": False}

    def _moved(self):
        """What hangs on the link follows."""

    def _left_proof(self):
        """Text of the proof that Shopify holds, or may come to hold, from before."""
        self.ensure_one()
        proofs = self._proofs(self.env["shopify.mark"]._database())
        own = proofs[self].to_json() if self in proofs else False
        return self.marked_proof or own

    def _part(self, mode, proof, reason):
        values = self._parted_values(mode, self.shopify_gid, None, reason)
        values.update(odoo_id=self._record().id, proof=proof)
        self.env["shopify.parted"].sudo()._part(self.backend_id, [values])

    @api.model
    def _parted_values(self, mode, gid, proof, reason):
        return {
            "shopify_type": self._shopify_type,
            "shopify_gid": gid,
            "odoo_model": self._model_marked(),
            "odoo_id": proof.ids[0] if proof else 0,
            "mode": mode,
            "proof": proof.to_json() if proof else False,
            "reason": reason,
        }

    def _unlinked_with(self):
        """Links of another model that can't stay without this one."""
        return ()

    def _check_may_unlink(self, links):
        """Raise UserError while something else stands on this link."""

    def _copy_of_record(self):
        raise UserError(
            self.env._("Choose the Odoo record that it should be: none can be made.")
        )

    # === WHO IS AFFECTED === #

    def _open_syncs(self, *records, limit):
        """Open items that an act on this link may release: of it, waiting for it, or
        stopped for it, its record, or one of these. -> (the newest, how many in all)"""
        self.env.cr.execute(
            SQL(
                "%s SELECT id, count(*) OVER () FROM affected ORDER BY id DESC LIMIT %s",
                self._affected(records),
                limit,
            )
        )
        found = self.env.cr.fetchall()
        # sudo: whoever may act on the link sees what it affects
        rows = self.env["shopify.sync"].sudo().browse(id for id, _count in found)
        return rows, found[0][1] if found else 0

    def _affected_subjects(self, *records):
        """Subjects of all open items that an act on these links may release."""
        self.env.cr.execute(
            SQL(
                "%s SELECT flow, direction, subject_type, subject_key"
                " FROM shopify_sync JOIN affected USING (id) ORDER BY id",
                self._affected(records),
            )
        )
        return self.env.cr.fetchall()

    def _affected(self, records):
        """`WITH affected (id)`: three looks, each by an index of its own."""
        self.env.flush_all()
        gids = self.mapped("shopify_gid")
        own = [link._record() for link in self]
        names = [*gids, *(label(r._name, r.id) for r in (*own, *records) if r)]
        is_open = SQL(
            "sync.backend_id = ANY(%s) AND sync.state IN ('review', 'waiting')",
            self.backend_id.ids,
        )
        return SQL(
            """
            WITH affected AS (
                SELECT sync.id FROM shopify_sync sync
                 WHERE %(is_open)s AND sync.subject_key = ANY(%(gids)s)
                 UNION
                SELECT sync.id
                  FROM shopify_sync_wait wait
                  JOIN shopify_sync sync ON sync.id = wait.sync_id
                 WHERE %(is_open)s AND wait.key = ANY(%(keys)s)
                 UNION
                SELECT sync.id FROM shopify_sync sync
                 WHERE %(is_open)s AND sync.nature IN ('data', 'conflict')
                   AND EXISTS (
                        SELECT FROM regexp_matches(
                                sync.reason_params::text, %(named)s, 'g') AS found
                         WHERE found[1] = ANY(%(names)s)))
            """,
            is_open=is_open,
            gids=gids,
            keys=[f"{self._wait_prefix()}:{gid}" for gid in gids],
            named=NAMED,
            names=names,
        )

    def _look_again(self, cause, *records):
        """Look again at the record itself, at its mark, and at what was stopped."""
        self._ask_for_marks(cause)
        subjects = self._affected_subjects(*records)
        if self._reads_in():
            subjects.append((self._flow, "in", *self._reads_in()))
        self._ask_anew(self.backend_id, subjects, cause)

    @api.model
    def _ask_anew(self, backend, subjects, cause):
        for part in split_every(SUBJECTS_A_CALL, subjects):
            self.env["shopify.trigger"].sudo()._insert(backend, part, cause)

    def _reads_in(self):
        """(type, key) of the subject by which this record is read, or None."""
        return self._subject()

    # === HISTORY === #

    def _note_link(self, outcome, message, *records):
        """Write it down for the Shopify record, and for Odoo records that the link does
        not, or may not for ever, lead to."""
        backend = self.backend_id
        subjects = [self._subject(), *((r._name, r.id) for r in records if r)]
        self.env["shopify.event"].sudo().create(
            [
                self._event_of(backend, kind, key, outcome, message)
                for kind, key in subjects
            ]
        )

    @api.model
    def _event_of(self, backend, kind, key, outcome, message):
        return {
            "backend_id": backend.id,
            "kind": "person",
            "flow": self._flow,
            "direction": "in",
            "subject_type": kind,
            "subject_key": str(key),
            "record_name": self._record().display_name if self else str(key),
            "caused_by_id": self.env.uid,
            "outcome": outcome,
            "message": message,
        }

    def action_relink(self):
        """Open the wizard that changes this link."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Change the link"),
            "res_model": "shopify.relink.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_backend_id": self.backend_id.id,
                "default_shopify_type": self._shopify_type,
                "default_shopify_gid": self.shopify_gid,
            },
        }


class ShopifyProductTemplate(models.Model):
    _inherit = "shopify.product.template"

    def _move_to(self, record):
        """Its variants go along, paired by SKU or barcode: they can't stay behind with
        another product unnoticed."""
        pairs = self._paired_variants(record)
        result = super()._move_to(record)
        self._as_engine().made_here = False
        for link, variant in pairs.items():
            before = link._record()
            link._check_choice(self.backend_id, variant)
            link._hold_syncs()
            link._move_to(variant)
            link._ask_for_marks("relinked")
            text = self.env._(
                "Linked to %(new)s (ID %(id)s) with its product.",
                new=variant.display_name,
                id=variant.id,
            )
            link._note_link("relinked", text, before)
        return result

    def _paired_variants(self, template):
        """{variant link: variant of this product}; raises UserError where that isn't
        clear."""
        links, variants = self.variant_link_ids, template.product_variant_ids
        if len(links) == 1 and len(variants) == 1:
            return {links: variants}
        found = {}
        for link in links:
            own = link.odoo_id
            same = variants.filtered(
                lambda v, own=own: (
                    (own.default_code and v.default_code == own.default_code)
                    or (own.barcode and v.barcode == own.barcode)
                )
            )
            if len(same) != 1:
                raise UserError(
                    self.env._(
                        "No variant of %(product)s is clearly %(variant)s: give them "
                        "the same SKU, or relink the variants one by one first.",
                        product=template.display_name,
                        variant=link.label or own.display_name,
                    )
                )
            if same != own:
                found[link] = same
        return found

    def _unlinked_with(self):
        return self.variant_link_ids

    def _copy_of_record(self):
        if len(self.odoo_id.product_variant_ids) > 1:
            raise UserError(
                self.env._(
                    "Choose the Odoo product that it should be: one with several "
                    "variants isn't copied."
                )
            )
        copy = self.sudo().odoo_id.copy({"name": self.odoo_id.name})
        copy.product_variant_id.write({"default_code": False, "barcode": False})
        return copy.sudo(False)


class ShopifyProductProduct(models.Model):
    _inherit = "shopify.product.product"

    @api.model
    def _check_choice(self, backend, record):
        result = super()._check_choice(backend, record)
        if record.uom_id != self.env.ref("uom.product_uom_unit"):
            raise UserError(
                self.env._(
                    "%(product)s is kept in %(unit)s; Shopify counts pieces.",
                    product=record.display_name,
                    unit=record.uom_id.name,
                )
            )
        return result

    def _moved(self):
        """What both sides agreed on of stock was another pair's: it begins anew, with
        the first go."""
        result = super()._moved()
        # The item of a variant that was made anew in Shopify isn't known before it is
        # read; nothing may be pushed to the old one.
        levels = self.env["shopify.stock.level"].sudo()
        levels.search([("variant_link_id", "in", self.ids)]).unlink()
        levels._ensure_levels(self.backend_id, variant_links=self)
        return result

    def _relink_gid(self, gid, reason):
        self._read_gidsof(self.backend_id, gid)
        result = super()._relink_gid(gid, reason)
        self._as_engine().write({"inventory_item_gid": False, "tracked": False})
        self.env["shopify.stock.level"].sudo().search(
            [("variant_link_id", "in", self.ids)]
        ).unlink()
        return result

    def _reads_in(self):
        return ("Product", self.product_gid) if self.product_gid else None

    @api.model
    def _read_with_parts(self, backend, client, gid):
        """A variant is read with its product; the others of it are left as they are."""
        node = read_nodes(client, NAMES, [gid], 1)[gid]
        if isinstance(node, Failure) or node is None:
            raise UserError(self.env._("%s can't be read in Shopify now.", gid))
        subject, parts = self.env["shopify.product.template"]._read_with_parts(
            backend, client, node["product"]["id"]
        )
        return subject, {self._name: {gid: parts[self._name][gid]}}

    def _copy_of_record(self):
        copy = self.sudo().odoo_id.copy({"name": self.odoo_id.name})
        copy.write({"default_code": False, "barcode": False})
        return copy.sudo(False)

    def _forgotten(self):
        """The key that a product was made for stays with that product."""
        return super()._forgotten() | {"made_key": False}


class ShopifyResPartner(models.Model):
    _inherit = "shopify.res.partner"

    def _move_to(self, record):
        """Further accounts of the contact go along; one that is moved itself is a main
        link from now on."""
        result = super()._move_to(record)
        if self.alias_of_id:
            self._as_engine().alias_of_id = False
        self.alias_ids._as_engine().write({"odoo_id": record.id})
        return result

    def _make_alias(self, main, reason):
        """Let this link be a further account of another link's contact."""
        self._hold_syncs()
        before, record = self._record(), main._record()
        values = {"odoo_id": record.id, "alias_of_id": main.id, **self._fresh_proof()}
        for alias in self.alias_ids:
            alias._as_engine().write({"odoo_id": record.id, "alias_of_id": main.id})
        self._as_engine().write(values)
        text = self.env._(
            "A further account of %(record)s (ID %(id)s), whose main customer is "
            "%(gid)s: %(reason)s. To undo it, split it.",
            record=record.display_name,
            id=record.id,
            gid=main.shopify_gid,
            reason=reason,
        )
        self._note_link("made an alias", text, before)
        self._look_again("relinked")

    def _check_may_unlink(self, links):
        if self.alias_ids:
            raise UserError(
                self.env._(
                    "%s are further accounts of this contact: split or unlink them "
                    "first.",
                    ", ".join(self.alias_ids.mapped("shopify_gid")),
                )
            )

    def _copy_of_record(self):
        copy = self.sudo().odoo_id.copy({"name": self.odoo_id.name, "email": False})
        return copy.sudo(False)


class ShopifyMappingLocation(models.Model):
    _inherit = "shopify.mapping.location"

    _record_field = "location_id"

    def _record_values(self, record):
        """The warehouse is the one that the place belongs to: orders go there."""
        if not record.warehouse_id:
            raise UserError(
                self.env._(
                    "%s belongs to no warehouse: no order could be sent from there.",
                    record.display_name,
                )
            )
        return super()._record_values(record) | {"warehouse_id": record.warehouse_id.id}

    @api.model
    def _name_of(self, backend, node):
        """Every location of the shop has a row here, with its name."""
        return self.sudo()._find(backend, [node["id"]]).get(node["id"], self).name

    def _moved(self):
        result = super()._moved()
        levels = self.env["shopify.stock.level"].sudo()
        levels.search([("location_link_id", "in", self.ids)]).unlink()
        levels._ensure_levels(self.backend_id, location_links=self)
        return result

    def _check_may_unlink(self, links):
        raise UserError(
            self.env._(
                "A location is mapped, not linked: remove its warehouse in "
                "Configuration → Locations."
            )
        )


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    _open_stops = models.Index(
        "(backend_id) WHERE state IN ('review', 'waiting')"
        " AND nature IN ('data', 'conflict')"
    )


def link_model(env, shopify_type):
    """The link model of a Shopify type; raises UserError where it has none."""
    if shopify_type not in LINKS:
        raise UserError(env._("Records of this kind have no link of their own."))
    return env[LINKS[shopify_type]]
