"""Which hosts an address test means: from addresses to the ids that the packet columns hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.query.nodes import Address, Range, Relation
from netsleuth_tui.query.place_values import PlaceValues

__all__ = ["HostLookup", "HostSet", "hosts_among", "hosts_at", "hosts_in_relation"]

Mask = NDArray[np.bool_]

_OPERATORS: dict[Relation, Callable[..., Any]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


class HostLookup(Protocol):
    """Every distinct address by host id; an IPv4 address has `hi` 0."""

    @property
    def version(self) -> NDArray[np.uint8]:
        """4 or 6."""
        ...

    @property
    def hi(self) -> NDArray[np.uint64]:
        """The upper 64 bits."""
        ...

    @property
    def lo(self) -> NDArray[np.uint64]:
        """The lower 64 bits."""
        ...


@dataclass(frozen=True, slots=True)
class HostSet:
    """Hosts of one IP version, or of both, by id, split by a test; both arrays uint32 and ascending."""

    inside: NDArray[np.uint32]
    outside: NDArray[np.uint32]


def hosts_in_relation(hosts: HostLookup, relation: Relation, address: Address) -> HostSet:
    """The hosts whose address stands in `relation` to the address; compared with a network, only its prefix counts."""
    return _split(hosts, address.version, _related(hosts, relation, address))


def hosts_among(hosts: HostLookup, items: Iterable[Address | Range], version: int) -> HostSet:
    """The hosts that equal one of the addresses, or lie in one of the networks or ranges."""
    found = np.zeros(len(hosts.version), np.bool_)
    for item in items:
        if isinstance(item, Range):
            if isinstance(item.low, Address) and isinstance(item.high, Address):
                found |= _related(hosts, ">=", item.low) & _related(hosts, "<=", item.high)
        else:
            found |= _related(hosts, "==", item)
    return _split(hosts, version, found)


def hosts_at(places: PlaceValues, chosen: Callable[[tuple[str, str]], bool]) -> HostSet:
    """The hosts, of both versions, whose place is chosen by its two spellings; a host without a place is outside."""
    spelled = zip(places.names, places.also or places.names, strict=True)
    wanted = np.array([*map(chosen, spelled), False], np.bool_)
    inside = wanted[places.codes]
    return HostSet(np.flatnonzero(inside).astype(np.uint32), np.flatnonzero(~inside).astype(np.uint32))


def _split(hosts: HostLookup, version: int, found: Mask) -> HostSet:
    candidates = hosts.version == version
    return HostSet(np.flatnonzero(candidates & found).astype(np.uint32), np.flatnonzero(candidates & ~found).astype(np.uint32))


def _related(hosts: HostLookup, relation: Relation, address: Address) -> Mask:
    """One truth value for each host; those of the other version hold nonsense."""
    if address.version == 4:
        low = hosts.lo & _mask(address.prefix, 32)
        return _compare(low, relation, np.uint64(address.value))
    high = hosts.hi & _mask(min(address.prefix, 64), 64)
    first = np.uint64(address.value >> 64)
    low = hosts.lo & _mask(max(address.prefix - 64, 0), 64)
    second = np.uint64(address.value & (1 << 64) - 1)
    same = _compare(high, "==", first)
    if relation == "==":
        return same & _compare(low, "==", second)
    if relation == "!=":
        return ~same | _compare(low, "!=", second)
    strict: Relation = "<" if relation in {"<", "<="} else ">"
    return _compare(high, strict, first) | same & _compare(low, relation, second)


def _mask(prefix: int, width: int) -> np.uint64:
    return np.uint64(((1 << width) - 1) >> (width - prefix) << (width - prefix))


def _compare(values: NDArray[np.uint64], relation: Relation, limit: np.uint64) -> Mask:
    result: Mask = _OPERATORS[relation](values, limit)
    return result
