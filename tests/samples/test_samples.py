"""The sample captures: what is committed is what the script makes, and says what other tools say."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
TRUTH: dict[str, dict[str, Any]] = json.loads((SAMPLES / "ground_truth.json").read_text(encoding="utf-8"))
LOOP = "router-loop.pcapng.gz"
TUNNEL = "esp-tunnel.pcapng.gz"
LOG = "print_server.evtx"
ADDRESS = "10.35.69.103"

every_file = pytest.mark.parametrize("name", [name for name, of in TRUTH.items() if "packets" in of and not name.endswith(".etl")])


def fields(tshark: str, name: str, *arguments: str) -> list[list[str]]:
    """Rows of tshark's output for a sample."""
    command = [tshark, "-n", "-r", str(SAMPLES / name), "-T", "fields", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_script_makes_what_is_committed(tmp_path):
    """Every sample, the ground truth and the page come out of the script byte for byte."""
    subprocess.run([sys.executable, str(SAMPLES / "make_samples.py"), "-o", str(tmp_path)], check=True)
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {*TRUTH, "ground_truth.json", "README.md", "sites.csv"}
    for name in made:
        fresh, committed = (tmp_path / name).read_bytes(), (SAMPLES / name).read_bytes()
        if name.endswith(".gz"):  # zlib's versions do not compress alike
            fresh, committed = gzip.decompress(fresh), gzip.decompress(committed)
        assert fresh == committed, name


def test_every_capture_has_a_truth():
    """No capture lies about without its numbers, and together they stay small."""
    captures = [path for path in SAMPLES.iterdir() if ".pcap" in path.name or path.suffix in (".cap", ".evtx", ".etl")]
    assert {path.name for path in captures} == set(TRUTH)
    assert sum(path.stat().st_size for path in captures) < 9_000_000


@every_file
def test_capinfos_agrees(capinfos, name):
    """Packets, bytes, first and last time are those of capinfos."""
    command = [capinfos, "-M", "-T", "-r", "-N", "-c", "-d", "-a", "-e", "-S", str(SAMPLES / name)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    _, packets, size, first, last = done.stdout.strip().split("\t")
    truth = TRUTH[name]
    assert (int(packets), int(size)) == (truth["packets"], truth["bytes"])
    assert [nanoseconds(first), nanoseconds(last)] == [truth["first"], truth["last"]]


def nanoseconds(seconds: str) -> int:
    """A decimal number of seconds in ns, without rounding."""
    whole, _, fraction = seconds.partition(".")
    return int(whole) * 10**9 + int(fraction.ljust(9, "0"))


@every_file
def test_tshark_agrees_on_protocols_and_flags(tshark, name):
    """Protocols, flags and captured bytes are those of tshark."""
    columns = ["frame.cap_len", "frame.protocols", "tcp.flags.syn", "tcp.flags.reset", "tcp.flags.fin"]
    rows = fields(tshark, name, *(argument for column in columns for argument in ("-e", column)))
    truth = TRUTH[name]
    assert sum(int(row[0]) for row in rows) == truth["captured_bytes"]
    layers = [row[1].split(":") for row in rows]
    assert {kind: sum(kind in stack for stack in layers) for kind in truth["protocols"]} == truth["protocols"]
    assert {flag: sum(row[place] == "1" for row in rows) for place, flag in enumerate(columns[2:], 2)} == truth["flags"]


def test_tshark_sees_the_loop(tshark):
    """In each burst the copies of a request fall from TTL 63 to 1 in steps of 1 and change sides each time."""
    columns = ["frame.time_epoch", "eth.src", "ip.src", "ip.id", "ip.ttl", "icmp.type", "ip.dst"]
    rows = fields(tshark, LOOP, "-Y", "icmp", "-E", "occurrence=f", *(a for column in columns for a in ("-e", column)))
    loop = TRUTH[LOOP]["loop"]
    for burst in loop["bursts"]:
        seen = [row for row in rows if nanoseconds(row[0]) // 10**9 == burst["time"] // 10**9]
        circles: dict[str, list[list[str]]] = {}
        for row in seen:
            if row[2] == loop["pinged_by"] and row[6] in loop["addresses"]:
                circles.setdefault(row[3], []).append(row)
        assert len(seen) == burst["icmp"]
        assert len(circles) == burst["echo_requests"]
        assert sum(map(len, circles.values())) == burst["copies"]
        assert sum(row[5] == "11" for row in seen) == burst["time_exceeded"]
        for circle in circles.values():
            assert [int(row[4]) for row in circle] == list(range(63, 63 - len(circle), -1))
            assert all(row[1] == circle[place % 2][1] for place, row in enumerate(circle))
            assert len({row[1] for row in circle}) == min(2, len(circle))


@pytest.mark.parametrize(("key", "condition"), [("peak", "frame"), ("icmp_peak", "icmp")])
def test_tshark_finds_the_busiest_second(tshark, key, condition):
    """The busiest second, of everything and of ICMP alone, is the one that the ground truth names."""
    seconds = [row[0].partition(".")[0] for row in fields(tshark, LOOP, "-Y", condition, "-e", "frame.time_epoch")]
    [(busiest, count), (_, next_count)] = Counter(seconds).most_common(2)
    assert {"time": int(busiest) * 10**9, "packets": count} == TRUTH[LOOP][key]
    assert count > next_count


@pytest.mark.parametrize("name", [name for name in TRUTH if name.startswith("net1")])
def test_tshark_finds_the_one_address(tshark, name):
    """Packets, bytes and resets of the one address in each piece are those of tshark, by its filter and by raw bytes."""
    truth = TRUTH[name][ADDRESS]
    columns = ("-e", "frame.len", "-e", "tcp.flags.reset", "-e", "ip.src")
    rows = fields(tshark, name, "-Y", f"ip.addr == {ADDRESS}", *columns)
    assert rows == fields(tshark, name, "-Y", "frame[26:4] == 0a:23:45:67 || frame[30:4] == 0a:23:45:67", *columns)
    assert (len(rows), sum(int(row[0]) for row in rows)) == (truth["packets"], truth["bytes"])
    resets = [row for row in rows if row[1] == "1"]
    assert len(resets) == truth["flags"]["tcp.flags.reset"]
    assert {row[2] for row in resets} <= {ADDRESS}


@every_file
def test_tshark_finds_nothing_wrong(tshark, name):
    """No frame is malformed, and every checksum that can be checked holds."""
    options = [argument for protocol in ("ip", "tcp", "udp") for argument in ("-o", f"{protocol}.check_checksum:TRUE")]
    bad = " || ".join(f"{protocol}.checksum.status == 0" for protocol in ("ip", "tcp", "udp", "icmp"))
    assert fields(tshark, name, *options, "-Y", f"_ws.malformed || {bad}", "-e", "frame.number") == []


def test_tshark_finds_the_tunnels(tshark):
    """Packets and bytes by SPI are those of tshark, and the numbers that never came are those missing from what it prints."""
    rows = fields(tshark, TUNNEL, "-Y", "esp", "-e", "esp.spi", "-e", "esp.sequence", "-e", "frame.len")
    of: dict[str, list[tuple[int, int]]] = {}
    for spi, sequence, length in rows:
        of.setdefault(f"0x{int(spi, 0):08x}", []).append((int(sequence), int(length)))
    associations = TRUTH[TUNNEL]["associations"]
    assert set(of) == {one["spi"] for one in associations}
    for one in associations:
        numbers = [number for number, _ in of[one["spi"]]]
        assert (len(numbers), sum(length for _, length in of[one["spi"]])) == (one["packets"], one["bytes"])
        assert len(set(range(min(numbers), max(numbers) + 1)) - set(numbers)) == one["lost"]


def test_the_copy_falls_from_30_to_3_megabytes_a_second(tshark):
    """Undisturbed it runs at 30 MB/s; while packets are reordered, and later while they are lost, a tenth of that is left."""
    rows = fields(tshark, TUNNEL, "-Y", "esp.spi == 0xc0ffee10", "-e", "frame.time_epoch", "-e", "frame.len")
    octets: Counter[int] = Counter()
    for time, length in rows:
        octets[nanoseconds(time) // 10**9 - TRUTH[TUNNEL]["first"] // 10**9] += int(length)
    assert all(29e6 < octets[second] < 31e6 for second in (8, 9, 10))
    assert all(2.5e6 < octets[second] < 3.5e6 for second in (*range(8), *range(11, 21)))
