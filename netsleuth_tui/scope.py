"""The scope: the filter and the time window that every pane, command and export looks through."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EVERYTHING", "Scope"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: rows that satisfy `filter`, with `start` <= time < `end`."""

    filter: str = ""
    """Display filter; empty for all rows."""

    start: int | None = None
    """ns since the epoch, or None for the beginning."""

    end: int | None = None
    """ns since the epoch, excluded; or None for the end."""

    clocks: tuple[tuple[int, int], ...] = ()
    """Offsets of sources' clocks that the user set after loading, by source (`Store.set_clocks`)."""

    @property
    def has_window(self) -> bool:
        """True if a part of the time is looked at."""
        return self.start is not None or self.end is not None


EVERYTHING = Scope()
