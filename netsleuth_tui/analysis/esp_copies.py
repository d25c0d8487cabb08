"""ESP packets that were seen before: captured twice, another copy on the wire, or sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Columns, Has

if TYPE_CHECKING:
    from netsleuth_tui.analysis.esp_order import Judged

__all__ = ["duplicate_kinds"]

COPY_WITHIN = 1_000_000
"""ns: an identical packet that comes so soon after the first was captured twice, not sent twice."""


def duplicate_kinds(found: Judged, columns: Columns) -> NDArray[np.uint8]:
    """What each duplicate is: 1 captured twice (the same IP packet within 1 ms), 2 seen again with another TTL, 3 anything else."""
    rows = found.members.rows
    copy, original = rows[found.duplicates], rows[found.duplicate_of]
    other_ttl = columns.ttl[copy] != columns.ttl[original]
    same = (columns.ip_id[copy] == columns.ip_id[original]) & (columns.len[copy] == columns.len[original])
    same &= (columns.present[copy] & np.uint64(Has.IP_ID) != 0) & (columns.time[copy] - columns.time[original] <= COPY_WITHIN)
    return np.where(other_ttl, 2, np.where(same, 1, 3)).astype(np.uint8)
