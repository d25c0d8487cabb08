"""Findings about TCP: each kind with what it tells, what it does not, and what only nearly is one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from looking import HOSTS, found, seen_in
from made import SECOND, START, store_of, tcp

from netsleuth_tui.findings import LIMITS, Finding, find
from netsleuth_tui.findings.resets import STATES, states
from netsleuth_tui.findings.seen import Seen
from netsleuth_tui.findings.tcp_rows import opening
from netsleuth_tui.session import Session

MS = 1_000_000
SYN, RST, ACK, FIN = 0x02, 0x04, 0x10, 0x01
SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"


def one(
    time: int, side: int = 0, flags: int = ACK, *, port: int = 5000, seq: int = 0, ack: int = 0, size: int = 0, **more: Any
) -> dict[str, Any]:
    """A segment of client 10.0.0.1 (side 0) or of server 10.0.0.2, port 80."""
    ports = (port, 80) if side == 0 else (80, port)
    base = {"tcp_seq": 1000 + seq, "tcp_ack": 1000 + ack, "tcp_len": size, "tcp_window": 500, "ttl": 64, "len": 60 + size}
    return tcp(time, flags, src=side, dst=1 - side, src_port=ports[0], dst_port=ports[1], **base | more)


def transfer(count: int, every: int = 10 * MS, start: int = START, **more: Any) -> list[dict[str, Any]]:
    """Data in good order, answered."""
    return [
        packet
        for k in range(count)
        for packet in (
            one(start + k * every, seq=100 * k, size=100, **more),
            one(start + k * every + MS, 1, ack=100 * k + 100, **more),
        )
    ]


QUIET = transfer(120, SECOND)


def again(count: int, start: int, step: int = 20 * MS) -> list[dict[str, Any]]:
    """The first segment of the quiet transfer, so many times."""
    return [one(start + k * step, seq=0, size=50) for k in range(count)]


def test_retransmissions_in_a_burst() -> None:
    """20 a second are told, 19 are not; nor are they where they are usual, or a small part of the segments."""
    at = START + 200 * SECOND
    (burst,) = seen_in([*QUIET, *again(25, at)], "retransmission-burst")
    assert burst.count == 25
    assert "25 segments that were sent again in 1 second" in burst.title
    assert "10.0.0.1 to 10.0.0.2" in burst.title
    assert burst.filter == "tcp.analysis.retransmission"
    assert not seen_in([*QUIET, *again(19, at)], "retransmission-burst")
    many = [one(at + k * MS // 8, port=6000, seq=10 * k, size=10) for k in range(3000)]
    assert not seen_in([*QUIET, *many, *again(25, at, MS)], "retransmission-burst")


def test_duplicate_acknowledgements_in_a_burst() -> None:
    """50 a second; 49 are none, nor are keep-alives."""
    at = START + 200 * SECOND

    def repeats(count: int) -> list[dict[str, Any]]:
        return [one(at + k * 10 * MS, 1, ack=12_000) for k in range(count)]

    (burst,) = seen_in([*QUIET, *repeats(60)], "duplicate-ack-burst")
    assert burst.count == 60
    assert burst.between == ("10.0.0.2", "10.0.0.1")
    assert not seen_in([*QUIET, *repeats(49)], "duplicate-ack-burst")


def test_a_receiver_that_takes_no_more() -> None:
    """For how long, how often, and whether it took more in the end; half a second is none, nor is a reset with a window of 0."""
    at = START + 130 * SECOND
    closed = one(at, 1, ack=12_000, tcp_window=0)
    (zero,) = seen_in([*QUIET, closed, one(at + 3 * SECOND, 1, ack=12_000)], "zero-window")
    assert "10.0.0.2 port 80 took no more data from 10.0.0.1 port 5000 for 3.0 s" in zero.title
    assert "did not" not in zero.title
    assert zero.count == 1
    (open_end,) = seen_in([*QUIET, closed, closed | {"time": at + 4 * SECOND}], "zero-window")
    assert "for 4.0 s" in open_end.title
    assert "did not again in the capture" in open_end.title
    twice = [closed, one(at + 2 * SECOND, 1, ack=12_000), closed | {"time": at + 3 * SECOND}, one(at + 6 * SECOND, 1, ack=12_000)]
    (both,) = seen_in([*QUIET, *twice], "zero-window")
    assert "for 3.0 s (2 times, 5.0 s together)" in both.title
    assert not seen_in([*QUIET, closed, one(at + SECOND // 2, 1, ack=12_000)], "zero-window")
    assert not seen_in([*QUIET, closed | {"tcp_flags": RST | ACK}, one(at + 9 * SECOND, 1, ack=12_000)], "zero-window")


def test_nobody_answers() -> None:
    """Three SYN; two are none, nor those that are answered by whatever, nor the last ones before the end."""
    asks = [one(START + k * SECOND, flags=SYN, port=6000) for k in (0, 1, 3)]
    (silent,) = seen_in([*QUIET, *asks], "syn-unanswered")
    assert silent.count == 1
    assert "1 connection of 10.0.0.1 got no answer from 10.0.0.2 port 80 (3 SYN" in silent.title
    assert not seen_in([*QUIET, *asks[:2]], "syn-unanswered")
    for flags in (SYN | ACK, RST | ACK, ACK):
        assert not seen_in([*QUIET, *asks, one(START + 4 * SECOND, 1, flags, port=6000)], "syn-unanswered")
    late = [packet | {"time": packet["time"] + 117 * SECOND} for packet in asks]
    assert not seen_in([*QUIET, *late], "syn-unanswered")


def test_refused() -> None:
    """A reset in answer to a SYN; not one after a handshake, nor one of the client's."""
    ask = one(START, flags=SYN, port=6000)
    (refused,) = seen_in([*QUIET, ask, one(START + MS, 1, RST | ACK, port=6000)], "syn-refused")
    assert "1 connection of 10.0.0.1 was refused by a reset from 10.0.0.2 port 80" in refused.title
    accepted = [ask, one(START + MS, 1, SYN | ACK, port=6000)]
    assert not seen_in([*QUIET, *accepted, one(START + SECOND, 1, RST | ACK, port=6000)], "syn-refused")
    assert not seen_in([*QUIET, ask, one(START + MS, 0, RST, port=6000)], "syn-refused")


HANDSHAKE = ((0, SYN), (1, SYN | ACK))
ENDINGS = {
    "RSTO": ((*HANDSHAKE, (0, ACK)), 0), "RSTR": ((*HANDSHAKE, (0, ACK)), 1), "REJ": ((HANDSHAKE[0],), 1), "RSTOS0": ((HANDSHAKE[0],), 0),
    "RSTRH": ((HANDSHAKE[1],), 1), "OTH": (((0, ACK),), 1),
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_how_a_connection_was_reset(state: str) -> None:
    """Zeek's states."""
    before, side = ENDINGS[state]
    packets = [one(START + k * MS, who, flags) for k, (who, flags) in enumerate(before)]
    how = opening(Seen(store_of([*packets, one(START + SECOND, side, RST | ACK)])))
    assert [STATES[k] for k in states(how).tolist()] == [state]


def resets(count: int, start: int, *, ttl: int = 64, step: int = 50 * MS) -> list[dict[str, Any]]:
    """Connections that the server resets after the handshake."""
    found = []
    for k in range(count):
        at, port = start + k * step, 7000 + k
        found += [one(at, 0, SYN, port=port), one(at + 1, 1, SYN | ACK, port=port), one(at + 2, port=port)]
        found.append(one(at + 3, 1, RST | ACK, port=port, ttl=ttl))
    return found


def test_a_burst_of_resets_says_who_sent_them() -> None:
    """Ten a second are told, with the state; nine are not. A TTL that is far off is something in between, one hop is not."""
    at = START + 60 * SECOND
    (burst,) = seen_in([*QUIET, *resets(12, at)], "reset-burst")
    assert burst.count == 12
    assert "100 % by the server after the handshake (RSTR); from 10.0.0.2" in burst.title
    assert "TTL" not in burst.title
    assert not seen_in([*QUIET, *resets(9, at)], "reset-burst")
    for ttl, told in ((61, True), (67, True), (62, False), (66, False)):
        (burst,) = seen_in([*QUIET, *resets(12, at, ttl=ttl)], "reset-burst")
        assert ("the TTL of 100 % says that something on the way sent them" in burst.title) == told


def test_a_site_that_resets_more_than_it_does() -> None:
    """By minute and network, where no second stands out; not where it is usual, or a few."""
    some = resets(40, START + 600 * SECOND, step=SECOND)
    quiet = transfer(1200, SECOND)
    (surge,) = seen_in([*quiet, *some], "reset-surge")
    assert surge.count == 40
    assert surge.filter == "ip.src == 10.0.0.0/16 && tcp.flags.reset == 1"
    assert "otherwise 0; 100 % by the server" in surge.title
    assert not seen_in([*quiet, *some[:60]], "reset-surge")
    assert not seen_in([*quiet, *resets(1200, START, step=SECOND)], "reset-surge")


def course(rates: list[int], port: int = 5000, seq: int = 0) -> list[dict[str, Any]]:
    """A transfer with so many segments of 1000 bytes in each second."""
    packets, at = [], seq
    for second, count in enumerate(rates):
        for k in range(count):
            packets.append(one(START + second * SECOND + k * (SECOND // (count + 1)), port=port, seq=at, size=1000))
            at += 1000
    return packets


def test_a_transfer_that_slows_down_alone() -> None:
    """Below a fifth of its rate for five seconds while another goes on; not if all slow down, not for four seconds, not if it ends."""
    steady = [50] * 80
    slow = [*[200] * 30, *[20] * 10, *[200] * 40]
    (collapse,) = seen_in([*course(slow), *course(steady, 6000)], "throughput-collapse")
    assert "sent 20 000 bytes a second" in collapse.title
    assert "for 10 s from" in collapse.title
    assert collapse.count == 200
    assert not seen_in([*course(slow), *course([*[50] * 30, *[5] * 10, *[50] * 40], 6000)], "throughput-collapse")
    assert not seen_in([*course([*[200] * 30, *[20] * 4, *[200] * 46]), *course(steady, 6000)], "throughput-collapse")
    assert not seen_in([*course([*[200] * 30, *[60] * 10, *[200] * 40]), *course(steady, 6000)], "throughput-collapse")
    assert not seen_in([*course([200] * 40), *course(steady, 6000)], "throughput-collapse")


def test_a_transfer_that_stops() -> None:
    """Without FIN or RST, 30 s before the end; not with one from either side, not if it was irregular, not near the end."""
    steady = course([5] * 100, 6000)
    (stopped,) = seen_in([*course([5] * 40), *steady], "flow-stopped")
    assert stopped.count == 200
    assert "nothing from" in stopped.title
    for side in (0, 1):
        assert not seen_in([*course([5] * 40), one(START + 40 * SECOND, side, FIN | ACK), *steady], "flow-stopped")
    assert not seen_in([*course([5, 0, 0] * 13), *steady], "flow-stopped")
    assert not seen_in([*course([5] * 80), *steady], "flow-stopped")


def test_a_calm_capture_has_no_finding_about_tcp() -> None:
    """Nothing at all is said of a transfer in good order."""
    assert not find(store_of(QUIET, hosts=HOSTS)).findings


def of_sample(name: str) -> list[Finding]:
    """All findings of a sample."""
    session = Session(1 << 30)
    session.load([str(SAMPLES / name)])
    return list(find(session.store).findings)


def test_the_samples_tell_their_stories() -> None:
    """The office whose firewall resets what it does not know, at the top; the reset before the datagrams that were dropped."""
    surge = of_sample("resets-by-office.pcapng.gz")[0]
    assert surge.kind == "reset-surge"
    assert "10.31.0.0/16" in surge.title
    assert "something on the way sent them" in surge.title
    kinds = [finding.kind for finding in of_sample("syn-reset.etl")]
    assert kinds[:2] == ["datagram-dropped", "reset-burst"]


def test_thresholds_are_those_of_the_user() -> None:
    """Lower ones find more."""
    at = START + 60 * SECOND
    assert found(store_of([*QUIET, *resets(5, at)], hosts=HOSTS), "reset-burst", limits=replace(LIMITS, resets_per_second=5))
