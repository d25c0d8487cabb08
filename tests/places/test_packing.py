"""The script that packs the data: what it writes says of every border what the databases say, and it refuses what does not."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from mmdb_files import database

from netsleuth_tui.places.packed import read_packed

SCRIPT = Path(__file__).parents[2] / "netsleuth_tui" / "places" / "data" / "pack_dbip.py"

IPV4 = [(0, 2, "AA"), (1 << 30, 3, "AA"), (3 << 29, 4, "BB"), ((1 << 32) - 1, 32, "AA")]
IPV6 = [(0x2001 << 112, 16, "BB"), (0x2002 << 112, 128, "AA"), ((0x2002 << 112) + 1, 128, "AA"), ((1 << 128) - 2, 127, "BB")]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with fewer addresses to compare."""
    spec = importlib.util.spec_from_file_location("pack_dbip", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "COMPARED", 2000)
    return module


def _folder(path: Path) -> Path:
    for version, networks in ((4, IPV4), (6, IPV6)):
        records = [(first, length, {"country_code": code}) for first, length, code in networks]
        (path / f"dbip-country-ipv{version}.mmdb").write_bytes(database(records, version=version))
    return path


def test_neighbours_of_one_country_become_one_range(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gaps stay gaps, first and last addresses and all 128 bits are kept, and it says that nothing differs."""
    monkeypatch.setattr(sys, "argv", ["pack_dbip.py", str(_folder(tmp_path)), "-o", str(tmp_path / "out")])
    script.main()
    assert "4000 addresses compared with maxminddb: 0 differ" in capsys.readouterr().out
    packed = read_packed(tmp_path / "out")
    assert (packed.date, packed.countries) == ("2026-06-01", ("AA", "BB"))
    assert "Lite 2026-06, CC BY 4.0" in packed.attribution
    steps = packed.steps
    assert list(zip(steps.starts4.tolist(), steps.codes4.tolist(), strict=True)) == [
        (0, 0),
        (3 << 29, 1),
        (7 << 28, -1),
        ((1 << 32) - 1, 0),
    ]
    starts6 = [high << 64 | low for high, low in zip(steps.high6.tolist(), steps.low6.tolist(), strict=True)]
    assert starts6 == [0, 0x2001 << 112, 0x2002 << 112, (0x2002 << 112) + 2, (1 << 128) - 2]
    assert steps.codes6.tolist() == [-1, 1, 0, -1, 1]


def test_data_that_differ_are_noticed(script: ModuleType, tmp_path: Path) -> None:
    """Where one range has another country than in the databases."""
    data = script.packed(_folder(tmp_path))
    assert script.differences(data, tmp_path) == 0
    data.steps.codes4[1] = 0
    assert script.differences(data, tmp_path) > 100
