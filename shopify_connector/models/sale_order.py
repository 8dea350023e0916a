"""Thin hooks on sale orders that came from Shopify."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .product import refuse_other_company

USERS = "shopify_connector.group_user"


class SaleOrder(models.Model):
    _inherit = "sale.order"

    shopify_binding_ids = fields.One2many(
        "shopify.sale.order",
        "sale_order_id",
        "Shopify Links",
        readonly=True,
        groups=USERS,
    )
    shopify_order_name = fields.Char(
        "Shopify Order",
        compute="_compute_shopify",
        search="_search_shopify_order_name",
        groups=USERS,
    )
    shopify_gid = fields.Char("Shopify ID", compute="_compute_shopify", groups=USERS)
    shopify_url = fields.Char("In Shopify", compute="_compute_shopify", groups=USERS)

    @api.depends("shopify_binding_ids")
    def _compute_shopify(self):
        for order in self:
            link = order.shopify_binding_ids[:1]
            order.shopify_order_name = link.name
            order.shopify_gid = link.shopify_gid
            order.shopify_url = link.shopify_url

    def _search_shopify_order_name(self, operator, value):
        return [("shopify_binding_ids.name", operator, value)]

    def action_confirm(self):
        """Those from Shopify apart from others: the values of a confirmation are one
        set for all orders."""
        ours = self._from_shopify()
        if not ours or ours == self:
            return super().action_confirm()
        super(SaleOrder, ours).action_confirm()
        return super(SaleOrder, self - ours).action_confirm()

    def _prepare_confirmation_values(self):
        """An order keeps the time it was placed at in Shopify, also when a person
        confirms it later."""
        values = super()._prepare_confirmation_values()
        importing = self.env.context.get("shopify_importing")
        if importing or (self and self._from_shopify() == self):
            values.pop("date_order", None)
        return values

    def _from_shopify(self):
        # sudo: whoever confirms may not see the store
        return self.sudo().filtered("shopify_binding_ids").sudo(False)

    @api.constrains("company_id")
    def _check_shopify_company(self):
        refuse_other_company(self.env, self)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_linked_to_shopify(self):
        # sudo: whoever deletes may not see the store
        linked = self.sudo().filtered("shopify_binding_ids")
        if linked:
            raise UserError(
                self.env._(
                    "%(orders)s came from Shopify (store %(store)s, %(gids)s) and can't "
                    "be deleted: it would come back with the next sync. Cancel it "
                    "instead.",
                    orders=", ".join(linked.mapped("name")),
                    store=linked.shopify_binding_ids.backend_id[:1].name,
                    gids=", ".join(linked.shopify_binding_ids.mapped("shopify_gid")),
                )
            )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    shopify_binding_ids = fields.One2many(
        "shopify.sale.order.line",
        "odoo_id",
        "Shopify Links",
        readonly=True,
        groups=USERS,
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_linked_to_shopify(self):
        # sudo: whoever deletes may not see the store
        linked = self.sudo().filtered("shopify_binding_ids")
        if linked:
            raise UserError(
                self.env._(
                    "%(lines)s came from Shopify and can't be deleted: deliveries and "
                    "refunds are told to Shopify by these lines. Set the quantity to 0 "
                    "instead, or cancel the order.",
                    lines=", ".join(linked.mapped("product_id.display_name")),
                )
            )
