"""What Odoo's own forms show of Shopify: the links, their state, and their history."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.gid import parse

USERS = "shopify_connector.group_user"
# The most telling first: one record may have a sync in each store and direction.
STATES = ("review", "waiting", "cancelled", "simulated", "done")


class ShopifyRecord(models.AbstractModel):
    _name = "shopify.record"
    _description = "Record That Shopify Knows"

    # The link model's field that points here is looked up by `shopify_binding_ids`.
    shopify_state = fields.Selection(
        [
            ("review", "Needs Review"),
            ("waiting", "Waiting"),
            ("cancelled", "Closed"),
            ("simulated", "Simulated"),
            ("done", "Synced"),
        ],
        "Shopify",
        compute="_compute_shopify_state",
        groups=USERS,
    )

    @api.depends_context("uid")
    def _compute_shopify_state(self):
        for record in self:
            states = {
                "simulated" if row.outcome == "simulated" else row.state
                for row in record._shopify_syncs()
            }
            record.shopify_state = next((s for s in STATES if s in states), False)

    def _shopify_gids(self):
        """Shopify IDs that are linked to this record, in the reader's stores."""
        self.ensure_one()
        return [
            link.shopify_gid for link in self.shopify_binding_ids if link.shopify_gid
        ]

    def _shopify_subjects(self):
        """Domain of what is about this record, for syncs and for History alike.

        Store and type are named too, though the keys alone would do: the index of
        History begins with them.
        """
        self.ensure_one()
        gids = self._shopify_gids()
        types = {parse(gid).type for gid in gids} | {self._name}
        return [
            ("backend_id", "in", self.env["shopify.backend"]._search([])),
            ("subject_type", "in", sorted(types)),
            ("subject_key", "in", [*gids, str(self.id)]),
        ]

    def _shopify_syncs(self):
        if not self.id:
            return self.env["shopify.sync"]
        return self.env["shopify.sync"].search(self._shopify_subjects())

    def action_shopify_syncs(self):
        """Where this record's syncs stand."""
        self.ensure_one()
        return self._open_shopify_rows("action_sync", self.env._("Shopify syncs"))

    def action_shopify_history(self):
        """What happened to this record, on both sides, and why."""
        self.ensure_one()
        return self._open_shopify_rows("action_event", self.env._("Shopify history"))

    def _open_shopify_rows(self, name, title):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"shopify_connector.{name}"
        )
        return action | {
            "name": f"{title}: {self.display_name}",
            "domain": self._shopify_subjects(),
            "context": {},
        }


class ProductTemplate(models.Model):
    _name = "product.template"
    _inherit = ["product.template", "shopify.record"]

    def _shopify_gids(self):
        """The product's own, and its variants': a sync may be about either."""
        variants = self.product_variant_ids.shopify_binding_ids
        return super()._shopify_gids() + [link.shopify_gid for link in variants]


class ProductProduct(models.Model):
    _name = "product.product"
    _inherit = ["product.product", "shopify.record"]

    def _shopify_gids(self):
        """The variant's own, and its product's, whose sync brings it in."""
        links = self.shopify_binding_ids
        return super()._shopify_gids() + [
            gid for gid in links.mapped("product_gid") if gid
        ]


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "shopify.record"]

    def _shopify_gids(self):
        """As a customer, as a company, and as a company's location."""
        links = (*self.shopify_company_ids, *self.shopify_company_location_ids)
        return super()._shopify_gids() + [link.shopify_gid for link in links]


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "shopify.record"]


class StockPicking(models.Model):
    _name = "stock.picking"
    _inherit = ["stock.picking", "shopify.record"]

    def _shopify_gids(self):
        """The delivery's fulfilments, and the order that it is for."""
        order_links = self.sale_id.shopify_binding_ids
        return super()._shopify_gids() + [link.shopify_gid for link in order_links]


class StockWarehouse(models.Model):
    _name = "stock.warehouse"
    _inherit = ["stock.warehouse", "shopify.record"]

    shopify_binding_ids = fields.One2many(
        "shopify.mapping.location", "warehouse_id", "Shopify Locations", groups=USERS
    )


class StockLocation(models.Model):
    _name = "stock.location"
    _inherit = ["stock.location", "shopify.record"]

    shopify_binding_ids = fields.One2many(
        "shopify.mapping.location", "location_id", "Shopify Locations", groups=USERS
    )


class ShopifyBinding(models.AbstractModel):
    _inherit = "shopify.binding"

    def action_open_in_shopify(self):
        self.ensure_one()
        if not self.shopify_url:
            raise UserError(self.env._("Shopify's admin has no page for this record."))
        return {"type": "ir.actions.act_url", "url": self.shopify_url, "target": "new"}

    def action_open_history(self):
        """What happened to this link's record."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "shopify_connector.action_event"
        )
        return action | {
            "domain": [
                ("backend_id", "=", self.backend_id.id),
                ("subject_key", "=", self.shopify_gid),
            ],
            "context": {},
        }
