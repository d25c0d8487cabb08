"""Which values a field has in the events that are looked at, and how often: what completion offers while a value is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_values import event_keys, event_row_ids, level_name, named_field, titles
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.query.completion import Candidate
from netsleuth_tui.query.event_fields import data_name
from netsleuth_tui.query.strings import quoted
from netsleuth_tui.tabular import Cell
from netsleuth_tui.wording import several

if TYPE_CHECKING:
    from netsleuth_tui.analysis.event_values import Keys
    from netsleuth_tui.query.fields import Field
    from netsleuth_tui.store import Store

__all__ = ["CountedEvents", "Occurrence", "Occurring", "count_event_values", "data_candidates"]

LONGEST = 1000
"""Characters of a value that is offered."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A value as it is written in a filter, and the packets or events that `field == value` keeps."""

    text: str
    packets: int
    about: str = ""
    """What the value stands for, where it does not say that itself."""


@dataclass(frozen=True, slots=True)
class Occurring:
    """The most frequent values of a field."""

    values: tuple[Occurrence, ...]
    others: int
    """Further values that begin with what was typed."""
    too_many: bool = False
    """There are so many different values that they were not counted."""


@dataclass(frozen=True, slots=True)
class CountedEvents:
    """All values of a field in the events of a scope, the most frequent first."""

    field: Field
    complete: bool
    """All values were counted; False for a field that is different in every event."""
    _keys: Keys | None
    _values: NDArray[np.int64]
    _events: NDArray[np.int64]

    def beginning(self, store: Store, typed: str, most: int) -> Occurring:
        """The `most` frequent values whose text begins with `typed`, a quote in front of it or not, case ignored."""
        if self._keys is None:
            return Occurring((), 0, too_many=True)
        begun = typed.removeprefix("r").removeprefix('"') if typed.startswith(('"', 'r"')) else typed
        cells = self._keys.cells(self._values)
        lower = begun.replace("\\\\", "\\").lower()
        found = [
            at for at, cell in enumerate(cells) if cell is not None and len(str(cell)) <= LONGEST and str(cell).lower().startswith(lower)
        ]
        shown = tuple(
            Occurrence(_written(self.field, cells[at]), int(self._events[at]), _about(store, self.field, cells[at])) for at in found[:most]
        )
        return Occurring(shown, len(found) - len(shown))


def count_event_values(store: Store, scope: Scope, name: str) -> CountedEvents:
    """Count the values of a field in the events of a scope.

    Raises:
        NetSleuthError: The filter of the scope is not valid, or there is no such field.
    """
    field = named_field(name)
    if field.name in {"TimeCreated", "EventRecordID"}:
        return CountedEvents(field, complete=False, _keys=None, _values=np.empty(0, np.int64), _events=np.empty(0, np.int64))
    keys = event_keys(store, event_row_ids(store, event_rows_of(store, scope)), name)
    counts = np.bincount(keys.numbers, minlength=keys.size)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    return CountedEvents(field, complete=True, _keys=keys, _values=order, _events=counts[order])


def data_candidates(store: Store) -> tuple[Candidate, ...]:
    """The names of the event data that occur, for completion."""
    events = store.events
    groups = np.bincount(events.view().group) if events.rows else np.zeros(0, np.int64)
    counts: dict[str, int] = {}
    for group in np.flatnonzero(groups).tolist():
        for name in events.names(group):
            counts[name] = counts.get(name, 0) + int(groups[group])
    names = sorted(counts, key=lambda name: -counts[name])
    return tuple(Candidate(data_name(name), f"in {several(counts[name], 'event')}", "event data") for name in names)


def _written(field: Field, cell: Cell) -> str:
    return quoted(cell) if isinstance(cell, str) and field.base == 10 else str(cell)


def _about(store: Store, field: Field, cell: Cell) -> str:
    from netsleuth_tui.meanings import meaning

    if field.name == "EventID":
        columns = store.events.view()
        row = int(np.argmax(columns.event_id == int(cell or 0)))
        channel, provider = (store.events.texts.text(int(column[row])) for column in (columns.channel, columns.provider))
        return titles().title(channel, provider, int(cell or 0))
    if field.name == "Level":
        return level_name(int(cell or 0))
    said = meaning(field.event.column if field.event is not None else "", cell) if isinstance(cell, str) else ""
    return said if said != cell else ""
