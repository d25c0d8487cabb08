"""Captures of TCP in trouble, segment by segment: what the corpora lack. `write` makes one file of all of them, to be looked at.

python tests/tcp_faults.py faults.pcap
"""

from __future__ import annotations

import random
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

START = 1_773_144_000_000_000
"""Microseconds since 1970: 2026-03-10T12:00:00Z."""
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
MODULUS = 1 << 32


@dataclass
class Connection:
    """Two ends that send segments to each other; numbers are counted from those of the SYN."""

    port: int = 40_000
    client: str = "10.0.0.1"
    server: str = "10.0.0.2"
    time: int = START
    isn: tuple[int, int] = (1000, 9000)
    scale: int | None = 7
    ttl: tuple[int, int] = (64, 60)
    frames: list[tuple[int, bytes]] = field(default_factory=list)

    def send(
        self, side: int, seq: int, ack: int, size: int = 0, flags: int = ACK, *, window: int = 500, wait: int = 1000, ttl: int | None = None
    ) -> None:
        """A segment of the client (0) or the server (1), `wait` microseconds after the one before it."""
        self.time += wait
        options = bytes((1, 3, 3, self.scale)) if flags & SYN and self.scale is not None else b""
        hosts = [bytes(map(int, host.split("."))) for host in (self.client, self.server)]
        ports = [self.port, 80]
        numbers = (self.isn[side] + seq) % MODULUS, (self.isn[1 - side] + ack) % MODULUS if flags & ACK else 0
        words = 5 + len(options) // 4
        segment = struct.pack(">HHIIBBHHH", ports[side], ports[1 - side], *numbers, words << 4, flags, window, 0, 0) + options + bytes(size)
        lived = self.ttl[side] if ttl is None else ttl
        header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), len(self.frames) + 1, 0x4000, lived, 6, 0)
        self.frames.append((self.time, bytes(12) + b"\x08\x00" + header + hosts[side] + hosts[1 - side] + segment))

    def open(self) -> Connection:
        """The handshake: 2 ms."""
        self.send(0, 0, 0, flags=SYN)
        self.send(1, 0, 1, flags=SYN | ACK)
        self.send(0, 1, 1)
        return self


def retransmission() -> Connection:
    """Sent again after 300 ms without an answer."""
    one = Connection(40_001).open()
    one.send(0, 1, 1, 100)
    one.send(0, 1, 1, 100, wait=300_000)
    one.send(1, 1, 101)
    return one


def fast_retransmission() -> Connection:
    """One of six segments is lost: three duplicate acknowledgements, and it comes again at once."""
    one = Connection(40_002).open()
    one.send(0, 1, 1, 100)
    one.send(1, 1, 101)
    for k in (2, 3, 4, 5):
        one.send(0, 1 + 100 * k, 1, 100, wait=10)
        one.send(1, 1, 101, wait=10)
    one.send(0, 101, 1, 100, wait=15_000)
    one.send(1, 1, 601)
    return one


def spurious_retransmission() -> Connection:
    """Sent again though it was acknowledged."""
    one = Connection(40_003).open()
    one.send(0, 1, 1, 100)
    one.send(1, 1, 101)
    one.send(0, 1, 1, 100, wait=200_000)
    return one


def out_of_order() -> Connection:
    """Two segments change places on their way."""
    one = Connection(40_004).open()
    one.send(0, 101, 1, 100)
    one.send(0, 1, 1, 100, wait=50)
    one.send(0, 201, 1, 100, wait=50)
    one.send(1, 1, 301)
    return one


def lost_segment() -> Connection:
    """The capture misses a segment that the receiver acknowledges."""
    one = Connection(40_005).open()
    one.send(0, 1, 1, 100)
    one.send(0, 201, 1, 100)
    one.send(1, 1, 401)
    return one


def zero_window() -> Connection:
    """The receiver takes no more for nine seconds, is asked twice, and then takes more."""
    one = Connection(40_006, scale=0).open()
    one.send(0, 1, 1, 500)
    one.send(1, 1, 501, window=0)
    for k in (1, 2):
        one.send(0, 501, 1, 1, wait=3_000_000)
        one.send(1, 1, 501, window=0, wait=1000 * k)
    one.send(1, 1, 501, window=500, wait=3_000_000)
    one.send(0, 501, 1, 100)
    return one


def keep_alive() -> Connection:
    """Nothing is said for a while, and then asked whether the other side is there."""
    one = Connection(40_007).open()
    one.send(0, 1, 1, 10)
    one.send(1, 1, 11)
    for size in (0, 1):
        one.send(0, 10, 1, size, wait=45_000_000)
        one.send(1, 1, 11)
    return one


def reused_ports() -> Connection:
    """Another connection between the same ports."""
    one = Connection(40_008).open()
    one.send(0, 1, 1, 10)
    one.send(0, 11, 1, flags=RST | ACK)
    one.isn = (5_000_000, 7_000_000)
    return one.open()


FAULTS: tuple[Callable[[], Connection], ...] = (
    retransmission, fast_retransmission, spurious_retransmission, out_of_order, lost_segment, zero_window, keep_alive, reused_ports,
)  # fmt: skip


KINDS = [ACK] * 14 + [ACK | PSH, 0, SYN, SYN | ACK, FIN | ACK, RST | ACK, RST]
"""Flags, each as often as it is drawn."""


def noise(segments: int, seed: int, kinds: Sequence[int] = KINDS) -> list[tuple[int, bytes]]:
    """Segments that no TCP would send in this order, with numbers close to each other and to 2**32: every rule meets every other."""
    rng = random.Random(seed)  # noqa: S311 - it has to be the same every time
    ends = [
        Connection(41_000 + k, scale=rng.choice((None, 0, 1, 14)), isn=(rng.choice((50, MODULUS - 30)), rng.choice((90, MODULUS - 9))))
        for k in range(max(segments // 60, 1))
    ]
    waits = (0, 10, 900, 2500, 4000, 15_000, 30_000, 400_000)
    frames = []
    for one in ends:
        if rng.random() < 0.7:
            one.open()
        reach = [1, 1]
        for _ in range(60):
            side = rng.randrange(2)
            seq = max(reach[side] + rng.choice((0, 0, 0, 0, 0, -1, -1, -3, 3)), 0)
            ack = max(reach[1 - side] + rng.choice((0, 0, 0, 0, -2, 4)), 0)
            size = rng.choice((0, 0, 0, 1, 1, 3, 5))
            one.send(side, seq, ack, size, rng.choice(kinds), window=rng.choice((0, 4, 4, 4, 9)), wait=rng.choice(waits))
            reach[side] = max(reach[side], seq + size)
        frames += one.frames
    return frames


def pcap(frames: Sequence[tuple[int, bytes]]) -> bytes:
    """A capture of frames with their times in microseconds, as they stand."""

    def written() -> Iterator[bytes]:
        yield struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 16, 1)
        for time, frame in frames:
            yield struct.pack("<IIII", time // 10**6, time % 10**6, len(frame), len(frame)) + frame

    return b"".join(written())


def all_faults() -> bytes:
    """One capture of all of them, one after the other."""
    return pcap([frame for fault in FAULTS for frame in fault().frames])


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(all_faults())
