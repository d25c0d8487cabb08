"""Kinds of events: numbered once, in the order in which they are met, whatever there is room for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import START
from made_events import add_events, event

from netsleuth_tui.store import Store, event_kinds
from netsleuth_tui.store.event_kinds import EventKinds, _number, _number_numpy, multipliers

kinds = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2), st.sampled_from([0, 2, 255])).map(
        lambda four: (65532 + four[0], *four[1:])
    ),
    max_size=60,
)


def columns(told: list[tuple[int, int, int, int]]) -> tuple[np.ndarray, ...]:
    """Columns of an event table with these events."""
    return tuple(np.array([one[k] for one in told], dtype) for k, dtype in enumerate((np.uint16, np.uint32, np.uint32, np.uint8)))


@settings(max_examples=60, deadline=None)
@given(kinds, st.integers(0, 60), st.sampled_from([2, 8, 64]))
def test_kernel_and_numpy_number_kinds_as_they_are_met(told: list[tuple[int, int, int, int]], before: int, room: int) -> None:
    """In one go or in two; where there is no room for another kind, both stop at the event that has it."""
    four, met, secret = columns(told), list(dict.fromkeys(told)), multipliers()
    stops = next((k for k in range(len(told)) if len(set(told[: k + 1])) > room), len(told))
    for run in (_number.function, _number_numpy):
        slots, values = np.full(2 * room, -1, np.int32), np.zeros((room, 4), np.uint32)
        codes = np.zeros(len(told), np.uint32)
        done, count = run(*four, 0, min(before, len(told)), *secret, slots, values, 0, codes)
        done, count = run(*four, done, len(told), *secret, slots, values, count, codes)
        assert done == stops
        assert [tuple(line) for line in values[:count].tolist()] == met[:count]
        assert [met[code] for code in codes[:done].tolist()] == told[:done]


@pytest.mark.parametrize("plain", [True, False])
def test_there_is_room_for_every_kind(monkeypatch: pytest.MonkeyPatch, plain: bool) -> None:
    """The table grows and keeps its numbers; events that are added later go on."""
    monkeypatch.setattr(event_kinds, "FIRST_KINDS", 2)
    if not plain:
        monkeypatch.setattr(event_kinds, "_number", _number.function)
    store = add_events(Store(), *(event(START + k, 1 + k % 7, level=k % 3) for k in range(40)))
    found = EventKinds(store.events)
    first = found.seen()
    assert (len(first.of), first.count) == (40, 21)
    add_events(store, *(event(START + k, 1 + k % 30) for k in range(40)))
    both, view = found.seen(), store.events.view()
    assert (both.of[:40] == first.of).all()
    assert (both.values[:21] == first.values).all()
    for k, name in enumerate(("event_id", "provider", "channel", "level")):
        assert (both.values[both.of, k] == getattr(view, name)).all()
