"""What each TCP segment is among those of its connection, by Wireshark's definitions: the rules, and the kernel that goes through the rows.

The definitions are those of Wireshark 4.0 (User's Guide, "TCP Analysis"), read with tshark's answers beside them. Segments are judged in
the order of the capture, each by what was seen before it, so that a segment's marks never change when more is loaded. Sequence numbers
are compared in serial arithmetic (RFC 1982, RFC 9293 section 3.4). A connection that begins with a SYN of another number is a new one
between the same ports, and what was known of the old one is forgotten.
"""

from __future__ import annotations

from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.flow_table import AHEAD, FIRST, LAST, MASK32, Block, Table, find, prepare
from netsleuth_tui.analysis.tcp_unacked import Unacked, acknowledged, forget, remember
from netsleuth_tui.decode.columns import NO_TIME, Columns, Has
from netsleuth_tui.jit import helper, kernel

__all__ = ["ACK_RTT", "FIRST_RTT", "NOTHING", "REPEAT", "SEGMENT", "Mark", "follow_segments"]

Ids = NDArray[np.uint32]
Numbers = NDArray[np.int64]


class Mark(IntFlag):
    """What may be said of a segment; several things of one."""

    RETRANSMISSION = 1 << 0
    """It begins before the highest number that its side has sent, and is no keep-alive; also set where one of the next two is."""
    FAST = 1 << 1
    """A retransmission of what two or more duplicate acknowledgements asked for, within 20 ms of the last of them."""
    SPURIOUS = 1 << 2
    """Everything in it had been acknowledged."""
    OUT_OF_ORDER = 1 << 3
    """It begins before the highest number, but so soon after that was sent (the round trip of the handshake, or 3 ms) that it was
    overtaken rather than sent again."""
    DUPLICATE_ACK = 1 << 4
    """It says nothing that the segment before it did not say."""
    LOST = 1 << 5
    """It begins after the highest number: what lies between was not captured before it."""
    ACK_LOST = 1 << 6
    """It acknowledges what was not captured."""
    ZERO_WINDOW = 1 << 7
    """Its sender takes no more."""
    WINDOW_FULL = 1 << 8
    """It ends where the window that was offered does."""
    WINDOW_UPDATE = 1 << 9
    """It says nothing new but another window."""
    KEEP_ALIVE = 1 << 10
    """At most one byte, the last one that was sent before."""
    KEEP_ALIVE_ACK = 1 << 11
    ZERO_WINDOW_PROBE = 1 << 12
    """One byte more, to a side that takes none."""
    ZERO_WINDOW_PROBE_ACK = 1 << 13
    REUSED_PORTS = 1 << 14
    """It begins another connection between the same ports."""


SEGMENT = np.uint64(
    Has.TCP | Has.ADDRESSES | Has.SRC_PORT | Has.DST_PORT | Has.TCP_SEQ | Has.TCP_ACK | Has.TCP_FLAGS | Has.TCP_WINDOW | Has.TCP_LEN
)
"""What a row has that is judged: so no fragments, and nothing that is cut off before the window."""

NOTHING, REPEAT, ACK_RTT, FIRST_RTT = range(4)
"""What is wanted by row beside the marks: the number of a duplicate acknowledgement, the time from a segment to its acknowledgement,
the time of the handshake."""

RETRANSMISSION, FAST, SPURIOUS = int(Mark.RETRANSMISSION), int(Mark.FAST | Mark.RETRANSMISSION), int(Mark.SPURIOUS | Mark.RETRANSMISSION)
OUT_OF_ORDER, DUPLICATE_ACK, LOST, ACK_LOST = int(Mark.OUT_OF_ORDER), int(Mark.DUPLICATE_ACK), int(Mark.LOST), int(Mark.ACK_LOST)
ZERO_WINDOW, WINDOW_FULL, WINDOW_UPDATE = int(Mark.ZERO_WINDOW), int(Mark.WINDOW_FULL), int(Mark.WINDOW_UPDATE)
KEEP_ALIVE, KEEP_ALIVE_ACK = int(Mark.KEEP_ALIVE), int(Mark.KEEP_ALIVE_ACK)
PROBE, PROBE_ACK, REUSED_PORTS = int(Mark.ZERO_WINDOW_PROBE), int(Mark.ZERO_WINDOW_PROBE_ACK), int(Mark.REUSED_PORTS)

NEXT, REACHED, ACKED, WINDOW, REPEATS, BASE, KNOWN, SIDE = range(8)
"""Columns of `Table.counts`, of side 0; those of side 1 follow `SIDE` + 1 columns later. The number behind the highest one sent, and the
one up to which nothing is missing; the last acknowledgement (0 stands for none in these); the last window and 1, or 0; duplicate
acknowledgements so far; the number of the SYN; `BASED`, `BEGINNING`, the last marks that count, and the scale of the window."""
STRIDE = SIDE + 1

SYN_AT, RTT, NEXT_AT, ACKED_AT = FIRST, LAST, 4, 6
"""Columns of `Table.sums`, ns: when the last SYN came, the time of the handshake (both `NO_TIME`); by side when the highest number was
sent, and when the last acknowledgement was."""

BASED, BEGINNING, LAST_MARKS = 1, 2, KEEP_ALIVE | PROBE
"""The number of the SYN is known; no acknowledgement without SYN was seen since it."""
SCALE_AT, SCALE_MASK = 16, 31
UNSCALED, SCALED = 1, 2
"""0 while nothing is known of the scale; that there is none; what is added to a shift."""

FIN, SYN, RST, ACK = 0x001, 0x002, 0x004, 0x010
HAS_SCALE = int(Has.TCP_SCALE)
LARGEST_SHIFT = 14
"""RFC 7323 section 2.3."""
MINUS_ONE = MASK32
"""Of `REPEATS`: the next duplicate acknowledgement is the first again, and a loss was told already."""
HALF = 1 << 31
FAST_ENOUGH = 20_000_000
"""ns between the last duplicate acknowledgement and a fast retransmission."""
SOON = 3_000_000
"""ns that a segment may be late without being sent again, where the handshake was not seen."""
FARTHEST = (1 << 62) - 1
"""ns from 1970: differences of times up to that fit into 64 bits."""


@helper
def _below(a: int, b: int) -> bool:
    return (a - b) & MASK32 >= HALF


@helper
def _begin(state: Ids, sums: Numbers, number: int, me: int, it: int, seq: int, ack: int, flags: int) -> int:
    """Begin a new connection where a SYN says so, and note where each side's numbers start."""
    found = 0
    known, base = int(np.int64(state[number, me + KNOWN])), int(np.int64(state[number, me + BASE]))
    if flags & SYN and known & BASED:
        if flags & ACK == 0 and base != seq:
            for column in range(2 * STRIDE):
                state[number, column] = 0
            sums[number, SYN_AT] = NO_TIME
            sums[number, RTT] = NO_TIME
            for column in range(NEXT_AT, ACKED_AT + 2):
                sums[number, column] = 0
            found, known = REUSED_PORTS, 0
        elif flags & ACK == 0:
            state[number, me + NEXT] = state[number, me + REACHED]
        elif base != seq:
            state[number, me + BASE] = seq
            found = REUSED_PORTS
    if known & BASED == 0:
        state[number, me + BASE] = seq if flags & SYN else (seq - 1) & MASK32
        state[number, me + KNOWN] = known | BASED
    if flags & ACK and int(np.int64(state[number, it + KNOWN])) & BASED == 0:
        state[number, it + BASE] = (ack - 1) & MASK32
        state[number, it + KNOWN] = int(np.int64(state[number, it + KNOWN])) | BASED
    return found


@helper
def _of_window(state: Ids, number: int, me: int, it: int, seq: int, ack: int, length: int, flags: int, window: int) -> int:
    """The marks that follow from what both sides said last: windows, keep-alives, duplicates, and whether something is missing before."""
    following, before = int(np.int64(state[number, me + NEXT])), int(np.int64(state[number, me + WINDOW])) - 1
    offered, theirs = int(np.int64(state[number, it + WINDOW])) - 1, int(np.int64(state[number, it + KNOWN]))
    if length == 1 and seq == following and offered == 0:
        return PROBE
    plain = flags & (SYN | FIN | RST) == 0
    found = ZERO_WINDOW if window == 0 and plain else 0
    if following != 0 and _below(following, seq) and flags & RST == 0:
        found |= LOST
    if not plain:
        return found
    if length <= 1 and seq == (following - 1) & MASK32:
        found |= KEEP_ALIVE
    if length > 0:
        scale = theirs >> SCALE_AT & SCALE_MASK
        shift = 0 if theirs & BEGINNING or scale <= UNSCALED else scale - SCALED
        edge = int(np.int64(state[number, it + ACKED])) + ((offered & MASK32) << shift)
        found |= WINDOW_FULL if scale != 0 and (seq + length) & MASK32 == edge & MASK32 else 0
    elif seq == following and ack == int(np.int64(state[number, me + ACKED])):
        if window != before:
            found |= WINDOW_UPDATE if window != 0 else 0
        elif window == 0:
            found |= PROBE_ACK if theirs & PROBE else 0
        else:
            found |= KEEP_ALIVE_ACK if theirs & KEEP_ALIVE else _repeated(state, number, me)
    return found


@helper
def _repeated(state: Ids, number: int, me: int) -> int:
    """Count a duplicate acknowledgement."""
    repeats = int(np.int64(state[number, me + REPEATS]))
    state[number, me + REPEATS] = 1 if repeats == MINUS_ONE else repeats + 1
    return DUPLICATE_ACK


@helper
def _of_ack(state: Ids, number: int, me: int, it: int, ack: int, flags: int) -> int:
    """Whether what is acknowledged was not captured."""
    if ack != int(np.int64(state[number, me + ACKED])):
        state[number, me + REPEATS] = 0
    reached = int(np.int64(state[number, it + REACHED]))
    if reached == 0 or flags & ACK == 0 or not _below(reached, ack):
        return 0
    if _below(reached, int(np.int64(state[number, it + NEXT]))):
        state[number, it + REACHED] = state[number, it + NEXT]
        return ACK_LOST
    told = int(np.int64(state[number, it + REPEATS]))
    state[number, it + REPEATS] = MINUS_ONE
    return ACK_LOST if told == 0 else 0


@helper
def _of_order(state: Ids, sums: Numbers, number: int, side: int, me: int, it: int, seq: int, length: int, flags: int, now: int) -> int:
    """Whether a segment that takes up numbers was sent before, or late."""
    following, acked = int(np.int64(state[number, me + NEXT])), int(np.int64(state[number, it + ACKED]))
    end = (seq + length) & MASK32
    if length > 0 and acked != 0 and not _below(acked, end):
        return SPURIOUS
    if following == 0 or not _below(seq, following) or (length > 1 and seq == (following - 1) & MASK32):
        return 0
    waited = now - int(sums[number, ACKED_AT + 1 - side])
    if int(np.int64(state[number, it + REPEATS])) >= 2 and acked == seq and waited >= 0 and waited < FAST_ENOUGH:
        return FAST
    rtt, behind = int(sums[number, RTT]), now - int(sums[number, NEXT_AT + side])
    end = (end + 1) & MASK32 if flags & (SYN | FIN) else end
    return OUT_OF_ORDER if behind >= 0 and behind < (rtt if rtt > 0 else SOON) and following != end else RETRANSMISSION


@helper
def _note(
    state: Ids, sums: Numbers, number: int, side: int, me: int, found: int,
    seq: int, ack: int, length: int, flags: int, window: int, now: int,
) -> None:  # fmt: skip
    """Take over what the segment says."""
    end = (seq + length + (1 if flags & (SYN | FIN) else 0)) & MASK32
    following, reached = int(np.int64(state[number, me + NEXT])), int(np.int64(state[number, me + REACHED]))
    if found & PROBE == 0:
        if following == 0 or _below(following, end):
            state[number, me + NEXT] = end
            sums[number, NEXT_AT + side] = now
        if reached in (0, seq):
            state[number, me + REACHED] = state[number, me + NEXT]
    state[number, me + WINDOW] = window + 1
    state[number, me + ACKED] = ack
    sums[number, ACKED_AT + side] = now
    state[number, me + KNOWN] = int(np.int64(state[number, me + KNOWN])) & ~LAST_MARKS | found & LAST_MARKS


@helper
def _handshake(state: Ids, sums: Numbers, number: int, me: int, it: int, flags: int, shift: int, time: int) -> None:
    """Follow the scale of the windows (-1 for a segment without the option), and the time of the handshake."""
    known, theirs = int(np.int64(state[number, me + KNOWN])), int(np.int64(state[number, it + KNOWN]))
    if flags & SYN:
        scale = min(shift, LARGEST_SHIFT) + SCALED if shift >= 0 else known >> SCALE_AT
        if scale == 0:
            scale = UNSCALED
            state[number, it + KNOWN] = theirs & (1 << SCALE_AT) - 1 | UNSCALED << SCALE_AT
        elif flags & ACK and theirs >> SCALE_AT == UNSCALED:
            scale = UNSCALED
        known = known & (1 << SCALE_AT) - 1 | scale << SCALE_AT | BEGINNING
        if flags & ACK == 0:
            sums[number, SYN_AT] = time
    elif flags & ACK:
        known &= ~BEGINNING
        began = int(sums[number, SYN_AT])
        if began != NO_TIME and int(sums[number, RTT]) == NO_TIME and time not in (NO_TIME, began):
            sums[number, RTT] = time - began
    state[number, me + KNOWN] = known


@helper
def _judge(
    state: Ids, sums: Numbers, number: int, side: int, seq: int, ack: int, length: int, flags: int, window: int, shift: int, time: int
) -> int:  # fmt: skip
    """Return the marks of a segment, and take over what it says."""
    now = time if time != NO_TIME else 0
    me, it = (STRIDE, 0) if side else (0, STRIDE)
    found = _begin(state, sums, number, me, it, seq, ack, flags)
    found |= _of_window(state, number, me, it, seq, ack, length, flags, window)
    found |= _of_ack(state, number, me, it, ack, flags)
    if (length > 0 or flags & (SYN | FIN)) and found & KEEP_ALIVE == 0:
        found |= _of_order(state, sums, number, side, me, it, seq, length, flags, now)
    _note(state, sums, number, side, me, found, seq, ack, length, flags, window, now)
    _handshake(state, sums, number, me, it, flags, shift, time)
    return found


@helper
def _value(
    table: Table, unacked: Unacked, number: int, side: int, found: int, wanted: int, seq: int, ack: int, length: int, flags: int, time: int
) -> int:  # fmt: skip
    """Return the value that is wanted of a segment beside its marks; 0 for none."""
    if wanted == REPEAT:
        return int(np.int64(table.counts[number, (STRIDE if side else 0) + REPEATS])) if found & DUPLICATE_ACK else 0
    if wanted == FIRST_RTT:
        return max(int(table.sums[number, RTT]), 0)
    if found & REUSED_PORTS and flags & ACK == 0:
        forget(unacked, number)
    if length > 0 or flags & (SYN | FIN):
        remember(unacked, number, side, (seq + length + (1 if flags & (SYN | FIN) else 0)) & MASK32, time)
    sent = acknowledged(unacked, number, 1 - side, ack) if flags & ACK else NO_TIME
    return max(time - sent, 0) if NO_TIME not in (sent, time) else 0


@helper
def _go_through(
    ids: Ids, at: int, end: int, columns: Columns, table: Table, block: Block, unacked: Unacked,
    marks: NDArray[np.uint16], wanted: int, values: NDArray[np.int64],
) -> int:  # fmt: skip
    """Judge the rows `ids[at:end]`, whose keys are in `block`; return the first that was not taken, for lack of room, or `end`.

    The columns stay here: a row's numbers are handed on, since handing on arrays, thirty of them, takes longer than all the rest.
    """
    for k in range(end - at):
        hosts, side = int(block.hosts[k]), int(block.side[k])
        if hosts < 0:
            continue
        number = find(table, hosts, int(block.rest[k]), int(block.tag[k]))
        if number == 0:
            return at + k
        i = int(np.int64(ids[at + k]))
        seq, ack, length = int(np.int64(columns.tcp_seq[i])), int(np.int64(columns.tcp_ack[i])), int(np.int64(columns.tcp_len[i]))
        flags, window, time = int(np.int64(columns.tcp_flags[i])), int(np.int64(columns.tcp_window[i])), int(np.int64(columns.time[i]))
        time = max(min(time, FARTHEST), -FARTHEST) if time != NO_TIME else NO_TIME
        shift = int(np.int64(columns.tcp_scale[i])) if int(np.int64(columns.present[i])) & HAS_SCALE else -1
        found = _judge(table.counts, table.sums, number, side, seq, ack, length, flags, window, shift, time)
        marks[i] = found
        if wanted != NOTHING:
            values[i] = _value(table, unacked, number, side, found, wanted, seq, ack, length, flags, time)
    return end


@kernel()
def follow_segments(
    ids: Ids, first: int, last: int, columns: Columns, part: int, parts: int, table: Table, block: Block, unacked: Unacked,
    marks: NDArray[np.uint16], wanted: int, values: NDArray[np.int64],
) -> tuple[int]:  # fmt: skip
    """Judge the rows `ids[first:last]`, which have all that `SEGMENT` names, and write their marks (and `values`) by row id.

    Returns:
        The first index that was not taken, for lack of room in the table or in `unacked`; `last` where there was enough.
    """
    at = first
    while at < last:
        end = min(at + AHEAD, last)
        if wanted == ACK_RTT and int(unacked.free[0]) + AHEAD > unacked.ends.shape[0]:
            return (at,)
        prepare(ids, True, at, end, columns, 0, 0, part, parts, table, block)
        reached = _go_through(ids, at, end, columns, table, block, unacked, marks, wanted, values)
        if reached < end:
            return (reached,)
        at = end
    return (last,)
