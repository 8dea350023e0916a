"""Products and variants show their Shopify links and can't be deleted from under them."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


def refuse_linked(env, links):
    """Say plainly why a linked record stays; the database would refuse it anyway."""
    if links:
        link = links[0]
        raise UserError(
            env._(
                "%(record)s is linked to Shopify (store %(store)s, %(gid)s), so it can't "
                "be deleted: its orders and stock would lose it. Archive it instead, or "
                "unlink it first.",
                record=link._marked_records()[link].display_name,
                store=link.backend_id.name,
                gid=link.shopify_gid or link.match_key,
            )
        )


def refuse_other_company(env, records, links="shopify_binding_ids"):
    """Raise where a record would belong to another company than a store it is in.

    links: the field with the links to look at.
    """
    for record in records.filtered("company_id"):
        # sudo: whoever changes it may not see the store
        for link in record.sudo()[links].filtered("shopify_gid"):
            if link.company_id != record.company_id:
                raise ValidationError(
                    env._(
                        "%(record)s is linked to the Shopify store %(store)s (%(gid)s) "
                        "of %(company)s: it can't belong to %(other)s. Unlink it first.",
                        record=record.display_name,
                        store=link.backend_id.name,
                        gid=link.shopify_gid,
                        company=link.company_id.name,
                        other=record.company_id.name,
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

    @api.constrains("company_id")
    def _check_shopify_company(self):
        refuse_other_company(self.env, self)
        variants = self.with_context(active_test=False).product_variant_ids
        refuse_other_company(self.env, variants)

    @api.constrains("uom_id")
    def _check_shopify_unit(self):
        unit = self.env.ref("uom.product_uom_unit")
        for template in self.filtered(lambda each: each.uom_id != unit):
            # sudo: whoever changes it may not see the store
            variants = template.sudo().with_context(active_test=False)
            link = variants.product_variant_ids.shopify_binding_ids[:1]
            if link:
                raise ValidationError(
                    self.env._(
                        "%(product)s is linked to Shopify (store %(store)s, %(gid)s), "
                        "which counts pieces: it can't be kept in %(unit)s.",
                        product=template.display_name,
                        store=link.backend_id.name,
                        gid=link.shopify_gid,
                        unit=template.uom_id.name,
                    )
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
