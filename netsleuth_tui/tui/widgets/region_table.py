"""Regions of the scope: a line for each office, country or subnet, with its resets and when they were."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import cut, line
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import PaneChanged, TermChosen
from netsleuth_tui.tui.numbers import size
from netsleuth_tui.tui.panes import Look, Question, Seen
from netsleuth_tui.tui.widgets.column_table import TableColumn
from netsleuth_tui.tui.widgets.counted_table import Answer, CountedTable, Order, in_order
from netsleuth_tui.wording import grouped

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

    from netsleuth_tui.analysis import Grouping, Scope, Side
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Cell, Table

__all__ = ["RegionTable"]

COLUMNS = tuple(
    TableColumn(name, title, about, right=right)
    for name, title, right, about in (
        ("region", "Region", False, "Site, class of address, country or subnet: p chooses what a line is"),
        ("packets", "Packets", True, "Packets that count for it: o chooses for whom a packet counts"),
        ("resets", "RST", True, "Packets with TCP RST"),
        ("resets_per_1000", "RST/1000", True, "Resets in 1 000 packets; by their sender: in 1 000 packets that it sent"),
        ("resets_over_time", "RST over time", False, "Resets in 24 parts of the time; all lines have one scale"),
        ("hosts", "Hosts", True, "Distinct addresses"),
        ("bytes", "Bytes", True, "Bytes on the wire"),
        ("packets_over_time", "Packets over time", False, "Packets in 24 parts of the time; all lines have one scale"),
        ("resets_sent", "RST sent", True, "Resets that it sent"),
        ("resets_received", "RST got", True, "Resets that it received"),
        ("syns", "SYN", True, "Packets with TCP SYN"),
        ("esp", "ESP", True, "Packets with ESP"),
        ("retransmissions", "Retr", True, "TCP segments that were sent again, as conversations count them"),
    )
)
SHOWN = 12
"""So many of them are shown until others are chosen: retransmissions take longer to find out."""
GROUPINGS: tuple[tuple[Grouping, str], ...] = (
    ("region", "Region"), ("site", "Site"), ("country", "Country"), ("continent", "Continent"), ("asn", "System"),
    ("/8", "Subnet /8"), ("/16", "Subnet /16"), ("/24", "Subnet /24"),
)  # fmt: skip
SIDES: tuple[tuple[Side, str], ...] = (
    ("either", "source or destination"), ("src", "source"), ("dst", "destination"), ("reset-sender", "sender of the reset"),
)  # fmt: skip
OVER_TIME = ("resets_over_time", "packets_over_time")
ALARMING = ("resets_over_time",)
LOW = 10
"""Lines of a pane in which the footer has one line, where the others are taken."""


@dataclass(frozen=True, slots=True)
class Placed(Answer):
    """Regions, and where places come from."""

    remarks: tuple[str, ...]


class RegionTable(CountedTable):
    """One line per region, those with most packets first."""

    NAME = "regions"
    TITLE = "the regions"
    ABOUT = (
        "One line per region: a site of your own list, else the class of an address that is not public, else its country. p groups by site,"
        " country, continent, system or subnet instead; o chooses whether a packet counts for its source, its destination or either, and r"
        " counts resets by who sent them. Countries are approximate. Enter filters on the line."
    )

    NO_LINES = "No packet here has IP addresses."

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("regions.only", "enter", "narrow", "filter on it", "narrow the filter to the region; once more widens it", "Enter"),
        footer_key("regions.by", "p", "by(1)", "by", "group by the next: region, site, country, continent, system, subnet /8, /16, /24"),
        key("regions.by_back", "P", "by(-1)", "group by the one before"),
        footer_key("regions.of", "o", "of", "of", "packets count for: source or destination, source, destination, sender of the reset"),
        footer_key("regions.resets", "r", "resets", "resets", "count resets by who sent them; once more: all packets"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        self.by: Grouping = "region"
        self.side: Side = "either"
        self._remarks: tuple[str, ...] = ()
        self._greatest: dict[str, int] = {}
        super().__init__(COLUMNS[:SHOWN], ("packets", True), id=id)

    # What is shown

    def question(self) -> Question:
        """Count, unless only the order is another one."""
        again = any(column.name == "retransmissions" for column in self.columns)
        return partial(_count, self.by, self.side, again, self.sorted_by, self.answered)

    def answer(self, seen: Seen, result: Any) -> None:
        """Show other regions (a `Placed`), or why there are none (a text)."""
        if isinstance(result, str):
            self.forget()
            self.sorting, self.nothing = False, display(result, limit=400)
            self.redraw()
            return
        self._greatest = {name: int(result.found.numbers(name).max(initial=0)) for name in OVER_TIME}
        self._remarks = tuple(display(text, limit=400) for text in result.remarks)
        super().answer(seen, result)
        if not self.count() and not seen.nothing and self.side == "reset-sender":
            self.nothing = "No TCP reset is here. o counts other packets."
            self.redraw()

    def cell_text(self, name: str, cell: Cell) -> str:
        """Numbers grouped, sizes short, time lines drawn."""
        if cell is None:
            return ""
        if name in OVER_TIME:
            return self.glyphs.sparkline([int(number) for number in str(cell).split()], self._greatest.get(name, 0))
        if name == "bytes" and not isinstance(cell, str):
            return size(cell)
        if isinstance(cell, float):
            return f"{cell:.1f}"
        return grouped(cell) if isinstance(cell, int) else display(cell, limit=200)

    def cell_style(self, column: TableColumn, text: str) -> Style:  # noqa: ARG002
        """Resets over time stand out."""
        return self.palette.warning if column.name in ALARMING else self.palette.muted if column.name in OVER_TIME else self.palette.text

    def total(self) -> str:
        """How many there are."""
        return grouped(self.count()) if self.answered is not None else ""

    # The footer

    @property
    def page(self) -> int:
        """Lines that fit between the header and the footer."""
        return max(self.size.height - self.HEADER - len(self._footer(self.size.width)), 1)

    def draw(self, y: int, width: int) -> Strip:
        """A line of the table, or of what stands below it."""
        footer = self._footer(width)
        at = y - (self.size.height - len(footer))
        if footer and at >= 0:
            return line([(cut(footer[at], width, self.glyphs.ellipsis), self.palette.muted)], width, self.palette.muted)
        return super().draw(y, width)

    def _footer(self, width: int) -> list[str]:
        """What a line is, who is nowhere, and where places come from: all of it where lines are free, else the beginning of it."""
        height = self.size.height
        if height < 5:
            return []
        first = f"by {dict(GROUPINGS)[self.by].lower()} {self.glyphs.dot} of the {dict(SIDES)[self.side]}"
        said = [*(["all private: p shows subnets, --sites names offices"] if self._all_private() else []), *self._remarks]
        wrapped = textwrap.wrap(f" {self.glyphs.dot} ".join([first, *said]), max(width - 1, 20))
        free = max(height - self.HEADER - self.count(), 1 if height < LOW else 2)
        return wrapped if len(wrapped) <= free else [*wrapped[: free - 1], " ".join(wrapped[free - 1 :])]

    def _all_private(self) -> bool:
        found = self.answered.found if self.answered is not None else None
        return found is not None and 0 < found.seen == found.unmapped

    # Columns

    def choices(self) -> list[TableColumn]:
        """All columns."""
        return list(COLUMNS)

    def show_columns(self, columns: Any) -> None:
        """Retransmissions are found out when they are wanted."""
        before = {column.name for column in self.columns}
        super().show_columns(columns)
        if "retransmissions" in {column.name for column in self.columns} - before:
            self.post_message(PaneChanged(self))

    def action_by(self, step: int) -> None:
        """Group by something else; the cursor stays with its host."""
        names = [name for name, _ in GROUPINGS]
        self.by = names[(names.index(self.by) + step) % len(names)]
        title = dict(GROUPINGS)[self.by]
        self.columns = [replace(column, title=title) if column.name == "region" else column for column in self.columns]
        self._ask_again()

    def action_of(self) -> None:
        """Count for the next side."""
        names = [name for name, _ in SIDES]
        self._count_for(names[(names.index(self.side) + 1) % len(names)])

    def action_resets(self) -> None:
        """Resets by their sender, or everything."""
        self._count_for("either" if self.side == "reset-sender" else "reset-sender")

    def _count_for(self, side: Side) -> None:
        self.side = side
        if self.sorted_by in {("packets", True), ("resets", True)}:
            self.sorted_by = ("resets" if side == "reset-sender" else "packets", True)
        self._ask_again()

    def _ask_again(self) -> None:
        self.sorting = True
        self.redraw()
        self.post_message(PaneChanged(self))

    # Filters, times, and files

    def cursor_time(self) -> tuple[int, int] | None:
        """From the first part of the time in which the region has packets to the last."""
        return self.answered.found.busy(self.number) if self.answered is not None and self.number is not None else None

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All regions of the scope, in this order, with their filters."""
        return partial(_table, self.by, self.side, self.sorted_by)

    def action_narrow(self) -> None:
        """Put it into the filter, or take it out again."""
        term = self.term()
        if term is not None:
            self.post_message(TermChosen(term))


def _count(by: Grouping, side: Side, again: bool, sorted_by: Order, before: Answer | None, look: Look) -> Placed | str:
    from netsleuth_tui.analysis import region_remarks, regions, with_retransmissions
    from netsleuth_tui.analysis.flows import is_ready

    packets, rows = look.store.packets, look.rows
    same = before is not None and before.holds_for(look) and (before.found.groups.by, before.found.side) == (by, side)
    if same and before is not None:
        found = before.found
    else:
        try:
            found = regions(look.store, look.scope, by=by, side=side, rows=rows)
        except NetSleuthError as error:
            return str(error)
    if again and found.retransmissions is None and is_ready(rows):
        found = with_retransmissions(look.store, rows, found, cancelled=look.cancelled)
    ordered = in_order(found, sorted_by, look, packets)
    return Placed(ordered.found, ordered.order, ordered.scope, ordered.packets, tuple(region_remarks(look.store, found)))


def _table(by: Grouping, side: Side, sorted_by: Order, store: Store, scope: Scope) -> Table:
    from netsleuth_tui.analysis import regions, regions_table, rows_of, with_retransmissions

    rows = rows_of(store, scope)
    found = with_retransmissions(store, rows, regions(store, scope, by=by, side=side, rows=rows))
    name, descending = sorted_by if sorted_by is not None else ("packets", True)
    return regions_table(found, found.order(name, descending=descending))
