"""Writes docs/reasons.md, the catalogue of reasons for people who don't read code.

`--check` writes nothing and exits 1 if the page is out of date.
"""

import importlib
import pkgutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "shopify_connector"))

from core import reasons  # noqa: E402
from core.reasons import Reason  # noqa: E402

PAGE = ROOT / "docs" / "reasons.md"
KINDS = {
    "temporary": "Passes by itself",
    "configuration": "Needs set-up",
    "permission": "Not allowed",
    "data": "Needs a decision",
    "conflict": "The two sides disagree",
    "defect": "Defect",
}
ROLES = {"finance": "finance team", "warehouse": "warehouse team"}
# What stands in the example for a parameter; each needs one.
EXAMPLES = {
    "amount": "4.00 EUR",
    "answered": "2026-07",
    "attribute": "Engraving",
    "buyer": "Ann Other",
    "candidate": "Shirt M (ID 41)",
    "candidates": "Shirt M (ID 41), Shirt M old (ID 57)",
    "cause": "the fiscal position EU",
    "company": "Other Ltd",
    "component": "the tip",
    "count": "120",
    "country": "XK",
    "currency": "SEK",
    "customer": "Ann Other",
    "data": "name and e-mail",
    "database": "another database",
    "days": "60",
    "domain": "my-store.myshopify.com",
    "error": "KeyError",
    "expected": "5",
    "field": "unit of measure",
    "fields": "shipping address, note",
    "file": "front.tiff",
    "found": "2",
    "gateway": "klarna",
    "host": "my-store.myshopify.com",
    "item": "SHIRT-M",
    "key": "SKU SHIRT-M",
    "last_run": "08:00",
    "limit": "100",
    "line": "SHIRT-M",
    "location": "“Rotterdam”",
    "missing": "a journal",
    "model": "contacts",
    "odoo_tax": "7.50",
    "odoo_total": "118.90",
    "oldest": "08:12",
    "open": "3",
    "operation": "create a fulfilment",
    "order": "#1042",
    "other": "Shirt (copy)",
    "others": "Shirt M old (ID 57)",
    "ours": "Shirt M (ID 41)",
    "owner_type": "orders",
    "problem": "the server is busy",
    "product": "Shirt",
    "record": "Order #1042",
    "rule": "Pay later",
    "schedule": "the comparison of both sides",
    "scope": "write_inventory",
    "service": "Express post",
    "setting": "Product for tips",
    "shipped": "2",
    "shipping": "Express post",
    "shop_currency": "SEK",
    "shopify_tax": "7.56",
    "shopify_total": "119.00",
    "since": "08:12",
    "state": "ZZ",
    "status": "on hold",
    "store_company": "My Company",
    "store_currency": "EUR",
    "summary": "create a sales order of 3 lines, 119.00 EUR",
    "target": "5",
    "tax": "VAT 21 %",
    "theirs": "Shirt M old (ID 57)",
    "times": "3",
    "topic": "orders/updated",
    "unit": "box of 12",
    "user": "Shopify Sync",
    "value": "42",
    "values": "S, s",
    "variant": "SHIRT-M",
    "variants": "SHIRT-M, SHIRT-L",
    "waiting": "900",
    "warehouses": "WH1, WH2",
    "why": "it was the wrong size",
}
# Where one name means something else in one reason.
SPECIAL = {"api_version_changed": {"expected": "2026-10"}}
HEAD = """# Why a sync stops

Generated from the catalogue (`make docs`); what *To review* says comes from the same
source. Each reason answers four questions: which record (the message names it), what is
missing, whether it passes by itself, and whether a retry is safe. *Weight* is from 0 to
100: the heavier, the higher it is listed; money and shipping add to it.
"""


def areas() -> dict[str, tuple[Reason, ...]]:
    """{what an area is about: its reasons}, in the catalogue's order."""
    found = {}
    for module in pkgutil.iter_modules(reasons.__path__):
        loaded = importlib.import_module(f"{reasons.__name__}.{module.name}")
        if hasattr(loaded, "REASONS"):
            found[loaded.__doc__.strip().rstrip(".")] = loaded.REASONS
    order = list(reasons.CATALOGUE)
    return dict(sorted(found.items(), key=lambda item: order.index(item[1][0].code)))


def example(text: str, reason: Reason) -> str:
    names = reason.params | {"record"}
    known = EXAMPLES | SPECIAL.get(reason.code, {})
    return text % {name: known.get(name) for name in names}


def entry(reason: Reason) -> str:
    lines = [f"### {reason.title}", "", f"> {example(reason.message, reason)}", ""]
    kind = KINDS[reason.nature]
    if reason.nature == "temporary":
        minutes = ", ".join(str(minute) for minute in reason.delays)
        kind += (
            f": tried again after {minutes} minutes unless Shopify names a time; after"
            f" {reason.max_attempts} tries a person is asked"
        )
    if reason.store_wide:
        kind += "; concerns the whole store, so the flow pauses"
    lines += [f"- Kind: {kind}.", f"- Retry: {example(reason.retry_text, reason)}"]
    if reason.fix != "none":
        role = ROLES.get(reason.owner_role, reason.owner_role)
        lines.append(f"- Fix: *{reason.fix_label}*, by the {role}.")
    else:
        lines.append("- Fix: nothing to do.")
    lines.append(f"- Weight: {reason.weight}. For support: `{reason.code}`.")
    return "\n".join(lines)


def page() -> str:
    parts = [HEAD.strip()]
    for about, entries in areas().items():
        parts.append(f"## {about}")
        parts += [entry(reason) for reason in entries]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    wanted = page()
    stale = not PAGE.exists() or PAGE.read_text() != wanted
    if "--check" in sys.argv:
        if stale:
            print(f"{PAGE.relative_to(ROOT)} is out of date: make docs")
        return int(stale)
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
