"""Records of a MaxMind DB file, decoded as far as they say where an address is.

https://maxmind.github.io/MaxMind-DB/, "Output Data Section".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netsleuth_tui.places.records import LONGEST, WANTED, Said, said_by

__all__ = ["Records"]

POINTER, STRING, MAP, ARRAY, BOOLEAN = 1, 2, 7, 11, 14
"""Types of data, as the format numbers them."""

EXTENDED = 7
"""Is added to a second byte where the first one has no type."""

LENGTHS = (29, 285, 65_821)
"""Sizes from which on one, two or three more bytes count."""

MOST_VALUES = 1 << 16
"""Values within one that is skipped; as many as maxminddb decodes."""

MOST_KEYS = 28
"""Keys of a map whose number stands in its first byte."""


class Records:
    """The data section: of a record only what says where an address is, and of what many records share only once.

    Args:
        content: The whole file.
        start: Where the section begins.
    """

    def __init__(self, content: bytes, start: int) -> None:
        from maxminddb.decoder import Decoder

        self._content = content
        self._shared: dict[tuple[str, bytes], Any] = {}
        self._keys: dict[bytes, str] = {}
        self._decode: Callable[[int], tuple[Any, int]] = Decoder(content, start).decode

    def said(self, place: int) -> Said:
        """What the record at a place in the file says.

        Raises:
            Exception: It cannot be decoded; of any kind.
        """
        record: dict[str, Any] = {}
        if not self._walk(place, lambda key, at: record.__setitem__(key, self._value(key, at)) if key in WANTED else None):
            return said_by(self.whole(place))
        return said_by(record)

    def whole(self, place: int) -> Any:
        """All of the record at a place.

        Raises:
            Exception: It cannot be decoded; of any kind.
        """
        return self._decode(place)[0]

    def keys(self, place: int) -> set[str]:
        """The keys of the record at a place; none where it is no map."""
        found: set[str] = set()
        self._walk(place, lambda key, _: found.add(key))
        return found

    def _walk(self, place: int, visit: Callable[[str, int], None]) -> bool:
        """Call `visit` with each key of a map and the place of its value; False where there is no map with few keys."""
        control = self._content[place]
        if control >> 5 != MAP or control & 31 > MOST_KEYS:
            return False
        at = place + 1
        for _ in range(control & 31):
            key, at = self._key(at)
            visit(key, at)
            at = self._after(at)
        return True

    def _key(self, at: int) -> tuple[str, int]:
        """The key at a place, and where its value is; the few keys that records have are decoded once."""
        control = self._content[at]
        kind, size = control >> 5, control & 31
        end = at + 1 + (size if kind == STRING and size < LENGTHS[0] else self._pointer(at))
        if end == at + 1:
            key, end = self._decode(at)
            return str(key), end
        raw = self._content[at:end]
        if raw not in self._keys:
            self._keys[raw] = str(self._decode(at)[0])[:LONGEST]
        return self._keys[raw], end

    def _after(self, at: int) -> int:
        """Where the value at a place ends: it is stepped over, not decoded.

        Raises:
            ValueError: It holds too much.
            IndexError: It goes on after the end of the file.
        """
        content, inside = self._content, 1
        for _ in range(MOST_VALUES):
            if not inside:
                return at
            inside -= 1
            control = content[at]
            at += 1
            kind, size = control >> 5, control & 31
            if kind == POINTER:
                at += (size >> 3) + 1
                continue
            if kind == 0:
                kind = content[at] + EXTENDED
                at += 1
            if size >= LENGTHS[0]:
                more = size - LENGTHS[0] + 1
                size = LENGTHS[more - 1] + int.from_bytes(content[at : at + more])
                at += more
            if kind == MAP:
                inside += 2 * size
            elif kind == ARRAY:
                inside += size
            elif kind != BOOLEAN:  # the size of a boolean is its value
                at += size
        raise ValueError("the record holds too many values")

    def _pointer(self, at: int) -> int:
        """The number of bytes after the first one of a pointer; 0 where there is none."""
        control = self._content[at]
        return (control >> 3 & 3) + 1 if control >> 5 == POINTER else 0

    def _value(self, key: str, at: int) -> Any:
        width = self._pointer(at)
        if not width:
            return _reduced(self._decode(at)[0])
        pointer = (key, self._content[at : at + 1 + width])
        if pointer not in self._shared:
            self._shared[pointer] = _reduced(self._decode(at)[0])
        return self._shared[pointer]


def _reduced(value: Any) -> Any:
    """Only what `said_by` looks at, so that what is kept is small."""
    if not isinstance(value, dict):
        return value[:LONGEST] if isinstance(value, str) else value if isinstance(value, int) else None
    kept: dict[str, Any] = {
        key: value[key]
        for key in ("iso_code", "code", "name", "number", "asn", "autonomous_system_number", "autonomous_system_organization")
        if key in value and isinstance(value[key], str | int)
    }
    names = value.get("names")
    if isinstance(names, dict) and isinstance(names.get("en"), str):
        kept["names"] = {"en": names["en"][:LONGEST]}
    return kept
