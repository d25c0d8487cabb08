"""The records: every row of the scope, however many, drawn from the page that is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.keys import key
from netsleuth_tui.tui.messages import DetailRequested, FilterChosen, RowChanged, Told
from netsleuth_tui.tui.pages import DAY, RecordPages
from netsleuth_tui.tui.panes import Look, Question, Seen
from netsleuth_tui.tui.widgets.column_table import TableColumn
from netsleuth_tui.tui.widgets.paged_table import PagedTable

if TYPE_CHECKING:
    from rich.style import Style

    from netsleuth_tui.analysis import Found, Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["RecordTable"]

USUAL = (
    TableColumn("frame.number", "No.", right=True),
    TableColumn("frame.time", "Time"),
    TableColumn("_ws.col.def_src", "Source", "Source address, of whatever version"),
    TableColumn("_ws.col.def_dst", "Destination", "Destination address, of whatever version"),
    TableColumn("_ws.col.protocol", "Protocol", short="Proto"),
    TableColumn("frame.len", "Length", short="Len", right=True),
    TableColumn("info", "Info", "What the decoder knows of the packet, in one line", long=True),
)
"""As in Wireshark."""


def _all() -> dict[str, TableColumn]:
    """Every column that records can have, by name: the usual ones, then every field."""
    from netsleuth_tui.query.fields import FIELDS

    known = {column.name: replace(column, about=FIELDS[column.name].description) if column.name in FIELDS else column for column in USUAL}
    for field in FIELDS.values():
        right = field.kind in {"uint", "bool"} and field.base == 10 and len(field.columns) == 1
        known.setdefault(field.name, TableColumn(field.name, field.name, field.description, right=right))
    known["file"] = TableColumn("file", "File", "The file that the packet is in")
    return known


class RecordTable(PagedTable[RecordPages]):
    """One line per packet, with a header; any field can be a column."""

    NAME = "records"
    TITLE = "the records"
    ABOUT = (
        "One line per packet, all of them. Columns are Wireshark's; any field can be one. The cell under both cursors is what + - = put"
        " into the filter: a time stands for its second, the Info for what tells most."
    )

    ITEM, ITEMS = "packet", "records"
    WHERE_TO = "Go to frame or time:"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "open",
            "detail",
            id="records.detail",
            tooltip="take the packet apart, layer by layer, with its bytes",
        ),
        key("records.go", "at,ctrl+g", "go", "go to a frame by its number, or to a time", "@"),
        key("records.follow", "F", "follow", "follow the conversation of the packet: nothing but its addresses, ports and protocol"),
        key("records.mark", "m", "mark", "mark the packet, or take its mark away"),
        key("records.next_mark", "apostrophe", "to_mark(1)", "to the next mark", "'"),
        key("records.previous_mark", "quotation_mark", "to_mark(-1)", "to the mark before", '"'),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(USUAL, id=id)

    def settle(self, columns: Sequence[str]) -> list[str]:
        """Show the columns that the user has settled on; returns the names of those that do not exist."""
        if not columns:
            return []
        known = _all()
        wanted = [known[name] for name in columns if name in known]
        if wanted:
            self.show_columns(wanted)
        return [name for name in columns if name not in known]

    # What is shown

    def question(self) -> Question | None:
        """The order of the rows, where it is not that of the capture."""
        if self.sorted_by is None:
            return None
        return partial(_ordered, *self.sorted_by)

    def is_slow(self) -> bool:
        """True while the rows have to be sorted."""
        return self.sorted_by is not None

    def answer(self, seen: Seen, result: Any) -> None:
        """Show other rows; the cursor stays on its packet, or goes to the next one that is there."""
        row = self.row
        first, last = seen.overview.first, seen.overview.last
        days = first is not None and last is not None and first // DAY != last // DAY
        rows, order = result if result is not None else (seen.overview.rows, None)
        self._pages = RecordPages(seen.store, rows, self._names, days=days, order=order)
        self.sorting = False
        self.nothing = seen.nothing
        if not seen.same_scope:
            self.forget_widths()
        self.reset(self._pages.position(row) if row is not None else 0)
        if self.row != row:
            self.post_message(RowChanged(self.row, by_key=False))

    def cell_style(self, column: TableColumn, text: str) -> Style:
        """Protocols have colours."""
        return self.palette.protocol(text) if column.name == "_ws.col.protocol" else self.palette.text

    def cursor_moved(self) -> None:
        """Say which packet it is."""
        self.post_message(RowChanged(self.row))

    # Columns

    def choices(self) -> list[TableColumn]:
        """Every field."""
        return list(_all().values())

    def can_sort(self, name: str) -> bool:
        """By any but the Info."""
        from netsleuth_tui.analysis import can_sort

        return can_sort(name)

    def show_columns(self, columns: Sequence[TableColumn]) -> None:
        """Read other fields of the same rows."""
        self.columns = list(columns)
        old = self._pages
        if old is not None:
            self._pages = RecordPages(old.store, old.rows, self._names, days=old.days, order=old.order)
        super().show_columns(columns)

    def add_column(self, name: str) -> None:
        """Show a field, before the Info, or go to it where it is shown already."""
        known = _all()
        if name not in known:
            self.post_message(Told(f"{display(name, limit=80)} cannot be a column", "warning"))
            return
        if name not in self._names:
            at = self._names.index("info") if "info" in self._names else len(self.columns)
            self.show_columns([*self.columns[:at], known[name], *self.columns[at:]])
        self.column = self._names.index(name)
        self.action_column(0)

    # Filters

    def term(self) -> str | None:
        """The cell under both cursors."""
        from netsleuth_tui.analysis import cell_filter

        if self._pages is None or self.row is None:
            return None
        return cell_filter(self._pages.store, self.row, self.name_here)

    def cursor_time(self) -> tuple[int, int] | None:
        """The instant of the packet."""
        from netsleuth_tui.decode.columns import NO_TIME

        if self._pages is None or self.row is None:
            return None
        time = int(self._pages.store.columns().time[self.row])
        return (time, time + 1) if time != NO_TIME else None

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All rows of the scope in this order, with the columns that were chosen; where none were, with those of `netsleuth export`."""
        from netsleuth_tui.analysis import EXPORTED, records_table

        chosen = EXPORTED if self._names == [column.name for column in USUAL] else tuple(self._names)
        return partial(records_table, fields=chosen, sorted_by=self.sorted_by)

    def action_follow(self) -> None:
        """Nothing but this conversation."""
        from netsleuth_tui.analysis import conversation_of

        if self._pages is None or self.row is None:
            return
        text = conversation_of(self._pages.store, self.row)
        if text is None:
            self.post_message(Told("this packet has no IP addresses, and so no conversation", "warning"))
        else:
            self.post_message(FilterChosen(text))

    def find(self, pages: RecordPages, text: str) -> Found:
        """By the number of its frame, or its time."""
        from netsleuth_tui.analysis import find_row

        return find_row(pages.store, pages.rows, text, self.row)

    def action_open(self) -> None:
        """Show the packet in detail."""
        if self.row is not None:
            self.post_message(DetailRequested())


def _ordered(name: str, descending: bool, look: Look) -> Any:
    from netsleuth_tui.analysis import sorted_rows

    return look.rows, sorted_rows(look.store, look.rows, name, descending=descending, cancelled=look.cancelled)
