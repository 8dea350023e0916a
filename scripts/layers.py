"""Checks who imports what: the layers of the add-on, by reading every import statement.

Exit code 1 and one line a breach. Relative imports are resolved, so `from ..api import x`
inside core is seen as what it is.
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDON = ROOT / "shopify_connector"

ODOO = {
    "odoo",
    "babel",
    "psycopg2",
    "werkzeug",
    "lxml",
    "dateutil",
    "pytz",
    "markupsafe",
}
SIDE_EFFECTS = {
    "io",
    "logging",
    "os",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "threading",
    "time",
    "urllib.request",
    "http",
}
ITSELF = {"core", "api", "models", "controllers", "wizards"}
STDLIB = sys.stdlib_module_names

# folder -> (our own parts it may import, third parties, standard modules it may not)
RULES = {
    "core": ({"core"}, set(), SIDE_EFFECTS),
    "api": ({"api"}, {"requests", "urllib3", "shopify", "pyactiveresource"}, set()),
    "models": ({"core", "api", "models"}, ODOO, {"urllib.request"}),
    "controllers": (
        {"api.signature", "controllers", "models"},
        ODOO,
        {"urllib.request"},
    ),
    "wizards": ({"wizards", "models"}, ODOO, {"urllib.request"}),
    "report": ({"report", "models"}, ODOO, {"urllib.request"}),
}
EMULATOR = (set(), {"graphql"}, set())


def imports(path: Path, package: str):
    """(line, absolute dotted name) of every import; ours start with the layer's name."""
    tree = ast.parse(path.read_text(), str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            base = node.module or ""
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            parts = parts[: len(parts) - node.level + 1]
            base = ".".join([*parts, *((node.module or "").split("."))]).strip(".")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def within(name: str, allowed: set) -> bool:
    return any(name == each or name.startswith(each + ".") for each in allowed)


def breach(name: str, rule) -> bool:
    ours, third, banned = rule
    name = name.removeprefix("odoo.addons.shopify_connector.")
    top = name.split(".")[0]
    if top in ITSELF or top == "shopify_connector":
        return not within(name, ours)
    if within(name, banned):
        return True
    return top not in STDLIB and top not in third


def check(folder: Path, package: str, rule):
    for path in sorted(folder.rglob("*.py")):
        inner = path.parent.relative_to(folder).parts
        for line, name in imports(path, ".".join([package, *inner])):
            if breach(name, rule):
                yield f"{path.relative_to(ROOT)}:{line}: {package} may not import {name}"


def emulator_breaches():
    folder = ROOT / "tests" / "emulator"
    for path in sorted(folder.rglob("*.py")):
        if path.name.startswith("test_") or path.name == "conftest.py":
            continue
        inner = path.parent.relative_to(folder).parts
        for line, name in imports(path, ".".join(["emulator", *inner])):
            if name.split(".")[0] == "emulator" or name.startswith("tests.emulator"):
                continue
            if breach(name, EMULATOR):
                yield (
                    f"{path.relative_to(ROOT)}:{line}: the emulator may not import {name}"
                )


def main() -> int:
    found = list(emulator_breaches())
    for package, rule in RULES.items():
        found += check(ADDON / package, package, rule)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
