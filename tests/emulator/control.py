"""Control calls: the Python API of emulator and shop, over `POST /_control`.

{"shop": "demo", "call": "create_order", "args": {...}} -> {"result": ...} or
{"error": "..."} with status 400. Without "shop" the call is the emulator's.
"""

import json
from dataclasses import asdict, is_dataclass
from datetime import datetime

from .faults import Gate
from .graphql_http import Answer, _json
from .registry import MERCHANT
from .requests_log import Request
from .store import Shop

EMULATOR_CALLS = {"add_shop", "advance", "now", "reset", "digest", "bugs_text"}
SHOP_CALLS = {
    "snapshot", "digest", "refresh_index", "reset", "now", "timestamp",
}  # fmt: skip


def handle(emulator, body: bytes) -> Answer:
    try:
        asked = json.loads(body)
        result = call(emulator, asked.get("shop"), asked["call"], asked.get("args"))
        return _json(200, {"result": plain(result)})
    except Exception as error:  # the caller sees it: this is a test tool's front door
        return _json(400, {"error": f"{type(error).__name__}: {error}"})


def call(emulator, shop_name: str | None, name: str, args: dict | None):
    args = args or {}
    if shop_name is None:
        if name not in EMULATOR_CALLS:
            raise ValueError(f"no emulator call {name!r}")
        return getattr(emulator, name)(**args)
    shop = emulator.find_shop(shop_name)
    if shop is None:
        raise ValueError(f"no shop {shop_name!r}")
    if name not in SHOP_CALLS and name not in MERCHANT:
        raise ValueError(f"no call {name!r}")
    return getattr(shop, name)(**args)


def run_all(emulator, rows: list[dict]) -> list:
    answers, named = [], {}
    for row in rows:
        args = _filled(row.get("args") or {}, named)
        answers.append(call(emulator, row.get("shop"), row["call"], args))
        if "as" in row:
            named[row["as"]] = plain(answers[-1])
    return answers


def _filled(value, named: dict):
    """The value with every "@name.key.0" replaced by that part of an answer."""
    if isinstance(value, dict):
        return {key: _filled(inner, named) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, named) for inner in value]
    if not (isinstance(value, str) and value.startswith("@")):
        return value
    name, *path = value[1:].split(".")
    found = named[name]
    for part in path:
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


def plain(value):
    """A result as JSON: objects are dicts already."""
    if isinstance(value, Gate | Shop):
        return value.describe()
    if isinstance(value, Request):
        return value.as_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items() if not callable(v)}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)
