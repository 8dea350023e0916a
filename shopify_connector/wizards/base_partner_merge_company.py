"""Merging contacts minds the links of companies (B2B) and of their locations.

Unlike a person, a company has one account: two of one store are never merged.
"""

from odoo import models

from .base_partner_merge import LinksStay

MODELS = ("shopify.company", "shopify.company.location")


class MergePartnerAutomatic(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _refusal(self, partner_ids):
        return super()._refusal(partner_ids) or self._company_refusal(partner_ids)

    def _company_refusal(self, partner_ids):
        """Why these can't be one company, or one location; None when they can."""
        for links in self._company_links(partner_ids):
            if len(links) > 1:
                return self.env._(
                    "These contacts are different companies or company locations in "
                    "the Shopify store %(store)s: %(companies)s. Leave them apart.",
                    store=links.backend_id.name,
                    companies=", ".join(
                        f"{link.odoo_id.display_name} ({link.shopify_gid})"
                        for link in links
                    ),
                )
        return None

    def _company_links(self, partner_ids):
        """Links of these contacts, those of one store and type together."""
        for model in MODELS:
            # sudo: whoever merges may not see the store
            links = self.env[model].sudo()
            links = links.search([("odoo_id", "in", list(partner_ids))], order="id")
            yield from links.grouped("backend_id").values()

    def _move_links(self, src_partners, dst_partner):
        result = super()._move_links(src_partners, dst_partner)
        partners = (src_partners | dst_partner).ids
        refusal = self._company_refusal(partners)
        if refusal:
            raise LinksStay(refusal)
        reason = self.env._("contacts merged")
        for link in self._company_links(partners):
            if link.odoo_id != dst_partner:
                link._relink(dst_partner.sudo(), reason)
        return result
