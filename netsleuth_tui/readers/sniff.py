"""What a file is, by its first bytes; names of files say nothing."""

from __future__ import annotations

import struct
from typing import Literal

from netsleuth_tui.readers.frames import Compression
from netsleuth_tui.readers.limits import PCAPNG_BLOCK

__all__ = [
    "CHUNK_MAGIC",
    "FILE_MAGIC",
    "HEAD_BYTES",
    "LOG_HEADER",
    "PCAP_MAGICS",
    "SECTION_HEADER",
    "compression_of",
    "container_of",
    "is_event_log",
    "is_text",
    "is_zip",
    "looks_like",
]

HEAD_BYTES = 4096
"""How much of a file is looked at."""

PCAP_MAGICS = {0xA1B2C3D4: (1000, 16), 0xA1B23C4D: (1, 16), 0xA1B2CD34: (1000, 24)}
"""Magic number -> nanoseconds per unit of the fraction, bytes of a record header (24 in Kuznetzov's variant)."""

SECTION_HEADER = 0x0A0D0D0A
"""Block type that begins a pcapng section; the same in both byte orders."""

FILE_MAGIC = b"ElfFile\0"
CHUNK_MAGIC = b"ElfChnk\0"
LOG_HEADER = 4096
"""Bytes of the header of an event log, behind which its first chunk begins."""

_PCAP = {struct.pack(order + "I", magic) for magic in PCAP_MAGICS for order in "<>"}
_SNOOP = b"snoop\0\0\0"
_PCAPNG = struct.pack("<I", SECTION_HEADER)

_COMPRESSIONS: tuple[tuple[bytes, Compression], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
)

_OTHERS = (
    (b"LfLe", "a Windows event log (.evt)"),
    (b"TRSNIFF data    \x1a", "a Sniffer capture"),
    (b"XCP\0", "a NetXRay capture"),
    (b"iptrace ", "an AIX iptrace capture"),
    (b"\x1c\x00\x01\xab", "an Ixia capture"),
    (b"\xab\x01\x00\x1c", "an Ixia capture"),
    (b"\x1c\x00\x01\xac", "an Ixia capture"),
    (b"\xac\x01\x00\x1c", "an Ixia capture"),
    (b"\xa1\xb2\x34\xcd", "a capture of a pcap variant"),
    (b"\xcd\x34\xb2\xa1", "a capture of a pcap variant"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x04\x22\x4d\x18", "lz4 data"),
    (b"\x1f\x9d", "compress (.Z) data"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\x7fELF", "a program"),
    (b"%PDF-", "a PDF document"),
)

_BLOCK_TYPES = frozenset(range(1, 11))


def compression_of(head: bytes) -> Compression:
    """What `head` is compressed with, empty if it is not."""
    for magic, name in _COMPRESSIONS:
        if head.startswith(magic):
            return name
    if head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F:  # a zstd file may begin with a frame to be skipped (RFC 8878, 3.1.2)
        return "zstd"
    return ""


def is_zip(head: bytes) -> bool:
    """Whether a file begins like a zip archive, with a member or with its (empty) directory."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def is_event_log(head: bytes) -> bool:
    """True if a file that begins with `head` is an event log, or a chunk of one without the header; or its header has no name any more."""
    return head.startswith((FILE_MAGIC, CHUNK_MAGIC)) or head[LOG_HEADER : LOG_HEADER + len(CHUNK_MAGIC)] == CHUNK_MAGIC


def container_of(head: bytes) -> Literal["", "pcap", "pcapng", "snoop", "netmon", "etl"]:
    """The format of a capture, empty if it is none that is read. A file that ends inside its magic number is a damaged capture."""
    if head[:4] in _PCAP:
        return "pcap"
    if head[:4] == _PCAPNG or _is_headless_pcapng(head):
        return "pcapng"
    if head[:4] in (b"GMBU", b"RTSS") or head.startswith(_SNOOP):
        return "snoop" if head.startswith(_SNOOP) else "netmon"
    if 0 < len(head) < 4 and max(head) >= 0x80 and any(magic.startswith(head) for magic in _PCAP):
        return "pcap"
    if head == _PCAPNG[:3]:
        return "pcapng"
    return "etl" if is_event_trace(head) else ""


def _is_headless_pcapng(head: bytes) -> bool:
    """Whether the first block is a whole pcapng block of a known type other than a section header."""
    for order in "<>":
        if len(head) < 12:
            return False
        kind, length = struct.unpack_from(order + "II", head)
        if kind not in _BLOCK_TYPES or length % 4 or not 12 <= length <= min(len(head), PCAPNG_BLOCK):
            continue
        if struct.unpack_from(order + "I", head, length - 4)[0] == length:
            return True
    return False


def looks_like(head: bytes) -> tuple[str, str]:
    """What a file that is not a readable capture seems to be, and what to do about it; both may be empty."""
    if head.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, the capture itself is elsewhere", "git lfs pull fetches it"
    if head[257:262] == b"ustar":
        return "is a tar archive", "unpack it first"
    for magic, name in _OTHERS:
        if head.startswith(magic):
            return f"is {name}, which is not read", ""
    if head and not head.strip(b"\0"):
        return "is not a capture: it begins with zeros only", ""
    return (
        "is not a capture",
        "pcap, pcapng, snoop, Network Monitor captures, evtx, etl and CSV are read, also in gzip, zstd, xz, bzip2 or zip",
    )


def is_text(head: bytes) -> bool:
    """Whether a file that nobody knows begins like text: printable from the first byte on, or UTF-16 with its mark."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return len(head) > 2
    text = head.removeprefix(b"\xef\xbb\xbf")
    first = text.partition(b"\n")[0]
    known = any(head.startswith(magic) for magic, _ in _OTHERS) or head.startswith(b"version https://git-lfs")
    return bool(first.strip()) and not known and not any((byte < 32 and byte not in b"\t\r") or byte == 127 for byte in first)


def is_event_trace(head: bytes) -> bool:
    """True for an event trace (.etl).

    It has no magic number: a first buffer of type 4 (header), whose first record is a system record, the header of the trace.
    """
    if len(head) < 80:
        return False
    (buffer_size,) = struct.unpack_from("<I", head)
    (buffer_type,) = struct.unpack_from("<H", head, 54)
    (hook,) = struct.unpack_from("<H", head, 78)
    return buffer_size >= 72 and buffer_type == 4 and head[74] in (1, 2) and hook == 0
