"""Files that appear whole or not at all, and never in place of another unless that was asked for.

The bytes go to a new file beside the target, named so that anyone can tell what it is (`rows.csv.1f3a9c.part`), readable by its
owner alone. It is forced to disk and then given the target's name by `link`, which fails where that name exists: there is no moment
between a check and the writing. Killed at any point, the program leaves the target untouched and at worst a `.part` file.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from netsleuth_tui.errors import NetSleuthError

__all__ = ["PART", "ExportError", "open_new"]

PART = ".part"
"""Ending of an unfinished file."""

_NAME_MAX = 255
_BUFFER = 1 << 16
_MUCH = 1 << 23
"""Bytes after which the disk is asked to take them while more are made: at the end, all of a large file would be waited for."""
_NO_LINKS = frozenset(
    getattr(errno, name, -1) for name in ("EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL", "EXDEV", "EACCES")
)
"""What `link` says on file systems without hard links (FAT, some network and user-space ones)."""


class ExportError(NetSleuthError):
    """A file could not be written; what was there before is untouched."""


@contextmanager
def open_new(path: str | os.PathLike[str], *, force: bool = False) -> Iterator[BinaryIO]:
    """Open a file for writing that gets its name when the block ends without an exception.

    Args:
        path: The file to make. A symbolic link is a name like any other: refused, or replaced itself, never followed.
        force: Replace an existing file.

    Raises:
        ExportError: The target exists, is no regular file, or cannot be written; also from writing to the yielded file.
    """
    target = Path(path)
    _check(target, os.fspath(path), force=force)
    raw = _create(target)
    buffered = io.BufferedWriter(cast("io.RawIOBase", raw), _BUFFER)
    try:
        yield cast("BinaryIO", buffered)
        buffered.flush()
        raw.sync()
        buffered.close()
        _publish(raw.part, target, force=force)
    finally:
        raw.discard = True
        with suppress(OSError):  # first, since closing waits for the disk, and the program may have to end before it is done
            raw.part.unlink()
        with suppress(ExportError):
            buffered.close()
        with suppress(FileNotFoundError):  # where a file that is open cannot be removed
            raw.part.unlink()


class _Part(io.RawIOBase):
    """The unfinished file; explains why it cannot be written. The disk takes its bytes while more are written."""

    def __init__(self, descriptor: int, part: Path, target: Path) -> None:
        super().__init__()
        self.part = part
        self.discard = False
        self._file = io.FileIO(descriptor, "wb")
        self._target = target
        self._written = self._asked = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._taking: Future[None] | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        view = memoryview(data)
        if self.discard:
            return view.nbytes
        try:
            count = self._file.write(view) or 0
        except OSError as error:
            raise self._failure(error) from error
        self._written += count
        if self._written - self._asked >= _MUCH and (self._taking is None or self._taking.done()):
            self._check_taken()
            self._asked = self._written
            self._taking = self._thread.submit(_take, self._file.fileno(), _DATA_TO_DISK)
        return count

    def sync(self) -> None:
        self._check_taken()
        try:
            _take(self._file.fileno(), os.fsync)
        except OSError as error:
            raise self._failure(error) from error

    def _check_taken(self) -> None:
        """Raise what the disk had to say: the system says it once, to whoever asked."""
        try:
            if self._taking is not None:
                self._taking.result()
        except OSError as error:
            raise self._failure(error) from error

    def close(self) -> None:
        if self.closed:
            return
        self._thread.shutdown()
        try:
            self._file.close()
        except OSError as error:
            raise self._failure(error) from error
        finally:
            super().close()

    def _failure(self, error: OSError) -> ExportError:
        what = f"cannot write: {_reason(error)} after {self._written:,} bytes"
        with suppress(OSError):
            what += f", {shutil.disk_usage(self._target.parent).free:,} bytes free"
        return ExportError(what, where=str(self._target), hint="nothing was left behind; free some space or choose another place with -o")


_DATA_TO_DISK: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


def _take(descriptor: int, force: Callable[[int], None]) -> None:
    """Force bytes to disk, where the file system knows how."""
    try:
        force(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise


def _check(target: Path, given: str, *, force: bool) -> None:
    """Refuse what can be seen beforehand; what happens afterwards is caught by `link`."""
    parent = target.parent
    try:
        if not parent.is_dir():
            what = "is not a directory" if parent.exists() else "there is no such directory"
            raise ExportError(what, where=str(parent), hint="make it first, or choose another place with -o")
        if not target.name or given.endswith(("/", os.sep)) or target.is_dir():
            raise ExportError("is a directory", where=given, hint="name a file in it")
        if not os.path.lexists(target):
            return
        if target.exists() and not target.is_file():
            raise ExportError(f"is {_kind(target)}, not a file", where=given, hint="without -o the rows go to standard output")
    except (OSError, ValueError) as error:
        raise ExportError(f"cannot write: {_reason(error)}", where=given) from error
    if not force:
        raise _exists(target)


def _exists(target: Path) -> ExportError:
    return ExportError("exists already", where=str(target), hint="choose another name, or replace it with --force")


def _create(target: Path) -> _Part:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    while True:
        part = target.with_name(_part_name(target.name))
        try:
            return _Part(os.open(part, flags, 0o600), part, target)
        except FileExistsError:
            continue
        except (OSError, ValueError) as error:
            hint = "choose another place with -o"
            raise ExportError(f"cannot make a file in {target.parent}: {_reason(error)}", where=str(target), hint=hint) from error


def _part_name(name: str) -> str:
    ending = f".{secrets.token_hex(3)}{PART}"
    kept = os.fsencode(name)[: _NAME_MAX - len(ending)]
    return os.fsdecode(kept) + ending


def _publish(part: Path, target: Path, *, force: bool) -> None:
    try:
        if force:
            part.replace(target)
        else:
            _name_without_replacing(part, target)
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError as error:
        raise ExportError(f"cannot be given its name: {_reason(error)}", where=str(target)) from error
    _sync_directory(target.parent)


def _name_without_replacing(part: Path, target: Path) -> None:
    if os.name == "nt":
        part.rename(target)
        return
    try:
        os.link(part, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _claim_and_replace(part, target)


def _claim_and_replace(part: Path, target: Path) -> None:
    """Without hard links: make the target empty and new, which fails if it exists, then put the finished file in its place."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        part.replace(target)
    except BaseException:
        target.unlink()
        raise


def _sync_directory(directory: Path) -> None:
    """Make the name as durable as the bytes; the file is complete already, so a failure here is none of the file's."""
    if os.name == "nt":
        return
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _kind(path: Path) -> str:
    mode = path.stat().st_mode
    kinds = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISBLK, "a device"), (stat.S_ISCHR, "a device"))
    return next((name for test, name in kinds if test(mode)), "something else")


def _reason(error: OSError | ValueError) -> str:
    text = error.strerror if isinstance(error, OSError) else str(error)
    return (text or str(error)).lower()
