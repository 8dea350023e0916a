"""Say what one unit of a Shopify variant stands for, and what several may stand for."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.roles import MANAGER, OPERATOR, check_role


class ShopifyPackWizard(models.TransientModel):
    _name = "shopify.pack.wizard"
    _description = "What This Variant Stands For"

    link_id = fields.Many2one(
        "shopify.product.product", "Variant", required=True, readonly=True
    )
    company_id = fields.Many2one(related="link_id.company_id")
    main_product_id = fields.Many2one(related="link_id.odoo_id", string="Main Product")
    main_quantity = fields.Integer("Pieces of It", required=True, default=1)
    line_ids = fields.One2many("shopify.pack.wizard.line", "wizard_id", "Products")
    reason = fields.Char(required=True, help="Kept in the history of the record.")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        link = self.env["shopify.product.product"].browse(values.get("link_id"))
        if link:
            values["main_quantity"] = link.main_quantity
            values["line_ids"] = [
                (0, 0, {"product_id": part.product_id.id, "quantity": part.quantity})
                for part in link.component_ids
            ]
        return values

    def action_apply(self):
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self.link_id.check_access("read")
        contents = [(line.product_id, line.quantity) for line in self.line_ids]
        for product, _quantity in contents:
            product.check_access("read")
        self.link_id._set_contents(self.main_quantity, contents, self.reason)
        return {"type": "ir.actions.act_window_close"}


class ShopifyPackWizardLine(models.TransientModel):
    _name = "shopify.pack.wizard.line"
    _description = "What This Variant Stands For: One Product"

    wizard_id = fields.Many2one(
        "shopify.pack.wizard", required=True, ondelete="cascade"
    )
    product_id = fields.Many2one("product.product", required=True)
    quantity = fields.Integer("Pieces a Pack", required=True, default=1)


class ShopifySharedWizard(models.TransientModel):
    _name = "shopify.shared.wizard"
    _description = "Product for Several Shopify Variants"

    declaration_id = fields.Many2one("shopify.shared.product", readonly=True)
    backend_id = fields.Many2one("shopify.backend", "Store")
    product_id = fields.Many2one("product.product")
    reason = fields.Char(required=True, help="Kept in the history of the store.")

    def action_apply(self):
        self.ensure_one()
        check_role(self.env, MANAGER)
        if self.declaration_id:
            self.declaration_id.check_access("read")
            self.declaration_id._undo(self.reason)
            return {"type": "ir.actions.act_window_close"}
        if not self.backend_id or not self.product_id:
            raise UserError(self.env._("Choose a store and a product."))
        self.backend_id.check_access("read")
        self.product_id.check_access("read")
        declarations = self.env["shopify.shared.product"]
        declarations._declare(self.backend_id, self.product_id, self.reason)
        return {"type": "ir.actions.act_window_close"}
