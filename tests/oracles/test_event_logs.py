"""Real event logs against the evtx library and a plain walk: nothing is missing, and every value is the same, up to named classes."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from event_logs import by_library, data_of, load, raw_ids

NUMBERS = ("event_id", "version", "level", "task", "opcode", "keywords", "process_id", "thread_id")
TEXTS = ("provider", "channel", "computer", "user")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")

RENDERED = "the library leaves out what is rendered behind the event data"


def formatting(ours: str, theirs: str) -> str:
    """The class of a difference that is none of content; empty where it is one."""
    if TIME.fullmatch(ours) and TIME.fullmatch(theirs) and ours[:-2] == theirs[:-1]:
        return "the library drops the last digit of times"
    if "\0" in ours and ours.partition("\0")[0] == theirs:
        return "the library drops what stands behind a NUL"
    if re.sub("[\ud800-\udfff]", "", ours) == theirs:
        return "the library drops unpaired surrogates"
    return ""


def left_out(name: str, theirs: dict[str, object]) -> str:
    """The class of a value that the library has not: what is rendered behind the event data is in the record, too."""
    return RENDERED if name.startswith("data RenderingInfo.") and name not in theirs else ""


def compare(path: Path, classes: Counter[str]) -> tuple[list[str], int]:
    """What differs in a file, and the values that were compared."""
    store = load(path)
    columns, texts = store.events.view(), store.events.texts
    rows: dict[int, list[int]] = {}
    for row, record_id in enumerate(columns.record_id.tolist()):
        rows.setdefault(record_id, []).append(row)
    wrong, compared = [], 0
    missing = Counter(raw_ids(path.read_bytes())) - Counter({record_id: len(found) for record_id, found in rows.items()})
    if missing.total() > sum(source.lost for source in store.sources):
        wrong.append(f"{path.name}: {missing.total()} records of a plain walk are missing and not said to be lost")
    for event in by_library(path):
        if not rows.get(event.record_id):
            wrong.append(f"{path.name}: record {event.record_id} is missing")
            continue
        row = rows[event.record_id].pop(0)
        ours = {name: int(getattr(columns, name)[row]) for name in NUMBERS} | {
            name: texts.text(int(getattr(columns, name)[row])) for name in TEXTS
        }
        theirs = {name: getattr(event, name) for name in NUMBERS} | {name: getattr(event, name) or "" for name in TEXTS}
        ours |= {f"data {name}": value or "" for name, value in data_of(store, row).items()}
        theirs |= {f"data {name}": value or "" for name, value in zip(event.names, event.values, strict=True)}
        ours["time"], theirs["time"] = int(columns.time[row]) // 1000, event.time // 1000
        compared += len(theirs)
        for name in ours.keys() | theirs.keys():
            one, other = ours.get(name), theirs.get(name)
            if one == other:
                continue
            known = formatting(str(one), str(other)) if name in ours and name in theirs else left_out(name, theirs)
            classes[known] += 1
            if not known:
                wrong.append(f"{path.name}: record {event.record_id}, {name}: {one!r}, not {other!r}")
    return wrong, compared


def logs(shared: Path) -> list[Path]:
    """All real logs."""
    return sorted((shared / "corpora" / "logs").rglob("*.evtx"))


def test_some_logs_equal_the_library(shared: Path):
    """A dozen logs of different kinds: dirty, damaged, forwarded, with user data, classic ones."""
    classes: Counter[str] = Counter()
    wanted = (
        "issue_43", "ID1116-1117", "MSExchange", "HelloForBusiness", "LanguagePackSetup", "ID70-CAPI", "ID33205", "zero-data-size",
        "bad_chunk_magic", "sysmon", "ID150-", "TerminalServices-RemoteConnection",
    )  # fmt: skip
    chosen = [path for path in logs(shared) if any(part in path.name for part in wanted) and path.stat().st_size < 1 << 21][:24]
    found = [compare(path, classes) for path in chosen]
    assert [line for wrong, _ in found for line in wrong] == []
    assert sum(compared for _, compared in found) > 10_000


@pytest.mark.sweep
def test_all_logs_equal_the_library(shared: Path):
    """Every value of every record of all 310 logs."""
    classes: Counter[str] = Counter()
    found = [compare(path, classes) for path in logs(shared)]
    assert [line for wrong, _ in found for line in wrong] == []
    assert sum(compared for _, compared in found) > 700_000
    assert set(classes) <= {"the library drops the last digit of times", "the library drops unpaired surrogates", RENDERED}
    assert classes[RENDERED] == 14
