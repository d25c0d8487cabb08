"""How much memory loading may take on a host that is not ours alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from netsleuth_tui.store import ROW_BYTES

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["default_budget", "is_full", "rows_beside", "rows_within"]

GIB = 1 << 30
MOST = 4 * GIB
SELECTION_BYTES = 8
"""What a row costs beside its columns: its id in two kept selections."""

MOST_ROWS = (1 << 32) - 1
"""Packets that can be numbered, those that were dropped included: ids of rows and frame numbers have 32 bits."""

MOST_CELLS = (1 << 32) - (1 << 26)
"""Cells of event data that the events' `slot` can reach, less those of a block."""


def default_budget() -> int:
    """Bytes: a quarter of the memory that is available, half of the control group's limit, or 4 GiB; the least of them."""
    limits = [MOST]
    available = _meminfo("MemAvailable")
    if available:
        limits.append(available // 4)
    group = _group_limit()
    if group:
        limits.append(group // 2)
    return min(limits)


def is_full(store: Store, memory: int) -> bool:
    """Whether what is loaded takes all of `memory` bytes, or all the cells that there can be."""
    return store.kept * ROW_BYTES + store.events.bytes > memory or store.events.cells > MOST_CELLS


def rows_within(budget: int) -> int:
    """Packets that fit into `budget` bytes."""
    return max(budget // (ROW_BYTES + SELECTION_BYTES), 1)


def rows_beside(budget: int, addresses: int) -> int:
    """Packets that fit into `budget` bytes beside the table of addresses; where that is large, a quarter of those that fit without it.

    So many addresses go with the packets that have them, and at most twice as many with those that went before.
    """
    return max(rows_within(max(budget - addresses, 0)), rows_within(budget) // 4)


def _meminfo(name: str) -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), None)


def _group_limit() -> int | None:
    for path in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        try:
            text = path.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            return int(text)
    return None
