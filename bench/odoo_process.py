"""This process as an Odoo: a registry, short environments, and jobs run as queue_job's
worker runs them, so that processor time and queries can be counted from within."""

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass

import odoo.init  # noqa: F401 - as Odoo's own commands start
from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.tools import config

ADDONS = os.path.join(os.path.dirname(__file__), "addons")


def open_registry(database: str):
    """Import after this the classes of add-ons, not before."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    config.parse_config(
        ["-c", os.environ["ODOO_CONF"], "-d", database, "--no-http"]
        + [f"--addons-path={root},{ADDONS}", "--log-level=warn"],
        setup_logging=True,
    )
    return Registry(database)


@dataclass
class Spent:
    """Processor seconds of this process, SQL queries and wall seconds."""

    cpu: float = 0.0
    queries: int = 0
    wall: float = 0.0

    def per(self, count: int) -> dict:
        return {
            "cpu_ms": 1000 * self.cpu / count,
            "queries": self.queries / count,
            "wall_ms": 1000 * self.wall / count,
        }


@contextmanager
def measured():
    spent = Spent()
    cpu, queries, wall = time.process_time(), sql_db.sql_counter, time.monotonic()
    yield spent
    spent.cpu = time.process_time() - cpu
    spent.queries = sql_db.sql_counter - queries
    spent.wall = time.monotonic() - wall


class OdooHere:
    """The registry of one database, with what the benches do with it."""

    def __init__(self, database: str):
        self.registry = open_registry(database)

    @contextmanager
    def env(self, user: int = SUPERUSER_ID, **context):
        """A new environment with empty caches, committed at the end: one request."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, user, context)

    def run_jobs(self, domain, limit: int | None = None) -> int:
        """Run pending jobs until there are none; how many ran."""
        done = 0
        while limit is None or done < limit:
            uuid = self._next(domain)
            if not uuid:
                break
            self._run(uuid)
            done += 1
        return done

    def _next(self, domain):
        with self.env() as env:
            ready = [("state", "=", "pending"), ("eta", "=", False)]
            job = env["queue.job"].search(domain + ready, limit=1, order="id")
            # The job runner, another process, marks a job before it hands it out.
            job.write({"state": "enqueued"})
            return job.uuid

    def _run(self, uuid):
        from odoo.addons.queue_job.controllers.main import RunJobController

        with self.env() as env:
            job = RunJobController._acquire_job(env, uuid)
            RunJobController._runjob(env, job)

    def drop_jobs(self, domain) -> None:
        with self.env() as env:
            env["queue.job"].search(domain).unlink()
