"""Shopify's word on payment and fulfilment of an order, for lists: shown, never acted on.

It stands on the order's sync row, as last read, so that orders which aren't in Odoo
(unpaid ones above all) have it too.
"""

from odoo import api, fields, models
from odoo.tools import SQL

# Values of OrderDisplayFinancialStatus and OrderDisplayFulfillmentStatus of 2026-10, in
# lower case. A later version may send others.
PAYMENT = [
    ("pending", "Pending"),
    ("authorized", "Authorised"),
    ("partially_paid", "Partly Paid"),
    ("paid", "Paid"),
    ("partially_refunded", "Partly Refunded"),
    ("refunded", "Refunded"),
    ("voided", "Voided"),
    ("expired", "Expired"),
    ("other", "Another Status"),
]
FULFILMENT = [
    ("unfulfilled", "Not Sent"),
    ("open", "Open"),
    ("scheduled", "Scheduled"),
    ("on_hold", "On Hold"),
    ("pending_fulfillment", "Asked For"),
    ("in_progress", "In Progress"),
    ("request_declined", "Declined"),
    ("partially_fulfilled", "Partly Sent"),
    ("fulfilled", "Sent"),
    ("restocked", "Restocked"),
    ("fulfillment_not_required", "Nothing to Send"),
    ("other", "Another Status"),
]
STATUSES = ("payment_status", "fulfilment_status")
PAYMENT_HELP = "What Shopify said when the order was last read."
FULFILMENT_HELP = "What Shopify said of deliveries when the order was last read."


def statuses(node):
    """{field: value} of an order as read; an unknown value is "other", none is False."""
    return {
        "payment_status": _known(node.get("displayFinancialStatus"), PAYMENT),
        "fulfilment_status": _known(node.get("displayFulfillmentStatus"), FULFILMENT),
    }


def _known(value, choices):
    if not value:
        return False
    return value.lower() if value.lower() in dict(choices) else "other"


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    payment_status = fields.Selection(PAYMENT, "Payment", help=PAYMENT_HELP)
    fulfilment_status = fields.Selection(FULFILMENT, "Fulfilment", help=FULFILMENT_HELP)

    @api.model
    def _row_values(self, backend, subject, result, facts, *further):
        vals = super()._row_values(backend, subject, result, facts, *further)
        return vals | {name: facts[name] for name in STATUSES if name in facts}


class ShopifySaleOrder(models.Model):
    _inherit = "shopify.sale.order"

    payment_status = fields.Selection(
        PAYMENT,
        "Payment",
        compute="_compute_statuses",
        search="_search_payment_status",
        help=PAYMENT_HELP,
    )
    fulfilment_status = fields.Selection(
        FULFILMENT,
        "Fulfilment",
        compute="_compute_statuses",
        search="_search_fulfilment_status",
        help=FULFILMENT_HELP,
    )

    @api.model
    def _describe(self, gid, node):
        facts = super()._describe(gid, node)
        return facts | (statuses(node) if isinstance(node, dict) else {})

    @api.depends("shopify_gid", "backend_id")
    def _compute_statuses(self):
        rows = self.env["shopify.sync"].search_fetch(
            [
                *self._order_syncs(),
                ("backend_id", "in", self.backend_id.ids),
                ("subject_key", "in", self.mapped("shopify_gid")),
            ],
            ["backend_id", "subject_key", *STATUSES],
        )
        found = {(row.backend_id, row.subject_key): row for row in rows}
        for link in self:
            row = found.get((link.backend_id, link.shopify_gid), rows.browse())
            link.payment_status = row.payment_status
            link.fulfilment_status = row.fulfilment_status

    @api.model
    def _order_syncs(self):
        return [("direction", "=", "in"), ("subject_type", "=", self._shopify_type)]

    @api.model
    def _search_payment_status(self, operator, value):
        return self._search_status("payment_status", operator, value)

    @api.model
    def _search_fulfilment_status(self, operator, value):
        return self._search_status("fulfilment_status", operator, value)

    @api.model
    def _search_status(self, name, operator, value):
        """By ID, which is one of a kind in all of Shopify: stores need no comparing."""
        if operator != "in":
            return NotImplemented
        rows = self.env["shopify.sync"]._search(
            [*self._order_syncs(), (name, "in", value)]
        )
        key = SQL.identifier(rows.table, "subject_key")
        return [("shopify_gid", "in", rows.subselect(key))]
