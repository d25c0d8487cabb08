"""Compressed files: expanded as they are read, every member of a concatenation, within limits.

What a few bytes can expand to is not up to the file: output is taken in small portions, its sum is limited, and so is the memory that the
expansion itself may need.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import Any, Protocol

from netsleuth_tui.readers.frames import Compression
from netsleuth_tui.readers.limits import EXPANSION_FACTOR, EXPANSION_FREE, LZMA_MEMORY, ZSTD_WINDOW
from netsleuth_tui.readers.sniff import compression_of
from netsleuth_tui.readers.sources import Source
from netsleuth_tui.wording import agree, several

__all__ = ["Expansion"]

_INPUT = 64 << 10
_LONGEST_MAGIC = 6


class _Member(Protocol):
    """One compressed stream, as `bz2` and `lzma` have it."""

    @property
    def eof(self) -> bool:
        """Whether the stream is complete."""

    @property
    def needs_input(self) -> bool:
        """Whether there is no more output without more input."""

    @property
    def unused_data(self) -> bytes:
        """Input behind the end of the stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take all of `data`, give at most `max_length` bytes."""


class _Gzip:
    """A gzip member (RFC 1952) that gives every byte before a fault: the output of a call that fails is lost otherwise."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)
        self._rescued = b""
        self._fault: zlib.error | None = None
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._rescued:
            found, self._rescued = self._rescued[:max_length], self._rescued[max_length:]
            return found
        if self._fault is not None:
            raise self._fault
        data = self._inflate.unconsumed_tail + data
        before = self._inflate.copy()
        try:
            found = self._inflate.decompress(data, max_length)
        except zlib.error as fault:
            self._inflate, self._fault = before, fault
            self._rescue(data)
            self.needs_input = False
            return self.decompress(b"", max_length)
        self.needs_input = not self._inflate.unconsumed_tail and len(found) < max_length
        return found

    def _rescue(self, data: bytes) -> None:
        """Expand what comes before the fault in `data`, byte by byte."""
        found = bytearray()
        try:
            for i in range(len(data)):
                found += self._inflate.decompress(data[i : i + 1])
        except zlib.error:
            self._rescued = bytes(found)


class _Zstd:
    """A zstd frame (RFC 8878), fed so little at a time that its output fits into memory whatever it is."""

    _PORTION = 1024
    """Bytes of input; the highest possible expansion makes 32 MiB of them."""
    _SLOW_START = 4096
    """Bytes of input that are fed one by one: the output of a call that fails is lost, which for a small file would be all of it."""

    def __init__(self) -> None:
        import zstandard

        self._frame: Any = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()
        self._input = memoryview(b"")
        self._output = memoryview(b"")
        self._fed = 0

    @property
    def eof(self) -> bool:
        return bool(self._frame.eof) and not self._output

    @property
    def needs_input(self) -> bool:
        return not self._input and not self._output

    @property
    def unused_data(self) -> bytes:
        return bytes(self._frame.unused_data) + bytes(self._input)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if data:
            self._input = memoryview(bytes(self._input) + data)
        while not self._output and self._input and not self._frame.eof:
            size = 1 if self._fed < self._SLOW_START else self._PORTION
            portion, self._input = self._input[:size], self._input[size:]
            self._fed += size
            self._output = memoryview(self._frame.decompress(portion))
        found, self._output = self._output[:max_length], self._output[max_length:]
        return bytes(found)


def _begin(compression: Compression) -> tuple[_Member, int]:
    """A new member, and how much output to take at a time: a call that fails keeps its output to itself."""
    if compression == "gzip":
        return _Gzip(), 256 << 10
    if compression == "zstd":
        return _Zstd(), 256 << 10
    if compression == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=LZMA_MEMORY), 1024
    return bz2.BZ2Decompressor(), 1024


class Expansion(Source):
    """What a compressed source expands to.

    Args:
        disk: The compressed bytes.
        compression: Of all members.
        free: Bytes that it may expand to in any case, beside `EXPANSION_FACTOR` times its size.
    """

    def __init__(self, disk: Source, compression: Compression, *, free: int = EXPANSION_FREE) -> None:
        super().__init__()
        self._disk = disk
        self._compression = compression
        self._free = free
        self._input = b""
        self._paused = False
        self._has_ended = False
        self._expanded = 0
        self._members = 0
        self._member: _Member | None = None
        self._portion = 0
        self._is_stuck = False

    @property
    def position(self) -> int:
        """Compressed bytes read so far."""
        return self._disk.position

    @property
    def remaining(self) -> int | None:
        """Unknown: what a file says about its expanded size is a claim."""
        return None

    def close(self) -> None:
        """Expand no further."""
        self._has_ended = True
        self._disk.close()

    def _read(self, view: memoryview) -> int:
        filled = 0
        while filled < len(view) and not self._has_ended and not (filled and self._paused):
            try:
                found = self._expand(len(view) - filled)
            except Exception as error:  # noqa: BLE001 - libraries of four formats, fed by an attacker
                self._fail(_explain(self._compression, error))
                break
            view[filled : filled + len(found)] = found
            filled += len(found)
        return filled

    def _expand(self, room: int) -> bytes:
        """Some more bytes, possibly none."""
        if self._member is None:
            if not self._has_another_member():
                self._has_ended = True
                return b""
            self._member, self._portion = _begin(self._compression)
            self._is_stuck = False
        data = b""
        if self._member.needs_input or self._is_stuck:
            data = self._input or self._read_disk()
            self._input = b""
            if not data:
                self._fail(self._disk.failure or f"the {self._compression} data end too early, after {self._disk.position} bytes")
                return b""
        found = self._member.decompress(data, min(room, self._portion))
        self._is_stuck = not found and not data
        if self._member.eof:
            self._input = self._member.unused_data
            self._member = None
        return self._limited(found)

    def _limited(self, found: bytes) -> bytes:
        allowed = EXPANSION_FACTOR * (self._disk.size or self._disk.position) + self._free
        surplus = self._expanded + len(found) - allowed
        if surplus > 0:
            found = found[: max(0, len(found) - surplus)]
            self._fail(f"the {self._compression} data expand to more than {allowed} bytes, which is as far as they are followed")
        self._expanded += len(found)
        return found

    def _has_another_member(self) -> bool:
        """Whether another stream begins; padding with zeros between streams is legal, anything else is ignored and noted."""
        while True:
            if self._members:
                self._input = self._input.lstrip(b"\0")
            if len(self._input) >= _LONGEST_MAGIC:
                break
            more = self._read_disk()
            if not more:
                break
            self._input += more
        if self._input and compression_of(self._input) == self._compression:
            self._members += 1
            return True
        if self._input:
            rest = len(self._input) + (self._disk.remaining or 0)
            behind = f"{several(rest, 'byte')} after the {self._compression} data {agree(rest, 'is', 'are')} something else"
            self.notes.append(f"{behind} and {agree(rest, 'was', 'were')} ignored")
        return False

    def _read_disk(self) -> bytes:
        buffer = bytearray(_INPUT)
        count = self._disk.read_into(memoryview(buffer))
        self._paused = self._disk.remaining is None and count < _INPUT
        return bytes(buffer[:count])

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self._has_ended = True


def _explain(compression: Compression, error: Exception) -> str:
    if isinstance(error, ImportError):
        return "zstd data need the Python package zstandard, which is not installed"
    text = str(error)
    if "memory" in text.lower():
        limit = ZSTD_WINDOW if compression == "zstd" else LZMA_MEMORY
        return f"the {compression} data need more than {limit >> 20} MiB of memory to expand"
    return f"the {compression} data are damaged: {text.rsplit(': ', 1)[-1].lower()}"
