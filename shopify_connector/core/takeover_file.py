"""The lines of a CSV file, a piece of it at a time, from any place where a line begins.

A file may have a hundred thousand lines: whoever reads it keeps the place of the next one
and goes on there.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .matching import BLANKS

# A quote that is never closed would swallow the lines that follow it. No cell that a
# person wrote has as many lines.
MOST_LINES = 50


@dataclass(frozen=True)
class Place:
    """Where a line begins: its byte in the file, and the number that an editor shows."""

    offset: int = 0
    line: int = 1


@dataclass(frozen=True)
class Record:
    """A line that isn't blank, or several where a cell has line breaks.

    next: where the one after it begins. is_open: a quote in it isn't closed, so that
    its cells can't be told; it is taken as one cell.
    """

    line: int
    cells: tuple[str, ...]
    next: Place
    is_open: bool = False


@dataclass(frozen=True)
class Head:
    """What its first line says of a file. start: where the line after it begins."""

    columns: tuple[str, ...] = ()
    separator: str = ","
    start: Place = Place()


def read_head(chunks: Iterable[bytes]) -> Head:
    """A file separated by comma, semicolon or tab, whose first line names its columns.

    chunks: the file from its beginning, in pieces of any size.
    """
    lines = _Lines(chunks, Place())
    text = "\n"
    while text and not text.strip(BLANKS):
        lines.mark()
        text = next(lines, "")
    separator = max(",;\t", key=text.count)
    lines.go_back(0)
    record = next(_records(lines, separator), None)
    return Head(record.cells, separator, record.next) if record else Head()


def read_records(chunks: Iterable[bytes], separator: str, start: Place):
    """The file's lines from `start` on, as Records.

    chunks: the file from byte `start.offset` on, in pieces of any size.
    """
    return _records(_Lines(chunks, start), separator)


def _records(lines, separator) -> Iterator[Record]:
    while True:
        begin = lines.mark()
        try:
            # Anew each time: one that met an open quote is in the middle of a cell.
            cells = next(csv.reader(lines, delimiter=separator), None)
        except (_OpenQuote, csv.Error):
            text = lines.go_back(1)
            yield Record(begin.line, (text.strip(BLANKS),), lines.place, True)
            continue
        if cells is None:
            return
        trimmed = tuple(cell.strip(BLANKS) for cell in cells)
        if any(trimmed):
            yield Record(begin.line, trimmed, lines.place)


class _OpenQuote(Exception):
    """A cell goes on for longer than any does."""


class _Lines:
    """The lines of a file as text, each with "\\n" at its end; knows the place of the
    next one, and can go back within the record at hand."""

    def __init__(self, chunks, start):
        self._raw = _split(chunks)
        self._again = []
        self._taken = []
        self.place = start

    def __iter__(self):
        return self

    def __next__(self):
        raw = self._again.pop() if self._again else next(self._raw, None)
        if raw is None and not self._taken:
            raise StopIteration
        if raw is None or len(self._taken) >= MOST_LINES:
            # csv asks for one more line only within a cell.
            raise _OpenQuote
        self._taken.append(raw)
        self.place = Place(self.place.offset + len(raw), self.place.line + 1)
        return _text(raw, self.place.line == 2)

    def mark(self):
        """A record begins here."""
        self._taken = []
        return self.place

    def go_back(self, kept):
        """Give the lines since the mark again, but for so many; these as text."""
        own, others = self._taken[:kept], self._taken[kept:]
        self._again += reversed(others)
        self._taken = own
        self.place = Place(
            self.place.offset - sum(map(len, others)), self.place.line - len(others)
        )
        return "".join(_text(raw, self.place.line == 2) for raw in own)


def _text(raw: bytes, is_first: bool) -> str:
    """UTF-8, else Windows-1252, as Excel writes it."""
    try:
        text = raw.decode("utf-8-sig" if is_first else "utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    # PostgreSQL takes no NUL, and csv no second line end.
    return text.replace("\0", "\ufffd").rstrip("\r\n") + "\n"


_LINE_ENDS = re.compile(rb"(?<=\n)|(?<=\r)(?!\n)")


def _split(chunks) -> Iterator[bytes]:
    """Lines with their ends, whichever of the three ends they have."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        if rest.endswith(b"\r"):
            continue  # the "\n" may be to come
        *whole, rest = _LINE_ENDS.split(rest)
        yield from whole
    yield from filter(None, _LINE_ENDS.split(rest))
