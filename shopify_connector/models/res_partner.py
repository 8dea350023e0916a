"""Contacts show their Shopify links; deleting and merging mind them."""

from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError

from .product import refuse_linked


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

    # Customers are matched by e-mail; Odoo keeps the normal form without an index.
    _shopify_email_idx = models.Index(
        "(email_normalized) WHERE email_normalized IS NOT NULL"
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_linked_to_shopify(self):
        # sudo: whoever deletes may not see the store
        refuse_linked(self.env, self.sudo().shopify_binding_ids)


class MergePartnerAutomatic(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Refuse to merge two customers of one store.

        Odoo's merge moves foreign keys in SQL and deletes the rows that then break a
        unique index: one of the two links would vanish without a word.
        """
        # sudo: whoever merges may not see the store
        links = (
            self.env["shopify.res.partner"]
            .sudo()
            .search(
                [("odoo_id", "in", list(partner_ids)), ("shopify_gid", "!=", False)]
            )
        )
        counts = Counter((link.backend_id, link.kind) for link in links)
        for (backend, _kind), count in counts.items():
            if count > 1:
                raise UserError(
                    self.env._(
                        "These contacts are different customers in the Shopify store "
                        "%(store)s: %(customers)s. Merge the customers in Shopify "
                        "first, or leave the contacts apart.",
                        store=backend.name,
                        customers=", ".join(
                            f"{link.odoo_id.display_name} ({link.shopify_gid})"
                            for link in links
                            if link.backend_id == backend
                        ),
                    )
                )
        return super()._merge(partner_ids, dst_partner, extra_checks)
