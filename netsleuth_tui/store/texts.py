"""The texts of all event logs by code: one code for each distinct text."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.octets import POSITION, Octets
from netsleuth_tui.decode.texts import TextTable
from netsleuth_tui.jit import helper, kernel

__all__ = ["Texts"]

LONGEST_NUMBER = 20
LIMIT = 1 << 63


class Texts:
    """Distinct texts; code 0 is 'absent', code 1 the empty text.

    Texts are kept as UTF-8. Text from a log may hold anything, unpaired surrogates and control characters included.
    """

    def __init__(self) -> None:
        self.table = TextTable()
        self._numbers = np.zeros(0, np.int64)
        self._is_number = np.zeros(0, np.bool_)

    @property
    def count(self) -> int:
        """Codes given so far; codes are below it."""
        return self.table.count

    def text(self, code: int) -> str:
        """The text of a code; absent is the empty text."""
        return _decoded(self.table.value(int(code)))

    def many(self, codes: Iterable[int] | NDArray[np.generic]) -> list[str]:
        """The texts of codes, in order."""
        arrays = self.table.arrays
        wanted = np.asarray(codes if isinstance(codes, np.ndarray) else list(codes), np.int64)
        starts, ends = arrays.starts[wanted].tolist(), arrays.starts[wanted + 1].tolist()
        data = arrays.data.data
        return [_decoded(data[start:end].tobytes()) for start, end in zip(starts, ends, strict=True)]

    def code(self, text: str) -> int | None:
        """The code of a text, None where no event has it."""
        return self.table.find(_encoded(text))

    def add(self, texts: Iterable[str | None]) -> NDArray[np.int64]:
        """Codes of texts, new ones where they are new, 0 for None."""
        listed = list(texts)
        codes = self.table.add([_encoded(text or "") for text in listed])
        codes[[text is None for text in listed]] = 0
        return codes

    def number(self, codes: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Numbers of codes, and which of them are numbers: decimal with or without a sign, or hexadecimal after 0x.

        A number that needs more than 63 bits is none; its text can still be compared.
        """
        known, count = len(self._numbers), self.count
        if known < count:
            arrays = self.table.arrays
            numbers, kinds = np.zeros(count, np.int64), np.zeros(count, np.uint8)
            numbers[:known], kinds[:known] = self._numbers, self._is_number
            _read_numbers(arrays.data, arrays.starts, known, numbers, kinds)
            self._numbers, self._is_number = numbers, kinds.view(np.bool_)
        wanted = np.asarray(codes, np.int64)
        return self._numbers[wanted], self._is_number[wanted]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(value: bytes) -> str:
    return value.decode("utf-8", "surrogatepass")


@helper
def digit_of(octet: int) -> int:
    """Return the value of a hexadecimal digit, 99 for another character."""
    if 48 <= octet <= 57:
        return octet - 48
    octet |= 32
    return octet - 87 if 97 <= octet <= 102 else 99


@helper
def number_at(data: Octets, start: int, end: int) -> tuple[int, bool]:
    """Return the number that a text is, and whether it is one."""
    negative = end - start > 1 and int(data[start & POSITION]) == 45
    if negative:
        start += 1
    base = 10
    if end - start > 2 and int(data[start & POSITION]) == 48 and int(data[(start + 1) & POSITION]) | 32 == 120 and not negative:
        base = 16
        start += 2
    if not 0 < end - start <= LONGEST_NUMBER:
        return 0, False
    number = 0
    for at in range(start, end):
        digit = digit_of(int(data[at & POSITION]) & 0xFF)
        if digit >= base or number > (9223372036854775807 - digit) // base:
            return 0, False
        number = number * base + digit
    return (-number if negative else number), True


@kernel()
def _read_numbers(
    data: NDArray[np.uint8], starts: NDArray[np.int64], first: int, numbers: NDArray[np.int64], is_number: NDArray[np.uint8]
) -> None:
    """Write the numbers of the codes from `first` on."""
    for code in range(first, numbers.shape[0]):
        number, known = number_at(data, int(starts[code]), int(starts[code + 1]))
        numbers[code] = number
        is_number[code] = 1 if known else 0
