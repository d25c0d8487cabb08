"""Reading on in files that grow: what was added since they were loaded, and files that have joined them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from netsleuth_tui.ingest.load import Loader
from netsleuth_tui.ingest.table_layout import layout_of_table
from netsleuth_tui.readers import EventLog, EventTrace, TextTable
from netsleuth_tui.store import Stamp

if TYPE_CHECKING:
    from netsleuth_tui.ingest.progress import Progress
    from netsleuth_tui.readers import CaptureReader
    from netsleuth_tui.store import Source

__all__ = ["Again"]


class Again(Loader):
    """Loads, into a store that has these files already, only what is new.

    Rows that are there keep their ids. A file that grew is framed anew from its beginning, which finds interfaces and damage as ever, but
    only frames behind the last one that is there are decoded.
    """

    def load(self, paths: Sequence[str]) -> Progress:
        """Load what is new of files, patterns and folders; otherwise as for the first time."""
        self.problems += [f"{source.name}: {damage}" for source in self.store.sources for damage in source.damage]
        return super().load(paths)

    def _load_file(self, name: str, *, named: bool) -> None:
        index = next((k for k, source in enumerate(self.store.sources) if source.name == name), None)
        if index is None:
            super()._load_file(name, named=named)
            return
        source = self.store.sources[index]
        if name == "-" or source.stamp is None:
            self._tell(f"{name}: standard input cannot be read again")
            return
        now = Stamp.of(name)
        if now == source.stamp and source.complete:
            return
        if not source.stamp.still_holds(name):
            self._tell(f"{name}: {_what_happened(source.stamp, now)}; what was loaded of it stays")
        elif index != len(self.store.sources) - 1:
            self._tell(f"{name} grew, but other files were loaded behind it: open the files again to see the rest")
        else:
            self._read_on(name, index)

    def _read_on(self, name: str, index: int) -> None:
        """Load what was added to the file of the last source."""
        source = self.store.sources[index]
        reader = self._open(name)
        try:
            if reader.format != source.format or isinstance(reader, EventTrace):
                self._tell(f"{name}: what was added to a file of this kind cannot be read by itself: open it again")
                return
            layout = layout_of_table(reader, self.columns) if isinstance(reader, TextTable) else None
            whole = self.window
            self.problems[:] = [problem for problem in self.problems if not problem.startswith(f"{name}: ")]  # which are found again
            self.window = replace(whole, after=self._last_offset(source, reader))
            self._fill(reader, index, layout)
            self.window = whole
        finally:
            self._bytes_done += reader.position
            reader.close()

    def _last_offset(self, source: Source, reader: CaptureReader | EventLog | TextTable) -> int:
        """Where in the file the last record that is there begins; -1 if none is."""
        if isinstance(reader, EventLog):
            offsets = self.store.events.view().offset[source.first_event : source.first_event + source.events]
            return int(offsets.max()) if len(offsets) else -1
        offsets = self.store.columns().offset[source.first_row : source.first_row + source.packets]
        return int(offsets[-1]) if len(offsets) else -1

    def _tell(self, problem: str) -> None:
        self.problems.append(problem)


def _what_happened(before: Stamp, now: Stamp | None) -> str:
    """Why a file cannot be read on in."""
    if now is None:
        return "the file is gone"
    if (now.device, now.inode) != (before.device, before.inode):
        return "the file was replaced by another one"
    if now.size < before.size:
        return f"the file became {before.size - now.size} bytes shorter"
    return "the file was written anew"
