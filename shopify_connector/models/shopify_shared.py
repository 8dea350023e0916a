"""Products that several Shopify records of one store may stand for.

One record, one link is the rule; a manager's declaration is the only way around it. The
first link carries the Odoo ID in Shopify, where it is unique; every further one is
`shared` and carries the proof alone.
"""

from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import UserError

from .roles import MANAGER, check_role


class ShopifySharedProduct(models.Model):
    _name = "shopify.shared.product"
    _description = "Shopify Shared Product"
    _order = "id desc"
    _rec_name = "product_id"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, precompute=True
    )
    product_id = fields.Many2one(
        "product.product", required=True, index=True, ondelete="restrict"
    )
    template_id = fields.Many2one(
        related="product_id.product_tmpl_id", store=True, index=True, precompute=True
    )
    reason = fields.Char(required=True)
    user_id = fields.Many2one("res.users", "By", required=True)

    _once = models.UniqueIndex(
        "(backend_id, product_id)", "This product is declared shared already."
    )

    @api.model
    def _declare(self, backend, product, reason):
        """Let several variants of the store stand for this product."""
        check_role(self.env, MANAGER)
        links = self.env["shopify.product.product"]
        known = self.sudo().search(
            [("backend_id", "=", backend.id), ("product_id", "=", product.id)]
        )
        if known:
            return known
        # sudo: people may not write it by hand, whoever they are
        made = self.sudo().create(
            {
                "backend_id": backend.id,
                "product_id": product.id,
                "reason": reason,
                "user_id": self.env.uid,
            }
        )
        message = self.env._(
            "Declared shared: several variants of this store may stand for it: %s",
            reason,
        )
        links._note_decision(backend, product, "shared", message)
        return made

    def _undo(self, reason):
        """One product, one variant again. Refused while two links stand."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        # sudo: links are closed to everybody's hands
        links = self.env["shopify.product.product"].sudo()
        further = [
            *links.search([("shared_id", "=", self.id)]),
            *self.env["shopify.product.template"]
            .sudo()
            .search([("shared_id", "=", self.id)]),
        ]
        if further:
            raise UserError(
                self.env._(
                    "%(product)s still stands for several Shopify records: unlink "
                    "%(gids)s first.",
                    product=self.product_id.display_name,
                    gids=", ".join(link.shopify_gid for link in further),
                )
            )
        message = self.env._("No longer shared: %s", reason)
        links._note_decision(self.backend_id, self.product_id, "unshared", message)
        self.sudo().unlink()


class ShopifyShareable(models.AbstractModel):
    _name = "shopify.shareable"
    _inherit = "shopify.binding"
    _description = "Shopify Link to What May Be Shared"

    shared_id = fields.Many2one(
        "shopify.shared.product",
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        help="Another link of the store has this record and its Odoo ID in Shopify; a "
        "manager allowed this further one.",
    )

    # === KEEPING === #

    @api.model_create_multi
    def create(self, vals_list):
        self._check_engine()
        taken = self._bearers(
            [vals.get("backend_id") for vals in vals_list],
            [vals.get("odoo_id") for vals in vals_list],
        )
        for vals in vals_list:
            key = (vals.get("backend_id"), vals.get("odoo_id"))
            if key in taken and not vals.get("shared_id"):
                vals["shared_id"] = self._declared(*key).id
            taken.add(key)
        return super().create(vals_list)

    def write(self, vals):
        if "shared_id" in vals:
            self._check_engine()
        if "odoo_id" not in vals or "shared_id" in vals:
            return super().write(vals)
        self._check_engine()
        left = [(link.backend_id, link.odoo_id) for link in self]
        for link in self:
            key = (link.backend_id.id, vals["odoo_id"])
            moves = link.odoo_id.id != vals["odoo_id"]
            is_taken = moves and key in self._bearers([key[0]], [key[1]])
            shared = self._declared(*key).id if is_taken else False
            own = vals | ({"shared_id": shared} if moves else {})
            super(ShopifyShareable, link).write(own)
        self._pass_on(left)
        return True

    def unlink(self):
        left = [(link.backend_id, link.odoo_id) for link in self if not link.shared_id]
        result = super().unlink()
        self._pass_on(left)
        return result

    def _pass_on(self, left):
        """The Odoo ID of a shared record goes to the next link when the first is gone.

        left: (store, record) of links that were there.
        """
        for backend, record in left:
            links = self._as_engine().search(
                [("backend_id", "=", backend.id), ("odoo_id", "=", record.id)],
                order="id",
            )
            if links and all(link.shared_id for link in links):
                links[0].write({"shared_id": False})
                links[0]._ask_for_marks("first link gone")

    @api.model
    def _bearers(self, backend_ids, record_ids):
        """{(store ID, Odoo ID)} of links that carry the ID themselves."""
        links = self.sudo().search(
            [
                ("backend_id", "in", backend_ids),
                ("odoo_id", "in", record_ids),
                ("shared_id", "=", False),
            ]
        )
        return {(link.backend_id.id, link.odoo_id.id) for link in links}

    @api.model
    def _declared(self, backend_id, record_id):
        """The declaration for this record; a product is shared with its variant."""
        return self._declarations(backend_id, [record_id]).get(
            record_id, self.env["shopify.shared.product"]
        )

    @api.model
    def _declarations(self, backend_id, record_ids):
        """{Odoo ID: declaration} of this store."""
        is_template = self._model_marked() == "product.template"
        name = "template_id" if is_template else "product_id"
        # sudo: whoever links needn't see what managers declared
        rows = self.env["shopify.shared.product"].sudo()
        found = rows.search(
            [("backend_id", "=", backend_id), (name, "in", list(record_ids))]
        )
        return {row[name].id: row for row in found}

    # === DECIDING === #

    @api.model
    def _links_of(self, backend, record_ids):
        """See shopify.binding; of a shared record the link that carries its ID."""
        links = self.search(
            [
                ("backend_id", "=", backend.id),
                ("odoo_id", "in", list(record_ids)),
                ("shared_id", "=", False),
            ]
        )
        return {link.odoo_id.id: link for link in links}

    @api.model
    def _taken_by(self, backend, record):
        """See shopify.binding; a shared record is never taken."""
        if self._declared(backend.id, record.id):
            return self.browse()
        return super()._taken_by(backend, record)

    def _proofs(self, database):
        return {
            link: replace(proof, shared=True) if link.shared_id else proof
            for link, proof in super()._proofs(database).items()
        }

    def _linked_records(self):
        return {
            link: replace(record, shared=True) if link.shared_id else record
            for link, record in super()._linked_records().items()
        }

    @api.model
    def _note_decision(self, backend, record, outcome, message, gid=""):
        """A person decided about links: into History."""
        # sudo: history is closed to everybody's hands
        self.env["shopify.event"].sudo().create(
            {
                "backend_id": backend.id,
                "kind": "person",
                "flow": self._flow,
                "direction": "in",
                "subject_type": self._shopify_type,
                "subject_key": gid,
                "record_name": record.display_name,
                "caused_by_id": self.env.uid,
                "outcome": outcome,
                "message": message,
            }
        )
