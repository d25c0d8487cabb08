"""The process in which the evtx library reads one chunk at a time: one changed byte makes it loop for ever, or take any memory.

Started by `library.Library` alone. A request on standard input is the 64 KiB of a chunk; the reply on standard output is its length and
a JSON object: the records, each as [record id, FILETIME written, JSON text], and what the library said where it failed.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from netsleuth_tui.decode.guarded_process import LENGTH, guarded, limit_processor_time, send

__all__ = ["CHUNK", "main", "records_of", "without_loops"]

CHUNK = 1 << 16
MOST_FAILURES = 4096
PROCESSOR_SECONDS = 20.0
"""After which the kernel ends a request that the parent has not ended."""
STRINGS, TEMPLATES, END_OF_TABLES = 128, 384, 512


def main() -> None:
    """Serve requests until standard input ends."""
    requests, replies = guarded(2 << 30, _load)
    while True:
        (length,) = LENGTH.unpack(requests.read(LENGTH.size) or bytes(LENGTH.size))
        chunk = requests.read(length)
        if not length or len(chunk) < length:
            return
        limit_processor_time(PROCESSOR_SECONDS)  # the library holds the interpreter's lock: nothing inside this process can end it
        records, failures = records_of(chunk)
        send(replies, {"records": records, "failures": failures})


def _load() -> None:
    import evtx  # noqa: F401 - before the doors close


def records_of(chunk: bytes) -> tuple[list[tuple[int, int, str]], list[str]]:
    """What the library reads in a chunk, and what it complains about."""
    import evtx

    records: list[tuple[int, int, str]] = []
    failures: list[str] = []
    try:
        parser = evtx.PyEvtxParser(io.BytesIO(_header() + without_loops(chunk)))
        found: Any = parser.records_json()
        for _ in range(CHUNK):
            try:
                record = next(found)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 - whatever it is, the next record may be sound
                failures.append(str(error))
                if len(failures) > MOST_FAILURES:
                    break
                continue
            records.append((record["event_record_id"], _filetime(record["timestamp"]), record["data"]))
    except BaseException as error:  # noqa: BLE001 - a panic in the library is not an Exception
        failures.append(str(error))
    return records, failures


def without_loops(chunk: bytes) -> bytes:
    """The chunk, where its tables of strings and templates have no link that leads outside or back: the library follows them for ever."""
    data = bytearray(chunk.ljust(CHUNK, b"\0")[:CHUNK])
    for first, last, room in ((STRINGS, TEMPLATES, 8), (TEMPLATES, END_OF_TABLES, 24)):
        visited: set[int] = set()
        for bucket in range(first, last, 4):
            link = bucket
            while True:
                (target,) = struct.unpack_from("<I", data, link)
                if not target:
                    break
                if target in visited or not END_OF_TABLES <= target <= CHUNK - room:
                    struct.pack_into("<I", data, link, 0)
                    break
                visited.add(target)
                link = target
    return bytes(data)


def _header() -> bytes:
    """A file header for one chunk."""
    header = bytearray(4096)
    struct.pack_into("<8sQQQIHHHH", header, 0, b"ElfFile\0", 0, 0, 1, 128, 1, 3, 4096, 1)
    struct.pack_into("<I", header, 124, zlib.crc32(header[:120]))
    return bytes(header)


def _filetime(text: str) -> int:
    """100 ns since 1601 of 'YYYY-MM-DD HH:MM:SS[.fraction] UTC'."""
    from datetime import UTC, datetime

    whole, _, rest = text.removesuffix(" UTC").partition(".")
    try:
        moment = datetime.strptime(whole, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return 0
    seconds = (moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()
    return int(seconds) * 10_000_000 + int((rest + "0000000")[:7] or "0")
