"""Fields that follow from other packets than the one that has them, for filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["judged_values"]


def judged_values(store: Store, name: str) -> NDArray[np.integer]:
    """Values of a field by row id, 0 where it is absent.

    Args:
        store: What was loaded.
        name: Column of one of `query.JUDGED`.
    """
    if name.startswith("esp_"):
        from netsleuth_tui.analysis.esp_fields import esp_values

        return esp_values(store, name)
    if name.startswith("tcp_"):
        from netsleuth_tui.analysis.tcp import tcp_values

        return tcp_values(store, name)
    from netsleuth_tui.analysis.copies import copy_values

    return copy_values(store, name)
