"""Pieces of frames, in the order of time, become frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.etl_packets import ETHERNET, IEEE802_11, RAW, Pieces, copy_pieces, longest
from netsleuth_tui.readers.etl_records import Records, concatenated, empty, gathered
from netsleuth_tui.readers.limits import TAIL_BYTES

__all__ = ["Frames", "Joining", "wire_lengths"]

_PROTECTED = 0x40
"""Flag of an 802.11 header (second byte) that stays set although Windows hands over what is already decrypted."""
_VLAN = (0x8100, 0x88A8, 0x9100)


class Frames(NamedTuple):
    """Frames side by side in `data` (with 64 zero bytes behind them), and arrays of one length."""

    data: NDArray[np.uint8]
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    wire: NDArray[np.int64]
    time: NDArray[np.int64]
    link: NDArray[np.uint16]
    offset: NDArray[np.int64]
    sent: NDArray[np.bool_]
    layer: NDArray[np.uint64]


@dataclass(slots=True)
class Joining:
    """Joins pieces. What a frame still lacks may come with the next records, so that its pieces are kept until then."""

    without_end: int = 0
    """Frames whose end never came."""
    without_begin: int = 0
    """Frames of which only later pieces are there: the records before them were lost."""
    too_long: int = 0
    """Frames of which the end was left out."""
    _kept: tuple[Records, Pieces] | None = field(default=None)

    def join(self, records: Records, pieces: Pieces, *, last: bool) -> Frames:
        """The frames that are complete, those of `records` and what was kept of the records before.

        Args:
            records: What the pieces lie in.
            pieces: In the order of time.
            last: Whether no more records come.
        """
        old = 0
        if self._kept is not None:
            before, early = self._kept
            old = len(early.row)
            records, pieces = _together(before, early, records, pieces)
            self._kept = None
        if not len(pieces.row):
            return _frames(records, pieces, np.zeros(0, np.int64))
        if pieces.begins.all() and pieces.ends.all():
            return _frames(records, pieces, np.arange(len(pieces.row)))
        return self._join_parts(records, pieces, old, last=last)

    def _join_parts(self, records: Records, pieces: Pieces, old: int, *, last: bool) -> Frames:
        # Idle threads all have number 0, so that a thread alone does not tell whose piece one is.
        key = records.processor[pieces.row].astype(np.uint64) << np.uint64(32) | records.thread_id[pieces.row].astype(np.uint64)
        order = np.lexsort((np.arange(len(pieces.row)), pieces.layer, key))
        pieces = pieces.at_rows(order)
        key = key[order]
        strange = np.ones(len(order), np.bool_)
        strange[1:] = (key[1:] != key[:-1]) | (pieces.layer[1:] != pieces.layer[:-1])
        after_end = np.ones(len(order), np.bool_)
        after_end[1:] = pieces.ends[:-1]
        opens = pieces.begins | strange | after_end
        frame = np.cumsum(opens) - 1
        first = np.flatnonzero(opens)
        final = np.append(first[1:], len(order)) - 1
        begun, ended = pieces.begins[first], pieces.ends[final]
        is_last_of_key = np.append(strange[1:], True)[final]
        waits = begun & ~ended & is_last_of_key & (order[first] >= old)
        if last:
            waits[:] = False
        self.without_begin += int((~begun).sum())
        self.without_end += int((begun & ~ended & ~waits).sum())
        kept = np.flatnonzero(waits[frame])
        if len(kept):
            self._kept = _trimmed(records, pieces.at_rows(kept[np.argsort(order[kept], kind="stable")]))
        taken = np.flatnonzero((begun & ~waits)[frame])
        _, number = np.unique(frame[taken], return_inverse=True)
        self._shorten(pieces, taken, number)
        return _frames(records, pieces.at_rows(taken), number)

    def _shorten(self, pieces: Pieces, taken: NDArray[np.intp], number: NDArray[np.intp]) -> None:
        """Keep frames below the length that any frame may have."""
        if not len(taken):
            return
        lengths = pieces.length[taken]
        total = np.cumsum(lengths)
        first = np.flatnonzero(np.append([True], number[1:] != number[:-1]))
        before = (total - lengths) - (total - lengths)[first][number]
        room = np.maximum(longest() - before, 0)
        if bool((lengths > room).any()):
            self.too_long += len(np.unique(number[lengths > room]))
            pieces.length[taken] = np.minimum(lengths, room)


def _together(before: Records, early: Pieces, records: Records, pieces: Pieces) -> tuple[Records, Pieces]:
    """Pieces that were kept, and those of records that came after them."""
    both = concatenated((before, records))
    moved = pieces._replace(row=pieces.row + before.rows, at=pieces.at + len(before.data) - TAIL_BYTES)
    columns: zip[tuple[Any, ...]] = zip(early, moved, strict=True)
    return both, Pieces._make(np.concatenate(column) for column in columns)


def _trimmed(records: Records, pieces: Pieces) -> tuple[Records, Pieces]:
    """The records of a few pieces without all others' data."""
    begins = records.begin[pieces.row]
    lengths = records.length[pieces.row]
    data = np.zeros(int(lengths.sum()) + TAIL_BYTES, np.uint8)
    copy_pieces(records.data, np.ascontiguousarray(begins), np.ascontiguousarray(lengths), data)
    starts = np.cumsum(np.append([0], lengths))[:-1]
    moved = records.at_rows(pieces.row)._replace(data=data, at=starts, begin=starts)
    return moved, pieces._replace(row=np.arange(len(pieces.row)), at=pieces.at - begins + starts)


def _frames(records: Records, pieces: Pieces, number: NDArray[np.generic]) -> Frames:
    """Frames of pieces that follow one another; `number` says which frame a piece is of, ascending from 0."""
    if not len(pieces.row):
        none = np.zeros(0, np.int64)
        return Frames(empty().data, none, none, none, none, none.astype(np.uint16), none, none.astype(np.bool_), none.astype(np.uint64))
    data = np.zeros(int(pieces.length.sum()) + TAIL_BYTES, np.uint8)
    copy_pieces(records.data, np.ascontiguousarray(pieces.at), np.ascontiguousarray(pieces.length), data)
    starts = np.cumsum(np.append([0], pieces.length))[:-1]
    first = np.flatnonzero(np.append([True], number[1:] != number[:-1]))
    length = np.add.reduceat(pieces.length, first)
    cut = np.logical_or.reduceat(pieces.cut, first)
    rows, link, start = pieces.row[first], pieces.link[first], starts[first]
    wire = np.where(pieces.wire[first] > 0, pieces.wire[first], wire_lengths(data, start, length, link, cut))
    _clear_protection(data, start[(link == IEEE802_11) & (length >= 2)])
    offset = records.offset[rows] + pieces.at[first] - records.begin[rows]
    frames = Frames(data, start, length, wire, records.time[rows], link, offset, pieces.sent[first], pieces.layer[first])
    order = np.argsort(frames.time, kind="stable")
    return Frames._make((data, *(column[order] for column in frames[1:])))


def _clear_protection(data: NDArray[np.uint8], start: NDArray[np.int64]) -> None:
    data[start + 1] &= 0xFF ^ _PROTECTED


def wire_lengths(
    data: NDArray[np.uint8], start: NDArray[np.int64], length: NDArray[np.int64], link: NDArray[np.uint16], cut: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """How long frames were that are said to be cut short: ndiscap does not say it, but the IP header inside does.

    Args:
        data: uint8.
        start: Where frames begin.
        length: Bytes of them that are there.
        link: LINKTYPE_ of each.
        cut: Which were longer than that.

    Returns:
        int64; `length` where the frame is whole, or is not IP.
    """
    wire = length.copy()
    rows = np.flatnonzero(cut & ((link == ETHERNET) | (link == RAW)))
    if not len(rows):
        return wire
    heads = gathered(data, start[rows], 64)
    words = heads[:, :-1].astype(np.int64) << 8 | heads[:, 1:]
    at = np.where(link[rows] == ETHERNET, 14, 0)
    index = np.arange(len(rows))
    for _ in range(2):
        at += np.where((at > 0) & np.isin(words[index, at - 2], _VLAN), 4, 0)
    is_ip = (at == 0) | np.isin(words[index, at - 2], (0x0800, 0x86DD))
    version = heads[index, at] >> 4
    total = np.where(version == 4, words[index, at + 2], np.where(version == 6, words[index, at + 4] + 40, 0))
    told = is_ip & (total > 0) & (length[rows] >= at + 8)
    wire[rows] = np.maximum(length[rows], np.where(told, at + total, 0))
    return wire
