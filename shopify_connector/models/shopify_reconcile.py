"""Cron for certainty: what changed in Shopify is found without any webhook.

A time never excludes what was not compared: the search index lags. So each pass lists
the GIDs and `updatedAt` of a window that overlaps the last one by far, and asks for a
sync wherever `updatedAt` differs from the one read with the last finished run.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import split_every

from ..api.errors import ShopifyError
from ..core import identity
from .remote_failure import remote_failure
from .roles import OPERATOR, check_role
from .shopify_mark import LINKS
from .shopify_sync import HANDLERS

# flow: (Shopify type, operation, root field)
LISTS = {
    "products": ("Product", "products/changed", "products"),
    "customers": ("Customer", "customers/changed", "customers"),
    "orders": ("Order", "orders/changed", "orders"),
}


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    @api.model
    def _cron_reconcile(self, hours=2):
        for backend in self.search([("state", "=", "connected")]):
            backend._reconcile(hours)

    def _reconcile(self, hours=None, flows=None):
        """List what changed within `hours` (None: everything) and trigger what differs
        from what was read. Returns {flow: {"listed": n, "triggered": n}}."""
        self.ensure_one()
        counts = {}
        for flow in flows or LISTS:
            if self._flow_policy(flow) == "off":
                continue
            try:
                with self._client() as client:
                    counts[flow] = self._reconcile_flow(client, flow, hours)
            except ShopifyError as error:
                counts[flow] = {"error": str(error)}
                self._note_event("store", error.failure, f"{flow}: {error}")
        return counts

    def _reconcile_flow(self, client, flow, hours):
        shopify_type, operation, root = LISTS[flow]
        counts = {"listed": 0, "triggered": 0}
        after = None
        while True:
            page = client.execute(
                operation, {"query": self._window(flow, hours), "after": after}
            ).data[root]
            listed = {node["id"]: node["updatedAt"] for node in page["nodes"]}
            differing = self._differing(shopify_type, listed)
            self.env["shopify.trigger"].sudo()._insert(
                self,
                [(flow, "in", shopify_type, gid) for gid in differing],
                "reconcile",
            )
            counts["listed"] += len(listed)
            counts["triggered"] += len(differing)
            if not page["pageInfo"]["hasNextPage"]:
                return counts
            after = page["pageInfo"]["endCursor"]

    def _window(self, flow, hours):
        """Shopify search text. `customers` compares whole days, in UTC."""
        terms = []
        if hours is not None:
            since = fields.Datetime.now() - timedelta(hours=hours)
            if flow == "customers":
                since = since.replace(hour=0, minute=0, second=0, microsecond=0)
            terms.append(f"updated_at:>='{since.isoformat(timespec='seconds')}Z'")
        if flow == "orders" and self.orders_since:
            since = self.orders_since.isoformat(timespec="seconds")
            terms.append(f"created_at:>='{since}Z'")
        return " AND ".join(terms) or None

    def _differing(self, shopify_type, listed):
        """GIDs without a finished run that read this very `updatedAt`. What waits or is
        in review is looked at again only when it changed since."""
        # sudo: the engine's own books
        rows = (
            self.env["shopify.sync"]
            .sudo()
            .search_fetch(
                [
                    ("backend_id", "=", self.id),
                    ("direction", "=", "in"),
                    ("subject_type", "=", shopify_type),
                    ("subject_key", "in", list(listed)),
                ],
                ["subject_key", "remote_updated_at", "state"],
            )
        )
        read = {row.subject_key: row.remote_updated_at for row in rows}
        return [gid for gid, updated in listed.items() if read.get(gid) != updated]

    def _reconcile_requested(self, flow):
        if self.state == "connected" and flow in LISTS:
            self._reconcile(flows=[flow])

    def action_sync_now(self):
        """Read everything that differs, now."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        for backend in self:
            backend._reconcile()
            backend._enqueue_due()
        return True

    # === WHAT NO LIST OF CHANGES SHOWS === #

    @api.model
    def _cron_check(self):
        """Hourly: may we still sign in, with which scopes, and which locations are
        there. An app that was uninstalled shows here if its webhook never came."""
        for backend in self.search([("state", "=", "connected")]):
            try:
                with backend._client() as client:
                    backend._check_scopes(client)
                    self.env["shopify.mapping.location"]._refresh(backend, client)
                    if client.version_changed:
                        backend._note_event(
                            "store", "api_version_changed", client.version_seen
                        )
            except ShopifyError as error:
                backend._pause_all(remote_failure(backend, error))

    @api.model
    def _cron_compare_linked(self):
        """Weekly: every linked record is read by its ID, so that what was deleted, and
        a mark that was changed by another route, is found without any webhook."""
        for backend in self.search([("state", "=", "connected")]):
            try:
                with backend._client() as client:
                    backend._compare_linked(client)
            except ShopifyError as error:
                backend._note_event("store", error.failure, str(error))

    def _compare_linked(self, client):
        """Trigger what is gone in Shopify (in) or differs in its mark (mark). Returns
        {Shopify type: {"linked": n, "gone": n, "unmarked": n}}."""
        counts = {}
        database = self.env["shopify.mark"]._database()
        for shopify_type, model in LINKS.items():
            # sudo: links are closed to everybody's hands
            links = self.env[model].sudo().search([("backend_id", "=", self.id)])
            count = counts[shopify_type] = {
                "linked": len(links),
                "gone": 0,
                "unmarked": 0,
            }
            for part in split_every(250, links.ids):
                some = links.browse(part)
                gone, unmarked = self._differing_links(client, some, database)
                count["gone"] += len(gone)
                count["unmarked"] += len(unmarked)
                flow = links._flow
                subjects = [(flow, "mark", shopify_type, gid) for gid in unmarked]
                if ("in", shopify_type) in HANDLERS:
                    subjects += [(flow, "in", shopify_type, gid) for gid in gone]
                self.env["shopify.trigger"].sudo()._insert(self, subjects, "comparison")
        return counts

    def _differing_links(self, client, links, database):
        """-> (GIDs that Shopify doesn't have any more, GIDs whose mark isn't ours)"""
        by_gid = {link.shopify_gid: link for link in links if link.shopify_gid}
        answer = client.execute("metafields/read_marks", {"ids": sorted(by_gid)})
        nodes = {node["id"]: node for node in answer.data["nodes"] if node}
        proofs = links._proofs(database)
        gone, unmarked = [], []
        for gid, link in by_gid.items():
            if gid not in nodes:
                gone.append(gid)
            elif link in proofs:
                proof = proofs[link]
                mark = identity.mark_from_node(nodes[gid])
                if (mark.value, mark.proof) != (proof.value, proof):
                    unmarked.append(gid)
        return gone, unmarked
