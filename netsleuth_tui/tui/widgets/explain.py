"""What stands out in the time window: findings, each with the lines that describe its packets; a line is a filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.binding import BindingType

from netsleuth_tui.tui.drawing import Part, fit, fit_right, line
from netsleuth_tui.tui.keys import footer_key
from netsleuth_tui.tui.messages import PaneChanged, TermChosen
from netsleuth_tui.tui.numbers import rate, short
from netsleuth_tui.tui.panes import Look, Pane, Question, Seen
from netsleuth_tui.tui.widgets.lines import ScrolledLines
from netsleuth_tui.tui.widgets.tabs import shown_window
from netsleuth_tui.wording import agree, counted

if TYPE_CHECKING:
    from textual.strip import Strip

    from netsleuth_tui.analysis import Explanation, Scope
    from netsleuth_tui.analysis.explanation import Against, Line
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["ExplainPane"]

RATE, LIFT = 9, 10
LEAST_TIMELINE = 8
NUMBERS = 3 * RATE + LIFT
LEAST_LABEL = 26
INDENT = "  "
HOW_TO = (
    "Explain compares a window of time with the rest.",
    "",
    "To make a window, t goes to the time line: shift and the arrows, or [ and ], mark one; Enter takes the column at its cursor. Then x.",
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of a finding, or text."""

    text: str = ""
    line: Line | None = None
    heads: bool = False


class ExplainPane(ScrolledLines, Pane):
    """Ranked findings; Enter narrows the filter to a line, or takes it out again."""

    NAME = "explain"
    TITLE = "what stands out"
    ABOUT = (
        "Which values are more frequent in the time window than elsewhere, the most remarkable first. Lines below one another describe the "
        "same packets. 'Usually' is the median over the time outside the window, so that what recurs does not count as usual. A value "
        "stands out if its packets per second are at least twice those elsewhere and have risen twice as much as all others."
    )
    HEADER = 2

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("explain.choose", "enter", "choose", "filter on it", "put the line into the filter; once more takes it out", "Enter"),
        footer_key("explain.against", "a", "against", "rest/before", "compare with all the rest, or with the time of equal length before"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.against: Against = "rest"
        """What the window is compared with."""
        self.found: Explanation | None = None
        self._scope: Scope | None = None
        self._entries: list[_Entry] = []
        self._nothing = ""

    # What it asks, and is told

    def question(self) -> Question:
        """What stands out in the window."""
        return partial(_explain, against=self.against)

    def is_slow(self) -> bool:
        """Always: every packet is looked at again."""
        return True

    def answer(self, seen: Seen, result: Explanation | None) -> None:
        """Show the findings; the cursor stays on its line."""
        chosen = self.chosen
        self.found, self._scope = result, seen.overview.scope
        self._nothing = seen.nothing
        self._entries = self._laid_out(result, seen.nothing)
        places = [i for i, entry in enumerate(self._entries) if chosen and entry.line is not None and entry.line.filter == chosen.filter]
        self.reset(places[0] if places else 0)

    def on_resize(self) -> None:
        """Sentences take other lines."""
        self._entries = self._laid_out(self.found, self._nothing)
        super().on_resize()

    def _laid_out(self, found: Explanation | None, nothing: str) -> list[_Entry]:
        scope = self._scope
        if scope is not None and scope.start is None and scope.end is None:
            return self._wrapped(HOW_TO)
        if found is None or not found.findings:
            texts = ([nothing] if nothing else []) + ([found.remark] if found is not None and found.remark != nothing else [])
            if found is not None and found.packets and not found.others and scope is not None and scope.filter.strip():
                texts.append("The filter leaves no packet there: u undoes it, and x compares all packets then.")
            other = "the time before it" if self.against == "rest" else "all the rest"
            return self._wrapped([*texts, "", f"a compares with {other}."])
        entries: list[_Entry] = []
        for finding in found.findings:
            lines = [one for one in finding.lines if one != finding.heading]
            entries += [*([_Entry()] if entries else []), _Entry(line=finding.heading, heads=True), *(_Entry(line=one) for one in lines)]
        if found.more:
            more = f"and {counted(found.more, 'more value')}: narrow the window or the filter to see {agree(found.more, 'it', 'them')}"
            entries += self._wrapped(["", more])
        return entries

    def _wrapped(self, texts: Sequence[str]) -> list[_Entry]:
        """Sentences on as many lines as they need."""
        width = max(self.size.width - 2, LEAST_LABEL)
        return [_Entry(part) for text in texts for part in wrap(text, width) or [""]]

    @property
    def chosen(self) -> Line | None:
        """The line under the cursor."""
        return self._entries[self.cursor].line if self.cursor < len(self._entries) else None

    def term(self) -> str | None:
        """The filter of the line."""
        return self.chosen.filter if self.chosen is not None else None

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All lines of all findings."""
        return partial(_as_table, against=self.against)

    # How it looks

    def count(self) -> int:
        """Lines, empty ones included."""
        return len(self._entries)

    def selectable(self, index: int) -> bool:
        """Lines of findings can be chosen."""
        return self._entries[index].line is not None

    def header(self, y: int, width: int) -> Strip:
        """What is compared, and the titles of the columns."""
        palette = self.palette
        return line([(self._title() if y == 0 else self._columns(width), palette.muted)], width, palette.text)

    def _title(self) -> str:
        found, scope = self.found, self._scope
        if found is None or not found.packets or scope is None:
            return ""
        window = shown_window(scope.start, scope.end, "-")
        other = f"{found.compared_with} {rate(found.other_rate, of_bytes=False)}"
        within = window if scope.start is None or scope.end is None else f"in {window}"
        return f"{counted(found.packets, 'packet')} {within}, {rate(found.rate, of_bytes=False)} against {other}"

    def _columns(self, width: int) -> str:
        if self.found is None or not self.found.findings:
            return ""
        label, timeline = _widths(width - 1, len(self.found.findings[0].heading.timeline))
        other = "rest" if self.against == "rest" else "before"
        titles = "".join(fit_right(title, RATE, "") for title in ("window", other, "usually"))
        return f"{fit('stands out', label, '')}{titles}{fit_right('times', LIFT, '')} {fit('time line', timeline, '')}"

    def item(self, index: int, width: int) -> list[Part]:
        """'ICMP · TTL 1-64   7 040/s   20/s   0.1/s   ×354  ▁▁█▁▁█'."""  # noqa: RUF002 - the sign, not the letter
        entry, palette, clipped = self._entries[index], self.palette, self.glyphs.ellipsis
        shown = entry.line
        if shown is None:
            return [(entry.text, palette.muted)]
        label, timeline = _widths(width, len(shown.timeline))
        text = shown.label if entry.heads and shown.kind == "Together" else f"{shown.kind} {shown.label}"
        lift = "only here" if shown.lift is None else f"{self.glyphs.times}{short(shown.lift)}"
        rates = [rate(one, of_bytes=False) for one in (shown.rate, shown.other_rate, shown.usual_rate)]
        return [
            (fit(text if entry.heads else INDENT + text, label, clipped), palette.accent if entry.heads else palette.text),
            (f" {fit_right(rates[0], RATE - 1, clipped)}", palette.accent if entry.heads else palette.text),
            ("".join(f" {fit_right(one, RATE - 1, clipped)}" for one in rates[1:]), palette.muted),
            (f" {fit_right(lift, LIFT - 1, clipped)} ", palette.text),
            (self.glyphs.sparkline(_merged(shown.timeline, timeline)), palette.muted),
        ]

    def under_cursor(self, parts: list[Part], style: Style) -> list[Part]:
        """One style, but for the findings' names."""
        return [("".join(text for text, _ in parts), style)]

    # Keys

    def action_choose(self) -> None:
        """Narrow the filter to this line."""
        if self.chosen is not None:
            self.post_message(TermChosen(self.chosen.filter))

    def action_against(self) -> None:
        """Compare with something else."""
        self.against = "before" if self.against == "rest" else "rest"
        self.post_message(PaneChanged(self))


def _widths(width: int, intervals: int) -> tuple[int, int]:
    """Cells for what stands out, and for its time line."""
    room = width - NUMBERS - 1
    timeline = min(intervals, max(room - LEAST_LABEL, 0), max(room // 3, LEAST_TIMELINE))
    return max(room - timeline, 1), timeline


def _merged(counts: Sequence[int], width: int) -> list[int]:
    """At most `width` numbers: the greatest of neighbours stands for them."""
    if width <= 0:
        return []
    each = -(-len(counts) // width)
    return [max(counts[at : at + each]) for at in range(0, len(counts), each)]


def _explain(look: Look, *, against: Against) -> Explanation | None:
    from netsleuth_tui.analysis import explain

    scope = look.scope
    return explain(look.store, scope, against=against) if (scope.start, scope.end) != (None, None) else None


def _as_table(store: Store, scope: Scope, *, against: Against) -> Table:
    from netsleuth_tui.analysis import explain, explanation_table

    return explanation_table(explain(store, scope, against=against))
