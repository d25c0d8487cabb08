"""A filter at loading keeps the events that the same filter selects afterwards, of logs, traces and captures of Network Monitor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netsleuth_tui.analysis import Scope, event_rows_of, rows_of
from netsleuth_tui.ingest import event_keeping, parse_shift
from netsleuth_tui.ingest import events as evtx_events
from netsleuth_tui.ingest.event_keeping import EventKeeping
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
FILES = (str(SAMPLES / "print_server.evtx"), str(SAMPLES / "syn-reset.etl"))
FILTERS = (
    "EventID == 4663",
    'SubjectUserName contains "a" && EventID in {4656, 4663}',
    'Provider == "Microsoft-Windows-Winsock-AFD" || tcp.flags.reset == 1',
    "udp",
    "!tcp && Level != 4",
    "EventID || ip.addr == 10.1.0.0/16",
    "frame.number < 20 or EventRecordID < 48210400",
)
CODES = ("provider", "channel", "computer", "user")


def told(store: Store, rows: np.ndarray) -> list[tuple]:
    """Everything about some events, spelled out."""
    view, texts = store.events.view(), store.events.texts
    names = [name for name in view._fields if name not in {"row", "slot", "group", *CODES}]
    numbers = zip(*(getattr(view, name)[rows].tolist() for name in names), strict=True)
    words = zip(*(texts.many(getattr(view, name)[rows]) for name in CODES), strict=True)
    data = []
    for row in rows.tolist():
        fields = store.events.data(row)
        values = texts.many([code for _, code in fields])
        data.append([(name, value, code == 0) for (name, code), value in zip(fields, values, strict=True)])
    return list(zip(numbers, words, data, strict=True))


def events(store: Store, text: str = "") -> np.ndarray:
    """Rows of the events that a filter selects."""
    rows = event_rows_of(store, Scope(text))
    return np.asarray(rows.take(0, len(rows)))


def loaded(*paths: str, text: str = "", **options: object) -> Session:
    """A session with files."""
    session = Session(load_filter=text, **options)  # type: ignore[arg-type]
    session.load(list(paths))
    return session


@pytest.fixture(scope="module")
def whole() -> Session:
    """All of the files."""
    return loaded(*FILES)


@pytest.mark.parametrize("text", FILTERS)
def test_what_is_loaded_is_what_the_filter_selects(whole: Session, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every column and all event data, in however many parts a log is judged; packets of traces, too; and it is said how many."""
    monkeypatch.setattr(event_keeping, "BLOCKS", 1)
    some = loaded(*FILES, text=text)
    wanted = events(whole.store, text)
    assert told(some.store, np.arange(some.store.events.rows)) == told(whole.store, wanted)
    packets = rows_of(whole.store, Scope(text))
    kept = whole.store.columns().at(packets.take(0, len(packets)))
    assert some.store.columns().time.tolist() == kept.time.tolist()
    assert some.store.columns().tcp_flags.tolist() == kept.tcp_flags.tolist()
    for index, source in enumerate(some.store.sources):
        counted = int((whole.store.events.view().source[wanted] == index).sum())
        assert source.events == counted
        assert source.packets == int((kept.source == index).sum())
        total = whole.store.sources[index].events
        assert any(note.startswith(f"{counted} of {total} events were loaded, those that {text} keeps") for note in source.notes)
        assert source.damage == whole.store.sources[index].damage


@pytest.mark.parametrize("bound", ["MOST_BYTES", "SHARE"])
def test_few_events_are_judged_together_where_memory_is_scarce(whole: Session, bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large events are: no more blocks are decoded than fit, and the same events are kept."""
    sizes = list[int]()
    take = EventKeeping.take

    def measured(keeping: EventKeeping, found: Store) -> None:
        sizes.append(found.events.rows)
        take(keeping, found)

    monkeypatch.setattr(EventKeeping, "take", measured)
    monkeypatch.setattr(evtx_events, "PIECES", 2)
    monkeypatch.setattr(evtx_events, "FIRST_PIECES", 2)
    loaded(FILES[0], text=FILTERS[0])
    usual = max(sizes)
    sizes.clear()
    monkeypatch.setattr(event_keeping, bound, {"MOST_BYTES": 100_000, "SHARE": 1 << 30}[bound])
    some = loaded(FILES[0], text=FILTERS[0])
    assert max(sizes) < usual / 2
    of_log = events(whole.store, FILTERS[0])
    of_log = of_log[whole.store.events.view().source[of_log] == 0]
    assert told(some.store, np.arange(some.store.events.rows)) == told(whole.store, of_log)


def test_texts_of_other_events_take_no_memory(whole: Session) -> None:
    """Nothing of an event that was not kept is known any more."""
    some = loaded(FILES[0], text="EventRecordID == 48210379")
    assert some.store.events.rows == 1
    assert some.store.events.texts.count < 60 < whole.store.events.texts.count


def test_a_filter_of_packets_keeps_no_event_and_says_how_to(whole: Session) -> None:
    """The note says what would keep them."""
    some = loaded(*FILES, text="udp")
    assert some.store.events.rows == 0
    assert "it speaks of packets alone: || EventID would keep all events" in some.store.sources[0].notes[-1]
    assert loaded(*FILES, text="udp || EventID").store.events.rows == whole.store.events.rows


def test_windows_and_shifts_apply_before_the_filter(whole: Session) -> None:
    """Times are put right once, and the events of the window are the ones that are judged."""
    times = whole.store.events.view().time[whole.store.events.view().source == 0]
    middle = int(np.sort(times)[len(times) // 2])
    options = {"load_window": (middle + 3600 * 10**9, None), "shifts": [parse_shift("*.evtx=+1h")]}
    some, all_of_it = loaded(FILES[0], text="EventID == 4663", **options), loaded(FILES[0], **options)
    assert told(some.store, np.arange(some.store.events.rows)) == told(all_of_it.store, events(all_of_it.store, "EventID == 4663"))
    assert 0 < some.store.events.rows < whole.store.events.rows
    assert int(some.store.events.view().time.min()) >= middle + 3600 * 10**9


@pytest.mark.sweep
def test_real_logs_and_traces(shared: Path) -> None:
    """The same of every seventh log and trace of the corpus."""
    paths = [*sorted((shared / "corpora/logs").rglob("*.evtx"))[::7], *sorted((shared / "corpora/etl").rglob("*.etl"))]
    for path in paths:
        every = loaded(str(path))
        ids = every.store.events.view().event_id
        if not len(ids):
            continue
        text = f"EventID == {int(np.bincount(ids).argmax())} || udp"
        some = loaded(str(path), text=text)
        assert told(some.store, np.arange(some.store.events.rows)) == told(every.store, events(every.store, text)), path
        assert some.store.packets == len(rows_of(every.store, Scope(text)))
