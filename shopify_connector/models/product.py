"""Products and variants show their Shopify links and can't be deleted from under them."""

from odoo import api, fields, models
from odoo.exceptions import UserError


def refuse_linked(env, links):
    """Say plainly why a linked record stays; the database would refuse it anyway."""
    if links:
        link = links[0]
        raise UserError(
            env._(
                "%(record)s is linked to Shopify (%(gid)s), so it can't be deleted: its "
                "orders and stock would lose their product. Archive it instead.",
                record=link.odoo_id.display_name,
                gid=link.shopify_gid or link.match_key,
            )
        )


class ProductTemplate(models.Model):
    _inherit = "product.template"

    shopify_binding_ids = fields.One2many(
        "shopify.product.template",
        "odoo_id",
        "Shopify Links",
        readonly=True,
        copy=False,
        groups="shopify_connector.group_user",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_linked_to_shopify(self):
        # sudo: whoever deletes may not see the store
        refuse_linked(self.env, self.sudo().shopify_binding_ids)
        refuse_linked(
            self.env,
            self.sudo()
            .with_context(active_test=False)
            .product_variant_ids.shopify_binding_ids,
        )


class ProductProduct(models.Model):
    _inherit = "product.product"

    shopify_binding_ids = fields.One2many(
        "shopify.product.product",
        "odoo_id",
        "Shopify Links",
        readonly=True,
        copy=False,
        groups="shopify_connector.group_user",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_linked_to_shopify(self):
        # sudo: whoever deletes may not see the store
        refuse_linked(self.env, self.sudo().shopify_binding_ids)
