"""TCP acknowledgements of what was never captured: the capture missed packets that the network delivered.

A segment with ACK that acknowledges more than the other side was seen to send, where that side was seen at all: Wireshark's
tcp.analysis.ack_lost_segment, "ACKed unseen segment". What was acknowledged counts as sent from then on, so that each number is told
once, at the first frame that Wireshark marks as well. After that Wireshark follows rules of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.flow_table import (
    AHEAD,
    KNOWN,
    MASK32,
    NEXT,
    WINDOW,
    Block,
    Table,
    empty,
    enlarged,
    find,
    follow,
    new_seed,
    prepare,
)
from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.jit import kernel
from netsleuth_tui.store import Store

__all__ = ["unseen"]

Ids = NDArray[np.uint32]

LENGTH = int(Has.TCP_LEN)
SEGMENT = np.uint64(Has.TCP | Has.ADDRESSES | Has.TCP_SEQ | Has.TCP_ACK | Has.TCP_FLAGS)
SYN, RST, ACK = 0x002, 0x004, 0x010
SMALLEST = 1 << 12
"""Flows that there is room for at first."""
BLOCK = 1 << 18
"""Rows between two looks at whether anybody still wants the answer."""

_KNOWN: WeakKeyDictionary[Store, tuple[int, Ids]] = WeakKeyDictionary()
"""Rows that were looked at, and what was found among them."""


@kernel()
def acknowledged(ids: Ids, first: int, last: int, columns: Columns, table: Table, block: Block, marks: NDArray[np.uint8]) -> tuple[int]:
    """Mark those of the rows `ids[first:last]`, all of them segments, that acknowledge what was not captured.

    Returns:
        The first index that was not taken, for lack of room in the table; `last` where there was enough.
    """
    counts = table.counts
    at = first
    while at < last:
        end = min(at + AHEAD, last)
        prepare(ids, True, at, end, columns, 0, 0, 0, 1, table, block)
        for k in range(end - at):
            hosts, side = int(block.hosts[k]), int(block.side[k])
            if hosts < 0:
                continue
            number = find(table, hosts, int(block.rest[k]), int(block.tag[k]))
            if number == 0:
                return (at + k,)
            i = int(np.int64(ids[at + k]))
            flags, other = int(np.int64(columns.tcp_flags[i])), NEXT + 1 - side
            if flags & ACK and flags & (SYN | RST) == 0 and int(counts[number, KNOWN + 1 - side]) != 0:
                beyond = (int(np.int64(columns.tcp_ack[i])) - int(np.int64(counts[number, other]))) & MASK32
                if beyond != 0 and beyond < WINDOW:
                    marks[at + k] = 1
                    counts[number, other] = int(np.int64(columns.tcp_ack[i]))
            if int(np.int64(columns.present[i])) & LENGTH == 0:  # a fragment: nobody knows how much was sent
                counts[number, KNOWN + side] = 0
                continue
            if int(counts[number, KNOWN + side]) == 0 and flags & RST == 0:  # also without data its number says what was sent before
                counts[number, NEXT + side] = int(np.int64(columns.tcp_seq[i]))
                counts[number, KNOWN + side] = 1
            follow(counts, number, side, int(np.int64(columns.tcp_seq[i])), int(np.int64(columns.tcp_len[i])), flags)
        at = end
    return (last,)


def unseen(store: Store, cancelled: Callable[[], bool] = lambda: False) -> Ids:
    """Row ids of the segments that acknowledge what was never captured, ascending; found out once for all rows of a store.

    Args:
        store: What was loaded.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    columns = store.columns()
    known = _KNOWN.get(store)
    if known is not None and known[0] == len(columns.row):
        return known[1]
    ids = np.flatnonzero(columns.present & SEGMENT == SEGMENT).astype(np.uint32)
    marks = np.zeros(len(ids), np.uint8)
    table, block = empty(SMALLEST, new_seed()), Block(*(np.zeros(AHEAD, np.int64) for _ in Block._fields))
    at = 0
    while at < len(ids):
        if cancelled():
            raise NetSleuthError("the question was interrupted")
        end = min(at + BLOCK, len(ids))
        (at,) = acknowledged(ids, at, end, columns, table, block, marks)
        if at < end:
            table = enlarged(table)
    found: Ids = ids[marks != 0]
    _KNOWN[store] = len(columns.row), found
    return found
