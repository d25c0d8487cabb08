"""The story of a SYN that is answered by RST: a netsh trace on a server whose service does not get to read for a second.

The process of the service has two sockets: TCP 8443, which clients connect to, and UDP 5140, where a host sends it measurements. While
it hangs, Windows accepts connections for it until the queue of the listening socket is full, and answers every further SYN by RST; and it
keeps datagrams until the receive buffer is full, and drops every further one, which Winsock-AFD tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address
from operator import attrgetter
from typing import Any

import frames
from capture_files import Packet
from event_trace import EPOCH, Record, afd, dropped_datagram, ndis, sock_address, trace
from frames import ACK, FIN, PSH, RST, SYN, Datagram, Segment
from traffic import Dice, stream

__all__ = ["SNAP_LENGTH", "netsh_trace", "packets", "truth"]

START = int(datetime(2026, 3, 12, 9, 30, 0, tzinfo=UTC).timestamp()) * 10**9
"""In ns."""
SNAP_LENGTH = 128
DURATION = 12.0
HANGS_FROM, HANGS_UNTIL = 6.0, 7.2
"""Seconds between which the service reads nothing."""

SERVER, SERVICE, PORT, INPUT = "10.1.8.20", 2264, 8443, 5140
SENDER, SENDER_PORT = "10.1.4.31", 40_514
CLIENTS = tuple(f"10.1.4.{host}" for host in (7, 12, 44, 58, 90, 131))
ROUTER = "02:00:5e:10:04:01"

BACKLOG = 5
"""Connections that wait to be accepted before others are refused."""
BUFFER = 65_536
"""Bytes of the UDP socket's receive buffer, as Windows sets it by itself."""
DATAGRAM = 1372
"""Payload bytes of each measurement."""
EVERY = 1 / 120
"""Seconds between them."""
RETRIES, RETRY_AFTER = 2, 0.5
"""A Windows client whose SYN was answered by RST tries again so often, after so many seconds."""

LISTENING, RECEIVING = 0xFFFFB58A_1F4C_2A80, 0xFFFFB58A_1F77_9760
"""Endpoints of the two sockets, and the process object: addresses in the kernel."""
PROCESS = 0xFFFFB58A_0C51_6080
_TCP, _UDP = 6, 17


@dataclass(slots=True)
class _Connection:
    """Sequence numbers and ports of one connection."""

    client: str
    port: int
    seq: int
    ack: int
    identification: int

    def frame(self, seconds: float, flags: int, size: int = 0, *, from_client: bool) -> Packet:
        """The next segment of one side."""
        own, other = (self.seq, self.ack) if from_client else (self.ack, self.seq)
        ports = (self.port, PORT) if from_client else (PORT, self.port)
        segment = Segment(*ports, own, other if flags & ACK else 0, flags, payload=stream(own, size))
        moved = (own + size + bool(flags & (SYN | FIN))) % 2**32
        self.seq, self.ack = (moved, self.ack) if from_client else (self.seq, moved)
        self.identification = (self.identification + 1) & 0xFFFF
        src, dst = (self.client, SERVER) if from_client else (SERVER, self.client)
        return _packet(seconds, src, dst, frames.tcp(Datagram(src, dst, 126 if from_client else 128, self.identification), segment))


def packets() -> list[Packet]:
    """What the server's network card saw."""
    made = [*_measurements(Dice(61)), *_connections(Dice(62))]
    end = START + int(DURATION * 10**9)
    return sorted((packet for packet in made if packet.time < end), key=attrgetter("time"))


def _packet(seconds: float, src: str, dst: str, datagram: bytes) -> Packet:
    # Whole microseconds: what the clock of the trace and a pcap file can both say.
    frame = frames.ethernet(_mac(dst), _mac(src), frames.ETHERTYPE_IPV4, datagram)
    return Packet(START + int(seconds * 10**6) * 1000, frame)


def _mac(address: str) -> str:
    return "02:00:" + IPv4Address(address).packed.hex(":") if address == SERVER else ROUTER


def _measurements(dice: Dice) -> Iterator[Packet]:
    """One datagram after the other, whether they are read or not."""
    seconds, number = 0.0, 0
    while seconds < DURATION:
        header = Datagram(SENDER, SERVER, 126, number & 0xFFFF, may_fragment=True)
        yield _packet(seconds, SENDER, SERVER, frames.udp(header, SENDER_PORT, INPUT, stream(number, DATAGRAM)))
        number += 1
        seconds = number * EVERY + dice.between(0.0, 0.0004)


def _connections(dice: Dice) -> Iterator[Packet]:
    """Clients that ask for something and get an answer; while the service hangs a few of them wait, and all others are refused."""
    seconds, waiting = 0.02, 0
    while seconds < DURATION - 0.1:
        seq, ack = dice.whole(0, 2**32), dice.whole(0, 2**32)
        talk = _Connection(dice.one_of(CLIENTS), dice.whole(49_152, 65_536), seq, ack, dice.whole(0, 2**16))
        begun = seconds
        for _ in range(1 + RETRIES):
            hangs = HANGS_FROM - 0.06 <= begun < HANGS_UNTIL
            if not hangs or waiting < BACKLOG:
                waiting += hangs
                yield from _served(dice, begun, talk)
                break
            yield from _refused(dice, begun, talk)
            begun += RETRY_AFTER + dice.between(0.0, 0.012)
        seconds += dice.between(0.05, 0.09)


def _refused(dice: Dice, seconds: float, talk: _Connection) -> Iterator[Packet]:
    """A SYN, and the RST that answers it; the next try begins with the same number."""
    first = talk.seq
    yield talk.frame(seconds, SYN, from_client=True)
    kept, talk.ack = talk.ack, 0
    yield talk.frame(seconds + dice.between(0.00004, 0.00009), RST | ACK, from_client=False)
    talk.seq, talk.ack = first, kept


def _served(dice: Dice, seconds: float, talk: _Connection) -> Iterator[Packet]:
    """Handshake, request, answer, end. What the service has to do for it waits until it does not hang any more."""
    far = dice.between(0.0004, 0.0011)
    yield talk.frame(seconds, SYN, from_client=True)
    yield talk.frame(seconds + 0.00006, SYN | ACK, from_client=False)
    seconds += far
    yield talk.frame(seconds, ACK, from_client=True)
    seconds += dice.between(0.0003, 0.002)
    yield talk.frame(seconds, PSH | ACK, dice.whole(120, 600), from_client=True)
    asked = seconds
    seconds += dice.between(0.002, 0.012)
    if HANGS_FROM <= seconds < HANGS_UNTIL:
        yield talk.frame(asked + 0.05, ACK, from_client=False)
        seconds = HANGS_UNTIL + dice.between(0.001, 0.03)
    for _ in range(dice.whole(1, 4)):
        yield talk.frame(seconds, ACK | PSH, dice.whole(300, 1460), from_client=False)
        seconds += 0.00012
    yield talk.frame(seconds + far, ACK, from_client=True)
    seconds += far + dice.between(0.001, 0.004)
    yield talk.frame(seconds, FIN | ACK, from_client=True)
    yield talk.frame(seconds + 0.0003, FIN | ACK, from_client=False)
    yield talk.frame(seconds + 0.0003 + far, ACK, from_client=True)


def netsh_trace(seen: Sequence[Packet]) -> bytes:
    """The trace: two processors, each with buffers of its own; what Winsock-AFD tells stands where it happened."""
    server = IPv4Address(SERVER).packed
    records = _sockets()
    for packet in seen:
        is_sent, processor = packet.frame[26:30] == server, packet.frame[23] == _UDP
        records += ndis(_ticks(packet.time), packet.frame, sent=is_sent, processor=int(processor), snap_length=SNAP_LENGTH, tid=0)
    address = sock_address(SENDER, SENDER_PORT)
    for time in _drops(seen):
        records.append(dropped_datagram(_ticks(time), RECEIVING, address, DATAGRAM, 2, processor=1, process=PROCESS))
    records.sort(key=attrgetter("time"))
    first = START // 100 + EPOCH
    return trace(records, start=first, end=first + int(DURATION * 10**7) + 10**6, size=16_384)


def _ticks(time: int) -> int:
    return (time - START) // 100


def _sockets() -> list[Record]:
    """The service opens its sockets, soon after the trace begins."""
    records, ticks = [], 400_000
    for endpoint, kind, protocol, local in (
        (LISTENING, 1, _TCP, sock_address(SERVER, PORT)),
        (RECEIVING, 2, _UDP, sock_address("0.0.0.0", INPUT)),  # noqa: S104 - what the trace says
    ):
        created = b"".join(number.to_bytes(4, "little") for number in (2, kind, protocol)) + SERVICE.to_bytes(8, "little") + bytes(4)
        bound = bytes(4) + len(local).to_bytes(4, "little") + local
        records.append(afd(ticks, 1000, endpoint, created, process=PROCESS, location=1013, pid=SERVICE))
        records.append(afd(ticks + 300, 1030, endpoint, bound, process=PROCESS, location=7022, pid=SERVICE))
        ticks += 2000
    listens = BACKLOG.to_bytes(4, "little") + bytes(4)
    records.append(afd(ticks, 1037, LISTENING, listens, process=PROCESS, location=5801, pid=SERVICE))
    return records


def _drops(seen: Sequence[Packet]) -> list[int]:
    """When datagrams were dropped: those that came while the buffer was full, 5 µs after each."""
    begin, end = (START + int(seconds * 10**9) for seconds in (HANGS_FROM, HANGS_UNTIL))
    arrived = [packet.time for packet in seen if packet.frame[23] == _UDP and begin <= packet.time < end]
    return [time + 5000 for time in arrived[BUFFER // DATAGRAM :]]


def truth(seen: Sequence[Packet]) -> dict[str, Any]:
    """What is in the trace besides its packets, and the moments that matter."""
    drops = _drops(seen)
    resets = [packet.time for packet in seen if packet.frame[23] == _TCP and packet.frame[47] & RST]
    return {
        "events": len(_sockets()) + len(drops),
        "dropped_datagrams": len(drops),
        "dropped_bytes": len(drops) * DATAGRAM,
        "reason": "Insufficient local buffer space",
        "process": SERVICE,
        "local": f"0.0.0.0:{INPUT}",
        "from": f"{SENDER}:{SENDER_PORT}",
        "first_reset": resets[0],
        "last_reset": resets[-1],
        "first_drop": drops[0],
        "last_drop": drops[-1],
    }
