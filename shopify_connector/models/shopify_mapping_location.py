"""Which Odoo location a Shopify location is.

A row is made for every location of the shop; a manager names the warehouse. What waits
for it then goes on by itself.
"""

from dataclasses import dataclass

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.outcome import Change, Outcome

LIST = "locations/list"


@dataclass(frozen=True)
class LocationPlan:
    """Bring a mapping's name and state in line; `changes` as (field, before, after)."""

    row_id: int
    values: dict
    changes: tuple
    creates = False


class ShopifyMappingLocation(models.Model):
    _name = "shopify.mapping.location"
    _inherit = "shopify.binding"
    _description = "Shopify Location Mapping"
    _order = "backend_id, name, id"
    _rec_name = "name"

    _shopify_type = "Location"
    _flow = "stock"

    name = fields.Char(required=True, readonly=True)
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        ondelete="restrict",
        index="btree_not_null",
        domain="[('company_id', '=', company_id)]",
    )
    location_id = fields.Many2one(
        "stock.location",
        "Stock Location",
        compute="_compute_location_id",
        store=True,
        readonly=False,
        ondelete="restrict",
        index="btree_not_null",
        domain="[('usage', 'in', ('internal', 'view')),"
        " ('company_id', '=', company_id)]",
        help="Stock here, and below, is what the Shopify location shows. By default the "
        "warehouse's own stock.",
    )
    is_active = fields.Boolean("Active in Shopify", default=True, readonly=True)
    is_service = fields.Boolean(
        "Kept by a Service",
        readonly=True,
        help="A fulfilment service keeps this location's stock: nothing is pushed.",
    )

    _location_uniq = models.UniqueIndex(
        "(backend_id, location_id)",
        "Another Shopify location of this store shows this stock already: it would be "
        "offered twice.",
    )

    @api.depends("warehouse_id")
    def _compute_location_id(self):
        for row in self:
            row.location_id = row.warehouse_id.lot_stock_id

    @api.constrains("warehouse_id", "location_id")
    def _check_places(self):
        for row in self.filtered("location_id"):
            company = row.backend_id.company_id
            if (row.location_id.company_id or company) != company:
                raise ValidationError(
                    row.env._(
                        "%(location)s belongs to another company than the store %(store)s.",
                        location=row.location_id.display_name,
                        store=row.backend_id.name,
                    )
                )
            others = row.search(
                [("backend_id", "=", row.backend_id.id), ("id", "!=", row.id)]
            ).location_id
            overlap = others.filtered(
                lambda other, own=row.location_id: (
                    other._child_of(own) or own._child_of(other)
                )
            )
            if overlap:
                raise ValidationError(
                    row.env._(
                        "%(own)s and %(other)s hold the same stock: it would be offered "
                        "twice.",
                        own=row.location_id.display_name,
                        other=overlap[0].display_name,
                    )
                )

    def write(self, vals):
        result = super().write(vals)
        if {"warehouse_id", "location_id"} & set(vals):
            self._places_changed()
        return result

    def _places_changed(self):
        """A warehouse was named: release what waited, mark, and compare stock."""
        for backend, rows in self.filtered("location_id").grouped("backend_id").items():
            backend._release([f"location:{row.shopify_gid}" for row in rows])
            rows._ask_for_marks("mapped")
            levels = self.env["shopify.stock.level"].sudo()
            levels._ensure_levels(backend, location_links=rows)
            levels.search([("location_link_id", "in", rows.ids)])._trigger("mapped")

    @api.model
    def _of_odoo_location(self, backend, location):
        """The mapping whose stock this Odoo location is part of, or none."""
        # sudo: whoever validates a delivery, its store's map is what counts
        rows = self.sudo().search(
            [("backend_id", "=", backend.id), ("location_id", "!=", False)]
        )
        return rows.filtered(lambda row: location._child_of(row.location_id))[:1]

    # === FROM SHOPIFY === #

    @api.model
    def _refresh(self, backend, client):
        """Make a row for every location of the shop; keep names and states right.

        Returns how many are new. A location that is gone keeps its row.
        """
        nodes = self._list(client)
        known = self._find(backend, list(nodes))
        fresh = {gid: node for gid, node in nodes.items() if gid not in known}
        for gid, row in known.items():
            row._as_engine().write(self._values(nodes[gid]))
        self._as_engine().create(
            [
                {"backend_id": backend.id, "shopify_gid": gid, **self._values(node)}
                for gid, node in fresh.items()
            ]
        )
        return len(fresh)

    @api.model
    def _list(self, client):
        nodes, after, more = {}, None, True
        while more:
            page = client.execute(LIST, {"after": after}).data["locations"]
            nodes.update({node["id"]: node for node in page["nodes"]})
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        return nodes

    @api.model
    def _values(self, node):
        return {
            "name": node["name"],
            "is_active": node["isActive"],
            "is_service": node["isFulfillmentService"],
            "remote_updated_at": node["updatedAt"],
        }

    @api.model
    def _fetch(self, backend, client, gids):
        nodes = self._list(client)
        return {gid: nodes.get(gid) for gid in gids}

    @api.model
    def _identity_nodes(self, nodes):
        """Found by GID only: a location is never matched by its mark."""
        return {}

    @api.model
    def _plan(self, backend, nodes):
        known = self._find(backend, list(nodes))
        return {
            gid: self._plan_one(node, known.get(gid, self.browse()))
            for gid, node in nodes.items()
        }

    @api.model
    def _plan_one(self, node, row):
        if node is None:
            return self._plan_gone(row)
        values = self._values(node)
        changes = tuple(
            Change(self._fields[name].string, row[name] if row else None, value)
            for name, value in values.items()
            if name != "remote_updated_at" and (not row or row[name] != value)
        )
        if row and not changes:
            return Outcome("unchanged")
        return LocationPlan(row.id or 0, values, changes)

    @api.model
    def _plan_gone(self, row):
        note = self.env._("Gone in Shopify; the mapping is kept.")
        if not row or row.gone_at:
            return Outcome("unchanged", note)
        values = {"gone_at": fields.Datetime.now(), "is_active": False}
        return LocationPlan(row.id, values, (Change(note, None, None),))

    @api.model
    def _apply(self, backend, plans):
        engine = self._as_engine()
        for gid, plan in plans.items():
            if plan.row_id:
                engine.browse(plan.row_id).write(plan.values)
            else:
                engine.create(
                    {"backend_id": backend.id, "shopify_gid": gid, **plan.values}
                )
        return {
            gid: Outcome("synced", changes=plan.changes) for gid, plan in plans.items()
        }

    # === WRITE-BACK === #

    @api.model
    def _model_marked(self):
        return "stock.location"

    def _marked_records(self):
        return {row: row.location_id for row in self}

    @api.model
    def _links_of(self, backend, record_ids):
        rows = self.search(
            [("backend_id", "=", backend.id), ("location_id", "in", list(record_ids))]
        )
        return {row.location_id.id: row for row in rows}
