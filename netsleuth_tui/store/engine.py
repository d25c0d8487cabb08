"""DuckDB, in memory and locked down: it scans the packet columns where they lie and answers with row ids or groups."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from netsleuth_tui.decode.columns import Columns
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store.lookup import Lookup, PerRow

__all__ = ["Engine"]

STARTUP: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
}
PACKETS = "packets"
NUMBER = "number"

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
        self, columns: Columns, predicate: exp.Expression, lookups: Sequence[Lookup | PerRow], starts: Sequence[int]
    ) -> NDArray[np.uint32]:
        """Ascending ids of the rows of `columns` that satisfy `predicate`.

        Args:
            columns: The rows to look at; their ids are in `columns.row`.
            predicate: Boolean expression over the columns, those of `lookups`, and `number`, the frame's number within its file.
            lookups: Further columns that the predicate names.
            starts: Of every source the row from which its frames are numbered.
        """
        packets: dict[str, NDArray[Any]] = dict(columns._asdict())
        packets |= {lookup.name: lookup.over(packets[lookup.column]) for lookup in lookups}
        if any(found.name == NUMBER for found in predicate.find_all(exp.Column)):
            firsts = np.array(starts or (0,), np.uint32)
            packets[NUMBER] = columns.row - firsts[columns.source] + np.uint32(1)
        query = exp.select("row").from_(PACKETS).where(predicate)
        return self.columns(query, packets)["row"]

    def texts_matching(self, texts: Sequence[str], expression: str) -> NDArray[np.bool_]:
        """Which texts match a regular expression of RE2, case ignored; an unpaired surrogate counts as U+FFFD.

        Raises:
            NetSleuthError: It is none, or the question was interrupted.
        """
        found = np.zeros(len(texts), np.bool_)
        if not texts:
            return found
        safe = np.array([text if text.isascii() else _valid(text) for text in texts], object)
        pattern = exp.Literal.string(_valid(expression).replace("\x00", r"\x00"))
        condition = exp.Anonymous(this="regexp_matches", expressions=[exp.column("text"), pattern, exp.Literal.string("i")])
        numbers = np.arange(len(texts), dtype=np.uint32)
        found[self.columns(exp.select("row").from_(PACKETS).where(condition), {"row": numbers, "text": safe})["row"]] = True
        return found

    def columns(self, query: exp.Expression, packets: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run one query over the relation `packets` of these columns and return what it selects, each column as an array."""
        with self._lock:
            try:
                self._connection.register(PACKETS, packets)  # which can be interrupted, too
                found = self._connection.execute(query.sql(dialect="duckdb")).fetchnumpy()
            except duckdb.InterruptException:
                raise NetSleuthError("the query was interrupted") from None
            except duckdb.InvalidInputException as error:
                raise NetSleuthError("not a regular expression", hint=str(error).splitlines()[0]) from None
            except duckdb.OutOfMemoryException:
                raise NetSleuthError("the query does not fit into the memory budget", hint="narrow the filter, or raise --memory") from None
        return {name: np.ma.getdata(values) for name, values in found.items()}

    def interrupt(self) -> None:
        """Stop the question that is being answered; without effect where none is."""
        self._connection.interrupt()


def _valid(text: str) -> str:
    """The text with U+FFFD for what UTF-8 cannot hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
