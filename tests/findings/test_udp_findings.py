"""Findings about UDP, fragments and what ICMP says of ways: each with what it tells, what it does not, and what only nearly is one."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from looking import HOSTS, found, seen_in
from made import ETHERNET_IPV4, SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import Scope
from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings import LIMITS, find
from netsleuth_tui.findings.kinds import KINDS
from netsleuth_tui.findings.udp_rows import _distinct, parted
from netsleuth_tui.store import Store

MS = 1_000_000
HEARD = udp(START, src=9, dst=0, src_port=4000, dst_port=50_000)
"""To the one who asks: so both directions may have been captured."""
QUIET = [tcp(START + k * SECOND, src=0, dst=1, ip_id=k + 1, ttl=64) for k in range(120)]
FRAGMENT = ETHERNET_IPV4 | Has.FRAGMENT


def asks(k: int, dst: int, port: int, **fields: Any) -> dict[str, Any]:
    """A datagram of a client."""
    return udp(START + k * MS, **{"src": 0, "dst": dst, "src_port": 50_000, "dst_port": port} | fields)


def back(packet: dict[str, Any]) -> dict[str, Any]:
    """A datagram the other way."""
    ports = {"src_port": packet["dst_port"], "dst_port": packet["src_port"]}
    return packet | {"src": packet["dst"], "dst": packet["src"], "time": packet["time"] + MS // 2, **ports}


def test_many_ports_of_one_host() -> None:
    """Twenty that are not answered; nineteen, those that are answered, a traceroute, and one who hears nothing are no scan."""
    ports = [asks(k, 1, k + 1) for k in range(30)]
    refused = [icmp(START + k * MS + 1, 3, icmp_code=3, src=1, dst=0) for k in range(25)]
    (scan,) = seen_in([*QUIET, *ports, *refused, *map(back, ports[:3])], "udp-scan")
    assert scan.count == 30
    assert scan.title.startswith("10.0.0.1 tried 30 UDP ports of 10.0.0.2 within 29 ms from 12:00:00 on, a datagram came back from 3 ports")
    assert scan.title.endswith("25 messages back that a port is unreachable")
    assert scan.filter == "ip.src == 10.0.0.1 && ip.dst == 10.0.0.2 && udp.dstport"
    assert len(seen_in([HEARD, *ports[:20]], "udp-scan")) == 1
    assert len(seen_in([*ports[:20], *refused[:1]], "udp-scan")) == 1, "who hears a message by ICMP hears, too"
    assert not seen_in([HEARD, *ports[:19]], "udp-scan")
    assert not seen_in([HEARD, *ports, *map(back, ports[:15])], "udp-scan")
    assert not seen_in([HEARD, *(asks(k, 1, 33434 + k) for k in range(30))], "udp-scan"), "a traceroute"
    answers = [back(asks(k, 1, 53, src_port=2000 + k)) for k in range(30)]
    assert not seen_in([*answers, HEARD | {"dst": 1}], "udp-scan"), "answers of a server to many ports"
    assert not seen_in([*QUIET, *ports], "udp-scan"), "perhaps a service on port 50000 of which one direction was captured"
    assert seen_in([HEARD, *ports], "udp-scan", Scope("udp"))[0].filter.startswith("(udp) && ")


def test_one_port_of_many_hosts() -> None:
    """Fifty that do not answer; not forty-nine, not where half of them answer or the one hears nothing, nor multicast and subnets."""
    hosts = [asks(k, k + 1, 161) for k in range(60)]
    (sweep,) = seen_in([*QUIET, HEARD, *hosts], "udp-sweep")
    assert sweep.count == 60
    assert "10.0.0.1 tried 60 hosts with UDP port 161" in sweep.title
    assert "no datagram came back" in sweep.title
    assert not seen_in([HEARD, *hosts[:49]], "udp-sweep")
    assert not seen_in([*hosts, *map(back, hosts[:30])], "udp-sweep")
    assert not seen_in([*QUIET, *hosts], "udp-sweep"), "perhaps only one direction was captured"
    groups = [0x0A000001, *(0xEF000000 + k for k in range(60))]
    assert not found(store_of([*hosts, HEARD], hosts=groups), "udp-sweep")
    subnets = [0x0A000001, *(0x0A0000FF + 256 * k for k in range(60))]
    assert not found(store_of([*hosts, HEARD], hosts=subnets), "udp-sweep")


def test_a_service_that_does_not_answer() -> None:
    """Five requests without an answer, of one who hears others; not four, not one in thirty, nor of one who is never sent anything."""
    heard = [back(asks(0, 9, 4000))]
    questions = [asks(k, 1, 53, src_port=40_000 + k) for k in range(8)]
    (silent,) = seen_in([*QUIET, *heard, *questions], "udp-unanswered")
    assert (silent.count, silent.count_of, silent.between) == (8, "datagrams without an answer", ("10.0.0.2", "10.0.0.1"))
    assert silent.title == ("no datagram came back for all 8 datagrams to 10.0.0.2 UDP port 53 (DNS), which 10.0.0.1 sent from 12:00:00 on")
    (some,) = seen_in([*QUIET, *heard, *questions, *map(back, questions[:3])], "udp-unanswered")
    assert "5 of 8 datagrams" in some.title
    assert not seen_in([*QUIET, *heard, *questions, *map(back, questions[:4])], "udp-unanswered")
    assert not seen_in([*QUIET, *questions], "udp-unanswered"), "perhaps only one direction was captured"
    assert not seen_in([*heard, *questions], "udp-unanswered"), "the capture ended right after them"
    many = [asks(k, 1, 53, src_port=10_000 + k) for k in range(200)]
    assert not seen_in([*QUIET, *heard, *many, *map(back, many[9:])], "udp-unanswered")
    assert not seen_in([*QUIET, *heard, *(packet | {"dst_port": 514} for packet in questions)], "udp-unanswered"), "syslog has no answers"
    relayed = (packet | {"src_port": 67, "dst_port": 67} for packet in questions)
    assert not seen_in([*QUIET, *heard, *relayed], "udp-unanswered"), "a DHCP server answers relays at another address"
    solicited = [packet | {"dst_port": 547} for packet in questions]
    told = [back(packet) | {"dst_port": 546} for packet in solicited]
    assert not seen_in([*QUIET, *heard, *solicited, *told], "udp-unanswered"), "a DHCPv6 server answers clients at their own port"
    closed = [icmp(START + k * MS + 1, 3, icmp_code=3, src=1, dst=0) for k in range(8)]
    (closed_one,) = seen_in([*QUIET, *questions, *closed], "udp-unanswered")
    assert closed_one.title.endswith("from 12:00:00 on; 8 messages back that a port is unreachable")
    assert "closed" in closed_one.why
    assert "closed" not in silent.why


def test_discovery_is_no_reflection() -> None:
    """Who asked a group or all hosts is answered by many; asking another service that way, or somebody else's asking, changes nothing."""
    everybody = {"ff": 0xFFFFFFFF, "group": 0xEFFFFFFA, "subnet": 0x0A0000FF}
    answers = [udp(START + k * MS, src=k + 1, dst=0, src_port=3702, dst_port=4000) for k in range(30)]
    pings = [icmp(START + k * MS, 0, src=k + 1, dst=0) for k in range(30)]
    for name, address in everybody.items():
        hosts = (*HOSTS[:31], address)
        probe = udp(START, src=0, dst=31, src_port=4000, dst_port=3702)
        assert not found(store_of([probe, *answers], hosts=hosts), "unasked-answers"), name
        assert found(store_of([probe | {"dst_port": 161}, *answers], hosts=hosts), "unasked-answers"), name
        assert found(store_of([probe | {"src": 5}, *answers], hosts=hosts), "unasked-answers"), name
        told = found(store_of([icmp(START, 8, src=0, dst=31), *pings], hosts=hosts), "unasked-answers")
        assert [finding.why.startswith("a broadcast asks") for finding in told] == ([True] if name == "subnet" else []), name
        assert found(store_of([icmp(START, 8, src=5, dst=31), *pings], hosts=hosts), "unasked-answers"), name


def test_a_filter_takes_nothing_away_that_is_missed() -> None:
    """Answers, requests, later fragments that the filter leaves out are there; what is missing without a filter is so with one."""
    middle = START + 60 * SECOND
    cut = [packet for k in range(9) for packet in parts(k, middle)]
    for beginning in cut[::3]:
        beginning["present"] |= Has.UDP
    questions = [asks(k, 1, 53, src_port=40_000 + k) for k in range(8)]
    reflected = [udp(START + k * MS, src=k + 1, dst=0, src_port=53, dst_port=4000) for k in range(30)]
    ports = [asks(k, 1, k + 1) for k in range(30)]
    for kind, text, asked, rest in (
        ("missing-fragments", "udp", cut[::3], [packet for packet in cut if packet["ip_frag"] & 0x1FFF]),
        ("udp-unanswered", "udp.dstport == 53", [HEARD, *questions], list(map(back, questions))),
        ("unasked-answers", "udp.srcport == 53", reflected, list(map(back, reflected))),
        ("udp-scan", "udp.dstport < 1000", [HEARD, *ports], list(map(back, ports))),
    ):
        assert not seen_in([*QUIET, *asked, *rest], kind, Scope(text)), kind
        (told,) = seen_in([*QUIET, *asked], kind, Scope(text))
        assert told.filter.startswith(f"({text}) && "), kind
    assert not seen_in([*QUIET, *cut[::3]], "missing-fragments", Scope("tcp")), "packets of which nothing is looked at"


def test_answers_to_one_who_did_not_ask() -> None:
    """Twenty hosts reply to echo requests of somebody else; or answer by UDP. Not nineteen, nor those that were asked."""
    replies = [icmp(START + k * MS, 0, src=k + 1, dst=0) for k in range(30)]
    (smurf,) = seen_in([*QUIET[:1], *replies], "unasked-answers")
    assert smurf.count == 30
    assert smurf.filter == "ip.dst == 10.0.0.1 && icmp.type == 0"
    assert "30 echo replies to 10.0.0.1" in smurf.title
    asked = [icmp(START + k * MS, 8, src=0, dst=k + 1) for k in range(30)]
    assert not seen_in([*asked, *replies], "unasked-answers")
    assert not seen_in([*asked[:11], *replies], "unasked-answers")
    (broadcast,) = found(store_of([icmp(START, 8, src=0, dst=31), *replies], hosts=(*HOSTS[:31], 0x0A0000FF)), "unasked-answers")
    assert broadcast.title.endswith("; echo requests of this sender went to 10.0.0.255")
    assert not seen_in(replies[:19], "unasked-answers")
    reflected = [udp(START + k * MS, src=k + 1, dst=0, src_port=123, dst_port=4000) for k in range(30)]
    (ntp,) = seen_in(reflected, "unasked-answers")
    assert "30 datagrams from UDP port 123 (NTP)" in ntp.title
    assert not seen_in([*reflected, *map(back, reflected)], "unasked-answers")
    assert not seen_in([packet | {"src_port": 5060} for packet in reflected], "unasked-answers")
    assert not seen_in([packet | {"dst_port": 123} for packet in reflected], "unasked-answers"), "clients that ask a server"
    names = [udp(START + k * MS, src=k, dst=31, src_port=137, dst_port=138) for k in range(30)]
    assert not found(store_of(names, hosts=(*HOSTS[:31], 0x0A0000FF)), "unasked-answers"), "announcements to a subnet"


def test_the_broadcast_address_of_a_subnet() -> None:
    """200 a second to an address that ends in 255 and sends nothing; not 199, not where it sends, nor to another address."""
    hosts = (0x0A000001, 0x0A0000FF, 0x0A0001FE)

    def to(dst: int, per_second: int) -> list[dict[str, Any]]:
        return [udp(START + s * SECOND + k * 4 * MS, src=0, dst=dst) for s in range(2) for k in range(per_second)]

    quiet = [udp(START + k * SECOND, src=0, dst=0) for k in range(60)]
    (storm,) = found(store_of([*quiet, *to(1, 200)], hosts=hosts), "directed-broadcast")
    assert storm.count == 400
    assert storm.filter == "ip.dst == 10.0.0.255"
    assert not found(store_of([*quiet, *to(1, 199)], hosts=hosts), "directed-broadcast")
    assert not found(store_of([*quiet, *to(1, 200), udp(START, src=1, dst=0)], hosts=hosts), "directed-broadcast")
    assert not found(store_of([*quiet, *to(2, 200)], hosts=hosts), "directed-broadcast")


def parts(number: int, time: int, which: str = "012", src: int = 2) -> list[dict[str, Any]]:
    """Fragments of a packet of 3 000 bytes: of those that `which` names."""
    cut = {"0": (0x2000, 1500), "1": (0x2000 | 185, 1500), "2": (370, 60)}
    of = {"present": FRAGMENT, "ip_proto": 17, "ip_id": number, "src": src, "dst": 1}
    return [udp(time, **of | {"ip_frag": cut[part][0], "ip_len": cut[part][1]}) for part in which]


def test_fragments_that_are_missing() -> None:
    """Of five packets; not of four, not at the ends of the capture, not where they came late or twice, and not one in a thousand."""
    middle = START + 60 * SECOND
    lost = [packet for k in range(6) for packet in parts(k, middle, "0")]
    (missing,) = seen_in([*QUIET, *lost, *(packet for k in range(10, 20) for packet in parts(k, middle))], "missing-fragments")
    assert (missing.count, missing.count_of) == (6, "packets with missing fragments")
    assert "fragments of 6 of 16 packets that came in fragments (38 %) from 10.0.0.3 to 10.0.0.2" in missing.title
    assert missing.title.endswith("; the beginning of all of them was")
    assert len(seen_in([*QUIET, *(packet for k in range(5) for packet in parts(k, middle, "02"))], "missing-fragments")) == 1
    (ends,) = seen_in([*QUIET, *(packet for k in range(5) for packet in parts(k, middle, "12"))], "missing-fragments")
    assert "beginning" not in ends.title
    assert "or the others go another way than past the capture" in ends.why
    assert not seen_in([*QUIET, *lost[:4]], "missing-fragments")
    assert not seen_in([*QUIET, *(packet for k in range(9) for packet in parts(k, middle, "2110"))], "missing-fragments")
    assert not seen_in([*QUIET, *(packet | {"time": START} for packet in lost)], "missing-fragments")
    assert not seen_in([*QUIET, *lost, *(packet for k in range(10, 700) for packet in parts(k, middle))], "missing-fragments")


def test_redirects() -> None:
    """Five of one router; not four, nor other messages of it."""
    told = [icmp(START + k * SECOND, 5, icmp_code=1, src=3, dst=k % 2) for k in range(5)]
    (redirect,) = seen_in([*QUIET, *told], "icmp-redirect")
    assert redirect.count == 5
    assert redirect.title == "10.0.0.4 told 10.0.0.1 and 10.0.0.2 to take another way: 5 ICMP redirects from 12:00:00 on"
    assert not seen_in(told[:4], "icmp-redirect")
    assert not seen_in([packet | {"icmp_type": 4} for packet in told], "icmp-redirect")
    assert not seen_in([*told[:4], told[0] | {"src": 5}], "icmp-redirect")


def test_two_dhcp_servers() -> None:
    """Answers of two addresses; one alone, and relays that talk to a server, are none, nor a relay beside its server."""
    answer = udp(START, src=1, dst=0, src_port=67, dst_port=68)
    (servers,) = seen_in([answer, answer, answer | {"src": 2, "time": START + SECOND}], "dhcp-servers")
    assert servers.count == 3
    assert servers.title == "DHCP answers came from 2 addresses from 12:00:00.000 on: 10.0.0.2 (2) and 10.0.0.3 (1)"
    assert not seen_in([answer] * 5, "dhcp-servers")
    assert not seen_in([answer, answer | {"src": 2, "dst_port": 67}], "dhcp-servers")
    beside = [answer, answer | {"src": 2}, answer | {"src": 2, "dst": 1, "dst_port": 67}]
    assert not seen_in(beside, "dhcp-servers"), "a relay answers beside its server"
    assert not seen_in(beside, "dhcp-servers", Scope("udp.dstport == 68"))
    (others,) = seen_in([*beside, *(answer | {"src": 3 + k % 2} for k in range(5))], "dhcp-servers")
    assert others.title.endswith("10.0.0.4 (3) and 10.0.0.5 (2)")
    assert (others.count, others.count_of) == (5, "answers of these addresses")
    assert "a relay answers beside its server" in others.why


def test_places_of_keys() -> None:
    """All places of each chosen key, in order; and distinct tries, however many hosts there are."""
    keys = np.array([5, 1, 5, 3, 1, 5])
    assert [places.tolist() for places in parted(keys, np.array([1, 5]))] == [[1, 4], [0, 2, 5]]
    far = np.array([2**31, 3, 2**31, 3], np.uint32)
    tried = _distinct(far, far[::-1].copy(), np.array([7, 9, 7, 8], np.uint16))
    assert sorted(zip(tried.src.tolist(), tried.dst.tolist(), tried.port.tolist(), strict=True)) == [
        (3, 2**31, 8),
        (3, 2**31, 9),
        (2**31, 3, 7),
    ]


MANY = 10_000
EACH = {
    "udp-scan": MANY,
    "udp-sweep": 1,
    "udp-unanswered": MANY,
    "unasked-answers": 2 * MANY,
    "missing-fragments": MANY,
    "icmp-redirect": MANY,
}
"""How many findings there are where one packet is one."""


@pytest.fixture(scope="module")
def crowd() -> Store:
    """Many hosts of which each does something once."""
    of = {"ip_frag": 0x2000, "ip_len": 1500, "present": FRAGMENT | Has.UDP | Has.SRC_PORT | Has.DST_PORT}
    makers: tuple[Any, ...] = (
        lambda k: udp(START + k, src=0, dst=k + 1, src_port=50_000, dst_port=53),
        lambda k: udp(START + 60 * SECOND + k, src=k + 1, dst=k, src_port=123, dst_port=80, **of),
        lambda k: icmp(START + 60 * SECOND + k, 5, src=k + 1, dst=0),
        lambda k: icmp(START + 120 * SECOND + k, 0, src=k, dst=k + 1),
    )
    hosts = [0x0B000000 + 2 * k for k in range(MANY + 1)]
    return store_of([make(k) for make in makers for k in range(MANY)], hosts=hosts)


@pytest.mark.parametrize("kind", EACH)
def test_however_many_there_are(crowd: Store, kind: str) -> None:
    """Forty thousand packets of which nearly each is a finding take their time, not its square."""
    scans = {"scanned_ports": 1, "scanned_hosts": 1, "udp_unanswered": 1, "unasked_hosts": 1, "missing_fragments": 1, "redirects": 1}
    kinds = [each for each in KINDS if each.slug == kind]
    began = time.process_time()
    report = find(crowd, kinds=kinds, limits=replace(LIMITS, **scans))
    assert time.process_time() - began < 5
    assert [looked.found for looked in report.looked_for] == [EACH[kind]]
