"""The records: every row of the scope, however many, drawn from the page that is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.keys import key
from netsleuth_tui.tui.messages import DetailRequested, EventDetailRequested, EventRowChanged, FilterChosen, PaneChanged, RowChanged, Told
from netsleuth_tui.tui.pages import MixedPages, RecordPages
from netsleuth_tui.tui.panes import Frames, Look, Question, Seen
from netsleuth_tui.tui.widgets.column_table import TableColumn
from netsleuth_tui.tui.widgets.paged_table import PagedTable

if TYPE_CHECKING:
    from rich.style import Style

    from netsleuth_tui.analysis import Found, Kinds, Scope
    from netsleuth_tui.analysis.interleaving import Interleaved
    from netsleuth_tui.store import Rows, Store
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
    from netsleuth_tui.query.fields import NAMED

    known = {column.name: replace(column, about=NAMED[column.name].description) if column.name in NAMED else column for column in USUAL}
    for field in NAMED.values():
        right = field.kind in {"uint", "bool", "duration"} and field.base == 10 and len(field.columns) == 1
        known.setdefault(field.name, TableColumn(field.name, field.name, field.description, right=right))
    known["file"] = TableColumn("file", "File", "The file that the packet is in")
    return known


class RecordTable(PagedTable[RecordPages]):
    """One line per packet, with a header; any field can be a column."""

    NAME = "records"
    TITLE = "the records"
    ABOUT = (
        "One line per packet, all of them, and per event of logs and traces, in the order of time; E leaves packets or events out, as a"
        " filter by fields of one kind does. Columns are Wireshark's; any field can be one. Of an event, Source is its computer, or else"
        " its provider, Protocol its id, Info its title and data. The cell under both cursors is what + - = put into the filter: a time"
        " stands for its second, the Info for what tells most. On the last line the cursor follows what is read on."
    )

    ITEM, ITEMS = "packet", "records"
    WHERE_TO = "Go to frame or time:"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "open",
            "detail",
            id="records.detail",
            tooltip="take the packet apart, layer by layer, with its bytes; show all fields of the event",
        ),
        key("records.go", "at,ctrl+g", "go", "go to a frame by its number, or to a time", "@"),
        key("records.follow", "F", "follow", "follow the conversation of the packet: nothing but its addresses, ports and protocol"),
        key("records.mark", "m", "mark", "mark the packet, or take its mark away"),
        key("records.next_mark", "apostrophe", "to_mark(1)", "to the next mark", "'"),
        key("records.previous_mark", "quotation_mark", "to_mark(-1)", "to the mark before", '"'),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(USUAL, id=id)
        self.kinds: Kinds = "both"
        """Whether packets, events or both are shown, where there are both."""
        self._out_of_order = False
        """Packets or events have to be brought into the order of time first."""
        self._missing = False
        """A column follows from other packets, which have to be looked at yet."""
        self._judging = False
        """The question that was asked last is to look at them: only once the rows are shown."""

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

    @property
    def packet(self) -> int | None:
        """Row id of the packet under the cursor; None where an event is there, or nothing."""
        from netsleuth_tui.analysis.interleaving import packet_of

        return packet_of(self.row)

    @property
    def event(self) -> int | None:
        """Row id of the event under the cursor; None where a packet is there, or nothing."""
        from netsleuth_tui.analysis.interleaving import event_of

        return event_of(self.row)

    def show_kinds(self, kinds: Kinds) -> None:
        """Show packets, events or both."""
        self.kinds = kinds
        self.post_message(PaneChanged(self))

    def question(self) -> Question | None:
        """The order of the rows, where it is not that of the capture."""
        self._judging, self._missing = self._missing, False
        return partial(_ordered, self.sorted_by, self.kinds, tuple(self._names) if self._judging else ())

    def is_slow(self) -> bool:
        """True while the rows have to be sorted, or all packets to be looked at for a column."""
        return self.sorted_by is not None or self._out_of_order or self._judging

    def answer(self, seen: Seen, result: Any) -> None:
        """Show other rows, as `put` does."""
        from netsleuth_tui.analysis.times import date_for

        row, store, overview = self.row, seen.store, seen.overview
        first, last = (overview.first, overview.last) if not store.events.rows else store.span or (None, None)
        date = date_for((first, last), whole=store.span) if first is not None and last is not None else 0
        pages = self._made(store, *result, date=date)
        together = store.captures_overlap or store.logs_overlap or bool(store.packets and store.events.rows)
        self._out_of_order = together and not (store.table.in_order and store.events.in_order)
        judged = self._judging
        self.sorting = self._judging = False
        self.nothing = "" if len(pages) else seen.nothing or seen.no_events
        self.put(pages, same_scope=seen.same_scope, order=self.sorted_by or (self.kinds if self.kinds != "both" else None))
        if self.row != row:
            self.tell(by_key=False)
        if not judged:  # else packets that came meanwhile wait for the next count, which comes at a pace that leaves others room
            self._judge()

    def failed(self) -> None:
        """Nor that packets are looked at."""
        self._judging = False
        super().failed()

    def _judge(self) -> None:
        """Have the packets looked at, where a column of those that are shown follows from others that were not."""
        from netsleuth_tui.analysis import is_judged

        pages = self._pages
        if pages is not None and not is_judged(pages.store, self._names, pages.packets):
            self._missing = True
            self.post_message(PaneChanged(self))

    def remark(self) -> str:
        """How many rows are marked; that packets are still looked at."""
        return ("looking at all packets " if self._missing or self._judging else "") + super().remark()

    def _made(self, store: Store, rows: Rows | Interleaved, order: Any, by_time: bool, *, date: int) -> RecordPages:
        from netsleuth_tui.store.rows import Rows

        kind = RecordPages if isinstance(rows, Rows) else MixedPages
        return kind(store, rows, self._names, date=date, order=order, by_time=by_time)

    def tell(self, *, by_key: bool) -> None:
        """Say what is under the cursor."""
        event = self.event
        self.post_message(RowChanged(self.packet, by_key=by_key) if event is None else EventRowChanged(event, by_key=by_key))

    def cell_style(self, column: TableColumn, text: str) -> Style:
        """Protocols have colours; events stand out."""
        if column.name != "_ws.col.protocol":
            return self.palette.text
        return self.palette.accent if text.startswith("Event ") else self.palette.protocol(text)

    def cursor_moved(self) -> None:
        """Say which packet or event it is."""
        self.tell(by_key=True)

    # Columns

    def choices(self) -> list[TableColumn]:
        """Every field; of events, too, where there are any."""
        return [*_all().values(), *(_of_events(self._pages.store) if self._pages is not None else ())]

    def can_sort(self, name: str) -> bool:
        """By any but the Info."""
        from netsleuth_tui.analysis import can_sort, can_sort_events, counterpart

        return can_sort(name) or (counterpart(name) is not None and can_sort_events(name))

    def show_columns(self, columns: Sequence[TableColumn]) -> None:
        """Read other fields of the same rows."""
        self.columns = list(columns)
        old = self._pages
        if old is not None:
            self._pages = self._made(old.store, old.rows, old.order, old.by_time, date=old.date)
        super().show_columns(columns)
        self._judge()

    def add_column(self, name: str) -> None:
        """Show a field, before the Info, or go to it where it is shown already."""
        known = {column.name: column for column in self.choices()}
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
        from netsleuth_tui.analysis import cell_filter, counterpart, event_cell_filter

        event, packet = self.event, self.packet
        if self._pages is None or (packet is None and event is None):
            return None
        if event is None:
            return cell_filter(self._pages.store, packet or 0, self.name_here)
        return event_cell_filter(self._pages.store, event, counterpart(self.name_here) or "info")

    def cursor_time(self) -> tuple[int, int] | None:
        """The instant of the packet or event."""
        from netsleuth_tui.decode.columns import NO_TIME

        if self._pages is None or self.row is None:
            return None
        store, event = self._pages.store, self.event
        time = int(store.columns().time[self.row] if event is None else store.events.view().time[event])
        return (time, time + 1) if time != NO_TIME else None

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All rows of the scope in this order, with the columns that were chosen; where none were, with those of `netsleuth export`."""
        usual = self._names == [column.name for column in USUAL]
        return partial(_table, fields=None if usual else tuple(self._names), sorted_by=self.sorted_by, kinds=self.kinds)

    def frames(self, scope: Scope) -> Frames | None:
        """None where events alone are shown."""
        return super().frames(scope) if self.kinds != "events" else None

    def action_follow(self) -> None:
        """Nothing but this conversation."""
        from netsleuth_tui.analysis import conversation_of

        packet = self.packet
        if self._pages is None or self.row is None:
            return
        text = conversation_of(self._pages.store, packet) if packet is not None else None
        if text is None:
            what = "an event has no conversation" if packet is None else "this packet has no IP addresses, and so no conversation"
            self.post_message(Told(what, "warning"))
        else:
            self.post_message(FilterChosen(text))

    def find(self, pages: RecordPages, text: str) -> Found:
        """By the number of its frame, or its time."""
        from netsleuth_tui.analysis import find_row
        from netsleuth_tui.analysis.mixed_finding import find_mixed
        from netsleuth_tui.store.rows import Rows

        if isinstance(pages.rows, Rows):
            return find_row(pages.store, pages.rows, text, self.row)
        return find_mixed(pages.store, pages.rows, text, self.row)

    def action_open(self) -> None:
        """Show the packet or the event in detail."""
        if self.row is not None:
            self.post_message(DetailRequested() if self.event is None else EventDetailRequested())


def _of_events(store: Store) -> list[TableColumn]:
    """Columns of events."""
    if not store.events.rows:
        return []
    from netsleuth_tui.tui.widgets.event_table import event_columns

    taken = _all()
    return [column for column in event_columns(store) if column.name not in taken]


def _ordered(sorted_by: tuple[str, bool] | None, kinds: Kinds, names: tuple[str, ...], look: Look) -> Any:
    """Rows, their order where it is another one, and whether that is the order of time; the columns that are named can be shown then."""
    from netsleuth_tui.analysis import judge_fields, mixed_rows, packets_in_order, sorted_rows
    from netsleuth_tui.store.rows import Rows

    store = look.store
    judge_fields(store, names, look.cancelled)
    if not store.events.rows:
        if sorted_by is None:
            return look.rows, packets_in_order(store, look.rows, look.cancelled), True
        return look.rows, sorted_rows(store, look.rows, sorted_by[0], descending=sorted_by[1], cancelled=look.cancelled), False
    kinds = kinds if store.packets else "both"
    none = Rows(0, 0)
    packets, events = look.rows if kinds != "events" else none, look.event_rows if kinds != "packets" else none
    return mixed_rows(store, packets, events, sorted_by, cancelled=look.cancelled), None, False


def _table(store: Store, scope: Scope, *, fields: tuple[str, ...] | None, sorted_by: tuple[str, bool] | None, kinds: Kinds) -> Table:
    from netsleuth_tui.analysis import EXPORTED, common_rows_table, records_table

    if not store.events.rows or (kinds == "packets" and fields is None):
        return records_table(store, scope, EXPORTED if fields is None else fields, sorted_by=sorted_by)
    return common_rows_table(store, scope, fields, kinds=kinds, sorted_by=sorted_by)
