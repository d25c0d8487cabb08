"""Nested networks laid flat: every address belongs to the longest prefix that it is in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.places.steps import BITS, HALF, NOTHING, Networks, Sought, steps_of


@st.composite
def _networks(draw: st.DrawFn, bits: int) -> list[tuple[int, int]]:
    """Addresses and prefix lengths that crowd around few places, so that networks nest, touch and repeat."""
    bases = draw(st.lists(st.integers(0, (1 << bits) - 1), min_size=1, max_size=3))
    bases += [0, (1 << bits) - 1]
    found = []
    for _ in range(draw(st.integers(0, 12))):
        length = draw(st.sampled_from([0, 1, 8, bits // 2 - 1, bits // 2, bits // 2 + 1, bits - 9, bits - 2, bits - 1, bits]))
        shift = draw(st.integers(-2, 2)) << (bits - length)
        found.append((((draw(st.sampled_from(bases)) + shift) % (1 << bits)) >> (bits - length) << (bits - length), length))
    return found


def _brute(networks: list[tuple[int, int]], address: int, bits: int) -> int:
    """The number of the longest prefix that an address is in, the last of equal ones."""
    inside = [(length, number) for number, (first, length) in enumerate(networks) if address >> (bits - length) == first >> (bits - length)]
    return max(inside)[1] if inside else NOTHING


@given(_networks(32), _networks(128), st.lists(st.integers(0, (1 << 128) - 1), max_size=5))
def test_every_address_has_the_code_of_its_longest_prefix(
    networks4: list[tuple[int, int]], networks6: list[tuple[int, int]], others: list[int]
) -> None:
    """Beside every border, and anywhere, as a walk over all networks finds it."""
    made = {}
    for bits, networks in ((32, networks4), (128, networks6)):
        made[bits] = Networks([], [], [])
        for code, (first, length) in enumerate(networks):
            made[bits].add(first, first + (1 << (bits - length)) - 1, code)
    steps = steps_of(made[32], made[128])
    for version, networks in ((4, networks4), (6, networks6)):
        bits = BITS[version]
        edges = {edge for first, length in networks for edge in (first, first + (1 << (bits - length)) - 1)}
        asked = {(edge + near) % (1 << bits) for edge in edges for near in (-1, 0, 1)} | {other % (1 << bits) for other in others}
        # What is carried inside an IPv6 address is another test's.
        plain = sorted(address for address in asked if version == 4 or address >> 32 not in {0xFFFF, 0x64FF9B << 64})
        sought = Sought.of(
            np.full(len(plain), version, np.uint8),
            np.array([address >> 64 for address in plain], np.uint64),
            np.array([address & HALF for address in plain], np.uint64),
        )
        assert sought.spread(*steps.at(sought)).tolist() == [_brute(networks, address, bits) for address in plain]
    assert np.all(np.diff(steps.starts4.astype(np.int64)) > 0)
    assert np.all(np.diff(steps.codes4) != 0)


def test_no_networks_know_nothing() -> None:
    """Tables without a network still answer."""
    steps = steps_of(Networks([], [], []), Networks([], [], []))
    sought = Sought.of(np.array([4, 6], np.uint8), np.array([0, 1], np.uint64), np.array([5, HALF], np.uint64))
    assert sought.spread(*steps.at(sought)).tolist() == [NOTHING, NOTHING]


def test_no_addresses_are_no_answers() -> None:
    """A capture without IP."""
    none = np.empty(0, np.uint64)
    sought = Sought.of(np.empty(0, np.uint8), none, none)
    assert len(sought.spread(*steps_of(Networks([], [], []), Networks([], [], [])).at(sought))) == 0
