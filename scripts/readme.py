"""Joins readme/*.md into the module's README.rst and its page in the app list.

`--check` writes nothing and exits 1 if either is out of date. Understands the little
Markdown that the fragments use: paragraphs, lists, code, emphasis, links, tables.
"""

import re
import sys
from pathlib import Path

from docutils.core import publish_parts

ADDON = Path(__file__).resolve().parent.parent / "shopify_connector"
SECTIONS = {
    "DESCRIPTION": None,
    "INSTALL": "Installation",
    "CONFIGURE": "Configuration",
    "USAGE": "Usage",
    "CONTRIBUTORS": "Contributors",
}
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def inline(line: str) -> str:
    line = CODE.sub(r"``\1``", line)
    return LINK.sub(r"`\1 <\2>`__", line)


def to_rst(markdown: str) -> str:
    """Lists and paragraphs are the same in both; code blocks need an announcement."""
    lines, out, in_code = markdown.splitlines(), [], False
    indent_of_code = re.compile(r"^( {4,})\S")
    for number, line in enumerate(lines):
        code = indent_of_code.match(line)
        starts = code and not in_code and (number == 0 or not lines[number - 1].strip())
        if starts:
            base = code[1][: len(code[1]) - 4] if len(code[1]) > 4 else ""
            out += [f"{base}::", ""]
        in_code = bool(starts) or (in_code and (bool(code) or not line.strip()))
        out.append(line if in_code else inline(line))
    return "\n".join(out)


def readme() -> str:
    title = "Shopify Connector"
    rule = "=" * len(title)
    parts = [f"{rule}\n{title}\n{rule}"]
    for name, heading in SECTIONS.items():
        fragment = ADDON / "readme" / f"{name}.md"
        if not fragment.exists():
            continue
        if heading:
            parts.append(f"{heading}\n{'=' * len(heading)}")
        parts.append(to_rst(fragment.read_text().strip()))
    return "\n\n".join(parts) + "\n"


def page(rst: str) -> str:
    body = publish_parts(
        rst,
        writer_name="html5",
        settings_overrides={
            "report_level": 2,
            "halt_level": 2,
            "initial_header_level": 2,
        },
    )["html_body"]
    body = "\n".join(line.rstrip() for line in body.splitlines())
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8" />'
        f"<title>Shopify Connector</title></head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def main() -> int:
    rst = readme()
    wanted = {
        ADDON / "README.rst": rst,
        ADDON / "static" / "description" / "index.html": page(rst),
    }
    stale = [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text() != text
    ]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ADDON.parent)} is out of date: make docs")
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
