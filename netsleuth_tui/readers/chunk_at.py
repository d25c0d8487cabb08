"""The chunk of an event log that a record lies in, read again."""

from __future__ import annotations

from netsleuth_tui.readers.evtx import CHUNK
from netsleuth_tui.readers.opening import read_frame
from netsleuth_tui.readers.sniff import CHUNK_MAGIC, LOG_HEADER

__all__ = ["chunk_begin", "read_chunk"]


def chunk_begin(offset: int) -> int:
    """Where the chunk of a record begins, if chunks lie where they should."""
    return LOG_HEADER + (offset - LOG_HEADER) // CHUNK * CHUNK if offset >= LOG_HEADER else 0


def read_chunk(path: str, compression: str, offset: int) -> tuple[bytes, int]:
    """The chunk around the record that begins at `offset` of the (decompressed) file, and where it begins.

    Raises:
        UnreadableFile: The file is gone, or was standard input.
    """
    first = max(0, offset - CHUNK + 1)
    data = read_frame(path, compression, first, offset - first + CHUNK)
    found = data.rfind(CHUNK_MAGIC, 0, offset - first)
    begin = first + found if found >= 0 else max(chunk_begin(offset), first)
    return data[begin - first : begin - first + CHUNK], begin
