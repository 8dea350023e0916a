"""Points around a remote write."""

from odoo import api, models

from ..points import pass_point


class ShopifyMutation(models.Model):
    _inherit = "shopify.mutation"

    @api.model
    def _perform(self, backend, client, operation, *args, **kw):
        done = super()._perform(backend, client, operation, *args, **kw)
        pass_point(backend.id, "outcome_stored", operation)
        # Before `_close_after_commit` adds its own: the link is committed by then, the
        # write still open.
        self.env.cr.postcommit.add(
            lambda: pass_point(backend.id, "after_commit", operation)
        )
        return done

    @api.model
    def _intend(self, backend, key, operation, *args, **kw):
        pass_point(backend.id, "before_intent", operation)
        intent = super()._intend(backend, key, operation, *args, **kw)
        pass_point(backend.id, "after_intent", operation)
        return intent
