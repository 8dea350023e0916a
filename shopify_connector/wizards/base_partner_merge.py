"""Merging contacts minds their Shopify links."""

from collections import Counter

from odoo import models
from odoo.exceptions import UserError


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
