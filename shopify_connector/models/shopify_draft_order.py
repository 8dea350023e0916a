"""Draft orders: what a completed one became carries the same Odoo ID as its order.

Nothing is made of a draft: its order is imported as any other. A draft follows its order,
so it is never matched, nor linked by hand.
"""

import math
from dataclasses import dataclass

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from ..api import scopes as api_scopes
from ..api.errors import ShopifyError, ThrottledError
from ..core import identity
from ..core.failures import Failure
from ..core.marks import label, named_by
from ..core.outcome import Change, Outcome
from .remote_nodes import read_nodes
from .shopify_queue import JOB_PRIORITY

IMPORT, LIST = "draft_orders/import", "draft_orders/changed"
IDS_A_READ = 250
# Reading alone brings nothing: what is wanted is the Odoo ID on the draft.
SCOPE = "write_draft_orders"
# What Shopify says an order came from that was a draft.
SOURCE = "shopify_draft_order"
# A draft that was completed within this many hours is found each night.
NIGHTLY_HOURS = 72


@dataclass(frozen=True)
class DraftPlan:
    """Link a draft (link_id 0), let its link follow the order, mark it again, or note
    that it is gone."""

    link_id: int = 0
    order_id: int = 0
    name: str = ""
    is_gone: bool = False
    note: str = ""
    creates = False


class ShopifyDraftOrder(models.Model):
    _name = "shopify.draft.order"
    _inherit = "shopify.binding"
    _description = "Shopify Draft Order Link"
    _rec_name = "name"

    _shopify_type = "DraftOrder"
    _flow = "orders"

    name = fields.Char("Shopify Draft Order")
    odoo_id = fields.Many2one(
        "sale.order", "Sales Order", required=True, index=True, ondelete="restrict"
    )

    _odoo_uniq = models.UniqueIndex(
        "(backend_id, odoo_id)",
        "This sales order stands for another draft order of the store already.",
    )

    # === FETCH === #

    @api.model
    def _fetch(self, backend, client, gids):
        if not backend._marks_drafts():
            withheld = Failure("scope_missing", {"scope": SCOPE}, (f"scope:{SCOPE}",))
            return dict.fromkeys(gids, withheld)
        return read_nodes(client, IMPORT, gids, IDS_A_READ)

    # === PLAN === #

    @api.model
    def _plan(self, backend, nodes):
        links = self._find(backend, list(nodes))
        orders = self._orders_of(backend, nodes)
        decisions = self._inbound_decisions(
            backend,
            nodes,
            self._candidates(backend, orders),
            getattr(nodes, "owners", {}),
            archived="update",
        )
        plans = {
            gid: self._plan_one(
                nodes[gid],
                decision,
                links.get(gid, self.browse()),
                orders.get(gid, self.env["sale.order"]),
            )
            for gid, decision in decisions.items()
        }
        return {
            gid: self._unless_withheld(plan) if isinstance(plan, Failure) else plan
            for gid, plan in plans.items()
        }

    @api.model
    def _unless_withheld(self, failure):
        """Its order comes in all the same: a scope that drafts lack is nothing that
        anybody must mend, least of all a reason to stop the orders."""
        if failure.code != "scope_missing":
            return failure
        note = self.env._("The app has no scope %s: drafts carry no ID.", SCOPE)
        return Outcome("excluded", note)

    @api.model
    def _orders_of(self, backend, nodes):
        """{GID of a draft: the sales order that its order is linked to}"""
        became = {
            gid: node["order"]["id"]
            for gid, node in nodes.items()
            if isinstance(node, dict) and node["order"]
        }
        links = self.env["shopify.sale.order"]._find(backend, set(became.values()))
        return {
            gid: links[order].sale_order_id
            for gid, order in became.items()
            if order in links and links[order].sale_order_id
        }

    @api.model
    def _candidates(self, backend, orders):
        others = self._links_of(backend, [order.id for order in orders.values()])
        found = {}
        for gid, order in orders.items():
            other = others.get(order.id)
            is_taken = other and other.shopify_gid != gid
            found[gid] = identity.Candidates(
                odoo_ids=(order.id,),
                key=self.env._("order"),
                value=order.name,
                taken={order.id: other.shopify_gid} if is_taken else {},
            )
        return found

    @api.model
    def _plan_one(self, node, decision, link, order):
        if isinstance(decision, identity.NeedsLookup):
            # A link appeared after the reads; the next run asks for it.
            return Failure("changed_meanwhile")
        if decision.action == "stop":
            return decision.failure
        if decision.action == "mark_gone":
            return self._plan_gone(link, decision)
        if link:
            return self._plan_linked(link, decision, order)
        if decision.action == "restore" and decision.odoo_id != order.id:
            return self._other_order(node, order)
        if not order:
            return Outcome("excluded", self._nothing_of_it(node))
        return DraftPlan(order_id=order.id, name=node["name"])

    @api.model
    def _plan_gone(self, link, decision):
        if not link:
            return Outcome("excluded", decision.note)
        if link.gone_at:
            return Outcome("unchanged", self.env._("Gone in Shopify."))
        return DraftPlan(link.id, is_gone=True)

    @api.model
    def _plan_linked(self, link, decision, order):
        if order and order != link.odoo_id:
            return DraftPlan(link.id, order.id)
        if decision.mark_again:
            return DraftPlan(link.id, note=decision.note)
        return Outcome("unchanged")

    @api.model
    def _other_order(self, node, order):
        """Its mark names another order than the one that it became."""
        mark = identity.mark_from_node(node)
        ours = label("sale.order", order.id, order.name) if order else ""
        return Failure(
            "identity_conflict",
            {"ours": ours, "theirs": named_by(mark), "database": ""},
        )

    @api.model
    def _nothing_of_it(self, node):
        if node["status"] == "COMPLETED":
            return self.env._("The order that it became isn't linked in Odoo.")
        return self.env._("An open draft: nothing is made of it in Odoo.")

    # === APPLY === #

    @api.model
    def _apply(self, backend, plans):
        new = {gid: p for gid, p in plans.items() if p.order_id and not p.link_id}
        if new:
            self._bind(
                backend,
                [
                    {"shopify_gid": gid, "odoo_id": plan.order_id, "name": plan.name}
                    for gid, plan in new.items()
                ],
            )
        return {gid: self._applied(plan) for gid, plan in plans.items()}

    @api.model
    def _applied(self, plan):
        link = self.browse(plan.link_id)
        if plan.is_gone:
            return link._note_gone()
        if link and plan.order_id:
            link._move_to(self.env["sale.order"].browse(plan.order_id))
        if link:
            link._ask_for_marks("mark differs in Shopify")
            return Outcome("synced", plan.note)
        order = self.env["sale.order"].browse(plan.order_id)
        change = Change(self.env._("Sales order"), None, order.name)
        return Outcome("synced", changes=(change,))

    # === WRITE-BACK AND LINKS === #

    def _ask_for_marks(self, cause):
        may = self.filtered(lambda link: link.backend_id._marks_drafts())
        return super(ShopifyDraftOrder, may)._ask_for_marks(cause)

    def _part(self, mode, proof, reason):
        """It follows its order: nobody parted it from anything for good."""
        return super()._part("new", proof, reason)

    @api.model
    def _of_order(self, backend, order):
        """The link of the draft that this sales order was."""
        return self.sudo().search(
            [("backend_id", "=", backend.id), ("odoo_id", "=", order.id)]
        )

    @api.model
    def _check_choice(self, backend, record):
        raise UserError(
            self.env._(
                "A draft order stands for the sales order that its order is linked to: "
                "relink the order, and the draft follows."
            )
        )


class ShopifySaleOrder(models.Model):
    _inherit = "shopify.sale.order"

    @api.model
    def _bind(self, backend, vals_list):
        links = super()._bind(backend, vals_list)
        # An order doesn't say of which draft it is, so these are listed; nor, where it is
        # linked by hand, yet whether it was one.
        if any(vals.get("source_name", SOURCE) == SOURCE for vals in vals_list):
            backend._enqueue_drafts(NIGHTLY_HOURS)
        return links

    def _move_to(self, record):
        drafts = self._drafts()
        result = super()._move_to(record)
        self._ask_anew(
            self.backend_id,
            [(self._flow, "in", *draft._subject()) for draft in drafts],
            "relinked",
        )
        return result

    def _unlinked_with(self):
        return self._drafts()

    def _drafts(self):
        drafts = self.env["shopify.draft.order"]
        return drafts._of_order(self.backend_id, self.sale_order_id)


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _marks_drafts(self):
        """Whether the app may write an Odoo ID on draft orders."""
        granted = (self.sudo().granted_scopes or "").split(",")
        return not api_scopes.missing(granted, [SCOPE])

    def _withheld_links(self, links):
        """Drafts too, without the scope: neither read nor marked then."""
        if links._name == "shopify.draft.order" and not self._marks_drafts():
            return links
        return super()._withheld_links(links)

    def _enqueue_reconcile(self, hours=None, flows=None):
        result = super()._enqueue_reconcile(hours, flows)
        is_due = hours is None or hours >= NIGHTLY_HOURS
        if is_due and "orders" in (flows or ["orders"]):
            self._enqueue_drafts(hours)
        return result

    def _enqueue_drafts(self, hours, after=None, eta=None):
        """List the drafts that were completed within `hours` (None: ever), in a job."""
        if not self._marks_drafts() or self._flow_policy("orders") == "off":
            return
        self.with_user(SUPERUSER_ID).with_delay(
            priority=JOB_PRIORITY["mark"],
            eta=eta,
            identity_key=f"shopify/drafts/{self.id}/{hours}/{after}",
            description=f"Shopify {self.name}: find completed draft orders",
        )._drafts_job(hours, after)

    def _drafts_job(self, hours=None, after=None):
        """Job: list one page; a successor has the rest."""
        if not self._is_working() or not self._is_at_home():
            return
        with self._client() as client:
            try:
                following = self._list_drafts(client, hours, after)
            except ThrottledError as error:
                self._enqueue_drafts(hours, after, math.ceil(error.retry_after) + 1)
                return
            except ShopifyError as error:
                # The next pass lists the same again, and more.
                self._note_event("store", error.failure, f"draft orders: {error}")
                return
        if following:
            self._enqueue_drafts(hours, following)

    def _list_drafts(self, client, hours, after):
        """Trigger the drafts of a page that don't stand for what their orders are linked
        to. Returns where the next page starts, or None."""
        terms = ["status:completed", self._window("drafts", hours)]
        query = " AND ".join(filter(None, terms))
        page = client.execute(LIST, {"query": query, "after": after})
        page = page.data["draftOrders"]
        drafts = self.env["shopify.draft.order"].sudo()  # sudo: the engine's own links
        known = drafts._find(self, [node["id"] for node in page["nodes"]])
        orders = drafts._orders_of(self, {node["id"]: node for node in page["nodes"]})
        self.env["shopify.trigger"].sudo()._insert_missing(
            self,
            [
                ("orders", "in", "DraftOrder", gid)
                for gid, order in orders.items()
                if gid not in known or known[gid].odoo_id != order
            ],
            "reconcile",
        )
        info = page["pageInfo"]
        return info["endCursor"] if info["hasNextPage"] else None
