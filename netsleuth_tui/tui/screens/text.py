"""Screens of text that lie over the main one: the help, made from the bindings, and the notes about the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from netsleuth_tui.tui.drawing import Part, line
from netsleuth_tui.tui.widgets.lines import ScrolledLines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.screen import Screen
    from textual.strip import Strip

__all__ = ["TextScreen", "help_screen", "notes_screen"]

Row = tuple[str, str]
"""A key (or nothing) and what it does; a heading has an empty second part."""

NAMES = {
    "RecordTable": "the records", "Facets": "the breakdowns", "TimeLine": "the time line", "LayerTree": "the layers of the packet",
    "HexDump": "the bytes of the packet", "FilterInput": "the filter line",
}  # fmt: skip

ABOUT = {
    "RecordTable": "One line per packet, all of them. Columns are Wireshark's; Info says what the decoder knows.",
    "Facets": "How many packets of each protocol, and how many with each TCP flag: a 0 is an answer too.",
    "TimeLine": "Packets or bytes per second over time, stacked by protocol. A column over many seconds shows its busiest one.",
    "LayerTree": "The packet under the cursor, taken apart by scapy. Layers stay open or closed from packet to packet.",
    "HexDump": "The captured bytes; those of the field under the cursor are marked.",
    "FilterInput": "Wireshark's display filters: tcp.flags.reset == 1, ip.addr == 10.1.0.0/16, udp.port in {53, 123}, icmp || arp.",
}


class _Text(ScrolledLines):
    """Rows, scrolled."""

    CURSOR: ClassVar[bool] = False

    def __init__(self, rows: Sequence[Row], *, key_width: int) -> None:
        super().__init__(id="text")
        self._rows = rows
        self._key_width = key_width

    def count(self) -> int:
        return len(self._rows)

    def header(self, y: int, width: int) -> Strip:  # noqa: ARG002
        return line((), width, self.palette.text)

    def item(self, index: int, width: int) -> list[Part]:  # noqa: ARG002
        key, does = self._rows[index]
        palette = self.palette
        if not does:
            return [(key, palette.strong)]
        return [(key.ljust(self._key_width), palette.accent), (does, palette.text)]


class TextScreen(ModalScreen[None]):
    """Text over the whole screen, until Esc."""

    CSS = """
    TextScreen { background: $background; }
    #text { width: 1fr; height: 1fr; margin: 1 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter,n", "dismiss", "back", id="text.back", tooltip="back to the main screen"),
    ]

    def __init__(self, rows: Sequence[Row], *, key_width: int) -> None:
        super().__init__()
        self._rows = rows
        self._key_width = key_width

    def compose(self) -> ComposeResult:
        """The text."""
        yield _Text(self._rows, key_width=self._key_width)


def help_screen(screen: Screen[None]) -> TextScreen:
    """What the pane in use is, and every key that works in it and on the screen."""
    focused = screen.focused
    kind = type(focused).__name__ if focused is not None else ""
    rows: list[Row] = [(f"NetSleuth: {NAMES.get(kind, 'the main screen')}", ""), (ABOUT.get(kind, ""), ""), ("", "")]
    for heading, here in ((f"Keys in {NAMES.get(kind, 'this pane')}", True), ("Keys everywhere", False)):
        keys: dict[tuple[str, str], list[str]] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            text = binding.tooltip or binding.description
            if text and (active.node is focused) == here and active.node is not screen.app:
                keys.setdefault((binding.action, text), []).append(screen.app.get_key_display(binding))
        if keys:
            rows += [(heading, ""), *((f"  {' '.join(dict.fromkeys(names))}", text) for (_, text), names in keys.items()), ("", "")]
    rows += [("  Tab  Shift+Tab", "the next pane, the previous pane"), ("", ""), ("Esc goes back.", "")]
    return TextScreen(rows, key_width=26)


def notes_screen(notes: Sequence[str]) -> TextScreen:
    """Everything there is to say about the files."""
    rows: list[Row] = [
        ("About the files", ""),
        ("", ""),
        *(("", note) for note in notes or ("There is nothing to say: all files were read in full.",)),
    ]
    return TextScreen([*rows, ("", ""), ("Esc goes back.", "")], key_width=0)
