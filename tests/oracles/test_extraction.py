"""Everything extracted is everything: tshark finds the same frames in the copy, and so does the reader, in every format."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from readers.captures import MICRO, NANO, Read, enhanced, interface, obsolete, option, pcap_header, read, record, section, simple

from netsleuth_tui.analysis import Scope
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.export.frame_files import _REPLACED, _WLAN
from netsleuth_tui.extraction import extract
from netsleuth_tui.linktypes import NETMON_WLAN
from netsleuth_tui.readers import UnreadableFile

FIELDS = ("frame.time_epoch", "frame.len", "frame.cap_len", "frame.encap_type", "frame.md5_hash", "frame.comment")


def shown(tshark: str, path: Path) -> list[str]:
    """What tshark says of the frames of a capture, each by a line: time, lengths, link type, a hash of its bytes, comments."""
    words = [word for name in FIELDS for word in ("-e", name)]
    command = [tshark, "-n", "-r", str(path), "-o", "frame.generate_md5_hash:TRUE"]
    done = subprocess.run([*command, "-T", "fields", *words], check=False, capture_output=True, text=True, errors="replace")
    return done.stdout.splitlines()


def told(result: Read) -> list[tuple]:
    """Frames as the reader has them, with the link types that a capture can have, and what was written about them."""
    about: dict[int, list[str]] = {}
    for comment in result.comments:
        if comment.on_frame:
            about.setdefault(comment.offset, []).append(comment.text)
    found = []
    for frame in result.frames:
        data, wire = frame.data, frame.wire
        if frame.link == NETMON_WLAN:
            radio = min(int.from_bytes(data[1:3], "little"), len(data))
            data, wire = data[radio:], wire - min(radio, wire)
        time = max(frame.time, 0)
        found.append((data, wire, time, _REPLACED.get(frame.link, frame.link), about.get(frame.offset, [])))
    return found


def made() -> dict[str, bytes]:
    """A capture of every form that differs in how numbers are written."""
    frames = [(bytes([number]) * (number * 7 % 90), 1_773_151_200_123_456_789 + number * 1_000_000_007) for number in range(40)]
    content: dict[str, bytes] = {}
    for name, order, magic, unit in (("le", "<", MICRO, 1000), ("be", ">", MICRO, 1000), ("ns", "<", NANO, 1), ("ns-be", ">", NANO, 1)):
        records = [record(data, time // unit * unit, len(data) + 9, order, magic) for data, time in frames]
        content[f"{name}.pcap"] = pcap_header(order, magic) + b"".join(records)
    for name, order in (("le", "<"), ("be", ">")):
        nano = interface(option(9, b"\x09", order) + option(0, b"", order), order, link=101)
        binary = interface(option(9, b"\x94", order) + option(2, b"eth0", order) + option(0, b"", order), order)
        about = option(1, "ü first".encode(), order) + option(1, b"second", order) + option(2, b"\1\0\0\0", order) + option(0, b"", order)
        blocks = [
            enhanced(data, time // 1000 if index == 0 else time if index == 1 else (time << 20) // 10**9, index, None, about, order)
            for number, (data, time) in enumerate(frames)
            for index in [number % 3]
        ]
        more = [obsolete(b"old" * 9, 4 * 10**15, order=order), simple(b"simple!", order=order)]
        content[f"{name}.pcapng"] = section(order=order) + interface(order=order) + nano + binary + b"".join([*blocks, *more])
    return content


@pytest.mark.parametrize("name", sorted(made()))
@pytest.mark.parametrize("suffix", ["pcapng", "pcap"])
def test_every_way_to_write_numbers(tmp_path: Path, name: str, suffix: str) -> None:
    """Both byte orders, micro- and nanoseconds, ticks of a power of two, several interfaces, comments, blocks without options or time."""
    path, target = tmp_path / name, tmp_path / f"copy.{suffix}"
    path.write_bytes(made()[name])
    if suffix == "pcap" and name.endswith("pcapng"):
        with pytest.raises(NetSleuthError, match="pcap has one link type for all frames, and these have 1 and 101"):
            extract([str(path)], Scope(), str(target))
        return
    extract([str(path)], Scope(), str(target))
    assert told(read(target)) == told(read(path))
    assert len(read(target).frames) >= 40


def test_archives_and_series(tmp_path: Path) -> None:
    """Members that are compressed in every way, one after the other, give the frames of the plain files."""
    import zstandard

    plain = made()
    packed = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress, "zst": zstandard.ZstdCompressor().compress}
    paths, wanted = [], []
    for number, (name, content) in enumerate(sorted(plain.items())):
        suffix = [*packed, "zip"][number % 5]
        path = tmp_path / f"member({number}).{suffix}"
        (tmp_path / name).write_bytes(content)
        wanted += told(read(tmp_path / name))
        if suffix == "zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(name, content)
        else:
            path.write_bytes(packed[suffix](content))
        paths.append(str(path))
    found = extract(paths, Scope(), str(tmp_path / "all.pcapng"))
    assert told(read(tmp_path / "all.pcapng")) == wanted
    assert [file.kept for file in found.files] == [len(read(tmp_path / name).frames) for name in sorted(plain)]


def test_tshark_finds_the_same_in_made_captures(tmp_path: Path, tshark: str) -> None:
    """Time to the nanosecond, lengths, link type, bytes and comments."""
    for name, content in made().items():
        path = tmp_path / name
        path.write_bytes(content)
        extract([str(path)], Scope(), str(tmp_path / "copy.pcapng"), force=True)
        wanted = shown(tshark, path)
        if name.endswith("pcapng"):  # the last frame has no time: tshark shows that of 1970, or none
            wanted, found = wanted[:-1], shown(tshark, tmp_path / "copy.pcapng")[:-1]
        else:
            found = shown(tshark, tmp_path / "copy.pcapng")
        assert found == wanted, name
        assert len(found) >= 40


def agrees(tshark: str, path: Path, target: Path) -> tuple[int, int]:
    """Extract all frames of a capture: 1 if the reader reads it, and 1 if tshark reads all of it, too, and finds the same."""
    try:
        extract([str(path)], Scope(), str(target), force=True)
        original = read(path)
    except UnreadableFile:
        return 0, 0
    assert told(read(target)) == told(original), path
    links = {frame.link for frame in original.frames}
    if not original.frames or original.damage or links & {*_REPLACED, _WLAN} or min(f.time for f in original.frames) < 0:
        return 1, 0
    wanted, found = ([line.split("\t") for line in shown(tshark, one)] for one in (path, target))
    if path.suffix == ".cap":  # Network Monitor: tshark finds fewer comments, and wraps the headers of some in one of its own
        wanted, found = ([[*line[:3], line[4]] for line in lines] for lines in (wanted, found))
    # tshark reads the file, and all of it; seconds above 2**31 and fractions above one it prints its own way
    if len(wanted) != len(original.frames) or not all(re.fullmatch(r"\d+\.\d{9}", line[0]) for line in wanted):
        return 1, 0
    assert found == wanted, path
    return 1, 1


@pytest.mark.sweep
def test_real_captures(tmp_path: Path, tshark: str, shared: Path) -> None:
    """Every eighth capture of the corpus, and all traces: as the reader has it, and as tshark does where it reads the original."""
    paths = [path for path in sorted((shared / "corpora/captures").rglob("*")) if path.is_file()][::8]
    paths += sorted((shared / "corpora/etl").glob("*.etl"))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda numbered: agrees(tshark, numbered[1], tmp_path / f"{numbered[0]}.pcapng"), enumerate(paths)))
    assert sum(seen for seen, _ in found) > 100
    assert sum(compared for _, compared in found) > 80
