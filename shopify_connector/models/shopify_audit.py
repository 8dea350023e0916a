"""The audit: every link against everything in Shopify, and the other way round.

It reads the store as the worksheet does (shopify.scan), and gives each row the same
verdict; what isn't as it should be becomes a finding. A finding is read again, on its
own, before it counts: the list is some minutes old by then. What the engine can repair
without a person it is asked to, and the end is read once more.
"""

from dataclasses import asdict
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models

from ..core import audit, failures, identity
from ..core.audit import Seen, Side
from .match_judge import Judge
from .remote_nodes import read_nodes
from .roles import OPERATOR, check_role
from .shopify_binding import owner_state
from .shopify_mark import LINKS, READ
from .shopify_match import TYPES
from .shopify_scan import SCOPES

FINDINGS_A_LOOK = 250
LINKS_A_LOT = 2000
# Looks at what is under repair, with a wait before each that grows to a minute.
MOST_LOOKS = 40
LONGEST_LOOK = 60
STATES = [
    ("found", "To Be Read Again"),
    ("asked", "Under Repair"),
    ("repaired", "Repaired by Itself"),
    ("settled", "Settled Meanwhile"),
    ("review", "To Review"),
]
ENDED = ("repaired", "settled")


def decide(model, backend, nodes, owners, candidates=None):
    """core.identity's decision for each node; `model` is the type's link model.

    As in the imports, but for places: these are imported by GID alone, and their marks
    are looked at here only.
    """
    if model._shopify_type != "Location":
        return model._inbound_decisions(
            backend, nodes, candidates, owners, archived="update"
        )
    mapped = {
        gid for gid, row in model._find(backend, list(nodes)).items() if row.location_id
    }
    linked = {gid: node for gid, node in nodes.items() if gid in mapped}
    found = model._inbound_decisions(backend, linked, None, owners, archived="update")
    rest = {gid: node for gid, node in nodes.items() if gid not in mapped}
    return found | _of_free_places(model, backend, rest, owners)


def _of_free_places(model, backend, nodes, owners):
    present = {gid: node for gid, node in nodes.items() if isinstance(node, dict)}
    marks = {gid: identity.mark_from_node(node) for gid, node in present.items()}
    marked = model._marked_facts(backend, marks, {}, owners)
    rivals = identity.rivals(marks)
    return {
        gid: identity.decide_inbound(
            identity.InboundFacts(
                gid=gid,
                model=model._model_marked(),
                database=model.env["shopify.mark"]._database(),
                remote="present" if gid in present else "gone",
                mark=marks.get(gid, identity.NO_MARK),
                marked=marked.get(gid),
                rivals=rivals.get(gid, ()),
                archived="update",
            )
        )
        for gid in nodes
    }


def find_all(model, backend, nodes, decisions):
    """{gid: core.audit.Finding} of those that are not as they should be."""
    env = model.env
    links = model._find(backend, list(nodes))
    parted = env["shopify.parted"].sudo()._of(backend, nodes)
    facts = {"model": model._model_marked()}
    facts["database"] = env["shopify.mark"]._database()
    found = {}
    for gid, node in nodes.items():
        decision = decisions[gid]
        if isinstance(decision, identity.NeedsLookup):
            # A link appeared between two queries.
            decision = identity.Decision("stop", "changed_meanwhile")
        mark = identity.NO_MARK
        if isinstance(node, dict):
            mark = identity.mark_from_node(node)
        if gid in parted and parted[gid]._disowns(mark):
            mark = identity.NO_MARK
        link = links.get(gid)
        seen = Seen(gid, mark=mark, is_linked=bool(link and link._record()), **facts)
        finding = audit.find(decision, seen)
        if finding:
            found[gid] = finding
    return found


class Auditor(Judge):
    """Gives verdicts as the worksheet does, and notes findings beside them."""

    def _decide(self, kind, ids, marks, candidates):
        decisions = super()._decide(kind, ids, marks, candidates)
        self._note(kind, self._nodes(kind, ids, marks), ids, decisions)
        return decisions

    def _nodes(self, kind, ids, marks):
        return {gid: _node(gid, *marks[gid]) for gid in ids}

    def _note(self, kind, nodes, ids, decisions):
        model = self._model(kind)
        if kind == "Location":
            # The worksheet leaves out what no person has mapped yet.
            owners = self._owners(kind, {g: _texts(n) for g, n in nodes.items()})
            decisions = decide(model, self._backend, nodes, owners)
        found = find_all(model, self._backend, nodes, decisions)
        self._insert_findings(kind, found)

    def _insert_findings(self, kind, found, **more):
        findings = self.env["shopify.audit.finding"]
        if found:
            findings._insert(self._scan, kind, found, **more)

    # === LINKS THAT NOTHING WAS READ FOR === #

    def _twice(self, part):
        result = super()._twice(part)
        if part.stage == "odoo":
            part.write({"stage": "links", "compared_to": 0, "tally": {}})
        return result

    def _links(self, part):
        """Links whose Shopify record isn't in the list: gone, withheld, or made since."""
        model = self._model(part.shopify_type)
        rows = self._all(
            f"SELECT l.id FROM {model._table} l WHERE l.backend_id = %(backend)s"
            " AND l.id > %(after)s AND l.shopify_gid IS NOT NULL"
            f" AND l.{model._record_field} IS NOT NULL"
            " AND l.create_date < %(started)s AND NOT EXISTS ("
            "SELECT FROM shopify_match m WHERE m.scan_id = %(scan)s"
            " AND m.shopify_gid = l.shopify_gid)"
            " ORDER BY l.id LIMIT %(lot)s",
            after=part.compared_to,
            started=self._scan._began(),
        )
        if not rows:
            self._links_twice(part.shopify_type)
            part.write(self._after_links())
            return
        links = model.browse([row[0] for row in rows])
        known = links.filtered("gone_at")
        withheld = self._backend._withheld_links(links - known)
        absent = links - known - withheld
        self._insert_findings(
            part.shopify_type,
            {
                link.shopify_gid: audit.Finding(
                    "orphaned", self._repair_of_gone, "shopify_record_gone"
                )
                for link in absent
            },
        )
        tally = part.tally or {}
        part.write(
            {
                "compared_to": links[-1].id,
                "tally": {
                    "gone": tally.get("gone", 0) + len(known),
                    "withheld": tally.get("withheld", 0) + len(withheld),
                },
            }
        )

    _repair_of_gone = "read"

    def _after_links(self):
        return {"stage": "odoo", "compared_to": 0}

    def _links_twice(self, kind):
        """Two links of one record: the database forbids it, and may have been made to
        forget that."""
        model = self._model(kind)
        extra = {
            "shopify.res.partner": " AND alias_of_id IS NULL AND kind = 'customer'",
        }.get(model._name, "")
        if "shared_id" in model._fields:
            extra = " AND shared_id IS NULL"
        rows = self._all(
            f"SELECT array_agg(shopify_gid ORDER BY id) FROM {model._table}"
            " WHERE backend_id = %(backend)s AND shopify_gid IS NOT NULL"
            f" AND {model._record_field} IS NOT NULL{extra}"
            f" GROUP BY {model._record_field} HAVING count(*) > 1"
        )
        found = {
            gid: audit.Finding(
                "two_in_one",
                "",
                "identity_claimed_twice",
                {"other": ", ".join(g for g in gids if g != gid)},
                other=next(g for g in gids if g != gid),
            )
            for (gids,) in rows
            for gid in gids
        }
        self._insert_findings(kind, found, is_twice=True)


def _node(gid, value, proof):
    return {
        "id": gid,
        "odooId": {"value": value} if value else None,
        "odooProof": {"value": proof} if proof else None,
    }


def _texts(node):
    """(value, proof) of a node's mark."""
    return tuple((node[name] or {}).get("value") for name in ("odooId", "odooProof"))


class ShopifyAuditFinding(models.Model):
    _name = "shopify.audit.finding"
    _description = "Audit Finding"
    _order = "scan_id desc, state desc, kind, id"
    _rec_name = "name"

    scan_id = fields.Many2one(
        "shopify.scan", "Audit", required=True, index=True, ondelete="cascade"
    )
    backend_id = fields.Many2one(
        related="scan_id.backend_id", store=True, index=True, precompute=True
    )
    company_id = fields.Many2one(
        related="scan_id.company_id", store=True, index=True, precompute=True
    )
    kind = fields.Selection(list(audit.KINDS.items()), required=True)
    shopify_type = fields.Selection(TYPES, "Records", required=True)
    shopify_gid = fields.Char("Shopify ID", required=True)
    parent_gid = fields.Char("Belongs To")
    other_gid = fields.Char("Other Shopify ID")
    name = fields.Char()
    odoo_model = fields.Char()
    odoo_id = fields.Many2oneReference(
        "Odoo ID",
        model_field="odoo_model",
        help="Of the record that it is linked to; without a link, that its mark names.",
    )
    is_linked = fields.Boolean("Linked Here")
    mark_value = fields.Char("Odoo ID in Shopify")
    reason_code = fields.Char()
    reason_params = fields.Json()
    message = fields.Char(compute="_compute_message")
    repair = fields.Selection(
        [("mark", "Write the Odoo ID"), ("read", "Read it from Shopify")]
    )
    is_twice = fields.Boolean(help="Two links here name one Odoo record.")
    state = fields.Selection(STATES, required=True, default="found", index=True)

    @api.depends("kind", "reason_code", "reason_params", "odoo_id")
    @api.depends_context("lang")
    def _compute_message(self):
        texts = {
            "missing": self.env._("Linked here, but Shopify holds no Odoo ID."),
            "different": self.env._("Shopify holds an older mark of this link."),
            "copied": self.env._(
                "Duplicated in Shopify: it carries the proof of another record, and no "
                "Odoo ID of its own."
            ),
            "orphaned": self.env._(
                "Shopify holds our complete mark, but the link is lost here."
            ),
        }
        for row in self:
            if row.reason_code:
                failure = failures.Failure(row.reason_code, row.reason_params or {})
                values = failures.message_values(failure, row.name or row.shopify_gid)
                template = self.env._(failure.reason.message)
                row.message = template % values
            else:
                row.message = texts.get(row.kind, "")

    @api.model
    def _insert(self, scan, kind, found, **more):
        """found: {gid: core.audit.Finding} of one Shopify type."""
        model = self.env[LINKS[kind]]
        links = model._find(scan.backend_id, list(found))
        records = model.browse([link.id for link in links.values()])._marked_records()
        rows = {
            row["shopify_gid"]: row
            for row in self.env["shopify.match"].search_read(
                [("scan_id", "=", scan.id), ("shopify_gid", "in", list(found))],
                ["shopify_gid", "parent_gid", "name", "mark_value", "mark_proof"],
            )
        }
        values = []
        for gid, finding in found.items():
            record = records.get(links.get(gid))
            row = rows.get(gid, {})
            proof = identity.parse_proof(row.get("mark_proof") or None)
            named = proof.ids[0] if isinstance(proof, identity.Proof) else 0
            values.append(
                {
                    "scan_id": scan.id,
                    "shopify_type": kind,
                    "shopify_gid": gid,
                    "parent_gid": row.get("parent_gid") or False,
                    "name": row.get("name") or (record and record.display_name) or gid,
                    "odoo_model": model._model_marked(),
                    "odoo_id": record.id if record else named,
                    "is_linked": bool(record),
                    "mark_value": row.get("mark_value") or False,
                    **self._told(finding),
                    **more,
                }
            )
        return self.create(values)

    @api.model
    def _told(self, finding):
        return {
            "kind": finding.kind,
            "repair": finding.repair or False,
            "reason_code": finding.code or False,
            "reason_params": dict(finding.params) or False,
            "other_gid": finding.other or False,
        }

    # === READING AGAIN, REPAIRING === #

    def _look_again(self, client):
        """Read these from Shopify now, and settle what each is; one scan's."""
        twice = self.filtered("is_twice")
        twice.state = "review"
        for kind, rows in (self - twice).grouped("shopify_type").items():
            backend, model = rows.scan_id.backend_id, self.env[LINKS[kind]]
            gids = {
                *rows.mapped("shopify_gid"),
                *filter(None, rows.mapped("other_gid")),
            }
            gids = {gid for gid in gids if gid.startswith("gid://") and "," not in gid}
            nodes = read_nodes(client, READ, sorted(gids), FINDINGS_A_LOOK)
            owners = rows._owners_now(model, backend, client, nodes)
            decisions = decide(model, backend, nodes, owners)
            found = find_all(model, backend, nodes, decisions)
            rows._settle(found)

    def _owners_now(self, model, backend, client, nodes):
        marks = {
            gid: identity.mark_from_node(node)
            for gid, node in nodes.items()
            if isinstance(node, dict)
        }
        others = model._other_gids(backend, marks)
        read = read_nodes(client, READ, sorted(others), FINDINGS_A_LOOK)
        return {gid: owner_state(node) for gid, node in read.items()}

    def _settle(self, found):
        """found: {gid: Finding} as just read."""
        asked, settled = {}, self.browse()
        for row in self:
            finding = found.get(row.shopify_gid)
            if finding is None or (
                row.state == "asked" and row._is_known_gone(finding)
            ):
                settled |= row
                continue
            values = self._told(finding)
            subject = row._repair_subject(finding)
            if row.state == "found" and subject:
                asked[row] = subject
                values["state"] = "asked"
            else:
                values["state"] = "review"
            row.write(values)
        settled.filtered(lambda row: row.state == "asked").state = "repaired"
        # Settled by somebody between the list and this look.
        settled.filtered(lambda row: row.state == "found").state = "settled"
        for backend, rows in self.browse().concat(*asked).grouped("backend_id").items():
            self.env["shopify.trigger"].sudo()._insert_missing(
                backend, [asked[row] for row in rows], "audit"
            )

    def _link(self):
        model = self.env[LINKS[self.shopify_type]].sudo()
        found = model._find(self.backend_id, [self.shopify_gid])
        return found.get(self.shopify_gid, model.browse())

    def _is_known_gone(self, finding):
        """Gone in Shopify, and the link says so by now: no more can be done."""
        return finding.code == "shopify_record_gone" and bool(self._link().gone_at)

    def _repair_subject(self, finding, policies=None):
        """(flow, direction, type, key) that repairs it; None where nothing does by
        itself. policies: {(store, flow): policy}, kept between calls."""
        model = self.env[LINKS[self.shopify_type]]
        if not finding.repair:
            return None
        policies = {} if policies is None else policies
        place = (self.backend_id, model._flow)
        if place not in policies:
            policies[place] = self.backend_id._flow_policy(model._flow)
        if policies[place] == "off":
            return None
        if finding.repair == "mark":
            return model._flow, "mark", self.shopify_type, self.shopify_gid
        if self.shopify_type == "ProductVariant":
            gid = self.parent_gid or self._link().product_gid
            return (model._flow, "in", "Product", gid) if gid else None
        if self.shopify_type == "Location" and finding.code != "shopify_record_gone":
            return None  # which place it is, a manager says, or the rebuild
        return model._flow, "in", self.shopify_type, self.shopify_gid

    def _still_repairing(self):
        """Those of these whose sync hasn't come to an end."""
        subjects, policies = {}, {}
        for row in self:
            finding = audit.Finding(row.kind, row.repair or "", row.reason_code or "")
            subject = row._repair_subject(finding, policies)
            if subject:
                subjects[row.id] = subject[1:]
        keys = list({key for _direction, _kind, key in subjects.values()})
        is_open = set()
        for backend in self.backend_id:
            for name, more in (
                ("shopify.trigger", []),
                ("shopify.sync", [("state", "=", "waiting")]),
            ):
                # sudo: the engine's own books
                rows = self.env[name].sudo()
                domain = [("backend_id", "=", backend.id), ("subject_key", "in", keys)]
                found = rows.search_fetch(
                    domain + more, ["direction", "subject_type", "subject_key"]
                )
                is_open |= {(r.direction, r.subject_type, r.subject_key) for r in found}
        return self.filtered(lambda row: subjects.get(row.id) in is_open)

    # === WHAT A PERSON CAN DO === #

    def action_fix(self):
        """Change the link, or say that a copy is new, in the wizard of links."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self.check_access("read")
        values = {"shopify_type": self.shopify_type, "shopify_gid": self.shopify_gid}
        if self.kind == "copied":
            values["mode"] = "new"
            if self.shopify_type == "ProductVariant":
                # The whole product is the copy.
                values |= {"shopify_type": "Product", "shopify_gid": self.parent_gid}
        elif self.reason_code == "identity_original_gone":
            values |= {
                "mode": "move",
                "shopify_gid": self.other_gid,
                "other_gid": self.shopify_gid,
            }
        else:
            values["mode"] = "relink"
        context = {f"default_{name}": value for name, value in values.items()}
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Change the link"),
            "res_model": "shopify.relink.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_backend_id": self.backend_id.id, **context},
        }

    def action_repair(self):
        """Let the engine try these again: write the mark, or read the record."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        for row in self.sudo():  # sudo: findings are written by the engine only
            direction = "mark" if row.is_linked else "in"
            finding = audit.Finding(row.kind, "mark" if direction == "mark" else "read")
            subject = row._repair_subject(finding)
            if subject:
                self.env["shopify.trigger"].sudo()._insert(
                    row.backend_id, [subject], "retry"
                )
                row.write({"state": "asked", "repair": finding.repair})
        return True

    def action_open_in_odoo(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.odoo_model,
            "res_id": self.odoo_id,
            "view_mode": "form",
        }

    def action_open_in_shopify(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": self.backend_id._admin_url(self.parent_gid or self.shopify_gid),
            "target": "new",
        }


class ShopifyScanPart(models.Model):
    _inherit = "shopify.scan.part"

    tally = fields.Json(help="Links that the list doesn't hold, by the reason why.")


class ShopifyScan(models.Model):
    _inherit = "shopify.scan"

    finding_ids = fields.One2many("shopify.audit.finding", "scan_id", "Findings")
    review_count = fields.Integer("To Review", compute="_compute_finding_counts")
    repaired_count = fields.Integer("Repaired", compute="_compute_finding_counts")
    sides = fields.Json(help="By Shopify type: what both sides hold, and what agrees.")
    looks = fields.Integer(help="Looks at what is under repair.")
    conclusion = fields.Char(readonly=True)
    sides_html = fields.Html(
        "Both Sides", compute="_compute_sides_html", sanitize=False
    )

    @api.depends("finding_ids.state")
    def _compute_finding_counts(self):
        counts = dict(
            ((scan.id, state), count)
            for scan, state, count in self.env["shopify.audit.finding"]._read_group(
                [("scan_id", "in", self.ids)], ["scan_id", "state"], ["__count"]
            )
        )
        for scan in self:
            scan.review_count = counts.get((scan.id, "review"), 0)
            scan.repaired_count = counts.get((scan.id, "repaired"), 0)

    @api.depends("sides", "finding_ids.kind", "finding_ids.state")
    @api.depends_context("lang")
    def _compute_sides_html(self):
        for scan in self:
            scan.sides_html = scan._sides_table()

    def _sides_table(self):
        """A row a type: what both sides hold, what agrees, what was found."""
        heads = (
            "",
            self.env._("In Shopify"),
            self.env._("Linked here"),
            self.env._("Agree"),
            self.env._("Gone in Shopify"),
            self.env._("Not shown to this app"),
            self.env._("Linked since"),
            self.env._("Found"),
        )
        names = ("remote", "links", "agreeing", "gone", "withheld", "fresh")
        rows = [
            (label, *(side[name] for name in names), found or "–")
            if side["is_read"]
            else (label, self.env._("not read"), side["links"], *[""] * 4, found)
            for label, side, found in self._sides_shown()
        ]
        cells = Markup("<td>%s</td>")
        body = Markup("").join(
            Markup("<tr>%s</tr>") % Markup("").join(cells % cell for cell in row)
            for row in rows
        )
        head = Markup("").join(Markup("<th>%s</th>") % text for text in heads)
        return Markup(
            '<table class="table table-sm"><thead><tr>%s</tr></thead>'
            "<tbody>%s</tbody></table>"
        ) % (head, body)

    def _sides_shown(self):
        """[(type's name, side, what was found as text)]"""
        counts = self.env["shopify.audit.finding"]._read_group(
            [("scan_id", "=", self.id), ("state", "not in", ENDED)],
            ["shopify_type", "kind"],
            ["__count"],
        )
        labels = dict(
            self.env["shopify.audit.finding"]
            ._fields["kind"]
            ._description_selection(self.env)
        )
        by_type = {}
        for kind, what, count in counts:
            by_type.setdefault(kind, []).append(f"{labels[what]}: {count}")
        types = self.env["shopify.scan.part"]._fields["shopify_type"]
        return [
            (label, self.sides[kind], ", ".join(by_type.get(kind, [])))
            for kind, label in types._description_selection(self.env)
            if kind in (self.sides or {})
        ]

    def _judge(self):
        return Auditor(self) if self.purpose == "audit" else super()._judge()

    def _step(self, client, stop_at):
        compared = self.state == "comparing" and not self.part_ids.filtered(
            lambda part: part.state not in ("compared", "failed")
        )
        if compared and self.purpose != "matching":
            wait = self._after_comparing(client)
            if wait is None:
                self._finish()
            return wait
        return super()._step(client, stop_at)

    def _after_comparing(self, client):
        """Seconds until there is more to do, None when all is settled."""
        if self.purpose != "audit":
            return None
        found = self._findings("found", FINDINGS_A_LOOK)
        if found:
            found._look_again(client)
            return 0
        ended, is_pending = self._ended_repairs()
        if ended:
            ended._look_again(client)
            return 0
        if not is_pending or self.looks >= MOST_LOOKS:
            return None
        self.looks += 1
        return min(LONGEST_LOOK, 3 * self.looks)

    def _began(self):
        """Links made from here on are newer than the list. The start is known to the
        second; what was made within that one is looked at, and read again."""
        return self.started_at + timedelta(seconds=1)

    def _ended_repairs(self):
        """(the first lot of those whose repair ended, whether one before is pending)"""
        after, is_pending = 0, False
        while asked := self._findings("asked", FINDINGS_A_LOOK, after):
            pending = asked._still_repairing()
            is_pending = is_pending or bool(pending)
            if ended := asked - pending:
                return ended, is_pending
            after = asked[-1].id
        return self.env["shopify.audit.finding"], is_pending

    def _findings(self, state, limit, after=0):
        return self.env["shopify.audit.finding"].search(
            [("scan_id", "=", self.id), ("state", "=", state), ("id", ">", after)],
            limit=limit,
            order="id",
        )

    def _finish(self):
        super()._finish()
        if self.purpose == "matching":
            return
        failed = self.part_ids.filtered(lambda part: part.state == "failed")
        sides = self._both_sides()
        self.write(
            {
                "sides": {kind: asdict(side) for kind, side in sides.items()},
                "state": "failed" if failed else "done",
            }
        )
        self.conclusion = self._conclude(sides)
        self.backend_id._note_event("store", self.purpose, self.conclusion)

    def _both_sides(self):
        """{Shopify type: core.audit.Side}, links as they are now."""
        return {kind: self._side(kind) for kind in SCOPES}

    def _side(self, kind):
        part = self.part_ids.filtered(lambda part: part.shopify_type == kind)
        model = self.env[LINKS[kind]]
        self.env.flush_all()
        self.env.cr.execute(
            f"""
            WITH found AS (
                SELECT shopify_gid, bool_or(state NOT IN %(ended)s) AS is_open
                  FROM shopify_audit_finding WHERE scan_id = %(scan)s GROUP BY 1),
            link AS (
                SELECT l.create_date >= %(started)s AS is_fresh,
                       l.gone_at IS NOT NULL AND m.id IS NULL AS is_gone,
                       coalesce(f.is_open, false) AS is_found,
                       m.verdict = 'linked' OR f.is_open IS FALSE AS agrees
                  FROM {model._table} l
                  LEFT JOIN shopify_match m ON m.scan_id = %(scan)s
                   AND m.shopify_gid = l.shopify_gid
                  LEFT JOIN found f ON f.shopify_gid = l.shopify_gid
                 WHERE l.backend_id = %(backend)s AND l.shopify_gid IS NOT NULL
                   AND l.{model._record_field} IS NOT NULL)
            SELECT count(*), count(*) FILTER (WHERE is_found),
                   count(*) FILTER (WHERE NOT is_found AND is_fresh),
                   count(*) FILTER (WHERE NOT is_found AND NOT is_fresh AND is_gone),
                   count(*) FILTER (WHERE NOT is_found AND NOT is_fresh
                                      AND NOT is_gone AND agrees)
              FROM link
            """,
            {
                "scan": self.id,
                "backend": self.backend_id.id,
                "started": self._began(),
                "ended": ENDED,
            },
        )
        links, found, fresh, gone, agreeing = self.env.cr.fetchone()
        return Side(
            remote=part.read_count,
            links=links,
            agreeing=agreeing,
            found=found,
            gone=gone,
            withheld=(part.tally or {}).get("withheld", 0),
            fresh=fresh,
            is_read=part.state == "compared",
        )

    def _conclude(self, sides):
        counts = {
            "review": self.review_count,
            "repaired": self.repaired_count,
            "open": len(self.finding_ids.filtered(lambda r: r.state == "asked")),
            "links": sum(side.links for side in sides.values()),
            "remote": sum(side.remote for side in sides.values()),
        }
        if not audit.is_whole(sides):
            gaps = self._gaps(sides)
            return self.env._("Not everything could be compared: %s", gaps)
        told = []
        if counts["repaired"]:
            told.append(self.env._("%(repaired)s repaired by themselves.", **counts))
        if counts["open"]:
            told.append(self.env._("%(open)s are under repair.", **counts))
        if counts["review"]:
            told.append(self.env._("%(review)s to review.", **counts))
        if not counts["open"] and not counts["review"]:
            told.insert(
                0,
                self.env._(
                    "Clean: %(links)s links here agree with %(remote)s records in "
                    "Shopify.",
                    **counts,
                ),
            )
        return " ".join(told)

    def _gaps(self, sides):
        labels = dict(
            self.env["shopify.scan.part"]
            ._fields["shopify_type"]
            ._description_selection(self.env)
        )
        told = []
        for kind, side in sides.items():
            part = self.part_ids.filtered(
                lambda part, kind=kind: part.shopify_type == kind
            )
            if not side.is_read and (side.links or part):
                why = part.message or self.env._(
                    "Shopify doesn't let this app read them"
                )
                told.append(f"{labels[kind]}: {why}")
            elif side.is_read and side.unexplained:
                told.append(
                    self.env._(
                        "%(kind)s: %(count)s links changed meanwhile",
                        kind=labels[kind],
                        count=side.unexplained,
                    )
                )
        return "; ".join(told)


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def action_audit(self):
        """Compare all links with all of Shopify, both ways."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self.check_access("read")
        return self._scan("audit")._open()

    @api.model
    def _cron_audit(self):
        """Monthly: see action_audit. A copy can't read the whole store at once."""
        self._for_each_store(
            lambda backend: backend.state == "copy" or backend._scan("audit")
        )
