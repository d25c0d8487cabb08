"""Loading only the packets that a filter keeps: the others take no memory, nor do their addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.readers.frames import FrameBatch

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import HostTable
    from netsleuth_tui.ingest.matching import Matched
    from netsleuth_tui.store import Store

__all__ = ["keep"]

ADDRESSES = np.uint64(Has.ADDRESSES)


def keep(store: Store, hosts: HostTable, matched: Matched, index: int) -> FrameBatch:
    """Add the chosen frames of a block to a store, with the addresses that they have.

    Args:
        store: Grows.
        hosts: What the columns of the block number addresses in.
        matched: The block.
        index: Of the source in the store.

    Returns:
        The frames that were added, for counting: only times, lengths, link types and offsets are theirs.
    """
    count, first = len(matched.chosen), store.packets
    kept = matched.columns
    there = (kept.present & ADDRESSES) != 0
    both = np.concatenate((kept.src[there], kept.dst[there]))
    used, places = np.unique(both, return_inverse=True)
    renumbered = store.hosts.take(hosts, used)[places.reshape(-1)] if len(used) else both
    half = len(both) // 2
    kept.src[there], kept.dst[there] = renumbered[:half], renumbered[half:]
    columns = store.table.reserve(first + count)
    rows = slice(first, first + count)
    for name in Columns._fields:
        getattr(columns, name)[rows] = getattr(kept, name)
    columns.row[rows] = np.arange(first, first + count)
    columns.source[rows] = index
    store.processes.record(first, matched.batch.at(matched.chosen), store.first_part(index))
    store.table.commit(first + count)
    start = np.zeros(count, np.int64)
    return FrameBatch(matched.batch.data, count, start, kept.cap_len, kept.len, kept.time, kept.link_type, kept.offset)
