"""Helpers to look into the engine: triggers, rows, jobs, marks, and what was written."""

import json
from datetime import timedelta

from odoo import fields

from .order_case import OrderCase

TYPES = {"products": "Product", "customers": "Customer", "orders": "Order"}


class SyncHelpers:
    """Mixed into a case that has a connected store."""

    def setUp(self):
        super().setUp()
        self.run_syncs()
        self.start_counting()

    # --- doing things ---

    def ask(self, flow, *gids, direction="in", cause="test", kind=None):
        """Say that these may be out of date; nothing runs yet."""
        kind = kind or TYPES[flow]
        self.env["shopify.trigger"]._insert(
            self.backend, [(flow, direction, kind, gid) for gid in gids], cause
        )

    def read_again(self, flow, *gids, **options):
        """Ask, and let the syncs run."""
        self.ask(flow, *gids, **options)
        self.run_syncs()

    def drain(self, group):
        """Run the due jobs of one group only, and what they call for themselves."""
        while jobs := self.jobs(group):
            self._run_job(jobs[0].uuid)
            self.env.invalidate_all()

    def jobs(self, group):
        return self._due_jobs().filtered(lambda job: job.args == [group])

    def lose_jobs(self, *groups):
        """What a machine that dies leaves: rows, and no job that will look at them."""
        for group in groups:
            self.jobs(group).unlink()

    def jobs_come_due(self):
        """The time that jobs were put off to has come."""
        self.env.cr.execute("UPDATE queue_job SET eta = NULL WHERE state = 'pending'")
        self.env.invalidate_all()

    def time_passes(self, rows):
        """The next try of these is due, and the API's points have come back."""
        # PostgreSQL's now() is the start of the transaction: that of the test class.
        rows.sudo().next_attempt_at = fields.Datetime.now() - timedelta(hours=1)
        self.env.cr.execute("DELETE FROM shopify_bucket")
        self.shop.set_bucket(points=1000.0)

    def wake(self):
        """The minute cron, which sees what is committed."""
        self.env.flush_all()
        self.env["shopify.backend"]._cron_wake()
        self.env.invalidate_all()

    def set_policy(self, flow, policy):
        self.flow(flow).policy = policy

    def mug(self, sku="MUG", title="Mug", **variant):
        """A product of one variant in Shopify."""
        row = {"sku": sku, "price": "9.50", **variant}
        return self.shop.create_product(title=title, variants=[row])

    def odoo_product(self, sku="MUG", **values):
        values = {"name": "Odoo mug", "default_code": sku, "is_storable": True} | values
        return self.env["product.product"].create(values)

    def mark(self, gid, value=None, proof=None):
        """Put these into Shopify past all rules, None removes."""
        text = proof if proof is None or isinstance(proof, str) else json.dumps(proof)
        self.shop.set_metafield(gid, "$app:odoo", "id", value)
        self.shop.set_metafield(gid, "$app:odoo", "proof", text, type="json")

    # --- looking ---

    def flow(self, name):
        return self.backend.flow_ids.filtered(lambda row: row.flow == name)

    def row(self, gid, direction="in"):
        return self.syncs(subject_key=gid, direction=direction)

    def events(self, gid, direction="in"):
        """What happened to a subject, first things first."""
        return self.env["shopify.event"].search(
            [
                ("backend_id", "=", self.backend.id),
                ("subject_key", "=", gid),
                ("direction", "=", direction),
            ],
            order="id",
        )

    def triggers(self, gid=None):
        domain = [("backend_id", "=", self.backend.id)]
        domain += [("subject_key", "=", gid)] if gid else []
        return self.env["shopify.trigger"].search(domain, order="id")

    def product_link(self, product):
        return self.env["shopify.product.template"].search(
            [("shopify_gid", "=", product["id"])]
        )

    def variant_link(self, product):
        return self.env["shopify.product.product"].search(
            [("shopify_gid", "in", product["variants"])]
        )

    def customer_link(self, customer):
        return self.env["shopify.res.partner"].search(
            [("shopify_gid", "=", customer["id"])]
        )

    def marked(self, gid):
        """The Odoo ID that Shopify holds, as text; None if it holds none."""
        return self._metafield(gid, "id")

    def proof(self, gid):
        """The proof beside it, as a dict."""
        text = self._metafield(gid, "proof")
        return text and json.loads(text)

    def _metafield(self, gid, key):
        found = self.shop.metafields.get((gid, self._namespace(), key))
        return found and found["value"]

    def _namespace(self):
        return f"app--{self.shop.app.number}--odoo"

    def written(self):
        """How often Shopify was written to, by mutation, since `start_counting`."""
        names = list(self.shop.mutations_applied)[self._mutations_before :]
        return {name: names.count(name) for name in dict.fromkeys(names)}

    def start_counting(self):
        self._mutations_before = len(self.shop.mutations_applied)

    def records(self):
        """How many records of each kind Odoo holds."""
        return {
            model: self.env[model].with_context(active_test=False).search_count([])
            for model in (
                "product.template",
                "product.product",
                "res.partner",
                "sale.order",
                "shopify.product.template",
                "shopify.product.product",
                "shopify.res.partner",
                "shopify.sale.order",
            )
        }


class SyncCase(SyncHelpers, OrderCase):
    """Two linked variants, SHIRT and SOCKS, and all flows on."""
