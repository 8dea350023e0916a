"""What an audit or a rebuild found, how it is repaired, and what a person can do."""

from odoo import api, fields, models

from ..core import audit, failures, identity
from .audit_finder import decide, find_all
from .remote_nodes import read_nodes
from .roles import OPERATOR, check_role
from .shopify_binding import owner_state
from .shopify_mark import LINKS, READ
from .shopify_match import TYPES

FINDINGS_A_LOOK = 250
STATES = [
    ("found", "To Be Read Again"),
    ("asked", "Under Repair"),
    ("repaired", "Repaired by Itself"),
    ("settled", "Settled Meanwhile"),
    ("review", "To Review"),
]
ENDED = ("repaired", "settled")


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
