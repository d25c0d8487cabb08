"""The field of the filter line: its colours, and the keys that are more than editing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.highlighter import Highlighter
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Input

from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import FilterAbandoned
from netsleuth_tui.tui.theme import palette

if TYPE_CHECKING:
    from rich.text import Text
    from textual import events

    from netsleuth_tui.tui.widgets.filter_bar import FilterBar

__all__ = ["FilterInput"]

KEY_ROLES = {"field": "strong", "protocol": "good", "operator": "muted", "number": "accent", "text": "warning", "error": "error"}
"""Roles of the palette for the kinds of `query.classify`."""


class _Colors(Highlighter):
    """Colours for the pieces of a filter."""

    def __init__(self, bar: FilterBar) -> None:
        self._bar = bar

    def highlight(self, text: Text) -> None:
        """Colour `text` in place."""
        from netsleuth_tui.query import classify

        styles = palette(self._bar.app.theme)
        for span in classify(text.plain):
            style: Style = getattr(styles, KEY_ROLES[span.kind])
            text.stylize(Style(color=style.color, bold=style.bold), span.start, span.end)


class FilterInput(Input):
    """The text itself; what its keys do beside editing is the bar's business."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "apply", id="filter.apply", tooltip="apply the filter, or take what is chosen"),
        footer_key("filter.complete", "tab", "complete", "complete", "what could be meant here; once more takes it"),
        Binding("escape", "abandon", "back", id="filter.abandon", tooltip="close the list, or leave the filter as it was"),
        footer_key("filter.save", "ctrl+s", "save", "save", "keep this filter under a name: @ lists them"),
        key("filter.down", "down", "down", "choose the next line of the list, or the filter that came after"),
        key("filter.up", "up", "up", "choose the line before, or a filter that was applied before"),
        key("filter.older", "ctrl+p", "older", "a filter that was applied before, in this run or an earlier one"),
        key("filter.newer", "ctrl+n", "newer", "the filter that came after it"),
        Binding("ctrl+u", "delete_left_all", "clear", id="filter.clear", tooltip="delete everything before the cursor"),
    ]

    def __init__(self, bar: FilterBar, text: str) -> None:
        super().__init__(
            text,
            placeholder="press / to filter",
            highlighter=_Colors(bar),
            select_on_focus=False,
            compact=True,
            id="filter-input",
        )
        self.cursor_blink = False
        self._bar = bar

    def render_line(self, y: int) -> Strip:
        """While it is not edited its beginning is shown, and that there is more."""
        width = self.scrollable_content_region.width
        if y or self.has_focus or cell_len(self.value) <= width:
            return super().render_line(y)
        shown = self._value
        shown.truncate(max(width - 1, 0), overflow="crop")
        shown.append(self._bar.glyphs.ellipsis)
        strip = Strip(self.app.console.render(shown, self.app.console_options.update_width(max(width, 1))))
        return strip.extend_cell_length(width + 1).apply_style(self.rich_style)

    def on_focus(self) -> None:
        """What is edited is seen: the field may have become narrower since the cursor was put there."""
        here = Region(cell_len(self.value[: self.cursor_position]), 0, 1, 1)
        self.call_after_refresh(self.scroll_to_region, here, force=True, animate=False)

    async def _on_key(self, event: events.Key) -> None:
        """Do at once what a key of this field does: Textual would do it after the letters that arrived together with the key."""
        active = self.screen.active_bindings.get(event.key)
        if active is not None and active.node is self and active.enabled:
            event.stop()
            event.prevent_default()
            await self.run_action(active.binding.action)
        else:
            await super()._on_key(event)

    async def action_submit(self) -> None:
        """Take what is chosen in the list, or apply the filter."""
        if not self._bar.take_chosen():
            self._bar.close_list()
            await super().action_submit()

    def action_abandon(self) -> None:
        """Close the list, or leave the filter as it was."""
        if not self._bar.close_list():
            self.post_message(FilterAbandoned())

    def action_complete(self) -> None:
        """Show what could be meant, choose from it, or take it."""
        self._bar.complete()

    def action_save(self) -> None:
        """Keep the filter under a name."""
        self._bar.save()

    def action_down(self) -> None:
        """The next line, or the filter that came after."""
        self._bar.move(1)

    def action_up(self) -> None:
        """The line before, or the filter that was applied before."""
        self._bar.move(-1)

    def action_older(self) -> None:
        """A filter that was applied before."""
        self._bar.recall(-1)

    def action_newer(self) -> None:
        """The filter that came after it."""
        self._bar.recall(1)
