"""What goes wrong with a file: damage inside it, which leaves what came before usable, and files that cannot be read at all."""

from __future__ import annotations

from dataclasses import dataclass

from netsleuth_tui.errors import NetSleuthError

__all__ = ["BadLine", "Damage", "UnreadableFile"]


@dataclass(frozen=True, slots=True)
class Damage:
    """A place where a file contradicts itself or ends too early; reading stops there, everything before it is kept.

    Args:
        offset: Byte offset in the (decompressed) file: where the damaged record or block begins, or where the file ends if that is
            inside a header.
        reason: What is wrong there, as a clause without a full stop.
    """

    offset: int
    reason: str

    def __str__(self) -> str:
        return f"damaged at byte {self.offset}: {self.reason}"


@dataclass(frozen=True, slots=True)
class BadLine(Damage):
    """The same in a table of text, which goes on behind it.

    Args:
        offset: Where the line begins.
        reason: What is wrong with it.
        line: Its number, from 1.
    """

    line: int

    def __str__(self) -> str:
        return f"damaged in line {self.line}: {self.reason}"


class UnreadableFile(NetSleuthError):  # noqa: N818 - says what it is, as the others do
    """A file of which nothing can be read: missing, not a regular file, empty, or not a capture."""
