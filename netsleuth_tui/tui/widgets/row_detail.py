"""What is under the cursor of a table in detail: found out on a thread once the cursor rests, and dropped if it has moved on by then."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.containers import Vertical

from netsleuth_tui.tui.panes import Pane

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.widget import Widget

    from netsleuth_tui.session import Session
    from netsleuth_tui.tui.lane import Lane

__all__ = ["RowDetail"]

REST = 0.12
"""Seconds that the cursor rests before its row is opened."""
REST_SLOW_LINK = 0.65
"""The same over a slow link: a row's detail is a kilobyte, three times what the move itself costs."""


class RowDetail(Vertical, Pane):
    """A packet or an event; the field under the cursor is a filter while the pane is in use.

    Args:
        lane: Thread in which rows are opened.
        slow_link: Every byte to the terminal counts.
        id: Of the widget.
    """

    def __init__(self, lane: Lane, *, slow_link: bool, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lane = lane
        self._rest = REST_SLOW_LINK if slow_link else REST
        self._generation = 0
        self._session: Session | None = None
        self._row: int | None = None
        """The row that is wanted."""
        self._timer: Timer | None = None

    @property
    def front(self) -> Widget:
        """The part that takes the keys first."""
        raise NotImplementedError

    def place(self, *, layers: bool, hex_seen: bool) -> None:
        """Show the fields, the raw form beside them, or both."""
        raise NotImplementedError

    def opener(self) -> Callable[[Session, int, int], None]:
        """What opens a row in the lane and posts what it finds; it gets the session, the row, and the number of the question."""
        raise NotImplementedError

    def empty(self) -> None:
        """Show that there is no row."""
        raise NotImplementedError

    def offer(self) -> None:
        """Show what + and - would add, while they would."""
        raise NotImplementedError

    def show(self, session: Session, row: int | None, *, moving: bool = False) -> None:
        """Show a row soon; a later call replaces this one. None empties the pane.

        Args:
            session: Where the row is.
            row: Its id.
            moving: The cursor is on its way: wait until it rests.
        """
        self._session, self._row = session, row
        self._generation += 1
        if self._timer is not None:
            self._timer.stop()
        if row is None:
            self.empty()
        else:
            self._timer = self.set_timer(self._rest if moving else REST, self.ask)

    def is_ready(self) -> bool:
        """The row that is wanted is seen."""
        return self._row is None or self._row == self.seen_row()

    def seen_row(self) -> int | None:
        """The row that is seen."""
        raise NotImplementedError

    def ask(self) -> None:
        """Have the row opened."""
        if self._session is not None and self._row is not None:
            self._lane.submit(partial(self.opener(), self._session, self._row, self._generation))

    def on_descendant_focus(self) -> None:
        """The keys that change the filter mean this pane now."""
        self.offer()

    def on_descendant_blur(self) -> None:
        """They mean another one."""
        self.offer()
