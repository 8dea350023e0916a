"""Named points in a worker's work, at which a test may kill, stop or only watch it.

The test asks by making a file in the folder that SHOPIFY_TEST_POINTS names:
`<store>.<point>.<what>` with the act as content (kill, stop, note). Whoever comes by
first takes it, so that each request is answered once: it becomes `taken.<…>.<process
ID>`, and holds the worker's database sessions. `<what>` is the operation with "-" for
"/".
"""

import os
import signal
import threading
from pathlib import Path

from odoo import sql_db


def folder():
    """Where requests are left, or None when no test asks for anything."""
    name = os.environ.get("SHOPIFY_TEST_POINTS")
    return Path(name) if name else None


def pass_point(store, point, what=""):
    """Do what a test asked for here, if any did."""
    if not folder():
        return
    asked = folder() / f"{store}.{point}.{what.replace('/', '-')}"
    mine = asked.with_name(f"mine.{asked.name}.{os.getpid()}")
    try:
        os.rename(asked, mine)
    except FileNotFoundError:
        return
    act = mine.read_text()
    mine.write_text(",".join(map(str, _sessions())))
    os.rename(mine, asked.with_name(f"taken.{asked.name}.{os.getpid()}"))
    if act == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif act == "stop":
        # To this very thread: it could run on for a while before another stops it.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def is_set(name):
    """Whether a test has switched this on, for all workers, until it is removed."""
    return bool(folder()) and (folder() / name).exists()


def _sessions():
    """Process IDs of the database sessions that this worker has open."""
    connections = sql_db._Pool._connections if sql_db._Pool else []
    return [cnx.info.backend_pid for cnx in connections if not cnx.closed]
