"""At which layers the packets of buffers were seen, counted as they are met: what a first look at a trace needs of them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.etl_packets import OF_NDISCAP, Pieces
from netsleuth_tui.readers.reused import Reused

__all__ = ["LOOKED_AT", "Runs", "put_runs_plain"]

LOOKED_AT: Final = 8
"""The runs before, among which the one that a piece belongs to is looked for: a packet passes its layers one after the other."""
_COLUMNS = ("u8", "u1", "u2", "i8", "i8", "i8")


class Runs(NamedTuple):
    """Pieces of frames that were seen at one layer, arrays of one length, in the order in which layers were met; one may come again."""

    layer: NDArray[np.uint64]
    """See `Pieces`."""
    origin: NDArray[np.uint8]
    link: NDArray[np.uint16]
    pieces: NDArray[np.int64]
    """How many there are."""
    told: NDArray[np.int64]
    """First pieces of frames of ndiscap, and packets that pktmon does not number: by these a layer is chosen."""
    numbered: NDArray[np.int64]
    """Packets that pktmon numbers."""

    @classmethod
    def room(cls, count: int, memory: Reused) -> Runs:
        """So many of them, to be filled."""
        return cls._make(memory.columns(_COLUMNS, count))

    def first(self, count: int) -> Runs:
        """The first `count` of them."""
        return Runs._make(column[:count] for column in self)


def put_runs_plain(pieces: Pieces, runs: Runs) -> int:
    """Let each of `pieces` be a run of its own; returns how many there are."""
    count = len(pieces.at)
    filled = runs.first(count)
    is_numbered = pieces.packet >= 0
    filled.layer[:], filled.origin[:], filled.link[:] = pieces.layer, pieces.origin, pieces.link
    filled.pieces[:], filled.numbered[:] = 1, is_numbered
    filled.told[:] = np.where(pieces.origin == OF_NDISCAP, pieces.begins, ~is_numbered)
    return count
