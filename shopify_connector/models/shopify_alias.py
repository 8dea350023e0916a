"""Further Shopify accounts of one contact, left over when contacts are merged.

The main link carries the contact's ID in Shopify; that field is unique there, so an alias
carries none. What comes in for an alias is the contact's all the same.
"""

from dataclasses import replace

from odoo import api, fields, models

PROTECTED = {"alias_of_id"}


class ShopifyResPartner(models.Model):
    _inherit = "shopify.res.partner"

    alias_of_id = fields.Many2one(
        "shopify.res.partner",
        "Further Account Of",
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        help="The contact's main Shopify customer, which carries its Odoo ID.",
    )
    alias_ids = fields.One2many("shopify.res.partner", "alias_of_id", "Aliases")

    _odoo_uniq = models.UniqueIndex(
        "(backend_id, kind, odoo_id)"
        " WHERE shopify_gid IS NOT NULL AND alias_of_id IS NULL",
        "This contact stands for another Shopify customer of the store already.",
    )

    def write(self, vals):
        if PROTECTED & set(vals):
            self._check_engine()
        return super().write(vals)

    @api.model
    def _links_of(self, backend, record_ids):
        """The main ones."""
        found = super()._links_of(backend, record_ids)
        return {record: link.alias_of_id or link for record, link in found.items()}

    def _proofs(self, database, aliases_too=False):
        """An alias proves nothing: it carries no mark. `aliases_too`: what each would
        carry were it the main one."""
        links = (
            self if aliases_too else self.filtered(lambda each: not each.alias_of_id)
        )
        return super(ShopifyResPartner, links)._proofs(database)

    def _own_proof(self):
        database = self.env["shopify.mark"]._database()
        return self._proofs(database, aliases_too=True).get(self)

    def _stale_proofs(self):
        """Marks of ours that may stand on this further account, and must not."""
        self.ensure_one()
        proofs = (self._proof_left(), self._own_proof(), self.alias_of_id._own_proof())
        return tuple(proof for proof in proofs if proof is not None)

    def _linked_records(self):
        found = super()._linked_records()
        return {
            link: replace(record, alias=bool(link.alias_of_id))
            for link, record in found.items()
        }
