"""One row for each variant and location: the subject of stock pushes.

It remembers what both sides last agreed on. The push itself is in stock_push.
"""

import logging

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from ..core.stock import Agreement
from .roles import MANAGER, check_role
from .stock_push import ALL_ACCEPTED, StockPush

_logger = logging.getLogger(__name__)

TYPE = "shopify.stock.level"
# Stops that a person's go ends: see core.stock.LevelFacts.accepted.
ENDED_BY_A_GO = ("stock_first_push", "unexplained_stock_drop")
SUBJECTS_A_CALL = 2000


class ShopifyStockLevel(models.Model):
    _name = "shopify.stock.level"
    _description = "Shopify Stock Level"
    _order = "id"
    _log_access = False
    # The flow whose policy counts.
    _flow = "stock"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, precompute=True
    )
    variant_link_id = fields.Many2one(
        "shopify.product.product", required=True, ondelete="cascade"
    )
    location_link_id = fields.Many2one(
        "shopify.mapping.location",
        "Shopify Location",
        required=True,
        index=True,
        ondelete="cascade",
    )
    product_id = fields.Many2one(
        "product.product", required=True, index=True, ondelete="cascade"
    )
    is_agreed = fields.Boolean("Agreed Once")
    agreed_on_hand = fields.Integer(
        help="Shopify's number when both sides last agreed, moved along by our own "
        "writes since."
    )
    agreed_fulfilled = fields.Integer(
        help="Units known to be fulfilled in Shopify at that time."
    )
    is_accepted = fields.Boolean("Accepted by a Person")
    accepted_on_hand = fields.Integer(
        help="Shopify's number that the person looked at: the go covers no other."
    )
    accepts_next_read = fields.Boolean(
        help="The go was given for many items at once: it covers the next number read."
    )
    on_hand_seen = fields.Integer("On Hand in Shopify")
    target = fields.Integer(help="On hand that Odoo's stock asks for.")
    missing = fields.Integer(
        "Unexplained", help="Units that left Shopify's stock without Odoo's knowing."
    )
    pushed_at = fields.Datetime("Last Written")
    compared_at = fields.Datetime("Last Compared")

    _once = models.UniqueIndex(
        "(variant_link_id, location_link_id)", "A variant has one level a location."
    )

    @api.depends("variant_link_id", "location_link_id")
    def _compute_display_name(self):
        for level in self:
            level.display_name = self.env._(
                "%(item)s at %(location)s",
                item=level.variant_link_id.label or level.product_id.display_name,
                location=level.location_link_id.name,
            )

    @property
    def _agreement(self):
        if not self.is_agreed:
            return None
        return Agreement(self.agreed_on_hand, self.agreed_fulfilled)

    def _agree(self, agreement):
        """Keep a new agreement; it uses a person's go up."""
        values = {"is_agreed": bool(agreement), "is_accepted": False}
        if agreement:
            values["agreed_on_hand"] = agreement.on_hand
            values["agreed_fulfilled"] = agreement.fulfilled
        self.write(values)

    def _accept(self, on_hand):
        """Keep a person's go for this number of Shopify's; None: for the next read."""
        self.write(
            {
                "is_accepted": True,
                "accepted_on_hand": on_hand or 0,
                "accepts_next_read": on_hand is None,
            }
        )

    def _is_accepted_at(self, on_hand):
        """Whether a person's go covers the number just read. One for another number
        ends: the level is shown again."""
        self.ensure_one()
        if self.is_accepted and self.accepts_next_read:
            self._accept(on_hand)
        elif self.is_accepted and self.accepted_on_hand != on_hand:
            self.is_accepted = False
        return self.is_accepted

    # === MAKING === #

    @api.model
    def _ensure_levels(self, backend, variant_links=None, location_links=None):
        """Make the levels that lack: every tracked variant at every mapped location.

        variant_links, location_links: only of these. Returns the new levels, which are
        compared soon. One statement whatever their number.
        """
        self.env["shopify.product.product"].flush_model()
        self.env["shopify.mapping.location"].flush_model()
        conditions = [SQL("variant.backend_id = %s", backend.id)]
        if variant_links is not None:
            conditions.append(SQL("variant.id = ANY(%s)", variant_links.ids))
        if location_links is not None:
            conditions.append(SQL("place.id = ANY(%s)", location_links.ids))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO shopify_stock_level (backend_id, company_id,
                       variant_link_id, location_link_id, product_id)
                SELECT variant.backend_id, variant.company_id, variant.id, place.id,
                       variant.odoo_id
                  FROM shopify_product_product variant
                  JOIN shopify_mapping_location place
                    ON place.backend_id = variant.backend_id
                   AND place.location_id IS NOT NULL
                   AND place.is_active AND place.is_service IS NOT TRUE
                 WHERE variant.tracked AND variant.inventory_item_gid IS NOT NULL
                   AND %s
                    ON CONFLICT DO NOTHING
                RETURNING id
                """,
                SQL(" AND ").join(conditions),
            )
        )
        levels = self.browse([row[0] for row in self.env.cr.fetchall()])
        levels._trigger("linked")
        return levels

    # === TRIGGERS === #

    def _trigger(self, cause):
        """Have these levels compared."""
        for backend, levels in self.grouped("backend_id").items():
            self._insert_triggers(backend, levels.ids, cause)

    @api.model
    def _insert_triggers(self, backend, ids, cause):
        for part in split_every(SUBJECTS_A_CALL, ids):
            self.env["shopify.trigger"].sudo()._insert(
                backend, [("stock", "out", TYPE, key) for key in part], cause
            )

    @api.model
    def _note_products(self, product_ids):
        """These products' stock or demand changed: have their levels compared, once for
        the whole transaction.

        Any user's act comes here, so it must neither fail nor wait for anybody.
        """
        if not product_ids:
            return
        precommit = self.env.cr.precommit
        noted = precommit.data.get("shopify_connector.products")
        if noted is None:
            noted = precommit.data["shopify_connector.products"] = set()
            # As superuser: whoever moves goods, the store's stock is concerned.
            levels = self.sudo()
            precommit.add(lambda: levels._trigger_noted(noted))
        noted.update(product_ids)

    @api.model
    def _trigger_noted(self, product_ids):
        try:
            with self.env.cr.savepoint(flush=False):
                self._trigger_products(product_ids)
        except Exception:
            # Nobody's delivery fails for our sake; the nightly comparison finds it.
            _logger.exception("Stock of %s products was not noted", len(product_ids))

    @api.model
    def _trigger_products(self, product_ids):
        self.env.cr.execute(
            """
            SELECT backend_id, array_agg(DISTINCT id)
              FROM (SELECT backend_id, id
                      FROM shopify_stock_level
                     WHERE product_id = ANY(%(products)s)
                     UNION ALL
                    SELECT level.backend_id, level.id
                      FROM shopify_product_component component
                      JOIN shopify_stock_level level
                        ON level.variant_link_id = component.link_id
                     WHERE component.product_id = ANY(%(products)s)) found
             GROUP BY backend_id""",
            {"products": list(product_ids)},
        )
        for backend_id, ids in self.env.cr.fetchall():
            backend = self.env["shopify.backend"].browse(backend_id)
            if backend.active and backend._is_working():
                self._insert_triggers(backend, ids, "stock moved")

    @api.model
    def _trigger_all(self, backend, cause):
        ids = self.sudo()._search([("backend_id", "=", backend.id)])
        self._insert_triggers(backend, list(ids), cause)

    @api.model
    def _subjects_of_item(self, backend, inventory_item_gid):
        """The subjects that a webhook about an inventory item points to."""
        levels = self.sudo().search(
            [
                ("backend_id", "=", backend.id),
                ("variant_link_id.inventory_item_gid", "=", inventory_item_gid),
            ]
        )
        return [("stock", "out", TYPE, str(level.id)) for level in levels]

    # === THE FLOW === #

    @api.model
    def _subjects(self, backend, ids):
        # sudo: the engine's own book, closed to the sync user's hands
        return self.sudo().browse(ids)

    @api.model
    def _describe_exports(self, backend, subjects):
        """What lists show of these: {subject: facts}."""
        found = self.sudo().browse(int(subject.key) for subject in subjects).exists()
        names = {str(level.id): level.display_name for level in found}
        return {s: {"record_name": names[s.key]} for s in subjects if s.key in names}

    @api.model
    def _export(self, backend, client, levels):
        """Compare and push these levels: {id: Outcome | Failure}."""
        return StockPush(self.env, backend, client, levels).run()


class ShopifyProductProduct(models.Model):
    _inherit = "shopify.product.product"

    @api.model_create_multi
    def create(self, vals_list):
        links = super().create(vals_list)
        links._ensure_stock_levels()
        return links

    def write(self, vals):
        result = super().write(vals)
        if {"tracked", "inventory_item_gid"} & set(vals):
            self._ensure_stock_levels()
        return result

    def _ensure_stock_levels(self):
        levels = self.env["shopify.stock.level"].sudo()
        tracked = self.filtered(lambda link: link.tracked and link.inventory_item_gid)
        for backend, links in tracked.grouped("backend_id").items():
            levels._ensure_levels(backend, variant_links=links)


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _reconcile_requested(self, flow):
        result = super()._reconcile_requested(flow)
        # Stock waits for fulfilments, so both ask for the same comparison.
        if self._is_working() and flow in ("stock", "fulfilments"):
            self.env["shopify.stock.level"]._trigger_all(self, f"{flow} switched on")
        if self._is_working() and flow == "fulfilments":
            self.env["shopify.stock.picking"]._trigger_undelivered(
                self, "fulfilments switched on"
            )
        return result

    def action_accept_stock(self):
        """The first go for all items at once: where Shopify was never pushed to, its
        stock becomes Odoo's, raises too."""
        check_role(self.env, MANAGER)
        for backend in self:
            backend.check_access("read")
            levels = self.env["shopify.stock.level"].sudo()
            ids = levels._search(
                [("backend_id", "=", backend.id), ("is_agreed", "=", False)]
            )
            levels._insert_triggers(backend, list(ids), ALL_ACCEPTED)
        return True

    @api.model
    def _cron_compare_stock(self):
        """Nightly: every level against Odoo, and deliveries that told nobody."""
        self._for_each_store(lambda backend: backend._compare_stock())

    def _compare_stock(self):
        self.env["shopify.stock.picking"]._trigger_undelivered(self, "nightly")
        self.env["shopify.stock.level"]._ensure_levels(self)
        self.env["shopify.stock.level"]._trigger_all(self, "nightly")


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    def action_accept(self):
        """A person looked at these levels and takes Shopify's number as it is."""
        levels = self.filtered(
            lambda row: row.subject_type == TYPE and row.reason_code in ENDED_BY_A_GO
        )
        # First the others: it checks who asks.
        super(ShopifySync, self - levels).action_accept()
        levels.check_access("read")
        for backend, rows in levels.grouped("backend_id").items():
            self.env["shopify.trigger"].sudo()._insert(
                backend, rows._subjects(), "accepted"
            )
        return self._released_notification(len(self))
