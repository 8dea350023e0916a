"""Packs: what else a variant stands for, besides its main product.

The main product is the link's own and has its ID in Shopify; the proof names all. Orders
are taken apart by core.packs, stock is that of the scarcest component.
"""

from dataclasses import replace
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.identity import proof_quantities
from ..core.packs import Component, is_pack
from .product import refuse_linked
from .roles import OPERATOR, check_role


class ShopifyProductComponent(models.Model):
    _name = "shopify.product.component"
    _description = "Shopify Pack Component"
    _order = "id"
    _rec_name = "product_id"

    link_id = fields.Many2one(
        "shopify.product.product", "Variant", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="link_id.company_id", store=True, precompute=True
    )
    product_id = fields.Many2one(
        "product.product", required=True, index=True, ondelete="restrict"
    )
    quantity = fields.Integer("Pieces a Pack", required=True, default=1)

    _once = models.UniqueIndex(
        "(link_id, product_id)", "This product is in the pack already."
    )
    _some = models.Constraint(
        "CHECK (quantity > 0)", "A pack holds one piece or more of each product."
    )

    @api.model_create_multi
    def create(self, vals_list):
        self.env["shopify.binding"]._check_engine()
        return super().create(vals_list)

    def write(self, vals):
        self.env["shopify.binding"]._check_engine()
        return super().write(vals)

    def unlink(self):
        self.env["shopify.binding"]._check_engine()
        return super().unlink()


class ShopifyProductProduct(models.Model):
    _inherit = "shopify.product.product"

    main_quantity = fields.Integer(
        "Pieces", default=1, required=True, help="Of the main product in one pack."
    )
    component_ids = fields.One2many(
        "shopify.product.component", "link_id", "Further Products", readonly=True
    )
    contents = fields.Char(
        "Stands For", compute="_compute_contents", help="All that is in one unit sold."
    )

    _some = models.Constraint(
        "CHECK (main_quantity > 0)", "A variant stands for one piece or more."
    )

    @api.depends("odoo_id", "main_quantity", "component_ids.quantity")
    def _compute_contents(self):
        for link in self:
            link.contents = ", ".join(
                f"{quantity} × {product.display_name}"
                for product, quantity in link._contents()
            )

    def write(self, vals):
        if "main_quantity" in vals:
            self._check_engine()
        if "odoo_id" in vals and vals["odoo_id"] in self.component_ids.product_id.ids:
            raise UserError(
                self.env._(
                    "This product is a further one of the pack already. Take it out of "
                    "the pack first."
                )
            )
        return super().write(vals)

    # === WHAT IS IN IT === #

    def _contents(self):
        """[(product, pieces)], the main product first."""
        self.ensure_one()
        return [
            (self.odoo_id, self.main_quantity),
            *((part.product_id, part.quantity) for part in self.component_ids),
        ]

    def _components(self):
        """The same as core.packs takes it; weights are list prices."""
        self.ensure_one()
        company = self.backend_id.company_id
        return tuple(
            Component(
                product.id,
                quantity,
                max(Decimal(repr(product.with_company(company).lst_price)), Decimal()),
            )
            for product, quantity in self._contents()
        )

    @api.model
    def _packs(self, backend, gids):
        """{variant GID: components} of those that are more than one piece."""
        found = {
            gid: link._components() for gid, link in self._find(backend, gids).items()
        }
        return {gid: parts for gid, parts in found.items() if is_pack(parts)}

    def _mark_ids(self):
        return {
            link: [product.id for product, _quantity in link._contents()]
            for link in self
        }

    def _mark_quantities(self):
        return {
            link: proof_quantities(quantity for _product, quantity in link._contents())
            for link in self
        }

    def _proofs(self, database):
        counts = self._mark_quantities()
        return {
            link: replace(proof, quantities=counts[link])
            for link, proof in super()._proofs(database).items()
        }

    def _linked_records(self):
        counts = self._mark_quantities()
        return {
            link: replace(record, quantities=counts[link])
            for link, record in super()._linked_records().items()
        }

    # === A PERSON'S CHOICE === #

    def _set_contents(self, main_quantity, contents, reason):
        """Say what one unit of this variant stands for.

        main_quantity: pieces of the link's own product; contents: [(product, pieces)]
        of the further ones. Orders that are here keep what they were taken apart by.
        """
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self._check_contents(main_quantity, contents)
        before = self.contents
        link = self._as_engine()
        link.component_ids.unlink()
        link.env["shopify.product.component"].create(
            [
                {"link_id": link.id, "product_id": product.id, "quantity": quantity}
                for product, quantity in contents
            ]
        )
        link.write({"main_quantity": main_quantity})
        link.invalidate_recordset(["contents"])
        link._ask_for_marks("contents changed")
        levels = self.env["shopify.stock.level"].sudo()  # the engine's own book
        levels.search([("variant_link_id", "=", self.id)])._trigger("contents changed")
        message = self.env._(
            "Stands for %(after)s, before for %(before)s: %(reason)s",
            after=link.contents,
            before=before,
            reason=reason,
        )
        self._note_decision(
            self.backend_id, self.odoo_id, "changed", message, self.shopify_gid
        )

    def _check_contents(self, main_quantity, contents):
        products = self.env["product.product"].union(
            *(product for product, _quantity in contents)
        )
        if any(q < 1 for q in (main_quantity, *(q for _p, q in contents))):
            raise UserError(
                self.env._("A pack holds one piece or more of each product.")
            )
        if self.odoo_id in products or len(products) != len(contents):
            raise UserError(
                self.env._("Name each product once, with the number of pieces.")
            )
        for product in products:
            self._check_sellable(self.backend_id, product)


class ProductProduct(models.Model):
    _inherit = "product.product"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_shopify_pack(self):
        # sudo: whoever deletes may not see the store
        parts = self.env["shopify.product.component"].sudo()
        refuse_linked(self.env, parts.search([("product_id", "in", self.ids)]).link_id)
