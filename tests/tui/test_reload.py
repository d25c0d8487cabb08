"""Files that grow, and live captures, in the app."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ingest.test_load import FRAME, capture

from netsleuth_tui.session import Session

Driven = Callable[..., Any]
RECORD = 16 + len(FRAME)


def made(path: Path, frames: int) -> bytes:
    """A capture."""
    return Path(capture(path, frames)).read_bytes()


async def test_r_reads_what_was_added(driven: Driven, tmp_path: Path) -> None:
    """Every pane follows, the filter stays, and the last line says how much it was; or that it was nothing, or what is wrong."""
    path = tmp_path / "growing.pcap"
    content = made(path, 40)
    path.write_bytes(content[: 24 + 30 * RECORD])
    session = Session()
    async with driven(session, text="udp && frame.number > 20", paths=[str(path)]) as d:
        await d.until(lambda: d.main.overview is not None)
        path.write_bytes(content)
        await d.press("r")
        await d.until(lambda: "10 packets added" in d.text)
        assert "20 of 40" in d.text
        assert session.scope.filter == "udp && frame.number > 20"
        await d.press("r")
        await d.until(lambda: "nothing was added" in d.text)
        path.write_bytes(content[:-RECORD])
        await d.press("r")
        await d.until(lambda: "bytes shorter" in d.text)
        assert session.store.packets == 40
    session.close()


async def test_a_live_capture(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets are seen as they come; Esc ends the reading and keeps them; its end is said."""
    content = made(tmp_path / "a.pcap", 50)
    for by_key in (True, False):
        reader, writer = os.pipe()
        with os.fdopen(reader) as file:
            monkeypatch.setattr(sys, "stdin", file)
            os.write(writer, content[: 24 + 5 * RECORD])
            session = Session()
            session.hold = True  # type: ignore[attr-defined]
            async with driven(session, paths=["-"]) as d:
                await d.until(lambda: "5 of 5" in d.text)
                os.write(writer, content[24 + 5 * RECORD : 24 + 9 * RECORD])
                await d.until(lambda: "9 of 9" in d.text)
                if by_key:
                    await d.press("escape")
                    os.write(writer, content[24 + 9 * RECORD :])
                os.close(writer)
                await d.until(lambda: not d.main.is_loading)
                await d.settle()
                assert session.store.packets >= 9
                assert by_key or "standard input has ended" in d.text
                assert session.is_whole != by_key
            session.close()


async def test_the_last_line_stays_the_last_one(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end the cursor follows what comes; anywhere else, and in sorted rows, it stays with its packet."""
    content = made(tmp_path / "a.pcap", 50)
    reader, writer = os.pipe()
    with os.fdopen(reader) as file:
        monkeypatch.setattr(sys, "stdin", file)
        session = Session()
        session.hold = True  # type: ignore[attr-defined]
        sent = 0

        def send(frames: int) -> None:
            nonlocal sent
            os.write(writer, content[24 + sent * RECORD : 24 + (sent + frames) * RECORD])
            sent += frames

        os.write(writer, content[:24])
        send(5)
        async with driven(session, paths=["-"]) as d:
            await d.until(lambda: "5 of 5" in d.text)
            for keys, more, cursor in ((("G",), 4, 8), ((), 3, 11), (("up",), 3, 10), (("G", "S"), 5, None)):
                await d.press(*keys)
                row = d.main.table.row
                send(more)
                await d.until(lambda: f"{sent} of {sent}" in d.text and d.main.table.count() == sent)
                assert d.main.table.cursor == cursor or (cursor is None and d.main.table.row == row)
            os.close(writer)
            await d.until(lambda: not d.main.is_loading)
        session.close()
