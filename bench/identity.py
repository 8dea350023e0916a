"""Gates, audit and rebuild of a store whose variants and products are all linked.

`python -m bench.identity --database … --emulator … --store …` prints one line of JSON.
Links and marks are there before anything is measured: written past the connector.
"""

import argparse
import json
import time

from bench import odoo_process, world
from bench.catalog import Catalog, peak_mb
from bench.odoo_process import measured

TYPES = ["ProductVariant", "Product"]
LINKS = {
    "Product": ("shopify.product.template", "shopify_product_template"),
    "ProductVariant": ("shopify.product.product", "shopify_product_product"),
}
MARKS_A_CALL = 5000
# Which record stands for which: by the number that both sides were loaded with.
_LINK_VARIANTS = """
    INSERT INTO shopify_product_product (backend_id, company_id, shopify_gid, odoo_id,
           product_gid, inventory_item_gid, label, main_quantity, token, create_date)
    SELECT m.backend_id, m.company_id, m.shopify_gid, o.id, m.parent_gid,
           m.facts ->> 'inventory_item', m.sku, 1, md5(m.shopify_gid), now() - interval '1 day'
      FROM shopify_match m
      JOIN product_product o ON o.combination_indices = split_part(m.sku, '-', 2)
       AND o.default_code IN (m.sku, 'HERE-' || split_part(m.sku, '-', 2))
     WHERE m.scan_id = %(scan)s AND m.shopify_type = 'ProductVariant'
       AND m.sku LIKE 'BULK-%%'
"""
_LINK_PRODUCTS = """
    INSERT INTO shopify_product_template (backend_id, company_id, shopify_gid, odoo_id,
           token, create_date)
    SELECT v.backend_id, v.company_id, v.product_gid, min(o.product_tmpl_id),
           md5(v.product_gid), now() - interval '1 day'
      FROM shopify_product_product v JOIN product_product o ON o.id = v.odoo_id
     WHERE v.backend_id = %(store)s AND v.product_gid IS NOT NULL
       AND v.label LIKE 'BULK-%%'
     GROUP BY 1, 2, 3
"""
_JOIN_LINKS = """
    UPDATE shopify_product_product v SET product_link_id = p.id
      FROM shopify_product_template p
     WHERE p.backend_id = v.backend_id AND p.shopify_gid = v.product_gid
       AND v.backend_id = %(store)s
"""
_MARK = """
    UPDATE {table} l SET marked_proof = v.proof, verified_at = now()
      FROM (VALUES %s) AS v(id, proof) WHERE l.id = v.id
"""
_LOSE = (
    "DELETE FROM shopify_product_product WHERE label LIKE 'BULK-%%'",
    "DELETE FROM shopify_product_template p WHERE NOT EXISTS"
    " (SELECT FROM shopify_product_product v WHERE v.product_link_id = p.id)",
)


class Identity:
    def __init__(self, options):
        self.options = options
        self.emulator = world.Emulator(options.emulator)
        self.here = odoo_process.OdooHere(options.database)
        self.catalog = Catalog(self.here, options.emulator, options.variants)

    def run(self) -> dict:
        self.catalog.load()
        scan = self._scan("matching")
        self.catalog.go_on_until_done(scan)
        links = self._link(scan)
        return {
            "links": links,
            "floor": self.catalog.floor(scan),
            "gate": self._gate(),
            "audit": self._measured("audit", links),
            "rebuild": self._rebuild(links),
        }

    # --- linked, and marked in Shopify ---

    def _link(self, scan) -> int:
        """Link all of the catalogue; how many links there are."""
        names = {"scan": scan, "store": self.options.store}
        with self.here.env() as env:
            for statement in (_LINK_VARIANTS, _LINK_PRODUCTS, _JOIN_LINKS):
                env.cr.execute(statement, names)
        count = 0
        for model, table in LINKS.values():
            ids = self._ids(table)
            count += len(ids)
            for start in range(0, len(ids), MARKS_A_CALL):
                self._mark(model, table, ids[start : start + MARKS_A_CALL])
        with self.here.env() as env:
            env.cr.execute(
                f"ANALYZE {', '.join(table for _model, table in LINKS.values())}"
            )
        return count

    def _ids(self, table) -> list[int]:
        with self.here.env() as env:
            env.cr.execute(
                f"SELECT id FROM {table} WHERE backend_id = %s ORDER BY id",
                [self.options.store],
            )
            return [id for (id,) in env.cr.fetchall()]

    def _mark(self, model, table, ids) -> None:
        with self.here.env() as env:
            links = env[model].browse(ids)
            proofs = links._proofs(env["shopify.mark"]._database())
            rows = [(link.id, proof.to_json()) for link, proof in proofs.items()]
            env.cr.execute_values(
                _MARK.format(table=table), rows, page_size=MARKS_A_CALL
            )
            marks = [
                [link.shopify_gid, proof.value, proof.to_json()]
                for link, proof in proofs.items()
            ]
        self.catalog.emulator("load_marks", marks=marks)

    # --- measuring ---

    def _scan(self, purpose) -> int:
        with self.here.env() as env:
            backend = env["shopify.backend"].browse(self.options.store)
            return backend._scan(purpose, TYPES).id

    def _gate(self) -> dict:
        """One look at all gates, the best of three, as the cron takes it."""
        looks = []
        for _each in range(3):
            with self.here.env() as env, measured() as spent:
                env["shopify.backend"].browse(self.options.store)._look_at_gates()
                env.flush_all()
            looks.append(spent)
        best = min(looks, key=lambda spent: spent.wall)
        return {"wall": best.wall, "cpu": best.cpu, "queries": best.queries}

    def _measured(self, purpose, links) -> dict:
        """A scan of this purpose, after which every link must be there and agree with
        Shopify."""
        requests = world.requests_so_far(self.emulator)
        before = peak_mb()
        with measured() as spent:
            scan = self._scan(purpose)
            started = time.monotonic()
            shopify = self.catalog.go_on_until_done(scan)
            wall = time.monotonic() - started - shopify
        with self.here.env() as env:
            row = env["shopify.scan"].browse(scan)
            assert row.state == "done" and not row.review_count, row.conclusion
            sides = [row.sides[kind] for kind in TYPES]
        # Those that a rebuild has just made are younger than what it read.
        good = sum(side["agreeing"] + side["fresh"] for side in sides)
        assert good == links, (sides, links)
        return {
            "wall": wall,
            "cpu": spent.cpu,
            "queries": spent.queries,
            "before": before,
            "peak": peak_mb(),
            "requests": world.requests_since(self.emulator, requests),
        }

    def _rebuild(self, links) -> dict:
        with self.here.env() as env:
            for statement in _LOSE:
                env.cr.execute(statement)
        return self._measured("rebuild", links)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--emulator", required=True, help="its address")
    parser.add_argument("--store", type=int, required=True)
    parser.add_argument("--variants", type=int, default=100_000)
    print(json.dumps(Identity(parser.parse_args()).run()), flush=True)


if __name__ == "__main__":
    main()
