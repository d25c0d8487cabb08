"""Tables as JSON: exact, and yet without a character that a terminal would obey."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from json.encoder import encode_basestring
from types import NoneType

from netsleuth_tui.export.encoding import Encoded, slices
from netsleuth_tui.tabular import Cell, Column, Table

__all__ = ["json_array", "json_lines"]

_UNSAFE_IN_JSON = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]",
)
"""Beyond what JSON itself escapes: the rest that a terminal would obey, hide or reorder, and surrogates, which UTF-8 has no bytes for."""


def json_array(table: Table) -> Encoded:
    """One JSON array of objects, an object a line; exact (see `json_lines`)."""
    separator = b"[\n"
    for rows, text in _objects(table, ",\n"):
        if rows:
            yield rows, separator + text
            separator = b",\n"
    yield 0, b"[]\n" if separator.startswith(b"[") else b"\n]\n"


def json_lines(table: Table) -> Encoded:
    """One JSON object a line. Whole numbers stay whole, absent cells are null, as are infinities and NaN, which JSON does not have."""
    for rows, text in _objects(table, "\n"):
        if rows:
            yield rows, text + b"\n"


def _objects(table: Table, separator: str) -> Encoded:
    for rows, columns in slices(table):
        encoded = [_cells(cells) for cells in columns]
        template = "{" + ", ".join(_pairs(table.columns, encoded)) + "}"
        fields = [cells for cells in encoded if cells is not None]
        lines = map(template.__mod__, zip(*fields, strict=True)) if fields else [template % ()] * rows
        text = separator.join(lines)
        if not text.isascii() or "\x7f" in text:
            text = _UNSAFE_IN_JSON.sub(_escape, text)
        yield rows, text.encode()


def _pairs(columns: Sequence[Column], encoded: Sequence[list[str] | None]) -> Iterator[str]:
    """Name and place of each value; what belongs into an object of its own is put there."""
    places = ["null" if cells is None else "%s" for cells in encoded]
    for outer, group in groupby(zip(columns, places, strict=True), key=lambda pair: pair[0].within and pair[0].within[0]):
        if outer is None:
            yield from (f"{_name(column.name)}: {value}" for column, value in group)
        else:
            inner = ", ".join(f"{_name(column.within[1])}: {value}" for column, value in group if column.within is not None)
            yield f"{_name(outer)}: {{{inner}}}"


def _name(name: str) -> str:
    return encode_basestring(name).replace("%", "%%")


def _cells(cells: Sequence[Cell]) -> list[str] | None:
    """The cells as JSON; None where all of them are absent."""
    kinds = set(map(type, cells))
    if kinds == {int}:
        return list(map(str, cells))
    if kinds == {str}:
        return list(map(encode_basestring, cells))  # type: ignore[arg-type]
    if kinds == {NoneType}:
        return None
    if kinds == {int, NoneType}:
        return ["null" if cell is None else str(cell) for cell in cells]
    return list(map(_cell, cells))


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return encode_basestring(cell)
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return "null"
    return json.dumps(cell)


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
