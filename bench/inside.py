"""The parts that count within one Odoo process: `python -m bench.inside PART …`.

Prints one line of JSON. The emulator is another process, spoken to at its address.
"""

import argparse
import cProfile
import json
import pstats
import statistics
from contextlib import contextmanager

from bench import odoo_process, world
from bench.odoo_process import measured

RECORDS = [("name", "like", "Bench: records")]
MARKS = [("name", "like", "Bench: mark")]
STOCK = [("name", "like", "Bench: stock")]
BATCH = 20


class Bench:
    def __init__(self, options):
        self.options = options
        self.emulator = world.Emulator(options.emulator)
        self.here = odoo_process.OdooHere(options.database)
        self.store = options.store
        self.buyers = world.Buyers(self.emulator)

        self.profile = cProfile.Profile()
        self.warm = False

    @contextmanager
    def profiled(self):
        if not (self.options.profile and self.warm):
            yield
            return
        self.profile.enable()
        yield
        self.profile.disable()

    # --- making ---

    def prepare(self) -> dict:
        world.make_shop(self.emulator)
        self.store = world.make_store(self.here, self.emulator)
        with self.here.env() as env:
            key = env["shopify.backend"].browse(self.store).webhook_key
        self.here.drop_jobs([])
        return {"store": self.store, "key": key}

    # --- orders ---

    def orders(self) -> dict:
        """The floors are taken before and after, so that a drift shows in both."""
        self._warm_up()
        self.warm = True
        alone, floor, quiet = [], [], []
        for _each in range(self.options.singles):
            alone.append(self._connector([self.buyers.order()]))
            floor.append(self._bare(1))
            quiet.append(self._bare(1, tracking_disable=True))
        batches = [self._bare(BATCH) for _each in range(4)]
        requests = world.requests_so_far(self.emulator)
        gids = [self.buyers.order() for _each in range(self.options.orders)]
        backlog = self._connector(gids)
        read = world.requests_since(self.emulator, requests)
        batches += [self._bare(BATCH) for _each in range(4)]
        floor += [self._bare(1) for _each in range(self.options.singles // 4)]
        marks = self._marks()
        self._check(gids)
        return {
            "orders": len(gids),
            "alone": _middle(alone),
            "floor": _middle(floor),
            "quiet_floor": _middle(quiet),
            "batch_floor": _middle(batches),
            "backlog": backlog,
            "job_here": self._job_here(),
            "read": read,
            "marks": marks,
        }

    def _warm_up(self) -> None:
        gids = [self.buyers.order() for _each in range(world.CUSTOMERS)]
        self._connector(gids)
        self._connector([self.buyers.order()])
        self._check(gids)
        with self.here.env() as env:
            links = env["shopify.sale.order"].search([])
            self.models = [world.same_order(link.sale_order_id) for link in links]
            backend = env["shopify.backend"].browse(self.store)
            self.sync_user, self.lang = backend.sync_user_id.id, backend.lang
            self.company = backend.company_id.id
        self._bare(1)
        self._bare(BATCH)
        self.here.drop_jobs(MARKS)

    def _check(self, gids) -> None:
        with self.here.env() as env:
            links = env["shopify.sale.order"].search([("shopify_gid", "in", gids)])
            states = links.sale_order_id.mapped("state")
            if states != ["sale"] * len(gids):
                rows = env["shopify.sync"].search([("subject_key", "in", gids)])
                reasons = set(rows.mapped("reason_code"))
                raise AssertionError(
                    f"{len(states)} of {len(gids)} imported: {reasons}"
                )

    def _connector(self, gids) -> dict:
        world.trigger(self.here, self.store, gids)
        with self.profiled(), measured() as spent:
            jobs = self.here.run_jobs(RECORDS)
        return spent.per(len(gids)) | {"jobs": jobs / len(gids)}

    def _bare(self, count, **context) -> dict:
        """create + confirm + commit of the same orders, as the same user."""
        values = (self.models * count)[:count]
        self.models = self.models[1:] + self.models[:1]
        context |= {"lang": self.lang, "tz": "UTC"}
        context["allowed_company_ids"] = [self.company]
        with measured() as spent:
            with self.here.env(self.sync_user, **context) as env:
                # Odoo's own cost: without what the connector notes of stock.
                env.cr.precommit.data["shopify_connector.products"] = set()
                env["sale.order"].create(values).action_confirm()
        return spent.per(count)

    def _marks(self) -> dict:
        """Write the IDs of all that was imported since the warm-up."""
        before = world.requests_so_far(self.emulator)
        with self.here.env() as env:
            waiting = [("direction", "=", "mark"), ("subject_type", "=", "Order")]
            count = env["shopify.trigger"].search_count(waiting)
        with measured() as spent:
            self.here.run_jobs(MARKS)
        return {
            "orders": count,
            "spent": spent.per(1),
            "requests": world.requests_since(self.emulator, before),
        }

    def _job_here(self) -> float:
        """Processor ms of a job that does nothing, run as here."""
        with self.here.env() as env:
            env["res.currency"].bench_enqueue("nothing", 40)
        with measured() as spent:
            self.here.run_jobs([("method_name", "=", "bench_nothing")])
        return spent.per(40)["cpu_ms"]

    # --- stock ---

    def stock(self) -> dict:
        count = self.options.items
        with self.here.env() as env:
            flows = env["shopify.backend"].browse(self.store).flow_ids
            flows.filtered(lambda f: f.flow == "fulfilments").policy = "automatic"
            flows.filtered(lambda f: f.flow == "stock").policy = "automatic"
        links = world.link_products(
            self.here, self.emulator, self.store, count, "STOCK"
        )
        with self.here.env() as env:
            self._levels(env, links)._trigger("bench")
        self.here.run_jobs(STOCK)
        self.here.drop_jobs(MARKS)
        with self.here.env() as env:
            levels = self._levels(env, links)
            agreed = len(levels.filtered("is_agreed"))
            if agreed != count:
                reasons = set(env["shopify.sync"].search([]).mapped("reason_code"))
                raise AssertionError(f"{agreed} of {count} levels agreed: {reasons}")
            # What Odoo itself takes for a count is not what is measured here.
            env.cr.execute(
                "UPDATE stock_quant SET quantity = quantity - 3 WHERE quantity > 0"
                " AND product_id = ANY(%s)",
                [levels.product_id.ids],
            )
            levels._trigger("bench")
        requests = world.requests_so_far(self.emulator)
        with measured() as spent:
            jobs = self.here.run_jobs(STOCK)
        with self.here.env() as env:
            numbers = set(self._levels(env, links).mapped("on_hand_seen"))
        assert numbers == {997}, numbers
        return {
            "items": count,
            "jobs": jobs,
            "spent": spent.per(1),
            "requests": world.requests_since(self.emulator, requests),
        }

    def _levels(self, env, links):
        levels = env["shopify.stock.level"]
        return levels.search([("variant_link_id", "in", links)])


def _middle(runs: list[dict]) -> dict:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=["prepare", "orders", "stock"])
    parser.add_argument("--database", required=True)
    parser.add_argument("--emulator", required=True, help="its address")
    parser.add_argument("--store", type=int)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--singles", type=int, default=30)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--profile", help="write cProfile's listing to this file")
    options = parser.parse_args()
    bench = Bench(options)
    print(json.dumps(getattr(bench, options.part)()), flush=True)
    if options.profile:
        with open(options.profile, "w") as output:
            stats = pstats.Stats(bench.profile, stream=output)
            stats.sort_stats("cumulative").print_stats(150)
            stats.sort_stats("tottime").print_stats(60)


if __name__ == "__main__":
    main()
