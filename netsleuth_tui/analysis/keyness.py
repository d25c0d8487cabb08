"""How far a value stands out in a window: its rate there against its rate elsewhere, and how surprising that is.

The statistic is the log-likelihood ratio G of the two by two table of packets (in the window or not, with the value or not), as it is used
for words that are typical of one text against another (Dunning, "Accurate Methods for the Statistics of Surprise and Coincidence",
Computational Linguistics 19(1), 1993). For a value with the same share on both sides G follows the chi-squared distribution with one degree
of freedom, of which the part above x is at most exp(-x / 2). Packets come in bunches, though, so G alone would find everything remarkable:
a value must be `LIFT` times as frequent, too, both as such and against all other packets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["LEAST_PACKETS", "LEAST_SHARE", "LEAST_SHARE_OF_NAMES", "LIFT", "SIGNIFICANCE", "Sides", "Standing"]

LIFT = 2.0
"""A value stands out if its packets per second are at least so many times those elsewhere; and if they have risen at least so many times as
much as those of all other packets, so that a window in which there is simply more of everything has no such values."""

LEAST_SHARE = 0.001
"""Of the window's packets; what is rarer explains nothing."""

LEAST_SHARE_OF_NAMES = 0.1
"""The same for hosts, ports and the like: conversations begin and end in every window, and a small one is nothing remarkable."""

LEAST_PACKETS = 5

SIGNIFICANCE = 1e-3
"""Probability with which uniform data, packet by packet, shows anything at all: shared among the values that are looked at (Bonferroni)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a value stands out."""

    lift: float
    """Packets per second in the window over those elsewhere; what never occurs elsewhere counts as half a packet."""
    surprise: float
    """G."""
    stands_out: bool

    @property
    def score(self) -> float:
        """Surprise times effect."""
        return self.surprise * math.log(max(self.lift, 1.0))


@dataclass(frozen=True, slots=True)
class Sides:
    """The window, and what it is compared with."""

    packets: float
    seconds: float
    other_packets: float
    other_seconds: float
    looked_at: int = 1
    """How many values are looked at."""

    def standing(self, packets: float, others: float, least_share: float = LEAST_SHARE) -> Standing:
        """Of a value with so many packets in the window, and so many elsewhere; with a smaller share it does not stand out."""
        if packets <= 0 or not self.packets or not self.other_packets:
            return Standing(0.0, 0.0, stands_out=False)
        lift = (packets / self.seconds) / (max(others, 0.5) / self.other_seconds)
        rest, other_rest = max(self.packets - packets, 0.0), max(self.other_packets - others, 0.0)
        odds = (packets + 0.5) * (other_rest + 0.5) / ((others + 0.5) * (rest + 0.5))
        surprise = _g(packets, rest, others, other_rest)
        stands_out = (
            packets >= max(LEAST_PACKETS, least_share * self.packets)
            and lift >= LIFT
            and odds >= LIFT
            and surprise >= 2 * math.log(max(self.looked_at, 1) / SIGNIFICANCE)
        )
        return Standing(lift, surprise, stands_out)


def _g(a: float, b: float, c: float, d: float) -> float:
    """The log-likelihood ratio of a table with rows (a, b) and (c, d)."""
    total = a + b + c + d
    expected = ((a, a + b, a + c), (b, a + b, b + d), (c, c + d, a + c), (d, c + d, b + d))
    return max(2 * sum(seen * math.log(seen * total / (row * column)) for seen, row, column in expected if seen > 0), 0.0)
