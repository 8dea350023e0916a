"""The worksheet for a whole store, against one SQL join of two loaded tables.

`python -m bench.worksheet --database … --emulator … --store …` prints one line of JSON.
This process is nothing but the worker: its own memory is what is measured.
"""

import argparse
import json
import time

from bench import odoo_process, world
from bench.catalog import UNKNOWN, Catalog, peak_mb
from bench.odoo_process import measured


class Worksheet:
    def __init__(self, options):
        self.options = options
        self.emulator = world.Emulator(options.emulator)
        self.here = odoo_process.OdooHere(options.database)
        self.catalog = Catalog(self.here, options.emulator, options.variants)

    def run(self) -> dict:
        count = self.catalog.count
        self.catalog.load()
        requests = world.requests_so_far(self.emulator)
        before = peak_mb()
        with self.here.env() as env:
            backend = env["shopify.backend"].browse(self.options.store)
            scan = backend._scan("matching", ["ProductVariant", "Product"]).id
        with measured() as spent:
            started = time.monotonic()
            shopify = self.catalog.go_on_until_done(scan)
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
            "floor": self.catalog.floor(scan),
            "requests": world.requests_since(self.emulator, requests),
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--emulator", required=True, help="its address")
    parser.add_argument("--store", type=int, required=True)
    parser.add_argument("--variants", type=int, default=100_000)
    print(json.dumps(Worksheet(parser.parse_args()).run()), flush=True)


if __name__ == "__main__":
    main()
