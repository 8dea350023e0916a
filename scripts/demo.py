"""A running Odoo with a connected example store: `make demo`.

Puts demo/store.json into the emulated Shopify and demo/odoo.json into a fresh database,
connects the two, syncs, and says where to look. Odoo and the emulator go on running.

--check   also compares both sides with demo/expected.json, syncs a second time, which
          must write nothing on either side, and stops everything; exit code 1 if
          anything differs
--stop    ends what an earlier demo left running
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

from scripts import demo_check
from scripts.demo_odoo import DemoOdoo
from tests.runner import (
    ROOT,
    EmulatorProcess,
    OdooProcess,
    environment,
    free_port,
    port_is_free,
    run_script,
    wait_until,
)

DATABASE = "demo"
EMULATOR_PORT, ODOO_PORT = 8089, 8069


def say(text: str) -> None:
    print(f"demo: {text}", flush=True)


class Demo:
    """The processes of one demo; their IDs are kept for the next one."""

    def __init__(self):
        self.env = environment()
        self.folder = Path(self.env["L"]) / "demo"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.processes = []

    def stop_earlier(self) -> None:
        for note in self.folder.glob("*.pid"):
            pid = int(note.read_text())
            if is_ours(pid):
                end(pid)
            note.unlink()

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.stop()
        for note in self.folder.glob("*.pid"):
            note.unlink()

    def _started(self, process, name: str):
        self.processes.append(process)
        (self.folder / f"{name}.pid").write_text(str(process.pid))
        return process

    # Both only begin to start: they do so side by side.

    def start_emulator(self):
        log = self.folder / "emulator.log"
        log.unlink(missing_ok=True)
        port = EMULATOR_PORT if port_is_free(EMULATOR_PORT) else free_port()
        self.emulator = self._started(EmulatorProcess(log, self.env, port), "emulator")
        self.env["SHOPIFY_CONNECTOR_API_URL"] = self.emulator.url_template

    def start_odoo(self):
        log = self.folder / "odoo.log"
        log.unlink(missing_ok=True)
        port = ODOO_PORT if port_is_free(ODOO_PORT) else free_port()
        self.odoo = self._started(
            OdooProcess(DATABASE, log, self.env, port, workers=4, jobs=2), "odoo"
        )


def is_ours(pid: int) -> bool:
    """Whether this process is one that a demo started here; IDs are used again."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False
    return "tests.emulator" in command or f"-d\0{DATABASE}\0" in command


def end(pid: int) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, sign)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + 10
        while is_ours(pid) and time.monotonic() < deadline:
            time.sleep(0.1)


# --- Shopify's side -----------------------------------------------------------------


def fill_shop(emulator, rows: list) -> None:
    """Run the calls of demo/store.json.

    A row is {"call", "args", "shop", "as"}. "as" names its answer; "@name.key.0" in a
    later row's arguments stands for a part of that answer.
    """
    known = {}
    for row in rows:
        args = resolved(row.get("args", {}), known)
        answer = emulator.call(row["call"], row.get("shop"), **args)
        if "as" in row:
            known[row["as"]] = answer


def resolved(value, known: dict):
    if isinstance(value, dict):
        return {key: resolved(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [resolved(each, known) for each in value]
    if not (isinstance(value, str) and value.startswith("@")):
        return value
    name, *path = value[1:].split(".")
    found = known[name]
    for step in path:
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


# --- The story ------------------------------------------------------------------------


def wait_idle(demo: Demo, odoo: DemoOdoo, what: str, quiet: float = 0.6) -> None:
    """Until nothing was unfinished for `quiet` seconds: a webhook may be under way."""
    started = last_busy = time.monotonic()

    def idle():
        nonlocal last_busy
        if odoo.unfinished():
            last_busy = time.monotonic()
        return time.monotonic() - last_busy > quiet

    wait_until(idle, what, 300, 0.2, [demo.odoo, demo.emulator])
    say(f"{what}: {last_busy - started:.1f} s")


def build(demo: Demo) -> DemoOdoo:
    """Everything up to the end of the first sync."""
    started = time.monotonic()
    say("starting the emulated Shopify, preparing the database")
    demo.start_emulator()
    run_script(demo.env, "clone", DATABASE, run_script(demo.env, "installed"))
    say("starting Odoo with its job runner")
    demo.start_odoo()
    demo.emulator.wait_ready()
    store = json.loads((ROOT / "demo" / "store.json").read_text())
    fill_shop(demo.emulator, store)
    demo.odoo.wait_ready()
    say("setting up Odoo")
    odoo = DemoOdoo(demo.odoo, json.loads((ROOT / "demo" / "odoo.json").read_text()))
    odoo.prepare()
    say("connecting the store")
    odoo.connect(next(row["args"] for row in store if row["call"] == "add_shop"))
    odoo.read_store()
    wait_idle(demo, odoo, "store read")
    odoo.switch_on("products", "customers")
    wait_idle(demo, odoo, "products and customers synced")
    odoo.count_stock()
    odoo.switch_on("orders")
    wait_idle(demo, odoo, "orders synced")
    odoo.switch_on("fulfilments", "stock")
    wait_idle(demo, odoo, "stock sent to Shopify")
    odoo.deliver()
    wait_idle(demo, odoo, "delivery sent to Shopify")
    say(f"ready after {time.monotonic() - started:.0f} s")
    return odoo


def summary(demo: Demo, odoo: DemoOdoo) -> None:
    for line in odoo.summary():
        say(line)
    say(f"Odoo:     {demo.odoo.address}/odoo")
    say("          admin / admin        sets up stores")
    say("          operator / operator  works the list Shopify > To review")
    say(f"Shopify:  {demo.emulator.address} (emulated)")
    say(f"Logs:     {demo.folder}/*.log")
    say("Stop it:  make demo ARGS=--stop")


def check(demo: Demo, odoo: DemoOdoo) -> int:
    expected = json.loads((ROOT / "demo" / "expected.json").read_text())
    problems = demo_check.end_state(odoo, demo.emulator, expected)
    wait_idle(demo, odoo, "nothing goes on", quiet=3)
    before = demo_check.traces(odoo, demo.emulator)
    problems += demo_check.first_sync_wrote(before)
    say(f"syncing a second time: {odoo.sync_everything()} subjects")
    wait_idle(demo, odoo, "second sync", quiet=3)
    problems += demo_check.nothing_written(
        before, demo_check.traces(odoo, demo.emulator)
    )
    for problem in problems:
        say(f"NOT AS EXPECTED: {problem}")
    say(f"check: {len(problems)} differences" if problems else "check: all as expected")
    return 1 if problems else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="verify, then stop")
    parser.add_argument("--stop", action="store_true", help="end an earlier demo")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    demo = Demo()
    demo.stop_earlier()
    if options.stop:
        return 0
    keep = False
    try:
        odoo = build(demo)
        summary(demo, odoo)
        if options.check:
            return check(demo, odoo)
        keep = True
        return 0
    except KeyboardInterrupt:
        return 130
    finally:
        if not keep:
            demo.stop()


if __name__ == "__main__":
    sys.exit(main())
