"""`netsleuth extract`: sizes of files, and what it says of what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from readers.captures import pcap_header, record
from readers.etl_files import trace

from netsleuth_tui.cli import run
from netsleuth_tui.cli.sizes import LEAST_PIECE
from netsleuth_tui.export.frame_files import FrameFile


def capture(path: Path, *seconds: int, size: int = 60) -> str:
    """Frames at these times."""
    path.write_bytes(pcap_header() + b"".join(record(bytes(size), second * 10**9) for second in seconds))
    return str(path)


@pytest.mark.parametrize(("size", "hint"), [("1", "1M or 1G"), ("2", "2M or 2G"), ("1K", "100M"), (str(LEAST_PIECE - 1), "M or")])
def test_tiny_files_are_refused(tmp_path: Path, size: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A forgotten unit made a file of every frame."""
    source = capture(tmp_path / "a.pcap", *range(5))
    assert run(["extract", source, "-o", str(tmp_path / "b.pcapng"), "--split", size]) == 2
    err = capsys.readouterr().err
    assert "too small" in err
    assert hint in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.pcap"]


def test_many_files_are_not_named_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first and the last tell."""
    source = capture(tmp_path / "a.pcap", *range(100), size=1400)
    assert run(["extract", source, "-o", str(tmp_path / "b.pcapng"), "--split", "32K"]) == 0
    assert "5 files, " in (err := capsys.readouterr().err)
    assert "b_00001.pcapng … " in err
    assert "b_00005.pcapng" in err
    assert "b_00002.pcapng" not in err


def test_numbers_of_very_many_files_sort(tmp_path: Path) -> None:
    """As many digits as there may be."""
    with FrameFile(str(tmp_path / "a.pcapng"), "pcapng", comment="", split=1 << 20, most=1_234_567) as file:
        pass
    assert [Path(name).name for name in file.names] == ["a_0000001.pcapng"]


def test_a_file_without_packets_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace of events alone, and a capture of nothing."""
    (tmp_path / "events.etl").write_bytes(trace([]))
    for name in (str(tmp_path / "events.etl"), capture(tmp_path / "none.pcap")):
        assert run(["extract", name, "-o", str(tmp_path / "b.pcapng"), "--force"]) == 0
        assert f"{name}: there are no packets in it" in capsys.readouterr().err


@pytest.mark.parametrize(("first", "second", "told"), [((1, 5), (3, 9), True), ((1, 5), (5, 9), False), ((3, 9), (1, 2), True)])
def test_files_that_overlap_are_told(
    tmp_path: Path, first: tuple[int, ...], second: tuple[int, ...], told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their frames are written one file after the other."""
    files = capture(tmp_path / "a.pcap", *first), capture(tmp_path / "b.pcap", *second)
    assert run(["extract", *files, "-o", str(tmp_path / "c.pcapng")]) == 0
    assert ("not in the order of time" in capsys.readouterr().err) == told
