"""Values of event logs as texts, held against what the evtx library makes of the same bytes."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from event_logs import library_json, log_of
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.decode.evtx_values import spelled

TICKS = 133_500_000_000_025_543


def wide(text: str) -> bytes:
    """UTF-16 as a log has it."""
    return text.encode("utf-16-le", "surrogatepass")


SAME = {
    "text": (1, wide("abc")),
    "text with NUL": (1, wide("abc\0")),
    "controls": (1, wide("a\x1b[31m\r\n\tb")),
    "spaces": (1, wide("  x ")),
    "beyond 16 bits": (1, wide("\N{PILE OF POO} é")),
    "ansi": (2, b"ab\xe9\x80\x81\0"),
    "int8": (3, b"\xff"),
    "uint8": (4, b"\xff"),
    "int16": (5, b"\xfe\xff"),
    "uint16": (6, b"\xfe\xff"),
    "int32": (7, b"\xfe\xff\xff\xff"),
    "uint32": (8, b"\xfe\xff\xff\xff"),
    "int64": (9, b"\xfe" + b"\xff" * 7),
    "least int64": (9, bytes(7) + b"\x80"),
    "uint64": (10, b"\xfe" + b"\xff" * 7),
    "float": (11, struct.pack("<f", 1.1)),
    "whole float": (11, struct.pack("<f", 16777216)),
    "double": (12, struct.pack("<d", 1.1)),
    "small double": (12, struct.pack("<d", 1e-7)),
    "large double": (12, struct.pack("<d", 1e300)),
    "no number": (12, struct.pack("<d", float("nan"))),
    "true": (13, struct.pack("<I", 1)),
    "false": (13, struct.pack("<I", 0)),
    "neither": (13, struct.pack("<I", 2)),
    "binary": (14, b"\x00\xab\xcd"),
    "guid": (15, bytes(range(16))),
    "size": (16, struct.pack("<Q", 255)),
    "system time": (18, struct.pack("<8H", 2024, 1, 3, 17, 21, 26, 5, 7)),
    "leap day": (18, struct.pack("<8H", 2024, 2, 4, 29, 23, 59, 59, 999)),
    "no system time": (18, bytes(16)),
    "sid": (19, bytes([1, 2, 0, 0, 0, 0, 0, 5]) + struct.pack("<2I", 32, 544)),
    "long authority": (19, bytes([1, 1, 0, 1, 0, 0, 0, 5]) + struct.pack("<I", 32)),
    "hex32": (20, struct.pack("<I", 0xABC)),
    "hex64": (21, b"\xff" * 8),
    "zero": (20, bytes(4)),
}


@pytest.fixture(scope="module")
def spelled_by_library(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the library says."""
    path = tmp_path_factory.mktemp("values") / "values.evtx"
    path.write_bytes(log_of(SAME))
    (event,) = library_json(path)
    say = {True: "true", False: "false"}
    return {name: say[value] if isinstance(value, bool) else str(value) for name, value in event["Event"]["EventData"].items()}


@pytest.mark.parametrize("name", SAME)
def test_values_read_as_the_library_says(name: str, spelled_by_library: dict[str, str]):
    """All types of value, and the forms that they come in."""
    kind, value = SAME[name]
    assert spelled(value, kind) == spelled_by_library[name]


def test_nothing_is_lost_that_the_library_loses():
    """Unpaired surrogates, what stands behind a NUL, and the last digit of times are kept."""
    assert spelled(wide("a\ud800b"), 1) == "a\ud800b"
    assert spelled(wide("a\0b\0"), 1) == "a\0b"
    assert spelled(struct.pack("<Q", TICKS), 17) == "2024-01-17T21:20:00.0025543Z"
    assert spelled(b"\xff" * 8, 17) == "0xffffffffffffffff"
    assert spelled(b"a\0b\0c", 1) == "ab"
    assert spelled(b"\1\2", 8) == "513"
    assert spelled(b"abc", 0x22) == "616263"
    assert spelled(bytes([1, 5, 0, 0, 0, 0, 0, 5]) + struct.pack("<2I", 32, 544), 19) == "S-1-5-32-544"


@given(st.integers(0, 2_650_467_743_999_999_999))
def test_times_are_those_of_the_calendar(ticks: int):
    """Every FILETIME up to the year 9999."""
    moment = datetime(1601, 1, 1) + timedelta(microseconds=ticks // 10)  # noqa: DTZ001 - UTC, as its text says
    assert spelled(struct.pack("<Q", ticks), 17) == f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}{ticks % 10}Z"


@given(st.sampled_from("bBhHiIqQ").flatmap(lambda form: st.tuples(st.just(form), st.binary(min_size=8, max_size=8))))
def test_integers_are_those_of_struct(value: tuple[str, bytes]):
    """Every width, with and without a sign."""
    form, raw = value
    raw = raw[: struct.calcsize(f"<{form}")]
    assert spelled(raw, 3 + "bBhHiIqQ".index(form)) == str(struct.unpack(f"<{form}", raw)[0])


@given(st.integers(0, 0x7F), st.binary(max_size=80))
def test_any_bytes_of_any_type_have_a_text(kind: int, value: bytes):
    """Whatever the type and the length, there is a text, and it is UTF-8 again."""
    spelled(value, kind).encode("utf-8", "surrogatepass")


def test_arrays_become_fields_with_numbers(tmp_path: Path):
    """Each item of an array is a field; a name that comes again has a number behind it."""
    from event_logs import data_of, load

    path = tmp_path / "arrays.evtx"
    path.write_bytes(
        log_of(
            {"X": (0x81, wide("a\0\0b\0")), "Y": (8, struct.pack("<I", 5))},
            {"X": (0x81, wide("a\0\0b\0c")), "Y": (8, struct.pack("<I", 6))},
            {"X": (0x88, struct.pack("<2I", 1, 2)), "Y": (8, struct.pack("<I", 7))},
        )
    )
    store = load(path)
    assert [data_of(store, row) for row in range(3)] == [
        {"X": "a", "X2": "", "X3": "b", "Y": "5"},
        {"X": "a", "X2": "", "X3": "b", "X4": "c", "Y": "6"},
        {"X": "1", "X2": "2", "Y": "7"},
    ]
