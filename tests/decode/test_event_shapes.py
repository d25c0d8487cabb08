"""What templates are known by: their shapes, whatever they call themselves."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from event_logs import FORMS, data_of, load, log_of, read_by

from netsleuth_tui.decode.binxml import Malformed, template_at
from netsleuth_tui.decode.event_fields import fields_of
from netsleuth_tui.decode.event_shapes import LONGEST_SHAPE, template_shape
from netsleuth_tui.decode.shape_fields import fields_of_shape

SAMPLE = Path(__file__).resolve().parents[2] / "sample_captures" / "print_server.evtx"
CHUNK = 1 << 16


@pytest.fixture
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have records read one at a time, by plain kernels, or by compiled ones."""
    read_by(request.param, monkeypatch)


def definitions(chunk: bytes) -> list[int]:
    """Offsets of all templates that a chunk defines."""
    found: list[int] = []
    waiting = list(struct.unpack_from("<32I", chunk, 384))
    while waiting:
        at = waiting.pop()
        if 512 <= at < CHUNK - 24 and at not in found:
            found.append(at)
            waiting.append(struct.unpack_from("<I", chunk, at)[0])
    return found


def signed(chunk: bytearray) -> bytes:
    """The chunk with right checksums."""
    (free,) = struct.unpack_from("<I", chunk, 48)
    struct.pack_into("<I", chunk, 52, zlib.crc32(chunk[512:free]))
    struct.pack_into("<I", chunk, 124, zlib.crc32(chunk[:120] + chunk[128:512]))
    return bytes(chunk)


def forged() -> tuple[bytes, bytes]:
    """A log, and a chunk of its with the same templates by name and size, in which a field is called otherwise."""
    log = log_of({"TargetName": (1, "alice"), "Other": (8, 7)}, {"TargetName": (1, "bob"), "Other": (8, 8)})
    chunk = bytearray(log[4096:])
    name = "TargetName".encode("utf-16-le")
    assert chunk.count(name) == 1
    at = chunk.index(name)
    chunk[at : at + len(name)] = "ForgedName".encode("utf-16-le")
    return log, signed(chunk)


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("form", FORMS, indirect=True)
def test_a_forged_definition_names_only_what_refers_to_it(tmp_path: Path):
    """Two chunks define a template of the same GUID and size with other names: each event has the names of its own chunk."""
    log, other = forged()
    (tmp_path / "log.evtx").write_bytes(log + other + log[4096:])
    store = load(tmp_path / "log.evtx")
    assert store.sources[0].damage == ()
    assert [list(data_of(store, row)) for row in range(store.events.rows)] == [
        *[["TargetName", "Other"]] * 2, *[["ForgedName", "Other"]] * 2, *[["TargetName", "Other"]] * 2,
    ]  # fmt: skip


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("form", FORMS, indirect=True)
def test_a_damaged_definition_gives_way_to_a_sound_one(tmp_path: Path):
    """A chunk whose checksum is wrong and whose names differ from those of a sound chunk before it has the names of that one."""
    log, other = forged()
    damaged = bytearray(other)
    struct.pack_into("<I", damaged, 52, 1)
    (tmp_path / "log.evtx").write_bytes(log + bytes(damaged))
    store = load(tmp_path / "log.evtx")
    assert [list(data_of(store, row)) for row in range(store.events.rows)] == [["TargetName", "Other"]] * 4
    (tmp_path / "alone.evtx").write_bytes(log[:4096] + bytes(damaged))
    alone = load(tmp_path / "alone.evtx")
    assert [list(data_of(alone, row)) for row in range(2)] == [["ForgedName", "Other"]] * 2


def differing(chunk: bytes, seen: set[bytes]) -> list[str]:
    """Templates of a chunk of which the shape says something else than the tree."""
    block = np.frombuffer(chunk + bytes(64), np.uint8).data
    scratch = np.zeros(LONGEST_SHAPE + 64, np.uint8).data
    wrong = []
    for at in definitions(chunk):
        if chunk[at + 4 : at + 24] in seen:
            continue
        seen.add(chunk[at + 4 : at + 24])
        (size,) = struct.unpack_from("<I", chunk, at + 20)
        length = template_shape(block, 0, CHUNK, at + 24, min(at + 24 + size, CHUNK), scratch)  # type: ignore[arg-type] # plain Python
        try:
            tree = fields_of(template_at(chunk, at))
        except Malformed:
            tree = None
        if length < 0:
            if tree is not None and not tree.instances:
                wrong.append(f"the template at {at} has no shape")
        elif tree != fields_of_shape(bytes(scratch[:length])):
            wrong.append(f"the shape of the template at {at} says something else")
    return wrong


def test_shapes_say_what_trees_say():
    """The fields of all templates of the sample are the same, found out by their shape or by their tree."""
    data, seen = SAMPLE.read_bytes(), set[bytes]()
    for base in range(4096, len(data), CHUNK):
        assert differing(data[base : base + CHUNK], seen) == []
    assert seen


@pytest.mark.sweep
def test_shapes_of_all_logs_say_what_trees_say(shared: Path):
    """Likewise for the templates of all real logs."""
    seen = set[bytes]()
    for path in sorted((shared / "corpora" / "logs").rglob("*.evtx")):
        data = path.read_bytes()
        for base in range(4096, len(data) - CHUNK + 1, CHUNK):
            if data[base : base + 8] == b"ElfChnk\0":
                assert differing(data[base : base + CHUNK], seen) == [], path
    assert len(seen) > 500
