"""What tshark says of a capture in one run: fields of its frames, and its conversations. Starting it is most of what it takes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from oracles import tcp_differences
from oracles.tcp_marks import AS_THE_FILE_HAS_IT

PREFERENCES = (
    *AS_THE_FILE_HAS_IT,
    *("-o", "wlan.defragment:FALSE"),
    *("-o", "ipv6.tso_support:TRUE"),  # as it is for IPv4 unless told otherwise
)

FIRST = (
    "frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.protocols", "eth.type", "ip.src", "ip.dst", "ipv6.src",
    "ipv6.dst", "ip.proto", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "sctp.srcport", "sctp.dstport", "tcp.flags",
    "tcp.len", "icmp.type", "icmpv6.type", "arp.opcode", "esp.spi", "esp.sequence", *tcp_differences.ASKED,
)  # fmt: skip
"""Fields of which `Said.frames` has the first occurrence."""
ALL = (
    "frame.protocols", "udp.length.bad", "udp.length.bad_zero", "_ws.expert.message", "ip.opt.type", "ip.src", "ip.dst", "ipv6.src",
    "ipv6.dst",
)  # fmt: skip
"""Fields of which `Said.occurrences` has them all."""
ASKED = tuple(dict.fromkeys((*FIRST, *ALL)))
TABLES = ("ip", "ipv6", "tcp", "udp")
BETWEEN = "\x1f"
"""What tshark writes between two occurrences of a field."""

CAPTURE = re.compile(rb"\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x4d\x3c\xb2\xa1|\xa1\xb2\x3c\x4d|\x0a\x0d\x0d\x0a|\x1f\x8b|\x28\xb5\x2f\xfd")


@dataclass(frozen=True, slots=True)
class Said:
    """What one run of tshark printed of a file."""

    lines: tuple[str, ...]
    """Of each frame, the fields of `ASKED`."""
    conversations: tuple[str, ...]
    """Lines of the tables of `-z conv`, titles among them."""
    is_complete: bool
    """Whether it read the file to the end."""

    def frames(self) -> list[dict[str, str]]:
        """The first occurrence of each field of `FIRST` in each frame; '' for none."""
        return [{name: cells[name].partition(BETWEEN)[0] for name in FIRST} for cells in self._cells()]

    def occurrences(self) -> Iterator[dict[str, list[str]]]:
        """All occurrences of each field of `ALL` in each frame."""
        return ({name: cells[name].split(BETWEEN) if cells[name] else [] for name in ALL} for cells in self._cells())

    def _cells(self) -> Iterator[dict[str, str]]:
        return (dict(zip(ASKED, line.split("\t"), strict=True)) for line in self.lines)


def said(tshark: str, path: Path) -> Said:
    """Ask tshark about a capture."""
    command = [
        tshark,
        *PREFERENCES,
        "-r",
        str(path),
        "-T",
        "fields",
        "-E",
        "occurrence=a",
        "-E",
        f"aggregator={BETWEEN}",
        "-E",
        "separator=/t",
    ]
    command += [word for name in ASKED for word in ("-e", name)] + [word for name in TABLES for word in ("-z", f"conv,{name}")]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    lines = done.stdout.decode("utf-8", "replace").split("\n")[:-1]
    end = next((k for k, line in enumerate(lines) if line.startswith("====")), len(lines))
    return Said(tuple(lines[:end]), tuple(lines[end:]), done.returncode == 0)


def captures(shared: Path) -> list[Path]:
    """Every pcap and pcapng file of the corpora, compressed or not."""
    files = sorted(path for path in (shared / "corpora" / "captures").rglob("*") if path.is_file())
    return [path for path in files if CAPTURE.match(path.read_bytes()[:4])]


@contextmanager
def said_of_all(tshark: str, shared: Path) -> Iterator[dict[Path, Future[Said]]]:
    """Ask about every capture of the corpora, two at a time; the answers come while others are looked at."""
    with ThreadPoolExecutor(2) as pool:
        yield {path: pool.submit(said, tshark, path) for path in captures(shared)}
        pool.shutdown(cancel_futures=True)
