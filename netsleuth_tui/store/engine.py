"""DuckDB, in memory and locked down: it scans the packet columns where they lie and answers with row ids or groups."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from netsleuth_tui.decode.columns import Columns
from netsleuth_tui.errors import NetSleuthError

__all__ = ["Engine", "packets_relation"]

STARTUP: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
}
LOCK = ("SET enable_external_access = false", "SET lock_configuration = true")
"""Last, in this order: the first forbids files and network, the second forbids allowing them again."""


class Engine:
    """One connection that answers one question at a time; a new question may interrupt the old one."""

    def __init__(self, memory_limit: int) -> None:
        self._connection = duckdb.connect(":memory:", config=STARTUP | {"memory_limit": f"{memory_limit // (1 << 20)}MiB"})
        for statement in LOCK:
            self._connection.execute(statement)
        self._lock = threading.Lock()

    def row_ids(
        self, columns: Columns, predicate: exp.Expression, host_sets: Sequence[NDArray[np.uint32]], starts: Sequence[int]
    ) -> NDArray[np.uint32]:
        """Ascending ids of the rows of `columns` that satisfy `predicate`.

        Args:
            columns: The rows to look at; their ids are in `columns.row`.
            predicate: Boolean expression over the columns and `number`.
            host_sets: Relations `host_set_0` … that the predicate may name.
            starts: First row of every source, ascending.
        """
        query = exp.select("row").from_(packets_relation(starts)).where(predicate)
        return self.columns(query, columns, host_sets)["row"]

    def columns(self, query: exp.Expression, columns: Columns, host_sets: Sequence[NDArray[np.uint32]]) -> dict[str, NDArray[Any]]:
        """Run one query over `packets_relation` and return its columns, each as an array."""
        with self._lock:
            self._connection.register("captured", columns._asdict())
            for index, ids in enumerate(host_sets):
                self._connection.register(f"host_set_{index}", {"id": ids})
            try:
                found = self._connection.execute(query.sql(dialect="duckdb")).fetchnumpy()
            except duckdb.InterruptException:
                raise NetSleuthError("the query was interrupted") from None
            except duckdb.OutOfMemoryException:
                raise NetSleuthError("the query does not fit into the memory budget", hint="narrow the filter, or raise --memory") from None
        return {name: np.ma.getdata(values) for name, values in found.items()}

    def interrupt(self) -> None:
        """Stop the question that is being answered; without effect where none is."""
        self._connection.interrupt()


def packets_relation(starts: Sequence[int]) -> exp.Subquery:
    """The relation `packets`: the captured columns, and `number`, the frame's number within its file (from 1)."""
    if len(starts) <= 1:
        first: exp.Expression = exp.Literal.number(0)
    else:
        first = exp.Case()
        for start in reversed(starts):
            first = first.when(exp.column("row") >= exp.Literal.number(int(start)), exp.Literal.number(int(start)))
    number = exp.alias_(exp.cast(exp.column("row") - exp.paren(first) + 1, exp.DataType.Type.UBIGINT), "number")
    return exp.select(exp.Star(), number).from_("captured").subquery("packets")
