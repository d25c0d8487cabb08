"""Values and their codes: every distinct value of all event logs gets a small dense number, so that a cell holds 4 bytes.

A table keeps values as bytes with a kind. The store keeps texts (UTF-8, all of one kind); a decoding thread keeps what it meets as it is in
the file, with the value type as kind, and such a table is emptied when its values have got their texts.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.octets import POSITION, Octets
from netsleuth_tui.jit import helper, inlined, kernel

__all__ = ["ABSENT", "EMPTY", "TAIL", "TextArrays", "TextTable", "enter", "le64"]

ABSENT = 0
"""Code of a value that is not there."""

EMPTY = 1
"""Code of the value that is there and has no bytes."""

TAIL = 8
"""Bytes that must be readable behind every value: values are read eight bytes at a time."""

CODE_BITS = 32
CODE_MASK = (1 << CODE_BITS) - 1
MASK = (1 << 63) - 1
KEY_SHIFT = 32
FIRST_CODES = 1 << 10
FIRST_BYTES = 1 << 16
NO_CODE = -1


class TextArrays(NamedTuple):
    """What kernels see of a `TextTable`."""

    slots: NDArray[np.int64]
    """Open addressing; 0 is free, otherwise 31 bits of the hash above the code."""
    starts: NDArray[np.int64]
    """By code: where its bytes begin in `data`; one more entry says where the last end."""
    kinds: NDArray[np.uint8]
    """By code."""
    data: NDArray[np.uint8]
    seed: NDArray[np.int64]
    """Three secret odd numbers of 63 bits."""
    given: NDArray[np.int64]
    """One element: codes given so far, the two fixed ones included."""


@helper
def le64(data: Octets, at: int) -> int:
    """Return the 64-bit number at `at`, least significant byte first; compiled code gives it as a signed one."""
    at &= POSITION
    return (
        (int(data[at]) & 0xFF)
        | (int(data[at + 1]) & 0xFF) << 8
        | (int(data[at + 2]) & 0xFF) << 16
        | (int(data[at + 3]) & 0xFF) << 24
        | (int(data[at + 4]) & 0xFF) << 32
        | (int(data[at + 5]) & 0xFF) << 40
        | (int(data[at + 6]) & 0xFF) << 48
        | (int(data[at + 7]) & 0xFF) << 56
    )


@inlined
def hash_of(seed: NDArray[np.int64], data: Octets, at: int, length: int, kind: int) -> int:
    """Hash `length` bytes at `at` and their kind to 63 bits. Whoever does not know the seed cannot choose values that collide."""
    a, b = int(seed[0]), int(seed[1])
    h = (a + length * 256 + kind) & MASK
    g = b
    whole = length >> 3
    for i in range(whole >> 1):
        h = ((h ^ le64(data, at + 16 * i)) * a) & MASK
        g = ((g ^ le64(data, at + 16 * i + 8)) * b) & MASK
        h ^= h >> 31
        g ^= g >> 29
    if whole & 1:
        h = ((h ^ le64(data, at + 8 * whole - 8)) * a) & MASK
        h ^= h >> 31
    if length & 7:
        g = ((g ^ (le64(data, at + 8 * whole) & ((1 << 8 * (length & 7)) - 1))) * b) & MASK
        g ^= g >> 29
    h = ((h ^ (g >> 7) ^ g) * int(seed[2])) & MASK
    return h ^ (h >> 32)


@inlined
def same(one: Octets, at: int, other: Octets, there: int, length: int) -> bool:
    """Return whether `length` bytes are equal."""
    whole = length >> 3
    for i in range(whole):
        if le64(one, at + 8 * i) != le64(other, there + 8 * i):
            return False
    rest = length & 7
    return rest == 0 or (le64(one, at + 8 * whole) ^ le64(other, there + 8 * whole)) & ((1 << 8 * rest) - 1) == 0


@inlined
def enter(texts: TextArrays, held: NDArray[np.uint8], data: Octets, at: int, length: int, kind: int, add: bool) -> int:
    """Return the code of `length` bytes of `data` at `at`, a new one for a value never seen (or -1, unless `add`).

    The caller has reserved room. `held` is `texts.data`, handed over once more for the sake of plain Python.
    """
    if length == 0:
        return 1
    slots, starts = texts.slots, texts.starts
    mask = slots.shape[0] - 1
    h = hash_of(texts.seed, data, at, length, kind)
    key = h >> KEY_SHIFT
    slot = h & mask
    for _ in range(mask + 1):
        entry = int(slots[slot])
        if entry == 0:
            break
        if entry >> CODE_BITS == key:
            code = entry & CODE_MASK
            start = int(starts[code])
            if int(starts[code + 1]) - start == length and int(texts.kinds[code]) == kind and same(held, start, data, at, length):
                return code
        slot = (slot + 1) & mask
    if not add:
        return -1
    code = int(texts.given[0])
    start = int(starts[code])
    slots[slot] = key << CODE_BITS | code
    texts.kinds[code] = kind
    for i in range(length):
        held[(start + i) & POSITION] = data[(at + i) & POSITION]
    starts[code + 1] = start + length
    texts.given[0] = code + 1
    return code


@kernel()
def _enter_many(
    texts: TextArrays, held: NDArray[np.uint8], data: NDArray[np.uint8], starts: NDArray[np.int64], add: int, codes: NDArray[np.int64]
) -> None:
    """Write the codes of the values between neighbouring `starts` of `data`."""
    for i in range(codes.shape[0]):
        codes[i] = enter(texts, held, data, int(starts[i]), int(starts[i + 1]) - int(starts[i]), 0, add != 0)


@kernel()
def _place_again(texts: TextArrays, held: NDArray[np.uint8]) -> None:
    """Fill an empty table of slots with all codes that were given."""
    mask = texts.slots.shape[0] - 1
    for code in range(2, int(texts.given[0])):
        start = int(texts.starts[code])
        h = hash_of(texts.seed, held, start, int(texts.starts[code + 1]) - start, int(texts.kinds[code]))
        slot = h & mask
        for _ in range(mask + 1):
            if texts.slots[slot] == 0:
                break
            slot = (slot + 1) & mask
        texts.slots[slot] = h >> KEY_SHIFT << CODE_BITS | code


class TextTable:
    """Values by code and codes by value. One thread adds; others may read what was given before they asked."""

    def __init__(self) -> None:
        self._seed = np.array([secrets.randbits(62) << 1 | 1 for _ in range(3)], np.int64)
        self.arrays = _empty(FIRST_CODES, FIRST_BYTES, self._seed)

    @property
    def count(self) -> int:
        """Codes given, the two fixed ones included."""
        return int(self.arrays.given[0])

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return int(self.arrays.starts[self.count])

    @property
    def memory(self) -> int:
        """Memory that the table takes."""
        return sum(array.nbytes for array in self.arrays)

    def reserve(self, codes: int, size: int) -> None:
        """Make room for `codes` more values of `size` bytes in all; kernels cannot grow the table while they run.

        Raises:
            OverflowError: More than 2**31 values.
        """
        arrays, count, held = self.arrays, self.count, self.size
        if count + codes >= 1 << 31:
            raise OverflowError(f"{count + codes} values do not fit a table of {1 << 31}")
        if count + codes >= len(arrays.kinds):
            capacity = len(arrays.kinds)
            while capacity <= count + codes:
                capacity *= 2
            starts, kinds = np.zeros(capacity + 1, np.int64), np.zeros(capacity, np.uint8)
            starts[: count + 1] = arrays.starts[: count + 1]
            kinds[:count] = arrays.kinds[:count]
            arrays = arrays._replace(slots=np.zeros(2 * capacity, np.int64), starts=starts, kinds=kinds)
            _place_again(arrays, arrays.data)
        if held + size + TAIL > len(arrays.data):
            data = np.zeros(max(held + size + TAIL, len(arrays.data) + len(arrays.data) // 2), np.uint8)
            data[:held] = arrays.data[:held]
            arrays = arrays._replace(data=data)
        self.arrays = arrays

    def clear(self) -> None:
        """Forget all values but the two fixed ones, and keep the room; nobody may be reading."""
        self.arrays.slots[:] = 0
        self.arrays.given[0] = 2

    def add(self, values: Sequence[bytes]) -> NDArray[np.int64]:
        """Codes of values of kind 0, new ones where they are new."""
        data, starts = _joined(values)
        self.reserve(len(values), len(data))
        codes = np.zeros(len(values), np.int64)
        _enter_many(self.arrays, self.arrays.data, data, starts, 1, codes)
        return codes

    def find(self, value: bytes) -> int | None:
        """The code of a value of kind 0, None where it is not there."""
        data, starts = _joined([value])
        codes = np.zeros(1, np.int64)
        _enter_many(self.arrays, self.arrays.data, data, starts, 0, codes)
        return None if int(codes[0]) == NO_CODE else int(codes[0])

    def value(self, code: int) -> bytes:
        """The bytes of a code."""
        arrays = self.arrays
        return arrays.data[int(arrays.starts[code]) : int(arrays.starts[code + 1])].tobytes()


def _joined(values: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    starts = np.zeros(len(values) + 1, np.int64)
    np.cumsum([len(value) for value in values], out=starts[1:])
    return np.frombuffer(bytearray(b"".join(values) + bytes(TAIL)), np.uint8), starts


def _empty(codes: int, size: int, seed: NDArray[np.int64]) -> TextArrays:
    arrays = TextArrays(
        slots=np.zeros(2 * codes, np.int64),
        starts=np.zeros(codes + 1, np.int64),
        kinds=np.zeros(codes, np.uint8),
        data=np.zeros(size, np.uint8),
        seed=seed,
        given=np.zeros(1, np.int64),
    )
    arrays.given[0] = 2
    return arrays
