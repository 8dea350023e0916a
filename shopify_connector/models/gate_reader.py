"""What of a store is known, and what of it is linked now: one query a record type.

Known is what the last finished scan saw and what the syncs met since, as far as it is
active in Shopify. A link that is there counts, whatever the scan said.
"""

from datetime import timedelta

from odoo import fields

from ..core.gate import Coverage

# A record that only just came is being synced: it is nobody's omission yet.
GRACE = timedelta(hours=1)
# More rows than these nobody reads; the count is of all.
MOST_ROWS = 2000

_LINKS = {
    "ProductVariant": ("shopify_product_product", "true"),
    "Product": ("shopify_product_template", "true"),
    "Customer": ("shopify_res_partner", "kind = 'customer'"),
    "Company": ("shopify_company", "true"),
    "CompanyLocation": ("shopify_company_location", "true"),
}
_OPEN = "s.backend_id = %(backend)s AND s.direction = 'in'"
_FACTS = """
    s.record_name AS name, s.id AS sync_id,
    s.state = 'review' AND s.reason_code IS DISTINCT FROM 'to_accept' AS undecided,
    s.reason_code IS NOT DISTINCT FROM 'to_accept' AS settled,
    s.state = 'waiting' AND s.create_date > %(grace)s AS is_young
"""
# Records whose sync stands open, under the ID that would be linked.
_STANDING = f"""
    SELECT s.subject_key AS gid, {_FACTS}, false AS ordered
      FROM shopify_sync s
     WHERE {_OPEN} AND s.subject_type = %(kind)s AND s.state IN ('review', 'waiting')
"""
# A variant has no sync of its own: what waits for it names it. A product that stopped
# before its variants were looked at stands for them, once.
_STANDING_VARIANTS = f"""
    SELECT substr(w.key, 9) AS gid, {_FACTS}, s.subject_type = 'Order' AS ordered
      FROM shopify_sync_wait w JOIN shopify_sync s ON s.id = w.sync_id
     WHERE {_OPEN} AND w.key LIKE 'variant:%%' AND s.state IN ('review', 'waiting')
     UNION ALL
    SELECT s.subject_key AS gid, {_FACTS}, false AS ordered
      FROM shopify_sync s
     WHERE {_OPEN} AND s.subject_type = 'Product' AND s.state IN ('review', 'waiting')
       AND NOT EXISTS (SELECT FROM shopify_product_template l
                        WHERE l.backend_id = s.backend_id
                          AND l.shopify_gid = s.subject_key)
       AND NOT EXISTS (SELECT FROM shopify_sync_wait w
                        WHERE w.sync_id = s.id AND w.key LIKE 'variant:%%')
       AND NOT EXISTS (SELECT FROM scanned WHERE scanned.parent_gid = s.subject_key)
"""
_ROWS = """
    WITH scanned AS (
        SELECT shopify_gid AS gid, parent_gid, name, id, verdict, decision,
               coalesce(remote_active, false) AS is_active
          FROM shopify_match
         WHERE scan_id = %(scan)s AND shopify_type = %(kind)s
           AND shopify_gid IS NOT NULL
    ), links AS (
        SELECT shopify_gid AS gid, gone_at FROM {links}
         WHERE backend_id = %(backend)s AND shopify_gid IS NOT NULL AND {only}
    ), standing AS ({standing}
    ), left_out AS (
        SELECT gid FROM links WHERE gone_at IS NOT NULL
         UNION
        SELECT shopify_gid FROM shopify_match_never
         WHERE backend_id = %(backend)s AND shopify_gid IS NOT NULL
         UNION
        SELECT gid FROM scanned WHERE decision = 'never'
         UNION
        -- closed, in draft or archived, unless it was changed and read since
        SELECT seen.gid FROM scanned seen
          LEFT JOIN shopify_match owner
                 ON owner.scan_id = %(scan)s
                AND owner.shopify_gid = coalesce(seen.parent_gid, seen.gid)
          LEFT JOIN shopify_sync s
                 ON s.backend_id = %(backend)s AND s.direction = 'in'
                AND s.subject_key = owner.shopify_gid
                AND s.remote_updated_at <> owner.remote_updated_at
         WHERE NOT seen.is_active AND s.id IS NULL
         UNION
        -- gone in Shopify, or left out by a rule
        SELECT coalesce(seen.gid, s.subject_key) FROM shopify_sync s
          LEFT JOIN scanned seen ON seen.parent_gid = s.subject_key
         WHERE s.backend_id = %(backend)s AND s.direction = 'in'
           AND s.subject_type IN ('Product', 'Customer', 'Company', 'CompanyLocation')
           AND s.outcome = 'excluded'
         UNION
        SELECT gid FROM standing GROUP BY gid HAVING bool_and(is_young)
    ), known AS (
        SELECT gid, name, id AS match_id, NULL::int AS sync_id,
               verdict IN ('ambiguous', 'conflict')
               OR (verdict = 'only_shopify' AND decision = 'todo'
                   AND NOT %(may_create)s) AS undecided,
               false AS settled, false AS ordered, false AS is_linked
          FROM scanned WHERE is_active
         UNION ALL
        SELECT gid, name, NULL, sync_id, undecided, settled, ordered, false
          FROM standing
         UNION ALL
        SELECT gid, NULL, NULL, NULL, false, false, false, true
          FROM links WHERE gone_at IS NULL
    ), rows AS (
        SELECT gid, max(name) AS name, max(match_id) AS match_id,
               max(sync_id) AS sync_id,
               bool_or(undecided) AND NOT bool_or(settled) AS undecided,
               bool_or(ordered) AS ordered, bool_or(is_linked) AS is_linked
          FROM known
         WHERE NOT EXISTS (SELECT FROM left_out WHERE left_out.gid = known.gid)
         GROUP BY gid
    )
"""
_COUNT = """
    SELECT count(*), count(*) FILTER (WHERE is_linked),
           count(*) FILTER (WHERE NOT is_linked AND undecided),
           count(*) FILTER (WHERE NOT is_linked),
           count(*) FILTER (WHERE NOT is_linked AND ordered)
      FROM rows
"""
_LIST = """
    SELECT gid, name, match_id, sync_id FROM rows
     WHERE NOT is_linked AND (%(which)s = 'unlinked'
           OR (%(which)s = 'undecided' AND undecided)
           OR (%(which)s = 'ordered' AND ordered))
     ORDER BY gid LIMIT %(most)s
"""
_MODELS = (
    "shopify.sync",
    "shopify.sync.wait",
    "shopify.match",
    "shopify.match.never",
    "shopify.scan",
    "shopify.scan.part",
    "shopify.product.product",
    "shopify.product.template",
    "shopify.res.partner",
    "shopify.company",
    "shopify.company.location",
    "shopify.mapping.location",
)


class GateReader:
    """Counts one store's records as they are now."""

    def __init__(self, backend):
        self.env = backend.env
        self._backend = backend
        for name in _MODELS:
            self.env[name].flush_model()
        self._scans = self._last_scans()

    def is_scanned(self, kinds):
        """Whether a finished scan saw these types."""
        return all(kind in self._scans for kind in kinds)

    def coverage(self, kind):
        if kind == "Location":
            places = self._locations()
            open_count = sum(not linked for _gid, _name, _row, linked in places)
            linked = len(places) - open_count
            return Coverage(
                kind, len(places), linked, undecided=open_count, unlinked=open_count
            )
        self._execute(kind, _COUNT)
        return Coverage(kind, *self.env.cr.fetchone())

    def rows(self, kind, which):
        """The unlinked ones: [(GID, name, ID of its match row, ID of its sync row)].

        which: "undecided", "unlinked" or "ordered", as in core.gate.
        """
        if kind == "Location":
            places = self._locations()
            return [
                (gid, name, None, None) for gid, name, _id, here in places if not here
            ]
        self._execute(kind, _LIST, which=which, most=MOST_ROWS)
        return self.env.cr.fetchall()

    def _execute(self, kind, select, **more):
        links, only = _LINKS[kind]
        standing = _STANDING_VARIANTS if kind == "ProductVariant" else _STANDING
        is_product = kind in ("Product", "ProductVariant")
        creates = not is_product or self._backend.product_policy == "create"
        self.env.cr.execute(
            _ROWS.format(links=links, only=only, standing=standing) + select,
            {
                "backend": self._backend.id,
                "scan": self._scans.get(kind, 0),
                "kind": kind,
                "grace": fields.Datetime.now() - GRACE,
                "may_create": creates,
                **more,
            },
        )

    def _last_scans(self):
        """{type: ID of the last finished scan that read it whole}"""
        self.env.cr.execute(
            "SELECT part.shopify_type, max(scan.id) FROM shopify_scan_part part"
            " JOIN shopify_scan scan ON scan.id = part.scan_id"
            " WHERE scan.backend_id = %s AND scan.state = 'done'"
            " AND scan.purpose IN ('matching', 'audit')"
            " AND part.state = 'compared' GROUP BY 1",
            [self._backend.id],
        )
        return dict(self.env.cr.fetchall())

    def _locations(self):
        """Every location that keeps stock: [(GID, name, ID, has a place in Odoo)]."""
        self.env.cr.execute(
            """
            SELECT shopify_gid, name, id, location_id IS NOT NULL
              FROM shopify_mapping_location place
             WHERE backend_id = %s AND gone_at IS NULL AND is_active
               AND is_service IS NOT TRUE
               AND NOT EXISTS (SELECT FROM shopify_match_never never
                                WHERE never.backend_id = place.backend_id
                                  AND never.shopify_gid = place.shopify_gid)
             ORDER BY name, id
            """,
            [self._backend.id],
        )
        return self.env.cr.fetchall()
