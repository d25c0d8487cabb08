"""A window of time at loading: what is loaded is what the same window selects afterwards, of every format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.analysis import Scope
from netsleuth_tui.analysis.scope import event_rows_of, rows_of
from netsleuth_tui.cli import run
from netsleuth_tui.ingest.window import chosen_cells
from netsleuth_tui.session import Session

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"


@pytest.mark.parametrize(
    ("name", "load_filter"),
    [("net1_capture_v1(1).cap", ""), ("net1_capture_v1(1).cap", "frame.len > 70"), ("syn-reset.etl", ""), ("print_server.evtx", "")],
)
def test_what_is_loaded_is_what_the_window_selects(name: str, load_filter: str, tmp_path: Path) -> None:
    """Packets and events, their data, and nothing else; the notes say how many."""
    path = tmp_path / name
    path.write_bytes((SAMPLES / name).read_bytes()[: 4096 + 65536 if name.endswith("evtx") else None])
    whole = Session()
    whole.load([str(path)])
    span = whole.store.span
    assert span is not None
    start, end = span[0] + (span[1] - span[0]) // 3, span[1] - (span[1] - span[0]) // 3
    some = Session(load_window=(start, end), load_filter=load_filter)
    some.load([str(path)])
    scope = Scope(load_filter, start, end)
    ids = np.asarray(rows_of(whole.store, scope).take(0, whole.store.packets))
    assert some.store.packets == len(ids)
    for column in ("time", "len", "offset", "protocol", "src_port"):
        assert np.array_equal(getattr(some.store.columns(), column), getattr(whole.store.columns(), column)[ids])
    events = np.asarray(event_rows_of(whole.store, Scope("", start, end)).take(0, whole.store.events.rows))
    assert some.store.events.rows == len(events)
    for column in ("time", "event_id", "record_id"):
        assert np.array_equal(getattr(some.store.events.view(), column), getattr(whole.store.events.view(), column)[events])
    for field in ("ObjectName", "Reason"):
        texts = [store.events.texts.many(store.events.codes(field)) for store in (whole.store, some.store)]
        assert [texts[0][k] for k in events] == list(texts[1])
    assert 0 < some.store.packets + some.store.events.rows < whole.store.packets + whole.store.events.rows
    assert any("not loaded" in note or "were loaded" in note for note in some.store.sources[0].notes)
    assert some.store.events.cells <= whole.store.events.cells


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`--load-since` and `--load-until` load less, in the wrong order they are refused."""
    name = str(SAMPLES / "net1_capture_v1(0).cap")
    whole = Session()
    whole.load([name])
    assert whole.store.span is not None
    middle = sum(whole.store.span) // 2 // 10**9
    assert run(["summary", name, "--load-since", str(middle), "--format", "json"]) == 0
    assert "packets were loaded, those from" in capsys.readouterr().err
    assert run(["summary", name, "--load-since", str(middle), "--load-until", str(middle)]) == 2
    assert "--load-until is not after --load-since" in capsys.readouterr().err


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=12), st.integers(0, 3))
def test_cells_go_with_their_rows(rows: list[tuple[int, bool]], before: int) -> None:
    """Each row that is kept finds its own cells."""
    lengths = [length for length, _ in rows]
    slot = np.cumsum([before, *lengths])[: len(rows)].astype(np.int64)
    cells = np.arange(before + sum(lengths), dtype=np.uint32)
    kept = np.array([keep for _, keep in rows], np.bool_)
    slots, some = chosen_cells(slot, cells, kept)
    wanted = [cells[slot[k] : slot[k] + lengths[k]].tolist() for k in range(len(rows)) if kept[k]]
    assert [some[at : at + len(own)].tolist() for at, own in zip(slots.tolist(), wanted, strict=True)] == wanted
