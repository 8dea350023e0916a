"""May this database work for the store now: company, lease, sign-in, scopes."""

import math

from odoo import SUPERUSER_ID, models

from odoo.addons.queue_job.exception import RetryableJobError

from ..api.errors import (
    AccessDeniedError,
    AuthError,
    ShopifyError,
    TransientError,
)
from ..core.failures import Failure
from .remote_failure import remote_failure

# Reasons that a working connection ends.
CONNECTION_CODES = frozenset(
    {
        "sign_in_failed",
        "store_unreachable",
        "store_on_hold",
        "app_uninstalled",
        "scope_missing",
        "company_access_missing",
        "api_version_changed",
    }
)
# Until the next try when Shopify doesn't answer and names no time.
REST_SECONDS = 30


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _may_work(self, client):
        """Whether this database, as the sync user, may work for the store now. If not,
        the store or its flows rest, with the reason, and nothing is claimed.

        Raises RetryableJobError while Shopify can't be asked for a passing reason.
        """
        user = self.sudo().sync_user_id
        if self.sudo().company_id not in user.company_ids:
            self._pause_all(
                Failure(
                    "company_access_missing",
                    {
                        "company": self.sudo().company_id.display_name,
                        "user": user.display_name,
                    },
                )
            )
            return False
        self._resume_paused({"company_access_missing"}, only_paused=True)
        if self.sudo().state == "copy":
            return self.sudo().copy_reads
        try:
            problem = self.env["shopify.lease"]._problem(self, client)
        except TransientError as error:
            wait = max(1, math.ceil(getattr(error, "retry_after", REST_SECONDS)))
            raise RetryableJobError(
                str(error), seconds=wait, ignore_retry=True
            ) from error
        except ShopifyError as error:
            self._pause_all(remote_failure(self.sudo(), error))
            return False
        if problem:
            self._hold("store_on_hold", problem)
        return not problem

    def _enqueue_check(self):
        """The app's scopes changed, or it was removed: sign in again soon and see what
        is allowed. A webhook is a hint; it may be older than the next installation."""
        self.with_user(SUPERUSER_ID).with_delay(
            priority=5, identity_key=f"shopify/check/{self.id}"
        )._recheck_access()

    def _recheck_access(self):
        """Job: sign in anew. Refused after an uninstalled app: the store is on hold."""
        if not self._is_at_home():
            return
        try:
            with self._client() as client:
                self._check_scopes(client)
        except AccessDeniedError as error:
            self._note_event("store", error.failure, str(error))
        except AuthError:
            self._hold(
                "app_uninstalled",
                self.env._(
                    "Shopify refuses us since the app was removed there. Links are kept."
                ),
            )

    def _check_scopes(self, client):
        """Read which scopes are granted now; release what waited for them."""
        answer = client.execute("shop/connect", {})
        self._note_api_version(client, answer.data)
        installation = answer.data["currentAppInstallation"]
        granted = sorted(scope["handle"] for scope in installation["accessScopes"])
        if ",".join(granted) != self.granted_scopes:
            self.granted_scopes = ",".join(granted)
            # What a new scope allows must be there before what waited for it goes on.
            self._heal()
            self._release([f"scope:{scope}" for scope in granted])
            self._resume_paused({"scope_missing"})
        over = {"sign_in_failed", "store_unreachable"}
        if not client.version_changed:
            over.add("api_version_changed")
        self._resume_paused(over, only_paused=True)
        return granted
