"""Resets by office: a farm of terminal servers, five offices that work on it, and three minutes in which one of them drops its sessions.

Captured in the data centre, before the farm. People of all offices keep sessions (ICA, port 1494) on the servers 10.20.2.10 to 10.20.2.17:

    Hengelo, Almelo, Deventer, Zwolle, Arnhem, VPN ── WAN ══ captured link ══ farm, name server 10.20.0.53 ── Internet

The servers end sessions that were idle with RST, at any time and for everybody: of all resets most are theirs, and they are harmless. At
10:12:00 the firewall of Hengelo loses its table. From then on it answers what it does not know with RST, in the name of its clients (with
TTL 252 where the clients have 124), until 10:14:40; people connect again, and are thrown out again. Counted by receiver, or by both
ends, the farm drowns it; counted by sender and minute, one office stands out.

The name server asks the root servers, whose addresses are everybody's knowledge; so some packets go to other countries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, ip_network
from itertools import pairwise
from operator import attrgetter
from typing import Any

import frames
from capture_files import Packet
from frames import ACK, RST, Datagram, Segment
from traffic import Dice, Exchange, Step, conversation

__all__ = ["COMMENT", "SITES_CSV", "SNAP_LENGTH", "START", "packets", "sites_csv", "truth"]

START = 1_773_136_800 * 10**9
"""2026-03-10T10:00:00Z, in ns."""
DURATION = 30 * 60
SNAP_LENGTH = 66
COMMENT = "NetSleuth sample: resets by office"

SITES_CSV = "sites.csv"
SITES = (
    ("Hengelo", "10.31.0.0/16"),
    ("Almelo", "10.32.0.0/16"),
    ("Deventer", "10.33.0.0/16"),
    ("Zwolle", "10.34.0.0/16"),
    ("Arnhem", "10.35.0.0/16"),
    ("VPN", "10.64.0.0/20"),
    ("Data centre", "10.20.0.0/16"),
)
"""Names of sites and their networks; 10.50.7.0/24 is at none of them."""
PEOPLE = {"Hengelo": 24, "Almelo": 30, "Deventer": 22, "Zwolle": 18, "Arnhem": 16, "VPN": 12, "": 4}
UNMAPPED = "10.50.7.0/24"

FAILS, WORKS_AGAIN = 12 * 60.0, 14 * 60 + 40.0
"""Seconds after START between which the firewall of Hengelo resets what it does not know."""
FAILING = "Hengelo"

FARM = tuple(f"10.20.2.{host}" for host in range(10, 18))
NAMESERVER = "10.20.0.53"
ROOT_SERVERS = (
    "198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241", "192.112.36.4", "198.97.190.53",
    "192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42", "202.12.27.33",
)  # fmt: skip
WAN, SWITCH = "02:00:00:20:00:01", "02:00:00:20:00:02"
CLIENT_TTL, FIREWALL_TTL, SERVER_TTL = 124, 252, 128


def packets() -> list[Packet]:
    """All packets, by time."""
    made = [*_sessions(Dice(31)), *_thrown_out(Dice(32)), *_names(Dice(33))]
    end = START + DURATION * 10**9
    return sorted((packet for packet in made if START <= packet.time < end), key=attrgetter("time"))


def sites_csv() -> str:
    """The list of sites, as somebody would keep it."""
    lines = ["# Networks of our sites; 10.50.7.0/24 belongs here, too, but nobody knows where it is", "network,site"]
    return "\n".join([*lines, *(f"{network},{name}" for name, network in SITES)]) + "\n"


def _people() -> Iterator[tuple[str, str]]:
    """Site and address of everybody."""
    networks = {**dict(SITES), "": UNMAPPED}
    for site, count in PEOPLE.items():
        base = int(ip_network(networks[site]).network_address)
        for number in range(count):
            yield site, str(IPv4Address(base + (number % 3 << 8 if site else 0) + 20 + number))


def _packet(seconds: float, dst: str, datagram: bytes) -> Packet:
    towards = (SWITCH, WAN) if dst.startswith("10.20.") else (WAN, SWITCH)
    return Packet(START + int(seconds * 10**6) * 1000, frames.ethernet(*towards, frames.ETHERTYPE_IPV4, datagram))


def _sent(seconds: float, client: str, server: str, step: Step, identification: int, *, ttl: int = CLIENT_TTL) -> Packet:
    src, dst = (client, server) if step.from_client else (server, client)
    header = Datagram(src, dst, ttl if step.from_client else SERVER_TTL, identification & 0xFFFF)
    return _packet(seconds, dst, frames.tcp(header, step.segment))


def _sessions(dice: Dice) -> Iterator[Packet]:
    """What people do all day: sessions of some minutes; many of them are ended by the server, which sends RST."""
    for site, client in _people():
        seconds = dice.between(-120.0, 60.0)
        while seconds < DURATION:
            server, answers = dice.one_of(FARM), tuple(dice.whole(120, 1_100) for _ in range(dice.whole(2, 5)))
            exchange = Exchange(dice.whole(49_152, 65_536), 1494, dice.between(0.001, 0.002), answers, reset=dice.happens(0.05))
            steps = list(conversation(dice, exchange))
            if not exchange.reset and dice.happens(0.8):
                steps = _ended_by_server(steps)
            now, identification = seconds, dice.whole(0, 2**16)
            for count, step in enumerate(steps):
                now += step.after + (dice.wait(12.0) if step.from_client and count > 2 else 0.0)
                if site == FAILING and FAILS - 1.0 <= now < WORKS_AGAIN:
                    break
                yield _sent(now, client, server, step, identification + count)
            seconds = now + dice.wait(50.0)


def _ended_by_server(steps: Sequence[Step]) -> list[Step]:
    """The conversation with RST of the server in place of its end."""
    kept = [step for step in steps if not step.segment.flags & (frames.FIN | RST)]
    last = next(step.segment for step in reversed(kept) if step.from_client)
    reset = Segment(last.dst_port, last.src_port, last.ack, (last.seq + len(last.payload)) % 2**32, RST | ACK)
    return [*kept[:-1], Step(30.0, from_client=False, segment=reset)]


def _thrown_out(dice: Dice) -> Iterator[Packet]:
    """People of the failing office connect again and again; each time the firewall ends it with RST, a moment after the first answer."""
    for _, client in (person for person in _people() if person[0] == FAILING):
        seconds = FAILS + dice.between(0.0, 4.0)
        while seconds < WORKS_AGAIN:
            server = dice.one_of(FARM)
            exchange = Exchange(dice.whole(49_152, 65_536), 1494, dice.between(0.001, 0.002), (dice.whole(120, 900),))
            steps = [step for step in conversation(dice, exchange) if not step.segment.flags & frames.FIN]
            now, identification = seconds, dice.whole(0, 2**16)
            for count, (step, following) in enumerate(pairwise(steps)):
                now += step.after
                yield _sent(now, client, server, step, identification + count)
                if not step.from_client and following.from_client and count > 2:
                    break
            answered = step.segment
            end = Segment(exchange.client_port, 1494, answered.ack, (answered.seq + len(answered.payload)) % 2**32, RST | ACK)
            yield _sent(now + 0.004, client, server, Step(0.0, from_client=True, segment=end), identification ^ 0x5A5A, ttl=FIREWALL_TTL)
            seconds = now + 4.0 + dice.wait(12.0)


def _names(dice: Dice) -> Iterator[Packet]:
    """The name server asks the root servers, some more often than others."""
    seconds = dice.wait(2.0)
    while seconds < DURATION:
        root, port, transaction = dice.one_of(ROOT_SERVERS, skew=1.3), dice.whole(1_024, 65_536), dice.whole(0, 2**16)
        name = f"host{dice.whole(1, 400)}.example"
        query = frames.udp(
            Datagram(NAMESERVER, root, 63, dice.whole(0, 2**16), may_fragment=True), port, 53, frames.dns_query(transaction, name)
        )
        answer = frames.udp(Datagram(root, NAMESERVER, dice.whole(48, 58)), 53, port, frames.dns_response(transaction, name, "192.0.2.53"))
        yield _packet(seconds, root, query)
        yield _packet(seconds + dice.between(0.008, 0.14), NAMESERVER, answer)
        seconds += dice.wait(5.0)


def truth(packets: Sequence[Packet]) -> dict[str, Any]:
    """Resets by the site that sent them, and by the one that got them, in all and by minute; packets by site of the sender."""
    networks = [(name, ip_network(network)) for name, network in SITES]
    known: dict[bytes, str] = {}

    def site(packed: bytes) -> str:
        if packed not in known:
            address = IPv4Address(packed)
            known[packed] = next((name for name, network in networks if address in network), "no site")
        return known[packed]

    sent = Counter(site(packet.frame[26:30]) for packet in packets)
    resets = [packet for packet in packets if packet.frame[23] == 6 and packet.frame[47] & RST]
    minutes: dict[str, list[int]] = {name: [0] * (DURATION // 60) for name in sent}
    for packet in resets:
        minutes[site(packet.frame[26:30])][(packet.time - START) // (60 * 10**9)] += 1
    return {
        "packets_sent": dict(sent.most_common()),
        "resets_sent": {name: sum(of) for name, of in minutes.items() if any(of)},
        "resets_received": dict(Counter(site(packet.frame[30:34]) for packet in resets).most_common()),
        "resets_sent_by_minute": {name: of for name, of in minutes.items() if any(of)},
    }
