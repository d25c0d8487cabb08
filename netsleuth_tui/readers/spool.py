"""A stream that is kept as a whole, for formats that are read at any place: what is compressed, and standard input."""

from __future__ import annotations

import tempfile

from netsleuth_tui.readers.damage import UnreadableFile
from netsleuth_tui.readers.limits import BLOCK_BYTES, SPOOLED_IN_MEMORY
from netsleuth_tui.readers.sources import RandomSource, Source, StreamSource

__all__ = ["Spool"]


class Spool(RandomSource):
    """All bytes of another source: up to `SPOOLED_IN_MEMORY` of them in memory, more in a temporary file without a name.

    Args:
        source: Read to its end at once; its limits hold here, too.
        name: The path, for errors.

    Raises:
        UnreadableFile: There is no room for it.
    """

    def __init__(self, source: Source, name: str) -> None:
        super().__init__()
        self._kept = tempfile.SpooledTemporaryFile(max_size=SPOOLED_IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._position = 0
        block = memoryview(bytearray(BLOCK_BYTES))
        try:
            while count := source.read_into(block):
                self._kept.write(block[:count])
                self.size += count
        except OSError as error:
            self._kept.close()
            hint = "expand it first, or set TMPDIR to a folder with room for it"
            raise UnreadableFile(f"there is no room to keep it in: {error.strerror}", where=name, hint=hint) from error
        source.close()
        self.failure = source.failure
        if not isinstance(source, StreamSource):  # which tells its own notes
            self.notes = source.notes

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._position

    @property
    def remaining(self) -> int | None:
        """Bytes up to the end."""
        return self.size - self._position

    def seek(self, offset: int) -> None:
        """Go on reading at `offset`."""
        self._position = self._kept.seek(min(offset, self.size))

    def _read(self, view: memoryview) -> int:
        count = self._kept.readinto(view)
        self._position += count
        return count

    def close(self) -> None:
        """Give the memory back."""
        self._kept.close()
