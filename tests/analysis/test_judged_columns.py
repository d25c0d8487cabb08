"""Fields that follow from other packets as columns: shown, sorted, exported and filtered like all others, found out once for a store."""

from __future__ import annotations

import subprocess
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from esp_by_hand import esp
from made import SECOND, START, append, store_of, tcp
from oracles.tcp_marks import AS_THE_FILE_HAS_IT
from tcp_faults import all_faults

from netsleuth_tui.analysis import (
    EVERYTHING,
    Scope,
    can_sort,
    cell_filter,
    is_judged,
    judge_fields,
    records,
    records_table,
    rows_of,
    sorted_rows,
)
from netsleuth_tui.analysis.judged_fields import judged_values
from netsleuth_tui.analysis.packet import AMONG_OTHERS, among_others, names_of, term
from netsleuth_tui.analysis.values import WAITING
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import Loader
from netsleuth_tui.query import JUDGED
from netsleuth_tui.query.fields import PROCESS_COLUMNS
from netsleuth_tui.store import Store


def of_faults(folder: Path) -> Store:
    """Segments with every mark that there is."""
    path = folder / "faults.pcap"
    path.write_bytes(all_faults())
    store = Store()
    Loader(store, memory=1 << 24, cancel=threading.Event(), report=lambda _: None).load([str(path)])
    return store


def of_tunnels() -> Store:
    """ESP late, early, with a gap, again, and far away; a packet that comes again with a falling TTL."""
    numbers = [1, 2, 5, 3, 3, 6, *range(7, 60), 4_000_000_000, *range(60, 90), 400, *range(401, 420)]
    packets = [esp(number, START + k * SECOND, ttl=64) for k, number in enumerate(numbers)]
    packets += [tcp(START + 300 * SECOND + k * 1000, 0x10, ip_id=7, ttl=60 - 2 * k, ip_proto=6, ip_len=40, tcp_len=0) for k in range(4)]
    return store_of(packets)


def every(store: Store) -> np.ndarray:
    """All row ids."""
    return rows_of(store, EVERYTHING).take(0, store.packets)


@pytest.fixture(scope="module", params=["faults", "tunnels"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One with TCP, one with ESP."""
    return of_faults(tmp_path_factory.mktemp("faults")) if request.param == "faults" else of_tunnels()


@pytest.mark.parametrize("name", JUDGED)
def test_a_cell_is_there_where_the_filter_finds_the_field(store: Store, name: str) -> None:
    """And the filter of each cell selects the rows that show the same, no others."""
    (cells,) = records(store, every(store), [name])
    assert [k for k, cell in enumerate(cells) if cell is not None] == rows_of(store, Scope(name)).take(0, store.packets).tolist()
    for cell in set(cells):
        text = cell_filter(store, cells.index(cell), name)
        assert text is not None
        assert rows_of(store, Scope(text)).take(0, store.packets).tolist() == [k for k, each in enumerate(cells) if each == cell], text


def test_the_stores_of_these_tests_have_something_to_show(tmp_path: Path) -> None:
    """All fields of TCP but for none, and most of ESP."""
    shown = {
        name for store in (of_faults(tmp_path), of_tunnels()) for name in JUDGED if set(*records(store, every(store), [name])) - {None}
    }
    assert {name for name in JUDGED if name.startswith("tcp.")} <= shown
    assert {"esp.depth", "esp.ahead", "esp.gap", "esp.duplicate", "esp.outlier", "ip.loop"} <= shown


@pytest.mark.parametrize("name", JUDGED)
@pytest.mark.parametrize("descending", [False, True])
def test_rows_are_sorted_by_it(store: Store, name: str, descending: bool) -> None:
    """Stable, those without a value last."""
    assert can_sort(name)
    (cells,) = records(store, every(store), [name])
    order = sorted_rows(store, rows_of(store, EVERYTHING), name, descending=descending).tolist()
    assert sorted(order) == list(range(store.packets))
    keys = [float(int(str(cells[k]), 0) if "." not in str(cells[k]) else str(cells[k])) for k in order if cells[k] is not None]
    assert keys == sorted(keys, reverse=descending)
    assert all(cells[k] is None for k in order[len(keys) :])
    assert all(a < b for a, b in pairwise(order) if cells[a] == cells[b])


def test_what_is_not_known_yet_waits() -> None:
    """At once: nothing is looked at; then what is known is shown, and rows that came later wait."""
    store = store_of([tcp(START, 0x10, src=0, dst=1, src_port=1, dst_port=2, tcp_seq=5), esp(1), esp(3)])
    names = ["tcp.analysis.lost_segment", "esp.gap", "frame.duplicate"]
    assert records(store, every(store), names, at_once=True) == [[WAITING] * 3] * 3
    assert cell_filter(store, 2, "esp.gap") is None
    assert among_others(store, 2) is None
    assert term(store, 2, "esp.gap") == ""
    assert not is_judged(store, names, 3)
    judge_fields(store, ["frame.number", *names])
    assert is_judged(store, names, 3)
    assert records(store, every(store), names, at_once=True) == records(store, every(store), names)
    append(store, [esp(5), esp(4)])
    assert not is_judged(store, names, 5)
    assert records(store, every(store), ["esp.gap"], at_once=True) == [[None, None, 1, WAITING, WAITING]]
    assert records(store, every(store), ["esp.gap"]) == [[None, None, 1, None, None]]
    assert is_judged(store, ["esp.gap"], 5)


@pytest.mark.parametrize("column", dict.fromkeys(field.columns[0] for field in JUDGED.values() if field.columns[0] not in PROCESS_COLUMNS))
def test_values_are_found_out_once(store: Store, column: str) -> None:
    """Whoever asks again gets what is kept; and nobody works for one who does not want it any more."""
    assert np.shares_memory(judged_values(store, column), judged_values(store, column))
    with pytest.raises(NetSleuthError, match="interrupted"):
        judged_values(store_of([tcp(START + k) for k in range(5)]), column, lambda: True)


def test_times_are_spelled_as_tshark_spells_them(tshark: str, tmp_path: Path) -> None:
    """With nine digits; and duplicate acknowledgements have the same number."""
    names = ["tcp.analysis.ack_rtt", "tcp.analysis.duplicate_ack_num", "tcp.analysis.retransmission"]
    table = records_table(of_faults(tmp_path), EVERYTHING, names)
    ours = ["\t".join("" if cell is None else str(cell) for cell in cells) for block in table.blocks for cells in zip(*block, strict=True)]
    command = [tshark, *AS_THE_FILE_HAS_IT, "-r", str(tmp_path / "faults.pcap"), "-T", "fields"]
    done = subprocess.run([*command, *(word for name in names for word in ("-e", name))], capture_output=True, text=True, check=True)
    assert ours == done.stdout.splitlines()


def test_a_packet_in_detail_has_them_in_a_layer() -> None:
    """Once they are known; each is a filter that selects the packet."""
    store = of_tunnels()
    judge_fields(store, JUDGED)
    layer = among_others(store, 2)
    assert layer is not None
    assert layer.name == AMONG_OTHERS
    assert {field.name: field.value for field in layer.fields} == {"esp.ahead": "2", "esp.gap": "1", "esp.gap.open": "1"}
    assert names_of([layer]) == [{field.name: field.name for field in layer.fields}]
    assert [term(store, 2, field.name) for field in layer.fields] == ["esp.ahead == 2", "esp.gap == 1", "esp.gap.open == 1"]
