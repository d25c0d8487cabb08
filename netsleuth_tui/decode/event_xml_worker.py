"""The process in which python-evtx writes one record as XML: on hostile data it may hang, or take any memory, and nobody else notices.

Started by `event_xml.EventXml` alone. A request on standard input is the offset of the record in its chunk, the length of the chunk, and
the chunk; the reply on standard output is its length and a JSON object.
"""

from __future__ import annotations

import struct

from netsleuth_tui.decode.guarded_process import guarded, limit_processor_time, send

__all__ = ["LONGEST", "REQUEST", "main", "xml_of"]

REQUEST = struct.Struct(">II")
"""Offset of the record in the chunk, bytes of the chunk that follow."""

LONGEST = 1 << 20
"""Characters of XML that are handed over."""

PROCESSOR_SECONDS = 5.0


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
    import Evtx.Views  # noqa: F401 - before the doors close


def xml_of(chunk: bytes, at: int) -> dict[str, str]:
    """The XML of the record at an offset, and why there is none or not all."""
    from Evtx.Evtx import ChunkHeader, Record

    try:
        text = str(Record(chunk, at, ChunkHeader(chunk, 0)).xml())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return {"xml": "", "failure": f"cannot write this record: {type(error).__name__}"}
    return {"xml": text[:LONGEST], "failure": "wrote too much, the rest is left out" if len(text) > LONGEST else ""}
