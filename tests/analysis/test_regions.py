"""Regions: plain, compiled and counted packet by packet they are the same, and every line's filter selects what the line counts."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from machine_code import compiled
from made import ICMP, SECOND, START, append, icmp, tcp, udp

from netsleuth_tui import analysis
from netsleuth_tui.analysis import EVERYTHING, GROUPINGS, SIDES, Scope, regions, rows_of, with_retransmissions
from netsleuth_tui.analysis.occurring import count_values
from netsleuth_tui.analysis.places import place_values
from netsleuth_tui.analysis.region_counts import _count
from netsleuth_tui.analysis.regions import INTERVALS, Regions
from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol
from netsleuth_tui.decode.hosts import enter4, enter6
from netsleuth_tui.places import HostPlaces, open_places
from netsleuth_tui.store import Store

ADDRESSES = (
    "10.31.4.7", "10.31.8.20", "10.32.0.9", "10.99.0.1", "192.168.7.7", "224.0.0.251", "193.0.14.129", "192.36.148.17", "198.41.0.4",
    "8.8.8.8", "255.255.255.255", "2001:7fd::1", "fe80::7", "2001:db8::5", "10.31.255.255", "198.41.0.5", "fd00::9",
)  # fmt: skip
SITES = (
    ("10.31.0.0/16", "Hengelo"),
    ("10.31.8.0/24", "Hengelo, warehouse"),
    ("10.32.0.0/16", 'A "b" \\ [c]'),
    ("8.8.8.0/24", "Netherlands"),
)


@pytest.fixture(params=["numpy", "function", "compiled"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kernel as NumPy, as a plain function, and as machine code."""
    if request.param == "function":
        monkeypatch.setattr(_count, "plain", None)
    with compiled(_count) if request.param == "compiled" else nullcontext():
        yield


def places(store: Store, folder: Path, sites: tuple[tuple[str, str], ...] = SITES) -> None:
    """Give the store a list of sites, and the data that come with the program."""
    path = folder / "sites.csv"
    quoted = (f'{network},"{name.replace(chr(34), chr(34) * 2)}"' for network, name in sites)
    path.write_text("\n".join(quoted), encoding="utf-8")
    store.places = HostPlaces(store.hosts, partial(open_places, sites=(str(path),)))


def empty(addresses: tuple[str, ...] = ADDRESSES) -> Store:
    """A store that knows these addresses, by their place in the list."""
    store = Store()
    store.hosts.reserve(len(addresses))
    for text in addresses:
        address = ip_address(text)
        if address.version == 4:
            enter4(store.hosts.arrays, np.array([int(address)], np.int64), 1, np.zeros(1, np.int64))
        else:
            parts = [int(address) >> shift & 0xFFFFFFFF for shift in (96, 64, 32, 0)]
            enter6(store.hosts.arrays, np.array(parts, np.int64), 1, np.zeros(1, np.int64))
    return store


def packet(dice: random.Random, time: int) -> dict[str, Any]:
    """Any packet: TCP with any flags, UDP, ICMP, ESP, ARP, or a frame without addresses."""
    v4 = [k for k, text in enumerate(ADDRESSES) if "." in text]
    v6 = [k for k, text in enumerate(ADDRESSES) if ":" in text]
    four = dice.random() < 0.8
    src, dst = dice.choices(v4 if four else v6, k=2)
    made = dice.choice(
        [
            tcp(time, dice.choice([0x02, 0x12, 0x10, 0x14, 0x04, 0x11]), src=src, dst=dst, len=dice.randrange(60, 1500)),
            udp(time, src=src, dst=dst),
            icmp(time, src=src, dst=dst),
            udp(time, src=src, dst=dst, protocol=Protocol.ESP, present=ICMP & ~Has.ICMP | Has.ESP),
            {"time": time, "present": Has.ETH | Has.ARP | Has.ADDRESSES, "protocol": Protocol.ARP, "len": 60, "src": v4[0], "dst": v4[1]},
            {"time": time, "present": Has.ETH, "len": 60, "src": 0, "dst": 0},
            icmp(time, present=ICMP & ~Has.ADDRESSES, src=0, dst=0),
        ]
    )
    if not four and made["present"] & Has.IP:
        made["present"] = made["present"] & ~Has.IP | Has.IPV6
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three thousand packets among all kinds of addresses, some without a time."""
    dice = random.Random(6)  # noqa: S311 - the same packets each time
    made = empty()
    times = sorted(START + dice.randrange(600 * SECOND) for _ in range(3000))
    append(made, [packet(dice, time if dice.random() > 0.02 else NO_TIME) for time in times])
    places(made, tmp_path)
    return made


def label(store: Store, host: int, by: str) -> str:
    """What the region of a host is called, by rules of their own."""
    text = ADDRESSES[host]
    address = ip_address(text)
    if by.startswith("/"):
        size = {"/8": (8, 32), "/16": (16, 48), "/24": (24, 64)}[by][address.version == 6]
        return str(ip_network((int(address) >> address.max_prefixlen - size << address.max_prefixlen - size, size)))

    def said(kind: Any) -> str | None:
        values = place_values(store, kind)
        code = int(values.codes[host])
        return values.names[code] if code >= 0 else None

    if by == "region":
        return said("region") or ""
    kind = said("class") or ""
    other = f"no {by}" if by == "site" else "no ASN" if by == "asn" else "Unknown" if kind == "Public" else kind
    return said(by) or other


def by_hand(store: Store, by: str, side: str) -> dict[str, dict[str, Any]]:
    """The sums of each region, packet by packet."""
    columns = store.columns()
    found: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(int) | {"who": set(), "base": 0})
    for row in range(store.packets):
        present, flags = Has(int(columns.present[row])), int(columns.tcp_flags[row])
        if not present & Has.ADDRESSES or not present & (Has.IP | Has.IPV6):
            continue
        ends = {"src": int(columns.src[row]), "dst": int(columns.dst[row])}
        of = {end: label(store, host, by) for end, host in ends.items()}
        if side == "reset-sender":
            found[of["src"]]["base"] += 1
            if not flags & 4:
                continue
        counted = ["src", "dst"] if side == "either" else ["dst"] if side == "dst" else ["src"]
        for end in counted:
            found[of[end]]["who"].add(ends[end])
            found[of[end]]["resets_sent" if end == "src" else "resets_received"] += flags >> 2 & 1
        for region in {of[end] for end in counted}:
            line = found[region]
            line["packets"] += 1
            line["bytes"] += int(columns.len[row])
            line["resets"] += flags >> 2 & 1
            line["syns"] += flags >> 1 & 1
            line["esp"] += bool(present & Has.ESP)
    return {region: line for region, line in found.items() if line["packets"]}


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("by", GROUPINGS)
def test_sums_are_those_of_counting_packet_by_packet(store: Store, by: Any, side: Any) -> None:
    """Packets, bytes, addresses, resets by direction, SYN, ESP and the share of resets, for every grouping and side."""
    found = regions(store, EVERYTHING, by=by, side=side)
    expected = by_hand(store, by, side)
    names = found.cells("region")
    assert sorted(names) == sorted(expected)
    for k, name in enumerate(names):
        line = expected[str(name)]
        for column in ("packets", "bytes", "resets", "syns", "esp", "resets_sent", "resets_received"):
            assert found.numbers(column)[k] == line[column], (name, column)
        assert found.hosts[k] == len(line["who"])
        base = line["base"] if side == "reset-sender" else line["packets"]
        assert found.cells("resets_per_1000")[k] == pytest.approx(line["resets"] * 1000 / base, abs=0.0006)
    outside = np.count_nonzero(~rows_with_ip(store))
    assert found.outside == outside


def rows_with_ip(store: Store) -> np.ndarray:
    present = store.columns().present
    return (present & np.uint64(Has.ADDRESSES) != 0) & (present & np.uint64(Has.IP | Has.IPV6) != 0)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("by", GROUPINGS)
def test_the_filter_of_a_line_selects_what_the_line_counts(store: Store, by: Any, side: Any) -> None:
    """Quotes, brackets and backslashes in the names of sites, a site that is called like a country, and those who are at no site."""
    found = regions(store, EVERYTHING, by=by, side=side)
    assert len(found)
    for k in range(len(found)):
        rows = rows_of(store, Scope(found.filter(k)))
        assert len(rows) == found.numbers("packets")[k], found.filter(k)
        ids = rows.take(0, len(rows))
        assert store.columns().len[ids].sum() == found.numbers("bytes")[k]


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("side", SIDES)
def test_a_scope_narrows_what_is_counted(store: Store, side: Any) -> None:
    """A filter and a window: the same sums as the whole has of the packets that are left."""
    scope = Scope("tcp && !ip.addr == 8.8.8.8", START + 100 * SECOND, START + 300 * SECOND)
    found = regions(store, scope, by="country", side=side)
    for k in range(len(found)):
        both = Scope(f"({found.filter(k)}) && ({scope.filter})", scope.start, scope.end)
        assert len(rows_of(store, both)) == found.numbers("packets")[k]


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("side", SIDES)
def test_the_small_time_lines_are_windows_of_the_scope(store: Store, side: Any) -> None:
    """Each of their numbers is what the filter of the region matches in that part of the time; packets without a time are in none."""
    found = regions(store, EVERYTHING, by="site", side=side)
    assert found.lines is not None
    assert found.lines.shape == (len(found), INTERVALS, 2)
    for k in range(len(found)):
        for place in (0, 11, INTERVALS - 1):
            start = found.start + place * found.every
            for name, more in (("packets_over_time", ""), ("resets_over_time", " && tcp.flags.reset == 1")):
                rows = rows_of(store, Scope(f"({found.filter(k)}){more}", start, start + found.every))
                assert found.timeline(name)[k][place] == len(rows)
        there = rows_of(store, Scope(found.filter(k)))
        times = store.columns().time[there.take(0, len(there))]
        busy = found.busy(k)
        assert busy is not None
        assert busy[0] <= times[times != NO_TIME].min() <= times.max() < busy[1]


def test_many_groups_have_time_lines_for_the_greatest(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more groups than time lines are kept for, those with most packets have theirs, the same as before, and the others have none."""
    whole = regions(store, EVERYTHING, by="/24")
    monkeypatch.setitem(regions.__globals__, "LINES_KEPT", 3)
    few = regions(store, EVERYTHING, by="/24")
    assert few.sums.tolist() == whole.sums.tolist()
    order = whole.order("packets", descending=True).tolist()
    for rank, k in enumerate(order):
        assert few.timeline("packets_over_time")[k] == (whole.timeline("packets_over_time")[k] if rank < 3 else [])


@pytest.mark.parametrize("side", ["src", "dst", "either", "reset-sender"])
@pytest.mark.parametrize("by", ["site", "/16"])
def test_retransmissions_are_those_of_the_conversations(tmp_path: Path, by: Any, side: Any) -> None:
    """A segment that was sent twice counts for its sender, its receiver, or both, and once where both are in one region."""
    store = empty()
    made = [
        tcp(START + k * SECOND, src=a, dst=b, src_port=1000 + a, dst_port=443, tcp_seq=100, tcp_len=50, present=tcp(0)["present"])
        for k, (a, b) in enumerate([(0, 2), (0, 2), (0, 2), (2, 0), (0, 14), (0, 14), (6, 7), (6, 7)])
    ]
    append(store, made)
    places(store, tmp_path)
    found = with_retransmissions(store, rows_of(store, EVERYTHING), regions(store, EVERYTHING, by=by, side=side))
    if side == "reset-sender":
        assert found.retransmissions is None
        return
    again = [(0, 2), (0, 2), (0, 14), (6, 7)]
    expected: dict[str, int] = defaultdict(int)
    for a, b in again:
        ends = {"src": {label(store, a, by)}, "dst": {label(store, b, by)}}
        for region in ends["src"] | ends["dst"] if side == "either" else ends[side]:
            expected[region] += 1
    assert {name: n for name, n in zip(found.cells("region"), found.numbers("retransmissions").tolist(), strict=True) if n} == expected


@pytest.mark.parametrize("by", GROUPINGS)
def test_a_key_leads_back_to_its_line(store: Store, by: Any) -> None:
    """Also when the scope is another one, and by another grouping to where its host is then."""
    found = regions(store, EVERYTHING, by=by)
    narrowed = regions(store, Scope("tcp"), by=by)
    by_continent = regions(store, EVERYTHING, by="continent")
    for k in range(len(found)):
        assert found.find(found.key(k)) == k
        again = narrowed.find(found.key(k))
        assert again is None or narrowed.cells("region")[again] == found.cells("region")[k]
        there = by_continent.find(found.key(k))
        assert there is None or by_continent.cells("region")[there] == label(store, found.key(k), "continent")
    assert found.find(1 << 20) is None


@pytest.mark.parametrize("column", ["region", "packets", "resets_per_1000", "hosts", "resets_over_time", "retransmissions"])
@pytest.mark.parametrize("descending", [False, True])
def test_lines_are_sorted_by_any_column(store: Store, column: str, descending: bool) -> None:
    """Names by the alphabet, numbers by size, where these are equal by name; so are all where a column has no values."""
    found = regions(store, EVERYTHING)
    order = found.order(column, descending=descending).tolist()
    names = [str(name).lower() for name in found.cells("region")]
    by_name = sorted(range(len(found)), key=names.__getitem__, reverse=descending and column == "region")
    values = [0] * len(found) if column == "region" else found.numbers(column).tolist()
    assert order == sorted(by_name, key=lambda k: -values[k] if descending else values[k])


def table_rows(table: Any) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for block in table.blocks for row in zip(*block, strict=True)]


def test_tables_have_the_columns_that_scripts_rely_on(store: Store) -> None:
    """Region, packets, bytes, hosts, resets; those with most packets first; what has no meaning for a side is left out."""
    rows = table_rows(analysis.regions_table(regions(store, EVERYTHING)))
    assert list(rows[0])[:5] == ["region", "packets", "bytes", "hosts", "resets"]
    assert [row["packets"] for row in rows] == sorted((row["packets"] for row in rows), reverse=True)
    assert {"resets_sent", "filter"} <= set(rows[0])
    assert "resets_sent" not in table_rows(analysis.regions_table(regions(store, EVERYTHING, side="src")))[0]
    drawn = table_rows(analysis.regions_table(regions(store, EVERYTHING), drawn=lambda line, most: f"{max(line)} of {most}"))
    most = max(max(line) for line in regions(store, EVERYTHING).timeline("resets_over_time"))
    assert {row["resets over time"].partition(" of ")[2] for row in drawn} == {str(most)}
    assert f"{most} of {most}" in {row["resets over time"] for row in drawn}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("by", ["region", "country", "/24"])
def test_rows_by_time_add_up_to_the_regions(store: Store, by: Any, side: Any) -> None:
    """Packets, bytes, resets and SYN of all intervals are those of the region in the packets that have a time; hosts are distinct."""
    rows = table_rows(analysis.regions_by_time_table(store, EVERYTHING, every=60 * SECOND, by=by, side=side))
    assert list(rows[0])[:6] == ["time", "region", "packets", "bytes", "hosts", "resets"]
    assert [(row["time"], -row["packets"]) for row in rows] == sorted((row["time"], -row["packets"]) for row in rows)
    timed = regions(store, Scope("frame.time"), by=by, side=side)
    for k, name in enumerate(timed.cells("region")):
        mine = [row for row in rows if row["region"] == name]
        for column in ("packets", "bytes", "resets", "syns"):
            assert sum(row[column] for row in mine) == timed.numbers(column)[k]
        assert max(row["hosts"] for row in mine) <= timed.hosts[k] <= sum(row["hosts"] for row in mine)
    assert {row["region"] for row in rows} == set(timed.cells("region"))
    one = rows[len(rows) // 2]
    start = analysis.parse_time(one["time"])
    window = regions(store, Scope("frame.time", start, start + 60 * SECOND), by=by, side=side)
    place = window.cells("region").index(one["region"])
    assert (one["packets"], one["hosts"], one["resets"]) == tuple(
        int(window.numbers(name)[place]) for name in ("packets", "hosts", "resets")
    )


def test_what_is_nowhere_is_counted_by_address(store: Store) -> None:
    """Private addresses that no list has, and public ones that the data do not have; each once."""
    found = regions(store, EVERYTHING)
    names = [label(store, host, "region") for host in range(len(ADDRESSES))]
    assert found.unmapped == names.count("Private (unmapped)")
    assert found.unknown == names.count("Unknown")
    assert found.seen == len(ADDRESSES)
    said = " ".join(analysis.region_remarks(store, found))
    assert f"{found.unmapped} of {found.seen} addresses are private and at no site" in said
    assert "DB-IP" in said
    assert f"{found.outside} packets have no IP addresses" in said


def test_without_sites_and_systems_there_is_a_reason() -> None:
    """One line for all that are at no site, and how to name some."""
    store = empty()
    append(store, [udp(START, src=0, dst=6)])
    store.places = HostPlaces(store.hosts, open_places)
    for by, line, reason in (("site", "no site", "--sites"), ("asn", "no ASN", "--geoip")):
        found = regions(store, EVERYTHING, by=by)
        assert found.cells("region") == [line]
        assert reason in " ".join(analysis.region_remarks(store, found))
        assert len(rows_of(store, Scope(found.filter(0)))) == 1


@pytest.mark.usefixtures("how")
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("by", GROUPINGS)
def test_nothing_has_no_regions(tmp_path: Path, by: Any, side: Any) -> None:
    """An empty store, and a scope without packets."""
    store = Store()
    places(store, tmp_path)
    found: Regions = regions(store, EVERYTHING, by=by, side=side)
    assert len(found) == 0
    assert found.lines is None
    assert table_rows(analysis.regions_table(found)) == []
    assert table_rows(analysis.regions_by_time_table(store, EVERYTHING, every=SECOND, by=by, side=side)) == []


def test_places_are_columns_splits_and_values_of_the_same_numbers(store: Store) -> None:
    """What records show, what the time line is divided by and what completion counts is what the filter selects."""
    every_row = np.arange(store.packets, dtype=np.uint32)
    for name in ("site", "geo.country", "geo.src.country", "site.dst", "geo.region", "geo.dst.class", "geo.asn"):
        (shown,) = analysis.records(store, every_row, [name])
        line = analysis.series(store, rows_of(store, EVERYTHING), start=0, every=1 << 62, intervals=1, by=name, most=99)
        for value in count_values(store, EVERYTHING, name).beginning(store, "", 99).values:
            matched = rows_of(store, Scope(f"{name} == {value.text}"))
            assert len(matched) == value.packets
            spelled = [str(cell) for cell in np.array(shown, object)[matched.take(0, len(matched))]]
            assert all(value.text.strip('"').replace('\\"', '"').replace("\\\\", "\\") in cell for cell in spelled)
        assert sum(cell is None for cell in shown) == len(rows_of(store, Scope(f"!{name}")))
        timed = rows_of(store, Scope(f"frame.time && !{name}"))
        assert dict(zip(line.labels, line.counts[0, :, 0].tolist(), strict=True)).get(f"no {name}", 0) == len(timed)


def test_values_are_completed_by_name_and_by_code(store: Store) -> None:
    """In upper or lower case, with their packets."""
    counted = count_values(store, EVERYTHING, "geo.country")
    for typed in ("Neth", "neth", '"NL', "nl"):
        (found,) = counted.beginning(store, typed, 9).values
        assert found.text == '"NL"'
        assert found.packets == len(rows_of(store, Scope('geo.country == "netherlands"')))


def test_a_cell_of_a_place_is_a_filter(store: Store) -> None:
    """For each packet the filter of its cell keeps it; both places, where there are two; quotes in a name or none."""
    for row in range(120):
        for name in ("site", "geo.region", "geo.src.country", "site.src"):
            text = analysis.cell_filter(store, row, name)
            assert text is not None
            assert rows_of(store, Scope(text)).holds(row), (row, name, text)
