"""ESP security associations of the scope: one line each, with what was lost, late, sent again, and dropped by a replay window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.keys import footer_key
from netsleuth_tui.tui.messages import AssociationOpened
from netsleuth_tui.tui.numbers import grouped, size
from netsleuth_tui.tui.panes import Look, Pane, Question, Seen
from netsleuth_tui.tui.widgets.column_table import ColumnTable, TableColumn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.style import Style

    from netsleuth_tui.analysis import Associations, Judged, Scope
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
BLOCK, BLOCKS_KEPT = 64, 32
"""Lines that become text together, and how many such blocks are kept."""
ALARMING = ("lost", "lost_percent", "replay_drops_64")


@dataclass(frozen=True, slots=True)
class _Answer:
    """Associations, and in which order."""

    found: Associations
    order: NDArray[np.uint32]


class EspTable(ColumnTable, Pane):
    """One line per security association, those with most packets first."""

    NAME = "esp"
    TITLE = "the ESP associations"
    ABOUT = (
        "One line per ESP security association: source, destination, SPI, inside UDP or not. Each packet is judged among all packets of"
        " its association in the capture; filter and window choose which are counted. Late: a higher number came before it. Lost: the"
        " number never came. A peer drops a late packet if it is as deep as its replay window. Enter opens an association."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("esp.open", "enter", "open", "open", "show the association alone: over time, how deep, what was lost", "Enter"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(COLUMNS[:SHOWN], id=id)
        self.sorted_by = ("packets", True)
        self.nothing = "counting …"
        self._answer: _Answer | None = None
        self._block = lru_cache(BLOCKS_KEPT)(self._read)

    # What is shown

    def question(self) -> Question:
        """Count; packets that are judged are not judged again."""
        return partial(_count, self.sorted_by, self._answer.found.judged if self._answer is not None else None)

    def answer(self, seen: Seen, result: Any) -> None:
        """Show other associations; the cursor stays on its own, if that is still there."""
        here = self.key
        self._answer = result
        self.sorting = False
        self.nothing = seen.nothing or ("No ESP packet with a whole header is here." if not self.count() else "")
        self._block.cache_clear()
        if not seen.same_scope:
            self.forget_widths()
        place = self._answer.found.find(here) if self._answer is not None and here is not None else None
        self.reset(int((result.order == place).argmax()) if place is not None else 0)

    def count(self) -> int:
        """How many associations there are."""
        return len(self._answer.order) if self._answer is not None else 0

    @property
    def place(self) -> int | None:
        """The association under the cursor."""
        return int(self._answer.order[self.cursor]) if self._answer is not None and self.count() else None

    @property
    def key(self) -> tuple[int, int, int, bool] | None:
        """What tells it from all others."""
        place = self.place
        return self._answer.found.key(place) if self._answer is not None and place is not None else None

    def cells(self, index: int) -> Sequence[str]:
        """One association."""
        block, place = divmod(index, BLOCK)
        return self._block(block)[place]

    def _read(self, block: int) -> list[tuple[str, ...]]:
        if self._answer is None:
            return []
        some = self._answer.found.at(self._answer.order[block * BLOCK : (block + 1) * BLOCK])
        shown = [[_text(column.name, cell) for cell in some.cells(column.name)] for column in self.columns]
        return list(zip(*shown, strict=True))

    def cell_style(self, column: TableColumn, text: str) -> Style:
        """What went wrong stands out."""
        return self.palette.warning if column.name in ALARMING and text not in {"", "0", "0.00"} else self.palette.text

    def remark(self) -> str:
        """How many there are, and packets that are in none."""
        if self._answer is None:
            return ""
        others = sum(self._answer.found.others.values())
        return f"{grouped(self.count())}{f', {grouped(others)} packets in none' if others and self.size.width >= 120 else ''} "

    # Columns

    def choices(self) -> list[TableColumn]:
        """All columns."""
        return list(COLUMNS)

    def show_columns(self, columns: Sequence[TableColumn]) -> None:
        """Make other texts of the same associations."""
        self._block.cache_clear()
        super().show_columns(columns)

    # What lies under the cursor

    def term(self) -> str | None:
        """The association."""
        return self._answer.found.filter(self.place) if self._answer is not None and self.place is not None else None

    def cursor_time(self) -> tuple[int, int] | None:
        """From its first packet to its last."""
        from netsleuth_tui.decode.columns import NO_TIME

        if self._answer is None or self.place is None:
            return None
        one = self._answer.found.at([self.place])
        start, last = int(one.numbers("start")[0]), int(one.numbers("last")[0])
        return (start, last + 1) if start != NO_TIME else None

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All associations of the scope, in this order, with all columns."""
        return partial(_table, self.sorted_by)

    def action_open(self) -> None:
        """Show it alone."""
        key = self.key
        if self._answer is not None and key is not None:
            self.post_message(AssociationOpened(key, self._answer.found.judged))


def _text(name: str, cell: Cell) -> str:
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


def _count(sorted_by: tuple[str, bool] | None, known: Judged | None, look: Look) -> _Answer:
    import numpy as np

    from netsleuth_tui.analysis import associations

    found = associations(look.store, look.rows, known=known, cancelled=look.cancelled)
    order = np.arange(len(found), dtype=np.uint32) if sorted_by is None else found.order(sorted_by[0], descending=sorted_by[1])
    return _Answer(found, order)


def _table(sorted_by: tuple[str, bool] | None, store: Store, scope: Scope) -> Table:
    from netsleuth_tui.analysis import associations, associations_table, rows_of

    found = associations(store, rows_of(store, scope))
    return associations_table(found, found.order(*sorted_by[:1], descending=sorted_by[1]) if sorted_by is not None else None)
