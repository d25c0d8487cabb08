"""Traces that another writer made of a pcap file give it back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from readers import etl_files as made
from readers.test_etl import Read

from netsleuth_tui.readers import open_capture, read_frame


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--compress"],
        ["--split", "100"],
        ["--split", "100", "--compress", "--gft"],
        ["--compress", "--afd", "50"],
        ["--mode", "pktmon"],
    ],
    ids=" ".join,
)
def test_traces_of_another_writer_give_their_pcap_back(shared: Path, tmp_path: Path, options: list[str]) -> None:
    """Frame for frame, with times to the ticks of that writer's clock (334 ns).

    It deals events to processors by sevens, and so the pieces of one frame to several of them, which Windows does not do: here they
    stay on one.
    """
    capture = shared / "corpora/captures/seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/example2.pcap"
    script = (shared / "tools/mk_etl.py").read_text(encoding="utf-8")
    assert "c=j//7%2" in script
    writer = tmp_path / "writer.py"
    writer.write_text(script.replace("c=j//7%2", "c=0") if "--split" in options else script, encoding="utf-8")
    path = tmp_path / "made.etl"
    subprocess.run([sys.executable, str(writer), str(capture), str(path), *options], check=True, capture_output=True)
    read = Read(path)
    expected = sorted(read_pcap(capture))
    assert len(read.frames) == len(expected) == 4709
    assert sorted(frame for _, _, _, frame in read.frames) == sorted(frame for _, frame in expected)
    times = [seen[0] + made.START for seen in read.frames]
    assert max(abs(time - stamp // 100) for time, (stamp, _) in zip(times, expected, strict=True)) <= 4
    assert len(read.events) == (94 if "--afd" in options else 0)
    assert not read.damage
    for place in range(0, 4709, 500):
        frame = read.frames[place][3]
        assert read_frame(str(path), "", read.offsets[place], len(frame)) == frame


def read_pcap(path: Path) -> list[tuple[int, bytes]]:
    """Times in ns and frames of a capture, by the reader of pcap."""
    frames = []
    for batch in open_capture(str(path)).batches():
        for i in range(batch.count):
            start = int(batch.start[i])
            frames.append((int(batch.time[i]), batch.data[start : start + int(batch.cap_len[i])].tobytes()))
    return frames
