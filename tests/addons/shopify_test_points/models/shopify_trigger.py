"""A point between a trigger's insert and its commit."""

from odoo import api, models

from ..points import pass_point


class ShopifyTrigger(models.Model):
    _inherit = "shopify.trigger"

    @api.model
    def _insert(self, backend, subjects, cause, delivery_id=None, lift=False):
        subjects = list(subjects)
        inserted = super()._insert(
            backend, subjects, cause, delivery_id=delivery_id, lift=lift
        )
        for key in dict.fromkeys(subject[3] for subject in subjects):
            number = str(key).rsplit("/", 1)[-1]
            pass_point(backend.id, "trigger_inserted", number)
        return inserted
