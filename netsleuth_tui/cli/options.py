"""The options that all headless commands share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter, Token

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Window

__all__ = [
    "Columns",
    "Common",
    "Files",
    "Format",
    "Geoip",
    "LoadFilter",
    "LoadSince",
    "LoadUntil",
    "Memory",
    "Recovered",
    "Shifts",
    "Sites",
    "asked_window",
]

SCOPE, OUTPUT, LOADING = (Group(name, sort_key=order) for order, name in enumerate(("What to look at", "Output", "Loading"), 1))
"""What the help of a command lists behind its own options."""

Format = Literal["table", "csv", "json", "jsonl"]

STDIN = "\0-"
"""Stands for the word - on its way through the parser, which would take it for an option; nobody can type it."""


def _files(_: type, tokens: Sequence[Token]) -> list[str]:
    return ["-" if token.value == STDIN else token.value for token in tokens]


Files = Annotated[
    list[str], Parameter(converter=_files, help="Captures, in any mix: files, patterns, folders, or - for standard input.", negative=())
]


def _output(_: type, tokens: Sequence[Token]) -> str | None:
    return None if tokens[-1].value in ("-", STDIN) else tokens[-1].value


Geoip = Annotated[
    tuple[str, ...],
    Parameter(
        group=LOADING,
        help="Places of addresses: an .mmdb file, CSV, archive or folder; may be given several times. 'bundled': only what comes along.",
        negative=(),
    ),
]

Sites = Annotated[
    tuple[str, ...],
    Parameter(
        group=LOADING,
        help="Your own networks: a CSV file with lines like 10.1.0.0/16,Hengelo; may be given several times.",
        negative=(),
    ),
]


Shifts = Annotated[
    tuple[str, ...],
    Parameter(
        group=LOADING,
        name="--shift",
        help="Add to the times of a file whose clock was off: NAME=+3600s, '*.cap=-7h', a.pcap=+05:45. May be given several times.",
        negative=(),
    ),
]


Columns = Annotated[
    str,
    Parameter(
        group=LOADING,
        name="--columns",
        help="What the columns of CSV files are: frame.time_epoch,ip.src in their order, or time=When,ip.src=Client by title or number.",
    ),
]


Recovered = Annotated[
    bool,
    Parameter(
        group=LOADING,
        help="Load event records too that their log does not count as its own any more: behind the end of a chunk.",
        negative=(),
    ),
]


LoadFilter = Annotated[
    str,
    Parameter(
        group=LOADING,
        name="--load-filter",
        help="Load only packets and events that this filter keeps, so that large files fit into memory.",
    ),
]

LoadSince = Annotated[
    str | None,
    Parameter(
        group=LOADING,
        name="--load-since",
        help="Load only packets and events at or after this time, with its date: the rest takes no memory.",
    ),
]

LoadUntil = Annotated[str | None, Parameter(group=LOADING, name="--load-until", help="Load only packets and events before this time.")]


Memory = Annotated[str | None, Parameter(group=LOADING, help="Memory for packets, as in 2GiB; loading stops there and says so.")]

WhenFull = Annotated[
    Literal["stop", "drop"] | None,
    Parameter(
        group=LOADING,
        name="--when-full",
        help="What a live capture on standard input does when --memory is used up: stop, or drop the oldest packets and go on.",
    ),
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Common:
    """What to look at, and where the answer goes."""

    filter: Annotated[
        str,
        Parameter(
            group=SCOPE,
            help="Display filter, as in: icmp && ip.addr == 10.1.0.0/16; or @name for one that you have saved.",
        ),
    ] = ""
    since: Annotated[
        str | None,
        Parameter(
            group=SCOPE,
            help="Only packets and events at or after this time: ISO 8601 (UTC unless it says otherwise), seconds since 1970, or a time of "
            "day such as 12:05, on the day of what is loaded; where it could be on several days, these are named.",
        ),
    ] = None
    until: Annotated[str | None, Parameter(group=SCOPE, help="Only packets and events before this time.")] = None
    format: Annotated[
        Format | None,
        Parameter(group=OUTPUT, help="How rows are written; a table on a terminal, CSV elsewhere, or by the suffix of --output."),
    ] = None
    output: Annotated[
        str | None,
        Parameter(group=OUTPUT, name=["--output", "-o"], converter=_output, help="Write to this file, not to standard output (-)."),
    ] = None
    force: Annotated[bool, Parameter(group=OUTPUT, help="Replace the output file if it exists.", negative=())] = False
    csv_raw: Annotated[
        bool,
        Parameter(
            group=OUTPUT,
            help="Leave CSV cells exact, even those that a spreadsheet would run as a formula.",
            negative=(),
        ),
    ] = False
    shift: Shifts = ()
    columns: Columns = ""
    load_filter: LoadFilter = ""
    load_since: LoadSince = None
    load_until: LoadUntil = None
    recovered: Recovered = False
    memory: Memory = None
    when_full: WhenFull = None
    geoip: Geoip = ()
    sites: Sites = ()


def asked_window(since: str | None, until: str | None) -> Window | None:
    """The time window that is asked for; nothing is imported where there is none.

    Raises:
        NetSleuthError: They are no times, or in the wrong order.
    """
    if since is None and until is None:
        return None
    from netsleuth_tui.analysis import parse_window

    return parse_window(since, until)
