"""Opening a file: is it compressed, what is inside, and who reads that. A format is imported when there is a file of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netsleuth_tui.readers.capture import Capture
from netsleuth_tui.readers.damage import UnreadableFile
from netsleuth_tui.readers.frames import CaptureReader
from netsleuth_tui.readers.limits import BATCH_FRAMES, BLOCK_BYTES, FIRST_BLOCK_BYTES
from netsleuth_tui.readers.pcap import PcapFramer
from netsleuth_tui.readers.sniff import HEAD_BYTES, compression_of, container_of, is_event_log, is_text, is_zip, looks_like
from netsleuth_tui.readers.sources import FileSource, RandomSource, Source, open_source

if TYPE_CHECKING:
    from netsleuth_tui.readers.etl import EventTrace
    from netsleuth_tui.readers.evtx import EventLog
    from netsleuth_tui.readers.step import Framer
    from netsleuth_tui.readers.text_table import TextTable

__all__ = ["open_capture", "open_file", "open_in_blocks", "read_frame"]

_LAYERS = 2
LOOK_AHEAD = HEAD_BYTES + 8
"""Bytes that tell an event log whose header is damaged: its first chunk begins behind it."""


def open_capture(path: str) -> CaptureReader:
    """Open a capture by its content, plain or compressed.

    Args:
        path: A file, or "-" for standard input.

    Raises:
        UnreadableFile: It is missing, not permitted, not a regular file, empty, a Git LFS pointer, compressed thrice, or not a capture.
    """
    return open_in_blocks(path)


def open_in_blocks(
    path: str, *, block: int = BLOCK_BYTES, first: int = FIRST_BLOCK_BYTES, frames: int = BATCH_FRAMES
) -> Capture | EventTrace:
    """`open_capture` with other sizes than the usual ones: bytes per read, bytes of the first read, most frames in a batch."""
    opened = _open(path, block, first, frames)
    if isinstance(opened, Capture):
        return opened
    from netsleuth_tui.readers.evtx import EventLog
    from netsleuth_tui.readers.text_table import TextTable

    if isinstance(opened, EventLog):
        opened.close()
        raise UnreadableFile("is a Windows event log (.evtx), not a capture", where=path)
    if isinstance(opened, TextTable):
        opened.close()
        inside = f" (inside {opened.compression})" if opened.compression else ""
        raise UnreadableFile(f"is not a capture{inside} but text: there are no frames in it", where=path)
    return opened


def open_file(
    path: str, *, block: int = BLOCK_BYTES, frames: int = BATCH_FRAMES, waiting: Callable[[], bool] | None = None
) -> CaptureReader | EventLog | TextTable:
    """Open a capture, a trace, an event log or a text by its content, plain or compressed; raises as `open_capture` does.

    Args:
        path: A file, or "-" for standard input.
        block: Bytes per read.
        frames: Most frames in a batch.
        waiting: Called some times a second while standard input is silent; where it says False, that is the end.
    """
    return _open(path, block, FIRST_BLOCK_BYTES, frames, waiting)


def _open(
    path: str, block: int, first: int, frames: int, waiting: Callable[[], bool] | None = None
) -> Capture | EventTrace | EventLog | TextTable:
    disk = open_source(path)
    if waiting is not None:
        disk.while_waiting = waiting
    source = disk
    try:
        source, compression = _expanded(path, disk)
        head = source.head(HEAD_BYTES)
        container = container_of(head)
        if not container and is_event_log(source.head(LOOK_AHEAD)):
            from netsleuth_tui.readers.evtx import EventLog

            return EventLog(path, disk, source, compression)
        if not container and is_text(head):
            from netsleuth_tui.readers.text_table import TextTable

            return TextTable(path, disk, source, compression)
        if container in {"netmon", "etl"} and not isinstance(source, RandomSource):
            source = _spooled(source, path)
        if container == "etl" and isinstance(source, RandomSource):
            from netsleuth_tui.readers.etl import EventTrace

            return EventTrace(path, disk, source, compression)
        framer = _framer_for(path, head, source, compression)
        return Capture(path, disk, source, compression, framer, block=block, first=first, frames=frames)
    except BaseException:
        source.close()
        disk.close()
        raise


def _expanded(path: str, disk: Source) -> tuple[Source, str]:
    """What a file holds below one or two layers of compression, and their names, the innermost first: 'gzip in zip'.

    Raises:
        UnreadableFile: There are more layers, or an archive that holds no single capture.
    """
    source, names = disk, list[str]()
    try:
        while True:
            head = source.head(HEAD_BYTES)
            name = "zip" if is_zip(head) else compression_of(head)
            if not name:
                return source, " in ".join(names)
            names.insert(0, name)
            _check_layers(names, path)
            if name == "zip" and not isinstance(source, RandomSource):
                source = _spooled(source, path)
            layer = _layer(source, path, name)
            if source is not disk:  # whose own notes are told anyway
                source.notes.extend(layer.notes)
                layer.notes = source.notes
            source = layer
    except BaseException:
        source.close()
        raise


def _layer(source: Source, path: str, name: str) -> Source:
    """What a layer of compression expands to.

    Raises:
        UnreadableFile: An archive holds no single capture.
    """
    if isinstance(source, RandomSource) and name == "zip":
        from netsleuth_tui.readers.zipped import ZipMember

        return ZipMember(source, path)
    from netsleuth_tui.readers.expansion import Expansion

    return Expansion(source, compression_of(source.head(HEAD_BYTES)))


def _spooled(source: Source, path: str) -> RandomSource:
    """What can only be read in order, kept so that it can be read anywhere."""
    from netsleuth_tui.readers.spool import Spool

    return Spool(source, path)


def _check_layers(names: list[str], path: str) -> None:
    """Refuse what is compressed too often.

    Raises:
        UnreadableFile: It is.
    """
    if len(names) > _LAYERS:
        raise UnreadableFile(f"is compressed three times ({' in '.join(names)})", where=path, hint=f"expand the {names[-1]} layer first")


def _framer_for(path: str, head: bytes, source: Source, compression: str) -> Framer:
    """Who reads what begins with `head`.

    Raises:
        UnreadableFile: Nobody.
    """
    if not head:
        empty = f"holds nothing: the {compression} data are empty" if compression else "is empty"
        raise UnreadableFile(source.failure or empty, where=path)
    container = container_of(head)
    if container:
        if isinstance(source, RandomSource) and container == "netmon":
            from netsleuth_tui.readers.netmon import NetmonFramer

            return NetmonFramer(source)
        if container == "snoop":
            from netsleuth_tui.readers.snoop import SnoopFramer

            return SnoopFramer(head)
        if container == "pcap":
            return PcapFramer(head)
        from netsleuth_tui.readers.pcapng import PcapngFramer

        return PcapngFramer()
    what, hint = looks_like(head)
    raise UnreadableFile(f"{what} (inside {compression})" if compression else what, where=path, hint=hint)


def read_frame(path: str, compression: str, offset: int, length: int) -> bytes:
    """The captured bytes of one frame again, by a `FrameBatch`'s offset and cap_len.

    Args:
        path: The file, which must be a regular one.
        compression: `CaptureReader.compression`; expanding begins at the start of the file each time.
        offset: In the (decompressed) file.
        length: Bytes.

    Returns:
        `length` bytes, or fewer if the file has become shorter meanwhile.

    Raises:
        UnreadableFile: The file is gone, or was standard input.
    """
    if path == "-":
        raise UnreadableFile("cannot be read a second time", where=path)
    disk = FileSource(path)
    source: Source = disk
    try:
        source = _expanded(path, disk)[0] if compression else disk
        if container_of(source.head(HEAD_BYTES)) == "etl":
            return _read_traced(source, path, offset, length)
        if not compression:
            disk.seek(offset)
            return _read_fully(disk, length)
        _skip(source, offset)
        return _read_fully(source, length)
    finally:
        source.close()
        disk.close()


def _read_traced(source: Source, path: str, offset: int, length: int) -> bytes:
    from netsleuth_tui.readers.etl_again import read_traced_frame

    trace = source if isinstance(source, RandomSource) else _spooled(source, path)
    try:
        return read_traced_frame(trace, offset, length)
    finally:
        trace.close()


def _read_fully(source: Source, length: int) -> bytes:
    known = source.remaining
    buffer = bytearray(length if known is None else min(length, known))
    view, filled = memoryview(buffer), 0
    while filled < len(view):
        count = source.read_into(view[filled:])
        if count == 0:
            break
        filled += count
    return bytes(view[:filled])


def _skip(source: Source, length: int) -> None:
    buffer = memoryview(bytearray(min(length, BLOCK_BYTES)))
    while length > 0:
        count = source.read_into(buffer[: min(length, len(buffer))])
        if count == 0:
            return
        length -= count
