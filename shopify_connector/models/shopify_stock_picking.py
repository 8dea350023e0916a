"""Links of deliveries: which fulfilment in Shopify a done delivery became.

The work on one batch is in fulfillment_push.
"""

from odoo import api, fields, models

from .fulfillment_push import FulfillmentPush


class ShopifyStockPicking(models.Model):
    _name = "shopify.stock.picking"
    _inherit = "shopify.binding"
    _description = "Shopify Delivery Link"

    _shopify_type = "Fulfillment"
    _flow = "fulfilments"
    _marked = False

    odoo_id = fields.Many2one(
        "stock.picking", "Delivery", required=True, index=True, ondelete="restrict"
    )
    order_link_id = fields.Many2one(
        "shopify.sale.order", index=True, ondelete="restrict"
    )
    more_gids = fields.Json(
        "Further Shopify IDs",
        help="A delivery of more lines than a request takes, or from several locations, "
        "becomes several fulfilments.",
    )

    _odoo_uniq = models.UniqueIndex(
        "(backend_id, odoo_id)", "This delivery is linked already."
    )

    @api.model
    def _subjects(self, backend, ids):
        return self.env["stock.picking"].browse(ids)

    @api.model
    def _describe_exports(self, backend, subjects):
        """What lists show of these: {subject: facts}."""
        # sudo: a name for the list, also of a delivery that the sync user may not see
        pickings = self.env["stock.picking"].sudo()
        found = pickings.browse(int(subject.key) for subject in subjects).exists()
        names = {str(picking.id): picking.display_name for picking in found}
        return {s: {"record_name": names[s.key]} for s in subjects if s.key in names}

    @api.model
    def _export(self, backend, client, pickings):
        """Fulfil these deliveries in Shopify: {id: Outcome | Failure}."""
        return FulfillmentPush(self.env, backend, client, pickings).run()

    @api.model
    def _note_sent(self, backend, picking, order_link, gid):
        """Link a delivery with a fulfilment; a further one is added to the link."""
        link = self.sudo().search(
            [("backend_id", "=", backend.id), ("odoo_id", "=", picking.id)]
        )
        if not link:
            self._bind(
                backend,
                [
                    {
                        "shopify_gid": gid,
                        "odoo_id": picking.id,
                        "order_link_id": order_link.id,
                    }
                ],
            )
        elif gid not in (link.shopify_gid, *(link.more_gids or ())):
            link._as_engine().write({"more_gids": [*(link.more_gids or ()), gid]})
