"""What happened, told from threads to the screen and from widgets to the screen that holds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from textual.message import Message

if TYPE_CHECKING:
    from netsleuth_tui.analysis import EventReading, Judged, Overview, Scope
    from netsleuth_tui.analysis.occurring import Occurring
    from netsleuth_tui.decode.dissect import Dissection
    from netsleuth_tui.decode.event_xml import EventText
    from netsleuth_tui.errors import NetSleuthError
    from netsleuth_tui.export import Written
    from netsleuth_tui.findings import Finding, Report, Steps
    from netsleuth_tui.ingest import Progress
    from netsleuth_tui.query.completion import Completion
    from netsleuth_tui.tui.panes import Pane

__all__ = [
    "Asked",
    "AssociationOpened",
    "ClockWanted",
    "ColumnWanted",
    "DetailReady",
    "DetailRequested",
    "EventColumnWanted",
    "EventDetailRequested",
    "EventReady",
    "EventRowChanged",
    "ExportEnded",
    "ExportProgressed",
    "FilterAbandoned",
    "FilterAccepted",
    "FilterChosen",
    "FilterEdited",
    "FindingChosen",
    "FindingsProgressed",
    "FindingsReady",
    "FindingsWanted",
    "GroupWanted",
    "LoadProgressed",
    "PaneChanged",
    "RateWanted",
    "RowChanged",
    "RowWanted",
    "TermChosen",
    "ThreadFailed",
    "Told",
    "ValuesCounted",
    "ValuesWanted",
    "ViewReady",
    "WindowChosen",
]  # fmt: skip


@dataclass
class LoadProgressed(Message):
    """Loading went on, or ended."""

    progress: Progress

    def can_replace(self, message: Message) -> bool:
        """The newest report says everything."""
        return isinstance(message, LoadProgressed)


@dataclass
class ThreadFailed(Message):
    """A thread met an error that nobody expected: the program has a fault."""

    error: Exception


@dataclass
class ViewReady(Message):
    """A scope was counted, or is not valid."""

    generation: int
    scope: Scope
    overview: Overview | None
    """None where it was not asked for, or there is an error."""
    results: list[tuple[Pane, Any]]
    """What panes asked for; an error where that could not be found out."""
    error: NetSleuthError | None
    seconds: float
    """How long it took."""


@dataclass
class DetailReady(Message):
    """A packet was taken apart."""

    generation: int
    row: int
    frame: bytes
    dissection: Dissection | None
    """None: not yet."""


@dataclass
class ExportProgressed(Message):
    """So many rows are written."""

    rows: int
    unit: str = "rows"

    def can_replace(self, message: Message) -> bool:
        """The newest count says everything."""
        return isinstance(message, ExportProgressed)


@dataclass
class ExportEnded(Message):
    """An export is done, failed, or was cancelled (then both are None)."""

    written: Written | None
    error: NetSleuthError | None
    unit: str = "rows"
    note: str = ""
    """What was left out."""


@dataclass
class RowChanged(Message):
    """The cursor of the record table stands on another packet."""

    row: int | None
    """Row id, or None where the table is empty."""
    by_key: bool = True
    """The user moved the cursor; otherwise other rows were put under it."""

    def can_replace(self, message: Message) -> bool:
        """Only the last place counts."""
        return isinstance(message, RowChanged)


@dataclass
class PaneChanged(Message):
    """A pane has another question now, under the same scope."""

    pane: Pane


@dataclass
class WindowChosen(Message):
    """Another time window is to be looked through, ns since the epoch; None is open."""

    start: int | None
    end: int | None
    brush: int | None = None
    """Number of the brush that goes on: its windows count as one in the way back."""
    arrived: Callable[[], None] = lambda: None
    """Called by the screen: what panes are told from now on is of this window, or of a later one."""


@dataclass
class Asked(Message):
    """A pane needs a line of text from the user."""

    question: str
    proposal: str
    note: str
    """What may be answered, for the last line."""
    take: Callable[[str], str | None]
    """Gets the answer; returns what is wrong with it, or None."""
    edited: Callable[[str], None] | None = None
    """Gets the text whenever it changes, and an empty one where the question is left."""


class DetailRequested(Message):
    """The packet under the cursor is to be shown in detail."""


@dataclass
class FilterEdited(Message):
    """The text of the filter line changed."""

    text: str


@dataclass
class FilterAccepted(Message):
    """The filter line's text is to be applied."""

    text: str


class FilterAbandoned(Message):
    """The filter line is left, and what was applied before comes back."""


@dataclass
class ValuesWanted(Message):
    """The values that occur are wanted, for the field at the cursor of the filter line."""

    number: int
    """Answers to older questions are dropped."""
    completion: Completion


@dataclass
class ValuesCounted(Message):
    """The answer to `ValuesWanted`."""

    number: int
    occurring: Occurring


@dataclass
class TermChosen(Message):
    """The filter is to be narrowed to a term, or the term taken out of it again."""

    term: str


@dataclass
class FilterChosen(Message):
    """A term is to be the whole filter."""

    text: str


@dataclass
class RateWanted(Message):
    """The filter is to be narrowed to a term, and the time line to draw its bytes."""

    term: str


@dataclass
class ClockWanted(Message):
    """The times of a source are to be seen through an offset."""

    source: int
    """Its number."""
    offset: int | None
    """ns that are added to the times of the file; None for the offset that it was loaded with."""


@dataclass
class AssociationOpened(Message):
    """A security association is to be shown alone."""

    key: tuple[int, int, int, bool]
    """As in `Associations.key`."""
    judged: Judged
    """What is known of all of them."""


@dataclass
class RowWanted(Message):
    """The records are to go to a packet, in the scope or not."""

    row: int


@dataclass
class ColumnWanted(Message):
    """The records are to show a field, named as in the registry."""

    field: str


@dataclass
class EventRowChanged(Message):
    """The cursor of the events stands on another one."""

    row: int | None
    """Row id, or None where there is no event."""
    by_key: bool = True
    """The user moved the cursor; otherwise other events were put under it."""

    def can_replace(self, message: Message) -> bool:
        """Only the last place counts."""
        return isinstance(message, EventRowChanged)


class EventDetailRequested(Message):
    """The event under the cursor is to be shown in detail."""


@dataclass
class EventReady(Message):
    """An event was opened."""

    generation: int
    one: EventReading | None
    failure: str
    """Why there is none."""
    xml: EventText | None
    """The record as XML, and why there is none; None: not yet."""


@dataclass
class EventColumnWanted(Message):
    """The events one by one are to show a field."""

    field: str


@dataclass
class GroupWanted(Message):
    """The events are to be grouped by one more field."""

    field: str


@dataclass
class FindingsWanted(Message):
    """A pane needs what was found, or wants it to be looked for once more."""

    again: bool


@dataclass
class FindingsProgressed(Message):
    """The search for findings goes on."""

    number: int
    """Which search."""
    steps: Steps

    def can_replace(self, message: Message) -> bool:
        """The newest step says everything."""
        return isinstance(message, FindingsProgressed)


@dataclass
class FindingsReady(Message):
    """The search for findings is done, or could not be."""

    number: int
    """Which search."""
    report: Report | None
    error: NetSleuthError | None


@dataclass
class FindingChosen(Message):
    """What a finding is about is to be looked at."""

    finding: Finding


@dataclass
class Told(Message):
    """A pane has something to say in the last line; made harmless by `display`."""

    text: str
    kind: Literal["warning", "good"]
