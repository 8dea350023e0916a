"""Tests: pure ones (core, api, contract, emulator) and those on a real Odoo (flows).

pytest finds every file by itself. Odoo's own runner sees only modules that this package
holds as attributes named test_*, so they are put there for it.
"""

import importlib
import pkgutil
import sys
from pathlib import Path

if __name__.startswith("odoo.addons.") and "pytest" not in sys.modules:
    for _found in pkgutil.iter_modules([str(Path(__file__).parent / "flows")]):
        if _found.name.startswith("test_"):
            globals()[_found.name] = importlib.import_module(
                f".flows.{_found.name}", __name__
            )
