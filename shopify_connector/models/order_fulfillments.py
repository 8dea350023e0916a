"""With an order comes what Shopify fulfilled of it, and from where.

The order's own plan doesn't depend on it; it is noted beside, whatever comes of the
order itself.
"""

from dataclasses import dataclass
from typing import Any

from odoo import api, models

from ..core.failures import Failure
from ..core.fulfillments import RemoteOrder
from ..core.outcome import Outcome
from .fulfillment_reader import read_fulfillments

READ = "fulfillments_read"


@dataclass(frozen=True)
class WithFulfillments:
    """A plan, or an end that needs none, and what is to be noted with it."""

    inner: Any
    order: RemoteOrder

    @property
    def is_end(self):
        return isinstance(self.inner, Failure | Outcome)

    @property
    def creates(self):
        return not self.is_end and getattr(self.inner, "creates", True)

    @property
    def summary(self):
        return getattr(self.inner, "summary", "")


class ShopifySaleOrder(models.Model):
    _inherit = "shopify.sale.order"

    @api.model
    def _fetch(self, backend, client, gids):
        nodes = super()._fetch(backend, client, gids)
        # Read whatever flows are on: stock that is switched on later would take every
        # open unit of the orders that are here for somebody else's demand.
        there = [gid for gid, node in nodes.items() if isinstance(node, dict)]
        for gid, order in read_fulfillments(client, there).items():
            # Withheld: the order itself is none the worse for it.
            if isinstance(order, RemoteOrder):
                nodes[gid] = {**nodes[gid], READ: order}
        return nodes

    @api.model
    def _plan(self, backend, nodes):
        plans = super()._plan(backend, nodes)
        orders = {
            gid: node[READ]
            for gid, node in nodes.items()
            if isinstance(node, dict) and READ in node
        }
        links = {
            gid: link
            for gid, link in self._find(backend, list(orders)).items()
            if link.sale_order_id
        }
        places = self.env["shopify.line.place"].sudo()  # the engine's own book
        changed = places._differing(backend, [orders[gid] for gid in links], links)
        for gid, order in orders.items():
            plan = plans[gid]
            # Also one that is linked again, and whose lines are linked by this plan.
            is_new = gid not in links or not links[gid].content_digest
            is_end = isinstance(plan, Failure | Outcome)
            if (is_new and not is_end) or gid in changed:
                plans[gid] = WithFulfillments(plan, order)
        return plans

    @api.model
    def _apply(self, backend, plans):
        wrapped = {g: p for g, p in plans.items() if isinstance(p, WithFulfillments)}
        inner = {g: p.inner if g in wrapped else p for g, p in plans.items()}
        ends = {g: p for g, p in inner.items() if isinstance(p, Failure | Outcome)}
        todo = {gid: plan for gid, plan in inner.items() if gid not in ends}
        if todo:
            ends.update(super()._apply(backend, todo))
        links = {
            gid: link
            for gid, link in self._find(backend, list(wrapped)).items()
            if link.sale_order_id
        }
        self.env["shopify.line.place"].sudo()._note(
            backend, [wrapped[gid].order for gid in links], links
        )
        return ends
