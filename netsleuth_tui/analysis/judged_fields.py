"""Fields that follow from other packets than the one that has them: their values, found out once for all rows of a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.query.fields import JUDGED, PROCESS_COLUMNS

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["JudgedOf", "is_judged", "judge_fields", "judged_before", "judged_names", "judged_values"]


class JudgedOf:
    """What a filter asks for fields that follow from other packets.

    Args:
        store: What was loaded.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def values(self, name: str) -> NDArray[np.integer]:
        """See `judged_values`."""
        return judged_values(self._store, name)

    def names(self, name: str) -> Sequence[str]:
        """See `judged_names`."""
        return judged_names(self._store, name)

    def matching(self, texts: Sequence[str], expression: str) -> NDArray[np.bool_]:
        """See `Store.texts_matching`."""
        return self._store.texts_matching(texts, expression)


def judged_values(store: Store, name: str, cancelled: Callable[[], bool] = lambda: False) -> NDArray[np.integer]:
    """Values of a field by row id, 0 where it is absent. They are kept, so that to ask again costs nothing until there are more rows.

    Args:
        store: What was loaded.
        name: Column of one of `query.JUDGED`.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    if name.startswith("esp_"):
        from netsleuth_tui.analysis.esp_fields import esp_values

        return esp_values(store, name, cancelled)
    if name.startswith("tcp_"):
        from netsleuth_tui.analysis.tcp import tcp_values

        return tcp_values(store, name, cancelled)
    if name in PROCESS_COLUMNS:
        from netsleuth_tui.analysis.processes import process_values

        return process_values(store, name, cancelled)
    from netsleuth_tui.analysis.copies import copy_values

    return copy_values(store, name, cancelled)


def judged_before(store: Store, name: str) -> NDArray[np.integer]:
    """What is known of a field by now, which may be less than there are rows, or nothing at all; never waits.

    Args:
        store: What was loaded.
        name: Column of one of `query.JUDGED`.
    """
    if name.startswith("esp_"):
        from netsleuth_tui.analysis.esp_fields import known_esp_values

        return known_esp_values(store, name)
    if name.startswith("tcp_"):
        from netsleuth_tui.analysis.tcp import known_tcp_values

        return known_tcp_values(store, name)
    if name in PROCESS_COLUMNS:
        from netsleuth_tui.analysis.processes import known_process_values

        return known_process_values(store, name)
    from netsleuth_tui.analysis.copies import known_copy_values

    return known_copy_values(store, name)


def judged_names(store: Store, name: str) -> Sequence[str]:
    """What the numbers of a field stand for that holds text; the text of 0 is empty. Ask for the values first.

    Args:
        store: What was loaded.
        name: Column of one of `query.JUDGED`.
    """
    if name not in PROCESS_COLUMNS:
        return ("",)
    from netsleuth_tui.analysis.processes import process_names

    return process_names(store)


def is_judged(store: Store, names: Iterable[str], rows: int) -> bool:
    """True if of those of some fields that follow from other packets the values of so many rows are known."""
    return all(len(judged_before(store, JUDGED[name].columns[0])) >= rows for name in names if name in JUDGED)


def judge_fields(store: Store, names: Iterable[str], cancelled: Callable[[], bool] = lambda: False) -> None:
    """Find out the values of those of some fields that follow from other packets.

    Args:
        store: What was loaded.
        names: Of fields of any kind.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    for column in dict.fromkeys(JUDGED[name].columns[0] for name in names if name in JUDGED):
        judged_values(store, column, cancelled)
