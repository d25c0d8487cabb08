"""Findings about packets: each kind with what it tells, what it does not, and what only nearly is one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from looking import HOSTS, found, seen_in
from made import ETHERNET_IPV4, SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import Scope
from netsleuth_tui.decode.columns import Has, Protocol
from netsleuth_tui.findings import LIMITS
from netsleuth_tui.findings.finding import OCCURRENCES

MS = 1_000_000
ARP = Has.ETH | Has.ETH_TYPE | Has.ARP | Has.ADDRESSES | Has.ARP_OPCODE | Has.ARP_HW
ESP = ETHERNET_IPV4 | Has.ESP | Has.ESP_SPI | Has.ESP_SEQUENCE
ONE, OTHER = 0x001122334455, 0x66778899AABB
QUIET = [tcp(START + k * SECOND, src=0, dst=1, ip_id=k + 1, ttl=64) for k in range(120)]


def arp(time: int, hardware: int, opcode: int = 2, **fields: Any) -> dict[str, Any]:
    """An ARP packet of a device."""
    of = {"time": time, "protocol": Protocol.ARP, "present": ARP, "len": 60, "eth_type": 0x806}
    return of | {"arp_opcode": opcode, "arp_hw": hardware, "src": 4, "dst": 5} | fields


def esp(number: int, time: int, **fields: Any) -> dict[str, Any]:
    """A packet of a tunnel."""
    of = {"time": time, "protocol": Protocol.ESP, "present": ESP, "len": 1400, "ip_proto": 50, "src": 0, "dst": 1}
    return of | {"esp_spi": 0x1000, "esp_sequence": number} | fields


def test_two_devices_with_one_address() -> None:
    """One, the other, and back again; a single change is another device; a probe that claims nothing, and one device, are none."""
    turns = [arp(START + k * SECOND, (ONE, OTHER)[k % 2]) for k in range(6)]
    other = arp(START + SECOND, 0, 9, present=ARP & ~Has.ARP_HW)
    (conflict,) = seen_in([*QUIET, *turns, other], "address-conflict")
    assert conflict.between == ("00:11:22:33:44:55", "66:77:88:99:aa:bb")
    assert conflict.count == 7, "it claims nothing, but the filter shows it"
    assert "changes 5 times" in conflict.title
    assert conflict.filter == "arp.src.proto_ipv4 == 10.0.0.5"
    moved = [arp(START + k * SECOND, ONE if k < 3 else OTHER) for k in range(6)]
    assert not seen_in(moved, "address-conflict")
    assert not seen_in([arp(START + k, ONE, src=k % 2) for k in range(9)], "address-conflict")
    asked = [arp(START + k * SECOND, (ONE, OTHER)[k % 2], 1, src=0) for k in range(6)]
    assert not found(store_of(asked, hosts=(0, 1)), "address-conflict")
    assert found(store_of(asked, hosts=(1, 0)), "address-conflict")


def test_broadcast_and_multicast() -> None:
    """200 broadcasts a second are a storm, 199 are not; multicast only where its rate is not the usual one."""
    hosts = (0x0A000001, 0xFFFFFFFF, 0xEF000001)

    def to(dst: int, per_second: int, seconds: int) -> list[dict[str, Any]]:
        return [udp(START + s * SECOND + k * MS // 2, src=0, dst=dst) for s in range(seconds) for k in range(per_second)]

    quiet = [udp(START + k * SECOND, src=0, dst=0) for k in range(60)]
    (storm,) = found(store_of([*quiet, *to(1, 200, 2)], hosts=hosts), "broadcast-storm")
    assert storm.count == 400
    assert storm.filter == "ip.dst == 255.255.255.255"
    assert not found(store_of([*quiet, *to(1, 199, 2)], hosts=hosts), "broadcast-storm")
    (burst,) = found(store_of([*quiet, *to(2, 1000, 2)], hosts=hosts), "broadcast-storm", Scope("udp"))
    assert burst.count == 2000
    assert burst.filter.startswith("(udp) && (")
    assert not found(store_of(to(2, 1000, 5), hosts=hosts), "broadcast-storm")


def test_unreachable() -> None:
    """Ports, hosts, filters and sizes apart; 19 a second, or other types, are none."""

    def told(code: int, count: int, kind: int = 3) -> list[dict[str, Any]]:
        return [icmp(START + k * 40 * MS, kind, icmp_code=code, src=2, dst=0) for k in range(count)]

    for code, what in ((3, "a port"), (1, "a network or host"), (13, "forwarding is forbidden")):
        (burst,) = seen_in([*QUIET, *told(code, 25)], "icmp-unreachable")
        assert what in burst.title
        assert burst.count == 25
    assert not seen_in([*QUIET, *told(3, 19)], "icmp-unreachable")
    assert not seen_in([*QUIET, *told(3, 25, 11)], "icmp-unreachable")
    (small,) = seen_in([*QUIET, *told(4, 5)], "icmp-unreachable")
    assert "too big" in small.title
    assert not seen_in([*QUIET, *told(4, 4)], "icmp-unreachable")


def test_a_capture_in_both_directions() -> None:
    """Half of it is there twice; fewer than the least, or a repeat by the sender, are not told."""
    once = [udp(START + k * SECOND, src=0, dst=1, ip_id=k + 1, ip_len=100, ttl=64) for k in range(60)]
    twice = [packet for each in once for packet in (each, each | {"time": each["time"] + 1000})]
    (copies,) = seen_in(twice, "capture-duplicates")
    assert copies.count == 60
    assert copies.filter == "frame.duplicate"
    assert "60 of 120 IP packets (50 %)" in copies.title
    assert not seen_in(twice[:98], "capture-duplicates")
    repeated = [packet | {"ip_id": k + 1} for k, packet in enumerate(twice)]
    assert not seen_in(repeated, "capture-duplicates")
    rare = [*twice, *(udp(START + k, src=0, dst=1, ip_id=k % 65535 + 1, ip_len=k, ttl=9) for k in range(6001))]
    assert not seen_in(rare, "capture-duplicates")


def test_a_capture_that_lost_packets() -> None:
    """What the file admits is told as often as it says; outside of the window it is not."""
    store = store_of(QUIET)
    assert not found(store, "capture-loss")
    store.sources = (replace(store.sources[0], drops=30, events_lost=7),)
    packets, events = found(store, "capture-loss")
    assert (packets.count, packets.count_of) == (30, "lost packets")
    assert "30 packets, 20 % of what came" in packets.title
    assert (events.count, events.count_of) == (7, "lost events")
    assert not found(store, "capture-loss", Scope("", START + 500 * SECOND, None))


def test_what_was_acknowledged_and_never_captured() -> None:
    """Ten segments are told; nine, or one direction alone, are not."""

    def connection(k: int) -> list[dict[str, Any]]:
        of = {"src_port": 1000 + k, "dst_port": 80, "tcp_seq": 100, "tcp_len": 10, "tcp_ack": 5}
        back = {"src_port": 80, "dst_port": 1000 + k, "tcp_seq": 5, "tcp_ack": 300, "tcp_len": 1}
        return [tcp(START + k * SECOND, src=0, dst=1, **of), tcp(START + k * SECOND + 1, src=1, dst=0, **back)]

    packets = [packet for k in range(10) for packet in connection(k)]
    (missed,) = seen_in(packets, "capture-missed")
    assert missed.count == 10
    assert not seen_in(packets[2:], "capture-missed")
    assert not seen_in(packets[1::2], "capture-missed")
    assert "was never captured" in missed.title
    store = store_of(packets)
    store.sources = (store.sources[0], replace(store.sources[0], name="other.pcap"))
    (apart,) = found(store, "capture-missed")
    assert "of captures that overlap in time" in apart.title
    assert "judged each by itself" in apart.why
    reset = [packet | {"tcp_flags": 0x14} if packet["src"] else packet for packet in packets]
    assert not seen_in(reset, "capture-missed")


def test_tunnels() -> None:
    """Losses, late packets, and those that a replay window drops: each where it is worth it."""
    clean = [esp(k, START + k * MS) for k in range(1, 4500)]
    for kind in ("esp-loss", "esp-reordering", "esp-replay"):
        assert not seen_in(clean, kind)
    lossy = [packet for packet in clean if not 1000 <= packet["esp_sequence"] < 1020]
    (loss,) = seen_in(lossy, "esp-loss")
    assert (loss.count, loss.count_of) == (20, "lost packets")
    assert "lost 20 of 4 499 packets (0.44 %)" in loss.title
    assert loss.filter.endswith("esp.gap")
    few = [packet for packet in clean if not 1000 <= packet["esp_sequence"] < 1009]
    assert not seen_in(few, "esp-loss")
    swapped = [esp(k ^ 1, START + k * MS) for k in range(2, 400)]
    (late,) = seen_in(swapped, "esp-reordering")
    assert late.count == 199
    assert not seen_in(swapped, "esp-replay")
    deep = [*(esp(k, START + k * MS) for k in range(1, 300) if k != 100), esp(100, START + 300 * MS), esp(300, START + 301 * MS)]
    (dropped,) = seen_in(deep, "esp-replay")
    assert dropped.count == 1
    assert "256 would be enough" in dropped.title
    assert found(store_of(deep, hosts=HOSTS), "esp-replay", limits=replace(LIMITS, esp_replay_window=200)) == []


def test_scans() -> None:
    """Many ports of one host, one port of many hosts, pings: told unless most are answered."""

    def syn(k: int, dst: int, port: int) -> dict[str, Any]:
        return tcp(START + k * MS, 0x02, src=0, dst=dst, src_port=40_000 + k, dst_port=port)

    def accepted(packet: dict[str, Any]) -> dict[str, Any]:
        ports = {"src_port": packet["dst_port"], "dst_port": packet["src_port"]}
        return packet | {"tcp_flags": 0x12, "src": packet["dst"], "dst": packet["src"], **ports}

    ports = [syn(k, 1, k + 1) for k in range(30)]
    (scan,) = seen_in([*QUIET, *ports, *map(accepted, ports[:3])], "port-scan")
    assert scan.count == 30
    assert "tried 30 TCP ports of 10.0.0.2" in scan.title
    assert "3 accepted" in scan.title
    assert not seen_in(ports[:19], "port-scan")
    assert seen_in(ports[:20], "port-scan")
    assert not seen_in([*ports, *map(accepted, ports[:15])], "port-scan")
    one_way = [packet | {"tcp_flags": 0x10} for packet in ports]
    assert not seen_in([*ports, *one_way], "port-scan"), "who goes on was answered, in a direction that was not captured"
    hosts = [syn(k, k + 1, 445) for k in range(60)]
    (swept,) = seen_in([*QUIET, *hosts], "sweep")
    assert "tried 60 hosts with TCP port 445" in swept.title
    assert swept.count == 60
    assert not seen_in(hosts[:49], "sweep")
    assert not seen_in([*hosts, *map(accepted, hosts[:30])], "sweep")
    assert not seen_in([*hosts, *ports], "port-scan")[1:]
    pings = [icmp(START + k * MS, src=0, dst=k + 1) for k in range(60)]
    (pinged,) = seen_in(pings, "sweep")
    assert "none replied" in pinged.title
    replies = [packet | {"icmp_type": 0, "src": packet["dst"], "dst": 0} for packet in pings]
    assert not seen_in([*pings, *replies[:30]], "sweep")


def test_a_host_that_stops() -> None:
    """It sent all the time, is asked on, and says nothing; not so if nobody asks, if it never was regular, or if it comes back soon."""

    def talk(src: int, seconds: range, every: int = SECOND) -> list[dict[str, Any]]:
        return [udp(START + k * every, src=src, dst=2, ip_id=k) for k in seconds]

    asked = [udp(START + k * SECOND + 1, src=2, dst=1) for k in range(200)]
    others = [packet | {"dst": 5} for packet in talk(3, range(200))]
    (silence,) = seen_in([*asked, *talk(1, range(120))], "host-silence")
    assert silence.count == 81
    assert "10.0.0.2 sent 1.0 packets a second, and none for 80 s from 12:01:59 on, until the end" in silence.title
    assert silence.filter == "ip.dst == 10.0.0.2"
    (back,) = seen_in([*asked, *talk(1, range(100)), *talk(1, range(150, 200))], "host-silence")
    assert "for 51 s" in back.title
    assert "until it sent again" in back.title
    assert not seen_in([*asked[:121], *talk(1, range(120)), *others], "host-silence")
    assert not seen_in([*asked, *talk(1, range(100)), *talk(1, range(125, 200))], "host-silence")
    assert not seen_in([*asked, *talk(1, range(40), 3 * SECOND)], "host-silence")


def test_a_capture_that_stands_still() -> None:
    """A minute without anything between two of one packet a second; not half a minute less a second, nor where pauses are usual."""
    first, second = QUIET[:100], [packet | {"time": packet["time"] + 60 * SECOND} for packet in QUIET[100:]]
    (silence,) = seen_in([*first, *second], "capture-silence")
    assert silence.count == 0
    assert silence.window == (START + 99 * SECOND + 1, START + 160 * SECOND)
    short = [packet | {"time": packet["time"] + 28 * SECOND} for packet in QUIET[100:]]
    assert not seen_in([*first, *short], "capture-silence")
    sparse = [packet | {"time": START + k * 40 * SECOND} for k, packet in enumerate(QUIET)]
    assert not seen_in(sparse, "capture-silence")


def test_what_recurs_says_when_each_time() -> None:
    """Bursts and loops that come again and again are one finding, with the first record of each time; single ones say none."""
    hosts = (0x0A000001, 0xFFFFFFFF, 0xEF000001)
    begins = [START + 60 * k * SECOND + 7 * MS for k in range(5)]
    quiet = [udp(START + k * SECOND, src=0, dst=0) for k in range(360)]

    def storms(count: int) -> list[dict[str, Any]]:
        return [udp(begin + k, src=0, dst=1) for begin in begins[:count] for k in range(300)]

    (one,) = found(store_of([*quiet, *storms(5)], hosts=hosts), "broadcast-storm")
    assert one.occurrences == tuple(begins)
    assert one.begins == tuple(begins)
    assert one.first == begins[0]
    single = found(store_of([*quiet, *storms(2)], hosts=hosts), "broadcast-storm")
    assert [each.occurrences for each in single] == [(), ()]
    assert [each.begins for each in single] == [(begins[0],), (begins[1],)]
    loops = [
        icmp(begin + k * MS, src=0, dst=1, ip_id=number + 1, ip_len=60, ttl=64 - k) for number, begin in enumerate(begins) for k in range(9)
    ]
    (loop,) = found(store_of(loops, hosts=hosts), "router-loop")
    assert loop.occurrences == tuple(begins)
    many = [udp(START + 10 * n * SECOND + k, src=0, dst=1) for n in range(300) for k in range(300)]
    (often,) = found(store_of([*many, udp(START + 30_000 * SECOND)], hosts=hosts), "broadcast-storm")
    assert len(often.occurrences) == OCCURRENCES
