"""The filter line: the text in colours while it is typed, what could be meant, how much it matches, and what is wrong and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len
from rich.style import Style
from textual.containers import Horizontal, Vertical

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import line
from netsleuth_tui.tui.messages import Asked, FilterAccepted, FilterEdited, Told, ValuesWanted
from netsleuth_tui.tui.recall import Recall
from netsleuth_tui.tui.suggesting import Offer, Suggestion, inserted, named, offered
from netsleuth_tui.tui.widgets.complaint import Complaint
from netsleuth_tui.tui.widgets.filter_input import FilterInput
from netsleuth_tui.tui.widgets.lines import Lines
from netsleuth_tui.tui.widgets.matches import Amount, Matches
from netsleuth_tui.tui.widgets.suggestions import Suggestions

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.strip import Strip
    from textual.widgets import Input

    from netsleuth_tui.analysis.occurring import Occurring
    from netsleuth_tui.errors import NetSleuthError
    from netsleuth_tui.query.completion import Candidate, Completion
    from netsleuth_tui.terminal.glyphs import Glyphs

__all__ = ["FilterBar", "State"]

State = Literal["empty", "checking", "valid", "invalid"]

PLACEHOLDER = "press / to filter, as in  tcp.flags.reset == 1 && ip.addr == 10.1.0.0/16"
WIDE = 110

PROMPT = 2
"""Cells of '/ ' before the text."""

_BOLD = Style(bold=True)


class _Prompt(Lines):
    """The slash: its colour says whether the text is a filter."""

    state: State = "empty"

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        styles = self.palette
        style = {"empty": styles.muted, "checking": styles.text, "valid": styles.good, "invalid": styles.error}[self.state]
        return line([("/", style + _BOLD)], width, styles.text)


class FilterBar(Vertical):
    """Prompt, input, number of matches; a list of what could be meant; and lines for what is wrong, only while something is."""

    def __init__(self, text: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._text = text
        self._silent = 0
        """Changes of the text that are not the user's."""
        self._completion: Completion | None = None
        """What the list was made for."""
        self._seen = ("", 0)
        """Text and cursor that the list was made for."""
        self._asked_for = 0
        self.data_names: Callable[[], Sequence[Candidate]] = tuple
        """The names of event data that occur, for completion."""
        """Number of the latest question for values."""
        self._next: Literal["wanted", "asked", "nothing"] = "wanted"
        """What to do about a list after the next change of the text."""
        self._recall: Recall | None = None

    def compose(self) -> ComposeResult:
        """The parts."""
        with Horizontal():
            yield _Prompt(id="slash")
            yield FilterInput(self, self._text)
            yield Matches(id="matches")
        yield Suggestions(id="suggestions")
        yield Complaint(id="complaint")

    # State

    @property
    def input(self) -> FilterInput:
        """The field with the text."""
        return self.query_one(FilterInput)

    @property
    def glyphs(self) -> Glyphs:
        """Characters to draw with."""
        return self.query_one(_Prompt).glyphs

    @property
    def suggestions(self) -> Suggestions:
        """What could be meant."""
        return self.query_one(Suggestions)

    @property
    def state(self) -> State:
        """What the colour of the slash says."""
        return self.query_one(_Prompt).state

    @property
    def complaint(self) -> str:
        """What is wrong, or nothing."""
        return self.query_one(Complaint).text

    @property
    def counted(self) -> tuple[Amount, ...]:
        """How much is kept, as shown."""
        return self.query_one(Matches).amounts

    def on_mount(self) -> None:
        """Nothing is wrong yet."""
        self.query_one(Complaint).display = False
        self.watch(self.input, "scroll_x", self._scrolled, init=False)
        self.watch(self.input, "selection", self._cursor_moved, init=False)

    def on_resize(self) -> None:
        """An example, and totals, where there is room for them."""
        self.query_one(Matches).fit()
        self.input.placeholder = PLACEHOLDER if self.size.width >= WIDE else "press / to filter"

    def set_text(self, text: str) -> None:
        """Put another filter there, without telling anybody."""
        self.close_list()
        if self.input.value != text:
            self._silent += 1
            self.input.value = text
            self.input.cursor_position = len(text)  # what was added last is what is seen where not all of it fits

    # What came of the text

    def checking(self) -> None:
        """The text is being looked at."""
        self._show_state("checking" if self.input.value.strip() else "empty")

    def valid(self, amounts: Sequence[Amount], *, about_text: bool) -> None:
        """Show how much is kept; `about_text`: it is the text in the field that was counted."""
        self.query_one(Matches).show(amounts)
        if about_text:
            self.query_one(Complaint).text = ""
            self._show_complaint()
            self._show_state("valid" if self.input.value.strip() else "empty")

    def invalid(self, error: NetSleuthError) -> None:
        """Show what is wrong, under the place where it is wrong; not before the list of what could be meant is closed."""
        text = self.input.value
        lead = len(text) - len(text.lstrip())
        self._wrong = (int(getattr(error, "column", 0)) + lead, int(getattr(error, "length", 1)))
        start, length = self._wrong
        # A mistake in the filter is pointed at; anything else that keeps it from being answered is elsewhere, and says where.
        what = error.what if hasattr(error, "column") or not error.where else f"{error.where}: {error.what}"
        said = display(f"{what} ({error.hint})" if error.hint else what, limit=400)
        self.query_one(Complaint).say(said, self._cell(start), max(cell_len(text[start : start + length]), 1))
        self._show_complaint()
        self._show_state("invalid")
        self.query_one(Matches).show(())  # those that stood there are of another filter

    _wrong = (0, 1)

    def _cell(self, position: int) -> int:
        """The cell of the bar above which a character of the text stands."""
        return PROMPT + cell_len(self.input.value[:position]) - self.input.scroll_offset.x

    def _scrolled(self) -> None:
        self.query_one(Complaint).move_to(self._cell(self._wrong[0]))

    def _show_complaint(self) -> None:
        complaint = self.query_one(Complaint)
        complaint.display = bool(complaint.text) and not self.suggestions.display

    def _show_state(self, state: State) -> None:
        prompt = self.query_one(_Prompt)
        prompt.state = state
        prompt.redraw()

    # Typing

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell the screen, unless it was the screen that changed it; offer what could be meant."""
        event.stop()
        if self._silent:
            self._silent -= 1
            return
        after, self._next = self._next, "wanted"
        self.post_message(FilterEdited(event.value))
        if after == "nothing" or not self.input.has_focus:  # as for the text that the program was started with
            self.close_list()
        else:
            self._recall = None
            self._suggest(asked=after == "asked")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Tell the screen."""
        event.stop()
        self._recall = None
        self.post_message(FilterAccepted(event.value))

    def on_descendant_blur(self) -> None:
        """No list without the field."""
        self.close_list()

    def _cursor_moved(self) -> None:
        if self.input.value == self._seen[0] and self.input.cursor_position != self._seen[1]:
            self.close_list()

    # What could be meant

    def _suggest(self, *, asked: bool) -> None:
        """Show what could be meant at the cursor, if it is `asked` for or wanted there anyway."""
        from netsleuth_tui.query.completion import complete

        text, cursor = self.input.value, self.input.cursor_position
        self._seen = (text, cursor)
        self._asked_for += 1
        self._completion = None
        offer = named(text, cursor, self._filters(text, asked=asked), asked=asked)
        if offer is not None:
            self._show(offer)
            return
        completion = complete(text, cursor, self.data_names())
        if completion is None or not (asked or completion.is_wanted):
            self.close_list()
            return
        self._completion = completion
        if completion.field:
            self.post_message(ValuesWanted(self._asked_for, completion))
        else:
            self._show(offered(completion, None))

    def _filters(self, text: str, *, asked: bool) -> dict[str, str]:
        """The saved filters, read only where they may be shown."""
        from netsleuth_tui.errors import NetSleuthError
        from netsleuth_tui.saved import read_filters

        if "@" not in text and not (asked and not text.strip()):
            return {}
        try:
            return read_filters()
        except NetSleuthError as error:
            self.post_message(Told(display(str(error), limit=400), "warning"))
            return {}

    def values_counted(self, number: int, occurring: Occurring) -> None:
        """Show the values that were asked for, unless something else was asked for since."""
        if number == self._asked_for and self._completion is not None and self.input.has_focus:
            self._show(offered(self._completion, occurring))

    def _show(self, offer: Offer) -> None:
        typed = self._completion.place.typed if self._completion is not None else ""
        alone = [one.text for one in offer.suggestions] == [typed] and not offer.others
        if alone or not (offer.suggestions or offer.note):
            self.close_list()
            return
        self.suggestions.show(offer, self._cell(offer.start))
        self._show_complaint()

    def close_list(self) -> bool:
        """No list; False if there was none."""
        was = self.suggestions.display
        self._asked_for += 1
        self.suggestions.hide()
        self._show_complaint()
        return was

    def complete(self) -> None:
        """Show what could be meant; of several, choose the first; take what is chosen, or the only one."""
        shown = self.suggestions.offer.suggestions if self.suggestions.display else ()
        if self.suggestions.chosen is None and len(shown) == 1:
            self.suggestions.move(1)
        if not self.take_chosen() and not self.suggestions.move(1):
            self._suggest(asked=True)

    def take_chosen(self) -> bool:
        """Put what is chosen into the filter; False if nothing is."""
        chosen = self.suggestions.chosen
        if chosen is None:
            return False
        self._take(chosen)
        return True

    def on_suggestions_clicked(self, message: Suggestions.Clicked) -> None:
        """Take the line that was clicked."""
        self._take(self.suggestions.offer.suggestions[message.index])

    def _take(self, chosen: Suggestion) -> None:
        text, cursor = self._seen
        if self._completion is not None:
            after, cursor = self._completion.accepted(text, chosen.text, more=chosen.more)
        else:
            after, cursor = inserted(text, cursor, self.suggestions.offer.start, chosen.text)
        self._next = "asked" if chosen.more else "nothing"
        self.query_one(Complaint).text = ""  # which was about another text
        self.close_list()
        if after == self.input.value:
            self._next = "wanted"
        self.input.value = after
        self.input.cursor_position = cursor

    def move(self, by: int) -> None:
        """Down or up: in the list, else through the filters that were applied."""
        if self._recall is not None and by > 0:
            self.recall(by)
        elif not self.suggestions.move(by):
            if by < 0:
                self.recall(by)
            elif not self.suggestions.display:
                self._suggest(asked=True)

    def recall(self, by: int) -> None:
        """Put the filter that was applied before, or after, into the line."""
        from netsleuth_tui.saved import read_history

        if self._recall is None:
            self._recall = Recall(read_history())
        found = self._recall.older(self.input.value) if by < 0 else self._recall.newer(self.input.value)
        if found is not None:
            self._next = "nothing"
            self.input.value = found
            self.input.cursor_position = len(found)

    def save(self) -> None:
        """Have the filter kept under a name."""
        from netsleuth_tui.query import FilterError, parse

        self.close_list()
        text = self.input.value.strip()
        try:
            parse(text)
        except FilterError as error:
            self.post_message(Told(f"only a valid filter can be saved: {display(error.what, limit=300)}", "warning"))
            return
        note = "a word or two; Enter saves the filter, Esc goes back"
        self.post_message(Asked("Save this filter as @", "", note, lambda name: self._save(name, text)))

    def _save(self, name: str, text: str) -> str | None:
        """Keep it; what is wrong with the name, or the file."""
        from netsleuth_tui.errors import NetSleuthError
        from netsleuth_tui.saved import filters_path, save_filter

        try:
            save_filter(name, text)
        except NetSleuthError as error:
            return display(str(error), limit=400)
        where = display(str(filters_path()), limit=200)
        self.post_message(Told(f"saved as @{name} in {where}: @ in the filter line lists what is saved", "good"))
        return None
