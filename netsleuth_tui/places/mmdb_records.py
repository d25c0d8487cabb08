"""Records of a MaxMind DB file, decoded as far as they say where an address is.

https://maxmind.github.io/MaxMind-DB/, "Output Data Section".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netsleuth_tui.places.records import LONGEST, WANTED, Said, said_by

__all__ = ["Records"]

POINTER, MAP = 1, 7
"""Types of data, as the format numbers them."""

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
        self._walk(place, lambda key, _: found.add(key[:LONGEST]))
        return found

    def _walk(self, place: int, visit: Callable[[str, int], None]) -> bool:
        """Call `visit` with each key of a map and the place of its value; False where there is no map with few keys."""
        control = self._content[place]
        if control >> 5 != MAP or control & 31 > MOST_KEYS:
            return False
        at = place + 1
        for _ in range(control & 31):
            key, at = self._decode(at)
            if isinstance(key, str):
                visit(key, at)
            at = at + 1 + self._pointer(at) if self._pointer(at) else self._decode(at)[1]
        return True

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
