"""What has to be said beside the numbers of security associations: what was not counted, and where the capture itself lost packets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.analysis.esp import WINDOWS, Associations
from netsleuth_tui.analysis.esp_packets import Numbers, Other
from netsleuth_tui.analysis.intervals import SECOND
from netsleuth_tui.analysis.times import iso
from netsleuth_tui.decode.columns import NO_TIME

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["gaps_in_all", "remarks", "verdict", "with_spi"]

RESERVED = 255
"""SPIs up to this are reserved (RFC 4303 section 2.1)."""
ACTIVE = 10
"""An association with fewer packets in a second says nothing about that second."""
LEAST = 3
"""So many associations must have a loss at once."""
OTHERS = {
    Other.SHORT: "ESP packets were cut off before their sequence number",
    Other.FRAGMENT: "fragments of ESP packets are without their header",
    Other.IKE: "packets to UDP port 4500 are key exchange (IKE), not ESP",
    Other.KEEPALIVE: "packets to UDP port 4500 are keepalives, not ESP",
}


def remarks(store: Store, found: Associations) -> Iterator[str]:
    """Sentences about the associations of a scope.

    Args:
        store: What was loaded.
        found: Its associations.
    """
    for other, count in found.others.items():
        yield f"{count} {OTHERS[other]}: in no association"
    reserved = found.numbers("spi") <= RESERVED
    if reserved.any():
        yield f"{int(reserved.sum())} associations have an SPI below 256, which is reserved: keyed by hand, or not ESP at all"
    for name, what in (
        ("outliers", "have a sequence number far from all others"),
        ("zeros", "have the sequence number 0, which is never sent"),
    ):
        count = int(found.numbers(name).sum())
        if count:
            yield f"{count} ESP packets {what}: in no order, and not counted as a loss"
    if not found.numbers("lost").any():
        return
    for source in store.sources:
        if source.drops:
            yield f"{source.name}: the capturing host lost {source.drops} packets; losses here may be its own, not the network's"
    together = gaps_in_all(store, found)
    if len(together):
        first = iso(int(together[0]) * SECOND)
        yield f"in {len(together)} seconds, the first at {first}, all associations have gaps at once: perhaps the capture lost them"


def gaps_in_all(store: Store, found: Associations) -> Numbers:
    """Seconds since the epoch in which every association with at least 10 packets has a loss, and there are at least 3 of them.

    The network rarely loses packets of every tunnel in both directions in the same second; a capturing host that cannot keep up does.
    """
    judged = found.judged
    members, time = judged.members, store.columns().time
    at = judged.run_at[found.chosen[judged.run_at]]
    lossy = time[members.rows[at]] // SECOND
    seconds = np.unique(lossy[time[members.rows[at]] != NO_TIME])
    if not len(seconds) or len(members) < LEAST:
        return seconds[:0]
    all_seconds = time[members.rows] // SECOND
    near = np.flatnonzero(np.isin(all_seconds, seconds))
    pairs, packets = np.unique(members.association(near) * len(seconds) + np.searchsorted(seconds, all_seconds[near]), return_counts=True)
    with_gap = np.unique(members.association(at) * len(seconds) + np.minimum(np.searchsorted(seconds, lossy), len(seconds) - 1))
    active = pairs[packets >= ACTIVE]
    count = np.bincount(active % len(seconds), minlength=len(seconds))
    gaps = np.bincount(active[np.isin(active, with_gap)] % len(seconds), minlength=len(seconds))
    together: Numbers = seconds[(count >= LEAST) & (gaps == count)]
    return together


def with_spi(found: Associations, wanted: Iterable[int]) -> Numbers:
    """Places of the associations with one of these SPIs."""
    return np.flatnonzero(np.isin(found.numbers("spi"), list(wanted)))


def verdict(drops: dict[int, int], safe_window: int, window: int = 64) -> str:
    """What the replay table means, in a sentence.

    Args:
        drops: Late packets that a receiver drops, by its window.
        safe_window: The smallest window that drops none.
        window: The receiver's.
    """
    dropped = drops[window]
    if not dropped:
        return f"a peer with a window of {window} drops none of these packets"
    enough = next((size for size in WINDOWS if size >= safe_window), safe_window)
    packets = "1 packet" if dropped == 1 else f"{dropped:,} packets".replace(",", " ")
    return f"a peer with a window of {window} would have dropped {packets}; {enough} would be enough"
