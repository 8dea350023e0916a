"""Compares the rows of a scan with Odoo: a verdict for each, in lots.

Candidates come from joins on the normalised keys, links and marks from the link models,
and core.identity decides, as it does when records are imported. A lot costs the same
number of queries whatever it holds.
"""

import json
from collections import defaultdict
from dataclasses import replace

from ..core import identity, matching
from ..core.identity import Candidates
from .link_maker import declared
from .shopify_mark import LINKS
from .shopify_match_key import key_sql

ROWS_A_LOT = 2000
# More candidates than these nobody compares by eye; "there are several" is known.
MOST_CANDIDATES = 10
EXAMPLES = 5

# The rows' own columns of each key.
_COLUMNS = {"sku": "sku_key", "barcode": "barcode", "email": "email"}
_COLUMNS["reference"] = _COLUMNS["external"] = "reference"
# Who in Odoo may be meant, with the alias `o` for the record.
_PRODUCTS = (
    "product_product o JOIN product_template t ON t.id = o.product_tmpl_id",
    "(t.company_id IS NULL OR t.company_id = %(company)s)",
    "o.active",
)
_HOLDERS = {
    "sku": _PRODUCTS,
    "barcode": _PRODUCTS,
    # Addresses below a contact may carry its e-mail; they are nobody on their own.
    "email": (
        "res_partner o",
        "o.type = 'contact' AND (o.company_id IS NULL OR o.company_id = %(company)s)",
        "o.active",
    ),
    "reference": (
        "sale_order o",
        "o.company_id = %(company)s AND o.state <> 'cancel'",
        "true",
    ),
    "external": (
        "res_partner o",
        "(o.company_id IS NULL OR o.company_id = %(company)s)",
        "o.active",
    ),
}
# A location is a contact below its company's.
_BELOW = {
    "Company": " AND o.parent_id IS NULL",
    "CompanyLocation": " AND o.parent_id IS NOT NULL",
}


def _holders(kind, key):
    table, reachable, living = _HOLDERS[key]
    return table, reachable + _BELOW.get(kind, ""), living


class Judge:
    """Gives verdicts to one scan's rows."""

    def __init__(self, scan):
        self._scan = scan
        self._backend = scan.backend_id
        self._names = {
            "scan": scan.id,
            "backend": self._backend.id,
            "company": scan.company_id.id,
            "lang": self._backend.lang or "en_US",
            "lot": ROWS_A_LOT,
            "most": MOST_CANDIDATES + 1,
        }
        self.env = scan.env

    def advance(self, part):
        """Do the next lot of this type."""
        stage = part.stage or "keys"
        getattr(self, f"_{stage}")(part)

    def _all(self, sql, **values):
        self.env.cr.execute(sql, self._names | values)
        return self.env.cr.fetchall()

    def _model(self, shopify_type):
        return self.env[LINKS[shopify_type]]

    # === HOW FAR THE KEYS CAN BE TRUSTED === #

    def _keys(self, part):
        kind = part.shopify_type
        part.write(
            {
                "key_report": [
                    self._key_report(kind, key).as_json()
                    for key in self._backend._match_keys(kind)
                ],
                "stage": "rows",
                "compared_to": 0,
                "compared_count": 0,
            }
        )

    def _key_report(self, kind, key):
        column = _COLUMNS[key]
        table, reachable, living = _holders(kind, key)
        ((blank,),) = self._all(
            f"SELECT count(*) FROM shopify_match WHERE scan_id = %(scan)s"
            f" AND shopify_type = %(kind)s AND {column} IS NULL",
            kind=kind,
        )
        there, some = self._twice_among(
            f"SELECT {column} AS value FROM shopify_match WHERE scan_id = %(scan)s"
            f" AND shopify_type = %(kind)s AND {column} IS NOT NULL",
            kind,
        )
        here, more = self._twice_among(
            f"SELECT {key_sql(key, 'o')} AS value FROM {table}"
            f" WHERE {reachable} AND {living} AND {key_sql(key, 'o')} <> ''",
            kind,
        )
        examples = tuple(dict.fromkeys([*some, *more]))[:EXAMPLES]
        return matching.KeyReport(key, blank, there, here, examples)

    def _twice_among(self, values, kind):
        ((count, examples),) = self._all(
            f"SELECT count(*), (array_agg(value ORDER BY value))[1:{EXAMPLES}]"
            f" FROM (SELECT value FROM ({values}) one GROUP BY value"
            f" HAVING count(*) > 1) twice",
            kind=kind,
        )
        return count, examples or []

    # === ROWS === #

    def _rows(self, part):
        kind = part.shopify_type
        rows = self._all(
            "SELECT id, shopify_gid, sku, barcode, email, reference, mark_value,"
            " mark_proof FROM shopify_match WHERE scan_id = %(scan)s"
            " AND shopify_type = %(kind)s AND id > %(after)s"
            " AND shopify_gid IS NOT NULL ORDER BY id LIMIT %(lot)s",
            kind=kind,
            after=part.compared_to,
        )
        if not rows:
            # Each row has its verdict since the planner last looked.
            self.env.cr.execute("ANALYZE shopify_match")
            part.stage = "twice"
            return
        ids = {row[1]: row[0] for row in rows}
        keys = {row[1]: _values(row[2:6]) for row in rows}
        candidates = self._candidates(kind, ids, keys)
        decisions = self._decide(kind, ids, {r[1]: r[6:8] for r in rows}, candidates)
        self._write(
            kind,
            {
                ids[gid]: self._judged(decisions[gid], candidates.get(gid))
                for gid in ids
            },
            {ids[gid]: found for gid, found in candidates.items()},
        )
        part.write(
            {
                "compared_to": rows[-1][0],
                "compared_count": part.compared_count + len(rows),
            }
        )

    def _judged(self, decision, candidates):
        if isinstance(decision, identity.NeedsLookup):
            # A link appeared between two queries.
            decision = identity.Decision("stop", "changed_meanwhile")
        return matching.judge(decision, candidates.key if candidates else "")

    def _decide(self, kind, ids, marks, candidates):
        """{gid: Decision}, by the same table that the imports use."""
        model = self._model(kind)
        if kind == "Location":
            # Every location has a mapping; it is a link once it names a place.
            found = model._find(self._backend, ids)
            linked = {gid for gid, row in found.items() if row.location_id}
            marks = {gid: mark for gid, mark in marks.items() if gid in linked}
        found = model._inbound_decisions(
            self._backend,
            {gid: _node(gid, *mark) for gid, mark in marks.items()}
            | self._rival_nodes(kind, ids, marks),
            {gid: self._labelled(found) for gid, found in candidates.items()},
            self._owners(kind, marks),
            archived="update",
        )
        return {gid: found.get(gid, identity.Decision("unmapped")) for gid in ids}

    def _labelled(self, candidates):
        """With the key as people call it."""
        label = matching.KEY_LABELS.get(candidates.key, candidates.key)
        # Marked for translation in core.
        return replace(candidates, key=self.env._(label))

    def _rival_nodes(self, kind, ids, marks):
        """Rows of other lots that carry a mark of this one: none, unless somebody
        copied it."""
        values = sorted({value for value, _proof in marks.values() if value})
        if not values:
            return {}
        rows = self._all(
            "SELECT shopify_gid, mark_value, mark_proof FROM shopify_match"
            " WHERE scan_id = %(scan)s AND shopify_type = %(kind)s"
            " AND mark_value = ANY(%(values)s) AND NOT id = ANY(%(ids)s)"
            " ORDER BY id LIMIT %(lot)s",
            kind=kind,
            values=values,
            ids=list(ids.values()),
        )
        return {gid: _node(gid, value, proof) for gid, value, proof in rows}

    def _owners(self, kind, marks):
        """Where a mark names a record that is linked to another object, whether that one
        is still there: the scan has read them all.

        What was linked since the scan began isn't among the rows, and is no less alive.
        """
        model = self._model(kind)
        read = {
            gid: identity.mark_from_node(_node(gid, *m)) for gid, m in marks.items()
        }
        others = model._other_gids(self._backend, read)
        if not others:
            return {}
        here = self._all(
            "SELECT shopify_gid FROM shopify_match WHERE scan_id = %(scan)s"
            " AND shopify_gid = ANY(%(gids)s)",
            gids=list(others),
        )
        alive = {gid for (gid,) in here}
        for gid, link in model._find(self._backend, others - alive).items():
            if link.create_date >= self._scan.started_at:
                alive.add(gid)
        return {gid: "alive" if gid in alive else "gone" for gid in others}

    # === CANDIDATES === #

    def _candidates(self, kind, ids, keys):
        """{gid: Candidates} of the rows that have any, `key` as matching.KEYS has it."""
        if kind == "Product":
            return self._by_variants(ids)
        order = self._backend._match_keys(kind)
        gids = {row_id: gid for gid, row_id in ids.items()}
        living, archived, remote = (
            defaultdict(dict),
            defaultdict(dict),
            defaultdict(set),
        )
        for key in order:
            for row_id, odoo_id, active in self._odoo_holders(kind, key, gids):
                found = living if active else archived
                found[gids[row_id]].setdefault(key, []).append(odoo_id)
            for row_id, other in self._remote_holders(kind, key, gids):
                remote[gids[row_id]].add(other)
        candidates = {}
        for gid in {*living, *archived, *remote}:
            found = living.get(gid) or archived.get(gid) or {}
            key, value = matching.first_telling(order, found, keys[gid])
            candidates[gid] = Candidates(
                odoo_ids=_united(living.get(gid)),
                archived_ids=() if gid in living else _united(archived.get(gid)),
                remote_gids=tuple(sorted(remote.get(gid, ()))),
                key=key,
                value=value,
            )
        return self._with_taken(kind, candidates)

    def _odoo_holders(self, kind, key, row_ids):
        """(row, Odoo ID, whether active), the first few of each row."""
        table, reachable, living = _holders(kind, key)
        return self._all(
            "SELECT m.id, f.id, f.living FROM shopify_match m CROSS JOIN LATERAL ("
            f"SELECT o.id, {living} AS living FROM {table}"
            f" WHERE {key_sql(key, 'o')} = m.{_COLUMNS[key]} AND {reachable}"
            f" AND {key_sql(key, 'o')} <> ''"
            " ORDER BY living DESC, o.id LIMIT %(most)s) f WHERE m.id = ANY(%(ids)s)",
            ids=list(row_ids),
        )

    def _remote_holders(self, kind, key, row_ids):
        """(row, GID of another row of the type with the same value), the first few."""
        column = _COLUMNS[key]
        return self._all(
            "SELECT m.id, f.shopify_gid FROM shopify_match m CROSS JOIN LATERAL ("
            "SELECT o.shopify_gid FROM shopify_match o WHERE o.scan_id = %(scan)s"
            f" AND o.shopify_type = %(kind)s AND o.{column} = m.{column}"
            " AND o.id <> m.id AND o.shopify_gid IS NOT NULL LIMIT %(most)s) f"
            " WHERE m.id = ANY(%(ids)s)",
            kind=kind,
            ids=list(row_ids),
        )

    def _by_variants(self, ids):
        """A product is what its variants belong to."""
        rows = self._all(
            "SELECT p.shopify_gid, array_agg(DISTINCT o.product_tmpl_id), min(v.name)"
            " FROM shopify_match p"
            " JOIN shopify_match v ON v.scan_id = p.scan_id"
            "  AND v.parent_gid = p.shopify_gid AND v.odoo_model = 'product.product'"
            " JOIN product_product o ON o.id = v.odoo_id"
            " WHERE p.id = ANY(%(ids)s) GROUP BY 1",
            ids=list(ids.values()),
        )
        candidates = {
            gid: Candidates(odoo_ids=tuple(sorted(found)), key="variants", value=name)
            for gid, found, name in rows
        }
        return self._with_taken("Product", candidates)

    def _with_taken(self, kind, candidates):
        """Which of the Odoo records stand for another object of the store already."""
        odoo_ids = {id for found in candidates.values() for id in found.odoo_ids}
        if not odoo_ids:
            return candidates
        links = self._model(kind)._links_of(self._backend, odoo_ids)
        shared = declared(self._backend, kind)
        return {
            gid: replace(
                found,
                taken={
                    id: links[id].shopify_gid
                    for id in found.odoo_ids
                    if id in links and links[id].shopify_gid != gid
                },
                shared=shared.intersection(found.odoo_ids),
            )
            for gid, found in candidates.items()
        }

    # === WRITING === #

    def _write(self, kind, judged, candidates):
        """judged: {row: Judged}; candidates: {row: Candidates}."""
        odoo_model = self._model(kind)._model_marked()
        self.env.cr.execute_values(
            "UPDATE shopify_match m SET verdict = v.verdict, odoo_model = v.odoo_model,"
            " odoo_id = v.odoo_id::int, key_used = v.key_used,"
            " reason_code = v.reason_code, reason_params = v.reason_params::jsonb"
            " FROM (VALUES %s) AS v(id, verdict, odoo_model, odoo_id, key_used,"
            " reason_code, reason_params) WHERE m.id = v.id",
            [
                (
                    row_id,
                    found.verdict,
                    odoo_model if found.odoo_id else None,
                    found.odoo_id,
                    found.key or None,
                    found.failure.code if found.failure else None,
                    _params(found.failure),
                )
                for row_id, found in judged.items()
            ],
            page_size=ROWS_A_LOT,
        )
        self._write_candidates(
            odoo_model,
            judged,
            {
                row_id: found
                for row_id, found in candidates.items()
                if judged[row_id].verdict == "ambiguous"
            },
        )

    def _write_candidates(self, odoo_model, judged, candidates):
        self._drop_candidates(judged)
        rows = []
        for row_id, found in candidates.items():
            for odoo_id in (*found.odoo_ids, *found.archived_ids)[:MOST_CANDIDATES]:
                taken_by = found.taken.get(odoo_id)
                rows.append((row_id, odoo_model, odoo_id, None, found.key, taken_by))
            for gid in found.remote_gids[:MOST_CANDIDATES]:
                rows.append((row_id, None, None, gid, found.key, None))
        self._insert_candidates(rows)

    def _drop_candidates(self, row_ids):
        self.env.cr.execute(
            "DELETE FROM shopify_match_candidate WHERE match_id = ANY(%s)",
            [list(row_ids)],
        )

    def _insert_candidates(self, rows):
        if not rows:
            return
        company = self._names["company"]
        self.env.cr.execute_values(
            "INSERT INTO shopify_match_candidate (match_id, odoo_model, odoo_id,"
            " shopify_gid, why, taken_by, company_id) VALUES %s",
            [(*row, company) for row in rows],
            page_size=ROWS_A_LOT,
        )

    # === ONE ODOO RECORD FOR SEVERAL === #

    def _twice(self, part):
        """Each row had one free record alone, and several may have had the same: by
        different keys, in different lots. Which of them it is nobody can tell.
        """
        kind = part.shopify_type
        # One pass; a join with itself would be planned by statistics that know no
        # verdict yet, and take a loop in a loop over the whole store.
        groups = self._all(
            "SELECT array_agg(id) FROM shopify_match"
            " WHERE scan_id = %(scan)s AND shopify_type = %(kind)s"
            " AND verdict = 'proposed' AND shopify_gid IS NOT NULL"
            " AND odoo_id <> ALL(%(shared)s)"
            " GROUP BY odoo_id HAVING count(*) > 1 ORDER BY odoo_id LIMIT %(lot)s",
            kind=kind,
            shared=list(declared(self._backend, kind)),
        )
        rows = self._all(
            "SELECT id, shopify_gid, odoo_id, key_used, sku, barcode, email, reference"
            " FROM shopify_match WHERE id = ANY(%(ids)s) ORDER BY id",
            ids=[row_id for (ids,) in groups for row_id in ids],
        )
        if not rows:
            part.write({"stage": "odoo", "compared_to": 0})
            return
        ids = {row[1]: row[0] for row in rows}
        claims = {
            gid: Candidates(
                odoo_ids=(odoo_id,),
                key=key or "",
                value=_values(told).get(key, "") or str(odoo_id),
            )
            for _row_id, gid, odoo_id, key, *told in rows
        }
        judged = matching.claimed_twice(
            {gid: (found.odoo_ids[0], found.key) for gid, found in claims.items()},
            {gid: self._labelled(found) for gid, found in claims.items()},
        )
        self._write(
            kind,
            {ids[gid]: found for gid, found in judged.items()},
            {
                ids[gid]: replace(
                    claims[gid], remote_gids=tuple(found.failure.params["candidates"])
                )
                for gid, found in judged.items()
            },
        )

    # === WHAT NOTHING IN SHOPIFY STANDS FOR === #

    def _odoo(self, part):
        source = _ONLY_ODOO.get(part.shopify_type)
        rows = []
        if source:
            odoo_model = self._model(part.shopify_type)._model_marked()
            rows = self._all(
                _INSERT_ONLY_ODOO.format(**source),
                kind=part.shopify_type,
                model=odoo_model,
                after=part.compared_to,
            )
        if len(rows) == ROWS_A_LOT:
            part.compared_to = max(odoo_id for (odoo_id,) in rows)
            return
        self._keep_nevers(part.shopify_type)
        part.write({"state": "compared", "stage": False})

    def _keep_nevers(self, kind):
        """What was decided for good in an earlier scan stays decided."""
        self.env.cr.execute(
            "UPDATE shopify_match m SET decision = 'never', decided_by_id = n.user_id,"
            " decided_at = n.create_date FROM shopify_match_never n"
            " WHERE m.scan_id = %(scan)s AND m.shopify_type = %(kind)s"
            " AND n.backend_id = m.backend_id AND m.decision = 'todo'"
            " AND (n.shopify_gid = m.shopify_gid OR (m.shopify_gid IS NULL"
            "  AND n.odoo_model = m.odoo_model AND n.odoo_id = m.odoo_id))",
            self._names | {"kind": kind},
        )


_INSERT_ONLY_ODOO = """
    INSERT INTO shopify_match (scan_id, backend_id, company_id, shopify_type, verdict,
        decision, odoo_model, odoo_id, name, sku, sku_key, barcode, email, facts)
    SELECT %(scan)s, %(backend)s, %(company)s, %(kind)s, 'only_odoo', 'todo', %(model)s,
           o.id, {name}, {sku}, {barcode}, {email},
           jsonb_strip_nulls(jsonb_build_object({facts}))
      FROM {table}
     WHERE {wanted} AND o.id > %(after)s
       AND NOT EXISTS (SELECT 1 FROM {links} l
                        WHERE l.backend_id = %(backend)s AND l.odoo_id = o.id
                          AND l.shopify_gid IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM shopify_match m
                        WHERE m.scan_id = %(scan)s AND m.odoo_model = %(model)s
                          AND m.odoo_id = o.id)
       AND o.id NOT IN (SELECT c.odoo_id FROM shopify_match_candidate c
                          JOIN shopify_match m ON m.id = c.match_id
                         WHERE m.scan_id = %(scan)s AND c.odoo_model = %(model)s)
     ORDER BY o.id LIMIT %(lot)s
    ON CONFLICT DO NOTHING RETURNING odoo_id
"""
_TITLE = "coalesce(t.name ->> %(lang)s, t.name ->> 'en_US')"
_SALEABLE = (
    "t.active AND t.sale_ok AND (t.company_id IS NULL OR t.company_id = %(company)s)"
)
_ONLY_ODOO = {
    "ProductVariant": {
        "table": _PRODUCTS[0],
        "wanted": f"o.active AND {_SALEABLE}",
        "links": "shopify_product_product",
        "name": _TITLE,
        "sku": f"o.default_code, {key_sql('sku', 'o')}",
        "barcode": "o.barcode",
        "email": "NULL",
        "facts": "'price', t.list_price, 'created', o.create_date",
    },
    "Product": {
        "table": "product_template o JOIN product_template t ON t.id = o.id",
        "wanted": _SALEABLE,
        "links": "shopify_product_template",
        "name": _TITLE,
        "sku": "NULL, NULL",
        "barcode": "NULL",
        "email": "NULL",
        "facts": "'price', t.list_price, 'created', o.create_date",
    },
    "Customer": {
        "table": "res_partner o",
        "wanted": (
            "o.active AND o.type = 'contact' AND o.customer_rank > 0"
            " AND (o.company_id IS NULL OR o.company_id = %(company)s)"
            # A company that buys in the shop is there, though not as a customer.
            " AND NOT EXISTS (SELECT FROM shopify_company c"
            " WHERE c.backend_id = %(backend)s AND c.odoo_id = o.id)"
        ),
        "links": "shopify_res_partner",
        "name": "o.complete_name",
        "sku": "NULL, NULL",
        "barcode": "NULL",
        "email": "o.email_normalized",
        "facts": "'city', o.city, 'phone', o.phone, 'created', o.create_date",
    },
}


def _values(row):
    """A row's keys by name, "" for none."""
    names = ("sku", "barcode", "email", "reference")
    values = {name: value or "" for name, value in zip(names, row, strict=True)}
    return values | {"external": values["reference"]}


def _node(gid, value, proof):
    """What the link models read of a node: its mark."""
    return {
        "id": gid,
        "odooId": {"value": value} if value else None,
        "odooProof": {"value": proof} if proof else None,
    }


def _united(found):
    return tuple(sorted({id for ids in (found or {}).values() for id in ids}))


def _params(failure):
    return json.dumps(failure.params, default=str) if failure else None
