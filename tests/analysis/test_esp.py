"""ESP: fast, plain, compiled and by hand it is the same; the RFCs' examples; associations, epochs, partners; real captures and tshark."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from esp_by_hand import ESP, NAMES, by_hand, esp, replayed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from machine_code import compiled
from made import SECOND, START, UDP, store_of, tcp

from netsleuth_tui.analysis import EVERYTHING, Scope, associations, detail, over_time, remarks, rows_of, verdict
from netsleuth_tui.analysis.esp import WINDOWS, Associations
from netsleuth_tui.analysis.esp_detail import displacements, extents
from netsleuth_tui.analysis.esp_order import CLASS, DUPLICATE, judge
from netsleuth_tui.analysis.esp_packets import Other, identify
from netsleuth_tui.decode.columns import NO_TIME, Has
from netsleuth_tui.decode.hosts import place
from netsleuth_tui.ingest import Loader
from netsleuth_tui.store import Source, Store


@pytest.fixture(params=["plain", "compiled"], scope="module")
def form(request: pytest.FixtureRequest) -> Any:
    """Both forms of the kernels."""
    with compiled(identify, judge, place) if request.param == "compiled" else nullcontext():
        yield


def counted(numbers: Sequence[int], **fields: Any) -> Associations:
    """One association of these sequence numbers, a millisecond apart."""
    store = store_of([esp(number, **{"time": START + k * 1_000_000} | fields) for k, number in enumerate(numbers)])
    return associations(store, rows_of(store, EVERYTHING))


def opened(store: Store, found: Associations, place: int = 0, scope: Scope = EVERYTHING) -> Any:
    """The detail of an association."""
    return detail(store, rows_of(store, scope), found, place)


@st.composite
def disturbed(draw: st.DrawFn) -> list[int]:
    """Sequence numbers that were lost, delayed, sent twice, wrapped, restarted, and mixed with what does not belong."""
    first = draw(st.sampled_from([0, 1, 1, 2, 500, 2**32 - 20, 2**32 - 1]))
    numbers = [(first + k) % 2**32 for k in range(draw(st.integers(1, 60))) if draw(st.integers(0, 9))]
    delays = draw(st.lists(st.integers(0, 200), min_size=len(numbers), max_size=len(numbers)))
    order = sorted(range(len(numbers)), key=lambda k: k + (delays[k] - 180 if delays[k] > 180 else 0))
    numbers = [numbers[k] for k in order]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(numbers)))
        extra = draw(st.sampled_from([*numbers, 0, 1, 7, 2**20, 2**21, 5000, 2**31, 2**32 - 1]))
        numbers.insert(at, extra)
    if draw(st.booleans()):
        begin = draw(st.sampled_from([1, 3, 64, 9000, 2**22, 2**32 - 5]))
        numbers += [(begin + k) % 2**32 for k in range(draw(st.integers(1, 12)))]
    return numbers


@pytest.mark.usefixtures("form")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(disturbed(), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_same_as_by_hand(many, random):
    """Counts, depths, gaps and drops of associations that are interleaved, whatever happened to their packets."""
    turns = [k for k, numbers in enumerate(many) for _ in numbers]
    random.shuffle(turns)
    queues, rows, packets = [iter(numbers) for numbers in many], [[] for _ in many], []
    for row, k in enumerate(turns):
        rows[k].append(row)
        packets.append(esp(next(queues[k]), START + row, src=k % 2, dst=1 - k % 2, esp_spi=0x1000 + k // 2))
    store = store_of(packets)
    found = associations(store, rows_of(store, EVERYTHING))
    keys = [(k % 2, 1 - k % 2, 0x1000 + k // 2, False) for k in range(len(many))]
    assert sorted(found.key(at) for at in range(len(found))) == sorted(key for key, numbers in zip(keys, many, strict=True) if numbers)
    for key, numbers, own in zip(keys, many, rows, strict=True):
        if not numbers:
            continue
        at, expected = found.find(key), by_hand(numbers)
        assert {name: int(found.numbers(name)[at]) for name in NAMES} == expected.counts, numbers
        assert [int(found.drops(window)[at]) for window in (1, 2, 5, 64)] == [
            sum(depth >= window for depth in expected.depths) for window in (1, 2, 5, 64)
        ]
        judged = found.judged
        here = judged.members.association(judged.run_at) == found.which[at]
        openers = judged.members.rows[judged.run_at[here]].tolist()
        assert sorted(zip(openers, judged.run_length[here].tolist(), strict=True)) == sorted((own[i], g) for i, g in expected.gaps)
        assert int(found.numbers("max_depth")[at]) == max(expected.depths, default=0)


@settings(max_examples=200)
@given(st.permutations(range(1, 40)), st.lists(st.integers(1, 39), max_size=8), st.sampled_from([1, 2, 3, 5, 8, 13, 32]))
def test_drops_are_those_of_the_literal_window(numbers, again, window):
    """Of first copies: left of the window; with duplicates, what the receiver rejects is the same in sum."""
    found = counted([*numbers, *again])
    old, seen = replayed([*numbers, *again], window)
    depths = found.judged.duplicate_depth
    assert int(found.drops(window)[0]) + int((depths >= window).sum()) == old
    if int(found.drops(window)[0]) == 0:
        assert int((depths < window).sum()) == seen


def test_example_of_rfc_4737():
    """1 2 3 7 8 9 4 5 6: one gap of 3, three late packets with extents 3, 4, 5, nothing lost."""
    found = counted([1, 2, 3, 7, 8, 9, 4, 5, 6])
    assert [int(found.numbers(name)[0]) for name in ("ahead", "late", "lost", "max_depth")] == [1, 3, 0, 5]
    assert extents(found.judged, 0, 9).tolist() == [3, 4, 5]


def test_example_of_rfc_5236():
    """1 4 3 5 3 8 7 6: seven unique, one twice, 2 lost; displacements as in its example 3."""
    found = counted([1, 4, 3, 5, 3, 8, 7, 6])
    assert [int(found.numbers(name)[0]) for name in ("unique", "duplicates", "lost", "late")] == [7, 1, 1, 3]
    judged = found.judged
    assert displacements(judged.places[judged.kinds & CLASS < DUPLICATE]).tolist() == [0, -1, 1, 0, -2, 0, 2]


def test_what_wireshark_says_three_times_about():
    """1 2 4 3 5: one packet late by one, nothing lost."""
    found = counted([1, 2, 4, 3, 5])
    assert [int(found.numbers(name)[0]) for name in ("late", "lost", "max_depth", "ahead")] == [1, 0, 1, 1]


def test_sequence_numbers_go_on_after_they_wrapped():
    """Numbers are extended by their distance to the highest one."""
    found = counted([0xFFFFFFFE, 0xFFFFFFFF, 0, 1, 0xFFFFFFFD, 2])
    judged = found.judged
    assert judged.sequence(judged.places).tolist() == [2**32 - 2, 2**32 - 1, 2**32, 2**32 + 1, 2**32 - 3, 2**32 + 2]
    assert [int(found.numbers(name)[0]) for name in ("wraps", "lost", "zeros")] == [1, 0, 0]


def test_no_absurd_losses():
    """Random numbers, numbers of 0, a restart, a jump: in their own classes, and no billions lost."""
    rng = np.random.default_rng(4)
    found = counted(rng.integers(1, 2**32, 500).tolist())
    assert int(found.numbers("lost")[0]) < 2**21
    assert int(found.numbers("outliers")[0]) > 480
    found = counted([0, 0, 0])
    assert (int(found.numbers("zeros")[0]), int(found.numbers("expected")[0]), found.cells("lost_percent")) == (3, 0, [None])
    found = counted([*range(1, 6000), *range(1, 50), *range(2**24, 2**24 + 50)])
    assert [int(found.numbers(name)[0]) for name in ("resets", "jumps", "lost", "duplicates")] == [1, 1, 0, 0]
    found = counted([9])
    assert [int(found.numbers(name)[0]) for name in ("packets", "expected", "lost", "max_depth", "safe_window")] == [1, 1, 0, 0, 1]
    assert found.cells("joined") == [True]


def test_deep_lateness_is_exact():
    """A packet that comes a hundred thousand numbers late fills its gap; one that had come is a duplicate, however old."""
    numbers = [1, *range(3, 100_003), 2, 50_000]
    found = counted(numbers)
    assert [int(found.numbers(name)[0]) for name in ("late", "duplicates", "lost", "max_depth")] == [1, 1, 0, 100_000]


def test_associations_are_told_apart_by_their_key():
    """Direction, SPI and encapsulation; the rest of IPsec is counted on its own."""
    natted = {"present": UDP | Has.UDPENCAP | Has.ESP | Has.ESP_SPI | Has.ESP_SEQUENCE, "ip_proto": 17}
    store = store_of(
        [
            esp(1), esp(1, src=1, dst=0), esp(1, **natted), esp(1, esp_spi=7), tcp(START),
            esp(0, present=ESP & ~Has.ESP_SEQUENCE),
            esp(0, esp_spi=0, present=(ESP | Has.FRAGMENT) & ~(Has.ESP | Has.ESP_SPI | Has.ESP_SEQUENCE)),
            esp(0, esp_spi=0, present=UDP | Has.UDPENCAP, ip_proto=17, ip_len=286),
            esp(0, esp_spi=0, present=UDP | Has.UDPENCAP, ip_proto=17, ip_len=29),
            esp(0, esp_spi=0, present=Has.ETH | Has.IPV6 | Has.ADDRESSES | Has.FRAGMENT | Has.ESP_FRAGMENT, ip_proto=44),
        ]
    )  # fmt: skip
    found = associations(store, rows_of(store, EVERYTHING))
    assert [found.key(k) for k in range(len(found))] == [(0, 1, 4096, False), (1, 0, 4096, False), (0, 1, 4096, True), (0, 1, 7, False)]
    assert found.others == dict.fromkeys(Other, 1)
    assert found.cells("opposite") == ["0x00001000", "0x00001000", None, None]
    said = " ".join(remark.text for remark in remarks(store, found))
    for words in ("cut off", "fragments of ESP packets are", "over IPv6", "IKE", "keepalives", "below 256"):
        assert words in said
    for remark in remarks(store, found):
        assert len(rows_of(store, Scope(remark.filter))) == 1, remark
    for k in range(len(found)):
        assert len(rows_of(store, Scope(found.filter(k)))) == 1


def test_rekeying_is_found():
    """The new association counts from 1 while the old one still sends; it is told which one, and how long both sent."""
    old = [esp(k, START + k * SECOND) for k in range(1, 21)]
    new = [esp(k, START + 18 * SECOND + k * SECOND // 2, esp_spi=0x2000) for k in range(1, 20)]
    store = store_of(sorted(old + new, key=lambda packet: packet["time"]))
    found = associations(store, rows_of(store, EVERYTHING))
    assert found.cells("rekeyed_to") == ["0x00002000", None]
    assert found.cells("rekeyed_from") == [None, "0x00001000"]
    assert (found.cells("rekey_overlap")[1], found.cells("rekey_overlap_packets")[1]) == (1.5, 2)


def test_window_and_filter_count_but_do_not_judge():
    """What is late in the capture is late in every window; sums over windows are those of the whole."""
    rng = np.random.default_rng(7)
    numbers = np.argsort(np.arange(1, 3001) + rng.exponential(20, 3000) * (rng.random(3000) < 0.1))[rng.random(3000) > 0.02] + 1
    store = store_of([esp(int(number), START + k * 10_000_000, len=100 + k % 7) for k, number in enumerate(numbers)])
    whole = associations(store, rows_of(store, EVERYTHING))
    names = ("packets", "bytes", "unique", "expected", "lost", "late", "ahead", "replay_drops_32")
    for scopes in (
        [Scope(start=START + k * 7 * SECOND, end=START + (k + 1) * 7 * SECOND) for k in range(5)],
        [Scope("frame.len < 103"), Scope("frame.len >= 103")],
    ):
        parts = [associations(store, rows_of(store, scope), known=whole.judged) for scope in scopes]
        for name in names:
            assert sum(int(part.numbers(name).sum()) for part in parts) == int(whole.numbers(name)[0]), name
    one = opened(store, whole)
    over = over_time(store, rows_of(store, EVERYTHING), whole.judged, 0, start=START, every=SECOND, intervals=100)
    for name in ("packets", "bytes", "ahead", "late", "lost", "duplicates"):
        assert int(getattr(over.course, name).sum()) == int(whole.numbers(name)[0])
    assert int(one.depths.times.sum()) == int(whole.numbers("late")[0])
    assert int(one.losses.sums.sum()) == int(whole.numbers("lost")[0])
    assert one.drops[64] == int(whole.numbers("replay_drops_64")[0])
    assert one.safe_window == int(whole.numbers("max_depth")[0]) + 1


def test_gaps_are_named_with_their_packets():
    """The longest first: which numbers, which packet opened it, which stands before it, and whether it may yet be filled."""
    numbers = [1, 2, 5, 6, 10, 8, *range(11, 3000), 3010]
    store = store_of([esp(number, START + k * 10_000_000) for k, number in enumerate(numbers)])
    found = associations(store, rows_of(store, EVERYTHING))
    gaps = opened(store, found).gaps
    assert [(gap.length, gap.first, gap.last, gap.row, gap.row_before) for gap in gaps] == [
        (10, 3000, 3009, 2995, 2994), (2, 3, 4, 2, 1), (1, 7, 7, 5, 4), (1, 9, 9, 4, 3),
    ]  # fmt: skip
    assert [gap.provisional for gap in gaps] == [True, False, False, False]
    assert int(found.numbers("lost_provisional")[0]) == 10


def test_duplicates_are_told_apart():
    """Captured twice, routed twice, sent again."""
    store = store_of(
        [
            esp(1, START, ip_id=7, ttl=60), esp(1, START + 1000, ip_id=7, ttl=60), esp(2, START + 2000, ip_id=8, ttl=60),
            esp(2, START + 3000, ip_id=8, ttl=58), esp(1, START + SECOND, ip_id=7, ttl=60),
        ]
    )  # fmt: skip
    assert opened(store, associations(store, rows_of(store, EVERYTHING))).copies == (1, 1, 1)


def test_losses_of_the_capture_are_suspected():
    """Drops of the capturing host, and gaps in all associations in the same second, are said."""
    packets = [
        esp(k, START + k * SECOND // 20, esp_spi=spi, src=spi // 1000 % 2, dst=1 - spi // 1000 % 2)
        for k in range(1, 200)
        for spi in (1000, 2000, 3000)
        if not 95 < k < 105
    ]
    store = store_of(packets)
    found = associations(store, rows_of(store, EVERYTHING))
    told = [remark for remark in remarks(store, found) if "all associations have gaps at once" in remark.text]
    assert told
    assert len(rows_of(store, Scope(told[0].filter))) == 3
    (source,) = store.sources
    store.sources = (Source(source.name, source.format, packets=source.packets, first=source.first, last=source.last, drops=3),)
    assert any("lost 3 packets" in remark.text for remark in remarks(store, found))


def test_losses_in_a_second_in_which_tcp_acknowledges_what_was_not_captured():
    """One association that loses, beside a connection whose data is acknowledged but missing: the capture may have lost both."""
    packets = [esp(k, START + k * SECOND // 20) for k in range(1, 200) if not 95 < k < 105]
    sent = {"src_port": 1000, "dst_port": 80, "tcp_len": 100}
    packets += [
        tcp(START, dst=1, tcp_seq=1, **sent),
        tcp(START + 5 * SECOND + 300, src=1, dst=0, src_port=80, dst_port=1000, tcp_ack=201),
        tcp(START + 7 * SECOND, src=1, dst=0, src_port=80, dst_port=1000, tcp_ack=301),
    ]
    store = store_of(sorted(packets, key=lambda packet: packet["time"]))
    found = associations(store, rows_of(store, EVERYTHING))
    (told,) = [remark for remark in remarks(store, found) if "TCP acknowledges" in remark.text]
    assert told.text.startswith("in 1 of 1 second with losses")
    assert len(rows_of(store, Scope(told.filter))) == 1
    elsewhere = associations(store, rows_of(store, Scope(start=START + 6 * SECOND)), known=found.judged)
    assert not [remark for remark in remarks(store, elsewhere) if "TCP acknowledges" in remark.text]


@pytest.mark.usefixtures("form")
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(disturbed().filter(bool), st.sampled_from([1, 2, 5, 64]))
def test_every_number_is_a_filter_away(numbers, window):
    """What a filter selects by the fields of the order is as much as is counted."""
    store = store_of([esp(number, START + row, ip_id=row % 3, ttl=60 + row % 2) for row, number in enumerate(numbers)])
    found = associations(store, rows_of(store, EVERYTHING))
    one = opened(store, found)

    def matched(text: str) -> int:
        return len(rows_of(store, Scope(f"{found.filter(0)} && {text}")))

    expected = by_hand(numbers)
    assert matched("esp.depth") == expected.counts["late"]
    assert matched(f"esp.depth >= {window}") == int(found.drops(window)[0]) == sum(depth >= window for depth in expected.depths)
    assert matched("esp.ahead") == expected.counts["ahead"]
    assert matched("esp.gap") == one.gap_count == len(expected.gaps)
    assert matched("esp.duplicate") == expected.counts["duplicates"]
    assert tuple(matched(f"esp.duplicate == {kind}") for kind in (1, 2, 3)) == one.copies
    assert matched("esp.outlier") == int(found.numbers("outliers")[0])
    for name, histogram in (("depth", one.depths), ("gap", one.losses)):
        for k, times in enumerate(histogram.times.tolist()):
            assert matched(f"esp.{name} in {{{1 << k} .. {(2 << k) - 1}}}") == times
    openers = sorted(row for row, _ in expected.gaps)
    assert rows_of(store, Scope("esp.gap")).take(0, 100).tolist() == openers
    assert matched("esp.gap && !esp.gap.open") == sum(not gap.provisional for gap in one.gaps) or one.gap_count > len(one.gaps)


def test_fields_of_the_order_follow_what_is_loaded_later():
    """A number that comes after all is no gap any more, for the rows that were looked at before, too."""
    store = store_of([esp(number, START + k) for k, number in enumerate((1, 2, 4, 5))])
    assert rows_of(store, Scope("esp.gap == 1")).take(0, 9).tolist() == [2]
    more = store_of([esp(3, START + 4)]).columns()
    columns = store.table.reserve(5)
    for name, values in more._asdict().items():
        getattr(columns, name)[4:5] = values
    columns.row[4] = 4
    store.table.commit(5)
    assert rows_of(store, Scope("esp.gap")).take(0, 9).tolist() == []
    assert rows_of(store, Scope("esp.depth == 2")).take(0, 9).tolist() == [4]
    assert rows_of(store, Scope("esp.depth != 2 || !esp.depth")).take(0, 9).tolist() == [0, 1, 2, 3]


def test_without_times():
    """Packets without a time are judged by their order; rates and times are absent."""
    found = counted([1, 3, 2], time=NO_TIME)
    assert int(found.numbers("late")[0]) == 1
    assert [found.cells(name) for name in ("start", "duration", "bytes_per_second", "max_wait")] == [[None]] * 4


def test_verdict():
    """The sentence about the replay window."""
    assert verdict({64: 1284}, 400) == "a peer with a window of 64 would have dropped 1 284 packets; 512 would be enough"
    assert "drops none" in verdict({64: 0}, 12)


REAL = ("arkime+arkime/tests/pcap/wireshark-esp.pcap", "arkime+arkime/tests/pcap/IKEv1.pcap", "arkime+arkime/tests/pcap/IKEv2.pcap",
        "zeek+zeek/ip6_esp.pcap", "ntop+nDPI/ipsec_isakmp_esp.pcap")  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_captures_agree_with_tshark(shared: Path, tshark: str, name: str) -> None:
    """Packets by source, destination, SPI and encapsulation are tshark's; so is the range of sequence numbers."""
    path = shared / "corpora" / "captures" / name
    fields = ("ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "esp.spi", "esp.sequence", "udp.port")
    command = [tshark, "-n", "-r", str(path), "-Y", "esp", "-T", "fields", "-E", "occurrence=f", *(a for f in fields for a in ("-e", f))]
    lines = [line.split("\t") for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]
    expected: Counter[Any] = Counter()
    highest: dict[Any, int] = {}
    for v4, v6, v4_dst, v6_dst, spi, sequence, port in lines:
        key = (v4 or v6, v4_dst or v6_dst, f"0x{int(spi, 0):08x}", "UDP" if port else "none")
        expected[key] += 1
        highest[key] = max(highest.get(key, 0), int(sequence))
    store = Store()
    Loader(store, memory=1 << 30, cancel=Event(), report=lambda _: None).load([str(path)])
    found = associations(store, rows_of(store, EVERYTHING))
    keys = list(zip(*(found.cells(name) for name in ("src", "dst", "spi", "encapsulation")), strict=True))
    assert dict(zip(keys, found.numbers("packets").tolist(), strict=True)) == dict(expected)
    for place_of, key in enumerate(keys):
        assert int(opened_range(found, place_of)) == highest[key]


def opened_range(found: Associations, at: int) -> int:
    """The highest sequence number of an association."""
    members, k = found.judged.members, int(found.which[at])
    places = found.judged.places[members.starts[k] : members.starts[k + 1]]
    return int(found.judged.sequence(places[places >= 0]).max())


def test_the_jump_in_a_real_capture(shared: Path) -> None:
    """SPI c4c0e3f5 goes from 2 to 4: one number never came, and nothing is late."""
    store = Store()
    path = shared / "corpora" / "captures" / "ntop+nDPI" / "ipsec_isakmp_esp.pcap"
    Loader(store, memory=1 << 30, cancel=Event(), report=lambda _: None).load([str(path)])
    found = associations(store, rows_of(store, Scope("esp.spi == 0xc4c0e3f5")))
    assert [int(found.numbers(name)[0]) for name in ("packets", "expected", "lost", "ahead", "late", "duplicates")] == [5, 6, 1, 1, 0, 0]
    (gap,) = opened(store, found).gaps
    assert (gap.first, gap.last, gap.length) == (3, 3, 1)
    assert set(WINDOWS) <= set(opened(store, found).drops)
