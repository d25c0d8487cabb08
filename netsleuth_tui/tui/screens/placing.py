"""Where the panes are: by the size of the terminal, by what the user switched, and which tab is in front."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from netsleuth_tui.tui.layout import Arrangement, Place, Wishes, arrange
from netsleuth_tui.tui.panes import Pane, is_seen, pane_of
from netsleuth_tui.tui.screens.asking import Asking
from netsleuth_tui.tui.widgets.facets import Facets
from netsleuth_tui.tui.widgets.paged_table import PagedTable
from netsleuth_tui.tui.widgets.row_detail import RowDetail
from netsleuth_tui.tui.widgets.tabs import Tabs
from netsleuth_tui.tui.widgets.timeline import TimeLine

if TYPE_CHECKING:
    from textual import events
    from textual.widget import Widget

    from netsleuth_tui.analysis import Kinds

__all__ = ["EVENT", "INSIDE", "TABS", "Placing"]

WIDGETS = "netsleuth_tui.tui.widgets"

TABS = MappingProxyType(
    {
        "records": ("1", "Records"),
        "conversations": ("2", "Conversations"),
        "esp": ("3", "ESP"),
        "regions": ("4", "Regions"),
        "events": ("5", "Events"),
        "findings": ("6", "Findings"),
        "sources": ("7", "Sources"),
        "explain": ("x", "Explain"),
    }
)
"""Panes that take turns in the middle: id of the widget, its key, its title."""
INSIDE = MappingProxyType({"association": "esp", "event-list": "events", "event-fields": "events", "event-groups": "events"})
"""Panes that open from another one and take its place: its tab stays in front."""
DETAILS = MappingProxyType({"records": "detail", "event-list": "event"})
"""Panes that have a detail below them, and its id."""
CLASSES = MappingProxyType(
    {
        "conversations": ("conversations", "ConversationTable"),
        "esp": ("esp_table", "EspTable"),
        "association": ("esp_detail", "EspDetail"),
        "regions": ("region_table", "RegionTable"),
        "sources": ("source_table", "SourceTable"),
        "explain": ("explain", "ExplainPane"),
        "events": ("event_ids", "EventIdPane"),
        "findings": ("finding_table", "FindingTable"),
        "event-list": ("event_table", "EventTable"),
        "event-fields": ("event_fields", "EventFields"),
        "event-groups": ("event_groups", "EventGroupPane"),
    }
)
"""Module and class of the panes that are imported and mounted when they are first asked for: the first paint does not wait for them."""

EVENT = "event"

WIDE = 140
FACETS_WIDTH, NARROW_FACETS = 32, 27


class Placing(Asking):
    """The part of the main screen that arranges the panes."""

    wishes = Wishes()
    _tab = "records"
    _placed_lanes = 1
    _landed = False
    """The pane that is in front at first was chosen by what was loaded."""

    @property
    def tab(self) -> Pane:
        """The pane in the middle."""
        return self.pane(self._tab)

    def pane(self, name: str) -> Pane:
        """A pane of `TABS` or `INSIDE`, mounted by now."""
        for found in self.query(f"#{name}"):
            return cast("Pane", found)
        module, kind = CLASSES[name]
        made: Pane = getattr(import_module(f"{WIDGETS}.{module}"), kind)(id=name)
        made.display = False
        self.query_one("#middle").mount(made)
        return made

    def mount_panes(self) -> None:
        """Mount every pane: somebody asks what all of them can do."""
        for name in CLASSES:
            self.pane(name)
        self._event_detail()

    @property
    def home(self) -> str:
        """The pane that Esc leads back to: the records, or the events where there is nothing else."""
        return "events" if self.only_events else "records"

    @property
    def shows_events(self) -> bool:
        """Counts beside the panes are of events: they are in front, or nothing else is looked at."""
        return INSIDE.get(self._tab, self._tab) == "events" or self.only_events or (self.kinds == "events" and self.is_mixed)

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002
        """Other panes may fit now, and the time line has other columns."""
        self._arrange()
        if self.session is not None:
            self.call_after_refresh(self.count_again)

    def _arrange(self) -> None:
        before = set(self.panes)
        self._place()
        if set(self.panes) - before:
            self.count_again()

    @property
    def detail_pane(self) -> RowDetail:
        """The detail that belongs to the pane in the middle; that of the records where it has none."""
        of_event = DETAILS.get(self._tab) == EVENT or (self._tab == "records" and self.table.event is not None)
        return self._event_detail() if of_event else self.query_one("#detail", RowDetail)

    def _event_detail(self) -> RowDetail:
        """The detail of events, mounted by now."""
        for found in self.query(f"#{EVENT}"):
            return cast("RowDetail", found)
        from netsleuth_tui.tui.widgets.event_detail import EventPane

        made = EventPane(self.detail_lane, slow_link=self.slow_link, id=EVENT)
        made.display = False
        self.query_one("#main").mount(made, before="#prompt")
        return made

    def _place(self) -> None:
        width, height = self.app.size
        self._placed_lanes = self._lanes
        placed = arrange(width, height, replace(self.wishes, records=self._tab in DETAILS, lanes=self._lanes, marks=self.has_findings))
        self.query_one("#small").display = placed.too_small
        self.query_one("#main").display = not placed.too_small
        self.set_class(width < 100, "-narrow")
        time_line, facets = self.query_one("#timeline"), self.query_one("#facets", Facets)
        time_line.display = placed.timeline_height > 0
        time_line.styles.height = "1fr" if self.wishes.whole == "timeline" else placed.timeline_height
        facets.display = placed.facets
        facets.styles.width = "1fr" if placed.facets_alone else FACETS_WIDTH if width >= WIDE else NARROW_FACETS
        facets.show_events(self.shows_events)
        self.query_one("#middle").display = placed.table
        for pane in self.query_one("#middle").children:
            if pane.id in {*TABS, *INSIDE}:
                pane.display = pane.id == self._tab
        self.query_one("#body").display = placed.table or placed.facets_alone
        self._place_detail(placed)
        if self.focused is not None and not is_seen(self.focused):
            self._front(placed).focus()

    def _place_detail(self, placed: Arrangement) -> None:
        """Of the details, the one that belongs to the pane in the middle."""
        detail = self.detail_pane
        for other in self.query("#detail, #event"):
            if other is not detail:
                other.display = False
        appears = placed.detail and not detail.display
        detail.display = placed.detail
        detail.styles.height = placed.detail_height or "1fr"
        detail.place(layers=placed.layers, hex_seen=placed.hex)
        if appears and self.session is not None:
            detail.show(self.session, self._row_in_front())

    def fit_detail(self) -> None:
        """The cursor of the records has gone from a packet to an event, or back: the detail is another one."""
        shown = next((pane for pane in self.query("#detail, #event") if pane.display), None)
        if shown is not None and shown is not self.detail_pane:
            self._place()

    def _row_in_front(self) -> int | None:
        """Row id of the packet or event under the cursor of the pane in the middle."""
        tab = self.tab
        if tab is self.table:
            return self.table.packet if self.table.event is None else self.table.event
        return tab.row if isinstance(tab, PagedTable) else self.table.packet

    def _front(self, placed: Arrangement) -> Widget:
        """What takes the keys when the pane in use has gone."""
        if placed.table:
            return self.tab
        if placed.facets:
            return self.query_one("#facets")
        return self.detail_pane.front if placed.detail else self.query_one("#timeline")

    def close_lanes(self, timeout: float) -> None:
        """End the threads that count and take apart; wait for each at most `timeout` seconds."""
        self.lane.close(timeout)
        self.detail_lane.close(timeout)
        self.value_lane.close(timeout)
        self.forsake_search()
        self.findings_lane.close(timeout)

    def wish(self, wishes: Wishes) -> None:
        """Switch panes on or off, or leave them to the size of the screen."""
        self.wishes = wishes
        self._arrange()

    # Keys

    def action_facets(self) -> None:
        """Go to the breakdowns; from there: hide them."""
        facets = self.query_one("#facets")
        if facets.display and self.focused is facets:
            self.wish(replace(self.wishes, facets=False if self.app.size.width >= 100 else None, whole=None))
            self.go_to_tab()
        else:
            self.wish(replace(self.wishes, facets=True, detail=False, whole=None))
            facets.focus()

    def action_timeline(self) -> None:
        """Go to the time line."""
        self._unless_whole("timeline")
        self.query_one("#timeline").focus()

    @property
    def _lanes(self) -> int:
        """Of the time line."""
        return 2 if self.is_mixed and self.kinds == "both" else 1

    def fit_contents(self) -> None:
        """Logs alone are looked at by their events, unless the user has gone elsewhere already."""
        session, progress = self.session, self.progress
        self.query_one("#facets", Facets).show_events(self.shows_events)
        if self._lanes != self._placed_lanes:
            self._place()
        if self._landed or session is None or progress is None:
            return
        self._landed = not self.only_events or progress.files <= len(session.store.sources) or not self.is_loading
        if self._landed and self.only_events and self._tab == "records":
            if self.focused in {None, self.table}:
                self.action_tab("events")
            else:
                self._choose("events")
                self._arrange()

    def go_to_tab(self) -> None:
        """Go to the pane in the middle."""
        self._unless_whole("table")
        if not self.query_one("#middle").display:
            self.wish(replace(self.wishes, detail=False, facets=None))
        if is_seen(self.tab):
            self.tab.focus()

    def action_tab(self, name: str) -> None:
        """Put another pane into the middle, and go there."""
        self._choose(name)
        self._unless_whole("table")
        self.wish(replace(self.wishes, detail=False, facets=self.wishes.facets if self.app.size.width >= 100 else None))
        self.go_to_tab()

    def _choose(self, name: str) -> None:
        """Have a pane in the middle from the next arrangement on."""
        self._tab = name
        self.pane(name)
        self.query_one("#tabs", Tabs).choose(list(TABS).index(INSIDE.get(name, name)))
        self.show_amounts()

    def go_to_rows(self, *, events: bool) -> None:
        """Go to the packets, or to the events one by one."""
        self.action_tab("event-list" if events else "records")

    def fit_marks(self) -> None:
        """The time line has a line more or less."""
        self._arrange()

    def action_kinds(self) -> None:
        """Packets and events, packets alone, events alone: in the records and on the time line."""
        if not self.is_mixed:
            self.status.say(f"there are only {'events' if self.only_events else 'packets'}", "warning")
            return
        following: dict[Kinds, Kinds] = {"both": "packets", "packets": "events", "events": "both"}
        self.kinds = following[self.kinds]
        self.query_one("#timeline", TimeLine).show_kinds(self.kinds)
        self.table.show_kinds(self.kinds)
        self._place()
        self.show_amounts()
        self.status.say({"both": "packets and events", "packets": "packets alone", "events": "events alone"}[self.kinds], "good")

    def action_whole(self) -> None:
        """The pane in use on the whole screen, or all panes again."""
        self.wish(replace(self.wishes, whole=None if self.wishes.whole is not None else self._place_in_use()))

    def bring(self, widget: Widget) -> None:
        """Show a pane, or a part of one, and go there."""
        pane = pane_of(widget)
        if pane is not None and pane.id is not None and pane.id in {*TABS, *INSIDE}:
            self.action_tab(pane.id)
        elif pane is not None and not is_seen(widget):
            of = {detail: tab for tab, detail in DETAILS.items()}.get(pane.id or "")
            if of is not None:
                self._choose(of)
            self.wish(replace(self.wishes, whole=None, detail=of is not None, facets=pane.id == "facets" or None))
        if is_seen(widget):
            widget.focus()

    def _place_in_use(self) -> Place:
        pane = pane_of(self.focused)
        places: dict[str, Place] = {"timeline": "timeline", "facets": "facets", "detail": "detail", EVENT: "detail"}
        return places.get(pane.id or "", "table") if pane is not None else "table"

    def _unless_whole(self, place: Place) -> None:
        """All panes again, if what has the whole screen is another one."""
        if self.wishes.whole not in {None, place}:
            self.wish(replace(self.wishes, whole=None))
