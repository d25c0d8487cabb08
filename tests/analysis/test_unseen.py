"""Acknowledgements of what was never captured: plain, compiled and by hand they are the same, and on real captures tshark's."""

from __future__ import annotations

import subprocess
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import START, TCP, store_of, tcp, udp
from wire import compiled

from netsleuth_tui.analysis.unseen import acknowledged, unseen
from netsleuth_tui.decode.columns import Has
from netsleuth_tui.decode.hosts import place
from netsleuth_tui.ingest import Loader
from netsleuth_tui.store import Store

SYN, FIN, RST, ACK = 0x002, 0x001, 0x004, 0x010
MODULUS = 2**32


@pytest.fixture(params=["plain", "compiled"], scope="module")
def form(request: pytest.FixtureRequest) -> Any:
    """Both forms of the kernel."""
    with compiled(acknowledged, place) if request.param == "compiled" else nullcontext():
        yield


def segment(side: int, sequence: int, length: int, acknowledges: int, flags: int = ACK, port: int = 1000) -> dict[str, Any]:
    """A segment of side 0 or 1 of the connection on a port."""
    ports = (port, 80) if side == 0 else (80, port)
    numbers = {"tcp_seq": sequence % MODULUS, "tcp_ack": acknowledges % MODULUS, "tcp_len": length}
    return tcp(START, flags, src=side, dst=1 - side, src_port=ports[0], dst_port=ports[1], **numbers)


def test_an_acknowledgement_of_what_was_not_captured() -> None:
    """1000 to 1200 are acknowledged, but 1100 to 1200 were never seen: told once, at the first acknowledgement."""
    packets = [
        segment(0, 1000, 100, 5), udp(START), segment(1, 5, 0, 1100), segment(1, 5, 0, 1200), segment(1, 5, 0, 1200),
        segment(0, 1200, 50, 5), segment(1, 5, 0, 1250),
    ]  # fmt: skip
    assert unseen(store_of(packets)).tolist() == [3]


def test_nothing_is_said_of_a_side_that_was_not_seen_to_send() -> None:
    """A capture of one direction has no evidence; nor does a connection that begins anew."""
    assert unseen(store_of([segment(1, 5, 0, 1100 + k) for k in range(5)])).tolist() == []
    again = [segment(0, 10, 5, 0), segment(0, 900_000, 0, 0, SYN), segment(1, 7, 0, 900_001, SYN | ACK), segment(1, 8, 0, 900_001)]
    assert unseen(store_of(again)).tolist() == []


@st.composite
def conversation(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Segments of two connections with numbers close to each other and to 2**32."""
    base = draw(st.sampled_from([0, 100, MODULUS - 20]))
    number, length = st.integers(0, 40), st.sampled_from([0, 0, 1, 5])
    flags = st.sampled_from([ACK, ACK, ACK, 0, SYN, SYN | ACK, FIN | ACK, RST | ACK])
    whole = st.sampled_from([TCP, TCP, TCP, TCP & ~Has.TCP_LEN])
    each = st.tuples(st.integers(0, 1), number, length, number, flags, st.sampled_from([1000, 1001]), whole)
    drawn = draw(st.lists(each, max_size=30))
    return [segment(side, base + s, n, base + a, f, port) | {"present": there} for side, s, n, a, f, port, there in drawn]


def by_hand(packets: list[dict[str, Any]]) -> list[int]:
    """The definition, packet by packet."""
    following: dict[Any, int] = {}
    found = []
    for row, packet in enumerate(packets):
        own, other = (packet["src"], packet["src_port"], packet["dst_port"]), (packet["dst"], packet["dst_port"], packet["src_port"])
        flags = packet["tcp_flags"]
        if flags & ACK and not flags & (SYN | RST) and other in following:
            beyond = (packet["tcp_ack"] - following[other]) % MODULUS
            if 0 < beyond < 2**30:
                found.append(row)
                following[other] = packet["tcp_ack"]
        if not packet["present"] & Has.TCP_LEN:
            following.pop(own, None)
            continue
        if own not in following and not flags & RST:
            following[own] = packet["tcp_seq"]
        if packet["tcp_len"] or flags & (SYN | FIN):
            end = (packet["tcp_seq"] + packet["tcp_len"] + bool(flags & SYN) + bool(flags & FIN)) % MODULUS
            behind = (following.get(own, end) - end) % MODULUS
            if own not in following or behind >= 2**30 or flags & SYN:
                following[own] = end
    return found


@pytest.mark.usefixtures("form")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversation())
def test_same_as_by_hand(packets: list[dict[str, Any]]) -> None:
    """Whatever is sent, acknowledged, begun and reset."""
    assert unseen(store_of(packets)).tolist() == by_hand(packets)


@pytest.mark.usefixtures("form")
def test_many_connections(form: Any) -> None:  # noqa: ARG001
    """The table grows, and forgets none."""
    packets = [segment(0, 10, 5, 0, port=port) for port in range(6000)]
    packets += [segment(1, 0, 0, 15 + port % 2, port=port) for port in range(6000)]
    assert unseen(store_of(packets)).tolist() == [6000 + port for port in range(6000) if port % 2]


REAL = (
    *(f"arkime+arkime/tests/pcap/{name}" for name in ("aerospike", "kafka", "smtp-decrypted", "arkime_synthetic", "socks4-https")),
    "arkime+arkime/tests/pcap/socks5-http-302-frag",
    "ntop+nDPI/nintendo",
)
FIELDS = ("frame.number", "tcp.stream", "tcp.analysis.ack_lost_segment")


@pytest.mark.parametrize("name", REAL)
def test_real_captures_agree_with_tshark(shared: Path, tshark: str, name: str) -> None:
    """The first frame of each connection that tshark marks "ACKed unseen segment" is ours; after it, it counts otherwise (see there)."""
    path = shared / "corpora" / "captures" / f"{name}.pcap"
    store = Store()
    Loader(store, memory=1 << 30, cancel=Event(), report=lambda _: None).load([str(path)])
    ours = {row + 1 for row in unseen(store).tolist()}
    names = [part for field in FIELDS for part in ("-e", field)]
    command = [tshark, "-n", "-r", str(path), "-Y", "tcp", "-T", "fields", "-E", "occurrence=f", *names]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    streams: dict[str, tuple[list[int], list[int]]] = {}
    for number, stream, marked in (each.split("\t") for each in told):
        of = streams.setdefault(stream, ([], []))
        of[0].extend([int(number)] if marked else [])
        of[1].extend([int(number)] if int(number) in ours else [])
    for theirs, own in streams.values():
        assert theirs[:1] == own[:1]
