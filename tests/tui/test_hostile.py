"""Everything in a capture was written by an attacker: none of it is markup, a control sequence, or the end of the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from tui.screens import FakeSession, mixed

from netsleuth_tui.decode.dissect import DissectedField, Layer
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tui.egress import Egress

Driven = Callable[..., Any]

HOSTILE = (
    "\x1b]52;c;aGFja2Vk\x07",
    "\x1b[31mred\x1b[0m",
    "\x9b31m\x9d0;title\x9c",
    "[@click=app.quit]x[/]",
    "[/nope]",
    "[bold]x",
    "a\nb\r\tc\x00d\x7f",
    "\u202egnp.exe",
    "x" * 100_000,
    "\ud800",
    "Z\u0301" + "\u0301" * 50,
)


def clean(text: str) -> bool:
    """True if nothing in it is obeyed by a terminal."""
    return all(character.isprintable() or character == "\n" for character in text)


@pytest.mark.parametrize("size", [(160, 50), (80, 24)])
async def test_hostile_text_is_shown_not_obeyed(driven: Driven, size: tuple[int, int]) -> None:
    """In names of files, in damage notes, in layers and fields: the app lives, no control character is drawn, and no line gets longer."""
    layers = tuple(Layer(text, (DissectedField(text, text, 0, 1), DissectedField("plain", text, 1, 2))) for text in HOSTILE)
    session = FakeSession(mixed(30), problems=tuple(f"{text}: damaged at byte 1: {text}" for text in HOSTILE), layers=layers)
    source = session.store.sources[0]
    session.store.sources = tuple(replace(source, name=text, notes=(text,), first_row=30 * (k > 0)) for k, text in enumerate(HOSTILE))
    async with driven(session, size, paths=HOSTILE) as d:
        screens = [d.text]
        await d.press("enter")
        for _ in HOSTILE:  # open every layer, and walk over its fields
            await d.press("enter", "down", "down", "down")
            screens.append(d.text)
        for keys in (("escape",), ("n",), ("pagedown",), ("end",), ("escape",), ("e",), ("escape",), ("slash", "ctrl+u")):
            await d.press(*keys)
            screens.append(d.text)
        assert all(clean(screen) for screen in screens)
        assert d.app.crash is None
        assert d.app.is_running
        assert {cell_len(line) for screen in screens for line in screen.split("\n")} <= set(range(size[0] + 1))


async def test_a_hostile_failure_is_shown_not_obeyed(driven: Driven) -> None:
    """An error whose text comes from a file name."""

    class Gone(FakeSession):
        def frame(self, row: int) -> bytes:  # noqa: ARG002
            raise NetSleuthError("\x1b]0;owned\x07[/]", where="\x9b2J")

    async with driven(Gone(mixed(30))) as d:
        assert "owned" in d.text
        assert clean(d.text)


async def test_hostile_text_pasted_into_the_filter(driven: Driven) -> None:
    """Whatever is pasted is a filter with an error, not a control sequence."""
    from textual.events import Paste

    async with driven(FakeSession(mixed(30))) as d:
        for hostile in HOSTILE:
            await d.press("slash", "ctrl+u")
            d.main.filter_bar.input.post_message(Paste(hostile))
            await d.settle()
            assert clean(d.text)
        assert d.app.crash is None


def test_the_last_gate_lets_only_printable_characters_through() -> None:
    """Whatever a widget draws; widths stay as they are."""
    text = "".join(map(chr, (*range(0x20), 0x7F, *range(0x80, 0xA0), 0x202E, 0x200B, 0x41, 0x2588)))
    passed = Egress().apply([Segment(text), Segment("plain")], Color(0, 0, 0))
    assert all(segment.text.isprintable() for segment in passed)
    assert [len(segment.text) for segment in passed] == [len(text), 5]


async def test_the_last_gate_alone_is_enough(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first gate out of order nothing gets through either."""
    from netsleuth_tui.tui import pages
    from netsleuth_tui.tui.widgets import detail, detail_pane, title_bar

    for module in (pages, detail, detail_pane, title_bar):
        monkeypatch.setattr(module, "display", lambda text, **_: text)
    layers = (Layer("\x1b[2Jx", (DissectedField("\x9bf", "\x1b]0;t\x07", 0, 1),)),)
    async with driven(FakeSession(mixed(30), layers=layers)) as d:
        assert "\u241b" in d.text
        assert clean(d.text)
