"""The sample trace: its packets are those that tshark sees in a pcap of them, and its events are what its ground truth says."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ingest.test_events import load

from netsleuth_tui.analysis import Scope, event_rows_of, rows_of
from netsleuth_tui.readers import open_capture
from netsleuth_tui.store import Store

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
TRACE = SAMPLES / "syn-reset.etl"
TRUTH: dict[str, Any] = json.loads((SAMPLES / "ground_truth.json").read_text(encoding="utf-8"))[TRACE.name]


@pytest.fixture(scope="module")
def store() -> Store:
    """The trace, loaded."""
    return load(TRACE)


@pytest.fixture(scope="module")
def pcap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its frames in a pcap file of nanoseconds."""
    records = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)]
    for batch in open_capture(str(TRACE)).batches():
        for i in range(batch.count):
            start, captured = int(batch.start[i]), int(batch.cap_len[i])
            seconds, rest = divmod(int(batch.time[i]), 10**9)
            records.append(struct.pack("<IIII", seconds, rest, captured, int(batch.wire_len[i])))
            records.append(batch.data[start : start + captured].tobytes())
    path = tmp_path_factory.mktemp("trace") / "frames.pcap"
    path.write_bytes(b"".join(records))
    return path


def test_tshark_agrees_on_the_frames(tshark: str, pcap: Path) -> None:
    """Packets, bytes, captured bytes, protocols and flags are what the script put in; nothing is malformed."""
    columns = ["frame.len", "frame.cap_len", "frame.protocols", "tcp.flags.syn", "tcp.flags.reset", "tcp.flags.fin", "_ws.malformed"]
    command = [tshark, "-n", "-r", str(pcap), "-T", "fields", *(a for column in columns for a in ("-e", column))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert (len(rows), sum(int(row[0]) for row in rows)) == (TRUTH["packets"], TRUTH["bytes"])
    assert sum(int(row[1]) for row in rows) == TRUTH["captured_bytes"]
    stacks = [row[2].split(":") for row in rows]
    assert {kind: sum(kind in stack for stack in stacks) for kind in TRUTH["protocols"]} == TRUTH["protocols"]
    assert {flag: sum(row[place] == "1" for row in rows) for place, flag in enumerate(columns[3:6], 3)} == TRUTH["flags"]
    assert not any(row[6] for row in rows)


def test_what_was_dropped_is_in_the_events(store: Store) -> None:
    """Each dropped datagram with its length, its reason and the socket that it was for, which earlier events name."""
    events, trace = store.events, TRUTH["trace"]
    rows = np.flatnonzero(events.view().event_id == 1033)
    times = events.view().time[rows]
    assert (len(rows), int(times[0]), int(times[-1])) == (trace["dropped_datagrams"], trace["first_drop"], trace["last_drop"])

    def values(name: str) -> set[str]:
        return set(events.texts.many(events.codes(name)[rows]))

    assert sum(int(text) for text in events.texts.many(events.codes("Length")[rows])) == trace["dropped_bytes"]
    assert values("Reason") == {trace["reason"]}
    assert values("SocketProcessID") == {str(trace["process"])}
    assert (values("LocalAddress"), values("Address")) == ({trace["local"]}, {trace["from"]})


def test_resets_and_drops_fall_together(store: Store) -> None:
    """The first reset comes just before the first datagram that is dropped, and only SYNs are answered by one."""
    trace = TRUTH["trace"]
    assert 0 < trace["first_drop"] - trace["first_reset"] < 10**8
    resets = rows_of(store, Scope("tcp.flags.reset == 1"))
    assert len(resets) == TRUTH["flags"]["tcp.flags.reset"]
    times = store.columns().time[resets.take(0, len(resets))]
    assert [int(times[0]), int(times[-1])] == [trace["first_reset"], trace["last_reset"]]


def test_packets_and_events_are_asked_by_one_filter(store: Store) -> None:
    """A filter by reason selects the dropped datagrams and no packet."""
    scope = Scope('Reason == "Insufficient local buffer space" || tcp.flags.reset == 1')
    assert len(rows_of(store, scope)) == TRUTH["flags"]["tcp.flags.reset"]
    assert len(event_rows_of(store, scope)) == TRUTH["trace"]["dropped_datagrams"]
