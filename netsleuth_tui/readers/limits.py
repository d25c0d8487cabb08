"""How far a file is believed. Nothing is allocated from a number in a file before it has passed these limits."""

from __future__ import annotations

__all__ = [
    "BATCH_FRAMES",
    "BLOCK_BYTES",
    "COMMENTS_KEPT",
    "COMMENT_BYTES_KEPT",
    "EXPANSION_FACTOR",
    "EXPANSION_FREE",
    "FIRST_BLOCK_BYTES",
    "INTERFACES",
    "LONGEST_LINE",
    "LZMA_MEMORY",
    "NETMON_ENTRIES",
    "NETMON_PROCESSES",
    "OPTIONS_PER_BLOCK",
    "PCAPNG_BLOCK",
    "PROCESS_PATH",
    "PROCESS_PATHS_KEPT",
    "SPOOLED_IN_MEMORY",
    "TABLE_BLOCK",
    "TAIL_BYTES",
    "TRACE_BUFFER",
    "TRACE_BUFFERS",
    "TRACE_LAYERS",
    "ZIP_DIRECTORY",
    "ZSTD_WINDOW",
    "longest_frame",
]

BATCH_FRAMES = 65_536
BLOCK_BYTES = 4 << 20
"""Bytes per read, and so of frames per batch; a longer frame has a block of its own."""
FIRST_BLOCK_BYTES = 256 << 10
"""The first read is smaller: something to see at once matters more than throughput."""
TAIL_BYTES = 64
"""Zero bytes behind each block."""

PCAPNG_BLOCK = 16 << 20
"""Longest pcapng block in bytes, libpcap's initial maximum."""
INTERFACES = 65_536
"""Most interfaces in one pcapng section, and most that are listed for a file."""
OPTIONS_PER_BLOCK = 1024
"""Options of one pcapng block that are looked at; more are legal but left unread."""
NETMON_ENTRIES = 1 << 26
"""Most entries of a Network Monitor frame table, four bytes each: as many as fit with 48 bytes each into 4 GiB, the longest file."""
NETMON_PROCESSES = 65_536
"""Most entries of a Network Monitor table of processes, one for each socket."""
PROCESS_PATH = 65_536
"""Bytes of a program's path in it: as many as 32767 characters of UTF-16 take, the longest path of Windows."""
PROCESS_PATHS_KEPT = 16 << 20
"""Bytes that all paths in it take, each of them once: as they are in the file, and as texts."""
SPOOLED_IN_MEMORY = 64 << 20
"""Bytes of a stream that is kept to be read at any place; more of it is kept in a temporary file without a name."""
TABLE_BLOCK = 1 << 20
"""Bytes of a table of text that are read at once; no cell goes on longer than that."""
LONGEST_LINE = 1 << 17
"""Bytes of a line of text; longer ones are left out. The same as the most characters of a cell in Python's csv module."""

COMMENTS_KEPT = 65_536
COMMENT_BYTES_KEPT = 16 << 20

EXPANSION_FACTOR = 100
EXPANSION_FREE = 1 << 30
"""A compressed file may expand to EXPANSION_FACTOR times its size plus this many bytes."""
ZIP_DIRECTORY = 32 << 20
"""Bytes of the directory of a zip archive, which is read as a whole."""
ZSTD_WINDOW = 128 << 20
LZMA_MEMORY = 256 << 20

TRACE_BUFFER = 32 << 20
"""Largest buffer of an event trace in bytes; Windows allows 16 MiB."""
TRACE_BUFFERS = 1 << 22
"""Most buffers of an event trace: 128 GiB of those with 32 KiB. Each takes 53 bytes of memory until the trace is read."""
TRACE_LAYERS = 65_536
"""Most layers at which a trace saw packets that are told apart, 64 times a power of two; each is kept until the trace is read."""

_LONGEST_FRAME = 262_144
_LONGEST_FRAME_OF = {
    231: 128 << 20,  # D-Bus messages
    249: 1 << 20,  # USBPcap transfers
    279: 8 << 20,  # Elektrobit high speed capture
}


def longest_frame(link_type: int) -> int:
    """Most captured bytes of one frame that are believed for a LINKTYPE_: libpcap's maximum snapshot lengths."""
    return _LONGEST_FRAME_OF.get(link_type, _LONGEST_FRAME)
