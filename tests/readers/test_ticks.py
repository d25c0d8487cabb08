"""Times of pcapng: exact for every resolution and offset, computed with integers alone."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import floor

import numba
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netsleuth_tui.readers.ticks import NO_TIME, Clock, ticks_to_ns

LIMIT = 4_611_686_018 * 10**9


def _exact(ticks: int, resolution: int, offset: int) -> int:
    """The same by fractions."""
    unit = Fraction(1, 2 ** (resolution & 127)) if resolution & 128 else Fraction(1, 10**resolution)
    ns = floor(ticks * unit * 10**9) + offset * 10**9
    return ns if -LIMIT <= ns < LIMIT else NO_TIME


@pytest.fixture(params=["plain", "compiled"], scope="module")
def convert(request: pytest.FixtureRequest) -> Callable[..., int]:
    """The conversion, plain or compiled."""
    if request.param == "plain":
        return ticks_to_ns
    request.getfixturevalue("compiled")

    @numba.njit
    def call(high: int, low: int, power: int, binary: int, offset: int) -> int:
        return ticks_to_ns(high, low, power, binary, offset)

    return call


def _exact_seconds(ticks: int, resolution: int) -> int:
    """Whole seconds of ticks, without any offset."""
    return ticks >> (resolution & 0x7F) if resolution >= 0x80 else ticks // 10**resolution


@given(
    ticks=st.integers(0, 2**64 - 1) | st.integers(0, 2**33) | st.builds(lambda n: 2**64 - 1 - n, st.integers(0, 9)),
    resolution=st.integers(0, 255),
    offset=st.sampled_from([0, 0, 1, -1]) | st.integers(-(10**10), 10**10) | st.integers(-(2**63), 2**63 - 1),
)
@example(ticks=2**64 - 1, resolution=0, offset=0)
@example(ticks=2**63, resolution=129, offset=-(2**62))
@example(ticks=2**64 - 1, resolution=0x80 | 31, offset=0)
@example(ticks=2**62, resolution=0, offset=-(2**61) + 4_611_686_017)
def test_equals_fractions(convert: Callable[..., int], ticks: int, resolution: int, offset: int) -> None:
    """Floor of ticks times resolution, plus the offset, or no time where int64 nanoseconds do not reach."""
    clock = Clock(resolution, offset)
    expected = _exact(ticks, resolution, offset)
    if _exact_seconds(ticks, resolution) >= 2**61:
        expected = NO_TIME  # seconds and offset beyond 10**18 that cancel each other out are not followed
    assert convert(ticks >> 32, ticks & 0xFFFFFFFF, clock.power, int(clock.is_binary), clock.clipped_offset) == expected


@given(ticks=st.integers(0, 2**62 - 1), resolution=st.integers(0, 255), offset=st.integers(-(10**10), 10**10))
def test_the_short_way_is_exact_where_it_holds(ticks: int, resolution: int, offset: int) -> None:
    """Up to its limit, factor and summand give the same result as fractions, without overflow."""
    clock = Clock(resolution, offset)
    factor, summand, limit = clock.quick
    if ticks <= limit:
        ns = ticks * factor + summand
        assert -(2**63) < ns < 2**63
        assert ns == _exact(ticks, resolution, offset)
