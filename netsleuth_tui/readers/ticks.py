"""pcapng time stamps to nanoseconds, exactly: 64-bit ticks of any if_tsresol, plus if_tsoffset (draft-ietf-opsawg-pcapng 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

from netsleuth_tui.jit import helper

__all__ = ["MICROSECONDS", "NO_TIME", "Clock", "ticks_to_ns"]

NO_TIME = -(2**63)
"""`decode.columns.NO_TIME`, which this room does not import."""

MICROSECONDS = 6
"""if_tsresol of an interface that does not state it."""

_LOW_32 = 0xFFFFFFFF
_SECOND = 1_000_000_000
_SECONDS_LIMIT = 4_611_686_018
"""Whole seconds from the epoch, either way (1823 to 2116), that are taken for a time: the difference of any two fits int64 nanoseconds."""
_SECONDS_CLIPPED = 2**61


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of an interface.

    Args:
        resolution: if_tsresol as in the file: 10**-v seconds per tick, or 2**-(v & 127) if bit 7 is set.
        offset: if_tsoffset, seconds added to every time stamp.
    """

    resolution: int = MICROSECONDS
    offset: int = 0

    @property
    def power(self) -> int:
        """Exponent of the resolution."""
        return self.resolution & 0x7F

    @property
    def is_binary(self) -> bool:
        """Whether the base is 2."""
        return self.resolution >= 0x80

    @property
    def clipped_offset(self) -> int:
        """The offset, so far clipped that seconds and offset add up in 64 bits; what is clipped away is impossible anyhow."""
        return max(-_SECONDS_CLIPPED, min(self.offset, _SECONDS_CLIPPED - 1))

    @property
    def quick(self) -> tuple[int, int, int]:
        """Factor and summand of the short way `ticks * factor + summand`, and the highest ticks for which it holds; -1 if for none."""
        if self.is_binary or self.power > 9 or abs(self.offset) >= _SECONDS_LIMIT:
            return 0, 0, -1
        factor = 10 ** (9 - self.power)
        # Half of the range each: the sum cannot leave it.
        return factor, self.offset * _SECOND, (2**61 - 1) // factor if abs(self.offset) * _SECOND < 2**61 else -1


@helper
def ticks_to_ns(high: int, low: int, power: int, binary: int, offset: int) -> int:
    """Nanoseconds since the epoch, rounded down.

    Args:
        high: Upper 32 bits of the ticks.
        low: Lower 32 bits.
        power: Exponent of the resolution, 0 to 127.
        binary: 1 if the base is 2, 0 if it is 10.
        offset: Seconds to add, within 2**61 either way.

    Returns:
        The time, or NO_TIME if it is no time that a capture can have (see `_SECONDS_LIMIT`).
    """
    if binary:
        seconds, nanoseconds = _binary(high, low, power)
    elif power > 9:
        seconds, nanoseconds = _fine(high, low, power - 9)
    else:
        seconds, nanoseconds = _coarse(high, low, power)
    if seconds >= _SECONDS_CLIPPED:
        return NO_TIME  # whatever the offset is: so many seconds are not followed
    seconds += offset
    if seconds >= _SECONDS_LIMIT or seconds < -_SECONDS_LIMIT:
        return NO_TIME
    return seconds * _SECOND + nanoseconds


@helper
def _binary(high: int, low: int, power: int) -> tuple[int, int]:
    """Seconds (2**61 for more than that) and nanoseconds of ticks of 2**-power seconds."""
    seconds = 0
    upper = 0
    lower = low
    if power >= 64:
        upper = high
    elif power >= 32:
        seconds = high >> (power - 32)
        upper = high & ((1 << (power - 32)) - 1)
    else:
        if high >> min(power + 30, 32):
            return _SECONDS_CLIPPED, 0
        seconds = high << (32 - power) | low >> power
        lower = low & ((1 << power) - 1)
    # The fraction times 10**9 has up to 94 bits: `more` above the 32 of `less`.
    less = lower * _SECOND
    more = upper * _SECOND + (less >> 32)
    less &= _LOW_32
    if power < 32:
        return seconds, more << (32 - power) | less >> power
    return seconds, more >> min(power - 32, 63)


@helper
def _fine(high: int, low: int, surplus: int) -> tuple[int, int]:
    """Seconds and nanoseconds of ticks of 10**-(9 + surplus) seconds, surplus > 0."""
    # floor(floor(t / a) / b) == floor(t / (a * b)): divide step by step, first by no more than 10**9
    divisor = 10
    done = 1
    while done < min(surplus, 9):
        divisor *= 10
        done += 1
    quotient = (high // divisor << 32) + ((high % divisor) << 32 | low) // divisor
    while done < surplus and quotient > 0:
        quotient //= 10
        done += 1
    return quotient // _SECOND, quotient % _SECOND


@helper
def _coarse(high: int, low: int, power: int) -> tuple[int, int]:
    """Seconds (2**61 for more than that) and nanoseconds of ticks of 10**-power seconds, power <= 9."""
    divisor = 1
    factor = _SECOND
    for _ in range(power):
        divisor *= 10
        factor //= 10
    if high // divisor >> 30:
        return _SECONDS_CLIPPED, 0
    rest = (high % divisor) << 32 | low
    return (high // divisor << 32) + rest // divisor, rest % divisor * factor
