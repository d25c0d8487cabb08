"""How much a filter keeps, at the end of its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netsleuth_tui.tui.drawing import Part, ends
from netsleuth_tui.tui.numbers import share
from netsleuth_tui.tui.widgets.lines import Lines
from netsleuth_tui.wording import agree, counted, grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.strip import Strip

__all__ = ["Amount", "Matches"]

WIDE = 110
"""Cells from which two kinds have their totals, too; the title tells those."""


class Amount(NamedTuple):
    """What is kept of one kind of row."""

    matched: int
    total: int
    kind: str = ""
    """'packet' or 'event' where there are both; empty where it goes without saying."""


class Matches(Lines):
    """'35 104 of 5 012 330 · 0.7 %'; with packets and events '35 104 packets, 56 events'."""

    amounts: tuple[Amount, ...] = ()

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """The only line."""
        return ends((), self._parts(), width, self.palette.text)

    def show(self, amounts: Sequence[Amount]) -> None:
        """Other numbers, in no more room than they take; none where they are not known."""
        self.amounts = tuple(amounts)
        self.fit()
        self.redraw()

    def fit(self) -> None:
        """Take the room that the numbers need on a screen of this width."""
        if self.amounts:
            self.styles.width = sum(len(text) for text, _ in self._parts())

    def _parts(self) -> list[Part]:
        text, muted = self.palette.text, self.palette.muted
        if len(self.amounts) == 1:
            matched, total, kind = self.amounts[0]
            unit = f" {agree(total, kind)}" if kind else ""
            return [(f"  {grouped(matched)}", text), (f" of {grouped(total)}{unit} {self.glyphs.dot} {share(matched, total)}", muted)]
        parts: list[Part] = []
        for number, (matched, total, kind) in enumerate(self.amounts):
            before = ", " if number else "  "
            if self.app.size.width >= WIDE:
                parts += [(f"{before}{grouped(matched)}", text), (f" of {counted(total, kind)}", muted)]
            else:
                parts += [(f"{before}{grouped(matched)}", text), (f" {agree(matched, kind)}", muted)]
        return parts
