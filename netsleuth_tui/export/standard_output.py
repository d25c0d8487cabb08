"""Bytes to standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from netsleuth_tui.export.atomic import ExportError

__all__ = ["standard_output", "write_all"]


@contextmanager
def standard_output(stream: BinaryIO | None = None) -> Iterator[BinaryIO]:
    """Standard output as a file of bytes, flushed at the end; `stream` is another one in its place.

    Raises:
        ExportError: It cannot be written.
        BrokenPipeError: Nobody reads it any more.
    """
    try:
        sys.stdout.flush()
        out = stream or sys.stdout.buffer
        yield out
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ExportError(f"cannot write: {(error.strerror or str(error)).lower()}", where="standard output") from error


def write_all(piece: bytes | memoryview, out: BinaryIO) -> None:
    """Standard output has no buffer under `python -u`, and then takes as much as it likes."""
    rest = memoryview(piece)
    while rest:
        rest = rest[out.write(rest) :]
