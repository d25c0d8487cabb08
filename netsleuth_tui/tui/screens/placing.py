"""Where the panes are: by the size of the terminal, by what the user switched, and which tab is in front."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from netsleuth_tui.tui.layout import Arrangement, Place, Wishes, arrange
from netsleuth_tui.tui.panes import Pane, is_seen, pane_of
from netsleuth_tui.tui.screens.asking import Asking
from netsleuth_tui.tui.widgets.detail_pane import DetailPane
from netsleuth_tui.tui.widgets.tabs import Tabs

if TYPE_CHECKING:
    from textual import events
    from textual.widget import Widget

__all__ = ["INSIDE", "TABS", "Placing"]

WIDGETS = "netsleuth_tui.tui.widgets"

TABS = MappingProxyType(
    {"records": ("1", "Records"), "conversations": ("2", "Conversations"), "esp": ("3", "ESP"), "explain": ("x", "Explain")}
)
"""Panes that take turns in the middle: id of the widget, its key, its title."""
INSIDE = MappingProxyType({"association": "esp"})
"""Panes that open from another one and take its place: its tab stays in front."""
CLASSES = MappingProxyType(
    {
        "conversations": ("conversations", "ConversationTable"),
        "esp": ("esp_table", "EspTable"),
        "association": ("esp_detail", "EspDetail"),
        "explain": ("explain", "ExplainPane"),
    }
)
"""Module and class of the panes that are imported and mounted when they are first asked for: the first paint does not wait for them."""

WIDE = 140
FACETS_WIDTH, NARROW_FACETS = 32, 27


class Placing(Asking):
    """The part of the main screen that arranges the panes."""

    wishes = Wishes()
    _tab = "records"

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

    def _place(self) -> None:
        width, height = self.app.size
        placed = arrange(width, height, replace(self.wishes, records=self._tab == "records"))
        self.query_one("#small").display = placed.too_small
        self.query_one("#main").display = not placed.too_small
        self.set_class(width < 100, "-narrow")
        time_line, facets, detail = self.query_one("#timeline"), self.query_one("#facets"), self.query_one("#detail", DetailPane)
        time_line.display = placed.timeline_height > 0
        time_line.styles.height = "1fr" if self.wishes.whole == "timeline" else placed.timeline_height
        facets.display = placed.facets
        facets.styles.width = "1fr" if placed.facets_alone else FACETS_WIDTH if width >= WIDE else NARROW_FACETS
        self.query_one("#middle").display = placed.table
        for pane in self.query_one("#middle").children:
            if pane.id in {*TABS, *INSIDE}:
                pane.display = pane.id == self._tab
        self.query_one("#body").display = placed.table or placed.facets_alone
        appears = placed.detail and not detail.display
        detail.display = placed.detail
        detail.styles.height = placed.detail_height or "1fr"
        detail.place(layers=placed.layers, hex_seen=placed.hex)
        if appears and self.session is not None:
            detail.show(self.session, self.table.row)
        if self.focused is not None and not is_seen(self.focused):
            self._front(placed).focus()

    def _front(self, placed: Arrangement) -> Widget:
        """What takes the keys when the pane in use has gone."""
        if placed.table:
            return self.tab
        if placed.facets:
            return self.query_one("#facets")
        return self.query_one("#detail", DetailPane).front if placed.detail else self.query_one("#timeline")

    def close_lanes(self, timeout: float) -> None:
        """End the threads that count and take apart; wait for each at most `timeout` seconds."""
        self.lane.close(timeout)
        self.detail_lane.close(timeout)
        self.value_lane.close(timeout)

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

    def go_to_tab(self) -> None:
        """Go to the pane in the middle."""
        self._unless_whole("table")
        if not self.query_one("#middle").display:
            self.wish(replace(self.wishes, detail=False, facets=None))
        if is_seen(self.tab):
            self.tab.focus()

    def action_tab(self, name: str) -> None:
        """Put another pane into the middle, and go there."""
        self._tab = name
        self.pane(name)
        self.query_one("#tabs", Tabs).choose(list(TABS).index(INSIDE.get(name, name)))
        self._unless_whole("table")
        self.wish(replace(self.wishes, detail=False, facets=self.wishes.facets if self.app.size.width >= 100 else None))
        self.go_to_tab()

    def action_whole(self) -> None:
        """The pane in use on the whole screen, or all panes again."""
        self.wish(replace(self.wishes, whole=None if self.wishes.whole is not None else self._place_in_use()))

    def bring(self, widget: Widget) -> None:
        """Show a pane, or a part of one, and go there."""
        pane = pane_of(widget)
        if pane is not None and pane.id is not None and pane.id in {*TABS, *INSIDE}:
            self.action_tab(pane.id)
        elif pane is not None and not is_seen(widget):
            self._tab = "records" if pane.id == "detail" else self._tab
            self.wish(replace(self.wishes, whole=None, detail=pane.id == "detail", facets=pane.id == "facets" or None))
        if is_seen(widget):
            widget.focus()

    def _place_in_use(self) -> Place:
        pane = pane_of(self.focused)
        places: dict[str, Place] = {"timeline": "timeline", "facets": "facets", "detail": "detail"}
        return places.get(pane.id or "", "table") if pane is not None else "table"

    def _unless_whole(self, place: Place) -> None:
        """All panes again, if what has the whole screen is another one."""
        if self.wishes.whole not in {None, place}:
            self.wish(replace(self.wishes, whole=None))
