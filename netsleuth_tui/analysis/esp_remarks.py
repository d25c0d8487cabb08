"""What has to be said beside the numbers of security associations: what was not counted, and where the capture itself lost packets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from netsleuth_tui.analysis.esp import WINDOWS, Associations
from netsleuth_tui.analysis.esp_order import Judged
from netsleuth_tui.analysis.esp_packets import Numbers, Other
from netsleuth_tui.analysis.intervals import SECOND
from netsleuth_tui.analysis.tcp import Mark, rows_marked
from netsleuth_tui.analysis.times import iso
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.wording import agree, counted, several

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["Evidence", "Remark", "gaps_in_all", "losses_of_capture", "remarks", "verdict", "with_spi"]

RESERVED = 255
"""SPIs up to this are reserved (RFC 4303 section 2.1)."""
ACTIVE = 10
"""An association with fewer packets in a second says nothing about that second."""
LEAST = 3
"""So many associations must have a loss at once."""
OTHERS = {
    Other.SHORT: "ESP packets were cut off before their sequence number",
    Other.FRAGMENT: "fragments of ESP packets are without their header",
    Other.FRAGMENT_V6: "fragments of ESP packets over IPv6 are without their header",
    Other.IKE: "packets to UDP port 4500 are key exchange (IKE), not ESP",
    Other.KEEPALIVE: "packets to UDP port 4500 are keepalives, not ESP",
}


class Remark(NamedTuple):
    """A sentence, and the filter for the packets that it is about; empty where it is about none."""

    text: str
    filter: str = ""


class Evidence(NamedTuple):
    """Seconds since the epoch in which associations of a scope have losses that the capture itself may have made; ascending."""

    lossy: Numbers
    """All seconds with losses."""
    together: Numbers
    """Of these, those in which all associations have gaps at once."""
    unseen: Numbers
    """Of these, those in which TCP acknowledges segments that were never captured."""


_TOGETHER: WeakKeyDictionary[Judged, Numbers] = WeakKeyDictionary()


def remarks(store: Store, found: Associations, evidence: Evidence | None = None) -> Iterator[Remark]:
    """Sentences about the associations of a scope.

    Args:
        store: What was loaded.
        found: Its associations.
        evidence: Where the capture may have lost packets; found out where it is not given.
    """
    for other, count in found.others.items():
        yield Remark(f"{count} {OTHERS[other]}: in no association", f"esp.aside == {other + 1}")
    reserved = found.numbers("spi") <= RESERVED
    if reserved.any():
        number = int(reserved.sum())
        have = "1 association has" if number == 1 else f"{number} associations have"
        yield Remark(f"{have} an SPI below 256, which is reserved: keyed by hand, or not ESP at all", f"esp.spi <= {RESERVED}")
    for name, what, where in (
        ("outliers", "with a sequence number far from all others", "esp.outlier"),
        ("zeros", "with the sequence number 0, which is never sent", "esp.sequence == 0"),
    ):
        count = int(found.numbers(name).sum())
        if count:
            yield Remark(f"{count} ESP {agree(count, 'packet')} {what}: in no order, and not counted as a loss", where)
    if found.numbers("lost").any():
        yield from _of_the_capture(store, evidence or losses_of_capture(store, found))


def _of_the_capture(store: Store, evidence: Evidence) -> Iterator[Remark]:
    for source in store.sources:
        if source.drops:
            lost = several(source.drops, "packet")
            yield Remark(f"{source.name}: the capturing host lost {lost}; losses here may be its own, not the network's")
    all_of_them = len(evidence.lossy)
    for seconds, what in (
        (evidence.together, "all associations have gaps at once: perhaps the capture lost them"),
        (evidence.unseen, "TCP acknowledges segments that were never captured, too: perhaps the capture lost them"),
    ):
        if len(seconds):
            begin = int(seconds[0]) * SECOND
            first, end = iso(begin), iso(begin + SECOND)
            text = f"in {len(seconds)} of {several(all_of_them, 'second')} with losses, the first at {first}, {what}"
            yield Remark(text, f'esp.gap && frame.time >= "{first}" && frame.time < "{end}"')


def losses_of_capture(store: Store, found: Associations, cancelled: Callable[[], bool] = lambda: False) -> Evidence:
    """Where losses of a scope may be those of the capture, not the network's.

    Args:
        store: What was loaded.
        found: Its associations.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    judged, time = found.judged, store.columns().time
    at = judged.run_at[found.chosen[judged.run_at]]
    times = time[judged.members.rows[at]]
    lossy = np.unique(times[times != NO_TIME] // SECOND)
    if not len(lossy):
        return Evidence(lossy, lossy, lossy)
    if judged not in _TOGETHER:
        _TOGETHER[judged] = gaps_in_all(store, judged)
    times = time[rows_marked(store, Mark.ACK_LOST, cancelled)]
    return Evidence(lossy, np.intersect1d(lossy, _TOGETHER[judged]), np.intersect1d(lossy, times[times != NO_TIME] // SECOND))


def gaps_in_all(store: Store, judged: Judged) -> Numbers:
    """Seconds since the epoch in which every association with at least 10 packets has a loss, and there are at least 3 of them.

    The network rarely loses packets of every tunnel in both directions in the same second; a capturing host that cannot keep up does.
    """
    members, time = judged.members, store.columns().time
    at = judged.run_at[time[members.rows[judged.run_at]] != NO_TIME]
    lossy = time[members.rows[at]] // SECOND
    seconds = np.unique(lossy)
    if not len(seconds) or len(members) < LEAST:
        return seconds[:0]
    all_seconds = time[members.rows] // SECOND
    near = np.flatnonzero(np.isin(all_seconds, seconds))
    pairs, packets = np.unique(members.association(near) * len(seconds) + np.searchsorted(seconds, all_seconds[near]), return_counts=True)
    with_gap = np.unique(members.association(at) * len(seconds) + np.searchsorted(seconds, lossy))
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
    return f"a peer with a window of {window} would have dropped {counted(dropped, 'packet')}; {enough} would be enough"
