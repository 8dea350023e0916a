"""Preview of what a sync would do now, and the choice to do it."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.roles import OPERATOR, check_role
from ..models.shopify_dry_run import MOST
from ..models.sync_errors import leaves_the_job

KINDS = [
    ("does", "Would be done"),
    ("nothing", "Nothing to do"),
    ("stops", "Would stop"),
    ("busy", "Being processed right now"),
    ("late", "Not looked at: it took too long"),
]


class ShopifyDryRun(models.TransientModel):
    _name = "shopify.dry.run"
    _description = "Preview of a Sync"

    line_ids = fields.One2many("shopify.dry.run.line", "dry_run_id", "Records")
    count = fields.Integer("How Many", compute="_compute_count")
    may_do = fields.Boolean(compute="_compute_count")
    html = fields.Html("What Would Be Done", compute="_compute_html", sanitize=False)
    why_not_now = fields.Char("Not Before", compute="_compute_why_not_now")

    @api.depends("line_ids.is_chosen", "line_ids.kind")
    def _compute_count(self):
        for wizard in self:
            wizard.count = len(wizard.line_ids)
            wizard.may_do = any(
                line.is_chosen and line.kind == "does" for line in wizard.line_ids
            )

    @api.depends("line_ids.sections")
    @api.depends_context("lang")
    def _compute_html(self):
        for wizard in self:
            wizard.html = Markup("").join(line._html() for line in wizard.line_ids)

    @api.depends("line_ids.flow", "line_ids.backend_id")
    def _compute_why_not_now(self):
        for wizard in self:
            why = [
                line.backend_id._why_not_now(line.flow)
                for line in wizard.line_ids
                if line.kind == "does"
            ]
            wizard.why_not_now = " ".join(dict.fromkeys(filter(None, why)))

    @api.model
    def _open(self, wanted):
        """Look, and show it. wanted: {store: [(flow, direction, type, key)]}"""
        check_role(self.env, OPERATOR)
        total = sum(map(len, wanted.values()))
        if total > MOST:
            raise UserError(
                self.env._(
                    "%(count)s records at once are too many to preview: choose %(most)s "
                    "at the most.",
                    count=total,
                    most=MOST,
                )
            )
        lines = []
        for backend, subjects in wanted.items():
            backend.check_access("read")
            shown = self._look(backend, subjects)
            lines += [
                self._line_values(backend, subject, shown[subject])
                for subject in subjects
            ]
        wizard = self.create({"line_ids": [fields.Command.create(v) for v in lines]})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What would a sync do now?"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.model
    def _look(self, backend, subjects):
        try:
            return self.env["shopify.sync"]._dry_run(backend, subjects)
        except Exception as error:
            if not leaves_the_job(error):
                raise
            raise UserError(
                self.env._(
                    "This record is being processed right now. Try again shortly."
                )
            ) from error

    @api.model
    def _line_values(self, backend, subject, shown):
        flow, direction, kind, key = subject
        failure = shown.failure
        record = shown.record_name or key
        note = shown.note
        if failure:
            row = self.env["shopify.sync"].new(
                {
                    "backend_id": backend.id,
                    "record_name": record,
                    "subject_type": kind,
                    "subject_key": key,
                }
            )
            label = row._record_label()
            note = row._translate(failure.reason.message, failure, label)
        return {
            "backend_id": backend.id,
            "flow": flow,
            "direction": direction,
            "subject_type": kind,
            "subject_key": key,
            "record_name": record,
            "kind": shown.kind,
            "note": note,
            "sections": list(shown.sections),
            "digest": shown.digest,
            "on_hand": shown.on_hand if shown.on_hand is not None else False,
            "has_on_hand": shown.on_hand is not None,
            "is_chosen": shown.kind == "does",
        }

    def action_do(self):
        """Have done what is shown. The drain looks once more before it does it."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        lines = self.line_ids.filtered(lambda each: each.is_chosen)
        lines = lines.filtered(lambda each: each.kind == "does")
        if not lines:
            raise UserError(self.env._("Nothing of this is to be done."))
        off = lines.filtered(
            # sudo: any operator may be told that a flow is off
            lambda each: (
                each.backend_id.sudo()
                .flow_ids.filtered(lambda row: row.flow == each.flow)
                .policy
                in (False, "off")
            )
        )
        if off:
            raise UserError(off[0].backend_id._why_not_now(off[0].flow))
        syncs = self.env["shopify.sync"]
        for line in lines:
            syncs._do_as_shown(
                line.backend_id,
                line._subject(),
                line.digest,
                line.on_hand if line.has_on_hand else None,
            )
        return lines._syncs()._released_notification(len(lines))


class ShopifyDryRunLine(models.TransientModel):
    _name = "shopify.dry.run.line"
    _description = "Preview of One Record's Sync"

    dry_run_id = fields.Many2one("shopify.dry.run", required=True, ondelete="cascade")
    backend_id = fields.Many2one("shopify.backend", "Store", required=True)
    flow = fields.Char(required=True)
    direction = fields.Selection(
        [("in", "Into Odoo"), ("out", "To Shopify"), ("mark", "Write Back")],
        required=True,
    )
    subject_type = fields.Char("Record Type", required=True)
    subject_key = fields.Char("Record Key", required=True)
    record_name = fields.Char("Record")
    kind = fields.Selection(KINDS, "What", required=True)
    note = fields.Char("Why")
    sections = fields.Json()
    digest = fields.Char()
    on_hand = fields.Integer()
    has_on_hand = fields.Boolean()
    is_chosen = fields.Boolean("Do It")

    def _subject(self):
        return self.flow, self.direction, self.subject_type, self.subject_key

    def _syncs(self):
        """The rows of these that there are already."""
        keys = {(line.backend_id.id, *line._subject()[1:]) for line in self}
        rows = self.env["shopify.sync"].search(
            [
                ("backend_id", "in", self.backend_id.ids),
                ("subject_key", "in", self.mapped("subject_key")),
            ]
        )
        return rows.filtered(
            lambda row: (
                (
                    row.backend_id.id,
                    row.direction,
                    row.subject_type,
                    row.subject_key,
                )
                in keys
            )
        )

    def _html(self):
        """This record's part: its name, what would come of it, and the changes."""
        syncs = self.env["shopify.sync"]
        rows = Markup("").join(
            syncs._section_rows(section) for section in self.sections or ()
        )
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        ways = dict(self._fields["direction"]._description_selection(self.env))
        body = Markup(
            "<h4>%(record)s <small>%(way)s</small></h4>"
            "<p><strong>%(kind)s</strong> %(note)s</p>"
        ) % {
            "record": self.record_name,
            "way": ways[self.direction],
            "kind": kinds[self.kind],
            "note": self.note or "",
        }
        if not rows:
            return body
        return (
            body
            + Markup('<table class="table table-sm o_shopify_preview">%s</table>')
            % rows
        )


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    def action_dry_run(self):
        """Show what a sync of these would do now; nothing is changed."""
        self.check_access("read")
        return self.env["shopify.dry.run"]._open(
            {
                backend: rows._subjects()
                for backend, rows in self.grouped("backend_id").items()
            }
        )


class ShopifyRecord(models.AbstractModel):
    _inherit = "shopify.record"

    def action_shopify_dry_run(self):
        """Show what a sync of this record would do now, in every store and way."""
        self.ensure_one()
        rows = self._shopify_syncs() | self._shopify_stock_syncs()
        if not rows:
            raise UserError(
                self.env._(
                    "No sync is known of %s yet: there is nothing to preview.",
                    self.display_name,
                )
            )
        return rows.action_dry_run()

    def _shopify_stock_syncs(self):
        """Syncs of this record's stock, where it has any."""
        return self.env["shopify.sync"]


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def _shopify_stock_syncs(self):
        return self.product_variant_ids._shopify_stock_syncs()


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _shopify_stock_syncs(self):
        # sudo: IDs only; the rows that they lead to are looked up as their reader
        levels = self.env["shopify.stock.level"].sudo()
        levels = levels.search([("product_id", "in", self.ids)])
        return self.env["shopify.sync"].search(
            [
                ("direction", "=", "out"),
                ("subject_type", "=", levels._name),
                ("subject_key", "in", [str(key) for key in levels.ids]),
            ]
        )
