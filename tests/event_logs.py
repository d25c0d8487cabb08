"""Event logs for tests: written by the script that makes the sample log, and what the evtx library and a plain walk find in a log."""

from __future__ import annotations

import importlib.util
import json
import struct
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from machine_code import machine_code

from netsleuth_tui import jit
from netsleuth_tui.decode import event_walk, evtx_values
from netsleuth_tui.decode.events import Event
from netsleuth_tui.decode.library_events import event_of
from netsleuth_tui.decode.library_worker import _filetime
from netsleuth_tui.ingest import Loader
from netsleuth_tui.ingest import events as loading
from netsleuth_tui.store import Store

CHUNK = 1 << 16
SECOND = 1_000_000_000
START = 1_705_526_400 * SECOND

KERNELS = (event_walk.walk, event_walk.again, evtx_values.translate, loading._look_up)
"""Those that read records."""
FORMS = ("slowly", "plain", "compiled")
"""How records are read: one at a time, by plain kernels, by compiled ones."""


def _writer() -> Any:
    path = Path(__file__).resolve().parents[1] / "sample_captures" / "event_log.py"
    spec = importlib.util.spec_from_file_location("event_log_writer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


WRITER = _writer()
PROVIDER = WRITER.Provider("Test-Provider", uuid.UUID(int=7), "Test")


def log_of(*data: Mapping[str, tuple[int, Any]], event_id: int = 1, first: int = 1) -> bytes:
    """A log with one event for each mapping of names to (kind, value)."""
    events = [WRITER.Event(START + 100 * i, PROVIDER, event_id, fields) for i, fields in enumerate(data)]
    return WRITER.event_log(events, computer="PC", first_record=first)


def load(*names: Path | str, recovered: bool = False, memory: int = 1 << 28) -> Store:
    """A store with these files."""
    store = Store()
    Loader(store, memory=memory, cancel=threading.Event(), report=lambda _: None, recovered=recovered).load([str(name) for name in names])
    return store


def data_of(store: Store, row: int) -> dict[str, str | None]:
    """The event data of a row."""
    texts = store.events.texts
    return {name: texts.text(code) if code else None for name, code in store.events.data(row)}


def by_library(path: Path) -> Iterator[Event]:
    """What the library reads in a file that does not hang it."""
    import evtx

    records = evtx.PyEvtxParser(str(path)).records_json()
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001, S112 - the next record may be sound
            continue
        yield event_of(record["event_record_id"], _filetime(record["timestamp"]), record["data"])


def library_json(path: Path) -> list[dict[str, Any]]:
    """The library's own JSON."""
    import evtx

    return [json.loads(record["data"]) for record in evtx.PyEvtxParser(str(path)).records_json()]


def raw_ids(data: bytes) -> list[int]:
    """Ids of all records that a walk from chunk to chunk and from size to size finds, in chunks with a header."""
    ids = []
    for base in range(4096, len(data) - 511, CHUNK):
        if data[base : base + 8] != b"ElfChnk\0":
            continue
        at, end = base + 512, min(base + struct.unpack_from("<I", data, base + 48)[0], len(data))
        while at + 28 <= end:
            magic, size, number = struct.unpack_from("<IIQ", data, at)
            if magic != 0x2A2A or not 28 <= size <= end - at:
                break
            ids.append(number)
            at += size
    return ids


def read_by(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have records read in one of the `FORMS`."""
    monkeypatch.setattr(jit, "is_ready", lambda _: form != "slowly")
    for kernel in KERNELS:
        monkeypatch.setattr(kernel, "compiled", machine_code(kernel) if form == "compiled" else None)
