"""Compressed captures: read like plain ones, whole or in pieces, within limits, and damage costs only what lies behind it."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import random
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from readers.captures import pcap_header, read, record
from readers.conftest import Write

from netsleuth_tui.readers import UnreadableFile, open_capture, read_frame
from netsleuth_tui.readers.expansion import Expansion
from netsleuth_tui.readers.sources import FileSource

Compress = Callable[[bytes], bytes]

PACK: dict[str, Compress] = {
    "gzip": lambda b: gzip.compress(b, mtime=0),
    "zstd": lambda b: zstandard.ZstdCompressor(write_checksum=True).compress(b),
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}
SKIPPED = b"\x5a\x2a\x4d\x18\x04\0\0\0abcd"
_random = random.Random(7)  # noqa: S311 - noise, always the same
CAPTURE = pcap_header() + b"".join(record(_random.randbytes(_random.randrange(200)), i * 1000) for i in range(2000))


@pytest.fixture(params=sorted(PACK))
def kind(request: pytest.FixtureRequest) -> str:
    """Each compression in turn."""
    return str(request.param)


def test_reads_what_is_inside(write: Write, kind: str) -> None:
    """Frames and offsets are those of the plain capture; sizes and positions those of the file on disk."""
    plain = read(write(CAPTURE)).frames
    packed = PACK[kind](CAPTURE)
    path = write(packed)
    reader = open_capture(str(path))
    assert (reader.compression, reader.format, reader.size) == (kind, "pcap", len(packed))
    assert sum(batch.count for batch in reader.batches()) == 2000
    assert reader.position == len(packed)
    assert read(path).frames == plain
    assert read(path, block=777, first=1).frames == plain


def test_reads_concatenated_members(write: Write, kind: str) -> None:
    """As `cat a.gz b.gz` makes them, an empty one and padding among them."""
    pack = PACK[kind]
    packed = b"".join(pack(CAPTURE[i : i + 10_000]) for i in range(0, len(CAPTURE), 10_000)) + pack(b"")
    result = read(write(packed + bytes(8)))
    assert len(result.frames) == 2000
    assert (result.damage, result.notes) == ([], [])


def test_reads_zstd_with_frames_to_be_skipped(write: Write) -> None:
    """Before, between and behind frames with content (RFC 8878, 3.1.2)."""
    pack = PACK["zstd"]
    packed = SKIPPED + pack(CAPTURE[:5000]) + SKIPPED * 2 + pack(CAPTURE[5000:]) + SKIPPED
    assert len(read(write(packed)).frames) == 2000


def test_something_else_behind_the_end_is_noted(write: Write, kind: str) -> None:
    """It is not read, and that is said."""
    result = read(write(PACK[kind](CAPTURE) + b"something"))
    assert len(result.frames) == 2000
    assert result.notes == [f"9 bytes after the {kind} data are something else and were ignored"]
    assert result.damage == []


@pytest.mark.parametrize("part", [0.3, 0.7, 0.999])
def test_a_truncated_file_gives_what_came(write: Write, kind: str, part: float) -> None:
    """The frames are a prefix, the damage is where the expanded data end."""
    plain = read(write(CAPTURE)).frames
    packed = PACK[kind](CAPTURE)
    cut = int(len(packed) * part)
    try:
        result = read(write(packed[:cut]))
    except UnreadableFile:
        assert kind in {"bzip2", "zstd"}  # a block of theirs, of up to 900 and 128 kB, comes as a whole or not at all
        return
    assert result.frames == plain[: len(result.frames)]
    assert len(result.damage) == 1
    assert f"the {kind} data end too early, after {cut} bytes" in str(result.damage[0])
    if kind == "gzip":
        assert len(result.frames) > 2000 * part - 300


def test_a_wrong_checksum_keeps_every_frame(write: Write) -> None:
    """gzip: the fault lies behind all the data."""
    packed = bytearray(PACK["gzip"](CAPTURE))
    packed[-8] ^= 1
    result = read(write(bytes(packed)))
    assert len(result.frames) == 2000
    assert str(result.damage[0]) == f"damaged at byte {len(CAPTURE)}: the gzip data are damaged: incorrect data check"


def test_a_flipped_byte_keeps_what_is_before_it(write: Write, kind: str) -> None:
    """The frames are a prefix, but for those that the fault itself made."""
    plain = read(write(CAPTURE)).frames
    packed = bytearray(PACK[kind](CAPTURE))
    packed[len(packed) // 2] ^= 0xFF
    try:
        result = read(write(bytes(packed)))
    except UnreadableFile:
        assert kind == "bzip2"  # its only block is noise from the first byte on
        return
    same = sum(a == b for a, b in zip(result.frames, plain, strict=False))
    assert result.damage
    assert same >= len(result.frames) - 40
    if kind == "gzip":
        assert same > 900


@pytest.mark.parametrize("inner", [*sorted(PACK), "zip"])
def test_two_layers_are_read_and_three_are_not(write: Write, kind: str, inner: str) -> None:
    """An archive tool that packs what is packed already is common; frames can be read a second time through both."""
    plain = read(write(CAPTURE)).frames
    packed = PACK[kind](zipped(("a.pcap", CAPTURE)) if inner == "zip" else PACK[inner](CAPTURE))
    path = write(packed)
    reader = open_capture(str(path))
    assert reader.compression == f"{inner} in {kind}"
    batch = next(reader.batches())
    assert read_frame(str(path), reader.compression, int(batch.offset[5]), int(batch.cap_len[5]))
    reader.close()
    assert read(path).frames == plain
    with pytest.raises(UnreadableFile, match=rf"is compressed three times \({inner} in {kind} in gzip\) \(expand the gzip layer first\)"):
        open_capture(str(write(gzip.compress(packed))))


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def test_a_zip_archive_with_one_capture(write: Write) -> None:
    """Stored or deflated, plain or compressed once more, alone or beside files that are none."""
    plain = read(write(CAPTURE)).frames
    for content in (
        zipped(("x/a.pcap", CAPTURE)),
        zipped(("a.pcap", CAPTURE), method=zipfile.ZIP_STORED),
        zipped(("a.pcap.gz", gzip.compress(CAPTURE))),
        zipped(("readme.txt", b"hello"), ("a.pcap", CAPTURE), ("__MACOSX/a", b"x"), ("empty/", b"")),
    ):
        assert read(write(content)).frames == plain
    reader = open_capture(str(write(zipped(("readme.txt", b"hello"), ("a.pcap", CAPTURE)))))
    assert "a.pcap of the zip archive was read, 1 other file was not" in reader.notes
    reader.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped(), "holds nothing"),
        (zipped(("a.txt", b"hello")), "is not a capture"),
        (zipped(("a.txt", b"hello"), ("b.txt", b"hello")), "2 files, none of which is a capture: a.txt, b.txt"),
        (zipped(("a.pcap", CAPTURE), ("b.pcap", CAPTURE)), "2 captures: a.pcap, b.pcap"),
        (zipped(("a.pcap", CAPTURE), method=zipfile.ZIP_LZMA), "with a method that is not read"),
        (zipped(("a.pcap", CAPTURE))[:-30], "cannot be read"),
    ],
)
def test_other_zip_archives_say_what_they_are(write: Write, content: bytes, words: str) -> None:
    """And what to do."""
    with pytest.raises(UnreadableFile, match=words):
        open_capture(str(write(content)))


def test_a_zip_archive_of_a_bomb(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is followed as far as any other compression."""
    monkeypatch.setattr("netsleuth_tui.readers.zipped.EXPANSION_FREE", 1 << 20)
    monkeypatch.setattr("netsleuth_tui.readers.zipped.EXPANSION_FACTOR", 1)
    found = read(write(zipped(("a.pcap", pcap_header() + record(bytes(200), 0) * 50_000))))
    assert 4000 < len(found.frames) < 50_000
    assert any("as far as they are followed" in str(damage) for damage in found.damage)


def test_mutated_zip_archives_end(write: Write) -> None:
    """Whatever a byte of the archive says, reading ends with frames, damage or a message."""
    content = zipped(("a.pcap", CAPTURE[:5000]))
    mutate = random.Random(11)  # noqa: S311 - the same every time
    for _ in range(300):
        changed = bytearray(content)
        changed[mutate.randrange(-120 if mutate.random() < 0.5 else -len(content), 0)] = mutate.randrange(256)
        with contextlib.suppress(UnreadableFile):
            read(write(bytes(changed)))


def test_what_is_inside_is_named(write: Write, kind: str) -> None:
    """A compressed text is no capture, and nothing is nothing."""
    with pytest.raises(UnreadableFile, match=rf"is not a capture \(inside {kind}\)"):
        open_capture(str(write(PACK[kind](b"hello"))))
    with pytest.raises(UnreadableFile, match="holds nothing"):
        open_capture(str(write(PACK[kind](b""))))


def test_garbage_after_the_magic_number_is_refused(write: Write, kind: str) -> None:
    """A file that only begins like a compressed one."""
    with pytest.raises(UnreadableFile, match=r"damaged|too early|memory"):
        open_capture(str(write(PACK[kind](CAPTURE)[:6] + b"\xff" * 100)))


def test_an_expansion_bomb_stops_at_the_limit(write: Write, kind: str) -> None:
    """Reading ends where the data are a hundred times the file plus the allowance, and memory stays small."""
    packed = PACK[kind](pcap_header() + bytes(30_000_000))
    disk = FileSource(str(write(packed)))
    source = Expansion(disk, kind, free=1_000_000)  # type: ignore[arg-type]
    buffer = memoryview(bytearray(65_536))
    total = 0
    while count := source.read_into(buffer):
        total += count
    source.close()
    assert total == min(100 * len(packed) + 1_000_000, 30_000_024)
    if total < 30_000_024:
        assert source.failure == f"the {kind} data expand to more than {total} bytes, which is as far as they are followed"


def test_a_zstd_window_beyond_the_limit_is_refused(write: Write) -> None:
    """Expanding would take more memory than a capture is worth."""
    parameters = zstandard.ZstdCompressionParameters(window_log=30)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = compressor.compress(CAPTURE) + compressor.flush()
    with pytest.raises(UnreadableFile, match="more than 128 MiB of memory"):
        open_capture(str(write(packed)))


def test_an_xz_dictionary_beyond_the_limit_is_refused(write: Write) -> None:
    """Likewise."""
    packed = bytearray(lzma.compress(CAPTURE, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}]))
    # Block header at 12: size, flags, filter id, size of properties, dictionary size; 36 stands for 1 GiB (2^30).
    assert packed[14:16] == b"\x21\x01"
    packed[16] = 36
    size = (packed[12] + 1) * 4
    packed[12 + size - 4 : 12 + size] = __import__("zlib").crc32(packed[12 : 12 + size - 4]).to_bytes(4, "little")
    with pytest.raises(UnreadableFile, match="more than 256 MiB of memory"):
        open_capture(str(write(bytes(packed))))


def test_standard_input_may_be_compressed(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Through a pipe, in pieces."""
    down, up = os.pipe()

    def feed() -> None:
        with os.fdopen(up, "wb") as pipe:
            pipe.write(PACK[kind](CAPTURE))

    feeder = threading.Thread(target=feed)
    feeder.start()
    with os.fdopen(down, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        reader = open_capture("-")
        assert sum(batch.count for batch in reader.batches()) == 2000
    feeder.join()
    assert (reader.compression, reader.damage) == (kind, [])


def test_a_frame_can_be_read_again(write: Write, kind: str) -> None:
    """By its offset in the expanded data."""
    path = write(PACK[kind](CAPTURE))
    frame = read(path).frames[1234]
    assert read_frame(str(path), kind, frame.offset, len(frame.data)) == frame.data
    assert read_frame(str(path), kind, len(CAPTURE) + 10, 5) == b""


def test_the_stored_corrupt_files_end(shared: Path) -> None:
    """Real damaged archives: an error of ours or damage, nothing else."""
    for path in sorted((shared / "corpora" / "hostile" / "dfvfs-compressed").rglob("*")):
        if path.is_file():
            with contextlib.suppress(UnreadableFile):
                list(open_capture(str(path)).batches())
