"""The thresholds from which something is a finding, each with its unit and its reason; `[findings]` in config.toml changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from netsleuth_tui.errors import NetSleuthError

__all__ = ["LIMITS", "Limits", "limits_from", "user_limits"]


def _limit(value: float, unit: str, reason: str) -> Any:
    return field(default=value, metadata={"unit": unit, "reason": reason})


@dataclass(frozen=True, slots=True)
class Limits:
    """One number per threshold. Its metadata has 'unit' and 'reason'."""

    findings_of_a_kind: int = _limit(20, "findings", "the worst of each kind; the report says how many more there are")
    times_usual: float = _limit(10.0, "times", "a burst has so many times the rate of the other seconds: noise doubles, faults multiply")
    burst_gap: int = _limit(3, "s", "bursts with fewer seconds between them are one")

    loop_packets: int = _limit(1, "packets", "one packet that comes three times with a falling TTL went in a circle")
    exceeded_per_second: int = _limit(50, "packets/s", "a traceroute makes some ten a second, a loop one for every packet in it")
    arp_per_second: int = _limit(100, "packets/s", "hosts ask a few times a minute, also in networks of a thousand")
    broadcast_per_second: int = _limit(200, "packets/s", "each goes to every host; a network of a thousand hosts makes some ten a second")
    multicast_per_second: int = _limit(1000, "packets/s", "what multicast is for may have this rate all the time, so only a rise is told")
    directed_per_second: int = _limit(200, "packets/s", "as broadcasts to all: each may go to every host of the subnet")
    unreachable_per_second: int = _limit(
        20, "packets/s", "single ones are everyday life: a port that is closed, a host that is switched off"
    )
    too_big_per_second: int = _limit(
        5, "packets/s", "one for each path is how its largest packet is found; more are not heard, or not obeyed"
    )
    redirects: int = _limit(5, "messages", "one for each host and destination is how a better way is told; a host that obeys needs no more")
    missing_fragments: int = _limit(5, "packets", "single losses are everyday life")
    missing_fragments_percent: float = _limit(1.0, "% of the fragmented packets", "between two hosts; from about here on programs are slow")
    duplicate_packets: int = _limit(50, "packets", "fewer change no count that matters")
    duplicate_percent: float = _limit(1.0, "% of the IP packets", "a capture in both directions of a mirrored port has 50 %")
    address_changes: int = _limit(2, "changes", "one change is another device under that address; back again is two at once")
    esp_lost: int = _limit(10, "packets", "of one association, those left out that may yet have come")
    esp_lost_percent: float = _limit(0.1, "% of the packets", "TCP inside slows down from about here on")
    esp_late: int = _limit(10, "packets", "of one association")
    esp_late_percent: float = _limit(1.0, "% of the packets", "TCP inside takes three late packets for a loss")
    esp_replay_window: int = _limit(64, "packets", "receivers drop what is later: the usual window (RFC 4303 section 3.4.3)")
    unseen_segments: int = _limit(10, "segments", "a few are missed where a capture begins")
    unseen_percent: float = _limit(
        0.1, "% of the TCP segments", "so much that counts of bytes and retransmissions are wrong by more than noise"
    )
    retransmissions_per_second: int = _limit(20, "segments/s", "a few are how TCP finds out how fast it may send")
    retransmission_percent: float = _limit(1.0, "% of the TCP segments then", "transfers over a distance slow down from about here on")
    duplicate_acks_per_second: int = _limit(50, "segments/s", "a single loss in a fast transfer makes some ten")
    zero_window_seconds: float = _limit(1.0, "s", "shorter ones are how a receiver slows down a sender that is too fast")
    syn_unanswered: int = _limit(3, "packets", "the first SYN and two that repeat it: what a client tries in three seconds")
    syn_refused: int = _limit(1, "connections", "nobody asks for a connection in order to be refused")
    resets_per_second: int = _limit(10, "packets/s", "some programs end each connection with one")
    resets_per_minute: int = _limit(20, "packets/min", "of a site or network, where it usually sends a tenth of it")
    reset_ttl: int = _limit(3, "hops", "away from the TTL of all else that the sender sends: ways differ by one or two")
    collapse_seconds: int = _limit(5, "s", "shorter pauses are those of programs")
    collapse_percent: float = _limit(20.0, "% of the rate before", "less than that is felt")
    collapse_bytes: int = _limit(100_000, "bytes/s", "of TCP payload before: slower ones have pauses anyway")
    scanned_ports: int = _limit(20, "ports", "of one host: clients use a few")
    scanned_hosts: int = _limit(50, "hosts", "at one port, or by echo requests: few programs have so many that do not answer")
    scan_answered_percent: float = _limit(50.0, "% of those tried", "who is mostly answered does not search")
    udp_unanswered: int = _limit(5, "datagrams", "to one service: a question and what repeats it, of two clients")
    udp_unanswered_percent: float = _limit(5.0, "% of the requests", "fewer are those of names that nobody knows, and of clients that went")
    unasked_hosts: int = _limit(20, "hosts", "a host that was forgotten to be captured asks a few servers")
    dhcp_servers: int = _limit(2, "addresses", "one server, or one relay, serves a network; two may be on purpose")
    stop_seconds: int = _limit(30, "s", "longer than the pauses of what is regular")
    stop_asked: int = _limit(10, "packets", "sent to the host meanwhile: nobody misses one that is not asked")
    stop_regular_percent: float = _limit(90.0, "% of the intervals before", "in which it sent: only what is regular can be missed")

    datagram_drops: int = _limit(1, "events", "a datagram that reached the host and no program is lost, however few there are")
    packet_drops: int = _limit(1, "events", "pktmon logs as dropped only what the host threw away itself")
    logs_cleared: int = _limit(1, "events", "one takes away all evidence that was in the log")
    audit_policy_changes: int = _limit(1, "events", "an audit policy is changed seldom, and on purpose")
    logon_failures: int = _limit(5, "events", "people mistype a password two or three times; accounts are locked from 5 on")
    logon_pause: float = _limit(300.0, "s", "programs with an old password try again every few minutes: longer pauses end a burst")
    logon_addresses: int = _limit(5, "addresses", "one person has a few devices")
    flood_events: int = _limit(
        1000, "events in 10 s", "100 a second fill a log of 20 MB in minutes; a start of Windows writes some hundred"
    )
    flood_times: float = _limit(20.0, "times", "so many times the median of all 10 s of the log: what is many all the time is no flood")
    new_event_after: int = _limit(1000, "events", "in a shorter log everything is new")
    new_event_share: float = _limit(0.8, "of the log", "of its time and of its events; what is usual comes earlier, even if it is rare")
    new_event_minutes: int = _limit(5, "minutes", "that have it: what happens once has not changed anything yet")
    silence_events: int = _limit(1000, "events", "fewer do not tell how long the pauses of a log usually are")
    silence_seconds: float = _limit(600.0, "s", "a shorter pause may be a restart")
    silence_usual: float = _limit(3600.0, "s", "a log that often has longer pauses is of a host that is off now and then")
    silence_times: float = _limit(20.0, "times", "so many times the usual longest pause: the fourth longest, since three may be silences")


LIMITS = Limits()
"""The program's own."""


def limits_from(said: Mapping[str, Any], where: str = "") -> Limits:
    """The program's own limits, with those that were said instead.

    Args:
        said: By name.
        where: In which file.

    Raises:
        NetSleuthError: There is no such limit, or it is no positive number, or a fraction where there are none.
    """
    known = {each.name: each for each in fields(Limits)}
    for name, value in said.items():
        if name not in known:
            from difflib import get_close_matches

            close = get_close_matches(name, known, 1) or [next(iter(known))]
            raise NetSleuthError(f"there is no limit {name!r} in [findings]", where=where, hint=f"did you mean {close[0]}?")
        whole = isinstance(known[name].default, int)
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not 0 < value < 1 << 53:
            what = "a whole number" if whole else "a number"
            raise NetSleuthError(f"{name} in [findings] is not {what} above 0", where=where, hint=f"it is {known[name].default} by default")
    return Limits(**said)


def user_limits() -> Limits:
    """The limits that the user has settled in config.toml.

    Raises:
        NetSleuthError: The file cannot be read, or says something that means nothing.
    """
    from netsleuth_tui.settings import read_settings, settings_path

    return limits_from(read_settings().findings, str(settings_path()))
