"""UDP datagrams of a scope, as several kinds of findings need them: who asks whom, and who was answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Has

if TYPE_CHECKING:
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["UDP", "Tries", "datagrams", "ends", "ends_in_255", "numbered", "one_host", "parted", "tries", "with_answers"]

UDP = Has.UDP | Has.ADDRESSES | Has.SRC_PORT | Has.DST_PORT
LEAST_CLIENT_PORT = 1024
TRACEROUTE = (33434, 33689)
"""Ports that traceroute counts through (RFC 6335 registers the first): nobody is to answer there but with ICMP."""

Hosts = NDArray[np.bool_]
Numbers = NDArray[np.int64]


class Tries(NamedTuple):
    """Who sent datagrams to which port of whom, each once: parallel arrays."""

    src: Numbers
    """Host ids."""
    dst: Numbers
    port: Numbers
    answered: NDArray[np.bool_]

    def at(self, which: NDArray[np.bool_]) -> Tries:
        """Only some of them."""
        return Tries(self.src[which], self.dst[which], self.port[which], self.answered[which])


def datagrams(seen: Seen) -> Ids:
    """Rows whose ends are known."""
    return seen.having(UDP)


def ends_in_255(seen: Seen) -> Hosts:
    """By host id: an IPv4 address that ends in 255, as the broadcast addresses of most subnets do; 255.255.255.255 is none of them."""
    hosts = seen.hosts
    low = hosts.lo & np.uint64(0xFFFFFFFF)
    found: Hosts = (hosts.version == 4) & (low & np.uint64(0xFF) == 0xFF) & (low >> np.uint64(28) < 0xE)
    return found


def one_host(seen: Seen) -> Hosts:
    """By host id: the address is one host's, as far as it tells: no multicast, no broadcast, and none that ends in 255."""
    hosts = seen.hosts
    v4 = hosts.version == 4
    many = np.where(v4, hosts.lo >> np.uint64(28) >= 0xE, hosts.hi >> np.uint64(56) == 0xFF)
    found: Hosts = ~many & ~ends_in_255(seen)
    return found


def parted(keys: NDArray[Any], chosen: NDArray[Any]) -> Iterator[NDArray[np.int64]]:
    """For each of some keys, which are ascending and all occur, the places in `keys` that have it: one sort, however many there are."""
    at = np.flatnonzero(np.isin(keys, chosen))
    at = at[np.argsort(keys[at], kind="stable")]
    yield from np.split(at, np.flatnonzero(np.diff(keys[at])) + 1)


def tries(seen: Seen) -> Tries:
    """Datagrams to one host, from a port of a client to a lower one, as who looks for a service sends them; ask for it by `seen.once`.

    Traceroutes are left out. Nothing is known of answers yet, see `with_answers`.
    """
    c, rows = seen.columns, datagrams(seen)
    port = c.dst_port[rows]
    asking = (c.src_port[rows] >= LEAST_CLIENT_PORT) & (port < c.src_port[rows])
    asking &= (port < TRACEROUTE[0]) | (port > TRACEROUTE[1])
    asking &= seen.once(one_host)[c.dst[rows]]
    some = rows[asking]
    return _distinct(c.src[some], c.dst[some], c.dst_port[some])


def with_answers(seen: Seen, tried: Tries) -> Tries:
    """The same, with those marked that a datagram came back for, from that port of that host."""
    c, rows = seen.columns, datagrams(seen)
    senders, targets = np.zeros(len(seen.hosts.version), np.bool_), np.zeros(len(seen.hosts.version), np.bool_)
    senders[tried.src] = True
    targets[tried.dst] = True
    back = rows[targets[c.src[rows]]]
    back = back[senders[c.dst[back]]]
    came = _distinct(c.dst[back], c.src[back], c.src_port[back])
    pairs, ports = np.append(tried.src << 32 | tried.dst, came.src << 32 | came.dst), np.append(tried.port, came.port)
    _, of = np.unique(pairs, return_inverse=True)
    keys = of.astype(np.int64) << 16 | ports
    return tried._replace(answered=np.isin(keys[: len(tried.src)], keys[len(tried.src) :]))


class Ends(NamedTuple):
    """Who asks and who is asked, as two numbers for each datagram."""

    hosts: NDArray[np.uint64]
    """`client << 32 | server`, host ids."""
    ports: NDArray[np.uint64]
    """`client's << 16 | server's`."""


def ends(seen: Seen, rows: Ids, *, back: bool = False) -> Ends:
    """The ends of datagrams; the sender is the client, or with `back` the server."""
    c = seen.columns
    src, dst, sport, dport = (column[rows].astype(np.uint64) for column in (c.src, c.dst, c.src_port, c.dst_port))
    if back:
        src, dst, sport, dport = dst, src, dport, sport
    return Ends(src << np.uint64(32) | dst, sport << np.uint64(16) | dport)


def numbered(*groups: Ends) -> list[Numbers]:
    """The same number, from 0, for the same ends, in all groups."""
    hosts, ports = np.concatenate([one.hosts for one in groups]), np.concatenate([one.ports for one in groups])
    order = np.lexsort((ports, hosts))
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (np.diff(hosts[order]) != 0) | (np.diff(ports[order]) != 0)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(is_new) - 1
    return np.split(numbers, np.cumsum([len(one.hosts) for one in groups])[:-1])


def _distinct(src: Ids, dst: Ids, port: NDArray[np.uint16]) -> Tries:
    """Each combination once."""
    bits = int(max(src.max(initial=0), dst.max(initial=0))).bit_length()
    if 2 * bits + 16 > 64:
        _, pair = np.unique(src.astype(np.uint64) << np.uint64(32) | dst, return_inverse=True)
        _, first = np.unique(pair.astype(np.int64) << 16 | port, return_index=True)
        return Tries(src[first].astype(np.int64), dst[first].astype(np.int64), port[first].astype(np.int64), np.zeros(len(first), np.bool_))
    keys = (src.astype(np.uint64) << np.uint64(bits) | dst) << np.uint64(16) | port
    keys.sort()
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    pairs = (keys >> np.uint64(16)).astype(np.int64)
    return Tries(pairs >> bits, pairs & (1 << bits) - 1, (keys & np.uint64(0xFFFF)).astype(np.int64), np.zeros(len(keys), np.bool_))
