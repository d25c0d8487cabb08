"""A capture in a zip archive: the one file of it that is a capture, expanded as it is read.

Only what Python's zipfile expands in portions is read (stored, deflated); names in an archive are shown, and never used as paths.
"""

from __future__ import annotations

import io
import zipfile
import zlib

from netsleuth_tui.readers.damage import UnreadableFile
from netsleuth_tui.readers.limits import EXPANSION_FACTOR, EXPANSION_FREE, ZIP_DIRECTORY
from netsleuth_tui.readers.sources import RandomSource, Source
from netsleuth_tui.wording import several

__all__ = ["ZipMember"]

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_LOOKED_AT = 64
"""Members of an archive whose beginnings are looked at."""
_NAMED = 4
_HEAD = 4096


class ZipMember(Source):
    """What is in an archive, if that is one capture.

    Args:
        archive: The bytes of the archive.
        name: Its path, for errors.

    Raises:
        UnreadableFile: There is no capture in it, or more than one; it is encrypted, damaged, or packed in another way.
    """

    def __init__(self, archive: RandomSource, name: str) -> None:
        super().__init__()
        self._archive = archive
        try:
            self._zip = zipfile.ZipFile(_Seekable(archive))
            member = self._capture(name)
            self._file = self._zip.open(member)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise UnreadableFile(f"is a zip archive that cannot be read: {str(error).lower()}", where=name) from error
        self._allowed = EXPANSION_FACTOR * member.compress_size + EXPANSION_FREE
        self._given = 0

    def _capture(self, name: str) -> zipfile.ZipInfo:
        """The member that is a capture."""
        members = [member for member in self._zip.infolist() if not member.is_dir() and not member.filename.startswith("__MACOSX/")]
        if not members:
            raise UnreadableFile("is a zip archive that holds nothing", where=name)
        candidates = members if len(members) == 1 else [member for member in members[:_LOOKED_AT] if self._looks_right(member)]
        if len(candidates) != 1:
            shown = ", ".join(member.filename for member in (candidates or members)[:_NAMED])
            more = len(candidates or members) - _NAMED
            what = "captures" if candidates else "files, none of which is a capture"
            text = f"is a zip archive of {len(candidates or members)} {what}: {shown}{f' and {more} more' if more > 0 else ''}"
            raise UnreadableFile(text, where=name, hint="unpack it, and open the files or their folder")
        member = candidates[0]
        if member.flag_bits & _ENCRYPTED:
            raise UnreadableFile("is a zip archive that is encrypted", where=name, hint="unpack it first")
        if member.compress_type not in _METHODS:
            raise UnreadableFile("is a zip archive packed with a method that is not read", where=name, hint="unpack it first")
        if len(members) > 1:
            others = several(len(members) - 1, "other file was", "other files were")
            self.notes.append(f"{member.filename} of the zip archive was read, {others} not")
        return member

    def _looks_right(self, member: zipfile.ZipInfo) -> bool:
        """Whether it begins like something that is read; text does not count beside captures."""
        from netsleuth_tui.readers.sniff import compression_of, container_of, is_event_log

        if member.flag_bits & _ENCRYPTED or member.compress_type not in _METHODS:
            return False
        try:
            with self._zip.open(member) as file:
                head = file.read(_HEAD + 8)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError):
            return False
        return bool(container_of(head[:_HEAD]) or compression_of(head)) or is_event_log(head)

    @property
    def position(self) -> int:
        """Bytes of the archive read so far."""
        return self._archive.position

    @property
    def remaining(self) -> int | None:
        """Unknown: what an archive says about it is a claim."""
        return None

    def _read(self, view: memoryview) -> int:
        filled = 0
        while filled < len(view) and not self.failure:
            try:
                found = self._file.read(min(len(view) - filled, 64 << 10))
            except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError) as error:
                self.failure = f"the zip data are damaged: {str(error).lower()}"
                break
            if not found:
                break
            surplus = self._given + len(found) - self._allowed
            if surplus > 0:
                found = found[: max(0, len(found) - surplus)]
                self.failure = f"the zip data expand to more than {self._allowed} bytes, which is as far as they are followed"
            view[filled : filled + len(found)] = found
            filled += len(found)
            self._given += len(found)
        return filled

    def close(self) -> None:
        """Give the archive back."""
        self._file.close()
        self._zip.close()
        self._archive.close()


class _Seekable(io.RawIOBase):
    """A source as zipfile wants it."""

    def __init__(self, source: RandomSource) -> None:
        super().__init__()
        self._source = source
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.size}[whence]
        if base + offset < 0:
            raise OSError("a place before its beginning")
        self._at = base + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        wanted = max(self._source.size - self._at, 0) if size < 0 else size
        if wanted > ZIP_DIRECTORY:
            raise zipfile.BadZipFile(f"its directory is longer than {ZIP_DIRECTORY} bytes")
        found = self._source.at(self._at, wanted)
        self._at += len(found)
        return found
