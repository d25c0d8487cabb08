"""The filter line: the text in colours while it is typed, how much it matches, and below it what is wrong and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from rich.highlighter import Highlighter
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import Part, ends, line
from netsleuth_tui.tui.messages import FilterAbandoned, FilterAccepted, FilterEdited
from netsleuth_tui.tui.numbers import grouped, share
from netsleuth_tui.tui.theme import Palette, palette
from netsleuth_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from rich.text import Text
    from textual.app import ComposeResult
    from textual.strip import Strip

    from netsleuth_tui.errors import NetSleuthError

__all__ = ["FilterBar", "FilterInput", "State"]

State = Literal["empty", "checking", "valid", "invalid"]

PLACEHOLDER = "press / to filter, as in  tcp.flags.reset == 1 && ip.addr == 10.1.0.0/16"
WIDE = 110

PROMPT = 2
"""Cells of '/ ' before the text."""

_BOLD = Style(bold=True)

KEY_ROLES = {"field": "strong", "protocol": "good", "operator": "muted", "number": "accent", "text": "warning", "error": "error"}
"""Roles of the palette for the kinds of `query.classify`."""


class _Colors(Highlighter):
    """Colours for the pieces of a filter."""

    def __init__(self, bar: FilterBar) -> None:
        self._bar = bar

    def highlight(self, text: Text) -> None:
        """Colour `text` in place."""
        from netsleuth_tui.query import classify

        styles = self._bar.palette
        for span in classify(text.plain):
            style: Style = getattr(styles, KEY_ROLES[span.kind])
            text.stylize(Style(color=style.color, bold=style.bold), span.start, span.end)


class FilterInput(Input):
    """The text itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "apply", id="filter.apply", tooltip="apply the filter and go back to the records"),
        Binding("escape", "abandon", "back", id="filter.abandon", tooltip="leave the filter as it was"),
        Binding("ctrl+u", "delete_left_all", "clear", id="filter.clear", tooltip="delete everything before the cursor"),
    ]

    def action_abandon(self) -> None:
        """Leave the filter as it was."""
        self.post_message(FilterAbandoned())


class _Prompt(Lines):
    """The slash: its colour says whether the text is a filter."""

    state: State = "empty"

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        styles = self.palette
        style = {"empty": styles.muted, "checking": styles.text, "valid": styles.good, "invalid": styles.error}[self.state]
        return line([("/", style + _BOLD)], width, styles.text)


class _Matches(Lines):
    """'35 104 of 5 012 330 · 0.7 %'."""

    matched = 0
    total = 0
    known = False

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        styles = self.palette
        if not self.known:
            return line((), width, styles.text)
        of = f" of {grouped(self.total)} {self.glyphs.dot} {share(self.matched, self.total)}"
        return ends((), [(f"  {grouped(self.matched)}", styles.text), (of, styles.muted)], width, styles.text)


class _Complaint(Lines):
    """What is wrong with the filter, with a caret under the place."""

    text = ""
    column = 0
    length = 1

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        styles = self.palette
        carets = "^" * max(1, min(self.length, width - self.column))
        after = f"{' ' * self.column}{carets} "
        if len(after) + len(self.text) <= width or self.column + len(carets) < 12:
            parts: list[Part] = [(after, styles.error), (self.text, styles.error)]
        else:  # it does not fit behind the carets: it goes where there is more room, and gives way to them
            before, behind = max(self.column - 1, 0), max(width - len(after), 0)
            shown = [(self.text[:before].rjust(before) + " ", styles.error), (carets, styles.error)]
            parts = shown if len(self.text) <= before or before >= behind else [(after, styles.error), (self.text[:behind], styles.error)]
        return line(parts, width, styles.text)


class FilterBar(Vertical):
    """Prompt, input, number of matches; and a line for what is wrong, only while something is."""

    def __init__(self, text: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._text = text
        self._silent = 0

    def compose(self) -> ComposeResult:
        """The parts."""
        with Horizontal():
            yield _Prompt(id="slash")
            field = FilterInput(
                self._text,
                placeholder=PLACEHOLDER,
                highlighter=_Colors(self),
                select_on_focus=False,
                compact=True,
                id="filter-input",
            )
            field.cursor_blink = False
            yield field
            yield _Matches(id="matches")
        yield _Complaint(id="complaint")

    @property
    def input(self) -> FilterInput:
        """The field with the text."""
        return self.query_one(FilterInput)

    @property
    def palette(self) -> Palette:
        """Styles of the current theme."""
        return palette(self.app.theme)

    @property
    def state(self) -> State:
        """What the colour of the slash says."""
        return self.query_one(_Prompt).state

    @property
    def complaint(self) -> str:
        """What is wrong, or nothing."""
        return self.query_one(_Complaint).text

    @property
    def counted(self) -> tuple[int, int]:
        """Matches and all rows, as shown."""
        matches = self.query_one(_Matches)
        return matches.matched, matches.total

    def on_mount(self) -> None:
        """Nothing is wrong yet."""
        self.query_one(_Complaint).display = False

    def on_resize(self) -> None:
        """An example, where there is room for it."""
        self.input.placeholder = PLACEHOLDER if self.size.width >= WIDE else "press / to filter"

    def set_text(self, text: str) -> None:
        """Put another filter there, without telling anybody."""
        if self.input.value != text:
            self._silent += 1
            self.input.value = text

    def checking(self) -> None:
        """The text is being looked at."""
        self._show_state("checking" if self.input.value.strip() else "empty")

    def valid(self, matched: int, total: int, *, about_text: bool) -> None:
        """Show how much is matched; `about_text`: it is the text in the field that was counted."""
        matches = self.query_one(_Matches)
        matches.matched, matches.total, matches.known = matched, total, True
        matches.redraw()
        if about_text:
            self.query_one(_Complaint).text = ""
            self.query_one(_Complaint).display = False
            self._show_state("valid" if self.input.value.strip() else "empty")

    def invalid(self, error: NetSleuthError) -> None:
        """Show what is wrong, under the place where it is wrong."""
        complaint, field = self.query_one(_Complaint), self.input
        lead = len(field.value) - len(field.value.lstrip())
        column = int(getattr(error, "column", 0)) + lead - field.scroll_offset.x
        complaint.column = PROMPT + max(column, 0)
        complaint.length = int(getattr(error, "length", 1))
        complaint.text = display(f"{error.what} ({error.hint})" if error.hint else error.what, limit=400)
        complaint.display = True
        complaint.refresh()
        self._show_state("invalid")

    def _show_state(self, state: State) -> None:
        prompt = self.query_one(_Prompt)
        prompt.state = state
        prompt.redraw()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell the screen, unless it was the screen that changed it."""
        event.stop()
        if self._silent:
            self._silent -= 1
            return
        self.post_message(FilterEdited(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Tell the screen."""
        event.stop()
        self.post_message(FilterAccepted(event.value))
