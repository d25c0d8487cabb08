"""`netsleuth extract`: the matching frames as a capture."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netsleuth_tui.cli.early import start_kernels
from netsleuth_tui.cli.options import STDIN, Files, Geoip, Shifts, Sites
from netsleuth_tui.errors import NetSleuthError, misused
from netsleuth_tui.wording import several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netsleuth_tui.extraction import Extracted, FileProgress
    from netsleuth_tui.store import Store

__all__ = ["extract"]

_NAMED = 3
"""Files that are named one by one."""


def extract(
    files: Files,
    /,
    *,
    output: Annotated[
        str, Parameter(name=["--output", "-o"], help="The capture to write: NAME.pcapng, or NAME.pcap, or - for standard output (pcapng).")
    ],
    filter: Annotated[str, Parameter(help="Display filter: which frames to keep; all without one.")] = "",  # noqa: A002 - the option is called --filter
    since: Annotated[str | None, Parameter(help="Only frames at or after this time, with its date.")] = None,
    until: Annotated[str | None, Parameter(help="Only frames before this time.")] = None,
    split: Annotated[str | None, Parameter(help="Begin another file after this size, as in 2G; files are then numbered.")] = None,
    force: Annotated[bool, Parameter(help="Replace files that exist.", negative=())] = False,
    shift: Shifts = (),
    geoip: Geoip = (),
    sites: Sites = (),
) -> int:
    """Write the matching frames of captures of any format to a capture, with their times, lengths, link types and comments.

    Example: netsleuth extract 'net1_capture_v1*.cap' --filter 'ip.addr == 10.35.69.103' -o one-address.pcapng
    """
    start_kernels(files)
    from netsleuth_tui import extraction
    from netsleuth_tui.cli import exits
    from netsleuth_tui.cli.narration import say
    from netsleuth_tui.cli.sizes import parse_piece
    from netsleuth_tui.export.standard_output import check_open
    from netsleuth_tui.ingest.shifts import parse_shift
    from netsleuth_tui.saved import expanded
    from netsleuth_tui.scope import Scope

    output = "-" if output == STDIN else output
    if output == "-":
        check_open()
    with misused():
        if not files:
            raise NetSleuthError("no file given", hint="netsleuth extract --help shows what there is")
        extraction.kind_of(output)
        if output == "-":
            _check_stdout(split)
        scope = Scope(expanded(filter), *_window(since, until))
        size = parse_piece(split) if split is not None else None
        shifts = [parse_shift(text) for text in shift]
    narrator = _Narrator()
    try:
        found = extraction.extract(
            files, scope, output, store=lambda: _placed(geoip, sites), shifts=shifts, split=size, force=force, report=narrator
        )
    finally:
        narrator.clear()
    for file in found.files:
        for line in (*file.problems, *file.notes):
            say(line)
    for line in _slips(scope.filter):
        say(line)
    if found.interleaved:
        say(f"{found.interleaved}: frames are not in the order of time; reordercap puts them into it")
    if found.untimed:
        say(f"{several(found.untimed, 'frame has', 'frames have')} no time that the format can hold; it is 1970-01-01 there")
    total = sum(file.frames for file in found.files)
    say(f"{found.kept} of {several(total, 'frame')}, {several(found.bytes, 'byte')} written to {_written(found.names)}")
    return exits.DAMAGED if any(file.failure for file in found.files) else exits.DONE


def _slips(text: str) -> list[str]:
    """What to say of names of event data in the filter: no frame has them."""
    from netsleuth_tui import query
    from netsleuth_tui.query.hints import no_frame_field
    from netsleuth_tui.query.nodes import needed

    fields = [(name, query.event_field(name)) for name in query.names_in(text)]
    absent = [name for name, field in fields if field is not None and field.event is not None and field.event.is_data]
    missed = needed(query.parse(text), frozenset(absent)) if absent else frozenset()
    return [said for name in absent if (said := no_frame_field(name, needed=name in missed))]


def _check_stdout(split: str | None) -> None:
    """Refuse what cannot go to standard output.

    Raises:
        NetSleuthError: It is a terminal, or there would be several files.
    """
    if split is not None:
        raise NetSleuthError("--split makes several files, and standard output is one", hint="name them with -o NAME.pcapng")
    if sys.stdout.isatty():
        raise NetSleuthError("a capture is not written to a terminal", hint="-o - | tshark -r -, or -o NAME.pcapng")


def _written(names: Sequence[str]) -> str:
    """What was written, in a sentence, however many files there are."""
    if len(names) > _NAMED:
        return f"{several(len(names), 'file')}, {names[0]} … {names[-1]}"
    return ", ".join("standard output" if name == "-" else name for name in names)


def _window(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """Begin and end, ns since the epoch.

    Raises:
        NetSleuthError: They are no times, or in the wrong order.
    """
    if since is None and until is None:
        return None, None
    from netsleuth_tui.cli.headless import window_of

    return window_of(since, until)


def _placed(geoip: Sequence[str], sites: Sequence[str]) -> Store:
    """A store whose hosts have places."""
    from netsleuth_tui.places import PlaceFiles
    from netsleuth_tui.session import Session

    return Session(place_files=PlaceFiles(tuple(geoip), tuple(sites))).store


class _Narrator:
    """A line for each file that is being read, on stderr, overwritten; silent where stderr is no terminal."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()
        self._lines = 0
        self._told: set[str] = set()

    def __call__(self, found: Extracted) -> None:
        if not self._on:
            return
        self.clear()
        done = [file for file in found.files if file.done and file.name not in self._told]
        running = [file for file in found.files if file.position and not file.done]
        self._told |= {file.name for file in done}
        self._lines = len(running)
        sys.stderr.write("".join(_line(file) for file in (*done, *running)))
        sys.stderr.flush()

    def clear(self) -> None:
        """Remove the lines of files that are not done."""
        if self._on and self._lines:
            sys.stderr.write(f"\r\x1b[{self._lines}A\x1b[J")
            self._lines = 0


def _line(file: FileProgress) -> str:
    from netsleuth_tui.terminal.sanitize import display

    share = f"{file.position / file.size:4.0%}" if file.size and not file.done else "done" if file.done else "    "
    return f"{share}  {file.kept} of {several(file.frames, 'frame')}  {display(file.name, limit=60)}\n"
