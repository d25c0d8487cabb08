"""TCP analysis of reference captures is tshark's, frame by frame, or the difference belongs to a class with a reason.

The classes are described in docs/differences.md under "TCP analysis: against tshark". They are conditions on the packets of the connection.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from decode.test_hostile import LINK_TYPES
from oracles.tcp_marks import AS_THE_FILE_HAS_IT, MARKS, shown
from oracles.test_fields import FOLLOWED

from netsleuth_tui.analysis.tcp import marks, tcp_values
from netsleuth_tui.analysis.tcp_segments import SEGMENT
from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import Loader
from netsleuth_tui.store import Store

VALUES = {"duplicate_ack_num": "tcp_repeat", "ack_rtt": "tcp_ack_rtt", "initial_rtt": "tcp_initial_rtt"}


@dataclass(frozen=True)
class Capture:
    """A file, and what tshark says of it."""

    store: Store
    protocols: dict[int, tuple[str, ...]]
    """frame.protocols of the frames in which tshark finds TCP."""
    times: dict[int, str]
    """frame.time_epoch of these, as tshark writes it."""
    options: frozenset[int]
    """Frames with a window scale option but no SYN, or with Multipath TCP."""

    @cached_property
    def columns(self) -> Columns:
        """Ours."""
        return self.store.columns()


@dataclass(frozen=True)
class Difference:
    """A field of a frame on which we and tshark disagree."""

    name: str
    frame: int
    ours: int
    theirs: int
    capture: Capture

    @cached_property
    def connection(self) -> list[int]:
        """Rows between the same two hosts, in whichever direction, and the row itself."""
        c, row = self.capture.columns, self.frame - 1
        pair = {int(c.src[row]), int(c.dst[row])}
        return np.flatnonzero(np.isin(c.src, list(pair)) & np.isin(c.dst, list(pair))).tolist()

    @cached_property
    def bits(self) -> Has:
        """What any packet between the two hosts has."""
        return Has(int(np.bitwise_or.reduce(self.capture.columns.present[self.connection])))


def not_followed(d: Difference) -> bool:
    """TCP behind protocols, or link types, that only one of the two follows."""
    rows = d.connection
    c = d.capture.columns
    elsewhere = any(
        not set(names[: names.index("tcp")]) <= FOLLOWED for k in rows if "tcp" in (names := d.capture.protocols.get(k + 1, ()))
    )
    unseen = any((int(c.present[k]) & int(Has.TCP) == 0) != (k + 1 not in d.capture.protocols) for k in rows)
    return elsewhere or unseen or any(int(c.link_type[k]) not in LINK_TYPES for k in rows)


def inner_header(d: Difference) -> bool:
    """TCP inside of tunnels, under the addresses of the outermost header."""
    return bool(d.bits & Has.TUNNEL)


def not_judged(d: Difference) -> bool:
    """Headers that are cut off or contradict themselves, and fragments."""
    c = d.capture.columns
    return any(int(c.present[k]) & int(Has.TCP) and int(c.present[k]) & int(SEGMENT) != int(SEGMENT) for k in d.connection)


def backwards(d: Difference) -> bool:
    """Times of the connection that run backwards."""
    times = d.capture.columns.time[d.connection]
    return bool((np.diff(times) < 0).any())


def split_second(d: Difference) -> bool:
    """Times of the connection whose part below a second is a second or more: tshark keeps 32 bits of it."""
    ours = d.capture.columns.time
    return any(row + 1 in d.capture.times and in_ns(d.capture.times[row + 1]) != int(ours[row]) for row in d.connection)


def in_ns(text: str) -> int:
    """A time as tshark writes it; a negative part of a second as if the whole were negative."""
    seconds, _, part = text.lstrip("-").partition(".")
    return int(seconds or 0) * 10**9 + (-1 if text.startswith("-") else 1) * int(part or 0)


def no_ack_flag(d: Difference) -> bool:
    """Segments without the ACK flag, of which tshark takes the number for an acknowledgement."""
    return d.name == "ack_rtt" and bool((d.capture.columns.tcp_flags[d.connection] & 0x10 == 0).any())


def option_without_syn(d: Difference) -> bool:
    """Window scale options in segments that are no SYN, and Multipath TCP."""
    return any(row + 1 in d.capture.options for row in d.connection)


CLASSES: tuple[Callable[[Difference], bool], ...] = (
    not_followed, inner_header, not_judged, split_second, backwards, no_ack_flag, option_without_syn,
)  # fmt: skip


def classify(d: Difference) -> str:
    """The first class that a difference belongs to, or nothing."""
    return next((condition.__name__ for condition in CLASSES if condition(d)), "")


def about(tshark: str, path: Path, store: Store) -> Capture:
    """What the classes ask for."""
    command = [tshark, *AS_THE_FILE_HAS_IT, "-r", str(path), "-Y", "tcp", "-T", "fields", "-e", "frame.number", "-e", "frame.protocols"]
    unusual = ["-e", "tcp.options.mptcp.subtype", "-e", "tcp.options.wscale.shift", "-e", "tcp.flags.syn", "-e", "frame.time_epoch"]
    done = subprocess.run([*command, *unusual, "-E", "occurrence=f"], capture_output=True, text=True, check=False)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    options = frozenset(int(line[0]) for line in lines if line[2] or (line[3] and line[4] == "0"))
    protocols = {int(line[0]): tuple(line[1].split(":")) for line in lines}
    return Capture(store, protocols, {int(line[0]): line[5] for line in lines}, options)


def compared(store: Store, said: dict[int, tuple[str, ...]]) -> Iterator[tuple[str, int, int, int]]:
    """Name, frame, our value and tshark's, where they differ."""
    found = marks(store)
    for k, (name, mask) in enumerate(MARKS.items()):
        theirs = {frame for frame, cells in said.items() if cells[k]}
        ours = {row + 1 for row in np.flatnonzero(found & mask).tolist()}
        yield from ((name, frame, int(frame in ours), int(frame in theirs)) for frame in sorted(ours ^ theirs))
    for k, (name, column) in enumerate(VALUES.items(), len(MARKS)):
        values = tcp_values(store, column)
        given = {frame: cells[k] for frame, cells in said.items() if cells[k]}
        numbers = {frame: round(float(cell) * 10**9) if "." in cell else int(cell) for frame, cell in given.items()}
        frames = numbers.keys() if name == "initial_rtt" else numbers.keys() | {row + 1 for row in np.flatnonzero(values).tolist()}
        for frame in sorted(frames):
            if int(values[frame - 1]) != numbers.get(frame, 0):
                yield name, frame, int(values[frame - 1]), numbers.get(frame, 0)


def loaded(path: Path) -> Store | None:
    """The store of a capture that has segments; None for others."""
    store = Store()
    try:
        Loader(store, memory=1 << 24, cancel=threading.Event(), report=lambda _: None).load([str(path)])
    except NetSleuthError:
        return None
    return store if (store.columns().present & SEGMENT == SEGMENT).any() else None


CAPTURES = [
    "the-tcpdump-group+libpcap/tests/filter/AH-IPcomp-IPv6.pcap",
    "ntop+nDPI/ethereum.pcap",
    "ntop+nDPI/nintendo.pcap",
    "microsoft+prot-od-netcaps/MS-WMOD_Example4_WS2016_X64_Win10_X64_Domain_Hagala.cap",
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/example2.pcap",
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/sll.pcap",
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/4KHttpRequests.pcap",
    "seladb+PcapPlusPlus/Tests/ExamplesTest/pcap_examples/tls2.pcap",
    "seladb+PcapPlusPlus/Tests/ExamplesTest/pcap_examples/ip-frag.pcap",
    *(f"arkime+arkime/tests/pcap/{name}.pcap" for name in ("smtp-decrypted", "aerospike", "socks4-https", "kafka", "arkime_synthetic")),
    "arkime+arkime/tests/pcap/socks5-http-302-frag.pcap",
    "wireshark-4.0.17/test/captures/challenge01_ooo_stream.pcapng.gz",
    "appneta+tcpreplay/test/test2.replay_unique_ip",
]


@pytest.mark.sweep
@pytest.mark.parametrize("name", CAPTURES)
def test_every_segment_of_a_capture(shared: Path, tshark: str, name: str) -> None:
    """Mark by mark and value by value: equal, or different for a reason that has a name."""
    path = shared / "corpora" / "captures" / name
    store = loaded(path)
    assert store is not None
    said = shown(tshark, path, *MARKS, *VALUES)
    assert said
    capture = about(tshark, path, store)
    found = [Difference(*one, capture) for one in compared(store, said)]
    without = [f"{d.name} of frame {d.frame} is {d.theirs}, we have {d.ours}" for d in found if not classify(d)]
    assert not without, without[:20]


def test_resets_are_counted_as_tshark_counts_them(shared: Path) -> None:
    """`ethereum.pcap` has 419."""
    path = shared / "corpora" / "captures" / "ntop+nDPI" / "ethereum.pcap"
    store = loaded(path)
    assert store is not None
    assert int(np.count_nonzero(store.columns().tcp_flags & 0x4)) == 419
