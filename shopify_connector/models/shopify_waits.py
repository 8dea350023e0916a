"""Waiting and releasing: what subjects wait on, and what is there now."""

import logging
from collections import defaultdict

from odoo import models

from .sync_subject import RELEASED

_logger = logging.getLogger(__name__)


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _release(self, keys):
        """Something appeared that subjects may be waiting for: look at them again."""
        self.ensure_one()
        if not keys:
            return 0
        waits = (
            self.env["shopify.sync.wait"]
            .sudo()  # any user's mapping may release another's sync
            .search([("key", "in", list(keys)), ("sync_id.backend_id", "=", self.id)])
        )
        waits = waits.filtered(lambda w: w.sync_id.state in ("review", "waiting"))
        for key, part in waits.grouped("key").items():
            rows = part.sync_id
            self.env["shopify.trigger"].sudo()._insert(
                self, rows._subjects(), f"{RELEASED}{key}"
            )
            self.env["shopify.cause"]._note_released(self, rows, key)
        return len(waits.sync_id)

    def _retest_waits(self):
        """Release waits whose key has appeared by a way that told nobody."""
        waits = (
            self.env["shopify.sync.wait"]
            .sudo()
            .search(
                [
                    ("is_present", "=", False),
                    ("sync_id.backend_id", "=", self.id),
                    ("sync_id.state", "in", ("review", "waiting")),
                ]
            )
        )
        present = self._present(set(waits.mapped("key")))
        waits = waits.filtered(lambda wait: wait.key in present)
        for key, part in waits.grouped("key").items():
            self.env["shopify.trigger"].sudo()._insert_missing(
                self, part.sync_id._subjects(), f"{RELEASED}{key}"
            )

    def _present(self, keys):
        """Those of these waits-on keys that are there now; one look-up a kind."""
        by_kind = defaultdict(set)
        for key in keys:
            kind, _sep, value = key.partition(":")
            by_kind[kind].add(value)
        present = set()
        for kind, values in by_kind.items():
            test = getattr(self, f"_present_{kind}", None)
            if test:
                present |= {f"{kind}:{value}" for value in test(values)}
        return present

    def _present_links(self, model, gids):
        return self.env[model].sudo()._find(self, gids).keys()

    def _present_variant(self, gids):
        return self._present_links("shopify.product.product", gids)

    def _present_product(self, gids):
        return self._present_links("shopify.product.template", gids)

    def _present_customer(self, gids):
        return self._present_links("shopify.res.partner", gids)

    def _present_order(self, gids):
        return self._present_links("shopify.sale.order", gids)

    def _present_location(self, gids):
        rows = (
            self.env["shopify.mapping.location"]
            .sudo()
            .search([("backend_id", "=", self.id), ("shopify_gid", "in", list(gids))])
        )
        return rows.filtered("warehouse_id").mapped("shopify_gid")

    def _present_tax(self, keys):
        rows = (
            self.env["shopify.mapping.tax"]
            .sudo()
            .search([("backend_id", "=", self.id), ("key", "in", list(keys))])
        )
        return rows.filtered("tax_id").mapped("key")

    def _present_scope(self, scopes):
        granted = set((self.sudo().granted_scopes or "").split(","))
        return scopes & granted

    def _present_setting(self, names):
        return [name for name in names if name in self._fields and self.sudo()[name]]

    def _present_pricelist(self, currencies):
        store = self.sudo()
        pricelists = store.pricelist_id | store.pricelist_ids
        return currencies & set(pricelists.currency_id.mapped("name"))
