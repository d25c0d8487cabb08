"""Events of Windows that Network Monitor keeps among the frames: they become events, too, and are decoded like those of a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsleuth_tui.ingest.window import LoadWindow
from netsleuth_tui.readers.frames import FrameBatch
from netsleuth_tui.readers.netmon_events import event_frames, net_events
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

    def notes(self, index: int) -> tuple[str, ...]:
        """What to say of the events of source `index`."""
        return self._loading.notes if self._loading is not None and self._index == index else ()

    def take(self, batch: FrameBatch, index: int, window: LoadWindow, keeping: EventKeeping | None = None) -> None:
        """Add the events of a batch, whose times have been put right, as the next rows of source `index`; or only those that are kept.

        What it tells of its file's table of processes is known from then on, whichever frames are kept.
        """
        self._store.processes.heed(batch, self._store.first_part(index))
        frames = event_frames(batch)
        if not len(frames):
            return
        if self._loading is None or self._index != index:
            from netsleuth_tui.ingest.traces import TraceLoading

            self._index = index
            self._loading = TraceLoading(self._store, None, index if keeping is None else 0, window)
        records = net_events(batch)
        # Loaded events begin behind the frames that hold them, but before the next ones.
        new = window.is_new(batch.offset[frames] if window.taken is None else records.offset, events=True)
        put_right(records.time, -self._store.sources[index].shift)  # the event table adds it itself
        if keeping is None:
            self._loading.take(records, new)
        else:
            keeping.take_traced(self._loading, records, new)
