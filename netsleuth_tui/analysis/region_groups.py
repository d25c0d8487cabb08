"""What regions can be: a group for each host, how the groups are called, and the filters that select their packets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.networks import network, ordered
from netsleuth_tui.analysis.places import PUBLIC, PlacesOf, place_values
from netsleuth_tui.analysis.region_counts import Side
from netsleuth_tui.places import UNKNOWN, host_places
from netsleuth_tui.query.place_values import PlaceValues
from netsleuth_tui.query.strings import quoted

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import Hosts
    from netsleuth_tui.store import Store

__all__ = ["GROUPINGS", "Grouping", "Groups", "groups_of"]

Grouping = Literal["region", "site", "country", "continent", "asn", "/8", "/16", "/24"]

GROUPINGS: Final[tuple[Grouping, ...]] = ("region", "site", "country", "continent", "asn", "/8", "/16", "/24")

LEVELS: dict[Grouping, int] = {"/8": 0, "/16": 1, "/24": 2}
"""Subnets, as indices of `networks.PREFIXES`."""

RESETS = "tcp.flags.reset == 1"


@dataclass(frozen=True, slots=True)
class Groups:
    """A group for every host."""

    by: Grouping
    of_host: NDArray[np.int32]
    """By host id, below `size`."""
    size: int
    name: Callable[[int], str]
    """What a person calls a group."""
    condition: Callable[[int, str], str]
    """The filter for hosts of a group on one side: 'src' or 'dst', or 'addr' where one of the two is enough."""

    @property
    def is_subnet(self) -> bool:
        """True for what needs no places."""
        return self.by in LEVELS

    def filter(self, group: int, side: Side) -> str:
        """The filter that selects the packets that count for a group, and no others."""
        if side == "reset-sender":
            return f"{RESETS} && {self.condition(group, 'src')}"
        return self.condition(group, "addr" if side == "either" else side)


def groups_of(store: Store, hosts: Hosts, by: Grouping) -> Groups:
    """Groups of the first hosts of a store.

    A host without a country or a continent is in a group of its class (private, multicast …, unknown); one without a site or an autonomous
    system in a group for all of these. Subnets of IPv6 are those of `networks.PREFIXES`.

    Raises:
        NetSleuthError: A file with places that the user named cannot be used.
    """
    if by == "/8" or by == "/16" or by == "/24":  # noqa: PLR1714 - so that the type checker knows the others
        return _subnets(hosts, by)
    found = PlacesOf(store).values(by, len(hosts.version))
    codes, count = found.codes, len(found.names)
    name = "site" if by == "site" else f"geo.{by}"
    if by == "region":
        return Groups(by, codes, count, found.names.__getitem__, _region_condition(store, found))
    if by in {"country", "continent"}:
        return _by_class(store, by, found)
    groups = np.where(codes < 0, np.int32(count), codes)
    names = (*found.names, "no ASN" if by == "asn" else f"no {by}")

    def condition(group: int, side: str) -> str:
        return _has_none(name, (), side) if group == count else _is(name, found.short(group), side)

    return Groups(by, groups, count + 1, names.__getitem__, condition)


def _region_condition(store: Store, found: PlaceValues) -> Callable[[int, str], str]:
    """A region that can only be a site is called one."""
    tables = host_places(store).places.tables
    others = {name.casefold() for name in (*tables.classes, UNKNOWN, *tables.countries)}
    sites = {name.casefold() for name in tables.sites} - others

    def condition(group: int, side: str) -> str:
        label = found.names[group]
        return _is("site" if label.casefold() in sites else "geo.region", label, side)

    return condition


def _by_class(store: Store, by: Grouping, found: PlaceValues) -> Groups:
    """Countries or continents, and classes of addresses without one: data are never asked about addresses that are not public."""
    classes, count, name = place_values(store, "class", len(found.codes)), len(found.names), f"geo.{by}"
    unknown, public = classes.names.index(UNKNOWN), classes.names.index(PUBLIC)
    codes = found.codes
    kinds = classes.codes[: len(codes)]
    kinds = np.where(kinds == public, np.int32(unknown), kinds)
    names = (*found.names, *classes.names)

    def condition(group: int, side: str) -> str:
        if group < count:
            return _is(name, found.short(group), side)
        if group - count == unknown and by == "continent":  # the country of some is known, or the continent of some without a country
            return _has_none(name, (UNKNOWN, PUBLIC), side)
        return _is("geo.class", names[group], side)

    return Groups(by, np.where(codes < 0, kinds + np.int32(count), codes), len(names), names.__getitem__, condition)


def _is(name: str, value: str, side: str) -> str:
    """'geo.src.country == "NL"'."""
    return f"{_on(name, side)} == {quoted(value)}"


def _has_none(name: str, classes: tuple[str, ...], side: str) -> str:
    """A host that is of one of the classes, or of any, and has no place of this name; every host with an IP header has a class."""
    if side == "addr":
        return f"({_has_none(name, classes, 'src')}) || ({_has_none(name, classes, 'dst')})"
    among = f" in {{{', '.join(map(quoted, classes))}}}" if classes else ""
    return f"{_on('geo.class', side)}{among} && !{_on(name, side)}"


def _on(name: str, side: str) -> str:
    if side == "addr":
        return name
    return f"{name}.{side}" if name == "site" else name.replace("geo.", f"geo.{side}.")


def _subnets(hosts: Hosts, by: Grouping) -> Groups:
    order, level = ordered(hosts), LEVELS[by]
    starts = order.starts(level)
    of_host = np.empty(len(hosts.version), np.int32)
    of_host[order.hosts] = np.repeat(np.arange(len(starts), dtype=np.int32), np.diff(np.append(starts, len(of_host))))

    def name(group: int) -> str:
        at = starts[group]
        return network(int(order.keys[at]), level, is6=bool(order.is6[at]))

    def condition(group: int, side: str) -> str:
        return f"{'ipv6' if order.is6[starts[group]] else 'ip'}.{side} == {name(group)}"

    return Groups(by, of_host, len(starts), name, condition)
