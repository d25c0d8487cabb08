"""Counts by protocol, flag, host, network, port and more, with bars; a line is a filter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import Binding, BindingType

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import Part, cut, fit, fit_right
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import Asked, PaneChanged, TermChosen
from netsleuth_tui.tui.panes import Look, Pane, Question, Seen
from netsleuth_tui.tui.widgets.lines import ScrolledLines
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Count, Facet, Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["Facets"]

LEAST_LABEL, LEAST_NUMBER = 7, 11
MOST_BAR = 24
FEWEST, MOST = 1, 10_000
ONLY_WHERE_KNOWN = frozenset({"process"})
"""Groups that are there where a file says something of it, and then always counted."""
FIRST_GROUPS = 2
"""Asked for before it is known what is in sight."""
NOTHING = "nothing here"
LONGEST = 200
"""Characters of a label."""
ALARMING = {("flag", "RST"), ("Level", "Error"), ("Level", "Critical")}
"""Groups and labels that stand out."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line: a heading, a count of a facet, what is left out of it, or nothing."""

    group: str = ""
    text: str = ""
    facet: Facet | None = None
    count: Count | None = None

    @property
    def rest(self) -> bool:
        """It says how many others there are."""
        return self.facet is not None and self.count is None


class Facets(ScrolledLines, Pane):
    """Breakdowns, one below the other; only those that are seen are counted."""

    NAME = "breakdown"
    TITLE = "the breakdowns"
    ABOUT = (
        "What the packets consist of: protocols, TCP flags, hosts, ports, networks, VLANs, TTLs, lengths, ICMP types. Of each the most "
        "frequent, and how many others there are. A packet counts once for each of its two hosts, ports and networks, and once where they "
        "are equal: the count of a line is what its filter selects. While events are in front, what those consist of: ids with what they "
        "are about, providers, levels, logs, computers, users."
    )
    CURSOR_AWAY = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "choose",
            "filter on it",
            key_display="Enter",
            id="facets.choose",
            tooltip="put the line into the filter; once more takes it out; on 'others': show more of them",
        ),
        footer_key("facets.search", "s", "search", "search", "show only values that contain what is typed"),
        key("facets.more", "a", "more(2)", "twice as many lines of each group"),
        key("facets.fewer", "A", "more(0.5)", "half as many lines of each group"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.most = 5
        """Lines of each group."""
        self.searched = ""
        """Only values that contain this are shown."""
        self.of_events = False
        """Events are counted, not packets."""
        self._facets: dict[str, Facet] = {}
        """What is known of the scope that is shown."""
        self._heights: dict[str, int] = {}
        """Lines that a group had when it was known last, so that nothing jumps while it is asked for again."""
        self._entries: list[_Entry] = []
        self._asked: frozenset[str] = frozenset()

    # What it asks, and is told

    def question(self) -> Question:
        """The counts of the groups that are seen."""
        self._asked = frozenset(self._in_sight())
        return partial(_ask_events if self.of_events else _ask, groups=self._asked, most=self.most, search=self.searched)

    def is_slow(self) -> bool:
        """Always: several passes over the packets. Time line and records are there before."""
        return True

    def answer(self, seen: Seen, result: tuple[Facet, ...] | None) -> None:
        """Show the counts of a scope; the cursor stays on its line."""
        chosen = self.chosen if self.has_focus else None
        found = {facet.name: facet for facet in result or ()}
        self._facets = (self._facets if seen.same_scope and self._is_alike(found) else {}) | found
        self._lay_out()
        places = [i for i, entry in enumerate(self._entries) if chosen and entry.count is not None and entry.count.filter == chosen.filter]
        self.reset(places[0] if places else self.cursor if self.has_focus else 0)

    def _is_alike(self, found: dict[str, Facet]) -> bool:
        """What was asked for again has not changed, so that the rest need not be asked for either."""
        return all(self._facets.get(name, facet) == facet for name, facet in found.items())

    def show_events(self, events: bool) -> None:
        """Count events from now on, or packets again."""
        if events != self.of_events:
            self.of_events = events
            self._entries, self._heights, self.cursor, self.top = [], {}, 0, 0
            self._ask_anew()

    @property
    def _titles(self) -> Mapping[str, str]:
        """Names of the groups, and their headings."""
        if self.of_events:
            from netsleuth_tui.analysis import EVENT_GROUPS

            return EVENT_GROUPS
        from netsleuth_tui.analysis.facets import GROUPS

        return {name: group.title for name, group in GROUPS.items() if name not in ONLY_WHERE_KNOWN or name in self._facets}

    def _in_sight(self) -> Collection[str]:
        """Groups of which a line is seen; all of them in a search, since most have nothing to show then."""
        titles = self._titles
        if self.searched:
            return list(titles)
        if not self._entries:
            return list(titles)[:FIRST_GROUPS]
        groups = {entry.group for entry in self._entries[self.top : self.top + max(self.page, 1)] if entry.group}
        return [name for name in titles if name in groups]

    def _lay_out(self) -> None:
        self._entries = []
        for name, title in self._titles.items():
            facet = self._facets.get(name)
            lines = [] if facet is None else [_Entry(name, facet=facet, count=count) for count in facet.counts]
            if facet is not None and facet.others:
                lines.append(_Entry(name, facet=facet))
            if facet is not None and not lines:
                if self.searched:
                    continue
                lines.append(_Entry(name, NOTHING))
            if facet is None:
                lines = [_Entry(name, self.glyphs.ellipsis)] * self._heights.get(name, 2)
            else:
                self._heights[name] = len(lines)
            self._entries += [*([_Entry()] if self._entries else []), _Entry(name, title), *lines]
        if not self._entries:
            self._entries = [_Entry(text=f"no value contains {self.searched!r}")]

    def redraw(self) -> None:
        """Send the lines that look different now; ask for groups that have come into sight."""
        super().redraw()
        self._ask_for_missing()

    def on_resize(self) -> None:
        """More groups may be seen."""
        super().on_resize()
        self._ask_for_missing()

    def _ask_for_missing(self) -> None:
        if self.is_mounted and self._facets:
            missing = frozenset(self._in_sight()) - self._facets.keys()
            if missing and not missing <= self._asked:
                self._asked |= missing
                self.post_message(PaneChanged(self))

    @property
    def chosen(self) -> Count | None:
        """The count under the cursor."""
        return self._entries[self.cursor].count if self.cursor < len(self._entries) else None

    def term(self) -> str | None:
        """The filter of the line."""
        return self.chosen.filter if self.chosen is not None else None

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All breakdowns, one below the other, with as many lines of each as are shown."""
        return partial(_as_event_table if self.of_events else _as_table, most=self.most, search=self.searched)

    def text_as_shown(self) -> None:
        """Only groups in sight are counted for the screen: as text, too, all of them are written as a table."""

    # How it looks

    def count(self) -> int:
        """Lines, headings included."""
        return len(self._entries)

    def selectable(self, index: int) -> bool:
        """Counts can be chosen, what is left out, and what is not known yet; headings cannot."""
        entry = self._entries[index]
        return entry.facet is not None or (entry.group not in self._facets and entry.text == self.glyphs.ellipsis)

    def item(self, index: int, width: int) -> list[Part]:
        """A heading, 'ICMP  35 104 ██████', or 'and 12 others  1 204'."""
        entry, palette = self._entries[index], self.palette
        if entry.facet is None:
            return [(cut(entry.text + self._about(entry), width, self.glyphs.ellipsis), palette.muted)]
        facet = entry.facet
        amounts = [count.packets for count in facet.counts]
        number = max(LEAST_NUMBER, *(len(grouped(n)) + 1 for n in amounts or [0]))
        labels = max([LEAST_LABEL, *(cell_len(display(count.label, limit=LONGEST)) for count in facet.counts)])
        number = min(number, max(width - labels - 1, max((len(grouped(n)) + 1 for n in amounts), default=1)))
        label = max(min(labels, width - number - 1), 1)
        if entry.count is None:
            text = f"and {counted(facet.others, 'other')}"
            amount = grouped(facet.other_packets)
            return [
                (text, palette.muted),
                (fit_right(amount, max(label + number - len(text), len(amount) + 1), self.glyphs.ellipsis), palette.muted),
            ]
        count = entry.count
        room = min(width - label - number - 1, MOST_BAR)
        alarming = (facet.name, count.label) in ALARMING and count.packets > 0
        of_protocol = facet.name == "protocol"
        style = palette.protocol(count.label) if of_protocol else palette.error if alarming else palette.text
        return [
            (fit(display(count.label, limit=LONGEST), label, self.glyphs.ellipsis), style if count.packets else palette.muted),
            (fit_right(grouped(count.packets), number, self.glyphs.ellipsis) + " ", palette.text if count.packets else palette.muted),
            (self.glyphs.bar(count.packets, max(amounts), max(room, 0)), style if of_protocol or alarming else palette.muted),
        ]

    def _about(self, entry: _Entry) -> str:
        """What a heading says besides: what was searched for."""
        is_heading = bool(entry.group) and entry.text == self._titles.get(entry.group)
        return f" with {self.searched!r}" if is_heading and self.searched else ""

    def under_cursor(self, parts: list[Part], style: Style) -> list[Part]:
        """The bars keep their colours."""
        return [(text, part + Style(bgcolor=style.bgcolor, reverse=style.reverse, bold=style.bold)) for text, part in parts]

    # Keys

    def action_choose(self) -> None:
        """Narrow the filter to this line, or show more where it says how many others there are."""
        if self.chosen is not None:
            self.post_message(TermChosen(self.chosen.filter))
        elif self.cursor < len(self._entries) and self._entries[self.cursor].rest:
            self.action_more(2)

    def action_more(self, factor: float) -> None:
        """More or fewer lines of each group."""
        self.most = min(max(int(self.most * factor), FEWEST), MOST)
        self._ask_anew()

    def action_search(self) -> None:
        """Show only what contains a text, while it is typed."""
        note = "values that contain this · Enter keeps it · Esc shows all again"
        self.post_message(Asked("search", self.searched, note, self._take, self._look_for))

    def _take(self, text: str) -> str | None:
        self._look_for(text)
        return None

    def _look_for(self, text: str) -> None:
        if text.strip() != self.searched:
            self.searched = text.strip()
            self._ask_anew()

    def _ask_anew(self) -> None:
        self._facets = {}
        self._asked = frozenset()
        self.post_message(PaneChanged(self))


def _ask(look: Look, *, groups: Collection[str], most: int, search: str) -> tuple[Facet, ...]:
    """Count groups; those that all panes are told need not be counted again."""
    from netsleuth_tui.analysis.facets import GROUPS, facets, known_facet

    overview = look.overview()
    known = {"protocol": overview.protocols, "flag": overview.flags} if not search else {}
    found = {name: known_facet(name, known[name], most) for name in groups if name in known}
    more = () if look.store.processes.is_empty else ONLY_WHERE_KNOWN
    rest = [name for name in GROUPS if name not in known and (name in more or name in groups)]
    return (*found.values(), *facets(look.store, look.rows, rest, most=most, search=search))


def _ask_events(look: Look, *, groups: Collection[str], most: int, search: str) -> tuple[Facet, ...]:
    from netsleuth_tui.analysis import event_facets

    return event_facets(look.store, look.event_rows, groups, most=most, search=search)


def _as_event_table(store: Store, scope: Scope, *, most: int, search: str) -> Table:
    from netsleuth_tui.analysis import event_facets_table

    return event_facets_table(store, scope, most=most, search=search)


def _as_table(store: Store, scope: Scope, *, most: int, search: str) -> Table:
    from netsleuth_tui import analysis

    return analysis.facets_table(analysis.facets(store, analysis.rows_of(store, scope), most=most, search=search))
