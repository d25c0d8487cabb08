"""What holds for findings of every kind: the filter in the window selects what is counted, whatever the packets and the scope."""

from __future__ import annotations

import importlib.util
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from looking import check
from made import ETHERNET_IPV4, SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import Scope
from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.findings import KINDS, LIMITS, Limits, Steps, find, limits_from

MS = 1_000_000
HOSTS = (*(0x0A000000 + k for k in range(1, 40)), 0xFFFFFFFF, 0xEF000001, 0, 0x0A0000FF)
BROADCAST, MULTICAST, SUBNET = 39, 40, 42
ARP = Has.ETH | Has.ETH_TYPE | Has.ARP | Has.ADDRESSES | Has.ARP_OPCODE | Has.ARP_HW
ESP = ETHERNET_IPV4 | Has.ESP | Has.ESP_SPI | Has.ESP_SEQUENCE
LOW = replace(
    LIMITS, times_usual=1.5, exceeded_per_second=2, arp_per_second=2, broadcast_per_second=2, multicast_per_second=2,
    unreachable_per_second=2, too_big_per_second=2, duplicate_packets=1, duplicate_percent=0.01, address_changes=1, esp_lost=1,
    esp_lost_percent=0.01, esp_late=1, esp_late_percent=0.01, esp_replay_window=1, scanned_ports=2, scanned_hosts=2, stop_seconds=2,
    stop_asked=1, stop_regular_percent=10.0, retransmissions_per_second=1, retransmission_percent=0.01, duplicate_acks_per_second=1,
    zero_window_seconds=0.001, syn_unanswered=1, resets_per_second=1, resets_per_minute=1, reset_ttl=1, collapse_seconds=1,
    collapse_percent=90.0, collapse_bytes=1, unseen_segments=1, unseen_percent=0.01, udp_unanswered=1,
    udp_unanswered_percent=0.01, unasked_hosts=1, directed_per_second=1, missing_fragments=1, missing_fragments_percent=0.01, redirects=1,
    dhcp_servers=1,
)  # fmt: skip
"""So that nearly everything is a finding."""


def one_of(number: int, kind: str, time: int) -> dict[str, Any]:  # noqa: PLR0911 - one for each kind
    """A packet of a kind; `number` says which."""
    a, b = number % 5, number // 5 % 5
    ip = {"src": a, "dst": b, "ip_id": number % 3 + 1, "ip_len": 60, "ttl": 64 - number % 7}
    match kind:
        case "syn":
            return tcp(time, 0x02 | (number % 2) * 0x10, dst_port=number % 9, src_port=number % 4, **ip)
        case "data":
            flags = (0x10, 0x10, 0x10, 0x14, 0x12, 0x02)[number % 6]
            of = {"tcp_seq": number // 2 % 7 * 10, "tcp_ack": number % 4 * 10, "tcp_len": number % 3 * 10, "tcp_window": number % 5 * 8}
            return tcp(time, flags, **ip | of | {"src": number % 2, "dst": 1 - number % 2, "src_port": 5, "dst_port": 5})
        case "arp":
            of = {"time": time, "protocol": Protocol.ARP, "present": ARP, "len": 60, "arp_opcode": number % 4, "arp_hw": number % 3}
            return of | {"src": a, "dst": b}
        case "icmp":
            return icmp(time, (0, 3, 3, 8, 11)[number % 5], icmp_code=(0, 1, 3, 4)[number % 4], **ip)
        case "esp":
            of = {"time": time, "protocol": Protocol.ESP, "present": ESP, "len": 100, "ip_proto": 50, "esp_sequence": (number ^ 3) * 40 + 1}
            return of | {"src": a % 2, "dst": 3, "esp_spi": 256 + number % 2}
        case "ask":
            ports = {"src_port": (50_000, 68, 123, 67)[number % 4], "dst_port": (53, 67, 68, number % 300, 4000)[number % 5]}
            some = {"present": ETHERNET_IPV4 | Has.UDP | Has.SRC_PORT | Has.DST_PORT | (Has.FRAGMENT if number % 3 else Has(0))}
            return udp(time, **ip | ports | some | {"dst": (SUBNET, a, b, b)[number // 4 % 4], "ip_frag": (0x2000, 3, 0)[number % 3]})
        case "redirect":
            return icmp(time, (5, 0)[number % 2], icmp_code=1, **ip)
        case "loop":
            return icmp(time, ip_id=9, ip_len=60, src=0, dst=1, ttl=64 - number % 30)
    return udp(time, **ip | {"dst": (BROADCAST, MULTICAST, b)[number % 3]})


@st.composite
def traffic(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Runs of packets of a kind, whose numbers rise; times forwards, all equal, backwards, or absent."""
    packets: list[dict[str, Any]] = []
    time = START
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["syn", "data", "data", "arp", "icmp", "esp", "loop", "udp", "ask", "ask", "redirect"]))
        step = draw(st.sampled_from([0, 1, MS, 100 * MS, SECOND, -MS, 5 * SECOND]))
        first = draw(st.integers(0, 200))
        for k in range(draw(st.integers(1, 20))):
            packets.append(one_of(first + k * draw(st.sampled_from([1, 1, 2])), kind, draw(st.sampled_from([time, time, time, NO_TIME]))))
            time += step
    return packets


SCOPES = st.builds(
    Scope,
    st.sampled_from(["", "", "ip", "tcp || icmp", "esp || arp", "ip.src == 10.0.0.1", "frame.len > 70"]),
    st.sampled_from([None, None, START + SECOND // 2]),
    st.sampled_from([None, None, START + 7 * SECOND]),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(traffic(), SCOPES)
def test_the_filter_in_the_window_selects_what_is_counted(packets: list[dict[str, Any]], scope: Scope) -> None:
    """For every finding of every kind, with thresholds so low that there are many."""
    store = store_of(packets, hosts=HOSTS)
    report = find(store, scope, limits=LOW)
    check(store, report.findings)
    assert [finding.severity for finding in report.findings] == sorted((f.severity for f in report.findings), reverse=True)
    assert {finding.kind for finding in report.findings} <= {looked.kind for looked in report.looked_for}


def test_most_kinds_are_found_in_the_traffic_of_the_property() -> None:
    """Otherwise the property would say little."""
    packets = [one_of(k, kind, START + k * MS) for kind in ("syn", "arp", "icmp", "esp", "udp", "redirect") for k in range(200)]
    packets += [one_of(k, "ask", START + 10 * SECOND + k * MS) for k in range(200)]
    packets += [udp(START, src=20, dst=21, src_port=67, dst_port=68)]
    packets += [one_of(k, "loop", START + SECOND + k * MS) for k in range(20)]
    packets += [udp(START + k // 2 * SECOND, src=5, dst=6, ip_id=k // 2 + 1, ip_len=30, ttl=9) for k in range(60)]
    packets += [udp(START + k * SECOND, src=6, dst=5, ip_id=0) for k in range(16)]
    store = store_of(packets, hosts=HOSTS)
    found = {finding.kind for finding in find(store, limits=LOW).findings}
    about_packets = {
        "router-loop", "arp-storm", "address-conflict", "broadcast-storm", "icmp-unreachable", "capture-duplicates", "port-scan", "sweep",
        "esp-loss", "esp-replay", "esp-reordering", "host-silence", "time-exceeded", "udp-scan", "udp-sweep", "udp-unanswered",
        "unasked-answers", "directed-broadcast", "missing-fragments", "icmp-redirect", "dhcp-servers",
    }  # fmt: skip
    assert about_packets <= found


def test_nothing_is_found_in_nothing() -> None:
    """No packets, none that the scope keeps: every kind was looked for all the same."""
    for store, scope in ((store_of([]), Scope()), (store_of([udp(START)]), Scope("tcp")), (store_of([udp(NO_TIME)]), Scope())):
        report = find(store, scope)
        assert report.findings == ()
        assert [looked.kind for looked in report.looked_for] == [kind.slug for kind in KINDS]
        assert all(looked.definition and "{" not in looked.definition for looked in report.looked_for)


def test_only_the_worst_of_a_kind() -> None:
    """The report says how many more there are."""
    packets = [tcp(START + k * MS, 0x02, src=k % 30, dst=30, dst_port=k) for k in range(3000)]
    report = find(store_of(packets, hosts=HOSTS), limits=replace(LIMITS, findings_of_a_kind=4))
    assert len([finding for finding in report.findings if finding.kind == "port-scan"]) == 4
    assert report.left_out == 26


def test_progress_and_an_end_before_the_end() -> None:
    """Each kind is announced; whoever wants no answer ends the work."""
    steps: list[Steps] = []
    store = store_of([udp(START)])
    find(store, progress=steps.append)
    assert [step.kind for step in steps] == [kind.slug for kind in KINDS]
    assert [step.done for step in steps] == list(range(len(KINDS)))
    with pytest.raises(NetSleuthError, match="interrupted"):
        find(store, cancelled=lambda: True)


def test_limits_of_the_user() -> None:
    """Numbers above 0 by name; what is none, or is no limit, is said."""
    assert limits_from({"arp_per_second": 300, "times_usual": 3}) == replace(LIMITS, arp_per_second=300, times_usual=3)
    for said, why in (
        ({"arp_per_secnd": 3}, "did you mean arp_per_second"),
        ({"arp_per_second": 0}, "above 0"),
        ({"arp_per_second": 2.5}, "whole number"),
        ({"arp_per_second": True}, "whole number"),
        ({"times_usual": "much"}, "is not a number"),
    ):
        with pytest.raises(NetSleuthError, match=why):
            limits_from(said)
    for limit in fields(Limits):
        assert limit.metadata["unit"]
        assert limit.metadata["reason"]


def test_the_page_is_in_step() -> None:
    """The tables of docs/findings.md are those of the program: docs/make_findings.py makes them."""
    docs = Path(__file__).resolve().parents[2] / "docs"
    spec = importlib.util.spec_from_file_location("make_findings", docs / "make_findings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (docs / "findings.md").read_text(encoding="utf-8")
    assert module.page(page) == page
