"""Findings, looked for in a thread of their own when everything is loaded, and now and then in a stream: nothing waits for them."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from netsleuth_tui.errors import NetSleuthError, RowsDroppedError
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.finding_lines import is_of_events
from netsleuth_tui.tui.messages import FindingChosen, FindingsProgressed, FindingsReady, FindingsWanted, LoadProgressed
from netsleuth_tui.tui.screens.scoping import Scoping
from netsleuth_tui.tui.widgets.tabs import Tabs
from netsleuth_tui.tui.widgets.timeline import TimeLine

if TYPE_CHECKING:
    from textual.timer import Timer

    from netsleuth_tui.findings import Report, Steps
    from netsleuth_tui.session import Session
    from netsleuth_tui.tui.widgets.finding_table import FindingTable

__all__ = ["Noticing"]

GIVES_WAY = 1.0
"""Seconds that each kind of finding waits at most while panes are being counted: those are looked at."""
NAP = 0.02
STREAM_EVERY, STREAM_PAUSE, STREAM_REST = 1.0, 5.0, 9.0
"""In a stream that goes on: seconds between two looks at whether there is more; between two searches at least; and how many times as long
as the last search that pause is at least, so that searches take a tenth of the time."""


class Noticing(Scoping):
    """The part of the main screen that looks for findings, in all that was loaded whatever is looked at, and goes to them."""

    report: Report | None = None
    """What was found last."""
    looking: Steps | None = None
    """How far the search is that goes on."""
    stopped = False
    """The last search was stopped before its end."""
    _search = 0
    _stream: Timer | None = None
    """Asks whether there is more to look at in a stream."""
    _began = _next_look = 0.0
    """When the last search began, and when the next one in a stream may begin: seconds of `time.monotonic`."""
    _looked_at: tuple[int, int, tuple[tuple[int, int], ...]] = (-1, -1, ())
    """Packets, events and offsets of clocks that the last search began with."""

    @property
    def has_findings(self) -> bool:
        """Something was found."""
        return self.report is not None and bool(self.report.findings)

    @property
    def looks_in_front(self) -> bool:
        """The search goes on, and its pane is in use."""
        return self.looking is not None and self.focused is not None and self.focused.id == "findings"

    # Looking

    def on_load_progressed(self, message: LoadProgressed) -> None:
        """Everything is loaded, or more than before: once that is shown, look; and now and then in a stream that goes on."""
        if message.progress.phase != "loading":
            self.call_later(self.look_for_findings)
        elif "-" in self.paths and self._stream is None:
            self._stream = self.set_interval(STREAM_EVERY, self._look_at_stream)

    def _look_at_stream(self) -> None:
        """Look at what has come, unless that was just done, or somebody stopped it."""
        if not self.is_loading and self._stream is not None:
            self._stream.stop()
        elif self.is_loading and self.looking is None and not self.stopped and time.monotonic() >= self._next_look:
            self.look_for_findings()

    def clocks_changed(self) -> None:
        """What was found is about other times."""
        super().clocks_changed()
        if not self.is_loading:
            self.look_for_findings()

    def look_for_findings(self, *, again: bool = False) -> None:
        """Look for them, unless that was done with what is loaded now."""
        session = self.session
        if session is None:
            return
        rows = (session.store.packets, session.store.events.rows, session.store.clocks)
        if rows == self._looked_at and not again:
            return
        from netsleuth_tui.findings import KINDS, Steps

        self._looked_at, self.stopped, self._began = rows, False, time.monotonic()
        self._search += 1
        self.looking = Steps(0, len(KINDS), "")
        self.findings_lane.submit(partial(self._look_in_lane, session, self._search))
        self._tell_findings()

    def _look_in_lane(self, session: Session, number: int) -> None:
        from netsleuth_tui.analysis import EVERYTHING

        def step(steps: Steps) -> None:
            until = time.monotonic() + GIVES_WAY
            while self.lane.busy and time.monotonic() < until and number == self._search:
                time.sleep(NAP)
            self.post_message(FindingsProgressed(number, steps))

        try:
            report = session.findings(EVERYTHING, progress=step, cancelled=lambda: number != self._search)
            self.post_message(FindingsReady(number, report, None))
        except NetSleuthError as error:
            self.post_message(FindingsReady(number, None, error))

    def stop_looking(self) -> None:
        """End the search; what was found before stays."""
        if self.looking is not None:
            self._search += 1
            self.looking, self.stopped = None, True
            self._tell_findings()

    def forsake_search(self) -> None:
        """Nobody will see what the search finds: the screen is closed."""
        self._search += 1

    def on_findings_progressed(self, message: FindingsProgressed) -> None:
        """Show how far it is."""
        if message.number == self._search:
            self.looking = message.steps
            self._tell_findings()

    def on_findings_ready(self, message: FindingsReady) -> None:
        """Show what was found, in the pane, on the time line, and how many there are."""
        if message.number != self._search:
            return
        self.looking = None
        self._next_look = time.monotonic() + max(STREAM_PAUSE, STREAM_REST * (time.monotonic() - self._began))
        if isinstance(message.error, RowsDroppedError):
            self._looked_at = (-1, -1, ())
        elif message.error is not None:
            self.stopped = True
            self.status.say(display(str(message.error), limit=400), "error", keep=True)
        else:
            self.report = message.report
        self._tell_findings()
        if message.report is not None:
            self.query_one("#timeline", TimeLine).show_findings(message.report.findings)
            self.fit_marks()

    def fit_marks(self) -> None:
        """Findings have come or gone: the time line has a line more or less."""

    def on_findings_wanted(self, message: FindingsWanted) -> None:
        """Show a pane what is known, or look once more."""
        if message.again:
            self.look_for_findings(again=True)
        else:
            self._tell_findings()

    def _tell_findings(self) -> None:
        found, tabs = len(self.report.findings) if self.report is not None else None, self.query_one("#tabs", Tabs)
        tabs.note("Findings", tabs.glyphs.ellipsis if self.looking is not None else "" if found is None else f"{found}")
        for pane in self.query("#findings"):
            table: FindingTable = pane  # type: ignore[assignment]
            span = self.session.store.span if self.session is not None else None
            table.show_report(self.report, self.looking, stopped=self.stopped, span=span)
        self.show_keys()

    # Going there

    def on_finding_chosen(self, message: FindingChosen) -> None:
        """Look at what the finding is about, and go to its packets or events; one undo leads back."""
        scope, finding = self.latest, message.finding
        if scope is not None:
            start, end = finding.window
            self.look_at(replace(scope, filter=finding.filter, start=start, end=end))
            self.go_to_rows(events=is_of_events(finding))

    def go_to_rows(self, *, events: bool) -> None:
        """Go to the packets, or to the events."""
