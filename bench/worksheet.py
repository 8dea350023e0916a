"""The worksheet for a whole store, against one SQL join of two loaded tables.

`python -m bench.worksheet --database … --emulator … --store …` prints one line of JSON.
This process is nothing but the worker: its own memory is what is measured.
"""

import argparse
import json
import resource
import time
import urllib.request

from bench import odoo_process, world
from bench.odoo_process import measured

VARIANTS_A_PRODUCT = 50
PREFIX = "BULK"
# Of 100: linked to nothing in Odoo; the rest is proposed by SKU.
UNKNOWN = 10
SCAN = [("method_name", "=", "_step_job")]

FLOOR = """
    SELECT count(*) FILTER (WHERE o.id IS NOT NULL), count(*)
      FROM shopify_match m
      LEFT JOIN product_product o ON lower(o.default_code) = m.sku_key
     WHERE m.scan_id = %s AND m.shopify_type = 'ProductVariant'
       AND m.shopify_gid IS NOT NULL
"""


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Worksheet:
    def __init__(self, options):
        self.options = options
        self.emulator = world.Emulator(options.emulator)
        self.here = odoo_process.OdooHere(options.database)

    def run(self) -> dict:
        products = self.options.variants // VARIANTS_A_PRODUCT
        count = products * VARIANTS_A_PRODUCT
        self._emulator("load_catalog", products=products, variants=VARIANTS_A_PRODUCT)
        # Until `work_bulk`: its work is Shopify's time, and none of ours.
        self._emulator("set_bulk_time", seconds=1e6)
        self._load_odoo(count)
        requests = world.requests_so_far(self.emulator)
        before = peak_mb()
        with self.here.env() as env:
            backend = env["shopify.backend"].browse(self.options.store)
            scan = backend._scan("matching", ["ProductVariant", "Product"]).id
        with measured() as spent:
            started = time.monotonic()
            shopify = self._go_on_until_done(scan)
            wall = time.monotonic() - started - shopify
        with self.here.env() as env:
            row = env["shopify.scan"].browse(scan)
            assert row.state == "done", row.message
            counts = row.counts["ProductVariant"]
        assert counts["proposed"] == count - count * UNKNOWN // 100, counts
        return {
            "variants": count,
            "wall": wall,
            "cpu": spent.cpu,
            "queries": spent.queries,
            "peak": peak_mb(),
            "before": before,
            "floor": self._floor(scan),
            "requests": world.requests_since(self.emulator, requests),
        }

    def _emulator(self, call, **args):
        """Like world.Emulator.call, for what takes minutes."""
        body = json.dumps({"shop": world.SHOP, "call": call, "args": args}).encode()
        address = self.options.emulator + "/_control"
        with urllib.request.urlopen(address, body, timeout=900) as answer:
            return json.load(answer)["result"]

    def _load_odoo(self, count) -> None:
        """As many variants in Odoo, by SQL: making them is no part of what is measured,
        and no ORM makes 100,000 in a minute."""
        with self.here.env() as env:
            template = env["product.template"].create({"name": "Bulk"})
            unit = template.uom_id.id
            env.flush_all()
            env.cr.execute(
                "INSERT INTO product_template (name, active, sale_ok, type, uom_id,"
                " categ_id, tracking, service_tracking, base_unit_count, create_date)"
                " SELECT jsonb_build_object('en_US', 'Bulk ' || n), true, true, 'consu',"
                " %s, %s, 'none', 'no', 0, now()"
                " FROM generate_series(0, %s) n RETURNING id"
                if _has(env, "base_unit_count")
                else "INSERT INTO product_template (name, active, sale_ok, type, uom_id,"
                " categ_id, tracking, service_tracking, create_date)"
                " SELECT jsonb_build_object('en_US', 'Bulk ' || n), true, true, 'consu',"
                " %s, %s, 'none', 'no', now()"
                " FROM generate_series(0, %s) n RETURNING id",
                [unit, template.categ_id.id or None, count // VARIANTS_A_PRODUCT],
            )
            ids = sorted(id for (id,) in env.cr.fetchall())
            env.cr.execute(
                "INSERT INTO product_product (product_tmpl_id, active, default_code,"
                " combination_indices, create_date)"
                " SELECT (%s::int[])[1 + n / %s], true,"
                f" CASE WHEN n %% 100 < {UNKNOWN} THEN 'HERE-' ELSE '{PREFIX}-' END"
                " || n, n::text, now() FROM generate_series(0, %s) n",
                [ids, VARIANTS_A_PRODUCT, count - 1],
            )
        with self.here.env() as env:
            env.cr.execute("ANALYZE product_product, product_template")

    def _go_on_until_done(self, scan) -> float:
        """Run its jobs one after the other; seconds that Shopify took for the file."""
        shopify = 0.0
        while True:
            self.here.run_jobs(SCAN)
            with self.here.env() as env:
                row = env["shopify.scan"].browse(scan)
                if row.state not in ("asked", "reading", "comparing"):
                    return shopify
                env.cr.execute(
                    "UPDATE queue_job SET eta = NULL WHERE method_name = '_step_job'"
                    " AND state = 'pending'"
                )
            started = time.monotonic()
            self._emulator("work_bulk")
            shopify += time.monotonic() - started

    def _floor(self, scan) -> float:
        """Seconds of one join of the two loaded tables, the best of three."""
        times = []
        for _each in range(3):
            with self.here.env() as env:
                started = time.monotonic()
                env.cr.execute(FLOOR, [scan])
                env.cr.fetchall()
                times.append(time.monotonic() - started)
        return min(times)


def _has(env, column) -> bool:
    env.cr.execute(
        "SELECT 1 FROM information_schema.columns"
        " WHERE table_name = 'product_template' AND column_name = %s",
        [column],
    )
    return bool(env.cr.fetchone())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--emulator", required=True, help="its address")
    parser.add_argument("--store", type=int, required=True)
    parser.add_argument("--variants", type=int, default=100_000)
    print(json.dumps(Worksheet(parser.parse_args()).run()), flush=True)


if __name__ == "__main__":
    main()
