"""The packet under the cursor: layers and bytes, taken apart on a thread once the cursor rests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.scope import Scope
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import ColumnWanted, DetailReady, Told
from netsleuth_tui.tui.panes import Frames
from netsleuth_tui.tui.widgets.detail import DetailHeading, LayerTree, Place
from netsleuth_tui.tui.widgets.hex_dump import FULL_WIDTH, HexDump
from netsleuth_tui.tui.widgets.row_detail import RowDetail
from netsleuth_tui.wording import file_name, grouped

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer
    from textual.widget import Widget

    from netsleuth_tui.session import Session
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table
    from netsleuth_tui.tui.lane import Lane

__all__ = ["DetailPane"]

PATIENCE = 0.4
"""Seconds after which the previous packet's layers give way to a note that this one's are on their way."""

CLIPPED = "there is too much in it to show all"
"""Said of a packet of which values, fields or layers were left out."""


class DetailPane(RowDetail):
    """Heading, layers, bytes; the field under the cursor is a filter and a column where the registry has it."""

    NAME = "detail"
    TITLE = "the packet in detail"
    ABOUT = "The layers of the packet and its bytes. Either follows the other: a field marks its bytes, a byte selects the field it is in."

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("detail.column", "a", "column", "as a column", "show the field under the cursor as a column of the records"),
        key("detail.copy", "y", "copy", "copy the value under the cursor; from the bytes: those that are marked"),
    ]

    def __init__(self, lane: Lane, *, slow_link: bool, id: str | None = None) -> None:  # noqa: A002
        super().__init__(lane, slow_link=slow_link, id=id)
        self._shown: int | None = None
        """The packet whose layers are seen."""
        self._numbered = ""
        """'packet 12', and of which file where there are several; made harmless."""
        self._place = Place()
        """The field under the cursor, wherever the cursor is."""
        self._impatient: Timer | None = None

    def compose(self) -> ComposeResult:
        """The parts."""
        yield DetailHeading(id="detail-heading")
        with Horizontal(id="detail-body"):
            yield LayerTree(id="layers")
            yield HexDump(id="hex")

    @property
    def layer_tree(self) -> LayerTree:
        """The tree."""
        return self.query_one(LayerTree)

    @property
    def dump(self) -> HexDump:
        """The bytes."""
        return self.query_one(HexDump)

    @property
    def front(self) -> Widget:
        """The part that takes the keys first."""
        return self.layer_tree if self.layer_tree.display else self.dump

    def place(self, *, layers: bool, hex_seen: bool) -> None:
        """Show layers, bytes, or both."""
        self.layer_tree.display, self.dump.display = layers, hex_seen
        if layers and hex_seen:
            self.dump.styles.width = 1 + FULL_WIDTH
        else:
            self.dump.styles.width = "1fr"

    def empty(self) -> None:
        """No packet."""
        self._shown = None
        self.query_one(DetailHeading).show("No packet", "", "")
        self.layer_tree.show(None, "")
        self.dump.show(b"")
        self._follow(Place())

    def opener(self) -> Callable[[Session, int, int], None]:
        """Takes a packet apart."""
        return self._take_apart

    def _take_apart(self, session: Session, row: int, generation: int) -> None:
        """In the lane: the bytes at once, the layers when they are there."""
        from netsleuth_tui.analysis.packet import among_others

        frame = b""
        try:
            frame = session.frame(row)
        except NetSleuthError:
            pass  # which the layers tell, too
        else:
            self.post_message(DetailReady(generation, row, frame, None))
        dissection, more = session.dissect(row), among_others(session.store, row)
        if more is not None:
            dissection = replace(dissection, layers=(*dissection.layers, more))
        self.post_message(DetailReady(generation, row, frame, dissection))

    def on_detail_ready(self, message: DetailReady) -> None:
        """Draw it, unless the cursor has moved on."""
        message.stop()
        if message.generation != self._generation or self._session is None:
            return
        if self._impatient is not None:
            self._impatient.stop()
        self.dump.show(message.frame)
        if message.dissection is None:
            self._impatient = self.set_timer(PATIENCE, self._say_wait)
            return
        failure = display(message.dissection.failure or (CLIPPED if message.dissection.clipped else ""), limit=200)
        self._shown = message.row
        self.layer_tree.show(message.dissection, failure)
        self._head(message.row, [layer.name for layer in message.dissection.layers], failure)
        self._follow(self.layer_tree.place)

    def _say_wait(self) -> None:
        self._shown = None
        self.layer_tree.show(None, "", pending=True)
        if self._row is not None:
            self._head(self._row, [], "")

    def _head(self, row: int, layers: list[str], failure: str) -> None:
        import numpy as np

        from netsleuth_tui.analysis import records

        if self._session is None:
            return
        store = self._session.store
        number, length = (column[0] for column in records(store, np.array([row], np.uint32), ("frame.number", "frame.len")))
        captured, wire = int(store.columns().cap_len[row]), int(str(length))
        arrow = f" {self.layer_tree.glyphs.closed} "
        file = f" of {display(file_name(store.source_of(row).name), limit=40)}" if len(store.sources) > 1 else ""
        self._numbered = f"packet {grouped(int(str(number)))}{file}"
        octets = f"{wire} bytes" if captured == wire else f"{captured} of {wire} bytes captured"
        chain = arrow.join(display(name, limit=40) for name in layers)
        self.query_one(DetailHeading).show(f"P{self._numbered[1:]}  {chain}", f"{octets} ", failure)

    # The field under the cursor, in the layers and in the bytes

    def on_layer_tree_highlighted(self, message: LayerTree.Highlighted) -> None:
        """Mark the bytes of the field under the cursor."""
        message.stop()
        self._follow(message.place)

    def on_hex_dump_byte_chosen(self, message: HexDump.ByteChosen) -> None:
        """Select the innermost field that the byte belongs to."""
        message.stop()
        self._follow(self.layer_tree.go_to_byte(message.offset), lead=False)

    def _follow(self, place: Place, *, lead: bool = True) -> None:
        """Mark the bytes of a field, and offer its filter.

        Args:
            place: The field.
            lead: It was chosen in the layers: the cursor of the bytes goes there.
        """
        self._place = place
        self.dump.mark(place.offset, place.length, follow=lead)
        self.offer()

    def offer(self) -> None:
        """Show what + and - would add, while they would."""
        self.query_one(DetailHeading).offer(display(self.term() or "", limit=80) if self.has_focus_within else "")

    def term(self) -> str | None:
        """The filter that selects the value under the cursor."""
        from netsleuth_tui.analysis.packet import term

        if self._session is None or self._shown is None or not self._place.name:
            return None
        return term(self._session.store, self._shown, self._place.name) or None

    def cursor_time(self) -> tuple[int, int] | None:
        """When the packet was captured, and the nanosecond after."""
        from netsleuth_tui.decode.columns import NO_TIME

        if self._session is None or self._row is None:
            return None
        time = int(self._session.store.columns().time[self._row])
        return None if time == NO_TIME else (time, time + 1)

    def export_table(self) -> Callable[[Store, Scope], Table] | None:
        """Every field of the packet that is shown."""
        table = self.layer_tree.table()
        return (lambda _, __: table) if self._shown is not None else None

    def text_as_shown(self) -> str | None:
        """Heading, layers as they are folded, and bytes."""
        parts = (self.query_one(DetailHeading), self.layer_tree, self.dump)
        return "\n".join(part.text_as_shown() or "" for part in parts) if self._shown is not None else None

    def seen_row(self) -> int | None:
        """The packet whose layers are seen."""
        return self._shown

    def subject(self) -> str:
        """Which one."""
        return self._numbered if self._shown is not None else self.TITLE

    def frames(self, scope: Scope) -> Frames | None:
        """The packet that is shown, and no other, whatever filter and window are."""
        if self._session is None or self._shown is None:
            return None
        from netsleuth_tui.analysis import cell_filter

        terms = (cell_filter(self._session.store, self._shown, name) for name in ("source", "frame.number"))
        alone = Scope(" && ".join(filter(None, terms)), clocks=scope.clocks)
        return Frames(self.subject(), alone, follows=False)

    def action_column(self) -> None:
        """Let the records have a column for the field."""
        from netsleuth_tui.query.fields import NAMED

        if self._place.name in NAMED:
            self.post_message(ColumnWanted(self._place.name))
        else:
            self.post_message(Told("this is no field that the records could show", "warning"))

    def action_copy(self) -> None:
        """Copy the value under the cursor; from the bytes: those that are marked, as hexadecimal digits."""
        text = self.dump.marked.hex(" ") if self.dump.has_focus else self._place.value
        if text:
            self.app.copy_to_clipboard(text)
            self.post_message(Told(f"copied, if this terminal allows it: {display(text, limit=80)}", "good"))
