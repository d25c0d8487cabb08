"""The story of the router loop: a ping to two addresses every 5 minutes, and each time some 7 000 packets in one second.

The capture point is the link between the core router and the firewall:

    office 10.1.0.0/16 ── core router (10.0.0.1) ══ captured link ══ (10.0.0.2) firewall ── Internet, data centre 10.20.0.0/16

The branch 10.9.0.0/16 is gone. The router still has a route for it to the firewall; the firewall has only the summary 10.0.0.0/8 back to
the router. An echo request from 10.1.4.7 leaves its host with TTL 64 and crosses the link with TTL 63 (router to firewall), 62
(back), 61, … 1. Every hop of the loop is a crossing of this one link, so successive copies differ by 1 in TTL and alternate in
direction; the copies of one direction differ by 2, the length of the loop. The copy with TTL 1 goes to the firewall, which answers
with a time-exceeded message to the sender: 64 packets for one request. Now and then a copy is lost on the way, and then there are fewer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter

import frames
from capture_files import Packet
from frames import Datagram
from traffic import Dice, Exchange, Step, conversation, refused

__all__ = ["COMMENT", "LOOPED", "PINGER", "SNAP_LENGTH", "START", "packets"]

START = 1_773_144_003 * 10**9
"""2026-03-10T12:00:03Z, in ns."""

DURATION = 41 * 60 + 15
"""Seconds: to 12:41:18."""

SNAP_LENGTH = 96

COMMENT = "Link between the core router (10.0.0.1) and the firewall (10.0.0.2)"

PINGER = "10.1.4.7"

LOOPED = ("10.9.0.12", "10.9.3.40")
"""The two addresses that are pinged and that nobody has any more."""

BURSTS = range(297, DURATION, 300)
"""Seconds after START: 12:05:00, 12:10:00 … 12:40:00."""

REQUESTS = 55
"""Echo requests to each of the two addresses in a burst, 10 ms apart."""

LOSS = 1 / 4000
"""Probability that a copy is lost at a crossing."""

ROUTER = ("00:1b:21:0a:00:01", "10.0.0.1")
FIREWALL = ("00:1c:7f:0a:00:02", "10.0.0.2")

NAMESERVER = "10.20.0.53"
CLIENTS = tuple(f"10.1.{subnet}.{host}" for subnet in range(2, 10) for host in range(20, 60))
SITES = (
    *((f"203.0.113.{host}", 443, f"www{host}.example.com") for host in range(10, 40)),
    *((f"198.51.100.{host}", 443, f"cdn{host}.example.net") for host in range(10, 30)),
    *((f"10.20.1.{host}", 445, f"files{host}.corp.example") for host in range(10, 14)),
    *((f"10.20.2.{host}", 1494, f"farm{host}.corp.example") for host in range(10, 18)),
    *((f"192.0.2.{host}", 80, f"static{host}.example.org") for host in range(10, 18)),
)
CLOSED_SITE = ("10.20.1.99", 8443)
"""A server that refuses connections."""

_ALPHABET = b"abcdefghijklmnopqrstuvwabcdefghi"


def packets() -> list[Packet]:
    """The whole capture in order of time."""
    made: list[Packet] = []
    for part, seed in ((_sessions, 1), (_refusals, 2), (_copies, 3), (_pings, 4), (_neighbours, 5), (_bursts, 8)):
        made += part(Dice(seed))
    end = START + DURATION * 10**9
    return sorted((packet for packet in made if START <= packet.time < end), key=attrgetter("time"))


def _seen(seconds: float) -> int:
    return START + int(seconds * 10**9)


def _outbound(seconds: float, datagram: bytes) -> Packet:
    return Packet(_seen(seconds), frames.ethernet(FIREWALL[0], ROUTER[0], frames.ETHERTYPE_IPV4, datagram))


def _inbound(seconds: float, datagram: bytes) -> Packet:
    return Packet(_seen(seconds), frames.ethernet(ROUTER[0], FIREWALL[0], frames.ETHERTYPE_IPV4, datagram))


@dataclass(frozen=True, slots=True)
class _Ends:
    """Who talks over the link, and what is left of the server's TTL there."""

    client: str
    server: str
    server_ttl: int


def _tcp(seconds: float, ends: _Ends, identification: int, step: Step) -> Packet:
    if step.from_client:
        return _outbound(seconds, frames.tcp(Datagram(ends.client, ends.server, 127, identification & 0xFFFF), step.segment))
    return _inbound(seconds, frames.tcp(Datagram(ends.server, ends.client, ends.server_ttl), step.segment))


def _sessions(dice: Dice) -> Iterator[Packet]:
    """Office traffic: a name is looked up, then a TCP conversation follows; one in twenty ends with a reset."""
    seconds = dice.between(0.0, 1.0)
    while seconds < DURATION:
        client = dice.one_of(CLIENTS, skew=1.6)
        server, port, name = dice.one_of(SITES, skew=1.8)
        round_trip = dice.between(0.0008, 0.002) if server.startswith("10.") else dice.between(0.009, 0.06)
        yield from _lookup(dice, seconds, client, name, server)
        answers = tuple(dice.whole(200, 12_000) for _ in range(dice.whole(1, 5)))
        exchange = Exchange(dice.whole(49_152, 65_536), port, round_trip, answers, reset=dice.happens(0.05))
        yield from _run(seconds + 0.02, client, server, dice, exchange)
        seconds += dice.wait(1.9)


def _lookup(dice: Dice, seconds: float, client: str, name: str, address: str) -> Iterator[Packet]:
    port, transaction, identification = dice.whole(49_152, 65_536), dice.whole(0, 2**16), dice.whole(0, 2**16)
    query, response = frames.dns_query(transaction, name), frames.dns_response(transaction, name, address)
    yield _outbound(seconds, frames.udp(Datagram(client, NAMESERVER, 127, identification, may_fragment=True), port, 53, query))
    yield _inbound(seconds + dice.between(0.0007, 0.01), frames.udp(Datagram(NAMESERVER, client, 63), 53, port, response))


def _run(seconds: float, client: str, server: str, dice: Dice, exchange: Exchange) -> Iterator[Packet]:
    ends = _Ends(client, server, 127 if server.startswith("10.") else dice.whole(44, 60))
    identification = dice.whole(0, 2**16)
    for count, step in enumerate(conversation(dice, exchange)):
        seconds += step.after
        yield _tcp(seconds, ends, identification + count, step)


def _refusals(dice: Dice) -> Iterator[Packet]:
    """An old client configuration: somebody tries a closed port every now and then."""
    server, port = CLOSED_SITE
    seconds = dice.wait(30.0)
    while seconds < DURATION:
        client, round_trip = dice.one_of(CLIENTS), dice.between(0.0008, 0.002)
        for step in refused(dice, dice.whole(49_152, 65_536), port, round_trip):
            yield _tcp(seconds + step.after, _Ends(client, server, 127), 0, step)
        seconds += dice.wait(30.0)


def _copies(dice: Dice) -> Iterator[Packet]:
    """Three file copies, each a second of full segments: spikes that are no loop."""
    for seconds, size in ((401.3, 1_900_000), (1333.8, 2_600_000), (2066.2, 1_400_000)):
        exchange = Exchange(dice.whole(49_152, 65_536), 445, 0.0011, (3_000, size))
        yield from _run(seconds, dice.one_of(CLIENTS), "10.20.1.10", dice, exchange)


def _pings(dice: Dice) -> Iterator[Packet]:
    """A ping that works, every 20 seconds: the monitoring host and the name server."""
    for count in range(DURATION // 20):
        seconds = 20 * count + 7.2 + dice.between(0.0, 0.01)
        request = Datagram(PINGER, NAMESERVER, 63, dice.whole(0, 2**16), may_fragment=True)
        reply = Datagram(NAMESERVER, PINGER, 63, dice.whole(0, 2**16), may_fragment=True)
        yield _outbound(seconds, frames.echo(request, 512, count + 1, _ALPHABET))
        yield _inbound(seconds + dice.between(0.0006, 0.0012), frames.echo(reply, 512, count + 1, _ALPHABET, reply=True))


def _neighbours(dice: Dice) -> Iterator[Packet]:
    """The two ends of the link ask for each other's MAC address about once a minute."""
    for minute in range(DURATION // 60 + 1):
        for asks, answers, second in ((ROUTER, FIREWALL, 11), (FIREWALL, ROUTER, 37)):
            seconds = 60 * minute + second + dice.between(0.0, 3.0)
            request = frames.arp(1, asks, ("00:00:00:00:00:00", answers[1]))
            reply = frames.arp(2, answers, asks)
            yield Packet(_seen(seconds), frames.ethernet("ff:ff:ff:ff:ff:ff", asks[0], frames.ETHERTYPE_ARP, request))
            yield Packet(_seen(seconds + 0.0002), frames.ethernet(asks[0], answers[0], frames.ETHERTYPE_ARP, reply))


def _bursts(dice: Dice) -> Iterator[Packet]:
    """Every 5 minutes: requests to both addresses, every one of them caught in the loop."""
    identification = 0x4A00
    for number, burst in enumerate(BURSTS, 1):
        for sequence in range(1, REQUESTS + 1):
            for place, address in enumerate(LOOPED):
                seconds = burst + 0.000113 + sequence * 0.010 + place * 0.000278
                identification = (identification + 1) & 0xFFFF
                request = Datagram(PINGER, address, 63, identification, may_fragment=True)
                yield from _circle(dice, seconds, request, number, sequence)


def _circle(dice: Dice, seconds: float, request: Datagram, identifier: int, sequence: int) -> Iterator[Packet]:
    while request.ttl:
        datagram = frames.echo(request, identifier, sequence, _ALPHABET)
        yield _outbound(seconds, datagram) if request.ttl % 2 else _inbound(seconds, datagram)
        seconds += dice.between(0.00009, 0.00017)
        if dice.happens(LOSS):
            return
        request = replace(request, ttl=request.ttl - 1)
    answer = Datagram(FIREWALL[1], PINGER, 64, request.identification ^ 0x5A5A, may_fragment=True, tos=0xC0)
    yield _inbound(seconds, frames.time_exceeded(answer, datagram))
