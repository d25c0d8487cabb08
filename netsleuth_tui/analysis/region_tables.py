"""Regions as tables: one row each, or one for each interval and region."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.ranks import label_ranks
from netsleuth_tui.analysis.region_counts import Side
from netsleuth_tui.analysis.region_groups import Grouping, Groups, groups_of
from netsleuth_tui.analysis.regions import COLUMNS, OVER_TIME, Regions
from netsleuth_tui.analysis.scope import Scope, rows_of
from netsleuth_tui.analysis.timeline import axis, time_span
from netsleuth_tui.analysis.times import interval_cells
from netsleuth_tui.decode.columns import NO_TIME, Has
from netsleuth_tui.places import host_places
from netsleuth_tui.store.ordering import order_by
from netsleuth_tui.tabular import Cell, Column, Table
from netsleuth_tui.wording import agree, several

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["region_remarks", "regions_by_time_table", "regions_table"]

BLOCK = 1 << 14
"""Rows per block of a table."""

BOTH_SIDES = ("resets_sent", "resets_received")
"""Columns that say something only where both sides are counted."""

Numbers = NDArray[np.int64]


def regions_table(
    found: Regions, which: NDArray[np.uint32] | None = None, *, drawn: Callable[[Sequence[int], int], str] | None = None
) -> Table:
    """One row per region: those with most packets first, or as `which` says.

    Args:
        found: The regions.
        which: Their places, in order.
        drawn: Makes a drawing of the resets over time, for people, from the numbers and the greatest of all regions; without it there is
            the filter of each region instead.
    """
    greatest = int(found.numbers("resets_over_time").max(initial=0))
    chosen = found.order("packets", descending=True) if which is None else which
    left_out = {*OVER_TIME, *(() if found.side == "either" else BOTH_SIDES)}
    if found.retransmissions is None:
        left_out.add("retransmissions")
    names = [name for name in COLUMNS if name not in left_out]

    def blocks() -> Iterator[list[list[Cell]]]:
        for first in range(0, len(chosen), BLOCK):
            some = found.at(chosen[first : first + BLOCK])
            last: list[Cell] = [some.filter(k) for k in range(len(some))]
            if drawn is not None:
                last = [drawn(line, greatest) for line in some.timeline("resets_over_time")]
            yield [*(some.cells(name) for name in names), last]

    return Table((*map(_column, names), Column("filter" if drawn is None else "resets over time")), blocks())


def region_remarks(store: Store, found: Regions) -> list[str]:
    """What there is to say about the regions besides their numbers: where places come from, and who is nowhere."""
    without = (
        f"{several(found.outside, 'packet has', 'packets have')} no IP addresses, and {agree(found.outside, 'is', 'are')} in no region"
    )
    said = [without] if found.outside else []
    if found.groups.is_subnet:
        return said
    places = host_places(store).places
    if found.unmapped:
        hint = "" if places.tables.sites else "; a list of your networks (--sites) says where they are"
        said.append(f"{found.unmapped} of {found.seen} addresses {agree(found.unmapped, 'is', 'are')} private and at no site{hint}")
    if found.unknown:
        unknown = f"{found.unknown} of {found.seen} addresses {agree(found.unknown, 'is', 'are')} public"
        said.append(f"{unknown}, and the place data do not have {agree(found.unknown, 'it', 'them')}")
    if found.groups.by == "site" and not places.tables.sites:
        said.append("there are no sites: --sites names a file with lines such as 10.1.0.0/16,Hengelo")
    if found.groups.by == "asn" and not places.tables.as_numbers:
        said.append("the place data in use have no autonomous systems; a GeoLite2-ASN.mmdb has (--geoip)")
    said += [*places.warnings, places.description]
    return said


def _column(name: str) -> Column:
    return Column(name, "text" if name == "region" else "number" if name == "resets_per_1000" else "integer")


def regions_by_time_table(store: Store, scope: Scope, *, every: int, by: Grouping = "region", side: Side = "either") -> Table:
    """One row per interval and region that has packets in it, by time, then the region with most packets first.

    Args:
        store: What was loaded.
        scope: What to look at.
        every: Length of an interval, ns.
        by: What a region is.
        side: Whose region a packet counts for.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There would be too many intervals, or a file with places that the user named cannot be used.
    """
    rows, columns = rows_of(store, scope), store.columns()
    start, step, _ = axis(time_span(store, scope), every=every)
    hosts = store.hosts.known()
    groups = groups_of(store, hosts, by)
    ids = rows.take(0, len(rows))
    present = columns.present[ids]
    counted = (present & np.uint64(Has.ADDRESSES) != 0) & (present & np.uint64(Has.IP | Has.IPV6) != 0) & (columns.time[ids] != NO_TIME)
    if side == "reset-sender":
        counted &= columns.tcp_flags[ids] & np.uint16(4) != 0
    ids = ids[counted]
    interval = (columns.time[ids] - start) // step
    size, width = max(groups.size, 1), max(len(hosts.version), 1)
    ends = [getattr(columns, name)[ids] for name in (("src", "dst") if side == "either" else ("dst",) if side == "dst" else ("src",))]
    of = [groups.of_host[end] for end in ends]
    keys, rest = interval * size + of[0], ids
    if len(of) == 2:
        apart = of[0] != of[1]
        keys, rest = np.concatenate((keys, (interval * size + of[1])[apart])), np.concatenate((ids, ids[apart]))
    known, place = np.unique(keys, return_inverse=True)
    sums = np.stack([_sums(place, len(known), values) for values in _measures(columns.len[rest], columns.tcp_flags[rest])])
    at = np.unique(np.concatenate([interval * width + end for end in ends]))
    addresses = np.bincount(np.searchsorted(known, at // width * size + groups.of_host[at % width]), minlength=len(known))
    when, group = np.divmod(known, size)
    order = order_by((when, -sums[0], _ranks(groups, group)))
    packets, octets, resets, syns = sums[:, order].tolist()
    cells: list[list[Cell]] = [
        interval_cells(start, step, when[order].tolist()),
        [groups.name(k) for k in group[order].tolist()],
        packets,
        octets,
        addresses[order].tolist(),
        resets,
        syns,
    ]
    names = ("packets", "bytes", "hosts", "resets", "syns")
    return Table((Column("time"), Column("region"), *(Column(name, "integer") for name in names)), [cells])


def _ranks(groups: Groups, group: NDArray[np.int64]) -> Numbers:
    """In which order groups stand by their names: by the alphabet, subnets by number."""
    if groups.is_subnet:
        return group
    met, place = np.unique(group, return_inverse=True)
    return label_ranks([groups.name(k) for k in met.tolist()])[place.reshape(-1)]


def _measures(length: NDArray[np.uint32], flags: NDArray[np.uint16]) -> Iterator[Numbers]:
    """Of each packet: 1, bytes, RST, SYN."""
    yield np.ones(len(length), np.int64)
    yield length.astype(np.int64)
    yield (flags >> np.uint16(2) & np.uint16(1)).astype(np.int64)
    yield (flags >> np.uint16(1) & np.uint16(1)).astype(np.int64)


def _sums(place: NDArray[np.intp], size: int, values: Numbers) -> Numbers:
    """By place; floats are exact up to 2**53."""
    return np.rint(np.bincount(place, weights=values, minlength=size)).astype(np.int64)
