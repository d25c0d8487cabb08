"""Keys that arrive together, as they do over a slow link, go where they would have gone one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import events
from tui.screens import FakeSession, mixed

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
        for key, character in (("ctrl+u", "\x15"), ("t", "t"), ("home", None), ("x", "x"), ("delete", None), ("tab", "\t")):
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
