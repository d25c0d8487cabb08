"""One opened file, as every pane and command names it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Source"]


@dataclass(frozen=True, slots=True)
class Source:
    """What a file is, what was read of it, and what could not be."""

    name: str
    """Path as the user gave it, '-' for standard input. Raw: sanitise before showing."""

    format: str
    """'pcap' or 'pcapng'."""

    compression: str = ""
    """'' or 'gzip', 'zstd', 'xz', 'bzip2'."""

    size: int = 0
    """Bytes on disk; 0 where unknown."""

    first_row: int = 0
    """Row of its first frame: its frame numbers count from there."""

    packets: int = 0
    captured_bytes: int = 0
    bytes: int = 0
    """Bytes on the wire."""

    first: int | None = None
    """Earliest time stamp, ns since the epoch."""

    last: int | None = None
    """Latest time stamp, ns since the epoch."""

    drops: int = 0
    """Packets that the capturing host says it lost."""

    complete: bool = True
    """False where reading was cancelled or stopped at the memory budget."""

    damage: tuple[str, ...] = ()
    """What could not be read: 'damaged at byte N: why'."""

    notes: tuple[str, ...] = ()
    """What else the reader noticed."""
