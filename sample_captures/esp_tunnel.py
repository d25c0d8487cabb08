"""The ESP tunnel: a file copy whose packets are reordered, then run free at 30 MB/s, then are lost so that 3 MB/s are left.

Captured before the firewall of a data centre. An intrusion prevention system on the way delays some packets of the tunnel by up to
300 others, until the tunnel is exempted from it; later a link on the way begins to lose packets in bursts. Beside it a small branch
behind a NAT has a tunnel in UDP port 4500 that is rekeyed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from capture_files import Packet
from frames import Datagram, ethernet, ipv4, udp
from traffic import Dice

__all__ = ["COMMENT", "SNAP_LENGTH", "START", "packets", "truth"]

START = 1_773_151_200 * 10**9
"""2026-03-10T14:00:00Z"""
SNAP_LENGTH = 50
"""Up to the sequence number, of ESP in UDP as well: what is encrypted is not needed, and does not compress."""
COMMENT = "NetSleuth sample: ESP tunnel, reordering, then loss"

OFFICE, CENTRE, BRANCH = "198.51.100.10", "203.0.113.20", "192.0.2.77"
MACS = "02:00:00:00:10:01", "02:00:00:00:20:01"
COPY, ANSWERS = 0xC0FFEE10, 0x5A17B0A5
OLD, NEW, BACK = 0x11AA0001, 0x11AA0002, 0x22BB0001
FULL, SMALL = 1446, 76
"""Bytes behind the IP header: of a full segment in the tunnel, and of an acknowledgement."""
WINDOWS = (32, 64, 128, 256, 512, 1024, 2048, 4096)

PHASES = ((0.0, 8.0, 2_000), (8.0, 11.0, 20_000), (11.0, 21.0, 2_000))
"""Begin and end in seconds, packets per second: reordered, undisturbed, losing."""
REORDERED, FREE, LOSING = range(3)
REKEYED, OVERLAP = 10.0, 0.3


def packets() -> list[Packet]:
    """All packets, by time."""
    dice = Dice(4303)
    made = [*_copy(dice), *_branch(dice)]
    return [Packet(START + time * 1000, frame) for time, _, frame in sorted(made, key=lambda item: item[:2])]


Made = tuple[int, int, bytes]
"""Microseconds since the start, a number that keeps equal times in order, the frame."""


def _esp(path: tuple[str, str], spi: int, sequence: int, size: int, *, in_udp: bool = False) -> bytes:
    """An ESP packet (RFC 4303); in UDP as RFC 3948 has it. What is encrypted are zeros here: the snap length cuts it off."""
    src, dst = path
    payload = struct.pack("!II", spi, sequence).ljust(size, b"\0")
    header = Datagram(src, dst, ttl=57)
    inner = udp(header, 4500, 4500, payload) if in_udp else ipv4(header, 50, payload)
    towards = MACS if dst == CENTRE else MACS[::-1]
    return ethernet(towards[1], towards[0], 0x0800, inner)


def _copy(dice: Dice) -> Iterator[Made]:
    """The file copy to the data centre, and the acknowledgements that go back."""
    order, sequence, answers, burst = count(), 0, 0, 0
    for phase, (begin, end, rate) in enumerate(PHASES):
        step = 1_000_000 / rate
        for k in range(int((end - begin) * rate)):
            sequence += 1
            time = begin * 1_000_000 + k * step
            if phase == LOSING:
                burst = burst - 1 if burst else dice.whole(1, 40) if dice.happens(0.002) else 0
                if burst or dice.happens(0.0005):
                    continue
            sent = int(time)
            if phase == REORDERED and time < (end - 0.2) * 1_000_000 and dice.happens(0.06):
                time += step * (dice.whole(60, 300) if dice.happens(0.25) else dice.whole(2, 40))
            yield int(time), next(order), _esp((OFFICE, CENTRE), COPY, sequence, FULL)
            if k % 10 == 9:
                answers += 1
                yield sent + 40, next(order), _esp((CENTRE, OFFICE), ANSWERS, answers, SMALL)


def _branch(dice: Dice) -> Iterator[Made]:
    """A tunnel of a branch behind a NAT: some traffic both ways, a rekeying, keepalives."""
    order = count(10**7)
    sent = {OLD: 4_000, NEW: 0, BACK: 9_000}
    header = Datagram(BRANCH, CENTRE, ttl=50)
    for k in range(21 * 25):
        time = k / 25 + dice.between(0.0, 0.01)
        spi = OLD if time < REKEYED or (time < REKEYED + OVERLAP and k % 2) else NEW
        for path, which in (((BRANCH, CENTRE), spi), ((CENTRE, BRANCH), BACK)):
            sent[which] += 1
            time += 0.004
            yield int(time * 1_000_000), next(order), _esp(path, which, sent[which], dice.whole(80, 600), in_udp=True)
    for time, payload in ((5.0, b"\xff"), (9.98, bytes(204)), (9.99, bytes(204)), (15.0, b"\xff")):
        yield int(time * 1_000_000), next(order), ethernet(MACS[1], MACS[0], 0x0800, udp(header, 4500, 4500, payload))


def truth(made: Sequence[Packet]) -> list[dict[str, Any]]:
    """What became of the packets of each association, counted one by one (RFC 4303 section 3.4.3)."""
    found: dict[tuple[bytes, int], dict[str, Any]] = {}
    for packet in made:
        in_udp = packet.frame[23] == 17
        header = packet.frame[42:50] if in_udp else packet.frame[34:42]
        spi, sequence = struct.unpack("!II", header.ljust(8, b"\0"))
        if spi == 0 or header[:1] == b"\xff":
            continue
        empty = {"spi": f"0x{spi:08x}", "packets": 0, "bytes": 0, "top": 0, "seen": set(), "depths": []}
        one = found.setdefault((packet.frame[26:34], spi), empty)
        one["packets"] += 1
        one["bytes"] += len(packet.frame)
        if sequence < one["top"]:
            one["depths"].append(one["top"] - sequence)
        one["top"] = max(one["top"], sequence)
        one["seen"].add(sequence)
    return [_summed(one) for one in found.values()]


def _summed(one: dict[str, Any]) -> dict[str, Any]:
    seen, depths = one["seen"], one["depths"]
    expected = max(seen) - min(seen) + 1
    return {
        "spi": one["spi"],
        "packets": one["packets"],
        "bytes": one["bytes"],
        "expected": expected,
        "lost": expected - len(seen),
        "late": len(depths),
        "duplicates": one["packets"] - len(seen),
        "max_depth": max(depths, default=0),
        "replay_drops": {str(window): sum(depth >= window for depth in depths) for window in WINDOWS},
    }
