"""The records themselves: chosen fields of chosen rows, a page for the screen or all of them for an export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.scope import Scope, rows_of
from netsleuth_tui.analysis.sorting import sorted_rows
from netsleuth_tui.analysis.time_order import packets_in_order
from netsleuth_tui.analysis.values import column_of, values
from netsleuth_tui.tabular import Cell, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["EXPORTED", "SHOWN", "records", "records_table"]

SHOWN = ("frame.number", "frame.time", "_ws.col.def_src", "_ws.col.def_dst", "_ws.col.protocol", "frame.len", "info")
"""Columns of the record pane."""

EXPORTED = (
    "frame.number", "frame.time_epoch", "frame.len", "eth.type", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "ip.proto", "ip.len",
    "ip.ttl", "tcp.srcport", "tcp.dstport", "tcp.flags", "tcp.len", "udp.srcport", "udp.dstport", "icmp.type", "arp.opcode",
    "esp.spi", "esp.sequence",
)  # fmt: skip
"""Fields of `netsleuth export` where --fields does not say otherwise."""

BLOCK = 1 << 14
"""Rows per block of an export."""


def records(store: Store, rows: NDArray[np.uint32], fields: Sequence[str], *, at_once: bool = False) -> list[list[Cell]]:
    """Values of `fields` for row ids `rows`: one list per field; None where a field is absent from a frame.

    Args:
        store: What was loaded.
        rows: Row ids.
        fields: The columns.
        at_once: Wait for nothing, as in `values`.

    Raises:
        NetSleuthError: There is no such field.
    """
    return [values(store, rows, name, at_once=at_once) for name in fields]


def records_table(store: Store, scope: Scope, fields: Sequence[str] = EXPORTED, *, sorted_by: tuple[str, bool] | None = None) -> Table:
    """All rows of a scope.

    Args:
        store: What was loaded.
        scope: Which rows of it.
        fields: The columns.
        sorted_by: A field, and whether its greatest value comes first; None for that of the captures, or of time where they overlap.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There is no such field, or rows cannot be sorted by it.
    """
    columns = tuple(column_of(name) for name in fields)
    rows = rows_of(store, scope)
    ids = packets_in_order(store, rows) if sorted_by is None else sorted_rows(store, rows, sorted_by[0], descending=sorted_by[1])

    def blocks() -> Iterator[list[list[Cell]]]:
        for first in range(0, len(rows), BLOCK):
            yield records(store, rows.take(first, BLOCK) if ids is None else ids[first : first + BLOCK], fields)

    return Table(columns, blocks())
