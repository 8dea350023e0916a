"""Which Odoo warehouse and stock location a Shopify location is.

A mapping and not a one-to-one link: it is a person's choice, made once. It carries a
mark all the same (the stock location's Odoo ID), so that either side names the other.
"""

import secrets

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import identity
from ..core.outcome import Outcome


class ShopifyMappingLocation(models.Model):
    _name = "shopify.mapping.location"
    _description = "Shopify Location Mapping"
    _order = "backend_id, name, id"
    _check_company_auto = True

    _shopify_type = "Location"
    _flow = "stock"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    shopify_gid = fields.Char("Shopify ID", required=True, readonly=True, index=True)
    name = fields.Char("Location in Shopify", required=True, readonly=True)
    is_active = fields.Boolean("Active in Shopify", readonly=True, default=True)
    is_service = fields.Boolean(
        "Fulfilment Service",
        readonly=True,
        help="Its stock and deliveries belong to that service: nothing is written there.",
    )
    warehouse_id = fields.Many2one("stock.warehouse", check_company=True)
    location_id = fields.Many2one(
        "stock.location",
        "Stock Location",
        check_company=True,
        domain="[('usage', '=', 'internal')]",
        compute="_compute_location_id",
        store=True,
        readonly=False,
        precompute=True,
        help="Its stock, and that of the locations below it, is what Shopify gets.",
    )
    buffer = fields.Float(help="Pieces kept back here, on top of the store's own buffer.")
    token = fields.Char(copy=False)
    verified_at = fields.Datetime("Link Verified", readonly=True, copy=False)
    shopify_url = fields.Char("In Shopify", compute="_compute_shopify_url")

    _gid_uniq = models.UniqueIndex(
        "(backend_id, shopify_gid)", "A store has each location once."
    )

    @api.depends("warehouse_id")
    def _compute_location_id(self):
        for row in self:
            if not row.warehouse_id:
                row.location_id = False
            elif row.location_id.warehouse_id != row.warehouse_id:
                row.location_id = row.warehouse_id.lot_stock_id

    @api.depends("shopify_gid")
    def _compute_shopify_url(self):
        for row in self:
            row.shopify_url = row.backend_id._admin_url(row.shopify_gid)

    @api.constrains("location_id", "warehouse_id")
    def _check_inside(self):
        for row in self.filtered("location_id"):
            if row.location_id.warehouse_id != row.warehouse_id:
                raise ValidationError(
                    self.env._(
                        "Stock location %(location)s is not in warehouse %(warehouse)s.",
                        location=row.location_id.display_name,
                        warehouse=row.warehouse_id.display_name or "-",
                    )
                )

    @api.constrains("location_id", "backend_id")
    def _check_not_shared(self):
        """Two Shopify locations would each offer the same pieces."""
        for row in self.filtered("location_id"):
            twin = self.search(
                [
                    ("id", "!=", row.id),
                    ("backend_id", "=", row.backend_id.id),
                    ("location_id", "=", row.location_id.id),
                ],
                limit=1,
            )
            if twin:
                raise ValidationError(
                    self.env._(
                        "%(location)s is mapped to %(twin)s already: both would sell the "
                        "same pieces. Choose another stock location.",
                        location=row.location_id.display_name,
                        twin=twin.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals.setdefault("token", secrets.token_hex(8))
        rows = super().create(vals_list)
        rows.filtered("warehouse_id")._mapped()
        return rows

    def write(self, vals):
        result = super().write(vals)
        if {"warehouse_id", "location_id"} & set(vals):
            self.filtered("warehouse_id")._mapped()
        return result

    def _mapped(self):
        """A warehouse was chosen: mark it in Shopify, and release what waited."""
        for backend, rows in self.grouped("backend_id").items():
            self.env["shopify.trigger"].sudo()._insert(
                backend,
                [("stock", "mark", "Location", row.shopify_gid) for row in rows],
                "mapped",
            )
            backend._release([f"location:{row.shopify_gid}" for row in rows])

    # === READING === #

    @api.model
    def _refresh(self, backend, client):
        """Read all locations of the store: new ones appear, unmapped; with exactly one
        location and one warehouse, that pair is proposed by mapping it."""
        nodes, after = [], None
        while True:
            page = client.execute("locations/list", {"after": after}).data["locations"]
            nodes += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        self._store_nodes(backend, nodes)

    @api.model
    def _store_nodes(self, backend, nodes):
        rows = self._find(backend, [node["id"] for node in nodes])
        new = []
        for node in nodes:
            vals = {
                "name": node["name"],
                "is_active": node["isActive"],
                "is_service": node["isFulfillmentService"],
            }
            row = rows.get(node["id"])
            if not row:
                new.append(
                    {"backend_id": backend.id, "shopify_gid": node["id"], **vals}
                )
            elif any(row[name] != value for name, value in vals.items()):
                row.write(vals)
        self.create(new)

    @api.model
    def _find(self, backend, gids):
        rows = self.search(
            [("backend_id", "=", backend.id), ("shopify_gid", "in", list(gids))]
        )
        return {row.shopify_gid: row for row in rows}

    # === A SUBJECT LIKE THE LINKS: read when its webhook says so === #

    @api.model
    def _fetch(self, backend, client, gids):
        page = client.execute("locations/list", {"after": None}).data["locations"]
        found = {node["id"]: node for node in page["nodes"]}
        return {gid: found.get(gid) for gid in gids}

    @api.model
    def _read_owners(self, backend, client, nodes):
        return {}

    @api.model
    def _describe(self, gid, node):
        node = node or {}
        return {
            "record_name": node.get("name") or gid,
            "updated_at": node.get("updatedAt"),
        }

    @api.model
    def _plan(self, backend, nodes):
        return {
            gid: node or Outcome("excluded", self.env._("Deleted in Shopify."))
            for gid, node in nodes.items()
        }

    @api.model
    def _apply(self, backend, plans):
        # sudo: mappings are a manager's; what Shopify says of them is read here
        self.sudo()._store_nodes(backend, list(plans.values()))
        return {gid: Outcome("synced") for gid in plans}

    # === THE MARK === #

    def _marked_records(self):
        return {row: row.location_id for row in self}

    def _mark_ids(self):
        return {row: [row.location_id.id] for row in self}

    @api.model
    def _model_marked(self):
        return "stock.location"

    def _proofs(self, database):
        mapped = self.filtered("location_id")
        births = self.env["shopify.binding"]._births(list(mapped.location_id))
        return {
            row: identity.Proof(
                database=database,
                model="stock.location",
                ids=(row.location_id.id,),
                birth=births["stock.location", row.location_id.id],
                token=row.token,
            )
            for row in mapped
        }

    def _as_engine(self):
        return self.sudo()
