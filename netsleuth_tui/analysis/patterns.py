"""Rows by what is present in them: few combinations of bits occur, so that one pass over the rows answers for any bits later."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.jit import kernel

__all__ = ["TIMED", "Patterns", "patterns"]

Ids = NDArray[np.uint32]
Codes = NDArray[np.uint8]

TIMED = 1 << 62
"""Beside the bits of `Has`: the row has a time."""
MOST = 255
"""Combinations that are told apart; captures have some ten."""
BLOCK = 1 << 18
"""Rows between two looks at whether anybody still wants the answer."""


def _number_numpy(
    ids: Ids, use_ids: bool, first: int, last: int, present: NDArray[np.uint64], time: NDArray[np.int64], known: NDArray[np.int64],
    codes: Codes,
) -> tuple[int]:  # fmt: skip
    """What the kernel does, in NumPy: for the time before it is compiled."""
    at = ids[first:last] if use_ids else slice(first, last)
    bits, of = np.unique(present[at].astype(np.int64) | np.where(time[at] != NO_TIME, TIMED, 0), return_inverse=True)
    numbers = []
    for pattern in bits.tolist():
        found = np.flatnonzero(known[1 : 1 + known[0]] == pattern)
        if not len(found):
            if known[0] >= MOST:
                return (-1,)
            known[0] += 1
            known[known[0]] = pattern
        numbers.append(int(found[0]) if len(found) else int(known[0]) - 1)
    codes[: last - first] = np.array(numbers, np.uint8)[of]
    return (0,)


@kernel(plain=_number_numpy)
def number_patterns(
    ids: Ids, use_ids: bool, first: int, last: int, present: NDArray[np.uint64], time: NDArray[np.int64], known: NDArray[np.int64],
    codes: Codes,
) -> tuple[int]:  # fmt: skip
    """Give each row the number of its combination of bits.

    Args:
        ids: Row ids.
        use_ids: Whether to look at these, or at the rows themselves.
        first: The first index into them, or row.
        last: After the last one.
        present: The column.
        time: The column.
        known: (`MOST` + 1,): how many combinations there are so far, then these.
        codes: (last - first,): the number of each row's combination, from 0.

    Returns:
        0, or -1 where there are more combinations than `MOST`.
    """
    before, code = np.int64(-1), 0
    for j in range(first, last):
        i = np.int64(ids[j]) if use_ids else np.int64(j)
        bits = np.int64(present[i])
        if time[i] != NO_TIME:
            bits |= TIMED
        if bits != before:
            count, code = np.int64(known[0]), 0
            while code < count and known[code + 1] != bits:
                code += 1
            if code == count:
                if count >= MOST:
                    return (-1,)
                known[0] = count + 1
                known[count + 1] = bits
            before = bits
        codes[j - first] = code
    return (0,)


class Patterns:
    """The combinations of bits of some rows.

    Args:
        bits: Each combination, with `TIMED`.
        codes: The number of each row's combination.
    """

    def __init__(self, bits: NDArray[np.int64], codes: Codes) -> None:
        self.bits, self._codes = bits, codes
        self.counts = np.bincount(codes, minlength=len(bits))
        """Rows of each combination."""

    def having(self, bits: int) -> NDArray[np.intp] | None:
        """Ascending places of the rows that have all of these bits; None for all of them."""
        fit = self.bits & bits == bits
        count = int(self.counts[fit].sum())
        if count == len(self._codes):
            return None
        if not count:
            return np.empty(0, np.intp)
        chosen = np.zeros(MOST + 1, np.bool_)
        chosen[: len(fit)] = fit
        return np.flatnonzero(chosen[self._codes])


def patterns(
    ids: Ids | None, first: int, last: int, present: NDArray[np.uint64], time: NDArray[np.int64], check: Callable[[], None]
) -> Patterns | None:
    """The combinations of bits of some rows; None where there are too many of them.

    Args:
        ids: Row ids, or None for the rows themselves.
        first: The first index into them, or row.
        last: After the last one.
        present: The column.
        time: The column.
        check: Called from time to time; may raise, to end the work.
    """
    known, codes = np.zeros(MOST + 1, np.int64), np.empty(last - first, np.uint8)
    some = np.empty(0, np.uint32) if ids is None else ids
    for at in range(first, last, BLOCK):
        check()
        end = min(at + BLOCK, last)
        (failed,) = number_patterns(some, ids is not None, at, end, present, time, known, codes[at - first : end - first])
        if failed:
            return None
    return Patterns(known[1 : 1 + int(known[0])], codes)
