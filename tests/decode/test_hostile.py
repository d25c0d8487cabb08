"""Whatever the bytes: no exception, no byte read that was not captured, and the same rows plain and compiled."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from decode.test_link import TO_IPV4
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from machine_code import compiled
from wire import ESP, FIELDS, Row, arp, decode, ethernet, gre, ipv4, ipv6, tcp, udp

from netsleuth_tui.decode import link_types, packets
from netsleuth_tui.decode.columns import Has
from netsleuth_tui.linktypes import NETMON_WLAN

LINK_TYPES = (0, 1, 6, 8, 9, 10, 12, 14, 50, 51, 100, 101, 104, 105, 107, 108, 113, 119, 127, 163, 192, 228, 229, 239, 276, NETMON_WLAN)

SAMPLES = {
    "tcp": (1, ethernet(0x0800, ipv4(6, tcp(b"abc", words=9), options=bytes(8)))),
    "esp in udp": (1, ethernet(0x8100, b"\x00\x07\x08\x00" + ipv4(17, udp(ESP, source=4500)))),
    "arp": (1, ethernet(0x0806, arp())),
    "icmp": (1, ethernet(0x0800, ipv4(1, b"\x08\x00" + bytes(30)))),
    "sctp": (1, ethernet(0x0800, ipv4(132, bytes(30)))),
    "extensions": (
        1,
        ethernet(0x86DD, ipv6(0, b"\x2b\x00" + bytes(6) + b"\x2c\x00" + bytes(6) + b"\x06\x00\x00\x01" + bytes(4) + tcp(b"x"))),
    ),
    "authenticated": (1, ethernet(0x86DD, ipv6(51, b"\x32\x04" + bytes(22) + ESP))),
    "tunnels": (1, ethernet(0x0800, ipv4(41, ipv6(47, gre(0x6558, ethernet(0x0800, ipv4(17, udp(b"x"))), flags=0x2000, extra=bytes(4)))))),
} | {name: (link_type, frame) for name, (link_type, frame, _) in TO_IPV4.items()}

FIELD_BITS = Has(0)
for _bit in FIELDS.values():
    FIELD_BITS |= _bit


@pytest.fixture(params=["plain", "compiled"])
def form(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test on the plain kernel and on the compiled one."""
    if request.param == "plain":
        yield "plain"
    else:
        pytest.importorskip("numba")
        with compiled(packets._decode, link_types.enter_frames):
            yield "compiled"


@pytest.mark.parametrize("name", SAMPLES)
def test_cut_at_every_byte(name: str, form: str) -> None:
    """The more of a frame was captured the more is present, and the bytes behind it do not matter."""
    link_type, frame = SAMPLES[name]
    cuts = [frame[:size] for size in range(len(frame) + 1)]
    rows = decode(cuts, link_type, wire=[len(frame)] * len(cuts))
    for garbage in (b"\xff", b"\x45\x00\x06", frame):
        assert decode(cuts, link_type, wire=[len(frame)] * len(cuts), after=garbage) == rows, form
    for shorter, longer in pairwise(rows):
        assert shorter.bits & FIELD_BITS & ~longer.bits == 0
        assert {key: value for key, value in longer.items() if key in FIELDS and key in shorter}.items() <= shorter.items()
    whole = rows[-1]
    assert not whole.bits & (Has.TRUNCATED | Has.MALFORMED | Has.TOO_DEEP)
    assert all(row.bits & Has.TRUNCATED for row in rows[1:-1] if FIELD_BITS & whole.bits & ~row.bits)


FRAMES = st.lists(
    st.tuples(
        st.binary(max_size=120)
        | st.tuples(st.sampled_from([frame for _, frame in SAMPLES.values()]), st.binary(max_size=4), st.integers(0, 150)).map(
            lambda parts: parts[0][: parts[2]] + parts[1] + parts[0][parts[2] + len(parts[1]) :]
        ),
        st.sampled_from(LINK_TYPES) | st.integers(0, 0xFFFF),
        st.integers(0, 2**32 - 1) | st.integers(0, 200),
    ),
    max_size=12,
)


def both(frames: list[tuple[bytes, int, int]], after: bytes = b"\x00") -> list[Row]:
    """Decode frames plain and compiled, which must be equal."""
    arguments = [frame for frame, _, _ in frames], [link for _, link, _ in frames]
    wire = [length for _, _, length in frames]
    plain = decode(*arguments, wire=wire, after=after)
    with compiled(packets._decode, link_types.enter_frames):
        assert decode(*arguments, wire=wire, after=after) == plain
    return plain


@given(FRAMES)
@example([(frame, link_type, len(frame)) for link_type, frame in SAMPLES.values()])
@example([(bytes(60), link_type, 60) for link_type in LINK_TYPES])
@example([(b"\xff" * 60, link_type, 60) for link_type in LINK_TYPES])
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes(frames: list[tuple[bytes, int, int]]) -> None:
    """Random and damaged frames of every link type give the same rows plain and compiled, whatever lies behind them."""
    pytest.importorskip("numba")
    rows = both(frames)
    assert both(frames, b"\xff\x45") == rows
    for row in rows:
        assert row.bits & (Has.IP | Has.IPV6) != Has.IP | Has.IPV6
        assert bool(row.bits & (Has.TCP_SEQ | Has.TCP_FLAGS)) <= bool(row.bits & Has.TCP)
        assert bool(row.bits & Has.ESP_SEQUENCE) <= bool(row.bits & Has.ESP_SPI) <= bool(row.bits & Has.ESP)
        assert row.get("tcp_len", 0) < 2**32


def test_every_row_of_a_large_batch_is_its_own(form: str) -> None:
    """Blocks and parts do not mix: frames that span several of both are decoded as single frames are."""
    samples = list(SAMPLES.values())
    count = 2 * packets.PART + packets.PART // 3 + 7
    several = [samples[i % len(samples)] for i in range(count)]
    rows = decode([frame for _, frame in several], [link_type for link_type, _ in several])
    alone = [decode([frame], link_type)[0] for link_type, frame in samples]
    assert all(row == alone[i % len(samples)] for i, row in enumerate(rows)), form


def test_no_frames() -> None:
    """An empty batch is nothing."""
    assert decode([]) == []
