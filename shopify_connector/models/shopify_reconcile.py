"""Cron for certainty: what changed in Shopify is found without any webhook.

A time never excludes what was not compared: the search index lags. So each pass lists
the GIDs and `updatedAt` of a window that overlaps the last one by far, and asks for a
sync wherever `updatedAt` differs from the one read with the last finished run; and
once more where that read followed the change so closely that it may have missed a second
change with the same `updatedAt` (core/freshness).
"""

import math
import time
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models

from ..api.errors import (
    AccessDeniedError,
    ShopifyError,
    ThrottledError,
    TransientError,
)
from ..core import freshness, identity
from .remote_failure import remote_failure
from .remote_nodes import read_nodes
from .roles import OPERATOR, check_role
from .shopify_mark import LINKS
from .shopify_queue import JOB_PRIORITY
from .sync_subject import HANDLERS

# list: (flow, Shopify type, operation, root field)
LISTS = {
    "products": ("products", "Product", "products/changed", "products"),
    "customers": ("customers", "Customer", "customers/changed", "customers"),
    "companies": ("customers", "Company", "companies/changed", "companies"),
    "company_locations": (
        "customers",
        "CompanyLocation",
        "companies/locations_changed",
        "companyLocations",
    ),
    "orders": ("orders", "Order", "orders/changed", "orders"),
}
# Lists that a shop without companies (B2B) refuses.
COMPANY_LISTS = ("companies", "company_locations")

# Waits that end as soon as the record changes in Shopify.
ENDED_BY_A_CHANGE = ("order_not_paid", "order_not_confirmed")

# A listing goes on in another job after this long, well within a worker's limits.
LIST_SECONDS = 20
COMPARED_AT_ONCE = 250


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    @api.model
    def _cron_reconcile(self, hours=2):
        self._for_each_store(lambda backend: backend._enqueue_reconcile(hours))

    def _enqueue_reconcile(self, hours=None, flows=None):
        """List what changed within `hours` (None: everything) in jobs of their own, so
        that a long list neither holds up a user nor outlives a worker."""
        for name in self._lists(flows):
            self._enqueue_page(name, hours)

    def _lists(self, flows=None):
        """Names of the lists to read for these flows (None: all), as far as they are on
        and the shop has such records."""
        return [
            name
            for name, (flow, *_rest) in LISTS.items()
            if (not flows or flow in flows)
            and self._flow_policy(flow) != "off"
            and (name not in COMPANY_LISTS or self.sudo().has_companies)
        ]

    def _enqueue_page(self, name, hours, after=None, eta=None):
        self.with_user(SUPERUSER_ID).with_delay(
            priority=JOB_PRIORITY["mark"],
            eta=eta,
            identity_key=f"shopify/list/{self.id}/{name}/{hours}/{after}",
            description=f"Shopify {self.name}: find changed {name.replace('_', ' ')}",
        )._reconcile_job(name, hours, after)

    def _reconcile_job(self, name, hours=None, after=None):
        """Job: list pages for a while, each committed; a successor has the rest."""
        if not self._is_working() or not self._is_at_home():
            return
        stop_at = time.monotonic() + LIST_SECONDS
        with self._client() as client:
            while True:
                try:
                    after, _counts = self._reconcile_page(client, name, hours, after)
                except ThrottledError as error:
                    eta = math.ceil(error.retry_after) + 1
                    self._enqueue_page(name, hours, after, eta)
                    return
                except ShopifyError as error:
                    # The next pass lists the same again, and more.
                    self._note_event("store", error.failure, f"{name}: {error}")
                    return
                # pylint: disable=invalid-commit; the job allows it
                self.env.cr.commit()  # a page found stays found
                if after is None:
                    return
                if time.monotonic() > stop_at:
                    self._enqueue_page(name, hours, after)
                    return

    def _reconcile(self, hours=None, flows=None):
        """The same here and now. Returns {list: {"listed": n, "triggered": n}}."""
        self.ensure_one()
        with self._client() as client:
            return {
                name: self._reconcile_list(client, name, hours)
                for name in self._lists(flows)
            }

    def _reconcile_list(self, client, name, hours):
        """All pages of one list here and now: {"listed": n, "triggered": n}."""
        total = {"listed": 0, "triggered": 0}
        after = None
        while True:
            after, found = self._reconcile_page(client, name, hours, after)
            for kind, count in found.items():
                total[kind] += count
            if after is None:
                return total

    def _reconcile_page(self, client, name, hours, after):
        """List one page and trigger what differs from what was read. Returns (where the
        next page starts, or None; {"listed": n, "triggered": n})."""
        flow, shopify_type, operation, root = LISTS[name]
        started = client.now()
        page = client.execute(
            operation, {"query": self._window(name, hours), "after": after}
        ).data[root]
        listed = {node["id"]: node["updatedAt"] for node in page["nodes"]}
        differing = self._differing(shopify_type, listed, client.shop_time(started))
        self.env["shopify.trigger"].sudo()._insert_missing(
            self, [(flow, "in", shopify_type, gid) for gid in differing], "reconcile"
        )
        info = page["pageInfo"]
        counts = {"listed": len(listed), "triggered": len(differing)}
        return (info["endCursor"] if info["hasNextPage"] else None), counts

    def _window(self, name, hours):
        """Shopify search text. `customers` compares whole days, in UTC."""
        terms = []
        if hours is not None:
            since = fields.Datetime.now() - timedelta(hours=hours)
            if name == "customers":
                since = since.replace(hour=0, minute=0, second=0, microsecond=0)
            terms.append(f"updated_at:>='{since.isoformat(timespec='seconds')}Z'")
        if name == "orders" and self.orders_since:
            since = self.orders_since.isoformat(timespec="seconds")
            terms.append(f"created_at:>='{since}Z'")
        return " AND ".join(terms) or None

    def _differing(self, shopify_type, listed, shop_time):
        """GIDs without a finished run that read this very `updatedAt`, and did so late
        enough. What waits or is in review is looked at again only when it changed since.

        shop_time: Shopify's time before the listing. An early read is repeated only when
        the repetition will be late enough: so there is one.
        """
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
                [
                    "subject_key",
                    "remote_updated_at",
                    "is_read_early",
                    "state",
                    "reason_code",
                ],
            )
        )
        read = {row.subject_key: row.remote_updated_at for row in rows}
        # What comes back by itself reads fresh then; until then its delay counts. Not so
        # where it waits for nothing but a change in Shopify.
        waiting = {
            row.subject_key
            for row in rows
            if row.state == "waiting" and row.reason_code not in ENDED_BY_A_CHANGE
        }
        # What a person closed stays closed until Shopify names another time.
        early = {
            row.subject_key
            for row in rows
            if row.is_read_early and row.state != "cancelled"
        }
        return [
            gid
            for gid, updated in listed.items()
            if gid not in waiting
            and (
                read.get(gid) != updated
                or (gid in early and freshness.is_final(updated, shop_time))
            )
        ]

    def _reconcile_requested(self, flow):
        """A flow was switched on: what changed meanwhile told nobody, its webhooks are
        not subscribed to, and marks asked for while it was off were not written."""
        if not self._is_working():
            return
        self._enqueue_reconcile(flows=[flow])
        for shopify_type, model in LINKS.items():
            if self.env[model]._flow == flow:
                self._enqueue_comparison(shopify_type)
        self._as_queue_user().with_delay(
            identity_key=f"shopify/heal/{self.id}",
            description=f"Shopify {self.name}: subscribe to webhooks",
        )._heal()

    def action_sync_now(self):
        """Read everything that differs, now."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        for backend in self:
            backend._enqueue_reconcile()
            backend._enqueue_due()
        return True

    # === WHAT NO LIST OF CHANGES SHOWS === #

    @api.model
    def _cron_check(self):
        """Hourly: may we still sign in, with which scopes, and which locations are
        there. An app that was uninstalled shows here if its webhook never came."""
        self._for_each_store(lambda backend: backend._check())

    def _check(self):
        try:
            with self._client() as client:
                self._check_scopes(client)
                if self._note_companies(client):
                    self._heal()
                self.env["shopify.mapping.location"]._refresh(self, client)
                if client.version_changed:
                    self._note_event(
                        "store", "api_version_changed", client.version_seen
                    )
        except (TransientError, AccessDeniedError) as error:
            self._note_event("store", error.failure, str(error))
        except ShopifyError as error:
            self._pause_all(remote_failure(self, error))

    @api.model
    def _cron_compare_linked(self):
        """Weekly: every linked record is read by its ID, so that what was deleted, and
        a mark that was changed by another route, is found without any webhook."""

        def enqueue(backend):
            for shopify_type in LINKS:
                backend._enqueue_comparison(shopify_type)

        self._for_each_store(enqueue)

    def _enqueue_comparison(self, shopify_type, last_id=0, eta=None):
        self.with_user(SUPERUSER_ID).with_delay(
            priority=JOB_PRIORITY["mark"],
            eta=eta,
            identity_key=f"shopify/compare/{self.id}/{shopify_type}/{last_id}",
            description=f"Shopify {self.name}: compare linked {shopify_type}",
        )._compare_job(shopify_type, last_id)

    def _compare_job(self, shopify_type, last_id=0):
        """Job: compare linked records by ID for a while, 250 at a time, each lot
        committed; a successor has the rest."""
        if not self._is_working() or not self._is_at_home():
            return
        stop_at = time.monotonic() + LIST_SECONDS
        with self._client() as client:
            while True:
                try:
                    last_id, _counts = self._compare_part(client, shopify_type, last_id)
                except ThrottledError as error:
                    eta = math.ceil(error.retry_after) + 1
                    self._enqueue_comparison(shopify_type, last_id, eta)
                    return
                except ShopifyError as error:
                    self._note_event("store", error.failure, str(error))
                    return
                # pylint: disable=invalid-commit; the job allows it
                self.env.cr.commit()  # what was found stays found
                if last_id is None:
                    return
                if time.monotonic() > stop_at:
                    self._enqueue_comparison(shopify_type, last_id)
                    return

    def _compare_linked(self, client):
        """The same here and now, for all types. Returns {Shopify type: counts}."""
        counts = {}
        for shopify_type in LINKS:
            total = counts[shopify_type] = {"linked": 0, "gone": 0, "unmarked": 0}
            last_id = 0
            while last_id is not None:
                last_id, found = self._compare_part(client, shopify_type, last_id)
                for name, count in found.items():
                    total[name] += count
        return counts

    def _compare_part(self, client, shopify_type, last_id):
        """Trigger what is gone in Shopify (in) or differs in its mark (mark), of the
        next 250 links. Returns (the last one's ID, or None; counts)."""
        # sudo: links are closed to everybody's hands
        model = self.env[LINKS[shopify_type]].sudo()
        links = model.search(
            [("backend_id", "=", self.id), ("id", ">", last_id)],
            limit=COMPARED_AT_ONCE,
            order="id",
        )
        gone, unmarked = [], []
        compared = links.filtered("shopify_gid") - self._withheld_links(links)
        if compared:
            gone, unmarked = self._differing_links(client, compared)
        subjects = [(model._flow, "mark", shopify_type, gid) for gid in unmarked]
        missing = links.filtered(lambda link: link.shopify_gid in set(gone))
        # A variant is read with its product.
        read_with = {link._reads_in() for link in missing} - {None}
        subjects += [
            (model._flow, "in", *subject)
            for subject in sorted(read_with)
            if ("in", subject[0]) in HANDLERS
        ]
        self.env["shopify.trigger"].sudo()._insert_missing(self, subjects, "comparison")
        counts = {"linked": len(links), "gone": len(gone), "unmarked": len(unmarked)}
        more = len(links) == COMPARED_AT_ONCE
        return (links[-1].id if more else None), counts

    def _withheld_links(self, links):
        """Links that Shopify shows as nothing though they exist: orders over 60 days,
        without the scope read_all_orders."""
        limit = self.env["shopify.sale.order"]._shown_since(self)
        if links._name != "shopify.sale.order" or not limit:
            return links.browse()
        return links.filtered(
            lambda link: (link.sale_order_id.date_order or link.create_date) < limit
        )

    def _differing_links(self, client, links):
        """-> (GIDs that Shopify doesn't have any more, GIDs whose mark isn't ours)"""
        by_gid = {link.shopify_gid: link for link in links}
        nodes = read_nodes(
            client, "metafields/read_marks", sorted(by_gid), COMPARED_AT_ONCE
        )
        proofs = links._proofs(self.env["shopify.mark"]._database())
        gone, unmarked = [], []
        for gid, link in by_gid.items():
            node = nodes[gid]
            if node is None:
                gone.append(gid)
            elif isinstance(node, dict) and link in proofs:
                proof = proofs[link]
                mark = identity.mark_from_node(node)
                if (mark.value, mark.proof) != (proof.value, proof):
                    unmarked.append(gid)
            elif isinstance(node, dict) and self._is_marked_alias(link, node):
                unmarked.append(gid)
        return gone, unmarked

    def _is_marked_alias(self, link, node):
        """A further account of a contact, which may carry no ID, and does."""
        is_alias = link._name == "shopify.res.partner" and link.alias_of_id
        mark = identity.mark_from_node(node)
        return is_alias and (mark.value, mark.proof) != (None, None)
