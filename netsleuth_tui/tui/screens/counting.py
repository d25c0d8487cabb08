"""What is looked at: loads, counts a scope in a thread, and hands frozen results to the panes; stale ones are dropped."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual.screen import Screen

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.terms import toggled
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.lane import Lane
from netsleuth_tui.tui.loading import Loading
from netsleuth_tui.tui.messages import (
    FilterAccepted,
    FilterEdited,
    LoadProgressed,
    RowChanged,
    TermChosen,
    ThreadFailed,
    ViewReady,
)
from netsleuth_tui.tui.pages import RecordPages
from netsleuth_tui.tui.views import count_scope
from netsleuth_tui.tui.widgets.facets import Facets
from netsleuth_tui.tui.widgets.filter_bar import FilterBar
from netsleuth_tui.tui.widgets.record_table import RecordTable
from netsleuth_tui.tui.widgets.status import Status
from netsleuth_tui.tui.widgets.tabs import Tabs
from netsleuth_tui.tui.widgets.timeline import TimeLine
from netsleuth_tui.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.widget import Widget

    from netsleuth_tui.analysis import Overview, Scope
    from netsleuth_tui.ingest import Progress
    from netsleuth_tui.session import Session
    from netsleuth_tui.tui.chart import Chart

__all__ = ["Counting"]

TYPING_RESTS = 0.15
"""Seconds without a key after which the filter line is looked at."""

DAY = 86_400_000_000_000


class Counting(Screen[None]):
    """The half of the main screen that knows what is looked at.

    Args:
        paths: What to open.
        session: Takes it in, or makes what takes it in.
        text: Filter to begin with.
        slow_link: Every byte to the terminal counts.
    """

    def __init__(self, paths: Sequence[str], session: Session | Callable[[], Session], text: str, *, slow_link: bool) -> None:
        super().__init__()
        self.paths = tuple(paths)
        self.loading_thread = Loading(session, paths, self.post_message)
        self.detail_lane = Lane("detail", lambda error: self.post_message(ThreadFailed(error)))
        self.lane = Lane("view", lambda error: self.post_message(ThreadFailed(error)))
        self.progress: Progress | None = None
        self.overview: Overview | None = None
        self.chart: Chart | None = None
        self.first_filter = text
        self.slow_link = slow_link
        self._generation = 0
        self._accepting = 0
        """Generation whose scope becomes the session's when it turns out to be valid."""
        self._back_to: Widget | None = None
        """Where the focus goes when what is being accepted is not valid."""
        self._wanted: Scope | None = None
        self._typing: Timer | None = None
        self._next_count = 0.0
        """Not before this (monotonic) is a load's progress counted again."""

    # What the other half provides

    def show_keys(self) -> None:
        """Show the keys that matter now."""

    def action_records(self) -> None:
        """Go to the records."""

    # State

    @property
    def session(self) -> Session | None:
        """There from the first report of loading on."""
        return self.loading_thread.session

    @property
    def table(self) -> RecordTable:
        """The records."""
        return self.query_one("#records", RecordTable)

    @property
    def filter_bar(self) -> FilterBar:
        """The filter line."""
        return self.query_one("#filter", FilterBar)

    @property
    def status(self) -> Status:
        """The last line."""
        return self.query_one("#status", Status)

    @property
    def is_loading(self) -> bool:
        """True until the last report of loading."""
        return self.progress is None or self.progress.phase == "loading"

    # Loading

    def on_load_progressed(self, message: LoadProgressed) -> None:
        """Show how far it is; count what is there, not too often."""
        first, self.progress = self.progress is None, message.progress
        session = self.session
        if session is None:
            return
        ended = not self.is_loading
        self._show_title()
        if message.progress.phase == "done" and not session.store.sources:
            self.app.exit(return_code=1)
            return
        if first:
            self._wanted = replace(session.scope, filter=self.first_filter)
            self._accepting = self._generation + 1
        if first or ended or (time.monotonic() >= self._next_count and not self.lane.busy):
            self.count_again()
        if ended and message.progress.problems:
            problems = message.progress.problems
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            self.status.say(f"{display(problems[0], limit=300)}{more} · n shows all", "warning")
        if first or ended:
            self.show_keys()
        if ended and not message.progress.problems:
            self.status.clear()

    def _show_title(self) -> None:
        session = self.session
        if session is None:
            return
        sources = session.store.sources
        self.query_one("#title", TitleBar).show(
            self.progress, session.store.span, tuple(source.name for source in sources), len(self.notes())
        )

    def notes(self) -> list[str]:
        """What there is to say about the files, made harmless."""
        session = self.session
        if session is None:
            return []
        said = [] if self.progress is None else list(self.progress.problems)
        for source in session.store.sources:
            said += [f"{source.name}: {note}" for note in source.notes]
            if source.drops:
                said.append(f"{source.name}: the capturing host says that it lost {source.drops} packets")
            if not source.complete and not self.is_loading:
                said.append(f"{source.name}: read in part, {source.packets} packets")
        return [display(text, limit=2000) for text in said]

    # Counting

    def count_again(self) -> None:
        """The same scope once more: there are more rows, or other columns."""
        if self._wanted is not None:
            self._count(self._wanted)

    def _count(self, scope: Scope, *, accept: bool = False) -> None:
        """Count `scope` in the lane; what is asked later replaces what waits."""
        session = self.session
        if session is None:
            return
        engine = vars(session.store).get("engine")  # made by the first filter; not to be made here
        if self.lane.busy and engine is not None and scope != self._wanted:
            engine.interrupt()
        self._generation += 1
        if accept:
            self._accepting = self._generation
        elif self._accepting:
            self._accepting = self._generation if scope == self._wanted else 0
        self._wanted = scope
        self.lane.submit(partial(self._count_in_lane, session, scope, self._generation, self.app.size.width))

    def _count_in_lane(self, session: Session, scope: Scope, generation: int, columns: int) -> None:
        started = time.monotonic()
        try:
            overview, chart = count_scope(session.store, scope, columns)
        except NetSleuthError as error:
            self.post_message(ViewReady(generation, scope, None, None, error, time.monotonic() - started))
        else:
            self.post_message(ViewReady(generation, scope, overview, chart, None, time.monotonic() - started))

    def on_view_ready(self, message: ViewReady) -> None:
        """Draw what was counted, unless something else is wanted by now."""
        self._next_count = time.monotonic() + max(0.2, 3 * message.seconds)
        if message.generation != self._generation or self.session is None:
            return
        if message.error is not None:
            self.filter_bar.invalid(message.error)
            if self._accepting and self._back_to is not None:
                self._back_to.focus()
            self._accepting, self._back_to = 0, None
            if self.overview is not None:
                self._wanted = self.overview.scope
            elif self._wanted is not None:
                self._count(replace(self._wanted, filter=""))
            return
        if message.overview is None:
            return
        about_text = message.scope.filter.strip() == self.filter_bar.input.value.strip()
        self.filter_bar.valid(message.overview.matched, message.overview.total, about_text=about_text)
        if message.generation == self._accepting:
            self._accept(message.scope)
        self._draw(message.overview, message.chart)

    def _accept(self, scope: Scope) -> None:
        self._accepting, self._back_to = 0, None
        if self.session is not None:
            self.session.look_at(scope)

    def _draw(self, overview: Overview, chart: Chart | None) -> None:
        session, before = self.session, self.overview
        if session is None:
            return
        self.overview, self.chart = overview, chart
        days = overview.first is not None and overview.last is not None and overview.first // DAY != overview.last // DAY
        self.query_one("#timeline", TimeLine).show(chart)
        self.query_one("#facets", Facets).show(overview)
        self.query_one("#tabs", Tabs).show(overview.matched_bytes)
        self.table.show(
            RecordPages(session.store, overview.rows, days=days),
            nothing="" if overview.matched else self._nothing(overview),
            same_scope=before is not None and before.scope == overview.scope,
        )
        if before is None:
            self.post_message(RowChanged(self.table.row, by_key=False))

    def _nothing(self, overview: Overview) -> str:
        if overview.scope.filter.strip():
            return f"No packet matches this filter, of {overview.total}. Press / to change it."
        return "No packet yet." if self.is_loading else "There is no packet in this capture."

    # Filter

    def on_filter_edited(self, message: FilterEdited) -> None:
        """Look at the text once the typing rests."""
        self.filter_bar.checking()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(TYPING_RESTS, partial(self._preview, message.text))

    def _preview(self, text: str) -> None:
        if self._wanted is not None:
            self._count(replace(self._wanted, filter=text))

    def on_filter_accepted(self, message: FilterAccepted) -> None:
        """Apply the text: with an error in it the field stays open."""
        if self._typing is not None:
            self._typing.stop()
        if self._wanted is not None:
            self._count(replace(self._wanted, filter=message.text), accept=True)
            self._back_to = self.focused  # the next key is meant for the records already
            self.action_records()

    def on_filter_abandoned(self) -> None:
        """Go back to what was applied."""
        if self._typing is not None:
            self._typing.stop()
        session = self.session
        if session is not None:
            self.filter_bar.set_text(session.scope.filter)
            self._count(session.scope)
        self.action_records()

    def on_term_chosen(self, message: TermChosen) -> None:
        """Narrow the filter to a line of a breakdown, or take it out again."""
        if self.session is not None:
            text = toggled(self.session.scope.filter, message.term)
            self.filter_bar.set_text(text)
            self._count(replace(self.session.scope, filter=text), accept=True)

    def on_thread_failed(self, message: ThreadFailed) -> None:
        """End the program: this is a fault of its own."""
        raise message.error
