"""What Odoo knows of stock levels, for many at once in a few queries.

`read_stock_facts` runs on a cursor of its own that was opened after Shopify answered:
the job's snapshot is older, and a push must never rest on it.
"""

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo.tools import SQL


@dataclass
class OdooFacts:
    """Units of one level; see core.stock.LevelFacts for their meaning.

    settled: rows of shopify.line.place that change nothing any more.
    """

    on_hand: float = 0.0
    shipped: float = 0.0
    undelivered: float = 0.0
    other_demand: float = 0.0
    fulfilled: int = 0
    settled: tuple = ()


@contextmanager
def fresh_snapshot(registry):
    """A read-only cursor whose snapshot begins with its first query. Never one of a
    replica (`readonly=True`): that may lag behind what was just sold."""
    with registry.cursor() as cr:
        if cr._cnx.get_transaction_status() == TRANSACTION_STATUS_IDLE:
            cr.execute("SET TRANSACTION READ ONLY")
        yield cr


# A level with the place of its stock; `inside` matches its location and all below.
_LEVELS = SQL(
    """
    SELECT level.id, level.backend_id, level.product_id, place.shopify_gid AS gid,
           root.parent_path || '%%' AS inside
      FROM shopify_stock_level level
      JOIN shopify_mapping_location place ON place.id = level.location_link_id
      JOIN stock_location root ON root.id = place.location_id
    """
)


def read_stock_facts(cr, level_ids):
    """{level ID: OdooFacts}; a level without a mapped location is missing."""
    levels = SQL("WITH lv AS (%s WHERE level.id = ANY(%s))", _LEVELS, list(level_ids))
    cr.execute(SQL("%s SELECT id FROM lv", levels))
    facts = {row[0]: OdooFacts() for row in cr.fetchall()}
    for level, units in _on_hand(cr, levels):
        facts[level].on_hand = units
    for level, units in _fulfilled(cr, levels):
        facts[level].fulfilled = units
    demand = defaultdict(float)
    for level, line_link, units in _open_demand(cr, levels):
        demand[level, line_link] += units
        facts[level].other_demand += units
    for level, place, line_link, opened, fulfilled, left in _unsettled(cr, levels):
        _add_line(
            facts[level], place, opened, fulfilled, left, demand[level, line_link]
        )
    return facts


def known_fulfilled(cr, level_ids):
    """{level ID: units known to be fulfilled in Shopify there, ever}"""
    levels = SQL("WITH lv AS (%s WHERE level.id = ANY(%s))", _LEVELS, list(level_ids))
    return dict(_fulfilled(cr, levels))


def _add_line(facts, place, opened, fulfilled, left, demand):
    """One Shopify order line at the level's location.

    demand: of its open moves from there; left: gone from there by done ones. A unit that
    Shopify holds open there, or that it says has left, is none of the others' demand.
    """
    undelivered = max(0.0, fulfilled - left)
    facts.shipped += min(opened, max(0.0, left - fulfilled))
    facts.undelivered += undelivered
    facts.other_demand -= min(demand, opened + undelivered)
    if not opened and not undelivered and not demand:
        facts.settled += (place,)


def _on_hand(cr, levels):
    cr.execute(
        SQL(
            """%s
            SELECT lv.id, sum(quant.quantity)
              FROM lv
              JOIN stock_quant quant ON quant.product_id = lv.product_id
              JOIN stock_location location
                ON location.id = quant.location_id
               AND location.parent_path LIKE lv.inside
               AND location.usage = 'internal'
             GROUP BY lv.id""",
            levels,
        )
    )
    return cr.fetchall()


def _fulfilled(cr, levels):
    cr.execute(
        SQL(
            """%s
            SELECT lv.id, coalesce(sum(place.fulfilled_units), 0)
              FROM lv
              LEFT JOIN shopify_line_place place
                ON place.backend_id = lv.backend_id
               AND place.product_id = lv.product_id
               AND place.location_gid = lv.gid
             GROUP BY lv.id""",
            levels,
        )
    )
    return cr.fetchall()


def _open_demand(cr, levels):
    """By demand, not by reservation: what is reserved late would count as nothing."""
    cr.execute(
        SQL(
            """%s
            SELECT lv.id, line.id, sum(move.product_qty)
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
             GROUP BY lv.id, line.id""",
            levels,
        )
    )
    return cr.fetchall()


def _unsettled(cr, levels):
    """Lines with something open on either side, and what left the place for them."""
    cr.execute(
        SQL(
            """%s
            SELECT lv.id, place.id, line.id, place.open_units, place.fulfilled_units,
                   coalesce(gone.units, 0)
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
              ) gone ON true""",
            levels,
        )
    )
    return cr.fetchall()
