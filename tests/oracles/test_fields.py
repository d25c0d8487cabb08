"""Every field of every frame of the reference captures is what tshark shows, or the difference belongs to a class with a reason.

The classes are described in docs/differences.md under "Fields: against tshark". They are conditions on the packet, never lists of files.
The same run of tshark says what it thinks of TCP, of which the classes are in `tcp_differences.py`.
"""

from __future__ import annotations

import contextlib
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path

import numpy as np
import pytest
from decode.test_hostile import LINK_TYPES, SAMPLES
from oracles import tcp_differences
from oracles.followed import FOLLOWED
from oracles.said import Said, said
from wire import address

from netsleuth_tui.decode.columns import NO_TIME, PACKET_COLUMNS, Columns, Has
from netsleuth_tui.decode.hosts import HostTable
from netsleuth_tui.decode.packets import decode_frames
from netsleuth_tui.linktypes import NETMON_WLAN
from netsleuth_tui.readers import UnreadableFile, open_capture

SHOWN: dict[str, tuple[str, Has, int]] = {
    "eth.type": ("eth_type", Has.ETH_TYPE, 16),
    "ip.src": ("src", Has.ADDRESSES | Has.IP, 0),
    "ip.dst": ("dst", Has.ADDRESSES | Has.IP, 0),
    "ipv6.src": ("src", Has.ADDRESSES | Has.IPV6, 0),
    "ipv6.dst": ("dst", Has.ADDRESSES | Has.IPV6, 0),
    "ip.proto": ("ip_proto", Has.IP_PROTO | Has.IP, 10),
    "tcp.srcport": ("src_port", Has.SRC_PORT | Has.TCP, 10),
    "tcp.dstport": ("dst_port", Has.DST_PORT | Has.TCP, 10),
    "udp.srcport": ("src_port", Has.SRC_PORT | Has.UDP, 10),
    "udp.dstport": ("dst_port", Has.DST_PORT | Has.UDP, 10),
    "sctp.srcport": ("src_port", Has.SRC_PORT | Has.SCTP, 10),
    "sctp.dstport": ("dst_port", Has.DST_PORT | Has.SCTP, 10),
    "tcp.flags": ("tcp_flags", Has.TCP_FLAGS, 16),
    "tcp.len": ("tcp_len", Has.TCP_LEN, 10),
    "icmp.type": ("icmp_type", Has.ICMP_TYPE | Has.ICMP, 10),
    "icmpv6.type": ("icmp_type", Has.ICMP_TYPE | Has.ICMPV6, 10),
    "arp.opcode": ("arp_opcode", Has.ARP_OPCODE, 10),
    "esp.spi": ("esp_spi", Has.ESP_SPI, 16),
    "esp.sequence": ("esp_sequence", Has.ESP_SEQUENCE, 10),
}
"""tshark's name: the column, the bits that must be set, the base in which tshark prints it (0: an address)."""

Shown = str | int | None


@dataclass(frozen=True, slots=True)
class Frame:
    """What we have of a frame: tshark's names with our values (None where absent), and what the classes ask for."""

    values: dict[str, Shown]
    bits: Has
    link_type: int
    cap_len: int
    start: bytes


@dataclass(frozen=True, slots=True)
class Difference:
    """A field on which we and tshark disagree."""

    field: str
    ours: Shown
    theirs: Shown
    frame: Frame
    protocols: tuple[str, ...]

    @property
    def protocol(self) -> str:
        """The protocol that the field belongs to."""
        return self.field.partition(".")[0]

    @property
    def followed(self) -> tuple[str, ...]:
        """The protocols in the frame up to the first one that the kernels do not look into, and that one."""
        for i, name in enumerate(self.protocols):
            if name not in FOLLOWED:
                return self.protocols[: i + 1]
        return self.protocols

    @property
    def only_they(self) -> bool:
        """Whether tshark shows the field in a place that we do not reach."""
        return self.ours is None and self.protocol in self.protocols and self.protocol not in self.followed


def quoted(d: Difference) -> bool:
    """Headers quoted in an ICMP error."""
    return d.only_they and d.followed[-1] in ("icmp", "icmpv6")


def not_followed(d: Difference) -> bool:
    """Tunnels that only tshark follows."""
    return d.only_they and not quoted(d)


def inner_address(d: Difference) -> bool:
    """Fields of an IP header of the other version inside the outermost one."""
    outer = next((name for name in d.followed if name in ("ip", "ipv6")), "")
    return d.ours is None and d.protocol in ("ip", "ipv6") and d.protocol != outer != "" and bool(d.frame.bits & Has.TUNNEL)


def link_type(d: Difference) -> bool:
    """Link types that one of the two does not decode."""
    return d.frame.link_type not in LINK_TYPES or (d.frame.link_type == 8 and d.theirs is None)


def cut_off(d: Difference) -> bool:
    """Headers that are cut off: tshark shows some of their fields sooner, or later, than the bytes are there."""
    if d.protocols[-1] == "nflog":  # one of whose fields is the whole packet
        return d.theirs is None and d.frame.cap_len < d.frame.values["frame.len"]  # type: ignore[operator]
    together = ("ip.src", "ip.dst", "ipv6.src", "icmp.type", "sctp.srcport", "sctp.dstport")
    return (
        d.field in together
        and None in (d.ours, d.theirs)
        and bool(d.frame.bits & (Has.TRUNCATED | Has.MALFORMED) or len(d.frame.start) < 64)
    )


def too_deep(d: Difference) -> bool:
    """More headers inside one another than are followed."""
    return d.ours is None and bool(d.frame.bits & Has.TOO_DEEP)


def split_second(d: Difference) -> bool:
    """Times whose part below a second is a second or more: tshark keeps 32 bits of it."""
    return d.field == "frame.time_epoch" and isinstance(d.ours, int) and isinstance(d.theirs, int) and (d.ours - d.theirs) % 2**32 == 0


def out_of_range(d: Difference) -> bool:
    """Times that 64 bits of nanoseconds cannot hold."""
    return d.field == "frame.time_epoch" and d.ours is None and isinstance(d.theirs, int) and not -(2**63) < d.theirs < 2**63


def source_route(d: Difference) -> bool:
    """IPv4 packets with a source route: tshark shows its end, we the header's destination."""
    at = d.frame.start.find(b"\x08\x00") + 2
    options = d.frame.start[at + 20 : at + 60]
    return d.field == "ip.dst" and None not in (d.ours, d.theirs) and (b"\x83" in options or b"\x89" in options)


def two_gibibytes(d: Difference) -> bool:
    """Frames that claim 2 GiB or more."""
    return d.field in ("frame.len", "tcp.len") and isinstance(d.frame.values["frame.len"], int) and d.frame.values["frame.len"] >= 2**31


CLASSES: tuple[Callable[[Difference], bool], ...] = (
    link_type, quoted, not_followed, inner_address, too_deep, cut_off, split_second, out_of_range, source_route, two_gibibytes,
)  # fmt: skip


def classify(difference: Difference) -> str:
    """The first class that a difference belongs to, or nothing."""
    return next((condition.__name__ for condition in CLASSES if condition(difference)), "")


def theirs(shown: dict[str, str], name: str) -> Shown:
    """A value as tshark prints it, in the type that ours has."""
    text = shown[name]
    if not text:
        return None
    if name == "frame.time_epoch":
        seconds, _, part = text.lstrip("-").partition(".")
        # A negative part of a second is printed as if the whole were negative.
        return int(seconds) * 10**9 + (-1 if text[0] == "-" else 1) * int(part)
    base = SHOWN[name][2] if name in SHOWN else 10
    if base == 0:
        return str(IPv6Address(text)) if ":" in text else text
    return int(text, base)


def decoded(path: Path) -> list[Frame]:
    """What we show of a file."""
    hosts = HostTable()
    frames: list[Frame] = []
    reader = open_capture(str(path))
    with contextlib.closing(reader.batches()) as batches:
        for batch in batches:
            columns = Columns(*(np.zeros(batch.count, dtype) for dtype in PACKET_COLUMNS.values()))
            about = batch.start, batch.cap_len, batch.wire_len, batch.time, batch.link_type, batch.offset
            decode_frames(batch.data, batch.count, *about, columns, 0, 0, hosts)
            starts = batch.start[: batch.count].tolist()
            heads = [bytes(batch.data[at : at + min(int(size), 100)]) for at, size in zip(starts, batch.cap_len, strict=False)]
            frames += described(columns, hosts, heads)
    return frames


def described(columns: Columns, hosts: HostTable, heads: Sequence[bytes]) -> Iterator[Frame]:
    """The rows of a batch under tshark's names."""
    listed = {name: column.tolist() for name, column in columns._asdict().items()}
    for i, head in enumerate(heads):
        bits = int(listed["present"][i])
        time = listed["time"][i]
        values: dict[str, Shown] = {"frame.time_epoch": None if time == NO_TIME else time, "frame.len": listed["len"][i]}
        for name, (column, needed, base) in SHOWN.items():
            value: Shown = None
            if bits & needed.value == needed.value:
                value = listed[column][i] if base else address(hosts, listed[column][i])
            values[name] = value
        yield Frame(values, Has(bits), listed["link_type"][i], listed["cap_len"][i], head)


def differences(ours: Sequence[Frame], rows: Sequence[dict[str, str]]) -> Iterator[Difference]:
    """Compare frame by frame."""
    for frame, shown in zip(ours, rows, strict=False):
        protocols = tuple(shown["frame.protocols"].split(":"))
        for name, value in frame.values.items():
            other = theirs(shown, name)
            if value != other:
                yield Difference(name, value, other, frame, protocols)


def paired(ours: Sequence[Frame], rows: list[dict[str, str]]) -> list[dict[str, str]] | None:
    """Return tshark's rows for the frames we have; None if the two find different frames in the file, which the readers' tests judge."""
    if len(rows) > len(ours):
        # pcapng blocks that hold no packet are numbered by tshark all the same.
        rows = [row for row in rows if row["frame.protocols"] != "data" or row["frame.time_epoch"]]
    if len(rows) != len(ours):
        return None
    framed_alike = all(
        int(row["frame.cap_len"]) == frame.cap_len for row, frame in zip(rows, ours, strict=False) if frame.link_type in LINK_TYPES
    )
    return rows if framed_alike else None


def report(found: Sequence[tuple[str, Difference]]) -> str:
    """The differences that have no class, one example per situation."""
    situations: dict[tuple[object, ...], str] = {}
    for where, d in found:
        key = (d.field, d.ours is None, d.theirs is None, d.protocols)
        situations.setdefault(key, f"{where}: {d.field} is {d.theirs} in {':'.join(d.protocols)}, we have {d.ours}: {d.frame.start.hex()}")
    return f"{len(found)} differences without a class\n" + "\n".join(situations.values())


@pytest.mark.sweep
def test_every_field_of_every_capture(swept: Mapping[Path, Future[Said]]) -> None:
    """Field by field, frame by frame: equal, or different for a reason that has a name; and so is every mark of TCP segments."""
    without: list[tuple[str, Difference]] = []
    counts: Counter[str] = Counter()
    of_tcp: Counter[str] = Counter()
    unmarked: list[str] = []
    for path, answer in swept.items():
        said_of_it = answer.result()
        rows, complete = said_of_it.frames(), said_of_it.is_complete
        try:
            ours = decoded(path)
        except UnreadableFile:
            counts["files we do not read"] += 1
            continue
        if not complete and len(rows) < len(ours):
            counts["files that tshark gives up"] += 1
            continue
        pairs = paired(ours, rows)
        if pairs is None:
            counts["files framed differently"] += 1
            continue
        counts["files"] += 1
        counts["frames"] += len(pairs)
        for difference in differences(ours, pairs):
            name = classify(difference)
            counts[name] += 1
            if not name:
                without.append((str(path), difference))
        unmarked += tcp_differences.without_class(path, pairs, of_tcp)
    print(counts, of_tcp)  # noqa: T201 - shown with -s, and where the test fails
    assert not without, report(without)
    assert not unmarked, unmarked[:20]
    assert of_tcp["files"] > 500
    assert of_tcp["equal"] > 40_000
    assert of_tcp.total() - of_tcp["equal"] - of_tcp["files"] < of_tcp["equal"] // 20, of_tcp
    assert counts["files"] > 1400
    assert counts["frames"] > 80_000
    assert counts["files framed differently"] <= counts["files"] // 200
    assert counts["files that tshark gives up"] <= counts["files"] // 50


def pcapng(frames: Sequence[tuple[int, bytes, int]]) -> bytes:
    """A pcapng file of frames given as link type, captured bytes and length on the wire."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    link_types = sorted({link_type for link_type, _, _ in frames})
    out = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    out += [block(1, struct.pack("<HHI", link_type, 0, 0)) for link_type in link_types]
    for number, (link_type, frame, length) in enumerate(frames):
        head = struct.pack("<IIIII", link_types.index(link_type), 0, number, len(frame), length)
        out.append(block(6, head + frame))
    return b"".join(out)


def test_headers_cut_at_every_byte(tmp_path: Path, tshark: str) -> None:
    """Frames of every link type, cut off at every byte, show what tshark shows."""
    cuts = [
        (link_type, frame[:size], len(frame))
        for link_type, frame in SAMPLES.values()
        if link_type not in (8, NETMON_WLAN)  # which tshark does not decode, or only where it is Network Monitor's
        for size in range(1, len(frame) + 1)
    ]
    path = tmp_path / "cut.pcapng"
    path.write_bytes(pcapng(cuts))
    answer = said(tshark, path)
    assert answer.is_complete
    rows = answer.frames()
    ours = decoded(path)
    assert len(rows) == len(ours) == len(cuts)
    found = [(f"cut {len(d.frame.start)}", d) for d in differences(ours, rows)]
    without = [(where, d) for where, d in found if classify(d) not in ("cut_off", "inner_address")]
    assert not without, report(without)
