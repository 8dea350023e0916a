"""A store of many variants, in the emulated Shopify and in Odoo, and scans of it.

Loaded past all APIs: making the records is no part of what is measured, and neither side
makes 100,000 in a minute.
"""

import json
import resource
import time
import urllib.request

from bench import world

VARIANTS_A_PRODUCT = 50
PREFIX = "BULK"
# Of 100: with another SKU in Odoo; the rest is proposed by it.
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
    """Of this process, ever."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Catalog:
    """count: variants, in whole products."""

    def __init__(self, here, emulator_address: str, variants: int):
        self.here = here
        self._address = emulator_address + "/_control"
        self.products = variants // VARIANTS_A_PRODUCT
        self.count = self.products * VARIANTS_A_PRODUCT

    def load(self) -> None:
        """Both sides, unless an earlier part has done it."""
        if self._is_loaded():
            return
        self.emulator(
            "load_catalog", products=self.products, variants=VARIANTS_A_PRODUCT
        )
        # Until `work_bulk`: its work is Shopify's time, and none of ours.
        self.emulator("set_bulk_time", seconds=1e6)
        self._load_odoo()

    def _is_loaded(self) -> bool:
        with self.here.env() as env:
            return bool(
                env["product.product"].search_count(
                    [("default_code", "=like", f"{PREFIX}-%")], limit=1
                )
            )

    def emulator(self, call, **args):
        """Like world.Emulator.call, for what takes minutes."""
        body = json.dumps({"shop": world.SHOP, "call": call, "args": args}).encode()
        with urllib.request.urlopen(self._address, body, timeout=900) as answer:
            return json.load(answer)["result"]

    def _load_odoo(self) -> None:
        count = self.count
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

    def go_on_until_done(self, scan) -> float:
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
            self.emulator("work_bulk")
            shopify += time.monotonic() - started

    def floor(self, scan) -> float:
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
