"""Cron for certainty: what changed in Shopify is found without any webhook.

A time never excludes what was not compared: the search index lags. So each pass lists
the GIDs and `updatedAt` of a window that overlaps the last one by far, and asks for a
sync wherever `updatedAt` differs from the one read with the last finished run.
"""

from datetime import timedelta

from odoo import api, fields, models

from ..api.errors import ShopifyError

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
        for backend in self:
            backend._reconcile()
            backend._enqueue_due()
        return True
