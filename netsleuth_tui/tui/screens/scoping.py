"""Changing what is looked at: the filter line, terms from the panes, the time window, and the way back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import ClockWanted, FilterAccepted, FilterChosen, FilterEdited, RateWanted, TermChosen, WindowChosen
from netsleuth_tui.tui.panes import pane_of
from netsleuth_tui.tui.screens.counting import Counting
from netsleuth_tui.tui.screens.text import prose_screen
from netsleuth_tui.tui.widgets.timeline import TimeLine

if TYPE_CHECKING:
    from textual.timer import Timer

    from netsleuth_tui.analysis import Scope, Window
    from netsleuth_tui.query import FilterError
    from netsleuth_tui.session import Session
    from netsleuth_tui.tui.messages import LoadProgressed

__all__ = ["Scoping"]

SOON = 0.05
"""Seconds until a session is asked again whether it has ended loading."""
TYPING_RESTS = 0.15
"""Seconds without a key after which the filter line is looked at."""


class Scoping(Counting):
    """The part of the main screen that changes the scope; every change can be undone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("scope.include", "plus", "term('include')", "include", "only what is like the thing under the cursor, too", "+"),
        footer_key("scope.exclude", "minus", "term('exclude')", "exclude", "nothing that is like the thing under the cursor", "-"),
        key("scope.only", "equals_sign", "term('only')", "make the thing under the cursor the whole filter", "="),
        footer_key("scope.undo", "u", "undo", "undo", "look at what was looked at before: filter and time window"),
        key("scope.redo", "ctrl+r", "redo", "take one undo back"),
        key("scope.copy", "C", "copy('shell')", "copy what is looked at as a command for the shell: files, filter, time window", "C"),
        key("scope.wireshark", "Y", "copy('wireshark')", "copy the filter as Wireshark takes it", "Y"),
        key("window.start", "left_square_bracket", "edge('start')", "begin the time window at the cursor", "["),
        key("window.end", "right_square_bracket", "edge('end')", "end the time window after the cursor", "]"),
        key("window.whole", "backslash", "whole_time", "no time window: the whole time again", "\\"),
        key("window.back", "comma", "window(True)", "back to the time window before this one; the filter stays", ","),
        key("window.forward", "full_stop", "window(False)", "forward again to the time window that came next", "."),
    ]

    _typing: Timer | None = None
    _brush: tuple[int, Scope] | None = None
    """Number of the brush that made the window which is being accepted, and what will be looked at then."""
    _brushed: int | None = None
    """The same of the one that was accepted last."""
    _clocks_to_come: tuple[ClockWanted, ...] = ()
    """What was asked for while files were loading."""
    window_to_come: Window | None = None
    """A time window that was asked for without a date, until all is there."""

    def look_at(self, scope: Scope) -> None:
        """Look at another scope, and remember it once it turns out to be valid."""
        self.filter_bar.set_text(scope.filter)
        self._count(scope, accept=True)

    # The filter line

    def on_filter_edited(self, message: FilterEdited) -> None:
        """Look at the text once the typing rests."""
        self.filter_bar.checking()
        self._stop_typing()
        self._typing = self.set_timer(TYPING_RESTS, partial(self._preview, message.text))

    def _preview(self, text: str) -> None:
        unknown = self._unknown_name(text)
        if unknown is not None:
            self.filter_bar.invalid(unknown)
        elif self._wanted is not None:
            self._count(replace(self._wanted, filter=text))

    def _unknown_name(self, text: str) -> FilterError | None:
        """A name of event data that no event has: half a name is one, too, so the panes wait for the rest. It may still be applied."""
        from netsleuth_tui.analysis import unknown_said
        from netsleuth_tui.query import FilterError, names_in

        if self.session is None:
            return None
        with suppress(FilterError):  # which is said when it is looked at
            for name, said in unknown_said(self.session.store, names_in(text)):
                at = max(text.find(name), 0)
                return FilterError(said, column=at, length=len(name))
        return None

    def on_filter_accepted(self, message: FilterAccepted) -> None:
        """Apply the text: with an error in it the field stays open."""
        self._stop_typing()
        if self._wanted is not None:
            self._count(replace(self._wanted, filter=message.text), accept=True)
            self._back_to = self.focused  # the next key is meant for the records already
            self.go_to_tab()

    def on_filter_abandoned(self) -> None:
        """Go back to what was applied."""
        self._stop_typing()
        session = self.session
        if session is not None:
            self.filter_bar.set_text(session.scope.filter)
            self._count(session.scope)
        self.go_to_tab()

    def _stop_typing(self) -> None:
        if self._typing is not None:
            self._typing.stop()

    # Terms

    def on_term_chosen(self, message: TermChosen) -> None:
        """Narrow the filter to a line of a breakdown, or take it out again."""
        from netsleuth_tui.query.terms import toggled

        scope = self.latest
        if scope is not None:
            self.look_at(replace(scope, filter=toggled(scope.filter, message.term)))

    def on_filter_chosen(self, message: FilterChosen) -> None:
        """Look at nothing else."""
        scope = self.latest
        if scope is not None:
            self.look_at(replace(scope, filter=message.text))

    def on_rate_wanted(self, message: RateWanted) -> None:
        """Narrow the filter, and draw bytes over time."""
        from netsleuth_tui.query.terms import include

        scope = self.latest
        if scope is not None:
            self.query_one(TimeLine).draw_measure("bytes")
            self.look_at(replace(scope, filter=include(scope.filter, message.term)))

    def action_term(self, how: str) -> None:
        """Include, exclude, or see only what is under the cursor of the pane in use."""
        from netsleuth_tui.query.terms import exclude, include, only

        pane, scope = pane_of(self.focused) or self.table, self.latest
        if scope is None:
            return
        term = pane.term()
        if term is None:
            self.status.say(pane.no_term(), "warning")
            return
        text = only(term) if how == "only" else include(scope.filter, term) if how == "include" else exclude(scope.filter, term)
        self.look_at(replace(scope, filter=text))

    @property
    def latest(self) -> Scope | None:
        """What was chosen last, though it may be still being counted, if it is valid; None before there is a session."""
        if self.session is None or not self._accepting or self._wanted is None:
            return self.session.scope if self.session is not None else None
        from netsleuth_tui.query import FilterError, parse

        try:
            if self._wanted.filter.strip():
                parse(self._wanted.filter)
        except FilterError:
            return self.session.scope
        return self._wanted

    def _command(self, scope: Scope) -> str:
        """The scope as a command for the shell, with the options that the program was started with."""
        from netsleuth_tui.analysis.shell import shell_words

        session = self.session
        if session is None:
            return shell_words(self.paths, scope)
        shifts = [str(shift) for shift in session.shifts_of(scope)]
        return shell_words(self.paths, scope, shifts, session.place_files.options, session.load_filter, session.loading_options)

    def action_copy(self, what: str) -> None:
        """Copy what is looked at, and show it: not every terminal lets a program copy."""
        from netsleuth_tui.query.wireshark import for_wireshark

        scope = self.latest
        if scope is None:
            return
        text, notes = (self._command(scope), ()) if what == "shell" else for_wireshark(scope.filter)
        if not text:
            self.status.say("there is no filter", "warning")
            return
        self.app.copy_to_clipboard(text)
        told = display(f"copied, if this terminal allows it: {text}" + "".join(f" ({note})" for note in notes), limit=4000)
        self.status.say(told, "warning" if notes else "good", keep=True)
        if len(told) > self.app.size.width:  # where it cannot be copied, all of it has to be seen
            self.app.push_screen(prose_screen("Copied", [told], self.app.size.width))

    # The time window

    def on_window_chosen(self, message: WindowChosen) -> None:
        """Look through another window."""
        message.arrived()
        scope = self.latest
        if scope is not None:
            brushed = replace(scope, start=message.start, end=message.end)
            self.look_at(brushed)
            self._brush = None if message.brush is None else (message.brush, brushed)

    def on_clock_wanted(self, message: ClockWanted) -> None:
        """See the times of a source through another offset; the way back is that of the filter."""
        if self.is_loading:
            self._clocks_to_come = (*self._clocks_to_come, message)
            self.status.say("files are loading: the clock is put right when all is there", "warning", keep=True)
            return
        scope = self.latest
        if scope is None or self.session is None:
            return
        try:
            self.look_at(self.session.with_clock(scope, message.source, message.offset))
        except NetSleuthError as error:
            self.status.say(display(str(error), limit=300), "error", keep=True)

    def on_load_progressed(self, message: LoadProgressed) -> None:
        """Put clocks right, and set the window, that had to wait until all is there; that the window waits is said once."""
        if self.window_to_come is not None and self.progress is None and message.progress.phase == "loading":
            said = "files are loading: the time window is set when all is there; with its date it is set at once"
            self.status.say(said, "warning", keep=True)
        if message.progress.phase != "loading" and (self._clocks_to_come or self.window_to_come is not None):
            self.set_timer(SOON, self._set_what_waits)

    def _set_what_waits(self) -> None:
        if self.session is None or self.session.is_loading:  # its last report comes a moment before its end
            self.set_timer(SOON, self._set_what_waits)
            return
        window, self.window_to_come = self.window_to_come, None
        if window is not None:
            self._set_window(self.session, window)
        waiting, self._clocks_to_come = self._clocks_to_come, ()
        for wanted in waiting:
            self.on_clock_wanted(wanted)

    def _set_window(self, session: Session, window: Window) -> None:
        """Look through a window without a date, on the day of what was loaded; where somebody has set another one by now, that stays."""
        scope = self.latest
        if scope is None or scope.has_window:
            return
        from netsleuth_tui.analysis import spans_of

        try:
            start, end = window.on(spans_of(session.store))
        except NetSleuthError as error:
            self.status.say(display(str(error), limit=300), "error", keep=True)
            return
        self.look_at(replace(scope, start=start, end=end))

    def _accept(self, scope: Scope) -> None:
        brush, self._brush = self._brush, None
        number = brush[0] if brush is not None and brush[1] == scope else None
        if number is not None and number == self._brushed and self.session is not None:
            self._accepting, self._back_to = 0, None
            self.session.amend(scope)
        else:
            super()._accept(scope)
        self._brushed = number

    def action_edge(self, which: str) -> None:
        """Begin or end the window at the cursor of the pane in use, or else of the time line."""
        pane, scope = pane_of(self.focused) or self.table, self.latest
        if scope is None:
            return
        time = pane.cursor_time() or self.query_one(TimeLine).cursor_time()
        if time is None:
            self.status.say("there is no time under the cursor", "warning")
            return
        start, end = (time[0], scope.end) if which == "start" else (scope.start, time[1])
        if start is not None and end is not None and end <= start:  # the other edge gives way
            start, end = (start, None) if which == "start" else (None, end)
        self.look_at(replace(scope, start=start, end=end))

    def action_whole_time(self) -> None:
        """No window."""
        scope = self.latest
        if scope is not None:
            self.look_at(replace(scope, start=None, end=None))

    # The way back

    def action_undo(self) -> None:
        """Look at what was looked at before."""
        if self.session is not None:
            self._went(self.session.undo(), "there is nothing to undo")

    def action_redo(self) -> None:
        """Take one undo back."""
        if self.session is not None:
            self._went(self.session.redo(), "there is nothing to redo")

    def action_window(self, back: bool) -> None:
        """Through the history of windows."""
        if self.session is not None:
            self._went(self.session.change_window(back=back), f"there is no window {'before' if back else 'after'} this one")

    def _went(self, moved: bool, otherwise: str) -> None:
        if self.session is None:
            return
        if not moved:
            self.status.say(otherwise, "warning")
            return
        scope = self.session.scope
        self.filter_bar.set_text(scope.filter)
        self._accepting, self._brushed = 0, None
        self._count(scope)
