"""A filter at loading keeps what the same filter selects afterwards, and nothing else takes memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netsleuth_tui.analysis import Scope, rows_of
from netsleuth_tui.cli import run
from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
SERIES = [str(SAMPLES / "net1_capture_v1*.cap")]
FILTERS = [
    "ip.addr == 10.35.69.103",
    "tcp.flags.reset == 1",
    "frame.number < 5",
    "udp && !(ip.src == 10.32.0.0/12)",
    "arp",
    "frame.len > 0",
]


def loaded(text: str = "") -> Session:
    """The series, as far as a filter at loading keeps it."""
    session = Session(load_filter=text)
    session.load(SERIES)
    return session


def addresses(store: Store, ids: np.ndarray) -> list[tuple[int, int, int]]:
    """Version and number of the addresses of host ids."""
    hosts = store.hosts
    return list(zip(hosts.version[ids].tolist(), hosts.hi[ids].tolist(), hosts.lo[ids].tolist(), strict=True))


def selected(store: Store, text: str) -> np.ndarray:
    """Row ids that a filter selects."""
    rows = rows_of(store, Scope(text))
    return np.arange(rows.first, rows.last) if rows.ids is None else rows.ids[rows.first : rows.last]


@pytest.fixture(scope="module")
def whole() -> Session:
    """All of the series."""
    return loaded()


@pytest.mark.parametrize("text", FILTERS)
def test_what_is_loaded_is_what_the_filter_selects(whole: Session, text: str) -> None:
    """Every column but row ids and host ids is equal, addresses are the same, and no other address is known."""
    some = loaded(text)
    wanted = whole.store.columns().at(selected(whole.store, text))
    found = some.store.columns()
    assert len(found.row) == len(wanted.row)
    for name in Columns._fields:
        if name not in ("row", "src", "dst"):
            assert (getattr(found, name) == getattr(wanted, name)).all(), name
    there = (found.present & np.uint64(Has.ADDRESSES)) != 0
    for name in ("src", "dst"):
        mine, theirs = getattr(found, name)[there], getattr(wanted, name)[there]
        assert addresses(some.store, mine) == addresses(whole.store, theirs)
    assert some.store.hosts.count == len(set(np.concatenate((wanted.src[there], wanted.dst[there])).tolist()))
    assert [source.packets for source in some.store.sources] == np.bincount(wanted.source, minlength=4).tolist()
    assert sum(source.bytes for source in some.store.sources) == int(wanted.len.sum())
    assert found.row.tolist() == list(range(len(found.row)))
    assert some.is_whole


def test_it_is_said_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """How many packets of each file were loaded; frames can be read again from their places."""
    session = loaded(FILTERS[0])
    assert session.store.sources[2].notes[-1] == (
        "158 of 5507 packets were loaded, those that ip.addr == 10.35.69.103 keeps; frame numbers count these"
    )
    assert session.frame(0)[26:30] == bytes([10, 35, 69, 103]) or session.frame(0)[30:34] == bytes([10, 35, 69, 103])
    assert run(["export", *SERIES, "--load-filter", "ip.addr == 10.35.69.103", "--fields", "ip.src", "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 684
    assert "158 of 5507 packets were loaded" in err


def test_filters_that_cannot_be_asked_then_are_refused() -> None:
    """Those that are not valid, and those that judge packets by others; exit code 2."""
    with pytest.raises(NetSleuthError, match="follows from other packets"):
        loaded("esp.depth > 3")
    assert run(["summary", *SERIES, "--load-filter", "ip.addr =="]) == 2
    assert run(["summary", *SERIES, "--load-filter", "esp.depth > 3"]) == 2
