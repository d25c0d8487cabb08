"""What packets can have in common: the values of fields among some rows, and the filters that select them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.addresses import address
from netsleuth_tui.analysis.breakdown import FLAGS, protocol_filter
from netsleuth_tui.analysis.counting import LENGTHS
from netsleuth_tui.analysis.facets import TRANSPORTS, icmp_label
from netsleuth_tui.analysis.keyness import LEAST_SHARE, LEAST_SHARE_OF_NAMES
from netsleuth_tui.analysis.networks import PREFIXES, keys_of, network
from netsleuth_tui.decode.columns import Columns, Has, Protocol
from netsleuth_tui.wording import several

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import Hosts
    from netsleuth_tui.store import Store

__all__ = ["TRAITS", "Names", "Sample", "Trait", "sampled"]

Keys = NDArray[np.int64]
Test = NDArray[np.bool_]

NAMES = frozenset(("host", "pair", "port", "spi", *(f"net{v4}" for v4, _ in PREFIXES)))
"""Fields that tell one conversation from another."""

NONE = -1
FEW = 3
"""So many pairs, SPIs and the like are named; of more, the others are counted."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows, with what their traits are made from."""

    rows: Columns
    hosts: Hosts
    _first: dict[int, Keys] = field(default_factory=dict)

    def has(self, bits: int) -> Test:
        """Rows with all of these bits of `Has`."""
        found: Test = (self.rows.present & np.uint64(bits)) == np.uint64(bits)
        return found

    @property
    def addressed(self) -> Test:
        """Rows with an IP header of which both addresses are there."""
        ip: Test = (self.rows.present & np.uint64(Has.IP | Has.IPV6)) != 0
        return self.has(Has.ADDRESSES) & ip

    def first_of_network(self, level: int) -> Keys:
        """For each host the first host id in its network of this level (index into `PREFIXES`)."""
        if level not in self._first:
            v4, v6 = PREFIXES[level]
            is6 = self.hosts.version == 6
            prefix = keys_of(self.hosts).view(np.uint64) >> np.where(is6, np.uint64(64 - v6), np.uint64(32 - v4))
            first = np.zeros(max(len(is6), 1), np.int64)  # frames without an address hold 0, also where there is no host at all
            for kind in (is6, ~is6):
                own = np.flatnonzero(kind)
                _, firsts, inverse = np.unique(prefix[own], return_index=True, return_inverse=True)
                first[own] = own[firsts][inverse]
            self._first[level] = first
        return self._first[level]


@dataclass(frozen=True, slots=True)
class Names:
    """Writes keys as text."""

    store: Store
    hosts: Hosts

    def host(self, host: int) -> str:
        """An address."""
        return address(self.store.hosts, host)

    def network(self, host: int, level: int) -> str:
        """The network of a host."""
        return network(int(keys_of(self.hosts).view(np.uint64)[host]), level, is6=bool(self.hosts.version[host] == 6))

    def field(self, host: int, part: str) -> str:
        """'ip.addr' or 'ipv6.addr'."""
        return f"{'ip' if self.hosts.version[host] == 4 else 'ipv6'}.{part}"


@dataclass(frozen=True, slots=True)
class Trait:
    """One field that packets can have in common."""

    name: str
    title: str
    keys: Callable[[Sample], list[Keys]]
    """For each occurrence of the field a key by row, `NONE` where it is not there."""
    label: Callable[[Names, Sequence[int]], str]
    filter: Callable[[Names, Sequence[int]], str]
    alone: bool = False
    """A packet has at most one of its values, so that the counts of several add up."""
    ordered: bool = False
    """Its values form ranges."""

    @property
    def least_share(self) -> float:
        """Of the window's packets, for a value to stand out: every new conversation has hosts and ports that are nowhere else."""
        return LEAST_SHARE_OF_NAMES if self.name in NAMES else LEAST_SHARE


def sampled(columns: Columns, ids: NDArray[np.uint32], hosts: Hosts) -> Sample:
    """The rows with these ids."""
    return Sample(columns.at(ids), hosts)


def _where(there: Test, values: NDArray[np.generic]) -> Keys:
    return np.where(there, values.astype(np.int64), NONE)


def _protocol(sample: Sample) -> list[Keys]:
    return [sample.rows.protocol.astype(np.int64)]


def _flags(sample: Sample) -> list[Keys]:
    flags = sample.rows.tcp_flags
    return [np.where((flags & bit) != 0, number, NONE) for number, (_, _, bit) in enumerate(FLAGS)]


def _hosts(sample: Sample) -> list[Keys]:
    return [_where(sample.addressed, sample.rows.src), _where(sample.addressed, sample.rows.dst)]


def _pairs(sample: Sample) -> list[Keys]:
    source, target = sample.rows.src.astype(np.int64), sample.rows.dst.astype(np.int64)
    return [np.where(sample.addressed, np.minimum(source, target) << 32 | np.maximum(source, target), NONE)]


def _networks(level: int) -> Callable[[Sample], list[Keys]]:
    """The key of a network is the first host id in it."""

    def keys(sample: Sample) -> list[Keys]:
        first = sample.first_of_network(level)
        return [np.where(sample.addressed, first[side], NONE) for side in (sample.rows.src, sample.rows.dst)]

    return keys


def _ports(sample: Sample) -> list[Keys]:
    start = np.full(len(sample.rows.row), NONE, np.int64)
    for number, bit in ((2, Has.SCTP), (1, Has.UDP), (0, Has.TCP)):
        start[sample.has(bit)] = number << 16
    return [
        np.where((start >= 0) & sample.has(has), start + column, NONE)
        for column, has in ((sample.rows.src_port, Has.SRC_PORT), (sample.rows.dst_port, Has.DST_PORT))
    ]


def _ttls(sample: Sample) -> list[Keys]:
    version = (sample.rows.present >> np.uint64(12)).astype(np.int64) & 3
    return [np.where(sample.has(Has.TTL), version * 256 + sample.rows.ttl, NONE)]


def _lengths(sample: Sample) -> list[Keys]:
    return [np.searchsorted(np.array(LENGTHS), sample.rows.len, side="right") - 1]


def _icmp(sample: Sample) -> list[Keys]:
    kind = sample.rows.icmp_type.astype(np.int64)
    four, six = sample.has(Has.ICMP | Has.ICMP_TYPE), sample.has(Has.ICMPV6 | Has.ICMP_TYPE)
    return [np.where(four, kind, np.where(six, kind + 256, NONE))]


def _listed(one: Callable[[Names, int], str]) -> Callable[[Names, Sequence[int]], str]:
    """The first few, and how many others."""

    def label(names: Names, keys: Sequence[int]) -> str:
        others = [several(len(keys) - FEW, "other")] if len(keys) > FEW else []
        return ", ".join([one(names, key) for key in keys[:FEW]] + others)

    return label


def _any_of(one: Callable[[Names, int], str]) -> Callable[[Names, Sequence[int]], str]:
    """At least one of the filters holds."""

    def text(names: Names, keys: Sequence[int]) -> str:
        parts = [one(names, key) for key in keys]
        return parts[0] if len(parts) == 1 else " || ".join(f"({part})" if "&&" in part else part for part in parts)

    return text


def _ranges(keys: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours together, as first and last."""
    found: list[tuple[int, int]] = []
    for key in sorted(keys):
        if found and key == found[-1][1] + 1:
            found[-1] = (found[-1][0], key)
        else:
            found.append((key, key))
    return found


def _ttl_label(_: Names, keys: Sequence[int]) -> str:
    shown = [(low, high, version * 256) for version in (1, 2) for low, high in _ranges([key for key in keys if key >> 8 == version])]
    texts = [str(low - base) if low == high else f"{low - base}-{high - base}" for low, high, base in shown]
    return ", ".join(texts)


def _ttl_filter(_: Names, keys: Sequence[int]) -> str:
    parts = [
        _among(field, _ranges([key & 255 for key in keys if key >> 8 == version])) for version, field in ((1, "ip.ttl"), (2, "ipv6.hlim"))
    ]
    return " || ".join(part for part in parts if part)


def _among(field: str, ranges: Sequence[tuple[int, int]]) -> str:
    if not ranges:
        return ""
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return f"{field} == {ranges[0][0]}"
    return f"{field} in {{{', '.join(str(low) if low == high else f'{low}..{high}' for low, high in ranges)}}}"


def _length_label(_: Names, keys: Sequence[int]) -> str:
    return ", ".join(
        f"{LENGTHS[low]} and more" if high == len(LENGTHS) - 1 else f"{LENGTHS[low]}-{LENGTHS[high + 1] - 1}" for low, high in _ranges(keys)
    )


def _length_filter(_: Names, keys: Sequence[int]) -> str:
    ranges = _ranges(keys)
    closed = [(LENGTHS[low], LENGTHS[high + 1] - 1) for low, high in ranges if high < len(LENGTHS) - 1]
    opened = [f"frame.len >= {LENGTHS[low]}" for low, high in ranges if high == len(LENGTHS) - 1]
    return " || ".join([*([_among("frame.len", closed)] if closed else []), *opened])


def _shared(keys: Sequence[int]) -> tuple[int, list[int]] | None:
    """The host that several pairs have in common, and the others."""
    pairs = [(key >> 32, key & 0xFFFFFFFF) for key in keys]
    for host in pairs[0]:
        if len(pairs) > 1 and all(host in pair and pair[0] != pair[1] for pair in pairs):
            return host, [pair[0] if pair[1] == host else pair[1] for pair in pairs]
    return None


def _pair_label(names: Names, keys: Sequence[int]) -> str:
    shared = _shared(keys)
    if shared is None:
        return _listed(lambda n, key: f"{n.host(key >> 32)} and {n.host(key & 0xFFFFFFFF)}")(names, keys)
    return f"{names.host(shared[0])} with {_listed(Names.host)(names, shared[1])}"


def _pair_filter(names: Names, keys: Sequence[int]) -> str:
    shared = _shared(keys)
    if shared is None:
        return _any_of(_one_pair)(names, keys)
    field = names.field(shared[0], "addr")
    return f"{field} == {names.host(shared[0])} && {field} in {{{', '.join(names.host(host) for host in shared[1])}}}"


def _one_pair(names: Names, key: int) -> str:
    one, other = key >> 32, key & 0xFFFFFFFF
    parts = ("src", "dst") if one == other else ("addr", "addr")
    return " && ".join(f"{names.field(host, part)} == {names.host(host)}" for host, part in zip((one, other), parts, strict=True))


def _network_trait(level: int) -> Trait:
    v4, _ = PREFIXES[level]

    def one(names: Names, host: int) -> str:
        return names.network(host, level)

    return Trait(
        f"net{v4}", "Network", _networks(level), _listed(one), _any_of(lambda n, host: f"{n.field(host, 'addr')} == {one(n, host)}")
    )


TRAITS: tuple[Trait, ...] = (
    Trait("host", "Host", _hosts, _listed(Names.host), _any_of(lambda n, host: f"{n.field(host, 'addr')} == {n.host(host)}")),
    Trait("pair", "Pair", _pairs, _pair_label, _pair_filter, alone=True),
    Trait(
        "protocol",
        "Protocol",
        _protocol,
        _listed(lambda _, key: Protocol(key).label),
        _any_of(lambda _, key: protocol_filter(Protocol(key))),
        alone=True,
    ),
    Trait(
        "icmp",
        "ICMP type",
        _icmp,
        _listed(lambda _, key: icmp_label(key)),
        _any_of(lambda _, key: f"icmp.type == {key}" if key < 256 else f"icmpv6.type == {key - 256}"),
        alone=True,
    ),
    Trait(
        "port",
        "Port",
        _ports,
        _listed(lambda _, key: f"{TRANSPORTS[key >> 16]} {key & 0xFFFF}"),
        _any_of(lambda _, key: f"{TRANSPORTS[key >> 16]}.port == {key & 0xFFFF}"),
    ),
    Trait("flag", "TCP flag", _flags, _listed(lambda _, key: FLAGS[key][0]), _any_of(lambda _, key: f"{FLAGS[key][1]} == 1")),
    Trait(
        "spi",
        "SPI",
        lambda sample: [_where(sample.has(Has.ESP_SPI), sample.rows.esp_spi)],
        _listed(lambda _, key: f"0x{key:08x}"),
        _any_of(lambda _, key: f"esp.spi == 0x{key:08x}"),
        alone=True,
    ),
    *(_network_trait(level) for level in reversed(range(len(PREFIXES)))),
    Trait(
        "vlan",
        "VLAN",
        lambda sample: [_where(sample.has(Has.VLAN_ID), sample.rows.vlan_id)],
        _listed(lambda _, key: str(key)),
        _any_of(lambda _, key: f"vlan.id == {key}"),
        alone=True,
    ),
    Trait("ttl", "TTL", _ttls, _ttl_label, _ttl_filter, alone=True, ordered=True),
    Trait("length", "Length", _lengths, _length_label, _length_filter, alone=True, ordered=True),
)
"""All of them; hosts come first, since pairs are counted by the lines of their hosts. Of equals, the first is the better name."""
