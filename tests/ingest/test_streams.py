"""Live captures on standard input: what has come is seen at once, and waiting for more can be ended."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ingest.test_load import FRAME, capture

from netsleuth_tui.session import Session

RECORD = 16 + len(FRAME)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Standard input is a pipe; the end to write to."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as file:
        monkeypatch.setattr(sys, "stdin", file)
        yield writer


def until(condition: Callable[[], bool]) -> None:
    """Wait, but not for ever."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


class Live:
    """A session that reads standard input on a thread of its own."""

    def __init__(self, **options: object) -> None:
        self.session = Session(**options)  # type: ignore[arg-type]
        self.cancel = threading.Event()
        self.reports: list[int] = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.session.load(["-"], cancel=self.cancel, report=lambda progress: self.reports.append(progress.packets))


@pytest.mark.parametrize("load_filter", ["", "udp"])
def test_packets_are_seen_as_they_come(pipe: int, load_filter: str, tmp_path: Path) -> None:
    """Nothing waits for a full block or for the batch behind it, and the last report has all of them."""
    content = Path(capture(tmp_path / "a.pcap", 50)).read_bytes()
    os.write(pipe, content[:24])
    live = Live(load_filter=load_filter)
    for packets in (1, 2, 10, 50):
        os.write(pipe, content[24 + RECORD * len(live.session.store.columns().row) : 24 + RECORD * packets])
        until(lambda packets=packets: live.session.store.packets == packets and live.reports[-1] == packets)
    os.close(pipe)
    live.thread.join(10)
    assert live.session.is_whole
    assert live.session.progress is not None
    assert live.session.progress.phase == "done"


def test_waiting_can_be_ended(pipe: int, tmp_path: Path) -> None:
    """Inside of a record, too: what was read is kept, and nothing is called damaged."""
    content = Path(capture(tmp_path / "a.pcap", 50)).read_bytes()
    os.write(pipe, content[:-5])
    live = Live()
    until(lambda: live.session.store.packets == 49)
    live.cancel.set()
    live.thread.join(10)
    assert not live.thread.is_alive()
    assert live.session.progress is not None
    assert live.session.progress.phase == "cancelled"
    assert live.session.store.sources[0].damage == ()
    assert not live.session.store.sources[0].complete
    os.close(pipe)


def test_waiting_for_the_first_byte_can_be_ended(pipe: int) -> None:
    """Nothing has come yet."""
    live = Live()
    until(lambda: bool(live.reports))
    live.cancel.set()
    live.thread.join(10)
    assert not live.thread.is_alive()
    os.close(pipe)


def test_a_table_that_is_being_written(pipe: int) -> None:
    """`tshark -l -T fields | netsleuth -`: rows are seen line by line, a line that is not complete later."""
    os.write(pipe, b"frame.time_epoch,ip.src\n1.5,10.0.0.1\n2.")
    live = Live()
    until(lambda: live.session.store.packets == 1)
    os.write(pipe, b"5,10.0.0.2\n")
    until(lambda: live.session.store.packets == 2)
    os.close(pipe)
    live.thread.join(10)
    assert live.session.is_whole


def test_the_memory_budget_ends_a_stream(pipe: int, tmp_path: Path) -> None:
    """It stops where the budget is used up, and says so."""
    content = Path(capture(tmp_path / "a.pcap", 400)).read_bytes()
    live = Live(memory=30_000)
    writer = threading.Thread(target=lambda: os.write(pipe, content), daemon=True)
    writer.start()
    live.thread.join(10)
    assert live.session.progress is not None
    assert live.session.progress.phase == "budget"
    os.close(pipe)
