"""The parts that need a whole Odoo server: webhooks, and what a job costs beside its
work."""

import base64
import hashlib
import hmac
import http.client
import json
import random
import statistics
import subprocess
import time
from pathlib import Path

import psycopg2

from tests.runner import ROOT, OdooProcess, wait_until

SECRET = b"secret-bench"
ADDONS = Path(__file__).parent / "addons"
SLOTS = 2
TICK = 100  # of /proc/<pid>/stat, per second


class Served:
    """Measures on one database, with servers of its own, one after another."""

    def __init__(self, runner, store: int, key: str):
        self._runner = runner
        self._store, self._key = store, key
        self._sent = 0

    def webhooks(self, count: int) -> dict:
        """Seconds of each answer: {"idle" | "busy": {"ours" | "floor": [seconds]}}.

        Idle: no job runs at all, but each webhook enqueues one. Busy: every slot works.
        """
        with self._server(jobs=0) as odoo:
            idle = self._both(odoo, count, clean=True)
        with self._server(jobs=SLOTS) as odoo:
            odoo.rpc("res.currency", "bench_enqueue", "busy", SLOTS, 600)
            self._wait_started(SLOTS)
            busy = self._both(odoo, count, clean=False)
            self._end_busy_jobs()
        return {"idle": idle, "busy": busy}

    def job(self, count: int) -> float:
        """Processor ms of all Odoo processes for a job that does nothing."""
        with self._server(jobs=SLOTS) as odoo:
            self._run_nothing(odoo, 20)
            before, started = _cpu(odoo.pid), time.monotonic()
            time.sleep(1)
            idle = (_cpu(odoo.pid) - before) / (time.monotonic() - started)
            before, started = _cpu(odoo.pid), time.monotonic()
            self._run_nothing(odoo, count)
            seconds = time.monotonic() - started
            return 1000 * (_cpu(odoo.pid) - before - idle * seconds) / count

    def _server(self, jobs: int):
        """workers ≥ job slots + 2, as the documentation asks for."""
        return _Stopped(
            OdooProcess(
                self._runner.database,
                self._runner.logs / "served.log",
                self._runner.env,
                workers=SLOTS + 2,
                jobs=jobs,
                addons=[ADDONS],
                options=["--log-level=warn"],
            )
        )

    # --- posting ---

    def _both(self, odoo, count: int, clean: bool) -> dict:
        """Alternately one of ours and one of the floor, so that both meet the same
        machine."""
        for _each in range(4 * (SLOTS + 2)):  # every worker has answered once
            self._post(odoo, "shopify/webhook")
            self._post(odoo, "bench/signed")
        found = {"ours": [], "floor": []}
        turns = ["ours", "floor"] * count
        random.Random(1).shuffle(turns)
        books = self._books()
        for turn in turns:
            if clean:
                books.execute("DELETE FROM queue_job WHERE state = 'pending'")
            path = "shopify/webhook" if turn == "ours" else "bench/signed"
            found[turn].append(self._post(odoo, path))
        return found

    def _books(self):
        """A cursor past Odoo, each statement committed at once."""
        connection = psycopg2.connect(dbname=self._runner.database)
        connection.autocommit = True
        return connection.cursor()

    def _post(self, odoo, path: str) -> float:
        """Seconds from connecting to the whole answer; every connection is new, as
        Odoo's workers close them."""
        self._sent += 1
        number = 7_000_000_000_000 + self._sent
        body = json.dumps(
            {"id": number, "admin_graphql_api_id": f"gid://shopify/Order/{number}"}
        ).encode()
        digest = hmac.new(SECRET, body, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-Shop-Domain": "bench.myshopify.com",
            "X-Shopify-Topic": "orders/updated",
            "X-Shopify-Webhook-Id": f"bench-{self._sent}",
        }
        address = f"/{path}/{self._store}/{self._key}/orders_updated"
        connection = http.client.HTTPConnection("127.0.0.1", odoo.port, timeout=60)
        started = time.perf_counter()
        connection.request("POST", address, body, headers)
        answer = connection.getresponse()
        answer.read()
        seconds = time.perf_counter() - started
        connection.close()
        assert answer.status == 200, (path, answer.status)
        return seconds

    # --- jobs ---

    def _run_nothing(self, odoo, count: int) -> None:
        odoo.rpc("res.currency", "bench_enqueue", "nothing", count)
        where = "method_name = 'bench_nothing' AND state <> 'done'"
        self._wait_jobs(where, 0, "the jobs that do nothing are done")

    def _wait_started(self, count: int) -> None:
        where = "method_name = 'bench_busy' AND state = 'started'"
        self._wait_jobs(where, count, "all job slots are busy")

    def _wait_jobs(self, where: str, count: int, what: str) -> None:
        query = f"SELECT count(*) FROM queue_job WHERE {where}"
        wait_until(lambda: self._runner.sql(query) == [(str(count),)], what, 60)

    def _end_busy_jobs(self) -> None:
        self._runner.sql("DELETE FROM queue_job WHERE method_name = 'bench_busy'")


class _Stopped:
    """A server, ready on entering and stopped on leaving."""

    def __init__(self, process):
        self._process = process

    def __enter__(self):
        try:
            self._process.wait_ready()
        except BaseException:
            self._process.stop()
            raise
        return self._process

    def __exit__(self, *_error):
        self._process.kill()


def install(runner) -> None:
    """Put the bench's add-on into the runner's database."""
    env = runner.env
    command = [env["V"] + "/bin/python", "-m", "odoo", "-c", env["ODOO_CONF"]]
    command += [f"--addons-path={ROOT},{ADDONS}", "-d", runner.database]
    command += ["-i", "shopify_bench", "--stop-after-init", "--no-http"]
    subprocess.run([*command, "--log-level=warn"], env=env, cwd=ROOT, check=True)


def percentile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=1000)[round(share * 1000) - 1]


def _cpu(pid: int) -> float:
    """Processor seconds of a process, its living children, and those reaped."""
    total = 0.0
    for each in [pid, *_children(pid)]:
        try:
            stat = Path(f"/proc/{each}/stat").read_text()
        except OSError:
            continue
        numbers = stat.rpartition(")")[2].split()
        total += sum(int(ticks) for ticks in numbers[11:13]) / TICK
    return total


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *_children(int(child))]
    return found
