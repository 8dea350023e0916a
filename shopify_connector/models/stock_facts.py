"""What Odoo knows of stock levels, for many at once in a few queries.

`read_stock_facts` runs on a cursor of its own that was opened after Shopify answered:
the job's snapshot is older, and a push must never rest on it.
"""

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo.tools import SQL

from ..core.stock import ComponentFacts, LineAtPlace, add_line


@dataclass
class OdooLevel:
    """What Odoo knows of one level. products: {product ID: ComponentFacts} of all that
    the variant stands for and Odoo keeps stock of. fulfilled: in units of the variant.
    settled: rows of shopify.line.place that change nothing any more.
    """

    products: dict = field(default_factory=dict)
    fulfilled: int = 0
    settled: set = field(default_factory=set)

    def add(self, product, **units):
        old = self.products[product]
        self.products[product] = replace(
            old, **{name: getattr(old, name) + more for name, more in units.items()}
        )


@contextmanager
def fresh_snapshot(registry):
    """A read-only cursor whose snapshot begins with its first query. Never one of a
    replica (`readonly=True`): that may lag behind what was just sold."""
    with registry.cursor() as cr:
        if cr._cnx.get_transaction_status() == TRANSACTION_STATUS_IDLE:
            cr.execute("SET TRANSACTION READ ONLY")
        yield cr


# A level with the place of its stock, once for each product that its variant stands for;
# `inside` matches its location and all below.
_LEVELS = SQL(
    """
    SELECT level.id, level.backend_id, level.product_id = part.product_id AS is_main,
           part.product_id, part.quantity AS per_pack, part.variant_gid,
           template.is_storable AS is_kept,
           place.shopify_gid AS gid, root.parent_path || '%%' AS inside
      FROM shopify_stock_level level
      JOIN LATERAL (
            SELECT variant.odoo_id AS product_id, variant.main_quantity AS quantity,
                   variant.shopify_gid AS variant_gid
              FROM shopify_product_product variant
             WHERE variant.id = level.variant_link_id
             UNION ALL
            SELECT component.product_id, component.quantity, variant.shopify_gid
              FROM shopify_product_component component
              JOIN shopify_product_product variant ON variant.id = component.link_id
             WHERE component.link_id = level.variant_link_id
           ) part ON true
      JOIN product_product product ON product.id = part.product_id
      JOIN product_template template ON template.id = product.product_tmpl_id
      JOIN shopify_mapping_location place ON place.id = level.location_link_id
      JOIN stock_location root ON root.id = place.location_id
    """
)


def read_stock_facts(cr, level_ids):
    """{level ID: OdooLevel}; a level without a mapped location is missing."""
    levels = SQL("WITH lv AS (%s WHERE level.id = ANY(%s))", _LEVELS, list(level_ids))
    cr.execute(SQL("%s SELECT id, product_id, per_pack, is_kept FROM lv", levels))
    facts, unkept = defaultdict(OdooLevel), []
    for level, product, per_pack, is_kept in cr.fetchall():
        facts[level].products[product] = ComponentFacts(per_pack)
        if not is_kept:
            unkept.append((level, product))
    for level, product, units in _on_hand(cr, levels):
        facts[level].add(product, odoo_on_hand=units)
    for level, units in _fulfilled(cr, levels):
        facts[level].fulfilled = units
    demand = defaultdict(float)
    for level, product, line_link, units in _open_demand(cr, levels):
        demand[level, product, line_link] += units
        facts[level].add(product, other_demand=units)
    for level, product, place, line_link, *line in _unsettled(cr, levels):
        line = LineAtPlace(*line, demand=demand[level, product, line_link])
        products = facts[level].products
        products[product] = add_line(products[product], line)
        if line.is_settled:
            facts[level].settled.add(place)
    for level, product in unkept:
        # A service or a consumable in a pack makes it no scarcer.
        del facts[level].products[product]
    return dict(facts)


def known_fulfilled(cr, level_ids):
    """{level ID: units known to be fulfilled in Shopify there, ever}"""
    levels = SQL("WITH lv AS (%s WHERE level.id = ANY(%s))", _LEVELS, list(level_ids))
    return dict(_fulfilled(cr, levels))


def _on_hand(cr, levels):
    cr.execute(
        SQL(
            """%s
            SELECT lv.id, lv.product_id, sum(quant.quantity)
              FROM lv
              JOIN stock_quant quant ON quant.product_id = lv.product_id
              JOIN stock_location location
                ON location.id = quant.location_id
               AND location.parent_path LIKE lv.inside
               AND location.usage = 'internal'
             GROUP BY lv.id, lv.product_id""",
            levels,
        )
    )
    return cr.fetchall()


def _fulfilled(cr, levels):
    """See shopify.line.total: what doesn't change any more is summed up already."""
    cr.execute(
        SQL(
            """%s
            SELECT lv.id, coalesce(folded.units, 0) + coalesce(rest.units, 0)
              FROM lv
              LEFT JOIN LATERAL (
                SELECT sum(total.units) AS units
                  FROM shopify_line_total total
                 WHERE total.backend_id = lv.backend_id
                   AND total.product_id = lv.product_id
                   AND total.location_gid = lv.gid
                   AND total.variant_gid = lv.variant_gid
              ) folded ON true
              LEFT JOIN LATERAL (
                SELECT sum(place.fulfilled_units) AS units
                  FROM shopify_line_place place
                 WHERE place.backend_id = lv.backend_id
                   AND place.product_id = lv.product_id
                   AND place.location_gid = lv.gid
                   AND place.variant_gid = lv.variant_gid
                   AND place.is_folded IS NOT TRUE
              ) rest ON true
             WHERE lv.is_main""",
            levels,
        )
    )
    return cr.fetchall()


def _open_demand(cr, levels):
    """By demand, not by reservation: what is reserved late would count as nothing."""
    cr.execute(
        SQL(
            """%s
            SELECT lv.id, lv.product_id, line.id, sum(move.product_qty)
              FROM lv
              JOIN stock_move move
                ON move.product_id = lv.product_id
               AND move.state NOT IN ('draft', 'done', 'cancel')
              JOIN stock_location source
                ON source.id = move.location_id
               AND source.parent_path LIKE lv.inside
              JOIN stock_location target
                ON target.id = move.location_dest_id
               AND coalesce(target.parent_path, '') NOT LIKE lv.inside
              LEFT JOIN shopify_sale_order_line line
                ON line.odoo_id = move.sale_line_id
               AND line.backend_id = lv.backend_id
             GROUP BY lv.id, lv.product_id, line.id""",
            levels,
        )
    )
    return cr.fetchall()


def _unsettled(cr, levels):
    """Lines with something open on either side, and what left the place for them.

    What a vendor shipped counts once its fulfilment is known, and only as far as units
    fulfilled at other places don't account for it: whatever is doubtful stays off sale.
    """
    cr.execute(
        SQL(
            """%s
            SELECT lv.id, lv.product_id, place.id, line.id,
                   place.variant_gid IS NOT DISTINCT FROM lv.variant_gid, line.per_pack,
                   place.open_units, place.fulfilled_units, coalesce(gone.units, 0),
                   greatest(0, coalesce(dropped.units, 0)
                               - coalesce(elsewhere.units, 0) * line.per_pack)
              FROM lv
              JOIN shopify_line_place place
                ON place.backend_id = lv.backend_id
               AND place.product_id = lv.product_id
               AND place.location_gid = lv.gid
               AND place.is_closed IS NOT TRUE
              JOIN shopify_sale_order_line line ON line.id = place.line_link_id
              LEFT JOIN LATERAL (
                SELECT sum(move.quantity) AS units
                  FROM stock_move move
                  JOIN stock_location source
                    ON source.id = move.location_id
                   AND source.parent_path LIKE lv.inside
                  JOIN stock_location target
                    ON target.id = move.location_dest_id
                   AND coalesce(target.parent_path, '') NOT LIKE lv.inside
                 WHERE move.sale_line_id = line.odoo_id
                   AND move.product_id = lv.product_id
                   AND move.state = 'done'
              ) gone ON true
              LEFT JOIN LATERAL (
                SELECT sum(move.quantity) AS units
                  FROM stock_move move
                  JOIN shopify_stock_picking sent
                    ON sent.odoo_id = move.picking_id
                   AND sent.backend_id = lv.backend_id
                   AND sent.shopify_gid IS NOT NULL
                  JOIN stock_location source
                    ON source.id = move.location_id AND source.usage = 'supplier'
                  JOIN stock_location target
                    ON target.id = move.location_dest_id AND target.usage = 'customer'
                 WHERE move.sale_line_id = line.odoo_id
                   AND move.product_id = lv.product_id
                   AND move.state = 'done'
              ) dropped ON true
              LEFT JOIN LATERAL (
                SELECT sum(other.fulfilled_units) AS units
                  FROM shopify_line_place other
                 WHERE other.line_link_id = place.line_link_id
                   AND other.location_gid <> place.location_gid
              ) elsewhere ON dropped.units > 0""",
            levels,
        )
    )
    return cr.fetchall()
