"""The report for support as a file."""

from odoo.http import Controller, request, route

from ..models.shopify_support import KINDS


class ShopifySupport(Controller):
    @route(
        "/shopify/support/<int:row>/<string:kind>",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def report(self, row, kind):
        """The report of a sync, for whoever may read the sync."""
        sync = request.env["shopify.sync"].search([("id", "=", row)])
        if kind not in KINDS or not sync:
            raise request.not_found()
        return request.make_response(
            sync._support_report(kind),
            headers=[
                ("Content-Type", f"{KINDS[kind]}; charset=utf-8"),
                (
                    "Content-Disposition",
                    f'attachment; filename="shopify-report-{row}.{kind}"',
                ),
                ("Cache-Control", "no-store"),
            ],
        )
