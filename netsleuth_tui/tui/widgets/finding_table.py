"""What deserves attention: one line per finding, the worst first, with all that there is to say of the one under the cursor below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from netsleuth_tui.tui.drawing import Part, line
from netsleuth_tui.tui.finding_lines import cell, detail_lines, found_nothing, looked_lines, progress_text, severity_word, spans_days
from netsleuth_tui.tui.keys import footer_key
from netsleuth_tui.tui.messages import FindingChosen, FindingsWanted, Told
from netsleuth_tui.tui.panes import Pane
from netsleuth_tui.tui.widgets.column_table import ColumnTable, TableColumn
from netsleuth_tui.wording import grouped

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.findings import Finding, Report, Steps
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["FindingTable"]

COLUMNS = tuple(
    TableColumn(name, title, about, right=right, widest=widest)
    for name, title, right, widest, about in (
        ("severity", "Sev", True, 3, "How bad it may be, from 0 to 100"),
        ("start", "When", False, 20, "When it was first seen, UTC"),
        ("what", "What", False, 200, "What was found"),
        ("count", "Count", True, 15, "How many packets, events, or what else is counted"),
        ("usual", "Usual", True, 12, "How many there are of the same sort in a second otherwise"),
        ("between", "Between", False, 32, "Who takes part: addresses, computers, accounts"),
        ("of", "Of", False, 30, "What is counted"),
        ("end", "Until", False, 20, "When it was last seen, UTC"),
        ("kind", "Kind", False, 30, "What sort of finding it is"),
        ("why", "Why", False, 80, "Why it may matter"),
        ("filter", "Filter", False, 80, "What shows it, together with a time window"),
    )
)
SHOWN = 6
"""So many of them are shown until others are chosen."""
LEAST_WHAT = 40
"""Cells of the sentence where there is little room: columns at the right of it can be scrolled to."""
LEAST_LINES, MOST_DETAIL = 4, 14
"""Lines of the table that the detail leaves at least, and lines that it takes at most."""
WAITS = "Findings are looked for when everything is loaded; a looks in what is there now."
STOPPED = "The search was stopped: a looks again."


class FindingTable(ColumnTable, Pane):
    """Findings of everything that was loaded, whatever is looked at; Enter looks at what one is about."""

    NAME = "findings"
    TITLE = "the findings"
    ABOUT = (
        "What deserves attention in everything that was loaded, the worst first; filter and window do not change it. It is looked for when"
        " loading has ended, and in a stream again and again. Enter goes there: filter and window of the finding are applied, and the"
        " records (or the events) show what it is about; u leads back. Below stands why it may matter, and from which threshold on it is a"
        " finding. A finding says what the data say, not whose fault it is. Marks above the axis of the time line stand where findings"
        " begin, each time they recur: ! for bad ones, a number for several; a and A on the time line go from one to the next."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("findings.open", "enter", "open", "go there", "look at what the finding is about; u leads back", "Enter"),
        footer_key("findings.looked", "o", "looked", "looked for", "what was looked for, and from which threshold on"),
        footer_key("findings.again", "a", "again", "again", "look for findings once more"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(COLUMNS[:SHOWN], id=id)
        self.report: Report | None = None
        self.looking: Steps | None = None
        self.nothing = WAITS
        self._order: list[int] = []
        self._days = False
        self._digits = 0
        """Of the second, in times."""
        self._told: list[str] = []
        """What is said where there are no findings, by lines."""
        self._detail: list[tuple[str, str]] = []

    # What it is told

    def is_ready(self) -> bool:
        """False while it is looked for findings for the first time."""
        return self.report is not None or self.looking is None

    def on_mount(self) -> None:
        """Ask for what is known."""
        self.post_message(FindingsWanted(again=False))

    def show_report(self, report: Report | None, looking: Steps | None, *, stopped: bool, span: tuple[int, int] | None = None) -> None:
        """Show what was found, and how far the search is; the cursor stays on its finding.

        Args:
            report: What was found last; None before the first search has ended.
            looking: How far the search is that goes on.
            stopped: The last search did not come to its end.
            span: First and last time of what was loaded, ns since the epoch.
        """
        from netsleuth_tui.analysis.times import YEARS, date_for, digits_for

        self.looking = looking
        self.nothing = progress_text(looking) if looking is not None else STOPPED if stopped else WAITS
        if report is self.report:
            self.redraw()
            return
        here = self.finding
        self.report = report
        self._digits = digits_for(span)
        self._days = spans_days(self._findings) or date_for(span) == YEARS
        self.forget_widths()
        self._sort()
        self._say_nothing()
        again = [k for k, number in enumerate(self._order) if here is not None and _same(self._findings[number], here)]
        self.reset(again[0] if again else 0)
        self._say_detail()

    @property
    def _findings(self) -> Sequence[Finding]:
        return self.report.findings if self.report is not None else ()

    @property
    def finding(self) -> Finding | None:
        """The one under the cursor."""
        return self._findings[self._order[self.cursor]] if self.cursor < len(self._order) else None

    # How it looks

    def count(self) -> int:
        """Findings; where there are none, lines of what was looked for."""
        return len(self._order) or len(self._told)

    def cells(self, index: int) -> Sequence[str]:
        """One finding."""
        if not self._order:
            return [""] * len(self.columns)
        return [cell(self._findings[self._order[index]], column.name, days=self._days, digits=self._digits) for column in self.columns]

    def item(self, index: int, width: int) -> list[Part]:
        """A finding, or a line of what was looked for."""
        return super().item(index, width) if self._order else [(self._told[index], self.palette.text)]

    def cell_style(self, column: TableColumn, text: str) -> Style:
        """Bad ones stand out."""
        style: Style = getattr(self.palette, severity_word(int(text))) if column.name == "severity" else self.palette.text
        return style

    def _width(self, column: TableColumn) -> int:
        width = super()._width(column)
        if column.name != "what" or column.name in self._given:
            return width
        others = sum(super(FindingTable, self)._width(other) + self.gap for other in self.columns if other is not column)
        return max(min(width, max(self.size.width - 1 - others, LEAST_WHAT)), len(column.title))

    def remark(self) -> str:
        """How far the search is."""
        return f"{progress_text(self.looking)} {self.glyphs.ellipsis} " if self.looking is not None else ""

    def total(self) -> str:
        """How many there are."""
        if self.report is None:
            return ""
        more = f", {grouped(self.report.left_out)} more left out" if self.report.left_out else ""
        return f"{grouped(len(self._findings))} found{more}, of {len(self.report.looked_for)} kinds"

    @property
    def _room(self) -> int:
        """Lines of the detail: the same for every finding, lest the table jumps about."""
        lines = self.size.height - self.HEADER
        return max(min(lines - min(len(self._order), max(lines // 3, LEAST_LINES)), MOST_DETAIL), 0) if self._order else 0

    @property
    def page(self) -> int:
        """Lines between titles and detail."""
        return max(super().page - self._room, 1)

    def draw(self, y: int, width: int) -> Strip:
        """A finding, or a line of the detail below the last one that is seen."""
        place = y - (self.size.height - self._room)
        if not 0 <= place < self._room:
            return super().draw(y, width)
        text, style = self._detail[place] if place < len(self._detail) else ("", "text")
        if place == self._room - 1 < len(self._detail) - 1:
            text = f"{text[: width - 2]} {self.glyphs.ellipsis}"
        return line([(text, getattr(self.palette, style))], width, self.palette.text)

    def cursor_moved(self) -> None:
        """Another finding is told of."""
        self._say_detail()

    def on_resize(self) -> None:
        """Sentences take other lines."""
        self._say_nothing()
        super().on_resize()
        self._say_detail()

    def _say_nothing(self) -> None:
        width = max(self.size.width - 2, 20)
        texts = found_nothing(self.report) if self.report is not None and not self._findings else []
        self._told = [part for text in texts for part in wrap(text, width, subsequent_indent="  ") or [""]]

    def _say_detail(self) -> None:
        finding = self.finding
        lines = detail_lines(finding, self.report, self.size.width - 1, self.glyphs.dash) if finding and self.report else []
        self._detail = [("", "text"), *lines] if self._room > len(lines) else lines
        self.redraw()

    # Order

    def choices(self) -> list[TableColumn]:
        """All columns."""
        return list(COLUMNS)

    def sort_again(self) -> None:
        """By the column, at once: there are few lines."""
        here = self.finding
        self._sort()
        self.reset(next((k for k, number in enumerate(self._order) if self._findings[number] is here), 0))
        self._say_detail()

    def _sort(self) -> None:
        findings = self._findings
        self._order = list(range(len(findings)))
        if self.sorted_by is not None:
            name, descending = self.sorted_by
            self._order.sort(key=lambda number: _sort_key(findings[number], name), reverse=descending)

    # What lies under the cursor

    def term(self) -> str | None:
        """The filter of the finding."""
        return self.finding.filter if self.finding is not None else None

    def cursor_time(self) -> tuple[int, int] | None:
        """Its window, where that is closed; else from when to when it was seen."""
        if self.finding is None:
            return None
        start, end = self.finding.window
        return (self.finding.first if start is None else start, self.finding.last + 1 if end is None else end)

    def export_table(self) -> Callable[[Store, Scope], Table] | None:
        """All findings with all that is said of them; None before there is an answer."""
        return partial(_table, self.report) if self.report is not None else None

    # Keys

    def action_open(self) -> None:
        """Look at what it is about."""
        if self.finding is not None:
            self.post_message(FindingChosen(self.finding))

    def action_again(self) -> None:
        """Look once more."""
        self.post_message(FindingsWanted(again=True))

    def action_looked(self) -> None:
        """Say what was looked for."""
        from netsleuth_tui.tui.screens.text import prose_screen

        if self.report is None:
            self.post_message(Told(self.nothing, "warning"))
            return
        texts = [
            *looked_lines(self.report),
            "",
            "The thresholds can be changed in [findings] of config.toml; docs/findings.md says why they are what they are.",
        ]
        self.app.push_screen(prose_screen("What was looked for", texts, self.app.size.width))


def _same(one: Finding, other: Finding) -> bool:
    return (one.kind, one.filter, one.window) == (other.kind, other.filter, other.window)


def _sort_key(finding: Finding, name: str) -> tuple[float, str]:
    numbers = {
        "severity": finding.severity,
        "start": finding.first,
        "end": finding.last,
        "count": finding.count,
        "usual": finding.usual or 0,
    }
    return (numbers[name], "") if name in numbers else (0, cell(finding, name, days=True, digits=0))


def _table(report: Report, store: Store, scope: Scope) -> Table:  # noqa: ARG001 - findings are of everything
    from netsleuth_tui.findings import findings_table

    return findings_table(report)
