"""The definitions of ESP's order, packet by packet, as slowly and plainly as they are written: what the fast way is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from made import ETHERNET_IPV4, START

from netsleuth_tui.decode.columns import Has, Protocol

ESP = ETHERNET_IPV4 | Has.ESP | Has.ESP_SPI | Has.ESP_SEQUENCE


def esp(sequence: int, time: int = START, **fields: Any) -> dict[str, Any]:
    """An ESP packet over Ethernet and IPv4."""
    return {
        "time": time,
        "protocol": Protocol.ESP,
        "present": ESP,
        "len": 100,
        "ip_proto": 50,
        "src": 0,
        "dst": 1,
        "esp_spi": 0x1000,
        "esp_sequence": sequence % 2**32,
    } | fields


@dataclass
class ByHand:
    """What became of the packets of one association."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    depths: list[int] = field(default_factory=list)
    """Of late packets, in order of arrival."""
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """Index of the packet with the next number that came, and how many numbers below it never did: one for each run."""

    def go_on(self, seen: dict[int, int], extended: int, top: int, at: int) -> int:
        """One more packet of an epoch; return the highest number now."""
        if extended in seen:
            self.counts["duplicates"] += 1
            return top
        seen[extended] = at
        if extended < top:
            self.counts["late"] += 1
            self.depths.append(top - extended)
            return top
        self.counts["ahead"] += extended > top + 1
        self.counts["wraps"] += extended >> 32 != top >> 32
        return extended

    def close(self, seen: dict[int, int]) -> None:
        """An epoch is over: what never came?"""
        there = sorted(seen)
        self.counts["unique"] += len(there)
        self.counts["expected"] += there[-1] - there[0] + 1
        for lower, upper in pairwise(there):
            if upper > lower + 1:
                self.gaps.append((seen[upper], upper - lower - 1))


NAMES = ("unique", "expected", "lost", "ahead", "late", "duplicates", "outliers", "zeros", "resets", "jumps", "wraps")


def distance(number: int, other: int) -> int:
    """From another sequence number to this one, in serial arithmetic."""
    away = (number - other) % 2**32
    return away - 2**32 if away >= 2**31 else away


def followed(numbers: Sequence[int], at: int) -> bool:
    """Three of the next eight packets are near."""
    return sum(0 < abs(distance(number, numbers[at])) <= 64 for number in numbers[at + 1 : at + 9]) >= 3


def kind_of(numbers: Sequence[int], at: int, top: int | None) -> str:
    """What begins at a packet, or 'outliers'; empty where the numbers just go on."""
    if top is None:
        return "begins"
    number, away = numbers[at], distance(numbers[at], top)
    if top % 2**32 > 2**32 - 2**20 and number < 2**20:
        return ""
    if number <= 64 and away < -4096 and followed(numbers, at):
        return "resets"
    if abs(away) > 2**20:
        return "jumps" if followed(numbers, at) else "outliers"
    return ""


def by_hand(numbers: Sequence[int]) -> ByHand:
    """Judge the sequence numbers of one association, in order of arrival."""
    result = ByHand()
    epochs: list[dict[int, int]] = []
    """Of each epoch: extended number, and where it came first."""
    top: int | None = None
    for at, number in enumerate(numbers):
        kind = kind_of(numbers, at, top)
        extended = number if kind or top is None else top + distance(number, top)
        if number == 0 and extended <= 0:
            kind = "zeros"
        if kind:
            result.counts[kind] = result.counts.get(kind, 0) + 1
            if kind not in ("zeros", "outliers"):
                epochs.append({number: at})
                top = number
        elif top is not None:
            top = result.go_on(epochs[-1], extended, top, at)
    result.counts.pop("begins", None)
    for seen in epochs:
        result.close(seen)
    result.counts["lost"] = result.counts["expected"] - result.counts["unique"]
    return result


def replayed(numbers: Sequence[int], window: int) -> tuple[int, int]:
    """RFC 4303 section 3.4.3, literally: how many packets a receiver drops left of its window, and how many it has seen."""
    right, seen, old, again = 0, set(), 0, 0
    for number in numbers:
        if number > right:
            right = number
        elif number <= right - window:
            old += 1
            continue
        elif number in seen:
            again += 1
            continue
        seen.add(number)
    return old, again
