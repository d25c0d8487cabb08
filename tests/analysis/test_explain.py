"""Explain: what was planted is found, what is uniform is not, and every number is that of its filter."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import Scope, explain, explanation_table, rows_of, watching
from netsleuth_tui.analysis.explanation import Explanation
from netsleuth_tui.analysis.keyness import Sides
from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store

HOSTS = tuple(0x0A000000 + 300 * k for k in range(40))
WINDOW = (START + 40 * SECOND, START + 50 * SECOND)
SPAN = 100
SAMPLE = Path(__file__).resolve().parents[2] / "sample_captures" / "router-loop.pcapng.gz"


def chance(seed: int) -> random.Random:
    """The same every time for the same seed."""
    return random.Random(seed)  # noqa: S311 - no secret


def background(dice: random.Random, packets: int = 3000) -> list[dict[str, int]]:
    """Traffic that is the same at all times."""
    return [
        tcp(
            START + int(dice.random() * SPAN * SECOND),
            dice.choice([0x10, 0x10, 0x18, 0x02, 0x12]),
            src=dice.randrange(40),
            dst=dice.randrange(40),
            src_port=dice.randrange(50_000, 50_200),
            dst_port=dice.choice([80, 443]),
            ttl=dice.choice([64, 127, 128]),
            len=dice.choice([60, 60, 1500]),
        )
        for _ in range(packets)
    ]


def store_with(dice: random.Random, *planted: dict[str, int]) -> Store:
    """A store of background traffic and something else, in order of time; first and last packet are 100 s apart."""
    ends = [tcp(START, src=1, dst=2, ttl=64), tcp(START + SPAN * SECOND, src=1, dst=2, ttl=64)]
    return store_of(sorted([*background(dice), *planted, *ends], key=lambda packet: packet["time"]), hosts=HOSTS)


def check(store: Store, scope: Scope, found: Explanation) -> None:
    """The packets of every line, inside and outside, are those that its filter selects."""
    for finding in found.findings:
        for line in (finding.heading, *finding.lines):
            text = f"({scope.filter}) && ({line.filter})" if scope.filter else line.filter
            inside = len(rows_of(store, Scope(text, scope.start, scope.end)))
            before = Scope(text, 2 * scope.start - scope.end, scope.start)
            others = len(rows_of(store, Scope(text))) - inside if found.against == "rest" else len(rows_of(store, before))
            assert (line.packets, line.others) == (inside, others), line
            assert sum(line.timeline) == len(rows_of(store, Scope(text)))
            assert line.rate == pytest.approx(inside / ((found.end - found.start) / SECOND))


def spread(dice: random.Random, count: int) -> list[int]:
    """Times within the window."""
    return [WINDOW[0] + int(dice.random() * (WINDOW[1] - WINDOW[0])) for _ in range(count)]


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from(["rest", "before"]))
def test_uniform_traffic_has_nothing_that_stands_out(seed: int, against: str) -> None:
    """Where window and rest are made up alike, nothing is found, and it is said so."""
    found = explain(store_with(chance(seed)), Scope("", *WINDOW), against=against)
    assert found.findings == ()
    assert "made up alike" in found.remark


def test_more_of_everything_is_no_finding() -> None:
    """A window in which all traffic is three times as dense says just that."""
    dice = chance(5)
    more = [packet | {"time": time} for packet, time in zip(background(dice, 600), spread(dice, 600), strict=True)]
    found = explain(store_with(dice, *more), Scope("", *WINDOW))
    assert found.findings == ()
    assert "times the packets a second of the rest" in found.remark


def planted_of(kind: str, dice: random.Random) -> tuple[list[dict[str, int]], str]:
    """Something in the window, and the filter that must come first."""
    times = spread(dice, 400)
    if kind == "loop":
        return [icmp(t, src=3, dst=4 + k % 2, ttl=1 + k % 40, len=74) for k, t in enumerate(times)], "icmp"
    if kind == "resets":
        return [tcp(t, 0x14, src=dice.randrange(40), dst=7, src_port=81, dst_port=50_000 + k % 200, ttl=64, len=60)
                for k, t in enumerate(times)], "tcp.flags.reset == 1"  # fmt: skip
    if kind == "port":
        return [udp(t, src=dice.randrange(40), dst=dice.randrange(40), src_port=40_000 + k, dst_port=389, ttl=64, len=60)
                for k, t in enumerate(times)], "udp.port == 389"  # fmt: skip
    if kind == "vlan":
        return [packet | {"time": t, "vlan_id": 99, "present": packet["present"] | Has.VLAN_ID}
                for packet, t in zip(background(dice, 400), times, strict=True)], "vlan.id == 99"  # fmt: skip
    return [tcp(t, src=k % 20, dst=20 + k % 7, src_port=50_000 + k % 200, dst_port=443, ttl=64, len=60, protocol=6, esp_spi=0xC0FFEE,
                present=Has.ETH | Has.IP | Has.ADDRESSES | Has.TTL | Has.ESP | Has.ESP_SPI)
            for k, t in enumerate(times)], "esp.spi == 0x00c0ffee"  # fmt: skip


@settings(max_examples=3)
@given(st.integers(0, 2**32))
@pytest.mark.parametrize("against", ["rest", "before"])
@pytest.mark.parametrize("kind", ["loop", "resets", "port", "vlan", "spi"])
def test_what_was_planted_comes_first(kind: str, against: str, seed: int) -> None:
    """An anomaly leads the first finding, by itself, with exact numbers."""
    dice = chance(seed)
    packets, text = planted_of(kind, dice)
    store = store_with(dice, *packets)
    found = explain(store, Scope("", *WINDOW), against=against)
    assert text in [line.filter for line in found.findings[0].lines]
    assert len(found.findings) == 1
    check(store, Scope("", *WINDOW), found)


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.sampled_from(["loop", "resets", "port", "vlan", "spi"]))
def test_every_form_of_the_pass_counts_alike(seed: int, kind: str) -> None:
    """The plain loop finds what the NumPy function finds, to the packet; rows without a time are in neither."""
    dice = chance(seed)
    packets = [*planted_of(kind, dice)[0], *background(dice, 200), icmp(NO_TIME, src=1, dst=1)]
    store = store_of(packets, hosts=HOSTS)
    expected = explain(store, Scope("", *WINDOW))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watching, "_watch", watching._watch.function)
        assert explain(store, Scope("", *WINDOW)) == expected


def test_two_things_at_once_are_two_findings() -> None:
    """What shares no packets is told apart."""
    dice = chance(7)
    store = store_with(dice, *planted_of("loop", dice)[0], *planted_of("resets", dice)[0])
    found = explain(store, Scope("", *WINDOW))
    filters = [{line.filter for line in finding.lines} for finding in found.findings]
    assert len(filters) == 2
    assert sorted(("icmp" in some, "tcp.flags.reset == 1" in some) for some in filters) == [(False, True), (True, False)]


@pytest.mark.parametrize(
    ("scope", "against", "remark"),
    [
        (Scope(), "rest", "no time window"),
        (Scope("", START - 9 * SECOND, START - SECOND), "rest", "outside the time"),
        (Scope("", START - 9 * SECOND, None), "rest", "all the time there is"),
        (Scope("", START, START + SECOND), "before", "no time before"),
        (Scope("udp", *WINDOW), "rest", "no packet in the window"),
        (Scope("icmp", *WINDOW), "rest", "no packet in the rest"),
    ],
)
def test_says_why_there_is_nothing_to_explain(scope: Scope, against: str, remark: str) -> None:
    """Without a window, without a rest, or without packets."""
    dice = chance(1)
    found = explain(store_with(dice, *planted_of("loop", dice)[0]), scope, against=against)
    assert found.findings == ()
    assert remark in found.remark


def test_no_addresses_at_all() -> None:
    """Frames that hold no IP have a protocol and a length."""
    packets = [tcp(START + k * SECOND // 10, present=Has.ETH, protocol=0, len=60) for k in range(1000)]
    packets += [tcp(START + 40 * SECOND + k, present=Has.ETH, protocol=Protocol.LLC, len=60) for k in range(300)]
    store = store_of(sorted(packets, key=lambda packet: packet["time"]), hosts=())
    found = explain(store, Scope("", *WINDOW))
    assert [finding.heading.label for finding in found.findings] == ["LLC"]
    check(store, Scope("", *WINDOW), found)


def test_nothing_loaded() -> None:
    """An empty store has no time."""
    assert "time" in explain(store_of([]), Scope("", 0, 1)).remark


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1, 10**6))
def test_swapping_the_sides_turns_the_lift_over(a: int, b: int, rest: int, other_rest: int) -> None:
    """G is symmetric, and at most one side stands out."""
    here = Sides(a + rest, 3.0, b + other_rest, 3.0).standing(a, b)
    there = Sides(b + other_rest, 3.0, a + rest, 3.0).standing(b, a)
    assert not (here.stands_out and there.stands_out)
    if a and b:
        assert here.surprise == pytest.approx(there.surprise, abs=1e-6)
        assert here.lift * there.lift == pytest.approx(1.0)


def test_router_loop() -> None:
    """The story: ICMP from these two pairs, TTL from 64 down to 1, 7 000 a second against 0.1."""
    session = Session()
    session.load([str(SAMPLE)])
    scope = Scope("", START + 300 * SECOND, START + 301 * SECOND)
    found = explain(session.store, scope)
    check(session.store, scope, found)
    (finding,) = found.findings
    assert finding.heading.label == "ICMP · 10.1.4.7 with 10.9.0.12, 10.9.3.40 · TTL 1-64"
    assert finding.heading.packets == 6930
    lines = {line.kind: line for line in finding.lines}
    assert lines["Protocol"].filter == "icmp"
    assert (lines["Protocol"].rate, round(lines["Protocol"].usual_rate, 3)) == (7040.0, 0.1)
    assert lines["TTL"].filter == "ip.ttl in {1..64}"
    assert lines["ICMP type"].label == "8 Echo request"
    table = list(zip(*next(iter(explanation_table(found).blocks)), strict=True))
    assert [row[0] for row in table] == [1] * len(table)
    assert table[0][3] == 6930
