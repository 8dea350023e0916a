"""Linking an order by hand: its lines are linked with it, or it isn't.

Deliveries and refunds find their lines by their links. So an order that isn't what stands
in Shopify, line by line and to the cent, is refused, and the line that differs is named.
"""

from odoo import api, models
from odoo.exceptions import UserError

from ..api.errors import ShopifyError
from ..core import failures
from ..core.failures import Failure, NeedsReview
from ..core.order_needs import missing
from ..core.orders import check_totals, plan_order
from .fulfillment_push import order_name
from .order_pairing import as_decimal, match_order, match_plan
from .remote_failure import remote_failure
from .sale_order_values import Lookup

# Seconds that a person is kept waiting for points.
PATIENCE = 20.0


class ShopifySaleOrder(models.Model):
    _inherit = "shopify.sale.order"

    _record_field = "sale_order_id"

    @api.model
    def _link_chosen(self, backend, gid, record, reason):
        """See shopify.binding; the lines are linked too."""
        plan, pairs = self._read_and_pair(backend, gid, record)
        link = super()._link_chosen(backend, gid, record, reason)
        link._link_lines(plan, pairs)
        return link

    def _relink_gid(self, gid, reason):
        """Another Shopify order has other lines: they are paired when it is read."""
        self._check_may_unlink(self)
        result = super()._relink_gid(gid, reason)
        self.line_ids._as_engine().unlink()
        self._as_engine().write({"content_digest": False, "synced_values": False})
        return result

    def _forgotten(self):
        """What was read of the order stays true."""
        return {}

    def _move_to(self, record):
        self._check_may_unlink(self)
        if not self.line_ids:
            # Never linked: only Shopify can say which lines there are.
            plan, pairs = self._read_and_pair(self.backend_id, self.shopify_gid, record)
            result = super()._move_to(record)
            self._link_lines(plan, pairs)
            return result
        pairs = self._paired_lines(record)
        result = super()._move_to(record)
        for link, line in pairs.items():
            link._as_engine().write({"odoo_id": line})
        return result

    def _paired_lines(self, order):
        """{line link: ID of this order's line}; of a pack each component's."""
        own = self.sale_order_id
        pairs, problem = match_order(self.line_ids.odoo_id, order)
        if not problem and order.currency_id != own.currency_id:
            problem = self._other_currency(order, own.currency_id.name)
        if not problem and order.amount_total != own.amount_total:
            problem = self.env._("the totals differ")
        self._refuse(order, problem)
        return {link: pairs[link.odoo_id.id] for link in self.line_ids}

    def _link_lines(self, plan, pairs):
        self.ensure_one()
        self._as_engine().write(self._link_values(plan))
        self._bind_lines(self.backend_id, [(self, pairs)])

    @api.model
    def _read_and_pair(self, backend, gid, order):
        """Read the order in Shopify, now: -> (OrderPlan, [(Part, order line ID)]).

        Raises UserError unless this sale order is the same, line by line.
        """
        plan = self._read_plan(backend, gid)
        if order.currency_id.name != plan.currency:
            self._refuse(order, self._other_currency(order, plan.currency))
        lookup = Lookup.of(backend, [plan])
        if any(lookup.lacks(line) for line in plan.lines):
            self._refuse_by(backend, missing(plan, lookup.known()))
        pairs, problem = match_plan(plan, order, lookup)
        self._refuse(order, problem)
        try:
            check_totals(
                plan,
                total=as_decimal(order.amount_total),
                tax=as_decimal(order.amount_tax),
            )
        except NeedsReview as stop:
            self._refuse_by(backend, stop.failure, stop)
        return plan, pairs

    @api.model
    def _read_plan(self, backend, gid):
        try:
            # sudo: the engine's door; whoever links may not read the store's secrets
            with backend.sudo()._client(longest_wait=PATIENCE) as client:
                node = self._fetch(backend, client, [gid])[gid]
        except ShopifyError as error:
            self._refuse_by(backend, remote_failure(backend.sudo(), error), error)
        if node is None:
            raise UserError(self.env._("%s is no order in Shopify (any more).", gid))
        if isinstance(node, Failure):
            self._refuse_by(backend, node)
        try:
            return plan_order(node, self._policy(backend, {gid: node}))
        except NeedsReview as stop:
            self._refuse_by(backend, stop.failure, stop)

    @api.model
    def _refuse_by(self, backend, failure, cause=None):
        raise UserError(failures.render(failure, backend.name)) from cause

    @api.model
    def _refuse(self, order, problem):
        if problem:
            raise UserError(
                self.env._(
                    "%(order)s isn't the same order: %(problem)s.",
                    order=order.display_name,
                    problem=problem,
                )
            )

    @api.model
    def _other_currency(self, order, wanted):
        return self.env._(
            "its currency is %(own)s, not %(wanted)s",
            own=order.currency_id.name,
            wanted=wanted,
        )

    def _check_may_unlink(self, links):
        sent = (
            self.env["shopify.stock.picking"]
            .sudo()
            .search([("order_link_id", "in", self.ids)], limit=1)
        )
        if sent:
            raise UserError(
                self.env._(
                    "A delivery of %s was told to Shopify already: this link stays.",
                    self.sale_order_id.display_name,
                )
            )
        for backend, links in self.grouped("backend_id").items():
            names = [order_name(gid) for gid in links.mapped("shopify_gid")]
            # sudo: the engine's own book
            if self.env["shopify.mutation"].sudo()._open_for(backend, names):
                raise UserError(
                    self.env._(
                        "A delivery of %s is on its way to Shopify, and how that ended "
                        "isn't known yet: settle it first.",
                        self.sale_order_id.display_name,
                    )
                )
