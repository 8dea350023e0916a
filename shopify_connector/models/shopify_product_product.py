"""Links of variants: what orders, stock and fulfilments find products by."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core import gid as shopify_gid
from ..core import products
from ..core.outcome import Change
from .link_content import note_pairs, write_if_new

PROTECTED = {"inventory_item_gid", "product_gid", "product_link_id"}


class ShopifyProductProduct(models.Model):
    _name = "shopify.product.product"
    _inherit = "shopify.binding"
    _description = "Shopify Variant Link"
    _rec_name = "label"

    _shopify_type = "ProductVariant"
    _flow = "products"

    odoo_id = fields.Many2one(
        "product.product", "Product", required=True, index=True, ondelete="restrict"
    )
    product_link_id = fields.Many2one(
        "shopify.product.template", "Product Link", index=True, ondelete="restrict"
    )
    product_gid = fields.Char("Shopify Product ID", index=True, copy=False)
    inventory_item_gid = fields.Char(
        "Shopify Inventory Item ID", index="btree_not_null", copy=False
    )
    tracked = fields.Boolean(
        "Stock Tracked", help="Shopify counts this variant's stock, and Odoo keeps it."
    )
    label = fields.Char(help="What Shopify calls it: SKU, else option values.")

    _odoo_uniq = models.UniqueIndex(
        "(backend_id, odoo_id)",
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

    def _note_variant(self, backend, product_link, plan):
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
                "product_gid": product_link.shopify_gid or self.product_gid,
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
    def _choose(self, backend, variant_gid, product, product_gid=None):
        """Link a variant to the product that a person named, and go on with all that
        waited for it. Raises UserError when that link must not be.

        product_gid: the variant's Shopify product, where known; it is read again then.
        """
        self._check_choice(backend, variant_gid, product)
        link = self._bind(
            backend,
            [
                {
                    "shopify_gid": variant_gid,
                    "odoo_id": product.id,
                    "product_gid": product_gid,
                    "label": product.default_code or product.display_name,
                }
            ],
        )
        backend._note_event(
            "person",
            "linked",
            self.env._(
                "Variant %(gid)s linked to %(product)s by choice",
                gid=variant_gid,
                product=product.display_name,
            ),
        )
        if product_gid:
            self.env["shopify.trigger"].sudo()._insert(
                backend, [("products", "in", "Product", product_gid)], "linked"
            )
        return link

    @api.model
    def _check_choice(self, backend, variant_gid, product):
        if not self.env.user.has_group("shopify_connector.group_operator"):
            raise AccessError(
                self.env._("Only Shopify operators choose what a record is linked to.")
            )
        backend.check_access("read")
        product.check_access("read")
        taken = self.sudo().search(
            [
                ("backend_id", "=", backend.id),
                "|",
                ("shopify_gid", "=", variant_gid),
                ("odoo_id", "=", product.id),
            ],
            limit=1,
        )
        if taken:
            raise UserError(
                self.env._(
                    "%(product)s and %(gid)s are linked already. A record has one link.",
                    product=taken.odoo_id.display_name,
                    gid=taken.shopify_gid,
                )
            )
        if product.company_id and product.company_id != backend.company_id:
            raise UserError(
                self.env._(
                    "%(product)s belongs to %(other)s, the store to %(company)s.",
                    product=product.display_name,
                    other=product.company_id.name,
                    company=backend.company_id.name,
                )
            )
        if product.uom_id != self.env.ref("uom.product_uom_unit"):
            raise UserError(
                self.env._(
                    "%(product)s is kept in %(unit)s; Shopify counts pieces.",
                    product=product.display_name,
                    unit=product.uom_id.name,
                )
            )
