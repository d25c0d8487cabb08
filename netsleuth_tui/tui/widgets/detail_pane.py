"""The packet under the cursor: layers and bytes, taken apart on a thread once the cursor rests."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.messages import DetailReady
from netsleuth_tui.tui.numbers import grouped
from netsleuth_tui.tui.panes import Pane
from netsleuth_tui.tui.widgets.detail import DetailHeading, LayerTree
from netsleuth_tui.tui.widgets.hex_dump import FULL_WIDTH, HexDump

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer
    from textual.widget import Widget

    from netsleuth_tui.session import Session
    from netsleuth_tui.tui.lane import Lane

__all__ = ["DetailPane"]

REST = 0.12
"""Seconds that the cursor rests before its packet is taken apart."""
REST_SLOW_LINK = 0.65
"""The same over a slow link: a packet's detail is a kilobyte, three times what the move itself costs."""
PATIENCE = 0.4
"""Seconds after which the previous packet's layers give way to a note that this one's are on their way."""


class DetailPane(Vertical, Pane):
    """Heading, layers, bytes."""

    NAME = "detail"
    TITLE = "the packet in detail"

    def __init__(self, lane: Lane, *, slow_link: bool, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lane = lane
        self._rest = REST_SLOW_LINK if slow_link else REST
        self._generation = 0
        self._session: Session | None = None
        self._row: int | None = None
        self._timer: Timer | None = None
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

    def show(self, session: Session, row: int | None, *, moving: bool = False) -> None:
        """Show a packet soon; a later call replaces this one. None empties the pane.

        Args:
            session: Where the packet is.
            row: Its row id.
            moving: The cursor is on its way: wait until it rests.
        """
        self._session, self._row = session, row
        self._generation += 1
        if self._timer is not None:
            self._timer.stop()
        if row is None:
            self._empty()
        else:
            self._timer = self.set_timer(self._rest if moving else REST, self._ask)

    def _empty(self) -> None:
        self.query_one(DetailHeading).show("No packet", "", "")
        self.layer_tree.show(None, "")
        self.dump.show(b"")

    def _ask(self) -> None:
        if self._session is not None and self._row is not None:
            self._lane.submit(partial(self._take_apart, self._session, self._row, self._generation))

    def _take_apart(self, session: Session, row: int, generation: int) -> None:
        """In the lane: the bytes at once, the layers when they are there."""
        try:
            frame = session.frame(row)
        except NetSleuthError as error:
            self.post_message(DetailReady(generation, row, b"", None, str(error)))
            return
        self.post_message(DetailReady(generation, row, frame, None, ""))
        try:
            dissection = session.dissect(row)
        except NetSleuthError as error:
            self.post_message(DetailReady(generation, row, frame, None, str(error)))
        else:
            self.post_message(DetailReady(generation, row, frame, dissection, dissection.failure))

    def on_detail_ready(self, message: DetailReady) -> None:
        """Draw it, unless the cursor has moved on."""
        message.stop()
        if message.generation != self._generation or self._session is None:
            return
        if self._impatient is not None:
            self._impatient.stop()
        self.dump.show(message.frame)
        if message.dissection is None and not message.failure:
            self._impatient = self.set_timer(PATIENCE, self._say_wait)
            return
        failure = display(message.failure, limit=200)
        self.layer_tree.show(message.dissection, failure)
        names = [layer.name for layer in message.dissection.layers] if message.dissection is not None else []
        self._head(message.row, names, failure)

    def _say_wait(self) -> None:
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
        file = f"  of {display(store.source_of(row).name.rsplit('/', 1)[-1], limit=40)}" if len(store.sources) > 1 else ""
        octets = f"{wire} bytes" if captured == wire else f"{captured} of {wire} bytes captured"
        chain = arrow.join(display(name, limit=40) for name in layers)
        self.query_one(DetailHeading).show(f"Packet {grouped(int(str(number)))}{file}  {chain}", f"{octets} ", failure)

    def on_layer_tree_highlighted(self, message: LayerTree.Highlighted) -> None:
        """Mark the bytes of the field under the cursor."""
        message.stop()
        self.dump.mark(message.offset, message.length)
