"""Loads, has the panes' questions about a scope answered in a thread, and hands the answers out; stale ones are dropped."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.screen import Screen
from textual.widget import Widget

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.lane import Lane
from netsleuth_tui.tui.loading import Loading
from netsleuth_tui.tui.messages import LoadProgressed, PaneChanged, ThreadFailed, ViewReady
from netsleuth_tui.tui.panes import Look, Pane, Question, Seen, is_seen
from netsleuth_tui.tui.widgets.filter_bar import FilterBar
from netsleuth_tui.tui.widgets.matches import Amount
from netsleuth_tui.tui.widgets.record_table import RecordTable
from netsleuth_tui.tui.widgets.status import Status
from netsleuth_tui.tui.widgets.tabs import Tabs
from netsleuth_tui.tui.widgets.title_bar import TitleBar
from netsleuth_tui.wording import counted, grouped, several, spoken

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Kinds, Overview, Scope
    from netsleuth_tui.ingest import Progress
    from netsleuth_tui.session import Session

__all__ = ["Counting"]


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
        self.findings_lane = Lane("findings", lambda error: self.post_message(ThreadFailed(error)))
        self.progress: Progress | None = None
        self.overview: Overview | None = None
        self._seen: Seen | None = None
        self._unanswered: set[Pane] = set()
        """Panes whose question waits for an answer."""
        self.first_filter = text
        self.first_window: tuple[int | None, int | None] = (None, None)
        self.complaints: list[str] = []
        """What is wrong with the user's settings."""
        self.slow_link = slow_link
        self._generation = 0
        self._accepting = 0
        """Generation whose scope becomes the session's when it turns out to be valid."""
        self._back_to: Widget | None = None
        """Where the focus goes when what is being accepted is not valid."""
        self._wanted: Scope | None = None
        self._counted_at = (0, 0)
        """Packets and events when a load's progress was counted last."""
        self._before: Progress | None = None
        """How far loading was before the files were read again."""
        self._slow = ""
        """Why loading takes long, as it was said."""
        self._next_count = 0.0
        """Not before this (monotonic) is a load's progress counted again."""

    kinds: Kinds = "both"
    """Whether packets, events or both are looked at, where there are both."""

    # What the other half provides

    def show_keys(self) -> None:
        """Show the keys that matter now."""

    def go_to_tab(self) -> None:
        """Go to the pane in the middle."""

    def clocks_changed(self) -> None:
        """Times are seen through other offsets."""
        self._show_title()

    def fit_contents(self) -> None:
        """There are packets or events, perhaps more kinds of them than before: show what fits them."""

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
        self._tell_slow(message.progress.slow)
        self._show_title()
        if message.progress.phase == "done" and not session.store.sources:
            self.app.exit(return_code=1)
            return
        if first:
            start, end = self.first_window
            self._wanted = replace(session.scope, filter=self.first_filter, start=start, end=end)
            self._accepting = self._generation + 1
        amounts = message.progress.packets, message.progress.events
        if first or ended or (amounts != self._counted_at and time.monotonic() >= self._next_count and not self.lane.busy):
            self._counted_at = amounts
            self.count_again()
        problems = (*self.complaints, *message.progress.problems)
        if ended and self.loading_thread.again:
            self._tell_added(message.progress)
            return
        if ended and problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            self.status.say(f"{display(problems[0], limit=300)}{more} · n shows all", "warning")
        if first or ended:
            self.show_keys()
        if ended and not problems:
            self.status.clear()
            if "-" in self.paths and message.progress.phase == "done":
                self.status.say("standard input has ended", "good")

    def reload(self) -> None:
        """Load what was added to the files."""
        session, progress = self.session, self.progress
        if session is None or progress is None or self.is_loading:
            self.status.say("loading has not ended", "warning")
            return
        self._before = progress
        self.progress = replace(progress, phase="loading")
        self.loading_thread = Loading(session, self.paths, self.post_message, again=True)
        self.loading_thread.start()

    def _tell_added(self, now: Progress) -> None:
        """Say what reading the files again has brought."""
        before = self._before
        self.show_keys()
        if before is None:
            return
        news = [problem for problem in now.problems if problem not in before.problems]
        added = [(now.packets - before.packets, "packet"), (now.events - before.events, "event")]
        text = " and ".join(counted(count, kind) for count, kind in added if count)
        words = [f"{text} added"] if text else [] if news else ["nothing was added"]
        words += [display(problem, limit=300) for problem in news[:1]]
        self.status.say(" · ".join(words) + (" · n shows all" if len(news) > 1 else ""), "warning" if news else "good")

    def _tell_slow(self, why: str) -> None:
        """Say once why loading takes long; it stays a note while that is so."""
        if why not in {"", self._slow}:
            self.status.say(display(why, limit=300), "warning")
        self._slow = why

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
        said = self.complaints + ([] if self.progress is None else list(self.progress.problems))
        said += [self._slow] if self._slow and self.is_loading else []
        for source in session.store.sources:
            name = spoken(source.name)
            said += [f"{name}: {note}" for note in source.notes]
            if source.drops:
                said.append(f"{name}: the capturing host says that it lost {several(source.drops, 'packet')}")
            if source.missing and (source.dropped or not self.is_loading):
                said.append(f"{name}: {source.missing}")
        return [display(text, limit=2000) for text in said]

    # Counting

    @property
    def panes(self) -> list[Pane]:
        """The panes that are seen, from the top."""
        return [widget for widget in self.query(Widget) if isinstance(widget, Pane) and is_seen(widget)]

    def count_again(self) -> None:
        """The same scope once more: there are more rows, or other columns."""
        if self._wanted is not None:
            self._count(self._wanted)

    def on_pane_changed(self, message: PaneChanged) -> None:
        """Answer one pane's new question; where the scope is being counted, all of them."""
        session = self.session
        if session is None or self._wanted is None or not is_seen(message.pane):
            return
        if self._seen is None or self.overview is None or self.overview.scope != self._wanted or len(self._unanswered) > 1:
            self.count_again()
            return
        self._generation += 1
        self._accepting = self._generation if self._accepting else 0
        self._unanswered.add(message.pane)
        self._submit(session, self._wanted, list(self._unanswered), with_overview=False)

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
        panes = self.panes
        self._unanswered = set(panes)
        self._submit(session, scope, panes, with_overview=True)

    def _submit(self, session: Session, scope: Scope, panes: list[Pane], *, with_overview: bool) -> None:
        questions = sorted(((pane, pane.question()) for pane in panes), key=lambda asked: asked[0].is_slow())
        quick = [asked for asked in questions if not asked[0].is_slow()]
        rounds = [quick, questions[len(quick) :]] if with_overview else [questions]
        self.lane.submit(partial(self._answer_in_lane, session, scope, self._generation, rounds, with_overview))

    def _answer_in_lane(
        self, session: Session, scope: Scope, generation: int, rounds: list[list[tuple[Pane, Question | None]]], with_overview: bool
    ) -> None:
        """Answer the panes, quick ones with the overview first: nothing waits for a pane that takes long."""
        started, look = time.monotonic(), Look(session.store, scope, lambda: generation != self._generation)
        try:
            with session.store.hosts.held():
                session.set_clocks(scope)
                look.rows  # noqa: B018 - where the filter is not valid, no pane need be asked
                for number, questions in enumerate(rounds):
                    results = [(pane, _answer(question, look)) for pane, question in questions]
                    overview = look.overview() if with_overview and number == 0 else None
                    if overview is not None or results:
                        self.post_message(ViewReady(generation, scope, overview, results, None, time.monotonic() - started))
        except NetSleuthError as error:
            self.post_message(ViewReady(generation, scope, None, [], error, time.monotonic() - started))

    def on_view_ready(self, message: ViewReady) -> None:
        """Draw what was found out, unless something else is wanted by now."""
        self._next_count = time.monotonic() + max(0.2, 3 * message.seconds)
        if message.generation != self._generation or self.session is None:
            return
        if message.error is not None:
            self._refuse(message.error)
            return
        if message.overview is not None:
            about_text = message.scope.filter.strip() == self.filter_bar.input.value.strip()
            if message.generation == self._accepting:
                self._accept(message.scope)
            self._draw(message.overview, message.results)
            self.show_amounts(about_text=about_text)
        elif self._seen is not None:
            self._tell(message.results, self._seen)

    def _refuse(self, error: NetSleuthError) -> None:
        """The scope is not valid: say so, and stay with the one before."""
        self.filter_bar.invalid(error)
        self._unanswered.clear()
        if self._accepting and self._back_to is not None:
            self._back_to.focus()
        self._accepting, self._back_to = 0, None
        if self.overview is not None:
            self._wanted = self.overview.scope
        elif self._wanted is not None:
            self._count(replace(self._wanted, filter=""))

    def _accept(self, scope: Scope) -> None:
        self._accepting, self._back_to = 0, None
        if self.session is not None:
            self.session.look_at(scope)

    def _draw(self, overview: Overview, results: list[tuple[Pane, Any]]) -> None:
        session, before = self.session, self.overview
        if session is None:
            return
        if before is not None and before.scope.clocks != overview.scope.clocks:
            self.clocks_changed()
        self.overview = overview
        nothing = "" if overview.matched else self._nothing(overview, "packet", overview.total)
        no_events = "" if overview.events else self._nothing(overview, "event", overview.all_events)
        self._seen = Seen(session.store, overview, before is not None and before.scope == overview.scope, nothing, no_events)
        self._tell(results, self._seen)
        if before is None:
            self.table.tell(by_key=False)
        if overview.total or overview.all_events:
            self.fit_contents()

    def _tell(self, results: list[tuple[Pane, Any]], seen: Seen) -> None:
        for pane, result in results:
            self._unanswered.discard(pane)
            if isinstance(result, NetSleuthError):
                self.status.say(display(str(result), limit=400), "error", keep=True)
                pane.failed()
            else:
                pane.answer(seen, result)

    def _nothing(self, overview: Overview, what: str, total: int) -> str:
        """Why there is no packet, or no event."""
        scope = overview.scope
        unknown = self._unknown(scope)
        if total and unknown:
            return f"{unknown[0].upper()}{unknown[1:]} No {what} matches; u undoes the filter, / changes it."
        if total and (scope.filter.strip() or scope.has_window):
            why = "this filter" if scope.filter.strip() else "this time window"
            return f"No {what} of {grouped(total)} matches {why}. u undoes it, / changes the filter."
        if self.is_loading:
            return f"No {what} yet."
        if self.progress is not None and self.progress.phase != "done":
            return f"No {what} was read before loading ended; r reads on."
        return f"There is no {what} in {'this capture' if what == 'packet' and not overview.all_events else 'these files'}."

    def _unknown(self, scope: Scope) -> str:
        """What there is to say of names of event data in the filter that no event has, made harmless."""
        from netsleuth_tui import query
        from netsleuth_tui.analysis import unknown_said

        if self.session is None or self.is_loading:
            return ""
        said = [sentence for _, sentence in unknown_said(self.session.store, query.names_in(scope.filter))]
        return display(", and ".join(said), limit=200) + ("" if not said or said[-1].endswith("?") else ".")

    @property
    def only_events(self) -> bool:
        """What was loaded so far are events, and no packets."""
        return self.session is not None and bool(self.session.store.events.rows) and not self.session.store.packets

    @property
    def is_mixed(self) -> bool:
        """What was loaded so far are packets and events."""
        return self.session is not None and bool(self.session.store.events.rows) and bool(self.session.store.packets)

    @property
    def shows_events(self) -> bool:
        """The counts beside the panes are of events."""
        return self.only_events

    def show_amounts(self, *, about_text: bool = False) -> None:
        """Show how much the filter keeps of what is looked at; `about_text`: it is the text in the filter line that was counted."""
        if (overview := self.overview) is None:
            return
        packets, events = Amount(overview.matched, overview.total, "packet"), Amount(overview.events, overview.all_events, "event")
        alone = ((events if self.only_events else packets)._replace(kind=""),)
        amounts = {"both": (packets, events), "packets": (packets,), "events": (events,)}[self.kinds] if self.is_mixed else alone
        self.filter_bar.valid(amounts, about_text=about_text)
        self.query_one("#tabs", Tabs).show(overview, events=self.shows_events)

    def on_thread_failed(self, message: ThreadFailed) -> None:
        """End the program: this is a fault of its own."""
        raise message.error


def _answer(question: Question | None, look: Look) -> Any:
    """What a question finds out, or the error that kept it from that."""
    try:
        return question(look) if question is not None else None
    except NetSleuthError as error:
        return error
