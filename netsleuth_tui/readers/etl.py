"""Event traces (.etl) of Windows, as `netsh trace` and `pktmon` write them: packets, and all other events, in the order of time.

Each processor fills buffers of its own, and a circular trace overwrites its oldest ones, so that neither records nor buffers come in the
order of time. They are looked through once, to find out what time each buffer covers and where packets were seen; then they are read
again in that order and merged, which takes no more memory than the buffers whose times overlap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np

from netsleuth_tui import jit
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.etl_buffers import Buffers, Trace, read_trace_header
from netsleuth_tui.readers.etl_finding import Found, Told, find_buffers
from netsleuth_tui.readers.etl_frames import Frames, Joining
from netsleuth_tui.readers.etl_layers import Layers
from netsleuth_tui.readers.etl_loading import Loading
from netsleuth_tui.readers.etl_merge import AHEAD, Merging, Step, with_firsts
from netsleuth_tui.readers.etl_packets import OF_NDISCAP
from netsleuth_tui.readers.etl_records import Records
from netsleuth_tui.readers.etl_sift import Surveyed, survey
from netsleuth_tui.readers.frames import Comment, FrameBatch, Interface
from netsleuth_tui.readers.limits import BATCH_FRAMES, INTERFACES, TRACE_LAYERS, longest_frame
from netsleuth_tui.readers.sources import RandomSource, Source
from netsleuth_tui.wording import agree, several

__all__ = ["EventTrace", "TraceRecords"]

_BATCH_BYTES = 8 << 20
_WORTH_COMPILING = 4 << 20
_MOMENT = 0.05


@dataclass(frozen=True, slots=True)
class TraceRecords:
    """Records that are no packets, or that tell more of one than its frame: events, in the order of time."""

    records: Records


class EventTrace:
    """An open trace (`frames.CaptureReader`); `parts` gives its events, too.

    Args:
        name: The path as it was given.
        disk: The bytes on disk.
        source: The trace: `disk`, or what it expands to.
        compression: What the file is compressed with as a whole.
    """

    format: Literal["etl"] = "etl"

    def __init__(self, name: str, disk: Source, source: RandomSource, compression: str) -> None:
        self.name = name
        self.compression = compression
        self.damage: list[Damage] = []
        self.comments: list[Comment] = []
        self.interfaces: list[Interface] = []
        self.drops = 0
        self.packets = 0
        """Frames handed on so far."""
        self._disk = disk
        self._source = source
        self._notes: list[str] = []
        self._share = self._framed = 0.0
        self._buffers = Buffers.room(0)
        self._firsts = np.zeros(0, np.int64)
        self._layers = Layers()
        self._joining = Joining()
        self._left_out = 0
        self._shortened = 0
        self._sent = 0
        self._outside = 0
        self._named: set[int] = set()
        self._lost = 0, 0

    @property
    def size(self) -> int:
        """Bytes on disk when it was opened."""
        return self._disk.size

    @property
    def components(self) -> Mapping[int, str]:
        """Names of pktmon's components by number, all of them as soon as there is a part; text from the file."""
        return self._layers.names

    @property
    def lost(self) -> tuple[int, int]:
        """Events and buffers that were lost while the trace was taken, as it says itself; known as soon as there is a part."""
        return self._lost

    @property
    def position(self) -> int:
        """Bytes on disk that are dealt with: half of each when it is looked through, half when it is read again."""
        return min(int(self.size * self._share), self.size)

    @property
    def framed(self) -> int:
        """Bytes on disk whose packets were handed on: how many there will be in all follows from that, and not from `position`."""
        return min(int(self.size * self._framed), self.size)

    @property
    def notes(self) -> list[str]:
        """What else to know, so far."""
        notes = self._notes + self._disk.notes
        return notes if self._source is self._disk else notes + self._source.notes

    def batches(self) -> Iterator[FrameBatch]:
        """See `frames.CaptureReader`."""
        for part in self.parts():
            if isinstance(part, FrameBatch):
                yield part

    def parts(self) -> Iterator[FrameBatch | TraceRecords | None]:
        """Packets and events, once, in the order of time; None where it has merely come further."""
        try:
            self._trace = read_trace_header(self._source, self.damage)
            loading = Loading(self._source)
            self._joining = Joining(memory=loading.memory)
            yield from self._survey(loading)
            merging = Merging(loading, self._trace, self._buffers, self._firsts)
            for step in merging.steps():
                self._framed = merging.share
                self._share = 0.5 + merging.share / 2
                yield from self._taken(step)
            self._tell(merging)
        finally:
            self.close()

    @property
    def is_paused(self) -> bool:
        """Never: the whole of it is there."""
        return False

    def close(self) -> None:
        """Give the file back."""
        self._source.close()
        self._disk.close()

    def _wait_for_kernels(self) -> None:
        """Kernels that only have to be linked are worth waiting for where plain Python would take longer."""
        if self._source.size > _WORTH_COMPILING:
            jit.start()
            while jit.state() == "compiling" and jit.is_cached():
                jit.wait(_MOMENT)

    def _survey(self, loading: Loading) -> Iterator[None]:
        """Look through all buffers in the order of the file: which there are, the first time in each, the layers of packets."""
        broken = Told([], "damaged places")
        found, firsts = [Buffers.room(0)], [np.zeros(0, np.int64)]
        self._wait_for_kernels()
        for buffers, seen in _surveyed(self._source, self._trace, loading, self.damage, broken):
            if seen is not None:
                self._layers.survey(seen.names, seen.runs)
                self._outside += seen.outside
                found.append(buffers)
                firsts.append(seen.firsts)
                self._share = int(buffers.offset[-1]) / max(self._source.size, 1) / 2
            yield None
        self._buffers = Buffers._make(np.concatenate(columns) for columns in zip(*found, strict=True))
        self._firsts = with_firsts(np.concatenate(firsts))
        self._layers.choose()
        broken.end()
        self.damage += broken.damage
        self._tell_losses()

    def _taken(self, step: Step) -> Iterator[FrameBatch | TraceRecords | None]:
        """Packets and events that come next."""
        pieces, order = step.pieces, step.order
        numbers = self._layers.numbers(pieces)
        if not self._layers.takes_all:
            chosen = pieces.at_rows(order)
            layers = numbers[order]
            wanted = self._layers.wanted(chosen, layers)
            self._left_out += int((~wanted & chosen.begins & (layers < TRACE_LAYERS)).sum())
            order = order[wanted]
        self._shortened += int(np.count_nonzero(pieces.lies[order]))
        frames = self._joining.join(step.data, pieces, numbers, order, last=step.is_last)
        self._sent += int(np.count_nonzero(frames.sent))
        self.packets += len(frames.start)
        self._note_interfaces(frames)
        yield from _batches(frames)
        events = step.events
        if events.rows:
            events = events.at_rows(np.flatnonzero(~events.of_the_trace))
        if events.rows:
            yield TraceRecords(events)
        yield None

    def _note_interfaces(self, frames: Frames) -> None:
        for number in np.flatnonzero(np.bincount(frames.layer)).tolist():
            if number not in self._named and len(self.interfaces) < INTERFACES:
                layer, origin, link = self._layers.layer(number)
                is_ndiscap = origin == OF_NDISCAP
                name = f"interface {layer >> 32}, layer {layer & 0xFFFFFFFF}" if is_ndiscap else self._component(layer)
                self.interfaces.append(Interface(link, name, "", 0, None))
                self._named.add(number)

    def _component(self, number: int) -> str:
        name = self.components.get(number, "")
        return f"component {number}, {name}" if name else f"component {number}"

    def _tell_losses(self) -> None:
        trace = self._trace
        self._lost = trace.events_lost, trace.buffers_lost
        lost = [several(trace.events_lost, "event")] if trace.events_lost else []
        lost += [several(trace.buffers_lost, "buffer")] if trace.buffers_lost else []
        if lost:
            were = agree(trace.events_lost + trace.buffers_lost, "was", "were")
            self._notes.append(f"{' and '.join(lost)} {were} lost while the trace was taken")
        marked = self._buffers.events_lost
        if marked:
            self._notes.append(f"{marked} of {len(self._firsts)} buffers say that events before or in them were lost")

    def _tell(self, merging: Merging) -> None:
        """Say at the end what a reader of the numbers should know."""
        joining = self._joining
        for count, text in (
            (self._left_out, "{} of packets at other layers {} left out, so that each packet counts once"),
            (self._layers.beyond, f"{{}} of packets {{}} left out whose layer was met after {TRACE_LAYERS} others"),
            (self._outside, "{} {} outside of the times of the trace"),
        ):
            if count:
                self._notes.append(text.format(several(count, "record"), agree(count, "is", "are")))
        for count, text in (
            (joining.without_begin, "{} whose beginning is not in the trace {} left out"),
            (joining.without_end, "{} {} without an end"),
            (joining.too_long, f"{{}} {{}} longer than {longest_frame(1)} bytes; the rest is left out"),
        ):
            if count:
                self._notes.append(text.format(several(count, "frame"), agree(count, "is", "are")))
        if self._shortened:
            self.damage.append(Damage(0, f"{self._shortened} packets are said to be longer than the records that hold them"))
        if merging.is_unsorted:
            self._notes.append("the times of buffers overlap so much that the trace is not in the order of time")
        if self.packets:
            self._notes.append(f"{self._sent} of {self.packets} packets were sent, the others received")


def _surveyed(
    source: RandomSource, trace: Trace, loading: Loading, damage: list[Damage], broken: Told
) -> Iterator[tuple[Buffers, Surveyed | None]]:
    """Buffers with what they hold; without it where the search has merely come further.

    Args:
        source: The file: read here, while other threads take apart what was read before.
        trace: What its header says.
        loading: What expands buffers.
        damage: Grows by what is wrong with headers of buffers.
        broken: Grows by what is wrong inside of buffers.
    """
    jobs: deque[tuple[Buffers, Future[tuple[Surveyed, list[Damage]]]]] = deque()

    def take(found: Found) -> tuple[Surveyed, list[Damage]]:
        told: list[Damage] = []
        return survey(loading.first(found, told), trace, told, loading.memory), told

    def oldest() -> tuple[Buffers, Surveyed]:
        buffers, job = jobs.popleft()
        seen, told = job.result()
        for place in sorted(told, key=lambda one: one.offset):
            broken.add(place.offset, place.reason)
        return buffers, seen

    with ThreadPoolExecutor(AHEAD, thread_name_prefix="trace") as pool:
        try:
            for found in find_buffers(source, trace, damage, loading.memory):
                if found is None:
                    yield Buffers.room(0), None
                    continue
                if len(jobs) == AHEAD:
                    yield oldest()
                jobs.append((found.buffers, pool.submit(take, found)))
            while jobs:
                yield oldest()
        finally:
            for _, job in jobs:
                job.cancel()


def _batches(frames: Frames) -> Iterator[FrameBatch]:
    """Frames in batches as `frames.CaptureReader` wants them."""
    count = len(frames.start)
    if not count:
        return
    first = 0
    total = np.cumsum(frames.length, dtype=np.int64)
    while first < count:
        before = int(total[first - 1]) if first else 0
        last = int(np.searchsorted(total, before + _BATCH_BYTES, side="right"))
        last = min(max(last, first + 1), first + BATCH_FRAMES, count)
        rows = slice(first, last)
        yield FrameBatch(
            frames.data, last - first, frames.start[rows], frames.length[rows], frames.wire[rows], frames.time[rows], frames.link[rows],
            frames.offset[rows],
        )  # fmt: skip
        first = last
