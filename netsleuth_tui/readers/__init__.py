"""Files to frames: opens captures by content, never by name, and hands on batches of frames and reports of damage.

No byte of a file is trusted: every length is checked against the limits and against what is really there. Formats are imported when
there is a file of theirs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from netsleuth_tui.readers.damage import BadLine, Damage, UnreadableFile
from netsleuth_tui.readers.frames import CaptureReader, Comment, Compression, FrameBatch, Interface
from netsleuth_tui.readers.opening import open_capture, open_file, read_frame

if TYPE_CHECKING:
    from netsleuth_tui.readers.etl import EventTrace, TraceRecords
    from netsleuth_tui.readers.evtx import ChunkBlock, EventLog
    from netsleuth_tui.readers.text_table import TableRows, TextTable

__all__ = [
    "BadLine",
    "CaptureReader",
    "ChunkBlock",
    "Comment",
    "Compression",
    "Damage",
    "EventLog",
    "EventTrace",
    "FrameBatch",
    "Interface",
    "TableRows",
    "TextTable",
    "TraceRecords",
    "UnreadableFile",
    "open_capture",
    "open_file",
    "read_frame",
]

_LATE = {
    "EventTrace": "etl",
    "TraceRecords": "etl",
    "ChunkBlock": "evtx",
    "EventLog": "evtx",
    "TableRows": "text_table",
    "TextTable": "text_table",
}


def __getattr__(name: str) -> Any:
    """What one format alone has, when it is asked for."""
    if name in _LATE:
        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(name)
