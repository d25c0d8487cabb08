"""What a source is said to have, as packets of it are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest.series import read_once
from netsleuth_tui.ingest.shifts import show_shift
from netsleuth_tui.store import Stamp
from netsleuth_tui.wording import agree, several

if TYPE_CHECKING:
    from netsleuth_tui.ingest.window import LoadWindow
    from netsleuth_tui.readers.frames import FrameBatch
    from netsleuth_tui.store import Source, Store

__all__ = [
    "NO_MEMORY",
    "as_error",
    "begin_behind",
    "break_off",
    "count_in",
    "expected",
    "given_up",
    "grown",
    "left_out",
    "size_of",
    "with_shift",
]

NO_MEMORY = "loading ended: the system has no more memory"


def count_in(store: Store, index: int, batch: FrameBatch) -> None:
    """Count packets in source `index`, whose rows have become visible."""
    _change(store, index, grown(store.sources[index], batch))


def given_up(store: Store, index: int, error: BaseException) -> None:
    """Say of source `index` that packets of it were read and cannot be shown, nor any behind them."""
    source = store.sources[index]
    notes = (*source.notes, NO_MEMORY) if isinstance(error, MemoryError) and NO_MEMORY not in source.notes else source.notes
    _change(store, index, replace(source, complete=False, notes=notes))


def begin_behind(store: Store, index: int) -> None:
    """Let source `index` and those behind it, where they have no rows, begin behind the rows that are there."""
    for k, source in enumerate(store.sources[index:], index):
        if not source.packets:
            _change(store, k, replace(source, first_row=min(source.first_row, store.packets)))


def as_error(name: str, error: NetSleuthError | OSError) -> NetSleuthError:
    """Why a file failed, with its name."""
    return error if isinstance(error, NetSleuthError) else NetSleuthError(error.strerror or str(error), where=name)


def break_off(store: Store, index: int, failure: NetSleuthError) -> None:
    """Say of source `index` that it failed in the middle; what was read of it stays."""
    source = store.sources[index]
    damage = tuple(dict.fromkeys((*source.damage, failure.what)))
    _change(store, index, replace(source, complete=False, damage=damage, stamp=Stamp.of(source.name)))


def _change(store: Store, index: int, source: Source) -> None:
    store.sources = (*store.sources[:index], source, *store.sources[index + 1 :])


def grown(source: Source, batch: FrameBatch) -> Source:
    """The source with a batch more."""
    time = batch.time[: batch.count]
    timed = time[time != NO_TIME]
    firsts = [t for t in (source.first, int(timed.min()) if len(timed) else None) if t is not None]
    lasts = [t for t in (source.last, int(timed.max()) if len(timed) else None) if t is not None]
    return replace(
        source,
        packets=source.packets + batch.count,
        captured_bytes=source.captured_bytes + int(batch.cap_len[: batch.count].sum()),
        bytes=source.bytes + int(batch.wire_len[: batch.count].sum()),
        first=min(firsts, default=None),
        last=max(lasts, default=None),
    )


def left_out(source: Source, total: int, kept_by: str | None, window: LoadWindow) -> tuple[str, ...]:
    """How many of a file's packets were loaded, where that is not all of them.

    Args:
        source: What was loaded.
        total: Packets of the file.
        kept_by: The filter at loading, None without one.
        window: The part of the time that was asked for.
    """
    why = [f"that {kept_by} keeps"] if kept_by is not None else []
    why += [str(window)] if window.is_timed else []
    loaded = source.before + source.packets  # of the file: an earlier source may have some, and others have been dropped
    kept = f"{loaded} of {several(total, 'packet')} {agree(loaded, 'was', 'were')} loaded, those {', '.join(why)}"
    return (f"{kept}; frame numbers count these",) if why else ()


def with_shift(notes: Sequence[str], offset: int, given: int) -> tuple[str, ...]:
    """What a reader noted, that its times were put right, and that the file was given several times."""
    noted = (*notes, *read_once(given))
    return (*noted, f"times are shifted by {show_shift(offset)}, as you asked") if offset else noted


def size_of(name: str) -> int | None:
    """Bytes of a file on disk, 0 if it is not there; None for standard input, of which nobody knows."""
    try:
        return Path(name).stat().st_size if name != "-" else None
    except OSError:
        return 0


def expected(rows: int, read: int, total: int, most: int) -> int:
    """Rows that there will be, judged by what was read so far; at least those that there are.

    Args:
        rows: That there are.
        read: Bytes of the files that they came from.
        total: Bytes of all files, 0 if unknown.
        most: Rows that the budget has room for.
    """
    likely = int(rows * 1.05 * total / read) if read and total else rows * 2
    return max(rows, min(likely, most))
