"""What the columns of a table of text are: by tshark's names, by Wireshark's titles, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest.table_days import CLOCK_TITLES, DAY_TITLES, is_compact, joined
from netsleuth_tui.ingest.table_times import Form, form_of
from netsleuth_tui.query.fields import ALIASES, FIELDS
from netsleuth_tui.readers import UnreadableFile

if TYPE_CHECKING:
    from netsleuth_tui.readers import TextTable

__all__ = ["KNOWN", "TITLES", "Layout", "layout_of", "layout_of_table", "parse_columns", "show_columns"]

TITLES: Mapping[str, str] = MappingProxyType(
    {
        title: field
        for field, titles in {
            "frame.number": "no number",
            "frame.time": "time utctime timestamp date datetime absolutetime absolutedate arrivaltime utcdate eventtime starttime",
            "frame.time_relative": "relativetime",
            "ip.src": "source src srcaddr srcaddress srcip sourceaddress sourceip sourceipaddress clientip remoteip",
            "ip.dst": "destination dst dest dstaddr dstaddress dstip destaddr destaddress destip destinationaddress destinationip serverip",
            "_ws.col.protocol": "protocol proto",
            "frame.len": "length len packetlength packetlengthbytes",
            "srcport": "srcport sourceport sport spt",
            "dstport": "dstport destport destinationport dport dpt",
            "tcp.flags": "tcpflags",
            "tcp.flags.syn": "tcpsyn syn",
            "tcp.flags.reset": "tcprst tcpreset rst reset",
            "tcp.flags.ack": "tcpack ack",
            "tcp.flags.fin": "tcpfin fin",
            "tcp.flags.push": "tcppsh tcppush psh push",
            "ip.ttl": "ttl timetolive",
            "ip.proto": "ipproto ipprotocol",
            "ip.len": "iplen iplength",
            "esp.spi": "espspi spi",
            "esp.sequence": "espsequence espsequencenumber",
            "_ws.col.info": "info",
        }.items()
        for title in titles.split()
    }
)
"""Titles of columns without their case, blanks and signs, and the fields that they stand for; `datetime…` stands for the time, too."""

OF_LOGS: Mapping[str, str] = MappingProxyType(
    dict(TITLES)
    | {
        "cip": "ip.src", "sip": "ip.dst", "cport": "srcport", "sport": "dstport", "size": "frame.len",
        "tcpsyn": "tcp.seq_raw", "tcpack": "tcp.ack_raw", "tcpwin": "tcp.window_size_value",
        "icmptype": "icmp.type", "icmpcode": "icmp.code",
    }
)  # fmt: skip
"""The same in logs of the W3C extended form: c- and s- are client and server, and Windows' firewall calls numbers tcpsyn and tcpack."""

TIMES = ("frame.time_epoch", "frame.time", "frame.time_utc", "frame.time_relative")
OTHERS = ("frame.protocols", "srcport", "dstport", "_ws.col.info", *TIMES[2:])
"""What a table may have besides the fields that filters know: ports of whichever protocol it is, layers, Wireshark's text."""

KNOWN: Mapping[str, str] = MappingProxyType(
    {name.lower(): name for name in (*(name for name, field in FIELDS.items() if field.kind != "place"), *OTHERS)}
    | {name.lower(): field for name, field in ALIASES.items()}
    | {"time": "frame.time", "frame.time_utc": "frame.time_utc"}
)
"""Every name that a column may have, by its lower case."""

_SPLIT_DATE = re.compile(r"\s*[A-Z][a-z]{2}\s+\d{1,2}")
_SPLIT_REST = re.compile(r"\s*\d{4}\s+\d{1,2}:\d\d:.*")
_VALUE = re.compile(r"-?\d[\d.,:/ xTZ+-]*|0x[0-9a-fA-F]+|[0-9a-fA-F]*:[0-9a-fA-F:.]+")
_SHOWN = 8
_UNREAD = "dates such as {!r} are not read: in numbers alone, only 2026-03-10, 20260310 and 10.03.2026 have one meaning"
_NO_BEGIN = "dates beside relative times are passed over: they do not tell the time of day at which these began"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which cells of a row are what."""

    names: tuple[str, ...]
    """Of all columns, as the file or the user says."""

    at: Mapping[str, int]
    """For each field the first of its cells."""

    time: str
    """Which of them has the times; empty if none has."""

    form: Form | None
    """How these are written."""

    wide: tuple[int, ...]
    """Columns of times that take two cells: tshark does not quote the comma in `Mar 10, 2026 12:00:03`."""

    header: bool
    """Whether the first row has the names."""

    day: int | None = None
    """The cell with the dates that belong before the cells of `time`, which are times of day."""

    remark: str = ""
    """What to know about the times besides."""

    either: frozenset[str] = frozenset()
    """Fields of columns that hold IP addresses or others: Wireshark's Source and Destination."""

    @property
    def cells(self) -> int:
        """Cells of a row."""
        return len(self.names) + len(self.wide)

    def cell(self, column: int) -> int:
        """Where a column's first cell is."""
        return column + sum(wide < column for wide in self.wide)


def parse_columns(text: str) -> tuple[tuple[str, str], ...]:
    """'frame.time_epoch,ip.src,,ip.dst' (in the order of the columns) or 'time=When,ip.src=3' (by title or number); 'time=date+time' joins.

    Returns:
        Fields, each with the title or number of its column; a column that is to be ignored has an empty field.

    Raises:
        NetSleuthError: A field is not known, or the two forms are mixed, or another field than a time has two columns.
    """
    parts = [part.strip() for part in text.split(",")]
    named = [part.partition("=") for part in parts]
    if any(sign for _, sign, _ in named) and not all(sign for _, sign, _ in named):
        raise NetSleuthError("--columns names either all columns in their order, or FIELD=COLUMN for each", hint="time=When,ip.src=Client")
    found = [
        (_field(field.strip()) if field.strip() not in ("", "-") else "", column.strip() if sign else str(number))
        for number, (field, sign, column) in enumerate(named, 1)
    ]
    if not any(field for field, _ in found):
        raise NetSleuthError("--columns names no field", hint="frame.time_epoch,ip.src,ip.dst or time=When,ip.src=Client")
    for field, column in found:
        if "+" in column.strip("+") and field and field not in TIMES:
            raise NetSleuthError(f"{field} has one column, not {column}", hint="a date and a time of day are joined: time=date+time")
    return tuple(found)


def show_columns(columns: Sequence[tuple[str, str]]) -> str:
    """As `parse_columns` takes them."""
    if all(column == str(number) for number, (_, column) in enumerate(columns, 1)):
        return ",".join(field for field, _ in columns)
    return ",".join(f"{field}={column}" for field, column in columns)


def _field(name: str) -> str:
    known = KNOWN.get(name.lower())
    if known is None:
        from netsleuth_tui.query.hints import near

        close = near(name, KNOWN)
        hint = (
            f"did you mean {KNOWN[close]}?"
            if close
            else "time, ip.src, ip.dst, srcport, dstport, frame.len, _ws.col.protocol, tcp.flags.reset …: the fields that filters know"
        )
        raise NetSleuthError(f"{name!r} is no field of packets", hint=hint)
    return known


def layout_of_table(table: TextTable, columns: Sequence[tuple[str, str]]) -> Layout:
    """`layout_of` an open table, which is closed where there is no way to tell.

    Raises:
        UnreadableFile: Likewise.
    """
    try:
        return layout_of(table.sample, columns, table.name, OF_LOGS if table.is_extended else TITLES)
    except NetSleuthError:
        table.close()
        raise


def layout_of(sample: Sequence[Sequence[str]], wanted: Sequence[tuple[str, str]], name: str, titles: Mapping[str, str] = TITLES) -> Layout:
    """Find out what the columns are.

    Args:
        sample: The first rows.
        wanted: What the user says, from `parse_columns`; empty if nothing.
        name: The path, for errors.
        titles: What stands for which field.

    Raises:
        UnreadableFile: There is no way to tell, and what to do about it.
    """
    first = list(sample[0]) if sample else []
    header = bool(first) and not any(_VALUE.fullmatch(cell.strip()) or _SPLIT_DATE.fullmatch(cell) for cell in first)
    rows = sample[1:] if header else sample
    positional = bool(wanted) and all(column == str(number) for number, (_, column) in enumerate(wanted, 1))
    if not header and not wanted:
        raise _unknown(first, name, "is not a capture; if it is a table, it does not say what its columns are")
    days: dict[str, int] = {}
    if positional:
        names = [field or f"#{column}" for field, column in wanted]
        names += first[len(names) :] if header else []
        fields = {field: index for index, (field, _) in enumerate(wanted) if field}
    else:
        names = first if header else [str(number) for number in range(1, len(first) + 1)]
        fields = _by_title(wanted, names, name, days) if wanted else _by_name(names, titles)
    wide = _wide(names, rows)
    if not positional and not header and wide:
        names = names[: len(names) - len(wide)]
    at = {field: column + sum(w < column for w in wide) for field, column in fields.items() if column < len(names)}
    if not any(field in at for field in (*TIMES, "ip.src", "ip.dst", "ip.addr", "ipv6.src", "ipv6.dst", "frame.number")):
        raise _unknown(first, name, "is not a capture; if it is a table, none of its columns is known to be a time or an address")
    time, form = _time(at, fields, rows, wide)
    either = frozenset(
        field for field, column in fields.items() if not wanted and names[column].strip().lower() in ("source", "destination")
    )
    layout = Layout(tuple(names), MappingProxyType(at), time, form, wide, header, either=either)
    if wanted:
        named = next((field for field in TIMES if field in days), None)
        return layout if named is None else _with_days(layout, rows, days[named], fields[named], named)
    return _with_days(layout, rows, *found) if (found := _day_and_clock(names)) is not None else layout


def _unknown(first: Sequence[str], name: str, why: str) -> UnreadableFile:
    shown = ", ".join(cell[:24] for cell in first[:_SHOWN]) + (", …" if len(first) > _SHOWN else "")
    return UnreadableFile(
        why, where=name, hint=f"say it with --columns frame.time,ip.src,ip.dst or --columns time=1,ip.src=2; its first line: {shown}"
    )


def _by_name(names: Sequence[str], titles: Mapping[str, str]) -> dict[str, int]:
    """Fields by the names that the table gives its columns; the first column of a name counts, and a name of tshark's before a title."""
    found: dict[str, int] = {}
    titled: dict[str, int] = {}
    for index, name in enumerate(names):
        exact = KNOWN.get(name.strip().lower()) if "." in name else None
        title = re.sub(r"[^a-z0-9]", "", name.lower())
        if exact is not None:
            found.setdefault(exact, index)
        elif title in titles:
            titled.setdefault(titles[title], index)
        elif title.startswith("datetime"):
            titled.setdefault("frame.time_utc" if title.endswith("utc") else "datetime", index)
    if "datetime" in titled:  # a time with a date is better than one without
        index = titled.pop("datetime")
        titled["frame.time"], other = index, titled.get("frame.time")
        if other is not None:
            titled["frame.time_utc"] = other
    return titled | found


def _by_title(wanted: Sequence[tuple[str, str]], names: Sequence[str], name: str, days: dict[str, int]) -> dict[str, int]:
    """Fields by the titles or numbers that the user gives; `days` gets the columns of dates, where a time has two."""
    found = {}
    for field, column in wanted:
        first, sign, second = column.partition("+")
        if sign and column not in names:
            days[field], found[field] = _column(first.strip(), names, name), _column(second.strip(), names, name)
        else:
            found[field] = _column(column, names, name)
    return found


def _column(title: str, names: Sequence[str], name: str) -> int:
    """Which column has a title or number.

    Raises:
        UnreadableFile: None.
    """
    if title in names:
        return list(names).index(title)
    if title.isdecimal() and 0 < int(title) <= len(names):
        return int(title) - 1
    raise UnreadableFile(f"there is no column {title!r}", where=name, hint=f"there are {', '.join(names[:_SHOWN])}")


def _day_and_clock(names: Sequence[str]) -> tuple[int, int] | None:
    """Columns whose titles say that they are a date and a time of day."""
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in names]
    days = [index for index, title in enumerate(plain) if title in DAY_TITLES]
    clocks = [index for index, title in enumerate(plain) if title in CLOCK_TITLES]
    if not days or not clocks:
        return None
    alike = (clock for clock in clocks if plain[clock].removesuffix("time") == plain[days[0]].removesuffix("date"))
    return days[0], next(alike, clocks[0])


def _with_days(layout: Layout, rows: Sequence[Sequence[str]], day: int, clock: int, field: str = "") -> Layout:
    """A layout whose times are those of two columns; as it was, where one column says as much, and `field` does not say so."""
    form = layout.form
    if not field and form is not None and (form.kind == "epoch" or (form.kind == "date" and not form.day)):
        return layout
    at, clock = layout.cell(day), layout.cell(clock)
    cells = [(row[at], row[clock]) for row in rows if len(row) > max(at, clock)]
    if field and sum(":" in first and ":" not in second for first, second in cells) * 2 > len(cells):
        at, clock = clock, at  # the time of day was named first
        cells = [(second, first) for first, second in cells]
    name = field or "frame.time"
    of_clocks = [form_of(second) for _, second in cells if second.strip()]
    compact = all(is_compact(second) for _, second in cells if second.strip())
    numbers = [found for found in of_clocks if found is not None and found.kind in ("epoch", "relative")]
    if len(numbers) * 2 > len(of_clocks) and not compact:
        return replace(_timed(layout, name, clock, numbers[0]), remark="" if numbers[0].kind == "epoch" else _NO_BEGIN)
    texts = joined(*zip(*cells, strict=True)) if cells else ()
    joint = next((found for text in texts if (found := form_of(text)) is not None and found.kind == "date" and not found.day), None)
    if joint is not None:
        return replace(_timed(layout, name, clock, joint), day=at)
    clocks = [number for number, (_, second) in enumerate(cells) if is_compact(second) or getattr(form_of(second), "kind", "") == "clock"]
    unread = next((cells[number][0] for number in clocks if cells[number][0].strip()), "")
    remark = _UNREAD.format(unread[:24]) if unread else ""
    alone = next((found for found in of_clocks if found is not None), None)
    if compact and unread:  # in digits alone, it would be taken for seconds
        return replace(layout, form=None, remark=remark)
    if alone is None or (form is not None and not form.day and form.rank < alone.rank):
        return layout
    return replace(_timed(layout, name, clock, alone), remark=remark)


def _timed(layout: Layout, name: str, at: int, form: Form) -> Layout:
    """A layout whose times are in the cell `at`."""
    return replace(layout, at=MappingProxyType(dict(layout.at) | {name: at}), time=name, form=form)


def _wide(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Columns whose times take two cells in most rows."""
    found: list[int] = []
    for column in range(len(names)):
        at = column + len(found)
        split = [row for row in rows if len(row) > at + 1 and _SPLIT_DATE.fullmatch(row[at]) and _SPLIT_REST.fullmatch(row[at + 1])]
        if len(split) * 2 > len(rows):
            found.append(column)
    return tuple(found)


def _time(at: Mapping[str, int], fields: Mapping[str, int], rows: Sequence[Sequence[str]], wide: Sequence[int]) -> tuple[str, Form | None]:
    """The column of times that says most, and how its times are written."""
    best, best_form = "", None
    for name in TIMES:
        if name not in at:
            continue
        joined = 2 if fields[name] in wide else 1
        texts = (",".join(row[at[name] : at[name] + joined]) for row in rows if len(row) >= at[name] + joined)
        forms = [form for text in texts if (form := form_of(text)) is not None]
        form = next((form for form in forms if not form.day), forms[0] if forms else None)
        if form is not None and (best_form is None or form.rank < best_form.rank):
            best, best_form = name, form
        best = best or name
    return best, best_form
