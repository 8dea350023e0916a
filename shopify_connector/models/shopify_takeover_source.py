"""Columns of this database that a take-over may read, and who may name them."""

import re

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import takeover
from .shopify_takeover_line import TYPES, line_values
from .takeover_sources import IS_AN_ID, ROWS_A_LOT, STANDARD, fits, read_column

# What a source reads; only the inspection and a chosen field may say it.
NAMED = {"table", "column", "id_column", "odoo_model"}


class ShopifyTakeoverSource(models.Model):
    _name = "shopify.takeover.source"
    _description = "Column that May Hold Shopify IDs"
    _order = "takeover_id desc, count desc, id"
    _rec_name = "column"

    takeover_id = fields.Many2one(
        "shopify.takeover", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="takeover_id.company_id", store=True, index=True, precompute=True
    )
    chosen = fields.Boolean("Read It")
    field_id = fields.Many2one(
        "ir.model.fields",
        ondelete="set null",
        domain="[('model', 'in', ('product.template', 'product.product', 'res.partner',"
        " 'sale.order', 'account.move')), ('ttype', 'in', ('char', 'integer')),"
        " ('store', '=', True)]",
        help="A field of Odoo's own records that holds the Shopify ID.",
    )
    table = fields.Char(readonly=True)
    column = fields.Char(readonly=True)
    id_column = fields.Char("Odoo ID Is In", readonly=True)
    odoo_model = fields.Char(readonly=True)
    shopify_type = fields.Selection(TYPES, "What They Are")
    count = fields.Integer("Values", readonly=True)
    samples = fields.Char("For Instance", readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        """Rows that a person adds name a field; what it is, follows from it."""
        for vals in vals_list:
            self._follow_field(vals)
            if not vals.get("field_id") and not self.env.su:
                raise UserError(self.env._("Choose the field that holds Shopify IDs."))
        return super().create(vals_list)

    def write(self, vals):
        if "field_id" in vals or NAMED & set(vals):
            self._follow_field(vals)
        return super().write(vals)

    def _follow_field(self, vals):
        """A person may name a field only: else any table could be read this way."""
        if NAMED & set(vals) and not self.env.su:
            raise UserError(
                self.env._("Tables are found by looking into the database only.")
            )
        if vals.get("field_id"):
            # sudo: the description of a field is no secret
            field = self.env["ir.model.fields"].sudo().browse(vals["field_id"])
            vals.update(self._of_field(field))
            vals.setdefault("chosen", True)
            if not vals.get("shopify_type"):
                table = self.env[field.model]._table
                guess = takeover.type_of_column(field.model, table, field.name)
                vals["shopify_type"] = guess or False

    def _of_field(self, field):
        model = self.env[field.model]
        known = model._fields[field.name]
        good = field.ttype in ("char", "integer") and known.store and not known.groups
        good = good and model.has_access("read")
        if not good or field.model not in STANDARD.values():
            raise UserError(
                self.env._("%s can't hold the Shopify ID.", field.display_name)
            )
        return {
            "table": model._table,
            "column": field.name,
            "id_column": "id",
            "odoo_model": field.model,
        }

    def _check_readable(self):
        if not self.shopify_type or not fits(self.shopify_type, self.odoo_model):
            raise UserError(
                self.env._(
                    "Say what the IDs in %(table)s.%(column)s are.",
                    table=self.table,
                    column=self.column,
                )
            )

    def _rows(self, after):
        """[(Odoo ID, value)], the next lot."""
        return read_column(self.env, self, self.company_id, after, ROWS_A_LOT)

    def _line(self, odoo_id, value):
        source = f"{self.table}.{self.column}"
        # Any column may be named: what is no Shopify ID is nobody's here to read.
        if not re.match(IS_AN_ID, value):
            value = "?"
        return line_values(
            source,
            self.shopify_type,
            value,
            self.odoo_model,
            odoo_id,
            f"{value} | {odoo_id}",
        )
