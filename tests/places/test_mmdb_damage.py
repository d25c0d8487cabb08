"""Damaged and hostile databases: an error that says why, or answers with a warning; never a crash, and never without end."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest
from addresses import arrays
from hypothesis import given
from hypothesis import strategies as st
from mmdb_files import MARKER, SEPARATOR, database, encoded, metadata

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.places.atlas import Atlas
from netsleuth_tui.places.mmdb import Database
from netsleuth_tui.places.steps import NOTHING, Sought

ADDRESSES = [f"{a}.{b}.1.1" for a in range(0, 256, 5) for b in range(0, 256, 51)] + [f"2001:{n:x}::1" for n in range(0, 65536, 997)]


def _asked(content: bytes) -> Database | None:
    """Open a database and ask it for many addresses; None where it says that it is none."""
    try:
        data = Database(content, "x.mmdb", Atlas())
    except NetSleuthError:
        return None
    found = Sought.of(*arrays(ADDRESSES))
    codes = found.spread(*data.find(found))
    assert codes.max() < data.columns().shape[1] - 1
    return data


def test_damaged_databases_are_errors_or_answer(corpus: Path) -> None:
    """All that MaxMind collected, and two that kill its C extension."""
    files = sorted((corpus / "bad-data").rglob("*.mmdb"))
    assert len(files) >= 20
    for path in files:
        began = time.monotonic()
        _asked(path.read_bytes())
        assert time.monotonic() - began < 5, path


def test_mutations_of_a_real_database_never_crash(corpus: Path) -> None:
    """One or more bytes changed, anywhere; cut off, anywhere."""
    chance = random.Random(6)  # noqa: S311 - which bytes, no secret
    opened = 0
    for name in ("GeoLite2-Country-Test", "GeoIP2-City-Test"):
        content = (corpus / "test-data" / f"{name}.mmdb").read_bytes()
        for _ in range(150):
            changed = bytearray(content)
            for _ in range(chance.choice((1, 1, 2, 8))):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            opened += _asked(bytes(changed)) is not None
            _asked(content[: chance.randrange(len(content))])
            half = chance.randrange(len(content))
            _asked(content[half:] + content[:half])
    assert opened > 50


def test_a_tree_that_goes_in_circles_ends() -> None:
    """Every node leads to the first one: no address comes to an end, and that is said."""
    nodes = 4
    tree = (0).to_bytes(3) * 2 * (nodes - 1) + (0).to_bytes(3) + (nodes + 16).to_bytes(3)
    data = _asked(tree + SEPARATOR + encoded({"country_code": "NL"}) + MARKER + metadata(nodes, 24, 6))
    assert data is not None
    assert any("lead nowhere" in warning for warning in data.warnings)


def test_records_beyond_the_file_are_said() -> None:
    """A place in the data section that is none."""
    nodes = 1
    tree = (nodes + 16).to_bytes(4) + (1 << 31).to_bytes(4)
    data = _asked(tree + SEPARATOR + encoded({"country_code": "NL"}) + MARKER + metadata(nodes, 32, 4))
    assert data is not None
    assert any("lead nowhere" in warning for warning in data.warnings)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (database([(0, 1, {"domain": "x"})]), "no country, continent or AS number: its records hold domain"),
        (database([(0, 1, {})]), "no country, continent or AS number: its records hold nothing"),
        (database([(0, 1, 5)]), "no country"),
        (database([(0, 1, "10.0.0.1")]), "no country"),
        (database([]), "is empty"),
        (b"", "no database of places"),
        (b"network,site\n10.0.0.0/8,x\n" * 50, "no database of places"),
        (bytes(100) + MARKER, "no database of places"),
        (SEPARATOR + MARKER + metadata(1 << 31, 24, 6), "past the end"),
        (SEPARATOR + MARKER + metadata(0, 20, 6), "20"),
        (SEPARATOR + MARKER + metadata(0, 24, 5), "version of IP is 5"),
        (SEPARATOR + MARKER + metadata(0, 24, 6), "is empty"),
    ],
)
def test_what_is_no_database_of_places_says_why(content: bytes, said: str) -> None:
    """So that nobody wonders about an empty table."""
    with pytest.raises(NetSleuthError) as caught:
        Database(content, "x.mmdb", Atlas())
    assert said in str(caught.value)
    assert "x.mmdb" in str(caught.value)


@pytest.mark.parametrize("epoch", [0, (1 << 64) - 1, 1 << 40])
def test_a_date_that_is_none_is_left_out(epoch: int) -> None:
    """The data are used all the same."""
    data = Database(database([(0, 1, "NL")], epoch=epoch), "x.mmdb", Atlas())
    assert data.origin.date in {"", "36812-02-20"}


def test_decoding_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that are slow to decode cost a bounded time, and what was left out is said."""
    monkeypatch.setattr("netsleuth_tui.places.mmdb.SECONDS", -1.0)
    monkeypatch.setattr("netsleuth_tui.places.mmdb.SLOW", -1.0)
    data = Database(database([(0, 1, "NL"), (1 << 127, 1, "CH")]), "x.mmdb", Atlas())
    sought = Sought.of(*arrays(["1.1.1.1", "8000::1"]))
    assert sought.spread(*data.find(sought)).tolist() == [NOTHING, NOTHING]
    assert "left out" in data.warnings[0]


@given(st.binary(max_size=300))
def test_any_bytes_before_metadata_are_a_tree_that_ends(tree: bytes) -> None:
    """Whatever the tree and the records are."""
    for bits in (24, 28, 32):
        nodes = len(tree) // (bits // 4)
        _asked(tree + SEPARATOR + encoded("NL") * 20 + MARKER + metadata(nodes, bits, 6))


@given(st.binary(max_size=200))
def test_any_bytes_are_records_or_a_warning(records: bytes) -> None:
    """A tree that leads to any place in the data section."""
    numbers = [node.to_bytes(3) for place in range(16, 64, 2) for node in (24 + place, 24 + place + 1)]
    _asked(b"".join(numbers) + SEPARATOR + records + MARKER + metadata(24, 24, 6))


def test_codes_stay_within_the_table() -> None:
    """Also where the same record is reached by many networks."""
    record = {"country": {"iso_code": "NL"}}
    data = Database(database([(n << 120, 8, record) for n in range(64, 128)]), "x.mmdb", Atlas())
    sought = Sought.of(*arrays([f"{n:x}00::1" for n in range(0x40, 0x80)]))
    assert np.unique(sought.spread(*data.find(sought))).tolist() == [0]
