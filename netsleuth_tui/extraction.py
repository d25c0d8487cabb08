"""Frames that a scope keeps, from files of any format, into a new capture: two files are worked on side by side."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui import jit, query
from netsleuth_tui.decode.columns import NO_TIME, PACKET_COLUMNS, Columns
from netsleuth_tui.decode.hosts import HostTable
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.export.frame_files import FrameFile, FrameKind, Part, encode, kind_of
from netsleuth_tui.ingest.ahead import Ahead
from netsleuth_tui.ingest.counted import size_of
from netsleuth_tui.ingest.matching import BLOCK, FRAMES, Matched, Matching
from netsleuth_tui.ingest.series import expand, read_once
from netsleuth_tui.ingest.shifts import Shift, shift_of
from netsleuth_tui.readers.opening import open_in_blocks
from netsleuth_tui.store.clock import put_right
from netsleuth_tui.wording import several

if TYPE_CHECKING:
    from netsleuth_tui.query import Node
    from netsleuth_tui.readers.frames import CaptureReader, FrameBatch
    from netsleuth_tui.scope import Scope
    from netsleuth_tui.store import Store

__all__ = ["Extracted", "FileProgress", "extract", "kind_of"]

THREADS = 2
WAITING = 4
"""Blocks of a file that wait to be written: while the file before it is not done, its own are kept, not written."""
MOMENT = 0.1
_EXPANDED = 16
"""How many times as large as a file what is in it may well be, for the width of numbers."""
PATIENCE = 60
"""Seconds after which plain Python begins all the same."""
WORTH_COMPILING = 4 << 20


@dataclass(slots=True)
class FileProgress:
    """How far a file is."""

    name: str
    size: int = 0
    position: int = 0
    frames: int = 0
    kept: int = 0
    first: int | None = None
    """Earliest and latest time of what is kept, ns since the epoch."""
    last: int | None = None
    done: bool = False
    failure: NetSleuthError | None = None
    """Why it could not be opened, or its first damage."""
    problems: list[str] = field(default_factory=list)
    """Damage, or why it could not be opened."""
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Extracted:
    """What came of it."""

    files: list[FileProgress] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Of the captures that were written."""
    bytes: int = 0
    kept: int = 0
    untimed: int = 0
    """Frames whose time the format cannot hold; they have that of 1970."""

    @property
    def interleaved(self) -> str:
        """Which file has frames from before the end of one that is written before it, in a sentence; empty if none."""
        latest: FileProgress | None = None
        for file in self.files:
            if file.first is None or file.last is None:
                continue
            if latest is not None and latest.last is not None and file.first < latest.last:
                return f"{file.name} begins before {latest.name} ends, and is written behind it"
            latest = file
        return ""


class _Choosing(Protocol):
    """What says which frames of a file are kept."""

    def of(self, batches: Iterable[FrameBatch], shift: int) -> Iterator[Matched]:
        """See `ingest.matching.Matching`."""


class _Picked:
    """Frames that are known by where they are in their file.

    Args:
        offsets: `FrameBatch.offset` of each, in any order.
    """

    def __init__(self, offsets: NDArray[np.uint64]) -> None:
        self._offsets = np.sort(offsets)

    def of(self, batches: Iterable[FrameBatch], shift: int) -> Iterator[Matched]:
        """The frames that were found."""
        nothing = Columns._make(np.zeros(0, dtype) for dtype in PACKET_COLUMNS.values())
        for batch in batches:
            put_right(batch.time[: batch.count], shift)
            yield Matched(batch, self._among(batch.offset[: batch.count]), nothing)

    def _among(self, offsets: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Which of these are picked: what is known of the whole file is not sorted again for each block."""
        if not len(self._offsets):
            return np.zeros(0, np.uint32)
        at = np.minimum(np.searchsorted(self._offsets, offsets), len(self._offsets) - 1)
        return np.flatnonzero(self._offsets[at] == offsets).astype(np.uint32)


@dataclass(slots=True)
class _Job:
    """One file on its way."""

    progress: FileProgress
    named: bool
    parts: queue.Queue[Part | None] = field(default_factory=lambda: queue.Queue(WAITING))
    """None where the file ends."""
    drops: int = 0
    rooms: deque[NDArray[np.uint8]] = field(default_factory=deque)
    """Memory of parts that were written, for all files."""


def extract(
    paths: Sequence[str],
    scope: Scope,
    target: str,
    *,
    store: Callable[[], Store] | None = None,
    shifts: Sequence[Shift] = (),
    picked: Mapping[str, NDArray[np.uint64]] | None = None,
    split: int | None = None,
    force: bool = False,
    cancel: threading.Event | None = None,
    report: Callable[[Extracted], None] = lambda _: None,
) -> Extracted:
    """Write the frames that a scope keeps into a capture, file after file, each in its order.

    Args:
        paths: Files, patterns, folders; '-' is standard input. Event logs have no frames and are passed over.
        scope: Filter and window.
        target: The capture to write: .pcapng or .pcap, or "-" for standard output.
        store: Makes what places are asked of, one for each thread; it gets no rows. None for a plain one.
        shifts: Clock offsets, which frames are written with.
        picked: For each path the frames to write, by their `FrameBatch.offset`, where they were found out before; the scope then only says
            what they are.
        split: Bytes after which the next file begins.
        force: Replace existing files.
        cancel: Set it to stop; nothing is left of the file that was being written.
        report: Called with how far it is, about ten times a second.

    Returns:
        What was written, and what could not be read.

    Raises:
        NetSleuthError: The filter is not valid or judges frames by others, nothing could be opened, `target` is one of the files, exists or
            cannot be written, or it was cancelled.
    """
    kind = kind_of(target)
    wanted = query.alone(scope.filter) if picked is None else None
    given: dict[str, int] = {}
    names = expand(paths, given)
    for name, _ in names:
        if "-" not in (name, target) and _is_same(target, name):
            raise NetSleuthError("this is one of the captures that are read", where=target, hint="choose another name")
    result = Extracted([FileProgress(name, size_of(name) or 0) for name, _ in names])
    for progress in result.files:
        progress.notes += [f"{progress.name}: {note}" for note in read_once(given[progress.name])]
    stop = cancel or threading.Event()
    if any(file.size > WORTH_COMPILING or file.name == "-" for file in result.files):
        _have_kernels(stop)
    rooms: deque[NDArray[np.uint8]] = deque()
    jobs = [_Job(progress, named, rooms=rooms) for progress, (_, named) in zip(result.files, names, strict=True)]
    idle: queue.Queue[Matching] = queue.Queue()
    for _ in range(THREADS if picked is None else 0):
        idle.put(_matching(wanted, scope, store))
    with ThreadPoolExecutor(THREADS, thread_name_prefix="extract") as pool:
        running = [pool.submit(_read, job, idle, picked, kind, shifts, stop) for job in jobs]
        try:
            most = sum(file.size for file in result.files) * _EXPANDED // (split or 1)
            with FrameFile(target, kind, comment=_about(scope, names), split=split, most=most, force=force) as file:
                for job, future in zip(jobs, running, strict=True):
                    _write(job, future, file, stop, result, report)
                _check_any(result, paths)
                result.names = file.names
            result.bytes = file.bytes
        except BaseException:
            stop.set()
            for future in running:
                future.cancel()
            raise
    report(result)
    return result


@dataclass(frozen=True, slots=True)
class _Addresses:
    """What a filter without places needs of a store."""

    hosts: HostTable = field(default_factory=HostTable)


def _matching(wanted: Node | None, scope: Scope, store: Callable[[], Store] | None) -> Matching:
    """What looks at blocks; places are not loaded where nothing asks for them."""
    if wanted is None or not any(field.kind == "place" for name in query.names_of(wanted) if (field := query.FIELDS.get(name))):
        return Matching(_Addresses(), wanted, scope.start, scope.end, wanted=False)
    from netsleuth_tui.analysis.places import PlacesOf
    from netsleuth_tui.store import Store

    placed = (store or Store)()
    return Matching(placed, wanted, scope.start, scope.end, places=PlacesOf(placed), wanted=False)


def _have_kernels(stop: threading.Event) -> None:
    """Wait until the kernels of reading and decoding are compiled, which is worth it for all but small files; others need not be."""
    jit.start()
    begin = time.monotonic()
    while jit.state() == "compiling" and time.monotonic() - begin < PATIENCE and not stop.is_set():
        jit.wait(MOMENT)


def _check_any(result: Extracted, paths: Sequence[str]) -> None:
    """Raise what went wrong if no file could be opened."""
    if not any(progress.done for progress in result.files):
        failures = [progress.failure for progress in result.files if progress.failure is not None]
        raise failures[0] if failures else NetSleuthError("no capture could be opened", where=", ".join(paths))


def _write(
    job: _Job, future: Future[None], file: FrameFile, stop: threading.Event, result: Extracted, report: Callable[[Extracted], None]
) -> None:
    """Write one file's frames as they come."""
    while True:
        report(result)
        if stop.is_set():
            raise NetSleuthError("stopped; nothing was written")
        try:
            part = job.parts.get(timeout=MOMENT)
        except queue.Empty:
            if future.done() and future.exception() is not None:
                future.result()
            continue
        if part is None:
            break
        file.write(part)
        job.rooms.append(part.room)
        result.kept += len(part.ends)
        result.untimed += part.untimed
    future.result()
    file.drops(job.progress.name, job.drops)


def _read(
    job: _Job,
    idle: queue.Queue[Matching],
    picked: Mapping[str, NDArray[np.uint64]] | None,
    kind: FrameKind,
    shifts: Sequence[Shift],
    stop: threading.Event,
) -> None:
    """Read one file and hand on what is kept of it."""
    progress = job.progress
    matching = None if picked is not None else idle.get()
    choosing: _Choosing = matching or _Picked((picked or {}).get(progress.name, np.zeros(0, np.uint64)))
    try:
        reader = open_in_blocks(progress.name, block=BLOCK, frames=FRAMES)
    except NetSleuthError as error:
        progress.problems.append(str(error) if job.named else f"{error}; skipped")
        progress.failure = error if job.named else None
    else:
        try:
            _pass_on(reader, choosing, job, kind, shift_of(progress.name, shifts), stop)
            progress.problems.extend(f"{progress.name}: {damage}" for damage in reader.damage)
            if reader.damage:
                progress.failure = NetSleuthError(str(reader.damage[0]), where=progress.name)
            progress.notes.extend(f"{progress.name}: {note}" for note in reader.notes)
            if not progress.frames and not reader.damage and not stop.is_set():
                progress.notes.append(f"{progress.name}: there are no packets in it")
            job.drops = reader.drops
            progress.done = True
        finally:
            reader.close()
    finally:
        if matching is not None:
            idle.put(matching)
        _put(job.parts, None, stop)


@dataclass(frozen=True, slots=True)
class _Read:
    """A block, and what the file had said when it was read: another thread may be further on by now."""

    batch: FrameBatch
    comments: int
    position: int


def _blocks(reader: CaptureReader) -> Iterator[_Read]:
    batches = reader.batches()
    for batch in batches:
        yield _Read(batch, len(reader.comments), reader.position)


class _Place:
    """How far a file is, block after block."""

    def __init__(self, blocks: Iterator[_Read]) -> None:
        self._blocks = blocks
        self.comments = self.position = 0

    def batches(self) -> Iterator[FrameBatch]:
        """The blocks."""
        for block in self._blocks:
            self.comments, self.position = block.comments, block.position
            yield block.batch


def _pass_on(reader: CaptureReader, choosing: _Choosing, job: _Job, kind: FrameKind, shift: int, stop: threading.Event) -> None:
    progress = job.progress
    comments: dict[int, list[str]] = {}
    about: list[str] = []
    links: list[int] = []
    seen = 0
    with Ahead(_blocks(reader), stop) as blocks:
        place = _Place(blocks)
        for matched in choosing.of(place.batches(), shift):
            for comment in reader.comments[seen : place.comments]:
                if comment.on_frame:
                    comments.setdefault(comment.offset, []).append(comment.text)
                else:
                    about.append(comment.text)
            seen = place.comments
            if len(matched.chosen):
                batch = matched.batch if len(matched.chosen) == matched.batch.count else matched.batch.at(matched.chosen)
                _span(progress, batch.time[: batch.count])
                part = encode(kind, batch, links, progress.name, comments, about, _room(job.rooms))
                _put(job.parts, part, stop)
            progress.frames += matched.batch.count
            progress.kept += len(matched.chosen)
            progress.position = place.position
            if stop.is_set():
                return


def _span(progress: FileProgress, times: NDArray[np.int64]) -> None:
    """Note when what is kept of a file was; frames without a time do not count."""
    timed = times[times != NO_TIME]
    if len(timed):
        low, high = int(timed.min()), int(timed.max())
        progress.first = low if progress.first is None else min(progress.first, low)
        progress.last = high if progress.last is None else max(progress.last, high)


def _room(rooms: deque[NDArray[np.uint8]]) -> NDArray[np.uint8] | None:
    """The memory that was used last, which the processor may still have near; None where all is in use."""
    with contextlib.suppress(IndexError):
        return rooms.pop()
    return None


def _put(parts: queue.Queue[Part | None], part: Part | None, stop: threading.Event) -> None:
    """Wait for room, unless all is over."""
    while not stop.is_set():
        try:
            parts.put(part, timeout=MOMENT)
        except queue.Full:
            continue
        return


def _about(scope: Scope, names: Sequence[tuple[str, bool]]) -> str:
    what = f"the filter {scope.filter.strip()}" if scope.filter.strip() else "every frame"
    return f"Extracted from {several(len(names), 'file')} with {what}"


def _is_same(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False
