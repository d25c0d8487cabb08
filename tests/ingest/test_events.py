"""Event logs are loaded beside captures."""

from __future__ import annotations

import threading
from pathlib import Path

from netsleuth_tui.ingest import Loader
from netsleuth_tui.store import Store


def load(*names: Path, recovered: bool = False, memory: int = 1 << 28) -> Store:
    """A store with these files."""
    store = Store()
    cancel = threading.Event()
    Loader(store, memory=memory, cancel=cancel, report=lambda _: None, recovered=recovered).load([str(name) for name in names])
    return store


def test_a_log_is_loaded_beside_a_capture(shared: Path):
    """Packets and events have rows of their own; the sources say which is which, and all is undamaged."""
    log = shared / "corpora" / "hostile" / "generated__evtx-damage" / "00_clean.evtx"
    capture = Path(__file__).resolve().parents[2] / "sample_captures" / "esp-tunnel.pcapng.gz"
    store = load(log, capture)
    first, second = store.sources
    assert (first.format, first.events, first.packets, first.damage, first.lost) == ("evtx", 1106, 0, (), 0)
    assert second.packets == store.packets
    assert second.first_event == store.events.rows == 1106
    events = store.events.view()
    assert set(events.event_id.tolist()) == {4656, 4658, 4663}
    assert events.record_id.tolist() == list(range(1, 1107))
    assert bool((events.offset[1:] > events.offset[:-1]).all())
    assert store.events.texts.many(events.channel[:1]) == ["Security"]
