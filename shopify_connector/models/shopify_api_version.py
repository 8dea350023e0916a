"""The pinned API version comes to its end: said in time, on the store and the overview."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date

from ..api import version

# Time to install an update of the connector.
WARNED_BEFORE = timedelta(days=90)


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    api_version_unserved = fields.Boolean(
        readonly=True,
        copy=False,
        help="Shopify no longer lists the connector's API version as supported.",
    )
    api_version_warning = fields.Char(compute="_compute_api_version_warning")

    def _note_api_version(self, client, data):
        """Keep which version answered, and whether ours is still supported.

        data: of `shop/connect`.
        """
        values = {
            "api_version_seen": client.version_seen,
            "api_version_unserved": not version.is_served(data["publicApiVersions"]),
        }
        # Only what is new: the row is shared by all workers.
        values = {name: new for name, new in values.items() if new != self[name]}
        if values:
            self.write(values)

    @api.depends("api_version_seen", "api_version_unserved")
    @api.depends_context("lang")
    def _compute_api_version_warning(self):
        for backend in self:
            backend.api_version_warning = backend._version_problem()

    def _version_problem(self):
        """What a manager should know of the API version now, or False."""
        if not self.shop_gid:
            return False
        ours = version.API_VERSION
        if version.differs(self.api_version_seen or None):
            return self.env._(
                "Shopify answers in API version %(seen)s instead of %(ours)s: nothing is "
                "written to Shopify until the connector is updated.",
                seen=self.api_version_seen,
                ours=ours,
            )
        if self.api_version_unserved:
            return self.env._(
                "Shopify no longer supports API version %s: update the connector now.",
                ours,
            )
        until = version.served_until()
        if fields.Datetime.now().date() < until - WARNED_BEFORE:
            return False
        return self.env._(
            "Shopify may end API version %(ours)s from %(date)s on: update the connector "
            "before.",
            ours=ours,
            date=format_date(self.env, until),
        )
