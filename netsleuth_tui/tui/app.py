"""The Textual application: its theme, its gate to the terminal, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.widgets import Input

from netsleuth_tui.settings import Settings
from netsleuth_tui.terminal.glyphs import ASCII, UNICODE, Glyphs
from netsleuth_tui.tui.egress import Egress
from netsleuth_tui.tui.screens.main import MainScreen
from netsleuth_tui.tui.theme import DARK, SIXTEEN, theme_names, to_textual
from netsleuth_tui.tui.typeahead import TypeAhead, tell_alt
from netsleuth_tui.tui.wire import Shown, reduced

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.filter import LineFilter
    from textual.screen import Screen

    from netsleuth_tui.analysis import Window
    from netsleuth_tui.session import Session

__all__ = ["NetSleuthApp"]


WORDS = {"alt+b": "ctrl+left", "alt+f": "ctrl+right", "alt+d": "ctrl+f"}
"""Go from word to word where text is edited, in shells: nobody who presses them wants to leave the text."""
MOVES = (".up", ".down", ".left", ".right")
"""How ids of keys end that move a cursor by a line or a column."""
NAMES_OF_KEYS = {"enter": "Enter", "escape": "Esc"}


class NetSleuthApp(App[None]):
    """The explorer.

    Args:
        paths: What to open.
        session: Takes it in; or what makes it, on the loading thread.
        text: Filter to begin with.
        window: Time window to begin with.
        days: One whose date follows from what is loaded: it is set when all is there.
        slow_link: Every byte to the terminal counts.
        theme: Name of a theme.
        glyphs: Characters to draw with.
        settings: The user's own.
        complaint: What is wrong with them.
    """

    ENABLE_COMMAND_PALETTE = False
    TITLE = "NetSleuth"
    CSS_PATH = "screens/main.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "leave", "quit", show=False, priority=True, id="app.quit"),
        Binding("ctrl+l", "repaint", "repaint", show=False, priority=True, id="app.repaint", tooltip="draw everything anew"),
    ]

    def __init__(
        self,
        paths: Sequence[str],
        session: Session | Callable[[], Session],
        *,
        text: str = "",
        window: tuple[int | None, int | None] = (None, None),
        days: Window | None = None,
        slow_link: bool = False,
        theme: str = DARK,
        glyphs: Glyphs = UNICODE,
        settings: Settings | None = None,
        complaint: str = "",
    ) -> None:
        # Textual keeps a terminal's own colours, and drops them all under NO_COLOR, only if it knows before it starts.
        to_textual(theme)  # which says so where there is no such theme
        super().__init__(ansi_color=True if theme == SIXTEEN else None)
        self.glyphs = glyphs
        self._gate = Egress(ascii_only=glyphs is ASCII)
        self._shown = Shown()
        self.settings = settings or Settings()
        self.main = MainScreen(paths, session, text, slow_link=slow_link)
        self.main.first_window = window
        self.main.window_to_come = days
        self.main.complaints = [complaint] if complaint else []
        if self.settings.keys:
            self.set_keymap(self.settings.keys)
        for name in theme_names():
            self.register_theme(to_textual(name))
        self.theme = theme
        self.typed = TypeAhead(self, super().on_event, self._stays, self.main.awaits, self._key_dropped)
        """Keys that wait for those before them."""
        tell_alt()
        self.crash: Exception | None = None
        """What ended the program, if it was a fault of its own."""

    def get_default_screen(self) -> MainScreen:
        """The only screen that stays."""
        return self.main

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, then the gate that every cell passes on its way to the terminal."""
        return [*super().get_line_filters(), self._gate]

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Send the difference between what the terminal shows and what it is to show."""
        super()._display(screen, reduced(renderable, self._shown))  # type: ignore[arg-type]

    def on_mount(self) -> None:
        """Draw everything when the shell gives the terminal back."""
        self.app_resume_signal.subscribe(self, lambda _: self.action_repaint())

    def on_resize(self) -> None:
        """A terminal that changes its size moves its contents about."""
        self._shown.forget()

    async def on_event(self, event: events.Event) -> None:
        """Deal with keys one by one, all others as they come."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded or self._is_at_once(event):
            await super().on_event(event)
            return
        for key in self._meant(event):
            await self.typed.take(key)

    def _is_at_once(self, event: events.Key | events.Paste) -> bool:
        """Whether it ends the program or repaints it, whatever waits."""
        bindings = self._bindings.key_to_bindings.get(event.key, ()) if isinstance(event, events.Key) else ()
        return any(binding.priority for binding in bindings)

    def _meant(self, event: events.Key | events.Paste) -> list[events.Key | events.Paste]:
        """Alt with a character that does nothing is Esc and the character: a terminal sends the same for both."""
        key = event.key if isinstance(event, events.Key) and event.character is not None else ""
        if isinstance(event, events.Paste) or not key.startswith("alt+") or key in self.screen.active_bindings:
            return [event]
        if isinstance(self.focused, Input) and key in WORDS:
            return [events.Key(WORDS[key], None)]
        sign = event.character or ""
        return [events.Key("escape", "\x1b"), events.Key(sign if sign.isalnum() else key.removeprefix("alt+"), sign)]

    def _stays(self, event: events.Key | events.Paste) -> bool:
        """Whether a key does nothing but edit text or move a cursor: what it goes to, the next one goes to as well, and behind it."""
        if isinstance(self.focused, Input):
            return isinstance(event, events.Paste) or event.is_printable
        active = self.screen.active_bindings.get(event.key) if isinstance(event, events.Key) else None
        return active is not None and (active.binding.id or "").endswith(MOVES)

    def _key_dropped(self, why: str) -> None:
        self.main.status.say(why, "warning")

    def get_key_display(self, binding: Binding) -> str:
        """How a key is written: by its name rather than by a sign that not every terminal has."""
        return binding.key_display or NAMES_OF_KEYS.get(binding.key) or super().get_key_display(binding)

    def action_repaint(self) -> None:
        """Send everything anew: another program may have written to the terminal."""
        self._shown.forget()
        self.screen.refresh(layout=True)

    def action_leave(self) -> None:
        """Stop what runs, and end."""
        self.stop_threads()
        self.exit()

    def leave_from_outside(self, code: int) -> None:
        """End with an exit code; called from a signal handler or another thread."""
        self.stop_threads()
        with suppress(RuntimeError):  # it has ended already
            loop = self._loop
            if loop is not None:
                loop.call_soon_threadsafe(self.exit, None, code)

    def stop_threads(self) -> None:
        """Tell threads to end; they are daemons, so none is waited for."""
        self.main.loading_thread.cancel()
        self.main.cancel_export()

    def _handle_exception(self, error: Exception) -> None:
        self.crash = self.crash or error
        self._return_code = 1
        if self._exception is None:  # which tests wait for
            self._exception = error
            self._exception_event.set()
        self._fatal_error()

    def _fatal_error(self) -> None:
        """End without Textual's traceback: it would show local variables, and with them what was captured."""
        self.stop_threads()
        self._close_messages_no_wait()
