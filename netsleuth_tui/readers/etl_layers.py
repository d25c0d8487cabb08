"""Which of a packet's records counts: ndiscap and pktmon log a packet at every layer that it passes, and one layer is chosen."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.readers.etl_packets import COMPONENT, OF_NDISCAP, PKTMON, Pieces, is_from
from netsleuth_tui.readers.etl_records import Records
from netsleuth_tui.readers.etl_runs import Runs
from netsleuth_tui.readers.limits import TRACE_LAYERS

__all__ = ["Layers", "free_slots", "new_seed", "slot_of"]

_NETWORK_CARD = 2
_LONGEST_NAME = 512
"""Bytes of a component's name that are read."""
_SMALLEST = 64
_HASH_MASK = (1 << 63) - 1
_ALL = (1 << 64) - 1


@helper
def slot_of(low: int, high: int, other: int, seed: Any, slots: int) -> int:
    """Where a key of three numbers of 32 bits is looked for first in a table of so many slots, a power of two.

    The hash is multilinear (Lemire and Kaser 2014): whoever does not know the seed cannot choose keys that collide.
    """
    mixed = int(seed[0]) + int(seed[1]) * low + int(seed[2]) * high + int(seed[3]) * other
    return (mixed & _HASH_MASK) >> 31 & (slots - 1)


@kernel()
def number_layers(
    layer: Any, origin: Any, link: Any, seed: Any, slots: Any, keys: Any, tags: Any, known: int, rest: int, numbers: Any
) -> tuple[int, int]:
    """Give each layer a number, in the order in which they are met.

    Args:
        layer: int64, of each piece.
        origin: uint8, of each piece.
        link: uint16, of each piece: a layer with two link types counts as two.
        seed: Four secret numbers of 63 bits.
        slots: int32, numbers by hash, -1 where a slot is free; twice as many as `keys` at least.
        keys: int64, layers by number.
        tags: int64, origin and link type by number.
        known: How many there are.
        rest: What layers get as their number that are met when `keys` is full; -1 to end there.
        numbers: int32, filled.

    Returns:
        Pieces that have their number: fewer than all where it has ended; how many layers are known then.
    """
    mask = len(slots) - 1
    last = -1
    for i in range(len(layer)):
        value = int(layer[i])
        tag = (int(origin[i]) & 0xFF) << 16 | int(link[i]) & 0xFFFF
        if last >= 0 and keys[last] == value and tags[last] == tag:
            numbers[i] = last
            continue
        at = slot_of(value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF, tag, seed, len(slots))
        while slots[at] >= 0 and (keys[slots[at]] != value or tags[slots[at]] != tag):
            at = (at + 1) & mask
        if slots[at] < 0:
            if known == len(keys):
                if rest < 0:
                    return i, known
                numbers[i] = rest
                continue
            keys[known] = value
            tags[known] = tag
            slots[at] = known
            known += 1
        last = int(slots[at])
        numbers[i] = last
    return len(layer), known


@kernel()
def first_sights(packet: Any, before: int, seed: Any, slots: Any, first: Any) -> None:
    """Find out which pieces are the first ones of their packet.

    Args:
        packet: int64, pktmon's numbers; those that are negative are nobody's.
        before: How many at the beginning were seen earlier.
        seed: Four secret numbers of 63 bits.
        slots: int32, -1 everywhere; a power of two of them, twice as many as packets at least.
        first: uint8, gets 1 where a packet is met for the first time.
    """
    mask = len(slots) - 1
    for i in range(len(packet)):
        number = int(packet[i])
        first[i] = 0
        if number < 0:
            continue
        at = slot_of(number & 0xFFFFFFFF, number >> 32, 0, seed, len(slots))
        while slots[at] >= 0 and packet[slots[at]] != number:
            at = (at + 1) & mask
        if slots[at] < 0:
            slots[at] = i
            first[i] = i >= before


def new_seed() -> NDArray[np.int64]:
    """Four numbers of 63 bits that nobody knows."""
    return np.array([secrets.randbits(63) for _ in range(4)], np.int64)


def free_slots(count: int) -> NDArray[np.int32]:
    """A table for `count` numbers."""
    return np.full(max(1 << (2 * count).bit_length(), _SMALLEST), -1, np.int32)


@dataclass(slots=True)
class Layers:
    """At which layers packets were seen, and of which layer they are taken.

    ndiscap: of each interface the layer below which most packets were seen. pktmon: where it counts how often it has met a packet, its
    first sight; otherwise the component that is a network card, or the one with most packets.
    """

    seen: Counter[int] = field(default_factory=Counter)
    """Frames of ndiscap by layer."""
    components: Counter[int] = field(default_factory=Counter)
    """Packets of pktmon that it does not count, by component."""
    cards: set[int] = field(default_factory=set)
    """pktmon's components that are network cards."""
    names: dict[int, str] = field(default_factory=dict)
    """Of pktmon's components; text from the file."""
    beyond: int = 0
    """Records of packets at layers that were met when there were `TRACE_LAYERS`: none of them is taken."""
    _keys: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_SMALLEST, np.int64))
    _tags: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_SMALLEST, np.int64))
    _slots: NDArray[np.int32] = field(default_factory=lambda: free_slots(_SMALLEST))
    _known: int = 0
    _counts: bool = False
    """Whether pktmon counts how often it has met packets."""
    _is_chosen: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    _before: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _seed: NDArray[np.int64] = field(default_factory=new_seed)

    def warm(self, pieces: Pieces) -> None:
        """Call every kernel, on no pieces."""
        self.numbers(pieces)
        first_sights(pieces.packet, 0, self._seed, self._slots.copy(), np.zeros(0, np.uint8))

    def numbers(self, pieces: Pieces | Runs) -> NDArray[np.int32]:
        """Of each piece (or run of pieces) the number of its layer, origin and link type; `TRACE_LAYERS` where so many were met before."""
        numbers = np.zeros(len(pieces.layer), np.int32)
        first = 0
        while True:
            rest = slice(first, None)
            columns = (pieces.layer[rest].view(np.int64), pieces.origin[rest], pieces.link[rest])
            beyond = TRACE_LAYERS if len(self._keys) >= TRACE_LAYERS else -1
            done, self._known = number_layers(*columns, self._seed, self._slots, self._keys, self._tags, self._known, beyond, numbers[rest])
            first += done
            if first == len(numbers):
                return numbers
            self._grow()

    def _grow(self) -> None:
        self._keys = np.concatenate((self._keys, np.zeros_like(self._keys)))
        self._tags = np.concatenate((self._tags, np.zeros_like(self._tags)))
        self._slots = free_slots(len(self._keys))
        known = slice(self._known)
        tags = self._tags[known]
        origin, link = (tags >> 16).astype(np.uint8), (tags & 0xFFFF).astype(np.uint16)
        keys, numbers = self._keys[known].copy(), np.zeros(self._known, np.int32)
        number_layers(keys, origin, link, self._seed, self._slots, self._keys, self._tags, 0, -1, numbers)

    def layer(self, number: int) -> tuple[int, int, int]:
        """The layer that has a number, its origin and link type."""
        return int(self._keys[number]) & _ALL, int(self._tags[number]) >> 16, int(self._tags[number]) & 0xFFFF

    def survey(self, records: Records, runs: Runs) -> None:
        """Count what records hold, before any is taken."""
        numbers = self.numbers(runs)
        is_known = numbers < TRACE_LAYERS
        counts = np.zeros(self._known, np.int64)
        np.add.at(counts, numbers[is_known], runs.told[is_known])
        for number in np.flatnonzero(counts).tolist():
            layer, origin, _ = self.layer(number)
            (self.seen if origin == OF_NDISCAP else self.components)[layer] += int(counts[number])
        self.beyond += int(runs.pieces[~is_known].sum())
        self._counts = self._counts or bool(runs.numbered.any())
        for row in np.flatnonzero(is_from(records, PKTMON, COMPONENT) & (records.length >= 4)).tolist():
            self._name(records, row)

    def _name(self, records: Records, row: int) -> None:
        begin, end = int(records.begin[row]), int(records.begin[row] + records.length[row])
        component, kind = np.frombuffer(records.data[begin : begin + 4].tobytes(), "<u2").tolist()
        if kind == _NETWORK_CARD:
            self.cards.add(component)
        text = records.data[begin + 4 : min(end, begin + 4 + _LONGEST_NAME)].tobytes().decode("utf-16-le", "replace")
        self.names[component] = text.partition("\0")[0]

    def choose(self) -> None:
        """Decide, when all records were surveyed."""
        best: dict[int, tuple[int, int]] = {}
        for layer, count in self.seen.items():
            best[layer >> 32] = max(best.get(layer >> 32, (0, 0)), (count, -layer))
        chosen = {-layer for _, layer in best.values()}
        cards = {component for component in self.components if component in self.cards}
        common = {component for component, _ in self.components.most_common(1)}
        components = cards or common
        known = zip(self._keys[: self._known].view(np.uint64).tolist(), (self._tags[: self._known] >> 16).tolist(), strict=True)
        self._is_chosen = np.array([layer in (chosen if origin == OF_NDISCAP else components) for layer, origin in known], np.bool_)

    @property
    def takes_all(self) -> bool:
        """Whether all pieces that were surveyed are wanted."""
        return not self._counts and not self.beyond and len(self._is_chosen) == self._known and bool(self._is_chosen.all())

    def wanted(self, pieces: Pieces, numbers: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which pieces are taken; to be asked once for each, in the order of time.

        Args:
            pieces: The next ones.
            numbers: Of their layers; all of them were surveyed.
        """
        more = self._known - len(self._is_chosen)  # of a file that has changed meanwhile
        if more:
            self._is_chosen = np.concatenate((self._is_chosen, np.zeros(more, np.bool_)))
        counted = pieces.packet >= 0
        is_known = numbers < TRACE_LAYERS
        chosen: NDArray[np.bool_] = is_known & self._is_chosen[np.where(is_known, numbers, 0)]
        if not counted.any():
            return chosen
        packets = np.concatenate((self._before, pieces.packet))
        first = np.empty(len(packets), np.uint8)
        first_sights(packets, len(self._before), self._seed, free_slots(len(packets)), first)
        self._before = pieces.packet[counted]
        return np.where(counted, is_known & (first[len(packets) - len(counted) :] != 0), chosen)
