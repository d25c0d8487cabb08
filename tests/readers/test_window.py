"""Blocks of the file: frames that straddle them are whole, batches stay valid as long as promised, memory follows the file."""

from __future__ import annotations

import pytest
from readers.captures import block, enhanced, interface, option, pcap_header, read, record, section, simple
from readers.conftest import Write

from netsleuth_tui.readers.limits import FIRST_BLOCK_BYTES
from netsleuth_tui.readers.opening import open_in_blocks

FRAMES = [bytes([i]) * (i * 7 % 50) for i in range(40)]
PCAP = pcap_header() + b"".join(record(f, i * 1000) for i, f in enumerate(FRAMES))
PCAPNG = (
    section(option(1, b"comment"))
    + interface()
    + b"".join(
        enhanced(f, i, options=option(1, b"frame") if i % 3 == 0 else b"") + block(0xBAD, bytes(i)) for i, f in enumerate(FRAMES[:30])
    )
    + section(order=">")
    + interface(order=">")
    + b"".join(simple(f, order=">") for f in FRAMES[30:])
)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("content", [PCAP, PCAPNG], ids=["pcap", "pcapng"])
@pytest.mark.parametrize("size", [*range(1, 80), 127, 1000])
def test_frames_that_straddle_blocks_are_whole(write: Write, content: bytes, size: int) -> None:
    """Whatever the size of blocks, and so wherever they end, the frames, offsets and comments are the same."""
    path = write(content)
    whole = read(path)
    in_pieces = read(path, block=size, first=size)
    assert len(whole.frames) == 40
    assert (in_pieces.frames, in_pieces.comments, in_pieces.damage) == (whole.frames, whole.comments, [])


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("content", [PCAP, PCAPNG], ids=["pcap", "pcapng"])
@pytest.mark.parametrize("most", [1, 2, 7, 39, 40])
def test_batches_are_limited_in_frames(write: Write, content: bytes, most: int) -> None:
    """A block with more frames than a batch may have gives several batches, in order."""
    path = write(content)
    result = read(path, frames=most)
    assert result.frames == read(path).frames
    assert max(result.batches) == most


@pytest.mark.parametrize("size", [60, 200, 4096])
@pytest.mark.parametrize("most", [1, 3, 1000])
@pytest.mark.parametrize("content", [PCAP, PCAPNG], ids=["pcap", "pcapng"])
def test_a_batch_is_valid_until_the_fourth_next_one_is_asked_for(write: Write, content: bytes, size: int, most: int) -> None:
    """Three later batches leave its arrays and its bytes alone."""
    path = write(content)
    expected = [f.data for f in read(path).frames]
    kept: list[tuple[object, list[bytes]]] = []
    seen = []
    for batch in open_in_blocks(str(path), block=size, first=size, frames=most).batches():
        frames = [batch.data[s : s + n].tobytes() for s, n in zip(batch.start[: batch.count], batch.cap_len[: batch.count], strict=True)]
        kept = [*kept[-3:], (batch, frames)]
        seen += frames
        for earlier, content_then in kept:
            now = zip(earlier.start[: earlier.count], earlier.cap_len[: earlier.count], strict=True)  # type: ignore[attr-defined]
            assert [earlier.data[s : s + n].tobytes() for s, n in now] == content_then  # type: ignore[attr-defined]
    assert seen == expected


def test_the_first_batch_comes_from_the_first_256_kib(write: Write) -> None:
    """Something to see at once; later blocks are larger."""
    counts = read(write(pcap_header() + record(bytes(1008)) * 5000)).batches
    assert counts[0] == (FIRST_BLOCK_BYTES - 24) // 1024
    assert counts[1] > 10 * counts[0]


def test_a_small_file_takes_little_memory(write: Write) -> None:
    """Buffers are no larger than what can come."""
    reader = open_in_blocks(str(write(PCAP)))
    list(reader.batches())
    assert sum(len(b) for b in reader._window._buffers) < 3 * len(PCAP)


def test_a_long_frame_does_not_keep_its_memory(write: Write) -> None:
    """After a frame of 20 MB, blocks are of the usual size again."""
    content = pcap_header(link=231) + record(bytes(20_000_000)) + record(bytes(1000)) * 30_000
    reader = open_in_blocks(str(write(content)), block=1 << 20)
    count = sum(batch.count for batch in reader.batches())
    assert count == 30_001
    assert max(len(b) for b in reader._window._buffers) < 8_000_000


def test_closing_the_generator_ends_the_reading(write: Write) -> None:
    """The file is given back."""
    reader = open_in_blocks(str(write(PCAP)), frames=1)
    batches = reader.batches()
    next(batches)
    batches.close()
    assert reader._disk._file.closed
    assert reader.damage == []


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("run", [1, 11, 12, 13, 40])
def test_runs_of_plain_and_of_commented_blocks_alternate(write: Write, run: int) -> None:
    """However many easy blocks follow each other, frames and comments are in order."""
    part = b"".join(enhanced(bytes([i]), i) for i in range(run)) + enhanced(b"odd", 7, options=option(1, b"c"))
    result = read(write(section() + interface() + part * 5))
    assert [f.data for f in result.frames] == [*(bytes([i]) for i in range(run)), b"odd"] * 5
    assert [f.time for f in result.frames] == [*(i * 1000 for i in range(run)), 7000] * 5
    assert [c.offset for c in result.comments] == [f.offset for f in result.frames if f.data == b"odd"]
