"""Every kind of finding there is, in the order in which they are looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from netsleuth_tui.findings.address_conflict import address_conflict
from netsleuth_tui.findings.arp_storm import arp_storm
from netsleuth_tui.findings.audit_policy import audit_policy_changed
from netsleuth_tui.findings.broadcast_storm import broadcast_storm
from netsleuth_tui.findings.capture_loss import capture_loss, unseen_segments
from netsleuth_tui.findings.datagram_drops import datagrams_dropped
from netsleuth_tui.findings.dhcp_servers import dhcp_servers
from netsleuth_tui.findings.directed_broadcast import directed_broadcast
from netsleuth_tui.findings.duplicates import capture_duplicates
from netsleuth_tui.findings.esp_tunnels import esp_loss, esp_reordering, esp_replay
from netsleuth_tui.findings.event_flood import event_flood
from netsleuth_tui.findings.finding import Candidate, Finding
from netsleuth_tui.findings.flow_course import flow_stopped, throughput_collapse
from netsleuth_tui.findings.icmp_redirect import icmp_redirect
from netsleuth_tui.findings.limits import Limits
from netsleuth_tui.findings.log_cleared import log_cleared
from netsleuth_tui.findings.log_silence import log_silence
from netsleuth_tui.findings.logon_failures import logon_failures, logons_after_failures
from netsleuth_tui.findings.missing_fragments import missing_fragments
from netsleuth_tui.findings.new_event import new_event
from netsleuth_tui.findings.packet_drops import packets_dropped
from netsleuth_tui.findings.resets import reset_burst, reset_surge
from netsleuth_tui.findings.router_loop import router_loop, time_exceeded
from netsleuth_tui.findings.scan import port_scan, sweep
from netsleuth_tui.findings.seen import Seen
from netsleuth_tui.findings.silence import capture_silence, host_silence
from netsleuth_tui.findings.tcp_repeats import duplicate_acks, retransmissions
from netsleuth_tui.findings.udp_scan import udp_scan, udp_sweep
from netsleuth_tui.findings.udp_unanswered import udp_unanswered
from netsleuth_tui.findings.unanswered import syn_refused, syn_unanswered
from netsleuth_tui.findings.unasked_answers import unasked_answers
from netsleuth_tui.findings.unreachable import unreachable
from netsleuth_tui.findings.zero_window import zero_window

__all__ = ["KINDS", "Kind", "left_by"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding."""

    slug: str
    """What findings call their kind."""
    looks_for: str
    """What is looked for and from which threshold on, with the names of limits in braces."""
    find: Callable[[Seen, Limits], Iterable[Finding | Candidate]]
    """Finds them, in any order."""
    needs_all: bool = False
    """It says of packets that they are not there: nobody can where a filter at loading left some out."""

    def definition(self, limits: Limits) -> str:
        """What is looked for, with the numbers that count."""
        from dataclasses import asdict

        return self.looks_for.format_map(asdict(limits))


BURST = "a second and {times_usual:g} times the usual"

KINDS: tuple[Kind, ...] = (
    Kind(
        "router-loop", "the same packet at least 3 times, each within a second of the last, its TTL falling by the same step", router_loop
    ),
    Kind("time-exceeded", f"ICMP messages that a TTL was used up, {{exceeded_per_second}} {BURST}", time_exceeded),
    Kind("arp-storm", f"ARP packets, {{arp_per_second}} {BURST}", arp_storm),
    Kind(
        "address-conflict",
        "IPv4 addresses whose ARP packets come from one hardware address and another in turn, {address_changes} changes",
        address_conflict,
    ),
    Kind(
        "broadcast-storm",
        f"packets to 255.255.255.255, {{broadcast_per_second}}, or to multicast, {{multicast_per_second}} {BURST}",
        broadcast_storm,
    ),
    Kind(
        "directed-broadcast",
        f"packets to an IPv4 address that ends in 255 and sends nothing, {{directed_per_second}} {BURST}",
        directed_broadcast,
    ),
    Kind(
        "icmp-unreachable",
        "ICMP messages that a port, host or network cannot be reached or is forbidden, {unreachable_per_second} a second, or that packets "
        f"are too big, {{too_big_per_second}} {BURST}",
        unreachable,
    ),
    Kind("icmp-redirect", "{redirects} or more ICMP messages of a router that there is a better way", icmp_redirect),
    Kind(
        "missing-fragments",
        "fragmented IPv4 packets of which fragments are missing, {missing_fragments} and {missing_fragments_percent:g} % between two hosts",
        missing_fragments,
        needs_all=True,
    ),
    Kind(
        "capture-duplicates",
        "IP packets that come again within a millisecond at the same TTL, {duplicate_packets} and {duplicate_percent:g} %",
        capture_duplicates,
    ),
    Kind("capture-loss", "packets, events or buffers that a file says were lost while it was written", capture_loss),
    Kind(
        "capture-missed",
        "TCP segments that acknowledge what was never captured, {unseen_segments} and {unseen_percent:g} % of all",
        unseen_segments,
    ),
    Kind("esp-loss", "ESP associations that lost {esp_lost} packets and {esp_lost_percent:g} %", esp_loss),
    Kind("esp-reordering", "ESP associations with {esp_late} packets and {esp_late_percent:g} % out of order", esp_reordering),
    Kind("esp-replay", "ESP packets that a receiver with a replay window of {esp_replay_window} drops", esp_replay),
    Kind(
        "retransmission-burst",
        f"TCP segments that were sent again, {{retransmissions_per_second}} {BURST}, {{retransmission_percent:g}} % of the segments then",
        retransmissions,
    ),
    Kind(
        "duplicate-ack-burst",
        f"duplicate TCP acknowledgements, {{duplicate_acks_per_second}} {BURST}, {{retransmission_percent:g}} % of the segments then",
        duplicate_acks,
    ),
    Kind("zero-window", "receivers that take no more data of a TCP connection for {zero_window_seconds:g} s", zero_window),
    Kind("syn-unanswered", "TCP connections that nothing came back for, {syn_unanswered} SYN to one address and port", syn_unanswered),
    Kind("syn-refused", "TCP connections that were refused with a reset, {syn_refused} or more at one address and port", syn_refused),
    Kind("reset-burst", f"TCP resets, {{resets_per_second}} {BURST}", reset_burst),
    Kind(
        "reset-surge",
        "sites or networks that send {resets_per_minute} TCP resets a minute and {times_usual:g} times the usual",
        reset_surge,
    ),
    Kind(
        "throughput-collapse",
        "TCP flows that have less than {collapse_percent:g} % of their rate, {collapse_bytes} bytes a second or more, for "
        "{collapse_seconds} s while others go on",
        throughput_collapse,
    ),
    Kind(
        "flow-stopped",
        "TCP flows that sent in {stop_regular_percent:g} % of the intervals, and then nothing for {stop_seconds} s until the end, without "
        "FIN or RST",
        flow_stopped,
    ),
    Kind(
        "port-scan",
        "hosts that ask for {scanned_ports} TCP ports of another, of which less than {scan_answered_percent:g} % accept",
        port_scan,
    ),
    Kind(
        "sweep",
        "hosts that try one TCP port of {scanned_hosts} others, or ping them, of which less than {scan_answered_percent:g} % answer",
        sweep,
    ),
    Kind(
        "udp-scan",
        "hosts that try {scanned_ports} UDP ports of another, of which less than {scan_answered_percent:g} % send a datagram back",
        udp_scan,
    ),
    Kind(
        "udp-sweep",
        "hosts that try one UDP port of {scanned_hosts} others, of which less than {scan_answered_percent:g} % send a datagram back",
        udp_sweep,
    ),
    Kind(
        "udp-unanswered",
        "services such as DNS, Kerberos, RADIUS that send no datagram back for {udp_unanswered} requests by UDP and "
        "{udp_unanswered_percent:g} % of all",
        udp_unanswered,
        needs_all=True,
    ),
    Kind(
        "unasked-answers",
        "echo replies, or answers of UDP services that attackers reflect from, of {unasked_hosts} hosts to one that had asked none of them",
        unasked_answers,
        needs_all=True,
    ),
    Kind("dhcp-servers", "DHCP answers from {dhcp_servers} addresses or more, relays and their servers aside", dhcp_servers),
    Kind(
        "host-silence",
        "hosts that sent in {stop_regular_percent:g} % of the intervals, and then nothing for {stop_seconds} s, while "
        "{stop_asked} packets were sent to them",
        host_silence,
    ),
    Kind(
        "capture-silence",
        "no packet for {stop_seconds} s where there are some in {stop_regular_percent:g} % of the intervals",
        capture_silence,
    ),
    Kind(
        "datagram-dropped",
        "datagrams that Windows dropped in front of a socket (Winsock-AFD 1033), {datagram_drops} or more",
        datagrams_dropped,
    ),
    Kind(
        "packet-dropped", "packets that Windows dropped on their way (pktmon 170), {packet_drops} or more for one reason", packets_dropped
    ),
    Kind("log-cleared", "event logs that were cleared (1102, 104), {logs_cleared} time or more", log_cleared),
    Kind("audit-policy", "changes of the audit policy (4719), {audit_policy_changes} or more", audit_policy_changed),
    Kind(
        "logon-failures",
        "{logon_failures} or more failed logons (4625) from an address, or for an account from {logon_addresses} addresses, with pauses of "
        "{logon_pause:g} s at most",
        logon_failures,
    ),
    Kind(
        "logon-after-failures",
        "logons (4624) of the same address or account within {logon_pause:g} s of {logon_failures} or more that failed",
        logons_after_failures,
    ),
    Kind(
        "event-flood",
        "a kind of event {flood_events} times or more in 10 s, and {flood_times:g} times as often as usual, in a log of 5 minutes or more",
        event_flood,
    ),
    Kind(
        "new-event",
        "a kind of event that first comes after {new_event_share:.0%} of its log and {new_event_after} events, then in {new_event_minutes} "
        "minutes or more",
        new_event,
    ),
    Kind(
        "log-silence",
        "a log of {silence_events} events or more that has none for {silence_seconds:g} s or more and {silence_times:g} times its usual "
        "longest pause, where that is {silence_usual:g} s at most",
        log_silence,
    ),
)


def left_by(load_filter: str) -> tuple[Kind, ...]:
    """The kinds that can be looked for where only packets that a filter keeps were loaded; all without one."""
    return tuple(kind for kind in KINDS if not (load_filter and kind.needs_all))
