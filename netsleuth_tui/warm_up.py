"""Calls every kernel once and writes the machine code of a group: run as a child process by `netsleuth_tui.jit`."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui import jit

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["main", "warm_up"]


def warm_up(directory: Path, group: str) -> None:
    """Compile the kernels of a group, by loading small captures and looking at them in every way, and write them into `directory`."""
    from netsleuth_tui.analysis import Scope, associations, conversations, explain, facets, overview, regions, rows_of, series
    from netsleuth_tui.analysis.occurring import count_values
    from netsleuth_tui.analysis.tcp import marks
    from netsleuth_tui.decode.hosts import HostTable
    from netsleuth_tui.ingest import Loader
    from netsleuth_tui.kernel_making import Making
    from netsleuth_tui.store import Store
    from netsleuth_tui.store.lookup import Lookup, take_codes

    making = Making(directory, group)
    jit.activate(group, making.form)
    store = Store()
    with tempfile.TemporaryDirectory(prefix=_scratch(), dir=directory) as folder:
        names = []
        files = {
            "ethernet.pcap": _pcap(1, FRAME),
            "ip.pcap": _pcap(101, FRAME[14:]),
            "esp.pcap": _pcap(1, ESP),
            "ethernet.pcapng": _pcapng(),
            "ethernet.snoop": _snoop(),
            "cut-off.cap": _netmon(),
        }
        for name, content in files.items():
            path = Path(folder) / name
            path.write_bytes(content)
            names.append(str(path))
        Loader(store, memory=1 << 24, cancel=threading.Event(), report=lambda _: None).load(names)
    overview(store, Scope())
    series(store, rows_of(store, Scope()), start=0, every=1, intervals=1, by="ip.addr")
    facets(store, rows_of(store, Scope()))
    explain(store, Scope("", 0, SECOND))
    conversations(store, rows_of(store, Scope()))
    associations(store, rows_of(store, Scope()))
    regions(store, Scope(), by="/8")
    marks(store)
    count_values(store, Scope(), "ip.ttl")
    _warm_findings(store)
    _write(np.zeros(64, np.uint8))
    hosts = HostTable()
    hosts.merge(store.hosts)
    hosts.reserve(1 << 14)
    Lookup("found", "src", np.zeros(1, np.uint8)).over(store.columns().src)
    take_codes(np.zeros(1, np.uint32), np.zeros(1, np.uint32), np.zeros(1, np.uint32))
    _warm_events(store)
    _warm_sieve()
    _warm_traces()
    making.write()


def _warm_findings(store: Store) -> None:
    """Call the kernels that only findings need."""
    from netsleuth_tui.analysis.patterns import patterns
    from netsleuth_tui.analysis.repeats import may_be_copies
    from netsleuth_tui.analysis.segment_flows import segment_flows
    from netsleuth_tui.analysis.silences import count_intervals_of_hosts, silences

    columns, rows = store.columns(), np.zeros(1, np.uint32)
    may_be_copies(columns)
    patterns(rows, 0, 1, columns.present, columns.time, lambda: None)
    segment_flows(columns, rows)
    ranks = np.zeros(store.hosts.count, np.int32)
    start = int(columns.time[0])
    sent, _ = count_intervals_of_hosts(columns, rows, ranks, start=start, every=SECOND, shape=(1, 1), check=lambda: None)
    silences(sent, 1, 1)


def _warm_events(store: Store) -> None:
    """Call the kernels of the event table."""
    from netsleuth_tui.analysis import Scope, event_groups, event_ids, event_rows_of, event_series
    from netsleuth_tui.decode.events import Event
    from netsleuth_tui.ingest.events import warm
    from netsleuth_tui.store.handles import chained

    warm(store)
    events = store.events
    events.append([Event(names=("A",), values=(str(number),)) for number in range(1 << 11)])
    events.texts.number(events.codes("A"))
    events.texts.code("0")
    chained(events, "A")
    event_series(store, event_rows_of(store, Scope()), start=0, every=1, intervals=1)
    event_ids(store, event_rows_of(store, Scope()))
    event_groups(store, event_rows_of(store, Scope()), ("A",)).spread(0, 1, 1, (0, 1))


def _warm_sieve() -> None:
    """Look at a frame before it is decoded."""
    from netsleuth_tui.decode.sieve import sieve

    one, number = np.ones(1, np.uint32), np.zeros(1, np.int64)
    sieve(np.zeros(64, np.uint8), 1, number, one, np.ones(1, np.uint16), np.zeros(4, np.int64), number + 1, one.copy(), one.copy())


def _warm_traces() -> None:
    """Call the kernels that read event traces."""
    from netsleuth_tui.readers.etl_buffers import Buffers, Trace
    from netsleuth_tui.readers.etl_finding import warm
    from netsleuth_tui.readers.etl_frames import Joining
    from netsleuth_tui.readers.etl_headers import Headers, describe, ticks_of
    from netsleuth_tui.readers.etl_layers import Layers
    from netsleuth_tui.readers.etl_loading import Loaded
    from netsleuth_tui.readers.etl_packets import pieces_of
    from netsleuth_tui.readers.etl_records import empty
    from netsleuth_tui.readers.etl_sift import take_apart
    from netsleuth_tui.readers.etl_walk import Places
    from netsleuth_tui.readers.reused import Reused
    from netsleuth_tui.readers.xpress import expand_buffers

    data, numbers, octets = np.zeros(64, np.uint8), np.zeros(0, np.int64), np.zeros(0, np.uint8)
    expand_buffers(data, numbers, numbers, octets, data, numbers, numbers, numbers, numbers, octets)
    take_apart(Loaded(data, Buffers.room(0), numbers, numbers), Trace(0, 0, 0, None, 0, 0, 0), Reused())
    describe(data, Places.room(0, Reused()), ticks_of(None), Headers.room(0))
    warm()
    _, pieces = pieces_of(empty())
    Layers().warm(pieces)
    Joining().warm()


def _write(data: NDArray[np.uint8]) -> None:
    """Write a frame of a byte as a block."""
    from netsleuth_tui.readers.records import write_records

    one = np.ones(1, np.uint32)
    write_records(data, np.zeros(1, np.int64), one, one, np.zeros(1, np.int64), one, np.zeros(1, np.uint32), 1, np.zeros(64, np.uint8))


SECOND = 1_000_000_000
"""Where the frames of the pcap files lie; those of the pcapng file lie at 0."""

SEGMENT = bytes(12) + b"\x50" + bytes(7)
FRAME = bytes(12) + b"\x08\x00" + b"\x45" + bytes(7) + b"\x40\x06" + bytes(2) + b"\x0a\x00\x00\x01\x0a\x00\x00\x02" + SEGMENT
ESP = FRAME[:23] + b"\x32" + FRAME[24:]


def _pcap(link_type: int, frame: bytes) -> bytes:
    header = b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(8) + b"\x00\x00\x04\x00" + link_type.to_bytes(4, "little")
    size = len(frame).to_bytes(4, "little")
    return header + b"\x01" + bytes(7) + size + size + frame


def _snoop() -> bytes:
    size, record = len(FRAME).to_bytes(4, "big"), (24 + len(FRAME)).to_bytes(4, "big")
    return b"snoop" + bytes(6) + b"\x02" + bytes(3) + b"\x04" + size + size + record + bytes(7) + b"\x01" + bytes(4) + FRAME


def _pcapng() -> bytes:
    section = b"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00\x00\x00" + b"\xff" * 8 + b"\x1c\x00\x00\x00"
    interface = b"\x01\x00\x00\x00\x14\x00\x00\x00\x01\x00\x00\x00" + bytes(4) + b"\x14\x00\x00\x00"
    padded = FRAME + bytes(-len(FRAME) % 4)
    size, total = len(FRAME).to_bytes(4, "little"), (32 + len(padded)).to_bytes(4, "little")
    return section + interface + b"\x06\x00\x00\x00" + total + bytes(12) + size + size + padded + total


def _netmon() -> bytes:
    """A file that was cut off before its frame table, so that its frame is found, too."""
    size = len(FRAME).to_bytes(4, "little")
    header = b"GMBU\x00\x02\x01\x00" + bytes(16) + b"\xff\xff\x00\x00\x04" + bytes(128 - 29)
    return header + bytes(8) + size + size + FRAME


def _scratch() -> str:
    """How the name of a folder of this process begins."""
    return f"captures-{os.getpid()}-"


def main(directory: str, group: str) -> None:
    """`warm_up` as a process of its own, which ends at once where its input does: then its parent is gone."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        for folder in Path(directory).glob(f"{_scratch()}*"):
            shutil.rmtree(folder, ignore_errors=True)
        for part in Path(directory).glob(f"*.{os.getpid()}"):  # which is being written
            part.unlink(missing_ok=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    warm_up(Path(directory), group)
