"""What a retry would do, in words, before anybody presses it."""

from collections import defaultdict

from odoo import api, fields, models

from ..core.forecast import Facts, by_kind, forecast
from .shopify_mark import LINKS

# Further items are said to be like these.
LOOKED_AT = 1000


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    forecast = fields.Char(
        "A Retry Would",
        compute="_compute_forecast",
        help="By how both sides are linked right now. The retry looks again itself.",
    )

    @api.depends("state", "subject_key", "subject_type", "direction")
    @api.depends_context("lang", "uid")
    def _compute_forecast(self):
        is_open = self.filtered(lambda row: row.state in ("review", "waiting"))
        found = is_open._forecasts()
        for row in self:
            said = found.get(row)
            text = said and self.env._(said.text)
            row.forecast = text and text % {"record": said.record}

    def _forecasts(self):
        """{row: Forecast}, in a bounded number of queries."""
        links = self._link_states()
        unanswered = self._unanswered()
        found = {}
        for row in self:
            state, record = links[row]
            policy = row.backend_id.sudo()._flow_policy(row.flow)
            found[row] = forecast(
                Facts(
                    direction=row.direction,
                    type=row.subject_type,
                    link=state,
                    record=record,
                    unanswered=unanswered[row],
                    asks_first=policy == "review",
                )
            )
        return found

    def _link_states(self):
        """{row: ("there" | "gone" | "none", the Odoo record's name)}"""
        linked = self._linked_keys()
        found = {}
        for row, record in self._odoo_records().items():
            if record:
                found[row] = "there", row._name_of(record)
            elif row in linked or row.direction == "out":
                found[row] = "gone", ""
            else:
                found[row] = "none", ""
        return found

    def _linked_keys(self):
        """Rows whose Shopify record has a link, whatever became of the Odoo record."""
        found = self.browse()
        for (backend, direction, kind), rows in self.grouped(
            lambda row: (row.backend_id, row.direction, row.subject_type)
        ).items():
            if direction == "in" and kind in LINKS:
                # sudo: whether there is a link is no secret
                links = self.env[LINKS[kind]].sudo()
                keys = links._find(backend, rows.mapped("subject_key"))
                found |= rows.filtered(lambda row, keys=keys: row.subject_key in keys)
        return found

    def _name_of(self, record):
        """The record's name; its ID alone for who may not read it."""
        if record._filtered_access("read"):
            return record.display_name
        return self.env._("the Odoo record (ID %s)", record.id)

    def _unanswered(self):
        """{row: how many requests about it got no answer yet}"""
        counts = defaultdict(int)
        for backend, rows in self.grouped("backend_id").items():
            names = {name: row for row in rows for name in row._names_of_writes()}
            self.env.cr.execute(
                "SELECT name, count(*) FROM shopify_mutation,"
                " LATERAL jsonb_array_elements_text(subjects) name"
                " WHERE backend_ref = %s AND state IN ('intent', 'unknown', 'applied')"
                " AND subjects ?| %s GROUP BY name",
                [backend.id, list(names)],
            )
            for name, count in self.env.cr.fetchall():
                if name in names:
                    counts[names[name]] += count
        return counts

    def _forecast_lines(self):
        """What a retry of all these would do, a line a kind, most frequent first."""
        found = by_kind(self._forecasts().values())
        if len(self) == 1:
            (each, _count) = found[0]
            template = self.env._(each.text)
            return [template % {"record": each.record}]
        templates = [(self.env._(each.many), count) for each, count in found]
        return [template % {"count": count} for template, count in templates]
