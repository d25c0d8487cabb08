"""Event traces (.etl) of Windows, as `netsh trace` and `pktmon` write them: packets, and all other events, in the order of time.

Each processor fills buffers of its own, and a circular trace overwrites its oldest ones, so that neither records nor buffers come in the
order of time. They are looked through once, to find out what time each buffer covers and where packets were seen; then they are read
again in that order and merged, which takes no more memory than the buffers whose times overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui import jit
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.etl_buffers import NO_TIME, Buffer, find_buffers, read_trace_header
from netsleuth_tui.readers.etl_frames import Frames, Joining
from netsleuth_tui.readers.etl_layers import Layers
from netsleuth_tui.readers.etl_merge import Merging, firsts_of, groups
from netsleuth_tui.readers.etl_packets import DROPPED, OF_NDISCAP, OF_PKTMON, PKTMON, is_from, pieces_of
from netsleuth_tui.readers.etl_records import Records, read_records
from netsleuth_tui.readers.frames import Comment, FrameBatch, Interface
from netsleuth_tui.readers.limits import BATCH_FRAMES, INTERFACES, TRACE_LAYERS, longest_frame
from netsleuth_tui.readers.sources import RandomSource, Source
from netsleuth_tui.wording import agree, several

__all__ = ["EventTrace", "TraceRecords"]

_BATCH_BYTES = 8 << 20
_WORTH_COMPILING = 4 << 20
_MOMENT = 0.05
_DAMAGE_TOLD = 100
_HOUR = 3600 * 10**9


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
        self._share = 0.0
        self._expanded: dict[int, NDArray[np.uint8]] = {}
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
            buffers = find_buffers(self._source, self._trace, self.damage)
            self._wait_for_kernels(sum(buffer.filled for buffer in buffers))
            firsts: list[int] = []
            for _ in self._survey(buffers, firsts):
                yield None
            merging = Merging(self._source, self._trace, buffers, firsts, self._expanded)
            for records, order, last in merging.steps():
                self._share = 0.5 + merging.share / 2
                yield from self._taken(records, order, last=last)
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

    def _wait_for_kernels(self, length: int) -> None:
        """Kernels that only have to be linked are worth waiting for where plain Python would take longer."""
        if length > _WORTH_COMPILING:
            jit.start()
            while jit.state() == "compiling" and jit.is_cached():
                jit.wait(_MOMENT)

    def _survey(self, buffers: Sequence[Buffer], firsts: list[int]) -> Iterator[None]:
        """Look through all buffers in the order of the file; `firsts` gets the first time in each."""
        damage: list[Damage] = []
        done, total = 0, sum(buffer.filled for buffer in buffers) or 1
        for group in groups(buffers):
            records = read_records(self._source, group, self._trace, damage, self._expanded)
            self._layers.survey(records, pieces_of(records))
            firsts += firsts_of(records, group, firsts[-1] if firsts else NO_TIME)
            self._count_outside(records)
            done += sum(buffer.filled for buffer in group)
            self._share = done / total / 2
            yield
        self._layers.choose()
        self.damage += damage[:_DAMAGE_TOLD]
        if len(damage) > _DAMAGE_TOLD:
            self.damage.append(Damage(damage[_DAMAGE_TOLD].offset, f"{len(damage) - _DAMAGE_TOLD} more damaged places from here on"))
        self._tell_losses(buffers)

    def _count_outside(self, records: Records) -> None:
        trace = self._trace
        if trace.clock is not None and trace.end > trace.clock.start:
            time = records.time[records.time != NO_TIME]
            self._outside += int(((time < trace.clock.start - _HOUR) | (time > trace.end + _HOUR)).sum())

    def _taken(self, records: Records, order: NDArray[np.int64], *, last: bool) -> Iterator[FrameBatch | TraceRecords | None]:
        """Packets and events of those records that come next."""
        pieces = pieces_of(records, order)
        numbers = self._layers.numbers(pieces)
        wanted = self._layers.wanted(pieces, numbers)
        is_packet = np.zeros(records.rows, np.bool_)
        is_packet[pieces.row] = True
        if wanted.all():
            self._shortened += int(pieces.lies.sum())
        else:
            self._left_out += int((~wanted & pieces.begins & (numbers < TRACE_LAYERS)).sum())
            self._shortened += int((wanted & pieces.lies).sum())
            chosen = np.flatnonzero(wanted)
            pieces, numbers = pieces.at_rows(chosen), numbers[chosen]
        frames = self._joining.join(records, pieces, numbers, last=last)
        self._sent += int(frames.sent.sum())
        self.packets += len(frames.start)
        self._note_interfaces(frames)
        yield from _batches(frames)
        is_event = ~(is_packet | records.of_the_trace)
        if OF_PKTMON in pieces.origin:
            is_event |= is_from(records, PKTMON, DROPPED)
        events = order[is_event[order]]
        if len(events):
            yield TraceRecords(records.at_rows(events))
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

    def _tell_losses(self, buffers: Sequence[Buffer]) -> None:
        trace = self._trace
        self._lost = trace.events_lost, trace.buffers_lost
        lost = [several(trace.events_lost, "event")] if trace.events_lost else []
        lost += [several(trace.buffers_lost, "buffer")] if trace.buffers_lost else []
        if lost:
            were = agree(trace.events_lost + trace.buffers_lost, "was", "were")
            self._notes.append(f"{' and '.join(lost)} {were} lost while the trace was taken")
        marked = sum(buffer.events_lost for buffer in buffers)
        if marked:
            self._notes.append(f"{marked} of {len(buffers)} buffers say that events before or in them were lost")

    def _tell(self, merging: Merging) -> None:
        """Say at the end what a reader of the numbers should know."""
        joining = self._joining
        for count, text in (
            (self._left_out, "{} records of packets at other layers are left out, so that each packet counts once"),
            (self._layers.beyond, f"{{}} records of packets are left out whose layer was met after {TRACE_LAYERS} others"),
            (joining.without_begin, "{} frames whose beginning is not in the trace are left out"),
            (joining.without_end, "{} frames lack their end"),
            (joining.too_long, f"{{}} frames are longer than {longest_frame(1)} bytes; the rest of them is left out"),
            (self._outside, "{} records have times outside of those of the trace"),
        ):
            if count:
                self._notes.append(text.format(count))
        if self._shortened:
            self.damage.append(Damage(0, f"{self._shortened} packets are said to be longer than the records that hold them"))
        if merging.is_unsorted:
            self._notes.append("the times of buffers overlap so much that the trace is not in the order of time")
        if self.packets:
            self._notes.append(f"{self._sent} of {self.packets} packets were sent, the others received")


def _batches(frames: Frames) -> Iterator[FrameBatch]:
    """Frames in batches as `frames.CaptureReader` wants them."""
    count = len(frames.start)
    if not count:
        return
    first = 0
    total = np.cumsum(frames.length)
    while first < count:
        before = int(total[first - 1]) if first else 0
        last = int(np.searchsorted(total, before + _BATCH_BYTES, side="right"))
        last = min(max(last, first + 1), first + BATCH_FRAMES, count)
        rows = slice(first, last)
        yield FrameBatch(
            frames.data, last - first, np.ascontiguousarray(frames.start[rows]), frames.length[rows].astype(np.uint32),
            frames.wire[rows].astype(np.uint32), np.ascontiguousarray(frames.time[rows]), np.ascontiguousarray(frames.link[rows]),
            frames.offset[rows].astype(np.uint64),
        )  # fmt: skip
        first = last
