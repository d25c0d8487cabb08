"""Parts of files that do not come to be are gone at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from netsleuth_tui.export import atomic
from netsleuth_tui.export.atomic import open_new


def test_a_part_is_gone_before_the_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program may have to end while the disk still works."""
    monkeypatch.setattr(atomic, "_MUCH", 1)
    seen: list[list[str]] = []
    close = atomic._Part.close

    def closing(part: atomic._Part) -> None:
        seen.append([path.name for path in tmp_path.iterdir()])
        close(part)

    monkeypatch.setattr(atomic._Part, "close", closing)

    def fail() -> None:
        with open_new(tmp_path / "out") as out:
            out.write(bytes(1 << 17))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert seen[0] == []
    assert list(tmp_path.iterdir()) == []
