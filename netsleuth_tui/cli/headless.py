"""What every headless command does around its one question: load, narrate, write, and say how it went."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import process_time
from types import FrameType

from netsleuth_tui import jit, query
from netsleuth_tui.cli import exits
from netsleuth_tui.cli.early import import_meanwhile
from netsleuth_tui.cli.narration import say
from netsleuth_tui.cli.options import Common, Format, asked_window
from netsleuth_tui.cli.sizes import parse_size
from netsleuth_tui.errors import NetSleuthError, misused
from netsleuth_tui.export import format_of as by_suffix
from netsleuth_tui.export import write_table
from netsleuth_tui.export.standard_output import check_open
from netsleuth_tui.ingest import Progress, parse_columns, parse_shift
from netsleuth_tui.places import PlaceFiles, host_places
from netsleuth_tui.saved import expanded
from netsleuth_tui.scope import Scope
from netsleuth_tui.session import Session
from netsleuth_tui.settings import read_settings
from netsleuth_tui.tabular import Table
from netsleuth_tui.wording import several

__all__ = ["ending", "format_of", "load", "say", "window_of", "write"]

LONG = 10.0
"""Seconds of processor time from which on it is said in any case that kernels would have been faster."""


def window_of(since: str | None, until: str | None, *, load: bool = False) -> tuple[int | None, int | None]:
    """Begin and end of a time window before anything was read, ns since the epoch, None is open; `load` says which options they are from.

    Raises:
        NetSleuthError: They are no times, lack their date, or are in the wrong order.
    """
    if since is None and until is None:
        return None, None
    from netsleuth_tui.analysis import TimeOfDay, parse_window

    options = ("--load-since", "--load-until") if load else ("--since", "--until")
    window = parse_window(since, until, options)
    for time, option in zip((window.start, window.end), options, strict=True):
        if isinstance(time, TimeOfDay):
            hint = f"write it, as in {option} 2026-03-10T{time.text}"
            raise NetSleuthError(f"{option} {time.text} needs a date here: it is asked before anything is known of the files", hint=hint)
    return window.on(())


def load(files: Sequence[str], common: Common) -> tuple[Session, Scope]:
    """Load files for one question.

    Raises:
        NetSleuthError: The scope or the output's name is not valid, the output is closed, or no file could be opened.
    """
    if common.output is None:
        check_open()
    with misused():
        if not files:
            raise NetSleuthError("no file given", hint="netsleuth --help shows what there is")
        window = asked_window(common.since, common.until)
        scope = Scope(expanded(common.filter), *(window.at_once if window is not None else (None, None)))
        format_of(common)
        files_of_places = PlaceFiles(common.geoip, common.sites)
        shifts = [parse_shift(text) for text in common.shift]
        columns = parse_columns(common.columns) if common.columns else ()
        only = expanded(common.load_filter)
        query.alone(only)
        memory = parse_size(common.memory) if common.memory else None
        when_full = common.when_full if common.when_full or "-" not in files else read_settings().when_full
        session = Session(
            memory,
            recovered=common.recovered,
            shifts=shifts,
            columns=columns,
            load_filter=only,
            load_window=window_of(common.load_since, common.load_until, load=True),
            drops_oldest=when_full == "drop",
            place_files=files_of_places,
        )
        session.look_at(scope)
    if common.geoip or common.sites:
        _ = session.places  # what is wrong with a file that was named is said before anything is read, and whether or not it is asked
    progress = _Narrator()
    import_meanwhile("netsleuth_tui.analysis")
    with _interruptible(stdin="-" in files) as cancel:
        last = session.load(files, cancel=cancel, report=progress)
    progress.clear()
    if not session.store.sources and len(session.failures) == 1:
        raise session.failures[0]
    _tell(session, files, last, scope)
    if window is not None and window.is_open:
        from netsleuth_tui.analysis import spans_of

        with misused():
            start, end = window.on(spans_of(session.store))
            scope = replace(scope, start=start, end=end)
            session.look_at(scope)
    return session, scope


@contextmanager
def _interruptible(*, stdin: bool) -> Iterator[threading.Event]:
    """What stops loading: Ctrl+C ends a live capture on standard input, and what was read is answered; a second one ends the program."""
    cancel = threading.Event()
    if not stdin or threading.current_thread() is not threading.main_thread():
        yield cancel
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if cancel.is_set():
            signal.default_int_handler(number, frame)
        cancel.set()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(session: Session, files: Sequence[str], last: Progress, scope: Scope) -> None:
    """Say how the loading went, and what in the filter is probably a slip.

    Raises:
        NetSleuthError: No file could be opened.
    """
    for problem in last.problems:
        say(problem)
    if last.phase == "budget":
        amount = several(last.packets, "packet")
        amount += f" and {several(last.events, 'event')}" if last.events else ""
        say(f"stopped at {amount}: the memory budget is used up; the rest of the input is missing here (raise --memory)")
    if last.phase == "cancelled":
        say(f"interrupted at {several(last.packets, 'packet')}; what was read until then is answered")
    if not session.store.sources:
        raise NetSleuthError("nothing could be opened", where=", ".join(files))
    from netsleuth_tui.analysis import unknown_said

    for source in session.store.sources:
        for note in (*source.notes, *([source.missing] if source.dropped else [])):
            say(f"{source.name}: {note}")
    for _, said in unknown_said(session.store, query.names_in(scope.filter)):
        say(said)
    if scope.filter.strip() or scope.has_window:
        _tell_nothing(session, scope)


def _tell_nothing(session: Session, scope: Scope) -> None:
    """Say where nothing of what was loaded is asked for: a table of nothing but its header may be taken for a failure."""
    from netsleuth_tui.analysis import event_rows_of, rows_of

    store = session.store
    if (store.packets or store.events.rows) and not len(rows_of(store, scope)) and not len(event_rows_of(store, scope)):
        what = " and ".join(["the filter"] * bool(scope.filter.strip()) + ["the time window"] * scope.has_window)
        say(f"no packet and no event matches {what}" if store.packets and store.events.rows else f"nothing matches {what}")


def ending(session: Session) -> int:
    """The exit code for what was loaded; says which data placed addresses, where any did."""
    for line in host_places(session.store).remarks:
        say(line)
    if jit.state() == "compiling" and not jit.is_cached() and (sys.stderr.isatty() or process_time() > LONG):
        say("loaded without compiled kernels, which takes longer; netsleuth kernels has them compiled, once for this version")
    if session.progress is not None and session.progress.phase == "cancelled":
        return exits.INTERRUPTED
    return exits.DONE if session.is_whole else exits.DAMAGED


def format_of(common: Common) -> Format:
    """The format asked for, or the one that fits where the output goes.

    Raises:
        NetSleuthError: The suffix of the output stands for none.
    """
    if common.format:
        return common.format
    if common.output:
        return by_suffix(common.output)
    return "table" if sys.stdout.isatty() else "csv"


def write(table: Table, session: Session, common: Common) -> None:
    """Write rows where the options say, but not over a capture that is open.

    Raises:
        NetSleuthError: The output cannot be written.
    """
    session.spare(common.output)
    written = write_table(table, format=format_of(common), target=common.output, force=common.force, raw=common.csv_raw)
    if written.guarded:
        say(f"{written.guarded} cells that a spreadsheet would run as a formula begin with an apostrophe now; --csv-raw leaves them exact")
    if common.output:
        say(f"{several(written.rows, 'row')}, {several(written.bytes, 'byte')} written to {common.output}")


class _Narrator:
    """Progress on stderr, on one line that is overwritten and only where stderr is a terminal; why it is slow in any case, once."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()
        self._said: set[str] = set()

    def __call__(self, progress: Progress) -> None:
        if progress.slow and progress.slow not in self._said:
            self._said.add(progress.slow)
            self.clear()
            say(f"{progress.file}: {progress.slow}")
        if self._on:
            share = f"{progress.bytes_read / progress.bytes_total:4.0%} " if progress.bytes_total else ""
            sys.stderr.write(f"\r\x1b[K{share}{several(progress.packets, 'packet')}, {progress.packets_per_second:.0f}/s")
            sys.stderr.flush()

    def clear(self) -> None:
        """Remove the line."""
        if self._on:
            sys.stderr.write("\r\x1b[K")
