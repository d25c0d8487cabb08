"""What is open, how far it is loaded, and what is looked at: the same for the command line and the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from netsleuth_tui import query
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.history import History
from netsleuth_tui.ingest import Loader, Progress, Shift, default_budget
from netsleuth_tui.ingest.table_layout import show_columns
from netsleuth_tui.ingest.window import LoadWindow
from netsleuth_tui.places import HostPlaces, PlaceFiles, Places, host_places
from netsleuth_tui.query.times import iso
from netsleuth_tui.readers import read_frame
from netsleuth_tui.scope import EVERYTHING, Scope
from netsleuth_tui.store import Store

if TYPE_CHECKING:
    from netsleuth_tui.decode.dissect import Dissection, Dissector
    from netsleuth_tui.decode.event_xml import EventText, EventXml
    from netsleuth_tui.findings import Limits, Report, Steps
    from netsleuth_tui.ingest.matching import Matching

__all__ = ["Session"]

NO_FILES = PlaceFiles()


class Session:
    """One set of files and the view on it.

    Args:
        memory: Budget for packets and events in bytes; None for the default of this host.
        recovered: Whether event records are loaded that their log does not count as its own any more.
        shifts: What is added to the times of files whose clock was off.
        columns: What the columns of tables of text are, from `ingest.parse_columns`; empty for what they say themselves.
        load_filter: Only packets that it keeps are loaded; all without one.
        load_window: Only packets and events from its begin to its end (ns since the epoch, excluded) are loaded; None is open.
        drops_oldest: Whether the oldest packets of a live capture make room where it exceeds the budget; otherwise reading ends there.
        place_files: Files that tell where addresses are; opened when that is first asked for.
        places: The same, where they are open already.
    """

    def __init__(
        self,
        memory: int | None = None,
        *,
        recovered: bool = False,
        shifts: Sequence[Shift] = (),
        columns: Sequence[tuple[str, str]] = (),
        load_filter: str = "",
        load_window: tuple[int | None, int | None] = (None, None),
        drops_oldest: bool = False,
        place_files: PlaceFiles = NO_FILES,
        places: Places | None = None,
    ) -> None:
        self.recovered = recovered
        self.shifts = tuple(shifts)
        self.columns = tuple(columns)
        self.load_filter = load_filter.strip()
        self.load_window = LoadWindow(*load_window)
        self.drops_oldest = drops_oldest
        self.memory = memory if memory is not None else default_budget()
        self.store = Store(query_memory=max(self.memory // 2, 64 << 20))
        self.place_files = place_files
        self.store.places = HostPlaces(self.store.hosts, place_files.open if places is None else lambda: places)
        self.scopes = History(EVERYTHING)
        """What was looked at, filter and window together: undo and redo."""
        self.windows: History[tuple[int | None, int | None]] = History((None, None))
        """Begin and end of the windows alone, whatever the filter was."""
        self.progress: Progress | None = None
        """The latest report of `load`."""
        self.failures: list[NetSleuthError] = []
        """Files that could not be opened."""
        self._dissector: Dissector | None = None
        self._event_xml: EventXml | None = None
        self._paths: tuple[str, ...] = ()
        self._stopped = False
        self._loading = False

    def load(
        self, paths: Sequence[str], *, cancel: threading.Event | None = None, report: Callable[[Progress], None] | None = None
    ) -> Progress:
        """Load files on the calling thread; the store can be asked meanwhile from others.

        Args:
            paths: Files, patterns, folders; '-' is standard input.
            cancel: Set it to stop; what was loaded stays.
            report: Called with the progress, about ten times a second.
        """
        self._paths = tuple(paths)
        return self._run(Loader, cancel, report)

    def reload(self, *, cancel: threading.Event | None = None, report: Callable[[Progress], None] | None = None) -> Progress:
        """Load what was added to the files since, and files that have joined a folder or pattern; otherwise as `load`."""
        from netsleuth_tui.ingest.again import Again

        return self._run(Again, cancel, report)

    def _run(self, kind: type[Loader], cancel: threading.Event | None, report: Callable[[Progress], None] | None) -> Progress:
        def keep(progress: Progress) -> None:
            self.progress = progress
            if report is not None:
                report(progress)

        loader = kind(self.store, memory=self.memory, cancel=cancel or threading.Event(), report=keep, recovered=self.recovered)
        loader.shifts, loader.columns, loader.window = self.shifts, self.columns, self.load_window
        loader.drops_oldest = self.drops_oldest
        if self.load_filter:
            loader.keeping, loader.kept_by = self._matching(), self.load_filter
        self.failures = loader.failures
        self._loading = True
        try:
            last = loader.load(self._paths)
        finally:
            self._loading = False
        self._stopped = last.phase != "done"
        return last

    def _matching(self) -> Matching:
        """What asks the filter at loading: against addresses of its own, since those of packets that are not kept are not, either.

        Raises:
            NetSleuthError: It is not valid, or asks for fields that follow from other packets.
        """
        from netsleuth_tui.analysis.places import PlacesOf
        from netsleuth_tui.ingest.matching import Matching

        store = Store(query_memory=max(self.memory // 2, 64 << 20))
        store.places = HostPlaces(store.hosts, lambda: self.places)
        return Matching(store, query.alone(self.load_filter), places=PlacesOf(store))

    @property
    def loading_options(self) -> tuple[tuple[str, str], ...]:
        """Options of the command line that say what the columns of tables are and what is loaded of the time, with their values."""
        window = (("--load-since", self.load_window.start), ("--load-until", self.load_window.end))
        times = tuple((option, iso(time)) for option, time in window if time is not None)
        return ((("--columns", show_columns(self.columns)),) if self.columns else ()) + times

    def look_at(self, scope: Scope) -> None:
        """Make `scope` the current one.

        Raises:
            FilterError: Its filter is not valid; the scope stays as it was.
        """
        if scope.filter.strip():
            query.parse(scope.filter)
        self.scopes.visit(scope)
        self.windows.visit((scope.start, scope.end))

    def amend(self, scope: Scope) -> None:
        """As `look_at`, where the current scope was only a step on the way to this one: a window that is still being brushed."""
        self.scopes.amend(scope)
        self.windows.amend((scope.start, scope.end))

    def undo(self) -> bool:
        """Look at what was looked at before; False where there is nothing before."""
        return self._step(self.scopes.back())

    def redo(self) -> bool:
        """Take one `undo` back; False where there is none."""
        return self._step(self.scopes.forward())

    def change_window(self, *, back: bool) -> bool:
        """Look through the window before this one (or, after that, the one that came next), with today's filter; False without one."""
        moved = self.windows.back() if back else self.windows.forward()
        if moved:
            start, end = self.windows.current
            self.scopes.visit(replace(self.scope, start=start, end=end))
        return moved

    def with_clock(self, scope: Scope, source: int, offset: int | None) -> Scope:
        """A scope that sees the times of a source, and of all other parts of the same file, through an offset.

        Args:
            scope: What is looked at.
            source: Its number.
            offset: ns that are added to the times that its file has; None for the offset that it was loaded with.

        Raises:
            NetSleuthError: Files are being loaded, or its times would leave what can be told.
        """
        self._check_loaded()
        if offset is not None and not self.store.can_shift(source, offset):
            raise NetSleuthError("its times would leave the years 1678 to 2261")
        source = self.store.first_part(source)
        others = tuple(clock for clock in scope.clocks if clock[0] != source)
        return replace(scope, clocks=tuple(sorted((*others, *([(source, offset)] if offset is not None else [])))))

    def set_clocks(self, scope: Scope) -> None:
        """Let the store see times as a scope does.

        Raises:
            NetSleuthError: Files are being loaded.
        """
        if scope.clocks != self.store.clocks:
            self._check_loaded()
            self.store.set_clocks(scope.clocks)

    @property
    def is_loading(self) -> bool:
        """True while files are being loaded, also the moment after the last report."""
        return self._loading or (self.progress is not None and self.progress.phase == "loading")

    def _check_loaded(self) -> None:
        if self.is_loading:
            raise NetSleuthError("files are being loaded", hint="clocks of sources can be changed when all is there; or start with --shift")

    def shifts_of(self, scope: Scope) -> tuple[Shift, ...]:
        """Clock offsets as --shift takes them: those that files were loaded with, and those that were set since."""
        return (*self.shifts, *(Shift(self.store.sources[source].name, offset) for source, offset in scope.clocks))

    def _step(self, moved: bool) -> bool:
        if moved:
            self.windows.visit((self.scope.start, self.scope.end))
        return moved

    @property
    def scope(self) -> Scope:
        """What is looked at; `look_at` changes it."""
        return self.scopes.current

    @property
    def is_whole(self) -> bool:
        """True if all that was named is loaded: every file could be opened, is undamaged, and was read to its end.

        A file of a folder that is no capture does not count.
        """
        sources = self.store.sources
        return (
            bool(sources) and not self.failures and all(source.complete and not source.damage for source in sources) and not self._stopped
        )

    @property
    def places(self) -> Places:
        """Where addresses are; the data are opened when this is asked for the first time.

        Raises:
            NetSleuthError: A file that the user named cannot be used.
        """
        return host_places(self.store).places

    def findings(
        self,
        scope: Scope,
        *,
        limits: Limits | None = None,
        progress: Callable[[Steps], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Report:
        """What deserves attention among the records of a scope; it may take seconds, and any thread may ask.

        With a filter at loading, kinds that say of packets that they are not there are left out.

        Args:
            scope: Filter and window.
            limits: The thresholds; those of config.toml where they are not given.
            progress: Called before each kind of finding.
            cancelled: Asked from time to time; True ends the work.

        Raises:
            NetSleuthError: The filter or a threshold in config.toml is not valid, or nobody wanted the answer any more.
        """
        from netsleuth_tui.findings import find, left_by, user_limits

        found = user_limits() if limits is None else limits
        return find(self.store, scope, limits=found, kinds=left_by(self.load_filter), progress=progress, cancelled=cancelled)

    def warm(self) -> None:
        """Load what the first filter needs, so that it need not wait for it."""
        if self.store.events.rows:
            self.store.texts_matching(("a",), "a")
        if self.store.packets:
            self.store.engine.row_ids(self.store.columns().at(slice(0, 1)), query.warmed(), (), self.store.numbered_from)

    def spare(self, target: str | None) -> None:
        """Refuse to write over a capture that is open.

        Raises:
            NetSleuthError: `target` is one of the files that were loaded.
        """
        for source in self.store.sources:
            if target is not None and source.name != "-" and _is_same(target, source.name):
                raise NetSleuthError("this is one of the captures that are open", where=target, hint="choose another name")

    def frame(self, row: int) -> bytes:
        """Captured bytes of row id `row`, read again from its file.

        Raises:
            NetSleuthError: The file is gone, has changed, was standard input, or is a table that has no bytes of it.
        """
        columns = self.store.columns()
        source = self.store.source_of(row)
        if source.format == "csv":
            raise NetSleuthError("a table has no bytes of its packets", where=source.name)
        if source.stamp is not None and not source.stamp.still_holds(source.name):
            raise NetSleuthError("the file has changed since it was loaded", where=source.name, hint="open it again to see this packet")
        return read_frame(source.name, source.compression, int(columns.offset[row]), int(columns.cap_len[row]))

    def dissect(self, row: int) -> Dissection:
        """All layers of row id `row`, taken apart in a process of its own.

        Where the frame cannot be read again, or nothing comes of it within two seconds, the fields that the columns know, and why.
        """
        from netsleuth_tui.analysis.packet import known_layers
        from netsleuth_tui.decode.dissect import Dissector

        if self._dissector is None:
            self._dissector = Dissector()
        try:
            frame = self.frame(row)
        except NetSleuthError as error:
            return known_layers(self.store, row, str(error))
        opened = self._dissector.dissect(frame, int(self.store.columns().link_type[row]))
        if opened.failure and not opened.tells:
            return known_layers(self.store, row, f"scapy {opened.failure}")
        return opened

    def event_xml(self, row: int) -> EventText:
        """Event row `row` as XML, written in a process of its own from the bytes of its file; or why there is none."""
        from netsleuth_tui.decode.event_xml import EventText, EventXml
        from netsleuth_tui.readers.chunk_at import read_chunk

        columns = self.store.events.view()
        source, offset = self.store.sources[int(columns.source[row])], int(columns.offset[row])
        if source.format != "evtx":
            return EventText(failure="the events of a trace are not XML")
        if source.stamp is not None and not source.stamp.still_holds(source.name):
            return EventText(failure=f"{source.name} has changed since it was loaded")
        try:
            chunk, begin = read_chunk(source.name, source.compression, offset)
        except NetSleuthError as error:
            return EventText(failure=str(error))
        if self._event_xml is None:
            self._event_xml = EventXml()
        return self._event_xml.write(chunk, offset - begin)

    def close(self) -> None:
        """End the processes that opened packets and events."""
        if self._event_xml is not None:
            self._event_xml.close()
        if self._dissector is not None:
            self._dissector.close()


def _is_same(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False
