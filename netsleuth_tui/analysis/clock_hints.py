"""Clocks that seem to be off: offsets that would bring sources together, each with its evidence. Nothing is applied.

Two kinds of evidence are looked for. A logon (Security 4624, 4625) names the address and port that it came from; where a capture has the
SYN of that very connection, both tell of the same moment. And spans of time that do not meet, but would if one clock were off by whole
quarters of an hour: a time zone, or summer time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_values import named_field
from netsleuth_tui.decode.columns import NO_TIME, Has

if TYPE_CHECKING:
    from netsleuth_tui.store import Source, Store

__all__ = ["ClockHint", "clock_hints"]

SECOND = 1_000_000_000
QUARTER, HOUR = 900 * SECOND, 3600 * SECOND
LOGONS = (4624, 4625)
MOST_LOGONS = 100_000
"""Logons that are looked at."""
TOGETHER = 5 * SECOND
"""A logon is logged within so long after its SYN: pairs whose distances lie so close together speak for the same offset."""
WORTH = 10 * SECOND
"""Clocks that differ by less are not spoken of."""
FARTHEST = 14 * HOUR
"""No two time zones are farther apart, but for summer time and the date line."""
OVERLAP = 0.5
"""Share of the shorter span that has to lie within the other one once the clock is put right."""
MOST_SOURCES = 64
"""Sources that are compared with each other."""
SYN, SYN_ACK = 0x02, 0x12


@dataclass(frozen=True, slots=True)
class ClockHint:
    """An offset for a source, and why."""

    source: int
    """Its number."""
    offset: int
    """ns that would have to be added to the times that its file has."""
    evidence: str
    """In a sentence; names of files in it are raw."""


def clock_hints(store: Store) -> tuple[ClockHint, ...]:
    """Offsets that seem to be due, at most one for each source; none for sources whose offset the user set.

    Args:
        store: What was loaded; the times are those that are seen now.
    """
    found = {hint.source: hint for hint in (*_by_spans(store), *_by_logons(store))}
    return tuple(found[source] for source in sorted(found) if not store.sources[source].shift)


# The same logon on the wire and in the log


def _by_logons(store: Store) -> list[ClockHint]:
    keys, logged, logs = _logons(store)
    if not len(keys):
        return []
    wire_keys, times, files = _opened(store, np.unique(keys))
    hints = []
    for log in np.unique(logs).tolist():
        chosen = logs == log
        pairs = _pairs(keys[chosen], logged[chosen], wire_keys, times, files)
        if len(pairs):
            hints += _agreed(store, int(log), pairs)
    return hints


def _logons(store: Store) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint16]]:
    """Of logons with address and port: host id and port as one number, time, source; the last ones of a log that has very many."""
    none = np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.uint16)
    if not store.events.rows or not store.packets:
        return none
    columns = store.events.view()
    rows = np.flatnonzero(np.isin(columns.event_id, LOGONS) & (columns.time != NO_TIME))[-MOST_LOGONS:]
    addresses, ports = (store.event_values.coded(named_field(name).event) for name in ("IpAddress", "IpPort"))  # type: ignore[arg-type]
    rows = rows[rows < min(len(addresses.codes), len(ports.codes))]
    rows = rows[(addresses.codes[rows] != 0) & (ports.codes[rows] != 0)]
    if not len(rows):
        return none
    distinct, inverse = np.unique(addresses.codes[rows], return_inverse=True)
    hosts = np.array([_host(store, text) for text in addresses.texts.many(distinct)], np.int64)[inverse]
    port, is_number = ports.texts.number(ports.codes[rows])
    there = (hosts >= 0) & is_number & (port > 0) & (port < 1 << 16)
    keys = hosts[there].astype(np.uint64) << np.uint64(16) | port[there].astype(np.uint64)
    return keys, columns.time[rows[there]], columns.source[rows[there]]


def _host(store: Store, text: str) -> int:
    """The host id of an address; -1 where no packet has it."""
    import ipaddress

    try:
        address = ipaddress.ip_address(text.strip().rsplit("%", 1)[0])
    except ValueError:
        return -1
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped if mapped is not None else address
    number, known = int(address), store.hosts.known()
    same = (known.version == address.version) & (known.lo == np.uint64(number & (1 << 64) - 1)) & (known.hi == np.uint64(number >> 64))
    found = np.flatnonzero(same)
    return int(found[0]) if len(found) else -1


def _opened(store: Store, wanted: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint16]]:
    """Of SYNs from these addresses and ports: address and port as one number, time, source; in the order of the numbers."""
    columns = store.columns()
    has = np.uint64(Has.TCP_FLAGS | Has.ADDRESSES | Has.SRC_PORT)
    rows = np.flatnonzero((columns.tcp_flags & SYN_ACK == SYN) & (columns.present & has == has) & (columns.time != NO_TIME))
    keys = columns.src[rows].astype(np.uint64) << np.uint64(16) | columns.src_port[rows].astype(np.uint64)
    chosen = np.isin(keys, wanted)
    rows, keys = rows[chosen], keys[chosen]
    order = np.argsort(keys, kind="stable")
    return keys[order], columns.time[rows][order], columns.source[rows][order]


def _pairs(
    keys: NDArray[np.uint64], logged: NDArray[np.int64], wire: NDArray[np.uint64], times: NDArray[np.int64], files: NDArray[np.uint16]
) -> NDArray[np.int64]:
    """Distances from logon to SYN (ns), and sources of the SYNs, (pairs, 2); only of address and port that one connection used."""
    first, last = np.searchsorted(wire, keys, "left"), np.searchsorted(wire, keys, "right")
    _, inverse, uses = np.unique(keys, return_inverse=True, return_counts=True)
    # A SYN that is sent again is the same connection: the first one counts, and those that follow within a minute.
    single = (last > first) & (uses[inverse] == 1)
    first, last, logged = first[single], last[single], logged[single]
    close = times[last - 1] - times[first] < 60 * SECOND if len(first) else np.empty(0, np.bool_)
    return np.column_stack((times[first[close]] - logged[close], files[first[close]].astype(np.int64)))


def _agreed(store: Store, log: int, pairs: NDArray[np.int64]) -> list[ClockHint]:
    """The offset that most pairs agree on, if they are two at least and most of all."""
    distances = np.sort(pairs[:, 0])
    upto = np.searchsorted(distances, distances + TOGETHER, "right") - np.arange(len(distances))
    best = int(upto.argmax())
    count = int(upto[best])
    if count < 2 or count * 2 <= len(distances):
        return []
    offset = int(distances[best + count - 1])  # the SYN comes before the logon: the least distance is nearest to the truth
    rounded = round(offset / SECOND) * SECOND
    hours = round(offset / QUARTER) * QUARTER
    rounded = hours if hours and abs(offset - hours) < TOGETHER else rounded
    if abs(rounded) < WORTH:
        return []
    inside = (pairs[:, 0] >= distances[best]) & (pairs[:, 0] <= distances[best + count - 1])
    files = sorted({store.sources[int(number)].name for number in pairs[inside, 1]})
    where = files[0] if len(files) == 1 else f"{len(files)} captures"
    evidence = f"{count} logons (4624, 4625) came from connections whose SYN {where} has {_apart(offset)}"
    return [ClockHint(log, store.sources[log].shift + rounded, evidence)]


def _apart(offset: int) -> str:
    seconds = abs(offset) / SECOND
    return f"{seconds:.1f} s {'later' if offset > 0 else 'earlier'}"


# Spans that do not meet


def _by_spans(store: Store) -> list[ClockHint]:
    sources = store.sources
    if not 1 < len(sources) <= MOST_SOURCES:
        return []
    hints = []
    for number, source in enumerate(sources):
        # What a capture has is what the others are put to: logs are moved to captures, captures to the first of them.
        others = [k for k, other in enumerate(sources) if k != number and bool(other.packets) and (not source.packets or k < number)]
        spans = [found for k in others if (found := _moved(source, sources[k])) is not None]
        if spans and not any(_meet(source, sources[k]) for k in others):
            offset, other = min(spans, key=lambda found: abs(found[0]))
            would = f"would if they were {_hours(offset)} {'later' if offset > 0 else 'earlier'}: a time zone?"
            evidence = f"its times and those of {other.name} do not meet, and {would}"
            hints.append(ClockHint(number, source.shift + offset, evidence))
    return hints


def _meet(one: Source, other: Source) -> bool:
    if one.first is None or one.last is None or other.first is None or other.last is None:
        return True
    return one.first <= other.last and other.first <= one.last


def _moved(source: Source, other: Source) -> tuple[int, Source] | None:
    """The least offset of whole quarters of an hour with which a source's time lies mostly within another's, or the other way round."""
    if source.first is None or source.last is None or other.first is None or other.last is None or _meet(source, other):
        return None
    middle = (other.first + other.last - source.first - source.last) // 2
    offset = round(middle / QUARTER) * QUARTER
    if not offset or abs(offset) > FARTHEST:
        return None
    first, last = source.first + offset, source.last + offset
    shared = min(last, other.last) - max(first, other.first)
    shorter = min(last - first, other.last - other.first)
    if shared < 0 or shared < OVERLAP * shorter:
        return None
    whole = round(middle / HOUR) * HOUR
    first, last = source.first + whole, source.last + whole
    shared = min(last, other.last) - max(first, other.first)
    return (whole if whole and shared >= max(OVERLAP * shorter, 0) else offset), other


def _hours(offset: int) -> str:
    hours = abs(offset) / HOUR
    return f"{hours:g} h"
