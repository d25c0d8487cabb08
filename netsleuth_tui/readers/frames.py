"""What a reader hands on: batches of frames as index arrays over a block of the file, and what the file says about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.damage import Damage

__all__ = ["NOBODY", "CaptureReader", "Comment", "Compression", "Format", "FrameBatch", "Interface", "Owners", "ProcessEntry", "Rows"]

Compression = Literal["", "gzip", "zstd", "xz", "bzip2"]
Format = Literal["pcap", "pcapng", "snoop", "netmon", "etl"]

NOBODY = 0xFFFFFFFF
"""Number of the process of a frame of which no process is known."""


@dataclass(frozen=True, slots=True)
class ProcessEntry:
    """A socket of a process, as a capture's own table of them has it.

    Args:
        pid: Process id.
        path: Of the program; empty where the file does not say. Not safe for a terminal as it is.
        version: 4 or 6, of both addresses.
        local: Address of the capturing computer, as a number; 0 for any.
        local_port: Its port.
        remote: The other side's address; 0 where there is none.
        remote_port: Its port.
    """

    pid: int
    path: str
    version: int
    local: int
    local_port: int
    remote: int
    remote_port: int


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose frames are those of a batch.

    Args:
        processes: The file's table; the same object for all of its batches.
        index: For each frame its number in the table, uint32; NOBODY where the file says none.
        whole: Says whether the table is all there, as far as is known by now: where it is not, a process that is not in it may be meant
            as well.
    """

    processes: tuple[ProcessEntry, ...]
    index: NDArray[np.uint32]
    whole: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Frames that lie in one block of the file; the arrays belong to the reader, which uses them again for the fourth next batch.

    Args:
        data: The block, uint8, with at least 64 zero bytes behind it, so that every frame has 64 readable bytes after its end.
        count: Frames in this batch; only the first `count` entries of the arrays below are valid.
        start: Index in `data` of each frame's first captured byte, int64.
        cap_len: Captured bytes, uint32.
        wire_len: Bytes on the wire, as the file says, uint32; nothing follows from it about `cap_len`.
        time: Nanoseconds since 1970-01-01T00:00:00Z, int64; -2**63 (`decode.columns.NO_TIME`) if there is none or it is impossible.
        link_type: LINKTYPE_ number, uint16.
        offset: Where the captured bytes begin in the (decompressed) file, uint64.
        owners: Whose the frames are, where the file has a table of processes.
    """

    data: NDArray[np.uint8]
    count: int
    start: NDArray[np.int64]
    cap_len: NDArray[np.uint32]
    wire_len: NDArray[np.uint32]
    time: NDArray[np.int64]
    link_type: NDArray[np.uint16]
    offset: NDArray[np.uint64]
    owners: Owners | None = None

    def part(self, first: int, last: int) -> FrameBatch:
        """The frames `first` to `last` (excluded) of this batch, as views."""
        rows = slice(first, last)
        return FrameBatch(
            self.data, last - first, self.start[rows], self.cap_len[rows], self.wire_len[rows], self.time[rows], self.link_type[rows],
            self.offset[rows], self._owners(rows),
        )  # fmt: skip

    def at(self, chosen: NDArray[np.uint32]) -> FrameBatch:
        """Some frames of this batch, by their indices."""
        return FrameBatch(
            self.data, len(chosen), self.start[chosen], self.cap_len[chosen], self.wire_len[chosen], self.time[chosen],
            self.link_type[chosen], self.offset[chosen], self._owners(chosen),
        )  # fmt: skip

    def _owners(self, rows: slice | NDArray[np.uint32]) -> Owners | None:
        return None if self.owners is None else replace(self.owners, index=self.owners.index[rows])


class Rows(NamedTuple):
    """The arrays of a `FrameBatch` that framing kernels fill, all of one length."""

    start: NDArray[np.int64]
    cap_len: NDArray[np.uint32]
    wire_len: NDArray[np.uint32]
    time: NDArray[np.int64]
    link_type: NDArray[np.uint16]
    offset: NDArray[np.uint64]

    @classmethod
    def allocate(cls, length: int) -> Rows:
        """Arrays for `length` frames; their pages cost memory once they are written."""
        return cls(
            np.empty(length, np.int64),
            np.empty(length, np.uint32),
            np.empty(length, np.uint32),
            np.empty(length, np.int64),
            np.empty(length, np.uint16),
            np.empty(length, np.uint64),
        )


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface that the capture was taken on.

    Args:
        link_type: LINKTYPE_ number.
        name: if_name, empty if the file does not say; text from the file, not safe for a terminal as it is.
        description: if_description, likewise.
        snap_length: Most bytes captured of a frame; 0 if there was no limit. A claim: frames may be longer.
        drops: Frames that the capture lost on this interface; None if the file does not say.
    """

    link_type: int
    name: str
    description: str
    snap_length: int
    drops: int | None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that somebody wrote into the file.

    Args:
        offset: For a frame's comment the frame's `FrameBatch.offset`; otherwise where the commented block begins.
        text: The text as it is in the file; not safe for a terminal as it is.
        on_frame: Whether it is about a frame, and not about the file, an interface or anything else.
    """

    offset: int
    text: str
    on_frame: bool = True


class CaptureReader(Protocol):
    """An open capture. Lists and counters grow while `batches` is consumed."""

    @property
    def name(self) -> str:
        """The path as it was given."""

    @property
    def format(self) -> Format:
        """Container format, by content."""

    @property
    def compression(self) -> str:
        """What the file is compressed with, 'gzip in zip' for two layers, empty if it is not."""

    @property
    def size(self) -> int:
        """Bytes on disk when it was opened; 0 if unknown (standard input)."""

    @property
    def position(self) -> int:
        """Bytes of the file on disk that have been read; compressed bytes if it is compressed."""

    @property
    def damage(self) -> list[Damage]:
        """What could not be read, and where. Reading of pcap and pcapng stops there; frames of other formats are found all the same."""

    @property
    def notes(self) -> list[str]:
        """What else a reader of the numbers should know, as sentences without full stops."""

    @property
    def comments(self) -> list[Comment]:
        """Comments met so far, in file order."""

    @property
    def interfaces(self) -> list[Interface]:
        """Interfaces met so far, over all sections."""

    @property
    def drops(self) -> int:
        """Frames that the capture itself says were lost, over all interfaces."""

    def batches(self) -> Iterator[FrameBatch]:
        """The frames, once, in file order; closing the generator ends the reading.

        Each batch holds up to 65,536 frames of at most 8 MiB (one larger frame excepted), the first those of the first 256 KiB. It
        stays valid until the fourth next one is asked for.
        """

    @property
    def is_paused(self) -> bool:
        """Whether it is a stream of which all that has come so far is read."""

    def close(self) -> None:
        """Give the file back; allowed at any time, also twice and from another thread."""
