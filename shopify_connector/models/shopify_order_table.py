"""The list of orders: every order that the store has, whatever became of it.

A row of it is the order's sync row. Those that the connector has read bring what is
shown here with them; the others come from a read of the whole store (order_lister).
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core import money
from ..core.orders import parse_time
from .roles import OPERATOR, check_role, has_role

# What each status is in the columns that the engine writes.
STATUS_DOMAINS = {
    "synced": [("state", "=", "done"), ("outcome", "in", ("synced", "unchanged"))],
    "simulated": [("state", "=", "done"), ("outcome", "=", "simulated")],
    "excluded": [("state", "=", "done"), ("outcome", "=", "excluded")],
    "waiting": [("state", "=", "waiting")],
    "review": [("state", "=", "review")],
    "cancelled": [("state", "=", "cancelled")],
}
# Always there, as empty as they may be.
TABS = ("synced", "waiting", "review", "excluded")
# As the list opens, which is what its indexes are made for.
LIST_ORDER = "placed_at desc, id desc"
# A tab's count is exact up to here; above, there is none.
COUNTED = 10_000
# More at once would keep the store busy for hours by a slip of the hand.
SYNCED_AT_ONCE = 1000
SHOWN = ("placed_at", "buyer_name")


def shown_facts(node):
    """{field: value} of an order as read, for its row."""
    placed = node.get("createdAt")
    return {
        "placed_at": parse_time(placed).replace(tzinfo=None) if placed else False,
        "buyer_name": _buyer(node),
    }


def _buyer(node):
    """Whom the order is billed to, or else sent to; False where nobody is named."""
    for address in (node.get("billingAddress"), node.get("shippingAddress")):
        name = " ".join(((address or {}).get("name") or "").split())
        if name:
            return name
    return False


def amount_of(node):
    """{field: value}: what the order comes to now, in the shop's currency."""
    total = money.of_bag(node["currentTotalPriceSet"], "shop")
    return {"amount": float(total), "currency": node["currencyCode"]}


def _by_id(records):
    """{ID: record} of these (as sudo) that the reader may see."""
    seen = records.sudo(False)._filtered_access("read")
    return {record.id: record for record in seen}


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    status = fields.Selection(search="_search_status")
    placed_at = fields.Datetime("Placed On", help="When it was placed in Shopify.")
    # A person's name: for those who resolve stops, as values in History are.
    buyer_name = fields.Char(
        "Customer in Shopify",
        groups="shopify_connector.group_operator",
        help="Whom the order is billed to, as it was last read.",
    )
    customer_label = fields.Char("Customer", compute="_compute_order_sides")
    order_label = fields.Char("Odoo Order", compute="_compute_order_sides")
    invoice_label = fields.Char("Odoo Invoice", compute="_compute_order_sides")

    _orders = models.Index(
        "(placed_at DESC, id DESC) WHERE direction = 'in' AND subject_type = 'Order'"
    )
    _orders_by_status = models.Index(
        "(state, outcome, placed_at DESC, id DESC)"
        " WHERE direction = 'in' AND subject_type = 'Order'"
    )

    @api.model
    def _row_values(self, backend, subject, result, facts, *further):
        vals = super()._row_values(backend, subject, result, facts, *further)
        return vals | {name: facts[name] for name in SHOWN if name in facts}

    # === TABS === #

    @api.model
    def _search_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain.OR(STATUS_DOMAINS[name] for name in value if name)

    @api.model
    def search_panel_select_range(self, field_name, **kwargs):
        """The tabs with their counts, each bounded: a count of all would read as many
        rows as the store has orders."""
        if field_name != "status":
            return super().search_panel_select_range(field_name, **kwargs)
        domain = Domain.AND(
            [kwargs.get(name) or [] for name in ("search_domain", "filter_domain")]
        )
        labels = self._fields["status"]._description_selection(self.env)
        tabs = [
            {"id": name, "display_name": label, **self._counted(domain, name)}
            for name, label in labels
        ]
        shown = [tab for tab in tabs if tab["id"] in TABS or tab.get("__count") != 0]
        return {"parent_field": False, "values": shown}

    @api.model
    def _counted(self, domain, status):
        rows = self.with_context(shopify_list="orders")
        domain &= Domain(STATUS_DOMAINS[status])
        count = rows.search_count(domain, limit=COUNTED + 1)
        return {} if count > COUNTED else {"__count": count}

    @api.model
    def search_count(self, domain, limit=None):
        """In the list of orders, a bounded count goes along the list's own index: with
        no order to keep, the database may read the table from its beginning."""
        if limit is None or self.env.context.get("shopify_list") != "orders":
            return super().search_count(domain, limit=limit)
        return len(self._search(domain, limit=limit, order=LIST_ORDER))

    # === BOTH SIDES === #

    @api.depends("subject_key", "subject_type", "direction")
    @api.depends_context("uid")
    def _compute_order_sides(self):
        links = self._order_links()
        found = {(link.backend_id.id, link.shopify_gid): link for link in links}
        # Of those only that the reader may see; their names are looked up together.
        orders = _by_id(links.sale_order_id)
        invoices = _by_id(self._invoices_of(links))
        names_buyers = has_role(self.env, OPERATOR)
        for row in self:
            link = found.get((row.backend_id.id, row.subject_key), links.browse())
            order = orders.get(link.sale_order_id.id)
            bills = [invoices.get(bill.id) for bill in self._invoices_of(link)]
            row.order_label = order and order.name
            row.invoice_label = ", ".join(
                bill.name or bill.display_name for bill in bills if bill
            )
            # sudo: the customer's name is part of an order that the reader sees
            row.customer_label = (order and order.sudo().partner_id.display_name) or (
                names_buyers and row.buyer_name
            )

    def _order_links(self):
        """The order links of these rows, in one query."""
        rows = self.filtered(
            lambda row: (row.direction, row.subject_type) == ("in", "Order")
        )
        # sudo: which record it is, is no secret; reading it is checked apart
        links = self.env["shopify.sale.order"].sudo()
        return links.search(
            [
                ("backend_id", "in", rows.backend_id.ids),
                ("shopify_gid", "in", rows.mapped("subject_key")),
            ]
        )

    @api.model
    def _invoices_of(self, links):
        return links.move_id | links.sale_order_id.invoice_ids

    def action_open_invoice(self):
        """The invoices and credit notes of this order."""
        self.ensure_one()
        self.check_access("read")
        invoices = self._invoices_of(self._order_links()).sudo(False)
        if not invoices:
            raise UserError(self.env._("This order has no invoice in Odoo yet."))
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices of %s", self.record_name),
            "res_model": "account.move",
        }
        if len(invoices) == 1:
            return action | {"res_id": invoices.id, "view_mode": "form"}
        domain = [("id", "in", invoices.ids)]
        return action | {"domain": domain, "view_mode": "list,form"}

    # === SYNC === #

    def action_sync_orders(self):
        """Read these again, and say what that will do to those that a rule left out."""
        if len(self) > SYNCED_AT_ONCE:
            raise UserError(
                self.env._("Choose at most %s orders at once.", SYNCED_AT_ONCE)
            )
        said = self.action_retry()
        left_out = len(self.filtered(lambda row: row.status == "excluded"))
        if left_out:
            told = self.env._(
                "%s of them are left out by a rule. They are read again, and the rule "
                "still decides: to have them in Odoo, change the rule first.",
                left_out,
            )
            said["params"]["message"] = f"{said['params']['message']} {told}"
            said["params"]["sticky"] = True
        return said

    def action_list_older_orders(self):
        """List all orders of the connected stores, those before the start date too."""
        check_role(self.env, OPERATOR)
        stores = self.env["shopify.backend"].search([("state", "=", "connected")])
        if not stores:
            raise UserError(self.env._("Connect a store first."))
        return stores.action_list_orders()


class ShopifySaleOrder(models.Model):
    _inherit = "shopify.sale.order"

    @api.model
    def _describe(self, gid, node):
        facts = super()._describe(gid, node)
        return facts | (shown_facts(node) if isinstance(node, dict) else {})
