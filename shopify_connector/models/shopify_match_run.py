"""Decisions about thousands of rows, as a job: lot by lot, each committed."""

from odoo import fields, models

from .match_decider import ROWS_A_LOT
from .roles import OPERATOR, check_role
from .shopify_match_acts import ACTS


class ShopifyMatchRun(models.Model):
    _name = "shopify.match.run"
    _inherit = "shopify.steps"
    _description = "Decisions at Work"
    _order = "id desc"
    _rec_name = "act"
    _store_path = "scan_id.backend_id"

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

    def _may_work(self):
        """A store that isn't connected is said by the decision itself, and to whoever
        looks: they may leave the rest."""
        return self._store()._is_at_home()

    def _step(self, client, stop_at):
        """See shopify.steps; a decision asks Shopify by itself."""
        lot, rest = self.row_ids[:ROWS_A_LOT], self.row_ids[ROWS_A_LOT:]
        # As the person who decided: with their access, companies and language.
        user = self.user_id
        env = self.env(user=user.id, su=True, context={"lang": user.lang})
        rows = env["shopify.match"].browse(lot).exists()
        done = rows._do_lot(self.act, self.reason or "", user) if rows else 0
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
        return 0 if rest else None

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
