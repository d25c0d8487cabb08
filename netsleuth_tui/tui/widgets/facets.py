"""Counts by protocol and by TCP flag, with bars; a line is a filter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType

from netsleuth_tui.tui.drawing import Part, fit, fit_right
from netsleuth_tui.tui.messages import TermChosen
from netsleuth_tui.tui.numbers import grouped
from netsleuth_tui.tui.panes import Pane, Seen
from netsleuth_tui.tui.widgets.lines import ScrolledLines

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Count, Overview, Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["Facets"]

LABEL = 7
NUMBER = 11
MOST_BAR = 24


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line: a heading, or a count and the largest of its group."""

    heading: str = ""
    count: Count | None = None
    most: int = 0
    of_protocol: bool = False


class Facets(ScrolledLines, Pane):
    """Breakdowns, one below the other; Enter narrows the filter to the line under the cursor, or takes it out again."""

    NAME = "breakdown"
    TITLE = "the breakdowns"
    ABOUT = "How many packets of each protocol, and how many with each TCP flag: a 0 is an answer too."
    CURSOR_AWAY = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "choose",
            "filter on it",
            id="facets.choose",
            tooltip="put the line into the filter; once more takes it out",
        ),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._entries: list[_Entry] = []

    def answer(self, seen: Seen, result: None) -> None:  # noqa: ARG002
        """Show the counts of a scope; the cursor stays on its line."""
        overview: Overview = seen.overview
        chosen = self.chosen if self.has_focus else None
        self._entries = [
            *_group("Protocol", overview.protocols, of_protocol=True),
            _Entry(),
            *_group("TCP flag", overview.flags, of_protocol=False),
        ]
        places = [
            i
            for i, entry in enumerate(self._entries)
            if entry.count is not None and chosen is not None and entry.count.filter == chosen.filter
        ]
        self.reset(places[0] if places else 0)

    @property
    def chosen(self) -> Count | None:
        """The count under the cursor."""
        return self._entries[self.cursor].count if self.cursor < len(self._entries) else None

    def term(self) -> str | None:
        """The filter of the line."""
        return self.chosen.filter if self.chosen is not None else None

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All breakdowns, one below the other."""
        return _as_table

    def count(self) -> int:
        """Lines, headings included."""
        return len(self._entries)

    def selectable(self, index: int) -> bool:
        """Counts can be chosen, headings cannot."""
        return self._entries[index].count is not None

    def item(self, index: int, width: int) -> list[Part]:
        """A heading, or 'ICMP  35 104 ██████'."""
        entry, palette = self._entries[index], self.palette
        if entry.count is None:
            return [(entry.heading, palette.muted)]
        count = entry.count
        room = min(width - LABEL - NUMBER - 1, MOST_BAR)
        alarming = count.label == "RST" and count.packets > 0
        style = palette.protocol(count.label) if entry.of_protocol else palette.error if alarming else palette.text
        bar = style if entry.of_protocol or alarming else palette.muted
        quiet = palette.text if count.packets else palette.muted
        return [
            (fit(count.label, LABEL, self.glyphs.ellipsis), style if count.packets else palette.muted),
            (fit_right(grouped(count.packets), NUMBER, self.glyphs.ellipsis) + " ", quiet),
            (self.glyphs.bar(count.packets, entry.most, max(room, 0)), bar),
        ]

    def under_cursor(self, parts: list[Part], style: Style) -> list[Part]:
        """The bars keep their colours."""
        return [(text, part + Style(bgcolor=style.bgcolor, reverse=style.reverse, bold=style.bold)) for text, part in parts]

    def action_choose(self) -> None:
        """Narrow the filter to this line."""
        if self.chosen is not None:
            self.post_message(TermChosen(self.chosen.filter))


def _as_table(store: Store, scope: Scope) -> Table:
    from netsleuth_tui import analysis
    from netsleuth_tui.tabular import Column, Table

    counted = analysis.overview(store, scope)
    groups = {"protocol": counted.protocols, "tcp.flags": counted.flags}
    tables = {name: analysis.breakdown_table("value", counts) for name, counts in groups.items()}
    columns = (Column("breakdown"), *next(iter(tables.values())).columns)
    return Table(columns, [[[name] * len(block[0]), *block] for name, table in tables.items() for block in table.blocks])


def _group(heading: str, counts: tuple[Count, ...], *, of_protocol: bool) -> list[_Entry]:
    most = max((count.packets for count in counts), default=0)
    lines = [_Entry(count=count, most=most, of_protocol=of_protocol) for count in counts]
    return [_Entry(heading), *(lines or [_Entry("nothing here")])]
