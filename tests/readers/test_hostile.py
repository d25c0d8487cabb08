"""The hostile captures: what is good in each, and where its damage is, is law."""

from __future__ import annotations

from pathlib import Path

import pytest
from readers.captures import outcome


@pytest.mark.usefixtures("engine")
def test_every_hostile_capture_keeps_its_good_frames_and_names_its_damage(shared: Path) -> None:
    """Number of good frames and offset of the damage are those of the manifest, in all 141 files."""
    folder = shared / "corpora" / "hostile" / "generated__pcap"
    wrong = []
    lines = (folder / "MANIFEST.tsv").read_text().splitlines()
    for line in lines:
        name, good, offset = line.split("\t")
        found = outcome(folder / name)
        if found != (int(good), None if offset == "-" else int(offset)):
            wrong.append((name, good, offset, found))
    assert wrong == []
    assert len(lines) == 141
