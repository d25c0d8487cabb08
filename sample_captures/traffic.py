"""Conversations: what two hosts say to each other, step by step, and dice that fall the same way everywhere."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from frames import ACK, FIN, PSH, RST, SYN, Segment

__all__ = ["MSS", "Dice", "Exchange", "Step", "conversation", "refused", "stream"]

T = TypeVar("T")

MSS = 1460
"""Payload bytes of a full segment on Ethernet."""

_PATTERN = b"NetSleuth sample data. " * 800


class Dice:
    """Random numbers that depend on the seed alone: built on `random.random`, whose sequence Python promises to keep."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random  # noqa: S311 - the same every time is the point

    def between(self, low: float, high: float) -> float:
        """A number, evenly spread."""
        return low + (high - low) * self._random()

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high - 1."""
        return low + int((high - low) * self._random())

    def one_of(self, choices: Sequence[T], skew: float = 1.0) -> T:
        """One of the choices; with a skew above 1 the first ones come more often."""
        return choices[int(len(choices) * self._random() ** skew)]

    def happens(self, probability: float) -> bool:
        """True that often."""
        return self._random() < probability

    def wait(self, mean: float) -> float:
        """A waiting time, exponentially distributed."""
        return -math.log(1.0 - self._random()) * mean


@dataclass(frozen=True, slots=True)
class Step:
    """One segment of a conversation, as seen at the capture point."""

    after: float
    """Seconds since the step before."""
    from_client: bool
    segment: Segment


@dataclass(frozen=True, slots=True)
class Exchange:
    """How a TCP conversation goes."""

    client_port: int
    server_port: int
    round_trip: float
    """Seconds between the capture point and the server, there and back."""
    answers: tuple[int, ...]
    """Payload bytes of each answer of the server; a request goes before each."""
    reset: bool = False
    """The client ends it with RST instead of FIN."""


def stream(position: int, length: int) -> bytes:
    """`length` payload bytes of a conversation, from a position in it."""
    start = position % 23
    return _PATTERN[start : start + length]


def refused(dice: Dice, client_port: int, server_port: int, round_trip: float) -> Iterator[Step]:
    """A SYN that is answered by RST."""
    seq = dice.whole(0, 2**32)
    yield Step(0.0, True, Segment(client_port, server_port, seq, 0, SYN))
    yield Step(round_trip, False, Segment(server_port, client_port, 0, (seq + 1) % 2**32, RST | ACK))


def conversation(dice: Dice, exchange: Exchange) -> Iterator[Step]:
    """Handshake, requests and answers with an acknowledgement for every second segment, and the end."""
    talk = _Talk(exchange.client_port, exchange.server_port, dice.whole(0, 2**32), dice.whole(0, 2**32))
    near = exchange.round_trip * 0.1
    yield talk.client(0.0, SYN)
    yield talk.server(exchange.round_trip, SYN | ACK)
    yield talk.client(near, ACK)
    for answer in exchange.answers:
        yield talk.client(dice.between(0.001, 0.05), PSH | ACK, dice.whole(80, 700))
        after, left, unacknowledged = exchange.round_trip + dice.between(0.0005, 0.02), answer, 0
        while left:
            size = min(left, MSS)
            left -= size
            yield talk.server(after, ACK if left else PSH | ACK, size)
            after = dice.between(0.00002, 0.0004)
            unacknowledged += 1
            if unacknowledged == 2 or not left:
                yield talk.client(near * dice.between(0.05, 0.2), ACK)
                unacknowledged = 0
    if exchange.reset:
        yield talk.client(dice.between(0.01, 2.0), RST | ACK)
        return
    yield talk.client(dice.between(0.01, 2.0), FIN | ACK)
    yield talk.server(exchange.round_trip, FIN | ACK)
    yield talk.client(near, ACK)


class _Talk:
    """Sequence numbers of both ends."""

    def __init__(self, client_port: int, server_port: int, client_seq: int, server_seq: int) -> None:
        self.ports = client_port, server_port
        self.seqs = [client_seq, server_seq]

    def client(self, after: float, flags: int, size: int = 0) -> Step:
        return Step(after, True, self._segment(0, flags, size))

    def server(self, after: float, flags: int, size: int = 0) -> Step:
        return Step(after, False, self._segment(1, flags, size))

    def _segment(self, sender: int, flags: int, size: int) -> Segment:
        seq, ack = self.seqs[sender], self.seqs[1 - sender] if flags & ACK else 0
        self.seqs[sender] = (seq + size + bool(flags & (SYN | FIN))) % 2**32
        return Segment(self.ports[sender], self.ports[1 - sender], seq, ack, flags, payload=stream(seq, size))
