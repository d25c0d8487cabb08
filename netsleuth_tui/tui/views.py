"""What becomes of a table that is exported: its name, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tabular import Cell, Table
from netsleuth_tui.terminal.sanitize import display

__all__ = ["Cancelled", "default_name", "watched"]


class Cancelled(NetSleuthError):  # noqa: N818 - no failure
    """The user stopped an export."""

    def __init__(self) -> None:
        super().__init__("cancelled")


def watched(table: Table, report: Callable[[int], None], cancelled: Callable[[], bool]) -> Table:
    """The table, telling after each block how many rows were taken, and raising `Cancelled` once it is cancelled."""

    def blocks() -> Iterator[Sequence[Sequence[Cell]]]:
        rows = 0
        for block in table.blocks:
            if cancelled():
                raise Cancelled
            yield block
            rows += len(block[0]) if block else 0
            report(rows)

    return Table(table.columns, blocks())


def default_name(path: str, pane: str) -> str:
    """'router-loop-records.csv' for 'captures/router-loop.pcapng.gz'."""
    name = PurePath(path).name if path != "-" else "stdin"
    stem = name.split(".")[0] or name.lstrip(".") or "capture"
    return f"{display(stem, limit=80)}-{pane}.csv"
