"""Memory that is used again: never while somebody still holds what lies in it."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from readers import etl_files as made
from readers.conftest import Write
from readers.test_etl import packets, some_frames

from netsleuth_tui.readers import EventTrace, FrameBatch, TraceRecords, etl_finding, etl_merge, etl_sift, open_file, reused
from netsleuth_tui.readers.reused import Reused


def address(array: np.ndarray[tuple[int], np.dtype[np.generic]]) -> int:
    """Where its memory is."""
    return int(array.__array_interface__["data"][0])


def test_memory_comes_again_when_nobody_holds_it() -> None:
    """An array that was let go is the next one that is asked for; one that is held is not."""
    memory = Reused()
    first = memory.octets(10_000)
    place = address(first)
    second = memory.octets(10_000)
    assert address(second) != place
    del first
    third = memory.octets(9_000)
    assert address(third) == place
    assert len(third) == 9_000


@pytest.mark.parametrize("hold", [lambda a: a[5:7], lambda a: a.view("<i8")[1:2], lambda a: a.data, lambda a: a.reshape(2, -1).T])
def test_a_view_of_it_is_enough(hold: object) -> None:
    """A part of it, as another type, as another shape or as a buffer of Python's: each keeps the memory from being used again."""
    memory = Reused()
    array = memory.octets(8192)
    place = address(array)
    held = hold(array)  # type: ignore[operator]
    del array
    assert address(memory.octets(8192)) != place
    del held
    both = memory.octets(8192), memory.octets(8192)
    assert place in map(address, both)


def test_columns_lie_side_by_side() -> None:
    """Columns of one piece of memory do not overlap, and each of them holds all of it."""
    memory = Reused()
    columns = memory.columns(("u1", "i8", "?", "u2"), 1001)
    for number, column in enumerate(columns):
        column[:] = number
    assert [(len(column), column.dtype.str) for column in columns] == [(1001, "|u1"), (1001, "<i8"), (1001, "|b1"), (1001, "<u2")]
    assert [set(column.tolist()) for column in columns] == [{0}, {1}, {True}, {3}]
    kept = columns[1]
    del columns, column
    memory.columns(("i8",), 2000)[0][:] = 77
    assert set(kept.tolist()) == {1}
    assert all(not len(column) for column in memory.columns(("u1", "i8"), 0))


def test_what_is_not_wanted_any_more_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays that are free and too short do not add up."""
    monkeypatch.setattr(reused, "_IDLE", 1 << 20)
    memory = Reused()
    random = Random(1)  # noqa: S311 - the same ones every time
    for _ in range(300):
        memory.octets(random.randrange(1, 1 << 19))
    assert sum(len(array) for array in memory._arrays) < 3 << 20


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("parts", [1, 2])
def test_batches_that_are_kept_stay_as_they_were(write: Write, monkeypatch: pytest.MonkeyPatch, *, packed: bool, parts: int) -> None:
    """Somebody who keeps all parts of a trace has all its packets and events at the end: nothing is read over what is still held."""
    for module in (etl_finding, etl_merge):
        monkeypatch.setattr(module, "GROUP", 4096)
    frames = some_frames(400, seed=7)
    records = [*packets(frames, parts=parts), *(made.event(10 * i, made.PKTMON, 77, i.to_bytes(4, "little")) for i in range(0, 400, 3))]
    trace = open_file(str(write(made.trace(records, packed=packed, size=1024))))
    assert isinstance(trace, EventTrace)
    kept = [part for part in trace.parts() if part is not None]
    batches = [part for part in kept if isinstance(part, FrameBatch)]
    events = [part.records for part in kept if isinstance(part, TraceRecords)]
    assert len(batches) > 8
    found = [batch.data[batch.start[i] : batch.start[i] + batch.cap_len[i]].tobytes() for batch in batches for i in range(batch.count)]
    assert found == frames
    numbers = [int.from_bytes(one.data[at : at + 4].tobytes(), "little") for one in events for at in one.begin.tolist()]
    assert sorted(numbers) == list(range(0, 400, 3))


def test_little_memory_does_for_a_long_trace(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each part is let go before the next one, a trace is read with the memory of a few groups of buffers."""
    asked: list[Reused] = []
    whole = Reused.__init__
    monkeypatch.setattr(Reused, "__init__", lambda self: (asked.append(self), whole(self))[0])
    for module in (etl_finding, etl_merge):
        monkeypatch.setattr(module, "GROUP", 4096)
    monkeypatch.setattr(etl_merge, "_ROOM", 1024)
    monkeypatch.setattr(etl_sift, "_FRONT", 64)
    trace = open_file(str(write(made.trace(packets(some_frames(2000)), size=1024))))
    assert isinstance(trace, EventTrace)
    parts = sum(part is not None for part in trace.parts())
    arrays = max((len(memory._arrays) for memory in asked), default=0)
    assert parts > 50
    assert 0 < arrays < 40
