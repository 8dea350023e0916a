"""`python -m bench`: all parts on one database, and the ratios they come to.

Each ratio compares two things measured in the same run on the same machine: the seconds
depend on the machine, the ratios hardly.
"""

import argparse
import json
import subprocess
import sys
import time

from bench import served
from bench.served import Served, percentile
from tests.runner import ROOT, Runner

PARTS = ("orders", "webhooks", "stock", "worksheet", "identity")


def say(text: str = "") -> None:
    print(text, flush=True)


def inside(runner, part: str, store: int | None = None, **options) -> dict:
    """Run a part in an Odoo process of its own; its answer."""
    return run_module(runner, ["bench.inside", part], store, **options)


def run_module(runner, module: list[str], store: int | None, **options) -> dict:
    command = [runner.env["V"] + "/bin/python", "-m", *module]
    command += ["--database", runner.database, "--emulator", runner.emulator.address]
    options["store"] = store
    for name, value in options.items():
        if value is not None:
            command += [f"--{name}", str(value)]
    done = subprocess.run(
        command, env=runner.env, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(module)} failed, see above")
    return json.loads(done.stdout.splitlines()[-1])


class Report:
    """Prints ratios beside their targets; `missed` counts those over."""

    def __init__(self):
        self.missed = 0

    def ratio(self, what: str, mine: float, floor: float, target: float) -> None:
        ratio = mine / floor
        self.missed += ratio > target
        verdict = "ok" if ratio <= target else "MISSED"
        say(
            f"  {what:<44} {mine:8.1f} ms / {floor:7.1f} ms"
            f" = {ratio:5.2f}  (target {target:g}) {verdict}"
        )

    def requests(self, what: str, found: dict, count: int, each: str) -> None:
        """found: {operation: [requests, points]}"""
        total = [sum(row[place] for row in found.values()) for place in (0, 1)]
        parts = ", ".join(f"{rows[0]} {name}" for name, rows in sorted(found.items()))
        say(
            f"  {what:<44} {total[0] / count:.3f} requests and"
            f" {total[1] / count:.1f} points {each} ({parts})"
        )


def report_orders(report: Report, found: dict, served_ms: float) -> None:
    """served_ms: processor time of a whole server for a job that does nothing. What it
    has over the same job run within the process is added to each job that ran there.
    """
    transport = max(0.0, served_ms - found["job_here"])
    alone, backlog = found["alone"], found["backlog"]
    floor, batch = found["floor"], found["batch_floor"]
    alone_ms = alone["cpu_ms"] + transport * alone["jobs"]
    backlog_ms = backlog["cpu_ms"] + transport * backlog["jobs"]
    say("orders of 3 lines with shipping, processor time of Odoo, without the mark")
    report.ratio("alone / bare create + confirm", alone_ms, floor["cpu_ms"], 1.5)
    what = f"in a backlog of {found['orders']} / bare, one by one"
    report.ratio(what, backlog_ms, floor["cpu_ms"], 0.8)
    what = f"in a backlog of {found['orders']} / bare, 20 at once"
    report.ratio(what, backlog_ms, batch["cpu_ms"], 1.5)
    say(
        f"  a job that does nothing: {served_ms:.1f} ms in a server,"
        f" {found['job_here']:.1f} ms here; the difference is in the above,"
        f" {found['orders'] * backlog['jobs']:.0f} jobs for the backlog"
    )
    say(f"  bare without mail tracking {found['quiet_floor']['cpu_ms']:.1f} ms")
    say(
        f"  SQL queries an order: alone {alone['queries']:.0f},"
        f" backlog {backlog['queries']:.0f}; bare {floor['queries']:.0f},"
        f" bare 20 at once {batch['queries']:.0f}"
    )
    report.requests("read", found["read"], found["orders"], "an order")
    marks = found["marks"]
    report.requests("mark", marks["requests"], marks["orders"], "an order")
    cpu = marks["spent"]["cpu_ms"] / marks["orders"]
    say(f"  mark, processor time {cpu:.1f} ms an order")


def report_webhooks(report: Report, found: dict) -> None:
    for state, label in (("idle", "idle"), ("busy", "all job slots busy")):
        say(f"webhook until answered, {label}")
        for name, share in (("p50", 0.50), ("p99", 0.99)):
            ours, floor = (
                1000 * percentile(found[state][side], share)
                for side in ("ours", "floor")
            )
            report.ratio(f"{name} / bare signed route", ours, floor, 1.5)


def report_stock(report: Report, found: dict) -> None:
    items, requests = found["items"], found["requests"]
    writes = requests.get("InventorySetQuantities", [0, 0])
    wanted = -(-items // 250)
    good = writes[0] == wanted
    report.missed += not good
    say(f"stock, {items} changed items of one location")
    say(
        f"  {writes[0]} mutations (target {wanted}) {'ok' if good else 'MISSED'},"
        f" {found['jobs']} jobs, {found['spent']['wall_ms'] / 1000:.1f} s, processor"
        f" {found['spent']['cpu_ms'] / items:.2f} ms and"
        f" {found['spent']['queries'] / items:.2f} SQL queries an item"
    )
    report.requests("read and written", requests, items, "an item")


def report_worksheet(found: dict) -> None:
    count, floor = found["variants"], found["floor"]
    say(f"worksheet of {count} variants and their products")
    say(
        f"  read and compared in {found['wall']:.1f} s, processor {found['cpu']:.1f} s,"
        f" {1000 * found['wall'] / count:.2f} ms a variant;"
        f" one SQL join {1000 * floor:.0f} ms = {found['wall'] / floor:.0f} times"
    )
    say(
        f"  peak memory {found['peak']:.0f} MB, before it began {found['before']:.0f} MB;"
        f" {1000 * found['queries'] / count:.0f} SQL queries a thousand variants"
    )
    say(f"  {_asked(found['requests'])}")


def report_identity(found: dict) -> None:
    """found: see bench.identity"""
    links, floor, gate = found["links"], found["floor"], found["gate"]
    say(f"{links} links of variants and products; one SQL join {1000 * floor:.0f} ms")
    say(
        f"  gates, one look at all of them: {1000 * gate['wall']:.0f} ms"
        f" = {gate['wall'] / floor:.1f} times, {gate['queries']} SQL queries"
    )
    for name in ("audit", "rebuild"):
        part = found[name]
        say(
            f"  {name}: {part['wall']:.1f} s, processor {part['cpu']:.1f} s"
            f" = {part['wall'] / floor:.0f} times,"
            f" {1000 * part['wall'] / links:.2f} ms a link;"
            f" peak memory {part['peak']:.0f} MB, before it {part['before']:.0f} MB;"
            f" {1000 * part['queries'] / links:.0f} SQL queries a thousand links"
        )
        say(f"    {_asked(part['requests'])}")


def _asked(requests: dict) -> str:
    total = [sum(row[place] for row in requests.values()) for place in (0, 1)]
    names = ", ".join(f"{n[0]} {name}" for name, n in sorted(requests.items()))
    return f"{total[0]} requests, {total[1]:.0f} points ({names})"


def arguments():
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--orders", type=int, default=500, help="size of the backlog")
    parser.add_argument("--singles", type=int, default=40, help="orders one by one")
    parser.add_argument("--webhooks", type=int, default=1000, help="of each kind")
    parser.add_argument("--items", type=int, default=1000, help="stock levels")
    parser.add_argument("--variants", type=int, default=100_000, help="catalogue")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    parts = options.only or PARTS
    started = time.monotonic()
    report = Report()
    with Runner("bench") as runner:
        served.install(runner)
        made = inside(runner, "prepare")
        server = Served(runner, **made)
        if "webhooks" in parts:
            report_webhooks(report, server.webhooks(options.webhooks))
        if "orders" in parts:
            job = server.job(100)
            found = inside(
                runner,
                "orders",
                made["store"],
                orders=options.orders,
                singles=options.singles,
            )
            report_orders(report, found, job)
        if "stock" in parts:
            found = inside(runner, "stock", made["store"], items=options.items)
            report_stock(report, found)
        if "worksheet" in parts:
            found = run_module(
                runner, ["bench.worksheet"], made["store"], variants=options.variants
            )
            report_worksheet(found)
        if "identity" in parts:
            found = run_module(
                runner, ["bench.identity"], made["store"], variants=options.variants
            )
            report_identity(found)
    say(f"{report.missed} targets missed; {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
