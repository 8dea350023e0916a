"""Decide about rows of the worksheet where a record or a reason is needed."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.roles import OPERATOR, check_role

# The field that holds the chosen record, by Shopify type.
CHOICES = {
    "Product": "template_id",
    "ProductVariant": "product_id",
    "Collection": "tag_id",
    "Customer": "partner_id",
    "Company": "partner_id",
    "CompanyLocation": "partner_id",
    "Order": "order_id",
}


class ShopifyMatchWizard(models.TransientModel):
    _name = "shopify.match.wizard"
    _description = "Decide in Matching"

    act = fields.Selection(
        [("choose", "Choose the Odoo record"), ("never", "Never link")], required=True
    )
    row_ids = fields.Json(help="The rows that it is about.")
    row_count = fields.Integer(compute="_compute_rows")
    shopify_type = fields.Char(compute="_compute_rows")
    names = fields.Char("In Shopify", compute="_compute_rows")
    company_id = fields.Many2one("res.company", compute="_compute_rows")
    template_id = fields.Many2one("product.template", "Odoo Product")
    product_id = fields.Many2one("product.product", "Odoo Variant")
    tag_id = fields.Many2one("product.tag", "Odoo Product Tag")
    partner_id = fields.Many2one("res.partner", "Odoo Contact")
    order_id = fields.Many2one("sale.order", "Odoo Order")
    reason = fields.Char(help="Kept in History.")

    def _rows(self):
        return self.env["shopify.match"].browse(self.row_ids or []).exists()

    @api.depends("row_ids")
    def _compute_rows(self):
        for wizard in self:
            rows = wizard._rows()
            wizard.row_count = len(rows)
            wizard.shopify_type = rows[:1].shopify_type
            wizard.company_id = rows[:1].company_id
            wizard.names = ", ".join(
                row.name or row.shopify_gid for row in rows[:5]
            ) + (" …" if len(rows) > 5 else "")

    def action_apply(self):
        """Do it; the rows say how it ended."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        rows = self._rows()
        if self.act == "never":
            if not (self.reason or "").strip():
                raise UserError(self.env._("Say why: others will ask."))
            done = rows._ask("never", self.reason.strip())
        else:
            record = self[CHOICES.get(self.shopify_type, "product_id")]
            if not record:
                raise UserError(self.env._("Choose the Odoo record that it should be."))
            done = rows._choose(record, self.reason or "")
        close = {"type": "ir.actions.act_window_close"}
        done["params"]["next"] = close | {"infos": {"reload": True}}
        return done
