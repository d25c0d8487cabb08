"""ESP security associations of the scope: one line each, with what was lost, late, sent again, and dropped by a replay window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import line
from netsleuth_tui.tui.esp_lines import said
from netsleuth_tui.tui.keys import footer_key
from netsleuth_tui.tui.messages import AssociationOpened
from netsleuth_tui.tui.numbers import size
from netsleuth_tui.tui.panes import Look, Question, Seen
from netsleuth_tui.tui.widgets.column_table import TableColumn
from netsleuth_tui.tui.widgets.counted_table import Answer, CountedTable, Order, in_order
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

    from netsleuth_tui.analysis import Remark, Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Cell, Table

__all__ = ["EspTable"]

COLUMNS = tuple(
    TableColumn(name, title, about, right=right)
    for name, title, right, about in (
        ("spi", "SPI", False, "Security parameters index: the tunnel, in one direction"),
        ("src", "Source", False, "Address that sends"),
        ("dst", "Destination", False, "Address that receives: it has the replay window"),
        ("packets", "Packets", True, "All packets, duplicates too"),
        ("bytes", "Bytes", True, "Bytes on the wire"),
        ("bytes_per_second", "Bytes/s", True, "Bytes on the wire per second, from the first packet to the last"),
        ("lost", "Lost", True, "Sequence numbers that never came"),
        ("lost_percent", "Lost %", True, "Share of the numbers from the lowest to the highest"),
        ("late", "Late", True, "Packets that came after one with a higher number"),
        ("max_depth", "Depth", True, "How many numbers the latest of them was too late"),
        ("replay_drops_64", "Drop@64", True, "Late packets that a peer with a replay window of 64 drops"),
        ("safe_window", "Safe", True, "The smallest replay window that drops none"),
        ("duplicates", "Dup", True, "Packets whose number had come before"),
        ("opposite", "Opposite", False, "SPI of the other direction"),
        ("rekeyed_to", "Rekeyed to", False, "SPI that followed"),
        ("rekeyed_from", "Rekeyed from", False, "SPI that this one followed"),
        ("rekey_overlap", "Overlap s", True, "Seconds that the old SPI sent on after the new one began"),
        ("rekey_overlap_packets", "Overlap pkts", True, "Packets of the old SPI after the new one began"),
        ("encapsulation", "In", False, "UDP where it goes through port 4500"),
        ("packets_per_second", "Pkts/s", True, "Packets per second, from the first to the last"),
        ("start", "Start", False, "Time of the first packet"),
        ("duration", "Seconds", True, "From the first packet to the last"),
        ("expected", "Expected", True, "Numbers from the lowest to the highest, over all epochs"),
        ("lost_provisional", "Lost?", True, "Of the lost ones those whose gap may yet be filled after the capture"),
        ("ahead", "Early", True, "Packets that came before one with a lower number: each opens a gap"),
        ("late_percent", "Late %", True, "Reordered ratio (RFC 4737)"),
        ("depth_p50", "Depth p50", True, "Half of the late packets are at most so deep"),
        ("depth_p95", "Depth p95", True, "95 % of the late packets are at most so deep"),
        ("max_wait", "Wait s", True, "Longest time that a packet came after one with a higher number"),
        *((f"replay_drops_{w}", f"Drop@{w}", True, f"Late packets that a peer with a replay window of {w} drops") for w in
          (32, 128, 256, 512, 1024, 2048, 4096)),
        ("joined", "Joined", False, "The capture begins in the middle: the first number is not 1"),
        ("goes_on", "Goes on", False, "Its last packet is within 3 s of the end of the capture"),
        ("resets", "Resets", True, "The counter began anew: the SPI was reused, or the peer restarted"),
        ("jumps", "Jumps", True, "The counter went on far away; not counted as a loss"),
        ("wraps", "Wraps", True, "The counter passed 2**32: extended sequence numbers, or a fault"),
        ("outliers", "Outliers", True, "Packets with a number far from all others"),
        ("zeros", "Zeros", True, "Packets with the number 0, which is never sent"),
    )
)  # fmt: skip
SHOWN = 14
"""So many of them are shown until others are chosen."""
ALARMING = ("lost", "lost_percent", "replay_drops_64")
PACKETS_OF = {
    "lost": "esp.gap", "lost_percent": "esp.gap", "lost_provisional": "esp.gap.open", "late": "esp.depth", "late_percent": "esp.depth",
    "max_depth": "esp.depth", "depth_p50": "esp.depth", "depth_p95": "esp.depth", "max_wait": "esp.depth", "ahead": "esp.ahead",
    "safe_window": "esp.depth", "duplicates": "esp.duplicate", "outliers": "esp.outlier", "zeros": "esp.sequence == 0",
    **{f"replay_drops_{window}": f"esp.depth >= {window}" for window in (32, 64, 128, 256, 512, 1024, 2048, 4096)},
}  # fmt: skip
"""What the filter for a cell adds to that of the association."""
FOOT = 3
"""One of so many lines may be remarks."""


@dataclass(frozen=True, slots=True)
class _Answer(Answer):
    remarks: tuple[Remark, ...]


class EspTable(CountedTable):
    """One line per security association, those with most packets first."""

    NAME = "esp"
    TITLE = "the ESP associations"
    ABOUT = (
        "One line per ESP security association: source, destination, SPI, inside UDP or not. Each packet is judged among all packets of"
        " its association in the capture; filter and window choose which are counted. Late: a higher number came before it. Lost: the"
        " number never came. A peer drops a late packet if it is as deep as its replay window. Enter opens an association; + and = on a"
        " number, such as Late or Lost, select its packets. Below stands what has to be said beside the numbers."
    )

    NO_LINES = "No ESP packet with a whole header is here."

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("esp.open", "enter", "open", "open", "show the association alone: over time, how deep, what was lost", "Enter"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(COLUMNS[:SHOWN], ("packets", True), id=id)
        self._foot: list[str] = []

    # What is shown

    def question(self) -> Question:
        """Count, unless only the order is another one; packets that are judged are not judged again."""
        return partial(_count, self.sorted_by, self.answered)

    def answer(self, seen: Seen, result: Any) -> None:
        """Show them, and the remarks."""
        self._say(result.remarks)
        super().answer(seen, result)

    def on_resize(self) -> None:
        """Remarks have other lines."""
        if isinstance(self.answered, _Answer):
            self._say(self.answered.remarks)
        super().on_resize()

    def _say(self, remarks: Sequence[Remark]) -> None:
        width, most = max(self.size.width - 1, 20), max((self.size.height - self.HEADER) // FOOT, 1)
        self._foot = [each.text for each in said(remarks, width)]
        if len(self._foot) > most:
            self._foot = [*self._foot[: most - 1], f"{self._foot[most - 1][: width - 16]} {self.glyphs.ellipsis} Enter shows all"]

    @property
    def page(self) -> int:
        """Lines between titles and remarks."""
        return max(super().page - len(self._foot), 1)

    def draw(self, y: int, width: int) -> Strip:
        """A line, or a remark below the last one that is seen."""
        place = y - (self.size.height - len(self._foot))
        return (
            line([(self._foot[place], self.palette.muted)], width, self.palette.text)
            if 0 <= place < len(self._foot)
            else super().draw(y, width)
        )

    def term(self) -> str | None:
        """The filter for the association, or for those of its packets that the number under the cursor counts."""
        term, where = super().term(), PACKETS_OF.get(self.name_here)
        if term is None or where is None:
            return term
        return f"{term} && {where}" if self._counted_here else None

    @property
    def _counted_here(self) -> bool:
        """The number under the cursor counts packets."""
        if self.answered is None or self.number is None:
            return False
        (cell,) = self.answered.found.at([self.number]).cells(self.name_here)
        return float(str(cell or 0)) > (1 if self.name_here == "safe_window" else 0)  # a window of 1 drops what is late at all

    def no_term(self) -> str:
        """What is counted there is none."""
        none = self.name_here in PACKETS_OF and self.number is not None
        return "0 packets are counted here: a filter for them would leave nothing" if none else super().no_term()

    def cell_text(self, name: str, cell: Cell) -> str:
        """Numbers grouped, sizes short, times without their date."""
        if cell is None:
            return ""
        if isinstance(cell, bool):
            return "yes" if cell else ""
        if name == "start":
            return str(cell)[11:26].rstrip("Z")
        if name in ("bytes", "bytes_per_second") and not isinstance(cell, str):
            return size(cell)
        if isinstance(cell, float):
            return f"{cell:.2f}" if name.endswith("percent") else f"{cell:.3f}"
        return grouped(cell) if isinstance(cell, int) else display(cell, limit=200)

    def cell_style(self, column: TableColumn, text: str) -> Style:
        """What went wrong stands out."""
        return self.palette.warning if column.name in ALARMING and text not in {"", "0", "0.00"} else self.palette.text

    def total(self) -> str:
        """How many there are, and packets that are in none."""
        if self.answered is None:
            return ""
        others = sum(self.answered.found.others.values())
        none = f", {counted(others, 'packet')} in none" if others else ""
        return f"{counted(self.count(), 'SA')}{none}"

    # Columns

    def choices(self) -> list[TableColumn]:
        """All columns."""
        return list(COLUMNS)

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All associations of the scope, in this order, with all columns."""
        return partial(_table, self.sorted_by)

    def action_open(self) -> None:
        """Show it alone."""
        key = self.key
        if self.answered is not None and key is not None:
            self.post_message(AssociationOpened(key, self.answered.found.judged))


def _count(sorted_by: Order, before: Answer | None, look: Look) -> Answer:
    from netsleuth_tui.analysis import associations, losses_of_capture, remarks

    packets = look.store.packets
    if isinstance(before, _Answer) and before.holds_for(look):
        found, told = before.found, before.remarks
    else:
        found = associations(look.store, look.rows, known=before.found.judged if before is not None else None, cancelled=look.cancelled)
        told = tuple(remarks(look.store, found, losses_of_capture(look.store, found, look.cancelled)))
    return _Answer(found, in_order(found, sorted_by, look, packets).order, look.scope, packets, told)


def _table(sorted_by: tuple[str, bool] | None, store: Store, scope: Scope) -> Table:
    from netsleuth_tui.analysis import associations, associations_table, rows_of

    found = associations(store, rows_of(store, scope))
    return associations_table(found, found.order(*sorted_by[:1], descending=sorted_by[1]) if sorted_by is not None else None)
