"""The report for support: what is known of one subject, and nobody's data."""

import json
import platform

from odoo import api, fields, models, release

from ..api import support
from ..api.version import API_VERSION
from .roles import OPERATOR, has_role

HISTORY, WRITES = 10, 10
KINDS = {"txt": "text/plain", "json": "application/json"}


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    support_text = fields.Text("Report", compute="_compute_support_text")

    @api.depends("reason_code", "attempt_count")
    @api.depends_context("uid")
    def _compute_support_text(self):
        for row in self:
            row.support_text = row._support_report("txt")

    def action_download_report(self):
        self.ensure_one()
        kind = self.env.context.get("report_kind", "txt")
        return {
            "type": "ir.actions.act_url",
            "url": f"/shopify/support/{self.id}/{kind}",
            "target": "download",
        }

    def _support_report(self, kind):
        """kind: "txt" or "json"."""
        self.check_access("read")
        facts = self._support_facts()
        if kind == "json":
            return json.dumps(facts, indent=2, ensure_ascii=False, default=str)
        return support.as_text(facts)

    def _support_facts(self):
        self.ensure_one()
        events = self.event_ids[:HISTORY]
        facts = {
            "versions": self._support_versions(),
            "store": {
                "domain": self.backend_id.shop_domain,
                "state": self.backend_id.state,
            },
            "subject": self._subject_name(),
            "flow": self.flow,
            "odoo_id": self.odoo_record_id or None,
            "state": self.state,
            "outcome": self.outcome or None,
            "reason": self.reason_code or None,
            "kind": self.nature or None,
            "retry_safe": self.retry_safe,
            "waits_on": [support.wait_key(key) for key in self.wait_ids.mapped("key")],
            "attempts": self.attempt_count,
            "since": _time(self.first_failed_at),
            "next_try": _time(self.next_attempt_at),
            "last_sync": _time(self.last_run_at),
            "changed_in_shopify": self.remote_updated_at or None,
            "history": [
                {
                    "at": _time(event.create_date),
                    "kind": event.kind,
                    "outcome": event.outcome,
                    "causes": [
                        _cause(each) for each in (event.cause or "").split(", ")
                    ],
                    "ms": event.duration_ms,
                    "request": event.request_id or None,
                }
                for event in events
            ],
            "writes": self._support_writes(events),
        }
        if not has_role(self.env, OPERATOR):
            return facts | {"more": "operators' reports say more"}
        return facts | {
            "params": support.params(self.reason_params or {}),
            "requests": self._support_requests(),
            "traceback": support.trace(self.traceback or ""),
        }

    @api.model
    def _support_versions(self):
        # sudo: a version is no secret
        modules = self.env["ir.module.module"].sudo()
        module = modules.search([("name", "=", "shopify_connector")])
        return {
            "odoo": release.version,
            "module": module.installed_version or None,
            "shopify_api": API_VERSION,
            "python": platform.python_version(),
            "postgresql": self.env.cr._cnx.server_version,
        }

    def _support_writes(self, events):
        """The last ones that these tries sent, and all whose end isn't known."""
        uuids = {key for event in events for key in event.write_uuids or ()}
        # sudo: the book belongs to operators; it is cleaned, and below them only
        # outcomes are taken
        book = self.env["shopify.mutation"].sudo()
        sent = book.search([("uuid", "in", sorted(uuids))], limit=WRITES)
        writes = (sent | self._open_writes()).sorted("id", reverse=True)
        return [self._support_write(write) for write in writes]

    @api.model
    def _support_write(self, write):
        facts = {
            "operation": write.operation,
            "uuid": write.uuid,
            "state": write.state,
            "request": write.request_id or None,
            "at": _time(write.created_at),
            "settled": _time(write.settled_at),
            "error": support.words(write.error or "") or None,
        }
        if not has_role(self.env, OPERATOR):
            return facts
        return facts | {
            "variables": support.short(support.cleaned(write.variables or {})),
            "answer": support.short(support.cleaned(write.answer or {})),
        }

    def _support_requests(self):
        kept = self.env["shopify.kept.request"]
        rows = kept.search(
            [
                ("backend_id", "=", self.backend_id.id),
                ("subject", "=", self._subject_name()),
            ]
        )
        if rows:
            return [
                {
                    "operation": row.operation,
                    "request": row.request_id or None,
                    "http": row.status,
                    "variables": row.variables,
                    "answer": row.answer,
                }
                for row in rows
            ]
        if kept._keeps():
            return ["none was kept"]
        return ["not kept: Settings, Shopify, Keep requests and answers"]


def _time(value):
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if value else None


def _cause(cause):
    """Without what it names."""
    return cause.partition(":")[0]
