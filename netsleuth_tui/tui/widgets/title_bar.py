"""The first line: which files, how many packets, from when to when, and how far loading is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import Part, ends, fit
from netsleuth_tui.tui.numbers import short, size
from netsleuth_tui.tui.widgets.lines import Lines
from netsleuth_tui.wording import agree, counted, file_name

if TYPE_CHECKING:
    from textual.strip import Strip

    from netsleuth_tui.ingest import Progress

__all__ = ["TitleBar", "shown_files"]

BAR = 12
LEAST_FOR_SPAN = 72
WIDE = 110
LEAST_FOR_FILES = 30
"""Columns at the left that facts at the right may not take."""
PARTIAL = {"cancelled": "partial: loading was cancelled", "budget": "partial: the memory budget is used up"}


class TitleBar(Lines):
    """Name, files, and what is known of them so far."""

    def __init__(self, paths: tuple[str, ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._files = shown_files(paths)
        self._progress: Progress | None = None
        self._span: tuple[int, int] | None = None
        self._notes = 0

    def show(self, progress: Progress | None, span: tuple[int, int] | None, files: tuple[str, ...], notes: int) -> None:
        """Show where loading is.

        Args:
            progress: The latest report.
            span: First and last time stamp, ns since the epoch.
            files: What is open.
            notes: How many things there are to say about the files.
        """
        self._progress = progress
        self._span = span
        self._files = shown_files(files) if files else self._files
        self._notes = notes
        self.redraw()

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """The only line."""
        palette = self.palette
        right = self._right(width)
        least = min(LEAST_FOR_FILES, len("NetSleuth") + 4 + cell_len(self._files))
        for fewer in (self._right(width, span=False), self._right(width, span=False)[-1:]):  # notes are told nowhere else; times are, below
            if width - sum(len(text) for text, _ in right) >= least:
                break
            right = fewer
        room = max(width - sum(len(text) for text, _ in right) - len("NetSleuth") - 4, 0)
        files = fit(self._files, room, self.glyphs.ellipsis) if cell_len(self._files) > room else self._files
        return ends([("NetSleuth", palette.accent), (f"  {files}", palette.strong)], right, width, palette.text)

    def _right(self, width: int, *, span: bool = True) -> list[Part]:
        palette, progress, dot = self.palette, self._progress, f" {self.glyphs.dot} "
        if progress is None:
            return [("opening", palette.muted)]
        notes: list[Part] = []
        if self._notes:
            notes.append((f"{counted(self._notes, 'note')}{dot}", palette.warning))
        if progress.phase == "loading":
            return [*notes, *self._loading(progress, width)]
        if progress.phase != "done":
            label = PARTIAL[progress.phase] if width >= 120 else "partial"
            notes.append((f"{label}{dot}", palette.warning))
        packets = self._amounts(progress, dot)
        if span and self._span and width >= LEAST_FOR_SPAN:
            packets += f"{dot}{shown_span(self._span, self.glyphs.dash, short=width < WIDE)}"
        return [*notes, (packets, palette.text)]

    @staticmethod
    def _amounts(progress: Progress, dot: str) -> str:
        """How many packets and events there are, of what there is any."""
        packets = counted(progress.packets, "packet")
        events = counted(progress.events, "event")
        return dot.join([*([packets] if progress.packets or not progress.events else []), *([events] if progress.events else [])])

    def _loading(self, progress: Progress, width: int) -> list[Part]:
        palette = self.palette
        known = progress.bytes_total > 0
        done = min(progress.bytes_read / progress.bytes_total, 1.0) if known else 0.0
        full = round(done * BAR)
        bar: list[Part] = (
            [(self.glyphs.lengths[-1] * full, palette.accent), (self.glyphs.horizontal * (BAR - full) + " ", palette.faint)]
            if known
            else []
        )
        read = f"{size(progress.bytes_read)} of {size(progress.bytes_total)}" if known else size(progress.bytes_read)
        dot = f" {self.glyphs.dot} "
        events = f"{short(progress.events)} {agree(progress.events, 'event')}"
        packets = f"{short(progress.packets)} {agree(progress.packets, 'packet')}" + (f"{dot}{events}" if progress.events else "")
        text = f"{packets if progress.packets or not progress.events else events}{dot}{short(progress.packets_per_second)}/s"
        count = f"{dot}file {min(progress.files_done + 1, progress.files)} of {progress.files}" if progress.files > 1 else ""
        percent = f"{min(int(100 * done), 99)} %{dot}" if known else ""  # all is there when loading has ended, not before
        return [*bar, (f"{read}{count}{dot}{text}" if width >= 110 else f"{percent}{text}", palette.text)]


def shown_files(paths: tuple[str, ...]) -> str:
    """'net1_capture_v1(0).cap', or the first of them 'and 7 more'."""
    names = [display(file_name(path), limit=60) for path in paths]
    if not names:
        return "nothing"
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def shown_span(span: tuple[int, int], dash: str, *, short: bool = False) -> str:
    """'2026-03-10 12:00:03-12:41:17 UTC', with the second date where it is another one, and parts of seconds where it is of a few."""
    from netsleuth_tui.analysis import clock, iso
    from netsleuth_tui.analysis.times import digits_for

    first, last = span
    days, digits = (iso(first)[:10], iso(last)[:10]), digits_for(span)
    if short and days[0] == days[1]:
        return f"{clock(first, digits)}{dash}{clock(last, digits)}"
    if short:
        return f"{days[0]}{dash}{days[1]}"
    ending = clock(last, digits) if days[0] == days[1] else f"{days[1]} {clock(last, digits)}"
    return f"{days[0]} {clock(first, digits)}{dash}{ending} UTC"
