"""Fragmented IPv4 packets of which fragments are missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.counterparts import unfiltered
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import percent
from netsleuth_tui.wording import grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["missing_fragments"]

WHY = (
    "if they are lost, the receiver throws the rest away: something on the way drops fragments, or large packets lose their tails; or the "
    "others go another way than past the capture"
)
NEEDED = Has.IP | Has.ADDRESSES | Has.IP_LEN | Has.IP_ID | Has.IP_FRAG | Has.IP_PROTO | Has.FRAGMENT
MORE, OFFSET = 0x2000, 0x1FFF
SHORTEST_HEADER = 20
EDGE = BILLION
"""ns at the beginning and the end of the scope, in which fragments may lie outside of it."""


class Packets(NamedTuple):
    """Packets that came in fragments: parallel arrays."""

    pair: NDArray[np.uint64]
    """`src << 32 | dst`, host ids."""
    first: NDArray[np.int64]
    """ns, of the fragment that came first."""
    last: NDArray[np.int64]
    begins: NDArray[np.bool_]
    """The fragment with the beginning came."""
    whole: NDArray[np.bool_]
    """Nothing is missing."""
    chosen: NDArray[np.bool_]
    """A fragment is in the scope."""


def missing_fragments(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each pair of hosts of whose fragmented packets some are not whole in the capture.

    A packet is in the scope if one of its fragments is; the others are looked for whatever the filter says.
    """
    rows, whole = seen.having(NEEDED), seen.once(unfiltered)
    if not len(rows) or whole.span is None:
        return
    found = _packets(whole, whole.having(NEEDED), rows)
    inside = (found.first >= whole.span[0] + EDGE) & (found.last < whole.span[1] - EDGE) & found.chosen
    lost = inside & ~found.whole
    pairs, of = np.unique(found.pair, return_inverse=True)
    lacking, all_of_them = np.bincount(of, lost, len(pairs)), np.bincount(of, inside, len(pairs))
    chosen = (lacking >= limits.missing_fragments) & (100 * lacking >= limits.missing_fragments_percent * all_of_them)
    edges = np.append(np.searchsorted(found.pair, pairs), len(found.pair))
    for k in np.flatnonzero(chosen).tolist():
        part = slice(int(edges[k]), int(edges[k + 1]))
        these = np.flatnonzero(lost[part]) + part.start
        yield _finding(seen, limits, found, these, int(all_of_them[k]))


def _packets(seen: Seen, rows: Ids, some: Ids) -> Packets:
    """Fragments put together by what they have in common (RFC 791 section 3.2): addresses, protocol and identification.

    Args:
        seen: All packets of the window.
        rows: All fragments.
        some: Those of the scope.
    """
    c = seen.columns
    pair = c.src[rows].astype(np.uint64) << np.uint64(32) | c.dst[rows]
    rest = c.ip_proto[rows].astype(np.uint32) << np.uint32(16) | c.ip_id[rows]
    order = np.lexsort((rest, pair))
    pair, rest, rows = pair[order], rest[order], rows[order]
    edges = np.flatnonzero(np.append(True, (np.diff(pair) != 0) | (np.diff(rest) != 0)))
    fragment = c.ip_frag[rows]
    begin = (fragment & OFFSET).astype(np.int64) * 8
    size = np.maximum(c.ip_len[rows].astype(np.int64) - SHORTEST_HEADER, 0)
    is_last = fragment & MORE == 0
    end = np.maximum.reduceat(np.where(is_last, begin + size, 0), edges)
    begins = np.logical_or.reduceat(begin == 0, edges)
    whole = begins & (end > 0) & (np.add.reduceat(size, edges) >= end)
    times, inside = c.time[rows], np.isin(rows, some, assume_unique=True)
    chosen = np.logical_or.reduceat(inside, edges)
    return Packets(pair[edges], np.minimum.reduceat(times, edges), np.maximum.reduceat(times, edges), begins, whole, chosen)


def _finding(seen: Seen, limits: Limits, found: Packets, these: NDArray[np.int64], packets: int) -> Finding:
    pair, number = int(found.pair[these[0]]), len(these)
    begun = int(found.begins[these].sum())
    src, dst = seen.address(pair >> 32), seen.address(pair & 0xFFFFFFFF)
    first, last = int(found.first[these].min()), int(found.last[these].max())
    which = "" if not begun else "; the beginning of all of them was" if begun == number else f"; the beginning of {grouped(begun)} was"
    return Finding(
        kind="missing-fragments",
        title=f"fragments of {grouped(number)} of {grouped(packets)} packets that came in fragments ({percent(number, packets)}) from "
        f"{src} to {dst} were not captured, from {seen.at(first)} on{which}",
        severity=grade(40, number / limits.missing_fragments, 70),
        first=first,
        last=last,
        count=number,
        filter=seen.filter(f"ip.src == {src} && ip.dst == {dst} && (ip.flags.mf == 1 || ip.frag_offset > 0)"),
        window=seen.clipped(first, last + 1),
        why=WHY,
        between=(src, dst),
        count_of="packets with missing fragments",
    )
