"""Requests and answers of what stopped, cleaned and for some days: where it is asked for.

Nothing is kept unless an administrator sets a number of days, and nothing is stored as it
came: api/support cleans it first.
"""

import json

from odoo import api, fields, models

from ..api import support
from ..core.failures import Failure

# Of what has no Shopify ID to be found by: the requests before it stopped.
LAST = 5


class ShopifyKeptRequest(models.Model):
    _name = "shopify.kept.request"
    _description = "Shopify Request Kept for Support"
    _order = "id"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    subject = fields.Char(required=True, help="As the engine's books call it.")
    operation = fields.Char(required=True)
    request_id = fields.Char()
    status = fields.Integer("HTTP Status")
    variables = fields.Json(help="Cleaned, see api/support.")
    answer = fields.Json(help="Cleaned, see api/support.")

    _subject = models.Index("(backend_id, subject)")
    _retention = models.Index("(create_date)")

    @api.model
    def _keeps(self):
        return self.env["shopify.backend"]._parameter("bodies_days") > 0

    @api.model
    def _keep(self, backend, results, kept):
        """Keep what was said about subjects that stopped, in place of earlier ones.

        results: {subject: (Outcome | Failure, facts)}; kept: the client's list.
        """
        stopped = [
            s for s, (end, _facts) in results.items() if isinstance(end, Failure)
        ]
        if not stopped:
            return
        sudo = self.sudo()  # the engine's own book
        sudo.search(
            [
                ("backend_id", "=", backend.id),
                ("subject", "in", [subject.name for subject in stopped]),
            ]
        ).unlink()
        sudo.create(
            [
                {
                    "backend_id": backend.id,
                    "subject": subject.name,
                    **_values(said, gid),
                }
                for subject in stopped
                for said, gid in _about(subject, kept)
            ]
        )

    @api.model
    def _gc(self, days):
        self.env.cr.execute(
            "DELETE FROM shopify_kept_request WHERE create_date <"
            " now() AT TIME ZONE 'UTC' - make_interval(days => %s)",
            [days],
        )
        return self.env.cr.rowcount


def _about(subject, kept):
    """[(what was said, the subject's Shopify ID or "")]"""
    if not subject.key.startswith("gid:"):
        return [(said, "") for said in kept[-LAST:]]
    named = json.dumps(subject.key)
    return [(said, subject.key) for said in kept if named in json.dumps(said)]


def _values(said, gid):
    answer = said["answer"]
    if gid and answer:
        answer = support.about(answer, gid)
    return {
        "operation": said["operation"],
        "request_id": said["request_id"] or False,
        "status": said["status"],
        "variables": support.short(support.cleaned(said["variables"])),
        "answer": support.short(support.cleaned(answer)),
    }


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    @api.model
    def _run(self, backend, client, subjects):
        client.kept = [] if self.env["shopify.kept.request"]._keeps() else None
        return super()._run(backend, client, subjects)

    @api.model
    def _record(self, backend, results, batch, seconds, client):
        result = super()._record(backend, results, batch, seconds, client)
        if client.kept:
            self.env["shopify.kept.request"]._keep(backend, results, client.kept)
        return result


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    @api.model
    def _cron_retention(self):
        result = super()._cron_retention()
        self.env["shopify.kept.request"]._gc(int(self._parameter("bodies_days")))
        return result
