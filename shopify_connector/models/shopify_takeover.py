"""Taking over the links of another connector: a dry run first, then what is confirmed.

A run gathers lines from a file, from columns of this database, or from marks in Shopify;
a job checks each on both sides, lot by lot; a manager has the confirmed ones linked. What
can't be confirmed stays in the list for a person.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .roles import MANAGER, check_role
from .shopify_takeover_line import TYPES, VERDICTS
from .takeover_sources import Inspector

OPEN_STATES = ("gathering", "checking", "linking")
# What says where the lines come from, and which.
SOURCE = {"backend_id", "origin", "file", "default_type", "namespace", "key", "holds"}


class ShopifyTakeover(models.Model):
    _name = "shopify.takeover"
    _inherit = "shopify.steps"
    _description = "Take-Over of Links"
    _order = "id desc"
    _open_states = OPEN_STATES

    backend_id = fields.Many2one(
        "shopify.backend",
        "Store",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self._default_store(),
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    origin = fields.Selection(
        [
            ("file", "A file"),
            ("database", "This database"),
            ("marks", "What was left in Shopify"),
        ],
        "Where the Links Are",
        required=True,
        default="file",
    )
    state = fields.Selection(
        [
            ("draft", "Not Checked"),
            ("gathering", "Gathering"),
            ("checking", "Checking"),
            ("checked", "Checked"),
            ("linking", "Linking"),
            ("done", "Done"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    file = fields.Binary("CSV File", attachment=True)
    filename = fields.Char()
    header = fields.Char("Columns of the File", compute="_compute_columns", store=True)
    column_gid = fields.Char(
        "Shopify ID Is In", compute="_compute_columns", store=True, readonly=False
    )
    column_type = fields.Char(
        "Record Type Is In", compute="_compute_columns", store=True, readonly=False
    )
    column_model = fields.Char(
        "Odoo Model Is In", compute="_compute_columns", store=True, readonly=False
    )
    column_id = fields.Char(
        "Odoo ID Is In", compute="_compute_columns", store=True, readonly=False
    )
    column_xmlid = fields.Char(
        "External ID Is In", compute="_compute_columns", store=True, readonly=False
    )
    column_sku = fields.Char(
        "SKU Is In", compute="_compute_columns", store=True, readonly=False
    )
    default_type = fields.Selection(
        TYPES,
        "Lines Without a Type Are",
        help="Lines whose Shopify ID is a number only.",
    )
    source_ids = fields.One2many(
        "shopify.takeover.source", "takeover_id", "Columns in the Database"
    )
    namespace = fields.Char(default="custom", help="Of the metafield in Shopify.")
    key = fields.Char(default="odoo_id", help="Of the metafield in Shopify.")
    holds = fields.Selection(
        [("record", "The record's Odoo ID"), ("invoice", "The Odoo ID of its invoice")],
        "What It Holds",
        default="record",
    )
    line_ids = fields.One2many("shopify.takeover.line", "takeover_id", "Lines")
    place = fields.Json(copy=False, help="How far the gathering has come.")
    progress = fields.Float(
        compute="_compute_progress", help="Percent of what it does now."
    )
    linked_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    waiting_count = fields.Integer("Not Checked Yet", compute="_compute_counts")
    confirmed_count = fields.Integer("Would Be Linked", compute="_compute_counts")
    contradicted_count = fields.Integer("Contradicted", compute="_compute_counts")
    unverifiable_count = fields.Integer("Can't Be Verified", compute="_compute_counts")
    refused_count = fields.Integer("Refused", compute="_compute_counts")
    bad_count = fields.Integer("Unreadable", compute="_compute_counts")
    linked_count = fields.Integer("Linked", compute="_compute_counts")

    @api.model
    def _default_store(self):
        stores = self.env["shopify.backend"].search([], limit=2)
        return stores if len(stores) == 1 else stores.browse()

    @api.depends("backend_id", "origin", "create_date")
    def _compute_display_name(self):
        labels = dict(self._fields["origin"]._description_selection(self.env))
        for run in self:
            run.display_name = f"{run.backend_id.name}: {labels.get(run.origin, '')}"

    @api.depends("line_ids.verdict")
    def _compute_counts(self):
        groups = self.env["shopify.takeover.line"]._read_group(
            [("takeover_id", "in", self.ids)],
            ["takeover_id", "verdict"],
            ["__count"],
        )
        counts = {(run.id, verdict): count for run, verdict, count in groups}
        for run in self:
            for verdict in VERDICTS:
                if verdict != "repeated":
                    run[f"{verdict}_count"] = counts.get((run.id, verdict), 0)

    @api.depends("state", "place", "line_ids.verdict")
    def _compute_progress(self):
        for run in self:
            run.progress = round(100.0 * run._share_done(), 1)

    def _share_done(self):
        """0 to 1, of gathering, checking or linking."""
        if self.state == "gathering":
            return self._share_read() if self.origin == "file" else 0.0
        left, done = self.waiting_count, 0
        if self.state == "linking":
            left, done = self.confirmed_count, self.linked_count
        elif self.state == "checking":
            done = len(self.line_ids) - left
        elif self.state in ("checked", "done"):
            return 1.0
        return done / (left + done) if left + done else 0.0

    # === GUARD === #

    def write(self, vals):
        """What is being read stays as it is until then."""
        if SOURCE & set(vals) and any(run.state in OPEN_STATES for run in self):
            raise UserError(self.env._("It is at work: wait until it is done."))
        return super().write(vals)

    # === ACTS === #

    def action_inspect(self):
        """Look for columns that may hold Shopify IDs, and offer them."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.check_access("write")
        self.env.flush_all()
        known = {(row.table, row.column, row.id_column) for row in self.source_ids}
        # sudo: only what the inspection found may be named, and nobody else may name it
        self.env["shopify.takeover.source"].sudo().create(
            [
                {
                    "takeover_id": self.id,
                    "table": row.table,
                    "column": row.column,
                    "id_column": row.id_column,
                    "odoo_model": row.odoo_model,
                    "shopify_type": row.shopify_type,
                    "count": row.count,
                    "samples": ", ".join(row.samples),
                }
                for row in Inspector(self.sudo().env).find()
                if (row.table, row.column, row.id_column) not in known
            ]
        )
        return True

    def action_check(self):
        """Gather the lines anew, and check each: nothing is linked."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.check_access("write")
        if self.state in OPEN_STATES:
            raise UserError(self.env._("It is at work already."))
        if self.origin == "database":
            chosen = self.source_ids.filtered("chosen")
            if not chosen:
                raise UserError(self.env._("Choose at least one column to read."))
            for source in chosen:
                source._check_readable()
        if self.origin == "marks" and not (self.namespace and self.key):
            raise UserError(self.env._("Name the metafield's namespace and key."))
        if self.origin == "file":
            self._check_file()
        # What was linked stays in History and in the links themselves.
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM shopify_takeover_line WHERE takeover_id = %s", [self.id]
        )
        self.env.invalidate_all()
        self.write(
            {
                "state": "gathering",
                "place": False,
                "message": False,
                "troubles": 0,
            }
        )
        self._enqueue_step()
        return True

    def action_link(self):
        """Link the confirmed ones, each read once more before."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.check_access("write")
        if self.state != "checked":
            raise UserError(self.env._("Check first what would be linked."))
        self.write({"state": "linking", "linked_by_id": self.env.uid, "troubles": 0})
        self._enqueue_step()
        return True

    def action_lines(self):
        """The lines of one verdict, or all."""
        self.ensure_one()
        verdict = self.env.context.get("shopify_verdict")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Lines"),
            "res_model": "shopify.takeover.line",
            "view_mode": "list",
            "domain": [
                ("takeover_id", "=", self.id),
                *([("verdict", "=", verdict)] if verdict else []),
            ],
        }

    @api.ondelete(at_uninstall=False)
    def _check_idle(self):
        if self.filtered(lambda run: run.state in OPEN_STATES):
            raise UserError(self.env._("It is at work: wait until it is done."))
