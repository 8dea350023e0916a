"""Doors for tests: private methods can't be called from outside."""

import random

from odoo import SUPERUSER_ID, api, models

from ..points import is_set


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _advisory_key(self, what):
        if what.startswith("drain/") and is_set("no_drain_lock"):
            return random.getrandbits(62)
        return super()._advisory_key(what)

    @api.model
    def test_wake(self):
        self._cron_wake()

    @api.model
    def test_reconcile(self, hours=2):
        self._cron_reconcile(hours=hours)

    @api.model
    def test_heal(self):
        self._cron_heal()

    def test_heal_here(self):
        """These stores only: others' worlds are in the middle of something."""
        self.with_user(SUPERUSER_ID)._heal()

    def test_read_all(self):
        for backend in self:
            backend._reconcile()
            backend._enqueue_due()

    def test_drain(self, group, count=1):
        """Further drain jobs beside whatever is queued or running already."""
        for _number in range(count):
            self.with_user(SUPERUSER_ID).with_delay()._drain(group)

    def test_ask_here(self, subject):
        """Ask for one subject, as the worksheet does: (flow, direction, type, key)."""
        self.env["shopify.trigger"].sudo()._insert(self, [tuple(subject)], "accepted")
        return True
