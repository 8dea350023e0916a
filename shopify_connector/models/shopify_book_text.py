"""History and Shopify writes as people read them."""

import json

from markupsafe import Markup

from odoo import api, fields, models

from ..core.reasons import CATALOGUE
from .sync_subject import RELEASED

SHOWN_SUBJECTS = 3
OPERATORS = "shopify_connector.group_operator"


class ShopifyEvent(models.Model):
    _inherit = "shopify.event"

    outcome_label = fields.Char("Result", compute="_compute_outcome_label")
    cause_label = fields.Char("Because", compute="_compute_cause_label")
    changes_text = fields.Text(
        "What Changed", compute="_compute_changes_text", groups=OPERATORS
    )

    @api.depends("outcome")
    @api.depends_context("lang")
    def _compute_outcome_label(self):
        known = {
            "synced": self.env._("Synced"),
            "unchanged": self.env._("Unchanged"),
            "excluded": self.env._("Excluded"),
            "linked": self.env._("Linked by hand"),
            "postponed": self.env._("Postponed"),
            "closed": self.env._("Closed without syncing"),
            "handed over": self.env._("Handed over"),
            "settled": self.env._("Settled by a person"),
            "retried": self.env._("Retried"),
            "released": self.env._("Released"),
            "solved": self.env._("Solved"),
            "connected": self.env._("Connected"),
            "simulated": self.env._("Simulated: not written"),
            "lease taken": self.env._("This database writes"),
            "copy": self.env._("This database is a copy"),
            "rebuild skipped": self.env._("Links not rebuilt"),
            "audit": self.env._("Audited"),
            "rebuild": self.env._("Links rebuilt"),
            "remark": self.env._("All IDs written again"),
            "app changed": self.env._("Connected with another app"),
            "all IDs again": self.env._("All IDs are written again"),
        }
        for event in self:
            reason = CATALOGUE.get(event.outcome)
            event.outcome_label = (
                self.env._(reason.title)
                if reason
                else known.get(event.outcome, event.outcome)
            )

    @api.depends("cause")
    @api.depends_context("lang")
    def _compute_cause_label(self):
        known = {
            "reconcile": self.env._("found by comparing"),
            "released": self.env._("what it waited for appeared"),
            "retry": self.env._("somebody retried"),
            "accepted": self.env._("somebody accepted it"),
            "waited for": self.env._("an order waits for it"),
            "linked": self.env._("it was linked"),
            "shown": self.env._("as its preview showed it"),
        }
        for event in self:
            causes = (event.cause or "").split(", ")
            event.cause_label = ", ".join(
                self.env["shopify.sync"]._appeared(each.removeprefix(RELEASED))
                if each.startswith(RELEASED)
                else known.get(each.partition(":")[0], each)
                for each in causes
            )

    @api.depends("changes")
    def _compute_changes_text(self):
        for event in self:
            event.changes_text = "\n".join(
                f"{field}: {_shown(before)} → {_shown(after)}"
                for field, before, after in event.changes or []
            )


class ShopifyMutation(models.Model):
    _inherit = "shopify.mutation"

    subjects_text = fields.Char("About", compute="_compute_book_texts")
    variables_text = fields.Text(
        "What Was Sent", compute="_compute_values_text", groups=OPERATORS
    )
    answer_text = fields.Text(
        "What Came Back", compute="_compute_values_text", groups=OPERATORS
    )

    @api.depends("subjects")
    def _compute_book_texts(self):
        for row in self:
            names = [name.split("/", 2)[-1] for name in row.subjects or []]
            more = len(names) - SHOWN_SUBJECTS
            shown = ", ".join(names[:SHOWN_SUBJECTS])
            row.subjects_text = (
                self.env._("%(shown)s and %(more)s more", shown=shown, more=more)
                if more > 0
                else shown
            )

    @api.depends("variables", "answer")
    def _compute_values_text(self):
        for row in self:
            row.variables_text = _pretty(row.variables)
            row.answer_text = _pretty(row.answer)


class ShopifySaleOrder(models.Model):
    _inherit = "shopify.sale.order"

    explanation_html = fields.Html("Amounts", compute="_compute_explanation_html")

    @api.depends("explanation")
    def _compute_explanation_html(self):
        for link in self:
            lines = [
                Markup("<tr><th>%s</th><td>%s</td></tr>") % (line, why)
                for line, why in link.explanation or []
            ]
            link.explanation_html = (
                Markup('<table class="table table-sm">%s</table>')
                % Markup("").join(lines)
                if lines
                else False
            )


def _shown(value):
    return "–" if value in (None, "") else value


def _pretty(value):
    return json.dumps(value, indent=2, ensure_ascii=False) if value else False
