"""ARP storms, and bursts in general."""

from __future__ import annotations

from typing import Any

from looking import seen_in
from made import SECOND, START, tcp

from netsleuth_tui.analysis import Scope
from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol

ARP = Has.ETH | Has.ETH_TYPE | Has.ARP | Has.ADDRESSES | Has.ARP_OPCODE


def arp(time: int, **fields: Any) -> dict[str, Any]:
    """A question who has an address."""
    return {"time": time, "protocol": Protocol.ARP, "present": ARP, "len": 60, "eth_type": 0x806, "arp_opcode": 1} | fields


def storm(per_second: int, seconds: int, start: int = START) -> list[dict[str, Any]]:
    """So many questions of one host in each of some seconds."""
    step = SECOND // per_second
    return [arp(start + s * SECOND + k * step, src=3, dst=k % 200) for s in range(seconds) for k in range(per_second)]


QUIET = [tcp(START + k * SECOND, src=0, dst=1) for k in range(120)]


def test_a_storm_is_told_with_who_and_when() -> None:
    """Count, peak, who asked, what is usual."""
    few = [arp(START + k * SECOND, src=0, dst=1) for k in range(0, 120, 10)]
    (found,) = seen_in([*QUIET, *few, *storm(150, 5, START + 30 * SECOND)], "arp-storm")
    assert found.count == 751  # the few have one in it
    assert "up to 151 a second" in found.title
    assert "10.0.0.4 sent 99 % of them" in found.title
    assert found.window == (START + 30 * SECOND, START + 35 * SECOND)
    assert found.usual is not None
    assert 0.09 < found.usual < 0.1


def test_below_the_threshold_or_near_the_usual_is_no_storm() -> None:
    """99 a second are none; nor are 150 where 20 are usual; all of the time at 150 is one."""
    assert not seen_in([*QUIET, *storm(99, 5)], "arp-storm")
    assert seen_in([*QUIET, *storm(100, 5)], "arp-storm")
    busy = storm(20, 100)
    assert not seen_in([*busy, *storm(150, 2, START + 100 * SECOND)], "arp-storm")
    (always,) = seen_in(storm(150, 60), "arp-storm")
    assert always.usual is None
    assert always.count == 150 * 60


def test_many_bursts_are_one_finding() -> None:
    """Up to three are told one by one; more are one that recurs."""
    for number, expected in ((3, 3), (4, 1)):
        packets = [*QUIET, *(p for k in range(number) for p in storm(100, 1, START + k * 20 * SECOND))]
        found = seen_in(packets, "arp-storm")
        assert len(found) == expected
    assert "4 bursts of ARP packets" in found[0].title
    near = [*QUIET, *storm(100, 1), *storm(100, 1, START + 3 * SECOND)]
    assert len(seen_in(near, "arp-storm")) == 1


def test_times_of_all_sorts() -> None:
    """All equal, running backwards, absent, or a century apart: bounded, and every count holds."""
    equal = [arp(START, src=3, dst=1) for _ in range(500)]
    assert seen_in(equal, "arp-storm")[0].count == 500
    backwards = [*QUIET, *storm(150, 5)][::-1]
    assert seen_in(backwards, "arp-storm")[0].count == 750
    untimed = [*storm(150, 2), *(arp(NO_TIME, src=1, dst=1) for _ in range(500))]
    assert seen_in(untimed, "arp-storm")[0].count == 300
    far = [arp(0, src=1, dst=1), *storm(150, 2), arp(4_000_000_000 * SECOND, src=1, dst=1)]
    assert seen_in(far, "arp-storm")[0].count == 300
    assert not seen_in([], "arp-storm")


def test_a_window_that_cuts_a_second() -> None:
    """The finding does not look beyond it."""
    packets = [*QUIET, *storm(400, 5)]
    (found,) = seen_in(packets, "arp-storm", Scope("", START + SECOND // 2, START + 2 * SECOND))
    assert found.count == 600
    assert found.window == (START + SECOND // 2, START + 2 * SECOND)
