"""Captures as capinfos counts them and as editcap copies them: equal, but for named classes (docs/differences.md)."""

from __future__ import annotations

import re
import struct
import subprocess
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from conftest import oracle
from numpy.typing import NDArray
from readers.captures import NO_TIME, SECOND

from netsleuth_tui.readers import Damage, UnreadableFile, open_capture

SUN_ATM = 123
PLAUSIBLE_WIRE = 128 << 20
"""Longest frame on the wire that Wireshark takes for a sign of the right layout."""


@dataclass
class Ours:
    """What the reader says of a file."""

    path: Path
    format: str
    compression: str
    damage: list[Damage]
    cap_len: NDArray[np.int64]
    wire_len: NDArray[np.int64]
    time: NDArray[np.int64]
    link_type: NDArray[np.int64]
    offset: NDArray[np.int64]

    @property
    def timed(self) -> NDArray[np.int64]:
        """Times of the frames that have one."""
        return self.time[self.time != NO_TIME]

    @property
    def totals(self) -> dict[str, object]:
        """What capinfos prints, as it should be."""
        times = self.timed
        first, last = (int(times.min()), int(times.max())) if len(times) else (None, None)
        return {"count": len(self.time), "wire": int(self.wire_len.sum()), "first": first, "last": last}

    @cached_property
    def fractions(self) -> NDArray[np.int64]:
        """Nanoseconds in the fraction of each pcap record: more than a second if the file is wrong."""
        content = self.path.read_bytes()
        if self.format != "pcap" or self.compression:
            return np.zeros(len(self.time), np.int64)
        order = "<" if content[:4] in {b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1", b"\x34\xcd\xb2\xa1"} else ">"
        (magic,) = struct.unpack_from(order + "I", content)
        head, unit = 24 if magic == 0xA1B2CD34 else 16, 1 if magic == 0xA1B23C4D else 1000
        return np.array([struct.unpack_from(order + "I", content, int(o) - head + 4)[0] * unit for o in self.offset], np.int64)


@dataclass
class Theirs:
    """What capinfos prints: totals (times as text), or None, and its complaint."""

    totals: dict[str, str] | None
    complaint: str


def read_all(path: Path) -> Ours | None:
    """Read a capture; None if the file is none."""
    try:
        reader = open_capture(str(path))
    except UnreadableFile:
        return None
    parts = [
        [column[: b.count].astype(np.int64) for column in (b.cap_len, b.wire_len, b.time, b.link_type, b.offset)] for b in reader.batches()
    ]
    columns = [np.concatenate([p[i] for p in parts]) if parts else np.zeros(0, np.int64) for i in range(5)]
    return Ours(path, reader.format, reader.compression, reader.damage, *columns)


@pytest.fixture(scope="module")
def captures(shared: Path) -> list[Ours]:
    """Every pcap and pcapng file below ../shared/corpora/captures, by content."""
    files = (path for path in sorted((shared / "corpora" / "captures").rglob("*")) if path.is_file())
    found = [ours for path in files if (ours := read_all(path)) is not None]
    assert len(found) > 1600
    return found


def run_capinfos(path: Path) -> Theirs:
    """Packets, bytes on the wire, first and last time of a file, as capinfos has them."""
    command = [oracle("capinfos"), "-T", "-r", "-M", "-S", "-c", "-d", "-a", "-e", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    cells = done.stdout.strip().split("\t")[1:]
    return Theirs(dict(zip(("count", "wire", "first", "last"), cells, strict=True)) if cells else None, done.stderr)


def nanoseconds(text: str) -> int | None:
    """A time as capinfos prints it; None for none, and for what is no number."""
    try:
        return int(Decimal(text) * SECOND)
    except InvalidOperation:
        return None


def differing(ours: Ours, theirs: dict[str, str]) -> set[str]:
    """The totals that are not equal."""
    mine = ours.totals
    equal = {
        "count": mine["count"] == int(theirs["count"]),
        "wire": mine["wire"] == int(theirs["wire"]),
        "first": mine["first"] == nanoseconds(theirs["first"]),
        "last": mine["last"] == nanoseconds(theirs["last"]),
    }
    return {name for name, same in equal.items() if not same}


def _has_refused(pattern: str) -> Callable[[Ours, Theirs], bool]:
    return lambda _, theirs: theirs.totals is None and re.search(pattern, theirs.complaint) is not None


def _is_coarse(ours: Ours, theirs: Theirs) -> bool:
    """Whether the times are equal up to the digits that capinfos prints."""
    if theirs.totals is None:
        return False
    for name in ("first", "last"):
        text, mine = theirs.totals[name], ours.totals[name]
        printed = nanoseconds(text)
        if printed is None or not isinstance(mine, int):
            return False
        unit = 10 ** (9 - len(text.partition(".")[2]))
        if not 0 <= mine - printed < unit or unit == 1:
            return False
    return True


TIMES = {"first", "last"}
ALL = {"count", "wire", "first", "last", "totals"}

CLASSES: dict[str, tuple[set[str], Callable[[Ours, Theirs], bool]]] = {
    "link types that Wireshark does not know": (
        {"totals"},
        _has_refused(r"network type .*(unknown or unsupported|reserved field not zero)"),
    ),
    "versions that Wireshark does not read": ({"totals"}, _has_refused(r"major version \d+ unsupported|unknown SHB version")),
    "no totals for a damaged file": ({"totals"}, lambda ours, theirs: theirs.totals is None and bool(ours.damage)),
    "fractions of a second above a second": (TIMES, lambda ours, _: bool((ours.fractions >= SECOND).any())),
    "frames without a possible time": (TIMES, lambda ours, _: len(ours.timed) < len(ours.time)),
    "times more than 68 years apart": (
        TIMES,
        lambda ours, _: len(ours.timed) > 0 and int(ours.timed.max()) - int(ours.timed.min()) > 2**31 * SECOND,
    ),
    "clocks whose tick is no power of ten": (TIMES, _is_coarse),
    "ATM pseudo headers": ({"wire"}, lambda ours, _: bool((ours.link_type == SUN_ATM).any())),
    "guessed layouts of pcap": (
        ALL,
        lambda ours, _: (
            ours.format == "pcap" and ((bool(ours.damage) and len(ours.time) < 3) or bool((ours.wire_len[:3] > PLAUSIBLE_WIRE).any()))
        ),
    ),
}


COPIED_ALIKE = {"no totals for a damaged file", "frames without a possible time"}
"""Classes that concern what capinfos prints, not the frames."""

REFUSALS = [CLASSES[name][1] for name in ("link types that Wireshark does not know", "versions that Wireshark does not read")]


def excused(ours: Ours, theirs: Theirs, different: set[str]) -> list[str]:
    """The class that explains the differences, or the classes that do so together; empty if none do."""
    holding = {name: columns for name, (columns, holds) in CLASSES.items() if columns & different and holds(ours, theirs)}
    for name, columns in holding.items():
        if different <= columns:
            return [name]
    return list(holding) if different <= set().union(*holding.values()) else []


def test_totals_equal_those_of_capinfos(captures: list[Ours]) -> None:
    """Packets, bytes on the wire, first and last time of every capture, or a class that says why not; every class is needed."""
    seen: Counter[str] = Counter()
    unexplained = []
    with ThreadPoolExecutor(2) as pool:
        printed = list(pool.map(run_capinfos, (ours.path for ours in captures)))
    for ours, theirs in zip(captures, printed, strict=True):
        different = {"totals"} if theirs.totals is None else differing(ours, theirs.totals)
        if different:
            names = excused(ours, theirs, different)
            seen.update(names)
            if not names:
                unexplained.append((str(ours.path), different, ours.totals, theirs))
    assert unexplained == []
    assert set(seen) == set(CLASSES)
    assert sum(seen.values()) < len(captures) // 10


def copied_by_editcap(path: Path, target: Path) -> list[tuple[int, int, int]] | None:
    """Captured length, wire length and time of the frames that editcap copies, read from its copy by a few lines of Python.

    Returns:
        None if editcap cannot copy the file, for the blocks in it that are no packets.
    """
    done = subprocess.run(
        [oracle("editcap"), "-F", "pcapng", str(path), str(target)], capture_output=True, text=True, errors="replace", check=False
    )
    if "can't be written" in done.stderr:
        return None
    content = target.read_bytes() if target.exists() else b""
    target.unlink(missing_ok=True)
    at, frames = 0, []
    units: list[Fraction] = []
    while at + 12 <= len(content):
        kind, length = struct.unpack_from("<II", content, at)
        if kind == 1:
            found = re.search(rb"\x09\x00\x01\x00(.)", content[at + 16 : at + length], re.DOTALL)
            value = found[1][0] if found else 6
            units.append(Fraction(SECOND, 2 ** (value & 127) if value & 128 else 10**value))
        elif kind == 6:
            index, high, low, captured, wire = struct.unpack_from("<IIIII", content, at + 8)
            frames.append((captured, wire, int((high << 32 | low) * units[index])))
        at += length
    return frames


def test_frames_equal_those_that_editcap_copies(captures: list[Ours], tmp_path: Path) -> None:
    """Captured length, wire length and time of every single frame, in every capture that has no class of its own."""
    unexplained = []
    compared = 0
    alike = [ours for ours in captures if not {n for n, (_, holds) in CLASSES.items() if holds(ours, Theirs(None, ""))} - COPIED_ALIKE]
    with ThreadPoolExecutor(2) as pool:
        copies = list(pool.map(copied_by_editcap, (ours.path for ours in alike), (tmp_path / str(i) for i in range(len(alike)))))
    for ours, theirs in zip(alike, copies, strict=True):
        if theirs is None:
            continue
        mine = list(zip(ours.cap_len.tolist(), ours.wire_len.tolist(), ours.time.tolist(), strict=True))
        untimed_alike = [(*b[:2], NO_TIME) if a[2] == NO_TIME else b for a, b in zip(mine, theirs, strict=False)]
        compared += len(mine)
        if mine != untimed_alike + theirs[len(mine) :] and not any(refused(ours, run_capinfos(ours.path)) for refused in REFUSALS):
            unexplained.append((str(ours.path), len(mine), len(theirs), [p for p in zip(mine, theirs, strict=False) if p[0] != p[1]][:2]))
    assert unexplained == []
    assert compared > 100_000
