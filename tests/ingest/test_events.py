"""Event logs are loaded beside captures."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from netsleuth_tui import jit
from netsleuth_tui.cli import run
from netsleuth_tui.ingest import Loader, slowness
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


@pytest.fixture
def short_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The first four chunks of the sample; nothing is compiled for it."""
    monkeypatch.setattr(jit, "start", lambda **_: None)
    sample = Path(__file__).resolve().parents[2] / "sample_captures" / "print_server.evtx"
    log = tmp_path / "short.evtx"
    log.write_bytes(sample.read_bytes()[: 4096 + (4 << 16)])
    return str(log)


def test_what_loads_slowly_says_why(short_log: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Without compiled kernels a large log says so, once; a small one does not."""
    log = short_log
    monkeypatch.setattr(jit, "state", lambda: "unavailable")
    monkeypatch.setattr(jit, "is_ready", lambda _: False)
    monkeypatch.setattr(jit, "is_coming", lambda _: False)
    assert run(["summary", log]) == 0
    assert "Numba" not in capsys.readouterr().err
    monkeypatch.setattr(slowness, "WORTH_SAYING", 1 << 16)
    monkeypatch.setattr("netsleuth_tui.ingest.load.REPORT_EVERY", 0)  # where kernels are there all the same, it takes no time
    assert run(["summary", log]) == 0
    said = capsys.readouterr().err
    assert said.count("short.evtx: kernels could not be compiled (is Numba installed?)") == 1


def test_a_large_log_says_that_it_waits_for_the_compiler(short_log: str, monkeypatch: pytest.MonkeyPatch):
    """While kernels are compiled for the first time, the reports say so; then loading goes on."""
    waited, reports = [], []
    monkeypatch.setattr(slowness, "WORTH_WAITING", 0)
    monkeypatch.setattr(jit, "is_cached", lambda: False)
    monkeypatch.setattr(jit, "is_coming", lambda _: len(waited) < 3)
    monkeypatch.setattr(jit, "wait", lambda _: waited.append(1))
    monkeypatch.setattr("netsleuth_tui.ingest.load.REPORT_EVERY", 0)
    store = Store()
    Loader(store, memory=1 << 28, cancel=threading.Event(), report=reports.append).load([short_log])
    assert len(waited) == 3
    assert [report.slow for report in reports].count(slowness.COMPILING) >= 3
    assert reports[-1].slow == ""
    assert store.events.rows == reports[-1].events > 0


@pytest.mark.parametrize(
    ("names", "first"), [(["a.evtx", "B.EVTX.gz", "c.pcap"], "events"), (["a.evtx", "c.pcap"], "decode"), (["-"], "decode")]
)
def test_kernels_of_event_logs_come_first_where_most_files_are_such(
    names: list[str], first: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A command that ends takes its compiler with it: what it was for is compiled before what it was not."""
    compiler = jit._Compiler()
    linked: list[str] = []
    monkeypatch.setattr(jit, "_compiler", compiler)
    monkeypatch.setattr(compiler, "_link_group", lambda directory: linked.append(directory.name))
    monkeypatch.setattr(compiler, "_run", lambda: compiler._link(tmp_path / "cache"))
    monkeypatch.setattr(jit.kernel_cache, "forget_old", lambda _: compiler.finished.set())
    slowness.start_for_files(1 << 30, names)
    assert compiler.finished.wait(10)
    assert sorted(linked) == sorted(jit.GROUPS)
    assert next(group for group in linked if group in {"decode", "events"}) == first
