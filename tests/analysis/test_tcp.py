"""TCP analysis: every rule against tshark on captures of trouble and of noise; plain and compiled alike; bounded whatever comes."""

from __future__ import annotations

import subprocess
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from machine_code import compiled
from made import START, TCP, append, store_of, tcp, udp
from oracles.tcp_marks import MARKS, marked, numbers
from tcp_faults import ACK, FAULTS, FIN, PSH, RST, SYN, Connection, all_faults, noise, pcap

from netsleuth_tui.analysis import EVERYTHING, Scope, rows_of, tcp_unacked
from netsleuth_tui.analysis import tcp as analysis
from netsleuth_tui.analysis.occurring import count_values
from netsleuth_tui.analysis.series import series
from netsleuth_tui.analysis.tcp import Mark, marks, rows_marked, tcp_values
from netsleuth_tui.analysis.tcp_segments import follow_segments
from netsleuth_tui.decode.columns import NO_TIME, Has
from netsleuth_tui.decode.hosts import place
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import Loader
from netsleuth_tui.query import JUDGED, FilterError, parse, unparse
from netsleuth_tui.query.wireshark import for_wireshark
from netsleuth_tui.store import Store

MILLISECOND = 1_000_000


@pytest.fixture(params=["plain", "compiled"], scope="module")
def form(request: pytest.FixtureRequest) -> Any:
    """Both forms of the kernel."""
    with compiled(follow_segments, place) if request.param == "compiled" else nullcontext():
        yield


def loaded(path: Path, content: bytes | None = None) -> Store:
    """The store of a capture."""
    if content is not None:
        path.write_bytes(content)
    store = Store()
    Loader(store, memory=1 << 28, cancel=threading.Event(), report=lambda _: None).load([str(path)])
    return store


def found(store: Store, text: str) -> list[int]:
    """Row ids that a filter keeps."""
    rows = rows_of(store, Scope(text))
    return rows.take(0, len(rows)).tolist()


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("seed", [1, 2])
def test_noise_is_judged_as_tshark_judges_it(tshark: str, tmp_path: Path, seed: int) -> None:
    """Whatever follows whatever: every mark of every frame, and the number of every duplicate acknowledgement."""
    store = loaded(tmp_path / "noise.pcap", pcap(noise(3000, seed)))
    theirs = marked(tshark, tmp_path / "noise.pcap")
    ours = marks(store)
    for name, mark in MARKS.items():
        assert {row + 1 for row in np.flatnonzero(ours & mark).tolist()} == {frame for frame, names in theirs.items() if name in names}, (
            name
        )
    assert set(MARKS) - {"zero_window_probe_ack"} <= set().union(*theirs.values())
    repeats = tcp_values(store, "tcp_repeat")
    assert {row + 1: int(repeats[row]) for row in np.flatnonzero(repeats).tolist()} == numbers(
        tshark, tmp_path / "noise.pcap", "duplicate_ack_num"
    )


@pytest.mark.usefixtures("form")
def test_times_to_acknowledgements_are_those_of_tshark(tshark: str, tmp_path: Path) -> None:
    """And those of handshakes, where tshark shows them. A segment without the ACK flag acknowledges nothing here, so there are none."""
    store = loaded(tmp_path / "noise.pcap", pcap(noise(3000, 3, [ACK] * 9 + [ACK | PSH, FIN | ACK, RST | ACK, SYN | ACK])))
    rtts = tcp_values(store, "tcp_ack_rtt")
    assert {row + 1: int(rtts[row]) for row in np.flatnonzero(rtts).tolist()} == numbers(tshark, tmp_path / "noise.pcap", "ack_rtt")
    first = tcp_values(store, "tcp_initial_rtt")
    shown = numbers(tshark, tmp_path / "noise.pcap", "initial_rtt")
    assert len(shown) > 1000
    assert all(int(first[frame - 1]) == value for frame, value in shown.items())


EXPECTED = {
    "retransmission": {"tcp.analysis.retransmission": 1},
    "fast_retransmission": {"tcp.analysis.fast_retransmission": 1, "tcp.analysis.duplicate_ack": 4, "tcp.analysis.lost_segment": 1},
    "spurious_retransmission": {"tcp.analysis.spurious_retransmission": 1},
    "out_of_order": {"tcp.analysis.out_of_order": 1, "tcp.analysis.lost_segment": 1},
    "lost_segment": {"tcp.analysis.lost_segment": 1, "tcp.analysis.ack_lost_segment": 1},
    "zero_window": {
        "tcp.analysis.zero_window": 3, "tcp.analysis.zero_window_probe": 2, "tcp.analysis.zero_window_probe_ack": 2,
        "tcp.analysis.window_update": 1, "tcp.analysis.window_full": 1,
    },
    "keep_alive": {"tcp.analysis.keep_alive": 2, "tcp.analysis.keep_alive_ack": 2},
    "reused_ports": {"tcp.analysis.reused_ports": 1},
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_called_by_its_name(tmp_path: Path, fault: Any) -> None:
    """By the filters a user types; and nothing else is said."""
    store = loaded(tmp_path / "fault.pcap", pcap(fault().frames))
    again = ("tcp.analysis.fast_retransmission", "tcp.analysis.spurious_retransmission")
    counts = {name: len(found(store, name)) for name, field in JUDGED.items() if field.kind == "bool"}
    expected = EXPECTED[fault.__name__]
    if any(name in expected for name in again):
        expected = expected | {"tcp.analysis.retransmission": 1}
    assert {name: count for name, count in counts.items() if count} == expected
    assert len(found(store, "tcp.analysis.flags")) <= sum(expected.values())


def test_no_trouble_no_marks(tmp_path: Path) -> None:
    """A handshake, data both ways and a proper end."""
    one = Connection().open()
    for k in range(20):
        one.send(0, 1 + 100 * k, 1 + 10 * k, 100)
        one.send(1, 1 + 10 * k, 101 + 100 * k, 10)
    one.send(0, 2001, 201, flags=FIN | ACK)
    one.send(1, 201, 2002, flags=FIN | ACK)
    one.send(0, 2002, 202)
    assert not marks(loaded(tmp_path / "good.pcap", pcap(one.frames))).any()


def test_fields_are_filters_like_others(tmp_path: Path) -> None:
    """Presence, values, seconds, negation, and beside other conditions."""
    store = loaded(tmp_path / "faults.pcap", all_faults())
    everything = len(found(store, "tcp"))
    assert found(store, "tcp.analysis.retransmission == 1") == found(store, "tcp.analysis.retransmission")
    assert found(store, "tcp.analysis.retransmission == 0") == []
    assert len(found(store, "not tcp.analysis.flags")) == everything - len(found(store, "tcp.analysis.flags"))
    assert len(found(store, "tcp.analysis.retransmission and tcp.port == 40001")) == 1
    assert found(store, "tcp.analysis.flags & 0x1") == found(store, "tcp.analysis.retransmission")
    assert len(found(store, "tcp.analysis.duplicate_ack_num >= 2")) == 3
    assert len(found(store, "tcp.analysis.initial_rtt == 0.002")) > 20
    assert found(store, "tcp.analysis.initial_rtt > 0.002") == []
    slow = found(store, "tcp.analysis.ack_rtt > 0.2")
    assert [round(int(tcp_values(store, "tcp_ack_rtt")[row]) / MILLISECOND) for row in slow] == [301]
    assert found(store, "tcp.analysis.ack_rtt in {0.301 .. 0.302}") == slow
    assert found(store, "0.2 < tcp.analysis.ack_rtt") == slow
    assert found(store, "tcp.analysis.ack_rtt > tcp.analysis.initial_rtt") != []


@pytest.mark.parametrize("text", ["tcp.analysis.ack_rtt > 0.25", "tcp.analysis.initial_rtt in {0.1..2}", "tcp.analysis.flags & 0x21"])
def test_filters_are_written_as_they_are_read(text: str) -> None:
    """A tree becomes a text that becomes the same tree."""
    assert parse(unparse(parse(text))) == parse(text)


@pytest.mark.parametrize(
    "text", ["tcp.analysis.ack_rtt > soon", "tcp.analysis.ack_rtt > -1", 'tcp.analysis.ack_rtt == "1"', "tcp.analysis.keep_alive > 2"]
)
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    """With a column, as any mistake."""
    with pytest.raises(FilterError):
        parse(text)


def test_wireshark_takes_them_but_for_values() -> None:
    """A label there has no value."""
    assert for_wireshark("tcp.analysis.retransmission && tcp.analysis.ack_rtt > 0.1") == (
        "tcp.analysis.retransmission and tcp.analysis.ack_rtt > 0.1", (),
    )  # fmt: skip
    assert for_wireshark("tcp.analysis.keep_alive == 1")[1] == ("tcp.analysis.keep_alive: Wireshark takes it alone, without a value",)


def test_a_time_line_is_split_by_them_and_values_are_counted(tmp_path: Path) -> None:
    """As by any field."""
    store = loaded(tmp_path / "faults.pcap", all_faults())
    rows, there = rows_of(store, EVERYTHING), len(found(store, "tcp.analysis.zero_window"))
    split = series(store, rows, start=0, every=1 << 62, intervals=1, by="tcp.analysis.zero_window")
    assert dict(zip(split.labels, split.counts[0, :, 0].tolist(), strict=True)) == {
        "1": there, "no tcp.analysis.zero_window": len(rows) - there,
    }  # fmt: skip
    counted = count_values(store, EVERYTHING, "tcp.analysis.duplicate_ack_num")
    assert sorted(counted.values.tolist()) == [1, 2, 3, 4]
    assert not count_values(store, EVERYTHING, "tcp.analysis.ack_rtt").complete


# In pieces


def segment(side: int, sequence: int, length: int, acknowledges: int, flags: int = ACK, port: int = 1000, **more: Any) -> dict[str, Any]:
    """A segment of side 0 or 1 of the connection on a port."""
    ports = (port, 80) if side == 0 else (80, port)
    given_numbers = {"tcp_seq": sequence % 2**32, "tcp_ack": acknowledges % 2**32, "tcp_len": length, "tcp_window": 9}
    return tcp(START, flags, src=side, dst=1 - side, src_port=ports[0], dst_port=ports[1], **given_numbers) | more


@st.composite
def conversation(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Segments of two connections with numbers close to each other and to 2**32, at any time."""
    base = draw(st.sampled_from([0, 100, 2**32 - 20]))
    number, length = st.integers(0, 40), st.sampled_from([0, 0, 1, 5])
    flags = st.sampled_from([ACK, ACK, ACK, 0, SYN, SYN | ACK, FIN | ACK, RST | ACK])
    whole = st.sampled_from([TCP, TCP, TCP, TCP | Has.TCP_SCALE, TCP & ~Has.TCP_LEN])
    time = st.sampled_from([NO_TIME, NO_TIME + 1, 2**63 - 1, 0, START, START + MILLISECOND])
    each = st.tuples(st.integers(0, 1), number, length, number, flags, st.sampled_from([1000, 1001]), whole, time)
    drawn = draw(st.lists(each, max_size=30))
    return [segment(side, base + s, n, base + a, f, port, present=there, time=t) for side, s, n, a, f, port, there, t in drawn]


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversation(), st.integers(0, 30))
def test_plain_compiled_in_two_parts_and_piece_by_piece_are_the_same(packets: list[dict[str, Any]], cut: int) -> None:
    """Marks and values do not depend on the form of the kernel, on threads, or on when the rows came."""
    with compiled(follow_segments, place):
        whole = [marks(store_of(packets)).tolist(), *(tcp_values(store_of(packets), name).tolist() for name in analysis.WANTED)]
    assert whole == [marks(store_of(packets)).tolist(), *(tcp_values(store_of(packets), name).tolist() for name in analysis.WANTED)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis, "WORTH_TWO_THREADS", 0)
        assert marks(store_of(packets)).tolist() == whole[0]
    store = store_of(packets[:cut])
    assert marks(store).tolist() == whole[0][:cut]
    if packets[cut:] and store.packets:
        append(store, packets[cut:], 0)
        assert marks(store).tolist() == whole[0]


def test_a_connection_goes_on_in_the_next_file_but_not_in_one_of_the_same_time() -> None:
    """Pieces of a capture follow one another; two captures of the same minute saw the same segments."""
    piece = [segment(0, 100, 50, 5, time=START + k) for k in (0, 10 * MILLISECOND)]
    later = [segment(0, 100, 50, 5, time=START + 20 * MILLISECOND)]
    assert rows_marked(store_of(piece, later), Mark.RETRANSMISSION).tolist() == [1, 2]
    assert rows_marked(store_of(piece, piece), Mark.RETRANSMISSION).tolist() == [1, 3]


def test_many_connections_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables grow, and forget none; more flows than are kept for the next rows are gone through again."""
    monkeypatch.setattr(analysis, "SMALLEST", 512)
    monkeypatch.setattr(analysis, "KEPT_FLOWS", 1000)
    packets = [segment(0, 10, 5, 0, port=port) for port in range(6000)]
    packets += [segment(1, 0, 0, 15 + port % 2, port=port, time=START + MILLISECOND) for port in range(6000)]
    store = store_of(packets[:7000])
    with compiled(follow_segments, place):
        marks(store)
        append(store, packets[7000:], 0)
        assert rows_marked(store, Mark.ACK_LOST).tolist() == [6000 + port for port in range(6000) if port % 2]
        assert np.flatnonzero(tcp_values(store, "tcp_ack_rtt")).tolist() == [6000 + port for port in range(6000) if port % 2 == 0]


def test_waiting_segments_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of one side are, and steps through them; what is taken out is used again."""
    monkeypatch.setattr(analysis, "SMALLEST", 512)
    backwards = [segment(0, 2 * (2000 - k), 1, 0) for k in range(1500)] + [
        segment(0, 2 * ((k * 7919) % 2000) + 1, 1, 0) for k in range(1500)
    ]
    store = store_of([*backwards, segment(1, 0, 0, 4001, time=START + MILLISECOND)])
    rtts = tcp_values(store, "tcp_ack_rtt")
    assert np.flatnonzero(rtts).tolist() == [3000]
    course = analysis._Course(0, 1, analysis.ACK_RTT)
    answered = [one for k in range(5000) for one in (segment(0, 10 * k, 10, 0), segment(1, 0, 0, 10 * k + 10))]
    columns = store_of(answered).columns()
    course.go(columns, 0, len(answered), (0,), np.zeros(len(answered), np.uint16), np.zeros(len(answered), np.int64))
    assert int(course.unacked.free[0]) <= 2
    assert tcp_unacked.MOST * 24 < 1 << 20


def test_what_is_no_segment_has_no_marks() -> None:
    """UDP, fragments, and headers that are cut off."""
    packets = [udp(START), segment(0, 1, 5, 0), segment(0, 1, 5, 0, present=TCP & ~Has.TCP_LEN, time=START + 9 * MILLISECOND)]
    assert not marks(store_of(packets)).any()
    assert marks(store_of([])).tolist() == []


def test_nobody_has_to_wait_for_an_answer() -> None:
    """A question that was called off ends, also one that waits for another one's answer; the next one is answered."""
    store = store_of([segment(0, 1, 5, 0), segment(0, 1, 5, 0, time=START + 9 * MILLISECOND)])
    with pytest.raises(NetSleuthError, match="interrupted"):
        marks(store, cancelled=lambda: True)
    known = analysis._known(store)
    with known.lock, pytest.raises(NetSleuthError, match="interrupted"):
        marks(store, cancelled=lambda: True)
    assert marks(store).tolist() == [0, int(Mark.RETRANSMISSION)]


def test_the_file_of_faults_can_be_written(tmp_path: Path) -> None:
    """By its own command, to be looked at in the app."""
    import sys

    script = Path(__file__).resolve().parents[1] / "tcp_faults.py"
    subprocess.run([sys.executable, str(script), str(tmp_path / "faults.pcap")], check=True)
    assert (tmp_path / "faults.pcap").read_bytes() == all_faults()
