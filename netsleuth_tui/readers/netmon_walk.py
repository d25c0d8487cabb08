"""Network Monitor frames without a frame table: one behind the other, from where the first one is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.limits import BLOCK_BYTES, NETMON_ENTRIES, TAIL_BYTES
from netsleuth_tui.readers.netmon_frames import walk_frames
from netsleuth_tui.readers.sources import RandomSource
from netsleuth_tui.readers.step import MORE

__all__ = ["find_frames", "first_frame"]

_BEGINNINGS = (72, 128)
"""Where the first frame has been seen to begin: behind the header as Network Monitor writes it, and as others do."""
_ENOUGH = 64
"""Frames in a row that show that a beginning is right."""


def first_frame(source: RandomSource, stop: int, head: int, trailer: int, longest: int, *named: int) -> int:
    """The beginning, among those known and those `named`, from which most frames follow one another, counted up to `_ENOUGH`."""
    return max((*named, *_BEGINNINGS), key=lambda at: len(find_frames(source, at, stop, head, trailer, longest, most=_ENOUGH)[0]))


def find_frames(
    source: RandomSource, at: int, stop: int, head: int, trailer: int, longest: int, *, most: int = NETMON_ENTRIES
) -> tuple[NDArray[np.uint32], int]:
    """Offsets of frames that lie one behind the other.

    Args:
        source: The file.
        at: Where the first one begins.
        stop: Where frames end.
        head: Bytes of a frame header.
        trailer: Bytes behind a frame.
        longest: Most captured bytes that are believed.
        most: Frames after which it is enough.

    Returns:
        Offsets in the file, ascending; where the next frame should begin.
    """
    parts: list[NDArray[np.uint32]] = []
    total = 0
    block = BLOCK_BYTES if most > _ENOUGH else 64 << 10
    while total < most and at < stop:
        content = source.at(at, min(block, stop - at))
        data = np.zeros(len(content) + TAIL_BYTES, np.uint8)
        data[: len(content)] = np.frombuffer(content, np.uint8)
        found = np.zeros(min(most - total, len(content) // (head + trailer) + 1), np.uint32)
        count, behind, status, need = walk_frames(data, 0, len(content), at, stop, head, trailer, longest, found)
        parts.append(found[:count])
        total += count
        at += behind
        if count == 0:
            if status != MORE or need <= block or need > stop - at:
                break
            block = need
    return (np.concatenate(parts) if parts else np.zeros(0, np.uint32)), at
