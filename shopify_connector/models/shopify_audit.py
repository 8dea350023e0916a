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

from ..core import audit
from ..core.audit import Side
from .audit_finder import Auditor
from .roles import OPERATOR, check_role
from .shopify_audit_finding import ENDED, FINDINGS_A_LOOK
from .shopify_mark import LINKS
from .shopify_scan import SCOPES

# Looks at what is under repair, with a wait before each that grows to a minute.
MOST_LOOKS = 40
LONGEST_LOOK = 60


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
