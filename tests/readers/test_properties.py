"""Properties of made captures: they come back as made, lies cost only what lies behind them, and reading always ends."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers.captures import (
    KUZNETZOV,
    MICRO,
    NANO,
    NO_TIME,
    Read,
    block,
    enhanced,
    interface,
    obsolete,
    option,
    pcap_header,
    read,
    record,
    section,
    simple,
)
from readers.conftest import Write

from netsleuth_tui.readers import UnreadableFile

pytestmark = pytest.mark.usefixtures("engine")
relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)

LAST_MICROSECOND = 4_611_686_018 * 10**6 - 1
"""Of 2116, after which nothing is taken for a time."""


@dataclass(frozen=True)
class Made:
    """A capture, and what is in it.

    Args:
        content: The file.
        frames: Data, wire length and time of each frame.
        ends: Where the file may end without damage: behind the header, and behind every record or block.
        lengths: Offset, width and byte order of every length field, and how many frames are before its record or block begins.
    """

    content: bytes
    frames: list[tuple[bytes, int, int]]
    ends: list[int]
    lengths: list[tuple[int, str, int, int]]


@st.composite
def made_pcap(draw: st.DrawFn) -> Made:
    """A pcap file of any variant."""
    order, magic = draw(st.sampled_from("<>")), draw(st.sampled_from([MICRO, NANO, KUZNETZOV]))
    content, frames, lengths = pcap_header(order, magic), [], []
    ends = [len(content)]
    for data in draw(st.lists(st.binary(max_size=40), max_size=12)):
        wire = draw(st.integers(len(data), 2**32 - 1))
        time = draw(st.integers(0, (2**32 - 1) * 10**6)) * 1000
        lengths.append((len(content) + 8, order + "I", len(frames), len(content)))
        content += record(data, time, wire, order, magic)
        frames.append((data, wire, time))
        ends.append(len(content))
    return Made(content, frames, ends, lengths)


@st.composite
def made_pcapng(draw: st.DrawFn) -> Made:
    """A pcapng file of several sections, with all kinds of blocks."""
    content, frames, ends, lengths = b"", [], [], []
    for _ in range(draw(st.integers(1, 3))):
        order = draw(st.sampled_from("<>"))
        parts: list[tuple[bytes, tuple[bytes, int, int] | None]] = [(section(order=order), None), (interface(order=order), None)]
        for kind in draw(st.lists(st.sampled_from(["enhanced", "options", "simple", "obsolete", "other"]), max_size=8)):
            data, ticks = draw(st.binary(max_size=40)), draw(st.integers(0, LAST_MICROSECOND))
            if kind == "simple":
                parts.append((simple(data, order=order), (data, len(data), NO_TIME)))
            elif kind == "obsolete":
                parts.append((obsolete(data, ticks, order=order), (data, len(data), ticks * 1000)))
            elif kind == "other":
                parts.append((block(draw(st.sampled_from([4, 10, 0xBAD, 77])), data, order), None))
            else:
                options = option(draw(st.integers(1, 5)), data[:9], order) if kind == "options" else b""
                parts.append((enhanced(data, ticks, options=options, order=order), (data, len(data), ticks * 1000)))
        for part, frame in parts:
            at = len(content)
            lengths += [(at + 4, order + "I", len(frames), at), (at + len(part) - 4, order + "I", len(frames), at)]
            content += part
            if frame:
                frames.append(frame)
            ends.append(len(content))
    return Made(content, frames, ends, lengths)


captures = made_pcap() | made_pcapng()


def lie(made: Made, index: int, value: int) -> tuple[bytes, int, int]:
    """The capture with one length field overwritten.

    Returns:
        The file, the frames before the record or block that lies, and where that begins.
    """
    at, code, before, begin = made.lengths[index]
    content = bytearray(made.content)
    struct.pack_into(code, content, at, value)
    return bytes(content), before, begin


def contents(result: Read) -> list[tuple[bytes, int, int]]:
    """Data, wire length and time of the frames that were read."""
    return [(f.data, f.wire, f.time) for f in result.frames]


@relaxed
@given(made=captures, size=st.integers(1, 300))
def test_made_captures_come_back_as_made(write: Write, made: Made, size: int) -> None:
    """Frames, and the bytes at their offsets, in blocks of any size."""
    result = read(write(made.content), block=size, first=size)
    assert contents(result) == made.frames
    assert result.damage == []
    assert all(made.content[f.offset : f.offset + len(f.data)] == f.data for f in result.frames)


@relaxed
@given(made=captures, data=st.data())
def test_a_truncated_capture_is_a_prefix(write: Write, made: Made, data: st.DataObject) -> None:
    """Whole frames are kept; where the file does not end between records, that is damage inside the last one."""
    cut = data.draw(st.integers(4, len(made.content)))
    result = read(write(made.content[:cut]))
    assert contents(result) == made.frames[: len(result.frames)]
    assert bool(result.damage) == (cut not in made.ends)
    if result.damage:
        assert max([0, *(e for e in made.ends if e <= cut)]) <= result.damage[0].offset <= cut


@relaxed
@given(made=captures.filter(lambda m: m.lengths), data=st.data())
def test_a_lie_costs_only_what_lies_behind_it(write: Write, made: Made, data: st.DataObject) -> None:
    """Frames before the record that lies are as made, and damage is not reported before it."""
    value = st.sampled_from([0, 1, 3, 8, 11, 12, 13, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF, 262_145]) | st.integers(0, 400)
    content, before, begin = lie(made, data.draw(st.integers(0, len(made.lengths) - 1)), data.draw(value))
    result = read(write(content))
    assert contents(result)[:before] == made.frames[:before]
    assert all(begin <= d.offset <= len(content) for d in result.damage)
    if content == made.content:
        assert not result.damage


@relaxed
@given(content=st.binary(max_size=400), head=st.sampled_from([pcap_header(), pcap_header(">", NANO), section() + interface()]))
def test_any_bytes_end(write: Write, content: bytes, head: bytes) -> None:
    """Whatever follows a good header, reading ends, and every frame it gives is inside the file."""
    result = read(write(head + content), block=64, first=64)
    assert all(f.offset + len(f.data) <= len(head + content) for f in result.frames)
    assert len(result.frames) <= len(content) // 12


@relaxed
@given(made=captures, flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=6))
def test_flipped_bits_do_no_harm(write: Write, made: Made, flips: list[tuple[int, int]]) -> None:
    """Anything but an exception of our own is a failure; frames end before the file does."""
    content = bytearray(made.content)
    for at, mask in flips:
        content[at % len(content)] ^= mask
    try:
        result = read(write(bytes(content)))
    except UnreadableFile:
        return
    assert all(f.offset + len(f.data) <= len(content) for f in result.frames)


@pytest.fixture
def in_every_form(compiled: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], list[Read]]:
    """Read a file with each form of the kernels."""
    from netsleuth_tui.readers import blocks, pcap

    def read_all(path: Path) -> list[Read]:
        results = []
        for form in ("sweep", "function", "compiled"):
            with monkeypatch.context() as patch:
                for kernel in (pcap.frame_records, blocks.frame_blocks):
                    patch.setattr(kernel, "compiled", compiled[kernel.__name__] if form == "compiled" else None)
                    if form == "function":
                        patch.setattr(kernel, "plain", None)
                results.append(read(path, frames=7))
        return results

    return read_all


@relaxed
@given(made=captures, flips=st.lists(st.tuples(st.integers(24, 10_000), st.integers(1, 255)), max_size=4))
def test_all_forms_of_the_kernels_agree(
    write: Write, in_every_form: Callable[[Path], list[Read]], made: Made, flips: list[tuple[int, int]]
) -> None:
    """The sweep, the plain function and the compiled kernel say the same of sound and of damaged captures."""
    content = bytearray(made.content)
    for at, mask in flips:
        if at < len(content):
            content[at] ^= mask
    first, *others = in_every_form(write(bytes(content)))
    assert all(other == first for other in others)


@relaxed
@given(made=captures)
def test_byte_order_makes_no_difference(write: Write, made: Made) -> None:
    """A little and a big endian capture of the same frames read the same."""
    pair = []
    for order in "<>":
        body = b"".join(record(d, max(t, 0), w, order) for d, w, t in made.frames if t < 2**32 * 10**9)
        pair.append(contents(read(write(pcap_header(order) + body))))
    assert pair[0] == pair[1]
