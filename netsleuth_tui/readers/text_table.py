"""Tables of text (CSV and its relatives): which character separates the cells, and the rows, some thousand at a time.

Cells are text here; what they mean is for others to say. The rows come from Python's csv module (RFC 4180, and what tshark writes without
any quotes). Where quotes do not pair, or a line is too long, that is said, and costs no other line.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.damage import BadLine, Damage
from netsleuth_tui.readers.extended_log import ExtendedLog, names_of_log
from netsleuth_tui.readers.limits import LONGEST_LINE, TABLE_BLOCK
from netsleuth_tui.readers.opened import OpenedFile
from netsleuth_tui.readers.sources import Source

__all__ = ["TableRows", "TextTable"]

_DELIMITERS = "\t;|,"
"""In the order in which they are believed: times have commas, lists in cells have semicolons. Without any of them it is a space."""
_QUOTED = re.compile(r'"[^"]*"|(?<![^\t;|, ])\'[^\']*\'')
_LINES_LOOKED_AT = 32
_SAMPLE = 64 << 10


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows that follow each other.

    Args:
        rows: Their cells; empty lines are left out.
        lines: The line of the text in which each begins, from 1, int64.
        offsets: Where that line begins in the (decompressed) text as UTF-8, uint64.
    """

    rows: list[list[str]]
    lines: NDArray[np.int64]
    offsets: NDArray[np.uint64]


class TextTable(OpenedFile):
    """An open table.

    Args:
        name: The path as it was given.
        disk: The bytes on disk.
        source: The bytes of the table: `disk` itself or what it expands to.
        compression: What it is compressed with.
    """

    format = "csv"
    drops = 0

    def __init__(self, name: str, disk: Source, source: Source, compression: str) -> None:
        super().__init__(name, disk, source, compression)
        self._decoder: codecs.IncrementalDecoder | None = None
        self._text = b""
        self._base = 0
        self._line = 1
        self._read = 0
        self._has_ended = False
        while not self._shows_rows() and len(self._text) < _SAMPLE and self._fill(_SAMPLE):
            pass
        lines = self._text[:_SAMPLE].decode("utf-8", "replace").split("\n")
        whole = lines[:-1] if len(lines) > 1 else lines
        self._quote = "'" if any(line.startswith("'") for line in whole[:2]) else '"'
        self.delimiter = _delimiter_of([_QUOTED.sub("", line) for line in whole[:_LINES_LOOKED_AT] if line.strip()])
        names = names_of_log(whole)
        self._log = ExtendedLog(names) if names else None
        rows = ExtendedLog(names).rows(whole) if names else map(self._cells, whole[:_LINES_LOOKED_AT])
        self.sample: list[list[str]] = [row for row in rows if row][:_LINES_LOOKED_AT]
        """The first rows, which are still to come."""

    @property
    def is_extended(self) -> bool:
        """Whether it is a log in the W3C extended form, whose first row is what `#Fields:` names."""
        return self._log is not None

    @property
    def notes(self) -> list[str]:
        """What else to know, so far."""
        of_source = self._disk.notes if self._source is self._disk else self._disk.notes + self._source.notes
        return of_source + self._log.notes if self._log is not None else of_source

    def blocks(self) -> Iterator[TableRows]:
        """All rows, once, in the order of the file; a stream's as they come."""
        try:
            while True:
                end = self._text.rfind(b"\n") + 1
                if self._has_ended:
                    is_open = self._disk.grown or self._disk.is_stopped  # the last line of a file that grows is not yet written
                    end = end if is_open else len(self._text)
                elif not end and len(self._text) > LONGEST_LINE:
                    self._pass_over_line()
                    continue
                waits = self._log is None and self._text.count(self._quote.encode(), 0, end) % 2 and len(self._text) < TABLE_BLOCK
                if end and (self._has_ended or not waits):
                    yield self._take(end)
                if self._has_ended:
                    break
                self._fill(TABLE_BLOCK)
            if self.failure:
                self.damage.append(Damage(self._base + len(self._text), self.failure))
            self.note_growth()
        finally:
            self.close()

    def _shows_rows(self) -> bool:
        """Whether there is text enough to tell what it is: two lines, and one that is no remark of a log."""
        lines = self._text.split(b"\n")[:-1]
        return len(lines) > 1 and not all(line.startswith(b"#") or not line.strip() for line in lines)

    def _fill(self, size: int) -> bool:
        """Read on; False at the end."""
        block = bytearray(size)
        count = self._source.read_into(memoryview(block))
        data = bytes(block[:count])
        if not self._read:
            if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as PowerShell writes what a program prints
                self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
            elif data.startswith(codecs.BOM_UTF8):
                data, self._base = data[3:], 3
        self._read += count
        if self._decoder is not None:
            data = self._decoder.decode(data, final=not count).encode()
        self._text += data
        self._has_ended = count == 0
        return count > 0

    def _pass_over_line(self) -> None:
        """Forget a line that is too long, however long it is."""
        self._say_too_long(self._line, self._base)
        while (end := self._text.find(b"\n")) < 0 and not self._has_ended:
            self._base += len(self._text)
            self._text = b""
            self._fill(TABLE_BLOCK)
        if end >= 0:
            self._base += end + 1
            self._text = self._text[end + 1 :]
            self._line += 1

    def _say_too_long(self, line: int, offset: int) -> None:
        self.damage.append(BadLine(offset, f"the line is longer than {LONGEST_LINE} bytes and was left out", line))

    def _take(self, end: int) -> TableRows:
        """The rows of the next `end` bytes, whole lines."""
        data, self._text = self._text[:end], self._text[end:]
        starts = np.concatenate(([0], np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + 1))
        if starts[-1] == len(data):
            starts = starts[:-1]
        lengths = np.diff(starts, append=len(data))
        first, base = self._line, self._base
        self._line += len(starts)
        self._base += len(data)
        long = np.flatnonzero(lengths > LONGEST_LINE).tolist()
        for k in long:
            self._say_too_long(first + k, base + int(starts[k]))
        for k in long[::-1]:
            data = data[: starts[k]] + b"\n" + data[starts[k] + lengths[k] :]
        rows, spans = self._rows(data.decode("utf-8", "replace"), len(starts))
        begins = np.arange(len(rows)) if spans is None else np.cumsum(spans) - spans
        kept = np.fromiter(map(bool, rows), np.bool_, len(rows))
        begins = begins[kept]
        found = rows if kept.all() else [row for row in rows if row]
        return TableRows(found, begins + first, (starts[begins] + base).astype(np.uint64))

    def _rows(self, text: str, lines: int) -> tuple[list[list[str]], NDArray[np.int64] | None]:
        """Rows of a text, and of how many lines each is, None if all of one."""
        if self._log is not None:
            return self._log.rows(text.split("\n")[:lines]), None
        if text.count(self._quote) % 2 == 0:
            try:
                rows = list(csv.reader(io.StringIO(text, newline="\n"), delimiter=self.delimiter, quotechar=self._quote))
            except csv.Error:
                rows = []
            if len(rows) == lines:
                return rows, None
            spans = np.fromiter((1 + sum(cell.count("\n") for cell in row) for row in rows), np.int64, len(rows))
            usual = len(self.sample[0]) if self.sample else 0
            if rows and all(len(row) == usual for row, span in zip(rows, spans.tolist(), strict=True) if span > 1):
                return rows, spans
        return [self._cells(line) for line in text.split("\n")[:lines]], None

    def _cells(self, line: str) -> list[str]:
        """The cells of one line, whatever its quotes."""
        try:
            return next(csv.reader((line.rstrip("\r"),), delimiter=self.delimiter, quotechar=self._quote), [])
        except csv.Error:
            return [line]


def _delimiter_of(lines: list[str]) -> str:
    """The character that stands equally often in most of the lines."""
    best, most = ",", 0.0
    for delimiter in _DELIMITERS:
        counts = Counter(line.count(delimiter) for line in lines)
        counts.pop(0, None)
        share = max(counts.values(), default=0) / max(len(lines), 1)
        if share > most:
            best, most = delimiter, share
    spaces = Counter(line.count(" ") for line in lines).most_common(1)
    return " " if not most and spaces and spaces[0][0] else best
