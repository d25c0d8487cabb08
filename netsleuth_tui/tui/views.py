"""What a thread computes for the screen: one scope counted and folded into a chart; one packet; one table to export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tabular import Cell, Column, Table
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.chart import Chart, chart, plan

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Overview, Scope
    from netsleuth_tui.store import Store

__all__ = ["Cancelled", "Pane", "count_scope", "default_name", "export_table", "format_of", "watched"]

Pane = Literal["records", "timeline", "breakdown"]


class Cancelled(NetSleuthError):  # noqa: N818 - no failure
    """The user stopped an export."""

    def __init__(self) -> None:
        super().__init__("cancelled")


def count_scope(store: Store, scope: Scope, columns: int) -> tuple[Overview, Chart]:
    """Count a scope for a chart of at most `columns` columns.

    Raises:
        NetSleuthError: The filter is not valid, or the question was interrupted.
    """
    from netsleuth_tui.analysis import overview
    from netsleuth_tui.analysis.timeline import time_span

    first, last = time_span(store, scope) or (0, 0)
    planned = plan(last - first, columns)
    counted = overview(store, scope, every=planned.unit)
    return counted, chart(counted.timeline, planned.column)


def export_table(store: Store, scope: Scope, pane: Pane, unit: int) -> Table:
    """What a pane shows, as a table.

    Args:
        store: What was loaded.
        scope: What is looked at.
        pane: Which pane.
        unit: Interval that the time line counts, ns.

    Raises:
        NetSleuthError: The filter is not valid.
    """
    from netsleuth_tui import analysis

    if pane == "records":
        return analysis.records_table(store, scope)
    if pane == "timeline":
        return analysis.timeline_table(analysis.timeline(store, scope, every=unit))
    counted = analysis.overview(store, scope, columns=3)
    groups = {"protocol": counted.protocols, "tcp.flags": counted.flags}
    tables = {name: analysis.breakdown_table("value", counts) for name, counts in groups.items()}
    columns = (Column("breakdown"), *next(iter(tables.values())).columns)
    return Table(columns, [[[name] * len(block[0]), *block] for name, table in tables.items() for block in table.blocks])


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


def default_name(path: str, pane: Pane) -> str:
    """'router-loop-records.csv' for 'captures/router-loop.pcapng.gz'."""
    name = PurePath(path).name if path != "-" else "stdin"
    stem = name.split(".")[0] or name.lstrip(".") or "capture"
    return f"{display(stem, limit=80)}-{pane}.csv"


def format_of(name: str) -> Literal["csv", "json", "jsonl"]:
    """The format that a file name asks for."""
    suffix = PurePath(name).suffix.lower()
    return "jsonl" if suffix in {".jsonl", ".ndjson"} else "json" if suffix == ".json" else "csv"
