"""One way out for every table: to a file that appears whole or not at all, or to standard output."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO, Literal

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.export.aligned import aligned_text
from netsleuth_tui.export.atomic import open_new
from netsleuth_tui.export.csv_rows import csv_rows
from netsleuth_tui.export.encoding import Encoded, Tally
from netsleuth_tui.export.json_rows import json_array, json_lines
from netsleuth_tui.export.standard_output import standard_output, write_all
from netsleuth_tui.tabular import Table

__all__ = ["FORMATS", "Format", "Written", "format_of", "write_table", "write_text"]

Format = Literal["csv", "json", "jsonl", "table"]

FORMATS: tuple[Format, ...] = ("csv", "json", "jsonl", "table")

_SUFFIXES: dict[str, Format] = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".txt": "table"}


def format_of(name: str) -> Format:
    """The format that the name of a file asks for by its suffix; CSV where it has none.

    Raises:
        NetSleuthError: The suffix stands for no format that is written here.
    """
    suffix = PurePath(name).suffix
    format = _SUFFIXES.get(suffix.lower()) if suffix else "csv"  # noqa: A001
    if format is None:
        raise NetSleuthError(f"{suffix} is no format that is written here", where=name, hint=f"one of {', '.join(_SUFFIXES)}")
    return format


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and where."""

    rows: int
    bytes: int
    guarded: int
    """Cells of a CSV that differ from the data, so that no spreadsheet runs and no terminal obeys them; see `guard`."""
    path: str | None
    """None is standard output."""


def write_table(
    table: Table,
    *,
    format: Format,  # noqa: A002 - the word that the command line uses
    target: str | None,
    force: bool = False,
    raw: bool = False,
    stream: BinaryIO | None = None,
) -> Written:
    """Write a table.

    Args:
        table: Read once, a block at a time.
        format: CSV, a JSON array, JSON lines, or text for reading.
        target: File to make; None writes to `stream`.
        force: Replace an existing file.
        raw: CSV cells exactly as they are, formulas and control characters included.
        stream: Instead of standard output.

    Raises:
        ExportError: The file exists, or it could not be written; then there is none.
        BrokenPipeError: Nobody reads `stream` any more.
    """
    tally = Tally()
    encoded = _encode(table, format, tally, guard=not raw)
    with standard_output(stream) if target is None else open_new(target, force=force) as out:
        rows, written = _copy(encoded, out)
    return Written(rows, written, tally.guarded, target)


def write_text(text: str, *, target: str, force: bool = False) -> Written:
    """Write lines of text that `display` has made harmless.

    Args:
        text: The lines, in UTF-8 in the file.
        target: File to make.
        force: Replace an existing file.

    Raises:
        ExportError: The file exists, or it could not be written; then there is none.
    """
    data = text.encode("utf-8", "replace")
    with open_new(target, force=force) as out:
        out.write(data)
    return Written(text.count("\n"), len(data), 0, target)


def _encode(table: Table, format: Format, tally: Tally, *, guard: bool) -> Encoded:  # noqa: A002
    match format:
        case "csv":
            return csv_rows(table, tally, guard=guard)
        case "json":
            return json_array(table)
        case "jsonl":
            return json_lines(table)
        case "table":
            return aligned_text(table)
    raise NetSleuthError(f"there is no format {format!r}", hint=f"one of {', '.join(FORMATS)}")


def _copy(encoded: Encoded, out: BinaryIO) -> tuple[int, int]:
    rows = written = 0
    for more, piece in encoded:
        write_all(piece, out)
        rows += more
        written += len(piece)
    return rows, written
