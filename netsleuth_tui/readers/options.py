"""Options of pcapng blocks: code, length, value, padded to 4 bytes; lengths are claims like any other."""

from __future__ import annotations

import struct

from netsleuth_tui.readers.limits import OPTIONS_PER_BLOCK

__all__ = ["COMMENT", "read_options", "text_of"]

COMMENT = 1
"""opt_comment, in every block."""


def read_options(body: bytes, order: str) -> list[tuple[int, bytes]] | None:
    """The options in `body`, the first OPTIONS_PER_BLOCK of them.

    Returns:
        Pairs of code and value; None if an option is longer than what is left of the block.
    """
    found: list[tuple[int, bytes]] = []
    at = 0
    while at + 4 <= len(body) and len(found) < OPTIONS_PER_BLOCK:
        code, length = struct.unpack_from(order + "HH", body, at)
        if code == 0:
            break
        if at + 4 + length > len(body):
            return None
        found.append((code, body[at + 4 : at + 4 + length]))
        at += 4 + length + (-length & 3)
    return found


def text_of(value: bytes) -> str:
    """UTF-8 text of an option; bytes that are not UTF-8 stay visible as escapes, a closing NUL is dropped."""
    return value.rstrip(b"\0").decode("utf-8", "backslashreplace")
