"""Where bytes come from: a regular file, or standard input. Read block by block into memory of ours, never mapped.

A mapped file that another process shortens kills the reader with SIGBUS; a read merely ends early, and that can be said.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from netsleuth_tui.readers.damage import UnreadableFile
from netsleuth_tui.wording import several

__all__ = ["FileSource", "RandomSource", "Source", "StreamSource", "open_source"]

_ENOUGH = 24
"""Bytes that tell what a stream is: a live capture may be silent for long after its file header."""
_PAUSE = 0.05
"""Seconds without new bytes after which a stream's bytes are handed on without waiting for a full block."""
_POLL = 0.2
"""Seconds after which waiting for a stream looks whether the reader has been closed meanwhile."""


def _go_on() -> bool:
    return True


class Source(ABC):
    """Bytes in order, read once, with a look ahead at the beginning."""

    size = 0
    """Bytes on disk, 0 if unknown."""

    def __init__(self) -> None:
        self.failure = ""
        """Why the bytes ended too early, as a clause; empty as long as all is well."""
        self.notes: list[str] = []
        self.is_paused = False
        """Whether the last read gave less than was asked for because no more has come yet."""
        self.is_stopped = False
        """Whether reading was ended before the end, at somebody's wish: where a record is cut off then is no damage."""
        self.while_waiting: Callable[[], bool] = _go_on
        """Called now and then while nothing comes; False ends the waiting as if the end had come."""
        self._ahead = b""

    @property
    @abstractmethod
    def position(self) -> int:
        """Bytes read from the disk or stream so far."""

    @property
    @abstractmethod
    def remaining(self) -> int | None:
        """Bytes that are still to come, None if unknown."""

    @abstractmethod
    def _read(self, view: memoryview) -> int:
        """Fill `view` as far as bytes come; 0 at the end."""

    @abstractmethod
    def close(self) -> None:
        """Give the file back; twice is allowed."""

    @property
    def grown(self) -> int:
        """Bytes that somebody has added since it was opened."""
        return 0

    def head(self, length: int) -> bytes:
        """The next bytes, at least `length` of them unless the end comes first or a stream pauses; they remain to be read."""
        while len(self._ahead) < length and not (self.remaining is None and len(self._ahead) >= _ENOUGH):
            more = bytearray(max(length - len(self._ahead), 4096))
            count = self._read(memoryview(more))
            if count == 0:
                break
            self._ahead += bytes(more[:count])
        return self._ahead

    def read_into(self, view: memoryview) -> int:
        """Fill the beginning of `view`.

        Returns:
            Bytes that were read: fewer than asked for at the end or where a stream pauses, 0 only at the end.
        """
        if self._ahead:
            count = min(len(view), len(self._ahead))
            view[:count] = self._ahead[:count]
            self._ahead = self._ahead[count:]
            # A stream may pause: then what is here must not wait for what is not.
            return count if self.remaining is None or count == len(view) else count + self._read(view[count:])
        return self._read(view)


class RandomSource(Source):
    """Bytes that can be read at any place."""

    @abstractmethod
    def seek(self, offset: int) -> None:
        """Go on reading at `offset`."""

    def at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset` on; fewer only at the end. Reading goes on wherever this has ended."""
        self.seek(offset)
        content = bytearray(max(min(length, self.remaining or 0), 0))
        filled = self._fill(memoryview(content))
        return bytes(memoryview(content)[:filled])

    def fill(self, offset: int, view: memoryview) -> int:
        """Fill the beginning of `view` with what lies from `offset` on; returns how many bytes, fewer than it has only at the end."""
        self.seek(offset)
        return self._fill(view)

    def _fill(self, view: memoryview) -> int:
        filled = 0
        while filled < len(view):
            count = self.read_into(view[filled:])
            if count == 0:
                break
            filled += count
        return filled


class FileSource(RandomSource):
    """A regular file, as long as it was when it was opened."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._file = _open_regular(path)
        self.size = os.fstat(self._file.fileno()).st_size
        self._position = 0

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._position

    @property
    def remaining(self) -> int | None:
        """Bytes up to the end that the file had when it was opened."""
        return len(self._ahead) + self.size - self._position

    def seek(self, offset: int) -> None:
        """Go on reading at `offset`."""
        self._ahead = b""
        self._position = self._file.seek(min(offset, self.size))

    def _read(self, view: memoryview) -> int:
        wanted = min(len(view), self.size - self._position)
        if wanted <= 0 or self._file.closed:
            return 0
        try:
            count = self._file.readinto(view[:wanted]) or 0
        except OSError as error:
            self.failure = f"the file cannot be read any further: {error.strerror}"
            return 0
        if count == 0:
            missing = self.size - self._position
            self.failure = f"the file became {several(missing, 'byte')} shorter while it was read"
        self._position += count
        return count

    @property
    def grown(self) -> int:
        """Bytes that somebody has added since it was opened; they are not read."""
        return 0 if self._file.closed else max(0, os.fstat(self._file.fileno()).st_size - self.size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class StreamSource(Source):
    """Standard input, which may be a live capture: what has come is handed on without waiting for a full block."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._file = io.FileIO(descriptor, closefd=False)
        self._position = 0
        self._closed = threading.Event()

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._position

    @property
    def remaining(self) -> int | None:
        """Unknown."""
        return None

    def _read(self, view: memoryview) -> int:
        filled = 0
        while filled < len(view) and not self._closed.is_set():
            if not _is_readable(self._file.fileno(), _PAUSE if filled else _POLL):
                if filled:
                    break
                if not self.while_waiting():
                    self.is_stopped = True
                    self._closed.set()
                continue
            try:
                count = self._file.readinto(view[filled:]) or 0
            except OSError as error:
                self.failure = f"cannot be read any further: {error.strerror}"
                break
            if count == 0:
                break
            filled += count
        self._position += filled
        self.is_paused = 0 < filled < len(view)
        return filled

    def close(self) -> None:
        """Stop waiting for more; standard input itself stays open."""
        self._closed.set()


def open_source(path: str) -> Source:
    """The bytes of a file, or of standard input for "-".

    Raises:
        UnreadableFile: It is missing, not permitted, not a regular file, or standard input is a terminal.
    """
    if path != "-":
        return FileSource(path)
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, ValueError, OSError):
        descriptor = 0
    if os.isatty(descriptor):
        raise UnreadableFile("is a terminal", where="-", hint="pipe a capture into it")
    return StreamSource(descriptor)


def _is_readable(descriptor: int, timeout: float) -> bool:
    """Whether a read would not block; on Windows, which can only tell for sockets, always."""
    if os.name == "nt":
        return True
    import select

    return bool(select.select([descriptor], [], [], timeout)[0])


def _open_regular(path: str) -> io.FileIO:
    """Open a regular file and nothing else: looked at before it is opened, and again afterwards in case it was replaced.

    Raises:
        UnreadableFile: It is missing, not permitted, or something else than a regular file.
    """
    try:
        if not path:
            raise UnreadableFile("the name of a file is empty")
        _refuse_irregular(path, Path(path).stat().st_mode)
        # O_NONBLOCK: should a FIFO have taken the place of the file since, opening it does not wait for a writer.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
        file = io.FileIO(path, "r", opener=lambda name, _: os.open(name, flags))
        try:
            _refuse_irregular(path, os.fstat(file.fileno()).st_mode)
        except UnreadableFile:
            file.close()
            raise
    except OSError as error:
        raise UnreadableFile(_WORDS.get(error.errno or 0, error.strerror or str(error)), where=path) from error
    except ValueError as error:  # a NUL in the name
        raise UnreadableFile("not a file name", where=path) from error
    return file


_WORDS = {errno.ENOENT: "no such file", errno.EACCES: "not permitted to read it", errno.EPERM: "not permitted to read it"}


def _refuse_irregular(path: str, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise UnreadableFile("is a directory", where=path)
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    raise UnreadableFile(f"is {kinds.get(stat.S_IFMT(mode), 'not a file')}", where=path, hint="- reads standard input")
