"""Times that are put right, because the clock that they come from was off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME

__all__ = ["fits", "moved", "put_right"]

_LAST = 2**63 - 1


def put_right(times: NDArray[np.int64], offset: int) -> None:
    """Add an offset to times in place; those that would not fit any more become `NO_TIME`, as those are that there are not."""
    if not offset:
        return
    there = times != NO_TIME
    there &= (times <= _LAST - offset) if offset > 0 else (times > NO_TIME - offset)
    np.add(times, offset, out=times, where=there)
    times[~there] = NO_TIME


def moved(times: NDArray[np.int64], where: NDArray[np.bool_], offset: int) -> NDArray[np.int64]:
    """Times of which some are put right: a copy.

    Args:
        times: Those of rows that are not written yet included.
        where: Which of the first ones are meant.
        offset: ns; all times have to fit (`fits`).
    """
    found = times.copy()
    chosen = np.zeros(len(times), np.bool_)
    chosen[: len(where)] = where & (times[: len(where)] != NO_TIME)
    np.add(found, offset, out=found, where=chosen)
    return found


def fits(first: int | None, last: int | None, offset: int) -> bool:
    """Whether all times between two can be moved by an offset, and back again: nothing leaves the years 1678 to 2261."""
    return all(-_LAST < time + offset < _LAST for time in (first, last) if time is not None)
