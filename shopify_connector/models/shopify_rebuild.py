"""The ways back: links from the marks in Shopify, and marks in Shopify from the links.

Rebuild: links were lost here (tables emptied, a backup restored). Whatever a proof in
Shopify confirms is linked again, with the token that it holds, so that both sides agree
without a write. Nothing else is made or changed; what can't be confirmed is listed.

Writing again: the app was made anew in Shopify under another client ID, so that all that
the old one wrote is out of sight. The links here are the truth then.
"""

from dataclasses import replace

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import audit, customers, identity, matching
from ..core.customers import CONTACT, CUSTOMER
from ..core.failures import NeedsReview
from ..core.identity import Proof
from .match_judge import Judge
from .roles import MANAGER, check_role
from .shopify_audit import Auditor, _node, decide, find_all
from .shopify_copy import NOT_REBUILT
from .shopify_mark import LINKS
from .shopify_res_partner import address_of
from .short_transaction import short_transaction

LINKS_A_LOT = 500
# A product before its variants: their links hang on its.
IN_TURN = ("Location", "Product", "ProductVariant", "Customer", "Order")
# Findings of an audit that are no lost link.
NOT_LOST = ("missing", "copied")
# Seconds between two looks at how far the writing is, and looks without any progress.
PAUSE, MOST_IDLE_LOOKS = 15, 40

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
            gid: _node(gid, r["mark_value"], r["mark_proof"]) for gid, r in rows.items()
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


class Remarker(Judge):
    """Asks for the mark of every link whose Shopify record is there."""

    def advance(self, part):
        model = self._model(part.shopify_type)
        rows = self._all(
            "SELECT l.id, l.shopify_gid, m.id IS NOT NULL"
            f" FROM {model._table} l LEFT JOIN shopify_match m"
            "  ON m.scan_id = %(scan)s AND m.shopify_gid = l.shopify_gid"
            " WHERE l.backend_id = %(backend)s AND l.id > %(after)s"
            f" AND l.shopify_gid IS NOT NULL AND l.{model._record_field} IS NOT NULL"
            " AND l.gone_at IS NULL ORDER BY l.id LIMIT %(lot)s",
            after=part.compared_to,
        )
        if not rows:
            part.write({"state": "compared", "stage": False})
            return
        there = [gid for _id, gid, is_there in rows if is_there]
        absent = model.browse([id for id, _gid, is_there in rows if not is_there])
        gone = absent - self._backend._withheld_links(absent)
        triggers = self.env["shopify.trigger"].sudo()
        kind, flow = part.shopify_type, model._flow
        triggers._insert_missing(
            self._backend, [(flow, "mark", kind, gid) for gid in there], "new app"
        )
        # Whether these are gone, a look at each will tell.
        triggers._insert_missing(
            self._backend,
            [
                (flow, "in", *subject)
                for link in gone
                if (subject := link._reads_in()) and subject[1]
            ],
            "new app",
        )
        tally = dict(part.tally or {})
        tally["withheld"] = tally.get("withheld", 0) + len(absent - gone)
        tally["asked"] = tally.get("asked", 0) + len(there)
        part.write(
            {
                "compared_to": rows[-1][0],
                "compared_count": min(part.read_count, tally["asked"]),
                "tally": tally,
            }
        )


class ShopifyBinding(models.AbstractModel):
    _inherit = "shopify.binding"

    @api.model
    def _rebuilt_values(self, backend, rows, proofs):
        """{GID: values of the link}; rows: {GID: columns of shopify.match}."""
        return {
            gid: {"shopify_gid": gid, self._record_field: proofs[gid].ids[0]}
            for gid in rows
        }

    @api.model
    def _rebind(self, backend, values, proofs):
        """Make these links as they were: the mark in Shopify stands already. Where what
        we would write differs all the same, it is written again."""
        links = self._as_engine().create(
            [{"backend_id": backend.id, **each} for each in values.values()]
        )
        links._rebuilt(backend, proofs)
        backend._release(
            [f"{self._wait_prefix()}:{link.shopify_gid}" for link in links]
        )
        own = links._proofs(self.env["shopify.mark"]._database())
        links.filtered(
            lambda link: own.get(link) != proofs[link.shopify_gid]
        )._ask_for_marks("rebuilt")
        return self.browse(links.ids)

    def _rebuilt(self, backend, proofs):
        """What hangs on the links: each type's own."""


class ShopifyProductProduct(models.Model):
    _inherit = "shopify.product.product"

    @api.model
    def _rebuilt_values(self, backend, rows, proofs):
        products = self.env["shopify.product.template"]._find(
            backend, {row["parent_gid"] for row in rows.values()}
        )
        values = super()._rebuilt_values(backend, rows, proofs)
        for gid, each in values.items():
            row = rows[gid]
            facts, product = row["facts"] or {}, products.get(row["parent_gid"])
            each |= {
                "product_gid": row["parent_gid"],
                "product_link_id": product.id if product else False,
                "inventory_item_gid": facts.get("inventory_item") or False,
                "tracked": bool(facts.get("stocked")),
                "label": row["sku"] or row["name"],
                "main_quantity": (proofs[gid].quantities or (1,))[0],
            }
        return values

    def _rebuilt(self, backend, proofs):
        values = []
        for link in self:
            proof = proofs[link.shopify_gid]
            counts = proof.quantities or (1,) * len(proof.ids)
            values += [
                {"link_id": link.id, "product_id": product_id, "quantity": count}
                for product_id, count in zip(proof.ids[1:], counts[1:], strict=True)
            ]
        self.env["shopify.product.component"].create(values)

    @api.model
    def _bind(self, backend, vals_list):
        """See shopify.binding; `proof`, where an import finds a lost link again: what
        one unit of a pack holds stands there, and would be lost with the next mark."""
        proofs = {}
        for vals in vals_list:
            proof = vals.pop("proof", None)
            if proof and (len(proof.ids) > 1 or proof.quantities):
                proofs[vals["shopify_gid"]] = proof
        links = super()._bind(backend, vals_list)
        packs = links.filtered(lambda link: link.shopify_gid in proofs)._as_engine()
        packs._take_contents(backend, proofs)
        return links

    def _take_contents(self, backend, proofs):
        ids = {id for proof in proofs.values() for id in proof.ids[1:]}
        there = set(self.env["product.product"].browse(ids).exists().ids)
        for link in self:
            proof = proofs[link.shopify_gid]
            if not there.issuperset(proof.ids[1:]):
                raise NeedsReview(
                    "identity_record_gone",
                    theirs=", ".join(f"product.product {id}" for id in proof.ids),
                )
            link.main_quantity = (proof.quantities or (1,))[0]
        self._rebuilt(backend, proofs)


class ShopifySaleOrder(models.Model):
    _inherit = "shopify.sale.order"

    @api.model
    def _rebuilt_values(self, backend, rows, proofs):
        values = super()._rebuilt_values(backend, rows, proofs)
        for gid, each in values.items():
            each["name"] = rows[gid]["name"]
        return values

    def _rebuilt(self, backend, proofs):
        """Its lines are found by reading the order: Shopify marks none of them."""
        self.env["shopify.trigger"].sudo()._insert_missing(
            backend,
            [(self._flow, "in", self._shopify_type, gid) for gid in proofs],
            "rebuilt",
        )

    def _restore_around(self, backend, plan):
        """The order's lines are linked again; now its people and its deliveries. A
        delivery finds what Shopify holds of it, and sends nothing that is there."""
        self.env["shopify.res.partner"]._restore_keys(backend, plan, self.sale_order_id)
        sent = self.sale_order_id.picking_ids.filtered(
            lambda picking: (
                picking.state == "done"
                and picking.picking_type_id.code in ("outgoing", "dropship")
                and backend not in picking.shopify_binding_ids.backend_id
            )
        )
        self.env["shopify.trigger"].sudo()._insert_missing(
            backend,
            [("fulfilments", "out", "stock.picking", str(each.id)) for each in sent],
            "rebuilt",
        )


class ShopifyResPartner(models.Model):
    _inherit = "shopify.res.partner"

    @api.model
    def _restore_keys(self, backend, plan, order):
        """What the buyer of a restored order and its addresses are recognised by; only
        where the order's own contacts say the same still. So the next order finds them.

        plan: core OrderPlan; order: its sale order.
        """
        buyer, person = order.partner_id, plan.customer
        values = []
        if self._is_still(buyer, person) and not self._claims(
            backend, [person.match_key]
        ):
            values.append(
                {"kind": CUSTOMER, "match_key": person.match_key, "odoo_id": buyer.id}
            )
        places = (
            (order.partner_invoice_id, plan.bill_to),
            (order.partner_shipping_id, plan.ship_to),
        )
        contacts = {
            (buyer.id, address.key()): contact.id
            for contact, address in places
            if contact.parent_id == buyer and _lives_at(contact, address)
        }
        known = self._known_contacts(backend, contacts)
        values += [
            {
                "kind": CONTACT,
                "match_key": key,
                "parent_partner_id": buyer.id,
                "odoo_id": contact_id,
            }
            for (_buyer, key), contact_id in contacts.items()
            if (_buyer, key) not in known
        ]
        self._as_engine().create([{"backend_id": backend.id, **v} for v in values])

    @api.model
    def _is_still(self, buyer, person):
        if not person.match_key:
            return False
        if person.email:
            email = buyer.email_normalized or buyer.email
            return customers.normal_email(email) == person.email
        return buyer.name == person.name


def _lives_at(contact, address):
    if not (address and address.has_place):
        return False
    own = address_of(contact)
    return bool(own) and customers.contacts_for(own, None, address).delivery is None


class ShopifyMappingLocation(models.Model):
    _inherit = "shopify.mapping.location"

    @api.model
    def _rebind(self, backend, values, proofs):
        """Every location of the shop has a row already, or gets one."""
        rows = self._find(backend, values)
        self._as_engine().create(
            [
                {"backend_id": backend.id, "shopify_gid": gid, "name": each["name"]}
                for gid, each in values.items()
                if gid not in rows
            ]
        )
        for gid, row in self._find(backend, values).items():
            place = self.env["stock.location"].browse(values[gid]["location_id"])
            # The whole warehouse first: it would choose its own stock.
            own = {"warehouse_id": place.warehouse_id.id, "location_id": place.id}
            row._as_engine().write(values[gid] | own)
        return self.browse()

    @api.model
    def _rebuilt_values(self, backend, rows, proofs):
        values = super()._rebuilt_values(backend, rows, proofs)
        for gid, each in values.items():
            each["name"] = rows[gid]["name"]
        return values


class ShopifyScan(models.Model):
    _inherit = "shopify.scan"

    purpose = fields.Selection(
        selection_add=[("remark", "All IDs Again")], ondelete={"remark": "cascade"}
    )
    left_count = fields.Integer("IDs Not Written Yet")

    @api.depends("left_count")
    def _compute_progress(self):
        """Writing takes most of the time."""
        result = super()._compute_progress()
        for scan in self.filtered(lambda scan: scan.purpose == "remark"):
            asked = sum((p.tally or {}).get("asked", 0) for p in scan.part_ids)
            if scan.state == "comparing" and asked:
                done = max(0, asked - scan.left_count)
                scan.progress = round(scan.progress / 2 + 50.0 * done / asked, 1)
            elif scan.state != "done":
                scan.progress = round(scan.progress / 2, 1)
        return result

    def _judge(self):
        own = {"rebuild": Rebuilder, "remark": Remarker}.get(self.purpose)
        return own(self) if own else super()._judge()

    def _types_in_turn(self):
        return IN_TURN if self.purpose == "rebuild" else super()._types_in_turn()

    def _after_comparing(self, client):
        if self.purpose == "rebuild":
            return self._after_rebuilding()
        if self.purpose != "remark":
            return super()._after_comparing(client)
        left = self._unwritten()
        count = sum(map(len, left.values()))
        if count != self.left_count:
            self.write({"left_count": count, "looks": 0})
        if not count:
            return None
        self.looks += 1
        if not self._is_writing() or self.looks > MOST_IDLE_LOOKS:
            for kind, links in left.items():
                self._list_unwritten(kind, links)
            return None
        return PAUSE

    def _after_rebuilding(self):
        """Stock waits until orders are read: what they hold counts in it."""
        backend = self.backend_id
        if self.part_ids.filtered(lambda part: part.state == "failed"):
            return None
        if not self.looks:
            # sudo: the engine's own pause
            waiting = backend.sudo().flow_ids.filtered(
                lambda flow: flow.paused_reason == NOT_REBUILT and flow.flow != "stock"
            )
            waiting._resume()
        self.looks += 1
        if self._reads_orders() and self.looks <= MOST_IDLE_LOOKS:
            return min(PAUSE, 3 * self.looks)
        self.env["shopify.stock.level"].sudo()._ensure_levels(backend)
        return None

    def _reads_orders(self):
        """Whether orders that were linked again are still to be read."""
        if self.backend_id._flow_policy("orders") == "off":
            return False
        # sudo: the engine's own books
        return bool(
            self.env["shopify.trigger"]
            .sudo()
            .search(
                [
                    ("backend_id", "=", self.backend_id.id),
                    ("direction", "=", "in"),
                    ("subject_type", "=", "Order"),
                    ("cause", "=", "rebuilt"),
                ],
                limit=1,
            )
        )

    def _unwritten(self):
        """{Shopify type: links whose Odoo ID isn't verified in Shopify yet}; of flows
        that are on, and of records that were listed."""
        found = {}
        for kind, name in LINKS.items():
            model = self.env[name]
            if self.backend_id._flow_policy(model._flow) == "off":
                continue
            alias = " AND l.alias_of_id IS NULL" if kind == "Customer" else ""
            self.env.flush_all()
            self.env.cr.execute(
                f"SELECT l.id FROM {model._table} l JOIN shopify_match m"
                "  ON m.scan_id = %s AND m.shopify_gid = l.shopify_gid"
                f" WHERE l.backend_id = %s AND l.{model._record_field} IS NOT NULL"
                f" AND l.verified_at IS NULL AND l.gone_at IS NULL{alias}",
                [self.id, self.backend_id.id],
            )
            ids = [id for (id,) in self.env.cr.fetchall()]
            if ids:
                found[kind] = model.browse(ids)
        return found

    def _is_writing(self):
        """Whether the engine has marks of this store to write."""
        common = [("backend_id", "=", self.backend_id.id), ("direction", "=", "mark")]
        # sudo: the engine's own books
        if self.env["shopify.trigger"].sudo().search(common, limit=1):
            return True
        waiting = [*common, ("state", "=", "waiting")]
        return bool(self.env["shopify.sync"].sudo().search(waiting, limit=1))

    def _list_unwritten(self, kind, links):
        found = {link.shopify_gid: audit.Finding("missing", "mark") for link in links}
        self.env["shopify.audit.finding"]._insert(self, kind, found, state="review")

    def _finish(self):
        super()._finish()
        if self.state == "failed":
            return
        if self.purpose == "rebuild":
            self.backend_id._links_rebuilt()
        elif self.purpose == "remark" and not self.left_count:
            self.backend_id.marks_lost_at = False

    def _conclude(self, sides):
        if self.purpose not in ("rebuild", "remark"):
            return super()._conclude(sides)
        tally = {}
        for part in self.part_ids:
            for name, count in (part.tally or {}).items():
                tally[name] = tally.get(name, 0) + count
        failed = self.part_ids.filtered(lambda part: part.state == "failed")
        told = [self._gaps(sides)] if failed else []
        if self.purpose == "rebuild":
            told.append(
                self.env._(
                    "%(restored)s links restored, %(kept)s were here, %(review)s could "
                    "not be restored.",
                    restored=tally.get("restored", 0),
                    kept=tally.get("kept", 0),
                    review=self.review_count,
                )
            )
        else:
            told += self._conclude_writing(tally)
        return " ".join(told)

    def _conclude_writing(self, tally):
        asked = tally.get("asked", 0)
        told = [
            self.env._(
                "%(done)s of %(asked)s IDs are written and verified.",
                done=asked - self.left_count - self._off_count(),
                asked=asked,
            )
        ]
        if self.left_count:
            told.append(self.env._("%s are left, see below.", self.left_count))
        if self._off_count():
            told.append(
                self.env._(
                    "%s belong to flows that are off: written when they are switched on.",
                    self._off_count(),
                )
            )
        if tally.get("withheld"):
            told.append(
                self.env._(
                    "%s aren't shown to this app: left as they are.", tally["withheld"]
                )
            )
        return told

    def _off_count(self):
        count = 0
        for part in self.part_ids:
            flow = self.env[LINKS[part.shopify_type]]._flow
            if self.backend_id._flow_policy(flow) == "off":
                count += (part.tally or {}).get("asked", 0)
        return count

    def _open(self):
        """Its page."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "shopify_connector.action_scan"
        )
        return action | {
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    marks_lost_at = fields.Datetime(
        "Odoo IDs Out of Sight Since",
        readonly=True,
        copy=False,
        help="The store is connected with another app than before: it can't see what "
        "the former one wrote.",
    )

    def write(self, vals):
        result = super().write(vals)
        if {"client_id", "client_secret", "auth_kind"} & set(vals):
            self._forget_tokens()
        return result

    def _forget_tokens(self):
        """A token that another app was given would still be good for a day."""
        with short_transaction(self.env.registry) as cr:
            cr.execute(
                "DELETE FROM shopify_token WHERE backend_ref = ANY(%s)", [self.ids]
            )

    def _connect(self, client):
        before = self.app_gid
        result = super()._connect(client)
        if before and before != self.app_gid:
            self._forget_marks()
            self.marks_lost_at = fields.Datetime.now()
            self._note_event(
                "store",
                "app changed",
                self.env._(
                    "Connected with another app (%(now)s, before %(before)s): the Odoo "
                    "IDs that were written to Shopify are out of its sight.",
                    now=self.app_gid,
                    before=before,
                ),
            )
        return result

    def _forget_marks(self):
        """No mark counts as seen, so none that lacks counts as removed by somebody. The
        proofs that were left are still known."""
        self.env.flush_all()
        for name in LINKS.values():
            # One statement: there may be a hundred thousand.
            self.env.cr.execute(
                f"UPDATE {self.env[name]._table} SET verified_at = NULL"
                " WHERE backend_id = %s",
                [self.id],
            )
            self.env[name].invalidate_model(["verified_at"])

    def action_rebuild_links(self):
        """Link again whatever the Odoo IDs in Shopify prove."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.check_access("write")
        return self._scan("rebuild")._open()

    def _write_marks_again(self, reason):
        """Write the Odoo ID of every link to Shopify again; returns the scan."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.check_access("write")
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: others will want to know."))
        # Signs in, takes the lease, and makes the definitions that lack.
        self.action_connect()
        self._forget_marks()
        self._note_event(
            "store", "all IDs again", self.env._("All Odoo IDs again: %s", reason)
        )
        return self._scan("remark")
