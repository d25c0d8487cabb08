"""The main screen: its parts, their places at each size, and its keys."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Input

from netsleuth_tui.tui.layout import Wishes, arrange
from netsleuth_tui.tui.messages import DetailRequested, RowChanged
from netsleuth_tui.tui.screens.export import Exporting
from netsleuth_tui.tui.widgets.detail_pane import DetailPane
from netsleuth_tui.tui.widgets.facets import Facets
from netsleuth_tui.tui.widgets.filter_bar import FilterBar
from netsleuth_tui.tui.widgets.prompt import Prompt
from netsleuth_tui.tui.widgets.record_table import RecordTable
from netsleuth_tui.tui.widgets.small import TooSmall
from netsleuth_tui.tui.widgets.status import Status
from netsleuth_tui.tui.widgets.tabs import Tabs
from netsleuth_tui.tui.widgets.timeline import TimeLine
from netsleuth_tui.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.widget import Widget

__all__ = ["MainScreen"]

PANES = ("Records",)
WIDE = 140
FACETS_WIDTH, NARROW_FACETS = 32, 27


class MainScreen(Exporting):
    """Title, filter, time line, breakdowns, records, detail, keys."""

    AUTO_FOCUS = "#records"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "question_mark", "help", "help", key_display="?", id="main.help", tooltip="explain this screen and the keys of the pane in use"
        ),
        Binding(
            "slash", "filter", "filter", key_display="/", priority=True, id="main.filter", tooltip="edit the filter; every pane follows it"
        ),
        Binding("f", "facets", "counts", id="main.facets", tooltip="go to the breakdowns; once more hides them"),
        Binding("t", "timeline", "time line", show=False, id="main.timeline", tooltip="go to the time line"),
        Binding("1", "records", "records", show=False, id="main.records", tooltip="go to the records"),
        Binding("b", "bytes", "bytes", id="main.bytes", tooltip="draw the time line in bytes per second, or in packets per second"),
        Binding("v", "hex", "hex", id="main.hex", tooltip="show the bytes of the packet, or its layers, or both where there is room"),
        Binding(
            "e", "export", "export", id="main.export", tooltip="write what the pane in use shows to a file: CSV, or JSON lines (.jsonl)"
        ),
        Binding("n", "notes", "notes", id="main.notes", tooltip="what there is to say about the files: damage, drops, what was not read"),
        Binding(
            "escape",
            "back",
            "back",
            show=False,
            id="main.back",
            tooltip="back to the records; while loading: stop it and keep what is there",
        ),
        Binding("q", "app.leave", "quit", id="main.quit", tooltip="end the program (also Ctrl+C, Ctrl+Q)"),
    ]

    wishes = Wishes()

    def compose(self) -> ComposeResult:
        """Everything, in the order of the screen."""
        with Container(id="main"):
            yield TitleBar(self.paths, id="title")
            yield FilterBar(self.first_filter, id="filter")
            yield TimeLine(id="timeline")
            with Horizontal(id="body"):
                yield Facets(id="facets")
                with Vertical(id="records-pane"):
                    yield Tabs(PANES, id="tabs")
                    yield RecordTable(id="records")
            yield DetailPane(self.detail_lane, slow_link=self.slow_link, id="detail")
            yield Prompt(id="prompt")
            yield Status(id="status")
        yield TooSmall(id="small")

    def on_mount(self) -> None:
        """Paint first, then load."""
        self._arrange()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """The screen is painted: now what takes longer."""
        gc.enable()
        self.loading_thread.start()

    # Sizes

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002
        """Other panes may fit now, and the time line has other columns."""
        self._arrange()
        if self.session is not None:
            self.call_after_refresh(self.count_again)

    def _arrange(self) -> None:
        width, height = self.app.size
        placed = arrange(width, height, self.wishes)
        self.query_one("#small").display = placed.too_small
        self.query_one("#main").display = not placed.too_small
        self.set_class(width < 100, "-narrow")
        self.query_one("#timeline").styles.height = placed.timeline_height
        facets = self.query_one("#facets")
        facets.display = placed.facets
        facets.styles.width = "1fr" if placed.facets_alone else FACETS_WIDTH if width >= WIDE else NARROW_FACETS
        self.query_one("#records-pane").display = placed.table
        self.query_one("#body").display = placed.table or placed.facets_alone
        detail = self.query_one("#detail", DetailPane)
        appears = placed.detail and not detail.display
        detail.display = placed.detail
        detail.styles.height = placed.detail_height or "1fr"
        detail.place(layers=placed.layers, hex_seen=placed.hex)
        if appears and self.session is not None:
            detail.show(self.session, self.table.row)
        if self.focused is not None and not _is_seen(self.focused):
            pane = self.table if placed.table else self.query_one("#facets") if placed.facets else detail.front
            pane.focus()

    def close_lanes(self, timeout: float) -> None:
        """End the threads that count and take apart; wait for each at most `timeout` seconds."""
        self.lane.close(timeout)
        self.detail_lane.close(timeout)

    def wish(self, wishes: Wishes) -> None:
        """Switch panes on or off, or leave them to the size of the screen."""
        self.wishes = wishes
        self._arrange()

    # Detail

    def on_row_changed(self, message: RowChanged) -> None:
        """Take the packet apart, if that is seen."""
        detail = self.query_one("#detail", DetailPane)
        if self.session is not None and detail.display:
            detail.show(self.session, message.row, moving=message.by_key)

    def on_detail_requested(self, message: DetailRequested) -> None:  # noqa: ARG002
        """Show the packet and go there."""
        self.wish(replace(self.wishes, detail=True))
        self.query_one("#detail", DetailPane).front.focus()

    # Keys

    def on_descendant_focus(self) -> None:
        """Other keys matter now."""
        self.query_one("#tabs", Tabs).focus_shown(focused=self.focused is self.table)
        self.show_keys()

    def on_key(self) -> None:
        """A key ends what the last line says."""
        self.status.clear()

    def show_keys(self) -> None:
        """The keys of the pane in use, then those of the screen."""
        keys: dict[str, str] = {}
        if self.is_loading and not isinstance(self.focused, Input):
            keys["Esc"] = "stop loading"
        elif self.focused is not self.table and not isinstance(self.focused, Input):
            keys["Esc"] = "back"
        alone = isinstance(self.focused, Input)  # which takes every other key as text
        actives = [a for a in self.active_bindings.values() if a.binding.show and a.enabled and (not alone or a.node is self.focused)]
        for active in sorted(actives, key=lambda active: active.node is self):
            binding = active.binding
            if binding.action == "notes" and not self.notes():
                continue
            if active.node is not self.app:
                keys.setdefault(self.app.get_key_display(binding), binding.description)
        self.status.show_keys(tuple(keys.items()))

    def action_help(self) -> None:
        """Explain the screen."""
        from netsleuth_tui.tui.screens.text import help_screen

        self.app.push_screen(help_screen(self))

    def action_notes(self) -> None:
        """What there is to say about the files."""
        from netsleuth_tui.tui.screens.text import notes_screen

        self.app.push_screen(notes_screen(self.notes(), self.app.size.width))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a field a slash is a character."""
        if action == "filter" and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        """Edit the filter."""
        field = self.filter_bar.input
        self.set_focus(field)  # at once: keys that arrived together with this one are for the field
        field.cursor_position = len(field.value)

    def action_facets(self) -> None:
        """Go to the breakdowns; from there: hide them."""
        facets = self.query_one("#facets")
        if facets.display and self.focused is facets:
            self.wish(replace(self.wishes, facets=False if self.app.size.width >= 100 else None))
            self.action_records()
        else:
            self.wish(replace(self.wishes, facets=True, detail=False))
            facets.focus()

    def action_timeline(self) -> None:
        """Go to the time line."""
        self.query_one("#timeline").focus()

    def action_records(self) -> None:
        """Go to the records."""
        if not self.query_one("#records-pane").display:
            self.wish(replace(self.wishes, detail=False, facets=None))
        if _is_seen(self.table):
            self.table.focus()

    def action_bytes(self) -> None:
        """Bytes or packets."""
        self.query_one("#timeline", TimeLine).toggle()

    def action_hex(self) -> None:
        """Bytes, layers, or both."""
        detail = self.query_one("#detail", DetailPane)
        if not detail.display:
            self.wish(replace(self.wishes, detail=True))
        both = detail.dump.display and detail.layer_tree.display
        had_focus = detail.has_focus_within
        self.wish(
            replace(
                self.wishes, hex=None if self.wishes.hex is not None and self.app.size.width >= 120 else both or not detail.dump.display
            )
        )
        if had_focus or not _is_seen(self.table):
            detail.front.focus()

    def action_back(self) -> None:
        """Cancel an export, leave a pane, or stop loading: whatever is nearest."""
        if self.export_running:
            self.cancel_export()
        elif self.focused is not self.table and not isinstance(self.focused, Input):
            self.wish(replace(self.wishes, detail=False))
            self.action_records()
        elif self.is_loading:
            self.loading_thread.cancel()
            self.status.say("stopping; what is loaded stays", keep=True)


def _is_seen(widget: Widget) -> bool:
    return all(getattr(node, "display", True) for node in widget.ancestors_with_self)
