"""What the filter line needs from elsewhere: values that occur, and the filters of earlier runs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tui.lane import Lane
from netsleuth_tui.tui.messages import ThreadFailed, ValuesCounted, ValuesWanted
from netsleuth_tui.tui.screens.noticing import Noticing

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.analysis.occurring import Counted, CountedEvents
    from netsleuth_tui.query.completion import Candidate, Completion
    from netsleuth_tui.store import Store

__all__ = ["Completing"]

MOST_VALUES = 50


class Completing(Noticing):
    """The part of the main screen that serves the filter line."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.value_lane = Lane("values", lambda error: self.post_message(ThreadFailed(error)))
        self._counted: tuple[tuple[object, ...], Counted | CountedEvents] | None = None
        """The values that were counted last, and for what; the lane's own."""

        self._names: tuple[int, tuple[Candidate, ...]] = (0, ())
        """The names of event data that occur, and of how many events."""

    # Names

    def on_mount(self) -> None:
        """Let the filter line know which event data there are."""
        self.filter_bar.data_names = self._data_names

    def _data_names(self) -> tuple[Candidate, ...]:
        rows = self.session.store.events.rows if self.session is not None else 0
        if self.session is not None and self._names[0] != rows:
            from netsleuth_tui.analysis.event_occurring import data_candidates

            self._names = (rows, data_candidates(self.session.store))
        return self._names[1]

    # Values

    def on_values_wanted(self, message: ValuesWanted) -> None:
        """Count them in a lane of their own; a newer question replaces one that waits."""
        session, scope = self.session, self._wanted
        if session is not None and scope is not None:
            scope = replace(scope, filter=message.completion.rest)
            self.value_lane.submit(partial(self._count_values, session.store, scope, message.number, message.completion))

    def _count_values(self, store: Store, scope: Scope, number: int, completion: Completion) -> None:
        from netsleuth_tui.analysis.occurring import count_values

        typed = completion.place.typed
        for _ in range(2):  # the engine may be interrupted by what the panes ask
            try:
                with store.hosts.held():
                    key = scope, completion.field, store.packets, store.events.rows, store.hosts.cleared
                    if self._counted is None or self._counted[0] != key or not self._counted[1].complete:
                        self._counted = key, count_values(store, scope, completion.field, typed)
                    found = self._counted[1].beginning(store, typed, MOST_VALUES)
            except NetSleuthError:
                continue
            self.post_message(ValuesCounted(number, found))
            return

    def on_values_counted(self, message: ValuesCounted) -> None:
        """Show them."""
        self.filter_bar.values_counted(message.number, message.occurring)

    # Filters that are kept

    def _accept(self, scope: Scope) -> None:
        super()._accept(scope)
        if scope.filter.strip():
            from netsleuth_tui.saved import remember

            self.run_worker(partial(remember, scope.filter), thread=True, group="history", exit_on_error=False)
