"""A person says that a fulfilment we asked for is there: find it, and link it."""

from odoo import models
from odoo.exceptions import UserError

from ..api.errors import ShopifyError
from ..core import failures, gid
from ..core.fulfillments import RemoteOrder, likely_fulfillments, new_fulfillments
from .fulfillment_push import WRITE
from .fulfillment_reader import read_fulfillments
from .remote_failure import remote_failure

# Seconds that a person is kept waiting for points.
PATIENCE = 20.0


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    def _link_what_was_done(self, writes, found=""):
        result = super()._link_what_was_done(writes, found)
        # Without the plan's facts nothing says which order to look at.
        asked = writes.filtered(
            lambda write: write.operation == WRITE and (write.before or {}).get("order")
        )
        # Whoever answers may not read the store's secrets: the engine's door does.
        backend = self.backend_id.sudo()
        if asked and backend._is_working():
            chosen = self._fulfillment_gid(found)
            orders = self._read_orders(backend, asked)
            for write in asked:
                order = orders[write.before["order"]]
                if isinstance(order, RemoteOrder):
                    self._link_fulfillment(backend, write.before, order, chosen)
        return result

    def _fulfillment_gid(self, text):
        """What a person typed: the ID as Shopify's admin or its API shows it."""
        text = (text or "").strip()
        if not text:
            return ""
        try:
            if text.isdigit():
                return gid.build("Fulfillment", text)
            return str(gid.parse(text, "Fulfillment"))
        except gid.GidError as error:
            raise UserError(
                self.env._("%s is no ID of a fulfilment in Shopify.", text)
            ) from error

    def _read_orders(self, backend, writes):
        names = list({write.before["order"] for write in writes})
        try:
            with backend._client(longest_wait=PATIENCE) as client:
                return read_fulfillments(client, names)
        except ShopifyError as error:
            failure = remote_failure(backend, error)
            raise UserError(failures.render(failure, backend.name)) from error

    def _link_fulfillment(self, backend, before, order, chosen):
        """Link the one that fits; several are the person's to tell apart."""
        # sudo: links are closed to people's hands
        links = self.env["shopify.stock.picking"].sudo()
        picking = self.env["stock.picking"].sudo().browse(before["picking"]).exists()
        order_link = self.env["shopify.sale.order"].sudo()
        order_link = order_link._find(backend, [order.gid])[order.gid]
        taken = set()
        for link in links.search([("order_link_id", "=", order_link.id)]):
            taken |= {link.shopify_gid, *(link.more_gids or ())}
        if chosen:
            fitting = [chosen] if chosen in new_fulfillments(before, order) else []
        else:
            fitting = likely_fulfillments(before, order)
        free = [name for name in fitting if name not in taken]
        if chosen and not free:
            raise UserError(
                self.env._(
                    "%(fulfilment)s is no new fulfilment of %(order)s, or it belongs to "
                    "another delivery.",
                    fulfilment=chosen,
                    order=order.name,
                )
            )
        if len(free) > 1:
            raise UserError(
                self.env._(
                    "Several fulfilments of %(order)s fit. Say which one it is: "
                    "%(fulfilments)s",
                    order=order.name,
                    fulfilments=", ".join(free),
                )
            )
        if free and picking:
            links._note_sent(backend, picking, order_link, free[0])
