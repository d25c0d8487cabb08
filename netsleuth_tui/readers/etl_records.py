"""Records of a trace that are no mere pieces of packets: when, who, what, as columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers import etl_walk
from netsleuth_tui.readers.etl_buffers import BUFFER_HEADER, Buffers
from netsleuth_tui.readers.etl_headers import Headers, Ticks, describe
from netsleuth_tui.readers.etl_walk import Places
from netsleuth_tui.readers.limits import TAIL_BYTES

__all__ = ["Records", "described", "empty", "guid_halves"]

_FIRST_OF_KERNEL = 0x100
"""Numbers of the kernel's events are above those of the group EventTrace, 0."""
_IS_OF_THE_KERNEL: Final = np.isin(np.arange(256), etl_walk.OF_THE_KERNEL)
_UNSIGNED: Final = ("low", "high", "keywords")
_CODES: Final = "i8 i8 u1 u2 i8 i8 u8 u8 u2 u1 u1 u1 u2 u8 u4 u4 u1".split()  # noqa: SIM905 - as short as a table can be


class Records(NamedTuple):
    """Records of some buffers: `data`, and arrays of one length."""

    data: NDArray[np.uint8]
    """The buffers' records side by side, with 64 zero bytes behind them."""
    begin: NDArray[np.int64]
    """Where a record's own data begin in `data`, behind all headers."""
    length: NDArray[np.int64]
    """Bytes of them."""
    kind: NDArray[np.uint8]
    """Kind of header, as `etl_walk` numbers them."""
    processor: NDArray[np.uint16]
    """That filled the buffer."""
    offset: NDArray[np.int64]
    """Of its own data in the file, as if no buffer was compressed."""
    time: NDArray[np.int64]
    """ns since 1970-01-01T00:00:00Z, `NO_TIME` if there is none."""
    low: NDArray[np.uint64]
    """The first half of the provider's GUID as its 16 bytes lie in memory, 0 if the record has none."""
    high: NDArray[np.uint64]
    """The second half."""
    event_id: NDArray[np.uint16]
    """0 for events without a manifest; for the kernel's the number of the event (its group and type)."""
    version: NDArray[np.uint8]
    level: NDArray[np.uint8]
    opcode: NDArray[np.uint8]
    task: NDArray[np.uint16]
    keywords: NDArray[np.uint64]
    process_id: NDArray[np.uint32]
    thread_id: NDArray[np.uint32]
    pointer: NDArray[np.uint8]
    """Bytes of a pointer in its data, 4 or 8."""

    @classmethod
    def joined(cls, data: NDArray[np.uint8], before: Records, behind: Records) -> Records:
        """Two in one, both of whose records lie in `data`."""
        pairs: Iterator[tuple[NDArray[Any], NDArray[Any]]] = zip(before[1:], behind[1:], strict=True)
        return cls._make((data, *(np.concatenate(both) for both in pairs)))

    def at_rows(self, rows: NDArray[np.generic] | slice) -> Records:
        """Some of the records, of the same data."""
        return Records._make((self.data, *(column[rows] for column in self[1:])))

    @property
    def rows(self) -> int:
        """Records."""
        return len(self.begin)

    @property
    def of_the_trace(self) -> NDArray[np.bool_]:
        """Which of them speak of the trace itself: its header, and what was written when it began and ended."""
        from_kernel: NDArray[np.bool_] = _IS_OF_THE_KERNEL[self.kind]
        return from_kernel & (self.event_id < _FIRST_OF_KERNEL)


def empty() -> Records:
    """No records."""
    return _NOTHING


def guid_halves(guid: str) -> tuple[np.uint64, np.uint64]:
    """A GUID as the columns `low` and `high` have it."""
    low, high = np.frombuffer(UUID(guid).bytes_le, "<u8")
    return low, high


def described(data: NDArray[np.uint8], places: Places, buffers: Buffers, begins: NDArray[np.int64], ticks: Ticks) -> Records:
    """What the headers of records say that lie at `places` in `data`; the records of each buffer begin at `begins`."""
    if not len(places.at):
        return empty()._replace(data=data)
    headers = Headers.room(len(places.at))
    describe(data, places, ticks, headers)
    starts = buffers.start + BUFFER_HEADER - begins
    columns = headers._asdict() | {name: getattr(headers, name).view(np.uint64) for name in _UNSIGNED}
    return Records(
        data=data, kind=places.kind, processor=buffers.processor[places.buffer],
        offset=headers.begin + starts[places.buffer], **columns,
    )  # fmt: skip


_NOTHING: Final = Records(np.zeros(TAIL_BYTES, np.uint8), *(np.zeros(0, code) for code in _CODES))
