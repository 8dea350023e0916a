"""What ends a pause: Shopify answers again, a person's fix shows, or *Resume*.

A reason that passes by itself gives the flow a rest. At its end one cheap read shows
whether Shopify answers: if not, the flow rests on, twice as long. A person's fix is
found where it shows: renewed credentials, a granted scope, access to the company.
"""

import logging

from odoo import SUPERUSER_ID, fields, models

from ..api.errors import ShopifyError, ThrottledError, TransientError
from ..core import pauses

_logger = logging.getLogger(__name__)

# Changing one of these may mend a sign-in.
CREDENTIALS = frozenset({"auth_kind", "client_id", "client_secret", "access_token"})


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _wake(self):
        """Every minute: see whether what flows pause for is over."""
        if self._rested():
            self._enqueue_probe()
        if self.sudo().company_id in self.sudo().sync_user_id.company_ids:
            self._resume_paused({"company_access_missing"}, only_paused=True)
        return super()._wake()

    def _rested(self):
        """The flows whose rest is over."""
        now = fields.Datetime.now()
        return self.sudo().flow_ids.filtered(
            lambda flow: flow.rests_until and flow.rests_until <= now
        )

    def _enqueue_probe(self):
        # sudo: whoever brought the fix
        store = self.sudo()
        store.with_user(SUPERUSER_ID).with_delay(
            priority=5,
            identity_key=f"shopify/probe/{self.id}",
            description=self.env._("Shopify %s: does it answer again?", store.name),
        )._probe()

    def _probe(self):
        """Job: one cheap read. What flows pause for and it disproves, is over."""
        if not self._is_working():
            return
        try:
            with self._client() as client:
                self._check_scopes(client)
        except ThrottledError:
            _logger.debug("Store %s answers: it is busy", self.id)
        except TransientError:
            self._rest_on()
            return
        except ShopifyError as error:
            # It answers, but refuses: flows that rested find out, and pause for that.
            _logger.info("Store %s refuses: %s", self.id, error)
        self._rested()._resume(by_itself=True)

    def _rest_on(self):
        now = fields.Datetime.now()
        for flow in self._rested():
            number = flow.rests + 1
            flow.write({"rests": number, "rests_until": now + pauses.rest(number)})

    def write(self, vals):
        result = super().write(vals)
        if not CREDENTIALS.isdisjoint(vals):
            codes = {"sign_in_failed", "store_unreachable"}
            for store in self.sudo():
                if codes & set(store.flow_ids.mapped("paused_reason")):
                    store._enqueue_probe()
        return result
