"""Links of deliveries: which fulfilment in Shopify a done delivery became.

The work on one batch is in fulfillment_push.
"""

from odoo import api, fields, models
from odoo.tools import split_every

from .fulfillment_push import FulfillmentPush, order_name

SUBJECTS_A_CALL = 2000


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
    def _trigger_undelivered(self, backend, cause):
        """Ask for done deliveries of linked orders that never came to the flow: done
        while it was off, before their order was linked, or noted by nobody.

        One that was looked at and left out is asked for again, since its order is linked
        by now; whatever else has a sync row is known there.
        """
        for name in ("shopify.stock.picking", "stock.move", "stock.picking"):
            self.env[name].flush_model()
        self.env.cr.execute(
            """
            SELECT DISTINCT picking.id
              FROM shopify_sale_order_line line
              JOIN stock_move move
                ON move.sale_line_id = line.odoo_id AND move.state = 'done'
              JOIN stock_picking picking
                ON picking.id = move.picking_id AND picking.state = 'done'
              JOIN stock_picking_type kind
                ON kind.id = picking.picking_type_id
              JOIN stock_location target ON target.id = picking.location_dest_id
             WHERE line.backend_id = %(backend)s
               AND (kind.code = 'outgoing'
                    OR kind.code = 'dropship' AND target.usage = 'customer')
               AND NOT EXISTS (
                   SELECT FROM shopify_stock_picking link
                    WHERE link.backend_id = %(backend)s AND link.odoo_id = picking.id)
               AND NOT EXISTS (
                   SELECT FROM shopify_sync row
                    WHERE row.backend_id = %(backend)s AND row.direction = 'out'
                      AND row.subject_type = 'stock.picking'
                      AND row.subject_key = picking.id::text
                      AND row.outcome IS DISTINCT FROM 'excluded')
             ORDER BY picking.id""",
            {"backend": backend.id},
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        for part in split_every(SUBJECTS_A_CALL, ids):
            self.env["shopify.trigger"].sudo()._insert_missing(
                backend,
                [("fulfilments", "out", "stock.picking", str(key)) for key in part],
                cause,
            )

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


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    def _names_of_writes(self):
        return super()._names_of_writes() + [
            order_name(link.shopify_gid) for link in self._delivered_orders()
        ]

    def _stopped_with(self):
        """While a write about an order has no known end, none of its deliveries is
        sent."""
        orders = self._delivered_orders()
        moves = orders.sale_order_id.order_line.move_ids
        rows = self.search(
            [
                ("backend_id", "=", self.backend_id.id),
                ("direction", "=", "out"),
                ("subject_type", "=", "stock.picking"),
                ("subject_key", "in", [str(key) for key in moves.picking_id.ids]),
                ("reason_code", "in", ("outcome_unknown", "outcome_needs_person")),
                ("state", "in", ("review", "waiting")),
            ]
        )
        return super()._stopped_with() | rows

    def _delivered_orders(self):
        """Links of the orders that this row's delivery ships, if it is of one."""
        # sudo: which order it is, is no secret; reading it is checked apart
        links = self.env["shopify.sale.order"].sudo()
        if self.subject_type != "stock.picking":
            return links
        picking = self.env["stock.picking"].sudo().browse(int(self.subject_key))
        found = picking.exists().move_ids.sale_line_id.order_id.shopify_binding_ids
        return found.filtered(lambda link: link.backend_id == self.backend_id)
