"""CSV that tshark made from a capture gives what the capture gives."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from netsleuth_tui.analysis import EVERYTHING, timeline
from netsleuth_tui.decode.columns import Columns, Protocol
from netsleuth_tui.ingest import parse_columns
from netsleuth_tui.session import Session

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
FIELDS = [
    "frame.number",
    "frame.time",
    "frame.len",
    "frame.cap_len",
    "ip.src",
    "ip.dst",
    "ip.proto",
    "ip.len",
    "ip.ttl",
    "ip.id",
    "ip.flags",
    "ip.frag_offset",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.nxt",
    "ipv6.hlim",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.len",
    "tcp.window_size_value",
    "udp.srcport",
    "udp.dstport",
    "icmp.type",
    "icmp.code",
    "arp.opcode",
    "arp.src.proto_ipv4",
    "arp.dst.proto_ipv4",
    "esp.spi",
    "esp.sequence",
]
COMPARED = [
    "time",
    "len",
    "cap_len",
    "protocol",
    "ip_len",
    "ip_id",
    "ttl",
    "src_port",
    "dst_port",
    "tcp_flags",
    "tcp_seq",
    "tcp_len",
    "esp_sequence",
]
FRAMES = 600


def written(tshark: str, capture: Path, target: Path, *options: str, fields: list[str] = FIELDS) -> str:
    """What tshark prints of a capture, as a file."""
    words = [word for name in fields for word in ("-e", name)]
    command = [tshark, "-n", "-r", str(capture), "-T", "fields", *options, *words]
    target.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return str(target)


def loaded(name: str, columns: str = "") -> Session:
    """A session with one file."""
    session = Session(columns=parse_columns(columns) if columns else ())
    session.load([name])
    assert not session.failures
    return session


def addresses(session: Session, columns: Columns) -> list[tuple[int, int, int, int]]:
    """Source and target of every row, as numbers."""
    hosts, there = session.store.hosts, (columns.present >> np.uint64(34)) & np.uint64(1) != 0
    hi, lo = hosts.hi, hosts.lo
    sides = [np.where(there, side[column], 0) for column in (columns.src, columns.dst) for side in (hi, lo)]
    return list(zip(*[side.tolist() for side in sides], strict=True))


@pytest.mark.parametrize("name", ["router-loop.pcapng.gz", "esp-tunnel.pcapng.gz", "resets-by-office.pcapng.gz"])
@pytest.mark.parametrize("quoted", [True, False])
def test_csv_of_tshark_is_the_capture(name: str, quoted: bool, tshark: str, tmp_path: Path) -> None:
    """With a header and quotes, or as the notes do it, with neither: the same columns, addresses and time line, frame for frame."""
    options = ["-E", "separator=,", *(["-E", "header=y", "-E", "quote=d"] if quoted else [])]
    part = tmp_path / "part.pcapng"
    subprocess.run([tshark, "-r", str(SAMPLES / name), "-c", str(FRAMES), "-w", str(part)], check=True, capture_output=True)
    csv = written(tshark, part, tmp_path / "t.csv", *options)
    table, capture = loaded(csv, "" if quoted else ",".join(FIELDS)), loaded(str(part))
    assert table.is_whole
    theirs = table.store.columns()
    ours = capture.store.columns()
    for column in COMPARED:
        np.testing.assert_array_equal(getattr(theirs, column), getattr(ours, column), err_msg=column)
    assert addresses(table, theirs) == addresses(capture, ours)
    mine, other = (timeline(session.store, EVERYTHING, every=10**8, by="_ws.col.protocol") for session in (table, capture))
    assert (mine.start, mine.labels) == (other.start, other.labels)
    np.testing.assert_array_equal(mine.counts, other.counts)


@pytest.mark.sweep
def test_csv_of_real_captures(shared: Path, tshark: str, tmp_path: Path) -> None:
    """Every time and length; protocols of at least 99 of 100 frames, the rest being link layers of which the fields do not tell."""
    files = sorted(path for path in (shared / "corpora/captures").rglob("*") if path.is_file() and 300 < path.stat().st_size < 400_000)[
        ::25
    ]
    rows = same = 0
    for path in files:
        try:
            csv = written(tshark, path, tmp_path / "t.csv", "-E", "separator=,", "-E", "header=y", "-E", "quote=d")
        except subprocess.CalledProcessError:
            continue  # damaged, which tshark ends with
        table, capture = Session(), loaded(str(path))
        table.load([csv])
        theirs = table.store.columns()
        ours = capture.store.columns().at(slice(0, len(theirs.row)))
        if not table.store.sources or capture.store.sources[0].damage:
            continue
        assert len(ours.row) == len(theirs.row), path
        np.testing.assert_array_equal(theirs.len, ours.len, err_msg=str(path))
        untold = ours.time < 0  # before 1970, or no time at all: tshark prints something of its own
        np.testing.assert_array_equal(theirs.time[~untold], ours.time[~untold], err_msg=str(path))
        known = np.isin(ours.protocol, [Protocol.TCP, Protocol.UDP, Protocol.ICMP, Protocol.ESP, Protocol.ARP])
        rows += int(known.sum())
        same += int((known & (theirs.protocol == ours.protocol)).sum())
    assert rows > 1000
    assert same > 0.99 * rows
