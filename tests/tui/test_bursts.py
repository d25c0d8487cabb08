"""Keys that arrive together, as they do over a slow link, go where they would have gone one by one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from tui.screens import FakeSession, mixed
from tui.test_esp import tunnels

from netsleuth_tui.tui import typeahead

Driven = Callable[..., Any]


async def test_what_follows_a_slash_is_the_filter(driven: Driven) -> None:
    """No letter of it is a command, not even a q."""
    async with driven(FakeSession(mixed())) as d:
        for character in "/esp.sequence > 1":
            d.app.post_message(events.Key("slash" if character == "/" else character, character))
        await d.until(lambda: d.main.filter_bar.input.value == "esp.sequence > 1")
        assert d.app.is_running


async def test_keys_and_letters_keep_their_order(driven: Driven) -> None:
    """What clears the line clears what stood there before, not what comes after it."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("slash")
        await d.type("udp")
        for key, character in (("ctrl+u", "\x15"), ("t", "t"), ("home", None), ("x", "x"), ("delete", None)):
            d.app.post_message(events.Key(key, character))
        await d.settle()
        assert d.main.filter_bar.input.value == "x"


async def test_a_slash_in_the_filter_is_a_character(driven: Driven) -> None:
    """As in a network."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("slash")
        await d.type("ip.addr == 10.0.0.0/8")
        assert d.main.filter_bar.input.value == "ip.addr == 10.0.0.0/8"


async def test_an_open_capture_is_not_exported_over(driven: Driven) -> None:
    """However often Enter is pressed."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("e", "ctrl+u")
        await d.type("open.pcap")
        await d.press("enter", "enter")
        assert "captures that are open" in d.text


def keys(text: str) -> list[events.Key]:
    """Keys as the terminal tells of them: a letter or digit each, names in angle brackets."""
    names = {"?": "question_mark", "+": "plus", "/": "slash", "@": "at", " ": "space", "=": "equals_sign"}
    made = []
    for part in re.findall(r"<[a-z]+>|.", text):
        named = part.strip("<>") if len(part) > 1 else names.get(part, part)
        made.append(events.Key(named, part if len(part) == 1 else None))
    return made


async def burst(d: Any, text: str) -> None:
    """Have keys arrive together."""
    for key in keys(text):
        d.app.post_message(key)
    await d.settle()


BURSTS = ("7o", "3j<enter>", "2s<enter>", "tzz", "/udp<enter>j<enter>", "?<escape>?", "<enter>a", "2+", "e<escape>f<enter>j")


@pytest.mark.parametrize("text", BURSTS)
async def test_a_burst_is_the_same_as_keys_typed_slowly(driven: Driven, text: str) -> None:
    """Whatever they open, move or have counted: focus, filter, prompt and screen are the same in the end."""
    seen = []
    for at_once in (False, True):
        async with driven(FakeSession(tunnels() if "3" in text else mixed(60)), (80, 24)) as d:
            if at_once:
                await burst(d, text)
            else:
                for key in keys(text):
                    d.app.post_message(key)
                    await d.settle()
            focused = d.app.focused
            seen.append((d.main.session.scope, focused and focused.id, len(d.app.screen_stack), d.text))
    assert seen[0] == seen[1]
    assert not any(line.startswith("still waiting") for line in seen[1][3].splitlines())


async def test_a_key_that_waits_too_long_is_dropped_and_said(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not act later, out of the blue; keys of the screen do not wait for the pane."""
    monkeypatch.setattr(typeahead, "WAITS", 0.05)
    async with driven(FakeSession(mixed(60))) as d:
        monkeypatch.setattr(d.main, "_submit", lambda *_, **__: None)
        for key in keys("7o"):
            d.app.post_message(key)
        await d.until(lambda: "still waiting for the sources" in d.lines[-1])
        assert not d.main.query_one("#prompt").display
        await d.app.typed.take(keys("t")[0])
        await d.until(lambda: d.main.focused is d.main.query_one("#timeline"))
        d.main._unanswered.clear()


async def test_no_key_waits_for_a_pane_that_there_is_no_room_for(driven: Driven) -> None:
    """It is not asked, and so will never be told; where there is room again, it is."""
    async with driven(FakeSession(mixed(60)), (20, 6)) as d:
        await d.press("t")
        assert d.main.focused is d.main.query_one("#timeline")
        assert not d.main.focused.is_ready()
        assert d.main.awaits(keys("z")[0]) == ""
        await d.pilot.resize_terminal(80, 24)
        await d.settle()
        assert d.main.focused.is_ready()


async def test_esc_and_a_sign_in_one_go(driven: Driven) -> None:
    """A terminal sends for them what it sends for Alt and the sign."""
    parser = XTermParser()
    async with driven(FakeSession(mixed(60))) as d:
        found = list(parser._sequence_to_key_events("?", alt=True))
        assert [each.key for text in ("\x1b3", "\x1bf", "\x1b=") for each in parser._sequence_to_key_events(text)] == [
            "alt+3",
            "alt+f",
            "alt+equals_sign",
        ]
        await d.press("f", "question_mark")
        assert len(d.app.screen_stack) == 2
        d.app.post_message(found[0])
        await d.settle()
        assert len(d.app.screen_stack) == 2
        assert "NetSleuth: the breakdowns" in d.text
