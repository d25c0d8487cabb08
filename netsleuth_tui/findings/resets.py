"""Bursts of resets, and who sent them: the side that had opened the connection, the side that had accepted it, or something in between."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.places import place_values
from netsleuth_tui.findings.bursts import bursts, first_after
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.tcp_rows import flows, layer, opening
from netsleuth_tui.findings.words import listed, percent, rate
from netsleuth_tui.query.strings import quoted
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen
    from netsleuth_tui.findings.tcp_rows import Opening

__all__ = ["STATES", "reset_burst", "reset_surge", "states"]

Numbers = NDArray[np.int64]

MINUTE = 60_000_000_000
"""ns."""
BEFORE = 5
"""Minutes that say what is usual, at least."""

WHY = "each of them ends a connection at once, and what was on its way is lost"
STATES = ("OTH", "REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH")
"""Zeek's names of how a connection was reset: seen without its beginning; by the server at once; by the client, or by the server, after
the handshake; by the client before an answer; by the server after its own SYN-ACK, without the client's SYN."""
SAID = {
    "OTH": "in connections whose beginning was not captured",
    "REJ": "by the server in answer to the SYN",
    "RSTO": "by the client after the handshake",
    "RSTR": "by the server after the handshake",
    "RSTOS0": "by the client before any answer",
    "RSTRH": "by the server after a SYN-ACK without a SYN",
}


def reset_burst(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each burst of resets, with most frequent state, senders, and how many did not come from where the rest does."""
    how = seen.once(opening)
    times = seen.columns.time[how.resets]
    ways = states(how)
    for burst in bursts(seen, times, limits.resets_per_second, limits):
        some = how.resets[burst.inside]
        state = ways[burst.inside]
        most = int(np.bincount(state, minlength=len(STATES)).argmax())
        name = STATES[most]
        between = int((seen.once(strange_ttl)[burst.inside] >= limits.reset_ttl).sum())
        senders = [seen.address(host) for host in seen.busiest(seen.columns.src[some])[0]]
        hint = f"; the TTL of {percent(between, len(some))} says that something on the way sent them" if between else ""
        yield Finding(
            kind="reset-burst",
            title=f"{burst.told('TCP resets')}; {percent(int((state == most).sum()), len(some))} {SAID[name]} ({name}); from "
            f"{listed(senders)}{hint}",
            severity=grade(55, burst.peak / limits.resets_per_second, 85),
            first=int(times[burst.inside].min()),
            last=int(times[burst.inside].max()),
            count=burst.count,
            filter=seen.filter("tcp.flags.reset == 1"),
            window=(burst.start, burst.end),
            why=WHY,
            usual=burst.usual,
            occurrences=burst.begins,
            between=tuple(senders[:3]),
        )


def reset_surge(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each site or network that sends many more resets a minute than it usually does."""
    how = seen.once(opening)
    ways = states(how)
    for inside, window, usual, peak, begins in _surges(seen, limits, how):
        some, state = how.resets[inside], ways[inside]
        name, text = _network(seen, int(seen.columns.src[some[0]]))
        most = int(np.bincount(state, minlength=len(STATES)).argmax())
        times = seen.columns.time[some]
        begin, end = window
        length = counted(max(round((end - begin) / MINUTE), 1), "minute")
        told = f"{grouped(len(some))} TCP resets from {name} in {length} from {seen.at(begin)} on"
        share = f"{percent(int((state == most).sum()), len(some))} {SAID[STATES[most]]} ({STATES[most]})"
        between = int((seen.once(strange_ttl)[inside] >= limits.reset_ttl).sum())
        hint = f"; the TTL of {percent(between, len(some))} says that something on the way sent them" if between else ""
        yield Finding(
            kind="reset-surge",
            title=f"{told}, up to {grouped(peak)} a minute, otherwise {rate(usual)}; {share}{hint}",
            severity=grade(60, peak / limits.resets_per_minute, 85),
            first=int(times.min()),
            last=int(times.max()),
            count=len(some),
            filter=seen.filter(f"{text} && tcp.flags.reset == 1"),
            window=window,
            why=WHY,
            usual=usual / 60,
            between=(name, *(seen.address(host) for host in seen.busiest(seen.columns.dst[some])[0][:2])),
            occurrences=first_after(times, begins) if len(begins) > 1 else (),
        )


def _surges(seen: Seen, limits: Limits, how: Opening) -> Iterator[tuple[Numbers, tuple[int, int], float, int, Numbers]]:
    """Networks (sites, or /16 and /48) whose resets a minute rise.

    Yields:
        Which of the resets, window, how many a minute are usual, at most, and when each run of such minutes begins.
    """
    if seen.span is None or not len(how.resets):
        return
    start, minutes = seen.span[0], (seen.span[1] - seen.span[0]) // MINUTE + 1
    when = (seen.columns.time[how.resets] - start) // MINUTE
    group = _networks(seen, seen.columns.src[how.resets])
    order = np.lexsort((when, group))
    when, group = when[order], group[order]
    edges = np.append(np.flatnonzero(np.diff(group, prepend=-1) | np.diff(when, prepend=-1)), len(group))
    counts, minute, owner = np.diff(edges), when[edges[:-1]], group[edges[:-1]]
    for which in np.unique(owner[counts >= limits.resets_per_minute]).tolist():
        seen.check()
        low, high = np.searchsorted(owner, (which, which + 1)).tolist()
        sent = counts[low:high]
        hot = sent >= limits.resets_per_minute
        others = minutes - int(hot.sum())
        usual = float(sent[~hot].sum()) / others if others else 0.0
        hot &= sent >= limits.times_usual * usual
        if not hot.any() or minutes - int(hot.sum()) < BEFORE:
            continue
        first, last = low + int(hot.argmax()), high - int(hot[::-1].argmax())
        window = seen.clipped(start + int(minute[first]) * MINUTE, start + (int(minute[last - 1]) + 1) * MINUTE)
        risen = minute[low:high][hot]
        begins = start + risen[np.append(True, np.diff(risen) > 1)] * MINUTE
        yield np.sort(order[edges[first] : edges[last]]), window, usual, int(sent[hot].max()), begins


def _networks(seen: Seen, hosts: Ids) -> NDArray[np.int64]:
    """A number for the site, or else the network, that each of some hosts is in: see `_network`."""
    codes = place_values(seen.store, "site").codes
    site = np.full(len(seen.hosts.version), -1, np.int64)
    site[: len(codes)] = codes[: len(site)]
    v4 = seen.hosts.version == 4
    bits = np.where(v4, seen.hosts.lo >> np.uint64(16) | np.uint64(1 << 48), seen.hosts.hi >> np.uint64(16))
    _, number = np.unique(np.where(site >= 0, site.astype(np.uint64) | np.uint64(1 << 49), bits)[hosts], return_inverse=True)
    return number.astype(np.int64)


def _network(seen: Seen, host: int) -> tuple[str, str]:
    """The site of a host, or its network; and the filter for what it sends."""
    sites = place_values(seen.store, "site")
    code = int(sites.codes[host]) if host < len(sites.codes) else -1
    if code >= 0:
        return sites.names[code], f"site.src == {quoted(sites.names[code])}"
    length = 16 if int(seen.hosts.version[host]) == 4 else 48
    network = str(ip_network(f"{seen.address(host)}/{length}", strict=False))
    return network, f"{layer(seen, host)}.src == {network}"


def states(how: Opening) -> NDArray[np.int64]:
    """Place in `STATES` of each reset."""
    asked, accepted = how.has(how.asked), how.has(how.accepted)
    client = asked[how.by_client] | accepted[how.by_client]
    server = asked[how.by_server] | accepted[how.by_server]
    of_client = np.where(accepted[how.by_client], STATES.index("RSTO"), STATES.index("RSTOS0"))
    of_server = np.where(
        accepted[how.by_server], np.where(asked[how.by_server], STATES.index("RSTR"), STATES.index("RSTRH")), STATES.index("REJ")
    )
    found: NDArray[np.int64] = np.where(client, of_client, np.where(server, of_server, 0))
    return found


def strange_ttl(seen: Seen) -> NDArray[np.int64]:
    """By how much the TTL of each reset of `opening` is outside of what its sender else sends to the same host; 0 where nothing is known.

    Ask for it by `seen.once`.
    """
    c, resets, found = seen.columns, seen.once(opening).resets, seen.once(flows)
    pairs, of = np.unique(c.src[resets].astype(np.int64) << 32 | c.dst[resets], return_inverse=True)
    if not len(pairs):
        return np.zeros(0, np.int64)
    lowest_of, highest_of = found.lowest_ttl, found.highest_ttl
    known = np.flatnonzero(highest_of >= 0)
    src, dst, _, _ = found.ends(known)
    pair = src << 32 | dst
    place = np.minimum(np.searchsorted(pairs, pair), len(pairs) - 1)
    same = pairs[place] == pair
    place, known = place[same], known[same]
    lowest, highest = np.full(len(pairs), 256), np.full(len(pairs), -1)
    np.minimum.at(lowest, place, lowest_of[known])
    np.maximum.at(highest, place, highest_of[known])
    sent = c.ttl[resets].astype(np.int64)
    outside: NDArray[np.int64] = np.maximum(lowest[of] - sent, sent - highest[of])
    return np.where(highest[of] >= 0, np.maximum(outside, 0), 0)
