"""Bytes to standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from netsleuth_tui.export.atomic import ExportError

__all__ = ["check_open", "flush", "print_text", "standard_output", "write_all"]

NAME = "standard output"


def check_open() -> None:
    """Refuse to begin what nobody would get.

    Raises:
        ExportError: The program was started with standard output closed.
    """
    if sys.stdout is None:
        raise ExportError(f"{NAME} is closed")


@contextmanager
def _explained() -> Iterator[None]:
    """What the system says of standard output, as a sentence."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ExportError(f"cannot write: {(error.strerror or str(error)).lower()}", where=NAME) from error


def print_text(text: str) -> None:
    """Text to standard output.

    Raises:
        ExportError: It cannot be written.
        BrokenPipeError: Nobody reads it any more.
    """
    check_open()
    with _explained():
        sys.stdout.write(text)


def flush() -> None:
    """Bring out what was printed, where standard output is open.

    Raises:
        ExportError: It cannot be written.
        BrokenPipeError: Nobody reads it any more.
    """
    if sys.stdout is not None:
        with _explained():
            sys.stdout.flush()


@contextmanager
def standard_output(stream: BinaryIO | None = None) -> Iterator[BinaryIO]:
    """Standard output as a file of bytes, flushed at the end; `stream` is another one in its place.

    Raises:
        ExportError: It is closed, or cannot be written.
        BrokenPipeError: Nobody reads it any more.
    """
    if stream is None:
        check_open()
    flush()
    with _explained():
        out = stream or sys.stdout.buffer
        yield out
        out.flush()


def write_all(piece: bytes | memoryview, out: BinaryIO) -> None:
    """Standard output has no buffer under `python -u`, and then takes as much as it likes."""
    rest = memoryview(piece)
    while rest:
        rest = rest[out.write(rest) :]
