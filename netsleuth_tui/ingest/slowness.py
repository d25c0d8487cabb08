"""From what size on files are worth compiled kernels, and what there is to say where a log has to do without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netsleuth_tui import jit

if TYPE_CHECKING:
    from netsleuth_tui.readers import EventLog

__all__ = ["is_worth_waiting", "start_for", "start_for_files", "why_slow"]

WORTH_COMPILING = 4 << 20
"""Bytes of files below which plain Python is done before a compiler would be loaded."""

WORTH_LINKING = 1 << 16
"""Bytes of files below which plain Python is done before machine code that lies ready would be linked."""

LOG_WORTH_COMPILING = 1 << 20
"""Bytes of a log below which plain Python, which reads some 4 000 events a second, is done before a compiler would be loaded."""

LOG_WORTH_LINKING = 1 << 17
"""Bytes of a log, two of its chunks, below which plain Python is done before machine code that lies ready would be linked."""

WORTH_WAITING = 64 << 20
"""Bytes of a log from which on waiting for the compiler is quicker than plain Python."""

WORTH_SAYING = 8 << 20
"""Bytes of a log from which on plain Python takes so long that it is said why."""

COMPILING = "compiling kernels, once for this version; loading goes on in a minute or two"
PLAIN = "kernels could not be compiled (is Numba installed?): plain Python reads some 1 000 to 4 000 events a second"


def start_for_files(size: int, names: Sequence[str]) -> None:
    """Have kernels linked or compiled for files of `size` bytes together, 0 if that is not known, where they are worth it.

    Args:
        size: Bytes.
        names: Of the files: where most are named like event logs, the kernels of these come first.
    """
    if size == 0 or size > WORTH_LINKING:
        logs = sum(".evtx" in name.lower() for name in names)
        jit.start(compiling=size == 0 or size > WORTH_COMPILING, events_first=2 * logs > len(names))


def start_for(log: EventLog) -> None:
    """Have kernels linked or compiled for a log that is worth it."""
    if log.size > LOG_WORTH_LINKING or log.compression:
        jit.start(compiling=log.size > LOG_WORTH_COMPILING or bool(log.compression), events_first=True)


def is_worth_waiting(log: EventLog) -> bool:
    """Whether to wait: what is linked in a moment is worth it, and much of a log is too much for plain Python."""
    return jit.is_coming("events") and (jit.is_cached() or log.size > WORTH_WAITING)


def why_slow(log: EventLog) -> str:
    """What to say where it takes long; empty where there is nothing to say."""
    if is_worth_waiting(log) and not jit.is_cached():
        return COMPILING
    started = jit.state() != "plain"
    never = started and not jit.is_ready("events") and not jit.is_coming("events")
    return PLAIN if never and max(log.size, log.position) > WORTH_SAYING else ""
