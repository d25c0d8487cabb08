"""The story of the 10G capture in pieces: a rotating series of Network Monitor files, 80 bytes of each frame, and one address that matters.

The server 10.35.69.103 (0x0a234567 in a filter on raw bytes, at offset 26 or 30 of a frame) talks among 540 other hosts on a busy link.
From the third piece on it answers every new connection with a reset, while connections made before go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address
from operator import attrgetter

import frames
from capture_files import Packet
from frames import ACK, PSH, Datagram, Segment
from traffic import MSS, Dice, Exchange, conversation, refused, stream

__all__ = ["ADDRESS", "PIECES", "SNAP_LENGTH", "START", "ZONE", "pieces"]

START = 1_773_147_600 * 10**9
"""2026-03-10T13:00:00Z, in ns."""

ZONE = timedelta(hours=-7)
"""Of the capturing computer: the files have their beginning in local time, and each frame's time in UTC."""

SNAP_LENGTH = 80
PIECES = 4
ADDRESS = "10.35.69.103"
PORT = 8443

DURATION = 0.240
"""Seconds of the whole series; a piece is a quarter of it."""

REFUSES_FROM = 0.131
"""Seconds after START at which the server begins to refuse new connections, in the third piece."""

MEAN_GAP = 11e-6
"""Seconds between frames of the other hosts: some 90 000 frames/s."""

CLIENTS = tuple(str(IPv4Address("10.32.0.0") + 251 * count + 17) for count in range(500))
SERVERS = tuple(f"10.35.64.{host}" for host in range(10, 50))
SWITCH = "02:00:5e:10:00:01"


@dataclass(slots=True)
class _Flow:
    """A connection between two other hosts that was there before the capture began."""

    client: str
    server: str
    ports: tuple[int, int]
    """Of the client and of the server."""
    seqs: list[int]
    """Next sequence numbers of the client and of the server."""
    identification: int
    is_udp: bool
    unacknowledged: int = 0
    """Segments of the server that the client has not acknowledged yet."""


def pieces() -> list[list[Packet]]:
    """The packets of each file of the series."""
    end = START + int(DURATION * 10**9)
    made = [packet for part in (_others(Dice(11)), _server(Dice(12))) for packet in part if START <= packet.time < end]
    made.sort(key=attrgetter("time"))
    length = (end - START) // PIECES
    return [[packet for packet in made if (packet.time - START) // length == piece] for piece in range(PIECES)]


def _frame(seconds: float, src: str, dst: str, datagram: bytes) -> Packet:
    # The time is whole microseconds, as the file keeps it, so that order in time is order in the file.
    return Packet(START + int(seconds * 10**6) * 1000, frames.ethernet(_mac(dst), _mac(src), frames.ETHERTYPE_IPV4, datagram))


def _mac(address: str) -> str:
    """Servers are on this segment, clients behind the switch."""
    return "02:00:" + IPv4Address(address).packed.hex(":") if address.startswith("10.35.") else SWITCH


def _others(dice: Dice) -> Iterator[Packet]:
    """Everybody else: 900 connections, a few of which carry most of the data."""
    flows = [_flow(dice) for _ in range(900)]
    seconds = 0.0
    while seconds < DURATION:
        flow = dice.one_of(flows, skew=2.5)
        yield _media(dice, seconds, flow) if flow.is_udp else _data(dice, seconds, flow)
        seconds += dice.wait(MEAN_GAP)


def _flow(dice: Dice) -> _Flow:
    is_udp = dice.happens(0.12)
    port = dice.one_of((5004, 3478, 4172)) if is_udp else dice.one_of((443, 445, 1494, 1433, 2049))
    return _Flow(
        client=dice.one_of(CLIENTS),
        server=dice.one_of(SERVERS, skew=1.5),
        ports=(dice.whole(49_152, 65_536), port),
        seqs=[dice.whole(0, 2**32), dice.whole(0, 2**32)],
        identification=dice.whole(0, 2**16),
        is_udp=is_udp,
    )


def _media(dice: Dice, seconds: float, flow: _Flow) -> Packet:
    flow.identification = (flow.identification + 1) & 0xFFFF
    header = Datagram(flow.server, flow.client, 64, flow.identification, may_fragment=True)
    return _frame(seconds, flow.server, flow.client, frames.udp(header, flow.ports[1], flow.ports[0], stream(0, dice.whole(90, 1200))))


def _data(dice: Dice, seconds: float, flow: _Flow) -> Packet:
    """Two thirds are full segments from the server, the rest acknowledgements and now and then a request."""
    to_client = not flow.unacknowledged or dice.happens(0.5)
    flow.unacknowledged = flow.unacknowledged + 1 if to_client else 0
    size = MSS if to_client else dice.whole(60, 600) if dice.happens(0.15) else 0
    sender = int(to_client)
    addresses = flow.client, flow.server
    src, dst = addresses[sender], addresses[1 - sender]
    flow.identification = (flow.identification + 1) & 0xFFFF
    segment = Segment(
        src_port=flow.ports[sender],
        dst_port=flow.ports[1 - sender],
        seq=flow.seqs[sender],
        ack=flow.seqs[1 - sender],
        flags=ACK | PSH if 0 < size < MSS else ACK,
        payload=stream(flow.seqs[sender], size),
    )
    flow.seqs[sender] = (flow.seqs[sender] + size) % 2**32
    return _frame(seconds, src, dst, frames.tcp(Datagram(src, dst, 64 if to_client else 124, flow.identification), segment))


def _server(dice: Dice) -> Iterator[Packet]:
    """The one address: new connections all the time, refused after a certain moment."""
    seconds = 0.002
    while seconds < DURATION:
        client, port, round_trip = dice.one_of(CLIENTS), dice.whole(49_152, 65_536), dice.between(0.00005, 0.0002)
        if seconds < REFUSES_FROM:
            answers = tuple(dice.whole(400, 9_000) for _ in range(dice.whole(1, 4)))
            steps = conversation(dice, Exchange(port, PORT, round_trip, answers))
        else:
            steps = refused(dice, port, PORT, round_trip)
        now, identification = seconds, dice.whole(0, 2**16)
        for count, step in enumerate(steps):
            now += step.after
            src, dst = (client, ADDRESS) if step.from_client else (ADDRESS, client)
            header = Datagram(src, dst, 124 if step.from_client else 64, (identification + count) & 0xFFFF)
            yield _frame(now, src, dst, frames.tcp(header, step.segment))
        seconds += dice.wait(0.004)
