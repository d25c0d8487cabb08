"""What a finding is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log10

__all__ = ["OCCURRENCES", "Candidate", "Finding", "grade"]

OCCURRENCES = 256
"""A time line has not many more columns: of what recurs more often, the first ones are marked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that deserves attention, and the filter and the window that show it."""

    kind: str
    """'router-loop', 'arp-storm' …: the slug of its `Kind`."""
    title: str
    """What was found, as a sentence without a full stop; it says no more than the data does. It may hold text from them: sanitise it."""
    severity: int
    """0 to 100; the worst is listed first."""
    first: int
    """When it was first seen, ns since the epoch."""
    last: int
    """When it was last seen, ns since the epoch."""
    count: int
    """How many records `filter` selects in `window`, unless `count_of` says that it counts something else."""
    filter: str
    """A filter that shows it, the scope's own filter included."""
    window: tuple[int | None, int | None]
    """Begin, and end excluded, of the time that shows it, ns since the epoch; None is open."""
    why: str
    """Why it may matter, as a sentence."""
    usual: float | None = None
    """Records per second of the same sort outside the finding; None where nothing lies outside, or nothing is usual."""
    between: tuple[str, ...] = ()
    """Between whom: addresses, or what else there is to name; those with most first."""
    count_of: str = "packets"
    """What `count` counts: 'packets' or 'events' where the filter selects them, else what there is beside."""
    occurrences: tuple[int, ...] = ()
    """Where it recurs: when each time of it begins, ns since the epoch, ascending, `first` included; `OCCURRENCES` at most."""

    @property
    def begins(self) -> tuple[int, ...]:
        """When it begins, each time."""
        return self.occurrences or (self.first,)

    @property
    def is_selected(self) -> bool:
        """True if the count is that of the records which the filter selects in the window."""
        return self.count_of in {"packets", "events"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is a finding, if it is among the worst of its kind: only then it is put into words."""

    severity: int
    first: int
    """As that of the finding."""
    make: Callable[[], Finding]


def grade(base: int, times: float, most: int = 95) -> int:
    """A severity that grows by 10 with every power of ten.

    Args:
        base: Of what is just enough to be told.
        times: By how much it is more than that.
        most: It does not grow beyond this.
    """
    return max(0, min(most, base + round(10 * log10(max(times, 1.0)))))
