"""One search box over syncs: any ID, number, e-mail or pasted admin URL finds its row.

Each way to find a row has a query of its own, which an index answers; rows that any of
them finds are wanted. One condition with "or" between them would read the whole table.
"""

import re

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..core import search
from ..core.gid import build
from ..core.search import SearchTerm
from .account_move import INVOICES
from .shopify_mark import LINKS

# What a waits-on key with a Shopify ID begins with.
WAITED_FOR = ("variant", "product", "customer", "company", "order", "location")
# Fields of a link that hold the Odoo record.
LINK_FIELDS = ("odoo_id", "sale_order_id", "move_id", "location_id")
# The index over parts of names knows pieces of three characters.
_PIECE = re.compile(r"[^\W_]{3}")


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    # Found by a part of them.
    record_name = fields.Char(index="trigram")
    headline = fields.Char(index="trigram")
    anything = fields.Char(
        "ID, number, e-mail or admin URL",
        compute="_compute_anything",
        search="_search_anything",
        help="Odoo ID, Shopify ID, order name, e-mail or a pasted admin address.",
    )

    def _compute_anything(self):
        self.anything = False

    @api.model
    def _search_anything(self, operator, value):
        if operator not in ("=", "ilike", "like") or not isinstance(value, str):
            return NotImplemented
        text = value.strip()
        part = "ilike" if _PIECE.search(text) else "=ilike"
        ways = [Domain("record_name", part, text)]
        for term in search.parse_search(value):
            ways += self._ways_to(term)
        # Access is checked once, around it all.
        queries = [self._search(way, bypass_access=True) for way in ways]
        found = SQL(" UNION ").join(
            query.subselect(SQL.identifier(query.table, "id"))
            for query in queries
            if not query.is_empty()
        )
        return Domain("id", "any!", found)

    @api.model
    def _ways_to(self, term):
        """Domains of the rows that one reading of the text means."""
        ways = getattr(self, f"_search_{term.kind}")(term)
        if term.shop:
            shop = Domain("backend_id.shop_domain", "=", f"{term.shop}.myshopify.com")
            ways = [way & shop for way in ways]
        return ways

    @api.model
    def _search_gid(self, term):
        return self._search_gids([term])

    @api.model
    def _search_gids(self, terms):
        """The records themselves, and what waits for them."""
        keys = [key for term in terms for key in (term.value, *self._parents_of(term))]
        waits = [f"{prefix}:{term.value}" for term in terms for prefix in WAITED_FOR]
        return [Domain("subject_key", "in", keys), Domain("wait_ids.key", "in", waits)]

    @api.model
    def _parents_of(self, term):
        """A variant has no sync of its own towards Odoo: its product has."""
        if term.type != "ProductVariant":
            return []
        links = self.env["shopify.product.product"].search_fetch(
            [("shopify_gid", "=", term.value)], ["product_gid"]
        )
        return [gid for gid in links.mapped("product_gid") if gid]

    @api.model
    def _search_shopify_number(self, term):
        """Any type: a number alone doesn't say of what. Whole keys, so that the index
        finds them."""
        return self._search_gids(
            [SearchTerm("gid", build(kind, term.value), kind) for kind in LINKS]
        )

    @api.model
    def _search_odoo_id(self, term):
        number = int(term.value)
        domain = Domain("direction", "=", "out") & Domain(
            "subject_key", "=", term.value
        )
        if term.type:
            domain &= Domain("subject_type", "=", term.type)
        gids = {
            gid
            for model in LINKS.values()
            for gid in self._gids_of(model, term.type, number)
        }
        if term.type in ("", "account.move"):
            gids.update(self._gids_by_invoice(Domain("id", "=", number)))
        return [domain, Domain("subject_key", "in", sorted(gids))]

    @api.model
    def _gids_of(self, model, odoo_model, number):
        """Shopify IDs linked to the record of this number."""
        links = self.env[model]
        names = [
            name
            for name in LINK_FIELDS
            if name in links._fields
            and odoo_model in ("", links._fields[name].comodel_name)
        ]
        domain = Domain.OR([Domain(name, "=", number) for name in names])
        return [gid for gid in links.search(domain).mapped("shopify_gid") if gid]

    @api.model
    def _gids_by_invoice(self, domain):
        # sudo: only whose order may be seen is found; its invoice isn't shown
        invoices = self.env["account.move"].sudo()
        domain &= Domain("move_type", "in", INVOICES)
        links = self.env["shopify.sale.order"]._of_invoices(invoices.search(domain))
        return links.mapped("shopify_gid")

    @api.model
    def _search_email(self, term):
        """The customer, and the orders that became this customer's."""
        partners = (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search([("email_normalized", "=", term.value)])
        )
        customers = self.env["shopify.res.partner"].search(
            [("odoo_id", "in", partners.ids)]
        )
        orders = self.env["shopify.sale.order"].search(
            [("sale_order_id.partner_id", "child_of", partners.ids)]
            if partners
            else [("id", "=", False)]
        )
        gids = customers.mapped("shopify_gid") + orders.mapped("shopify_gid")
        return [Domain("subject_key", "in", [gid for gid in gids if gid])]

    @api.model
    def _search_order_name(self, term):
        """Exactly this name: "#104" is not "#1042"."""
        return [
            Domain("record_name", "=ilike", term.value)
            & Domain("subject_type", "=", "Order")
        ]

    @api.model
    def _search_text(self, term):
        """An Odoo order's or invoice's number, or a SKU."""
        orders = self.env["shopify.sale.order"].search(
            [("sale_order_id.name", "=ilike", term.value)]
        )
        variants = self.env["shopify.product.product"].search(
            [("odoo_id.default_code", "=ilike", term.value)]
        )
        gids = [
            *orders.mapped("shopify_gid"),
            *self._gids_by_invoice(Domain("name", "=ilike", term.value)),
            *variants.mapped("shopify_gid"),
            *variants.mapped("product_gid"),
        ]
        return [Domain("subject_key", "in", [gid for gid in gids if gid])]
