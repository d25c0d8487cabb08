"""Values that begin with what has been typed so far, found among numbers: no text is made of values that cannot be meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.query.fields import Field

__all__ = ["AddressPrefix", "ranges_beginning"]

Mask = NDArray[np.bool_]


def ranges_beginning(typed: str, field: Field) -> list[tuple[int, int]]:
    """The numbers whose text begins with `typed`, as ranges with both ends included: decimal, or hexadecimal after 0x.

    >>> from netsleuth_tui.query.fields import FIELDS
    >>> ranges_beginning("44", FIELDS["tcp.port"])
    [(44, 44), (440, 449), (4400, 4499), (44000, 44999)]
    """
    found = re.fullmatch(r"0x(?P<hex>[0-9a-f]*)|(?P<dec>[0-9]*)", typed.lower())
    if found is None:
        return []
    base, digits = (10, found["dec"]) if found["dec"] is not None else (16, found["hex"])
    if not digits or (digits == "0" and base != field.base):
        return [(0, field.maximum)]
    number = int(digits, base)
    if number == 0:
        return [(0, 0)]
    ranges, width = [], 1
    while number * width <= field.maximum:
        ranges.append((number * width, min(number * width + width - 1, field.maximum)))
        width *= base
    return ranges


@dataclass(frozen=True, slots=True)
class AddressPrefix:
    """The beginning of an address: parts that are complete, and the one that is being typed."""

    version: int
    complete: tuple[int, ...]
    """Octets of an IPv4 address, groups of an IPv6 address up to the first `::`."""
    last: str
    """What there is of the part after them."""
    text: str
    """All that was typed; empty if no address begins like this."""

    @classmethod
    def of(cls, typed: str, version: int) -> AddressPrefix:
        """Take apart what was typed."""
        text = typed.lower()
        pattern, base, most, sign = (r"(\d{1,3}\.){0,3}\d{0,3}", 10, 256, ".") if version == 4 else (r"[0-9a-f:]*", 16, 1 << 16, ":")
        *parts, last = text.split(sign)
        parts = parts[: parts.index("")] if "" in parts else parts
        if not re.fullmatch(pattern, text, re.ASCII) or any(int(part, base) >= most for part in parts):
            return cls(version, (), "", "")
        return cls(version, tuple(int(part, base) for part in parts), last, text)

    def among(self, high: NDArray[np.uint64], low: NDArray[np.uint64]) -> Mask:
        """Which addresses can begin like this: for IPv4 exactly those that do; for IPv6 `test` has to look at them.

        Args:
            high: Upper 64 bits, 0 for IPv4.
            low: Lower 64 bits.
        """
        if not self.text:
            return np.zeros(len(low), np.bool_)
        size, count = (8, 4) if self.version == 4 else (16, 4)
        inside = np.ones(len(low), np.bool_)
        for place, part in enumerate(self.complete):
            half = low if self.version == 4 or place >= count else high
            inside &= _part(half, size, place % count) == np.uint64(part)
        if self.version == 4 and self.last:
            inside &= np.isin(_part(low, size, len(self.complete)), _octets_beginning(self.last))
        return inside

    def test(self, address: str) -> bool:
        """Whether the text of an address begins like this."""
        return bool(self.text) and address.startswith(self.text)


def _part(half: NDArray[np.uint64], size: int, place: int) -> NDArray[np.uint64]:
    """The part at `place` of four parts of `size` bits each."""
    return half >> np.uint64(size * (3 - place)) & np.uint64((1 << size) - 1)


def _octets_beginning(digits: str) -> Sequence[int]:
    return [octet for octet in range(256) if str(octet).startswith(digits)]
