"""Shopify's search syntax as a tree: terms, AND, OR, NOT, parentheses.

`status:open AND (updated_at:>='2026-11-01T00:00:00Z' OR -tag:old) shirt`
"""

import re
from dataclasses import dataclass

from .errors import bad_request

TOKEN = re.compile(
    r"""\s*(?:
    (?P<open>\()|(?P<close>\))|
    (?P<word>AND\b|OR\b|NOT\b)|
    (?P<term>-?(?:[A-Za-z_][\w.$-]*:(?:>=|<=|>|<|=)?)?
        (?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s()]+))
    )""",
    re.VERBOSE,
)
TERM = re.compile(
    r"(?P<not>-)?(?:(?P<field>[A-Za-z_][\w.$-]*):)?(?P<op>>=|<=|>|<|=)?(?P<value>.*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Term:
    """`field` is "" for free text; `op` is one of = > < >= <=."""

    field: str
    op: str
    value: str


@dataclass(frozen=True)
class All:
    parts: tuple


@dataclass(frozen=True)
class Some:
    parts: tuple


@dataclass(frozen=True)
class Not:
    part: object


def parse(text: str):
    """The tree, or None for an empty query. Raises BAD_REQUEST on broken syntax."""
    tokens = _tokens(text)
    if not tokens:
        return None
    tree, rest = _some(tokens)
    if rest:
        raise bad_request(f"search syntax: unexpected {rest[0][1]!r} in {text!r}")
    return tree


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            raise bad_request(f"search syntax: {text[at:]!r}")
        tokens.append((found.lastgroup, found.group(found.lastgroup)))
        at = found.end()
    return tokens


def _some(tokens):
    part, tokens = _all(tokens)
    parts = [part]
    while tokens and tokens[0] == ("word", "OR"):
        part, tokens = _all(tokens[1:])
        parts.append(part)
    return (parts[0] if len(parts) == 1 else Some(tuple(parts))), tokens


def _all(tokens):
    part, tokens = _one(tokens)
    parts = [part]
    while tokens and tokens[0][0] != "close" and tokens[0] != ("word", "OR"):
        if tokens[0] == ("word", "AND"):
            tokens = tokens[1:]
        part, tokens = _one(tokens)
        parts.append(part)
    return (parts[0] if len(parts) == 1 else All(tuple(parts))), tokens


def _one(tokens):
    if not tokens:
        raise bad_request("search syntax: the query ends too early")
    (kind, text), rest = tokens[0], tokens[1:]
    if kind == "open":
        tree, rest = _some(rest)
        if not rest or rest[0][0] != "close":
            raise bad_request("search syntax: a parenthesis is not closed")
        return tree, rest[1:]
    if (kind, text) == ("word", "NOT"):
        tree, rest = _one(rest)
        return Not(tree), rest
    if kind != "term":
        raise bad_request(f"search syntax: unexpected {text!r}")
    return _term(text), rest


def _term(text: str):
    found = TERM.fullmatch(text)
    value = found["value"]
    if value[:1] in "'\"" and value[-1:] == value[:1] and len(value) > 1:
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    term = Term(found["field"] or "", found["op"] or "=", value)
    return Not(term) if found["not"] else term
