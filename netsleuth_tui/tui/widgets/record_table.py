"""The records: every row of the scope, however many, drawn from the page that is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from netsleuth_tui.tui.drawing import Part, fit, fit_right, line
from netsleuth_tui.tui.messages import DetailRequested, RowChanged
from netsleuth_tui.tui.pages import DAY, RecordPages
from netsleuth_tui.tui.panes import Pane, Seen
from netsleuth_tui.tui.widgets.lines import ScrolledLines

if TYPE_CHECKING:
    from textual.strip import Strip

    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table
    from netsleuth_tui.tui.pages import Record

__all__ = ["RecordTable"]

TITLES = ("No.", "Time", "Source", "Destination", "Protocol", "Length", "Info")
SHORT_TITLES = ("No.", "Time", "Source", "Destination", "Proto", "Len", "Info")
NARROW = 90
"""Columns below which titles and gaps make room for the Info."""
RIGHT = frozenset({0, 5})
PROTOCOL = 4
STEP = 8
"""Cells that one key moves the view to the side."""
WIDEST = 45
"""An address may take so many cells before it is cut; IPv6 needs 39."""


class RecordTable(ScrolledLines, Pane):
    """One line per packet, with a header; columns grow to fit what was seen of the current scope."""

    NAME = "records"
    TITLE = "the records"
    ABOUT = "One line per packet, all of them. Columns are Wireshark's; Info says what the decoder knows."
    HEADER = 1

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "open",
            "detail",
            id="records.detail",
            tooltip="take the packet apart, layer by layer, with its bytes",
        ),
        Binding("left,h", "sideways(-1)", "left", show=False, id="records.left", tooltip="see what is cut off at the left"),
        Binding("right,l", "sideways(1)", "right", show=False, id="records.right", tooltip="see what is cut off at the right"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._pages: RecordPages | None = None
        self._widths = [len(title) for title in TITLES]
        self._left = 0
        self.nothing = ""
        """What to say where there are no rows."""

    @property
    def _titles(self) -> tuple[str, ...]:
        return SHORT_TITLES if self.size.width < NARROW else TITLES

    @property
    def _gap(self) -> int:
        return 1 if self.size.width < NARROW else 2

    def on_resize(self) -> None:
        """Other titles may fit now."""
        self._widths = [len(title) for title in self._titles]

    @property
    def row(self) -> int | None:
        """Row id under the cursor."""
        return self._pages.row_at(self.cursor) if self._pages is not None else None

    def answer(self, seen: Seen, result: None) -> None:  # noqa: ARG002
        """Show other rows; the cursor stays on its packet, or goes to the next one that is there."""
        row = self.row
        first, last = seen.overview.first, seen.overview.last
        days = first is not None and last is not None and first // DAY != last // DAY
        self._pages = pages = RecordPages(seen.store, seen.overview.rows, days=days)
        self.nothing = seen.nothing
        if not seen.same_scope:
            self._widths = [len(title) for title in self._titles]
        self.reset(pages.rows.position(row) if row is not None else 0)
        if self.row != row:
            self.post_message(RowChanged(self.row, by_key=False))

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All rows of the scope, with the fields that tshark would show."""
        from netsleuth_tui.analysis import records_table

        return records_table

    def text_as_shown(self) -> None:
        """There are too many lines, and they are cut: as text, too, it is the table that is written."""

    def count(self) -> int:
        """Rows of the scope."""
        return len(self._pages) if self._pages is not None else 0

    def cursor_moved(self) -> None:
        """Say which packet it is."""
        self.post_message(RowChanged(self.row))

    def header(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """Titles of the columns."""
        self._measure()
        return line([(self._clip(self._laid_out(self._titles), width), self.palette.muted)], width, self.palette.muted)

    def draw(self, y: int, width: int) -> Strip:
        """A line; where there are no rows the reason stands in the first one."""
        if y == self.HEADER and not self.count() and self.nothing:
            return line([(self.nothing, self.palette.muted)], width, self.palette.muted)
        return super().draw(y, width)

    def item(self, index: int, width: int) -> list[Part]:
        """One packet."""
        if self._pages is None:
            return []
        record = self._pages.record(index)
        palette, cells = self.palette, _cells(record)
        start = sum(self._widths[:PROTOCOL]) + self._gap * PROTOCOL - self._left
        end = start + len(record.protocol)
        text = self._clip(self._laid_out(cells), width)
        start, end = max(start, 0), max(end, 0)
        return [(text[:start], palette.text), (text[start:end], palette.protocol(record.protocol)), (text[end:], palette.text)]

    def _laid_out(self, cells: tuple[str, ...]) -> str:
        clipped = self.glyphs.ellipsis
        fitted = [
            cell if i == len(cells) - 1 else fit_right(cell, width, clipped) if i in RIGHT else fit(cell, width, clipped)
            for i, (cell, width) in enumerate(zip(cells, self._widths, strict=True))
        ]
        return (" " * self._gap).join(fitted)

    def _clip(self, text: str, width: int) -> str:
        text = text[self._left :]
        return text if len(text) <= width else text[: max(width - 1, 0)] + self.glyphs.ellipsis

    def _measure(self) -> None:
        """Let columns grow to what is seen; they never shrink while the scope is the same, lest the table jumps about."""
        if self._pages is None:
            return
        for index in range(self.top, min(self.top + self.page, self.count())):
            for i, cell in enumerate(_cells(self._pages.record(index))):
                self._widths[i] = min(max(self._widths[i], len(cell)), WIDEST)

    def redraw(self) -> None:
        """Widths first: all lines depend on them."""
        self._measure()
        super().redraw()

    def action_open(self) -> None:
        """Show the packet in detail."""
        if self.row is not None:
            self.post_message(DetailRequested())

    def action_sideways(self, direction: int) -> None:
        """Move the view to the side."""
        longest = max((len(self._laid_out(_cells(self._pages.record(i)))) for i in self._seen()), default=0) if self._pages else 0
        most = max(longest - self.size.width + 1, 0)
        self._left = min(max(self._left + direction * STEP, 0), most if direction > 0 else self._left)
        self.redraw()

    def _seen(self) -> range:
        return range(self.top, min(self.top + self.page, self.count()))


def _cells(record: Record) -> tuple[str, ...]:
    return (record.number, record.time, record.source, record.destination, record.protocol, record.length, record.info)
