"""Thin hook: a delivery was done, so its order may be fulfilled in Shopify."""

import logging

from odoo import fields, models

from .short_transaction import is_concurrency

_logger = logging.getLogger(__name__)


class StockPicking(models.Model):
    _inherit = "stock.picking"

    shopify_binding_ids = fields.One2many(
        "shopify.stock.picking",
        "odoo_id",
        "Shopify Links",
        readonly=True,
        groups="shopify_connector.group_user",
    )

    def _action_done(self):
        result = super()._action_done()
        self._ask_for_fulfillments()
        return result

    def _ask_for_fulfillments(self):
        """Never fails and never waits: a delivery is validated whatever Shopify says."""
        # The user's own writes first: what is wrong with them is theirs to hear.
        self.env.flush_all()
        try:
            with self.env.cr.savepoint(flush=False):
                # sudo: whoever ships, the store's links are closed to them
                self.sudo()._trigger_fulfillments("delivered")
                self.env.flush_all()
        except Exception as error:
            if is_concurrency(error):
                raise  # the whole act is repeated by Odoo
            _logger.exception("Deliveries %s were not noted for Shopify", self.ids)

    def _trigger_fulfillments(self, cause):
        done = self.filtered(
            lambda picking: picking.state == "done" and picking._leaves_for_a_customer()
        )
        links = done.move_ids.sale_line_id.order_id.shopify_binding_ids
        for backend, group in links.grouped("backend_id").items():
            orders = group.sale_order_id
            ids = done.filtered(lambda p, orders=orders: p._sale_orders() & orders).ids
            self.env["shopify.trigger"]._insert(
                backend,
                [("fulfilments", "out", "stock.picking", key) for key in ids],
                cause,
            )

    def _leaves_for_a_customer(self):
        """Whether it is a delivery, by the vendor too; not what comes back to one."""
        self.ensure_one()
        if self.picking_type_code == "dropship":
            return self.location_dest_id.usage == "customer"
        return self.picking_type_code == "outgoing"

    def _sale_orders(self):
        return self.move_ids.sale_line_id.order_id
