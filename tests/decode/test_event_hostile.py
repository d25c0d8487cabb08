"""Logs that lie: whatever is changed in them, reading ends, says what is wrong and where, and keeps the rest."""

from __future__ import annotations

import random
import struct
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from event_logs import CHUNK, WRITER, load, log_of, read_by

from netsleuth_tui.decode.event_xml import EventXml
from netsleuth_tui.decode.library import Library
from netsleuth_tui.decode.library_worker import without_loops
from netsleuth_tui.ingest.events import EventDecoding
from netsleuth_tui.store import Store

MUTANTS = 2000

# Damaged log of 1106 records in 16 chunks -> records, records that are lost, records to be recovered, offset of the first damage.
DAMAGED = {
    "00_clean": (1106, 0, 0, None),
    "01_chunk_magic": (1038, 0, 68, 331776),
    "02_chunk_hcrc": (1106, 0, 0, 331776),
    "03_value_flip": (1106, 0, 0, 331776),
    "04_rec_magic": (1106, 0, 0, 331776),
    "05_rec_size0": (1105, 1, 0, 331776),
    "06_rec_sizebig": (1105, 1, 0, 331776),
    "07_tmpl_corrupt": (1106, 0, 0, 331776),
    "08_trunc_midchunk": (374, 0, 0, 361776),
    "09_hdr_dirty_count0": (1106, 0, 0, None),
    "10_file_magic": (1106, 0, 0, 0),
    "11_tmpl_off_oob": (1105, 1, 0, 331776),
    "12_tmpl_off_garbage": (1105, 1, 0, 331776),
    "13_2000_random_bytes": (391, 707, 0, 4096),
    "14_free_512": (1106, 0, 0, 331776),
    "15_header_only": (0, 0, 0, None),
    "17_short_hdr": (0, 0, 0, 100),
    "18_zero_page": (1101, 5, 0, 331776),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_logs_keep_what_is_sound(shared: Path, name: str):
    """Each kind of damage: the records that are left, those that are missing, and the offset that is told."""
    store = load(shared / "corpora" / "hostile" / "generated__evtx-damage" / f"{name}.evtx")
    (source,) = store.sources
    offset = int(source.damage[0].split("byte ")[1].split(":")[0]) if source.damage else None
    found = (store.events.rows, source.lost, source.recoverable, offset)
    if name == "13_2000_random_bytes":  # of random bytes, how many are sound is for the decoder to be better at
        assert found[0] >= DAMAGED[name][0]
        assert found[0] + found[1] >= 1098
    else:
        assert found == DAMAGED[name]


def test_nothing_hangs_on_what_hangs_the_library(shared: Path):
    """Sixteen logs in which one link leads back: read within seconds, every record loaded or told to be lost."""
    for path in sorted((shared / "corpora" / "hostile" / "generated__evtx-hang-0.14.0").glob("*.evtx")):
        began = time.monotonic()
        store = load(path)
        assert time.monotonic() - began < 60
        (source,) = store.sources
        assert store.events.rows + source.lost > 0
        assert source.damage
        if path.name.startswith("min_"):  # one changed byte costs no record
            assert store.events.rows >= 2


def test_the_library_is_killed_when_it_does_not_end():
    """A worker that never answers is ended after its time, and the next chunk has a new one; after three of a log there is none."""
    silent = (sys.executable, "-c", "import sys, time\nsys.stdout.buffer.write(b'\\0\\0\\0\\2{}'); sys.stdout.flush()\ntime.sleep(600)")
    library = Library(silent, timeout=0.3)
    for _ in range(3):
        began = time.monotonic()
        assert library.read(bytes(CHUNK)) == ([], "the evtx library took longer than 0.3 s")
        assert time.monotonic() - began < 30
    assert library.read(bytes(CHUNK)) == ([], "the evtx library is not asked any more")
    library.begin()
    assert library.read(bytes(CHUNK)) == ([], "the evtx library took longer than 0.3 s")
    writer = EventXml(silent, timeout=0.3)
    assert writer.write(bytes(CHUNK), 512).failure == "python-evtx took longer than 0.3 s"
    writer.close()
    library.close()


def test_links_that_lead_back_are_cut():
    """Tables of names and templates of which no link leads outside or to where it was before."""
    chunk = bytearray(log_of(*({f"N{i}": (8, i)} for i in range(30)))[4096:])
    before = without_loops(bytes(chunk))
    assert before == bytes(chunk)
    (first,) = [at for at in (struct.unpack_from("<I", chunk, 128 + 4 * i)[0] for i in range(64)) if at][:1]
    struct.pack_into("<I", chunk, first, first)
    assert struct.unpack_from("<I", without_loops(bytes(chunk)), first) == (0,)
    struct.pack_into("<I", chunk, first, 70_000)
    assert struct.unpack_from("<I", without_loops(bytes(chunk)), first) == (0,)


def mutant(chunk: bytes, chance: random.Random) -> bytes:
    """A chunk in which something is changed: bytes, numbers, whole pieces, with or without right checksums."""
    data = bytearray(chunk)
    free = struct.unpack_from("<I", data, 48)[0]
    for _ in range(chance.choice((1, 1, 2, 5, 40))):
        at = chance.randrange(0, min(free + 64, CHUNK - 8))
        kind = chance.randrange(6)
        if kind == 0:
            data[at] = chance.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            struct.pack_into("<H", data, at, chance.choice((0, 1, 0x7FFF, 0xFFFF, 512, 0x2A2A)))
        elif kind == 3:
            struct.pack_into("<I", data, at, chance.choice((0, 28, 512, 65535, 65536, 0xFFFFFFFF, 0x7FFFFFFF, at)))
        elif kind == 4:
            data[at] = chance.choice((0, 1, 2, 3, 4, 5, 6, 0xC, 0xD, 0xE, 0xF, 0x21, 0x41, 0x81, 0x88))
        else:
            other, size = chance.randrange(0, free), chance.randrange(1, 200)
            data[at : at + size] = data[other : other + size]
    del data[CHUNK:]
    data.extend(bytes(CHUNK - len(data)))
    if chance.random() < 0.5:  # as if a writer had written it so: nothing is known to be damaged
        free = min(struct.unpack_from("<I", data, 48)[0], CHUNK)
        struct.pack_into("<I", data, 52, zlib.crc32(data[512:free]))
        struct.pack_into("<I", data, 124, zlib.crc32(data[:120] + data[128:512]))
    return bytes(data)


def victim() -> bytes:
    """A chunk with a few records of every kind."""
    wide = "a\0\0b\0c\0".encode("utf-16-le")
    data = [
        {"A": (1, f"text {i}"), "B": (8, i), "Data": (0x81, wide), "S": (19, WRITER.sid(5, 21, i)), "T": (17, 1 << 56)} for i in range(5)
    ]
    return log_of(*data, {"U": (14, bytes(40)), "G": (15, bytes(16)), "V": (0x88, bytes(12))}, {"A": (1, "x")})[4096:]


@pytest.mark.parametrize(("form", "count"), [("compiled", MUTANTS), ("plain", 150), ("slowly", 300)])
def test_mutants_end_and_are_accounted_for(form: str, count: int, monkeypatch: pytest.MonkeyPatch):
    """Whatever is changed in a chunk, decoding it ends in time, raises nothing, and leaves codes that exist."""
    read_by(form, monkeypatch)
    monkeypatch.setattr(Library, "read", lambda *_: ([], ""))  # its own test kills it
    chance = random.Random(20261125)  # noqa: S311 - no secrets
    chunk, decoding = victim(), EventDecoding(Store(), recovered=True)
    decoder = decoding.decoders[0]
    decoder.warm()  # compiling takes longer
    slowest = 0.0
    loaded = 0
    for _ in range(count):
        data = np.zeros(CHUNK + 64, np.uint8)
        data[:CHUNK] = np.frombuffer(mutant(chunk, chance), np.uint8)
        began = time.process_time()
        decoded = decoder.decode(data, 1, CHUNK, 4096, checks=True)
        slowest = max(slowest, time.process_time() - began)
        for batch in decoded.batches:
            loaded += len(batch.rows)
            own = batch.cells[batch.cells < 1 << 31]
            assert int(own.max(initial=0)) < decoder.values.count
            assert int((batch.cells[batch.cells >= 1 << 31] - (1 << 31)).max(initial=0)) < decoding.store.events.texts.count
    assert slowest < 10
    assert loaded > 3 * count


def test_text_of_any_kind_arrives_unchanged(tmp_path: Path):
    """Controls, markup, formulas, unpaired surrogates: the store has what the log has."""
    texts = [
        "\x1b]52;c;aGk=\x07",
        "[@click=app.quit]x[/]",
        "=1+cmd|'/c calc'!A0",
        "\ud800",
        "\udfff\ud800",
        "\u202egpj.exe",
        "a\r\nb\tc",
        "\x85\x9b",
    ]
    path = tmp_path / "odd.evtx"
    path.write_bytes(log_of(*({"X": (1, text.encode("utf-16-le", "surrogatepass") + b"\0\0")} for text in texts)))
    store = load(path)
    assert store.events.texts.many(store.events.codes("X")) == texts


def test_an_offset_beyond_four_gigabytes_is_kept():
    """The table holds offsets of 64 bits, and blocks far inside a file decode like those at its beginning."""
    decoding = EventDecoding(Store(), recovered=False)
    data = np.zeros(CHUNK + 64, np.uint8)
    data[:CHUNK] = np.frombuffer(victim(), np.uint8)
    far = 4096 + 70_000 * CHUNK
    decoded = decoding.decoders[0].decode(data, 1, CHUNK, far, checks=True)
    assert int(decoded.batches[0].rows[0, 2]) == far + 512
