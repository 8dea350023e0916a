"""What of a request, an answer or an error may leave the company in a report for support.

Nothing is recognised as personal or secret here: only what is known to be neither is
kept (IDs, times, names of fields, codes, counts), all else becomes a mask. So a field
that Shopify adds tomorrow, or a value in an odd place, is masked too.
"""

import json
import re
from typing import Any

from .redact import MASK, secrets_in

# Longest answer or request kept, as JSON.
LONGEST = 20_000
TOO_LONG = "left out: too long"

_GID = re.compile(r"gid://shopify/[A-Za-z]{1,40}/[0-9]{1,20}\Z")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?\Z"
)
_RECORD = re.compile(r"[a-z_]+(?:\.[a-z_]+)+[ ,][0-9]{1,18}\Z")
# As Shopify's schema and our own code write names; a token has more digits.
_KEY = re.compile(r"(?:__)?[A-Za-z]{1,40}(?:_[A-Za-z]{1,40}){0,5}[0-9]{0,2}\Z")
_STEP = re.compile(rf"[0-9]{{1,3}}\Z|{_KEY.pattern}")
_CODE = re.compile(r"[A-Za-z_]{1,60}\Z")
_CONSTANT = re.compile(r"[A-Z][A-Z_]{2,60}\Z")
# In lower case: keys whose text is one of a list that Shopify or we wrote.
_CODE_KEYS = frozenset(
    {
        "__typename",
        "currencycode",
        "displayfinancialstatus",
        "displayfulfillmentstatus",
        "errorcode",
        "inventorypolicy",
        "kind",
        "namespace",
        "ownertype",
        "presentmentcurrencycode",
        "processingstatus",
        "requeststatus",
        "restocktype",
        "state",
        "status",
        "weightunit",
    }
)
_COUNT_KEYS = frozenset({"count", "elementindex", "first", "index", "last", "position"})
# Reason parameters that hold names of our own or of Shopify's making.
_PLAIN_PARAMS = frozenset(
    {
        "days",
        "expected",
        "fingerprint",
        "index",
        "operation",
        "request_id",
        "retry_after",
        "scope",
        "setting",
        "status",
        "times",
    }
)
_PLAIN = re.compile(r"[A-Za-z0-9_.:/@, -]{0,120}\Z")
# Keys of what a stop waits for, by what stands after the colon.
_PLAIN_WAITS = frozenset({"scope", "setting", "pricelist"})


def cleaned(value: Any) -> Any:
    """A copy of JSON-like data with its structure, IDs, times, codes and counts."""
    return _cleaned(value, "")


def _cleaned(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return _cleaned_entries(value)
    if isinstance(value, list | tuple):
        if key == "field":
            return [_if(_STEP, part) for part in value]
        return [_cleaned(each, key) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if _counts(key) and isinstance(value, int) else MASK
    return _cleaned_text(str(value), key)


def _cleaned_entries(value: dict) -> dict:
    found = {}
    for number, (key, entry) in enumerate(value.items(), 1):
        name = str(key)
        shown = name if _is_name(name) or _GID.match(name) else f"{MASK}{number}"
        if name == "code" and "message" in value:
            found[shown] = _if(_CONSTANT, entry)
        else:
            found[shown] = _cleaned(entry, name)
    return found


def _is_name(key: str) -> bool:
    return bool(_KEY.match(key)) and secrets_in(key) == key


def _cleaned_text(text: str, key: str) -> str:
    if not text or _GID.match(text) or _TIME.match(text):
        return text
    if key.lower() in _CODE_KEYS and _CODE.match(text):
        return text
    return text if _RECORD.match(text) else MASK


def _counts(key: str) -> bool:
    return key.lower() in _COUNT_KEYS or key.lower().endswith("quantity")


def _if(pattern: re.Pattern, value: Any) -> Any:
    text = str(value)
    return text if pattern.match(text) else MASK


def params(given: dict[str, Any]) -> dict[str, Any]:
    """A reason's parameters: what our own code or Shopify's schema named."""
    return {key: _param(key, value) for key, value in given.items()}


def _param(key: str, value: Any) -> Any:
    if key in _PLAIN_PARAMS and isinstance(value, str | int | float):
        return value if _PLAIN.match(str(value)) else MASK
    if key in ("error", "problem", "detail") and isinstance(value, str):
        return words(value)
    return cleaned(value)


def wait_key(key: str) -> str:
    """What a stop waits for: the kind, and the ID where it is one."""
    kind, _sep, value = key.partition(":")
    keeps = kind in _PLAIN_WAITS or _GID.match(value)
    return key if keeps and _PLAIN.match(value) else f"{kind}:{MASK}"


def short(value: Any) -> Any:
    """The value, or a note in its place where it is too long to be kept."""
    return value if len(json.dumps(value)) <= LONGEST else TOO_LONG


def about(data: Any, gid: str) -> Any:
    """Of an answer about many objects the parts about this one; all where none is."""
    found = list(_nodes_of(data, gid))
    return found or data


def _nodes_of(data: Any, gid: str):
    if isinstance(data, dict):
        if data.get("id") == gid:
            yield data
            return
        data = list(data.values())
    if isinstance(data, list):
        for each in data:
            yield from _nodes_of(each, gid)


# --- Errors ------------------------------------------------------------------------

_FRAME = re.compile(
    r'  File "(?P<file>[^"\n]+)", line (?P<line>\d+), in (?P<name>\S+)\Z'
)
_MARKS = re.compile(r"[\s~^]+\Z")
_HEADS = (
    "Traceback (most recent call last):",
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_ERROR = re.compile(
    r"(?P<type>(?:[a-z_0-9]+\.)*[A-Z][A-Za-z0-9]*(?:Error|Exception|Warning|Interrupt|"
    r"Violation|Failure|Review))(?P<rest>(?::.*)?)\Z"
)
_TOKEN = re.compile(r"gid://shopify/[A-Za-z]{1,40}/[0-9]{1,20}|\w+(?:[.'@+-]\w+)*")
_MASKS = re.compile(rf"{MASK}(?:\W{{0,3}}{MASK})+")
# Words that errors of Python, PostgreSQL, Odoo and HTTP are made of; none is a name.
_COMMON = frozenset(
    """
    a access after already an and answer argument arguments at attribute be because
    been before bool bytes call can cannot cant column connection constraint conversion
    could database dead deadlock denied detected dict division does due duplicate empty
    error exceeded exist exists expected failed field float for foreign found from got
    has have host in index input int integer invalid is item iterable key keyword lock
    literal missing modified must no none not null object of on only operand operator
    or out outcome positional range read record records refused relation required
    returned row serialize set singleton str string subscriptable supported table
    takes the timed timeout to too transaction tuple type types unexpected unhashable
    unique unknown unpack unsupported update value values violates was were with without
    worker write wrong zero
    """.split()
)
_KEPT = frozenset({"NoneType", "None", "True", "False"})


def words(text: str) -> str:
    """An error's message: its ordinary words and IDs, everything else masked."""

    def kept(match: re.Match) -> str:
        token = match[0]
        plain = token in _COMMON or token in _KEPT or _GID.match(token)
        return token if plain or _ERROR.match(token) else MASK

    return _MASKS.sub(MASK, _TOKEN.sub(kept, text))


def trace(text: str) -> list[str]:
    """A traceback's places and error types, line by line; messages as `words`."""
    lines, source = [], False
    for line in text.splitlines():
        frame = _FRAME.match(line)
        if frame:
            lines.append(_place(frame))
        elif source and line.startswith("    "):
            lines.append(line)
        elif line in _HEADS or _MARKS.match(line):
            lines.append(line)
        else:
            lines.append(_error_line(line))
        source = bool(frame)
    return lines


def _place(frame: re.Match) -> str:
    """Without the folders of this very machine."""
    path = "/".join(frame["file"].split("/")[-4:])
    return f'  File "{path}", line {frame["line"]}, in {frame["name"]}'


def _error_line(line: str) -> str:
    error = _ERROR.match(line)
    return f"{error['type']}{words(error['rest'])}" if error else words(line)


# --- Written -----------------------------------------------------------------------


def as_text(facts: Any, indent: int = 0) -> str:
    """A report for people's eyes: one fact a line, what belongs together indented."""
    return "\n".join(_lines(facts, indent))


def _lines(value: Any, indent: int):
    room = "  " * indent
    if isinstance(value, dict):
        for key, entry in value.items():
            if isinstance(entry, dict | list) and entry:
                yield f"{room}{key}:"
                yield from _lines(entry, indent + 1)
            else:
                yield f"{room}{key}: {_said(entry)}"
    else:
        for entry in value:
            if isinstance(entry, dict | list) and entry:
                first, *others = _lines(entry, indent + 1)
                yield f"{room}- {first.strip()}"
                yield from others
            else:
                yield f"{room}{_said(entry)}"


def _said(value: Any) -> str:
    return "-" if value in (None, "", [], {}) or value is False else str(value)
