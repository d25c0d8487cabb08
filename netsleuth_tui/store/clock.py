"""Times that are put right, because the clock that they come from was off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME

__all__ = ["put_right"]

_LAST = 2**63 - 1


def put_right(times: NDArray[np.int64], offset: int) -> None:
    """Add an offset to times in place; those that would not fit any more become `NO_TIME`, as those are that there are not."""
    if not offset:
        return
    there = times != NO_TIME
    there &= (times <= _LAST - offset) if offset > 0 else (times > NO_TIME - offset)
    np.add(times, offset, out=times, where=there)
    times[~there] = NO_TIME
