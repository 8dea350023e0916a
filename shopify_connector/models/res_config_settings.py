"""Settings → Shopify: what holds for all stores, and the way to each of them."""

from odoo import fields, models

from .shopify_backend import PARAMETERS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    shopify_store_count = fields.Integer(
        "Stores", compute="_compute_shopify_store_count"
    )
    shopify_connected_count = fields.Integer(
        "Connected Stores", compute="_compute_shopify_store_count"
    )
    shopify_history_days = fields.Integer(
        "Keep History For",
        config_parameter="shopify_connector.history_days",
        default=int(PARAMETERS["history_days"]),
        help="Days. What was written to Shopify is forgotten after the same time. "
        "Both may hold personal data.",
    )

    shopify_bodies_days = fields.Integer(
        "Keep Requests and Answers of Stopped Records For",
        config_parameter="shopify_connector.bodies_days",
        default=int(PARAMETERS["bodies_days"]),
        help="Days; 0 keeps none. Names, addresses, amounts and secrets are removed before "
        "they are kept, for the report to support only.",
    )

    def _compute_shopify_store_count(self):
        stores = self.env["shopify.backend"]
        visible = stores.has_access("read")
        for settings in self:
            settings.shopify_store_count = visible and stores.search_count([])
            settings.shopify_connected_count = visible and stores.search_count(
                [("state", "=", "connected")]
            )

    def set_values(self):
        # A day is the least: with none, retention would drop what is being looked at.
        self.shopify_history_days = max(1, self.shopify_history_days)
        self.shopify_bodies_days = max(0, self.shopify_bodies_days)
        return super().set_values()

    def action_shopify_connect(self):
        return self.env["shopify.backend"].action_connect_wizard()
