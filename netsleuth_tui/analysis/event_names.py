"""What the values of groups of events stand for: the same code may mean different things in different events of one group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_values import level_name, named_field
from netsleuth_tui.store.event_fields import EventField
from netsleuth_tui.store.event_values import is_coded
from netsleuth_tui.tabular import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netsleuth_tui.store import Store

__all__ = ["LineKinds", "line_kinds", "named_cells"]

OBJECT_TYPE = EventField("ObjectType", is_data=True)


@dataclass(frozen=True, slots=True)
class LineKinds:
    """What events of each line have in common, as far as meanings depend on it."""

    event_ids: NDArray[np.int64]
    """By line; 0 where its events have several."""
    object_types: list[str]
    """Texts."""
    types: NDArray[np.int64]
    """By line: which of the texts; the first, empty one, where its events have several or none."""


def line_kinds(store: Store, by: Sequence[str], ids: NDArray[np.uint32], lines: NDArray[np.int64], count: int) -> LineKinds | None:
    """What the events of each line have in common; None where no meaning depends on it.

    Args:
        store: What was loaded.
        by: Fields that the events are grouped by.
        ids: Row ids of the events.
        lines: The line of each of them.
        count: How many lines there are.
    """
    from netsleuth_tui.meanings import depends_on_event

    events = [named_field(name).event for name in by]
    if not any(event is not None and event.is_data and depends_on_event(event.column) for event in events):
        return None
    coded = store.event_values.coded(OBJECT_TYPE)
    codes = _common(coded.codes[ids].astype(np.int64), lines, count)
    distinct, types = np.unique(np.append(0, codes), return_inverse=True)
    texts = ["", *coded.texts.many(distinct[1:])]
    return LineKinds(_common(store.events.view().event_id[ids].astype(np.int64), lines, count), texts, types[1:])


def _common(values: NDArray[np.int64], lines: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The value of all events of a line; 0 where they have several."""
    found = np.zeros(count, np.int64)
    found[lines] = values
    found[lines[found[lines] != values]] = 0
    return found


def named_cells(name: str, cells: Sequence[Cell], kinds: LineKinds | None, lines: NDArray[np.int64]) -> list[Cell]:
    """What values of a field stand for; a value that says all there is to say itself, or is not known, stays.

    Args:
        name: The field.
        cells: Its value in some lines.
        kinds: Of all lines.
        lines: The lines that are meant.
    """
    from netsleuth_tui.meanings import meaning

    field = named_field(name)
    if field.name == "Level":
        return [level_name(cell) if isinstance(cell, int) else cell for cell in cells]
    if field.event is None or not is_coded(field.event) or not (field.event.is_data or field.name == "UserID"):
        return list(cells)
    column = field.event.column if field.event.is_data else field.name
    if kinds is None:
        return [meaning(column, cell) or cell if isinstance(cell, str) else cell for cell in cells]
    chosen = zip(cells, kinds.event_ids[lines].tolist(), kinds.types[lines].tolist(), strict=True)
    return [
        meaning(column, cell, event_id=event_id, object_type=kinds.object_types[of]) or cell if isinstance(cell, str) else cell
        for cell, event_id, of in chosen
    ]
