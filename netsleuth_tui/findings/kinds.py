"""Every kind of finding there is, in the order in which they are looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from netsleuth_tui.findings.arp_storm import arp_storm
from netsleuth_tui.findings.audit_policy import audit_policy_changed
from netsleuth_tui.findings.datagram_drops import datagrams_dropped
from netsleuth_tui.findings.event_flood import event_flood
from netsleuth_tui.findings.finding import Finding
from netsleuth_tui.findings.limits import Limits
from netsleuth_tui.findings.log_cleared import log_cleared
from netsleuth_tui.findings.log_silence import log_silence
from netsleuth_tui.findings.logon_failures import logon_failures, logons_after_failures
from netsleuth_tui.findings.new_event import new_event
from netsleuth_tui.findings.packet_drops import packets_dropped
from netsleuth_tui.findings.router_loop import router_loop, time_exceeded
from netsleuth_tui.findings.seen import Seen

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding."""

    slug: str
    """What findings call their kind."""
    looks_for: str
    """What is looked for and from which threshold on, with the names of limits in braces."""
    find: Callable[[Seen, Limits], Iterable[Finding]]
    """Finds them, in any order."""

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
