"""Events of Windows that Network Monitor keeps among the frames: they become events, too, and are decoded like those of a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsleuth_tui.ingest.window import LoadWindow
from netsleuth_tui.linktypes import NET_EVENT
from netsleuth_tui.readers.frames import FrameBatch
from netsleuth_tui.readers.netmon_events import net_events
from netsleuth_tui.store.clock import put_right

if TYPE_CHECKING:
    from netsleuth_tui.ingest.event_keeping import EventKeeping
    from netsleuth_tui.ingest.traces import TraceLoading
    from netsleuth_tui.store import Store

__all__ = ["NetEvents"]


class NetEvents:
    """Takes the events among frames into a store.

    Args:
        store: Whose event table grows.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._index = -1
        self._loading: TraceLoading | None = None

    def take(self, batch: FrameBatch, index: int, window: LoadWindow, keeping: EventKeeping | None = None) -> None:
        """Add the events of a batch, whose times have been put right, as the next rows of source `index`; or only those that are kept."""
        if not (batch.link_type[: batch.count] == NET_EVENT).any():
            return
        if self._loading is None or self._index != index:
            from netsleuth_tui.ingest.traces import TraceLoading

            self._index = index
            self._loading = TraceLoading(self._store, None, index if keeping is None else 0, window)
        records = net_events(batch, window.after)
        put_right(records.time, -self._store.sources[index].shift)  # the event table adds it itself
        if keeping is None:
            self._loading.take(records)
        else:
            keeping.take_traced(self._loading, records)
