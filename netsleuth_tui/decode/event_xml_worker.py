"""The process in which python-evtx writes one record as XML: on hostile data it may hang, or take any memory, and nobody else notices.

Started by `event_xml.EventXml` alone. A request on standard input is the offset of the record in its chunk, the length of the chunk, and
the chunk; the reply on standard output is its length and a JSON object.
"""

from __future__ import annotations

import re
import secrets
import struct
from datetime import date

from netsleuth_tui.decode.guarded_process import guarded, limit_processor_time, send

__all__ = ["LONGEST", "REQUEST", "main", "xml_of"]

REQUEST = struct.Struct(">II")
"""Offset of the record in the chunk, bytes of the chunk that follow."""

LONGEST = 1 << 20
"""Characters of XML that are handed over."""

PROCESSOR_SECONDS = 5.0

ABSENT = secrets.token_hex(16)
"""Stands for a value that is not there (NULL) while the XML is written: no log can know it."""
_ABSENT_ATTRIBUTE = re.compile(rf' [^\s="<>]+="{ABSENT}"')
DAY, SECOND = 864_000_000_000, 10_000_000
"""In units of 100 ns."""
CYCLE = 146_097
"""Days after which the calendar is the same again: 400 years, and 1601 is the first year of such a cycle."""


def main() -> None:
    """Serve requests until standard input ends."""
    requests, replies = guarded(1 << 30, _load)
    while True:
        header = requests.read(REQUEST.size)
        if len(header) < REQUEST.size:
            return
        at, length = REQUEST.unpack(header)
        chunk = requests.read(length)
        if len(chunk) < length:
            return
        limit_processor_time(PROCESSOR_SECONDS)
        send(replies, xml_of(chunk, at))


def _load() -> None:
    import Evtx.Evtx
    import Evtx.Views  # before the doors close

    # python-evtx rounds times to microseconds, and writes what is absent as if it were empty.
    Evtx.Nodes.NullTypeNode.string = lambda _: ABSENT
    Evtx.Nodes.FiletimeTypeNode.string = lambda node: file_time(node.unpack_qword(0))
    Evtx.Nodes.SystemtimeTypeNode.string = lambda node: system_time([node.unpack_word(2 * k) for k in range(8)])


def file_time(ticks: int) -> str:
    """A FILETIME as Windows writes it.

    >>> file_time(134_176_068_098_743_625)
    '2026-03-10T09:00:09.8743625Z'
    """
    days, ticks = divmod(ticks, DAY)
    cycles, day = divmod(days, CYCLE)
    found = date.fromordinal(day + 1)
    seconds, fraction = divmod(ticks, SECOND)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:07}"
    return f"{found.year + 1600 + 400 * cycles:04}-{found:%m-%d}T{clock}Z"


def system_time(words: list[int]) -> str:
    """A SYSTEMTIME (year, month, day of the week, day, hour, minute, second, ms) in the same form; its numbers, where it is no date.

    >>> system_time([2026, 3, 2, 10, 9, 0, 9, 874])
    '2026-03-10T09:00:09.874000Z'
    """
    year, month, _, day, hour, minute, second, thousandths = words
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{thousandths:03}000Z"


def xml_of(chunk: bytes, at: int) -> dict[str, str]:
    """The XML of the record at an offset, and why there is none or not all.

    Attributes without a value (NULL) are left out, as Event Viewer does; those whose value is an empty text are not.
    """
    from Evtx.Evtx import ChunkHeader, Record

    try:
        text = _ABSENT_ATTRIBUTE.sub("", str(Record(chunk, at, ChunkHeader(chunk, 0)).xml())).replace(ABSENT, "")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return {"xml": "", "failure": f"cannot write this record: {type(error).__name__}"}
    return {"xml": text[:LONGEST], "failure": "wrote too much, the rest is left out" if len(text) > LONGEST else ""}
