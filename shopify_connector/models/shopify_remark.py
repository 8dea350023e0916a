"""The way back from lost marks: all Odoo IDs are written to Shopify again.

The app was made anew in Shopify under another client ID, so that all that the old one
wrote is out of sight. The links here are the truth then.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import audit
from .match_judge import Judge
from .roles import MANAGER, check_role
from .shopify_mark import LINKS
from .short_transaction import short_transaction

# Seconds between two looks at how far the writing is, and looks without any progress.
PAUSE, MOST_IDLE_LOOKS = 15, 40


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
        return Remarker(self) if self.purpose == "remark" else super()._judge()

    def _after_comparing(self, client):
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
        result = super()._finish()
        if self.purpose == "remark" and self.state != "failed" and not self.left_count:
            self.backend_id.marks_lost_at = False
        return result

    def _conclude(self, sides):
        if self.purpose != "remark":
            return super()._conclude(sides)
        return self._with_gaps(sides, self._conclude_writing(self._tally()))

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
