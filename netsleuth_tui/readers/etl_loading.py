"""Buffers of a trace in memory: read where they lie side by side in one piece, and expanded where they are compressed."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers import xpress
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.etl_buffers import BUFFER_HEADER, Buffers
from netsleuth_tui.readers.etl_finding import Found
from netsleuth_tui.readers.limits import TAIL_BYTES
from netsleuth_tui.readers.reused import Reused
from netsleuth_tui.readers.sources import RandomSource

__all__ = ["Loaded", "Loading"]

_SLACK = 16
"""Bytes that may lie behind compressed data: a last word of flags, and what fills it up."""
_KEPT = 256 << 20
"""Bytes of expanded buffers that are kept for the second reading."""


class Loaded(NamedTuple):
    """Buffers whose records lie in `data`, with 64 bytes behind the last one; arrays of one length."""

    data: NDArray[np.uint8]
    buffers: Buffers
    begins: NDArray[np.int64]
    """Where the records of each begin in `data`."""
    ends: NDArray[np.int64]
    """Where they end."""
    room: int = 0
    """Bytes in front of them that are free."""


class Loading:
    """Loads buffers; several threads may ask for some at the same time.

    Args:
        source: The file, which nobody else reads meanwhile but who finds the buffers, before `again` is called.
    """

    def __init__(self, source: RandomSource) -> None:
        self.memory = Reused()
        """For buffers and what is found in them."""
        self._source = source
        self._lock = threading.Lock()
        self._kept: dict[int, NDArray[np.uint8]] = {}
        self._kept_bytes = 0

    def first(self, found: Found, damage: list[Damage]) -> Loaded:
        """Buffers with the block that they were found in; what is wrong with those that are compressed is added to `damage`."""
        buffers, stored = found.buffers, found.buffers.offset + BUFFER_HEADER - found.base
        if buffers.is_compressed.any():
            last = len(found.data) - TAIL_BYTES
            return self._expanded(found.data, np.minimum(stored, last), last, buffers, damage)
        ends = stored + np.minimum(buffers.filled, buffers.size) - BUFFER_HEADER
        last = len(found.data) - TAIL_BYTES
        return Loaded(found.data, buffers, np.minimum(stored, last), np.minimum(ends, last))

    def _expanded(self, stored: NDArray[np.uint8], places: NDArray[np.int64], last: int, buffers: Buffers, damage: list[Damage]) -> Loaded:
        """All of some buffers side by side, expanded, and kept as long as they are few; `places` says where in `stored` they lie."""
        rooms = buffers.filled - BUFFER_HEADER
        stops = np.cumsum(rooms)
        begins, ends = stops - rooms, np.empty(len(rooms), np.int64)
        length = int(stops[-1]) + TAIL_BYTES
        with self._lock:
            is_kept = self._kept_bytes + length <= _KEPT
            self._kept_bytes += length * is_kept
        data = np.empty(length, np.uint8) if is_kept else self.memory.octets(length)
        data[-TAIL_BYTES:] = 0
        _expand(stored, places, last, buffers, data, begins, ends, damage)
        if is_kept:
            with self._lock:
                for row in np.flatnonzero(buffers.is_compressed).tolist():
                    self._kept[int(buffers.number[row])] = data[int(begins[row]) : int(ends[row])]
        return Loaded(data, buffers, begins, ends)

    def again(self, buffers: Buffers, room: int) -> Loaded:
        """Read buffers, in any order, into memory that has so much room in front of them."""
        rooms = buffers.filled - BUFFER_HEADER
        if not buffers.is_compressed.any():
            return self._plain(buffers, room)
        ends = room + np.cumsum(rooms)
        begins = ends - rooms
        data = self.memory.octets(int(ends[-1]) + TAIL_BYTES)
        data[-TAIL_BYTES:] = 0
        with self._lock:
            kept = [self._kept.pop(number, None) for number in buffers.number.tolist()]
        missing = []
        for row, content in enumerate(kept):
            if content is None:
                missing.append(row)
            else:
                begin = int(begins[row])
                data[begin : begin + len(content)] = content
                ends[row] = begin + len(content)
        if missing:
            rows = np.array(missing)
            wanted = buffers.at_rows(rows)
            places, stored, last = self._stored(wanted, 0)
            made = np.empty(len(rows), np.int64)
            _expand(stored, places, last, wanted, data, begins[rows], made, [])
            ends[rows] = made
        return Loaded(data, buffers, begins, ends, room)

    def _plain(self, buffers: Buffers, room: int) -> Loaded:
        places, data, last = self._stored(buffers, room)
        ends = places + np.minimum(buffers.filled, buffers.size) - BUFFER_HEADER
        return Loaded(data, buffers, np.minimum(places, last), np.minimum(ends, last), room)

    def _stored(self, buffers: Buffers, room: int) -> tuple[NDArray[np.int64], NDArray[np.uint8], int]:
        """Read buffers as they are in the file, behind so much room: where what follows the header of each begins, and where all end."""
        order = np.argsort(buffers.offset)
        offset, size = buffers.offset[order], buffers.size[order]
        ends = room + np.cumsum(size)
        data = self.memory.octets(int(ends[-1]) + TAIL_BYTES)
        data[-TAIL_BYTES:] = 0
        edges = np.flatnonzero(np.append(True, offset[1:] != offset[:-1] + size[:-1]))
        begins = (ends - size)[edges]
        with self._lock:
            for at, begin, end in zip(offset[edges].tolist(), begins.tolist(), [*begins[1:].tolist(), int(ends[-1])], strict=True):
                filled = self._source.fill(at, data.data[begin:end])
                data[begin + filled : end] = 0  # the file has become shorter
        places = np.empty(len(order), np.int64)
        places[order] = ends - size + BUFFER_HEADER
        return places, data, int(ends[-1])


def _expand(
    stored: NDArray[np.uint8],
    places: NDArray[np.int64],
    last: int,
    buffers: Buffers,
    data: NDArray[np.uint8],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    damage: list[Damage],
) -> None:
    """Expand buffers into `data`, each from where it begins; `ends` gets where each ends, `damage` what is wrong."""
    is_packed = buffers.is_compressed
    limits = np.minimum(places + np.where(is_packed, buffers.size, np.minimum(buffers.filled, buffers.size)) - BUFFER_HEADER, last)
    used, status = np.empty(len(ends), np.int64), np.empty(len(ends), np.uint8)
    stops = begins + buffers.filled - BUFFER_HEADER
    xpress.expand_buffers(stored, places, limits, is_packed.view(np.uint8), data, begins, stops, ends, used, status)
    left = limits - used
    is_odd = is_packed & ((status != xpress.FULL) | (left > _SLACK))
    for row in np.flatnonzero(is_odd).tolist():
        made, wanted = int(ends[row] - begins[row]), int(buffers.filled[row]) - BUFFER_HEADER
        place = int(buffers.offset[row]) + BUFFER_HEADER + int(used[row] - places[row])
        if status[row] == xpress.FULL:
            damage.append(Damage(place, f"a compressed buffer has {int(left[row])} bytes more than its {wanted} bytes need"))
        elif not (status[row] == xpress.CUT and buffers.is_cut[row]):
            why = "refers to bytes before its beginning" if status[row] == xpress.DISTANT else "ends too early"
            damage.append(Damage(place, f"a compressed buffer {why}, after {made} of {wanted} bytes"))
