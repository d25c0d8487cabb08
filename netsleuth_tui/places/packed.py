"""The file of places that comes with the program: a line of JSON, then the steps of `places.steps` as compressed planes of bytes.

The planes are, in this order: for IPv4 the four planes of the differences between one start and the next (all lowest bytes, then all
second ones, …) and a code for each start; for IPv6 eight planes of the differences between the upper halves, the codes, the numbers
(uint32) of the starts whose lower half is not 0, and these lower halves (uint64). Everything is little-endian. Code 0 is a gap, code
n is country n - 1 of the header.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.places.steps import Steps

__all__ = ["Packed", "read_packed", "write_packed"]

FORMAT = "netsleuth places 1"
MOST_BYTES = 64 << 20
LEVEL = 22


@dataclass(frozen=True, slots=True)
class Packed:
    """The steps of a packed file, and what its header says."""

    name: str
    """Of the data: 'DB-IP Lite Country'."""
    date: str
    """Year, month and day of the data: '2026-06-01'."""
    attribution: str
    """The sentence that its licence asks for."""
    countries: tuple[str, ...]
    """ISO 3166-1 codes by the codes of `steps`."""
    steps: Steps


def write_packed(path: Path, packed: Packed) -> None:
    """Write a file that `read_packed` reads."""
    import zstandard

    steps = packed.steps
    lower = np.flatnonzero(steps.low6)
    parts = [
        _planes(np.diff(steps.starts4, prepend=np.uint32(0))),
        (steps.codes4 + 1).astype(np.uint8).tobytes(),
        _planes(np.diff(steps.high6, prepend=np.uint64(0))),
        (steps.codes6 + 1).astype(np.uint8).tobytes(),
        lower.astype("<u4").tobytes(),
        steps.low6[lower].astype("<u8").tobytes(),
    ]
    header = {
        "format": FORMAT,
        "name": packed.name,
        "date": packed.date,
        "attribution": packed.attribution,
        "countries": list(packed.countries),
        "starts4": len(steps.starts4),
        "starts6": len(steps.high6),
        "lower6": len(lower),
    }
    content = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, write_content_size=True).compress(b"".join(parts))
    path.write_bytes(json.dumps(header).encode() + b"\n" + content)


def read_packed(path: Path) -> Packed:
    """Read a packed file.

    Raises:
        NetSleuthError: It is not there, or is not what it should be.
    """
    import zstandard

    try:
        line, _, content = path.read_bytes().partition(b"\n")
        planes = zstandard.ZstdDecompressor().decompress(content, max_output_size=MOST_BYTES)
        return _checked(json.loads(line), planes)
    except (OSError, ValueError, KeyError, TypeError, zstandard.ZstdError) as error:
        raise NetSleuthError(f"the places that come with the program cannot be read: {error}", where=str(path)) from None


def _checked(header: Mapping[str, Any], planes: bytes) -> Packed:
    """What header and planes say.

    Raises:
        ValueError, KeyError, TypeError: They do not fit.
    """
    if header["format"] != FORMAT:
        raise ValueError(f"the format is {header['format']}")
    steps = _unpacked(planes, *(int(header[name]) for name in ("starts4", "starts6", "lower6")))
    countries = tuple(str(code) for code in header["countries"])
    if max(int(steps.codes4.max()), int(steps.codes6.max())) >= len(countries):
        raise ValueError("a code has no country")
    return Packed(str(header["name"]), str(header["date"]), str(header["attribution"]), countries, steps)


def _unpacked(planes: bytes, starts4: int, starts6: int, lower6: int) -> Steps:
    """The steps in decompressed planes.

    Raises:
        ValueError: The lengths do not fit.
    """
    if min(starts4, starts6) < 1 or lower6 < 0 or len(planes) != 5 * starts4 + 9 * starts6 + 12 * lower6:
        raise ValueError("the lengths do not fit")
    at = 0

    def take(count: int, dtype: str) -> NDArray[np.generic]:
        nonlocal at
        taken = np.frombuffer(planes, dtype, count, at)
        at += taken.nbytes
        return taken

    first4 = _from_planes(take(4 * starts4, "u1").tobytes(), 4)
    codes4 = take(starts4, "u1").astype(np.int32) - 1
    first6 = _from_planes(take(8 * starts6, "u1").tobytes(), 8)
    codes6 = take(starts6, "u1").astype(np.int32) - 1
    low6 = np.zeros(starts6, np.uint64)
    lower = take(lower6, "<u4").astype(np.int64)
    if lower6 and int(lower.max()) >= starts6:
        raise ValueError("a lower half without an upper one")
    low6[lower] = take(lower6, "<u8")
    return Steps(np.cumsum(first4, dtype=np.uint32), codes4, np.cumsum(first6, dtype=np.uint64), low6, codes6)


def _planes(numbers: NDArray[np.unsignedinteger]) -> bytes:
    size = numbers.dtype.itemsize
    return np.ascontiguousarray(numbers.astype(f"<u{size}").view(np.uint8).reshape(-1, size).T).tobytes()


def _from_planes(planes: bytes, size: int) -> NDArray[np.unsignedinteger]:
    octets = np.frombuffer(planes, np.uint8).reshape(size, -1)
    return np.ascontiguousarray(octets.T).view(f"<u{size}").reshape(-1)
