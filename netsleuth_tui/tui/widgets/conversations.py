"""Who talked to whom: the conversations of the scope, as a table of which only the lines that are seen become text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import PaneChanged, RateWanted, TermChosen
from netsleuth_tui.tui.panes import Look, Question, Seen
from netsleuth_tui.tui.widgets.column_table import TableColumn
from netsleuth_tui.tui.widgets.counted_table import Answer, CountedTable, Order, in_order
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from rich.style import Style

    from netsleuth_tui.analysis import By, Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Cell, Table

__all__ = ["ConversationTable"]

COLUMNS = tuple(
    TableColumn(name, title, about, right=right)
    for name, title, right, about in (
        ("a", "A", False, "Address of the side that sent first"),
        ("port_a", "Port A", True, "Its port"),
        ("b", "B", False, "Address of the other side"),
        ("port_b", "Port B", True, "Its port"),
        ("protocol", "Proto", False, "Transport protocol, or the highest one that was recognised"),
        ("packets", "Packets", True, "Packets of both sides"),
        ("bytes", "Bytes", True, "Bytes on the wire of both sides"),
        ("packets_ab", "Pkts A>B", True, "Packets from A to B"),
        ("bytes_ab", "Bytes A>B", True, "Bytes on the wire from A to B"),
        ("packets_ba", "Pkts B>A", True, "Packets from B to A"),
        ("bytes_ba", "Bytes B>A", True, "Bytes on the wire from B to A"),
        ("start", "Start", False, "Time of the first packet"),
        ("duration", "Seconds", True, "From the first packet to the last"),
        ("payload_ab", "Payload A>B", True, "TCP payload bytes from A to B"),
        ("payload_ba", "Payload B>A", True, "TCP payload bytes from B to A"),
        ("retransmissions_ab", "Retr A>B", True, "TCP segments that A sent again"),
        ("retransmissions_ba", "Retr B>A", True, "TCP segments that B sent again"),
        ("resets_ab", "RST A", True, "Resets that A sent"),
        ("resets_ba", "RST B", True, "Resets that B sent"),
        ("flags_ab", "Flags A", False, "TCP flags that A sent"),
        ("flags_ba", "Flags B", False, "TCP flags that B sent"),
    )
)
PORTS = ("port_a", "port_b", "protocol")
ALARMING = ("retransmissions_ab", "retransmissions_ba", "resets_ab", "resets_ba")
AGAIN = 1.0
"""Seconds after which a pane asks again that was not answered."""


class ConversationTable(CountedTable):
    """One line per conversation, those with most bytes first."""

    NAME = "conversations"
    TITLE = "the conversations"
    ABOUT = (
        "One line per pair of addresses, or with p per addresses, ports and protocol. A is the side that sent first. Packets without IP"
        " addresses are in no conversation. A retransmission is a TCP segment whose bytes its side had sent before."
    )

    NO_LINES = "No packet here has IP addresses."

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key(
            "conversations.only", "enter", "narrow", "filter on it", "narrow the filter to the conversation; once more widens it", "Enter"
        ),
        footer_key("conversations.ports", "p", "ports", "ports", "conversations by addresses and ports, or by pairs of addresses"),
        key("conversations.rate", "r", "rate", "narrow to the conversation, and draw its bytes over time"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        self.by: By = "address"
        """What tells conversations apart."""
        super().__init__([column for column in COLUMNS if column.name not in PORTS], ("bytes", True), id=id)

    # What is shown

    def question(self) -> Question:
        """Count, unless only the order is another one."""
        return partial(_count, self.by, self.sorted_by, self.answered)

    def answer(self, seen: Seen, result: Answer | None) -> None:
        """Show other conversations; without an answer wait for the compiler, and ask again."""
        if result is not None:
            super().answer(seen, result)
            return
        self.answered = None  # other panes must not wait for the compiler with this one
        self.nothing = "counting begins when the compiler is done, which this first run waits for …"
        self.reset(0)
        self.set_timer(AGAIN, lambda: self.post_message(PaneChanged(self)))

    def cell_text(self, name: str, cell: Cell) -> str:
        """Numbers grouped, times without their date."""
        if cell is None:
            return ""
        if name == "start":
            return str(cell)[11:26].rstrip("Z")
        if name == "duration":
            return f"{cell:.6f}"
        if isinstance(cell, int) and name not in PORTS:
            return grouped(cell)
        return display(str(cell), limit=200)

    def cell_style(self, column: TableColumn, text: str) -> Style:
        """Protocols have colours; what went wrong stands out."""
        if column.name == "protocol":
            return self.palette.protocol(text)
        return self.palette.warning if column.name in ALARMING and text not in {"", "0"} else self.palette.text

    def total(self) -> str:
        """How many conversations there are, and what is in none."""
        if self.answered is None:
            return ""
        outside = self.answered.found.outside
        none = f", {counted(outside, 'packet')} in none" if outside else ""
        return f"{counted(self.count(), '5-tuple' if self.by == 'ports' else 'pair')}{none}"

    # Columns

    def choices(self) -> list[TableColumn]:
        """All columns of such conversations."""
        return [column for column in COLUMNS if self.by == "ports" or column.name not in PORTS]

    def action_ports(self) -> None:
        """Pairs of addresses, or 5-tuples."""
        self.by = "address" if self.by == "ports" else "ports"
        if self.by == "ports":
            names = {column.name for column in self.columns}
            ends = [column for column in COLUMNS[:5] if column.name in names or column.name in PORTS]
            self.columns = [*ends, *(column for column in self.columns if column not in ends)]
        else:
            self.columns = [column for column in self.columns if column.name not in PORTS] or [COLUMNS[0]]
            if self.sorted_by is not None and self.sorted_by[0] in PORTS:
                self.sorted_by = None
        self.column = min(self.column, len(self.columns) - 1)
        self.forget()
        self.post_message(PaneChanged(self))

    # Filters, and files

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All conversations of the scope, in this order."""
        return partial(_table, self.by, self.sorted_by)

    def action_narrow(self) -> None:
        """Put it into the filter, or take it out again."""
        term = self.term()
        if term is not None:
            self.post_message(TermChosen(term))

    def action_rate(self) -> None:
        """Put it into the filter, and show bytes over time."""
        term = self.term()
        if term is not None:
            self.post_message(RateWanted(term))


def _count(by: By, sorted_by: Order, before: Answer | None, look: Look) -> Answer | None:
    from netsleuth_tui.analysis import conversations
    from netsleuth_tui.analysis.flows import is_ready

    packets = look.store.packets
    if before is not None and before.holds_for(look) and before.found.by == by:
        return in_order(before.found, sorted_by, look, packets)
    if not is_ready(look.rows):
        return None
    return in_order(conversations(look.store, look.rows, by=by, cancelled=look.cancelled), sorted_by, look, packets)


def _table(by: By, sorted_by: Order, store: Store, scope: Scope) -> Table:
    from netsleuth_tui.analysis import conversations, conversations_table, rows_of

    found = conversations(store, rows_of(store, scope), by=by)
    name, descending = sorted_by if sorted_by is not None else ("start", False)
    return conversations_table(found, found.order(name, descending=descending))
