"""Tables as CSV, a column at a time."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from types import NoneType
from typing import cast

from netsleuth_tui.export.encoding import Encoded, Tally, slices
from netsleuth_tui.export.guard import guarded
from netsleuth_tui.tabular import Cell, Table

__all__ = ["LINE_END", "csv_rows"]

LINE_END = "\n"
"""As tshark writes it, so that awk, cut and diff find no CR in the last column; RFC 4180 has CRLF, and its readers take both."""

_QUOTABLE = re.compile('[",\r\n]')


def csv_rows(table: Table, tally: Tally, *, guard: bool) -> Encoded:
    """CSV as in RFC 4180, but with plain line ends: UTF-8, quotes where needed. None is an empty field, truth 1 or 0 as tshark has it.

    The `csv` module takes its rows apart again cell by cell; here a column is looked at as a whole, which is twice as fast.

    Args:
        table: What to write.
        tally: Counts the cells that the guard changed.
        guard: Guard texts; otherwise every text is written exactly (a lone surrogate as three bytes that are not quite UTF-8).
    """
    is_guarded = [guard and column.kind == "text" for column in table.columns]
    names = [_field([column.name], tally, guard=guard) for column in table.columns]
    yield 0, _lines(names, 1)
    for rows, columns in slices(table):
        fields = [_field(cells, tally, guard=each) for cells, each in zip(columns, is_guarded, strict=True)]
        yield rows, _lines(fields, rows)


def _lines(fields: Sequence[Sequence[Cell] | None], rows: int) -> bytes:
    """Lines of fields; None is a column of nothing but empty ones."""
    if len(fields) == 1:
        fields = [['""' if cell == "" else cell for cell in fields[0] or [""] * rows]]  # a line of nothing would be no row
    line = ",".join("" if cells is None else "%s" for cells in fields) + LINE_END
    present = [cells for cells in fields if cells is not None]
    text = "".join(map(line.__mod__, zip(*present, strict=True))) if present else line * rows
    return text.encode("utf-8", "surrogatepass")


def _field(cells: Sequence[Cell], tally: Tally, *, guard: bool) -> Sequence[Cell] | None:
    """The cells of one column as they are formatted; None where all of them are absent."""
    kinds = set(map(type, cells))
    if kinds == {NoneType}:
        return None
    if any(issubclass(kind, str) for kind in kinds):
        cells = _texts(cells, tally, guard=guard, only_texts=kinds == {str})
    if kinds <= {int, str}:
        return cells
    if kinds <= {int, str, NoneType}:
        return ["" if cell is None else cell for cell in cells]
    return list(map(_cell, cells))


def _texts(cells: Sequence[Cell], tally: Tally, *, guard: bool, only_texts: bool) -> Sequence[Cell]:
    texts = cast("set[str]", set(cells)) if only_texts else {cell for cell in cells if isinstance(cell, str)}
    changes = guarded(texts) if guard else {}
    if changes:
        tally.guarded += sum(cell in changes for cell in cells)
        texts = {changes.get(text, text) for text in texts}
    quotes = _quoted(texts)
    if not changes and not quotes:
        return cells
    spelled: dict[Cell, str] = {text: quotes.get(spelling, spelling) for text, spelling in changes.items()}
    return [spelled.get(cell) or quotes.get(cell, cell) if isinstance(cell, str) else cell for cell in cells]


def _quoted(texts: Collection[str]) -> dict[str, str]:
    """Those of the texts that need quotes, with quotes (RFC 4180 §2, rules 5 to 7)."""
    joined = "".join(texts)
    if not any(character in joined for character in '",\r\n'):
        return {}
    return {text: '"' + text.replace('"', '""') + '"' for text in texts if _QUOTABLE.search(text)}


def _cell(cell: Cell) -> Cell:
    """Truth as a number; nothing for an absent cell, and for infinities and NaN, which no two readers agree on."""
    if isinstance(cell, bool):
        return int(cell)
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    return cell
