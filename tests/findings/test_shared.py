"""What several kinds of findings share: flows, copies, silences and combinations of bits, by kernels and by NumPy alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import sleep
from typing import Any

import numpy as np
import pytest
from looking import HOSTS
from made import SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import copies, esp, patterns, repeats, silences
from netsleuth_tui.analysis.segment_flows import SegmentFlows, segment_flows, segment_flows_numpy
from netsleuth_tui.decode.columns import NO_TIME, Has
from netsleuth_tui.errors import RowsDroppedError
from netsleuth_tui.findings import KINDS, LIMITS, Finding, find
from netsleuth_tui.findings.finding import Candidate
from netsleuth_tui.findings.report import _worst
from netsleuth_tui.findings.seen import Seen, Sorted
from netsleuth_tui.findings.tcp_rows import segments

ROLL = np.random.default_rng(8)


def segment(k: int) -> dict[str, Any]:
    """A TCP segment between a few endpoints; some of them talk to themselves, some have no known payload."""
    a, b, p, q, flag, size = (int(number) for number in ROLL.integers(0, 4, 6))
    of = tcp(START + k, (0x02, 0x12, 0x10, 0x14)[flag], src=a, dst=b, src_port=p, dst_port=q, ttl=60 + size, tcp_len=size)
    return of | ({} if k % 7 else {"present": of["present"] & ~Has.TCP_LEN})


def test_flows_by_the_kernel_and_by_numpy() -> None:
    """The same numbers, in the order of the first segments; also where the table has to grow."""
    few = store_of([segment(k) for k in range(400)], hosts=HOSTS)
    many = store_of([tcp(START + k, src=k % 250, dst=250, src_port=k) for k in range(6000)], hosts=HOSTS)
    for store in (few, many):
        rows = segments(Seen(store))
        one, other = segment_flows(store.columns(), rows), segment_flows_numpy(store.columns(), rows)
        for name in SegmentFlows._fields:
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.size == 12_000


def test_what_flows_say() -> None:
    """Ends, the other direction, flags, ways of opening, and the TTL of all but resets."""
    packets = [
        tcp(START, 0x02, src=0, dst=1, src_port=9, dst_port=80, ttl=60),
        tcp(START, 0x12, src=1, dst=0, src_port=80, dst_port=9, ttl=50),
        tcp(START, 0x18, src=0, dst=1, src_port=9, dst_port=80, ttl=64, tcp_len=5),
        tcp(START, 0x14, src=1, dst=0, src_port=80, dst_port=9, ttl=200),
        tcp(START, 0x02, src=2, dst=2, src_port=7, dst_port=7),
    ]
    store = store_of(packets, hosts=HOSTS)
    flows = segment_flows(store.columns(), segments(Seen(store)))
    assert flows.of.tolist() == [0, 1, 0, 1, 2]
    assert flows.other(flows.of).tolist() == [1, 0, 1, 0, 2], "an endpoint that talks to itself has one flow"
    assert [end.tolist() for end in flows.ends(np.array([0, 1]))] == [[0, 1], [1, 0], [9, 80], [80, 9]]
    assert flows.payload.tolist() == [5, 0, 0, 0]
    assert flows.packets.tolist() == [2, 2, 1, 0]
    assert flows.sent_exactly(0x02).tolist() == [0, 2]
    assert flows.sent_exactly(0x12, 0x14).tolist() == [1]
    assert flows.sent(0x04).tolist() == [False, True, False, False]
    assert flows.lowest_ttl.tolist()[:2] == [60, 50]
    assert flows.highest_ttl.tolist()[:2] == [64, 50], "that of a reset does not count"
    assert flows.highest_ttl.tolist()[3] == -1


def test_no_copy_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets that have a copy may have one; of those that have none few may, and none that is not IP or has no time."""
    copied = [udp(START + k, src=k % 5, dst=7, ip_id=k, ip_len=60) for k in range(500)]
    store = store_of([*copied, *copied[:40], icmp(NO_TIME, ip_id=1), udp(START, present=Has.ETH)], hosts=HOSTS)
    columns = store.columns()
    for kernel in (repeats.fill_buckets, repeats.keep_shared):
        monkeypatch.setattr(kernel, "compiled", None)
    plain = repeats.may_be_copies(columns)
    assert plain.tolist() == list(range(540)), "before it is compiled, any"
    buckets, of, seed = np.zeros(1 << 12, np.uint8), np.zeros(542, np.uint32), ROLL.integers(1 << 62, 1 << 63, 9, np.int64, endpoint=False)
    repeats.fill_buckets.function(0, 542, columns, seed, 14, buckets, of)
    kept = np.zeros(542, np.uint32)
    (count,) = repeats.keep_shared.function(0, 542, buckets, of, kept)
    found = set(kept[:count].tolist())
    assert {*range(40), *range(500, 540)} <= found
    assert len(found) < 200
    assert not found & {540, 541}
    buckets[:] = 0
    repeats.fill_buckets(0, 20, columns, seed, 14, buckets, of)
    repeats.fill_buckets.function(20, 542, columns, seed, 14, buckets, of)
    (count,) = repeats.keep_shared.function(0, 542, buckets, of, kept)
    assert {*range(40), *range(500, 540)} <= set(kept[:count].tolist()), "also where it is compiled in between"


@pytest.mark.parametrize("seed", range(6))
def test_silences_by_the_kernel_and_by_numpy(seed: int) -> None:
    """The same, and the same as one place looked at by itself."""
    roll = np.random.default_rng(seed)
    cells = (roll.random((120, 9)) < roll.random(9)).astype(np.uint32)
    for begin in range(9):
        cells[40 + 5 * begin : 60 + 7 * begin, begin] = 0
    answers = []
    for ask in (silences.find_silences, silences.find_silences.function):
        state = np.full((4, 9), -1, np.int64)
        state[1], state[2] = 0, 1
        found = np.zeros((99, 5), np.int64)
        (count,) = ask(cells, 3, 10, state, found)
        answers.append(found[:count].tolist())
    assert answers[0] == answers[1]
    whole = silences.silences(cells, 3, 10)
    assert sorted(answers[0]) == np.column_stack(whole).tolist()
    for place in range(9):
        assert [row[1:3] for row in np.column_stack(whole).tolist() if row[0] == place] == one_by_one(cells[:, place].tolist(), 3, 10)
    assert len(whole.place)


def one_by_one(cells: list[int], least: int, regular: int) -> list[list[int]]:
    """The silences of one place: runs of 0, each held against all that was before."""
    found, longest, k = [], 1, cells.index(1) if 1 in cells else len(cells)
    first = k
    while k < len(cells):
        end = k
        while end < len(cells) and not cells[end]:
            end += 1
        if end > k:
            if end - k >= max(least, silences.LONGER * longest) and k - first >= max(regular, end - k):
                found.append([k, end])
            longest = max(longest, end - k)
        k = max(end, k + 1)
    return found


def test_cells_of_hosts_by_the_kernel_and_by_numpy() -> None:
    """Who sent and who was asked in which interval; hosts without a place are left out."""
    store = store_of([udp(START + k * SECOND // 3, src=k % 4, dst=k % 3) for k in range(60)], hosts=HOSTS)
    columns, rows, ranks = store.columns(), np.arange(60, dtype=np.uint32), np.full(store.hosts.count, -1, np.int32)
    ranks[[1, 2]] = [1, 0]
    for start, amounts in ((START, [30, 40]), (START + 18 * SECOND, [3, 4]), (START - 18 * SECOND, [3, 4])):
        each = []
        for ask in (silences.count_cells, silences.count_cells.function):
            sent, asked = np.zeros((20, 2), np.uint32), np.zeros((20, 2), np.uint32)
            ask(rows, 0, 60, columns, ranks, start, SECOND, sent, asked)
            each.append((sent.tolist(), asked.tolist()))
        assert each[0] == each[1]
        assert np.sum(each[0], axis=(1, 2)).tolist() == amounts, "packets outside of the intervals are in none"


@pytest.mark.parametrize("slug", [kind.slug for kind in KINDS])
def test_packets_that_are_dropped_meanwhile_end_the_search(slug: str) -> None:
    """What was begun with rows that are there no longer is no answer; no kind fails in another way, or hangs."""
    packets = [tcp(START + k * SECOND // 9, (0x02, 0x12, 0x18)[k % 3], src=k % 2, dst=1 - k % 2, tcp_len=9) for k in range(900)]
    store = store_of(packets, hosts=HOSTS)

    def drop(steps: Any) -> None:
        if steps.kind == slug:
            store.forget(400)

    with pytest.raises(RowsDroppedError):
        find(store, progress=drop)
    assert find(store).looked_for


def test_rows_by_what_is_present() -> None:
    """Of any bits those rows that have them all and a time, by the kernel, by NumPy, and where there are too many combinations."""
    present = np.array([1, 3, 3, 2, 7, 1], np.uint64)
    time = np.array([5, 5, NO_TIME, 5, 5, 5], np.int64)
    for ask in (patterns.number_patterns, patterns.number_patterns.function):
        known, codes = np.zeros(patterns.MOST + 1, np.int64), np.zeros(6, np.uint8)
        assert ask(np.zeros(0, np.uint32), False, 0, 6, present, time, known, codes) == (0,)
        found = patterns.Patterns(known[1 : 1 + known[0]], codes)
        places = [found.having(bits | patterns.TIMED) for bits in (1, 3, 8)]
        assert [None if some is None else some.tolist() for some in places] == [[0, 1, 4, 5], [1, 4], []]
        assert found.having(0) is None
        many = np.arange(400, dtype=np.uint64)
        codes = np.zeros(400, np.uint8)
        assert ask(np.zeros(0, np.uint32), False, 0, 400, many, many.astype(np.int64), np.zeros_like(known), codes) == (-1,)
    packets = [tcp(START + k, present=int(Has.TCP) | (k << 30)) for k in range(300)]
    seen = Seen(store_of(packets, hosts=HOSTS))
    assert len(seen.having(Has.TCP)) == 300
    assert len(seen.having(Has.TCP | Has(1 << 30))) == 150


def test_the_same_is_found_on_two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of them takes which kind; an error of either ends the search."""
    packets = [
        tcp(START + k * SECOND // 50, (0x02, 0x14, 0x10)[k % 3], src=k % 30, dst=30, dst_port=k % 90, ttl=k % 9) for k in range(3000)
    ]
    store = store_of(packets, hosts=HOSTS)
    alone = find(store)
    monkeypatch.setattr("netsleuth_tui.findings.report.WORTH_TWO_THREADS", 1)
    both = find(store)
    assert both.findings == alone.findings
    assert len(alone.findings) > 5
    assert [(looked.kind, looked.found) for looked in both.looked_for] == [(looked.kind, looked.found) for looked in alone.looked_for]

    def fails(*_: object) -> list[Finding]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        find(store, kinds=[*KINDS[:3], replace(KINDS[3], find=fails), *KINDS[4:]])


def test_only_the_worst_are_put_into_words() -> None:
    """Of candidates those that are told, and those that are as bad as the last of them."""
    store = store_of([tcp(START + k * SECOND, 0x02, src=0, dst=1, dst_port=80) for k in range(60)], hosts=HOSTS)
    (one,) = find(store, kinds=[kind for kind in KINDS if kind.slug == "syn-unanswered"]).findings
    made = []

    def candidate(severity: int, name: str) -> Candidate:
        return Candidate(severity, START, lambda: made.append(name) or replace(one, severity=severity, first=START, filter=name))  # type: ignore[func-returns-value]

    worst = _worst([candidate(50, "c"), candidate(60, "x"), candidate(50, "a"), candidate(40, "z"), candidate(50, "b")], 2)
    assert [finding.filter for finding in worst] == ["x", "a"]
    assert sorted(made) == ["a", "b", "c", "x"]
    assert LIMITS.findings_of_a_kind == 20


def test_rows_sorted_by_a_key() -> None:
    """Those of one key in the order of the rows."""
    by_key = Sorted(np.array([3, 5, 6, 9], np.uint32), np.array([7, 1, 7, 2], np.int64))
    assert [by_key.rows(key).tolist() for key in (7, 1, 2, 4)] == [[3, 6], [5], [9], []]


def test_what_several_kinds_need_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where two threads ask for it at the same time."""
    monkeypatch.setattr("netsleuth_tui.findings.report.WORTH_TWO_THREADS", 1)
    seen_as: list[str] = []

    def noted(name: str, make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any, **kwargs: Any) -> Any:
            seen_as.append(name)
            sleep(0.05)
            return make(*args, **kwargs)

        return made

    monkeypatch.setattr("netsleuth_tui.analysis.copies.copies", noted("copies", copies.copies))
    monkeypatch.setattr("netsleuth_tui.analysis.esp.associations", noted("associations", esp.associations))
    find(store_of([udp(START + k, src=k % 5, dst=7, ip_id=k, ip_len=60) for k in range(50)], hosts=HOSTS))
    assert sorted(seen_as) == ["associations", "copies"]
