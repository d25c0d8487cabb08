"""Every key of every pane, in every state of the app: nothing raises, and the app goes on answering.

The keys are taken from the bindings that Textual would look through, so that a new key is pressed here without being listed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from made import SECOND, START, store_of
from made_events import add_events, event
from textual import events
from textual.widget import Widget
from tui.screens import Driver, FakeSession, mixed

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Store

Driven = Callable[..., Any]

LEAVING = {"q", "ctrl+q", "ctrl+c"}
STANDARD = {"tab", "shift+tab"}
"""Keys of Textual's own that are ours to answer for; others of its own are without an id."""


def few_events() -> Store:
    """A log alone, with a handle from its opening to its end."""
    handle = {"HandleId": "0x4", "ProcessId": "0x10", "SubjectUserName": "svc"}
    opened = {"ObjectName": "C:\\a.dll", "ObjectType": "File", "AccessMask": "0x1", **handle}
    ids = (4656, 4663, 4660, 4658)
    made = [event(START + k * SECOND, ids[k % 4], opened if k % 4 < 2 else handle, record_id=k + 1) for k in range(40)]
    return add_events(store_of([]), *made)


class Gone(FakeSession):
    """The file is gone since it was loaded."""

    def frame(self, row: int) -> bytes:  # noqa: ARG002
        """There is nothing to read."""
        raise NetSleuthError("the file has changed", where="trace.pcap")


MOST_PAUSES = 5000
"""For a key to be dealt with."""


@dataclass(frozen=True, slots=True)
class State:
    """How the app is before each key."""

    session: Callable[[], FakeSession] = lambda: FakeSession(mixed(60))
    size: tuple[int, int] = (80, 24)
    text: str = ""
    """The filter."""
    before: tuple[str, ...] = ()
    """Keys that are pressed before each key."""
    without: frozenset[str] = frozenset()
    """Keys that would end the state."""
    whole: bool = False
    """Press the keys of the screen in every pane, not just in one."""
    lasting: bool = False
    """The state lasts as long as a pane has the whole screen."""


STATES = {
    "normal": State(size=(120, 36), whole=True),
    "80x24": State(),
    "30x8": State(size=(30, 8)),
    "one column": State(size=(1, 24)),
    "empty file": State(lambda: FakeSession(store_of([]))),
    "one packet": State(lambda: FakeSession(mixed(1))),
    "loading": State(lambda: FakeSession(mixed(60), hold=True), without=frozenset({"escape"})),
    "error in the filter": State(text="tcp && nonsense"),
    "no match": State(text="arp"),
    "events": State(lambda: FakeSession(few_events()), size=(120, 40)),
    "file gone": State(lambda: Gone(mixed(60)), size=(60, 36)),
    "prompt open": State(before=("e",)),
    "maximised": State(before=("w",), lasting=True),
}


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is exported by accident goes to a folder of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", STATES)
async def test_every_key_in_every_pane(driven: Driven, name: str) -> None:
    """With the pane in use, each key that is bound there or further out."""
    state = STATES[name]
    async with driven(state.session(), state.size, text=state.text) as d:
        done: set[str] = set()
        opening: set[str] = set()
        for widget in stops(d):
            await back_to(d, widget, state)
            keys = keys_of(d) if state.whole else keys_of(d) - (keys_of(d, d.main) & done)
            for key in sorted(keys - state.without):
                await back_to(d, widget, state)
                await press(d, key, f"{key} in {widget.id}, {name}")
                if state.whole and d.app.screen is not d.main and key not in opening:
                    opening.add(key)
                    await every_key_of_what_is_open(d, widget, key)
            done |= keys
            await d.settle()
        assert not state.whole or opening >= {"question_mark", "n", "colon", "c", "at"}
        assert state.before or done >= {"up", "G", "e", "question_mark", "slash", "plus", "u", "tab"}
        await still_answers(d)


@pytest.mark.parametrize("opened", ["slash", "e"])
async def test_every_key_in_a_field(driven: Driven, opened: str) -> None:
    """The filter line and the prompt: their own keys, and letters."""
    state = State(before=(opened,))
    async with driven(FakeSession(mixed(60)), state.size) as d:
        await back_to(d, d.main.table, state)
        for key in sorted({*keys_of(d), "a", "x", "space", "backspace", "delete", "up", "down", "enter", "tab"}):
            await back_to(d, d.main.table, state)
            await press(d, key, f"{key} after {opened}")
        await still_answers(d)


@pytest.mark.parametrize("seed", range(4))
async def test_keys_in_any_order(driven: Driven, seed: int) -> None:
    """A hundred and twenty keys, each one that is bound where the ones before have led."""
    choose = random.Random(seed)  # noqa: S311 - not for secrets
    size = ((120, 36), (80, 24), (100, 30), (60, 15))[seed]
    trail: list[str] = []
    async with driven(FakeSession(mixed(60), problems=("damaged at byte 1",)), size) as d:
        for _ in range(120):
            trail.append(choose.choice(sorted(keys_of(d))))
            await press(d, trail[-1], " ".join(trail))
        await still_answers(d)


def stops(d: Driver) -> list[Widget]:
    """What can take keys on the main screen."""
    d.main.mount_panes()
    return [widget for widget in d.main.query(Widget) if widget.can_focus]


async def every_key_of_what_is_open(d: Driver, widget: Widget, opened: str) -> None:
    """Help, notes, palette, and whatever else a key opens: all keys that are bound there, and some that are not."""
    state = State(before=(opened,))
    for key in sorted({*keys_of(d), "a", "space", "backspace", "enter", "down"}):
        await back_to(d, widget, state)
        await press(d, key, f"{key} in what {opened} opens in {widget.id}")


def keys_of(d: Driver, node: object = None) -> set[str]:
    """Keys that are bound at the moment (by a node), but for those that end the program."""
    bound = d.app.screen.active_bindings.items()
    ours = {key for key, active in bound if (active.binding.id or key in STANDARD) and (node is None or active.node is node)}
    return ours - LEAVING


async def back_to(d: Driver, widget: Widget, state: State) -> None:
    """Only the main screen, the pane in use, and what the state wants."""
    lasts = d.main.wishes.whole is not None if state.lasting else not state.before
    if d.app.screen is d.main and d.main.focused is widget and lasts:
        return
    while len(d.app.screen_stack) > 1:
        d.app.pop_screen()
    d.main.bring(widget)
    d.main.set_focus(widget)
    await d.pilot.pause(0)
    for key in state.before:
        await press(d, key, f"{key} in {widget.id}")


async def press(d: Driver, key: str, what: str) -> None:
    """Press a key; the app survives it, and what it draws. Threads are waited for only where the key waits: answers come between others."""
    d.app.post_message(events.Key(key, {"space": " "}.get(key, key if len(key) == 1 else None)))
    await d.pilot.pause(0)  # the app has it
    for _ in range(MOST_PAUSES):
        if not d.app.typed.is_busy:
            break
        await asyncio.sleep(0)
    assert d.app.crash is None, what
    assert d.app.is_running, what


async def still_answers(d: Driver) -> None:
    """After all that, help opens and closes, and the records can be reached."""
    while len(d.app.screen_stack) > 1:
        d.app.pop_screen()
    d.main.set_focus(d.main.table)
    await d.settle()
    await d.press("question_mark")
    assert len(d.app.screen_stack) > 1
    await d.press("escape")
    assert len(d.app.screen_stack) == 1
    assert d.app.crash is None
