"""Regions of real captures: the sums are those of tshark's addresses, each looked up on its own."""

from __future__ import annotations

import subprocess
from collections import Counter
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import pytest

from netsleuth_tui.analysis import EVERYTHING, regions
from netsleuth_tui.places import open_places
from netsleuth_tui.session import Session

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
CAPTURES = (
    "captures/wireshark-4.0.17/**/*.pcap*", "captures/the-tcpdump-group+tcpdump/**/*.pcap*",
    "captures/zeek+zeek/*.pcap*", "captures/arkime+arkime/**/*.pcap*",
)  # fmt: skip
EACH = 6
"""Captures of each project, the smallest that have something in them first."""
FIELDS = ("ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.flags.reset", "frame.protocols")


def region_of(address: str) -> str:
    """Looked up alone."""
    found, places = ip_address(address), open_places()
    high, low = (0, int(found)) if found.version == 4 else (int(found) >> 64, int(found) & (1 << 64) - 1)
    located = places.locate(np.array([found.version], np.uint8), np.array([high], np.uint64), np.array([low], np.uint64))
    return places.tables.regions[int(located.region[0])]


@pytest.mark.parametrize("pattern", CAPTURES)
def test_regions_are_those_of_tsharks_addresses(tshark: str, shared: Path, pattern: str) -> None:
    """Packets and resets by region of the source and of the destination, of the outermost IP header."""
    paths = sorted(
        (path for path in (shared / "corpora").glob(pattern) if 500 < path.stat().st_size < 200_000), key=lambda p: p.stat().st_size
    )
    compared = 0
    known: dict[str, str] = {}
    for path in paths[:: max(len(paths) // EACH, 1)]:
        command = [tshark, "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=f", *(part for name in FIELDS for part in ("-e", name))]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        session = Session()
        session.load([str(path)])
        if done.returncode or not session.is_whole or session.store.packets != len(lines):
            continue
        plain = [line for line in lines if line[5].count(":ip") <= 1 and ":icmp" not in line[5]]
        if len(plain) < len(lines):  # tunnels, and errors that quote packets: tshark's fields are of all headers
            continue
        for side, columns in (("src", (0, 1)), ("dst", (2, 3))):
            packets: Counter[str] = Counter()
            resets: Counter[str] = Counter()
            for line in plain:
                address = line[columns[0]] or line[columns[1]]
                if address:
                    region = known.setdefault(address, region_of(address))
                    packets[region] += 1
                    resets[region] += line[4] in {"1", "True"}
            found = regions(session.store, EVERYTHING, side=side)
            names = found.cells("region")
            assert dict(zip(names, found.numbers("packets").tolist(), strict=True)) == packets, path
            assert dict(zip(names, found.numbers("resets").tolist(), strict=True)) == dict.fromkeys(packets, 0) | dict(resets), path
        compared += 1
    assert compared, "nothing could be compared"
