"""A running Odoo with its job runner, stores in it, and ways to hurt its workers.

with World("crash") as world:
    store = world.store("alpha", "products", "orders")
    store.shop("create_product", title="Cup", variants=[{"sku": "CUP"}])
    store.sync()
    store.links("shopify.product.template")
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.runner import ROOT, Runner, TookTooLong, environment, run_script

ADDONS = ROOT / "tests" / "addons"
POINTS_MODULE = "shopify_test_points"
# Server parameters of these tests, in seconds: what Shopify's silence is waited for.
SHORT = {"connect_timeout": 2, "read_timeout": 4, "verdict_wait": 1}


def make_template() -> str:
    """A template database that also has the test points, and no cron that runs.

    So a test shows what happens without ours, and then does what they do.
    """
    env = environment()
    name = f"points_{os.getpid()}"
    run_script(env, "clone", name, run_script(env, "installed"))
    command = [env["V"] + "/bin/python", "-m", "odoo", "-c", env["ODOO_CONF"]]
    command += [f"--addons-path={ROOT},{ADDONS}", "-d", name, "-i", POINTS_MODULE]
    command += ["--stop-after-init", "--no-http", "--log-level=warn"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        drop_template(name)
        raise AssertionError(done.stderr)
    query = "UPDATE ir_cron SET active = false"
    subprocess.run(["psql", "-d", name, "-Atqc", query], env=env, check=True)
    return name


def drop_template(name: str) -> None:
    run_script(environment(), "drop", name)


class World(Runner):
    """A runner whose server has the test points and short time-outs."""

    def __init__(self, name: str, template: str, **server):
        super().__init__(name, template)
        self._server = server
        self.keep_logs = False
        self.points = self.logs / "points"

    def __enter__(self):
        super().__enter__()
        try:
            self.points.mkdir(parents=True, exist_ok=True)
            self.env["SHOPIFY_TEST_POINTS"] = str(self.points)
            self.odoo = self.start(**self._server)
            self.set_parameters(**SHORT)
            self.set_web_address(self.odoo)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, trace):
        self.resume_all()
        if self.points.exists():
            for note in self.points.glob("*"):
                note.unlink()
            self.points.rmdir()
        if self.keep_logs:
            kind = kind or AssertionError
        super().__exit__(kind, error, trace)

    def start(self, database=None, workers=4, jobs=2, **options):
        return self.start_odoo(
            database, workers=workers, jobs=jobs, addons=[ADDONS], **options
        )

    def set_web_address(self, odoo) -> None:
        """Where Shopify sends this database's webhooks."""
        odoo.rpc("ir.config_parameter", "set_param", "web.base.url", odoo.address)

    def set_parameters(self, **seconds) -> None:
        for name, value in seconds.items():
            key = f"shopify_connector.{name}"
            self.odoo.rpc("ir.config_parameter", "set_param", key, str(value))

    def one(self, query: str, database=None):
        """The only value of the only row, as text."""
        rows = self.sql(query, database)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return rows[0][0]

    def number(self, query: str, database=None) -> int:
        return int(self.one(query, database))

    def wake(self) -> None:
        """What the minute cron does."""
        self.odoo.rpc("shopify.backend", "test_wake")

    def wait_awake(self, condition, what: str, seconds=30):
        """`wait_until`, doing the minute cron's work every three seconds: a wake-up may
        always be lost, and nobody here has a minute."""
        woken = time.monotonic()

        def awake():
            nonlocal woken
            answer = condition()
            if not answer and time.monotonic() - woken > 3:
                self.wake()
                woken = time.monotonic()
            return answer

        return self.wait_until(awake, what, seconds)

    def store(self, name: str, *flows: str, values=None, **shop) -> "Store":
        """A connected store of a new shop, its location mapped, these flows on."""
        return Store(self, name, flows, values or {}, shop)

    # --- workers ----------------------------------------------------------------------

    def ask(self, store: int, point: str, what: str, act: str) -> None:
        """Have the next worker that comes by killed, stopped or noted there."""
        name = f"{store}.{point}.{what.replace('/', '-')}"
        draft = self.points / f"draft.{name}"
        draft.write_text(act)
        draft.rename(self.points / name)

    def reached(self, store: int, point: str, what: str) -> int | None:
        """Process ID of the worker that came by, or None."""
        name = f"taken.{store}.{point}.{what.replace('/', '-')}."
        found = sorted(self.points.glob(name + "*"))
        return int(found[-1].name.rsplit(".", 1)[1]) if found else None

    def wait_point(self, store: int, point: str, what: str, call=None, seconds=60):
        """Process ID of the worker that came by; `call` is what sent it there."""

        def reached():
            if call and call.error and not self.reached(store, point, what):
                call.wait()
            return self.reached(store, point, what)

        text = f"a worker at {point} of {what} in store {store}"
        return self.wait_awake(reached, text, seconds)

    def forget_points(self, store: int) -> None:
        for note in self.points.glob(f"taken.{store}.*"):
            note.unlink()

    def kill(self, pid: int) -> None:
        """SIGKILL a worker, unless it is dead already, and wait until it is gone."""
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: not alive(pid), f"worker {pid} is gone", 10)

    def stop(self, pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)

    def resume(self, pid: int) -> None:
        os.kill(pid, signal.SIGCONT)

    def resume_all(self) -> None:
        """No test may leave a stopped worker behind: it would not hear its end."""
        for odoo in self.odoos:
            for pid in odoo.workers():
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    continue

    def cut_connections(self, pid: int) -> int:
        """End the database sessions of a worker that stands at a point; how many."""
        notes = list(self.points.glob(f"taken.*.{pid}"))
        sessions = max(notes, key=os.path.getmtime).read_text() or "0"
        return self.number(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            f" WHERE pid IN ({sessions})"
        )


def alive(pid: int, stopped_too=True) -> bool:
    """A child that ended and was not yet waited for isn't."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in ("ZX" if stopped_too else "ZXTt")


class Store:
    """A shop of the emulator and the store in Odoo that is connected to it."""

    def __init__(self, world: World, name: str, flows, values: dict, shop: dict):
        self.world, self.name = world, name
        self.client_id, self.secret = f"client-{name}", f"secret-{name}"
        shop = {"currency": "USD", "taxesIncluded": False, "plan": "Plus"} | shop
        world.emulator.call(
            "add_shop",
            name=name,
            client_id=self.client_id,
            client_secret=self.secret,
            **shop,
        )
        self.domain = f"{name}.myshopify.com"
        values = {
            "name": name,
            "shop_domain": self.domain,
            "client_id": self.client_id,
            "client_secret": self.secret,
            "product_policy": "create",
            **values,
        }
        self.id = self.rpc("shopify.backend", "create", [values])[0]
        # Before connecting: so nothing is listed or subscribed to twice.
        self.switch_on(*flows)
        self.connect()
        self.map_location()

    # --- set-up -----------------------------------------------------------------------

    @property
    def own(self) -> str:
        """This store's rows, as a condition in SQL."""
        return f"backend_id = {self.id}"

    @property
    def own_jobs(self) -> str:
        """The same for jobs. Their records are JSON written into a JSON text."""
        return (
            "model_name = 'shopify.backend'"
            f" AND (records #>> '{{}}')::jsonb->'ids' = '[{self.id}]'"
        )

    def rpc(self, model: str, method: str, *args, **kw):
        return self.world.odoo.rpc(model, method, *args, **kw)

    def connect(self) -> None:
        self.rpc("shopify.backend", "action_connect", [self.id])

    def map_location(self) -> None:
        mapping = "shopify.mapping.location"
        rows = self.rpc(mapping, "search", [("backend_id", "=", self.id)])
        warehouse = self.rpc("shopify.backend", "read", [self.id], ["company_id"])
        company = warehouse[0]["company_id"][0]
        found = self.rpc("stock.warehouse", "search", [("company_id", "=", company)])
        self.rpc(mapping, "write", rows[:1], {"warehouse_id": found[0]})

    def switch_on(self, *flows: str, policy="automatic") -> None:
        domain = [("backend_id", "=", self.id), ("flow", "in", flows)]
        rows = self.rpc("shopify.flow", "search", domain)
        # Nothing is linked in a new world, and that is not what is tested here.
        anyway = {
            "gate_override_reason": "A new world",
            "gate_override_until": "9999-12-31",
        }
        self.rpc("shopify.flow", "write", rows, {"policy": policy, **anyway})

    def pause(self, flow: str) -> None:
        """What happens is noted, and done after `resume`."""
        self.world.sql(
            "UPDATE shopify_flow SET paused_at = now() AT TIME ZONE 'UTC'"
            f" WHERE {self.own} AND flow = '{flow}'"
        )

    def resume(self, flow: str) -> None:
        domain = [("backend_id", "=", self.id), ("flow", "=", flow)]
        rows = self.rpc("shopify.flow", "search", domain)
        self.rpc("shopify.flow", "action_resume", rows)

    # --- Shopify's side ----------------------------------------------------------------

    def shop(self, call: str, **args):
        return self.world.emulator.call(call, self.name, **args)

    def product(self, sku: str, stock=50, **values) -> dict:
        values = {"title": f"Product {sku}", **values}
        variant = {"sku": sku, "price": "10.00", "stock": stock}
        return self.shop("create_product", variants=[variant], **values)

    def order(self, *skus: str, email="ada@example.com", **values) -> dict:
        lines = [{"variant": sku, "quantity": 1} for sku in skus]
        address = {
            "firstName": "Ada",
            "lastName": "Byron",
            "address1": "1 Main Street",
            "city": "Springfield",
            "zip": "62701",
            "countryCode": "US",
        }
        values = {"email": email, "shipping_address": address, **values}
        return self.shop("create_order", lines=lines, **values)

    def graphql(self, query: str, **variables) -> dict:
        """Ask the shop as the app itself, past Odoo."""
        token = self._post(
            f"/{self.domain}/admin/oauth/access_token",
            {
                "client_id": self.client_id,
                "client_secret": self.secret,
                "grant_type": "client_credentials",
            },
        )["access_token"]
        path = f"/{self.domain}/admin/api/2026-10/graphql.json"
        body = {"query": query, "variables": variables}
        answer = self._post(path, body, {"X-Shopify-Access-Token": token})
        assert "errors" not in answer, answer
        return answer["data"]

    def _post(self, path: str, body: dict, headers=None) -> dict:
        port = self.world.emulator.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Content-Type": "application/json", **(headers or {})}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def mutations(self, name: str) -> int:
        """How often the shop carried out mutations of this root field."""
        return self.shop("applied").count(name)

    def marks(self, gid: str) -> dict:
        """{"id": …, "proof": …} as they stand in Shopify, proof read as JSON."""
        found = self.shop("get_object", gid=gid)["_metafields"]
        marks = {key.rsplit(".", 1)[1]: value for key, value in found.items()}
        if "proof" in marks:
            marks["proof"] = json.loads(marks["proof"])
        return marks

    # --- webhooks, as Shopify sends them ----------------------------------------------

    def webhook(self, topic: str, gid: str, delivery=None, odoo=None) -> float:
        """Send one, signed; seconds until its answer. It must be taken."""
        number = int(gid.rsplit("/", 1)[1])
        body = json.dumps({"admin_graphql_api_id": gid, "id": number}).encode()
        digest = hmac.new(self.secret.encode(), body, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-Shop-Domain": self.domain,
            "X-Shopify-Webhook-Id": delivery or str(uuid.uuid4()),
            "X-Shopify-Topic": topic.lower(),
        }
        odoo = odoo or self.world.odoo
        path = f"/shopify/webhook/{self.id}/{self.webhook_key}/{topic.lower()}"
        connection = http.client.HTTPConnection("127.0.0.1", odoo.port, timeout=60)
        started = time.monotonic()
        try:
            connection.request("POST", path, body, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
        assert status == 200, f"webhook answered {status}"
        return time.monotonic() - started

    def webhook_in_background(self, topic: str, gid: str) -> "InBackground":
        return InBackground(lambda: self.webhook(topic, gid))

    @property
    def webhook_key(self) -> str:
        query = f"SELECT webhook_key FROM shopify_backend WHERE id = {self.id}"
        return self.world.one(query)

    # --- work -------------------------------------------------------------------------

    def read_all(self) -> None:
        """Ask for a sync of all that differs, as the button Sync Now does."""
        self.rpc("shopify.backend", "action_sync_now", [self.id])

    def hold(self, operation: str, point="before", times=1) -> "Held":
        """Stop the next requests of this operation at a point within Shopify."""
        return Held(self, operation, point, times)

    def unfinished(self) -> list:
        """What is still to do now: triggers, rows due, jobs that run or could.

        Not the job of a worker that died or stands still: queue_job takes up to a
        minute to see that it is given up.
        """
        paused = (
            f"SELECT flow FROM shopify_flow WHERE {self.own} AND paused_at IS NOT NULL"
        )
        runs = f" AND flow NOT IN ({paused})"
        found = self.world.sql(
            f"SELECT 'trigger', cause, 0 FROM shopify_trigger WHERE {self.own}{runs}"
            " UNION ALL"
            f" SELECT 'due', subject_key, 0 FROM shopify_sync WHERE {self.own}{runs}"
            " AND state = 'waiting'"
            " UNION ALL"
            f" SELECT state, name, worker_pid FROM queue_job WHERE {self.own_jobs}"
            " AND (state IN ('enqueued', 'started') OR (state = 'pending'"
            " AND (eta IS NULL OR eta <= now() AT TIME ZONE 'UTC')))"
        )
        return [
            (kind, what)
            for kind, what, pid in found
            if kind != "started" or (pid and alive(int(pid), stopped_too=False))
        ]

    def jobs(self, state: str) -> int:
        return self.world.number(
            f"SELECT count(*) FROM queue_job WHERE {self.own_jobs}"
            f" AND state = '{state}'"
        )

    def wait_no_jobs(self, seconds=30) -> None:
        """Until no job of this store runs or could, whatever is left to do."""
        self.world.wait_until(
            lambda: all(kind in ("trigger", "due") for kind, _of in self.unfinished()),
            f"store {self.name} has no job",
            seconds,
        )

    def wait_idle(self, seconds=60, rest=0.5) -> None:
        """Until nothing has been to do for `rest` seconds."""
        quiet_since = None

        def idle():
            nonlocal quiet_since
            if self.unfinished():
                quiet_since = None
                return False
            quiet_since = quiet_since or time.monotonic()
            return time.monotonic() - quiet_since >= rest

        try:
            self.world.wait_awake(idle, "nothing to do", seconds)
        except TookTooLong as error:
            jobs = self.world.sql(
                "SELECT state, eta, retry, result, exc_message, name FROM queue_job"
                f" WHERE {self.own_jobs} AND state <> 'done'"
            )
            left = {"left": self.unfinished(), "jobs": jobs, "open": self.open_writes()}
            raise TookTooLong(f"{self.name}: {left}\n{error}") from error

    def hurry(self) -> None:
        """Let the time pass that failed work and resting flows wait for."""
        due = "now() AT TIME ZONE 'UTC'"
        self.world.sql(
            f"UPDATE shopify_sync SET next_attempt_at = {due} WHERE id IN ("
            f" SELECT id FROM shopify_sync WHERE {self.own} AND state = 'waiting'"
            f" AND next_attempt_at > {due} FOR NO KEY UPDATE SKIP LOCKED)"
        )
        self.world.sql(
            f"UPDATE shopify_flow SET rests_until = {due} WHERE id IN ("
            f" SELECT id FROM shopify_flow WHERE {self.own}"
            f" AND rests_until > {due} FOR NO KEY UPDATE SKIP LOCKED)"
        )

    def wait_idle_hurrying(self, seconds=60) -> None:
        """Until nothing is left to do, not even later."""
        self.world.wait_until(
            lambda: self.hurry() or not self._left_in(4),
            f"store {self.name} has nothing to do, now or later",
            seconds,
            pause=1,
        )

    def _left_in(self, seconds: float) -> list:
        """What is still to do after so many seconds."""
        try:
            self.wait_idle(seconds)
        except TookTooLong:
            return self.unfinished()
        paused = f"SELECT flow FROM shopify_flow WHERE {self.own} AND rests_until IS NOT NULL"
        return self.world.sql(paused)

    def wait_quiet(self, seconds=60) -> None:
        """Until Shopify has nothing more to tell either."""
        assert self.shop("wait_webhooks", timeout=seconds)
        self.wait_idle(seconds)

    def sync(self, seconds=60) -> None:
        self.read_all()
        self.wait_idle(seconds)

    def syncs(self, direction=None, type=None) -> dict:
        """{subject's key: (state, outcome or reason)}"""
        more = f" AND direction = '{direction}'" if direction else ""
        more += f" AND subject_type = '{type}'" if type else ""
        rows = self.world.sql(
            "SELECT subject_key, state, coalesce(reason_code, outcome)"
            f" FROM shopify_sync WHERE backend_id = {self.id}{more}"
        )
        return {key: (state, why) for key, state, why in rows}

    def wait_imported(self, gid: str, seconds=30) -> None:
        """Until a subject's run has ended, whatever else goes on."""
        self.world.wait_awake(
            lambda: gid in self.syncs("in"), f"{gid} was read by Odoo", seconds
        )

    def read_at(self, gid: str) -> str:
        """Shopify's `updatedAt` that was read with the last import."""
        return self.world.one(
            f"SELECT remote_updated_at FROM shopify_sync WHERE {self.own}"
            f" AND direction = 'in' AND subject_key = '{gid}'"
        )

    def updated_at(self, gid: str) -> str:
        return self.shop("get_object", gid=gid)["updatedAt"]

    def states(self, direction: str) -> set:
        """{(type, state)} of its subjects."""
        rows = self.world.sql(
            "SELECT DISTINCT subject_type, state FROM shopify_sync"
            f" WHERE {self.own} AND direction = '{direction}'"
        )
        return {(kind, state) for kind, state in rows}

    def resting(self, pid: int) -> bool:
        """Whether this worker has no connection to the database that works."""
        busy = self.world.number(
            "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle'"
            f" AND application_name = 'odoo-{pid}'"
        )
        jobs = self.world.number(
            "SELECT count(*) FROM queue_job WHERE state = 'started'"
            f" AND worker_pid = {pid}"
        )
        return not busy and not jobs

    def links(self, model: str) -> dict:
        """{GID: Odoo ID} of one kind of link."""
        table = model.replace(".", "_")
        column = {"shopify.sale.order": "sale_order_id"}.get(model, "odoo_id")
        rows = self.world.sql(
            f"SELECT shopify_gid, {column} FROM {table} WHERE backend_id = {self.id}"
            " AND shopify_gid IS NOT NULL"
        )
        assert len({gid for gid, _odoo in rows}) == len(rows), rows
        return {gid: int(odoo) for gid, odoo in rows}

    def open_writes(self) -> list:
        return self.world.sql(
            "SELECT operation, state, error FROM shopify_mutation"
            f" WHERE backend_ref = {self.id}"
            " AND state IN ('intent', 'unknown', 'applied')"
        )

    def runs(self, key: str, direction="in") -> int:
        """How many attempts at a subject came to an end."""
        return self.world.number(
            "SELECT count(*) FROM shopify_event WHERE kind = 'attempt'"
            f" AND backend_id = {self.id} AND subject_key = '{key}'"
            f" AND direction = '{direction}'"
        )

    def failed_jobs(self) -> list:
        return self.world.sql(
            "SELECT exc_name, exc_message FROM queue_job"
            f" WHERE {self.own_jobs} AND state = 'failed'"
        )

    def duplicates(self) -> list:
        """Records made twice on either side, as text; [] is what every test ends with."""
        found = self._doubled_orders() + self._doubled_products()
        for table in ("shopify_sale_order", "shopify_product_template"):
            rows = self.world.sql(
                f"SELECT shopify_gid, count(*) FROM {table}"
                f" WHERE backend_id = {self.id} GROUP BY 1 HAVING count(*) > 1"
            )
            found += [f"{table} {gid}: {count}" for gid, count in rows]
        return found

    def _doubled_orders(self) -> list:
        pricelist = f"(SELECT pricelist_id FROM shopify_backend WHERE id = {self.id})"
        rows = self.world.sql(
            "SELECT client_order_ref, count(*) FROM sale_order"
            f" WHERE pricelist_id = {pricelist} GROUP BY 1 HAVING count(*) > 1"
        )
        return [f"sale orders {name}: {count}" for name, count in rows]

    def _doubled_products(self) -> list:
        rows = self.world.sql(
            "SELECT default_code, count(*) FROM product_product"
            " WHERE active AND default_code IS NOT NULL"
            " GROUP BY 1 HAVING count(*) > 1"
        )
        return [f"products {sku}: {count}" for sku, count in rows]


class Held:
    """Requests that stand still within Shopify until released."""

    def __init__(self, store: Store, operation: str, point: str, times: int):
        self._store = store
        options = {"operation": operation, "point": point, "times": times}
        self._gate = store.shop("hold", **options)["gate"]
        self._what = f"{operation} at {point}"

    def wait(self, times=1, seconds=30) -> None:
        reached = self._store.shop(
            "wait_gate", gate=self._gate, timeout=seconds, times=times
        )
        assert reached, f"no {self._what} from {self._store.name} in {seconds} s"

    def release(self, apply=True) -> None:
        self._store.shop("release_gate", gate=self._gate, apply=apply)


# --- side by side -----------------------------------------------------------------------


def at_once(acts, workers=8) -> list:
    """Run these functions in threads; their answers in order. Errors are raised."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda act: act(), acts))


class InBackground:
    """A call in a thread whose end is asked for later."""

    def __init__(self, act):
        self.error = None
        self._act = act
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self._act()
        except Exception as error:
            self.error = error

    def wait(self, seconds=30) -> bool:
        """Wait for its end; whether the connection was lost. Raises other errors."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "the call did not come back"
        if isinstance(self.error, OSError | http.client.HTTPException):
            return True
        if self.error:
            raise self.error
        return False
