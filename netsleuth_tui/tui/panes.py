"""What every pane of the main screen has in common: what it asks, how it is told, and what lies under its cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from textual.widget import Widget

if TYPE_CHECKING:
    _Base = Widget
    from netsleuth_tui.analysis import Overview, Scope
    from netsleuth_tui.store import Rows, Store
    from netsleuth_tui.tabular import Table

else:
    _Base = object  # Textual takes the names that style sheets and queries know from one line of bases

__all__ = ["Frames", "Look", "Pane", "Question", "Seen", "is_seen", "pane_of"]


class Look:
    """One look at a scope, in the thread that counts: what several panes need is made once.

    Args:
        store: What was loaded.
        scope: What is looked at.
        cancelled: True as soon as something else is looked at; long work asks now and then.
    """

    def __init__(self, store: Store, scope: Scope, cancelled: Callable[[], bool] = lambda: False) -> None:
        self.store = store
        self.scope = scope
        self.cancelled = cancelled
        self._overview: Overview | None = None

    @cached_property
    def rows(self) -> Rows:
        """The packets that the scope selects.

        Raises:
            FilterError: The filter is not valid.
        """
        from netsleuth_tui.analysis import rows_of

        return rows_of(self.store, self.scope)

    @cached_property
    def event_rows(self) -> Rows:
        """The events that the scope selects.

        Raises:
            FilterError: The filter is not valid.
        """
        from netsleuth_tui.analysis import event_rows_of

        return event_rows_of(self.store, self.scope)

    def overview(self) -> Overview:
        """Totals and breakdowns; counted once."""
        from netsleuth_tui.analysis import overview

        if self._overview is None:
            self._overview = overview(self.store, self.scope, rows=self.rows, event_rows=self.event_rows)
        return self._overview


Question = Callable[[Look], Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to know about a look for a pane that shows its answer."""

    store: Store
    overview: Overview
    same_scope: bool
    """The scope was shown before: there are only more rows now."""
    nothing: str
    """What to say where there are no packets; else empty."""
    no_events: str
    """What to say where there are no events; else empty."""


@dataclass(frozen=True, slots=True)
class Frames:
    """What a capture gets that is written from a pane."""

    title: str
    """As in 'Write packet 12 to'."""
    scope: Scope
    """Selects the packets."""
    follows: bool = True
    """Filter and time window say which of these packets are written."""


class Pane(_Base):
    """A part of the main screen that follows the scope; a base beside the kind of widget that it is.

    A pane that is seen is asked for its `question`; that runs in a thread and touches no widget. Its result comes back to `answer`, unless
    something else is looked at by then: what is drawn is never stale.
    """

    NAME: ClassVar[str]
    """As in names of files: 'records'."""
    TITLE: ClassVar[str]
    """As in 'Keys in the records'."""
    ABOUT: ClassVar[str] = ""
    """What the pane shows, for the help."""
    FOLLOWS_SCOPE: ClassVar[bool] = True
    """Its keys mean other things in another scope: those that come meanwhile wait for its answer."""

    def is_ready(self) -> bool:
        """False while there is nothing that keys could act on, though there soon will be."""
        return True

    def question(self) -> Question | None:
        """What to find out for this pane; None where it needs nothing but what all panes are told."""
        return None

    def is_slow(self) -> bool:
        """True if the question may take longer than the eye waits; then other panes are shown first."""
        return False

    def answer(self, seen: Seen, result: Any) -> None:
        """Show what `question` found out.

        Args:
            seen: What all panes are told.
            result: What the function returned; None where there was none.
        """

    def failed(self) -> None:
        """Wait no longer for an answer to `question`: finding it out failed, and the status line says why."""

    def term(self) -> str | None:
        """The filter that stands for what is under the cursor; None where there is none."""
        return None

    def no_term(self) -> str:
        """Why there is no `term`."""
        return "there is nothing under the cursor that a filter could name"

    def cursor_time(self) -> tuple[int, int] | None:
        """Begin and end (excluded) of what is under the cursor, ns since the epoch; None where it has no time."""
        return None

    def export_table(self) -> Callable[[Store, Scope], Table] | None:
        """Makes what the pane shows as a table, on a thread; None where it cannot be written."""
        return None

    def subject(self) -> str:
        """What is written, as in 'Write the records to'."""
        return self.TITLE

    def frames(self, scope: Scope) -> Frames | None:
        """The packets that a capture gets which is written from here; None where the pane shows none.

        Args:
            scope: What is looked at.
        """
        return Frames("packets", scope)

    def text_as_shown(self) -> str | None:
        """What the pane shows as lines of text; None where a table of its rows says more."""
        return None


def pane_of(widget: Widget | None) -> Pane | None:
    """The pane that a widget is, or is a part of."""
    if widget is None:
        return None
    return next((node for node in widget.ancestors_with_self if isinstance(node, Pane)), None)


def is_seen(widget: Widget) -> bool:
    """True if neither the widget nor anything around it is hidden."""
    return all(getattr(node, "display", True) for node in widget.ancestors_with_self)
