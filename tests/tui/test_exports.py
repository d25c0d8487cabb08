"""Writing what a pane shows to a file, from the screen."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tui.screens import FakeSession, mixed

from netsleuth_tui.wording import counted

Driven = Callable[..., Any]


@pytest.mark.parametrize(("key", "first"), [("1", "frame.number,"), ("t", "time,packets,"), ("f", "group,value,packets,"), ("2", "a,b,")])
async def test_a_pane_is_exported_under_the_filter(
    driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, first: str
) -> None:
    """Whichever pane has the focus; the last line says what was written."""
    monkeypatch.chdir(tmp_path)
    async with driven(FakeSession(mixed()), text="udp") as d:
        await d.press(key, "e")
        assert "Write the" in d.lines[-2]
        await d.press("enter")
        written = next(tmp_path.iterdir())  # noqa: ASYNC240
        lines = written.read_text().splitlines()
        assert lines[0].startswith(first)
        assert packets_in(lines) == 100
        assert f"{written.name}: {counted(len(lines) - 1, 'row')}," in d.lines[-1]


def packets_in(lines: list[str]) -> int:
    """Packets in the rows of a pane: the rows themselves, or their column of packets, of the first group where there are groups."""
    names = lines[0].split(",")
    cells = [dict(zip(names, line.split(","), strict=True)) for line in lines[1:]]
    if "packets" not in names:
        return len(cells)
    return sum(int(row["packets"]) for row in cells if row.get("group") == cells[0].get("group"))


@pytest.mark.parametrize("key", ["1", "t", "f", "2"])
async def test_only_the_window_is_exported(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """What the panes show is what is written: filter and time window."""
    monkeypatch.chdir(tmp_path)
    async with driven(FakeSession(mixed()), text="tcp || udp") as d:
        await d.press("pagedown", "left_square_bracket", "pagedown", "right_square_bracket")
        inside = d.main.table.count()
        assert 0 < inside < 100
        await d.press(key, "e", "enter")
        lines = next(tmp_path.iterdir()).read_text().splitlines()  # noqa: ASYNC240
        assert packets_in(lines) == inside


async def test_records_are_exported_as_they_are_arranged(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorted, and with the columns that were chosen, one of them from the detail of a packet."""
    monkeypatch.chdir(tmp_path)
    async with driven(FakeSession(mixed(60)), text="icmp") as d:
        await d.press("enter", "down", "down", "a", "1")
        assert d.main.table.columns[d.main.table.column].name == "ip.ttl"
        await d.press("s", "e", "enter")
        header, *rows = (tmp_path / "trace-records.csv").read_text().splitlines()
        names = header.split(",")
        assert names == [
            "frame.number",
            "frame.time",
            "_ws.col.def_src",
            "_ws.col.def_dst",
            "_ws.col.protocol",
            "frame.len",
            "ip.ttl",
            "info",
        ]
        ttls = [int(row.split(",")[names.index("ip.ttl")]) for row in rows]
        assert ttls == sorted(ttls)
        assert len(ttls) == 20
        await d.press("s", "e", "enter", "enter")
        _, *rows = (tmp_path / "trace-records.csv").read_text().splitlines()
        assert [int(row.split(",")[0]) for row in rows] == list(range(3, 61, 3))


async def test_an_existing_file_is_replaced_only_on_a_second_enter(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first Enter asks, Esc keeps the file, another name asks anew, the second Enter replaces."""
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "trace-records.csv"
    target.write_text("mine")
    async with driven(FakeSession(mixed())) as d:
        await d.press("e", "enter")
        assert "exists already" in d.lines[-1]
        await d.press("escape")
        assert target.read_text() == "mine"
        await d.press("e", "enter", "enter")
        assert len(target.read_text().splitlines()) == 301


async def test_json_lines_by_suffix(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name in .jsonl makes JSON lines."""
    monkeypatch.chdir(tmp_path)
    async with driven(FakeSession(mixed())) as d:
        await d.press("e", "ctrl+u")
        await d.type("out.jsonl")
        await d.press("enter")
        rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        assert len(rows) == 300
        assert rows[0]["frame.number"] == 1


@pytest.mark.parametrize(
    ("key", "suffix", "begins"),
    [
        ("1", "txt", "frame.number  frame.time_epoch"),
        ("t", "txt", "packets"),
        ("f", "txt", "group  "),
        ("x", "txt", "\n\nExplain compares a window of time"),
        ("x", "csv", "finding,kind,value,packets,"),
        ("2", "csv", "a,b,packets,bytes,"),
        ("2", "txt", "a         b  "),
        ("enter", "txt", "Packet 1  "),
        ("1", "json", '[\n{"frame.number": 1, '),
        ("enter", "csv", "layer,field,value,offset,length,filter"),
    ],
)
async def test_every_pane_in_every_format(
    driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, suffix: str, begins: str
) -> None:
    """Rows by the suffix, or the pane's own lines, without a control character."""
    monkeypatch.chdir(tmp_path)
    async with driven(FakeSession(mixed())) as d:
        await d.press(key, "e", "ctrl+u")
        await d.type(f"out.{suffix}")
        await d.press("enter")
        text = (tmp_path / f"out.{suffix}").read_text()
        assert text.startswith(begins)
        assert all(line.isprintable() for line in text.splitlines())
        if key == "enter" and suffix == "txt":
            assert "ttl" in text
            assert "10.0.0.1" in text
            assert "0030  30 31 32 33 34 35 36 37  38 39 3a 3b              0123456789:;" in text
        if key == "enter" and suffix == "csv":
            assert "IP,ttl,64,22,1,ip.ttl" in text
        assert list(tmp_path.iterdir()) == [tmp_path / f"out.{suffix}"]  # noqa: ASYNC240


async def test_a_name_that_says_another_format_is_refused(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be CSV by the name of something else; the field stays open for another name."""
    monkeypatch.chdir(tmp_path)
    async with driven(FakeSession(mixed())) as d:
        await d.press("e", "ctrl+u")
        await d.type("out.parquet")
        await d.press("enter")
        assert ".parquet is no format" in d.lines[-1]
        assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240
        await d.press("ctrl+u")
        await d.type("out.json")
        await d.press("enter")
        assert len(json.loads((tmp_path / "out.json").read_text())) == 300


async def test_a_folder_that_is_not_there_leaves_the_question_open(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed is still there to be put right, and what is typed next is no key."""
    monkeypatch.chdir(tmp_path)
    async with driven(FakeSession(mixed()), (80, 24)) as d:
        await d.press("e", *("backspace",) * 40)
        await d.type("no/such.csv")
        await d.press("enter")
        assert "there is no such folder" in d.text
        await d.press(*("backspace",) * 20)
        await d.type("such.csv")
        await d.press("enter")
        await d.until(lambda: not d.main.export_running)
        assert [path.name for path in tmp_path.iterdir()] == ["such.csv"]  # noqa: ASYNC240


async def test_an_export_that_fails_says_why(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder may be written to by nobody: a sentence, not a crash."""
    monkeypatch.chdir(tmp_path)

    def denied(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    async with driven(FakeSession(mixed())) as d:
        await d.press("e", "ctrl+u")
        await d.type("where.csv")
        with monkeypatch.context() as patched:
            patched.setattr(os, "open", denied)
            await d.press("enter")
            await d.until(lambda: not d.main.export_running)
        assert "permission denied" in d.lines[-1].lower()
