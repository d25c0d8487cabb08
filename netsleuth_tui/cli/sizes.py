"""Amounts of memory as people write them."""

from __future__ import annotations

import re
from decimal import Decimal

from netsleuth_tui.errors import NetSleuthError

__all__ = ["parse_size"]

DIGITS = 20
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


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
