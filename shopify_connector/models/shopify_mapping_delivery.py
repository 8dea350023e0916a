"""By which delivery method of Odoo a way of sending of Shopify goes."""

from odoo import api, fields, models


class ShopifyMappingDelivery(models.Model):
    _name = "shopify.mapping.delivery"
    _description = "Shopify Delivery Mapping"
    _order = "backend_id, title, key, id"
    _rec_name = "title"
    _check_company_auto = True

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    title = fields.Char(
        "Name in Shopify",
        required=True,
        readonly=True,
        help="What a buyer chose, for example “Express”.",
    )
    key = fields.Char(
        "Source and Code",
        required=True,
        readonly=True,
        help="What it is known by, whatever the buyer's language.",
    )
    carrier_id = fields.Many2one(
        "delivery.carrier",
        "Delivery Method",
        check_company=True,
        ondelete="restrict",
        help="New orders sent this way get it, and its product for the shipping costs. "
        "Empty: the store's own delivery method.",
    )
    used_carrier_id = fields.Many2one(
        "delivery.carrier", "Goes By", compute="_compute_used_carrier_id"
    )
    product_id = fields.Many2one(
        "product.product", "Delivery Product", compute="_compute_used_carrier_id"
    )

    _key_uniq = models.UniqueIndex(
        "(backend_id, key)", "This way of sending has its row already."
    )

    @api.depends("carrier_id", "backend_id.delivery_carrier_id")
    def _compute_used_carrier_id(self):
        for row in self:
            own = row.carrier_id.filtered("active")
            row.used_carrier_id = own or row.backend_id.delivery_carrier_id
            row.product_id = row.used_carrier_id.product_id

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows._release()
        return rows

    def write(self, vals):
        result = super().write(vals)
        if "carrier_id" in vals:
            self._release()
        return result

    def _release(self):
        """Orders that stopped for want of any delivery method go on."""
        for backend in self.filtered("carrier_id").backend_id:
            backend._release(["setting:delivery_carrier_id"])

    @api.model
    def _carriers(self, backend, keys):
        """{key: delivery method} of those that have one, in one query."""
        if not keys:
            return {}
        # sudo: mappings are read by whoever works for the store
        rows = self.sudo().search_fetch(
            [
                ("backend_id", "=", backend.id),
                ("key", "in", list(keys)),
                ("carrier_id.active", "=", True),
            ],
            ["key", "carrier_id"],
        )
        return {row.key: row.carrier_id.sudo(False) for row in rows}

    @api.model
    def _ensure(self, backend, titles):
        """A row for each key of {key: title}, without a choice where it is new."""
        # sudo: an empty row chooses nothing; choosing is the manager's
        rows = self.sudo()
        known = rows.search(
            [("backend_id", "=", backend.id), ("key", "in", list(titles))]
        ).mapped("key")
        rows.create(
            [
                {"backend_id": backend.id, "key": key, "title": title or key}
                for key, title in titles.items()
                if key not in known
            ]
        )
