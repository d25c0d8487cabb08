"""Columns that a filter needs beyond those of the packets: for each row, what a table says about its host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import kernel

__all__ = ["Lookup", "PerRow", "look_up", "take_codes"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A column of truth values that a predicate names."""

    name: str
    """Of the new column."""

    column: Literal["src", "dst"]
    """The host ids that are looked up."""

    table: NDArray[np.uint8]
    """1 for each host id that is looked for, 0 for the others; ids beyond its end are not."""

    def over(self, ids: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """The column for rows with these host ids."""
        found = np.empty(len(ids), np.uint8)
        look_up(self.table, ids, found)
        return found.view(np.bool_)


@dataclass(frozen=True, slots=True)
class PerRow:
    """A column of numbers that are known by row id."""

    name: str
    values: NDArray[np.integer]
    """By row id; rows beyond its end have 0."""
    column: Literal["row"] = "row"

    def over(self, rows: NDArray[np.uint32]) -> NDArray[np.integer]:
        """The column for rows with these ids, which follow one another without a gap."""
        first = int(rows[0]) if len(rows) else 0
        known = self.values[first : first + len(rows)]
        return known if len(known) == len(rows) else np.append(known, np.zeros(len(rows) - len(known), known.dtype))


def _look_up_numpy(table: NDArray[np.uint8], ids: NDArray[np.uint32], found: NDArray[np.uint8]) -> None:
    known = ids < len(table)
    found[:] = 0
    found[known] = table[ids[known]]


@kernel(plain=_look_up_numpy)
def look_up(table: NDArray[np.uint8], ids: NDArray[np.uint32], found: NDArray[np.uint8]) -> None:
    """Write `table[ids]` to `found`, 0 for ids beyond the table."""
    size = table.shape[0]
    for i in range(ids.shape[0]):
        at = np.int64(ids[i])
        found[i] = table[at] if at < size else 0


def _take_codes_numpy(table: NDArray[np.uint32], codes: NDArray[np.uint32], found: NDArray[np.uint32]) -> None:
    np.take(table, codes, out=found, mode="clip")


@kernel(plain=_take_codes_numpy)
def take_codes(table: NDArray[np.uint32], codes: NDArray[np.uint32], found: NDArray[np.uint32]) -> None:
    """Write `table[codes]` to `found`; codes beyond the table, of which there should be none, count as its last one."""
    last = table.shape[0] - 1
    for i in range(codes.shape[0]):
        at = np.int64(codes[i])
        found[i] = table[at] if at < last else table[last]
