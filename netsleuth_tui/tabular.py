"""Rows on their way out: analysis makes them, export writes them, the command line and the screen show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Bars", "Cell", "Column", "Table"]

Cell = str | int | float | bool | None
Kind = Literal["integer", "number", "text"]


@dataclass(frozen=True, slots=True)
class Column:
    """Name and kind of one column."""

    name: str
    """Header, in tshark's or Windows' own terms."""

    kind: Kind = "text"
    """Numbers are right-aligned and never guarded; text may come from an attacker."""

    within: tuple[str, str] | None = None
    """In JSON, where objects may hold objects: the one that this is a part of, and its name there. Parts of one stand side by side."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and the blocks of rows below them.

    `blocks` is read once, front to back: each block holds one sequence of cells per column, all of the same length.
    A cell that is None is absent (empty in CSV, null in JSON).
    """

    columns: tuple[Column, ...]
    blocks: Iterable[Sequence[Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of stacked columns."""

    title: str
    labels: Sequence[str]
    """Names of the series, from the bottom up; they may come from an attacker, as may the notes."""
    heights: Sequence[Sequence[float]]
    """(series, columns)."""
    ticks: Sequence[tuple[int, str]]
    """Columns that have a mark below, and what it says."""
    notes: Sequence[str] = ()
    """Lines below."""
