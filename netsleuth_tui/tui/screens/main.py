"""The main screen: its parts, their places at each size, and its keys."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Input

from netsleuth_tui.settings import Settings
from netsleuth_tui.tui.keys import footer_key, ids, key
from netsleuth_tui.tui.layout import both_fit
from netsleuth_tui.tui.messages import (
    AssociationOpened,
    ColumnWanted,
    DetailRequested,
    EventColumnWanted,
    EventDetailRequested,
    EventRowChanged,
    GroupWanted,
    RowChanged,
    RowWanted,
    Told,
)
from netsleuth_tui.tui.panes import is_seen
from netsleuth_tui.tui.screens.awaiting import Awaiting
from netsleuth_tui.tui.screens.placing import EVENT, INSIDE, TABS
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
    from textual.app import ComposeResult

    from netsleuth_tui.tui.widgets.esp_detail import EspDetail
    from netsleuth_tui.tui.widgets.event_groups import EventGroupPane
    from netsleuth_tui.tui.widgets.event_table import EventTable

__all__ = ["MainScreen"]


FIRST = ("main.help", "main.filter")
"""Keys of the screen that stand before its others in the last line."""


class MainScreen(Awaiting):
    """Title, filter, time line, breakdowns, records, detail, keys."""

    AUTO_FOCUS = "#records"

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("main.help", "question_mark", "help", "help", "explain the pane in use, with its keys and those of the screen", "?"),
        Binding(
            "slash", "filter", "filter", key_display="/", priority=True, id="main.filter", tooltip="edit the filter; every pane follows it"
        ),
        footer_key("main.facets", "f", "facets", "counts", "go to the breakdowns; once more hides them"),
        footer_key("main.timeline", "t", "timeline", "time", "go to the time line"),
        key("main.records", "1", "tab('records')", "go to the records"),
        key("main.conversations", "2", "tab('conversations')", "go to the conversations"),
        key("main.events", "5", "tab('events')", "go to the events of logs: by id, one by one, their data, groups"),
        key("main.findings", "6", "tab('findings')", "go to the findings: what deserves attention, the worst first"),
        key("main.esp", "3", "tab('esp')", "go to the ESP security associations"),
        key("main.regions", "4", "tab('regions')", "go to the regions: sites, countries, subnets"),
        key("main.sources", "7", "tab('sources')", "go to the sources: what each file has and lacks, and its clock"),
        footer_key("main.explain", "x", "tab('explain')", "explain", "go to what stands out in the time window"),
        key("main.bytes", "b", "bytes", "draw the time line in another measure: packets, bytes, bits, TCP payload bytes"),
        key("main.kinds", "E", "kinds", "look at packets and events, packets alone, events alone: in the records and on the time line"),
        key("main.hex", "v", "hex", "the bytes of the packet alone, its layers alone, or both where there is room"),
        key("main.reload", "r", "reload", "read what was added to the files since they were loaded (where a pane has no r of its own)"),
        footer_key("main.export", "e", "export", "export", "write what the pane in use shows to a file"),
        footer_key("main.notes", "n", "notes", "notes", "what there is to say about the files: damage, drops, what was not read"),
        key("main.whole", "w", "whole", "the pane in use on the whole screen; once more brings the others back"),
        footer_key("main.palette", "colon", "palette", "commands", "find any action by its name", ":"),
        key("main.back", "escape", "back", "back to the records; while loading: stop it and keep what is there"),
        key("main.suspend", "ctrl+z", "app.suspend_process", "to the shell; fg there returns, and loading waits meanwhile"),
        footer_key("main.quit", "q", "app.leave", "quit", "end the program (also Ctrl+C, Ctrl+Q)"),
    ]

    def compose(self) -> ComposeResult:
        """Everything, in the order of the screen."""
        with Container(id="main"):
            yield TitleBar(self.paths, id="title")
            yield FilterBar(self.first_filter, id="filter")
            yield TimeLine(id="timeline")
            with Horizontal(id="body"):
                yield Facets(id="facets")
                with Vertical(id="middle"):
                    yield Tabs(tuple(TABS.values()), id="tabs")
                    yield RecordTable(id="records")
            yield DetailPane(self.detail_lane, slow_link=self.slow_link, id="detail")
            yield Prompt(id="prompt")
            yield Status(id="status")
        yield TooSmall(id="small")

    def on_mount(self) -> None:
        """Paint first, then load."""
        settings: Settings = getattr(self.app, "settings", Settings())
        if settings.keys:
            self.mount_panes()  # whose keys they may be
        unknown = sorted(set(settings.keys) - ids([self.app, *self.walk_children(with_self=True)]))
        self.complaints += [f"settings: there is no column {name!r} for the records" for name in self.table.settle(settings.columns)]
        self.complaints += [f"settings: there is no action {name!r}; : shows them all with their ids" for name in unknown]
        self._arrange()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """The screen is painted: now what takes longer."""
        gc.enable()
        self.loading_thread.start()

    # Detail

    def on_row_changed(self, message: RowChanged) -> None:
        """Take the packet apart, if that is seen."""
        self.fit_detail()
        detail = self.query_one("#detail", DetailPane)
        if self.session is not None and detail.display:
            detail.show(self.session, message.row, moving=message.by_key)

    def on_event_row_changed(self, message: EventRowChanged) -> None:
        """Show the event, if that is seen."""
        self.fit_detail()
        detail = self.detail_pane
        if self.session is not None and detail.id == EVENT and detail.display:
            detail.show(self.session, message.row, moving=message.by_key)

    @on(DetailRequested)
    @on(EventDetailRequested)
    def _open_detail(self) -> None:
        """Show the packet, or the event, and go there."""
        self.wish(replace(self.wishes, detail=True))
        self.detail_pane.front.focus()

    def on_event_column_wanted(self, message: EventColumnWanted) -> None:
        """One more column of the events; go there."""
        cast("EventTable", self.pane("event-list")).add_column(message.field)
        self.action_tab("event-list")

    def on_group_wanted(self, message: GroupWanted) -> None:
        """One more field that events are grouped by; go there."""
        cast("EventGroupPane", self.pane("event-groups")).add(message.field)
        self.action_tab("event-groups")

    def on_column_wanted(self, message: ColumnWanted) -> None:
        """One more column of the records."""
        self.table.add_column(message.field)

    def on_association_opened(self, message: AssociationOpened) -> None:
        """Show it in the place of the list."""
        cast("EspDetail", self.pane("association")).open(message.key, message.judged)
        self.action_tab("association")

    def on_row_wanted(self, message: RowWanted) -> None:
        """Go to the packet."""
        self.action_tab("records")
        self.table.go_to(message.row)

    def on_told(self, message: Told) -> None:
        """Say what a pane has to say."""
        self.status.say(message.text, message.kind)

    # Keys

    def on_descendant_focus(self) -> None:
        """Other keys matter now."""
        self.query_one("#tabs", Tabs).focus_shown(focused=self.focused is self.tab)
        self.show_keys()

    def on_key(self) -> None:
        """A key ends what the last line says."""
        self.status.clear()

    def show_keys(self) -> None:
        """The keys of the pane in use, then those of the screen."""
        keys: dict[str, str] = {}
        if self.is_loading and not isinstance(self.focused, Input):
            keys["Esc"] = "stop loading"
        elif self.looks_in_front:
            keys["Esc"] = "stop looking"
        elif self.focused is not self.pane(self.home) and not isinstance(self.focused, Input):
            keys["Esc"] = "back"
        alone = isinstance(self.focused, Input)  # which takes every other key as text
        actives = [a for a in self.active_bindings.values() if a.binding.show and a.enabled and (not alone or a.node is self.focused)]
        for active in sorted(actives, key=lambda active: (active.node is self, active.binding.id not in FIRST)):
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

    def action_reload(self) -> None:
        """Read on in files that grow."""
        self.reload()

    def action_palette(self) -> None:
        """Find an action by its name."""
        from netsleuth_tui.tui.palette import open_palette

        open_palette(self)

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

    def action_bytes(self) -> None:
        """The next measure."""
        self.query_one("#timeline", TimeLine).toggle()

    def action_hex(self) -> None:
        """Both, bytes, layers, in turn."""
        detail = self.detail_pane
        if not detail.display:
            self.wish(replace(self.wishes, detail=True))
        had_focus = detail.has_focus_within
        following: dict[bool | None, bool | None] = {None: True, True: False, False: None}
        hex_wanted = following[self.wishes.hex]
        if hex_wanted is False and not both_fit(self.app.size.width):
            hex_wanted = None  # where only one of them fits, those are the layers
        self.wish(replace(self.wishes, hex=hex_wanted))
        if had_focus or not is_seen(self.tab):
            detail.front.focus()

    def action_back(self) -> None:
        """Cancel an export, leave a pane, or stop loading: whatever is nearest."""
        if self.export_running:
            self.cancel_export()
        elif self.looks_in_front:
            self.stop_looking()
        elif self.wishes.whole is not None:
            self.action_whole()
        elif self.focused is not self.tab and not isinstance(self.focused, Input):
            self.wish(replace(self.wishes, detail=False))
            self.go_to_tab()
        elif self.tab.id != self.home:
            self.action_tab(INSIDE.get(self.tab.id or "", self.home))
        elif self.is_loading:
            self.loading_thread.cancel()
            self.status.say("stopping; what is loaded stays", keep=True)
