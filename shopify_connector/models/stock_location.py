"""Places that Shopify's locations show can't be deleted from under them."""

from odoo import api, models

from .product import refuse_linked


class StockLocation(models.Model):
    _inherit = "stock.location"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_linked_to_shopify(self):
        # sudo: whoever deletes may not see the store
        refuse_linked(self.env, self.sudo().shopify_binding_ids)


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_linked_to_shopify(self):
        # sudo: whoever deletes may not see the store
        refuse_linked(self.env, self.sudo().shopify_binding_ids)
