"""Links of variants: what orders, stock and fulfilments find products by."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import gid as shopify_gid
from ..core import products
from ..core.outcome import Change
from .link_content import note_pairs, write_if_new

PROTECTED = {"inventory_item_gid", "made_key", "product_gid", "product_link_id"}


class ShopifyProductProduct(models.Model):
    _name = "shopify.product.product"
    _inherit = "shopify.shareable"
    _description = "Shopify Variant Link"
    _rec_name = "label"

    _shopify_type = "ProductVariant"
    _flow = "products"

    odoo_id = fields.Many2one(
        "product.product", "Product", required=True, index=True, ondelete="restrict"
    )
    product_link_id = fields.Many2one(
        "shopify.product.template", index=True, ondelete="restrict"
    )
    product_gid = fields.Char("Shopify Product ID", index=True, copy=False)
    inventory_item_gid = fields.Char(
        "Shopify Inventory Item ID", index="btree_not_null", copy=False
    )
    tracked = fields.Boolean(
        "Stock Tracked", help="Shopify counts this variant's stock, and Odoo keeps it."
    )
    label = fields.Char(help="What Shopify calls it: SKU, else option values.")

    made_key = fields.Char(
        copy=False,
        help="SKU or barcode that the Odoo product was made for. Two stores of a company "
        "that meet the same new product at once make one: the second finds the key.",
    )

    _made_uniq = models.UniqueIndex(
        "(company_id, made_key) WHERE made_key IS NOT NULL",
        "A product was made for this SKU already.",
    )
    _odoo_uniq = models.UniqueIndex(
        "(backend_id, odoo_id) WHERE shared_id IS NULL",
        "This product stands for another Shopify variant of the store already.",
    )

    @api.depends("shopify_gid", "product_gid", "backend_id")
    def _compute_shopify_url(self):
        for link in self:
            try:
                link.shopify_url = shopify_gid.admin_url(
                    link.backend_id.shop_domain, link.shopify_gid, link.product_gid
                )
            except ValueError:
                link.shopify_url = False

    def write(self, vals):
        if PROTECTED & set(vals):
            self._check_engine()
        return super().write(vals)

    # === WHAT BOTH SIDES SAY === #

    def _note_variant(self, backend, product_link, product_gid, plan):
        """Keep what both sides say of this variant; returns the new differences.

        plan: its core VariantPlan, None when the product was read and no longer has it.
        """
        self.ensure_one()
        if plan is None:
            if not self.gone_at:
                self._as_engine().write({"gone_at": fields.Datetime.now()})
                return (Change(self.label, self.env._("in Shopify"), None),)
            return ()
        write_if_new(
            self,
            {
                "gone_at": False,
                "product_link_id": product_link.id,
                "product_gid": product_gid,
                "inventory_item_gid": plan.inventory_item_gid,
                "tracked": plan.is_stocked,
                "label": plan.label(),
            },
        )
        return note_pairs(self, plan.values_shown(), self._shown(backend), plan.label())

    def _shown(self, backend):
        """What Odoo says, in the words of core's VariantPlan."""
        product = self.odoo_id
        shown = {
            "SKU": product.default_code or "",
            "barcode": product.barcode or "",
            "stock tracked": "yes" if product.is_storable else "no",
        }
        company = backend.company_id
        if backend.shop_currency_id == company.currency_id:
            shown["price"] = products.price_text(product.lst_price)
        return shown

    # === A PERSON'S CHOICE === #

    @api.model
    def _link_chosen(self, backend, gid, record, reason):
        """See shopify.binding; a product that can't be sold there is refused too."""
        self._check_sellable(backend, record)
        link = super()._link_chosen(backend, gid, record, reason)
        self._read_gidsof(backend, gid)
        return link

    @api.model
    def _check_sellable(self, backend, record):
        if record.company_id and record.company_id != backend.company_id:
            raise UserError(
                self.env._(
                    "%(product)s belongs to %(other)s, the store to %(company)s.",
                    product=record.display_name,
                    other=record.company_id.name,
                    company=backend.company_id.name,
                )
            )
        if record.uom_id != self.env.ref("uom.product_uom_unit"):
            raise UserError(
                self.env._(
                    "%(product)s is kept in %(unit)s; Shopify counts pieces.",
                    product=record.display_name,
                    unit=record.uom_id.name,
                )
            )

    @api.model
    def _read_gidsof(self, backend, gid):
        """Have the product of this variant read again: only that tells which inventory
        item it has, and whether its stock is counted. Who waits for the variant knows
        the product."""
        waiting = (
            self.env["shopify.sync.wait"]
            .sudo()  # whoever may link needn't see every sync
            .search(
                [
                    ("key", "=", f"variant:{gid}"),
                    ("sync_id.backend_id", "=", backend.id),
                ]
            )
            .sync_id
        )
        keys = waiting.wait_ids.mapped("key")
        gids = {key.partition(":")[2] for key in keys if key.startswith("product:")}
        gids.update(
            waiting.filtered(lambda s: s.subject_type == "Product").mapped(
                "subject_key"
            )
        )
        self.env["shopify.trigger"].sudo()._insert(
            backend,
            [(self._flow, "in", "Product", product) for product in gids],
            "linked",
        )
