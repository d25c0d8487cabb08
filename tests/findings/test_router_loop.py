"""Router loops: what goes in a circle is told, what only looks like it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from looking import found, seen_in
from made import ICMP, SECOND, START, icmp, store_of, tcp

from netsleuth_tui.analysis import Scope
from netsleuth_tui.analysis.copies import copies
from netsleuth_tui.findings import LIMITS

MS = 1_000_000


def circle(start: int = START, *, copies: int = 20, step: int = 2, apart: int = MS, **fields: Any) -> list[dict[str, Any]]:
    """One echo request on its way round."""
    of = {"src": 0, "dst": 1, "ip_id": 7, "ip_len": 60} | fields
    return [icmp(start + k * apart, ttl=63 - k * step, **of) for k in range(copies)]


def test_a_packet_that_goes_in_a_circle() -> None:
    """Copies, step and ends are told, and only they are selected: not the packet that came through."""
    others = [icmp(START + k, src=0, dst=1, ip_id=100 + k, ip_len=60, ttl=63) for k in range(5)]
    (loop,) = seen_in([*circle(), *others], "router-loop")
    assert loop.count == 20
    assert loop.filter == "ip.loop && ip.dst == 10.0.0.2"
    assert "1 packet to 10.0.0.2 went round" in loop.title
    assert "falling by 2" in loop.title
    assert (loop.first, loop.last) == (START, START + 19 * MS)


def test_several_targets_and_bursts_are_one_finding_for_each_network() -> None:
    """Two addresses of a /16 and eight bursts: one; in another order of packets, too; another network is another one."""
    packets = [p for k in range(8) for dst in (1, 2) for p in circle(START + k * 300 * SECOND, dst=dst, ip_id=k)]
    packets.sort(key=lambda packet: packet["time"])
    (loop,) = seen_in(packets, "router-loop")
    assert "8 bursts" in loop.title
    assert "16 packets" in loop.title
    assert loop.filter == "ip.loop && ip.dst == 10.0.0.0/16"
    store = store_of([*circle(dst=1), *circle(dst=2, start=START + 1)], hosts=(1, 0x0A000001, 0x0B000001))
    assert sorted(one.filter for one in found(store, "router-loop")) == [
        "ip.loop && ip.dst == 10.0.0.1", "ip.loop && ip.dst == 11.0.0.1",
    ]  # fmt: skip


def test_what_is_no_loop() -> None:
    """Two copies are both sides of a router; a rising TTL, an uneven one, copies too far apart, in two files, are not a circle."""
    assert not seen_in(circle(copies=2), "router-loop")
    assert seen_in(circle(copies=3), "router-loop")
    assert not seen_in(circle()[::-1], "router-loop")
    rising = [packet | {"time": START + k} for k, packet in enumerate(circle()[::-1])]
    assert not seen_in(rising, "router-loop")
    uneven = [packet | {"ttl": ttl} for packet, ttl in zip(circle(), (63, 60, 58, 53, 52), strict=False)]
    assert not seen_in(uneven, "router-loop")
    assert not seen_in(circle(apart=SECOND + 1), "router-loop")
    assert seen_in(circle(apart=SECOND), "router-loop")
    store = store_of(*([packet] for packet in circle(copies=5)))
    assert not found(store, "router-loop")
    other = [packet | {"ip_id": k} for k, packet in enumerate(circle(), 1)]
    assert not seen_in(other, "router-loop")


def test_a_loop_that_was_captured_twice() -> None:
    """Each copy comes twice: the second ones are duplicates, and no part of the loop."""
    packets = [twice for packet in circle() for twice in (packet, packet | {"time": packet["time"] + 1000})]
    store = store_of(packets)
    known = copies(store)
    assert known.looping.tolist() == list(range(0, 40, 2))
    assert known.again.tolist() == list(range(1, 40, 2))
    assert set(known.step.tolist()) == {2}
    assert found(store, "router-loop")[0].count == 20


def test_the_scope_narrows_it() -> None:
    """Filter and window count, and the finding's own filter keeps both."""
    packets = circle()
    (loop,) = seen_in(packets, "router-loop", Scope("icmp.type == 8", START + 5 * MS, START + 10 * MS))
    assert loop.count == 5
    assert loop.filter == "(icmp.type == 8) && ip.loop && ip.dst == 10.0.0.2"
    assert not seen_in(packets, "router-loop", Scope("tcp"))
    assert not found(store_of(packets), "router-loop", limits=replace(LIMITS, loop_packets=2))


def test_packets_that_look_alike_are_not_captured_twice() -> None:
    """Without an identification only TCP data say that a packet is the same."""
    alike = [icmp(START + k, src=0, dst=1, ip_id=0, ip_len=60, ttl=63) for k in range(9)]
    assert not len(copies(store_of(alike)).again)
    data = [tcp(START + k, src=0, dst=1, ip_id=0, ip_len=60, ttl=63, tcp_seq=5, tcp_len=20) for k in range(2)]
    assert copies(store_of(data)).again.tolist() == [1]
    acknowledged = [packet | {"tcp_len": 0} for packet in data]
    assert not len(copies(store_of(acknowledged)).again)
    later = [packet | {"ip_id": 9, "time": START + k * (MS + 1)} for k, packet in enumerate(data)]
    assert not len(copies(store_of(later)).again)


def test_bursts_of_used_up_ttls() -> None:
    """Fifty in a second are told; a traceroute's few, or a trickle of thousands, are not."""

    def told(count: int, every: int) -> list[dict[str, Any]]:
        return [icmp(START + k * every, 11, src=2, dst=0, present=ICMP) for k in range(count)]

    quiet = [tcp(START + k * SECOND, src=0, dst=1) for k in range(60)]
    (burst,) = seen_in([*quiet, *told(60, 10 * MS)], "time-exceeded")
    assert burst.count == 60
    assert burst.between == ("10.0.0.3", "10.0.0.1")
    assert burst.usual == 0
    assert not seen_in([*quiet, *told(49, 10 * MS)], "time-exceeded")
    assert not seen_in([*quiet, *told(3000, 21 * MS)], "time-exceeded")
