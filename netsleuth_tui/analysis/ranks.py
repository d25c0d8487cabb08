"""Which of many counted values come first, and the order of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import Hosts

__all__ = ["label_ranks", "most_frequent"]

Numbers = NDArray[Any]


def most_frequent(counts: NDArray[np.int64], most: int, hosts: Hosts | None = None, ids: Numbers | None = None) -> NDArray[np.intp]:
    """Places of the greatest counts, the greatest first; of equal ones the first, hosts by address.

    Ids of hosts depend on which thread met an address first: what is shown must not.

    Args:
        counts: Of distinct values.
        most: So many places at most.
        hosts: The table of hosts, where the values are host ids.
        ids: These values.
    """
    if hosts is None or ids is None:
        at = _candidates(counts, most)
        return at[np.argsort(-counts[at], kind="stable")][:most]
    at = _candidates(counts, most)
    if len(at) > most:  # the last places belong to some of many equal ones: those with the lowest addresses
        tied = at[counts[at] == counts[at].min()]
        four = tied[hosts.version[ids[tied]] == 4]
        room = most - (len(at) - len(tied))
        if 0 < room < len(four):
            chosen = four[np.argpartition(hosts.lo[ids[four]], room - 1)[:room]]
            at = np.concatenate((at[counts[at] > counts[at].min()], chosen))
    of = ids[at]
    return at[np.lexsort((hosts.lo[of], hosts.hi[of], hosts.version[of], -counts[at]))][:most]


def _candidates(counts: NDArray[np.int64], most: int) -> NDArray[np.intp]:
    """Places of counts that are not below the one that comes last among `most`."""
    if len(counts) <= most:
        return np.arange(len(counts))
    least = np.partition(counts, len(counts) - most)[len(counts) - most] if most else counts.max() + 1
    return np.flatnonzero(counts >= least)


def label_ranks(labels: list[str]) -> NDArray[np.int64]:
    """For each label its rank by the alphabet; equal ones share a rank."""
    ranks = {label: rank for rank, label in enumerate(sorted({label.lower() for label in labels}))}
    return np.array([ranks[label.lower()] for label in labels], np.int64)
