"""Amounts of memory as people write them."""

from __future__ import annotations

import re
from decimal import Decimal

from netsleuth_tui.errors import NetSleuthError

__all__ = ["parse_piece", "parse_size"]

LEAST_PIECE = 32 << 10
"""Bytes of a file below which a capture is not split: a frame alone may have as many."""

DIGITS = 20
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def parse_piece(text: str) -> int:
    """Bytes after which another file begins.

    Raises:
        NetSleuthError: It is not a size, or one that would make a file of every few frames.
    """
    size = parse_size(text)
    if size < LEAST_PIECE:
        hint = f"did you mean {text.strip()}M or {text.strip()}G?" if text.strip().isdecimal() else "for example 100M or 2G"
        raise NetSleuthError(f"{text!r} is too small for a file: the least is {LEAST_PIECE >> 10}K", hint=hint)
    return size


def parse_size(text: str) -> int:
    """Bytes of '2GiB', '500M', '1048576'; K, M, G and T are powers of 1024, with or without iB or B.

    Raises:
        NetSleuthError: It is not a size.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", text.strip().lower())
    size = int(Decimal(found[1]) * UNITS[found[2]]) if found and len(found[1]) <= DIGITS else 0
    if not size:
        raise NetSleuthError(f"{text!r} is not a size", hint="for example 2GiB or 500MiB")
    return size
