"""Screens of text that lie over the main one: the help, made from the bindings, and the notes about the files."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from netsleuth_tui.tui.drawing import Part, line
from netsleuth_tui.tui.panes import pane_of
from netsleuth_tui.tui.widgets.lines import ScrolledLines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.screen import Screen
    from textual.strip import Strip
    from textual.widget import Widget

__all__ = ["TextScreen", "help_screen", "notes_screen", "prose_screen"]

KEY_WIDTH = 20
MARGINS = 6

Row = tuple[str, str]
"""A key (or nothing) and what it does; a heading has an empty second part."""

PARTS = {
    "LayerTree": (
        "the layers of the packet",
        "The packet under the cursor, taken apart by scapy. Layers stay open or closed from packet to packet.",
    ),
    "HexDump": ("the bytes of the packet", "The captured bytes; those of the field under the cursor are marked."),
    "FilterInput": (
        "the filter line",
        "Wireshark's display filters: tcp.flags.reset == 1, ip.addr == 10.1.0.0/16, udp.port in {53, 123}, icmp || arp.",
    ),
}
"""Name and purpose of what can have the focus and is no pane by itself."""


class _Text(ScrolledLines):
    """Rows, scrolled."""

    CURSOR: ClassVar[bool] = False

    def __init__(self, rows: Sequence[Row]) -> None:
        super().__init__(id="text")
        self._rows = rows

    def count(self) -> int:
        return len(self._rows)

    def header(self, y: int, width: int) -> Strip:  # noqa: ARG002
        return line((), width, self.palette.text)

    def item(self, index: int, width: int) -> list[Part]:  # noqa: ARG002
        key, does = self._rows[index]
        palette = self.palette
        if key and not does:
            return [(key, palette.strong)]
        return [(key, palette.accent), (does, palette.text)]


class TextScreen(ModalScreen[None]):
    """Text over the whole screen, until Esc."""

    CSS = """
    TextScreen { background: $background; }
    #text { width: 1fr; height: 1fr; margin: 1 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter,n", "dismiss", "back", id="text.back", tooltip="back to the main screen"),
    ]

    def __init__(self, rows: Sequence[Row]) -> None:
        super().__init__()
        self._rows = rows

    def compose(self) -> ComposeResult:
        """The text."""
        yield _Text(self._rows)


def help_screen(screen: Screen[None]) -> TextScreen:
    """What the pane in use is, and every key that works in it and on the screen."""
    focused, width = screen.focused, screen.app.size.width - MARGINS
    name, about = _what(focused)
    in_use = (focused, pane_of(focused))
    rows: list[Row] = [(f"NetSleuth: {name}", ""), *_prose(about, width)]
    for heading, here in ((f"Keys in {name}", True), ("Keys everywhere", False)):
        keys: dict[tuple[str, str], list[str]] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            text = binding.tooltip or binding.description
            if binding.id and (active.node in in_use) == here and active.binding.action != "leave":  # Textual's own have no id
                keys.setdefault((binding.action, text), []).append(screen.app.get_key_display(binding))
        if keys:
            rows += [("", ""), (heading, "")]
            rows += [row for (_, text), names in keys.items() for row in _key(" ".join(dict.fromkeys(names)), text, width)]
    return TextScreen([*rows, *_key("tab", "the next pane; with shift the previous one", width), ("", ""), ("Esc goes back.", "")])


def _what(focused: Widget | None) -> tuple[str, str]:
    """Name and purpose of what has the focus."""
    known = PARTS.get(type(focused).__name__)
    pane = pane_of(focused)
    if known is not None:
        return known
    return (pane.TITLE, pane.ABOUT) if pane is not None else ("the main screen", "")


def notes_screen(notes: Sequence[str], width: int) -> TextScreen:
    """Everything there is to say about the files, on `width` columns."""
    return prose_screen("About the files", notes or ("There is nothing to say: all files were read in full.",), width)


def prose_screen(heading: str, paragraphs: Sequence[str], width: int) -> TextScreen:
    """Paragraphs below a heading, on `width` columns."""
    rows = [row for text in paragraphs for row in _prose(text, width - MARGINS)]
    headings = [(part, "") for part in wrap(heading, max(width - MARGINS, 20))]
    return TextScreen([*headings, ("", ""), *rows, ("", ""), ("Esc goes back.", "")])


def _prose(text: str, width: int) -> list[Row]:
    return [("", part) for part in wrap(text, max(width, 20), subsequent_indent="  ")]


def _key(keys: str, text: str, width: int) -> list[Row]:
    first, *others = wrap(text, max(width - KEY_WIDTH, 20)) or [""]
    return [(f"  {keys}".ljust(KEY_WIDTH), first), *((" " * KEY_WIDTH, other) for other in others)]
