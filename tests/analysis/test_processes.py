"""Whose packets these are: recorded, or by sockets that processes held for a time; and what is said where that is not clear."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made import SECOND, START, append, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import EVERYTHING, Scope, cell_filter, records, rows_of, sorted_rows
from netsleuth_tui.analysis.facets import facets
from netsleuth_tui.analysis.judged_fields import is_judged, judged_values
from netsleuth_tui.analysis.occurring import Counted, count_values
from netsleuth_tui.analysis.packet import among_others
from netsleuth_tui.analysis.series import series
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.sockets import Socket
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query import FilterError
from netsleuth_tui.readers.frames import NOBODY, FrameBatch, Owners, ProcessEntry
from netsleuth_tui.store import Rows, Store

HOSTS = (0x0A000001, 0x0A000002, 0x0A000003, 0x7F000001)
ME, OTHER, THIRD, LOOP = range(4)
UDP, TCP = 17, 6
ANY = 0


def socket(pid: int, port: int, local: int = ANY, remote: tuple[int, int] | None = None, **more: object) -> Socket:
    """A socket of IPv4; addresses by their place in `HOSTS`, or ANY."""
    made = Socket(pid, f"C:\\p{pid}.exe", UDP, 4, HOSTS[local - 1] if local else 0, port, since=START)
    if remote is not None:
        made = replace(made, remote=HOSTS[remote[0]], remote_port=remote[1])
    return replace(made, **more)  # type: ignore[arg-type]


def told(store: Store, *sockets: Socket, source: int = 0) -> Store:
    """A store with sockets."""
    store.processes.tell(source, "events", list(sockets))
    return store


def pids(store: Store) -> list[int]:
    """The process of each packet, 0 for none."""
    return [int(pid) for pid in judged_values(store, "frame_process_id")]


def packet(src: tuple[int, int], dst: tuple[int, int], after: int = 1, kind: int = UDP) -> dict[str, object]:
    """A datagram or segment, seconds after the beginning."""
    made = udp if kind == UDP else tcp
    return made(START + after * SECOND, src=src[0], src_port=src[1], dst=dst[0], dst_port=dst[1])


def test_a_socket_counts_from_its_binding_to_its_end() -> None:
    """Packets from and to it, within that time; before and after it, of another port or protocol: none."""
    both = [packet((ME, 53), (OTHER, 9), k) for k in (1, 3, 5)] + [packet((OTHER, 9), (ME, 53), k) for k in (1, 3, 5)]
    others = [packet((ME, 54), (OTHER, 9), 3), packet((ME, 53), (OTHER, 9), 3, TCP), icmp(START + 3 * SECOND, src=ME, dst=OTHER)]
    held = socket(7, 53, ME + 1, since=START + 2 * SECOND, until=START + 4 * SECOND)
    assert pids(told(store_of([*both, *others], hosts=HOSTS), held)) == [0, 7, 0, 0, 7, 0, 0, 0, 0]


def test_two_processes_at_different_times_each_have_their_packets() -> None:
    """One local port, held by one after the other; where both hold it, neither is named."""
    store = store_of([packet((ME, 53), (OTHER, 9), k) for k in range(6)], hosts=HOSTS)
    one = socket(7, 53, ME + 1, until=START + 3 * SECOND)
    two = socket(8, 53, ME + 1, since=START + 2 * SECOND)
    assert pids(told(store, one, two)) == [7, 7, 0, 8, 8, 8]


def test_a_connection_goes_on_after_its_socket_is_closed() -> None:
    """The system ends it; until another socket has the same two sides. A datagram socket is gone when it is closed."""
    for kind, after in ((TCP, [7, 7, 7, 8]), (UDP, [7, 7, 0, 8])):
        store = store_of([packet((ME, 5000), (OTHER, 80), k, kind) for k in range(4)], hosts=HOSTS)
        one = socket(7, 5000, ANY, (OTHER, 80), protocol=kind, until=START + 2 * SECOND)
        assert pids(told(store, one, socket(8, 5000, ANY, (OTHER, 80), protocol=kind, since=START + 3 * SECOND))) == after


def test_any_address_is_any_of_the_hosts_own() -> None:
    """The far side's port is not its; which addresses are the host's, bindings and connections tell."""
    packets = [packet((OTHER, 443), (ME, 999)), packet((ME, 443), (OTHER, 999)), packet((OTHER, 5), (ME, 5000))]
    listens = socket(7, 443)
    assert pids(told(store_of(packets, hosts=HOSTS), listens)) == [0, 0, 0]
    assert pids(told(store_of(packets, hosts=HOSTS), listens, socket(8, 1, ME + 1))) == [0, 7, 0]
    assert pids(told(store_of(packets, hosts=HOSTS), listens, socket(9, 5000, ANY, (OTHER, 5)))) == [0, 7, 9]


def test_it_is_any_address_of_the_host_of_its_own_file_only() -> None:
    """The same packets in another file: whose these are is not known. Parts of a file that grew belong to it."""
    packets = [packet((ME, 53), (OTHER, 9))]
    store = told(store_of(packets, packets, hosts=HOSTS), socket(7, 53, ME + 1))
    assert pids(store) == [7, 0]
    more = replace(store.sources[0], first_row=2, packets=1)
    store.add_part(more, 0)
    append(store, packets, 2)
    assert pids(store) == [7, 0, 7]


def test_the_socket_that_says_most_counts() -> None:
    """Both sides before the local one, that before the port alone; where two say equally much, neither."""
    store = store_of([packet((ME, 53), (OTHER, 9)), packet((ME, 53), (THIRD, 9)), packet((LOOP, 53), (THIRD, 9))], hosts=HOSTS)
    most, more, least = socket(1, 53, ME + 1, (OTHER, 9)), socket(2, 53, ME + 1), socket(3, 53)
    assert pids(told(store, most, more, least, socket(4, 1, LOOP + 1))) == [1, 2, 3]
    assert pids(told(store, most, socket(5, 53, ME + 1, (OTHER, 9)), more, least)) == [0, 2, 0]


def test_between_two_processes_it_is_the_senders() -> None:
    """On one host: who asks which program sends this gets the one that does."""
    store = store_of([packet((LOOP, 1), (LOOP, 2)), packet((LOOP, 2), (LOOP, 1)), packet((LOOP, 3), (LOOP, 1))], hosts=HOSTS)
    assert pids(told(store, socket(1, 1, LOOP + 1), socket(2, 2, LOOP + 1))) == [1, 2, 1]


def test_clocks_and_missing_times() -> None:
    """Sockets move with the clock of their file; a packet without a time is only of a socket that has none."""
    store = store_of([packet((ME, 53), (OTHER, 9), 1), packet((ME, 53), (OTHER, 9)) | {"time": NO_TIME}], hosts=HOSTS)
    held = socket(7, 53, ME + 1, until=START + 2 * SECOND)
    assert pids(told(store, held)) == [7, 0]
    store.set_clocks(((0, 3600 * SECOND),))
    assert pids(store) == [7, 0]
    assert pids(told(store, replace(held, since=None))) == [7, 7]


def recorded(store: Store, first: int, index: list[int], *entries: ProcessEntry, source: int = 0) -> None:
    """Say that a file records whose the rows from `first` on are."""
    nothing = np.zeros(0, np.int64)
    batch = FrameBatch(*[nothing] * 1, len(index), *[nothing] * 6, Owners(entries, np.array(index, np.uint32)))  # type: ignore[arg-type]
    store.processes.record(first, batch, source)


DNS, WEB = ProcessEntry(7, "C:\\dns.exe", 4, HOSTS[ME], 53, 0, 0), ProcessEntry(8, "C:\\web.exe", 4, 0, 0, 0, 0)


def named() -> Store:
    """Five packets: the file says it of two, of one it follows, of the others nothing is known."""
    store = store_of([packet((ME, port), (OTHER, 9)) for port in (80, 53, 53, 1, 2)], hosts=HOSTS)
    recorded(store, 0, [1, 1, NOBODY, NOBODY, NOBODY], DNS, WEB)
    return store


def test_what_a_file_records_comes_before_what_follows_from_sockets() -> None:
    """And one can be told from the other."""
    store = named()
    cells = records(store, rows_of(store, EVERYTHING).take(0, 5), ["frame.process", "frame.process_id", "frame.process_recorded"])
    assert cells == [
        ["C:\\web.exe", "C:\\web.exe", "C:\\dns.exe", None, None],
        [8, 8, 7, None, None],
        [1, 1, None, None, None],
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("frame.process", [0, 1, 2]),
        ("!frame.process", [3, 4]),
        (r'frame.process == "C:\\dns.exe"', [2]),
        (r'frame.process == r"C:\dns.exe"', [2]),
        (r'frame.process == "c:\\DNS.exe"', []),
        (r'frame.process != "C:\\dns.exe"', [0, 1]),
        (r'!(frame.process == "C:\\dns.exe")', [0, 1, 3, 4]),
        ('frame.process contains "web"', [0, 1]),
        ('frame.process matches "DNS\\.exe$"', [2]),
        (r'frame.process in {"C:\\dns.exe", "other"}', [2]),
        ("frame.process_id == 8", [0, 1]),
        ("frame.process_id in {1..7}", [2]),
        ("frame.process_id != 8", [2]),
        ("frame.process && !frame.process_recorded", [2]),
        ('udp.port == 53 && frame.process contains "exe"', [1, 2]),
        ("EventID == 1 || frame.process_id == 7", [2]),
    ],
)
def test_filters_find_them(text: str, rows: list[int]) -> None:
    """A packet without a process has none: it is in no comparison."""
    store = named()
    assert rows_of(store, Scope(text)).take(0, 5).tolist() == rows


@pytest.mark.parametrize(
    "text", ["frame.process == frame.process", 'frame.process matches "("', "frame.process & 1", "frame.process_id == x"]
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    """A program has a path, and that is a text."""
    with pytest.raises(FilterError):
        rows_of(named(), Scope(text))


def test_values_are_counted_split_sorted_and_completed() -> None:
    """With the same numbers everywhere; a cell is a filter."""
    store = named()
    counted = count_values(store, EVERYTHING, "frame.process")
    assert isinstance(counted, Counted)
    assert [(one.text, one.packets) for one in counted.beginning(store, "", 9).values] == [('"C:\\\\web.exe"', 2), ('"C:\\\\dns.exe"', 1)]
    for typed in ("dns", '"C:\\\\D', 'r"c:\\dns.exe"'):
        assert [one.packets for one in counted.beginning(store, typed, 9).values] == [1], typed
    assert sorted_rows(store, rows_of(store, EVERYTHING), "frame.process").tolist() == [2, 0, 1, 3, 4]
    assert cell_filter(store, 2, "frame.process") == 'frame.process == "C:\\\\dns.exe"'
    assert cell_filter(store, 3, "frame.process") == "!frame.process"
    split = series(store, rows_of(store, EVERYTHING), start=START, every=100 * SECOND, intervals=1, by="frame.process")
    assert dict(zip(split.labels, split.counts[0, :, 0].tolist(), strict=True)) == {
        "C:\\web.exe": 2,
        "C:\\dns.exe": 1,
        "no frame.process": 2,
    }


def test_a_breakdown_counts_programs_and_processes_without_a_name() -> None:
    """Each line is a filter with as many packets."""
    store = told(named(), socket(2264, 1, ME + 1, path=""))
    (facet,) = facets(store, rows_of(store, EVERYTHING), ["process"])
    assert [(count.label, count.packets) for count in facet.counts] == [("web.exe in C:", 2), ("dns.exe in C:", 1), ("process 2264", 1)]
    assert [len(rows_of(store, Scope(count.filter))) for count in facet.counts] == [2, 1, 1]
    assert sum(count.bytes for count in facet.counts) == 4 * 80
    (nothing,) = facets(store_of([packet((ME, 53), (OTHER, 9))], hosts=HOSTS), Rows(0, 1), ["process"])
    assert nothing.counts == ()


def test_the_detail_says_whose_a_packet_is() -> None:
    """Also before anybody asked for all of them."""
    layer = among_others(named(), 0)
    assert layer is not None
    assert [(field.name, field.value) for field in layer.fields] == [
        ("frame.process", "C:\\web.exe"), ("frame.process_id", "8"), ("frame.process_recorded", "1"),
    ]  # fmt: skip


def test_nothing_is_kept_where_nothing_is_known() -> None:
    """No array a row, no work, and the field is known to be absent at once."""
    store = store_of([packet((ME, 53), (OTHER, 9))] * 3, hosts=HOSTS)
    assert is_judged(store, ["frame.process"], 3)
    assert judged_values(store, "frame_process").strides == (0,)
    assert rows_of(store, Scope("frame.process")).take(0, 3).tolist() == []
    assert records(store, rows_of(store, EVERYTHING).take(0, 3), ["frame.process"], at_once=True) == [[None] * 3]


def test_it_is_found_out_once_and_again_when_more_is_known() -> None:
    """Rows that come, sockets that are told; nobody works for one who does not want it any more."""
    store = told(store_of([packet((ME, 53), (OTHER, 9))], hosts=HOSTS), socket(7, 53, ME + 1))
    with pytest.raises(NetSleuthError, match="interrupted"):
        judged_values(store, "frame_process", lambda: True)
    assert not is_judged(store, ["frame.process"], 1)
    assert judged_values(store, "frame_process") is judged_values(store, "frame_process")
    assert rows_of(store, Scope("frame.process_id == 7")).take(0, 1).tolist() == [0]
    told(store, socket(7, 53, ME + 1, until=START))
    assert not is_judged(store, ["frame.process"], 1)
    assert pids(store) == [0]
    assert rows_of(store, Scope("frame.process_id == 7")).take(0, 1).tolist() == []


def test_nothing_follows_from_sockets_from_when_on_some_were_not_kept() -> None:
    """Those could be of another process; by the clock of the file. What is recorded is known all the same."""
    store = store_of([packet((ME, 53), (OTHER, 9), k) for k in range(4)], hosts=HOSTS)
    recorded(store, 0, [NOBODY, NOBODY, NOBODY, 1], replace(DNS, local_port=0), WEB)
    store.processes.tell(0, "events", [socket(9, 53, ME + 1)], START + 2 * SECOND)
    assert pids(store) == [9, 9, 0, 8]
    store.set_clocks(((0, 3600 * SECOND),))
    assert pids(store) == [9, 9, 0, 8]


def test_what_is_told_of_processes_leaves_answers_that_do_not_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a filter about hosts only the new rows are looked at; one about programs is answered anew, also where it named none before."""
    store = store_of([packet((ME, 53), (OTHER, 9))] * 3, hosts=HOSTS)
    looked: list[int] = []
    row_ids = store.engine.row_ids
    monkeypatch.setattr(store.engine, "row_ids", lambda columns, *of: (looked.append(len(columns.row)), row_ids(columns, *of))[1])
    by_host, by_name = Scope("ip.src == 10.0.0.1"), Scope('frame.process contains "dns"')
    told(store, socket(9, 1, ME + 1))
    assert [len(rows_of(store, scope)) for scope in (by_host, by_name)] == [3, 0]
    recorded(store, 0, [NOBODY, NOBODY, 0], DNS)
    append(store, [packet((ME, 53), (OTHER, 9))], 0)
    looked.clear()
    assert [len(rows_of(store, scope)) for scope in (by_host, by_host, by_name)] == [4, 4, 3]
    assert looked == [1, 4]
    told(store, socket(9, 1, ME + 1, until=START))
    assert [len(rows_of(store, scope)) for scope in (by_host, by_name)] == [4, 3]
    assert looked == [1, 4, 4]


def test_many_holders_of_one_socket_are_looked_at_once_each() -> None:
    """Not all of them whenever one comes or goes; and nobody goes on for one who does not want it any more."""
    many = [socket(k + 1, 53, ME + 1, since=START + k, until=START + SECOND - k if k else None) for k in range(20_000)]
    store = told(store_of([packet((ME, 53), (OTHER, 9), k) for k in (0, 2)], hosts=HOSTS), *many)
    begun = process_time()
    assert pids(store) == [1, 1]
    assert process_time() - begun < 3
    asked: list[bool] = []
    told(store, *many)
    with pytest.raises(NetSleuthError, match="interrupted"):
        judged_values(store, "frame_process", lambda: (asked.append(True), len(asked) > 6)[1])
    assert len(asked) == 7


def test_many_files_with_sockets_are_looked_at_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which sources belong to a file is found out for all files together, and each of them asks whether to go on."""
    store = store_of(*[[packet((ME, 53), (OTHER, 9))]] * 30, hosts=HOSTS)
    for source in range(30):
        told(store, socket(source + 1, 53, ME + 1), source=source)
    asked: list[int] = []
    first_part = store.first_part
    monkeypatch.setattr(store, "first_part", lambda source: (asked.append(source), first_part(source))[1])
    assert pids(store) == list(range(1, 31))
    assert len(asked) == 30
    wanted: list[bool] = []
    told(store, socket(1, 53, ME + 1))
    judged_values(store, "frame_process", lambda: bool(wanted.append(True)))
    assert len(wanted) >= 60


# By the definition, packet for packet

TIMES = st.integers(0, 6).map(lambda second: START + second * SECOND)
ENDS = st.tuples(st.integers(0, 3), st.integers(1, 3))
SOCKETS = st.builds(
    lambda pid, protocol, local, port, remote, since, until: Socket(
        pid, "", protocol, 4, HOSTS[local - 1] if local else 0, port, *((HOSTS[remote[0]], remote[1]) if remote else (0, 0)), since, until
    ),
    st.integers(1, 3), st.sampled_from([UDP, TCP, 0]), st.integers(0, 4), st.integers(1, 3), st.none() | ENDS, st.none() | TIMES,
    st.none() | TIMES,
)  # fmt: skip
PACKETS = st.builds(packet, ENDS, ENDS, st.integers(0, 6), st.sampled_from([UDP, TCP]))


def holders(sockets: list[Socket], side: dict[str, object], near: str, far: str, mine: set[int]) -> set[int]:
    """Processes that hold the near side of a packet, of the kind of socket that says most."""
    kind, time = int(side["ip_proto"]), int(side["time"])  # type: ignore[call-overload]
    local, port = HOSTS[side[near]], side[f"{near}_port"]  # type: ignore[index]
    other = HOSTS[side[far]], side[f"{far}_port"]  # type: ignore[index]
    for is_connected, is_local in ((True, True), (True, False), (False, True), (False, False)):
        fit = [
            one
            for one in sockets
            if one.protocol in {0, kind} and one.local_port == port and bool(one.local) == is_local and bool(one.remote) == is_connected
            and (one.local == local or not is_local) and ((one.remote, one.remote_port) == other or not is_connected)
            and (is_local or is_connected or local in mine)
        ]  # fmt: skip
        found = {one.pid for one in fit if held(one, time)}
        if not found and is_connected and kind == TCP:
            gone = [one for one in fit if one.until is not None and begin(one) <= time]
            last = max((max(one.until or 0, begin(one)) for one in gone), default=None)
            if last is not None:
                found = at_the_end(fit, last)
        if found:
            return found
    return set()


def begin(one: Socket) -> int:
    """When a socket begins."""
    return NO_TIME if one.since is None else one.since


def held(one: Socket, time: int) -> bool:
    """Whether it is open."""
    return begin(one) <= time and (one.until is None or time < max(one.until, begin(one)))


def at_the_end(fit: list[Socket], last: int) -> set[int]:
    """Who held it just before the last one was closed; one that is closed as it begins had it for no time."""
    edges = sorted({begin(one) for one in fit} | {max(one.until, begin(one)) for one in fit if one.until is not None})
    for edge in reversed([edge for edge in edges if edge < last]):
        if found := {one.pid for one in fit if held(one, edge)}:
            return found
    return set()


@example(
    [Socket(pid, "", TCP, 4, *end, 0, 0, None, None) for pid, end in ((1, (0, 1)), (2, (0, 1)), (1, (HOSTS[0], 2)))],
    [packet((0, 1), (0, 2), 0, TCP)],
)
@settings(deadline=None, max_examples=300)
@given(st.lists(SOCKETS, max_size=6), st.lists(PACKETS, min_size=1, max_size=8))
def test_all_are_found_as_the_definition_says(sockets: list[Socket], packets: list[dict[str, object]]) -> None:
    """Against a plain search through all sockets, for each packet."""
    store = told(store_of(packets, hosts=HOSTS), *sockets)
    mine = {one.local for one in sockets if one.local}
    for one in packets:
        for near, far in (("src", "dst"), ("dst", "src")):
            wild = [s for s in sockets if not s.local and s.remote]
            if holders(wild, one, near, far, set()):
                mine.add(HOSTS[one[near]])  # type: ignore[index]
    wanted = []
    for one in packets:
        sender, receiver = (holders(sockets, one, *ends, mine) for ends in (("src", "dst"), ("dst", "src")))
        found = sender or receiver  # where more than one could have sent it, it is nobody's, whoever receives it
        wanted.append(next(iter(found)) if len(found) == 1 else 0)
    assert pids(store) == wanted
