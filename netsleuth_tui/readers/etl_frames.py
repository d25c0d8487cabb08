"""Pieces of frames, in the order of time, become frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.readers.etl_headers import gathered
from netsleuth_tui.readers.etl_layers import free_slots, new_seed, slot_of
from netsleuth_tui.readers.etl_packets import ETHERNET, IEEE802_11, RAW, Pieces
from netsleuth_tui.readers.limits import TAIL_BYTES, longest_frame
from netsleuth_tui.readers.numbers import POSITION
from netsleuth_tui.readers.reused import Reused

__all__ = ["Frames", "Joining"]

_PROTECTED = 0x40
"""Flag of an 802.11 header (second byte) that stays set although Windows hands over what is already decrypted."""
_VLAN = (0x8100, 0x88A8, 0x9100)
_IPV4, _IPV6 = 0x0800, 0x86DD
_HEAD = 64
_FRAMES = ("i8", "u4", "u4", "i8", "u2", "u8", "?", "i4")

BEGUN, ENDED, FOLLOWED = 1, 2, 4
"""Of a frame: its first piece is there; its last one is; another one of the same thread and layer has begun since."""


class Frames(NamedTuple):
    """Frames in `data` (with 64 bytes behind the last one), and arrays of one length, in the order of time."""

    data: NDArray[np.uint8]
    start: NDArray[np.int64]
    length: NDArray[np.uint32]
    wire: NDArray[np.uint32]
    time: NDArray[np.int64]
    link: NDArray[np.uint16]
    offset: NDArray[np.uint64]
    sent: NDArray[np.bool_]
    layer: NDArray[np.int32]
    """Number of the layer, as `Layers` counts them."""

    @classmethod
    def room(cls, data: NDArray[np.uint8], count: int, memory: Reused) -> Frames:
        """So many of them, to be filled."""
        return cls(data, *memory.columns(_FRAMES, count))


class _Part(NamedTuple):
    """Pieces of frames with the numbers of their layers, in the order of time."""

    data: NDArray[np.uint8]
    pieces: Pieces
    layer: NDArray[np.int32]

    def at_rows(self, rows: NDArray[np.generic]) -> _Part:
        """Some of them."""
        return _Part(self.data, self.pieces.at_rows(rows), self.layer[rows])


@dataclass(slots=True)
class Joining:
    """Joins pieces. What a frame still lacks may come with the next records, so that it and all later ones are kept until then."""

    without_end: int = 0
    """Frames whose end never came."""
    without_begin: int = 0
    """Frames of which only later pieces are there: the records before them were lost."""
    too_long: int = 0
    """Frames of which the end was left out."""
    memory: Reused = field(default_factory=Reused)
    """Where the columns of frames are laid out."""
    _kept: _Part | None = None
    _seed: NDArray[np.int64] = field(default_factory=new_seed)

    def join(self, data: NDArray[np.uint8], pieces: Pieces, layers: NDArray[np.int32], order: NDArray[np.int64], *, last: bool) -> Frames:
        """The frames that are complete, those of `pieces` and what was kept of those before.

        Args:
            data: What they lie in.
            pieces: Pieces of frames.
            layers: Numbers of their layers.
            order: Which of them come next, in the order of time.
            last: Whether no more come.
        """
        if self._kept is None and bool(pieces.begins.all()) and bool(pieces.ends.all()):
            return self._whole(_Part(data, pieces, layers), order)
        part = _Part(data, pieces, layers).at_rows(order)
        kept, self._kept = self._kept, None
        old = 0 if kept is None else len(kept.layer)
        return self._join_parts(part if kept is None else _together(kept, part), old, last=last)

    def warm(self) -> None:
        """Call every kernel, on no pieces."""
        part = _trimmed(_Part(np.zeros(TAIL_BYTES, np.uint8), Pieces.room(0), np.zeros(0, np.int32)))
        self._join_parts(part, 0, last=True)
        nothing, no_flags = np.zeros(0, np.int64), np.zeros(0, np.uint8)
        place_pieces(nothing, nothing, no_flags, 1, nothing, nothing, nothing, no_flags)
        fill_wire(part.data, nothing, nothing, np.zeros(0, np.uint16), no_flags, nothing)

    def _join_parts(self, part: _Part, old: int, *, last: bool) -> Frames:
        pieces, count = part.pieces, len(part.layer)
        frame, first, state = np.empty(count, np.int32), np.empty(count, np.int64), np.empty(count, np.uint8)
        flags = pieces.begins.view(np.uint8) | pieces.ends.view(np.uint8) << 1
        number, edge, orphans, unended = join_pieces(
            pieces.thread, part.layer, flags, old, int(last), self._seed, free_slots(count), frame, first, state
        )
        self.without_begin += orphans
        self.without_end += unended
        later = first[:number] >= edge
        if later.any():
            self._kept = _trimmed(part.at_rows(np.flatnonzero(later[frame])))
        taken = ~later & (state[:number] & BEGUN != 0)
        chosen = part.at_rows(np.flatnonzero(taken[frame]))
        place = (np.cumsum(taken) - 1)[frame[taken[frame]]]
        return self._put_together(chosen, part.at_rows(first[:number][taken]), place)

    def _put_together(self, part: _Part, firsts: _Part, frame: NDArray[np.int64]) -> Frames:
        """Frames of their pieces.

        Args:
            part: The pieces of all of them.
            firsts: The first piece of each.
            frame: Which frame a piece is of.
        """
        pieces, count = part.pieces, len(firsts.layer)
        if len(frame) == count:
            return self._whole(firsts, np.arange(count))
        longest = longest_frame(ETHERNET)
        length, cut = np.zeros(count, np.int64), np.zeros(count, np.uint8)
        within, taken = np.empty(len(frame), np.int64), np.empty(len(frame), np.int64)
        (long,) = place_pieces(frame, pieces.length, pieces.cut.view(np.uint8), longest, within, taken, length, cut)
        self.too_long += long
        start = np.cumsum(length) - length
        data = np.empty(int(length.sum()) + TAIL_BYTES, np.uint8)
        data[len(data) - TAIL_BYTES :] = 0
        copy_pieces(part.data, pieces.at, taken, start[frame] + within, data)
        whole = firsts.pieces._replace(at=start, length=length, cut=cut.view(np.bool_))
        return self._whole(_Part(data, whole, firsts.layer), np.arange(count))

    def _whole(self, part: _Part, order: NDArray[np.int64]) -> Frames:
        """Frames of a piece each."""
        frames = Frames.room(part.data, len(order), self.memory)
        lay_out(part.data, order, part.pieces, part.layer, frames)
        return frames


def _together(before: _Part, part: _Part) -> _Part:
    """Pieces that were kept, and those that came after them."""
    base = len(before.data) - TAIL_BYTES
    pieces = Pieces.joined(before.pieces, part.pieces)
    pieces.at[len(before.layer) :] += base
    return _Part(np.concatenate((before.data[:base], part.data)), pieces, np.concatenate((before.layer, part.layer)))


def _trimmed(part: _Part) -> _Part:
    """Pieces without all others' data."""
    ends = np.cumsum(part.pieces.length)
    starts = ends - part.pieces.length
    data = np.zeros((int(ends[-1]) if len(ends) else 0) + TAIL_BYTES, np.uint8)
    copy_pieces(part.data, part.pieces.at, part.pieces.length, starts, data)
    return part._replace(data=data, pieces=part.pieces._replace(at=starts))


@kernel()
def join_pieces(
    thread: Any, layer: Any, flags: Any, old: int, last: int, seed: Any, slots: Any, frame: Any, first: Any, state: Any
) -> tuple[int, int, int, int]:
    """Find out which pieces make up a frame.

    Args:
        thread: int64, processor and thread of each piece.
        layer: int32, its layer.
        flags: uint8, 1 for the first piece of a frame, 2 for the last one, 3 for both.
        old: How many pieces have waited already: their frames do not wait again.
        last: 1 if no more pieces come.
        seed: Four secret numbers of 63 bits.
        slots: int32, -1 everywhere; a power of two of them, twice as many as pieces at least.
        frame: int32, gets the number of each piece's frame, in the order of first pieces.
        first: int64, gets the first piece of each frame.
        state: uint8, gets BEGUN, ENDED and FOLLOWED of each frame.

    Returns:
        Frames; from which piece on frames have to wait; frames before that without their beginning, and without their end.
    """
    mask = len(slots) - 1
    count = 0
    for i in range(len(thread)):
        key = int(thread[i])
        at = slot_of(key & 0xFFFFFFFF, key >> 32, int(layer[i]), seed, len(slots))
        while slots[at] >= 0 and (thread[slots[at]] != key or layer[slots[at]] != layer[i]):
            at = (at + 1) & mask
        flag = int(flags[i]) & 3
        number = int(frame[slots[at]]) if slots[at] >= 0 else -1
        if number < 0 or flag & 1 != 0 or int(state[number]) & ENDED != 0:
            if number >= 0:
                state[number] |= FOLLOWED
            number = count
            first[number] = i
            state[number] = BEGUN if flag & 1 else 0
            count += 1
        if flag & 2:
            state[number] |= ENDED
        frame[i] = number
        slots[at] = i
    edge = len(thread)
    for number in range(count):
        if not last and int(state[number]) == BEGUN and first[number] >= old:
            edge = int(first[number])
            break
    orphans = 0
    unended = 0
    for number in range(count):
        if first[number] < edge:
            orphans += not int(state[number]) & BEGUN
            unended += int(state[number]) & (BEGUN | ENDED) == BEGUN
    return count, edge, orphans, unended


@kernel()
def place_pieces(frame: Any, length: Any, is_cut: Any, longest: int, within: Any, taken: Any, total: Any, cut: Any) -> tuple[int]:
    """Find out where pieces lie in their frames.

    Args:
        frame: int64, of each piece.
        length: int64, of each piece.
        is_cut: uint8, 1 if the piece says that its frame was longer.
        longest: Bytes of a frame that are kept.
        within: int64, gets where the piece begins in its frame.
        taken: int64, gets how many of its bytes are kept.
        total: int64, of each frame; zero, gets its length.
        cut: uint8, of each frame; zero, gets 1 where a piece says so.

    Returns:
        Frames that are longer, alone in a tuple.
    """
    too_long = 0
    for i in range(len(frame)):
        number = int(frame[i])
        so_far = int(total[number])
        room = longest - so_far
        kept = min(int(length[i]), room)
        if length[i] > room and cut[number] < 2:
            too_long += 1
            cut[number] |= 2
        within[i] = so_far
        taken[i] = kept
        total[number] = so_far + kept
        cut[number] |= is_cut[i]
    for number in range(len(cut)):
        cut[number] &= 1
    return (too_long,)


def _copy_pieces_plain(
    data: NDArray[np.uint8], at: NDArray[np.int64], length: NDArray[np.int64], to: NDArray[np.int64], out: NDArray[np.uint8]
) -> None:
    """Same as the kernel."""
    for begin, count, place in zip(at.tolist(), length.tolist(), to.tolist(), strict=True):
        out[place : place + count] = data[begin : begin + count]


@kernel(plain=_copy_pieces_plain)
def copy_pieces(data: Any, at: Any, length: Any, to: Any, out: Any) -> None:
    """Copy pieces.

    Args:
        data: uint8.
        at: int64, where each begins.
        length: int64, bytes of each; all of them are within `data`.
        to: int64, where each is put; all of them are within `out`.
        out: uint8.
    """
    for i in range(len(at)):
        begin = int(at[i])
        place = int(to[i])
        for k in range(int(length[i])):
            out[place + k] = data[begin + k]


def _fill_wire_plain(
    data: NDArray[np.uint8],
    start: NDArray[np.int64],
    length: NDArray[np.int64],
    link: NDArray[np.uint16],
    cut: NDArray[np.uint8],
    wire: NDArray[np.int64],
) -> None:
    """Same as the kernel: all headers in one sweep."""
    unsaid = wire <= 0
    np.maximum(wire, length, out=wire)
    rows = np.flatnonzero(unsaid & (cut != 0) & ((link == ETHERNET) | (link == RAW)))
    if not len(rows):
        return
    heads = gathered(data, start[rows], _HEAD)
    words = heads[:, :-1].astype(np.int64) << 8 | heads[:, 1:]
    at = np.where(link[rows] == ETHERNET, 14, 0)
    index = np.arange(len(rows))
    for _ in range(2):
        at += np.where((at > 0) & np.isin(words[index, at - 2], _VLAN), 4, 0)
    is_ip = (at == 0) | np.isin(words[index, at - 2], (_IPV4, _IPV6))
    version = heads[index, at] >> 4
    total = np.where(version == 4, words[index, at + 2], np.where(version == 6, words[index, at + 4] + 40, 0))
    told = is_ip & (total > 0) & (length[rows] >= at + 8)
    wire[rows] = np.maximum(length[rows], np.where(told, at + total, 0))


@helper
def be16(data: Any, at: int) -> int:
    """The big-endian 16-bit number at `at`."""
    return (int(data[at]) & 0xFF) << 8 | int(data[at + 1]) & 0xFF


@helper
def wire_of(data: Any, at: int, link: int, length: int) -> int:
    """How long a frame was that was cut short: its IP header says it; `length` where there is none."""
    if link not in (ETHERNET, RAW):
        return length
    header = 0
    if link == ETHERNET:
        header = 14
        for _ in range(2):
            if header + 8 <= length and be16(data, at + header - 2) in (0x8100, 0x88A8, 0x9100):
                header += 4
    if header + 8 > length or (header and be16(data, at + header - 2) not in (_IPV4, _IPV6)):
        return length
    version = int(data[at + header]) >> 4 & 0xF
    total = be16(data, at + header + 2) if version == 4 else be16(data, at + header + 4) + 40 if version == 6 else 0
    return max(length, header + total) if total else length


@kernel(plain=_fill_wire_plain)
def fill_wire(data: Any, start: Any, length: Any, link: Any, cut: Any, wire: Any) -> None:
    """Say how long frames were that do not say it themselves: ndiscap tells that one was cut short, but not how long it was.

    Args:
        data: uint8, with 64 bytes behind the last frame.
        start: int64, where frames begin.
        length: int64, bytes of them that are there.
        link: uint16, LINKTYPE_ of each.
        cut: uint8, 1 for those that were longer than that.
        wire: int64; where it is 0 it gets what the IP header says, and `length` where the frame is whole, or is not IP. What is less
            than `length` is no length of the frame, and becomes that.
    """
    for i in range(len(start)):
        if wire[i] <= 0:
            wire[i] = wire_of(data, int(start[i]), int(link[i]), int(length[i])) if cut[i] else length[i]
        elif wire[i] < length[i]:
            wire[i] = length[i]


def _lay_out_plain(data: NDArray[np.uint8], order: NDArray[np.int64], pieces: Pieces, layer: NDArray[np.int32], frames: Frames) -> None:
    """Same as the kernel."""
    chosen = pieces.at_rows(order)
    wire = chosen.wire.copy()
    _fill_wire_plain(data, chosen.at, chosen.length, chosen.link, chosen.cut.view(np.uint8), wire)
    values = (chosen.at, chosen.length, wire, chosen.time, chosen.link, chosen.offset, chosen.sent, layer[order])
    pairs: Iterator[tuple[NDArray[Any], NDArray[Any]]] = zip(frames[1:], values, strict=True)
    for column, found in pairs:
        column[:] = found
    data[chosen.at[(chosen.link == IEEE802_11) & (chosen.length >= 2)] + 1] &= 0xFF ^ _PROTECTED


@kernel(plain=_lay_out_plain)
def lay_out(data: Any, order: Any, pieces: Pieces, layer: Any, frames: Frames) -> None:
    """Make frames of pieces that are one each.

    Args:
        data: uint8, with 64 bytes behind the last frame; flags of 802.11 headers are put right in it.
        order: int64, which pieces, in the order of frames.
        pieces: Pieces.
        layer: int32, numbers of their layers.
        frames: Filled.
    """
    for k in range(len(order)):
        i = int(order[k]) & POSITION
        at, length, link, wire = int(pieces.at[i]), int(pieces.length[i]), int(pieces.link[i]), int(pieces.wire[i])
        if wire <= 0 and pieces.cut[i]:
            wire = wire_of(data, at, link, length)
        if link == IEEE802_11 and length >= 2:
            data[(at + 1) & POSITION] &= 0xFF ^ _PROTECTED
        frames.start[k] = at
        frames.length[k] = length
        frames.wire[k] = max(wire, length)
        frames.time[k] = pieces.time[i]
        frames.link[k] = link
        frames.offset[k] = pieces.offset[i]
        frames.sent[k] = pieces.sent[i]
        frames.layer[k] = layer[i]
