"""Writing what a pane shows to a file: one question, one thread, and what came of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.exporting import Export, Writing
from netsleuth_tui.tui.extracting import FrameExport, is_capture
from netsleuth_tui.tui.messages import ExportEnded, ExportProgressed
from netsleuth_tui.tui.numbers import size
from netsleuth_tui.tui.panes import Frames, Pane, pane_of
from netsleuth_tui.tui.screens.completing import Completing
from netsleuth_tui.tui.views import default_name
from netsleuth_tui.tui.widgets.prompt import Prompt
from netsleuth_tui.wording import agree, counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget

    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["Exporting"]


class Exporting(Completing):
    """The part of the main screen that writes files."""

    _export: Writing | None = None
    _pane: Pane | None = None
    """What is to be written, while its file's name is asked for."""
    _asked_twice = ""
    """A file that exists, and that Enter may replace now."""
    _came_from: Widget | None = None

    @property
    def export_running(self) -> bool:
        """True from Enter until the file is there."""
        return self._export is not None

    def action_export(self) -> None:
        """Ask for a file name."""
        if self.export_running:
            self.status.say("an export is running; Esc cancels it", "warning")
            return
        if self.session is None or self.overview is None:
            self.status.say("there is nothing to write yet", "warning")
            return
        self._came_from = self.focused
        pane = pane_of(self.focused) or self.table
        if pane.export_table() is None and pane.text_as_shown() is None:
            self.status.say(f"{pane.TITLE} cannot be written", "warning")
            return
        self._pane = pane
        self._asked_twice = ""
        name = default_name(self.paths[0] if self.paths else "-", pane.NAME)
        self.query_one("#prompt", Prompt).ask(f"Write {pane.subject()} to", name)
        self._say_forms(name)

    def on_prompt_edited(self, message: Prompt.Edited) -> None:
        """Another name, another question: its ending says whether rows are written or frames."""
        if self._pane is None:
            return
        self._asked_twice = ""
        frames = self._frames_for(message.text)
        self.query_one("#prompt", Prompt).name_question(f"Write {frames.title if frames is not None else self._pane.subject()} to")
        self._say_forms(message.text)

    def _frames_for(self, name: str) -> Frames | None:
        """The packets that are written to a file of this name; None where it is no capture, or there are none."""
        scope, pane = self._scope_shown, self._pane
        return pane.frames(scope) if is_capture(name.strip()) and pane is not None and scope is not None else None

    @property
    def _scope_shown(self) -> Scope | None:
        return self.overview.scope if self.overview is not None else self.session.scope if self.session is not None else None

    def _say_forms(self, name: str) -> None:
        """What may be answered; of a capture, which packets it gets."""
        scope, pane, session = self._scope_shown, self._pane, self.session
        if scope is None or pane is None or session is None:
            return
        some = "; only what is loaded so far is written" if self.is_loading else ""
        frames = self._frames_for(name)
        if frames is not None and frames.follows:
            self.status.say(f"Enter: {_looked_at(scope)}; Esc goes back{some}", keep=True)
            return
        offered = ", frames as .pcapng .pcap" if session.store.packets and pane.frames(scope) is not None else ""
        self.status.say(f"Enter: rows as .csv .json .jsonl .txt{offered}; Esc goes back{some}", keep=True)

    def on_prompt_answered(self, message: Prompt.Answered) -> None:
        """Write, unless there is such a file: then Enter has to be pressed again."""
        name = os.path.expanduser(message.text.strip())  # noqa: PTH111 - the name is shown and written as it was typed
        if self.session is None or self._pane is None or not name:
            return
        try:
            self.session.spare(name)
            if os.path.isdir(name):  # noqa: PTH112 - the name is shown and written as it was typed
                raise NetSleuthError("is a folder", where=name, hint="name a file in it")  # noqa: TRY301
            folder = os.path.dirname(name) or "."  # noqa: PTH120
            if not os.path.isdir(folder):  # noqa: PTH112
                raise NetSleuthError("there is no such folder", where=folder, hint="name the file in one that is there")  # noqa: TRY301
            frames = self._frames_for(name)
            if is_capture(name) and frames is None:
                raise NetSleuthError(f"there are no frames in {self._pane.subject()}", where=name, hint="name it .csv")  # noqa: TRY301
            make = "" if frames is not None else _what(self._pane, name)
        except NetSleuthError as error:
            self.status.say(display(str(error), limit=400), "error", keep=True)
            return
        force = name == self._asked_twice
        if os.path.lexists(name) and not force:
            self._asked_twice = name
            self.status.say(f"{display(name, limit=200)} exists already: Enter once more replaces it, Esc goes back", "warning", keep=True)
            return
        self._close_prompt()
        scope = self._scope_shown or self.session.scope
        if frames is not None:
            self._export = FrameExport(self.session, frames.scope, name, self.post_message, force=force)
        else:
            self._export = Export(self.session.store, scope, make, name, self.post_message, force=force)
        self.status.say("writing … Esc cancels it", keep=True)
        self._export.start()

    def on_prompt_abandoned(self, message: Prompt.Abandoned) -> None:  # noqa: ARG002
        """Write nothing."""
        self._close_prompt()
        self.status.clear()

    def _close_prompt(self) -> None:
        self._pane = None
        self.query_one("#prompt", Prompt).close()
        if self._came_from is not None and self._came_from.is_attached:
            self.set_focus(self._came_from)

    def cancel_export(self) -> None:
        """Stop the export; there will be no file."""
        if self._export is not None:
            self._export.cancel()

    def on_export_progressed(self, message: ExportProgressed) -> None:
        """Say how far it is."""
        if self._export is not None:
            rows = counted(message.rows, message.unit.removesuffix("s"), message.unit)
            self.status.say(f"writing, {rows} so far; Esc cancels it", keep=True)

    def on_export_ended(self, message: ExportEnded) -> None:
        """Say what was written."""
        self._export = None
        if message.error is not None:
            self.status.say(display(str(message.error), limit=400), "error", keep=True)
        elif message.written is None:
            self.status.say("cancelled; no file was written", "warning")
        else:
            written = message.written
            them = agree(written.guarded, "it", "them")
            guarded = f", {counted(written.guarded, 'cell')} guarded against spreadsheets running {them}" if written.guarded else ""
            rows = counted(written.rows, message.unit.removesuffix("s"), message.unit)
            name = display(written.path or "", limit=200)
            note = f"; {message.note}" if message.note else ""
            self.status.say(f"{name}: {rows}, {size(written.bytes)}{guarded}{note}", "good", keep=True)


def _looked_at(scope: Scope) -> str:
    """Which packets a scope selects, of those that were named already."""
    of_filter, of_window = "that the filter keeps" * bool(scope.filter.strip()), "in the time window" * scope.has_window
    return " ".join(filter(None, ("those", of_filter, of_window))) if of_filter or of_window else "all of them"


def _what(pane: Pane, name: str) -> Callable[[Store, Scope], Table] | str:
    """What the name of a file asks a pane for: its rows, or its lines as they are shown.

    Raises:
        NetSleuthError: The name asks for a format that there is not.
    """
    from netsleuth_tui.export import format_of

    text = pane.text_as_shown() if format_of(name) == "table" else None
    if text is not None:
        return text
    make = pane.export_table()
    if make is None:
        raise NetSleuthError(f"{pane.TITLE} can be written as text only", where=name, hint="name it .txt")
    return make
