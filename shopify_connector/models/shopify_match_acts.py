"""What people decide in the worksheet, about one row or thousands.

A few rows are done at once; many go to a job, lot by lot, each committed, so that it can
be left and goes on after a restart.
"""

import math
import time

from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import UserError

from ..api.errors import ShopifyError, ThrottledError, TransientError
from ..core import failures
from .match_decider import ROWS_A_LOT, Decider
from .remote_failure import remote_failure
from .roles import OPERATOR, check_role
from .shopify_queue import JOB_PRIORITY

STEP_SECONDS = 20
LONGEST_WAIT = 300
FLOWS = {
    "Product": "products",
    "ProductVariant": "products",
    "Customer": "customers",
}
ACTS = [
    ("accept", "Accept"),
    ("create_here", "Create in Odoo"),
    ("never", "Never"),
    ("again", "Decide Again"),
]


class ShopifyMatch(models.Model):
    _inherit = "shopify.match"

    # === BUTTONS === #

    def action_accept(self):
        """Link what is proposed; nothing else is touched."""
        return self._ask("accept")

    def action_create_here(self):
        """Let these be made in Odoo, though the store's policy wouldn't."""
        return self._ask("create_here")

    def action_create_there(self):
        """What Odoo alone has, in Shopify."""
        check_role(self.env, OPERATOR)
        raise UserError(
            self.env._(
                "Nothing was done. This connector doesn't make products or customers in "
                "Shopify yet. Make them there by hand with the same SKU, barcode or "
                "e-mail, read the store again, and accept the proposal."
            )
        )

    def action_never(self):
        """Say why these are never linked."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "shopify.match.wizard",
            "name": self.env._("Never Link"),
            "view_mode": "form",
            "target": "new",
            "context": {"default_act": "never", "default_row_ids": self.ids},
        }

    def action_again(self):
        """Take back a decision that made no link."""
        return self._ask("again")

    def action_choose_other(self):
        """Pick the Odoo record of this row."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "shopify.match.wizard",
            "name": self.env._("Choose the Odoo Record"),
            "view_mode": "form",
            "target": "new",
            "context": {"default_act": "choose", "default_row_ids": self.ids},
        }

    def action_open(self):
        """The row with all its candidates side by side."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "name": self.display_name,
        }

    # === DOING IT === #

    def _ask(self, act, reason=""):
        """Do it now, or by a job when there are many. Returns a notification."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        rows = self.sudo()  # sudo: rows are closed to everybody's hands
        if len(rows) > ROWS_A_LOT:
            runs = rows._enqueue_runs(act, reason)
            message = self.env._(
                "%s rows are being worked on. You can leave; it goes on by itself.",
                sum(runs.mapped("total")),
            )
            return _told("info", message)
        done = rows._do_now(act, reason)
        left = len(self) - done
        if not left:
            return _told("success", self.env._("Rows decided: %s.", done))
        return _told(
            "warning",
            self.env._(
                "Rows decided: %(done)s; left as they were: %(left)s. A row says why, "
                "unless this can't be done with it.",
                done=done,
                left=left,
            ),
        )

    def _enqueue_runs(self, act, reason):
        runs = self.env["shopify.match.run"].create(
            [
                {
                    "scan_id": scan.id,
                    "act": act,
                    "reason": reason,
                    "user_id": self.env.uid,
                    "row_ids": rows.ids,
                    "total": len(rows),
                }
                for scan, rows in self.grouped("scan_id").items()
            ]
        )
        for run in runs:
            run._enqueue_step()
        return runs

    def _do_now(self, act, reason):
        try:
            return sum(
                rows._do_lot(act, reason, self.env.user)
                for rows in self.grouped("scan_id").values()
            )
        except ShopifyError as error:
            raise UserError(
                self.env._(
                    "Shopify has to be asked first whether anything has changed. %s",
                    failures.render(remote_failure(self.backend_id[:1], error)),
                )
            ) from error

    def _do_lot(self, act, reason, user):
        """Act on rows of one scan. Returns how many were decided."""
        return getattr(self, f"_do_{act}")(reason, user)

    def _do_accept(self, reason, user):
        rows = self.filtered(
            lambda row: row.verdict == "proposed" and row.decision == "todo"
        )
        rows = rows.filtered(lambda row: row.shopify_gid and row.shopify_type in FLOWS)
        if rows:
            rows.scan_id._check_may_link()
            Decider(rows.scan_id, user, reason).accept(rows)
        return len(rows.filtered(lambda row: row.decision == "accepted"))

    def _do_create_here(self, reason, user):
        rows = self.filtered(
            lambda row: (
                row.shopify_gid
                and row.verdict == "only_shopify"
                and row.decision == "todo"
                and row.shopify_type in FLOWS
            )
        )
        if not rows:
            return 0
        rows.scan_id._check_may_link()
        rows = rows._of_running_flows()._without_foreign_product()
        rows._decided("create_here", user)
        whole = rows.filtered(lambda row: row.shopify_type != "ProductVariant")
        by_product = (rows - whole).filtered("parent_gid")
        # One permit a product: it is made whole.
        products = self.search(
            [
                ("scan_id", "=", self.scan_id.id),
                ("shopify_gid", "in", by_product.mapped("parent_gid")),
            ]
        )
        (products - whole)._decided("create_here", user)
        subjects = {
            (FLOWS[row.shopify_type], "in", row.shopify_type, row.shopify_gid)
            for row in whole
        } | {
            ("products", "in", "Product", gid)
            for gid in by_product.mapped("parent_gid")
        }
        # A person said so: a flow in review needs no second word.
        self.env["shopify.trigger"]._insert(
            self.backend_id, sorted(subjects), "accepted"
        )
        return len(rows)

    def _of_running_flows(self):
        """Those whose flow would bring them in; the others say so."""
        off = set(
            self.backend_id.flow_ids.filtered(lambda flow: flow.policy == "off").mapped(
                "flow"
            )
        )
        rows = self.filtered(lambda row: FLOWS[row.shopify_type] in off)
        rows.decision_error = self.env._(
            "The store's flow that would make it is off. Switch it to review or "
            "automatic first."
        )
        return self - rows

    def _without_foreign_product(self):
        """Those whose product isn't linked or proposed: a variant is made with its
        product only, for one more on a product of Odoo's changes its attribute lines."""
        gids = [row.parent_gid for row in self if row.shopify_type == "ProductVariant"]
        gids += [row.shopify_gid for row in self if row.shopify_type == "Product"]
        matched = {
            gid
            for (gid,) in self.env["shopify.match"]._read_group(
                [
                    ("scan_id", "=", self.scan_id.id),
                    ("shopify_type", "=", "ProductVariant"),
                    ("parent_gid", "in", gids),
                    ("verdict", "in", ("linked", "proposed", "ambiguous", "conflict")),
                ],
                ["parent_gid"],
            )
        }
        matched |= set(
            self.env["shopify.product.template"]._find(self.backend_id, gids)
        )
        rows = self.filtered(lambda row: (row.parent_gid or row.shopify_gid) in matched)
        for row in rows:
            row.decision_error = self.env._(
                "Other variants of this product are in Odoo, or may be. Add the variant "
                "to the product in Odoo, then choose it here."
            )
        return self - rows

    def _do_never(self, reason, user):
        rows = self.filtered(
            lambda row: row.verdict != "linked" and row.decision == "todo"
        )
        known = rows._nevers()
        self.env["shopify.match.never"].create(
            [
                {
                    "backend_id": row.backend_id.id,
                    "shopify_type": row.shopify_type,
                    "shopify_gid": row.shopify_gid or False,
                    "odoo_model": False if row.shopify_gid else row.odoo_model,
                    "odoo_id": False if row.shopify_gid else row.odoo_id,
                    "reason": reason,
                    "user_id": user.id,
                }
                for row in rows
                if row._never_key() not in known
            ]
        )
        rows._decided("never", user)
        return len(rows)

    def _do_again(self, reason, user):
        rows = self.filtered(lambda row: row.decision in ("never", "create_here"))
        for never in rows._nevers().values():
            never.unlink()
        rows.write(
            {
                "decision": "todo",
                "decided_by_id": False,
                "decided_at": False,
                "decision_error": False,
            }
        )
        return len(rows)

    def _decided(self, decision, user):
        self.write(
            {
                "decision": decision,
                "decided_by_id": user.id,
                "decided_at": fields.Datetime.now(),
                "decision_error": False,
            }
        )

    def _never_key(self):
        self.ensure_one()
        return self.shopify_gid or (self.odoo_model, self.odoo_id)

    def _nevers(self):
        """{key: what was said for good}"""
        there = self.filtered("shopify_gid")
        found = self.env["shopify.match.never"].search(
            [
                ("backend_id", "in", self.backend_id.ids),
                "|",
                ("shopify_gid", "in", there.mapped("shopify_gid")),
                "&",
                ("odoo_id", "in", (self - there).mapped("odoo_id")),
                ("odoo_model", "in", (self - there).mapped("odoo_model")),
            ]
        )
        keys = {row._never_key() for row in self}
        by_key = {n.shopify_gid or (n.odoo_model, n.odoo_id): n for n in found}
        return {key: never for key, never in by_key.items() if key in keys}

    def _choose(self, record, reason=""):
        """Link this row to a record that a person picked."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self.check_access("read")
        record.check_access("read")
        row = self.sudo()  # sudo: rows are closed to everybody's hands
        if row.shopify_type not in FLOWS or not row.shopify_gid:
            raise UserError(
                self.env._(
                    "Only products, variants and customers of Shopify are linked here. "
                    "Locations get their warehouse under Configuration → Locations."
                )
            )
        row.scan_id._check_may_link()
        try:
            Decider(row.scan_id, self.env.user, reason).choose(row, record)
        except ShopifyError as error:
            raise UserError(
                failures.render(remote_failure(row.backend_id, error))
            ) from error
        return _told(
            "success",
            self.env._("Linked to %s. Nothing else was changed.", record.display_name),
        )


class ShopifyMatchCandidate(models.Model):
    _inherit = "shopify.match.candidate"

    def action_choose(self):
        """This one it is."""
        self.ensure_one()
        self.check_access("read")
        record = self.env[self.odoo_model].browse(self.odoo_id)
        return self.match_id._choose(record)


class ShopifyScan(models.Model):
    _inherit = "shopify.scan"

    def _check_may_link(self):
        backend = self.backend_id
        backend.ensure_one()
        if backend.state != "connected":
            raise UserError(
                self.env._("The store %s isn't connected just now.", backend.name)
            )


class ShopifyMatchRun(models.Model):
    _name = "shopify.match.run"
    _description = "Decisions at Work"
    _order = "id desc"
    _rec_name = "act"

    scan_id = fields.Many2one(
        "shopify.scan", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="scan_id.company_id", store=True, precompute=True
    )
    act = fields.Selection(ACTS, required=True)
    reason = fields.Char()
    user_id = fields.Many2one("res.users", required=True)
    row_ids = fields.Json(help="The rows that remain, as chosen.")
    total = fields.Integer()
    seen_count = fields.Integer(help="Rows that were looked at.")
    done_count = fields.Integer(help="Rows that were decided.")
    state = fields.Selection(
        [("open", "At Work"), ("done", "Done"), ("failed", "Failed")],
        required=True,
        default="open",
        index=True,
    )
    message = fields.Char()
    troubles = fields.Integer()

    def _enqueue_step(self, wait=0):
        self.ensure_one()
        self.with_user(SUPERUSER_ID).with_delay(
            priority=JOB_PRIORITY["mark"],
            eta=math.ceil(wait) or None,
            identity_key=f"shopify/match/{self.id}",
            description=f"Shopify {self.scan_id.backend_id.name}: decisions",
        )._step_job()

    def _step_job(self):
        """Job: lots for a while, each committed with what remains."""
        self.ensure_one()
        stop_at = time.monotonic() + STEP_SECONDS
        # Another job that holds the run enqueues its own successor.
        while self.scan_id.backend_id._is_at_home() and self._take():
            wait = self._step()
            if wait or time.monotonic() > stop_at:
                if self.state == "open":
                    self._enqueue_step(wait)
                return
            # pylint: disable=invalid-commit; the job allows it
            self.env.cr.commit()

    def _take(self):
        self.flush_recordset()
        self.env.cr.execute(
            "SELECT id FROM shopify_match_run WHERE id = %s AND state = 'open'"
            " FOR NO KEY UPDATE SKIP LOCKED",
            [self.id],
        )
        return bool(self.env.cr.fetchone())

    def _step(self):
        """One lot. Seconds until the next one."""
        lot, rest = self.row_ids[:ROWS_A_LOT], self.row_ids[ROWS_A_LOT:]
        # As the person who decided: with their access, companies and language.
        user = self.user_id
        env = self.env(user=user.id, su=True, context={"lang": user.lang})
        rows = env["shopify.match"].browse(lot).exists()
        try:
            done = rows._do_lot(self.act, self.reason or "", user) if rows else 0
        except ThrottledError as error:
            return error.retry_after + 1
        except (ShopifyError, UserError) as error:
            return self._stopped(error)
        self.write(
            {
                "row_ids": rest,
                "seen_count": self.seen_count + len(lot),
                "done_count": self.done_count + done,
                "state": "open" if rest else "done",
                "message": False,
                "troubles": 0,
            }
        )
        return 0

    def _stopped(self, error):
        # What this lot has begun to write goes with it.
        self.env.cr.rollback()
        if isinstance(error, ShopifyError):
            text = failures.render(remote_failure(self.scan_id.backend_id, error))
        else:
            text = str(error)
        passes = isinstance(error, TransientError) and self.troubles < 20
        self.write(
            {
                "message": text,
                "troubles": self.troubles + 1,
                "state": "open" if passes else "failed",
            }
        )
        return min(LONGEST_WAIT, 15 * 2 ** min(self.troubles, 5)) if passes else 0

    def action_go_on(self):
        """Try again what stopped; what was decided stays."""
        self._closed_or_reopened("open")
        for run in self.sudo():  # sudo: written by the engine only
            run._enqueue_step()
        return True

    def action_drop(self):
        """Leave the rows that remain as they are."""
        self._closed_or_reopened("done")
        return True

    def _closed_or_reopened(self, state):
        check_role(self.env, OPERATOR)
        self.check_access("read")
        stopped = self.sudo().filtered(lambda run: run.state == "failed")
        stopped.write({"state": state, "troubles": 0, "message": False})

    def _step_failed(self, exc_name=None, exc_message=None, exc_info=None):
        """queue_job's on-fail hook: the step itself broke, and would again."""
        self.write({"state": "failed", "message": f"{exc_name}: {exc_message}"[:500]})
        self.scan_id.backend_id._note_event("store", "defect", self.message)


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _wake(self):
        result = super()._wake()
        runs = self.env["shopify.match.run"].search(
            [("scan_id.backend_id", "=", self.id), ("state", "=", "open")]
        )
        for run in runs:
            run._enqueue_step()
        return result

    def _may_be_made(self, gids):
        """Of these, the ones that a person let be made in Odoo. A later read asks
        anew."""
        rows = self.env["shopify.match"].sudo()  # sudo: read by the engine
        found = rows.search(
            [
                ("backend_id", "=", self.id),
                ("scan_id", "in", self.env["shopify.scan"].sudo()._newest().ids),
                ("shopify_gid", "in", list(gids)),
                ("decision", "=", "create_here"),
            ]
        )
        return set(found.mapped("shopify_gid"))


def _told(kind, message):
    """A notification, and the view as it is now."""
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": kind,
            "message": message,
            "next": {"type": "ir.actions.client", "tag": "soft_reload"},
        },
    }
