"""Contacts show their Shopify links and can't be deleted from under them."""

from odoo import api, fields, models

from .product import refuse_linked, refuse_other_company

COMPANY_LINKS = ("shopify_company_ids", "shopify_company_location_ids")


class ResPartner(models.Model):
    _inherit = "res.partner"

    shopify_binding_ids = fields.One2many(
        "shopify.res.partner",
        "odoo_id",
        "Shopify Links",
        readonly=True,
        copy=False,
        groups="shopify_connector.group_user",
    )

    shopify_company_ids = fields.One2many(
        "shopify.company",
        "odoo_id",
        "Shopify Companies",
        readonly=True,
        copy=False,
        groups="shopify_connector.group_user",
    )
    shopify_company_location_ids = fields.One2many(
        "shopify.company.location",
        "odoo_id",
        "Shopify Company Locations",
        readonly=True,
        copy=False,
        groups="shopify_connector.group_user",
    )

    # Customers are matched by e-mail; Odoo keeps the normal form without an index.
    _shopify_email_idx = models.Index(
        "(email_normalized) WHERE email_normalized IS NOT NULL"
    )

    @api.constrains("company_id")
    def _check_shopify_company(self):
        refuse_other_company(self.env, self)
        for name in COMPANY_LINKS:
            refuse_other_company(self.env, self, name)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_linked_to_shopify(self):
        # sudo: whoever deletes may not see the store
        refuse_linked(self.env, self.sudo().shopify_binding_ids)
        for name in COMPANY_LINKS:
            refuse_linked(self.env, self.sudo()[name])
