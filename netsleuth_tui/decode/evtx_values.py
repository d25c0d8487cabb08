"""Values of event logs as texts, by their type: [MS-EVEN6] 2.2.12 has the types, and libevtx's description how they lie.

The texts are those that Event Viewer's XML has, as far as it can be: decimal and hexadecimal numbers as declared, SIDs, GUIDs in upper
case, times in ISO 8601 with the 100 ns that the file has. A text keeps everything but the NULs at its end.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.octets import POSITION, Octets, le16, le32, octet
from netsleuth_tui.decode.texts import TextArrays, enter
from netsleuth_tui.jit import helper, kernel

__all__ = ["ARRAY", "BINXML", "EPOCH", "MOST_BYTES", "NOT_HERE", "NULL", "STRING", "item_size", "spell", "spelled", "translate"]

NULL, STRING, ANSI = 0x00, 0x01, 0x02
INT8, UINT64 = 0x03, 0x0A
REAL32, REAL64, BOOLEAN, BINARY, GUID, SIZE, FILETIME, SYSTEMTIME, SID, HEX32, HEX64 = range(0x0B, 0x16)
BINXML = 0x21
ARRAY = 0x80

EPOCH = 116_444_736_000_000_000
"""1970-01-01 as a FILETIME: 100 ns since 1601."""

MOST_BYTES = 3 * 65536 + 64
"""Bytes of the longest text that a value of 64 KiB can become."""

NOT_HERE = -1
DAY = 864_000_000_000

CP1252 = np.array(
    [
        0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039, 0x152, 0x8D, 0x17D, 0x8F,
        0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D, 0x17E, 0x178,
    ],
    np.int64,
)  # fmt: skip
"""Windows-1252 from 0x80 to 0x9F."""


@helper
def put_code_point(out: NDArray[np.uint8], at: int, point: int) -> int:
    """Write a code point as UTF-8 (a surrogate likewise), and return where the next one goes."""
    at &= POSITION
    if point < 0x80:
        out[at] = point
        return at + 1
    if point < 0x800:
        out[at] = 0xC0 | point >> 6
        out[at + 1] = 0x80 | point & 63
        return at + 2
    if point < 0x10000:
        out[at] = 0xE0 | point >> 12
        out[at + 1] = 0x80 | point >> 6 & 63
        out[at + 2] = 0x80 | point & 63
        return at + 3
    out[at] = 0xF0 | point >> 18
    out[at + 1] = 0x80 | point >> 12 & 63
    out[at + 2] = 0x80 | point >> 6 & 63
    out[at + 3] = 0x80 | point & 63
    return at + 4


@helper
def put_utf16(out: NDArray[np.uint8], data: Octets, start: int, length: int) -> int:
    """Write UTF-16 as UTF-8, without the NULs at its end, and return the length."""
    end = start + (length & ~1)
    while end > start and le16(data, end - 2) == 0:
        end -= 2
    at, to = start, 0
    while at < end:
        point = le16(data, at)
        at += 2
        if 0xD800 <= point < 0xDC00 and at < end:
            low = le16(data, at)
            if 0xDC00 <= low < 0xE000:
                point = 0x10000 + ((point - 0xD800) << 10) + low - 0xDC00
                at += 2
        to = put_code_point(out, to, point)
    return to


@helper
def put_ansi(out: NDArray[np.uint8], data: Octets, start: int, length: int) -> int:
    """Write Windows-1252 as UTF-8, without the NULs at its end, and return the length."""
    end = start + length
    while end > start and octet(data, end - 1) == 0:
        end -= 1
    to = 0
    for at in range(start, end):
        point = octet(data, at)
        if 0x80 <= point < 0xA0:
            point = int(CP1252[point - 0x80])
        to = put_code_point(out, to, point)
    return to


@helper
def put_digits(out: NDArray[np.uint8], at: int, number: int, least: int) -> int:
    """Write a number that is not negative in decimal, with at least so many digits, and return where the next character goes."""
    size = 1
    rest = number // 10
    while rest > 0:
        size += 1
        rest //= 10
    size = max(size, least)
    for i in range(size):
        out[(at + size - 1 - i) & POSITION] = 48 + number % 10
        number //= 10
    return at + size


@helper
def put_integer(out: NDArray[np.uint8], data: Octets, start: int, length: int, signed: bool) -> int:
    """Write an integer of 1, 2, 4 or 8 bytes in decimal, and return the length."""
    low = 0
    for i in range(min(length, 4)):
        low |= octet(data, start + i) << 8 * i
    high = 0
    for i in range(4, length):
        high |= octet(data, start + i) << 8 * (i - 4)
    to = 0
    if signed and octet(data, start + length - 1) >= 0x80:
        out[0] = 45
        to = 1
        if length < 4:
            low = (1 << 8 * length) - low
        else:
            low = 0x100000000 - low
            carry = low >> 32
            low &= 0xFFFFFFFF
            high = 0xFFFFFFFF - high + carry if length == 8 else 0
            low, high = (low, high & 0xFFFFFFFF) if length == 8 else (low if carry == 0 else 0, 0)
    # In two steps of a thousand millions: 64 bits without a sign do not fit the numbers here.
    upper = high * 4 + (low >> 30)  # above 2**30
    lower = low & 0x3FFFFFFF
    billions, left = upper // 1_000_000_000, upper % 1_000_000_000
    left = left * 1_073_741_824 + lower + billions * 73_741_824 * 1_000_000_000 % 1_000_000_000
    carried = billions * 73_741_824 + left // 1_000_000_000
    units = left % 1_000_000_000
    carried += billions * 1_000_000_000
    if carried > 0:
        to = put_digits(out, to, carried, 1)
        return put_digits(out, to, units, 9)
    return put_digits(out, to, units, 1)


@helper
def hex_digit(value: int, letters: int) -> int:
    """Return the character of a hexadecimal digit; `letters` is where A to F begin, less 10."""
    return 48 + value if value < 10 else letters + value


@helper
def put_hex(out: NDArray[np.uint8], data: Octets, start: int, length: int) -> int:
    """Write an integer of up to 8 bytes as 0x… without leading zeros, and return the length."""
    out[0] = 48
    out[1] = 120
    to = 2
    for i in range(2 * length - 1, -1, -1):
        digit = octet(data, start + (i >> 1)) >> 4 * (i & 1) & 15
        if digit or to > 2 or i == 0:
            out[to] = hex_digit(digit, 87)
            to += 1
    return to


@helper
def put_octets(out: NDArray[np.uint8], to: int, data: Octets, start: int, length: int) -> int:
    """Write bytes as pairs of hexadecimal digits, and return where the next character goes."""
    for i in range(length):
        value = octet(data, start + i)
        out[(to + 2 * i) & POSITION] = hex_digit(value >> 4, 55)
        out[(to + 2 * i + 1) & POSITION] = hex_digit(value & 15, 55)
    return to + 2 * length


@helper
def put_guid(out: NDArray[np.uint8], data: Octets, start: int) -> int:
    """Write a GUID, and return the length."""
    to = 0
    for i in range(16):
        at = 3 - i if i < 4 else 9 - i if i < 6 else 13 - i if i < 8 else i
        if i in (4, 6, 8, 10):
            out[to] = 45
            to += 1
        to = put_octets(out, to, data, start + at, 1)
    return to


@helper
def put_sid(out: NDArray[np.uint8], data: Octets, start: int, length: int) -> int:
    """Write a SID as far as there are bytes for it, and return the length."""
    out[0] = 83
    out[1] = 45
    to = put_digits(out, 2, octet(data, start), 1)
    authority = 0
    for i in range(2, 8):
        authority = authority << 8 | octet(data, start + i)
    out[to] = 45
    to = put_digits(out, to + 1, authority, 1)
    for i in range(min(octet(data, start + 1), (length - 8) >> 2)):
        out[to] = 45
        to = put_digits(out, to + 1, le32(data, start + 8 + 4 * i), 1)
    return to


@helper
def put_moment(out: NDArray[np.uint8], days: int, ticks: int, digits: int) -> int:
    """Write a time as ISO 8601, and return the length.

    Args:
        out: Where to.
        days: Since 1601-01-01.
        ticks: Of 100 ns since midnight.
        digits: Of the fraction of a second.
    """
    # Days since 0000-03-01, in eras of 400 years: the year begins in March, so that the leap day is its last.
    since = days + 584_694
    era = since // 146_097
    day = since - era * 146_097
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    to = put_digits(out, 0, year + era * 400 + (1 if month >= 10 else 0), 4)
    out[to] = 45
    to = put_digits(out, to + 1, month + 3 if month < 10 else month - 9, 2)
    out[to] = 45
    to = put_digits(out, to + 1, day - (153 * month + 2) // 5 + 1, 2)
    out[to] = 84
    seconds = ticks // 10_000_000
    to = put_digits(out, to + 1, seconds // 3600, 2)
    out[to] = 58
    to = put_digits(out, to + 1, seconds // 60 % 60, 2)
    out[to] = 58
    to = put_digits(out, to + 1, seconds % 60, 2)
    out[to] = 46
    fraction = ticks % 10_000_000
    to = put_digits(out, to + 1, fraction if digits == 7 else fraction // 10, digits)
    out[to] = 90
    return to + 1


@helper
def put_system_time(out: NDArray[np.uint8], data: Octets, start: int) -> int:
    """Write a SYSTEMTIME to the microsecond, and return the length; one that is no date is written as 1601-01-01."""
    year, month, day = le16(data, start), le16(data, start + 2), le16(data, start + 6)
    hour, minute, second = le16(data, start + 8), le16(data, start + 10), le16(data, start + 12)
    if not (1601 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60):
        return put_moment(out, 0, 0, 6)
    from_march = month - 3 if month > 2 else month + 9
    year -= 0 if month > 2 else 1
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * from_march + 2) // 5 + day - 1 - 584_694
    ticks = ((hour * 60 + minute) * 60 + second) * 10_000_000 + min(le16(data, start + 14), 999) * 10_000
    return put_moment(out, days, ticks, 6)


@helper
def spell(out: NDArray[np.uint8], data: Octets, start: int, length: int, kind: int) -> int:
    """Write a value's text as UTF-8, and return its length, -1 for a floating-point number.

    Args:
        out: Room for `MOST_BYTES`.
        data: Where the value lies, with eight readable bytes behind it.
        start: Of the value.
        length: Of the value in bytes, at most 65,535.
        kind: The type of the value; one that is not known is written as its bytes.
    """
    if kind == STRING:
        return put_utf16(out, data, start, length)
    if kind == ANSI:
        return put_ansi(out, data, start, length)
    whole = length == 1 or length == 2 or length == 4 or length == 8
    if INT8 <= kind <= UINT64 and whole:
        return put_integer(out, data, start, length, (kind & 1) == 1)
    if (kind == REAL32 and length == 4) or (kind == REAL64 and length == 8):
        return NOT_HERE
    if (kind == HEX32 or kind == HEX64 or kind == SIZE) and whole:
        return put_hex(out, data, start, length)
    if kind == GUID and length == 16:
        return put_guid(out, data, start)
    if kind == SID and length >= 8:
        return put_sid(out, data, start, length)
    if kind == FILETIME and length == 8:
        if octet(data, start + 7) >= 0x80:
            return put_hex(out, data, start, length)
        ticks = le32(data, start + 4) << 32 | le32(data, start)
        return put_moment(out, ticks // DAY, ticks % DAY, 7)
    if kind == SYSTEMTIME and length == 16:
        return put_system_time(out, data, start)
    if kind == BOOLEAN and whole:
        return put_boolean(out, data, start, length)
    return put_octets(out, 0, data, start, length)


@helper
def put_boolean(out: NDArray[np.uint8], data: Octets, start: int, length: int) -> int:
    """Write true or false, or the number where it is another one, and return the length."""
    rest = 0
    for i in range(1, length):
        rest |= octet(data, start + i)
    first = octet(data, start)
    if rest or first > 1:
        return put_integer(out, data, start, length, True)
    if first:
        out[0], out[1], out[2], out[3] = 116, 114, 117, 101
        return 4
    out[0], out[1], out[2], out[3], out[4] = 102, 97, 108, 115, 101
    return 5


@helper
def item_size(kind: int) -> int:
    """Return the bytes of an item in an array of numbers, times or GUIDs; 0 where they differ or are not known."""
    kind &= 0x7F
    if kind == 0x03 or kind == 0x04:
        return 1
    if kind == 0x05 or kind == 0x06:
        return 2
    if kind == 0x07 or kind == 0x08 or kind == REAL32 or kind == BOOLEAN or kind == HEX32:
        return 4
    if kind == 0x09 or kind == UINT64 or kind == REAL64 or kind == FILETIME or kind == HEX64:
        return 8
    return 16 if kind == GUID or kind == SYSTEMTIME else 0


@kernel()
def translate(
    held: NDArray[np.uint8],
    values: TextArrays,
    texts: TextArrays,
    text_data: NDArray[np.uint8],
    first: int,
    codes: NDArray[np.uint32],
    out: NDArray[np.uint8],
) -> tuple[int, int]:
    """Give values their texts, from code `first` on, and write the codes of these to `codes`, where nothing is left out.

    Args:
        held: `values.data`.
        values: What a thread met.
        texts: Where texts go; there may be too little room.
        text_data: `texts.data`.
        first: Code of the first value without a text.
        codes: By code of the value: the code of its text, 0 for those that need `spelled`.
        out: Room for `MOST_BYTES`.

    Returns:
        The code of the first value that has no text yet, because the room was used up; and 0.
    """
    for code in range(first, int(values.given[0])):
        start = int(values.starts[code])
        length = int(values.starts[code + 1]) - start
        given = int(texts.given[0])
        if given + 2 > texts.kinds.shape[0] or int(texts.starts[given]) + 3 * length + 128 > text_data.shape[0]:
            return code, 0
        size = spell(out, held, start, length, int(values.kinds[code]))
        codes[code] = 0 if size < 0 else enter(texts, text_data, out, 0, size, 0, True)
    return int(values.given[0]), 0


def spelled(value: bytes, kind: int) -> str:
    """The text of one value, of whatever type but an array."""
    if kind == NULL:
        return ""
    if kind == REAL32 and len(value) == 4:
        return _real(repr(float(str(np.float32(struct.unpack("<f", value)[0])))))
    if kind == REAL64 and len(value) == 8:
        return _real(repr(struct.unpack("<d", value)[0]))
    out = bytearray(3 * len(value) + 128)
    size = spell(out, memoryview(value + bytes(8)), 0, len(value), kind)  # type: ignore[arg-type] # plain Python writes there as well
    return bytes(out[:size]).decode("utf-8", "surrogatepass")


def _real(text: str) -> str:
    """As Rust and JavaScript write it: no zeros in front of the exponent, NaN, Infinity."""
    mantissa, mark, exponent = text.partition("e")
    if mark:
        return f"{mantissa}e{exponent[0]}{exponent[1:].lstrip('0')}" if exponent[0] in "+-" else f"{mantissa}e+{exponent}"
    return {"nan": "NaN", "inf": "inf", "-inf": "-inf"}.get(text, text)
