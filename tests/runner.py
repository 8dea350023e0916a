"""Odoo, its job runner and the emulator as real processes on a database of their own.

For promises that one process can't show: a worker that is killed, two that race, Odoo
that is down while webhooks arrive. Nothing here shares memory with what it watches:
Odoo is spoken to as the web client does, the emulator by its control address.

    with Runner("crash") as runner:
        runner.emulator.call("add_shop", name="demo")
        runner.start_odoo()
        runner.rpc("shopify.sync", "search_count", [])
        runner.kill_worker(pid)
        runner.wait_until(lambda: ..., "the order is in Odoo", seconds=60)
"""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class RpcError(Exception):
    """Odoo refused: the message for the user, and the traceback."""

    def __init__(self, message, debug=None):
        super().__init__(message)
        self.debug = debug


class TookTooLong(AssertionError):
    """A thing that was waited for did not happen; the message says what and where."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def run_script(env: dict, *arguments: str) -> str:
    """scripts/database.sh; its answer."""
    done = subprocess.run(
        [str(ROOT / "scripts" / "database.sh"), *arguments],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def environment() -> dict:
    """The variables that scripts/setup.sh wrote, over those of this process."""
    folder = Path(os.environ.get("L") or ROOT / ".local")
    text = (folder / "env").read_text()
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return env | dict(re.findall(r"(\w+)=(\S+)", text))


class Process:
    """A child in a session of its own, its output in a file."""

    def __init__(self, name: str, command: list, log: Path, env: dict, cwd=ROOT):
        self.name, self.log = name, log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )
        self.pid = self._child.pid

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def stop(self, seconds: float = 10) -> None:
        """End it with its children; SIGKILL for what doesn't listen."""
        for sign, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5)):
            try:
                os.killpg(self.pid, sign)
            except ProcessLookupError:
                break
            try:
                self._child.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        self._child.poll()

    def kill(self) -> None:
        """SIGKILL it and all its children at once, as a crash of the machine would."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._child.wait(10)

    def tail(self, lines: int = 40) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def wait_until(condition, what: str, seconds: float = 30, pause: float = 0.1, watch=()):
    """Ask `condition` until it is true and return its answer.

    watch: processes whose death ends the waiting, and whose last words are shown.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        dead = [process for process in watch if not process.alive]
        if dead or time.monotonic() > deadline:
            why = f"{dead[0].name} has died" if dead else f"{seconds:g} s are over"
            words = "\n".join(f"-- {p.log}\n{p.tail()}" for p in watch)
            raise TookTooLong(f"{why}, waiting for: {what}\n{words}")
        time.sleep(pause)


class EmulatorProcess(Process):
    """`python -m tests.emulator`, spoken to by its control address."""

    def __init__(self, log: Path, env: dict, port: int | None = None, arguments=()):
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.url_template = self.address + "/{shop}"
        command = [env["V"] + "/bin/python", "-m", "tests.emulator"]
        super().__init__(
            "the emulator", [*command, "--port", self.port, *arguments], log, env
        )

    def wait_ready(self, seconds: float = 30) -> None:
        def answers():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        wait_until(answers, "the emulator listens", seconds, watch=[self])

    def call(self, call: str, shop: str | None = None, **args):
        """Call a function of the emulator (shop None) or of a shop, by name."""
        body = json.dumps({"shop": shop, "call": call, "args": args}).encode()
        request = urllib.request.Request(
            self.address + "/_control",
            body,
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{call}: {error.read().decode()}") from error


class OdooProcess(Process):
    """An Odoo server with HTTP workers and the job runner, on one database."""

    def __init__(
        self, database, log, env, port=None, workers=2, jobs=2, options=(), addons=()
    ):
        self.database = database
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        env = env | {"ODOO_QUEUE_JOB_CHANNELS": f"root:{jobs}"}
        paths = ",".join(str(path) for path in [ROOT, *addons])
        # Started by its script, not by -m: with workers it starts itself again from
        # sys.argv[0].
        command = [env["V"] + "/bin/python", env["ODOO_BIN"], "-c", env["ODOO_CONF"]]
        command += [f"--addons-path={paths}", "-d", database]
        command += [f"--db-filter=^{re.escape(database)}$"]
        command += ["--load=base,rpc,web,queue_job", f"--workers={workers}"]
        command += ["--max-cron-threads=1", "--http-port", self.port]
        command += ["--gevent-port", free_port(), *options]
        super().__init__("Odoo", command, log, env)
        self._sessions = {}

    def wait_ready(self, seconds: float = 60) -> None:
        def answers():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                connection.request("GET", "/web/health")
                return connection.getresponse().status == 200
            except OSError:
                return False
            finally:
                connection.close()

        wait_until(answers, "Odoo answers", seconds, watch=[self])

    def rpc(self, model: str, method: str, *args, login="admin", password=None, **kw):
        """Call a public method as the web client does; password: the login itself.

        Raises RpcError with what the user would read.
        """
        params = {"model": model, "method": method, "args": list(args), "kwargs": kw}
        if login not in self._sessions:
            self._sessions[login] = self._log_in(login, password or login)
        path = f"/web/dataset/call_kw/{model}/{method}"
        return self._json(path, params, self._sessions[login])[0]

    def _log_in(self, login: str, password: str) -> str:
        params = {"db": self.database, "login": login, "password": password}
        _answer, cookies = self._json("/web/session/authenticate", params)
        return next(c for c in cookies if c.startswith("session_id=")).split(";")[0]

    def _json(self, path: str, params: dict, cookie: str = "") -> tuple:
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params})
        headers = {"Content-Type": "application/json", "Cookie": cookie}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.request("POST", path, body.encode(), headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        content = json.loads(text)
        if "error" in content:
            data = content["error"].get("data", {})
            raise RpcError(data.get("message"), data.get("debug"))
        return content.get("result"), answer.headers.get_all("Set-Cookie", [])

    def workers(self) -> list[int]:
        """Process IDs of its direct children: HTTP and cron workers, job runner."""
        listing = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.pid)],
            capture_output=True,
            text=True,
        )
        return [int(pid) for pid in listing.stdout.split()]


class Runner:
    """A database, an emulator and Odoo servers; all gone at the end.

    On failure the logs stay, and their place is in the error.
    """

    def __init__(self, name: str, template: str | None = None, emulator_arguments=()):
        self.env = environment()
        self.name = f"{name}_{os.getpid()}"
        self.template = template
        self.logs = Path(self.env["L"]) / "logs" / self.name
        self.odoos: list[OdooProcess] = []
        self.databases: list[str] = []
        self._emulator_arguments = emulator_arguments

    def __enter__(self):
        try:
            self.emulator = EmulatorProcess(
                self.logs / "emulator.log",
                self.env,
                arguments=self._emulator_arguments,
            )
            self.env["SHOPIFY_CONNECTOR_API_URL"] = self.emulator.url_template
            self.template = self.template or run_script(self.env, "installed")
            self.database = self.clone(f"run_{self.name}")
            self.emulator.wait_ready()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, trace):
        for process in [*self.odoos, getattr(self, "emulator", None)]:
            if process:
                process.stop()
        for database in self.databases:
            run_script(self.env, "drop", database)
        if kind is None:
            for log in self.logs.glob("*.log"):
                log.unlink()
            if self.logs.exists():
                self.logs.rmdir()
        else:
            print(f"logs of this run: {self.logs}", file=sys.stderr)

    def clone(self, name: str, source: str | None = None) -> str:
        """A further database, dropped at the end. `source` must have no connections."""
        run_script(self.env, "clone", name, source or self.template)
        self.databases.append(name)
        return name

    def start_odoo(self, database=None, **options) -> OdooProcess:
        """A server with workers and job runner; options as of OdooProcess."""
        log = self.logs / f"odoo{len(self.odoos)}.log"
        odoo = OdooProcess(database or self.database, log, self.env, **options)
        self.odoos.append(odoo)
        odoo.wait_ready()
        return odoo

    def rpc(self, model: str, method: str, *args, **kw):
        return self.odoos[0].rpc(model, method, *args, **kw)

    def sql(self, query: str, database: str | None = None) -> list[tuple]:
        """Rows as text, NULL as "". For looking from outside, past any session."""
        done = subprocess.run(
            ["psql", "-d", database or self.database, "-AtqF", "\x1f", "-c", query],
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return [tuple(line.split("\x1f")) for line in done.stdout.splitlines()]

    def kill_worker(self, pid: int) -> None:
        """SIGKILL one worker of a server started here; Odoo starts another."""
        assert any(pid in odoo.workers() for odoo in self.odoos), pid
        os.kill(pid, signal.SIGKILL)

    def wait_until(self, condition, what: str, seconds: float = 30, pause: float = 0.1):
        watch = [*self.odoos, self.emulator]
        return wait_until(condition, what, seconds, pause, watch)
