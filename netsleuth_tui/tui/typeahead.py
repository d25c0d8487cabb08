"""Keys that arrive faster than they are dealt with: each waits until those before it have had their effect.

Textual hands a key to what has the focus when it arrives. A key before it may still be on its way to move the focus, to open a screen, or
to have a pane counted: typed slowly, the second one would have met the result. Here it does so at any speed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textual.app import App

__all__ = ["TypeAhead", "tell_alt"]

ROUNDS = 3
"""A key's action may post a message whose handler posts another one: so often all that were posted are waited for."""
PATIENCE = 0.5
"""Seconds after which the next key goes on whatever became of the one before: what it went to may be gone."""
LOOK_AGAIN = 0.01
"""Seconds between two looks whether a pane has its answer."""
WAITS = 2.0
"""Seconds that a key waits for a pane's answer at most: later it would come as a surprise."""

Typed = events.Key | events.Paste


class TypeAhead:
    """Deals with keys one by one.

    Args:
        app: Whose keys they are.
        deal: Has the app deal with one.
        stays: Whether a key does nothing but move a cursor or edit text: the next one need not wait, and many are drawn once.
        waits: Why a key has to wait for what it is meant for, as in 'still waiting for the records'; empty where it need not.
        dropped: Told the reason when a key has waited too long and will not be dealt with.
    """

    def __init__(
        self,
        app: App[None],
        deal: Callable[[Typed], Awaitable[None]],
        stays: Callable[[Typed], bool],
        waits: Callable[[events.Key], str],
        dropped: Callable[[str], None],
    ) -> None:
        self._app, self._deal, self._stays, self._waits, self._dropped = app, deal, stays, waits, dropped
        self._typed: deque[Typed] = deque()
        self._number = 0
        """Of the key that was dealt with last."""
        self._under_way = False
        """Its effects are not all there yet."""
        self._looking = False
        """The next one waits for an answer, and will be looked at again."""
        self._waiting_since: float | None = None

    @property
    def is_busy(self) -> bool:
        """True while a key has effects to come, or waits."""
        return self._under_way or bool(self._typed)

    async def take(self, event: Typed) -> None:
        """One more, which is dealt with now or soon."""
        self._typed.append(event)
        if self._under_way:
            number = self._number
            self._app.set_timer(PATIENCE, lambda: self._done(number))
        await self._go_on()

    async def _look_again(self) -> None:
        self._looking = False
        await self._go_on()

    async def _go_on(self) -> None:
        while self._typed and not self._under_way and not self._looking:
            event = self._typed[0]
            why = self._waits(event) if isinstance(event, events.Key) else ""
            if why:
                now = time.monotonic()
                self._waiting_since = self._waiting_since or now
                if now - self._waiting_since < WAITS:
                    self._looking = True
                    self._app.set_timer(LOOK_AGAIN, self._look_again)
                    return
                self._typed.popleft()
                self._dropped(why)
                continue
            self._waiting_since = None
            self._typed.popleft()
            if self._stays(event):
                await self._deal(event)
                continue
            self._under_way, self._number = True, self._number + 1
            path = self._path()
            await self._deal(event)
            self._follow(path, ROUNDS, self._number)
        if not self._typed:
            self._waiting_since = None

    def _path(self) -> list[MessagePump]:
        """The way of a key that nobody takes: from what has the focus to the app."""
        front = self._app.focused or self._app.screen
        return [node for node in front.ancestors_with_self if isinstance(node, MessagePump)]

    def _follow(self, path: list[MessagePump], rounds: int, number: int) -> None:
        """Go the way of the key, behind it and behind all that was posted on account of it."""
        while path:
            node, *path = path
            if node.call_later(self._follow, path, rounds, number):
                return
        if rounds > 1:
            self._follow(self._path(), rounds - 1, number)
        else:
            self._done(number)

    def _done(self, number: int) -> None:
        if number == self._number and self._under_way:
            self._under_way = False
            self._app.call_later(self._go_on)


def tell_alt() -> None:
    """Have Textual tell of Alt with any character, as it does with letters: a terminal sends the same for Esc and the character."""
    original = XTermParser._sequence_to_key_events  # noqa: SLF001 - it has no name outside
    if getattr(original, "tells_alt", False):
        return

    def keys(self: XTermParser, sequence: str, alt: bool = False) -> Iterator[events.Key]:  # noqa: FBT002 - as it is there
        if sequence in ANSI_SEQUENCES_KEYS and len(sequence) == 2 and sequence[0] == "\x1b" and sequence[1:].isprintable():
            sequence, alt = sequence[1], True  # which some keyboards take for another character, or for a word to the left
        found: Iterable[events.Key] = original(self, sequence, alt)
        for event in found:
            plain = alt and "alt+" not in event.key and event.key != "escape"
            yield events.Key(f"alt+{event.key}", event.character) if plain else event

    keys.tells_alt = True  # type: ignore[attr-defined]
    XTermParser._sequence_to_key_events = keys  # type: ignore[method-assign]  # noqa: SLF001
